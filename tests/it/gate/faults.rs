//! A run that is cut off anywhere ends, when it is made again, with the same bytes, one decision and one row.

use std::fs;
use std::io;

use countersign::ledger::{Kind, Ledger};
use countersign::sign::{Point, SignError, Signed};
use countersign::store::{State, Store};

use super::world::World;

/// Signs, and is cut off when it gets there; the key of each run is opened anew.
fn cut(world: &World, at: Point) -> Result<Signed, SignError> {
    let clearance = world.clear().unwrap();
    let mut reached = |point: Point| match point == at {
        true => Err(io::Error::other("cut off")),
        false => Ok(()),
    };
    world.sign(&clearance, &world.embedded("Q2"), &mut reached)
}

fn decisions(world: &World) -> usize {
    let ledger = Ledger::open(&world.ledger_path).unwrap();
    ledger.rows().iter().filter(|row| row.entry.kind == Kind::Decision).count()
}

#[test]
fn a_run_that_was_cut_off_anywhere_is_finished_by_the_next() {
    let whole = World::reference();
    let expected = whole.attempt().outcome.unwrap();
    for point in Point::ALL {
        let world = World::reference();
        let error = cut(&world, point).unwrap_err();
        assert!(matches!(error, SignError::Stopped { point: at, .. } if at == point), "{error}");

        // No signature is out without a decision and its row.
        let out = world.folder.path().join("event.cesr");
        let history = Store::open(&world.store_path, true).unwrap().history().unwrap();
        if out.exists() {
            assert!(history[0].decision.is_some() && history[0].row_seq.is_some() && decisions(&world) == 1);
        }
        assert_eq!(history.is_empty(), point < Point::Reserved, "{point:?}");

        let finished = world.attempt().outcome.unwrap_or_else(|refusal| panic!("{point:?}: {refusal:?}"));
        assert_eq!(finished.event, expected.event, "{point:?}");
        assert_eq!(finished.decision, expected.decision, "{point:?}");
        assert_eq!(fs::read(&out).unwrap(), expected.event.stream);
        assert_eq!(decisions(&world), 1, "{point:?}");
        let history = Store::open(&world.store_path, true).unwrap().history().unwrap();
        assert_eq!((history.len(), history[0].state), (1, State::Released), "{point:?}");
    }
}

/// Cut off twice, at every pair of places.
#[test]
fn a_run_that_was_cut_off_twice_is_finished_by_the_third() {
    let world = World::reference();
    let [one, other] = [Point::SignatureKept, Point::RowWritten];
    cut(&world, one).unwrap_err();
    cut(&world, other).unwrap_err();
    let finished = world.attempt();
    assert!(!finished.opened, "what is kept needs no key");
    assert_eq!(finished.outcome.unwrap().resumed, Some(State::Decided));
    assert_eq!(decisions(&world), 1);
}

/// What an earlier run kept is not believed because it is there.
#[test]
fn a_signature_in_the_store_that_is_not_qar2s_is_not_given_out() {
    let world = World::reference();
    cut(&world, Point::Reserved).unwrap_err();
    let clearance = world.clear().unwrap();
    let reserved = clearance.reservation();
    let [_, _, anchor] = crate::proposal::bodies();
    let foreign = crate::proposal::sign("Q3", 1, &anchor);
    let mut store = Store::open(&world.store_path, true).unwrap();
    store.signed(&reserved.group, reserved.sn, &reserved.said, foreign.as_str()).unwrap();
    drop(store);
    let error = world.sign(&clearance, &world.embedded("Q2"), &mut |_| Ok(())).unwrap_err();
    assert!(matches!(error, SignError::Signature(_)), "{error}");
    assert!(!world.folder.path().join("event.cesr").exists());
    assert_eq!(decisions(&world), 0);
}

#[test]
fn an_output_that_cannot_be_written_is_given_out_later() {
    let world = World::reference();
    let out = world.folder.path().join("event.cesr");
    fs::create_dir(&out).unwrap();
    let clearance = world.clear().unwrap();
    let error = world.sign(&clearance, &world.embedded("Q2"), &mut |_| Ok(())).unwrap_err();
    assert!(matches!(error, SignError::Release { .. }), "{error}");
    assert_eq!(decisions(&world), 1);
    fs::remove_dir(&out).unwrap();
    let again = world.attempt();
    assert!(!again.opened);
    assert_eq!(again.outcome.unwrap().resumed, Some(State::Logged));
    assert!(out.exists());
    assert_eq!(decisions(&world), 1);
}

/// Two processes with the same event: the same bytes, and one row.
#[test]
fn two_at_once_leave_one_row() {
    let world = World::reference();
    // The keys are there before anybody signs.
    world.embedded("Q2");
    let signed: Vec<Signed> = std::thread::scope(|scope| {
        let one = || {
            let attempt = world.attempt();
            attempt.outcome.unwrap_or_else(|refusal| panic!("{:#?}", refusal.reasons()))
        };
        let running: Vec<_> = (0..3).map(|_| scope.spawn(one)).collect();
        running.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    for other in &signed[1..] {
        assert_eq!((&other.event, &other.decision, other.row), (&signed[0].event, &signed[0].decision, signed[0].row));
    }
    assert_eq!(decisions(&world), 1);
}
