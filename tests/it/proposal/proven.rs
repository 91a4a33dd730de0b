//! What the reference case proves, and what proves it.

use std::collections::BTreeMap;

use countersign::bundle::json::{Numbers, Tree};
use countersign::bundle::{Limits, Snapshot};
use countersign::check::cases;
use countersign::facts::schema::FactSchema;
use countersign::keri::build::attach::IndexedSignature;
use countersign::keri::remake::Keys;
use countersign::policy::cases::patch_file;
use countersign::proposal::{Act, Assigned, Given, Received};
use countersign::source::Source;

use super::*;

pub fn patched(steps: &str) -> Snapshot {
    let source = Source::new("patch.yaml", format!("patch:\n{steps}"));
    let file = patch_file(&source).unwrap_or_else(|problems| panic!("{problems:?}"));
    let keys = Keys::parse(&std::fs::read(fixtures().join("keri/b0/keys.json")).unwrap()).unwrap();
    cases::patched(snapshot(), &file.steps, &FactSchema::embedded(), &keys).unwrap().snapshot
}

fn refused(steps: &str) -> String {
    prove_from(&patched(steps), &Act::Issue, &[]).unwrap_err().to_string()
}

#[test]
fn the_draft_of_the_reference_case_is_made_again_byte_for_byte() {
    let draft = draft();
    let [credential, event, anchor] = bodies();
    assert_eq!(draft.credential.text, credential);
    assert_eq!(draft.event.text, event);
    assert_eq!(draft.anchor.text, anchor);
    let text = String::from_utf8(stream()).unwrap();
    let signature = IndexedSignature::parse(&text[text.rfind("-AAB").unwrap()..]).unwrap();
    assert_eq!(String::from_utf8(draft.stream(2, Some(&signature))).unwrap(), text);
}

#[test]
fn the_record_of_the_reference_case_is_made_again() {
    let mut files = snapshot().to_files();
    files.retain(|path, _| !path.starts_with("decision/0") || path < &"decision/03".to_owned());
    let before = Snapshot::from_files(files, &Limits::STANDARD);
    let qar1 = Assigned::find(&before, "QAR1", as_of()).unwrap();
    assert_eq!((qar1.person_id.as_str(), qar1.aid.as_str()), ("Q1", Q1));
    let signature = sign("Q1", 0, &draft().anchor.text);
    let stored = proven().record(&before, &draft(), &qar1, &signature, as_of()).unwrap();
    assert_eq!(stored.record_path, "decision/03-proposal.json");
    assert_eq!(stored.stream, stream());
    let mut record: serde_json::Value = serde_json::from_slice(&stored.record).unwrap();
    let state = record.as_object_mut().unwrap().shift_remove("group_state").unwrap();
    assert_eq!(state["aid"], QVI);
    assert_eq!(state["threshold"], "2");
    let fixture = fixtures().join("cases/b0/decision/03-proposal.json");
    let fixture: serde_json::Value = serde_json::from_slice(&std::fs::read(fixture).unwrap()).unwrap();
    assert_eq!(serde_json::to_string_pretty(&record).unwrap(), serde_json::to_string_pretty(&fixture).unwrap());
}

#[test]
fn the_group_and_its_members_are_what_the_logs_say() {
    let group = proven().group();
    assert_eq!((group.aid.as_str(), group.sn, group.established.0), (QVI, 2, 0));
    assert_eq!(group.prior.as_str(), "EAbTpgqkCGRK4OcWb1-xvHipAYTbwXh7t4nXSgvakhZg");
    assert_eq!((group.keys.len(), group.threshold.min_signers()), (3, Some(2)));
    let [q1, q2, other] = [Q1, Q2, "EA29zpF1D3KkvoMxPlTMhS977Rv3rbYtztAbfnylEZQ8"].map(aid);
    assert_eq!(proven().member_index(&q1), Some(0));
    assert_eq!(proven().member_index(&q2), Some(1));
    assert_eq!(proven().member_index(&other), None);
}

#[test]
fn a_live_log_moves_the_event_on() {
    let issued = std::fs::read(fixtures().join("keri/b0/kel-qvi-issued.cesr")).unwrap();
    let proven = prove_from(snapshot(), &Act::Issue, &[&issued]).unwrap();
    assert_eq!(proven.group().sn, 3);
    let comparison = proven.compare(&Received::read([stream().as_slice()]).unwrap()).unwrap();
    let first = comparison.differences.first().unwrap();
    assert_eq!((first.field.as_str(), first.expected.as_deref(), first.found.as_deref()), ("s", Some("3"), Some("2")));
}

