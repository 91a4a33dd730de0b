//! `countersign gate CASE`: whether QAR2 may sign, and why not. A dry run: nothing is written, no key is opened.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::config::Settings;
use super::error::CliError;
use super::load::RuleBook;
use super::terminal::{self, Terminal};
use super::{Outcome, clock, load, side_by_side};
use crate::bundle::{Form, Limits, Snapshot};
use crate::check::fresh::{Around, Live, Terms};
use crate::check::{self, Fresh, OwnLog};
use crate::facts::schema::FactSchema;
use crate::gate::{self, Clearance, LedgerView, Question, Refusal, StoreView};
use crate::keri::cesr::STREAM_MAX;
use crate::keri::schema::Library;
use crate::ledger::Ledger;
use crate::lock::{LockError, SignedLock};
use crate::primitives::{Aid, Instant};
use crate::store::Store;
use crate::trust::Trust;

/// Exit status of a no, whatever its reason.
pub(super) const EXIT_REFUSED: u8 = 4;
/// Most live files.
const LIVE_MAX: usize = 64;

/// Say whether QAR2 may sign the event of a case, and why not; nothing is signed or written
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Say whether QAR2 may sign the event of a case, and why not. This is what `countersign sign` does \
        before it opens a key: bundle, policy lock, live state, a report of this moment against the approved one, the \
        event byte for byte, two persons, the place in the group's log, the ledger. Nothing is signed or written.\n\n\
        Rules, profile, parameters and trust are those of the installation and of its signed policy lock: there are \
        no options for them.",
    after_help = "Example:\n  countersign gate cases/acme --live live.cesr\n\n\
        Exit status: 0 it may be signed, 4 it may not, 2 the command could not run."
)]
pub(super) struct Args {
    #[command(flatten)]
    about: About,
}

/// What is decided about, and how it is told
#[derive(Debug, clap::Args)]
pub(super) struct About {
    /// Folder of the case
    #[arg(value_name = "CASE")]
    pub(super) case: PathBuf,
    /// What was fetched for this decision: logs of the group, its delegator and root, registry, QVI credential with
    /// its registry; may be repeated. Its age is that of the oldest file
    #[arg(long, value_name = "FILE")]
    pub(super) live: Vec<PathBuf>,
    /// How to print the answer
    #[arg(long, value_enum, default_value = "human")]
    pub(super) format: Format,
}

/// How an answer is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Format {
    /// For people
    Human,
    /// For programs
    Json,
}

pub(super) fn run(args: Args, settings: &Settings, terminal: &Terminal) -> Outcome {
    let About { case, live, format } = args.about;
    let site = Site::load(&case, &live, settings)?;
    match site.decide() {
        Ok(clearance) => {
            terminal.print(&match format {
                Format::Human => allowed(&clearance, &case),
                Format::Json => format!("{}\n", clearance.statement()),
            })?;
            Ok(0)
        }
        Err(refusal) => {
            print(&refusal, format, terminal)?;
            Ok(EXIT_REFUSED)
        }
    }
}

/// Everything that a decision is made with.
pub(super) struct Site {
    pub snapshot: Snapshot,
    pub trust: Trust,
    pub store: Result<Store, String>,
    pub ledger: Result<Ledger, String>,
    pub now: Instant,
    rule_book: RuleBook,
    lock: Result<Option<SignedLock>, LockError>,
    live: Option<Live>,
    schemas: Option<Arc<Library>>,
    cases: Option<PathBuf>,
}

impl Site {
    /// # Errors
    /// Case, trust file, policies, lock or live state cannot be read at all.
    pub fn load(case: &Path, live: &[PathBuf], settings: &Settings) -> Result<Self, CliError> {
        let (rule_book, snapshot) =
            side_by_side(|| load::rule_book(None, settings), || Snapshot::read(case, &Limits::STANDARD));
        let snapshot = snapshot?;
        if snapshot.form() != Form::Case || !case.is_dir() {
            return Err(CliError::NotACase { path: case.to_owned() });
        }
        let trust = load::trust(None, settings)?;
        // A lock that is none is a no like one that does not hold.
        let lock = match settings.lock.as_deref().map(|path| load::lock(Some(path), settings)) {
            None => Ok(None),
            Some(Ok(lock)) => Ok(Some(lock)),
            Some(Err(CliError::Lock(error))) => Err(error),
            Some(Err(error)) => return Err(error),
        };
        let schemas = settings.schemas.as_deref().map(load::schema_library).transpose()?.map(Arc::new);
        let cases = load::earlier_cases(settings.cases.as_deref())?.map(Path::to_owned);
        // A store or ledger that is not there is a no, and nothing is made in its place.
        let store = match &settings.store {
            Some(path) => Store::open(path, trust.store_initialised).map_err(|error| error.to_string()),
            None => Err("no store is named as `store` in countersign.toml".to_owned()),
        };
        let ledger = match &settings.ledger {
            Some(path) => Ledger::open(path).map_err(|error| error.to_string()),
            None => Err("no ledger is named as `ledger` in countersign.toml".to_owned()),
        };
        let live = fetched(live)?;
        let now = clock::now()?;
        Ok(Self { snapshot, trust, store, ledger, now, rule_book: rule_book?, lock, live, schemas, cases })
    }

