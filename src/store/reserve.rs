//! Reservations: one event at one place of a group's log, and how far its signature has come.
//!
//! A crash can come between any two steps. Each step is one transaction and can be made again with the same
//! content, so that the next run reads where it was and goes on.

use std::fmt;
use std::path::Path;

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::error::StoreError;
use super::open::{Store, refused};
use super::propose;
use crate::primitives::{Aid, Instant, Said, Sha256};

/// What is reserved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reservation {
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
    /// The decision as it will be signed.
    pub draft: String,
    /// The report that it names.
    pub report: String,
    /// When.
    pub at: Instant,
}

/// How far a reserved event has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// Its place is taken; no key was opened.
    Reserved,
    /// The event is signed, and the signature kept here alone.
    Signed,
    /// The decision is signed and kept as well.
    Decided,
    /// The ledger has its row.
    Logged,
    /// The signature was given out.
    Released,
    /// Both QARs gave it up.
    Abandoned,
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Reserved => "reserved",
            Self::Signed => "signed",
            Self::Decided => "decided",
            Self::Logged => "logged",
            Self::Released => "released",
            Self::Abandoned => "abandoned",
        })
    }
}

/// A reservation as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reserved {
    /// What was reserved, by whoever was first.
    pub reservation: Reservation,
    /// The indexed signature, once there is one.
    pub signature: Option<String>,
    /// The decision in its envelope, once there is one.
    pub decision: Option<String>,
    /// The ledger's row, once there is one.
    pub row_seq: Option<u64>,
    /// How far it has come.
    pub state: State,
    /// The records by which it was given up.
    pub abandoned_by: Option<[Sha256; 2]>,
}

const COLUMNS: &str =
    "grp, sn, said, case_id, draft, reserved_at, signature, decision, row_seq, released, abandoned_by, report, signer";

