//! `countersign ledger prove`.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::super::config::Settings;
use super::super::error::CliError;
use super::super::terminal::Terminal;
use super::super::{Outcome, clock, load};
use crate::keri::cesr::STREAM_MAX;
use crate::ledger::{Ledger, LedgerError, tree};
use crate::primitives::Sha256;
use crate::sign::line::{Given, Link, Standing, line};

/// Print the proof that a row stands in the ledger
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Print, as JSON, the row, its leaf hash and the hashes that lead from it to the root of the tree \
        (RFC 9162), so that whoever holds a checkpoint can verify that the row is in it without seeing the others. \
        With `--from SIZE` also the proof that the tree of the first SIZE rows grew into this one.\n\n\
        With `--decision FILE` also the whole line from the credential to the report, link by link: the event that \
        issues it, the decision about its exact bytes, who signed that, the ledger, the report, and the seal of the \
        decision in QAR2's own log. Each link holds, is not shown by what is given, or is broken.",
    after_help = "Examples:\n  countersign ledger prove --decision decision.dsse.json --report report.json --log kels.cesr\n  \
        countersign ledger prove 12 --ledger ledger.jsonl --from 8\n\nExit status: 0 proven, 1 a link is broken, 3 a link is not shown, 2 the command could not run."
)]
pub(in super::super) struct Args {
    /// Number of the row
    #[arg(value_name = "ROW", required_unless_present_any = ["payload", "decision"], conflicts_with_all = ["payload", "decision"])]
    row: Option<u64>,
    /// SHA-256 of what the row is about, instead of its number
    #[arg(long, value_name = "SHA256", conflicts_with = "decision", value_parser = |text: &str| text.parse::<Sha256>())]
    payload: Option<Sha256>,
    /// A decision in its envelope, to show the whole line from credential to report
    #[arg(long, value_name = "FILE")]
    decision: Option<PathBuf>,
    /// The gate's report that belongs to the decision
    #[arg(long, value_name = "FILE", requires = "decision")]
    report: Option<PathBuf>,
    /// Key event logs, of the group with its delegators and of QAR2; may be repeated
    #[arg(long, value_name = "FILE", requires = "decision")]
    log: Vec<PathBuf>,
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
    let mut status = 0;
    let (seq, links) = match (&args.payload, &args.decision) {
        (Some(payload), _) => (Some(ledger.find(payload)?.seq), None),
        (None, None) => (Some(args.row.unwrap_or_default()), None),
        (None, Some(path)) => {
            let decision = load::text(path, DECISION_BYTES_MAX)?;
            let row = ledger.find(&Sha256::of(decision.as_bytes())).ok().map(|row| row.seq);
            let links = links(&args, path, &decision, row)?;
            let standings = || links.iter().map(|link| &link.standing);
            if standings().any(|standing| matches!(standing, Standing::NotShown(_))) {
                status = EXIT_NOT_SHOWN;
            }
            if standings().any(|standing| matches!(standing, Standing::Broken(_))) {
                status = EXIT_BROKEN;
            }
            (row, Some(links.iter().map(Link::json).collect::<Vec<_>>()))
        }
    };
    let mut proof = match seq {
        Some(seq) => included(&ledger, seq, size)?,
        None => json!({ "ledger": ledger.genesis().to_string(), "row": null }),
    };
    if let Some(links) = links {
        proof["line"] = json!(links);
    }
    if let Some(from) = args.from {
        let hashes: Vec<String> = ledger.consistency(from, size)?.iter().map(ToString::to_string).collect();
        proof["consistency"] = json!({ "from": from, "root": root(&ledger, from)?, "proof": hashes });
    }
    terminal.print(&format!("{proof:#}\n"))?;
    Ok(status)
}

/// Exit status where what is given contradicts a link.
const EXIT_BROKEN: u8 = 1;
/// Exit status where something that would show a link was not given.
const EXIT_NOT_SHOWN: u8 = 3;
/// Most bytes of a decision in its envelope.
const DECISION_BYTES_MAX: u64 = 1 << 20;
/// Most bytes of a report.
const REPORT_BYTES_MAX: u64 = 64 << 20;

fn links(args: &Args, path: &Path, decision: &str, row: Option<u64>) -> Result<Vec<Link>, CliError> {
    let logs = args.log.iter().map(|path| load::bytes(path, STREAM_MAX as u64)).collect::<Result<Vec<_>, _>>()?;
    let logs: Vec<&[u8]> = logs.iter().map(Vec::as_slice).collect();
    let report = args.report.as_ref().map(|path| load::bytes(path, REPORT_BYTES_MAX)).transpose()?;
    let given = Given { decision, logs: &logs, report: report.as_deref(), row, as_of: clock::now()? };
    line(&given).ok_or_else(|| CliError::NotADecision { path: path.to_owned() })
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
