//! Whatever else a report says: one more finding that fails, is undecided or waits for a person opens nothing.
//!
//! Rule books are generated, so that the reports are: `check` makes the one that QAR2 approves and the one of the
//! gate's own run, and the gate itself decides.

use countersign::check::Fresh;
use countersign::check::fresh::{Around, Terms};
use countersign::compile::compile;
use countersign::compile::program::{Program, Stage};
use countersign::facts::schema::FactSchema;
use countersign::gate::{self, Clearance, Code, LedgerView, Question, Refusal, StoreView};
use countersign::ledger::Ledger;
use countersign::policy;
use countersign::report::json;
use countersign::source::Source;
use countersign::store::Store;
use proptest::prelude::*;
use proptest::test_runner::Config;

use super::world::{World, at, lock, report_by, undecided, with_report};

const FLOWS: &str = "flows:\n  - flow: le-unsolicited\n    title: a flow\n    packs: [pack]\n    needs: {}\n";
const PROFILES: &str = "profiles:\n  - profile: house\n    title: all\n    without: []\n    levels: {}\n    \
                        parameters: {}\n    warn_when: true\n";
const HEAD: &str = "document: test\ntitle: a document\nprecedence: framework\nversions:\n  - { version: v1, from: \
                    2020-01-01 }\nrules:\n";

/// What a rule comes to, by what it asks of the reference case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comes {
    Pass,
    Nothing,
    Fail,
    Indeterminate,
    Review,
    /// It passed when QAR2 read the report, and fails now.
    FailSince,
}

#[derive(Debug, Clone, Copy)]
struct Rule {
    comes: Comes,
    level: &'static str,
    stage: &'static str,
}

impl Rule {
    fn text(self, at: usize) -> String {
        let condition = match self.comes {
            Comes::Pass => "require: count(lei_records) == 3",
            Comes::Nothing => "applies: count(lei_records) == 9\n    require: count(lei_records) == 3",
            Comes::Fail => "require: count(lei_records) == 9",
            Comes::Indeterminate => "require: gleif_termination_notice.performed_at <= as_of",
            Comes::Review => "require: count(lei_records) == 3\n    attested: count(lei_records) == 9",
            Comes::FailSince => "require: as_of <= 2026-03-20T14:55:00Z and count(lei_records) == 3",
        };
        let Self { level, stage, .. } = self;
        format!(
            "  - id: R-{at}\n    title: it holds\n    source: {{ section: '{at}' }}\n    strength: MUST\n    level: \
             {level}\n    packs: [pack]\n    stage: {stage}\n    {condition}\n    message: not so\n    help: mend it\n"
        )
    }
}

fn program(rules: &[Rule], pending: &str) -> Program {
    let rules: String = rules.iter().enumerate().map(|(at, rule)| rule.text(at)).collect();
    let mut files = vec![
        Source::new("flows.yaml", FLOWS),
        Source::new("profiles.yaml", PROFILES),
        Source::new("test.yaml", format!("{HEAD}{rules}")),
    ];
    if !pending.is_empty() {
        files.push(Source::new("pending.yaml", pending));
    }
    let (set, problems) = policy::load(files);
    assert!(problems.is_empty(), "{problems:?}");
    compile(&set, FactSchema::embedded()).unwrap_or_else(|problems| panic!("{problems:?}"))
}

/// The reference case, approved and asked about under this rule book.
fn asked(world: &World, program: &Program) -> Result<Clearance, Refusal> {
    let report = report_by(program, &undecided(), &world.trust, "2026-03-20T14:50:00Z", Stage::Proposal);
    let snapshot = countersign::bundle::Snapshot::from_files(
        with_report(&undecided(), &json::render(&report)),
        &countersign::bundle::Limits::STANDARD,
    );
    let lock = lock(&world.trust, |terms| terms.policy_digest = program.digest);
    let around = Around {
        program,
        trust: &world.trust,
        cases: None,
        schemas: None,
        terms: Some(Terms { profile: "house".to_owned(), parameters: Vec::new() }),
    };
    let fresh = Fresh::take(&around, &snapshot, world.live.clone(), world.now);
    let store = StoreView::of(&Store::open(&world.store_path, true).unwrap()).unwrap();
    let ledger = LedgerView::of(&Ledger::open(&world.ledger_path).unwrap());
    gate::clear(&Question {
        fresh: &fresh,
        trust: &world.trust,
        lock: Ok(Some(&lock)),
        store: Ok(&store),
        ledger: Ok(&ledger),
    })
}

