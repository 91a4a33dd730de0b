//! The expression language: text to a syntax tree, and back.
//!
//! In: the text of one expression. Out: an [`ast::Expr`] with spans, or every error found; and the
//! canonical text of a tree ([`print`]). What names mean is not known here: no policies, no facts,
//! no KERI, no clock. `docs/language.md` is the reference.

pub mod ast;
pub mod error;

pub use error::ExprError;
