//! Findings into a document.
//!
//! In: the program, what it found, the facts and the snapshot they came from, and how the run was
//! asked for. Out: a [`ReportDocument`] without its digests. Every place becomes path, line, column
//! and the line itself; nothing is judged again.

mod causes;
mod order;
mod places;
mod wording;

use std::collections::{BTreeMap, BTreeSet};

use crate::bundle::{FileState, Snapshot};
use crate::compile::program::{Function, Level, Op, OpId, Program, RuleBody, RuleIndex, Stage};
use crate::evaluate::finding::{Deciding, Evaluation, Finding, Missing, RuleResult, Waiver, WaiverProblem};
use crate::evaluate::outcome::Outcome;
use crate::facts::schema::{KindClass, KindId};
use crate::facts::{Facts, FileId};

use super::FORMAT;
use super::document::{
    DecidingEntry, FileEntry, FindingEntry, KindEntry, PendingEntry, PolicyPlace, ReportDocument, ResultEntry, Run,
    Summary, UnknownEntry, WaiverEntry,
};
use causes::Causes;
use order::Rank;
use places::Places;

/// Everything a report is made of.
#[derive(Debug, Clone, Copy)]
pub struct Parts<'a> {
    /// The rule book that ran.
    pub program: &'a Program,
    /// What it found.
    pub evaluation: &'a Evaluation,
    /// The facts it ran over.
    pub facts: &'a Facts<'a>,
    /// The bytes they came from.
    pub snapshot: &'a Snapshot,
    /// The waivers that were given.
    pub waivers: &'a [Waiver],
    /// The kinds that the flows of the run need, each with the stage.
    pub needs: &'a [(KindId, Stage)],
}

/// How strongly a source says something, as reports write it.
pub fn strength_text(strength: crate::compile::program::Strength) -> &'static str {
    wording::strength(strength)
}

/// Makes the document of a run. `said` and `judgement` stand open.
pub(crate) fn assemble(parts: Parts<'_>, run: Run) -> ReportDocument {
    let maker = Maker { parts, places: Places::new(parts.program, parts.snapshot), causes: Causes::of(parts) };
    let mut results: Vec<(Rank, ResultEntry)> =
        parts.evaluation.results.iter().map(|result| maker.result(result)).collect();
    // Stable: results that stand equally far in front stay in program order.
    results.sort_by_key(|(rank, _)| *rank);
    let results: Vec<ResultEntry> = results.into_iter().map(|(_, result)| result).collect();
    let pending = maker.pending(&run);
    let not_yet_due: Vec<String> = parts.evaluation.not_yet_due.iter().map(|&rule| maker.rule_id(rule)).collect();
    let summary = summary(&results, not_yet_due.len(), pending.len());
    ReportDocument {
        format: FORMAT.to_owned(),
        said: String::new(),
        judgement: run.policy,
        verdict: parts.evaluation.verdict,
        partial: !pending.is_empty(),
        kinds: maker.kinds(&results),
        files: maker.files(),
        waivers: maker.waivers(),
        summary,
        results,
        not_yet_due,
        pending,
        valid_until: parts.evaluation.valid_until,
        chain: Vec::new(),
        steps: Vec::new(),
        proposal: None,
        run,
    }
}

/// A document with one result more: before the others where something was found, else after them.
pub(crate) fn with_result(mut document: ReportDocument, result: ResultEntry) -> ReportDocument {
    let at = if result.findings.is_empty() { document.results.len() } else { 0 };
    document.results.insert(at, result);
    document.summary = summary(&document.results, document.not_yet_due.len(), document.pending.len());
    document
}

struct Maker<'a> {
    parts: Parts<'a>,
    places: Places<'a>,
    causes: Causes,
}

