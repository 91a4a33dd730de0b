//! Service levels: what was issued and how, how long revocations and answers took.
//!
//! In: one case after the other. Out: numbers, and findings for what is beyond the targets of the agreement.

use super::super::Question;
use super::super::code::Code;
use super::super::error::AuditError;
use super::super::traces::Traces;
use super::{Findings, Named};
use crate::keri::population::Action;
use crate::report::audit::{CaseEntry, Metrics};

/// Longest revocation. Source: vLEI Service Level Agreement v1.3, 3.2.
const REVOCATION_MAX_S: i64 = 24 * 3600;
/// Longest answer to a challenge, in calendar days. Source: the same, 2.5.
const CHALLENGE_MAX_D: i64 = 15;

/// Levels in the making.
#[derive(Default)]
pub(super) struct Levels {
    metrics: Metrics,
    bad_le: Named,
    bad_oor: Named,
}

impl Levels {
    pub(super) fn take(
        &mut self,
        question: &Question<'_>,
        entry: &CaseEntry,
        traces: &Traces,
        findings: &mut Findings<'_>,
    ) -> Result<(), AuditError> {
        let mut issued = Vec::new();
        for act in traces.acts.iter().filter(|act| act.action == "iss") {
            if question.registries.find(Action::Issued, &act.credential)?.is_some() {
                issued.push(act.credential_type.as_str());
            }
        }
        let issued = |kind: &str| issued.contains(&kind);
        let bad = !entry.is_clean();
        if issued("LE") {
            self.metrics.issued_le += 1;
            if bad {
                self.bad_le.push(&entry.case);
            }
        }
        if issued("OOR") {
            self.metrics.issued_oor += 1;
            if bad {
                self.bad_oor.push(&entry.case);
            }
        }
        self.metrics.issued_ecr += u64::from(issued("ECR"));
        for revocation in &traces.revocations {
            // What the registries do not have has a finding of its own.
            if question.registries.find(Action::Revoked, &revocation.credential)?.is_none() {
                continue;
            }
            self.metrics.revocations += 1;
            self.metrics.revocation_longest_s = self.metrics.revocation_longest_s.max(Some(revocation.seconds));
            if revocation.seconds > REVOCATION_MAX_S {
                self.metrics.revocations_over_24h += 1;
                let message = format!(
                    "credential `{}` was revoked {} hours after the clock began",
                    revocation.credential,
                    revocation.seconds / 3600
                );
                findings.add(Code::RevocationLate, revocation.credential.clone(), vec![entry.case.clone()], message);
            }
        }
        for doubt in &traces.doubts {
            self.metrics.challenges += 1;
            let until = doubt.closed.unwrap_or(question.as_of);
            let days = doubt.opened.date().days_until(until.date());
            self.metrics.challenge_longest_d = self.metrics.challenge_longest_d.max(Some(days));
            if days > CHALLENGE_MAX_D {
                self.metrics.challenges_over_15d += 1;
                let state = if doubt.closed.is_some() { "was answered after" } else { "is open for" };
                let message = format!("the challenge of {} {state} {days} calendar days", doubt.opened);
                findings.add(Code::ChallengeLate, doubt.opened.to_string(), vec![entry.case.clone()], message);
            }
        }
        Ok(())
    }

    /// What was issued by cases that are not clean: one finding a kind, as each case is listed by itself.
    pub(super) fn finish(&mut self, findings: &mut Findings<'_>) {
        self.metrics.not_compliant_le = self.bad_le.count;
        self.metrics.not_compliant_oor = self.bad_oor.count;
        let kinds = [
            ("Legal Entity", self.metrics.issued_le, std::mem::take(&mut self.bad_le)),
            ("official role", self.metrics.issued_oor, std::mem::take(&mut self.bad_oor)),
        ];
        for (kind, issued, bad) in kinds {
            if bad.count > 0 {
                let message =
                    format!("{} of {issued} {kind} credentials were issued by cases that are not clean", bad.count);
                findings.add(Code::IssuanceNotCompliant, kind, bad.cases, message);
            }
        }
    }

    pub(super) fn metrics(&self) -> Metrics {
        self.metrics.clone()
    }
}
