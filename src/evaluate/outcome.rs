//! Outcomes and verdicts, as [`terms`](crate::terms) defines them.

pub use crate::terms::{EXIT_ERROR, EXIT_REFUSED, FailOn, Outcome, Verdict};
