//! Logic, comparisons, membership, arithmetic.

use super::clocks::has_clock;
use super::{Checker, Value};
use crate::compile::codes::Code;
use crate::compile::problem::Problem;
use crate::compile::program::{Local, Op, OpId};
use crate::compile::types::{self, Apart};
use crate::expr::ast::{Arithmetic, Comparison, Expr, ExprKind, Literal};
use crate::facts::schema::Type;
use crate::source::Span;

/// `low .. high` with its exclusive ends.
pub(super) struct Range<'a> {
    pub(super) low: &'a Expr,
    pub(super) low_exclusive: bool,
    pub(super) high: &'a Expr,
    pub(super) high_exclusive: bool,
}

/// A side of a comparison: an expression, or one that was lowered already.
pub(super) enum Side<'a> {
    Expr(&'a Expr),
    Value(&'a Expr, Option<Value>),
}

impl<'a> Side<'a> {
    pub(super) fn expr(&self) -> &'a Expr {
        match self {
            Side::Expr(expr) | Side::Value(expr, _) => expr,
        }
    }
}

impl<'a> Checker<'a, '_> {
    pub(super) fn not(&mut self, inner: &'a Expr, span: Span) -> Option<Value> {
        let inner = self.condition(inner)?;
        Some(self.emit(Op::Not(inner), span, Type::Bool))
    }

    pub(super) fn and(&mut self, left: &'a Expr, right: &'a Expr, span: Span) -> Option<Value> {
        let (left, right) = self.in_order(left, right, true);
        Some(self.emit(Op::And(left?, right?), span, Type::Bool))
    }

    pub(super) fn or(&mut self, left: &'a Expr, right: &'a Expr, span: Span) -> Option<Value> {
        let (left, right) = self.in_order(left, right, false);
        Some(self.emit(Op::Or(left?, right?), span, Type::Bool))
    }

    /// Both sides; the right one is only looked at if the left one is `truth`.
    fn in_order(&mut self, left: &'a Expr, right: &'a Expr, truth: bool) -> (Option<OpId>, Option<OpId>) {
        let first = self.condition(left);
        let narrowing = self.implied(left, truth);
        (first, self.narrowed(&narrowing, |checker| checker.condition(right)))
    }

    pub(super) fn compare(
        &mut self,
        comparison: Comparison,
        left: &'a Expr,
        right: &'a Expr,
        span: Span,
    ) -> Option<Value> {
        self.compare_sides(comparison, Side::Expr(left), Side::Expr(right), span)
    }

    pub(super) fn compare_sides(
        &mut self,
        comparison: Comparison,
        left: Side<'a>,
        right: Side<'a>,
        span: Span,
    ) -> Option<Value> {
        if has_clock(left.expr()) || has_clock(right.expr()) {
            return self.compare_clock(comparison, left, right, span);
        }
        let (left_expr, right_expr) = (left.expr(), right.expr());
        let (left, right) = self.pair(left, right);
        let (left, right) = (left?, right?);
        if self.is_count(left.op) || self.is_count(right.op) {
            return self.compare_count(comparison, (left_expr, left), (right_expr, right), span);
        }
        self.comparable(comparison, (left_expr, &left.type_), (right_expr, &right.type_))?;
        Some(self.emit(Op::Compare { comparison, left: left.op, right: right.op }, span, Type::Bool))
    }

    /// Both sides, the one that is not a literal first: its type is what a text literal takes.
    fn pair(&mut self, left: Side<'a>, right: Side<'a>) -> (Option<Value>, Option<Value>) {
        if takes_a_type(left.expr()) && !takes_a_type(right.expr()) {
            let second = self.side(right, None);
            let hint = second.as_ref().map(|value| value.type_.clone());
            (self.side(left, hint.as_ref()), second)
        } else {
            let first = self.side(left, None);
            let hint = first.as_ref().map(|value| value.type_.clone());
            let second = self.side(right, hint.as_ref());
            (first, second)
        }
    }

    fn side(&mut self, side: Side<'a>, hint: Option<&Type>) -> Option<Value> {
        match side {
            Side::Expr(expr) => self.value(expr, hint),
            Side::Value(_, value) => value,
        }
    }

    /// Whether two types can be compared so.
    pub(super) fn comparable(
        &mut self,
        comparison: Comparison,
        left: (&Expr, &Type),
        right: (&Expr, &Type),
    ) -> Option<()> {
        let schema = self.names.schema;
        match types::comparable(schema, left.1, right.1) {
            Ok(()) => {}
            Err(Apart::Disjoint) => {
                return self.refuse(self.apart(Code::DisjointEnums, left, right, "is compared with"));
            }
            Err(Apart::Different) => {
                return self.refuse(self.apart(Code::TypeMismatch, left, right, "is compared with"));
            }
        }
        let defined = match comparison {
            Comparison::Equal | Comparison::NotEqual => types::has_equality(left.1),
            Comparison::Before | Comparison::After => matches!(left.1, Type::Instant | Type::Date),
            Comparison::Less | Comparison::LessOrEqual | Comparison::Greater | Comparison::GreaterOrEqual => {
                types::has_order(left.1)
            }
        };
        if defined {
            return Some(());
        }
        let operator = comparison.as_str();
        let message = format!("`{operator}` is not defined on {}", types::a(schema, left.1));
        let span = left.0.span.to(right.0.span);
        let code = match comparison {
            Comparison::Equal | Comparison::NotEqual => Code::TypeMismatch,
            _ => Code::NotOrdered,
        };
        let problem = self.problem(code, span, message, "cannot be decided");
        self.refuse(match (left.1, comparison) {
            (Type::List(_), _) => problem.help("compare lists with `same set as`, `subset of` or `disjoint from`"),
            (Type::Record(_), _) => problem.help("compare a field that identifies the object, such as its `id`"),
            (_, Comparison::Before | Comparison::After) => {
                problem.help("`before` and `after` compare instants and dates; use `<` and `>`")
            }
            _ => problem.help("int, instant, date, duration and days have an order"),
        })
    }

    /// Two sides of different types.
    pub(super) fn apart(&self, code: Code, left: (&Expr, &Type), right: (&Expr, &Type), verb: &str) -> Problem {
        let schema = self.names.schema;
        let (a, b) = (types::a(schema, left.1), types::a(schema, right.1));
        let message = match code {
            Code::DisjointEnums => format!("{a} {verb} {b}: no value is in both"),
            _ => format!("{a} {verb} {b}"),
        };
        let problem = self.problem(code, right.0.span, message, b).also(self.place(left.0.span), a);
        match help(left, right).or_else(|| help(right, left)) {
            Some(advice) => problem.help(advice),
            None if code == Code::DisjointEnums => problem.help("one of the two is another field than was meant"),
            None => problem.help("there are no conversions; compare values of one type"),
        }
    }

    fn compare_count(
        &mut self,
        comparison: Comparison,
        left: (&Expr, Value),
        right: (&Expr, Value),
        span: Span,
    ) -> Option<Value> {
        let (comparison, count, other) = match (self.is_count(left.1.op), self.is_count(right.1.op)) {
            (true, true) => {
                let problem =
                    self.problem(Code::CountNotCompared, span, "two counts cannot be compared", "both are intervals");
                return self.refuse(problem.help("compare each with a number, or say the same with `same set as`"));
            }
            (true, false) => (comparison, left, right),
            (false, _) => (comparison.flipped(), right, left),
        };
        if other.1.type_ != Type::Int {
            return self.refuse(self.apart(
                Code::TypeMismatch,
                (count.0, &Type::Int),
                (other.0, &other.1.type_),
                "is compared with",
            ));
        }
        if matches!(comparison, Comparison::Before | Comparison::After) {
            self.comparable(comparison, (count.0, &Type::Int), (other.0, &Type::Int))?;
        }
        // A definition with arguments wraps its count: the comparison goes inside, where the count is.
        let (bound, count) = self.through_lets(count.1.op);
        let mut value = self.emit(Op::CompareCount { comparison, count, other: other.1.op }, span, Type::Bool);
        for (local, bound) in bound.into_iter().rev() {
            value = self.emit(Op::Let { local, value: bound, body: value.op }, span, Type::Bool);
        }
        Some(value)
    }

    /// Whether an operation is a count, also behind the arguments of a definition.
    pub(in crate::compile) fn is_count(&self, op: OpId) -> bool {
        matches!(self.arena.get(self.through_lets(op).1), Op::Count { .. })
    }

    fn through_lets(&self, mut op: OpId) -> (Vec<(Local, OpId)>, OpId) {
        let mut bound = Vec::new();
        while let Op::Let { local, value, body } = *self.arena.get(op) {
            bound.push((local, value));
            op = body;
        }
        (bound, op)
    }

    pub(super) fn is_in(&mut self, item: &'a Expr, list: &'a Expr, negated: bool, span: Span) -> Option<Value> {
        let (item_value, list_value) = if takes_a_type(item) && !takes_a_type(list) {
            let list_value = self.list(list, None);
            let hint = list_value.as_ref().map(|(_, item)| item.clone());
            (self.operand(item, hint.as_ref()), list_value)
        } else {
            let item_value = self.operand(item, None);
            let hint = item_value.as_ref().map(|value| Type::List(Box::new(value.type_.clone())));
            (item_value, self.list(list, hint.as_ref()))
        };
        let (item_value, (list_value, element)) = (item_value?, list_value?);
        self.comparable(Comparison::Equal, (item, &item_value.type_), (list, &element))?;
        let value = self.emit(Op::In { item: item_value.op, list: list_value.op }, span, Type::Bool);
        Some(if negated { self.emit(Op::Not(value.op), span, Type::Bool) } else { value })
    }

    /// `item in low .. high` is `low <= item and item <= high`, with the item bound once.
    pub(super) fn in_range(&mut self, item: &'a Expr, range: &Range<'a>, negated: bool, span: Span) -> Option<Value> {
        let mut bound = None;
        let side = |value: &Option<Option<Value>>| match value {
            Some(value) => Side::Value(item, value.clone()),
            None => Side::Expr(item),
        };
        let lowered = if has_clock(item) {
            None
        } else {
            let value = self.operand(item, None);
            Some(match value {
                Some(value) if !self.is_cheap(value.op) => {
                    let local = self.local()?;
                    bound = Some((local, value.op));
                    Some(self.emit(Op::Local(local), item.span, value.type_))
                }
                other => other,
            })
        };
        let after = if range.low_exclusive { Comparison::Greater } else { Comparison::GreaterOrEqual };
        let before = if range.high_exclusive { Comparison::Less } else { Comparison::LessOrEqual };
        let low = self.compare_sides(after, side(&lowered), Side::Expr(range.low), item.span.to(range.low.span));
        let high = self.compare_sides(before, side(&lowered), Side::Expr(range.high), item.span.to(range.high.span));
        let mut value = self.emit(Op::And(low?.op, high?.op), span, Type::Bool);
        if let Some((local, item)) = bound {
            value = self.emit(Op::Let { local, value: item, body: value.op }, span, Type::Bool);
        }
        Some(if negated { self.emit(Op::Not(value.op), span, Type::Bool) } else { value })
    }

    /// Whether reading it twice costs next to nothing.
    fn is_cheap(&self, op: OpId) -> bool {
        match self.arena.get(op) {
            Op::Field { base, .. } => self.is_cheap(*base),
            Op::Local(_) | Op::Const(_) | Op::Parameter(_) | Op::One(_) => true,
            _ => false,
        }
    }

    pub(super) fn arithmetic(
        &mut self,
        operator: Arithmetic,
        left: &'a Expr,
        right: &'a Expr,
        span: Span,
    ) -> Option<Value> {
        if has_clock(left) || has_clock(right) {
            let problem = self.problem(
                Code::ClockNotCompared,
                span,
                "a clock cannot be part of this sum",
                "not a side of a comparison",
            );
            return self.refuse(problem.help("compare the sum where it stands: `as_of - 168h <= t`"));
        }
        let first = self.operand(left, None);
        let second = self.operand(right, None);
        let (first, second) = (first?, second?);
        self.sum(operator, (left, &first), (right, &second), span)
    }

    /// A sum of two values.
    pub(super) fn sum(
        &mut self,
        operator: Arithmetic,
        left: (&Expr, &Value),
        right: (&Expr, &Value),
        span: Span,
    ) -> Option<Value> {
        let Some(type_) = types::arithmetic(operator, &left.1.type_, &right.1.type_) else {
            let schema = self.names.schema;
            let (a, b) = (types::a(schema, &left.1.type_), types::a(schema, &right.1.type_));
            let message = match operator {
                Arithmetic::Add => format!("{b} cannot be added to {a}"),
                Arithmetic::Subtract => format!("{b} cannot be taken from {a}"),
                Arithmetic::Multiply => format!("{a} cannot be multiplied by {b}"),
            };
            let problem = self.problem(Code::TypeMismatch, right.0.span, message, b).also(self.place(left.0.span), a);
            return self.refuse(problem.help(
                "instants take durations, days and months; dates take days and months; integers, durations and days add up among themselves",
            ));
        };
        let op = Op::Arithmetic { arithmetic: operator, left: left.1.op, right: right.1.op };
        Some(self.emit(op, span, type_))
    }
}

