//! What a leaf condition expected, and what it found, in plain words.

use crate::compile::program::{Clock, Function, Op, OpId, Over};
use crate::expr::ast::{Comparison, Quantifier, SetRelation};
use crate::facts::Cause;
use crate::facts::schema::Type;

use super::compare::negated;
use super::machine::Machine;
use super::time::add;
use super::value::{ListRef, Value};

/// Most values that are named as allowed.
const CHOICES_MAX: usize = 12;

impl<'a> Machine<'a> {
    /// What would have made the condition `want`.
    pub(super) fn expected(&mut self, op: OpId, want: bool) -> String {
        let not = |text: String| if want { text } else { format!("not {text}") };
        match self.op(op) {
            Op::Compare { comparison, left, right } => {
                let (comparison, _, expected) = self.sides(*comparison, *left, *right);
                let comparison = if want { comparison } else { negated(comparison) };
                format!("{}{}", self.comparison_words(comparison, expected), self.valued(expected))
            }
            Op::CompareClock { comparison, clock, plus, minus, .. } => {
                let comparison = (if want { *comparison } else { negated(*comparison) }).flipped();
                let words = time_words(comparison);
                format!("{words}{}", self.clock_words(op, *clock, *plus, *minus))
            }
            Op::In { list, .. } => match (want, self.choices(*list)) {
                (true, Some(choices)) => format!("one of {choices}"),
                (false, Some(choices)) => format!("none of {choices}"),
                (_, None) => not(format!("in {}", self.wanted(*list))),
            },
            Op::Matches { pattern, .. } => {
                not(format!("a text that matches /{}/", self.program.patterns[*pattern as usize].as_str()))
            }
            Op::SetRelation { relation, right, .. } => {
                let right = self.valued(*right);
                not(match relation {
                    SetRelation::Subset => format!("only of {right}"),
                    SetRelation::Disjoint => format!("none of {right}"),
                    SetRelation::Same => format!("exactly {right}"),
                })
            }
            Op::Quantified { quantifier, over, .. } => self.quantified_words(op, *quantifier, over, want),
            Op::CompareCount { comparison, count, other } => {
                let (count, other, comparison) = match self.op(*count) {
                    Op::Count { .. } => (*count, *other, *comparison),
                    _ => (*other, *count, comparison.flipped()),
                };
                let comparison = if want { comparison } else { negated(comparison) };
                let other = self.interval_words(other);
                format!("{}{other} as {}", number_words(comparison), self.wanted(count))
            }
            Op::Distinct { .. } => if want { "all different" } else { "at least two alike" }.to_owned(),
            Op::Within { start, limit, .. } => {
                let deadline = match (self.eval(*start), self.eval(*limit)) {
                    (Ok(start), Ok(limit)) => add(start, limit).ok().flatten(),
                    (_, _) => None,
                };
                let sum = format!("{} + {}", self.wanted(*start), self.wanted(*limit));
                let words = if want { "at most " } else { "after " };
                match deadline {
                    Some(deadline) => format!("{words}{} ({sum})", self.show(Ok(deadline))),
                    None => format!("{words}{sum}"),
                }
            }
            Op::Has { .. } => if want { "present" } else { "absent" }.to_owned(),
            Op::Recorded(kind) => {
                let kind = &self.program.schema.kind(*kind).name;
                if want { format!("a record of kind {kind}") } else { format!("no record of kind {kind}") }
            }
            Op::Call { function, arguments } => {
                not(self.function_words(*function, self.program.operands_of(*arguments)))
            }
            Op::Const(_)
            | Op::Parameter(_)
            | Op::Local(_)
            | Op::One(_)
            | Op::All(_)
            | Op::Field { .. }
            | Op::Coalesce { .. }
            | Op::Not(_)
            | Op::And(..)
            | Op::Or(..)
            | Op::SetOperation { .. }
            | Op::Arithmetic { .. }
            | Op::List(_)
            | Op::Project { .. }
            | Op::Count { .. }
            | Op::The { .. }
            | Op::Extreme { .. }
            | Op::Bound { .. }
            | Op::MaxGap { .. }
            | Op::Let { .. }
            | Op::DaysBetween { .. } => want.to_string(),
        }
    }

