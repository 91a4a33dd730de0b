//! Kleene's tables, comparisons, malformed values, arithmetic, sets, functions.

use super::build::*;
use crate::compile::program::{Function, Op};
use crate::expr::ast::{Arithmetic, Comparison, SetOperation, SetRelation};
use crate::facts::schema::Type;
use crate::facts::threshold::{Threshold, Weight};
use crate::facts::{Cause, CellValue};

#[test]
fn and_or_not_follow_kleene() {
    let mut book = Book::new();
    let (t, f, u) = (book.bool(true), book.bool(false), book.unknown(Cause::Missing));
    let missing = Err(Cause::Missing);
    let table = [
        (t, t, Ok(true), Ok(true)),
        (t, f, Ok(false), Ok(true)),
        (t, u, missing, Ok(true)),
        (f, t, Ok(false), Ok(true)),
        (f, f, Ok(false), Ok(false)),
        (f, u, Ok(false), missing),
        (u, t, missing, Ok(true)),
        (u, f, Ok(false), missing),
        (u, u, missing, missing),
    ];
    let ops: Vec<_> = table.iter().map(|(a, b, and, or)| (book.and(*a, *b), book.or(*a, *b), *and, *or)).collect();
    let negations = [(book.not(t), Ok(false)), (book.not(f), Ok(true)), (book.not(u), missing)];
    let mut case = book.facts();
    case.unknowns();
    for (at, (and, or, and_expected, or_expected)) in ops.into_iter().enumerate() {
        assert_eq!(answer(case.truth(and)), and_expected, "and, row {at}");
        assert_eq!(answer(case.truth(or)), or_expected, "or, row {at}");
    }
    for (not, expected) in negations {
        assert_eq!(answer(case.truth(not)), expected);
    }
}

#[test]
fn unrecognised_survives_only_as_a_deciding_cause() {
    let mut book = Book::new();
    let (missing, unrecognised) = (book.unknown(Cause::Missing), book.unknown(Cause::Unrecognised));
    let issued = book.text("ISSUED");
    let unrecognised = book.equal(unrecognised, issued);
    let (t, f) = (book.bool(true), book.bool(false));
    let decides = [book.and(missing, unrecognised), book.or(f, unrecognised), book.and(t, unrecognised)];
    let does_not = book.and(missing, t);
    let absorbed = book.and(unrecognised, f);
    let mut case = book.facts();
    case.unknowns();
    for op in decides {
        assert!(case.truth(op).unwrap_err().unrecognised);
    }
    assert!(!case.truth(does_not).unwrap_err().unrecognised);
    assert_eq!(case.truth(absorbed), Ok(false));
}

#[test]
fn a_malformed_identifier_is_known_and_equal_to_nothing() {
    let mut book = Book::new();
    let (aid, again) = (book.thing("aid"), book.thing("aid"));
    let equal = book.equal(aid, again);
    let unequal = book.compare(aid, Comparison::NotEqual, again);
    let list = book.list(&[again]);
    let member = book.is_in(aid, list);
    let well_formed = book.call(Function::WellFormed, &[aid], Type::Bool);
    let missing = book.unknown(Cause::Missing);
    let to_unknown = book.compare(aid, Comparison::NotEqual, missing);
    let mut case = book.facts();
    case.unknowns().thing(&[("aid", CellValue::Malformed("E123"))]);
    assert_eq!(case.truth(equal), Ok(false));
    assert_eq!(case.truth(unequal), Ok(true));
    assert_eq!(case.truth(member), Ok(false));
    assert_eq!(case.truth(well_formed), Ok(false));
    assert_eq!(case.truth(to_unknown), Ok(true), "whatever the other side is");
}

