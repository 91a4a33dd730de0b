//! Instants and dates moved in time.

use crate::primitives::{Date, Instant};

use super::{PatchError, Shift};

impl Shift {
    /// A moved instant or date; `None` for any other text.
    pub(super) fn moved(self, text: &str) -> Option<Result<String, PatchError>> {
        let too_far = || PatchError::TooFar { text: text.to_owned() };
        if let Ok(instant) = text.parse::<Instant>() {
            let moved = match self {
                Self::Days(days) => instant.checked_add_days(days),
                Self::Duration(duration) => instant.checked_add(duration),
            };
            return Some(moved.map(|moved| as_written(text, moved)).ok_or_else(too_far));
        }
        let date = text.parse::<Date>().ok()?;
        let moved = match self {
            Self::Days(days) => date.checked_add_days(days),
            Self::Duration(duration) => {
                let midnight = format!("{date}T00:00:00Z").parse::<Instant>().ok();
                midnight.and_then(|midnight| midnight.checked_add(duration)).map(Instant::date)
            }
        };
        Some(moved.map(|moved| moved.to_string()).ok_or_else(too_far))
    }
}

/// An instant in the form of another: KERI writes six digits of a second and the offset of UTC.
fn as_written(like: &str, instant: Instant) -> String {
    let text = instant.to_string();
    match text.strip_suffix('Z') {
        Some(plain) if like.ends_with(".000000+00:00") && !plain.contains('.') => format!("{plain}.000000+00:00"),
        Some(_) | None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::primitives::Duration;

    #[test]
    fn time_moves_exactly_or_by_the_calendar() {
        let moved = |shift: Shift, text: &str| shift.moved(text).map(Result::unwrap);
        let day = Shift::Days(30);
        assert_eq!(moved(day, "2026-01-30T10:00:00Z").unwrap(), "2026-03-01T10:00:00Z");
        assert_eq!(moved(day, "2026-01-30").unwrap(), "2026-03-01");
        let hours = Shift::Duration(Duration::from_seconds(-76 * 3600 - 300));
        assert_eq!(moved(hours, "2026-03-20T15:00:00+01:00").unwrap(), "2026-03-17T09:55:00Z");
        assert_eq!(moved(hours, "2026-03-20").unwrap(), "2026-03-16");
        assert_eq!(moved(day, "30 days"), None);
        assert!(Shift::Days(i64::MAX).moved("2026-01-30").unwrap().is_err());
    }
}
