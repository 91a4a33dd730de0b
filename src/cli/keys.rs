//! `countersign keys`: Ed25519 keys of this machine, at rest under a passphrase.

mod export;
mod import;
mod list;
mod new;
mod rotate;

use std::path::{Path, PathBuf};

use super::Outcome;
use super::config::Settings;
use super::error::CliError;
use super::passphrase::Source;
use super::signers;
use super::terminal::Terminal;
use crate::keystore::{KeyFile, KeyName, Keystore, Signer};

/// Make, import, rotate and show signing keys
#[derive(Debug, clap::Subcommand)]
#[command(after_help = "Example:\n  countersign keys list --keys keys")]
pub(super) enum Command {
    /// Make keys, and the identifier that begins with them
    New(new::Args),
    /// Take over keys of an identifier that began elsewhere
    Import(import::Args),
    /// Make the next key the current one, and a new next one
    Rotate(rotate::Args),
    /// List the keys of the folder
    List(list::Args),
    /// Print what others may know of keys
    ExportPublic(export::Args),
}

/// Where the keys lie
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Folder {
    /// Folder of keys; default: the settings'
    #[arg(long = "keys", value_name = "DIR")]
    pub(super) keys: Option<PathBuf>,
}

impl Folder {
    /// The keys of the folder.
    ///
    /// # Errors
    /// `no_keys`: no folder is named.
    pub(super) fn keystore(&self, settings: &Settings) -> Result<Keystore, CliError> {
        let folder: Option<&Path> = self.keys.as_deref().or(settings.keys.as_deref());
        folder.map(Keystore::new).ok_or(CliError::NoKeys)
    }
}

/// Who signs a document of the installation
#[derive(Debug, Clone, clap::Args)]
pub(super) struct SignAs {
    /// Name of the keys that sign
    #[arg(long, value_name = "NAME", value_parser = name)]
    sign_with: KeyName,
    #[command(flatten)]
    folder: Folder,
    #[command(flatten)]
    passphrase: Source,
}

impl SignAs {
    /// Lets these keys sign. They are opened by the signature itself, after everything else was looked at.
    ///
    /// # Errors
    /// The keys cannot be used, or what the signing says.
    pub(super) fn with<T>(
        &self,
        settings: &Settings,
        act: impl FnOnce(&dyn Signer) -> Result<T, CliError>,
    ) -> Result<T, CliError> {
        signers::named(&self.sign_with, &self.folder, settings)?.with(&self.passphrase, act)
    }
}

pub(super) fn run(command: Command, settings: &Settings, terminal: &Terminal) -> Outcome {
    match command {
        Command::New(args) => new::run(args, settings, terminal),
        Command::Import(args) => import::run(args, settings, terminal),
        Command::Rotate(args) => rotate::run(args, settings, terminal),
        Command::List(args) => list::run(args, settings, terminal),
        Command::ExportPublic(args) => export::run(args, settings, terminal),
    }
}

/// A name as clap takes it.
pub(super) fn name(text: &str) -> Result<KeyName, String> {
    text.parse().map_err(|error: crate::keystore::KeystoreError| {
        let help = miette::Diagnostic::help(&error).map(|help| format!(": {help}"));
        format!("{error}{}", help.unwrap_or_default())
    })
}

/// The public part, as people read it.
fn lines(file: &KeyFile) -> Vec<[String; 2]> {
    let next = file.next().map_or("(not here)".to_owned(), ToString::to_string);
    let rows = [
        ("name", file.name().to_string()),
        ("aid", file.aid().to_string()),
        ("current key", file.key().to_string()),
        ("next digest", next),
        ("rotations", file.rotations().to_string()),
    ];
    rows.map(|(name, value)| [name.to_owned(), value]).to_vec()
}