impl Store {
    /// Takes the place of an event, or finds it taken by the same one. Once that is signed, it stays with what was
    /// reserved then; before, what is asked for now takes the place: nothing was signed for the older decision.
    ///
    /// # Errors
    /// `taken`: another event has the place, or this signer proposed another one for it; `given_up`: this one was given
    /// up.
    pub fn reserve(&mut self, asked: &Reservation) -> Result<Reserved, StoreError> {
        self.change(|connection, path| {
            let Reservation { group, sn, said, signer, case_id, draft, report, at: when } = asked;
            if is_given_up(connection, path, group, *sn, said)? {
                return Err(StoreError::GivenUp { said: said.clone() });
            }
            // Whoever is QAR1 of one case may be QAR2 of another, with the same key.
            if let Some(held) = propose::by(connection, path, group, *sn, signer)? {
                free(&held.proposal.said, group, *sn, said)?;
            }
            if let Some(held) = at(connection, path, group, *sn)? {
                let held = same(held, group, *sn, said)?;
                if held.state != State::Reserved {
                    return Ok(held);
                }
                connection
                    .execute(
                        "DELETE FROM reservations WHERE grp = ? AND sn = ? AND abandoned_by IS NULL",
                        params![group.as_str(), number(path, *sn)?],
                    )
                    .map_err(|error| refused(path, &error))?;
            }
            let when = when.to_string();
            connection
                .execute(
                    "INSERT INTO reservations (grp, sn, said, signer, case_id, draft, report, reserved_at) \
                     VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                    params![
                        group.as_str(),
                        number(path, *sn)?,
                        said.as_str(),
                        signer.as_str(),
                        case_id,
                        draft,
                        report,
                        when
                    ],
                )
                .map_err(|error| refused(path, &error))?;
            Ok(Reserved {
                reservation: asked.clone(),
                signature: None,
                decision: None,
                row_seq: None,
                state: State::Reserved,
                abandoned_by: None,
            })
        })
    }

    /// What stands at a place. What was signed stays there, also when it is abandoned.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn reservation(&self, group: &Aid, sn: u64) -> Result<Option<Reserved>, StoreError> {
        at(self.connection(), self.path(), group, sn)
    }

    /// All that was reserved and neither released nor abandoned: what the next run has to finish or give up.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn unfinished(&self) -> Result<Vec<Reserved>, StoreError> {
        self.rows("abandoned_by IS NULL AND released = 0")
    }

    /// All that was ever reserved, in the order in which it was.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn history(&self) -> Result<Vec<Reserved>, StoreError> {
        self.rows("TRUE")
    }

    /// Keeps the signature of a reserved event.
    ///
    /// # Errors
    /// `not_reserved`, `taken`; `step`: there is another signature.
    pub fn signed(&mut self, group: &Aid, sn: u64, said: &Said, signature: &str) -> Result<Reserved, StoreError> {
        self.step(group, sn, said, State::Signed, |held| match &held.signature {
            None => Some(("signature = ?1", signature.to_owned().into())),
            Some(kept) if kept == signature => Some(("signature = ?1", signature.to_owned().into())),
            Some(_) => None,
        })
    }

    /// Keeps the signed decision about a signed event.
    ///
    /// # Errors
    /// `not_reserved`, `taken`; `step`: it is not signed, or there is another decision.
    pub fn decided(&mut self, group: &Aid, sn: u64, said: &Said, decision: &str) -> Result<Reserved, StoreError> {
        self.step(group, sn, said, State::Decided, |held| {
            let fits = held.decision.as_deref().is_none_or(|kept| kept == decision);
            (held.signature.is_some() && fits).then(|| ("decision = ?1", decision.to_owned().into()))
        })
    }

    /// Keeps the number of the ledger's row about a decided event.
    ///
    /// # Errors
    /// `not_reserved`, `taken`; `step`: it is not decided, or another row is about it.
    pub fn logged(&mut self, group: &Aid, sn: u64, said: &Said, row: u64) -> Result<Reserved, StoreError> {
        let seq = number(self.path(), row)?;
        self.step(group, sn, said, State::Logged, |held| {
            let fits = held.row_seq.is_none_or(|kept| kept == row);
            (held.decision.is_some() && fits).then(|| ("row_seq = ?1", seq.into()))
        })
    }

    /// Notes that the signature of a logged event was given out.
    ///
    /// # Errors
    /// `not_reserved`, `taken`; `step`: it is not logged.
    pub fn released(&mut self, group: &Aid, sn: u64, said: &Said) -> Result<Reserved, StoreError> {
        self.step(group, sn, said, State::Released, |held| {
            held.row_seq.is_some().then(|| ("released = ?1", 1i64.into()))
        })
    }

    /// Gives a place up by the records of both QARs. That they are such records, and that the live log shows the
    /// place free, is for the gate to have checked. `enter` tells others of it, while nobody can sign the event: what it
    /// tells is still so then.
    ///
    /// # Errors
    /// `not_reserved`, `taken`; `one_record`: the same one twice; `signed_meanwhile`: it is signed by now, or was not
    /// when it was said to be; or what `enter` says.
    pub fn abandon<T, E: From<StoreError>>(
        &mut self,
        given_up: &Abandoned<'_>,
        enter: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        let Abandoned { group, sn, said, records: [one, other], is_signed } = *given_up;
        if one == other {
            return Err(StoreError::OneRecord { said: said.clone() }.into());
        }
        self.change(|connection, path| {
            let held = at(connection, path, group, sn)?;
            let held = held.map(|held| same(held, group, sn, said)).transpose()?;
            let before = is_given_up(connection, path, group, sn, said)?;
            if held.is_none() && !before && !propose::is_held(connection, path, group, sn, said)? {
                return Err(StoreError::NotReserved { group: group.clone(), sn, said: said.clone() }.into());
            }
            if held.is_some_and(|held| held.signature.is_some()) != is_signed {
                return Err(StoreError::SignedMeanwhile { said: said.clone() }.into());
            }
            let entered = enter()?;
            for table in ["reservations", "proposals"] {
                connection
                    .execute(
                        &format!(
                            "UPDATE {table} SET abandoned_by = ?1 \
                             WHERE grp = ?2 AND sn = ?3 AND said = ?4 AND abandoned_by IS NULL"
                        ),
                        params![format!("{one} {other}"), group.as_str(), number(path, sn)?, said.as_str()],
                    )
                    .map_err(|error| refused(path, &error))?;
            }
            Ok(entered)
        })
    }

    /// One step of one reservation, as one transaction.
    fn step(
        &mut self,
        group: &Aid,
        sn: u64,
        said: &Said,
        asked: State,
        change: impl FnOnce(&Reserved) -> Option<(&'static str, rusqlite::types::Value)>,
    ) -> Result<Reserved, StoreError> {
        self.change(|connection, path| {
            let missing = || StoreError::NotReserved { group: group.clone(), sn, said: said.clone() };
            let held = at(connection, path, group, sn)?.ok_or_else(missing)?;
            let held = same(held, group, sn, said)?;
            let (set, value) =
                change(&held).ok_or_else(|| StoreError::Step { said: said.clone(), state: held.state, asked })?;
            connection
                .execute(
                    &format!("UPDATE reservations SET {set} WHERE grp = ?2 AND sn = ?3 AND abandoned_by IS NULL"),
                    params![value, group.as_str(), number(path, sn)?],
                )
                .map_err(|error| refused(path, &error))?;
            // An abandoned row is not found at its place any more.
            Ok(at(connection, path, group, sn)?.unwrap_or(Reserved { state: State::Abandoned, ..held }))
        })
    }

    fn rows(&self, which: &str) -> Result<Vec<Reserved>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM reservations WHERE {which} ORDER BY id");
        let refused = |error| self.refused(&error);
        let mut statement = self.connection().prepare(&sql).map_err(refused)?;
        let rows = statement.query_map([], |row| Ok(read(row))).map_err(refused)?;
        rows.map(|row| row.map_err(refused)?.map_err(|reason| damaged(self.path(), reason))).collect()
    }
}

