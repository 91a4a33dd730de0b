//! The evaluator's own tests, on programs and facts that are put together by hand: they say what each
//! operation means without the parser and the type checker between.

mod build;
mod clocks;
mod collections;
mod direct;
mod explanations;
mod operators;
mod outcomes;
mod properties;
mod waived;
