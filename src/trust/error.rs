//! Why a trust file cannot be used.

use std::sync::Arc;

use miette::{Diagnostic, NamedSource, SourceSpan};
use thiserror::Error;

use super::quorum::NotSigned;
use crate::primitives::Instant;

/// A trust file that cannot be used: the run is not made.
#[derive(Debug, Error, Diagnostic)]
pub enum TrustError {
    /// Not strict JSON.
    #[error("the trust file is not strict JSON: {reason}")]
    #[diagnostic(code(countersign::trust::not_json), help("{help}"))]
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
    #[error("the trust file has {} that cannot be used", if problems.len() == 1 { "a member".to_owned() } else { format!("{} members", problems.len()) })]
    #[diagnostic(
        code(countersign::trust::invalid),
        help("schemas/trust.schema.json describes the file; `countersign trust init` writes a first one")
    )]
    Invalid {
        /// Every problem.
        #[related]
        problems: Vec<TrustProblem>,
    },
    /// A trust file that is not newer than the one it replaces.
    #[error("the trust file has serial {serial}, and the one in force has {held}")]
    #[diagnostic(
        code(countersign::trust::serial),
        help("a trust file is replaced by one with a higher serial: make it with `countersign trust update`")
    )]
    Serial {
        /// The new one's.
        serial: u64,
        /// The old one's.
        held: u64,
    },
    /// A trust file that forgets what was begun.
    #[error("the trust file says nothing of the {what} any more, and the one in force does")]
    #[diagnostic(
        code(countersign::trust::forgets),
        help("with it, a deleted store or ledger would look as if there had never been one")
    )]
    Forgets {
        /// What.
        what: &'static str,
    },
    /// Practice that becomes the real thing, or the other way round.
    #[error("the trust file in force {} for practice, and the next one {}", if *before { "is" } else { "is not" }, if *before { "is not" } else { "is" })]
    #[diagnostic(
        code(countersign::trust::practice),
        help("practice has an installation of its own, from its first trust file to its last")
    )]
    Practice {
        /// What the one in force is.
        before: bool,
    },
    /// A trust file before its time.
    #[error("the trust file holds from {valid_from}, and it is {now}")]
    #[diagnostic(code(countersign::trust::not_yet), help("replace the one in force then"))]
    NotYet {
        /// First moment.
        valid_from: Instant,
        /// Now.
        now: Instant,
    },
    /// A change that changes nothing, or that cannot be made.
    #[error("the change cannot be made: {reason}")]
    #[diagnostic(code(countersign::trust::change), help("`countersign trust show` lists what the file says now"))]
    Change {
        /// Why.
        reason: String,
    },
    /// Not signed as it must be.
    #[error(transparent)]
    #[diagnostic(transparent)]
    NotSigned(#[from] NotSigned),
}

/// One member of a trust file that cannot be used.
#[derive(Debug, Clone, Error, Diagnostic)]
#[error("`{pointer}`: {message}")]
pub struct TrustProblem {
    /// JSON pointer.
    pub pointer: String,
    /// What is wrong.
    pub message: String,
    /// Where.
    #[label("here")]
    pub at: SourceSpan,
    /// The text.
    #[source_code]
    pub text: NamedSource<Arc<str>>,
}
