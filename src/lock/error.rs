//! Why a policy lock is not in force.

use miette::{Diagnostic, NamedSource, SourceSpan};
use std::sync::Arc;
use thiserror::Error;

use super::EngineVersion;
use crate::primitives::{Instant, Sha256};
use crate::trust::NotSigned;

/// A policy lock by which nothing is decided.
#[derive(Debug, Error, Diagnostic)]
pub enum LockError {
    /// Not strict JSON.
    #[error("the policy lock is not strict JSON: {reason}")]
    #[diagnostic(code(countersign::lock::not_json), help("{help}"))]
    NotJson {
        /// What is wrong.
        reason: String,
        /// What to do.
        help: &'static str,
        /// Where.
        #[label("here")]
        at: SourceSpan,
        /// The text.
        #[source_code]
        text: NamedSource<Arc<str>>,
    },
    /// Not as its schema says.
    #[error("the policy lock cannot be used: {reason}")]
    #[diagnostic(
        code(countersign::lock::invalid),
        help("schemas/lock.schema.json describes the file; `countersign lock new` writes one")
    )]
    Invalid {
        /// What is wrong.
        reason: String,
    },
    /// Made for another trust file.
    #[error("policy lock `{id}`, serial {serial}, is for trust file {locked}, and {found} is trusted here")]
    #[diagnostic(
        code(countersign::lock::other_trust),
        help("every change of the trust file needs a new lock: `countersign lock new`, then the policy keys sign")
    )]
    OtherTrust {
        /// Which lock.
        id: String,
        /// Which of its serials.
        serial: u64,
        /// The lock's.
        locked: Sha256,
        /// The installation's.
        found: Sha256,
    },
    /// Not signed as it must be.
    #[error(transparent)]
    #[diagnostic(transparent)]
    NotSigned(#[from] NotSigned),
    /// Not in force yet.
    #[error("policy lock `{id}`, serial {serial}, holds from {not_before}, and it is {now}")]
    #[diagnostic(
        code(countersign::lock::not_yet),
        help("work with the lock before it until then, and look at the clock")
    )]
    NotYet {
        /// Which lock.
        id: String,
        /// Which of its serials.
        serial: u64,
        /// First moment.
        not_before: Instant,
        /// Now.
        now: Instant,
    },
    /// Not in force any more.
    #[error("policy lock `{id}`, serial {serial}, held until {expires}, and it is {now}")]
    #[diagnostic(
        code(countersign::lock::expired),
        help("make a new one with `countersign lock new`, and have the policy keys sign it")
    )]
    Expired {
        /// Which lock.
        id: String,
        /// Which of its serials.
        serial: u64,
        /// First moment after it.
        expires: Instant,
        /// Now.
        now: Instant,
    },
    /// An older one than was in force.
    #[error("policy lock `{id}` has serial {serial}, and serial {highest} was in force here already")]
    #[diagnostic(
        code(countersign::lock::rolled_back),
        help("put the newer lock back; an older one would bring old rules back")
    )]
    RolledBack {
        /// Which lock.
        id: String,
        /// Its serial.
        serial: u64,
        /// The highest seen.
        highest: u64,
    },
    /// An engine that may not decide by it.
    #[error("policy lock `{id}`, serial {serial}, needs countersign {minimum} or later, and this is {engine}")]
    #[diagnostic(code(countersign::lock::engine_too_old), help("update countersign on this machine"))]
    EngineTooOld {
        /// Which lock.
        id: String,
        /// Which of its serials.
        serial: u64,
        /// The oldest that may.
        minimum: EngineVersion,
        /// This one.
        engine: EngineVersion,
    },
    /// Another rule book.
    #[error("policy lock `{id}`, serial {serial}, is for rule book {locked}, and {found} is used here")]
    #[diagnostic(
        code(countersign::lock::other_policies),
        help(
            "use the policies that were locked, or lock these; `countersign lock show --lock FILE` names the files that differ"
        )
    )]
    OtherPolicies {
        /// Which lock.
        id: String,
        /// Which of its serials.
        serial: u64,
        /// The lock's.
        locked: Sha256,
        /// The one at hand.
        found: Sha256,
    },
}
