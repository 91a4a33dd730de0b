//! Data tables of the rule book as facts: `e in eid_schemes` reads rows like records.

use crate::compile::program::{ParameterValue, Program};
use crate::facts::schema::KindId;
use crate::facts::{Cell, CellValue, Facts};
use crate::source::Span;

/// A row: per column a value, or none where the row leaves it out.
pub type Row = Vec<Option<ParameterValue>>;

/// Adds the rows of all tables to the facts of a case, once, before it is evaluated.
///
/// Columns are the fields of the table's kind, in order; a column that no rule reads is not stored.
pub fn push_tables<'a>(program: &'a Program, facts: &mut Facts<'a>) {
    for table in &program.tables {
        for row in &table.rows {
            push_row(program, facts, table.kind, row);
        }
    }
}

/// Adds a row to a table.
pub fn push_row<'a>(program: &Program, facts: &mut Facts<'a>, kind: KindId, row: &'a Row) {
    let type_id = program.schema.kind(kind).record;
    let node = facts.push_node(type_id, program.layout.width(type_id), None, Span::default());
    for (field, value) in row.iter().enumerate() {
        if let (Some(slot), Some(value)) = (program.layout.slot(type_id, field as u16), value) {
            let value = cell_value(value, facts);
            facts.set(node, slot, Cell { value, span: Span::default() });
        }
    }
    facts.population_mut(kind).members.push(node);
}

fn cell_value<'a>(value: &'a ParameterValue, facts: &mut Facts<'a>) -> CellValue<'a> {
    match value {
        ParameterValue::Bool(value) => CellValue::Bool(*value),
        ParameterValue::Int(value) => CellValue::Int(*value),
        ParameterValue::Text(value) => CellValue::Text(value),
        ParameterValue::Instant(value) => CellValue::Instant(*value),
        ParameterValue::Date(value) => CellValue::Date(*value),
        ParameterValue::Duration(value) => CellValue::Duration(*value),
        ParameterValue::Days(value) => CellValue::Days(*value),
        // No column has the type `months`: a table that names it is refused when it is loaded.
        ParameterValue::Months(_) => CellValue::Unknown(crate::facts::Cause::Invalid),
        ParameterValue::List(values) => {
            let cells: Vec<Cell<'a>> =
                values.iter().map(|value| Cell { value: cell_value(value, facts), span: Span::default() }).collect();
            CellValue::List(facts.push_list(&cells))
        }
        ParameterValue::Unset => CellValue::Absent,
    }
}
