//! `countersign schema`: official credential schemas, each known by its digest.

use std::path::{Path, PathBuf};

use super::config::Settings;
use super::error::CliError;
use super::terminal::{Terminal, columns_of};
use super::write::{self, Existing};
use super::{Outcome, load};
use crate::fetch::{self, Limits};
use crate::keri::schema::{check_official, official};
use crate::primitives::Said;

/// Most bytes of a schema.
const SCHEMA_BYTES_MAX: u64 = 1 << 20;

/// Fetch, list and check official credential schemas
#[derive(Debug, clap::Subcommand)]
#[command(after_help = "Example:\n  countersign schema list")]
pub(super) enum Command {
    /// Fetch schemas by their digests and keep them
    Pull(PullArgs),
    /// List the schemas of the six credential types, and whether they are at hand
    List(ListArgs),
    /// Check that a file is the schema that it says it is
    Check(CheckArgs),
}

/// Fetch schemas by their digests and keep them
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Fetch schemas from a host by their digests and keep them in the folder of schemas.\n\nThe digest \
        of each answer is computed before anything is kept; an answer that is anything else is refused, and nothing \
        of the run is kept then.",
    after_help = "Example:\n  countersign schema pull ENPXp1vQzRF6JwIuS-mp2U8Uf1MoADoP_GqQ62VsDZWY --from https://schema.example.org"
)]
pub(super) struct PullArgs {
    /// Digests of the schemas
    #[arg(value_name = "SAID", required = true, value_parser = |text: &str| text.parse::<Said>())]
    saids: Vec<Said>,
    /// Host that answers `/oobi/SAID`; default: the settings'
    #[arg(long, value_name = "URL")]
    from: Option<String>,
    /// Folder to keep them in; default: the settings'
    #[arg(long, value_name = "DIR")]
    schemas: Option<PathBuf>,
}

/// List the schemas of the six credential types, and whether they are at hand
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  countersign schema list --schemas schemas/")]
pub(super) struct ListArgs {
    /// Folder of schemas; default: the settings'
    #[arg(long, value_name = "DIR")]
    schemas: Option<PathBuf>,
}

/// Check that a file is the schema that it says it is
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  countersign schema check le.json")]
pub(super) struct CheckArgs {
    /// The schema
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

pub(super) fn run(command: Command, settings: &Settings, terminal: &Terminal) -> Outcome {
    match command {
        Command::Pull(args) => pull(&args, settings, terminal),
        Command::List(args) => list(args.schemas.as_deref().or(settings.schemas.as_deref()), terminal),
        Command::Check(args) => {
            let said = checked(&args.file.display().to_string(), &load::bytes(&args.file, SCHEMA_BYTES_MAX)?)?;
            terminal.print(&format!("schema {said}: its digest holds\n"))?;
            Ok(0)
        }
    }
}

fn checked(name: &str, text: &[u8]) -> Result<Said, CliError> {
    let refused = |source| CliError::NotASchema { name: name.to_owned(), source };
    check_official(text).map(|(said, _)| said).map_err(refused)
}

fn pull(args: &PullArgs, settings: &Settings, terminal: &Terminal) -> Outcome {
    let host = args.from.as_deref().or(settings.schema_host.as_deref()).ok_or(CliError::NoSchemaHost)?;
    let folder = args.schemas.as_deref().or(settings.schemas.as_deref()).ok_or(CliError::NoSchemas)?;
    let mut fetched = Vec::new();
    for asked in &args.saids {
        let url = format!("{}/oobi/{asked}", host.trim_end_matches('/'));
        let response = fetch::get(&url, &Limits::API, &mut std::thread::sleep)?;
        if response.status != 200 {
            return Err(CliError::SchemaStatus { url: response.url, status: response.status });
        }
        let got = checked(&response.url, &response.body)?;
        if got != *asked {
            return Err(CliError::AnotherSchema { url: response.url, asked: asked.clone(), got });
        }
        fetched.push((asked, response));
    }
    let unwritable = |source| CliError::Write { path: folder.to_owned(), source };
    std::fs::create_dir_all(folder).map_err(unwritable)?;
    let mut text = String::new();
    for (said, response) in fetched {
        let path = folder.join(format!("{said}.json"));
        write::atomically(&path, &response.body, Existing::Replace)?;
        text.push_str(&format!("kept {} from {}\n", path.display(), response.url));
    }
    terminal.print(&text)?;
    Ok(0)
}

fn list(folder: Option<&Path>, terminal: &Terminal) -> Outcome {
    let library = folder.map(load::schema_library).transpose()?;
    let rows: Vec<[String; 4]> = official()
        .map(|(kind, said, title)| {
            let here = library.as_ref().is_some_and(|library| library.saids().any(|known| known.as_str() == said));
            let here = if here { "at hand" } else { "not at hand" };
            [kind.as_str().to_owned(), said.to_owned(), here.to_owned(), title.to_owned()]
        })
        .collect();
    terminal.print(&columns_of(&rows))?;
    Ok(0)
}
