//! Which changes of a rule book its cases notice.
//!
//! In: a rule book, compiled twice, its cases and their fixtures. Out: the mutants whose rules say the same of
//! every case. Such a mutant is a part of a rule that no case tests, or one that makes no difference.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};

use crate::compile::mutants::{Mutant, Mutants};
use crate::compile::program::{Level, Program, RuleBody, RuleIndex};
use crate::evaluate::outcome::Outcome;
use crate::evaluate::{Inputs, Reached, Selection, evaluate_unexplained};
use crate::facts::Facts;
use crate::policy::ParsedCases;
use crate::policy::cases::ParsedCase;

use super::Ready;
use super::cases::{self, FixtureOf, Outcomes, is_about};

/// What became of all mutants.
#[derive(Debug)]
pub struct Mutation {
    /// All of them, in order of place.
    pub all: Vec<(Mutant, Fate)>,
}

/// What became of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// A case noticed it.
    Noticed,
    /// No case did.
    Unnoticed,
    /// It concerns no rule of the cases that ran.
    Elsewhere,
}

/// Runs the cases as [`super::cases::run`] does, and every case against every mutant that concerns one of its rules,
/// until one notices it. A case that is not as expected notices nothing. With a filter only the mutants count that
/// concern a rule of these cases.
///
/// `mutable` gives the same program as `program` each time, compiled anew. None if it comes from an image.
pub fn run(
    program: &Program,
    mutable: &(dyn Fn() -> Option<Program> + Sync),
    files: &[ParsedCases],
    filter: Option<&str>,
    fixture: &FixtureOf<'_>,
) -> Option<(Outcomes, Mutation)> {
    let mut template = mutable()?;
    let all = Mutants::of(&mut template)?;
    let noticed: Vec<AtomicBool> = all.mutants.iter().map(|_| AtomicBool::new(false)).collect();
    let rules: BTreeMap<&str, usize> =
        program.rules.iter().enumerate().map(|(at, rule)| (rule.id.as_str(), at)).collect();
    let outcomes = cases::run_beside(program, files, filter, fixture, |worker: &mut Option<Worker>, case, ready| {
        let worker = match worker {
            Some(worker) => worker,
            None => match Worker::new(mutable) {
                Some(new) => worker.insert(new),
                None => return,
            },
        };
        judge(worker, &expected(case, &rules), case.verdict.is_some(), ready, &noticed);
    });
    let cases: Vec<&ParsedCase> =
        files.iter().flat_map(|file| &file.cases).filter(|case| filter.is_none_or(|f| is_about(case, f))).collect();
    let counts = concerned(program, &all, &cases, &rules, filter.is_none());
    let fates = noticed.into_iter().zip(counts).map(|(noticed, counts)| match (counts, noticed.into_inner()) {
        (false, _) => Fate::Elsewhere,
        (true, true) => Fate::Noticed,
        (true, false) => Fate::Unnoticed,
    });
    Some((outcomes, Mutation { all: all.mutants.into_iter().zip(fates).collect() }))
}

/// The rules that a case is about, each with what it must say.
fn expected(case: &ParsedCase, rules: &BTreeMap<&str, usize>) -> Vec<(usize, Outcome)> {
    case.expect.iter().filter_map(|(rule, outcome)| Some((*rules.get(rule.text.as_str())?, outcome.value))).collect()
}

/// Which mutants concern a rule that a case is about, or all.
fn concerned(
    program: &Program,
    mutants: &Mutants,
    cases: &[&ParsedCase],
    rules: &BTreeMap<&str, usize>,
    all: bool,
) -> Vec<bool> {
    let mut counts = vec![all; mutants.mutants.len()];
    let about: BTreeSet<usize> = cases.iter().flat_map(|case| expected(case, rules)).map(|(rule, _)| rule).collect();
    for decided in about.into_iter().flat_map(|rule| decided_by(program, rule)) {
        mutants.of_rule[decided].iter().for_each(|&mutant| counts[mutant] = true);
    }
    counts
}

/// A program of its own for each thread.
struct Worker {
    program: Program,
    mutants: Mutants,
}

impl Worker {
    fn new(mutable: &dyn Fn() -> Option<Program>) -> Option<Self> {
        let mut program = mutable()?;
        let mutants = Mutants::of(&mut program)?;
        Some(Self { program, mutants })
    }
}

fn judge(worker: &mut Worker, rules: &[(usize, Outcome)], levels: bool, ready: &Ready<'_, '_>, noticed: &[AtomicBool]) {
    let Worker { program, mutants } = worker;
    for &(rule, expected) in rules {
        let selection = Selection { due: vec![RuleIndex(rule as u32)], ..Selection::default() };
        let inputs = Inputs { selection: &selection, ..ready.inputs };
        let reached = Reached::new(program);
        let before = said(program, ready.facts, &inputs, levels, Some(&reached));
        if before.first().is_none_or(|(outcome, _)| *outcome != expected) {
            continue;
        }
        for decided in decided_by(program, rule) {
            for &at in &mutants.of_rule[decided] {
                let mutant = &mut mutants.mutants[at];
                if noticed[at].load(Ordering::Relaxed) || !mutant.changes().any(|op| reached.has(op)) {
                    continue;
                }
                mutant.swap(program);
                let after = said(program, ready.facts, &inputs, levels, None);
                mutant.swap(program);
                noticed[at].fetch_or(after != before, Ordering::Relaxed);
            }
        }
    }
}

/// The rules whose expressions decide a rule.
fn decided_by(program: &Program, rule: usize) -> Vec<usize> {
    let (mut found, mut waiting) = (Vec::new(), vec![rule]);
    while let Some(at) = waiting.pop() {
        if found.contains(&at) {
            continue;
        }
        found.push(at);
        match &program.rules[at].body {
            RuleBody::Expressions(_) => {}
            RuleBody::SameAs(target) => waiting.push(target.0 as usize),
            RuleBody::AllOf(parts) => waiting.extend(parts.iter().map(|part| part.0 as usize)),
        }
    }
    found
}

/// What a rule says: its outcome, and the levels of its findings where the case says what the verdict is.
fn said(
    program: &Program,
    facts: &Facts<'_>,
    inputs: &Inputs<'_>,
    levels: bool,
    reached: Option<&Reached>,
) -> Vec<(Outcome, Vec<Level>)> {
    let results = evaluate_unexplained(program, facts, inputs, reached).results;
    let of = results.into_iter().map(|result| {
        let found = result.findings.iter().map(|finding| finding.level).filter(|_| levels);
        (result.outcome, found.collect())
    });
    of.collect()
}
