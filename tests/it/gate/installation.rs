//! An installation whose lock, trust, clock, store or ledger is not what it was.

use std::fs;

use countersign::gate::Code;
use countersign::keystore::Signer;
use countersign::ledger::{Entry, Kind, Ledger};
use countersign::primitives::{Duration, Sha256};
use countersign::sign::{Point, SignError};
use countersign::store::{Memory, Store};
use serde_json::Value;

use super::world::{World, at, draft, lock, trust};

fn remember(world: &World, seen: Memory) {
    Store::open(&world.store_path, true).unwrap().remember(&seen, Duration::from_seconds(0)).unwrap();
}

#[test]
fn there_is_no_policy_lock() {
    let mut world = World::reference();
    world.lock = None;
    world.refused(Code::NoLock);
}

#[test]
fn the_rule_book_is_swapped() {
    let mut world = World::reference();
    world.relock(|terms| terms.policy_digest = Sha256::of(b"another rule book"));
    world.refused(Code::OtherPolicies);
}

#[test]
fn the_lock_is_rolled_back() {
    let world = World::reference();
    remember(&world, Memory { lock_serial: Some(8), ..Memory::default() });
    world.refused(Code::LockRolledBack);
}

#[test]
fn the_lock_is_signed_by_nobody() {
    let mut world = World::reference();
    world.lock = Some(draft(&world.trust, |_| {}));
    world.refused(Code::LockUnsigned);
}

#[test]
fn the_lock_has_expired() {
    let mut world = World::reference();
    world.relock(|terms| terms.expires = at("2026-03-20T15:00:00Z"));
    world.refused(Code::LockExpired);
}

#[test]
fn the_lock_does_not_hold_yet() {
    let mut world = World::reference();
    world.relock(|terms| terms.not_before = at("2026-03-20T15:00:01Z"));
    world.refused(Code::LockNotYet);
}

#[test]
fn the_lock_is_for_another_trust_file() {
    let mut world = World::reference();
    world.lock = Some(lock(&trust(|_| {}), |_| {}));
    world.refused(Code::LockOtherTrust);
}

#[test]
fn the_lock_needs_a_later_engine() {
    let mut world = World::reference();
    world.relock(|terms| terms.minimum_engine = "99.0.0".parse().unwrap());
    world.refused(Code::LockEngine);
}

#[test]
fn the_lock_does_not_allow_the_flow() {
    let mut world = World::reference();
    world.relock(|terms| terms.flows = ["le-solicited".to_owned()].into());
    world.refused(Code::FlowNotLocked);
}

#[test]
fn the_lock_sets_a_parameter_that_the_report_did_not_have() {
    let mut world = World::reference();
    world.relock(|terms| {
        drop(terms.parameters.insert("official_mailbox".to_owned(), "\"vlei@example.com\"".to_owned()))
    });
    world.refused(Code::OtherRules);
}

#[test]
fn the_trust_file_is_an_older_one() {
    let world = World::reference();
    remember(&world, Memory { trust_serial: Some(2), ..Memory::default() });
    world.refused(Code::TrustRolledBack);
}

#[test]
fn the_clock_is_behind_the_ledger() {
    let world = World::reference();
    let actor = crate::proposal::aid(crate::proposal::Q2);
    let entry = Entry { at: at("2026-03-20T15:02:01Z"), actor, kind: Kind::CaseRecord, payload: Sha256::of(b"later") };
    Ledger::open(&world.ledger_path).unwrap().append(entry).unwrap();
    world.refused(Code::ClockBack);
}

#[test]
fn the_clock_is_behind_the_store() {
    let world = World::reference();
    remember(&world, Memory { latest: Some(at("2026-03-20T15:02:01Z")), ..Memory::default() });
    world.refused(Code::ClockBack);
}

#[test]
fn the_store_was_deleted() {
    let world = World::reference();
    fs::remove_file(&world.store_path).unwrap();
    let attempt = world.refused_unrecorded(Code::NoStore);
    assert_eq!(attempt.rows, []);
    assert!(!world.store_path.exists(), "it was made again");
}

