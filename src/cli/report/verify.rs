//! `countersign report verify FILE --case DIR --trust FILE`; of a credential, the case is its stream.

use std::path::PathBuf;
use std::sync::Arc;

use super::super::config::Settings;
use super::super::credential;
use super::super::error::CliError;
use super::super::terminal::Terminal;
use super::super::{Outcome, load, side_by_side};
use super::{diff, saved};
use crate::bundle::{Limits, Snapshot};
use crate::check::credential::{Asked, report as report_on};
use crate::check::{self, Options};
use crate::compile::program::Program;
use crate::keri::{self, schema::Library};
use crate::primitives::{Aid, Said};
use crate::report::diff::diff;
use crate::report::{ReportDocument, is_of_credential, json};

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
        trust file, policies, schemas and earlier cases are yours.\n\nOf a report of `credential verify`, the case is the \
        stream, and whom it trusts is named as there: by the trust file, or by `--root` and `--geda`.",
    after_help = "Examples:\n  countersign report verify report.json --case cases/acme --trust trust.json\n  \
        countersign report verify le.json --case le.cesr --trust trust.json\n\n\
        Exit status: 0 the report is what this case gives, 1 it is not, 2 the command could not run."
)]
pub(in crate::cli) struct Args {
    /// The report
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The case that it is about: a folder or a tar file; of a credential, the stream
    #[arg(long, value_name = "DIR")]
    case: PathBuf,
    /// The installation's trust file; default: the settings'
    #[arg(long, value_name = "FILE")]
    trust: Option<PathBuf>,
    /// Of a credential: the root of trust, where no trust file is used
    #[arg(long, value_name = "AID", conflicts_with = "trust", value_parser = |text: &str| text.parse::<Aid>())]
    root: Option<Aid>,
    /// Of a credential: who qualifies QVIs, where it was named
    #[arg(long, value_name = "AID", value_parser = |text: &str| text.parse::<Aid>())]
    geda: Option<Aid>,
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
    let schemas = args.schemas.as_deref().or(settings.schemas.as_deref());
    let schemas = schemas.map(load::schema_library).transpose()?;
    let again = match is_of_credential(&saved) {
        true => credential_again(&args, &saved, schemas.as_ref(), settings)?,
        false => case_again(&args, &saved, schemas, settings)?,
    };
    if json::canonical(&again) == json::canonical(&saved) {
        terminal.print(&format!("the same: {} is what this case gives as of {}\n", saved.said, saved.run.as_of))?;
        return Ok(EXIT_SAME);
    }
    let differences = diff::text(&diff(&saved, &again), terminal);
    terminal
        .print(&format!("not the same: the report is {}, the case gives {}\n{differences}", saved.said, again.said))?;
    Ok(EXIT_DIFFERS)
}

/// What the case gives now.
fn case_again(
    args: &Args,
    saved: &ReportDocument,
    schemas: Option<Library>,
    settings: &Settings,
) -> Result<ReportDocument, CliError> {
    for (option, is_given) in [("--root", args.root.is_some()), ("--geda", args.geda.is_some())] {
        if is_given {
            return Err(CliError::ForACredential { option });
        }
    }
    let (rule_book, snapshot) = side_by_side(
        || load::rule_book(args.policies.as_deref(), settings),
        || Snapshot::read(&args.case, &Limits::STANDARD),
    );
    let (rule_book, snapshot) = (rule_book?, snapshot?);
    let trust = load::trust(args.trust.as_deref(), settings)?;
    let earlier = load::earlier_cases(args.cases.as_deref().or(settings.cases.as_deref()))?;
    let options = Options { schemas: schemas.map(Arc::new), ..as_reported(saved) };
    Ok(check::check(rule_book.program(), &snapshot, &trust, earlier, &options)?.into_document())
}

/// What the stream gives now, under the name that it had.
fn credential_again(
    args: &Args,
    saved: &ReportDocument,
    schemas: Option<&Library>,
    settings: &Settings,
) -> Result<ReportDocument, CliError> {
    let (trusted, trust) = credential::trusted(args.root.clone(), args.geda.clone(), args.trust.as_deref(), settings)?;
    let stream = credential::stream(&args.case)?;
    let rule_book = load::rule_book(args.policies.as_deref(), settings)?;
    let program: &Program = rule_book.program();
    let meant = saved.run.bundle_id.parse::<Said>().ok();
    let options = keri::Options { as_of: saved.run.as_of, schemas, credential: meant.as_ref() };
    let examined = keri::examine(&stream, &options);
    let examined = examined.map_err(|source| CliError::SeveralCredentials { path: args.case.clone(), source })?;
    let name = saved.files.first().map_or("", |file| file.path.as_str());
    let asked = Asked { name, stream: &stream, trusted: &trusted, trust, as_of: saved.run.as_of };
    Ok(report_on(program, &asked, &examined)?.into_document())
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
