//! Which conditions were ever true, and which ever false.
//!
//! In: the answers of conditions, as the machine gives them, over any number of runs of one program.
//! Out: what was never seen. A condition that no case of a policy ever made false is not tested.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU8, Ordering};

use crate::compile::program::{DocumentIndex, Op, OpId, Program};
use crate::facts::schema::Type;
use crate::source::Span;

const TRUE: u8 = 1;
const FALSE: u8 = 2;

/// The answers that were seen, by any number of threads.
#[derive(Debug)]
pub struct Coverage {
    seen: Vec<AtomicU8>,
}

/// A condition that never gave one of its answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Uncovered {
    /// The policy file.
    pub document: DocumentIndex,
    /// Where the condition stands.
    pub span: Span,
    /// Whether it was ever true.
    pub was_true: bool,
    /// Whether it was ever false.
    pub was_false: bool,
}

impl Coverage {
    /// Nothing seen yet.
    pub fn new(program: &Program) -> Self {
        Self { seen: (0..program.ops.len()).map(|_| AtomicU8::new(0)).collect() }
    }

    pub(super) fn record(&self, op: OpId, answer: bool) {
        if let Some(seen) = self.seen.get(op.0 as usize) {
            seen.fetch_or(if answer { TRUE } else { FALSE }, Ordering::Relaxed);
        }
    }

    /// Conditions that never gave one of their answers, in order of place, and the number of all conditions.
    /// Conditions that several rules take from one definition are one; those that only a message asks are none.
    pub fn uncovered(&self, program: &Program) -> (Vec<Uncovered>, usize) {
        let mut places: BTreeMap<(DocumentIndex, Span), u8> = BTreeMap::new();
        let decides = program.deciding();
        for (at, ((op, origin), seen)) in program.ops.iter().zip(program.origins.iter()).zip(&self.seen).enumerate() {
            if origin.type_ == Type::Bool && !is_given(op) && decides.contains(&OpId(at as u32)) {
                *places.entry((origin.document, origin.span)).or_default() |= seen.load(Ordering::Relaxed);
            }
        }
        let all = places.len();
        let uncovered = places.into_iter().filter(|(_, seen)| *seen != TRUE | FALSE);
        let uncovered = uncovered.map(|((document, span), seen)| Uncovered {
            document,
            span,
            was_true: seen & TRUE != 0,
            was_false: seen & FALSE != 0,
        });
        (uncovered.collect(), all)
    }
}

/// Whether an operation only hands on a value that something else decided.
fn is_given(op: &Op) -> bool {
    matches!(op, Op::Const(_) | Op::Parameter(_) | Op::Local(_) | Op::Let { .. })
}
