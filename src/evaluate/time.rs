//! Arithmetic, clocks and windows.
//!
//! A comparison with a clock that moves on has at most one instant at which its answer changes. The
//! last instant before the first of these changes is until when the whole run holds: never too late,
//! and where the change cannot be computed, not beyond the instant judged for.

use crate::compile::program::{Clock, OpId, TimeOperand};
use crate::expr::ast::{Arithmetic, Comparison};
use crate::facts::Cause;
use crate::primitives::{Date, Duration, Instant};

use super::Signing;
use super::compare::holds;
use super::machine::Machine;
use super::value::{Known, Truth, Unknown, Value, both};

impl<'a> Machine<'a> {
    pub(super) fn arithmetic(&mut self, op: OpId, arithmetic: Arithmetic, left: OpId, right: OpId) -> Known<'a> {
        let left = self.eval(left);
        let (left, right) = both(left, self.eval(right))?;
        match sum(arithmetic, left, right) {
            Ok(Some(value)) => Ok(value),
            Ok(None) => Err(Unknown::new(Cause::Overflow, op)),
            Err(NoSuchSum) => Err(Unknown::new(Cause::Invalid, op)),
        }
    }

    /// Narrows until when the run holds.
    pub(super) fn hold_until(&mut self, last: Instant) {
        hold_until(&mut self.until, Some(last));
    }

    /// `clock + plus - minus cmp other`
    pub(super) fn compare_clock(
        &mut self,
        op: OpId,
        comparison: Comparison,
        clock: Clock,
        plus: Option<OpId>,
        minus: Option<OpId>,
        other: OpId,
    ) -> Truth {
        let plus = plus.map(|plus| self.eval(plus)).transpose();
        let minus = minus.map(|minus| self.eval(minus)).transpose();
        let other = self.eval(other);
        let (((now, moves), other), (plus, minus)) = both(both(self.clock(clock, op), other), both(plus, minus))?;
        let Value::Instant(other) = other else { return Err(Unknown::new(Cause::Invalid, op)) };
        let (answer, until) = compare_shown(self.as_of, (now, moves), comparison, (plus, minus), other);
        hold_until(&mut self.until, until);
        answer.map_err(|cause| Unknown::new(cause, op))
    }

    /// `end <= start + limit`, or `as_of <= start + limit` where there is no end.
    pub(super) fn within(&mut self, op: OpId, start: OpId, end: OpId, limit: OpId) -> Truth {
        let start = self.eval(start);
        let end = match self.eval(end) {
            Ok(end) => Ok(Some(end)),
            Err(unknown) if unknown.absent => Ok(None),
            Err(unknown) => Err(unknown),
        };
        let ((start, limit), end) = both(both(start, self.eval(limit)), end)?;
        let deadline = match add(start, limit) {
            Ok(Some(deadline)) => deadline,
            Ok(None) => return Err(Unknown::new(Cause::Overflow, op)),
            Err(NoSuchSum) => return Err(Unknown::new(Cause::Invalid, op)),
        };
        match (deadline, end) {
            (Value::Instant(deadline), Some(Value::Instant(end))) => Ok(end <= deadline),
            (Value::Date(deadline), Some(Value::Date(end))) => Ok(end <= deadline),
            (Value::Instant(deadline), None) => {
                if self.as_of <= deadline {
                    self.hold_until(deadline);
                }
                Ok(self.as_of <= deadline)
            }
            (Value::Date(deadline), None) => {
                let today = self.as_of.date();
                if today <= deadline {
                    self.hold_until(last_of_day(deadline).unwrap_or(self.as_of));
                }
                Ok(today <= deadline)
            }
            (_, _) => Err(Unknown::new(Cause::Invalid, op)),
        }
    }

    /// Signed calendar days; with a clock the answer changes at the next midnight.
    pub(super) fn days_between(&mut self, op: OpId, from: TimeOperand, to: TimeOperand) -> Known<'a> {
        let from = self.date_of(op, from);
        let (from, to) = both(from, self.date_of(op, to))?;
        let days = from.days_until(to);
        Ok(Value::Days(days))
    }

    fn date_of(&mut self, op: OpId, operand: TimeOperand) -> Result<Date, Unknown> {
        match operand {
            TimeOperand::Clock(clock) => {
                let (now, moves) = self.clock(clock, op)?;
                if moves {
                    self.hold_until(last_before(now.next_midnight()).unwrap_or(self.as_of));
                }
                Ok(now.date())
            }
            TimeOperand::Op(operand) => match self.eval(operand)? {
                Value::Instant(instant) => Ok(instant.date()),
                Value::Date(date) => Ok(date),
                _ => Err(Unknown::new(Cause::Invalid, op)),
            },
        }
    }
}

/// The instant that a clock shows, and whether it will show a later one in a later run; none where nobody knows it.
pub(super) fn shown(clock: Clock, as_of: Instant, signing: Signing) -> Option<(Instant, bool)> {
    match (clock, signing) {
        (Clock::AsOf, _) | (Clock::TSign, Signing::NotYet) => Some((as_of, true)),
        (Clock::TSign, Signing::At(instant)) => Some((instant, false)),
        (Clock::TSign, Signing::Unknown) => None,
    }
}

/// Narrows until when a run holds.
pub(super) fn hold_until(until: &mut Option<Instant>, last: Option<Instant>) {
    *until = [*until, last].into_iter().flatten().min();
}

