//! The keys of a fixture: private keys that everybody knows.

use std::collections::{BTreeMap, HashMap};

use ed25519_dalek::{Signer, SigningKey};
use serde::Deserialize;
use thiserror::Error;

use crate::keri::cesr::{key_bytes, qualified};
use crate::primitives::Said;

/// Private keys by public key, and the people who hold them.
#[derive(Default, Clone)]
pub struct Keys {
    by_public: HashMap<[u8; 32], SigningKey>,
    aids: BTreeMap<String, String>,
}

/// Why a file of keys is none.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum KeysError {
    /// Not the JSON that `fixtures/keri/make.py` writes.
    #[error("the file of keys cannot be read: {0}")]
    Shape(String),
    /// A seed of another form.
    #[error("`{0}` is not the seed of a key: 44 characters with code `A`")]
    Seed(String),
}

#[derive(Deserialize)]
struct Written {
    holders: BTreeMap<String, Holder>,
    #[serde(default)]
    groups: BTreeMap<String, Party>,
    #[serde(default)]
    witnesses: BTreeMap<String, Vec<Witness>>,
}

#[derive(Deserialize)]
struct Holder {
    aid: Option<String>,
    current: String,
    next: String,
}

#[derive(Deserialize)]
struct Party {
    aid: String,
}

#[derive(Deserialize)]
struct Witness {
    seed: String,
}

impl Keys {
    /// Reads a file of keys.
    ///
    /// # Errors
    /// It is not JSON, lacks a member, or holds something that is no seed.
    pub fn parse(bytes: &[u8]) -> Result<Self, KeysError> {
        let written: Written = serde_json::from_slice(bytes).map_err(|error| KeysError::Shape(error.to_string()))?;
        let mut keys = Self::default();
        for (name, holder) in written.holders {
            keys.add(&holder.current)?;
            keys.add(&holder.next)?;
            keys.aids.extend(holder.aid.map(|aid| (name, aid)));
        }
        keys.aids.extend(written.groups.into_iter().map(|(name, party)| (name, party.aid)));
        for witness in written.witnesses.values().flatten() {
            keys.add(&witness.seed)?;
        }
        Ok(keys)
    }

    fn add(&mut self, seed: &str) -> Result<(), KeysError> {
        let raw = key_bytes(seed).filter(|_| seed.starts_with('A'));
        let key = SigningKey::from_bytes(&raw.ok_or_else(|| KeysError::Seed(seed.to_owned()))?);
        self.by_public.insert(key.verifying_key().to_bytes(), key);
        Ok(())
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.by_public.is_empty()
    }

    /// The identifier of a person or group, as the file says.
    pub(super) fn aid(&self, name: &str) -> Option<&str> {
        self.aids.get(name).map(String::as_str)
    }

    /// The public key that a digest commits to.
    pub(super) fn committed(&self, digest: &str) -> Option<String> {
        let mut publics = self.by_public.keys().filter_map(|raw| qualified("D", raw));
        publics.find(|public| Said::of(public.as_bytes()).as_str() == digest)
    }

    /// What signs for a public key.
    pub(super) fn seed(&self, public: &str) -> Option<&SigningKey> {
        key_bytes(public).and_then(|raw| self.by_public.get(&raw))
    }

    /// A signature by the holder of a public key.
    pub(super) fn sign(&self, public: &str, message: &[u8]) -> Result<[u8; 64], String> {
        let seed = self.seed(public).ok_or_else(|| format!("no private key of `{public}` is at hand"))?;
        Ok(seed.sign(message).to_bytes())
    }
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} keys", self.by_public.len())
    }
}
