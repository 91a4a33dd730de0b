//! The names that an expression mentions, bound or not.

use crate::expr::ast::{Binding, Expr, ExprKind};

/// Calls `visit` with each name that is read or called, in order.
pub(super) fn mentions<'a>(expr: &'a Expr, visit: &mut impl FnMut(&'a str)) {
    match &expr.kind {
        ExprKind::Literal(_) | ExprKind::Recorded(_) => {}
        ExprKind::Name(name) => visit(name),
        ExprKind::Field(inner, _) | ExprKind::Has(inner) | ExprKind::Not(inner) => mentions(inner, visit),
        ExprKind::Matches { text, .. } => mentions(text, visit),
        ExprKind::Coalesce(left, right)
        | ExprKind::And(left, right)
        | ExprKind::Or(left, right)
        | ExprKind::Compare(_, left, right)
        | ExprKind::SetOperation(_, left, right)
        | ExprKind::Arithmetic(_, left, right)
        | ExprKind::SetRelation { left, right, .. } => {
            mentions(left, visit);
            mentions(right, visit);
        }
        ExprKind::In { item, list, .. } => {
            mentions(item, visit);
            mentions(list, visit);
        }
        ExprKind::InRange { item, low, high, .. } => {
            mentions(item, visit);
            mentions(low, visit);
            mentions(high, visit);
        }
        ExprKind::List(elements) => elements.iter().for_each(|element| mentions(element, visit)),
        ExprKind::Project { element, binding } => {
            in_binding(binding, visit);
            mentions(element, visit);
        }
        ExprKind::Quantified { binding, satisfies, .. } => {
            in_binding(binding, visit);
            satisfies.iter().for_each(|condition| mentions(condition, visit));
        }
        ExprKind::Aggregate { binding, by, .. } => {
            in_binding(binding, visit);
            by.iter().for_each(|key| mentions(key, visit));
        }
        ExprKind::AggregateList { list, .. } => mentions(list, visit),
        ExprKind::MaxGap { binding, by, from, to } => {
            in_binding(binding, visit);
            for part in [by, from, to] {
                mentions(part, visit);
            }
        }
        ExprKind::Call { name, arguments } => {
            visit(&name.text);
            arguments.iter().for_each(|argument| mentions(argument, visit));
        }
    }
}

fn in_binding<'a>(binding: &'a Binding, visit: &mut impl FnMut(&'a str)) {
    mentions(&binding.over, visit);
    binding.filter.iter().for_each(|filter| mentions(filter, visit));
}
