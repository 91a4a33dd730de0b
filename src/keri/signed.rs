//! Who signed some bytes, by the key states that their logs accept.
//!
//! In: bytes (an `exn` message, a record) and the groups attached to them. Out: for each signature group
//! whose it is, which keys signed, and whether they are enough to speak for the identifier; or why the
//! group says nothing. A signature counts under the key state that it names, if that is an accepted
//! establishment event; whether that state was still in force is for the caller to ask.

use std::collections::BTreeSet;

use thiserror::Error;

use super::cesr::{Anchor, Attachment, Group, Indexed, ReceiptCouple};
use super::log::{Events, KeyState, Logs};
use super::signature::Triple;

/// A group of signatures that verify.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Signer {
    /// Whose keys.
    pub aid: String,
    /// The establishment event that the group names; none for a non-transferable key.
    pub established: Option<(u64, String)>,
    /// Indices of the keys that signed.
    pub indices: BTreeSet<u32>,
    /// Whether they meet the signing threshold.
    pub satisfied: bool,
    /// Signatures of the group that do not verify.
    pub bad: usize,
    /// Whether a later establishment event is in the evidence.
    pub superseded: bool,
}

/// A group of signatures: whose it claims to be, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Whose keys.
    pub aid: Option<String>,
    /// The establishment event that it names.
    pub established: Option<(u64, String)>,
    /// First byte.
    pub start: usize,
    /// Byte after the last.
    pub end: usize,
    /// What verifies.
    pub outcome: Result<Signer, NotSigned>,
}

impl Claim {
    /// Whether every signature of the group verifies.
    pub fn verified(&self) -> bool {
        self.outcome.as_ref().is_ok_and(|signer| signer.bad == 0)
    }

    /// Whether every signature of the group verifies, and they may speak for the identifier.
    pub fn speaks(&self) -> bool {
        self.outcome.as_ref().is_ok_and(|signer| signer.bad == 0 && signer.satisfied)
    }

    /// Whether a later establishment event replaces the key state that it names.
    pub fn superseded(&self) -> bool {
        self.outcome.as_ref().is_ok_and(|signer| signer.superseded)
    }

    /// Whether it is wrong by itself: a signature does not verify though the keys are known.
    pub fn contradicted(&self) -> bool {
        match &self.outcome {
            Ok(signer) => signer.bad > 0,
            Err(NotSigned::Bad { .. } | NotSigned::Nameless { .. }) => true,
            Err(NotSigned::LogMissing { .. } | NotSigned::NotEstablished { .. }) => false,
        }
    }

    /// Why it does not verify.
    pub fn why(&self) -> Option<String> {
        match &self.outcome {
            Err(error) => Some(error.to_string()),
            Ok(signer) if signer.bad > 0 => {
                let aid = &signer.aid;
                Some(format!("{} of the signatures of `{aid}` do not verify under the key state named", signer.bad))
            }
            Ok(_) => None,
        }
    }
}

/// Why a group of signatures says nothing.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Error)]
pub enum NotSigned {
    /// No log.
    #[error("the key event log of `{aid}` is not at hand")]
    LogMissing {
        /// Whose.
        aid: String,
    },
    /// The named key state is not one that the log accepts.
    #[error("event `{said}` (sn {sn}) is no accepted establishment event of `{aid}`")]
    NotEstablished {
        /// Whose.
        aid: String,
        /// Its place.
        sn: u64,
        /// Its digest.
        said: String,
    },
    /// Attached items that do not say whose they are, or that are no signatures.
    #[error("attached items of type `{code}` do not tell who signed")]
    Nameless {
        /// Their count code.
        code: &'static str,
    },
    /// Nothing verifies.
    #[error("none of the {bad} signatures of `{aid}` verifies")]
    Bad {
        /// Whose.
        aid: String,
        /// How many.
        bad: usize,
    },
}

