//! The seal of a decision in QAR2's own log: reserved, signed, kept, entered, given out, in this order.

use std::io;

use super::SignError;
use crate::gate::OwnAnchor;
use crate::keri::build::attach::{self, IndexedSignature};
use crate::keystore::{Signable, Signer};
use crate::ledger::{Entry, Kind, Ledger};
use crate::primitives::{Instant, Sha256};
use crate::store::Store;

/// Seals a decision. A run that was cut off is made again, and ends with the same bytes.
///
/// # Errors
/// The place in the log is taken by another seal that was signed and not published; or store, ledger, signer, output.
pub fn anchor(
    anchor: &OwnAnchor,
    now: Instant,
    signer: &dyn Signer,
    store: &mut Store,
    ledger: &mut Ledger,
    release: &mut dyn FnMut(&[u8]) -> io::Result<()>,
) -> Result<Vec<u8>, SignError> {
    let reserved = anchor.reservation();
    let (aid, sn, said) = (&reserved.group, reserved.sn, &reserved.said);
    store.reserve(&reserved)?;
    let made = signer.sign(&Signable::Event(anchor.event()))?;
    let text = made.indexed(anchor.index()).filter(|_| made.key() == signer.key());
    let signature = text.as_deref().and_then(|text| IndexedSignature::parse(text).ok());
    let signature = signature.ok_or_else(|| SignError::Kept { said: said.clone(), what: "seal" })?;
    store.signed(aid, sn, said, signature.as_str())?;
    // What the row of the ledger is about is kept beside its number, as with a decision.
    let event = anchor.event().event();
    store.decided(aid, sn, said, event)?;
    let entry = Entry { at: now, actor: aid.clone(), kind: Kind::Anchor, payload: Sha256::of(event.as_bytes()) };
    let row = ledger.append_once(entry)?.seq;
    store.logged(aid, sn, said, row)?;
    let unreadable = || SignError::Kept { said: said.clone(), what: "seal" };
    let stream = attach::event(event, &[signature], &[]).ok_or_else(unreadable)?;
    release(&stream).map_err(|source| SignError::Release { source })?;
    store.released(aid, sn, said)?;
    Ok(stream)
}