#[test]
fn only_an_absent_last_step_is_absorbed() {
    let mut book = Book::new();
    let one = book.one(THING);
    let (has_n, has_at, has_ok) = (book.has(one, "n"), book.has(one, "at"), book.has(one, "ok"));
    let zero = book.int(0);
    let field = book.field_ref("n");
    let n = book.op(Op::Coalesce { base: one, field, otherwise: zero }, Type::Int);
    let field = book.field_ref("ok");
    let yes = book.bool(true);
    let ok = book.op(Op::Coalesce { base: one, field, otherwise: yes }, Type::Bool);
    let none = book.one(OTHER);
    let has_none = book.has(none, "n");
    let mut case = book.facts();
    case.thing(&[("ok", CellValue::Unknown(Cause::Invalid)), ("at", CellValue::Instant(instant(AS_OF)))]);
    assert_eq!(case.truth(has_n), Ok(false));
    assert_eq!(case.truth(has_at), Ok(true));
    assert_eq!(answer(case.truth(has_ok)), Err(Cause::Invalid));
    assert_eq!(case.value(n), Ok("0".into()));
    assert_eq!(answer(case.truth(ok)), Err(Cause::Invalid), "there, and not usable: not replaced");
    assert_eq!(answer(case.truth(has_none)), Err(Cause::Missing), "the record is not there");
}

#[test]
fn a_singleton_is_known_only_if_there_is_exactly_one() {
    let mut book = Book::new();
    let n = book.thing("n");
    let recorded = book.op(Op::Recorded(THING), Type::Bool);
    let with = |members: usize, unreadable: usize, unknown: Option<Cause>| {
        let mut case = book.facts();
        for _ in 0..members {
            case.thing(&[("n", CellValue::Int(7))]);
        }
        for _ in 0..unreadable {
            case.unreadable();
        }
        case.facts.population_mut(THING).unknown = unknown;
        (case.value(n), answer(case.truth(recorded)))
    };
    assert_eq!(with(0, 0, None), (Err(Cause::Missing), Ok(false)));
    assert_eq!(with(1, 0, None), (Ok("7".into()), Ok(true)));
    assert_eq!(with(2, 0, None), (Err(Cause::Several), Ok(true)));
    assert_eq!(with(1, 1, None), (Err(Cause::Unreadable), Ok(true)));
    assert_eq!(with(0, 1, None), (Err(Cause::Unreadable), Ok(true)));
    assert_eq!(with(1, 0, Some(Cause::NotDue)), (Err(Cause::NotDue), Err(Cause::NotDue)));
}

#[test]
fn membership_is_unknown_unless_a_known_element_equals() {
    let mut book = Book::new();
    let (one, two) = (book.int(1), book.int(2));
    let unknown = book.unknown(Cause::Invalid);
    let list = book.list(&[one, unknown]);
    let (found, not_found) = (book.is_in(one, list), book.is_in(two, list));
    let plain = book.ints(&[1, 3]);
    let (absent, of_unknown) = (book.is_in(two, plain), book.is_in(unknown, plain));
    let none = book.list(&[]);
    let in_nothing = book.is_in(unknown, none);
    let numbers = book.thing("numbers");
    let (in_cells, not_in_cells) = (book.is_in(one, numbers), book.is_in(two, numbers));
    let mut case = book.facts();
    let cells = case.list(&[CellValue::Int(1), CellValue::Unknown(Cause::Invalid)]);
    case.unknowns().thing(&[("numbers", cells)]);
    assert_eq!(case.truth(found), Ok(true));
    assert_eq!(answer(case.truth(not_found)), Err(Cause::Invalid));
    assert_eq!(case.truth(absent), Ok(false));
    assert_eq!(answer(case.truth(of_unknown)), Err(Cause::Invalid));
    assert_eq!(case.truth(in_nothing), Ok(false), "nothing is in an empty list");
    assert_eq!(case.truth(in_cells), Ok(true));
    assert_eq!(answer(case.truth(not_in_cells)), Err(Cause::Invalid));
}

