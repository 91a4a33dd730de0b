//! Literals: what a numeral, a quoted text or a pattern stands for.

use crate::expr::ast::Literal;
use crate::expr::error::{Code, ExprError};
use crate::primitives::{Date, Duration, Instant};
use crate::source::Span;

use super::grammar::Rule;

/// Units of a duration, largest first, in nanoseconds.
const UNITS: [(&str, i128); 6] = [
    ("h", 3_600_000_000_000),
    ("min", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("us", 1_000),
    ("ns", 1),
];

pub(super) fn read(rule: Rule, written: &str, span: Span) -> Result<Literal, ExprError> {
    match rule {
        Rule::text => text(written, span),
        Rule::boolean => Ok(Literal::Bool(written == "true")),
        Rule::negative => negative(written, span),
        _ => quantity(written, span),
    }
}

/// The text of a pattern: `\/` is a slash, every other escape is the pattern's own.
pub(super) fn pattern(written: &str) -> String {
    let inner = written.strip_prefix('/').and_then(|rest| rest.strip_suffix('/')).unwrap_or(written);
    let mut out = String::with_capacity(inner.len());
    let mut characters = inner.chars();
    while let Some(character) = characters.next() {
        if character != '\\' {
            out.push(character);
            continue;
        }
        match characters.next() {
            Some('/') => out.push('/'),
            Some(escaped) => out.extend(['\\', escaped]),
            None => out.push('\\'),
        }
    }
    out
}

fn text(written: &str, span: Span) -> Result<Literal, ExprError> {
    let inner = written.get(1..written.len().saturating_sub(1)).unwrap_or_default();
    let mut out = String::with_capacity(inner.len());
    let mut characters = inner.char_indices();
    while let Some((at, character)) = characters.next() {
        if character != '\\' {
            out.push(character);
            continue;
        }
        let rest = &inner[at + 1..];
        match rest.chars().next() {
            Some(plain @ ('\\' | '"' | '\'')) => out.push(plain),
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('u') => {
                let digits =
                    rest[1..].strip_prefix('{').and_then(|rest| rest.split_once('}')).map(|(digits, _)| digits);
                let decoded = digits
                    .filter(|digits| (1..=6).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_hexdigit()))
                    .and_then(|digits| u32::from_str_radix(digits, 16).ok())
                    .and_then(char::from_u32);
                let length = digits.map_or(1, |digits| digits.len() + 3);
                let Some(decoded) = decoded else {
                    let end = at + 1 + length.min(rest.len());
                    return Err(escape(inner, at, end, span));
                };
                out.push(decoded);
                // The escape is ASCII: one character a byte.
                for _ in 1..length {
                    characters.next();
                }
            }
            Some(other) => return Err(escape(inner, at, at + 1 + other.len_utf8(), span)),
            None => return Err(escape(inner, at, at + 1, span)),
        }
        characters.next();
    }
    Ok(Literal::Text(out))
}

fn escape(inner: &str, start: usize, end: usize, span: Span) -> ExprError {
    let first = span.start as usize + 1;
    let message = format!("`{}` is not an escape", inner.get(start..end).unwrap_or("\\"));
    ExprError::new(Code::InvalidEscape, Span::new(first + start, first + end), message, "not an escape")
        .help("escapes are `\\\\`, `\\\"`, `\\'`, `\\n`, `\\t` and `\\u{41}`")
}

fn negative(written: &str, span: Span) -> Result<Literal, ExprError> {
    match integer(written, span)? {
        Some(value) => Ok(Literal::Int(value)),
        None => {
            let message = format!("`{written}` has a sign");
            let error = ExprError::new(Code::InvalidNumber, span, message, "only whole numbers have a sign");
            Err(error.help("subtract it instead: `t - 1h`"))
        }
    }
}

fn quantity(written: &str, span: Span) -> Result<Literal, ExprError> {
    let mut words = written.split_whitespace();
    let number = words.next().unwrap_or_default();
    let number_span = Span { start: span.start, end: span.start + number.len() as u32 };
    match words.next() {
        Some(unit) => calendar(number, unit, number_span, Span { start: span.end - unit.len() as u32, end: span.end }),
        None => numeral(number, span),
    }
}

/// `30 days`, `1 year`.
fn calendar(number: &str, unit: &str, number_span: Span, unit_span: Span) -> Result<Literal, ExprError> {
    let days = |count| Literal::Days(count);
    let months = |count| Literal::Months(count);
    let (literal, factor): (&dyn Fn(i64) -> Literal, i64) = match unit {
        "day" | "days" => (&days, 1),
        "month" | "months" => (&months, 1),
        "year" | "years" => (&months, 12),
        _ => return Err(unknown_unit(number, unit, unit_span)),
    };
    let Some(count) = integer(number, number_span)? else {
        let message = format!("`{number}` is not a whole number");
        return Err(ExprError::new(Code::InvalidNumber, number_span, message, format!("a number of {unit}"))
            .help(format!("write digits only: `30 {unit}`")));
    };
    count.checked_mul(factor).map(literal).ok_or_else(|| overflow(number, number_span))
}

