//! The expression language: text to a syntax tree, and back.
//!
//! In: the text of one expression. Out: an [`ast::Expr`] with spans, or every error found; and the
//! canonical text of a tree ([`mod@print`]). What names mean is not known here: no policies, no facts,
//! no KERI, no clock. `docs/language.md` is the reference.

pub mod ast;
pub mod error;
mod parse;
pub mod print;
mod scan;

pub use error::{Code, ExprError};
pub use parse::{parse, parse_binding, parse_definition, parse_literal, parse_message, parse_type};
pub use print::{print, print_as_written, print_binding, print_message, print_signature, print_type};
pub use scan::RESERVED;

#[cfg(test)]
pub(crate) mod generate;
#[cfg(test)]
mod tests;
