//! The daily watch, as the command runs it: roots of fixtures, days that pass, crashes, receivers that fail.

mod crash;
mod hook;
mod lei;
mod log;
mod registry;
mod root;
