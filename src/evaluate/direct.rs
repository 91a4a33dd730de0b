//! Rules decided in their direct form: as long as everything is known, and nothing is recorded.
//!
//! In: the direct form of a program and the facts. Out: the result of a rule that passes or does not apply. Anything
//! else, a value that is not known above all, gives nothing: the rule is then decided by its operations, which say why.
//! What is answered here is what the operations would answer; a property test holds the two together.

use std::cmp::Ordering;
use std::ops::ControlFlow;

use crate::compile::direct::{Decision, Direct, Form, List, Object, Path, Place, Term, Test, Walk};
use crate::compile::program::{Const, FieldRef, Level, Local, ParameterValue, Program, RuleIndex};
use crate::expr::ast::{Quantifier, SetRelation};
use crate::facts::schema::KindId;
use crate::facts::{self, CellValue, Facts, NodeId};
use crate::primitives::Instant;

use super::Signing;
use super::collections::total_order;
use super::compare::{equal_scalars, holds, order};
use super::finding::RuleResult;
use super::machine::STEPS_MAX;
use super::outcome::Outcome;
use super::time;
use super::value::Value;

/// Most operations that one rule may stand for here: fewer than it could take as steps, so that a rule that would use
/// up its steps is left to its operations.
const WEIGHT_MAX: u32 = STEPS_MAX / 4;

