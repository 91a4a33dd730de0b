//! Streams that are nearly right, and what must hold for whatever is said about them.
//!
//! A change to a stream dies at the next size or digest that no longer fits. Here a few things are
//! changed (fields, attachments, whole messages), and then sizes, digests, what refers to them and, for
//! stolen keys, signatures are made right again, so that what lies deeper is reached. Who drives it
//! gives the choices: a seed, or a fuzzer's bytes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use countersign::keri::cesr::{self, Anchor, Attachment, Group, Indexed, IndexedCode, qualified, qualified_number};
use countersign::keri::evidence::Evidence;
use countersign::keri::log::Logs;
use countersign::keri::signature::Signatures;
use countersign::keri::signed::signers;
use countersign::keri::{Answer, Options, Status, Trusted, Verdict, show, verify};
use countersign::primitives::{Aid, Instant, Said};
use ed25519_dalek::{Signer, SigningKey, Verifier};
use serde_json::{Value, json};

use super::forge::*;

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

#[derive(Debug, Clone)]
struct Signature {
    raw: [u8; 64],
    index: u32,
    prior: Option<u32>,
    /// Whose key made it, if it is one of ours.
    key: Option<usize>,
}

#[derive(Debug, Clone)]
struct Place {
    prefix: String,
    sn: u64,
    said: String,
}

