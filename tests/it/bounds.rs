//! Expressions beyond every bound end with a clear error, and those at the bounds run: on a small stack, in
//! seconds, from the text to the value.

use std::thread;
use std::time::{Duration, Instant};

use countersign::facts::Cause;
use countersign::facts::schema::FactSchema;

use super::conformance::{self, Case};

/// A quarter of what a main thread has.
const STACK_BYTES: usize = 2 << 20;

/// What becomes of an expression: its value, the cause of the unknown, or the codes of its errors.
fn outcome(text: &str, schema: &FactSchema) -> String {
    let case = Case::of(text);
    match conformance::compiled(&case, schema) {
        Err(codes) => codes.join(" "),
        Ok((program, expression)) => match conformance::evaluated(&case, &program, &expression).value {
            Ok(value) => conformance::written(&value).to_string(),
            Err(cause) => format!("unknown: {cause:?}"),
        },
    }
}

fn check(texts: Vec<(&'static str, String, String)>) {
    let schema = conformance::schema();
    let run = move || {
        let mut problems = Vec::new();
        for (name, text, expected) in texts {
            let start = Instant::now();
            let found = outcome(&text, &schema);
            if found != expected {
                problems.push(format!("{name}: {found}, {expected} expected"));
            }
            if start.elapsed() > Duration::from_secs(10) {
                problems.push(format!("{name} took {:?}", start.elapsed()));
            }
        }
        assert!(problems.is_empty(), "{}", problems.join("\n"));
    };
    thread::Builder::new().stack_size(STACK_BYTES).spawn(run).unwrap().join().unwrap();
}

fn around(levels: usize, open: &str, inner: &str, close: &str) -> String {
    format!("{}{inner}{}", open.repeat(levels), close.repeat(levels))
}

#[test]
fn what_is_beyond_the_bounds_is_refused() {
    let refused = |name, text: String, code: &str| (name, text, format!("countersign::expr::{code}"));
    let mib = 1 << 20;
    check(vec![
        refused("not", around(10_000, "not ", "true", ""), "too_deep"),
        refused("parentheses", around(10_000, "(", "true", ")"), "too_deep"),
        refused("brackets", around(10_000, "[", "1", "]"), "too_deep"),
        refused("every", around(10_000, "every n in sample.numbers satisfies ", "true", ""), "too_deep"),
        refused("exists", around(10_000, "exists n in sample.numbers where ", "true", ""), "too_deep"),
        refused("count", around(10_000, "count(n in sample.numbers where ", "true", ") == 1"), "too_deep"),
        refused("calls", around(10_000, "length(", "sample.text", ")"), "too_deep"),
        refused("has", around(10_000, "has ", "sample.text", ""), "too_deep"),
        refused("sums", around(10_000, "1 + ", "1", ""), "too_deep"),
        refused("conditions", around(10_000, "true and ", "true", ""), "too_deep"),
        refused("fields", format!("sample{}", ".inner".repeat(10_000)), "too_deep"),
        refused("1 MiB of conditions", "true or ".repeat(mib / 8), "too_large"),
        refused("1 MiB of parentheses", "(".repeat(mib), "too_deep"),
        refused("1 MiB of list", format!("[{}1]", "1,".repeat(mib / 2 - 8)), "too_large"),
        refused("1 MiB of spaces", " ".repeat(mib), "empty"),
        refused("1 MiB of open text", format!("\"{}", "a".repeat(mib - 1)), "unclosed_text"),
        refused("more than 1 MiB", "a".repeat(mib + 1), "too_long"),
    ]);
}

#[test]
fn what_is_within_the_bounds_runs() {
    let runs = |name, text: String, value: &str| (name, text, value.to_owned());
    let nested = |levels: usize| {
        let open: String = (0..levels).map(|n| format!("every x{n} in sample.numbers satisfies (")).collect();
        format!("{open}x0 >= 1{}", ")".repeat(levels))
    };
    let lists =
        |levels: usize| (0..levels).fold("sample.numbers".to_owned(), |inner, n| format!("[y{n} for y{n} in {inner}]"));
    check(vec![
        runs("not", around(60, "not ", "true", ""), "true"),
        runs("parentheses", around(60, "(", "true", ")"), "true"),
        runs("lists", format!("count({}) == 3", lists(30)), "true"),
        runs("a chain of and", format!("{}true", "true and ".repeat(250)), "true"),
        runs("a chain of or", format!("{}false", "false or ".repeat(250)), "false"),
        runs("a sum", format!("{}1", "1 + ".repeat(250)), "251"),
        runs("a chain in parentheses", around(50, "(true and true and true and true and ", "true", ")"), "true"),
        runs("a chain of ranges", around(60, "(1 + length(sample.text)) in 1 .. 9 and (", "true", ")"), "true"),
        runs("a long text", format!("length(\"{}\")", "a".repeat((1 << 20) - 100)), &((1 << 20) - 100).to_string()),
        runs("a long list", format!("1 in [{}1]", "2, ".repeat(9_000)), "true"),
        // Quantifiers multiply: the steps are bounded, and nothing passes beyond them.
        runs("six quantifiers", nested(6), "true"),
        runs("thirty quantifiers", nested(30), &format!("unknown: {:?}", Cause::Overflow)),
    ]);
}
