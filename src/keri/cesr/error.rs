//! Why a stream cannot be framed.

use thiserror::Error;

/// The first byte of a stream that cannot be read, and why.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CesrError {
    /// Nothing there.
    #[error("the stream is empty")]
    Empty,
    /// Beyond a bound.
    #[error("byte {offset}: {what} is beyond the limit of {limit}")]
    TooLarge {
        /// Where.
        offset: usize,
        /// What is too large.
        what: &'static str,
        /// The bound.
        limit: usize,
    },
    /// The stream ends inside something.
    #[error("byte {offset}: the stream ends inside {what}: {missing} more bytes are expected")]
    Truncated {
        /// Where the thing begins.
        offset: usize,
        /// What is cut off.
        what: &'static str,
        /// How much is missing.
        missing: usize,
    },
    /// Neither a message nor an attachment.
    #[error("byte {offset}: {expected} is expected, `{found}` stands there")]
    Garbage {
        /// Where.
        offset: usize,
        /// What should stand there.
        expected: &'static str,
        /// The next few bytes, escaped.
        found: String,
    },
    /// A version string that is not version 1 JSON.
    #[error("byte {offset}: the version string `{found}` is not one of KERI or ACDC version 1 in JSON")]
    Version {
        /// Where.
        offset: usize,
        /// What stands there.
        found: String,
    },
    /// The size in the version string is not the size of the body.
    #[error("byte {offset}: the version string names a size of {size} bytes, {why}")]
    WrongSize {
        /// Where the body begins.
        offset: usize,
        /// The claimed size.
        size: usize,
        /// What contradicts it.
        why: &'static str,
    },
    /// A code of a later version, or of a feature that vLEI streams do not use.
    #[error("byte {offset}: {what} is not supported")]
    Unsupported {
        /// Where.
        offset: usize,
        /// The code and its name.
        what: String,
    },
    /// A count code that is none.
    #[error("byte {offset}: `{code}` is not a count code of CESR version 1")]
    UnknownCode {
        /// Where.
        offset: usize,
        /// The code.
        code: String,
    },
    /// An item that is not what its group holds.
    #[error("byte {offset}: {what} is malformed: {why}")]
    Malformed {
        /// Where.
        offset: usize,
        /// What it should be.
        what: &'static str,
        /// What is wrong.
        why: &'static str,
    },
    /// A group that counts quadlets does not end where its items end.
    #[error("byte {offset}: the group `{code}` ends inside one of its items")]
    Overrun {
        /// Where the group begins.
        offset: usize,
        /// Its code.
        code: &'static str,
    },
    /// Groups within groups.
    #[error("byte {offset}: attachment groups are nested deeper than {limit}")]
    Nesting {
        /// Where.
        offset: usize,
        /// The bound.
        limit: usize,
    },
}

impl CesrError {
    /// Stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Empty => "stream_empty",
            Self::TooLarge { .. } | Self::Nesting { .. } => "stream_too_large",
            Self::Truncated { .. } => "stream_truncated",
            Self::Garbage { .. } => "stream_garbage",
            Self::Version { .. } | Self::Unsupported { .. } => "stream_unsupported",
            Self::WrongSize { .. } => "stream_wrong_size",
            Self::UnknownCode { .. } => "stream_unknown_code",
            Self::Malformed { .. } | Self::Overrun { .. } => "stream_malformed",
        }
    }

    /// The byte it is about.
    pub fn offset(&self) -> usize {
        match self {
            Self::Empty => 0,
            Self::TooLarge { offset, .. }
            | Self::Truncated { offset, .. }
            | Self::Garbage { offset, .. }
            | Self::Version { offset, .. }
            | Self::WrongSize { offset, .. }
            | Self::Unsupported { offset, .. }
            | Self::UnknownCode { offset, .. }
            | Self::Malformed { offset, .. }
            | Self::Overrun { offset, .. }
            | Self::Nesting { offset, .. } => *offset,
        }
    }
}
