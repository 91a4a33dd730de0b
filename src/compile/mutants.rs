//! Mutants: a rule book that says something else in one place.
//!
//! In: a program that was compiled. Out: for each operator and constant of a rule one change of it. A change
//! that no case notices shows what no case tests. A definition that several rules use is changed in all of
//! them at once, as whoever edits its text would.

use std::collections::{BTreeMap, BTreeSet};

use super::program::{Const, DocumentIndex, Function, Op, OpId, Program};
use crate::expr::ast::{Arithmetic, Comparison, Quantifier, SetOperation};
use crate::facts::schema::Type;
use crate::primitives::{Duration, Instant};
use crate::source::Span;

/// One change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mutant {
    /// The policy file.
    pub document: DocumentIndex,
    /// What is changed in it.
    pub span: Span,
    /// The change: `== to !=`.
    pub change: String,
    /// The operations that the place was compiled to, and what each becomes.
    ops: Vec<(OpId, Op)>,
}

/// Every mutant of a program, and which of them each rule is concerned by.
#[derive(Debug)]
pub struct Mutants {
    /// In order of place.
    pub mutants: Vec<Mutant>,
    /// Per rule: indices of mutants.
    pub of_rule: Vec<Vec<usize>>,
}

impl Mutants {
    /// The mutants of a compiled program, which gets room for them and otherwise says what it said.
    /// None of a program that comes from an image.
    pub fn of(program: &mut Program) -> Option<Self> {
        let reached: Vec<BTreeSet<OpId>> = program.rules.iter().map(|rule| program.decided_by(&rule.body)).collect();
        let mut by_place: BTreeMap<(DocumentIndex, Span, String), Vec<(OpId, Op)>> = BTreeMap::new();
        let all: BTreeSet<OpId> = reached.iter().flatten().copied().collect();
        for id in all {
            let origin = program.origins.get(id.0 as usize)?.clone();
            let op = program.ops.get(id.0 as usize)?.clone();
            if let Some((change, op)) = changed(program, &op, &origin.type_) {
                by_place.entry((origin.document, origin.span, change)).or_default().push((id, op));
            }
        }
        let mutants: Vec<Mutant> = by_place
            .into_iter()
            .map(|((document, span, change), ops)| Mutant { document, span, change, ops })
            .collect();
        let of_rule = reached.iter().map(|reached| {
            let concerns = |mutant: &Mutant| mutant.ops.iter().any(|(id, _)| reached.contains(id));
            mutants.iter().enumerate().filter(|(_, mutant)| concerns(mutant)).map(|(at, _)| at).collect()
        });
        Some(Self { of_rule: of_rule.collect(), mutants })
    }
}

impl Mutant {
    /// The operations that it changes.
    pub fn changes(&self) -> impl Iterator<Item = OpId> + '_ {
        self.ops.iter().map(|(id, _)| *id)
    }

    /// Makes the change, or takes it back if it was made.
    pub fn swap(&mut self, program: &mut Program) {
        let Some(ops) = program.ops_to_change() else { return };
        for (id, other) in &mut self.ops {
            if let Some(op) = ops.get_mut(id.0 as usize) {
                std::mem::swap(op, other);
            }
        }
    }
}

