//! `countersign keys rotate`.

use super::super::config::Settings;
use super::super::passphrase::Source;
use super::super::terminal::{Terminal, columns_of};
use super::super::{Outcome, terminal};
use crate::keystore::KeyName;

/// Make the next key the current one, and a new next one
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Make the key that the identifier has committed to the current one, and a new next one. The old \
        current key is gone then: it signs nothing any more.\n\nThe identifier itself rotates with the rotation event \
        that names the current key and the next digest printed here.",
    after_help = "Example:\n  countersign keys rotate qar-2 --keys keys"
)]
pub(in super::super) struct Args {
    /// Name of the keys
    #[arg(value_name = "NAME", value_parser = super::name)]
    name: KeyName,
    #[command(flatten)]
    folder: super::Folder,
    #[command(flatten)]
    passphrase: Source,
}

pub(in super::super) fn run(args: Args, settings: &Settings, terminal: &Terminal) -> Outcome {
    let keystore = args.folder.keystore(settings)?;
    // What cannot be rotated is told before a passphrase is asked for.
    keystore.read(&args.name)?;
    let passphrase = args.passphrase.existing(args.name.as_str())?;
    let file = keystore.rotate(&args.name, &passphrase)?;
    terminal.print(&columns_of(&super::lines(&file)))?;
    terminal::print_note("publish the rotation event next; keep a copy of the file, the one of before signs nothing");
    Ok(0)
}
