//! Two wrongs make no right: whatever else is wrong, a reason stays a reason.

use countersign::check::fresh::Live;
use countersign::gate::Code;
use countersign::primitives::Duration;
use countersign::store::{Memory, Store};

use super::world::{World, at, live_streams, patched};

/// What is done to the case, and the reason that it gives.
type Wrong = (Code, fn(&mut World));

const WRONGS: [Wrong; 8] = [
    (Code::EvidenceChanged, |world| world.files.get_mut("bundle/raw/contract.txt").unwrap()[0] ^= 1),
    // A finding that fails, one that is undecided, and one that waits for a person's word.
    (Code::NotClean, |world| set(world, "raw/lei-record-r1.json#/data/attributes/registration/status", "LAPSED")),
    (Code::NotClean, |world| drop(world.files.remove("bundle/records/issuance-plan.json"))),
    (Code::NotApproved, |world| set(world, "decision/06-approval.json#/decision", "reject")),
    (Code::LockExpired, |world| world.relock(|terms| terms.expires = at("2026-03-20T15:00:00Z"))),
    (Code::LiveStale, |world| {
        world.live = Some(Live { streams: live_streams(), fetched_at: at("2026-03-20T12:00:00Z") });
    }),
    (Code::NotAssigned, |world| {
        set(world, "decision/02-assignment-qar2.json#/superseded_at", "2026-03-20T14:59:00Z");
    }),
    (Code::TrustRolledBack, |world| {
        let seen = Memory { trust_serial: Some(9), ..Memory::default() };
        Store::open(&world.store_path, true).unwrap().remember(&seen, Duration::from_seconds(0)).unwrap();
    }),
];

fn set(world: &mut World, at: &str, to: &str) {
    world.files = patched(&world.files, &format!("  - set: {at}\n    to: {to}\n"));
}

#[test]
fn a_second_wrong_takes_no_reason_away() {
    super::world::unmutated();
    for (at, (first, one)) in WRONGS.iter().enumerate() {
        for (second, other) in &WRONGS[at + 1..] {
            let mut world = World::reference();
            // A patch settles what was changed by hand, so patches come first.
            other(&mut world);
            one(&mut world);
            let refusal = world.clear().unwrap_err();
            for code in [*first, *second] {
                // Without a lock there is no report to be unclean, and that is a reason as well.
                let told = refusal.is_for(code) || code == Code::NotClean && refusal.is_for(Code::NotJudged);
                assert!(told, "{code} is gone of {first} and {second}: {:#?}", refusal.reasons());
            }
            let steps: Vec<_> = refusal.reasons().iter().map(|reason| reason.code.step()).collect();
            assert!(steps.is_sorted());
        }
    }
}
