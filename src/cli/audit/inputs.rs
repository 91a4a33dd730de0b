//! What an audit reads before it judges, and the state that it works with.
//!
//! In: arguments and settings. Out: [`Ready`], everything read and checked; then [`Done`], a journal with every case
//! and the document.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::super::config::Settings;
use super::super::error::CliError;
use super::super::load::RuleBook;
use super::super::{clock, load, several};
use super::YearArgs;
use crate::audit::journal::Claimed;
use crate::audit::year::{self, Files, Year};
use crate::audit::{self, AuditError, Draw, Journal, Question, Registries, Rows};
use crate::check::Options;
use crate::compile::program::Stage;
use crate::evaluate::outcome::FailOn;
use crate::keri::schema::Library;
use crate::keri::signature::Memory;
use crate::meter::{self, Meter};
use crate::primitives::{Instant, Sha256};
use crate::report::audit::AuditDocument;
use crate::trust::Trust;

/// Where cases, streams and the ledger of a year lie.
const CASES: &str = "cases";
const REGISTRIES: &str = "registries";
const LEDGER: &str = "ledger";

/// Everything read.
pub(super) struct Ready<'a> {
    args: &'a YearArgs,
    rule_book: RuleBook,
    /// The trust file.
    pub trust: Trust,
    schemas: Option<Arc<Library>>,
    cases: PathBuf,
    year: Year,
    /// Where the ledger is, if there is one.
    pub ledger: Option<PathBuf>,
    rows: Option<Rows>,
    /// The streams; while cases are judged, they are not in memory.
    pub streams: Files,
    registries: Registries,
    memory: Arc<Memory>,
    state: State,
    claimed: Option<Claimed>,
    /// What it costs.
    pub meter: Meter,
}

/// A finished audit.
pub(super) struct Done {
    /// What was found.
    pub document: AuditDocument,
    /// Every case.
    pub journal: Journal,
    /// How many cases were judged in this run.
    pub judged: u64,
    state: State,
}

/// Where what is finished lies, and whether it stays there.
#[derive(Clone)]
struct State {
    folder: PathBuf,
    stays: bool,
}

/// Reads everything that all cases are judged with.
///
/// # Errors
/// Of the files that are named.
pub(super) fn read<'a>(args: &'a YearArgs, settings: &Settings, output: Option<&Path>) -> Result<Ready<'a>, CliError> {
    let meter = meter::begin();
    settings.not_of(&args.root)?;
    let rule_book = load::rule_book(args.policies.as_deref(), settings)?;
    let trust = load::trust(args.trust.as_deref(), settings)?;
    let schemas = args.schemas.as_deref().or(settings.schemas.as_deref());
    let schemas = schemas.map(load::schema_library).transpose()?.map(Arc::new);
    let cases = args.root.join(CASES);
    let year = year::cases(&cases)?;
    let streams = year::streams(&args.root.join(REGISTRIES), &args.tel)?;
    let beside = args.root.join(LEDGER);
    let ledger = args.ledger.clone().or_else(|| beside.is_file().then_some(beside));
    let state = state(args, output);
    let claimed = Claimed::new(&state.folder)?;
    let rows = ledger.as_deref().map(|path| Rows::read(path, &state.folder)).transpose()?;
    if let (Some(rows), Some(genesis)) = (&rows, &trust.ledger_genesis) {
        rows.begins_with(genesis)?;
    }
    let memory = Arc::new(Memory::default());
    let registries = Registries::read(&streams, &trust, &memory, Some(&state.folder))?;
    let claimed = Some(claimed);
    Ok(Ready {
        args,
        rule_book,
        trust,
        schemas,
        cases,
        year,
        ledger,
        rows,
        streams,
        registries,
        memory,
        state,
        claimed,
        meter,
    })
}

/// The folder that is named, else one beside the output, else one that nobody finds again.
fn state(args: &YearArgs, output: Option<&Path>) -> State {
    match (&args.state, output) {
        (Some(folder), _) => State { folder: folder.clone(), stays: true },
        (None, Some(output)) => {
            let mut name = output.as_os_str().to_owned();
            name.push(".state");
            State { folder: PathBuf::from(name), stays: false }
        }
        (None, None) => {
            let name = format!("countersign-audit-{}", std::process::id());
            State { folder: std::env::temp_dir().join(name), stays: false }
        }
    }
}

