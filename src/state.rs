//! What an installation remembers, and what is done when it is gone.
//!
//! In: the trust file, the store, the ledger; an officers' recovery record. Out: what is wrong between them, or a
//! [`Recovery`] that may be carried out. State is made once; when it is gone, only officers bring it back, by a
//! signed record that says what was lost and what must not be forgotten.
//!
//! It must not know cases, rules or what was decided.

pub mod error;
mod record;

use crate::ledger::{Checkpoint, Ledger};
use crate::primitives::{Instant, Sha256};
use crate::store::Memory;
use crate::trust::Trust;

pub use error::StateError;
pub use record::{LedgerThen, Lost, Recovery, Remembered};

/// The trust file that the ledger knows last.
pub fn trust_of(ledger: &Ledger) -> Option<Sha256> {
    ledger.trust()
}

/// Everything that does not fit between trust file, store and ledger.
pub fn problems(trust: &Trust, memory: Option<&Memory>, ledger: Option<&Ledger>) -> Vec<StateError> {
    let mut problems = Vec::new();
    if let Some(highest) = memory.and_then(|memory| memory.trust_serial).filter(|highest| trust.serial < *highest) {
        problems.push(StateError::TrustRolledBack { serial: trust.serial, highest });
    }
    let Some(ledger) = ledger else { return problems };
    if let Some(genesis) = &trust.ledger_genesis {
        problems.extend(ledger.begins_with(genesis).err().map(StateError::Ledger));
    }
    // A ledger that began with a recovery knows no trust file until one is put in force.
    if let Some(known) = trust_of(ledger).filter(|known| *known != trust.digest) {
        problems.push(StateError::OtherTrust { what: "the ledger", named: known, found: trust.digest });
    }
    problems
}

/// What must not be forgotten, from whatever is left: the ledger, a checkpoint of it, what is known otherwise.
pub fn remembered(
    trust: &Trust,
    ledger: Option<&Ledger>,
    checkpoint: Option<&Checkpoint>,
    lock_serial: Option<u64>,
    now: Instant,
) -> Remembered {
    let extensions = checkpoint.map(|checkpoint| checkpoint.extensions).unwrap_or_default();
    let latest = [ledger.and_then(Ledger::latest), extensions.latest, Some(now)].into_iter().flatten().max();
    Remembered {
        lock_serial: lock_serial.max(extensions.lock_serial),
        trust_serial: trust.serial,
        latest: latest.unwrap_or(now),
    }
}
