//! The policy lock, trust changes and recovery: what is refused, and that the same without the flaw is not.

mod people;
mod state;
mod trust;

use std::fs;

use countersign::compile;
use countersign::lock::{EngineVersion, LockError, PolicyLock, SignedLock, Terms};
use countersign::policy::file_kind;
use countersign::primitives::{Instant, Sha256};
use countersign::trust::{Trust, TrustChange};
use serde_json::{Value, json};

use crate::fixture::{aid, fixtures, log, rotation};
use people::{code, signer};

fn at(text: &str) -> Instant {
    text.parse().unwrap()
}

fn signing() -> Instant {
    at("2026-03-20T15:00:00Z")
}

fn bytes() -> Vec<u8> {
    fs::read(fixtures().join("lock.json")).unwrap()
}

fn terms() -> Terms {
    PolicyLock::read(&bytes()).unwrap().terms().clone()
}

/// A lock with these terms, signed by these.
fn signed(terms: Terms, trust: &Trust, by: &[&str]) -> SignedLock {
    let draft = SignedLock::draft(terms).unwrap();
    by.iter().fold(draft, |lock, holder| lock.sign(trust, &log(holder), &signer(holder, "current")).unwrap())
}

fn refused(result: Result<PolicyLock, LockError>) -> String {
    code(&result.unwrap_err())
}

const TWO: [&str; 2] = ["POLICY-1", "POLICY-2"];

#[test]
fn the_lock_of_the_fixture_is_in_force_and_fresh() {
    let trust = people::trust();
    let lock = PolicyLock::read(&bytes()).unwrap().verified(&trust, signing(), None).unwrap();
    assert_eq!((lock.id.as_str(), lock.serial, lock.profile.as_str()), ("example-qvi", 1, "house"));
    assert_eq!(lock.digest(), Sha256::of(&bytes()));
    assert!(lock.flows.contains("le-unsolicited"));
    let program = compile::shipped().unwrap();
    lock.pins(&program.digest).expect("fixtures/lock.json is stale; run fixtures/lock.py");
    assert_eq!(lock.levels.len(), program.rules.len());
    let files: Vec<String> = compile::shipped_files()
        .iter()
        .filter(|file| !file_kind(file.name()).tests())
        .map(|file| file.name().to_owned())
        .collect();
    assert_eq!(lock.files.keys().cloned().collect::<Vec<_>>(), files);
    // Made again, it is the same bytes.
    assert_eq!(signed(terms(), &trust, &TWO).write(), bytes());
}

#[test]
fn a_lock_holds_from_its_first_moment_until_its_last() {
    let (trust, lock) = (people::trust(), PolicyLock::read(&bytes()).unwrap());
    let asked = |now: &str| lock.verified(&trust, at(now), None);
    assert_eq!(refused(asked("2025-12-31T23:59:59Z")), "countersign::lock::not_yet");
    assert!(asked("2026-01-01T00:00:00Z").is_ok());
    assert!(asked("2026-12-31T23:59:59Z").is_ok());
    assert_eq!(refused(asked("2027-01-01T00:00:00Z")), "countersign::lock::expired");
}

#[test]
fn a_name_in_a_lock_is_bounded() {
    let named = |length: usize| {
        let terms = Terms { id: "x".repeat(length), ..terms() };
        SignedLock::draft(terms).and_then(|lock| SignedLock::read(&lock.write()))
    };
    assert!(named(128).is_ok());
    assert_eq!(code(&named(129).map(|_| ()).unwrap_err()), "countersign::lock::invalid");
}

#[test]
fn an_older_lock_than_was_seen_is_refused() {
    let (trust, lock) = (people::trust(), signed(Terms { serial: 4, ..terms() }, &people::trust(), &TWO));
    assert_eq!(lock.verified(&trust, signing(), Some(4)).unwrap().serial, 4);
    assert!(lock.verified(&trust, signing(), Some(3)).is_ok());
    assert_eq!(refused(lock.verified(&trust, signing(), Some(5))), "countersign::lock::rolled_back");
}

#[test]
fn a_lock_needs_the_threshold_of_the_policy_keys() {
    let trust = people::trust();
    let of = |by: &[&str]| signed(terms(), &trust, by).verified(&trust, signing(), None);
    assert_eq!(refused(of(&[])), "countersign::trust::unsigned");
    assert_eq!(refused(of(&["POLICY-3"])), "countersign::trust::below_threshold");
    assert!(of(&["POLICY-3", "POLICY-1"]).is_ok());
    assert!(of(&["POLICY-3", "POLICY-1", "POLICY-2"]).is_ok());
}

