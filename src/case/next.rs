//! Who must do what next, with which command.

use crate::evaluate::outcome::Outcome;
use crate::primitives::Instant;
use crate::report::ReportDocument;
use crate::terms::{Level, Stage};

use super::progress::{Decision, Progress, Role};

/// One step that is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Who.
    pub who: String,
    /// What.
    pub what: String,
    /// With which command; none where no command does it.
    pub command: Option<String>,
}

/// Where a case is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// Evidence is gathered.
    Open,
    /// Sealed, and nobody is QAR1 or QAR2.
    Unassigned,
    /// QAR1 works on it.
    Prepared,
    /// QAR2 has it.
    Submitted,
    /// QAR2 approved it.
    Approved,
    /// QAR2 rejected it.
    Rejected,
    /// QAR2 signed.
    Signed,
    /// A QAR gave the event up.
    Abandoned,
    /// What followed was sealed.
    Closed,
}

impl Phase {
    /// In a word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Unassigned => "unassigned",
            Self::Prepared => "prepared",
            Self::Submitted => "submitted",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Signed => "signed",
            Self::Abandoned => "abandoned",
            Self::Closed => "closed",
        }
    }

    /// The stage whose run says what is left to do.
    pub fn stage(self) -> Stage {
        match self {
            Self::Open | Self::Unassigned | Self::Prepared => Stage::Evidence,
            Self::Submitted | Self::Rejected => Stage::Proposal,
            Self::Approved | Self::Abandoned => Stage::Approval,
            Self::Signed => Stage::Signature,
            Self::Closed => Stage::Closing,
        }
    }
}

impl Progress {
    /// Where the case is.
    pub fn phase(&self, at: Instant) -> Phase {
        let (qar1, qar2) = (self.qar(Role::Qar1, at), self.qar(Role::Qar2, at));
        let signed = qar2.is_some_and(|qar2| self.has_signed(&qar2.aid));
        match (self.decision().map(|approval| approval.decision), self.submission()) {
            _ if self.closed => Phase::Closed,
            _ if self.is_given_up() => Phase::Abandoned,
            _ if signed => Phase::Signed,
            (Some(Decision::Approve), _) => Phase::Approved,
            (Some(Decision::Reject), _) => Phase::Rejected,
            (None, Some(_)) => Phase::Submitted,
            (None, None) if self.sealed.is_none() => Phase::Open,
            (None, None) if qar1.is_none() || qar2.is_none() => Phase::Unassigned,
            (None, None) => Phase::Prepared,
        }
    }

