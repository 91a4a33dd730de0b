//! Operands and operators to a tree, by precedence.
//!
//! The grammar gives a flat list; the levels, weakest first, are `or`, `and`, `not`, comparisons,
//! set operations, `??`, `+` and `-`, `*`. Comparisons do not chain.

use pest::iterators::Pair;

use crate::expr::ast::{Arithmetic, Comparison, ExprKind, SetOperation, SetRelation};
use crate::expr::error::{Code, ExprError};
use crate::source::Span;

use super::build::{Builder, Built, Ended};
use super::grammar::Rule;
use super::literal;

/// The items of one `expr`, read from the left.
struct Items<'p> {
    items: Vec<Pair<'p, Rule>>,
    at: usize,
}

impl<'p> Items<'p> {
    fn new(pair: Pair<'p, Rule>) -> Self {
        Self { items: pair.into_inner().collect(), at: 0 }
    }

    fn peek(&self) -> Option<Rule> {
        self.items.get(self.at).map(Pair::as_rule)
    }

    fn take(&mut self) -> Option<Pair<'p, Rule>> {
        let item = self.items.get(self.at).cloned();
        self.at += 1;
        item
    }

    fn take_if(&mut self, accepted: &[Rule]) -> Option<Pair<'p, Rule>> {
        if self.peek().is_some_and(|rule| accepted.contains(&rule)) { self.take() } else { None }
    }
}

const COMPARISONS: &[Rule] = &[
    Rule::equal_op,
    Rule::not_equal_op,
    Rule::less_op,
    Rule::less_or_equal_op,
    Rule::greater_op,
    Rule::greater_or_equal_op,
    Rule::before_op,
    Rule::after_op,
    Rule::in_op,
    Rule::not_in_op,
    Rule::subset_op,
    Rule::disjoint_op,
    Rule::same_op,
    Rule::matching,
];

