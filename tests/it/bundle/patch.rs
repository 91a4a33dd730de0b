//! Patches: each changes what it says, and the rest of the reference case stays without a problem.

use std::collections::BTreeMap;
use std::path::Path;

use countersign::bundle::patch::{Change, Content, PatchError, Settle, Shift, Step, TRUST};
use countersign::bundle::{Area, Code, Limits, Snapshot};
use countersign::check::patch::Workshop;
use countersign::keri::remake::{Keys, World};
use countersign::primitives::Duration;
use serde_json::{Value, json};

use super::sample::{codes, schema};

type Files = BTreeMap<String, Vec<u8>>;

fn reference_case() -> Files {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut files = Snapshot::read(&root.join("cases/b0"), &Limits::STANDARD).unwrap().to_files();
    files.insert(TRUST.into(), std::fs::read(root.join("trust.json")).unwrap());
    files
}

fn apply(files: &mut Files, steps: &[Step]) -> Result<(), (usize, PatchError)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/keri/b0/keys.json");
    let keys = Keys::parse(&std::fs::read(path).unwrap()).unwrap();
    let world = World::read(files);
    let applied = countersign::bundle::patch::apply(files, steps, &mut Workshop::new(schema(), &keys, &world))?;
    assert_eq!(applied.stale, Vec::<String>::new());
    Ok(())
}

fn patched(steps: &[Step]) -> (Files, Snapshot) {
    let mut files = reference_case();
    apply(&mut files, steps).unwrap();
    let snapshot = Snapshot::from_files(files.clone(), &Limits::STANDARD);
    (files, snapshot)
}

fn step(change: Change) -> Step {
    Step { settle: Settle::Signed, change }
}

fn frozen(change: Change) -> Step {
    Step { settle: Settle::Nothing, change }
}

fn set(path: &str, pointer: &str, to: Value) -> Change {
    Change::Set { path: path.into(), pointer: pointer.into(), to }
}

fn json_of(files: &Files, path: &str) -> Value {
    serde_json::from_slice(&files[path]).unwrap()
}

/// Nothing is wrong, and every case record names the bundle as it is now.
fn assert_sound(snapshot: &Snapshot) {
    let problems = countersign::collect::problems(snapshot, schema());
    assert!(problems.is_empty(), "{problems:#?}");
    let digest = snapshot.digest().unwrap().to_string();
    for (_, file) in snapshot.iter().filter(|(_, file)| file.area == Area::Decision && file.path.ends_with(".json")) {
        let record: Value = serde_json::from_slice(file.bytes().unwrap()).unwrap();
        if let Some(named) = record.get("bundle_digest") {
            assert_eq!(named, &json!(digest), "{}", file.path);
        }
    }
}

#[test]
fn no_step_changes_nothing() {
    let (files, snapshot) = patched(&[]);
    assert_eq!(files, reference_case());
    assert_sound(&snapshot);
}

#[test]
fn a_changed_body_is_listed_again_everywhere() {
    let status = "/data/attributes/registration/status";
    let (files, snapshot) = patched(&[step(set("raw/lei-record-r1.json", status, json!("LAPSED")))]);
    assert_sound(&snapshot);
    let body = &files["bundle/raw/lei-record-r1.json"];
    let digest = countersign::primitives::Sha256::of(body).to_string();
    assert_eq!(json_of(&files, "bundle/records/lei-record-r1.json")["body_sha256"], json!(digest));
    // Nothing but that: the other bodies and records are as they were.
    let before = reference_case();
    let changed: Vec<_> = files.keys().filter(|path| files[*path] != before[*path]).map(String::as_str).collect();
    assert!(!changed.contains(&"bundle/records/lei-record-r2.json"), "{changed:?}");
    assert!(changed.contains(&"post/manifest.json"), "{changed:?}");
}

#[test]
fn a_step_that_is_not_listed_again_is_found_out() {
    let change = set("records/le-profile.json", "/authorized_signer_count", json!(6));
    assert_eq!(codes(&patched(&[frozen(change)]).1), [Code::DigestMismatch]);
    let gone = Change::RemoveFile { path: "raw/contract.txt".into() };
    assert_eq!(codes(&patched(&[frozen(gone)]).1), [Code::FileMissing]);
    let note = Change::Add { path: "raw/note.txt".into(), kind: "document".into(), content: Content::Text("x".into()) };
    assert_eq!(codes(&patched(&[frozen(note)]).1), [Code::FileUnlisted]);
}

#[test]
fn files_come_and_go_with_their_entries() {
    let (files, snapshot) = patched(&[
        step(Change::RemoveFile { path: "records/le-profile.json".into() }),
        step(Change::Add { path: "raw/note.txt".into(), kind: "document".into(), content: Content::Text("x".into()) }),
        step(Change::Copy {
            path: "records/session-1.json".into(),
            to: "records/session-2.json".into(),
            change: vec![("/id".into(), json!("session-2"))],
        }),
        step(Change::RemoveFile { path: "post/records/invoice-1.json".into() }),
    ]);
    assert_sound(&snapshot);
    let manifest = snapshot.manifest(Area::Bundle).unwrap();
    assert!(manifest.entry("records/le-profile.json").is_none());
    assert_eq!(manifest.entry("raw/note.txt").unwrap().kind, "document");
    assert_eq!(manifest.entry("records/session-2.json").unwrap().kind, "oobi-session");
    assert!(!files.contains_key("post/records/invoice-1.json"));
}

