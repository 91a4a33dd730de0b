//! Streams that are nearly right, and what must hold for whatever is said about them.
//!
//! A change to a stream dies at the next size or digest that no longer fits. Here a few things are
//! changed (fields, attachments, whole messages), and then sizes, digests, what refers to them and, for
//! stolen keys, signatures are made right again, so that what lies deeper is reached. Who drives it
//! gives the choices: a seed, or a fuzzer's bytes.

#[path = "mutate/attached.rs"]
mod attached;
#[path = "mutate/holds.rs"]
mod holds;
#[path = "mutate/mend.rs"]
mod mend;
#[path = "mutate/worlds.rs"]
mod worlds;

use std::collections::{BTreeMap, BTreeSet};

use countersign::keri::Trusted;
use countersign::keri::cesr;
use countersign::primitives::{Aid, Instant, Said};
use ed25519_dalek::{Signer, SigningKey};
use serde_json::{Value, json};

use super::forge::*;
use attached::{Attached, Signature};
pub use worlds::seeds;

/// A choice below a bound; 0 where nothing is left to choose from.
pub type Choose<'c> = &'c mut dyn FnMut(usize) -> usize;

/// A stream to begin with, and what is known about it.
pub struct Seed {
    pub name: String,
    pub trusted: Trusted,
    pub target: Option<Said>,
    parts: Vec<Part>,
    /// Who is behind an identifier.
    parties: BTreeMap<String, String>,
    keys: Vec<Key>,
    /// Digests of all messages: what was signed and sealed.
    saids: BTreeSet<String>,
    bodies: BTreeSet<String>,
}

struct Key {
    party: String,
    public: String,
    secret: SigningKey,
}

/// A message with what is attached.
#[derive(Debug, Clone)]
struct Part {
    body: String,
    /// The digest that others know it by.
    said: String,
    /// Another message stands for that digest.
    fork: bool,
    wrapped: bool,
    attached: Vec<Attached>,
}

/// A changed stream.
pub struct Mutant {
    pub stream: Vec<u8>,
    /// The same messages in another order; none if the bytes are no longer messages one after another.
    pub shuffled: Option<Vec<u8>>,
    /// The same without any signature of a controller.
    pub unsigned: Option<Vec<u8>>,
    pub trusted: Trusted,
    pub target: Option<Said>,
    /// Parties whose keys were used.
    pub stolen: BTreeSet<String>,
}

pub fn as_of() -> Instant {
    "2026-06-01T00:00:00Z".parse().unwrap()
}

impl Seed {
    fn new(name: &str, stream: &[u8], trusted: Trusted, target: Option<Said>, world: Option<&World>) -> Self {
        let mut seed = Self {
            name: name.to_owned(),
            trusted,
            target,
            parts: Vec::new(),
            parties: BTreeMap::new(),
            keys: Vec::new(),
            saids: BTreeSet::new(),
            bodies: BTreeSet::new(),
        };
        for (party, told) in world.into_iter().flat_map(|world| &world.parties) {
            seed.parties.insert(told.prefix.clone(), party.clone());
            let members = told.keys.iter().map(|(name, generation)| (name, *generation + 1, "D"));
            let witnesses = told.witnesses.iter().map(|name| (name, 0, "B"));
            for (name, last, code) in members.chain(witnesses) {
                for generation in 0..=last {
                    let secret = key(name, generation);
                    seed.keys.push(Key { party: party.clone(), public: public(&secret, code), secret });
                }
            }
        }
        for message in cesr::read(stream).unwrap() {
            let value: Value = serde_json::from_str(message.body).unwrap();
            let text = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
            let said = text("d");
            if matches!(value["t"].as_str(), Some("icp" | "dip")) {
                // Without a world everybody is only themselves.
                seed.parties.entry(said.clone()).or_insert_with(|| said.clone());
            }
            let attached = message.attachments.iter().map(|found| seed.attached(found, message.body)).collect();
            let wrapped = message.attachments.iter().any(|found| found.wrapped);
            // What a message carries counts as well.
            let mut pointers = Vec::new();
            walk(&value, "", &mut pointers);
            let digests = pointers.iter().filter(|pointer| pointer.ends_with("/d"));
            seed.saids.extend(digests.filter_map(|pointer| Some(value.pointer(pointer)?.as_str()?.to_owned())));
            seed.bodies.insert(message.body.to_owned());
            // Receipts have the digest of their event.
            let fork = value["t"] == "rct";
            seed.parts.push(Part { body: message.body.to_owned(), said, fork, wrapped, attached });
        }
        seed
    }

    /// The stream as it was.
    pub fn stream(&self) -> Vec<u8> {
        attached::write(&self.parts)
    }

