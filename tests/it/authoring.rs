//! `policy new`, `policy export` and `policy schema`, as a governance person runs them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::Command;

const FLOWS: &str = "flows:\n  - { flow: le-unsolicited, title: t, packs: [p, q] }\n";
const DOCUMENT: &str = r#"document: house-book
title: the book of the house
precedence: house

rules:
  # The first rule.
  - id: HB-1
    title: the manifest names an entity
    source: { section: "1" }
    strength: MUST
    level: block
    packs: [p]
    stage: evidence
    require: has manifest.lei
    message: the manifest names no entity
    help: seal the bundle again
"#;
const CASES: &str =
    "document: house-book\ncases:\n  - name: it names one\n    fixture: b0\n    expect: { HB-1: pass }\n";
const PENDING: &str = "pending:\n  - { id: HB-8, document: house-book, section: \"8\", pack: q, stage: evidence, \
    waits_for: keri, why: it needs a log }\n";
const EXTERNAL: &str = "external:\n  - id: HB-9\n    document: house-book\n    section: \"9\"\n    pack: q\n    \
    strength: MAY\n    why: >-\n      one two three four five six seven eight nine ten eleven twelve thirteen fourteen\n      \
    fifteen sixteen seventeen eighteen nineteen twenty\n";

struct Run {
    status: Option<i32>,
    stdout: String,
    stderr: String,
}

fn run(folder: &Path, arguments: &[&str]) -> Run {
    let output = Command::cargo_bin("countersign")
        .unwrap()
        .current_dir(folder)
        .env("LC_ALL", "C.UTF-8")
        .env_remove("NO_COLOR")
        .env_remove("COLUMNS")
        .args(arguments)
        .output()
        .unwrap();
    let utf8 = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Run { status: output.status.code(), stdout: utf8(output.stdout), stderr: utf8(output.stderr) }
}

/// A small rule book in `policies`.
fn book() -> tempfile::TempDir {
    let scratch = tempfile::tempdir().unwrap();
    let policies = scratch.path().join("policies");
    fs::create_dir_all(policies.join("books")).unwrap();
    for (name, text) in [
        ("flows.yaml", FLOWS),
        ("books/house-book.yaml", DOCUMENT),
        ("books/house-book.cases.yaml", CASES),
        ("pending.yaml", PENDING),
        ("external.yaml", EXTERNAL),
    ] {
        fs::write(policies.join(name), text).unwrap();
    }
    scratch
}

/// Every file below a folder and what it holds.
fn files(folder: &Path) -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            let text = fs::read_to_string(&path).unwrap();
            found.insert(path, text);
        }
    }
    found
}

#[test]
fn what_is_begun_is_canonical_and_sound_and_finds_its_schema() {
    let scratch = book();
    let folder = scratch.path();
    let document = run(folder, &["policy", "new", "document", "acme", "--title", "Acme: a \"procedure\""]);
    assert_eq!(document.status, Some(0), "{}", document.stderr);
    for name in ["acme.yaml", "acme.cases.yaml"] {
        let path = folder.join("policies/books").join(name);
        assert!(document.stdout.contains(&format!("wrote policies/books/{name}")), "{}", document.stdout);
        let text = fs::read_to_string(&path).unwrap();
        let schema = text.lines().next().unwrap().strip_prefix("# yaml-language-server: $schema=").unwrap();
        let schema = fs::read_to_string(path.parent().unwrap().join(schema)).unwrap();
        serde_json::from_str::<serde_json::Value>(&schema).unwrap();
    }
    for stage in ["evidence", "closing"] {
        let id = format!("ACME-1.{stage}");
        let arguments = ["policy", "new", "rule", &id, "--document", "acme", "--section", "1", "--pack", "q"];
        let rule = run(folder, &[&arguments[..], &["--stage", stage, "--title", "it: #1 holds"]].concat());
        assert_eq!(rule.status, Some(0), "{}", rule.stderr);
        let place = rule.stdout.split("added rule ").nth(1).unwrap().split(" in ").nth(1).unwrap();
        let (path, line) = place.lines().next().unwrap().rsplit_once(':').unwrap();
        let text = fs::read_to_string(folder.join(path)).unwrap();
        let line = text.lines().nth(line.parse::<usize>().unwrap() - 1).unwrap();
        assert!(line.contains(&id), "{line}");
    }
    let between = ["policy", "new", "rule", "HB-1.a", "--document", "house-book", "--section", "1.a", "--pack", "p"];
    let between = run(folder, &[&between[..], &["--after", "HB-1"]].concat());
    assert_eq!(between.status, Some(0), "{}", between.stderr);
    let check = run(folder, &["policy", "check"]);
    assert!(check.status == Some(0) && check.stdout.contains("4 rules"), "{}{}", check.stdout, check.stderr);
    let format = run(folder, &["policy", "fmt", "--check"]);
    assert_eq!(format.status, Some(0), "{}", format.stdout);
    let text = fs::read_to_string(folder.join("policies/books/house-book.yaml")).unwrap();
    assert!(text.starts_with(DOCUMENT), "{text}");
}