/// Whether an expression takes its type from what it is compared with: a text literal, or a list of such.
pub(super) fn takes_a_type(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Literal(Literal::Text(_)) => true,
        ExprKind::List(elements) => elements.iter().all(takes_a_type),
        _ => false,
    }
}

/// Advice for a pair of types that people mix up.
fn help(left: (&Expr, &Type), right: (&Expr, &Type)) -> Option<String> {
    Some(match (left.1, right.1) {
        (
            Type::Instant | Type::Date | Type::Duration | Type::Days | Type::Months | Type::Int | Type::Bool,
            Type::Text,
        ) if takes_a_type(right.0) => "write the value without quotes".into(),
        (Type::Instant, Type::Date) => "take the date of the instant: `date(t)`".into(),
        (Type::Duration, Type::Days) => "a duration is exact (`168h`), days are of the calendar (`7 days`)".into(),
        (Type::Duration | Type::Days | Type::Months, Type::Int) => {
            "give the number its unit: `24h`, `30 days`, `3 months`".into()
        }
        (Type::Lei, Type::Text) => "read the text as a LEI: `lei_of(text)`".into(),
        (Type::Person, Type::Text) => "people are compared by person id, never by name".into(),
        (Type::Aid, Type::Said) => {
            "an AID identifies a signer, a SAID a document; one of the two is another field".into()
        }
        (Type::List(item), other) if **item == *other => "ask for an element with `in`".into(),
        _ => return None,
    })
}
