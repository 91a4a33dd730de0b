//! Places in evidence files, as reports show them.
//!
//! In: the bytes of a file and a span in it. Out: JSON pointer, line, column, and the line itself made
//! printable: evidence is hostile text, and a terminal must show what is there.

use std::fmt::Write;

use crate::source::{Span, line_column};

use super::json::pointer::pointer_at;

/// Most characters of an excerpt.
pub const EXCERPT_MAX: usize = 240;

/// Characters of context kept before the place in a long line.
const CONTEXT_BEFORE: usize = 80;

/// Most characters of evidence text quoted in a message.
const QUOTE_MAX: usize = 120;

/// Most characters of a path in a message: more than a path that is read can have.
const PATH_MAX: usize = 1024;

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located {
    /// JSON pointer of the innermost value there; empty for the whole document.
    pub pointer: String,
    /// Line of the first character, from 1.
    pub line: u32,
    /// Column of the first character, from 1, in characters.
    pub column: u32,
    /// The line, at most [`EXCERPT_MAX`] characters around the place, printable.
    pub excerpt: String,
    /// First marked character of the excerpt (from 0), and how many are marked.
    pub mark: (u32, u32),
}

/// Where a span of a file is. A span beyond the end is the end.
pub fn place(bytes: &[u8], span: Span) -> Located {
    let start = (span.start as usize).min(bytes.len());
    let end = (span.end as usize).clamp(start, bytes.len());
    let (line, column) = line_column(bytes, start);
    let (excerpt, mark) = excerpt(bytes, start, end);
    let pointer = pointer_at(bytes, Span::new(start, end));
    Located {
        pointer,
        line: line.min(u32::MAX as usize) as u32,
        column: column.min(u32::MAX as usize) as u32,
        excerpt,
        mark,
    }
}

/// User text for a message: control characters and the characters that turn or hide text are
/// escaped, and a long text is cut.
pub fn printable(text: &str) -> String {
    escaped(text, QUOTE_MAX)
}

/// A path, escaped like any user text, and whole unless it is longer than any path that is read.
pub fn printable_path(path: &str) -> String {
    escaped(path, PATH_MAX)
}

fn escaped(text: &str, most: usize) -> String {
    let mut out = String::new();
    for (index, character) in text.chars().enumerate() {
        if index == most {
            out.push('…');
            break;
        }
        push_printable(&mut out, character);
    }
    out
}

fn push_printable(out: &mut String, character: char) {
    match character {
        // Bidirectional controls, separators, and characters without width: what is shown would
        // not be what is there.
        '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' => {
            // Writing to a String cannot fail.
            let _ = write!(out, "\\u{{{:x}}}", u32::from(character));
        }
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        control if control.is_control() => {
            let _ = write!(out, "\\u{{{:x}}}", u32::from(control));
        }
        other => out.push(other),
    }
}

/// The line around `start..end`, printable, and the marked characters of it.
fn excerpt(bytes: &[u8], start: usize, end: usize) -> (String, (u32, u32)) {
    let line_start = bytes[..start].iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
    let line_end = bytes[start..].iter().position(|&byte| byte == b'\n').map_or(bytes.len(), |at| start + at);
    let end = end.min(line_end).max(start);
    let before = last_characters(&bytes[line_start..start], CONTEXT_BEFORE);
    let mut out = String::new();
    let mut length = push_lossy(&mut out, before, CONTEXT_BEFORE);
    let first = length;
    length += push_lossy(&mut out, &bytes[start..end], EXCERPT_MAX - length);
    let marked = (length - first).max(1);
    let rest = bytes[end..line_end].strip_suffix(b"\r").unwrap_or(&bytes[end..line_end]);
    push_lossy(&mut out, rest, EXCERPT_MAX - length);
    (out, (first as u32, marked as u32))
}

/// The tail of these bytes that holds at most so many characters.
fn last_characters(bytes: &[u8], count: usize) -> &[u8] {
    let starts = bytes.iter().enumerate().rev().filter(|(_, byte)| **byte & 0xC0 != 0x80).map(|(at, _)| at);
    match starts.take(count).last() {
        Some(at) => &bytes[at..],
        None => bytes,
    }
}

/// Adds printable characters, as many as fit in the budget; returns how many were added.
fn push_lossy(out: &mut String, bytes: &[u8], budget: usize) -> usize {
    let mut length = 0;
    let mut piece = String::new();
    for chunk in bytes.utf8_chunks() {
        let broken = chunk.invalid().iter().map(|byte| format!("\\x{byte:02x}"));
        let valid = chunk.valid().chars().map(|character| {
            piece.clear();
            push_printable(&mut piece, character);
            piece.clone()
        });
        for shown in valid.chain(broken) {
            let size = shown.chars().count();
            if length + size > budget {
                return length;
            }
            out.push_str(&shown);
            length += size;
        }
    }
    length
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_names_line_column_and_pointer() {
        let text = "{\n  \"ä\": \"LAPSED\"\n}\n".as_bytes();
        let start = text.windows(8).position(|part| part == b"\"LAPSED\"").unwrap();
        let located = place(text, Span::new(start, start + 8));
        assert_eq!((located.line, located.column, located.pointer.as_str()), (2, 8, "/ä"));
        assert_eq!((located.excerpt.as_str(), located.mark), ("  \"ä\": \"LAPSED\"", (7, 8)));
    }

    #[test]
    fn a_long_line_is_cut_around_the_place() {
        let text = format!("[\"{}\",\"here\",\"{}\"]", "ä".repeat(1000), "b".repeat(1000));
        let start = text.find("\"here\"").unwrap();
        let located = place(text.as_bytes(), Span::new(start, start + 6));
        assert_eq!(located.excerpt.chars().count(), EXCERPT_MAX);
        assert_eq!(located.mark, (80, 6));
        assert_eq!(located.excerpt.chars().skip(80).take(6).collect::<String>(), "\"here\"");
        assert_eq!(located.column, 1005);
    }

    #[test]
    fn what_would_deceive_a_reader_is_escaped() {
        assert_eq!(printable("a\u{202e}b\u{1b}[31m\n"), "a\\u{202e}b\\u{1b}[31m\\n");
        assert_eq!(printable(&"x".repeat(500)).chars().count(), QUOTE_MAX + 1);
        let located = place(b"\"\xff\x07\"", Span::new(1, 2));
        assert_eq!((located.excerpt.as_str(), located.mark), ("\"\\xff\\u{7}\"", (1, 4)));
        // Beyond the end, and over the end of the line.
        assert_eq!(place(b"ab\ncd", Span::new(90, 99)).line, 2);
        assert_eq!(place(b"ab\ncd", Span::new(1, 5)).mark, (1, 1));
        assert_eq!(place(b"", Span::new(0, 0)).mark, (0, 1));
    }
}