/// Who signed a text.
pub fn signers<'a>(logs: &Logs<'_, 'a>, text: &str, attachments: &[Attachment<'a>]) -> Vec<Result<Signer, NotSigned>> {
    let outcomes = claims(logs, text, attachments).into_iter().map(|claim| claim.outcome);
    outcomes.filter(|outcome| !matches!(outcome, Err(NotSigned::Nameless { .. }))).collect()
}

/// Every group attached to a text, and what became of it. First-seen couples are unsigned and say nothing.
pub fn claims<'a>(logs: &Logs<'_, 'a>, text: &str, attachments: &[Attachment<'a>]) -> Vec<Claim> {
    let mut found = Vec::new();
    for attachment in attachments {
        match &attachment.group {
            Group::TransferableSignatures(items) => {
                found.extend(items.iter().map(|(anchor, signatures)| by_state(logs, text, anchor, signatures, COUNT)));
            }
            Group::LatestSignatures(items) => {
                found.extend(items.iter().map(|(prefix, signatures)| by_latest(logs, text, prefix, signatures)));
            }
            Group::ReceiptCouples(items) => found.extend(items.iter().map(|couple| by_key(logs, text, couple))),
            Group::ReceiptQuadruples(items) => {
                let single = |(anchor, signature): &(Anchor<'a>, Indexed<'a>)| {
                    by_state(logs, text, anchor, std::slice::from_ref(signature), 0)
                };
                found.extend(items.iter().map(single));
            }
            Group::ControllerSignatures(_) => found.push(nameless(attachment, "-A")),
            Group::WitnessSignatures(_) => found.push(nameless(attachment, "-B")),
            Group::SealCouples(_) => found.push(nameless(attachment, "-G")),
            Group::SealTriples(_) => found.push(nameless(attachment, "-I")),
            Group::Pathed { .. } => found.push(nameless(attachment, "-L")),
            Group::FirstSeen(_) => {}
        }
    }
    found
}

/// The signatures of a text that [`claims`] will ask about, as far as the events tell their keys.
pub fn triples<'a>(events: &Events<'a>, text: &'a str, attachments: &[Attachment<'a>], into: &mut Vec<Triple<'a>>) {
    let mut add = |anchor: &Anchor<'a>, signature: &Indexed<'a>| {
        let event = events.find(anchor.said).map(|entry| &entry.event).filter(|event| event.prefix == anchor.prefix);
        let key = event.and_then(|event| event.keys.as_ref()?.keys.get(signature.index as usize));
        if let (Some(key), Some(signature)) = (key, signature.bytes()) {
            into.push(Triple { key, message: text, signature });
        }
    };
    for attachment in attachments {
        match &attachment.group {
            Group::TransferableSignatures(items) => {
                for (anchor, signatures) in items {
                    signatures.iter().for_each(|signature| add(anchor, signature));
                }
            }
            Group::ReceiptQuadruples(items) => items.iter().for_each(|(anchor, signature)| add(anchor, signature)),
            // The latest keys are known after the replay; the others are rare.
            Group::LatestSignatures(_)
            | Group::ReceiptCouples(_)
            | Group::ControllerSignatures(_)
            | Group::WitnessSignatures(_)
            | Group::FirstSeen(_)
            | Group::SealCouples(_)
            | Group::SealTriples(_)
            | Group::Pathed { .. } => {}
        }
    }
}

/// Lengths of what stands before the first signature of a group: count code, digest, number, identifier.
const COUNT: usize = 4;
const DIGEST: usize = 44;
const NUMBER: usize = 24;
const PREFIX: usize = 44;

