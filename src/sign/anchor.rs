//! The seal of a decision in QAR2's own log: reserved, signed, kept, entered, given out, in this order.

use std::io;

use super::{Point, SignError};
use crate::gate::OwnAnchor;
use crate::keri::build::attach::{self, IndexedSignature};
use crate::keystore::{Signable, Signer};
use crate::ledger::{Entry, Kind, Ledger};
use crate::primitives::{Instant, Sha256};
use crate::store::Store;

/// What a seal is made with.
pub struct Sealing<'b> {
    /// Who signs. The key is opened only after the place is reserved.
    pub signer: &'b dyn Signer,
    /// The store.
    pub store: &'b mut Store,
    /// The ledger.
    pub ledger: &'b mut Ledger,
    /// Takes the event; called when everything else is on the disk.
    pub release: &'b mut dyn FnMut(&[u8]) -> io::Result<()>,
    /// Told where the run is; an error ends it there.
    pub reached: &'b mut dyn FnMut(Point) -> io::Result<()>,
}

impl Sealing<'_> {
    fn reach(&mut self, point: Point) -> Result<(), SignError> {
        (self.reached)(point).map_err(|source| SignError::Stopped { point, source })
    }
}

/// Seals a decision. A run that was cut off is made again, and ends with the same bytes.
///
/// # Errors
/// The place in the log is taken by another seal that was signed and not published; or store, ledger, signer, output.
pub fn anchor(anchor: &OwnAnchor, now: Instant, sealing: &mut Sealing<'_>) -> Result<Vec<u8>, SignError> {
    let reserved = anchor.reservation();
    let (aid, sn, said) = (&reserved.group, reserved.sn, &reserved.said);
    sealing.store.reserve(&reserved)?;
    sealing.reach(Point::SealReserved)?;
    let made = sealing.signer.sign(&Signable::Event(anchor.event()))?;
    let text = made.indexed(anchor.index()).filter(|_| made.key() == sealing.signer.key());
    let signature = text.as_deref().and_then(|text| IndexedSignature::parse(text).ok());
    let signature = signature.ok_or_else(|| SignError::Kept { said: said.clone(), what: "seal" })?;
    sealing.reach(Point::SealSigned)?;
    sealing.store.signed(aid, sn, said, signature.as_str())?;
    // What the row of the ledger is about is kept beside its number, as with a decision.
    let event = anchor.event().event();
    sealing.store.decided(aid, sn, said, event)?;
    sealing.reach(Point::SealKept)?;
    let entry = Entry { at: now, actor: aid.clone(), kind: Kind::Anchor, payload: Sha256::of(event.as_bytes()) };
    let row = sealing.ledger.append_once(entry)?.seq;
    sealing.reach(Point::SealRowWritten)?;
    sealing.store.logged(aid, sn, said, row)?;
    sealing.reach(Point::SealRowKept)?;
    let unreadable = || SignError::Kept { said: said.clone(), what: "seal" };
    let stream = attach::event(event, &[signature], &[]).ok_or_else(unreadable)?;
    (sealing.release)(&stream).map_err(|source| SignError::Release { source })?;
    sealing.reach(Point::SealGivenOut)?;
    sealing.store.released(aid, sn, said)?;
    sealing.reach(Point::SealReleased)?;
    Ok(stream)
}
