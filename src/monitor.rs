//! The daily watch over everything that the QVI has issued.
//!
//! In: streams of registries and logs as they were fetched, what the cases of a year say, what GLEIF said about LEIs,
//! the times of the rule book, and now. Out: findings with their clocks; a hash-chained log of them, from which a run
//! that was killed goes on; logs of the LEI watch, which are evidence; what a receiver is to be told.
//!
//! This module must not know argv, sockets or clocks. Of the disk it touches the folder of its own logs only.

pub mod cases;
mod error;
pub mod evidence;
pub mod finding;
pub mod hook;
pub mod journal;
pub mod judge;
pub mod lei_log;
pub mod look;
pub mod registry;

pub use error::MonitorError;
