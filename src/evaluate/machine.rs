//! Runs operations: one scratch machine for all rules of a run.
//!
//! Computed lists live in a stack that the operation which consumes them cuts back, so the verdict
//! path allocates only while the stack grows to its greatest height.

use bumpalo::Bump;

use crate::compile::program::{Clock, FieldRef, Local, Op, OpId, ParameterValue, Program};
use crate::facts::schema::KindId;
use crate::facts::{Cause, CellValue, Facts, NodeId};
use crate::primitives::Instant;

use super::Signing;
use super::coverage::{Coverage, Reached};
use super::memo::Memo;
use super::time;
use super::value::{At, Element, Known, ListRef, Truth, Unknown, Value};

/// Most steps that a rule may take; the largest shipped rule takes some thousands.
pub(super) const STEPS_MAX: u32 = 5_000_000;

/// Deepest nesting of operations. `compile` allows 256 levels; some become two operations, and each argument
/// of a definition adds one. A test runs the deepest expressions on a small stack.
const DEPTH_MAX: u32 = 512;

/// Room for the elements of lists that are computed, before it must grow.
const LIST_USUAL: usize = 32;

/// Longest path that is followed without recursion.
const HOPS_MAX: usize = 12;

pub(super) struct Machine<'a> {
    pub program: &'a Program,
    /// The operations of a program that was compiled in this process; of an image, none.
    ops: &'a [Op],
    pub facts: &'a Facts<'a>,
    /// Holds the few texts that are computed, such as hosts of URLs.
    pub arena: &'a Bump,
    pub as_of: Instant,
    pub signing: Signing,
    parameters: Vec<Option<Value<'a>>>,
    locals: Vec<Bound<'a>>,
    scratch: Vec<Element<'a>>,
    /// Elements of lists that are being computed, until they are moved to the scratch stack.
    pub pending: Vec<Element<'a>>,
    /// Steps left.
    pub steps: u32,
    pub depth: u32,
    /// Last instant for which every clock comparison so far gives the same answer.
    pub until: Option<Instant>,
    /// Values that are computed once.
    pub memo: Memo<'a>,
    /// Where the answers of conditions are kept, in tests of policies.
    pub coverage: Option<&'a Coverage>,
    /// Where the operations that were run are kept, in tests of policies.
    pub reached: Option<&'a Reached>,
    /// Whether findings say why.
    pub explains: bool,
    /// Whether some rule, or its explanation, used up its steps.
    pub exhausted: bool,
}

/// What a local slot holds.
#[derive(Clone, Copy)]
struct Bound<'a> {
    value: Known<'a>,
    at: At,
}

/// A height of the scratch stack.
#[derive(Clone, Copy)]
pub(super) struct Mark(usize);

