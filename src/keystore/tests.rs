//! Keys at rest, what they sign, and devices that misbehave.

mod at_rest;
mod devices;
mod signables;

use std::path::Path;

use super::*;

/// Cheap enough for tests.
const CHEAP: Cost = Cost { memory_kib: 64, passes: 1, lanes: 1 };

const Q2: &str = "fixtures/keri/b0/keys.json";
const PROPOSAL: &str = include_str!("../../fixtures/keri/b0/proposal.cesr");
const KEL: &str = include_str!("../../fixtures/keri/b0/kel-qvi.cesr");
const DELIVERY: &str = include_str!("../../fixtures/keri/b0/delivery.cesr");

fn passphrase() -> Passphrase {
    Passphrase::new("correct horse battery".to_owned())
}

fn name(text: &str) -> KeyName {
    text.parse().unwrap()
}

fn store(folder: &Path) -> Keystore {
    Keystore::new(folder).with_cost(CHEAP)
}

fn new_keys(current: u8) -> NewKeys {
    NewKeys {
        current: Seed::from_raw(&[current; 32]),
        next: Seed::from_raw(&[current + 1; 32]),
        witnesses: Witnesses::default(),
    }
}

fn embedded(folder: &Path) -> Embedded<'static> {
    let file = store(folder).begin(&name("q2"), new_keys(1), &passphrase()).unwrap();
    Embedded::locked(file, || Ok(passphrase()))
}

/// The bodies of a stream whose text holds this.
fn body<'s>(stream: &'s str, holds: &str) -> &'s str {
    let messages = crate::keri::cesr::read(stream.as_bytes()).unwrap();
    messages.iter().map(|message| message.body).find(|body| body.contains(holds)).unwrap()
}
