//! YAML values as values of a declared type: defaults of parameters, rows of tables.

use super::program::ParameterValue;
use super::types;
use crate::expr::ast::Literal;
use crate::expr::parse_literal;
use crate::facts::schema::{FactSchema, Type};
use crate::policy::yaml::{Meaning, Scalar, Value, ValueKind};
use crate::primitives::{Aid, Lei, Said, Sha256};
use crate::source::Span;

/// Why a value is not of its type: where, what is wrong, and what to write.
pub(super) struct Misfit {
    pub(super) span: Span,
    pub(super) message: String,
    pub(super) help: String,
}

/// Whether values of the type can be written in a policy file.
pub(super) fn is_writable(type_: &Type) -> bool {
    match type_ {
        Type::List(item) => is_writable(item) && !matches!(**item, Type::List(_)),
        Type::Record(_) | Type::Threshold => false,
        _ => true,
    }
}

/// A value of the type, or why it is none.
pub(super) fn read(schema: &FactSchema, value: &Value, type_: &Type) -> Result<ParameterValue, Misfit> {
    match (&value.kind, type_) {
        (ValueKind::List(elements), Type::List(item)) => {
            let elements: Result<Vec<_>, _> = elements.iter().map(|element| read(schema, element, item)).collect();
            elements.map(ParameterValue::List)
        }
        (ValueKind::Scalar(scalar), type_) if !matches!(type_, Type::List(_)) => scalar_of(schema, scalar, type_),
        (ValueKind::Scalar(_) | ValueKind::List(_) | ValueKind::Map(_), _) => {
            Err(misfit(schema, value.span, None, type_))
        }
    }
}

/// A value given on the command line (`--set parameter=value`); a list is given with commas.
pub fn read_text(schema: &FactSchema, text: &str, type_: &Type) -> Result<ParameterValue, String> {
    let scalar = |text: &str, type_: &Type| {
        let fragment = crate::source::Fragment::plain(text);
        scalar_of(schema, &Scalar { text: fragment, quoted: true }, type_).map_err(|misfit| misfit.message)
    };
    match type_ {
        Type::List(item) if text.is_empty() => {
            let _ = item;
            Ok(ParameterValue::List(Vec::new()))
        }
        Type::List(item) => {
            let elements: Result<Vec<_>, _> = text.split(',').map(|element| scalar(element.trim(), item)).collect();
            elements.map(ParameterValue::List)
        }
        _ => scalar(text, type_),
    }
}

fn scalar_of(schema: &FactSchema, scalar: &Scalar, type_: &Type) -> Result<ParameterValue, Misfit> {
    let text = scalar.text.text.as_str();
    let refused = |reason: Option<String>| misfit(schema, scalar.text.whole, Some((text, reason)), type_);
    if matches!(scalar.meaning(), Meaning::Null) {
        return Err(refused(None));
    }
    let checked = |reason: Option<String>| match reason {
        None => Ok(ParameterValue::Text(text.to_owned())),
        Some(reason) => Err(refused(Some(reason))),
    };
    match type_ {
        Type::Text | Type::Person | Type::Decimal => return checked(None),
        Type::Lei => return checked(text.parse::<Lei>().err().map(|error| error.to_string())),
        Type::Aid => return checked(text.parse::<Aid>().err().map(|error| error.to_string())),
        Type::Said => return checked(text.parse::<Said>().err().map(|error| error.to_string())),
        Type::Sha256 => return checked(text.parse::<Sha256>().err().map(|error| error.to_string())),
        _ => {}
    }
    match (parse_literal(text).ok(), type_) {
        (Some(Literal::Bool(value)), Type::Bool) => Ok(ParameterValue::Bool(value)),
        (Some(Literal::Int(value)), Type::Int) => Ok(ParameterValue::Int(value)),
        (Some(Literal::Instant(value)), Type::Instant) => Ok(ParameterValue::Instant(value)),
        (Some(Literal::Date(value)), Type::Date) => Ok(ParameterValue::Date(value)),
        (Some(Literal::Duration(value)), Type::Duration) => Ok(ParameterValue::Duration(value)),
        (Some(Literal::Days(value)), Type::Days) => Ok(ParameterValue::Days(value)),
        (Some(Literal::Months(value)), Type::Months) => Ok(ParameterValue::Months(value)),
        _ => Err(refused(None)),
    }
}

fn misfit(schema: &FactSchema, span: Span, written: Option<(&str, Option<String>)>, type_: &Type) -> Misfit {
    let wanted = types::a(schema, type_);
    let message = match written {
        Some((_, Some(reason))) => reason,
        Some((text, None)) => format!("`{text}` is not {wanted}"),
        None => format!("this value is not {wanted}"),
    };
    let example = match type_ {
        Type::Bool => "`true` or `false`",
        Type::Int => "`42`",
        Type::Instant => "`2026-03-20T15:00:00Z`",
        Type::Date => "`2026-03-20`",
        Type::Duration => "`168h`, `90s`, `7h30min`",
        Type::Days => "`30 days`",
        Type::Months => "`3 months`, `1 year`",
        Type::Lei => "a LEI with its check digits",
        Type::Aid | Type::Said => "44 characters, as in a key event",
        Type::Sha256 => "64 lower-case hexadecimal digits",
        Type::List(_) => "`[a, b]`",
        _ => "a text",
    };
    Misfit { span, message, help: format!("write {example}") }
}
