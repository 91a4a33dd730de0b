//! What stands in the files of a case: messages, keys, records, and what names what.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};

use super::cut::{OWN, SIZE};
use super::{
    EVENTS, Files, MANIFEST_DOMAIN, PRIOR, RECORD_DOMAIN, STREAMS, Smaller, digest_mark, mark, size_mark, sorted,
};
use crate::keri::cesr::qualified_number;
use crate::keri::remake;
use crate::primitives::Said;

/// What stands in the files of a case.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// Every message of every stream.
    pub sent: Vec<Sent>,
    /// Every message once, those that others carry included.
    pub messages: Vec<Message>,
    /// Files of signatures.
    pub detached: Vec<(String, String)>,
    /// Files of JSON.
    pub records: BTreeMap<String, Json>,
    /// What a signature beside a record is over.
    pub signed: BTreeMap<String, String>,
    /// Keys that a log shows.
    pub keys: BTreeSet<String>,
    pub qvi_lei: Option<String>,
    /// Digests of what is not in the case.
    pub random: BTreeSet<String>,
    /// Identifiers of agents.
    pub agents: BTreeSet<String>,
    /// The credential that is proposed, and its registry.
    pub credential: Option<String>,
    pub registry: Option<String>,
    issuer: String,
    /// The last event of the issuer in the bundle.
    pub prior: String,
    prior_sn: u64,
}

/// A message where it stands.
#[derive(Debug)]
pub(super) struct Sent {
    pub path: String,
    pub body: String,
    pub attached: String,
}

/// A message.
#[derive(Debug)]
pub(super) struct Message {
    pub body: String,
    pub value: Json,
    /// Its own digest, if that and its size hold.
    pub own: Option<String>,
    /// The text in which they are marks.
    pub blotted: String,
    pub sections: Vec<Section>,
}

/// A part of a message with a digest that holds.
#[derive(Debug)]
pub(super) struct Section {
    pub said: String,
    pub blotted: String,
}

const BLOT: &str = "############################################";

impl Message {
    fn read(body: &str) -> Option<Self> {
        let value: Json = serde_json::from_str(body).ok()?;
        let compact = value.to_string();
        if value.get("v")?.as_str()?.len() != 17 || compact != body {
            return None;
        }
        let mut sections = Vec::new();
        for name in ["a", "e", "r"] {
            if let Some(section) = value.get(name).filter(|section| section.get("d").is_some()) {
                let said = section["d"].as_str().unwrap_or_default().to_owned();
                let mut blotted = section.clone();
                blotted["d"] = json!(BLOT);
                let blotted = blotted.to_string();
                if Said::of(blotted.as_bytes()).as_str() == said {
                    sections.push(Section { said, blotted });
                }
            }
        }
        let mut message = Self { body: body.to_owned(), value, own: None, blotted: String::new(), sections };
        let (said, version) = (message.text("d"), message.text("v"));
        let size = version.get(10..16).and_then(|size| usize::from_str_radix(size, 16).ok());
        if size == Some(body.len()) && Said::of(message.with(BLOT).to_string().as_bytes()).as_str() == said {
            message.own = Some(said);
            let mut blotted = message.with(OWN);
            blotted["v"] = json!(format!("{}{SIZE}_", version.get(..10).unwrap_or_default()));
            message.blotted = blotted.to_string();
        }
        Some(message)
    }

    /// The message with something in the place of its digest.
    fn with(&self, text: &str) -> Json {
        let mut value = self.value.clone();
        if self.text("i") == self.text("d") {
            value["i"] = json!(text);
        }
        value["d"] = json!(text);
        value
    }

    pub fn text(&self, member: &str) -> String {
        self.value.get(member).and_then(Json::as_str).unwrap_or_default().to_owned()
    }

    pub fn list(&self, member: &str) -> Vec<String> {
        let items = self.value.get(member).and_then(Json::as_array).into_iter().flatten();
        items.filter_map(Json::as_str).map(str::to_owned).collect()
    }

    /// Whether it is an event of a log that sets keys.
    pub fn establishes(&self) -> bool {
        matches!(self.text("t").as_str(), "icp" | "dip" | "rot" | "drt")
    }

    /// Whether it is an event of a log.
    pub fn is_event(&self) -> bool {
        EVENTS.contains(&self.text("t").as_str())
    }

    fn sn(&self) -> u64 {
        u64::from_str_radix(&self.text("s"), 16).unwrap_or_default()
    }
}

