//! Instants, calendar dates and exact durations.
//!
//! jiff keeps calendar and exact time apart; these newtypes are the parts of it that the rules need,
//! with the arithmetic refusing to overflow.

use std::fmt;
use std::str::FromStr;

use jiff::civil;
use jiff::{SignedDuration, Timestamp};

use super::PrimitiveError;

/// A moment, in UTC, to the nanosecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(Timestamp);

/// A calendar date, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(civil::Date);

/// An exact duration, signed, to the nanosecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Duration(SignedDuration);

impl Instant {
    /// Nanoseconds since 1970-01-01T00:00:00Z; `None` outside the years -9999 to 9999.
    pub fn from_nanoseconds(nanoseconds: i128) -> Option<Self> {
        Timestamp::from_nanosecond(nanoseconds).ok().map(Self)
    }

    /// The moment of a date in a header of HTTP: `Fri, 20 Mar 2026 15:00:00 GMT`. Source: RFC 9110, 5.6.7, of
    /// whose forms only the one that servers must send is read.
    pub fn from_http_date(text: &str) -> Option<Self> {
        let is_in_utc = text.ends_with(" GMT");
        let parsed = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text);
        parsed.ok().filter(|_| is_in_utc).map(Self)
    }

    /// Nanoseconds since 1970-01-01T00:00:00Z.
    pub fn nanoseconds(self) -> i128 {
        self.0.as_nanosecond()
    }

    /// The UTC calendar date of this moment.
    pub fn date(self) -> Date {
        Date(self.0.to_zoned(jiff::tz::TimeZone::UTC).date())
    }

    /// This moment plus a duration; `None` on overflow.
    pub fn checked_add(self, duration: Duration) -> Option<Self> {
        self.0.checked_add(duration.0).ok().map(Self)
    }

    /// This moment minus a duration; `None` on overflow.
    pub fn checked_sub(self, duration: Duration) -> Option<Self> {
        self.0.checked_sub(duration.0).ok().map(Self)
    }

    /// The same time of day (UTC) some calendar days later; `None` on overflow.
    pub fn checked_add_days(self, days: i64) -> Option<Self> {
        self.on(self.date().checked_add_days(days)?)
    }

    /// The same time of day (UTC) some calendar months later, clamped to the month's end.
    pub fn checked_add_months(self, months: i64) -> Option<Self> {
        self.on(self.date().checked_add_months(months)?)
    }

    /// The same time of day (UTC) on another date.
    fn on(self, date: Date) -> Option<Self> {
        let time = self.0.to_zoned(jiff::tz::TimeZone::UTC).time();
        let zoned = date.0.to_datetime(time).to_zoned(jiff::tz::TimeZone::UTC).ok()?;
        Some(Self(zoned.timestamp()))
    }

    /// The exact distance from an earlier moment to this one (negative if it is later).
    pub fn since(self, earlier: Instant) -> Duration {
        Duration(self.0.duration_since(earlier.0))
    }

    /// The first moment of the next UTC date; `None` at the end of time.
    pub fn next_midnight(self) -> Option<Self> {
        let next = self.date().checked_add_days(1)?;
        let zoned = next.0.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
        Some(Self(zoned.timestamp()))
    }
}

impl Date {
    /// A date from its parts; `None` if there is no such day.
    pub fn new(year: i16, month: i8, day: i8) -> Option<Self> {
        civil::Date::new(year, month, day).ok().map(Self)
    }

    /// Some calendar days later; `None` on overflow.
    pub fn checked_add_days(self, days: i64) -> Option<Self> {
        let span = jiff::Span::new().try_days(days).ok()?;
        self.0.checked_add(span).ok().map(Self)
    }

    /// Some calendar months later, clamped to the month's end; `None` on overflow.
    pub fn checked_add_months(self, months: i64) -> Option<Self> {
        let span = jiff::Span::new().try_months(months).ok()?;
        self.0.checked_add(span).ok().map(Self)
    }

    /// Signed calendar days from this date to another.
    pub fn days_until(self, other: Date) -> i64 {
        i64::from(self.0.duration_until(other.0).as_hours() as i32 / 24)
    }
}

impl Duration {
    /// A duration of nanoseconds; `None` on overflow.
    pub fn from_nanoseconds(nanoseconds: i128) -> Option<Self> {
        SignedDuration::try_from_nanos_i128(nanoseconds).map(Self)
    }

    /// A duration of whole seconds.
    pub fn from_seconds(seconds: i64) -> Self {
        Self(SignedDuration::from_secs(seconds))
    }

