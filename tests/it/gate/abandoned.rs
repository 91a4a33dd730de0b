//! An event that will not be used: both QARs say so, and its place is free only if nothing was signed there.

use countersign::check::fresh::Live;
use countersign::gate::{Code, GivenUp, Refusal};
use countersign::ledger::{Kind, Ledger};
use countersign::primitives::{Said, Sha256};
use countersign::sign::{self, SignError};
use countersign::store::{Reservation, State, Store, StoreError};

use super::run::{Keys, Ran};
use super::world::{PASSPHRASE, World, at, live_streams, patched, stream};

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

impl World {
    /// A QAR gives the event up by the command, at the moment of the world.
    fn abandon_command(&self, person: &str) -> std::process::Command {
        self.embedded(person);
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_countersign"));
        command.current_dir(self.folder.path()).args(["case", "abandon", "case", "--by", person]);
        command.args(["--cause", "withdrawn", "--reason", "the entity merged"]);
        command.env("COUNTERSIGN_PASSPHRASE", PASSPHRASE).env("LC_ALL", "C.UTF-8").env("COLUMNS", "100");
        command.env("COUNTERSIGN_REHEARSE_NOW", self.now.to_string());
        command.stdin(std::process::Stdio::null());
        command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
        command
    }

    #[track_caller]
    fn abandoned_by_command(&self, person: &str) -> Ran {
        let ran = Ran::of(self.abandon_command(person).output().unwrap());
        assert_eq!(ran.status, Some(0), "{ran:#?}");
        ran
    }

    fn give_up_command(&self) -> Ran {
        Ran::of(self.command("sign", Keys::Absent).arg("--abandon").output().unwrap())
    }
}

/// As people do it: each QAR says so, and the place is given up without any key.
#[test]
fn both_qars_give_the_event_up_by_commands() {
    let world = reserved();
    world.lay_out();
    let early = world.give_up_command();
    assert_eq!((early.status, early.codes()), (Some(4), vec![Code::NotGivenUp.to_string(); 2]));
    let one = world.abandoned_by_command("Q1");
    assert!(one.stdout.contains("next: Q2") && one.stdout.contains("withdrawn"), "{}", one.stdout);
    let refused = Ran::of(world.command("sign", Keys::Absent).output().unwrap());
    assert!(refused.codes().contains(&Code::EventGivenUp.to_string()), "{refused:#?}");
    assert!(world.out("refusal.json").exists());
    let again = Ran::of(world.abandon_command("Q1").output().unwrap());
    assert!(again.status == Some(2) && again.stderr.contains("countersign::case::given_up"), "{again:#?}");
    let second = world.abandoned_by_command("Q2");
    assert!(second.stdout.contains("sign case --abandon"), "{}", second.stdout);

    let rows = world.rows().len();
    let ran = world.give_up_command();
    assert_eq!(ran.status, Some(0), "{ran:#?}");
    let text = std::fs::read_to_string(world.out("abandonment.json")).unwrap();
    assert_eq!(ran.stdout.trim_end(), text);
    assert!(text.contains("\"place\":\"free\"") && text.contains("\"signed\":\"no\""), "{text}");
    assert_eq!(world.rows()[rows..], [(Kind::Abandon, Sha256::of(text.as_bytes()))]);
    assert!(!world.out("event.cesr").exists() && !world.out("refusal.json").exists());
    // Once more says the same.
    let again = world.give_up_command();
    assert_eq!((again.status, again.stdout), (ran.status, ran.stdout));
    assert_eq!(world.rows().len(), rows + 1);
    let human = world.command_as("sign", Keys::Absent, "human").arg("--abandon").output().unwrap();
    let human = Ran::of(human);
    assert!(human.stdout.contains("given up") && human.stdout.contains("free: nothing was signed there"), "{human:#?}");
    other(&world).unwrap();
}

