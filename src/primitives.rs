//! Domain values, checked once on the way in and never a bare string again.
//!
//! In: text. Out: [`Lei`], [`Aid`], [`Said`], [`Sha256`], [`Instant`], [`Date`], [`Duration`],
//! [`Pattern`].
//! This module must not know any other.

mod digest;
mod error;
mod keri;
mod lei;
mod pattern;
mod time;

pub use digest::Sha256;
pub use error::PrimitiveError;
pub use keri::{Aid, Said};
pub use lei::{Lei, lei_check_digits_hold};
pub use pattern::Pattern;
pub use time::{Date, Duration, Instant};
