//! Any bytes as a record, a manifest, a trust file, a lock.

#![no_main]

// The test suite uses more of them.
#[allow(dead_code)]
#[path = "../../it/fuzz/judge.rs"]
mod judge;
#[allow(dead_code)]
#[path = "../../it/fuzz/record.rs"]
mod record;

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;

static TARGET: LazyLock<record::Target> = LazyLock::new(|| record::Target::new());

fuzz_target!(init: { LazyLock::force(&TARGET); }, |data: &[u8]| TARGET.run(data));
