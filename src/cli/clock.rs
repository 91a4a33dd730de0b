//! The clock. Everything else gets its instants as arguments.

use std::sync::OnceLock;

use crate::primitives::Instant;
use crate::rehearsal;

use super::config::Settings;
use super::error::CliError;
use super::{load, terminal};

/// The variable that sets the clock of a practice installation.
const VARIABLE: &str = "COUNTERSIGN_NOW";

/// What it was set to.
static SET: OnceLock<Instant> = OnceLock::new();

/// Sets the clock where somebody asks for it, which the trust file must allow: its digest stands in every report and
/// decision, so that nothing of it passes for the real thing.
///
/// # Errors
/// `not_practice`, `clock_unreadable`; those of reading the trust file.
pub(super) fn practise(settings: &Settings) -> Result<(), CliError> {
    let Some(text) = std::env::var_os(VARIABLE) else { return Ok(()) };
    let text = text.to_string_lossy().into_owned();
    let now = text.parse::<Instant>().map_err(|_| CliError::ClockUnreadable { text: text.clone() })?;
    if !load::trust(None, settings)?.practice {
        return Err(CliError::NotPractice);
    }
    terminal::print_note(&format!("practice: the clock is set to {now}"));
    // Set once: a second command of the same process has the same environment.
    let _ = SET.set(now);
    Ok(())
}

/// Now, to the second: a report's as-of is read by people.
///
/// # Errors
/// `clock`: the machine's time is outside what can be written.
pub(super) fn now() -> Result<Instant, CliError> {
    if let Some(rehearsed) = rehearsal::now() {
        return rehearsed.parse().map_err(|_| CliError::Clock);
    }
    if let Some(now) = SET.get() {
        return Ok(*now);
    }
    #[allow(clippy::disallowed_methods)] // the one place
    let now = std::time::SystemTime::now();
    instant(now)
}

/// A moment that the system gave, to the second.
///
/// # Errors
/// `clock`: it is outside what can be written.
pub(super) fn instant(time: std::time::SystemTime) -> Result<Instant, CliError> {
    let elapsed = time.duration_since(std::time::UNIX_EPOCH).map_err(|_| CliError::Clock)?;
    Instant::from_nanoseconds(i128::from(elapsed.as_secs()) * 1_000_000_000).ok_or(CliError::Clock)
}
