//! Clocks, windows, and until when an answer holds.

use super::build::*;
use crate::compile::program::{Clock, Op, OpId, TimeOperand};
use crate::evaluate::Signing;
use crate::expr::ast::Comparison;
use crate::facts::schema::Type;
use crate::facts::{Cause, CellValue};
use crate::primitives::{Duration, Instant};

fn compare_clock(book: &mut Book, comparison: Comparison, other: OpId) -> OpId {
    let op = Op::CompareClock { comparison, clock: Clock::AsOf, plus: None, minus: None, other };
    book.op(op, Type::Bool)
}

const COMPARISONS: [Comparison; 8] = [
    Comparison::Equal,
    Comparison::NotEqual,
    Comparison::Less,
    Comparison::LessOrEqual,
    Comparison::Greater,
    Comparison::GreaterOrEqual,
    Comparison::Before,
    Comparison::After,
];

/// For each comparison and each position of the other side: the answer is the same until the instant
/// given, and another one a nanosecond later; and where none is given it never changes.
#[test]
fn until_is_the_last_instant_with_the_same_answer() {
    let nanosecond = Duration::from_nanoseconds(1).unwrap();
    for comparison in COMPARISONS {
        for other in ["2026-03-20T14:00:00Z", AS_OF, "2026-03-20T16:00:00Z"] {
            let mut book = Book::new();
            let instant_op = book.instant(other);
            let op = compare_clock(&mut book, comparison, instant_op);
            let case = book.facts();
            let at = |as_of: Instant| {
                case.run(op, |machine, op| {
                    machine.as_of = as_of;
                    (machine.truth(op).unwrap(), machine.until)
                })
            };
            let (now, until) = at(instant(AS_OF));
            match until {
                Some(until) => {
                    assert!(until >= instant(AS_OF));
                    assert_eq!(at(until).0, now, "{comparison:?} {other}");
                    assert_ne!(at(until.checked_add(nanosecond).unwrap()).0, now, "{comparison:?} {other}");
                }
                None => {
                    for later in ["2026-03-20T15:00:00.000000001Z", "2026-03-20T16:00:00Z", "2030-01-01T00:00:00Z"] {
                        assert_eq!(at(instant(later)).0, now, "{comparison:?} {other}");
                    }
                }
            }
        }
    }
}

#[test]
fn offsets_move_the_breakpoint() {
    let mut book = Book::new();
    let (week, fetched) = (book.hours(168), book.instant("2026-03-18T15:00:00Z"));
    let op = Op::CompareClock {
        comparison: Comparison::LessOrEqual,
        clock: Clock::TSign,
        plus: None,
        minus: Some(week),
        other: fetched,
    };
    let op = book.op(op, Type::Bool);
    let month = book.months(1);
    let plus = Op::CompareClock {
        comparison: Comparison::Less,
        clock: Clock::AsOf,
        plus: Some(month),
        minus: None,
        other: fetched,
    };
    let plus = book.op(plus, Type::Bool);
    let case = book.facts();
    assert_eq!(case.truth(op), Ok(true));
    assert_eq!(case.until(op).as_deref(), Some("2026-03-25T15:00:00Z"));
    assert_eq!(case.until(plus).as_deref(), Some("2026-03-20T23:59:59.999999999Z"), "months differ in length");
}

#[test]
fn the_time_of_signing_is_as_of_until_it_is_known() {
    let mut book = Book::new();
    let other = book.instant("2026-03-10T00:00:00Z");
    let op = Op::CompareClock { comparison: Comparison::Less, clock: Clock::TSign, plus: None, minus: None, other };
    let op = book.op(op, Type::Bool);
    let case = book.facts();
    let run = |signing| case.run_signed(op, signing, |machine, op| (answer(machine.truth(op)), machine.until));
    assert_eq!(run(Signing::NotYet), (Ok(false), None));
    let signed = Signing::At(instant("2026-03-01T00:00:00Z"));
    assert_eq!(run(signed), (Ok(true), None), "an audited time does not move");
    assert_eq!(run(Signing::Unknown), (Err(Cause::Unproven), None));
}

