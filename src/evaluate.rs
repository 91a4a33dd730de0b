//! A program and facts, met: findings.
//!
//! In: a [`Program`], the [`Facts`] of one case, the instant to judge for, and the waivers. Out: one
//! [`finding::RuleResult`] per rule and the [`outcome::Verdict`]. Where the facts came from is not
//! known here, and there is no clock: `as_of` is an argument. The same arguments give the same result.

use std::collections::BTreeMap;

use bumpalo::Bump;

use crate::compile::direct::Direct;
use crate::compile::program::{Level, OpId, ParameterId, ParameterValue, Profile, Program, RuleBody, RuleIndex};
use crate::facts::{Cause, Facts};
use crate::primitives::{Instant, Sha256};

mod collections;
mod compare;
mod coverage;
mod direct;
mod explain;
pub mod finding;
mod functions;
mod machine;
mod memo;
pub mod outcome;
mod print;
mod rules;
pub mod select;
mod tables;
mod time;
mod value;
mod verdict;
mod waivers;
mod words;

#[cfg(test)]
mod tests;

pub use coverage::{Coverage, Reached};
pub use print::print_parameter;
pub use select::{Question, Selection, level, select};
pub use tables::{Row, push_row, push_tables};
pub(crate) use verdict::verdict;

use direct::{Counts, Direction};
use finding::{Element, Evaluation, Finding, RuleResult, Waiver};
use machine::Machine;
use outcome::Outcome;

/// What is known of the time of signing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signing {
    /// Nothing is signed yet: the time of signing is the instant judged for.
    NotYet,
    /// It was signed then, as an audit has established.
    At(Instant),
    /// It was signed, and nobody knows when.
    Unknown,
}

/// What a run needs beside the program and the facts.
#[derive(Debug, Clone, Copy)]
pub struct Inputs<'i> {
    /// The instant judged for.
    pub as_of: Instant,
    /// What is known of the signing.
    pub signing: Signing,
    /// The rules to decide.
    pub selection: &'i Selection,
    /// The profile in force.
    pub profile: &'i Profile,
    /// Parameters set on the command line; they stand over those of the profile.
    pub parameters: &'i [(ParameterId, ParameterValue)],
    /// The waivers given.
    pub waivers: &'i [Waiver],
    /// Digest of the manifest; `None` if there is none, and then no waiver is for it.
    pub bundle: Option<Sha256>,
}

/// Deepest nesting of rules that are made of rules.
const COMPOSITE_DEPTH_MAX: u32 = 16;

/// From this many rules on they are decided in two parts: alone or side by side, with the same result.
const PARTS_FROM: usize = 64;
/// So many neighbours stay in one part: rules of one section share definitions.
const NEIGHBOURS: usize = 8;

/// Runs the selected rules.
///
/// Rows of the rule book's tables must already be among the facts: see [`push_tables`].
pub fn evaluate(program: &Program, facts: &Facts<'_>, inputs: &Inputs<'_>) -> Evaluation {
    Run { program, facts, inputs, explains: true, side_by_side: false }.evaluation()
}

/// As [`evaluate`], on two threads where there are many rules: for a case that is the only one.
pub fn evaluate_side_by_side(program: &Program, facts: &Facts<'_>, inputs: &Inputs<'_>) -> Evaluation {
    Run { program, facts, inputs, explains: true, side_by_side: true }.evaluation()
}

/// As [`evaluate`], keeping what each condition answered: for tests of policies.
pub fn evaluate_covered(
    program: &Program,
    facts: &Facts<'_>,
    inputs: &Inputs<'_>,
    coverage: Option<&Coverage>,
) -> Evaluation {
    if coverage.is_none() {
        return evaluate(program, facts, inputs);
    }
    let run = Run { program, facts, inputs, explains: true, side_by_side: false };
    run.watched(coverage, None)
}

