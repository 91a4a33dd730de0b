//! Keys and the ledger as their users run them.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use assert_cmd::Command;
use countersign::ledger::{Entry, Kind, Ledger};
use countersign::primitives::Sha256;
use serde_json::Value;

const PASSPHRASE: &str = "correct horse battery";
const Q2: &str = "EHowwGuu5lztml5EN_RGXAdDYdFCTAh6zPLvpqmXn7PU";

struct Run {
    status: Option<i32>,
    stdout: String,
    stderr: String,
}

/// Runs a command in a folder, with the passphrase in its environment and this on its standard input.
fn run_with(folder: &Path, passphrase: Option<&str>, stdin: &str, arguments: &[&str]) -> Run {
    let mut command = Command::cargo_bin("countersign").unwrap();
    command.current_dir(folder).env("LC_ALL", "C.UTF-8").env_remove("NO_COLOR").env_remove("COLUMNS");
    match passphrase {
        Some(passphrase) => command.env("COUNTERSIGN_PASSPHRASE", passphrase),
        None => command.env_remove("COUNTERSIGN_PASSPHRASE"),
    };
    let output = command.args(arguments).write_stdin(stdin).output().unwrap();
    Run {
        status: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

fn run(folder: &Path, arguments: &[&str]) -> Run {
    run_with(folder, Some(PASSPHRASE), "", arguments)
}

/// A folder whose settings name keys and a ledger.
fn installation() -> tempfile::TempDir {
    let scratch = tempfile::tempdir().unwrap();
    fs::write(scratch.path().join("countersign.toml"), "keys = \"keys\"\nledger = \"ledger.jsonl\"\n").unwrap();
    scratch
}

fn public(folder: &Path, name: &str) -> Value {
    let run = run(folder, &["keys", "export-public", name, "--format", "json"]);
    assert_eq!(run.status, Some(0), "{}", run.stderr);
    serde_json::from_str(&run.stdout).unwrap()
}

#[track_caller]
fn refused(run: &Run, status: i32, code: &str) {
    assert_eq!(run.status, Some(status), "{}{}", run.stdout, run.stderr);
    assert!(run.stderr.contains(code), "{code}\n{}", run.stderr);
}

#[test]
fn new_keys_begin_an_identifier_that_kel_verify_accepts() {
    let scratch = installation();
    let folder = scratch.path();
    let made = run(folder, &["keys", "new", "qar-2"]);
    assert_eq!(made.status, Some(0), "{}", made.stderr);
    let file = folder.join("keys/qar-2.keys.json");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o7777, 0o600);
    let before = public(folder, "qar-2");
    assert!(made.stdout.contains(before["aid"].as_str().unwrap()), "{}", made.stdout);
    let cesr = run(folder, &["keys", "export-public", "qar-2", "--format", "cesr"]).stdout;
    fs::write(folder.join("qar-2.cesr"), &cesr).unwrap();
    let verified = run(folder, &["kel", "verify", "qar-2.cesr", "--aid", before["aid"].as_str().unwrap()]);
    assert_eq!(verified.status, Some(0), "{}{}", verified.stdout, verified.stderr);

    assert_eq!(run(folder, &["keys", "rotate", "qar-2"]).status, Some(0));
    let after = public(folder, "qar-2");
    assert_eq!((&after["aid"], &after["rotations"]), (&before["aid"], &1.into()));
    assert_ne!(after["key"], before["key"]);
    assert_ne!(after["next"], before["next"]);
    refused(&run(folder, &["keys", "new", "qar-2"]), 2, "countersign::keystore::exists");
    refused(&run(folder, &["keys", "rotate", "qar-3"]), 2, "countersign::keystore::missing");
    let wrong = run_with(folder, Some("another passphrase"), "", &["keys", "rotate", "qar-2"]);
    refused(&wrong, 2, "countersign::keystore::wrong_passphrase");
    assert_eq!(public(folder, "qar-2"), after);
}

#[test]
fn keripy_takes_our_inception() {
    let Some(python) = crate::keri::interop::keripy() else { return };
    let scratch = installation();
    assert_eq!(run(scratch.path(), &["keys", "new", "qar-2"]).status, Some(0));
    let aid = public(scratch.path(), "qar-2")["aid"].as_str().unwrap().to_owned();
    let cesr = run(scratch.path(), &["keys", "export-public", "qar-2", "--format", "cesr"]).stdout;
    let found = crate::keri::interop::accepted(&python, cesr.as_bytes());
    assert_eq!((&found["left"], &found["logs"][&aid]), (&0.into(), &serde_json::json!([0, aid])));
    // One bit of the signature, and it takes nothing.
    let mut bad = cesr.into_bytes();
    let at = bad.len() - 10;
    bad[at] = if bad[at] == b'A' { b'B' } else { b'A' };
    assert_eq!(crate::keri::interop::accepted(&python, &bad)["logs"].get(&aid), None);
}

#[test]
fn imported_keys_are_those_of_the_seeds() {
    let scratch = installation();
    let folder = scratch.path();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let keys: Value =
        serde_json::from_str(&fs::read_to_string(root.join("fixtures/keri/b0/keys.json")).unwrap()).unwrap();
    let seed = |member: &str| keys["holders"]["Q2"][member].as_str().unwrap().to_owned();
    let seeds = format!("{}\n{}\n", seed("current"), seed("next"));
    let imported = run_with(folder, Some(PASSPHRASE), &seeds, &["keys", "import", "q2", "--seeds", "-", "--aid", Q2]);
    assert_eq!(imported.status, Some(0), "{}", imported.stderr);
    let log = fs::read_to_string(root.join("fixtures/keri/b0/kel-q2.cesr")).unwrap();
    let public = public(folder, "q2");
    assert!(
        log.contains(&format!("\"k\":[{}]", public["key"])) && log.contains(&format!("\"n\":[{}]", public["next"]))
    );
    refused(&run(folder, &["keys", "export-public", "q2", "--format", "cesr"]), 2, "countersign::cli::no_inception");
    let file = fs::read_to_string(folder.join("keys/q2.keys.json")).unwrap();
    for output in [&file, &imported.stdout, &imported.stderr] {
        assert!(!output.contains(&seed("current")) && !output.contains(&seed("next")));
    }
    fs::write(folder.join("seeds.txt"), format!("{} \n", seed("current"))).unwrap();
    // Without an identifier, one begins with them.
    assert_eq!(run(folder, &["keys", "import", "own", "--seeds", "seeds.txt"]).status, Some(0));
    assert_eq!(run(folder, &["keys", "import", "alone", "--seeds", "seeds.txt", "--aid", Q2]).status, Some(0));
    refused(&run(folder, &["keys", "rotate", "alone"]), 2, "countersign::keystore::no_next");
    for bad in ["", "AAAA\n", &format!("{seeds}{seeds}")] {
        let refusal = run_with(folder, Some(PASSPHRASE), bad, &["keys", "import", "bad", "--seeds", "-"]);
        refused(&refusal, 2, "countersign::keystore::not_a_seed");
        assert!(!refusal.stderr.contains(&seed("current")));
    }
}

#[test]
fn a_passphrase_comes_from_a_descriptor_and_never_from_the_command_line() {
    let scratch = installation();
    let folder = scratch.path();
    let line = format!("{PASSPHRASE}\nsomething else\n");
    let made = run_with(folder, None, &line, &["keys", "new", "q2", "--passphrase-fd", "0"]);
    assert_eq!(made.status, Some(0), "{}", made.stderr);
    assert_eq!(run(folder, &["keys", "rotate", "q2"]).status, Some(0));
    let empty = run_with(folder, None, "\n", &["keys", "rotate", "q2", "--passphrase-fd", "0"]);
    refused(&empty, 2, "countersign::cli::passphrase_unreadable");
    let closed = run(folder, &["keys", "rotate", "q2", "--passphrase-fd", "77"]);
    refused(&closed, 2, "countersign::cli::passphrase_unreadable");
    let both = run(folder, &["keys", "import", "q3", "--seeds", "-", "--passphrase-fd", "0"]);
    refused(&both, 2, "countersign::cli::passphrase_unreadable");
    assert_eq!(run(folder, &["keys", "rotate", "q2", "--passphrase", PASSPHRASE]).status, Some(2));
    let short = run_with(folder, Some("short"), "", &["keys", "new", "q4"]);
    refused(&short, 2, "countersign::keystore::weak_passphrase");
    assert!(!folder.join("keys/q4.keys.json").exists());
}

#[test]
fn a_list_says_which_keys_cannot_be_used() {
    let scratch = installation();
    let folder = scratch.path();
    refused(&run(folder, &["keys", "list"]), 2, "countersign::keystore::unreadable");
    for name in ["q1", "q2"] {
        assert_eq!(run(folder, &["keys", "new", name]).status, Some(0));
    }
    let good = run(folder, &["keys", "list"]);
    assert_eq!((good.status, good.stdout.lines().count()), (Some(0), 3), "{}", good.stdout);
    fs::set_permissions(folder.join("keys/q1.keys.json"), fs::Permissions::from_mode(0o644)).unwrap();
    let bad = run(folder, &["keys", "list"]);
    refused(&bad, 2, "countersign::keystore::mode");
    assert!(bad.stdout.contains("(cannot be used)") && bad.stderr.contains("0644"), "{}{}", bad.stdout, bad.stderr);
    let elsewhere = tempfile::tempdir().unwrap();
    refused(&run(elsewhere.path(), &["keys", "list"]), 2, "countersign::cli::no_keys");
}

fn entry(payload: &str) -> Entry {
    Entry {
        at: "2026-03-20T15:00:00Z".parse().unwrap(),
        actor: Q2.parse().unwrap(),
        kind: Kind::Decision,
        payload: Sha256::of(payload.as_bytes()),
    }
}

fn with_ledger(rows: usize) -> tempfile::TempDir {
    let scratch = installation();
    let genesis = Entry { kind: Kind::Genesis, ..entry("trust") };
    let mut ledger = Ledger::begin(&scratch.path().join("ledger.jsonl"), genesis).unwrap();
    for at in 1..rows {
        ledger.append(entry(&format!("decision {at}"))).unwrap();
    }
    scratch
}

#[test]
fn a_checkpoint_shows_what_was_done_to_the_ledger() {
    let scratch = with_ledger(5);
    let folder = scratch.path();
    assert_eq!(run(folder, &["keys", "new", "q2"]).status, Some(0));
    let made = run(folder, &["ledger", "checkpoint", "--sign-with", "q2", "--out", "c.note"]);
    assert_eq!(made.status, Some(0), "{}", made.stderr);
    let public = public(folder, "q2");
    let (aid, key) = (public["aid"].as_str().unwrap(), public["key"].as_str().unwrap());
    let verify = || run(folder, &["ledger", "verify", "--checkpoint", "c.note", "--by", aid, "--key", key]);
    assert_eq!(verify().status, Some(0), "{}", verify().stderr);
    let other = "DHczsX-yq2PubpXbWF9fYtH_fVtq-APheKZ1ISxxX8IZ";
    let wrong = run(folder, &["ledger", "verify", "--checkpoint", "c.note", "--by", aid, "--key", other]);
    refused(&wrong, 1, "countersign::ledger::checkpoint_signature");

    let path = folder.join("ledger.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let write = |lines: &[&str]| fs::write(&path, format!("{}\n", lines.join("\n"))).unwrap();
    write(&lines[..4]);
    refused(&verify(), 1, "countersign::ledger::truncated");
    // The chain alone does not show it.
    assert_eq!(run(folder, &["ledger", "verify"]).status, Some(0));
    write(&[lines[0], lines[2], lines[1], lines[3], lines[4]]);
    refused(&run(folder, &["ledger", "verify"]), 1, "countersign::ledger::out_of_order");
    write(&[lines[0], &lines[1].replace("decision", "refusal"), lines[2], lines[3], lines[4]]);
    refused(&run(folder, &["ledger", "verify"]), 1, "countersign::ledger::broken_chain");
    fs::write(&path, &text[..text.len() - 5]).unwrap();
    refused(&run(folder, &["ledger", "verify"]), 3, "countersign::ledger::torn");
    refused(&verify(), 1, "countersign::ledger::truncated");
    fs::remove_file(&path).unwrap();
    refused(&run(folder, &["ledger", "verify"]), 2, "countersign::ledger::missing");
    assert!(!path.exists());
}

#[test]
fn a_row_is_shown_and_proven() {
    let scratch = with_ledger(6);
    let folder = scratch.path();
    let shown = run(folder, &["ledger", "show", "--last", "2"]);
    assert_eq!((shown.status, shown.stdout.lines().count()), (Some(0), 3), "{}", shown.stdout);
    let rows = run(folder, &["ledger", "show", "--format", "json"]).stdout;
    assert_eq!(rows, fs::read_to_string(folder.join("ledger.jsonl")).unwrap());
    let proven = run(folder, &["ledger", "prove", "4", "--from", "3"]);
    assert_eq!(proven.status, Some(0), "{}", proven.stderr);
    let proof: Value = serde_json::from_str(&proven.stdout).unwrap();
    assert_eq!(proof["row"], rows.lines().nth(4).unwrap());
    // Of six rows, 4 and 5 are the right half: its sibling, then the root of the other four.
    let hash = |bytes: &[u8]| Sha256::of(bytes);
    let digest = |value: &Value| value.as_str().unwrap().parse::<Sha256>().unwrap();
    let node = |left: Sha256, right: Sha256| hash(&[&[1], &left.as_bytes()[..], &right.as_bytes()[..]].concat());
    let leaf = hash(&[b"\0", rows.lines().nth(4).unwrap().as_bytes()].concat());
    assert_eq!(digest(&proof["leaf"]), leaf);
    let hashes: Vec<Sha256> = proof["inclusion"].as_array().unwrap().iter().map(digest).collect();
    assert_eq!(hashes.len(), 2);
    assert_eq!(digest(&proof["root"]), node(hashes[1], node(leaf, hashes[0])));
    assert_eq!(proof["consistency"]["from"], 3);
    let payload = Sha256::of(b"decision 4").to_string();
    let found: Value = serde_json::from_str(&run(folder, &["ledger", "prove", "--payload", &payload]).stdout).unwrap();
    assert_eq!(found["index"], 4);
    refused(&run(folder, &["ledger", "prove", "6"]), 2, "countersign::ledger::no_row");
    let unknown = Sha256::of(b"unknown").to_string();
    refused(&run(folder, &["ledger", "prove", "--payload", &unknown]), 2, "countersign::ledger::no_payload");
    refused(&run(tempfile::tempdir().unwrap().path(), &["ledger", "show"]), 2, "countersign::cli::no_ledger");
}
