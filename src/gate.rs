//! The gate: whether the event of a case may be signed, by everything that is known now.
//!
//! In: a [`Fresh`](crate::check::Fresh) case, the installation's trust, the policy lock, what the store and the
//! ledger remember, the proposal. Out: a [`Clearance`], or a [`Refusal`] with every reason in the order of the
//! steps. Nothing else makes either. It reads no clock and no file, opens no key and writes nothing.
//!
//! Each reason has a [`Code`] that belongs to one of eight steps, and each step fails closed: what cannot be known is a reason.

mod anchor;
mod clear;
mod code;
mod event;
mod first;
mod give_up;
mod persons;
mod refusal;
mod report;
mod statement;
mod view;

pub use anchor::{NotAnchored, OwnAnchor};
pub use clear::{Clearance, NO_LIVE, Question, clear};
pub use code::{Code, Step};
pub use first::{FirstClearance, NotToPropose, Proposing, first, proposal};
pub use give_up::{GivenUp, give_up};
pub use refusal::{Reason, Refusal};
pub use view::{LedgerView, StoreView};
