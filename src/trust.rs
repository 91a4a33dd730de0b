//! The trust file: what an installation trusts. It never comes from a bundle.
//!
//! In: the bytes of `trust.json`. Out: a [`Trust`] with checked AIDs, thresholds and dates, and its
//! digest, which stands in every report. The reverse, a first trust file, is made here too.
//!
//! A first trust file is believed because it is there: nothing older could vouch for it. One that replaces another
//! is signed by the officers of the one before, see [`Trust::succeeds`].
//!
//! This module must not know rules, bundles or the engine.

pub mod error;
mod parse;
pub mod quorum;
mod successor;
mod write;

use std::borrow::Cow;
use std::sync::Arc;

use crate::bundle::json::canonical::canonical;
use crate::bundle::json::{Tree, Value};
use crate::facts::threshold::Threshold;
use crate::keystore::RecordToSign;
use crate::primitives::{Aid, Instant, Said, Sha256};

pub use error::TrustError;
pub use quorum::{NotSigned, Quorum};
pub use successor::{KeysChange, TrustChange};
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
    /// Whether people practise with it: the clock may be set then.
    pub practice: bool,
    /// Other QVIs whose cases are audited with it. The gate knows none of them.
    pub audited: Arc<[Audited]>,
    /// The officers' signatures over it.
    pub signatures: Vec<KeySignature>,
    /// Key event logs of officers and policy keys, as a CESR stream.
    pub logs: Option<String>,
    /// What the signatures are over.
    record: RecordToSign,
    /// SHA-256 of the file as it is.
    pub digest: Sha256,
}

/// A QVI beside the installation's own, and those above it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audited {
    /// Its root.
    pub root_aid: Aid,
    /// Who delegates it.
    pub geda_aid: Aid,
    /// Itself.
    pub qvi_aid: Aid,
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

/// A signature over a document of the installation without its `signatures`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeySignature {
    /// The signer.
    pub aid: Aid,
    /// Sequence number of the establishment event whose key signed.
    pub sn: u64,
    /// SAID of that event.
    pub said: Said,
    /// The signature, in qualified base64.
    pub signature: String,
}

impl Trust {
    /// The trust that a case of this QVI is audited with: its own root and delegator in the place of the
    /// installation's, if the file names it; else the file as it is. Officers and schemas are the same.
    pub fn of_case(&self, qvi_aid: Option<&str>) -> Cow<'_, Self> {
        let named = self.audited.iter().find(|audited| Some(audited.qvi_aid.as_str()) == qvi_aid);
        match named {
            None => Cow::Borrowed(self),
            Some(audited) => Cow::Owned(Self {
                root_aid: audited.root_aid.clone(),
                geda_aid: audited.geda_aid.clone(),
                qvi_aid: audited.qvi_aid.clone(),
                ..self.clone()
            }),
        }
    }
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

/// The canonical form of a document without some of its members; `None` if it is no object.
pub(crate) fn without(tree: &Tree<'_>, names: &[&str]) -> Option<Vec<u8>> {
    let members = tree.members()?.iter().filter(|member| !names.contains(&&*member.key)).cloned();
    canonical(&Tree { value: Value::Object(members.collect()), span: tree.span })
}
