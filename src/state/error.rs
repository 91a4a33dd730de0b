//! What is wrong between trust file, store and ledger, and why nothing is recovered.

use miette::Diagnostic;
use thiserror::Error;

use crate::ledger::LedgerError;
use crate::primitives::{Instant, Sha256};
use crate::trust::NotSigned;

/// State that does not fit, or a recovery that is not carried out.
#[derive(Debug, Error, Diagnostic)]
pub enum StateError {
    /// Made before.
    #[error("store and ledger were made before: the trust file, serial {serial}, says so")]
    #[diagnostic(
        code(countersign::state::initialised),
        help(
            "if they are gone, restore them from a copy, or have the officers sign a recovery: `countersign state draft`"
        )
    )]
    Initialised {
        /// The trust file's serial.
        serial: u64,
    },
    /// An older trust file.
    #[error("the trust file has serial {serial}, and serial {highest} was in force here already")]
    #[diagnostic(
        code(countersign::state::trust_rolled_back),
        help("put the newer trust file back; an older one would bring back whom it trusted")
    )]
    TrustRolledBack {
        /// Its serial.
        serial: u64,
        /// The highest seen.
        highest: u64,
    },
    /// Two trust files.
    #[error("{what} is about trust file {named}, and {found} is here")]
    #[diagnostic(
        code(countersign::state::other_trust),
        help(
            "a trust file is put in force with `countersign trust replace`, which writes it into the ledger; run it again, or put the other file back"
        )
    )]
    OtherTrust {
        /// What names it.
        what: &'static str,
        /// The one that is named.
        named: Sha256,
        /// The one at hand.
        found: Sha256,
    },
    /// A file that is no recovery.
    #[error("this is no recovery: {reason}")]
    #[diagnostic(
        code(countersign::state::not_a_recovery),
        help("`countersign state draft` writes one, and the officers sign it with `countersign state sign`")
    )]
    NotARecovery {
        /// What is wrong.
        reason: String,
    },
    /// A recovery from the future.
    #[error("the recovery was made at {made_at}, and it is {now}")]
    #[diagnostic(code(countersign::state::from_the_future), help("look at the clock of this machine"))]
    FromTheFuture {
        /// When it was made.
        made_at: Instant,
        /// Now.
        now: Instant,
    },
    /// A recovery that was carried out.
    #[error("the recovery was carried out before: row {seq} of the ledger")]
    #[diagnostic(
        code(countersign::state::recovery_used),
        help("a recovery serves once; what was lost since needs a new one, signed by the officers")
    )]
    Used {
        /// The row.
        seq: u64,
    },
    /// A recovery of something that is there.
    #[error("the {what} is there, so there is nothing to recover")]
    #[diagnostic(
        code(countersign::state::nothing_lost),
        help("a file that is damaged is moved away first, and kept; a file that is whole is not replaced")
    )]
    NothingLost {
        /// What.
        what: &'static str,
    },
    /// A recovery of something that there never was.
    #[error("the trust file says that there was no {what}, so none was lost")]
    #[diagnostic(
        code(countersign::state::never_initialised),
        help("`countersign state init` makes store and ledger, once")
    )]
    NeverInitialised {
        /// What.
        what: &'static str,
    },
    /// Another ledger than the one that the recovery saw.
    #[error("the recovery was made with a ledger of {rows} rows that is not the beginning of this one")]
    #[diagnostic(
        code(countersign::state::other_ledger),
        help("the ledger was exchanged or cut since the officers signed; find out by whom, then make a new recovery")
    )]
    OtherLedger {
        /// Its rows.
        rows: u64,
    },
    /// Not signed as it must be.
    #[error(transparent)]
    #[diagnostic(transparent)]
    NotSigned(#[from] NotSigned),
    /// The ledger's own.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Ledger(#[from] LedgerError),
}