/// As [`evaluate`], but findings do not say why, which takes longer than to find out; and which operations were
/// run: for tests of policies.
pub fn evaluate_unexplained(
    program: &Program,
    facts: &Facts<'_>,
    inputs: &Inputs<'_>,
    reached: Option<&Reached>,
) -> Evaluation {
    let run = Run { program, facts, inputs, explains: false, side_by_side: false };
    if reached.is_none() {
        return run.evaluation();
    }
    run.watched(None, reached)
}

/// One evaluation.
#[derive(Clone, Copy)]
struct Run<'r> {
    program: &'r Program,
    facts: &'r Facts<'r>,
    inputs: &'r Inputs<'r>,
    explains: bool,
    side_by_side: bool,
}

/// The due rules.
struct Decided {
    /// Of each that has expressions.
    results: Vec<RuleResult>,
    /// Those that are made of others, to be put together.
    composites: Vec<RuleIndex>,
}

/// Rules that repeat another due one, each with that one.
type Aliases = BTreeMap<RuleIndex, RuleIndex>;

impl<'r> Run<'r> {
    fn evaluation(self) -> Evaluation {
        let direct = self.program.direct.of(self.program);
        let (evaluation, exhausted) = self.with(direct);
        // What was decided directly is not remembered for the others, which then take more steps. Where these do not
        // suffice, the run is what it would have been without.
        if exhausted && direct.is_some() { self.with(None).0 } else { evaluation }
    }

    /// With a direct form, or without; whether some rule used up its steps.
    fn with(self, direct: Option<&'r Direct>) -> (Evaluation, bool) {
        let arenas = Arenas::new(direct);
        let parameters = parameters_in_force(self.program, self.inputs);
        let aliases = select::aliases(self.program, &self.inputs.selection.due);
        let mut decider = Decider::new(self, direct, &arenas, &parameters);
        if self.inputs.selection.due.len() < PARTS_FROM {
            let decided = decider.decide(&aliases, |_| true);
            return self.assembled(decider, &aliases, decided);
        }
        // What a part remembers, the other does not know: the parts are the same wherever they run, so that a rule
        // that uses up its steps does so in every run.
        let second = |at: usize| at / NEIGHBOURS % 2 == 1;
        let apart = || {
            let arenas = Arenas::new(direct);
            let mut decider = Decider::new(self, direct, &arenas, &parameters);
            let decided = decider.decide(&aliases, second);
            (decided, decider.until(), decider.exhausted())
        };
        let (mut decided, (others, until, exhausted)) = std::thread::scope(|scope| {
            let running = match self.side_by_side {
                // Where no thread can be had, this one does the work.
                true => std::thread::Builder::new().spawn_scoped(scope, apart).ok(),
                false => None,
            };
            let decided = decider.decide(&aliases, |at| !second(at));
            let others = match running {
                Some(running) => running.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
                None => apart(),
            };
            (decided, others)
        });
        decided.results.extend(others.results);
        decided.composites.extend(others.composites);
        let (mut evaluation, exhausted_here) = self.assembled(decider, &aliases, decided);
        time::hold_until(&mut evaluation.valid_until, until);
        (evaluation, exhausted || exhausted_here)
    }

    /// Everything by operations on one machine that is watched.
    fn watched(self, coverage: Option<&Coverage>, reached: Option<&Reached>) -> Evaluation {
        let arenas = Arenas::new(None);
        let parameters = parameters_in_force(self.program, self.inputs);
        let mut decider = Decider::new(self, None, &arenas, &parameters);
        let machine = decider.machine();
        (machine.coverage, machine.reached) = (coverage, reached);
        let aliases = select::aliases(self.program, &self.inputs.selection.due);
        let decided = decider.decide(&aliases, |_| true);
        self.assembled(decider, &aliases, decided).0
    }