/// A place that is given up.
#[derive(Debug, Clone, Copy)]
pub struct Abandoned<'a> {
    /// The group whose log it is.
    pub group: &'a Aid,
    /// The place in it.
    pub sn: u64,
    /// The event.
    pub said: &'a Said,
    /// The records of both QARs.
    pub records: [Sha256; 2],
    /// Whether the event was found to be signed by QAR2.
    pub is_signed: bool,
}

pub(super) fn at(connection: &Connection, path: &Path, group: &Aid, sn: u64) -> Result<Option<Reserved>, StoreError> {
    // A signature may be with anybody: where one was made, no other event is signed, whoever gave it up.
    let holds = "(abandoned_by IS NULL OR signature IS NOT NULL)";
    let sql = format!("SELECT {COLUMNS} FROM reservations WHERE grp = ? AND sn = ? AND {holds} ORDER BY id DESC");
    let found = connection
        .query_row(&sql, params![group.as_str(), number(path, sn)?], |row| Ok(read(row)))
        .optional()
        .map_err(|error| refused(path, &error))?;
    found.transpose().map_err(|reason| damaged(path, reason))
}

/// Whether both QARs gave an event up, wherever it had come to.
pub(super) fn is_given_up(
    connection: &Connection,
    path: &Path,
    group: &Aid,
    sn: u64,
    said: &Said,
) -> Result<bool, StoreError> {
    let one = |table: &str| {
        format!("SELECT 1 FROM {table} WHERE grp = ?1 AND sn = ?2 AND said = ?3 AND abandoned_by IS NOT NULL")
    };
    let sql = format!("SELECT EXISTS ({} UNION {})", one("reservations"), one("proposals"));
    connection
        .query_row(&sql, params![group.as_str(), number(path, sn)?, said.as_str()], |row| row.get(0))
        .map_err(|error| refused(path, &error))
}

fn same(held: Reserved, group: &Aid, sn: u64, asked: &Said) -> Result<Reserved, StoreError> {
    free(&held.reservation.said, group, sn, asked).map(|()| held)
}

/// What is held at a place is what is asked for.
pub(super) fn free(held: &Said, group: &Aid, sn: u64, asked: &Said) -> Result<(), StoreError> {
    if held == asked {
        return Ok(());
    }
    Err(StoreError::Taken { group: group.clone(), sn, held: held.clone(), asked: asked.clone() })
}

pub(super) fn damaged(path: &Path, reason: String) -> StoreError {
    StoreError::Damaged { path: path.to_owned(), reason }
}

/// SQLite counts to 2^63-1.
pub(super) fn number(path: &Path, number: u64) -> Result<i64, StoreError> {
    i64::try_from(number).map_err(|_| StoreError::Database {
        path: path.to_owned(),
        reason: format!("{number} is beyond what can be stored"),
    })
}

pub(super) fn text(row: &Row<'_>, at: usize) -> Result<String, String> {
    row.get(at).map_err(|error| error.to_string())
}

pub(super) fn parsed<T: std::str::FromStr<Err: fmt::Display>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|error: T::Err| error.to_string())
}

pub(super) fn count(number: i64) -> Result<u64, String> {
    u64::try_from(number).map_err(|_| format!("{number} is no count"))
}

/// The digests of two records.
pub(super) fn two(records: &str) -> Result<[Sha256; 2], String> {
    let (one, other) = records.split_once(' ').ok_or("an abandonment without two records")?;
    Ok([parsed(one)?, parsed(other)?])
}

/// A row, checked like anything else that is read.
fn read(row: &Row<'_>) -> Result<Reserved, String> {
    let optional = |at: usize| row.get::<_, Option<String>>(at).map_err(|error| error.to_string());
    let sn = count(row.get(1).map_err(|error| error.to_string())?)?;
    let (signature, decision) = (optional(6)?, optional(7)?);
    let row_seq = row.get::<_, Option<i64>>(8).map_err(|error| error.to_string())?.map(count).transpose()?;
    let released: i64 = row.get(9).map_err(|error| error.to_string())?;
    let abandoned_by = optional(10)?.map(|records| two(&records)).transpose()?;
    let state = match (&abandoned_by, released, row_seq, &decision, &signature) {
        (Some(_), ..) => State::Abandoned,
        (None, 1, Some(_), Some(_), Some(_)) => State::Released,
        (None, 0, Some(_), Some(_), Some(_)) => State::Logged,
        (None, 0, None, Some(_), Some(_)) => State::Decided,
        (None, 0, None, None, Some(_)) => State::Signed,
        (None, 0, None, None, None) => State::Reserved,
        (None, ..) => return Err("a reservation skipped a step".to_owned()),
    };
    Ok(Reserved {
        reservation: Reservation {
            group: parsed(&text(row, 0)?)?,
            sn,
            said: parsed(&text(row, 2)?)?,
            signer: parsed(&text(row, 12)?)?,
            case_id: text(row, 3)?,
            draft: text(row, 4)?,
            report: text(row, 11)?,
            at: parsed(&text(row, 5)?)?,
        },
        signature,
        decision,
        row_seq,
        state,
        abandoned_by,
    })
}
