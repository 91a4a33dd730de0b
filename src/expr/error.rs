//! Why a text is not an expression.

use thiserror::Error;

use crate::source::Span;

/// A syntax error, with its place in the expression. `policy` gives it the file around it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct ExprError {
    /// Stable code: `countersign::expr::…`.
    pub code: &'static str,
    /// One line: what is wrong.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// What the underlined text is.
    pub label: String,
    /// Where it stands.
    pub span: Span,
}
