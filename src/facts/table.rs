//! The fact table of one case.
//!
//! In: cells, pushed by the reader (records) and by `collect` (derived facts). Out: values by slot,
//! each with the file and the bytes it came from. Strings borrow from the file's bytes or from the
//! snapshot's arena; nothing is allocated per value.

use std::collections::BTreeMap;

use crate::primitives::{Date, Duration, Instant};
use crate::source::Span;

use super::fault::Fault;
use super::schema::{FactSchema, KindId, StructId};
use super::threshold::Threshold;

/// Why a value is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// The field, the record or the fact is not there.
    Missing,
    /// The file could not be read: not strict JSON, or its digest is not the listed one.
    Unreadable,
    /// The value is there and violates its schema (or an argument is not what a function needs).
    Invalid,
    /// A code outside the known set, or a null that counts as one. Decides `require` as a fail.
    Unrecognised,
    /// A statement about all elements of a collection that has none.
    Empty,
    /// Nothing matched what was looked for.
    None,
    /// More than one matched where one was looked for.
    Several,
    /// Two elements share the greatest or least key.
    Tied,
    /// An integer, an instant or the step budget overflowed.
    Overflow,
    /// The order of two events cannot be proven.
    Unproven,
    /// The fact belongs to a later stage, or to a part of the case that was not given.
    NotDue,
}

/// Index of a file of the snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub u32);

/// Index of an object in the fact table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u32);

/// A run of cells that are the elements of one list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct List {
    /// Index of the first element in the table of elements.
    pub start: u32,
    /// Number of elements.
    pub length: u32,
}

/// One value as read, and the bytes it was read from.
#[derive(Debug, Clone, Copy)]
pub struct Cell<'a> {
    /// The value.
    pub value: CellValue<'a>,
    /// Bytes in the file of the object that holds the cell; empty for derived facts and for absent ones.
    pub span: Span,
}

/// A value as read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum CellValue<'a> {
    /// Not there (or null in a nullable field) in an object that was read.
    Absent,
    /// There, but not usable.
    Unknown(Cause),
    /// A LEI, AID or SAID that is not well-formed, as written.
    Malformed(&'a str),
    /// `bool`
    Bool(bool),
    /// `int`
    Int(i64),
    /// `text`, an enum, `lei`, `aid`, `said`, `sha256`, `person`, `decimal`
    Text(&'a str),
    /// `instant`
    Instant(Instant),
    /// `date`
    Date(Date),
    /// `duration`
    Duration(Duration),
    /// `days`
    Days(i64),
    /// `threshold`
    Threshold(&'a Threshold),
    /// A list; its elements are cells of the same object.
    List(List),
    /// An object.
    Record(NodeId),
}

/// An object: a record, a derived fact, or an object inside one.
#[derive(Debug, Clone, Copy)]
pub struct Node {
    /// Its type.
    pub type_id: StructId,
    /// The file it was read from; none for facts that no file holds.
    pub file: Option<FileId>,
    /// Bytes of the whole object.
    pub span: Span,
    first_cell: u32,
}

/// The members of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Population {
    /// Records that were read, in order of path; derived facts in their own stable order.
    pub members: Vec<NodeId>,
    /// Listed records that could not be read: each may or may not be one more member. They are
    /// nodes too, all of whose cells are unknown.
    pub unreadable: Vec<NodeId>,
    /// Why membership as a whole is not known (the manifest does not verify, the store is not
    /// there, the stage is not due); `None` when it is.
    pub unknown: Option<Cause>,
}

/// Which fields are stored, and in which slot of their object.
///
/// Resolved when policies are compiled: a field that no rule reads is validated and not stored.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Layout {
    /// Per struct, per field: its slot.
    slots: Vec<Vec<Option<u16>>>,
    /// Per struct: number of slots.
    widths: Vec<u16>,
}

impl Layout {
    /// A layout that stores the fields for which `is_read` says so.
    pub fn new(schema: &FactSchema, mut is_read: impl FnMut(StructId, u16) -> bool) -> Self {
        let mut slots = Vec::with_capacity(schema.structs().len());
        let mut widths = Vec::with_capacity(schema.structs().len());
        for (id, type_) in schema.structs().iter().enumerate() {
            let mut width = 0;
            let fields = (0..type_.fields.len()).map(|field| {
                is_read(StructId(id as u32), field as u16).then(|| {
                    width += 1;
                    width - 1
                })
            });
            slots.push(fields.collect());
            widths.push(width);
        }
        Self { slots, widths }
    }

    /// A layout that stores every field.
    pub fn full(schema: &FactSchema) -> Self {
        Self::new(schema, |_, _| true)
    }

