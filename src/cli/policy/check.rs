//! `countersign policy check`.

use std::path::PathBuf;

use super::super::config::Settings;
use super::super::terminal::Terminal;
use super::super::{Outcome, load};

/// Parse and type-check every policy file; report every problem at once
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  countersign policy check policies\n\nExit status: 0 no problem, 2 problems.")]
pub(in super::super) struct Args {
    /// Folder of policies; default: the settings', else `policies`
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,
}

pub(in super::super) fn run(args: Args, settings: &Settings, terminal: &Terminal) -> Outcome {
    let folder = super::folder(args.folder, settings);
    let loaded = load::folder(&folder)?;
    let program = &loaded.program;
    terminal.print(&format!(
        "{}: {} rules in {} documents, {} requirements without a rule, {} cases, digest {}\n",
        folder.display(),
        program.rules.len(),
        program.documents.len(),
        program.pending.len(),
        loaded.set.cases.iter().map(|file| file.cases.len()).sum::<usize>(),
        program.digest
    ))?;
    Ok(0)
}
