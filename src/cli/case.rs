//! `countersign case`: what people do with a case, each act a signed record.
//!
//! In: the folder of a case, who acts, and their keys. Out: files in `decision/`, or why not. Policies, trust and
//! profile are the settings': an act takes none of them as an option.

mod abandon;
mod assign;
mod attest;
mod close;
mod decide;
mod log;
mod show;
mod submit;
mod waive;

use std::io::{BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::config::Settings;
use super::error::CliError;
use super::keys::{self, Folder};
use super::load::RuleBook;
use super::passphrase::Source;
use super::signers::{self, Keys};
use super::terminal::{self, Terminal};
use super::{Outcome, clock, load, side_by_side};
use crate::bundle::{Form, Limits, Snapshot};
use crate::case::{Actor, Desk, Draft, Known, Progress};
use crate::check::{self, Options};
use crate::compile::program::Stage;
use crate::evaluate::outcome::FailOn;
use crate::keri::cesr::STREAM_MAX;
use crate::keystore::KeyName;
use crate::primitives::{Duration, Instant};
use crate::report::Report;
use crate::store::folder::{self, Seen};
use crate::store::{CaseRow, Memory, Store};
use crate::trust::Trust;

/// Assign, submit, attest, waive, approve or reject, and see where a case stands
#[derive(Debug, clap::Subcommand)]
#[command(after_help = "Example:\n  countersign case show cases/acme")]
pub(super) enum Command {
    /// Make somebody of the roster QAR1 or QAR2 of the case
    Assign(assign::Args),
    /// Hand the sealed evidence to QAR2
    Submit(submit::Args),
    /// Answer for what no document can show
    Attest(attest::Args),
    /// Ask for a waiver, or grant one
    Waive(waive::Args),
    /// Approve one exact report
    Approve(decide::Approve),
    /// Reject the issuance
    Reject(decide::Reject),
    /// Give the proposed event up
    Abandon(abandon::Args),
    /// Seal and sign what followed the signature
    Close(close::Args),
    /// Show who must do what next
    Show(show::Args),
    /// List what was done, by whom and when
    Log(log::Args),
}

/// Who acts on which case
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Who {
    /// Folder of the case
    #[arg(value_name = "CASE")]
    case: PathBuf,
    /// Person id of who acts; default: `person` of countersign.toml
    #[arg(long, value_name = "PERSON")]
    by: Option<String>,
    /// Name of the keys that sign; default: those of the person's identifier
    #[arg(long, value_name = "NAME", value_parser = keys::name)]
    sign_with: Option<KeyName>,
    #[command(flatten)]
    folder: Folder,
    #[command(flatten)]
    passphrase: Source,
    /// Key event log of who signs, while the bundle does not have it; may be repeated
    #[arg(long, value_name = "FILE")]
    kel: Vec<PathBuf>,
}

pub(super) fn run(command: Command, settings: &Settings, terminal: &Terminal) -> Outcome {
    match command {
        Command::Assign(args) => assign::run(args, settings, terminal),
        Command::Submit(args) => submit::run(args, settings, terminal),
        Command::Attest(args) => attest::run(args, settings, terminal),
        Command::Waive(args) => waive::run(args, settings, terminal),
        Command::Approve(args) => decide::approve(args, settings, terminal),
        Command::Reject(args) => decide::reject(args, settings, terminal),
        Command::Abandon(args) => abandon::run(args, settings, terminal),
        Command::Close(args) => close::run(args, settings, terminal),
        Command::Show(args) => show::run(args, settings, terminal),
        Command::Log(args) => log::run(args, settings, terminal),
    }
}

/// A case that was read, with what it is judged by.
struct Sitting<'s> {
    path: &'s Path,
    settings: &'s Settings,
    rule_book: RuleBook,
    snapshot: Snapshot,
    trust: Trust,
    known: Known,
    /// The clock when it was read.
    now: Instant,
}

impl<'s> Sitting<'s> {
    fn read(path: &'s Path, kel: &[PathBuf], settings: &'s Settings) -> Result<Self, CliError> {
        let (rule_book, snapshot) =
            side_by_side(|| load::rule_book(None, settings), || Snapshot::read(path, &Limits::STANDARD));
        let (rule_book, snapshot) = (rule_book?, snapshot?);
        if snapshot.form() != Form::Case || !path.is_dir() {
            return Err(CliError::NotACase { path: path.to_owned() });
        }
        let trust = load::trust(None, settings)?;
        let now = clock::now()?;
        let kel = kel.iter().map(|file| load::bytes(file, STREAM_MAX as u64)).collect::<Result<Vec<_>, _>>()?;
        let kel: Vec<&[u8]> = kel.iter().map(Vec::as_slice).collect();
        let known = check::known(&snapshot, now, &kel);
        Ok(Self { path, settings, rule_book, snapshot, trust, known, now })
    }

    /// As [`Sitting::read`], for who acts: what a crash interrupted is finished first.
    fn of(who: &'s Who, settings: &'s Settings) -> Result<Self, CliError> {
        if who.case.is_dir() {
            for path in folder::finish(&who.case)? {
                terminal::print_note(&format!("an act was interrupted; `{path}` is in its place now"));
            }
        }
        Self::read(&who.case, &who.kel, settings)
    }

