//! Many cases: a year judged case by case, and against the registries' own logs.
//!
//! In: the folder of a year, what the registries' logs prove, the ledger, and the rule book. Out: a journal of judged
//! cases on the disk, from which an interrupted run goes on, and an [`AuditDocument`](crate::report::audit::AuditDocument)
//! with what no single case can show: the population comes from the logs, never from the folders.
//!
//! A case is in memory only while it is judged; what is asked for by each, and what has to be compared across the
//! year, is on the disk.
//! It must not know argv, formats, terminals or the clock.

pub mod code;
mod conclude;
pub mod error;
pub mod journal;
mod judge;
mod lookup;
pub mod pack;
mod people;
pub mod population;
mod rows;
mod sample;
mod sorter;
pub mod traces;
pub mod verify;
pub mod year;

use std::path::Path;
use std::sync::Arc;

use crate::check::Options;
use crate::compile::program::Program;
use crate::keri::signature::Memory;
use crate::primitives::{Date, Instant};
use crate::trust::Trust;

pub use code::Code;
pub use conclude::conclude;
pub use error::AuditError;
pub use journal::{Journal, Row};
pub use judge::{judge, stamp};
pub use population::Registries;
pub use rows::Rows;
pub use sample::{Draw, METHOD};

/// The days of an audit, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// First day.
    pub from: Date,
    /// Last day.
    pub to: Date,
}

impl Period {
    /// Whether a moment is in it.
    pub fn holds(&self, at: Instant) -> bool {
        (self.from..=self.to).contains(&at.date())
    }
}

impl std::str::FromStr for Period {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refused = || format!("`{text}` is not FROM..TO with two days, such as 2026-01-01..2026-12-31");
        let (from, to) = text.split_once("..").ok_or_else(refused)?;
        let (from, to) = (from.parse::<Date>().map_err(|_| refused())?, to.parse::<Date>().map_err(|_| refused())?);
        if to < from {
            return Err(format!("`{text}` ends before it begins"));
        }
        Ok(Self { from, to })
    }
}

/// What all cases are judged with.
pub struct Question<'q> {
    /// The rule book.
    pub program: &'q Program,
    /// The installation's trust.
    pub trust: &'q Trust,
    /// The folder of cases.
    pub cases: &'q Path,
    /// The days.
    pub period: Period,
    /// The moment of the audit.
    pub as_of: Instant,
    /// What the registries prove.
    pub registries: &'q Registries,
    /// The ledger.
    pub ledger: Option<&'q Rows>,
    /// Profile and parameters; its as-of is that of the audit.
    pub options: Options,
    /// Signatures that held in other cases.
    pub memory: Arc<Memory>,
    /// Cases for people to read.
    pub draw: Option<Draw>,
    /// Whether to keep what others need to check a judgement again.
    pub keep_judgements: bool,
}
