//! What verifying says: a verdict and findings with stable codes.

use std::fmt;

use serde::Serialize;
use serde::ser::SerializeMap;

use super::verified::Verified;
use crate::primitives::{Aid, Said};

/// The answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Answer {
    /// Everything that was asked holds.
    Valid,
    /// Something that is needed was not presented.
    Incomplete,
    /// The credential, or one that it rests on, is revoked.
    Revoked,
    /// Something contradicts what is claimed.
    Invalid,
}

/// What a finding does to the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// Nothing: worth telling.
    Note,
    /// See [`Answer::Incomplete`].
    Incomplete,
    /// See [`Answer::Revoked`].
    Revoked,
    /// See [`Answer::Invalid`].
    Invalid,
}

/// Something worth telling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Stable code.
    pub code: Code,
    /// One line for a person.
    pub message: String,
    /// Byte of the stream that it is about.
    pub offset: Option<usize>,
    /// Event or credential that it is about.
    pub said: Option<String>,
    /// The governance rule behind it; none for cryptography.
    pub rule: Option<String>,
    /// Whether it follows from what a log does not accept: what is wrong is told of the log.
    pub follows: bool,
}

/// The verdict on one credential.
#[derive(Debug)]
pub struct Verdict {
    /// The answer.
    pub answer: Answer,
    /// The heaviest first.
    pub findings: Vec<Finding>,
    /// What it rests on.
    pub verified: Verified,
}

/// What is trusted, from the installation; never from a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trusted {
    /// The root of trust.
    pub root: Aid,
    /// The identifier that qualifies QVIs; none: whoever issued the QVI credential, if the root
    /// delegated it.
    pub geda: Option<Aid>,
}

/// Why there is no verdict: the question is not clear.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unclear {
    /// Several credentials that no other points to.
    #[error("the stream has {} credentials that no other points to: {}", .0.len(), join(.0))]
    Several(Vec<Said>),
}

fn join(saids: &[Said]) -> String {
    saids.iter().map(|said| format!("`{said}`")).collect::<Vec<_>>().join(", ")
}

macro_rules! table_of_codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal: $weight:ident;)*) => {
        /// Codes of findings; they are part of the interface.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $($(#[$doc])* $name,)* }

        impl Code {
            /// Every code.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// As reports write it.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// What it does to the answer.
            pub fn weight(self) -> Weight {
                match self { $(Self::$name => Weight::$weight,)* }
            }
        }
    };
}

table_of_codes! (
    // Framing and bodies.
    /// There is nothing.
    StreamEmpty = "stream_empty": Invalid;
    /// Beyond a bound.
    StreamTooLarge = "stream_too_large": Invalid;
    /// It ends inside something.
    StreamTruncated = "stream_truncated": Invalid;
    /// Bytes that are neither message nor attachment.
    StreamGarbage = "stream_garbage": Invalid;
    /// A size that is not the size.
    StreamWrongSize = "stream_wrong_size": Invalid;
    /// A count code that does not exist.
    StreamUnknownCode = "stream_unknown_code": Invalid;
    /// An item that is not what its group holds.
    StreamMalformed = "stream_malformed": Invalid;
    /// A later version or an unused feature of the encoding.
    StreamUnsupported = "stream_unsupported": Invalid;
    /// A body that is not what its type says.
    MessageMalformed = "message_malformed": Invalid;
    /// A digest that is not the digest of its message.
    SaidMismatch = "said_mismatch": Invalid;
    /// The same for a section of a credential.
    SectionSaidMismatch = "section_said_mismatch": Invalid;
    /// An identifier that is not derived from its inception.
    PrefixMismatch = "prefix_mismatch": Invalid;
    /// Something that vLEI infrastructure does not use.
    Unsupported = "unsupported": Invalid;

    // Logs.
    /// Two events at one place of a log.
    Duplicity = "duplicity": Invalid;
    /// A signature that does not verify, and without it too few.
    SignatureInvalid = "signature_invalid": Invalid;
    /// Too few keys signed.
    ThresholdUnmet = "threshold_unmet": Invalid;
    /// Too few witnesses receipted.
    ReceiptsShort = "receipts_short": Invalid;
    /// An event that contradicts its log.
    EventInvalid = "event_invalid": Invalid;
    /// A delegated event that its delegator did not approve.
    DelegationMissing = "delegation_missing": Invalid;
    /// No log of an identifier that matters.
    LogMissing = "log_missing": Incomplete;
    /// A log with a gap.
    EventMissing = "event_missing": Incomplete;

    // Registries.
    /// The registry belongs to somebody else.
    RegistryIssuer = "registry_issuer": Invalid;
    /// The issuance stands in another registry.
    RegistryOther = "registry_other": Invalid;
    /// The log does not seal what is said to be sealed in it.
    NotSealed = "not_sealed": Invalid;
    /// The sealing event was superseded.
    SealSuperseded = "seal_superseded": Invalid;
    /// An attached source names another event than the one that seals.
    SourceMismatch = "source_mismatch": Invalid;
    /// Two issuances of one credential.
    RegistryDuplicity = "registry_duplicity": Invalid;
    /// No inception of the registry.
    RegistryMissing = "registry_missing": Incomplete;
    /// No issuance event.
    IssuanceMissing = "issuance_missing": Incomplete;
    /// No source is attached.
    SourceMissing = "source_missing": Incomplete;
    /// A revocation whose sealing event was not presented.
    RevocationUnsettled = "revocation_unsettled": Incomplete;
    /// Revoked.
    Revoked = "revoked": Revoked;
    /// The issuer's log seals a revocation that was not presented.
    RevocationWithheld = "revocation_withheld": Revoked;
    /// A credential that it rests on is revoked.
    UpstreamRevoked = "upstream_revoked": Revoked;
    /// The QVI's credential is revoked, and the grace period runs.
    Ghost = "ghost": Revoked;

    // Credentials.
    /// Not one of the credential types.
    SchemaUnknown = "schema_unknown": Invalid;
    /// Not what its schema says.
    SchemaInvalid = "schema_invalid": Invalid;
    /// An edge names another schema than the far credential has.
    EdgeSchema = "edge_schema": Invalid;
    /// An edge's operator does not hold.
    EdgeOperator = "edge_operator": Invalid;
    /// A section that matters is not disclosed.
    SectionUndisclosed = "section_undisclosed": Incomplete;
    /// An edge points to a credential that was not presented.
    EdgeMissing = "edge_missing": Incomplete;
    /// The credential that was asked for is not in the stream.
    CredentialMissing = "credential_missing": Incomplete;

    // Governance rules: reports write the id of the rule instead.
    /// A rule that blocks fails.
    RuleFails = "rule_fails": Invalid;
    /// A rule cannot be decided on what was presented.
    RuleUndecided = "rule_undecided": Incomplete;
    /// A rule that warns fails.
    RuleWarns = "rule_warns": Note;

    /// Nothing speaks against it, and not everything speaks for it.
    Unproven = "unproven": Incomplete;

    // Notes.
    /// A revocation that no log seals: it revokes nothing.
    RevocationNotSealed = "revocation_not_sealed": Note;
    /// An event or message that the verdict does not rest on.
    NotUsed = "not_used": Note;
);

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Code {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl Serialize for Finding {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("code", self.name())?;
        map.serialize_entry("message", &self.message)?;
        if let Some(offset) = self.offset {
            map.serialize_entry("offset", &offset)?;
        }
        if let Some(said) = &self.said {
            map.serialize_entry("said", said)?;
        }
        if let Some(rule) = &self.rule {
            map.serialize_entry("rule", rule)?;
        }
        map.end()
    }
}

