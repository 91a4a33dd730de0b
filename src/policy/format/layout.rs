//! Lines of YAML: where a value fits on one line, how a text is quoted, and where comments go.

use std::collections::BTreeMap;

use crate::expr::print::wrap;
use crate::policy::problem::{Code, PolicyProblem};
use crate::policy::yaml::{Comment, Meaning, Scalar, Tree, Value, ValueKind};
use crate::source::{Fragment, Source, Span};

use super::{FLOW_WIDTH, WIDTH, ordered};

/// What stands after a key.
pub(super) enum Written<'a> {
    /// The value as it was read.
    Value(&'a Value),
    /// A text in place of it.
    Text(&'a str),
    /// The canonical text of an expression in place of it.
    Expression(&'a str),
}

pub(super) struct Layout<'a> {
    source: &'a Source,
    out: String,
    /// Comments that have not been written yet, by the start of the entry that they stand before.
    comments: BTreeMap<u32, Vec<Comment>>,
    /// Comments after the last entry.
    last: Vec<Comment>,
    /// Comments beside a value, which have no place.
    beside: Vec<Comment>,
    /// A dash that waits for its entry.
    dash: Option<usize>,
}

impl<'a> Layout<'a> {
    pub(super) fn new(source: &'a Source, tree: &Tree) -> Self {
        let mut starts = Vec::new();
        entry_starts(&tree.root, &mut starts);
        starts.sort_unstable();
        let mut layout = Self {
            source,
            out: String::new(),
            comments: BTreeMap::new(),
            last: Vec::new(),
            beside: Vec::new(),
            dash: None,
        };
        let mut head = Vec::new();
        for comment in &tree.comments {
            if comment.own_line && comment.span.start < tree.root.span.start {
                // What opens the file is about the file, whichever key comes first.
                head.push(*comment);
                continue;
            }
            let next = starts.partition_point(|start| *start < comment.span.end);
            match (comment.own_line, starts.get(next)) {
                (false, _) => layout.beside.push(*comment),
                (true, Some(start)) => layout.comments.entry(*start).or_default().push(*comment),
                (true, None) => layout.last.push(*comment),
            }
        }
        layout.write_comments(0, &head);
        layout
    }

    /// The text, if every comment has been written.
    pub(super) fn finish(mut self) -> Result<String, Vec<PolicyProblem>> {
        let last = std::mem::take(&mut self.last);
        self.blank_line(!last.is_empty());
        self.write_comments(0, &last);
        let unwritten: Vec<Comment> = self.beside.iter().chain(self.comments.values().flatten()).copied().collect();
        if unwritten.is_empty() {
            return Ok(self.out);
        }
        let problems = unwritten.into_iter().map(|comment| {
            let (line, _) = self.source.line_column(comment.span.start as usize);
            let message = format!("the comment on line {line} has no place in the canonical form");
            let help =
                "put it on a line of its own above the rule, definition or parameter, or into `notes`".to_owned();
            let labels = vec![(comment.span, "would be lost".to_owned())];
            PolicyProblem::new(Code::CommentPlace.as_str(), message, Some(help), self.source, labels)
        });
        Err(problems.collect())
    }

    fn write_comments(&mut self, indent: usize, comments: &[Comment]) {
        let text = self.source.text();
        for comment in comments {
            let written = text.get(comment.span.start as usize..comment.span.end as usize).unwrap_or_default();
            self.out.push_str(&" ".repeat(indent));
            self.out.push_str(written.trim_end());
            self.out.push('\n');
        }
    }

    /// An empty line, unless one is there.
    pub(super) fn blank_line(&mut self, wanted: bool) {
        if wanted && !self.out.ends_with("\n\n") {
            self.out.push('\n');
        }
    }

    /// The comments before an item of a list; a comment opens a paragraph.
    pub(super) fn item_comments(&mut self, indent: usize, item: Span, separated: bool) {
        if let Some(comments) = self.comments.remove(&item.start) {
            self.blank_line(separated);
            self.write_comments(indent, &comments);
        }
    }

    /// Begins an item of a list whose entries follow.
    pub(super) fn dash(&mut self, indent: usize) {
        self.dash = Some(indent);
    }

    /// `key: ` at the beginning of a line, after its comments.
    fn begin(&mut self, indent: usize, key: &Fragment) -> usize {
        if let Some(comments) = self.comments.remove(&key.whole.start) {
            // Before the dash, so that they stand above the item.
            let above = self.dash.unwrap_or(indent);
            self.write_comments(above, &comments);
        }
        match self.dash.take() {
            Some(dash) => {
                self.out.push_str(&" ".repeat(dash));
                self.out.push_str("- ");
            }
            None => self.out.push_str(&" ".repeat(indent)),
        }
        let name = if is_plain(&key.text, false) { key.text.clone() } else { quoted(&key.text) };
        self.out.push_str(&name);
        self.out.push(':');
        indent + name.chars().count() + 1
    }

    /// `key:` with what it holds on the lines that follow.
    pub(super) fn key(&mut self, indent: usize, key: &Fragment) {
        self.begin(indent, key);
        self.out.push('\n');
    }

    /// `key: value`
    pub(super) fn entry(&mut self, indent: usize, key: &Fragment, written: Written<'_>) {
        let column = self.begin(indent, key);
        match written {
            Written::Text(text) => self.text(indent, column, text, false),
            Written::Expression(text) => self.expression(indent, column, text),
            Written::Value(value) => self.value(indent, column, value),
        }
    }

    fn value(&mut self, indent: usize, column: usize, value: &Value) {
        if let Some(scalar) = value.scalar() {
            return self.scalar(indent, column, scalar);
        }
        let flow = flow(value, &[], &|_| None);
        if column + 1 + flow.chars().count() <= WIDTH {
            self.out.push(' ');
            self.out.push_str(&flow);
            self.out.push('\n');
            return;
        }
        self.out.push('\n');
        match &value.kind {
            ValueKind::List(elements) => {
                for element in elements {
                    self.item_comments(indent + 2, element.span, false);
                    self.item(indent + 2, element, &[]);
                }
            }
            ValueKind::Map(entries) => {
                for (key, value) in entries {
                    self.entry(indent + 2, key, Written::Value(value));
                }
            }
            ValueKind::Scalar(_) => {}
        }
    }

    /// `- value`, a mapping or list in one line.
    pub(super) fn item(&mut self, indent: usize, value: &Value, keys: &[&str]) {
        self.out.push_str(&" ".repeat(indent));
        self.out.push('-');
        match value.scalar() {
            Some(scalar) => self.scalar(indent, indent + 1, scalar),
            None => {
                self.out.push(' ');
                self.out.push_str(&flow(value, keys, &|_| None));
                self.out.push('\n');
            }
        }
    }

    /// `key: { … }` in one line; false if it does not fit or has comments inside, and nothing is written.
    pub(super) fn flow_entry(
        &mut self,
        indent: usize,
        key: &Fragment,
        value: &Value,
        keys: &[&str],
        written: &dyn Fn(&str) -> Option<String>,
    ) -> bool {
        let flow = flow(value, keys, written);
        let has_comments = self.comments.range(value.span.start..value.span.end).next().is_some();
        if has_comments || indent + key.text.chars().count() + 2 + flow.chars().count() > FLOW_WIDTH {
            return false;
        }
        self.begin(indent, key);
        self.out.push(' ');
        self.out.push_str(&flow);
        self.out.push('\n');
        true
    }

    fn scalar(&mut self, indent: usize, column: usize, scalar: &Scalar) {
        let text = &scalar.text.text;
        // What would be a number or a boolean without its quotes keeps them, and the other way round.
        let bare = Scalar { quoted: false, ..scalar.clone() };
        let is_text = matches!(bare.meaning(), Meaning::Text(_));
        if !scalar.quoted && !is_text {
            self.out.push_str(if text.is_empty() { "" } else { " " });
            self.out.push_str(text);
            self.out.push('\n');
            return;
        }
        self.text(indent, column, text, !is_text);
    }

    /// A text after its key, in the first of these that holds it: plain, quoted, folded, literal.
    fn text(&mut self, indent: usize, column: usize, text: &str, must_quote: bool) {
        let one_line = if !must_quote && is_plain(text, false) { text.to_owned() } else { quoted(text) };
        let fits = column + 1 + one_line.chars().count() <= WIDTH;
        let is_block = !must_quote && is_printable(text) && !text.starts_with([' ', '\n']) && !text.trim().is_empty();
        if text.contains('\n') && is_block {
            let body = text.trim_end_matches('\n');
            let chomping = match text.len() - body.len() {
                0 => "-",
                1 => "",
                _ => "+",
            };
            self.out.push_str(&format!(" |{chomping}\n"));
            // A kept line break at the end is an empty line of the block.
            let lines = if chomping == "+" { text.strip_suffix('\n').unwrap_or(text) } else { body };
            self.block(indent + 2, lines.split('\n'));
        } else if fits || text.contains('\n') || !is_block {
            self.out.push(' ');
            self.out.push_str(&one_line);
            self.out.push('\n');
        } else {
            self.out.push_str(" >-\n");
            let lines = fold(text, WIDTH.saturating_sub(indent + 2));
            self.block(indent + 2, lines.iter().map(String::as_str));
        }
    }

    /// An expression after its key: in one line if that is plain, else folded at its operators.
    fn expression(&mut self, indent: usize, column: usize, text: &str) {
        if is_plain(text, false) && column + 1 + text.chars().count() <= WIDTH {
            self.out.push(' ');
            self.out.push_str(text);
            self.out.push('\n');
        } else if !is_printable(text) {
            self.out.push(' ');
            self.out.push_str(&quoted(text));
            self.out.push('\n');
        } else {
            self.out.push_str(" >-\n");
            let lines = wrap(text, WIDTH.saturating_sub(indent + 2));
            self.block(indent + 2, lines.iter().map(String::as_str));
        }
    }

    fn block<'l>(&mut self, indent: usize, lines: impl Iterator<Item = &'l str>) {
        for line in lines {
            if !line.is_empty() {
                self.out.push_str(&" ".repeat(indent));
                self.out.push_str(line);
            }
            self.out.push('\n');
        }
    }
}

