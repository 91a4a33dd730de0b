//! Evidence, approval and report that are not what they were.

use countersign::compile::program::Stage;
use countersign::gate::Code;

use super::world::{World, at, report, undecided, with_report};

#[test]
fn one_byte_of_evidence_is_changed_after_the_approval() {
    let mut world = World::reference();
    world.files.get_mut("bundle/raw/contract.txt").unwrap()[0] ^= 1;
    world.refused(Code::EvidenceChanged);
}

#[test]
fn another_bundle_was_submitted() {
    let digest = "41b476c2b9aa9d00fa4c328c580c6be53a01e1fc7a1c620247853e2e55ef31e6";
    let world = World::with("", &format!("  - set: decision/04-submission.json#/manifest_sha256\n    to: {digest}\n"));
    world.refused(Code::OtherSubmitted);
}

#[test]
fn another_bundle_was_approved() {
    let digest = "41b476c2b9aa9d00fa4c328c580c6be53a01e1fc7a1c620247853e2e55ef31e6";
    let step = format!("  - set: decision/06-approval.json#/reviewed_manifest_sha256\n    to: {digest}\n");
    World::with("", &step).refused(Code::OtherApproved);
}

#[test]
fn somebody_else_submitted() {
    let world = World::with("", "  - set: decision/04-submission.sig.cesr#/signers\n    to: [Q3]\n");
    world.refused(Code::NotSubmitted);
}

#[test]
fn the_approval_is_signed_by_another_key() {
    let world = World::with("", "  - set: decision/06-approval.sig.cesr#/signers\n    to: [Q3]\n");
    world.refused(Code::NotApproved);
}

#[test]
fn qar2_rejects() {
    let world = World::with("", "  - set: decision/06-approval.json#/decision\n    to: reject\n");
    world.refused(Code::NotApproved);
}

#[test]
fn the_approval_is_of_another_report() {
    let digest = "41b476c2b9aa9d00fa4c328c580c6be53a01e1fc7a1c620247853e2e55ef31e6";
    let world = World::with("", &format!("  - set: decision/06-approval.json#/report_sha256\n    to: {digest}\n"));
    world.refused(Code::NoReport);
}

/// The reference case with another report approved.
fn reported(report: &[u8]) -> World {
    let mut world = World::reference();
    world.files = with_report(&undecided(), report);
    world
}

#[test]
fn the_report_is_on_another_bundle() {
    let other =
        super::world::patched(&undecided(), "  - replace: contract\n    by: Contract\n    in: raw/contract.txt\n");
    let trust = World::reference().trust;
    reported(&report(&other, &trust, "2026-03-20T14:50:00Z", Stage::Proposal)).refused(Code::OtherReport);
}

#[test]
fn the_report_is_of_another_stage() {
    let trust = World::reference().trust;
    let evidence = report(&undecided(), &trust, "2026-03-20T14:50:00Z", Stage::Evidence);
    reported(&evidence).refused(Code::OtherReport);
}

#[test]
fn a_report_is_replayed() {
    let trust = World::reference().trust;
    let earlier = report(&undecided(), &trust, "2026-03-20T14:44:59Z", Stage::Proposal);
    reported(&earlier).refused(Code::ReportTooOld);
}

#[test]
fn a_report_just_old_enough_will_do() {
    let trust = World::reference().trust;
    let earlier = report(&undecided(), &trust, "2026-03-20T14:45:00Z", Stage::Proposal);
    let attempt = reported(&earlier).attempt();
    assert!(attempt.outcome.is_ok(), "{:?}", attempt.outcome.unwrap_err().reasons());
}

#[test]
fn the_report_is_as_of_a_time_to_come() {
    let trust = World::reference().trust;
    let later = report(&undecided(), &trust, "2026-03-20T15:00:01Z", Stage::Proposal);
    reported(&later).refused(Code::ReportFromFuture);
}

#[test]
fn the_report_was_made_by_hand() {
    let trust = World::reference().trust;
    let made = report(&undecided(), &trust, "2026-03-20T14:50:00Z", Stage::Proposal);
    let text = String::from_utf8(made).unwrap().replacen("\"outcome\":\"pass\"", "\"outcome\":\"fail\"", 1);
    reported(text.as_bytes()).refused(Code::ReportUnusable);
}

#[test]
fn the_report_was_not_clean() {
    World::with(LAPSED, "").refused(Code::ReportNotClean);
}

/// The registration of the entity lapsed.
const LAPSED: &str = "  - set: raw/lei-record-r1.json#/data/attributes/registration/status\n    to: LAPSED\n";

#[test]
fn an_outcome_changed_since_the_report() {
    let trust = World::reference().trust;
    let lapsed = super::world::patched(&undecided(), LAPSED);
    let mut world = World::reference();
    world.files = with_report(&lapsed, &report(&undecided(), &trust, "2026-03-20T14:50:00Z", Stage::Proposal));
    world.refused(Code::OutcomesDiffer);
    world.refused(Code::OtherReport);
}

