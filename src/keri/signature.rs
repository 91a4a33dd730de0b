//! The set of signatures that hold: each distinct (key, message, signature) is verified once.
//!
//! In: triples collected before anything is decided. Out: a set that is asked while logs are replayed.
//! Verification is strict (no small-order keys, no malleable signatures), never in batches: batch
//! verification accepts signatures that strict verification refuses. It is the one slow step, so it
//! uses every core.

mod memory;

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use ed25519_dalek::{Signature, VerifyingKey};

pub use memory::Memory;

use super::cesr::key_bytes;

/// Fewest signatures for which another thread pays for itself.
const PER_THREAD_MIN: usize = 8;

/// A signature to be verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Triple<'a> {
    /// Qualified Ed25519 key.
    pub key: &'a str,
    /// The signed bytes.
    pub message: &'a str,
    /// The signature.
    pub signature: [u8; 64],
}

/// What identifies a triple: messages are told apart by where they stand.
type Id<'a> = (&'a str, usize, [u8; 64]);

/// The outcome for every triple that was asked about.
#[derive(Debug, Default)]
pub struct Signatures<'a> {
    known: HashMap<Id<'a>, bool>,
}

impl<'a> Signatures<'a> {
    /// Verifies the distinct triples, in parallel.
    pub fn verify(triples: impl IntoIterator<Item = Triple<'a>>) -> Self {
        let mut seen = HashSet::new();
        let work: Vec<Triple<'a>> = triples.into_iter().filter(|triple| seen.insert(id(triple))).collect();
        let mut keys: HashMap<&str, Option<VerifyingKey>> = HashMap::new();
        for triple in &work {
            keys.entry(triple.key).or_insert_with(|| verifying_key(triple.key));
        }
        let outcomes: Vec<AtomicBool> = work.iter().map(|_| AtomicBool::new(false)).collect();
        let next = AtomicUsize::new(0);
        let run = || {
            // A thread takes the next signature until none is left.
            while let Some((triple, outcome)) =
                Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|at| Some((work.get(at)?, outcomes.get(at)?)))
            {
                let key = keys.get(triple.key).and_then(Option::as_ref);
                outcome.store(key.is_some_and(|key| holds(key, triple)), Ordering::Relaxed);
            }
        };
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let helpers = cores.min(work.len() / PER_THREAD_MIN).saturating_sub(1);
        std::thread::scope(|scope| {
            for _ in 0..helpers {
                // Where no thread can be had, this one does the work.
                if std::thread::Builder::new().spawn_scoped(scope, run).is_err() {
                    break;
                }
            }
            run();
        });
        let known = work.iter().zip(&outcomes).map(|(triple, held)| (id(triple), held.load(Ordering::Relaxed)));
        Self { known: known.collect() }
    }

    /// As [`Signatures::verify`], but what held before is not verified again.
    pub fn recalling(triples: impl IntoIterator<Item = Triple<'a>>, memory: &Memory) -> Self {
        let all: Vec<Triple<'a>> = triples.into_iter().collect();
        let names = memory::names(&all);
        let recalled = memory.recall(&names);
        let fresh = all.iter().zip(&recalled).filter(|(_, recalled)| !**recalled).map(|(triple, _)| *triple);
        let mut signatures = Self::verify(fresh);
        let held = all.iter().zip(&names).zip(&recalled).filter(|((triple, _), recalled)| {
            !**recalled && signatures.known.get(&id(triple)).is_some_and(|held| *held)
        });
        memory.remember(held.map(|((_, name), _)| *name));
        let before = all.iter().zip(&recalled).filter(|(_, recalled)| **recalled).map(|(triple, _)| (id(triple), true));
        signatures.known.extend(before);
        signatures
    }

    /// Whether a signature holds; one that was not collected before is verified now.
    pub fn hold(&self, triple: &Triple<'_>) -> bool {
        match self.known.get(&id(triple)) {
            Some(held) => *held,
            None => verifying_key(triple.key).is_some_and(|key| holds(&key, triple)),
        }
    }

    /// How many distinct signatures were verified.
    pub fn count(&self) -> usize {
        self.known.len()
    }
}

fn id<'t>(triple: &Triple<'t>) -> Id<'t> {
    (triple.key, triple.message.as_ptr() as usize, triple.signature)
}

fn verifying_key(key: &str) -> Option<VerifyingKey> {
    if !key.starts_with(['B', 'D']) {
        return None;
    }
    let key = VerifyingKey::from_bytes(&key_bytes(key)?).ok()?;
    (!key.is_weak()).then_some(key)
}

fn holds(key: &VerifyingKey, triple: &Triple<'_>) -> bool {
    let signature = Signature::from_bytes(&triple.signature);
    key.verify_strict(triple.message.as_bytes(), &signature).is_ok()
}
