//! Outcomes, levels, repetition, composition, selection, verdicts; and the traps that other engines
//! fell into.

use super::build::*;
use crate::compile::program::*;
use crate::evaluate::finding::{Evaluation, RuleResult};
use crate::evaluate::outcome::{Outcome, Verdict};
use crate::evaluate::{Question, Selection, Signing, select};
use crate::expr::ast::{Comparison, Quantifier};
use crate::facts::schema::Type;
use crate::facts::{Cause, CellValue};
use crate::primitives::Date;

fn expressions(require: Option<OpId>) -> RuleExpressions {
    RuleExpressions { for_each: None, applies: None, require, attested: None, warn_when: None }
}

fn outcomes(evaluation: &Evaluation) -> Vec<Outcome> {
    evaluation.results.iter().map(|result| result.outcome).collect()
}

/// The result of a book with one rule.
fn only(evaluation: &Evaluation) -> &RuleResult {
    assert_eq!(evaluation.results.len(), 1);
    &evaluation.results[0]
}

#[test]
fn a_missing_field_does_not_pass() {
    let mut book = Book::new();
    let n = book.thing("n");
    let ten = book.int(10);
    for comparison in [Comparison::Less, Comparison::Greater, Comparison::Equal, Comparison::NotEqual] {
        let require = book.compare(n, comparison, ten);
        book.rule("R", require);
        let negated = book.not(require);
        book.rule("not R", negated);
    }
    let mut without_field = book.facts();
    without_field.thing(&[]);
    for case in [without_field, book.facts()] {
        let evaluation = case.evaluate();
        assert!(outcomes(&evaluation).iter().all(|outcome| *outcome == Outcome::Indeterminate));
        assert_eq!(evaluation.verdict, Verdict::Indeterminate);
    }
}

#[test]
fn a_rule_that_cannot_be_judged_is_not_dropped() {
    let mut book = Book::new();
    let (yes, overflow) = (book.bool(true), book.int(i64::MAX));
    let one = book.int(1);
    let arithmetic = crate::expr::ast::Arithmetic::Add;
    let sum = book.op(Op::Arithmetic { arithmetic, left: overflow, right: one }, Type::Int);
    let applies = book.compare(sum, Comparison::Greater, one);
    book.expressions("R", RuleExpressions { applies: Some(applies), ..expressions(Some(yes)) });
    let case = book.facts();
    let evaluation = case.evaluate();
    assert_eq!(only(&evaluation).outcome, Outcome::Indeterminate);
    assert_eq!(only(&evaluation).findings[0].unknowns[0].cause, Cause::Overflow);
}

#[test]
fn a_run_that_decides_nothing_is_not_clean() {
    let mut book = Book::new();
    assert_eq!(book.facts().evaluate().verdict, Verdict::Indeterminate, "no rule");
    let (yes, no) = (book.bool(true), book.bool(false));
    book.expressions("R", RuleExpressions { applies: Some(no), ..expressions(Some(yes)) });
    let case = book.facts();
    let evaluation = case.evaluate();
    assert_eq!(only(&evaluation).outcome, Outcome::NotApplicable);
    assert_eq!(evaluation.verdict, Verdict::Indeterminate, "not applicable is not pass");
}

#[test]
fn a_rule_without_an_end_is_stopped_and_not_judged() {
    // Three quantifiers over 300 things: 27 million steps. `not` of the unfinished answer is no pass.
    let mut book = Book::new();
    let (a, x) = book.things();
    let (b, y) = book.things();
    let (c, z) = book.things();
    let (xn, yn, zn) = (book.field(x, "n"), book.field(y, "n"), book.field(z, "n"));
    let (left, right) = (book.compare(xn, Comparison::Less, yn), book.compare(yn, Comparison::Less, zn));
    let both = book.and(left, right);
    let ordered = book.not(both);
    let inner = book.quantified(Quantifier::Some, c, Some(ordered));
    let no = book.bool(false);
    let never = book.and(inner, no);
    let middle = book.quantified(Quantifier::Some, b, Some(never));
    let outer = book.quantified(Quantifier::Some, a, Some(middle));
    let require = book.not(outer);
    book.rule("R", require);
    let (over, x) = book.things();
    let n = book.field(x, "n");
    let zero = book.int(0);
    let small = book.compare(n, Comparison::Less, zero);
    let some = book.quantified(Quantifier::Some, over, Some(small));
    let quick = book.not(some);
    book.rule("quick", quick);
    let mut case = book.facts();
    for n in 0..1500 {
        case.thing(&[("n", CellValue::Int(1500 - n))]);
    }
    let evaluation = case.evaluate();
    assert_eq!(outcomes(&evaluation), [Outcome::Indeterminate, Outcome::Pass], "each rule has its own budget");
    assert_eq!(evaluation.results[0].findings[0].unknowns[0].cause, Cause::Overflow);
}

