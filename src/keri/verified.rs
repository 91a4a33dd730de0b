//! What a stream proves, as values with their places: what facts are made of.
//!
//! Everything here was derived from signatures and digests that were computed; claims that did not
//! verify are in the refused lists only.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::facts::threshold::Threshold;
use crate::primitives::{Aid, Said};

/// Everything that a verdict rests on.
#[derive(Debug, Default, Clone, PartialEq, Serialize)]
pub struct Verified {
    /// Messages in the stream.
    pub messages: usize,
    /// Distinct signatures that were verified.
    pub signatures: usize,
    /// The credential that was judged.
    pub target: Option<Said>,
    /// The chain, the judged credential first, each before those it points to.
    pub chain: Vec<CredentialFact>,
    /// The logs that matter to it, by identifier.
    pub logs: BTreeMap<Aid, LogFact>,
}

/// A log as far as it is accepted.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LogFact {
    /// Who delegated the identifier.
    pub delegator: Option<Aid>,
    /// Where the delegator's log seals the inception.
    pub delegated_at: Option<Place>,
    /// The accepted events; the place in the list is the sequence number.
    pub events: Vec<EventFact>,
    /// The key states, one for each accepted establishment event.
    pub states: Vec<StateFact>,
    /// Digests of events that a recovery took out of the log.
    pub superseded: Vec<Said>,
    /// Events that are not accepted.
    pub refused: Vec<RefusedFact>,
    /// Places with two signed events.
    pub duplicitous: Vec<u64>,
}

/// A place in a log.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Place {
    /// Whose log.
    pub aid: Aid,
    /// Sequence number.
    pub sn: u64,
    /// Digest of the event.
    pub said: Said,
    /// Where the event stands in the stream.
    pub offset: usize,
}

/// An accepted event.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EventFact {
    /// `icp`, `dip`, `rot`, `drt`, `ixn`.
    pub kind: &'static str,
    /// Its digest.
    pub said: Said,
    /// Where it stands in the stream.
    pub offset: usize,
    /// Indices of the keys that signed.
    pub signers: Vec<u32>,
    /// Indices of the witnesses that receipted.
    pub witnesses: Vec<u32>,
    /// How many things it seals.
    pub seals: usize,
    /// The key state from it on: place in the log's list of states.
    pub state: usize,
}

/// A key state.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StateFact {
    /// Keys in force.
    pub keys: Vec<String>,
    /// How many must sign.
    pub threshold: Threshold,
    /// Number of next keys; 0: the log is final.
    pub next_keys: usize,
    /// How many of the next keys must sign.
    pub next_threshold: Option<Threshold>,
    /// Witnesses in force.
    pub witnesses: Vec<String>,
    /// How many must receipt.
    pub witness_threshold: u32,
    /// Configuration traits.
    pub traits: Vec<String>,
    /// The last establishment event.
    pub established: (u64, String),
}

/// An event that is not accepted.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RefusedFact {
    /// Its place.
    pub sn: u64,
    /// Its digest.
    pub said: Said,
    /// Where it stands in the stream.
    pub offset: usize,
    /// Why.
    pub why: String,
}

/// The six credential types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum CredentialType {
    /// Qualified vLEI Issuer.
    #[serde(rename = "QVI")]
    Qvi,
    /// Legal Entity.
    #[serde(rename = "LE")]
    Le,
    /// Authorization of an Official Organizational Role.
    #[serde(rename = "OOR_AUTH")]
    OorAuth,
    /// Official Organizational Role.
    #[serde(rename = "OOR")]
    Oor,
    /// Authorization of an Engagement Context Role.
    #[serde(rename = "ECR_AUTH")]
    EcrAuth,
    /// Engagement Context Role.
    #[serde(rename = "ECR")]
    Ecr,
}

/// A credential of the chain.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CredentialFact {
    /// Its digest.
    pub said: Said,
    /// Where it stands in the stream.
    pub offset: usize,
    /// Its type, by its schema.
    #[serde(rename = "type")]
    pub kind: Option<CredentialType>,
    /// The digest of its schema.
    pub schema: Said,
    /// Who issued it.
    pub issuer: Aid,
    /// To whom.
    pub issuee: Option<Aid>,
    /// In which registry.
    pub registry: Said,
    /// Attributes that are text or numbers, as written.
    pub attributes: BTreeMap<String, String>,
    /// To what it points.
    pub edges: Vec<EdgeFact>,
    /// What its registry says.
    pub status: Status,
    /// The issuance event.
    pub issued: Option<RegistryFact>,
    /// The revocation event.
    pub revoked: Option<RegistryFact>,
    /// Whether its registry is its issuer's, and sealed in that log.
    #[serde(skip)]
    pub registry_proven: bool,
    /// Whether it has the form of its type.
    #[serde(skip)]
    pub fits_profile: bool,
    /// Whether it fits its official schema; none: that schema is not at hand.
    #[serde(skip)]
    pub fits_schema: Option<bool>,
    /// Where it does not fit.
    #[serde(skip)]
    pub misfit: Option<String>,
}

/// An edge.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EdgeFact {
    /// `qvi`, `le`, `auth`
    pub label: String,
    /// The far credential.
    pub node: Said,
    /// The schema it must have.
    pub schema: Option<Said>,
    /// `I2I`, `NI2I` or `DI2I`, as written or by default.
    pub operator: &'static str,
    /// Whether schema and operator hold; none: the far credential was not presented.
    #[serde(skip)]
    pub holds: Option<bool>,
}

/// What a registry says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Issued and not revoked, as far as the log goes.
    Issued,
    /// Revoked.
    Revoked,
    /// Not proven.
    Unproven,
}

/// A registry event with the place that seals it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RegistryFact {
    /// Its digest.
    pub said: Said,
    /// When, by the issuer's word.
    pub dated: String,
    /// Where the issuer's log seals it.
    pub sealed: Place,
}

impl CredentialType {
    /// As reports write it.
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

impl Verified {
    /// A credential of the chain.
    pub fn credential(&self, said: &Said) -> Option<&CredentialFact> {
        self.chain.iter().find(|credential| credential.said == *said)
    }

    /// The last key state of an identifier.
    pub fn state(&self, aid: &Aid) -> Option<&StateFact> {
        self.logs.get(aid).and_then(|log| log.states.last())
    }

    /// The key state at an event.
    pub fn state_at(&self, place: &Place) -> Option<&StateFact> {
        let log = self.logs.get(&place.aid)?;
        let event = log.events.get(usize::try_from(place.sn).ok()?)?;
        log.states.get(event.state)
    }
}
