//! A run that is killed at any place: the next one goes on, and nothing is lost or told twice.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::root::{ACME, MORNING, Root, record};
use crate::lei::{Server, ok};

/// Starts a run that stops at a place, and kills it there as `kill -9` does.
pub fn killed_at(root: &Root, place: &str, visit: usize, now: &str, more: &[&str]) {
    assert!(super::PLACES.contains(&place), "{place}");
    let flag = root.path().join("stopped");
    let mut command = root.command(now, more);
    command.env("COUNTERSIGN_REHEARSE_STOP", format!("{place} {visit} hold {}", flag.display()));
    let mut child = command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).spawn().unwrap();
    wait_for(&flag);
    child.kill().unwrap();
    child.wait().unwrap();
    std::fs::remove_file(&flag).unwrap();
}

fn wait_for(flag: &Path) {
    let begun = Instant::now();
    while !flag.exists() {
        assert!(begun.elapsed() < Duration::from_secs(60), "the run did not come to the place");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Events of findings and looks in a log: what happened, without when a run was done.
fn events(root: &Root) -> Vec<String> {
    let told = |row: &Value| {
        let row = &row["row"];
        match row["event"].as_str().unwrap() {
            "opened" | "changed" | "resolved" => {
                Some(format!("{} {}", row["event"].as_str().unwrap(), row["finding"]["id"].as_str().unwrap()))
            }
            "looked" => Some(format!("looked {}", row["looks"])),
            _ => None,
        }
    };
    let mut events: Vec<String> = root.rows().iter().filter_map(told).collect();
    events.sort();
    events
}

fn noisy() -> Root {
    let root = Root::quiet();
    for name in ["monitoring", "ecr"] {
        std::fs::remove_dir_all(root.path().join("cases").join(name)).unwrap();
    }
    root
}

#[test]
fn a_run_goes_on_where_another_was_killed() {
    let whole = noisy();
    assert_eq!(whole.run(MORNING, &[]).status, Some(1));
    let expected = events(&whole);
    assert_eq!(expected.len(), 6, "{expected:?}");
    // The log begins, a log of the LEI watch is said, findings are written: each by half.
    for (place, visit) in
        [("monitor/half", 1), ("monitor/draft", 1), ("monitor/log", 1), ("monitor/half", 2), ("monitor/half", 3)]
    {
        let root = noisy();
        killed_at(&root, place, visit, MORNING, &[]);
        let run = root.run(MORNING, &[]);
        assert_eq!(run.status, Some(1), "{place} {visit}: {}", run.stderr);
        assert_eq!(events(&root), expected, "{place} {visit}");
        let (status, text) = root.verify(&[]);
        assert_eq!(status, Some(0), "{text}");
    }
}

#[test]
fn what_was_looked_at_is_not_asked_for_again() {
    let root = Root::quiet();
    let body = record(ACME, "ISSUED", "2027-05-01T00:00:00Z", "2026-04-29T00:00:00Z");
    // One answer: a second request would find nobody.
    let server = Server::new(vec![ok(body)]);
    let more = ["--base-url", &server.url.clone()];
    killed_at(&root, "monitor/looked", 1, MORNING, &more);
    let run = root.run("2026-04-29T06:31:00Z", &more);
    assert_eq!(run.status, Some(0), "{:?} {}", run.told(), run.stderr);
    assert_eq!(server.requests().len(), 1);
    assert_eq!(events(&root), ["looked 1"]);
}

#[cfg(unix)]
#[test]
fn a_watch_that_runs_on_ends_when_it_is_asked_to() {
    let root = noisy();
    let mut command = root.command(MORNING, &["--every", "1s"]);
    let child = command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap();
    let begun = Instant::now();
    let runs = || {
        let text = std::fs::read_to_string(root.log()).unwrap_or_default();
        text.matches("\"event\":\"ran\"").count()
    };
    while runs() < 2 {
        assert!(begun.elapsed() < Duration::from_secs(60));
        std::thread::sleep(Duration::from_millis(20));
    }
    let killed = std::process::Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    assert!(killed.success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1), "that of the last run: {}", String::from_utf8_lossy(&output.stderr));
    assert!(std::fs::read_to_string(root.log()).unwrap().ends_with('\n'));
    assert_eq!(root.verify(&[]).0, Some(0));
    assert_eq!(events(&root).len(), 6, "found once");
}

#[test]
fn two_runs_do_not_write_one_log() {
    let root = noisy();
    let flag = root.path().join("stopped");
    let mut command = root.command(MORNING, &[]);
    command.env("COUNTERSIGN_REHEARSE_STOP", format!("monitor/draft 1 hold {}", flag.display()));
    let mut child = command.stdout(std::process::Stdio::null()).spawn().unwrap();
    wait_for(&flag);
    let run = root.run(MORNING, &[]);
    assert_eq!(run.status, Some(2));
    assert!(run.stderr.contains("another run watches"), "{}", run.stderr);
    std::fs::remove_file(&flag).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(1));
}
