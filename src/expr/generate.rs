//! Generated expressions, for tests: every form of the tree, with spans of zero.

use proptest::prelude::*;

use super::ast::*;
use crate::primitives::{Date, Duration, Instant};
use crate::source::Span;

fn at(kind: ExprKind) -> Expr {
    Expr { kind, span: Span::default() }
}

fn name() -> impl Strategy<Value = Name> {
    prop::sample::select(vec![
        "a",
        "b",
        "lei_record",
        "as_of",
        "x1",
        "_y",
        "order",
        "not_x",
        "inside",
        "of",
        "set",
        "one",
    ])
    .prop_map(|text| Name { text: text.to_owned(), span: Span::default() })
}

fn field() -> impl Strategy<Value = Name> {
    prop::sample::select(vec!["id", "in", "count", "LEI", "stage", "by", "x_y", "not", "null"])
        .prop_map(|text| Name { text: text.to_owned(), span: Span::default() })
}

fn literal() -> impl Strategy<Value = Literal> {
    prop_oneof![
        any::<bool>().prop_map(Literal::Bool),
        any::<i64>().prop_map(Literal::Int),
        ".{0,8}".prop_map(Literal::Text),
        prop::sample::select(vec!["a\"b'\\", "line\nline", "\u{202e}", "{}", "/x/"])
            .prop_map(|text| Literal::Text(text.to_owned())),
        (0i64..4_000_000_000)
            .prop_map(|s| Literal::Instant(Instant::from_nanoseconds(i128::from(s) * 1_000_000_001).unwrap())),
        (1i16..9999, 1i8..=12, 1i8..=28).prop_map(|(y, m, d)| Literal::Date(Date::new(y, m, d).unwrap())),
        (0i64..i64::MAX).prop_map(|n| Literal::Duration(Duration::from_nanoseconds(i128::from(n)).unwrap())),
        (0i64..10_000).prop_map(Literal::Days),
        (0i64..10_000).prop_map(Literal::Months),
    ]
}

fn leaf() -> impl Strategy<Value = Expr> {
    prop_oneof![
        literal().prop_map(|value| at(ExprKind::Literal(value))),
        name().prop_map(|name| at(ExprKind::Name(name.text))),
        name().prop_map(|name| at(ExprKind::Recorded(name))),
    ]
}

fn binding(inner: BoxedStrategy<Expr>) -> impl Strategy<Value = Box<Binding>> {
    (name(), inner.clone(), prop::option::of(inner))
        .prop_map(|(name, over, filter)| Box::new(Binding { name, over, filter, span: Span::default() }))
}

fn path(inner: BoxedStrategy<Expr>) -> impl Strategy<Value = Expr> {
    (inner, field()).prop_map(|(base, field)| at(ExprKind::Field(Box::new(base), field)))
}