impl<'a> Machine<'a> {
    pub fn new(
        program: &'a Program,
        facts: &'a Facts<'a>,
        arena: &'a Bump,
        as_of: Instant,
        signing: Signing,
        parameters: &[&'a ParameterValue],
    ) -> Self {
        let mut machine = Self {
            program,
            ops: program.ops.as_slice(),
            facts,
            arena,
            as_of,
            signing,
            parameters: Vec::with_capacity(parameters.len()),
            locals: Vec::new(),
            scratch: Vec::with_capacity(LIST_USUAL),
            pending: Vec::with_capacity(LIST_USUAL),
            steps: STEPS_MAX,
            depth: 0,
            until: None,
            memo: Memo::new(program),
            coverage: None,
            reached: None,
            explains: true,
            exhausted: false,
        };
        // Lists among them stay at the bottom of the scratch stack: no mark is below them.
        for parameter in parameters {
            let value = machine.parameter_value(parameter);
            machine.parameters.push(value);
        }
        machine
    }

    fn parameter_value(&mut self, value: &'a ParameterValue) -> Option<Value<'a>> {
        let ParameterValue::List(values) = value else { return Value::of_parameter(value) };
        let start = self.scratch.len();
        for value in values {
            // A list inside a list, or an element that is not set, is refused when the policy is loaded; here it
            // makes the whole list unknown.
            let Some(value) = Value::of_parameter(value) else {
                self.scratch.truncate(start);
                return None;
            };
            self.scratch.push(Element { value: Ok(value), at: At::Nowhere, doubt: None });
        }
        let length = (self.scratch.len() - start) as u32;
        Some(Value::List(ListRef::Scratch { start: start as u32, length }))
    }

    /// Makes the slots that a rule needs.
    pub fn frame(&mut self, locals: u16) {
        let unbound = Err(Unknown::new(Cause::Invalid, OpId(0)));
        self.locals.clear();
        self.locals.resize(usize::from(locals), Bound { value: unbound, at: At::Nowhere });
    }

    /// Binds a local.
    #[inline]
    pub fn bind(&mut self, local: Local, value: Known<'a>, at: At) {
        let at_least = usize::from(local.0) + 1;
        if self.locals.len() < at_least {
            let unbound = Err(Unknown::new(Cause::Invalid, OpId(0)));
            self.locals.resize(at_least, Bound { value: unbound, at: At::Nowhere });
        }
        self.locals[usize::from(local.0)] = Bound { value, at };
    }

    pub fn mark(&self) -> Mark {
        Mark(self.scratch.len())
    }

    pub fn release(&mut self, mark: Mark) {
        self.scratch.truncate(mark.0);
    }

    /// Takes one step; false once the budget is used up.
    #[inline]
    pub fn step(&mut self) -> bool {
        self.steps = self.steps.saturating_sub(1);
        self.steps > 0
    }

    #[inline]
    pub fn op(&self, op: OpId) -> &'a Op {
        let index = op.0 as usize;
        match self.ops.get(index) {
            Some(op) => op,
            None => &self.program.ops[index],
        }
    }

    /// The value of an operation.
    #[inline]
    pub fn eval(&mut self, op: OpId) -> Known<'a> {
        if !self.step() {
            return Err(Unknown::new(Cause::Overflow, op));
        }
        // What has no operands to run needs no frame.
        match self.op(op) {
            Op::Const(constant) if !self.is_watched() => Ok(Value::of_const(self.program, *constant)),
            Op::Local(local) if !self.is_watched() => self.local(*local, op).0,
            Op::Field { base, field } if !self.is_watched() => match self.cell(op, *base, *field)? {
                (_, Some(value)) => value,
                (at, None) => Err(absent(op, at)),
            },
            _ => self.eval_nested(op),
        }
    }

