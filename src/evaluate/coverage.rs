//! Which conditions were ever true, and which ever false.
//!
//! In: the answers of conditions, as the machine gives them, over any number of runs of one program.
//! Out: what was never seen. A condition that no case of a policy ever made false is not tested.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU8, Ordering};

use crate::compile::program::{Const, DocumentIndex, FieldRef, Function, Op, OpId, Over, Program};
use crate::expr::ast::Quantifier;
use crate::facts::schema::Type;
use crate::source::Span;

const TRUE: u8 = 1;
const FALSE: u8 = 2;
const BOTH: u8 = TRUE | FALSE;

/// The answers that were seen, by any number of threads.
#[derive(Debug)]
pub struct Coverage {
    seen: Vec<AtomicU8>,
}

/// The operations that a run came by: what was not run decides nothing, whatever it says.
#[derive(Debug)]
pub struct Reached {
    seen: Vec<Cell<bool>>,
}

impl Reached {
    /// None yet.
    pub fn new(program: &Program) -> Self {
        Self { seen: vec![Cell::new(false); program.ops.len()] }
    }

    pub(super) fn record(&self, op: OpId) {
        if let Some(seen) = self.seen.get(op.0 as usize) {
            seen.set(true);
        }
    }

    /// Whether an operation was run.
    pub fn has(&self, op: OpId) -> bool {
        self.seen.get(op.0 as usize).is_some_and(Cell::get)
    }
}

/// A condition that never gave one of the answers it can give.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Uncovered {
    /// The policy file.
    pub document: DocumentIndex,
    /// Where the condition stands.
    pub span: Span,
    /// Whether it can be true and never was.
    pub never_true: bool,
    /// Whether it can be false and never was.
    pub never_false: bool,
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
    /// Conditions that several rules take from one definition are one; those that only a message asks are none,
    /// and neither are those that are unknown whatever the evidence.
    pub fn uncovered(&self, program: &Program) -> (Vec<Uncovered>, usize) {
        let mut places: BTreeMap<(DocumentIndex, Span), (u8, u8)> = BTreeMap::new();
        let decides = program.deciding();
        let possible = possible(program);
        let all = program.ops.iter().zip(program.origins.iter()).zip(self.seen.iter().zip(&possible));
        for (at, ((op, origin), (seen, possible))) in all.enumerate() {
            let decides = || decides.contains(&OpId(at as u32));
            if origin.type_ == Type::Bool && !is_given(op) && *possible != 0 && decides() {
                let (all_seen, all_possible) = places.entry((origin.document, origin.span)).or_default();
                *all_seen |= seen.load(Ordering::Relaxed);
                *all_possible |= possible;
            }
        }
        let all = places.len();
        let uncovered = places.into_iter().filter_map(|((document, span), (seen, possible))| {
            let missing = possible & !seen;
            let (never_true, never_false) = (missing & TRUE != 0, missing & FALSE != 0);
            (missing != 0).then_some(Uncovered { document, span, never_true, never_false })
        });
        (uncovered.collect(), all)
    }
}

/// Whether an operation only hands on a value that something else decided.
fn is_given(op: &Op) -> bool {
    matches!(op, Op::Const(_) | Op::Parameter(_) | Op::Local(_) | Op::Let { .. })
}

/// Which answers each condition can give: `p and unproven()` is never true.
fn possible(program: &Program) -> Vec<u8> {
    let mut answers: Vec<u8> = Vec::new();
    for op in program.ops.iter() {
        // INVARIANT: operands stand before what they are operands of.
        let of = |operand: &OpId| answers.get(operand.0 as usize).copied().unwrap_or(BOTH);
        let answer = match op {
            Op::Call { function: Function::Unproven, .. } => 0,
            Op::Not(operand) => negated(of(operand)),
            Op::And(left, right) => (of(left) & of(right) & TRUE) | ((of(left) | of(right)) & FALSE),
            Op::Or(left, right) => ((of(left) | of(right)) & TRUE) | (of(left) & of(right) & FALSE),
            Op::Let { body, .. } => of(body),
            Op::Quantified { quantifier, over: Over { filter, .. }, or_none, satisfies } => {
                let filter = filter.as_ref().map_or(BOTH, of);
                let satisfies = satisfies.as_ref().map_or(BOTH, of);
                let over_nothing = if *or_none { TRUE } else { 0 };
                match quantifier {
                    Quantifier::Every => satisfies | over_nothing,
                    Quantifier::No => negated(satisfies) | over_nothing,
                    Quantifier::Some | Quantifier::Exists | Quantifier::ExactlyOne => {
                        (filter & satisfies & TRUE) | FALSE
                    }
                }
            }
            Op::Const(Const::Bool(value)) => [FALSE, TRUE][usize::from(*value)],
            // What must be there and is not is unknown.
            Op::Has { field, .. } if is_required(program, *field) => TRUE,
            Op::Const(_)
            | Op::Parameter(_)
            | Op::Local(_)
            | Op::One(_)
            | Op::All(_)
            | Op::Recorded(_)
            | Op::Field { .. }
            | Op::Has { .. }
            | Op::Coalesce { .. }
            | Op::Compare { .. }
            | Op::CompareClock { .. }
            | Op::In { .. }
            | Op::Matches { .. }
            | Op::SetRelation { .. }
            | Op::SetOperation { .. }
            | Op::Arithmetic { .. }
            | Op::List(_)
            | Op::Project { .. }
            | Op::Count { .. }
            | Op::CompareCount { .. }
            | Op::Distinct { .. }
            | Op::The { .. }
            | Op::Extreme { .. }
            | Op::Bound { .. }
            | Op::MaxGap { .. }
            | Op::Within { .. }
            | Op::DaysBetween { .. }
            | Op::Call { .. } => BOTH,
        };
        answers.push(answer);
    }
    answers
}

fn negated(answers: u8) -> u8 {
    (answers & TRUE) << 1 | (answers & FALSE) >> 1
}

fn is_required(program: &Program, field: FieldRef) -> bool {
    let type_ = program.schema.struct_type(field.type_id);
    type_.fields.get(usize::from(field.field)).is_some_and(|field| field.required && !field.nullable)
}
