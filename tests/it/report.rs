//! Renderings of reports: six runs, two widths, and the JSON Schema that describes them all.

mod browser;
mod commands;
mod exhibits;
mod formats;
pub mod readers;

use countersign::compile::program::{Level, Stage};
use countersign::evaluate::outcome::{FailOn, Outcome, Verdict};
use countersign::facts::Cause;
use countersign::primitives::Sha256;
use countersign::report::document::*;
use countersign::report::human::{self, Layout};
use countersign::report::{self, json};

fn digest(text: &str) -> Sha256 {
    Sha256::of(text.as_bytes())
}

fn policy(line: u32) -> PolicyPlace {
    PolicyPlace { path: "vlei-egf/le-framework.yaml".to_owned(), line, column: 14 }
}

fn document(verdict: Verdict) -> ReportDocument {
    ReportDocument {
        format: report::FORMAT.to_owned(),
        said: String::new(),
        judgement: digest(""),
        verdict,
        partial: false,
        run: Run {
            engine: "0.1.0".to_owned(),
            as_of: "2026-03-20T15:00:00Z".parse().unwrap(),
            signed_at: None,
            stage: Stage::Evidence,
            flows: vec!["le-unsolicited".to_owned()],
            profile: "house".to_owned(),
            packs: vec!["gate-core".to_owned(), "lei-status".to_owned()],
            fail_on: FailOn::Warn,
            bundle_id: "B0".to_owned(),
            bundle: Some(digest("manifest")),
            lei: Some("254900OPPU84GM83MG36".to_owned()),
            policy: digest("policy"),
            trust: digest("trust"),
            parameters: vec![ParameterEntry {
                name: "lei_record_max_age".to_owned(),
                value: "168h".to_owned(),
                set_by: "default".to_owned(),
                default: None,
            }],
        },
        summary: Summary { pass: 81, not_applicable: 12, not_yet_due: 9, ..Summary::default() },
        results: Vec::new(),
        not_yet_due: vec!["GATE-2".to_owned()],
        pending: Vec::new(),
        kinds: Vec::new(),
        waivers: Vec::new(),
        files: vec![FileEntry {
            path: "bundle/records/lei-record-r1.json".to_owned(),
            kind: "lei-record".to_owned(),
            sha256: Some(digest("r1")),
            size: 812,
            used_by: vec!["LE-6.3.1.b.2".to_owned()],
        }],
        valid_until: Some("2026-03-23T14:05:00Z".parse().unwrap()),
        chain: Vec::new(),
        steps: Vec::new(),
        proposal: None,
    }
}

fn result(rule: &str, title: &str, outcome: Outcome, findings: Vec<FindingEntry>) -> ResultEntry {
    ResultEntry {
        rule: rule.to_owned(),
        rule_digest: digest(rule),
        title: title.to_owned(),
        document: "le-framework".to_owned(),
        document_title: "Legal Entity vLEI Credential Framework".to_owned(),
        section: "6.3.1.b.2".to_owned(),
        in_force_section: Some("6.3.1.e".to_owned()),
        strength: "MUST".to_owned(),
        precedence: "framework".to_owned(),
        level: Level::Block,
        stage: Stage::Evidence,
        outcome,
        passed: 1,
        findings,
        same_as: Vec::new(),
        all_of: Vec::new(),
        policy: policy(41),
        help: "fetch a new LEI record once the registration is in good standing".to_owned(),
        conflict: Vec::new(),
    }
}

fn passing(rule: &str) -> ResultEntry {
    result(rule, "something holds", Outcome::Pass, Vec::new())
}

fn lapsed_place() -> EvidencePlace {
    EvidencePlace {
        path: "bundle/raw/lei-record-r1.json".to_owned(),
        sha256: Some(digest("body")),
        pointer: "/data/attributes/registration/status".to_owned(),
        line: 33,
        column: 19,
        excerpt: "        \"status\": \"LAPSED\",".to_owned(),
        mark: (18, 8),
    }
}

