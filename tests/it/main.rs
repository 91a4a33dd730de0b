//! The integration tests, one binary: each area is a module, data lives beside the code it tests.

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr, missing_docs)]

mod architecture;
mod attack;
mod authoring;
mod bounds;
mod bundle;
mod case;
mod cli;
mod collect;
mod conformance;
mod evaluate;
mod fixture;
mod fuzz;
mod gate;
mod generated;
mod image;
mod keri;
mod keys;
mod language;
mod lei;
mod limits;
mod lock;
mod many;
mod matrix;
mod naive;
mod policies;
mod proposal;
mod readme;
mod remake;
mod report;
mod schemas;
mod walk;