/// `clock + plus - minus cmp other` for what a clock shows, and until when that answer holds, where it can change.
pub(super) fn compare_shown(
    as_of: Instant,
    (now, moves): (Instant, bool),
    comparison: Comparison,
    (plus, minus): (Option<Value<'_>>, Option<Value<'_>>),
    other: Instant,
) -> (Result<bool, Cause>, Option<Instant>) {
    let Ok(shifted) = shift(now, plus, minus) else { return (Err(Cause::Invalid), None) };
    let Some(shifted) = shifted else { return (Err(Cause::Overflow), moves.then_some(as_of)) };
    let mut until = None;
    if moves {
        // The distance that a calendar offset bridges differs from day to day.
        if let (Some(Value::Months(_)), _) | (_, Some(Value::Months(_))) = (plus, minus) {
            hold_until(&mut until, Some(last_before(now.next_midnight()).unwrap_or(as_of)));
        }
        let distance = other.nanoseconds() - shifted.nanoseconds();
        // Nanoseconds until the first instant with another answer, where there is one.
        let last = match comparison {
            Comparison::Less | Comparison::Before | Comparison::GreaterOrEqual => (distance > 0).then(|| distance - 1),
            Comparison::LessOrEqual | Comparison::Greater | Comparison::After => (distance >= 0).then_some(distance),
            Comparison::Equal | Comparison::NotEqual => (distance >= 0).then(|| (distance - 1).max(0)),
        };
        // An instant beyond the end of time never comes.
        hold_until(&mut until, last.and_then(|last| Instant::from_nanoseconds(now.nanoseconds() + last)));
    }
    (Ok(holds(comparison, shifted.cmp(&other))), until)
}

/// The operand types have no such sum, which `compile` does not let through.
#[derive(Debug, PartialEq)]
pub(super) struct NoSuchSum;

/// A sum; `None` on overflow.
pub(super) fn add<'a>(left: Value<'a>, right: Value<'a>) -> Result<Option<Value<'a>>, NoSuchSum> {
    Ok(match (left, right) {
        (Value::Int(a), Value::Int(b)) => a.checked_add(b).map(Value::Int),
        (Value::Days(a), Value::Days(b)) => a.checked_add(b).map(Value::Days),
        (Value::Duration(a), Value::Duration(b)) => a.checked_add(b).map(Value::Duration),
        (Value::Instant(a), Value::Duration(b)) => a.checked_add(b).map(Value::Instant),
        (Value::Instant(a), Value::Days(b)) => a.checked_add_days(b).map(Value::Instant),
        (Value::Instant(a), Value::Months(b)) => a.checked_add_months(b).map(Value::Instant),
        (Value::Date(a), Value::Days(b)) => a.checked_add_days(b).map(Value::Date),
        (Value::Date(a), Value::Months(b)) => a.checked_add_months(b).map(Value::Date),
        (_, _) => return Err(NoSuchSum),
    })
}

/// A sum, a difference or a product; `None` on overflow.
pub(super) fn sum<'a>(
    arithmetic: Arithmetic,
    left: Value<'a>,
    right: Value<'a>,
) -> Result<Option<Value<'a>>, NoSuchSum> {
    match arithmetic {
        Arithmetic::Add => add(left, right),
        Arithmetic::Subtract => subtract(left, right),
        Arithmetic::Multiply => match (left, right) {
            (Value::Int(a), Value::Int(b)) => Ok(a.checked_mul(b).map(Value::Int)),
            (_, _) => Err(NoSuchSum),
        },
    }
}

/// A difference; `None` on overflow.
fn subtract<'a>(left: Value<'a>, right: Value<'a>) -> Result<Option<Value<'a>>, NoSuchSum> {
    Ok(match (left, right) {
        (Value::Int(a), Value::Int(b)) => a.checked_sub(b).map(Value::Int),
        (Value::Days(a), Value::Days(b)) => a.checked_sub(b).map(Value::Days),
        (Value::Duration(a), Value::Duration(b)) => a.checked_sub(b).map(Value::Duration),
        (Value::Instant(a), Value::Duration(b)) => a.checked_sub(b).map(Value::Instant),
        (Value::Instant(a), Value::Instant(b)) => Some(Value::Duration(a.since(b))),
        (_, Value::Days(b)) => match b.checked_neg() {
            Some(b) => add(left, Value::Days(b))?,
            None => None,
        },
        (_, Value::Months(b)) => match b.checked_neg() {
            Some(b) => add(left, Value::Months(b))?,
            None => None,
        },
        (_, _) => return Err(NoSuchSum),
    })
}

fn shift<'a>(now: Instant, plus: Option<Value<'a>>, minus: Option<Value<'a>>) -> Result<Option<Instant>, NoSuchSum> {
    let mut at = Value::Instant(now);
    if let Some(plus) = plus {
        match add(at, plus)? {
            Some(later) => at = later,
            None => return Ok(None),
        }
    }
    if let Some(minus) = minus {
        match subtract(at, minus)? {
            Some(earlier) => at = earlier,
            None => return Ok(None),
        }
    }
    match at {
        Value::Instant(at) => Ok(Some(at)),
        _ => Err(NoSuchSum),
    }
}

/// The last instant before another one.
pub(super) fn last_before(instant: Option<Instant>) -> Option<Instant> {
    instant?.checked_sub(Duration::from_nanoseconds(1)?)
}

/// The first instant of a date.
pub(super) fn first_of_day(date: Date) -> Option<Instant> {
    format!("{date}T00:00:00Z").parse().ok()
}

/// The last instant of a date.
pub(super) fn last_of_day(date: Date) -> Option<Instant> {
    last_before(first_of_day(date)?.next_midnight())
}
