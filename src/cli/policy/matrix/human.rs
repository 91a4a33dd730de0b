//! The matrix for a terminal: one table for each document.
//!
//! In: a matrix and the terminal. Out: text whose first line counts, and whose lines fit a terminal of eighty columns;
//! a long section, the name of another rule and a reason stand below their row.

use super::super::super::terminal::Terminal;
use super::rows::{Matrix, Requirement};

const HEADINGS: [&str; 5] = ["requirement", "section", "strength", "decided", "cases"];
/// The place of the section among them.
const SECTION: usize = 1;
/// Blanks before the first cell, and between two.
const INDENT: usize = 2;
const GAP: usize = 2;

/// The matrix as text.
pub(super) fn render(matrix: &Matrix, terminal: &Terminal) -> String {
    let mut text = matrix.counts.in_words() + "\n";
    for rows in matrix.requirements.chunk_by(|a, b| a.document == b.document) {
        text.push('\n');
        let Some(first) = rows.first() else { continue };
        text.push_str(&terminal.wrap(&format!("{} ({})", first.document_title, first.document), 0, 2));
        text.push_str(&table(rows, terminal));
    }
    text
}

fn table(rows: &[Requirement], terminal: &Terminal) -> String {
    let lines: Vec<([String; 5], Vec<String>)> = rows.iter().map(line).collect();
    let mut widths = HEADINGS.map(str::len);
    for (cells, _) in &lines {
        for (width, cell) in widths.iter_mut().zip(cells) {
            *width = (*width).max(cell.chars().count());
        }
    }
    // A section that would make the table wider than the terminal stands below its row.
    let others = INDENT + widths.iter().sum::<usize>() - widths[SECTION] + GAP * (widths.len() - 1);
    widths[SECTION] = widths[SECTION].min(terminal.width.saturating_sub(others)).max(HEADINGS[SECTION].len());
    let mut text = aligned(&HEADINGS.map(str::to_owned), widths);
    for (mut cells, mut below) in lines {
        if cells[SECTION].chars().count() > widths[SECTION] {
            let section = std::mem::replace(&mut cells[SECTION], "below".to_owned());
            below.insert(0, format!("section {section}"));
        }
        text.push_str(&aligned(&cells, widths));
        for more in &below {
            text.push_str(&terminal.wrap(more, 6, 6));
        }
    }
    text
}

/// The cells of a row, and what stands below it.
fn line(row: &Requirement) -> ([String; 5], Vec<String>) {
    let more = match (&row.why, &row.rule) {
        (Some(why), _) => Some(why.clone()),
        (None, Some(rule)) if *rule != row.id => Some(format!("the same as {rule}")),
        (None, _) if !row.parts.is_empty() => Some(format!("made of {}", row.parts.join(", "))),
        (None, _) => None,
    };
    let cells = [
        row.id.clone(),
        row.section.clone(),
        row.strength.unwrap_or("-").to_owned(),
        row.checkability.as_str().to_owned(),
        if row.rule.is_some() { row.cases.to_string() } else { "-".to_owned() },
    ];
    (cells, more.into_iter().collect())
}

/// Cells below one another; the last one ends at the right.
fn aligned(cells: &[String; 5], widths: [usize; 5]) -> String {
    let mut line = " ".repeat(INDENT);
    for (at, (cell, width)) in cells.iter().zip(widths).enumerate() {
        let space = width - cell.chars().count().min(width);
        if at + 1 == cells.len() {
            line.extend(std::iter::repeat_n(' ', space));
            line.push_str(cell);
        } else {
            line.push_str(cell);
            line.extend(std::iter::repeat_n(' ', space + GAP));
        }
    }
    line + "\n"
}