/// Where the entries of mappings and the items of lists begin.
fn entry_starts(value: &Value, into: &mut Vec<u32>) {
    match &value.kind {
        ValueKind::Scalar(_) => {}
        ValueKind::List(elements) => {
            for element in elements {
                into.push(element.span.start);
                entry_starts(element, into);
            }
        }
        ValueKind::Map(entries) => {
            for (key, element) in entries {
                into.push(key.whole.start);
                entry_starts(element, into);
            }
        }
    }
}

/// A value in one line.
fn flow(value: &Value, keys: &[&str], written: &dyn Fn(&str) -> Option<String>) -> String {
    match &value.kind {
        ValueKind::Scalar(scalar) => {
            let text = &scalar.text.text;
            let bare = Scalar { quoted: false, ..scalar.clone() };
            let is_text = matches!(bare.meaning(), Meaning::Text(_));
            match (scalar.quoted, is_text) {
                (false, false) if text.is_empty() => "null".to_owned(),
                (false, false) => text.clone(),
                (true, false) => quoted(text),
                (_, true) if is_plain(text, true) => text.clone(),
                (_, true) => quoted(text),
            }
        }
        ValueKind::List(elements) => {
            let elements: Vec<String> = elements.iter().map(|element| flow(element, &[], &|_| None)).collect();
            format!("[{}]", elements.join(", "))
        }
        ValueKind::Map(entries) if entries.is_empty() => "{}".to_owned(),
        ValueKind::Map(_) => {
            let entries: Vec<String> = ordered(value, keys)
                .into_iter()
                .map(|(key, value)| {
                    let name = if is_plain(&key.text, true) { key.text.clone() } else { quoted(&key.text) };
                    let value = match written(&key.text) {
                        Some(text) if is_plain(&text, true) => text,
                        Some(text) => quoted(&text),
                        None => flow(value, &[], &|_| None),
                    };
                    format!("{name}: {value}")
                })
                .collect();
            format!("{{ {} }}", entries.join(", "))
        }
    }
}

