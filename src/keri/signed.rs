//! Who signed some bytes, by the key states that their logs accept.
//!
//! In: bytes (an `exn` message, a record) and the groups attached to them. Out: for each signature group
//! whose it is, which keys signed, and whether they are enough to speak for the identifier; or why the
//! group says nothing. A signature counts under the key state that it names, if that is an accepted
//! establishment event; whether that state was still in force is for the caller to ask.

use std::collections::BTreeSet;

use thiserror::Error;

use super::cesr::{Anchor, Attachment, Group, Indexed};
use super::log::{KeyState, Logs};
use super::signature::Triple;

/// A group of signatures that verify.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// Where the group stands.
    pub offset: usize,
}

/// Why a group of signatures says nothing.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
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
    let mut found = Vec::new();
    for attachment in attachments {
        let at = attachment.offset;
        match &attachment.group {
            Group::TransferableSignatures(items) => {
                found.extend(items.iter().map(|(anchor, signatures)| by_state(logs, text, anchor, signatures, at)));
            }
            Group::LatestSignatures(items) => {
                found.extend(items.iter().map(|(prefix, signatures)| by_latest(logs, text, prefix, signatures, at)));
            }
            Group::ReceiptCouples(items) => found.extend(items.iter().map(|couple| {
                let held = couple.bytes().is_some_and(|signature| {
                    logs.signatures().hold(&Triple { key: couple.prefix, message: text, signature })
                });
                let aid = couple.prefix.to_owned();
                if !held {
                    return Err(NotSigned::Bad { aid, bad: 1 });
                }
                let indices = BTreeSet::from([0]);
                Ok(Signer { aid, established: None, indices, satisfied: true, bad: 0, superseded: false, offset: at })
            })),
            Group::ControllerSignatures(_)
            | Group::WitnessSignatures(_)
            | Group::ReceiptQuadruples(_)
            | Group::FirstSeen(_)
            | Group::SealCouples(_)
            | Group::SealTriples(_)
            | Group::Pathed { .. } => {}
        }
    }
    found
}

fn by_state(
    logs: &Logs<'_, '_>,
    text: &str,
    anchor: &Anchor<'_>,
    signatures: &[Indexed<'_>],
    offset: usize,
) -> Result<Signer, NotSigned> {
    let aid = anchor.prefix.to_owned();
    let log = logs.log(anchor.prefix).ok_or_else(|| NotSigned::LogMissing { aid: aid.clone() })?;
    let accepted = log.at(anchor.sn).filter(|accepted| {
        let entry = logs.events().entry(accepted.entry);
        entry.is_some_and(|entry| entry.event.said == anchor.said && entry.event.kind.establishes())
    });
    let Some(accepted) = accepted else {
        return Err(NotSigned::NotEstablished { aid, sn: anchor.sn, said: anchor.said.to_owned() });
    };
    let latest = log.state().is_some_and(|state| state.established.0 == anchor.sn);
    by_keys(logs, text, &accepted.state, aid, signatures, (offset, !latest))
}

fn by_latest(
    logs: &Logs<'_, '_>,
    text: &str,
    prefix: &str,
    signatures: &[Indexed<'_>],
    offset: usize,
) -> Result<Signer, NotSigned> {
    let aid = prefix.to_owned();
    let log = logs.log(prefix).ok_or_else(|| NotSigned::LogMissing { aid: aid.clone() })?;
    let state = log.state().ok_or_else(|| NotSigned::LogMissing { aid: aid.clone() })?;
    by_keys(logs, text, state, aid, signatures, (offset, false))
}

fn by_keys(
    logs: &Logs<'_, '_>,
    text: &str,
    state: &KeyState<'_>,
    aid: String,
    signatures: &[Indexed<'_>],
    (offset, superseded): (usize, bool),
) -> Result<Signer, NotSigned> {
    let mut indices = BTreeSet::new();
    let mut bad = 0;
    for signature in signatures {
        let key = state.keys.get(signature.index as usize);
        let held = key
            .zip(signature.bytes())
            .is_some_and(|(key, signature)| logs.signatures().hold(&Triple { key, message: text, signature }));
        if held {
            indices.insert(signature.index);
        } else {
            bad += 1;
        }
    }
    if indices.is_empty() {
        return Err(NotSigned::Bad { aid, bad });
    }
    let established = Some((state.established.0, state.established.1.to_owned()));
    let satisfied = state.satisfied(indices.iter().copied());
    Ok(Signer { aid, established, indices, satisfied, bad, superseded, offset })
}
