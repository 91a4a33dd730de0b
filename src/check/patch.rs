//! Patches as case files write them, made on the files of a case, and signed with the keys of its fixture.
//!
//! In: steps of `policy::cases`, and what `keri::remake` knows. Out: the changes that `bundle::patch` makes.

use std::ops::Range;

use serde_json::Value as Json;

use crate::bundle::patch::{self, Applied, Content, Files, Left, Maker, Settle, Step};
use crate::facts::schema::FactSchema;
use crate::keri::remake::{self, Keys, Remake, World};
use crate::policy::cases::{Change, PatchStep, Shift};
use crate::policy::yaml::{Value, ValueKind};

/// Applies steps to the files of a case; the trust file has the key [`patch::TRUST`]. `world` are the streams
/// as they are before.
pub(super) fn apply(
    steps: &[PatchStep],
    files: &mut Files,
    schema: &FactSchema,
    keys: &Keys,
    world: &World,
) -> Result<Applied, String> {
    let converted: Vec<Step> = steps.iter().map(step).collect();
    let mut workshop = Workshop::new(schema, keys, world);
    patch::apply(files, &converted, &mut workshop)
        .map_err(|(at, error)| format!("step {} of the patch: {error}", at + 1))
}

/// Streams and keys for `bundle::patch`, which knows neither.
#[derive(Debug)]
pub struct Workshop<'w> {
    schema: &'w FactSchema,
    remake: Remake<'w>,
}

impl<'w> Workshop<'w> {
    /// For a case with these streams, signed with these keys.
    pub fn new(schema: &'w FactSchema, keys: &'w Keys, world: &'w World) -> Self {
        Self { schema, remake: Remake::new(keys, world) }
    }
}

impl Maker for Workshop<'_> {
    fn bodies(&self, stream: &[u8]) -> Result<Vec<Range<usize>>, String> {
        remake::bodies(stream)
    }

    fn follow(&self, old: &[u8], new: &[u8], other: &[u8]) -> Option<Vec<u8>> {
        remake::follow(old, new, other)
    }

    fn attach(&mut self, bytes: &[u8], detached: bool, pointer: &str, to: Option<&Json>) -> Result<Vec<u8>, String> {
        self.remake.attach(bytes, detached, pointer, to)
    }

    fn append(&self, files: &Files, stream: &[u8], message: &Json) -> Result<Vec<u8>, String> {
        self.remake.append(files, stream, message)
    }

    fn is_signed(&self, kind: &str) -> bool {
        self.schema.kind_named(kind).is_some_and(|kind| self.schema.kind(kind).signed)
    }

    fn unsigned(&self, person: &str) -> Option<Vec<u8>> {
        self.remake.unsigned(person)
    }

    fn settle(&mut self, files: &mut Files, before: &Files, left: &Left) -> Result<(), String> {
        let left = remake::Left { untouched: &left.untouched, unsigned: &left.unsigned };
        self.remake.settle(files, before, left)
    }

    fn sign(&self, detached: &[u8], message: &[u8], moved: Option<(&str, &str)>) -> Result<Option<Vec<u8>>, String> {
        if !self.remake.has_keys() {
            return Ok(None);
        }
        self.remake.sign(detached, message, moved).map(Some)
    }
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
    let settle = match (step.relist, step.sign) {
        (false, _) => Settle::Nothing,
        (true, false) => Settle::Listed,
        (true, true) => Settle::Signed,
    };
    Step { settle, change }
}
