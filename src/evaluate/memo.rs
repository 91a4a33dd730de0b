//! Values that are the same wherever they are asked for, each computed once a run.
//!
//! `compile::once` says which they are.

use crate::compile::once::goes_through_a_collection;
use crate::compile::program::{OpId, Program};
use crate::facts::Cause;
use crate::primitives::Instant;

use super::machine::Machine;
use super::value::{Element, Known, ListRef, Unknown, Value};

/// What is remembered.
pub(super) struct Memo<'a> {
    /// Per place: the value, once computed, and until when that holds.
    values: Vec<Option<(Known<'a>, Option<Instant>)>>,
    /// Elements of remembered lists.
    pub kept: Vec<Element<'a>>,
}

impl<'a> Memo<'a> {
    pub fn new(program: &Program) -> Self {
        Self { values: vec![None; program.once.count()], kept: Vec::new() }
    }
}

impl<'a> Machine<'a> {
    /// Runs an operation, or remembers its value.
    pub(super) fn run_once(&mut self, op: OpId) -> Known<'a> {
        // Coverage wants to see every condition.
        if !goes_through_a_collection(self.op(op)) || self.coverage.is_some() {
            return self.run(op);
        }
        let Some(place) = self.program.once.place(op) else { return self.run(op) };
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
        self.memo.kept.reserve(length as usize);
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
