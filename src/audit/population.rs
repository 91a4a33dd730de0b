//! What the registries' logs prove, in the form in which cases ask about it.
//!
//! In: streams and the issuer. Out: [`Registries`]: the events of a credential, in memory a few dozen bytes each.

use std::collections::HashMap;

use super::year::Stream;
use crate::keri::population::{self, Action, Establishment, Flaw, Population, Sealed};
use crate::keri::signature::Memory;
use crate::primitives::{Aid, Instant, Sha256};
use crate::report::audit::StreamEntry;

/// The registries of an issuer, by what was fetched for the audit.
#[derive(Debug, Clone, Default)]
pub struct Registries {
    /// Issuances and revocations, in the order of the log.
    pub events: Vec<Sealed>,
    /// Establishment events of the group.
    pub establishments: Vec<Establishment>,
    /// What does not hold.
    pub flaws: Vec<Flaw>,
    /// The streams.
    pub streams: Vec<StreamEntry>,
    /// Events by action and credential.
    by_key: HashMap<Key, u32>,
}

/// A digest of action and credential, cut: two of them are the same event.
type Key = [u8; 16];

impl Registries {
    /// Reads the streams.
    pub fn read(streams: &[Stream], issuer: &Aid, memory: &Memory) -> Self {
        let bytes: Vec<&[u8]> = streams.iter().map(|stream| stream.bytes.as_slice()).collect();
        let Population { events, establishments, flaws, .. } = population::population(&bytes, issuer, Some(memory));
        let mut by_key = HashMap::with_capacity(events.len());
        for (at, event) in (0u32..).zip(&events) {
            by_key.entry(short(&key(event.action, event.credential.as_str()))).or_insert(at);
        }
        let streams = streams
            .iter()
            .map(|stream| StreamEntry { name: stream.name.clone(), sha256: Sha256::of(&stream.bytes) })
            .collect();
        Self { events, establishments, flaws, streams, by_key }
    }

    /// The event that does this to a credential.
    pub fn find(&self, action: Action, credential: &str) -> Option<&Sealed> {
        let at = *self.by_key.get(&short(&key(action, credential)))?;
        self.events.get(at as usize)
    }
}

/// As reports write an action.
pub fn word(action: Action) -> &'static str {
    match action {
        Action::Issued => "iss",
        Action::Revoked => "rev",
    }
}

/// The action of a word; another word is none.
pub fn action(word: &str) -> Option<Action> {
    match word {
        "iss" => Some(Action::Issued),
        "rev" => Some(Action::Revoked),
        _ => None,
    }
}

/// What stands for an event in what is sorted.
pub fn key(action: Action, credential: &str) -> Sha256 {
    Sha256::of(format!("{} {credential}", word(action)).as_bytes())
}

/// When an event happened, as well as anybody knows: what a watcher saw, else the issuer's word.
pub fn time(event: &Sealed) -> Option<Instant> {
    event.first_seen.or(event.dated)
}

fn short(key: &Sha256) -> Key {
    let mut short = [0; 16];
    short.copy_from_slice(&key.as_bytes()[..16]);
    short
}
