//! Cases for people to read, drawn so that anybody can draw them again.
//!
//! In: a size, a seed and the cases by flow. Out: of each flow those with the least hash of seed and case.

use std::collections::{BTreeMap, BinaryHeap};

use crate::primitives::Sha256;
use crate::report::audit::{Drawn, Sample};

/// How a sample is drawn, in words.
pub const METHOD: &str = "Each flow is a stratum. It gives its share of the sample, rounded by largest remainder, at \
    least one case and at most all. Within a flow, cases stand in order of the sha256 of `SEED:CASE`, in hexadecimal, \
    where CASE is the path below the folder of cases; the first ones are drawn.";

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draw {
    /// How many cases.
    pub size: u64,
    /// The seed.
    pub seed: String,
}

/// The draw in progress: of each flow no more than are asked for.
pub(super) struct Drawing {
    draw: Draw,
    strata: BTreeMap<String, Stratum>,
}

#[derive(Default)]
struct Stratum {
    cases: u64,
    /// The least hashes, greatest on top.
    least: BinaryHeap<(Sha256, String)>,
}

impl Drawing {
    pub(super) fn new(draw: Draw) -> Self {
        Self { draw, strata: BTreeMap::new() }
    }

    pub(super) fn take(&mut self, case: &str, flow: &str) {
        let stratum = self.strata.entry(flow.to_owned()).or_default();
        stratum.cases += 1;
        stratum.least.push((Sha256::of(format!("{}:{case}", self.draw.seed).as_bytes()), case.to_owned()));
        if stratum.least.len() as u64 > self.draw.size {
            stratum.least.pop();
        }
    }

    pub(super) fn finish(self) -> Sample {
        let counts: Vec<u64> = self.strata.values().map(|stratum| stratum.cases).collect();
        let shares = shares(self.draw.size, &counts);
        let mut drawn = Vec::new();
        for ((flow, stratum), share) in self.strata.into_iter().zip(shares) {
            let least = stratum.least.into_sorted_vec();
            for (rank, (hash, case)) in (1..=share).zip(least) {
                drawn.push(Drawn { case, flow: flow.clone(), rank, of: stratum.cases, hash });
            }
        }
        Sample { size: self.draw.size, seed: self.draw.seed, method: METHOD.to_owned(), drawn }
    }
}

/// How many of each stratum: in proportion, by largest remainder, at least one of each where there are enough.
fn shares(size: u64, counts: &[u64]) -> Vec<u64> {
    let total: u64 = counts.iter().sum();
    let size = size.min(total);
    let exact = |count: u64| u128::from(count) * u128::from(size);
    let total_wide = u128::from(total.max(1));
    let mut shares: Vec<u64> = counts.iter().map(|count| (exact(*count) / total_wide) as u64).collect();
    let mut order: Vec<usize> = (0..counts.len()).collect();
    order.sort_by_key(|at| (std::cmp::Reverse(exact(counts[*at]) % total_wide), *at));
    for at in order.into_iter().cycle().take(counts.len() * 2) {
        if shares.iter().sum::<u64>() >= size {
            break;
        }
        if shares[at] < counts[at] {
            shares[at] += 1;
        }
    }
    if size >= counts.len() as u64 {
        for at in 0..shares.len() {
            if shares[at] == 0
                && counts[at] > 0
                && let Some(most) =
                    (0..shares.len()).filter(|other| shares[*other] > 1).max_by_key(|other| shares[*other])
            {
                shares[most] -= 1;
                shares[at] = 1;
            }
        }
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_in_proportion_and_leave_no_flow_out() {
        assert_eq!(shares(10, &[50, 30, 20]), [5, 3, 2]);
        assert_eq!(shares(4, &[97, 1, 1, 1]), [1, 1, 1, 1]);
        assert_eq!(shares(2, &[5, 5, 5]), [1, 1, 0]);
        assert_eq!(shares(100, &[3, 4]), [3, 4]);
        assert_eq!(shares(3, &[]), Vec::<u64>::new());
    }

    #[test]
    fn the_draw_can_be_made_by_hand() {
        let mut drawing = Drawing::new(Draw { size: 1, seed: "7".to_owned() });
        let cases = ["a", "b", "c"];
        cases.iter().for_each(|case| drawing.take(case, "oor"));
        let by_hand = cases.iter().min_by_key(|case| Sha256::of(format!("7:{case}").as_bytes()));
        let sample = drawing.finish();
        assert_eq!(Some(&sample.drawn[0].case.as_str()), by_hand);
        assert_eq!((sample.drawn.len(), sample.drawn[0].of), (1, 3));
    }
}
