//! The whole walk, by the script that the README names: from a new case to its close, with the binary; then what
//! witnesses, keripy and whoever verifies the credential make of what was signed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use countersign::keri::build::attach::{self, IndexedSignature};
use countersign::keri::cesr::{self, IndexedCode};
use serde_json::Value;

use crate::proposal::{Q1, QVI, REGISTRY, fixtures};

/// The credential of the reference case, and the event that issues it.
const CREDENTIAL: &str = "EN0J20c4cxM42FLjf4mtts0q20dSreqXjgeGRcia0Mfa";
const EVENT: &str = "EK8TRAMSOUZ6PpZ2xSsM2BuVSBJ91dkVtJyvEUOV0vAI";
const PASSPHRASE: &str = "correct horse battery";

/// Where the script wrote; it runs once for all tests.
fn walked() -> &'static Path {
    static FOLDER: OnceLock<(tempfile::TempDir, PathBuf, String)> = OnceLock::new();
    let (_, folder, printed) = FOLDER.get_or_init(|| {
        let scratch = tempfile::tempdir().unwrap();
        let folder = scratch.path().join("walk");
        let output = Command::new(fixtures().join("walk.sh"))
            .arg(&folder)
            .env("COUNTERSIGN", assert_cmd::cargo::cargo_bin("countersign"))
            .env("LC_ALL", "C.UTF-8")
            .env_remove("NO_COLOR")
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert!(output.status.success(), "{text}");
        (scratch, folder, text)
    });
    assert!(printed.contains("closed by Q2"), "{printed}");
    folder
}

fn countersign(folder: &Path, now: Option<&str>, arguments: &[&str]) -> Output {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin("countersign"));
    command.current_dir(folder).env("LC_ALL", "C.UTF-8").env("COLUMNS", "120").env_remove("NO_COLOR");
    command.env("COUNTERSIGN_PASSPHRASE", PASSPHRASE).env_remove("COUNTERSIGN_NOW");
    if let Some(now) = now {
        command.env("COUNTERSIGN_NOW", now);
    }
    command.args(arguments).output().unwrap()
}

#[track_caller]
fn refused(output: &Output, status: i32, code: &str) {
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(status), "{text}");
    assert!(text.contains(code), "{code}\n{text}");
}

fn keys() -> Value {
    serde_json::from_slice(&fs::read(fixtures().join("keri/b0/keys.json")).unwrap()).unwrap()
}

fn key(seed: &Value) -> ed25519_dalek::SigningKey {
    ed25519_dalek::SigningKey::from_bytes(&cesr::key_bytes(&seed.as_str().unwrap()).unwrap())
}

/// The event as the script gave it out, and its receipts by so many of the QVI's five witnesses.
fn receipted(witnesses: usize) -> Vec<u8> {
    use ed25519_dalek::Signer;
    let stream = fs::read(walked().join("signed/event.cesr")).unwrap();
    let messages = cesr::read(&stream).unwrap();
    let [event] = messages.as_slice() else { panic!("one event") };
    let groups = std::str::from_utf8(&stream[event.body.len()..]).unwrap();
    let signatures = IndexedSignature::parse_all(groups).unwrap();
    assert_eq!(signatures.iter().map(IndexedSignature::index).collect::<Vec<_>>(), [0, 1]);
    let keys = keys();
    let all = keys["witnesses"]["QVI"].as_array().unwrap();
    assert_eq!(all.len(), 5);
    let receipt = |(index, witness): (u32, &Value)| {
        let raw = key(&witness["seed"]).sign(event.body.as_bytes()).to_bytes();
        IndexedSignature::new(IndexedCode::Both(index), &raw).unwrap()
    };
    let receipts: Vec<_> = (0..).zip(all.iter().take(witnesses)).map(receipt).collect();
    attach::event(event.body, &signatures, &receipts).unwrap()
}

fn b0(name: &str) -> Vec<u8> {
    fs::read(fixtures().join("keri/b0").join(format!("{name}.cesr"))).unwrap()
}

/// Everything that whoever verifies the credential needs; with the credential itself or without.
fn presented(witnesses: usize, with_credentials: bool) -> Vec<u8> {
    let proposal = fs::read(walked().join("case/decision/03-proposal.cesr")).unwrap();
    let messages = cesr::read(&proposal).unwrap();
    let [credential, issuance] = [messages[0].body, messages[1].body];
    let said = |text: &str| serde_json::from_str::<Value>(text).unwrap()["d"].as_str().unwrap().parse().unwrap();
    let mut stream: Vec<u8> = ["kel-root", "kel-geda", "tel-qvi", "kel-qvi", "registry"].map(b0).concat();
    stream.extend(["kel-lar-a", "kel-lar-b", "kel-lar-c", "kel-le"].map(b0).concat());
    stream.extend(receipted(witnesses));
    stream.extend(attach::registry_event(issuance, 2, &EVENT.parse().unwrap()).unwrap());
    if with_credentials {
        stream.extend(b0("credential-qvi"));
        stream.extend(attach::credential(credential, &said(credential), &said(issuance)).unwrap());
    }
    stream
}

