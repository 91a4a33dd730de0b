//! Why a text is not the value it should be.

use thiserror::Error;

/// A text that is not a well-formed value.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PrimitiveError {
    /// Not 20 characters of `A-Z0-9`, or check digits that do not hold. Source: ISO 17442-1.
    #[error("`{0}` is not a LEI: {1}")]
    Lei(String, &'static str),
    /// Not a qualified base64 identifier prefix.
    #[error("`{0}` is not an AID: {1}")]
    Aid(String, &'static str),
    /// Not a qualified base64 BLAKE3-256 digest.
    #[error("`{0}` is not a SAID: {1}")]
    Said(String, &'static str),
    /// Not 64 lower-case hexadecimal digits.
    #[error("`{0}` is not a sha256: 64 lower-case hexadecimal digits are expected")]
    Sha256(String),
    /// Not an RFC 3339 instant with an offset.
    #[error("`{0}` is not an instant: {1}")]
    Instant(String, &'static str),
    /// Not a calendar date `YYYY-MM-DD`.
    #[error("`{0}` is not a date: `YYYY-MM-DD` is expected")]
    Date(String),
}
