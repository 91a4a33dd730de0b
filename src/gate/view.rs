//! What store and ledger say, as values.

use crate::ledger::Ledger;
use crate::primitives::{Aid, Instant, Said, Sha256};
use crate::store::{Memory, Reserved, State, Store, StoreError};

/// What the store remembers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreView {
    /// Serials and time.
    pub memory: Memory,
    /// All that was ever reserved.
    pub history: Vec<Reserved>,
}

/// What the ledger says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerView {
    /// How many rows.
    pub size: u64,
    /// The root over them.
    pub root: Sha256,
    /// Its first row.
    pub genesis: Sha256,
    /// The latest instant of any row.
    pub latest: Option<Instant>,
    /// The payload of each row.
    pub payloads: Vec<Sha256>,
}

impl StoreView {
    /// Of a store.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn of(store: &Store) -> Result<Self, StoreError> {
        Ok(Self { memory: store.memory()?, history: store.history()? })
    }

    /// What stands at a place.
    pub(super) fn at(&self, group: &Aid, sn: u64) -> Option<&Reserved> {
        self.history.iter().find(|held| {
            let reserved = &held.reservation;
            holds(held) && reserved.group == *group && reserved.sn == sn
        })
    }

    /// Whether both QARs gave this event up.
    pub(super) fn given_up(&self, group: &Aid, sn: u64, said: &Said) -> bool {
        self.history.iter().any(|held| {
            let reserved = &held.reservation;
            held.state == State::Abandoned && reserved.group == *group && reserved.sn == sn && reserved.said == *said
        })
    }

    /// The event that another case has at this place.
    pub(super) fn taken(&self, group: &Aid, sn: u64, said: &Said) -> Option<&Reserved> {
        self.at(group, sn).filter(|held| held.reservation.said != *said)
    }
}

/// Whether a reservation counts: what was signed counts for ever, whoever gave it up.
pub(super) fn holds(held: &Reserved) -> bool {
    held.state != State::Abandoned || held.signature.is_some()
}

impl LedgerView {
    /// Of a ledger that was opened.
    pub fn of(ledger: &Ledger) -> Self {
        let payloads = (0..ledger.size()).filter_map(|seq| ledger.row(seq).ok()).map(|row| row.entry.payload);
        Self {
            size: ledger.size(),
            root: ledger.root(),
            genesis: ledger.genesis(),
            latest: ledger.latest(),
            payloads: payloads.collect(),
        }
    }

    /// Whether a row is about this.
    pub(super) fn has(&self, seq: u64, payload: &Sha256) -> bool {
        usize::try_from(seq).ok().and_then(|at| self.payloads.get(at)) == Some(payload)
    }
}
