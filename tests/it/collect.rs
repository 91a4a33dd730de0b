//! What streams and signatures of a case prove, as the facts that rules read.
//!
//! The reference case is as its story says, with nothing that does not hold. Then one thing is spoiled, and
//! the facts say which.

mod facts;
mod ruled;
mod spoiled;
mod story;
