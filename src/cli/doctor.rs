//! `countersign doctor`: each setting, where it comes from, and its digest.

use std::path::{Path, PathBuf};

use super::config::Settings;
use super::error::CliError;
use super::terminal::{Terminal, columns_of};
use super::{Outcome, clock, load};
use crate::check::DEFAULT_PROFILE;
use crate::evaluate::outcome::EXIT_ERROR;
use crate::gleif;
use crate::ledger::Ledger;
use crate::state;
use crate::store::{Memory, Store};

/// Show each setting, where it comes from, and its digest
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Show what `check` would work with here: engine, settings file, rule book, trust file, profile, store, \
        ledger, policy lock and each other setting, with its source and digest. Two installations with the same digests give the same report.",
    after_help = "Example:\n  countersign doctor\n\nExit status: 0 all settings can be used, 2 not."
)]
pub(super) struct Args {}

/// One setting.
struct Line {
    name: &'static str,
    value: String,
    source: &'static str,
    detail: Result<String, CliError>,
}

pub(super) fn run(_: Args, settings: &Settings, terminal: &Terminal) -> Outcome {
    let state = State::of(settings);
    let lines = [
        engine(),
        settings_file(settings),
        rule_book(settings),
        Line { detail: state.trust, ..trust(settings) },
        profile(settings),
        schemas(settings),
        folder("cases", settings.cases.as_ref()),
        text("schema_host", settings.schema_host.as_deref(), None),
        text("gleif_url", settings.gleif_url.as_deref(), Some(gleif::BASE_URL)),
        folder("keys", settings.keys.as_ref()),
        state.ledger,
        state.store,
        lock(settings),
        text("live", Some(settings.live.join(", ")).filter(|live| !live.is_empty()).as_deref(), None),
        text("person", settings.person.as_deref(), None),
        clock_line(),
    ];
    let mut rows = vec![["setting", "value", "from"].map(str::to_owned)];
    let mut details = vec![String::new()];
    let mut problems = String::new();
    let mut usable = true;
    for line in &lines {
        let detail = match &line.detail {
            Ok(detail) => detail.clone(),
            Err(error) => {
                usable = false;
                problems.push_str(&terminal.diagnostic(error));
                "cannot be used, see below".to_owned()
            }
        };
        rows.push([line.name.to_owned(), line.value.clone(), line.source.to_owned()]);
        details.push(detail);
    }
    let mut text = String::new();
    for (row, detail) in columns_of(&rows).lines().zip(details) {
        // A digest beside the rest would not fit on most terminals.
        text.push_str(row);
        text.push('\n');
        text.extend(detail.lines().map(|line| terminal.wrap(line, 4, 4)));
    }
    terminal.print(&(text + &problems))?;
    Ok(if usable { 0 } else { EXIT_ERROR })
}

fn engine() -> Line {
    Line { name: "engine", value: env!("CARGO_PKG_VERSION").to_owned(), source: "program", detail: Ok(String::new()) }
}

fn settings_file(settings: &Settings) -> Line {
    let value = settings.file.as_deref().map_or("(none)".to_owned(), |file| file.display().to_string());
    let source = if settings.file.is_some() { "file" } else { "default" };
    let detail = settings.digest.map_or(String::new(), |digest| format!("sha256 {digest}"));
    Line { name: "settings", value, source, detail: Ok(detail) }
}

fn rule_book(settings: &Settings) -> Line {
    let (value, source) = match &settings.policies {
        Some(folder) => (folder.display().to_string(), "settings"),
        None => ("(embedded)".to_owned(), "default"),
    };
    let detail = load::rule_book(None, settings).map(|rule_book| {
        let program = rule_book.program();
        format!("{} rules\nsha256 {}", program.rules.len(), program.digest)
    });
    Line { name: "policies", value, source, detail }
}

fn trust(settings: &Settings) -> Line {
    let (value, source) = match &settings.trust {
        Some(file) => (file.display().to_string(), "settings"),
        None => ("(none)".to_owned(), "default"),
    };
    Line { name: "trust", value, source, detail: Ok(String::new()) }
}

/// Trust file, store and ledger, which must fit each other.
struct State {
    trust: Result<String, CliError>,
    store: Line,
    ledger: Line,
}

