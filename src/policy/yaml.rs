//! YAML text to a tree of values that know where they stand.
//!
//! In: a [`Source`]. Out: one [`Value`], the comments, or what is wrong. Types of the YAML crate stop
//! here. The dialect is strict: one document, no anchors, aliases, tags or merge keys, no key twice,
//! bounded size and depth. Scalars stay text; what they mean is decided by who reads them.

mod scalar;

use std::collections::HashMap;

use serde_saphyr::granit_parser::{self as granit, Event, Parser, Placement, ScalarStyle};

use crate::source::{Fragment, Source, Span};

use super::problem::{Code, PolicyProblem};

/// Bytes of one file: a hundred times the largest document's rules.
pub const MAX_FILE_BYTES: usize = 8 << 20;
/// Levels of nesting; patches of cases hold JSON values.
pub const MAX_DEPTH: usize = 32;
/// Lines of a comment block that is read ahead.
const MAX_COMMENT_LINES: usize = 10_000;

/// A value and where it stands.
#[derive(Debug, Clone)]
pub struct Value {
    /// What it is.
    pub kind: ValueKind,
    /// Where it stands, from its first to its last character.
    pub span: Span,
}

/// The kinds of value.
#[derive(Debug, Clone)]
pub enum ValueKind {
    /// A scalar, as written.
    Scalar(Scalar),
    /// `- a` or `[a]`
    List(Vec<Value>),
    /// `key: value` or `{key: value}`; keys are different from each other
    Map(Vec<(Fragment, Value)>),
}

/// A scalar, as written.
#[derive(Debug, Clone)]
pub struct Scalar {
    /// Its decoded text.
    pub text: Fragment,
    /// Quoted or a block: a text whatever it looks like.
    pub quoted: bool,
}

/// What an untyped scalar stands for. Source: YAML 1.2, JSON schema.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Meaning<'v> {
    /// `null`, `~` or nothing.
    Null,
    /// `true`, `false`
    Bool(bool),
    /// Digits, as written; with a point or an exponent it is no integer.
    Number(&'v str),
    /// Everything else that is clear.
    Text(&'v str),
    /// What one reader takes for a text and another for something else: `yes`, `0x1F`, `007`.
    Ambiguous(&'v str),
}

impl Scalar {
    /// What it stands for where any JSON value may stand.
    pub fn meaning(&self) -> Meaning<'_> {
        let text = self.text.text.as_str();
        if self.quoted {
            return Meaning::Text(text);
        }
        match text {
            "" | "~" | "null" => Meaning::Null,
            "true" => Meaning::Bool(true),
            "false" => Meaning::Bool(false),
            _ if is_json_number(text) => Meaning::Number(text),
            _ if is_ambiguous(text) => Meaning::Ambiguous(text),
            _ => Meaning::Text(text),
        }
    }

    /// Whether it is nothing, where a text is expected.
    pub fn is_null(&self) -> bool {
        !self.quoted && matches!(self.text.text.as_str(), "" | "~" | "null")
    }
}

impl Value {
    /// The scalar it is.
    pub fn scalar(&self) -> Option<&Scalar> {
        match &self.kind {
            ValueKind::Scalar(scalar) => Some(scalar),
            ValueKind::List(_) | ValueKind::Map(_) => None,
        }
    }

    /// In words, for a message.
    pub(super) fn in_words(&self) -> &'static str {
        match &self.kind {
            ValueKind::Scalar(scalar) if scalar.is_null() => "nothing",
            ValueKind::Scalar(_) => "a text",
            ValueKind::List(_) => "a list",
            ValueKind::Map(_) => "a mapping",
        }
    }

    /// As JSON. Ambiguous scalars have been refused when the file was read; here they are texts.
    pub fn to_json(&self) -> serde_json::Value {
        match &self.kind {
            ValueKind::Scalar(scalar) => match scalar.meaning() {
                Meaning::Null => serde_json::Value::Null,
                Meaning::Bool(value) => serde_json::Value::Bool(value),
                Meaning::Number(digits) => match serde_json::from_str::<serde_json::Number>(digits) {
                    Ok(number) => serde_json::Value::Number(number),
                    Err(_) => serde_json::Value::String(digits.to_owned()),
                },
                Meaning::Text(text) | Meaning::Ambiguous(text) => serde_json::Value::String(text.to_owned()),
            },
            ValueKind::List(elements) => elements.iter().map(Value::to_json).collect(),
            ValueKind::Map(entries) => entries.iter().map(|(key, value)| (key.text.clone(), value.to_json())).collect(),
        }
    }
}

