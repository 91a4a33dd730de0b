//! `countersign credential`: a credential with its chain, from a CESR stream.

use std::path::{Path, PathBuf};

use clap::ValueEnum;

use super::config::Settings;
use super::error::CliError;
use super::report::target::Reports;
use super::terminal::Terminal;
use super::{Outcome, clock, load, side_by_side};
use crate::check::credential::{self, Asked};
use crate::keri::{self, Answer, Options, Trusted, cesr, show};
use crate::primitives::{Aid, Instant, Said, Sha256};

/// Exit status for what is valid.
const EXIT_VALID: u8 = 0;
/// Exit status for what is invalid or revoked.
const EXIT_INVALID: u8 = 1;
/// Exit status where something that is needed was not presented.
const EXIT_INCOMPLETE: u8 = 3;

/// Verify and show credentials
#[derive(Debug, clap::Subcommand)]
#[command(after_help = "Example:\n  countersign credential verify le.cesr --trust trust.json")]
pub(super) enum Command {
    /// Verify a credential with its chain up to the root of trust
    Verify(VerifyArgs),
    /// Show what a stream claims, message by message
    Show(ShowArgs),
}

/// Verify a credential with its chain up to the root of trust
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Verify a credential with its chain: digests, signatures, key event logs with delegation and \
        witnesses, registries, edges, schemas, and what the governance framework asks of a chain.\n\nNothing in the \
        stream is believed because it is there. The root of trust comes from `--root` or from the installation's \
        trust file, never from the stream.",
    after_help = "Examples:\n  countersign credential verify le.cesr --trust trust.json\n  \
        countersign credential verify oor.cesr --root EDP1vHcw_wc4M__Fj53-cJaBnZZASd-aMTaSyWEQ-PC2 --format json\n\n\
        Exit status: 0 valid, 1 invalid or revoked, 2 the command could not run, 3 incomplete."
)]
pub(super) struct VerifyArgs {
    /// CESR stream: the credential, its chain, registries and key event logs
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The credential; default: the one that no other points to
    #[arg(long, value_name = "SAID", value_parser = |text: &str| text.parse::<Said>())]
    credential: Option<Said>,
    /// The root of trust; default: the trust file's, with its GEDA
    #[arg(long, value_name = "AID", value_parser = |text: &str| text.parse::<Aid>())]
    root: Option<Aid>,
    /// Who qualifies QVIs; default with `--root`: whoever issued the QVI credential, if the root delegated it
    #[arg(long, value_name = "AID", value_parser = |text: &str| text.parse::<Aid>())]
    geda: Option<Aid>,
    /// The installation's trust file, where `--root` is not given; default: the settings'
    #[arg(long, value_name = "FILE", conflicts_with = "root")]
    trust: Option<PathBuf>,
    /// Folder of official credential schemas, each verified by its SAID; default: the settings'
    #[arg(long, value_name = "DIR")]
    schemas: Option<PathBuf>,
    /// Policies to use instead of the embedded ones
    #[arg(long, value_name = "DIR")]
    policies: Option<PathBuf>,
    /// Judge as of this instant instead of now
    #[arg(long, value_name = "INSTANT", value_parser = |text: &str| text.parse::<Instant>())]
    as_of: Option<Instant>,
    /// How to print the verdict
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    format: Format,
    #[command(flatten)]
    reports: Reports,
}

/// Show what a stream claims, message by message
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Show every message, attachment, seal and edge of a stream, and a tree of its credentials.\n\nThis \
        is what the stream claims; nothing of it is verified.",
    after_help = "Example:\n  countersign credential show le.cesr"
)]
pub(super) struct ShowArgs {
    /// CESR stream
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// How to print.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people.
    Human,
    /// For programs.
    Json,
}

pub(super) fn run(command: Command, settings: &Settings, terminal: &Terminal) -> Outcome {
    match command {
        Command::Verify(args) => verify(args, settings, terminal),
        Command::Show(args) => {
            let stream = stream(&args.file)?;
            let text =
                show::describe(&stream).map_err(|source| CliError::Stream { path: args.file.clone(), source })?;
            terminal.print(&text)?;
            Ok(EXIT_VALID)
        }
    }
}

fn verify(args: VerifyArgs, settings: &Settings, terminal: &Terminal) -> Outcome {
    args.reports.refuse(&args.file, None)?;
    let (trusted, trust) = trusted(args.root, args.geda, args.trust.as_deref(), settings)?;
    let schemas = args.schemas.as_deref().or(settings.schemas.as_deref());
    let library = schemas.map(load::schema_library).transpose()?;
    let as_of = args.as_of.map_or_else(clock::now, Ok)?;
    let stream = stream(&args.file)?;
    let options = Options { as_of, schemas: library.as_ref(), credential: args.credential.as_ref() };
    let (rule_book, examined) =
        side_by_side(|| load::rule_book(args.policies.as_deref(), settings), || keri::examine(&stream, &options));
    let rule_book = rule_book?;
    let examined = examined.map_err(|source| CliError::SeveralCredentials { path: args.file.clone(), source })?;
    let name = args.file.display().to_string();
    let rules = credential::judge(rule_book.program(), (&name, &stream), &examined.chain, &trusted, as_of)?;
    if !args.reports.is_empty() {
        let name = args.file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let asked = Asked { name: &name, stream: &stream, trusted: &trusted, trust, as_of };
        let report = credential::report(rule_book.program(), &asked, &examined)?;
        args.reports.write(report.document(), args.file.parent().unwrap_or(Path::new("")), terminal)?;
    }
    let verdict = examined.verdict.with(rules);
    match args.format {
        Format::Human => terminal.print(&show::verdict_text(&verdict))?,
        Format::Json => terminal.print(&format!("{:#}\n", show::verdict_json(&verdict)))?,
    }
    Ok(status(verdict.answer))
}

/// Whom a chain is verified against, with the digest that its report has of that.
///
/// # Errors
/// There is no root, and the trust file cannot be used.
pub(super) fn trusted(
    root: Option<Aid>,
    geda: Option<Aid>,
    trust: Option<&Path>,
    settings: &Settings,
) -> Result<(Trusted, Sha256), CliError> {
    match root {
        Some(root) => {
            // In place of a trust file's: over what is trusted instead.
            let named = geda.as_ref().map_or("none".to_owned(), ToString::to_string);
            let digest = Sha256::of(format!("root {root}\ngeda {named}\n").as_bytes());
            Ok((Trusted { root, geda }, digest))
        }
        None => {
            let trust = load::trust(trust, settings)?;
            let geda = geda.or_else(|| Some(trust.geda_aid.clone()));
            Ok((Trusted { root: trust.root_aid.clone(), geda }, trust.digest))
        }
    }
}

/// The exit status that an answer gives.
pub(super) fn status(answer: Answer) -> u8 {
    match answer {
        Answer::Valid => EXIT_VALID,
        Answer::Invalid | Answer::Revoked => EXIT_INVALID,
        Answer::Incomplete => EXIT_INCOMPLETE,
    }
}

/// A CESR stream within its bound.
///
/// # Errors
/// It cannot be read, or is too large.
pub(super) fn stream(path: &Path) -> Result<Vec<u8>, CliError> {
    load::bytes(path, cesr::STREAM_MAX as u64)
}