    /// Its length in nanoseconds.
    pub fn nanoseconds(self) -> i128 {
        self.0.as_nanos()
    }

    /// Sum; `None` on overflow.
    pub fn checked_add(self, other: Duration) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// Difference; `None` on overflow.
    pub fn checked_sub(self, other: Duration) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }
}

impl FromStr for Instant {
    type Err = PrimitiveError;

    /// RFC 3339 with a mandatory offset: `2026-03-20T15:00:00Z`, `2026-03-20T16:00:00.5+01:00`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(instant) = in_whole_seconds(text) {
            return Ok(instant);
        }
        let refused = |why| Err(PrimitiveError::Instant(text.to_owned(), why));
        let bytes = text.as_bytes();
        let digits =
            |range: std::ops::Range<usize>| bytes.get(range).is_some_and(|part| part.iter().all(u8::is_ascii_digit));
        let shape = bytes.len() >= 19
            && digits(0..4)
            && bytes[4] == b'-'
            && digits(5..7)
            && bytes[7] == b'-'
            && digits(8..10)
            && (bytes[10] == b'T')
            && digits(11..13)
            && bytes[13] == b':'
            && digits(14..16)
            && bytes[16] == b':'
            && digits(17..19);
        if !shape {
            return refused("`YYYY-MM-DDThh:mm:ssZ` is expected");
        }
        if &bytes[17..19] == b"60" {
            return refused("a leap second is not accepted");
        }
        let mut rest = &bytes[19..];
        if let Some((b'.', fraction)) = rest.split_first() {
            let length = fraction.iter().take_while(|b| b.is_ascii_digit()).count();
            if length == 0 || length > 9 {
                return refused("a fraction has one to nine digits");
            }
            rest = &fraction[length..];
        }
        match rest {
            b"Z" => {}
            [b'+' | b'-', h1, h2, b':', m1, m2] if [h1, h2, m1, m2].iter().all(|b| b.is_ascii_digit()) => {}
            [] => return refused("it has no offset; write `Z` or `+hh:mm`"),
            _ => return refused("its offset must be `Z` or `+hh:mm`"),
        }
        match text.parse::<Timestamp>() {
            Ok(timestamp) => Ok(Self(timestamp)),
            Err(_) => refused("there is no such moment"),
        }
    }
}

/// An instant as almost all are written, `2026-03-20T15:00:00Z`; none for any other form, and for no instant.
fn in_whole_seconds(text: &str) -> Option<Instant> {
    let text: &[u8; 20] = text.as_bytes().try_into().ok()?;
    let marks = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':'), (19, b'Z')];
    if marks.iter().any(|(at, mark)| text[*at] != *mark) {
        return None;
    }
    let digit = |at: usize| u32::from(text[at].wrapping_sub(b'0'));
    let pair = |at: usize| {
        let (tens, ones) = (digit(at), digit(at + 1));
        ((tens <= 9) & (ones <= 9)).then_some(tens * 10 + ones)
    };
    let (year, month, day) = (pair(0)? * 100 + pair(2)?, pair(5)?, pair(8)?);
    let (hour, minute, second) = (pair(11)?, pair(14)?, pair(17)?);
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => return None,
    };
    if day < 1 || day > days || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    // Days of the civil calendar, in years that begin in March, so that a leap day is the last of its year; counted from
    // 400 years before the year 0, so that none is negative.
    let (year, month) = if month > 2 { (year + 400, month - 3) } else { (year + 399, month + 9) };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1;
    const EPOCH: i64 = 719_468 + 146_097; // from -0400-03-01 to 1970-01-01
    let seconds = (i64::from(days) - EPOCH) * 86_400 + i64::from(hour * 3_600 + minute * 60 + second);
    Timestamp::from_second(seconds).ok().map(Instant)
}

impl FromStr for Date {
    type Err = PrimitiveError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bytes = text.as_bytes();
        let digit = |at: usize| bytes[at].is_ascii_digit();
        let shape = bytes.len() == 10
            && bytes[4] == b'-'
            && bytes[7] == b'-'
            && [0, 1, 2, 3, 5, 6, 8, 9].into_iter().all(digit);
        let date = shape.then(|| text.parse::<civil::Date>().ok()).flatten();
        date.map(Self).ok_or_else(|| PrimitiveError::Date(text.to_owned()))
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl fmt::Display for Duration {
    /// In the largest units that divide it: `168h`, `7h30min`, `90s`, `0s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [(&str, u128); 6] = [
            ("h", 3_600_000_000_000),
            ("min", 60_000_000_000),
            ("s", 1_000_000_000),
            ("ms", 1_000_000),
            ("us", 1_000),
            ("ns", 1),
        ];
        let mut rest = self.nanoseconds().unsigned_abs();
        if rest == 0 {
            return f.write_str("0s");
        }
        if self.nanoseconds() < 0 {
            f.write_str("-")?;
        }
        for (unit, length) in UNITS {
            if rest >= length {
                write!(f, "{}{unit}", rest / length)?;
                rest %= length;
            }
        }
        Ok(())
    }
}

