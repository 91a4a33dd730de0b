//! Policies and fact types, met: a typed program.
//!
//! In: parsed policies (`policy`) and the fact schema. Out: a [`program::Program`], or every problem
//! of every file at once. What it takes no part in: bundles, KERI, evidence, clocks.

mod check;
mod codes;
mod emit;
mod names;
mod problem;
pub mod program;
mod types;

pub use codes::{CodeRow, codes};
