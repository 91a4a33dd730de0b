//! The report on many cases: what a year's cases, registries and logs say together.
//!
//! In: what `audit` found. Out: [`AuditDocument`], whose canonical JSON follows the cases in one object, and its
//! renderings, which read nothing else. The cases themselves are handed over one at a time, as there may be very many.
//! Nothing here judges.

pub mod human;
pub mod json;
pub mod ndjson;

use serde::{Deserialize, Serialize};

use super::document::ReportDocument;
use super::rows::{self, Row, Standing};
use crate::compile::program::Level;
use crate::evaluate::outcome::{Outcome, Verdict};
use crate::primitives::{Date, Instant, Sha256};

/// Format name of the document.
pub const FORMAT: &str = "countersign/audit/v1";

/// Most findings of a case that are kept; the case's own report has them all.
const FINDINGS_MAX: usize = 200;

/// What was audited, without the cases.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AuditDocument {
    /// What the run cost, where it was asked; it is another in every run.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub cost: Option<Cost>,
    /// One per rule of the book, in its order: what the year says about it. The letters of a case's `outcomes` follow
    /// this list.
    pub coverage: Vec<Coverage>,
    /// What the registries, and the cases taken together, say; worst first.
    pub findings: Vec<AuditFinding>,
    /// `countersign/audit/v1`
    pub format: String,
    /// Service levels.
    pub metrics: Metrics,
    /// What the officers stated about the group, and its rotations, in order of time.
    pub roster: Vec<RosterEntry>,
    /// What was audited, and how.
    pub run: AuditRun,
    /// Cases for people to read; none where no sample was asked for.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sample: Option<Sample>,
    /// Counts.
    pub summary: AuditSummary,
    /// The verdict on the year: the worst of cases and findings.
    pub verdict: Verdict,
    /// Every waiver of the year.
    pub waivers: Vec<WaiverAge>,
}

/// What was audited, and how: everything that must be equal for the same bytes to come out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AuditRun {
    /// Version of countersign.
    pub engine: String,
    /// The moment of the audit: nothing later is known.
    pub as_of: Instant,
    /// First day.
    pub from: Date,
    /// Last day.
    pub to: Date,
    /// The profile.
    pub profile: String,
    /// Digest of the rule book.
    pub policy: Sha256,
    /// Digest of the trust file.
    pub trust: Sha256,
    /// The issuer whose registries were read.
    pub issuer: String,
    /// The others that the trust file names beside it.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub other_issuers: Vec<String>,
    /// The streams, in order of name.
    pub streams: Vec<StreamEntry>,
    /// The ledger, where there is one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub ledger: Option<LedgerEntry>,
}

/// A stream that was fetched for the audit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamEntry {
    /// Its file name.
    pub name: String,
    /// Of its bytes.
    pub sha256: Sha256,
}

/// The ledger as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerEntry {
    /// Hash of its first row.
    pub genesis: Sha256,
    /// How many rows.
    pub size: u64,
    /// Root of the tree over them.
    pub root: Sha256,
}

/// Counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct AuditSummary {
    /// Cases of the period.
    pub cases: u64,
    /// Cases outside of it, which were not judged.
    pub outside: u64,
    /// Could not be checked.
    pub unreadable: u64,
    /// Not clean.
    pub not_clean: u64,
    /// In need of a waiver.
    pub needs_waiver: u64,
    /// Not decidable.
    pub indeterminate: u64,
    /// Clean with waivers.
    pub clean_with_waivers: u64,
    /// Clean.
    pub clean: u64,
    /// Issuances in the registries, within the period.
    pub issued: u64,
    /// Revocations.
    pub revoked: u64,
    /// Findings at block level.
    pub block: u64,
    /// Findings that cannot be judged.
    pub unknown: u64,
    /// Findings at warn level.
    pub warn: u64,
    /// For information.
    pub info: u64,
    /// Rules that no case put to the test.
    pub untested: u64,
}

/// How bad a finding over many cases is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Weight {
    /// It fails.
    Block,
    /// It cannot be judged on what there is.
    Unknown,
    /// It fails, and people may decide to live with it.
    Warn,
    /// Worth telling.
    Info,
}

impl Weight {
    /// As reports write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Block => "block",
            Self::Unknown => "unknown",
            Self::Warn => "warn",
            Self::Info => "info",
        }
    }
}

/// Something that is about the year as a whole, or about cases taken together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditFinding {
    /// Stable code: `issuance_without_case`.
    pub code: String,
    /// How bad.
    pub weight: Weight,
    /// What it is about: a credential, an event, a person, a nonce's digest.
    pub subject: String,
    /// Cases it concerns, by their place below the folder of cases.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub cases: Vec<String>,
    /// One line for a person.
    pub message: String,
    /// What to do.
    pub help: String,
    /// The clause behind it.
    pub clause: Clause,
}

