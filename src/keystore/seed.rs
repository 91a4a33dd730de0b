//! The seed of a private key: 32 bytes that leave no copy behind.

use std::fmt;

use ed25519_dalek::SigningKey;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::PublicKey;
use super::error::KeystoreError;
use crate::keri::cesr::key_bytes;

/// The seed of an Ed25519 private key. It is never printed.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Seed([u8; 32]);

impl Seed {
    /// A new one, from the system's random numbers.
    ///
    /// # Errors
    /// `random`: the system has none.
    pub fn random() -> Result<Self, KeystoreError> {
        let mut seed = Self([0; 32]);
        random(&mut seed.0)?;
        Ok(seed)
    }

    /// Reads a seed: qualified (`A` and 43 characters) or 64 hexadecimal digits.
    ///
    /// # Errors
    /// `not_a_seed`; the text is not repeated in it.
    pub fn parse(text: &str) -> Result<Self, KeystoreError> {
        let qualified = key_bytes(text).filter(|_| text.starts_with('A'));
        let mut raw = qualified.or_else(|| hexadecimal(text)).ok_or(KeystoreError::NotASeed)?;
        let seed = Self(raw);
        raw.zeroize();
        Ok(seed)
    }

    pub(super) fn from_raw(raw: &[u8; 32]) -> Self {
        Self(*raw)
    }

    pub(super) fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The key that signs; it wipes itself as well.
    pub(super) fn signing_key(&self) -> SigningKey {
        SigningKey::from_bytes(&self.0)
    }

    /// Its public key.
    pub fn public(&self) -> PublicKey {
        PublicKey::from_raw(self.signing_key().verifying_key().to_bytes())
    }
}

impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seed(..)")
    }
}

/// A salt of 128 random bits, as a credential carries it.
///
/// # Errors
/// `random`: the system has none.
pub fn salt() -> Result<String, KeystoreError> {
    let mut raw = [0; 16];
    random(&mut raw)?;
    Ok(crate::keri::build::salt(&raw))
}

/// Fills with random bytes of the system.
pub(super) fn random(bytes: &mut [u8]) -> Result<(), KeystoreError> {
    getrandom::fill(bytes).map_err(|error| KeystoreError::Random { reason: error.to_string() })
}

fn hexadecimal(text: &str) -> Option<[u8; 32]> {
    let bytes = Zeroizing::new(from_hex(text)?);
    bytes.as_slice().try_into().ok()
}

/// Bytes as lower-case hexadecimal digits.
pub(super) fn to_hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}

/// Bytes of hexadecimal digits.
pub(super) fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let pairs = text.as_bytes().chunks(2);
    pairs
        .map(|pair| match pair {
            [high, low] => u8::try_from(digit(*high)? << 4 | digit(*low)?).ok(),
            _ => None,
        })
        .collect()
}
