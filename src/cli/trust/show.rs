//! `countersign trust show`.

use std::path::PathBuf;

use super::super::config::Settings;
use super::super::terminal::{Terminal, columns_of};
use super::super::{Outcome, load};

/// Show what a trust file says, and its digest
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  countersign trust show --trust trust.json")]
pub(in super::super) struct Args {
    /// The trust file; default: the settings'
    #[arg(long, value_name = "FILE")]
    trust: Option<PathBuf>,
}

pub(in super::super) fn run(args: Args, settings: &Settings, terminal: &Terminal) -> Outcome {
    let trust = load::trust(args.trust.as_deref(), settings)?;
    let lines: Vec<[String; 2]> = trust.lines().into_iter().map(|(name, value)| [name.to_owned(), value]).collect();
    terminal.print(&columns_of(&lines))?;
    Ok(0)
}