#[derive(Debug, Clone)]
enum Attached {
    Controller(Vec<Signature>),
    Witness(Vec<Signature>),
    Couples(Vec<(String, [u8; 64], Option<usize>)>),
    Quadruples(Vec<(Place, Signature)>),
    FirstSeen(Vec<(u64, String)>),
    Transferable(Vec<(Place, Vec<Signature>)>),
    SealCouples(Vec<(u64, String)>),
    Latest(Vec<(String, Vec<Signature>)>),
    SealTriples(Vec<Place>),
    Pathed(String, Vec<Attached>),
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

/// Worlds of ours, and the streams in `fixtures`.
pub fn seeds(fixtures: &Path) -> Vec<Seed> {
    let mut seeds = worlds();
    let read = |path: &str| std::fs::read(fixtures.join(path)).unwrap();
    let streams: BTreeMap<String, BTreeMap<String, String>> =
        serde_json::from_slice(&read("streams/streams.json")).unwrap();
    for (name, told) in streams {
        let stream = read(&format!("streams/{name}.cesr"));
        let trusted = Trusted { root: told["root"].parse().unwrap(), geda: Some(told["geda"].parse().unwrap()) };
        if cesr::read(&stream).is_ok() {
            seeds.push(Seed::new(&name, &stream, trusted, Some(told["credential"].parse().unwrap()), None));
        }
    }
    let identities: Value = serde_json::from_slice(&read("keri/b0/identities.json")).unwrap();
    let aid = |name: &str| identities["aids"][name].as_str().unwrap().parse().unwrap();
    let trusted = || Trusted { root: aid("ROOT"), geda: Some(aid("GEDA")) };
    let files =
        ["credential-le", "kel-lar-a", "kel-lar-b", "response-a", "response-b", "request", "multisig-coordination"];
    let stream: Vec<u8> = files.iter().flat_map(|file| read(&format!("keri/b0/{file}.cesr"))).collect();
    seeds.push(Seed::new("b0", &stream, trusted(), None, None));
    seeds
}

fn worlds() -> Vec<Seed> {
    let mut seeds = Vec::new();
    let mut add = |name: &str, world: &World, target: &str, manner: Manner, more: &str| {
        let mut stream = world.stream(manner);
        stream.extend_from_slice(more.as_bytes());
        seeds.push(Seed::new(name, &stream, world.trusted(), Some(target.parse().unwrap()), Some(world)));
    };
    // Only the QVI must be many; elsewhere each signature would only take time.
    let light = || base_of(&group(), &single());
    let mut base = base();
    let le = base.issue_le();
    add("group", &base.world, &le, Manner::Wrapped, "");
    let mut base = light();
    let le = base.issue_le();
    add("le", &base.world, &le, Manner::Wrapped, "");

    // A role credential on an authorization, and a grant of it.
    let world = &mut base.world;
    world.incept("person", &single(), None);
    let registry = world.registry("le", "le");
    let role = format!(r#""LEI":"{LEI_LE}","personLegalName":"Ada Example","officialRole":"Chair""#);
    let person = format!(r#""AID":"{}",{role}"#, world.prefix("person"));
    let auth = draft("AUTH", OOR_AUTH, "le", &registry, "qvi", &person).edge("le", &le, LE, None);
    let auth = world.issue(&auth, "le");
    let oor = draft("OOR", OOR, "qvi", &base.qvi_registry, "person", &role).edge("auth", &auth, OOR_AUTH, Some("I2I"));
    let oor = world.issue(&oor, "qvi");
    add("role", world, &oor, Manner::Bare, "");
    let grant = grant(world, "le", &oor);
    add("grant", world, &oor, Manner::Wrapped, &grant);

    // Rotations, one of them partial, and a revocation.
    let mut base = light();
    base.world.rotate("qvi");
    let before = base.world.parties["qvi"].clone();
    let rotation = base.world.rotate_at("qvi", before.sn + 1, &before.last, Some(&[0, 2]));
    base.world.approve("geda", &before.prefix, rotation.sn, &rotation.said);
    base.world.rotate("root");
    let le = base.issue_le();
    add("rotated", &base.world, &le, Manner::ReceiptMessages, "");
    let registry = base.qvi_registry.clone();
    base.world.revoke(&le, &registry, "qvi", "2026-04-01T00:00:00Z");
    add("revoked", &base.world, &le, Manner::Wrapped, "");

    // A rotation that recovers from what a thief issued.
    let mut base = light();
    let before = base.world.parties["qvi"].clone();
    base.issue_le();
    base.world.parties.insert("qvi".into(), before.clone());
    let rotation = base.world.rotate_at("qvi", before.sn + 1, &before.last, None);
    base.world.approve("geda", &before.prefix, rotation.sn, &rotation.said);
    let mut draft = base.le_draft();
    draft.dated = "2026-03-03T08:00:00Z".into();
    let le = base.world.issue(&draft, "qvi");
    add("recovered", &base.world, &le, Manner::Bare, "");
    seeds
}

/// A signed exchange message that carries a credential with its issuance and sealing event.
fn grant(world: &mut World, sender: &str, credential: &str) -> String {
    let sent = |tag: String| world.messages.iter().find(|sent| sent.tag == tag).unwrap().clone();
    let acdc = world.messages.iter().find(|sent| sent.said == credential).unwrap().clone();
    let iss = sent(format!("iss.{credential}"));
    let prefix = world.prefix(sender);
    let body = format!(
        r#"{{"v":"KERI10JSON000000_","t":"exn","d":"{DUMMY}","i":"{prefix}","rp":"{prefix}","p":"","dt":"2026-03-04T08:00:00.000000+00:00","r":"/ipex/grant","q":{{}},"a":{{"m":""}},"e":{{"acdc":{},"iss":{},"d":"{}"}}}}"#,
        acdc.body, iss.body, acdc.said
    );
    let (body, _) = finish(body);
    let pathed = |path: &str, sent: &Sent| {
        let mut inner = attached_path(path);
        if let Some((sn, said)) = &sent.couple {
            inner.push_str(&format!("{}{}{said}", count('G', 1), qualified_number(*sn)));
        }
        if let Some((prefix, sn, said)) = &sent.triple {
            inner.push_str(&format!("{}{prefix}{}{said}", count('I', 1), qualified_number(*sn)));
        }
        format!("{}{inner}", count('L', inner.len() / 4))
    };
    let by = |index: usize| {
        let raw = key(&format!("{sender}-{index}"), 0).sign(body.as_bytes()).to_bytes();
        IndexedCode::Both(index as u32).signature(&raw).unwrap()
    };
    format!(
        "{body}{}{prefix}{}{}{}{}{}{}",
        count('F', 1),
        qualified_number(0),
        prefix,
        count('A', 1),
        by(0),
        pathed("-e-acdc", &acdc),
        pathed("-e-iss", &iss)
    )
}

fn attached_path(path: &str) -> String {
    let padded = format!("{}{path}", "A".repeat((4 - path.len() % 4) % 4));
    format!("4A{}{padded}", &count('A', padded.len() / 4)[2..])
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

    fn attached(&self, attachment: &Attachment<'_>, body: &str) -> Attached {
        let signature = |found: &Indexed<'_>| {
            let raw = found.bytes().unwrap();
            let key = self.keys.iter().position(|key| {
                let signature = ed25519_dalek::Signature::from_bytes(&raw);
                key.secret.verifying_key().verify(body.as_bytes(), &signature).is_ok()
            });
            Signature { raw, index: found.index, prior: found.prior, key }
        };
        let list = |items: &[Indexed<'_>]| items.iter().map(signature).collect::<Vec<_>>();
        let place = |anchor: &Anchor<'_>| Place {
            prefix: anchor.prefix.to_owned(),
            sn: anchor.sn,
            said: anchor.said.to_owned(),
        };
        let numbered = |items: &[(u64, &str)]| items.iter().map(|(sn, text)| (*sn, (*text).to_owned())).collect();
        match &attachment.group {
            Group::ControllerSignatures(items) => Attached::Controller(list(items)),
            Group::WitnessSignatures(items) => Attached::Witness(list(items)),
            Group::ReceiptCouples(items) => Attached::Couples(
                items
                    .iter()
                    .map(|item| {
                        let key = self.keys.iter().position(|key| key.public == item.prefix);
                        (item.prefix.to_owned(), item.bytes().unwrap(), key)
                    })
                    .collect(),
            ),
            Group::ReceiptQuadruples(items) => {
                Attached::Quadruples(items.iter().map(|(anchor, item)| (place(anchor), signature(item))).collect())
            }
            Group::FirstSeen(items) => Attached::FirstSeen(numbered(items)),
            Group::TransferableSignatures(items) => {
                Attached::Transferable(items.iter().map(|(anchor, items)| (place(anchor), list(items))).collect())
            }
            Group::SealCouples(items) => Attached::SealCouples(numbered(items)),
            Group::LatestSignatures(items) => {
                Attached::Latest(items.iter().map(|(prefix, items)| ((*prefix).to_owned(), list(items))).collect())
            }
            Group::SealTriples(items) => Attached::SealTriples(items.iter().map(place).collect()),
            Group::Pathed { path, attachments } => Attached::Pathed(
                (*path).to_owned(),
                attachments.iter().map(|attachment| self.attached(attachment, body)).collect(),
            ),
        }
    }

    /// The stream as it was.
    pub fn stream(&self) -> Vec<u8> {
        write(&self.parts)
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
            mend(&mut parts, mending == 1, mending > 2, &mut renamed);
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

        let mut stream = write(&parts);
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
            write(&order)
        });
        let unsigned = (!spoiled).then(|| {
            let mut parts = parts;
            for part in &mut parts {
                part.attached.retain(|attached| !matches!(attached, Attached::Controller(_)));
            }
            write(&parts)
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
                if let Some(Value::Object(fields)) = body.pointer_mut(above) {
                    if let Some(value) = fields.shift_remove(name) {
                        fields.insert(name.to_owned(), value);
                    }
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

    fn change_attached(&self, attached: &mut Vec<Attached>, more: &[Attached], choose: Choose<'_>) {
        let at = choose(attached.len());
        let Some(group) = attached.get_mut(at) else { return attached.extend(more.iter().cloned()) };
        match choose(8) {
            0 => drop(attached.remove(at)),
            1 => attached.extend(more.iter().cloned()),
            2 => {
                let group = group.clone();
                attached.push(group);
            }
            3 => {
                let group = std::mem::replace(group, Attached::Controller(Vec::new()));
                *attached = vec![Attached::Pathed("-e-acdc".to_owned(), vec![group])];
            }
            _ => match group {
                Attached::Controller(items) | Attached::Witness(items) => self.change_signatures(items, choose),
                Attached::Couples(items) => match choose(3) {
                    0 => items.truncate(choose(items.len())),
                    1 => items.extend_from_within(..),
                    _ => {
                        let (item, key) = (choose(items.len()), choose(self.keys.len()));
                        if let (Some(item), Some(found)) = (items.get_mut(item), self.keys.get(key)) {
                            item.0 = format!("B{}", &found.public[1..]);
                            item.2 = Some(key);
                        }
                    }
                },
                Attached::SealCouples(items) => {
                    let item = choose(items.len());
                    if let Some((sn, _)) = items.get_mut(item) {
                        *sn = [0, 1, 2, 3, u64::MAX][choose(5)];
                    }
                }
                Attached::SealTriples(places) => {
                    let item = choose(places.len());
                    if let Some(place) = places.get_mut(item) {
                        place.sn = [0, 1, 2, 3, u64::MAX][choose(5)];
                    }
                }
                Attached::Transferable(items) => {
                    let item = choose(items.len());
                    if let Some((place, signatures)) = items.get_mut(item) {
                        match choose(3) {
                            0 => place.sn = choose(4) as u64,
                            _ => self.change_signatures(signatures, choose),
                        }
                    }
                }
                Attached::Latest(items) => {
                    let item = choose(items.len());
                    if let Some((_, signatures)) = items.get_mut(item) {
                        self.change_signatures(signatures, choose);
                    }
                }
                Attached::Quadruples(items) => items.truncate(choose(items.len())),
                Attached::FirstSeen(items) => items.truncate(choose(items.len())),
                Attached::Pathed(path, _) => *path = ["-e-acdc", "-e-iss", "-e-anc", "-"][choose(4)].to_owned(),
            },
        }
    }

    fn change_signatures(&self, items: &mut Vec<Signature>, choose: Choose<'_>) {
        let at = choose(items.len());
        let Some(item) = items.get_mut(at) else { return };
        match choose(6) {
            0 => drop(items.remove(at)),
            1 => item.index = [0, 1, 2, 3, 63, 64, 4095][choose(7)],
            2 => item.prior = [None, Some(0), Some(1), Some(2), Some(4095)][choose(5)],
            3 => item.raw[choose(64)] ^= 1 << choose(8),
            4 => item.key = Some(choose(self.keys.len())),
            _ => {
                let item = item.clone();
                items.push(item);
            }
        }
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

    /// Whether an identifier is one whose keys nobody else has.
    fn safe(&self, aid: &str, stolen: &BTreeSet<String>) -> bool {
        self.parties.get(aid).is_some_and(|party| !stolen.contains(party))
    }

    /// The answer to a mutant; none where it is not clear what is asked.
    pub fn answer(&self, mutant: &Mutant) -> Option<Answer> {
        self.verdict(mutant, &mutant.stream).map(|verdict| verdict.answer)
    }

    /// What must hold for a mutant: one thing, by its number. Panics where it does not.
    pub fn examine(&self, mutant: &Mutant, what: usize) {
        match what {
            0 => {
                let verdict = self.verdict(mutant, &mutant.stream);
                let shuffled = mutant.shuffled.as_ref().filter(|shuffled| same_messages(&mutant.stream, shuffled));
                if let Some(again) = shuffled.map(|shuffled| self.verdict(mutant, shuffled)) {
                    assert_eq!(told(&verdict), told(&again), "{}: the order of messages matters", self.name);
                }
            }
            1 => {
                let unsigned = mutant.unsigned.as_ref().and_then(|unsigned| self.verdict(mutant, unsigned));
                let valid = unsigned.is_some_and(|verdict| verdict.answer == Answer::Valid);
                assert!(!valid, "{}: valid without signatures", self.name);
            }
            2 => self.kel(mutant),
            _ => self.exchanges(mutant),
        }
    }

    /// How many things there are to examine.
    pub const EXAMINED: usize = 4;

    fn verdict(&self, mutant: &Mutant, stream: &[u8]) -> Option<Verdict> {
        let options = Options { as_of: as_of(), schemas: None, credential: mutant.target.as_ref() };
        let verdict = verify(stream, &mutant.trusted, &options).ok()?;
        bounded(&show::verdict_text(&verdict), stream);
        bounded(&show::verdict_json(&verdict).to_string(), stream);
        for credential in &verdict.verified.chain {
            if !self.safe(credential.issuer.as_str(), &mutant.stolen) {
                continue;
            }
            // Nobody but the issuer issues or revokes, and this issuer did not do it twice.
            let known = |said: &Said| self.saids.contains(said.as_str());
            assert!(credential.status != Status::Issued || known(&credential.said), "{}: {credential:?}", self.name);
            for fact in credential.issued.iter().chain(&credential.revoked) {
                assert!(known(&fact.said) && known(&fact.sealed.said), "{}: {credential:?}", self.name);
            }
        }
        self.logs(mutant, verdict.verified.logs.iter());
        Some(verdict)
    }

    /// Nobody adds an event to a log without its keys.
    fn logs<'l>(&self, mutant: &Mutant, logs: impl Iterator<Item = (&'l Aid, &'l countersign::keri::LogFact)>) {
        for (aid, log) in logs {
            if self.safe(aid.as_str(), &mutant.stolen) {
                for event in &log.events {
                    assert!(self.saids.contains(event.said.as_str()), "{}: `{aid}` {event:?}", self.name);
                }
            }
        }
    }

    fn kel(&self, mutant: &Mutant) {
        let report = show::logs(&mutant.stream, None);
        bounded(&show::logs_text(&report), &mutant.stream);
        self.logs(mutant, report.logs.iter().map(|(aid, log)| (aid, log)));
        match show::describe(&mutant.stream) {
            Ok(text) => bounded(&text, &mutant.stream),
            Err(error) => assert!(error.offset() <= mutant.stream.len()),
        }
    }

    /// Nobody signs for another.
    fn exchanges(&self, mutant: &Mutant) {
        let Ok(messages) = cesr::read(&mutant.stream) else { return };
        let evidence = Evidence::collect(&messages);
        if evidence.exchanges.is_empty() {
            return;
        }
        let signatures = Signatures::verify(evidence.events.triples());
        let logs = Logs::new(&evidence.events, &signatures);
        for entry in &evidence.exchanges {
            let body = entry.message.body;
            for signer in signers(&logs, body, &entry.message.attachments).into_iter().flatten() {
                let safe = self.safe(&signer.aid, &mutant.stolen);
                assert!(!safe || self.bodies.contains(body), "{}: {signer:?} of {body}", self.name);
            }
        }
    }
}

/// What is shown grows with what was sent, and no faster.
fn bounded(text: &str, stream: &[u8]) {
    assert!(text.len() <= 64 * stream.len() + 65_536, "{} bytes are shown for {}", text.len(), stream.len());
}

/// Whether two streams are read as the same messages: a wrong size may take in what follows.
fn same_messages(one: &[u8], other: &[u8]) -> bool {
    let bodies = |stream| {
        let mut bodies: Vec<_> = cesr::read(stream).ok()?.iter().map(|message| message.body.to_owned()).collect();
        bodies.sort();
        Some(bodies)
    };
    bodies(one).is_some_and(|bodies_one| bodies(other) == Some(bodies_one))
}

/// A verdict without the places in the stream.
fn told(verdict: &Option<Verdict>) -> Option<(Answer, BTreeSet<(&'static str, Option<String>)>)> {
    let verdict = verdict.as_ref()?;
    let findings = verdict.findings.iter().map(|finding| (finding.code.as_str(), finding.said.clone()));
    Some((verdict.answer, findings.collect()))
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
        if !(at.is_empty() && name == "v") && !name.contains(['/', '~']) {
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

/// Makes sizes right, then digests, then what refers to them.
fn mend(parts: &mut [Part], sizes_only: bool, refer: bool, renamed: &mut BTreeMap<String, String>) {
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
    if let Some(Value::String(version)) = body.get_mut("v") {
        if version.len() == 17 && version.is_ascii() {
            version.replace_range(10..16, &format!("{:06x}", size.min(0xff_ffff)));
        }
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

fn write(parts: &[Part]) -> Vec<u8> {
    let mut text = String::new();
    for part in parts {
        text.push_str(&part.body);
        let attached: String = part.attached.iter().map(written).collect();
        if part.wrapped && attached.len() / 4 < 4096 && !attached.is_empty() {
            text.push_str(&count('V', attached.len() / 4));
        }
        text.push_str(&attached);
    }
    text.into_bytes()
}

fn written(attached: &Attached) -> String {
    let empty = match attached {
        Attached::Controller(items) | Attached::Witness(items) => items.is_empty(),
        Attached::Couples(items) => items.is_empty(),
        Attached::Quadruples(items) => items.is_empty(),
        Attached::Transferable(items) => items.iter().any(|(_, items)| items.is_empty()) || items.is_empty(),
        Attached::FirstSeen(items) | Attached::SealCouples(items) => items.is_empty(),
        Attached::Latest(items) => items.iter().any(|(_, items)| items.is_empty()) || items.is_empty(),
        Attached::SealTriples(items) => items.is_empty(),
        Attached::Pathed(..) => false,
    };
    // A group without items would be refused before anything else is looked at.
    if empty {
        return String::new();
    }
    let place = |place: &Place| format!("{}{}{}", place.prefix, qualified_number(place.sn), place.said);
    let signatures = |items: &[Signature]| count('A', items.len()) + &items.iter().map(signature).collect::<String>();
    let each = |letter: char, items: Vec<String>| count(letter, items.len()) + &items.concat();
    match attached {
        Attached::Controller(items) => signatures(items),
        Attached::Witness(items) => each('B', items.iter().map(signature).collect()),
        Attached::Couples(items) => {
            let couple = |(prefix, raw, _): &(String, [u8; 64], Option<usize>)| {
                format!("{prefix}{}", qualified("0B", raw).unwrap())
            };
            each('C', items.iter().map(couple).collect())
        }
        Attached::Quadruples(items) => each('D', items.iter().map(|(at, item)| place(at) + &signature(item)).collect()),
        Attached::FirstSeen(items) => {
            each('E', items.iter().map(|(sn, date)| format!("{}1AAG{date}", qualified_number(*sn))).collect())
        }
        Attached::Transferable(items) => {
            each('F', items.iter().map(|(at, items)| place(at) + &signatures(items)).collect())
        }
        Attached::SealCouples(items) => {
            each('G', items.iter().map(|(sn, said)| format!("{}{said}", qualified_number(*sn))).collect())
        }
        Attached::Latest(items) => {
            each('H', items.iter().map(|(aid, items)| format!("{aid}{}", signatures(items))).collect())
        }
        Attached::SealTriples(items) => each('I', items.iter().map(place).collect()),
        Attached::Pathed(path, inner) => {
            let inner: String = attached_path(path) + &inner.iter().map(written).collect::<String>();
            if inner.len() / 4 < 4096 { count('L', inner.len() / 4) + &inner } else { String::new() }
        }
    }
}

fn signature(signature: &Signature) -> String {
    let Signature { raw, index, prior, .. } = signature;
    let code = match prior {
        None => IndexedCode::CurrentOnly(*index),
        Some(prior) if prior == index => IndexedCode::Both(*index),
        Some(prior) => IndexedCode::Different { current: *index, prior: *prior },
    };
    code.signature(raw).unwrap()
}
