//! Shapes and texts of drawings.
//!
//! In: places, and texts of any length. Out: SVG elements, each text escaped and cut to its place. Nothing here has a
//! colour: classes do, which the style sheet knows.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::super::text::safe;
use super::text::escaped;

/// Width of a drawing, in its own units: a phone shows them one to one.
pub(super) const WIDTH: usize = 340;
/// From line to line.
pub(super) const LINE: usize = 16;

/// A drawing in the making.
#[derive(Default)]
pub(super) struct Drawing {
    body: String,
}

/// What stands beside a word, so that no reader needs the colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    /// A tick.
    Good,
    /// A cross.
    Bad,
    /// A question mark.
    Open,
    /// A ring.
    Next,
}

impl Drawing {
    /// A box with round corners.
    pub(super) fn card(&mut self, (x, y): (usize, usize), (width, height): (usize, usize), class: &str) {
        self.body.push_str(&format!(
            "<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"6\"/>\n"
        ));
    }

    /// A line, cut to so many columns; a column is as wide as a narrow letter.
    pub(super) fn text(&mut self, (x, y): (usize, usize), class: &str, columns: usize, text: &str) {
        let text = escaped(&cut(text, columns));
        self.body.push_str(&format!("<text class=\"{class}\" x=\"{x}\" y=\"{y}\">{text}</text>\n"));
    }

    /// A line from point to point.
    pub(super) fn path(&mut self, points: &[(usize, usize)], class: &str) {
        let points: Vec<String> = points.iter().map(|(x, y)| format!("{x},{y}")).collect();
        self.body.push_str(&format!("<polyline class=\"{class}\" points=\"{}\"/>\n", points.join(" ")));
    }

    /// The head of an arrow that ends here, pointing down.
    pub(super) fn arrow(&mut self, (x, y): (usize, usize), class: &str) {
        let (left, right, top) = (x.saturating_sub(4), x + 4, y.saturating_sub(7));
        self.body
            .push_str(&format!("<polygon class=\"{class}\" points=\"{left},{top} {right},{top} {x},{y}\"/>\n"));
    }

    /// A sign in a circle.
    pub(super) fn sign(&mut self, (x, y): (usize, usize), sign: Sign) {
        let (class, inner) = match sign {
            Sign::Good => ("good", "<polyline points=\"-3,0 -1,3 3,-3\"/>"),
            Sign::Bad => ("bad", "<polyline points=\"-3,-3 3,3\"/><polyline points=\"-3,3 3,-3\"/>"),
            Sign::Open => ("open", "<path d=\"M-2,-2 A2,2 0 1 1 0,0.6 V1.6 M0,3.4 V4\"/>"),
            Sign::Next => ("next", ""),
        };
        self.body.push_str(&format!(
            "<g class=\"sign {class}\" transform=\"translate({x} {y})\"><circle r=\"7\"/>{inner}</g>\n"
        ));
    }

    /// The whole, with what it is called and what it says.
    pub(super) fn svg(self, id: &str, height: usize, title: &str, description: &str) -> String {
        format!(
            "<svg role=\"img\" aria-labelledby=\"{id}-title {id}-text\" viewBox=\"0 0 {WIDTH} {height}\" \
             xmlns=\"http://www.w3.org/2000/svg\">\n<title id=\"{id}-title\">{}</title>\n<desc id=\"{id}-text\">{}</desc>\n{}</svg>\n",
            escaped(&safe(title)),
            escaped(&safe(description)),
            self.body
        )
    }
}

/// A text on one line, made safe, and cut to so many columns.
pub(super) fn cut(text: &str, columns: usize) -> String {
    let text = safe(text);
    if text.width() <= columns {
        return text;
    }
    let mut out = String::new();
    let mut width = 0;
    for c in text.chars() {
        width += c.width().unwrap_or(0);
        if width >= columns {
            break;
        }
        out.push(c);
    }
    out.push('…');
    out
}

/// An identifier or digest, recognisable and short.
pub(super) fn short(text: &str) -> String {
    let count = text.chars().count();
    if count <= 18 {
        return text.to_owned();
    }
    let first: String = text.chars().take(10).collect();
    let last: String = text.chars().skip(count - 4).collect();
    format!("{first}…{last}")
}

/// A text in lines of so many columns, at most so many lines.
pub(super) fn wrapped(text: &str, columns: usize, most: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in safe(text).split(' ') {
        match lines.last_mut() {
            Some(line) if line.width() + 1 + word.width() <= columns => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    if lines.len() > most {
        lines.truncate(most);
        if let Some(last) = lines.last_mut() {
            last.push('…');
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_keeps_to_its_place() {
        assert_eq!(cut("abcdef", 6), "abcdef");
        assert_eq!(cut("abcdefg", 6), "abcde…");
        assert_eq!(cut("株式会社", 5), "株式…");
        assert_eq!(cut("\u{202e}x", 20), "\\u{202e}x");
        assert_eq!(wrapped("not who is assigned as QAR2", 16, 4), ["not who is", "assigned as QAR2"]);
        assert_eq!(wrapped("a b c", 1, 2), ["a", "b…"]);
        assert_eq!(short("EMfa9VEt3hyly6s9X8-UUKCo_GZmJmHjHKjCxaU3ujMY"), "EMfa9VEt3h…ujMY");
    }
}
