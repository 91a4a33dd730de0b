//! Texts, numbers and thresholds: what they must be, and what becomes of them.

use crate::bundle::json::scanner::integer;
use crate::bundle::json::{Kind, Scanner};
use crate::bundle::manifest::is_naive;
use crate::bundle::place::printable;
use crate::bundle::problem::Code;
use crate::facts::schema::{Format, Shape, Type};
use crate::facts::threshold::{Threshold, WEIGHTS_MAX, Weight};
use crate::facts::{Cause, Cell, CellValue};
use crate::primitives::{Aid, Date, Duration, Instant, Lei, Said, Sha256};
use crate::source::Span;

use super::{Pass, Read, bounds};

const INVALID: CellValue<'static> = CellValue::Unknown(Cause::Invalid);

impl<'s, 'a> Pass<'_, 's, '_, 'a> {
    /// A text of this shape.
    pub(super) fn text(&mut self, shape: &'s Shape, text: &'a str, span: Span) -> CellValue<'a> {
        match &shape.type_ {
            Type::Enum(id) => {
                let known = &self.reader.schema.enum_type(*id).values;
                if known.iter().any(|value| value == text) {
                    return CellValue::Text(text);
                }
                if !shape.open {
                    let shown = printable(text);
                    let message = format!("`{}` is `{shown}`, which is none of {}", self.name(), known.join(", "));
                    let help = match super::closest(text, known.iter().map(String::as_str)) {
                        Some(value) => format!("did you mean `{value}`?"),
                        None => format!("write one of {}", known.join(", ")),
                    };
                    self.report(Code::NotInEnum, span, message, help);
                }
                CellValue::Unknown(Cause::Unrecognised)
            }
            Type::Text | Type::Person | Type::Decimal => self.plain_text(shape, text, span),
            Type::Lei if text.parse::<Lei>().is_ok() => CellValue::Text(text),
            Type::Aid if Aid::is_well_formed(text) => CellValue::Text(text),
            Type::Said if Said::is_well_formed(text) => CellValue::Text(text),
            Type::Lei | Type::Aid | Type::Said => CellValue::Malformed(text),
            Type::Sha256 if text.parse::<Sha256>().is_ok() => CellValue::Text(text),
            Type::Sha256 => self.refuse(Code::BadSha256, text, span, "64 lower-case hexadecimal digits are expected"),
            Type::Instant => match text.parse::<Instant>() {
                Ok(instant) => CellValue::Instant(instant),
                Err(_) if is_naive(text) => self.refuse(Code::NaiveInstant, text, span, "it has no offset"),
                Err(_) => self.refuse(Code::BadInstant, text, span, "an instant as `2026-03-20T15:00:00Z` is expected"),
            },
            Type::Date => match text.parse::<Date>() {
                Ok(date) => CellValue::Date(date),
                Err(_) => self.refuse(Code::BadDate, text, span, "a date as `2026-03-20` is expected"),
            },
            Type::Bool
            | Type::Int
            | Type::Duration
            | Type::Days
            | Type::Months
            | Type::Threshold
            | Type::List(_)
            | Type::Record(_) => INVALID,
        }
    }

    fn plain_text(&mut self, shape: &'s Shape, text: &'a str, span: Span) -> CellValue<'a> {
        let (least, most) = shape.length;
        if least.is_some() || most.is_some() {
            let length = text.chars().count() as u64;
            if least.is_some_and(|least| length < least) || most.is_some_and(|most| length > most) {
                let message =
                    format!("`{}` has {length} characters; {} expected", self.name(), bounds(least, most, "are"));
                self.report(Code::LengthRefused, span, message, "correct the text".to_owned());
                return INVALID;
            }
        }
        if let Some(pattern) = &shape.pattern
            && !pattern.matches(text)
        {
            let why = format!("it does not match `{}`", pattern.as_str());
            return self.refuse(Code::PatternMismatch, text, span, &why);
        }
        match shape.format {
            Some(Format::Email) if !is_email(text) => {
                self.refuse(Code::FormatRefused, text, span, "an e-mail address is expected")
            }
            Some(Format::Uri) if !is_uri(text) => {
                self.refuse(Code::FormatRefused, text, span, "a URL with scheme and host is expected")
            }
            Some(Format::Email | Format::Uri) | None => CellValue::Text(text),
        }
    }

    /// An integer of this shape.
    pub(super) fn integer(&mut self, scanner: &mut Scanner<'a>, shape: &'s Shape) -> Read<Cell<'a>> {
        let (text, span) = scanner.number()?;
        let Some(value) = integer(text) else {
            let message = format!("`{}` is {}, not an integer up to 2^53-1", self.name(), printable(text));
            self.report(Code::WrongType, span, message, "write a whole number".to_owned());
            return Ok(Cell { value: INVALID, span });
        };
        let (least, most) = shape.range;
        if least.is_some_and(|least| value < least) || most.is_some_and(|most| value > most) {
            let expected = match (least, most) {
                (Some(least), Some(most)) => format!("{least} to {most} is expected"),
                (Some(least), None) => format!("at least {least} is expected"),
                (None, Some(most)) => format!("at most {most} is expected"),
                (None, None) => "another number is expected".to_owned(),
            };
            let message = format!("`{}` is {value}; {expected}", self.name());
            self.report(Code::RangeRefused, span, message, "correct the number".to_owned());
            return Ok(Cell { value: INVALID, span });
        }
        let value = match (&shape.type_, shape.unit_s) {
            (Type::Duration, unit) => {
                let length = i128::from(value) * i128::from(unit.unwrap_or(1)) * 1_000_000_000;
                Duration::from_nanoseconds(length).map_or(CellValue::Unknown(Cause::Overflow), CellValue::Duration)
            }
            (Type::Days, _) => CellValue::Days(value),
            _ => CellValue::Int(value),
        };
        Ok(Cell { value, span })
    }

    /// A signing threshold: a hexadecimal count, a list of weights, or a list of such lists.
    pub(super) fn threshold(&mut self, scanner: &mut Scanner<'a>) -> Read<Cell<'a>> {
        let (threshold, span) = read_threshold(scanner)?;
        match threshold {
            // The weights' own memory is outside of the arena: a threshold has few, and few records
            // have a threshold.
            Some(threshold) => Ok(Cell { value: CellValue::Threshold(self.arena.alloc(threshold)), span }),
            None => {
                let message = format!("`{}` is no signing threshold", self.name());
                let help = "write a hexadecimal count `\"2\"`, or weights `[\"1/2\", \"1/2\"]`".to_owned();
                self.report(Code::BadThreshold, span, message, help);
                Ok(Cell { value: INVALID, span })
            }
        }
    }

    fn refuse(&mut self, code: Code, text: &str, span: Span, why: &str) -> CellValue<'a> {
        let message = format!("`{}` is `{}`: {why}", self.name(), printable(text));
        let help = match code {
            Code::NaiveInstant => "write the offset: `Z` for UTC, or `+01:00`; without it the moment is not known",
            _ => "correct the value where it was captured, and seal again",
        };
        self.report(code, span, message, help.to_owned());
        INVALID
    }
}