impl Builder<'_> {
    /// A whole `expr`, and the `(or none)` that may follow it for something around it.
    pub(super) fn ended(&mut self, pair: Pair<'_, Rule>) -> Ended {
        let mut items = Items::new(pair);
        let built = self.or(&mut items);
        self.rest(built, &mut items)
    }

    /// A whole `expr` that must be a list, so that weaker operators in it need parentheses.
    pub(super) fn collection(&mut self, pair: Pair<'_, Rule>) -> Ended {
        let mut items = Items::new(pair);
        let built = self.set_operation(&mut items);
        if let Some(operator) = items.take_if(COMPARISONS).or_else(|| items.take_if(&[Rule::and_op, Rule::or_op])) {
            let span = self.span(&operator);
            let message = format!("`{}` after a collection", first_word(operator.as_str()));
            let error = ExprError::new(Code::Form, span, message, "not part of the collection");
            self.error(error.help("a condition on the elements follows `where`"));
            return Ended { built, or_none: None };
        }
        self.rest(built, &mut items)
    }

    /// What may follow an expression within its own list of items: one `(or none)`.
    fn rest(&mut self, built: Built, items: &mut Items<'_>) -> Ended {
        let or_none = items.take_if(&[Rule::or_none]).map(|pair| self.span(&pair));
        if let Some(extra) = items.take() {
            let span = self.span(&extra);
            let word = first_word(extra.as_str()).to_owned();
            let error = match extra.as_rule() {
                Rule::range_op => ExprError::new(Code::Form, span, "`..` without `in`", "not expected")
                    .help("a range is written `x in a .. b`"),
                _ => ExprError::new(Code::Unexpected, span, format!("unexpected `{word}`"), "not expected")
                    .help("put what belongs together in parentheses"),
            };
            self.error(error);
        }
        Ended { built, or_none }
    }

    fn or(&mut self, items: &mut Items<'_>) -> Built {
        let mut left = self.and(items);
        while items.take_if(&[Rule::or_op]).is_some() {
            let right = self.and(items);
            left = self.binary(left, right, ExprKind::Or);
        }
        left
    }

    fn and(&mut self, items: &mut Items<'_>) -> Built {
        let mut left = self.not(items);
        while items.take_if(&[Rule::and_op]).is_some() {
            let right = self.not(items);
            left = self.binary(left, right, ExprKind::And);
        }
        left
    }

    fn binary(
        &mut self,
        left: Built,
        right: Built,
        kind: impl FnOnce(Box<crate::expr::ast::Expr>, Box<crate::expr::ast::Expr>) -> ExprKind,
    ) -> Built {
        let span = left.outer.to(right.outer);
        let below = left.height.max(right.height);
        self.node(kind(Box::new(left.expr), Box::new(right.expr)), span, below)
    }

    fn not(&mut self, items: &mut Items<'_>) -> Built {
        let Some(term) = items.items.get(items.at).cloned() else { return self.stand_in(Span::default()) };
        let mut nots = Vec::new();
        let mut head = None;
        for part in term.into_inner() {
            match part.as_rule() {
                Rule::not_op => nots.push(self.span(&part)),
                _ => head = Some(part),
            }
        }
        let mut built = match head {
            Some(quantified) if quantified.as_rule() == Rule::quantified => {
                items.at += 1;
                self.quantified(quantified)
            }
            _ => self.comparison(items, true),
        };
        for not in nots.into_iter().rev() {
            let span = not.to(built.outer);
            built = self.node(ExprKind::Not(Box::new(built.expr)), span, built.height);
        }
        built
    }

    /// `head` tells that the first term's `not`s are taken care of.
    fn comparison(&mut self, items: &mut Items<'_>, head: bool) -> Built {
        let mut left = self.set_operation_from(items, head);
        let mut first: Option<Span> = None;
        while let Some(operator) = items.take_if(COMPARISONS) {
            let span = self.span(&operator);
            if first.is_some() {
                let word = first_word(operator.as_str()).to_owned();
                let error = ExprError::new(
                    Code::ChainedComparison,
                    span,
                    format!("`{word}` after another comparison"),
                    "the second comparison",
                );
                self.error(error.help("comparisons do not chain: write `a < b and b < c`"));
            }
            first = first.or(Some(span));
            left = self.compare(left, operator, items);
        }
        left
    }

    fn compare(&mut self, left: Built, operator: Pair<'_, Rule>, items: &mut Items<'_>) -> Built {
        let comparison = match operator.as_rule() {
            Rule::equal_op => Comparison::Equal,
            Rule::not_equal_op => Comparison::NotEqual,
            Rule::less_op => Comparison::Less,
            Rule::less_or_equal_op => Comparison::LessOrEqual,
            Rule::greater_op => Comparison::Greater,
            Rule::greater_or_equal_op => Comparison::GreaterOrEqual,
            Rule::before_op => Comparison::Before,
            Rule::after_op => Comparison::After,
            Rule::subset_op => return self.set_relation(SetRelation::Subset, left, items),
            Rule::disjoint_op => return self.set_relation(SetRelation::Disjoint, left, items),
            Rule::same_op => return self.set_relation(SetRelation::Same, left, items),
            Rule::matching => return self.matching(left, operator),
            _ => return self.membership(left, operator, items),
        };
        let right = self.set_operation(items);
        self.binary(left, right, |left, right| ExprKind::Compare(comparison, left, right))
    }

    fn set_relation(&mut self, relation: SetRelation, left: Built, items: &mut Items<'_>) -> Built {
        let right = self.set_operation(items);
        let end = items.take_if(&[Rule::or_none]).map(|pair| self.span(&pair));
        let span = left.outer.to(end.unwrap_or(right.outer));
        let below = left.height.max(right.height);
        let kind = ExprKind::SetRelation {
            relation,
            left: Box::new(left.expr),
            right: Box::new(right.expr),
            or_none: end.is_some(),
        };
        self.node(kind, span, below)
    }

    fn matching(&mut self, left: Built, operator: Pair<'_, Rule>) -> Built {
        let end = self.span(&operator);
        let Some(pattern) = operator.into_inner().find(|part| part.as_rule() == Rule::pattern) else {
            return self.stand_in(end);
        };
        let pattern_span = self.span(&pattern);
        let kind = ExprKind::Matches {
            text: Box::new(left.expr),
            pattern: literal::pattern(pattern.as_str().trim_end()),
            pattern_span,
        };
        self.node(kind, left.outer.to(end), left.height)
    }

    /// `x in LIST`, `x not in LIST`, `x in a .. b`.
    fn membership(&mut self, item: Built, operator: Pair<'_, Rule>, items: &mut Items<'_>) -> Built {
        let span = self.span(&operator);
        let negated = operator.as_rule() == Rule::not_in_op;
        let low_exclusive = operator.into_inner().any(|part| part.as_rule() == Rule::after_op);
        let low = self.set_operation(items);
        let Some(range) = items.take_if(&[Rule::range_op]) else {
            if low_exclusive {
                let error = ExprError::new(Code::Form, span, "`in after` without an upper end", "begins a range");
                self.error(error.help("a range is written `x in after a .. b`"));
            }
            return self.binary(item, low, |item, list| ExprKind::In { item, list, negated });
        };
        let high_exclusive = range.into_inner().any(|part| part.as_rule() == Rule::before_op);
        let high = self.set_operation(items);
        let whole = item.outer.to(high.outer);
        let below = item.height.max(low.height).max(high.height);
        let kind = ExprKind::InRange {
            item: Box::new(item.expr),
            low: Box::new(low.expr),
            low_exclusive,
            high: Box::new(high.expr),
            high_exclusive,
            negated,
        };
        self.node(kind, whole, below)
    }

    fn set_operation(&mut self, items: &mut Items<'_>) -> Built {
        self.set_operation_from(items, false)
    }

    fn set_operation_from(&mut self, items: &mut Items<'_>, head: bool) -> Built {
        let mut left = self.coalesce(items, head);
        loop {
            let Some(operator) = items.take_if(&[Rule::union_op, Rule::intersect_op, Rule::minus_op]) else {
                return left;
            };
            let operation = match operator.as_rule() {
                Rule::union_op => SetOperation::Union,
                Rule::intersect_op => SetOperation::Intersect,
                _ => SetOperation::Minus,
            };
            let right = self.coalesce(items, false);
            left = self.binary(left, right, |left, right| ExprKind::SetOperation(operation, left, right));
        }
    }

    /// `a ?? b ?? c` is `a ?? (b ?? c)`.
    fn coalesce(&mut self, items: &mut Items<'_>, head: bool) -> Built {
        let mut operands = vec![self.sum(items, head)];
        while items.take_if(&[Rule::coalesce_op]).is_some() {
            operands.push(self.sum(items, false));
        }
        let Some(mut right) = operands.pop() else { return self.stand_in(Span::default()) };
        while let Some(left) = operands.pop() {
            if !matches!(left.expr.kind, ExprKind::Field(..)) {
                let error =
                    ExprError::new(Code::NotAPath, left.outer, "`??` gives a value for an absent field", "not a path");
                self.error(error.help("write `record.field ?? value`, with parentheses if it is part of a sum"));
            }
            right = self.binary(left, right, ExprKind::Coalesce);
        }
        right
    }

    fn sum(&mut self, items: &mut Items<'_>, head: bool) -> Built {
        let mut left = self.product(items, head);
        while let Some(operator) = items.take_if(&[Rule::add_op, Rule::subtract_op]) {
            let arithmetic = if operator.as_rule() == Rule::add_op { Arithmetic::Add } else { Arithmetic::Subtract };
            let right = self.product(items, false);
            left = self.binary(left, right, |left, right| ExprKind::Arithmetic(arithmetic, left, right));
        }
        left
    }

    fn product(&mut self, items: &mut Items<'_>, head: bool) -> Built {
        let mut left = self.atom(items, head);
        while items.take_if(&[Rule::multiply_op]).is_some() {
            let right = self.atom(items, false);
            left = self.binary(left, right, |left, right| ExprKind::Arithmetic(Arithmetic::Multiply, left, right));
        }
        left
    }

    /// One term; a `not` or a quantifier may only be the head of a condition.
    fn atom(&mut self, items: &mut Items<'_>, head: bool) -> Built {
        let Some(term) = items.take_if(&[Rule::term]) else { return self.stand_in(Span::default()) };
        let span = self.span(&term);
        let mut built = None;
        for part in term.into_inner() {
            match part.as_rule() {
                Rule::operand => built = Some(self.operand(part)),
                Rule::not_op if head => {}
                _ => {
                    let at = self.span(&part);
                    let word = first_word(part.as_str()).to_owned();
                    let message = format!("`{word}` as an operand needs parentheses");
                    let error = ExprError::new(Code::Parenthesise, at, message, "reaches to the end of the expression");
                    self.error(error.help(format!("write `({word} …)`")));
                    return self.stand_in(span);
                }
            }
        }
        match built {
            Some(built) => built,
            None => self.stand_in(span),
        }
    }
}

/// The first word of an operator, for a message: `in` of `in after`.
fn first_word(text: &str) -> &str {
    text.split_whitespace().next().unwrap_or(text)
}
