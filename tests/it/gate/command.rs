//! `countersign gate` and `countersign sign` as QAR2 runs them.

use std::fs;
use std::process::{Command, Stdio};

use countersign::ledger::Kind;
use serde_json::Value;

use super::run::{Keys, Ran};
use super::world::{World, live_streams};
use crate::lei::{Answer, Server, ok, status};

/// In the installation, by the clock of the fixture.
fn run(world: &World, arguments: &[&str]) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.current_dir(world.folder.path()).env("LC_ALL", "C.UTF-8").env("COLUMNS", "100");
    command.env_remove("COUNTERSIGN_PASSPHRASE").env("COUNTERSIGN_REHEARSE_NOW", world.now.to_string());
    Ran::of(command.args(arguments).stdin(Stdio::null()).output().unwrap())
}

/// Whatever the hour: by the machine's own clock, the approved report is of another year.
#[test]
fn without_a_rehearsed_clock_the_clock_is_that_of_the_machine() {
    let world = World::reference();
    world.lay_out();
    let mut command = world.command("gate", Keys::Absent);
    let ran = Ran::of(command.env_remove("COUNTERSIGN_REHEARSE_NOW").output().unwrap());
    assert_eq!(ran.status, Some(4), "{ran:#?}");
    assert!(ran.codes().iter().any(|code| code.starts_with("countersign::gate::report_")), "{ran:#?}");
}

#[test]
fn a_no_names_every_reason_and_leaves_a_row_and_no_signature() {
    let mut world = World::reference();
    world.now = super::world::at("2026-03-20T15:06:00Z");
    world.lay_out();
    let before = world.rows().len();
    let dry = run(&world, &["gate", "case", "--live", "live-0.cesr"]);
    assert_eq!(dry.status, Some(4), "{dry:#?}");
    assert!(dry.stdout.starts_with("no: nothing may be signed, for "), "{}", dry.stdout);
    assert!(dry.stdout.contains("4 judge: countersign::gate::report_too_old"), "{}", dry.stdout);
    assert_eq!(world.rows().len(), before, "a dry run writes nothing");

    // No passphrase is to be had, and none is asked for.
    let no = Ran::of(world.command("sign", Keys::Locked).output().unwrap());
    assert_eq!(no.status, Some(4), "{no:#?}");
    let refusal: Value = serde_json::from_str(&no.stdout).unwrap();
    assert_eq!(refusal["decision"], "refuse");
    assert!(refusal["reasons"].as_array().unwrap().iter().all(|reason| reason["step"].is_number()));
    let kept = fs::read(world.out("refusal.json")).unwrap();
    assert_eq!(world.rows().last().unwrap(), &(Kind::Refusal, countersign::primitives::Sha256::of(&kept)));
    assert!(!world.out("event.cesr").exists());
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
    world.lay_out();
    let none = run(&world, &["gate", "nowhere"]);
    assert_eq!(none.status, Some(2), "{}", none.stdout);
    let inside = run(&world, &["sign", "case", "--live", "live-0.cesr", "--out", "case/out"]);
    assert_eq!(inside.status, Some(2), "{}", inside.stdout);
    assert!(inside.stderr.contains("countersign::cli::output_in_case"), "{}", inside.stderr);
    assert!(!world.folder.path().join("case/out").exists(), "a folder was made in the case");
    fs::write(world.folder.path().join("lock.json"), "{").unwrap();
    let damaged = run(&world, &["gate", "case", "--live", "live-0.cesr"]);
    assert_eq!(damaged.status, Some(4), "{}{}", damaged.stdout, damaged.stderr);
    assert!(damaged.stdout.contains("countersign::gate::lock_unusable"), "{}", damaged.stdout);
}

