//! Looks at LEIs: in a Golden Copy, in saved records, or on GLEIF's API, politely.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::super::error::CliError;
use super::super::{clock, load, terminal};
use super::files;
use super::stop::Stop;
use crate::fetch::{self, FetchError, Limits};
use crate::gleif::{self, GleifError, golden_copy};
use crate::monitor::lei_log::LeiLogs;
use crate::monitor::look::Look;
use crate::primitives::{Instant, Lei, Sha256};

/// After so many requests in a row that nobody answered, the rest is left to the next run.
const FAILURES_MAX: u32 = 3;
/// Most bytes of a saved record of the API; larger files are Golden Copies.
const RECORD_MAX: u64 = 1 << 20;

/// Where LEIs are looked at.
pub(super) enum Source {
    /// A Golden Copy file.
    GoldenCopy(PathBuf),
    /// Files of `ROOT/lei`.
    Saved(Vec<PathBuf>),
    /// GLEIF's API at this address, with so many requests a minute.
    Api { base_url: String, per_minute: u32 },
}

/// Looks at the LEIs.
///
/// # Errors
/// A file cannot be read or is none of GLEIF's; the run was asked to end.
pub(super) fn take(
    source: &Source,
    leis: &BTreeSet<Lei>,
    logs: &LeiLogs,
    now: Instant,
    stop: &Stop,
) -> Result<Vec<Look>, CliError> {
    match source {
        Source::GoldenCopy(path) => {
            let mut looks = logs.left(now)?;
            looks.extend(from_golden_copy(path, leis, now)?);
            Ok(looks)
        }
        Source::Saved(paths) => {
            let mut looks = logs.left(now)?;
            for path in paths {
                looks.extend(from_saved(path, leis, now)?);
            }
            Ok(looks)
        }
        Source::Api { base_url, per_minute } => from_api(base_url, *per_minute, leis, logs, now, stop),
    }
}

/// A whole copy has every LEI: one that it does not have is one that GLEIF does not know, as a 404 says it.
fn from_golden_copy(path: &Path, leis: &BTreeSet<Lei>, now: Instant) -> Result<Vec<Look>, CliError> {
    let unreadable = |source| CliError::Unreadable { path: path.to_owned(), source };
    let checked_at = files::changed_at(path)?.min(now);
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let published_at = golden_copy::published_at(&name);
    if published_at.is_none() {
        terminal::print_note(&format!(
            "the name of `{}` does not say when GLEIF published it, so looks at it do not count; keep GLEIF's name",
            path.display()
        ));
    }
    let mut looks: BTreeMap<Lei, Look> = BTreeMap::new();
    let reader = BufReader::with_capacity(1 << 20, File::open(path).map_err(unreadable)?);
    let records = golden_copy::scan(reader, leis, &mut |found| {
        let standing = gleif::Standing { published_at, ..found.standing };
        looks.insert(found.lei.clone(), Look::of(found.lei.as_str(), checked_at, found.digest, standing));
    })
    .map_err(|error| CliError::NotAGoldenCopy { path: path.to_owned(), reason: error.to_string() })?;
    if records == 0 {
        return Err(CliError::NotAGoldenCopy { path: path.to_owned(), reason: "it holds no record".to_owned() });
    }
    // A file of what changed says nothing of an LEI that it does not have.
    if !name.contains("golden-copy") {
        return Ok(looks.into_values().collect());
    }
    let nothing = Sha256::of(b"");
    let look = |lei: &Lei| {
        looks.get(lei).cloned().unwrap_or_else(|| Look::without_record(lei.as_str(), checked_at, 404, nothing))
    };
    Ok(leis.iter().map(look).collect())
}