#[test]
fn set_relations_say_nothing_about_nothing() {
    let mut book = Book::new();
    let (a, ab, c, none) = (book.ints(&[1]), book.ints(&[1, 2]), book.ints(&[3]), book.list(&[]));
    let unknown = book.unknown(Cause::Invalid);
    let one = book.int(1);
    let a_or = book.list(&[one, unknown]);
    let mut relation =
        |relation, left, right, or_none| book.op(Op::SetRelation { relation, left, right, or_none }, Type::Bool);
    let cases = [
        (relation(SetRelation::Subset, a, ab, false), Ok(true)),
        (relation(SetRelation::Subset, ab, a, false), Ok(false)),
        (relation(SetRelation::Subset, none, a, false), Err(Cause::Empty)),
        (relation(SetRelation::Subset, none, a, true), Ok(true)),
        (relation(SetRelation::Subset, a, none, false), Ok(false)),
        (relation(SetRelation::Subset, a_or, ab, false), Err(Cause::Invalid)),
        (relation(SetRelation::Subset, a_or, c, false), Ok(false)),
        (relation(SetRelation::Disjoint, a, c, false), Ok(true)),
        (relation(SetRelation::Disjoint, a, ab, false), Ok(false)),
        (relation(SetRelation::Disjoint, a, none, false), Err(Cause::Empty)),
        (relation(SetRelation::Disjoint, a, none, true), Ok(true)),
        (relation(SetRelation::Disjoint, a_or, c, false), Err(Cause::Invalid)),
        (relation(SetRelation::Disjoint, a_or, a, false), Ok(false)),
        (relation(SetRelation::Same, ab, ab, false), Ok(true)),
        (relation(SetRelation::Same, ab, a, false), Ok(false)),
        (relation(SetRelation::Same, none, none, true), Ok(true)),
        (relation(SetRelation::Same, none, none, false), Err(Cause::Empty)),
        (relation(SetRelation::Same, a_or, ab, false), Err(Cause::Invalid)),
    ];
    let mut case = book.facts();
    case.unknowns();
    for (at, (op, expected)) in cases.into_iter().enumerate() {
        assert_eq!(answer(case.truth(op)), expected, "row {at}");
    }
}

#[test]
fn set_operations_are_unknown_where_an_unknown_could_change_them() {
    let mut book = Book::new();
    let (ab, bc, none) = (book.ints(&[2, 1, 2]), book.ints(&[2, 3]), book.list(&[]));
    let unknown = book.unknown(Cause::Invalid);
    let two = book.int(2);
    let b_or = book.list(&[two, unknown]);
    let mut operation =
        |operation, left, right| book.op(Op::SetOperation { operation, left, right }, Type::List(Box::new(Type::Int)));
    let b = operation(SetOperation::Intersect, ab, bc);
    let cases = [
        (operation(SetOperation::Union, ab, bc), Ok("2, 1, 3")),
        (b, Ok("2")),
        (operation(SetOperation::Minus, ab, bc), Ok("1")),
        (operation(SetOperation::Union, b_or, ab), Err(Cause::Invalid)),
        (operation(SetOperation::Intersect, b_or, b), Ok("2")),
        (operation(SetOperation::Intersect, b_or, ab), Err(Cause::Invalid)),
        (operation(SetOperation::Intersect, b_or, none), Ok("(none)")),
        (operation(SetOperation::Minus, b, b_or), Ok("(none)")),
        (operation(SetOperation::Minus, ab, b_or), Err(Cause::Invalid)),
        (operation(SetOperation::Minus, b_or, none), Err(Cause::Invalid)),
    ];
    let mut case = book.facts();
    case.unknowns();
    for (at, (op, expected)) in cases.into_iter().enumerate() {
        assert_eq!(case.value(op), expected.map(String::from), "row {at}");
    }
}

#[test]
fn a_list_in_a_list_is_printed_in_brackets() {
    let mut book = Book::new();
    let (one, two, none) = (book.ints(&[1]), book.ints(&[2, 3]), book.ints(&[]));
    let lists = book.list(&[one, two, none]);
    let deeper = book.list(&[lists, none]);
    let case = book.facts();
    assert_eq!(case.value(lists), Ok("(1), (2, 3), (none)".into()));
    assert_eq!(case.value(deeper), Ok("((1), (2, 3), (none)), (none)".into()));
}

