//! Values as the evidence has them, and what is asked of two of them.

use std::cmp::Ordering;

use crate::compile::program::FieldRef;
use crate::evaluate::compare::{equal_scalars, order};
use crate::evaluate::value::Value;
use crate::facts::schema::KindId;
use crate::facts::{CellValue, Facts, NodeId};

use super::Fact;

#[inline]
pub(super) fn cell<'a>(facts: &'a Facts<'a>, node: NodeId, field: FieldRef) -> Option<Fact<'a>> {
    facts.cell_of(node, field.type_id, field.slot).map(|cell| &cell.value)
}

#[inline]
pub(super) fn record(value: Fact<'_>) -> Option<NodeId> {
    match value {
        CellValue::Record(node) => Some(*node),
        _ => None,
    }
}

/// The one member of a kind.
pub(super) fn one(facts: &Facts<'_>, kind: KindId) -> Option<NodeId> {
    let population = facts.population(kind);
    match (population.unknown, population.members.as_slice(), population.unreadable.as_slice()) {
        (None, [one], []) => Some(*one),
        _ => None,
    }
}

/// The value of a cell; none where it is absent or unknown.
#[inline]
pub(super) fn known(value: Fact<'_>) -> Option<Fact<'_>> {
    match value {
        CellValue::Absent | CellValue::Unknown(_) => None,
        known => Some(known),
    }
}

/// A value as the operations have it; none of a list, which no sum and no order knows.
pub(super) fn plain<'a>(value: Fact<'a>) -> Option<Value<'a>> {
    match value {
        CellValue::List(_) => None,
        scalar => Value::of_cell(*scalar, NodeId(0))?.ok(),
    }
}

/// A value as the evidence has it.
pub(super) fn fact(value: Value<'_>) -> Option<CellValue<'_>> {
    Some(match value {
        Value::Bool(value) => CellValue::Bool(value),
        Value::Int(value) => CellValue::Int(value),
        Value::Text(text) => CellValue::Text(text),
        Value::Malformed(text) => CellValue::Malformed(text),
        Value::Instant(value) => CellValue::Instant(value),
        Value::Date(value) => CellValue::Date(value),
        Value::Duration(value) => CellValue::Duration(value),
        Value::Days(value) => CellValue::Days(value),
        Value::Threshold(value) => CellValue::Threshold(value),
        Value::Record(node) => CellValue::Record(node),
        Value::Months(_) | Value::List(_) => return None,
    })
}

/// Whether two known values are equal; none where that is not asked of such values.
#[inline]
pub(super) fn is_same(left: Fact<'_>, right: Fact<'_>) -> Option<bool> {
    match (left, right) {
        (CellValue::Text(left), CellValue::Text(right)) => Some(is_same_text(left.as_bytes(), right.as_bytes())),
        (left, right) => is_same_scalar(left, right),
    }
}

/// Identifiers and nonces that differ mostly do so at once.
#[inline]
fn is_same_text(left: &[u8], right: &[u8]) -> bool {
    match (left.first_chunk::<8>(), right.first_chunk::<8>()) {
        (Some(left), Some(right)) if left != right => false,
        _ => left == right,
    }
}

#[inline(never)]
fn is_same_scalar(left: Fact<'_>, right: Fact<'_>) -> Option<bool> {
    equal_scalars(plain(left)?, plain(right)?)
}

/// The order of two known values.
#[inline]
pub(super) fn ordering(left: Fact<'_>, right: Fact<'_>) -> Option<Ordering> {
    match (left, right) {
        (CellValue::Instant(left), CellValue::Instant(right)) => Some(left.cmp(right)),
        (CellValue::Int(left), CellValue::Int(right)) => Some(left.cmp(right)),
        (left, right) => other_ordering(left, right),
    }
}

#[inline(never)]
fn other_ordering(left: Fact<'_>, right: Fact<'_>) -> Option<Ordering> {
    order(plain(left)?, plain(right)?)
}
