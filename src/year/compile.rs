//! The files of a case into a [`Template`].
//!
//! In: the reference case, as it is or with something wrong in it, and the trust file's names. Out: its program.
//! What agrees in these files (a digest with its bytes, a signature with its key) is made again and agrees in every
//! case; what does not agree stays as it stands, so that what is wrong stays wrong. It must not know why.

mod cut;
mod known;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::{Map, Value as Json};

use super::template::{Outputs, Part, Rule, Scope, Slot, Template, TemplateFile};
use super::value::{KNOWN, Number, Value};
use crate::keri::build::attach::IndexedSignature;
use crate::keri::cesr::{self, Attachment, Group, Indexed};
use crate::keri::remake;
use crate::primitives::{Said, Sha256};

use cut::Cutter;
use known::{Known, Message};

/// Files by path.
pub(super) type Files = BTreeMap<String, Vec<u8>>;

/// Who is shared by whom, by identifiers of the reference case.
#[derive(Debug, Clone, Default)]
pub(super) struct Shared {
    /// By all cases.
    pub year: BTreeSet<String>,
    /// By the cases of a QVI.
    pub qvi: BTreeSet<String>,
    /// The QVI.
    pub issuer: String,
}

const RECORD_DOMAIN: &str = "countersign/record/v1\n";
const MANIFEST_DOMAIN: &str = "countersign/manifest/v1\n";

/// Into this stream go all streams of a sealed folder.
const STREAMS: &str = "streams/all.cesr";
/// The folders that are sealed.
const SEALED: [&str; 2] = ["bundle", "post"];

/// Compiles a case.
///
/// # Errors
/// What is missing in it.
pub(super) fn compile(files: &Files, shared: &Shared) -> Result<Template, String> {
    let known = Known::read(files)?;
    let mut compiler = Compiler::new(shared);
    compiler.declare(files, &known);
    let documents = documents(files, &known, shared);
    compiler.define(&documents, &known)
}

/// A file as it is to be written, and what is signed of it.
struct Document {
    path: String,
    /// With the path of the stream of logs in the place of others, compact.
    text: String,
    /// What a signature beside it is over.
    signed: Option<String>,
}

struct Compiler<'s> {
    shared: &'s Shared,
    cutter: Cutter,
    /// The slot of the text that is signed, by the path of the record.
    signed: HashMap<String, Slot>,
}

impl<'s> Compiler<'s> {
    fn new(shared: &'s Shared) -> Self {
        Self { shared, cutter: Cutter::default(), signed: HashMap::new() }
    }

    fn slot(&mut self, rule: Option<Rule>) -> Slot {
        self.cutter.new_slot(rule)
    }

    /// A slot for a text, unless the text has one.
    fn named(&mut self, text: &str, rule: Option<Rule>) -> Slot {
        match self.cutter.slot(text) {
            Some(slot) => slot,
            None => {
                let slot = self.slot(rule);
                self.cutter.add(text, slot);
                slot
            }
        }
    }

    fn value(&mut self, text: &str, value: Value) -> Slot {
        let scope = value.scope();
        let slot = self.named(text, Some(Rule::Value(value)));
        self.cutter.scopes.insert(slot, scope);
        slot
    }

    fn key(&mut self, text: &str, scope: Scope) -> Slot {
        let code = if text.starts_with('B') { "B" } else { "D" };
        let slot = self.named(text, Some(Rule::Key { label: text.to_owned(), code }));
        let known = self.cutter.scopes.entry(slot).or_insert(scope);
        *known = scope.min(*known);
        slot
    }

