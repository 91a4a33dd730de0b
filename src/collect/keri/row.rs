//! One object of a derived fact, filled field by field; what no rule reads is not computed.

use crate::facts::schema::{StructId, Type};
use crate::facts::threshold::Threshold;
use crate::facts::{Cause, CellValue, FileId, NodeId};
use crate::primitives::{Aid, Instant, Lei, Said};
use crate::source::Span;

use super::super::{Collector, cell};

/// An object in the making.
#[derive(Clone, Copy)]
pub(super) struct Row {
    pub type_id: StructId,
    pub node: NodeId,
    pub file: Option<FileId>,
    pub span: Span,
}

impl<'s, 'a> Collector<'s, 'a> {
    /// Adds a member of a derived fact; `None` if the schemas do not have it, so that no rule reads it.
    pub(super) fn row(&mut self, kind: &str, file: Option<FileId>, span: Span) -> Option<Row> {
        let kind = self.schema.kind_named(kind)?;
        let row = self.object(self.schema.kind(kind).record, file, span);
        self.facts.population_mut(kind).members.push(row.node);
        Some(row)
    }

    fn object(&mut self, type_id: StructId, file: Option<FileId>, span: Span) -> Row {
        let node = self.facts.push_node(type_id, self.layout.width(type_id), file, span);
        Row { type_id, node, file, span }
    }

    /// Fills a field if a rule reads it.
    pub(super) fn set(&mut self, row: Row, name: &str, value: impl FnOnce(&mut Self) -> CellValue<'a>) {
        let field = self.schema.struct_type(row.type_id).field(name);
        debug_assert!(field.is_some(), "the schema of the fact has no field `{name}`");
        if let Some(slot) = field.and_then(|field| self.layout.slot(row.type_id, field)) {
            let value = value(self);
            self.facts.set(row.node, slot, cell(value, row.span));
        }
    }

    /// An object inside a field.
    pub(super) fn inner(&mut self, row: Row, name: &str, fill: impl FnOnce(&mut Self, Row)) {
        let Some(type_id) = self.inner_type(row, name) else { return };
        self.set(row, name, |this| {
            let inner = this.object(type_id, row.file, row.span);
            fill(this, inner);
            CellValue::Record(inner.node)
        });
    }

    /// A list of objects inside a field.
    pub(super) fn inner_list<T>(
        &mut self,
        row: Row,
        name: &str,
        items: impl IntoIterator<Item = T>,
        mut fill: impl FnMut(&mut Self, Row, T),
    ) {
        let Some(type_id) = self.inner_type(row, name) else { return };
        self.set(row, name, |this| {
            let mut cells = Vec::new();
            for item in items {
                let inner = this.object(type_id, row.file, row.span);
                fill(this, inner, item);
                cells.push(cell(CellValue::Record(inner.node), row.span));
            }
            CellValue::List(this.facts.push_list(&cells))
        });
    }

    fn inner_type(&self, row: Row, name: &str) -> Option<StructId> {
        let type_ = self.schema.struct_type(row.type_id);
        let of = |type_: &Type| match type_ {
            Type::Record(id) => Some(*id),
            _ => None,
        };
        match &type_.fields.get(type_.field(name)? as usize)?.shape.type_ {
            Type::List(item) => of(item),
            type_ => of(type_),
        }
    }

    pub(super) fn text(&self, text: &str) -> CellValue<'a> {
        CellValue::Text(self.arena.alloc_str(text))
    }

    pub(super) fn maybe_text(&self, text: Option<&str>) -> CellValue<'a> {
        text.map_or(CellValue::Absent, |text| self.text(text))
    }

    /// A digest, identifier or LEI as a message writes it.
    fn well_formed(&self, text: Option<&str>, well_formed: impl Fn(&str) -> bool) -> CellValue<'a> {
        match text {
            None => CellValue::Absent,
            Some(text) if well_formed(text) => self.text(text),
            Some(text) => CellValue::Malformed(self.arena.alloc_str(text)),
        }
    }

    pub(super) fn said(&self, text: Option<&str>) -> CellValue<'a> {
        self.well_formed(text, Said::is_well_formed)
    }

    pub(super) fn aid(&self, text: Option<&str>) -> CellValue<'a> {
        self.well_formed(text, Aid::is_well_formed)
    }

    pub(super) fn lei(&self, text: Option<&str>) -> CellValue<'a> {
        self.well_formed(text, |text| text.parse::<Lei>().is_ok())
    }

    pub(super) fn instant(text: Option<&str>) -> CellValue<'a> {
        match text.map(str::parse::<Instant>) {
            None => CellValue::Absent,
            Some(Ok(instant)) => CellValue::Instant(instant),
            Some(Err(_)) => CellValue::Unknown(Cause::Invalid),
        }
    }

    pub(super) fn texts<'t>(&mut self, texts: impl IntoIterator<Item = &'t str>, span: Span) -> CellValue<'a> {
        let cells: Vec<_> = texts.into_iter().map(|text| cell(self.text(text), span)).collect();
        CellValue::List(self.facts.push_list(&cells))
    }

    pub(super) fn indices<'t>(&mut self, indices: impl IntoIterator<Item = &'t u32>, span: Span) -> CellValue<'a> {
        let cells: Vec<_> = indices.into_iter().map(|index| cell(CellValue::Int(i64::from(*index)), span)).collect();
        CellValue::List(self.facts.push_list(&cells))
    }

    pub(super) fn threshold(&self, threshold: Option<&Threshold>) -> CellValue<'a> {
        threshold.map_or(CellValue::Absent, |threshold| CellValue::Threshold(self.arena.alloc(threshold.clone())))
    }
}

/// A count or place; beyond 63 bits it is not known.
pub(super) fn number<'a>(number: impl TryInto<i64>) -> CellValue<'a> {
    number.try_into().map_or(CellValue::Unknown(Cause::Overflow), CellValue::Int)
}

/// The keys with these indices.
pub(super) fn keys_of<'k>(keys: &'k [String], indices: impl IntoIterator<Item = &'k u32>) -> Vec<&'k str> {
    indices.into_iter().filter_map(|index| keys.get(*index as usize).map(String::as_str)).collect()
}
