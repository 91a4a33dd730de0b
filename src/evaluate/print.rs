//! Values and operations as a reader sees them: one line, bounded, no control characters.

use crate::compile::LABELS;
use crate::compile::program::{MessagePiece, Op, OpId, ParameterValue};
use crate::facts::{CellValue, NodeId};

use super::Shown;
use super::machine::Machine;
use super::value::{Known, ListRef, Value};

/// Longest text that is printed whole, in characters.
const TEXT_MAX: usize = 200;

/// Most elements of a list that are printed.
const ELEMENTS_MAX: usize = 10;

/// How an unknown is printed in a message.
const MISSING: &str = "(missing)";

impl<'a> Machine<'a> {
    /// A message with its expressions filled in.
    pub(super) fn message(&mut self, pieces: &[MessagePiece]) -> String {
        let mut message = String::new();
        for piece in pieces {
            match piece {
                MessagePiece::Text(text) => message.push_str(text),
                MessagePiece::Value(op) => {
                    let mark = self.mark();
                    let value = self.eval(*op);
                    message.push_str(&match self.steps {
                        0 => "(not computed)".to_owned(),
                        _ => self.show(value),
                    });
                    self.release(mark);
                }
            }
        }
        message
    }

    /// A value as messages print it.
    pub(super) fn show(&self, value: Known<'a>) -> String {
        match value {
            Err(_) => MISSING.to_owned(),
            Ok(Value::Bool(value)) => value.to_string(),
            Ok(Value::Int(value)) => value.to_string(),
            Ok(Value::Text("")) => "\"\"".to_owned(),
            Ok(Value::Text(text) | Value::Malformed(text)) => one_line(text),
            Ok(Value::Instant(value)) => value.to_string(),
            Ok(Value::Date(value)) => value.to_string(),
            Ok(Value::Duration(value)) => value.to_string(),
            Ok(Value::Days(value)) => counted(value, "day"),
            Ok(Value::Months(value)) => counted(value, "month"),
            Ok(Value::Threshold(value)) => threshold(value),
            Ok(Value::Record(node)) => self.label(node).unwrap_or_else(|| self.type_name(node).to_owned()),
            Ok(Value::List(list)) => self.show_list(list),
        }
    }

    /// A value for a reader outside the engine.
    pub(super) fn outside(&self, value: Value<'a>) -> Shown {
        match value {
            Value::Bool(value) => Shown::Bool(value),
            Value::Int(value) => Shown::Int(value),
            Value::Text(text) | Value::Malformed(text) => Shown::Text(text.to_owned()),
            Value::List(list) => {
                let element = |index| match self.element(list, index, OpId(0)).value.ok()? {
                    Value::List(_) => Some(Shown::Text("(list)".to_owned())),
                    value => Some(self.outside(value)),
                };
                Shown::List((0..self.length(list)).map(element).collect())
            }
            Value::Instant(_)
            | Value::Date(_)
            | Value::Duration(_)
            | Value::Days(_)
            | Value::Months(_)
            | Value::Threshold(_)
            | Value::Record(_) => Shown::Text(self.show(Ok(value))),
        }
    }

    fn show_list(&self, list: ListRef) -> String {
        let length = self.length(list);
        if length == 0 {
            return "(none)".to_owned();
        }
        // The operation only names unknowns, which are not printed.
        let shown: Vec<String> = (0..length.min(ELEMENTS_MAX))
            .map(|index| match self.element(list, index, OpId(0)).value {
                Ok(Value::List(inner)) if self.length(inner) > 0 => format!("({})", self.show_list(inner)),
                value => self.show(value),
            })
            .collect();
        let more = if length > ELEMENTS_MAX { format!(" and {} more", length - ELEMENTS_MAX) } else { String::new() };
        format!("{}{more}", shown.join(", "))
    }

    /// What an object calls itself: the first of the fields that `compile` always keeps for this.
    pub(super) fn label(&self, node: NodeId) -> Option<String> {
        LABELS.iter().find_map(|field| self.text_field(node, field))
    }

    pub(super) fn text_field(&self, node: NodeId, field: &str) -> Option<String> {
        let type_id = self.facts.node(node).type_id;
        let field = self.program.schema.struct_type(type_id).field(field)?;
        let slot = self.program.layout.slot(type_id, field)?;
        match self.facts.cell(node, slot).value {
            CellValue::Text(text) | CellValue::Malformed(text) if !text.is_empty() => Some(one_line(text)),
            _ => None,
        }
    }

