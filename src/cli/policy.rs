//! `countersign policy`: begin, check, format, test and list policies.

mod check;
mod export;
mod fmt;
mod matrix;
mod new;
mod schema;
mod test;

use std::path::{Path, PathBuf};

use super::Outcome;
use super::config::Settings;
use super::terminal::Terminal;

pub(super) use new::error::NewError;

/// The folder of policies where none is named.
const FOLDER: &str = "policies";

/// Begin, check, format, test and list policies
#[derive(Debug, clap::Subcommand)]
#[command(after_help = "Example:\n  countersign policy check policies && countersign policy test policies --coverage")]
pub(super) enum Command {
    /// Begin a document, or a rule of a document, with its cases
    #[command(subcommand)]
    New(new::Command),
    /// Parse and type-check every policy file; report every problem at once
    Check(check::Args),
    /// Write expressions and whitespace in their canonical form
    Fmt(fmt::Args),
    /// Run the cases beside the policies
    Test(test::Args),
    /// List every requirement: its rule, or what it waits for
    Matrix(matrix::Args),
    /// Print the JSON Schema of a file of policies, for editors
    Schema(schema::Args),
    /// Write the embedded rule book into a new folder, to add to it
    Export(export::Args),
}

pub(super) fn run(command: Command, settings: &Settings, terminal: &Terminal) -> Outcome {
    match command {
        Command::New(command) => new::run(command, settings, terminal),
        Command::Check(args) => check::run(args, settings, terminal),
        Command::Fmt(args) => fmt::run(args, settings, terminal),
        Command::Test(args) => test::run(args, settings, terminal),
        Command::Matrix(args) => matrix::run(args, settings, terminal),
        Command::Schema(args) => schema::run(args, terminal),
        Command::Export(args) => export::run(&args, terminal),
    }
}

/// The folder that is meant: the argument, else the settings', else `policies`.
fn folder(given: Option<PathBuf>, settings: &Settings) -> PathBuf {
    given.or_else(|| settings.policies.clone()).unwrap_or_else(|| Path::new(FOLDER).to_owned())
}
