//! What two QARs signed, in a pack: the decision in its envelope, the row of the ledger about it, and a checkpoint
//! that QAR2 signed. The case is the one of the walk, which the gate let be signed.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use countersign::bundle::pack::unpacked;
use countersign::primitives::Sha256;
use serde_json::{Value, json};

use super::pack::{Files, listed, write};
use super::{Done, PERIOD};
use crate::fixture::{aid, copy_folder, fixtures};
use crate::walk::walked;

const NOW: &str = "2026-12-31T00:00:00Z";

fn countersign(folder: &Path, arguments: &[&str]) -> Done {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin("countersign"));
    command.current_dir(folder).args(arguments).env("LC_ALL", "C.UTF-8").env("NO_COLOR", "1").env("COLUMNS", "400");
    command.env("COUNTERSIGN_NOW", NOW).env("COUNTERSIGN_PASSPHRASE", "correct horse battery");
    let output = command.output().unwrap();
    Done {
        status: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// The installation of the walk with a year of one case, and the pack of it.
fn packed() -> &'static (tempfile::TempDir, Files) {
    static PACKED: OnceLock<(tempfile::TempDir, Files)> = OnceLock::new();
    PACKED.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        copy_folder(walked(), root);
        fs::create_dir_all(root.join("year/cases")).unwrap();
        fs::create_dir(root.join("year/registries")).unwrap();
        fs::rename(root.join("case"), root.join("year/cases/case")).unwrap();
        fs::copy(root.join("ledger.jsonl"), root.join("year/ledger")).unwrap();
        for stream in ["kel-root", "kel-geda", "kel-qvi-issued", "tel-le", "kel-q2"] {
            let name = format!("{stream}.cesr");
            fs::copy(fixtures().join("keri/b0").join(&name), root.join("year/registries").join(&name)).unwrap();
        }
        let noted = ["ledger", "checkpoint", "--sign-with", "q2", "--out", "december.note"];
        let noted = countersign(root, &noted);
        assert_eq!(noted.status, 0, "{}", noted.stderr);
        let asked = ["audit", "pack", "year", "--period", PERIOD, "--as-of", NOW, "--output", "pack.tar"];
        let run = countersign(root, &[&asked[..], &["--checkpoint", "december.note"]].concat());
        assert_ne!(run.status, 2, "{}", run.stderr);
        let files = unpacked(&root.join("pack.tar")).unwrap();
        (folder, files)
    })
}

fn key(holder: &str) -> String {
    let keys: Value = serde_json::from_slice(&fs::read(fixtures().join("keri/b0/keys.json")).unwrap()).unwrap();
    let seed = crate::fixture::seed(holder, "current");
    assert_eq!(keys["holders"][holder]["current"], seed);
    let seed = countersign::keri::cesr::key_bytes(&seed).unwrap();
    let key = ed25519_dalek::SigningKey::from_bytes(&seed);
    countersign::keri::cesr::qualified("D", key.verifying_key().as_bytes()).unwrap()
}

fn verified(files: &Files) -> BTreeMap<String, Vec<(String, String)>> {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("other.tar");
    write(&path, files);
    let (by, key) = (aid("Q2").to_string(), key("Q2"));
    let path = path.to_str().unwrap();
    let run =
        countersign(packed().0.path(), &["audit", "verify", path, "--format", "json", "--by", &by, "--key", &key]);
    let mut parts: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    for part in run.json()["parts"].as_array().unwrap() {
        let text = |name: &str| part[name].as_str().unwrap().to_owned();
        parts.entry(text("part")).or_default().push((text("standing"), text("says")));
    }
    let broken = parts.values().flatten().any(|(standing, _)| standing == "does not hold");
    assert_eq!(run.status == 1, broken, "{parts:#?}");
    parts
}

#[track_caller]
fn refused(files: Files, part: &str, why: &str) {
    let parts = verified(&listed(files));
    let told = parts.get(part).into_iter().flatten();
    let told = told.filter(|(standing, says)| standing == "does not hold" && says.contains(why)).count();
    assert!(told > 0, "{part}: {why}: {parts:#?}");
}

fn decision(files: &Files) -> String {
    let names: Vec<&String> = files.keys().filter(|name| name.starts_with("decisions/")).collect();
    let [name] = names[..] else { panic!("{names:?}") };
    name.clone()
}

