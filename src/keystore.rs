//! Keys at rest, and the only ways in which they sign.
//!
//! In: a passphrase and a file of keys, or an external command; and a [`Signable`], which only `gate`, `case`,
//! `sign` and `ledger` can make. Out: a [`Signature`] that has been verified. There is no way to sign bytes.
//! A key is an Ed25519 key of one name and AID, with the next one that KERI's pre-rotation commits to.
//!
//! It must not know why something is signed: policies, reports and cases are text to it.

pub mod document;
pub mod error;
mod external;
mod files;
mod inception;
mod protocol;
mod seal;
mod seed;
mod signable;
mod signer;
#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;

use ed25519_dalek::{Signature as DalekSignature, VerifyingKey};

use crate::keri::cesr::{IndexedCode, key_bytes, qualified};
use crate::primitives::Said;

pub use document::{Imported, KeyFile, KeyName, NewKeys};
pub use error::{KeystoreError, SignerError};
pub use external::{DEADLINE, External};
pub use files::{Keystore, Listed};
pub use inception::Witnesses;
pub use seal::{Cost, Passphrase};
pub use seed::{Seed, salt};
pub use signable::{
    Act, CHECKPOINT_ORIGIN, CheckpointToSign, DecisionToSign, Domain, EventToSign, NotSignable, RecordToSign, Signable,
};
pub use signer::{Embedded, Signer};

/// An Ed25519 public key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicKey([u8; 32]);

impl PublicKey {
    pub(super) fn from_raw(raw: [u8; 32]) -> Self {
        Self(raw)
    }

    /// The raw 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The digest of its qualified text, by which an establishment event commits to a next key.
    pub fn digest(&self) -> Said {
        Said::of(self.to_string().as_bytes())
    }

    /// Whether a signature over a message is by this key. Strict: no weak key, no malleable signature.
    pub fn verifies(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        VerifyingKey::from_bytes(&self.0).is_ok_and(|key| {
            !key.is_weak() && key.verify_strict(message, &DalekSignature::from_bytes(signature)).is_ok()
        })
    }
}

impl FromStr for PublicKey {
    type Err = NotAPublicKey;

    /// The qualified text: `D` and 43 characters.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let raw = key_bytes(text).filter(|_| text.starts_with('D'));
        raw.map(Self).ok_or_else(|| NotAPublicKey(text.to_owned()))
    }
}

/// A text that is no public key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no public key: `D` and 43 characters of base64url")]
pub struct NotAPublicKey(String);

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&qualified("D", &self.0).unwrap_or_default())
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({self})")
    }
}

/// A signature that was verified against its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signature {
    key: PublicKey,
    raw: [u8; 64],
}

impl Signature {
    /// Only what verifies becomes a signature.
    pub(super) fn checked(key: PublicKey, message: &[u8], raw: [u8; 64]) -> Option<Self> {
        key.verifies(message, &raw).then_some(Self { key, raw })
    }

    /// The key that made it.
    pub fn key(&self) -> PublicKey {
        self.key
    }

    /// The 64 bytes.
    pub fn raw(&self) -> &[u8; 64] {
        &self.raw
    }

    /// As an indexed signature (`AA…`) by the key at this index of the current and the prior next list.
    pub fn indexed(&self, index: u32) -> Option<String> {
        IndexedCode::Both(index).signature(&self.raw)
    }

    /// As qualified text without an index (`0B…`).
    pub fn qualified(&self) -> String {
        qualified("0B", &self.raw).unwrap_or_default()
    }
}
