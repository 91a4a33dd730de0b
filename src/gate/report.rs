//! Step 4: the report of this moment, and the one that QAR2 approved.

use std::collections::BTreeMap;

use super::clear::{Asked, Found};
use super::code::Code;
use super::view;
use crate::compile::program::{Level, Stage};
use crate::evaluate::outcome::Verdict;
use crate::primitives::{Instant, Said, Sha256};
use crate::proposal::Matched;
use crate::report::ReportDocument;
use crate::report::json;
use crate::store::{Reservation, Reserved};

/// The report that QAR2 approved.
#[derive(Debug, Clone, Copy)]
pub(super) struct Viewed {
    pub digest: Sha256,
    pub as_of: Instant,
}

/// Every reason of the step but what other cases used. Gives the approved report.
pub(super) fn check(asked: &Asked<'_>, found: &mut Found) -> Option<Viewed> {
    clock(asked, found);
    let fresh = match asked.fresh.report() {
        Ok(report) => Some(report.document()),
        Err(why) => {
            found.push(Code::NotJudged, format!("no report could be made: {why}"));
            None
        }
    };
    if let Some(fresh) = fresh {
        judged(fresh, found);
    }
    approved(asked, fresh, found)
}

fn is_clean(verdict: Verdict) -> bool {
    match verdict {
        Verdict::Clean | Verdict::CleanWithWaivers => true,
        Verdict::NotClean | Verdict::Indeterminate | Verdict::NeedsWaiver => false,
    }
}

fn judged(fresh: &ReportDocument, found: &mut Found) {
    for waiver in fresh.waivers.iter().filter(|waiver| waiver.level == Level::Block) {
        let message = format!("waiver `{}` of {} does not hold: {}", waiver.id, waiver.rule, waiver.state);
        found.push(Code::WaiverVoid, message);
    }
    if !is_clean(fresh.verdict) {
        let first = fresh.results.iter().find_map(|result| {
            let finding = result.findings.iter().find(|finding| finding.waiver.is_none())?;
            Some(format!("{}: {}", result.rule, finding.message))
        });
        let first = first.map_or_else(String::new, |first| format!("; {first}"));
        let (verdict, at) = (fresh.verdict.as_str(), fresh.run.as_of);
        found.push(Code::NotClean, format!("the case is {verdict} as of {at}{first}"));
    }
    for pending in &fresh.pending {
        found.push(
            Code::Pending,
            format!("{} has no rule yet; it waits for {}", pending.requirement, pending.waits_for),
        );
    }
}

/// The report that QAR2 approved, against the one of this moment.
fn approved(asked: &Asked<'_>, fresh: Option<&ReportDocument>, found: &mut Found) -> Option<Viewed> {
    let papers = asked.fresh.papers();
    // Without an approval there is a reason already.
    let digest = papers.decision().and_then(|approval| approval.report)?;
    let named = papers.reports.iter().find(|report| report.digest == Some(digest));
    let Some(bytes) = named.and_then(|report| report.bytes.as_deref()) else {
        found.push(Code::NoReport, format!("the approved report, {digest}, is not in the case"));
        return None;
    };
    match json::read(bytes) {
        Err(why) => {
            found.push(Code::ReportUnusable, format!("the approved report, {digest}, cannot be used: {why}"));
            None
        }
        Ok(report) => {
            about(asked, &report, found);
            age(asked, report.run.as_of, found);
            if let Some(fresh) = fresh {
                compare(&report, fresh, found);
            }
            Some(Viewed { digest, as_of: report.run.as_of })
        }
    }
}

/// Whether the approved report is about this case, by the locked rules, and clean.
fn about(asked: &Asked<'_>, report: &ReportDocument, found: &mut Found) {
    let snapshot = asked.fresh.snapshot();
    let case = asked.fresh.case_id().unwrap_or_default();
    if report.run.bundle.is_none() || report.run.bundle != snapshot.digest() || report.run.bundle_id != case {
        let of = report.run.bundle.map_or_else(|| "no bundle".to_owned(), |digest| format!("bundle {digest}"));
        found.push(Code::OtherReport, format!("the approved report is on {of} of case `{}`", report.run.bundle_id));
    }
    if report.run.stage != Stage::Proposal {
        let stage = report.run.stage.as_str();
        found.push(Code::OtherReport, format!("the approved report is of stage {stage}, and `proposal` is expected"));
    }
    if report.run.trust != asked.trust.digest || report.run.policy != asked.fresh.policy() {
        let run = &report.run;
        let message =
            format!("the approved report was made with rule book {} and trust file {}", run.policy, run.trust);
        found.push(Code::OtherRules, message);
    }
    if !is_clean(report.verdict) {
        found.push(Code::ReportNotClean, format!("the approved report says {}", report.verdict.as_str()));
    }
}

