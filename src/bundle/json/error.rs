//! Why a file is not strict JSON.

use thiserror::Error;

use crate::source::Span;

/// The first thing in a file that is not strict JSON.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{kind}")]
pub struct JsonError {
    /// What it is.
    #[source]
    pub kind: JsonErrorKind,
    /// Where.
    pub at: Span,
}

/// What makes a file not strict JSON. User text is already made printable.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum JsonErrorKind {
    /// Bytes that are no UTF-8.
    #[error("it is not UTF-8")]
    NotUtf8,
    /// A byte order mark at the start.
    #[error("it begins with a byte order mark")]
    ByteOrderMark,
    /// Something else than the grammar allows here.
    #[error("{expected} is expected here, not {found}")]
    Syntax {
        /// What the grammar allows.
        expected: &'static str,
        /// What stands there.
        found: String,
    },
    /// A key that its object already has.
    #[error("the key `{0}` is there twice")]
    DuplicateKey(String),
    /// A number with a fraction or an exponent.
    #[error("the number {0} is not an integer")]
    Float(String),
    /// An integer that other readers would round.
    #[error("the integer {0} is beyond 2^53-1")]
    BigInteger(String),
    /// Objects and lists inside each other beyond the limit.
    #[error("objects and lists are nested more than {0} deep")]
    TooDeep(u32),
    /// Text after the value.
    #[error("there is text after the end of the value")]
    TrailingText,
    /// Half of a surrogate pair, escaped.
    #[error("`{0}` is half of a surrogate pair")]
    LoneSurrogate(String),
    /// A control character that must be escaped.
    #[error("the control character U+{0:04X} must be escaped")]
    ControlCharacter(u8),
    /// An escape that JSON does not have.
    #[error("`{0}` is not an escape of JSON")]
    BadEscape(String),
    /// More elements or members than one file may have.
    #[error("it holds more than {0} values")]
    TooManyValues(u32),
}

impl JsonErrorKind {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            Self::NotUtf8 => "save the file as UTF-8",
            Self::ByteOrderMark => "save the file as UTF-8 without a byte order mark",
            Self::Syntax { .. } => "mend the file with the tool that made it; comments and trailing commas are no JSON",
            Self::DuplicateKey(_) => "keep one of the two; a reader that takes the other would see another record",
            Self::Float(_) => "write whole numbers in the field's unit; amounts are in minor units",
            Self::BigInteger(_) => "write large numbers as text; other readers would round it",
            Self::TooDeep(_) => "no record is nested so deep; make the file again with the tool that made it",
            Self::TrailingText => "one file holds one record; put the other into a file of its own",
            Self::LoneSurrogate(_) => "write the character itself, in UTF-8",
            Self::ControlCharacter(_) => "escape it, as in `\\n` or `\\u0001`",
            Self::BadEscape(_) => "the escapes are \\\" \\\\ \\/ \\b \\f \\n \\r \\t and \\uXXXX",
            Self::TooManyValues(_) => "no record is that large; make the file again with the tool that made it",
        }
    }
}
