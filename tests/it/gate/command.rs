//! `countersign gate` and `countersign sign` as QAR2 runs them. The clock of the machine is not that of the fixture,
//! so the command says no here; what it says yes to is tested beside.

use std::fs;

use assert_cmd::Command;
use countersign::ledger::{Kind, Ledger};
use serde_json::Value;

use super::world::{World, live_streams};

struct Ran {
    status: Option<i32>,
    stdout: String,
    stderr: String,
}

/// The installation on disk.
fn installed(world: &World) {
    let folder = world.folder.path();
    for (path, bytes) in &world.files {
        let path = folder.join("case").join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    fs::write(folder.join("lock.json"), world.lock.as_ref().unwrap().write()).unwrap();
    fs::write(folder.join("trust.json"), world.trust_bytes()).unwrap();
    fs::write(folder.join("live.cesr"), live_streams().concat()).unwrap();
    let settings = "trust = \"trust.json\"\nlock = \"lock.json\"\nstore = \"store.sqlite\"\nledger = \"ledger.jsonl\"\n\
                    keys = \"keys\"\n";
    fs::write(folder.join("countersign.toml"), settings).unwrap();
    world.embedded("Q2");
}

fn run(world: &World, arguments: &[&str]) -> Ran {
    let mut command = Command::cargo_bin("countersign").unwrap();
    command.current_dir(world.folder.path()).env("LC_ALL", "C.UTF-8").env("COLUMNS", "100");
    command.env_remove("COUNTERSIGN_PASSPHRASE");
    let output = command.args(arguments).output().unwrap();
    Ran {
        status: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

#[test]
fn a_no_names_every_reason_and_leaves_a_row_and_no_signature() {
    let world = World::reference();
    installed(&world);
    let dry = run(&world, &["gate", "case", "--live", "live.cesr"]);
    assert_eq!(dry.status, Some(4), "{}{}", dry.stdout, dry.stderr);
    assert!(dry.stdout.starts_with("no: nothing may be signed, for "), "{}", dry.stdout);
    assert!(dry.stdout.contains("4 judge: countersign::gate::report_"), "{}", dry.stdout);
    assert_eq!(Ledger::open(&world.ledger_path).unwrap().size(), 1, "a dry run writes nothing");

    // No passphrase is to be had, and none is asked for.
    let no = run(&world, &["sign", "case", "--live", "live.cesr", "--out", "out", "--format", "json"]);
    assert_eq!(no.status, Some(4), "{}{}", no.stdout, no.stderr);
    let refusal: Value = serde_json::from_str(&no.stdout).unwrap();
    assert_eq!(refusal["decision"], "refuse");
    assert!(refusal["reasons"].as_array().unwrap().iter().all(|reason| reason["step"].is_number()));
    let rows = Ledger::open(&world.ledger_path).unwrap();
    assert_eq!(rows.rows().last().unwrap().entry.kind, Kind::Refusal);
    let kept = fs::read(world.folder.path().join("out/refusal.json")).unwrap();
    assert_eq!(rows.rows().last().unwrap().entry.payload, countersign::primitives::Sha256::of(&kept));
    assert!(!world.folder.path().join("out/event.cesr").exists());
}

#[test]
fn there_are_no_options_for_what_the_lock_says() {
    let world = World::reference();
    for option in ["--policies", "--profile", "--set", "--trust", "--flow", "--as-of", "--lock"] {
        for command in ["gate", "sign"] {
            let ran = run(&world, &[command, "case", option, "x"]);
            assert_eq!(ran.status, Some(2), "{command} {option}");
            assert!(ran.stderr.contains("unexpected argument"), "{}", ran.stderr);
        }
    }
}

#[test]
fn what_cannot_be_decided_on_ends_the_command() {
    let world = World::reference();
    installed(&world);
    let none = run(&world, &["gate", "nowhere"]);
    assert_eq!(none.status, Some(2), "{}", none.stdout);
    let inside = run(&world, &["sign", "case", "--live", "live.cesr", "--out", "case/out"]);
    assert_eq!(inside.status, Some(2), "{}", inside.stdout);
    assert!(inside.stderr.contains("countersign::cli::output_in_case"), "{}", inside.stderr);
    fs::write(world.folder.path().join("lock.json"), "{").unwrap();
    let damaged = run(&world, &["gate", "case", "--live", "live.cesr"]);
    assert_eq!(damaged.status, Some(4), "{}{}", damaged.stdout, damaged.stderr);
    assert!(damaged.stdout.contains("countersign::gate::lock_unusable"), "{}", damaged.stdout);
}

#[test]
fn the_report_of_the_gate_is_written_in_any_format_and_never_into_the_case() {
    let world = World::reference();
    installed(&world);
    let gate = |more: &[&str]| run(&world, &[&["gate", "case", "--live", "live.cesr"], more].concat());
    let no = gate(&["--report", "json=gate.json", "--report", "html=gate.html"]);
    assert_eq!(no.status, Some(4), "{}{}", no.stdout, no.stderr);
    let report = countersign::report::json::read(&fs::read(world.folder.path().join("gate.json")).unwrap()).unwrap();
    assert_eq!(report.run.stage.as_str(), "approval");
    assert!(fs::read_to_string(world.folder.path().join("gate.html")).unwrap().contains(&report.said));
    let inside = gate(&["--report", "json=case/decision/gate.json"]);
    assert_eq!(inside.status, Some(2), "{}", inside.stdout);
    assert!(inside.stderr.contains("countersign::cli::output_in_case"), "{}", inside.stderr);
    fs::write(world.folder.path().join("lock.json"), "{").unwrap();
    let none = gate(&["--report", "json=none.json"]);
    assert_eq!(none.status, Some(4), "{}", none.stdout);
    assert!(none.stderr.contains("no report could be made, and none is written"), "{}", none.stderr);
    assert!(!world.folder.path().join("none.json").exists());
}
