//! Whose signatures a document of the installation carries: trust file, policy lock, recovery.
//!
//! In: the AIDs that may sign with their threshold, their logs, the document, its signatures. Out: a [`Quorum`],
//! or the first signature that does not count. A signature that does not count refuses the document even beside
//! enough good ones: somebody put it there. A signature is by the latest key state that the logs show.

use std::collections::BTreeSet;

use miette::Diagnostic;
use thiserror::Error;

use super::{KeySignature, Keys};
use crate::facts::threshold::Threshold;
use crate::keri::cesr::unindexed_signature;
use crate::keri::show::{self, LogReport, threshold_text};
use crate::keri::{LogFact, StateFact};
use crate::keystore::{PublicKey, RecordToSign, Signable, Signer, SignerError};
use crate::primitives::{Aid, Said};

/// A signature that does not count, or too few of them.
#[derive(Debug, Error, Diagnostic)]
pub enum NotSigned {
    /// By nobody.
    #[error("the {what} is signed by nobody, and a threshold of {threshold} is needed")]
    #[diagnostic(
        code(countersign::trust::unsigned),
        help("those whom the trust file names sign it, one after the other")
    )]
    Unsigned {
        /// What.
        what: &'static str,
        /// How many.
        threshold: String,
    },
    /// By too few.
    #[error("the {what} has {signed} good signatures, and a threshold of {threshold} is needed")]
    #[diagnostic(code(countersign::trust::below_threshold), help("the others whom the trust file names sign it too"))]
    BelowThreshold {
        /// What.
        what: &'static str,
        /// How many signed.
        signed: usize,
        /// How many must.
        threshold: String,
    },
    /// By somebody else.
    #[error("the {what} is signed by `{aid}`, whom the trust file does not name for it")]
    #[diagnostic(
        code(countersign::trust::foreign_key),
        help(
            "take it from who made it, without that signature; officers sign trust and recovery, policy keys the lock"
        )
    )]
    Foreign {
        /// What.
        what: &'static str,
        /// Who.
        aid: Aid,
    },
    /// Twice by one.
    #[error("the {what} is signed twice by `{aid}`")]
    #[diagnostic(code(countersign::trust::signed_twice), help("take one of the two signatures out"))]
    Twice {
        /// What.
        what: &'static str,
        /// Who.
        aid: Aid,
    },
    /// No log tells their key.
    #[error("no key event log of `{aid}` is at hand, so nothing tells their key")]
    #[diagnostic(
        code(countersign::trust::log_missing),
        help(
            "give their log with `--log FILE` where the file is made or signed; `countersign kel verify` shows whether it is accepted"
        )
    )]
    LogMissing {
        /// Who.
        aid: Aid,
    },
    /// A log with two stories.
    #[error("the key event log of `{aid}` has two signed events at number {sn}")]
    #[diagnostic(
        code(countersign::trust::log_duplicity),
        help("nothing that they sign counts; find out with them which event is theirs")
    )]
    Duplicity {
        /// Who.
        aid: Aid,
        /// Where.
        sn: u64,
    },
    /// A state that is none.
    #[error("the {what} is signed with key state {sn} of `{aid}`, which their log does not have")]
    #[diagnostic(
        code(countersign::trust::other_key_state),
        help("the signature names another event than the log, or the log ends before it; give the whole log")
    )]
    OtherState {
        /// What.
        what: &'static str,
        /// Who.
        aid: Aid,
        /// The state.
        sn: u64,
    },
    /// A key that was rotated out.
    #[error("the {what} is signed with key state {sn} of `{aid}`, and {latest} is in force")]
    #[diagnostic(
        code(countersign::trust::superseded_key),
        help("the key was rotated out; have them sign again with the key in force")
    )]
    Superseded {
        /// What.
        what: &'static str,
        /// Who.
        aid: Aid,
        /// The state named.
        sn: u64,
        /// The state in force.
        latest: u64,
    },
    /// A signature that does not hold.
    #[error("the signature of `{aid}` does not hold over the {what}")]
    #[diagnostic(
        code(countersign::trust::bad_signature),
        help("the file was changed after it was signed, or the signature was; have them look at it and sign again")
    )]
    Bad {
        /// What.
        what: &'static str,
        /// Who.
        aid: Aid,
    },
    /// A signer whose key is not in force.
    #[error("the keys at hand are not those in force of `{aid}`")]
    #[diagnostic(
        code(countersign::trust::key_not_in_force),
        help("nothing was signed; compare `countersign keys list` with `countersign kel verify`")
    )]
    NotInForce {
        /// Who.
        aid: Aid,
    },
    /// No signature was made.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Signer(#[from] SignerError),
}

/// Who signed, each with a signature that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quorum {
    /// By their place among the keys.
    pub signed: BTreeSet<u32>,
    /// How many must.
    pub threshold: Threshold,
}

