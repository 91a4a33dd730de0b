//! `countersign check CASE...`.

mod changed;
mod many;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::ValueEnum;
use clap::builder::PossibleValue;

use super::config::Settings;
use super::error::CliError;
use super::report::target::{Reports, refuse_inside};
use super::terminal::{self, Terminal};
use super::write::{self, Existing};
use super::{Outcome, clock, load, side_by_side};
use crate::bundle::{Limits, Snapshot};
use crate::check::{self, Options};
use crate::compile::program::{Program, Stage};
use crate::evaluate::outcome::FailOn;
use crate::primitives::Instant;
use crate::report::human::{self, Layout};
use crate::report::{ReportDocument, json};
use crate::trust::Trust;

/// Check cases or bundles and say what holds, what does not, and why
#[derive(Debug, Clone, clap::Args)]
#[command(
    long_about = "Check a case or a bundle against the rules of its flow.\n\nA case is a folder with `bundle/` (sealed \
        evidence), `decision/` (case records) and `post/` (evidence sealed after signing); a bundle is the first of \
        them alone, or a tar file of either. Rules of later stages are listed as not yet due.\n\nTime and trust never \
        come from the bundle: the instant judged for is now unless `--as-of` names another, and the trust file is \
        the installation's.",
    after_help = "Examples:\n  countersign check cases/acme --trust trust.json\n  \
        countersign check cases/acme --stage proposal --format json --output report.json\n  \
        countersign check acme.tar --as-of 2026-03-20T15:00:00Z --set lei_record_max_age=24h\n  \
        countersign check cases/acme --report html=acme.html --report sarif=acme.sarif --report junit=acme.xml\n  \
        countersign check --changed-since origin/main --report sarif='out/{case}.sarif' cases/*\n\n\
        Exit status: 0 clean or clean with waivers, 1 not clean or in need of a waiver, 2 the check could not run,\n\
        3 not decidable on this evidence; of several cases 2 if one is 2, else 1, else 3, else 0."
)]
pub(super) struct Args {
    /// Folder of a case or bundle, or a tar file of it; of several, a summary is printed
    #[arg(value_name = "CASE", required = true)]
    cases: Vec<PathBuf>,
    /// Check only the cases in which something differs from this git revision; they must be in the repository
    /// of the current folder
    #[arg(long, value_name = "REVISION")]
    changed_since: Option<String>,
    /// Decide the rules of this stage and all earlier ones; default: the profile's (audit: closing), else `evidence`
    #[arg(long)]
    stage: Option<Stage>,
    /// Add the rules of a flow to those of the flow that the manifest claims; may be repeated
    #[arg(long, value_name = "FLOW")]
    flow: Vec<String>,
    /// Which documents, levels and parameters are in force; default: the settings', else `house`
    #[arg(long)]
    profile: Option<String>,
    /// Policies to use instead of the embedded ones
    #[arg(long, value_name = "DIR")]
    policies: Option<PathBuf>,
    /// Instant to judge for; default: now
    #[arg(long, value_name = "INSTANT", value_parser = |text: &str| text.parse::<Instant>())]
    as_of: Option<Instant>,
    /// Set a parameter of the rule book; may be repeated; the report lists it
    #[arg(long = "set", value_name = "PARAM=VALUE", value_parser = assignment)]
    set: Vec<(String, String)>,
    /// The installation's trust file; default: the settings'
    #[arg(long, value_name = "FILE")]
    trust: Option<PathBuf>,
    /// Folder of official credential schemas, each verified by its SAID
    #[arg(long, value_name = "DIR")]
    schemas: Option<PathBuf>,
    /// Folder of earlier cases, in which references are looked up
    #[arg(long = "cases", value_name = "DIR")]
    earlier: Option<PathBuf>,
    /// Judge the case with the changes of a patch file, made in memory: what if
    #[arg(long, value_name = "FILE")]
    patch: Option<PathBuf>,
    /// Which failures end with exit status 1
    #[arg(long, default_value = "warn")]
    fail_on: FailOn,
    /// How to print the report
    #[arg(long, default_value = "human")]
    format: Format,
    /// Write the report to a file, and print the verdict only
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Show every finding in full, and what passes
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    reports: Reports,
}

/// How to print the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Human,
    /// RFC 8785 canonical JSON, as schemas/report.schema.json describes it
    Json,
}

impl ValueEnum for Stage {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Evidence, Self::Proposal, Self::Approval, Self::Signature, Self::Closing]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.as_str()))
    }
}

impl ValueEnum for FailOn {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Block, Self::Warn]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(match self {
            Self::Block => "block",
            Self::Warn => "warn",
        }))
    }
}

pub(super) fn run(args: Args, settings: &Settings, terminal: &Terminal) -> Outcome {
    for case in &args.cases {
        settings.not_of(case)?;
    }
    let chosen = match &args.changed_since {
        Some(revision) => changed::changed(&args.cases, revision)?,
        None => args.cases.clone(),
    };
    match (chosen.as_slice(), &args.changed_since) {
        ([case], None) => one(args.clone(), case, settings, terminal),
        (chosen, _) => several(args.clone(), chosen, settings, terminal),
    }
}

