//! The key event that seals an issuance, accepted or not: who has signed it so far.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::frame::{Frame, Spot};
use crate::facts::threshold::Threshold;
use crate::keri::evidence::Evidence;
use crate::keri::log::{Entry, KeyState, Logs};
use crate::keri::message::RegistryEventKind;
use crate::keri::signature::Triple;

/// A key event that seals an issuance.
#[derive(Debug, Clone, PartialEq)]
pub struct AnchorFact {
    /// Whose log.
    pub aid: String,
    /// `icp`, `ixn`, …
    pub kind: &'static str,
    /// Its place.
    pub sn: u64,
    /// Its digest.
    pub said: String,
    /// The event it follows.
    pub prior: Option<String>,
    /// How many things it seals.
    pub seals: usize,
    /// The keys and the threshold in force there, if the event before it is accepted.
    pub in_force: Option<(Vec<String>, Threshold)>,
    /// Indices of the keys whose signatures verify.
    pub signers: BTreeSet<u32>,
    /// Whether they meet the threshold.
    pub satisfied: bool,
    /// Witnesses that receipted it.
    pub receipts: usize,
    /// Whether the log accepts it.
    pub accepted: bool,
    /// Where it stands.
    pub spot: Option<Spot>,
}

/// The event among `events` that seals the issuance of a credential; an accepted one first.
///
/// `evidence` holds the issuance and the event, `logs` what is accepted.
pub(super) fn of_issuance<'a>(
    evidence: &Evidence<'a>,
    logs: &Logs<'_, 'a>,
    frame: &Frame,
    said: &str,
    registry: &str,
    issuer: &str,
    draft: bool,
) -> Option<AnchorFact> {
    let issuances: BTreeSet<&str> = evidence
        .about(said)
        .filter(|found| matches!(found.event.kind, RegistryEventKind::Issuance { registry: of } if of == registry))
        .map(|found| found.event.said)
        .collect();
    let seals = |entry: &&Entry<'a>| {
        let mut seals = entry.event.seals.iter();
        entry.event.prefix == issuer
            && seals.any(|seal| seal.prefix == said && seal.sn == 0 && issuances.contains(seal.said))
    };
    let entries = (0..).map_while(|at| evidence.events.entry(at)).filter(seals);
    let entry = entries.min_by_key(|entry| (is_accepted(logs, entry).is_none(), entry.event.sn, entry.offset))?;
    Some(fact(logs, frame, entry, draft))
}

/// Where the accepted log of its identifier holds an event.
fn is_accepted<'a>(logs: &Logs<'_, 'a>, entry: &Entry<'a>) -> Option<usize> {
    let log = logs.log(entry.event.prefix)?;
    let at = log.at(entry.event.sn)?.entry;
    logs.events().entry(at).filter(|held| held.event.said == entry.event.said).map(|_| at)
}

fn fact<'a>(logs: &Logs<'_, 'a>, frame: &Frame, entry: &Entry<'a>, draft: bool) -> AnchorFact {
    let event = &entry.event;
    let state = state(logs, entry);
    // A draft is what the proposal holds, whatever became of it later.
    let accepted = !draft && is_accepted(logs, entry).is_some();
    let (signers, receipts) = state.as_ref().map(|state| signed(logs, entry, state)).unwrap_or_default();
    AnchorFact {
        aid: event.prefix.to_owned(),
        kind: event.kind.as_str(),
        sn: event.sn,
        said: event.said.to_owned(),
        prior: event.prior.map(str::to_owned),
        seals: event.sealed,
        satisfied: state.as_ref().is_some_and(|state| state.satisfied(signers.iter().copied())),
        in_force: state
            .map(|state| (state.keys.iter().map(|key| (*key).to_owned()).collect(), state.threshold.clone())),
        signers,
        receipts,
        accepted,
        spot: frame.range(entry.offset, entry.offset + entry.body.len()),
    }
}

/// The key state at an event that follows the accepted log, or begins one.
pub(super) fn state<'a>(logs: &Logs<'_, 'a>, entry: &Entry<'a>) -> Option<Rc<KeyState<'a>>> {
    let event = &entry.event;
    let Some(prior) = event.prior else { return KeyState::after(None, event).ok() };
    let log = logs.log(event.prefix)?;
    let before = log.at(event.sn.checked_sub(1)?)?;
    let follows = logs.events().entry(before.entry).is_some_and(|before| before.event.said == prior);
    follows.then(|| KeyState::after(Some((&before.state, event.sn - 1)), event).ok()).flatten()
}

/// The indices of the keys that signed an event, and the number of witnesses that receipted it.
fn signed<'a>(logs: &Logs<'_, 'a>, entry: &Entry<'a>, state: &KeyState<'a>) -> (BTreeSet<u32>, usize) {
    let holds = |key: &str, signature: Option<[u8; 64]>| {
        signature.is_some_and(|signature| logs.signatures().hold(&Triple { key, message: entry.body, signature }))
    };
    let of = |keys: &[&'a str], index: u32| keys.get(index as usize).copied();
    let signers = entry
        .signatures
        .iter()
        .filter(|signature| of(&state.keys, signature.index).is_some_and(|key| holds(key, signature.bytes())));
    let by_index = entry
        .witness_signatures
        .iter()
        .filter_map(|signature| of(&state.witnesses, signature.index).filter(|key| holds(key, signature.bytes())));
    let by_key = entry
        .receipts
        .iter()
        .filter(|receipt| state.witnesses.contains(&receipt.prefix) && holds(receipt.prefix, receipt.bytes()))
        .map(|receipt| receipt.prefix);
    let witnesses: BTreeSet<&str> = by_index.chain(by_key).collect();
    (signers.map(|signature| signature.index).collect(), witnesses.len())
}
