//! The report as a document. Its RFC 8785 JSON is what is stored, signed and compared; it holds no
//! wall clock, no host and no absolute path. `schemas/report.schema.json` describes it.
//!
//! Paths are relative to the case; lines and columns start at 1, columns count characters.

mod exhibits;

use serde::{Deserialize, Serialize};

use crate::compile::program::{Level, Stage};
use crate::evaluate::outcome::{FailOn, Outcome, Verdict};
use crate::facts::Cause;
use crate::primitives::{Instant, Sha256};

pub use exhibits::{
    ChainState, Comparison, CredentialEntry, EdgeEntry, EdgeState, Exhibits, FieldEntry, GleifEntry, Party,
    ProposalEntry, QarRole, RegistryState, Step, StepEntry,
};

/// A whole report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReportDocument {
    /// `countersign/report/v1`
    pub format: String,
    /// SAID of the document: BLAKE3-256 of its canonical JSON with this field filled with 44 `#`.
    pub said: String,
    /// Digest over bundle, policy, parameters, trust, waivers and the outcome per rule; no as-of.
    pub judgement: Sha256,
    /// The verdict.
    pub verdict: Verdict,
    /// Whether rules that the flow needs do not exist yet (see `pending`): the gate refuses it.
    pub partial: bool,
    /// What was judged, and how.
    pub run: Run,
    /// Results per outcome.
    pub summary: Summary,
    /// One per due rule, worst first, then in program order.
    pub results: Vec<ResultEntry>,
    /// Ids of selected rules of a later stage.
    pub not_yet_due: Vec<String>,
    /// Requirements of the selected packs that have no rule yet.
    pub pending: Vec<PendingEntry>,
    /// Kinds of record that the flow needs at the stages due, and those that rules looked for in vain.
    pub kinds: Vec<KindEntry>,
    /// Waivers given.
    pub waivers: Vec<WaiverEntry>,
    /// The evidence inventory.
    pub files: Vec<FileEntry>,
    /// The last instant for which the verdict holds without new evidence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<Instant>,
    /// The credentials that were presented or are proposed, each after those that it rests on.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub chain: Vec<CredentialEntry>,
    /// What the two QARs did, in order of time; what is still to be done stands last.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub steps: Vec<StepEntry>,
    /// What is proposed to be signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proposal: Option<ProposalEntry>,
}

/// What was judged, and how: everything that must be equal for the same bytes to come out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Version of countersign.
    pub engine: String,
    /// The instant judged for.
    pub as_of: Instant,
    /// When the case was signed, where it is judged after that.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub signed_at: Option<Instant>,
    /// The stage.
    pub stage: Stage,
    /// The flow that the manifest claims, and those added by `--flow`.
    pub flows: Vec<String>,
    /// The profile.
    pub profile: String,
    /// The packs that were selected, sorted.
    pub packs: Vec<String>,
    /// Which verdicts fail the command.
    pub fail_on: FailOn,
    /// The case or bundle id as the manifest says.
    pub bundle_id: String,
    /// sha256 of `manifest.json`; absent if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bundle: Option<Sha256>,
    /// LEI the manifest names, as written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lei: Option<String>,
    /// Digest of the rule book.
    pub policy: Sha256,
    /// Digest of the trust file.
    pub trust: Sha256,
    /// Every parameter the selected rules may read.
    pub parameters: Vec<ParameterEntry>,
}

/// A parameter, its value and who set it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ParameterEntry {
    /// Its name.
    pub name: String,
    /// Its value, as the policy language writes it.
    pub value: String,
    /// `default`, `profile` or `command line`.
    pub set_by: String,
    /// The default, where the value differs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
}

/// Results per outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Summary {
    /// Rules that pass.
    pub pass: u32,
    /// Rules that fail at block level.
    pub fail_block: u32,
    /// Rules that fail at warn level, without a waiver.
    pub fail_warn: u32,
    /// Rules that fail at info level.
    pub fail_info: u32,
    /// Rules all of whose failures are waived.
    pub waived: u32,
    /// Rules that could not be judged.
    pub indeterminate: u32,
    /// Rules that wait for a signed human statement.
    pub review: u32,
    /// Rules that do not concern the case.
    pub not_applicable: u32,
    /// Rules of later stages.
    pub not_yet_due: u32,
    /// Requirements without a rule yet.
    pub pending: u32,
}

