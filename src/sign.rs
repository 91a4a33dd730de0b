//! The signature: from a clearance to an event that QAR2 signed, its decision and its row in the ledger.
//!
//! In: a [`Clearance`], a [`Signer`], the store, the ledger. Out: [`Signed`], handed to `release` only when event,
//! decision and row are on the disk. The place in the group's log is reserved before any key is opened, and each
//! step is kept before the next begins: a run that was cut off is made again with the same case, and goes on where
//! it was. Ed25519 is deterministic, so that it ends with the same bytes.
//!
//! It must not know rules or reports. It signs what `gate` cleared and nothing else.

mod anchor;
mod envelope;
pub mod error;
pub mod line;

use std::io;

use crate::gate::{Clearance, GivenUp, Refusal};
use crate::keri::build::attach::IndexedSignature;
use crate::keystore::{DecisionToSign, Signable, Signer};
use crate::ledger::{Entry, Kind, Ledger, Row};
use crate::primitives::{Aid, Instant, Sha256};
use crate::proposal::{Countersigned, Matched};
use crate::store::{Reserved, SeenRow, State, Store, StoreError};

pub use anchor::{Sealing, anchor};
pub use envelope::Envelope;
pub use error::SignError;

/// Where a run is: everything before it is done and on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Point {
    /// Nothing was done.
    Begun,
    /// The key was found to be QAR2's, without opening it.
    Compared,
    /// Serials and time are remembered.
    Remembered,
    /// The place is reserved.
    Reserved,
    /// The event is signed, and the signature in memory alone.
    EventSigned,
    /// The signature is kept.
    SignatureKept,
    /// The decision is signed, and in memory alone.
    DecisionSigned,
    /// The decision is kept.
    DecisionKept,
    /// The ledger has the row.
    RowWritten,
    /// The number of the row is kept.
    RowKept,
    /// The output was given out.
    GivenOut,
    /// That is kept as well.
    Released,
    /// The place of the seal in QAR2's own log is reserved.
    SealReserved,
    /// The seal is signed, and the signature in memory alone.
    SealSigned,
    /// The signature is kept, with the event.
    SealKept,
    /// The ledger has the row about the seal.
    SealRowWritten,
    /// The number of that row is kept.
    SealRowKept,
    /// The seal was given out.
    SealGivenOut,
    /// That is kept as well.
    SealReleased,
}

impl Point {
    /// Those of a signature, in order.
    pub const ALL: [Self; 12] = [
        Self::Begun,
        Self::Compared,
        Self::Remembered,
        Self::Reserved,
        Self::EventSigned,
        Self::SignatureKept,
        Self::DecisionSigned,
        Self::DecisionKept,
        Self::RowWritten,
        Self::RowKept,
        Self::GivenOut,
        Self::Released,
    ];

    /// Those of the seal that may follow it, in order.
    pub const SEAL: [Self; 7] = [
        Self::SealReserved,
        Self::SealSigned,
        Self::SealKept,
        Self::SealRowWritten,
        Self::SealRowKept,
        Self::SealGivenOut,
        Self::SealReleased,
    ];

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Begun => "sign/begun",
            Self::Compared => "sign/compared",
            Self::Remembered => "sign/remembered",
            Self::Reserved => "sign/reserved",
            Self::EventSigned => "sign/event_signed",
            Self::SignatureKept => "sign/signature_kept",
            Self::DecisionSigned => "sign/decision_signed",
            Self::DecisionKept => "sign/decision_kept",
            Self::RowWritten => "sign/row_written",
            Self::RowKept => "sign/row_kept",
            Self::GivenOut => "sign/given_out",
            Self::Released => "sign/released",
            Self::SealReserved => "seal/reserved",
            Self::SealSigned => "seal/signed",
            Self::SealKept => "seal/kept",
            Self::SealRowWritten => "seal/row_written",
            Self::SealRowKept => "seal/row_kept",
            Self::SealGivenOut => "seal/given_out",
            Self::SealReleased => "seal/released",
        }
    }
}

/// What a run gives out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// The event with the signatures so far, and what is missing.
    pub event: Countersigned,
    /// The decision in its envelope.
    pub decision: String,
    /// The report that the decision names.
    pub report: String,
    /// The row of the ledger.
    pub row: u64,
    /// How far an earlier run had come; none: this is the first.
    pub resumed: Option<State>,
}

