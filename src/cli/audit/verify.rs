//! `countersign audit verify`.

use std::path::PathBuf;

use serde_json::json;

use super::super::Outcome;
use super::super::config::Settings;
use super::super::terminal::Terminal;
use super::super::{clock, load};
use super::output::Format;
use crate::audit::verify::{Asked, Checked, verify};
use crate::keystore::PublicKey;
use crate::primitives::Aid;

/// Something in the pack does not hold.
const BROKEN: u8 = 1;
/// Something is not shown.
const UNDECIDED: u8 = 3;

/// Check an archive of an audit, without network and cases
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Check an archive that `countersign audit pack` wrote, with nothing but the trust file: digests, the \
        registries' logs, the population against the cases, judgements against outcomes, the lock's signatures, \
        decisions and their signatures, and that each decision stands in the ledger.",
    after_help = "Example:\n  countersign audit verify audit-2026.tar --trust trust.json \\\n    \
        --by EHowwGuu5lztml5EN_RGXAdDYdFCTAh6zPLvpqmXn7PU --key DHczsX-yq2PubpXbWF9fYtH_fVtq-APheKZ1ISxxX8IZ\n\n\
        Exit status: 0 all of it holds, 1 something does not, 2 the command could not run, 3 something is not shown."
)]
pub(super) struct Args {
    /// The archive
    #[arg(value_name = "FILE.tar")]
    pack: PathBuf,
    /// The trust file of whoever checks; default: the settings'
    #[arg(long, value_name = "FILE")]
    trust: Option<PathBuf>,
    /// AID of who signed the checkpoint of the ledger
    #[arg(long, value_name = "AID", requires = "key", value_parser = |text: &str| text.parse::<Aid>())]
    by: Option<Aid>,
    /// Their public key
    #[arg(long, value_name = "KEY", requires = "by", value_parser = |text: &str| text.parse::<PublicKey>())]
    key: Option<PublicKey>,
    /// How to print the result
    #[arg(long, default_value = "human")]
    format: Format,
}

pub(super) fn run(args: Args, settings: &Settings, terminal: &Terminal) -> Outcome {
    let trust = load::trust(args.trust.as_deref(), settings)?;
    let asked = Asked { trust: &trust, signer: args.by.as_ref().zip(args.key), as_of: clock::now()? };
    let parts = verify(&args.pack, &asked)?;
    let (mut status, mut text, mut rows) = (0, String::new(), Vec::new());
    for part in &parts {
        let (word, says, of) = match &part.checked {
            Checked::Holds(says) => ("holds", says, 0),
            Checked::NotShown(says) => ("not shown", says, UNDECIDED),
            Checked::Broken(says) => ("does not hold", says, BROKEN),
        };
        status = match (status, of) {
            (BROKEN, _) | (_, BROKEN) => BROKEN,
            (known, of) => known.max(of),
        };
        text += &terminal.wrap(&format!("{}: {word}: {says}", part.what), 0, 2);
        rows.push(json!({ "part": part.what, "standing": word, "says": says }));
    }
    match args.format {
        Format::Human => terminal.print(&text)?,
        Format::Json => terminal.print(&format!("{}\n", json!({ "parts": rows })))?,
    }
    Ok(status)
}
