//! The ledger: what was decided, in an order that nobody can change unseen.
//!
//! In: entries. Out: rows of an append-only file, each with the hash of the one before, and the RFC 9162 tree over
//! them: its root stands in checkpoints, from which inclusion and consistency are proven. A row names digests, never
//! people or entities.
//!
//! It must not know what was decided or why; time is an argument.

pub mod error;
mod file;
mod note;
mod row;
#[cfg(test)]
mod tests;
pub mod tree;

pub use error::LedgerError;
pub use file::{Appended, Ledger, Scanned, Torn, scan};
pub use note::{Checkpoint, Extensions, SignedCheckpoint};
pub use row::{Entry, Kind, Row, practised};