#[test]
fn nesting_is_bounded() {
    let mut book = Book::new();
    let mut op = book.bool(true);
    for _ in 0..10_000 {
        op = book.not(op);
    }
    book.rule("R", op);
    // An operation that is its own operand, as no compiler makes it.
    let itself = OpId(book.program.ops.len() as u32);
    let circle = book.not(itself);
    assert_eq!(circle, itself);
    book.rule("circle", circle);
    let mut op = book.bool(false);
    for _ in 0..2_000 {
        let (over, _) = book.things();
        op = book.quantified(Quantifier::Every, over, Some(op));
    }
    book.rule("quantifiers", op);
    let case = || {
        let mut case = book.facts();
        case.thing(&[]);
        case
    };
    assert_eq!(outcomes(&case().evaluate()), [Outcome::Indeterminate; 3]);
}

#[test]
fn an_unrecognised_code_fails_what_requires_it_and_nothing_else() {
    let mut book = Book::new();
    let (status, issued) = (book.unknown(Cause::Unrecognised), book.text("ISSUED"));
    let require = book.equal(status, issued);
    let not = book.compare(status, Comparison::NotEqual, issued);
    let yes = book.bool(true);
    book.rule("require", require);
    book.rule("require not", not);
    book.expressions("applies", RuleExpressions { applies: Some(require), ..expressions(Some(yes)) });
    book.expressions("attested", RuleExpressions { attested: Some(require), ..expressions(Some(yes)) });
    let no = book.bool(false);
    book.expressions("warn_when", RuleExpressions { warn_when: Some(require), ..expressions(Some(no)) });
    let mut case = book.facts();
    case.unknowns();
    let evaluation = case.evaluate();
    let (fail, indeterminate) = (Outcome::Fail, Outcome::Indeterminate);
    assert_eq!(outcomes(&evaluation), [fail, fail, indeterminate, indeterminate, fail]);
    assert_eq!(evaluation.results[4].findings[0].level, Level::Block, "unknown does not lower");
    assert_eq!(evaluation.results[0].findings[0].deciding[0].actual, "(not a known code)");
}

#[test]
fn an_attested_rule_waits_for_its_statement() {
    let mut book = Book::new();
    let (yes, no) = (book.bool(true), book.bool(false));
    let unknown = book.unknown(Cause::Missing);
    for (require, attested) in
        [(Some(yes), yes), (Some(yes), no), (Some(no), no), (None, no), (None, yes), (None, unknown)]
    {
        book.expressions("R", RuleExpressions { attested: Some(attested), ..expressions(require) });
    }
    let mut case = book.facts();
    case.unknowns();
    let evaluation = case.evaluate();
    let (pass, review, fail) = (Outcome::Pass, Outcome::Review, Outcome::Fail);
    assert_eq!(outcomes(&evaluation), [pass, review, fail, review, pass, Outcome::Indeterminate]);
}

/// `for each: x in things [where x.ok]`, `require: x.n == 1`
fn each(book: &mut Book, filtered: bool) {
    let (over, x) = if filtered { book.ok_things() } else { book.things() };
    let (n, one) = (book.field(x, "n"), book.int(1));
    let require = book.equal(n, one);
    book.expressions("R", RuleExpressions { for_each: Some(over), ..expressions(Some(require)) });
}

#[test]
fn for_each_gives_the_worst_of_its_elements() {
    let run = |filtered: bool, things: &[(CellValue<'static>, CellValue<'static>)]| {
        let mut book = Book::new();
        each(&mut book, filtered);
        let mut case = book.facts();
        for (ok, n) in things {
            case.thing(&[("ok", *ok), ("n", *n)]);
        }
        let evaluation = case.evaluate();
        let result = only(&evaluation);
        (result.outcome, result.passed, result.findings.len())
    };
    let (t, f, unknown) = (CellValue::Bool(true), CellValue::Bool(false), CellValue::Unknown(Cause::Invalid));
    let (one, two) = (CellValue::Int(1), CellValue::Int(2));
    assert_eq!(run(false, &[]), (Outcome::Indeterminate, 0, 1), "empty and unfiltered");
    assert_eq!(run(true, &[]), (Outcome::NotApplicable, 0, 0));
    assert_eq!(run(true, &[(f, two)]), (Outcome::NotApplicable, 0, 0), "the filter selects nothing");
    assert_eq!(run(false, &[(t, one), (t, one)]), (Outcome::Pass, 2, 0));
    assert_eq!(run(false, &[(t, one), (t, unknown), (t, two)]), (Outcome::Fail, 1, 2));
    assert_eq!(run(false, &[(t, one), (t, unknown)]), (Outcome::Indeterminate, 1, 1));
    assert_eq!(run(true, &[(t, one), (unknown, one)]), (Outcome::Pass, 2, 0), "it passes either way");
    assert_eq!(run(true, &[(t, one), (unknown, two)]), (Outcome::Indeterminate, 1, 1));
    assert_eq!(run(true, &[(unknown, one)]), (Outcome::Indeterminate, 1, 1), "perhaps nothing is selected");
}

