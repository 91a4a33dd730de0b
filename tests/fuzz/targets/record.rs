//! Any bytes as a record, a manifest, a trust file, a lock.

#![no_main]

// The test suite uses more of it.
#[allow(dead_code)]
#[path = "../../it/fuzz/record.rs"]
mod record;

use std::path::Path;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;

static TARGET: LazyLock<record::Target> = LazyLock::new(|| record::Target::new());

fn root() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fuzz_target!(init: { LazyLock::force(&TARGET); }, |data: &[u8]| TARGET.run(data));