fn failing(level: Level, element: Option<&str>) -> FindingEntry {
    FindingEntry {
        outcome: Outcome::Fail,
        level,
        lowered: false,
        element: element.map(str::to_owned),
        message: format!("{}: registration status is LAPSED", element.unwrap_or("r1")),
        deciding: vec![DecidingEntry {
            expression: "r.body.data.attributes.registration.status in allowed_registration_statuses".to_owned(),
            policy: policy(43),
            expected: "one of ISSUED, PENDING_TRANSFER, PENDING_ARCHIVAL".to_owned(),
            actual: "LAPSED".to_owned(),
            evidence: vec![lapsed_place()],
        }],
        unknowns: Vec::new(),
        waiver: None,
        root_cause: None,
    }
}

fn unknown(kind: Option<&str>, cause: Cause, explanation: &str, evidence: Vec<EvidencePlace>) -> FindingEntry {
    FindingEntry {
        outcome: Outcome::Indeterminate,
        level: Level::Block,
        lowered: false,
        element: None,
        message: String::new(),
        deciding: Vec::new(),
        unknowns: vec![UnknownEntry {
            wanted: "issuance_plan.likely_issuance_date".to_owned(),
            cause,
            kind: kind.map(str::to_owned),
            explanation: explanation.to_owned(),
            policy: policy(80),
            evidence,
        }],
        waiver: None,
        root_cause: None,
    }
}

fn missing(kind: &str) -> FindingEntry {
    unknown(Some(kind), Cause::Missing, &format!("no record of kind `{kind}` is listed"), Vec::new())
}

fn kind(kind: &str, title: &str, listed: u32, waiting: &[&str]) -> KindEntry {
    KindEntry {
        kind: kind.to_owned(),
        title: title.to_owned(),
        area: "bundle".to_owned(),
        needed_at: Some(Stage::Evidence),
        listed,
        waiting: waiting.iter().map(|&rule| rule.to_owned()).collect(),
    }
}

fn clean() -> ReportDocument {
    let mut document = document(Verdict::Clean);
    document.results = vec![passing("LE-6.3.1.a"), passing("LE-6.3.1.b.1")];
    document.partial = true;
    document.pending = ["GATE-3", "LE-6.5.1", "LE-6.5.2"]
        .into_iter()
        .map(|requirement| PendingEntry {
            requirement: requirement.to_owned(),
            pack: "gate-core".to_owned(),
            waits_for: if requirement == "GATE-3" { "gate" } else { "keri" }.to_owned(),
        })
        .collect();
    document.summary.pending = 3;
    exhibits::in_order(&mut document);
    document
}

fn blocked() -> ReportDocument {
    let mut document = document(Verdict::NotClean);
    let mut second =
        result("PROV-1.c", "the record shows good standing", Outcome::Fail, vec![failing(Level::Block, None)]);
    second.document_title = "Provenant procedure".to_owned();
    let mut warned = result(
        "LE-6.3.2.c.v.2",
        "the representative was seen live within the last five days",
        Outcome::Fail,
        vec![FindingEntry {
            lowered: true,
            deciding: vec![DecidingEntry {
                expression: "days_between(session.start, as_of) <= 5".to_owned(),
                policy: policy(120),
                expected: "at most 5".to_owned(),
                actual: "6".to_owned(),
                evidence: Vec::new(),
            }],
            message: "the session is 6 days old".to_owned(),
            ..failing(Level::Warn, None)
        }],
    );
    warned.same_as = vec!["PROV-7.d".to_owned()];
    document.results = vec![
        result(
            "LE-6.3.1.b.2",
            "the LEI registration is in good standing on every saved record",
            Outcome::Fail,
            vec![failing(Level::Block, Some("lei-record-r1"))],
        ),
        second,
        warned,
        passing("LE-6.3.1.a"),
    ];
    document.summary = Summary { fail_block: 2, fail_warn: 1, ..document.summary };
    document.run.parameters[0].set_by = "command line".to_owned();
    document.run.parameters[0].value = "24h".to_owned();
    document.run.parameters[0].default = Some("168h".to_owned());
    exhibits::in_trouble(&mut document);
    document
}

