//! `equivalent-mutants.yaml`: changes of an operator or constant that make no difference, each with its proof.
//!
//! A change is found by the rule or definition it stands in and by the text that it changes, so lines may shift.

use crate::source::{Fragment, Source};

use super::problem::Code;
use super::read::Reader;
use super::yaml::{Value, ValueKind};

/// `equivalent-mutants.yaml`
#[derive(Debug, Clone)]
pub struct ParsedEquivalents {
    /// The file.
    pub source: Source,
    /// Its entries, as written.
    pub entries: Vec<EquivalentMutants>,
}

/// Changes in one place that are proven alike.
#[derive(Debug, Clone)]
pub struct EquivalentMutants {
    /// The policy file.
    pub file: Fragment,
    /// The rule, or the name of the definition.
    pub within: Fragment,
    /// Why no evidence tells them apart.
    pub why: Fragment,
    /// The changes.
    pub changes: Vec<EquivalentMutant>,
}

/// One change.
#[derive(Debug, Clone)]
pub struct EquivalentMutant {
    /// As it is listed: `and to or`.
    pub change: Fragment,
    /// The expression that is changed.
    pub of: Fragment,
    /// Which of several alike it is, counted from 1 in order of place.
    pub nth: usize,
}

pub(super) const EQUIVALENTS_FILE_KEYS: &[&str] = &["equivalent"];
pub(super) const ENTRY_KEYS: &[&str] = &["file", "in", "why", "changes"];
pub(super) const CHANGE_KEYS: &[&str] = &["change", "of", "nth"];

impl Reader<'_> {
    pub(super) fn equivalents(&mut self, root: &Value) -> Option<ParsedEquivalents> {
        let keys = self.keys(root, "the file of equivalent mutants", EQUIVALENTS_FILE_KEYS)?;
        let list = self.required(&keys, "equivalent")?;
        let mut entries = Vec::new();
        for entry in self.list(list, "`equivalent`") {
            let Some(keys) = self.keys(entry, "an entry", ENTRY_KEYS) else { continue };
            let changes = self.required(&keys, "changes").map(|list| self.list(list, "`changes`"));
            entries.push(EquivalentMutants {
                file: self.required_line(&keys, "file"),
                within: self.required_line(&keys, "in"),
                why: self.required_line(&keys, "why"),
                changes: changes.unwrap_or_default().iter().filter_map(|change| self.equivalent(change)).collect(),
            });
        }
        Some(ParsedEquivalents { source: self.source.clone(), entries })
    }

    fn equivalent(&mut self, value: &Value) -> Option<EquivalentMutant> {
        let keys = self.keys(value, "a change", CHANGE_KEYS)?;
        let (change, of) = (self.required_line(&keys, "change"), self.required_line(&keys, "of"));
        let nth = keys.get("nth").map_or(Some(1), |value| self.ordinal(value))?;
        Some(EquivalentMutant { change, of, nth })
    }

    fn ordinal(&mut self, value: &Value) -> Option<usize> {
        let number = match &value.kind {
            ValueKind::Scalar(scalar) => scalar.text.text.parse().ok().filter(|number| *number > 0),
            ValueKind::List(_) | ValueKind::Map(_) => None,
        };
        if number.is_none() {
            let message = format!("`nth` is {}", value.in_words());
            let labels = vec![(value.span, "a number from 1 on is expected".to_owned())];
            self.problem(Code::Shape, message, Some("1 is the first of several alike".to_owned()), labels);
        }
        number
    }
}
