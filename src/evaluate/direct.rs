//! Rules decided in their direct form: as long as everything is known, and nothing is recorded.
//!
//! In: the direct form of a program and the facts. Out: the result of a rule that passes or does not apply. Anything
//! else, a value that is not known above all, gives nothing: the rule is then decided by its operations, which say why.
//! What is answered here is what the operations would answer; a property test holds the two together.

mod collections;
mod value;

use std::ops::ControlFlow;

use crate::compile::direct::{Decision, Direct, Form, Object, Path, Place, Term, Test};
use crate::compile::program::{Const, Level, Local, ParameterValue, Program, RuleIndex};
use crate::facts::schema::KindId;
use crate::facts::{self, CellValue, Facts, NodeId};
use crate::primitives::Instant;

use super::Signing;
use super::compare::holds;
use super::finding::RuleResult;
use super::machine::STEPS_MAX;
use super::outcome::Outcome;
use super::time;
use super::value::Value;
use value::{cell, fact, is_same, known, ordering, plain, record};

/// Most operations that one rule may stand for here: fewer than it could take as steps, so that a rule that would use
/// up its steps is left to its operations.
const WEIGHT_MAX: u32 = STEPS_MAX / 4;

/// Room for the elements of lists that are computed, before it must grow.
const LIST_USUAL: usize = 64;

/// One run over one case.
pub(super) struct Direction<'a> {
    program: &'a Program,
    direct: &'a Direct,
    facts: &'a Facts<'a>,
    parameters: &'a [&'a ParameterValue],
    as_of: Instant,
    signing: Signing,
    /// Per object of the form, where it is known.
    objects: Vec<Option<NodeId>>,
    locals: Vec<CellValue<'a>>,
    /// Lists that are computed, and gone when what asked for them is done.
    scratch: Vec<CellValue<'a>>,
    /// Per value of the form that is computed once.
    kept: Vec<Option<Computed<'a>>>,
    /// Elements of the lists among them.
    kept_elements: Vec<CellValue<'a>>,
    /// What the rule has left of [`WEIGHT_MAX`].
    weight: u32,
    /// Number of the rule, or of the value computed once, that what is computed counts for.
    counting: u32,
    /// How many such numbers were given.
    counted: u32,
    /// Last instant for which every clock comparison so far gives the same answer.
    pub until: Option<Instant>,
}

/// Where the elements of a list are.
#[derive(Clone, Copy)]
enum Elements {
    /// The members of a kind.
    Members(KindId),
    /// Cells of an object.
    Cells(facts::List),
    /// On the stack, from here to there.
    Scratch(usize, usize),
    /// Among those that are computed once, from here to there.
    Kept(usize, usize),
}

/// A value or a list.
#[derive(Clone, Copy)]
enum Known<'a> {
    Value(CellValue<'a>),
    List(Elements),
}

/// What was computed once.
#[derive(Clone, Copy)]
struct Computed<'a> {
    form: Known<'a>,
    /// What it took, with everything that it needed.
    weight: u32,
    /// What it was last counted for. Each rule that needs it counts it, as if it were the first: what a rule may take
    /// must not depend on others.
    counted_for: u32,
}