#[test]
fn a_malformed_element_stays_in_a_difference_and_in_no_intersection() {
    let mut book = Book::new();
    let aid = book.thing("aid");
    let (list, other) = (book.list(&[aid]), book.list(&[aid]));
    let minus = book.op(
        Op::SetOperation { operation: SetOperation::Minus, left: list, right: other },
        Type::List(Box::new(Type::Aid)),
    );
    let both = book.op(
        Op::SetOperation { operation: SetOperation::Intersect, left: list, right: other },
        Type::List(Box::new(Type::Aid)),
    );
    let subset = book
        .op(Op::SetRelation { relation: SetRelation::Subset, left: list, right: other, or_none: false }, Type::Bool);
    let mut case = book.facts();
    case.thing(&[("aid", CellValue::Malformed("E1"))]);
    assert_eq!(case.value(minus), Ok("E1".into()));
    assert_eq!(case.value(both), Ok("(none)".into()));
    assert_eq!(case.truth(subset), Ok(false));
}

#[test]
fn arithmetic_overflows_into_an_unknown_and_months_clamp() {
    let mut book = Book::new();
    let (max, one, two, three) = (book.int(i64::MAX), book.int(1), book.int(2), book.int(3));
    let (t, end_of_january) = (book.instant(AS_OF), book.date("2026-01-31"));
    let (hour, day, month, ages) = (book.hours(1), book.days(1), book.months(1), book.days(i64::MIN));
    let earlier = book.instant("2026-03-20T13:30:00Z");
    let mut sum = |arithmetic, left, right| book.op(Op::Arithmetic { arithmetic, left, right }, Type::Int);
    let cases = [
        (sum(Arithmetic::Add, two, three), Ok("5")),
        (sum(Arithmetic::Add, max, one), Err(Cause::Overflow)),
        (sum(Arithmetic::Multiply, max, two), Err(Cause::Overflow)),
        (sum(Arithmetic::Multiply, two, three), Ok("6")),
        (sum(Arithmetic::Subtract, two, three), Ok("-1")),
        (sum(Arithmetic::Add, t, hour), Ok("2026-03-20T16:00:00Z")),
        (sum(Arithmetic::Subtract, t, day), Ok("2026-03-19T15:00:00Z")),
        (sum(Arithmetic::Subtract, t, ages), Err(Cause::Overflow)),
        (sum(Arithmetic::Add, end_of_january, month), Ok("2026-02-28")),
        (sum(Arithmetic::Subtract, end_of_january, month), Ok("2025-12-31")),
        (sum(Arithmetic::Subtract, t, earlier), Ok("1h30min")),
        (sum(Arithmetic::Add, t, t), Err(Cause::Invalid)),
    ];
    let case = book.facts();
    for (at, (op, expected)) in cases.into_iter().enumerate() {
        assert_eq!(case.value(op), expected.map(String::from), "row {at}");
    }
}