    fn eval_nested(&mut self, op: OpId) -> Known<'a> {
        if self.depth >= DEPTH_MAX {
            return Err(Unknown::new(Cause::Overflow, op));
        }
        self.depth += 1;
        let value = self.run_once(op);
        self.depth -= 1;
        self.cover(op, &value);
        value
    }

    /// Whether each operation that is run is to be told of.
    #[inline]
    fn is_watched(&self) -> bool {
        self.coverage.is_some() || self.reached.is_some()
    }

    #[inline]
    fn cover(&self, op: OpId, value: &Known<'a>) {
        if let Some(reached) = self.reached {
            reached.record(op);
        }
        if let (Some(coverage), Ok(Value::Bool(answer))) = (self.coverage, value) {
            coverage.record(op, *answer);
        }
    }

    /// The value of an operation that is a condition.
    #[inline]
    pub fn truth(&mut self, op: OpId) -> Truth {
        match self.eval(op) {
            Ok(Value::Bool(value)) => Ok(value),
            Ok(_) => Err(Unknown::new(Cause::Invalid, op)),
            Err(unknown) => Err(unknown),
        }
    }

    /// The value of an operation that is a list.
    pub fn list(&mut self, op: OpId) -> Result<ListRef, Unknown> {
        match self.eval(op)? {
            Value::List(list) => Ok(list),
            _ => Err(Unknown::new(Cause::Invalid, op)),
        }
    }

    /// The value of an operation and the place it was read from.
    pub fn eval_located(&mut self, op: OpId) -> (Known<'a>, At) {
        match self.op(op) {
            Op::Field { base, field } if self.step() => match self.cell(op, *base, *field) {
                Ok((at, value)) => {
                    let value = value.unwrap_or(Err(absent(op, at)));
                    self.cover(op, &value);
                    (value, at)
                }
                Err(unknown) => (Err(unknown), unknown.at),
            },
            Op::Local(local) => self.local(*local, op),
            _ => match self.eval(op) {
                Ok(Value::Record(node)) => (Ok(Value::Record(node)), At::Node(node)),
                Ok(value) => (Ok(value), At::Nowhere),
                Err(unknown) => (Err(unknown), unknown.at),
            },
        }
    }

    pub fn run(&mut self, op: OpId) -> Known<'a> {
        match self.op(op) {
            Op::Const(constant) => Ok(Value::of_const(self.program, *constant)),
            Op::Parameter(id) => {
                self.parameters.get(id.0 as usize).copied().flatten().ok_or(Unknown::new(Cause::Missing, op))
            }
            Op::Local(local) => self.local(*local, op).0,
            Op::One(kind) => self.one(*kind, op),
            Op::All(kind) => match self.facts.population(*kind).unknown {
                Some(cause) => Err(Unknown::new(cause, op)),
                None => Ok(Value::List(ListRef::Population(*kind))),
            },
            Op::Recorded(kind) => self.recorded(*kind, op).map(Value::Bool),
            Op::Field { base, field } => match self.cell(op, *base, *field)? {
                (_, Some(value)) => value,
                (at, None) => Err(absent(op, at)),
            },
            Op::Has { base, field } => match self.cell(op, *base, *field)? {
                (_, Some(value)) => value.map(|_| Value::Bool(true)),
                (_, None) => Ok(Value::Bool(false)),
            },
            Op::Coalesce { base, field, otherwise } => match self.cell(op, *base, *field)? {
                (_, Some(value)) => value,
                (_, None) => self.eval(*otherwise),
            },
            Op::Not(a) => Ok(Value::Bool(!self.truth(*a)?)),
            Op::And(a, b) => self.and(*a, *b).map(Value::Bool),
            Op::Or(a, b) => self.or(*a, *b).map(Value::Bool),
            Op::Compare { comparison, left, right } => self.compare(op, *comparison, *left, *right).map(Value::Bool),
            Op::CompareClock { comparison, clock, plus, minus, other } => {
                self.compare_clock(op, *comparison, *clock, *plus, *minus, *other).map(Value::Bool)
            }
            Op::In { item, list } => self.is_in(*item, *list).map(Value::Bool),
            Op::Matches { text, pattern } => self.matches(op, *text, *pattern).map(Value::Bool),
            Op::SetRelation { relation, left, right, or_none } => {
                self.set_relation(op, *relation, *left, *right, *or_none).map(Value::Bool)
            }
            Op::SetOperation { operation, left, right } => self.set_operation(*operation, *left, *right),
            Op::Arithmetic { arithmetic, left, right } => self.arithmetic(op, *arithmetic, *left, *right),
            Op::List(operands) => Ok(self.literal_list(self.program.operands_of(*operands))),
            Op::Project { element, over } => self.project(*element, over),
            Op::Quantified { quantifier, over, or_none, satisfies } => {
                self.quantified(op, *quantifier, over, *or_none, *satisfies).map(Value::Bool)
            }
            Op::Count { .. } => self.count(op),
            Op::CompareCount { comparison, count, other } => {
                self.compare_count(*comparison, *count, *other).map(Value::Bool)
            }
            Op::Distinct { over, by, or_none } => self.distinct(op, over, *by, *or_none).map(Value::Bool),
            Op::The { over } => self.the(op, over),
            Op::Extreme { over, by, latest } => self.extreme(op, over, *by, *latest),
            Op::Bound { list, greatest } => self.bound(op, *list, *greatest),
            Op::MaxGap { over, by, from, to } => self.max_gap(op, over, *by, *from, *to),
            Op::Let { local, value, body } => {
                let (value, at) = self.eval_located(*value);
                self.bind(*local, value, at);
                self.eval(*body)
            }
            Op::Within { start, end, limit } => self.within(op, *start, *end, *limit).map(Value::Bool),
            Op::DaysBetween { from, to } => self.days_between(op, *from, *to),
            Op::Call { function, arguments } => self.function(op, *function, self.program.operands_of(*arguments)),
        }
    }

    /// What a local holds, and where that was read.
    pub fn local(&self, local: Local, op: OpId) -> (Known<'a>, At) {
        match self.locals.get(usize::from(local.0)) {
            Some(bound) => (bound.value, bound.at),
            None => (Err(Unknown::new(Cause::Invalid, op)), At::Nowhere),
        }
    }

    /// The one member of a kind. An unreadable one may be a second.
    fn one(&self, kind: KindId, op: OpId) -> Known<'a> {
        let population = self.facts.population(kind);
        let unknown = |cause, at| Err(Unknown::at(cause, op, at));
        match (population.unknown, population.members.as_slice(), population.unreadable.as_slice()) {
            (Some(cause), _, _) => unknown(cause, At::Nowhere),
            (None, [_, second, ..], _) => unknown(Cause::Several, At::Node(*second)),
            (None, _, [unreadable, ..]) => unknown(Cause::Unreadable, At::Node(*unreadable)),
            (None, [one], []) => Ok(Value::Record(*one)),
            (None, [], []) => unknown(Cause::Missing, At::Nowhere),
        }
    }

    /// Whether a record of a kind is listed, readable or not.
    fn recorded(&self, kind: KindId, op: OpId) -> Truth {
        let population = self.facts.population(kind);
        match population.unknown {
            Some(cause) => Err(Unknown::new(cause, op)),
            None => Ok(!population.members.is_empty() || !population.unreadable.is_empty()),
        }
    }

    /// A cell of an object and its value: `None` if it is absent; `Err` if the object itself is not
    /// known. The whole path is what was looked for, so an unknown base is named by this operation.
    #[inline]
    pub fn cell(&mut self, op: OpId, base: OpId, field: FieldRef) -> Result<(At, Option<Known<'a>>), Unknown> {
        let node = self.object(op, base)?;
        let (at, cell) = self.cell_of(op, node, field)?;
        Ok((at, self.known(cell, node, op, at)))
    }

    /// The object that a path leads to, for the path `op` that goes on from it. A path that ends early is unknown by
    /// the name of the whole.
    fn object(&mut self, op: OpId, base: OpId) -> Result<NodeId, Unknown> {
        let part = |unknown: Unknown| Unknown { op, absent: false, ..unknown };
        let (mut hops, mut count, mut from) = ([None; HOPS_MAX], 0, base);
        if !self.is_watched() {
            while let (Op::Field { base, field }, true) = (self.op(from), count < HOPS_MAX) {
                hops[count] = Some(*field);
                count += 1;
                from = *base;
            }
            // One step each, as if they were run one by one.
            self.steps = self.steps.saturating_sub(count as u32);
        }
        let mut node = match self.eval(from).map_err(part)? {
            Value::Record(node) => node,
            _ => return Err(Unknown::new(Cause::Invalid, op)),
        };
        for field in hops[..count].iter().rev().flatten() {
            let (at, cell) = self.cell_of(op, node, *field)?;
            node = match cell {
                CellValue::Record(node) => node,
                CellValue::Absent => return Err(Unknown::at(Cause::Missing, op, at)),
                CellValue::Unknown(cause) => return Err(Unknown::at(cause, op, at)),
                CellValue::Malformed(_)
                | CellValue::Bool(_)
                | CellValue::Int(_)
                | CellValue::Text(_)
                | CellValue::Instant(_)
                | CellValue::Date(_)
                | CellValue::Duration(_)
                | CellValue::Days(_)
                | CellValue::Threshold(_)
                | CellValue::List(_) => return Err(Unknown::new(Cause::Invalid, op)),
            };
        }
        Ok(node)
    }

    #[inline]
    fn cell_of(&self, op: OpId, node: NodeId, field: FieldRef) -> Result<(At, CellValue<'a>), Unknown> {
        if self.facts.node(node).type_id != field.type_id {
            return Err(Unknown::at(Cause::Invalid, op, At::Node(node)));
        }
        Ok((At::Cell(node, field.slot), self.facts.cell(node, field.slot).value))
    }

    /// The value of a cell; `None` if it is absent.
    #[inline]
    fn known(&self, value: CellValue<'a>, node: NodeId, op: OpId, at: At) -> Option<Known<'a>> {
        Value::of_cell(value, node).map(|value| value.map_err(|cause| Unknown::at(cause, op, at)))
    }

    /// `a and b`: the right side is not run if the left is false.
    fn and(&mut self, a: OpId, b: OpId) -> Truth {
        match self.truth(a) {
            Ok(true) => self.truth(b),
            Ok(false) => Ok(false),
            Err(left) => match self.truth(b) {
                Ok(false) => Ok(false),
                Ok(true) => Err(left.and(left)),
                Err(right) => Err(left.and(right)),
            },
        }
    }

    /// `a or b`: the right side is not run if the left is true.
    fn or(&mut self, a: OpId, b: OpId) -> Truth {
        match self.truth(a) {
            Ok(false) => self.truth(b),
            Ok(true) => Ok(true),
            Err(left) => match self.truth(b) {
                Ok(true) => Ok(true),
                Ok(false) => Err(left.and(left)),
                Err(right) => Err(left.and(right)),
            },
        }
    }

    /// The number of elements, doubtful ones included.
    #[inline]
    pub fn length(&self, list: ListRef) -> usize {
        match list {
            ListRef::Population(kind) => {
                let population = self.facts.population(kind);
                population.members.len() + population.unreadable.len()
            }
            ListRef::Cells { length, .. } | ListRef::Scratch { length, .. } | ListRef::Kept { length, .. } => {
                length as usize
            }
        }
    }

    /// An element of the list that `op` gave.
    #[inline]
    pub fn element(&self, list: ListRef, index: usize, op: OpId) -> Element<'a> {
        match list {
            ListRef::Population(kind) => {
                let population = self.facts.population(kind);
                match population.members.get(index) {
                    Some(node) => Element { value: Ok(Value::Record(*node)), at: At::Node(*node), doubt: None },
                    None => {
                        let node = population.unreadable[index - population.members.len()];
                        let doubt = Some(Unknown::at(Cause::Unreadable, op, At::Node(node)));
                        Element { value: Ok(Value::Record(node)), at: At::Node(node), doubt }
                    }
                }
            }
            ListRef::Cells { node, start, .. } => {
                let index = start + index as u32;
                let at = At::Element(node, index);
                let value = self.known(self.facts.element(index).value, node, op, at);
                let value = value.unwrap_or(Err(Unknown::at(Cause::Missing, op, at)));
                let at = if let Ok(Value::Record(node)) = value { At::Node(node) } else { at };
                Element { value, at, doubt: None }
            }
            ListRef::Scratch { start, .. } => self.scratch[start as usize + index],
            ListRef::Kept { start, .. } => self.memo.kept[start as usize + index],
        }
    }

    /// Moves the elements that are pending since `from` to the scratch stack, as one list.
    pub fn finish_list(&mut self, from: usize) -> Value<'a> {
        let start = self.scratch.len() as u32;
        self.scratch.extend(self.pending.drain(from..));
        Value::List(ListRef::Scratch { start, length: self.scratch.len() as u32 - start })
    }

    fn literal_list(&mut self, operands: &'a [OpId]) -> Value<'a> {
        let from = self.pending.len();
        for operand in operands {
            let (value, at) = self.eval_located(*operand);
            self.pending.push(Element { value, at, doubt: None });
        }
        self.finish_list(from)
    }

    /// The instant a clock shows, and whether it will show a later one in a later run.
    pub fn clock(&self, clock: Clock, op: OpId) -> Result<(Instant, bool), Unknown> {
        time::shown(clock, self.as_of, self.signing).ok_or(Unknown::new(Cause::Unproven, op))
    }
}

/// The unknown of a path whose last step is absent in an object that was read.
fn absent(op: OpId, at: At) -> Unknown {
    Unknown { absent: true, ..Unknown::at(Cause::Missing, op, at) }
}