#[test]
fn what_the_gate_let_be_signed_is_shown_by_the_pack() {
    let (_, files) = packed();
    let parts = verified(files);
    for part in ["files", "trust file", "judgements", "counts", "population", "ledger", "checkpoint", "decisions"] {
        let holds = parts[part].iter().all(|(standing, _)| standing == "holds");
        assert!(holds, "{part}: {parts:#?}");
    }
    assert!(parts["decisions"][0].1.starts_with("1 in envelopes, of 1 signed"), "{parts:#?}");
    assert!(!parts.contains_key("signatures of decisions"), "{parts:#?}");
    let report: Value = serde_json::from_slice(&files["audit.json"]).unwrap();
    let case = &report["cases"][0];
    assert_eq!((&case["verdict"], &case["proven_by"]), (&"clean".into(), &"ledger".into()), "{case:#}");
    let name = decision(files);
    assert_eq!(name, format!("decisions/{}.dsse.json", Sha256::of(&files[&name])));
}

/// Each member of the envelope, of its signature and of what was signed, changed by itself.
#[test]
fn every_part_of_an_envelope_counts() {
    let (_, files) = packed();
    let name = decision(files);
    let envelope: Value = serde_json::from_slice(&files[&name]).unwrap();
    let statement = STANDARD.decode(envelope["payload"].as_str().unwrap()).unwrap();
    let statement: Value = serde_json::from_slice(&statement).unwrap();
    // Under the name of its bytes, as somebody would who wants to be believed.
    let with = |envelope: &Value| {
        let mut files = files.clone();
        files.remove(&name);
        let bytes = serde_json_canonicalizer::to_vec(envelope).unwrap();
        files.insert(format!("decisions/{}.dsse.json", Sha256::of(&bytes)), bytes);
        files
    };
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut envelope = envelope.clone();
        change(&mut envelope);
        with(&envelope)
    };
    let stated = |change: &dyn Fn(&mut Value)| {
        let mut statement = statement.clone();
        change(&mut statement);
        let text = serde_json_canonicalizer::to_vec(&statement).unwrap();
        changed(&|envelope| envelope["payload"] = STANDARD.encode(&text).into())
    };
    // The same bytes are the same decision: what is refused below is refused for what was changed.
    let same = verified(&listed(with(&envelope)));
    assert!(same["decisions"].iter().all(|(standing, _)| standing == "holds"), "{same:#?}");

    let signature = envelope["signatures"][0]["sig"].as_str().unwrap();
    let flipped = if signature.starts_with('A') { "B" } else { "A" };
    let flipped = format!("{flipped}{}", &signature[1..]);
    let unsigned = "no key of that state signed it";
    refused(changed(&|envelope| envelope["signatures"][0]["sig"] = flipped.clone().into()), "decisions", unsigned);
    refused(changed(&|envelope| envelope["payloadType"] = "text/plain".into()), "decisions", unsigned);
    let later = format!("{}#9", aid("Q2"));
    refused(changed(&|envelope| envelope["signatures"][0]["keyid"] = later.clone().into()), "decisions", unsigned);
    for gone in ["payload", "payloadType", "signatures"] {
        let why = if gone == "payloadType" { unsigned } else { "is no decision in an envelope" };
        refused(changed(&|envelope| drop(envelope.as_object_mut().unwrap().remove(gone))), "decisions", why);
    }
    refused(changed(&|envelope| envelope["signatures"] = json!([])), "decisions", "is no decision in an envelope");

    refused(
        stated(&|of| of["predicate"]["report"] = format!("sha256:{}", "0".repeat(64)).into()),
        "decisions",
        unsigned,
    );
    for (member, why) in [
        ("acdc", "the event does not seal the credential's issuance"),
        ("iss", "the event does not seal the credential's issuance"),
        ("said", "does not accept the event"),
        ("sn", "the event does not seal the credential's issuance"),
    ] {
        let other = if member == "sn" { "1".to_owned() } else { countersign::primitives::Said::of(b"x").to_string() };
        refused(stated(&|of| of["predicate"]["event"][member] = other.clone().into()), "decisions", why);
    }
    let bytes = |of: &mut Value| {
        let anchor = of["subject"].as_array_mut().unwrap().iter_mut().find(|of| of["name"] == "anchor-event").unwrap();
        anchor["digest"]["sha256"] = "0".repeat(64).into();
    };
    refused(stated(&bytes), "decisions", "the decision is about other bytes");
    // Whatever else it says, no row is about it.
    let nothing = "no row of the ledger is about it";
    refused(changed(&|envelope| envelope["note"] = "x".into()), "decisions", nothing);
}

