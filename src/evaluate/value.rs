//! Values while a rule runs: known ones, and unknowns that say why and from where.
//!
//! A known value is 24 bytes and copied; an unknown travels as the `Err` of a [`Known`], so that `?`
//! is how it spreads through everything that needs the value.

use crate::compile::program::{Const, OpId, ParameterValue, Program};
use crate::facts::schema::KindId;
use crate::facts::threshold::Threshold;
use crate::facts::{Cause, CellValue, NodeId};
use crate::primitives::{Date, Duration, Instant};

/// A value that is known, or why it is not.
pub(super) type Known<'a> = Result<Value<'a>, Unknown>;

/// Kleene's three answers.
pub(super) type Truth = Result<bool, Unknown>;

/// A known value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Value<'a> {
    Bool(bool),
    Int(i64),
    Text(&'a str),
    /// A LEI, AID or SAID that is not well-formed: known, and equal to nothing.
    Malformed(&'a str),
    Instant(Instant),
    Date(Date),
    Duration(Duration),
    Days(i64),
    Months(i64),
    Threshold(&'a Threshold),
    List(ListRef),
    Record(NodeId),
}

/// Where the elements of a list are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ListRef {
    /// The members of a kind, then the listed ones that could not be read.
    Population(KindId),
    /// Cells of one object.
    Cells { node: NodeId, start: u32, length: u32 },
    /// Computed, and gone when what asked for it is done.
    Scratch { start: u32, length: u32 },
    /// Computed once for the run.
    Kept { start: u32, length: u32 },
}

/// An element of a list.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Element<'a> {
    pub value: Known<'a>,
    pub at: At,
    /// Why it is not known whether it is an element at all; `None` if it is one.
    pub doubt: Option<Unknown>,
}

/// An unknown: why, what was looked for, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unknown {
    pub cause: Cause,
    /// The operation whose value was looked for.
    pub op: OpId,
    pub at: At,
    /// A cause that decided this unknown is `unrecognised`: `require` fails on it.
    pub unrecognised: bool,
    /// It is the value of a path whose last step is absent in an object that was read.
    pub absent: bool,
}

/// A place in the fact table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum At {
    Nowhere,
    Node(NodeId),
    Cell(NodeId, u16),
    /// An element of a list of the object, by its index in the table of elements.
    Element(NodeId, u32),
}

impl<'a> Value<'a> {
    /// The value of a constant.
    pub fn of_const(program: &'a Program, constant: Const) -> Self {
        match constant {
            Const::Bool(value) => Value::Bool(value),
            Const::Int(value) => Value::Int(value),
            Const::Text(index) => Value::Text(&program.texts[index as usize]),
            Const::Instant(value) => Value::Instant(value),
            Const::Date(value) => Value::Date(value),
            Const::Duration(value) => Value::Duration(value),
            Const::Days(value) => Value::Days(value),
            Const::Months(value) => Value::Months(value),
        }
    }

    /// The value of a cell of this object; `None` if it is absent, and why it is not known.
    #[inline]
    pub fn of_cell(value: CellValue<'a>, node: NodeId) -> Option<Result<Self, Cause>> {
        Some(Ok(match value {
            CellValue::Absent => return None,
            CellValue::Unknown(cause) => return Some(Err(cause)),
            CellValue::Malformed(text) => Value::Malformed(text),
            CellValue::Bool(value) => Value::Bool(value),
            CellValue::Int(value) => Value::Int(value),
            CellValue::Text(text) => Value::Text(text),
            CellValue::Instant(value) => Value::Instant(value),
            CellValue::Date(value) => Value::Date(value),
            CellValue::Duration(value) => Value::Duration(value),
            CellValue::Days(value) => Value::Days(value),
            CellValue::Threshold(value) => Value::Threshold(value),
            CellValue::List(list) => Value::List(ListRef::Cells { node, start: list.start, length: list.length }),
            CellValue::Record(node) => Value::Record(node),
        }))
    }

    /// The value of a parameter that is set and no list.
    pub fn of_parameter(value: &'a ParameterValue) -> Option<Self> {
        Some(match value {
            ParameterValue::Bool(value) => Value::Bool(*value),
            ParameterValue::Int(value) => Value::Int(*value),
            ParameterValue::Text(value) => Value::Text(value),
            ParameterValue::Instant(value) => Value::Instant(*value),
            ParameterValue::Date(value) => Value::Date(*value),
            ParameterValue::Duration(value) => Value::Duration(*value),
            ParameterValue::Days(value) => Value::Days(*value),
            ParameterValue::Months(value) => Value::Months(*value),
            ParameterValue::List(_) | ParameterValue::Unset => return None,
        })
    }
}

impl Unknown {
    pub fn new(cause: Cause, op: OpId) -> Self {
        Self::at(cause, op, At::Nowhere)
    }

    pub fn at(cause: Cause, op: OpId, at: At) -> Self {
        Self { cause, op, at, unrecognised: cause == Cause::Unrecognised, absent: false }
    }

    /// Two unknowns that decide together: the first one's reason, and the mark of either.
    pub fn and(self, other: Unknown) -> Self {
        Self { unrecognised: self.unrecognised || other.unrecognised, absent: false, ..self }
    }

    /// In filters, `applies` and `warn_when` an unrecognised value is plain unknown.
    pub fn plain(self) -> Self {
        Self { unrecognised: false, absent: false, ..self }
    }
}

/// Both values, or the unknowns of either side together.
pub(super) fn both<A, B>(a: Result<A, Unknown>, b: Result<B, Unknown>) -> Result<(A, B), Unknown> {
    match (a, b) {
        (Ok(a), Ok(b)) => Ok((a, b)),
        (Err(a), Err(b)) => Err(a.and(b)),
        (Err(unknown), Ok(_)) | (Ok(_), Err(unknown)) => Err(unknown.and(unknown)),
    }
}

/// Adds an unknown to those that decide so far.
pub(super) fn blame(blamed: &mut Option<Unknown>, unknown: Unknown) {
    *blamed = Some(match *blamed {
        Some(first) => first.and(unknown),
        None => unknown.and(unknown),
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_copied_in_24_bytes() {
        assert!(size_of::<Value<'_>>() <= 24);
        assert!(size_of::<Known<'_>>() <= 24);
    }
}
