//! Equality, order, membership and the algebra of lists as sets.

use std::cmp::Ordering;

use crate::compile::program::{Op, OpId};
use crate::expr::ast::{Comparison, SetOperation, SetRelation};
use crate::facts::Cause;

use super::machine::Machine;
use super::value::{Element, Known, ListRef, Truth, Unknown, Value, blame, both};

impl<'a> Machine<'a> {
    pub(super) fn compare(&mut self, op: OpId, comparison: Comparison, left: OpId, right: OpId) -> Truth {
        let (left, right) = (self.eval(left), self.eval(right));
        match comparison {
            Comparison::Equal => self.same(op, left, right),
            Comparison::NotEqual => self.same(op, left, right).map(|same| !same),
            Comparison::Less
            | Comparison::LessOrEqual
            | Comparison::Greater
            | Comparison::GreaterOrEqual
            | Comparison::Before
            | Comparison::After => {
                let (left, right) = both(left, right)?;
                let ordering = order(left, right).ok_or(Unknown::new(Cause::Invalid, op))?;
                Ok(holds(comparison, ordering))
            }
        }
    }

    /// Whether two values are equal. A malformed one is equal to nothing, whatever the other is.
    fn same(&mut self, op: OpId, left: Known<'a>, right: Known<'a>) -> Truth {
        match (left, right) {
            (Ok(Value::Malformed(_)), _) | (_, Ok(Value::Malformed(_))) => Ok(false),
            (left, right) => {
                let (left, right) = both(left, right)?;
                self.equal(op, left, right)
            }
        }
    }

    /// Whether two known values are equal. A malformed one is equal to nothing, itself included.
    pub(super) fn equal(&mut self, op: OpId, left: Value<'a>, right: Value<'a>) -> Truth {
        match (left, right) {
            (Value::List(a), Value::List(b)) => self.equal_lists(op, a, b),
            (left, right) => equal_scalars(left, right).ok_or(Unknown::new(Cause::Invalid, op)),
        }
    }

    /// Element by element, in order; known to differ as soon as one pair does.
    fn equal_lists(&mut self, op: OpId, a: ListRef, b: ListRef) -> Truth {
        let mut blamed = None;
        for index in 0..self.length(a).max(self.length(b)) {
            if !self.step() {
                return Err(Unknown::new(Cause::Overflow, op));
            }
            let sides = [(a, index < self.length(a)), (b, index < self.length(b))];
            for (list, _) in sides.into_iter().filter(|(_, there)| *there) {
                if let Some(doubt) = self.element(list, index, op).doubt {
                    blame(&mut blamed, doubt);
                }
            }
            if !sides.iter().all(|(_, there)| *there) {
                return blamed.map_or(Ok(false), Err);
            }
            match self.same(op, self.element(a, index, op).value, self.element(b, index, op).value) {
                Ok(true) => {}
                Ok(false) if blamed.is_none() => return Ok(false),
                Ok(false) => {}
                Err(unknown) => blame(&mut blamed, unknown),
            }
        }
        blamed.map_or(Ok(true), Err)
    }

    /// `item in list`
    pub(super) fn is_in(&mut self, item: OpId, list: OpId) -> Truth {
        let mark = self.mark();
        let item = self.eval(item);
        let answer = match self.op(list) {
            // The elements of a literal need not be a list first.
            Op::List(operands) => {
                let (mut found, mut blamed) = (false, None);
                for operand in self.program.operands_of(*operands) {
                    let value = self.eval(*operand);
                    match self.same(list, item, value) {
                        Ok(true) => {
                            found = true;
                            break;
                        }
                        Ok(false) => {}
                        Err(unknown) => blame(&mut blamed, unknown),
                    }
                }
                if found { Ok(true) } else { blamed.map_or(Ok(false), Err) }
            }
            _ => match (self.list(list), item) {
                (Ok(elements), item) => self.contains(elements, list, item),
                (Err(unknown), Err(item)) => Err(item.and(unknown)),
                (Err(unknown), Ok(_)) => Err(unknown.and(unknown)),
            },
        };
        self.release(mark);
        answer
    }

    /// Whether a value is in a list: true if it equals an element, else unknown if it may equal one,
    /// else false. Nothing is in a list that is empty.
    fn contains(&mut self, list: ListRef, op: OpId, item: Known<'a>) -> Truth {
        let mut blamed = None;
        for index in 0..self.length(list) {
            if !self.step() {
                return Err(Unknown::new(Cause::Overflow, op));
            }
            let element = self.element(list, index, op);
            match (self.same(op, item, element.value), element.doubt) {
                (Ok(true), None) => return Ok(true),
                (Ok(true), Some(doubt)) => blame(&mut blamed, doubt),
                (Ok(false), _) => {}
                (Err(unknown), _) => blame(&mut blamed, unknown),
            }
        }
        blamed.map_or(Ok(false), Err)
    }

