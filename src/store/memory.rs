//! What an installation has seen, and must not be told otherwise later: serials and time only grow.

use rusqlite::{Connection, OptionalExtension, params};

use super::error::StoreError;
use super::open::{Store, refused};
use crate::primitives::Instant;

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

fn memory(connection: &Connection, path: &std::path::Path) -> Result<Memory, StoreError> {
    let value = |name: &str| {
        connection
            .query_row("SELECT value FROM memory WHERE name = ?", [name], |row| row.get::<_, String>(0))
            .optional()
            .map_err(|error| refused(path, &error))
    };
    fn parsed<T: std::str::FromStr>(value: Option<String>, path: &std::path::Path) -> Result<Option<T>, StoreError> {
        let damaged = |value: &str| StoreError::Damaged {
            path: path.to_owned(),
            reason: format!("`{value}` is nothing that is remembered"),
        };
        value.map(|value| value.parse().map_err(|_| damaged(&value))).transpose()
    }
    Ok(Memory {
        lock_serial: parsed(value(LOCK)?, path)?,
        trust_serial: parsed(value(TRUST)?, path)?,
        latest: parsed(value(LATEST)?, path)?,
    })
}
