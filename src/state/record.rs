//! The officers' recovery record.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::error::StateError;
use crate::bundle::json::{Numbers, Tree};
use crate::bundle::place::printable;
use crate::keystore::{Domain, RecordToSign, Signer};
use crate::ledger::{Kind, Ledger};
use crate::primitives::{Aid, Instant, Said, Sha256};
use crate::store::Memory;
use crate::trust::quorum::{self, KeyStates, Quorum};
use crate::trust::{KeySignature, Trust, without};

/// Members that the signatures are not over.
const UNSIGNED: [&str; 2] = ["signatures", "logs"];
/// Most characters of a reason.
const REASON_MAX: usize = 2000;

/// What is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lost {
    /// The store: reservations, and what was seen.
    Store,
    /// The ledger.
    Ledger,
}

impl Lost {
    /// As messages say it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Store => "store",
            Self::Ledger => "ledger",
        }
    }
}

/// What must not be forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Remembered {
    /// The highest serial of a policy lock that was in force.
    pub lock_serial: Option<u64>,
    /// The trust file's.
    pub trust_serial: u64,
    /// The latest moment that was seen.
    pub latest: Instant,
}

impl Remembered {
    /// As the store keeps it.
    pub fn memory(&self) -> Memory {
        Memory { lock_serial: self.lock_serial, trust_serial: Some(self.trust_serial), latest: Some(self.latest) }
    }
}

/// The ledger when the record was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LedgerThen {
    /// Its first row.
    pub genesis: Sha256,
    /// Its rows.
    pub rows: u64,
    /// The root over them.
    pub root: Sha256,
}

impl LedgerThen {
    /// A ledger as it is.
    pub fn of(ledger: &Ledger) -> Self {
        Self { genesis: ledger.genesis(), rows: ledger.size(), root: ledger.root() }
    }
}

