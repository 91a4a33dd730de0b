//! Values to typed parts, with every complaint on the way.
//!
//! Each function gives what can be read and notes what is wrong, so that one run reports every
//! problem of a file. Where a required part is missing or wrong a stand-in is given and a problem
//! noted: a set with problems must not be run.

use std::str::FromStr;

use crate::expr::ExprError;
use crate::primitives::{Date, Instant};
use crate::source::{Fragment, Source, Span};

use super::problem::{Code, PolicyProblem};
use super::yaml::{Meaning, Scalar, Value, ValueKind};
use super::{Parsed, Spanned};

/// Reads one file and gathers what is wrong with it.
pub(super) struct Reader<'s> {
    pub(super) source: &'s Source,
    pub(super) problems: Vec<PolicyProblem>,
}

/// The entries of a mapping whose keys are known.
pub(super) struct Keys<'v> {
    /// What the mapping is, for messages: `a rule`.
    what: &'static str,
    /// Where a missing key is reported.
    span: Span,
    /// Keys that an unknown one was taken for: they are misspelt, not missing.
    misspelt: Vec<String>,
    entries: &'v [(Fragment, Value)],
}

impl<'v> Keys<'v> {
    pub(super) fn get(&self, key: &str) -> Option<&'v Value> {
        self.entries.iter().find(|(name, _)| name.text == key).map(|(_, value)| value)
    }

    /// Where a key stands.
    pub(super) fn at(&self, key: &str) -> Span {
        self.entries.iter().find(|(name, _)| name.text == key).map_or(self.span, |(name, _)| name.whole)
    }

    pub(super) fn span(&self) -> Span {
        self.span
    }

    /// Whether a key is there, if only misspelt.
    pub(super) fn is_meant(&self, key: &str) -> bool {
        self.get(key).is_some() || self.misspelt.iter().any(|meant| meant == key)
    }

    /// Whether a key was reported as misspelt.
    pub(super) fn has_misspelt(&self) -> bool {
        !self.misspelt.is_empty()
    }
}

impl<'s> Reader<'s> {
    pub(super) fn new(source: &'s Source) -> Self {
        Self { source, problems: Vec::new() }
    }

    pub(super) fn problem(&mut self, code: Code, message: String, help: Option<String>, labels: Vec<(Span, String)>) {
        self.problems.push(PolicyProblem::new(code.as_str(), message, help, self.source, labels));
    }

    /// A mapping with known keys; unknown ones are reported.
    pub(super) fn keys<'v>(&mut self, value: &'v Value, what: &'static str, known: &[&str]) -> Option<Keys<'v>> {
        let ValueKind::Map(entries) = &value.kind else {
            self.shape(value, what, "a mapping of keys to values");
            return None;
        };
        let mut misspelt = Vec::new();
        for (key, _) in entries {
            if known.contains(&key.text.as_str()) || key.text.is_empty() {
                continue;
            }
            let message = format!("unknown key `{}` in {what}", key.text);
            let help = match nearest(&key.text, known) {
                Some(meant) => {
                    misspelt.push(meant.to_owned());
                    format!("did you mean `{meant}`?")
                }
                None => format!("keys: {}", known.join(", ")),
            };
            self.problem(Code::UnknownKey, message, Some(help), vec![(key.whole, "not a key".to_owned())]);
        }
        let span = entries.first().map_or(value.span, |(key, first)| {
            // The first entry names the thing: `id: LE-6.3`.
            if first.scalar().is_some() && !self.spans_lines(first.span) { key.whole.to(first.span) } else { key.whole }
        });
        Some(Keys { what, span, misspelt, entries })
    }

    fn spans_lines(&self, span: Span) -> bool {
        self.source.text().get(span.start as usize..span.end as usize).is_some_and(|text| text.contains('\n'))
    }

