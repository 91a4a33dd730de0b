//! docs/language.md against the code and the conformance cases: nothing is in one of them alone.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use countersign::bundle::{Limits, Snapshot};
use countersign::compile::functions;
use countersign::expr::ast::{
    Arithmetic, Binding, Comparison, Expr, ExprKind, Literal, Quantifier, SetOperation, SetRelation,
};
use countersign::expr::{self, RESERVED};
use countersign::facts::Cause;

use super::conformance::{self, Case, sections};

/// Fewest cases of each construct.
const CASES_MIN: usize = 5;

fn page() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/language.md")).unwrap()
}

/// The first cells of the table below a heading.
fn rows(page: &str, heading: &str) -> Vec<String> {
    let section = page.split(&format!("\n## {heading}")).nth(1).unwrap_or_else(|| panic!("no section {heading}"));
    let section = section.split("\n## ").next().unwrap();
    let rows: Vec<String> = section
        .lines()
        .filter(|line| line.starts_with("| `"))
        .map(|line| line.trim_matches('|').split(" | ").next().unwrap().trim().to_owned())
        .collect();
    assert!(!rows.is_empty(), "{heading} has no table");
    rows
}

/// The texts between backticks.
fn quoted(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

/// What a construct is called here and how the page writes it; whether it goes through something that can be empty.
struct Construct {
    name: &'static str,
    /// A text that stands in the page's tables.
    written: &'static str,
    can_be_empty: bool,
}

const fn construct(name: &'static str, written: &'static str, can_be_empty: bool) -> Construct {
    Construct { name, written, can_be_empty }
}

/// Every construct that is no function. The match in [`visit`] names each form of the syntax tree, so a new form
/// does not compile until it is here.
#[rustfmt::skip]
const CONSTRUCTS: &[Construct] = &[
    construct("or", "a or b", true),
    construct("and", "a and b", true),
    construct("not", "not a", true),
    construct("==", "==", false),
    construct("!=", "!=", false),
    construct("<", "<", false),
    construct("<=", "<=", false),
    construct(">", ">", false),
    construct(">=", ">=", false),
    construct("before", "a before b", false),
    construct("after", "a after b", false),
    construct("in", "x in LIST", true),
    construct("not in", "x not in LIST", true),
    construct("in ..", "x in a .. b", false),
    construct("matches", "x matches /re/", false),
    construct("subset of", "A subset of B", true),
    construct("disjoint from", "A disjoint from B", true),
    construct("same set as", "A same set as B", true),
    construct("union", "A union B", true),
    construct("intersect", "A intersect B", true),
    construct("minus", "A minus B", true),
    construct("??", "a ?? b", true),
    construct("+", "+", false),
    construct("-", "-", false),
    construct("*", "*", false),
    construct("has", "has PATH", true),
    construct("every", "every x in C [where F] [(or none)] satisfies P", true),
    construct("no", "no x in C [where F] [(or none)] satisfies P", true),
    construct("some", "some x in C [where F] satisfies P", true),
    construct("exists", "exists x in C [where F]", true),
    construct("exactly one", "exactly one x in C [where F]", true),
    construct("count", "count(C)", true),
    construct("count distinct", "count distinct(x in C [where F] by KEY)", true),
    construct("distinct", "distinct(x in C [where F] by KEY) [(or none)]", true),
    construct("the", "the(x in C [where F])", true),
    construct("latest", "latest(x in C [where F] by KEY)", true),
    construct("earliest", "earliest(…)", true),
    construct("[for]", "[E for x in C [where F]]", true),
    construct("min", "min(LIST)", true),
    construct("max", "max(LIST)", true),
    construct("max_gap", "max_gap(x in C [where F] by KEY, FROM, TO)", true),
];

/// Calls `found` with the name of every construct in an expression.
fn visit(expr: &Expr, found: &mut BTreeSet<String>) {
    let mut add = |name: &str| {
        found.insert(name.to_owned());
    };
    match &expr.kind {
        ExprKind::Literal(literal) => match literal {
            Literal::Bool(_)
            | Literal::Int(_)
            | Literal::Text(_)
            | Literal::Instant(_)
            | Literal::Date(_)
            | Literal::Duration(_)
            | Literal::Days(_)
            | Literal::Months(_) => {}
        },
        ExprKind::Name(_) => {}
        ExprKind::Field(base, _) => visit(base, found),
        ExprKind::Has(path) => {
            add("has");
            visit(path, found);
        }
        ExprKind::Coalesce(path, otherwise) => {
            add("??");
            both(path, otherwise, found);
        }
        ExprKind::Not(inner) => {
            add("not");
            visit(inner, found);
        }
        ExprKind::And(left, right) => {
            add("and");
            both(left, right, found);
        }
        ExprKind::Or(left, right) => {
            add("or");
            both(left, right, found);
        }
        ExprKind::Compare(comparison, left, right) => {
            add(match comparison {
                Comparison::Equal => "==",
                Comparison::NotEqual => "!=",
                Comparison::Less => "<",
                Comparison::LessOrEqual => "<=",
                Comparison::Greater => ">",
                Comparison::GreaterOrEqual => ">=",
                Comparison::Before => "before",
                Comparison::After => "after",
            });
            both(left, right, found);
        }
        ExprKind::In { item, list, negated } => {
            add(if *negated { "not in" } else { "in" });
            both(item, list, found);
        }
        ExprKind::InRange { item, low, high, .. } => {
            add("in ..");
            visit(item, found);
            both(low, high, found);
        }
        ExprKind::Matches { text, .. } => {
            add("matches");
            visit(text, found);
        }
        ExprKind::SetRelation { relation, left, right, .. } => {
            add(match relation {
                SetRelation::Subset => "subset of",
                SetRelation::Disjoint => "disjoint from",
                SetRelation::Same => "same set as",
            });
            both(left, right, found);
        }
        ExprKind::SetOperation(operation, left, right) => {
            add(match operation {
                SetOperation::Union => "union",
                SetOperation::Intersect => "intersect",
                SetOperation::Minus => "minus",
            });
            both(left, right, found);
        }
        ExprKind::Arithmetic(operator, left, right) => {
            add(match operator {
                Arithmetic::Add => "+",
                Arithmetic::Subtract => "-",
                Arithmetic::Multiply => "*",
            });
            both(left, right, found);
        }
        ExprKind::List(elements) => elements.iter().for_each(|element| visit(element, found)),
        ExprKind::Project { element, binding } => {
            add("[for]");
            visit(element, found);
            in_binding(binding, found);
        }
        ExprKind::Quantified { quantifier, binding, satisfies, .. } => {
            add(match quantifier {
                Quantifier::Every => "every",
                Quantifier::No => "no",
                Quantifier::Some => "some",
                Quantifier::Exists => "exists",
                Quantifier::ExactlyOne => "exactly one",
            });
            in_binding(binding, found);
            satisfies.iter().for_each(|condition| visit(condition, found));
        }
        ExprKind::Aggregate { aggregate, binding, by, .. } => {
            add(aggregate.as_str());
            in_binding(binding, found);
            by.iter().for_each(|key| visit(key, found));
        }
        ExprKind::AggregateList { aggregate, list, .. } => {
            add(aggregate.as_str());
            visit(list, found);
        }
        ExprKind::MaxGap { binding, by, from, to } => {
            add("max_gap");
            in_binding(binding, found);
            visit(by, found);
            both(from, to, found);
        }
        ExprKind::Recorded(_) => add("recorded"),
        ExprKind::Call { name, arguments } => {
            add(&name.text);
            arguments.iter().for_each(|argument| visit(argument, found));
        }
    }
}

fn both(left: &Expr, right: &Expr, found: &mut BTreeSet<String>) {
    visit(left, found);
    visit(right, found);
}

fn in_binding(binding: &Binding, found: &mut BTreeSet<String>) {
    visit(&binding.over, found);
    binding.filter.iter().for_each(|filter| visit(filter, found));
}

/// Whether the expression goes through something that is there and has nothing in it.
fn is_of_nothing(case: &Case) -> bool {
    ["no_names", "no_numbers", "no_children", "ghosts", "empty_text", "== 9", "> 9", "\"\"", "/.+/"]
        .iter()
        .any(|nothing| case.expr.contains(nothing))
}

/// How a construct is covered.
#[derive(Default)]
struct Covered {
    cases: usize,
    unknown: usize,
    empty: usize,
}

fn coverage() -> BTreeMap<String, Covered> {
    let mut coverage: BTreeMap<String, Covered> = BTreeMap::new();
    for case in sections().iter().flat_map(|section| &section.cases) {
        let Ok(tree) = expr::parse(&case.expr) else { continue };
        let mut found = BTreeSet::new();
        visit(&tree, &mut found);
        for name in found {
            let covered = coverage.entry(name).or_default();
            covered.cases += 1;
            covered.unknown += usize::from(case.unknown.is_some());
            covered.empty += usize::from(is_of_nothing(case));
        }
    }
    coverage
}

#[test]
fn every_construct_has_cases() {
    let coverage = coverage();
    let functions = functions().chain(["recorded"]).map(|name| (name, false));
    let constructs = CONSTRUCTS.iter().map(|construct| (construct.name, construct.can_be_empty));
    let mut problems = Vec::new();
    for (name, can_be_empty) in constructs.chain(functions) {
        let nothing = Covered::default();
        let Covered { cases, unknown, empty } = coverage.get(name).unwrap_or(&nothing);
        println!("{name:<16} {cases:>4} cases, {unknown:>3} unknown, {empty:>3} of nothing");
        if *cases < CASES_MIN {
            problems.push(format!("`{name}` has {cases} cases"));
        }
        // Only where the manifest does not verify: see below.
        if *unknown == 0 && name != "recorded" {
            problems.push(format!("`{name}` has no case that is unknown"));
        }
        if can_be_empty && *empty == 0 {
            problems.push(format!("`{name}` has no case over nothing"));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn without_a_manifest_absence_is_not_known() {
    let mut files = conformance::snapshot(conformance::world()).to_files();
    files.remove("bundle/manifest.json").unwrap();
    let snapshot = Snapshot::from_files(files, &Limits::STANDARD);
    let schema = conformance::schema();
    let as_of = conformance::world().as_of.parse().unwrap();
    for expr in [
        "recorded(sample)",
        "recorded(ghost)",
        "exists g in ghosts",
        "count(ghosts) == 0",
        "no g in ghosts (or none) satisfies true",
    ] {
        let (program, expression) = conformance::compiled(&Case::of(expr), &schema).unwrap();
        let answer = conformance::evaluated_in(&snapshot, as_of, &program, &expression);
        assert_eq!(answer.value, Err(Cause::Unreadable), "{expr}");
    }
}

#[test]
fn every_construct_is_in_the_page() {
    let page = page();
    let cells = [rows(&page, "Operators"), rows(&page, "Collections")].concat();
    let written: BTreeSet<&str> = cells.iter().flat_map(|cell| quoted(cell)).collect();
    let missing: Vec<_> =
        CONSTRUCTS.iter().filter(|construct| !written.iter().any(|text| text.contains(construct.written))).collect();
    assert!(missing.is_empty(), "{:?}", missing.iter().map(|construct| construct.name).collect::<Vec<_>>());
    // And the other way round: what the page promises is a construct.
    for text in written {
        let known =
            CONSTRUCTS.iter().any(|construct| text.contains(construct.written) || construct.written.contains(text));
        let variant =
            ["x in a .. before b", "x in after a .. b", "count(x in C where F)", "distinct(LIST) [(or none)]"];
        assert!(known || variant.contains(&text), "the page has `{text}`");
    }
}

#[test]
fn every_function_is_in_the_page_and_every_one_there_exists() {
    let page = page();
    let cells = rows(&page, "Functions");
    let there: BTreeSet<&str> =
        cells.iter().flat_map(|cell| quoted(cell)).map(|text| text.split('(').next().unwrap()).collect();
    let known: BTreeSet<&str> = functions().chain(["recorded"]).collect();
    assert_eq!(there, known);
}

#[test]
fn every_reserved_word_is_in_the_page() {
    let page = page();
    let line = page.lines().find(|line| line.starts_with("The words of the language are reserved")).unwrap();
    let words: Vec<&str> = quoted(line);
    assert_eq!(words, RESERVED);
}

#[test]
fn every_type_is_in_the_page_and_in_a_case() {
    let page = page();
    let cells = rows(&page, "Types");
    let named: BTreeSet<&str> = cells.iter().flat_map(|cell| quoted(cell)).filter(|name| !name.contains(' ')).collect();
    let typed: BTreeSet<String> = sections()
        .iter()
        .flat_map(|section| &section.cases)
        .filter_map(|case| case.type_.clone())
        .map(|type_| type_.trim_start_matches("list of ").to_owned())
        .collect();
    for name in named {
        assert!(typed.contains(name), "no case is of the type `{name}`");
    }
}

/// A file that is not read, or a section that is there twice, would be cases that nobody runs.
#[test]
fn every_section_is_reachable() {
    let mut names: Vec<String> = sections().into_iter().map(|section| section.section).collect();
    let files = fs::read_dir(conformance::folder().join("expr")).unwrap();
    let count = files.map(|entry| assert_eq!(entry.unwrap().path().extension().unwrap(), "yaml")).count();
    println!("{count} sections");
    names.sort();
    names.dedup();
    assert_eq!(names.len(), count);
}
