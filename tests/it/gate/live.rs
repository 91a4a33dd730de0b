//! Live state that is missing, old, foreign, or says that something happened meanwhile.

use countersign::check::fresh::Live;
use countersign::gate::Code;

use super::world::{World, at, live_streams, patched, stream};

fn with_live(streams: Vec<Vec<u8>>) -> World {
    let mut world = World::reference();
    world.live = Some(Live { streams, fetched_at: at("2026-03-20T14:59:00Z") });
    world
}

/// The live state after a patch of the streams, which the bundle does not have.
fn later(steps: &str) -> World {
    let files = patched(&World::reference().files, steps);
    let names = ["kel-root", "kel-geda", "kel-qvi", "registry", "tel-qvi", "credential-qvi", "kel-q1", "kel-q2"];
    with_live(names.map(|name| files[&format!("bundle/streams/{name}.cesr")].clone()).to_vec())
}

#[test]
fn there_is_no_live_state() {
    let mut world = World::reference();
    world.live = None;
    world.refused(Code::NoLiveState);
}

#[test]
fn the_live_state_is_a_second_too_old() {
    let mut world = World::reference();
    world.live = Some(Live { streams: live_streams(), fetched_at: at("2026-03-20T14:44:59Z") });
    world.refused(Code::LiveStale);
}

#[test]
fn the_live_state_is_of_a_time_to_come() {
    let mut world = World::reference();
    world.live = Some(Live { streams: live_streams(), fetched_at: at("2026-03-20T15:02:01Z") });
    world.refused(Code::LiveStale);
}

#[test]
fn something_is_missing_in_the_live_state() {
    // The log of the delegator, that of the group, the registry, the status of the authority.
    for missing in [1, 2, 3] {
        let mut streams = live_streams();
        streams.remove(missing);
        // What a credential's stream holds besides would make up for it.
        streams.retain(|stream| !String::from_utf8_lossy(stream).contains("\"ACDC"));
        with_live(streams).refused(Code::LiveIncomplete);
    }
    with_live(vec![Vec::new()]).refused(Code::LiveIncomplete);
    with_live(Vec::new()).refused(Code::NoLiveState);
}

#[test]
fn the_live_state_does_not_hold() {
    let mut streams = live_streams();
    let at = streams[2].len() - 10;
    streams[2][at] = if streams[2][at] == b'A' { b'B' } else { b'A' };
    let world = with_live(streams);
    world.refused(Code::LiveUnusable);
}

#[test]
fn the_log_of_the_group_went_on_meanwhile() {
    let mut streams = live_streams();
    streams[2] = stream("kel-qvi-issued.cesr");
    with_live(streams).refused(Code::EventPlace);
}

#[test]
fn the_credential_of_the_qvi_was_revoked_meanwhile() {
    let world = later(
        "  - set: streams/kel-geda.cesr#/-\n    to: { t: ixn, a: [{ i: EHExaqxkfCRN0RaSdkYM08AQsiBsvfuUejdYmROYbP6Y, s: \
         \"1\", d: ERevocationOfTheQviCredentialInTheseCases000 }] }\n  - set: streams/credential-qvi.cesr#/-\n    \
         to: { t: rev, d: ERevocationOfTheQviCredentialInTheseCases000, dt: \"2026-03-20T14:55:00.000000+00:00\" }\n",
    );
    world.refused(Code::AuthorityRevoked);
}

#[test]
fn the_live_log_is_older_than_the_evidence() {
    let mut streams = live_streams();
    let text = String::from_utf8(streams[2].clone()).unwrap();
    let last = text.rfind("{\"v\":\"KERI").unwrap();
    streams[2].truncate(last);
    streams.retain(|stream| !String::from_utf8_lossy(stream).contains("\"ACDC"));
    with_live(streams).refused(Code::LiveBehind);
}

#[test]
fn the_key_of_qar1_was_rotated_out_meanwhile() {
    let world = later("  - set: streams/kel-q1.cesr#/-\n    to: { t: rot }\n");
    world.refused(Code::KeyNotInPlace);
}

#[test]
fn the_key_of_qar2_was_rotated_out_meanwhile() {
    let world = later("  - set: streams/kel-q2.cesr#/-\n    to: { t: rot }\n");
    world.refused(Code::NotApproved);
    world.refused(Code::KeyNotInPlace);
}
