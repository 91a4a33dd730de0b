//! Sizes and digests of a message: of its sections, of what it carries, and its own.
//!
//! Source: KERI, ACDC and CESR specifications, version 1: a digest is made over the compact JSON with `#` in
//! place of itself, and an identifier or registry that begins here is the digest of its first event.

use serde_json::{Map, Value};

use crate::primitives::Said;

/// What a digest is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::keri) enum Scope {
    /// A message: others name it.
    Message,
    /// A section of one: only other forms of the same message name it.
    Section,
}

/// A field whose digest was made: what stood there, and what stands there now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::keri) struct Digested<'d> {
    pub old: Option<&'d str>,
    pub new: &'d Said,
    pub scope: Scope,
}

/// Length of a digest.
pub(in crate::keri) const SAID: usize = 44;

/// Deepest section: rules and edges may hold groups.
pub(in crate::keri) const DEPTH_MAX: usize = 16;

/// Makes the sizes and digests of a message, inner ones first; gives its text.
pub(in crate::keri) fn message(
    object: &mut Map<String, Value>,
    tell: &mut dyn FnMut(Digested<'_>),
) -> Result<String, String> {
    let version = text(object, "v").ok_or("it has no version string")?;
    let kind = text(object, "t").unwrap_or_default();
    if version.starts_with("ACDC") {
        for section in ["a", "e", "r"] {
            if let Some(value) = object.get_mut(section) {
                nested(value, tell);
            }
        }
    } else if kind == "exn"
        && let Some(carried) = object.get_mut("e").and_then(Value::as_object_mut)
    {
        for value in carried.values_mut() {
            if let Some(inner) = value.as_object_mut().filter(|inner| inner.contains_key("v")) {
                message(inner, tell)?;
            }
        }
        if carried.contains_key("d") {
            told(carried, &["d"], Scope::Section, tell);
        }
    }
    let begins = matches!(kind.as_str(), "icp" | "dip" | "vcp");
    // An identifier may be a key instead; it stays.
    let derived = begins && text(object, "i").is_none_or(|aid| !aid.starts_with(['B', 'D']));
    let fields: &[&str] = if derived { &["d", "i"] } else { &["d"] };
    if version.get(..10).is_none() {
        return Err("its version string is too short".to_owned());
    }
    sized(object, fields);
    told(object, fields, Scope::Message, tell);
    Ok(written(object))
}

/// Makes the digests of a section and of the sections in it.
pub(in crate::keri) fn nested(value: &mut Value, tell: &mut dyn FnMut(Digested<'_>)) {
    within(value, tell, DEPTH_MAX);
}

fn within(value: &mut Value, tell: &mut dyn FnMut(Digested<'_>), depth: usize) {
    let Some(object) = value.as_object_mut().filter(|_| depth > 0) else { return };
    object.values_mut().for_each(|value| within(value, tell, depth - 1));
    if object.contains_key("d") {
        told(object, &["d"], Scope::Section, tell);
    }
}

fn told(object: &mut Map<String, Value>, fields: &[&str], scope: Scope, tell: &mut dyn FnMut(Digested<'_>)) {
    let old: Vec<Option<String>> = fields.iter().map(|field| text(object, field)).collect();
    let new = saidified(object, fields);
    old.iter().for_each(|old| tell(Digested { old: old.as_deref(), new: &new, scope }));
}

/// Sets the version string to the size that the message has with digests in these fields.
pub(in crate::keri) fn sized(object: &mut Map<String, Value>, fields: &[&str]) {
    let Some(head) = text(object, "v").and_then(|version| version.get(..10).map(str::to_owned)) else { return };
    let old: Vec<Option<String>> = fields.iter().map(|field| text(object, field)).collect();
    dummied(object, fields);
    let mut size = 0;
    // The second time the version string has its length.
    for _ in 0..2 {
        object.insert("v".to_owned(), Value::String(format!("{head}{size:06x}_")));
        size = written(object).len();
    }
    for (field, old) in fields.iter().zip(old) {
        object.insert((*field).to_owned(), Value::String(old.unwrap_or_default()));
    }
}

/// Sets the fields to the digest of the object.
pub(in crate::keri) fn saidified(object: &mut Map<String, Value>, fields: &[&str]) -> Said {
    dummied(object, fields);
    let said = Said::of(written(object).as_bytes());
    for field in fields {
        object.insert((*field).to_owned(), Value::String(said.to_string()));
    }
    said
}

/// Compact JSON, fields in their order.
pub(in crate::keri) fn written(object: &Map<String, Value>) -> String {
    // A map of texts and numbers can always be written.
    serde_json::to_string(object).unwrap_or_default()
}

fn dummied(object: &mut Map<String, Value>, fields: &[&str]) {
    for field in fields {
        object.insert((*field).to_owned(), Value::String("#".repeat(SAID)));
    }
}

fn text(object: &Map<String, Value>, field: &str) -> Option<String> {
    object.get(field).and_then(Value::as_str).map(str::to_owned)
}
