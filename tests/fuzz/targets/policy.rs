//! Any text as a file of policies.

#![no_main]

// The test suite uses more of it.
#[allow(dead_code)]
#[path = "../../it/fuzz/policy.rs"]
mod policy;

use std::path::Path;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;

static TARGET: LazyLock<policy::Target> = LazyLock::new(|| policy::Target::new());

fn root() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fuzz_target!(init: { LazyLock::force(&TARGET); }, |data: &[u8]| TARGET.run(data));