impl<'a> Direction<'a> {
    pub fn new(
        program: &'a Program,
        direct: &'a Direct,
        facts: &'a Facts<'a>,
        parameters: &'a [&'a ParameterValue],
        (as_of, signing): (Instant, Signing),
    ) -> Self {
        let mut objects: Vec<Option<NodeId>> = Vec::with_capacity(direct.objects.len());
        for object in &direct.objects {
            objects.push(match object {
                Object::One(kind) => one(facts, *kind),
                Object::Field { of, field } => {
                    objects[*of as usize].and_then(|node| record(cell(facts, node, *field)?))
                }
            });
        }
        Self {
            program,
            direct,
            facts,
            parameters,
            as_of,
            signing,
            objects,
            locals: vec![CellValue::Absent; usize::from(direct.locals)],
            scratch: Vec::with_capacity(LIST_USUAL),
            kept: vec![None; direct.kept.len()],
            kept_elements: Vec::with_capacity(LIST_USUAL),
            weight: 0,
            counting: 0,
            counted: 0,
            until: None,
        }
    }

    /// The result of a rule that passes or does not apply.
    pub fn result(&mut self, rule: RuleIndex, level: Level) -> Option<RuleResult> {
        let direct = self.direct;
        let decision = direct.rule(rule)?;
        self.scratch.clear();
        self.weight = WEIGHT_MAX;
        self.counted += 1;
        self.counting = self.counted;
        self.charge(decision.weight)?;
        let (passed, not_applicable) = self.counts(decision)?;
        let outcome = if passed > 0 { Outcome::Pass } else { Outcome::NotApplicable };
        let (findings, aliases) = (Vec::new(), Vec::new());
        Some(RuleResult { rule, outcome, findings, passed, not_applicable, aliases, level })
    }

    /// How many elements passed, and how many the rule does not concern.
    fn counts(&mut self, decision: &'a Decision) -> Option<(u32, u32)> {
        let Some(walk) = &decision.for_each else {
            return self.passes(decision).map(|passes| (u32::from(passes), u32::from(!passes)));
        };
        let list = self.list(&walk.list)?;
        let length = self.length(list);
        if length == 0 && walk.filter.is_none() {
            return None;
        }
        let (mut passed, mut not_applicable) = (0, 0);
        for index in 0..length {
            if self.take(walk, list, index)? {
                if self.passes(decision)? { passed += 1 } else { not_applicable += 1 }
            }
        }
        Some((passed, not_applicable))
    }

    /// Whether a rule passes; false where it does not apply.
    fn passes(&mut self, decision: &'a Decision) -> Option<bool> {
        if let Some(applies) = &decision.applies
            && !self.test(applies)?
        {
            return Some(false);
        }
        for test in decision.require.iter().chain(&decision.attested) {
            if !self.test(test)? {
                return None;
            }
        }
        Some(true)
    }

    /// Takes operations from what the rule has left.
    fn charge(&mut self, weight: u32) -> Option<()> {
        self.weight = self.weight.checked_sub(weight)?;
        Some(())
    }

    fn test(&mut self, test: &'a Test) -> Option<bool> {
        Some(match test {
            Test::Is(term) => match self.term(term)? {
                CellValue::Bool(answer) => answer,
                _ => return None,
            },
            Test::Has(path) => match self.cell(path)? {
                CellValue::Absent => false,
                CellValue::Unknown(_) => return None,
                _ => true,
            },
            Test::Recorded(kind) => {
                let population = self.facts.population(*kind);
                if population.unknown.is_some() {
                    return None;
                }
                !population.members.is_empty() || !population.unreadable.is_empty()
            }
            Test::Not(test) => !self.test(test)?,
            Test::All(parts) => {
                for part in parts {
                    if !self.test(part)? {
                        return Some(false);
                    }
                }
                true
            }
            Test::Any(parts) => {
                for part in parts {
                    if self.test(part)? {
                        return Some(true);
                    }
                }
                false
            }
            Test::Equal { sides, differ } => {
                let is_equal = match &**sides {
                    // Most often two texts of the evidence.
                    (Term::Field(left), Term::Field(right)) => {
                        let left = self.cell(left)?;
                        is_same(left, self.cell(right)?)?
                    }
                    (left, right) => {
                        let left = self.term(left)?;
                        is_same(&left, &self.term(right)?)?
                    }
                };
                is_equal != *differ
            }
            Test::Order(comparison, sides) => {
                let (left, right) = (self.term(&sides.0)?, self.term(&sides.1)?);
                holds(*comparison, ordering(&left, &right)?)
            }
            Test::Clock { comparison, clock, plus, minus, other } => {
                let now = time::shown(*clock, self.as_of, self.signing)?;
                let (plus, minus) = (self.term_if(plus)?, self.term_if(minus)?);
                let CellValue::Instant(other) = self.term(other)? else { return None };
                let (answer, until) = time::compare_shown(self.as_of, now, *comparison, (plus, minus), other);
                time::hold_until(&mut self.until, until);
                answer.ok()?
            }
            Test::OneOf(parts) => {
                let item = self.term(&parts.0)?;
                for other in &parts.1 {
                    if is_same(&item, &self.term(other)?)? {
                        return Some(true);
                    }
                }
                false
            }
            Test::In(parts) => {
                let mark = self.scratch.len();
                let item = self.term(&parts.0)?;
                let list = self.list(&parts.1)?;
                let answer = self.contains(list, &item)?;
                self.scratch.truncate(mark);
                answer
            }
            Test::Matches(text, pattern) => match self.term(text)? {
                CellValue::Text(text) => self.program.patterns[*pattern as usize].matches(text),
                CellValue::Malformed(_) => false,
                _ => return None,
            },
            Test::Relation { relation, sides, or_none } => {
                let mark = self.scratch.len();
                let (left, right) = (self.list(&sides.0)?, self.list(&sides.1)?);
                let answer = self.relation(*relation, left, right, *or_none)?;
                self.scratch.truncate(mark);
                answer
            }
            Test::Quantified { quantifier, walk, or_none, satisfies } => {
                let mark = self.scratch.len();
                let answer = self.quantified(*quantifier, walk, *or_none, satisfies.as_deref())?;
                self.scratch.truncate(mark);
                answer
            }
            Test::Distinct { walk, by, or_none } => {
                let mark = self.scratch.len();
                let answer = self.distinct(walk, by.as_ref(), *or_none)?;
                self.scratch.truncate(mark);
                answer
            }
            Test::WellFormed(term) => match self.term(term)? {
                CellValue::Text(_) => true,
                CellValue::Malformed(_) => false,
                _ => return None,
            },
            Test::Let(local, parts) => {
                let value = self.term(&parts.0)?;
                self.bind(*local, value);
                self.test(&parts.1)?
            }
            Test::Kept(place) => match self.kept(*place)? {
                Known::Value(CellValue::Bool(answer)) => answer,
                _ => return None,
            },
        })
    }

    #[inline]
    fn term(&mut self, term: &'a Term) -> Option<CellValue<'a>> {
        match term {
            Term::Field(path) => known(self.cell(path)?),
            Term::Local(local) => Some(self.locals[usize::from(local.0)]),
            Term::Const(Const::Text(text)) => Some(CellValue::Text(&self.program.texts[*text as usize])),
            other => self.other_term(other),
        }
    }

    /// A term that is seldom in a loop.
    fn other_term(&mut self, term: &'a Term) -> Option<CellValue<'a>> {
        Some(match term {
            Term::Field(_) | Term::Local(_) => return self.term(term),
            Term::Const(constant) => fact(Value::of_const(self.program, *constant))?,
            Term::Object(object) => CellValue::Record(self.objects[*object as usize]?),
            Term::Parameter(id) => fact(Value::of_parameter(self.parameters.get(id.0 as usize)?)?)?,
            Term::Coalesce(path, otherwise) => match self.cell(path)? {
                CellValue::Absent => self.term(otherwise)?,
                cell => known(cell)?,
            },
            Term::Sum(arithmetic, sides) => {
                let (left, right) = (self.term(&sides.0)?, self.term(&sides.1)?);
                fact(time::sum(*arithmetic, plain(&left)?, plain(&right)?).ok()??)?
            }
            Term::Count(walk) => {
                let mark = self.scratch.len();
                let mut count = 0;
                self.each(walk, |_, _| {
                    count += 1;
                    Some(ControlFlow::Continue(()))
                })?;
                self.scratch.truncate(mark);
                CellValue::Int(count)
            }
            Term::The(walk) => {
                let mark = self.scratch.len();
                let mut found = None;
                self.each(walk, |_, element| match found.replace(element) {
                    None => Some(ControlFlow::Continue(())),
                    Some(_) => None,
                })?;
                self.scratch.truncate(mark);
                found?
            }
            Term::Extreme { walk, latest } => {
                let mark = self.scratch.len();
                let found = self.extreme(&walk.0, &walk.1, *latest)?;
                self.scratch.truncate(mark);
                found
            }
            Term::Date(instant) => match self.term(instant)? {
                CellValue::Instant(instant) => CellValue::Date(instant.date()),
                CellValue::Date(date) => CellValue::Date(date),
                _ => return None,
            },
            Term::Let(local, parts) => {
                let value = self.term(&parts.0)?;
                self.bind(*local, value);
                self.term(&parts.1)?
            }
            Term::Test(test) => CellValue::Bool(self.test(test)?),
            Term::Kept(place) => match self.kept(*place)? {
                Known::Value(value) => value,
                Known::List(_) => return None,
            },
        })
    }

    fn term_if(&mut self, term: &'a Option<Box<Term>>) -> Option<Option<Value<'a>>> {
        match term {
            None => Some(None),
            Some(term) => plain(&self.term(term)?).map(Some),
        }
    }

    /// What is computed once.
    #[inline]
    fn kept(&mut self, place: u32) -> Option<Known<'a>> {
        match &mut self.kept[place as usize] {
            Some(computed) if computed.counted_for == self.counting => Some(computed.form),
            Some(computed) => {
                computed.counted_for = self.counting;
                let Computed { form, weight, .. } = *computed;
                self.charge(weight)?;
                Some(form)
            }
            None => self.keep(place),
        }
    }

    #[inline(never)]
    fn keep(&mut self, place: u32) -> Option<Known<'a>> {
        let direct = self.direct;
        let kept = &direct.kept[place as usize];
        let (before, outside) = (self.weight, self.counting);
        self.counted += 1;
        self.counting = self.counted;
        self.charge(kept.weight)?;
        let form = match &kept.form {
            Form::Term(term) => Known::Value(self.term(term)?),
            Form::Test(test) => Known::Value(CellValue::Bool(self.test(test)?)),
            Form::List(list) => Known::List(match self.list(list)? {
                Elements::Scratch(start, end) => {
                    let from = self.kept_elements.len();
                    self.kept_elements.extend(self.scratch.drain(start..end));
                    Elements::Kept(from, self.kept_elements.len())
                }
                elsewhere => elsewhere,
            }),
        };
        self.counting = outside;
        self.kept[place as usize] = Some(Computed { form, weight: before - self.weight, counted_for: outside });
        Some(form)
    }

    #[inline]
    fn bind(&mut self, local: Local, value: CellValue<'a>) {
        self.locals[usize::from(local.0)] = value;
    }

    #[inline]
    fn cell(&mut self, path: &'a Path) -> Option<&'a CellValue<'a>> {
        let mut node = match &path.from {
            Place::Object(object) => self.objects[*object as usize]?,
            Place::Local(local) => record(&self.locals[usize::from(local.0)])?,
            Place::Term(term) => record(&self.other_term(term)?)?,
        };
        for field in &path.through {
            node = record(cell(self.facts, node, *field)?)?;
        }
        cell(self.facts, node, path.field)
    }
}

/// The one member of a kind.
fn one(facts: &Facts<'_>, kind: KindId) -> Option<NodeId> {
    let population = facts.population(kind);
    match (population.unknown, population.members.as_slice(), population.unreadable.as_slice()) {
        (None, [one], []) => Some(*one),
        _ => None,
    }
}
