//! `countersign lock sign`.

use std::path::PathBuf;

use super::super::config::Settings;
use super::super::keys::SignAs;
use super::super::terminal::Terminal;
use super::super::terminal::columns_of;
use super::super::trust::quorum_rows;
use super::super::write::{self, Existing};
use super::super::{Outcome, load};
use crate::lock::SignedLock;

/// Add a policy key's signature to a lock
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Sign a policy lock with a policy key of the trust file, and write the signature and the signer's \
        key event log into it. The key must be in force in the log.\n\nRead the lock first: `countersign lock show`.",
    after_help = "Example:\n  countersign lock sign lock.json --trust trust.json --sign-with policy-1 --keys keys \\\n    \
        --log kel-policy-1.cesr"
)]
pub(in super::super) struct Args {
    /// The lock; the signature is written into it
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The installation's trust file; default: the settings'
    #[arg(long, value_name = "FILE")]
    trust: Option<PathBuf>,
    /// Key event log of the signer; needed if neither file has it
    #[arg(long, value_name = "FILE")]
    log: Vec<PathBuf>,
    #[command(flatten)]
    sign: SignAs,
}

pub(in super::super) fn run(args: Args, settings: &Settings, terminal: &Terminal) -> Outcome {
    let trust = load::trust(args.trust.as_deref(), settings)?;
    let lock = load::lock(Some(&args.file), settings)?;
    let logs = load::logs(&args.log)?;
    // What would be refused anyway is told before a passphrase is asked for.
    lock.signed(&trust)?;
    let signed: SignedLock = args.sign.with(settings, |signer| Ok(lock.sign(&trust, &logs, signer)?))?;
    write::atomically(&args.file, &signed.write(), Existing::Replace)?;
    let mut rows = vec![
        ["lock".to_owned(), format!("{} serial {}", signed.terms().id, signed.terms().serial)],
        ["digest".to_owned(), signed.digest().to_string()],
    ];
    rows.extend(quorum_rows(&trust.policy_keys, &signed.signed(&trust)?, "policy key"));
    terminal.print(&columns_of(&rows))?;
    Ok(0)
}
