//! What people add where evidence alone does not do: waivers and statements.

use countersign::case::{Plea, Statement};
use countersign::proposal::{self, Act, Assigned, Given, Received, Sources};

use super::*;

/// The renewal is due in 30 days when the issuance was planned, and in 29 on the day.
const SHORT: &str = "  - replace: 2026-05-01T00:00:00Z\n    by: 2026-04-19T00:00:00Z\n    in: raw/lei-record-r*.json\n";
const NOW: &str = "2026-03-21T09:00:00Z";
/// LAR-C was recognised by a challenge alone.
const CHALLENGED: &str = "  - set: records/session-1.json#/events/3/method\n    to: aid-challenge\n";

fn plea(rule: &str) -> Plea<'_> {
    Plea {
        rule,
        element: None,
        reason: "The entity renews next week, and has said so in writing.",
        control: Some("A reminder is set for 2026-03-30."),
        expires: at("2026-03-22T00:00:00Z"),
    }
}

fn ask(case: &Case, now: &str, who: (&str, &str), plea: &Plea<'_>) -> Result<Signed, CaseError> {
    case.act_on(Stage::Evidence, now, who, |desk, actor, report| case::request_waiver(desk, actor, report, plea))
}

fn grant(case: &Case, now: &str, who: (&str, &str), id: &str) -> Result<Signed, CaseError> {
    case.act_on(Stage::Evidence, now, who, |desk, actor, report| case::grant_waiver(desk, actor, report, id))
}

/// The proposal that the evidence proves, as `propose` leaves it.
fn propose(case: &Case, now: &str) {
    let snapshot = case.snapshot();
    let sources =
        Sources { snapshot: &snapshot, trust: &case.trust, as_of: at(now), live: &[], schemas: None, memory: None };
    let proven = proposal::prove(&Act::Issue, &sources).unwrap();
    let draft = proven.draft(&Given::at(at(now))).unwrap();
    let signature = crate::proposal::sign("Q1", 0, &draft.anchor.text);
    let qar1 = Assigned::find(&snapshot, "QAR1", at(now)).unwrap();
    let mut received = Received::read([draft.stream(proven.group().sn, None).as_slice()]).unwrap();
    received.sign(Some(qar1.aid.clone()), signature.clone());
    let stored = proven.record(&snapshot, &draft, &qar1, &signature, at(now)).unwrap();
    case.put(&stored.stream_path, &stored.stream);
    case.put(&stored.record_path, &stored.record);
}

#[test]
fn a_waiver_is_asked_for_and_granted_by_others_and_the_case_goes_on() {
    let case = Case::patched(SHORT).with_qars();
    refused(case.submit(NOW, "Q1"), "not_clean");
    ask(&case, NOW, ("Q1", "Q1"), &plea("PROV-1.d")).unwrap();
    // Asked for, it waives nothing.
    assert_eq!(case.check(Stage::Evidence, NOW).document().verdict.as_str(), "needs-waiver");
    refused(case.submit(NOW, "Q1"), "not_clean");
    grant(&case, "2026-03-21T09:10:00Z", ("OFFICER-1", "OFFICER-1"), "waiver-request-1").unwrap();
    let after = "2026-03-21T09:20:00Z";
    assert_eq!(case.check(Stage::Evidence, after).document().verdict.as_str(), "clean-with-waivers");
    propose(&case, after);
    case.submit("2026-03-21T09:25:00Z", "Q1").unwrap();
    case.decide("2026-03-21T09:30:00Z", "2026-03-21T09:31:00Z", "Q2", Decision::Approve).unwrap();
    let approval = case.check(Stage::Approval, "2026-03-21T09:32:00Z");
    assert_eq!(approval.document().verdict.as_str(), "clean-with-waivers");
    // It holds for a time.
    let later = case.check(Stage::Evidence, "2026-03-22T00:00:01Z");
    assert_ne!(later.document().verdict.as_str(), "clean-with-waivers");
}

#[test]
fn nobody_asks_for_what_needs_no_waiver_or_may_have_none() {
    let case = Case::patched(SHORT).with_qars();
    refused(ask(&case, NOW, ("Q1", "Q1"), &plea("PROV-1.a")), "nothing_to_waive");
    refused(ask(&case, NOW, ("Q1", "Q1"), &plea("no-such-rule")), "nothing_to_waive");
    refused(ask(&case, NOW, ("Q1", "Q1"), &Plea { element: Some("LAR-A"), ..plea("PROV-1.d") }), "nothing_to_waive");
    refused(ask(&case, NOW, ("Q1", "Q1"), &Plea { reason: " ", ..plea("PROV-1.d") }), "no_text");
    refused(ask(&case, NOW, ("Q1", "Q1"), &Plea { expires: at(NOW), ..plea("PROV-1.d") }), "expired");
    refused(ask(&case, NOW, ("OFFICER-1", "OFFICER-1"), &plea("PROV-1.d")), "not_on_roster");
    // At the time of the plan it is at level block.
    let blocked = Case::patched(
        "  - replace: 2026-05-01T00:00:00Z\n    by: 2026-04-18T23:59:59Z\n    in: raw/lei-record-r*.json\n",
    )
    .with_qars();
    refused(ask(&blocked, "2026-03-20T15:00:00Z", ("Q1", "Q1"), &plea("PROV-1.d")), "not_waivable");
    assert_eq!(case.decided().len(), 4);
}