    /// Adds the rules that are made of rules, waivers and the verdict.
    fn assembled(
        self,
        mut decider: Decider<'_>,
        aliases: &Aliases,
        Decided { mut results, mut composites }: Decided,
    ) -> (Evaluation, bool) {
        let (program, inputs) = (self.program, self.inputs);
        // From here on places are looked up by rule.
        results.sort_by_key(|result| result.rule);
        composites.sort();
        let mut composer = Composer { decider: &mut decider, inputs, aliases, apart: BTreeMap::new() };
        for rule in composites {
            if let Some(parts) = parts(program, rule) {
                let level = level_in_force(program, inputs.profile, rule, aliases);
                let result = composer.compose(rule, level, parts, &results, 0);
                results.insert(results.partition_point(|other| other.rule < rule), result);
            }
        }
        for (alias, target) in aliases {
            if let Some(at) = place_of(&results, *target) {
                results[at].aliases.push(*alias);
            }
        }
        let (waivers, waived_until) =
            waivers::apply(program, &mut results, inputs.waivers, inputs.as_of, inputs.bundle);
        let valid_until = [decider.until(), inputs.selection.until, waived_until].into_iter().flatten().min();
        let evaluation = Evaluation {
            verdict: verdict::verdict(&results, &waivers),
            results,
            not_yet_due: inputs.selection.not_yet_due.clone(),
            valid_until,
            waivers,
        };
        (evaluation, decider.exhausted())
    }
}

/// Where values live that are computed, one arena for each way to decide: one of them is limited.
struct Arenas {
    direct: Bump,
    machine: Bump,
}

impl Arenas {
    fn new(direct: Option<&Direct>) -> Self {
        Self { direct: Bump::with_capacity(direct.map_or(0, direct::room_usual)), machine: Bump::new() }
    }
}

/// Decides rules: directly where that gives an answer, else by their operations.
struct Decider<'r> {
    run: Run<'r>,
    arenas: &'r Arenas,
    parameters: &'r [&'r ParameterValue],
    direction: Option<Direction<'r>>,
    /// Made for the first rule that needs it.
    machine: Option<Machine<'r>>,
}

impl<'r> Decider<'r> {
    fn new(run: Run<'r>, direct: Option<&'r Direct>, arenas: &'r Arenas, parameters: &'r [&'r ParameterValue]) -> Self {
        let Inputs { as_of, signing, .. } = *run.inputs;
        let direction = direct
            .map(|direct| Direction::new(run.program, direct, run.facts, parameters, &arenas.direct, (as_of, signing)));
        Self { run, arenas, parameters, direction, machine: None }
    }

    fn machine(&mut self) -> &mut Machine<'r> {
        let Run { program, facts, inputs, explains, .. } = self.run;
        self.machine.get_or_insert_with(|| {
            let mut machine =
                Machine::new(program, facts, &self.arenas.machine, inputs.as_of, inputs.signing, self.parameters);
            machine.explains = explains;
            machine
        })
    }

    /// The due rules of those places that are asked for.
    fn decide(&mut self, aliases: &Aliases, asked: impl Fn(usize) -> bool) -> Decided {
        let Run { program, inputs, .. } = self.run;
        let (mut results, mut composites) = (Vec::with_capacity(inputs.selection.due.len()), Vec::new());
        for (at, rule) in inputs.selection.due.iter().copied().enumerate() {
            if !asked(at) || aliases.contains_key(&rule) {
                continue;
            }
            let level = level_in_force(program, inputs.profile, rule, aliases);
            if let Some(counts) = self.directly(rule) {
                results.push(decided(rule, level, counts));
            } else if parts(program, rule).is_some() {
                composites.push(rule);
            } else {
                results.push(rules::run(self.machine(), inputs.profile, rule, level));
            }
        }
        Decided { results, composites }
    }

    fn rule(&mut self, rule: RuleIndex, level: Level) -> RuleResult {
        let profile = self.run.inputs.profile;
        match self.directly(rule) {
            Some(counts) => decided(rule, level, counts),
            None => rules::run(self.machine(), profile, rule, level),
        }
    }

