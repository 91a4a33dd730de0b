//! `countersign.toml`: the settings of an installation.
//!
//! In: the file named by `--config`, or `countersign.toml` in the current folder; never a file of a
//! bundle or case. Out: [`Settings`]. Paths in the file are relative to it.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use super::error::CliError;
use super::signers::ExternalSigner;
use crate::bundle::place::printable;
use crate::keystore::DEADLINE;
use crate::primitives::Sha256;

/// The file that is looked for in the current folder.
const FILE_NAME: &str = "countersign.toml";

/// Most bytes of a settings file.
const BYTES_MAX: u64 = 64 << 10;

/// The settings in force.
#[derive(Debug, Default)]
pub(super) struct Settings {
    /// The file they come from.
    pub file: Option<PathBuf>,
    /// Digest of that file.
    pub digest: Option<Sha256>,
    /// The trust file.
    pub trust: Option<PathBuf>,
    /// Policies instead of the embedded ones.
    pub policies: Option<PathBuf>,
    /// Profile instead of `house`.
    pub profile: Option<String>,
    /// Official credential schemas.
    pub schemas: Option<PathBuf>,
    /// Host of official credential schemas.
    pub schema_host: Option<String>,
    /// Earlier cases, for references.
    pub cases: Option<PathBuf>,
    /// Another address of GLEIF's API.
    pub gleif_url: Option<String>,
    /// Person id of the QAR who works here.
    pub person: Option<String>,
    /// Folder of signing keys.
    pub keys: Option<PathBuf>,
    /// The ledger.
    pub ledger: Option<PathBuf>,
    /// The store of cases and reservations.
    pub store: Option<PathBuf>,
    /// The signed policy lock.
    pub lock: Option<PathBuf>,
    /// Addresses that are asked for the live state.
    pub live: Vec<String>,
    /// Seconds that each of them has.
    pub live_timeout_s: Option<u8>,
    /// Commands that sign.
    pub signers: Vec<ExternalSigner>,
}

/// The file, as `schemas/config.schema.json` describes it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ConfigFile {
    trust: Option<PathBuf>,
    policies: Option<PathBuf>,
    profile: Option<String>,
    schemas: Option<PathBuf>,
    schema_host: Option<String>,
    cases: Option<PathBuf>,
    gleif_url: Option<String>,
    person: Option<String>,
    keys: Option<PathBuf>,
    ledger: Option<PathBuf>,
    store: Option<PathBuf>,
    lock: Option<PathBuf>,
    #[serde(default)]
    live: Vec<String>,
    live_timeout_s: Option<u8>,
    #[serde(default)]
    signers: Vec<SignerEntry>,
}

/// A command that signs.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SignerEntry {
    name: String,
    command: Vec<String>,
    aid: String,
    key: String,
    deadline_s: Option<u16>,
}

impl SignerEntry {
    fn read(self, folder: &Path) -> Result<ExternalSigner, CliError> {
        let refused = |reason: String| CliError::SignerSetting { name: printable(&self.name), reason };
        let mut words = self.command.iter().cloned();
        let program = words.next().filter(|program| !program.is_empty());
        let program = program.ok_or_else(|| refused("`command` names no program".to_owned()))?;
        // A bare name is looked up where the system looks for programs.
        let is_path = Path::new(&program).components().count() > 1;
        Ok(ExternalSigner {
            program: if is_path { folder.join(program) } else { PathBuf::from(program) },
            arguments: words.collect(),
            name: self.name.parse().map_err(|error: crate::keystore::KeystoreError| refused(error.to_string()))?,
            aid: self.aid.parse().map_err(|_| refused("`aid` is no AID".to_owned()))?,
            key: self.key.parse().map_err(|error: crate::keystore::NotAPublicKey| refused(error.to_string()))?,
            deadline: self.deadline_s.map_or(DEADLINE, |seconds| Duration::from_secs(seconds.into())),
        })
    }
}

impl Settings {
    /// Reads the given file, or the one in the current folder if there is one.
    ///
    /// # Errors
    /// `config_unreadable`, `config_invalid`.
    pub(super) fn load(given: Option<&Path>) -> Result<Self, CliError> {
        let path = match given {
            Some(path) => path.to_owned(),
            None if Path::new(FILE_NAME).exists() => PathBuf::from(FILE_NAME),
            None => return Ok(Self::default()),
        };
        let unreadable = |source| CliError::ConfigUnreadable { path: path.clone(), source };
        let metadata = fs::metadata(&path).map_err(unreadable)?;
        if metadata.len() > BYTES_MAX {
            return Err(CliError::TooLarge { path, bytes: metadata.len(), limit: BYTES_MAX });
        }
        let mut text = String::new();
        // A device has no end, whatever size it says.
        File::open(&path).and_then(|file| file.take(BYTES_MAX + 1).read_to_string(&mut text)).map_err(unreadable)?;
        if text.len() as u64 > BYTES_MAX {
            return Err(CliError::TooLarge { path, bytes: text.len() as u64, limit: BYTES_MAX });
        }
        Self::parse(&path, &text)
    }

    /// The settings did not come with the case: they are not in it, whichever way one gets there.
    ///
    /// # Errors
    /// `settings_in_case`.
    pub(super) fn not_of(&self, case: &Path) -> Result<(), CliError> {
        let Some(file) = &self.file else { return Ok(()) };
        match (file.canonicalize(), case.canonicalize()) {
            (Ok(found), Ok(case)) if found.starts_with(&case) => Err(CliError::SettingsInCase { path: file.clone() }),
            // A case that is not there cannot be read either.
            (Ok(_) | Err(_), Ok(_) | Err(_)) => Ok(()),
        }
    }

    fn parse(path: &Path, text: &str) -> Result<Self, CliError> {
        let file: ConfigFile = toml::from_str(text).map_err(|cause| {
            let span = cause.span().unwrap_or(0..0);
            CliError::ConfigInvalid {
                reason: cause.message().lines().next().unwrap_or_default().to_owned(),
                at: (span.start, span.len().max(1)).into(),
                text: miette::NamedSource::new(path.display().to_string(), text.to_owned()),
            }
        })?;
        let folder = path.parent().unwrap_or(Path::new(""));
        let beside = |given: Option<PathBuf>| given.map(|given| folder.join(given));
        let signers = file.signers.into_iter().map(|entry| entry.read(folder)).collect::<Result<_, _>>()?;
        Ok(Self {
            file: Some(path.to_owned()),
            digest: Some(Sha256::of(text.as_bytes())),
            trust: beside(file.trust),
            policies: beside(file.policies),
            profile: file.profile,
            schemas: beside(file.schemas),
            schema_host: file.schema_host,
            cases: beside(file.cases),
            gleif_url: file.gleif_url,
            person: file.person,
            keys: beside(file.keys),
            ledger: beside(file.ledger),
            store: beside(file.store),
            lock: beside(file.lock),
            live: file.live,
            live_timeout_s: file.live_timeout_s,
            signers,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_relative_to_the_file() {
        let settings = Settings::parse(Path::new("etc/countersign.toml"), "trust = \"trust.json\"").unwrap();
        assert_eq!(settings.trust, Some(PathBuf::from("etc/trust.json")));
        assert_eq!(settings.profile, None);
    }

    #[test]
    fn a_misspelt_setting_is_an_error() {
        let error = Settings::parse(Path::new("countersign.toml"), "tust = \"x\"\n").unwrap_err();
        assert!(error.to_string().contains("tust"), "{error}");
    }
}
