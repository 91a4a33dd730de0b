//! Words and colours of the report: classes, outcomes, commands.
//!
//! In: values of the document. Out: the words a reader sees for them.

use anstyle::Style;

use super::super::document::FindingEntry;
use super::page::{BLOCK, DIM, GOOD, UNKNOWN, WARN};
use crate::compile::program::Level;
use crate::evaluate::outcome::{Outcome, Verdict};
use crate::primitives::Lei;

/// What a finding means to its reader, worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Class {
    /// It fails, and nothing lets it pass.
    Block,
    /// It could not be judged.
    Unknown,
    /// It waits for a signed statement.
    Review,
    /// It fails and may be waived.
    Warn,
    /// It fails and is waived.
    Waived,
    /// It is only reported.
    Info,
}

impl Class {
    /// The class of a finding.
    pub(super) fn of(finding: &FindingEntry) -> Self {
        match (finding.outcome, finding.level) {
            (Outcome::Fail, _) if finding.waiver.is_some() => Self::Waived,
            (_, Level::Info) => Self::Info,
            (Outcome::Fail, Level::Block) => Self::Block,
            (Outcome::Fail, Level::Warn) => Self::Warn,
            (Outcome::Indeterminate, _) => Self::Unknown,
            (Outcome::Review, _) => Self::Review,
            // No finding is made of these; were there one, it would be only reported.
            (Outcome::Pass | Outcome::NotApplicable, _) => Self::Info,
        }
    }

    /// The word in front of a finding.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Block => "block",
            Self::Unknown => "unknown",
            Self::Review => "review",
            Self::Warn => "warn",
            Self::Waived => "waived",
            Self::Info => "info",
        }
    }

    /// Its colour.
    pub(super) fn style(self) -> Style {
        match self {
            Self::Block => BLOCK,
            Self::Unknown | Self::Review => UNKNOWN,
            Self::Warn => WARN,
            Self::Waived | Self::Info => DIM,
        }
    }
}

/// The colour of a verdict.
pub(super) fn verdict(verdict: Verdict) -> Style {
    match verdict {
        Verdict::NotClean => BLOCK,
        Verdict::Indeterminate => UNKNOWN,
        Verdict::NeedsWaiver => WARN,
        Verdict::CleanWithWaivers | Verdict::Clean => GOOD,
    }
}

/// `1 rule`, `2 rules`.
pub(super) fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// The path of a file as it can be opened from where the command runs.
pub(super) fn evidence_path(case_path: &str, path: &str) -> String {
    match case_path.trim_end_matches(['/', '\\']) {
        "" => path.to_owned(),
        case_path => format!("{case_path}/{path}"),
    }
}

/// How a record of a kind comes into the case: a command fit to be copied into a shell, or where it belongs.
pub(super) fn how_to_add(kind: &str, area: &str, lei: Option<&str>, case_path: &str) -> String {
    let case = if case_path.is_empty() { "CASE" } else { case_path.trim_end_matches(['/', '\\']) };
    match (kind, area) {
        // The LEI is what a manifest claims: only a well-formed one becomes part of a command.
        ("lei-record", _) => {
            let lei = lei.filter(|lei| lei.parse::<Lei>().is_ok()).unwrap_or("LEI");
            format!("countersign lei fetch {lei} --into {}", quoted(case))
        }
        (_, "decision") => format!("save it, signed, in {case}/decision/, as schemas/case/{kind}.json describes it"),
        (_, "post") => {
            format!("countersign bundle add FILE --kind {kind} --into {}", quoted(&format!("{case}/post")))
        }
        _ => format!("countersign bundle add FILE --kind {kind} --into {}", quoted(case)),
    }
}

/// A path as a shell takes it for one word.
fn quoted(path: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "/\\._-:+@,=".contains(c);
    if path.chars().all(plain) { path.to_owned() } else { format!("'{}'", path.replace('\'', "'\\''")) }
}
