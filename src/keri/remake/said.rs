//! The digests of one message made again: of its sections, of what it carries, and its own.
//!
//! Source: KERI, ACDC and CESR specifications, version 1: a digest is made over the compact JSON with `#` in
//! place of itself, and an identifier or registry that begins here is the digest of its first event.

use std::collections::{BTreeMap, HashSet};

use serde_json::{Map, Value};

use crate::primitives::Said;

/// Old texts to new ones.
pub(super) type Renamed = BTreeMap<String, String>;

/// A digest or identifier that became another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rename {
    pub old: String,
    pub new: String,
    pub scope: Scope,
}

/// What a digest is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    /// A message: others name it.
    Message,
    /// A section of one: only other forms of the same message name it.
    Section,
}

/// Length of a digest.
const SAID: usize = 44;
/// Length of an indexed signature.
const SIGNATURE: usize = 88;

/// Deepest section: rules and edges may hold groups.
const DEPTH_MAX: usize = 16;

/// The message with its digests made again, and what became another.
pub(super) fn make(body: &str) -> Result<(String, Vec<Rename>), String> {
    let mut value: Value = serde_json::from_str(body).map_err(|error| error.to_string())?;
    let mut renames = Vec::new();
    let object = value.as_object_mut().ok_or("it is no object")?;
    let made = message(object, &mut renames)?;
    Ok((made, renames))
}

/// Puts new texts for old ones, each a digest or a signature; `None` if there is none of them.
pub(super) fn put(text: &str, renamed: &Renamed) -> Option<String> {
    let mut made = String::new();
    let mut copied = 0;
    let mut at = 0;
    // Digests begin with `E` wherever they stand; a signature stands in other files as a text of its own.
    while let Some(step) = text.as_bytes()[at..].iter().position(|byte| matches!(byte, b'E' | b'"')) {
        at += step;
        let (start, length) = if text.as_bytes()[at] == b'E' { (at, SAID) } else { (at + 1, SIGNATURE) };
        match text.get(start..start + length).and_then(|old| renamed.get(old)) {
            Some(new) => {
                made.push_str(&text[copied..start]);
                made.push_str(new);
                at = start + length;
                copied = at;
            }
            None => at += 1,
        }
    }
    if copied == 0 {
        return None;
    }
    made.push_str(&text[copied..]);
    Some(made).filter(|made| made != text)
}

/// The digests that a message gives itself, its sections and what it carries.
pub(super) fn named(body: &str) -> HashSet<String> {
    let mut found = HashSet::new();
    if let Ok(value) = serde_json::from_str(body) {
        collect(&value, &mut found, DEPTH_MAX);
    }
    found
}

fn collect(value: &Value, found: &mut HashSet<String>, depth: usize) {
    let Some(object) = value.as_object().filter(|_| depth > 0) else { return };
    // A seal names a digest in the same field, and has no other.
    let is_seal = object.keys().map(String::as_str).eq(["i", "s", "d"]);
    if let Some(Value::String(said)) = object.get("d").filter(|_| !is_seal) {
        found.insert(said.clone());
    }
    object.values().for_each(|value| collect(value, found, depth - 1));
}