macro_rules! serde_as_text {
    ($type:ty) => {
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

serde_as_text!(Instant);
serde_as_text!(Date);

impl serde::Serialize for Duration {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.nanoseconds().serialize(serializer)
    }
}

impl<'de> serde::Deserialize<'de> for Duration {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let nanoseconds = i128::deserialize(deserializer)?;
        Self::from_nanoseconds(nanoseconds).ok_or_else(|| serde::de::Error::custom("duration out of range"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instant(text: &str) -> Instant {
        text.parse().unwrap()
    }

    #[test]
    fn an_offset_is_mandatory_and_normalised() {
        assert_eq!(instant("2026-04-18T23:30:00-05:00").date().to_string(), "2026-04-19");
        assert_eq!(instant("2026-03-20T15:00:00Z").to_string(), "2026-03-20T15:00:00Z");
        for refused in [
            "2026-03-20T15:00:00",
            "2026-03-20 15:00:00Z",
            "2026-03-20",
            "2026-02-29T00:00:00Z",
            "2016-12-31T23:59:60Z",
            "2026-03-20T15:00:00.Z",
            "2026-03-20T15:00:00+0100",
            "2026-03-20T15:00Z",
            "",
            "2026-03-20T25:00:00Z",
        ] {
            assert!(refused.parse::<Instant>().is_err(), "{refused}");
        }
    }

    #[test]
    fn the_short_way_says_what_the_long_way_says() {
        for text in ["0000-01-01T00:00:00Z", "0000-02-29T23:59:59Z", "9999-12-30T21:59:59Z", "1969-12-31T23:59:59Z"] {
            assert_eq!(in_whole_seconds(text).unwrap().0, text.parse::<Timestamp>().unwrap(), "{text}");
        }
        let mut at: Timestamp = "1899-12-30T01:02:03Z".parse().unwrap();
        while at.to_string().as_str() < "2101-03-02" {
            assert_eq!(in_whole_seconds(&at.to_string()).unwrap().0, at);
            at += SignedDuration::from_hours(23);
        }
        for none in [
            "1900-02-29T00:00:00Z",
            "2026-04-31T00:00:00Z",
            "2026-00-01T00:00:00Z",
            "2026-01-00T00:00:00Z",
            "2026-01-01T24:00:00Z",
            "2026-01-01T00:60:00Z",
            "2016-12-31T23:59:60Z",
            "2026-01-01t00:00:00Z",
            "2026-01-01T00:00:0/Z",
            "2026-01-01T00:00:00z",
            "2026-01-01T00:00:00",
            "20260-1-01T00:00:00Z",
        ] {
            assert_eq!(in_whole_seconds(none), None, "{none}");
        }
    }

    #[test]
    fn days_are_counted_on_the_calendar() {
        let date = |text: &str| text.parse::<Date>().unwrap();
        assert_eq!(date("2026-01-02").days_until(date("2026-03-03")), 60);
        assert_eq!(date("2028-01-30").days_until(date("2028-02-29")), 30);
        assert_eq!(date("2026-03-03").days_until(date("2026-01-02")), -60);
        assert_eq!(date("0001-01-01").days_until(date("9999-12-31")), 3_652_058);
        assert!("2026-2-03".parse::<Date>().is_err());
    }

    #[test]
    fn months_clamp_to_the_end() {
        let date: Date = "2026-01-31".parse().unwrap();
        assert_eq!(date.checked_add_months(1).unwrap().to_string(), "2026-02-28");
        assert_eq!(date.checked_add_months(2).unwrap().to_string(), "2026-03-31");
        assert!(date.checked_add_months(i64::MAX).is_none());
        assert!(date.checked_add_days(i64::MIN).is_none());
        assert!(instant("2026-03-20T15:00:00Z").checked_add_days(i64::MAX).is_none());
    }

    #[test]
    fn durations_print_as_they_are_written() {
        for (seconds, text) in [(604_800, "168h"), (27_000, "7h30min"), (90, "1min30s"), (0, "0s"), (-60, "-1min")] {
            assert_eq!(Duration::from_seconds(seconds).to_string(), text);
        }
    }
}
