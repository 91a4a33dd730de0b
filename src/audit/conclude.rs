//! From judged cases and registries to the year: what no single case can show.
//!
//! In: the journal, read case by case, and what the registries prove. Out: the document. What is compared across cases
//! is sorted on the disk; in memory there are findings, counts, and a few bytes a case.

mod groups;
mod levels;

use std::collections::BTreeMap;

use super::code::{self, Code};
use super::error::AuditError;
use super::journal::{Journal, Row};
use super::people::{self, Rosters};
use super::rows::Rows;
use super::sample::Drawing;
use super::traces::{Side, Topic, Traces, seconds};
use super::year::Year;
use super::{Question, population};
use crate::compile::program::Program;
use crate::evaluate::outcome::Verdict;
use crate::keri::Code as Keri;
use crate::keri::population::{Action, Flaw};
use crate::primitives::Sha256;
use crate::report::audit::{
    AuditDocument, AuditFinding, AuditRun, AuditSummary, CaseEntry, Coverage, FORMAT, Metrics, ProvenBy, WaiverAge,
    Weight,
};

use super::sorter::{Record, Sorter};
use levels::Levels;

/// Most findings of one code; the others are counted in a last one.
const PER_CODE_MAX: usize = 10_000;
/// Most cases that one finding names.
pub(super) const NAMED_MAX: usize = 20;

/// What records are about.
pub(super) mod topic {
    pub const EVENT: u8 = 0;
    /// Of claims: this and the number of the topic.
    pub const CLAIM: u8 = 1;
    pub const LEI: u8 = 20;
    pub const PERSON: u8 = 21;
    pub const ROSTER: u8 = 22;
}

/// What a record about an event is: `at` of its record.
pub(super) mod part {
    pub const EVENT: i64 = 0;
    pub const CASE: i64 = 1;
    pub const RECEIPT: i64 = 2;
}

/// What is noted of a case beside an event.
pub(super) mod note {
    pub const APPROVED: u8 = 1;
    pub const OUTSIDE: u8 = 2;
    pub const REPORTED: u8 = 4;
    pub const LEDGER: u8 = 8;
    pub const GIVEN_UP: u8 = 16;
}

/// Findings in the making, each code bounded.
pub(super) struct Findings<'p> {
    program: &'p Program,
    found: Vec<(Code, AuditFinding)>,
    counts: BTreeMap<Code, usize>,
}

impl<'p> Findings<'p> {
    fn new(program: &'p Program) -> Self {
        Self { program, found: Vec::new(), counts: BTreeMap::new() }
    }

    pub(super) fn add(&mut self, code: Code, subject: impl Into<String>, cases: Vec<String>, message: String) {
        let count = self.counts.entry(code).or_default();
        *count += 1;
        if *count <= PER_CODE_MAX {
            self.found.push((code, code.finding(self.program, subject, cases, message)));
        }
    }

    /// In the order in which a report tells of them.
    fn finish(mut self) -> Vec<AuditFinding> {
        for (code, count) in &self.counts {
            if *count > PER_CODE_MAX {
                let message = format!("{} more of this kind are not listed", count - PER_CODE_MAX);
                self.found.push((*code, code.finding(self.program, "", Vec::new(), message)));
            }
        }
        // The order of codes is that of reports; among equal ones that of subjects, the count last.
        self.found.sort_by(|(a, of_a), (b, of_b)| {
            (a, of_a.subject.is_empty(), &of_a.subject, &of_a.message, &of_a.cases).cmp(&(
                b,
                of_b.subject.is_empty(),
                &of_b.subject,
                &of_b.message,
                &of_b.cases,
            ))
        });
        self.found.into_iter().map(|(_, finding)| finding).collect()
    }
}

/// Cases of which one finding names some and counts all.
#[derive(Default)]
pub(super) struct Named {
    pub count: u64,
    pub cases: Vec<String>,
}

impl Named {
    pub(super) fn push(&mut self, case: &str) {
        self.count += 1;
        if self.cases.len() < NAMED_MAX {
            self.cases.push(case.to_owned());
        }
    }
}

