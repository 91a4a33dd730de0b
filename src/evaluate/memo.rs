//! Values that are the same wherever they are asked for.
//!
//! A definition without arguments (`group_session`, `newest_lei_record`) is put in at each use, often
//! inside a filter that runs for every record. An operation that reads no local from outside gives one
//! value per run; those that go through a collection are computed once.

use std::num::NonZeroU32;

use crate::compile::program::{Local, Op, OpId, Over, Program, TimeOperand};
use crate::facts::Cause;
use crate::primitives::Instant;

use super::machine::Machine;
use super::value::{Element, Known, ListRef, Unknown, Value};

/// What is remembered.
pub(super) struct Memo<'a> {
    /// Per operation: the place of its value if it is worth remembering. Few are, and a table of values
    /// for all would be the largest allocation of a run.
    places: Vec<Option<NonZeroU32>>,
    /// Per place: the value, once computed, and until when that holds.
    values: Vec<Option<(Known<'a>, Option<Instant>)>>,
    /// Elements of remembered lists.
    pub kept: Vec<Element<'a>>,
}

impl<'a> Memo<'a> {
    pub fn new(program: &Program) -> Self {
        let (places, count) = places(program);
        Self { values: vec![None; count as usize], places, kept: Vec::new() }
    }

    fn place(&self, op: OpId) -> Option<usize> {
        self.places[op.0 as usize].map(|place| place.get() as usize - 1)
    }
}

impl<'a> Machine<'a> {
    /// Runs an operation, or remembers its value.
    pub(super) fn run_once(&mut self, op: OpId) -> Known<'a> {
        // Coverage wants to see every condition.
        let Some(place) = self.memo.place(op).filter(|_| self.coverage.is_none()) else { return self.run(op) };
        if let Some((value, until)) = self.memo.values[place] {
            if let Some(until) = until {
                self.hold_until(until);
            }
            return value;
        }
        let before = self.until.take();
        let value = self.run(op);
        let until = self.until.take();
        self.until = before;
        if let Some(until) = until {
            self.hold_until(until);
        }
        let value = match value {
            Ok(Value::List(ListRef::Scratch { start, length })) => match self.keep(start, length) {
                Some(list) => Ok(Value::List(list)),
                None => return value,
            },
            // It may be the steps or the depth of this place that did not suffice.
            Err(Unknown { cause: Cause::Overflow, .. }) => return value,
            value => value,
        };
        if self.steps > 0 {
            self.memo.values[place] = Some((value, until));
        }
        value
    }

    /// Moves a computed list to where it lasts; a list of lists is not worth it.
    fn keep(&mut self, start: u32, length: u32) -> Option<ListRef> {
        let from = self.memo.kept.len() as u32;
        for index in 0..length as usize {
            let element = self.element(ListRef::Scratch { start, length }, index, OpId(0));
            if let Ok(Value::List(_)) = element.value {
                self.memo.kept.truncate(from as usize);
                return None;
            }
            self.memo.kept.push(element);
        }
        Some(ListRef::Kept { start: from, length })
    }
}

/// Locals that an operation reads from outside, as bits; those beyond count as always read.
type Free = u128;

fn bit(local: Local) -> Free {
    if local.0 < 127 { 1 << local.0 } else { 1 << 127 }
}

/// The place of each operation that reads no local from outside and goes through a collection, and how many
/// there are.
fn places(program: &Program) -> (Vec<Option<NonZeroU32>>, u32) {
    let mut free: Vec<Free> = Vec::with_capacity(program.ops.len());
    let (mut places, mut count) = (Vec::with_capacity(program.ops.len()), 0);
    for (index, op) in program.ops.iter().enumerate() {
        // `compile` puts operands before what they are operands of; anything else is not remembered.
        let of = |operand: OpId| free.get(operand.0 as usize).copied().filter(|_| (operand.0 as usize) < index);
        let reads = free_of(program, op, &|operand| of(operand).unwrap_or(Free::MAX));
        free.push(reads);
        let lasts = reads == 0 && goes_through_a_collection(op);
        count += u32::from(lasts);
        places.push(NonZeroU32::new(count).filter(|_| lasts));
    }
    (places, count)
}

