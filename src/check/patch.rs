//! Patches as case files write them, made on the files of a case.
//!
//! In: steps of `policy::cases`. Out: the changes that `bundle::patch` makes.

use std::collections::BTreeMap;

use crate::bundle::patch::{self, Content, Step};
use crate::policy::cases::{Change, PatchStep, Shift};
use crate::policy::yaml::{Value, ValueKind};

/// Applies steps to the files of a case; the trust file has the key [`patch::TRUST`].
pub(super) fn apply(steps: &[PatchStep], files: &mut BTreeMap<String, Vec<u8>>) -> Result<(), String> {
    let converted: Vec<Step> = steps.iter().map(step).collect();
    patch::apply(files, &converted).map_err(|(at, error)| format!("step {} of the patch: {error}", at + 1))
}

/// A YAML value as `--set` would write it.
pub(super) fn as_text(value: &Value) -> String {
    match &value.kind {
        ValueKind::Scalar(scalar) => scalar.text.text.clone(),
        ValueKind::List(values) => values.iter().map(as_text).collect::<Vec<_>>().join(","),
        // No parameter is a mapping, so this is refused where it is read as a value.
        ValueKind::Map(_) => value.to_json().to_string(),
    }
}

fn step(step: &PatchStep) -> Step {
    let members = |change: &[(crate::source::Fragment, Value)]| {
        change.iter().map(|(pointer, value)| (pointer.text.clone(), value.to_json())).collect()
    };
    let change = match &step.change {
        Change::Set { at, to } => {
            patch::Change::Set { path: at.path.clone(), pointer: at.pointer.clone(), to: to.to_json() }
        }
        Change::Remove { at } => patch::Change::Remove { path: at.path.clone(), pointer: at.pointer.clone() },
        Change::RemoveFile { path } => patch::Change::RemoveFile { path: path.text.clone() },
        Change::Copy { path, to, change } => {
            patch::Change::Copy { path: path.text.clone(), to: to.text.clone(), change: members(change) }
        }
        Change::AddJson { path, kind, json } => patch::Change::Add {
            path: path.text.clone(),
            kind: kind.text.clone(),
            content: Content::Json(json.to_json()),
        },
        Change::AddText { path, kind, text } => patch::Change::Add {
            path: path.text.clone(),
            kind: kind.text.clone(),
            content: Content::Text(text.text.clone()),
        },
        Change::Replace { text, by, within } => {
            patch::Change::Replace { text: text.text.clone(), by: by.clone(), within: within.text.clone() }
        }
        Change::Shift { by, within } => patch::Change::Shift {
            by: match by {
                Shift::Days(days) => patch::Shift::Days(*days),
                Shift::Duration(duration) => patch::Shift::Duration(*duration),
            },
            within: within.text.clone(),
        },
    };
    Step { relist: step.relist, change }
}
