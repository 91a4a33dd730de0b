//! `policy fmt`: a policy file in its one canonical form.
//!
//! In: a policy file without problems. Out: the same policy with keys in the order of the reference,
//! expressions in canonical text (literals keep their spelling), two spaces of indentation, and the
//! comments that stand on lines of their own before an entry. A comment that has no place is
//! refused, and so is a result that does not mean what the file meant. Other files are left alone.

mod layout;
mod meaning;

use crate::expr::ast::{Binding, Expr, MessagePart};
use crate::expr::print;
use crate::source::{Fragment, Source, Span};

use super::document::{DEFINITION_KEYS, FILE_KEYS, PARAMETER_KEYS, ParsedPolicy, VERSION_KEYS};
use super::problem::{Code, PolicyProblem};
use super::read::Reader;
use super::rule::{EXPRESSION_KEYS, IN_FORCE_KEYS, ParsedBody, ParsedRule, RULE_KEYS, SOURCE_KEYS};
use super::yaml::{self, Tree, Value, ValueKind};
use super::{FileKind, Parsed, file_kind};

use layout::{Layout, Written};

/// Characters of a line, except for what has no place to break.
const WIDTH: usize = 100;
/// Characters of a line that holds a whole mapping: a parameter reads better in one line.
const FLOW_WIDTH: usize = 120;

/// The canonical form of a policy file; other files come back as they are.
///
/// # Errors
/// The problems of the file, comments that have no place, or a result that would mean something else.
pub fn format(source: &Source) -> Result<String, Vec<PolicyProblem>> {
    match file_kind(source.name()) {
        FileKind::Policy => {}
        FileKind::Cases
        | FileKind::Flows
        | FileKind::Profiles
        | FileKind::Pending
        | FileKind::External
        | FileKind::Table
        | FileKind::Equivalents => {
            return Ok(source.text().to_owned());
        }
    }
    let (tree, policy) = parse(source)?;
    let mut formatter = Formatter { policy: &policy, layout: Layout::new(source, &tree) };
    formatter.file(&tree.root);
    let text = formatter.layout.finish()?;
    let formatted = Source::new(source.name(), text.as_str());
    let unchanged = parse(&formatted).is_ok_and(|(_, again)| meaning::of(&again) == meaning::of(&policy));
    if unchanged {
        return Ok(text);
    }
    let labels = vec![(Span::new(0, 1), "in this file".to_owned())];
    let help = Some("the file is left as it is; please report this with the file".to_owned());
    let message = "formatting would change what the policy means";
    Err(vec![PolicyProblem::new(Code::MeaningChanged.as_str(), message, help, source, labels)])
}

fn parse(source: &Source) -> Result<(Tree, ParsedPolicy), Vec<PolicyProblem>> {
    let tree = yaml::read(source)?;
    let mut reader = Reader::new(source);
    let policy = reader.policy(&tree.root);
    match policy {
        Some(policy) if reader.problems.is_empty() => Ok((tree, policy)),
        _ => Err(reader.problems),
    }
}

struct Formatter<'a> {
    policy: &'a ParsedPolicy,
    layout: Layout<'a>,
}

/// The entries of a mapping in the order of `keys`.
fn ordered<'v>(value: &'v Value, keys: &[&str]) -> Vec<&'v (Fragment, Value)> {
    let ValueKind::Map(entries) = &value.kind else { return Vec::new() };
    let place = |key: &str| keys.iter().position(|known| *known == key).unwrap_or(keys.len());
    let mut entries: Vec<&(Fragment, Value)> = entries.iter().collect();
    entries.sort_by_key(|(key, _)| place(&key.text));
    entries
}

fn elements(value: &Value) -> &[Value] {
    match &value.kind {
        ValueKind::List(elements) => elements,
        ValueKind::Scalar(_) | ValueKind::Map(_) => &[],
    }
}