    /// The value of a key that must be there.
    pub(super) fn required<'v>(&mut self, keys: &Keys<'v>, key: &str) -> Option<&'v Value> {
        let value = keys.get(key);
        if value.is_none() && !keys.is_meant(key) {
            let message = format!("{} without `{key}`", keys.what);
            let help = Some(format!("add `{key}`"));
            self.problem(Code::MissingKey, message, help, vec![(keys.span, format!("has no `{key}`"))]);
        }
        value
    }

    pub(super) fn shape(&mut self, value: &Value, what: &str, expected: &str) {
        let message = format!("{what} must be {expected}, not {}", value.in_words());
        let span = match &value.kind {
            ValueKind::Scalar(_) => value.span,
            ValueKind::List(elements) => elements.first().map_or(value.span, |first| first.span),
            ValueKind::Map(entries) => entries.first().map_or(value.span, |(key, _)| key.whole),
        };
        self.problem(Code::Shape, message, None, vec![(span, format!("{expected} is expected"))]);
    }

    /// A text that says something.
    pub(super) fn text(&mut self, value: &Value, what: &str) -> Option<Fragment> {
        let Some(scalar) = value.scalar() else {
            self.shape(value, what, "a text");
            return None;
        };
        if scalar.is_null() || scalar.text.text.trim().is_empty() {
            self.problem(
                Code::Empty,
                format!("{what} is empty"),
                Some("write it, or remove the key".to_owned()),
                vec![(value.span, "nothing here".to_owned())],
            );
            return None;
        }
        Some(scalar.text.clone())
    }

    /// A text on one line, without the line break that a block may end with.
    pub(super) fn line(&mut self, value: &Value, what: &str) -> Option<Fragment> {
        let mut fragment = self.text(value, what)?;
        fragment.text.truncate(fragment.text.trim_end_matches(['\n', '\r']).len());
        if let Some(at) = fragment.text.find(['\n', '\r']) {
            let at = fragment.locate(Span::new(at, at + 1));
            let help = Some("write it on one line, or as a folded block `>-`".to_owned());
            self.problem(
                Code::NotOneLine,
                format!("{what} has several lines"),
                help,
                vec![(at, "the line ends here".to_owned())],
            );
        }
        Some(fragment)
    }

    /// The line at a key that must be there; a stand-in otherwise.
    pub(super) fn required_line(&mut self, keys: &Keys<'_>, key: &str) -> Fragment {
        let line = self.required(keys, key).and_then(|value| self.line(value, &format!("`{key}`")));
        line.unwrap_or_else(|| Fragment { text: String::new(), whole: keys.span, runs: Vec::new() })
    }

    /// The line at a key, if it is there.
    pub(super) fn optional_line(&mut self, keys: &Keys<'_>, key: &str) -> Option<Fragment> {
        keys.get(key).and_then(|value| self.line(value, &format!("`{key}`")))
    }

    /// The text at a key, if it is there, without the line breaks that a block may end with.
    pub(super) fn optional_text(&mut self, keys: &Keys<'_>, key: &str) -> Option<Fragment> {
        let mut text = keys.get(key).and_then(|value| self.text(value, &format!("`{key}`")))?;
        text.text.truncate(text.text.trim_end_matches(['\n', '\r']).len());
        Some(text)
    }

    /// One of a closed set of words.
    pub(super) fn word<T: Copy>(&mut self, value: &Value, what: &str, words: &[(&str, T)]) -> Option<Spanned<T>> {
        let text = self.line(value, what)?;
        self.key_word(&text, what, words)
    }

    /// One of a closed set of words, written as a key.
    pub(super) fn key_word<T: Copy>(&mut self, text: &Fragment, what: &str, words: &[(&str, T)]) -> Option<Spanned<T>> {
        if let Some((_, found)) = words.iter().find(|(word, _)| *word == text.text) {
            return Some(Spanned { value: *found, span: text.whole });
        }
        let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        let message = format!("unknown {} `{}`", what.trim_matches('`'), text.text);
        let help = did_you_mean(&text.text, &known).unwrap_or_else(|| format!("one of: {}", known.join(", ")));
        self.problem(Code::UnknownWord, message, Some(help), vec![(text.whole, "not known".to_owned())]);
        None
    }

    /// One of a closed set of words, at a key that must be there; a stand-in otherwise.
    pub(super) fn required_word<T: Copy>(
        &mut self,
        keys: &Keys<'_>,
        key: &str,
        words: &[(&str, T)],
        stand_in: T,
    ) -> Spanned<T> {
        let found = self.required(keys, key).and_then(|value| self.word(value, &format!("`{key}`"), words));
        found.unwrap_or(Spanned { value: stand_in, span: keys.span })
    }

    pub(super) fn list<'v>(&mut self, value: &'v Value, what: &str) -> &'v [Value] {
        match &value.kind {
            ValueKind::List(elements) => elements,
            ValueKind::Scalar(_) | ValueKind::Map(_) => {
                self.shape(value, what, "a list");
                &[]
            }
        }
    }

    /// A list of different lines.
    pub(super) fn lines(&mut self, value: &Value, what: &str) -> Vec<Fragment> {
        let elements = self.list(value, what);
        let mut lines: Vec<Fragment> = Vec::with_capacity(elements.len());
        for element in elements {
            let Some(line) = self.line(element, &format!("an entry of {what}")) else { continue };
            match lines.iter().find(|earlier| earlier.text == line.text) {
                Some(earlier) => {
                    let labels =
                        vec![(line.whole, "given again".to_owned()), (earlier.whole, "first given here".to_owned())];
                    let message = format!("`{}` stands twice in {what}", line.text);
                    self.problem(Code::DuplicateId, message, Some("remove one of the two".to_owned()), labels);
                }
                None => lines.push(line),
            }
        }
        lines
    }

    /// The lines at a key that must be there and hold at least one.
    pub(super) fn required_lines(&mut self, keys: &Keys<'_>, key: &str) -> Vec<Fragment> {
        let Some(value) = self.required(keys, key) else { return Vec::new() };
        self.filled_lines(value, &format!("`{key}`"))
    }

    /// Lines, at least one.
    pub(super) fn filled_lines(&mut self, value: &Value, what: &str) -> Vec<Fragment> {
        let is_empty_list = matches!(&value.kind, ValueKind::List(elements) if elements.is_empty());
        if is_empty_list {
            self.problem(
                Code::Empty,
                format!("{what} is empty"),
                None,
                vec![(value.span, "at least one entry is expected".to_owned())],
            );
        }
        self.lines(value, what)
    }

    /// The entries of a mapping with free keys.
    pub(super) fn entries<'v>(&mut self, value: &'v Value, what: &str) -> &'v [(Fragment, Value)] {
        match &value.kind {
            ValueKind::Map(entries) => entries,
            ValueKind::Scalar(_) | ValueKind::List(_) => {
                self.shape(value, what, "a mapping");
                &[]
            }
        }
    }

    /// `true` or `false`.
    pub(super) fn boolean(&mut self, value: &Value, what: &str) -> Option<bool> {
        match value.scalar().map(Scalar::meaning) {
            Some(Meaning::Bool(boolean)) => Some(boolean),
            _ => {
                self.shape(value, what, "`true` or `false`");
                None
            }
        }
    }

    pub(super) fn date(&mut self, value: &Value, what: &str) -> Option<Date> {
        self.time(value, what, "write `YYYY-MM-DD`")
    }

    pub(super) fn instant(&mut self, value: &Value, what: &str) -> Option<Spanned<Instant>> {
        let instant = self.time(value, what, "write `2026-03-20T15:00:00Z`")?;
        Some(Spanned { value: instant, span: value.span })
    }

    fn time<T: FromStr<Err = crate::primitives::PrimitiveError>>(
        &mut self,
        value: &Value,
        what: &str,
        help: &str,
    ) -> Option<T> {
        let text = self.line(value, what)?;
        match text.text.parse() {
            Ok(time) => Some(time),
            Err(error) => {
                self.problem(
                    Code::InvalidTime,
                    error.to_string(),
                    Some(help.to_owned()),
                    vec![(text.whole, "not accepted".to_owned())],
                );
                None
            }
        }
    }

    /// A text of the expression language.
    pub(super) fn parsed<T>(
        &mut self,
        text: Fragment,
        parse: impl FnOnce(&str) -> Result<T, Vec<ExprError>>,
    ) -> Parsed<T> {
        match parse(&text.text) {
            Ok(tree) => Parsed { text, tree: Some(tree) },
            Err(errors) => {
                self.problems.extend(errors.iter().map(|error| PolicyProblem::syntax(error, &text, self.source)));
                Parsed { text, tree: None }
            }
        }
    }

    /// The text of the expression language at a key, if it is there.
    pub(super) fn optional_parsed<T>(
        &mut self,
        keys: &Keys<'_>,
        key: &str,
        parse: impl FnOnce(&str) -> Result<T, Vec<ExprError>>,
    ) -> Option<Parsed<T>> {
        let text = self.optional_text(keys, key)?;
        Some(self.parsed(text, parse))
    }

    /// The text of the expression language at a key that must be there.
    pub(super) fn required_parsed<T>(
        &mut self,
        keys: &Keys<'_>,
        key: &str,
        parse: impl FnOnce(&str) -> Result<T, Vec<ExprError>>,
    ) -> Parsed<T> {
        let text = self.required(keys, key).and_then(|value| self.text(value, &format!("`{key}`")));
        match text {
            Some(text) => self.parsed(text, parse),
            None => Parsed { text: Fragment { text: String::new(), whole: keys.span, runs: Vec::new() }, tree: None },
        }
    }

    /// Refuses scalars that one reader takes for a text and another for something else, in a value
    /// that becomes JSON.
    pub(super) fn unambiguous(&mut self, value: &Value) {
        match &value.kind {
            ValueKind::List(elements) => elements.iter().for_each(|element| self.unambiguous(element)),
            ValueKind::Map(entries) => entries.iter().for_each(|(_, element)| self.unambiguous(element)),
            ValueKind::Scalar(scalar) => {
                if let Meaning::Ambiguous(text) = scalar.meaning() {
                    let message = format!("`{text}` may be a text or something else");
                    let help = Some(format!(
                        "quote it (`\"{text}\"`) if it is a text; else write `true`, `false`, `null` or a decimal number"
                    ));
                    self.problem(Code::AmbiguousScalar, message, help, vec![(value.span, "text or not?".to_owned())]);
                }
            }
        }
    }

    /// Reports ids that are given twice in one file.
    pub(super) fn unique<'f>(&mut self, what: &str, ids: impl Iterator<Item = &'f Fragment>) {
        let mut seen: std::collections::HashMap<&str, Span> = std::collections::HashMap::new();
        for id in ids.filter(|id| !id.text.is_empty()) {
            if let Some(first) = seen.insert(&id.text, id.whole) {
                let labels = vec![(id.whole, "given again".to_owned()), (first, "first given here".to_owned())];
                self.problem(
                    Code::DuplicateId,
                    format!("{what} `{}` is given twice", id.text),
                    Some("rename or remove one of the two".to_owned()),
                    labels,
                );
            }
        }
    }
}

/// The nearest known word, if one is near, as a question.
pub(super) fn did_you_mean(word: &str, known: &[&str]) -> Option<String> {
    nearest(word, known).map(|nearest| format!("did you mean `{nearest}`?"))
}

fn nearest<'k>(word: &str, known: &[&'k str]) -> Option<&'k str> {
    let lower = word.to_lowercase();
    let near = known
        .iter()
        .map(|known| (strsim::damerau_levenshtein(&lower, &known.to_lowercase()), *known))
        .min_by_key(|(distance, _)| *distance)?;
    let bound = (word.chars().count().max(near.1.chars().count()) / 3).max(1);
    (near.0 <= bound).then_some(near.1)
}