#[test]
fn the_ledger_was_deleted() {
    let world = World::reference();
    fs::remove_file(&world.ledger_path).unwrap();
    let attempt = world.refused_unrecorded(Code::NoLedger);
    assert_eq!(attempt.rows, []);
    assert!(!world.ledger_path.exists(), "it was made again");
}

#[test]
fn the_ledger_is_another_one() {
    let mut world = World::reference();
    let genesis = Value::from(Sha256::of(b"another first row").to_string());
    world.trust = trust(|trust| {
        trust["practice"] = true.into();
        trust["ledger_genesis"] = genesis;
        trust["store_initialised"] = Value::from(true);
    });
    world.relock(|_| {});
    let attempt = world.refused_unrecorded(Code::OtherLedger);
    assert_eq!(attempt.rows, []);
}

#[test]
fn the_ledger_was_truncated() {
    let world = World::reference();
    assert!(world.attempt().outcome.is_ok());
    fs::remove_file(world.folder.path().join("event.cesr")).unwrap();
    let text = fs::read_to_string(&world.ledger_path).unwrap();
    let first: String = text.split_inclusive('\n').take(2).collect();
    fs::write(&world.ledger_path, &first).unwrap();
    let attempt = world.refused_unrecorded(Code::LedgerChanged);
    assert_eq!(attempt.rows, []);
    assert_eq!(fs::read_to_string(&world.ledger_path).unwrap(), first);
}

#[test]
fn the_place_is_reserved_for_another_event() {
    let world = World::reference();
    let mut other = world.clear().unwrap().reservation();
    other.said = crate::proposal::QVI.parse().unwrap();
    Store::open(&world.store_path, true).unwrap().reserve(&other).unwrap();
    world.refused(Code::PlaceTaken);
}

/// Both were cleared before either took the place.
#[test]
fn another_process_takes_the_place_after_the_gate_said_yes() {
    let world = World::reference();
    let clearance = world.clear().unwrap();
    let signer = world.embedded("Q2");
    let mut other = clearance.reservation();
    other.said = crate::proposal::QVI.parse().unwrap();
    let mut first = |point: Point| {
        if point == Point::Remembered {
            Store::open(&world.store_path, true).unwrap().reserve(&other).unwrap();
        }
        Ok(())
    };
    match world.sign(&clearance, &signer, &mut first) {
        Err(SignError::Refused(refusal)) => assert!(refusal.is_for(Code::PlaceTaken)),
        other => panic!("{other:?}"),
    }
    assert!(!signer.is_open());
}

/// Keys that call themselves QAR2's and are not those of the group.
#[test]
fn the_keystore_is_swapped() {
    use countersign::keystore::{Cost, Embedded, Imported, Keystore, Passphrase, Seed};
    let world = World::reference();
    let clearance = world.clear().unwrap();
    let passphrase = || Passphrase::new("correct horse battery".to_owned());
    let keystore =
        Keystore::new(&world.folder.path().join("swapped")).with_cost(Cost { memory_kib: 64, passes: 1, lanes: 1 });
    let aid = crate::proposal::aid(crate::proposal::Q2);
    let keys = Imported { aid, current: Seed::random().unwrap(), next: None };
    let file = keystore.import(&"q2".parse().unwrap(), keys, &passphrase()).unwrap();
    let signer = Embedded::locked(file, move || Ok(passphrase()));
    assert_eq!(signer.aid().as_str(), crate::proposal::Q2);
    match world.sign(&clearance, &signer, &mut |_| Ok(())) {
        Err(SignError::Refused(refusal)) => assert!(refusal.is_for(Code::OtherKey)),
        other => panic!("{other:?}"),
    }
    assert!(!signer.is_open());
    assert_eq!(Store::open(&world.store_path, true).unwrap().history().unwrap(), []);
}
