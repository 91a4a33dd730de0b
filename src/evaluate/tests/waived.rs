//! Waivers: what each of their fields is for.

use super::build::*;
use crate::compile::program::*;
use crate::evaluate::finding::{Evaluation, Waiver, WaiverProblem};
use crate::evaluate::outcome::Verdict;
use crate::facts::CellValue;
use crate::primitives::Sha256;

fn waiver(rule: &str) -> Waiver {
    Waiver {
        id: "W1".into(),
        rule: rule.into(),
        rule_digest: Sha256::of(rule.as_bytes()).to_string(),
        element: String::new(),
        reason: "the original is on its way".into(),
        approved_by: vec!["officer-1".into()],
        not_before: None,
        expires: instant("2026-04-01T00:00:00Z"),
        bundle: Sha256::of(b"bundle").to_string(),
    }
}

/// A book whose rule `R` fails at this level, with an alias `S`.
fn failing(level: Level) -> Book {
    let mut book = Book::new();
    let no = book.bool(false);
    book.rule("R", no).level = level;
    book.body("S", RuleBody::SameAs(RuleIndex(0))).level = Level::Info;
    book
}

fn run(level: Level, waivers: &[Waiver]) -> Evaluation {
    failing(level).facts().evaluate_with(&house(), waivers)
}

#[test]
fn a_warning_is_waived_and_stays_in_sight() {
    let evaluation = run(Level::Warn, &[waiver("R")]);
    assert_eq!(evaluation.verdict, Verdict::CleanWithWaivers);
    assert_eq!(evaluation.results[0].findings[0].waiver, Some(0));
    assert_eq!(evaluation.waivers, []);
    assert_eq!(evaluation.valid_until.unwrap().to_string(), "2026-04-01T00:00:00Z");
    assert_eq!(run(Level::Warn, &[]).verdict, Verdict::NeedsWaiver);
}

#[test]
fn one_waiver_covers_a_rule_and_what_repeats_it() {
    assert_eq!(run(Level::Warn, &[waiver("S")]).verdict, Verdict::CleanWithWaivers);
}

#[test]
fn a_waiver_that_would_have_been_needed_and_does_not_hold_blocks() {
    let later = Some(instant("2026-03-21T00:00:00Z"));
    let cases = [
        (WaiverProblem::Expired, Waiver { expires: instant("2026-03-20T14:59:59Z"), ..waiver("R") }),
        (WaiverProblem::NotYet, Waiver { not_before: later, ..waiver("R") }),
        (WaiverProblem::OtherRule, Waiver { rule_digest: "00".repeat(32), ..waiver("R") }),
        (WaiverProblem::OtherBundle, Waiver { bundle: "00".repeat(32), ..waiver("R") }),
        (WaiverProblem::NoApprover, Waiver { approved_by: Vec::new(), ..waiver("R") }),
        (WaiverProblem::NoApprover, Waiver { approved_by: vec!["a".into(), " ".into()], ..waiver("R") }),
        (WaiverProblem::NoReason, Waiver { reason: String::new(), ..waiver("R") }),
    ];
    for (problem, bad) in cases {
        let evaluation = run(Level::Warn, std::slice::from_ref(&bad));
        assert_eq!((evaluation.waivers[0].problem, evaluation.waivers[0].level), (problem, Level::Block));
        assert_eq!(evaluation.verdict, Verdict::NotClean, "{problem:?}");
        assert_eq!(evaluation.results[0].findings[0].waiver, None);
        // Beside a good one it is not needed.
        let evaluation = run(Level::Warn, &[bad, waiver("R")]);
        assert_eq!(evaluation.waivers[0].level, Level::Info, "{problem:?}");
        assert_eq!(evaluation.verdict, Verdict::CleanWithWaivers);
    }
}

#[test]
fn a_block_failure_is_never_waived() {
    let evaluation = run(Level::Block, &[waiver("R")]);
    assert_eq!(evaluation.waivers[0].problem, WaiverProblem::BlockLevel);
    assert_eq!(evaluation.verdict, Verdict::NotClean);
    assert_eq!(evaluation.results[0].findings[0].waiver, None);
}

#[test]
fn an_unused_waiver_is_told_and_harmless() {
    let evaluation = run(Level::Info, &[waiver("R"), waiver("X")]);
    assert_eq!(evaluation.verdict, Verdict::Clean);
    let told: Vec<_> = evaluation.waivers.iter().map(|waiver| (waiver.problem, waiver.level)).collect();
    assert_eq!(told, [(WaiverProblem::Unused, Level::Info); 2]);
}

#[test]
fn what_is_not_known_is_not_waived() {
    let mut book = Book::new();
    let unknown = book.thing("ok");
    book.rule("R", unknown).level = Level::Warn;
    let evaluation = book.facts().evaluate_with(&house(), &[waiver("R")]);
    assert_eq!(evaluation.verdict, Verdict::Indeterminate);
    assert_eq!(evaluation.waivers[0].problem, WaiverProblem::Unused);
}

#[test]
fn a_waiver_is_for_one_element() {
    let mut book = Book::new();
    let (over, x) = book.things();
    let ok = book.field(x, "ok");
    let expressions =
        RuleExpressions { for_each: Some(over), applies: None, require: Some(ok), attested: None, warn_when: None };
    book.expressions("R", expressions).level = Level::Warn;
    let mut case = book.facts();
    for id in ["a", "b", "b"] {
        case.thing(&[("id", CellValue::Text(id)), ("ok", CellValue::Bool(false))]);
    }
    let labels: Vec<_> = case.evaluate().results[0]
        .findings
        .iter()
        .map(|finding| finding.element.as_ref().unwrap().label.clone())
        .collect();
    assert_eq!(labels, ["a", "b", "b #2"], "two elements never share a name");
    let for_element = |element: &str| Waiver { element: element.into(), ..waiver("R") };
    let some = case.evaluate_with(&house(), &[for_element("a"), for_element("b")]);
    assert_eq!(some.verdict, Verdict::NeedsWaiver);
    let all = case.evaluate_with(&house(), &[for_element("a"), for_element("b"), for_element("b #2")]);
    assert_eq!(all.verdict, Verdict::CleanWithWaivers);
    let none = case.evaluate_with(&house(), &[waiver("R")]);
    assert_eq!((none.verdict, none.waivers[0].problem), (Verdict::NeedsWaiver, WaiverProblem::Unused));
}
