//! KERI signing thresholds: a number of keys, or weights in one or more groups.
//!
//! Source: KERI specification, "Key event messages", field `kt`; keripy `coring.Tholder`.

use std::collections::BTreeSet;

/// A signing threshold.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Threshold {
    /// At least this many keys.
    Count(u32),
    /// In each group, weights that must sum to at least one; keys are numbered across the groups.
    Weighted(Vec<Vec<Weight>>),
}

/// A weight between 0 and 1, as a fraction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Weight {
    /// Upper part.
    pub numerator: u32,
    /// Lower part, never 0.
    pub denominator: u32,
}

/// Most weights that a threshold may have: KERI key lists are far shorter.
pub const WEIGHTS_MAX: usize = 256;

impl Weight {
    /// Reads `0`, `1` or `a/b` with `0 < a <= b`. `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = |part: &str| {
            (!part.is_empty() && part.len() <= 4 && part.bytes().all(|b| b.is_ascii_digit()))
                .then(|| part.parse::<u32>().ok())
                .flatten()
        };
        match text.split_once('/') {
            Some((numerator, denominator)) => {
                let (numerator, denominator) = (digits(numerator)?, digits(denominator)?);
                (denominator > 0 && numerator <= denominator).then_some(Self { numerator, denominator })
            }
            None => match digits(text)? {
                whole @ (0 | 1) => Some(Self { numerator: whole, denominator: 1 }),
                _ => None,
            },
        }
    }
}

impl Threshold {
    /// Reads the hexadecimal form (`"2"`, `"a"`), which must be at least 1.
    pub fn parse_count(text: &str) -> Option<Self> {
        let well_formed = !text.is_empty()
            && text.len() <= 4
            && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        let count = well_formed.then(|| u32::from_str_radix(text, 16).ok()).flatten()?;
        (count > 0).then_some(Self::Count(count))
    }

    /// Whether the keys with these indices satisfy it. An index beyond the weights counts nothing.
    pub fn satisfied(&self, indices: &BTreeSet<u32>) -> bool {
        match self {
            Self::Count(count) => indices.len() as u64 >= u64::from(*count),
            Self::Weighted(groups) => {
                let mut first = 0;
                groups.iter().all(|group| {
                    let weights = group.iter().zip(first..).filter(|(_, index)| indices.contains(index));
                    let enough = at_least_one(weights.map(|(weight, _)| *weight));
                    first += group.len() as u32;
                    enough
                })
            }
        }
    }

    /// The size of the smallest set of keys that satisfies it; `None` if no set does.
    pub fn min_signers(&self) -> Option<u64> {
        match self {
            Self::Count(count) => Some(u64::from(*count)),
            Self::Weighted(groups) => groups.iter().map(|group| smallest(group)).sum(),
        }
    }
}

/// The fewest weights of a group that sum to one: the heaviest first.
fn smallest(group: &[Weight]) -> Option<u64> {
    let mut weights = group.to_vec();
    weights.sort_by(|a, b| {
        let left = u64::from(a.numerator) * u64::from(b.denominator);
        let right = u64::from(b.numerator) * u64::from(a.denominator);
        right.cmp(&left)
    });
    (1..=weights.len()).find(|&n| at_least_one(weights[..n].iter().copied())).map(|n| n as u64)
}

/// Whether fractions sum to at least one, exactly.
///
/// Denominators have at most four digits, so the running sum is kept as a reduced fraction of two
/// `u128`; a sum that does not fit is refused (not satisfied), which fails closed.
fn at_least_one(weights: impl Iterator<Item = Weight>) -> bool {
    let mut sum = (0u128, 1u128);
    for weight in weights {
        let (numerator, denominator) = (u128::from(weight.numerator), u128::from(weight.denominator));
        let Some(next) = sum
            .0
            .checked_mul(denominator)
            .zip(numerator.checked_mul(sum.1))
            .and_then(|(left, right)| left.checked_add(right))
            .zip(sum.1.checked_mul(denominator))
        else {
            return false;
        };
        let divisor = gcd(next.0, next.1);
        sum = (next.0 / divisor, next.1 / divisor);
        if sum.0 >= sum.1 {
            return true;
        }
    }
    false
}

fn gcd(a: u128, b: u128) -> u128 {
    if b == 0 { a.max(1) } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weighted(groups: &[&[&str]]) -> Threshold {
        let weight = |text: &&str| Weight::parse(text).unwrap();
        Threshold::Weighted(groups.iter().map(|group| group.iter().map(weight).collect()).collect())
    }

    #[test]
    fn a_count_is_hexadecimal_and_positive() {
        assert_eq!(Threshold::parse_count("a"), Some(Threshold::Count(10)));
        for refused in ["0", "", "A", "-1", "10000", "2 "] {
            assert_eq!(Threshold::parse_count(refused), None, "{refused}");
        }
    }

    #[test]
    fn the_smallest_set_takes_the_heaviest_weights() {
        assert_eq!(weighted(&[&["1/2", "1/2", "1/2"]]).min_signers(), Some(2));
        assert_eq!(weighted(&[&["1/3", "1/3", "1/2", "1/2"]]).min_signers(), Some(2));
        assert_eq!(weighted(&[&["1/2", "1/2"], &["1", "1"]]).min_signers(), Some(3));
        assert_eq!(weighted(&[&["1/3", "1/3"]]).min_signers(), None);
    }

    #[test]
    fn every_group_must_be_satisfied() {
        let nested = weighted(&[&["1/2", "1/2", "1/2"], &["1", "1"]]);
        assert!(nested.satisfied(&BTreeSet::from([0, 2, 4])));
        assert!(!nested.satisfied(&BTreeSet::from([0, 1, 2])));
        assert!(!nested.satisfied(&BTreeSet::from([3, 4])));
    }
}
