//! The logs that matter: their facts, and a finding for everything presented that they do not accept.

use super::Examination;
use crate::keri::log::{KeyState, Log, Logs, Refusal};
use crate::keri::verdict::{Code, Finding};
use crate::keri::verified::{EventFact, LogFact, Place, RefusedFact, StateFact};

impl<'e, 'a> Examination<'e, 'a> {
    /// Tells about the log of an identifier and of its delegators, once.
    pub(super) fn involve(&mut self, prefix: &str) {
        let mut waiting = Vec::new();
        let mut next = Some(prefix.to_owned());
        // Not by recursion: a stream may claim more delegators above each other than a stack has room for.
        while let Some(prefix) = next.take().filter(|prefix| self.involved.insert(prefix.clone())) {
            let log = self.logs.log(&prefix);
            let events = &self.evidence.events;
            next = log.as_ref().and_then(|log| {
                let declared = log.accepted.first().map(|accepted| accepted.entry).into_iter();
                let presented = log.refused.iter().map(|(at, _)| *at);
                declared.chain(presented).find_map(|at| events.entry(at)?.event.delegator).map(str::to_owned)
            });
            waiting.push((prefix, log));
        }
        // The delegator first: its problems are the cause of its delegates'.
        for (prefix, log) in waiting.into_iter().rev() {
            match log {
                Some(log) => self.tell_log(&prefix, &log),
                None => {
                    let text = format!("the key event log of `{prefix}` is not in the stream");
                    self.findings.push(Finding::new(Code::LogMissing, text));
                }
            }
        }
    }

    fn tell_log(&mut self, prefix: &str, log: &Log<'a>) {
        let events = &self.evidence.events;
        for duplicity in &log.duplicity {
            let text = format!(
                "`{prefix}` signed different events at sn {}: {}",
                duplicity.sn,
                duplicity.saids.iter().map(|said| format!("`{said}`")).collect::<Vec<_>>().join(", ")
            );
            let last = duplicity.saids.last().copied().unwrap_or_default();
            self.findings.push(Finding::new(Code::Duplicity, text).at(duplicity.offset).about(last));
        }
        for (at, refusal) in &log.refused {
            let Some(entry) = events.entry(*at) else { continue };
            let what = format!("event `{}` (sn {}) of `{prefix}`", entry.event.said, entry.event.sn);
            let (code, why) = told(refusal);
            let finding = Finding::new(code, format!("{what} is not accepted: {why}"));
            self.findings.push(finding.at(entry.offset).about(entry.event.said));
        }
        if let Ok(aid) = prefix.parse() {
            self.verified.logs.insert(aid, log_fact(self.logs, log));
        }
    }
}

/// A log as values.
fn log_fact<'a>(logs: &Logs<'_, 'a>, log: &Log<'a>) -> LogFact {
    let events = logs.events();
    let delegator = log.state().and_then(|state| state.delegator);
    let delegated_at = delegator.and_then(|delegator| {
        let above = logs.log(delegator)?;
        let inception = events.entry(log.accepted.first()?.entry)?;
        let sealed = above.sealed(log.prefix, 0, inception.event.said)?;
        let entry = events.entry(sealed.entry)?;
        let (aid, said) = (delegator.parse().ok()?, entry.event.said.parse().ok()?);
        Some(Place { aid, sn: sealed.sn, said, offset: entry.offset })
    });
    let mut states: Vec<StateFact> = Vec::new();
    let mut facts = Vec::new();
    for accepted in &log.accepted {
        let Some(entry) = events.entry(accepted.entry) else { continue };
        let Ok(said) = entry.event.said.parse() else { continue };
        if entry.event.kind.establishes() {
            states.push(state_fact(&accepted.state));
        }
        facts.push(EventFact {
            kind: entry.event.kind.as_str(),
            said,
            offset: entry.offset,
            signers: accepted.signers.iter().copied().collect(),
            witnesses: accepted.witnesses.iter().copied().collect(),
            seals: entry.event.sealed,
            state: states.len().saturating_sub(1),
        });
    }
    let said = |at: &usize| events.entry(*at).and_then(|entry| entry.event.said.parse().ok());
    LogFact {
        delegator: delegator.and_then(|delegator| delegator.parse().ok()),
        delegated_at,
        events: facts,
        states,
        superseded: log.superseded.iter().filter_map(said).collect(),
        refused: log
            .refused
            .iter()
            .filter_map(|(at, refusal)| {
                let entry = events.entry(*at)?;
                let (sn, offset) = (entry.event.sn, entry.offset);
                Some(RefusedFact { sn, said: said(at)?, offset, why: told(refusal).1 })
            })
            .collect(),
        duplicitous: log.duplicity.iter().map(|duplicity| duplicity.sn).collect(),
    }
}

