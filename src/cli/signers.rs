//! Who can sign on this machine: keys of the keystore, and the commands of `[[signers]]` in countersign.toml.

use std::path::PathBuf;
use std::time::Duration;

use super::config::Settings;
use super::error::CliError;
use super::keys::Folder;
use super::passphrase::Source;
use crate::keystore::{Embedded, External, KeyFile, KeyName, PublicKey, Signer};
use crate::primitives::Aid;

/// A command that signs, as the settings name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ExternalSigner {
    /// What it is called here.
    pub name: KeyName,
    /// The program.
    pub program: PathBuf,
    /// What it is started with.
    pub arguments: Vec<String>,
    /// Whose key it holds.
    pub aid: Aid,
    /// The key. It counts only where the log of the identifier has it in force.
    pub key: PublicKey,
    /// How long it has.
    pub deadline: Duration,
}

/// Keys that can sign; nothing is opened or started yet.
#[derive(Debug, Clone)]
pub(super) enum Keys {
    /// Of the keystore.
    File(KeyFile),
    /// Behind a command.
    Command(ExternalSigner),
}

impl Keys {
    /// Whose they are.
    pub(super) fn aid(&self) -> &Aid {
        match self {
            Self::File(file) => file.aid(),
            Self::Command(external) => &external.aid,
        }
    }

    /// The current key.
    pub(super) fn key(&self) -> PublicKey {
        match self {
            Self::File(file) => file.key(),
            Self::Command(external) => external.key,
        }
    }

    /// Lets them sign. A passphrase is asked for now, so that nothing fails half-way; a key is opened by the
    /// signature itself.
    ///
    /// # Errors
    /// No passphrase is to be had, or what the act says.
    pub(super) fn with<T>(
        self,
        passphrase: &Source,
        act: impl FnOnce(&dyn Signer) -> Result<T, CliError>,
    ) -> Result<T, CliError> {
        match self {
            Self::File(file) => {
                let passphrase = passphrase.existing(file.name().as_str())?;
                act(&Embedded::locked(file, || Ok(passphrase.clone())))
            }
            Self::Command(external) => {
                let ExternalSigner { program, arguments, aid, key, deadline, name: _ } = external;
                act(&External::new(program.to_string_lossy().into_owned(), arguments, aid, key, deadline))
            }
        }
    }
}

/// The keys of a name.
///
/// # Errors
/// `no_keys`, `two_signers`, or the keystore's.
pub(super) fn named(name: &KeyName, folder: &Folder, settings: &Settings) -> Result<Keys, CliError> {
    let external = settings.signers.iter().find(|signer| signer.name == *name);
    match (external, folder.keystore(settings)) {
        (Some(external), Err(_)) => Ok(Keys::Command(external.clone())),
        (Some(external), Ok(keystore)) => match keystore.read(name) {
            Ok(_) => Err(CliError::TwoSigners { name: name.to_string() }),
            Err(_) => Ok(Keys::Command(external.clone())),
        },
        (None, keystore) => Ok(Keys::File(keystore?.read(name)?)),
    }
}

/// All of them; files that cannot be read are not among them.
///
/// # Errors
/// `no_keys`: neither a folder nor a command is named; the keystore's.
pub(super) fn all(folder: &Folder, settings: &Settings) -> Result<Vec<Keys>, CliError> {
    let mut all: Vec<Keys> = settings.signers.iter().cloned().map(Keys::Command).collect();
    match folder.keystore(settings) {
        Ok(keystore) => {
            all.extend(keystore.list()?.into_iter().filter_map(|listed| listed.file.ok()).map(Keys::File));
        }
        Err(error) if all.is_empty() => return Err(error),
        Err(_) => {}
    }
    Ok(all)
}
