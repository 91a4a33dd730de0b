//! Policy text to findings: what the evaluator says of the reference case, through the real compiler and
//! the real reader.

use std::path::Path;

use bumpalo::Bump;
use countersign::bundle::{Limits, Snapshot};
use countersign::collect::{RunFacts, collect};
use countersign::compile::compile;
use countersign::compile::program::{Level, Program, RuleIndex, Stage};
use countersign::evaluate::finding::{Evaluation, Place};
use countersign::evaluate::outcome::{Outcome, Verdict};
use countersign::evaluate::{Inputs, Question, Signing, evaluate, push_tables, select};
use countersign::facts::schema::FactSchema;
use countersign::policy;
use countersign::source::Source;
use countersign::trust::Trust;

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

/// The head of a policy file; rules follow.
const HEAD: &str = "document: test
title: a document
precedence: framework
versions:
  - { version: v1, from: 2020-01-01 }
parameters:
  max_age: { type: duration, default: 24h, description: oldest record }
definitions:
  - define: \"fresh(r: lei_record)\"
    as: r.fetched_at >= t_sign - max_age
rules:
";

/// A rule of the pack; `body` is its keys that decide it.
fn rule(id: &str, body: &str) -> String {
    format!(
        "  - id: {id}\n    title: {id} holds\n    source: {{ section: '1' }}\n    strength: MUST\n    level: block\n    \
         packs: [pack]\n    stage: evidence\n{body}    help: mend it\n"
    )
}

fn program(rules: &str) -> Program {
    let files = vec![
        Source::new("flows.yaml", FLOWS),
        Source::new("profiles.yaml", PROFILES),
        Source::new("test.yaml", format!("{HEAD}{rules}")),
    ];
    let (set, problems) = policy::load(files);
    assert!(problems.is_empty(), "{problems:?}");
    compile(&set, FactSchema::embedded()).unwrap_or_else(|problems| panic!("{problems:?}"))
}

/// Runs the rules on the reference case, and hands on what was found with the bytes it was found in.
fn on_b0(rules: &str, check: impl FnOnce(&Program, &Evaluation, &dyn Fn(&Place) -> String)) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let program = program(rules);
    let snapshot = Snapshot::read(&root.join("cases/b0"), &Limits::STANDARD).unwrap();
    let trust = Trust::parse(&std::fs::read(root.join("trust.json")).unwrap()).unwrap();
    let arena = Bump::new();
    let run = RunFacts { stage: "evidence", flow: "le-unsolicited", profile: "house", keri: None };
    let (mut facts, _) = collect(&snapshot, &arena, &program.schema, &program.layout, &trust, &run, None);
    push_tables(&program, &mut facts);
    let as_of = "2026-03-20T15:00:00Z".parse().unwrap();
    let profile = &program.profiles[0];
    let flows = ["le-unsolicited".to_owned()];
    let (stage, signing) = (Stage::Evidence, Signing::NotYet);
    let selection = select(&program, &Question { flows: &flows, packs: &[], profile, stage, as_of, signing });
    let inputs = Inputs {
        as_of,
        signing,
        selection: &selection,
        profile,
        parameters: &[],
        waivers: &[],
        bundle: snapshot.digest(),
    };
    let evaluation = evaluate(&program, &facts, &inputs);
    let shown = |place: &Place| {
        let file = snapshot.file(place.file);
        let bytes = &file.bytes().unwrap()[place.span.start as usize..place.span.end as usize];
        format!("{}: {}", file.path, String::from_utf8_lossy(bytes))
    };
    check(&program, &evaluation, &shown);
}

#[test]
fn each_element_that_fails_says_what_was_expected_and_shows_it() {
    let rules = rule(
        "R",
        "    for each: r in lei_records\n    require: r.body.data.attributes.registration.status in [\"LAPSED\"]\n    \
         message: \"{r.id} is {r.body.data.attributes.registration.status}\"\n",
    );
    on_b0(&rules, |program, evaluation, shown| {
        let result = &evaluation.results[0];
        assert_eq!((result.outcome, result.findings.len()), (Outcome::Fail, 3));
        let finding = &result.findings[0];
        let element = finding.element.as_ref().unwrap();
        assert_eq!(finding.message, format!("{} is ISSUED", element.label));
        let leaf = &finding.deciding[0];
        assert_eq!((leaf.expected.as_str(), leaf.actual.as_str()), ("one of LAPSED", "ISSUED"));
        assert!(shown(&leaf.places[0]).ends_with(".json: \"ISSUED\""), "{}", shown(&leaf.places[0]));
        let origin = &program.origins[leaf.op.0 as usize];
        let text = &program.documents[origin.document.0 as usize].text;
        let span = origin.span.start as usize..origin.span.end as usize;
        assert_eq!(&text[span], "r.body.data.attributes.registration.status in [\"LAPSED\"]");
        assert_eq!(evaluation.verdict, Verdict::NotClean);
    });
}

#[test]
fn a_definition_with_a_clock_bounds_the_run() {
    let rules = rule("R", "    require: some r in lei_records satisfies fresh(r)\n    message: stale\n")
        + &rule("S", "    require: as_of <= 2026-03-21T00:00:00Z and count(lei_records) == 3\n    message: late\n");
    on_b0(&rules, |_, evaluation, _| {
        let outcomes: Vec<_> = evaluation.results.iter().map(|result| result.outcome).collect();
        assert_eq!(outcomes, [Outcome::Fail, Outcome::Pass]);
        assert_eq!(evaluation.valid_until.unwrap().to_string(), "2026-03-21T00:00:00Z");
        let leaf = &evaluation.results[0].findings[0].deciding[0];
        assert_eq!(leaf.expected, "at least 2026-03-19T15:00:00Z (t_sign - 24h)");
    });
}

#[test]
fn a_record_that_is_not_there_is_named() {
    let rules = rule(
        "R",
        "    applies: le_profile.sole_employee or true\n    require: gleif_termination_notice.performed_at <= as_of\n    message: \"{gleif_termination_notice.id}\"\n",
    );
    on_b0(&rules, |_, evaluation, _| {
        let finding = &evaluation.results[0].findings[0];
        assert_eq!((finding.outcome, finding.level), (Outcome::Indeterminate, Level::Block));
        assert_eq!(finding.unknowns[0].wanted, "gleif_termination_notice.performed_at");
        assert_eq!(finding.message, "(missing)");
        assert_eq!(evaluation.verdict, Verdict::Indeterminate);
    });
}

#[test]
fn rules_that_repeat_and_rules_that_are_made_of_others_come_through_the_compiler() {
    let rules = rule("A", "    require: count(lei_records) == 9\n    message: no nine\n")
        + &rule("B", "    same_as: A\n").replace("level: block", "level: info")
        + &rule("C", "    all_of: [A]\n");
    on_b0(&rules, |_, evaluation, _| {
        let shape: Vec<_> =
            evaluation.results.iter().map(|result| (result.rule, result.outcome, result.aliases.clone())).collect();
        let expected = [(RuleIndex(0), Outcome::Fail, vec![RuleIndex(1)]), (RuleIndex(2), Outcome::Fail, vec![])];
        assert_eq!(shape, expected);
        assert_eq!(evaluation.results[0].findings[0].deciding[0].expected, "9 as count(lei_records)");
    });
}