#[test]
fn an_unknown_side_does_not_depend_on_the_clock() {
    let mut book = Book::new();
    let missing = book.thing("at");
    let op = compare_clock(&mut book, Comparison::Less, missing);
    let mut case = book.facts();
    case.thing(&[]);
    assert_eq!(answer(case.truth(op)), Err(Cause::Missing));
    assert_eq!(case.until(op), None);
}

#[test]
fn a_comparison_that_is_not_run_does_not_bound_the_run() {
    let mut book = Book::new();
    let soon = book.instant("2026-03-20T16:00:00Z");
    let clock = compare_clock(&mut book, Comparison::Less, soon);
    let no = book.bool(false);
    let (skipped, run) = (book.and(no, clock), book.or(no, clock));
    let case = book.facts();
    assert_eq!(case.until(skipped), None);
    assert_eq!(case.until(run).as_deref(), Some("2026-03-20T15:59:59.999999999Z"));
}

#[test]
fn days_are_counted_on_utc_dates_and_change_at_midnight() {
    let mut book = Book::new();
    let renewal = book.instant("2026-04-18T23:30:00-05:00");
    let clock = Op::DaysBetween { from: TimeOperand::Clock(Clock::AsOf), to: TimeOperand::Op(renewal) };
    let clock = book.op(clock, Type::Days);
    let (leap, end) = (book.date("2028-01-30"), book.instant("2028-02-29T00:00:00Z"));
    let fixed = book.op(Op::DaysBetween { from: TimeOperand::Op(leap), to: TimeOperand::Op(end) }, Type::Days);
    let case = book.facts();
    assert_eq!(case.value(clock), Ok("30 days".into()));
    assert_eq!(case.until(clock).as_deref(), Some("2026-03-20T23:59:59.999999999Z"));
    assert_eq!(case.value(fixed), Ok("30 days".into()));
    assert_eq!(case.until(fixed), None);
}

#[test]
fn within_judges_the_end_or_else_the_clock() {
    let mut book = Book::new();
    let (start, end, limit) = (book.thing("at"), book.thing("end"), book.hours(24));
    let op = book.op(Op::Within { start, end, limit }, Type::Bool);
    let run = |start: CellValue<'static>, end: CellValue<'static>| {
        let mut case = book.facts();
        case.thing(&[("at", start), ("end", end)]);
        (answer(case.truth(op)), case.until(op))
    };
    let at = |text: &str| CellValue::Instant(instant(text));
    let until = |text: &str| Some(text.to_owned());
    let start = at("2026-03-20T12:00:00Z");
    assert_eq!(run(start, at("2026-03-21T12:00:00Z")), (Ok(true), None));
    assert_eq!(run(start, at("2026-03-21T12:00:00.000000001Z")), (Ok(false), None));
    assert_eq!(run(start, CellValue::Absent), (Ok(true), until("2026-03-21T12:00:00Z")));
    assert_eq!(run(at("2026-03-19T12:00:00Z"), CellValue::Absent), (Ok(false), None), "late for ever");
    assert_eq!(run(start, CellValue::Unknown(Cause::Invalid)), (Err(Cause::Invalid), None));
    assert_eq!(run(CellValue::Absent, CellValue::Absent), (Err(Cause::Missing), None));
}

#[test]
fn within_takes_an_absent_argument_of_a_definition_for_absent() {
    let mut book = Book::new();
    let (start, end, limit) = (book.thing("at"), book.thing("end"), book.days(1));
    let local = book.local();
    let argument = book.get(local);
    let within = book.op(Op::Within { start, end: argument, limit }, Type::Bool);
    let op = book.op(Op::Let { local, value: end, body: within }, Type::Bool);
    let mut case = book.facts();
    case.thing(&[("at", CellValue::Instant(instant("2026-03-20T12:00:00Z")))]);
    assert_eq!(case.truth(op), Ok(true));
    let mut none = book.facts();
    assert_eq!(answer(none.truth(op)), Err(Cause::Missing), "there is no record");
    none.thing(&[]).thing(&[]);
    assert_eq!(answer(none.truth(op)), Err(Cause::Several));
}
