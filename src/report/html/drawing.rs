//! Shapes and texts of drawings.
//!
//! In: places, and texts of any length. Out: SVG elements, each text escaped and cut to its place. Nothing here has a
//! colour: classes do, which the style sheet knows.

use unicode_width::UnicodeWidthChar;

use super::super::text::safe;
use super::text::escaped;

/// Width of a drawing, in its own units: a phone shows them one to one.
pub(super) const WIDTH: usize = 340;
/// Most characters of a text in the words of a drawing; its table has it all.
const SAID_MAX: usize = 80;
/// From line to line.
pub(super) const LINE: usize = 16;

/// A drawing in the making.
#[derive(Default)]
pub(super) struct Drawing {
    body: String,
}

/// How a text is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Face {
    /// A title.
    Strong,
    /// What something is called.
    Label,
    /// What it is.
    Value,
    /// What is wrong with it.
    Remark,
    /// A word that ends at its place.
    State,
    /// A title over its place.
    Middle,
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

    /// A text on one line, cut to a width.
    pub(super) fn text(&mut self, (x, y): (usize, usize), face: Face, width: usize, text: &str) {
        let text = escaped(&cut(text, face.hundredths(width)));
        self.body.push_str(&format!("<text class=\"{}\" x=\"{x}\" y=\"{y}\">{text}</text>\n", face.class()));
    }

    /// A line from point to point.
    pub(super) fn path(&mut self, points: &[(usize, usize)], class: &str) {
        let points: Vec<String> = points.iter().map(|(x, y)| format!("{x},{y}")).collect();
        self.body.push_str(&format!("<polyline class=\"{class}\" points=\"{}\"/>\n", points.join(" ")));
    }

    /// The head of an arrow that ends here, pointing down.
    pub(super) fn arrow(&mut self, (x, y): (usize, usize), class: &str) {
        let (left, right, top) = (x.saturating_sub(4), x + 4, y.saturating_sub(7));
        self.body.push_str(&format!("<polygon class=\"{class}\" points=\"{left},{top} {right},{top} {x},{y}\"/>\n"));
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

impl Face {
    fn class(self) -> &'static str {
        match self {
            Self::Strong => "strong",
            Self::Label => "label",
            Self::Value => "value",
            Self::Remark => "remark",
            Self::State => "state",
            Self::Middle => "strong middle",
        }
    }

    /// A width in hundredths of the size of the letters, which the style sheet sets; bold ones are wider.
    fn hundredths(self, width: usize) -> usize {
        let tenths = match self {
            Self::Strong | Self::Middle => 145,
            Self::Label => 110,
            Self::Value => 115,
            Self::Remark | Self::State => 128,
        };
        width * 1000 / tenths
    }
}

/// How wide a letter is at most, in hundredths of its size.
fn breadth(c: char) -> usize {
    match c {
        'i' | 'j' | 'l' | 'I' | '.' | ',' | ':' | ';' | '|' | '!' | '\'' | '`' | ' ' | '(' | ')' | '[' | ']' | '-'
        | 'f' | 't' | 'r' => 42,
        'm' | 'w' | 'M' | 'W' | '@' | '%' | '…' => 100,
        '<' | '>' | '=' | '+' | '~' | '^' | '#' | '&' => 85,
        'A'..='Z' => 77,
        ' '..='~' => 65,
        _ => match c.width() {
            Some(0) | None => 0,
            Some(1) => 80,
            Some(_) => 105,
        },
    }
}

fn breadth_of(text: &str) -> usize {
    text.chars().map(breadth).sum()
}

/// A text made safe, and cut to a breadth.
fn cut(text: &str, most: usize) -> String {
    // Of what is far beyond the end nothing is looked at.
    let mut rest = text.chars();
    let near: String = rest.by_ref().take(most / 20 + 1).collect();
    let text = safe(&near);
    if rest.next().is_none() && breadth_of(&text) <= most {
        return text;
    }
    let mut left = most.saturating_sub(breadth('…'));
    let fits = |c: &char| {
        let enough = breadth(*c) <= left;
        left = left.saturating_sub(breadth(*c));
        enough
    };
    let mut out: String = text.chars().take_while(fits).collect();
    out.push('…');
    out
}

/// A text as the words of a drawing have it.
pub(super) fn said(text: &str) -> String {
    cut(text, SAID_MAX * 65)
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

/// A text in lines of a width, at most so many.
pub(super) fn wrapped(text: &str, face: Face, width: usize, most: usize) -> Vec<String> {
    let width = face.hundredths(width);
    let mut lines: Vec<String> = Vec::new();
    for word in cut(text, width * most).split(' ') {
        let word = cut(word, width);
        match lines.last_mut() {
            Some(line) if breadth_of(line) + breadth(' ') + breadth_of(&word) <= width => {
                line.push(' ');
                line.push_str(&word);
            }
            _ => lines.push(word),
        }
    }
    if lines.len() > most {
        lines.truncate(most.saturating_sub(1));
        lines.push("…".to_owned());
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_keeps_to_its_place() {
        assert_eq!(cut("abcdef", 400), "abcdef");
        assert_eq!(cut("abcdefg", 400), "abcd…");
        assert_eq!(cut("株式会社", 330), "株式…");
        assert_eq!(cut("\u{202e}x", 1_000), "\\u{202e}x");
        assert_eq!(cut(&"x".repeat(1_000_000), 400).chars().count(), 5);
        let lines = |text: &str, width, most| wrapped(text, Face::Value, width, most);
        assert_eq!(lines("not who is assigned as QAR2", 120, 4), ["not who is", "assigned as QAR2"]);
        assert_eq!(lines("a b c", 10, 2), ["…"]);
        assert_eq!(lines("a b c d e f", 20, 2), ["a b", "…"]);
        assert_eq!(short("EMfa9VEt3hyly6s9X8-UUKCo_GZmJmHjHKjCxaU3ujMY"), "EMfa9VEt3h…ujMY");
    }
}
