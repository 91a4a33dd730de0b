//! What store and ledger say, as values.

use crate::ledger::{Ledger, Row};
use crate::primitives::{Aid, Instant, Said, Sha256};
use crate::store::{Memory, Proposed, Reserved, SeenRow, State, Store, StoreError};

/// What the store remembers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreView {
    /// Serials and time.
    pub memory: Memory,
    /// All that was ever reserved.
    pub history: Vec<Reserved>,
    /// All that was ever proposed.
    pub proposals: Vec<Proposed>,
    /// Whether it may be read, and not written.
    pub read_only: bool,
    /// The last row of the ledger that was seen.
    pub row: Option<SeenRow>,
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
    /// The hash of each row.
    pub hashes: Vec<Sha256>,
    /// The trust file that was last put in force.
    pub trust: Option<Sha256>,
    /// The decisions that the store must know, with their rows.
    pub decisions: Vec<(u64, Sha256)>,
}

impl StoreView {
    /// Of a store.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn of(store: &Store) -> Result<Self, StoreError> {
        Ok(Self {
            memory: store.memory()?,
            history: store.history()?,
            proposals: store.proposals()?,
            read_only: store.is_read_only()?,
            row: store.seen_row()?,
        })
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
        let proposed = self.proposals.iter().filter(|held| held.abandoned_by.is_some()).map(|held| &held.proposal);
        self.history.iter().any(|held| {
            let reserved = &held.reservation;
            held.state == State::Abandoned && reserved.group == *group && reserved.sn == sn && reserved.said == *said
        }) || proposed.into_iter().any(|held| held.group == *group && held.sn == sn && held.said == *said)
    }

    /// Another event that a signer proposed for a place.
    pub(super) fn proposed(&self, signer: &Aid, group: &Aid, sn: u64, said: &Said) -> Option<&Proposed> {
        self.proposals.iter().find(|held| {
            let of = &held.proposal;
            let here = of.signer == *signer && of.group == *group && of.sn == sn && of.said != *said;
            here && held.abandoned_by.is_none()
        })
    }

    /// Whether a decision was kept here, given up since or not.
    pub(super) fn has_decision(&self, digest: &Sha256) -> bool {
        let kept = self.history.iter().filter_map(|held| held.decision.as_ref());
        kept.map(|decision| Sha256::of(decision.as_bytes())).any(|kept| kept == *digest)
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
            hashes: ledger.rows().iter().map(Row::hash).collect(),
            trust: ledger.trust(),
            decisions: ledger.decisions(),
        }
    }

    /// Whether a row that was seen is still there. Of another ledger nothing was seen.
    pub(super) fn still_has(&self, seen: &SeenRow) -> bool {
        let hash = usize::try_from(seen.seq).ok().and_then(|at| self.hashes.get(at));
        seen.genesis != self.genesis || hash == Some(&seen.hash)
    }

    /// Whether a row is about this.
    pub(super) fn has(&self, seq: u64, payload: &Sha256) -> bool {
        usize::try_from(seq).ok().and_then(|at| self.payloads.get(at)) == Some(payload)
    }
}
