//! `countersign check` of several cases, and of those that git says changed.

use std::fs;
use std::path::Path;
use std::process::Command as System;

use assert_cmd::Command;

const CASE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/cases/b0");
const TRUST: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/trust.json");

struct Run {
    status: i32,
    stdout: String,
    stderr: String,
}

fn check_in(folder: &Path, arguments: &[&str]) -> Run {
    let mut command = Command::cargo_bin("countersign").unwrap();
    command.current_dir(folder).env("LC_ALL", "C.UTF-8").env("NO_COLOR", "1").env("COLUMNS", "80");
    let asked = ["check", "--as-of", "2026-03-20T15:00:00Z", "--trust", TRUST];
    let output = command.args(asked).args(arguments).output().unwrap();
    Run {
        status: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let place = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &place);
        } else {
            fs::copy(entry.path(), place).unwrap();
        }
    }
}

/// `good` and `also-good` are the reference case; a byte of `bad` was changed after sealing.
fn three_cases(folder: &Path) {
    for name in ["good", "also-good", "bad"] {
        copy(Path::new(CASE), &folder.join("cases").join(name));
    }
    spoil(&folder.join("cases/bad"));
}

fn spoil(case: &Path) {
    let record = case.join("bundle/records/issuance-plan.json");
    let text = fs::read_to_string(&record).unwrap();
    fs::write(record, text + "\n").unwrap();
}

#[test]
fn several_cases_have_counts_the_worst_first_and_one_exit_status() {
    let scratch = tempfile::tempdir().unwrap();
    three_cases(scratch.path());
    let run = check_in(scratch.path(), &["cases/good", "cases/bad", "cases/also-good"]);
    assert_eq!(run.status, 1, "{}{}", run.stdout, run.stderr);
    assert!(run.stdout.starts_with("3 cases: 1 not clean, 2 clean\n\ncases/bad\n  not clean"), "{}", run.stdout);
    assert!(!run.stdout.contains("cases/good"), "{}", run.stdout);
    assert!(run.stdout.contains("`--all` lists the clean cases"), "{}", run.stdout);
    assert!(run.stdout.lines().all(|line| line.chars().count() <= 80), "{}", run.stdout);

    let run = check_in(scratch.path(), &["cases/good", "cases/also-good", "--all"]);
    assert_eq!(run.status, 0, "{}", run.stdout);
    assert!(run.stdout.contains("cases/good\n  clean: ") && run.stdout.contains("cases/also-good\n"), "{}", run.stdout);

    // What cannot be read is told of, and does not keep the others from being checked.
    let run = check_in(scratch.path(), &["cases/good", "cases/missing", "cases/bad"]);
    assert_eq!(run.status, 2);
    assert!(run.stdout.starts_with("3 cases: 1 could not be checked, 1 not clean, 1 clean"), "{}", run.stdout);
    let (missing, bad) = (run.stdout.find("cases/missing"), run.stdout.find("cases/bad"));
    assert!(missing.unwrap() < bad.unwrap(), "{}", run.stdout);
}

#[test]
fn the_reports_of_several_cases_are_those_of_each() {
    let scratch = tempfile::tempdir().unwrap();
    three_cases(scratch.path());
    fs::create_dir(scratch.path().join("out")).unwrap();
    let cases = ["cases/good", "cases/bad"];
    let lines =
        check_in(scratch.path(), &[&cases[..], &["--format", "json", "--report", "json=out/{case}.json"]].concat());
    assert_eq!(lines.status, 1, "{}", lines.stderr);
    let lines: Vec<&str> = lines.stdout.lines().collect();
    assert_eq!(lines.len(), 2);
    for (line, name) in lines.iter().zip(["good", "bad"]) {
        let alone = check_in(scratch.path(), &[&format!("cases/{name}"), "--format", "json"]).stdout;
        assert_eq!(*line, alone.trim_end(), "{name}");
        let written = fs::read_to_string(scratch.path().join(format!("out/{name}.json"))).unwrap();
        assert_eq!(written.trim_end(), *line, "{name}");
    }

    let refused = |arguments: &[&str], code: &str| {
        let run = check_in(scratch.path(), &[&cases[..], arguments].concat());
        assert_eq!(run.status, 2);
        assert!(run.stderr.contains(code), "{}", run.stderr);
    };
    refused(&["--report", "json=out/one.json"], "report_for_one");
    refused(&["--output", "out/one.txt"], "for_one_case");
    refused(&["--report", "json=cases/good/{case}.json"], "output_in_case");
    refused(&["cases/../cases/good", "--report", "json=out/{case}.json"], "report_twice");
    assert!(!scratch.path().join("out/one.json").exists());
}

fn git(folder: &Path, arguments: &[&str]) {
    let output = System::new("git")
        .args(["-c", "user.name=Test", "-c", "user.email=test@example.com", "-c", "init.defaultBranch=main"])
        .args(arguments)
        .current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .output()
        .unwrap();
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn only_what_git_says_changed_is_checked() {
    let scratch = tempfile::tempdir().unwrap();
    let top = scratch.path();
    for name in ["one", "two", "three"] {
        copy(Path::new(CASE), &top.join("cases").join(name));
    }
    git(top, &["init", "--quiet"]);
    git(top, &["add", "--all"]);
    git(top, &["commit", "--quiet", "--message", "cases"]);
    let cases = ["cases/one", "cases/two", "cases/three", "--changed-since", "main"];

    let run = check_in(top, &cases);
    assert_eq!(run.status, 0, "{}", run.stderr);
    assert!(run.stdout.contains("3 more cases have not changed and were not checked"), "{}", run.stdout);

    // What is committed on a branch, what is not committed, and what git does not know yet.
    git(top, &["checkout", "--quiet", "-b", "change"]);
    spoil(&top.join("cases/two"));
    git(top, &["commit", "--quiet", "--all", "--message", "change"]);
    let run = check_in(top, &cases);
    assert_eq!(run.status, 1, "{}{}", run.stdout, run.stderr);
    assert!(run.stdout.starts_with("1 case: 1 not clean\n2 more cases"), "{}", run.stdout);
    assert!(run.stdout.contains("\ncases/two\n"), "{}", run.stdout);
    fs::write(top.join("cases/three/bundle/surplus.txt"), "surplus").unwrap();
    let run = check_in(top, &cases);
    assert!(run.stdout.starts_with("2 cases: 2 not clean\n1 more case has"), "{}", run.stdout);

    // From a folder below, paths are still those of the user.
    let run = check_in(&top.join("cases"), &["one", "two", "--changed-since", "main"]);
    assert!(run.stdout.contains("\ntwo\n"), "{}", run.stdout);

    let failing = |arguments: &[&str], code: &str| {
        let run = check_in(top, arguments);
        assert_eq!(run.status, 2, "{}", run.stdout);
        assert!(run.stderr.contains(code), "{}", run.stderr);
    };
    failing(&["cases/one", "--changed-since", "nowhere"], "countersign::cli::git");
    failing(&["cases/one", "--changed-since=--output=x"], "countersign::cli::git");
    failing(&[CASE, "--changed-since", "main"], "outside_repository");
    failing(&["cases/gone", "--changed-since", "main"], "unreadable");
}