fn read_threshold(scanner: &mut Scanner<'_>) -> Read<(Option<Threshold>, Span)> {
    if scanner.peek()? == Kind::String {
        let (text, span) = scanner.string()?;
        return Ok((Threshold::parse_count(&text), span));
    }
    let (mut flat, mut groups, mut good, mut count) = (Vec::new(), Vec::new(), true, 0usize);
    let mut weight = |scanner: &mut Scanner<'_>, into: &mut Vec<Weight>| -> Read<bool> {
        count += 1;
        if scanner.peek()? != Kind::String {
            scanner.skip()?;
            return Ok(false);
        }
        let parsed = Weight::parse(&scanner.string()?.0);
        let fits = count <= WEIGHTS_MAX;
        into.extend(parsed.filter(|_| fits));
        Ok(parsed.is_some() && fits)
    };
    let span = scanner.array(|scanner, _| {
        if scanner.peek()? == Kind::Array {
            let mut group = Vec::new();
            scanner.array(|scanner, _| {
                good &= weight(scanner, &mut group)?;
                Ok(())
            })?;
            good &= !group.is_empty();
            groups.push(group);
        } else {
            good &= weight(scanner, &mut flat)?;
        }
        Ok(())
    })?;
    let threshold = match (flat.is_empty(), groups.is_empty()) {
        (false, true) => Some(Threshold::Weighted(vec![flat])),
        (true, false) => Some(Threshold::Weighted(groups)),
        (true, true) | (false, false) => None,
    };
    Ok((threshold.filter(|_| good), span))
}

/// One `@` with text on both sides.
fn is_email(text: &str) -> bool {
    text.split_once('@').is_some_and(|(name, host)| !name.is_empty() && !host.is_empty() && !host.contains('@'))
}

/// A scheme and a host.
fn is_uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else { return false };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let mut characters = scheme.chars();
    characters.next().is_some_and(|first| first.is_ascii_alphabetic())
        && characters.all(|other| other.is_ascii_alphanumeric() || matches!(other, '+' | '-' | '.'))
        && !host.is_empty()
        && !text.chars().any(|character| character.is_whitespace() || character.is_control())
}
