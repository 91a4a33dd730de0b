//! The verifier on streams that are nearly right.
//!
//! The input is a list of choices: which stream (worlds of its own, and those in `fixtures`), what is
//! changed in it, whose keys are stolen.

#![no_main]

// The test suite uses more of them.
#[allow(dead_code)]
#[path = "../../it/keri/forge.rs"]
mod forge;
#[allow(dead_code)]
#[path = "../../it/keri/mutate.rs"]
mod mutate;

use std::path::Path;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;

static SEEDS: LazyLock<Vec<mutate::Seed>> =
    LazyLock::new(|| mutate::seeds(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures")));

// The seeds are made before the clock of the first input starts.
fuzz_target!(init: { LazyLock::force(&SEEDS); }, |data: &[u8]| {
    let mut left = data.iter();
    let mut choose = |below: usize| {
        let mut next = || usize::from(left.next().copied().unwrap_or_default());
        let found = if below > 256 { next() << 8 | next() } else { next() };
        found % below.max(1)
    };
    let seed = &SEEDS[choose(SEEDS.len())];
    // One thing at a time is faster, and each finds its way.
    let what = choose(mutate::Seed::EXAMINED);
    let mutant = seed.mutate(&mut choose);
    let _ = seed.examine(&mutant, what);
});