#[test]
fn nobody_but_a_policy_key_signs_a_lock() {
    let trust = people::trust();
    let lock = signed(terms(), &trust, &TWO);
    for holder in ["OFFICER-1", "Q2"] {
        let refusal = lock.sign(&trust, &log(holder), &signer(holder, "current")).unwrap_err();
        assert_eq!(code(&refusal), "countersign::trust::foreign_key");
    }
    // A foreign signature refuses the lock beside enough good ones.
    let mut document: Value = serde_json::from_slice(&bytes()).unwrap();
    let mut foreign = document["signatures"][0].clone();
    foreign["key_state"] = json!({ "aid": aid("OFFICER-1"), "sn": 0, "said": aid("OFFICER-1") });
    document["signatures"].as_array_mut().unwrap().push(foreign);
    assert_eq!(refused(verified(&document)), "countersign::trust::foreign_key");
}

fn verified(document: &Value) -> Result<PolicyLock, LockError> {
    let bytes = serde_json::to_vec(document).unwrap();
    PolicyLock::read(&bytes)?.verified(&people::trust(), signing(), None)
}

#[test]
fn no_signature_counts_twice_or_for_another() {
    let document: Value = serde_json::from_slice(&bytes()).unwrap();
    assert!(verified(&document).is_ok());
    let mut twice = document.clone();
    twice["signatures"][1] = document["signatures"][0].clone();
    assert_eq!(refused(verified(&twice)), "countersign::trust::signed_twice");
    let mut swapped = document.clone();
    swapped["signatures"][0]["signature"] = document["signatures"][1]["signature"].clone();
    assert_eq!(refused(verified(&swapped)), "countersign::trust::bad_signature");
    let mut indexed = document.clone();
    let text = document["signatures"][0]["signature"].as_str().unwrap();
    indexed["signatures"][0]["signature"] = json!(text.replacen("0B", "AA", 1));
    assert_eq!(refused(verified(&indexed)), "countersign::trust::bad_signature");
    let mut state = document.clone();
    state["signatures"][0]["key_state"]["sn"] = json!(1);
    assert_eq!(refused(verified(&state)), "countersign::trust::other_key_state");
    let mut bare = document;
    bare["logs"] = json!("");
    assert_eq!(refused(verified(&bare)), "countersign::trust::log_missing");
}

#[test]
fn a_change_of_any_member_breaks_the_signatures() {
    let document: Value = serde_json::from_slice(&bytes()).unwrap();
    let other = Sha256::of(b"other").to_string();
    let changes: [(&str, Value); 14] = [
        ("/id", json!("other")),
        ("/serial", json!(2)),
        ("/not_before", json!("2026-01-02T00:00:00Z")),
        ("/expires", json!("2036-01-01T00:00:00Z")),
        ("/minimum_engine", json!("0.0.1")),
        ("/policy/digest", json!(other)),
        ("/policy/files/flows.yaml", json!(other)),
        ("/policy/levels/LE-6.3.1.b.2", json!("info")),
        ("/profile", json!("egf-strict")),
        ("/parameters", json!({ "allowed_registration_statuses": "[LAPSED]" })),
        ("/flows", json!(["le-unsolicited"])),
        ("/schemas", json!([])),
        ("/report_max_age_seconds", json!(90_000)),
        ("/skew_seconds", json!(86_400)),
    ];
    for (pointer, value) in changes {
        let mut changed = document.clone();
        let place = changed.pointer_mut(pointer).unwrap_or_else(|| panic!("{pointer}"));
        assert_ne!(*place, value, "{pointer}");
        *place = value;
        assert_eq!(refused(verified(&changed)), "countersign::trust::bad_signature", "{pointer}");
    }
    let mut trust = document;
    trust["trust"] = json!(other);
    assert_eq!(refused(verified(&trust)), "countersign::lock::other_trust");
}

#[test]
fn a_lock_is_for_one_trust_file() {
    let lock = PolicyLock::read(&bytes()).unwrap();
    let text = fs::read_to_string(fixtures().join("trust.json")).unwrap();
    let trust = Trust::parse(format!("{text}\n").as_bytes()).unwrap();
    assert_eq!(refused(lock.verified(&trust, signing(), None)), "countersign::lock::other_trust");
    let refusal = lock.sign(&trust, &log("POLICY-3"), &signer("POLICY-3", "current")).unwrap_err();
    assert_eq!(code(&refusal), "countersign::lock::other_trust");
}

