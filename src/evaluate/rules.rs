//! One rule, run: its outcome, and for every element that does not pass a finding that says why.

use std::collections::BTreeSet;

use crate::compile::program::{Level, OpId, Over, Profile, Program, Rule, RuleBody, RuleExpressions, RuleIndex};
use crate::facts::Cause;

use super::explain::Why;
use super::finding::{Deciding, Element as Named, Finding, Missing, RuleResult};
use super::machine::{Machine, STEPS_MAX};
use super::outcome::Outcome;
use super::value::{At, Element, Truth, Unknown, Value};

/// What the verdict pass says of one element.
struct Judgement {
    outcome: Outcome,
    /// The condition that decided, and its answer; none for what passes or does not apply.
    by: Option<(OpId, Truth)>,
}

/// Runs one rule at a level. A rule that repeats another one is run with that one's expressions.
pub(super) fn run<'a>(machine: &mut Machine<'a>, profile: &Profile, index: RuleIndex, level: Level) -> RuleResult {
    let program: &'a Program = machine.program;
    let rule = &program.rules[index.0 as usize];
    let body = &program.rules[program.decided_by_rule(index).0 as usize];
    let mut result = RuleResult {
        rule: index,
        outcome: Outcome::NotApplicable,
        findings: Vec::new(),
        passed: 0,
        not_applicable: 0,
        aliases: Vec::new(),
        level,
    };
    match &body.body {
        RuleBody::Expressions(expressions) => {
            let message = if rule.message.is_empty() { body } else { rule };
            let mut run = Run { machine, profile, message, expressions, level, explain_steps: STEPS_MAX };
            run.rule(body.locals, &mut result);
            let exhausted = run.explain_steps == 0 || run.machine.steps == 0;
            run.machine.exhausted |= exhausted;
        }
        // `compile` refuses a circle of repetitions; a composite is put together by the caller.
        RuleBody::SameAs(_) | RuleBody::AllOf(_) => result.findings.push(Finding {
            outcome: Outcome::Indeterminate,
            level,
            lowered: false,
            element: None,
            message: rule.title.clone(),
            deciding: Vec::new(),
            unknowns: Vec::new(),
            waiver: None,
        }),
    }
    let worst = result.findings.iter().map(|finding| finding.outcome).max();
    result.outcome = worst.unwrap_or(if result.passed > 0 { Outcome::Pass } else { Outcome::NotApplicable });
    result
}

struct Run<'r, 'a> {
    machine: &'r mut Machine<'a>,
    profile: &'r Profile,
    /// The rule whose message is printed.
    message: &'a Rule,
    expressions: &'a RuleExpressions,
    level: Level,
    /// Steps left for explanations, which do not take from the rule's own.
    explain_steps: u32,
}