/// Draws the conclusions from a journal that has every case.
///
/// # Errors
/// Of the journal and of the files in its folder.
pub fn conclude(question: &Question<'_>, journal: &Journal, year: &Year) -> Result<AuditDocument, AuditError> {
    let program = question.program;
    let mut findings = Findings::new(program);
    flaws(&mut findings, &question.registries.flaws);
    for stray in &year.strays {
        let message = format!("`{stray}` in the folder of cases is neither a case nor a folder of cases");
        findings.add(Code::NotACase, stray.clone(), Vec::new(), message);
    }

    let mut summary = AuditSummary::default();
    let mut sorter = Sorter::new(Some(journal.folder()), "compared");
    let mut levels = Levels::default();
    let mut rosters = Rosters::default();
    let mut waivers = Vec::new();
    let mut unproven = Named::default();
    let mut verdict = Verdict::Clean;
    let mut drawing = question.draw.clone().map(Drawing::new);
    let mut tally = vec![[0u64; 6]; program.rules.len()];
    let unwritten = |error| AuditError::write(journal.folder())(error);
    events(question, &mut summary, &mut |record| sorter.push(record).map_err(unwritten))?;
    journal.each(|row| {
        push(question, &row, &mut |record| sorter.push(record).map_err(unwritten))?;
        if !row.inside {
            summary.outside += 1;
            return Ok(());
        }
        let (entry, traces) = (&row.entry, &row.traces);
        count(&mut summary, entry);
        verdict = verdict.min(entry.verdict.unwrap_or(Verdict::NotClean));
        if let Some(error) = &entry.error {
            let message = format!("`{}` could not be checked: {}", entry.case, error.message);
            findings.add(Code::CaseUnreadable, entry.case.clone(), vec![entry.case.clone()], message);
        }
        if entry.proven_by == ProvenBy::Claim {
            unproven.push(&entry.case);
        }
        self::tally(&mut tally, &entry.outcomes);
        levels.take(question, entry, traces, &mut findings)?;
        waivers.extend(aged(question, entry, traces));
        if let Some(drawing) = &mut drawing {
            drawing.take(&entry.case, &entry.flow);
        }
        Ok(())
    })?;
    if unproven.count > 0 {
        let message = format!(
            "of {} neither a ledger nor a watcher says when it was signed; each is judged for the time that it claims",
            if unproven.count == 1 { "one case".to_owned() } else { format!("{} cases", unproven.count) }
        );
        findings.add(Code::SigningTimeUnproven, "", unproven.cases, message);
    }
    levels.finish(&mut findings);
    let watch = groups::read(question, journal, sorter, &mut rosters, &mut findings)?;
    let roster = rosters.finish(question, &mut findings);
    let metrics = Metrics { watched_leis: watch.leis, monitoring_gap_longest_s: watch.longest, ..levels.metrics() };

    let coverage = coverage(program, &tally);
    let findings = findings.finish();
    for finding in &findings {
        weigh(&mut summary, finding);
        verdict = verdict.min(finding.weight.verdict());
    }
    summary.untested = coverage.iter().filter(|rule| !rule.is_tested()).count() as u64;
    waivers.sort();
    Ok(AuditDocument {
        cost: None,
        coverage,
        findings,
        format: FORMAT.to_owned(),
        metrics,
        roster,
        run: run(question),
        sample: drawing.map(Drawing::finish),
        summary,
        verdict,
        waivers,
    })
}

fn run(question: &Question<'_>) -> AuditRun {
    AuditRun {
        engine: env!("CARGO_PKG_VERSION").to_owned(),
        as_of: question.as_of,
        from: question.period.from,
        to: question.period.to,
        profile: question.options.profile.clone(),
        policy: question.program.digest,
        trust: question.trust.digest,
        issuer: question.trust.qvi_aid.to_string(),
        other_issuers: population::others(question.trust),
        streams: question.registries.streams.clone(),
        ledger: question.ledger.map(Rows::entry),
    }
}

/// What the streams contradict.
pub(super) fn flaws_of(flaw: &Flaw) -> Code {
    match flaw.code {
        Keri::Duplicity | Keri::RegistryDuplicity => Code::Duplicity,
        Keri::IssuanceMissing => Code::EventWithheld,
        _ => Code::RegistryBroken,
    }
}

fn flaws(findings: &mut Findings<'_>, flaws: &[Flaw]) {
    for flaw in flaws {
        findings.add(flaws_of(flaw), flaw.about.clone(), Vec::new(), flaw.message.clone());
    }
}

/// Where records go.
type Push<'p> = &'p mut dyn FnMut(&Record) -> Result<(), AuditError>;

/// The events of the registries; those of the period need a case.
fn events(question: &Question<'_>, summary: &mut AuditSummary, push: Push<'_>) -> Result<(), AuditError> {
    let mut who = 0;
    question.registries.each(|event| {
        let inside = population::time(&event).is_none_or(|at| question.period.holds(at));
        match (inside, event.action) {
            (true, Action::Issued) => summary.issued += 1,
            (true, Action::Revoked) => summary.revoked += 1,
            (false, _) => {}
        }
        let key = population::key(event.action, event.credential.as_str());
        let note = if inside { 0 } else { note::OUTSIDE };
        push(&Record { topic: topic::EVENT, key, at: part::EVENT, also: 0, who, note })?;
        who += 1;
        Ok(())
    })
}