/// What a run works with.
pub struct Bench<'b> {
    /// Who signs. The key is opened only after the place is reserved.
    pub signer: &'b dyn Signer,
    /// The store.
    pub store: &'b mut Store,
    /// The ledger.
    pub ledger: &'b mut Ledger,
    /// Takes the output; called when everything else is on the disk.
    pub release: &'b mut dyn FnMut(&Signed) -> io::Result<()>,
    /// Told where the run is; an error ends it there.
    pub reached: &'b mut dyn FnMut(Point) -> io::Result<()>,
}

/// Signs what was cleared.
///
/// # Errors
/// `Refused`: another key, or another process took the place; nothing was opened. The others leave what was done on
/// the disk, and the next run goes on from there.
pub fn sign(clearance: &Clearance, now: Instant, bench: &mut Bench<'_>) -> Result<Signed, SignError> {
    bench.reach(Point::Begun)?;
    let refused = |no| SignError::Refused(Box::new(no));
    clearance.admits(bench.signer.aid(), bench.signer.key()).map_err(refused)?;
    clearance.holds(now).map_err(refused)?;
    bench.reach(Point::Compared)?;
    let (memory, skew) = clearance.memory();
    bench.store.remember(&memory, skew)?;
    bench.reach(Point::Remembered)?;
    let place = clearance.reservation();
    // Only told: what is reserved below is what counts.
    let resumed = bench.store.reservation(&place.group, place.sn)?.map(|held| held.state);
    let held = reserve(clearance, bench)?;
    bench.reach(Point::Reserved)?;

    let (held, event) = event(clearance, held, bench)?;
    let (held, decision) = decision(clearance, held, bench)?;
    let row = row(clearance, &held, &decision, now, bench)?;
    let report = held.reservation.report.clone();
    let signed = Signed { event, decision: decision.text().to_owned(), report, row, resumed };
    (bench.release)(&signed).map_err(|source| SignError::Release { source })?;
    bench.reach(Point::GivenOut)?;
    let reserved = &held.reservation;
    bench.store.released(&reserved.group, reserved.sn, &reserved.said)?;
    bench.reach(Point::Released)?;
    Ok(signed)
}

/// Writes a refusal into the ledger, unless it is about a ledger or store that nothing may be written to.
///
/// # Errors
/// The ledger's.
pub fn record(refusal: &Refusal, actor: &Aid, ledger: &mut Ledger) -> Result<Option<Row>, SignError> {
    if !refusal.can_be_recorded() {
        return Ok(None);
    }
    let payload = Sha256::of(refusal.text().as_bytes());
    let entry = Entry { at: refusal.at(), actor: actor.clone(), kind: Kind::Refusal, payload };
    Ok(Some(ledger.append(entry)?.row))
}

/// Lets the store remember how far the ledger has come, so that a row that is cut off is missed.
///
/// # Errors
/// The store's.
pub fn remember(ledger: &Ledger, store: &mut Store) -> Result<(), SignError> {
    if let Some((seq, hash)) = ledger.head() {
        store.saw_row(&SeenRow { genesis: ledger.genesis(), seq, hash })?;
    }
    Ok(())
}

/// Gives a place up, as the gate allowed: the row first, so that nothing is given up that the ledger does not tell, and
/// while the store lets nobody sign. It can be made again: the row is the same.
///
/// # Errors
/// The ledger's and the store's.
pub fn abandon(given_up: &GivenUp, now: Instant, store: &mut Store, ledger: &mut Ledger) -> Result<u64, SignError> {
    let payload = Sha256::of(given_up.text().as_bytes());
    let entry = Entry { at: now, actor: given_up.qar2().clone(), kind: Kind::Abandon, payload };
    store.abandon(&given_up.abandoned(), || Ok(ledger.append_once(entry)?.seq))
}

impl Bench<'_> {
    fn reach(&mut self, point: Point) -> Result<(), SignError> {
        (self.reached)(point).map_err(|source| SignError::Stopped { point, source })
    }
}

