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
    /// File to copy; with `--listed` the folder of a bundle
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// What it is: a record kind, or `document`, `cesr`, `lei-record-body`, `signature`
    #[arg(long, required_unless_present = "listed")]
    kind: Option<String>,
    /// Take over all files of a bundle that was prepared elsewhere, as its manifest lists them
    #[arg(long, conflicts_with_all = ["kind", "path", "source", "captured_at", "captured_by"])]
    listed: bool,
    /// Leave out this file of the listed ones; may be repeated
    #[arg(long, value_name = "PATH", requires = "listed")]
    without: Vec<String>,
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
    let Some(kind) = &args.kind else {
        let taken = author::take_over(&args.into, &args.file, &args.without, load::fact_schema())?;
        terminal.print(&format!("added {} files of {}\n", taken.len(), args.file.display()))?;
        return Ok(0);
    };
    let new = NewFile {
        from: Origin::File(&args.file),
        kind,
        path: args.path.as_deref(),
        source: &args.source,
        captured_at: args.captured_at,
        captured_by: args.captured_by.as_deref(),
    };
    for path in author::add(&args.into, &[new], load::fact_schema())? {
        terminal.print(&format!("added {path} as {kind}\n"))?;
    }
    Ok(0)
}