#[test]
fn case_records_stay_one_chain() {
    for gone in ["01-assignment-qar1", "02-assignment-qar2", "03-proposal", "05-report", "06-approval"] {
        let (_, snapshot) = patched(&[step(Change::RemoveFile { path: format!("decision/{gone}.json") })]);
        assert_sound(&snapshot);
    }
    let two = ["decision/02-assignment-qar2.json", "decision/03-proposal.json"];
    assert_sound(&patched(&two.map(|path| step(Change::RemoveFile { path: path.into() }))).1);
    let waiver = |id: &str| {
        let path = format!("decision/{id}.json");
        let json = super::sample::record(
            "waiver",
            id,
            json!({
                "predecessor_sha256": null, "rule": "PROV-U.1", "rule_digest": "a".repeat(64), "reason": "why",
                "requested_by": "Q1", "not_before": "2026-03-20T00:00:00Z", "expires": "2026-03-20T15:00:00Z", "max_uses": 1,
                "approved_by": [{"person_id": "O", "aid": super::sample::AID, "approved_at": "2026-03-20T12:00:00Z"}],
            }),
        );
        step(Change::Add { path, kind: "waiver".into(), content: Content::Json(json) })
    };
    let profile = step(set("records/le-profile.json", "/authorized_signer_count", json!(6)));
    let (files, snapshot) = patched(&[waiver("07"), profile, waiver("08")]);
    assert_sound(&snapshot);
    let last = countersign::primitives::Sha256::of(&files["decision/07.json"]);
    assert_eq!(json_of(&files, "decision/08.json")["predecessor_sha256"], json!(last));
    let copy = Change::Copy {
        path: "decision/01-assignment-qar1.json".into(),
        to: "decision/09.json".into(),
        change: vec![("/id".into(), json!("again"))],
    };
    assert_sound(&patched(&[step(copy)]).1);
}

#[test]
fn texts_are_replaced_and_times_shifted() {
    let (files, snapshot) = patched(&[
        step(Change::Replace { text: "\"Q1\"".into(), by: "\"Q9\"".into(), within: "records/*.json".into() }),
        step(Change::Shift { by: Shift::Days(30), within: "raw/lei-record-r*.json".into() }),
        step(Change::Shift { by: Shift::Duration(Duration::from_seconds(7200)), within: "**".into() }),
    ]);
    assert_sound(&snapshot);
    assert!(!String::from_utf8_lossy(&files["bundle/records/session-1.json"]).contains("\"Q1\""));
    let body = json_of(&files, "bundle/raw/lei-record-r1.json");
    assert_eq!(body["data"]["attributes"]["registration"]["nextRenewalDate"], json!("2026-05-31T02:00:00Z"));
    // The trust file is meant by its name only.
    assert_eq!(files[TRUST], reference_case()[TRUST]);
    let (files, _) = patched(&[step(set(TRUST, "/serial", json!(2)))]);
    assert_eq!(json_of(&files, TRUST)["serial"], json!(2));
}

#[test]
fn the_manifest_can_be_patched_too() {
    let (_, snapshot) = patched(&[step(set("manifest.json", "/flow", json!("le-solicited")))]);
    assert_sound(&snapshot);
    assert_eq!(snapshot.manifest(Area::Bundle).unwrap().text("flow"), Some("le-solicited"));
}

#[test]
fn a_step_that_finds_nothing_is_an_error() {
    let fails = |change: Change| apply(&mut reference_case(), &[step(change)]).unwrap_err().1;
    let nothing = |error: &PatchError| matches!(error, PatchError::NoMatch { .. });
    assert!(nothing(&fails(set("records/le-profile.json", "/made/up", json!(1)))));
    assert!(nothing(&fails(set("records/lar-designation.json", "/lars/[person_id=LAR-X]/aid", json!(1)))));
    assert!(nothing(&fails(Change::Remove { path: "records/le-profile.json".into(), pointer: "/made_up".into() })));
    assert!(matches!(fails(set("records/x.json", "/a", json!(1))), PatchError::NoFile { .. }));
    assert!(matches!(fails(Change::RemoveFile { path: "x".into() }), PatchError::NoFile { .. }));
    let replace =
        |text: &str, within: &str| fails(Change::Replace { text: text.into(), by: "y".into(), within: within.into() });
    assert!(matches!(replace("nowhere to be found", "**"), PatchError::NoText { .. }));
    assert!(matches!(replace("Q1", "nowhere/*"), PatchError::NoFile { .. }));
    let shift = |within: &str| fails(Change::Shift { by: Shift::Days(1), within: within.into() });
    assert!(matches!(shift("raw/contract.txt"), PatchError::NoInstant { .. }));
    let add =
        Change::Add { path: "raw/contract.txt".into(), kind: "document".into(), content: Content::Text("x".into()) };
    assert!(matches!(fails(add), PatchError::FileExists { .. }));
}