/// Makes the digests of a message, inner ones first; gives its text.
fn message(object: &mut Map<String, Value>, renames: &mut Vec<Rename>) -> Result<String, String> {
    let version = text(object, "v").ok_or("it has no version string")?;
    let kind = text(object, "t").unwrap_or_default();
    if version.starts_with("ACDC") {
        for section in ["a", "e", "r"] {
            if let Some(value) = object.get_mut(section) {
                nested(value, renames, DEPTH_MAX);
            }
        }
    } else if kind == "exn"
        && let Some(carried) = object.get_mut("e").and_then(Value::as_object_mut)
    {
        for value in carried.values_mut() {
            if let Some(inner) = value.as_object_mut().filter(|inner| inner.contains_key("v")) {
                message(inner, renames)?;
            }
        }
        if carried.contains_key("d") {
            saidified(carried, &["d"], Scope::Section, renames);
        }
    }
    let begins = matches!(kind.as_str(), "icp" | "dip" | "vcp");
    // An identifier may be a key instead; it stays.
    let derived = begins && text(object, "i").is_none_or(|aid| !aid.starts_with(['B', 'D']));
    let fields: &[&str] = if derived { &["d", "i"] } else { &["d"] };
    let head = version.get(..10).ok_or("its version string is too short")?.to_owned();
    let sized = |size: usize| Value::String(format!("{head}{size:06x}_"));
    let old: Vec<Option<String>> = fields.iter().map(|field| text(object, field)).collect();
    for field in fields {
        object.insert((*field).to_owned(), Value::String("#".repeat(SAID)));
    }
    object.insert("v".to_owned(), sized(0));
    let size = written(object).len();
    object.insert("v".to_owned(), sized(size));
    for (field, old) in fields.iter().zip(old) {
        object.insert((*field).to_owned(), Value::String(old.unwrap_or_default()));
    }
    saidified(object, fields, Scope::Message, renames);
    Ok(written(object))
}

/// Makes the digests of a section and of the sections in it.
fn nested(value: &mut Value, renames: &mut Vec<Rename>, depth: usize) {
    let Some(object) = value.as_object_mut().filter(|_| depth > 0) else { return };
    object.values_mut().for_each(|value| nested(value, renames, depth - 1));
    if object.contains_key("d") {
        saidified(object, &["d"], Scope::Section, renames);
    }
}

/// Sets the fields to the digest of the object.
fn saidified(object: &mut Map<String, Value>, fields: &[&str], scope: Scope, renames: &mut Vec<Rename>) {
    let old: Vec<Option<String>> = fields.iter().map(|field| text(object, field)).collect();
    for field in fields {
        object.insert((*field).to_owned(), Value::String("#".repeat(SAID)));
    }
    let new = Said::of(written(object).as_bytes()).to_string();
    for (field, old) in fields.iter().zip(old) {
        object.insert((*field).to_owned(), Value::String(new.clone()));
        // Whatever is no digest yet is named by nobody.
        if let Some(old) = old.filter(|old| *old != new && old.len() == SAID) {
            let rename = Rename { old, new: new.clone(), scope };
            if !renames.contains(&rename) {
                renames.push(rename);
            }
        }
    }
}

fn text(object: &Map<String, Value>, field: &str) -> Option<String> {
    object.get(field).and_then(Value::as_str).map(str::to_owned)
}

/// Compact JSON, fields in their order.
fn written(object: &Map<String, Value>) -> String {
    // A map of texts and numbers can always be written.
    serde_json::to_string(object).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keri::{cesr, message};

    const QVI: &[u8] = include_bytes!("../../../fixtures/keri/b0/credential-qvi.cesr");
    const GRANT: &[u8] = include_bytes!("../../../fixtures/keri/b0/delivery.cesr");

    #[test]
    fn what_is_right_stays_as_it_is() {
        for stream in [QVI, GRANT] {
            for message in cesr::read(stream).unwrap() {
                assert_eq!(make(message.body), Ok((message.body.to_owned(), Vec::new())));
            }
        }
    }

    #[test]
    fn what_is_made_reads_as_a_message() {
        for stream in [QVI, GRANT] {
            for message in cesr::read(stream).unwrap() {
                let changed = message.body.replace("254900", "25490");
                let changed =
                    changed.replace("\"bt\":\"4\"", "\"bt\":\"2\"").replace("gracePeriod\":90", "gracePeriod\":9");
                let (made, renames) = make(&changed).unwrap();
                assert_eq!(made == message.body, renames.is_empty());
                let stream = made.clone();
                let read = cesr::read(stream.as_bytes()).unwrap();
                message::read(&read[0]).unwrap();
            }
        }
    }
}