/// A saved answer of the API, as old as its file; or a Golden Copy.
fn from_saved(path: &Path, leis: &BTreeSet<Lei>, now: Instant) -> Result<Vec<Look>, CliError> {
    let unreadable = |source| CliError::Unreadable { path: path.to_owned(), source };
    let size = std::fs::metadata(path).map_err(unreadable)?.len();
    let bytes = if size <= RECORD_MAX { load::bytes(path, RECORD_MAX)? } else { Vec::new() };
    match gleif::subject(&bytes) {
        Some(lei) if leis.contains(&lei) => {
            let checked_at = files::changed_at(path)?.min(now);
            Ok(vec![Look::of(lei.as_str(), checked_at, Sha256::of(&bytes), gleif::standing(&bytes))])
        }
        // Of an LEI that is not watched.
        Some(_) => Ok(Vec::new()),
        None => {
            let all = from_golden_copy(path, leis, now)?;
            // Beside other records, a copy of a part says nothing of the LEIs that it does not have.
            Ok(all.into_iter().filter(|look| look.http_status == 200).collect())
        }
    }
}

fn from_api(
    base_url: &str,
    per_minute: u32,
    leis: &BTreeSet<Lei>,
    logs: &LeiLogs,
    now: Instant,
    stop: &Stop,
) -> Result<Vec<Look>, CliError> {
    let mut looks = logs.left(now)?;
    let seen: BTreeSet<String> =
        looks.iter().filter(|look| LeiLogs::is_recent(look, now)).map(|look| look.lei.clone()).collect();
    let pause = Duration::from_secs(60) / per_minute.max(1);
    let mut failures = 0;
    let mut unseen = 0;
    for (at, lei) in leis.iter().filter(|lei| !seen.contains(lei.as_str())).enumerate() {
        if at > 0 {
            stop.sleep(pause);
        }
        if stop.asked() {
            return Err(CliError::Stopped);
        }
        if failures == FAILURES_MAX {
            unseen += 1;
            continue;
        }
        match ask(base_url, lei, stop) {
            Ok(look) => {
                failures = 0;
                logs.keep(&look)?;
                looks.push(look);
            }
            Err(error) => {
                failures = if error.ends_the_run() { FAILURES_MAX } else { failures + 1 };
                unseen += 1;
                terminal::print_note(&format!("LEI {lei} was not seen: {}", error.0));
            }
        }
    }
    if unseen > 0 {
        terminal::print_note(&format!("{unseen} of {} LEIs were not seen in this run", leis.len()));
    }
    Ok(looks)
}

/// Why an LEI was not seen, and whether there is no use in asking on.
struct Unseen(String, bool);

impl Unseen {
    fn ends_the_run(&self) -> bool {
        self.1
    }
}

fn ask(base_url: &str, lei: &Lei, stop: &Stop) -> Result<Look, Unseen> {
    let url = gleif::record_url(base_url, lei);
    let response = fetch::get(&url, &Limits::API, &mut |time| stop.sleep(time)).map_err(|error| {
        let end = match &error {
            // The server says when it may be asked again, which is later than a run waits.
            FetchError::AskedToWait { .. } | FetchError::Url { .. } | FetchError::Client { .. } => true,
            FetchError::Unreachable { .. }
            | FetchError::Timeout { .. }
            | FetchError::KeptRefusing { .. }
            | FetchError::Redirected { .. }
            | FetchError::TooLarge { .. }
            | FetchError::Truncated { .. } => false,
        };
        Unseen(error.to_string(), end)
    })?;
    let checked_at = clock::now().map_err(|error| Unseen(error.to_string(), true))?;
    let digest = Sha256::of(&response.body);
    match gleif::accept(lei, &response) {
        Ok(()) => Ok(Look::of(lei.as_str(), checked_at, digest, gleif::standing(&response.body))),
        Err(GleifError::NotFound { .. } | GleifError::Status { .. }) => {
            Ok(Look::without_record(lei.as_str(), checked_at, response.status, digest))
        }
        Err(
            error @ (GleifError::Headers { .. }
            | GleifError::NotJson { .. }
            | GleifError::Shape { .. }
            | GleifError::List { .. }
            | GleifError::OtherLei { .. }),
        ) => Err(Unseen(error.to_string(), false)),
    }
}
