//! Scenarios of the governance analysis that no rule decides: what the gate knows beside the case.

use std::collections::BTreeSet;

use countersign::gate::{Code, Refusal};
use countersign::primitives::Sha256;
use countersign::store::{Reservation, Store};
use serde_json::{Value, json};

use super::world::World;
use crate::keri::shared;
use crate::proposal::fixtures;

/// Those that are tested here; the others are cases beside the rules.
const HERE: [&str; 3] = ["S002", "S080", "S116"];

const NONCE: &str = "wise skate decline ozone dune differ yard animal raccoon busy creek network";

/// Another case was signed here before, and used these.
fn signed_before(world: &World, case: &str, at: &str, bundle: Sha256, uses: &[Sha256]) {
    let own: Reservation = World::reference().clear().unwrap().reservation();
    let mut draft: Value = serde_json::from_str(&own.draft).unwrap();
    draft["subject"][0]["digest"]["sha256"] = json!(bundle.to_string());
    draft["predicate"]["uses"] = json!(uses.iter().map(ToString::to_string).collect::<Vec<_>>());
    let (case_id, at) = (case.to_owned(), super::world::at(at));
    let earlier =
        Reservation { sn: 1, said: own.group.as_str().parse().unwrap(), case_id, at, draft: draft.to_string(), ..own };
    Store::open(&world.store_path, true).unwrap().reserve(&earlier).unwrap();
}

fn used(field: &str, value: &str) -> Sha256 {
    Sha256::of(format!("countersign/use/v1\n{field}\n{value}").as_bytes())
}

/// What the reference case uses, by the decision about it.
fn of_reference() -> Vec<Sha256> {
    let draft = World::reference().clear().unwrap().reservation().draft;
    let draft: Value = serde_json::from_str(&draft).unwrap();
    let uses = draft["predicate"]["uses"].as_array().unwrap();
    uses.iter().map(|digest| digest.as_str().unwrap().parse().unwrap()).collect()
}

/// The reference case as a solicited one that takes its session over from the case in the folder of fixtures.
fn solicited() -> String {
    let bundle = fixtures().join("cases/b0/bundle");
    let digest = |path: &str| Sha256::of(&std::fs::read(bundle.join(path)).unwrap());
    let taken = [
        ("session-1", "oobi-session"),
        ("recording-1", "recording"),
        ("challenge-1", "challenge"),
        ("response-a", "challenge-response"),
        ("response-b", "challenge-response"),
        ("response-c", "challenge-response"),
        ("verification-1", "challenge-verification"),
        ("multisig-coordination-1", "multisig-coordination"),
    ];
    let references: Vec<Value> = taken
        .iter()
        .map(|(name, kind)| {
            let path = format!("records/{name}.json");
            let (bundle, sha256) = (digest("manifest.json").to_string(), digest(&path).to_string());
            json!({ "bundle_digest": bundle, "path": path, "sha256": sha256, "as": kind })
        })
        .collect();
    let removed = taken.iter().map(|(name, _)| format!("records/{name}.json"));
    let streams = ["a", "b", "c"].map(|lar| format!("streams/response-{lar}.cesr"));
    let others = ["records/onboarding-request.json", "records/lei-record-r1.json", "raw/lei-record-r1.json"];
    let removed = removed.chain(streams).chain(others.map(str::to_owned)).map(|path| format!("  - remove: {path}\n"));
    format!(
        "  - set: manifest.json#/flow\n    to: le-solicited\n  - set: manifest.json#/references\n    to: {}\n{}",
        json!(references),
        removed.collect::<String>()
    )
}

fn names(refusal: &Refusal, other: &str) -> bool {
    let reason = refusal.reasons().iter().find(|reason| reason.code == Code::UsedElsewhere).unwrap();
    reason.message.contains(other)
}

/// S002: a solicited case rests on the session of a case of three months ago, by the same QVI with the same LARs.
#[test]
fn s002_a_solicited_case_takes_over_what_an_earlier_one_used() {
    let world = World::with(&solicited(), "");
    let earlier = Sha256::of(&std::fs::read(fixtures().join("cases/b0/bundle/manifest.json")).unwrap());
    signed_before(&world, "LE-2025-201", "2025-12-20T15:00:00Z", earlier, &of_reference());
    let signed = world.attempt().outcome.unwrap_or_else(|refusal| panic!("{:#?}", refusal.reasons()));
    assert!(signed.event.satisfied);
    // The same, by a case to which the manifest does not refer.
    let world = World::with(&solicited(), "");
    signed_before(&world, "LE-2025-202", "2025-12-20T15:00:00Z", Sha256::of(b"another"), &of_reference());
    assert!(names(&world.refused(Code::UsedElsewhere), "LE-2025-202"));
}

/// S080: the nonce of the challenge was used for another customer eight months ago.
#[test]
fn s080_another_case_used_the_nonce() {
    let world = World::reference();
    assert!(of_reference().contains(&used("nonce", NONCE)));
    signed_before(&world, "LE-2025-099", "2025-07-20T15:00:00Z", Sha256::of(b"another"), &[used("nonce", NONCE)]);
    assert!(names(&world.refused(Code::UsedElsewhere), "LE-2025-099"));
    // Another nonce is nobody's business.
    let world = World::reference();
    signed_before(&world, "LE-2025-099", "2025-07-20T15:00:00Z", Sha256::of(b"another"), &[used("nonce", "other")]);
    assert!(world.attempt().outcome.is_ok());
}

/// S116: the rule book was altered here, and is none of the released ones.
#[test]
fn s116_the_rule_book_is_not_a_released_one() {
    let mut world = World::reference();
    world.relock(|terms| terms.policy_digest = Sha256::of(b"the released one"));
    world.refused(Code::OtherPolicies);
}

#[test]
fn every_scenario_is_a_case_or_stands_here() {
    let Some(folder) = shared("governance") else { return };
    let told = |text: &str, key: &str| -> BTreeSet<String> {
        let values = text.lines().filter_map(|line| line.trim_start().strip_prefix(key));
        values.map(|value| value.trim().trim_matches('"').to_owned()).collect()
    };
    let asked = told(&std::fs::read_to_string(folder.join("scenarios.yaml")).unwrap(), "- id:");
    let policies = fixtures().join("../policies/vlei-egf");
    let cases = std::fs::read_dir(policies).unwrap().map(|entry| entry.unwrap().path());
    let cases = cases.filter(|path| path.to_string_lossy().ends_with(".cases.yaml"));
    let cases = cases.flat_map(|path| told(&std::fs::read_to_string(path).unwrap(), "scenario:"));
    let found: BTreeSet<String> = cases.chain(HERE.map(str::to_owned)).collect();
    assert_eq!(asked.len(), 127);
    assert_eq!(asked.difference(&found).collect::<Vec<_>>(), Vec::<&String>::new());
}