    /// The case at an instant of the clock.
    fn desk(&self, now: Instant) -> Result<Desk<'_>, CliError> {
        Ok(Desk::open(&self.snapshot, &self.rule_book.program().schema, &self.trust, &self.known, now)?)
    }

    /// A run of now.
    fn check(&self, snapshot: &Snapshot, stage: Stage) -> Result<Report, CliError> {
        let settings = self.settings;
        let schemas = settings.schemas.as_deref().map(load::schema_library).transpose()?.map(Arc::new);
        let options = Options {
            as_of: self.now,
            stage,
            flows: Vec::new(),
            profile: settings.profile.clone().unwrap_or_else(|| check::DEFAULT_PROFILE.to_owned()),
            set: Vec::new(),
            fail_on: FailOn::Warn,
            schemas,
            memory: None,
        };
        let earlier = load::earlier_cases(settings.cases.as_deref())?;
        Ok(check::check(self.rule_book.program(), snapshot, &self.trust, earlier, &options)?)
    }

    /// A run of the stage that is due.
    fn due(&self, desk: &Desk<'_>) -> Result<Report, CliError> {
        self.check(&self.snapshot, desk.progress().phase(desk.now()).stage())
    }

    /// Who acts, and the keys with which they sign; nothing is opened.
    fn actor(&self, who: &Who, desk: &Desk<'_>) -> Result<(Actor, Keys), CliError> {
        let person = who.by.clone().or_else(|| self.settings.person.clone()).ok_or(CliError::NobodyActs)?;
        let keys = match &who.sign_with {
            Some(name) => signers::named(name, &who.folder, self.settings)?,
            None => {
                let aids = desk.aids_of(&person);
                let mut all = signers::all(&who.folder, self.settings)?.into_iter();
                let theirs = all.find(|keys| aids.contains(keys.aid()));
                theirs.ok_or_else(|| CliError::NoKeysOf { person: person.clone() })?
            }
        };
        Ok((Actor { person, aid: keys.aid().clone() }, keys))
    }

    /// Shows what will be signed, signs it, reads it back as everybody will, and writes it.
    fn act(&self, who: &Who, act: &Draft, keys: Keys, terminal: &Terminal) -> Outcome {
        terminal.print(&terminal::columns_of(act.summary()))?;
        self.sign(who, act, keys, terminal)
    }

    fn sign(&self, who: &Who, act: &Draft, keys: Keys, terminal: &Terminal) -> Outcome {
        act.fits(keys.aid(), &keys.key())?;
        let mut store = self.store()?;
        let signed = keys.with(&who.passphrase, |signer| Ok(act.sign(signer)?))?;
        let mut files = self.snapshot.to_files();
        files.extend(signed.files().iter().cloned());
        let after = Snapshot::from_files(files, &Limits::STANDARD);
        let kel = who.kel.iter().map(|file| load::bytes(file, STREAM_MAX as u64)).collect::<Result<Vec<_>, _>>()?;
        let kel: Vec<&[u8]> = kel.iter().map(Vec::as_slice).collect();
        let (known, now) = (check::known(&after, self.now, &kel), clock::now()?);
        let desk = Desk::open(&after, &self.rule_book.program().schema, &self.trust, &known, now)?;
        let seen = Seen::of(self.snapshot.iter().filter_map(|(_, file)| Some((file.path.clone(), file.sha256()?))));
        folder::add(self.path, &seen, signed.files())?;
        if let Some(store) = &mut store {
            let progress = desk.progress();
            store.put_case(&CaseRow {
                id: progress.case_id.clone(),
                folder: self.path.display().to_string(),
                bundle: progress.sealed,
                updated_at: now,
            })?;
        }
        let mut text = format!("written: {}\n", signed.records().join(", "));
        let next = progress_next(desk.progress(), self.path, now);
        text.push_str(&next.map(|step| format!("next: {step}\n")).unwrap_or_default());
        terminal.print(&text)?;
        Ok(0)
    }

    /// The store, where the settings name one: a clock that was set back is seen before anything is signed.
    fn store(&self) -> Result<Option<Store>, CliError> {
        let Some(path) = &self.settings.store else { return Ok(None) };
        let mut store = Store::open(path, self.trust.store_initialised)?;
        let seen = Memory { lock_serial: None, trust_serial: Some(self.trust.serial), latest: Some(self.now) };
        store.remember(&seen, Duration::from_seconds(CLOCK_SKEW_S))?;
        Ok(Some(store))
    }
}

/// How far the clock may run behind what the store remembers, in seconds.
const CLOCK_SKEW_S: i64 = 120;

fn progress_next(progress: &Progress, case: &Path, now: Instant) -> Option<String> {
    let step = progress.next(&case.display().to_string(), now, None).into_iter().next()?;
    let command = step.command.map(|command| format!(": {command}")).unwrap_or_default();
    Some(format!("{}, {}{command}", step.who, step.what))
}

/// A line that a person types.
///
/// # Errors
/// `no_terminal`: there is nobody to ask.
fn asked(question: &str, option: &'static str) -> Result<String, CliError> {
    if !std::io::stdin().is_terminal() {
        return Err(CliError::NoTerminal { option });
    }
    let mut stderr = anstream::stderr().lock();
    // A closed standard error shows no question, and then nobody answers it.
    let _ = write!(stderr, "{question}").and_then(|()| stderr.flush());
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).map_err(|_| CliError::NoTerminal { option })?;
    Ok(line.trim().to_owned())
}
