//! The trust file: what an installation trusts. It never comes from a bundle.
//!
//! In: the bytes of `trust.json`. Out: a [`Trust`] with checked AIDs, thresholds and dates, and its
//! digest, which stands in every report. The reverse, a first trust file, is made here too.
//!
//! **The officers' signatures are kept and not verified.** Whoever can write the trust file can, so
//! far, change what is trusted; verification comes with the verified key states.
//! This module must not know rules, bundles or the engine.

pub mod error;
mod parse;
mod write;

use crate::facts::threshold::Threshold;
use crate::primitives::{Aid, Instant, Said, Sha256};

pub use error::TrustError;
pub use write::TrustDraft;

/// What an installation trusts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trust {
    /// Raised by every change.
    pub serial: u64,
    /// First moment it holds.
    pub valid_from: Instant,
    /// GLEIF's root AID.
    pub root_aid: Aid,
    /// GLEIF's external delegated AID, which delegates QVIs.
    pub geda_aid: Aid,
    /// The AID of the QVI whose installation it is.
    pub qvi_aid: Aid,
    /// The officers, and how many of them must sign.
    pub officers: Keys,
    /// The keys that sign the rule book.
    pub policy_keys: Keys,
    /// The AIDs that issuances are reported to.
    pub reporting_agents: Vec<Aid>,
    /// Pinned credential schemas.
    pub schemas: Vec<SchemaPin>,
    /// Digest of the first row of the ledger; none until there is one.
    pub ledger_genesis: Option<Sha256>,
    /// Whether the store exists: if it is gone then, the gate refuses.
    pub store_initialised: bool,
    /// The officers' signatures, not verified.
    pub signatures: Vec<TrustSignature>,
    /// SHA-256 of the file as it is.
    pub digest: Sha256,
}

/// AIDs and how many of them must sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keys {
    /// The AIDs; the threshold counts them by their place here.
    pub aids: Vec<Aid>,
    /// How many, or which weights.
    pub threshold: Threshold,
}

/// A credential schema that is accepted for a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaPin {
    /// The type of credential.
    pub credential_type: CredentialType,
    /// The schema.
    pub said: Said,
    /// First moment.
    pub valid_from: Instant,
    /// Last moment; none while it holds.
    pub valid_to: Option<Instant>,
}

/// The six types of vLEI credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CredentialType {
    /// Qualified vLEI Issuer
    Qvi,
    /// Legal Entity
    Le,
    /// Official Organizational Role, authorization
    OorAuth,
    /// Official Organizational Role
    Oor,
    /// Engagement Context Role, authorization
    EcrAuth,
    /// Engagement Context Role
    Ecr,
}

/// An officer's signature over the file without its `signatures`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustSignature {
    /// The signer.
    pub aid: Aid,
    /// Sequence number of the establishment event whose key signed.
    pub sn: u64,
    /// SAID of that event.
    pub said: Said,
    /// The signature, in qualified base64.
    pub signature: String,
}

impl CredentialType {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Qvi, Self::Le, Self::OorAuth, Self::Oor, Self::EcrAuth, Self::Ecr];

    /// As files write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Qvi => "QVI",
            Self::Le => "LE",
            Self::OorAuth => "OOR_AUTH",
            Self::Oor => "OOR",
            Self::EcrAuth => "ECR_AUTH",
            Self::Ecr => "ECR",
        }
    }
}