impl Maker<'_> {
    fn rule_id(&self, rule: RuleIndex) -> String {
        self.parts.program.rules[rule.0 as usize].id.clone()
    }

    fn result(&self, result: &RuleResult) -> (Rank, ResultEntry) {
        let program = self.parts.program;
        let rule = &program.rules[result.rule.0 as usize];
        let document = &program.documents[rule.document.0 as usize];
        let mut findings: Vec<(Rank, &Finding)> =
            result.findings.iter().map(|finding| (Rank::of(self.parts.facts, finding), finding)).collect();
        findings.sort_by_key(|(rank, _)| *rank);
        let first = findings.first().map(|(rank, _)| *rank);
        let entry = ResultEntry {
            rule: rule.id.clone(),
            rule_digest: rule.digest,
            title: rule.title.clone(),
            document: document.id.clone(),
            document_title: document.title.clone(),
            section: rule.section.clone(),
            in_force_section: rule.in_force_section.clone(),
            strength: wording::strength(rule.strength).to_owned(),
            precedence: wording::precedence(document.precedence).to_owned(),
            level: result.level,
            stage: rule.stage,
            outcome: result.outcome,
            passed: result.passed,
            findings: findings.into_iter().map(|(_, finding)| self.finding(result.rule, finding)).collect(),
            same_as: result.aliases.iter().map(|&alias| self.rule_id(alias)).collect(),
            all_of: match &rule.body {
                RuleBody::AllOf(members) => members.iter().map(|&member| self.rule_id(member)).collect(),
                RuleBody::Expressions(_) | RuleBody::SameAs(_) => Vec::new(),
            },
            policy: self.places.in_policy(rule.document, rule.span),
            help: rule.help.clone(),
            conflict: rule.conflict.clone(),
        };
        (first.unwrap_or_else(|| Rank::of_result(&entry)), entry)
    }

    fn finding(&self, rule: RuleIndex, finding: &Finding) -> FindingEntry {
        FindingEntry {
            outcome: finding.outcome,
            level: finding.level,
            lowered: finding.lowered,
            element: finding.element.as_ref().map(|element| element.label.clone()),
            message: finding.message.clone(),
            deciding: finding.deciding.iter().map(|deciding| self.deciding(deciding)).collect(),
            unknowns: finding.unknowns.iter().map(|unknown| self.unknown(rule, unknown)).collect(),
            waiver: finding.waiver.and_then(|at| self.parts.waivers.get(at)).map(|waiver| waiver.id.clone()),
            root_cause: self.causes.of_finding(self.parts, rule, finding).map(|rule| self.rule_id(rule)),
        }
    }

    fn deciding(&self, deciding: &Deciding) -> DecidingEntry {
        DecidingEntry {
            expression: self.places.expression(deciding.op),
            policy: self.policy_place(deciding.op),
            expected: deciding.expected.clone(),
            actual: deciding.actual.clone(),
            evidence: deciding.places.iter().map(|place| self.places.in_evidence(*place)).collect(),
        }
    }

    fn unknown(&self, rule: RuleIndex, unknown: &Missing) -> UnknownEntry {
        let kind = causes::missing_kind(self.parts, rule, unknown).map(|kind| self.kind_name(kind));
        UnknownEntry {
            wanted: unknown.wanted.clone(),
            cause: unknown.cause,
            explanation: match is_left_open(self.parts.program, unknown.op) {
                true => wording::NOT_PRESENTED.to_owned(),
                false => wording::explanation(unknown.cause, &unknown.wanted, kind.as_deref()),
            },
            kind,
            policy: self.policy_place(unknown.op),
            evidence: unknown.places.iter().map(|place| self.places.in_evidence(*place)).collect(),
        }
    }

    fn policy_place(&self, op: OpId) -> PolicyPlace {
        let origin = &self.parts.program.origins[op.0 as usize];
        self.places.in_policy(origin.document, origin.span)
    }

    fn kind_name(&self, kind: KindId) -> String {
        self.parts.program.schema.kinds()[kind.0 as usize].name.clone()
    }

    /// Requirements of the selected packs, due by now, that have no rule.
    fn pending(&self, run: &Run) -> Vec<PendingEntry> {
        let due = self.parts.program.pending.iter();
        let due = due.filter(|pending| pending.stage <= run.stage && run.packs.contains(&pending.pack));
        let entry = |pending: &crate::compile::program::Pending| PendingEntry {
            requirement: pending.id.clone(),
            pack: pending.pack.clone(),
            waits_for: pending.waits_for.clone(),
        };
        due.map(entry).collect()
    }

    /// What the flow needs, in its order, then what rules looked for in vain.
    fn kinds(&self, results: &[ResultEntry]) -> Vec<KindEntry> {
        let kinds = self.parts.program.schema.kinds();
        let looked_for: BTreeSet<&str> = results
            .iter()
            .flat_map(|result| &result.findings)
            .flat_map(|finding| &finding.unknowns)
            .filter_map(|unknown| unknown.kind.as_deref())
            .collect();
        let needed = self.parts.needs.iter().map(|&(kind, stage)| (kind, Some(stage)));
        let others = kinds.iter().enumerate().map(|(at, kind)| (KindId(at as u32), kind)).filter(|(id, kind)| {
            looked_for.contains(kind.name.as_str()) && !self.parts.needs.iter().any(|(needed, _)| needed == id)
        });
        let all = needed.chain(others.map(|(id, _)| (id, None)));
        all.map(|(id, needed_at)| {
            let kind = &kinds[id.0 as usize];
            let population = self.parts.facts.population(id);
            let listed = (population.members.len() + population.unreadable.len()) as u32;
            KindEntry {
                kind: kind.name.clone(),
                title: first_sentence(&kind.description).to_owned(),
                area: area(kind.class, needed_at).to_owned(),
                needed_at,
                listed,
                waiting: if listed == 0 { self.waiting(id, results) } else { Vec::new() },
            }
        })
        .collect()
    }

    /// Rules that read a kind and do not pass.
    fn waiting(&self, kind: KindId, results: &[ResultEntry]) -> Vec<String> {
        let reads = |result: &&ResultEntry| {
            if result.outcome <= Outcome::Pass {
                return false;
            }
            let rule = self.parts.program.rules.iter().find(|rule| rule.id == result.rule);
            rule.is_some_and(|rule| rule.reads.contains(&kind))
        };
        results.iter().filter(reads).map(|result| result.rule.clone()).collect()
    }

    fn waivers(&self) -> Vec<WaiverEntry> {
        let entry = |(at, waiver): (usize, &Waiver)| {
            let problem = self.parts.evaluation.waivers.iter().find(|finding| finding.waiver == at);
            WaiverEntry {
                id: waiver.id.clone(),
                rule: waiver.rule.clone(),
                element: waiver.element.clone(),
                reason: waiver.reason.clone(),
                approved_by: waiver.approved_by.clone(),
                expires: waiver.expires,
                state: problem.map_or("used", |finding| waiver_state(finding.problem)).to_owned(),
                level: problem.map_or(Level::Info, |finding| finding.level),
            }
        };
        self.parts.waivers.iter().enumerate().map(entry).collect()
    }

    fn files(&self) -> Vec<FileEntry> {
        let program = self.parts.program;
        let kinds = program.schema.kinds();
        let mut of_file: BTreeMap<FileId, KindId> = BTreeMap::new();
        for (at, kind) in kinds.iter().enumerate() {
            match kind.class {
                KindClass::Evidence | KindClass::Case => {}
                KindClass::Derived | KindClass::Table => continue,
            }
            let population = self.parts.facts.population(KindId(at as u32));
            let nodes = population.members.iter().chain(&population.unreadable);
            of_file.extend(nodes.filter_map(|&node| Some((self.parts.facts.node(node).file?, KindId(at as u32)))));
        }
        let used_by = |kind: KindId| {
            let rules = self.parts.evaluation.results.iter().map(|result| &program.rules[result.rule.0 as usize]);
            rules.filter(|rule| rule.reads.contains(&kind)).map(|rule| rule.id.clone()).collect()
        };
        let snapshot = self.parts.snapshot;
        let files = snapshot.iter().map(|(id, file)| {
            let record = of_file.get(&id).copied();
            let listed = snapshot.entry(id).map(|entry| entry.kind.as_str());
            let other = match file.state {
                FileState::Unlisted => "unlisted",
                FileState::Refused => "refused",
                FileState::Good | FileState::Altered => "manifest",
            };
            let kind = record.map(|kind| kinds[kind.0 as usize].name.as_str()).or(listed).unwrap_or(other);
            FileEntry {
                path: crate::bundle::place::printable(&file.path),
                kind: crate::bundle::place::printable(kind),
                sha256: file.sha256(),
                size: file.bytes().map_or(0, |bytes| bytes.len() as u64),
                used_by: record.map(used_by).unwrap_or_default(),
            }
        });
        files.collect()
    }
}

