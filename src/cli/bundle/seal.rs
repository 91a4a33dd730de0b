//! `countersign bundle seal CASE`.

use std::path::PathBuf;

use super::super::config::Settings;
use super::super::terminal::{self, Terminal};
use super::super::{Outcome, clock, load};
use super::sign::{Site, Who};
use crate::bundle::author;
use crate::case::{Vouched, vouch};
use crate::check;

/// Write the manifest over what is there, and sign it; its digest names the bundle
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Read every file of the bundle again, compare it with its listing, write the manifest in its \
        canonical form, and sign it with the keys of the QAR who seals. The digest of the manifest is the bundle's \
        name from then on; what comes later belongs into `post/`, or into another bundle.\n\n\
        Without keys, or with `--unsigned`, the manifest is written and not signed: then it is a draft that can be \
        sealed again, and no rule that asks for its signer is content.",
    after_help = "Example:\n  countersign bundle seal cases/acme --by Q1"
)]
pub(in super::super) struct Args {
    /// Case or bundle
    #[arg(value_name = "CASE")]
    case: PathBuf,
    /// Write the manifest only
    #[arg(long)]
    unsigned: bool,
    #[command(flatten)]
    who: Who,
}

pub(in super::super) fn run(args: Args, settings: &Settings, terminal: &Terminal) -> Outcome {
    let by = args.who.by.as_deref().or(settings.person.as_deref());
    let problems = |snapshot: &crate::bundle::Snapshot| check::problems(snapshot, load::fact_schema());
    let sealing = author::sealing(&args.case, clock::now()?, by, &problems)?;
    let signature = match args.unsigned || !args.who.can_sign(settings) {
        true => None,
        false => {
            let (_, keys, state) = Site::read(&args.case)?.signer(&args.who, settings)?;
            let sign = |signer: &dyn crate::keystore::Signer| {
                Ok(vouch(Vouched::Manifest, sealing.manifest(), None, &state, signer)?)
            };
            Some(keys.with(&args.who.passphrase, sign)?)
        }
    };
    let sealed = sealing.write(signature.as_deref())?;
    let files = if sealed.files == 1 { "1 file".to_owned() } else { format!("{} files", sealed.files) };
    terminal.print(&format!("sealed {files}, bundle {}\n", sealed.digest))?;
    if signature.is_none() {
        terminal::print_note("the manifest is not signed; name `keys` in countersign.toml and seal it again");
    }
    Ok(0)
}