#[test]
fn for_each_over_what_is_not_known_is_indeterminate() {
    let mut book = Book::new();
    each(&mut book, true);
    let mut case = book.facts();
    case.facts.population_mut(THING).unknown = Some(Cause::Unreadable);
    assert_eq!(only(&case.evaluate()).outcome, Outcome::Indeterminate);
    let mut unreadable = book.facts();
    unreadable.unreadable();
    assert_eq!(only(&unreadable.evaluate()).outcome, Outcome::Indeterminate);
}

#[test]
fn applies_is_per_element() {
    let mut book = Book::new();
    let (over, x) = book.things();
    let (ok, n, one) = (book.field(x, "ok"), book.field(x, "n"), book.int(1));
    let require = book.equal(n, one);
    let each = RuleExpressions { for_each: Some(over), applies: Some(ok), ..expressions(Some(require)) };
    book.expressions("R", each);
    let mut case = book.facts();
    case.thing(&[("ok", CellValue::Bool(false)), ("n", CellValue::Int(2))]);
    case.thing(&[("ok", CellValue::Bool(true)), ("n", CellValue::Int(1))]);
    let evaluation = case.evaluate();
    assert_eq!((only(&evaluation).passed, only(&evaluation).not_applicable), (1, 1));
    assert_eq!(only(&evaluation).outcome, Outcome::Pass);
}

#[test]
fn warn_when_lowers_block_where_the_profile_lets_it() {
    let mut book = Book::new();
    let (yes, no) = (book.bool(true), book.bool(false));
    book.expressions("lowered", RuleExpressions { warn_when: Some(yes), ..expressions(Some(no)) });
    book.expressions("not lowered", RuleExpressions { warn_when: Some(no), ..expressions(Some(no)) });
    book.expressions("info", RuleExpressions { warn_when: Some(yes), ..expressions(Some(no)) }).level = Level::Info;
    let levels = |profile: &Profile| {
        let evaluation = book.facts().evaluate_with(profile, &[]);
        evaluation.results.iter().map(|result| result.findings[0].level).collect::<Vec<_>>()
    };
    assert_eq!(levels(&house()), [Level::Warn, Level::Block, Level::Info]);
    let strict = Profile { warn_when: false, ..house() };
    assert_eq!(levels(&strict), [Level::Block, Level::Block, Level::Info]);
    let raised = Profile { levels: vec![(RuleIndex(2), Level::Block)], ..house() };
    assert_eq!(levels(&raised), [Level::Warn, Level::Block, Level::Warn]);
}

#[test]
fn a_repeated_rule_shares_the_result_where_it_is_due() {
    let mut book = Book::new();
    let no = book.bool(false);
    book.rule("target", no).level = Level::Info;
    book.body("alias", RuleBody::SameAs(RuleIndex(0))).level = Level::Warn;
    book.body("alias of alias", RuleBody::SameAs(RuleIndex(1))).level = Level::Info;
    let run = |due: &[u32]| {
        let due = due.iter().map(|rule| RuleIndex(*rule)).collect();
        let selection = Selection { due, ..Selection::default() };
        let evaluation = book.facts().evaluate_selected(&selection, &house(), &[]);
        let shape = |result: &RuleResult| {
            (result.rule.0, result.outcome, result.level, result.aliases.iter().map(|rule| rule.0).collect::<Vec<_>>())
        };
        evaluation.results.iter().map(shape).collect::<Vec<_>>()
    };
    assert_eq!(run(&[0, 1, 2]), [(0, Outcome::Fail, Level::Warn, vec![1, 2])], "the stricter level");
    assert_eq!(run(&[1]), [(1, Outcome::Fail, Level::Warn, vec![])], "on its own");
    assert_eq!(run(&[2, 1]), [(1, Outcome::Fail, Level::Warn, vec![2])]);
    assert_eq!(run(&[0, 2]), [(0, Outcome::Fail, Level::Info, vec![2])]);
}

