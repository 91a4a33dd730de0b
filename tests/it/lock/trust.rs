//! A trust file that replaces another.

use countersign::primitives::{Instant, Sha256};
use countersign::trust::{KeysChange, Trust, TrustChange, TrustError};

use super::people::{self, code, signer};
use super::{at, signing};
use crate::fixture::{aid, log, rotation};

fn change() -> TrustChange {
    let logs = ["OFFICER-1", "OFFICER-2", "OFFICER-3"].map(log).concat();
    TrustChange {
        policy_keys: KeysChange { added: vec![aid("Q3")], removed: vec![aid("POLICY-3")], threshold: Some(3) },
        logs,
        ..TrustChange::none(at("2026-03-01T00:00:00Z"))
    }
}

fn signed(next: Trust, before: &Trust, by: &[&str]) -> Trust {
    by.iter().fold(next, |next, holder| next.sign(before, &signer(holder, "current")).unwrap().1)
}

fn refused(result: Result<(), TrustError>) -> String {
    code(&result.unwrap_err())
}

fn now() -> Instant {
    signing()
}

#[test]
fn officers_put_a_changed_trust_file_in_force() {
    let before = people::trust();
    let (bytes, next) = before.changed(&change()).unwrap();
    assert_eq!((next.serial, next.digest), (2, Sha256::of(&bytes)));
    assert!(next.policy_keys.aids.contains(&aid("Q3")) && !next.policy_keys.aids.contains(&aid("POLICY-3")));
    assert_eq!(next.officers, before.officers);
    assert_eq!(refused(next.succeeds(&before, now())), "countersign::trust::unsigned");
    let one = signed(next.clone(), &before, &["OFFICER-2"]);
    assert_eq!(refused(one.succeeds(&before, now())), "countersign::trust::below_threshold");
    let two = signed(one, &before, &["OFFICER-3"]);
    assert!(two.succeeds(&before, now()).is_ok());
    assert_eq!(refused(two.succeeds(&before, at("2026-02-28T23:59:59Z"))), "countersign::trust::not_yet");
    // The signatures are in the file: it has another digest and says the same.
    assert_ne!(two.digest, next.digest);
}

#[test]
fn nobody_but_the_officers_of_before_counts() {
    let before = people::trust();
    let change = TrustChange {
        officers: KeysChange {
            added: vec![aid("Q1"), aid("Q2"), aid("Q3")],
            removed: before.officers.aids.clone(),
            threshold: None,
        },
        logs: ["Q1", "Q2", "OFFICER-1", "OFFICER-2"].map(log).concat(),
        ..TrustChange::none(at("2026-03-01T00:00:00Z"))
    };
    let (_, next) = before.changed(&change).unwrap();
    for holder in ["Q1", "Q2", "POLICY-1"] {
        let refusal = next.sign(&before, &signer(holder, "current")).unwrap_err();
        assert_eq!(code(&refusal), "countersign::trust::foreign_key", "{holder}");
    }
    let next = signed(next, &before, &["OFFICER-1", "OFFICER-2"]);
    assert!(next.succeeds(&before, now()).is_ok());
    // One officer does not sign twice.
    let again = next.sign(&before, &signer("OFFICER-1", "current")).unwrap_err();
    assert_eq!(code(&again), "countersign::trust::signed_twice");
}

#[test]
fn an_older_trust_file_never_comes_back() {
    let first = people::trust();
    let second = signed(first.changed(&change()).unwrap().1, &first, &["OFFICER-1", "OFFICER-2"]);
    let (_, third) = second.changed(&TrustChange { qvi_aid: Some(aid("Q1")), ..TrustChange::none(now()) }).unwrap();
    let third = signed(third, &second, &["OFFICER-1", "OFFICER-2"]);
    assert!(third.succeeds(&second, now()).is_ok());
    for (old, new) in [(&first, &second), (&first, &third), (&second, &third), (&second, &second)] {
        assert_eq!(refused(old.succeeds(new, now())), "countersign::trust::serial");
    }
    let refusal = first.sign(&second, &signer("OFFICER-1", "current")).unwrap_err();
    assert_eq!(code(&refusal), "countersign::trust::serial");
}