#[test]
fn a_rule_that_is_not_finished_never_passes() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let scratch = book();
    let folder = scratch.path();
    let begin = |id: &str, level: &str| {
        let arguments = ["policy", "new", "rule", id, "--document", "house-book", "--section", "2", "--pack", "p"];
        let begun = run(folder, &[&arguments[..], &["--level", level]].concat());
        assert_eq!(begun.status, Some(0), "{}", begun.stderr);
    };
    let fixtures = root.join("fixtures");
    let (case, trust) = (fixtures.join("cases/b0"), fixtures.join("trust.json"));
    let check = || {
        let (case, trust) = (case.to_str().unwrap(), trust.to_str().unwrap());
        let run = run(
            folder,
            &["check", case, "--policies", "policies", "--trust", trust, "--as-of", "2026-03-20T15:00:00Z"],
        );
        (run.status, run.stdout)
    };
    fs::write(folder.join("policies/profiles.yaml"), "profiles:\n  - { profile: house, title: t, warn_when: true }\n")
        .unwrap();
    let (status, text) = check();
    assert_eq!(status, Some(0), "{text}");
    begin("HB-2", "warn");
    let (status, text) = check();
    assert!(status == Some(1) && text.contains("needs a waiver") && text.contains("HB-2"), "{text}");
    begin("HB-3", "block");
    let (status, text) = check();
    assert!(status == Some(1) && text.contains("not clean") && text.contains("not written yet"), "{text}");
    let test = run(folder, &["policy", "test", "--fixtures", fixtures.to_str().unwrap(), "--filter", "HB-3"]);
    assert_eq!(test.status, Some(1));
    assert!(test.stdout.contains("HB-3 is fail, expected pass: this rule is not written yet"), "{}", test.stdout);
    assert!(test.stdout.contains("HB-3 has no case that shows it pass, fail, indeterminate"), "{}", test.stdout);
}

#[test]
fn what_cannot_be_begun_is_refused_and_nothing_is_written() {
    let scratch = book();
    let folder = scratch.path();
    fs::create_dir_all(folder.join("fixtures/cases/b0")).unwrap();
    let before = files(folder);
    let document = |id: &'static str, title: &'static str| vec!["document", id, "--title", title];
    let rule = |id: &'static str, more: &[&'static str]| {
        let mut arguments = vec!["rule", id];
        for (option, value) in [("--document", "house-book"), ("--section", "2"), ("--pack", "p")] {
            if !more.contains(&option) {
                arguments.extend([option, value]);
            }
        }
        arguments.extend(more);
        arguments
    };
    let refused = [
        (document("house-book", "t"), "document_exists", "policies/books/house-book.yaml"),
        (document("House", "t"), "bad_id", "lower-case letters"),
        (document("../up", "t"), "bad_id", "lower-case letters"),
        (document("flows", "t"), "bad_id", "something else"),
        (document("pending-next", "t"), "bad_id", "something else"),
        (document("scenarios", "t"), "bad_id", "something else"),
        (document("definitions", "t"), "bad_id", "something else"),
        (document("null", "t"), "bad_id", "YAML reads"),
        (document("acme", "a\nb"), "not_one_line", "title"),
        (document("acme", " "), "not_one_line", "title"),
        (rule("HB-1", &[]), "rule_exists", "house-book.yaml:7"),
        (rule("hb-1", &[]), "rule_exists", "`HB-1`"),
        (rule("HB-8", &[]), "listed_without_rule", "pending.yaml:2"),
        (rule("HB-9", &[]), "listed_without_rule", "external.yaml:2"),
        (rule("2.a", &[]), "bad_id", "ACME-1.a"),
        (rule("HB", &[]), "bad_id", "ACME-1.a"),
        (rule("HB-2: x", &[]), "bad_id", "ACME-1.a"),
        (rule("HB-2", &["--document", "hose-book"]), "unknown_document", "house-book"),
        (rule("HB-2", &["--pack", "r"]), "unknown_pack", "packs: p, q"),
        (rule("HB-2", &["--after", "HB-7"]), "unknown_rule", "books/house-book.yaml"),
        (rule("HB-2", &["--section", ""]), "not_one_line", "section"),
        (rule("HB-2", &["--fixture", "b1"]), "no_fixture", "`b1`"),
        (rule("HB-2", &["--fixture", "../b0"]), "bad_id", "name of a folder"),
        (rule("HB-2", &["--level", "error"]), "", "possible values: block, warn, info"),
        (rule("HB-2", &["--policies", "elsewhere"]), "unreadable", "elsewhere"),
    ];
    for (arguments, code, text) in refused {
        let run = run(folder, &[&["policy", "new"], arguments.as_slice()].concat());
        assert_eq!(run.status, Some(2), "{arguments:?}");
        let said = run.stderr.split_whitespace().filter(|word| *word != "│").collect::<Vec<_>>().join(" ");
        assert!(said.contains(code) && said.contains(text), "{arguments:?}\n{}", run.stderr);
        assert!(files(folder) == before, "{arguments:?} wrote something");
    }
    // A folder with a problem is mended first.
    fs::write(folder.join("policies/books/other.yaml"), "document: other\ntitle: t\n").unwrap();
    let before = files(folder);
    for arguments in [document("acme", "t"), rule("HB-2", &[])] {
        let run = run(folder, &[&["policy", "new"], arguments.as_slice()].concat());
        assert_eq!(run.status, Some(2));
        assert!(run.stderr.contains("a policy file without `precedence`"), "{}", run.stderr);
        assert!(files(folder) == before);
    }
}