fn state_fact(state: &KeyState<'_>) -> StateFact {
    let owned = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
    StateFact {
        keys: owned(&state.keys),
        threshold: state.threshold.clone(),
        next_keys: state.next.len(),
        next_threshold: state.next_threshold.clone(),
        witnesses: owned(&state.witnesses),
        witness_threshold: state.witness_threshold,
        traits: owned(&state.traits),
        established: (state.established.0, state.established.1.to_owned()),
    }
}

/// A refusal as a finding. Consequences of another finding are notes.
fn told(refusal: &Refusal<'_>) -> (Code, String) {
    match refusal {
        Refusal::PriorMissing => (Code::EventMissing, "the event before it is not in the stream".to_owned()),
        Refusal::PriorRefused => (Code::NotUsed, "the event before it is not accepted".to_owned()),
        Refusal::PriorDiffers => {
            (Code::EventInvalid, "its prior digest is not the digest of the event before it".to_owned())
        }
        Refusal::OffTheLog => (Code::NotUsed, "it follows an event that is not part of the log".to_owned()),
        Refusal::BadSignature { bad, good } => (
            Code::SignatureInvalid,
            format!("{bad} of its signatures do not verify, and the {good} others are too few"),
        ),
        Refusal::ThresholdUnmet { good } => {
            (Code::ThresholdUnmet, format!("{good} keys signed it, which is below the signing threshold"))
        }
        Refusal::NextThresholdUnmet => (
            Code::ThresholdUnmet,
            "too few of the keys that the establishment event before it committed to signed it".to_owned(),
        ),
        Refusal::ReceiptsShort { good, bad: 0, needed } => {
            (Code::ReceiptsShort, format!("it has receipts of {good} witnesses, {needed} are needed"))
        }
        Refusal::ReceiptsShort { good, bad, needed } => (
            Code::ReceiptsShort,
            format!("it has receipts of {good} witnesses, {needed} are needed, and {bad} receipts do not verify"),
        ),
        Refusal::DelegatorMissing { delegator } => {
            (Code::LogMissing, format!("the log of its delegator `{delegator}` is not in the stream"))
        }
        Refusal::ApprovalMissing { delegator, sn } => (
            Code::EventMissing,
            format!(
                "the event at sn {sn} of its delegator `{delegator}` that is said to approve it is not in the stream"
            ),
        ),
        Refusal::ApprovalRefused { delegator, sn } => (
            Code::NotUsed,
            format!("the event at sn {sn} of its delegator `{delegator}` that is said to approve it is not accepted"),
        ),
        Refusal::NotApproved { delegator } => {
            (Code::DelegationMissing, format!("no event in the log of its delegator `{delegator}` approves it"))
        }
        Refusal::Trait { name: "EO" } => {
            (Code::EventInvalid, "its log allows establishment events only (trait `EO`)".to_owned())
        }
        Refusal::Trait { name } => {
            (Code::DelegationMissing, format!("its delegator's log forbids delegation (trait `{name}`)"))
        }
        Refusal::Semantic { why } => (Code::EventInvalid, why.clone()),
    }
}
