//! `tables/*.yaml`: typed, dated lists that rules read like records.

use std::collections::HashSet;

use crate::expr;
use crate::expr::ast::TypeName;
use crate::source::{Fragment, Source, Span};

use super::Parsed;
use super::problem::Code;
use super::read::{Reader, did_you_mean};
use super::yaml::{Value, ValueKind};

/// A table.
#[derive(Debug, Clone)]
pub struct ParsedTable {
    /// The file.
    pub source: Source,
    /// Its id; expressions name its rows by the plural.
    pub table: Fragment,
    /// What it lists.
    pub title: Fragment,
    /// Where the list is from.
    pub cited: Fragment,
    /// Its columns with their types, as written.
    pub columns: Vec<(Fragment, Parsed<TypeName>)>,
    /// Its rows, as written.
    pub rows: Vec<ParsedRow>,
}

/// A row.
#[derive(Debug, Clone)]
pub struct ParsedRow {
    /// Where it stands.
    pub span: Span,
    /// The cells it fills; every one is of a column.
    pub cells: Vec<(Fragment, Value)>,
}

pub(super) const TABLE_KEYS: &[&str] = &["table", "title", "source", "columns", "rows"];

impl Reader<'_> {
    pub(super) fn table(&mut self, root: &Value) -> Option<ParsedTable> {
        let keys = self.keys(root, "a table", TABLE_KEYS)?;
        let table = self.required_line(&keys, "table");
        let title = self.required_line(&keys, "title");
        let cited = self.required_line(&keys, "source");
        let mut columns = Vec::new();
        if let Some(value) = self.required(&keys, "columns") {
            for (name, type_name) in self.entries(value, "`columns`") {
                let Some(text) = self.line(type_name, "the type of a column") else { continue };
                columns.push((name.clone(), self.parsed(text, expr::parse_type)));
            }
        }
        let names: Vec<&str> = columns.iter().map(|(name, _)| name.text.as_str()).collect();
        let known: HashSet<&str> = names.iter().copied().collect();
        let mut rows = Vec::new();
        let listed = self.required(&keys, "rows");
        for row in listed.map(|rows| self.list(rows, "`rows`")).unwrap_or_default() {
            let ValueKind::Map(cells) = &row.kind else {
                self.shape(row, "a row", "a mapping of columns to values");
                continue;
            };
            for (column, cell) in cells {
                if !known.contains(column.text.as_str()) {
                    let message = format!("unknown column `{}`", column.text);
                    let help =
                        did_you_mean(&column.text, &names).unwrap_or_else(|| format!("columns: {}", names.join(", ")));
                    self.problem(
                        Code::UnknownKey,
                        message,
                        Some(help),
                        vec![(column.whole, "not a column".to_owned())],
                    );
                }
                if cell.scalar().is_none_or(|scalar| scalar.is_null()) {
                    let message = format!("cell `{}` is {}", column.text, cell.in_words());
                    let help = Some("write one value, or leave the cell out".to_owned());
                    self.problem(Code::Shape, message, help, vec![(column.whole, "one value is expected".to_owned())]);
                }
            }
            rows.push(ParsedRow { span: row.span, cells: cells.clone() });
        }
        Some(ParsedTable { source: self.source.clone(), table, title, cited, columns, rows })
    }
}