    /// What was found instead.
    pub(super) fn actual(&mut self, op: OpId) -> String {
        match self.op(op) {
            Op::Compare { comparison, left, right } => {
                let (_, actual, _) = self.sides(*comparison, *left, *right);
                self.found(actual)
            }
            Op::CompareClock { other, .. } => self.found(*other),
            Op::In { item, .. } => self.found(*item),
            Op::Matches { text, .. } => self.found(*text),
            Op::SetRelation { relation, left, right, .. } => self.set_words(*relation, *left, *right),
            Op::CompareCount { count, other, .. } => match self.op(*count) {
                Op::Count { .. } => self.interval_words(*count),
                _ => self.interval_words(*other),
            },
            Op::Distinct { over, by, .. } => self.repeated(over, *by),
            Op::Within { end, .. } => match self.eval(*end) {
                Err(unknown) if unknown.absent => format!("not done at {}", self.as_of),
                Err(_) | Ok(_) => self.found(*end),
            },
            Op::Has { base, field } => match self.cell(op, *base, *field) {
                Ok((_, Some(_))) => "present".to_owned(),
                Ok((_, None)) => "absent".to_owned(),
                Err(_) => self.found(op),
            },
            Op::Recorded(_) => match self.truth(op) {
                Ok(true) => "listed".to_owned(),
                Ok(false) => "none is listed".to_owned(),
                Err(_) => self.found(op),
            },
            Op::Call { arguments, .. } => match (self.program.operands_of(*arguments), self.op(op)) {
                ([_, indices], Op::Call { function: Function::Satisfied, .. }) => {
                    format!("signatures {}", self.found(*indices))
                }
                ([first, ..], _) => self.found(*first),
                ([], _) => self.found(op),
            },
            _ => self.found(op),
        }
    }

    /// Which side of a comparison was found and which was expected: what is written in the policy
    /// is expected; of two facts, the right one.
    fn sides(&self, comparison: Comparison, left: OpId, right: OpId) -> (Comparison, OpId, OpId) {
        if self.is_constant(left) && !self.is_constant(right) {
            (comparison.flipped(), right, left)
        } else {
            (comparison, left, right)
        }
    }

    fn is_constant(&self, op: OpId) -> bool {
        match self.op(op) {
            Op::Const(_) | Op::Parameter(_) => true,
            Op::List(operands) => self
                .program
                .operands_of(*operands)
                .iter()
                .all(|operand| matches!(self.op(*operand), Op::Const(_) | Op::Parameter(_))),
            _ => false,
        }
    }

    /// A value that was found, or why there is none.
    fn found(&mut self, op: OpId) -> String {
        let mark = self.mark();
        let value = self.eval(op);
        let text = match value {
            Err(unknown) => cause_words(unknown.cause).to_owned(),
            Ok(Value::Malformed(_)) => format!("{} (not well-formed)", self.show(value)),
            Ok(_) => self.show(value),
        };
        self.release(mark);
        text
    }

    /// A value with the expression that gave it, where that says more than the value.
    fn valued(&mut self, op: OpId) -> String {
        let value = self.found(op);
        if matches!(self.op(op), Op::Const(_) | Op::List(_)) {
            return value;
        }
        let wanted = self.wanted(op);
        if wanted == value { value } else { format!("{value} ({wanted})") }
    }

