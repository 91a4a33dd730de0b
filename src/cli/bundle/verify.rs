//! `countersign bundle verify CASE`.

use std::fmt::Write as _;
use std::path::PathBuf;

use super::super::terminal::Terminal;
use super::super::{Outcome, load};
use crate::bundle::{Limits, Snapshot};
use crate::check;

/// Look whether everything is there as it was sealed
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Look whether every listed file is there as listed, no other file is, and every record can be read. \
        No rule is run, and nothing is said about what the evidence shows.",
    after_help = "Example:\n  countersign bundle verify cases/acme\n\nExit status: 0 intact, 1 not, 2 not readable at all."
)]
pub(in super::super) struct Args {
    /// Folder of a case or bundle, or a tar file of it
    #[arg(value_name = "CASE")]
    case: PathBuf,
}

pub(in super::super) fn run(args: Args, terminal: &Terminal) -> Outcome {
    let snapshot = Snapshot::read(&args.case, &Limits::STANDARD)?;
    let problems = check::problems(&snapshot, load::fact_schema());
    let mut text = super::problems(&problems, Some(&snapshot));
    let digest = snapshot.digest().map_or("without a manifest".to_owned(), |digest| digest.to_string());
    let files = match snapshot.files().len() {
        1 => "1 file".to_owned(),
        many => format!("{many} files"),
    };
    let words = match problems.len() {
        0 => "intact".to_owned(),
        1 => "1 problem".to_owned(),
        many => format!("{many} problems"),
    };
    // Writing to a `String` cannot fail.
    let _ = writeln!(text, "{words}: {files}, bundle {digest}");
    terminal.print(&text)?;
    Ok(u8::from(!problems.is_empty()))
}
