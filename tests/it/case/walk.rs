//! From the sealed bundle to the approval, and what `check` says of it.

use countersign::case::{Phase, Progress};
use countersign::evaluate::outcome::Outcome;

use super::*;

fn outcomes(report: &Report) -> BTreeMap<String, Outcome> {
    report.document().results.iter().map(|result| (result.rule.clone(), result.outcome)).collect()
}

#[test]
fn every_act_is_read_as_the_records_of_the_fixture_are() {
    let case = Case::submitted();
    // What is signed here is, byte for byte, what the fixture was signed with by another program.
    for name in ["01-assignment-qar1", "02-assignment-qar2", "03-proposal", "04-submission"] {
        for ending in ["json", "sig.cesr"] {
            let path = format!("decision/{name}.{ending}");
            let ours = fs::read_to_string(case.path().join(&path)).unwrap();
            assert_eq!(ours, fs::read_to_string(fixtures().join("cases/b0").join(&path)).unwrap(), "{path}");
        }
    }
    case.decide("2026-03-20T14:50:00Z", "2026-03-20T14:55:00Z", "Q2", Decision::Approve).unwrap();
    assert_eq!(
        case.decided()[9..],
        ["05-report-document.json", "05-report.json", "05-report.sig.cesr", "06-approval.json", "06-approval.sig.cesr"]
    );
    let problems = check::problems(&case.snapshot(), &program().schema);
    assert_eq!(problems, []);

    // The fixture, as it was when QAR2 had approved.
    let fixture = Case::with(|path| !path.starts_with("post/") && !path.starts_with("decision/07"));
    let ours = case.check(Stage::Approval, "2026-03-20T15:00:00Z");
    let theirs = fixture.check(Stage::Approval, "2026-03-20T15:00:00Z");
    assert_eq!(ours.document().verdict.as_str(), "clean");
    assert_eq!(outcomes(&ours), outcomes(&theirs));
    assert!(outcomes(&ours).len() > 200);

    // The report that was approved is the one that everybody gets who asks the same.
    let before =
        Case::with(|path| path.starts_with("bundle/") || path.starts_with("decision/") && path < "decision/05");
    let again = before.check(Stage::Proposal, "2026-03-20T14:50:00Z");
    let kept = fs::read(case.path().join("decision/05-report-document.json")).unwrap();
    assert_eq!(kept, countersign::report::json::render(&again));
}

#[test]
fn a_report_that_grew_old_is_approved_anew() {
    let case = Case::submitted();
    case.decide("2026-03-20T13:00:00Z", "2026-03-20T13:05:00Z", "Q2", Decision::Approve).unwrap();
    let stale = case.check(Stage::Approval, "2026-03-20T15:00:00Z");
    assert_eq!(stale.document().verdict.as_str(), "not-clean");
    case.decide("2026-03-20T14:50:00Z", "2026-03-20T14:55:00Z", "Q2", Decision::Approve).unwrap();
    let fresh = case.check(Stage::Approval, "2026-03-20T15:00:00Z");
    assert_eq!(fresh.document().verdict.as_str(), "clean");
    // The last word counts.
    case.decide("2026-03-20T14:56:00Z", "2026-03-20T14:57:00Z", "Q2", Decision::Reject).unwrap();
    let rejected = case.check(Stage::Approval, "2026-03-20T15:00:00Z");
    assert_eq!(rejected.document().verdict.as_str(), "not-clean");
}

#[test]
fn an_officer_may_assign() {
    let case = Case::sealed();
    for (role, person) in [(Role::Qar1, "Q1"), (Role::Qar2, "Q2")] {
        case.assign("2026-03-17T09:00:00Z", "OFFICER-1", role, person).unwrap();
    }
    let report = case.check(Stage::Evidence, "2026-03-19T10:00:00Z");
    assert_eq!(report.document().verdict.as_str(), "clean");
}

#[test]
fn a_case_says_at_any_moment_who_is_next() {
    let now = at("2026-03-20T14:59:00Z");
    let told = |case: &Case| {
        let snapshot = case.snapshot();
        let known = check::known(&snapshot, now, &[]);
        let progress = Progress::of(&snapshot, &program().schema, &known).unwrap();
        let phase = progress.phase(now);
        let report = case.check(phase.stage(), "2026-03-20T14:59:00Z");
        let steps = progress.next("case", now, Some(report.content()));
        let steps: Vec<String> =
            steps.iter().map(|step| format!("{}: {}", step.who, step.command.as_deref().unwrap_or_default())).collect();
        (phase, steps)
    };
    let case = Case::sealed();
    let (phase, steps) = told(&case);
    assert_eq!(phase, Phase::Unassigned);
    assert_eq!(steps[0], "a QAR or an officer: countersign case assign case --qar1 PERSON --qar2 PERSON");

    let case = Case::assigned();
    let (phase, steps) = told(&case);
    let proposes = "Q1: countersign propose case --sign";
    let submits = "Q1: countersign case submit case --by Q1";
    assert_eq!((phase, steps), (Phase::Prepared, vec![proposes.to_owned(), submits.to_owned()]));

    let case = Case::submitted();
    let (phase, steps) = told(&case);
    let approves = "Q2: countersign case approve case --by Q2 --reason TEXT".to_owned();
    assert_eq!((phase, steps), (Phase::Submitted, vec![approves]));

    case.decide("2026-03-20T14:50:00Z", "2026-03-20T14:55:00Z", "Q2", Decision::Approve).unwrap();
    assert_eq!(told(&case), (Phase::Approved, vec!["Q2: countersign sign case --live FILE --out DIR".to_owned()]));

    let rejected = Case::submitted();
    rejected.decide("2026-03-20T14:50:00Z", "2026-03-20T14:55:00Z", "Q2", Decision::Reject).unwrap();
    assert_eq!(told(&rejected).0, Phase::Rejected);
    let approval = rejected.check(Stage::Approval, "2026-03-20T15:00:00Z");
    assert_eq!(approval.document().verdict.as_str(), "not-clean");

    let signed = Case::with(|path| !path.starts_with("post/"));
    assert_eq!(told(&signed).0, Phase::Signed);
    assert_eq!(told(&Case::with(|_| true)), (Phase::Closed, vec![]));
}

#[test]
fn the_log_holds_who_did_what_when() {
    let snapshot = Case::with(|_| true).snapshot();
    let known = check::known(&snapshot, at("2026-03-20T15:05:00Z"), &[]);
    let progress = Progress::of(&snapshot, &program().schema, &known).unwrap();
    let told: Vec<(&str, String, usize)> =
        progress.done.iter().map(|done| (done.person.as_str(), done.at.to_string(), done.signed_by.len())).collect();
    assert_eq!(told.len(), 7);
    assert_eq!(told[0], ("Q3", "2026-03-17T09:00:00Z".to_owned(), 1));
    assert_eq!(told[6], ("Q2", "2026-03-20T15:00:00Z".to_owned(), 1));
    assert!(told.iter().all(|(_, _, signed)| *signed == 1));
    let approval = progress.decision().unwrap();
    assert_eq!(approval.decision, Decision::Approve);
    assert_eq!(progress.report_of(approval).unwrap().as_of, at("2026-03-20T14:50:00Z"));
}
