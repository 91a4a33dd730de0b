//! Parameters of the rule book: those that were set, and all of them for the report.

use crate::compile::program::{Parameter, ParameterId, ParameterValue, Profile, Program};
use crate::evaluate::print_parameter;
use crate::expr::ast::Literal;
use crate::facts::schema::{FactSchema, Type};
use crate::primitives::{Aid, Date, Instant, Lei, Said, Sha256};
use crate::report::document::ParameterEntry;

use super::CheckError;

/// Values that were set, each typed as the rule book declares it.
pub(super) fn assignments(
    program: &Program,
    set: &[(String, String)],
) -> Result<Vec<(ParameterId, ParameterValue)>, CheckError> {
    let mut values: Vec<(ParameterId, ParameterValue)> = Vec::with_capacity(set.len());
    for (name, text) in set {
        let found = program.parameters.iter().position(|parameter| parameter.name == *name);
        let Some(at) = found else { return Err(unknown(program, name)) };
        let id = ParameterId(at as u32);
        if values.iter().any(|(other, _)| *other == id) {
            return Err(CheckError::ParameterTwice { name: name.clone() });
        }
        let parameter = &program.parameters[at];
        let value = value(&program.schema, &parameter.type_, text).map_err(|expected| CheckError::ParameterValue {
            name: name.clone(),
            value: text.clone(),
            expected: format!("{expected} is expected, such as the default {}", print_parameter(&parameter.default)),
        })?;
        values.push((id, value));
    }
    Ok(values)
}

/// Every parameter, its value in the run, and who set it.
pub(super) fn entries(
    program: &Program,
    profile: &Profile,
    set: &[(ParameterId, ParameterValue)],
) -> Vec<ParameterEntry> {
    let of = |id: ParameterId, list: &[(ParameterId, ParameterValue)]| {
        list.iter().rev().find(|(other, _)| *other == id).map(|(_, value)| print_parameter(value))
    };
    let entry = |(at, parameter): (usize, &Parameter)| {
        let id = ParameterId(at as u32);
        let default = print_parameter(&parameter.default);
        let (value, set_by) = match (of(id, set), of(id, &profile.parameters)) {
            (Some(value), _) => (value, "command line"),
            (None, Some(value)) => (value, "profile"),
            (None, None) => (default.clone(), "default"),
        };
        let default = (value != default).then_some(default);
        ParameterEntry { name: parameter.name.clone(), value, set_by: set_by.to_owned(), default }
    };
    program.parameters.iter().enumerate().map(entry).collect()
}

fn unknown(program: &Program, name: &str) -> CheckError {
    let names = program.parameters.iter().map(|parameter| parameter.name.as_str());
    let nearest = names.clone().max_by(|a, b| {
        strsim::jaro_winkler(a, name).total_cmp(&strsim::jaro_winkler(b, name)).then_with(|| b.cmp(a))
    });
    let help = match nearest.filter(|nearest| strsim::jaro_winkler(nearest, name) > 0.8) {
        Some(nearest) => format!("did you mean `{nearest}`?"),
        None => format!("parameters: {}", names.collect::<Vec<_>>().join(", ")),
    };
    CheckError::UnknownParameter { name: name.to_owned(), help }
}

/// A text as a value of a type, or what is expected instead.
fn value(schema: &FactSchema, type_: &Type, text: &str) -> Result<ParameterValue, String> {
    let expected = |what: &str| Err(what.to_owned());
    let literal = || crate::expr::parse_literal(text).ok();
    match type_ {
        Type::Bool => match text {
            "true" => Ok(ParameterValue::Bool(true)),
            "false" => Ok(ParameterValue::Bool(false)),
            _ => expected("`true` or `false`"),
        },
        Type::Int => text.parse().map(ParameterValue::Int).or_else(|_| expected("an integer")),
        Type::Instant => text.parse::<Instant>().map(ParameterValue::Instant).or_else(|_| expected("an instant")),
        Type::Date => text.parse::<Date>().map(ParameterValue::Date).or_else(|_| expected("a date `YYYY-MM-DD`")),
        Type::Duration => match literal() {
            Some(Literal::Duration(value)) => Ok(ParameterValue::Duration(value)),
            _ => expected("a duration"),
        },
        Type::Days => match literal() {
            Some(Literal::Days(value)) => Ok(ParameterValue::Days(value)),
            _ => expected("a number of days"),
        },
        Type::Months => match literal() {
            Some(Literal::Months(value)) => Ok(ParameterValue::Months(value)),
            _ => expected("a number of months"),
        },
        Type::Lei => checked(text, text.parse::<Lei>().is_ok(), "a LEI"),
        Type::Aid => checked(text, text.parse::<Aid>().is_ok(), "an AID"),
        Type::Said => checked(text, text.parse::<Said>().is_ok(), "a SAID"),
        Type::Sha256 => checked(text, text.parse::<Sha256>().is_ok(), "a SHA-256 digest"),
        Type::Enum(id) => {
            let values = &schema.enum_type(*id).values;
            checked(text, values.iter().any(|value| value == text), &format!("one of {}", values.join(", ")))
        }
        Type::Text | Type::Person | Type::Decimal => Ok(ParameterValue::Text(text.to_owned())),
        Type::List(of) => {
            let inner = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
            let parts = inner.split(',').map(|part| part.trim().trim_matches('"')).filter(|part| !part.is_empty());
            parts.map(|part| value(schema, of, part)).collect::<Result<_, _>>().map(ParameterValue::List)
        }
        Type::Threshold | Type::Record(_) => expected("a value in the policy file"),
    }
}

fn checked(text: &str, holds: bool, what: &str) -> Result<ParameterValue, String> {
    if holds { Ok(ParameterValue::Text(text.to_owned())) } else { Err(what.to_owned()) }
}
