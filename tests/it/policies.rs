//! The cases beside the shipped policies, as `countersign policy test` runs them.

use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::OnceLock;

use assert_cmd::Command;

use crate::fixture::copy_folder;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn countersign() -> Command {
    let mut command = Command::cargo_bin("countersign").unwrap();
    command.current_dir(root()).env("LC_ALL", "C.UTF-8").env_remove("NO_COLOR");
    command
}

/// A folder of policies that is a copy of the shipped one, to be spoilt.
fn copy(to: &Path) -> PathBuf {
    let policies = to.join("policies");
    copy_folder(&root().join("policies"), &policies);
    policies
}

/// All cases, conditions and mutants in one run: the facts of a case are collected once for the three.
fn shipped() -> &'static Output {
    static RUN: OnceLock<Output> = OnceLock::new();
    RUN.get_or_init(|| countersign().args(["policy", "test", "policies", "--coverage", "--mutants"]).output().unwrap())
}

/// The numbers of the line that begins so.
fn numbers(text: &str, begins: &str) -> Vec<usize> {
    let line = text.lines().find(|line| line.starts_with(begins)).unwrap();
    line.split([' ', ',']).filter_map(|word| word.parse().ok()).collect()
}

#[test]
fn every_case_is_as_expected_no_rule_lacks_one_and_every_condition_was_true_and_false() {
    let text = utf8(&shipped().stdout);
    assert!(shipped().status.success(), "{text}{}", utf8(&shipped().stderr));
    let numbers = numbers(&text, "coverage: ");
    assert!(numbers[1] > 5_000 && numbers[0] == numbers[1], "{text}");
}

#[test]
fn a_case_notices_every_change_of_a_rule_but_those_that_are_proven_equivalent() {
    let text = utf8(&shipped().stdout);
    let [all, noticed, equivalent, neither] = numbers(&text, "mutants: ")[..] else { panic!("{text}") };
    assert!(all > 6_000 && noticed + equivalent + neither == all, "{text}");
    assert_eq!(neither, 0, "{text}");
    assert!(equivalent * 100 <= all * 3, "{equivalent} of {all} are more than three in a hundred");
}

#[test]
fn a_proof_stands_for_a_change_that_no_case_notices() {
    let require = "le_profile.lei == manifest.lei or le_profile.sole_employee";
    let cases = "  - { name: n, fixture: b0, expect: { R-1: pass } }\n";
    let change = |within: &str, change: &str, of: &str, nth: usize| {
        format!(
            "  - file: own.yaml\n    in: {within}\n    why: one sentence\n    changes:\n      \
             - {{ change: {change}, of: {of}, nth: {nth} }}\n"
        )
    };
    let mutated = |entries: &[String], filter: &[&str]| {
        let scratch = tempfile::tempdir().unwrap();
        let policies = book(scratch.path(), require, cases);
        let file = policies.join("equivalent-mutants.yaml");
        std::fs::write(file, format!("equivalent:\n{}", entries.concat())).unwrap();
        let arguments = ["--mutants", "--fixtures"];
        let fixtures = root().join("fixtures");
        let mut command = countersign();
        let output =
            command.args(["policy", "test"]).arg(policies).args(arguments).arg(fixtures).args(filter).output().unwrap();
        (output.status.code(), utf8(&output.stdout) + &utf8(&output.stderr))
    };
    let or = change("R-1", "or to and", &format!("'{require}'"), 1);
    let equal = "'le_profile.lei == manifest.lei'";
    // The fixture's profile is of no sole employee: each of these changes makes the rule fail.
    let (code, text) = mutated(std::slice::from_ref(&or), &[]);
    assert!(text.contains("equivalent-mutants.yaml:6: a case notices `le_profile.lei == manifest.lei or"), "{text}");
    assert!(text.contains("mutants: of 2, 2 are noticed, 0 are proven equivalent, 0 are neither"), "{text}");
    assert_eq!(code, Some(1));
    let (_, text) = mutated(&[change("R-1", "or to and", "other", 1)], &[]);
    assert!(text.contains("`other` in R-1 is nowhere changed so (or to and): correct the entry"), "{text}");
    let (_, text) = mutated(&[change("R-2", "or to and", &format!("'{require}'"), 1)], &[]);
    assert!(text.contains("in R-2 is nowhere changed so"), "{text}");
    let (_, text) = mutated(&[change("R-1", "== to !=", equal, 2)], &[]);
    assert!(
        text.contains("there are 1 such changes of `le_profile.lei == manifest.lei` in R-1: correct `nth`"),
        "{text}"
    );
    let (_, text) = mutated(&[change("R-1", "== to !=", equal, 0)], &[]);
    assert!(text.contains("a number from 1 on is expected"), "{text}");
}

