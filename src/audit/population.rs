//! What the registries' logs prove, in the form in which cases ask about it.
//!
//! In: streams and whom the trust file names. Out: [`Registries`]: the events of a credential, in memory a few dozen bytes each.

use std::collections::{BTreeSet, HashMap};
use std::iter;

use super::year::Stream;
use crate::keri::population::{self, Action, Establishment, Flaw, Sealed};
use crate::keri::signature::Memory;
use crate::primitives::{Aid, Instant, Sha256};
use crate::report::audit::StreamEntry;
use crate::trust::Trust;

/// The registries of the issuers, by what was fetched for the audit.
#[derive(Debug, Clone, Default)]
pub struct Registries {
    /// Issuances and revocations, in the order of each issuer's log.
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
    /// Reads the streams, for every QVI that the trust file names.
    pub fn read(streams: &[Stream], trust: &Trust, memory: &Memory) -> Self {
        let asked = Asked::of(trust);
        let mut read = Self::default();
        for (issuer, chosen) in asked.iter().zip(sorted(streams, &asked)) {
            let bytes: Vec<&[u8]> = chosen.iter().map(|at| streams[*at].bytes.as_slice()).collect();
            let found = population::population(&bytes, issuer.qvi, Some(memory));
            read.events.extend(found.events);
            read.establishments.extend(found.establishments);
            // It named a stream by its place among the chosen.
            let placed = |flaw: Flaw| Flaw { stream: flaw.stream.and_then(|at| chosen.get(at).copied()), ..flaw };
            read.flaws.extend(found.flaws.into_iter().map(placed));
        }
        for (at, event) in (0u32..).zip(&read.events) {
            read.by_key.entry(short(&key(event.action, event.credential.as_str()))).or_insert(at);
        }
        read.streams = streams
            .iter()
            .map(|stream| StreamEntry { name: stream.name.clone(), sha256: Sha256::of(&stream.bytes) })
            .collect();
        read
    }

    /// The event that does this to a credential.
    pub fn find(&self, action: Action, credential: &str) -> Option<&Sealed> {
        let at = *self.by_key.get(&short(&key(action, credential)))?;
        self.events.get(at as usize)
    }
}

/// Whose registries are asked about, and whose logs prove them.
struct Asked<'t> {
    qvi: &'t Aid,
    geda: &'t Aid,
    root: &'t Aid,
}

impl<'t> Asked<'t> {
    fn of(trust: &'t Trust) -> Vec<Self> {
        let own = Self { qvi: &trust.qvi_aid, geda: &trust.geda_aid, root: &trust.root_aid };
        let others = trust.audited.iter().filter(|audited| audited.qvi_aid != trust.qvi_aid);
        let others = others.map(|other| Self { qvi: &other.qvi_aid, geda: &other.geda_aid, root: &other.root_aid });
        iter::once(own).chain(others).collect()
    }
}

/// The places of the streams that each is asked with. What nobody's log stands in is read with the first, so that it is
/// told of; what only one issuer's logs stand in, with no other, so that many issuers cost no more than their streams.
fn sorted(streams: &[Stream], asked: &[Asked<'_>]) -> Vec<Vec<usize>> {
    if asked.len() == 1 {
        return vec![(0..streams.len()).collect()];
    }
    let mut of: HashMap<&str, Vec<usize>> = HashMap::new();
    for (place, issuer) in asked.iter().enumerate() {
        for aid in [issuer.qvi, issuer.geda, issuer.root] {
            of.entry(aid.as_str()).or_default().push(place);
        }
    }
    let mut sorted = vec![Vec::new(); asked.len()];
    for (at, stream) in streams.iter().enumerate() {
        let holders = population::holders(&stream.bytes);
        let mut places: BTreeSet<usize> =
            holders.iter().filter_map(|aid| of.get(aid.as_str())).flatten().copied().collect();
        if places.is_empty() {
            places.insert(0);
        }
        for place in places {
            sorted[place].push(at);
        }
    }
    sorted
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
