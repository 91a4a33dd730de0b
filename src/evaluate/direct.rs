//! Rules decided in their direct form: as long as everything is known, and nothing is recorded.
//!
//! In: the direct form of a program and the facts. Out: the result of a rule that passes or does not apply. Anything
//! else, a value that is not known above all, gives nothing: the rule is then decided by its operations, which say why.
//! What is answered here is what the operations would answer; a property test holds the two together.

mod collections;
mod value;

use std::ops::ControlFlow;

use bumpalo::Bump;

use crate::compile::direct::{Decision, Direct, Form, Given, Object, Path, Place, Term, Test};
use crate::compile::program::{Local, ParameterValue, Program, RuleIndex};
use crate::facts::{self, CellValue, Facts, NodeId};
use crate::primitives::Instant;

use super::Signing;
use super::compare::holds;
use super::machine::STEPS_MAX;
use super::time;
use super::value::Value;
use value::{cell, fact, is_same, known, one, ordering, plain, record};

/// Most operations that one rule may stand for here: fewer than it could take as steps, so that a rule that would use
/// up its steps is left to its operations.
const WEIGHT_MAX: u32 = STEPS_MAX / 4;

/// Most bytes that computed values may take in a run. Rules beyond that are left to their operations.
const COMPUTED_MAX: usize = 16 << 20;

/// Bytes that a run usually takes beside its tables.
const COMPUTED_USUAL: usize = 2 << 10;

/// A value, where it stands: in the evidence, or among what was computed.
type Fact<'a> = &'a CellValue<'a>;

/// One run over one case.
pub(super) struct Direction<'a> {
    program: &'a Program,
    direct: &'a Direct,
    facts: &'a Facts<'a>,
    as_of: Instant,
    signing: Signing,
    /// What is computed.
    arena: &'a Bump,
    /// Per object of the form, where it is known.
    objects: &'a [Option<NodeId>],
    /// Per given of the form; absent where it is not set, or no plain value.
    givens: &'a [CellValue<'a>],
    locals: &'a mut [Fact<'a>],
    /// Per value of the form that is computed once.
    kept: &'a mut [Option<Computed<'a>>],
    /// What the rule has left of [`WEIGHT_MAX`].
    weight: u32,
    /// Number of the rule, or of the value computed once, that what is computed counts for.
    counting: u32,
    /// How many such numbers were given.
    counted: u32,
    /// Last instant for which every clock comparison so far gives the same answer.
    pub until: Option<Instant>,
}

/// How many elements a rule has decided, none of which fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Counts {
    pub passed: u32,
    /// Elements the rule does not concern.
    pub not_applicable: u32,
}

/// The elements of a list.
#[derive(Clone, Copy)]
enum Elements<'a> {
    /// The members of a kind.
    Members(&'a [NodeId]),
    /// Those of a list of the evidence.
    Cells(&'a [facts::Cell<'a>]),
    Computed(&'a [Fact<'a>]),
}

