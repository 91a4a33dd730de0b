//! The index of cases: where each lies, and what it was last seen with.

use rusqlite::{OptionalExtension, Row, params};

use super::error::StoreError;
use super::open::{Store, refused};
use crate::primitives::{Instant, Sha256};

/// A case of the index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseRow {
    /// Its id.
    pub id: String,
    /// Its folder.
    pub folder: String,
    /// The digest of its sealed bundle, once it is sealed.
    pub bundle: Option<Sha256>,
    /// When it was last written here.
    pub updated_at: Instant,
}

const COLUMNS: &str = "id, folder, bundle, updated_at";

impl Store {
    /// Writes a case into the index, or writes it anew.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn put_case(&mut self, case: &CaseRow) -> Result<(), StoreError> {
        self.change(|connection, path| {
            let bundle = case.bundle.map(|bundle| bundle.to_string());
            connection
                .execute(
                    &format!("INSERT OR REPLACE INTO cases ({COLUMNS}) VALUES (?, ?, ?, ?)"),
                    params![case.id, case.folder, bundle, case.updated_at.to_string()],
                )
                .map(|_| ())
                .map_err(|error| refused(path, &error))
        })
    }

    /// A case by its id.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn case(&self, id: &str) -> Result<Option<CaseRow>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM cases WHERE id = ?");
        let found = self.connection().query_row(&sql, [id], |row| Ok(read(row))).optional();
        found.map_err(|error| self.refused(&error))?.transpose().map_err(|reason| self.unreadable(reason))
    }

    /// All cases, by id.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn cases(&self) -> Result<Vec<CaseRow>, StoreError> {
        let refused = |error| self.refused(&error);
        let sql = format!("SELECT {COLUMNS} FROM cases ORDER BY id");
        let mut statement = self.connection().prepare(&sql).map_err(refused)?;
        let rows = statement.query_map([], |row| Ok(read(row))).map_err(refused)?;
        rows.map(|row| row.map_err(refused)?.map_err(|reason| self.unreadable(reason))).collect()
    }

    fn unreadable(&self, reason: String) -> StoreError {
        StoreError::Damaged { path: self.path().to_owned(), reason }
    }
}

fn read(row: &Row<'_>) -> Result<CaseRow, String> {
    let text = |at: usize| row.get::<_, String>(at).map_err(|error| error.to_string());
    let bundle = row.get::<_, Option<String>>(2).map_err(|error| error.to_string())?;
    Ok(CaseRow {
        id: text(0)?,
        folder: text(1)?,
        bundle: bundle.map(|bundle| bundle.parse().map_err(|_| "a digest that is none")).transpose()?,
        updated_at: text(3)?.parse().map_err(|_| "an instant that is none")?,
    })
}