fn indeterminate() -> ReportDocument {
    let mut document = document(Verdict::Indeterminate);
    let late = "bundle/records/session-1.json";
    let follows = |rule: &str| {
        let place = EvidencePlace {
            path: late.to_owned(),
            pointer: String::new(),
            excerpt: "{\"kind\": \"oobi-session\", \"kind\": \"x\"}".to_owned(),
            mark: (26, 6),
            line: 1,
            column: 27,
            sha256: None,
        };
        let mut finding = unknown(None, Cause::Unreadable, "the record is not strict JSON", vec![place]);
        finding.root_cause = Some("GATE-5".to_owned());
        result(rule, "something about the session", Outcome::Indeterminate, vec![finding])
    };
    let (first, second) = (follows("LE-6.3.4.a"), follows("LE-6.3.4.b"));
    document.results = vec![
        result("GATE-5", "every file of the case can be read", Outcome::Fail, vec![failing(Level::Warn, None)]),
        result("LE-9.1.2.b", "the plan names the day", Outcome::Indeterminate, vec![missing("issuance-plan")]),
        result("PROV-2.c", "the day lies ahead", Outcome::Indeterminate, vec![missing("issuance-plan")]),
        first,
        second,
        result(
            "LE-6.1.a",
            "the file is what it says",
            Outcome::Indeterminate,
            vec![unknown(
                None,
                Cause::Several,
                "2 records of kind `le-profile` are listed where one is expected",
                vec![lapsed_place()],
            )],
        ),
        passing("LE-6.3.1.a"),
    ];
    document.kinds = vec![kind("issuance-plan", "the likely day of issuance", 0, &["LE-9.1.2.b", "PROV-2.c"])];
    document.kinds[0].needed_at = None;
    document.summary = Summary { indeterminate: 5, fail_warn: 1, ..document.summary };
    document.valid_until = None;
    document
}

fn unfinished() -> ReportDocument {
    let mut document = document(Verdict::Indeterminate);
    let rules = ["LE-6.3.1.a", "LE-6.3.1.b.1", "LE-6.3.1.b.2", "PROV-1.a", "PROV-1.b", "PROV-1.c"];
    document.results =
        rules.iter().map(|rule| result(rule, "a title", Outcome::Indeterminate, vec![missing("lei-record")])).collect();
    document.results.push(result("PROV-2.a", "a title", Outcome::Indeterminate, vec![missing("issuance-plan")]));
    document.results.push(result("LE-6.3.2.a", "a title", Outcome::Indeterminate, vec![missing("ida-record")]));
    document.kinds = vec![
        kind("onboarding-request", "the dated request that starts the case", 1, &[]),
        kind("lei-record", "one call of the lei-records API, with its body", 0, &rules),
        kind("issuance-plan", "the likely day of issuance", 0, &["PROV-2.a"]),
        kind("ida-record", "one person, identity assured", 0, &["LE-6.3.2.a"]),
        kind("evidence-submission", "QAR1 hands the evidence to QAR2", 0, &[]),
    ];
    document.kinds[4].needed_at = Some(Stage::Proposal);
    document.kinds[4].area = "decision".to_owned();
    document.run.stage = Stage::Proposal;
    document.summary = Summary { pass: 4, indeterminate: 8, ..Summary::default() };
    document.valid_until = None;
    document
}

fn waived() -> ReportDocument {
    let mut document = document(Verdict::CleanWithWaivers);
    let finding = FindingEntry { waiver: Some("W-1".to_owned()), ..failing(Level::Warn, Some("lar-a")) };
    document.results = vec![result("LE-6.3.2.c.v.2", "a waivable thing", Outcome::Fail, vec![finding])];
    let waiver = |id: &str, state: &str| WaiverEntry {
        id: id.to_owned(),
        rule: "LE-6.3.2.c.v.2".to_owned(),
        element: "lar-a".to_owned(),
        reason: "the session was repeated by telephone".to_owned(),
        approved_by: vec!["OFF-1".to_owned()],
        expires: "2026-06-30T00:00:00Z".parse().unwrap(),
        state: state.to_owned(),
        level: Level::Info,
    };
    document.waivers = vec![waiver("W-1", "used"), waiver("W-2", "unused")];
    document.summary.waived = 1;
    document
}