#[test]
fn a_decision_has_the_name_of_its_bytes_and_the_row_about_it() {
    let (_, files) = packed();
    let name = decision(files);
    let mut other = files.clone();
    let bytes = other.remove(&name).unwrap();
    other.insert(format!("decisions/{}.dsse.json", Sha256::of(b"x")), bytes);
    refused(other, "decisions", "is not the decision that its name says");

    // A row about something else proves nothing about this decision, at whatever moment it was written.
    let mut none = files.clone();
    none.insert("ledger/proofs.ndjson".to_owned(), Vec::new());
    refused(none.clone(), "ledger", "has no proof that its decision stands in the ledger");
    refused(none, "decisions", "no row of the ledger is about it");
}

#[test]
fn every_part_of_a_checkpoint_counts() {
    let (_, files) = packed();
    let text = |name: &str| String::from_utf8(files[name].clone()).unwrap();
    let with = |name: &str, text: String| {
        let mut files = files.clone();
        files.insert(name.to_owned(), text.into_bytes());
        files
    };
    let lines = |text: &str| -> Vec<String> { text.lines().map(str::to_owned).collect() };
    let (plain, note) = (text("ledger/checkpoint.txt"), text("ledger/checkpoint.note"));
    let other_root = STANDARD.encode(Sha256::of(b"another root").as_bytes());
    for (place, other) in [(0, "another ledger"), (1, "9"), (2, other_root.as_str())] {
        let mut changed = lines(&plain);
        changed[place] = other.to_owned();
        let changed = changed.join("\n") + "\n";
        refused(with("ledger/checkpoint.txt", changed), "ledger", "is not of the ledger that was audited");

        let mut changed = lines(&note);
        assert_eq!(changed[place], lines(&plain)[place], "{note}");
        changed[place] = other.to_owned();
        let refused_for = verified(&listed(with("ledger/checkpoint.note", changed.join("\n") + "\n")));
        assert!(refused_for["checkpoint"].iter().all(|(standing, _)| standing == "does not hold"), "{refused_for:#?}");
    }
    let signature = lines(&note).pop().unwrap();
    let flipped = if signature.ends_with("A=") { "B=" } else { "A=" };
    for changed in [
        note.replace(&signature, ""),
        note.replace(&signature, &format!("{}{flipped}", &signature[..signature.len() - 2])),
        note.replace("latest 2026", "latest 2027"),
        note.replace(&aid("Q2").to_string(), &aid("Q1").to_string()),
        plain.clone(),
        String::new(),
    ] {
        assert_ne!(changed, note);
        let parts = verified(&listed(with("ledger/checkpoint.note", changed)));
        assert!(parts["checkpoint"].iter().all(|(standing, _)| standing == "does not hold"), "{parts:#?}");
    }

    // A true checkpoint of an earlier state is not one of the ledger that was audited.
    let (folder, _) = packed();
    let rows: Vec<String> = lines(&fs::read_to_string(folder.path().join("ledger.jsonl")).unwrap());
    let scratch = tempfile::tempdir().unwrap();
    let short = scratch.path().join("short.jsonl");
    fs::write(&short, rows[..rows.len() - 1].join("\n") + "\n").unwrap();
    let asked = ["ledger", "checkpoint", "--ledger", short.to_str().unwrap(), "--sign-with", "q2"];
    let signed = countersign(folder.path(), &asked);
    assert_eq!(signed.status, 0, "{}", signed.stderr);
    refused(with("ledger/checkpoint.note", signed.stdout), "checkpoint", "signed another state of the ledger");
    let mut gone = files.clone();
    gone.remove("ledger/checkpoint.txt");
    refused(gone, "ledger", "is not of the ledger that was audited");
}
