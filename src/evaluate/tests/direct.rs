//! What is decided directly is what the operations say.

use super::build::*;
use super::properties::{condition, fill, tape};
use crate::compile::direct::Direct;
use crate::compile::program::{Level, Op, OpId, RuleExpressions, RuleIndex};
use crate::evaluate::direct::Direction;
use crate::evaluate::finding::RuleResult;
use crate::evaluate::machine::Machine;
use crate::evaluate::outcome::Outcome;
use crate::evaluate::{Signing, decided, rules};
use crate::expr::ast::{Comparison, Quantifier};
use crate::facts::CellValue;
use crate::facts::schema::Type;
use crate::primitives::Instant;

/// Bytes that follow from a number.
fn bytes(seed: u64, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    blake3::Hasher::new().update(&seed.to_le_bytes()).finalize_xof().fill(&mut bytes);
    bytes
}

type Decided = (RuleResult, Option<Instant>);

/// Rule 0 of a book on a case: directly, where that gives an answer, and by its operations.
fn both(book: &Book, case: &Case<'_>) -> (Option<Decided>, Decided) {
    let direct = Direct::of(&book.program);
    let as_of = instant(AS_OF);
    let arena = bumpalo::Bump::new();
    let mut direction = Direction::new(&book.program, &direct, &case.facts, &[], &arena, (as_of, Signing::NotYet));
    let rule = RuleIndex(0);
    let result = direction.counts(rule).map(|counts| decided(rule, Level::Block, counts));
    let arena = bumpalo::Bump::new();
    let mut machine = Machine::new(&book.program, &case.facts, &arena, as_of, Signing::NotYet, &[]);
    let by_operations = rules::run(&mut machine, &house(), rule, Level::Block);
    (result.map(|result| (result, direction.until)), (by_operations, machine.until))
}

#[test]
fn generated_rules_are_decided_alike() {
    let (mut direct, mut passing) = (0, 0);
    for seed in 0..6_000 {
        let (program, facts) = (bytes(seed, 160), bytes(seed + 1_000_000, 120));
        let (mut book, op) = condition(&program);
        let (over, element) = book.things();
        let ok = book.field(element, "ok");
        let for_each = (seed % 3 == 0).then_some(over);
        let applies = (seed % 2 == 0).then(|| if for_each.is_some() { ok } else { book.bool(true) });
        let expressions = RuleExpressions { for_each, applies, require: Some(op), attested: None, warn_when: None };
        book.expressions("R", expressions);
        let (mut case, mut known) = (book.facts(), book.facts());
        fill(&mut tape(&facts), &mut case, &mut known);
        for case in [case, known] {
            let (result, by_operations) = both(&book, &case);
            passing += u32::from(by_operations.0.outcome <= Outcome::Pass);
            if let Some(result) = result {
                direct += 1;
                assert_eq!(result, by_operations, "seed {seed}");
            }
        }
    }
    // What passes by its operations is decided directly, but for a few: an unknown that does not matter.
    assert!(passing > 2_000 && direct > passing * 3 / 4, "{direct} of {passing}");
}

/// Whether a condition is decided directly on a case of two things, the second without `n`.
fn is_direct(make: impl FnOnce(&mut Book) -> OpId) -> bool {
    let mut book = Book::new();
    let op = make(&mut book);
    book.rule("R", op);
    let mut case = book.facts();
    let ok = ("ok", CellValue::Bool(true));
    case.thing(&[ok, ("n", CellValue::Int(1)), ("aid", CellValue::Text("A"))]);
    case.thing(&[ok, ("aid", CellValue::Malformed("b"))]);
    let (result, by_operations) = both(&book, &case);
    if let Some(result) = &result {
        assert_eq!(*result, by_operations);
    }
    result.is_some()
}

#[test]
fn what_is_not_known_or_does_not_pass_is_left_to_the_operations() {
    let every = |book: &mut Book, field: &str, test: fn(&mut Book, OpId) -> _| {
        let (over, element) = book.things();
        let value = book.field(element, field);
        let satisfies = test(book, value);
        book.quantified(Quantifier::Every, over, Some(satisfies))
    };
    assert!(is_direct(|book| every(book, "ok", |_, ok| ok)));
    assert!(!is_direct(|book| every(book, "ok", |book, ok| book.not(ok))));
    assert!(!is_direct(|book| every(book, "n", |book, n| {
        let one = book.int(1);
        book.equal(n, one)
    })));
    // A malformed identifier is known, and equal to nothing.
    assert!(is_direct(|book| every(book, "aid", |book, aid| {
        let other = book.text("B");
        book.compare(aid, Comparison::NotEqual, other)
    })));
    // Of two things there is not one.
    assert!(!is_direct(|book| book.thing("ok")));
    // Nothing is said of nothing.
    assert!(!is_direct(|book| {
        let list = book.all(OTHER);
        let (over, element) = book.over(list, |_, _| None);
        let ok = book.field(element, "ok");
        book.quantified(Quantifier::Every, over, Some(ok))
    }));
    // Another answer than true is told with its reasons.
    assert!(!is_direct(|book| book.bool(false)));
}

