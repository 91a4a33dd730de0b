//! Each act that the person, the order or the time does not allow; the same act, allowed, stands in `walk`.

use super::*;

/// Evidence that is as good: the renewal is due a day later.
const RENEWED: &str =
    "  - replace: 2026-05-01T00:00:00Z\n    by: 2026-05-02T00:00:00Z\n    in: raw/lei-record-r*.json\n";
const MARCH_17: &str = "2026-03-17T09:00:00Z";

/// The sealed case with a roster that says something else; the officers signed it.
fn rostered(steps: &str) -> Case {
    Case::patched(steps)
}

fn assign_both(case: &Case, by: (&str, &str), qars: [&str; 2]) -> Result<Signed, CaseError> {
    let roles = [(Role::Qar1, qars[0]), (Role::Qar2, qars[1])];
    case.act_with(MARCH_17, by.0, by.1, |desk, actor| case::assign(desk, actor, &roles))
}

#[test]
fn who_is_assigned_stands_on_the_roster() {
    let case = Case::sealed();
    refused(assign_both(&case, ("Q3", "Q3"), ["Q1", "Q9"]), "not_on_roster");
    refused(assign_both(&case, ("Q3", "Q3"), ["OFFICER-1", "Q2"]), "not_on_roster");
    // Before the roster lets them, and after it let them go.
    let early = |desk: &Desk<'_>, actor: &Actor| case::assign(desk, actor, &[(Role::Qar1, "Q1")]);
    refused(case.act("2025-08-31T23:59:59Z", "OFFICER-1", early), "not_on_roster");
    let gone = "  - set: records/qar-roster.json#/members/1/valid_to\n    to: 2026-03-17T09:00:00Z\n";
    refused(assign_both(&rostered(gone), ("Q3", "Q3"), ["Q1", "Q2"]), "not_on_roster");
    assert_eq!(case.decided(), Vec::<String>::new());
    assign_both(&case, ("Q3", "Q3"), ["Q1", "Q2"]).unwrap();
}

#[test]
fn two_qars_are_two_persons() {
    let case = Case::sealed();
    refused(assign_both(&case, ("Q3", "Q3"), ["Q1", "Q1"]), "same_person");
    // One person with two identifiers.
    let twice = "  - set: records/qar-roster.json#/members/1/person_id\n    to: Q1\n";
    refused(assign_both(&rostered(twice), ("Q3", "Q3"), ["Q1", "Q1"]), "several_aids");
    // The same, the second one from the day after the first was assigned.
    let later = "  - set: records/qar-roster.json#/members/1/person_id\n    to: Q1\n\
                 \x20 - set: records/qar-roster.json#/members/0/valid_to\n    to: 2026-03-18T00:00:00Z\n\
                 \x20 - set: records/qar-roster.json#/members/1/valid_from\n    to: 2026-03-18T00:00:00Z\n";
    let case = rostered(later);
    case.assign(MARCH_17, "Q3", Role::Qar1, "Q1").unwrap();
    refused(case.assign("2026-03-18T09:00:00Z", "Q3", Role::Qar2, "Q1"), "same_person");
    // One identifier under two persons.
    let shared = format!("  - set: records/qar-roster.json#/members/1/aid\n    to: {}\n", aid("Q1"));
    refused(assign_both(&rostered(&shared), ("Q3", "Q3"), ["Q1", "Q2"]), "same_person");
    // One person under two ids.
    let named = "  - set: records/qar-roster.json#/members/1/legal_name\n    to: quirin  ADLER\n";
    refused(assign_both(&rostered(named), ("Q3", "Q3"), ["Q1", "Q2"]), "same_person");
}

#[test]
fn who_assigns_is_of_the_roster_or_an_officer_with_their_own_keys() {
    let case = Case::sealed();
    refused(assign_both(&case, ("Q9", "Q3"), ["Q1", "Q2"]), "not_an_officer");
    refused(assign_both(&case, ("OFFICER-1", "Q3"), ["Q1", "Q2"]), "not_an_officer");
    refused(assign_both(&case, ("LAR-A", "LAR-A"), ["Q1", "Q2"]), "not_an_officer");
    refused(assign_both(&case, ("Q3", "OFFICER-1"), ["Q1", "Q2"]), "not_their_aid");
    refused(assign_both(&case, ("Q3", "Q1"), ["Q1", "Q2"]), "not_their_aid");
    let signed = assign_both(&case, ("OFFICER-1", "OFFICER-1"), ["Q1", "Q2"]).unwrap();
    assert_eq!(signed.records(), ["decision/01-assignment-qar1.json", "decision/02-assignment-qar2.json"]);
    refused(case.assign("2026-03-17T10:00:00Z", "Q3", Role::Qar2, "Q3"), "already_assigned");
}

