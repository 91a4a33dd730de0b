//! `countersign bundle seal CASE`.

use std::path::PathBuf;

use super::super::config::Settings;
use super::super::terminal::Terminal;
use super::super::{Outcome, clock, load};
use crate::bundle::author;
use crate::check;

/// Write the manifest over what is there; its digest names the bundle
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Read every file of the bundle again, compare it with its listing, and write the manifest in its \
        canonical form. The digest of the manifest is the bundle's name from then on; what is added later gives \
        another bundle.",
    after_help = "Example:\n  countersign bundle seal cases/acme --by Q1"
)]
pub(in super::super) struct Args {
    /// Case or bundle
    #[arg(value_name = "CASE")]
    case: PathBuf,
    /// Person id of the QAR who seals it; default: `person` of countersign.toml
    #[arg(long, value_name = "PERSON")]
    by: Option<String>,
}

pub(in super::super) fn run(args: Args, settings: &Settings, terminal: &Terminal) -> Outcome {
    let by = args.by.as_deref().or(settings.person.as_deref());
    let sealed =
        author::seal(&args.case, clock::now()?, by, &|snapshot| check::problems(snapshot, load::fact_schema()))?;
    let files = if sealed.files == 1 { "1 file".to_owned() } else { format!("{} files", sealed.files) };
    terminal.print(&format!("sealed {files}, bundle {}\n", sealed.digest))?;
    Ok(0)
}
