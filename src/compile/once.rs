//! Which operations give one value wherever they are asked for.
//!
//! A definition without arguments (`group_session`, `newest_lei_record`) is put in at each use, often
//! inside a filter that runs for every record. An operation that reads no local from outside gives one
//! value per run; those that go through a collection are worth remembering. Few are.

use serde::{Deserialize, Serialize};

use super::program::{Local, Op, OpId, Operands, Over, TimeOperand};

/// The operations worth remembering, each with its place among them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Once {
    /// A bit per operation.
    bits: Vec<u64>,
    /// Per word of bits: how many are set before it.
    before: Vec<u32>,
    count: u32,
}

impl Once {
    /// Of operations that name their operands before themselves.
    pub(crate) fn of(ops: &[Op], operands: &[OpId]) -> Self {
        let mut once = Self::default();
        let mut free: Vec<Free> = Vec::with_capacity(ops.len());
        for (index, op) in ops.iter().enumerate() {
            // `compile` puts operands before what they are operands of; anything else is not remembered.
            let of = |operand: OpId| free.get(operand.0 as usize).copied().unwrap_or(Free::MAX);
            let reads = free_of(operands, op, &of);
            free.push(reads);
            if index % 64 == 0 {
                once.bits.push(0);
                once.before.push(once.count);
            }
            if let Some(word) = once.bits.last_mut().filter(|_| reads == 0 && goes_through_a_collection(op)) {
                *word |= 1 << (index % 64);
                once.count += 1;
            }
        }
        once
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.count as usize
    }

    /// The place of an operation among those worth remembering.
    #[inline]
    pub fn place(&self, op: OpId) -> Option<usize> {
        let (word, bit) = (op.0 as usize / 64, op.0 % 64);
        let bits = *self.bits.get(word)?;
        let below = bits & ((1 << bit) - 1);
        (bits >> bit & 1 == 1).then(|| (self.before[word] + below.count_ones()) as usize)
    }
}

/// Locals that an operation reads from outside, as bits; those beyond count as always read.
type Free = u128;

fn bit(local: Local) -> Free {
    if local.0 < 127 { 1 << local.0 } else { 1 << 127 }
}

/// Whether an operation may be worth remembering, whatever it reads.
#[inline]
pub(crate) fn goes_through_a_collection(op: &Op) -> bool {
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

fn free_of(lists: &[OpId], op: &Op, of: &dyn Fn(OpId) -> Free) -> Free {
    let opt = |operand: &Option<OpId>| operand.map_or(0, of);
    let all = |operands: &Operands| {
        let start = operands.start as usize;
        lists[start..start + operands.length as usize].iter().fold(0, |free, operand| free | of(*operand))
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