    /// The log of somebody as the live streams have it.
    ///
    /// # Errors
    /// Why no event may follow it.
    pub fn own_log(&self, aid: &Aid) -> Result<OwnLog, String> {
        let live: Vec<&[u8]> = self.live.iter().flat_map(|live| &live.streams).map(Vec::as_slice).collect();
        check::own_log(&self.snapshot, &live, aid, self.now)
    }

    /// What the kinds of records say.
    pub fn schema(&self) -> &FactSchema {
        &self.rule_book.program().schema
    }

    /// Asks the gate.
    pub fn decide(&self) -> Result<Clearance, Refusal> {
        let store = self.store.as_ref().map_err(Clone::clone);
        let store = store.and_then(|store| StoreView::of(store).map_err(|error| error.to_string()));
        let ledger = self.ledger.as_ref().map(LedgerView::of);
        // Only to know with what a report would be made; the gate verifies the lock itself.
        let highest = store.as_ref().ok().and_then(|store| store.memory.lock_serial);
        let lock = self.lock.as_ref().ok().and_then(Option::as_ref);
        let lock = lock.and_then(|lock| lock.verified(&self.trust, self.now, highest).ok());
        let terms = lock.map(|lock| Terms {
            profile: lock.profile.clone(),
            parameters: lock.parameters.clone().into_iter().collect(),
        });
        let around = Around {
            program: self.rule_book.program(),
            trust: &self.trust,
            cases: self.cases.as_deref(),
            schemas: self.schemas.clone(),
            terms,
        };
        let fresh = Fresh::take(&around, &self.snapshot, self.live.clone(), self.now);
        gate::clear(&Question {
            fresh: &fresh,
            trust: &self.trust,
            lock: self.lock.as_ref().map(Option::as_ref),
            store: store.as_ref().map_err(String::as_str),
            ledger: ledger.as_ref().map_err(|why| why.as_str()),
        })
    }
}

/// Live files, as old as the oldest of them.
fn fetched(paths: &[PathBuf]) -> Result<Option<Live>, CliError> {
    let mut streams = Vec::new();
    let mut oldest: Option<Instant> = None;
    for path in paths.iter().take(LIVE_MAX) {
        let unreadable = |source| CliError::Unreadable { path: path.clone(), source };
        let changed = fs::metadata(path).and_then(|metadata| metadata.modified()).map_err(unreadable)?;
        let changed = clock::instant(changed)?;
        oldest = Some(oldest.map_or(changed, |oldest| oldest.min(changed)));
        streams.push(load::bytes(path, STREAM_MAX as u64)?);
    }
    if paths.len() > LIVE_MAX {
        return Err(CliError::TooManyFiles { path: paths[LIVE_MAX].clone(), limit: LIVE_MAX });
    }
    Ok(oldest.map(|fetched_at| Live { streams, fetched_at }))
}

/// A no, as it was asked for.
///
/// # Errors
/// `print`.
pub(super) fn print(refusal: &Refusal, format: Format, terminal: &Terminal) -> Result<(), CliError> {
    let text = match format {
        Format::Human => refused(refusal, terminal),
        Format::Json => format!("{}\n", refusal.text()),
    };
    terminal.print(&text)
}

fn allowed(clearance: &Clearance, case: &Path) -> String {
    let matched = clearance.matched();
    let group = matched.group();
    let (qar2, _) = clearance.qar2();
    let rows = [
        ["credential".to_owned(), matched.draft().credential.said.to_string()],
        ["event".to_owned(), clearance.event().said().to_string()],
        ["group".to_owned(), group.aid.to_string()],
        ["number".to_owned(), group.sn.to_string()],
        ["QAR2".to_owned(), format!("{qar2}, key at index {}", clearance.index())],
        ["holds until".to_owned(), clearance.expires().to_string()],
    ];
    let case = case.display();
    format!(
        "yes: QAR2 may sign this event\n{}\nSign it with: countersign sign {case} --live FILE --out DIR\n",
        terminal::columns_of(&rows)
    )
}

fn refused(refusal: &Refusal, terminal: &Terminal) -> String {
    let reasons = refusal.reasons();
    let count = match reasons.len() {
        1 => "1 reason".to_owned(),
        count => format!("{count} reasons, the first first"),
    };
    let mut text = format!("no: nothing may be signed, for {count}\n");
    for reason in reasons {
        let step = reason.code.step();
        text.push_str(&format!("\n{} {}: {}\n", step.number(), step.as_str(), reason.code));
        text.push_str(&terminal.wrap(&crate::bundle::place::printable(&reason.message), 2, 2));
        text.push_str(&terminal.wrap(&format!("help: {}", reason.code.help()), 2, 4));
    }
    text
}