/// A value or a list.
#[derive(Clone, Copy)]
enum Known<'a> {
    Value(Fact<'a>),
    List(Elements<'a>),
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

/// Bytes that a run usually takes.
pub(super) fn room_usual(direct: &Direct) -> usize {
    let objects = size_of::<Option<NodeId>>() * direct.objects.len();
    let givens = size_of::<CellValue<'_>>() * direct.givens.len();
    let kept = size_of::<Option<Computed<'_>>>() * direct.kept.len();
    objects + givens + kept + size_of::<Fact<'_>>() * usize::from(direct.locals) + COMPUTED_USUAL
}

impl<'a> Direction<'a> {
    /// The arena is for this run alone.
    pub fn new(
        program: &'a Program,
        direct: &'a Direct,
        facts: &'a Facts<'a>,
        parameters: &[&'a ParameterValue],
        arena: &'a Bump,
        (as_of, signing): (Instant, Signing),
    ) -> Self {
        let objects = arena.alloc_slice_fill_copy(direct.objects.len(), None);
        for (at, object) in direct.objects.iter().enumerate() {
            objects[at] = match object {
                Object::One(kind) => one(facts, *kind),
                Object::Field { of, field } => {
                    objects[*of as usize].and_then(|node| record(cell(facts, node, *field)?))
                }
            };
        }
        let given = |given: &Given| {
            let value = match given {
                Given::Const(constant) => Some(Value::of_const(program, *constant)),
                Given::Parameter(id) => parameters.get(id.0 as usize).and_then(|value| Value::of_parameter(value)),
            };
            value.and_then(fact).unwrap_or(CellValue::Absent)
        };
        let givens = arena.alloc_slice_fill_iter(direct.givens.iter().map(given));
        let locals = arena.alloc_slice_fill_copy(usize::from(direct.locals), &CellValue::Absent);
        let kept = arena.alloc_slice_fill_copy(direct.kept.len(), None);
        arena.set_allocation_limit(Some(arena.allocated_bytes() + COMPUTED_MAX));
        Self {
            program,
            direct,
            facts,
            as_of,
            signing,
            arena,
            objects,
            givens,
            locals,
            kept,
            weight: 0,
            counting: 0,
            counted: 0,
            until: None,
        }
    }

    /// The counts of a rule that passes or does not apply.
    pub fn counts(&mut self, rule: RuleIndex) -> Option<Counts> {
        let direct = self.direct;
        let decision = direct.rule(rule)?;
        self.weight = WEIGHT_MAX;
        self.counted += 1;
        self.counting = self.counted;
        self.charge(decision.weight)?;
        let Some(walk) = &decision.for_each else {
            let passes = self.passes(decision)?;
            return Some(Counts { passed: u32::from(passes), not_applicable: u32::from(!passes) });
        };
        let list = self.walked(walk)?;
        if list.length() == 0 && walk.filter.is_none() {
            return None;
        }
        let mut counts = Counts { passed: 0, not_applicable: 0 };
        for index in 0..list.length() {
            if self.take(walk, list, index)?.is_some() {
                if self.passes(decision)? { counts.passed += 1 } else { counts.not_applicable += 1 }
            }
        }
        Some(counts)
    }

    /// Whether a rule passes; false where it does not apply.
    fn passes(&mut self, decision: &'a Decision) -> Option<bool> {
        if let Some(applies) = &decision.applies
            && !self.test(applies)?
        {
            return Some(false);
        }
        for test in [&decision.require, &decision.attested] {
            if let Some(test) = test
                && !self.test(test)?
            {
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
            Test::Is(term) => match *self.term(term)? {
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
                let (left, right) = (self.term(&sides.0)?, self.term(&sides.1)?);
                is_same(left, right)? != *differ
            }
            Test::Order(comparison, sides) => {
                let (left, right) = (self.term(&sides.0)?, self.term(&sides.1)?);
                holds(*comparison, ordering(left, right)?)
            }
            Test::Clock { comparison, clock, plus, minus, other } => {
                let now = time::shown(*clock, self.as_of, self.signing)?;
                let (plus, minus) = (self.plain_if(plus)?, self.plain_if(minus)?);
                let CellValue::Instant(other) = *self.term(other)? else { return None };
                let (answer, until) = time::compare_shown(self.as_of, now, *comparison, (plus, minus), other);
                time::hold_until(&mut self.until, until);
                answer.ok()?
            }
            Test::OneOf(parts) => {
                let item = self.term(&parts.0)?;
                for other in &parts.1 {
                    if is_same(item, self.term(other)?)? {
                        return Some(true);
                    }
                }
                false
            }
            Test::In(parts) => {
                let item = self.term(&parts.0)?;
                let list = self.list(&parts.1)?;
                self.contains(list, item)?
            }
            Test::Matches(text, pattern) => match *self.term(text)? {
                CellValue::Text(text) => self.program.patterns[*pattern as usize].matches(text),
                CellValue::Malformed(_) => false,
                _ => return None,
            },
            Test::Relation { relation, sides, or_none } => {
                let (left, right) = (self.list(&sides.0)?, self.list(&sides.1)?);
                self.relation(*relation, left, right, *or_none)?
            }
            Test::Quantified { quantifier, walk, or_none, satisfies } => {
                self.quantified(*quantifier, walk, *or_none, satisfies.as_deref())?
            }
            Test::Distinct { walk, by, or_none } => self.distinct(walk, by.as_ref(), *or_none)?,
            Test::WellFormed(term) => match *self.term(term)? {
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
                Known::Value(CellValue::Bool(answer)) => *answer,
                _ => return None,
            },
        })
    }

    #[inline]
    fn term(&mut self, term: &'a Term) -> Option<Fact<'a>> {
        match term {
            Term::Field(path) => known(self.cell(path)?),
            Term::Local(local) => Some(self.locals[usize::from(local.0)]),
            Term::Given(given) => known(&self.givens[*given as usize]),
            other => self.other_term(other),
        }
    }

    /// A term that is seldom in a loop.
    fn other_term(&mut self, term: &'a Term) -> Option<Fact<'a>> {
        let computed = match term {
            Term::Field(_) | Term::Local(_) | Term::Given(_) => return self.term(term),
            Term::Object(object) => CellValue::Record(self.objects[*object as usize]?),
            Term::Coalesce(path, otherwise) => {
                return match self.cell(path)? {
                    CellValue::Absent => self.term(otherwise),
                    cell => known(cell),
                };
            }
            Term::Sum(arithmetic, sides) => {
                let (left, right) = (self.term(&sides.0)?, self.term(&sides.1)?);
                fact(time::sum(*arithmetic, plain(left)?, plain(right)?).ok()??)?
            }
            Term::Count(walk) => {
                let mut count = 0;
                self.each(walk, |_, _| {
                    count += 1;
                    Some(ControlFlow::Continue(()))
                })?;
                CellValue::Int(count)
            }
            Term::The(walk) => {
                let mut found = None;
                self.each(walk, |_, element| match found.replace(element) {
                    None => Some(ControlFlow::Continue(())),
                    Some(_) => None,
                })?;
                return found;
            }
            Term::Extreme { walk, latest } => return self.extreme(&walk.0, &walk.1, *latest),
            Term::Date(instant) => match *self.term(instant)? {
                CellValue::Instant(instant) => CellValue::Date(instant.date()),
                CellValue::Date(date) => CellValue::Date(date),
                _ => return None,
            },
            Term::Let(local, parts) => {
                let value = self.term(&parts.0)?;
                self.bind(*local, value);
                return self.term(&parts.1);
            }
            Term::Test(test) => CellValue::Bool(self.test(test)?),
            Term::Kept(place) => {
                return match self.kept(*place)? {
                    Known::Value(value) => Some(value),
                    Known::List(_) => None,
                };
            }
        };
        self.computed(computed)
    }

    /// A value that stands nowhere yet.
    fn computed(&self, value: CellValue<'a>) -> Option<Fact<'a>> {
        self.arena.try_alloc(value).ok().map(|value| &*value)
    }

    fn plain_if(&mut self, term: &'a Option<Box<Term>>) -> Option<Option<Value<'a>>> {
        match term {
            None => Some(None),
            Some(term) => plain(self.term(term)?).map(Some),
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
            Form::Test(test) => {
                let answer = CellValue::Bool(self.test(test)?);
                Known::Value(self.computed(answer)?)
            }
            Form::List(list) => Known::List(self.list(list)?),
        };
        self.counting = outside;
        self.kept[place as usize] = Some(Computed { form, weight: before - self.weight, counted_for: outside });
        Some(form)
    }

    #[inline]
    fn bind(&mut self, local: Local, value: Fact<'a>) {
        self.locals[usize::from(local.0)] = value;
    }

    #[inline]
    fn cell(&mut self, path: &'a Path) -> Option<Fact<'a>> {
        let node = match &path.from {
            Place::Object(object) => (*self.objects.get(*object as usize)?)?,
            Place::Local(local) => record(self.locals.get(usize::from(local.0))?)?,
            Place::Term(term) => return self.cell_of_term(path, term),
        };
        self.cell_from(node, path)
    }

    #[inline(never)]
    fn cell_of_term(&mut self, path: &'a Path, term: &'a Term) -> Option<Fact<'a>> {
        let node = record(self.term(term)?)?;
        self.cell_from(node, path)
    }

    #[inline]
    fn cell_from(&self, mut node: NodeId, path: &'a Path) -> Option<Fact<'a>> {
        for field in &path.through {
            node = record(cell(self.facts, node, *field)?)?;
        }
        cell(self.facts, node, path.field)
    }
}