fn one(args: Args, case: &Path, settings: &Settings, terminal: &Terminal) -> Outcome {
    let (rule_book, snapshot) = side_by_side(
        || load::rule_book(args.policies.as_deref(), settings),
        || Snapshot::read(case, &Limits::STANDARD),
    );
    let rule_book = rule_book?;
    let trust = load::trust(args.trust.as_deref(), settings)?;
    let mut snapshot = snapshot?;
    if let Some(patch) = &args.patch {
        let patched = load::patched(&snapshot, &rule_book.program().schema, patch)?;
        if let Some(note) = unsigned(&patched.stale) {
            terminal::print_note(&note);
        }
        snapshot = patched.snapshot;
    }
    if let Some(output) = &args.output {
        refuse_inside(output, case)?;
    }
    args.reports.refuse(case, args.output.as_deref())?;
    let earlier = load::earlier_cases(args.earlier.as_deref().or(settings.cases.as_deref()))?;
    let options = options(&args, rule_book.program(), settings)?;
    let text_only = args.format == Format::Human && args.reports.is_empty();
    let document = document(rule_book.program(), &snapshot, &trust, earlier, &options, text_only)?;
    let layout = Layout {
        width: terminal.width,
        unicode: terminal.unicode,
        all: args.all,
        case_path: case.display().to_string(),
    };
    args.reports.write(&document, case, terminal)?;
    print(&document, args.format, args.output.as_deref(), &layout, terminal)?;
    Ok(document.verdict.exit_status(args.fail_on))
}

/// What a check finds; whole, or what the text for people shows of it.
fn document(
    program: &Program,
    snapshot: &Snapshot,
    trust: &Trust,
    earlier: Option<&Path>,
    options: &Options,
    text_only: bool,
) -> Result<ReportDocument, CliError> {
    // Only here and in an audit: the gate knows one QVI.
    let trust = &*check::trust_for(snapshot, trust);
    Ok(match text_only {
        true => check::content(program, snapshot, trust, earlier, options)?,
        false => check::check(program, snapshot, trust, earlier, options)?.into_document(),
    })
}

fn several(args: Args, cases: &[PathBuf], settings: &Settings, terminal: &Terminal) -> Outcome {
    for (option, is_given) in [("--output", args.output.is_some()), ("--patch", args.patch.is_some())] {
        if is_given {
            return Err(CliError::ForOneCase { option });
        }
    }
    let rule_book = load::rule_book(args.policies.as_deref(), settings)?;
    let trust = load::trust(args.trust.as_deref(), settings)?;
    let run = many::Run {
        program: rule_book.program(),
        trust: &trust,
        earlier: load::earlier_cases(args.earlier.as_deref().or(settings.cases.as_deref()))?,
        options: options(&args, rule_book.program(), settings)?,
        unchanged: args.cases.len() - cases.len(),
        format: args.format,
        all: args.all,
        reports: args.reports.clone(),
    };
    many::run(run, cases, terminal)
}

/// What a case is asked.
fn options(args: &Args, program: &Program, settings: &Settings) -> Result<Options, CliError> {
    let schemas = args.schemas.as_deref().or(settings.schemas.as_deref());
    let profile = args.profile.clone().or_else(|| settings.profile.clone());
    let profile = profile.unwrap_or_else(|| check::DEFAULT_PROFILE.to_owned());
    Ok(Options {
        as_of: args.as_of.map_or_else(clock::now, Ok)?,
        stage: check::stage(program, &profile, args.stage)?,
        flows: args.flow.clone(),
        profile,
        set: args.set.clone(),
        fail_on: args.fail_on,
        schemas: schemas.map(load::schema_library).transpose()?.map(Arc::new),
        memory: None,
    })
}

/// What a what-if cannot show without keys.
fn unsigned(stale: &[String]) -> Option<String> {
    let first = stale.first()?;
    let more = match stale.len() {
        1 => String::new(),
        count => format!(" and {} more files", count - 1),
    };
    Some(format!(
        "the patch changes `{first}`{more}, whose signatures no longer hold: a patch that names `keys` signs them again"
    ))
}

fn print(
    document: &ReportDocument,
    format: Format,
    output: Option<&Path>,
    layout: &Layout,
    terminal: &Terminal,
) -> Result<(), CliError> {
    match (format, output) {
        (Format::Human, None) => terminal.print(&human::render(document, layout)),
        (Format::Json, None) => {
            let text =
                String::from_utf8(json::canonical(document)).map_err(|_| CliError::Internal { what: "the report" })?;
            terminal.print(&(text + "\n"))
        }
        (Format::Human, Some(path)) => {
            let text = anstream::adapter::strip_str(&human::render(document, layout)).to_string();
            write::atomically(path, text.as_bytes(), Existing::Replace)?;
            terminal.print(&human::verdict_line(document, layout))
        }
        (Format::Json, Some(path)) => {
            write::atomically(path, &json::canonical(document), Existing::Replace)?;
            terminal.print(&human::verdict_line(document, layout))
        }
    }
}

pub(super) fn assignment(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() => Ok((name.trim().to_owned(), value.trim().to_owned())),
        Some(_) | None => Err(format!("`{text}` is not `PARAM=VALUE`")),
    }
}
