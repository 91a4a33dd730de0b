//! `countersign gate CASE`: whether QAR2 may sign, and why not. A dry run: nothing is written, no key is opened.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::config::Settings;
use super::error::CliError;
use super::load::RuleBook;
use super::report::target::Reports;
use super::terminal::{self, Terminal};
use super::{Outcome, clock, live, load, side_by_side};
use crate::bundle::{Area, Form, Limits, Snapshot};
use crate::check::fresh::{Around, DatedBy, Live, Terms};
use crate::check::{self, Fresh, OwnLog};
use crate::facts::schema::FactSchema;
use crate::gate::{self, Clearance, GivenUp, LedgerView, Question, Refusal, StoreView};
use crate::keri::schema::Library;
use crate::ledger::Ledger;
use crate::lock::{LockError, SignedLock};
use crate::primitives::{Aid, Instant};
use crate::report::ReportDocument;
use crate::store::{Reservation, Reserved, State, Store};
use crate::trust::Trust;

/// Exit status of a no, whatever its reason.
pub(super) const EXIT_REFUSED: u8 = 4;

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
    #[command(flatten)]
    reports: Reports,
}

/// What is decided about, and how it is told
#[derive(Debug, clap::Args)]
pub(super) struct About {
    /// Folder of the case
    #[arg(value_name = "CASE")]
    pub(super) case: PathBuf,
    /// What was fetched for this decision: logs of the group, its delegator and root, registry, QVI credential with
    /// its registry; may be repeated. As old as the oldest file by its date on the disk, which a copy makes new: fetch
    /// into the file itself. Without it, the addresses that countersign.toml names as `live` are asked now
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
    args.reports.refuse(&case, None)?;
    let site = Site::load(&case, &live, settings)?;
    let mut report = Ok(None);
    let mut fetched_at = None;
    let decision = site.ask(gate::clear, |fresh| {
        report = reported(&args.reports, fresh);
        fetched_at = fresh.fetched_at();
    });
    match report {
        Ok(None) => {}
        Ok(Some(document)) => args.reports.write(&document, &case, terminal)?,
        Err(why) => terminal::print_note(&format!("no report could be made, and none is written: {why}")),
    }
    match decision {
        Ok(clearance) => {
            terminal.print(&match format {
                Format::Human => {
                    let live = fetched_at.map(|at| fetched(at, site.dated_by)).unwrap_or_default();
                    let unfinished = site.unfinished().map(|held| finishes(held, terminal));
                    allowed(&clearance, &case, &live) + &unfinished.unwrap_or_default()
                }
                Format::Json => with_unfinished(clearance.statement(), site.unfinished())?,
            })?;
            Ok(0)
        }
        Err(refusal) => {
            match format {
                Format::Human => print(&refusal, site.unfinished(), format, terminal)?,
                Format::Json => terminal.print(&with_unfinished(&refusal.text(), site.unfinished())?)?,
            }
            Ok(EXIT_REFUSED)
        }
    }
}

/// A document with what an earlier run left, where one left anything.
///
/// # Errors
/// `internal`.
fn with_unfinished(text: &str, unfinished: Option<&Reserved>) -> Result<String, CliError> {
    let Some(held) = unfinished else { return Ok(format!("{text}\n")) };
    let unreadable = |_| CliError::Internal { what: "the answer of the gate" };
    let mut document: serde_json::Value = serde_json::from_str(text).map_err(unreadable)?;
    let Reservation { group, sn, said, at, .. } = &held.reservation;
    document["unfinished"] = serde_json::json!({
        "state": held.state.to_string(),
        "event": said.to_string(),
        "group": group.to_string(),
        "sn": sn.to_string(),
        "cleared_at": at.to_string(),
    });
    Ok(format!("{document}\n"))
}

/// Everything that a decision is made with.
pub(super) struct Site {
    pub snapshot: Snapshot,
    pub trust: Trust,
    pub store: Result<Store, String>,
    pub ledger: Result<Ledger, String>,
    pub now: Instant,
    store_view: Result<StoreView, String>,
    dated_by: DatedBy,
    rule_book: RuleBook,
    lock: Result<Option<SignedLock>, LockError>,
    live: Result<Live, String>,
    schemas: Option<Arc<Library>>,
    cases: Option<PathBuf>,
}

impl Site {
    /// # Errors
    /// Case, trust file, policies, lock or live state cannot be read at all.
    pub fn load(case: &Path, live: &[PathBuf], settings: &Settings) -> Result<Self, CliError> {
        settings.not_of(case)?;
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
        // Where nothing was pulled yet there is no folder; that the schema is missing is for the gate to say.
        let schemas = match settings.schemas.as_deref() {
            Some(folder) if folder.exists() => Some(load::schema_library(folder)?),
            Some(_) => Some(Library::default()),
            None => None,
        };
        let schemas = schemas.map(Arc::new);
        let cases = load::earlier_cases(settings.cases.as_deref())?.map(Path::to_owned);
        // A store or ledger that is not there is a no, and nothing is made in its place.
        let store = match &settings.store {
            Some(path) => Store::open(path, trust.store_initialised).map_err(|error| error.to_string()),
            None => Err("no store is named as `store` in countersign.toml".to_owned()),
        };
        let view = || store.as_ref().map_err(Clone::clone).and_then(viewed);
        let (ledger, store_view) = match settings.ledger.as_deref().map(|path| Ledger::open_beside(path, view)) {
            Some(Ok((ledger, view))) => (Ok(ledger), view),
            Some(Err(error)) => (Err(error.to_string()), view()),
            None => (Err("no ledger is named as `ledger` in countersign.toml".to_owned()), view()),
        };
        let dated_by = live::dated_by(live);
        let live = live::state(live, settings)?;
        let now = clock::now()?;
        let rule_book = rule_book?;
        Ok(Self { snapshot, trust, store, ledger, now, store_view, dated_by, rule_book, lock, live, schemas, cases })
    }

