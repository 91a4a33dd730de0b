//! The one orchestrator: a snapshot, the installation's trust and an instant become a report.
//!
//! In: a rule book, the bytes of a case, the trust file, earlier cases, and what the run is asked.
//! Out: a [`Report`]; nothing else makes one. Or a [`CheckError`]: the run could not be made. What is
//! wrong with the evidence is never an error here, it is in the report. This module must not know
//! argv, files, sockets or clocks.

mod error;

use crate::bundle::Snapshot;
use crate::collect;
use crate::compile::program::{ParameterId, ParameterValue, Profile, Program, Stage};
use crate::evaluate::outcome::FailOn;
use crate::evaluate::{self, Inputs, Question, Signing, print_parameter};
use crate::facts::schema::KindId;
use crate::primitives::Instant;
use crate::report::document::{ParameterEntry, Run};
use crate::report::{Parts, Report, assemble};
use crate::trust::Trust;

pub use error::CheckError;

/// The profile where none is named.
pub const DEFAULT_PROFILE: &str = "house";

/// What a run is asked.
#[derive(Debug, Clone)]
pub struct Options {
    /// The instant to judge for.
    pub as_of: Instant,
    /// The stage to decide, with all earlier ones.
    pub stage: Stage,
    /// Flows beside the one that the manifest claims.
    pub flows: Vec<String>,
    /// The profile.
    pub profile: String,
    /// Parameters to set, as written.
    pub set: Vec<(String, String)>,
    /// Which verdicts fail the command; recorded only.
    pub fail_on: FailOn,
}
