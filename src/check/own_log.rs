//! Somebody's own key event log as it stands now, so that one more event can be put to its end.
//!
//! In: the bundle's streams, live streams, an identifier. Out: [`OwnLog`], or why no event may follow: an event at a
//! place that is taken would be duplicity, which nothing undoes.

use std::collections::BTreeSet;

use crate::bundle::{FileState, Snapshot};
use crate::case::KeyState;
use crate::keri::build::Interaction;
use crate::keri::cesr;
use crate::keri::json;
use crate::keri::pool::{self, PooledLog, Question, Stream};
use crate::primitives::{Aid, Instant, Said};

/// The ids of live streams begin here; those of files are places in the snapshot.
const LIVE: u32 = 1 << 31;

/// A log to which an event can be put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnLog {
    /// Whose, with the keys in force.
    pub state: KeyState,
    /// The place of the next event.
    pub sn: u64,
    /// The last event.
    pub prior: Said,
    /// How many witnesses must receipt an event.
    pub receipts: u32,
    /// The witnesses.
    pub witnesses: Vec<String>,
    /// Whether one key signs for it.
    pub alone: bool,
    /// Digests that its events seal.
    pub sealed: BTreeSet<String>,
}

impl OwnLog {
    /// The event that seals a digest, and nothing else.
    pub fn sealing(&self, digest: &Said) -> String {
        Interaction::sealing(self.state.aid.clone(), self.sn, self.prior.clone(), digest.clone()).make().text
    }
}

/// The log of an identifier, whole in the live streams.
///
/// # Errors
/// Why no event may follow.
pub fn own_log(snapshot: &Snapshot, live: &[&[u8]], aid: &Aid, as_of: Instant) -> Result<OwnLog, String> {
    let listed = snapshot.iter().filter(|(id, file)| {
        file.state == FileState::Good && snapshot.entry(*id).is_some_and(|entry| entry.kind == "cesr")
    });
    let live: Vec<Stream<'_>> = live.iter().zip(LIVE..).map(|(bytes, id)| Stream { id, bytes }).collect();
    let mut all: Vec<Stream<'_>> =
        listed.filter_map(|(id, file)| Some(Stream { id: id.0, bytes: file.bytes()? })).collect();
    all.extend(live.iter().copied());
    let fetched =
        log_of(&live, aid, as_of).ok_or_else(|| format!("the live state does not hold the log of `{aid}`"))?;
    let whole = log_of(&all, aid, as_of).ok_or_else(|| format!("the log of `{aid}` does not hold together"))?;
    let fact = &whole.fact;
    if !fact.duplicitous.is_empty() || !fact.refused.is_empty() {
        return Err(format!("the log of `{aid}` has events that it does not accept, or two at one place"));
    }
    if fetched.fact.events.len() != fact.events.len() {
        return Err(format!("the live log of `{aid}` is shorter than the one of the bundle"));
    }
    let empty = || format!("the log of `{aid}` has no event");
    let (last, state) = fact.events.last().zip(fact.states.last()).ok_or_else(empty)?;
    let established = state.established.1.parse().map_err(|_| empty())?;
    Ok(OwnLog {
        sn: fact.events.len() as u64,
        prior: last.said.clone(),
        receipts: state.witness_threshold,
        witnesses: state.witnesses.clone(),
        alone: state.keys.len() == 1,
        sealed: sealed(&all, &whole),
        state: KeyState { aid: aid.clone(), sn: state.established.0, said: established, keys: state.keys.clone() },
    })
}

fn log_of(streams: &[Stream<'_>], aid: &Aid, as_of: Instant) -> Option<PooledLog> {
    let question = Question { streams, drafts: &[], detached: &[], as_of, schemas: None, memory: None };
    pool::verify(&question).logs.into_iter().find(|log| log.aid == *aid)
}

/// The digest seals of the events that a log accepts.
fn sealed(streams: &[Stream<'_>], log: &PooledLog) -> BTreeSet<String> {
    let mut sealed = BTreeSet::new();
    for message in streams.iter().filter_map(|stream| cesr::read(stream.bytes).ok()).flatten() {
        let Ok(node) = json::parse(message.body) else { continue };
        let said = node.get("d").and_then(json::Node::text).unwrap_or_default();
        if !log.fact.events.iter().any(|event| event.said.as_str() == said) {
            continue;
        }
        for seal in node.get("a").and_then(json::Node::items).unwrap_or_default() {
            if let Some([(name, digest)]) = seal.fields()
                && name == "d"
            {
                sealed.extend(digest.text().map(str::to_owned));
            }
        }
    }
    sealed
}
