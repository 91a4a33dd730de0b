//! keripy reads what we write. Skipped where Python with keripy is absent; `COUNTERSIGN_KERIPY` names
//! the interpreter.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};

use super::forge::*;

pub fn keripy() -> Option<String> {
    let python = std::env::var("COUNTERSIGN_KERIPY").unwrap_or_else(|_| "python3.13".to_owned());
    let found = Command::new(&python).args(["-c", "import keri.core.eventing"]).stderr(Stdio::null()).status();
    if found.is_ok_and(|status| status.success()) {
        return Some(python);
    }
    let required = std::env::var("COUNTERSIGN_REQUIRE").unwrap_or_default();
    assert!(!required.split(',').any(|name| name == "keripy"), "keripy is required and absent");
    println!("skipped: {python} has no keripy");
    None
}

pub fn accepted(python: &str, stream: &[u8]) -> serde_json::Value {
    accepted_with(python, stream, &[])
}

/// As [`accepted`], with the states of credentials in their registries.
pub fn accepted_with(python: &str, stream: &[u8], credentials: &[&str]) -> serde_json::Value {
    let script = format!("{}/tests/interop/accepts.py", env!("CARGO_MANIFEST_DIR"));
    let mut child = Command::new(python)
        .arg(script)
        .args(credentials)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(stream).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    serde_json::from_str(text.lines().last().unwrap()).unwrap()
}

#[test]
fn keripy_accepts_our_events_signatures_and_receipts() {
    let Some(python) = keripy() else { return };
    let mut base = base();
    base.issue_le();
    base.world.rotate("qvi");
    base.world.rotate("root");
    let before = base.world.parties["geda"].clone();
    let partial = base.world.rotate_at("geda", before.sn + 1, &before.last, Some(&[0, 2]));
    base.world.approve("root", &before.prefix, partial.sn, &partial.said);
    base.world.interact("geda", &[]);
    for sent in &mut base.world.messages {
        // Without official schemas keripy keeps credentials waiting.
        if sent.tag.starts_with("acdc.") {
            sent.body.clear();
            sent.triple = None;
        }
    }
    let expected: BTreeMap<String, (u64, String)> =
        base.world.parties.values().map(|party| (party.prefix.clone(), (party.sn, party.last.clone()))).collect();
    // Receipts by index, in one attachment group: as keripy itself writes them.
    let found = accepted(&python, &base.world.stream(Manner::Wrapped));
    assert_eq!(found["left"], 0);
    let logs: BTreeMap<String, (u64, String)> = serde_json::from_value(found["logs"].clone()).unwrap();
    for (prefix, place) in &expected {
        assert_eq!(logs.get(prefix), Some(place));
    }
    let registries: Vec<String> = serde_json::from_value(found["registries"].clone()).unwrap();
    assert!(registries.contains(&base.geda_registry) && registries.contains(&base.qvi_registry));

    // One signature fewer than the threshold, and keripy does not take the event either.
    base.world.sent("le.icp").signatures.truncate(1);
    let found = accepted(&python, &base.world.stream(Manner::Wrapped));
    assert_eq!(found["logs"].get(base.world.prefix("le")), None);
}
