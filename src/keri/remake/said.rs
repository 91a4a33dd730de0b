//! The digests of one message made again, what became another by it, and where the old ones stand.

use std::collections::{BTreeMap, HashSet};

use serde_json::Value;

use crate::keri::build::said::{self, DEPTH_MAX, SAID};

pub(super) use crate::keri::build::said::Scope;

/// Old texts to new ones.
pub(super) type Renamed = BTreeMap<String, String>;

/// A digest or identifier that became another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rename {
    pub old: String,
    pub new: String,
    pub scope: Scope,
}

/// Length of an indexed signature.
const SIGNATURE: usize = 88;

/// The message with its digests made again, and what became another.
pub(super) fn make(body: &str) -> Result<(String, Vec<Rename>), String> {
    let mut value: Value = serde_json::from_str(body).map_err(|error| error.to_string())?;
    let mut renames = Vec::new();
    let object = value.as_object_mut().ok_or("it is no object")?;
    let made = said::message(object, &mut |digested| {
        // Whatever is no digest yet is named by nobody.
        if let Some(old) = digested.old.filter(|old| *old != digested.new.as_str() && old.len() == SAID) {
            let rename = Rename { old: old.to_owned(), new: digested.new.to_string(), scope: digested.scope };
            if !renames.contains(&rename) {
                renames.push(rename);
            }
        }
    })?;
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
