//! The log: what is changed in it is seen.

use std::fs;

use super::root::{MORNING, Root};

#[test]
fn a_log_that_was_changed_is_refused() {
    let root = Root::quiet();
    fs::remove_dir_all(root.path().join("cases/ecr")).unwrap();
    fs::remove_dir_all(root.path().join("cases/monitoring")).unwrap();
    root.run(MORNING, &[]);
    let (status, text) = root.verify(&[]);
    assert_eq!(status, Some(0), "{text}");
    let whole = fs::read_to_string(root.log()).unwrap();
    let lines: Vec<&str> = whole.lines().collect();
    let refused = |text: String, expected: &str| {
        fs::write(root.log(), &text).unwrap();
        let (status, told) = root.verify(&[]);
        let told = told.split_whitespace().collect::<Vec<_>>().join(" ").replace("│ ", "");
        assert_eq!(status, Some(2), "{told}");
        assert!(told.contains(expected), "{told}");
        let run = root.run("2026-04-29T06:40:00Z", &[]);
        assert_eq!(run.status, Some(2), "a run does not go on from it");
        fs::write(root.log(), &whole).unwrap();
    };
    refused(whole.replacen("orphan-event:", "orphan-event:X", 1), "does not follow the line before it");
    refused([&lines[..2], &lines[3..], &[""]].concat().join("\n"), "line 3 of the log");
    refused(whole.replacen("\"seq\":1", "\"seq\": 1", 1), "it is not in canonical form");
    refused(whole.replacen("{\"at\"", "[\"at\"", 1), "is no row");

    // Rows that are taken away at the end are seen by whoever kept a hash.
    let head = root.verify(&[]).1;
    let head = head.split("the last row is ").nth(1).unwrap().split([' ', '\n']).nth(1).unwrap().to_owned();
    assert_eq!(root.verify(&["--head", &head]).0, Some(0));
    fs::write(root.log(), lines[..lines.len() - 1].join("\n") + "\n").unwrap();
    assert_eq!(root.verify(&[]).0, Some(0));
    assert_eq!(root.verify(&["--head", &head]).0, Some(2));
    fs::write(root.log(), &whole).unwrap();

    let path = root.path().join("monitor/lei/lei-monitoring-000001.json");
    let log = fs::read_to_string(&path).unwrap();
    fs::write(&path, log.replace("ISSUED", "LAPSED")).unwrap();
    let (status, told) = root.verify(&[]);
    assert_eq!(status, Some(2));
    assert!(told.contains("its digest is"), "{told}");
    fs::remove_file(&path).unwrap();
    assert!(root.verify(&[]).1.contains("it is not there"));
}

#[test]
fn a_clock_that_goes_back_stops_the_watch() {
    let root = Root::quiet();
    root.run(MORNING, &[]);
    let run = root.run("2026-04-29T06:29:00Z", &[]);
    assert_eq!(run.status, Some(0), "a minute is a clock that was set right: {}", run.stderr);
    let run = root.run("2026-04-28T06:30:00Z", &[]);
    assert_eq!(run.status, Some(2));
    assert!(run.stderr.contains("and the clock says"), "{}", run.stderr);
}

#[test]
fn people_are_told_with_the_time_that_is_left() {
    let root = Root::quiet();
    root.says(super::root::ACME, "LAPSED", "2026-04-20T00:00:00Z", "2026-04-29T00:00:00Z", "2026-04-29T06:10:00Z");
    let output = root.command(MORNING, &["--format", "human"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("block lei-breach 254900OPPU84GM83MG36 (new): 17 h left"), "{text}");
    assert!(text.contains("countersign explain EGF3-SLA-3.3.a"), "{text}");
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("4 cases, whose signatures are not verified here"), "{text}");
}
