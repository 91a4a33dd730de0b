//! Text of a report made fit to be shown or typed.
//!
//! In: text, any of which may come from a hostile file. Out: the same without a character that steers a terminal,
//! hides or reorders what is read, or that XML forbids; a path that a shell takes for one word. Each format escapes
//! on top of it what its own grammar reads.

use std::fmt::Write as _;

/// The text as every format shows it.
pub fn safe(text: &str) -> String {
    escape(text, true)
}

/// A text as a shell takes it for one word.
pub(super) fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "/\\._-:+@,=".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

/// `1 rule`, `2 rules`.
pub(super) fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// Replaces what could steer a terminal, hide text or reorder it by its code point.
pub(super) fn escape(text: &str, unicode: bool) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            ' '..='~' => safe.push(c),
            '\n' => safe.push_str("\\n"),
            '\r' => safe.push_str("\\r"),
            '\t' => safe.push_str("\\t"),
            _ if unicode && !is_hazardous(c) => safe.push(c),
            _ => {
                let _ = write!(safe, "\\u{{{:x}}}", u32::from(c));
            }
        }
    }
    safe
}

/// Control characters, and characters without a shape of their own that change how others are read.
fn is_hazardous(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}' | '\u{e000}'..='\u{f8ff}' | '\u{e0000}'..='\u{10ffff}')
}

/// A path as a URI or a link has it.
pub(super) fn encoded(path: &str) -> String {
    let mut out = String::new();
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a `String` cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_steers_the_reader() {
        assert_eq!(escape("a\u{1b}[31mb\u{7}\u{9b}", true), "a\\u{1b}[31mb\\u{7}\\u{9b}");
        assert_eq!(escape("safe\u{202e}fdp.exe\u{2069}", true), "safe\\u{202e}fdp.exe\\u{2069}");
        assert_eq!(escape("Zürich 株式会社", true), "Zürich 株式会社");
        assert_eq!(escape("Zürich\n", false), "Z\\u{fc}rich\\n");
    }

    #[test]
    fn a_quoted_text_is_one_word() {
        assert_eq!(quoted("cases/b0"), "cases/b0");
        assert_eq!(quoted("my case's"), "'my case'\\''s'");
        assert_eq!(quoted(""), "''");
        assert_eq!(quoted("$(rm)"), "'$(rm)'");
    }
}
