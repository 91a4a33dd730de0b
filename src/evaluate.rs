//! A program and facts, met: findings.
//!
//! In: a [`Program`](crate::compile::program::Program), the [`Facts`](crate::facts::Facts) of one
//! case, the instant to judge for, and the waivers. Out: one [`finding::RuleResult`] per rule and the
//! [`outcome::Verdict`]. Where the facts came from is not known here, and there is no clock: `as_of`
//! is an argument.

pub mod finding;
pub mod outcome;