    fn comparison_words(&self, comparison: Comparison, expected: OpId) -> &'static str {
        let type_ = self.program.origins.get(expected.0 as usize).map(|origin| &origin.type_);
        match type_ {
            Some(Type::Instant | Type::Date) => time_words(comparison),
            Some(_) | None => number_words(comparison),
        }
    }

    /// `2026-03-23T14:05:00Z (t_sign - 168h)`
    fn clock_words(&mut self, op: OpId, clock: Clock, plus: Option<OpId>, minus: Option<OpId>) -> String {
        let mut name = clock_name(clock).to_owned();
        let mut at = self.clock(clock, op).ok().map(|(now, _)| Value::Instant(now));
        for (sign, operand) in [(" + ", plus), (" - ", minus)] {
            let Some(operand) = operand else { continue };
            let value = self.eval(operand);
            name = format!(
                "{name}{sign}{}",
                if self.is_constant(operand) { self.show(value) } else { self.wanted(operand) }
            );
            at = match (at, value) {
                (Some(Value::Instant(at)), Ok(Value::Duration(by))) if sign == " + " => {
                    at.checked_add(by).map(Value::Instant)
                }
                (Some(Value::Instant(at)), Ok(Value::Duration(by))) => at.checked_sub(by).map(Value::Instant),
                (Some(at), Ok(by)) if sign == " + " => add(at, by).ok().flatten(),
                (_, _) => None,
            };
        }
        match at {
            Some(at) => format!("{} ({name})", self.show(Ok(at))),
            None => name,
        }
    }

    /// The elements of a list of allowed values.
    fn choices(&mut self, list: OpId) -> Option<String> {
        let mark = self.mark();
        let elements = self.list(list).ok();
        let text = elements.map(|elements| {
            let length = self.length(elements);
            let shown: Vec<String> = (0..length.min(CHOICES_MAX))
                .map(|index| self.show(self.element(elements, index, list).value))
                .collect();
            let more = if length > CHOICES_MAX { ", …" } else { "" };
            let name = if self.is_constant(list) { String::new() } else { format!(" ({})", self.wanted(list)) };
            match length {
                0 => format!("the elements of {}, which is empty", self.wanted(list)),
                _ => format!("{}{more}{name}", shown.join(", ")),
            }
        });
        self.release(mark);
        text
    }

    /// The elements that a relation of lists stumbles over, else the whole left list.
    fn set_words(&mut self, relation: SetRelation, left: OpId, right: OpId) -> String {
        let mark = self.mark();
        let text = match (self.list(left), self.list(right)) {
            (Ok(a), Ok(b)) => {
                let extra = self.strays(a, left, b, right, relation == SetRelation::Disjoint);
                let lacking = match relation {
                    SetRelation::Same => self.strays(b, right, a, left, false),
                    SetRelation::Subset | SetRelation::Disjoint => Vec::new(),
                };
                match (extra.is_empty(), lacking.is_empty()) {
                    (true, true) => self.found(left),
                    (false, true) => extra.join(", "),
                    (true, false) => format!("without {}", lacking.join(", ")),
                    (false, false) => format!("with {}, without {}", extra.join(", "), lacking.join(", ")),
                }
            }
            (_, _) => self.found(left),
        };
        self.release(mark);
        text
    }

    fn strays(&mut self, a: ListRef, left: OpId, b: ListRef, right: OpId, inside: bool) -> Vec<String> {
        let mut strays = Vec::new();
        for index in 0..self.length(a) {
            let Ok(value) = self.element(a, index, left).value else { continue };
            let is_in = (0..self.length(b)).any(|index| {
                let other = self.element(b, index, right).value;
                self.step() && other.is_ok_and(|other| self.equal(left, value, other) == Ok(true))
            });
            if is_in == inside && strays.len() < CHOICES_MAX {
                strays.push(self.show(Ok(value)));
            }
        }
        strays
    }

    /// The keys that appear twice.
    fn repeated(&mut self, over: &Over, by: Option<OpId>) -> String {
        let mark = self.mark();
        let mut keys: Vec<Value<'a>> = Vec::new();
        let mut twice: Vec<String> = Vec::new();
        if let Ok(list) = self.list(over.list) {
            let mut at = 0;
            while let Some(element) = self.next(over, list, &mut at) {
                let Ok(key) = by.map_or(element.value, |by| self.eval(by)) else { continue };
                let seen = keys.iter().any(|seen| self.equal(over.list, *seen, key) == Ok(true));
                let text = self.show(Ok(key));
                if seen && !twice.contains(&text) {
                    twice.push(text);
                } else {
                    keys.push(key);
                }
            }
        }
        self.release(mark);
        match twice.as_slice() {
            [] => "(none)".to_owned(),
            twice => format!("{} more than once", twice.join(", ")),
        }
    }

    fn interval_words(&mut self, op: OpId) -> String {
        match self.interval(op) {
            Ok(interval) if interval.low == interval.high => interval.low.to_string(),
            Ok(interval) => format!("{} to {}", interval.low, interval.high),
            Err(unknown) => cause_words(unknown.cause).to_owned(),
        }
    }

    fn quantified_words(&mut self, op: OpId, quantifier: Quantifier, over: &Over, want: bool) -> String {
        let what = self.source(op).unwrap_or_else(|| self.wanted(over.list));
        match (quantifier, want) {
            (_, true) => what,
            (Quantifier::Exists | Quantifier::Some, false) => format!("none: {what}"),
            (Quantifier::Every | Quantifier::No | Quantifier::ExactlyOne, false) => format!("not: {what}"),
        }
    }

    fn function_words(&mut self, function: Function, arguments: &'a [OpId]) -> String {
        let second = arguments.get(1).map(|argument| self.valued(*argument)).unwrap_or_default();
        match function {
            Function::WellFormed => {
                let type_ = arguments.first().and_then(|argument| self.program.origins.get(argument.0 as usize));
                match type_.map(|origin| &origin.type_) {
                    Some(Type::Lei) => "a well-formed LEI".to_owned(),
                    Some(Type::Aid) => "a well-formed AID".to_owned(),
                    Some(Type::Said) => "a well-formed SAID".to_owned(),
                    Some(_) | None => "a well-formed identifier".to_owned(),
                }
            }
            Function::SameName => format!("the same name as {second}"),
            Function::Satisfied => match arguments.first() {
                Some(threshold) => format!("signatures that satisfy the threshold {}", self.found(*threshold)),
                None => "signatures that satisfy the threshold".to_owned(),
            },
            Function::UrlHasSegment => format!("a URL with the path segment {second}"),
            Function::StartsWith => format!("a text that starts with {second}"),
            Function::Unproven => "proof".to_owned(),
            Function::Date | Function::LeiOf | Function::MinSigners | Function::UrlHost | Function::Length => {
                "true".to_owned()
            }
        }
    }
}