#[test]
fn without_a_roster_or_a_log_nobody_is_known() {
    let none = Case::with(|path| path.starts_with("bundle/") && path != "bundle/records/qar-roster.json");
    refused(assign_both(&none, ("Q3", "Q3"), ["Q1", "Q2"]), "no_roster");
    // A roster that is not as it was sealed is none.
    let altered = Case::sealed();
    let path = "bundle/records/qar-roster.json";
    let text = fs::read_to_string(altered.path().join(path)).unwrap();
    altered.put(path, text.replace("\"Q9\"", "\"Q1\"").replace("Samir", "Samur").as_bytes());
    refused(assign_both(&altered, ("Q3", "Q3"), ["Q1", "Q2"]), "no_roster");
    let log = "  - remove: streams/kel-q3.cesr\n  - remove: records/kel-q3.json\n";
    refused(assign_both(&rostered(log), ("Q3", "Q3"), ["Q1", "Q2"]), "no_log");
}

#[test]
fn keys_that_are_not_in_force_sign_nothing() {
    use countersign::keystore::Signer;
    let case = Case::sealed();
    let snapshot = case.snapshot();
    let known = check::known(&snapshot, at(MARCH_17), &[]);
    let desk = Desk::open(&snapshot, &program().schema, &case.trust, &known, at(MARCH_17)).unwrap();
    let actor = Actor { person: "Q3".to_owned(), aid: aid("Q3") };
    let draft = case::assign(&desk, &actor, &[(Role::Qar1, "Q1")]).unwrap();
    // The next key, which the log only commits to.
    let (own, current, next) = holder("Q3");
    let keystore = Keystore::new(&case.keys()).with_cost(Cost { memory_kib: 8, passes: 1, lanes: 1 });
    let name: KeyName = "rotated".parse().unwrap();
    let passphrase = Passphrase::new(PASSPHRASE.to_owned());
    keystore.import(&name, Imported { aid: own, current: next, next: Some(current) }, &passphrase).unwrap();
    let rotated = Embedded::locked(keystore.read(&name).unwrap(), move || Ok(passphrase.clone()));
    refused(draft.sign(&rotated), "other_key");
    assert!(!rotated.is_open());
    let other = case.signer("Q1");
    assert_eq!(other.aid(), &aid("Q1"));
    refused(draft.sign(&other), "not_their_aid");
    assert!(!other.is_open());
}

#[test]
fn qar1_submits_and_nobody_else() {
    let now = "2026-03-19T10:00:00Z";
    refused(Case::sealed().submit(now, "Q1"), "not_assigned");
    let case = Case::assigned();
    refused(case.submit(now, "Q2"), "not_the_qar");
    refused(case.submit(now, "Q3"), "not_the_qar");
    let with_keys_of = |keys: &str| {
        case.act_on(Stage::Evidence, now, ("Q1", keys), |desk, actor, report| {
            case::submit(desk, actor, report, Decision::Approve)
        })
    };
    refused(with_keys_of("Q2"), "not_their_aid");
    refused(with_keys_of("OFFICER-1"), "not_their_aid");
    case.submit(now, "Q1").unwrap();
    refused(case.submit("2026-03-19T10:01:00Z", "Q1"), "already_submitted");
}

#[test]
fn evidence_is_submitted_when_it_is_clean() {
    let lapsed = "  - set: raw/lei-record-r2.json#/data/attributes/registration/status\n    to: LAPSED\n";
    refused(Case::patched(lapsed).with_qars().submit("2026-03-19T10:00:00Z", "Q1"), "not_clean");
    // The LEI record is too old by then.
    refused(Case::assigned().submit("2026-04-19T10:00:00Z", "Q1"), "not_clean");
    // One byte of the evidence is another.
    let altered = Case::assigned();
    let path = "bundle/records/recording-1.json";
    let mut bytes = fs::read(altered.path().join(path)).unwrap();
    let at = bytes.iter().position(|byte| *byte == b'1').unwrap();
    bytes[at] = b'2';
    altered.put(path, &bytes);
    refused(altered.submit("2026-03-19T10:00:00Z", "Q1"), "not_clean");
    let unsealed = Case::with(|path| path.starts_with("bundle/") && path != "bundle/manifest.sig.cesr").with_qars();
    refused(unsealed.submit("2026-03-19T10:00:00Z", "Q1"), "unsealed");
}

