//! Text between tags and in quotes.
//!
//! In: any text. Out: the same as HTML shows it, and nothing that it would read.

use super::super::text::safe;

/// Most characters of a text that are shown; the JSON report has them all.
const SHOWN_MAX: usize = 4_000;

/// A text between tags, cut where nobody would read on.
pub(super) fn shown(text: &str) -> String {
    match text.char_indices().nth(SHOWN_MAX) {
        Some((end, _)) => {
            let rest = text[end..].chars().count();
            format!("{}… ({rest} more characters)", escaped(&safe(&text[..end])))
        }
        None => escaped(&safe(text)),
    }
}

/// The value of an attribute, in double quotes, whole.
pub(super) fn attribute(text: &str) -> String {
    escaped(&safe(text))
}

/// As [`shown`], with what stands between backticks as code.
pub(super) fn with_code(text: &str) -> String {
    let text = shown(text);
    // A backtick without a partner is one.
    let pairs = text.matches('`').count() / 2;
    let mut out = String::with_capacity(text.len());
    for (at, piece) in text.splitn(pairs * 2 + 1, '`').enumerate() {
        match at % 2 {
            0 => out.push_str(piece),
            _ => out.push_str(&format!("<code>{piece}</code>")),
        }
    }
    out
}

/// A text without anything that HTML reads.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_read_as_html() {
        assert_eq!(shown("<b a='1' c=\"2\">&"), "&lt;b a=&#39;1&#39; c=&quot;2&quot;&gt;&amp;");
        assert_eq!(attribute("\u{202e}x\0\n"), "\\u{202e}x\\u{0}\\n");
    }

    #[test]
    fn code_stands_between_backticks() {
        assert_eq!(with_code("`a`, `<b>` c"), "<code>a</code>, <code>&lt;b&gt;</code> c");
        assert_eq!(with_code("one ` alone"), "one ` alone");
        assert_eq!(with_code("`a` and ` alone"), "<code>a</code> and ` alone");
    }

    #[test]
    fn a_long_text_is_cut_and_says_so() {
        assert!(shown(&"x".repeat(SHOWN_MAX + 7)).ends_with("x… (7 more characters)"));
    }
}
