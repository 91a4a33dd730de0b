//! Proposals: the one event that a signer proposes for a place of a group's log, kept before the key signs it.
//!
//! They are no reservations: a reservation is of the event that the gate cleared for QAR2, with its decision. A signer
//! has at most one event at a place, whether as QAR1 or as QAR2.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::error::StoreError;
use super::open::{Store, refused};
use super::reserve::{self, count, damaged, number, parsed, text, two};
use crate::primitives::{Aid, Instant, Said, Sha256};

/// What is proposed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// The group whose log it is.
    pub group: Aid,
    /// The place in it.
    pub sn: u64,
    /// The event.
    pub said: Said,
    /// Whose key signs it.
    pub signer: Aid,
    /// The case it is for.
    pub case_id: String,
    /// Credential, registry event and event, without a signature: the dates and salts of the first run.
    pub stream: String,
    /// When.
    pub at: Instant,
}

/// A proposal as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposed {
    /// What was proposed.
    pub proposal: Proposal,
    /// The indexed signature, once there is one.
    pub signature: Option<String>,
    /// The records by which it was given up.
    pub abandoned_by: Option<[Sha256; 2]>,
}

const COLUMNS: &str = "grp, sn, said, signer, case_id, stream, reserved_at, signature, abandoned_by";

impl Store {
    /// Takes a place for the event that a signer proposes, or finds it taken by the same one.
    ///
    /// # Errors
    /// `taken`: the signer proposed another event, or QAR2 has one there; `given_up`: this one was given up.
    pub fn propose(&mut self, asked: &Proposal) -> Result<Proposed, StoreError> {
        self.change(|connection, path| {
            let Proposal { group, sn, said, signer, case_id, stream, at } = asked;
            if reserve::is_given_up(connection, path, group, *sn, said)? {
                return Err(StoreError::GivenUp { said: said.clone() });
            }
            if let Some(held) = reserve::at(connection, path, group, *sn)? {
                reserve::free(&held.reservation.said, group, *sn, said)?;
            }
            if let Some(held) = by(connection, path, group, *sn, signer)? {
                return reserve::free(&held.proposal.said, group, *sn, said).map(|()| held);
            }
            let (sn, at) = (number(path, *sn)?, at.to_string());
            connection
                .execute(
                    "INSERT INTO proposals (grp, sn, said, signer, case_id, stream, reserved_at) \
                     VALUES (?, ?, ?, ?, ?, ?, ?)",
                    params![group.as_str(), sn, said.as_str(), signer.as_str(), case_id, stream, at],
                )
                .map_err(|error| refused(path, &error))?;
            Ok(Proposed { proposal: asked.clone(), signature: None, abandoned_by: None })
        })
    }

    /// Keeps the signature of a proposal.
    ///
    /// # Errors
    /// `not_reserved`: there is none, or it was given up; `taken`.
    pub fn proposed(&mut self, proposal: &Proposal, signature: &str) -> Result<(), StoreError> {
        self.change(|connection, path| {
            let Proposal { group, sn, said, signer, .. } = proposal;
            let missing = || StoreError::NotReserved { group: group.clone(), sn: *sn, said: said.clone() };
            let held = by(connection, path, group, *sn, signer)?.ok_or_else(missing)?;
            reserve::free(&held.proposal.said, group, *sn, said)?;
            connection
                .execute(
                    "UPDATE proposals SET signature = ? WHERE grp = ? AND sn = ? AND signer = ? AND abandoned_by IS NULL",
                    params![signature, group.as_str(), number(path, *sn)?, signer.as_str()],
                )
                .map(|_| ())
                .map_err(|error| refused(path, &error))
        })
    }

    /// What a signer proposes for a place.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn proposal(&self, group: &Aid, sn: u64, signer: &Aid) -> Result<Option<Proposed>, StoreError> {
        by(self.connection(), self.path(), group, sn, signer)
    }

    /// All that was ever proposed, in the order in which it was.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn proposals(&self) -> Result<Vec<Proposed>, StoreError> {
        let refused = |error| self.refused(&error);
        let sql = format!("SELECT {COLUMNS} FROM proposals ORDER BY id");
        let mut statement = self.connection().prepare(&sql).map_err(refused)?;
        let rows = statement.query_map([], |row| Ok(read(row))).map_err(refused)?;
        rows.map(|row| row.map_err(refused)?.map_err(|reason| damaged(self.path(), reason))).collect()
    }
}

/// What a signer proposes for a place, unless it was given up.
pub(super) fn by(
    connection: &Connection,
    path: &Path,
    group: &Aid,
    sn: u64,
    signer: &Aid,
) -> Result<Option<Proposed>, StoreError> {
    let sql =
        format!("SELECT {COLUMNS} FROM proposals WHERE grp = ? AND sn = ? AND signer = ? AND abandoned_by IS NULL");
    let found = connection
        .query_row(&sql, params![group.as_str(), number(path, sn)?, signer.as_str()], |row| Ok(read(row)))
        .optional()
        .map_err(|error| refused(path, &error))?;
    found.transpose().map_err(|reason| damaged(path, reason))
}

/// Whether anybody proposes this event, and nobody gave it up.
pub(super) fn is_held(
    connection: &Connection,
    path: &Path,
    group: &Aid,
    sn: u64,
    said: &Said,
) -> Result<bool, StoreError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM proposals WHERE grp = ? AND sn = ? AND said = ? AND abandoned_by IS NULL)";
    connection
        .query_row(sql, params![group.as_str(), number(path, sn)?, said.as_str()], |row| row.get(0))
        .map_err(|error| refused(path, &error))
}

/// A row, checked like anything else that is read.
fn read(row: &Row<'_>) -> Result<Proposed, String> {
    let optional = |at: usize| row.get::<_, Option<String>>(at).map_err(|error| error.to_string());
    Ok(Proposed {
        proposal: Proposal {
            group: parsed(&text(row, 0)?)?,
            sn: count(row.get(1).map_err(|error| error.to_string())?)?,
            said: parsed(&text(row, 2)?)?,
            signer: parsed(&text(row, 3)?)?,
            case_id: text(row, 4)?,
            stream: text(row, 5)?,
            at: parsed(&text(row, 6)?)?,
        },
        signature: optional(7)?,
        abandoned_by: optional(8)?.map(|records| two(&records)).transpose()?,
    })
}