/// `-12`, `1.5`, `1e9` as JSON writes them.
fn is_json_number(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let rest = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (rest, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(digits)
        && exponent.is_none_or(|exponent| digits(exponent.strip_prefix(['+', '-']).unwrap_or(exponent)))
}

/// Other spellings of null, booleans and numbers in YAML 1.1 or 1.2.
fn is_ambiguous(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    if matches!(lower.as_str(), "null" | "true" | "false" | "yes" | "no" | "on" | "off" | "y" | "n") {
        return true;
    }
    let unsigned = lower.strip_prefix(['+', '-']).unwrap_or(&lower);
    if matches!(unsigned, ".inf" | ".nan") {
        return true;
    }
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_');
    let prefixed = |prefix: &str| {
        unsigned
            .strip_prefix(prefix)
            .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'_'))
    };
    let decimal = unsigned.split_once('.').is_some_and(|(whole, fraction)| {
        (whole.is_empty() || digits(whole)) && (fraction.is_empty() || digits(fraction)) && unsigned != "."
    });
    digits(unsigned) || decimal || prefixed("0x") || prefixed("0o") || prefixed("0b")
}

/// A comment and where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Comment {
    /// From `#` to the end of the line.
    pub span: Span,
    /// Alone on its line.
    pub own_line: bool,
}

/// A file as a tree.
#[derive(Debug, Clone)]
pub struct Tree {
    /// The document.
    pub root: Value,
    /// The comments, in order.
    pub comments: Vec<Comment>,
}

/// Reads one file.
///
/// # Errors
/// The first place that is not YAML, or every place that is outside the dialect.
pub fn read(source: &Source) -> Result<Tree, Vec<PolicyProblem>> {
    let text = source.text();
    if text.len() > MAX_FILE_BYTES {
        let message = format!("a file of {} bytes; at most {MAX_FILE_BYTES} are read", text.len());
        let labels = vec![(Span::new(0, 1), "begins here".to_owned())];
        let help = Some("split it into several documents".to_owned());
        return Err(vec![PolicyProblem::new(Code::TooLarge.as_str(), message, help, source, labels)]);
    }
    let options = granit::options! {
        disallow_directives: true,
        emit_unresolved_aliases: true,
        emit_anchor_events: true,
        emit_comments: true,
        max_buffered_comment_events: MAX_COMMENT_LINES,
        flow_nesting_limit: MAX_DEPTH,
        block_nesting_limit: MAX_DEPTH,
    };
    let mut reader =
        Reader { source, open: Vec::new(), root: None, documents: 0, comments: Vec::new(), problems: Vec::new() };
    for event in Parser::new_from_str_with_options(text, options) {
        match event {
            Ok((event, span)) => reader.take(event, bytes(&span)),
            Err(error) => {
                reader.refuse(&error);
                return Err(reader.problems);
            }
        }
    }
    let Reader { root, comments, mut problems, documents, .. } = reader;
    if documents > 1 {
        return Err(problems);
    }
    let empty = root.as_ref().is_none_or(|root| root.scalar().is_some_and(Scalar::is_null));
    if empty {
        let labels = vec![(Span::new(0, text.len().min(1)), "nothing but comments".to_owned())];
        problems.push(PolicyProblem::new(Code::NotOneDocument.as_str(), "the file is empty", None, source, labels));
    }
    match root {
        Some(root) if problems.is_empty() => Ok(Tree { root, comments }),
        _ => Err(problems),
    }
}

fn bytes(span: &granit::Span) -> Span {
    let range = span.byte_range().unwrap_or_default();
    Span::new(range.start, range.end)
}

