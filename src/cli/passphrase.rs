//! Where a passphrase comes from: a file descriptor, the environment, or a person at a terminal; never argv, which
//! every process of the machine can read.

use std::fs::File;
use std::io::Read;

use super::error::CliError;
use crate::keystore::Passphrase;

/// The variable that holds a passphrase.
const VARIABLE: &str = "COUNTERSIGN_PASSPHRASE";
/// Most bytes of a passphrase.
const BYTES_MAX: u64 = 4096;

/// How a command gets its passphrase
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Source {
    /// File descriptor to read the passphrase from, first line; default: COUNTERSIGN_PASSPHRASE, else a prompt
    #[arg(long, value_name = "NUMBER")]
    pub(super) passphrase_fd: Option<u16>,
}

impl Source {
    /// The passphrase of keys that are there.
    ///
    /// # Errors
    /// `passphrase_unreadable`, `no_passphrase`.
    pub(super) fn existing(&self, name: &str) -> Result<Passphrase, CliError> {
        match self.given()? {
            Some(passphrase) => Ok(passphrase),
            None => prompt(&format!("passphrase of the keys {name}: ")),
        }
    }

    /// A passphrase for new keys; a person says it twice.
    ///
    /// # Errors
    /// `passphrase_unreadable`, `no_passphrase`, `passphrase_differs`.
    pub(super) fn fresh(&self, name: &str) -> Result<Passphrase, CliError> {
        if let Some(passphrase) = self.given()? {
            return Ok(passphrase);
        }
        let first = prompt(&format!("new passphrase for the keys {name}: "))?;
        if first.is(&prompt("the same again: ")?) { Ok(first) } else { Err(CliError::PassphraseDiffers) }
    }

    fn given(&self) -> Result<Option<Passphrase>, CliError> {
        if let Some(number) = self.passphrase_fd {
            return descriptor(number).map(Some);
        }
        match std::env::var(VARIABLE) {
            Ok(text) => Ok(Some(Passphrase::new(text))),
            Err(std::env::VarError::NotPresent) => Ok(None),
            Err(std::env::VarError::NotUnicode(_)) => {
                Err(CliError::PassphraseUnreadable { reason: format!("{VARIABLE} is not UTF-8") })
            }
        }
    }
}

fn descriptor(number: u16) -> Result<Passphrase, CliError> {
    let failed = |reason: String| CliError::PassphraseUnreadable { reason };
    let file = File::open(format!("/dev/fd/{number}"))
        .map_err(|error| failed(format!("file descriptor {number} cannot be read: {error}")))?;
    let mut text = String::new();
    let read = file.take(BYTES_MAX + 1).read_to_string(&mut text);
    read.map_err(|error| failed(format!("file descriptor {number} cannot be read: {error}")))?;
    if text.len() as u64 > BYTES_MAX {
        return Err(failed(format!("file descriptor {number} gives more than {BYTES_MAX} bytes")));
    }
    let line = text.lines().next().unwrap_or_default().to_owned();
    if line.is_empty() {
        return Err(failed(format!("file descriptor {number} gives an empty line")));
    }
    Ok(Passphrase::new(line))
}

fn prompt(question: &str) -> Result<Passphrase, CliError> {
    rpassword::prompt_password(question).map(Passphrase::new).map_err(|source| CliError::NoPassphrase { source })
}
