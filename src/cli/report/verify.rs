//! `countersign report verify FILE --case DIR --trust FILE`.

use std::path::PathBuf;
use std::sync::Arc;

use super::super::config::Settings;
use super::super::terminal::Terminal;
use super::super::{Outcome, load, side_by_side};
use super::{diff, saved};
use crate::bundle::{Limits, Snapshot};
use crate::check::{self, Options};
use crate::report::diff::diff;
use crate::report::{ReportDocument, json};

/// Exit status where the same run gives the same bytes.
const EXIT_SAME: u8 = 0;
/// Exit status where it does not.
const EXIT_DIFFERS: u8 = 1;
/// Who set a parameter, where the command line did.
const SET_BY_COMMAND_LINE: &str = "command line";

/// Verify the digests of a saved report, and that the same run gives the same bytes
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Verify a saved report: its digests, and that judging the case again, as of the instant that the \
        report names, gives the same bytes. Stage, flows, profile and parameters are those of the report; case, \
        trust file, policies, schemas and earlier cases are yours.",
    after_help = "Example:\n  countersign report verify report.json --case cases/acme --trust trust.json\n\n\
        Exit status: 0 the report is what this case gives, 1 it is not, 2 the command could not run."
)]
pub(in crate::cli) struct Args {
    /// The report
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The case that it is about: a folder or a tar file
    #[arg(long, value_name = "DIR")]
    case: PathBuf,
    /// The installation's trust file; default: the settings'
    #[arg(long, value_name = "FILE")]
    trust: Option<PathBuf>,
    /// Policies to use instead of the embedded ones
    #[arg(long, value_name = "DIR")]
    policies: Option<PathBuf>,
    /// Folder of official credential schemas, each verified by its SAID
    #[arg(long, value_name = "DIR")]
    schemas: Option<PathBuf>,
    /// Folder of earlier cases, in which references are looked up
    #[arg(long, value_name = "DIR")]
    cases: Option<PathBuf>,
}

pub(super) fn run(args: Args, settings: &Settings, terminal: &Terminal) -> Outcome {
    let saved = saved(&args.file)?;
    let (rule_book, snapshot) = side_by_side(
        || load::rule_book(args.policies.as_deref(), settings),
        || Snapshot::read(&args.case, &Limits::STANDARD),
    );
    let (rule_book, snapshot) = (rule_book?, snapshot?);
    let trust = load::trust(args.trust.as_deref(), settings)?;
    let schemas = args.schemas.as_deref().or(settings.schemas.as_deref());
    let schemas = schemas.map(load::schema_library).transpose()?.map(Arc::new);
    let earlier = load::earlier_cases(args.cases.as_deref().or(settings.cases.as_deref()))?;
    let options = Options { schemas, ..as_reported(&saved) };
    let report = check::check(rule_book.program(), &snapshot, &trust, earlier, &options)?;
    let again = report.document();
    if json::canonical(again) == json::canonical(&saved) {
        terminal.print(&format!("the same: {} is what this case gives as of {}\n", saved.said, saved.run.as_of))?;
        return Ok(EXIT_SAME);
    }
    let differences = diff::text(&diff(&saved, again), terminal);
    terminal
        .print(&format!("not the same: the report is {}, the case gives {}\n{differences}", saved.said, again.said))?;
    Ok(EXIT_DIFFERS)
}

/// What the run was asked.
fn as_reported(saved: &ReportDocument) -> Options {
    let run = &saved.run;
    let set = run.parameters.iter().filter(|parameter| parameter.set_by == SET_BY_COMMAND_LINE);
    Options {
        as_of: run.as_of,
        stage: run.stage,
        // The flow that the manifest claims is among them, and is not added twice.
        flows: run.flows.clone(),
        profile: run.profile.clone(),
        set: set.map(|parameter| (parameter.name.clone(), parameter.value.clone())).collect(),
        fail_on: run.fail_on,
        schemas: None,
        memory: None,
    }
}