/// A clause of the framework.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clause {
    /// The requirement's id.
    pub requirement: String,
    /// Document and section, for people; empty where the rule book does not have it.
    pub text: String,
}

/// One case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CaseEntry {
    /// Its place below the folder of cases.
    pub case: String,
    /// The verdict; none where it could not be checked.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub verdict: Option<Verdict>,
    /// Why it could not be checked.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub error: Option<CaseError>,
    /// As the manifest says.
    pub bundle_id: String,
    /// sha256 of the manifest.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub bundle: Option<Sha256>,
    /// The flow that the manifest claims.
    pub flow: String,
    /// The LEI that the manifest names.
    pub lei: String,
    /// The moment it was judged for.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub as_of: Option<Instant>,
    /// When it was signed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub signed_at: Option<Instant>,
    /// What proves that.
    pub proven_by: ProvenBy,
    /// What it issued and revoked.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub acts: Vec<Act>,
    /// Digest of the judgement; none where it could not be checked.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub judgement: Option<Sha256>,
    /// A letter per rule of `coverage`: `p`ass, `f`ail, `w`aived, `i`ndeterminate, `r`eview, `n`ot applicable, `l`ater
    /// stage, `.` not of its flow.
    pub outcomes: String,
    /// What does not pass.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub findings: Vec<CaseFinding>,
}

/// Why a case could not be checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseError {
    /// Stable code.
    pub code: String,
    /// One line for a person.
    pub message: String,
    /// What to do.
    pub help: String,
}

/// What proves when a case was signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProvenBy {
    /// A row of the ledger.
    Ledger,
    /// A watcher that saw the sealing event.
    Watcher,
    /// Nothing: it is what the case claims.
    Claim,
    /// Nothing of it was signed.
    Unsigned,
}

/// What a case did to a registry.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Act {
    /// `iss` or `rev`
    pub action: String,
    /// The credential.
    pub credential: String,
    /// Its type, as the case says.
    pub credential_type: String,
}

/// A finding of a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseFinding {
    /// The rule.
    pub rule: String,
    /// `fail`, `indeterminate`, `review`
    pub outcome: String,
    /// The level in force.
    pub level: Level,
    /// The element.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub element: Option<String>,
    /// Id of the waiver that covers it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub waiver: Option<String>,
    /// What was found.
    pub message: String,
    /// The clause.
    pub clause: String,
    /// What to do.
    pub help: String,
    /// `bundle/records/x.json:3:5`
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub place: Option<String>,
}

/// What the year says about a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    /// The rule.
    pub rule: String,
    /// Its title.
    pub title: String,
    /// Document and section.
    pub clause: String,
    /// Cases in which it passes.
    pub pass: u64,
    /// Fails.
    pub fail: u64,
    /// Fails and is waived.
    pub waived: u64,
    /// Cannot be judged.
    pub indeterminate: u64,
    /// Waits for a statement.
    pub review: u64,
    /// Does not concern the case.
    pub not_applicable: u64,
}

impl Coverage {
    /// Whether a case put the rule to the test.
    pub fn is_tested(&self) -> bool {
        self.pass + self.fail + self.waived + self.indeterminate + self.review > 0
    }
}

/// Service levels.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Metrics {
    /// Legal Entity credentials that were issued.
    pub issued_le: u64,
    /// Of those, by a case that is not clean.
    pub not_compliant_le: u64,
    /// Official role credentials that were issued.
    pub issued_oor: u64,
    /// Of those, by a case that is not clean.
    pub not_compliant_oor: u64,
    /// Engagement role credentials that were issued.
    pub issued_ecr: u64,
    /// Revocations whose clock a case tells.
    pub revocations: u64,
    /// Of those, later than 24 hours.
    pub revocations_over_24h: u64,
    /// Longest of them, in seconds.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub revocation_longest_s: Option<i64>,
    /// Challenges of data.
    pub challenges: u64,
    /// Of those, later than 15 calendar days, or open for longer.
    pub challenges_over_15d: u64,
    /// Longest of them, in calendar days.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub challenge_longest_d: Option<i64>,
    /// Entities whose LEI was watched.
    pub watched_leis: u64,
    /// Longest time between two looks at one LEI, in seconds.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub monitoring_gap_longest_s: Option<i64>,
}

/// A statement about the group, or a rotation of its keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RosterEntry {
    /// When: as stated, or as first seen; none: nobody says.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub at: Option<Instant>,
    /// `roster` or `keys`
    pub what: String,
    /// People with their index, or keys.
    pub members: Vec<String>,
    /// The first case that says so; of keys the event.
    pub source: String,
}