    /// What an earlier run on this case left unfinished.
    pub fn unfinished(&self) -> Option<&Reserved> {
        let case = self.snapshot.manifest(Area::Bundle).and_then(|manifest| manifest.text("bundle_id"));
        let history = self.store_view.as_ref().ok()?.history.iter();
        let mut open = history.filter(|held| !matches!(held.state, State::Released | State::Abandoned));
        open.find(|held| Some(held.reservation.case_id.as_str()) == case)
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

    /// Asks the gate whether the event may be signed.
    pub fn decide(&self) -> Result<Clearance, Refusal> {
        self.ask(gate::clear, |_| ())
    }

    /// Asks the gate whether the event may be given up.
    pub fn give_up(&self) -> Result<GivenUp, Refusal> {
        self.ask(gate::give_up, |_| ())
    }

    /// Asks the gate, and shows what it judged.
    fn ask<T>(&self, answer: fn(&Question<'_>) -> Result<T, Refusal>, see: impl FnOnce(&Fresh)) -> Result<T, Refusal> {
        let store = self.store_view.as_ref().map_err(String::as_str);
        let ledger = self.ledger.as_ref().map(LedgerView::of);
        // Only to know with what a report would be made; the gate verifies the lock itself.
        let highest = store.ok().and_then(|store| store.memory.lock_serial);
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
        let fresh = match &self.live {
            Ok(live) => Fresh::take(&around, &self.snapshot, Some(live.clone()), self.now),
            Err(why) => Fresh::take(&around, &self.snapshot, None, self.now).without_live(why.clone()),
        };
        let fresh = fresh.dated(self.dated_by);
        see(&fresh);
        answer(&Question {
            fresh: &fresh,
            trust: &self.trust,
            lock: self.lock.as_ref().map(Option::as_ref),
            store,
            ledger: ledger.as_ref().map_err(|why| why.as_str()),
        })
    }
}

/// The report of the gate's own run, where it is to be written.
fn reported(reports: &Reports, fresh: &Fresh) -> Result<Option<ReportDocument>, String> {
    if reports.is_empty() {
        return Ok(None);
    }
    fresh.report().map(|report| Some(report.document().clone())).map_err(str::to_owned)
}

fn viewed(store: &Store) -> Result<StoreView, String> {
    StoreView::of(store).map_err(|error| error.to_string())
}

/// A no, as it was asked for.
///
/// # Errors
/// `print`.
pub(super) fn print(
    refusal: &Refusal,
    unfinished: Option<&Reserved>,
    format: Format,
    terminal: &Terminal,
) -> Result<(), CliError> {
    let text = match format {
        Format::Human => {
            let mut text = refused(refusal, terminal);
            text.push_str(&unfinished.map_or_else(String::new, |held| left(held, terminal)));
            text
        }
        Format::Json => format!("{}\n", refusal.text()),
    };
    terminal.print(&text)
}

fn allowed(clearance: &Clearance, case: &Path, live: &str) -> String {
    let matched = clearance.matched();
    let group = matched.group();
    let (qar2, _) = clearance.qar2();
    let rows = [
        ["credential".to_owned(), matched.draft().credential.said.to_string()],
        ["event".to_owned(), clearance.event().said().to_string()],
        ["group".to_owned(), group.aid.to_string()],
        ["number".to_owned(), group.sn.to_string()],
        ["QAR2".to_owned(), format!("{qar2}, key at index {}", clearance.index())],
        ["live state".to_owned(), live.to_owned()],
        ["holds until".to_owned(), clearance.expires().to_string()],
    ];
    let case = case.display();
    format!(
        "yes: QAR2 may sign this event\n{}\nSign it with: countersign sign {case} --live FILE --out DIR\n",
        terminal::columns_of(&rows)
    )
}

/// From when it is, and by what that is known.
fn fetched(at: Instant, dated_by: DatedBy) -> String {
    match dated_by {
        DatedBy::Files => format!("{at}, by the dates of the files"),
        DatedBy::Clock => format!("{at}, asked for now"),
    }
}

/// What an earlier run left, and what may become of it.
fn left(held: &Reserved, terminal: &Terminal) -> String {
    let told = "Once there is no reason left, the same command finishes it; otherwise both QARs give it up.";
    format!("\n{}", terminal.wrap(&format!("{} {told}", earlier(held)), 0, 0))
}

/// The same where nothing stands in the way.
fn finishes(held: &Reserved, terminal: &Terminal) -> String {
    format!("\n{}", terminal.wrap(&format!("{} `countersign sign` finishes it.", earlier(held)), 0, 0))
}

fn earlier(held: &Reserved) -> String {
    let Reservation { group, said, sn, at, .. } = &held.reservation;
    let state = held.state;
    format!("An earlier run had come to `{state}` with event `{said}` for number {sn} of `{group}`, cleared at {at}.")
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
