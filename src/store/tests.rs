//! Reservations under two hands, files that are gone or foreign, steps that come twice or too early.

mod processes;

use std::fs;
use std::path::Path;

use super::*;
use crate::primitives::{Aid, Duration, Said, Sha256};

const GROUP: &str = "EHowwGuu5lztml5EN_RGXAdDYdFCTAh6zPLvpqmXn7PU";

fn group() -> Aid {
    GROUP.parse().unwrap()
}

fn reservation(sn: u64, event: &str) -> Reservation {
    Reservation {
        group: group(),
        sn,
        said: Said::of(event.as_bytes()),
        signer: "EMfa9VEt3hyly6s9X8-UUKCo_GZmJmHjHKjCxaU3ujMY".parse().unwrap(),
        case_id: "2026-0001".to_owned(),
        draft: format!("draft of {event}"),
        report: format!("report of {event}"),
        at: "2026-03-20T15:00:00Z".parse().unwrap(),
    }
}

fn code(error: &StoreError) -> String {
    miette::Diagnostic::code(error).unwrap().to_string().replace("countersign::store::", "")
}

fn opened(path: &Path) -> Result<Store, String> {
    Store::open(path, true).map_err(|error| code(&error))
}

#[test]
fn a_place_is_taken_once() {
    let scratch = tempfile::tempdir().unwrap();
    let mut store = Store::init(&scratch.path().join("store")).unwrap();
    let first = store.reserve(&reservation(7, "a")).unwrap();
    assert_eq!(first.state, State::Reserved);
    // The same event again, with another decision: nothing was signed for the first.
    let again = Reservation { draft: "another draft".to_owned(), ..reservation(7, "a") };
    assert_eq!(store.reserve(&again).unwrap().reservation, again);
    assert_eq!(store.reserve(&first.reservation).unwrap(), first);
    assert_eq!(store.history().unwrap().len(), 1);
    let error = store.reserve(&reservation(7, "b")).unwrap_err();
    assert_eq!(code(&error), "taken");
    let said = |event: &str| Said::of(event.as_bytes()).to_string();
    assert!(error.to_string().contains(&said("a")) && error.to_string().contains(&said("b")), "{error}");
    store.reserve(&reservation(8, "b")).unwrap();
    let other =
        Reservation { group: "EMfa9VEt3hyly6s9X8-UUKCo_GZmJmHjHKjCxaU3ujMY".parse().unwrap(), ..reservation(7, "b") };
    store.reserve(&other).unwrap();
    assert_eq!(store.history().unwrap().len(), 3);
    assert_eq!(code(&store.reserve(&reservation(u64::MAX, "a")).unwrap_err()), "database");
}

#[test]
fn steps_come_in_order_and_may_come_again() {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("store");
    let mut store = Store::init(&path).unwrap();
    let (group, said) = (group(), Said::of(b"a"));
    assert_eq!(code(&store.signed(&group, 7, &said, "sig").unwrap_err()), "not_reserved");
    store.reserve(&reservation(7, "a")).unwrap();
    assert_eq!(code(&store.decided(&group, 7, &said, "dsse").unwrap_err()), "step");
    assert_eq!(code(&store.released(&group, 7, &said).unwrap_err()), "step");
    for _ in 0..2 {
        assert_eq!(store.signed(&group, 7, &said, "sig").unwrap().state, State::Signed);
    }
    assert_eq!(code(&store.signed(&group, 7, &said, "another").unwrap_err()), "step");
    assert_eq!(code(&store.signed(&group, 7, &Said::of(b"b"), "sig").unwrap_err()), "taken");
    assert_eq!(code(&store.logged(&group, 7, &said, 3).unwrap_err()), "step");
    for _ in 0..2 {
        assert_eq!(store.decided(&group, 7, &said, "dsse").unwrap().state, State::Decided);
    }
    assert_eq!(code(&store.decided(&group, 7, &said, "another").unwrap_err()), "step");
    for _ in 0..2 {
        assert_eq!(store.logged(&group, 7, &said, 3).unwrap().state, State::Logged);
    }
    assert_eq!(code(&store.logged(&group, 7, &said, 4).unwrap_err()), "step");
    assert_eq!(store.unfinished().unwrap().len(), 1);
    drop(store);
    let mut store = opened(&path).unwrap();
    for _ in 0..2 {
        assert_eq!(store.released(&group, 7, &said).unwrap().state, State::Released);
    }
    let kept = store.reservation(&group, 7).unwrap().unwrap();
    assert_eq!(
        (kept.signature.as_deref(), kept.decision.as_deref(), kept.row_seq),
        (Some("sig"), Some("dsse"), Some(3))
    );
    assert!(store.unfinished().unwrap().is_empty());
    // A later step does not undo an earlier one.
    assert_eq!(store.signed(&group, 7, &said, "sig").unwrap().state, State::Released);
}