#[test]
fn a_waiver_is_granted_by_no_party_and_in_time() {
    let case = Case::patched(SHORT).with_qars();
    ask(&case, NOW, ("Q1", "Q1"), &plea("PROV-1.d")).unwrap();
    let id = "waiver-request-1";
    let now = "2026-03-21T09:10:00Z";
    refused(grant(&case, now, ("OFFICER-1", "OFFICER-1"), "waiver-request-2"), "no_request");
    refused(grant(&case, now, ("Q3", "Q3"), id), "not_an_officer");
    refused(grant(&case, now, ("OFFICER-1", "Q3"), id), "not_an_officer");
    refused(grant(&case, now, ("Q2", "OFFICER-1"), id), "not_their_aid");
    refused(grant(&case, "2026-03-22T00:00:00Z", ("OFFICER-1", "OFFICER-1"), id), "expired");

    // Where QARs are officers as well, neither of the case may, nor who asked.
    let officers = |names: &[&str]| {
        let mut trust = trust();
        trust.officers.aids.extend(names.iter().map(|name| aid(name)));
        trust
    };
    let case = Case { trust: officers(&["Q1", "Q2", "Q3"]), ..case };
    refused(grant(&case, now, ("Q1", "Q1"), id), "party");
    refused(grant(&case, now, ("Q2", "Q2"), id), "party");
    let other = Case { trust: officers(&["Q3"]), ..Case::patched(SHORT).with_qars() };
    ask(&other, NOW, ("Q3", "Q3"), &plea("PROV-1.d")).unwrap();
    refused(grant(&other, now, ("Q3", "Q3"), id), "party");

    let signed = grant(&other, now, ("OFFICER-2", "OFFICER-2"), id).unwrap();
    assert_eq!(signed.records(), ["decision/04-waiver-1.json"]);
    refused(grant(&other, now, ("OFFICER-1", "OFFICER-1"), id), "no_request");

    // Evidence that was mended since needs none, and a request over another bundle is none of this one.
    let whole = Case::sealed().with_qars();
    let request = ["json", "sig.cesr"].map(|ending| format!("decision/03-waiver-request-1.{ending}"));
    for path in &request {
        whole.put(path, &fs::read(case.path().join(path)).unwrap());
    }
    refused(grant(&whole, now, ("OFFICER-1", "OFFICER-1"), id), "nothing_to_waive");
}

#[test]
fn a_qar_answers_for_what_no_document_shows() {
    let case = Case::patched(CHALLENGED).with_qars();
    let now = "2026-03-19T09:45:00Z";
    let said = Statement {
        rule: "PROV-7",
        element: Some("LAR-C"),
        topic: "challenge",
        statement: "I sent the challenge to the AID of LAR-C and saw her answer arrive and verify.",
    };
    let attest = |now: &str, who: (&str, &str), said: &Statement<'_>| {
        case.act_on(Stage::Evidence, now, who, |desk, actor, report| case::attest(desk, actor, report, said))
    };
    // Other rules want the comparison by eye; this one takes the word of a QAR.
    let outcome = || {
        let report = case.check(Stage::Evidence, now);
        report.document().results.iter().find(|result| result.rule == "PROV-7").unwrap().outcome.as_str()
    };
    assert_eq!(outcome(), "review");
    refused(attest(now, ("Q1", "Q1"), &Statement { rule: "PROV-6.a", ..said }), "nothing_to_attest");
    refused(attest(now, ("Q1", "Q1"), &Statement { element: Some("LAR-A"), ..said }), "nothing_to_attest");
    refused(attest(now, ("Q1", "Q1"), &Statement { statement: "", ..said }), "no_text");
    refused(attest(now, ("LAR-A", "LAR-A"), &said), "not_on_roster");
    refused(attest(now, ("Q1", "Q2"), &said), "not_their_aid");
    attest(now, ("Q1", "Q1"), &said).unwrap();
    assert_eq!(outcome(), "pass");
    refused(attest(now, ("Q1", "Q1"), &said), "nothing_to_attest");
}