impl Finding {
    /// A finding about nothing in particular.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), offset: None, said: None, rule: None, follows: false }
    }

    /// About a byte of the stream.
    pub fn at(self, offset: usize) -> Self {
        Self { offset: Some(offset), ..self }
    }

    /// About an event or a credential.
    pub fn about(self, said: &str) -> Self {
        Self { said: Some(said.to_owned()), ..self }
    }

    /// That follows from what a log does not accept.
    pub fn following(self, follows: bool) -> Self {
        Self { follows, ..self }
    }

    /// For a governance rule.
    pub fn rule(self, rule: impl Into<String>) -> Self {
        Self { rule: Some(rule.into()), ..self }
    }

    /// As reports write its code: the id of the rule behind it, or the code itself.
    pub fn name(&self) -> &str {
        self.rule.as_deref().unwrap_or(self.code.as_str())
    }
}

impl Verdict {
    /// The verdict that findings make.
    pub fn of(mut findings: Vec<Finding>, verified: Verified) -> Self {
        // Stable: of equal weight, the root cause was found first.
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.code.weight()));
        let answer = match findings.first().map(|finding| finding.code.weight()) {
            None | Some(Weight::Note) => Answer::Valid,
            Some(Weight::Incomplete) => Answer::Incomplete,
            Some(Weight::Revoked) => Answer::Revoked,
            Some(Weight::Invalid) => Answer::Invalid,
        };
        Self { answer, findings, verified }
    }

    /// The verdict that further findings make.
    pub fn with(self, further: impl IntoIterator<Item = Finding>) -> Self {
        let Self { mut findings, verified, .. } = self;
        findings.extend(further);
        Self::of(findings, verified)
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Valid => "valid",
            Self::Incomplete => "incomplete",
            Self::Revoked => "revoked",
            Self::Invalid => "invalid",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique() {
        let texts: std::collections::BTreeSet<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(texts.len(), Code::ALL.len());
    }

    #[test]
    fn the_heaviest_finding_decides() {
        let of = |codes: &[Code]| {
            let findings = codes.iter().map(|code| Finding::new(*code, "")).collect();
            Verdict::of(findings, Verified::default()).answer
        };
        assert_eq!(of(&[]), Answer::Valid);
        assert_eq!(of(&[Code::RevocationNotSealed]), Answer::Valid);
        assert_eq!(of(&[Code::LogMissing, Code::Revoked]), Answer::Revoked);
        assert_eq!(of(&[Code::Revoked, Code::Duplicity, Code::LogMissing]), Answer::Invalid);
    }
}
