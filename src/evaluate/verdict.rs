//! The verdict over all results.

use crate::compile::program::Level;

use super::finding::{RuleResult, WaiverFinding};
use super::outcome::{Outcome, Verdict};

/// The first of these that is so: a block failure, something not judged, a warn failure, a waiver.
///
/// A run that decided nothing is not clean: no rule was due, or none of them concerns the case.
pub(crate) fn verdict(results: &[RuleResult], waivers: &[WaiverFinding]) -> Verdict {
    let mut blocks = waivers.iter().any(|waiver| waiver.level == Level::Block);
    let (mut decided, mut in_doubt, mut fails, mut waived) = (false, false, false, false);
    for result in results {
        decided |= result.outcome != Outcome::NotApplicable;
        for finding in result.findings.iter().filter(|finding| finding.level != Level::Info) {
            let failing = finding.outcome == Outcome::Fail && finding.waiver.is_none();
            blocks |= failing && finding.level == Level::Block;
            in_doubt |= matches!(finding.outcome, Outcome::Indeterminate | Outcome::Review);
            fails |= failing;
            waived |= finding.waiver.is_some();
        }
    }
    if blocks {
        Verdict::NotClean
    } else if !decided || in_doubt {
        Verdict::Indeterminate
    } else if fails {
        Verdict::NeedsWaiver
    } else if waived {
        Verdict::CleanWithWaivers
    } else {
        Verdict::Clean
    }
}