/// What an operation becomes; nothing where it only names something.
fn changed(program: &mut Program, op: &Op, type_: &Type) -> Option<(String, Op)> {
    let named = |from: &str, to: &str, op: Op| Some((format!("{from} to {to}"), op));
    match *op {
        Op::Const(value) => {
            let (to, value) = other_value(program, value)?;
            Some((to, Op::Const(value)))
        }
        Op::And(left, right) => named("and", "or", Op::Or(left, right)),
        Op::Or(left, right) => named("or", "and", Op::And(left, right)),
        // `a and a` is `a`, unknown or not.
        Op::Not(inner) => named("not x", "x", Op::And(inner, inner)),
        Op::Compare { comparison, left, right } => {
            let to = other(comparison);
            named(comparison.as_str(), to.as_str(), Op::Compare { comparison: to, left, right })
        }
        Op::CompareClock { comparison, clock, plus, minus, other: side } => {
            let to = other(comparison);
            named(
                comparison.as_str(),
                to.as_str(),
                Op::CompareClock { comparison: to, clock, plus, minus, other: side },
            )
        }
        Op::CompareCount { comparison, count, other: side } => {
            let to = other(comparison);
            named(comparison.as_str(), to.as_str(), Op::CompareCount { comparison: to, count, other: side })
        }
        Op::Quantified { quantifier, over, or_none, satisfies } => {
            let to = match quantifier {
                Quantifier::Every => Quantifier::Some,
                Quantifier::No => Quantifier::Some,
                Quantifier::Some => Quantifier::Every,
                Quantifier::ExactlyOne => Quantifier::Exists,
                Quantifier::Exists => return negated(program, op, type_),
            };
            let op = Op::Quantified { quantifier: to, over, or_none, satisfies };
            named(quantifier_name(quantifier), quantifier_name(to), op)
        }
        Op::SetOperation { operation, left, right } => {
            let (from, to, operation) = match operation {
                SetOperation::Union => ("union", "intersect", SetOperation::Intersect),
                SetOperation::Intersect => ("intersect", "union", SetOperation::Union),
                SetOperation::Minus => ("minus", "intersect", SetOperation::Intersect),
            };
            named(from, to, Op::SetOperation { operation, left, right })
        }
        Op::Arithmetic { arithmetic, left, right } => {
            let (from, to, arithmetic) = match arithmetic {
                Arithmetic::Add => ("+", "-", Arithmetic::Subtract),
                Arithmetic::Subtract => ("-", "+", Arithmetic::Add),
                Arithmetic::Multiply => ("*", "+", Arithmetic::Add),
            };
            named(from, to, Op::Arithmetic { arithmetic, left, right })
        }
        Op::Extreme { over, by, latest } => {
            let name = |latest| if latest { "latest" } else { "earliest" };
            named(name(latest), name(!latest), Op::Extreme { over, by, latest: !latest })
        }
        Op::Bound { list, greatest } => {
            let name = |greatest| if greatest { "max" } else { "min" };
            named(name(greatest), name(!greatest), Op::Bound { list, greatest: !greatest })
        }
        Op::Coalesce { base, field, .. } => named("??", "no default", Op::Field { base, field }),
        // Its negation is as unknown.
        Op::Call { function: Function::Unproven, .. } => None,
        Op::Has { .. }
        | Op::In { .. }
        | Op::Matches { .. }
        | Op::SetRelation { .. }
        | Op::Distinct { .. }
        | Op::Within { .. }
        | Op::Recorded(_)
        | Op::Call { .. } => negated(program, op, type_),
        Op::Parameter(_)
        | Op::Local(_)
        | Op::One(_)
        | Op::All(_)
        | Op::Field { .. }
        | Op::List(_)
        | Op::Project { .. }
        | Op::Count { .. }
        | Op::The { .. }
        | Op::MaxGap { .. }
        | Op::Let { .. }
        | Op::DaysBetween { .. } => None,
    }
}

/// The negation of a condition, which finds the condition itself at a place of its own.
fn negated(program: &mut Program, op: &Op, type_: &Type) -> Option<(String, Op)> {
    if *type_ != Type::Bool {
        return None;
    }
    let ops = program.ops_to_change()?;
    ops.push(op.clone());
    let moved = OpId(ops.len() as u32 - 1);
    Some(("x to not x".to_owned(), Op::Not(moved)))
}

fn other(comparison: Comparison) -> Comparison {
    match comparison {
        Comparison::Equal => Comparison::NotEqual,
        Comparison::NotEqual => Comparison::Equal,
        Comparison::Less | Comparison::Before => Comparison::LessOrEqual,
        Comparison::LessOrEqual => Comparison::Less,
        Comparison::Greater | Comparison::After => Comparison::GreaterOrEqual,
        Comparison::GreaterOrEqual => Comparison::Greater,
    }
}

fn quantifier_name(quantifier: Quantifier) -> &'static str {
    match quantifier {
        Quantifier::Every => "every",
        Quantifier::No => "no",
        Quantifier::Some => "some",
        Quantifier::Exists => "exists",
        Quantifier::ExactlyOne => "exactly one",
    }
}

/// Another value of the same type: the next one, or a text that nothing else says.
fn other_value(program: &mut Program, value: Const) -> Option<(String, Const)> {
    let (from, to) = match value {
        Const::Bool(value) => (value.to_string(), Const::Bool(!value)),
        Const::Int(value) => (value.to_string(), Const::Int(value.checked_add(1)?)),
        Const::Days(value) => (format!("{value} days"), Const::Days(value.checked_add(1)?)),
        Const::Months(value) => (format!("{value} months"), Const::Months(value.checked_add(1)?)),
        Const::Duration(value) => (
            value.to_string(),
            Const::Duration(Duration::from_nanoseconds(value.nanoseconds().checked_add(1_000_000_000)?)?),
        ),
        Const::Instant(value) => {
            (value.to_string(), Const::Instant(Instant::from_nanoseconds(value.nanoseconds().checked_add(1)?)?))
        }
        Const::Date(value) => (value.to_string(), Const::Date(value.checked_add_days(1)?)),
        Const::Text(index) => {
            let text = program.texts.get(index as usize)?.clone();
            let other = format!("{text} (changed)");
            let at = match program.texts.iter().position(|known| *known == other) {
                Some(at) => at,
                None => {
                    program.texts.push(other);
                    program.texts.len() - 1
                }
            };
            (format!("`{text}`"), Const::Text(at as u32))
        }
    };
    Some((format!("{from} to another value"), to))
}
