//! The reference case, and how it is judged.

use std::path::Path;
use std::sync::Arc;

use countersign::bundle::{Limits, Snapshot};
use countersign::check::{self, Options};
use countersign::compile::program::Stage;
use countersign::evaluate::outcome::FailOn;
use countersign::keri::signature::Memory;
use countersign::trust::Trust;

pub fn case(root: &Path) -> Snapshot {
    Snapshot::read(&root.join("fixtures/cases/b0"), &Limits::STANDARD).unwrap()
}

pub fn trust(root: &Path) -> Trust {
    Trust::parse(&std::fs::read(root.join("fixtures/trust.json")).unwrap()).unwrap()
}

/// The options of a run for which nobody asks for anything else.
pub fn options(as_of: &str, stage: Stage, memory: Option<Arc<Memory>>) -> Options {
    Options {
        as_of: as_of.parse().unwrap(),
        stage,
        flows: Vec::new(),
        profile: check::DEFAULT_PROFILE.to_owned(),
        set: Vec::new(),
        fail_on: FailOn::Warn,
        schemas: None,
        memory,
    }
}
