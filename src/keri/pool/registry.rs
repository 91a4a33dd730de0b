//! The registries of a pool: each that was presented and that the log of its owner seals.

use super::frame::{Frame, Spot};
use crate::keri::evidence::Evidence;
use crate::keri::log::Logs;
use crate::keri::message::RegistryEventKind;
use crate::primitives::{Aid, Said};

/// A registry whose inception its owner's accepted log seals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PooledRegistry {
    /// The registry.
    pub said: Said,
    /// Whose it is.
    pub issuer: Aid,
    /// Place of the event that seals it.
    pub sealed_at: u64,
    /// Where its inception stands.
    pub spot: Option<Spot>,
}

/// The proven registries, in the order in which their owners' logs seal them.
pub(super) fn facts<'a>(evidence: &Evidence<'a>, logs: &Logs<'_, 'a>, frame: &Frame) -> Vec<PooledRegistry> {
    let mut found = Vec::new();
    for entry in evidence.registry.values() {
        let RegistryEventKind::Inception { issuer } = entry.event.kind else { continue };
        let sealed = logs.log(issuer).and_then(|log| log.sealed(entry.event.subject, 0, entry.event.said));
        if let (Some(sealed), Ok(said), Ok(issuer)) = (sealed, entry.event.said.parse(), issuer.parse()) {
            found.push(PooledRegistry { said, issuer, sealed_at: sealed.sn, spot: frame.spot(entry.offset) });
        }
    }
    found.sort_by(|a, b| (&a.issuer, a.sealed_at, &a.said).cmp(&(&b.issuer, b.sealed_at, &b.said)));
    found
}