/// QAR2 looks for the passphrase, and meanwhile QAR1 gives the event up.
#[test]
fn what_is_given_up_at_the_prompt_is_not_signed() {
    let world = World::reference();
    world.lay_out();
    let held = world.held(&mut world.command("sign", Keys::Open), "cli/passphrase", 1);
    world.abandoned_by_command("Q1");
    let ran = held.go_on();
    assert_eq!((ran.status, ran.codes()), (Some(4), vec![Code::EvidenceChanged.to_string()]), "{ran:#?}");
    assert_eq!(Store::open(&world.store_path, true).unwrap().history().unwrap(), []);
    assert!(!world.out("event.cesr").exists());
}

/// Once the signature has begun, whoever gives the event up waits until it is there, and gives up what is signed.
#[test]
fn what_is_being_signed_is_given_up_afterwards() {
    let world = World::reference();
    world.lay_out();
    let held = world.held(&mut world.command("sign", Keys::Open), "sign/reserved", 1);
    let mut waiting = world.abandon_command("Q1").spawn().unwrap();
    std::thread::sleep(std::time::Duration::from_millis(1500));
    assert!(waiting.try_wait().unwrap().is_none(), "it did not wait");
    assert_eq!(held.go_on().status, Some(0));
    let ran = Ran::of(waiting.wait_with_output().unwrap());
    // The case has the record of the signature by then, if it was written first.
    assert!(ran.status == Some(0) || ran.stderr.contains("countersign::store::case_moved"), "{ran:#?}");
    assert!(world.out("event.cesr").exists());
}

/// Two processes: one found that nothing was signed and gives the place up, the other signs.
#[test]
fn of_a_signature_and_an_abandonment_one_comes_first() {
    // The signature: what is told of the place would no longer be so, and nothing is told.
    let world = World::reference();
    let clearance = world.clear().unwrap();
    Store::open(&world.store_path, true).unwrap().reserve(&clearance.reservation()).unwrap();
    let records = patched(&world.files, &both());
    let mut world = world;
    let before = std::mem::replace(&mut world.files, records);
    let given_up = world.give_up().unwrap();
    assert!(given_up.frees_place());
    world.sign(&clearance, &world.embedded("Q2"), &mut |_| Ok(())).unwrap();
    let rows = world.rows();
    let mut store = Store::open(&world.store_path, true).unwrap();
    let mut ledger = Ledger::open(&world.ledger_path).unwrap();
    let late = sign::abandon(&given_up, world.now, &mut store, &mut ledger);
    assert!(matches!(late, Err(SignError::Store(StoreError::SignedMeanwhile { .. }))), "{late:?}");
    assert_eq!(world.rows(), rows);
    assert!(!world.give_up().unwrap().frees_place());

    // The abandonment: nothing is signed, and what was signed in memory is kept nowhere.
    for until in [None, Some(countersign::sign::Point::EventSigned)] {
        let mut world = World::reference();
        world.files.clone_from(&before);
        let clearance = world.clear().unwrap();
        Store::open(&world.store_path, true).unwrap().reserve(&clearance.reservation()).unwrap();
        let mut given = World { files: patched(&before, &both()), ..World::reference() };
        (given.store_path, given.ledger_path) = (world.store_path.clone(), world.ledger_path.clone());
        let given_up = given.give_up().unwrap();
        if until.is_none() {
            given.abandon(&given_up);
        }
        let mut reached = |point| {
            if Some(point) == until {
                given.abandon(&given_up);
            }
            Ok(())
        };
        let refused = world.sign(&clearance, &world.embedded("Q2"), &mut reached);
        let Err(SignError::Refused(refusal)) = refused else { panic!("{refused:?}") };
        assert!(refusal.is_for(Code::EventGivenUp), "{:#?}", refusal.reasons());
        let history = Store::open(&world.store_path, true).unwrap().history().unwrap();
        assert!(history.iter().all(|held| held.signature.is_none()));
        assert!(!world.folder.path().join("event.cesr").exists());
    }
}