fn one_of<T: Copy + std::fmt::Debug + 'static>(values: &'static [T]) -> impl Strategy<Value = T> {
    proptest::sample::select(values)
}

const LEVELS: &[&str] = &["block", "warn", "info"];
const STAGES: &[&str] = &["evidence", "proposal", "approval"];
const ANY: &[Comes] = &[Comes::Pass, Comes::Pass, Comes::Nothing, Comes::Fail, Comes::Indeterminate, Comes::Review];
const BAD: &[Comes] = &[Comes::Fail, Comes::Indeterminate, Comes::Review, Comes::FailSince];

fn rule(comes: &'static [Comes]) -> impl Strategy<Value = Rule> {
    (one_of(comes), one_of(LEVELS), one_of(STAGES)).prop_map(|(comes, level, stage)| Rule { comes, level, stage })
}

#[test]
fn a_finding_more_turns_no_refusal_into_a_clearance() {
    let world = World::reference();
    let mut runner = proptest::test_runner::TestRunner::new_with_rng(
        Config { cases: 12, max_shrink_iters: 8, failure_persistence: None, ..Config::default() },
        proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha),
    );
    let strategy = (proptest::collection::vec(rule(ANY), 0..4), rule(BAD));
    let outcome = runner.run(&strategy, |(mut rules, more)| {
        // A rule book without a rule judges nothing; one that passes is always in it.
        rules.insert(0, Rule { comes: Comes::Pass, level: "block", stage: "proposal" });
        let before = asked(&world, &program(&rules, ""));
        rules.push(more);
        let after = asked(&world, &program(&rules, ""));
        let is_refused = before.is_err();
        prop_assert!(!is_refused || after.is_err(), "{more:?} opened the gate");
        // At a level that counts, it closes what was open.
        prop_assert!(more.level == "info" || after.is_err(), "{more:?} did not close the gate");
        // And what was wrong before stays a reason.
        if let (Err(before), Err(after)) = (before, after) {
            for reason in before.reasons() {
                prop_assert!(after.is_for(reason.code), "{} is gone with {more:?}", reason.code);
            }
        }
        Ok(())
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
}

/// The same for each kind of finding alone, with the rule book without it saying yes.
#[test]
fn each_finding_closes_a_gate_that_was_open() {
    let world = World::reference();
    let good = Rule { comes: Comes::Pass, level: "block", stage: "proposal" };
    let open = asked(&world, &program(&[good], ""));
    assert!(open.is_ok(), "{:#?}", open.unwrap_err().reasons());
    for comes in BAD {
        for stage in STAGES {
            let level = if *stage == "proposal" { "warn" } else { "block" };
            let refusal = asked(&world, &program(&[good, Rule { comes: *comes, level, stage }], ""));
            let refusal = refusal.err().unwrap_or_else(|| panic!("{comes:?} {level} {stage}"));
            assert!(refusal.is_for(Code::NotClean), "{comes:?} {stage}: {:#?}", refusal.reasons());
            // What QAR2 read said so too, unless it was not due, or not so, then.
            let then = *stage != "approval" && *comes != Comes::FailSince;
            assert_eq!(refusal.is_for(Code::ReportNotClean), then, "{comes:?} {stage}: {:#?}", refusal.reasons());
            let since = *stage != "approval" && *comes == Comes::FailSince;
            assert_eq!(refusal.is_for(Code::OutcomesDiffer), since, "{comes:?} {stage}: {:#?}", refusal.reasons());
        }
    }
}

/// A requirement without a rule is a reason, but for those that the gate decides by itself.
#[test]
fn a_requirement_that_has_no_rule_refuses() {
    let world = World::reference();
    let good = Rule { comes: Comes::Pass, level: "block", stage: "proposal" };
    let pending = |id: &str| {
        format!(
            "pending:\n  - id: {id}\n    document: test\n    section: \"4\"\n    pack: pack\n    stage: approval\n    \
             waits_for: gate\n    why: nobody wrote it\n"
        )
    };
    let open = asked(&world, &program(&[good], ""));
    assert!(open.is_ok(), "{:#?}", open.unwrap_err().reasons());
    // None of them is let through, also not those that the gate itself decides.
    for id in ["GATE-4", "GATE-9"] {
        let refusal = asked(&world, &program(&[good], &pending(id))).unwrap_err();
        assert!(refusal.is_for(Code::Pending), "{:#?}", refusal.reasons());
        assert_eq!(refusal.at(), at(super::world::NOW));
    }
}
