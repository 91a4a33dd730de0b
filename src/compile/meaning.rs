//! What lowered expressions read, and their canonical text.
//!
//! In: operations. Out: the facts and parameters they read, and a text that is the same exactly when
//! the meaning is: names resolved, definitions put in, layout and spans left out. Digests of rules
//! are taken over it.

use std::collections::BTreeSet;
use std::fmt::{Display, Write as _, from_fn};

use super::emit::Arena;
use super::operands::for_each_operand;
use super::program::{Clock, Const, FieldRef, Local, Op, OpId, Over, ParameterId, TimeOperand};
use crate::expr::ast::{Arithmetic, Quantifier, SetOperation, SetRelation};
use crate::facts::schema::{FactSchema, KindId};

/// What expressions read.
#[derive(Debug, Default)]
pub(super) struct Reads {
    pub(super) kinds: BTreeSet<KindId>,
    pub(super) parameters: BTreeSet<ParameterId>,
    pub(super) locals: BTreeSet<u16>,
}

impl Reads {
    /// Adds what an operation and everything below it reads.
    pub(super) fn add(&mut self, arena: &Arena, root: OpId) {
        let mut waiting = vec![root];
        while let Some(id) = waiting.pop() {
            match arena.get(id) {
                Op::One(kind) | Op::All(kind) | Op::Recorded(kind) => drop(self.kinds.insert(*kind)),
                Op::Parameter(parameter) => drop(self.parameters.insert(*parameter)),
                Op::Local(Local(slot)) => drop(self.locals.insert(*slot)),
                _ => {}
            }
            for_each_operand(arena.get(id), &arena.operands, &mut |operand| waiting.push(operand));
        }
    }
}

/// The fields that operations read, each once.
pub(super) fn fields_read(ops: &[Op]) -> BTreeSet<(u32, u16)> {
    let fields = ops.iter().filter_map(|op| match op {
        Op::Field { field, .. } | Op::Has { field, .. } | Op::Coalesce { field, .. } => Some(field),
        _ => None,
    });
    fields.map(|field| (field.type_id.0, field.field)).collect()
}

/// The field that an operation reads, to give it its slot.
pub(super) fn field_mut(op: &mut Op) -> Option<&mut FieldRef> {
    match op {
        Op::Field { field, .. } | Op::Has { field, .. } | Op::Coalesce { field, .. } => Some(field),
        _ => None,
    }
}

/// The canonical text of expressions.
pub(super) struct Canonical<'p> {
    pub(super) schema: &'p FactSchema,
    pub(super) arena: &'p Arena,
    pub(super) parameters: &'p [String],
}

