//! `countersign trust sign`: an officer's signature on the next trust file.

use std::path::PathBuf;

use super::super::config::Settings;
use super::super::keys::SignAs;
use super::super::terminal::Terminal;
use super::super::write::{self, Existing};
use super::super::{Outcome, load};

/// Add an officer's signature to the next trust file
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Sign the next trust file with the key of an officer of the one in force, and write the signature \
        into it. The key must be in force in the officer's key event log, which stands in either file.\n\n\
        Read the file first: `countersign trust show --trust next.json`.",
    after_help = "Example:\n  countersign trust sign next.json --trust trust.json --sign-with officer-1 --keys keys"
)]
pub(in super::super) struct Args {
    /// The next trust file; the signature is written into it
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The trust file in force; default: the settings'
    #[arg(long, value_name = "FILE")]
    trust: Option<PathBuf>,
    #[command(flatten)]
    sign: SignAs,
}

pub(in super::super) fn run(args: Args, settings: &Settings, terminal: &Terminal) -> Outcome {
    let trust = load::trust(args.trust.as_deref(), settings)?;
    let next = load::trust(Some(&args.file), settings)?;
    // What would be refused anyway is told before a passphrase is asked for.
    next.signed_by(&trust)?;
    let (bytes, signed) = args.sign.with(settings, |signer| Ok(next.sign(&trust, signer)?))?;
    write::atomically(&args.file, &bytes, Existing::Replace)?;
    terminal.print(&super::signers(&signed, &trust, &args.file)?)?;
    Ok(0)
}
