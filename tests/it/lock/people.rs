//! The officers and policy keys of the fixture: what they hold, and how they sign.

use std::fs;
use std::path::{Path, PathBuf};

use countersign::keri::cesr::{IndexedCode, key_bytes, qualified};
use countersign::keystore::{Cost, Embedded, Imported, KeyFile, Passphrase, Seed};
use countersign::primitives::{Aid, Said};
use countersign::trust::Trust;
use ed25519_dalek::{Signer, SigningKey};
use serde_json::Value;

pub(super) const PASSPHRASE: &str = "correct horse battery";
const CHEAP: Cost = Cost { memory_kib: 8, passes: 1, lanes: 1 };

pub(super) fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

fn keys() -> Value {
    serde_json::from_str(&fs::read_to_string(fixtures().join("keri/b0/keys.json")).unwrap()).unwrap()
}

pub(super) fn seed(holder: &str, which: &str) -> String {
    keys()["holders"][holder][which].as_str().unwrap().to_owned()
}

pub(super) fn aid(holder: &str) -> Aid {
    keys()["holders"][holder]["aid"].as_str().unwrap().parse().unwrap()
}

pub(super) fn log_path(holder: &str) -> String {
    fixtures().join(format!("keri/b0/kel-{}.cesr", holder.to_lowercase())).display().to_string()
}

pub(super) fn log(holder: &str) -> String {
    fs::read_to_string(log_path(holder)).unwrap()
}

pub(super) fn trust() -> Trust {
    Trust::parse(&fs::read(fixtures().join("trust.json")).unwrap()).unwrap()
}

/// A signer that holds the current key of somebody, or the next one.
pub(super) fn signer(holder: &str, which: &str) -> Embedded<'static> {
    let passphrase = || Passphrase::new(PASSPHRASE.to_owned());
    let imported = Imported { aid: aid(holder), current: Seed::parse(&seed(holder, which)).unwrap(), next: None };
    let name = holder.to_lowercase().parse().unwrap();
    Embedded::locked(KeyFile::import(&name, imported, &passphrase(), CHEAP).unwrap(), move || Ok(passphrase()))
}

/// The rotation of somebody's log to the next key, receipted by the witnesses.
pub(super) fn rotation(holder: &str) -> String {
    let stream = log(holder);
    let end = stream.find("}-V").unwrap() + 1;
    let inception: Value = serde_json::from_str(&stream[..end]).unwrap();
    let next = SigningKey::from_bytes(&key_bytes(&seed(holder, "next")).unwrap());
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
        sign(&SigningKey::from_bytes(&key_bytes(witness["seed"].as_str().unwrap()).unwrap()), index)
    });
    let receipts: String = receipts.collect();
    format!("{body}-AAB{}-BAF{receipts}", sign(&next, 0))
}

/// The code of an error.
pub(super) fn code(error: &dyn miette::Diagnostic) -> String {
    error.code().unwrap().to_string()
}
