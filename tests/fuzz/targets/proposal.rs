//! Any bytes as a proposal.
//!
//! Sizes and digests would stop almost every change of an event before it is compared, so half of the inputs are mended
//! first.

#![no_main]

// The test suite uses more of them.
#[allow(dead_code)]
#[path = "../../it/fuzz/judge.rs"]
mod judge;
#[allow(dead_code)]
#[path = "../../it/fuzz/proposal.rs"]
mod proposal;
#[path = "../mend.rs"]
mod mend;

use std::path::Path;
use std::sync::LazyLock;

use libfuzzer_sys::{fuzz_mutator, fuzz_target};

static TARGET: LazyLock<proposal::Target> = LazyLock::new(|| proposal::Target::new(&root()));

fn root() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    mend::mutate(data, size, max_size, seed)
});

fuzz_target!(init: { LazyLock::force(&TARGET); }, |data: &[u8]| TARGET.run(data));
