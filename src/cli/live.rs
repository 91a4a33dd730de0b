//! The live state: what was fetched for a decision, or is fetched now from the addresses of the settings.
//!
//! In: files, or addresses. Out: streams with the instant from which on their age counts, and what that rests on; or why
//! there are none. Nothing is believed for where it came from: the streams are verified like evidence. Of a file only its
//! date on the disk is known, which a copy makes new and whoever owns it sets: a decision says which of the two it was. Every address must answer, since the one
//! that does not may be the one that knows more.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use super::config::Settings;
use super::error::CliError;
use super::{clock, load};
use crate::check::fresh::{DatedBy, Live};
use crate::fetch::{self, Limits};
use crate::gate::NO_LIVE;
use crate::keri::cesr::STREAM_MAX;
use crate::primitives::Instant;

/// Most files or addresses.
const LIVE_MAX: usize = 64;

/// What one address may cost, with another limit of time where the settings say so.
fn limits(settings: &Settings) -> Limits {
    let total = Duration::from_secs(settings.live_timeout_s.unwrap_or(10).into());
    Limits {
        connect: total.min(Limits::API.connect),
        total,
        body_bytes: STREAM_MAX as u64,
        attempts: 2,
        wait: Duration::from_secs(5),
    }
}

/// The live state; or why there is none, which is for the gate to say.
///
/// # Errors
/// A file cannot be read, or there are too many.
pub(super) fn state(files: &[PathBuf], settings: &Settings) -> Result<Result<Live, String>, CliError> {
    match (files, settings.live.as_slice()) {
        ([], []) => Ok(Err(NO_LIVE.to_owned())),
        ([], addresses) => fetched(addresses, settings),
        (files, _) => read(files).map(Ok),
    }
}

/// What the age of the live state rests on.
pub(super) fn dated_by(files: &[PathBuf]) -> DatedBy {
    match files {
        [] => DatedBy::Clock,
        [_, ..] => DatedBy::Files,
    }
}

/// Files, as old as the oldest of them.
fn read(files: &[PathBuf]) -> Result<Live, CliError> {
    if let Some(path) = files.get(LIVE_MAX) {
        return Err(CliError::TooManyFiles { path: path.clone(), limit: LIVE_MAX });
    }
    let mut streams = Vec::new();
    let mut oldest: Option<Instant> = None;
    for path in files {
        let unreadable = |source| CliError::Unreadable { path: path.clone(), source };
        let changed = clock::instant(fs::metadata(path).and_then(|metadata| metadata.modified()).map_err(unreadable)?)?;
        oldest = Some(oldest.map_or(changed, |oldest| oldest.min(changed)));
        streams.push(load::bytes(path, STREAM_MAX as u64)?);
    }
    let fetched_at = oldest.map_or_else(clock::now, Ok)?;
    Ok(Live { streams, fetched_at })
}

/// What the addresses answer, asked all at once; as old as the question.
fn fetched(addresses: &[String], settings: &Settings) -> Result<Result<Live, String>, CliError> {
    if addresses.len() > LIVE_MAX {
        return Ok(Err(format!(
            "countersign.toml names {} addresses as `live`, and {LIVE_MAX} are asked",
            addresses.len()
        )));
    }
    let limits = limits(settings);
    let fetched_at = clock::now()?;
    let ask = |url: &str| match fetch::get(url, &limits, &mut std::thread::sleep) {
        Ok(response) if response.status == 200 => Ok(response.body),
        Ok(response) => Err(format!("`{url}` answered {}", response.status)),
        Err(error) => Err(error.to_string()),
    };
    let answers: Vec<Result<Vec<u8>, String>> = std::thread::scope(|scope| {
        let asked: Vec<_> = addresses.iter().map(|url| scope.spawn(move || ask(url))).collect();
        let panicked = |_| Err("an address could not be asked".to_owned());
        asked.into_iter().map(|asked| asked.join().unwrap_or_else(panicked)).collect()
    });
    Ok(answers.into_iter().collect::<Result<Vec<_>, _>>().map(|streams| Live { streams, fetched_at }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_files_or_addresses_are_live_state() {
        let scratch = tempfile::tempdir().unwrap();
        let file = scratch.path().join("kel.cesr");
        fs::write(&file, "{}").unwrap();
        let files = |count| state(&vec![file.clone(); count], &Settings::default());
        assert_eq!(files(LIVE_MAX).unwrap().unwrap().streams.len(), LIVE_MAX);
        assert!(matches!(files(LIVE_MAX + 1), Err(CliError::TooManyFiles { limit: LIVE_MAX, .. })));
        // What is no address is not asked.
        let addresses = |count| {
            let settings = Settings { live: vec!["none".to_owned(); count], ..Settings::default() };
            state(&[], &settings).unwrap().unwrap_err()
        };
        assert!(addresses(LIVE_MAX).contains("not a URL"), "{}", addresses(LIVE_MAX));
        assert!(addresses(LIVE_MAX + 1).contains("names 65 addresses"));
    }

    #[test]
    fn the_time_of_an_address_is_the_one_of_the_settings() {
        let of = |live_timeout_s| limits(&Settings { live_timeout_s, ..Settings::default() });
        assert_eq!((of(None).total, of(Some(3)).total), (Duration::from_secs(10), Duration::from_secs(3)));
        assert_eq!((of(None).connect, of(Some(3)).connect), (Duration::from_secs(5), Duration::from_secs(3)));
        assert_eq!(of(None).body_bytes, STREAM_MAX as u64);
    }
}