/// A record by which officers say that state was lost, and what it must begin with again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovery {
    file: RecoveryFile,
    record: RecordToSign,
    digest: Sha256,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RecoveryFile {
    version: u64,
    made_at: Instant,
    reason: String,
    trust: Sha256,
    lost: BTreeSet<Lost>,
    ledger: Option<LedgerThen>,
    remembered: Remembered,
    signatures: Vec<SignatureEntry>,
    logs: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SignatureEntry {
    key_state: KeyState,
    signature: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyState {
    aid: Aid,
    sn: u64,
    said: Said,
}

impl Recovery {
    /// A record that nobody has signed yet.
    ///
    /// # Errors
    /// `not_a_recovery`: nothing is lost, no reason; `never_initialised`.
    pub fn draft(
        trust: &Trust,
        lost: BTreeSet<Lost>,
        ledger: Option<LedgerThen>,
        remembered: Remembered,
        reason: &str,
        made_at: Instant,
    ) -> Result<Self, StateError> {
        for what in &lost {
            let was_there = match what {
                Lost::Store => trust.store_initialised,
                Lost::Ledger => trust.ledger_genesis.is_some(),
            };
            if !was_there {
                return Err(StateError::NeverInitialised { what: what.as_str() });
            }
        }
        let file = RecoveryFile {
            version: 1,
            made_at,
            reason: reason.trim().to_owned(),
            trust: trust.digest,
            lost,
            ledger,
            remembered,
            signatures: Vec::new(),
            logs: String::new(),
        };
        Self::read(&write(&file))
    }

    /// Reads a record. Signatures are kept, not verified.
    ///
    /// # Errors
    /// `not_a_recovery`.
    pub fn read(bytes: &[u8]) -> Result<Self, StateError> {
        let refused = |reason: String| StateError::NotARecovery { reason: printable(&reason) };
        let tree = Tree::parse(bytes, Numbers::Integers).map_err(|error| refused(error.to_string()))?;
        let file: RecoveryFile = serde_json::from_slice(bytes).map_err(|error| refused(error.to_string()))?;
        let document = without(&tree, &UNSIGNED).ok_or_else(|| refused("it has no canonical form".to_owned()))?;
        let record = RecordToSign::new(Domain::Recovery, &document).map_err(|error| refused(error.to_string()))?;
        if file.version != 1 {
            return Err(refused(format!("`version` is 1, not {}", file.version)));
        }
        if file.reason.is_empty() || file.reason.chars().count() > REASON_MAX {
            return Err(refused(format!("its reason has 1 to {REASON_MAX} characters")));
        }
        if file.lost.is_empty() {
            return Err(refused("it says of nothing that it is lost".to_owned()));
        }
        if file.lost.contains(&Lost::Ledger) == file.ledger.is_some() {
            return Err(refused("a ledger is lost, or it is there with its rows and root".to_owned()));
        }
        Ok(Self { file, record, digest: Sha256::of(bytes) })
    }

    /// The file.
    pub fn write(&self) -> Vec<u8> {
        write(&self.file)
    }

    /// SHA-256 of the file that was read: what the ledger's row names.
    pub fn digest(&self) -> Sha256 {
        self.digest
    }

    /// What is gone.
    pub fn lost(&self) -> &BTreeSet<Lost> {
        &self.file.lost
    }

    /// Why.
    pub fn reason(&self) -> &str {
        &self.file.reason
    }

    /// What must not be forgotten.
    pub fn remembered(&self) -> &Remembered {
        &self.file.remembered
    }

    /// When it was made.
    pub fn made_at(&self) -> Instant {
        self.file.made_at
    }

    /// The record with one more officer's signature.
    ///
    /// # Errors
    /// `other_trust`, `foreign_key`, `signed_twice` and the like; the signer's.
    pub fn sign(&self, trust: &Trust, logs: &str, signer: &dyn Signer) -> Result<Self, StateError> {
        self.trusted(trust)?;
        let mut file = self.file.clone();
        if !file.logs.contains(logs) {
            file.logs.push_str(logs);
        }
        let states = states(trust, &file.logs);
        let KeySignature { aid, sn, said, signature } = quorum::sign(&trust.officers, &states, &self.record, signer)?;
        file.signatures.push(SignatureEntry { key_state: KeyState { aid, sn, said }, signature });
        let signed = Self::read(&write(&file))?;
        signed.signed(trust)?;
        Ok(signed)
    }

    /// Which officers signed.
    ///
    /// # Errors
    /// A signature that does not count.
    pub fn signed(&self, trust: &Trust) -> Result<Quorum, StateError> {
        let signatures: Vec<KeySignature> = self.file.signatures.iter().map(SignatureEntry::read).collect();
        Ok(quorum::count(&trust.officers, &states(trust, &self.file.logs), &self.record, &signatures)?)
    }

    /// Whether it may be carried out now, with the ledger that is there.
    ///
    /// # Errors
    /// `other_trust`; a signature that does not count, too few of them; `from_the_future`; `nothing_lost`,
    /// `other_ledger`, `recovery_used`.
    pub fn allowed(&self, trust: &Trust, ledger: Option<&Ledger>, now: Instant) -> Result<(), StateError> {
        self.trusted(trust)?;
        self.signed(trust)?.met("recovery")?;
        let made_at = self.file.made_at;
        if made_at > now {
            return Err(StateError::FromTheFuture { made_at, now });
        }
        match (&self.file.ledger, ledger) {
            // The trust file names the new ledger afterwards, so that this record is of no use a second time.
            (None, None) => Ok(()),
            (None, Some(ledger)) => match self.row_in(ledger) {
                // Begun by a run that did not come to its end.
                Some(0) if ledger.size() == 1 => Ok(()),
                Some(_) | None => Err(StateError::NothingLost { what: Lost::Ledger.as_str() }),
            },
            (Some(then), None) => Err(StateError::OtherLedger { rows: then.rows }),
            (Some(then), Some(ledger)) => {
                let kept =
                    ledger.genesis() == then.genesis && ledger.root_of(then.rows).is_ok_and(|root| root == then.root);
                if !kept {
                    return Err(StateError::OtherLedger { rows: then.rows });
                }
                self.row_in(ledger).map_or(Ok(()), |seq| Err(StateError::Used { seq }))
            }
        }
    }

    fn row_in(&self, ledger: &Ledger) -> Option<u64> {
        let mut rows = ledger.rows().iter();
        rows.find(|row| row.entry.kind == Kind::Recovery && row.entry.payload == self.digest).map(|row| row.seq)
    }

    fn trusted(&self, trust: &Trust) -> Result<(), StateError> {
        match self.file.trust == trust.digest {
            true => Ok(()),
            false => {
                let (named, found) = (self.file.trust, trust.digest);
                Err(StateError::OtherTrust { what: "the recovery", named, found })
            }
        }
    }
}

impl SignatureEntry {
    fn read(&self) -> KeySignature {
        let KeyState { aid, sn, said } = self.key_state.clone();
        KeySignature { aid, sn, said, signature: self.signature.clone() }
    }
}

fn states(trust: &Trust, logs: &str) -> KeyStates {
    KeyStates::of([trust.logs.as_deref().unwrap_or_default(), logs])
}

fn write(file: &RecoveryFile) -> Vec<u8> {
    // Texts and numbers that JSON has: nothing of it can fail.
    let mut bytes = serde_json::to_vec_pretty(file).unwrap_or_default();
    bytes.push(b'\n');
    bytes
}