#[test]
fn a_rule_that_takes_long_is_left_to_its_operations() {
    let mut book = Book::new();
    // What does not depend on the outer element is computed once.
    let (outer, _) = book.things();
    let (inner, element) = book.things();
    let ok = book.field(element, "ok");
    let every = book.quantified(Quantifier::Every, inner, Some(ok));
    let op = book.quantified(Quantifier::Every, outer, Some(every));
    book.rule("R", op);
    let mut case = book.facts();
    for _ in 0..600 {
        case.thing(&[("ok", CellValue::Bool(true))]);
    }
    let (result, by_operations) = both(&book, &case);
    assert_eq!(
        (result.map(|(result, _)| result.outcome), by_operations.0.outcome),
        (Some(Outcome::Pass), Outcome::Pass)
    );

    // A condition on both elements is asked 360,000 times, several operations each.
    let mut book = Book::new();
    let (outer, a) = book.things();
    let (inner, b) = book.things();
    let (left, right) = (book.field(a, "at"), book.field(b, "at"));
    let same = book.equal(left, right);
    let every = book.quantified(Quantifier::Every, inner, Some(same));
    let op = book.quantified(Quantifier::Every, outer, Some(every));
    book.rule("R", op);
    let mut case = book.facts();
    for _ in 0..600 {
        case.thing(&[("at", CellValue::Instant(instant(AS_OF)))]);
    }
    let (result, by_operations) = both(&book, &case);
    assert_eq!((result, by_operations.0.outcome), (None, Outcome::Pass));
}

#[test]
fn a_list_that_is_computed_once_stays() {
    let mut book = Book::new();
    let (over, element) = book.things();
    let aid = book.field(element, "aid");
    let aids = book.op(Op::Project { element: aid, over }, Type::List(Box::new(Type::Aid)));
    // Every thing: its aid is among all of them, twice asked for.
    let (each, element) = book.things();
    let aid = book.field(element, "aid");
    let (first, second) = (book.is_in(aid, aids), book.is_in(aid, aids));
    let both_in = book.and(first, second);
    let op = book.quantified(Quantifier::Every, each, Some(both_in));
    book.rule("R", op);
    let mut case = book.facts();
    for aid in ["A", "B", "C"] {
        case.thing(&[("aid", CellValue::Text(aid))]);
    }
    let (result, by_operations) = both(&book, &case);
    assert_eq!(result, Some(by_operations));
}

#[test]
fn what_is_asked_for_once_is_not_remembered() {
    let kept = |times: usize, in_a_walk: bool| {
        let mut book = Book::new();
        let (things, element) = book.things();
        let ok = book.field(element, "ok");
        let every = book.quantified(Quantifier::Every, things, Some(ok));
        let mut op = (1..times).fold(every, |all, _| book.and(all, every));
        if in_a_walk {
            let (outer, _) = book.things();
            op = book.quantified(Quantifier::Every, outer, Some(op));
        }
        book.rule("R", op);
        Direct::of(&book.program).kept.len()
    };
    assert_eq!([kept(1, false), kept(2, false), kept(1, true), kept(2, true)], [0, 1, 1, 1]);
}

#[test]
fn rules_that_compute_more_than_there_is_room_for_are_left_to_their_operations() {
    let mut book = Book::new();
    // Each of 300 things: those of its instant, each of which is put somewhere.
    let (outer, a) = book.things();
    let (mut inner, b) = book.things();
    let (left, right) = (book.field(a, "at"), book.field(b, "at"));
    inner.filter = Some(book.equal(left, right));
    let count = book.op(Op::Count { over: inner, distinct_by: None }, Type::Int);
    let all = book.int(300);
    let same = book.equal(count, all);
    let op = book.quantified(Quantifier::Every, outer, Some(same));
    book.rule("R", op);
    let mut case = book.facts();
    for _ in 0..300 {
        case.thing(&[("at", CellValue::Instant(instant(AS_OF)))]);
    }
    let (direct, arena) = (Direct::of(&book.program), bumpalo::Bump::new());
    let inputs = (instant(AS_OF), Signing::NotYet);
    let mut direction = Direction::new(&book.program, &direct, &case.facts, &[], &arena, inputs);
    let decided = (0..20).map_while(|_| direction.counts(RuleIndex(0))).count();
    assert!((1..20).contains(&decided), "{decided}");
    assert_eq!(both(&book, &case).1.0.outcome, Outcome::Pass);
}