    /// Changes a few things, then mends.
    pub fn mutate(&self, choose: Choose<'_>) -> Mutant {
        let mut parts = self.parts.clone();
        let mending = choose(6);
        let mut stolen: BTreeSet<String> = BTreeSet::new();
        let parties: BTreeSet<&String> = self.keys.iter().map(|key| &key.party).collect();
        match choose(4) {
            0 => {}
            1 => stolen.extend(parties.into_iter().cloned()),
            _ => stolen.extend(parties.into_iter().filter(|_| choose(2) == 1).cloned()),
        }
        for _ in 0..=choose(4) {
            self.change(&mut parts, choose);
        }
        let mut renamed = BTreeMap::new();
        if mending > 0 {
            mend::mend(&mut parts, mending == 1, mending > 2, &mut renamed);
        }
        if mending > 3 && !stolen.is_empty() {
            self.sign(&mut parts, &stolen);
        } else {
            stolen.clear();
        }
        let now = |said: &str| {
            let mut said = said;
            // Names follow each other as often as there are messages, at most.
            for _ in 0..parts.len() {
                said = renamed.get(said).map_or(said, String::as_str);
            }
            said.to_owned()
        };
        let aid = |aid: &Aid| now(aid.as_str()).parse().unwrap();
        let trusted = Trusted { root: aid(&self.trusted.root), geda: self.trusted.geda.as_ref().map(aid) };
        let target = self.target.as_ref().filter(|_| choose(8) != 7).map(|said| now(said.as_str()).parse().unwrap());

        let mut stream = attached::write(&parts);
        let spoiled = choose(16) == 15;
        for _ in 0..if spoiled { 1 + choose(3) } else { 0 } {
            let at = choose(stream.len());
            if let Some(byte) = stream.get_mut(at) {
                *byte ^= 1 << choose(8);
            }
        }
        let shuffled = (!spoiled).then(|| {
            let mut order = parts.clone();
            for at in (1..order.len()).rev() {
                order.swap(at, choose(at + 1));
            }
            attached::write(&order)
        });
        let unsigned = (!spoiled).then(|| {
            let mut parts = parts;
            for part in &mut parts {
                part.attached.retain(|attached| !matches!(attached, Attached::Controller(_)));
            }
            attached::write(&parts)
        });
        Mutant { stream, shuffled, unsigned, trusted, target, stolen }
    }

    fn change(&self, parts: &mut Vec<Part>, choose: Choose<'_>) {
        if parts.is_empty() {
            return;
        }
        let (at, other) = (choose(parts.len()), choose(parts.len()));
        match choose(14) {
            0 => parts.swap(at, other),
            1 => parts.insert(other, parts[at].clone()),
            2 => drop(parts.remove(at)),
            3 => parts[at].attached = parts[other].attached.clone(),
            4 => parts[at].attached.clear(),
            5 => parts[at].wrapped = !parts[at].wrapped,
            6 => {
                // Another event at the same place.
                let mut fork = Part { fork: true, ..parts[at].clone() };
                self.change_body(&mut fork, &parts[other].body, choose);
                parts.insert(other, fork);
            }
            7 => {
                let carried = parts[other].clone();
                carry(&mut parts[at], &carried);
            }
            8 | 9 => {
                let more = parts[other].attached.clone();
                self.change_attached(&mut parts[at].attached, &more, choose);
            }
            _ => {
                let from = parts[other].body.clone();
                self.change_body(&mut parts[at], &from, choose);
            }
        }
    }

    fn change_body(&self, part: &mut Part, from: &str, choose: Choose<'_>) {
        let Ok(mut body) = serde_json::from_str::<Value>(&part.body) else { return };
        let mut pointers = Vec::new();
        walk(&body, "", &mut pointers);
        let Some(pointer) = pointers.get(choose(pointers.len())).cloned() else { return };
        let Some((above, name)) = pointer.rsplit_once('/') else { return };
        let from: Value = serde_json::from_str(from).unwrap_or_default();
        match choose(7) {
            0 => match body.pointer_mut(above) {
                Some(Value::Object(fields)) => drop(fields.shift_remove(name)),
                Some(Value::Array(items)) => drop(items.remove(name.parse().unwrap_or_default())),
                _ => {}
            },
            1 => {
                // The same field of another message.
                let mut others = Vec::new();
                walk(&from, "", &mut others);
                others.retain(|other| other.ends_with(&format!("/{name}")));
                let found = others.get(choose(others.len())).and_then(|other| from.pointer(other)).cloned();
                if let (Some(place), Some(found)) = (body.pointer_mut(&pointer), found) {
                    *place = found;
                }
            }
            2 => {
                let item = body.pointer(&pointer).cloned().unwrap_or_default();
                match body.pointer_mut(above) {
                    Some(Value::Array(items)) => items.extend(std::iter::repeat_n(item, 1 + choose(3))),
                    Some(Value::Object(fields)) => {
                        fields.insert(NAMES[choose(NAMES.len())].to_owned(), item);
                    }
                    _ => {}
                }
            }
            3 => {
                // To the end: the order of fields is part of a message.
                if let Some(Value::Object(fields)) = body.pointer_mut(above)
                    && let Some(value) = fields.shift_remove(name)
                {
                    fields.insert(name.to_owned(), value);
                }
            }
            4 => {
                let named: Vec<&str> =
                    self.saids.iter().chain(self.keys.iter().map(|key| &key.public)).map(String::as_str).collect();
                let value = json!(named.get(choose(named.len())));
                if let Some(place) = body.pointer_mut(&pointer) {
                    *place = value;
                }
            }
            5 => {
                if let Some(Value::String(text)) = body.pointer_mut(&pointer) {
                    let place = choose(text.len() + 1);
                    if text.is_char_boundary(place) {
                        text.insert(place, ['0', 'A', '"', '\\', '\u{202e}', 'é', '\u{1}', '/'][choose(8)]);
                        if choose(2) == 1 {
                            text.pop();
                        }
                    }
                }
            }
            _ => {
                let values = values();
                if let Some(place) = body.pointer_mut(&pointer) {
                    *place = values[choose(values.len())].clone();
                }
            }
        }
        part.body = body.to_string();
    }

