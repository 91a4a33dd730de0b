//! What several areas need of the fixture: its people and their keys, how a case is judged, a copy of a folder.

use std::fs;
use std::path::{Path, PathBuf};

use countersign::check::{self, Options};
use countersign::compile::program::Stage;
use countersign::evaluate::outcome::FailOn;
use countersign::keri::cesr::{IndexedCode, key_bytes, qualified};
use countersign::primitives::{Aid, Said};
use ed25519_dalek::{Signer, SigningKey};
use serde_json::Value;

pub fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

fn keys() -> Value {
    serde_json::from_slice(&fs::read(fixtures().join("keri/b0/keys.json")).unwrap()).unwrap()
}

pub fn seed(holder: &str, which: &str) -> String {
    keys()["holders"][holder][which].as_str().unwrap().to_owned()
}

pub fn aid(holder: &str) -> Aid {
    keys()["holders"][holder]["aid"].as_str().unwrap().parse().unwrap()
}

pub fn log_path(holder: &str) -> String {
    fixtures().join(format!("keri/b0/kel-{}.cesr", holder.to_lowercase())).display().to_string()
}

pub fn log(holder: &str) -> String {
    fs::read_to_string(log_path(holder)).unwrap()
}

/// The rotation of somebody's log to the next key, receipted by the witnesses.
pub fn rotation(holder: &str) -> String {
    let stream = log(holder);
    let end = stream.find("}-V").unwrap() + 1;
    let inception: Value = serde_json::from_str(&stream[..end]).unwrap();
    let next = signing_key(&seed(holder, "next"));
    let public = qualified("D", next.verifying_key().as_bytes()).unwrap();
    let dummy = "#".repeat(44);
    let body = format!(
        r#"{{"v":"KERI10JSON000000_","t":"rot","d":"{dummy}","i":"{0}","s":"1","p":"{0}","kt":"1","k":["{public}"],"nt":"1","n":["{1}"],"bt":"4","br":[],"ba":[],"a":[]}}"#,
        aid(holder),
        Said::of(b"a key to come"),
    );
    let body = body.replacen("000000_", &format!("{:06x}_", body.len()), 1);
    let body = body.replace(&dummy, Said::of(body.as_bytes()).as_str());
    let sign =
        |key: &SigningKey, index| IndexedCode::Both(index).signature(&key.sign(body.as_bytes()).to_bytes()).unwrap();
    let all = keys();
    let witnesses: Vec<&Value> =
        all["witnesses"].as_object().unwrap().values().flat_map(|pool| pool.as_array().unwrap()).collect();
    let receipts = (0u32..).zip(inception["b"].as_array().unwrap()).map(|(index, witness)| {
        let witness = witnesses.iter().find(|known| known["aid"] == *witness).unwrap();
        sign(&signing_key(witness["seed"].as_str().unwrap()), index)
    });
    let receipts: String = receipts.collect();
    format!("{body}-AAB{}-BAF{receipts}", sign(&next, 0))
}

pub fn signing_key(seed: &str) -> SigningKey {
    SigningKey::from_bytes(&key_bytes(seed).unwrap())
}

/// How a case is judged where nobody asks for anything else.
pub fn options(as_of: &str, stage: Stage) -> Options {
    Options {
        as_of: as_of.parse().unwrap(),
        stage,
        flows: Vec::new(),
        profile: check::DEFAULT_PROFILE.to_owned(),
        set: Vec::new(),
        fail_on: FailOn::Warn,
        schemas: None,
        memory: None,
    }
}

/// Copies a folder with all that is in it.
pub fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// What stands in a test of a file, if the file has it: a page that names its tests is held by this.
pub fn body_of_test(text: &str, name: &str) -> Option<String> {
    let (before, body) = text.split_once(&format!("fn {name}() {{\n"))?;
    let indent = before.rsplit('\n').next().unwrap_or_default();
    let is_test = before.trim_end().ends_with("#[test]") && indent.trim().is_empty();
    is_test.then(|| body.split(&format!("\n{indent}}}\n")).next().unwrap_or_default().to_owned())
}
