//! `countersign check` of several cases: one rule book, one trust file, every core.
//!
//! In: the folders, and what one case would be checked with. Out: per case the verdict or why it could not
//! be checked, worst first, and one exit status for all. A chain that cases share is verified once.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::super::Outcome;
use super::super::error::CliError;
use super::super::report::target::Reports;
use super::super::several;
use super::super::terminal::{Terminal, print_error};
use super::Format;
use crate::bundle::{Limits, Snapshot, place};
use crate::check::Options;
use crate::compile::program::Program;
use crate::evaluate::outcome::{EXIT_ERROR, Verdict};
use crate::keri::signature::Memory;
use crate::report::human::{self, Layout};
use crate::report::{ReportDocument, json};
use crate::trust::Trust;

/// Exit statuses, worst first: it could not run, it is not clean, it cannot be judged, it is clean.
const WORST_FIRST: [u8; 4] = [EXIT_ERROR, 1, 3, 0];

/// What all cases are checked with.
pub(super) struct Run<'r> {
    pub program: &'r Program,
    pub trust: &'r Trust,
    pub earlier: Option<&'r Path>,
    pub options: Options,
    pub reports: Reports,
    pub format: Format,
    /// List the clean cases as well.
    pub all: bool,
    /// Cases that were named and not checked, because nothing in them changed.
    pub unchanged: usize,
}

/// What became of a case.
struct Done {
    path: String,
    status: u8,
    /// The verdict; none where it could not be checked.
    verdict: Option<Verdict>,
    /// What is printed of it.
    text: String,
}

/// Checks the cases and prints what became of them.
///
/// # Errors
/// `report_for_one`, `report_twice`, `output_in_case`: reports that cannot be written as asked; `print`.
/// A case that cannot be checked is part of the result.
pub(super) fn run(mut run: Run<'_>, cases: &[PathBuf], terminal: &Terminal) -> Outcome {
    let targets = run.reports.for_cases(cases)?;
    run.options.memory = Some(Arc::new(Memory::default()));
    let work: Vec<(&PathBuf, &Reports)> = cases.iter().zip(&targets).collect();
    let mut done: Vec<Done> = several::each(&work, |(case, reports)| one(&run, case, reports, terminal));
    let status = status(&done);
    match run.format {
        Format::Json => terminal.print(&done.iter().map(|done| done.text.as_str()).collect::<String>())?,
        Format::Human => {
            done.sort_by_key(|done| WORST_FIRST.iter().position(|status| *status == done.status));
            terminal.print(&told(&run, &done, terminal))?;
        }
    }
    Ok(status)
}

fn one(run: &Run<'_>, case: &Path, reports: &Reports, terminal: &Terminal) -> Done {
    let path = place::printable_path(&case.display().to_string());
    match checked(run, case, reports, terminal) {
        Ok(document) => {
            let layout = Layout {
                width: terminal.width.saturating_sub(2),
                unicode: terminal.unicode,
                all: false,
                case_path: case.display().to_string(),
            };
            let text = match run.format {
                Format::Human => indented(&human::verdict_line(&document, &layout)),
                Format::Json => String::from_utf8_lossy(&json::canonical(&document)).into_owned() + "\n",
            };
            let status = document.verdict.exit_status(run.options.fail_on);
            Done { path, status, verdict: Some(document.verdict), text }
        }
        Err(error) => {
            let text = match run.format {
                Format::Human => indented(&terminal.diagnostic(&error)),
                Format::Json => {
                    // One report a line: an error is none, and goes where errors go.
                    print_error(&error);
                    String::new()
                }
            };
            Done { path, status: EXIT_ERROR, verdict: None, text }
        }
    }
}

fn checked(run: &Run<'_>, case: &Path, reports: &Reports, terminal: &Terminal) -> Result<ReportDocument, CliError> {
    let snapshot = Snapshot::read(case, &Limits::STANDARD)?;
    let text_only = run.format == Format::Human && reports.is_empty();
    let document = super::document(run.program, &snapshot, run.trust, run.earlier, &run.options, text_only)?;
    reports.write(&document, case, terminal)?;
    Ok(document)
}

fn indented(text: &str) -> String {
    text.lines().map(|line| if line.is_empty() { "\n".to_owned() } else { format!("  {line}\n") }).collect()
}

/// The worst of all.
fn status(done: &[Done]) -> u8 {
    let met: BTreeSet<u8> = done.iter().map(|done| done.status).collect();
    WORST_FIRST.into_iter().find(|status| met.contains(status)).unwrap_or(0)
}

/// Counts first, then what is not clean, worst first; the clean cases where they are asked for.
fn told(run: &Run<'_>, done: &[Done], terminal: &Terminal) -> String {
    let counts: Vec<String> = [
        (None, "could not be checked"),
        (Some(Verdict::NotClean), "not clean"),
        (Some(Verdict::NeedsWaiver), "in need of a waiver"),
        (Some(Verdict::Indeterminate), "cannot be judged yet"),
        (Some(Verdict::CleanWithWaivers), "clean with waivers"),
        (Some(Verdict::Clean), "clean"),
    ]
    .into_iter()
    .map(|(verdict, word)| (done.iter().filter(|done| done.verdict == verdict).count(), word))
    .filter(|(count, _)| *count > 0)
    .map(|(count, word)| format!("{count} {word}"))
    .collect();
    let noun = if done.len() == 1 { "case" } else { "cases" };
    let mut out = terminal.wrap(&format!("{} {noun}: {}", done.len(), counts.join(", ")), 0, 2);
    if run.unchanged > 0 {
        let noun = if run.unchanged == 1 { "case has" } else { "cases have" };
        out += &terminal.wrap(&format!("{} more {noun} not changed and were not checked", run.unchanged), 0, 2);
    }
    let is_shown = |done: &&Done| run.all || done.status != 0;
    for done in done.iter().filter(is_shown) {
        out += &format!("\n{}\n{}", done.path, done.text);
    }
    if done.iter().any(|done| !is_shown(&done)) {
        out += "\n";
        out += &terminal.wrap("`--all` lists the clean cases; `countersign check CASE` shows one in full", 0, 2);
    }
    out
}