    /// Gives a slot to everything that has a text of its own in each case.
    fn declare(&mut self, files: &Files, known: &Known) {
        for (text, value) in KNOWN {
            self.value(text, value.clone());
        }
        if let Some(lei) = &known.qvi_lei {
            self.value(lei, Value::QviLei);
        }
        for text in &known.random {
            self.value(text, Value::Random(text.clone()));
        }
        for agent in &known.agents {
            let label = format!("agent {agent}");
            let slot = self.slot(Some(Rule::Value(Value::Random(label))));
            self.cutter.scopes.insert(slot, Scope::Case);
            self.named(agent, Some(Rule::Digest(slot)));
        }
        for place in 1..=4 {
            for (name, number) in
                [("hex", Number::Hexadecimal), ("decimal", Number::Decimal), ("qualified", Number::Qualified)]
            {
                let text = mark(name, place);
                let text = if number == Number::Decimal { format!("\"{text}\"") } else { text };
                self.value(&text, Value::Place(place, number));
            }
        }
        self.value(PRIOR, Value::Prior);
        self.value(EARLIER, Value::Earlier);
        self.keys(known);
        // A message whose own digest does not hold is text like any other.
        for message in &known.messages {
            if let Some(said) = &message.own {
                let body = self.named(&message.body, None);
                self.named(said, Some(Rule::SaidOf(body)));
            }
            for section in &message.sections {
                self.named(&section.said, None);
            }
        }
        for (path, bytes) in files {
            let slot = self.slot(None);
            self.cutter.add(&file_mark(path), slot);
            let digest = self.slot(Some(Rule::Sha256(slot)));
            self.cutter.add(&Sha256::of(bytes).to_string(), digest);
            let size = self.slot(Some(Rule::SizeOf(slot)));
            self.cutter.add(&size_mark(path), size);
        }
        for path in SEALED.map(|area| format!("{area}/{STREAMS}")) {
            let slot = self.slot(None);
            self.cutter.add(&file_mark(&path), slot);
            let digest = self.slot(Some(Rule::Sha256(slot)));
            self.cutter.add(&digest_mark(&path), digest);
            let size = self.slot(Some(Rule::SizeOf(slot)));
            self.cutter.add(&size_mark(&path), size);
        }
    }

    fn keys(&mut self, known: &Known) {
        for event in known.messages.iter().filter(|message| message.establishes()) {
            let prefix = event.text("i");
            let scope = if self.shared.year.contains(&prefix) {
                Scope::Year
            } else if self.shared.qvi.contains(&prefix) {
                Scope::Qvi
            } else {
                Scope::Case
            };
            for key in event.list("k") {
                self.key(&key, scope);
            }
            for witness in event.list("b").into_iter().chain(event.list("ba")) {
                self.key(&witness, Scope::Year);
            }
            for next in event.list("n") {
                // A key that a rotation shows, else one that nobody has seen yet.
                let shown = known.keys.iter().find(|key| Said::of(key.as_bytes()).as_str() == next);
                let key = match shown {
                    Some(shown) => self.key(shown, scope),
                    None => {
                        let label = format!("next {next}");
                        let key = self.slot(Some(Rule::Key { label, code: "D" }));
                        self.cutter.scopes.insert(key, scope);
                        key
                    }
                };
                if self.cutter.slot(&next).is_none() {
                    self.named(&next, Some(Rule::Digest(key)));
                }
            }
        }
    }

    /// Says of every slot how its text is made.
    fn define(mut self, documents: &[Document], known: &Known) -> Result<Template, String> {
        for document in documents.iter().filter(|document| document.signed.is_some()) {
            let slot = self.slot(None);
            self.signed.insert(document.path.clone(), slot);
        }
        self.signatures(documents, known);
        // A record may quote a signature, so texts are cut only now.
        for document in documents {
            if let (Some(signed), Some(slot)) = (&document.signed, self.signed.get(&document.path)) {
                let parts = self.cutter.cut(signed);
                self.cutter.rules[slot.0 as usize] = Some(Rule::Text(parts));
            }
        }
        for message in &known.messages {
            for section in &message.sections {
                let parts = self.cutter.cut(&section.blotted);
                self.set(&section.said, Rule::Section(parts))?;
            }
            if message.own.is_some() {
                let parts = self.cutter.cut(&message.blotted);
                self.set(&message.body, Rule::Message(parts))?;
            }
        }
        let mut files = Vec::new();
        for document in documents {
            let parts = self.cutter.cut(&document.text);
            let slot = self.set(&file_mark(&document.path), Rule::Text(parts))?;
            files.push(TemplateFile { path: document.path.clone(), text: slot });
        }
        let outputs = self.outputs(known)?;
        let named = self.cutter.named();
        // What was left out of the case stays a slot that nobody needs.
        let Cutter { rules, scopes, .. } = self.cutter;
        let rules: Vec<Rule> = rules.into_iter().map(|rule| rule.unwrap_or(Rule::Text(Vec::new()))).collect();
        let (order, scopes) = ordered(&rules, &scopes)?;
        Ok(Template { rules, scopes, order, files, outputs, named })
    }