/// Most keys that are compared each with each: a sort of so few takes longer.
const PAIRS_MAX: usize = 24;

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
            Term::Field(path) => known(self.cell(path)?)?,
            Term::Const(constant) => fact(Value::of_const(self.program, *constant))?,
            Term::Local(local) => self.locals[usize::from(local.0)],
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

    /// A list; what is computed is on the scratch stack.
    fn list(&mut self, list: &'a List) -> Option<Elements> {
        match list {
            List::Term(term) => match self.term(term)? {
                CellValue::List(list) => Some(Elements::Cells(list)),
                _ => None,
            },
            List::Members(kind) => {
                let population = self.facts.population(*kind);
                let is_known = population.unknown.is_none() && population.unreadable.is_empty();
                is_known.then_some(Elements::Members(*kind))
            }
            List::Kept(place) => match self.kept(*place)? {
                Known::List(list) => Some(list),
                Known::Value(_) => None,
            },
            List::Written(terms) => {
                let start = self.scratch.len();
                for term in terms {
                    let value = self.term(term)?;
                    self.scratch.push(value);
                }
                Some(Elements::Scratch(start, self.scratch.len()))
            }
            List::Project(parts) => {
                let (walk, element) = &**parts;
                let source = self.list(&walk.list)?;
                let start = self.scratch.len();
                for index in 0..self.length(source) {
                    if self.take(walk, source, index)? {
                        let value = self.term(element)?;
                        self.scratch.push(value);
                    }
                }
                Some(Elements::Scratch(start, self.scratch.len()))
            }
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
    fn length(&self, list: Elements) -> usize {
        match list {
            Elements::Cells(list) => list.length as usize,
            Elements::Members(kind) => self.facts.population(kind).members.len(),
            Elements::Scratch(start, end) | Elements::Kept(start, end) => end - start,
        }
    }

    #[inline]
    fn element(&self, list: Elements, index: usize) -> Option<CellValue<'a>> {
        match list {
            Elements::Cells(list) => known(&self.facts.element(list.start + index as u32).value),
            Elements::Members(kind) => {
                self.facts.population(kind).members.get(index).map(|node| CellValue::Record(*node))
            }
            Elements::Scratch(start, _) => self.scratch.get(start + index).copied(),
            Elements::Kept(start, _) => self.kept_elements.get(start + index).copied(),
        }
    }

    /// Binds an element; false where the filter does not let it through.
    #[inline]
    fn take(&mut self, walk: &'a Walk, list: Elements, index: usize) -> Option<bool> {
        self.charge(walk.weight)?;
        let element = self.element(list, index)?;
        self.bind(walk.local, element);
        match &walk.filter {
            None => Some(true),
            Some(filter) => self.test(filter),
        }
    }

    /// Each element that the filter lets through, until one is enough.
    fn each(
        &mut self,
        walk: &'a Walk,
        mut see: impl FnMut(&mut Self, CellValue<'a>) -> Option<ControlFlow<()>>,
    ) -> Option<()> {
        let list = self.list(&walk.list)?;
        for index in 0..self.length(list) {
            if self.take(walk, list, index)? {
                let element = self.locals[usize::from(walk.local.0)];
                if see(self, element)?.is_break() {
                    break;
                }
            }
        }
        Some(())
    }

    fn quantified(
        &mut self,
        quantifier: Quantifier,
        walk: &'a Walk,
        or_none: bool,
        satisfies: Option<&'a Test>,
    ) -> Option<bool> {
        let list = self.list(&walk.list)?;
        let (mut seen, mut count) = (false, 0u32);
        for index in 0..self.length(list) {
            if !self.take(walk, list, index)? {
                continue;
            }
            seen = true;
            let answer = match satisfies {
                None => true,
                Some(satisfies) => self.test(satisfies)?,
            };
            match quantifier {
                Quantifier::Every if !answer => return Some(false),
                Quantifier::No if answer => return Some(false),
                Quantifier::Some | Quantifier::Exists if answer => return Some(true),
                Quantifier::ExactlyOne if answer => {
                    count += 1;
                    if count > 1 {
                        return Some(false);
                    }
                }
                Quantifier::Every | Quantifier::No | Quantifier::Some | Quantifier::Exists | Quantifier::ExactlyOne => {
                }
            }
        }
        match quantifier {
            // A statement about all elements says nothing of none.
            Quantifier::Every | Quantifier::No => (seen || or_none).then_some(true),
            Quantifier::Some | Quantifier::Exists => Some(false),
            Quantifier::ExactlyOne => Some(count == 1),
        }
    }

    fn contains(&mut self, list: Elements, item: &CellValue<'a>) -> Option<bool> {
        let length = self.length(list);
        self.charge(length as u32)?;
        let elements = match list {
            Elements::Scratch(start, end) => self.scratch.get(start..end)?,
            Elements::Kept(start, end) => self.kept_elements.get(start..end)?,
            Elements::Members(_) | Elements::Cells(_) => {
                for index in 0..length {
                    if is_same(item, &self.element(list, index)?)? {
                        return Some(true);
                    }
                }
                return Some(false);
            }
        };
        for element in elements {
            if is_same(item, element)? {
                return Some(true);
            }
        }
        Some(false)
    }

    fn relation(&mut self, relation: SetRelation, left: Elements, right: Elements, or_none: bool) -> Option<bool> {
        if !or_none && (self.length(left) == 0 || relation != SetRelation::Subset && self.length(right) == 0) {
            return None;
        }
        match relation {
            SetRelation::Subset => self.all_in(left, right, true),
            SetRelation::Disjoint => self.all_in(left, right, false),
            SetRelation::Same => Some(self.all_in(left, right, true)? && self.all_in(right, left, true)?),
        }
    }

    /// Whether every element of one list is (or, if not `wanted`, is not) in the other.
    fn all_in(&mut self, list: Elements, other: Elements, wanted: bool) -> Option<bool> {
        for index in 0..self.length(list) {
            let element = self.element(list, index)?;
            if self.contains(other, &element)? != wanted {
                return Some(false);
            }
        }
        Some(true)
    }

    fn distinct(&mut self, walk: &'a Walk, by: Option<&'a Term>, or_none: bool) -> Option<bool> {
        let list = self.list(&walk.list)?;
        let start = self.scratch.len();
        for index in 0..self.length(list) {
            if self.take(walk, list, index)? {
                let key = match by {
                    None => self.locals[usize::from(walk.local.0)],
                    Some(by) => self.term(by)?,
                };
                if let CellValue::List(_) = key {
                    return None;
                }
                self.scratch.push(key);
            }
        }
        let keys = &mut self.scratch[start..];
        if keys.is_empty() {
            return or_none.then_some(true);
        }
        if keys.len() > PAIRS_MAX {
            keys.sort_unstable_by(|a, b| match (plain(a), plain(b)) {
                (Some(a), Some(b)) => total_order(a, b),
                (a, b) => a.is_some().cmp(&b.is_some()),
            });
            for pair in keys.windows(2) {
                if is_same(&pair[0], &pair[1])? {
                    return Some(false);
                }
            }
            return Some(true);
        }
        for (at, key) in keys.iter().enumerate() {
            for other in &keys[..at] {
                if is_same(key, other)? {
                    return Some(false);
                }
            }
        }
        Some(true)
    }

    /// The element with the greatest or the least key, where no other has it too.
    fn extreme(&mut self, walk: &'a Walk, by: &'a Term, latest: bool) -> Option<CellValue<'a>> {
        let list = self.list(&walk.list)?;
        let (mut best, mut is_tied): (Option<(CellValue<'a>, CellValue<'a>)>, bool) = (None, false);
        for index in 0..self.length(list) {
            if !self.take(walk, list, index)? {
                continue;
            }
            let element = self.locals[usize::from(walk.local.0)];
            let key = self.term(by)?;
            match best {
                None => best = Some((key, element)),
                Some((greatest, _)) => {
                    let ordering = ordering(&key, &greatest)?;
                    let ordering = if latest { ordering } else { ordering.reverse() };
                    if ordering.is_gt() {
                        (best, is_tied) = (Some((key, element)), false);
                    } else if ordering.is_eq() {
                        is_tied = true;
                    }
                }
            }
        }
        best.filter(|_| !is_tied).map(|(_, element)| element)
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

#[inline]
fn cell<'f, 'a>(facts: &'f Facts<'a>, node: NodeId, field: FieldRef) -> Option<&'f CellValue<'a>> {
    facts.cell_of(node, field.type_id, field.slot).map(|cell| &cell.value)
}

#[inline]
fn record(value: &CellValue<'_>) -> Option<NodeId> {
    match value {
        CellValue::Record(node) => Some(*node),
        _ => None,
    }
}

/// The value of a cell; none where it is absent or unknown.
#[inline]
fn known<'a>(value: &CellValue<'a>) -> Option<CellValue<'a>> {
    match value {
        CellValue::Absent | CellValue::Unknown(_) => None,
        known => Some(*known),
    }
}

