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
    let (program, mut bytes) = bytes.split_at_checked(sections.program as usize)?;
    let mut section = |list: &List| {
        let (section, rest) = bytes.split_at_checked(list.blocks.iter().map(|length| *length as usize).sum())?;
        bytes = rest;
        Some(section)
    };
    let mut program: Program = postcard::from_bytes(program).ok()?;
    let Sections { ops, origins, rules, .. } = &sections;
    program.ops = Blocks::of_image(ops.length as usize, &ops.blocks, section(ops)?)?;
    program.origins = Blocks::of_image(origins.length as usize, &origins.blocks, section(origins)?)?;
    program.rules.with_image(rules.length as usize, &rules.blocks, section(rules)?)?;
    for document in &mut program.documents {
        let (_, text) = embedded::FILES.iter().find(|(path, _)| *path == document.path)?;
        document.text = Cow::Borrowed(text);
    }
    bytes.is_empty().then_some(program)
}

/// The image of the shipped rule book, as `policies/book.image` holds it: what every run needs, then the
/// operations, their origins and the rules in blocks, which are decoded where a run reaches them.
pub fn image(program: &Program) -> Vec<u8> {
    // A program is plain data, which always has a form.
    let rest = postcard::to_stdvec(program).unwrap_or_default();
    let (ops, operations) = program.ops.image();
    let (origins, places) = program.origins.image();
    let (rules, texts) = program.rules.image();
    let sections = Sections {
        program: rest.len() as u32,
        ops: List { length: program.ops.len() as u32, blocks: ops },
        origins: List { length: program.origins.len() as u32, blocks: origins },
        rules: List { length: program.rules.len() as u32, blocks: rules },
    };
    let sections = postcard::to_stdvec(&sections).unwrap_or_default();
    [&embedded::FINGERPRINT.to_le_bytes(), sections.as_slice(), &rest, &operations, &places, &texts].concat()
}

/// What follows in an image, in order.
#[derive(Serialize, Deserialize)]
struct Sections {
    /// The program without its lists, in bytes.
    program: u32,
    ops: List,
    origins: List,
    rules: List,
}

/// A list of a program.
#[derive(Serialize, Deserialize)]
struct List {
    /// How many members it has.
    length: u32,
    /// Each block of it, in bytes.
    blocks: Vec<u32>,
}
