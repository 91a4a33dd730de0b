//! The verifier on streams that are nearly right.
//!
//! The input is a list of choices: which stream, what is changed in it, whose keys are stolen. An input
//! that begins as a stream does is taken as one.

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

use countersign::keri::{Options, show, verify};
use libfuzzer_sys::fuzz_target;

static SEEDS: LazyLock<Vec<mutate::Seed>> =
    LazyLock::new(|| mutate::seeds(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures")));

fuzz_target!(|data: &[u8]| {
    if data.starts_with(b"{\"v\":") {
        return as_stream(data);
    }
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
    seed.examine(&mutant, what);
});

fn as_stream(data: &[u8]) {
    let options = Options { as_of: mutate::as_of(), schemas: None, credential: None };
    if let Ok(verdict) = verify(data, &SEEDS[0].trusted, &options) {
        let _ = show::verdict_text(&verdict);
    }
    let _ = show::logs_text(&show::logs(data, None));
}
