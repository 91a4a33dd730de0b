//! Trees against known roots and an independent verifier; files that were cut, edited, reordered and torn.

mod files;
mod proofs;

use std::path::Path;

use super::*;
use crate::primitives::{Aid, Sha256};

const ACTOR: &str = "EHowwGuu5lztml5EN_RGXAdDYdFCTAh6zPLvpqmXn7PU";

fn entry(kind: Kind, payload: &str) -> Entry {
    Entry {
        at: "2026-03-20T15:00:00Z".parse().unwrap(),
        actor: ACTOR.parse::<Aid>().unwrap(),
        kind,
        payload: Sha256::of(payload.as_bytes()),
    }
}

fn ledger(path: &Path, rows: usize) -> Ledger {
    let mut ledger = Ledger::begin(path, entry(Kind::Genesis, "trust")).unwrap();
    for at in 1..rows {
        ledger.append(entry(Kind::Decision, &format!("decision {at}"))).unwrap();
    }
    ledger
}

fn code(error: &LedgerError) -> String {
    miette::Diagnostic::code(error).unwrap().to_string().replace("countersign::ledger::", "")
}