impl Ready<'_> {
    /// Judges every case that is not in the journal yet, and concludes.
    ///
    /// # Errors
    /// Of the state folder; an unknown profile or parameter.
    pub(super) fn judge(&mut self, keep_judgements: bool) -> Result<Done, CliError> {
        let inputs = self.digest(keep_judgements);
        let now = self.args.as_of.map_or_else(clock::now, Ok)?;
        let claimed = self.claimed.take().ok_or(CliError::Internal { what: "the state of the audit" })?;
        let journal = Journal::open(claimed, inputs, now, self.year.cases.len())?;
        let question = self.question(journal.as_of(), keep_judgements);
        // What no rule book has is refused before the first case.
        crate::check::lockable(question.program, &self.args.profile, &[], &self.args.set)?;
        let judged = AtomicU64::new(0);
        several::places(self.year.cases.len(), |at| -> Result<(), AuditError> {
            judged.fetch_add(u64::from(self.one(&question, &journal, at)?), Ordering::Relaxed);
            Ok(())
        })?;
        let document = audit::conclude(&question, &journal, &self.year)?;
        Ok(Done { document, journal, judged: judged.into_inner(), state: self.state.clone() })
    }

    /// Judges a case, unless that is done.
    fn one(&self, question: &Question<'_>, journal: &Journal, at: usize) -> Result<bool, AuditError> {
        let Some((name, place)) = self.year.cases.get(at).zip(u32::try_from(at).ok()) else { return Ok(false) };
        let stamp = audit::stamp(&self.cases, name);
        if journal.row(at)?.is_some_and(|row| row.stamp == stamp) {
            return Ok(false);
        }
        journal.keep(&audit::judge(question, place, name, stamp)?)?;
        Ok(true)
    }

    fn question(&self, as_of: Instant, keep_judgements: bool) -> Question<'_> {
        let args = self.args;
        Question {
            program: self.rule_book.program(),
            trust: &self.trust,
            cases: &self.cases,
            period: args.period,
            as_of,
            registries: &self.registries,
            ledger: self.rows.as_ref(),
            options: Options {
                as_of,
                stage: Stage::Closing,
                flows: Vec::new(),
                profile: args.profile.clone(),
                set: args.set.clone(),
                fail_on: FailOn::Warn,
                schemas: self.schemas.clone(),
                memory: None,
            },
            memory: self.memory.clone(),
            draw: args.sample.zip(args.seed.clone()).map(|(size, seed)| Draw { size, seed }),
            keep_judgements,
        }
    }

    /// Stands for everything that decides what is known of a case.
    fn digest(&self, keep_judgements: bool) -> Sha256 {
        let args = self.args;
        let mut text = format!(
            "{} {} {} {} {:?} {:?} {:?} {keep_judgements}\n",
            env!("CARGO_PKG_VERSION"),
            self.rule_book.program().digest,
            self.trust.digest,
            args.profile,
            args.set,
            args.period,
            args.as_of,
        );
        let saids = self.schemas.iter().flat_map(|library| library.saids());
        text.extend(saids.map(|said| format!("schema {said}\n")));
        text.extend(self.registries.streams.iter().map(|stream| format!("{} {}\n", stream.name, stream.sha256)));
        if let Some(ledger) = self.rows.as_ref().map(Rows::entry) {
            text.push_str(&format!("ledger {} {}\n", ledger.size, ledger.root));
        }
        text.push_str(&self.year.cases.digest().to_string());
        Sha256::of(text.as_bytes())
    }
}

impl Done {
    /// Takes a state away that nobody asked for: everything is finished.
    pub(super) fn tidy(self) {
        drop(self.journal);
        if !self.state.stays {
            // What stays costs room and nothing else.
            let _ = fs::remove_file(self.state.folder.join("cases.ndjson"));
            let _ = fs::remove_dir(&self.state.folder);
        }
    }
}
