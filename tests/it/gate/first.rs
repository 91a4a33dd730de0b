//! The first signature: QAR1's key signs one event for a place, whatever is killed, and the same again is the same.

use std::fs;
use std::process::{Command, Stdio};

use countersign::gate::Code;
use countersign::store::{Proposed, State, Store};

use super::kill::Place;
use super::run::Ran;
use super::world::{PASSPHRASE, World, at};

/// Every boundary of `propose --sign`; the state is that of the signature.
pub const PLACES: [Place; 5] = [
    ("store/uncommitted", 1, None),
    ("propose/reserved", 1, Some(State::Reserved)),
    ("propose/signed", 1, Some(State::Reserved)),
    ("store/uncommitted", 2, Some(State::Reserved)),
    ("propose/kept", 1, Some(State::Signed)),
];

/// The reference case before anything was proposed.
fn unproposed() -> World {
    let mut world = World::reference();
    world.files.retain(|path, _| !path.starts_with("decision/") || path.starts_with("decision/0") && is_before(path));
    world.now = at("2026-03-19T09:50:00Z");
    world.embedded("Q1");
    world.lay_out();
    world
}

fn is_before(path: &str) -> bool {
    path.contains("-assignment-")
}

fn propose(world: &World, more: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.current_dir(world.folder.path()).args(["propose", "case", "--sign"]).args(more);
    command.env("COUNTERSIGN_PASSPHRASE", PASSPHRASE).env("LC_ALL", "C.UTF-8").env("COLUMNS", "100");
    command.env("COUNTERSIGN_REHEARSE_NOW", world.now.to_string());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn ran(world: &World, more: &[&str]) -> Ran {
    Ran::of(propose(world, more).output().unwrap())
}

fn held(world: &World) -> Vec<Proposed> {
    Store::open(&world.store_path, true).unwrap().proposals().unwrap()
}

fn stream(world: &World) -> Vec<u8> {
    fs::read(world.folder.path().join("case/decision/03-proposal.cesr")).unwrap()
}

/// Takes the proposal out of the case, as whoever owns the folder can.
fn forget(world: &World) {
    for name in ["03-proposal.json", "03-proposal.cesr"] {
        fs::remove_file(world.folder.path().join("case/decision").join(name)).unwrap();
    }
}

#[test]
fn two_events_for_one_place_are_not_proposed() {
    let mut world = unproposed();
    let first = ran(&world, &[]);
    assert_eq!(first.status, Some(0), "{first:#?}");
    let bytes = stream(&world);
    forget(&world);
    world.now = at("2026-03-19T09:55:00Z");
    let other = ran(&world, &["--dt", "2026-03-19T09:55:00Z"]);
    assert_eq!(other.status, Some(2), "{other:#?}");
    assert!(other.stderr.contains("countersign::store::taken"), "{other:#?}");
    assert!(!world.folder.path().join("case/decision/03-proposal.json").exists());
    // The same command later gives the same bytes: the date is that of the first run, and no key is asked for.
    let mut again = propose(&world, &[]);
    let again = Ran::of(again.env_remove("COUNTERSIGN_PASSPHRASE").output().unwrap());
    assert_eq!(again.status, Some(0), "{again:#?}");
    assert_eq!(stream(&world), bytes);
    assert_eq!(held(&world).len(), 1);
}

#[test]
fn without_a_store_nothing_is_proposed_with_a_key() {
    let world = unproposed();
    let settings = world.folder.path().join("countersign.toml");
    let text = fs::read_to_string(&settings).unwrap();
    fs::write(&settings, text.replace("store = ", "# store = ")).unwrap();
    let ran = ran(&world, &[]);
    assert!(ran.status == Some(2) && ran.stderr.contains("countersign::cli::no_store"), "{ran:#?}");
}

#[test]
fn killed_while_the_event_is_proposed() {
    for (place, visit, left) in PLACES {
        let mut world = unproposed();
        world.held(&mut propose(&world, &[]), place, visit).kill();
        let rows = held(&world);
        let state = rows.first().map(|row| if row.signature.is_some() { State::Signed } else { State::Reserved });
        assert_eq!(state, left, "{place} {visit}");
        assert!(!world.folder.path().join("case/decision/03-proposal.json").exists(), "{place} {visit}");
        world.now = at("2026-03-19T09:55:00Z");
        if left.is_some() {
            let other = ran(&world, &["--dt", "2026-03-19T09:55:00Z"]);
            assert!(other.stderr.contains("countersign::store::taken"), "{place} {visit} {other:#?}");
        }
        let again = ran(&world, &[]);
        assert_eq!(again.status, Some(0), "{place} {visit} {again:#?}");
        let kept = held(&world);
        assert_eq!(kept.len(), 1);
        if let Some(row) = rows.first() {
            assert_eq!(kept[0].proposal, row.proposal, "{place} {visit}");
        }
        let signature = kept[0].signature.clone().unwrap();
        let text = String::from_utf8(stream(&world)).unwrap();
        assert!(text.contains(&signature), "{place} {visit}");
        assert!(text.contains(kept[0].proposal.said.as_str()));
    }
}

#[test]
fn of_two_processes_with_two_events_one_proposes() {
    let world = unproposed();
    let first = world.held(&mut propose(&world, &["--dt", "2026-03-19T09:49:00Z"]), "propose/reserved", 1);
    let second = ran(&world, &["--dt", "2026-03-19T09:50:00Z"]);
    assert_eq!(second.status, Some(2), "{second:#?}");
    assert!(second.stderr.contains("countersign::store::taken"), "{second:#?}");
    assert_eq!(first.go_on().status, Some(0));
}

/// Whoever is QAR2 here proposed another event for the place elsewhere, with the same key.
#[test]
fn qar2_proposed_another_event_for_the_place() {
    let world = World::reference();
    let own = world.clear().unwrap().reservation();
    let other = countersign::store::Proposal {
        group: own.group,
        sn: own.sn,
        said: crate::proposal::QVI.parse().unwrap(),
        signer: crate::proposal::aid(crate::proposal::Q2),
        case_id: "LE-2026-018".to_owned(),
        stream: "{}".to_owned(),
        at: at("2026-03-20T12:00:00Z"),
    };
    Store::open(&world.store_path, true).unwrap().propose(&other).unwrap();
    let refusal = world.refused(Code::PlaceTaken);
    assert_eq!(refusal.reasons().len(), 1, "{:#?}", refusal.reasons());
}

/// What QAR2 has reserved is what may be proposed for the place.
#[test]
fn another_event_is_reserved_for_qar2() {
    let world = unproposed();
    let whole = World::reference();
    let mut own = whole.clear().unwrap().reservation();
    own.said = crate::proposal::QVI.parse().unwrap();
    Store::open(&world.store_path, true).unwrap().reserve(&own).unwrap();
    let ran = ran(&world, &[]);
    assert!(ran.status == Some(2) && ran.stderr.contains("countersign::store::taken"), "{ran:#?}");
}
