//! Signatures that held before: a chain met in many bundles is verified once.
//!
//! In: triples that verified. Out: whether the same key, message and signature did before. Only what held is
//! remembered, under a digest of all three, so that nothing can be taken for something else.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Triple;
use crate::primitives::Sha256;

/// Most signatures that are remembered. The logs that neighbours in a year share are remembered as long as they are
/// met; a log as long as a stream may be has half as many signatures.
const REMEMBERED_MAX: usize = 1 << 18;

/// What was verified lately; shared between threads.
#[derive(Debug, Default)]
pub struct Memory {
    held: Mutex<Held>,
}

/// Two halves: what was met since the newer one began, and what was met before that and not since. When the newer
/// one is full, the older one is forgotten.
#[derive(Debug, Default)]
struct Held {
    newer: HashSet<Sha256>,
    older: HashSet<Sha256>,
}

impl Memory {
    /// Nothing verified yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many signatures are remembered.
    pub fn len(&self) -> usize {
        let held = self.held();
        held.newer.len() + held.older.len()
    }

    /// Whether nothing is remembered.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Which of these held before.
    pub(super) fn recall(&self, names: &[Sha256]) -> Vec<bool> {
        let mut held = self.held();
        names.iter().map(|name| held.meets(name)).collect()
    }

    pub(super) fn remember(&self, names: impl Iterator<Item = Sha256>) {
        let mut held = self.held();
        for name in names {
            if !held.meets(&name) {
                held.take(name);
            }
        }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        // Sets of digests are whole after a panic elsewhere.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    /// Whether it held before; it is met again now.
    fn meets(&mut self, name: &Sha256) -> bool {
        if self.newer.contains(name) {
            return true;
        }
        let known = self.older.remove(name);
        if known {
            self.take(*name);
        }
        known
    }

    fn take(&mut self, name: Sha256) {
        if self.newer.len() >= REMEMBERED_MAX / 2 {
            // The room of the older half is used again.
            std::mem::swap(&mut self.newer, &mut self.older);
            self.newer.clear();
        }
        self.newer.insert(name);
    }
}

/// A digest of key, message and signature of each triple.
pub(super) fn names(triples: &[Triple<'_>]) -> Vec<Sha256> {
    let mut messages: HashMap<(usize, usize), Sha256> = HashMap::new();
    triples
        .iter()
        .map(|triple| {
            let place = (triple.message.as_ptr() as usize, triple.message.len());
            let message = messages.entry(place).or_insert_with(|| Sha256::of(triple.message.as_bytes()));
            // Message digests and signatures have one length each, so the parts cannot run into each other.
            Sha256::of(&[message.as_bytes().as_slice(), &triple.signature, triple.key.as_bytes()].concat())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(at: usize) -> Sha256 {
        let mut name = [0; 32];
        name[..8].copy_from_slice(&at.to_le_bytes());
        Sha256::from(name)
    }

    /// What is not remembered is verified again.
    #[test]
    fn so_many_signatures_are_remembered() {
        let memory = Memory::new();
        memory.remember((0..REMEMBERED_MAX).map(name));
        assert_eq!(memory.len(), REMEMBERED_MAX);
        assert_eq!(memory.recall(&[name(0), name(REMEMBERED_MAX)]), [true, false]);
        memory.remember((REMEMBERED_MAX..3 * REMEMBERED_MAX).map(name));
        assert!(memory.len() <= REMEMBERED_MAX, "{}", memory.len());
        assert_eq!(memory.recall(&[name(0), name(3 * REMEMBERED_MAX - 1)]), [false, true]);
    }

    #[test]
    fn what_is_met_again_and_again_stays() {
        let memory = Memory::new();
        memory.remember([name(0)].into_iter());
        for from in (1..2 * REMEMBERED_MAX).step_by(REMEMBERED_MAX / 4) {
            memory.remember((from..from + REMEMBERED_MAX / 4).map(name));
            assert_eq!(memory.recall(&[name(0), name(0)]), [true, true], "after {from}");
        }
        assert_eq!(memory.recall(&[name(1)]), [false]);
    }
}
