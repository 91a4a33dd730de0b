//! The store: an index of cases, and which event is reserved at which place of a group's log.
//!
//! In: cases, reservations, what a signature has reached. Out: the same, from whichever process wrote it: SQLite
//! in WAL mode, each change on the disk when its call returns. The files of a case are the case; this is an index.
//! A reservation is what keeps two different events from being signed at one place; what QAR1 signed is kept apart from
//! it, as a proposal.
//!
//! It must not know rules, keys or what is in a decision. A store that should be there and is not is never made
//! again.

mod cases;
pub mod error;
pub mod folder;
mod memory;
mod open;
mod propose;
mod reserve;
#[cfg(test)]
mod tests;

pub use cases::CaseRow;
pub use error::StoreError;
pub use memory::{Memory, SeenRow};
pub use open::Store;
pub use propose::{Proposal, Proposed};
pub use reserve::{Abandoned, Reservation, Reserved, State};
