//! The rule book that is part of countersign.
//!
//! In: the files of `policies/`, as they were when countersign was built, and `policies/book.image`,
//! what they compiled to. Out: their program. An image that was not made from these files is not
//! used: the files are compiled instead, which says the same and takes longer.

use std::sync::OnceLock;

use super::compile;
use super::program::Program;
use crate::facts::schema::FactSchema;
use crate::policy::{self, PolicyProblem};
use crate::source::Source;

mod embedded {
    include!(concat!(env!("OUT_DIR"), "/policies.rs"));

    /// The image, or nothing if there was none.
    pub(super) const IMAGE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/book.image"));
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
    let program = SHIPPED.get_or_init(|| match shipped_image() {
        Some(program) => Ok(program),
        None => compile_shipped(),
    });
    match program {
        Ok(program) => Ok(program),
        Err(problems) => Err(problems),
    }
}

/// The rule book, compiled from its files.
///
/// # Errors
/// Every problem of the shipped policies.
pub fn compile_shipped() -> Result<Program, Vec<PolicyProblem>> {
    let rules = shipped_files().into_iter().filter(|file| !file.name().ends_with(".cases.yaml"));
    let (set, problems) = policy::load(rules.collect());
    if problems.is_empty() { compile(&set, FactSchema::embedded()) } else { Err(problems) }
}

/// The program of the embedded image; none if it was made from other files, or by another version.
pub fn shipped_image() -> Option<Program> {
    let (made_from, bytes) = embedded::IMAGE.split_first_chunk::<8>()?;
    if u64::from_le_bytes(*made_from) != embedded::FINGERPRINT {
        return None;
    }
    postcard::from_bytes(bytes).ok()
}

/// The image of the shipped rule book, as `policies/book.image` holds it.
pub fn image(program: &Program) -> Vec<u8> {
    // A program is plain data, which always has a form.
    let bytes = postcard::to_stdvec(program).unwrap_or_default();
    [&embedded::FINGERPRINT.to_le_bytes(), bytes.as_slice()].concat()
}
