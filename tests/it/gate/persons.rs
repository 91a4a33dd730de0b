//! One person or one key where there must be two, and people who may not.

use countersign::gate::Code;

use super::world::World;

#[test]
fn qar1_and_qar2_are_one_person_with_two_keys() {
    let world = World::with("", "  - set: decision/02-assignment-qar2.json#/person_id\n    to: Q1\n");
    world.refused(Code::OnePerson);
}

#[test]
fn qar1_and_qar2_are_two_persons_with_one_key() {
    let own = "EJC6mvmEK_i-S0kQkRZh781RupPQ1pjHNSZLi0dxPhKk";
    let world = World::with("", &format!("  - set: decision/02-assignment-qar2.json#/aid\n    to: {own}\n"));
    world.refused(Code::OnePerson);
}

#[test]
fn one_person_stands_on_the_roster_under_two_names() {
    let own = "EJC6mvmEK_i-S0kQkRZh781RupPQ1pjHNSZLi0dxPhKk";
    let world = World::with(&format!("  - set: records/qar-roster.json#/members/2/aid\n    to: {own}\n"), "");
    world.refused(Code::NotRostered);
}

#[test]
fn qar2_is_not_assigned() {
    let world =
        World::with("", "  - set: decision/02-assignment-qar2.json#/superseded_at\n    to: 2026-03-20T14:59:00Z\n");
    world.refused(Code::NotAssigned);
}

#[test]
fn qar2_left_the_roster_a_second_before() {
    let world = World::with("  - set: records/qar-roster.json#/members/1/valid_to\n    to: 2026-03-20T14:59:59Z\n", "");
    world.refused(Code::NotRostered);
}

#[test]
fn the_roster_is_signed_by_nobody_in_the_trust_file() {
    let world = World::with("  - set: records/qar-roster.sig.cesr#/signers\n    to: [Q3]\n", "");
    world.refused(Code::RosterUnsigned);
}

#[test]
fn the_roster_names_another_place_in_the_group() {
    let world = World::with(
        "  - set: records/qar-roster.json#/members/1/group_index\n    to: 2\n  \
         - set: records/qar-roster.json#/members/2/group_index\n    to: 1\n",
        "",
    );
    world.refused(Code::KeyNotInPlace);
}

#[test]
fn qar2_prepared_the_bundle() {
    let world = World::with("  - set: manifest.sig.cesr#/signers\n    to: [Q2]\n", "");
    world.refused(Code::PreparerSigns);
}

#[test]
fn nobody_signed_the_manifest() {
    let mut world = World::reference();
    world.files.remove("bundle/manifest.sig.cesr");
    world.refused(Code::NoPreparer);
}

#[test]
fn the_keystore_holds_somebody_elses_key() {
    let mut world = World::reference();
    world.signer = "Q3";
    world.refused(Code::OtherKey);
}