fn verify(stream: &[u8]) -> Output {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), stream).unwrap();
    let file = file.path().to_str().unwrap();
    let arguments = ["credential", "verify", file, "--credential", CREDENTIAL, "--as-of", "2026-03-20T15:05:00Z"];
    countersign(walked(), None, &arguments)
}

#[test]
fn what_people_signed_is_what_the_fixture_has() {
    let folder = walked();
    // The same people with the same keys over the same records: the same bytes, whoever wrote them.
    for record in ["session-1", "qar-roster", "verification-1"] {
        let path = format!("bundle/records/{record}.sig.cesr");
        let ours = fs::read_to_string(folder.join("case").join(&path)).unwrap();
        assert_eq!(ours, fs::read_to_string(fixtures().join("cases/b0").join(&path)).unwrap(), "{path}");
    }
    let event = fs::read(folder.join("signed/event.cesr")).unwrap();
    let issued = fs::read(fixtures().join("keri/b0/kel-qvi-issued.cesr")).unwrap();
    let witnessed = receipted(5);
    assert!(issued.windows(witnessed.len()).any(|part| part == witnessed), "the witnesses saw another event");
    assert!(event.len() < witnessed.len());
}

#[test]
fn the_credential_verifies_once_four_of_five_witnesses_have_the_event() {
    for (witnesses, status) in [(5, 0), (4, 0), (3, 3)] {
        let output = verify(&presented(witnesses, true));
        let text = String::from_utf8_lossy(&output.stdout);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code() == Some(0), status == 0, "{witnesses} receipts\n{text}{errors}");
    }
}

#[test]
fn keripy_takes_the_event_and_has_the_credential_as_issued() {
    let Some(python) = crate::keri::interop::keripy() else { return };
    let found = crate::keri::interop::accepted_with(&python, &presented(5, false), &[CREDENTIAL]);
    assert_eq!(found["logs"][QVI], serde_json::json!([2, EVENT]), "{found}");
    assert_eq!(found["states"][CREDENTIAL], serde_json::json!([REGISTRY, "iss", "0"]), "{found}");
    // Three receipts are one too few, and keripy keeps both waiting.
    let found = crate::keri::interop::accepted_with(&python, &presented(3, false), &[CREDENTIAL]);
    assert_eq!(found["logs"][QVI][0], 1, "{found}");
    assert_eq!(found["states"], serde_json::json!({}), "{found}");
}

/// A copy of what the script wrote, to go on from.
fn copied() -> tempfile::TempDir {
    let scratch = tempfile::tempdir().unwrap();
    copy(walked(), scratch.path());
    scratch
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => {
                fs::create_dir(&target).unwrap();
                copy(&entry.path(), &target);
            }
            false => drop(fs::copy(entry.path(), target).unwrap()),
        }
    }
}

#[test]
fn a_case_that_is_closed_stays_as_it_is() {
    let scratch = copied();
    let folder = scratch.path();
    let now = Some("2026-03-20T15:06:00Z");
    refused(&countersign(folder, now, &["case", "close", "case", "--by", "Q2"]), 2, "cli::not_to_close");
    refused(&countersign(folder, now, &["propose", "case", "--sign"]), 2, "cli::proposed");
    refused(&countersign(folder, now, &["bundle", "sign", "case", "--by", "Q1"]), 0, "has not signed");
    let again = ["bundle", "sign", "case", "records/session-1.json", "--by", "Q1"];
    refused(&countersign(folder, now, &again), 2, "case::vouched");
    refused(&countersign(folder, now, &["bundle", "seal", "case", "--by", "Q1"]), 2, "bundle::already_signed");
    refused(&countersign(folder, now, &["bundle", "new", "case", "--post"]), 2, "bundle::not_empty");
}

