//! countersign: policy-as-code for the vLEI.
//!
//! Governance-framework rules are YAML policies; [`compile`] turns them into a typed program,
//! `collect` turns an evidence bundle into facts, [`evaluate`] meets the two, and [`report`]
//! says what holds, what does not, and why. `check` is the one place that runs them in order.
//!
//! ```text
//! policies/*.yaml ──> policy ──> compile ──┐
//!                                          ├──> evaluate ──> report
//! bundle ──> bundle ──> collect ───────────┘
//! ```
//!
//! Bytes, time and keys enter at the edges (`cli`, `fetch`); everything between maps values to
//! values. `ARCHITECTURE.md` has the table of allowed edges, and a test holds it.

pub mod audit;
pub mod bundle;
pub mod case;
pub mod check;
pub mod cli;
pub mod collect;
pub mod compile;
pub mod evaluate;
pub mod expr;
pub mod facts;
pub mod fetch;
pub mod gate;
pub mod gleif;
pub mod keri;
pub mod keystore;
pub mod ledger;
pub mod lock;
pub mod meter;
pub mod monitor;
pub mod policy;
pub mod primitives;
pub mod proposal;
mod rehearsal;
pub mod report;
pub mod sign;
pub mod source;
pub mod state;
pub mod store;
pub mod terms;
pub mod trust;
pub mod year;