/// The bytes of signatures and of what stands before them.
fn bytes(signatures: &[Indexed<'_>], before: usize) -> (usize, usize) {
    let start = signatures.first().map_or(0, |first| first.offset.saturating_sub(before));
    let end = signatures.last().map_or(start, |last| last.offset + last.text.len());
    (start, end)
}

fn nameless(attachment: &Attachment<'_>, code: &'static str) -> Claim {
    let (start, end) = (attachment.offset, attachment.offset + COUNT);
    Claim { aid: None, established: None, start, end, outcome: Err(NotSigned::Nameless { code }) }
}

/// `count`: the length of the count code that stands before the signatures.
fn by_state(logs: &Logs<'_, '_>, text: &str, anchor: &Anchor<'_>, signatures: &[Indexed<'_>], count: usize) -> Claim {
    let aid = anchor.prefix.to_owned();
    let (start, end) = bytes(signatures, count + DIGEST + NUMBER + PREFIX);
    let established = Some((anchor.sn, anchor.said.to_owned()));
    let judge = || {
        let log = logs.log(anchor.prefix).ok_or_else(|| NotSigned::LogMissing { aid: aid.clone() })?;
        let accepted = log.at(anchor.sn).filter(|accepted| {
            let entry = logs.events().entry(accepted.entry);
            entry.is_some_and(|entry| entry.event.said == anchor.said && entry.event.kind.establishes())
        });
        let Some(accepted) = accepted else {
            let (aid, said) = (aid.clone(), anchor.said.to_owned());
            return Err(NotSigned::NotEstablished { aid, sn: anchor.sn, said });
        };
        let latest = log.state().is_some_and(|state| state.established.0 == anchor.sn);
        by_keys(logs, text, &accepted.state, &aid, signatures, !latest)
    };
    let outcome = judge();
    Claim { aid: Some(aid), established, start, end, outcome }
}

fn by_latest(logs: &Logs<'_, '_>, text: &str, prefix: &str, signatures: &[Indexed<'_>]) -> Claim {
    let aid = prefix.to_owned();
    let (start, end) = bytes(signatures, COUNT + PREFIX);
    let state = logs.log(prefix).and_then(|log| log.state().cloned());
    let outcome = match &state {
        Some(state) => by_keys(logs, text, state, &aid, signatures, false),
        None => Err(NotSigned::LogMissing { aid: aid.clone() }),
    };
    Claim { aid: Some(aid), established: None, start, end, outcome }
}

fn by_key(logs: &Logs<'_, '_>, text: &str, couple: &ReceiptCouple<'_>) -> Claim {
    let aid = couple.prefix.to_owned();
    let held = couple
        .bytes()
        .is_some_and(|signature| logs.signatures().hold(&Triple { key: couple.prefix, message: text, signature }));
    let outcome = if held {
        let indices = BTreeSet::from([0]);
        Ok(Signer { aid: aid.clone(), established: None, indices, satisfied: true, bad: 0, superseded: false })
    } else {
        Err(NotSigned::Bad { aid: aid.clone(), bad: 1 })
    };
    let (start, end) = (couple.offset, couple.offset + couple.prefix.len() + couple.text.len());
    Claim { aid: Some(aid), established: None, start, end, outcome }
}

fn by_keys(
    logs: &Logs<'_, '_>,
    text: &str,
    state: &KeyState<'_>,
    aid: &str,
    signatures: &[Indexed<'_>],
    superseded: bool,
) -> Result<Signer, NotSigned> {
    let mut indices = BTreeSet::new();
    let mut bad = 0;
    for signature in signatures {
        let key = state.keys.get(signature.index as usize);
        // A member of a group may write that its key is in the current list only; where there is one key, it is in both.
        let written = signature.prior.is_some() || state.keys.len() > 1;
        let held = key
            .zip(signature.bytes().filter(|_| written))
            .is_some_and(|(key, signature)| logs.signatures().hold(&Triple { key, message: text, signature }));
        if held {
            indices.insert(signature.index);
        } else {
            bad += 1;
        }
    }
    let aid = aid.to_owned();
    if indices.is_empty() {
        return Err(NotSigned::Bad { aid, bad });
    }
    let established = Some((state.established.0, state.established.1.to_owned()));
    let satisfied = state.satisfied(indices.iter().copied());
    Ok(Signer { aid, established, indices, satisfied, bad, superseded })
}
