//! `countersign ledger prove`.

use serde_json::{Value, json};

use super::super::Outcome;
use super::super::config::Settings;
use super::super::terminal::Terminal;
use crate::ledger::{Ledger, LedgerError, tree};
use crate::primitives::Sha256;

/// Print the proof that a row stands in the ledger
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Print, as JSON, the row, its leaf hash and the hashes that lead from it to the root of the tree \
        (RFC 9162), so that whoever holds a checkpoint can verify that the row is in it without seeing the others. \
        With `--from SIZE` also the proof that the tree of the first SIZE rows grew into this one.",
    after_help = "Example:\n  countersign ledger prove 12 --ledger ledger.jsonl --from 8"
)]
pub(in super::super) struct Args {
    /// Number of the row
    #[arg(value_name = "ROW", required_unless_present = "payload", conflicts_with = "payload")]
    row: Option<u64>,
    /// SHA-256 of what the row is about, instead of its number
    #[arg(long, value_name = "SHA256", value_parser = |text: &str| text.parse::<Sha256>())]
    payload: Option<Sha256>,
    /// Prove for the tree of so many rows; default: all
    #[arg(long, value_name = "ROWS")]
    size: Option<u64>,
    /// Prove as well that the tree of so many rows grew into it
    #[arg(long, value_name = "ROWS")]
    from: Option<u64>,
    #[command(flatten)]
    which: super::Which,
}

pub(in super::super) fn run(args: Args, settings: &Settings, terminal: &Terminal) -> Outcome {
    let ledger = args.which.open(settings)?;
    let size = args.size.unwrap_or(ledger.size());
    let seq = match (&args.payload, args.row) {
        (Some(payload), _) => ledger.find(payload)?.seq,
        (None, row) => row.unwrap_or_default(),
    };
    let mut proof = included(&ledger, seq, size)?;
    if let Some(from) = args.from {
        let hashes: Vec<String> = ledger.consistency(from, size)?.iter().map(ToString::to_string).collect();
        proof["consistency"] = json!({ "from": from, "root": root(&ledger, from)?, "proof": hashes });
    }
    terminal.print(&format!("{proof:#}\n"))?;
    Ok(0)
}

fn included(ledger: &Ledger, seq: u64, size: u64) -> Result<Value, LedgerError> {
    let hashes: Vec<String> = ledger.inclusion(seq, size)?.iter().map(ToString::to_string).collect();
    let row = ledger.row(seq)?;
    Ok(json!({
        "ledger": ledger.genesis().to_string(),
        "row": row.line(),
        "leaf": tree::leaf(row.line().as_bytes()).to_string(),
        "index": seq,
        "size": size,
        "root": root(ledger, size)?,
        "inclusion": hashes,
    }))
}

fn root(ledger: &Ledger, size: u64) -> Result<String, LedgerError> {
    ledger.root_of(size).map(|root| root.to_string())
}
