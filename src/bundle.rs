//! The evidence bundle: files to checked records.
//!
//! In: a folder, a tar file, or files in memory. Out: a [`Snapshot`] (all bytes, hashed while they
//! are read), its [`Manifest`](manifest::Manifest), and a [`Reader`](reader::Reader) that turns a
//! record's bytes into cells of the fact table in one pass guided by the schemas. Whatever is wrong is
//! a [`Problem`] and never a panic.
//! This module must not know KERI, policies, the clock or the network.

mod archive;
pub mod author;
pub mod error;
mod intake;
pub mod json;
pub mod limits;
pub mod manifest;
pub mod pack;
pub mod patch;
pub mod place;
pub mod problem;
pub mod reader;
pub mod signed;
pub mod snapshot;
mod walk;

pub use error::BundleError;
pub use limits::Limits;
pub use problem::{Code, FileRule, Problem};
pub use snapshot::{Area, FileState, Form, Snapshot};
