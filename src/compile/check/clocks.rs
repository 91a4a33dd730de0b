//! `as_of` and `t_sign`: only where a report can say until when it holds.
//!
//! A comparison with a clock is brought into the form `clock ± duration cmp other`, the clock on the
//! left. An instant is exact time, and so are days in UTC, so both may change sides; months are not.

use super::operators::Side;
use super::{Checker, Value};
use crate::compile::codes::Code;
use crate::compile::problem::Problem;
use crate::compile::program::{Clock, Op, OpId, TimeOperand};
use crate::expr::ast::{Arithmetic, Comparison, Expr, ExprKind, Name};
use crate::facts::schema::Type;
use crate::source::Span;

/// A sum with clocks in it, taken apart: each term with its sign.
#[derive(Default)]
struct Sum<'a> {
    clocks: Vec<(Clock, bool)>,
    terms: Vec<(&'a Expr, bool)>,
}

/// A term that was lowered.
struct Term<'a> {
    expr: &'a Expr,
    value: Value,
    positive: bool,
}

impl<'a> Checker<'a, '_> {
    /// A comparison with a clock on one side.
    pub(super) fn compare_clock(
        &mut self,
        comparison: Comparison,
        left: Side<'a>,
        right: Side<'a>,
        span: Span,
    ) -> Option<Value> {
        let (comparison, with_clock, other) = if has_clock(left.expr()) {
            (comparison, left.expr(), right)
        } else {
            (comparison.flipped(), right.expr(), left)
        };
        let mut sum = Sum::default();
        take_apart(with_clock, true, &mut sum);
        if has_clock(other.expr()) || sum.clocks.len() != 1 {
            let problem = self.problem(
                Code::ClockNotCompared,
                span,
                "a comparison of clocks",
                "both sides depend on the run alone",
            );
            return self.refuse(problem.help("compare one clock with an instant of the case"));
        }
        let (clock, positive) = sum.clocks[0];
        let mut terms = Vec::with_capacity(sum.terms.len());
        for (expr, positive) in sum.terms {
            terms.push(self.operand(expr, None).map(|value| Term { expr, value, positive }));
        }
        let other_expr = other.expr();
        let other = match other {
            Side::Expr(expr) => self.operand(expr, None),
            Side::Value(_, value) => value,
        };
        let terms: Vec<Term<'a>> = terms.into_iter().collect::<Option<_>>()?;
        let other = Term { expr: other_expr, value: other?, positive: true };
        self.clock_terms(comparison, (clock, positive), (with_clock, terms), other, span)
    }

    fn clock_terms(
        &mut self,
        comparison: Comparison,
        (clock, positive): (Clock, bool),
        (with_clock, terms): (&'a Expr, Vec<Term<'a>>),
        other: Term<'a>,
        span: Span,
    ) -> Option<Value> {
        let instants = terms.iter().filter(|term| term.value.type_ == Type::Instant).count();
        let offsets = terms.iter().all(|term| matches!(term.value.type_, Type::Instant | Type::Duration | Type::Days));
        let first_is_against = terms.iter().all(|term| term.value.type_ != Type::Instant || term.positive != positive);
        // The type of the side with the clock: an instant, or a distance between two.
        let type_ = match (instants, positive) {
            (0, true) => Type::Instant,
            (1, _) if first_is_against => Type::Duration,
            (2.., _) => {
                let problem = self.not_in_form(with_clock);
                return self.refuse(problem.help("put two instants into brackets: `as_of + (a - b) <= t`"));
            }
            _ => return self.refuse(self.not_in_form(with_clock)),
        };
        if !offsets {
            return self.refuse(self.not_in_form(with_clock));
        }
        self.comparable(comparison, (with_clock, &type_), (other.expr, &other.value.type_))?;
        if type_ == Type::Instant {
            return self.clock_and_instant(comparison, clock, terms, other, span);
        }
        // `clock - t ± d cmp x` is `clock cmp t + x ∓ d`; `t - clock ± d cmp x` is `clock flipped t - x ± d`.
        let (mut instant, mut rest) = (None, Vec::new());
        for term in terms {
            if term.value.type_ == Type::Instant {
                instant = Some(term);
            } else {
                rest.push(term);
            }
        }
        let instant = instant?;
        let comparison = if positive { comparison } else { comparison.flipped() };
        let mut far = self.add(instant, &other, positive, span)?;
        for term in rest {
            let same_sign = term.positive != positive;
            far = self.add(far, &term, same_sign, span)?;
        }
        let op = Op::CompareClock { comparison, clock, plus: None, minus: None, other: far.value.op };
        Some(self.emit(op, span, Type::Bool))
    }

    /// `clock ± d cmp t`: durations stay with the clock, days go to the other side.
    fn clock_and_instant(
        &mut self,
        comparison: Comparison,
        clock: Clock,
        terms: Vec<Term<'a>>,
        other: Term<'a>,
        span: Span,
    ) -> Option<Value> {
        let (mut plus, mut minus, mut other) = (None, None, other);
        for term in terms {
            if term.value.type_ == Type::Days {
                let positive = !term.positive;
                other = self.add(other, &term, positive, span)?;
                continue;
            }
            let side = if term.positive { &mut plus } else { &mut minus };
            match side.take() {
                None => *side = Some(term),
                Some(before) => *side = Some(self.add(before, &term, true, span)?),
            }
        }
        let op = |term: Option<Term<'a>>| -> Option<OpId> { term.map(|term| term.value.op) };
        let op = Op::CompareClock { comparison, clock, plus: op(plus), minus: op(minus), other: other.value.op };
        Some(self.emit(op, span, Type::Bool))
    }

    fn add(&mut self, left: Term<'a>, right: &Term<'a>, plus: bool, span: Span) -> Option<Term<'a>> {
        let operator = if plus { Arithmetic::Add } else { Arithmetic::Subtract };
        let value = self.sum(operator, (left.expr, &left.value), (right.expr, &right.value), span)?;
        Some(Term { value, ..left })
    }

    fn not_in_form(&self, expr: &Expr) -> Problem {
        let message = "a clock stands alone, plus or minus a duration or days, or minus an instant";
        let problem = self.problem(Code::ClockNotCompared, expr.span, message, "not such a sum");
        problem.help("move the rest to the other side: `as_of <= t + 3 months`")
    }

    /// `days_between(from, to)`
    pub(super) fn days_between(&mut self, name: &Name, arguments: &'a [Expr], span: Span) -> Option<Value> {
        self.arity(name, arguments, 2, "days_between(from, to)")?;
        let mut operands = Vec::with_capacity(2);
        for argument in arguments {
            operands.push(self.time_operand(argument));
        }
        match operands.as_slice() {
            [Some(from), Some(to)] => Some(self.emit(Op::DaysBetween { from: *from, to: *to }, span, Type::Days)),
            _ => None,
        }
    }

    fn time_operand(&mut self, expr: &'a Expr) -> Option<TimeOperand> {
        if let ExprKind::Name(name) = &expr.kind
            && let Some(clock) = clock(name)
        {
            return Some(TimeOperand::Clock(clock));
        }
        if has_clock(expr) {
            let problem =
                self.problem(Code::ClockNotCompared, expr.span, "a clock stands alone in `days_between`", "a sum");
            return self
                .refuse(problem.help("compare the number of days instead: `days_between(t, as_of) <= 30 days`"));
        }
        let value = self.operand(expr, None)?;
        if !matches!(value.type_, Type::Instant | Type::Date) {
            return self.refuse(self.wrong_type(expr, &value.type_, "an instant or a date"));
        }
        Some(TimeOperand::Op(value.op))
    }

    /// `within(start, end, limit)`
    pub(super) fn within(&mut self, name: &Name, arguments: &'a [Expr], span: Span) -> Option<Value> {
        self.arity(name, arguments, 3, "within(start, end, limit)")?;
        let [start, end, limit] = arguments else { return None };
        let start_value = self.typed(start, &[Type::Instant], "an instant");
        let limit_value = self.typed(limit, &[Type::Duration, Type::Days, Type::Months], "a duration, days or months");
        if has_clock(end) {
            // What is still going on must not have gone on for too long.
            let latest = self.sum(Arithmetic::Add, (start, &start_value?), (limit, &limit_value?), span)?;
            return self.compare_clock(
                Comparison::LessOrEqual,
                Side::Expr(end),
                Side::Value(start, Some(latest)),
                span,
            );
        }
        let end_value = self.typed(end, &[Type::Instant], "an instant")?;
        if !matches!(self.arena.get(end_value.op), Op::Field { .. }) {
            let problem =
                self.problem(Code::NotAPath, end.span, "`within` asks whether its end is there", "not a field");
            return self.refuse(problem.help("give the path of a field, or compare with `end <= start + limit`"));
        }
        let op = Op::Within { start: start_value?.op, end: end_value.op, limit: limit_value?.op };
        Some(self.emit(op, span, Type::Bool))
    }

    fn typed(&mut self, expr: &'a Expr, accepted: &[Type], needed: &str) -> Option<Value> {
        let value = self.operand(expr, None)?;
        if accepted.contains(&value.type_) {
            return Some(value);
        }
        self.refuse(self.wrong_type(expr, &value.type_, needed))
    }
}

fn clock(name: &str) -> Option<Clock> {
    match name {
        "as_of" => Some(Clock::AsOf),
        "t_sign" => Some(Clock::TSign),
        _ => None,
    }
}

/// Whether an expression is a clock, or a sum with a clock in it.
pub(super) fn has_clock(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Name(name) => clock(name).is_some(),
        ExprKind::Arithmetic(Arithmetic::Add | Arithmetic::Subtract, left, right) => {
            has_clock(left) || has_clock(right)
        }
        _ => false,
    }
}

/// A sum without a clock is one term: in `as_of + (a - b)` only the brackets make a duration of two instants.
fn take_apart<'a>(expr: &'a Expr, positive: bool, sum: &mut Sum<'a>) {
    match &expr.kind {
        ExprKind::Name(name) if clock(name).is_some() => sum.clocks.extend(clock(name).map(|clock| (clock, positive))),
        ExprKind::Arithmetic(operator @ (Arithmetic::Add | Arithmetic::Subtract), left, right) if has_clock(expr) => {
            take_apart(left, positive, sum);
            take_apart(right, positive == (*operator == Arithmetic::Add), sum);
        }
        _ => sum.terms.push((expr, positive)),
    }
}