impl State {
    fn of(settings: &Settings) -> Self {
        let trust = settings.trust.as_ref().map(|_| load::trust(None, settings)).transpose();
        let known = trust.as_ref().ok().and_then(Option::as_ref);
        let initialised = known.is_some_and(|trust| trust.store_initialised);
        let genesis = known.and_then(|trust| trust.ledger_genesis);
        let there = |path: &&PathBuf| path.symlink_metadata().is_ok();
        let store = settings.store.as_ref().filter(|path| initialised || there(path));
        let memory = store.map(|path| Store::open(path, initialised)?.memory()).transpose();
        let ledger = settings.ledger.as_ref().filter(|path| genesis.is_some() || there(path));
        let ledger = ledger.map(|path| Ledger::open(path)).transpose();
        let seen = memory.as_ref().ok().and_then(Option::as_ref);
        let rows = ledger.as_ref().ok().and_then(Option::as_ref);
        let mut problems = known.map_or(Vec::new(), |trust| state::problems(trust, seen, rows)).into_iter();
        let trust = match (trust, problems.next()) {
            (Ok(_), Some(problem)) => Err(CliError::State(problem)),
            (Ok(None), None) => Ok("`check` needs `--trust FILE`".to_owned()),
            (Ok(Some(trust)), None) => Ok(format!("serial {}\nsha256 {}", trust.serial, trust.digest)),
            (Err(error), _) => Err(error),
        };
        let ledger = ledger.map_err(CliError::Ledger).map(|ledger| match &ledger {
            Some(ledger) => {
                format!("{} rows, root {}\nfirst row {}", ledger.size(), ledger.root(), ledger.genesis())
            }
            None => absent(settings.ledger.as_ref()),
        });
        let store = memory.map_err(CliError::Store).map(|memory| match memory {
            Some(memory) => remembered(&memory),
            None => absent(settings.store.as_ref()),
        });
        Self {
            trust,
            store: Line { detail: store, ..place("store", settings.store.as_ref()) },
            ledger: Line { detail: ledger, ..place("ledger", settings.ledger.as_ref()) },
        }
    }
}

fn remembered(memory: &Memory) -> String {
    let shown = |value: Option<String>| value.unwrap_or_else(|| "none".to_owned());
    format!(
        "highest lock serial {}, trust serial {}, latest moment {}",
        shown(memory.lock_serial.map(|serial| serial.to_string())),
        shown(memory.trust_serial.map(|serial| serial.to_string())),
        shown(memory.latest.map(|latest| latest.to_string()))
    )
}

/// What never was is no error: `state init` makes it.
fn absent(given: Option<&PathBuf>) -> String {
    given.map_or_else(String::new, |_| "not there".to_owned())
}

/// The lock, if one is named: in force now, for this trust file and this rule book.
fn lock(settings: &Settings) -> Line {
    let in_force = || {
        let (lock, trust) = (load::lock(None, settings)?, load::trust(None, settings)?);
        let highest = match &settings.store {
            Some(path) if trust.store_initialised => Store::open(path, true)?.memory()?.lock_serial,
            Some(_) | None => None,
        };
        let lock = lock.verified(&trust, clock::now()?, highest)?;
        lock.pins(&load::rule_book(None, settings)?.program().digest)?;
        Ok(format!("{} serial {}, valid until {}\nsha256 {}", lock.id, lock.serial, lock.expires, lock.digest()))
    };
    let detail = settings.lock.as_ref().map_or(Ok(String::new()), |_| in_force());
    Line { detail, ..place("lock", settings.lock.as_ref()) }
}

fn profile(settings: &Settings) -> Line {
    let value = settings.profile.clone().unwrap_or_else(|| DEFAULT_PROFILE.to_owned());
    let source = if settings.profile.is_some() { "settings" } else { "default" };
    let detail = load::rule_book(None, settings).and_then(|rule_book| {
        let profiles = &rule_book.program().profiles;
        match profiles.iter().find(|profile| profile.id == value) {
            Some(profile) => Ok(profile.title.clone()),
            None => Err(CliError::Check(crate::check::CheckError::UnknownProfile {
                profile: value.clone(),
                known: profiles.iter().map(|profile| profile.id.clone()).collect(),
            })),
        }
    });
    Line { name: "profile", value, source, detail }
}

fn schemas(settings: &Settings) -> Line {
    let line = folder("schemas", settings.schemas.as_ref());
    let detail = load::verify_schemas(settings.schemas.as_deref()).map(|saids| match saids.len() {
        0 => String::new(),
        1 => "1 schema, its SAID holds".to_owned(),
        many => format!("{many} schemas, their SAIDs hold"),
    });
    Line { detail, ..line }
}

fn folder(name: &'static str, given: Option<&PathBuf>) -> Line {
    let value = given.map_or("(none)".to_owned(), |path| path.display().to_string());
    let source = if given.is_some() { "settings" } else { "default" };
    let detail = match given.map(PathBuf::as_path) {
        Some(path) => is_folder(path),
        None => Ok(String::new()),
    };
    Line { name, value, source, detail }
}

fn place(name: &'static str, given: Option<&PathBuf>) -> Line {
    let value = given.map_or("(none)".to_owned(), |path| path.display().to_string());
    let source = if given.is_some() { "settings" } else { "default" };
    Line { name, value, source, detail: Ok(String::new()) }
}

fn is_folder(path: &Path) -> Result<String, CliError> {
    std::fs::read_dir(path)
        .map(|_| String::new())
        .map_err(|source| CliError::Unreadable { path: path.to_owned(), source })
}

fn text(name: &'static str, given: Option<&str>, default: Option<&str>) -> Line {
    let source = if given.is_some() { "settings" } else { "default" };
    Line { name, value: given.or(default).unwrap_or("(none)").to_owned(), source, detail: Ok(String::new()) }
}

fn clock_line() -> Line {
    let now = clock::now();
    let value = now.as_ref().map_or("(unusable)".to_owned(), ToString::to_string);
    Line { name: "clock", value, source: "machine", detail: now.map(|_| "`--as-of` where none is given".to_owned()) }
}