fn unknown_unit(number: &str, unit: &str, span: Span) -> ExprError {
    let error = ExprError::new(Code::UnknownUnit, span, format!("`{unit}` is not a unit"), "not a unit");
    let written = match unit {
        "hour" | "hours" | "h" | "hr" | "hrs" => format!("{number}h"),
        "minute" | "minutes" | "min" | "mins" => format!("{number}min"),
        "second" | "seconds" | "s" | "sec" | "secs" => format!("{number}s"),
        "ms" | "millisecond" | "milliseconds" => format!("{number}ms"),
        "d" => format!("{number} days"),
        "y" | "yr" | "yrs" => format!("{number} years"),
        "w" | "week" | "weeks" => return error.help("a week is `7 days`"),
        "m" => return error.help(format!("write `{number}min` or `{number} months`")),
        _ => {
            return error
                .help("units are `h`, `min`, `s`, `ms` without a space, and `days`, `months`, `years` after one");
        }
    };
    error.help(format!("write `{written}`"))
}

/// An integer, a duration, a date or an instant: what begins with a digit and has no space in it.
fn numeral(written: &str, span: Span) -> Result<Literal, ExprError> {
    let bytes = written.as_bytes();
    if bytes.len() >= 10 && bytes[4] == b'-' && bytes[7] == b'-' {
        return if written.len() == 10 { date(written, span) } else { instant(written, span) };
    }
    match integer(written, span)? {
        Some(value) => Ok(Literal::Int(value)),
        None => duration(written, span),
    }
}

/// `None` if there is more than digits.
fn integer(written: &str, span: Span) -> Result<Option<i64>, ExprError> {
    let digits = written.strip_prefix('-').unwrap_or(written);
    if !digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_') {
        return Ok(None);
    }
    if digits.ends_with('_') || digits.contains("__") {
        let message = format!("`{written}` is not a number");
        let error = ExprError::new(Code::InvalidNumber, span, message, "misplaced underscore");
        return Err(error.help("an underscore stands between two digits: `1_000`"));
    }
    let plain: String = written.chars().filter(|character| *character != '_').collect();
    plain.parse().map(Some).map_err(|_| overflow(written, span))
}

fn overflow(written: &str, span: Span) -> ExprError {
    let message = format!("`{written}` does not fit into 64 bits");
    ExprError::new(Code::IntOverflow, span, message, "too large").help(format!("the largest integer is {}", i64::MAX))
}

fn date(written: &str, span: Span) -> Result<Literal, ExprError> {
    written.parse::<Date>().map(Literal::Date).map_err(|_| {
        ExprError::new(
            Code::InvalidDate,
            span,
            format!("`{written}` is not a day of the calendar"),
            "there is no such day",
        )
        .help("a date is written `YYYY-MM-DD`")
    })
}

fn instant(written: &str, span: Span) -> Result<Literal, ExprError> {
    let reason = match written.parse::<Instant>() {
        Ok(instant) => return Ok(Literal::Instant(instant)),
        Err(reason) => reason.to_string(),
    };
    let bytes = written.as_bytes();
    let naive = bytes.get(10) == Some(&b'T')
        && bytes.get(11..).is_some_and(|time| time.iter().all(|byte| byte.is_ascii_digit() || b":.".contains(byte)));
    if naive && bytes.get(17..19) != Some(b"60") {
        let error =
            ExprError::new(Code::NaiveInstant, span, format!("`{written}` has no offset"), "in which time zone?");
        return Err(error.help(format!("write `{written}Z` for UTC, or add an offset such as `+01:00`")));
    }
    Err(ExprError::new(Code::InvalidInstant, span, reason, "not a moment")
        .help("an instant is written `2026-03-20T15:00:00Z`"))
}

/// `168h`, `7h30min`: units from the largest to the smallest, each at most once.
fn duration(written: &str, span: Span) -> Result<Literal, ExprError> {
    let mut rest = written;
    let mut total: i128 = 0;
    let mut smallest = i128::MAX;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b'_').count();
        let (number, after) = rest.split_at(digits);
        let letters = after.bytes().take_while(|byte| byte.is_ascii_alphabetic()).count();
        let (unit, next) = after.split_at(letters);
        let start = span.start + (written.len() - after.len()) as u32;
        let unit_span = Span { start, end: start + letters.max(1) as u32 };
        let Some((_, length)) = UNITS.iter().find(|(name, _)| *name == unit) else {
            return Err(match unit {
                "" => ExprError::new(
                    Code::InvalidNumber,
                    span,
                    format!("`{written}` is not a duration"),
                    "the last unit is missing",
                )
                .help("write a unit after every number: `7h30min`"),
                _ if next.is_empty() && rest.len() == written.len() => match unit {
                    "day" | "days" | "month" | "months" | "year" | "years" => ExprError::new(
                        Code::UnknownUnit,
                        unit_span,
                        format!("`{unit}` needs a space before it"),
                        "a calendar unit",
                    )
                    .help(format!("write `{number} {unit}`")),
                    _ => unknown_unit(number, unit, unit_span),
                },
                _ => unknown_unit(number, unit, unit_span),
            });
        };
        if *length >= smallest {
            let error = ExprError::new(
                Code::InvalidNumber,
                unit_span,
                format!("`{unit}` is out of order"),
                "not smaller than the unit before",
            );
            return Err(error.help("units go from the largest to the smallest: `7h30min`"));
        }
        smallest = *length;
        let Some(count) = integer(number, span)? else {
            return Err(overflow(number, span));
        };
        total = total.saturating_add(i128::from(count).saturating_mul(*length));
        rest = next;
    }
    Duration::from_nanoseconds(total).map(Literal::Duration).ok_or_else(|| overflow(written, span))
}
