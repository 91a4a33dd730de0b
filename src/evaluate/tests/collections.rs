//! Quantifiers, counts and choices, over nothing, over unknowns, over what could not be read.

use super::build::*;
use crate::compile::program::{Op, OpId};
use crate::expr::ast::{Comparison, Quantifier};
use crate::facts::schema::Type;
use crate::facts::{Cause, CellValue};

const TRUE: CellValue<'static> = CellValue::Bool(true);
const FALSE: CellValue<'static> = CellValue::Bool(false);
const UNKNOWN: CellValue<'static> = CellValue::Unknown(Cause::Invalid);

/// `QUANTIFIER x in things where x.ok satisfies x.n == 1`, plainly and with `(or none)`.
fn quantified(book: &mut Book, quantifier: Quantifier) -> (OpId, OpId) {
    let (over, x) = book.ok_things();
    let n = book.field(x, "n");
    let one = book.int(1);
    let holds = book.equal(n, one);
    let satisfies = match quantifier {
        Quantifier::Exists => None,
        _ => Some(holds),
    };
    let or_none = book.quantified_or_none(quantifier, over, satisfies);
    (book.quantified(quantifier, over, satisfies), or_none)
}

/// The answer over things of which each has `ok` and `n`.
fn over_things(
    quantifier: Quantifier,
    things: &[(CellValue<'static>, CellValue<'static>)],
) -> [Result<bool, Cause>; 2] {
    let mut book = Book::new();
    let (plain, or_none) = quantified(&mut book, quantifier);
    let mut case = book.facts();
    for (ok, n) in things {
        case.thing(&[("ok", *ok), ("n", *n)]);
    }
    [answer(case.truth(plain)), answer(case.truth(or_none))]
}

#[test]
fn quantifiers_over_certain_and_doubtful_elements() {
    let (one, two) = (CellValue::Int(1), CellValue::Int(2));
    let invalid = Err(Cause::Invalid);
    let empty = Err(Cause::Empty);
    let (every, no) = (Quantifier::Every, Quantifier::No);
    let (some, exists, exactly) = (Quantifier::Some, Quantifier::Exists, Quantifier::ExactlyOne);
    // Things, then: every, every (or none), no, no (or none), some, exists, exactly one.
    #[allow(clippy::type_complexity)]
    let table: &[(&[(CellValue<'static>, CellValue<'static>)], [Result<bool, Cause>; 7])] = &[
        (&[], [empty, Ok(true), empty, Ok(true), Ok(false), Ok(false), Ok(false)]),
        (&[(FALSE, one)], [empty, Ok(true), empty, Ok(true), Ok(false), Ok(false), Ok(false)]),
        (&[(TRUE, one)], [Ok(true), Ok(true), Ok(false), Ok(false), Ok(true), Ok(true), Ok(true)]),
        (&[(TRUE, two)], [Ok(false), Ok(false), Ok(true), Ok(true), Ok(false), Ok(true), Ok(false)]),
        (&[(TRUE, UNKNOWN)], [invalid, invalid, invalid, invalid, invalid, Ok(true), invalid]),
        (&[(UNKNOWN, one)], [invalid, Ok(true), invalid, invalid, invalid, invalid, invalid]),
        (&[(UNKNOWN, two)], [invalid, invalid, invalid, Ok(true), Ok(false), invalid, Ok(false)]),
        (&[(TRUE, one), (TRUE, UNKNOWN)], [invalid, invalid, Ok(false), Ok(false), Ok(true), Ok(true), invalid]),
        (&[(TRUE, one), (UNKNOWN, one)], [Ok(true), Ok(true), Ok(false), Ok(false), Ok(true), Ok(true), invalid]),
        (&[(TRUE, one), (UNKNOWN, two)], [invalid, invalid, Ok(false), Ok(false), Ok(true), Ok(true), Ok(true)]),
        (
            &[(TRUE, one), (TRUE, one), (TRUE, UNKNOWN)],
            [invalid, invalid, Ok(false), Ok(false), Ok(true), Ok(true), Ok(false)],
        ),
        (&[(TRUE, two), (TRUE, UNKNOWN)], [Ok(false), Ok(false), invalid, invalid, invalid, Ok(true), invalid]),
    ];
    for (row, (things, expected)) in table.iter().enumerate() {
        let [plain, or_none] = over_things(every, things);
        assert_eq!([plain, or_none], [expected[0], expected[1]], "every, row {row}");
        let [plain, or_none] = over_things(no, things);
        assert_eq!([plain, or_none], [expected[2], expected[3]], "no, row {row}");
        assert_eq!(over_things(some, things)[0], expected[4], "some, row {row}");
        assert_eq!(over_things(exists, things)[0], expected[5], "exists, row {row}");
        assert_eq!(over_things(exactly, things)[0], expected[6], "exactly one, row {row}");
    }
}

