//! The arena that a program's operations are put into.
//!
//! In: operations, one by one. Out: the vectors of a [`Program`](super::program::Program). What is the same
//! is kept once: an operation on the same operands that stands at the same place, which definitions give
//! rise to where several rules use them, lists of operands, texts and patterns. Types and names are settled
//! before anything comes here.

use std::collections::HashMap;

use super::program::{Const, Op, OpId, Operands, Origin, Pattern};

/// The growing parts of a program.
#[derive(Debug, Default)]
pub(super) struct Arena {
    pub(super) ops: Vec<Op>,
    pub(super) origins: Vec<Origin>,
    pub(super) operands: Vec<OpId>,
    pub(super) texts: Vec<String>,
    pub(super) patterns: Vec<Pattern>,
    pub(super) op_index: HashMap<(Op, Origin), OpId>,
    pub(super) operand_index: HashMap<Vec<OpId>, Operands>,
    pub(super) text_index: HashMap<String, u32>,
    pub(super) pattern_index: HashMap<String, u32>,
}

/// A point to go back to: definitions are checked on their own, and what that emits is dropped.
pub(super) struct Mark {
    ops: usize,
    operands: usize,
}

impl Arena {
    pub(super) fn op(&mut self, op: Op, origin: Origin) -> OpId {
        *self.op_index.entry((op, origin)).or_insert_with_key(|(op, origin)| {
            self.ops.push(op.clone());
            self.origins.push(origin.clone());
            OpId((self.ops.len() - 1) as u32)
        })
    }

    pub(super) fn get(&self, id: OpId) -> &Op {
        &self.ops[id.0 as usize]
    }

    pub(super) fn operands(&mut self, ids: &[OpId]) -> Operands {
        *self.operand_index.entry(ids.to_vec()).or_insert_with(|| {
            let start = self.operands.len() as u32;
            self.operands.extend_from_slice(ids);
            Operands { start, length: ids.len() as u32 }
        })
    }

    pub(super) fn text(&mut self, text: &str) -> Const {
        let index = *self.text_index.entry(text.to_owned()).or_insert_with(|| {
            self.texts.push(text.to_owned());
            (self.texts.len() - 1) as u32
        });
        Const::Text(index)
    }

    pub(super) fn pattern(&mut self, text: &str) -> u32 {
        *self.pattern_index.entry(text.to_owned()).or_insert_with(|| {
            self.patterns.push(Pattern::new(text));
            (self.patterns.len() - 1) as u32
        })
    }

    pub(super) fn mark(&self) -> Mark {
        Mark { ops: self.ops.len(), operands: self.operands.len() }
    }

    pub(super) fn back_to(&mut self, mark: Mark) {
        self.ops.truncate(mark.ops);
        self.origins.truncate(mark.ops);
        self.operands.truncate(mark.operands);
        self.op_index.retain(|_, id| (id.0 as usize) < mark.ops);
        self.operand_index.retain(|_, list| ((list.start + list.length) as usize) <= mark.operands);
    }
}