/// A waiver and how old it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct WaiverAge {
    /// The case.
    pub case: String,
    /// The waiver.
    pub id: String,
    /// The rule.
    pub rule: String,
    /// `used`, `expired`, …
    pub state: String,
    /// Who approved it.
    pub approved_by: Vec<String>,
    /// When it expires.
    pub expires: Instant,
    /// Whole days from the case's moment to the audit.
    pub age_days: i64,
    /// Whether it has expired by the day of the audit.
    pub expired: bool,
}

/// Cases drawn for people to read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample {
    /// How many were asked for.
    pub size: u64,
    /// The seed.
    pub seed: String,
    /// How it was drawn, so that it can be drawn again by hand.
    pub method: String,
    /// The cases, by flow and rank.
    pub drawn: Vec<Drawn>,
}

/// A case that was drawn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drawn {
    /// The case.
    pub case: String,
    /// The flow, which is the stratum.
    pub flow: String,
    /// Its place in the stratum, from 1.
    pub rank: u64,
    /// How many cases the stratum has.
    pub of: u64,
    /// sha256 of `seed:case`.
    pub hash: Sha256,
}

/// What a run cost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cost {
    /// Cases that were judged in this run; others are from the run that was interrupted.
    pub cases: u64,
    /// Time by the clock on the wall, in milliseconds.
    pub wall_ms: u64,
    /// Most bytes of memory at any moment; none where the system does not say.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub peak_bytes: Option<u64>,
    /// The processor's time.
    pub processor_ms: Processor,
}

/// The processor's time over all threads, in milliseconds, by kind of work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Processor {
    /// All of it.
    pub all: u64,
    /// Bytes from the disk.
    pub read: u64,
    /// SHA-256 of files.
    pub hash: u64,
    /// Manifests and records to facts.
    pub parse: u64,
    /// Streams, logs and signatures.
    pub keri: u64,
    /// Rules, and what a report says of them.
    pub evaluate: u64,
    /// The start, the state on the disk, what is concluded from all cases.
    pub other: u64,
}

/// Where a finished audit's cases come from, in order; each may be read as often as needed.
pub trait Cases {
    /// Calls `each` for every case of the period.
    ///
    /// # Errors
    /// Of reading them, or that of `each`.
    fn each(&self, each: &mut dyn FnMut(CaseEntry) -> std::io::Result<()>) -> std::io::Result<()>;
}

impl CaseEntry {
    /// A case of which nothing is known yet.
    pub fn bare(case: String) -> Self {
        Self {
            case,
            verdict: None,
            error: None,
            bundle_id: String::new(),
            bundle: None,
            flow: String::new(),
            lei: String::new(),
            as_of: None,
            signed_at: None,
            proven_by: ProvenBy::Unsigned,
            acts: Vec::new(),
            judgement: None,
            outcomes: String::new(),
            findings: Vec::new(),
        }
    }

    /// The same without what its evidence says: to be given to others.
    pub fn without_evidence(mut self) -> Self {
        for finding in &mut self.findings {
            finding.message = String::new();
            finding.element = None;
        }
        self
    }

    /// Whether people have to look at it.
    pub fn is_clean(&self) -> bool {
        matches!(self.verdict, Some(Verdict::Clean | Verdict::CleanWithWaivers))
    }
}

impl CaseFinding {
    /// What of a report does not pass, as every format says it.
    pub fn of(document: &ReportDocument) -> Vec<Self> {
        let found = rows::rows(document).filter(|row| match row.standing() {
            Standing::Found(_) => row.outcome() != Outcome::Pass,
            Standing::ByParts | Standing::Pass | Standing::NotApplicable => false,
        });
        found.take(FINDINGS_MAX).map(|row| Self::of_row(document, &row)).collect()
    }

    fn of_row(document: &ReportDocument, row: &Row<'_>) -> Self {
        let place = row.places().first().map(|place| format!("{}:{}:{}", place.path, place.line, place.column));
        Self {
            rule: row.result.rule.clone(),
            outcome: row.outcome().as_str().to_owned(),
            level: row.level(),
            element: row.element().map(str::to_owned),
            waiver: row.waiver().map(str::to_owned),
            message: row.message(),
            clause: rows::clause(row.result),
            help: row.advice(document, ""),
            place,
        }
    }
}

/// The letter of an outcome in `outcomes`.
pub fn letter(outcome: Outcome, waived: bool) -> char {
    match outcome {
        Outcome::Pass => 'p',
        Outcome::Fail if waived => 'w',
        Outcome::Fail => 'f',
        Outcome::Indeterminate => 'i',
        Outcome::Review => 'r',
        Outcome::NotApplicable => 'n',
    }
}
