//! Any text as an expression: parsed, printed, checked, and evaluated over records.

use std::collections::BTreeMap;
use std::path::Path;

use countersign::bundle::{Limits, Snapshot};
use countersign::check;
use countersign::compile::compile;
use countersign::compile::program::Stage;
use countersign::evaluate::outcome::Outcome;
use countersign::expr::{self, print};
use countersign::facts::schema::FactSchema;
use countersign::policy;
use countersign::report::json;
use countersign::source::Source;
use countersign::trust::Trust;

use super::judge;

/// A program of one rule; its condition follows.
const POLICY: &str = "document: test
title: a document
precedence: framework
versions:
  - { version: v1, from: 2020-01-01 }
rules:
  - id: TEST-1
    title: it holds
    source: { section: '1' }
    strength: MUST
    level: block
    packs: [pack]
    stage: evidence
    help: mend it
    require: |-
";
const FLOWS: &str = "flows:\n  - { flow: le-unsolicited, title: a flow, packs: [pack], needs: {} }\n";
const PROFILES: &str =
    "profiles:\n  - { profile: house, title: all, without: [], levels: {}, parameters: {}, warn_when: true }\n";

pub struct Target {
    schema: FactSchema,
    snapshot: Snapshot,
    trust: Trust,
}

/// Every expression of the conformance suite.
pub fn seeds(root: &Path) -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for entry in std::fs::read_dir(root.join("tests/conformance/expr")).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        let source = Source::new("cases.yaml", text);
        let Ok(tree) = policy::yaml::read(&source) else { continue };
        collect(&tree.root.to_json(), &mut seeds);
    }
    seeds.sort();
    seeds.dedup();
    seeds
}

fn collect(value: &serde_json::Value, seeds: &mut Vec<Vec<u8>>) {
    match value {
        serde_json::Value::Object(members) => {
            for (name, value) in members {
                match value.as_str().filter(|text| name == "expr" && text.len() < 4096) {
                    Some(text) => seeds.push(text.as_bytes().to_vec()),
                    None => collect(value, seeds),
                }
            }
        }
        serde_json::Value::Array(items) => items.iter().for_each(|item| collect(item, seeds)),
        _ => {}
    }
}

impl Target {
    pub fn new(root: &Path) -> Self {
        let all = judge::case(root).to_files();
        let read =
            |path: &String| path.ends_with("manifest.json") || path.contains("records/") && !path.contains("sig");
        let files: BTreeMap<_, _> = all.into_iter().filter(|(path, _)| read(path)).collect();
        Self {
            schema: FactSchema::embedded(),
            snapshot: Snapshot::from_files(files, &Limits::STANDARD),
            trust: judge::trust(root),
        }
    }

    pub fn run(&self, data: &[u8]) {
        let Ok(text) = std::str::from_utf8(data) else { return };
        self.others(text);
        let tree = match expr::parse(text) {
            Ok(tree) => tree,
            Err(errors) => {
                assert!(!errors.is_empty(), "refused without a reason: {text:?}");
                return;
            }
        };
        let printed = print::print(&tree);
        let again = expr::parse(&printed).unwrap_or_else(|errors| panic!("{printed:?}: {errors:?}"));
        assert_eq!(print::print(&again), printed);
        // Of one that cannot stand in a file of policies as it was written, only what is printed has an outcome.
        if let (Some(written), Some(printed)) = (self.evaluate(text), self.evaluate(&printed)) {
            assert_eq!(written, printed, "{text:?}");
        }
    }

    /// The other things that are written in expressions' grammar.
    fn others(&self, text: &str) {
        if let Ok(binding) = expr::parse_binding(text) {
            let printed = print::print_binding(&binding);
            assert_eq!(print::print_binding(&expr::parse_binding(&printed).unwrap()), printed);
        }
        if let Ok(signature) = expr::parse_definition(text) {
            let printed = print::print_signature(&signature);
            assert_eq!(print::print_signature(&expr::parse_definition(&printed).unwrap()), printed);
        }
        if let Ok(type_) = expr::parse_type(text) {
            let printed = print::print_type(&type_);
            assert_eq!(print::print_type(&expr::parse_type(&printed).unwrap()), printed);
        }
        if let Ok(parts) = expr::parse_message(text) {
            let printed = print::print_message(&parts);
            assert_eq!(print::print_message(&expr::parse_message(&printed).unwrap()), printed);
        }
        let _ = expr::parse_literal(text);
    }

    /// The outcome as a rule's condition, and how many findings there are; the same however often it is judged.
    fn evaluate(&self, condition: &str) -> Option<(Outcome, usize)> {
        let indented: String = condition.lines().map(|line| format!("      {line}\n")).collect();
        let files = vec![
            Source::new("flows.yaml", FLOWS),
            Source::new("profiles.yaml", PROFILES),
            Source::new("test.yaml", format!("{POLICY}{indented}")),
        ];
        let (set, problems) = policy::load(files);
        // A condition that YAML does not carry as it is, such as one with control characters, is refused there.
        if !problems.is_empty() {
            return None;
        }
        let program = compile(&set, self.schema.clone()).ok()?;
        let options = judge::options("2026-03-20T15:00:00Z", Stage::Evidence, None);
        let judged = || check::check(&program, &self.snapshot, &self.trust, None, &options).unwrap();
        let report = judged();
        assert_eq!(json::render(&report), json::render(&judged()));
        let result = report.content().results.first()?;
        Some((result.outcome, result.findings.len()))
    }
}
