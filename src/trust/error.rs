//! Why a trust file cannot be used.

use std::sync::Arc;

use miette::{Diagnostic, NamedSource, SourceSpan};
use thiserror::Error;

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
