//! What a finding says: the deciding leaves in words, the unknowns, the places, the message.

use super::build::*;
use crate::compile::program::*;
use crate::evaluate::finding::{Finding, Place};
use crate::evaluate::outcome::Outcome;
use crate::expr::ast::{Comparison, Quantifier, SetRelation};
use crate::facts::schema::Type;
use crate::facts::{Cause, CellValue, FileId};
use crate::source::Span;

const ISSUED: CellValue<'static> = CellValue::Text("ISSUED");
const LAPSED: CellValue<'static> = CellValue::Text("LAPSED");

/// The first finding of the one rule of a book that requires this.
fn finding(book: &Book, fill: impl FnOnce(&mut Case<'_>)) -> Finding {
    let mut case = book.facts();
    fill(&mut case);
    let evaluation = case.evaluate();
    evaluation.results[0].findings[0].clone()
}

/// Expected and actual of each deciding leaf.
fn leaves(finding: &Finding) -> Vec<(&str, &str)> {
    finding.deciding.iter().map(|leaf| (leaf.expected.as_str(), leaf.actual.as_str())).collect()
}

/// Wanted and cause of each unknown.
fn unknowns(finding: &Finding) -> Vec<(&str, Cause)> {
    finding.unknowns.iter().map(|missing| (missing.wanted.as_str(), missing.cause)).collect()
}

/// Expected and actual.
type Leaf = (String, String);

/// What a rule that requires a condition says of one thing.
fn says(
    condition: impl FnOnce(&mut Book) -> OpId,
    cells: &[(&str, CellValue<'static>)],
) -> (Vec<Leaf>, Vec<(String, Cause)>) {
    let mut book = Book::new();
    let require = condition(&mut book);
    book.rule("R", require);
    let finding = finding(&book, |case| {
        case.thing(cells);
    });
    let owned = |(a, b): (&str, &str)| (a.to_owned(), b.to_owned());
    (
        leaves(&finding).into_iter().map(owned).collect(),
        unknowns(&finding).into_iter().map(|(wanted, cause)| (wanted.to_owned(), cause)).collect(),
    )
}

fn one_leaf(
    condition: impl FnOnce(&mut Book) -> OpId,
    cells: &[(&str, CellValue<'static>)],
    expected: &str,
    actual: &str,
) {
    assert_eq!(says(condition, cells).0, [(expected.to_owned(), actual.to_owned())]);
}

#[test]
fn a_leaf_says_what_was_expected_and_found_and_where() {
    let mut book = Book::new();
    let (status, a, b) = (book.thing("status"), book.text("ISSUED"), book.text("PENDING_TRANSFER"));
    let list = book.list(&[a, b]);
    let require = book.is_in(status, list);
    book.rule("R", require);
    let finding = finding(&book, |case| {
        case.thing(&[("status", LAPSED)]);
    });
    assert_eq!(leaves(&finding), [("one of ISSUED, PENDING_TRANSFER", "LAPSED")]);
    assert_eq!(finding.deciding[0].op, require);
    assert_eq!(finding.deciding[0].places, [Place { file: FileId(0), span: Span::new(20, 25) }]);
    assert_eq!((finding.outcome, finding.unknowns.len()), (Outcome::Fail, 0));
}

#[test]
fn comparisons_in_words() {
    let n = CellValue::Int(7);
    let with = |comparison| {
        move |book: &mut Book| {
            let (n, five) = (book.thing("n"), book.int(5));
            book.compare(n, comparison, five)
        }
    };
    one_leaf(with(Comparison::Equal), &[("n", n)], "5", "7");
    one_leaf(with(Comparison::LessOrEqual), &[("n", n)], "at most 5", "7");
    one_leaf(with(Comparison::Less), &[("n", n)], "less than 5", "7");
    let at_least = |book: &mut Book| {
        let (n, ten) = (book.thing("n"), book.int(10));
        book.compare(ten, Comparison::LessOrEqual, n)
    };
    one_leaf(at_least, &[("n", n)], "at least 10", "7");
    let not = |book: &mut Book| {
        let (status, lapsed) = (book.thing("status"), book.text("LAPSED"));
        let equal = book.equal(status, lapsed);
        book.not(equal)
    };
    one_leaf(not, &[("status", LAPSED)], "anything but LAPSED", "LAPSED");
    let two_facts = |book: &mut Book| {
        let (at, end) = (book.thing("at"), book.thing("end"));
        book.compare(at, Comparison::Before, end)
    };
    let (early, late) = (instant("2026-01-01T00:00:00Z"), instant("2026-02-01T00:00:00Z"));
    one_leaf(
        two_facts,
        &[("at", CellValue::Instant(late)), ("end", CellValue::Instant(early))],
        "before 2026-01-01T00:00:00Z (thing.end)",
        "2026-02-01T00:00:00Z",
    );
    let malformed = |book: &mut Book| {
        let aid = book.thing("aid");
        book.call(Function::WellFormed, &[aid], Type::Bool)
    };
    one_leaf(malformed, &[("aid", CellValue::Malformed("E1"))], "a well-formed AID", "E1 (not well-formed)");
}

#[test]
fn clocks_in_words() {
    let age = |book: &mut Book| {
        let week = book.parameter(
            "max_age",
            Type::Duration,
            ParameterValue::Duration(crate::primitives::Duration::from_seconds(604_800)),
        );
        let other = book.thing("at");
        let op = Op::CompareClock {
            comparison: Comparison::LessOrEqual,
            clock: Clock::TSign,
            plus: None,
            minus: Some(week),
            other,
        };
        book.op(op, Type::Bool)
    };
    let old = CellValue::Instant(instant("2026-03-01T00:00:00Z"));
    one_leaf(age, &[("at", old)], "at least 2026-03-13T15:00:00Z (t_sign - 168h)", "2026-03-01T00:00:00Z");
    let within = |book: &mut Book| {
        let (start, end, limit) = (book.thing("at"), book.thing("end"), book.hours(24));
        book.written(limit, "24h");
        book.op(Op::Within { start, end, limit }, Type::Bool)
    };
    one_leaf(
        within,
        &[("at", old)],
        "at most 2026-03-02T00:00:00Z (thing.at + 24h)",
        "not done at 2026-03-20T15:00:00Z",
    );
}

#[test]
fn only_what_decided_is_said() {
    let cells = [("n", CellValue::Int(7)), ("status", LAPSED), ("ok", CellValue::Bool(false))];
    let conditions = |book: &mut Book| {
        let (n, five, seven) = (book.thing("n"), book.int(5), book.int(7));
        let (status, issued) = (book.thing("status"), book.text("ISSUED"));
        (book.equal(n, five), book.equal(n, seven), book.equal(status, issued))
    };
    let leaf = |expected: &str, actual: &str| (expected.to_owned(), actual.to_owned());
    let (said, _) = says(
        |book| {
            let (is_5, is_7, issued) = conditions(book);
            let both = book.and(is_7, issued);
            book.and(both, is_5)
        },
        &cells,
    );
    assert_eq!(said, [leaf("ISSUED", "LAPSED"), leaf("5", "7")], "the false operands of `and`");
    let (said, _) = says(
        |book| {
            let (is_5, _, issued) = conditions(book);
            book.or(is_5, issued)
        },
        &cells,
    );
    assert_eq!(said, [leaf("5", "7"), leaf("ISSUED", "LAPSED")], "all operands of `or`");
    let (said, _) = says(
        |book| {
            let (is_5, is_7, _) = conditions(book);
            let either = book.or(is_5, is_7);
            book.not(either)
        },
        &cells,
    );
    assert_eq!(said, [leaf("anything but 7", "7")], "through a negation");
    let (said, unknown) = says(
        |book| {
            let (_, is_7, issued) = conditions(book);
            let missing = book.thing("at");
            let end = book.thing("end");
            let unknown = book.equal(missing, end);
            let both = book.and(is_7, unknown);
            let decided = book.and(both, is_7);
            let _ = issued;
            decided
        },
        &cells,
    );
    assert_eq!(said, []);
    assert_eq!(unknown, [("thing.at".into(), Cause::Missing), ("thing.end".into(), Cause::Missing)]);
    let (said, _) = says(|book| book.thing("ok"), &cells);
    assert_eq!(said, [leaf("true", "false")]);
    let (said, _) = says(
        |book| {
            let one = book.one(THING);
            book.has(one, "at")
        },
        &cells,
    );
    assert_eq!(said, [leaf("present", "absent")]);
}

#[test]
fn what_is_missing_is_named_by_its_whole_path_and_shown_where_it_should_be() {
    let mut book = Book::new();
    let (part, ten) = (book.thing("part"), book.int(10));
    let n = book.field(part, "n");
    let require = book.equal(n, ten);
    book.rule("R", require);
    let absent = finding(&book, |_| {});
    assert_eq!(unknowns(&absent), [("thing.part.n", Cause::Missing)]);
    assert_eq!(absent.unknowns[0].places, []);
    let without_part = finding(&book, |case| {
        case.thing(&[]);
    });
    assert_eq!(unknowns(&without_part), [("thing.part.n", Cause::Missing)]);
    assert_eq!(without_part.unknowns[0].places, [Place { file: FileId(0), span: Span::new(1000, 2000) }]);
    let wrong = finding(&book, |case| {
        let part = case.node(&[("n", CellValue::Unknown(Cause::Invalid))]);
        case.thing(&[("part", CellValue::Record(part))]);
    });
    assert_eq!(unknowns(&wrong), [("thing.part.n", Cause::Invalid)]);
    assert_eq!(wrong.unknowns[0].places, [Place { file: FileId(0), span: Span::new(40, 45) }]);
}

#[test]
fn the_failing_elements_of_every_are_said() {
    let mut book = Book::new();
    let (over, x) = book.things();
    let (status, issued) = (book.field(x, "status"), book.text("ISSUED"));
    let equal = book.equal(status, issued);
    let require = book.quantified(Quantifier::Every, over, Some(equal));
    book.rule("R", require);
    let failing = finding(&book, |case| {
        for n in 0..20 {
            case.thing(&[("status", if n % 2 == 0 { ISSUED } else { LAPSED })]);
        }
    });
    assert_eq!(leaves(&failing), [("ISSUED", "LAPSED")], "said once: five elements with one text and place");
    let empty = finding(&book, |_| {});
    assert_eq!(unknowns(&empty), [("things", Cause::Empty)]);
    let unreadable = finding(&book, |case| {
        case.thing(&[("status", ISSUED)]).unreadable();
    });
    assert_eq!(unreadable.unknowns[0].cause, Cause::Unreadable);
}

#[test]
fn what_is_not_found_is_counted() {
    let exists = |book: &mut Book| {
        let (over, _) = book.ok_things();
        let op = book.quantified(Quantifier::Exists, over, None);
        book.written(op, "exists x in things where x.ok")
    };
    let mut book = Book::new();
    let require = exists(&mut book);
    book.rule("R", require);
    let none = finding(&book, |_| {});
    assert_eq!(leaves(&none), [("exists x in things where x.ok", "things is empty")]);
    let two = finding(&book, |case| {
        case.thing(&[("ok", CellValue::Bool(false))]).thing(&[("ok", CellValue::Bool(false))]);
    });
    assert_eq!(leaves(&two), [("exists x in things where x.ok", "none of the 2 in things")]);
    let single = finding(&book, |case| {
        case.thing(&[("ok", CellValue::Bool(false))]);
    });
    assert_eq!(leaves(&single), [("true", "false")], "of a single candidate it is said what it lacks");
}

#[test]
fn of_what_is_nearly_found_it_is_said_what_it_lacks() {
    let mut book = Book::new();
    let (all, wanted) = (book.all(THING), book.one(OTHER));
    let wanted = book.field(wanted, "name");
    let (over, _) = book.over(all, |book, x| {
        let (name, ok) = (book.field(x, "name"), book.field(x, "ok"));
        let same = book.equal(name, wanted);
        Some(book.and(same, ok))
    });
    let require = book.quantified(Quantifier::Exists, over, None);
    book.written(require, "exists x in things where x.name == other.name and x.ok");
    book.rule("R", require);
    let with = |names: &[&'static str]| {
        finding(&book, |case| {
            for name in names {
                case.thing(&[("name", CellValue::Text(name)), ("ok", CellValue::Bool(false))]);
            }
            let other = case.node(&[("name", CellValue::Text("C"))]);
            case.facts.population_mut(OTHER).members.push(other);
        })
    };
    let near = with(&["A", "B", "C", "D", "E"]);
    let expected = "exists x in things where x.name == other.name and x.ok";
    assert_eq!(leaves(&near), [("true", "false")]);
    let far = with(&["A", "B", "D", "E"]);
    assert_eq!(leaves(&far), [(expected, "none of the 4 in things")], "none comes near");
    let place = Place { file: FileId(0), span: Span::new(90, 95) };
    assert_eq!(far.deciding[0].places, [place], "what was looked for is shown");
}

#[test]
fn counts_sets_and_repetitions_in_words() {
    let things = |n: i64| {
        move |case: &mut Case<'_>| {
            for _ in 0..n {
                case.thing(&[("n", CellValue::Int(4))]);
            }
        }
    };
    let mut book = Book::new();
    let (over, _) = book.things();
    let count = book.op(Op::Count { over, distinct_by: None }, Type::Int);
    book.written(count, "count(things)");
    let two = book.int(2);
    let require = book.op(Op::CompareCount { comparison: Comparison::GreaterOrEqual, count, other: two }, Type::Bool);
    book.rule("R", require);
    assert_eq!(leaves(&finding(&book, things(1))), [("at least 2 as count(things)", "1")]);

    let mut book = Book::new();
    let (over, x) = book.things();
    let n = book.field(x, "n");
    let require = book.op(Op::Distinct { over, by: Some(n), or_none: false }, Type::Bool);
    book.rule("R", require);
    assert_eq!(leaves(&finding(&book, things(3))), [("all different", "4 more than once")]);

    let mut book = Book::new();
    let (left, right) = (book.ints(&[1, 2, 5]), book.ints(&[1, 2]));
    let op = Op::SetRelation { relation: SetRelation::Subset, left, right, or_none: false };
    let require = book.op(op, Type::Bool);
    book.rule("R", require);
    assert_eq!(leaves(&finding(&book, |_| {})), [("only of 1, 2", "5")]);
}

#[test]
fn a_message_is_filled_in_on_one_line() {
    let mut book = Book::new();
    let (over, x) = book.things();
    let (id, n, names) = (book.field(x, "id"), book.field(x, "n"), book.field(x, "names"));
    let no = book.bool(false);
    let expressions =
        RuleExpressions { for_each: Some(over), applies: None, require: Some(no), attested: None, warn_when: None };
    let text = |text: &str| MessagePiece::Text(text.into());
    book.expressions("R", expressions).message = vec![
        MessagePiece::Value(id),
        text(": n is "),
        MessagePiece::Value(n),
        text(", names are "),
        MessagePiece::Value(names),
        text(", in "),
        MessagePiece::Value(x),
    ];
    let finding = finding(&book, |case| {
        let names = case.list(&[CellValue::Text("a\nb\u{202e}"), CellValue::Text("c")]);
        case.thing(&[("id", CellValue::Text("T-1")), ("names", names)]);
    });
    assert_eq!(finding.message, "T-1: n is (missing), names are a\\u{a}b\\u{202e}, c, in T-1");
    let element = finding.element.unwrap();
    assert_eq!(element.label, "T-1");
    assert_eq!(element.place, Some(Place { file: FileId(0), span: Span::new(1000, 2000) }));
}

#[test]
fn an_element_without_an_id_is_called_by_its_path_or_its_index() {
    let mut book = Book::new();
    let (over, _) = book.things();
    let no = book.bool(false);
    let expressions =
        RuleExpressions { for_each: Some(over), applies: None, require: Some(no), attested: None, warn_when: None };
    book.expressions("R", expressions);
    let mut case = book.facts();
    case.thing(&[("path", CellValue::Text("raw/a.json"))]).thing(&[]);
    let evaluation = case.evaluate();
    let findings = &evaluation.results[0].findings;
    let labels: Vec<_> = findings.iter().map(|finding| finding.element.as_ref().unwrap().label.as_str()).collect();
    assert_eq!(labels, ["raw/a.json", "things[1]"]);
    assert_eq!(findings[0].message, "R holds", "the title stands in for a message");
}

#[test]
fn explaining_does_not_bound_the_run() {
    let mut book = Book::new();
    let (soon, no) = (book.instant("2026-03-20T16:00:00Z"), book.bool(false));
    let op =
        Op::CompareClock { comparison: Comparison::Less, clock: Clock::AsOf, plus: None, minus: None, other: soon };
    let clock = book.op(op, Type::Bool);
    let not = book.not(clock);
    let require = book.and(no, not);
    book.rule("R", require);
    let evaluation = book.facts().evaluate();
    assert_eq!(evaluation.valid_until, None);
    assert_eq!(evaluation.results[0].findings[0].deciding.len(), 2, "both operands are false");
}
