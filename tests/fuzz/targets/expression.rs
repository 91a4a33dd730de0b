//! Any text as an expression.

#![no_main]

// The test suite uses more of them.
#[allow(dead_code)]
#[path = "../../it/fuzz/judge.rs"]
mod judge;
#[allow(dead_code)]
#[path = "../../it/fuzz/expression.rs"]
mod expression;

use std::path::Path;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;

static TARGET: LazyLock<expression::Target> = LazyLock::new(|| expression::Target::new(&root()));

fn root() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fuzz_target!(init: { LazyLock::force(&TARGET); }, |data: &[u8]| TARGET.run(data));