#[test]
fn dates_have_a_range() {
    for (at, good) in [
        ("2026-03-19T09:29:59Z", false),
        ("2026-03-19T09:30:00Z", true),
        ("2026-03-19T10:00:00Z", true),
        ("2026-03-19T10:00:00.000001Z", false),
    ] {
        let made = proven().draft(&Given::at(at.parse().unwrap()));
        assert_eq!(made.is_ok(), good, "{at}: {made:?}");
    }
    // Another way to write an instant is other bytes.
    for text in ["2026-03-19T09:50:00Z", "2026-03-19T10:50:00.000000+01:00", "2026-03-19T09:50:00.000+00:00", ""] {
        let given = Given { dated: text.to_owned(), event_dated: text.to_owned(), ..Given::default() };
        assert!(proven().draft(&given).is_err(), "{text}");
    }
}

#[test]
fn what_is_missing_or_contradicts_itself_proves_nothing() {
    let aid = "EDJJ2SAzuBNdvMwNsxfvrLbgHQtPbqDW1RddezZkuQE9";
    for (steps, expected) in [
        ("  - remove: records/request-1.json\n", "there is no record of kind `issuance-request`"),
        ("  - remove: records/lar-designation.json\n", "there is no record of kind `lar-designation`"),
        (
            "  - set: records/request-1.json#/lei\n    to: 5493000IBP32UQZ0KL24\n",
            "there is no record of kind `lei-record`",
        ),
        (
            "  - set: raw/lei-record-r2.json#/data/attributes/lei\n    to: 5493000IBP32UQZ0KL24\n",
            "the LEI is `254900OPPU84GM83MG36` by `bundle/records/request-1.json`, `lei`, and `5493000IBP32UQZ0KL24` \
             by `bundle/raw/lei-record-r2.json`, `data.attributes.lei`",
        ),
        (
            "  - set: records/request-1.json#/le_aid\n    to: EGpDLgK6XPZ93v-MH6CnIEa4rfC3eYVS8o4JGn6RtSDQ\n",
            "there is no verified key event log of the entity",
        ),
        ("  - remove: records/lar-designation.json#/lars/2\n", "is of none of the LARs that were designated"),
        ("  - remove: streams/registry.cesr\n", "no registry that the log of"),
        ("  - remove: streams/credential-qvi.cesr\n  - remove: streams/registry.cesr\n", "no "),
    ] {
        let found = refused(steps);
        assert!(found.contains(expected), "{steps}: {found}");
    }
    assert!(refused("  - remove: streams/kel-le.cesr\n").contains(aid));
    // Two signed events of the QVI at one place.
    let found = refused(
        "  - copy: streams/kel-qvi.cesr\n    as: streams/kel-qvi-2.cesr\n  \
         - set: streams/kel-qvi-2.cesr#/1/a\n    to: []\n",
    );
    assert!(found.contains("cannot be used") || found.contains("two different"), "{found}");
}

#[test]
fn a_revoked_authority_issues_nothing() {
    let said = format!("E{}", "revoked".repeat(7).split_at(43).0);
    let credential = "EHExaqxkfCRN0RaSdkYM08AQsiBsvfuUejdYmROYbP6Y";
    let found = refused(&format!(
        "  - set: streams/kel-geda.cesr#/-\n    to: {{ t: ixn, a: [{{ i: {credential}, s: '1', d: {said} }}] }}\n  \
         - set: streams/tel-qvi.cesr#/-\n    to: {{ t: rev, d: {said}, dt: '2026-03-18T09:00:00.000000+00:00' }}\n",
    ));
    assert!(found.starts_with("no valid QVI credential"), "{found}");
}

#[test]
fn a_bundle_that_is_not_as_listed_proves_nothing() {
    let mut files: BTreeMap<String, Vec<u8>> = snapshot().to_files();
    let request = files.get_mut("bundle/records/request-1.json").unwrap();
    let text = String::from_utf8(request.clone()).unwrap().replace("ACME AG", "ACME AB");
    *request = text.into_bytes();
    assert!(Tree::parse(&files["bundle/records/request-1.json"], Numbers::Integers).is_ok());
    let changed = Snapshot::from_files(files, &Limits::STANDARD);
    let found = prove_from(&changed, &Act::Issue, &[]).unwrap_err().to_string();
    assert!(found.contains("`bundle/records/request-1.json` is not as the manifest lists it"), "{found}");
}
