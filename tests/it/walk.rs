//! The whole walk, by the script that the README names: from a new case to its close, with the binary; then what
//! witnesses, keripy and whoever verifies the credential make of what was signed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use countersign::keri::build::attach::{self, IndexedSignature};
use countersign::keri::cesr::{self, IndexedCode};
use countersign::trust::{Trust, TrustError};
use serde_json::Value;

use crate::proposal::{Q1, Q2, QVI, REGISTRY, fixtures};

/// The credential of the reference case, and the event that issues it.
const CREDENTIAL: &str = "EN0J20c4cxM42FLjf4mtts0q20dSreqXjgeGRcia0Mfa";
const EVENT: &str = "EK8TRAMSOUZ6PpZ2xSsM2BuVSBJ91dkVtJyvEUOV0vAI";
const PASSPHRASE: &str = "correct horse battery";

/// Where the script wrote; it runs once for all tests.
pub fn walked() -> &'static Path {
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
    ed25519_dalek::SigningKey::from_bytes(&cesr::key_bytes(seed.as_str().unwrap()).unwrap())
}

/// The event as the script gave it out, and its receipts by so many of the QVI's five witnesses.
fn receipted(witnesses: usize) -> Vec<u8> {
    witnessed("event.cesr", &[0, 1], witnesses)
}

/// An event of the folder, with receipts: Q2's own log has the same witnesses.
fn witnessed(name: &str, signers: &[u32], witnesses: usize) -> Vec<u8> {
    use ed25519_dalek::Signer;
    let stream = fs::read(walked().join("signed").join(name)).unwrap();
    let messages = cesr::read(&stream).unwrap();
    let [event] = messages.as_slice() else { panic!("one event") };
    let groups = std::str::from_utf8(&stream[event.body.len()..]).unwrap();
    let signatures = IndexedSignature::parse_all(groups).unwrap();
    assert_eq!(signatures.iter().map(IndexedSignature::index).collect::<Vec<_>>(), signers);
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

/// The link of the line from credential to report that ends here.
fn standing<'v>(proof: &'v Value, link: &str) -> &'v str {
    let line = proof["line"].as_array().unwrap();
    line.iter().find(|of| of["link"] == link).unwrap()["standing"].as_str().unwrap()
}

#[test]
fn the_whole_line_is_proven_from_the_credential_to_the_report() {
    let folder = walked();
    let scratch = tempfile::tempdir().unwrap();
    let file = |name: &str, bytes: &[u8]| {
        let path = scratch.path().join(name);
        fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let group = [b0("kel-root"), b0("kel-geda"), b0("kel-qvi"), receipted(4)].concat();
    let own = [b0("kel-q2"), witnessed("decision-anchor.cesr", &[0], 4)].concat();
    let prove = |decision: &str, report: &str, logs: &[&str]| {
        let mut arguments = vec!["ledger", "prove", "--decision", decision, "--report", report];
        logs.iter().for_each(|log| arguments.extend(["--log", log]));
        let output = countersign(folder, Some("2026-03-20T15:05:00Z"), &arguments);
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        let proof: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}\n{errors}"));
        (output.status.code().unwrap(), proof)
    };
    let (decision, report) = ("signed/decision.dsse.json", "signed/report.json");
    let (group, own) = (file("group.cesr", &group), file("own.cesr", &own));
    let (status, proof) = prove(decision, report, &[&group, &own]);
    let line = proof["line"].as_array().unwrap();
    assert!(status == 0 && line.len() == 6 && line.iter().all(|link| link["standing"] == "holds"), "{proof:#}");
    assert_eq!(proof["index"], 2);

    // What is not given is not shown, and a seal without receipts is none.
    let (status, proof) = prove(decision, report, &[&group]);
    assert_eq!((status, standing(&proof, "decision to QAR2's own log")), (3, "not-shown"));
    let few = file("few.cesr", &[b0("kel-q2"), witnessed("decision-anchor.cesr", &[0], 3)].concat());
    let (status, proof) = prove(decision, report, &[&group, &few]);
    assert_eq!((status, standing(&proof, "decision to QAR2's own log")), (3, "not-shown"));

    // Another report, an event that nobody receipted, a decision that was changed.
    let other = file("other.json", b"{}");
    let (status, proof) = prove(decision, &other, &[&group, &own]);
    assert_eq!((status, standing(&proof, "decision to report")), (1, "broken"));
    let bare = file("bare.cesr", &[b0("kel-root"), b0("kel-geda"), b0("kel-qvi"), receipted(3)].concat());
    let (status, proof) = prove(decision, report, &[&bare, &own]);
    assert_eq!((status, standing(&proof, "credential to event")), (1, "broken"));
    let text = fs::read_to_string(folder.join(decision)).unwrap();
    let at = text.find("\"sig\":\"").unwrap() + 7;
    let flipped = if text.as_bytes()[at] == b'A' { "B" } else { "A" };
    let changed = file("changed.json", format!("{}{flipped}{}", &text[..at], &text[at + 1..]).as_bytes());
    let (status, proof) = prove(&changed, report, &[&group, &own]);
    assert_eq!((status, standing(&proof, "decision to QAR2")), (1, "broken"));
    assert_eq!(standing(&proof, "decision to ledger"), "broken");
}

