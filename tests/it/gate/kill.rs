//! `kill -9`, from outside, at every boundary between two steps of the real command: no signature without its
//! decision, no second event at a place, and the next run says what happened and ends with the same event.

use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use countersign::gate::Code;
use countersign::keystore::Signer;
use countersign::ledger::Kind;
use countersign::primitives::Sha256;
use countersign::sign::{Envelope, Point};
use countersign::store::{State, Store};
use serde_json::Value;

use super::run::{Keys, Ran, files_in};
use super::world::{World, at};

/// A place, which visit to it, and how far the event has come then.
pub type Place = (&'static str, usize, Option<State>);

/// Every boundary, in the order in which a run comes to them.
pub const PLACES: [Place; 27] = [
    ("cli/loaded", 1, None),
    ("cli/cleared", 1, None),
    ("cli/passphrase", 1, None),
    ("sign/begun", 1, None),
    ("sign/compared", 1, None),
    // What the store writes is written, and not there yet.
    ("store/uncommitted", 1, None),
    ("sign/remembered", 1, None),
    ("store/uncommitted", 2, None),
    ("sign/reserved", 1, Some(State::Reserved)),
    ("sign/event_signed", 1, Some(State::Reserved)),
    ("store/uncommitted", 3, Some(State::Reserved)),
    ("sign/signature_kept", 1, Some(State::Signed)),
    ("sign/decision_signed", 1, Some(State::Signed)),
    ("store/uncommitted", 4, Some(State::Signed)),
    ("sign/decision_kept", 1, Some(State::Decided)),
    ("ledger/locked", 1, Some(State::Decided)),
    ("ledger/written", 1, Some(State::Decided)),
    ("sign/row_written", 1, Some(State::Decided)),
    ("store/uncommitted", 5, Some(State::Decided)),
    ("store/uncommitted", 6, Some(State::Logged)),
    ("sign/row_kept", 1, Some(State::Logged)),
    // The report, the decision, the event: each under another name.
    ("write/draft", 1, Some(State::Logged)),
    ("write/draft", 2, Some(State::Logged)),
    ("write/draft", 3, Some(State::Logged)),
    ("sign/given_out", 1, Some(State::Logged)),
    ("store/uncommitted", 7, Some(State::Logged)),
    ("sign/released", 1, Some(State::Released)),
];

/// The event with both signatures, as a run that nobody disturbs gives it out.
pub fn event() -> &'static [u8] {
    static EVENT: OnceLock<Vec<u8>> = OnceLock::new();
    EVENT.get_or_init(|| World::reference().attempt().outcome.unwrap().event.stream)
}

/// QAR2's signature in it.
fn signature() -> &'static str {
    static SIGNATURE: OnceLock<String> = OnceLock::new();
    SIGNATURE.get_or_init(|| {
        let path = crate::proposal::fixtures().join("cases/b0/decision/07-partial-signature.json");
        let kept: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
        kept["signature"].as_str().unwrap()[2..].to_owned()
    })
}

fn history(world: &World) -> Option<State> {
    let history = Store::open(&world.store_path, true).unwrap().history().unwrap();
    assert!(history.len() <= 1, "{history:#?}");
    history.first().map(|held| held.state)
}

