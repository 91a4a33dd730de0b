//! Sizes, digests and what refers to them, made right again after a change.

use std::collections::{BTreeMap, BTreeSet};

use countersign::primitives::Said;
use serde_json::{Value, json};

use super::super::forge::DUMMY;
use super::Part;
use super::attached::{Attached, Place};

/// Makes sizes right, then digests, then what refers to them.
pub(super) fn mend(parts: &mut [Part], sizes_only: bool, refer: bool, renamed: &mut BTreeMap<String, String>) {
    let mut open: BTreeSet<usize> = (0..parts.len()).collect();
    // A message that refers to itself is never done.
    let mut steps = 8 * parts.len();
    while let Some(at) = open.pop_first() {
        if steps == 0 {
            return;
        }
        steps -= 1;
        let Ok(mut body) = serde_json::from_str::<Value>(&parts[at].body) else { continue };
        let said = if sizes_only {
            sized(&mut body);
            None
        } else {
            digested(&mut body)
        };
        parts[at].body = body.to_string();
        let Some(said) = said.filter(|said| *said != parts[at].said) else { continue };
        let before = std::mem::replace(&mut parts[at].said, said.clone());
        if !refer || parts[at].fork || before.len() != 44 {
            continue;
        }
        renamed.insert(before.clone(), said.clone());
        for (other, part) in parts.iter_mut().enumerate() {
            if other != at && part.body.contains(&before) {
                part.body = part.body.replace(&before, &said);
                open.insert(other);
            }
            part.attached.iter_mut().for_each(|attached| rename(attached, &before, &said));
        }
    }
}

fn rename(attached: &mut Attached, before: &str, after: &str) {
    let place = |place: &mut Place| {
        for text in [&mut place.prefix, &mut place.said] {
            if text == before {
                after.clone_into(text);
            }
        }
    };
    match attached {
        Attached::Quadruples(items) => items.iter_mut().for_each(|(at, _)| place(at)),
        Attached::Transferable(items) => items.iter_mut().for_each(|(at, _)| place(at)),
        Attached::SealTriples(items) => items.iter_mut().for_each(place),
        Attached::SealCouples(items) => {
            items.iter_mut().filter(|(_, said)| said == before).for_each(|(_, said)| after.clone_into(said));
        }
        Attached::Latest(items) => {
            items.iter_mut().filter(|(aid, _)| aid == before).for_each(|(aid, _)| after.clone_into(aid));
        }
        Attached::Pathed(_, inner) => inner.iter_mut().for_each(|inner| rename(inner, before, after)),
        Attached::Controller(_) | Attached::Witness(_) | Attached::Couples(_) | Attached::FirstSeen(_) => {}
    }
}

/// Puts the size into the version string.
fn sized(body: &mut Value) {
    let size = body.to_string().len();
    if let Some(Value::String(version)) = body.get_mut("v")
        && version.len() == 17
        && version.is_ascii()
    {
        version.replace_range(10..16, &format!("{:06x}", size.min(0xff_ffff)));
    }
}

/// Puts size and digests in; the digest of the whole, if it has one.
fn digested(body: &mut Value) -> Option<String> {
    let kind = body.get("t").and_then(Value::as_str).unwrap_or_default().to_owned();
    if kind.is_empty() {
        for name in ["a", "e", "r"] {
            if let Some(section) = body.get_mut(name) {
                section_digests(section);
            }
        }
    }
    if kind == "rct" {
        sized(body);
        return None;
    }
    let own = body.get("d")?.as_str()?.to_owned();
    // Where the identifier is derived from the event, both stand for the digest.
    let both = matches!(kind.as_str(), "icp" | "dip" | "vcp") && body.get("i").is_some_and(Value::is_string);
    let both = both && body["i"].as_str().is_none_or(|i| i == own || i.starts_with('E'));
    let set = |body: &mut Value, text: &str| {
        body["d"] = json!(text);
        if both {
            body["i"] = json!(text);
        }
    };
    set(body, DUMMY);
    sized(body);
    let said = Said::of(body.to_string().as_bytes()).to_string();
    set(body, &said);
    Some(said)
}

fn section_digests(section: &mut Value) {
    let Value::Object(fields) = section else { return };
    fields.values_mut().for_each(section_digests);
    if fields.get("d").is_some_and(Value::is_string) {
        section["d"] = json!(DUMMY);
        section["d"] = json!(Said::of(section.to_string().as_bytes()).to_string());
    }
}