#[test]
fn keripy_takes_the_seal_of_the_decision() {
    let Some(python) = crate::keri::interop::keripy() else { return };
    let own = |witnesses| [b0("kel-q2"), witnessed("decision-anchor.cesr", &[0], witnesses)].concat();
    let anchor = own(5);
    let text = String::from_utf8(anchor.clone()).unwrap();
    let decision = fs::read(walked().join("signed/decision.dsse.json")).unwrap();
    let said = countersign::primitives::Said::of(&decision);
    assert!(text.contains(&format!("\"a\":[{{\"d\":\"{said}\"}}]")), "{text}");
    let found = crate::keri::interop::accepted(&python, &anchor);
    assert_eq!((&found["left"], &found["logs"][Q2][0]), (&0.into(), &1.into()), "{found}");
    let found = crate::keri::interop::accepted(&python, &own(3));
    assert_eq!(found["logs"][Q2][0], 0, "{found}");
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
    let before = Trust::parse(trust.as_bytes()).unwrap();
    let later = |text: &str| Trust::parse(text.replacen("\"serial\": 2", "\"serial\": 3", 1).as_bytes()).unwrap();
    let at = "2026-03-21T00:00:00Z".parse().unwrap();
    assert!(matches!(later(&real).succeeds(&before, at), Err(TrustError::Practice { before: true })));
    assert!(!matches!(
        later(&trust).succeeds(&before, at),
        Err(TrustError::Practice { .. } | TrustError::Serial { .. })
    ));
    fs::write(folder.join("trust.json"), real).unwrap();
    refused(&countersign(folder, now, &["case", "show", "case"]), 2, "cli::not_practice");
    fs::remove_file(folder.join("countersign.toml")).unwrap();
    refused(&countersign(folder, now, &["case", "show", "case"]), 2, "cli::no_trust");
}

/// The same case once more: the same bytes and nothing new, while its clearance holds; and no seal without QAR2's log.
#[test]
fn signing_again_gives_the_same_bytes() {
    let scratch = copied();
    let folder = scratch.path();
    for entry in fs::read_dir(folder.join("case/decision")).unwrap() {
        let path = entry.unwrap().path();
        if path.file_name().unwrap().to_str().unwrap().starts_with("07-") {
            fs::remove_file(path).unwrap();
        }
    }
    fs::remove_dir_all(folder.join("case/post")).unwrap();
    let before = fs::read(folder.join("ledger.jsonl")).unwrap();
    let live = ["kel-root", "kel-geda", "kel-qvi", "registry", "tel-qvi", "credential-qvi"].map(b0).concat();
    fs::write(folder.join("short.cesr"), &live).unwrap();
    fs::write(folder.join("live.cesr"), [live, b0("kel-q2")].concat()).unwrap();
    for name in ["short.cesr", "live.cesr"] {
        let touch = Command::new("touch").args(["-d", "2026-03-20T15:04:00Z", name]).current_dir(folder).status();
        assert!(touch.unwrap().success());
    }
    let sign = |live: &str| {
        let arguments = ["sign", "case", "--live", live, "--out", "again", "--anchor-decision"];
        countersign(folder, Some("2026-03-20T15:04:40Z"), &arguments)
    };
    refused(&sign("short.cesr"), 2, "cli::no_own_log");
    assert!(!folder.join("again/event.cesr").exists());
    let output = sign("live.cesr");
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{text}{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.contains("an earlier run had come to `released`"), "{text}");
    for name in ["event.cesr", "decision.dsse.json", "decision-anchor.cesr"] {
        assert_eq!(
            fs::read(folder.join("again").join(name)).unwrap(),
            fs::read(walked().join("signed").join(name)).unwrap()
        );
    }
    assert_eq!(fs::read(folder.join("ledger.jsonl")).unwrap(), before);
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
    fs::write(folder.join("device"), "#!/bin/sh\ncat > request.json\ncat answer.json\n").unwrap();
    fs::set_permissions(folder.join("device"), fs::Permissions::from_mode(0o755)).unwrap();
    let seed = &keys()["holders"]["Q1"]["current"];
    let public = cesr::qualified("D", key(seed).verifying_key().as_bytes()).unwrap();
    let settings = fs::read_to_string(folder.join("countersign.toml")).unwrap().replace("keys = ", "# keys = ");
    // What was signed before is given again without anybody being asked.
    let store = rusqlite::Connection::open(folder.join("store.sqlite")).unwrap();
    assert_eq!(store.execute("DELETE FROM proposals", []).unwrap(), 1);
    drop(store);
    let settings = format!(
        "{settings}[[signers]]\nname = \"device\"\ncommand = [\"./device\"]\naid = \"{Q1}\"\nkey = \"{public}\"\n"
    );
    fs::write(folder.join("countersign.toml"), settings).unwrap();
    let answer = |with: &str| {
        let request: Value = serde_json::from_slice(&fs::read(folder.join("request.json")).unwrap()).unwrap();
        let text = format!("{{\"protocol\":\"countersign/signer\",\"version\":1,\"id\":{},{with}}}", request["id"]);
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
