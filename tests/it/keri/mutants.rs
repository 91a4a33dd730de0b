//! Changed streams, a seeded sample of what `tests/fuzz` looks for without end.

use std::path::Path;

use countersign::keri::Answer;

use super::mutate::{Seed, seeds};

fn fixtures() -> Vec<Seed> {
    seeds(&Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures"))
}

fn sequence(mut seed: u64) -> impl FnMut(usize) -> usize {
    move |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % below.max(1)
    }
}

#[test]
fn seeds_are_read_and_written_alike() {
    for seed in fixtures() {
        let mutant = seed.mutate(&mut |_| 0);
        assert!(!mutant.stream.is_empty(), "{}", seed.name);
        assert!(countersign::keri::cesr::read(&seed.stream()).is_ok(), "{}", seed.name);
    }
}

/// `COUNTERSIGN_SOAK` multiplies the rounds.
#[test]
fn mutants_get_no_more_than_they_can_prove() {
    let factor: usize = std::env::var("COUNTERSIGN_SOAK").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    let mut answers = std::collections::BTreeMap::new();
    for seed in fixtures() {
        for round in 0..16 * factor {
            let mutant = seed.mutate(&mut sequence(round as u64));
            for what in 0..Seed::EXAMINED {
                if let Some(answer) = seed.examine(&mutant, what) {
                    *answers.entry(answer).or_insert(0usize) += 1;
                }
            }
        }
    }
    // A mutator that breaks everything at the first check would find nothing.
    for answer in [Answer::Valid, Answer::Incomplete, Answer::Revoked, Answer::Invalid] {
        assert!(answers.get(&answer).is_some_and(|count| *count >= 5), "{answers:?}");
    }
}