#[test]
fn the_lei_record_is_a_second_too_old() {
    let trust = World::reference().trust;
    let mut world = reported(&report(&undecided(), &trust, "2026-03-23T13:55:00Z", Stage::Proposal));
    for (now, outcome) in [("2026-03-23T14:05:00Z", "pass"), ("2026-03-23T14:05:01Z", "fail")] {
        world.now = at(now);
        let fresh = world.fresh();
        let results = &fresh.report().unwrap().content().results;
        assert_eq!(results.iter().find(|of| of.rule == "PROV-16.a").unwrap().outcome.as_str(), outcome);
    }
    world.refused(Code::OutcomesDiffer);
    world.refused(Code::NotClean);
}

#[test]
fn a_record_of_a_derived_kind_is_placed_in_the_bundle() {
    let step = "  - add: records/own.json\n    kind: key_state\n    json: { kind: key_state, id: own, aid: \
                ECUxeizfTn669ZtV6hk8qJyk-59G8S7RCp4N_xPiQJme, accepted: true }\n";
    World::with(step, "").refused(Code::NotClean);
}

#[test]
fn an_event_is_dressed_as_a_case_record() {
    let [_, _, anchor] = crate::proposal::bodies();
    let mut world = World::reference();
    world.files.insert("decision/08-event.json".to_owned(), anchor.into_bytes());
    world.refused(Code::NotClean);
}

#[test]
fn what_only_one_case_may_use_was_used_by_another() {
    let world = World::reference();
    let mut other = world.clear().unwrap().reservation();
    other.case_id = "LE-2026-016".to_owned();
    other.sn = 77;
    let mut store = countersign::store::Store::open(&world.store_path, true).unwrap();
    store.reserve(&other).unwrap();
    world.refused(Code::UsedElsewhere);
}

/// The reference case with a warning, and a waiver of it.
fn waived(change: &[(&str, &str)]) -> String {
    let rule = super::world::program().rules.iter().find(|rule| rule.id == "PROV-U.1").unwrap();
    let mut fields = vec![
        ("kind", "waiver".to_owned()),
        ("id", "waiver-1".to_owned()),
        ("schema_version", "1".to_owned()),
        ("producer", "qvi".to_owned()),
        ("performed_by", "OFFICER-1".to_owned()),
        ("performed_at", "2026-03-20T12:00:00Z".to_owned()),
        ("recorded_at", "2026-03-20T12:00:00Z".to_owned()),
        ("subject_case", "LE-2026-017".to_owned()),
        ("rule", "PROV-U.1".to_owned()),
        ("rule_digest", rule.digest.to_string()),
        ("reason", "the first e-mail was lost when the mailbox moved".to_owned()),
        ("requested_by", "Q1".to_owned()),
        (
            "approved_by",
            "[{ person_id: OFFICER-1, aid: EOrNmUfqEARj8P_DGfti03kkOpvKN5tSYtPBP3TN__s2, approved_at: \
             2026-03-20T12:00:00Z }]"
                .to_owned(),
        ),
        ("not_before", "2026-03-20T00:00:00Z".to_owned()),
        ("expires", "2026-03-20T18:00:00Z".to_owned()),
        ("max_uses", "1".to_owned()),
    ];
    for (name, value) in change {
        fields.iter_mut().find(|(field, _)| field == name).unwrap().1 = (*value).to_owned();
    }
    let fields: Vec<String> = fields.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    format!(
        "  - set: records/onboarding-request.json#/to\n    to: somebody@example.com\n  - add: decision/07-waiver.json\n    \
         kind: waiver\n    json: {{ {} }}\n",
        fields.join(", ")
    )
}

#[test]
fn a_waived_warning_signs() {
    let attempt = World::with(&waived(&[]), "").attempt();
    let signed = attempt.outcome.unwrap_or_else(|refusal| panic!("{:#?}", refusal.reasons()));
    assert!(signed.decision.len() > 100);
}

#[test]
fn the_waiver_expired_since_the_report() {
    let world = World::with(&waived(&[("expires", "2026-03-20T14:59:59Z")]), "");
    world.refused(Code::WaiverVoid);
}

#[test]
fn the_waiver_is_of_another_rule_digest() {
    let digest = "41b476c2b9aa9d00fa4c328c580c6be53a01e1fc7a1c620247853e2e55ef31e6";
    World::with(&waived(&[("rule_digest", digest)]), "").refused(Code::WaiverVoid);
}

#[test]
fn qar2_approved_the_waiver() {
    let own =
        "[{ person_id: Q2, aid: EHowwGuu5lztml5EN_RGXAdDYdFCTAh6zPLvpqmXn7PU, approved_at: 2026-03-20T12:00:00Z }]";
    World::with(&waived(&[("performed_by", "Q2"), ("approved_by", own)]), "").refused(Code::WaiverByParty);
}

#[test]
fn the_officer_asked_for_the_waiver_themselves() {
    World::with(&waived(&[("requested_by", "OFFICER-1")]), "").refused(Code::WaiverByParty);
}
