//! What makes a passphrase a key, and what that key seals.
//!
//! Source: RFC 9106 (Argon2id, second recommended choice of parameters); RFC 8439 (ChaCha20-Poly1305).
//! Every writing takes a new salt, so a key seals once and a nonce is never used twice.

use argon2::{Algorithm, Argon2, Params, Version};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Key, Nonce};
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use super::error::KeystoreError;
use super::seed::random;

/// Bytes of a salt.
pub(super) const SALT: usize = 16;
/// Bytes of a nonce.
pub(super) const NONCE: usize = 12;
/// Bytes that tell a wrong passphrase from a damaged file.
pub(super) const CHECK: usize = 8;

/// Fewest characters of a passphrase for new keys.
const PASSPHRASE_MIN: usize = 10;
/// Most memory that a file may ask for: 1 GiB.
const MEMORY_KIB_MAX: u32 = 1 << 20;
/// Most passes that a file may ask for.
const PASSES_MAX: u32 = 64;
/// Most lanes that a file may ask for.
const LANES_MAX: u32 = 16;

/// A passphrase. It is never printed, and wiped when it is dropped.
#[derive(Debug, Clone)]
pub struct Passphrase(SecretString);

impl Passphrase {
    /// A passphrase as it was given.
    pub fn new(text: String) -> Self {
        Self(SecretString::from(text))
    }

    /// Whether it can protect new keys.
    ///
    /// # Errors
    /// `weak_passphrase`: it is too short.
    pub fn fit(&self) -> Result<(), KeystoreError> {
        if self.0.expose_secret().chars().count() < PASSPHRASE_MIN {
            return Err(KeystoreError::WeakPassphrase { least: PASSPHRASE_MIN });
        }
        Ok(())
    }

    /// Whether two are the same.
    pub fn is(&self, other: &Self) -> bool {
        self.0.expose_secret() == other.0.expose_secret()
    }
}

/// What deriving a key costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// Memory, in KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}

impl Cost {
    /// What new files take. Source: RFC 9106, section 4, second recommended option.
    pub const HOUSE: Self = Self { memory_kib: 64 << 10, passes: 3, lanes: 4 };

    /// Whether a file may ask for it: a file must not exhaust the machine before it is known to be ours.
    pub(super) fn bounded(self) -> bool {
        self.memory_kib <= MEMORY_KIB_MAX && self.passes <= PASSES_MAX && self.lanes <= LANES_MAX
    }
}

/// What stands beside sealed bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Salted {
    pub cost: Cost,
    pub salt: [u8; SALT],
    pub nonce: [u8; NONCE],
}

/// The key that a passphrase gives, and the bytes that tell that it is the right one.
pub(super) struct Derived {
    key: Zeroizing<[u8; 32]>,
    pub check: [u8; CHECK],
}

impl Salted {
    /// New salt and nonce.
    pub fn random(cost: Cost) -> Result<Self, KeystoreError> {
        let mut salted = Self { cost, salt: [0; SALT], nonce: [0; NONCE] };
        random(&mut salted.salt)?;
        random(&mut salted.nonce)?;
        Ok(salted)
    }

    /// Derives the key of a passphrase.
    pub fn derive(&self, passphrase: &Passphrase) -> Result<Derived, KeystoreError> {
        let refused = |error: argon2::Error| KeystoreError::Derivation { reason: error.to_string() };
        let Cost { memory_kib, passes, lanes } = self.cost;
        let params = Params::new(memory_kib, passes, lanes, Some(64)).map_err(refused)?;
        let mut output = Zeroizing::new([0u8; 64]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(passphrase.0.expose_secret().as_bytes(), &self.salt, output.as_mut())
            .map_err(refused)?;
        let mut derived = Derived { key: Zeroizing::new([0; 32]), check: [0; CHECK] };
        derived.key.copy_from_slice(&output[..32]);
        derived.check.copy_from_slice(&output[32..32 + CHECK]);
        Ok(derived)
    }

    /// Seals two seeds, bound to what the file says of them.
    pub fn seal(&self, derived: &Derived, header: &[u8], secret: &[u8]) -> Result<Vec<u8>, KeystoreError> {
        let cipher = ChaCha20Poly1305::new(Key::from_slice(derived.key.as_ref()));
        cipher
            .encrypt(Nonce::from_slice(&self.nonce), Payload { msg: secret, aad: header })
            .map_err(|_| KeystoreError::Derivation { reason: "the keys cannot be sealed".to_owned() })
    }

    /// Opens what was sealed; `None` if the file is not as it was written.
    pub fn open(&self, derived: &Derived, header: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let cipher = ChaCha20Poly1305::new(Key::from_slice(derived.key.as_ref()));
        let opened = cipher.decrypt(Nonce::from_slice(&self.nonce), Payload { msg: sealed, aad: header });
        opened.ok().map(Zeroizing::new)
    }
}