fn abandon(store: &mut Store, place: &Abandoned<'_>) -> Result<(), StoreError> {
    store.abandon(place, || Ok(()))
}

fn proposal(sn: u64, event: &str) -> Proposal {
    Proposal {
        group: group(),
        sn,
        said: Said::of(event.as_bytes()),
        signer: reservation(sn, event).signer,
        case_id: "2026-0001".to_owned(),
        stream: format!("stream of {event}"),
        at: "2026-03-20T14:00:00Z".parse().unwrap(),
    }
}

#[test]
fn a_signer_has_one_event_at_a_place_in_whichever_part() {
    let scratch = tempfile::tempdir().unwrap();
    let mut store = Store::init(&scratch.path().join("store")).unwrap();
    let first = store.propose(&proposal(7, "a")).unwrap();
    assert_eq!(code(&store.propose(&proposal(7, "b")).unwrap_err()), "taken");
    // The same again is what was kept first, whenever it is asked.
    let later = Proposal { at: "2026-03-20T15:00:00Z".parse().unwrap(), ..proposal(7, "a") };
    assert_eq!(store.propose(&later).unwrap(), first);
    store.proposed(&first.proposal, "sig").unwrap();
    assert_eq!(store.propose(&later).unwrap().signature.as_deref(), Some("sig"));
    assert_eq!(code(&store.proposed(&proposal(7, "b"), "sig").unwrap_err()), "taken");
    assert_eq!(code(&store.proposed(&proposal(8, "b"), "sig").unwrap_err()), "not_reserved");

    // With the same key nothing else is signed there as QAR2; by another key it is, and then nobody proposes another.
    assert_eq!(code(&store.reserve(&reservation(7, "b")).unwrap_err()), "taken");
    let other_key = Reservation { signer: group(), ..reservation(7, "b") };
    store.reserve(&other_key).unwrap();
    assert_eq!(code(&store.propose(&Proposal { signer: group(), ..proposal(7, "c") }).unwrap_err()), "taken");
    store.propose(&Proposal { signer: group(), ..proposal(7, "b") }).unwrap();
    assert_eq!(store.proposals().unwrap().len(), 2);
}

#[test]
fn a_proposal_that_both_gave_up_frees_its_place() {
    let scratch = tempfile::tempdir().unwrap();
    let mut store = Store::init(&scratch.path().join("store")).unwrap();
    store.propose(&proposal(7, "a")).unwrap();
    let (group, said) = (group(), Said::of(b"a"));
    let records = [Sha256::of(b"one"), Sha256::of(b"two")];
    abandon(&mut store, &Abandoned { group: &group, sn: 7, said: &said, records, is_signed: false }).unwrap();
    assert_eq!(store.proposals().unwrap()[0].abandoned_by, Some(records));
    assert_eq!(code(&store.propose(&proposal(7, "a")).unwrap_err()), "given_up");
    assert_eq!(code(&store.reserve(&reservation(7, "a")).unwrap_err()), "given_up");
    assert_eq!(code(&store.proposed(&proposal(7, "a"), "sig").unwrap_err()), "not_reserved");
    store.propose(&proposal(7, "b")).unwrap();
}

#[test]
fn two_records_give_a_place_up() {
    let scratch = tempfile::tempdir().unwrap();
    let mut store = Store::init(&scratch.path().join("store")).unwrap();
    let (group, said) = (group(), Said::of(b"a"));
    let records = [Sha256::of(b"one"), Sha256::of(b"two")];
    let place = Abandoned { group: &group, sn: 7, said: &said, records, is_signed: false };
    assert_eq!(code(&abandon(&mut store, &place).unwrap_err()), "not_reserved");
    store.reserve(&reservation(7, "a")).unwrap();
    assert_eq!(code(&abandon(&mut store, &Abandoned { records: [records[0]; 2], ..place }).unwrap_err()), "one_record");
    let other = Said::of(b"b");
    assert_eq!(code(&abandon(&mut store, &Abandoned { said: &other, ..place }).unwrap_err()), "taken");
    assert_eq!(code(&abandon(&mut store, &Abandoned { is_signed: true, ..place }).unwrap_err()), "signed_meanwhile");
    abandon(&mut store, &place).unwrap();
    assert_eq!(store.reservation(&group, 7).unwrap(), None);
    store.reserve(&reservation(7, "b")).unwrap();
    let history = store.history().unwrap();
    assert_eq!(history.iter().map(|row| row.state).collect::<Vec<_>>(), [State::Abandoned, State::Reserved]);
    assert_eq!(history[0].abandoned_by, Some(records));
    assert_eq!(code(&store.reserve(&reservation(7, "a")).unwrap_err()), "given_up");
}