#[test]
fn a_filter_drops_the_mark_of_an_unrecognised_value() {
    let mut book = Book::new();
    let all = book.all(THING);
    let (over, x) = book.over(all, |book, x| {
        let status = book.field(x, "status");
        let issued = book.text("ISSUED");
        Some(book.equal(status, issued))
    });
    let n = book.field(x, "n");
    let one = book.int(1);
    let holds = book.equal(n, one);
    let every = book.quantified(Quantifier::Every, over, Some(holds));
    let (plain, x) = book.things();
    let status = book.field(x, "status");
    let issued = book.text("ISSUED");
    let is_issued = book.equal(status, issued);
    let direct = book.quantified(Quantifier::Every, plain, Some(is_issued));
    let mut case = book.facts();
    case.thing(&[("status", CellValue::Unknown(Cause::Unrecognised)), ("n", CellValue::Int(2))]);
    let unknown = case.truth(every).unwrap_err();
    assert_eq!((unknown.cause, unknown.unrecognised), (Cause::Unrecognised, false));
    assert!(case.truth(direct).unwrap_err().unrecognised);
}

#[test]
fn an_unreadable_record_counts_none_or_one() {
    let mut book = Book::new();
    let (over, _) = book.things();
    let exists = book.quantified(Quantifier::Exists, over, None);
    let count = book.op(Op::Count { over, distinct_by: None }, Type::Int);
    let mut compare = |comparison, number| {
        let other = book.int(number);
        book.op(Op::CompareCount { comparison, count, other }, Type::Bool)
    };
    let at_least_1 = compare(Comparison::GreaterOrEqual, 1);
    let at_least_2 = compare(Comparison::GreaterOrEqual, 2);
    let less_than_4 = compare(Comparison::Less, 4);
    let is_1 = compare(Comparison::Equal, 1);
    let is_5 = compare(Comparison::Equal, 5);
    let is_not_5 = compare(Comparison::NotEqual, 5);
    let mut none = book.facts();
    none.unreadable();
    assert_eq!(answer(none.truth(exists)), Err(Cause::Unreadable));
    let mut case = book.facts();
    case.thing(&[]).unreadable().unreadable();
    let unreadable = Err(Cause::Unreadable);
    assert_eq!(case.truth(exists), Ok(true));
    assert_eq!(case.truth(at_least_1), Ok(true));
    assert_eq!(answer(case.truth(at_least_2)), unreadable);
    assert_eq!(case.truth(less_than_4), Ok(true));
    assert_eq!(answer(case.truth(is_1)), unreadable);
    assert_eq!(case.truth(is_5), Ok(false));
    assert_eq!(case.truth(is_not_5), Ok(true));
    assert_eq!(case.value(count), Err(Cause::Unreadable));
}

