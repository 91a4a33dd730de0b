//! An event that will not be used: both QARs say so, and its place is free only if nothing was signed there.

use countersign::check::fresh::Live;
use countersign::gate::{Code, GivenUp, Refusal};
use countersign::ledger::{Kind, Ledger};
use countersign::primitives::{Said, Sha256};
use countersign::sign;
use countersign::store::{Reservation, State, Store, StoreError};

use super::world::{World, at, live_streams, patched, stream};

const EVENT: &str = "EK8TRAMSOUZ6PpZ2xSsM2BuVSBJ91dkVtJyvEUOV0vAI";
const OTHER: &str = "EBfEfRRNtV-bYhJ1W8uMzJF3mQ0OoEj2xAc6ezG_LdWi";

/// A record by which a QAR gives an event up.
fn record(number: u32, person: &str, event: &str) -> String {
    let aid = if person == "Q1" { crate::proposal::Q1 } else { crate::proposal::Q2 };
    let (group, minute) = (crate::proposal::QVI, 56 + number);
    format!(
        "  - add: decision/{:02}-abandonment.json\n    kind: abandonment\n    json: {{ kind: abandonment, id: \
         abandonment-{number}, schema_version: 1, producer: qvi, performed_by: {person}, performed_at: \
         2026-03-20T14:{minute}:00Z, recorded_at: 2026-03-20T14:{minute}:00Z, subject_case: LE-2026-017, group_aid: \
         {group}, event_sn: 2, event_said: {event}, cause: withdrawn, reason: the entity merged, abandoned_by: {person}, \
         abandoned_by_aid: {aid}, abandoned_at: 2026-03-20T14:{minute}:00Z }}\n",
        6 + number
    )
}

/// Both QARs give the event of the reference case up.
fn both() -> String {
    record(1, "Q1", EVENT) + &record(2, "Q2", EVENT)
}

impl World {
    fn given_up(mut self, records: &str) -> Self {
        self.files = patched(&self.files, records);
        self
    }

    fn give_up(&self) -> Result<GivenUp, Refusal> {
        self.ask(countersign::gate::give_up)
    }

    fn abandon(&self, given_up: &GivenUp) -> u64 {
        let mut store = Store::open(&self.store_path, true).unwrap();
        let mut ledger = Ledger::open(&self.ledger_path).unwrap();
        sign::abandon(given_up, self.now, &mut store, &mut ledger).unwrap()
    }

    #[track_caller]
    fn keeps(&self, code: Code) {
        let refusal = self.give_up().unwrap_err();
        assert!(refusal.is_for(code), "expected {code}: {:#?}", refusal.reasons());
    }
}

/// The reference case, with its place reserved and nothing signed.
fn reserved() -> World {
    let world = World::reference();
    let reservation = world.clear().unwrap().reservation();
    Store::open(&world.store_path, true).unwrap().reserve(&reservation).unwrap();
    world
}

fn signed() -> World {
    let world = World::reference();
    assert!(world.attempt().outcome.is_ok());
    std::fs::remove_file(world.folder.path().join("event.cesr")).unwrap();
    world
}

/// Another event at the same place.
fn other(world: &World) -> Result<(), StoreError> {
    let mut store = Store::open(&world.store_path, true).unwrap();
    let held = store.history().unwrap()[0].reservation.clone();
    let said: Said = OTHER.parse().unwrap();
    store.reserve(&Reservation { said, case_id: "LE-2026-018".to_owned(), ..held }).map(drop)
}

#[test]
fn where_nothing_was_signed_the_place_is_free() {
    let world = reserved().given_up(&both());
    let given_up = world.give_up().unwrap_or_else(|refusal| panic!("{:#?}", refusal.reasons()));
    assert!(given_up.frees_place() && given_up.text().contains("\"place\":\"free\""), "{}", given_up.text());
    let row = world.abandon(&given_up);
    let rows = Ledger::open(&world.ledger_path).unwrap().rows().to_vec();
    assert_eq!(rows[row as usize].entry.kind, Kind::Abandon);
    assert_eq!(rows[row as usize].entry.payload, Sha256::of(given_up.text().as_bytes()));
    let history = Store::open(&world.store_path, true).unwrap().history().unwrap();
    assert_eq!(history[0].state, State::Abandoned);
    assert_eq!(history[0].abandoned_by, Some(given_up.records()));

    // Once more says the same, and writes nothing.
    let again = world.give_up().unwrap();
    assert_eq!((again.text(), world.abandon(&again)), (given_up.text(), row));
    assert_eq!(Ledger::open(&world.ledger_path).unwrap().rows().len(), rows.len());
    other(&world).unwrap();
}