impl Known {
    pub fn read(files: &Files) -> Result<Self, String> {
        let mut known = Self::default();
        for (path, bytes) in files {
            let text = std::str::from_utf8(bytes).map_err(|_| format!("`{path}` is not text"))?;
            if remake::is_stream(path) {
                known.stream(path, text)?;
            } else if path.ends_with(".sig.cesr") {
                known.detached.push((path.clone(), text.to_owned()));
            } else if let Some(value) = path.ends_with(".json").then(|| serde_json::from_str(text).ok()).flatten() {
                let domain = if path.ends_with("manifest.json") { MANIFEST_DOMAIN } else { RECORD_DOMAIN };
                known.signed.insert(path.clone(), format!("{domain}{}", sorted(&value)));
                known.record(path, &value);
                known.records.insert(path.clone(), value);
            }
        }
        known.issuer = known.of_manifest("qvi_aid").ok_or("its manifest names no QVI")?;
        known.events();
        Ok(known)
    }

    fn stream(&mut self, path: &str, text: &str) -> Result<(), String> {
        let bodies = remake::bodies(text.as_bytes()).map_err(|why| format!("`{path}`: {why}"))?;
        let ends: Vec<usize> = bodies.iter().skip(1).map(|body| body.start).chain([text.len()]).collect();
        for (body, end) in bodies.into_iter().zip(ends) {
            let attached = text.get(body.end..end).unwrap_or_default().to_owned();
            let body = text.get(body).unwrap_or_default().to_owned();
            self.take(&body);
            self.sent.push(Sent { path: path.to_owned(), body, attached });
        }
        Ok(())
    }

    fn take(&mut self, body: &str) {
        if self.message(body).is_some() {
            return;
        }
        let Some(message) = Message::read(body) else { return };
        let carried: Vec<String> = match message.text("t").as_str() {
            "exn" => {
                let carried = message.value.get("e").and_then(Json::as_object).into_iter().flat_map(|e| e.values());
                carried.filter(|value| value.get("v").is_some()).map(Json::to_string).collect()
            }
            _ => Vec::new(),
        };
        if message.establishes() {
            self.keys.extend(message.list("k"));
        }
        self.messages.push(message);
        carried.iter().for_each(|body| self.take(body));
    }

    fn record(&mut self, path: &str, value: &Json) {
        if path == "bundle/raw/lei-record-qvi.json" {
            self.qvi_lei = value.pointer("/data/id").and_then(Json::as_str).map(str::to_owned);
        }
        if let Some(credential) = value.get("draft_credential") {
            self.credential = credential.get("d").and_then(Json::as_str).map(str::to_owned);
            self.registry = credential.get("ri").and_then(Json::as_str).map(str::to_owned);
        }
        self.search(value);
    }

    /// Finds digests of what is elsewhere, and agents.
    fn search(&mut self, value: &Json) {
        match value {
            Json::Object(members) => {
                for (name, value) in members {
                    if let (Some(text), "number_sha256" | "media_sha256" | "report_sha256") =
                        (value.as_str(), name.as_str())
                    {
                        self.random.insert(text.to_owned());
                    }
                    self.search(value);
                }
            }
            Json::Array(items) => items.iter().for_each(|item| self.search(item)),
            Json::String(text) => {
                let agent = text.split_once("/agent/").map(|(_, agent)| agent).filter(|agent| agent.len() == 44);
                self.agents.extend(agent.map(str::to_owned));
            }
            Json::Null | Json::Bool(_) | Json::Number(_) => {}
        }
    }

    /// Finds where the log of the issuer stands, and marks what comes after.
    fn events(&mut self) {
        let in_bundle = |message: &Message| {
            self.sent.iter().any(|sent| sent.path.starts_with("bundle/") && sent.body == message.body)
        };
        let own = self.messages.iter().filter(|message| message.is_event() && message.text("i") == self.issuer);
        if let Some(last) = own.filter(|message| in_bundle(message)).max_by_key(|message| message.sn()) {
            (self.prior, self.prior_sn) = (last.text("d"), last.sn());
        }
        let places: Vec<Option<u64>> = self.messages.iter().map(|message| self.after(message)).collect();
        for (message, place) in self.messages.iter_mut().zip(places) {
            if let (Some(place), Some(_)) = (place, &message.own)
                && let Ok(mut blotted) = serde_json::from_str::<Json>(&message.blotted)
            {
                blotted["s"] = json!(mark("hex", place));
                if blotted["p"].as_str() == Some(&self.prior) {
                    blotted["p"] = json!(PRIOR);
                }
                message.blotted = blotted.to_string();
            }
        }
    }

    pub fn message(&self, body: &str) -> Option<&Message> {
        self.messages.iter().find(|message| message.body == body)
    }

    /// How many places after what stands in the bundle an event of the issuer's log is.
    pub fn after(&self, message: &Message) -> Option<u64> {
        let own = message.is_event() && message.text("i") == self.issuer;
        own.then(|| message.sn().checked_sub(self.prior_sn)).flatten().filter(|place| *place > 0)
    }

