//! `countersign audit ROOT`: a year of cases, judged one by one and against the registries' logs.
//!
//! In: the folder of a year, what was fetched for the audit, the installation's files. Out: a report, and one exit
//! status. What is finished lies in a state folder, from which an interrupted run goes on.

mod cost;
mod inputs;
mod output;
mod pack;
mod verify;

use std::path::PathBuf;

use super::Outcome;
use super::config::Settings;
use super::error::CliError;
use super::terminal::{self, Terminal};
use crate::audit::Period;
use crate::evaluate::outcome::{EXIT_ERROR, FailOn};
use crate::primitives::Instant;
use crate::report::audit::AuditDocument;
use crate::report::audit::human::cost_line;
use output::{Format, Target};

/// Judge a year of cases, against what the registries' logs prove
#[derive(Debug, clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    long_about = "Judge every case of a period under the rules of its day, and the period as a whole.\n\nROOT holds \
        `cases/` (folders, or one tar a case) and `registries/` (what was fetched from witnesses and watchers: the \
        group's key event log and its registries' events). What was issued and revoked comes from these logs, never \
        from the folders: an issuance without a case leads the report.\n\nA case is judged for the moment at which its \
        last part was sealed, and with the signing time that the ledger or a watcher proves.\n\nAn interrupted run goes \
        on where it was, if it is given the same state folder.",
    after_help = "Examples:\n  countersign audit 2026 --period 2026-01-01..2026-12-31 --trust trust.json\n  \
        countersign audit 2026 --period 2026-01-01..2026-12-31 --ledger ledger.jsonl --sample 20 --seed 2026 \\\n    \
        --report html=audit.html --report ndjson=audit.ndjson --format json --output audit.json\n\n\
        Exit status: 0 clean or clean with waivers, 1 not clean or in need of a waiver, 2 the audit could not run or a\n\
        case could not be checked, 3 not decidable on what there is."
)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    year: Option<YearArgs>,
    #[command(flatten)]
    output: Output,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Write one archive for the auditor, with digests in place of evidence
    Pack(Box<pack::Args>),
    /// Check such an archive, without network and cases
    Verify(verify::Args),
}

/// Where the report of an audit goes
#[derive(Debug, clap::Args)]
struct Output {
    /// Write a report in a format, whatever is printed; may be repeated. Formats: json, html, oscal, ndjson
    #[arg(long = "report", value_name = "FORMAT=FILE", value_parser = output::target)]
    reports: Vec<Target>,
    /// How to print the report
    #[arg(long, default_value = "human")]
    format: Format,
    /// Write the report to a file, and print the verdict only
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Show every finding and every case that is not clean
    #[arg(long)]
    all: bool,
    /// Say what the run cost: cases a second, peak memory, the processor's time by kind of work; the report is then
    /// another in every run
    #[arg(long)]
    timings: bool,
}

/// Cases from which on a run says what it cost, beside the report.
const MANY: u64 = 1000;

/// Which year, and what it is judged with
#[derive(Debug, Clone, clap::Args)]
struct YearArgs {
    /// Folder of the year, with `cases/` and `registries/`
    #[arg(value_name = "ROOT")]
    root: PathBuf,
    /// First and last day, both included: 2026-01-01..2026-12-31
    #[arg(long, value_name = "FROM..TO", value_parser = |text: &str| text.parse::<Period>())]
    period: Period,
    /// Streams of the group's log and registries, in place of ROOT/registries; may be repeated
    #[arg(long, value_name = "FILE")]
    tel: Vec<PathBuf>,
    /// The ledger, which proves signing times; default: ROOT/ledger, if there is one
    #[arg(long, value_name = "FILE")]
    ledger: Option<PathBuf>,
    /// The installation's trust file; default: the settings'
    #[arg(long, value_name = "FILE")]
    trust: Option<PathBuf>,
    /// Policies to use instead of the embedded ones
    #[arg(long, value_name = "DIR")]
    policies: Option<PathBuf>,
    /// Which documents, levels and parameters are in force
    #[arg(long, default_value = "audit")]
    profile: String,
    /// Set a parameter of the rule book; may be repeated
    #[arg(long = "set", value_name = "PARAM=VALUE", value_parser = super::check::assignment)]
    set: Vec<(String, String)>,
    /// Folder of official credential schemas, each verified by its SAID
    #[arg(long, value_name = "DIR")]
    schemas: Option<PathBuf>,
    /// The moment of the audit, after which nothing is known; default: now, or when an interrupted run began
    #[arg(long, value_name = "INSTANT", value_parser = |text: &str| text.parse::<Instant>())]
    as_of: Option<Instant>,
    /// Draw so many cases for people to read
    #[arg(long, value_name = "N", requires = "seed")]
    sample: Option<u64>,
    /// Draw by this seed, so that anybody can draw again
    #[arg(long, value_name = "S", requires = "sample")]
    seed: Option<String>,
    /// Folder that keeps what is finished, to go on after an interruption; default: beside --output
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
}

pub(super) fn run(args: Args, settings: &Settings, terminal: &Terminal) -> Outcome {
    match (args.command, args.year) {
        (Some(Command::Pack(args)), _) => pack::run(*args, settings, terminal),
        (Some(Command::Verify(args)), _) => verify::run(args, settings, terminal),
        (None, Some(year)) => audit(&year, &args.output, settings, terminal),
        (None, None) => Err(CliError::Internal { what: "the command line" }),
    }
}

fn audit(year: &YearArgs, output: &Output, settings: &Settings, terminal: &Terminal) -> Outcome {
    output::refuse(output, &year.root)?;
    let mut ready = inputs::read(year, settings, output.output.as_deref())?;
    let mut done = ready.judge(false)?;
    if output.timings {
        done.document.cost = Some(cost::of(&ready.meter, done.judged));
    }
    output::write(output, &done.document, &done.journal, terminal)?;
    if !output.timings && done.judged >= MANY {
        terminal::print_note(&cost_line(&cost::of(&ready.meter, done.judged)));
    }
    let status = status(&done.document);
    // Its tables lie in the state that is taken away.
    drop(ready);
    done.tidy();
    Ok(status)
}

/// As the check of several cases ends.
fn status(document: &AuditDocument) -> u8 {
    match document.summary.unreadable {
        0 => document.verdict.exit_status(FailOn::Warn),
        _ => EXIT_ERROR,
    }
}