#[test]
fn a_byte_that_changes_after_signing_is_seen() {
    let before = people::trust();
    let (bytes, next) = before.changed(&change()).unwrap();
    let (bytes, _) = [("OFFICER-1"), ("OFFICER-2")]
        .iter()
        .fold((bytes, next), |(_, next), holder| next.sign(&before, &signer(holder, "current")).unwrap());
    let text = String::from_utf8(bytes).unwrap();
    let parsed = |text: &str| Trust::parse(text.as_bytes()).unwrap();
    assert!(parsed(&text).succeeds(&before, now()).is_ok());
    let old = before.geda_aid.as_str();
    for changed in [
        text.replace(old, aid("Q1").as_str()),
        text.replace("\"serial\": 2", "\"serial\": 3"),
        text.replace("2026-03-01T", "2026-02-01T"),
        text.replace("\"threshold\": \"3\"", "\"threshold\": \"1\""),
    ] {
        assert_ne!(changed, text);
        assert_eq!(refused(parsed(&changed).succeeds(&before, now())), "countersign::trust::bad_signature");
    }
}

#[test]
fn a_trust_file_forgets_neither_store_nor_ledger() {
    let before = people::trust();
    let initialised = TrustChange { ledger_genesis: Some(Sha256::of(b"row")), store_initialised: true, ..change() };
    let (bytes, second) = before.changed(&initialised).unwrap();
    let text = String::from_utf8(bytes).unwrap().replace("\"serial\": 2", "\"serial\": 3");
    let no_store = Trust::parse(text.replace("\"store_initialised\": true", "\"store_initialised\": false").as_bytes());
    assert_eq!(refused(no_store.unwrap().succeeds(&second, now())), "countersign::trust::forgets");
    let genesis = format!("\"{}\"", Sha256::of(b"row"));
    let no_ledger = Trust::parse(text.replace(&genesis, "null").as_bytes()).unwrap();
    assert_eq!(refused(no_ledger.succeeds(&second, now())), "countersign::trust::forgets");
}

#[test]
fn an_officer_signs_with_the_key_in_force() {
    let before = people::trust();
    let (_, next) = before.changed(&change()).unwrap();
    let next = signed(next, &before, &["OFFICER-1", "OFFICER-2"]);
    assert!(next.succeeds(&before, now()).is_ok());
    // The installation learns of a rotation by its own trust file: the old key's signature counts no more.
    let logs = format!("{}{}", log("OFFICER-1"), rotation("OFFICER-1"));
    let (_, knows) = before.changed(&TrustChange { logs, ..TrustChange::none(now()) }).unwrap();
    let (_, third) = knows.changed(&change()).unwrap();
    let old = third.sign(&knows, &signer("OFFICER-1", "current")).unwrap_err();
    assert_eq!(code(&old), "countersign::trust::key_not_in_force");
    let third = third.sign(&knows, &signer("OFFICER-1", "next")).unwrap().1;
    let third = signed(third, &knows, &["OFFICER-2"]);
    assert!(third.succeeds(&knows, now()).is_ok());
}

#[test]
fn a_change_that_cannot_be_made_is_refused() {
    let before = people::trust();
    let none = || TrustChange::none(now());
    let keys = |added: Vec<_>, removed: Vec<_>, threshold| KeysChange { added, removed, threshold };
    let change = "countersign::trust::change";
    let invalid = "countersign::trust::invalid";
    for (asked, expected) in [
        (none(), change),
        (TrustChange { officers: keys(vec![], vec![aid("Q1")], None), ..none() }, change),
        (TrustChange { schemas_ended: vec![aid("Q1").as_str().parse().unwrap()], ..none() }, change),
        (TrustChange { officers: keys(vec![aid("OFFICER-1")], vec![], None), ..none() }, invalid),
        (TrustChange { officers: keys(vec![], vec![], Some(4)), ..none() }, invalid),
        (TrustChange { officers: keys(vec![], before.officers.aids.clone(), None), ..none() }, invalid),
    ] {
        assert_eq!(code(&before.changed(&asked).unwrap_err()), expected, "{asked:?}");
    }
}
