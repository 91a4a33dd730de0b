//! The evidence bundle: what is read, and what each kind of bad input gives.

mod author;
mod facts;
mod input;
mod judge;
mod limits;
mod patch;
mod sample;
mod source;
mod trust;