#[test]
fn what_followed_must_be_clean_to_be_closed() {
    let scratch = copied();
    let folder = scratch.path();
    let manifest = folder.join("case/post/manifest.json");
    fs::remove_file(folder.join("case/post/manifest.sig.cesr")).unwrap();
    let before = fs::read(&manifest).unwrap();
    // Too long after the signature for the report to GLEIF to be in time is not what fails: nothing was delivered.
    let mut listed: Value = serde_json::from_slice(&before).unwrap();
    listed["entries"].as_array_mut().unwrap().retain(|entry| !entry["path"].as_str().unwrap().contains("delivery"));
    fs::write(&manifest, listed.to_string()).unwrap();
    for part in ["records/delivery-1.json", "records/delivery-1.sig.cesr", "streams/delivery-1.cesr"] {
        fs::remove_file(folder.join("case/post").join(part)).unwrap();
    }
    let open = fs::read(&manifest).unwrap();
    let output = countersign(folder, Some("2026-03-20T15:06:00Z"), &["case", "close", "case", "--by", "Q2"]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(matches!(output.status.code(), Some(1 | 3)), "{text}{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.contains("delivery"), "{text}");
    assert_eq!(fs::read(&manifest).unwrap(), open, "it was sealed");
    assert!(!folder.join("case/post/manifest.sig.cesr").exists());
}

/// The clock is set where the trust file allows it, and nowhere else.
#[test]
fn the_clock_is_set_in_practice_only() {
    let scratch = copied();
    let folder = scratch.path();
    let now = Some("2026-03-20T15:06:00Z");
    refused(&countersign(folder, Some("yesterday"), &["case", "show", "case"]), 2, "cli::clock_unreadable");
    assert_eq!(countersign(folder, now, &["case", "show", "case"]).status.code(), Some(0));
    let trust = fs::read_to_string(folder.join("trust.json")).unwrap();
    let real = trust.replacen("\"practice\": true,", "\"practice\": false,", 1);
    assert_ne!(real, trust);
    fs::write(folder.join("real.json"), &real).unwrap();
    // No successor makes the one out of the other.
    let update = ["trust", "replace", "real.json"];
    refused(&countersign(folder, now, &update), 2, "trust::");
    fs::write(folder.join("trust.json"), real).unwrap();
    refused(&countersign(folder, now, &["case", "show", "case"]), 2, "cli::not_practice");
    fs::remove_file(folder.join("countersign.toml")).unwrap();
    refused(&countersign(folder, now, &["case", "show", "case"]), 2, "cli::no_trust");
}

/// Proposes with a signer that is a command: it is asked with what stands behind the event, and its no is a no.
#[cfg(unix)]
#[test]
fn a_command_signs_in_place_of_keys() {
    use ed25519_dalek::Signer;
    use std::os::unix::fs::PermissionsExt;
    let scratch = copied();
    let folder = scratch.path();
    for entry in fs::read_dir(folder.join("case/decision")).unwrap() {
        let path = entry.unwrap().path();
        if !path.file_name().unwrap().to_str().unwrap().starts_with("0") || !path.to_str().unwrap().contains("assign") {
            fs::remove_file(path).unwrap();
        }
    }
    fs::remove_dir_all(folder.join("case/post")).unwrap();
    fs::remove_dir_all(folder.join("keys")).unwrap();
    fs::write(folder.join("device"), "#!/bin/sh\ncat > request.json\ncat answer.json\n").unwrap();
    fs::set_permissions(folder.join("device"), fs::Permissions::from_mode(0o755)).unwrap();
    let seed = &keys()["holders"]["Q1"]["current"];
    let public = cesr::qualified("D", key(seed).verifying_key().as_bytes()).unwrap();
    let settings = fs::read_to_string(folder.join("countersign.toml")).unwrap().replace("store = ", "# store = ");
    let settings = format!(
        "{settings}[[signers]]\nname = \"device\"\ncommand = [\"./device\"]\naid = \"{Q1}\"\nkey = \"{public}\"\n"
    );
    fs::write(folder.join("countersign.toml"), settings).unwrap();
    let answer = |with: &str| {
        let request: Value = serde_json::from_slice(&fs::read(folder.join("request.json")).unwrap()).unwrap();
        let text = format!(
            "{{\"protocol\":\"countersign/signer\",\"version\":1,\"id\":{},{with}}}",
            request["id"]
        );
        fs::write(folder.join("answer.json"), text).unwrap();
        request
    };
    let propose = || countersign(folder, Some("2026-03-19T09:50:00Z"), &["propose", "case", "--sign"]);
    fs::write(folder.join("answer.json"), "{}").unwrap();
    refused(&propose(), 2, "keystore::signer_answer");
    let request = answer("\"refused\":\"not on my watch\"");
    assert_eq!((&request["kind"], &request["act"]), (&"event".into(), &"issue".into()));
    assert!(request["decision"].as_str().unwrap().contains("urn:countersign:proposal:v1"));
    assert!(request["report"].as_str().unwrap().contains("\"stage\":\"evidence\""));
    refused(&propose(), 2, "not on my watch");
    assert!(!folder.join("case/decision/03-proposal.json").exists());
    let signature = key(seed).sign(request["message"].as_str().unwrap().as_bytes()).to_bytes();
    answer(&format!("\"signature\":\"{}\"", cesr::qualified("0B", &signature).unwrap()));
    let output = propose();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let ours = fs::read(folder.join("case/decision/03-proposal.cesr")).unwrap();
    assert_eq!(ours, fs::read(walked().join("case/decision/03-proposal.cesr")).unwrap());
}
