//! A trust file that replaces another: made from it, signed by its officers, and accepted in its place.

use super::error::TrustError;
use super::quorum::{self, KeyStates, Quorum};
use super::{CredentialType, KeySignature, Keys, SchemaPin, Trust};
use crate::facts::threshold::Threshold;
use crate::keystore::Signer;
use crate::primitives::{Aid, Instant, Said, Sha256};

/// What differs in the next trust file. What is empty stays as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustChange {
    /// First moment it holds.
    pub valid_from: Instant,
    /// Another AID of the QVI.
    pub qvi_aid: Option<Aid>,
    /// Officers.
    pub officers: KeysChange,
    /// Policy keys.
    pub policy_keys: KeysChange,
    /// Agents that are reported to from now on.
    pub reporting_agents_added: Vec<Aid>,
    /// Agents that are not reported to any more.
    pub reporting_agents_removed: Vec<Aid>,
    /// Schemas that are pinned from `valid_from` on.
    pub schemas_added: Vec<(CredentialType, Said)>,
    /// Schemas whose pins end at `valid_from`.
    pub schemas_ended: Vec<Said>,
    /// The ledger, once it was begun.
    pub ledger_genesis: Option<Sha256>,
    /// Whether the store was made now.
    pub store_initialised: bool,
    /// Further key event logs.
    pub logs: String,
}

/// What differs among keys.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeysChange {
    /// New ones.
    pub added: Vec<Aid>,
    /// Those that leave.
    pub removed: Vec<Aid>,
    /// Another threshold, as a count.
    pub threshold: Option<u32>,
}

impl TrustChange {
    /// Nothing but the date.
    pub fn none(valid_from: Instant) -> Self {
        Self {
            valid_from,
            qvi_aid: None,
            officers: KeysChange::default(),
            policy_keys: KeysChange::default(),
            reporting_agents_added: Vec::new(),
            reporting_agents_removed: Vec::new(),
            schemas_added: Vec::new(),
            schemas_ended: Vec::new(),
            ledger_genesis: None,
            store_initialised: false,
            logs: String::new(),
        }
    }
}

impl Trust {
    /// The next trust file, with the next serial and nobody's signature.
    ///
    /// # Errors
    /// `change`: it cannot be made, or changes nothing; `invalid`: what comes out is no trust file.
    pub fn changed(&self, change: &TrustChange) -> Result<(Vec<u8>, Self), TrustError> {
        let mut next = self.clone();
        next.qvi_aid = change.qvi_aid.clone().unwrap_or(next.qvi_aid);
        keys(&mut next.officers, &change.officers)?;
        keys(&mut next.policy_keys, &change.policy_keys)?;
        let agents = (&change.reporting_agents_added, &change.reporting_agents_removed);
        aids(&mut next.reporting_agents, agents.0, agents.1)?;
        for said in &change.schemas_ended {
            let pin = next.schemas.iter_mut().find(|pin| pin.said == *said && pin.valid_to.is_none());
            let pin = pin.ok_or_else(|| refused(format!("schema `{said}` is not pinned, or its pin has an end")))?;
            pin.valid_to = Some(change.valid_from);
        }
        next.schemas.extend(change.schemas_added.iter().map(|(credential_type, said)| SchemaPin {
            credential_type: *credential_type,
            said: said.clone(),
            valid_from: change.valid_from,
            valid_to: None,
        }));
        next.ledger_genesis = change.ledger_genesis.or(next.ledger_genesis);
        next.store_initialised |= change.store_initialised;
        if !change.logs.is_empty() && !next.logs.as_deref().unwrap_or_default().contains(&change.logs) {
            next.logs = Some(next.logs.unwrap_or_default() + &change.logs);
        }
        if next == *self {
            return Err(refused("nothing would change".to_owned()));
        }
        next.valid_from = change.valid_from;
        next.serial = self.serial + 1;
        next.signatures.clear();
        let bytes = next.write();
        let next = Self::parse(&bytes)?;
        Ok((bytes, next))
    }

    /// The file with one more officer's signature. `before`: the trust file that it is to replace.
    ///
    /// # Errors
    /// `foreign_key`, `signed_twice` and the like; the signer's.
    pub fn sign(&self, before: &Self, signer: &dyn Signer) -> Result<(Vec<u8>, Self), TrustError> {
        self.follows(before)?;
        let states = states(before, self);
        let signature = quorum::sign(&before.officers, &states, &self.record, signer)?;
        let signatures: Vec<KeySignature> = self.signatures.iter().cloned().chain([signature]).collect();
        quorum::count(&before.officers, &states, &self.record, &signatures)?;
        let bytes = Self { signatures, ..self.clone() }.write();
        let signed = Self::parse(&bytes)?;
        // What was signed is what is written, or the signature is worth nothing.
        match signed.record == self.record {
            true => Ok((bytes, signed)),
            false => Err(refused("the file is not as `countersign trust update` writes it".to_owned())),
        }
    }

    /// Which officers of the trust file before it signed it.
    ///
    /// # Errors
    /// A signature that does not count.
    pub fn signed_by(&self, before: &Self) -> Result<Quorum, TrustError> {
        Ok(quorum::count(&before.officers, &states(before, self), &self.record, &self.signatures)?)
    }

    /// Whether it may replace another one now.
    ///
    /// # Errors
    /// In this order: `serial`, `forgets`; a signature that does not count, too few of them; `not_yet`.
    pub fn succeeds(&self, before: &Self, now: Instant) -> Result<(), TrustError> {
        self.follows(before)?;
        self.signed_by(before)?.met("trust file")?;
        match self.valid_from <= now {
            true => Ok(()),
            false => Err(TrustError::NotYet { valid_from: self.valid_from, now }),
        }
    }

    fn follows(&self, before: &Self) -> Result<(), TrustError> {
        if self.serial <= before.serial {
            return Err(TrustError::Serial { serial: self.serial, held: before.serial });
        }
        if before.store_initialised && !self.store_initialised {
            return Err(TrustError::Forgets { what: "store" });
        }
        if before.ledger_genesis.is_some() && self.ledger_genesis.is_none() {
            return Err(TrustError::Forgets { what: "ledger" });
        }
        if before.practice != self.practice {
            return Err(TrustError::Practice { before: before.practice });
        }
        Ok(())
    }
}

fn states(before: &Trust, next: &Trust) -> KeyStates {
    KeyStates::of([before.logs.as_deref().unwrap_or_default(), next.logs.as_deref().unwrap_or_default()])
}

fn keys(keys: &mut Keys, change: &KeysChange) -> Result<(), TrustError> {
    aids(&mut keys.aids, &change.added, &change.removed)?;
    if let Some(threshold) = change.threshold {
        keys.threshold = Threshold::Count(threshold);
    }
    if matches!(keys.threshold, Threshold::Weighted(_)) && !(change.added.is_empty() && change.removed.is_empty()) {
        return Err(refused("its weights are for the keys that it has; give a new threshold as a number".to_owned()));
    }
    Ok(())
}

fn aids(aids: &mut Vec<Aid>, added: &[Aid], removed: &[Aid]) -> Result<(), TrustError> {
    for aid in removed {
        let before = aids.len();
        aids.retain(|known| known != aid);
        if aids.len() == before {
            return Err(refused(format!("`{aid}` is not there")));
        }
    }
    aids.extend(added.iter().cloned());
    Ok(())
}

fn refused(reason: String) -> TrustError {
    TrustError::Change { reason }
}
