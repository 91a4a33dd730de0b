//! Signatures that held before: a chain met in many bundles is verified once.
//!
//! In: triples that verified. Out: whether the same key, message and signature did before. Only what held is
//! remembered, under a digest of all three, so that nothing can be taken for something else.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use super::Triple;
use crate::primitives::Sha256;

/// Most signatures that are remembered: a year of one issuer's bundles has far fewer distinct ones.
const REMEMBERED_MAX: usize = 1 << 20;

/// What was verified so far; shared between threads.
#[derive(Debug, Default)]
pub struct Memory {
    held: Mutex<HashSet<Sha256>>,
}

impl Memory {
    /// Nothing verified yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many signatures are remembered.
    pub fn len(&self) -> usize {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Whether nothing is remembered.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Which of these held before.
    pub(super) fn recall(&self, names: &[Sha256]) -> Vec<bool> {
        // A set of digests is whole after a panic elsewhere.
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        names.iter().map(|name| held.contains(name)).collect()
    }

    pub(super) fn remember(&self, names: impl Iterator<Item = Sha256>) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        for name in names {
            if held.len() >= REMEMBERED_MAX {
                return;
            }
            held.insert(name);
        }
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

    /// What is not remembered is verified again.
    #[test]
    fn so_many_signatures_are_remembered() {
        let memory = Memory::new();
        let name = |at: usize| {
            let mut name = [0; 32];
            name[..8].copy_from_slice(&at.to_le_bytes());
            Sha256::from(name)
        };
        memory.remember((0..=REMEMBERED_MAX).map(name));
        assert_eq!(memory.len(), REMEMBERED_MAX);
        assert_eq!(memory.recall(&[name(0), name(REMEMBERED_MAX)]), [true, false]);
    }
}
