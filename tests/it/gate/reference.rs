//! The reference case signs.

use countersign::keystore::Signer;
use countersign::ledger::{Kind, Ledger};
use countersign::primitives::Sha256;
use countersign::sign::Envelope;
use countersign::store::{State, Store};
use serde_json::Value;

use super::world::World;

#[test]
fn the_reference_case_signs() {
    let world = World::reference();
    let attempt = world.attempt();
    let signed = attempt.outcome.unwrap_or_else(|refusal| panic!("{:#?}", refusal.reasons()));
    assert!(attempt.opened);
    assert_eq!(attempt.rows, [Kind::Decision]);

    // Two of three signed, and the threshold is met.
    assert_eq!(signed.event.signers, [0, 1].into());
    assert!(signed.event.satisfied);
    let out = std::fs::read(world.folder.path().join("event.cesr")).unwrap();
    assert_eq!(out, signed.event.stream);
    let [_, _, anchor] = crate::proposal::bodies();
    assert!(out.starts_with(anchor.as_bytes()));
    // It is the very signature that QAR2 made in the fixture.
    let kept = std::fs::read(crate::proposal::fixtures().join("cases/b0/decision/07-partial-signature.json")).unwrap();
    let kept: Value = serde_json::from_slice(&kept).unwrap();
    let text = String::from_utf8(out).unwrap();
    assert!(text.contains(&kept["signature"].as_str().unwrap()[2..]), "{text}");

    // The decision says on what.
    let key = world.embedded("Q2").key();
    let statement: Value = serde_json::from_str(&Envelope::verified(&signed.decision, key).unwrap()).unwrap();
    assert_eq!(statement["predicate"]["decision"], "allow");
    assert_eq!(statement["predicate"]["event"]["said"], signed.event.said.as_str());
    assert_eq!(statement["predicate"]["event"]["LEI"], "254900OPPU84GM83MG36");
    // And on what the age of the live state rests: here, on the dates that files have.
    let live = serde_json::json!({ "fetched_at": "2026-03-20T14:59:00Z", "dated_by": "files" });
    assert_eq!(statement["predicate"]["live"], live);
    let bundle = world.snapshot().digest().unwrap().to_string();
    assert_eq!(statement["subject"][0]["digest"]["sha256"], bundle);
    assert!(Envelope::verified(&signed.decision, world.embedded("Q1").key()).is_none());

    // The ledger has it, and the store knows that it was given out.
    let ledger = Ledger::open(&world.ledger_path).unwrap();
    assert_eq!(ledger.find(&Sha256::of(signed.decision.as_bytes())).unwrap().seq, signed.row);
    let store = Store::open(&world.store_path, true).unwrap();
    assert_eq!(store.unfinished().unwrap(), []);
    assert_eq!(store.history().unwrap()[0].state, State::Released);
}

#[test]
fn the_same_event_twice_gives_the_same_bytes_and_one_row() {
    let world = World::reference();
    let first = world.attempt().outcome.unwrap();
    let second = world.attempt();
    let again = second.outcome.unwrap();
    assert_eq!((first.event, first.decision, first.row), (again.event, again.decision, again.row));
    assert_eq!(again.resumed, Some(State::Released));
    assert_eq!(second.rows, []);
    assert!(!second.opened, "what is kept needs no key");
}

#[test]
fn a_dry_run_opens_and_writes_nothing() {
    let world = World::reference();
    let clearance = world.clear().unwrap();
    assert_eq!(clearance.index(), 1);
    assert_eq!(world.rows().len(), 2, "how it began, and the trust file");
    assert_eq!(Store::open(&world.store_path, true).unwrap().history().unwrap(), []);
}