#[test]
fn a_population_that_is_not_known_makes_everything_over_it_unknown() {
    let mut book = Book::new();
    let (over, _) = book.things();
    let exists = book.quantified(Quantifier::Exists, over, None);
    let every = book.quantified_or_none(Quantifier::Every, over, None);
    let count = book.op(Op::Count { over, distinct_by: None }, Type::Int);
    let zero = book.int(0);
    let none = book.op(Op::CompareCount { comparison: Comparison::Equal, count, other: zero }, Type::Bool);
    let mut case = book.facts();
    case.facts.population_mut(THING).unknown = Some(Cause::Unreadable);
    for op in [exists, every, none] {
        assert_eq!(answer(case.truth(op)), Err(Cause::Unreadable));
    }
}

#[test]
fn keys_that_are_not_known_make_an_interval() {
    let mut book = Book::new();
    let (over, x) = book.ok_things();
    let n = book.field(x, "n");
    let count = book.op(Op::Count { over, distinct_by: Some(n) }, Type::Int);
    let interval = |things: &[(CellValue<'static>, CellValue<'static>)]| {
        let mut case = book.facts();
        for (ok, n) in things {
            case.thing(&[("ok", *ok), ("n", *n)]);
        }
        case.run(count, |machine, op| machine.interval(op).map(|found| (found.low, found.high)))
    };
    let (one, two) = (CellValue::Int(1), CellValue::Int(2));
    assert_eq!(interval(&[]), Ok((0, 0)));
    assert_eq!(interval(&[(TRUE, one), (TRUE, one), (TRUE, two)]), Ok((2, 2)));
    assert_eq!(interval(&[(TRUE, one), (TRUE, UNKNOWN)]), Ok((1, 2)));
    assert_eq!(interval(&[(TRUE, UNKNOWN)]), Ok((1, 1)));
    assert_eq!(interval(&[(TRUE, one), (UNKNOWN, one)]), Ok((1, 1)));
    assert_eq!(interval(&[(TRUE, one), (UNKNOWN, two)]), Ok((1, 2)));
    assert_eq!(interval(&[(UNKNOWN, UNKNOWN)]), Ok((0, 1)));
}

#[test]
fn distinct_is_false_on_two_known_equals_only() {
    let mut book = Book::new();
    let (over, x) = book.ok_things();
    let aid = book.field(x, "aid");
    let distinct = book.op(Op::Distinct { over, by: Some(aid), or_none: false }, Type::Bool);
    let or_none = book.op(Op::Distinct { over, by: Some(aid), or_none: true }, Type::Bool);
    let run = |op, things: &[(CellValue<'static>, CellValue<'static>)]| {
        let mut case = book.facts();
        for (ok, aid) in things {
            case.thing(&[("ok", *ok), ("aid", *aid)]);
        }
        answer(case.truth(op))
    };
    let (a, b, bad) = (CellValue::Text("A"), CellValue::Text("B"), CellValue::Malformed("bad"));
    assert_eq!(run(distinct, &[]), Err(Cause::Empty));
    assert_eq!(run(or_none, &[]), Ok(true));
    assert_eq!(run(distinct, &[(TRUE, a)]), Ok(true));
    assert_eq!(run(distinct, &[(TRUE, a), (TRUE, b)]), Ok(true));
    assert_eq!(run(distinct, &[(TRUE, a), (TRUE, UNKNOWN), (TRUE, a)]), Ok(false));
    assert_eq!(run(distinct, &[(TRUE, a), (TRUE, UNKNOWN)]), Err(Cause::Invalid));
    assert_eq!(run(distinct, &[(TRUE, a), (UNKNOWN, a)]), Err(Cause::Invalid));
    assert_eq!(run(distinct, &[(TRUE, a), (UNKNOWN, b)]), Ok(true));
    assert_eq!(run(distinct, &[(UNKNOWN, a)]), Err(Cause::Invalid), "perhaps nothing at all");
    assert_eq!(run(distinct, &[(TRUE, bad), (TRUE, bad)]), Ok(true), "equal to nothing");
}