    /// Signs anew what the holders of stolen keys can sign.
    fn sign(&self, parts: &mut [Part], stolen: &BTreeSet<String>) {
        let by = |key: &Option<usize>, body: &str| {
            let key = self.keys.get((*key)?).filter(|key| stolen.contains(&key.party))?;
            Some(key.secret.sign(body.as_bytes()).to_bytes())
        };
        for Part { body, attached, .. } in parts {
            let again = |items: &mut Vec<Signature>| {
                for item in items {
                    item.raw = by(&item.key, body).unwrap_or(item.raw);
                }
            };
            for group in attached {
                match group {
                    Attached::Controller(items) | Attached::Witness(items) => again(items),
                    Attached::Couples(items) => {
                        for (_, raw, key) in items {
                            *raw = by(key, body).unwrap_or(*raw);
                        }
                    }
                    Attached::Transferable(items) => items.iter_mut().for_each(|(_, items)| again(items)),
                    Attached::Latest(items) => items.iter_mut().for_each(|(_, items)| again(items)),
                    Attached::Quadruples(_)
                    | Attached::FirstSeen(_)
                    | Attached::SealCouples(_)
                    | Attached::SealTriples(_)
                    | Attached::Pathed(..) => {}
                }
            }
        }
    }
}

const NAMES: [&str; 24] = [
    "v", "t", "d", "i", "s", "kt", "k", "nt", "n", "bt", "b", "c", "a", "di", "p", "br", "ba", "e", "r", "ri", "u",
    "dt", "o", "A",
];

fn values() -> Vec<Value> {
    let text = |text: &str| Value::String(text.to_owned());
    vec![
        Value::Null,
        json!(true),
        json!(0),
        json!(1),
        json!(-1),
        json!(2.5),
        json!(u64::MAX),
        json!([]),
        json!({}),
        json!([[]]),
        json!(["1/2", "1/2"]),
        json!([["1"], ["1/2", "1/2"]]),
        json!(["1/9999", "1/9998", "1/9997"]),
        json!([{ "1/2": ["1/2", "1/2"] }]),
        json!(["EO"]),
        json!(["DND"]),
        text(""),
        text("0"),
        text("1"),
        text("2"),
        text("00"),
        text("ffffffffffffffff"),
        text("10000000000000000"),
        text("1/2"),
        text("2026-03-02T08:00:00Z"),
        text("9999-12-31T23:59:59Z"),
        text("-009999-01-01T00:00:00Z"),
        text("2026-03-02T08:00:60Z"),
        text("I2I"),
        text("NI2I"),
        text("DI2I"),
        text("AND"),
        text("icp"),
        text("rot"),
        text("drt"),
        text("ixn"),
        text("rev"),
        text("bis"),
        text(&"9".repeat(300)),
        text(DUMMY),
        text("\u{202e}\u{1b}[2J\n"),
    ]
}

/// The places of a document, without the version string.
fn walk(value: &Value, at: &str, pointers: &mut Vec<String>) {
    let mut visit = |name: &str, value: &Value| {
        // A name with a slash is not worth an escape here.
        let left_alone = at.is_empty() && name == "v" || name.contains(['/', '~']);
        if !left_alone {
            let pointer = format!("{at}/{name}");
            pointers.push(pointer.clone());
            walk(value, &pointer, pointers);
        }
    };
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| visit(name, value)),
        Value::Array(items) => items.iter().enumerate().for_each(|(at, item)| visit(&at.to_string(), item)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Puts a message into the `e` section of an exchange message, or of whatever it is put into.
fn carry(into: &mut Part, carried: &Part) {
    let (Ok(mut body), Ok(inner)) =
        (serde_json::from_str::<Value>(&into.body), serde_json::from_str::<Value>(&carried.body))
    else {
        return;
    };
    if let Value::Object(fields) = &mut body {
        let section = fields.entry("e").or_insert_with(|| json!({}));
        if let Value::Object(section) = section {
            section.insert("anc".to_owned(), inner);
            into.attached.push(Attached::Pathed("-e-anc".to_owned(), carried.attached.clone()));
        }
    }
    into.body = body.to_string();
}
