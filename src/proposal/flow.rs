//! Which flows end with an event of the QVI's group, and about which credential.
//!
//! A flow that is not named here proposes nothing: an authorization is the entity's to issue, and a review signs
//! no event.

use crate::{keri, trust};

use super::Act;

/// A type of credential that the QVI issues.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Legal Entity
    Le,
    /// Official Organizational Role
    Oor,
    /// Engagement Context Role
    Ecr,
}

/// What says which credential is revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    /// Somebody asked for it.
    Request,
    /// The entity's LEI, whether or not the entity wants it.
    Lei,
}

/// What a flow proposes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flow {
    /// An issuance.
    Issue(Kind),
    /// A revocation.
    Revoke(Kind, Cause),
}

impl Flow {
    /// By its id, as `flows.yaml` names it.
    pub fn named(id: &str) -> Option<Self> {
        match id {
            "le-unsolicited" | "le-solicited" => Some(Self::Issue(Kind::Le)),
            "oor" => Some(Self::Issue(Kind::Oor)),
            "ecr" => Some(Self::Issue(Kind::Ecr)),
            "le-revocation" => Some(Self::Revoke(Kind::Le, Cause::Request)),
            "le-revocation-involuntary" => Some(Self::Revoke(Kind::Le, Cause::Lei)),
            "oor-revocation" => Some(Self::Revoke(Kind::Oor, Cause::Request)),
            "ecr-revocation" => Some(Self::Revoke(Kind::Ecr, Cause::Request)),
            _ => None,
        }
    }

    /// What it proposes.
    pub fn act(self) -> Act {
        match self {
            Self::Issue(_) => Act::Issue,
            Self::Revoke(..) => Act::Revoke(None),
        }
    }
}

impl Kind {
    /// As the trust file pins its schema.
    pub fn pinned(self) -> trust::CredentialType {
        match self {
            Self::Le => trust::CredentialType::Le,
            Self::Oor => trust::CredentialType::Oor,
            Self::Ecr => trust::CredentialType::Ecr,
        }
    }

    /// As its schema says.
    pub fn credential_type(self) -> keri::CredentialType {
        match self {
            Self::Le => keri::CredentialType::Le,
            Self::Oor => keri::CredentialType::Oor,
            Self::Ecr => keri::CredentialType::Ecr,
        }
    }

    /// The entity's authorization that it rests on, of a role.
    pub fn authorization(self) -> Option<keri::CredentialType> {
        match self {
            Self::Le => None,
            Self::Oor => Some(keri::CredentialType::OorAuth),
            Self::Ecr => Some(keri::CredentialType::EcrAuth),
        }
    }

    /// The attribute that names the role.
    pub fn role(self) -> Option<&'static str> {
        match self {
            Self::Le => None,
            Self::Oor => Some("officialRole"),
            Self::Ecr => Some("engagementContextRole"),
        }
    }

    /// Whether it hides who holds it behind salts.
    pub fn is_salted(self) -> bool {
        match self {
            Self::Le | Self::Oor => false,
            Self::Ecr => true,
        }
    }
}