    /// What is attached, with places in the issuer's log as marks.
    pub fn marked(&self, attached: &str) -> String {
        let mut marked = attached.to_owned();
        for message in &self.messages {
            if let (Some(place), Some(said)) = (self.after(message), &message.own) {
                let named = format!("{}{said}", qualified_number(message.sn()));
                marked = marked.replace(&named, &format!("{}{said}", mark("qualified", place)));
            }
        }
        marked
    }

    /// Records of the bundle about the logs of these.
    pub fn logs_of(&self, is_one: impl Fn(&str) -> bool) -> BTreeSet<String> {
        let text = |value: &Json, name: &str| value.get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
        let logs = self.records.iter().filter(|(_, value)| text(value, "kind") == "kel");
        logs.filter(|(_, value)| is_one(&text(value, "aid"))).map(|(path, _)| path.clone()).collect()
    }

    /// A record with places in the issuer's log as marks and streams in one; of a manifest, sizes as marks.
    pub fn moved(&self, path: &str, value: &Json, files: &Files, smaller: &Smaller) -> Json {
        let mut value = value.clone();
        self.places(&mut value);
        let area = path.split_once('/').map_or("", |(area, _)| area);
        let is_merged = |named: &str| smaller.merged.contains(&format!("{area}/{named}"));
        if let Some(named) = value.get_mut("cesr_path")
            && named.as_str().is_some_and(is_merged)
        {
            *named = json!(STREAMS);
        }
        if path.ends_with("manifest.json")
            && let Some(entries) = value.get_mut("entries").and_then(Json::as_array_mut)
        {
            let named = |entry: &Json| entry.get("path").and_then(Json::as_str).unwrap_or_default().to_owned();
            let streams = entries.iter().find(|entry| is_merged(&named(entry))).cloned();
            entries.retain(|entry| {
                let named = named(entry);
                !is_merged(&named) && !smaller.dropped.contains(&format!("{area}/{named}"))
            });
            for entry in entries.iter_mut() {
                let path = format!("{area}/{}", named(entry));
                let size = files.get(&path).map(Vec::len).and_then(|size| u64::try_from(size).ok());
                if size.is_some() && entry.get("size").and_then(Json::as_u64) == size {
                    entry["size"] = json!(size_mark(&path).trim_matches('"'));
                }
            }
            if let Some(mut streams) = streams {
                let path = format!("{area}/{STREAMS}");
                streams["path"] = json!(STREAMS);
                streams["size"] = json!(size_mark(&path).trim_matches('"'));
                streams["sha256"] = json!(digest_mark(&path));
                entries.push(streams);
            }
            entries.sort_by_key(named);
        }
        value
    }

    fn places(&self, value: &mut Json) {
        match value {
            Json::Object(members) => {
                if members.get("prior_said").and_then(Json::as_str) == Some(&self.prior) {
                    members.insert("prior_said".to_owned(), json!(PRIOR));
                    if members.get("sn").and_then(Json::as_u64) == Some(self.prior_sn + 1) {
                        members.insert("sn".to_owned(), json!(mark("decimal", 1)));
                    }
                }
                members.values_mut().for_each(|value| self.places(value));
            }
            Json::Array(items) => items.iter_mut().for_each(|item| self.places(item)),
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
        }
    }

    fn of_manifest(&self, member: &str) -> Option<String> {
        self.records.get("bundle/manifest.json")?.get(member)?.as_str().map(str::to_owned)
    }

    /// The keys of a key state.
    pub fn keys_of(&self, prefix: &str, said: &str) -> Vec<String> {
        let state = self
            .messages
            .iter()
            .find(|message| message.establishes() && message.text("i") == prefix && message.text("d") == said);
        state.map(|state| state.list("k")).unwrap_or_default()
    }

    /// The keys that sign an event.
    pub fn keys_in(&self, message: &Message) -> Vec<String> {
        if message.establishes() {
            return message.list("k");
        }
        self.state_before(message).map(|state| state.list("k")).unwrap_or_default()
    }

    /// The witnesses that receipt an event.
    pub fn witnesses_of(&self, message: &Message) -> Vec<String> {
        let begins = matches!(message.text("t").as_str(), "icp" | "dip");
        let state = if begins { Some(message) } else { self.state_before(message) };
        state.map(|state| state.list("b")).unwrap_or_default()
    }

    fn state_before(&self, message: &Message) -> Option<&Message> {
        let prefix = message.text("i");
        let states = self.messages.iter().filter(|state| state.establishes() && state.text("i") == prefix);
        states.filter(|state| state.sn() < message.sn()).max_by_key(|state| state.sn())
    }
}
