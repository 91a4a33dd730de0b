//! The verdict over all results.

use crate::compile::program::Level;

use super::finding::{Finding, RuleResult, WaiverFinding};
use super::outcome::{Outcome, Verdict};

/// The first of these that is so: a block failure, something not judged, a warn failure, a waiver.
///
/// A run that decided nothing is not clean: no rule was due, or none of them concerns the case.
pub(crate) fn verdict(results: &[RuleResult], waivers: &[WaiverFinding]) -> Verdict {
    let findings = || results.iter().flat_map(|result| &result.findings).filter(|finding| finding.level != Level::Info);
    let failing = |finding: &Finding| finding.outcome == Outcome::Fail && finding.waiver.is_none();
    let decided = results.iter().any(|result| result.outcome != Outcome::NotApplicable);
    if findings().any(|finding| failing(finding) && finding.level == Level::Block)
        || waivers.iter().any(|waiver| waiver.level == Level::Block)
    {
        Verdict::NotClean
    } else if !decided || findings().any(|finding| matches!(finding.outcome, Outcome::Indeterminate | Outcome::Review))
    {
        Verdict::Indeterminate
    } else if findings().any(failing) {
        Verdict::NeedsWaiver
    } else if findings().any(|finding| finding.waiver.is_some()) {
        Verdict::CleanWithWaivers
    } else {
        Verdict::Clean
    }
}