impl Canonical<'_> {
    pub(super) fn text(&self, id: OpId) -> String {
        let mut out = String::new();
        self.write(&mut out, id);
        out
    }

    pub(super) fn over(&self, over: &Over) -> String {
        let mut out = String::new();
        self.write_over(&mut out, over);
        out
    }

    fn write(&self, out: &mut String, id: OpId) {
        match self.arena.get(id) {
            Op::Const(constant) => self.constant(out, *constant),
            Op::Parameter(id) => self.word(out, "parameter", &self.parameters[id.0 as usize]),
            Op::Local(Local(slot)) => push(out, format_args!("%{slot}")),
            Op::One(kind) => self.word(out, "one", &self.schema.kind(*kind).name),
            Op::All(kind) => self.word(out, "all", &self.schema.kind(*kind).name),
            Op::Recorded(kind) => self.word(out, "recorded", &self.schema.kind(*kind).name),
            Op::Field { base, field } => self.node(out, format_args!("field {}", self.field(field)), &[*base]),
            Op::Has { base, field } => self.node(out, format_args!("has {}", self.field(field)), &[*base]),
            Op::Coalesce { base, field, otherwise } => {
                self.node(out, format_args!("coalesce {}", self.field(field)), &[*base, *otherwise]);
            }
            Op::Not(inner) => self.node(out, "not", &[*inner]),
            Op::And(left, right) => self.node(out, "and", &[*left, *right]),
            Op::Or(left, right) => self.node(out, "or", &[*left, *right]),
            Op::Compare { comparison, left, right } => self.node(out, comparison.as_str(), &[*left, *right]),
            Op::CompareClock { comparison, clock, plus, minus, other } => {
                push(out, format_args!("(clock {} {}", comparison.as_str(), clock_name(*clock)));
                for (sign, offset) in [('+', plus), ('-', minus)] {
                    if let Some(offset) = offset {
                        push(out, format_args!(" {sign}"));
                        self.write(out, *offset);
                    }
                }
                out.push(' ');
                self.write(out, *other);
                out.push(')');
            }
            Op::In { item, list } => self.node(out, "in", &[*item, *list]),
            Op::Matches { text, pattern } => {
                self.node(out, format_args!("matches {:?}", self.arena.patterns[*pattern as usize].as_str()), &[*text]);
            }
            Op::SetRelation { relation, left, right, or_none } => {
                let name = match relation {
                    SetRelation::Subset => "subset",
                    SetRelation::Disjoint => "disjoint",
                    SetRelation::Same => "same",
                };
                self.node(out, with_none(name, *or_none), &[*left, *right]);
            }
            Op::SetOperation { operation, left, right } => {
                let name = match operation {
                    SetOperation::Union => "union",
                    SetOperation::Intersect => "intersect",
                    SetOperation::Minus => "minus",
                };
                self.node(out, name, &[*left, *right]);
            }
            Op::Arithmetic { arithmetic, left, right } => {
                let name = match arithmetic {
                    Arithmetic::Add => "+",
                    Arithmetic::Subtract => "-",
                    Arithmetic::Multiply => "*",
                };
                self.node(out, name, &[*left, *right]);
            }
            Op::List(operands) => self.node(out, "list", self.operands(operands.start, operands.length)),
            Op::Project { element, over } => self.over_node(out, "project", over, &[*element]),
            Op::Quantified { quantifier, over, or_none, satisfies } => {
                let name = match quantifier {
                    Quantifier::Every => "every",
                    Quantifier::No => "no",
                    Quantifier::Some => "some",
                    Quantifier::Exists => "exists",
                    Quantifier::ExactlyOne => "exactly-one",
                };
                self.over_node(out, &with_none(name, *or_none), over, satisfies.as_slice());
            }
            Op::Count { over, distinct_by } => self.over_node(out, "count", over, distinct_by.as_slice()),
            Op::CompareCount { comparison, count, other } => {
                self.node(out, format_args!("count {}", comparison.as_str()), &[*count, *other]);
            }
            Op::Distinct { over, by, or_none } => {
                self.over_node(out, &with_none("distinct", *or_none), over, by.as_slice());
            }
            Op::The { over } => self.over_node(out, "the", over, &[]),
            Op::Extreme { over, by, latest } => {
                self.over_node(out, if *latest { "latest" } else { "earliest" }, over, &[*by]);
            }
            Op::Bound { list, greatest } => self.node(out, if *greatest { "max" } else { "min" }, &[*list]),
            Op::MaxGap { over, by, from, to } => self.over_node(out, "max-gap", over, &[*by, *from, *to]),
            Op::Let { local: Local(slot), value, body } => {
                self.node(out, format_args!("let %{slot}"), &[*value, *body]);
            }
            Op::Within { start, end, limit } => self.node(out, "within", &[*start, *end, *limit]),
            Op::DaysBetween { from, to } => {
                out.push_str("(days-between");
                for side in [from, to] {
                    out.push(' ');
                    match side {
                        TimeOperand::Op(operand) => self.write(out, *operand),
                        TimeOperand::Clock(clock) => out.push_str(clock_name(*clock)),
                    }
                }
                out.push(')');
            }
            Op::Call { function, arguments } => {
                let operands = self.operands(arguments.start, arguments.length);
                self.node(out, format_args!("call {function:?}"), operands);
            }
        }
    }

    fn operands(&self, start: u32, length: u32) -> &[OpId] {
        &self.arena.operands[start as usize..(start + length) as usize]
    }

    fn node(&self, out: &mut String, name: impl Display, operands: &[OpId]) {
        push(out, format_args!("({name}"));
        for operand in operands {
            out.push(' ');
            self.write(out, *operand);
        }
        out.push(')');
    }

    fn over_node(&self, out: &mut String, name: &str, over: &Over, operands: &[OpId]) {
        push(out, format_args!("({name} "));
        self.write_over(out, over);
        for operand in operands {
            out.push(' ');
            self.write(out, *operand);
        }
        out.push(')');
    }

    fn write_over(&self, out: &mut String, over: &Over) {
        push(out, format_args!("(%{} in ", over.local.0));
        self.write(out, over.list);
        if let Some(filter) = over.filter {
            out.push_str(" where ");
            self.write(out, filter);
        }
        out.push(')');
    }

    fn field(&self, field: &FieldRef) -> impl Display {
        let type_ = self.schema.struct_type(field.type_id);
        let name = &type_.fields[field.field as usize].name;
        from_fn(move |out| write!(out, "{:?}.{name}", type_.name))
    }

    fn word(&self, out: &mut String, what: &str, name: &str) {
        push(out, format_args!("({what} {name})"));
    }

    fn constant(&self, out: &mut String, constant: Const) {
        match constant {
            Const::Bool(value) => push(out, format_args!("{value}")),
            Const::Int(value) => push(out, format_args!("{value}")),
            Const::Text(index) => push(out, format_args!("{:?}", self.arena.texts[index as usize])),
            Const::Instant(value) => push(out, format_args!("{value}")),
            Const::Date(value) => push(out, format_args!("{value}")),
            Const::Duration(value) => push(out, format_args!("{value}")),
            Const::Days(value) => push(out, format_args!("{value}days")),
            Const::Months(value) => push(out, format_args!("{value}months")),
        }
    }
}

fn with_none(name: &str, or_none: bool) -> String {
    if or_none { format!("{name} or-none") } else { name.to_owned() }
}

fn clock_name(clock: Clock) -> &'static str {
    match clock {
        Clock::AsOf => "as_of",
        Clock::TSign => "t_sign",
    }
}

fn push(out: &mut String, arguments: std::fmt::Arguments<'_>) {
    // Writing to a string does not fail.
    let _ = out.write_fmt(arguments);
}