#[test]
fn an_engine_older_than_the_lock_asks_for_decides_nothing() {
    let trust = people::trust();
    let of = |engine: &str| {
        let terms = Terms { minimum_engine: engine.parse::<EngineVersion>().unwrap(), ..terms() };
        signed(terms, &trust, &TWO).verified(&trust, signing(), None)
    };
    assert!(of(env!("CARGO_PKG_VERSION")).is_ok());
    assert_eq!(refused(of("99.0.0")), "countersign::lock::engine_too_old");
}

#[test]
fn swapped_policies_are_not_those_of_the_lock() {
    let lock = PolicyLock::read(&bytes()).unwrap().verified(&people::trust(), signing(), None).unwrap();
    assert!(lock.pins(&compile::shipped().unwrap().digest).is_ok());
    let refusal = lock.pins(&Sha256::of(b"other policies")).unwrap_err();
    assert_eq!(code(&refusal), "countersign::lock::other_policies");
}

#[test]
fn a_key_that_was_rotated_out_signs_no_lock() {
    let trust = people::trust();
    // The lock was signed before its logs showed the rotation.
    let mut document: Value = serde_json::from_slice(&bytes()).unwrap();
    let logs = format!("{}{}", document["logs"].as_str().unwrap(), rotation("POLICY-1"));
    document["logs"] = json!(logs);
    assert_eq!(refused(verified(&document)), "countersign::trust::superseded_key");
    // The trust file shows it: the old key is refused before it signs, and the new one signs.
    let logs = format!("{}{}", log("POLICY-1"), rotation("POLICY-1"));
    let (_, trust) = trust.changed(&TrustChange { logs, ..TrustChange::none(signing()) }).unwrap();
    let lock = SignedLock::draft(Terms { trust_digest: trust.digest, ..terms() }).unwrap();
    let refusal = lock.sign(&trust, "", &signer("POLICY-1", "current")).unwrap_err();
    assert_eq!(code(&refusal), "countersign::trust::key_not_in_force");
    let lock = lock.sign(&trust, "", &signer("POLICY-1", "next")).unwrap();
    let lock = lock.sign(&trust, &log("POLICY-2"), &signer("POLICY-2", "current")).unwrap();
    assert!(lock.verified(&trust, signing(), None).is_ok());
}

#[test]
fn a_lock_is_strict_json_as_its_schema_says() {
    let schema = fs::read_to_string(fixtures().join("../schemas/lock.schema.json")).unwrap();
    let judge = jsonschema::validator_for(&serde_json::from_str(&schema).unwrap()).unwrap();
    let document: Value = serde_json::from_slice(&bytes()).unwrap();
    assert!(judge.is_valid(&document));
    let with = |pointer: &str, value: Value| {
        let mut changed = document.clone();
        *changed.pointer_mut(pointer).unwrap() = value;
        changed
    };
    let mut surplus = document.clone();
    surplus["skip"] = json!(true);
    let mut missing = document.clone();
    missing.as_object_mut().unwrap().shift_remove("expires");
    let both = [
        surplus,
        missing,
        with("/version", json!(2)),
        with("/serial", json!(0)),
        with("/flows", json!([])),
        with("/id", json!("")),
        with("/minimum_engine", json!("1.0")),
        with("/trust", json!("abc")),
        with("/skew_seconds", json!(-1)),
        with("/parameters", json!({ "a": 1 })),
    ];
    for refused in both {
        assert!(!judge.is_valid(&refused), "{refused}");
        let error = PolicyLock::read(&serde_json::to_vec(&refused).unwrap()).unwrap_err();
        assert_eq!(code(&error), "countersign::lock::invalid");
    }
    let text = String::from_utf8(bytes()).unwrap();
    for broken in
        [text.replacen('{', "{\"serial\":9,", 1), format!("{text}x"), text.replace("60,", "60.5,"), String::new()]
    {
        let error = PolicyLock::read(broken.as_bytes()).unwrap_err();
        assert_eq!(code(&error), "countersign::lock::not_json");
        let line = error.to_string();
        assert!(!line.contains('\n') && !line.ends_with('.'), "{line}");
    }
    let backwards = with("/expires", json!("2025-01-01T00:00:00Z"));
    let error = PolicyLock::read(&serde_json::to_vec(&backwards).unwrap()).unwrap_err();
    assert_eq!(code(&error), "countersign::lock::invalid");
}
