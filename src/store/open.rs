//! The file: made once, opened where it must be, never made again.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, MAIN_DB, OpenFlags, Transaction, TransactionBehavior};

use super::error::StoreError;
use crate::rehearsal;

/// Tells our files from other databases: `csig`.
const APPLICATION_ID: i64 = 0x6373_6967;
/// The version of the tables.
const VERSION: i64 = 3;
/// How long a command waits for another one.
const BUSY: Duration = Duration::from_secs(10);

/// At one place of a group's log there is at most one reservation that was not abandoned, and of each signer at most one
/// proposal.
const TABLES: &str = "
CREATE TABLE cases (
    id TEXT PRIMARY KEY,
    folder TEXT NOT NULL,
    bundle TEXT,
    updated_at TEXT NOT NULL
) STRICT;
CREATE TABLE reservations (
    id INTEGER PRIMARY KEY,
    grp TEXT NOT NULL,
    sn INTEGER NOT NULL,
    said TEXT NOT NULL,
    signer TEXT NOT NULL,
    case_id TEXT NOT NULL,
    draft TEXT NOT NULL,
    report TEXT NOT NULL,
    reserved_at TEXT NOT NULL,
    signature TEXT,
    decision TEXT,
    row_seq INTEGER,
    released INTEGER NOT NULL DEFAULT 0,
    abandoned_by TEXT
) STRICT;
CREATE UNIQUE INDEX one_event_at_a_place ON reservations (grp, sn) WHERE abandoned_by IS NULL;
CREATE TABLE proposals (
    id INTEGER PRIMARY KEY,
    grp TEXT NOT NULL,
    sn INTEGER NOT NULL,
    said TEXT NOT NULL,
    signer TEXT NOT NULL,
    case_id TEXT NOT NULL,
    stream TEXT NOT NULL,
    reserved_at TEXT NOT NULL,
    signature TEXT,
    abandoned_by TEXT
) STRICT;
CREATE UNIQUE INDEX one_proposal_of_a_signer ON proposals (grp, sn, signer) WHERE abandoned_by IS NULL;
CREATE TABLE memory (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;
";

/// The store of an installation.
#[derive(Debug)]
pub struct Store {
    path: PathBuf,
    connection: Connection,
}

impl Store {
    /// Makes the store, where there is none and never was one.
    ///
    /// # Errors
    /// `exists`, `database`.
    pub fn init(path: &Path) -> Result<Self, StoreError> {
        let failed = |error: io::Error| StoreError::Database { path: path.to_owned(), reason: error.to_string() };
        // Made under another name, so that no half-made store is ever at its place.
        let draft = path.with_extension(format!("{}.part", std::process::id()));
        // What a process of this number left when it was killed; it never counted.
        match fs::remove_file(&draft) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
            Ok(()) | Err(_) => {}
        }
        private(OpenOptions::new().write(true).create_new(true)).open(&draft).map_err(failed)?;
        let made = fill(path, &draft).and_then(|()| {
            // A link fails where something is already; a rename would replace it.
            fs::hard_link(&draft, path).map_err(|error| match error.kind() {
                io::ErrorKind::AlreadyExists => StoreError::Exists { path: path.to_owned() },
                _ => failed(error),
            })
        });
        // The link stays, or there is nothing to keep.
        let _ = fs::remove_file(&draft);
        made?;
        let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)?;
        Self::open(path, true)
    }

    /// Opens the store. `initialised` is what the trust file says: whether there must be one.
    ///
    /// # Errors
    /// `state_missing`, `not_initialised`: it is not made here; `foreign`, `newer_version`, `damaged`.
    pub fn open(path: &Path, initialised: bool) -> Result<Self, StoreError> {
        match fs::symlink_metadata(path) {
            Ok(metadata) if metadata.is_file() => {}
            Ok(_) => return Err(StoreError::Foreign { path: path.to_owned() }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let path = path.to_owned();
                return Err(match initialised {
                    true => StoreError::StateMissing { path },
                    false => StoreError::NotInitialised { path },
                });
            }
            Err(error) => {
                return Err(StoreError::Database { path: path.to_owned(), reason: error.to_string() });
            }
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).map_err(|error| refused(path, &error))?;
        let store = Self { path: path.to_owned(), connection };
        store.set_up()?;
        Ok(store)
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it may be read, and not written.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn is_read_only(&self) -> Result<bool, StoreError> {
        self.connection.is_readonly(MAIN_DB).map_err(|error| self.refused(&error))
    }

    /// Checks that the file is ours and whole, and sets how it is written.
    fn set_up(&self) -> Result<(), StoreError> {
        let refused = |error| self.refused(&error);
        self.connection.busy_timeout(BUSY).map_err(refused)?;
        let number = |name: &str| self.connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i64>(0));
        if number("application_id").map_err(refused)? != APPLICATION_ID {
            return Err(StoreError::Foreign { path: self.path.clone() });
        }
        let version = number("user_version").map_err(refused)?;
        if version != VERSION {
            return Err(StoreError::NewerVersion { path: self.path.clone(), version, known: VERSION });
        }
        durable(&self.connection).map_err(refused)?;
        let check: String =
            self.connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).map_err(refused)?;
        match check.as_str() {
            "ok" => Ok(()),
            _ => Err(self.damaged(check.lines().next().unwrap_or_default())),
        }
    }

    /// Runs a change as one transaction: all of it is on the disk when this returns, or nothing.
    pub(super) fn change<T, E: From<StoreError>>(
        &mut self,
        act: impl FnOnce(&Transaction<'_>, &Path) -> Result<T, E>,
    ) -> Result<T, E> {
        let path = self.path.clone();
        // The lock is taken at the beginning: what is read is then still true when it is written.
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(|error| super::open::refused(&path, &error))?;
        let done = act(&transaction, &path)?;
        rehearsal::reach("store/uncommitted")
            .map_err(|error| StoreError::Database { path: path.clone(), reason: error.to_string() })?;
        transaction.commit().map_err(|error| refused(&path, &error))?;
        Ok(done)
    }

    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    pub(super) fn refused(&self, error: &rusqlite::Error) -> StoreError {
        refused(&self.path, error)
    }

    fn damaged(&self, reason: &str) -> StoreError {
        StoreError::Damaged { path: self.path.clone(), reason: reason.to_owned() }
    }
}

/// What a refusal of the database means.
pub(super) fn refused(path: &Path, error: &rusqlite::Error) -> StoreError {
    let path = path.to_owned();
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Busy { path },
        Some(ErrorCode::NotADatabase) => StoreError::Foreign { path },
        Some(ErrorCode::DatabaseCorrupt) => StoreError::Damaged { path, reason: error.to_string() },
        _ => StoreError::Database { path, reason: error.to_string() },
    }
}

/// A change is on the disk when it is committed, not when the system finds the time.
fn durable(connection: &Connection) -> rusqlite::Result<()> {
    connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
    connection.execute_batch("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;")
}

fn fill(path: &Path, draft: &Path) -> Result<(), StoreError> {
    let refused = |error: rusqlite::Error| refused(path, &error);
    let connection = Connection::open_with_flags(draft, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(refused)?;
    connection.execute_batch("PRAGMA synchronous = FULL;").map_err(refused)?;
    let marks = format!("PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {VERSION};");
    connection.execute_batch(&format!("BEGIN IMMEDIATE;{TABLES}{marks}COMMIT;")).map_err(refused)?;
    connection.close().map_err(|(_, error)| refused(error))
}

#[cfg(unix)]
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    use std::os::unix::fs::OpenOptionsExt;
    options.mode(0o600)
}

#[cfg(not(unix))]
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}
