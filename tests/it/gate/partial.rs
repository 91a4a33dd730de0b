//! A group in which two signatures do not do: what is given out is a partial, and says what it lacks.

use std::fs;

use countersign::check::fresh::Live;
use countersign::keri::cesr;
use countersign::ledger::Ledger;
use countersign::trust::Trust;
use serde_json::{Value, json};

use super::run::{Keys, Ran};
use super::world::{World, approve, at, initialised, patched, put_in_force, trust_file, undecided};

/// The reference case of a group all of whose three members must sign.
fn of_three() -> World {
    let files = patched(&undecided(), "  - set: streams/kel-qvi.cesr#/0/kt\n    to: '3'\n");
    // The event that made the registry was signed by two of them; now the third signs it too.
    let log = files["bundle/streams/kel-qvi.cesr"].clone();
    let third = crate::proposal::sign("Q3", 2, cesr::read(&log).unwrap()[1].body);
    let signed = ["kel-qvi.cesr#/1", "credential-qvi.cesr#/7"]
        .map(|place| format!("  - set: streams/{place}/-A/-\n    to: {}\n", third.as_str()));
    let files = patched(&files, &signed.concat());
    let manifest: Value = serde_json::from_slice(&files["bundle/manifest.json"]).unwrap();

    let mut world = World::reference();
    let genesis = world.trust.ledger_genesis.unwrap().to_string();
    let own = trust_file(|trust| {
        initialised(trust, &genesis, true);
        trust["qvi_aid"] = manifest["qvi_aid"].clone();
    });
    world.trust = Trust::parse(&own).unwrap();
    fs::write(world.folder.path().join("own-trust.json"), own).unwrap();
    put_in_force(&world.trust, &mut Ledger::open(&world.ledger_path).unwrap());
    world.relock(|_| {});
    world.files = approve(&files, &world.trust);
    let names = ["kel-root", "kel-geda", "kel-qvi", "registry", "tel-qvi", "credential-qvi"];
    let streams = names.map(|name| files[&format!("bundle/streams/{name}.cesr")].clone()).to_vec();
    world.live = Some(Live { streams, fetched_at: at("2026-03-20T14:59:00Z") });
    world
}

#[test]
fn where_the_threshold_is_not_met_the_partial_says_what_is_missing() {
    let world = of_three();
    world.lay_out();
    let ran = Ran::of(world.command("sign", Keys::Open).output().unwrap());
    assert_eq!(ran.status, Some(0), "{ran:#?}");
    let told: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!((&told["satisfied"], &told["unsigned"]), (&json!(false), &json!([2])));
    assert!(!world.out("event.cesr").exists(), "half an event has the name of a whole one");
    let partial = fs::read_to_string(world.out("partial.cesr")).unwrap();
    let missing: Value = serde_json::from_slice(&fs::read(world.out("partial-signature.json")).unwrap()).unwrap();
    assert_eq!(missing["signed_at_indices"], json!([0, 1]));
    assert_eq!(missing["missing_signatures"]["needed_in_all"], 3);
    let unsigned = missing["missing_signatures"]["unsigned"].as_array().unwrap();
    assert_eq!((unsigned.len(), &unsigned[0]["index"]), (1, &json!(2)));
    assert!(unsigned[0]["key"].as_str().unwrap().starts_with('D'));
    assert_eq!(missing["missing_receipts"]["needed"], 4);
    assert_eq!(missing["missing_receipts"]["witnesses"].as_array().unwrap().len(), 5);
    // The event with the signatures of both QARs, and of nobody else.
    let messages = cesr::read(partial.as_bytes()).unwrap();
    assert_eq!(messages.len(), 1);
    let event: Value = serde_json::from_str(messages[0].body).unwrap();
    assert_eq!((&missing["event"], &missing["sn"]), (&event["d"], &json!("2")));
    let cesr::Group::ControllerSignatures(items) = &messages[0].attachments[0].group else { panic!("{partial}") };
    assert_eq!(items.iter().map(|item| item.index).collect::<Vec<_>>(), [0, 1]);
    // The decision and its row are there as for a whole one.
    assert!(world.out("decision.dsse.json").exists());

    let human = Ran::of(world.command_as("sign", Keys::Open, "human").output().unwrap());
    let line = human.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        line.contains("This is a partial: the threshold is not met. Not signed yet at 2; then 4 receipts of"),
        "{line}"
    );
}
