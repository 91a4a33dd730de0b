//! Which changes of a rule book its cases notice.
//!
//! In: a rule book, compiled twice, its cases and their fixtures. Out: the mutants whose rules say the same of
//! every case. Such a mutant is a part of a rule that no case tests, or one that makes no difference.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};

use crate::compile::mutants::{Mutant, Mutants};
use crate::compile::program::{Level, Program, RuleBody, RuleIndex};
use crate::evaluate::outcome::Outcome;
use crate::evaluate::{Inputs, Selection, evaluate};
use crate::facts::Facts;
use crate::policy::ParsedCases;
use crate::policy::cases::ParsedCase;

use super::cases::{Bases, FixtureOf, asked, is_about, on_all_cores};
use super::{Beside, prepared};

/// What became of all mutants.
#[derive(Debug)]
pub struct Mutation {
    /// Those that no case noticed, in order of place.
    pub surviving: Vec<Mutant>,
    /// How many there are.
    pub all: usize,
}

/// Runs the cases of every rule against every mutant that concerns the rule, until one notices it. A case that is
/// not as expected to begin with notices nothing. With a filter, as of [`super::cases::run`], only the mutants count
/// that concern a rule of these cases.
///
/// `mutable` gives the same program as `program` each time, compiled anew. None if it comes from an image.
pub fn run(
    program: &Program,
    mutable: &(dyn Fn() -> Option<Program> + Sync),
    files: &[ParsedCases],
    filter: Option<&str>,
    fixture: &FixtureOf<'_>,
) -> Option<Mutation> {
    let mut template = mutable()?;
    let all = Mutants::of(&mut template)?;
    let noticed: Vec<AtomicBool> = all.mutants.iter().map(|_| AtomicBool::new(false)).collect();
    let rules: BTreeMap<&str, usize> =
        program.rules.iter().enumerate().map(|(at, rule)| (rule.id.as_str(), at)).collect();
    let cases: Vec<&ParsedCase> =
        files.iter().flat_map(|file| &file.cases).filter(|case| filter.is_none_or(|f| is_about(case, f))).collect();
    on_all_cores(&cases, |state: &mut Option<Worker>, case| {
        let worker = match state {
            Some(worker) => worker,
            None => match Worker::new(mutable) {
                Some(worker) => state.insert(worker),
                None => return,
            },
        };
        let Ok(base) = worker.bases.of(case, fixture) else { return };
        let Ok(run) = asked(program, case, base) else { return };
        let (book, mutants) = (&mut worker.program, &mut worker.mutants);
        // A case that cannot be run was reported when the cases were run.
        let beside = Beside { cases: base.0.earlier.as_deref(), rows: &run.rows };
        let _ = prepared(program, &run.snapshot, &run.trust, beside, &run.options, |ready| {
            judge(book, mutants, &expected(case, &rules), case.verdict.is_some(), ready.facts, &ready.inputs, &noticed);
        });
    });
    let counts = concerned(program, &all, &cases, &rules, filter.is_none());
    let of_count = all.mutants.into_iter().zip(noticed).zip(&counts).filter(|(_, counts)| **counts);
    let surviving =
        of_count.filter(|((_, noticed), _)| !noticed.load(Ordering::Relaxed)).map(|((mutant, _), _)| mutant);
    Some(Mutation { surviving: surviving.collect(), all: counts.iter().filter(|counts| **counts).count() })
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
    bases: Bases,
}

impl Worker {
    fn new(mutable: &dyn Fn() -> Option<Program>) -> Option<Self> {
        let mut program = mutable()?;
        let mutants = Mutants::of(&mut program)?;
        Some(Self { program, mutants, bases: Bases::default() })
    }
}

fn judge(
    program: &mut Program,
    mutants: &mut Mutants,
    rules: &[(usize, Outcome)],
    levels: bool,
    facts: &Facts<'_>,
    inputs: &Inputs<'_>,
    noticed: &[AtomicBool],
) {
    for &(rule, expected) in rules {
        let selection = Selection { due: vec![RuleIndex(rule as u32)], ..Selection::default() };
        let inputs = Inputs { selection: &selection, ..*inputs };
        let said = |program: &Program| said(program, facts, &inputs, levels);
        let before = said(program);
        if before.first().is_none_or(|(outcome, _)| *outcome != expected) {
            continue;
        }
        for decided in decided_by(program, rule) {
            for &at in &mutants.of_rule[decided] {
                if noticed[at].load(Ordering::Relaxed) {
                    continue;
                }
                mutants.mutants[at].swap(program);
                let after = said(program);
                mutants.mutants[at].swap(program);
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
fn said(program: &Program, facts: &Facts<'_>, inputs: &Inputs<'_>, levels: bool) -> Vec<(Outcome, Vec<Level>)> {
    let results = evaluate(program, facts, inputs).results;
    let of = results.into_iter().map(|result| {
        let found = result.findings.iter().map(|finding| finding.level).filter(|_| levels);
        (result.outcome, found.collect())
    });
    of.collect()
}
