//! The closed vocabularies that policies, findings and reports share: levels, stages, strengths,
//! precedences, outcomes, verdicts and exit statuses.
//!
//! One table of what can be said, with the words for it. This module knows no other.

use serde::{Deserialize, Serialize};

/// Which document wins where two contradict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Precedence {
    /// The governance framework in force.
    Framework,
    /// The house procedure; may only be stricter.
    House,
    /// A page that explains; never normative.
    Encyclopedic,
    /// countersign's own.
    Gate,
}

/// How bad a failure is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Reported only.
    Info,
    /// Needs a waiver.
    Warn,
    /// The signature is refused.
    Block,
}

impl Level {
    /// As policies and reports write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Block => "block",
        }
    }
}

/// When a rule is first decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// Before QAR1 submits.
    Evidence,
    /// On QAR1's proposal.
    Proposal,
    /// On QAR2's approval.
    Approval,
    /// At signing.
    Signature,
    /// When the case is closed.
    Closing,
}

impl Stage {
    /// As policies and reports write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Evidence => "evidence",
            Self::Proposal => "proposal",
            Self::Approval => "approval",
            Self::Signature => "signature",
            Self::Closing => "closing",
        }
    }
}

/// How strongly the source says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Strength {
    /// MUST
    #[serde(rename = "MUST")]
    Must,
    /// MUST NOT
    #[serde(rename = "MUST-NOT")]
    MustNot,
    /// SHALL
    #[serde(rename = "SHALL")]
    Shall,
    /// SHOULD
    #[serde(rename = "SHOULD")]
    Should,
    /// MAY
    #[serde(rename = "MAY")]
    May,
    /// A step of a procedure.
    #[serde(rename = "PROC")]
    Proc,
    /// A checkable claim of an encyclopedic page.
    #[serde(rename = "CLAIM")]
    Claim,
    /// Informative.
    #[serde(rename = "INFO")]
    Info,
}

/// What a rule says of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The rule does not concern this case.
    NotApplicable,
    /// It holds.
    Pass,
    /// A signed human statement is needed and not there.
    Review,
    /// It cannot be judged on this evidence.
    Indeterminate,
    /// It does not hold.
    Fail,
}

/// What a run says of a case. Ordered: each is worse than those after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// An unwaived `block` fail.
    NotClean,
    /// Something at block or warn level could not be judged, or waits for a human statement.
    Indeterminate,
    /// An unwaived `warn` fail.
    NeedsWaiver,
    /// Every `warn` fail is waived.
    CleanWithWaivers,
    /// Nothing at block or warn level fails.
    Clean,
}

/// Which verdicts make `check` exit with an error: `--fail-on`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailOn {
    /// Only `block` fails.
    Block,
    /// `block` and `warn` fails.
    #[default]
    Warn,
}

/// Exit status of a usage, policy or trust error: the run could not be made.
pub const EXIT_ERROR: u8 = 2;

/// Exit status of the gate's no, whatever its reason.
pub const EXIT_REFUSED: u8 = 4;

impl Verdict {
    /// The exit status of `check`: 0 clean, 1 not clean, 3 indeterminate.
    pub fn exit_status(self, fail_on: FailOn) -> u8 {
        match (self, fail_on) {
            (Self::Clean | Self::CleanWithWaivers, _) => 0,
            (Self::NeedsWaiver, FailOn::Block) => 0,
            (Self::NeedsWaiver, FailOn::Warn) | (Self::NotClean, _) => 1,
            (Self::Indeterminate, _) => 3,
        }
    }

    /// As reports write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotClean => "not-clean",
            Self::Indeterminate => "indeterminate",
            Self::NeedsWaiver => "needs-waiver",
            Self::CleanWithWaivers => "clean-with-waivers",
            Self::Clean => "clean",
        }
    }
}

impl Outcome {
    /// As reports write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotApplicable => "not-applicable",
            Self::Pass => "pass",
            Self::Review => "review",
            Self::Indeterminate => "indeterminate",
            Self::Fail => "fail",
        }
    }
}
