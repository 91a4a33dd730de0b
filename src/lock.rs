//! The policy lock: which rule book an installation decides by, signed by the policy keys.
//!
//! In: the bytes of `lock.json`, the trust file, an instant, the highest serial seen. Out: a [`PolicyLock`], which
//! only [`SignedLock::verified`] makes. The reverse, drafts and signatures, is made here too.
//!
//! It must not know the engine: what a lock pins are digests and names, which the gate compares with its own.

mod engine;
pub mod error;
mod file;

use std::collections::{BTreeMap, BTreeSet};

use crate::keystore::{RecordToSign, Signer};
use crate::primitives::{Duration, Instant, Said, Sha256};
use crate::trust::quorum::{self, KeyStates, Quorum};
use crate::trust::{KeySignature, Trust};

pub use engine::EngineVersion;
pub use error::LockError;

/// What is to be locked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// Which lock; the same for all its serials.
    pub id: String,
    /// Raised by every new lock.
    pub serial: u64,
    /// First moment.
    pub not_before: Instant,
    /// First moment after it.
    pub expires: Instant,
    /// The oldest engine that may decide by it.
    pub minimum_engine: EngineVersion,
    /// The trust file.
    pub trust_digest: Sha256,
    /// The rule book: `Program.digest`.
    pub policy_digest: Sha256,
    /// Its documents, each with the versions that its rules are of.
    pub documents: BTreeMap<String, Vec<String>>,
    /// Its files, by path.
    pub files: BTreeMap<String, Sha256>,
    /// The level of each rule in the profile.
    pub levels: BTreeMap<String, String>,
    /// The profile.
    pub profile: String,
    /// Parameters that differ from the profile's, as written.
    pub parameters: BTreeMap<String, String>,
    /// The flows whose cases may be signed.
    pub flows: BTreeSet<String>,
    /// The credential schemas that may be issued under.
    pub schemas: BTreeSet<Said>,
    /// How old an approved report may be.
    pub report_max_age: Duration,
    /// How old live state may be.
    pub live_max_age: Duration,
    /// How far the clock may run behind.
    pub skew: Duration,
}

/// A lock that was read. Nothing is decided by it before it is verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedLock {
    terms: Terms,
    signatures: Vec<KeySignature>,
    logs: String,
    record: RecordToSign,
    digest: Sha256,
}

/// A lock that is in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyLock {
    terms: Terms,
    digest: Sha256,
}

impl std::ops::Deref for PolicyLock {
    type Target = Terms;

    fn deref(&self) -> &Terms {
        &self.terms
    }
}

impl PolicyLock {
    /// Reads a lock file. See [`SignedLock::verified`].
    ///
    /// # Errors
    /// `not_json`, `invalid`.
    pub fn read(bytes: &[u8]) -> Result<SignedLock, LockError> {
        SignedLock::read(bytes)
    }

    /// SHA-256 of the file.
    pub fn digest(&self) -> Sha256 {
        self.digest
    }

    /// Refuses another rule book than the locked one.
    ///
    /// # Errors
    /// `other_policies`.
    pub fn pins(&self, policy: &Sha256) -> Result<(), LockError> {
        match self.terms.policy_digest == *policy {
            true => Ok(()),
            false => Err(LockError::OtherPolicies {
                id: self.terms.id.clone(),
                serial: self.terms.serial,
                locked: self.terms.policy_digest,
                found: *policy,
            }),
        }
    }
}

impl SignedLock {
    /// Reads a lock file. Signatures are kept, not verified.
    ///
    /// # Errors
    /// `not_json`, `invalid`.
    pub fn read(bytes: &[u8]) -> Result<Self, LockError> {
        file::read(bytes)
    }

    /// A lock that nobody has signed yet.
    ///
    /// # Errors
    /// `invalid`: terms that contradict themselves.
    pub fn draft(terms: Terms) -> Result<Self, LockError> {
        Self::read(&file::write(&terms, &[], ""))
    }

    /// The file.
    pub fn write(&self) -> Vec<u8> {
        file::write(&self.terms, &self.signatures, &self.logs)
    }

    /// What it says, verified or not.
    pub fn terms(&self) -> &Terms {
        &self.terms
    }

    /// SHA-256 of the file that was read.
    pub fn digest(&self) -> Sha256 {
        self.digest
    }

    /// Adds the signature of a policy key. `logs`: streams that show the key, beside those of the trust file and
    /// of the lock; the lock takes them along.
    ///
    /// # Errors
    /// `other_trust`, a key that is no policy key or not in force, a signature that is there, the signer's.
    pub fn sign(&self, trust: &Trust, logs: &str, signer: &dyn Signer) -> Result<Self, LockError> {
        self.trusted(trust)?;
        let mut logs_of_lock = self.logs.clone();
        if !logs_of_lock.contains(logs) {
            logs_of_lock.push_str(logs);
        }
        let states = states(trust, &logs_of_lock);
        let signature = quorum::sign(&trust.policy_keys, &states, &self.record, signer)?;
        let mut signatures = self.signatures.clone();
        signatures.push(signature);
        quorum::count(&trust.policy_keys, &states, &self.record, &signatures)?;
        Self::read(&file::write(&self.terms, &signatures, &logs_of_lock))
    }

    /// Who signed; each signature holds.
    ///
    /// # Errors
    /// A signature that does not count.
    pub fn signed(&self, trust: &Trust) -> Result<Quorum, LockError> {
        let states = states(trust, &self.logs);
        Ok(quorum::count(&trust.policy_keys, &states, &self.record, &self.signatures)?)
    }

    /// The lock, if it is in force now. `highest_serial`: of the locks that were in force before.
    ///
    /// # Errors
    /// In this order: `other_trust`; who signed and whether they are enough; `not_yet`, `expired`; `rolled_back`;
    /// `engine_too_old`.
    pub fn verified(&self, trust: &Trust, now: Instant, highest_serial: Option<u64>) -> Result<PolicyLock, LockError> {
        self.verified_by(trust, now, highest_serial, &EngineVersion::own())
    }

    fn verified_by(
        &self,
        trust: &Trust,
        now: Instant,
        highest_serial: Option<u64>,
        engine: &EngineVersion,
    ) -> Result<PolicyLock, LockError> {
        self.trusted(trust)?;
        self.signed(trust)?.met("policy lock")?;
        let Terms { id, serial, not_before, expires, minimum_engine, .. } = &self.terms;
        let (id, serial) = (|| id.clone(), *serial);
        if now < *not_before {
            return Err(LockError::NotYet { id: id(), serial, not_before: *not_before, now });
        }
        if now >= *expires {
            return Err(LockError::Expired { id: id(), serial, expires: *expires, now });
        }
        if let Some(highest) = highest_serial.filter(|highest| serial < *highest) {
            return Err(LockError::RolledBack { id: id(), serial, highest });
        }
        if engine < minimum_engine {
            let (minimum, engine) = (*minimum_engine, *engine);
            return Err(LockError::EngineTooOld { id: id(), serial, minimum, engine });
        }
        Ok(PolicyLock { terms: self.terms.clone(), digest: self.digest })
    }

    fn trusted(&self, trust: &Trust) -> Result<(), LockError> {
        match self.terms.trust_digest == trust.digest {
            true => Ok(()),
            false => Err(LockError::OtherTrust {
                id: self.terms.id.clone(),
                serial: self.terms.serial,
                locked: self.terms.trust_digest,
                found: trust.digest,
            }),
        }
    }
}

fn states(trust: &Trust, logs: &str) -> KeyStates {
    KeyStates::of([trust.logs.as_deref().unwrap_or_default(), logs])
}
