//! Why nothing was signed, or why a run was cut off.

use std::io;

use miette::Diagnostic;
use thiserror::Error;

use super::Point;
use crate::gate::Refusal;
use crate::keystore::SignerError;
use crate::ledger::LedgerError;
use crate::primitives::Said;
use crate::proposal::SignatureRefused;
use crate::store::StoreError;

/// Why there is no signature, or not yet.
#[derive(Debug, Error, Diagnostic)]
pub enum SignError {
    /// The gate says no after all.
    #[error("nothing was signed: {}", .0.reasons().first().map_or("", |reason| reason.message.as_str()))]
    #[diagnostic(code(countersign::sign::refused), help("no key was opened; `countersign gate CASE` says why"))]
    Refused(Box<Refusal>),
    /// What an earlier run kept is not what it should be.
    #[error("the {what} of event `{said}` is not by the key of QAR2 over this event")]
    #[diagnostic(
        code(countersign::sign::kept),
        help(
            "nothing was given out; the store was changed by somebody, or the signer gave something else: tell an officer"
        )
    )]
    Kept {
        /// The event.
        said: Said,
        /// What.
        what: &'static str,
    },
    /// The decision that an earlier run reserved is about something else.
    #[error("the decision that was reserved for event `{said}` is not about this event on this evidence")]
    #[diagnostic(
        code(countersign::sign::draft),
        help(
            "no decision was signed and nothing was given out; the store or the case was changed by somebody since: \
             tell an officer"
        )
    )]
    Draft {
        /// The event.
        said: Said,
    },
    /// The output cannot be written.
    #[error("the signed event cannot be written out")]
    #[diagnostic(
        code(countersign::sign::release),
        help(
            "event, decision and ledger row are kept; mend the folder and run the same command again: the bytes will be the same"
        )
    )]
    Release {
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// The run was stopped.
    #[error("the run was stopped at `{}`", point.as_str())]
    #[diagnostic(code(countersign::sign::stopped), help("run the same command again; it goes on where it was"))]
    Stopped {
        /// Where.
        point: Point,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The merged event does not hold.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Signature(#[from] SignatureRefused),
    /// The signer's.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Signer(#[from] SignerError),
    /// The store's.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Store(#[from] StoreError),
    /// The ledger's.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Ledger(#[from] LedgerError),
}
