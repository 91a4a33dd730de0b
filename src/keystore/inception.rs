//! The event with which an identifier of one key begins.
//!
//! In: the current key, the digest of the next one, and witnesses. Out: the body of an `icp` whose digest is the
//! AID. Source: KERI specification, version 1 messages: the digest is made over the event with `#` in place of
//! itself and of the identifier.

use super::PublicKey;
use super::error::KeystoreError;
use crate::primitives::{Aid, Said};

/// Most witnesses of an own identifier.
const WITNESSES_MAX: usize = 20;

/// The witnesses of a new identifier, and how many of them must receipt its events.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Witnesses {
    aids: Vec<Aid>,
    threshold: usize,
}

impl Witnesses {
    /// Witnesses and their threshold; without one, the smallest that tolerates the most faults.
    ///
    /// # Errors
    /// `witnesses`: one that is no non-transferable key, one twice, too many, or a threshold that cannot be met.
    pub fn new(aids: Vec<Aid>, threshold: Option<usize>) -> Result<Self, KeystoreError> {
        let refused = |reason: String| Err(KeystoreError::Witnesses { reason });
        for (at, aid) in aids.iter().enumerate() {
            if !aid.as_str().starts_with('B') {
                return refused(format!("`{aid}` is no witness: its identifier does not begin with `B`"));
            }
            if aids[..at].contains(aid) {
                return refused(format!("`{aid}` is named twice"));
            }
        }
        if aids.len() > WITNESSES_MAX {
            return refused(format!("{} witnesses are named, and at most {WITNESSES_MAX} are taken", aids.len()));
        }
        let threshold = threshold.unwrap_or_else(|| ample(aids.len()));
        if threshold > aids.len() || (threshold == 0) != aids.is_empty() {
            return refused(format!("{threshold} of {} witnesses cannot be asked for", aids.len()));
        }
        Ok(Self { aids, threshold })
    }
}

/// The fewest receipts that hold although some witnesses are faulty. Source: KERI's agreement algorithm: of `n`
/// witnesses a third may be faulty, and two sets of receipts must then share a good one.
fn ample(n: usize) -> usize {
    let faulty = (n.saturating_sub(1) / 3).max(1);
    n.min((n + faulty + 1).div_ceil(2))
}

/// An inception's body, and the identifier that it begins.
pub(super) fn body(key: PublicKey, next: &Said, witnesses: &Witnesses) -> Result<(String, Aid), KeystoreError> {
    let listed = witnesses.aids.iter().map(|aid| format!("\"{aid}\"")).collect::<Vec<_>>().join(",");
    let threshold = witnesses.threshold;
    let written = |version: &str, said: &str| {
        format!(
            "{{\"v\":\"{version}\",\"t\":\"icp\",\"d\":\"{said}\",\"i\":\"{said}\",\"s\":\"0\",\"kt\":\"1\",\
             \"k\":[\"{key}\"],\"nt\":\"1\",\"n\":[\"{next}\"],\"bt\":\"{threshold:x}\",\"b\":[{listed}],\"c\":[],\"a\":[]}}"
        )
    };
    let dummy = "#".repeat(44);
    let size = written("KERI10JSON000000_", &dummy).len();
    let version = format!("KERI10JSON{size:06x}_");
    let said = Said::of(written(&version, &dummy).as_bytes());
    let aid = said.as_str().parse().map_err(|_| KeystoreError::Internal { what: "an identifier" })?;
    Ok((written(&version, said.as_str()), aid))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_threshold_is_the_one_that_keripy_takes() {
        // keri.core.eventing.ample for 1 to 10 witnesses.
        let expected = [1, 2, 3, 3, 4, 4, 5, 6, 6, 7];
        let ours: Vec<usize> = (1..=10).map(ample).collect();
        assert_eq!(ours, expected);
    }

    #[test]
    fn witnesses_that_cannot_be_are_refused() {
        let witness: Aid = "BCfYBKFLzyKqWGTrI4QKSJLWaRxcsKyqv-xsVtiaxpjn".parse().unwrap();
        let other: Aid = "DCfYBKFLzyKqWGTrI4QKSJLWaRxcsKyqv-xsVtiaxpjn".parse().unwrap();
        assert!(Witnesses::new(vec![witness.clone()], None).is_ok());
        for (aids, threshold) in [
            (vec![other], None),
            (vec![witness.clone(), witness.clone()], None),
            (vec![witness.clone()], Some(2)),
            (vec![witness], Some(0)),
            (Vec::new(), Some(1)),
        ] {
            assert!(matches!(Witnesses::new(aids, threshold), Err(KeystoreError::Witnesses { .. })));
        }
    }
}