    /// The steps that are due, the first one first. `case` is how commands name it; `report` is the run of the stage
    /// that the phase asks for, where there is one.
    pub fn next(&self, case: &str, at: Instant, report: Option<&ReportDocument>) -> Vec<Step> {
        let mut steps = Vec::new();
        let mut add = |who: &str, what: String, command: Option<String>| {
            steps.push(Step { who: who.to_owned(), what, command });
        };
        if let Some(problem) = self.problems.first() {
            let what = format!("put in order: {}: {}", problem.path, problem.message);
            add("who keeps the case", what, Some(format!("countersign check {case}")));
            return steps;
        }
        let name = |role: Role| self.qar(role, at).map_or_else(|| role.to_string(), |held| held.person.clone());
        let (qar1, qar2) = (name(Role::Qar1), name(Role::Qar2));
        let missing: Vec<Role> =
            [Role::Qar1, Role::Qar2].into_iter().filter(|role| self.qar(*role, at).is_none()).collect();
        if !missing.is_empty() && self.submission().is_none() {
            let options: Vec<String> =
                missing.iter().map(|role| format!("--{} PERSON", role.as_str().to_lowercase())).collect();
            let roles: Vec<&str> = missing.iter().map(|role| role.as_str()).collect();
            let what = format!("assign {} from the roster", roles.join(" and "));
            add("a QAR or an officer", what, Some(format!("countersign case assign {case} {}", options.join(" "))));
        }
        for request in self.open_requests().filter(|_| self.decision().is_none()) {
            let what = format!("decide on the waiver of {} that {} asks for", request.rule, request.by);
            let command = format!("countersign case waive {case} --grant {}", request.id);
            add("an officer who is no QAR of the case", what, Some(command));
        }
        let phase = self.phase(at);
        if let Some(report) =
            report.filter(|_| matches!(phase, Phase::Open | Phase::Unassigned | Phase::Prepared | Phase::Submitted))
        {
            for step in self.findings(case, report, &qar1) {
                add(&step.0, step.1, Some(step.2));
            }
        }
        match phase {
            Phase::Open => {
                let command = format!("countersign bundle seal {case} --by PERSON");
                add("a QAR", "complete the evidence, seal it, and sign the manifest".to_owned(), Some(command));
            }
            Phase::Unassigned => {}
            Phase::Prepared => {
                if self.proposal().is_none() {
                    let what = "propose the event that the evidence proves, and sign it".to_owned();
                    add(&qar1, what, Some(format!("countersign propose {case} --sign")));
                }
                let what = format!("submit the evidence to {qar2}");
                add(&qar1, what, Some(format!("countersign case submit {case} --by {qar1}")));
            }
            Phase::Submitted => {
                let what = "read the evidence and the report, then approve or reject".to_owned();
                let command = format!("countersign case approve {case} --by {qar2} --reason TEXT");
                add(&qar2, what, Some(command));
            }
            Phase::Approved => {
                add(&qar2, "sign the event".to_owned(), Some(format!("countersign sign {case} --live FILE --out DIR")));
            }
            Phase::Rejected => {
                let what = "settle what speaks against it in a new case".to_owned();
                add(&qar1, what, Some(format!("countersign case log {case}")));
            }
            Phase::Abandoned => {
                let given_up = |role| self.qar(role, at).is_some_and(|qar| self.given_up_by(&qar.aid).is_some());
                for (role, name) in [(Role::Qar1, &qar1), (Role::Qar2, &qar2)] {
                    if !given_up(role) {
                        let command =
                            format!("countersign case abandon {case} --by {name} --cause CAUSE --reason TEXT");
                        add(name, "give the event up as well".to_owned(), Some(command));
                    }
                }
                if given_up(Role::Qar1) && given_up(Role::Qar2) {
                    let command = format!("countersign sign {case} --abandon --live FILE --out DIR");
                    add(&qar2, "give its place in the log up, if any is held".to_owned(), Some(command));
                }
            }
            Phase::Signed => {
                let what = "deliver, report, put what followed into `post/`, and close the case".to_owned();
                add(&qar2, what, Some(format!("countersign case close {case} --by {qar2}")));
            }
            Phase::Closed => {}
        }
        steps
    }

    /// What the findings of a run ask for: a statement, a waiver, evidence.
    fn findings(&self, case: &str, report: &ReportDocument, qar1: &str) -> Vec<(String, String, String)> {
        let mut steps = Vec::new();
        let mut blocked = 0;
        for result in &report.results {
            for finding in result.findings.iter().filter(|finding| finding.waiver.is_none()) {
                let element = finding.element.as_ref().map(|element| format!(" --element '{element}'"));
                let element = element.unwrap_or_default();
                let is_asked = || {
                    let asks = |request: &super::progress::Request| {
                        request.rule == result.rule && request.element == finding.element
                    };
                    self.open_requests().any(asks)
                };
                match (finding.outcome, finding.level) {
                    (_, Level::Info) | (Outcome::Pass | Outcome::NotApplicable, _) => {}
                    (Outcome::Review, _) => {
                        let what = format!("say what no document can show: {}, {}", result.rule, result.title);
                        let command =
                            format!("countersign case attest {case} --rule {}{element} --statement TEXT", result.rule);
                        steps.push(("a QAR who can answer for it".to_owned(), what, command));
                    }
                    (Outcome::Fail, Level::Warn) if is_asked() => {}
                    (Outcome::Fail, Level::Warn) => {
                        let what = format!("mend it or ask for a waiver: {}, {}", result.rule, finding.message);
                        let command = format!(
                            "countersign case waive {case} --rule {}{element} --reason TEXT --expires INSTANT",
                            result.rule
                        );
                        steps.push((qar1.to_owned(), what, command));
                    }
                    (Outcome::Fail, Level::Block) | (Outcome::Indeterminate, Level::Warn | Level::Block) => {
                        blocked += 1
                    }
                }
            }
        }
        if blocked > 0 {
            let things = if blocked == 1 { "1 finding".to_owned() } else { format!("{blocked} findings") };
            let stage = report.run.stage.as_str();
            let what =
                format!("settle {things} with evidence: the run of stage {stage} is {}", report.verdict.as_str());
            steps.push((qar1.to_owned(), what, format!("countersign check {case} --stage {stage}")));
        }
        steps
    }
}
