//! The integration tests, one binary: each area is a module, data lives beside the code it tests.

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr, missing_docs)]

mod architecture;
mod attack;
mod audit;
mod authoring;
mod bounds;
mod bundle;
mod case;
mod cli;
mod collect;
mod conformance;
mod docs;
mod evaluate;
mod fixture;
mod fuzz;
mod gate;
mod generate;
mod generated;
mod image;
mod keri;
#[cfg(unix)]
mod keys;
mod language;
mod lei;
mod limits;
mod lock;
mod many;
mod matrix;
mod monitor;
mod naive;
mod policies;
mod proposal;
#[cfg(unix)]
mod readme;
mod remake;
mod report;
mod schemas;
#[cfg(unix)]
mod walk;