#[test]
fn a_place_where_something_was_signed_is_given_to_nobody() {
    let scratch = tempfile::tempdir().unwrap();
    let mut store = Store::init(&scratch.path().join("store")).unwrap();
    let (group, said) = (group(), Said::of(b"a"));
    store.reserve(&reservation(7, "a")).unwrap();
    store.signed(&group, 7, &said, "sig").unwrap();
    let records = [Sha256::of(b"one"), Sha256::of(b"two")];
    let place = Abandoned { group: &group, sn: 7, said: &said, records, is_signed: true };
    // Whoever found that nothing was signed says what is no longer so; nobody is told then, and nothing given up.
    let mut entered = false;
    let late = store.abandon(&Abandoned { is_signed: false, ..place }, || {
        entered = true;
        Ok::<(), StoreError>(())
    });
    assert_eq!((code(&late.unwrap_err()).as_str(), entered), ("signed_meanwhile", false));
    assert_eq!(store.history().unwrap()[0].state, State::Signed);
    abandon(&mut store, &place).unwrap();
    assert_eq!(store.history().unwrap()[0].state, State::Abandoned);
    assert_eq!(code(&store.reserve(&reservation(7, "b")).unwrap_err()), "taken");
    assert_eq!(code(&store.reserve(&reservation(7, "a")).unwrap_err()), "given_up");
    store.reserve(&reservation(8, "b")).unwrap();
}

