//! Any text as a file of policies.

#![no_main]

// The test suite uses more of it.
#[allow(dead_code)]
#[path = "../../it/fuzz/policy.rs"]
mod policy;

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;

static TARGET: LazyLock<policy::Target> = LazyLock::new(|| policy::Target::new());

fuzz_target!(init: { LazyLock::force(&TARGET); }, |data: &[u8]| TARGET.run(data));
