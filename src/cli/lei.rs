//! `countersign lei fetch LEI --into CASE`: one LEI record from GLEIF, as evidence.

use std::path::PathBuf;

use clap::ValueEnum;
use clap::builder::PossibleValue;

use super::config::Settings;
use super::error::CliError;
use super::terminal::Terminal;
use super::{Outcome, clock, load};
use crate::bundle::author::{self, NewFile, Origin};
use crate::bundle::{self, Area, Snapshot};
use crate::fetch::{self, Limits};
use crate::gleif::{self, Purpose};
use crate::primitives::Lei;

/// Fetch LEI records from GLEIF
#[derive(Debug, clap::Subcommand)]
#[command(after_help = "Example:\n  countersign lei fetch 254900OPPU84GM83MG36 --into cases/acme --by Q1")]
pub(super) enum Command {
    /// Fetch the record of one LEI and save it, as received, as a `lei-record`
    Fetch(Args),
}

/// Fetch the record of one LEI and save it, as received, as a `lei-record`
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Fetch the record of one LEI from GLEIF and save the body, byte for byte, with URL, status, headers \
        and time, as a `lei-record` of the case.\n\nAn answer about another LEI, a list, or anything but status 200 is \
        refused, and nothing is saved. HTTPS is no signature: the QAR who saves the record answers for it.",
    after_help = "Example:\n  countersign lei fetch 254900OPPU84GM83MG36 --into cases/acme --by Q1 --purpose session"
)]
pub(super) struct Args {
    /// The LEI
    #[arg(value_name = "LEI", value_parser = |text: &str| text.parse::<Lei>())]
    lei: Lei,
    /// Case or bundle to save into
    #[arg(long, value_name = "CASE")]
    into: PathBuf,
    /// What the record is for
    #[arg(long, default_value = "onboarding")]
    purpose: Purpose,
    /// Person id of the QAR who fetches it; default: `person` of countersign.toml
    #[arg(long, value_name = "PERSON")]
    by: Option<String>,
    /// Id of the record; default: the next free `lei-record-N`
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    /// Address of the API
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,
}

impl ValueEnum for Purpose {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.as_str()))
    }
}

pub(super) fn run(command: Command, settings: &Settings, terminal: &Terminal) -> Outcome {
    match command {
        Command::Fetch(args) => fetch(args, settings, terminal),
    }
}

fn fetch(args: Args, settings: &Settings, terminal: &Terminal) -> Outcome {
    let performed_by = args.by.as_deref().or(settings.person.as_deref()).ok_or(CliError::NoPerson)?;
    let base_url = args.base_url.as_deref().or(settings.gleif_url.as_deref()).unwrap_or(gleif::BASE_URL);
    // Looked at before anything is asked for: a record that has nowhere to go is not fetched.
    let snapshot = Snapshot::read(&args.into, &bundle::Limits::STANDARD)?;
    let manifest = snapshot.manifest(Area::Bundle);
    let case = manifest.and_then(|manifest| manifest.text("bundle_id"));
    let case = case.ok_or_else(|| CliError::NoManifest { path: args.into.clone() })?.to_owned();
    let id = match args.id {
        Some(id) => id,
        None => free_id(&snapshot),
    };

    let url = gleif::record_url(base_url, &args.lei);
    let response = fetch::get(&url, &Limits::API, &mut std::thread::sleep)?;
    let fetched_at = clock::now()?;
    gleif::accept(&args.lei, &response)?;

    let name = format!("{id}.json");
    let body_path = format!("raw/{name}");
    let told = gleif::Fetch {
        lei: &args.lei,
        purpose: args.purpose,
        record_id: &id,
        case: &case,
        performed_by,
        fetched_at,
        body_path: &body_path,
    };
    let record = format!("{:#}\n", gleif::record(&told, &response));
    let file = |kind, bytes, path| NewFile {
        from: Origin::Bytes { name: &name, bytes },
        kind,
        path,
        source: &response.url,
        captured_at: Some(fetched_at),
        captured_by: Some(performed_by),
    };
    let files = [
        file("lei-record-body", &response.body, Some(body_path.as_str())),
        file("lei-record", record.as_bytes(), None),
    ];
    let added = author::add(&args.into, &files, load::fact_schema())?;
    let mut text = String::new();
    for path in added {
        text.push_str(&format!("added {path}\n"));
    }
    text.push_str(&format!(
        "LEI {} as of {fetched_at}, {} bytes from {}\n",
        args.lei,
        response.body.len(),
        response.url
    ));
    terminal.print(&text)?;
    Ok(0)
}

/// The first `lei-record-N` that no file of the bundle is named after.
fn free_id(snapshot: &Snapshot) -> String {
    let is_taken = |id: &str| {
        let name = format!("/{id}.json");
        snapshot.files().iter().any(|file| file.path.ends_with(&name))
    };
    // INVARIANT: a bundle has fewer files than there are numbers, so one is free.
    let ids = (1u32..).map(|number| format!("lei-record-{number}"));
    ids.into_iter().find(|id| !is_taken(id)).unwrap_or_else(|| "lei-record".to_owned())
}
