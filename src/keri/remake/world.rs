//! Key events by digest: which keys and witnesses stand at which index, whether or not a log accepts them.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::Value;

use super::frame::{self, Sent};
use super::{Files, is_stream};

/// The messages of a case, and its key events.
#[derive(Debug, Default, Clone)]
pub struct World {
    bodies: HashSet<String>,
    events: HashMap<String, Event>,
    /// The establishment event with the highest number.
    latest: BTreeMap<String, (u64, String)>,
}

/// A key event, as far as signatures need it.
#[derive(Debug, Clone)]
pub(super) struct Event {
    pub prefix: String,
    pub sn: u64,
    pub said: String,
    pub prior: Option<String>,
    /// Keys of an establishment event; none in an interaction.
    pub keys: Vec<String>,
    pub establishes: bool,
    /// Witnesses of an inception, or those that a rotation adds.
    pub added: Vec<String>,
    pub cut: Vec<String>,
    /// Identifier, number and digest of what it seals.
    pub seals: Vec<[String; 3]>,
    pub body: String,
}

impl World {
    /// The streams of these files. What is no stream holds no messages.
    pub fn read(files: &Files) -> Self {
        let streams = files.iter().filter(|(path, _)| is_stream(path));
        let sent: Vec<Sent> = streams.filter_map(|(_, bytes)| frame::split(bytes).ok()).flatten().collect();
        Self::of(sent.iter())
    }

    pub(super) fn of<'s>(sent: impl Iterator<Item = &'s Sent>) -> Self {
        let mut world = Self::default();
        for message in sent {
            if world.bodies.insert(message.body.clone())
                && let Ok(value) = serde_json::from_str(&message.body)
            {
                world.take(&value);
            }
        }
        world
    }

    fn take(&mut self, value: &Value) {
        if let Some(event) = Event::read(value) {
            if event.establishes && self.latest.get(&event.prefix).is_none_or(|(sn, _)| *sn < event.sn) {
                self.latest.insert(event.prefix.clone(), (event.sn, event.said.clone()));
            }
            self.events.insert(event.said.clone(), event);
        }
        for carried in value.get("e").and_then(Value::as_object).into_iter().flat_map(|carried| carried.values()) {
            if carried.get("v").is_some() {
                self.take(carried);
            }
        }
    }

    /// Whether a message stands in it as it is.
    pub(super) fn has(&self, body: &str) -> bool {
        self.bodies.contains(body)
    }

    pub(super) fn event(&self, said: &str) -> Option<&Event> {
        self.events.get(said)
    }

    /// The event that seals another.
    pub(super) fn sealing(&self, prefix: &str, sn: &str, said: &str) -> Option<&Event> {
        self.events.values().find(|event| event.seals.iter().any(|seal| *seal == [prefix, sn, said]))
    }

    /// The latest establishment event of an identifier.
    pub(super) fn latest(&self, prefix: &str) -> Option<&Event> {
        self.events.get(&self.latest.get(prefix)?.1)
    }
}

impl Event {
    pub fn read(value: &Value) -> Option<Self> {
        let text = |field: &str| value.get(field).and_then(Value::as_str).map(str::to_owned);
        let list = |field: &str| -> Vec<String> {
            let items = value.get(field).and_then(Value::as_array).into_iter().flatten();
            items.filter_map(Value::as_str).map(str::to_owned).collect()
        };
        let kind = text("t")?;
        let establishes = matches!(kind.as_str(), "icp" | "dip" | "rot" | "drt");
        if !establishes && kind != "ixn" {
            return None;
        }
        let begins = matches!(kind.as_str(), "icp" | "dip");
        Some(Self {
            prefix: text("i")?,
            sn: u64::from_str_radix(&text("s")?, 16).ok()?,
            said: text("d")?,
            prior: text("p"),
            keys: list("k"),
            establishes,
            added: if begins { list("b") } else { list("ba") },
            cut: list("br"),
            seals: seals(value),
            body: serde_json::to_string(value).ok()?,
        })
    }
}

fn seals(value: &Value) -> Vec<[String; 3]> {
    let items = value.get("a").and_then(Value::as_array).into_iter().flatten();
    let text = |item: &Value, field: &str| item.get(field).and_then(Value::as_str).map(str::to_owned);
    items.filter_map(|item| Some([text(item, "i")?, text(item, "s")?, text(item, "d")?])).collect()
}

/// The events of a case as they are, then as they were.
#[derive(Debug, Clone, Copy)]
pub(super) struct Worlds<'w> {
    pub now: Option<&'w World>,
    pub base: &'w World,
}

/// Longest log that is looked through.
const EVENTS_MAX: usize = 10_000;

impl<'w> Worlds<'w> {
    pub fn event(&self, said: &str) -> Option<&'w Event> {
        self.now.and_then(|now| now.events.get(said)).or_else(|| self.base.events.get(said))
    }

    /// The latest establishment event of an identifier.
    pub fn latest(&self, prefix: &str) -> Option<&'w Event> {
        self.now.and_then(|now| now.latest(prefix)).or_else(|| self.base.latest(prefix))
    }

    /// The keys that sign an event: its own, or those in force.
    pub fn keys(&self, event: &Event) -> Option<Vec<String>> {
        self.established(event).map(|event| event.keys.clone())
    }

    /// The establishment event in force at an event.
    pub fn established<'e>(&self, event: &'e Event) -> Option<&'e Event>
    where
        'w: 'e,
    {
        self.log(event).into_iter().find(|event| event.establishes)
    }

    /// The witnesses that receipt an event.
    pub fn witnesses(&self, event: &Event) -> Vec<String> {
        let mut witnesses: Vec<String> = Vec::new();
        for event in self.log(event).into_iter().rev() {
            witnesses.retain(|witness| !event.cut.contains(witness));
            witnesses.extend(event.added.iter().cloned());
        }
        witnesses
    }

    /// An event and those before it, the latest first.
    fn log<'e>(&self, event: &'e Event) -> Vec<&'e Event>
    where
        'w: 'e,
    {
        let mut log = vec![event];
        while let Some(prior) = log.last().and_then(|last| last.prior.as_deref()).and_then(|prior| self.event(prior)) {
            if log.len() == EVENTS_MAX {
                break;
            }
            log.push(prior);
        }
        log
    }
}