impl<'a> Run<'_, 'a> {
    fn rule(&mut self, locals: u16, result: &mut RuleResult) {
        self.machine.frame(locals);
        self.machine.steps = STEPS_MAX;
        let mark = self.machine.mark();
        match &self.expressions.for_each {
            None => {
                let judgement = self.judge(None);
                self.record(judgement, None, None, result);
            }
            Some(over) => self.each(over, result),
        }
        self.machine.release(mark);
    }

    fn each(&mut self, over: &Over, result: &mut RuleResult) {
        let list = match self.machine.list(over.list) {
            Ok(list) => list,
            Err(unknown) => return self.record_unless_elsewhere(over, unknown, result),
        };
        let (mut at, mut certain, mut doubt) = (0, false, None);
        let mut labels = BTreeSet::new();
        while let Some(element) = self.machine.next(over, list, &mut at) {
            let judgement = self.judge(element.doubt);
            if judgement.outcome == Outcome::Pass {
                match element.doubt {
                    None => certain = true,
                    Some(unknown) => doubt = doubt.or(Some(unknown)),
                }
            }
            let named = match judgement.outcome {
                Outcome::NotApplicable | Outcome::Pass => None,
                _ if !self.machine.explains => None,
                Outcome::Review | Outcome::Indeterminate | Outcome::Fail => {
                    Some(self.name(over, &element, at - 1, &mut labels))
                }
            };
            self.record(judgement, named, element.doubt, result);
        }
        if self.machine.steps == 0 {
            let unknown = Unknown::new(Cause::Overflow, over.list);
            return self.record_unknown(unknown, result);
        }
        // What passes for elements that may be none says nothing.
        if let (false, true, Some(unknown)) = (certain, result.findings.is_empty(), doubt) {
            return self.record_unknown(unknown, result);
        }
        if over.filter.is_none() && self.machine.length(list) == 0 {
            let unknown = Unknown::new(Cause::Empty, over.list);
            self.record_unless_elsewhere(over, unknown, result);
        }
    }

    /// There is no element to judge: indeterminate, unless the rule does not apply whatever the
    /// element would be, such as in another flow.
    fn record_unless_elsewhere(&mut self, over: &Over, unknown: Unknown, result: &mut RuleResult) {
        self.machine.bind(over.local, Err(unknown), At::Nowhere);
        match self.expressions.applies.map(|applies| self.truth(applies)) {
            Some(Ok(false)) if self.machine.steps > 0 => result.not_applicable += 1,
            _ => self.record_unknown(unknown, result),
        }
    }

    /// The verdict pass over one element. Of an element that may be none, a failure is not known.
    fn judge(&mut self, doubt: Option<Unknown>) -> Judgement {
        let judgement = self.judge_certain();
        let cut_short = self.machine.steps == 0;
        match (judgement.outcome, doubt) {
            _ if cut_short => {
                let op = judgement.by.map_or(OpId(0), |(op, _)| op);
                Judgement { outcome: Outcome::Indeterminate, by: Some((op, Err(Unknown::new(Cause::Overflow, op)))) }
            }
            (Outcome::Fail | Outcome::Review, Some(_)) => Judgement { outcome: Outcome::Indeterminate, ..judgement },
            (_, _) => judgement,
        }
    }

    fn judge_certain(&mut self) -> Judgement {
        let RuleExpressions { applies, require, attested, .. } = *self.expressions;
        let by = |outcome, op, truth| Judgement { outcome, by: Some((op, truth)) };
        if let Some(applies) = applies {
            match self.truth(applies) {
                Ok(true) => {}
                Ok(false) => return Judgement { outcome: Outcome::NotApplicable, by: None },
                truth @ Err(_) => return by(Outcome::Indeterminate, applies, truth),
            }
        }
        if let Some(require) = require {
            match self.truth(require) {
                Ok(true) => {}
                truth @ Ok(false) => return by(Outcome::Fail, require, truth),
                truth @ Err(unknown) if unknown.unrecognised => return by(Outcome::Fail, require, truth),
                truth @ Err(_) => return by(Outcome::Indeterminate, require, truth),
            }
        }
        if let Some(attested) = attested {
            match self.truth(attested) {
                Ok(true) => {}
                truth @ Ok(false) => return by(Outcome::Review, attested, truth),
                truth @ Err(_) => return by(Outcome::Indeterminate, attested, truth),
            }
        }
        match require.or(attested) {
            Some(_) => Judgement { outcome: Outcome::Pass, by: None },
            // `compile` refuses a rule that requires nothing; it proves nothing.
            None => Judgement { outcome: Outcome::Indeterminate, by: None },
        }
    }

    fn truth(&mut self, op: OpId) -> Truth {
        let mark = self.machine.mark();
        let truth = self.machine.truth(op);
        self.machine.release(mark);
        truth
    }

    fn record(
        &mut self,
        judgement: Judgement,
        element: Option<Named>,
        doubt: Option<Unknown>,
        result: &mut RuleResult,
    ) {
        match judgement.outcome {
            Outcome::Pass => result.passed += 1,
            Outcome::NotApplicable => result.not_applicable += 1,
            Outcome::Review | Outcome::Indeterminate | Outcome::Fail => {
                let finding = self.finding(&judgement, element, doubt);
                result.findings.push(finding);
            }
        }
    }

    /// A finding about the collection itself, of which no element is at hand.
    fn record_unknown(&mut self, unknown: Unknown, result: &mut RuleResult) {
        let message = self.message.title.clone();
        let unknowns = if self.machine.explains { vec![self.machine.missing(unknown)] } else { Vec::new() };
        result.findings.push(Finding {
            outcome: Outcome::Indeterminate,
            level: self.level,
            lowered: false,
            element: None,
            message,
            deciding: Vec::new(),
            unknowns,
            waiver: None,
        });
    }

    fn finding(&mut self, judgement: &Judgement, element: Option<Named>, doubt: Option<Unknown>) -> Finding {
        let (why, message) = match self.machine.explains {
            true => self.why(judgement, doubt),
            false => Default::default(),
        };
        let lowered = self.lowered();
        let level = if lowered { Level::Warn } else { self.level };
        let Why { deciding, unknowns } = why;
        Finding { outcome: judgement.outcome, level, lowered, element, message, deciding, unknowns, waiver: None }
    }

    /// Runs what did not pass once more, to say why.
    fn why(&mut self, judgement: &Judgement, doubt: Option<Unknown>) -> (Why, String) {
        let steps = std::mem::replace(&mut self.machine.steps, self.explain_steps);
        // What is run here decides nothing, so it does not bound until when the run holds.
        let until = self.machine.until;
        let coverage = self.machine.coverage.take();
        let mut why = Why::default();
        if let Some(doubt) = doubt {
            why.unknown(self.machine.missing(doubt));
        }
        if let Some((op, truth)) = judgement.by {
            match truth {
                Err(unknown) if unknown.cause == Cause::Overflow && steps == 0 => {}
                Ok(_) | Err(_) => self.machine.explain(op, true, &mut why),
            }
            if why.deciding.is_empty() && why.unknowns.is_empty() {
                self.fallback(op, truth, &mut why);
            }
        }
        let message = match self.message.message.as_slice() {
            [] => self.message.title.clone(),
            pieces => self.machine.message(pieces),
        };
        self.explain_steps = std::mem::replace(&mut self.machine.steps, steps);
        // `warn_when` decides the level, so its comparisons count.
        self.machine.until = until;
        self.machine.coverage = coverage;
        (why, message)
    }

    /// What is left to say if the steps for explanations are used up.
    fn fallback(&mut self, op: OpId, truth: Truth, why: &mut Why) {
        match truth {
            Ok(_) => {
                let (expected, actual) = ("true".to_owned(), "false".to_owned());
                why.deciding.push(Deciding { op, expected, actual, places: Vec::new() });
            }
            Err(unknown) => {
                let missing: Missing = self.machine.missing(unknown);
                why.unknown(missing);
            }
        }
    }

    fn lowered(&mut self) -> bool {
        match (self.level, self.expressions.warn_when) {
            (Level::Block, Some(warn_when)) if self.profile.warn_when => self.truth(warn_when) == Ok(true),
            (Level::Block | Level::Warn | Level::Info, _) => false,
        }
    }

    /// The name of an element, different from those of all other findings of the rule.
    fn name(&mut self, over: &Over, element: &Element<'a>, index: usize, labels: &mut BTreeSet<String>) -> Named {
        let label = match element.value {
            Ok(Value::Record(node)) => self.machine.label(node),
            Ok(value) => Some(self.machine.show(Ok(value))),
            Err(_) => None,
        };
        let label = label.unwrap_or_else(|| format!("{}[{index}]", self.machine.wanted(over.list)));
        let label = if labels.contains(&label) { format!("{label} #{index}") } else { label };
        labels.insert(label.clone());
        Named { label, place: self.machine.place(element.at) }
    }
}