impl Quorum {
    /// Whether they are enough.
    pub fn is_met(&self) -> bool {
        self.threshold.satisfied(&self.signed)
    }

    /// Refuses a document that too few signed.
    ///
    /// # Errors
    /// `unsigned`, `below_threshold`.
    pub fn met(self, what: &'static str) -> Result<Self, NotSigned> {
        let threshold = threshold_text(&self.threshold);
        match (self.is_met(), self.signed.len()) {
            (true, _) => Ok(self),
            (false, 0) => Err(NotSigned::Unsigned { what, threshold }),
            (false, signed) => Err(NotSigned::BelowThreshold { what, signed, threshold }),
        }
    }
}

/// Key states, from logs.
#[derive(Debug)]
pub struct KeyStates(LogReport);

impl KeyStates {
    /// The states that these streams prove together; what they do not prove is not there.
    pub fn of<'s>(streams: impl IntoIterator<Item = &'s str>) -> Self {
        Self(show::logs(streams.into_iter().collect::<String>().as_bytes(), None))
    }

    fn latest(&self, aid: &Aid) -> Result<(&LogFact, &StateFact), NotSigned> {
        let missing = || NotSigned::LogMissing { aid: aid.clone() };
        let (_, log) = self.0.logs.iter().find(|(of, _)| of == aid).ok_or_else(missing)?;
        if let Some(sn) = log.duplicitous.first() {
            return Err(NotSigned::Duplicity { aid: aid.clone(), sn: *sn });
        }
        Ok((log, log.states.last().ok_or_else(missing)?))
    }
}

/// Counts the signatures of a document.
///
/// # Errors
/// The first signature that does not count, and why.
pub fn count(
    keys: &Keys,
    states: &KeyStates,
    record: &RecordToSign,
    signatures: &[KeySignature],
) -> Result<Quorum, NotSigned> {
    let what = record.domain().what();
    let mut signed = BTreeSet::new();
    for signature in signatures {
        let aid = || signature.aid.clone();
        let place = keys.place(&signature.aid).ok_or_else(|| NotSigned::Foreign { what, aid: aid() })?;
        holds(states, record, signature)?;
        if !signed.insert(place) {
            return Err(NotSigned::Twice { what, aid: aid() });
        }
    }
    Ok(Quorum { signed, threshold: keys.threshold.clone() })
}

fn holds(states: &KeyStates, record: &RecordToSign, signature: &KeySignature) -> Result<(), NotSigned> {
    let KeySignature { aid, sn, said, signature } = signature;
    let what = record.domain().what();
    let (log, state) = states.latest(aid)?;
    let named = log.states.iter().find(|state| state.established == (*sn, said.to_string()));
    if named.is_none() {
        return Err(NotSigned::OtherState { what, aid: aid.clone(), sn: *sn });
    }
    if state.established.0 != *sn {
        return Err(NotSigned::Superseded { what, aid: aid.clone(), sn: *sn, latest: state.established.0 });
    }
    let message = record.message().as_bytes();
    match unindexed_signature(signature).is_some_and(|raw| speaks(state, |key| key.verifies(message, &raw))) {
        true => Ok(()),
        false => Err(NotSigned::Bad { what, aid: aid.clone() }),
    }
}

/// Whether one key, for which this holds, speaks for the identifier alone.
fn speaks(state: &StateFact, is_it: impl Fn(PublicKey) -> bool) -> bool {
    let mut places = (0u32..).zip(&state.keys);
    places.any(|(place, key)| state.threshold.satisfied(&BTreeSet::from([place])) && key.parse().is_ok_and(&is_it))
}

/// Signs a document, if the signer's key is in force and theirs to sign with.
///
/// # Errors
/// `foreign_key`, `key_not_in_force`, no log of theirs, or the signer's.
pub fn sign(
    keys: &Keys,
    states: &KeyStates,
    record: &RecordToSign,
    signer: &dyn Signer,
) -> Result<KeySignature, NotSigned> {
    let aid = signer.aid();
    if keys.place(aid).is_none() {
        return Err(NotSigned::Foreign { what: record.domain().what(), aid: aid.clone() });
    }
    let (_, state) = states.latest(aid)?;
    let not_in_force = || NotSigned::NotInForce { aid: aid.clone() };
    if !speaks(state, |key| key == signer.key()) {
        return Err(not_in_force());
    }
    let said: Said = state.established.1.parse().map_err(|_| not_in_force())?;
    let signature = signer.sign(&Signable::Record(record))?.qualified();
    Ok(KeySignature { aid: aid.clone(), sn: state.established.0, said, signature })
}

impl Keys {
    /// The place of an AID among them.
    pub fn place(&self, aid: &Aid) -> Option<u32> {
        (0u32..).zip(&self.aids).find(|(_, known)| *known == aid).map(|(place, _)| place)
    }
}