fn goes_through_a_collection(op: &Op) -> bool {
    match op {
        Op::Project { .. }
        | Op::Quantified { .. }
        | Op::Count { .. }
        | Op::Distinct { .. }
        | Op::The { .. }
        | Op::Extreme { .. }
        | Op::Bound { .. }
        | Op::MaxGap { .. }
        | Op::SetOperation { .. }
        | Op::SetRelation { .. }
        | Op::CompareCount { .. }
        | Op::Let { .. } => true,
        Op::Const(_)
        | Op::Parameter(_)
        | Op::Local(_)
        | Op::One(_)
        | Op::All(_)
        | Op::Recorded(_)
        | Op::Field { .. }
        | Op::Has { .. }
        | Op::Coalesce { .. }
        | Op::Not(_)
        | Op::And(..)
        | Op::Or(..)
        | Op::Compare { .. }
        | Op::CompareClock { .. }
        | Op::In { .. }
        | Op::Matches { .. }
        | Op::Arithmetic { .. }
        | Op::List(_)
        | Op::Within { .. }
        | Op::DaysBetween { .. }
        | Op::Call { .. } => false,
    }
}

fn free_of(program: &Program, op: &Op, of: &dyn Fn(OpId) -> Free) -> Free {
    let opt = |operand: &Option<OpId>| operand.map_or(0, of);
    let all = |operands: &crate::compile::program::Operands| {
        let start = operands.start as usize;
        program.operands[start..start + operands.length as usize].iter().fold(0, |free, operand| free | of(*operand))
    };
    let time = |operand: &TimeOperand| match operand {
        TimeOperand::Op(operand) => of(*operand),
        TimeOperand::Clock(_) => 0,
    };
    // A local beyond the bits is never taken away, so what binds one is never remembered.
    let bound = |free: Free, local: Local| free & !(bit(local) & !(1 << 127));
    let over = |over: &Over, inside: Free| of(over.list) | bound(opt(&over.filter) | inside, over.local);
    match op {
        Op::Const(_) | Op::Parameter(_) | Op::One(_) | Op::All(_) | Op::Recorded(_) => 0,
        Op::Local(local) => bit(*local),
        Op::Field { base, .. } | Op::Has { base, .. } => of(*base),
        Op::Coalesce { base, otherwise, .. } => of(*base) | of(*otherwise),
        Op::Not(operand) => of(*operand),
        Op::And(left, right)
        | Op::Or(left, right)
        | Op::Compare { left, right, .. }
        | Op::SetRelation { left, right, .. }
        | Op::SetOperation { left, right, .. }
        | Op::Arithmetic { left, right, .. } => of(*left) | of(*right),
        Op::CompareClock { plus, minus, other, .. } => opt(plus) | opt(minus) | of(*other),
        Op::In { item, list } => of(*item) | of(*list),
        Op::Matches { text, .. } => of(*text),
        Op::List(operands) => all(operands),
        Op::Project { element, over: binding } => over(binding, of(*element)),
        Op::Quantified { over: binding, satisfies, .. } => over(binding, opt(satisfies)),
        Op::Count { over: binding, distinct_by } => over(binding, opt(distinct_by)),
        Op::CompareCount { count, other, .. } => of(*count) | of(*other),
        Op::Distinct { over: binding, by, .. } => over(binding, opt(by)),
        Op::The { over: binding } => over(binding, 0),
        Op::Extreme { over: binding, by, .. } => over(binding, of(*by)),
        Op::Bound { list, .. } => of(*list),
        Op::MaxGap { over: binding, by, from, to } => over(binding, of(*by)) | of(*from) | of(*to),
        Op::Let { local, value, body } => of(*value) | bound(of(*body), *local),
        Op::Within { start, end, limit } => of(*start) | of(*end) | of(*limit),
        Op::DaysBetween { from, to } => time(from) | time(to),
        Op::Call { arguments, .. } => all(arguments),
    }
}
