//! `countersign trust`: the installation's trust file.

mod init;
mod replace;
mod show;
mod sign;
mod update;

use std::path::Path;

use super::Outcome;
use super::config::Settings;
use super::error::CliError;
use super::terminal::{Terminal, columns_of};
use crate::keri::show::threshold_text;
use crate::trust::{Keys, Quorum, Trust};

/// Make and look at the installation's trust file
#[derive(Debug, clap::Subcommand)]
#[command(after_help = "Example:\n  countersign trust show --trust trust.json")]
pub(super) enum Command {
    /// Write a new trust file
    Init(init::Args),
    /// Make the next trust file from the one in force
    Update(update::Args),
    /// Add an officer's signature to the next trust file
    Sign(sign::Args),
    /// Put the next trust file in force
    Replace(replace::Args),
    /// Show what a trust file says, and its digest
    Show(show::Args),
}

pub(super) fn run(command: Command, settings: &Settings, terminal: &Terminal) -> Outcome {
    match command {
        Command::Init(args) => init::run(args, terminal),
        Command::Update(args) => update::run(args, settings, terminal),
        Command::Sign(args) => sign::run(args, settings, terminal),
        Command::Replace(args) => replace::run(args, settings, terminal),
        Command::Show(args) => show::run(args, settings, terminal),
    }
}

/// What to do with a trust file that was made.
pub(super) fn made(path: &Path, next: &Trust) -> String {
    let path = path.display();
    format!(
        "wrote {path}, serial {}, not signed yet\n\
         have the officers of the trust file in force sign it, then put it in force:\n\
         \x20 countersign trust sign {path} --sign-with NAME\n\
         \x20 countersign trust replace {path}\n",
        next.serial
    )
}

/// Who signed the next trust file.
///
/// # Errors
/// A signature that does not count.
fn signers(next: &Trust, before: &Trust, path: &Path) -> Result<String, CliError> {
    let quorum = next.signed_by(before)?;
    let mut rows = vec![
        ["file".to_owned(), path.display().to_string()],
        ["serial".to_owned(), format!("{}, replaces {}", next.serial, before.serial)],
        ["digest".to_owned(), next.digest.to_string()],
    ];
    rows.extend(quorum_rows(&before.officers, &quorum, "officer"));
    Ok(columns_of(&rows))
}

/// Who of those who may sign has signed, and whether they are enough.
pub(super) fn quorum_rows(keys: &Keys, quorum: &Quorum, of: &str) -> Vec<[String; 2]> {
    let signed = |place: u32| if quorum.signed.contains(&place) { "signed" } else { "not signed" };
    let mut rows: Vec<[String; 2]> =
        (0u32..).zip(&keys.aids).map(|(place, aid)| [of.to_owned(), format!("{aid} {}", signed(place))]).collect();
    let met = if quorum.is_met() { "met" } else { "not met" };
    rows.push(["threshold".to_owned(), format!("{}, {met}", threshold_text(&keys.threshold))]);
    rows
}
