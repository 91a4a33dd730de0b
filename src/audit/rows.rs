//! The ledger as an audit asks it: which row is about a payload.
//!
//! In: the ledger's file. Out: [`Rows`]: verified whole, row by row, with a table on the disk in place of the rows.

use std::path::Path;

use super::error::AuditError;
use super::lookup::{Builder, Lookup};
use crate::ledger::{Kind, LedgerError, Row, Scanned, scan};
use crate::primitives::{Instant, Sha256};
use crate::report::audit::LedgerEntry;

/// The rows of a ledger.
#[derive(Debug)]
pub struct Rows {
    whole: Scanned,
    /// Number, kind and instant of a row, by its payload.
    table: Lookup,
}

/// A row that is about a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decided {
    /// The number of the row.
    pub seq: u64,
    /// When.
    pub at: Instant,
}

impl Rows {
    /// Reads a ledger. `folder`: where the table is made.
    ///
    /// # Errors
    /// The first line that is not what the line before it demands; of the folder.
    pub fn read(path: &Path, folder: &Path) -> Result<Self, AuditError> {
        let mut table = Builder::new(Some(folder), "rows").map_err(AuditError::write(folder))?;
        let whole = scan(path, |row: Row| {
            let line = format!("{} {} {}", row.seq, row.entry.kind, row.entry.at);
            table.push(row.entry.payload, line.as_bytes()).map_err(AuditError::write(folder))
        })?;
        Ok(Self { whole, table: table.finish().map_err(AuditError::write(folder))? })
    }

    /// The ledger begins as the trust file says.
    ///
    /// # Errors
    /// `another_genesis`.
    pub fn begins_with(&self, genesis: &Sha256) -> Result<(), LedgerError> {
        self.whole.begins_with(genesis)
    }

    /// As a report names it.
    pub fn entry(&self) -> LedgerEntry {
        let Scanned { genesis, size, root, .. } = self.whole;
        LedgerEntry { genesis, size, root }
    }

    /// The first row about a payload, if it is a decision.
    ///
    /// # Errors
    /// `unreadable`: the table.
    pub fn decision(&self, payload: &Sha256) -> Result<Option<Decided>, AuditError> {
        let unreadable = |source| AuditError::unreadable(Path::new("rows"))(source);
        let Some(line) = self.table.find(payload).map_err(unreadable)? else { return Ok(None) };
        let text = String::from_utf8_lossy(&line);
        let parts: Vec<&str> = text.split(' ').collect();
        let read = match parts[..] {
            [seq, kind, at] => seq.parse().ok().zip(kind.parse::<Kind>().ok()).zip(at.parse().ok()),
            _ => None,
        };
        let ((seq, kind), at) = read.ok_or_else(|| unreadable(std::io::Error::other("it is no row")))?;
        Ok((kind == Kind::Decision).then_some(Decided { seq, at }))
    }
}
