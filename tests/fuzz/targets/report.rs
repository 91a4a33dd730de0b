//! Any bytes as a saved report.

#![no_main]

// The test suite uses more of them.
#[allow(dead_code)]
#[path = "../../it/fuzz/judge.rs"]
mod judge;
#[allow(dead_code)]
#[path = "../../it/fuzz/report.rs"]
mod report;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| report::Target.run(data));
