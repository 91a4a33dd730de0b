//! The daily watch, as the command runs it: roots of fixtures, days that pass, crashes, receivers that fail.

mod crash;
mod hook;
mod lei;
mod log;
mod registry;
mod root;

/// Where a watch is killed.
pub const PLACES: [&str; 5] = ["monitor/half", "monitor/draft", "monitor/log", "monitor/looked", "monitor/sent"];
