//! Any bytes as a saved report.

#![no_main]

// The test suite uses more of it.
#[allow(dead_code)]
#[path = "../../it/fuzz/report.rs"]
mod report;

use std::path::Path;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;

static TARGET: LazyLock<report::Target> = LazyLock::new(|| report::Target);

fn root() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fuzz_target!(init: { LazyLock::force(&TARGET); }, |data: &[u8]| TARGET.run(data));
