//! What a rule found, and why.

use crate::compile::program::{Level, OpId, RuleIndex};
use crate::facts::{Cause, FileId};
use crate::primitives::Instant;
use crate::source::Span;

use super::outcome::{Outcome, Verdict};

/// Everything a run found.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluation {
    /// One per due rule that was selected, in program order.
    pub results: Vec<RuleResult>,
    /// Selected rules of a later stage.
    pub not_yet_due: Vec<RuleIndex>,
    /// The verdict over all results.
    pub verdict: Verdict,
    /// The last instant for which every clock comparison made gives the same answer; `None` if no
    /// comparison can change.
    pub valid_until: Option<Instant>,
    /// Waivers that were given and not used, expired, or for something else.
    pub waivers: Vec<WaiverFinding>,
}

/// What one rule says of the case.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleResult {
    /// The rule.
    pub rule: RuleIndex,
    /// The worst of its findings.
    pub outcome: Outcome,
    /// One per element of `for each`, else one. Passing and not-applicable elements are only counted.
    pub findings: Vec<Finding>,
    /// Elements that passed.
    pub passed: u32,
    /// Elements the rule does not concern.
    pub not_applicable: u32,
    /// Rules that are `same_as` this one and were due: they share its outcome.
    pub aliases: Vec<RuleIndex>,
    /// The level in the profile in force, the stricter of its own and its aliases'.
    pub level: Level,
}

/// One failing, indeterminate or review element.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// `Fail`, `Indeterminate` or `Review`.
    pub outcome: Outcome,
    /// The level, after `warn_when`.
    pub level: Level,
    /// Whether `warn_when` lowered it.
    pub lowered: bool,
    /// The element of `for each`: how it is called, and where it is.
    pub element: Option<Element>,
    /// The rule's message, filled in.
    pub message: String,
    /// The comparisons that decided, most telling first.
    pub deciding: Vec<Deciding>,
    /// For an indeterminate finding: the unknowns that decided.
    pub unknowns: Vec<Missing>,
    /// The waiver that covers it.
    pub waiver: Option<usize>,
}

/// The element of `for each` that a finding is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Element {
    /// Stable name: the record's id, or path and index. Waivers name it.
    pub label: String,
    /// Where it is in the evidence.
    pub place: Option<Place>,
}

/// A place in the evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Place {
    /// The file.
    pub file: FileId,
    /// The bytes.
    pub span: Span,
}

/// A comparison (or other leaf condition) that decided an outcome.
#[derive(Debug, Clone, PartialEq)]
pub struct Deciding {
    /// The operation, for its span in the policy.
    pub op: OpId,
    /// What was expected, in words: `one of ISSUED, PENDING_TRANSFER, PENDING_ARCHIVAL`.
    pub expected: String,
    /// What was found: `LAPSED`.
    pub actual: String,
    /// Where what was found stands.
    pub places: Vec<Place>,
}

/// An unknown that decided.
#[derive(Debug, Clone, PartialEq)]
pub struct Missing {
    /// The operation that was unknown.
    pub op: OpId,
    /// Why.
    pub cause: Cause,
    /// What was looked for, in words: `issuance_plan.likely_issuance_date`.
    pub wanted: String,
    /// Where it should be, or where what is wrong stands.
    pub places: Vec<Place>,
}

/// A waiver as given to the run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiver {
    /// Its id.
    pub id: String,
    /// The rule it is for.
    pub rule: String,
    /// The digest of that rule, as 64 hexadecimal digits.
    pub rule_digest: String,
    /// The element it is for; empty for a rule without `for each`.
    pub element: String,
    /// Why.
    pub reason: String,
    /// Who approved it (AIDs or person ids, as the record says).
    pub approved_by: Vec<String>,
    /// First instant it holds.
    pub not_before: Option<Instant>,
    /// Last instant it holds.
    pub expires: Instant,
    /// The bundle it is for, as 64 hexadecimal digits.
    pub bundle: String,
}

/// What became of a waiver that did not cover anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaiverFinding {
    /// Index in the list given.
    pub waiver: usize,
    /// Why it was of no use.
    pub problem: WaiverProblem,
    /// `Info` for an unused one, `Block` for one that would have been needed.
    pub level: Level,
}

/// Why a waiver covered nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WaiverProblem {
    /// No finding needs it.
    Unused,
    /// It has expired.
    Expired,
    /// It does not hold yet.
    NotYet,
    /// It names another digest of the rule.
    OtherRule,
    /// It names another bundle.
    OtherBundle,
    /// The finding is at block level, which is never waived.
    BlockLevel,
    /// It has no approver, or one without a name.
    NoApprover,
    /// It has no id or no reason.
    NoReason,
}