#[test]
fn the_one_match_is_known_or_it_is_said_why_not() {
    let mut book = Book::new();
    let (over, _) = book.ok_things();
    let the = book.op(Op::The { over }, Type::Record(crate::facts::schema::StructId(0)));
    let n = book.field(the, "n");
    let run = |things: &[(CellValue<'static>, i64)]| {
        let mut case = book.facts();
        for (ok, n) in things {
            case.thing(&[("ok", *ok), ("n", CellValue::Int(*n))]);
        }
        case.value(n)
    };
    assert_eq!(run(&[(TRUE, 7), (FALSE, 8)]), Ok("7".into()));
    assert_eq!(run(&[(FALSE, 7)]), Err(Cause::None));
    assert_eq!(run(&[]), Err(Cause::None));
    assert_eq!(run(&[(TRUE, 7), (TRUE, 8)]), Err(Cause::Several));
    assert_eq!(run(&[(TRUE, 7), (UNKNOWN, 8)]), Err(Cause::Invalid), "there may be two");
    assert_eq!(run(&[(UNKNOWN, 8)]), Err(Cause::Invalid));
}

#[test]
fn the_latest_is_unknown_on_any_doubt_and_on_a_tie() {
    let mut book = Book::new();
    let (over, x) = book.ok_things();
    let at = book.field(x, "at");
    let record = Type::Record(crate::facts::schema::StructId(0));
    let latest = book.op(Op::Extreme { over, by: at, latest: true }, record.clone());
    let earliest = book.op(Op::Extreme { over, by: at, latest: false }, record);
    let (latest, earliest) = (book.field(latest, "n"), book.field(earliest, "n"));
    let run = |things: &[(CellValue<'static>, CellValue<'static>, i64)]| {
        let mut case = book.facts();
        for (ok, at, n) in things {
            case.thing(&[("ok", *ok), ("at", *at), ("n", CellValue::Int(*n))]);
        }
        (case.value(latest), case.value(earliest))
    };
    let (early, late) =
        (CellValue::Instant(instant("2026-01-01T00:00:00Z")), CellValue::Instant(instant("2026-02-01T00:00:00Z")));
    let known = |latest: &str, earliest: &str| (Ok(latest.to_owned()), Ok(earliest.to_owned()));
    assert_eq!(run(&[(TRUE, early, 1), (TRUE, late, 2)]), known("2", "1"));
    assert_eq!(run(&[(TRUE, late, 2), (TRUE, early, 1)]), known("2", "1"));
    assert_eq!(run(&[]), (Err(Cause::None), Err(Cause::None)));
    assert_eq!(run(&[(TRUE, late, 1), (TRUE, late, 2), (TRUE, early, 3)]), (Err(Cause::Tied), Ok("3".into())));
    assert_eq!(run(&[(TRUE, UNKNOWN, 1), (TRUE, late, 2)]), (Err(Cause::Invalid), Err(Cause::Invalid)));
    assert_eq!(run(&[(UNKNOWN, early, 1), (TRUE, late, 2)]), (Err(Cause::Invalid), Err(Cause::Invalid)));
}

#[test]
fn bounds_and_gaps() {
    let mut book = Book::new();
    let numbers = book.thing("numbers");
    let min = book.op(Op::Bound { list: numbers, greatest: false }, Type::Int);
    let max = book.op(Op::Bound { list: numbers, greatest: true }, Type::Int);
    let run = |values: &[CellValue<'static>]| {
        let mut case = book.facts();
        let list = case.list(values);
        case.thing(&[("numbers", list)]);
        (case.value(min), case.value(max))
    };
    let (one, two) = (CellValue::Int(1), CellValue::Int(2));
    assert_eq!(run(&[two, one]), (Ok("1".into()), Ok("2".into())));
    assert_eq!(run(&[]), (Err(Cause::Empty), Err(Cause::Empty)));
    assert_eq!(run(&[one, UNKNOWN]), (Err(Cause::Invalid), Err(Cause::Invalid)));

    let mut book = Book::new();
    let (over, x) = book.things();
    let at = book.field(x, "at");
    let (from, to) = (book.instant("2026-01-01T00:00:00Z"), book.instant("2026-01-01T10:00:00Z"));
    let gap = book.op(Op::MaxGap { over, by: at, from, to }, Type::Duration);
    let run = |times: &[&str]| {
        let mut case = book.facts();
        for time in times {
            case.thing(&[("at", CellValue::Instant(instant(time)))]);
        }
        case.value(gap)
    };
    assert_eq!(run(&[]), Ok("10h".into()));
    assert_eq!(run(&["2026-01-01T07:00:00Z", "2026-01-01T03:00:00Z"]), Ok("4h".into()));
    assert_eq!(run(&["2026-01-01T01:00:00Z"]), Ok("9h".into()), "the end counts");
    assert_eq!(run(&["2025-12-31T00:00:00Z"]), Ok("10h".into()), "what lies outside does not");
    let mut case = book.facts();
    case.thing(&[]);
    assert_eq!(case.value(gap), Err(Cause::Missing));
}

#[test]
fn a_projection_is_known_if_it_is_known_what_belongs_to_it() {
    let mut book = Book::new();
    let (over, x) = book.ok_things();
    let n = book.field(x, "n");
    let project = book.op(Op::Project { element: n, over }, Type::List(Box::new(Type::Int)));
    let one = book.int(1);
    let has_one = book.is_in(one, project);
    let run = |things: &[(CellValue<'static>, CellValue<'static>)]| {
        let mut case = book.facts();
        for (ok, n) in things {
            case.thing(&[("ok", *ok), ("n", *n)]);
        }
        (case.value(project), answer(case.truth(has_one)))
    };
    let (one, two) = (CellValue::Int(1), CellValue::Int(2));
    assert_eq!(run(&[(TRUE, one), (FALSE, two)]), (Ok("1".into()), Ok(true)));
    assert_eq!(run(&[(TRUE, one), (TRUE, UNKNOWN)]), (Ok("1, (missing)".into()), Ok(true)));
    assert_eq!(run(&[(TRUE, one), (UNKNOWN, two)]), (Err(Cause::Invalid), Err(Cause::Invalid)));
    assert_eq!(run(&[]), (Ok("(none)".into()), Ok(false)));
    let mut unreadable = book.facts();
    unreadable.unreadable();
    assert_eq!(unreadable.value(project), Err(Cause::Unreadable));
}

#[test]
fn nested_lists_do_not_disturb_each_other() {
    // every x in things satisfies x.n in [y.n for y in things where y.n in [x.n, 9]]
    let mut book = Book::new();
    let (outer, x) = book.things();
    let xn = book.field(x, "n");
    let nine = book.int(9);
    let all = book.all(THING);
    let (inner, y) = book.over(all, |book, y| {
        let yn = book.field(y, "n");
        let list = book.list(&[xn, nine]);
        Some(book.is_in(yn, list))
    });
    let yn = book.field(y, "n");
    let project = book.op(Op::Project { element: yn, over: inner }, Type::List(Box::new(Type::Int)));
    let member = book.is_in(xn, project);
    let every = book.quantified(Quantifier::Every, outer, Some(member));
    let mut case = book.facts();
    for n in 0..20 {
        case.thing(&[("n", CellValue::Int(n))]);
    }
    assert_eq!(case.truth(every), Ok(true));
}

#[test]
fn a_let_binds_its_value_once() {
    let mut book = Book::new();
    let n = book.thing("n");
    let local = book.local();
    let bound = book.get(local);
    let seven = book.int(7);
    let body = book.equal(bound, seven);
    let op = book.op(Op::Let { local, value: n, body }, Type::Bool);
    let mut case = book.facts();
    case.thing(&[("n", CellValue::Int(7))]);
    assert_eq!(case.truth(op), Ok(true));
    let mut unknown = book.facts();
    unknown.thing(&[("n", UNKNOWN)]);
    assert_eq!(answer(unknown.truth(op)), Err(Cause::Invalid));
}