/// What one rule says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ResultEntry {
    /// The rule.
    pub rule: String,
    /// Digest of the rule's meaning.
    pub rule_digest: Sha256,
    /// What holds when it passes.
    pub title: String,
    /// The governance document's id.
    pub document: String,
    /// The governance document's name.
    pub document_title: String,
    /// Section in the source.
    pub section: String,
    /// Section in the version in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub in_force_section: Option<String>,
    /// How strongly the source says it: `MUST`.
    pub strength: String,
    /// `framework`, `house`, `encyclopedic` or `gate`.
    pub precedence: String,
    /// The level in force.
    pub level: Level,
    /// When it is first decided.
    pub stage: Stage,
    /// The outcome.
    pub outcome: Outcome,
    /// Elements that passed.
    pub passed: u32,
    /// Failing, indeterminate and review elements.
    pub findings: Vec<FindingEntry>,
    /// Other requirements that this result stands for.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub same_as: Vec<String>,
    /// Requirements it is made of.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub all_of: Vec<String>,
    /// Where the rule stands.
    pub policy: PolicyPlace,
    /// What to do.
    pub help: String,
    /// Decisions on contradictions that shaped the rule.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub conflict: Vec<String>,
}

/// One failing, indeterminate or review element.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FindingEntry {
    /// The outcome.
    pub outcome: Outcome,
    /// The level, after `warn_when`.
    pub level: Level,
    /// Whether `warn_when` lowered it.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub lowered: bool,
    /// The element it is about; waivers name it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub element: Option<String>,
    /// The message.
    pub message: String,
    /// What was expected and found.
    pub deciding: Vec<DecidingEntry>,
    /// What was looked for and is not known.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub unknowns: Vec<UnknownEntry>,
    /// Id of the waiver that covers it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waiver: Option<String>,
    /// Id of the rule whose finding is the root cause of this one, where another rule already
    /// reports the same unreadable file or missing record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub root_cause: Option<String>,
}

/// A condition that decided.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DecidingEntry {
    /// The expression as written.
    pub expression: String,
    /// Where it stands in the policy.
    pub policy: PolicyPlace,
    /// What was expected.
    pub expected: String,
    /// What was found.
    pub actual: String,
    /// Where that stands.
    pub evidence: Vec<EvidencePlace>,
}

/// Something that was looked for and is not known.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UnknownEntry {
    /// What was looked for.
    pub wanted: String,
    /// Why it is not known: `missing`, `unreadable`, …
    pub cause: Cause,
    /// The kind of record of which none is listed, where that is the reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The sentence a reader needs: `no record of kind issuance-plan is listed`.
    pub explanation: String,
    /// Where it stands in the policy.
    pub policy: PolicyPlace,
    /// Where it should stand in the evidence.
    pub evidence: Vec<EvidencePlace>,
}

/// A place in a policy file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyPlace {
    /// Path of the file, relative to the policies folder.
    pub path: String,
    /// Line.
    pub line: u32,
    /// Column.
    pub column: u32,
}

/// A place in the evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvidencePlace {
    /// Path of the file, relative to the case.
    pub path: String,
    /// sha256 of the file as read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<Sha256>,
    /// JSON pointer.
    pub pointer: String,
    /// Line of the first character.
    pub line: u32,
    /// Column of the first character.
    pub column: u32,
    /// The line as it stands in the file, at most 240 characters around the place, control
    /// characters escaped.
    pub excerpt: String,
    /// First marked character of the excerpt (from 0) and how many are marked.
    pub mark: (u32, u32),
}

/// A requirement without a rule yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingEntry {
    /// The requirement.
    pub requirement: String,
    /// Its pack.
    pub pack: String,
    /// What it waits for.
    pub waits_for: String,
}

/// A kind of record, and whether the case has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KindEntry {
    /// The kind: `lei-record`.
    pub kind: String,
    /// What it is evidence of, in a sentence.
    pub title: String,
    /// The part of the case it belongs to: `bundle`, `decision` or `post`.
    pub area: String,
    /// The stage at which the flow needs it; absent for a kind that only single rules look for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub needed_at: Option<Stage>,
    /// Records that are listed.
    pub listed: u32,
    /// Rules that read it and do not pass; empty if one is listed.
    pub waiting: Vec<String>,
}

/// A waiver, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaiverEntry {
    /// Its id.
    pub id: String,
    /// The rule.
    pub rule: String,
    /// The element.
    pub element: String,
    /// Why.
    pub reason: String,
    /// Who approved it.
    pub approved_by: Vec<String>,
    /// When it expires.
    pub expires: Instant,
    /// `used`, `unused`, `expired`, `not yet in force`, `names another rule digest`, …
    pub state: String,
    /// `info`, or `block` for one that would have been needed.
    pub level: Level,
}

/// A file of the bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEntry {
    /// Path, relative to the case.
    pub path: String,
    /// Its kind.
    pub kind: String,
    /// sha256 as read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<Sha256>,
    /// Bytes.
    pub size: u64,
    /// Rules that read records of this kind.
    pub used_by: Vec<String>,
}