#[test]
fn a_circle_of_repetitions_judges_nothing() {
    let mut book = Book::new();
    book.body("a", RuleBody::SameAs(RuleIndex(1)));
    book.body("b", RuleBody::SameAs(RuleIndex(0)));
    let selection = Selection { due: vec![RuleIndex(0)], ..Selection::default() };
    let evaluation = book.facts().evaluate_selected(&selection, &house(), &[]);
    assert_eq!(outcomes(&evaluation), [Outcome::Indeterminate]);
}

#[test]
fn a_composite_is_its_worst_part_and_is_counted_once() {
    let mut book = Book::new();
    let (yes, no) = (book.bool(true), book.bool(false));
    book.rule("pass", yes);
    book.rule("fail", no).level = Level::Warn;
    book.body("both", RuleBody::AllOf(vec![RuleIndex(0), RuleIndex(1)]));
    book.body("fine", RuleBody::AllOf(vec![RuleIndex(0)]));
    book.body("nothing", RuleBody::AllOf(Vec::new()));
    let run = |due: &[u32]| {
        let due = due.iter().map(|rule| RuleIndex(*rule)).collect();
        let selection = Selection { due, ..Selection::default() };
        book.facts().evaluate_selected(&selection, &house(), &[])
    };
    let all = run(&[0, 1, 2, 3]);
    assert_eq!(outcomes(&all), [Outcome::Pass, Outcome::Fail, Outcome::Fail, Outcome::Pass]);
    assert_eq!(all.results[2].level, Level::Warn, "as bad as its parts");
    assert!(all.results[2].findings.is_empty(), "the finding stands at the part");
    assert_eq!(all.verdict, Verdict::NeedsWaiver);
    let alone = run(&[2]);
    assert_eq!(outcomes(&alone), [Outcome::Fail]);
    assert_eq!(alone.results[0].findings[0].element.as_ref().unwrap().label, "fail");
    assert_eq!(alone.verdict, Verdict::NeedsWaiver, "parts are run though they are not selected");
    assert_eq!(outcomes(&run(&[4])), [Outcome::Indeterminate]);
}

#[test]
fn the_verdict_is_the_first_that_holds() {
    let verdict = |rules: &[(Level, Option<bool>)]| {
        let mut book = Book::new();
        let pass = book.bool(true);
        book.rule("pass", pass);
        for (level, answer) in rules {
            let require = match answer {
                Some(answer) => book.bool(*answer),
                None => book.thing("ok"),
            };
            book.rule("R", require).level = *level;
        }
        book.facts().evaluate().verdict
    };
    let (block, warn, info) = (Level::Block, Level::Warn, Level::Info);
    assert_eq!(verdict(&[]), Verdict::Clean);
    assert_eq!(verdict(&[(info, Some(false)), (info, None)]), Verdict::Clean);
    assert_eq!(verdict(&[(warn, Some(false)), (info, None)]), Verdict::NeedsWaiver);
    assert_eq!(verdict(&[(warn, Some(false)), (warn, None)]), Verdict::Indeterminate);
    assert_eq!(verdict(&[(block, None)]), Verdict::Indeterminate);
    assert_eq!(verdict(&[(block, None), (block, Some(false))]), Verdict::NotClean);
}

#[test]
fn rules_are_selected_by_pack_document_day_and_stage() {
    let mut book = Book::new();
    let yes = book.bool(true);
    let day = |text: &str| -> Option<Date> { Some(date(text)) };
    book.rule("plain", yes);
    book.rule("other pack", yes).packs = vec!["other".into()];
    book.rule("house", yes).document = DocumentIndex(1);
    book.rule("from tomorrow", yes).in_force = (day("2026-03-21"), None);
    book.rule("until today", yes).in_force = (day("2020-01-01"), day("2026-03-20"));
    book.rule("until yesterday", yes).in_force = (None, day("2026-03-19"));
    book.rule("later", yes).stage = Stage::Approval;
    book.sort_into_packs();
    let run = |profile: &Profile, stage, signing, packs: &[&str]| {
        let packs: Vec<String> = packs.iter().map(|pack| (*pack).to_owned()).collect();
        let (flows, as_of) = (["flow".to_owned()], instant(AS_OF));
        let question = Question { flows: &flows, packs: &packs, profile, stage, as_of, signing };
        select(&book.program, &question)
    };
    let indices = |rules: &[RuleIndex]| rules.iter().map(|rule| rule.0).collect::<Vec<_>>();
    let selection = run(&house(), Stage::Evidence, Signing::NotYet, &[]);
    assert_eq!(indices(&selection.due), [0, 2, 4]);
    assert_eq!(indices(&selection.not_yet_due), [6]);
    assert_eq!(selection.until.unwrap().to_string(), "2026-03-20T23:59:59.999999999Z");
    assert_eq!(selection.packs, ["pack"]);
    let selection = run(&house(), Stage::Signature, Signing::NotYet, &["other", "nonsense"]);
    assert_eq!(indices(&selection.due), [0, 1, 2, 4, 6]);
    assert_eq!(selection.unknown, ["nonsense"]);
    let strict = Profile { without_documents: vec![DocumentIndex(1)], ..house() };
    assert_eq!(indices(&run(&strict, Stage::Evidence, Signing::NotYet, &[]).due), [0, 4]);
    let signed = Signing::At(instant("2026-03-19T00:00:00Z"));
    let selection = run(&house(), Stage::Evidence, signed, &[]);
    assert_eq!((indices(&selection.due), selection.until), (vec![0, 2, 4, 5], None));
}

