//! Keys for practice: made from a seed, so that everybody can make them again. Good for examples and nothing else.
//!
//! In: 32 bytes. Out: the public key and signatures, as KERI writes them. It must not know who holds a key.

use ed25519_dalek::{Signer, SigningKey};

use crate::keri::cesr::qualified;

/// A key that everybody knows.
pub struct PracticeKey(SigningKey);

impl PracticeKey {
    /// The key of a seed.
    pub fn new(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }

    /// The public key with a code of one character: `D` for a key that can be rotated, `B` for one that cannot.
    pub fn public(&self, code: &str) -> Option<String> {
        qualified(code, self.0.verifying_key().as_bytes())
    }

    /// A signature with a code of two characters: `AA` for index 0, `AB` for index 1, `0B` without an index.
    pub fn sign(&self, code: &str, message: &[u8]) -> Option<String> {
        qualified(code, &self.0.sign(message).to_bytes())
    }
}

impl std::fmt::Debug for PracticeKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a key for practice")
    }
}
