//! Parameters of the rule book: those that were set, and all of them for the report.

use crate::compile::program::{Parameter, ParameterId, ParameterValue, Profile, Program};
use crate::compile::read_text;
use crate::evaluate::print_parameter;
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
        let value =
            read_text(&program.schema, text, &parameter.type_).map_err(|reason| CheckError::ParameterValue {
                name: name.clone(),
                value: text.clone(),
                expected: format!("{reason}; its default is {}", print_parameter(&parameter.default)),
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
    let nearest = names
        .clone()
        .max_by(|a, b| strsim::jaro_winkler(a, name).total_cmp(&strsim::jaro_winkler(b, name)).then_with(|| b.cmp(a)));
    let help = match nearest.filter(|nearest| strsim::jaro_winkler(nearest, name) > 0.8) {
        Some(nearest) => format!("did you mean `{nearest}`?"),
        None => format!("parameters: {}", names.collect::<Vec<_>>().join(", ")),
    };
    CheckError::UnknownParameter { name: name.to_owned(), help }
}
