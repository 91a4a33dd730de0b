//! `schemas/policy*.schema.json`: what editors complete and check by, beside the reader of policies.

use std::collections::BTreeSet;
use std::path::Path;

use countersign::policy::vocabulary::{mappings, words, words_of};
use countersign::policy::{self, FileKind, file_kind, yaml};
use countersign::source::Source;
use jsonschema::Validator;
use serde_json::Value;

const FILES: &[(FileKind, &str)] = &[
    (FileKind::Policy, "policy"),
    (FileKind::Cases, "policy-cases"),
    (FileKind::Flows, "policy-flows"),
    (FileKind::Profiles, "policy-profiles"),
    (FileKind::Table, "policy-table"),
    (FileKind::Pending, "policy-pending"),
    (FileKind::External, "policy-external"),
    (FileKind::Equivalents, "policy-equivalents"),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn schema(kind: FileKind) -> Value {
    let (_, name) = FILES.iter().find(|(known, _)| *known == kind).unwrap();
    let text = std::fs::read_to_string(root().join(format!("schemas/{name}.schema.json"))).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn judge(kind: FileKind) -> Validator {
    jsonschema::options().should_validate_formats(true).build(&schema(kind)).unwrap()
}

fn as_json(name: &str, text: &str) -> Value {
    yaml::read(&Source::new(name, text)).unwrap().root.to_json()
}

fn complaints(judge: &Validator, value: &Value) -> Vec<String> {
    judge.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

#[test]
fn every_shipped_file_is_valid() {
    let judges: Vec<(FileKind, Validator)> = FILES.iter().map(|(kind, _)| (*kind, judge(*kind))).collect();
    let mut seen = BTreeSet::new();
    for file in countersign::compile::shipped_files() {
        let kind = file_kind(file.name());
        let (_, judge) = judges.iter().find(|(known, _)| *known == kind).unwrap();
        let found = complaints(judge, &as_json(file.name(), file.text()));
        assert!(found.is_empty(), "{}: {found:?}", file.name());
        seen.insert(format!("{kind:?}"));
    }
    // Nothing is pending in the shipped rule book.
    assert_eq!(seen.len(), FILES.len() - 1, "{seen:?}");
    assert!(!seen.contains("Pending"));
}

/// The mapping of a schema: the file itself, or one of its definitions.
fn mapping<'s>(schema: &'s Value, name: &str) -> &'s Value {
    if name.is_empty() { schema } else { &schema["$defs"][name] }
}

#[test]
fn schemas_and_reader_know_the_same_keys() {
    let mut named: BTreeSet<(String, String)> = BTreeSet::new();
    for known in mappings() {
        let schema = schema(known.file);
        let mapping = mapping(&schema, known.name);
        let keys: Vec<&str> = mapping["properties"].as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(keys, known.keys, "{:?} {}", known.file, known.name);
        assert_eq!(mapping["additionalProperties"], Value::Bool(false), "{:?} {}", known.file, known.name);
        named.insert((format!("{:?}", known.file), known.name.to_owned()));
    }
    // No mapping with keys of its own is known to the schema alone; `needs` has the words of stages for keys.
    for (kind, _) in FILES {
        for (name, definition) in schema(*kind)["$defs"].as_object().unwrap() {
            if definition["properties"].is_object() && name != "needs" {
                assert!(named.contains(&(format!("{kind:?}"), name.clone())), "{kind:?} {name}");
            }
        }
    }
    let needs = schema(FileKind::Flows)["$defs"]["needs"]["properties"].clone();
    let needs: Vec<&String> = needs.as_object().unwrap().keys().collect();
    assert_eq!(needs, words_of("stage"));
}

#[test]
fn every_key_is_described() {
    for known in mappings() {
        let schema = schema(known.file);
        let mapping = mapping(&schema, known.name);
        for (key, property) in mapping["properties"].as_object().unwrap() {
            let target = property["$ref"].as_str().and_then(|at| schema.pointer(at.trim_start_matches('#')));
            let described = [Some(property), target].into_iter().flatten().any(|at| at["description"].is_string());
            assert!(described, "{:?} {} {key}", known.file, known.name);
        }
        assert!(mapping["description"].is_string(), "{:?} {}", known.file, known.name);
    }
}

#[test]
fn schemas_and_reader_know_the_same_words() {
    let mut met = BTreeSet::new();
    for (kind, _) in FILES {
        enums(&schema(*kind), "", &mut |key, found| {
            let key = match key {
                "only" => "precedence",
                "levels" | "every_must" => "level",
                "expect" => "outcome",
                key => key,
            };
            assert_eq!(found, words_of(key), "{kind:?} {key}");
            met.insert(key.to_owned());
        });
    }
    let known: BTreeSet<String> = words().into_iter().map(|(key, _)| key.to_owned()).collect();
    assert_eq!(met, known);
}

/// Every `enum` below a value, with the property that it is about.
fn enums(value: &Value, key: &str, visit: &mut dyn FnMut(&str, Vec<&str>)) {
    let Value::Object(members) = value else {
        value.as_array().into_iter().flatten().for_each(|element| enums(element, key, visit));
        return;
    };
    for (name, member) in members {
        match name.as_str() {
            "enum" => visit(key, member.as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect()),
            "properties" => member.as_object().unwrap().iter().for_each(|(name, member)| enums(member, name, visit)),
            _ => enums(member, key, visit),
        }
    }
}

#[test]
fn the_reference_lists_the_keys_in_order() {
    let page = std::fs::read_to_string(root().join("docs/language.md")).unwrap();
    for (heading, name) in [("| key of a file | meaning |", ""), ("| key of a rule | meaning |", "rule")] {
        let table = page.split(heading).nth(1).unwrap().split("\n\n").next().unwrap();
        let first_cells = table.lines().filter(|line| line.starts_with("| `")).map(|line| line.split(" | ").next());
        let listed: Vec<&str> = first_cells.flat_map(|cell| cell.unwrap().split('`').skip(1).step_by(2)).collect();
        let known = mappings().into_iter().find(|known| known.file == FileKind::Policy && known.name == name);
        assert_eq!(listed, known.unwrap().keys, "{heading}");
    }
}

const POLICY: &str = r#"document: d
title: a document
precedence: house
versions:
  - { version: v1.4, from: 2025-04-16 }
parameters:
  longest: { type: days, default: 14 days, description: the longest time }
definitions:
  - define: named
    as: has manifest.lei
rules:
  - id: D-1
    title: it holds
    source: { section: 5.2, in_force_section: "5.3" }
    strength: MUST
    level: block
    packs: [p, q]
    stage: evidence
    in_force: { from: 2025-04-16, to: 2026-04-16 }
    for each: r in lei_records
    applies: named
    require: |
      named
    attested: named
    warn_when: named
    message: >-
      it does
      not hold
    help: |
      do this,
      then that
    conflict: [C01]
    notes: why
  - id: D-2
    title: the same
    source: { section: "5" }
    strength: MUST-NOT
    level: warn
    packs: [p]
    stage: closing
    same_as: D-1
  - id: D-3
    title: both
    source: { section: "6" }
    strength: INFO
    level: info
    packs: [p]
    stage: signature
    all_of: [D-1, D-2]
"#;

const CASES: &str = r##"document: d
cases:
  - name: one
    scenario: S001
    fixture: b0
    as_of: 2026-03-20T15:00:00+01:00
    stage: closing
    profile: house
    flow: le-unsolicited
    set: { longest: 10 days }
    patch:
      - set: records/a.json#/b
        to: null
      - set: records/a.json#
        to: { c: [1, true] }
        sign: false
      - remove: records/a.json
      - remove: records/a.json#/b#c
        relist: false
      - copy: records/a.json
        as: records/b.json
        change: { /id: b, /c/0: 1 }
      - add: raw/a.txt
        kind: document
        text: ""
      - add: records/c.json
        kind: attestation
        json: { id: c }
      - replace: ACME
        by: ""
        in: "**"
      - shift: -30 days
        in: records/*
      - shift: 7h30min
        in: decision/**
    expect: { D-1: pass, D-2: not-applicable }
    verdict: clean
    others_clean: true
  - name: two
    fixture: b0
    expect: { D-1: review }
"##;

const FLOWS: &str = "flows:\n  - { flow: f, title: t, packs: [p], needs: { evidence: [lei-record] } }\n";
const PROFILES: &str = "profiles:\n  - { profile: p, title: t, only: [framework], without: [d], every_must: block, \
    levels: { D-1: warn }, parameters: { longest: 3 days }, warn_when: true, stage: closing }\n";
const TABLE: &str =
    "table: pool\ntitle: t\nsource: s\ncolumns: { size: int, name: text }\nrows:\n  - { size: 5 }\n  - { name: a }\n";
const PENDING: &str = "pending:\n  - { id: P-1, document: d, section: 5.2, pack: p, stage: evidence, waits_for: keri, \
    why: it needs a log }\n";
const EXTERNAL: &str = "external:\n  - id: E-1\n    document: d\n    section: \"5\"\n    pack: p\n    strength: MAY\n    \
    why: >-\n      one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen\n      \
    sixteen seventeen eighteen nineteen twenty\n";

const SOUND: &[(&str, &str)] = &[
    ("d.yaml", POLICY),
    ("d.cases.yaml", CASES),
    ("flows.yaml", FLOWS),
    ("profiles.yaml", PROFILES),
    ("tables/pool.yaml", TABLE),
    ("pending.yaml", PENDING),
    ("external.yaml", EXTERNAL),
];

/// What is wrong with the shape of a file, as the reader says it.
fn refused(name: &str, text: &str) -> Vec<String> {
    let mut files = vec![Source::new(name, text)];
    if name == "d.cases.yaml" {
        files.push(Source::new("d.yaml", POLICY));
    }
    let (_, problems) = policy::load(files);
    problems.iter().map(|problem| format!("{}: {}", problem.code(), problem.message())).collect()
}

#[test]
fn what_is_sound_is_accepted_by_both() {
    for (name, text) in SOUND {
        assert_eq!(refused(name, text), Vec::<String>::new(), "{name}");
        let found = complaints(&judge(file_kind(name)), &as_json(name, text));
        assert!(found.is_empty(), "{name}: {found:?}");
    }
    let shared = "document: definitions\ntitle: t\nprecedence: gate\ndefinitions: []\n";
    assert_eq!(refused("definitions.yaml", shared), Vec::<String>::new());
    assert!(judge(FileKind::Policy).is_valid(&as_json("definitions.yaml", shared)));
}

/// File, a text of it, and what stands there instead.
const SPOILT: &[(&str, &str, &str)] = &[
    // Keys that do not exist.
    ("d.yaml", "precedence: house", "precedence: house\nauthor: me"),
    ("d.yaml", "    attested:", "    requires:"),
    ("d.yaml", "from: 2025-04-16 }\nparam", "since: 2025-04-16 }\nparam"),
    ("d.yaml", "description: the longest", "comment: the longest"),
    ("d.yaml", "    as: has", "    is: has"),
    ("d.yaml", "in_force_section: \"5.3\"", "clause: \"5.3\""),
    ("d.yaml", "to: 2026-04-16", "until: 2026-04-16"),
    // Keys that are missing.
    ("d.yaml", "title: a document\n", ""),
    ("d.yaml", "precedence: house\n", ""),
    ("d.yaml", "    title: it holds\n", ""),
    ("d.yaml", "    stage: closing\n", ""),
    ("d.yaml", "    source: { section: \"5\" }\n", ""),
    ("d.yaml", "section: 5.2, ", ""),
    ("d.yaml", "    help: |\n      do this,\n      then that\n", ""),
    ("d.yaml", "    same_as: D-1\n", ""),
    ("d.yaml", "type: days, ", ""),
    // Words that are none.
    ("d.yaml", "precedence: house", "precedence: home"),
    ("d.yaml", "strength: MUST\n", "strength: must\n"),
    ("d.yaml", "level: block", "level: error"),
    ("d.yaml", "stage: evidence", "stage: gate"),
    // Keys that exclude each other.
    ("d.yaml", "    same_as: D-1", "    same_as: D-1\n    require: named"),
    ("d.yaml", "    same_as: D-1", "    same_as: D-1\n    for each: r in lei_records"),
    ("d.yaml", "    all_of: [D-1, D-2]", "    all_of: [D-1, D-2]\n    same_as: D-1"),
    ("d.yaml", "    all_of: [D-1, D-2]", "    all_of: [D-1, D-2]\n    applies: named"),
    // Values of another shape.
    ("d.yaml", "packs: [p, q]", "packs: p"),
    ("d.yaml", "packs: [p, q]", "packs: []"),
    ("d.yaml", "packs: [p, q]", "packs: [p, p]"),
    ("d.yaml", "all_of: [D-1, D-2]", "all_of: []"),
    ("d.yaml", "title: it holds", "title:"),
    ("d.yaml", "title: it holds", "title: \"  \""),
    ("d.yaml", "title: it holds", "title: \"it\\nholds\""),
    ("d.yaml", "source: { section: \"5\" }", "source: \"5\""),
    ("d.yaml", "from: 2025-04-16, to", "from: spring, to"),
    ("d.yaml", "require: |\n      named", "require: [named]"),
    ("d.yaml", "  longest:", "  Longest-Time:"),
    ("d.cases.yaml", "document: d\n", ""),
    ("d.cases.yaml", "cases:", "tests:"),
    ("d.cases.yaml", "    fixture: b0\n    as_of", "    bundle: b0\n    as_of"),
    ("d.cases.yaml", "  - name: two\n    fixture: b0\n", "  - name: two\n"),
    ("d.cases.yaml", "    expect: { D-1: review }\n", ""),
    ("d.cases.yaml", "D-1: review", "D-1: passes"),
    ("d.cases.yaml", "verdict: clean", "verdict: ok"),
    ("d.cases.yaml", "stage: closing", "stage: close"),
    ("d.cases.yaml", "others_clean: true", "others_clean: maybe"),
    ("d.cases.yaml", "15:00:00+01:00", "15:00:00"),
    ("d.cases.yaml", "set: { longest: 10 days }", "set: [longest]"),
    ("d.cases.yaml", "        to: null\n", ""),
    ("d.cases.yaml", "set: records/a.json#/b", "set: records/a.json"),
    ("d.cases.yaml", "set: records/a.json#/b", "set: records/a.json#b"),
    ("d.cases.yaml", "remove: records/a.json\n", "remove: records/a.json\n        to: 1\n"),
    ("d.cases.yaml", "remove: records/a.json#/b#c", "delete: records/a.json"),
    ("d.cases.yaml", "        as: records/b.json\n", ""),
    ("d.cases.yaml", "{ /id: b", "{ id: b"),
    ("d.cases.yaml", "        text: \"\"\n", ""),
    ("d.cases.yaml", "        text: \"\"\n", "        text: \"\"\n        json: 1\n"),
    ("d.cases.yaml", "        text: \"\"\n", "        text: [a]\n"),
    ("d.cases.yaml", "        kind: document\n", ""),
    ("d.cases.yaml", "        by: \"\"\n", ""),
    ("d.cases.yaml", "        by: \"\"\n", "        by: [a]\n"),
    ("d.cases.yaml", "        in: \"**\"\n", ""),
    ("d.cases.yaml", "shift: -30 days", "shift: a month"),
    ("d.cases.yaml", "sign: false", "sign: never"),
    ("flows.yaml", "flow: f, ", ""),
    ("flows.yaml", "packs: [p]", "packs: []"),
    ("flows.yaml", "evidence:", "intake:"),
    ("flows.yaml", "title: t", "title: t, owner: me"),
    ("profiles.yaml", "warn_when: true, ", ""),
    ("profiles.yaml", "D-1: warn", "D-1: low"),
    ("profiles.yaml", "only: [framework]", "only: [law]"),
    ("profiles.yaml", "only: [framework]", "only: []"),
    ("profiles.yaml", "every_must: block", "every_must: always"),
    ("profiles.yaml", "stage: closing", "stage: end"),
    ("profiles.yaml", "without: [d]", "except: [d]"),
    ("tables/pool.yaml", "source: s\n", ""),
    ("tables/pool.yaml", "size: 5", "size: [5]"),
    ("tables/pool.yaml", "size: 5", "size: null"),
    ("tables/pool.yaml", "source: s", "source: s\nsorted: true"),
    ("pending.yaml", "waits_for: keri", "waits_for: time"),
    ("pending.yaml", "why: it needs a log", "because: it needs a log"),
    ("pending.yaml", "pack: p, ", ""),
    ("external.yaml", " nineteen twenty", " nineteen"),
    ("external.yaml", "strength: MAY", "strength: CAN"),
    ("external.yaml", "    pack: p\n", ""),
];

#[test]
fn what_the_reader_refuses_the_schema_refuses_too() {
    let judges: Vec<(FileKind, Validator)> = FILES.iter().map(|(kind, _)| (*kind, judge(*kind))).collect();
    let shape = [
        "ambiguous_scalar",
        "conflicting_keys",
        "duplicate_id",
        "empty",
        "invalid_time",
        "missing_key",
        "not_one_line",
        "reason_too_short",
        "shape",
        "unknown_key",
        "unknown_word",
    ];
    let mut accepted = Vec::new();
    for (name, text, instead) in SPOILT {
        let (_, sound) = SOUND.iter().find(|(known, _)| known == name).unwrap();
        assert!(sound.contains(text), "{name} has no {text:?}");
        let spoilt = sound.replacen(text, instead, 1);
        let problems = refused(name, &spoilt);
        let is_of_shape =
            |problem: &String| shape.iter().any(|code| problem.starts_with(&format!("countersign::policy::{code}:")));
        if !problems.iter().any(is_of_shape) {
            accepted.push(format!("the reader accepts {name} with {instead:?} for {text:?}: {problems:?}"));
        }
        let (_, judge) = judges.iter().find(|(kind, _)| *kind == file_kind(name)).unwrap();
        if judge.is_valid(&as_json(name, &spoilt)) {
            accepted.push(format!("the schema accepts {name} with {instead:?} for {text:?}"));
        }
    }
    assert!(accepted.is_empty(), "{}", accepted.join("\n"));
}
