//! `countersign bundle`: lay out, fill, seal and look at evidence bundles.

mod add;
mod new;
mod seal;
mod show;
mod sign;
mod verify;

use std::fmt::Write as _;

use super::Outcome;
use super::config::Settings;
use super::terminal::Terminal;
use crate::bundle::{Problem, Snapshot, place};

/// Lay out, fill, seal and look at evidence bundles
#[derive(Debug, clap::Subcommand)]
#[command(
    after_help = "Example:\n  countersign bundle new cases/acme --flow le-unsolicited --lei 254900OPPU84GM83MG36 --qvi EBNl...\n  \
        countersign bundle add contract.json --kind le-qvi-contract --into cases/acme\n  \
        countersign bundle show cases/acme\n  countersign bundle seal cases/acme --by Q1"
)]
pub(super) enum Command {
    /// Lay out a case with a checklist of what its flow needs
    New(new::Args),
    /// Copy a file into a bundle, digest it and list it
    Add(add::Args),
    /// Sign records of evidence
    Sign(sign::Args),
    /// Write the manifest over what is there, and sign it; its digest names the bundle
    Seal(seal::Args),
    /// Look whether everything is there as it was sealed
    Verify(verify::Args),
    /// Show what is there, what is missing, and which rules wait for it
    Show(show::Args),
}

pub(super) fn run(command: Command, settings: &Settings, terminal: &Terminal) -> Outcome {
    match command {
        Command::New(args) => new::run(args, settings, terminal),
        Command::Add(args) => add::run(args, terminal),
        Command::Sign(args) => sign::run(args, settings, terminal),
        Command::Seal(args) => seal::run(args, settings, terminal),
        Command::Verify(args) => verify::run(args, terminal),
        Command::Show(args) => show::run(args, settings, terminal),
    }
}

/// Problems with files, one after the other: place, what is wrong, code, what to do.
pub(super) fn problems(problems: &[Problem], snapshot: Option<&Snapshot>) -> String {
    let mut text = String::new();
    for problem in problems {
        let bytes = snapshot.zip(problem.file).and_then(|(snapshot, file)| snapshot.file(file).bytes());
        let at = bytes.zip(problem.span).map(|(bytes, span)| place::place(bytes, span));
        let at = at.map_or(String::new(), |at| format!(":{}:{}", at.line, at.column));
        let pointer = problem.pointer.as_deref().filter(|pointer| !pointer.is_empty());
        let pointer = pointer.map_or(String::new(), |pointer| format!(" {pointer}"));
        // Writing to a `String` cannot fail.
        let _ = writeln!(text, "{}{at}{pointer}: {}", problem.path, problem.message);
        let _ = writeln!(text, "  {}; help: {}", problem.code.as_str(), problem.help);
    }
    text
}
