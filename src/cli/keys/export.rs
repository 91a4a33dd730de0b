//! `countersign keys export-public`.

use clap::ValueEnum;
use serde_json::json;

use super::super::Outcome;
use super::super::config::Settings;
use super::super::error::CliError;
use super::super::terminal::{Terminal, columns_of};
use crate::keystore::KeyName;

/// Print what others may know of keys
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Print the AID, the current key and the digest of the next one; nothing is opened for it. \
        `--format cesr` prints the signed inception (CESR version 1), for witnesses and other KERI software, where \
        the identifier began here.",
    after_help = "Example:\n  countersign keys export-public qar-2 --keys keys --format cesr"
)]
pub(in super::super) struct Args {
    /// Name of the keys
    #[arg(value_name = "NAME", value_parser = super::name)]
    name: KeyName,
    #[command(flatten)]
    folder: super::Folder,
    /// How to print it
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    format: Format,
}

/// How to print the public part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Human,
    /// For programs.
    Json,
    /// The inception, for KERI software.
    Cesr,
}

pub(in super::super) fn run(args: Args, settings: &Settings, terminal: &Terminal) -> Outcome {
    let file = args.folder.keystore(settings)?.read(&args.name)?;
    let text = match args.format {
        Format::Human => columns_of(&super::lines(&file)),
        Format::Json => {
            let value = json!({
                "name": file.name().as_str(),
                "aid": file.aid().as_str(),
                "key": file.key().to_string(),
                "next": file.next().map(ToString::to_string),
                "rotations": file.rotations(),
                "inception": file.inception(),
            });
            format!("{value:#}\n")
        }
        Format::Cesr => {
            let inception = file.inception().ok_or_else(|| CliError::NoInception { name: file.name().to_string() })?;
            // Nothing follows the last attachment: a line end would be no CESR.
            inception.to_owned()
        }
    };
    terminal.print(&text)?;
    Ok(0)
}
