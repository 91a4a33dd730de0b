//! The clock. Everything else gets its instants as arguments.

use crate::primitives::Instant;
use crate::rehearsal;

use super::error::CliError;

/// Now, to the second: a report's as-of is read by people.
///
/// # Errors
/// `clock`: the machine's time is outside what can be written.
pub(super) fn now() -> Result<Instant, CliError> {
    if let Some(rehearsed) = rehearsal::now() {
        return rehearsed.parse().map_err(|_| CliError::Clock);
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
