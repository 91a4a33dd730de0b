//! The matrix as CSV (RFC 4180): a heading, then a line for each requirement.

use super::rows::{Matrix, Requirement};

const HEADINGS: [&str; 14] = [
    "requirement",
    "document",
    "section",
    "in force section",
    "strength",
    "level",
    "stage",
    "packs",
    "checkability",
    "rule",
    "parts",
    "cases",
    "title",
    "why",
];

/// The matrix as text.
pub(super) fn render(matrix: &Matrix) -> String {
    let mut text = line(&HEADINGS.map(str::to_owned));
    for requirement in &matrix.requirements {
        text.push_str(&line(&cells(requirement)));
    }
    text
}

fn cells(row: &Requirement) -> [String; 14] {
    [
        row.id.clone(),
        row.document.clone(),
        row.section.clone(),
        row.in_force_section.clone().unwrap_or_default(),
        row.strength.unwrap_or_default().to_owned(),
        row.level.unwrap_or_default().to_owned(),
        row.stage.unwrap_or_default().to_owned(),
        row.packs.join(" "),
        row.checkability.as_str().to_owned(),
        row.rule.clone().unwrap_or_default(),
        row.parts.join(" "),
        row.cases.to_string(),
        row.title.clone().unwrap_or_default(),
        row.why.clone().unwrap_or_default(),
    ]
}

fn line(cells: &[String]) -> String {
    let quoted: Vec<String> = cells.iter().map(|cell| quoted(cell)).collect();
    quoted.join(",") + "\r\n"
}

/// A cell in quotes where it needs them. A leading sign would make a formula of it in a spreadsheet.
fn quoted(cell: &str) -> String {
    let guarded = if cell.starts_with(['=', '+', '-', '@']) { format!("'{cell}") } else { cell.to_owned() };
    if guarded.contains(['"', ',', '\r', '\n']) { format!("\"{}\"", guarded.replace('"', "\"\"")) } else { guarded }
}
