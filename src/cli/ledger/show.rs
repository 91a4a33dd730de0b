//! `countersign ledger show`.

use super::super::Outcome;
use super::super::config::Settings;
use super::super::credential::Format;
use super::super::terminal::{Terminal, columns_of, print_note};
use crate::ledger::Row;

/// List the rows
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  countersign ledger show --ledger ledger.jsonl --last 20")]
pub(in super::super) struct Args {
    #[command(flatten)]
    which: super::Which,
    /// Only so many rows, the last ones
    #[arg(long, value_name = "NUMBER")]
    last: Option<usize>,
    /// How to print the rows; `json` is a row a line, as in the file
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    format: Format,
}

pub(in super::super) fn run(args: Args, settings: &Settings, terminal: &Terminal) -> Outcome {
    let ledger = args.which.open(settings)?;
    let rows = ledger.rows();
    let rows = &rows[rows.len().saturating_sub(args.last.unwrap_or(rows.len()))..];
    let text = match args.format {
        Format::Human => columns_of(&table(rows)),
        Format::Json => rows.iter().map(|row| format!("{}\n", row.line())).collect(),
    };
    terminal.print(&text)?;
    if let Some(torn) = ledger.torn() {
        print_note(&format!("a last row ends early, after {} bytes, and does not count", torn.bytes));
    }
    Ok(0)
}

fn table(rows: &[Row]) -> Vec<[String; 5]> {
    let head = ["row", "at", "kind", "actor", "payload sha256"].map(str::to_owned);
    let rows = rows.iter().map(|row| {
        let entry = &row.entry;
        let (at, kind) = (entry.at.to_string(), entry.kind.to_string());
        [row.seq.to_string(), at, kind, entry.actor.to_string(), entry.payload.to_string()]
    });
    std::iter::once(head).chain(rows).collect()
}
