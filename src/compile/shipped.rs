//! The rule book that is part of countersign.
//!
//! In: the files of `policies/`, as they were when countersign was built. Out: their compiled program.

use std::sync::OnceLock;

use super::compile;
use super::program::Program;
use crate::facts::schema::FactSchema;
use crate::policy::{self, PolicyProblem};
use crate::source::Source;

mod embedded {
    include!(concat!(env!("OUT_DIR"), "/policies.rs"));
}

/// The files, cases among them, named relative to `policies/`.
pub fn shipped_files() -> Vec<Source> {
    embedded::FILES.iter().map(|(path, text)| Source::new(*path, *text)).collect()
}

/// The compiled rule book.
///
/// # Errors
/// Every problem of the shipped policies; a test holds that there is none.
pub fn shipped() -> Result<&'static Program, &'static [PolicyProblem]> {
    static SHIPPED: OnceLock<Result<Program, Vec<PolicyProblem>>> = OnceLock::new();
    let compiled = SHIPPED.get_or_init(|| {
        let rules = shipped_files().into_iter().filter(|file| !file.name().ends_with(".cases.yaml"));
        let (set, problems) = policy::load(rules.collect());
        if problems.is_empty() { compile(&set, FactSchema::embedded()) } else { Err(problems) }
    });
    match compiled {
        Ok(program) => Ok(program),
        Err(problems) => Err(problems),
    }
}