#[test]
fn a_change_that_no_case_notices_fails_unless_it_is_proven_equivalent() {
    let require = "le_profile.lei == manifest.lei or le_profile.sole_employee";
    let scratch = tempfile::tempdir().unwrap();
    let policies = book(scratch.path(), require, "  - { name: n, fixture: b0, expect: { R-1: fail } }\n");
    let run = |filter: &[&str]| {
        let fixtures = root().join("fixtures");
        let mut command = countersign();
        let arguments = command.args(["policy", "test", "--mutants"]).arg(&policies).arg("--fixtures").arg(fixtures);
        let output = arguments.args(filter).output().unwrap();
        (output.status.code(), utf8(&output.stdout) + &utf8(&output.stderr))
    };
    // A case that is not as expected notices nothing.
    let (code, text) = run(&[]);
    assert!(text.contains(&format!("own.yaml:18:7: R-1: no case notices or to and: {require}\n")), "{text}");
    assert!(text.contains("mutants: of 2, 0 are noticed, 0 are proven equivalent, 2 are neither"), "{text}");
    assert_eq!(code, Some(1));
    let entry = |change: &str, of: &str| format!("      - {{ change: {change}, of: '{of}' }}\n");
    let changes = entry("or to and", require) + &entry("== to !=", "le_profile.lei   == manifest.lei");
    let entries = format!("equivalent:\n  - file: own.yaml\n    in: R-1\n    why: w\n    changes:\n{changes}");
    std::fs::write(policies.join("equivalent-mutants.yaml"), entries).unwrap();
    let (_, text) = run(&[]);
    assert!(text.contains("mutants: of 2, 0 are noticed, 2 are proven equivalent, 0 are neither"), "{text}");
    let twice = format!("equivalent:\n  - file: own.yaml\n    in: R-1\n    why: w\n    changes:\n{changes}{changes}");
    std::fs::write(policies.join("equivalent-mutants.yaml"), twice).unwrap();
    let (_, text) = run(&["--filter", "R-1"]);
    assert!(text.contains("equivalent-mutants.yaml:8: `"), "{text}");
    assert!(text.contains("` in R-1 (or to and) is listed twice\n"), "{text}");
}

/// A rule book of one rule.
fn book(to: &Path, require: &str, cases: &str) -> PathBuf {
    let policies = to.join("policies");
    std::fs::create_dir_all(policies.join("tables")).unwrap();
    let write = |name: &str, text: &str| std::fs::write(policies.join(name), text).unwrap();
    write("flows.yaml", "flows:\n  - { flow: le-unsolicited, title: t, packs: [p], needs: {} }\n");
    write(
        "profiles.yaml",
        "profiles:\n  - { profile: house, title: t, without: [], levels: {}, parameters: {}, warn_when: true }\n",
    );
    write(
        "tables/kinds.yaml",
        "table: known-id\ntitle: t\nsource: s\ncolumns: { name: text, to: date }\nrows:\n  - { name: old }\n",
    );
    write(
        "own.yaml",
        &format!(
            "document: own\ntitle: t\nprecedence: house\nversions:\n  - {{ version: v1, from: 2026-01-01 }}\n\
             definitions:\n  - define: \"both(a: bool, b: bool)\"\n    as: a and b\n\
             rules:\n  - id: R-1\n    title: t\n    source: {{ section: '1' }}\n    strength: MUST\n    level: block\n    \
             packs: [p]\n    stage: evidence\n    require: >-\n      {require}\n    message: m\n    help: h\n"
        ),
    );
    write("own.cases.yaml", &format!("document: own\ncases:\n{cases}"));
    policies
}

/// What `policy test --coverage` says of such a rule book.
fn tried(require: &str, cases: &str) -> String {
    let scratch = tempfile::tempdir().unwrap();
    let policies = book(scratch.path(), require, cases);
    let fixtures = root().join("fixtures");
    let arguments = ["--coverage", "--filter", "R-1", "--fixtures"];
    let output = countersign().args(["policy", "test"]).arg(policies).args(arguments).arg(fixtures).output().unwrap();
    utf8(&output.stdout) + &utf8(&output.stderr)
}

#[test]
fn a_condition_that_no_case_tries_is_listed() {
    let cases = "  - { name: n, fixture: b0, expect: { R-1: pass } }\n";
    let text = tried("le_profile.lei == manifest.lei or le_profile.sole_employee", cases);
    assert!(text.contains("own.yaml:18:7: never false: le_profile.lei == manifest.lei\n"), "{text}");
    assert!(text.contains("own.yaml:18:41: never true and never false: le_profile.sole_employee\n"), "{text}");
    assert!(text.contains("coverage: 3 conditions of R-1 were not both true and false"), "{text}");
}

