//! `countersign bundle add FILE --kind KIND`.

use std::path::PathBuf;

use super::super::terminal::Terminal;
use super::super::{Outcome, load};
use crate::bundle::author::{self, NewFile, Origin};
use crate::primitives::Instant;

/// Copy a file into a bundle, digest it and list it
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Copy a file into a bundle, digest it and list it in the manifest.\n\nA record is read at once; one \
        that its schema refuses is not taken. Nothing is overwritten.",
    after_help = "Example:\n  countersign bundle add contract.json --kind le-qvi-contract --into cases/acme \\\n    \
        --source \"contract archive\" --by Q1"
)]
pub(in super::super) struct Args {
    /// File to copy
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// What it is: a record kind, or `document`, `cesr`, `lei-record-body`, `signature`
    #[arg(long)]
    kind: String,
    /// Case or bundle to add it to
    #[arg(long, value_name = "CASE", default_value = ".")]
    into: PathBuf,
    /// Path in the bundle; default: by its kind and name
    #[arg(long, value_name = "PATH")]
    path: Option<String>,
    /// Where it came from: a URL, a system, a person
    #[arg(long, value_name = "TEXT", default_value = "not stated")]
    source: String,
    /// When it was captured
    #[arg(long, value_name = "INSTANT", value_parser = |text: &str| text.parse::<Instant>())]
    captured_at: Option<Instant>,
    /// Person id of who captured it
    #[arg(long = "by", value_name = "PERSON")]
    captured_by: Option<String>,
}

pub(in super::super) fn run(args: Args, terminal: &Terminal) -> Outcome {
    let new = NewFile {
        from: Origin::File(&args.file),
        kind: &args.kind,
        path: args.path.as_deref(),
        source: &args.source,
        captured_at: args.captured_at,
        captured_by: args.captured_by.as_deref(),
    };
    for path in author::add(&args.into, &[new], load::fact_schema())? {
        terminal.print(&format!("added {path} as {}\n", args.kind))?;
    }
    Ok(0)
}
