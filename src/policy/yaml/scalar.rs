//! Where each byte of a decoded scalar stands in the file.
//!
//! The YAML parser says what a scalar's text is and where the scalar stands, but not where the third
//! word of a folded block stands. This decodes the scalar a second time, by the rules of its style,
//! keeping track. If the two decodings ever differed, the parser's would hold and every span would
//! be that of the whole scalar.

use serde_saphyr::granit_parser::ScalarStyle;

use crate::source::{Fragment, Span};

/// The scalar at `span`, whose text the parser decoded as `decoded`.
pub(super) fn fragment(file: &str, decoded: &str, style: ScalarStyle, span: Span) -> Fragment {
    let (start, end) = (span.start as usize, span.end as usize);
    let raw = file.get(start..end).unwrap_or_default();
    let (tracked, whole) = match style {
        ScalarStyle::Plain => (flow(raw, start, None), span),
        ScalarStyle::SingleQuoted => (flow(inside(raw), start + 1, Some('\'')), span),
        ScalarStyle::DoubleQuoted => (flow(inside(raw), start + 1, Some('"')), span),
        ScalarStyle::Literal | ScalarStyle::Folded => block(file, decoded, start, end),
    };
    let runs = if tracked.text == decoded { tracked.runs } else { vec![(0, whole.start)] };
    Fragment { text: decoded.to_owned(), whole, runs }
}

fn inside(quoted: &str) -> &str {
    quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default()
}

/// Decoded text and its runs, while it is built.
#[derive(Default)]
struct Tracked {
    text: String,
    runs: Vec<(u32, u32)>,
}

impl Tracked {
    /// Appends text that stands at a place of the file.
    fn push(&mut self, text: &str, at: usize) {
        if text.is_empty() {
            return;
        }
        let offset = self.text.len() as u32;
        let continues = self.runs.last().is_some_and(|&(from, file)| offset - from + file == at as u32);
        if !continues {
            self.runs.push((offset, at as u32));
        }
        self.text.push_str(text);
    }

    /// Appends a character that is written differently; what follows stands elsewhere.
    fn push_decoded(&mut self, character: char, at: usize) {
        self.runs.push((self.text.len() as u32, at as u32));
        self.text.push(character);
    }
}

/// Plain and quoted scalars: lines are folded, the quoted ones have escapes.
fn flow(raw: &str, start: usize, quote: Option<char>) -> Tracked {
    let mut out = Tracked::default();
    // Line breaks that are waiting for the next content: how many, and where the first one is.
    let mut breaks: Option<(usize, usize)> = None;
    let mut escaped_break = false;
    let mut at = start;
    let lines: Vec<&str> = raw.split('\n').collect();
    for (number, line) in lines.iter().enumerate() {
        let (first, last) = (number == 0, number + 1 == lines.len());
        let end = at + line.len();
        let line = line.strip_suffix('\r').unwrap_or(line);
        let blanks = |text: &str| text.len() - text.trim_start_matches([' ', '\t']).len();
        // The space around a line break is not content; that around the whole quoted text is.
        let from = if first { 0 } else { blanks(line) };
        let content = &line[from..];
        let ends_escaped = quote == Some('"') && !last && trailing_backslashes(content) % 2 == 1;
        let content = if last || ends_escaped { content } else { content.trim_end_matches([' ', '\t']) };
        let blank_line = content.is_empty() && !first && !last;
        if !first && !blank_line {
            match breaks.take() {
                Some((1, _)) if escaped_break => {}
                Some((1, place)) => out.push_decoded(' ', place),
                Some((count, place)) => {
                    for more in 1..count {
                        out.push_decoded('\n', place + more - 1);
                    }
                }
                None => {}
            }
            escaped_break = false;
        }
        let content = if ends_escaped { &content[..content.len() - 1] } else { content };
        match quote {
            Some('"') => double_quoted(&mut out, content, at + from),
            Some(_) => single_quoted(&mut out, content, at + from),
            None => out.push(content, at + from),
        }
        if !last {
            let (count, place) = breaks.unwrap_or((0, end));
            breaks = Some((count + 1, place));
            escaped_break |= ends_escaped;
        }
        at = end + 1;
    }
    out
}

fn trailing_backslashes(text: &str) -> usize {
    text.len() - text.trim_end_matches('\\').len()
}