    fn set(&mut self, text: &str, rule: Rule) -> Result<Slot, String> {
        let slot = self.cutter.slot(text).ok_or_else(|| format!("`{text}` has no slot"))?;
        self.cutter.rules[slot.0 as usize].get_or_insert(rule);
        Ok(slot)
    }

    /// Finds which key made each signature, and over what.
    fn signatures(&mut self, documents: &[Document], known: &Known) {
        for sent in &known.sent {
            let Ok(attachments) = cesr::read_attachments(sent.attached.as_bytes()) else { continue };
            if let Some(message) = known.message(&sent.body) {
                self.groups(&attachments, message, known);
            }
        }
        for (path, text) in &known.detached {
            let record = path.replace(".sig.cesr", ".json");
            let signed = documents.iter().find(|document| document.path == record);
            let original = known.signed.get(&record);
            let (Some(slot), Some(original), Some(_)) = (self.signed.get(&record).copied(), original, signed) else {
                continue;
            };
            let Ok(attachments) = cesr::read_attachments(text.as_bytes()) else { continue };
            for attachment in &attachments {
                if let Group::TransferableSignatures(items) = &attachment.group {
                    for (anchor, items) in items {
                        let keys = known.keys_of(anchor.prefix, anchor.said);
                        items.iter().for_each(|item| self.signature(item, &keys, original, slot));
                    }
                }
            }
        }
    }

