//! Which findings lead.
//!
//! In: findings, and which files are wrong by themselves. Out: their order: the worst first, and among equally bad
//! ones those about a file that is itself wrong before those that may only follow from it.

use crate::compile::program::Level;
use crate::evaluate::finding::Finding;
use crate::evaluate::outcome::Outcome;
use crate::facts::{Facts, Fault};

use super::super::document::ResultEntry;

/// How far in front something stands: how bad it is, and which fault it reports; none comes last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rank {
    severity: u8,
    faultless: bool,
    fault: Option<Fault>,
}

impl Rank {
    /// Of a finding.
    pub(super) fn of(facts: &Facts<'_>, finding: &Finding) -> Self {
        let severity = match (finding.outcome, finding.level) {
            (Outcome::Fail, _) if finding.waiver.is_some() => 6,
            (_, Level::Info) => 7,
            (Outcome::Fail, Level::Block) => 0,
            (Outcome::Fail, Level::Warn) => 3,
            (Outcome::Indeterminate, Level::Block) => 1,
            (Outcome::Indeterminate, Level::Warn) => 4,
            (Outcome::Review, Level::Block) => 2,
            (Outcome::Review, Level::Warn) => 5,
            (Outcome::Pass | Outcome::NotApplicable, _) => 8,
        };
        // What it is about, not what it was decided on: that may be wrong for another file.
        let place = finding.element.as_ref().and_then(|element| element.place);
        let fault = place.and_then(|place| facts.fault(place.file));
        Self { severity, faultless: fault.is_none(), fault }
    }

    /// Of a result without findings.
    pub(super) fn of_result(result: &ResultEntry) -> Self {
        let severity = match result.outcome {
            Outcome::NotApplicable => 9,
            Outcome::Pass | Outcome::Review | Outcome::Indeterminate | Outcome::Fail => 8,
        };
        Self { severity, faultless: true, fault: None }
    }
}