/// What a case adds to what is compared.
fn push(question: &Question<'_>, row: &Row, push: Push<'_>) -> Result<(), AuditError> {
    let (who, traces) = (row.at, &row.traces);
    for act in &traces.acts {
        let Some(action) = population::action(&act.action) else { continue };
        let reported = matches!(act.credential_type.as_str(), "LE" | "OOR");
        let bits = [
            (traces.approved, note::APPROVED),
            (!row.inside, note::OUTSIDE),
            (reported, note::REPORTED),
            (traces.row.is_some(), note::LEDGER),
            (traces.given_up, note::GIVEN_UP),
        ];
        let note = bits.iter().filter(|(is_set, _)| *is_set).fold(0, |note, (_, bit)| note | bit);
        let key = population::key(action, &act.credential);
        push(&Record { topic: topic::EVENT, key, at: part::CASE, also: 0, who, note })?;
        if act.credential_type == "LE"
            && let Some(at) = question.registries.find_by(&key)?.as_ref().and_then(population::time)
        {
            let note = if action == Action::Issued { groups::MANAGED } else { groups::ENDED };
            let key = Sha256::of(row.entry.lei.as_bytes());
            push(&Record { topic: topic::LEI, key, at: seconds(at), also: 0, who, note })?;
        }
    }
    for receipt in &traces.receipts {
        let Some(action) = population::action(&receipt.action) else { continue };
        let key = population::key(action, &receipt.credential);
        push(&Record { topic: topic::EVENT, key, at: part::RECEIPT, also: 0, who, note: 0 })?;
    }
    if !row.inside {
        return Ok(());
    }
    for claim in &traces.claims {
        // Cases of one authorization may hold the same evidence; credentials on one authorization may not.
        let same = match claim.topic {
            Topic::Authorization => traces.acts.iter().map(|act| act.credential.as_str()).collect::<Vec<_>>().join(" "),
            Topic::Nonce | Topic::Session | Topic::Recording | Topic::Message => match &traces.authorization {
                Some(authorization) => authorization.clone(),
                None => row.entry.case.clone(),
            },
        };
        let topic = topic::CLAIM + claim.topic as u8;
        push(&Record { topic, key: claim.key, at: number(&same), also: 0, who, note: 0 })?;
    }
    for watched in &traces.watched {
        let key = Sha256::of(watched.lei.as_bytes());
        for at in &watched.at {
            push(&Record { topic: topic::LEI, key, at: *at, also: 0, who, note: groups::LOOKED })?;
        }
    }
    for person in &traces.people {
        let note = match person.side {
            Side::Qar => 1,
            Side::Entity => 2,
            Side::Waiver => 4,
        };
        let key = Sha256::of(person.aid.as_bytes());
        push(&Record { topic: topic::PERSON, key, at: number(&person.person), also: 0, who, note })?;
    }
    match &traces.roster {
        Some(roster) => push(&people::record(roster, who)),
        None => Ok(()),
    }
}

/// A number that two different texts do not share.
pub(super) fn number(text: &str) -> i64 {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&Sha256::of(text.as_bytes()).as_bytes()[..8]);
    i64::from_be_bytes(bytes)
}

/// Counts the letters of a case, rule by rule.
pub(super) fn tally(tally: &mut [[u64; 6]], outcomes: &str) {
    for (letter, counts) in outcomes.chars().zip(tally) {
        if let Some(at) = "pfwirn".find(letter) {
            counts[at] += 1;
        }
    }
}

/// Counts a finding.
pub(super) fn weigh(summary: &mut AuditSummary, finding: &AuditFinding) {
    match finding.weight {
        Weight::Block => summary.block += 1,
        Weight::Unknown => summary.unknown += 1,
        Weight::Warn => summary.warn += 1,
        Weight::Info => summary.info += 1,
    }
}

pub(super) fn count(summary: &mut AuditSummary, entry: &CaseEntry) {
    summary.cases += 1;
    let of = match entry.verdict {
        None => &mut summary.unreadable,
        Some(Verdict::NotClean) => &mut summary.not_clean,
        Some(Verdict::NeedsWaiver) => &mut summary.needs_waiver,
        Some(Verdict::Indeterminate) => &mut summary.indeterminate,
        Some(Verdict::CleanWithWaivers) => &mut summary.clean_with_waivers,
        Some(Verdict::Clean) => &mut summary.clean,
    };
    *of += 1;
}

fn aged(question: &Question<'_>, entry: &CaseEntry, traces: &Traces) -> Vec<WaiverAge> {
    let since = entry.as_of.unwrap_or(question.as_of);
    let aged = traces.waivers.iter().map(|waiver| WaiverAge {
        case: entry.case.clone(),
        id: waiver.id.clone(),
        rule: waiver.rule.clone(),
        state: waiver.state.clone(),
        approved_by: waiver.approved_by.clone(),
        expires: waiver.expires,
        age_days: since.date().days_until(question.as_of.date()),
        expired: waiver.expires < question.as_of,
    });
    aged.collect()
}

fn coverage(program: &Program, tally: &[[u64; 6]]) -> Vec<Coverage> {
    let of_rule = |(rule, counts): (&crate::compile::program::Rule, &[u64; 6])| {
        let [pass, fail, waived, indeterminate, review, not_applicable] = *counts;
        Coverage {
            rule: rule.id.clone(),
            title: rule.title.clone(),
            clause: code::clause(program, rule),
            pass,
            fail,
            waived,
            indeterminate,
            review,
            not_applicable,
        }
    };
    program.rules.iter().zip(tally).map(of_rule).collect()
}
