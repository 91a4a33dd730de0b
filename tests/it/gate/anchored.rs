//! `kill -9` while the decision is sealed in QAR2's own log: the event is out by then, and the next run ends with the
//! same seal.

use std::fs;

use countersign::ledger::Kind;
use countersign::primitives::Sha256;
use countersign::store::{State, Store};

use super::kill::{Place, event};
use super::run::{Keys, Ran};
use super::world::{World, at, stream};

/// Every boundary after the event is out, with how far the seal has come then.
pub const PLACES: [Place; 16] = [
    ("store/uncommitted", 8, None),
    ("seal/reserved", 1, Some(State::Reserved)),
    ("seal/signed", 1, Some(State::Reserved)),
    ("store/uncommitted", 9, Some(State::Reserved)),
    ("store/uncommitted", 10, Some(State::Signed)),
    ("seal/kept", 1, Some(State::Decided)),
    ("ledger/locked", 2, Some(State::Decided)),
    ("ledger/written", 2, Some(State::Decided)),
    ("seal/row_written", 1, Some(State::Decided)),
    ("store/uncommitted", 11, Some(State::Decided)),
    ("seal/row_kept", 1, Some(State::Logged)),
    ("write/draft", 4, Some(State::Logged)),
    ("seal/given_out", 1, Some(State::Logged)),
    ("store/uncommitted", 12, Some(State::Logged)),
    ("seal/released", 1, Some(State::Released)),
    // Before the place of the seal is taken, with the event out.
    ("sign/released", 1, None),
];

fn sealing() -> World {
    let mut world = World::reference();
    world.live.as_mut().unwrap().streams.push(stream("kel-q2.cesr"));
    world.lay_out();
    world
}

fn sign(world: &World) -> std::process::Command {
    let mut command = world.command("sign", Keys::Open);
    command.arg("--anchor-decision");
    command
}

/// How far the event of QAR2's own log has come.
fn seal(world: &World) -> Option<State> {
    let history = Store::open(&world.store_path, true).unwrap().history().unwrap();
    let own = history.iter().filter(|held| held.reservation.group.as_str() == crate::proposal::Q2);
    let states: Vec<State> = own.map(|held| held.state).collect();
    assert!(states.len() <= 1, "{history:#?}");
    states.first().copied()
}

fn anchors(world: &World) -> Vec<Sha256> {
    let rows = world.rows().into_iter().filter(|(kind, _)| *kind == Kind::Anchor);
    rows.map(|(_, payload)| payload).collect()
}

#[test]
fn killed_while_the_decision_is_sealed() {
    let undisturbed = sealing();
    let ran = Ran::of(sign(&undisturbed).output().unwrap());
    assert_eq!(ran.status, Some(0), "{ran:#?}");
    let expected = fs::read(undisturbed.out("decision-anchor.cesr")).unwrap();
    for (place, visit, left) in PLACES {
        let mut world = sealing();
        world.held(&mut sign(&world), place, visit).kill();
        assert_eq!(seal(&world), left, "{place} {visit}");
        assert_eq!(fs::read(world.out("event.cesr")).unwrap(), event(), "{place} {visit}");
        // Nobody has the seal before the ledger has its row.
        assert!(!world.out("decision-anchor.cesr").exists() || anchors(&world).len() == 1, "{place} {visit}");

        world.now = at("2026-03-20T15:04:00Z");
        let again = Ran::of(sign(&world).output().unwrap());
        assert_eq!(again.status, Some(0), "{place} {visit}: {again:#?}");
        assert_eq!(seal(&world), Some(State::Released), "{place} {visit}");
        assert_eq!(fs::read(world.out("decision-anchor.cesr")).unwrap(), expected, "{place} {visit}");
        assert_eq!(fs::read(world.out("event.cesr")).unwrap(), event(), "{place} {visit}");
        assert_eq!(anchors(&world), anchors(&undisturbed), "{place} {visit}");
    }
}