#[test]
fn where_something_was_signed_no_other_event_is() {
    let world = signed().given_up(&both());
    let given_up = world.give_up().unwrap();
    assert!(!given_up.frees_place() && given_up.text().contains("\"place\":\"held\""), "{}", given_up.text());
    world.abandon(&given_up);
    assert_eq!(Store::open(&world.store_path, true).unwrap().history().unwrap()[0].state, State::Abandoned);
    assert!(matches!(other(&world), Err(StoreError::Taken { .. })));
    assert_eq!(world.abandon(&world.give_up().unwrap()), world.abandon(&given_up));
}

#[test]
fn what_was_given_up_is_not_signed() {
    // As soon as one of them says so.
    for person in ["Q1", "Q2"] {
        reserved().given_up(&record(1, person, EVENT)).refused(Code::EventGivenUp);
    }
    // And also when their records are taken out of the case again.
    for world in [reserved(), signed()] {
        let records = world.files.clone();
        let mut world = world.given_up(&both());
        world.abandon(&world.give_up().unwrap());
        world.files = records;
        world.refused(Code::EventGivenUp);
        let mut store = Store::open(&world.store_path, true).unwrap();
        let held = store.history().unwrap()[0].reservation.clone();
        assert!(matches!(store.reserve(&held), Err(StoreError::GivenUp { .. })));
    }
}

#[test]
fn both_must_say_so_of_one_event() {
    reserved().given_up(&record(1, "Q1", EVENT)).keeps(Code::NotGivenUp);
    reserved().given_up(&record(1, "Q2", EVENT)).keeps(Code::NotGivenUp);
    reserved().given_up(&(record(1, "Q1", EVENT) + &record(2, "Q1", EVENT))).keeps(Code::NotGivenUp);
    reserved().given_up(&(record(1, "Q1", EVENT) + &record(2, "Q2", OTHER))).keeps(Code::NotGivenUp);
    reserved().given_up(&(record(1, "Q1", OTHER) + &record(2, "Q2", OTHER))).keeps(Code::NothingReserved);
    // Somebody signed for QAR2.
    let forged = both() + "  - set: decision/08-abandonment.sig.cesr#/signers\n    to: [Q3]\n";
    reserved().given_up(&forged).keeps(Code::NotGivenUp);
}

/// Whoever may write into the folder of the case assigns themselves and signs.
#[test]
fn people_who_are_no_qars_give_nothing_up() {
    let mut records = both();
    for (at, person, aid, name) in [
        (1, "LAR-A", "EA29zpF1D3KkvoMxPlTMhS977Rv3rbYtztAbfnylEZQ8", "Q1"),
        (2, "LAR-B", "EHGmTnI98YAV-Xr92CmBM3u314ucdGVOyGku6vmWwvn7", "Q2"),
    ] {
        let own = if name == "Q1" { crate::proposal::Q1 } else { crate::proposal::Q2 };
        records = records.replace(&format!("performed_by: {name},"), &format!("performed_by: {person},"));
        records = records.replace(&format!("abandoned_by: {name},"), &format!("abandoned_by: {person},"));
        records = records.replace(own, aid);
        let path = format!("decision/0{at}-assignment-qar{at}.json");
        records += &format!("  - set: {path}#/person_id\n    to: {person}\n  - set: {path}#/aid\n    to: {aid}\n");
    }
    reserved().given_up(&records).keeps(Code::NotRostered);
}

#[test]
fn nothing_is_given_up_that_nobody_holds() {
    World::reference().given_up(&both()).keeps(Code::NothingReserved);
}

#[test]
fn what_stands_in_the_log_is_not_given_up() {
    let mut world = signed().given_up(&both());
    let mut streams = live_streams();
    streams[2] = stream("kel-qvi-issued.cesr");
    world.live = Some(Live { streams, fetched_at: at("2026-03-20T14:59:00Z") });
    world.keeps(Code::EventInLog);
}

#[test]
fn without_live_state_nobody_knows() {
    let mut world = reserved().given_up(&both());
    world.live = None;
    world.keeps(Code::NoLiveState);
    world.live = Some(Live { streams: live_streams(), fetched_at: at("2026-03-20T14:44:59Z") });
    world.keeps(Code::LiveStale);
}