#[test]
fn the_rule_book_is_exported_as_it_is_and_only_once() {
    let scratch = tempfile::tempdir().unwrap();
    let export = run(scratch.path(), &["policy", "export", "rules/mine"]);
    assert_eq!(export.status, Some(0), "{}", export.stderr);
    for file in countersign::compile::shipped_files() {
        let written = fs::read_to_string(scratch.path().join("rules/mine").join(file.name())).unwrap();
        assert!(written == file.text(), "{}", file.name());
    }
    let check = run(scratch.path(), &["policy", "check", "rules/mine"]);
    let digest = countersign::compile::shipped().unwrap().digest.to_string();
    assert!(check.stdout.contains(&digest), "{}{}", check.stdout, check.stderr);
    let again = run(scratch.path(), &["policy", "export", "rules/mine"]);
    assert!(again.status == Some(2) && again.stderr.contains("is not replaced"), "{}", again.stderr);
}

#[test]
fn schemas_are_printed_as_they_are() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (word, name) in [
        ("policy", "policy"),
        ("cases", "policy-cases"),
        ("flows", "policy-flows"),
        ("profiles", "policy-profiles"),
        ("table", "policy-table"),
        ("pending", "policy-pending"),
        ("external", "policy-external"),
    ] {
        let printed = run(folder, &["policy", "schema", word]);
        let file = fs::read_to_string(folder.join(format!("schemas/{name}.schema.json"))).unwrap();
        assert!(printed.status == Some(0) && printed.stdout == file, "{word}");
    }
    assert_eq!(run(folder, &["policy", "schema", "trust"]).status, Some(2));
}

#[test]
fn a_requirement_that_no_evidence_decides_is_explained() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let program = countersign::compile::shipped().unwrap();
    let external = program.external.first().unwrap();
    let explained = run(folder, &["explain", &external.id.to_lowercase()]);
    assert_eq!(explained.status, Some(0), "{}", explained.stderr);
    let words = explained.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("no evidence of a case decides it"), "{words}");
    assert!(words.contains(&external.why.split_whitespace().collect::<Vec<_>>().join(" ")), "{words}");
}

/// Whatever the profile is called: what it says of itself holds for every rule.
#[test]
fn profiles_do_what_their_titles_say() {
    use countersign::compile::program::{Level, Stage, Strength};
    use countersign::evaluate::select::level;
    let program = countersign::compile::shipped().unwrap();
    let profile = |id: &str| program.profiles.iter().find(|profile| profile.id == id).unwrap();
    let (house, strict, audit) = (profile("house"), profile("egf-strict"), profile("audit"));
    let index = |at: usize| countersign::compile::program::RuleIndex(at as u32);
    let mut raised = 0;
    for (at, rule) in program.rules.iter().enumerate() {
        let out = strict.without_documents.contains(&rule.document);
        let is_house = program.documents[rule.document.0 as usize].path.contains("provenant-le-procedure");
        assert_eq!(out, is_house, "{}", rule.id);
        if matches!(rule.strength, Strength::Must | Strength::MustNot | Strength::Shall) {
            assert_eq!(level(program, strict, index(at)), Level::Block, "{}", rule.id);
            raised += usize::from(rule.level != Level::Block);
        } else {
            assert_eq!(level(program, strict, index(at)), rule.level, "{}", rule.id);
        }
        for usual in [house, audit] {
            assert_eq!(level(program, usual, index(at)), rule.level, "{}", rule.id);
        }
    }
    assert!(raised > 20, "{raised}");
    assert!(house.without_documents.is_empty() && audit.without_documents.is_empty());
    assert!(house.warn_when && audit.warn_when && !strict.warn_when);
    assert_eq!([house.stage, strict.stage, audit.stage], [Stage::Evidence, Stage::Evidence, Stage::Closing]);
}
