//! `countersign policy new`: a document or a rule, begun.
//!
//! What is written is compiled together with everything else in the folder first: if that has a
//! problem, nothing is written.

mod document;
pub(in super::super) mod error;
mod rule;

use std::path::Path;

use clap::builder::PossibleValuesParser;

use super::super::Outcome;
use super::super::config::Settings;
use super::super::error::CliError;
use super::super::load;
use super::super::terminal::Terminal;
use super::super::write::{self, Existing};
use super::schema;
use crate::compile;
use crate::policy::{self, vocabulary};
use crate::source::Source;
use error::NewError;

/// Begin a document, or a rule of a document, with its cases
#[derive(Debug, clap::Subcommand)]
#[command(
    after_help = "Example:\n  countersign policy new document acme-procedure --title \"Acme onboarding procedure\"\n  \
        countersign policy new rule ACME-1.a --document acme-procedure --section 1.a --pack lei-status\n\n\
        docs/writing-a-rule.md goes from a clause to a tested rule."
)]
pub(in super::super) enum Command {
    /// Begin the policy file of a governance document, and the file of its cases
    Document(document::Args),
    /// Begin a rule in the file of its document, and its cases beside it
    Rule(rule::Args),
}

pub(in super::super) fn run(command: Command, settings: &Settings, terminal: &Terminal) -> Outcome {
    match command {
        Command::Document(args) => document::run(args, settings, terminal),
        Command::Rule(args) => rule::run(args, settings, terminal),
    }
}

/// A file to write: its name relative to the folder, its text, and whether it takes the place of another.
struct Draft {
    name: String,
    text: String,
    existing: Existing,
}

/// Compiles the folder as it will be, then writes the files.
fn write_all(folder: &Path, mut files: Vec<Source>, drafts: &[Draft]) -> Result<(), CliError> {
    files.retain(|file| drafts.iter().all(|draft| draft.name != file.name()));
    let policies = drafts.iter().filter(|draft| draft.name.ends_with(".yaml"));
    files.extend(policies.map(|draft| Source::new(draft.name.as_str(), draft.text.as_str())));
    let (set, mut problems) = policy::load(files);
    if let Err(found) = compile::compile(&set, load::fact_schema().clone()) {
        problems.extend(found);
    }
    if !problems.is_empty() {
        policy::problem::sort(&mut problems);
        return Err(CliError::Policies { problems });
    }
    for draft in drafts {
        write::atomically(&folder.join(&draft.name), draft.text.as_bytes(), draft.existing)?;
    }
    Ok(())
}

/// Where the file `name` of a folder finds its schema: in `schemas` beside the folder, as in the repository; else
/// in the folder itself, to which it is added if it is not there.
fn schema_path(folder: &Path, name: &str, schema: Schema) -> (String, Option<Draft>) {
    let up = "../".repeat(name.matches('/').count());
    let (file, text) = match schema {
        Schema::Policy => ("policy.schema.json", schema::POLICY),
        Schema::Cases => ("policy-cases.schema.json", schema::CASES),
    };
    if folder.join("..").join("schemas").join(file).is_file() {
        return (format!("{up}../schemas/{file}"), None);
    }
    let draft = Draft { name: file.to_owned(), text: text.to_owned(), existing: Existing::Keep };
    let path = if up.is_empty() { format!("./{file}") } else { format!("{up}{file}") };
    (path, (!folder.join(file).exists()).then_some(draft))
}

#[derive(Debug, Clone, Copy)]
enum Schema {
    Policy,
    Cases,
}

/// The words that a key may have, as an option takes them.
fn words(key: &str) -> PossibleValuesParser {
    PossibleValuesParser::new(vocabulary::words_of(key))
}

/// A text that fits on a line of a file and of a report.
fn one_line(what: &'static str, text: &str) -> Result<(), NewError> {
    if text.trim().is_empty() || text.chars().any(char::is_control) {
        return Err(NewError::NotOneLine { what });
    }
    Ok(())
}