fn clock_name(clock: Clock) -> &'static str {
    match clock {
        Clock::AsOf => "as_of",
        Clock::TSign => "t_sign",
    }
}

fn number_words(comparison: Comparison) -> &'static str {
    match comparison {
        Comparison::Equal => "",
        Comparison::NotEqual => "anything but ",
        Comparison::Less | Comparison::Before => "less than ",
        Comparison::LessOrEqual => "at most ",
        Comparison::Greater | Comparison::After => "more than ",
        Comparison::GreaterOrEqual => "at least ",
    }
}

fn time_words(comparison: Comparison) -> &'static str {
    match comparison {
        Comparison::Equal => "",
        Comparison::NotEqual => "any time but ",
        Comparison::Less | Comparison::Before => "before ",
        Comparison::LessOrEqual => "at most ",
        Comparison::Greater | Comparison::After => "after ",
        Comparison::GreaterOrEqual => "at least ",
    }
}

/// Why there is no value, where a value is printed.
fn cause_words(cause: Cause) -> &'static str {
    match cause {
        Cause::Missing => "(missing)",
        Cause::Unreadable => "(unreadable)",
        Cause::Invalid => "(invalid)",
        Cause::Unrecognised => "(not a known code)",
        Cause::Empty => "(nothing to judge)",
        Cause::None => "(none found)",
        Cause::Several => "(more than one)",
        Cause::Tied => "(tied)",
        Cause::Overflow => "(out of range)",
        Cause::Unproven => "(not proven)",
        Cause::NotDue => "(not due yet)",
    }
}