#[test]
fn parameters_of_the_command_line_stand_over_those_of_the_profile() {
    let mut book = Book::new();
    let limit = book.parameter("limit", Type::Int, ParameterValue::Int(1));
    let two = book.int(2);
    let require = book.equal(limit, two);
    book.rule("R", require);
    let case = book.facts();
    let selection = Selection { due: vec![RuleIndex(0)], ..Selection::default() };
    let run = |profile: &[ParameterValue], line: &[ParameterValue]| {
        let set = |values: &[ParameterValue]| -> Vec<_> {
            values.iter().map(|value| (ParameterId(0), value.clone())).collect()
        };
        let profile = Profile { parameters: set(profile), ..house() };
        let inputs = crate::evaluate::Inputs {
            as_of: instant(AS_OF),
            signing: Signing::NotYet,
            selection: &selection,
            profile: &profile,
            parameters: &set(line),
            waivers: &[],
            bundle: None,
        };
        crate::evaluate::evaluate(&book.program, &case.facts, &inputs).results[0].outcome
    };
    let (one, two) = (ParameterValue::Int(1), ParameterValue::Int(2));
    assert_eq!(run(&[], &[]), Outcome::Fail);
    assert_eq!(run(std::slice::from_ref(&two), &[]), Outcome::Pass);
    assert_eq!(run(std::slice::from_ref(&two), std::slice::from_ref(&one)), Outcome::Fail);
    assert_eq!(run(&[one], &[two]), Outcome::Pass);
}

#[test]
fn the_same_inputs_give_the_same_result() {
    let mut book = Book::new();
    each(&mut book, true);
    let missing = book.thing("at");
    let op =
        Op::CompareClock { comparison: Comparison::Less, clock: Clock::AsOf, plus: None, minus: None, other: missing };
    let require = book.op(op, Type::Bool);
    book.rule("clock", require);
    let mut case = book.facts();
    case.thing(&[("at", CellValue::Instant(instant("2026-03-21T00:00:00Z"))), ("ok", CellValue::Bool(true))]);
    assert_eq!(case.evaluate(), case.evaluate());
    assert_eq!(case.evaluate().valid_until.unwrap().to_string(), "2026-03-20T23:59:59.999999999Z");
}

#[test]
fn rows_of_tables_are_read_like_records() {
    let mut book = Book::new();
    let all = book.all(OTHER);
    let (over, x) = book.over(all, |_, _| None);
    let (id, de) = (book.field(x, "id"), book.text("DE"));
    let holds = book.equal(id, de);
    let some = book.quantified(Quantifier::Some, over, Some(holds));
    let row = |text: &str| vec![Some(ParameterValue::Text(text.into())), None];
    book.program.tables.push(Table { kind: OTHER, rows: vec![row("AT"), row("DE")] });
    let mut case = book.facts();
    crate::evaluate::push_tables(&book.program, &mut case.facts);
    assert_eq!(case.truth(some), Ok(true));
}

#[test]
fn composites_of_composites_are_bounded() {
    let outcome = |levels: u32| {
        let mut book = Book::new();
        let yes = book.bool(true);
        book.rule("pass", yes);
        for level in 1..=levels {
            book.body("composite", RuleBody::AllOf(vec![RuleIndex(level - 1)]));
        }
        let selection = Selection { due: vec![RuleIndex(levels)], ..Selection::default() };
        outcomes(&book.facts().evaluate_selected(&selection, &house(), &[]))
    };
    // The one that is due, and sixteen below it.
    assert_eq!(outcome(17), [Outcome::Pass]);
    assert_eq!(outcome(18), [Outcome::Indeterminate]);
}
