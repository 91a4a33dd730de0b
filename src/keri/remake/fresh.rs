//! A message that a case adds to a stream: what its writer leaves out follows from the log, and whoever must
//! sign it signs it when the case is settled.
//!
//! `{t: ixn, a: […]}` is the next interaction of the log that the stream ends with, `{t: rot}` rotates it to the
//! keys it committed to, `{t: rev, dt: …}` revokes the credential that was issued in the stream.

use serde_json::{Map, Value, json};

use super::attached::{self, Skeleton};
use super::frame::Sent;
use super::keys::Keys;
use super::world::{Event, World, Worlds};
use crate::primitives::Said;

/// The text of the message, with signatures that are yet to be made.
pub(super) fn message(given: &Value, stream: &[Sent], world: &World, keys: &Keys) -> Result<String, String> {
    let given = given.as_object().ok_or("a message is an object")?;
    let kind = given.get("t").and_then(Value::as_str).unwrap_or_default();
    let object = match kind {
        "ixn" => filled(given, &["v", "t", "d", "i", "s", "p", "a"], &next(stream, world)?)?,
        "rot" | "drt" => {
            let order = ["v", "t", "d", "i", "s", "p", "kt", "k", "nt", "n", "bt", "br", "ba", "a"];
            filled(given, &order, &rotation(stream, world, keys)?)?
        }
        "rev" => filled(given, &["v", "t", "d", "i", "s", "ri", "p", "dt"], &revocation(stream)?)?,
        "iss" => filled(given, &["v", "t", "d", "i", "s", "ri", "dt"], &json!({"s": "0"}))?,
        "exn" => {
            let order = ["v", "t", "d", "i", "rp", "p", "dt", "r", "q", "a", "e"];
            filled(given, &order, &json!({"rp": "", "p": "", "q": {}, "a": {}, "e": {}}))?
        }
        _ => given.clone(),
    };
    let mut value = Value::Object(object);
    if value["d"] == "" {
        // Stands for the digest until it is made, so that others can name it.
        value["d"] = Said::of(value.to_string().as_bytes()).to_string().into();
    }
    let skeleton = skeleton(&value, kind, world, keys)?;
    Ok(format!("{value}{}", attached::unsigned_groups(&skeleton)?))
}

/// The fields in their order, those that are not given from the defaults.
fn filled(given: &Map<String, Value>, order: &[&str], defaults: &Value) -> Result<Map<String, Value>, String> {
    if let Some(surplus) = given.keys().find(|name| !order.contains(&name.as_str())) {
        return Err(format!("`{surplus}` is no field of such a message"));
    }
    let usual = json!({"v": "KERI10JSON000000_", "d": "", "a": []});
    let field = |name: &str| given.get(name).or_else(|| defaults.get(name)).or_else(|| usual.get(name)).cloned();
    order
        .iter()
        .map(|name| Ok(((*name).to_owned(), field(name).ok_or_else(|| format!("field `{name}` is missing"))?)))
        .collect()
}

/// The place after the last event of the log that the stream ends with.
fn next(stream: &[Sent], world: &World) -> Result<Value, String> {
    let last = last(stream, world)?;
    Ok(json!({"i": last.prefix, "s": format!("{:x}", last.sn + 1), "p": last.said}))
}

fn last<'w>(stream: &[Sent], world: &'w World) -> Result<&'w Event, String> {
    let events = stream.iter().rev().filter_map(|sent| serde_json::from_str(&sent.body).ok());
    let event = events.filter_map(|value| Event::read(&value)).next();
    event.and_then(|event| world.event(&event.said)).ok_or_else(|| "the stream holds no key event to follow".to_owned())
}

/// A rotation to the keys that were committed to; it commits to those in force before it.
fn rotation(stream: &[Sent], world: &World, keys: &Keys) -> Result<Value, String> {
    let last = last(stream, world)?;
    let worlds = Worlds { now: None, base: world };
    let established = worlds.established(last).ok_or("the log has no inception")?;
    let body: Value = serde_json::from_str(&established.body).map_err(|error| error.to_string())?;
    let commitments = body.get("n").and_then(Value::as_array).cloned().unwrap_or_default();
    let next: Option<Vec<String>> = commitments.iter().map(|digest| keys.committed(digest.as_str()?)).collect();
    let next = next.ok_or("the file of keys lacks a key that the log commits to")?;
    let commit = |key: &String| Said::of(key.as_bytes()).to_string();
    let mut fields = self::next(stream, world)?;
    if let Some(fields) = fields.as_object_mut() {
        let more = json!({
            "kt": body["nt"], "k": next, "nt": body["kt"], "n": established.keys.iter().map(commit).collect::<Vec<_>>(),
            "bt": body["bt"], "br": [], "ba": [],
        });
        fields.extend(more.as_object().cloned().unwrap_or_default());
    }
    Ok(fields)
}

/// The revocation of the credential that was last issued in the stream.
fn revocation(stream: &[Sent]) -> Result<Value, String> {
    let values = stream.iter().rev().filter_map(|sent| serde_json::from_str::<Value>(&sent.body).ok());
    let issued = values.into_iter().find(|value| value["t"] == "iss");
    let issued = issued.ok_or("the stream holds no issuance to revoke")?;
    Ok(json!({"i": issued["i"], "s": "1", "ri": issued["ri"], "p": issued["d"]}))
}

/// What must be attached.
fn skeleton(value: &Value, kind: &str, world: &World, keys: &Keys) -> Result<Skeleton, String> {
    let text = |field: &str| value.get(field).and_then(Value::as_str).unwrap_or_default();
    let worlds = Worlds { now: None, base: world };
    let mut skeleton = Skeleton::default();
    if let Some(event) = Event::read(value) {
        let signing = worlds.keys(&event).ok_or("the log has no inception")?;
        skeleton.signatures = signing.len();
        skeleton.receipts = worlds.witnesses(&event).len();
    }
    if matches!(kind, "dip" | "drt" | "vcp" | "iss" | "rev") {
        let sealing = world.sealing(text("i"), text("s"), text("d"));
        skeleton.sealed = Some(sealing.map(|event| (event.sn, event.said.clone())).ok_or(
            "no event seals it: add that first, and give both the same `d`, any text of 44 characters that begins with `E`",
        )?);
    }
    if kind == "exn" {
        let state = world.latest(text("i")).ok_or_else(|| format!("`{}` has no log in the case", text("i")))?;
        skeleton.signer = Some(super::claim_of(state, keys));
    }
    Ok(skeleton)
}
