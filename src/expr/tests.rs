use proptest::prelude::*;

use super::*;
use crate::source::Span;

/// The tree without its spans: what `print` loses.
fn bare(expr: &ast::Expr) -> String {
    let shown = format!("{expr:?}");
    let mut out = String::with_capacity(shown.len());
    let mut rest = shown.as_str();
    while let Some((before, after)) = rest.split_once("Span { start: ") {
        out.push_str(before);
        rest = after.split_once(" }").map_or("", |(_, rest)| rest);
    }
    out + rest
}

fn codes(text: &str) -> Vec<&'static str> {
    match parse(text) {
        Ok(expr) => panic!("{text:?} parsed as {expr:?}"),
        Err(errors) => errors.into_iter().map(|error| error.code.trim_start_matches("countersign::expr::")).collect(),
    }
}

fn canonical(text: &str) -> String {
    match parse(text) {
        Ok(expr) => print(&expr),
        Err(errors) => panic!("{text:?}: {errors:?}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

    #[test]
    fn what_is_printed_parses_to_the_same_tree(expr in generate::expr()) {
        let text = print(&expr);
        let parsed = parse(&text).map_err(|errors| TestCaseError::fail(format!("{text}: {errors:?}")))?;
        prop_assert_eq!(bare(&parsed), bare(&expr), "{}", text);
        prop_assert_eq!(print_as_written(&parsed, &text), text);
    }

    #[test]
    fn no_text_panics(text in ".{0,60}", words in prop::collection::vec(prop::sample::select(vec![
        "every ", "x", " in ", " where ", "satisfies", "(", ")", "[", "]", "(or none)", " not ", "has ", ".", "..", "??", "\"", "'", "/",
        "matches", "1", "2026-03-20", "T15:00:00", "+01:00", "é", "{", "}", ",", " by ", "count", "distinct", "latest", "max_gap",
        "==", " and ", "\n", " subset of ", " for ", "7h", "-", "\\",
    ]), 0..24)) {
        for text in [text, words.concat()] {
            for errors in [parse(&text).err(), parse_binding(&text).err(), parse_definition(&text).err(), parse_type(&text).err(),
                parse_literal(&text).err(), parse_message(&text).err()].into_iter().flatten() {
                prop_assert!(!errors.is_empty());
                for error in errors {
                    prop_assert!(error.span.start <= error.span.end && error.span.end as usize <= text.len(), "{:?} of {:?}", error, text);
                    prop_assert!(text.is_char_boundary(error.span.start as usize) && text.is_char_boundary(error.span.end as usize));
                    prop_assert!(!error.message.ends_with('.') && !error.message.contains('\n'));
                }
            }
        }
    }
}

#[test]
fn every_code_is_listed_once() {
    let mut codes: Vec<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
    let sorted = {
        let mut sorted = codes.clone();
        sorted.sort_unstable();
        sorted
    };
    assert_eq!(codes, sorted);
    codes.dedup();
    assert_eq!(codes.len(), sorted.len());
}

#[test]
fn precedence_goes_from_or_to_has() {
    for (text, expected) in [
        ("(a and b) or c", "a and b or c"),
        ("a and (b or c)", "a and (b or c)"),
        ("not (a == b)", "not a == b"),
        ("(not a) == b", "(not a) == b"),
        ("((a.x ?? (1 + 2))) == 3", "a.x ?? 1 + 2 == 3"),
        ("a.x ?? b.y ?? 1", "a.x ?? b.y ?? 1"),
        ("a - (b - c)", "a - (b - c)"),
        ("(a - b) - c", "a - b - c"),
        ("a * (b + c)", "a * (b + c)"),
        ("xs union (ys minus zs)", "xs union (ys minus zs)"),
        ("not has m.valid_to or t before m.valid_to", "not has m.valid_to or t before m.valid_to"),
        (
            "every x in xs where (x.a and x.b) (or none) satisfies (x.c or x.d)",
            "every x in xs where x.a and x.b (or none) satisfies x.c or x.d",
        ),
        ("(every x in xs satisfies x.a) and b", "(every x in xs satisfies x.a) and b"),
        ("b and every x in xs satisfies x.a", "b and every x in xs satisfies x.a"),
        (
            "every x in xs where (x.a subset of x.b) (or none) satisfies x.c",
            "every x in xs where (x.a subset of x.b) (or none) satisfies x.c",
        ),
        (
            "every x in xs where x.a subset of x.b (or none) satisfies x.c",
            "every x in xs where x.a subset of x.b (or none) satisfies x.c",
        ),
        ("t in after a .. before b", "t in after a .. before b"),
        ("t not in a..b", "t not in a .. b"),
        ("x . in . count", "x.in.count"),
        ("[r.id for r in rs where r.ok]", "[r.id for r in rs where r.ok]"),
        ("count distinct(x in xs by x.k) >= 1_000", "count distinct(x in xs by x.k) >= 1000"),
        (
            "latest(r in rs where r.a by r.t).status in [\"A\",'B',]",
            "latest(r in rs where r.a by r.t).status in [\"A\", \"B\"]",
        ),
        ("distinct(xs) (or none)", "distinct(xs) (or none)"),
        ("max_gap(x in xs by x.t, a, b) <= 60s", "max_gap(x in xs by x.t, a, b) <= 1min"),
        ("a -1", "a - 1"),
        ("a - -1", "a - -1"),
        ("x matches /a\\/b[\"}]/", "x matches /a\\/b[\"}]/"),
        ("recorded(lei-record)", "recorded(lei-record)"),
        ("'it\\'s \"\\u{e9}\\u{7}\"'", "\"it's \\\"é\\u{7}\\\"\""),
        ("d + 18 months before e + 2 years", "d + 18 months before e + 2 years"),
        ("2026-03-20T16:00:00+01:00 before as_of", "2026-03-20T15:00:00Z before as_of"),
    ] {
        assert_eq!(canonical(text), expected, "{text}");
        assert_eq!(canonical(expected), expected);
    }
}

#[test]
fn literals_can_keep_their_spelling() {
    let text = "x.a == 'it'  and  x.b <= 12\n months and x.c before 2026-03-20T16:00:00+01:00";
    let expr = parse(text).unwrap();
    assert_eq!(
        print_as_written(&expr, text),
        "x.a == 'it' and x.b <= 12 months and x.c before 2026-03-20T16:00:00+01:00"
    );
}

#[test]
fn spans_cover_what_was_written() {
    let text = "(a or b) and not has x.y";
    let expr = parse(text).unwrap();
    assert_eq!(expr.span, Span::new(0, text.len()));
    let ast::ExprKind::And(left, right) = &expr.kind else { panic!() };
    assert_eq!(left.span, Span::new(1, 7));
    assert_eq!(right.span, Span::new(13, 24));
}

#[test]
fn mistakes_have_codes() {
    for (text, expected) in [
        ("", "empty"),
        ("  \n", "empty"),
        ("a = b", "foreign_operator"),
        ("a && b", "foreign_operator"),
        ("a & b", "foreign_operator"),
        ("a || b", "foreign_operator"),
        ("!a", "foreign_operator"),
        ("a / b", "foreign_operator"),
        ("a ? b : c", "foreign_operator"),
        ("a AND b", "foreign_word"),
        ("a == null", "foreign_word"),
        ("a == True", "foreign_word"),
        ("a < b < c", "chained_comparison"),
        ("a == b == c", "chained_comparison"),
        ("a == \"x", "unclosed_text"),
        ("a == 'x\\\n'", "unclosed_text"),
        ("a matches /x", "unclosed_pattern"),
        ("a matches /x\\\n/", "unclosed_pattern"),
        ("(a or b", "unclosed_bracket"),
        ("a or b)", "unmatched_bracket"),
        ("[a)", "unmatched_bracket"),
        ("a == ISSUED", "bare_text"),
        ("t before 2026-03-20T15:00:00", "naive_instant"),
        ("t before 2016-12-31T23:59:60Z", "invalid_instant"),
        ("t before 2026-03-20T15:00:00+0100", "invalid_instant"),
        ("t before 2026-02-30T15:00:00Z", "invalid_instant"),
        ("d before 2026-02-30", "invalid_date"),
        ("d before 2026-3-02", "invalid_date"),
        ("x == 9223372036854775808", "int_overflow"),
        ("x == 1__0", "invalid_number"),
        ("x == 1.5", "decimal"),
        ("x <= 2d", "unknown_unit"),
        ("x <= 30days", "unknown_unit"),
        ("x <= 5 hours", "unknown_unit"),
        ("x <= 30min7h", "invalid_number"),
        ("x <= 7h30", "invalid_number"),
        ("x <= -5h", "invalid_number"),
        ("x == \"\\q\"", "invalid_escape"),
        ("x == \"\\u{d800}\"", "invalid_escape"),
        ("has x", "not_a_path"),
        ("x ?? 1", "not_a_path"),
        ("a == not b", "parenthesise"),
        ("a == exists x in xs", "parenthesise"),
        ("a == b (or none)", "misplaced_or_none"),
        ("some x in xs (or none) satisfies x", "misplaced_or_none"),
        ("every x in xs", "form"),
        ("exists x in xs satisfies x", "form"),
        ("latest(x in xs)", "form"),
        ("the(xs)", "form"),
        ("min(x in xs)", "form"),
        ("max_gap(x in xs by x.t)", "form"),
        ("exists x in a == b", "form"),
        ("a .. b", "form"),
        ("every by in xs satisfies true", "reserved_word"),
        ("a b", "unexpected"),
        ("a is b", "unexpected"),
        ("a and", "unexpected_end"),
        ("a and or b", "unexpected"),
        ("-a", "unexpected"),
        ("a == “x”", "unexpected_character"),
        ("x # y", "unexpected_character"),
    ] {
        assert!(codes(text).contains(&expected), "{text}: {:?}", parse(text).unwrap_err());
    }
}

#[test]
fn several_mistakes_are_reported_at_once() {
    assert_eq!(codes("a = b && c == NULL"), ["foreign_operator", "foreign_operator", "foreign_word"]);
    assert_eq!(codes("a == 2026-02-30 and b <= 3d"), ["invalid_date", "unknown_unit"]);
}

/// 10,000 levels, and texts of 1 MiB, end quickly on a small stack.
#[test]
fn nothing_overflows_the_stack_or_hangs() {
    let deep = |open: &str, inner: &str, close: &str| format!("{}{inner}{}", open.repeat(10_000), close.repeat(10_000));
    let texts = [
        (deep("not ", "a", ""), "too_deep"),
        (deep("(", "a", ")"), "too_deep"),
        (deep("[", "a", "]"), "too_deep"),
        (deep("f(", "a", ")"), "too_deep"),
        (deep("count(x in ", "xs", ")"), "too_deep"),
        (deep("every x in xs satisfies ", "a", ""), "too_deep"),
        (deep("exists x in xs where not ", "a", ""), "too_deep"),
        (deep("no x in [y for y in ", "a", "] satisfies a"), "too_deep"),
        (deep("has ", "a.b", ""), "too_deep"),
        (deep("a + ", "a", ""), "too_deep"),
        (deep("a or ", "a", ""), "too_deep"),
        (deep("a.b ?? ", "a", ""), "too_large"),
        ("a.b ?? ".repeat(1_000) + "a", "too_deep"),
        (format!("a{}", ".b".repeat(10_000)), "too_deep"),
        (deep("(", "", ""), "too_deep"),
        (format!("[{}a]", "a, ".repeat(30_000)), "too_large"),
        ("a or ".repeat(1 << 17), "too_large"),
        (" ".repeat(1 << 20), "empty"),
        ("a".repeat((1 << 20) + 1), "too_long"),
        (format!("\"{}", "a".repeat((1 << 20) - 1)), "unclosed_text"),
    ];
    for (text, code) in texts {
        let thread = std::thread::Builder::new().stack_size(1 << 20);
        let found = thread.spawn(move || codes(&text)).unwrap().join().unwrap();
        assert_eq!(found, [code]);
    }
    let long = format!("x == \"{}\"", "a".repeat((1 << 20) - 7));
    assert!(parse(&long).is_ok());
    let small = std::thread::Builder::new().stack_size(1 << 20);
    small.spawn(|| assert_eq!(canonical(&deep_enough()), deep_enough())).unwrap().join().unwrap();
}

/// As large as is allowed: read without running into the bound on steps, or refused for its size.
#[test]
fn the_largest_expressions_are_read() {
    let call = "f(a.b, [1, -2], \"x\") == g(has a.b, c in [d, e])";
    for (text, code) in [
        (format!("[{}1]", format!("{call}, ").repeat(2_700)), "too_large"),
        (format!("[{}1]", format!("({call}), ").repeat(800)), ""),
        (format!("[{}1]", "every x in xs where x.a satisfies x.b, ".repeat(2_000)), ""),
    ] {
        let found =
            parse(&text).err().map(|errors| errors[0].code.trim_start_matches("countersign::expr::").to_owned());
        assert_eq!(found.unwrap_or_default(), code);
    }
}

/// As deep as is allowed, of what costs the grammar most.
fn deep_enough() -> String {
    format!("{}xs{}", "count([y for y in ".repeat(32), "])".repeat(32))
}

#[test]
fn types_and_definitions() {
    let signature = parse_definition("rostered( p : person , t: list of item of lar_designation.lars )").unwrap();
    assert_eq!(print_signature(&signature), "rostered(p: person, t: list of item of lar_designation.lars)");
    assert_eq!(print_signature(&parse_definition("solicited").unwrap()), "solicited");
    assert_eq!(print_type(&parse_type("list of list of text").unwrap()), "list of list of text");
    for (result, code) in [
        (parse_definition("every(x: int)").err(), "reserved_word"),
        (parse_definition("f(x)").err(), "unexpected"),
        (parse_definition("F(x: int)").err(), "bare_text"),
        (parse_type("list").ok().map(|_| Vec::new()), ""),
        (parse_type("list of").err(), "unexpected_end"),
        (parse_type(&"list of ".repeat(10_000)).err(), "unexpected_end"),
        (parse_type(&format!("{}int", "list of ".repeat(10_000))).err(), "too_deep"),
    ] {
        let found = result.unwrap();
        assert!(
            found.is_empty() == code.is_empty() && found.iter().all(|error| error.code.ends_with(code)),
            "{found:?}"
        );
    }
}

#[test]
fn messages_hold_expressions() {
    let text = "{r.path}: {{status}} is {r.body.status ?? \"}\"} at {x matches /a{2}/}";
    let parts = parse_message(text).unwrap();
    assert_eq!(print_message(&parts), text);
    let ast::MessagePart::Expr(first) = &parts[0] else { panic!() };
    assert_eq!(&text[first.span.start as usize..first.span.end as usize], "r.path");
    let ast::MessagePart::Expr(last) = parts.last().unwrap() else { panic!() };
    assert_eq!(&text[last.span.start as usize..last.span.end as usize], "x matches /a{2}/");
    for (text, code, at) in [
        ("a {r.x", "unclosed_bracket", 2),
        ("a } b", "unmatched_bracket", 2),
        ("a {}", "empty", 3),
        ("é {a = b}", "foreign_operator", 6),
    ] {
        let errors = parse_message(text).unwrap_err();
        assert!(errors[0].code.ends_with(code), "{errors:?}");
        assert_eq!(errors[0].span.start, at, "{text}");
    }
}