/// Any tree that the parser can give.
pub(crate) fn expr() -> impl Strategy<Value = Expr> {
    leaf().boxed().prop_recursive(6, 48, 4, |inner| {
        let two = (inner.clone().prop_map(Box::new), inner.clone().prop_map(Box::new));
        let comparison = prop::sample::select(vec![
            Comparison::Equal,
            Comparison::NotEqual,
            Comparison::Less,
            Comparison::LessOrEqual,
            Comparison::Greater,
            Comparison::GreaterOrEqual,
            Comparison::Before,
            Comparison::After,
        ]);
        let relation = prop::sample::select(vec![SetRelation::Subset, SetRelation::Disjoint, SetRelation::Same]);
        let operation = prop::sample::select(vec![SetOperation::Union, SetOperation::Intersect, SetOperation::Minus]);
        let sign = prop::sample::select(vec![Arithmetic::Add, Arithmetic::Subtract, Arithmetic::Multiply]);
        let pattern = prop::sample::select(vec!["[a-z]+", "a/b", "\\d{4}", "\\\\/", "x\\\\", "", "}\""]);
        let quantifier = prop::sample::select(vec![
            (Quantifier::Every, true),
            (Quantifier::No, true),
            (Quantifier::Some, true),
            (Quantifier::Exists, false),
            (Quantifier::ExactlyOne, false),
        ]);
        let keyed = prop::sample::select(vec![
            Aggregate::CountDistinct,
            Aggregate::Distinct,
            Aggregate::Latest,
            Aggregate::Earliest,
        ]);
        let plain = prop::sample::select(vec![Aggregate::Count, Aggregate::The]);
        let of_list = prop::sample::select(vec![Aggregate::Count, Aggregate::Distinct, Aggregate::Min, Aggregate::Max]);
        prop::strategy::Union::new_weighted(vec![
            (3, path(inner.clone()).boxed()),
            (1, path(inner.clone()).prop_map(|path| at(ExprKind::Has(Box::new(path)))).boxed()),
            (
                1,
                (path(inner.clone()), inner.clone())
                    .prop_map(|(path, otherwise)| at(ExprKind::Coalesce(Box::new(path), Box::new(otherwise))))
                    .boxed(),
            ),
            (2, inner.clone().prop_map(|operand| at(ExprKind::Not(Box::new(operand)))).boxed()),
            (2, two.clone().prop_map(|(a, b)| at(ExprKind::And(a, b))).boxed()),
            (2, two.clone().prop_map(|(a, b)| at(ExprKind::Or(a, b))).boxed()),
            (2, (comparison, two.clone()).prop_map(|(c, (a, b))| at(ExprKind::Compare(c, a, b))).boxed()),
            (
                1,
                (two.clone(), any::<bool>())
                    .prop_map(|((item, list), negated)| at(ExprKind::In { item, list, negated }))
                    .boxed(),
            ),
            (
                1,
                (two.clone(), inner.clone(), any::<[bool; 3]>())
                    .prop_map(|((item, low), high, [low_exclusive, high_exclusive, negated])| {
                        at(ExprKind::InRange {
                            item,
                            low,
                            low_exclusive,
                            high: Box::new(high),
                            high_exclusive,
                            negated,
                        })
                    })
                    .boxed(),
            ),
            (
                1,
                (inner.clone(), pattern)
                    .prop_map(|(text, pattern)| {
                        at(ExprKind::Matches {
                            text: Box::new(text),
                            pattern: pattern.to_owned(),
                            pattern_span: Span::default(),
                        })
                    })
                    .boxed(),
            ),
            (
                2,
                (relation, two.clone(), any::<bool>())
                    .prop_map(|(relation, (left, right), or_none)| {
                        at(ExprKind::SetRelation { relation, left, right, or_none })
                    })
                    .boxed(),
            ),
            (1, (operation, two.clone()).prop_map(|(o, (a, b))| at(ExprKind::SetOperation(o, a, b))).boxed()),
            (2, (sign, two.clone()).prop_map(|(s, (a, b))| at(ExprKind::Arithmetic(s, a, b))).boxed()),
            (1, prop::collection::vec(inner.clone(), 0..4).prop_map(|elements| at(ExprKind::List(elements))).boxed()),
            (
                1,
                (inner.clone(), binding(inner.clone()))
                    .prop_map(|(element, binding)| at(ExprKind::Project { element: Box::new(element), binding }))
                    .boxed(),
            ),
            (
                4,
                (quantifier, binding(inner.clone()), any::<bool>(), inner.clone())
                    .prop_map(|((quantifier, takes), binding, or_none, p)| {
                        let or_none = or_none && matches!(quantifier, Quantifier::Every | Quantifier::No);
                        at(ExprKind::Quantified { quantifier, binding, or_none, satisfies: takes.then(|| Box::new(p)) })
                    })
                    .boxed(),
            ),
            (
                2,
                (keyed, binding(inner.clone()), inner.clone(), any::<bool>())
                    .prop_map(|(aggregate, binding, by, or_none)| {
                        let or_none = or_none && aggregate == Aggregate::Distinct;
                        at(ExprKind::Aggregate { aggregate, binding, by: Some(Box::new(by)), or_none })
                    })
                    .boxed(),
            ),
            (
                1,
                (plain, binding(inner.clone()))
                    .prop_map(|(aggregate, binding)| {
                        at(ExprKind::Aggregate { aggregate, binding, by: None, or_none: false })
                    })
                    .boxed(),
            ),
            (
                1,
                (of_list, inner.clone(), any::<bool>())
                    .prop_map(|(aggregate, list, or_none)| {
                        let or_none = or_none && aggregate == Aggregate::Distinct;
                        at(ExprKind::AggregateList { aggregate, list: Box::new(list), or_none })
                    })
                    .boxed(),
            ),
            (
                1,
                (binding(inner.clone()), inner.clone(), two)
                    .prop_map(|(binding, by, (from, to))| at(ExprKind::MaxGap { binding, by: Box::new(by), from, to }))
                    .boxed(),
            ),
            (
                1,
                (name(), prop::collection::vec(inner, 0..3))
                    .prop_map(|(name, arguments)| at(ExprKind::Call { name, arguments }))
                    .boxed(),
            ),
        ])
    })
}