/// A collection that is still open.
enum Open {
    List { start: Span, elements: Vec<Value> },
    Map { start: Span, entries: Vec<(Fragment, Value)>, seen: HashMap<String, Span>, key: Option<Fragment> },
}

struct Reader<'s> {
    source: &'s Source,
    open: Vec<Open>,
    root: Option<Value>,
    documents: usize,
    comments: Vec<Comment>,
    problems: Vec<PolicyProblem>,
}

impl Reader<'_> {
    fn problem(&mut self, code: Code, message: String, help: &str, span: Span, label: &str) {
        let labels = vec![(span, label.to_owned())];
        self.problems.push(PolicyProblem::new(code.as_str(), message, Some(help.to_owned()), self.source, labels));
    }

    fn take(&mut self, event: Event<'_>, span: Span) {
        match event {
            Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
            Event::DocumentStart(..) => {
                self.documents += 1;
                if self.documents == 2 {
                    let help = "give each document a file of its own";
                    self.problem(
                        Code::NotOneDocument,
                        "a second document in one file".to_owned(),
                        help,
                        span,
                        "begins here",
                    );
                }
            }
            Event::Comment(_, placement) => {
                self.comments.push(Comment { span, own_line: !matches!(placement, Placement::Right) });
            }
            Event::Anchor(_, name) => self.sharing(format!("anchor `&{name}`"), span),
            Event::Alias(_) => {
                self.sharing("an alias".to_owned(), span);
                self.scalar(Fragment { text: String::new(), whole: span, runs: Vec::new() }, false);
            }
            Event::UnresolvedAlias(name) => {
                self.sharing(format!("alias `*{name}`"), span);
                self.scalar(Fragment { text: String::new(), whole: span, runs: Vec::new() }, false);
            }
            Event::Scalar(decoded, style, _, tag) => {
                self.tagged(tag.is_some(), span);
                let fragment = scalar::fragment(self.source.text(), &decoded, style, span);
                let quoted = match style {
                    ScalarStyle::Plain => false,
                    ScalarStyle::SingleQuoted
                    | ScalarStyle::DoubleQuoted
                    | ScalarStyle::Literal
                    | ScalarStyle::Folded => true,
                };
                // An absent value is reported as `~`.
                let fragment = if !quoted && span.start == span.end {
                    Fragment { text: String::new(), runs: Vec::new(), ..fragment }
                } else {
                    fragment
                };
                self.scalar(fragment, quoted);
            }
            Event::SequenceStart(_, _, tag) => {
                self.tagged(tag.is_some(), span);
                self.open.push(Open::List { start: span, elements: Vec::new() });
            }
            Event::MappingStart(_, _, tag) => {
                self.tagged(tag.is_some(), span);
                self.open.push(Open::Map { start: span, entries: Vec::new(), seen: HashMap::new(), key: None });
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(span),
            // The enum is open; what is not known is refused rather than skipped.
            _ => {
                let help = "write it in plain YAML 1.2";
                self.problem(Code::Yaml, "YAML that is not known here".to_owned(), help, span, "not accepted");
            }
        }
    }

    fn sharing(&mut self, what: String, span: Span) {
        let help = "write the value out in each place, or give it a name under `parameters` or `definitions`";
        self.problem(Code::AnchorOrTag, format!("{what}: policy files share no values"), help, span, "not accepted");
    }

    fn tagged(&mut self, tagged: bool, span: Span) {
        if tagged {
            let help = "remove the tag; the key decides what a value is";
            self.problem(
                Code::AnchorOrTag,
                "a tag: policy files have none".to_owned(),
                help,
                span,
                "this value has a tag",
            );
        }
    }

    fn scalar(&mut self, fragment: Fragment, quoted: bool) {
        let span = fragment.whole;
        self.value(Value { kind: ValueKind::Scalar(Scalar { text: fragment, quoted }), span });
    }

    fn close(&mut self, end: Span) {
        // A flow collection ends with its bracket; a block collection with its last value.
        let bracket = end.end > end.start;
        let value = match self.open.pop() {
            Some(Open::List { start, elements }) => {
                let last = elements.last().map_or(start, |last| last.span);
                Value { span: start.to(if bracket { end } else { last }), kind: ValueKind::List(elements) }
            }
            Some(Open::Map { start, entries, .. }) => {
                let last = entries.last().map_or(start, |(key, value)| key.whole.to(value.span));
                Value { span: start.to(if bracket { end } else { last }), kind: ValueKind::Map(entries) }
            }
            None => return,
        };
        self.value(value);
    }

    fn value(&mut self, value: Value) {
        match self.open.last_mut() {
            None => {
                // What a second document says is not read; that it is there has been reported.
                if self.documents <= 1 {
                    self.root = Some(value);
                }
            }
            Some(Open::List { elements, .. }) => elements.push(value),
            Some(Open::Map { entries, seen, key, .. }) => match key.take() {
                Some(taken) => {
                    let span = taken.whole;
                    let text = taken.text.clone();
                    entries.push((taken, value));
                    if let Some(first) = seen.insert(text.clone(), span) {
                        let labels = vec![(span, "given again".to_owned()), (first, "first given here".to_owned())];
                        let help = Some("keep one of the two".to_owned());
                        let message = format!("`{text}` is given twice");
                        self.problems.push(PolicyProblem::new(
                            Code::DuplicateKey.as_str(),
                            message,
                            help,
                            self.source,
                            labels,
                        ));
                    }
                }
                None => {
                    let span = value.span;
                    let fragment = match value.kind {
                        ValueKind::Scalar(scalar) => scalar.text,
                        ValueKind::List(_) | ValueKind::Map(_) => {
                            Fragment { text: String::new(), whole: span, runs: Vec::new() }
                        }
                    };
                    let complaint = match fragment.text.as_str() {
                        "" => Some(("a key that is no text", "write the key as a plain word")),
                        "<<" => Some(("a merge key: policy files share no values", "write the keys out")),
                        _ => None,
                    };
                    *key = Some(fragment);
                    if let Some((message, help)) = complaint {
                        self.problem(Code::Yaml, message.to_owned(), help, span, "not accepted");
                    }
                }
            },
        }
    }

    /// What the YAML parser says, with what usually causes it.
    fn refuse(&mut self, error: &granit::ScanError) {
        use granit::ErrorKind as Kind;
        let at = error.marker().byte_offset().unwrap_or_default();
        let (message, help) = match error.kind() {
            Kind::RecursionLimitExceeded => {
                (format!("nested more than {MAX_DEPTH} levels deep"), "flatten it; policy files need few levels")
            }
            Kind::UnclosedQuotedScalar => {
                ("a quoted text is never closed".to_owned(), "close it with the quote it opens with")
            }
            Kind::MappingValueNotAllowed => {
                ("`:` where no key can stand".to_owned(), "quote a text that holds `: `, or check the indentation")
            }
            Kind::TabInBlockIndentation | Kind::TabInIndentation | Kind::TabNotAllowed | Kind::TabInPlainScalar => {
                ("a tab here or in the next line".to_owned(), "indent with spaces")
            }
            Kind::UnexpectedCharacter { character } => {
                (format!("a text cannot begin with `{character}`"), "quote the text")
            }
            Kind::UnknownQuotedScalarEscape => (
                "an escape that YAML does not have".to_owned(),
                "in double quotes a backslash is written twice; single quotes or a block (`>-`) take it as it is",
            ),
            Kind::DirectiveDisallowed => ("a directive".to_owned(), "remove the line that begins with `%`"),
            Kind::UnclosedFlowCollection { open } => (format!("`{open}` is never closed"), "add the missing bracket"),
            Kind::InvalidTrailingDoubleQuotedScalar | Kind::InvalidTrailingSingleQuotedScalar => (
                "more text after a quoted text".to_owned(),
                "quote the whole value; within it, double the single quotes or escape the double ones",
            ),
            other => (
                format!("not well-formed YAML: {other}"),
                "check indentation, quotes and brackets here and on the line before",
            ),
        };
        let text = self.source.text();
        let width = text.get(at..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
        let span = Span::new(at.min(text.len()), at.min(text.len()) + width);
        self.problem(Code::Yaml, message, help, span, "here");
    }
}
