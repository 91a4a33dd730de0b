//! The operands of operations, and what rules decide by.

use std::collections::BTreeSet;

use super::direct::Later;
use super::program::{Op, OpId, Operands, Over, Program, RuleBody, RuleIndex, TimeOperand};

impl Program {
    /// The operands of a list or a call.
    #[inline]
    pub fn operands_of(&self, operands: Operands) -> &[OpId] {
        let start = operands.start as usize;
        &self.operands[start..start + operands.length as usize]
    }

    /// The rule whose own body decides a rule.
    pub fn decided_by_rule(&self, rule: RuleIndex) -> RuleIndex {
        self.repeated(rule).last().unwrap_or(rule)
    }

    /// The rules that a rule repeats, nearest first. `compile` refuses a circle; here it ends.
    pub fn repeated(&self, rule: RuleIndex) -> impl Iterator<Item = RuleIndex> + '_ {
        let next = move |at: &RuleIndex| match self.rules[at.0 as usize].body {
            RuleBody::SameAs(target) => Some(target),
            RuleBody::Expressions(_) | RuleBody::AllOf(_) => None,
        };
        std::iter::successors(next(&rule), next).take(self.rules.len())
    }

    /// The operations of a program that was compiled, to be changed: what was made of them is made anew.
    pub(crate) fn ops_to_change(&mut self) -> Option<&mut Vec<Op>> {
        self.direct = Later::default();
        self.ops.whole()
    }

    /// Every operation that some rule decides by; messages decide nothing.
    pub fn deciding(&self) -> BTreeSet<OpId> {
        self.rules.iter().flat_map(|rule| self.decided_by(&rule.body)).collect()
    }

    /// Every operation that a rule of this body decides by.
    pub fn decided_by(&self, body: &RuleBody) -> BTreeSet<OpId> {
        let mut found = BTreeSet::new();
        let RuleBody::Expressions(parts) = body else { return found };
        let own = [parts.applies, parts.require, parts.attested, parts.warn_when].into_iter().flatten();
        let each = parts.for_each.iter().flat_map(|over| [Some(over.list), over.filter]).flatten();
        let mut waiting: Vec<OpId> = own.chain(each).collect();
        while let Some(id) = waiting.pop() {
            if found.insert(id)
                && let Some(op) = self.ops.get(id.0 as usize)
            {
                for_each_operand(op, &self.operands, &mut |operand| waiting.push(operand));
            }
        }
        found
    }
}

/// Calls `visit` with each operand of an operation, in order; `lists` holds those of lists and calls.
pub(super) fn for_each_operand(op: &Op, lists: &[OpId], visit: &mut impl FnMut(OpId)) {
    let over = |over: &Over, visit: &mut dyn FnMut(OpId)| {
        visit(over.list);
        over.filter.iter().for_each(|filter| visit(*filter));
    };
    match op {
        Op::Const(_) | Op::Parameter(_) | Op::Local(_) | Op::One(_) | Op::All(_) | Op::Recorded(_) => {}
        Op::Field { base, .. } | Op::Has { base, .. } => visit(*base),
        Op::Coalesce { base, otherwise, .. } => {
            visit(*base);
            visit(*otherwise);
        }
        Op::Not(inner) | Op::Matches { text: inner, .. } | Op::Bound { list: inner, .. } => visit(*inner),
        Op::And(left, right) | Op::Or(left, right) => {
            visit(*left);
            visit(*right);
        }
        Op::Compare { left, right, .. }
        | Op::SetRelation { left, right, .. }
        | Op::SetOperation { left, right, .. }
        | Op::Arithmetic { left, right, .. }
        | Op::In { item: left, list: right }
        | Op::CompareCount { count: left, other: right, .. }
        | Op::Let { value: left, body: right, .. } => {
            visit(*left);
            visit(*right);
        }
        Op::CompareClock { plus, minus, other, .. } => {
            plus.iter().chain(minus).chain([other]).for_each(|operand| visit(*operand));
        }
        Op::List(operands) | Op::Call { arguments: operands, .. } => {
            let (start, length) = (operands.start as usize, operands.length as usize);
            lists[start..start + length].iter().for_each(|operand| visit(*operand));
        }
        Op::Project { element, over: xs } => {
            over(xs, visit);
            visit(*element);
        }
        Op::Quantified { over: xs, satisfies: part, .. }
        | Op::Count { over: xs, distinct_by: part }
        | Op::Distinct { over: xs, by: part, .. } => {
            over(xs, visit);
            part.iter().for_each(|part| visit(*part));
        }
        Op::The { over: xs } => over(xs, visit),
        Op::Extreme { over: xs, by, .. } => {
            over(xs, visit);
            visit(*by);
        }
        Op::MaxGap { over: xs, by, from, to } => {
            over(xs, visit);
            [by, from, to].into_iter().for_each(|operand| visit(*operand));
        }
        Op::Within { start, end, limit } => [start, end, limit].into_iter().for_each(|operand| visit(*operand)),
        Op::DaysBetween { from, to } => {
            for side in [from, to] {
                if let TimeOperand::Op(operand) = side {
                    visit(*operand);
                }
            }
        }
    }
}