fn many() -> ReportDocument {
    let mut document = document(Verdict::NotClean);
    let place = |index: u32| EvidencePlace { line: 100 + index, pointer: format!("/lars/{index}"), ..lapsed_place() };
    let finding = |index: u32| {
        let mut finding = failing(Level::Block, Some(&format!("lar-{index}")));
        finding.deciding[0].evidence = vec![place(index)];
        finding
    };
    document.results =
        vec![result("LE-6.3.2.a", "each representative is known", Outcome::Fail, (0..20).map(finding).collect())];
    // The same values again, under another clause.
    document.results.push(result("PROV-3.a", "each one once more", Outcome::Fail, (0..20).map(finding).collect()));
    for index in 100..155 {
        document.results.push(result(
            &format!("PROV-{index}"),
            "a step was taken",
            Outcome::Fail,
            vec![finding(index)],
        ));
    }
    document.summary.fail_block = 57;
    document
}

fn hostile() -> ReportDocument {
    let mut document = blocked();
    let evil = "\u{1b}]0;owned\u{7}\u{1b}[2J\u{202e}gpj.exe\u{2066}\r\n\u{9b}31m".repeat(40);
    document.run.bundle_id = evil.clone();
    document.run.lei = Some("$(rm -rf /)".to_owned());
    document.run.flows = vec![evil.clone()];
    for result in &mut document.results {
        for finding in &mut result.findings {
            finding.message = evil.clone();
            finding.element = Some(evil.clone());
            for deciding in &mut finding.deciding {
                deciding.actual = evil.clone();
                for place in &mut deciding.evidence {
                    place.excerpt = evil.clone();
                    place.path = evil.clone();
                    place.mark = (3, 500);
                }
            }
        }
    }
    document.results.push(result("LE-1", "x", Outcome::Indeterminate, vec![missing("lei-record")]));
    document
}

fn runs() -> Vec<(&'static str, ReportDocument)> {
    vec![
        ("clean", clean()),
        ("failing", blocked()),
        ("indeterminate", indeterminate()),
        ("unfinished", unfinished()),
        ("waived", waived()),
        ("many", many()),
    ]
}

fn layout(width: usize) -> Layout {
    Layout { width, unicode: true, all: false, case_path: "cases/b0".to_owned() }
}

fn plain(document: &ReportDocument, layout: &Layout) -> String {
    anstream::adapter::strip_str(&human::render(document, layout)).to_string()
}

#[test]
fn six_runs_at_two_widths() {
    for (name, document) in runs() {
        for width in [80, 50] {
            insta::assert_snapshot!(format!("{name}_{width}"), plain(&document, &layout(width)));
        }
    }
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    for (name, document) in runs().into_iter().chain([("hostile", hostile())]) {
        for width in (40..=120).step_by(8) {
            for unicode in [true, false] {
                for all in [true, false] {
                    let text = plain(&document, &Layout { unicode, all, ..layout(width) });
                    for line in text.lines() {
                        let columns = unicode_width::UnicodeWidthStr::width(line);
                        assert!(columns <= width, "{name} at {width}: {columns} columns: {line}");
                        assert!(unicode || line.is_ascii(), "{name}: {line}");
                    }
                }
            }
        }
    }
}

#[test]
fn evidence_cannot_steer_the_terminal_or_the_shell() {
    let text = plain(&hostile(), &layout(80));
    assert!(!text.chars().any(|c| c != '\n' && (c.is_control() || c == '\u{202e}' || c == '\u{2066}')), "{text}");
    assert!(text.contains("countersign lei fetch LEI --into"), "{text}");
    assert!(text.lines().count() < 200, "{}", text.lines().count());
    let spaced = Layout { case_path: "my case's/b0".to_owned(), ..layout(120) };
    assert!(plain(&hostile(), &spaced).contains("--into 'my case'\\''s/b0'"));
}

