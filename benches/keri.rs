//! What verifying one full chain costs, beside the least it can cost: its signatures, one by one.
//!
//! The first build is long: benches unwind where the command aborts, so every dependency is built again.
//! `COUNTERSIGN_SHARED` names the folder with the shared evidence; without it a forged chain is measured.

// divan's macros make items of their own.
#![allow(missing_docs)]

#[path = "../tests/it/keri/forge.rs"]
#[allow(dead_code, clippy::unwrap_used)]
mod forge;

use countersign::keri::cesr;
use countersign::keri::evidence::Evidence;
use countersign::keri::{Options, Trusted};
use countersign::primitives::Said;
use ed25519_dalek::{Signature, VerifyingKey};
use forge::verify;

fn main() {
    divan::main();
}

/// The shared chain of an OOR credential if it is there, else a forged one.
fn sample() -> (Vec<u8>, Trusted, Said) {
    let root = std::env::var_os("COUNTERSIGN_SHARED").map_or("../shared".into(), std::path::PathBuf::from);
    let folder = root.join("keri/ecosystem");
    if let Ok(stream) = std::fs::read(folder.join("valid/OOR.valid.cesr")) {
        let manifest = std::fs::read(folder.join("manifest.json")).expect("the manifest lies beside the streams");
        let manifest: serde_json::Value = serde_json::from_slice(&manifest).expect("it is JSON");
        let text = |value: &serde_json::Value| value.as_str().expect("it is text").to_owned();
        let aid = |name: &str| text(&manifest["trust"][name]).parse().expect("it is an identifier");
        let trusted = Trusted { root: aid("root"), geda: Some(aid("geda")) };
        let target = text(&manifest["credentials"]["OOR"]["said"]).parse().expect("it is a digest");
        return (stream, trusted, target);
    }
    let mut base = forge::base();
    let le = base.issue_le();
    (base.world.stream(forge::Manner::Wrapped), base.world.trusted(), le.parse().expect("it is a digest"))
}

#[divan::bench]
fn chain(bencher: divan::Bencher) {
    let (stream, trusted, target) = sample();
    let as_of = "2026-06-01T00:00:00Z".parse().expect("it is an instant");
    let options = Options { as_of, schemas: None, credential: Some(&target) };
    bencher.bench(|| verify(&stream, &trusted, &options));
}

#[divan::bench]
fn floor(bencher: divan::Bencher) {
    let (stream, ..) = sample();
    let messages = cesr::read(&stream).expect("it can be framed");
    let evidence = Evidence::collect(&messages);
    let mut seen = std::collections::HashSet::new();
    let triples: Vec<_> = evidence.events.triples().into_iter().filter(|triple| seen.insert(*triple)).collect();
    let raw = |key: &str| -> [u8; 32] { cesr::key_bytes(key).expect("it is a key") };
    bencher.bench(|| {
        triples
            .iter()
            .filter(|triple| {
                let key = VerifyingKey::from_bytes(&raw(triple.key)).expect("it is a point");
                key.verify_strict(triple.message.as_bytes(), &Signature::from_bytes(&triple.signature)).is_ok()
            })
            .count()
    });
}
