//! `countersign keys new`.

use super::super::config::Settings;
use super::super::passphrase::Source;
use super::super::terminal::{Terminal, columns_of};
use super::super::{Outcome, terminal};
use crate::keystore::{KeyName, NewKeys, Seed, Witnesses};
use crate::primitives::Aid;

/// Make keys, and the identifier that begins with them
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Make a current and a next key from the system's random numbers, and the KERI inception that begins \
        with the first and commits to the second. Both are sealed under a passphrase (argon2id, chacha20poly1305) \
        in a file that only you can read.\n\nWith witnesses, the identifier counts once they have receipted its \
        inception: give them what `keys export-public --format cesr` prints.",
    after_help = "Example:\n  countersign keys new qar-2 --keys keys"
)]
pub(in super::super) struct Args {
    /// Name of the keys on this machine
    #[arg(value_name = "NAME", value_parser = super::name)]
    name: KeyName,
    #[command(flatten)]
    folder: super::Folder,
    /// AID of a witness; repeat for each
    #[arg(long = "witness", value_name = "AID", value_parser = |text: &str| text.parse::<Aid>())]
    witnesses: Vec<Aid>,
    /// How many witnesses must receipt; default: the fewest that hold although a third is faulty
    #[arg(long, value_name = "NUMBER", requires = "witnesses")]
    witness_threshold: Option<usize>,
    #[command(flatten)]
    passphrase: Source,
}

pub(in super::super) fn run(args: Args, settings: &Settings, terminal: &Terminal) -> Outcome {
    let keystore = args.folder.keystore(settings)?;
    let witnesses = Witnesses::new(args.witnesses, args.witness_threshold)?;
    let keys = NewKeys { current: Seed::random()?, next: Seed::random()?, witnesses };
    let passphrase = args.passphrase.fresh(args.name.as_str())?;
    let file = keystore.begin(&args.name, keys, &passphrase)?;
    terminal.print(&columns_of(&super::lines(&file)))?;
    terminal::print_note("nothing but this file and its passphrase brings the keys back: keep a copy of both, apart");
    Ok(0)
}
