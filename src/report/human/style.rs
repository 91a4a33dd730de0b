//! Words and colours of the report: classes, outcomes, commands.
//!
//! In: values of the document. Out: the words a reader sees for them.

use anstyle::Style;

use super::page::{BLOCK, DIM, GOOD, UNKNOWN, WARN};
use crate::evaluate::outcome::Verdict;

pub(super) use super::super::rows::{Class, evidence_path, how_to_add};
pub(super) use super::super::text::count;

impl Class {
    /// Its colour.
    pub(super) fn style(self) -> Style {
        match self {
            Self::Block => BLOCK,
            Self::Unknown | Self::Review => UNKNOWN,
            Self::Warn => WARN,
            Self::Waived | Self::Info => DIM,
        }
    }
}

/// The colour of a verdict.
pub(super) fn verdict(verdict: Verdict) -> Style {
    match verdict {
        Verdict::NotClean => BLOCK,
        Verdict::Indeterminate => UNKNOWN,
        Verdict::NeedsWaiver => WARN,
        Verdict::CleanWithWaivers | Verdict::Clean => GOOD,
    }
}