#[test]
fn an_argument_of_a_definition_is_a_condition() {
    let cases = "  - { name: n, fixture: b0, expect: { R-1: fail } }\n";
    let text = tried("both(not le_profile.sole_employee, le_profile.sole_signatory)", cases);
    assert!(text.contains("never true: le_profile.sole_employee\n"), "{text}");
    assert!(text.contains("never true: le_profile.sole_signatory\n"), "{text}");
}

#[test]
fn only_answers_that_a_condition_can_give_are_asked_for() {
    let cases = "  - { name: n, fixture: b0, expect: { R-1: pass } }\n";
    let text = tried("has manifest.flow and (le_profile.lei == manifest.lei or unproven())", cases);
    assert!(text.contains("own.yaml:18:30: never false: le_profile.lei == manifest.lei\n"), "{text}");
    assert!(text.contains("coverage: 1 condition of R-1 was not both true and false"), "{text}");
}

#[test]
fn a_case_adds_rows_to_a_table() {
    let require =
        "some k in known_ids where k.name == \"new\" satisfies le_profile.attested_at <= as_of and k.to == 2026-01-31";
    let case = |rows: &str, outcome: &str| {
        tried(require, &format!("  - {{ name: n, fixture: b0, tables: {rows}, expect: {{ R-1: {outcome} }} }}\n"))
    };
    let text = case("{ known-id: [{ name: new, to: 2026-01-31 }] }", "pass");
    assert!(text.contains("1 cases, 1 as expected"), "{text}");
    let text = case("{ known-id: [{ name: other, to: 2026-01-31 }] }", "fail");
    assert!(text.contains("1 cases, 1 as expected"), "{text}");
    let text = case("{ known-id: [{ nome: new }] }", "pass");
    assert!(text.contains("table `known-id` has no column `nome`"), "{text}");
    let text = case("{ unknown-id: [{ name: new }] }", "pass");
    assert!(text.contains("there is no table `unknown-id`"), "{text}");
    let text = case("{ known-id: [{ name: new, to: soon }] }", "pass");
    assert!(text.contains("cell `to` of table `known-id`: `soon` is not a date"), "{text}");
}

#[test]
fn shipped_policies_are_in_canonical_form() {
    let output = countersign().args(["policy", "fmt", "policies", "--check"]).output().unwrap();
    assert!(output.status.success(), "{}{}", utf8(&output.stdout), utf8(&output.stderr));
}

#[test]
fn no_cases_are_a_failure() {
    let scratch = tempfile::tempdir().unwrap();
    let policies = copy(scratch.path());
    for entry in std::fs::read_dir(policies.join("vlei-egf")).unwrap() {
        let path = entry.unwrap().path();
        if path.to_string_lossy().ends_with(".cases.yaml") {
            std::fs::remove_file(path).unwrap();
        }
    }
    let fixtures = root().join("fixtures");
    let run = |arguments: &[&str]| {
        countersign()
            .args(["policy", "test"])
            .arg(&policies)
            .arg("--fixtures")
            .arg(&fixtures)
            .args(arguments)
            .output()
            .unwrap()
    };
    let output = run(&[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(utf8(&output.stdout).contains("0 cases"), "{}", utf8(&output.stdout));
    assert!(utf8(&output.stdout).contains("has no case that shows it pass, fail, indeterminate"));
    assert_eq!(run(&["--filter", "nothing is called so"]).status.code(), Some(1));
}

#[test]
fn a_wrong_expectation_names_file_line_and_outcome() {
    let scratch = tempfile::tempdir().unwrap();
    let policies = copy(scratch.path());
    let path = policies.join("vlei-egf/gate.cases.yaml");
    std::fs::write(
        &path,
        "document: gate\ncases:\n  - name: the reference case cannot fail\n    fixture: b0\n    expect: { GATE-5: fail }\n  \
         - name: nobody laid this out\n    fixture: b1\n    expect: { GATE-5: pass }\n",
    )
    .unwrap();
    let output = countersign()
        .args(["policy", "test"])
        .arg(&policies)
        .arg("--fixtures")
        .arg(root().join("fixtures"))
        .args(["--filter", "GATE-5"])
        .output()
        .unwrap();
    let text = utf8(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(
        text.contains("vlei-egf/gate.cases.yaml:3: the reference case cannot fail\n  GATE-5 is pass, expected fail"),
        "{text}"
    );
    assert!(text.contains("there is no fixture `b1`"), "{text}");
}

#[test]
fn a_case_file_that_cannot_be_read_ends_the_run() {
    let scratch = tempfile::tempdir().unwrap();
    let policies = copy(scratch.path());
    std::fs::write(policies.join("vlei-egf/gate.cases.yaml"), "document: gate\ncases: [}\n").unwrap();
    let output = countersign().args(["policy", "test"]).arg(&policies).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(utf8(&output.stderr).contains("gate.cases.yaml"), "{}", utf8(&output.stderr));
}

fn utf8(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}
