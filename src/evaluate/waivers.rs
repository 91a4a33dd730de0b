//! Waivers, met with findings. A waiver never hides one: it stands beside it.

use crate::compile::program::{Level, Program, RuleIndex};
use crate::primitives::{Instant, Sha256};

use super::finding::{Finding, RuleResult, Waiver, WaiverFinding, WaiverProblem};
use super::outcome::Outcome;
use super::time::last_before;

/// Marks the findings that waivers cover, and says what became of the other waivers.
///
/// Also returns the last instant for which every waiver that names a failure says the same.
pub(super) fn apply(
    program: &Program,
    results: &mut [RuleResult],
    waivers: &[Waiver],
    as_of: Instant,
    bundle: Option<Sha256>,
) -> (Vec<WaiverFinding>, Option<Instant>) {
    let mut until: Option<Instant> = None;
    let mut holds = |last: Option<Instant>| {
        until = match (until, last) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
    };
    let mut problems = Vec::new();
    for (index, waiver) in waivers.iter().enumerate() {
        let mut problem = WaiverProblem::Unused;
        for result in results.iter_mut() {
            let Some(rule) = named_rule(program, result, waiver) else { continue };
            for finding in result.findings.iter_mut().filter(|finding| names_element(waiver, finding)) {
                if finding.outcome != Outcome::Fail || finding.level == Level::Info || finding.waiver.is_some() {
                    continue;
                }
                match problem_of(program, waiver, rule, finding, as_of, bundle) {
                    None => {
                        finding.waiver = Some(index);
                        holds(Some(waiver.expires));
                    }
                    Some(found) => {
                        if found == WaiverProblem::NotYet {
                            holds(last_before(waiver.not_before));
                        }
                        problem = found;
                    }
                }
            }
        }
        problems.push(problem);
    }
    let used =
        |index: usize| results.iter().any(|result| result.findings.iter().any(|finding| finding.waiver == Some(index)));
    let mut findings = Vec::new();
    for (index, (waiver, problem)) in waivers.iter().zip(problems).enumerate() {
        if used(index) {
            continue;
        }
        // It would have been needed if a failure it names is still not covered.
        let needed = results.iter().any(|result| {
            named_rule(program, result, waiver).is_some()
                && result.findings.iter().any(|finding| {
                    names_element(waiver, finding)
                        && finding.outcome == Outcome::Fail
                        && finding.level != Level::Info
                        && finding.waiver.is_none()
                })
        });
        let level = if needed { Level::Block } else { Level::Info };
        findings.push(WaiverFinding { waiver: index, problem, level });
    }
    (findings, until)
}

/// The rule of a result that a waiver names: its own, or one that is the same as it.
fn named_rule(program: &Program, result: &RuleResult, waiver: &Waiver) -> Option<RuleIndex> {
    std::iter::once(&result.rule)
        .chain(&result.aliases)
        .copied()
        .find(|rule| program.rules[rule.0 as usize].id == waiver.rule)
}

fn names_element(waiver: &Waiver, finding: &Finding) -> bool {
    finding.element.as_ref().map_or("", |element| &element.label) == waiver.element
}

fn problem_of(
    program: &Program,
    waiver: &Waiver,
    rule: RuleIndex,
    finding: &Finding,
    as_of: Instant,
    bundle: Option<Sha256>,
) -> Option<WaiverProblem> {
    let filled = |text: &String| !text.trim().is_empty();
    if finding.level == Level::Block {
        Some(WaiverProblem::BlockLevel)
    } else if !waiver.approved_by.iter().any(filled) || !waiver.approved_by.iter().all(filled) {
        Some(WaiverProblem::NoApprover)
    } else if !filled(&waiver.reason) || !filled(&waiver.id) {
        Some(WaiverProblem::NoReason)
    } else if waiver.rule_digest != program.rules[rule.0 as usize].digest.to_string() {
        Some(WaiverProblem::OtherRule)
    } else if bundle.is_none_or(|bundle| waiver.bundle != bundle.to_string()) {
        Some(WaiverProblem::OtherBundle)
    } else if waiver.not_before.is_some_and(|from| as_of < from) {
        Some(WaiverProblem::NotYet)
    } else if waiver.expires < as_of {
        Some(WaiverProblem::Expired)
    } else {
        None
    }
}