/// The part of the case that a kind of record belongs to.
fn area(class: KindClass, needed_at: Option<Stage>) -> &'static str {
    match (class, needed_at) {
        (KindClass::Case, _) => "decision",
        (KindClass::Evidence, Some(Stage::Closing)) => "post",
        (KindClass::Evidence | KindClass::Derived | KindClass::Table, _) => "bundle",
    }
}

/// A description as far as a list has room for it.
fn first_sentence(description: &str) -> &str {
    description.split(". ").next().unwrap_or_default().trim_end_matches('.')
}

fn summary(results: &[ResultEntry], not_yet_due: usize, pending: usize) -> Summary {
    let mut summary = Summary { not_yet_due: not_yet_due as u32, pending: pending as u32, ..Summary::default() };
    for result in results {
        let counter = match result.outcome {
            Outcome::Pass => &mut summary.pass,
            Outcome::NotApplicable => &mut summary.not_applicable,
            Outcome::Indeterminate => &mut summary.indeterminate,
            Outcome::Review => &mut summary.review,
            Outcome::Fail => {
                let unwaived = result.findings.iter();
                let unwaived = unwaived.filter(|finding| finding.outcome == Outcome::Fail && finding.waiver.is_none());
                // A part of a composed rule has its findings of its own; without any, the level decides.
                let worst = match unwaived.map(|finding| finding.level).max() {
                    None if result.findings.is_empty() => Some(result.level),
                    worst => worst,
                };
                match worst {
                    None => &mut summary.waived,
                    Some(Level::Block) => &mut summary.fail_block,
                    Some(Level::Warn) => &mut summary.fail_warn,
                    Some(Level::Info) => &mut summary.fail_info,
                }
            }
        };
        *counter += 1;
    }
    summary
}

/// Whether an operation is the one that is never known.
fn is_left_open(program: &Program, op: OpId) -> bool {
    matches!(program.ops[op.0 as usize], Op::Call { function: Function::Unproven, .. })
}

fn waiver_state(problem: WaiverProblem) -> &'static str {
    match problem {
        WaiverProblem::Unused => "unused",
        WaiverProblem::Expired => "expired",
        WaiverProblem::NotYet => "not yet in force",
        WaiverProblem::OtherRule => "for another version of the rule",
        WaiverProblem::OtherBundle => "for another bundle",
        WaiverProblem::BlockLevel => "for a finding at block level",
        WaiverProblem::NoApprover => "without an approver",
        WaiverProblem::NoReason => "without an id or a reason",
    }
}