#[test]
fn fifty_failures_fit_a_screen_or_three_and_all_shows_each() {
    let document = many();
    let short = plain(&document, &layout(80));
    assert!(short.lines().count() < 160, "{} lines", short.lines().count());
    let all = plain(&document, &Layout { all: true, ..layout(80) });
    for result in &document.results {
        assert!(all.contains(&result.rule));
        for finding in &result.findings {
            let place = &finding.deciding[0].evidence[0];
            assert!(all.contains(&format!("json:{}:{}", place.line, place.column)), "{}", place.line);
        }
    }
}

#[test]
fn every_run_fits_the_schema_and_reads_back() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let schema = std::fs::read_to_string(root.join("schemas/report.schema.json")).unwrap();
    let validator = jsonschema::validator_for(&serde_json::from_str(&schema).unwrap()).unwrap();
    for (name, mut document) in runs().into_iter().chain([("hostile", hostile())]) {
        document.said = report::said(&document);
        document.judgement = report::judgement(&document);
        let value = serde_json::to_value(&document).unwrap();
        let problems: Vec<String> =
            validator.iter_errors(&value).map(|e| format!("{}: {e}", e.instance_path())).collect();
        assert!(problems.is_empty(), "{name}: {problems:#?}");
        assert_eq!(serde_json::from_value::<ReportDocument>(value).unwrap(), document, "{name}");
    }
}

#[test]
fn the_schema_knows_every_member() {
    // A member that is in no run above would not be checked by them: collect what the schema allows
    // and what the runs hold.
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(root.join("schemas/report.schema.json")).unwrap();
    let schema: serde_json::Value = serde_json::from_str(&text).unwrap();
    let mut allowed = std::collections::BTreeSet::new();
    let mut objects = vec![&schema];
    objects.extend(schema["$defs"].as_object().unwrap().values());
    for object in objects {
        if let Some(properties) = object["properties"].as_object() {
            assert_eq!(object["additionalProperties"], false, "{object}");
            allowed.extend(properties.keys().cloned());
        }
    }
    let mut seen = std::collections::BTreeSet::new();
    let mut full = blocked();
    full.results[0].all_of = vec!["A".to_owned()];
    full.results[0].conflict = vec!["C01".to_owned()];
    full.run.signed_at = Some(full.run.as_of);
    for document in runs().into_iter().map(|(_, document)| document).chain([full]) {
        members(&serde_json::to_value(&document).unwrap(), &mut seen);
    }
    assert_eq!(allowed, seen);
}

fn members(value: &serde_json::Value, seen: &mut std::collections::BTreeSet<String>) {
    match value {
        serde_json::Value::Object(object) => {
            for (name, value) in object {
                seen.insert(name.clone());
                members(value, seen);
            }
        }
        serde_json::Value::Array(list) => list.iter().for_each(|value| members(value, seen)),
        _ => {}
    }
}

/// So that a check for people need not compute them.
#[test]
fn the_text_for_people_shows_neither_digest() {
    let document = blocked();
    let mut open = document.clone();
    open.said = "#".repeat(44);
    open.judgement = Sha256::from([0; 32]);
    assert_ne!((&open.said, open.judgement), (&document.said, document.judgement));
    for all in [false, true] {
        let layout = Layout { all, ..layout(100) };
        assert_eq!(human::render(&open, &layout), human::render(&document, &layout));
        assert_eq!(human::verdict_line(&open, &layout), human::verdict_line(&document, &layout));
    }
}

#[test]
fn the_said_is_over_all_of_it_and_the_judgement_is_not_over_the_instant() {
    let document = blocked();
    let mut later = document.clone();
    later.run.as_of = "2026-03-20T15:00:01Z".parse().unwrap();
    assert_ne!(report::said(&document), report::said(&later));
    assert_eq!(report::judgement(&document), report::judgement(&later));
    let mut other = document.clone();
    other.results[0].outcome = Outcome::Pass;
    assert_ne!(report::judgement(&document), report::judgement(&other));
    assert_eq!(json::canonical(&document), json::canonical(&document.clone()));
}