    fn directly(&mut self, rule: RuleIndex) -> Option<Counts> {
        self.direction.as_mut()?.counts(rule)
    }

    /// Last instant for which every clock comparison so far gives the same answer.
    fn until(&self) -> Option<Instant> {
        let direct = self.direction.as_ref().and_then(|direction| direction.until);
        let machine = self.machine.as_ref().and_then(|machine| machine.until);
        [direct, machine].into_iter().flatten().min()
    }

    /// Whether some rule used up its steps.
    fn exhausted(&self) -> bool {
        self.machine.as_ref().is_some_and(|machine| machine.exhausted)
    }
}

/// The result of a rule that was decided directly.
fn decided(rule: RuleIndex, level: Level, counts: Counts) -> RuleResult {
    let Counts { passed, not_applicable } = counts;
    let outcome = if passed > 0 { Outcome::Pass } else { Outcome::NotApplicable };
    let (findings, aliases) = (Vec::new(), Vec::new());
    RuleResult { rule, outcome, findings, passed, not_applicable, aliases, level }
}

/// The rules that a rule is made of.
fn parts(program: &Program, rule: RuleIndex) -> Option<&[RuleIndex]> {
    match &program.rules[program.decided_by_rule(rule).0 as usize].body {
        RuleBody::AllOf(parts) => Some(parts),
        RuleBody::Expressions(_) | RuleBody::SameAs(_) => None,
    }
}

/// Where the result of a rule is.
fn place_of(results: &[RuleResult], rule: RuleIndex) -> Option<usize> {
    results.binary_search_by_key(&rule, |result| result.rule).ok()
}

/// The value of one operation, or why it is not known, and until when: for tests of the language, which
/// have no rule around their expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The value, or the cause of the unknown.
    pub value: Result<Shown, Cause>,
    /// The last instant for which every clock comparison made gives the same answer.
    pub valid_until: Option<Instant>,
}

/// A value outside the engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shown {
    /// `bool`
    Bool(bool),
    /// `int`
    Int(i64),
    /// Everything else, as messages print it; a text as it is.
    Text(String),
    /// A list; an unknown element is `None`.
    List(Vec<Option<Shown>>),
}

/// Runs one operation that uses `locals` local slots. Parameters have their defaults.
pub fn value_of(
    program: &Program,
    facts: &Facts<'_>,
    as_of: Instant,
    signing: Signing,
    op: OpId,
    locals: u16,
) -> Answer {
    let arena = Bump::new();
    let parameters: Vec<&ParameterValue> = program.parameters.iter().map(|parameter| &parameter.default).collect();
    let mut machine = Machine::new(program, facts, &arena, as_of, signing, &parameters);
    machine.frame(locals);
    let value = match machine.eval(op) {
        _ if machine.steps == 0 => Err(Cause::Overflow),
        Ok(value) => Ok(machine.outside(value)),
        Err(unknown) => Err(unknown.cause),
    };
    Answer { value, valid_until: machine.until }
}

/// Per parameter: what the command line says, else the profile, else the default.
fn parameters_in_force<'p>(program: &'p Program, inputs: &'p Inputs<'_>) -> Vec<&'p ParameterValue> {
    let set = |id: ParameterId, by: &'p [(ParameterId, ParameterValue)]| {
        by.iter().rev().find(|(other, _)| *other == id).map(|(_, value)| value)
    };
    let in_force = |(index, parameter): (usize, &'p crate::compile::program::Parameter)| {
        let id = ParameterId(index as u32);
        set(id, inputs.parameters).or_else(|| set(id, &inputs.profile.parameters)).unwrap_or(&parameter.default)
    };
    program.parameters.iter().enumerate().map(in_force).collect()
}

