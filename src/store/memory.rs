//! What an installation has seen, and must not be told otherwise later: serials and time only grow.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension, params};

use super::error::StoreError;
use super::open::{Store, refused};
use crate::primitives::{Instant, Sha256};

/// What was seen so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Memory {
    /// The highest serial of a policy lock.
    pub lock_serial: Option<u64>,
    /// The highest serial of the trust file.
    pub trust_serial: Option<u64>,
    /// The latest moment.
    pub latest: Option<Instant>,
}

/// The last row of the ledger that was seen, and in which ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeenRow {
    /// Hash of the ledger's first row.
    pub genesis: Sha256,
    /// Its number.
    pub seq: u64,
    /// Its hash, which stands for all rows before it.
    pub hash: Sha256,
}

const LEDGER: &str = "ledger";
const LOCK: &str = "lock_serial";
const TRUST: &str = "trust_serial";
const LATEST: &str = "latest";

impl Store {
    /// What was seen so far.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn memory(&self) -> Result<Memory, StoreError> {
        memory(self.connection(), self.path())
    }

    /// The last row of the ledger that was seen.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn seen_row(&self) -> Result<Option<SeenRow>, StoreError> {
        seen_row(self.connection(), self.path())
    }

    /// Remembers a row of the ledger, unless a later one of the same ledger was seen.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn saw_row(&mut self, row: &SeenRow) -> Result<(), StoreError> {
        self.change(|connection, path| {
            let held = seen_row(connection, path)?;
            if held.is_some_and(|held| held.genesis == row.genesis && held.seq > row.seq) {
                return Ok(());
            }
            let value = format!("{} {} {}", row.genesis, row.seq, row.hash);
            connection
                .execute("INSERT OR REPLACE INTO memory (name, value) VALUES (?, ?)", params![LEDGER, value])
                .map(|_| ())
                .map_err(|error| refused(path, &error))
        })
    }

    /// Remembers what is seen now. Absent members say nothing. `skew` is how far the clock may run behind.
    ///
    /// # Errors
    /// `rollback`: a serial or the time is before what was seen; nothing is remembered then.
    pub fn remember(&mut self, seen: &Memory, skew: crate::primitives::Duration) -> Result<Memory, StoreError> {
        self.change(|connection, path| {
            let held = memory(connection, path)?;
            let lock_serial = raised("policy lock's serial", held.lock_serial, seen.lock_serial)?;
            let trust_serial = raised("trust file's serial", held.trust_serial, seen.trust_serial)?;
            let behind = |held: &Instant| {
                seen.latest.is_some_and(|now| now.checked_add(skew).is_none_or(|latest| latest < *held))
            };
            if let (Some(held), Some(asked)) = (held.latest.filter(behind), seen.latest) {
                let (asked, held) = (asked.to_string(), held.to_string());
                return Err(StoreError::Rollback { what: "time", asked, held });
            }
            let latest = held.latest.max(seen.latest);
            let values = [
                (LOCK, lock_serial.map(|serial| serial.to_string())),
                (TRUST, trust_serial.map(|serial| serial.to_string())),
                (LATEST, latest.map(|latest| latest.to_string())),
            ];
            for (name, value) in values {
                if let Some(value) = value {
                    connection
                        .execute("INSERT OR REPLACE INTO memory (name, value) VALUES (?, ?)", params![name, value])
                        .map_err(|error| refused(path, &error))?;
                }
            }
            Ok(Memory { lock_serial, trust_serial, latest })
        })
    }
}

fn raised(what: &'static str, held: Option<u64>, asked: Option<u64>) -> Result<Option<u64>, StoreError> {
    match (held, asked) {
        (Some(held), Some(asked)) if asked < held => {
            Err(StoreError::Rollback { what, asked: asked.to_string(), held: held.to_string() })
        }
        (held, asked) => Ok(asked.or(held)),
    }
}

fn value(connection: &Connection, path: &Path, name: &str) -> Result<Option<String>, StoreError> {
    connection
        .query_row("SELECT value FROM memory WHERE name = ?", [name], |row| row.get::<_, String>(0))
        .optional()
        .map_err(|error| refused(path, &error))
}

fn damaged(path: &Path, value: &str) -> StoreError {
    StoreError::Damaged { path: path.to_owned(), reason: format!("`{value}` is nothing that is remembered") }
}

fn seen_row(connection: &Connection, path: &Path) -> Result<Option<SeenRow>, StoreError> {
    let Some(text) = value(connection, path, LEDGER)? else { return Ok(None) };
    let row = match text.split(' ').collect::<Vec<_>>().as_slice() {
        [genesis, seq, hash] => match (genesis.parse(), seq.parse(), hash.parse()) {
            (Ok(genesis), Ok(seq), Ok(hash)) => Some(SeenRow { genesis, seq, hash }),
            (_, _, _) => None,
        },
        _ => None,
    };
    row.map(Some).ok_or_else(|| damaged(path, &text))
}

fn memory(connection: &Connection, path: &Path) -> Result<Memory, StoreError> {
    let value = |name: &str| value(connection, path, name);
    fn parsed<T: std::str::FromStr>(value: Option<String>, path: &Path) -> Result<Option<T>, StoreError> {
        value.map(|value| value.parse().map_err(|_| damaged(path, &value))).transpose()
    }
    Ok(Memory {
        lock_serial: parsed(value(LOCK)?, path)?,
        trust_serial: parsed(value(TRUST)?, path)?,
        latest: parsed(value(LATEST)?, path)?,
    })
}