/// A value as the operations have it; none of a list, which no sum and no order knows.
fn plain<'a>(cell: &CellValue<'a>) -> Option<Value<'a>> {
    match cell {
        CellValue::List(_) => None,
        scalar => Value::of_cell(*scalar, NodeId(0))?.ok(),
    }
}

/// A value as the evidence has it.
fn fact(value: Value<'_>) -> Option<CellValue<'_>> {
    Some(match value {
        Value::Bool(value) => CellValue::Bool(value),
        Value::Int(value) => CellValue::Int(value),
        Value::Text(text) => CellValue::Text(text),
        Value::Malformed(text) => CellValue::Malformed(text),
        Value::Instant(value) => CellValue::Instant(value),
        Value::Date(value) => CellValue::Date(value),
        Value::Duration(value) => CellValue::Duration(value),
        Value::Days(value) => CellValue::Days(value),
        Value::Threshold(value) => CellValue::Threshold(value),
        Value::Record(node) => CellValue::Record(node),
        Value::Months(_) | Value::List(_) => return None,
    })
}

/// Whether two known values are equal; none where that is not asked of such values.
#[inline]
fn is_same(left: &CellValue<'_>, right: &CellValue<'_>) -> Option<bool> {
    match (left, right) {
        (CellValue::Text(left), CellValue::Text(right)) => Some(left == right),
        (left, right) => equal_scalars(plain(left)?, plain(right)?),
    }
}

/// The order of two known values.
#[inline]
fn ordering(left: &CellValue<'_>, right: &CellValue<'_>) -> Option<Ordering> {
    match (left, right) {
        (CellValue::Instant(left), CellValue::Instant(right)) => Some(left.cmp(right)),
        (CellValue::Int(left), CellValue::Int(right)) => Some(left.cmp(right)),
        (left, right) => order(plain(left)?, plain(right)?),
    }
}
