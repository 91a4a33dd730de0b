//! Facts: what rules may read, and what was read.
//!
//! [`schema`] says which facts exist and of which type; it is the contract between policies and
//! evidence. [`table`] holds the facts of one case: flat cells that borrow from the bytes they were
//! read from, each with its place in the file.
//! This module must not know bundles, KERI or policies.

pub mod error;
pub mod fault;
pub mod schema;
pub mod table;
pub mod threshold;

pub use fault::Fault;
pub use table::{Cause, Cell, CellValue, Facts, FileId, List, NodeId, Population};