    fn groups(&mut self, attachments: &[Attachment<'_>], message: &Message, known: &Known) {
        let Some(slot) = self.cutter.slot(&message.body) else { return };
        for attachment in attachments {
            match &attachment.group {
                Group::ControllerSignatures(items) => {
                    let keys = known.keys_in(message);
                    items.iter().for_each(|item| self.signature(item, &keys, &message.body, slot));
                }
                Group::WitnessSignatures(items) => {
                    let keys = known.witnesses_of(message);
                    items.iter().for_each(|item| self.signature(item, &keys, &message.body, slot));
                }
                Group::TransferableSignatures(items) => {
                    for (anchor, items) in items {
                        let keys = known.keys_of(anchor.prefix, anchor.said);
                        items.iter().for_each(|item| self.signature(item, &keys, &message.body, slot));
                    }
                }
                Group::Pathed { path, attachments } => {
                    let mut steps = path.split('-').skip(1);
                    let carried = steps.try_fold(&message.value, |value, step| value.get(step));
                    if let Some(carried) = carried.and_then(|value| known.message(&value.to_string())) {
                        self.groups(attachments, carried, known);
                    }
                }
                // Nothing of these is in the reference case; what is not made again stays as it is.
                Group::ReceiptCouples(_)
                | Group::ReceiptQuadruples(_)
                | Group::FirstSeen(_)
                | Group::SealCouples(_)
                | Group::LatestSignatures(_)
                | Group::SealTriples(_) => {}
            }
        }
    }

    fn signature(&mut self, item: &Indexed<'_>, keys: &[String], message: &str, slot: Slot) {
        let key = keys.get(item.index as usize);
        let key = key.filter(|key| IndexedSignature::of(item).is_some_and(|signature| signature.holds(key, message)));
        if let Some(key) = key.and_then(|key| self.cutter.slot(key))
            && let Some(code) = item.text.get(..2).filter(|_| item.text.len() == 88)
        {
            self.named(item.text, Some(Rule::Signature { message: slot, key, code: code.into() }));
        }
    }

    fn outputs(&mut self, known: &Known) -> Result<Outputs, String> {
        let text = |compiler: &mut Self, wanted: &dyn Fn(&Message) -> bool| {
            // What was proposed has one signature; what was sealed has all.
            let sent = known.sent.iter().filter(|sent| !sent.path.starts_with("decision/"));
            let sent = sent.filter(|sent| known.message(&sent.body).is_some_and(wanted));
            let mut seen = BTreeSet::new();
            let sent = sent.filter(|sent| seen.insert(sent.body.as_str()));
            let text: String = sent.map(|sent| format!("{}{}", sent.body, known.marked(&sent.attached))).collect();
            let parts = compiler.cutter.cut(&text);
            compiler.slot(Some(Rule::Text(parts)))
        };
        let issuer = self.shared.issuer.clone();
        let above = self.shared.qvi.clone();
        let is_log = Message::is_event;
        let after = |message: &Message| known.after(message).is_some();
        let credential = known.credential.clone().ok_or("it proposes no credential")?;
        let registry = known.registry.clone().ok_or("it has no registry")?;
        let anchor = known.messages.iter().find(|message| known.after(message) == Some(1));
        let anchor = anchor.and_then(|anchor| anchor.own.clone()).ok_or("nothing seals its credential")?;
        let slot = |compiler: &Self, text: &str| {
            compiler.cutter.slot(text).ok_or_else(|| format!("`{text}` is nowhere in the case"))
        };
        Ok(Outputs {
            above: text(self, &|message| is_log(message) && above.contains(&message.text("i")) && !after(message)),
            registry: text(self, &|message| message.text("t") == "vcp" && message.text("ii") == issuer),
            anchor: text(self, &|message| known.after(message) == Some(1)),
            issuance: text(self, &|message| {
                message.text("t") == "iss" && message.text("ri") == registry && message.text("i") == credential
            }),
            anchor_said: slot(self, &anchor)?,
            prior_said: slot(self, &known.prior)?,
            credential: slot(self, &credential)?,
        })
    }
}

/// Slots after those that they need, and who shares each.
fn ordered(rules: &[Rule], given: &HashMap<Slot, Scope>) -> Result<(Vec<Slot>, Vec<Scope>), String> {
    let mut scopes: Vec<Option<Scope>> = vec![None; rules.len()];
    let mut order = Vec::with_capacity(rules.len());
    for start in 0..rules.len() {
        let mut path: Vec<(usize, usize)> = vec![(start, 0)];
        while let Some((at, next)) = path.pop() {
            if scopes[at].is_some() {
                continue;
            }
            let needs = needs(&rules[at]);
            match needs.get(next) {
                Some(need) => {
                    path.push((at, next + 1));
                    let need = need.0 as usize;
                    if scopes[need].is_none() {
                        if path.iter().any(|(open, _)| *open == need) {
                            return Err("its texts name each other in a circle".to_owned());
                        }
                        path.push((need, 0));
                    }
                }
                None => {
                    let own =
                        u32::try_from(at).ok().and_then(|at| given.get(&Slot(at))).copied().unwrap_or(Scope::Year);
                    let of_needs = needs.iter().filter_map(|need| scopes[need.0 as usize]).max();
                    scopes[at] = Some(of_needs.unwrap_or(Scope::Year).max(own));
                    order.push(Slot(u32::try_from(at).unwrap_or(u32::MAX)));
                }
            }
        }
    }
    Ok((order, scopes.into_iter().map(|scope| scope.unwrap_or(Scope::Case)).collect()))
}

fn needs(rule: &Rule) -> Vec<Slot> {
    let of_parts = |parts: &[Part]| {
        let slots = parts.iter().filter_map(|part| match part {
            Part::Slot(slot) => Some(*slot),
            Part::Fixed(_) | Part::Own | Part::Size => None,
        });
        slots.collect()
    };
    match rule {
        Rule::Value(_) | Rule::Key { .. } => Vec::new(),
        Rule::Digest(of) | Rule::SaidOf(of) | Rule::Sha256(of) | Rule::SizeOf(of) => vec![*of],
        Rule::Section(parts) | Rule::Message(parts) | Rule::Text(parts) => of_parts(parts),
        Rule::Signature { message, key, .. } => vec![*message, *key],
    }
}

/// What stands for a place in the log of the QVI until texts are cut.
fn mark(kind: &str, place: u64) -> String {
    format!("@{kind} {place}@")
}

/// Events of a log.
const EVENTS: [&str; 5] = ["icp", "dip", "rot", "drt", "ixn"];

const PRIOR: &str = "@prior@";
const EARLIER: &str = "@earlier@";

fn file_mark(path: &str) -> String {
    format!("@file {path}@")
}

fn size_mark(path: &str) -> String {
    format!("\"@size {path}@\"")
}

fn digest_mark(path: &str) -> String {
    format!("@digest {path}@")
}

/// The files as they are to be written, which is smaller than they were: records compact, all streams of a sealed
/// folder in one, no message twice, and no records of the logs of those whom every case of a QVI has.
fn documents(files: &Files, known: &Known, shared: &Shared) -> Vec<Document> {
    let mut documents = Vec::new();
    let mut streams: BTreeMap<&str, String> = BTreeMap::new();
    let mut seen: BTreeSet<(&str, &str)> = BTreeSet::new();
    let smaller = Smaller {
        merged: files
            .keys()
            .filter(|path| remake::is_stream(path) && !path.starts_with("decision/"))
            .cloned()
            .collect(),
        dropped: known.logs_of(|aid| shared.year.contains(aid) || (shared.qvi.contains(aid) && aid != shared.issuer)),
    };
    for (path, bytes) in files.iter().filter(|(path, _)| !smaller.dropped.contains(*path)) {
        let Ok(text) = std::str::from_utf8(bytes) else { continue };
        if remake::is_stream(path) {
            let is_merged = smaller.merged.contains(path);
            let mut kept = String::new();
            for sent in known.sent.iter().filter(|sent| sent.path == *path) {
                if !is_merged || seen.insert((&sent.body, &sent.attached)) {
                    kept.push_str(&sent.body);
                    kept.push_str(&known.marked(&sent.attached));
                    if known.message(&sent.body).is_some_and(|message| message.own.as_ref() == Some(&known.prior)) {
                        kept.push_str(EARLIER);
                    }
                }
            }
            match path.split_once('/').filter(|_| is_merged) {
                Some((area, _)) => streams.entry(area).or_default().push_str(&kept),
                None => documents.push(Document { path: path.clone(), text: kept, signed: None }),
            }
        } else if let Some(value) = known.records.get(path) {
            let value = known.moved(path, value, files, &smaller);
            let text = value.to_string();
            let domain = if path.ends_with("manifest.json") { MANIFEST_DOMAIN } else { RECORD_DOMAIN };
            let signed = format!("{domain}{}", sorted(&value));
            documents.push(Document { path: path.clone(), text, signed: Some(signed) });
        } else {
            documents.push(Document { path: path.clone(), text: text.to_owned(), signed: None });
        }
    }
    let streams =
        streams.into_iter().map(|(area, text)| Document { path: format!("{area}/{STREAMS}"), text, signed: None });
    documents.extend(streams);
    documents.sort_by(|a, b| a.path.cmp(&b.path));
    documents
}

/// What a case has in another form than the reference case.
#[derive(Debug)]
struct Smaller {
    /// Streams that stand in one.
    merged: BTreeSet<String>,
    /// Records that are left out.
    dropped: BTreeSet<String>,
}

/// Members in order of name, as RFC 8785 asks for.
fn sorted(value: &Json) -> Json {
    match value {
        Json::Object(members) => {
            let members: BTreeMap<&String, &Json> = members.iter().collect();
            Json::Object(members.into_iter().map(|(name, value)| (name.clone(), sorted(value))).collect::<Map<_, _>>())
        }
        Json::Array(items) => Json::Array(items.iter().map(sorted).collect()),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => value.clone(),
    }
}