fn reserve(clearance: &Clearance, bench: &mut Bench<'_>) -> Result<Reserved, SignError> {
    match bench.store.reserve(&clearance.reservation()) {
        Ok(held) => Ok(held),
        // Another process was faster; nothing was opened yet.
        Err(error @ StoreError::Taken { .. }) => {
            Err(SignError::Refused(Box::new(clearance.overtaken(error.to_string()))))
        }
        Err(error @ StoreError::GivenUp { .. }) => {
            Err(SignError::Refused(Box::new(clearance.given_up(error.to_string()))))
        }
        Err(error) => Err(error.into()),
    }
}

/// The event with QAR2's signature: kept from an earlier run, or made now.
fn event(clearance: &Clearance, held: Reserved, bench: &mut Bench<'_>) -> Result<(Reserved, Countersigned), SignError> {
    let matched: &Matched = clearance.matched();
    if let Some(kept) = &held.signature {
        let signature = IndexedSignature::parse(kept)
            .map_err(|_| SignError::Kept { said: held.reservation.said.clone(), what: "signature" })?;
        let event = matched.merge(&signature)?;
        return Ok((held, event));
    }
    let made = bench.signer.sign(&Signable::Event(clearance.event()))?;
    // It was made with the key that was compared, whoever holds it.
    let text = made.indexed(clearance.index()).filter(|_| clearance.admits(bench.signer.aid(), made.key()).is_ok());
    let signature = text.as_deref().and_then(|text| IndexedSignature::parse(text).ok());
    let signature =
        signature.ok_or_else(|| SignError::Kept { said: held.reservation.said.clone(), what: "signature" })?;
    let event = matched.merge(&signature)?;
    bench.reach(Point::EventSigned)?;
    let reserved = &held.reservation;
    let kept = bench.store.signed(&reserved.group, reserved.sn, &reserved.said, signature.as_str());
    let held = kept.map_err(|error| match error {
        // What was signed just now is nowhere but here, and is dropped.
        StoreError::NotReserved { .. } => {
            let said = &reserved.said;
            SignError::Refused(Box::new(clearance.given_up(format!("event `{said}` was given up meanwhile"))))
        }
        error => error.into(),
    })?;
    bench.reach(Point::SignatureKept)?;
    Ok((held, event))
}

/// The signed decision: kept from an earlier run, or made now of what was first reserved.
fn decision(clearance: &Clearance, held: Reserved, bench: &mut Bench<'_>) -> Result<(Reserved, Envelope), SignError> {
    let draft = &held.reservation.draft;
    if let Some(kept) = &held.decision {
        let envelope = Envelope::read(kept, draft, bench.signer.key());
        let envelope =
            envelope.ok_or_else(|| SignError::Kept { said: held.reservation.said.clone(), what: "decision" })?;
        return Ok((held, envelope));
    }
    // What lies in the store was written by this program, and by whoever else can write there.
    if !clearance.agrees_with(draft, &held.reservation.report) {
        return Err(SignError::Draft { said: held.reservation.said.clone() });
    }
    let to_sign = DecisionToSign::new(draft).map_err(crate::keystore::SignerError::from)?;
    let signature = bench.signer.sign(&Signable::Decision(&to_sign))?;
    let (qar2, sn) = clearance.qar2();
    let envelope = Envelope::new(draft, qar2, sn, &signature);
    bench.reach(Point::DecisionSigned)?;
    let reserved = &held.reservation;
    let held = bench.store.decided(&reserved.group, reserved.sn, &reserved.said, envelope.text())?;
    bench.reach(Point::DecisionKept)?;
    Ok((held, envelope))
}

/// The row about the decision: one, however often the run was cut off.
fn row(
    clearance: &Clearance,
    held: &Reserved,
    decision: &Envelope,
    now: Instant,
    bench: &mut Bench<'_>,
) -> Result<u64, SignError> {
    if let Some(row) = held.row_seq {
        return Ok(row);
    }
    let (qar2, _) = clearance.qar2();
    let payload = Sha256::of(decision.text().as_bytes());
    let entry = Entry { at: now, actor: qar2.clone(), kind: Kind::Decision, payload };
    let row = bench.ledger.append_once(entry)?.seq;
    bench.reach(Point::RowWritten)?;
    let reserved = &held.reservation;
    bench.store.logged(&reserved.group, reserved.sn, &reserved.said, row)?;
    remember(bench.ledger, bench.store)?;
    bench.reach(Point::RowKept)?;
    Ok(row)
}
