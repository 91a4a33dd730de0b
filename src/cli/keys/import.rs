//! `countersign keys import`.

use std::fs::File;
use std::io::Read;
use std::path::PathBuf;

use zeroize::Zeroizing;

use super::super::config::Settings;
use super::super::error::CliError;
use super::super::passphrase::Source;
use super::super::terminal::{Terminal, columns_of};
use super::super::{Outcome, terminal};
use crate::keystore::{Imported, KeyName, KeystoreError, NewKeys, Seed, Witnesses};
use crate::primitives::Aid;

/// Most bytes of a file of seeds.
const BYTES_MAX: u64 = 4096;

/// Take over keys of an identifier that began elsewhere
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Take over an Ed25519 key: one seed a line, the current key's first and then, if it is at hand, the \
        next one's; `A` and 43 characters, or 64 hexadecimal digits. Seeds are read from a file or from standard \
        input, never from the command line.\n\nWith `--aid` the keys belong to that identifier, and can be rotated \
        only if its next seed came along. Without, an identifier of its own begins with them.",
    after_help = "Example:\n  countersign keys import qar-2 --seeds seeds.txt --keys keys --aid \
        EHowwGuu5lztml5EN_RGXAdDYdFCTAh6zPLvpqmXn7PU"
)]
pub(in super::super) struct Args {
    /// Name of the keys on this machine
    #[arg(value_name = "NAME", value_parser = super::name)]
    name: KeyName,
    /// File of seeds, `-` for standard input
    #[arg(long, value_name = "FILE")]
    seeds: PathBuf,
    /// The identifier that they belong to
    #[arg(long, value_name = "AID", value_parser = |text: &str| text.parse::<Aid>())]
    aid: Option<Aid>,
    #[command(flatten)]
    folder: super::Folder,
    #[command(flatten)]
    passphrase: Source,
}

pub(in super::super) fn run(args: Args, settings: &Settings, terminal: &Terminal) -> Outcome {
    let keystore = args.folder.keystore(settings)?;
    if args.seeds.as_os_str() == "-" && args.passphrase.passphrase_fd == Some(0) {
        let reason = "standard input gives the seeds already".to_owned();
        return Err(CliError::PassphraseUnreadable { reason });
    }
    let text = read(&args.seeds)?;
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let current = Seed::parse(lines.next().ok_or(KeystoreError::NotASeed)?)?;
    let next = lines.next().map(Seed::parse).transpose()?;
    if lines.next().is_some() {
        return Err(KeystoreError::NotASeed.into());
    }
    let passphrase = args.passphrase.fresh(args.name.as_str())?;
    let file = match args.aid {
        Some(aid) => keystore.import(&args.name, Imported { aid, current, next }, &passphrase)?,
        None => {
            let next = next.map_or_else(Seed::random, Ok)?;
            keystore.begin(&args.name, NewKeys { current, next, witnesses: Witnesses::default() }, &passphrase)?
        }
    };
    terminal.print(&columns_of(&super::lines(&file)))?;
    terminal::print_note("the seeds were read from outside: make sure that no other copy of them is left");
    Ok(0)
}

fn read(path: &PathBuf) -> Result<Zeroizing<String>, CliError> {
    let unreadable = |source| CliError::Unreadable { path: path.clone(), source };
    // Room for all of it, so that no copy is left behind when it grows.
    let mut text = Zeroizing::new(String::with_capacity(2 * BYTES_MAX as usize));
    let read = match path.as_os_str() == "-" {
        true => std::io::stdin().lock().take(BYTES_MAX + 1).read_to_string(&mut text),
        false => File::open(path).and_then(|file| file.take(BYTES_MAX + 1).read_to_string(&mut text)),
    };
    read.map_err(unreadable)?;
    if text.len() as u64 > BYTES_MAX {
        return Err(CliError::TooLarge { path: path.clone(), bytes: text.len() as u64, limit: BYTES_MAX });
    }
    Ok(text)
}
