//! The rule book that is part of countersign.
//!
//! In: the files of `policies/`, as they were when countersign was built, and `policies/book.image`,
//! what they compiled to. Out: their program. An image that was not made from these files is not
//! used: the files are compiled instead, which says the same and takes longer.

use std::borrow::Cow;
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use super::blocks::Blocks;
use super::compile;
use super::program::Program;
use crate::facts::schema::FactSchema;
use crate::policy::{self, PolicyProblem, file_kind};
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
    let rules = shipped_files().into_iter().filter(|file| !file_kind(file.name()).tests());
    let (set, problems) = policy::load(rules.collect());
    if problems.is_empty() { compile(&set, FactSchema::embedded()) } else { Err(problems) }
}

/// The program of the embedded image; none if it was made from other files, or by another version.
pub fn shipped_image() -> Option<Program> {
    let (made_from, bytes) = embedded::IMAGE.split_first_chunk::<8>()?;
    if u64::from_le_bytes(*made_from) != embedded::FINGERPRINT {
        return None;
    }
    decoded(bytes)
}

pub(super) fn decoded(bytes: &'static [u8]) -> Option<Program> {
    let (sections, bytes): (Sections, _) = postcard::take_from_bytes(bytes).ok()?;
    let (program, bytes) = bytes.split_at_checked(sections.program as usize)?;
    let (ops, origins) = bytes.split_at_checked(sections.ops.iter().map(|length| *length as usize).sum())?;
    let mut program: Program = postcard::from_bytes(program).ok()?;
    let length = sections.length as usize;
    program.ops = Blocks::of_image(length, &sections.ops, ops)?;
    program.origins = Blocks::of_image(length, &sections.origins, origins)?;
    for document in &mut program.documents {
        let (_, text) = embedded::FILES.iter().find(|(path, _)| *path == document.path)?;
        document.text = Cow::Borrowed(text);
    }
    Some(program)
}

/// The image of the shipped rule book, as `policies/book.image` holds it: what every run needs, then the
/// operations and their origins in blocks, which are decoded where a run reaches them.
pub fn image(program: &Program) -> Vec<u8> {
    // A program is plain data, which always has a form.
    let (ops, operations) = program.ops.image();
    let (origins, places) = program.origins.image();
    let length = program.ops.len() as u32;
    let program = postcard::to_stdvec(program).unwrap_or_default();
    let sections = Sections { program: program.len() as u32, length, ops, origins };
    let sections = postcard::to_stdvec(&sections).unwrap_or_default();
    [&embedded::FINGERPRINT.to_le_bytes(), sections.as_slice(), &program, &operations, &places].concat()
}

/// What follows in an image, in bytes.
#[derive(Serialize, Deserialize)]
struct Sections {
    /// The program without its operations.
    program: u32,
    /// How many operations there are.
    length: u32,
    /// Each block of operations.
    ops: Vec<u32>,
    /// Each block of origins.
    origins: Vec<u32>,
}