#[test]
fn of_many_at_once_one_event_wins() {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("store");
    Store::init(&path).unwrap();
    let won: Vec<Result<Said, String>> = std::thread::scope(|scope| {
        let running: Vec<_> = (0..8)
            .map(|at| {
                let path = &path;
                scope.spawn(move || {
                    let mut store = Store::open(path, true).unwrap();
                    let reserved = store.reserve(&reservation(7, if at % 2 == 0 { "a" } else { "b" }));
                    reserved.map(|row| row.reservation.said).map_err(|error| code(&error))
                })
            })
            .collect();
        running.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let held = opened(&path).unwrap().reservation(&group(), 7).unwrap().unwrap().reservation.said;
    assert_eq!(won.iter().filter(|outcome| outcome.as_ref() == Ok(&held)).count(), 4, "{won:?}");
    assert_eq!(won.iter().filter(|outcome| outcome.as_ref() == Err(&"taken".to_owned())).count(), 4, "{won:?}");
    assert_eq!(opened(&path).unwrap().history().unwrap().len(), 1);
}

#[test]
fn what_was_not_committed_did_not_happen() {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("store");
    let mut store = Store::init(&path).unwrap();
    store.reserve(&reservation(7, "a")).unwrap();
    let failed: Result<(), StoreError> = store.change(|connection, path| {
        connection.execute("DELETE FROM reservations", []).unwrap();
        Err(StoreError::Busy { path: path.to_owned() })
    });
    assert!(failed.is_err());
    // The machine stops here: what another process finds in the files is what counts.
    let copy = scratch.path().join("copy");
    for ending in ["", "-wal"] {
        let from = format!("{}{ending}", path.display());
        fs::copy(&from, format!("{}{ending}", copy.display())).unwrap();
    }
    let survivor = opened(&copy).unwrap();
    assert_eq!(survivor.reservation(&group(), 7).unwrap().unwrap().reservation, reservation(7, "a"));
}

#[test]
fn a_store_that_is_gone_is_not_made_again() {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("store");
    assert_eq!(opened(&path).map(|_| ()), Err("state_missing".to_owned()));
    assert_eq!(code(&Store::open(&path, false).map(|_| ()).unwrap_err()), "not_initialised");
    assert!(!path.exists());
    Store::init(&path).unwrap();
    assert_eq!(code(&Store::init(&path).map(|_| ()).unwrap_err()), "exists");
    let names: Vec<_> = fs::read_dir(scratch.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(names.iter().all(|name| name.to_string_lossy().starts_with("store")), "{names:?}");
    assert!(!names.iter().any(|name| name.to_string_lossy().ends_with(".part")), "{names:?}");
}

#[test]
fn another_file_is_not_a_store() {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("other");
    fs::write(
        &path,
        "some text that is longer than a page header of a database would be, to be sure of it. ".repeat(2),
    )
    .unwrap();
    assert_eq!(opened(&path).map(|_| ()), Err("foreign".to_owned()));
    fs::remove_file(&path).unwrap();
    rusqlite::Connection::open(&path).unwrap().execute_batch("CREATE TABLE x (y)").unwrap();
    assert_eq!(opened(&path).map(|_| ()), Err("foreign".to_owned()));
    fs::write(&path, "").unwrap();
    assert_eq!(opened(&path).map(|_| ()), Err("foreign".to_owned()));
    assert_eq!(opened(scratch.path()).map(|_| ()), Err("foreign".to_owned()));
    let store = scratch.path().join("store");
    let made = Store::init(&store).unwrap();
    // Neither a later one nor one from before the first release is read.
    for version in [4, 2, 1] {
        made.connection().execute_batch(&format!("PRAGMA user_version = {version}")).unwrap();
        assert_eq!(opened(&store).map(|_| ()), Err("newer_version".to_owned()));
    }
}

#[test]
fn a_row_that_skipped_a_step_is_damage() {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("store");
    let mut store = Store::init(&path).unwrap();
    store.reserve(&reservation(7, "a")).unwrap();
    for change in ["decision = 'x'", "released = 1", "said = 'x'", "sn = -1"] {
        store.connection().execute(&format!("UPDATE reservations SET {change}"), []).unwrap();
        assert_eq!(code(&store.history().unwrap_err()), "damaged", "{change}");
        store.connection().execute_batch("DELETE FROM reservations").unwrap();
        store.reserve(&reservation(7, "a")).unwrap();
    }
}

#[test]
fn what_was_seen_is_not_unseen() {
    let scratch = tempfile::tempdir().unwrap();
    let mut store = Store::init(&scratch.path().join("store")).unwrap();
    let at = |text: &str| Some(text.parse().unwrap());
    let skew = Duration::from_seconds(60);
    assert_eq!(store.memory().unwrap(), Memory::default());
    let seen = Memory { lock_serial: Some(3), trust_serial: Some(2), latest: at("2026-03-20T15:00:00Z") };
    store.remember(&seen, skew).unwrap();
    let nothing = store.remember(&Memory::default(), skew).unwrap();
    assert_eq!(nothing, seen);
    for older in [
        Memory { lock_serial: Some(2), ..seen },
        Memory { trust_serial: Some(1), ..seen },
        Memory { latest: at("2026-03-20T14:58:59Z"), ..seen },
        Memory { lock_serial: Some(9), latest: at("2025-03-20T15:00:00Z"), ..seen },
    ] {
        assert_eq!(code(&store.remember(&older, skew).unwrap_err()), "rollback");
        assert_eq!(store.memory().unwrap(), seen);
    }
    // Within the skew, time does not go back in memory.
    let behind = store.remember(&Memory { latest: at("2026-03-20T14:59:30Z"), ..seen }, skew).unwrap();
    assert_eq!(behind, seen);
    let later = Memory { lock_serial: Some(4), trust_serial: Some(2), latest: at("2026-03-21T15:00:00Z") };
    assert_eq!(store.remember(&later, skew).unwrap(), later);
}

#[test]
fn cases_are_found_again() {
    let scratch = tempfile::tempdir().unwrap();
    let mut store = Store::init(&scratch.path().join("store")).unwrap();
    let case = |id: &str, bundle: Option<Sha256>| CaseRow {
        id: id.to_owned(),
        folder: format!("cases/{id}"),
        bundle,
        updated_at: "2026-03-20T15:00:00Z".parse().unwrap(),
    };
    store.put_case(&case("b", None)).unwrap();
    store.put_case(&case("a", None)).unwrap();
    store.put_case(&case("b", Some(Sha256::of(b"bundle")))).unwrap();
    assert_eq!(store.cases().unwrap(), [case("a", None), case("b", Some(Sha256::of(b"bundle")))]);
    assert_eq!(store.case("a").unwrap(), Some(case("a", None)));
    assert_eq!(store.case("c").unwrap(), None);
}
