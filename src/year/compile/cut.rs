//! Texts cut into parts: what stays, and what has a slot.

use std::collections::HashMap;

use super::super::template::{Part, Rule, Scope, Slot};
use super::super::value;

/// In a message: where its own digest and its size stand.
pub(super) const OWN: &str = "@own@";
pub(super) const SIZE: &str = "@size@";

/// How many bytes texts are looked up by.
const HEAD: usize = 4;

/// The texts that have a slot.
#[derive(Debug, Default)]
pub(super) struct Cutter {
    by_head: HashMap<[u8; HEAD], Vec<(String, Slot)>>,
    by_text: HashMap<String, Slot>,
    /// Times are found where they stand.
    times: HashMap<String, Slot>,
    /// How the text of each slot is made, as far as that is known.
    pub rules: Vec<Option<Rule>>,
    /// Who shares a slot that needs no others.
    pub scopes: HashMap<Slot, Scope>,
}

impl Cutter {
    /// Gives a text its slot; the first one counts.
    pub fn add(&mut self, text: &str, slot: Slot) {
        let Some(head) = head(text) else { return };
        if !self.by_text.contains_key(text) {
            self.by_text.insert(text.to_owned(), slot);
            let texts = self.by_head.entry(head).or_default();
            let at = texts.partition_point(|(other, _)| other.len() >= text.len());
            texts.insert(at, (text.to_owned(), slot));
        }
    }

    pub fn slot(&self, text: &str) -> Option<Slot> {
        self.by_text.get(text).copied()
    }

    /// Every text of 44 characters with its slot: identifiers and digests.
    pub fn named(&self) -> HashMap<String, Slot> {
        self.by_text.iter().filter(|(text, _)| text.len() == 44).map(|(text, slot)| (text.clone(), *slot)).collect()
    }

    /// A slot of its own.
    pub fn new_slot(&mut self, rule: Option<Rule>) -> Slot {
        self.rules.push(rule);
        Slot(u32::try_from(self.rules.len() - 1).unwrap_or(u32::MAX))
    }

    /// The slot of the time that a text begins with, made when it is first seen.
    fn time(&mut self, text: &str) -> Option<(usize, Slot)> {
        let first = text.as_bytes().first()?;
        if !first.is_ascii_digit() && !first.is_ascii_uppercase() {
            return None;
        }
        let (length, value) = value::time(text)?;
        let written = text.get(..length)?;
        if let Some(slot) = self.times.get(written) {
            return Some((length, *slot));
        }
        let scope = value.scope();
        let slot = self.new_slot(Some(Rule::Value(value)));
        self.scopes.insert(slot, scope);
        self.times.insert(written.to_owned(), slot);
        Some((length, slot))
    }

    /// Cuts a text; a text that is longer is found before one that it begins with.
    pub fn cut(&mut self, text: &str) -> Vec<Part> {
        let mut parts = Vec::new();
        let (mut at, mut copied) = (0, 0);
        while at < text.len() {
            let rest = text.get(at..).unwrap_or_default();
            let found = match self.found(rest) {
                Some((length, slot)) => Some((length, Part::Slot(slot))),
                None if rest.starts_with(OWN) => Some((OWN.len(), Part::Own)),
                None if rest.starts_with(SIZE) => Some((SIZE.len(), Part::Size)),
                // Digits and letters in the middle of something are no time.
                None if text[..at].ends_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')) => None,
                None => self.time(rest).map(|(length, slot)| (length, Part::Slot(slot))),
            };
            match found {
                Some((length, part)) => {
                    if copied < at {
                        parts.push(Part::Fixed(text[copied..at].into()));
                    }
                    parts.push(part);
                    at += length;
                    copied = at;
                }
                None => at += rest.chars().next().map_or(1, char::len_utf8),
            }
        }
        if copied < text.len() {
            parts.push(Part::Fixed(text[copied..].into()));
        }
        parts
    }

    fn found(&self, rest: &str) -> Option<(usize, Slot)> {
        let texts = self.by_head.get(&head(rest)?)?;
        texts.iter().find(|(text, _)| rest.starts_with(text.as_str())).map(|(text, slot)| (text.len(), *slot))
    }
}

fn head(text: &str) -> Option<[u8; HEAD]> {
    text.as_bytes().get(..HEAD)?.try_into().ok()
}