impl Formatter<'_> {
    fn file(&mut self, root: &Value) {
        for (at, (key, value)) in ordered(root, FILE_KEYS).into_iter().enumerate() {
            let section = matches!(key.text.as_str(), "parameters" | "definitions" | "rules");
            self.layout.blank_line(section && at > 0);
            let is_empty = match &value.kind {
                ValueKind::List(elements) => elements.is_empty(),
                ValueKind::Map(entries) => entries.is_empty(),
                ValueKind::Scalar(_) => false,
            };
            match key.text.as_str() {
                "versions" if !is_empty => self.versions(key, value),
                "parameters" if !is_empty => self.parameters(key, value),
                "definitions" if !is_empty => self.definitions(key, value),
                "rules" if !is_empty => self.rules(key, value),
                _ => self.layout.entry(0, key, Written::Value(value)),
            }
        }
    }

    fn versions(&mut self, key: &Fragment, value: &Value) {
        self.layout.key(0, key);
        for (at, version) in elements(value).iter().enumerate() {
            self.layout.item_comments(2, version.span, at > 0);
            self.layout.item(2, version, VERSION_KEYS);
        }
    }

    fn parameters(&mut self, key: &Fragment, value: &Value) {
        self.layout.key(0, key);
        for (at, (name, body)) in ordered(value, &[]).into_iter().enumerate() {
            self.layout.item_comments(2, name.whole, at > 0);
            let type_name = self.policy.parameters.iter().find(|parameter| parameter.name.text == name.text);
            let type_name = type_name.and_then(|parameter| parameter.type_.tree.as_ref()).map(print::print_type);
            let written = |key: &str| if key == "type" { type_name.clone() } else { None };
            if self.layout.flow_entry(2, name, body, PARAMETER_KEYS, &written) {
                continue;
            }
            self.layout.key(2, name);
            for (key, value) in ordered(body, PARAMETER_KEYS) {
                match written(&key.text) {
                    Some(text) => self.layout.entry(4, key, Written::Text(&text)),
                    None => self.layout.entry(4, key, Written::Value(value)),
                }
            }
        }
    }

    fn definitions(&mut self, key: &Fragment, value: &Value) {
        self.layout.key(0, key);
        let policy = self.policy;
        for (at, (definition, body)) in policy.definitions.iter().zip(elements(value)).enumerate() {
            self.layout.item_comments(2, body.span, at > 0);
            self.layout.dash(2);
            for (key, _) in ordered(body, DEFINITION_KEYS) {
                if key.text == "define" {
                    let head = definition.head.tree.as_ref().map(print::print_signature).unwrap_or_default();
                    self.layout.entry(4, key, Written::Text(&head));
                } else {
                    let body = expression(&definition.body).unwrap_or_default();
                    self.layout.entry(4, key, Written::Expression(&body));
                }
            }
        }
    }

    fn rules(&mut self, key: &Fragment, value: &Value) {
        self.layout.key(0, key);
        let policy = self.policy;
        for (at, (rule, body)) in policy.rules.iter().zip(elements(value)).enumerate() {
            self.layout.blank_line(at > 0);
            self.layout.item_comments(2, body.span, false);
            self.layout.dash(2);
            for (key, value) in ordered(body, RULE_KEYS) {
                self.rule_entry(rule, key, value);
            }
        }
    }

    fn rule_entry(&mut self, rule: &ParsedRule, key: &Fragment, value: &Value) {
        let text = match key.text.as_str() {
            word if EXPRESSION_KEYS.contains(&word) => own_expression(rule, word),
            "message" => {
                let message = rule.message.as_ref().and_then(message).unwrap_or_default();
                self.layout.entry(4, key, Written::Text(&message));
                return;
            }
            "help" | "notes" => {
                let text = if key.text == "help" { &rule.help } else { &rule.notes };
                let text = text.as_ref().map(|text| text.text.as_str()).unwrap_or_default();
                self.layout.entry(4, key, Written::Text(text));
                return;
            }
            "source" => {
                if !self.layout.flow_entry(4, key, value, SOURCE_KEYS, &|_| None) {
                    self.layout.entry(4, key, Written::Value(value));
                }
                return;
            }
            "in_force" => {
                if !self.layout.flow_entry(4, key, value, IN_FORCE_KEYS, &|_| None) {
                    self.layout.entry(4, key, Written::Value(value));
                }
                return;
            }
            _ => None,
        };
        match text {
            Some(text) => self.layout.entry(4, key, Written::Expression(&text)),
            None => self.layout.entry(4, key, Written::Value(value)),
        }
    }
}

/// The canonical text of an expression, literals as they were spelt.
fn expression(parsed: &Parsed<Expr>) -> Option<String> {
    Some(print::print_as_written(parsed.tree.as_ref()?, &parsed.text.text))
}

fn binding(parsed: &Parsed<Binding>) -> Option<String> {
    Some(print::print_binding_as_written(parsed.tree.as_ref()?, &parsed.text.text))
}

fn message(parsed: &Parsed<Vec<MessagePart>>) -> Option<String> {
    Some(print::print_message_as_written(parsed.tree.as_ref()?, &parsed.text.text))
}

fn own_expression(rule: &ParsedRule, key: &str) -> Option<String> {
    let ParsedBody::Expressions(expressions) = &rule.body else { return None };
    match key {
        "for each" => expressions.for_each.as_ref().and_then(binding),
        "applies" => expressions.applies.as_ref().and_then(expression),
        "require" => expressions.require.as_ref().and_then(expression),
        "attested" => expressions.attested.as_ref().and_then(expression),
        _ => expressions.warn_when.as_ref().and_then(expression),
    }
}

#[cfg(test)]
mod tests;