    pub(super) fn set_relation(
        &mut self,
        op: OpId,
        relation: SetRelation,
        left: OpId,
        right: OpId,
        or_none: bool,
    ) -> Truth {
        let mark = self.mark();
        let (a, b) = (self.list(left), self.list(right));
        let answer = both(a, b).and_then(|(a, b)| {
            if !or_none {
                self.not_empty(a, op, left)?;
                match relation {
                    SetRelation::Subset => {}
                    SetRelation::Disjoint | SetRelation::Same => self.not_empty(b, op, right)?,
                }
            }
            match relation {
                SetRelation::Subset => self.all_in(a, left, b, right, true),
                SetRelation::Disjoint => self.all_in(a, left, b, right, false),
                SetRelation::Same => match self.all_in(a, left, b, right, true) {
                    Ok(true) => self.all_in(b, right, a, left, true),
                    Ok(false) => Ok(false),
                    Err(first) => match self.all_in(b, right, a, left, true) {
                        Ok(false) => Ok(false),
                        Ok(true) => Err(first),
                        Err(second) => Err(first.and(second)),
                    },
                },
            }
        });
        self.release(mark);
        answer
    }

    /// A statement about all elements says nothing about a list that has none, or may have none.
    fn not_empty(&self, list: ListRef, op: OpId, of: OpId) -> Result<(), Unknown> {
        let mut doubt = None;
        for index in 0..self.length(list) {
            match self.element(list, index, of).doubt {
                None => return Ok(()),
                Some(unknown) => blame(&mut doubt, unknown),
            }
        }
        Err(doubt.unwrap_or(Unknown::new(Cause::Empty, op)))
    }

    /// Whether every element of `a` is (or, if not `wanted`, is not) in `b`.
    fn all_in(&mut self, a: ListRef, left: OpId, b: ListRef, right: OpId, wanted: bool) -> Truth {
        let mut blamed = None;
        for index in 0..self.length(a) {
            let element = self.element(a, index, left);
            match (self.contains(b, right, element.value), element.doubt) {
                (Ok(is_in), None) if is_in != wanted => return Ok(false),
                (Ok(is_in), Some(doubt)) if is_in != wanted => blame(&mut blamed, doubt),
                (Ok(_), _) => {}
                (Err(unknown), _) => blame(&mut blamed, unknown),
            }
        }
        blamed.map_or(Ok(true), Err)
    }

    /// A list of the different elements, in order of first appearance.
    pub(super) fn set_operation(&mut self, operation: SetOperation, left: OpId, right: OpId) -> Known<'a> {
        let (a, b) = (self.list(left), self.list(right));
        // Nothing has nothing in common with anything, and nothing can be taken from it.
        let empty = |machine: &Self, list: Result<ListRef, Unknown>| list.is_ok_and(|list| machine.length(list) == 0);
        let nothing = match operation {
            SetOperation::Union => false,
            SetOperation::Intersect => empty(self, a) || empty(self, b),
            SetOperation::Minus => empty(self, a),
        };
        let from = self.pending.len();
        if nothing {
            return Ok(self.finish_list(from));
        }
        let (a, b) = both(a, b)?;
        let outcome = self.collect_set(operation, (a, left), (b, right), from);
        match outcome {
            Ok(()) => Ok(self.finish_list(from)),
            Err(unknown) => {
                self.pending.truncate(from);
                Err(unknown)
            }
        }
    }

    /// Pushes the elements of the result, or says which unknown could change it. Every known value
    /// of either side is a candidate; an unknown one could only add a value that is none.
    fn collect_set(
        &mut self,
        operation: SetOperation,
        a: (ListRef, OpId),
        b: (ListRef, OpId),
        from: usize,
    ) -> Result<(), Unknown> {
        let wild_a = self.first_unknown(a);
        let wild_b = self.first_unknown(b);
        let wild = match operation {
            SetOperation::Union => wild_a.or(wild_b),
            SetOperation::Intersect => wild_a.and(wild_b),
            SetOperation::Minus => wild_a,
        };
        if let Some(unknown) = wild {
            return Err(unknown);
        }
        for (own, (list, op)) in [a, b].into_iter().enumerate() {
            for index in 0..self.length(list) {
                let element = self.element(list, index, op);
                let Ok(value) = element.value else { continue };
                // Membership in its own list is by identity, so that a malformed value stays in it.
                let mine = match element.doubt {
                    None => Ok(true),
                    Some(doubt) => match self.contains(list, op, Ok(value)) {
                        Ok(true) => Ok(true),
                        Ok(false) | Err(_) => Err(doubt),
                    },
                };
                let (in_a, in_b) = match own {
                    0 => (mine, self.contains(b.0, b.1, Ok(value))),
                    _ => (self.contains(a.0, a.1, Ok(value)), mine),
                };
                let member = match operation {
                    SetOperation::Union => either(in_a, in_b),
                    SetOperation::Intersect => neither_false(in_a, in_b),
                    SetOperation::Minus => neither_false(in_a, in_b.map(|is_in| !is_in)),
                };
                if member? && !self.is_pending(from, value, op) {
                    self.pending.push(Element { doubt: None, ..element });
                }
            }
        }
        Ok(())
    }

    fn first_unknown(&self, (list, op): (ListRef, OpId)) -> Option<Unknown> {
        (0..self.length(list)).find_map(|index| self.element(list, index, op).value.err())
    }

    fn is_pending(&mut self, from: usize, value: Value<'a>, op: OpId) -> bool {
        (from..self.pending.len()).any(|index| {
            let there = self.pending[index].value;
            self.step() && there.is_ok_and(|there| self.equal(op, there, value) == Ok(true))
        })
    }
}