    fn type_name(&self, node: NodeId) -> &str {
        &self.program.schema.struct_type(self.facts.node(node).type_id).name
    }

    /// What an operation looks for, as the policy language writes it: a path where it is one, else
    /// the text it was compiled from.
    pub(super) fn wanted(&self, op: OpId) -> String {
        self.path(op, 0).or_else(|| self.source(op)).unwrap_or_else(|| "a value".to_owned())
    }

    fn path(&self, op: OpId, depth: u32) -> Option<String> {
        if depth > 64 {
            return None;
        }
        match self.op(op) {
            Op::One(kind) | Op::Recorded(kind) => Some(self.program.schema.kind(*kind).singular.clone()),
            Op::All(kind) => {
                let kind = self.program.schema.kind(*kind);
                Some(kind.plural.clone().unwrap_or_else(|| kind.singular.clone()))
            }
            Op::Parameter(id) => self.program.parameters.get(id.0 as usize).map(|parameter| parameter.name.clone()),
            // As the policy has it, where that is a path: `group_session.start`, not what the name stands for.
            Op::Field { .. } if self.source(op).is_some_and(|text| is_path(&text)) => self.source(op),
            Op::Field { base, field } | Op::Has { base, field } | Op::Coalesce { base, field, .. } => {
                let type_ = self.program.schema.struct_type(field.type_id);
                let field = type_.fields.get(usize::from(field.field))?;
                let base = self.path(*base, depth + 1).or_else(|| self.source(*base));
                Some(format!("{}.{}", base.unwrap_or_else(|| type_.name.clone()), field.name))
            }
            _ => None,
        }
    }

    /// The text an operation was compiled from, on one line.
    pub(super) fn source(&self, op: OpId) -> Option<String> {
        let origin = self.program.origins.get(op.0 as usize)?;
        let document = self.program.documents.get(origin.document.0 as usize)?;
        let text = document.text.get(origin.span.start as usize..origin.span.end as usize)?;
        let folded = text.split_whitespace().collect::<Vec<_>>().join(" ");
        (!folded.is_empty()).then(|| one_line(&folded))
    }
}

/// Whether a text is names joined by dots, at least two.
fn is_path(text: &str) -> bool {
    let name = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    text.contains('.') && text.split('.').all(name)
}

/// A parameter's value, as the policy language writes it.
pub fn print_parameter(value: &ParameterValue) -> String {
    match value {
        ParameterValue::Bool(value) => value.to_string(),
        ParameterValue::Int(value) => value.to_string(),
        ParameterValue::Text(text) => format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")),
        ParameterValue::Instant(value) => value.to_string(),
        ParameterValue::Date(value) => value.to_string(),
        ParameterValue::Duration(value) => value.to_string(),
        ParameterValue::Days(value) => counted(*value, "day"),
        ParameterValue::Months(value) => counted(*value, "month"),
        ParameterValue::List(values) => {
            format!("[{}]", values.iter().map(print_parameter).collect::<Vec<_>>().join(", "))
        }
        ParameterValue::Unset => "(not set)".to_owned(),
    }
}

/// `1 day`, `30 days`
pub(super) fn counted(number: i64, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

/// Text of the evidence on one line: control characters, and those that reorder text, escaped.
pub(super) fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len().min(TEXT_MAX * 4));
    for (count, character) in text.chars().enumerate() {
        if count == TEXT_MAX {
            line.push('…');
            break;
        }
        match character {
            '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' => {
                line.extend(character.escape_unicode());
            }
            character if character.is_control() => line.extend(character.escape_unicode()),
            character => line.push(character),
        }
    }
    line
}

fn threshold(threshold: &crate::facts::threshold::Threshold) -> String {
    use crate::facts::threshold::{Threshold, Weight};
    let weight = |weight: &Weight| match weight.denominator {
        1 => weight.numerator.to_string(),
        denominator => format!("{}/{denominator}", weight.numerator),
    };
    match threshold {
        Threshold::Count(count) => count.to_string(),
        Threshold::Weighted(groups) => {
            let group = |group: &Vec<Weight>| format!("[{}]", group.iter().map(weight).collect::<Vec<_>>().join(", "));
            groups.iter().map(group).collect::<Vec<_>>().join(" and ")
        }
    }
}
