//! Why a message body is not used.

use thiserror::Error;

use crate::primitives::Said;

/// Why a body is not used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BodyError {
    /// Not the one form that digests are made over.
    #[error("the message is not strict, compact JSON: {why}")]
    NotStrict {
        /// Place in the message.
        at: usize,
        /// What is wrong.
        why: &'static str,
    },
    /// A field that is absent, out of order, unknown or of the wrong form.
    #[error("the `{kind}` message is malformed: field `{field}` {why}")]
    Field {
        /// Place in the message.
        at: usize,
        /// Type of message.
        kind: String,
        /// Which field.
        field: String,
        /// What is wrong.
        why: &'static str,
    },
    /// The digest in the message is not the digest of the message.
    #[error("the `{kind}` message says its digest is `{claimed}`, and it is `{actual}`")]
    Digest {
        /// Type of message.
        kind: String,
        /// What it says.
        claimed: String,
        /// What it is.
        actual: Said,
    },
    /// The same for a section of a credential.
    #[error("section `{path}` of credential `{credential}` says its digest is `{claimed}`, and it is `{actual}`")]
    SectionDigest {
        /// Place in the message.
        at: usize,
        /// Which section.
        path: String,
        /// Which credential.
        credential: String,
        /// What it says.
        claimed: String,
        /// What it is.
        actual: Said,
    },
    /// An identifier that is not derived from its inception.
    #[error("identifier `{prefix}` is not derived from its inception event")]
    Prefix {
        /// The identifier.
        prefix: String,
    },
    /// Something of a kind that vLEI infrastructure does not use.
    #[error("{what} is not supported")]
    Unsupported {
        /// Place in the message.
        at: usize,
        /// What.
        what: String,
    },
}

impl BodyError {
    /// Stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotStrict { .. } | Self::Field { .. } => "message_malformed",
            Self::Digest { .. } => "said_mismatch",
            Self::SectionDigest { .. } => "section_said_mismatch",
            Self::Prefix { .. } => "prefix_mismatch",
            Self::Unsupported { .. } => "unsupported",
        }
    }

    /// Place in the message.
    pub fn at(&self) -> usize {
        match self {
            Self::NotStrict { at, .. }
            | Self::Field { at, .. }
            | Self::SectionDigest { at, .. }
            | Self::Unsupported { at, .. } => *at,
            Self::Digest { .. } | Self::Prefix { .. } => 0,
        }
    }
}