fn decisions(world: &World) -> Vec<Sha256> {
    let rows = world.rows().into_iter().filter(|(kind, _)| *kind == Kind::Decision);
    rows.map(|(_, payload)| payload).collect()
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

/// What must hold at any moment: a signature that anybody could get has its decision, and that its row.
#[track_caller]
pub fn sound(world: &World) {
    assert!(holds(event(), signature()), "the signature is looked for as it is written");
    let kept = Store::open(&world.store_path, true).unwrap().history().unwrap();
    let rows = decisions(world);
    assert!(rows.len() <= 1 && kept.len() <= 1);
    for (path, bytes) in files_in(world.folder.path()) {
        // The program that was copied beside them holds the fixtures.
        if path.ends_with("countersign") || !holds(&bytes, signature()) {
            continue;
        }
        // The store has it only beside the decision that was cleared, and not before the place was taken.
        assert!(!kept[0].reservation.draft.is_empty() && !kept[0].reservation.report.is_empty());
        if !path.file_name().unwrap().to_string_lossy().starts_with("store.sqlite") {
            let decision = fs::read(world.out("decision.dsse.json")).unwrap_or_else(|_| panic!("{}", path.display()));
            assert_eq!(rows, [Sha256::of(&decision)], "{}", path.display());
            assert_eq!(kept[0].decision.as_deref(), Some(std::str::from_utf8(&decision).unwrap()));
            // The case has a record of the signature; everything else that holds it is the event.
            if !path.to_string_lossy().contains("-partial-signature.json") {
                assert_eq!(bytes, event());
            }
        }
    }
}

/// What must hold in the end: the event, its decision, the report that the decision names, one row.
#[track_caller]
pub fn whole(world: &World) {
    sound(world);
    assert_eq!(fs::read(world.out("event.cesr")).unwrap(), event());
    let decision = fs::read_to_string(world.out("decision.dsse.json")).unwrap();
    let statement = Envelope::verified(&decision, world.embedded("Q2").key()).unwrap();
    let statement: Value = serde_json::from_str(&statement).unwrap();
    let report = fs::read(world.out("report.json")).unwrap();
    assert_eq!(statement["predicate"]["report"], format!("sha256:{}", Sha256::of(&report)));
    assert_eq!(decisions(world), [Sha256::of(decision.as_bytes())]);
    assert_eq!(history(world), Some(State::Released));
    // What was refused before is put away: it no longer holds.
    assert!(!world.out("refusal.json").exists());
    let left = files_in(&world.folder.path().join("out")).into_keys();
    let left: Vec<_> = left.filter(|path| !path.parent().unwrap().ends_with("refused")).collect();
    let named = |path: &Path| path.file_name().unwrap().to_string_lossy().into_owned();
    let counted: Vec<String> = left.iter().map(|path| named(path)).filter(|name| !name.ends_with(".part")).collect();
    assert_eq!(counted, ["decision.dsse.json", "event.cesr", "report.json"]);
}

/// Killed there, and made again four minutes later.
fn killed(places: &[Place]) {
    super::world::unmutated();
    for (place, visit, left) in places {
        let mut world = World::reference();
        world.lay_out();
        let keys = files_in(&world.folder.path().join("keys"));
        world.held(&mut world.command("sign", Keys::Open), place, *visit).kill();
        sound(&world);
        assert_eq!(history(&world), *left, "{place} {visit}");
        let given_out = PLACES.iter().skip_while(|(place, ..)| *place != "sign/given_out");
        let is_out = given_out.into_iter().any(|(at, again, _)| (at, again) == (place, visit));
        assert_eq!(world.out("event.cesr").exists(), is_out, "{place} {visit}");

        world.now = at("2026-03-20T15:04:00Z");
        let again = Ran::of(world.command("sign", Keys::Open).output().unwrap());
        assert_eq!(again.status, Some(0), "{place} {visit}: {again:#?}");
        let told: Value = serde_json::from_str(&again.stdout).unwrap();
        assert_eq!(told["resumed"], left.map_or(Value::Null, |left| Value::from(left.to_string())), "{place} {visit}");
        whole(&world);
        assert_eq!(files_in(&world.folder.path().join("keys")), keys);
    }
}

#[test]
fn killed_before_the_place_is_taken() {
    killed(&PLACES[..8]);
}

#[test]
fn killed_while_the_event_is_signed() {
    killed(&PLACES[8..14]);
}

#[test]
fn killed_while_the_decision_is_written() {
    killed(&PLACES[14..21]);
}

#[test]
fn killed_while_it_is_given_out() {
    killed(&PLACES[21..]);
}

/// The list is whole: what the sources name is in it, but for what only a refusal comes to.
#[test]
fn every_place_of_the_sources_is_killed_at() {
    let points = Point::ALL.iter().chain(&Point::SEAL);
    let mut named: Vec<String> = points.map(|point| point.as_str().to_owned()).collect();
    for (_, bytes) in files_in(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")) {
        let text = String::from_utf8(bytes).unwrap();
        let calls = text.split("reach(\"").skip(1);
        named.extend(calls.map(|rest| rest.split('"').next().unwrap().to_owned()));
    }
    named.sort();
    named.dedup();
    let lists = [&PLACES[..], &super::anchored::PLACES, &super::first::PLACES];
    // Those of the daily watch are killed at where it is tested.
    named.retain(|place| !crate::monitor::PLACES.contains(&place.as_str()));
    let mut listed: Vec<String> = lists.into_iter().flatten().map(|(place, ..)| (*place).to_owned()).collect();
    listed.push("cli/refusal_recorded".to_owned());
    listed.sort();
    listed.dedup();
    assert_eq!(named, listed);
}

/// A refusal that is cut off has its row, and the case is none the worse for it.
#[test]
fn killed_while_a_refusal_is_told() {
    for (place, visit, rows) in [("ledger/locked", 1, 0), ("cli/refusal_recorded", 1, 1), ("write/draft", 1, 1)] {
        let mut world = World::reference();
        world.now = at("2026-03-20T15:06:00Z");
        world.lay_out();
        let before = world.rows().len();
        world.held(&mut world.command("sign", Keys::Locked), place, visit).kill();
        assert_eq!(world.rows().len() - before, rows, "{place}");
        assert!(!world.out("refusal.json").exists());
        assert_eq!(history(&world), None);
        sound(&world);
        let refused = Ran::of(world.command("sign", Keys::Locked).output().unwrap());
        assert_eq!(refused.status, Some(4));
        assert!(refused.codes().contains(&Code::ReportTooOld.to_string()));
        // By a clock that is a minute behind, as the lock allows, the report is not too old yet.
        world.now = at("2026-03-20T15:05:00Z");
        let signed = Ran::of(world.command("sign", Keys::Open).output().unwrap());
        assert_eq!(signed.status, Some(0), "{signed:#?}");
    }
}

/// What the next run says where it may not finish: how far the other had come, and what may become of it.
#[test]
fn a_run_that_may_not_finish_says_what_was_left() {
    let mut world = World::reference();
    world.lay_out();
    world.held(&mut world.command("sign", Keys::Open), "sign/signature_kept", 1).kill();
    world.now = at("2026-03-20T15:06:00Z");
    let refused = Ran::of(world.command_as("sign", Keys::Locked, "human").output().unwrap());
    assert_eq!(refused.status, Some(4), "{refused:#?}");
    let told = refused.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(told.contains("An earlier run had come to `signed` with event `"), "{told}");
    assert!(told.contains("otherwise both QARs give it up"), "{told}");
    assert_eq!(history(&world), Some(State::Signed));
    // By a clock that is a minute behind, the report is not too old yet, and the run is finished.
    world.now = at("2026-03-20T15:04:59Z");
    let refusal = fs::read(world.out("refusal.json")).unwrap();
    assert_eq!(world.signed_by_command().status, Some(0));
    whole(&world);
    // The ledger has its digest for ever, so it is kept.
    let put_away = world.out("refused").join(format!("{}.json", Sha256::of(&refusal)));
    assert_eq!(fs::read(put_away).unwrap(), refusal);
}

/// The dry run tells programs as well, whether it says yes or no.
#[test]
fn the_gate_tells_of_a_run_that_was_cut_off() {
    let mut world = World::reference();
    world.lay_out();
    let told = |world: &World| {
        let ran = Ran::of(world.command("gate", Keys::Absent).output().unwrap());
        (ran.status, serde_json::from_str::<Value>(&ran.stdout).unwrap_or_else(|_| panic!("{ran:#?}")))
    };
    let (status, document) = told(&world);
    assert_eq!((status, document.get("unfinished")), (Some(0), None));
    world.held(&mut world.command("sign", Keys::Open), "sign/signature_kept", 1).kill();
    let left = serde_json::json!({
        "state": "signed",
        "event": "EK8TRAMSOUZ6PpZ2xSsM2BuVSBJ91dkVtJyvEUOV0vAI",
        "group": crate::proposal::QVI,
        "sn": "2",
        "cleared_at": "2026-03-20T15:00:00Z",
    });
    let (status, document) = told(&world);
    assert_eq!((status, &document["unfinished"]), (Some(0), &left));
    assert_eq!(document["predicate"]["decision"], "allow");
    let human = Ran::of(world.command_as("gate", Keys::Absent, "human").output().unwrap());
    let line = human.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(line.contains("An earlier run had come to `signed`"), "{line}");
    assert!(line.contains("`countersign sign` finishes it"), "{line}");
    world.now = at("2026-03-20T15:06:00Z");
    let (status, document) = told(&world);
    assert_eq!((status, &document["unfinished"]), (Some(4), &left));
    assert_eq!(document["decision"], "refuse");
}

/// The same case with another date of issuance, which QAR1 proposed and QAR2 approved as well.
pub fn another_event() -> World {
    let at = ["cesr#/0", "json#/draft_credential"].map(|part| {
        format!(
            "  - set: decision/03-proposal.{part}/a/dt
"
        )
    });
    let to = "    to: \"2026-03-19T09:51:00.000000+00:00\"
";
    let steps = at.map(|at| at + to).concat();
    World::with(&steps, "")
}

#[test]
fn another_event_of_the_case_would_sign() {
    let ran = another_event().signed_by_command();
    assert_eq!(ran.status, Some(0), "{ran:#?}");
}

/// Once the place is taken, no other event gets it, however far the first has come; before, the first to come does.
#[test]
fn no_other_event_is_signed_after_a_kill() {
    let other = another_event().files;
    for (place, visit, left) in [PLACES[2], PLACES[7], PLACES[8], PLACES[11], PLACES[14], PLACES[23], PLACES[26]] {
        let mut world = World::reference();
        world.lay_out();
        world.held(&mut world.command("sign", Keys::Open), place, visit).kill();
        let first = std::mem::replace(&mut world.files, other.clone());
        let ran = world.signed_by_command();
        match left {
            None => assert_eq!(ran.status, Some(0), "{place} {ran:#?}"),
            Some(_) => {
                assert_eq!(ran.status, Some(4), "{place} {ran:#?}");
                assert!(ran.codes().contains(&Code::PlaceTaken.to_string()));
            }
        }
        world.files = first;
        let ran = world.signed_by_command();
        match left {
            None => {
                assert_eq!(ran.status, Some(4), "{place} {ran:#?}");
                assert!(ran.codes().contains(&Code::PlaceTaken.to_string()));
            }
            Some(_) => {
                assert_eq!(ran.status, Some(0), "{place} {ran:#?}");
                whole(&world);
            }
        }
        assert_eq!(decisions(&world).len(), 1);
    }
}

/// Both processes were told yes; one of them signs.
#[test]
fn of_two_processes_with_two_events_one_signs() {
    let (mut world, other) = (World::reference(), another_event().files);
    world.lay_out();
    let first = world.held(&mut world.command("sign", Keys::Open), "sign/remembered", 1);
    world.files = other;
    let second = world.signed_by_command();
    assert_eq!(second.status, Some(0), "{second:#?}");
    let signed = fs::read(world.out("event.cesr")).unwrap();
    let first = first.go_on();
    assert_eq!(first.status, Some(4), "{first:#?}");
    assert_eq!(first.codes(), [Code::PlaceTaken.to_string()]);
    assert_eq!(fs::read(world.out("event.cesr")).unwrap(), signed);
    assert_ne!(signed, event());
    assert_eq!(decisions(&world).len(), 1);
    assert_eq!(world.rows().last().unwrap().0, Kind::Refusal);
}

/// The same event in three processes at once: the same bytes, and one row.
#[test]
fn of_three_processes_with_one_event_each_gives_the_same() {
    let world = World::reference();
    world.lay_out();
    let running: Vec<_> = (0..3).map(|_| world.command("sign", Keys::Open).spawn().unwrap()).collect();
    let mut rows = Vec::new();
    for child in running {
        let ran = Ran::of(child.wait_with_output().unwrap());
        assert_eq!(ran.status, Some(0), "{ran:#?}");
        let told: Value = serde_json::from_str(&ran.stdout).unwrap();
        rows.push(told["ledger_row"].clone());
    }
    assert!(rows.windows(2).all(|pair| pair[0] == pair[1]), "{rows:?}");
    assert_eq!(fs::read(world.out("event.cesr")).unwrap(), event());
    assert_eq!(decisions(&world).len(), 1);
}
