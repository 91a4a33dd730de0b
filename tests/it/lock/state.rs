//! Store, ledger, trust and lock of an installation, as its users run them.

use std::fs;
use std::path::Path;

use assert_cmd::Command;

use super::people::PASSPHRASE;
use crate::fixture::{aid, copy_folder, fixtures, log_path, seed};

struct Run {
    status: Option<i32>,
    stdout: String,
    stderr: String,
}

fn run_with(folder: &Path, stdin: &str, arguments: &[&str]) -> Run {
    let mut command = Command::cargo_bin("countersign").unwrap();
    command.current_dir(folder).env("LC_ALL", "C.UTF-8").env("COUNTERSIGN_PASSPHRASE", PASSPHRASE);
    let output = command.args(arguments).write_stdin(stdin).output().unwrap();
    Run {
        status: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

#[track_caller]
fn done(folder: &Path, arguments: &[&str]) -> String {
    let run = run_with(folder, "", arguments);
    assert_eq!(run.status, Some(0), "{arguments:?}\n{}{}", run.stdout, run.stderr);
    run.stdout
}

#[track_caller]
fn refused(folder: &Path, arguments: &[&str], status: i32, code: &str) {
    let run = run_with(folder, "", arguments);
    assert_eq!(run.status, Some(status), "{}{}", run.stdout, run.stderr);
    assert!(run.stderr.contains(code) || run.stdout.contains(code), "{code}\n{}{}", run.stdout, run.stderr);
}

/// An installation with the fixture's trust file and the keys of these, and nothing else yet.
fn installation(holders: &[&str]) -> tempfile::TempDir {
    let scratch = tempfile::tempdir().unwrap();
    let folder = scratch.path();
    fs::copy(fixtures().join("trust.json"), folder.join("trust.json")).unwrap();
    let settings = "trust = \"trust.json\"\nkeys = \"keys\"\nledger = \"ledger.jsonl\"\nstore = \"store.db\"\n";
    fs::write(folder.join("countersign.toml"), settings).unwrap();
    for holder in holders {
        let seeds = format!("{}\n{}\n", seed(holder, "current"), seed(holder, "next"));
        let (name, aid) = (holder.to_lowercase(), aid(holder));
        let import = ["keys", "import", &name, "--seeds", "-", "--aid", aid.as_str()];
        let run = run_with(folder, &seeds, &import);
        assert_eq!(run.status, Some(0), "{}", run.stderr);
    }
    scratch
}

const OFFICERS: [&str; 2] = ["OFFICER-1", "OFFICER-2"];

/// Makes store and ledger, and puts the trust file that says so in force.
fn initialised() -> tempfile::TempDir {
    let scratch = installation(&OFFICERS);
    let folder = scratch.path();
    let logs = OFFICERS.map(log_path);
    done(folder, &["state", "init", "next.json", "--log", &logs[0], "--log", &logs[1]]);
    refused(folder, &["trust", "replace", "next.json"], 2, "countersign::trust::unsigned");
    done(folder, &["trust", "sign", "next.json", "--sign-with", "officer-1"]);
    refused(folder, &["trust", "replace", "next.json"], 2, "countersign::trust::below_threshold");
    refused(
        folder,
        &["trust", "show", "--trust", "next.json", "--before", "trust.json"],
        1,
        "countersign::trust::below_threshold",
    );
    let signed = done(folder, &["trust", "sign", "next.json", "--sign-with", "officer-2"]);
    assert!(signed.contains("2, met"), "{signed}");
    done(folder, &["trust", "replace", "next.json"]);
    scratch
}

#[test]
fn store_and_ledger_are_made_once() {
    let scratch = initialised();
    let folder = scratch.path();
    let shown = done(folder, &["state", "show"]);
    assert!(shown.contains("serial 2"), "{shown}");
    let ledger = done(folder, &["ledger", "show"]);
    assert!(ledger.contains("genesis") && ledger.contains("trust"), "{ledger}");
    done(folder, &["ledger", "verify"]);
    let doctor = done(folder, &["doctor"]);
    assert!(doctor.contains("2 rows, root") && doctor.contains("trust serial 2"), "{doctor}");
    refused(folder, &["state", "init", "again.json"], 2, "countersign::state::initialised");
    // The same command again finds everything done, and writes no second row.
    done(folder, &["trust", "replace", "next.json"]);
    assert_eq!(fs::read_to_string(folder.join("ledger.jsonl")).unwrap().lines().count(), 2);
}

#[test]
fn an_interrupted_beginning_goes_on_with_what_it_made() {
    let scratch = installation(&[]);
    let folder = scratch.path();
    done(folder, &["state", "init", "next.json"]);
    let genesis = fs::read_to_string(folder.join("ledger.jsonl")).unwrap();
    // As if it had ended after the ledger: nobody has seen the store or the next trust file.
    fs::remove_file(folder.join("next.json")).unwrap();
    fs::rename(folder.join("store.db"), folder.join("aside.db")).unwrap();
    fs::write(folder.join("store.db-wal"), "left by another store").unwrap();
    refused(folder, &["state", "init", "next.json"], 2, "countersign::cli::exists");
    fs::remove_file(folder.join("store.db-wal")).unwrap();
    done(folder, &["state", "init", "next.json"]);
    assert_eq!(fs::read_to_string(folder.join("ledger.jsonl")).unwrap(), genesis);
    assert!(fs::read_to_string(folder.join("next.json")).unwrap().contains("\"store_initialised\": true"));
    // A ledger that holds more is another's.
    fs::remove_file(folder.join("next.json")).unwrap();
    fs::remove_file(folder.join("ledger.jsonl")).unwrap();
    refused(folder, &["state", "init", "next.json"], 2, "countersign::store::exists");
    assert!(!folder.join("ledger.jsonl").exists());
}

#[test]
fn an_old_trust_file_put_back_is_seen() {
    let scratch = initialised();
    let folder = scratch.path();
    fs::copy(fixtures().join("trust.json"), folder.join("trust.json")).unwrap();
    refused(folder, &["doctor"], 2, "countersign::state::trust_rolled_back");
    refused(folder, &["state", "show"], 1, "countersign::state::trust_rolled_back");
    // One of the same serial that nobody put in force.
    let text = fs::read_to_string(folder.join("next.json")).unwrap();
    fs::write(folder.join("trust.json"), format!("{text}\n")).unwrap();
    refused(folder, &["doctor"], 2, "countersign::state::other_trust");
}

#[test]
fn a_store_that_is_gone_comes_back_by_the_officers_alone() {
    let scratch = initialised();
    let folder = scratch.path();
    let gone = || {
        for name in ["store.db", "store.db-wal", "store.db-shm"] {
            let _ = fs::remove_file(folder.join(name));
        }
    };
    let draft = ["state", "draft", "recovery.json", "--reason", "the disk failed", "--lock-serial", "7"];
    refused(folder, &draft, 2, "countersign::state::nothing_lost");
    gone();
    refused(folder, &["doctor"], 2, "countersign::store::state_missing");
    refused(folder, &["state", "show"], 1, "countersign::store::state_missing");
    refused(folder, &["state", "init", "again.json"], 2, "countersign::state::initialised");
    assert!(!folder.join("store.db").exists());

    done(folder, &draft);
    refused(folder, &["state", "recover", "recovery.json"], 2, "countersign::trust::unsigned");
    let logs = OFFICERS.map(log_path);
    done(folder, &["state", "sign", "recovery.json", "--sign-with", "officer-1", "--log", &logs[0]]);
    refused(folder, &["state", "recover", "recovery.json"], 2, "countersign::trust::below_threshold");
    assert!(!folder.join("store.db").exists());
    done(folder, &["state", "sign", "recovery.json", "--sign-with", "officer-2", "--log", &logs[1]]);
    let signed = fs::read_to_string(folder.join("recovery.json")).unwrap();
    fs::write(folder.join("changed.json"), signed.replace("\"lock_serial\": 7", "\"lock_serial\": 1")).unwrap();
    refused(folder, &["state", "recover", "changed.json"], 2, "countersign::trust::bad_signature");

    done(folder, &["state", "recover", "recovery.json"]);
    let shown = done(folder, &["state", "show"]);
    assert!(shown.lines().any(|line| line.starts_with("lock serial") && line.ends_with('7')), "{shown}");
    assert!(done(folder, &["ledger", "show"]).contains("recovery"));
    // It serves once.
    gone();
    refused(folder, &["state", "recover", "recovery.json"], 2, "countersign::state::recovery_used");
    assert!(!folder.join("store.db").exists());
}

#[test]
fn a_ledger_that_is_gone_begins_anew_under_the_next_trust_file() {
    let scratch = initialised();
    let folder = scratch.path();
    fs::rename(folder.join("ledger.jsonl"), folder.join("kept.jsonl")).unwrap();
    refused(folder, &["doctor"], 2, "countersign::ledger::missing");
    done(folder, &["state", "draft", "recovery.json", "--reason", "the ledger was deleted"]);
    for (holder, log) in OFFICERS.iter().zip(OFFICERS.map(log_path)) {
        let name = holder.to_lowercase();
        done(folder, &["state", "sign", "recovery.json", "--sign-with", &name, "--log", &log]);
    }
    refused(folder, &["state", "recover", "recovery.json"], 2, "countersign::cli::no_next");
    done(folder, &["state", "recover", "recovery.json", "--next", "third.json"]);
    refused(folder, &["doctor"], 2, "countersign::ledger::another_genesis");
    for name in ["officer-1", "officer-2"] {
        done(folder, &["trust", "sign", "third.json", "--sign-with", name]);
    }
    done(folder, &["trust", "replace", "third.json"]);
    done(folder, &["doctor"]);
    done(folder, &["ledger", "verify"]);
    // The record is about the trust file of before.
    fs::remove_file(folder.join("ledger.jsonl")).unwrap();
    let again = ["state", "recover", "recovery.json", "--next", "fourth.json"];
    refused(folder, &again, 2, "countersign::state::other_trust");
}

#[test]
fn a_lock_is_made_signed_and_shown() {
    let scratch = installation(&["POLICY-1", "POLICY-2", "OFFICER-1"]);
    let folder = scratch.path();
    let dates = ["--not-before", "2026-03-01T00:00:00Z", "--days", "90"];
    let new = |file: &'static str, more: &[&'static str]| {
        [&["lock", "new", file, "--id", "example-qvi"], &dates[..], more].concat()
    };
    done(folder, &new("lock.json", &[]));
    let as_of = ["--as-of", "2026-03-20T15:00:00Z"];
    let show = [&["lock", "show", "lock.json"], &as_of[..]].concat();
    refused(folder, &show, 1, "countersign::trust::unsigned");
    let sign = |holder: &str| {
        let (name, log) = (holder.to_lowercase(), log_path(holder));
        ["lock", "sign", "lock.json", "--sign-with", &name, "--log", &log].map(str::to_owned)
    };
    let sign = |holder: &str| run_with(folder, "", &sign(holder).each_ref().map(String::as_str));
    assert!(sign("OFFICER-1").stderr.contains("countersign::trust::foreign_key"));
    assert_eq!(sign("POLICY-1").status, Some(0));
    refused(folder, &show, 1, "countersign::trust::below_threshold");
    assert!(sign("POLICY-1").stderr.contains("countersign::trust::signed_twice"));
    let signed = sign("POLICY-2");
    assert!(signed.stdout.contains("2, met"), "{}{}", signed.stdout, signed.stderr);
    let shown = done(folder, &show);
    for expected in ["2026-05-30T00:00:00Z", "in force", "yes", "house", "le-framework"] {
        assert!(shown.contains(expected), "{expected}\n{shown}");
    }
    let late = ["lock", "show", "lock.json", "--as-of", "2026-05-30T00:00:00Z"];
    refused(folder, &late, 1, "countersign::lock::expired");
    // Other policies: the file that differs is named.
    let policies = folder.join("policies");
    copy_folder(&fixtures().join("../policies"), &policies);
    let same = [&show[..], &["--policies", "policies"]].concat();
    done(folder, &same);
    let flows = fs::read_to_string(policies.join("flows.yaml")).unwrap();
    fs::write(policies.join("flows.yaml"), format!("{flows}# another line\n")).unwrap();
    refused(folder, &same, 1, "countersign::lock::other_policies");
    refused(folder, &same, 1, "flows.yaml");
    // What the rule book does not have cannot be locked.
    refused(folder, &new("x.json", &["--profile", "hous"]), 2, "countersign::check::unknown_profile");
    refused(folder, &new("x.json", &["--flow", "le"]), 2, "countersign::check::unknown_flow");
    refused(folder, &new("x.json", &["--set", "no_such=1"]), 2, "countersign::check::unknown_parameter");
    assert!(!folder.join("x.json").exists());
}
