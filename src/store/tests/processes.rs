//! Real processes: this test binary runs itself, and one of its runs is killed.

#![allow(clippy::print_stdout)]

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::*;

const STORE: &str = "COUNTERSIGN_TEST_STORE";
const EVENT: &str = "COUNTERSIGN_TEST_EVENT";
/// Places that each process tries to take.
const PLACES: u64 = 60;
/// How an acknowledged reservation is told.
const TOLD: &str = "took ";

/// Another run of the test of this name, as the process that reserves `event` at one place after the other.
fn process(test: &str, store: &Path, event: &str) -> Child {
    let name = format!("{}::{test}", module_path!().split_once("::").unwrap().1);
    Command::new(std::env::current_exe().unwrap())
        .args([name.as_str(), "--exact", "--nocapture", "--test-threads=1"])
        .env(STORE, store)
        .env(EVENT, event)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// What the other process does; `false` in the first one.
fn reserves(places: u64) -> bool {
    let (Ok(path), Ok(event)) = (std::env::var(STORE), std::env::var(EVENT)) else { return false };
    let mut store = Store::open(Path::new(&path), true).unwrap();
    for sn in 0..places {
        match store.reserve(&reservation(sn, &event)) {
            Ok(_) => println!("\n{TOLD}{sn}"),
            Err(error) => assert_eq!(code(&error), "taken"),
        }
    }
    true
}

fn told(line: &str) -> Option<u64> {
    line.strip_prefix(TOLD)?.parse().ok()
}

#[test]
fn of_two_processes_one_takes_each_place() {
    if reserves(PLACES) {
        return;
    }
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("store");
    Store::init(&path).unwrap();
    let test = "of_two_processes_one_takes_each_place";
    let running: Vec<Child> = ["a", "b"].iter().map(|event| process(test, &path, event)).collect();
    let mut taken = Vec::new();
    for child in running {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        let places: BTreeSet<u64> = String::from_utf8_lossy(&output.stdout).lines().filter_map(told).collect();
        taken.push(places);
    }
    assert!(taken[0].is_disjoint(&taken[1]), "{taken:?}");
    assert_eq!(taken[0].len() + taken[1].len(), PLACES as usize, "{taken:?}");
    let store = opened(&path).unwrap();
    for (event, places) in ["a", "b"].iter().zip(&taken) {
        for sn in places {
            let held = store.reservation(&group(), *sn).unwrap().unwrap();
            assert_eq!(held.reservation.said, Said::of(event.as_bytes()), "{sn}");
        }
    }
}

#[test]
fn what_a_killed_process_was_told_stays() {
    if reserves(u64::from(u32::MAX)) {
        return;
    }
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("store");
    Store::init(&path).unwrap();
    for round in 0..5u64 {
        let mut child = process("what_a_killed_process_was_told_stays", &path, &format!("event {round}"));
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let acknowledged: Vec<u64> =
            stdout.lines().map_while(Result::ok).filter_map(|line| told(&line)).take(7 + round as usize).collect();
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(acknowledged.len(), 7 + round as usize);
        let store = opened(&path).unwrap();
        for sn in acknowledged {
            let held = store.reservation(&group(), sn).unwrap().unwrap();
            assert_eq!(held.reservation.said, Said::of(format!("event {round}").as_bytes()));
        }
        // Whoever comes next goes on behind what is taken.
        store.history().unwrap();
    }
}
