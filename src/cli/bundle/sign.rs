//! `countersign bundle sign CASE`.

use std::path::{Path, PathBuf};

use super::super::config::Settings;
use super::super::error::CliError;
use super::super::keys::{self, Folder};
use super::super::passphrase::Source;
use super::super::signers::{self, Keys};
use super::super::terminal::{self, Terminal};
use super::super::{Outcome, clock, load};
use crate::bundle::author;
use crate::bundle::signed::ENDING;
use crate::bundle::{Area, FileState, Limits, Snapshot};
use crate::case::{CaseError, KeyState, Progress, Vouched, vouch};
use crate::check;
use crate::keri::cesr::STREAM_MAX;
use crate::keystore::KeyName;
use crate::primitives::Instant;

/// Sign records of evidence
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Sign records of evidence with the keys of a person: those that the person made and has not signed, \
        or those that are named. Each signature lies beside its record and is listed with it; several people may sign \
        one record. Afterwards `countersign bundle seal` signs the manifest over all of it.\n\n\
        The person's key event log must be in the bundle, or be given with `--kel`.",
    after_help = "Examples:\n  countersign bundle sign cases/acme --by Q1\n  \
        countersign bundle sign cases/acme records/qar-roster.json --by OFFICER-2 --sign-with officer-2"
)]
pub(in super::super) struct Args {
    /// Case; its `post/` to sign what followed
    #[arg(value_name = "CASE")]
    case: PathBuf,
    /// Records to sign, relative to the bundle; default: all that the person made and has not signed
    #[arg(value_name = "RECORD")]
    records: Vec<String>,
    #[command(flatten)]
    who: Who,
}

/// Who signs
#[derive(Debug, Clone, clap::Args)]
pub(in super::super) struct Who {
    /// Person id of who signs; default: `person` of countersign.toml
    #[arg(long, value_name = "PERSON")]
    pub by: Option<String>,
    /// Name of the keys that sign; default: those of the person's identifier in the roster
    #[arg(long, value_name = "NAME", value_parser = keys::name)]
    sign_with: Option<KeyName>,
    #[command(flatten)]
    folder: Folder,
    #[command(flatten)]
    pub passphrase: Source,
    /// Key event log of who signs, while the bundle does not have it; may be repeated
    #[arg(long, value_name = "FILE")]
    kel: Vec<PathBuf>,
}

impl Who {
    /// Whether there is anything to sign with.
    pub fn can_sign(&self, settings: &Settings) -> bool {
        self.sign_with.is_some() || self.folder.keystore(settings).is_ok() || !settings.signers.is_empty()
    }
}

/// A bundle in which somebody signs.
pub(in super::super) struct Site {
    pub snapshot: Snapshot,
    pub area: Area,
    pub now: Instant,
}

impl Site {
    /// Of a case, a bundle, or the `post/` of a case.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn read(path: &Path) -> Result<Self, CliError> {
        let now = clock::now()?;
        let case = path.parent().filter(|case| {
            path.file_name().is_some_and(|name| name == Area::Post.folder()) && case.join("bundle").is_dir()
        });
        let (path, area) = case.map_or((path, Area::Bundle), |case| (case, Area::Post));
        Ok(Self { snapshot: Snapshot::read(path, &Limits::STANDARD)?, area, now })
    }

    /// Who signs, with which keys, under which key state. Nothing is opened.
    ///
    /// # Errors
    /// `nobody_acts`, `no_keys_of`, `no_log`, the keystore's.
    pub fn signer(&self, who: &Who, settings: &Settings) -> Result<(String, Keys, KeyState), CliError> {
        let person = who.by.clone().or_else(|| settings.person.clone()).ok_or(CliError::NobodyActs)?;
        let kel = who.kel.iter().map(|file| load::bytes(file, STREAM_MAX as u64)).collect::<Result<Vec<_>, _>>()?;
        let kel: Vec<&[u8]> = kel.iter().map(Vec::as_slice).collect();
        let known = check::known(&self.snapshot, self.now, &kel);
        let keys = match &who.sign_with {
            Some(name) => signers::named(name, &who.folder, settings)?,
            None => {
                let progress = Progress::of(&self.snapshot, load::fact_schema(), &known)?;
                let aids: Vec<_> = progress.members(&person, self.now).map(|member| member.aid.clone()).collect();
                let mut all = signers::all(&who.folder, settings)?.into_iter();
                let theirs = all.find(|keys| aids.contains(keys.aid()));
                theirs.ok_or_else(|| CliError::NoKeysOf { person: person.clone() })?
            }
        };
        let state = known.states.get(keys.aid()).cloned();
        let state = state.ok_or_else(|| CaseError::NoLog { aid: keys.aid().clone() })?;
        // A wrong key is told before a passphrase is asked for.
        state.index_of(keys.aid(), &keys.key())?;
        Ok((person, keys, state))
    }

    /// The bytes of a file of the bundle.
    fn bytes(&self, path: &str) -> Option<&[u8]> {
        let id = self.snapshot.find(&format!("{}/{path}", self.area.folder()))?;
        let file = self.snapshot.file(id);
        file.bytes().filter(|_| file.state == FileState::Good)
    }

    /// The records of a kind that is signed, made by a person, without their signature.
    fn unsigned(&self, person: &str, state: &KeyState) -> Vec<String> {
        let schema = load::fact_schema();
        let manifest = self.snapshot.manifest(self.area);
        let entries = manifest.map(|manifest| manifest.entries.as_slice()).unwrap_or_default();
        let made_here = |path: &str| {
            let record: Option<serde_json::Value> =
                self.bytes(path).and_then(|bytes| serde_json::from_slice(bytes).ok());
            record.is_some_and(|record| record["performed_by"] == person)
        };
        let is_signed = |path: &str| {
            let beside = path.strip_suffix(".json").map(|stem| format!("{stem}{ENDING}"));
            let text = beside.and_then(|beside| self.bytes(&beside)).map(String::from_utf8_lossy);
            text.is_some_and(|text| text.contains(state.aid.as_str()))
        };
        let due = entries.iter().filter(|entry| {
            schema.kind_named(&entry.kind).is_some_and(|kind| schema.kind(kind).signed)
                && made_here(&entry.path)
                && !is_signed(&entry.path)
        });
        due.map(|entry| entry.path.clone()).collect()
    }
}

pub(in super::super) fn run(args: Args, settings: &Settings, terminal: &Terminal) -> Outcome {
    let site = Site::read(&args.case)?;
    let (person, keys, state) = site.signer(&args.who, settings)?;
    let records = if args.records.is_empty() { site.unsigned(&person, &state) } else { args.records };
    if records.is_empty() {
        terminal::print_note(&format!("there is no record that {person} made and has not signed"));
        return Ok(0);
    }
    let made = keys.with(&args.who.passphrase, |signer| {
        let sign = |record: &String| {
            let not_listed = || author::AuthorError::NotListed { path: crate::bundle::place::printable(record) };
            let document = site.bytes(record).ok_or_else(not_listed)?;
            let beside = record.strip_suffix(".json").and_then(|stem| site.bytes(&format!("{stem}{ENDING}")));
            Ok((record.clone(), vouch(Vouched::Record, document, beside, &state, signer)?))
        };
        records.iter().map(sign).collect::<Result<Vec<_>, CliError>>()
    })?;
    for (record, signatures) in made {
        let path = author::put_signatures(&args.case, &record, &signatures, &person, site.now)?;
        terminal.print(&format!("{person} signed {record}: {path}\n"))?;
    }
    Ok(0)
}
