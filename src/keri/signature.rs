//! The set of signatures that hold: each distinct (key, message, signature) is verified once.
//!
//! In: triples collected before anything is decided. Out: a set that is asked while logs are replayed.
//! Verification is strict (no small-order keys, no malleable signatures), never in batches: batch
//! verification accepts signatures that strict verification refuses. It is the one slow step, so it
//! uses every core.

mod memory;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use ed25519_dalek::{Signature, VerifyingKey};

pub use memory::Memory;

use super::cesr::key_bytes;
use crate::meter::{Work, during};

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
    known: HashMap<Id<'a>, usize>,
    held: Vec<AtomicBool>,
}

/// A signature to be verified, and the place of its key among the distinct ones.
struct Job<'a> {
    triple: Triple<'a>,
    key: usize,
}

impl<'a> Signatures<'a> {
    /// Verifies the distinct triples, in parallel.
    pub fn verify(triples: impl IntoIterator<Item = Triple<'a>>) -> Self {
        let mut known = HashMap::new();
        let mut keys: HashMap<&str, usize> = HashMap::new();
        let mut jobs = Vec::new();
        for triple in triples {
            if let Entry::Vacant(entry) = known.entry(id(&triple)) {
                entry.insert(jobs.len());
                let next = keys.len();
                jobs.push(Job { triple, key: *keys.entry(triple.key).or_insert(next) });
            }
        }
        let held = outcomes(&jobs, keys.len());
        Self { known, held }
    }

    /// As [`Signatures::verify`], but what held before is not verified again.
    pub fn recalling(triples: impl IntoIterator<Item = Triple<'a>>, memory: &Memory) -> Self {
        let all: Vec<Triple<'a>> = triples.into_iter().collect();
        let names = memory::names(&all);
        let recalled = memory.recall(&names);
        let fresh = all.iter().zip(&recalled).filter(|(_, recalled)| !**recalled).map(|(triple, _)| *triple);
        let mut signatures = Self::verify(fresh);
        let held = all
            .iter()
            .zip(&names)
            .zip(&recalled)
            .filter(|((triple, _), recalled)| !**recalled && signatures.outcome(triple) == Some(true));
        memory.remember(held.map(|((_, name), _)| *name));
        // All that held before share one outcome.
        let at = signatures.held.len();
        signatures.held.push(AtomicBool::new(true));
        let before = all.iter().zip(&recalled).filter(|(_, recalled)| **recalled).map(|(triple, _)| (id(triple), at));
        signatures.known.extend(before);
        signatures
    }

    /// Whether a signature holds; one that was not collected before is verified now.
    pub fn hold(&self, triple: &Triple<'_>) -> bool {
        self.outcome(triple).unwrap_or_else(|| verifying_key(triple.key).is_some_and(|key| holds(&key, triple)))
    }

    /// Whether a signature that was collected holds.
    fn outcome(&self, triple: &Triple<'_>) -> Option<bool> {
        let held = self.held.get(*self.known.get(&id(triple))?)?;
        Some(held.load(Ordering::Relaxed))
    }

    /// How many distinct signatures were verified.
    pub fn count(&self) -> usize {
        self.known.len()
    }
}

/// Verifies every job. A thread takes the next one until none is left.
fn outcomes(jobs: &[Job<'_>], keys: usize) -> Vec<AtomicBool> {
    let held: Vec<AtomicBool> = jobs.iter().map(|_| AtomicBool::new(false)).collect();
    let keys: Vec<OnceLock<Option<VerifyingKey>>> = (0..keys).map(|_| OnceLock::new()).collect();
    let next = AtomicUsize::new(0);
    let run = || {
        while let Some((Job { triple, key }, outcome)) =
            Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|at| Some((jobs.get(at)?, held.get(at)?)))
        {
            let Some(place) = keys.get(*key) else { continue };
            let key = match place.get() {
                Some(key) => *key,
                None => {
                    // Two threads that want the same key at once each unpack it: that is faster than to wait.
                    let key = verifying_key(triple.key);
                    let _ = place.set(key);
                    key
                }
            };
            outcome.store(key.is_some_and(|key| holds(&key, triple)), Ordering::Relaxed);
        }
    };
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let helpers = cores.min(jobs.len() / PER_THREAD_MIN).saturating_sub(1);
    std::thread::scope(|scope| {
        for _ in 0..helpers {
            // Where no thread can be had, this one does the work.
            if std::thread::Builder::new().spawn_scoped(scope, || during(Work::Keri, run)).is_err() {
                break;
            }
        }
        run();
    });
    held
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
