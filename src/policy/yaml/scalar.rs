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
        let content = if last || ends_escaped { content } else { trimmed(content, quote) };
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

/// A line without the space at its end; a space after a backslash is content.
fn trimmed(content: &str, quote: Option<char>) -> &str {
    let short = content.trim_end_matches([' ', '\t']);
    let escaped = quote == Some('"') && trailing_backslashes(short) % 2 == 1 && short.len() < content.len();
    if escaped { &content[..=short.len()] } else { short }
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
        let cut = indent.min(content.len());
        let content = content.get(cut..).unwrap_or_default();
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
                out.push(content, at + cut);
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::policy::yaml::{self, Value, ValueKind};
    use crate::source::{Fragment, Source, Span};

    /// The scalars of a file, in order.
    fn scalars(text: &str) -> Vec<Fragment> {
        fn gather(value: &Value, into: &mut Vec<Fragment>) {
            match &value.kind {
                ValueKind::Scalar(scalar) => into.push(scalar.text.clone()),
                ValueKind::List(elements) => elements.iter().for_each(|element| gather(element, into)),
                ValueKind::Map(entries) => entries.iter().for_each(|(key, value)| {
                    into.push(key.clone());
                    gather(value, into);
                }),
            }
        }
        let tree = yaml::read(&Source::new("t.yaml", text)).unwrap();
        let mut out = Vec::new();
        gather(&tree.root, &mut out);
        out
    }

    /// Every letter of the decoded text stands in the file where the fragment says.
    #[track_caller]
    fn tracked(file: &str, decoded: &str) {
        let fragment = scalars(file).pop().unwrap();
        assert_eq!(fragment.text, decoded, "{file}");
        for (at, letter) in decoded.char_indices().filter(|(_, character)| character.is_alphabetic()) {
            let place = fragment.locate(Span::new(at, at + letter.len_utf8()));
            let written = file.get(place.start as usize..place.end as usize);
            assert_eq!(written, Some(letter.to_string().as_str()), "{file}: {fragment:?}");
        }
        // A word that stands on one line is found as one piece.
        let first = decoded.split([' ', '\n']).find(|word| !word.is_empty()).unwrap();
        if file.contains(first) {
            let at = decoded.find(first).unwrap();
            let place = fragment.locate(Span::new(at, at + first.len()));
            assert_eq!(file.get(place.start as usize..place.end as usize), Some(first), "{file}: {fragment:?}");
        }
    }

    #[test]
    fn letters_are_found_again_in_every_style() {
        for (file, decoded) in [
            ("a: Zürich is größer", "Zürich is größer"),
            ("a: Zürich is\n  größer\n\n  than  x  # ü", "Zürich is größer\nthan  x"),
            ("a: x\r\n  y\r\nb: z\r\n", "z"),
            ("b: x\r\n  ÿ\r\n", "x ÿ"),
            ("é: 'ä b'", "ä b"),
            ("a: 'ä\n  b\n\n\n  c'", "ä b\n\nc"),
            ("a: '  ä  '", "  ä  "),
            ("a: 'ä\n\n  '", "ä\n"),
            ("a: \"ä b\"", "ä b"),
            ("a: \"ä\n   b\t\n  c\"", "ä b c"),
            ("a: \"ä\\\n   b \\\n  \\ c\"", "äb  c"),
            ("a: \"x\\n ä\\ty z\"", "x\n ä\ty z"),
            ("a: |\n  ä b\n  c ß\n", "ä b\nc ß\n"),
            ("a: |-\n  ä b\n\n   indented\n  c\n\n", "ä b\n\n indented\nc"),
            ("a: |+\n  ä b\n  c\n\n", "ä b\nc\n\n"),
            ("a: |2-\n    ä\n  b\n", "  ä\nb"),
            ("a: |-2\n    ä\n  b\n", "  ä\nb"),
            ("a: |  # ü comment\n  ä\n", "ä\n"),
            ("a: |\n\n  ä\n", "\nä\n"),
            ("a: >\n  ä b\n  c ß\n", "ä b c ß\n"),
            ("a: >-\n  ä b\n  c ß\n\n  d\n\n\n  e\n", "ä b c ß\nd\n\ne"),
            ("a: >+\n  ä b\n  c\n\n\n", "ä b c\n\n\n"),
            ("a: >-\n  ä b\n    kept ü\n    lines\n  c d\n", "ä b\n  kept ü\n  lines\nc d"),
            ("a: >2-\n    ä\n  b\n  c\n", "  ä\nb c"),
            ("a: >-\n\n  ä\n  b\n", "\nä b"),
            ("a: >-\r\n  ä b\r\n  c\r\n", "ä b c"),
            ("- - >-\n    ä b\n    c\n", "ä b c"),
            ("a:\n  - b: |-\n      ä\n      c", "ä\nc"),
            ("[a, 'ä b', \"c d\", é f]", "é f"),
        ] {
            tracked(file, decoded);
        }
    }

    #[test]
    fn what_follows_an_escape_is_found() {
        for (file, decoded, word) in [
            ("a: \"\\\"q\\\" == ä b\"", "\"q\" == ä b", "ä"),
            ("a: \"\\x41\\u00e9\\U0001F600 ä b\"", "Aé😀 ä b", "b"),
            ("a: \"\\uD83D\\uDE00 ä b\"", "😀 ä b", "ä"),
            ("a: 'it''s ''ä'' b'", "it's 'ä' b", "b"),
            ("a: \"\\\\d \\/ ä\"", "\\d / ä", "ä"),
        ] {
            let fragment = scalars(file).pop().unwrap();
            assert_eq!(fragment.text, decoded);
            let at = decoded.find(word).unwrap();
            let place = fragment.locate(Span::new(at, at + word.len()));
            assert_eq!(file.get(place.start as usize..place.end as usize), Some(word), "{file}: {fragment:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

        /// The second decoding agrees with the parser's, whatever the layout: else there would be
        /// one run for the whole scalar.
        #[test]
        fn both_decodings_agree(
            lines in prop::collection::vec("[ ]{0,2}[a-zé\"'\\\\#:]{0,3}[ ]?[a-z]{0,2}", 1..6),
            header in prop::sample::select(vec!["", "'", "\"", "|", "|-", "|+", ">", ">-", ">+", ">2", "|2-"]),
            newline in prop::sample::select(vec!["\n", "\r\n"]),
        ) {
            let body = match header {
                "'" => format!("'{}'", lines.join("\n  ").replace('\'', "''")),
                "\"" => format!("\"{}\"", lines.join("\n  ").replace('"', "\\\"")),
                "" => lines.join("\n  "),
                block => format!("{block}\n  {}\n", lines.join("\n  ")),
            };
            let file = format!("k: {body}\n").replace('\n', newline);
            let Ok(tree) = yaml::read(&Source::new("t.yaml", file.as_str())) else { return Ok(()) };
            let ValueKind::Map(entries) = &tree.root.kind else { return Ok(()) };
            for (_, value) in entries {
                let Some(scalar) = value.scalar() else { continue };
                let fragment = &scalar.text;
                if fragment.text.trim().is_empty() {
                    continue;
                }
                for (at, character) in fragment.text.char_indices() {
                    let place = fragment.locate(Span::new(at, at + character.len_utf8()));
                    let written = file.get(place.start as usize..place.end as usize).unwrap_or("?");
                    let same = written == character.to_string();
                    let folded = matches!(character, ' ' | '\n') && matches!(written, "\n" | "\r" | " ");
                    let escaped = matches!((character, written), ('\'', "'") | (_, "\\"));
                    prop_assert!(same || folded || escaped, "{:?} in {:?}: {:?} is at {:?}", character, file, fragment, written);
                }
            }
        }
    }
}