/// The stricter of a rule's level and those of the rules that repeat it.
fn level_in_force(
    program: &Program,
    profile: &Profile,
    rule: RuleIndex,
    aliases: &BTreeMap<RuleIndex, RuleIndex>,
) -> Level {
    if aliases.is_empty() {
        return select::level(program, profile, rule);
    }
    let repeating = aliases.iter().filter(|(_, target)| **target == rule).map(|(alias, _)| *alias);
    let levels = std::iter::once(rule).chain(repeating).map(|rule| select::level(program, profile, rule));
    levels.max().unwrap_or(Level::Block)
}

/// Puts composites together from their parts.
struct Composer<'c, 'a> {
    decider: &'c mut Decider<'a>,
    inputs: &'c Inputs<'c>,
    aliases: &'c BTreeMap<RuleIndex, RuleIndex>,
    /// Outcome and level of parts without a result of their own, once each.
    apart: BTreeMap<RuleIndex, (Outcome, Level)>,
}

impl Composer<'_, '_> {
    /// The worst of its parts. A part that is due has a result of its own and is only referred to; the
    /// findings of another part stand here, in the first composite that needs it: everything is
    /// counted once.
    fn compose(
        &mut self,
        rule: RuleIndex,
        level: Level,
        parts: &[RuleIndex],
        results: &[RuleResult],
        depth: u32,
    ) -> RuleResult {
        let program = self.decider.run.program;
        let mut result = RuleResult {
            rule,
            outcome: Outcome::NotApplicable,
            findings: Vec::new(),
            passed: 0,
            not_applicable: 0,
            aliases: Vec::new(),
            level,
        };
        let mut outcomes = Vec::with_capacity(parts.len());
        for part in parts {
            let target = self.aliases.get(part).unwrap_or(part);
            let (outcome, part_level) = match (place_of(results, *target).map(|at| &results[at]), self.apart.get(part))
            {
                (Some(due), _) => (due.outcome, worst_level(due)),
                (None, Some(known)) => *known,
                (None, None) => {
                    let part_level = select::level(program, self.inputs.profile, *part);
                    let run = match &program.rules[program.decided_by_rule(*part).0 as usize].body {
                        RuleBody::AllOf(inner) if depth < COMPOSITE_DEPTH_MAX => {
                            self.compose(*part, part_level, inner, results, depth + 1)
                        }
                        RuleBody::AllOf(_) | RuleBody::Expressions(_) | RuleBody::SameAs(_) => {
                            self.decider.rule(*part, part_level)
                        }
                    };
                    let known = (run.outcome, worst_level(&run));
                    self.apart.insert(*part, known);
                    let id = &program.rules[part.0 as usize].id;
                    result.findings.extend(run.findings.into_iter().map(|finding| of_part(id, finding)));
                    known
                }
            };
            match outcome {
                Outcome::Pass => result.passed += 1,
                Outcome::NotApplicable => result.not_applicable += 1,
                Outcome::Review | Outcome::Indeterminate | Outcome::Fail => {}
            }
            outcomes.push((outcome, part_level));
        }
        // A composite without parts is refused by `compile`; it would prove nothing.
        result.outcome = outcomes.iter().map(|(outcome, _)| *outcome).max().unwrap_or(Outcome::Indeterminate);
        // It is as bad as its worst part, no worse.
        if result.outcome > Outcome::Pass {
            let deciding = outcomes.iter().filter(|(outcome, _)| *outcome == result.outcome);
            result.level = deciding.map(|(_, level)| *level).max().unwrap_or(level);
        }
        result
    }
}

/// The level of the findings that decided a result.
fn worst_level(result: &RuleResult) -> Level {
    let deciding = result.findings.iter().filter(|finding| finding.outcome == result.outcome);
    deciding.map(|finding| finding.level).max().unwrap_or(result.level)
}

/// A finding of a part, named by it.
fn of_part(id: &str, finding: Finding) -> Finding {
    let element = match finding.element {
        Some(element) => Element { label: format!("{id}: {}", element.label), ..element },
        None => Element { label: id.to_owned(), place: None },
    };
    Finding { element: Some(element), ..finding }
}