fn age(asked: &Asked<'_>, as_of: Instant, found: &mut Found) {
    let now = asked.fresh.now();
    let limit = asked.report_max_age();
    if as_of > now {
        found.push(Code::ReportFromFuture, format!("the approved report is as of {as_of}, and it is {now}"));
    }
    if as_of.checked_add(limit).is_none_or(|last| last < now) {
        let limit = limit.nanoseconds() / 1_000_000_000;
        found.push(
            Code::ReportTooOld,
            format!("the approved report is as of {as_of}; at {now} it is more than {limit} s old"),
        );
    }
}

fn compare(report: &ReportDocument, fresh: &ReportDocument, found: &mut Found) {
    let parameters = |of: &ReportDocument| -> BTreeMap<String, String> {
        of.run.parameters.iter().map(|entry| (entry.name.clone(), entry.value.clone())).collect()
    };
    let (then, now) = (parameters(report), parameters(fresh));
    if report.run.profile != fresh.run.profile || then.iter().any(|(name, value)| now.get(name) != Some(value)) {
        found
            .push(Code::OtherRules, "the approved report was made with another profile or other parameters".to_owned());
    }
    if report.run.flows != fresh.run.flows || report.run.engine != fresh.run.engine {
        let message = format!(
            "the approved report is of flow {} by engine {}, and this is flow {} by engine {}",
            report.run.flows.join(", "),
            report.run.engine,
            fresh.run.flows.join(", "),
            fresh.run.engine
        );
        found.push(Code::OtherRules, message);
    }
    let due = fresh.results.iter().filter(|result| result.stage <= Stage::Proposal);
    let now: BTreeMap<&str, _> = due.map(|result| (result.rule.as_str(), result)).collect();
    let then: BTreeMap<&str, _> = report.results.iter().map(|result| (result.rule.as_str(), result)).collect();
    for rule in now.keys().chain(then.keys().filter(|rule| !now.contains_key(*rule))) {
        let outcome = |of: &BTreeMap<&str, &crate::report::document::ResultEntry>| {
            of.get(rule).map(|result| (result.rule_digest, result.outcome, result.level))
        };
        let (before, after) = (outcome(&then), outcome(&now));
        if before != after {
            let shown = |of: Option<(Sha256, _, _)>| {
                of.map_or("not decided", |(_, outcome, _): (_, crate::evaluate::outcome::Outcome, Level)| {
                    outcome.as_str()
                })
            };
            let message = format!("{rule} is {} now, and the approved report says {}", shown(after), shown(before));
            found.push(Code::OutcomesDiffer, message);
        }
    }
}

/// Time does not run backwards: now is not before anything that was seen. Instants of the case are for rules.
fn clock(asked: &Asked<'_>, found: &mut Found) {
    let now = asked.fresh.now();
    let latest = now.checked_add(asked.skew()).unwrap_or(now);
    let ledger = asked.ledger.as_ref().ok().and_then(|ledger| ledger.latest);
    let store = asked.store.as_ref().ok().and_then(|store| store.memory.latest);
    for (what, seen) in [("the ledger", ledger), ("the store", store)] {
        if let Some(seen) = seen.filter(|seen| *seen > latest) {
            found.push(Code::ClockBack, format!("it is {now} by the clock, and {what} has seen {seen}"));
        }
    }
}

/// What may be used once was not used for another event that was reserved here, of whichever case: ids of cases
/// are written by those who prepare them.
pub(super) fn used_elsewhere(asked: &Asked<'_>, matched: Option<&Matched>, found: &mut Found) {
    // Without a store there is a reason already.
    let Ok(store) = asked.store else { return };
    let uses = &asked.fresh.papers().uses;
    let case = asked.fresh.case_id().unwrap_or_default();
    let referred = asked.fresh.references();
    // Without a proposal that fits there is a reason already, and nothing to tell events apart by.
    let same_event =
        |event: Option<Said>| matched.is_none_or(|matched| event.as_ref() == Some(&matched.draft().anchor.said));
    // The event that seals a decision is reserved with that decision, which says what it is about.
    let own = |held: &Reserved| {
        held.reservation.case_id == case && same_event(super::statement::event(&held.reservation.draft))
    };
    let others = store.history.iter().filter(|held| view::holds(held) && !own(held));
    for held in others {
        let used = super::statement::uses(&held.reservation.draft);
        match used {
            Some((bundle, used)) => {
                let again = used.iter().find(|digest| uses.contains(digest));
                if let Some(digest) = again.filter(|_| !bundle.is_some_and(|bundle| referred.contains(&bundle))) {
                    let Reservation { case_id, said, .. } = &held.reservation;
                    let message = format!("event `{said}` of case `{case_id}` used what this one uses: {digest}");
                    found.push(Code::UsedElsewhere, message);
                }
            }
            None => {
                let other = &held.reservation.case_id;
                found.push(Code::UsedElsewhere, format!("what case `{other}` used cannot be read"));
            }
        }
    }
}
