//! The builtin functions, one arm each.

use std::collections::BTreeSet;

use unicode_normalization::UnicodeNormalization;
use url::Url;

use crate::compile::program::{Function, OpId};
use crate::facts::Cause;
use crate::primitives::Lei;

use super::machine::Machine;
use super::value::{Known, ListRef, Truth, Unknown, Value, blame, both};

impl<'a> Machine<'a> {
    pub(super) fn function(&mut self, op: OpId, function: Function, arguments: &'a [OpId]) -> Known<'a> {
        let invalid = Err(Unknown::new(Cause::Invalid, op));
        match (function, arguments) {
            (Function::Date, [time]) => match self.eval(*time)? {
                Value::Instant(instant) => Ok(Value::Date(instant.date())),
                Value::Date(date) => Ok(Value::Date(date)),
                _ => invalid,
            },
            (Function::WellFormed, [identifier]) => match self.eval(*identifier)? {
                Value::Text(_) => Ok(Value::Bool(true)),
                Value::Malformed(_) => Ok(Value::Bool(false)),
                _ => invalid,
            },
            (Function::LeiOf, [text]) => match self.text(*text)? {
                text if text.parse::<Lei>().is_ok() => Ok(Value::Text(text)),
                text => Ok(Value::Malformed(text)),
            },
            (Function::SameName, [a, b]) => {
                let a = self.text(*a);
                let (a, b) = both(a, self.text(*b))?;
                Ok(Value::Bool(a == b || folded(a).eq(folded(b))))
            }
            (Function::MinSigners, [threshold]) => match self.eval(*threshold)? {
                Value::Threshold(threshold) => {
                    let signers = threshold.min_signers().and_then(|signers| i64::try_from(signers).ok());
                    signers.map(Value::Int).ok_or(Unknown::new(Cause::Invalid, op))
                }
                _ => invalid,
            },
            (Function::Satisfied, [threshold, indices]) => {
                let mark = self.mark();
                let threshold = self.eval(*threshold);
                let arguments = both(threshold, self.list(*indices));
                let answer = arguments.and_then(|(threshold, list)| match threshold {
                    Value::Threshold(threshold) => self.satisfied(op, *indices, list, |keys| threshold.satisfied(keys)),
                    _ => Err(Unknown::new(Cause::Invalid, op)),
                });
                self.release(mark);
                answer.map(Value::Bool)
            }
            (Function::UrlHost, [text]) => {
                let url = self.url(op, *text)?;
                match url.host_str() {
                    Some(host) if !host.is_empty() => Ok(Value::Text(self.arena.alloc_str(&host.to_lowercase()))),
                    Some(_) | None => invalid,
                }
            }
            (Function::UrlHasSegment, [text, segment]) => {
                let url = self.url(op, *text);
                let (url, segment) = both(url, self.eval(*segment))?;
                if !url.has_host() {
                    return invalid;
                }
                let segment = match segment {
                    Value::Text(segment) => segment,
                    Value::Malformed(_) => return Ok(Value::Bool(false)),
                    _ => return invalid,
                };
                // A path that ends in `/` has an empty last segment, which is none.
                let found = !segment.is_empty()
                    && url.path_segments().is_some_and(|mut segments| segments.any(|part| part == segment));
                Ok(Value::Bool(found))
            }
            (Function::Length, [text]) => {
                let length = self.text(*text)?.chars().count();
                Ok(Value::Int(i64::try_from(length).unwrap_or(i64::MAX)))
            }
            (Function::StartsWith, [text, prefix]) => {
                let text = self.text(*text);
                let (text, prefix) = both(text, self.text(*prefix))?;
                Ok(Value::Bool(text.starts_with(prefix)))
            }
            (Function::Unproven, []) => Err(Unknown::new(Cause::Unproven, op)),
            (
                Function::Date
                | Function::WellFormed
                | Function::LeiOf
                | Function::SameName
                | Function::MinSigners
                | Function::Satisfied
                | Function::UrlHost
                | Function::UrlHasSegment
                | Function::Length
                | Function::StartsWith
                | Function::Unproven,
                _,
            ) => invalid,
        }
    }

    /// A text. A malformed identifier is no text that anything may be concluded from.
    fn text(&mut self, op: OpId) -> Result<&'a str, Unknown> {
        match self.eval(op)? {
            Value::Text(text) => Ok(text),
            _ => Err(Unknown::new(Cause::Invalid, op)),
        }
    }

    fn url(&mut self, op: OpId, text: OpId) -> Result<Url, Unknown> {
        let (text, at) = self.eval_located(text);
        match text? {
            Value::Text(text) => Url::parse(text).map_err(|_| Unknown::at(Cause::Invalid, op, at)),
            _ => Err(Unknown::at(Cause::Invalid, op, at)),
        }
    }

    /// A threshold is monotone: more keys never make it unsatisfied. So it is known if the keys that
    /// are certain satisfy it; an unknown index might.
    fn satisfied(
        &mut self,
        op: OpId,
        list: OpId,
        indices: ListRef,
        satisfies: impl Fn(&BTreeSet<u32>) -> bool,
    ) -> Truth {
        let (mut certain, mut possible, mut blamed) = (BTreeSet::new(), BTreeSet::new(), None);
        let mut any = false;
        for index in 0..self.length(indices) {
            if !self.step() {
                return Err(Unknown::new(Cause::Overflow, op));
            }
            let element = self.element(indices, index, list);
            let key = element.value.map(|value| match value {
                Value::Int(key) => u32::try_from(key).ok(),
                _ => None,
            });
            match (key, element.doubt) {
                (Ok(Some(key)), None) => {
                    certain.insert(key);
                    possible.insert(key);
                }
                (Ok(Some(key)), Some(doubt)) => {
                    possible.insert(key);
                    blame(&mut blamed, doubt);
                }
                // No key has such an index, so it counts nothing.
                (Ok(None), _) => {}
                (Err(unknown), _) => {
                    any = true;
                    blame(&mut blamed, unknown);
                }
            }
        }
        match blamed {
            _ if satisfies(&certain) => Ok(true),
            Some(unknown) if any || satisfies(&possible) => Err(unknown),
            Some(_) | None => Ok(false),
        }
    }

    /// Whether the whole text matches a pattern.
    pub(super) fn matches(&mut self, op: OpId, text: OpId, pattern: u32) -> Truth {
        let text = match self.eval(text)? {
            Value::Text(text) => text,
            Value::Malformed(_) => return Ok(false),
            _ => return Err(Unknown::new(Cause::Invalid, op)),
        };
        Ok(self.program.patterns[pattern as usize].matches(text))
    }
}

/// A name as it is compared: composed, without case, with one space between words.
fn folded(name: &str) -> impl Iterator<Item = char> + '_ {
    // Upper case first: some small letters (ß) have no capital of their own and fold to two.
    let words = name.split_whitespace().flat_map(|word| std::iter::once(' ').chain(word.chars()));
    words.nfc().flat_map(char::to_uppercase).flat_map(char::to_lowercase).nfc()
}

#[cfg(test)]
mod tests {
    use super::folded;

    #[test]
    fn names_are_folded() {
        let same = |a: &str, b: &str| folded(a).eq(folded(b));
        assert!(same("ACME  AG ", "acme ag"));
        assert!(same("Stra\u{df}e", "STRASSE"));
        assert!(same("Zu\u{308}rich", "Z\u{fc}rich"));
        assert!(same("ΟΔΟΣ", "οδος"));
        assert!(!same("ACME AG", "ACMEAG"));
        assert!(!same("ACME", "ACME AG"));
    }
}