/// Whether two known values that are no lists are equal; `None` if they are of different types. A malformed one is
/// equal to nothing, itself included.
#[inline]
pub(super) fn equal_scalars(left: Value<'_>, right: Value<'_>) -> Option<bool> {
    match (left, right) {
        (Value::Text(a), Value::Text(b)) => Some(a == b),
        (Value::Malformed(_), _) | (_, Value::Malformed(_)) => Some(false),
        (Value::Bool(a), Value::Bool(b)) => Some(a == b),
        (Value::Int(a), Value::Int(b)) | (Value::Days(a), Value::Days(b)) | (Value::Months(a), Value::Months(b)) => {
            Some(a == b)
        }
        (Value::Instant(a), Value::Instant(b)) => Some(a == b),
        (Value::Date(a), Value::Date(b)) => Some(a == b),
        (Value::Duration(a), Value::Duration(b)) => Some(a == b),
        (Value::Threshold(a), Value::Threshold(b)) => Some(a == b),
        (Value::Record(a), Value::Record(b)) => Some(a == b),
        (
            Value::Text(_)
            | Value::Bool(_)
            | Value::Int(_)
            | Value::Days(_)
            | Value::Months(_)
            | Value::Instant(_)
            | Value::Date(_)
            | Value::Duration(_)
            | Value::Threshold(_)
            | Value::Record(_)
            | Value::List(_),
            _,
        ) => None,
    }
}

/// Kleene's `or` of two answers.
fn either(a: Truth, b: Truth) -> Truth {
    match (a, b) {
        (Ok(true), _) | (_, Ok(true)) => Ok(true),
        (Ok(false), Ok(false)) => Ok(false),
        (Err(a), Err(b)) => Err(a.and(b)),
        (Err(unknown), Ok(false)) | (Ok(false), Err(unknown)) => Err(unknown),
    }
}

/// Kleene's `and` of two answers.
fn neither_false(a: Truth, b: Truth) -> Truth {
    match (a, b) {
        (Ok(false), _) | (_, Ok(false)) => Ok(false),
        (Ok(true), Ok(true)) => Ok(true),
        (Err(a), Err(b)) => Err(a.and(b)),
        (Err(unknown), Ok(true)) | (Ok(true), Err(unknown)) => Err(unknown),
    }
}

/// The order of two values of one ordered type.
pub(super) fn order(left: Value<'_>, right: Value<'_>) -> Option<Ordering> {
    match (left, right) {
        (Value::Int(a), Value::Int(b)) | (Value::Days(a), Value::Days(b)) => Some(a.cmp(&b)),
        (Value::Instant(a), Value::Instant(b)) => Some(a.cmp(&b)),
        (Value::Date(a), Value::Date(b)) => Some(a.cmp(&b)),
        (Value::Duration(a), Value::Duration(b)) => Some(a.cmp(&b)),
        (
            Value::Int(_)
            | Value::Days(_)
            | Value::Instant(_)
            | Value::Date(_)
            | Value::Duration(_)
            | Value::Months(_)
            | Value::Bool(_)
            | Value::Text(_)
            | Value::Malformed(_)
            | Value::Threshold(_)
            | Value::List(_)
            | Value::Record(_),
            _,
        ) => None,
    }
}

/// Whether `left cmp right`, given their order.
#[inline]
pub(super) fn holds(comparison: Comparison, ordering: Ordering) -> bool {
    match comparison {
        Comparison::Equal => ordering.is_eq(),
        Comparison::NotEqual => ordering.is_ne(),
        Comparison::Less | Comparison::Before => ordering.is_lt(),
        Comparison::LessOrEqual => ordering.is_le(),
        Comparison::Greater | Comparison::After => ordering.is_gt(),
        Comparison::GreaterOrEqual => ordering.is_ge(),
    }
}

/// The comparison that holds where this one does not.
pub(super) fn negated(comparison: Comparison) -> Comparison {
    match comparison {
        Comparison::Equal => Comparison::NotEqual,
        Comparison::NotEqual => Comparison::Equal,
        Comparison::Less | Comparison::Before => Comparison::GreaterOrEqual,
        Comparison::LessOrEqual => Comparison::Greater,
        Comparison::Greater | Comparison::After => Comparison::LessOrEqual,
        Comparison::GreaterOrEqual => Comparison::Less,
    }
}