#[test]
fn a_report_counts_for_its_bundle_its_stage_and_its_time() {
    let now = "2026-03-19T10:00:00Z";
    let case = Case::assigned();
    let submit =
        |report: Report| case.act(now, "Q1", |desk, actor| case::submit(desk, actor, &report, Decision::Approve));
    let other = Case::patched(RENEWED).with_qars();
    refused(submit(other.check(Stage::Evidence, now)), "other_report");
    refused(submit(case.check(Stage::Proposal, now)), "other_report");
    refused(submit(case.check(Stage::Evidence, "2026-03-19T10:00:01Z")), "other_report");
    let mut other_trust = fs::read(fixtures().join("trust.json")).unwrap();
    other_trust.push(b'\n');
    let elsewhere = Case { trust: Trust::parse(&other_trust).unwrap(), ..Case::assigned() };
    refused(submit(elsewhere.check(Stage::Evidence, now)), "other_report");
    submit(case.check(Stage::Evidence, now)).unwrap();
}

#[test]
fn qar2_decides_once_on_a_clean_proposal() {
    let (read, now) = ("2026-03-20T14:50:00Z", "2026-03-20T14:55:00Z");
    let early = Case::assigned().proposed();
    // Nobody submitted; the proposal waits for QAR1's signature.
    refused(early.decide(read, now, "Q2", Decision::Approve), "not_submitted");
    let case = Case::submitted();
    refused(case.decide(read, now, "Q1", Decision::Approve), "not_the_qar");
    refused(case.decide(read, now, "Q3", Decision::Approve), "not_the_qar");
    // Too late for the LEI record.
    refused(case.decide("2026-04-20T14:50:00Z", "2026-04-20T14:55:00Z", "Q2", Decision::Approve), "not_clean");
    // Read after it was decided.
    refused(case.decide("2026-03-20T14:56:00Z", now, "Q2", Decision::Approve), "other_report");
    let wordless = case.act(now, "Q2", |desk, actor| {
        let report = case.check(Stage::Proposal, read);
        let verdict = Verdict { decision: Decision::Approve, reason: "\n", report: &report, packs: &[] };
        case::decide(desk, actor, &verdict)
    });
    refused(wordless, "no_text");
    case.decide(read, now, "Q2", Decision::Approve).unwrap();
    refused(case.submit("2026-03-20T14:56:00Z", "Q1"), "decided");
    refused(case.assign("2026-03-20T14:56:00Z", "Q3", Role::Qar2, "Q3"), "decided");
    case.decide(now, "2026-03-20T14:56:00Z", "Q2", Decision::Reject).unwrap();
    refused(case.decide("2026-03-20T14:57:00Z", "2026-03-20T14:57:00Z", "Q2", Decision::Approve), "decided");
    let signed = Case::with(|path| !path.starts_with("post/"));
    refused(signed.decide("2026-03-20T15:01:00Z", "2026-03-20T15:01:00Z", "Q2", Decision::Reject), "decided");
}

#[test]
fn a_submission_without_a_proposal_is_not_approved() {
    let case = Case::assigned();
    case.submit("2026-03-19T10:00:00Z", "Q1").unwrap();
    let (read, now) = ("2026-03-20T14:50:00Z", "2026-03-20T14:55:00Z");
    refused(case.decide(read, now, "Q2", Decision::Approve), "not_clean");
    case.decide(read, now, "Q2", Decision::Reject).unwrap();
}

#[test]
fn a_bundle_that_was_changed_after_its_submission_is_another() {
    let case = Case::submitted();
    let other = Case::patched(RENEWED);
    for (path, bytes) in other.snapshot().to_files() {
        case.put(&path, &bytes);
    }
    let (read, now) = ("2026-03-20T14:50:00Z", "2026-03-20T14:55:00Z");
    refused(case.decide(read, now, "Q2", Decision::Approve), "other_bundle");
    refused(case.decide(read, now, "Q2", Decision::Reject), "other_bundle");
}

#[test]
fn acts_follow_each_other_in_time() {
    let case = Case::sealed();
    case.assign(MARCH_17, "Q3", Role::Qar1, "Q1").unwrap();
    refused(case.assign("2026-03-17T08:59:59Z", "Q3", Role::Qar2, "Q2"), "too_early");
    let case = Case::submitted();
    refused(case.decide("2026-03-19T09:59:58Z", "2026-03-19T09:59:59Z", "Q2", Decision::Reject), "too_early");
}