/// Breaks a text at single spaces, so that folding joins it again.
fn fold(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut rest = text;
    while !rest.is_empty() {
        // A word, with the spaces before it: only a single space may become a line break.
        let gap = rest.len() - rest.trim_start_matches(' ').len();
        let end = rest[gap..].find(' ').map_or(rest.len(), |at| gap + at);
        let (piece, after) = rest.split_at(end);
        let breaks = gap == 1 && !piece[1..].is_empty();
        if breaks && line.chars().count() + piece.chars().count() > width {
            lines.push(std::mem::take(&mut line));
            line.push_str(&piece[1..]);
        } else {
            line.push_str(piece);
        }
        rest = after;
    }
    lines.push(line);
    lines
}

/// Whether a text can stand without quotes, in a flow collection or outside.
fn is_plain(text: &str, in_flow: bool) -> bool {
    let first = text.chars().next();
    let indicator = |character: char| "-?:,[]{}#&*!|>'\"%@`=<~".contains(character);
    !text.is_empty()
        && text == text.trim()
        && is_printable(text)
        && !text.contains('\n')
        && !first.is_some_and(indicator)
        && !text.contains(": ")
        && !text.contains(" #")
        && !text.ends_with(':')
        && !(in_flow && text.contains([',', '[', ']', '{', '}']))
        && !matches!(text, "..." | "---" | "<<")
}

/// Whether a text can stand in a block as it is.
fn is_printable(text: &str) -> bool {
    !text.chars().any(|character| {
        (character.is_control() && character != '\n') || matches!(character, '\u{2028}' | '\u{2029}' | '\u{feff}')
    })
}

fn quoted(text: &str) -> String {
    if is_printable(text) && !text.contains('\n') && text.contains(['"', '\\']) {
        return format!("'{}'", text.replace('\'', "''"));
    }
    let mut out = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\u{2028}' | '\u{2029}' | '\u{feff}' => out.push_str(&format!("\\u{:04X}", character as u32)),
            control if control.is_control() => out.push_str(&format!("\\x{:02X}", control as u32)),
            other => out.push(other),
        }
    }
    out.push('"');
    out
}
