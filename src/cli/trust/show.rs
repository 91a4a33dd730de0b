//! `countersign trust show`.

use std::path::PathBuf;

use super::super::config::Settings;
use super::super::error::CliError;
use super::super::terminal::{Terminal, columns_of, print_error};
use super::super::{Outcome, clock, load};

/// The file may not replace the one before it.
const NOT_IN_FORCE: u8 = 1;

/// Show what a trust file says, and its digest
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  countersign trust show --trust next.json --before trust.json\n\n\
    Exit status: 0 shown, 1 it may not replace the one before, 2 the command could not run.")]
pub(in super::super) struct Args {
    /// The trust file; default: the settings'
    #[arg(long, value_name = "FILE")]
    trust: Option<PathBuf>,
    /// The trust file before it: say which of its officers signed, and whether they are enough
    #[arg(long, value_name = "FILE")]
    before: Option<PathBuf>,
}

pub(in super::super) fn run(args: Args, settings: &Settings, terminal: &Terminal) -> Outcome {
    let trust = load::trust(args.trust.as_deref(), settings)?;
    let lines: Vec<[String; 2]> = trust.lines().into_iter().map(|(name, value)| [name.to_owned(), value]).collect();
    terminal.print(&columns_of(&lines))?;
    let Some(before) = &args.before else { return Ok(0) };
    let before = load::trust(Some(before), settings)?;
    let path = args.trust.as_deref().or(settings.trust.as_deref()).ok_or(CliError::NoTrust)?;
    terminal.print(&super::signers(&trust, &before, path)?)?;
    match trust.succeeds(&before, clock::now()?) {
        Ok(()) => Ok(0),
        Err(error) => {
            print_error(&CliError::Trust(error));
            Ok(NOT_IN_FORCE)
        }
    }
}