#[test]
fn nothing_follows_records_that_do_not_hold() {
    let submit = |case: &Case| case.submit("2026-03-19T10:00:00Z", "Q1");
    // Taken out, changed, doubled, unsigned, signed by another.
    let gap = Case::assigned();
    fs::remove_file(gap.path().join("decision/01-assignment-qar1.json")).unwrap();
    refused(submit(&gap), "broken");
    let changed = Case::assigned();
    let path = "decision/01-assignment-qar1.json";
    let text = fs::read_to_string(changed.path().join(path)).unwrap();
    changed.put(path, text.replace("\"Q1\"", "\"Q3\"").as_bytes());
    refused(submit(&changed), "broken");
    let fork = Case::assigned();
    fork.put("decision/03-again.json", text.as_bytes());
    refused(submit(&fork), "broken");
    let unsigned = Case::assigned();
    fs::remove_file(unsigned.path().join("decision/02-assignment-qar2.sig.cesr")).unwrap();
    refused(submit(&unsigned), "unsigned_record");
    let swapped = Case::assigned();
    let first = fs::read(swapped.path().join("decision/01-assignment-qar1.sig.cesr")).unwrap();
    swapped.put("decision/02-assignment-qar2.sig.cesr", &first);
    refused(submit(&swapped), "unsigned_record");
    let another = Case::assigned();
    another.put("decision/03-note.json", b"{}");
    refused(submit(&another), "broken");
    let nameless = Case::sealed();
    nameless.put("decision/01-assignment.json", text.replace("\"role\"", "\"rôle\"").as_bytes());
    refused(submit(&nameless), "unreadable");
    submit(&Case::assigned()).unwrap();
}

#[test]
fn a_record_by_who_was_not_on_the_roster_counts_for_nothing() {
    // Q3 is on the roster only from the day after they assigned.
    let late = Case::sealed().with_qars();
    let other = Case::patched("  - set: records/qar-roster.json#/members/2/valid_from\n    to: 2026-03-18T00:00:00Z\n");
    for (path, bytes) in other.snapshot().to_files() {
        late.put(&path, &bytes);
    }
    refused(late.submit("2026-03-19T10:00:00Z", "Q1"), "unsigned_record");
}

#[test]
fn a_proposal_that_waits_for_its_signature_is_qar1s_to_submit() {
    let case = Case::assigned().proposed();
    let proposal = "decision/03-proposal.json";
    let text = fs::read_to_string(case.path().join(proposal)).unwrap();
    // Nothing but the submission comes after it.
    let statement = case::Statement { rule: "PROV-7", element: None, topic: "x", statement: "x" };
    let attest = case.act_on(Stage::Evidence, "2026-03-19T10:00:00Z", ("Q1", "Q1"), |desk, actor, report| {
        case::attest(desk, actor, report, &statement)
    });
    refused(attest, "nothing_to_attest");
    case.put(proposal, text.replace("\"performed_by\": \"Q1\"", "\"performed_by\": \"Q3\"").as_bytes());
    refused(case.submit("2026-03-19T10:00:00Z", "Q1"), "other_proposer");
    let theirs = format!("\"created_by_aid\": \"{}\"", aid("Q1"));
    case.put(proposal, text.replace(&theirs, &format!("\"created_by_aid\": \"{}\"", aid("Q3"))).as_bytes());
    refused(case.submit("2026-03-19T10:00:00Z", "Q1"), "other_proposer");
    case.put(proposal, text.as_bytes());
    case.submit("2026-03-19T10:00:00Z", "Q1").unwrap();
}

#[test]
fn a_person_whose_identifier_changed_since_is_another() {
    let swapped = format!(
        "  - set: records/qar-roster.json#/members/0/aid\n    to: {}\n  - set: records/qar-roster.json#/members/2/aid\n    to: {}\n",
        aid("Q3"),
        aid("Q1")
    );
    let other = Case::patched(&swapped);
    let case = Case::sealed();
    assign_both(&case, ("OFFICER-1", "OFFICER-1"), ["Q1", "Q2"]).unwrap();
    for (path, bytes) in other.snapshot().to_files() {
        case.put(&path, &bytes);
    }
    let submitted = case.act_on(Stage::Evidence, "2026-03-19T10:00:00Z", ("Q1", "Q3"), |desk, actor, report| {
        case::submit(desk, actor, report, Decision::Approve)
    });
    refused(submitted, "other_aid");
}