fn single_quoted(out: &mut Tracked, content: &str, at: usize) {
    let mut from = 0;
    while let Some(quote) = content[from..].find("''").map(|found| from + found) {
        out.push(&content[from..quote], at + from);
        out.push_decoded('\'', at + quote);
        from = quote + 2;
    }
    out.push(&content[from..], at + from);
}

fn double_quoted(out: &mut Tracked, content: &str, at: usize) {
    let mut from = 0;
    while let Some(escape) = content[from..].find('\\').map(|found| from + found) {
        out.push(&content[from..escape], at + from);
        let (character, length) = unescape(&content[escape + 1..]);
        if let Some(character) = character {
            out.push_decoded(character, at + escape);
        }
        from = (escape + 1 + length).min(content.len());
    }
    out.push(&content[from..], at + from);
}

/// The character after a backslash, and how many bytes it is written with.
fn unescape(rest: &str) -> (Option<char>, usize) {
    let Some(letter) = rest.chars().next() else { return (None, 0) };
    let hexadecimal = |from: usize, digits: usize| {
        rest.get(from..from + digits).and_then(|digits| u32::from_str_radix(digits, 16).ok())
    };
    let simple = match letter {
        '0' => '\0',
        'a' => '\u{7}',
        'b' => '\u{8}',
        't' | '\t' => '\t',
        'n' => '\n',
        'v' => '\u{b}',
        'f' => '\u{c}',
        'r' => '\r',
        'e' => '\u{1b}',
        'N' => '\u{85}',
        '_' => '\u{a0}',
        'L' => '\u{2028}',
        'P' => '\u{2029}',
        'x' => return (hexadecimal(1, 2).and_then(char::from_u32), 3),
        'U' => return (hexadecimal(1, 8).and_then(char::from_u32), 9),
        'u' => {
            let unit = hexadecimal(1, 4).unwrap_or_default();
            let low = if rest.get(5..7) == Some("\\u") { hexadecimal(7, 4) } else { None };
            return match (unit, low) {
                (0xD800..=0xDBFF, Some(low @ 0xDC00..=0xDFFF)) => {
                    (char::from_u32(0x1_0000 + ((unit - 0xD800) << 10) + (low - 0xDC00)), 11)
                }
                (unit, _) => (char::from_u32(unit), 5),
            };
        }
        other => other,
    };
    (Some(simple), letter.len_utf8())
}

/// Block scalars: the decoded lines are found again in the lines of the file. The indentation is
/// what the first line has more in the file than in the text.
fn block(file: &str, decoded: &str, start: usize, end: usize) -> (Tracked, Span) {
    let first_line = file[..start].rfind('\n').map_or(0, |at| at + 1);
    let region = file.get(first_line..end).unwrap_or_default();
    let whole = Span::new(start.max(first_line), (first_line + region.trim_end().len()).max(start));
    let spaces = |text: &str| text.len() - text.trim_start_matches(' ').len();
    let first_content = |text: &str| {
        text.split('\n')
            .map(|line| line.trim_end_matches('\r'))
            .find(|line| !line.trim_matches([' ', '\t']).is_empty())
            .map(spaces)
    };
    let indent = match (first_content(region), first_content(decoded)) {
        (Some(in_file), Some(in_text)) => in_file.saturating_sub(in_text),
        _ => return (Tracked { text: decoded.to_owned(), runs: vec![(0, whole.start)] }, whole),
    };
    let mut out = Tracked::default();
    let mut rest = decoded;
    let mut at = first_line;
    let mut previous_end = first_line;
    for line in region.split('\n') {
        let end = at + line.len();
        let content = line.strip_suffix('\r').unwrap_or(line);
        // An indented line, or one of the blank lines, which are as short as they like.
        let content = content.get(indent.min(content.len())..).unwrap_or_default();
        if !content.is_empty() {
            // Line breaks before this line: kept, or folded to a space.
            while let Some(after) = rest.strip_prefix('\n') {
                out.push_decoded('\n', previous_end);
                rest = after;
            }
            if !rest.starts_with(content)
                && let Some(after) = rest.strip_prefix(' ')
            {
                out.push_decoded(' ', previous_end);
                rest = after;
            }
            if let Some(after) = rest.strip_prefix(content) {
                out.push(content, at);
                rest = after;
                previous_end = end;
            }
        }
        at = end + 1;
    }
    for character in rest.chars() {
        out.push_decoded(character, previous_end);
    }
    (out, whole)
}
