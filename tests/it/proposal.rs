//! What the evidence proves is to be signed, and proposals made elsewhere.

mod command;
mod foreign;
pub mod one_off;
mod proven;
mod revoked;
mod signed;

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use countersign::bundle::{Limits, Snapshot};
use countersign::keri::build::attach::IndexedSignature;
use countersign::keri::cesr::{self, IndexedCode};
use countersign::primitives::{Aid, Instant};
use countersign::proposal::{Act, Draft, Given, Proven, Received, Sources, Unproven, prove};
use countersign::trust::Trust;

pub const QVI: &str = "ECUxeizfTn669ZtV6hk8qJyk-59G8S7RCp4N_xPiQJme";
pub const Q1: &str = "EJC6mvmEK_i-S0kQkRZh781RupPQ1pjHNSZLi0dxPhKk";
pub const Q2: &str = "EHowwGuu5lztml5EN_RGXAdDYdFCTAh6zPLvpqmXn7PU";
pub const REGISTRY: &str = "ECO81HTd005c3SCcO3bv7CGX94Iccl_NE_4gCbKJOPMl";

pub fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

pub fn snapshot() -> &'static Snapshot {
    static SNAPSHOT: OnceLock<Snapshot> = OnceLock::new();
    SNAPSHOT.get_or_init(|| Snapshot::read(&fixtures().join("cases/b0"), &Limits::STANDARD).unwrap())
}

pub fn trust() -> &'static Trust {
    static TRUST: OnceLock<Trust> = OnceLock::new();
    TRUST.get_or_init(|| Trust::parse(&std::fs::read(fixtures().join("trust.json")).unwrap()).unwrap())
}

/// When Q1 signed.
pub fn as_of() -> Instant {
    "2026-03-19T10:00:00Z".parse().unwrap()
}

pub fn prove_from(snapshot: &Snapshot, act: &Act, live: &[&[u8]]) -> Result<Proven, Unproven> {
    let sources = Sources { snapshot, trust: trust(), as_of: as_of(), live, schemas: None, memory: None };
    prove(act, &sources)
}

pub fn proven() -> &'static Proven {
    static PROVEN: OnceLock<Proven> = OnceLock::new();
    PROVEN.get_or_init(|| prove_from(snapshot(), &Act::Issue, &[]).unwrap())
}

pub fn draft() -> Draft {
    proven().draft(&Given::at("2026-03-19T09:50:00Z".parse().unwrap())).unwrap()
}

/// The stream of the fixture's proposal.
pub fn stream() -> Vec<u8> {
    std::fs::read(fixtures().join("cases/b0/decision/03-proposal.cesr")).unwrap()
}

/// Credential, registry event and anchor of the fixture's proposal.
pub fn bodies() -> [String; 3] {
    let stream = stream();
    let messages = cesr::read(&stream).unwrap();
    [0, 1, 2].map(|at| messages[at].body.to_owned())
}

pub fn read(files: &[&str]) -> Received {
    Received::read(files.iter().map(|file| file.as_bytes())).unwrap()
}

pub fn aid(text: &str) -> Aid {
    text.parse().unwrap()
}

/// The signature of a holder of keys in the fixture.
pub fn sign(holder: &str, index: u32, text: &str) -> IndexedSignature {
    use ed25519_dalek::{Signer, SigningKey};
    let keys: serde_json::Value =
        serde_json::from_slice(&std::fs::read(fixtures().join("keri/b0/keys.json")).unwrap()).unwrap();
    let seed = cesr::key_bytes(keys["holders"][holder]["current"].as_str().unwrap()).unwrap();
    let raw = SigningKey::from_bytes(&seed).sign(text.as_bytes()).to_bytes();
    IndexedSignature::new(IndexedCode::Both(index), &raw).unwrap()
}
