//! `countersign report`: what was reported, in other forms, beside another report, and made again.

mod diff;
mod show;
pub(super) mod target;
mod verify;

use std::path::Path;

use super::Outcome;
use super::config::Settings;
use super::error::CliError;
use super::load;
use super::terminal::Terminal;
use crate::report::{ReportDocument, json};

/// Most bytes of a saved report.
const REPORT_BYTES_MAX: u64 = 64 << 20;

/// Show, compare and verify saved reports
#[derive(Debug, clap::Subcommand)]
#[command(after_help = "Example:\n  countersign report show report.json --report html=report.html")]
pub(super) enum Command {
    /// Show a saved report in any format
    Show(show::Args),
    /// Say what is fixed, new and unchanged between two reports, and which evidence changed
    Diff(diff::Args),
    /// Verify the digests of a saved report, and that the same run gives the same bytes
    Verify(verify::Args),
}

pub(super) fn run(command: Command, settings: &Settings, terminal: &Terminal) -> Outcome {
    match command {
        Command::Show(args) => show::run(args, terminal),
        Command::Diff(args) => diff::run(args, terminal),
        Command::Verify(args) => verify::run(args, settings, terminal),
    }
}

/// A saved report with digests that are its own.
///
/// # Errors
/// It cannot be read, or is none.
fn saved(path: &Path) -> Result<ReportDocument, CliError> {
    let bytes = load::bytes(path, REPORT_BYTES_MAX)?;
    json::read(&bytes).map_err(|reason| CliError::NotAReport { path: path.to_owned(), reason })
}
