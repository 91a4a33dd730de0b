//! Who signs: keys that are opened when they are first needed.

use std::cell::OnceCell;

use super::document::{KeyFile, Opened};
use super::error::{KeystoreError, SignerError};
use super::seal::Passphrase;
use super::signable::Signable;
use super::{PublicKey, Signature};
use crate::primitives::Aid;

/// Something that holds one key and signs what was cleared, never bytes.
pub trait Signer {
    /// Whose key it holds.
    fn aid(&self) -> &Aid;

    /// The key that it signs with. Asking opens nothing: the key is compared before it is used.
    fn key(&self) -> PublicKey;

    /// Signs. The signature was verified against [`Signer::key`].
    ///
    /// # Errors
    /// The key cannot be opened, the signer refuses or fails, or what it gave is no signature of these bytes.
    fn sign(&self, signable: &Signable<'_>) -> Result<Signature, SignerError>;
}

/// Where a passphrase comes from when it is needed.
type Ask<'a> = dyn Fn() -> Result<Passphrase, KeystoreError> + 'a;

/// The keys of this machine. The passphrase is asked for, and the keys opened, by the first signature.
pub struct Embedded<'a> {
    file: KeyFile,
    ask: Box<Ask<'a>>,
    opened: OnceCell<Opened>,
}

impl<'a> Embedded<'a> {
    /// Keys that are not opened yet.
    pub fn locked(file: KeyFile, ask: impl Fn() -> Result<Passphrase, KeystoreError> + 'a) -> Self {
        Self { file, ask: Box::new(ask), opened: OnceCell::new() }
    }

    /// Opens the keys, if they are not: a command that must not fail half-way asks for the passphrase first.
    ///
    /// # Errors
    /// `wrong_passphrase`, `damaged`.
    pub fn unlock(&self) -> Result<(), KeystoreError> {
        self.opened().map(|_| ())
    }

    /// Whether the keys were opened.
    pub fn is_open(&self) -> bool {
        self.opened.get().is_some()
    }

    fn opened(&self) -> Result<&Opened, KeystoreError> {
        if let Some(opened) = self.opened.get() {
            return Ok(opened);
        }
        let opened = self.file.open(&(self.ask)()?)?;
        Ok(self.opened.get_or_init(|| opened))
    }
}

impl Signer for Embedded<'_> {
    fn aid(&self) -> &Aid {
        self.file.aid()
    }

    fn key(&self) -> PublicKey {
        self.file.key()
    }

    fn sign(&self, signable: &Signable<'_>) -> Result<Signature, SignerError> {
        let message = signable.message().as_bytes();
        let key = self.opened()?.current.signing_key();
        let raw = ed25519_dalek::Signer::sign(&key, message).to_bytes();
        // A fault of the machine while signing could give away the key: nothing unverified leaves.
        Signature::checked(self.key(), message, raw).ok_or_else(|| SignerError::WrongSignature {
            signer: self.file.name().to_string(),
            key: self.key().to_string(),
        })
    }
}

impl std::fmt::Debug for Embedded<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Embedded").field("file", &self.file.name()).field("open", &self.is_open()).finish()
    }
}
