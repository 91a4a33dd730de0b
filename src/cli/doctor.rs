//! `countersign doctor`: each setting, where it comes from, and its digest.

use std::path::{Path, PathBuf};

use super::config::Settings;
use super::error::CliError;
use super::terminal::{Terminal, columns_of};
use super::{Outcome, clock, load};
use crate::check::DEFAULT_PROFILE;
use crate::evaluate::outcome::EXIT_ERROR;
use crate::gleif;

/// Show each setting, where it comes from, and its digest
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Show what `check` would work with here: engine, settings file, rule book, trust file, profile, and \
        each other setting, with its source and digest. Two installations with the same digests give the same report.",
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
    let lines = [
        engine(),
        settings_file(settings),
        rule_book(settings),
        trust(settings),
        profile(settings),
        schemas(settings),
        folder("cases", settings.cases.as_ref()),
        text("schema_host", settings.schema_host.as_deref(), None),
        text("gleif_url", settings.gleif_url.as_deref(), Some(gleif::BASE_URL)),
        folder("keys", settings.keys.as_ref()),
        file("ledger", settings.ledger.as_ref()),
        file("store", settings.store.as_ref()),
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
    let detail = match &settings.trust {
        Some(_) => load::trust(None, settings).map(|trust| format!("serial {}\nsha256 {}", trust.serial, trust.digest)),
        None => Ok("`check` needs `--trust FILE`".to_owned()),
    };
    Line { name: "trust", value, source, detail }
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

/// A file that is not there yet is no error: the first act makes it, or refuses for itself.
fn file(name: &'static str, given: Option<&PathBuf>) -> Line {
    let value = given.map_or("(none)".to_owned(), |path| path.display().to_string());
    let source = if given.is_some() { "settings" } else { "default" };
    let there = given.is_none_or(|path| path.exists());
    Line { name, value, source, detail: Ok(if there { String::new() } else { "not there".to_owned() }) }
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
