//! What a report shows beside its findings: the chain of credentials, who did what in which order, and what will be
//! signed, field by field. Nothing of it decides; rules do.

use serde::{Deserialize, Serialize};

use crate::primitives::Instant;

/// What is shown beside the findings of a case or a credential.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Exhibits {
    /// The credentials, each after those that it rests on.
    pub chain: Vec<CredentialEntry>,
    /// What the two QARs did, in order of time; what is still to be done stands last.
    pub steps: Vec<StepEntry>,
    /// The proposal of the case.
    pub proposal: Option<ProposalEntry>,
}

/// A credential that was presented or is proposed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CredentialEntry {
    /// Its digest.
    pub said: String,
    /// `QVI`, `LE`, `OOR_AUTH`, `OOR`, `ECR_AUTH` or `ECR`; absent where its schema is none of theirs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credential_type: Option<String>,
    /// The stream that holds it, relative to the case.
    pub path: String,
    /// Who issues it.
    pub issuer: Party,
    /// To whom; absent where it is untargeted or not disclosed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuee: Option<Party>,
    /// The LEI in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lei: Option<String>,
    /// The person in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    /// The role in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// Its registry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registry: Option<String>,
    /// What its registry says; absent where that was not looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<RegistryState>,
    /// When it was issued, by its registry event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issued_at: Option<Instant>,
    /// When it was revoked, by its registry event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<Instant>,
    /// What cryptography says of it and of all that it rests on; absent where that was not looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub standing: Option<ChainState>,
    /// What it rests on.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub edges: Vec<EdgeEntry>,
}

/// Somebody in a chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Party {
    /// The identifier.
    pub aid: String,
    /// Who that is, where the trust file or the chain says it: `GEDA`, `QVI`, `legal entity`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// What a registry says of a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RegistryState {
    /// It is proposed, and in no registry yet.
    Draft,
    /// Issued, and not revoked.
    Issued,
    /// Revoked.
    Revoked,
    /// No event that its issuer's log seals says anything of it.
    Unproven,
}

/// What a chain is worth by cryptography.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChainState {
    /// It holds.
    Valid,
    /// It, or something that it rests on, is revoked.
    Revoked,
    /// The QVI's credential is revoked, and the grace period runs.
    Ghost,
    /// Something is missing.
    Incomplete,
    /// Something contradicts it.
    Invalid,
}

/// A credential that another rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EdgeEntry {
    /// `qvi`, `le`, `auth`.
    pub label: String,
    /// The other credential.
    pub node: String,
    /// Whether it is there and fits; absent where that was not looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<EdgeState>,
}

/// Whether an edge holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EdgeState {
    /// The other credential is there, with the schema and between the parties that the edge asks for.
    Holds,
    /// It is there, and is not what the edge asks for.
    Broken,
    /// It was not presented.
    NotPresented,
}

/// Something that one of the two QARs did, or has still to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepEntry {
    /// What.
    pub step: Step,
    /// In which role.
    pub role: QarRole,
    /// Who, as the record says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    /// With which identifier, as the record says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aid: Option<String>,
    /// When, as the record says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Instant>,
    /// When an assignment ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Instant>,
    /// The record, relative to the case; absent: the case has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Whether the signatures of the record hold; absent where nobody looked, or there is no record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signed: Option<bool>,
    /// What is not as two people in the right order would leave it, in words.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub remarks: Vec<String>,
}

/// What a QAR does in a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// Is assigned to the case.
    Assigned,
    /// Makes the credential, and signs its event first.
    Proposed,
    /// Hands the evidence over.
    Submitted,
    /// Has a report made.
    Reported,
    /// Approves.
    Approved,
    /// Rejects.
    Rejected,
    /// Signs the event.
    Signed,
}

/// One of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum QarRole {
    /// Gathers the evidence.
    #[serde(rename = "QAR1")]
    First,
    /// Looks at it again.
    #[serde(rename = "QAR2")]
    Second,
}

/// What is proposed to be signed, beside what the evidence proves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProposalEntry {
    /// The record of the proposal, relative to the case.
    pub path: String,
    /// Why there is nothing to compare it with, where that is so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_compared: Option<String>,
    /// What GLEIF says of the LEI of the case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gleif: Option<GleifEntry>,
    /// Every field, in the order of the bytes.
    pub fields: Vec<FieldEntry>,
}

/// The newest record of GLEIF in the case about the LEI of the case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GleifEntry {
    /// The saved body, relative to the case.
    pub path: String,
    /// The LEI in it.
    pub lei: String,
    /// The legal name in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub legal_name: Option<String>,
    /// The status of the entity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entity_status: Option<String>,
    /// The status of the registration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registration_status: Option<String>,
    /// When the registration is due for renewal, as written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_renewal: Option<String>,
}

/// A field of what is proposed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldEntry {
    /// `credential`, `registry event`, `anchoring event` or `proposal`.
    pub part: String,
    /// Which field: `a.LEI`; empty: the whole part.
    pub field: String,
    /// What stands there; absent: nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proposed: Option<String>,
    /// What the evidence proves; absent: that no such field belongs there, or that nothing is compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proven: Option<String>,
    /// What proves it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// How the two compare.
    pub evidence: Comparison,
    /// What GLEIF's record says, of a field that it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gleif_value: Option<String>,
    /// How that compares with what is proposed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gleif_agrees: Option<bool>,
}

/// How what is proposed compares with what is proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Comparison {
    /// The same.
    Equal,
    /// The proposal chooses it, and it is within its range.
    InRange,
    /// Not the same.
    Differs,
    /// Not the same, only because another field is not.
    Follows,
    /// Nothing to compare it with.
    NotCompared,
}

impl RegistryState {
    /// As the report writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Issued => "issued",
            Self::Revoked => "revoked",
            Self::Unproven => "unproven",
        }
    }
}

impl QarRole {
    /// As the report writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::First => "QAR1",
            Self::Second => "QAR2",
        }
    }
}
