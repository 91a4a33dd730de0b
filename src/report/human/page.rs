//! Lines of a given width: escaping, wrapping, colour.
//!
//! In: pieces of text, any of which may come from a hostile file. Out: lines that are no wider than
//! the terminal and hold no character that could steer it. Colours are ANSI sequences of our own;
//! where they are not wanted, the caller strips them.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use unicode_width::UnicodeWidthChar;

use super::super::text::escape;

/// Most characters of one piece of evidence text that are shown; the JSON report has them all.
const TEXT_MAX: usize = 400;

/// No colour.
pub(super) const PLAIN: Style = Style::new();
/// Ids and titles.
pub(super) const BOLD: Style = Style::new().bold();
/// What may be skipped.
pub(super) const DIM: Style = Style::new().dimmed();
/// What blocks.
pub(super) const BLOCK: Style = AnsiColor::Red.on_default().bold();
/// What needs a waiver.
pub(super) const WARN: Style = AnsiColor::Yellow.on_default().bold();
/// What could not be judged.
pub(super) const UNKNOWN: Style = AnsiColor::Magenta.on_default().bold();
/// What is as it should be.
pub(super) const GOOD: Style = AnsiColor::Green.on_default().bold();
/// What to do.
pub(super) const HELP: Style = AnsiColor::Cyan.on_default();

/// A growing text of bounded width.
#[derive(Debug)]
pub(super) struct Page {
    text: String,
    width: usize,
    unicode: bool,
}

impl Page {
    /// An empty page of so many columns.
    pub(super) fn new(width: usize, unicode: bool) -> Self {
        Self { text: String::new(), width, unicode }
    }

    /// Columns.
    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// What was written.
    pub(super) fn finish(self) -> String {
        self.text
    }

    /// An empty line.
    pub(super) fn blank(&mut self) {
        self.text.push('\n');
    }

    /// `…`, or three dots where the terminal has no such character.
    pub(super) fn ellipsis(&self) -> &'static str {
        if self.unicode { "…" } else { "..." }
    }

    /// Text as it may be shown: nothing in it can steer a terminal or reorder what is read.
    pub(super) fn safe(&self, text: &str) -> String {
        escape(text, self.unicode)
    }

    /// Text as it may be shown, cut where it is too long to read.
    pub(super) fn safe_short(&self, text: &str) -> String {
        match text.char_indices().nth(TEXT_MAX) {
            Some((end, _)) => {
                let rest = text[end..].chars().count();
                format!("{}{} ({rest} more characters)", self.safe(&text[..end]), self.ellipsis())
            }
            None => self.safe(text),
        }
    }

    /// Pieces of one paragraph, wrapped at spaces. The first line begins at column `first`, the
    /// others at `rest`. The pieces must be safe already.
    pub(super) fn paragraph(&mut self, first: usize, rest: usize, pieces: &[(Style, &str)]) {
        let cells: Vec<(char, Style)> =
            pieces.iter().flat_map(|(style, text)| text.chars().map(|c| (c, *style))).collect();
        let mut start = 0;
        let mut indent = first;
        loop {
            let (end, next) = break_line(&cells, start, self.width.saturating_sub(indent).max(8));
            self.line_of(indent, &cells[start..end]);
            if next >= cells.len() {
                return;
            }
            start = next;
            indent = rest;
        }
    }

    fn line_of(&mut self, indent: usize, cells: &[(char, Style)]) {
        self.text.extend(std::iter::repeat_n(' ', indent));
        for run in cells.chunk_by(|a, b| a.1 == b.1) {
            let style = run[0].1;
            let text: String = run.iter().map(|(c, _)| c).collect();
            // Writing to a `String` cannot fail.
            let _ = write!(self.text, "{style}{text}{style:#}");
        }
        self.text.push('\n');
    }
}

/// Where a line that begins at `start` ends, and where the next one begins.
fn break_line(cells: &[(char, Style)], start: usize, width: usize) -> (usize, usize) {
    let mut used = 0;
    let mut space = None;
    for (at, (c, _)) in cells.iter().enumerate().skip(start) {
        if *c == ' ' {
            space = Some(at);
        }
        used += c.width().unwrap_or(0);
        if used > width {
            return match space {
                Some(space) if space > start => (space, space + 1),
                // A word wider than the line: cut it; one character at least, so that it ends.
                _ => (at.max(start + 1), at.max(start + 1)),
            };
        }
    }
    (cells.len(), cells.len())
}

/// Columns that a safe text takes.
pub(super) fn columns(text: &str) -> usize {
    text.chars().map(|c| c.width().unwrap_or(0)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_fit_and_nothing_is_lost() {
        for width in [10, 40, 80] {
            let mut page = Page::new(width, true);
            let text = "one two three four 株式会社株式会社株式会社 supercalifragilisticexpialidocious end";
            page.paragraph(2, 4, &[(PLAIN, text)]);
            let printed = page.finish();
            for line in printed.lines() {
                assert!(columns(line) <= width.max(12), "{line}");
            }
            let squeezed = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
            assert_eq!(squeezed(&printed), squeezed(text));
        }
    }

    #[test]
    fn an_empty_paragraph_is_one_line() {
        let mut page = Page::new(40, true);
        page.paragraph(0, 0, &[]);
        assert_eq!(page.finish(), "\n");
    }

    #[test]
    fn long_text_is_cut_and_says_so() {
        let page = Page::new(80, true);
        assert!(page.safe_short(&"x".repeat(1000)).ends_with("… (600 more characters)"));
    }
}