    /// The slot of a field; `None` if nothing reads it.
    pub fn slot(&self, type_id: StructId, field: u16) -> Option<u16> {
        self.slots(type_id).get(field as usize).copied().flatten()
    }

    /// Per field of an object type: its slot.
    pub fn slots(&self, type_id: StructId) -> &[Option<u16>] {
        self.slots.get(type_id.0 as usize).map_or(&[], Vec::as_slice)
    }

    /// The number of slots of an object of this type.
    pub fn width(&self, type_id: StructId) -> u16 {
        self.widths.get(type_id.0 as usize).copied().unwrap_or(0)
    }
}

/// The facts of one case.
#[derive(Debug, Default)]
pub struct Facts<'a> {
    nodes: Vec<Node>,
    cells: Vec<Cell<'a>>,
    elements: Vec<Cell<'a>>,
    populations: Vec<Population>,
    faults: BTreeMap<FileId, Fault>,
}

impl<'a> Facts<'a> {
    /// An empty table for the kinds of a schema: every population is known and empty.
    pub fn new(schema: &FactSchema) -> Self {
        Self { populations: vec![Population::default(); schema.kinds().len()], ..Self::default() }
    }

    /// Makes room for what a record of this many bytes usually gives, so that the table need not grow in steps.
    pub fn expect(&mut self, bytes: usize) {
        self.nodes.reserve(bytes / 256);
        self.cells.reserve(bytes / 128);
        self.elements.reserve(bytes / 256);
    }

    /// Adds an object with `width` absent cells and returns its id.
    pub fn push_node(&mut self, type_id: StructId, width: u16, file: Option<FileId>, span: Span) -> NodeId {
        let id = NodeId(self.nodes.len() as u32);
        let first_cell = self.cells.len() as u32;
        self.nodes.push(Node { type_id, file, span, first_cell });
        let absent = Cell { value: CellValue::Absent, span: Span::default() };
        self.cells.resize(self.cells.len() + width as usize, absent);
        id
    }

    /// Sets a cell of an object that [`Facts::push_node`] made.
    pub fn set(&mut self, node: NodeId, slot: u16, cell: Cell<'a>) {
        let at = self.nodes[node.0 as usize].first_cell as usize + slot as usize;
        self.cells[at] = cell;
    }

    /// Sets the bytes of the whole object, once its end is known.
    pub fn set_span(&mut self, node: NodeId, span: Span) {
        self.nodes[node.0 as usize].span = span;
    }

    /// Adds the elements of one list.
    pub fn push_list(&mut self, cells: &[Cell<'a>]) -> List {
        let start = self.elements.len() as u32;
        self.elements.extend_from_slice(cells);
        List { start, length: cells.len() as u32 }
    }

    /// The population of a kind, to fill.
    pub fn population_mut(&mut self, kind: KindId) -> &mut Population {
        &mut self.populations[kind.0 as usize]
    }

    /// The population of a kind.
    #[inline]
    pub fn population(&self, kind: KindId) -> &Population {
        &self.populations[kind.0 as usize]
    }

    /// An object.
    #[inline]
    pub fn node(&self, node: NodeId) -> &Node {
        &self.nodes[node.0 as usize]
    }

    /// Remembers that a file is wrong by itself; of two faults the earlier counts.
    pub fn blame(&mut self, file: FileId, fault: Fault) {
        let known = self.faults.entry(file).or_insert(fault);
        *known = fault.min(*known);
    }

    /// How a file is wrong by itself.
    pub fn fault(&self, file: FileId) -> Option<Fault> {
        self.faults.get(&file).copied()
    }

    /// A cell of an object.
    #[inline]
    pub fn cell(&self, node: NodeId, slot: u16) -> &Cell<'a> {
        &self.cells[self.nodes[node.0 as usize].first_cell as usize + slot as usize]
    }

    /// A cell of an object, if that is of this type.
    #[inline]
    pub fn cell_of(&self, node: NodeId, type_id: StructId, slot: u16) -> Option<&Cell<'a>> {
        let node = self.nodes.get(node.0 as usize)?;
        match node.type_id == type_id {
            true => self.cells.get(node.first_cell as usize + slot as usize),
            false => None,
        }
    }

    /// An element of a list, by its index in the table of elements.
    #[inline]
    pub fn element(&self, index: u32) -> &Cell<'a> {
        &self.elements[index as usize]
    }

    /// The elements of a list.
    #[inline]
    pub fn elements(&self, list: List) -> &[Cell<'a>] {
        &self.elements[list.start as usize..(list.start + list.length) as usize]
    }
}