#[test]
fn functions_know_what_they_can() {
    let mut book = Book::new();
    let (kt, numbers) = (book.thing("kt"), book.thing("numbers"));
    let min = book.call(Function::MinSigners, &[kt], Type::Int);
    let satisfied = book.call(Function::Satisfied, &[kt, numbers], Type::Bool);
    let mut text = |function, arguments: &[&str]| {
        let arguments: Vec<_> = arguments.iter().map(|text| book.text(text)).collect();
        book.call(function, &arguments, Type::Text)
    };
    let cases = [
        (text(Function::UrlHost, &["https://API.gleif.org/api/v1"]), Ok("api.gleif.org")),
        (text(Function::UrlHost, &["https://api.gleif.org@evil.example/"]), Ok("evil.example")),
        (text(Function::UrlHost, &["api.gleif.org"]), Err(Cause::Invalid)),
        (text(Function::UrlHost, &["mailto:a@b.example"]), Err(Cause::Invalid)),
        (text(Function::UrlHasSegment, &["https://h.example/oobi/E1/witness", "E1"]), Ok("true")),
        (text(Function::UrlHasSegment, &["https://h.example/oobi/E12", "E1"]), Ok("false")),
        (text(Function::UrlHasSegment, &["https://h.example/?E1", "E1"]), Ok("false")),
        (text(Function::Length, &["Zürich"]), Ok("6")),
        (text(Function::StartsWith, &["bundle/a", "bundle/"]), Ok("true")),
        (text(Function::LeiOf, &["254900OPPU84GM83MG36"]), Ok("254900OPPU84GM83MG36")),
        (text(Function::SameName, &["Acme  ag", "ACME AG"]), Ok("true")),
    ];
    let not_a_lei = text(Function::LeiOf, &["254900OPPU84GM83MG63"]);
    let well_formed = book.call(Function::WellFormed, &[not_a_lei], Type::Bool);
    let half = Weight { numerator: 1, denominator: 2 };
    let threshold = Threshold::Weighted(vec![vec![half, half, half]]);
    let signed_by = |indices: &[CellValue<'static>]| {
        let mut case = book.facts();
        let list = case.list(indices);
        case.thing(&[("kt", CellValue::Threshold(&threshold)), ("numbers", list)]);
        (answer(case.truth(satisfied)), case.value(min))
    };
    for (at, (op, expected)) in cases.into_iter().enumerate() {
        assert_eq!(book.facts().value(op), expected.map(String::from), "row {at}");
    }
    assert_eq!(book.facts().truth(well_formed), Ok(false));
    let unknown = CellValue::Unknown(Cause::Invalid);
    let two = || Ok("2".to_owned());
    assert_eq!(signed_by(&[CellValue::Int(0), CellValue::Int(2)]), (Ok(true), two()));
    assert_eq!(signed_by(&[CellValue::Int(0), CellValue::Int(0)]), (Ok(false), two()), "one key, twice");
    assert_eq!(signed_by(&[CellValue::Int(0), unknown]), (Err(Cause::Invalid), two()));
    assert_eq!(signed_by(&[CellValue::Int(0), CellValue::Int(1), unknown]), (Ok(true), two()));
    assert_eq!(signed_by(&[CellValue::Int(-1), CellValue::Int(0)]), (Ok(false), two()), "no key has the index -1");
    assert_eq!(signed_by(&[]), (Ok(false), two()));
}

#[test]
fn a_pattern_matches_the_whole_text() {
    let mut book = Book::new();
    book.program.patterns.push(crate::compile::program::Pattern::new("a|b"));
    let (a, ab) = (book.text("a"), book.text("ab"));
    let newline = book.text("a\n");
    let mut matches = |text| book.op(Op::Matches { text, pattern: 0 }, Type::Bool);
    let cases = [(matches(a), true), (matches(ab), false), (matches(newline), false)];
    for (op, expected) in cases {
        assert_eq!(book.facts().truth(op), Ok(expected));
    }
}

#[test]
fn lists_are_equal_element_by_element() {
    let mut book = Book::new();
    let (a, b, c) = (book.ints(&[1, 2]), book.ints(&[1, 2]), book.ints(&[2, 1]));
    let longer = book.ints(&[1, 2, 3]);
    let cases = [(book.equal(a, b), Ok(true)), (book.equal(a, c), Ok(false)), (book.equal(a, longer), Ok(false))];
    for (op, expected) in cases {
        assert_eq!(answer(book.facts().truth(op)), expected);
    }
}

#[test]
fn parameters_are_read_with_their_lists_and_an_unset_one_is_missing() {
    use crate::compile::program::ParameterValue;
    let mut book = Book::new();
    let list = ParameterValue::List(vec![ParameterValue::Int(1), ParameterValue::Int(2)]);
    let allowed = book.parameter("allowed", Type::List(Box::new(Type::Int)), list);
    let unset = book.parameter("unset", Type::Int, ParameterValue::Unset);
    let two = book.int(2);
    let member = book.is_in(two, allowed);
    let case = book.facts();
    assert_eq!(case.truth(member), Ok(true));
    assert_eq!(case.value(unset), Err(Cause::Missing));
}
