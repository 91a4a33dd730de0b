//! Rules over verified facts, from policy text to report.

use countersign::bundle::{Form, Limits, Snapshot};
use countersign::check::{self, Options};
use countersign::compile::compile;
use countersign::compile::program::{Program, Stage};
use countersign::evaluate::outcome::Outcome;
use countersign::facts::schema::FactSchema;
use countersign::keri::signature::Memory;
use countersign::policy;
use countersign::report::ReportDocument;
use countersign::source::Source;
use countersign::trust::Trust;

use super::facts::*;
use crate::fixture::options;

const FLOWS: &str = "
flows:
  - flow: le-unsolicited
    title: a flow
    packs: [pack]
    needs: {}
";

const PROFILES: &str = "
profiles:
  - profile: house
    title: all
    without: []
    levels: {}
    parameters: {}
    warn_when: true
";

const HEAD: &str = "document: test
title: a document
precedence: framework
versions:
  - { version: v1, from: 2020-01-01 }
rules:
";

/// A rule for each condition, with its stage: `R-0`, `R-1`, …
fn program(rules: &[(&str, &str)]) -> Program {
    let mut text = HEAD.to_owned();
    for (at, (stage, require)) in rules.iter().enumerate() {
        text += &format!(
            "  - id: R-{at}\n    title: it holds\n    source: {{ section: '{at}' }}\n    strength: MUST\n    level: \
             block\n    packs: [pack]\n    stage: {stage}\n    require: >-\n      {require}\n    message: not so\n    \
             help: mend it\n"
        );
    }
    let files =
        vec![Source::new("flows.yaml", FLOWS), Source::new("profiles.yaml", PROFILES), Source::new("test.yaml", text)];
    let (set, problems) = policy::load(files);
    assert!(problems.is_empty(), "{problems:?}");
    compile(&set, FactSchema::embedded()).unwrap_or_else(|problems| panic!("{problems:?}"))
}

fn report(
    program: &Program,
    files: Files,
    form: Form,
    stage: Stage,
    memory: Option<&std::sync::Arc<Memory>>,
) -> ReportDocument {
    let snapshot = Snapshot::from_files(files, &Limits::STANDARD);
    let snapshot = if form == Form::Bundle { snapshot.as_bundle() } else { snapshot };
    let trust = Trust::parse(&std::fs::read(root().join("fixtures/trust.json")).unwrap()).unwrap();
    let options = Options { memory: memory.cloned(), ..options("2026-03-20T15:05:00Z", stage) };
    check::check(program, &snapshot, &trust, None, &options).unwrap().document().clone()
}

fn outcomes(document: &ReportDocument) -> Vec<(&str, Outcome)> {
    document.results.iter().map(|result| (result.rule.as_str(), result.outcome)).collect()
}

#[test]
fn what_is_decided_about_a_bundle_alone_is_not_yet_due() {
    let program = program(&[
        ("evidence", "every c in acdcs satisfies c.chain == \"valid\""),
        ("proposal", "some c in acdcs satisfies c.origin == \"draft\""),
        ("closing", "some c in acdcs satisfies c.type == \"LE\" and c.status == \"issued\""),
    ]);
    let mut bundle = b0();
    bundle.retain(|path, _| path.starts_with("bundle/"));
    let alone = report(&program, bundle, Form::Bundle, Stage::Closing, None);
    assert_eq!(outcomes(&alone), [("R-0", Outcome::Pass)]);
    assert_eq!(alone.not_yet_due, ["R-1", "R-2"]);
    let case = report(&program, b0(), Form::Case, Stage::Closing, None);
    assert!(outcomes(&case).iter().all(|(_, outcome)| *outcome == Outcome::Pass), "{:?}", outcomes(&case));
}

#[test]
fn nothing_sealed_after_the_signing_is_read_before_closing() {
    let program = program(&[("evidence", "no e in exns satisfies e.route == \"/ipex/grant\"")]);
    let proposal = report(&program, b0(), Form::Case, Stage::Proposal, None);
    assert_eq!(outcomes(&proposal), [("R-0", Outcome::Pass)]);
    let closing = report(&program, b0(), Form::Case, Stage::Closing, None);
    assert_eq!(outcomes(&closing), [("R-0", Outcome::Fail)]);
}

#[test]
fn signatures_are_verified_where_a_rule_reads_them_and_once_a_run() {
    let memory = std::sync::Arc::new(Memory::new());
    let quiet = program(&[("evidence", "exists p in issuance_plans")]);
    report(&quiet, b0(), Form::Case, Stage::Proposal, Some(&memory));
    assert!(memory.is_empty());
    let reading = program(&[("evidence", "every r in records where r.signed satisfies r.signed_fully")]);
    let first = report(&reading, b0(), Form::Case, Stage::Proposal, Some(&memory));
    assert_eq!(outcomes(&first), [("R-0", Outcome::Pass)]);
    let known = memory.len();
    assert!(known > 100, "{known}");
    // A population that is only counted is read as well.
    let counting = program(&[("evidence", "count(keri_findings) == 0"), ("evidence", "count(key_states) == 15")]);
    let second = report(&counting, b0(), Form::Case, Stage::Proposal, Some(&memory));
    assert!(outcomes(&second).iter().all(|(_, outcome)| *outcome == Outcome::Pass), "{:?}", outcomes(&second));
    assert_eq!(memory.len(), known);
}

#[test]
fn a_finding_points_into_its_stream() {
    let program = program(&[("evidence", "no f in keri_findings (or none) satisfies f.weight == \"invalid\"")]);
    let path = "bundle/streams/response-a.cesr";
    let files = changed(path, |bytes| {
        let at = bytes.len() - 20;
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
    });
    let document = report(&program, files, Form::Case, Stage::Evidence, None);
    assert_eq!(outcomes(&document), [("R-0", Outcome::Fail)]);
    let text = serde_json::to_string(&document.results).unwrap();
    assert!(text.contains(path), "{text}");
}
