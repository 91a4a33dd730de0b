//! `countersign lei fetch LEI --into CASE`: one LEI record from GLEIF, as evidence.

use std::path::PathBuf;
use std::time::Duration;

use clap::ValueEnum;
use clap::builder::PossibleValue;

use super::config::Settings;
use super::error::CliError;
use super::terminal::Terminal;
use super::{Outcome, clock, load};
use crate::bundle::edit;
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
    let target = edit::Target::open(&args.into)?;
    let id = match &args.id {
        Some(id) => id.clone(),
        None => target.free_id("lei-record"),
    };

    let url = gleif::record_url(base_url, &args.lei);
    let response = fetch::get(&url, &Limits::API, &mut |wait: Duration| std::thread::sleep(wait))?;
    let fetched_at = clock::now()?;
    gleif::accept(&args.lei, &response)?;

    let body_path = format!("raw/{id}.json");
    let record = gleif::record(
        &gleif::Fetch {
            lei: &args.lei,
            purpose: args.purpose,
            record_id: &id,
            case: target.bundle_id(),
            performed_by,
            fetched_at,
            body_path: &body_path,
        },
        &response,
    );
    let added = load::add_lei_record(&target, &id, &body_path, &response, &record, fetched_at, performed_by)?;
    terminal.print(&format!("{added}\n"))?;
    Ok(0)
}