#[test]
fn the_report_of_the_gate_is_written_in_any_format_and_never_into_the_case() {
    let world = World::reference();
    world.lay_out();
    let gate = |more: &[&str]| run(&world, &[&["gate", "case", "--live", "live-0.cesr"], more].concat());
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

/// The installation asks these addresses, and each has two seconds.
fn asks(world: &World, urls: &[String]) {
    let path = world.folder.path().join("countersign.toml");
    let settings = fs::read_to_string(&path).unwrap();
    let urls: Vec<String> = urls.iter().map(|url| format!("\"{url}\"")).collect();
    fs::write(path, format!("{settings}live = [{}]\nlive_timeout_s = 2\n", urls.join(", "))).unwrap();
}

/// What the gate says of the live state that a server gives, one answer for each address.
fn of_live(answers: Vec<Answer>) -> String {
    let world = World::reference();
    world.lay_out();
    let count = answers.len();
    let server = Server::new(answers);
    asks(&world, &(0..count).map(|at| format!("{}/oobi/{at}", server.url)).collect::<Vec<_>>());
    let ran = run(&world, &["gate", "case"]);
    let live = ran.stdout.split("\n\n").filter(|reason| reason.starts_with("3 live"));
    let live = live.collect::<Vec<_>>().join("\n\n");
    assert_eq!(ran.status, Some(if live.is_empty() { 0 } else { 4 }), "{}{}", ran.stdout, ran.stderr);
    live
}

#[test]
fn live_state_is_fetched_from_the_addresses_of_the_settings() {
    assert_eq!(of_live(live_streams().into_iter().map(ok).collect()), "");
}

/// What was asked for in the run itself is as old as the run; of a file only its date on the disk is known.
#[test]
fn the_decision_says_by_what_the_live_state_is_dated() {
    let world = World::reference();
    world.lay_out();
    let answers: Vec<Answer> = live_streams().into_iter().map(ok).collect();
    let count = answers.len();
    let server = Server::new(answers);
    asks(&world, &(0..count).map(|at| format!("{}/oobi/{at}", server.url)).collect::<Vec<_>>());
    let dated = |ran: Ran| {
        let statement: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{ran:#?}"));
        [&statement["predicate"]["live"]["dated_by"], &statement["predicate"]["live"]["fetched_at"]].map(Clone::clone)
    };
    assert_eq!(dated(run(&world, &["gate", "case", "--format", "json"])), ["clock", "2026-03-20T15:00:00Z"]);
    let files = Ran::of(world.command("gate", Keys::Absent).output().unwrap());
    assert_eq!(dated(files), ["files", "2026-03-20T14:59:00Z"]);
    let told = Ran::of(world.command_as("gate", Keys::Absent, "human").output().unwrap());
    assert!(told.stdout.contains("2026-03-20T14:59:00Z, by the dates of the files"), "{}", told.stdout);
}

#[test]
fn a_server_that_lies_is_not_believed() {
    let mut streams = live_streams();
    let at = streams[2].len() - 10;
    streams[2][at] = if streams[2][at] == b'A' { b'B' } else { b'A' };
    let told = of_live(streams.into_iter().map(ok).collect());
    assert!(told.contains("countersign::gate::live_unusable"), "{told}");
}

#[test]
fn a_server_that_gives_an_old_state_is_behind() {
    let mut streams = live_streams();
    let text = String::from_utf8(streams[2].clone()).unwrap();
    streams[2].truncate(text.rfind("{\"v\":\"KERI").unwrap());
    streams.retain(|stream| !String::from_utf8_lossy(stream).contains("\"ACDC"));
    let told = of_live(streams.into_iter().map(ok).collect());
    assert!(told.contains("countersign::gate::live_behind"), "{told}");
}

/// Where one does not answer, the others count for nothing: it may be the one that knows more.
#[test]
fn every_address_must_answer_in_time() {
    for (answer, why) in [
        (Answer::Hang(std::time::Duration::from_secs(4)), "did not answer in full within 2 s"),
        (status("404 Not Found"), "answered 404"),
        (
            Answer::Send("302 Found", vec![("Location", "https://elsewhere.example".to_owned())], Vec::new()),
            "redirects",
        ),
    ] {
        let mut answers: Vec<Answer> = live_streams().into_iter().map(ok).collect();
        answers.push(answer);
        let told = of_live(answers);
        assert!(told.contains("countersign::gate::no_live_state"), "{told}");
        let line = told.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(line.contains(why), "{line}");
    }
}

#[test]
fn addresses_are_asked_for_by_https_only_and_not_beside_files() {
    let world = World::reference();
    world.lay_out();
    asks(&world, &["http://witness.example/oobi".to_owned()]);
    let ran = run(&world, &["gate", "case"]);
    let line = ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(line.contains("countersign::gate::no_live_state") && line.contains("plain http is only for"), "{line}");
    // Who names files asks nobody.
    let files: Vec<String> = (0..live_streams().len()).map(|at| format!("--live=live-{at}.cesr")).collect();
    let named: Vec<&str> = ["gate", "case"].into_iter().chain(files.iter().map(String::as_str)).collect();
    let ran = run(&world, &named);
    assert!(!ran.stdout.contains("3 live"), "{}", ran.stdout);
}
