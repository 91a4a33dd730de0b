//! `countersign bundle new CASE`.

use std::path::PathBuf;

use super::super::config::Settings;
use super::super::error::CliError;
use super::super::terminal::Terminal;
use super::super::{Outcome, clock, load};
use crate::bundle::author::{self, NewCase};
use crate::primitives::{Aid, Instant, Lei};

/// Years that a case is kept unless said otherwise. Source: Provenant procedure, retention of case files.
const RETENTION_YEARS: i64 = 10;

/// Lay out a case with a checklist of what its flow needs
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  countersign bundle new cases/acme --flow le-unsolicited --lei 254900OPPU84GM83MG36 \\\n    \
        --trust trust.json"
)]
pub(in super::super) struct Args {
    /// Folder to lay the case out in; it must be empty or not there
    #[arg(value_name = "CASE")]
    case: PathBuf,
    /// The flow: what is to be issued, and to whom
    #[arg(long, required_unless_present = "post")]
    flow: Option<String>,
    /// LEI of the entity
    #[arg(long, value_parser = |text: &str| text.parse::<Lei>(), required_unless_present = "post")]
    lei: Option<Lei>,
    /// Lay out `post/` of a case that is there, for what follows the signature
    #[arg(long, conflicts_with_all = ["flow", "lei", "qvi", "id", "retention_until", "trust", "policies"])]
    post: bool,
    /// AID of the QVI's group; default: that of the trust file
    #[arg(long, value_name = "AID", value_parser = |text: &str| text.parse::<Aid>())]
    qvi: Option<Aid>,
    /// Id of the case; default: the folder's name
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    /// Until when the case is kept; default: ten years from now
    #[arg(long, value_name = "INSTANT", value_parser = |text: &str| text.parse::<Instant>())]
    retention_until: Option<Instant>,
    /// Trust file that names the QVI; default: the settings'
    #[arg(long, value_name = "FILE")]
    trust: Option<PathBuf>,
    /// Policies to use instead of the embedded ones
    #[arg(long, value_name = "DIR")]
    policies: Option<PathBuf>,
}

pub(in super::super) fn run(args: Args, settings: &Settings, terminal: &Terminal) -> Outcome {
    let (Some(flow), Some(lei)) = (args.flow, args.lei) else {
        let manifest = author::new_post(&args.case, clock::now()?)?;
        let case = args.case.display();
        terminal.print(&format!(
            "wrote {}\nnext: countersign bundle add FILE --kind KIND --into {case}/post\n",
            manifest.display()
        ))?;
        return Ok(0);
    };
    let rule_book = load::rule_book(args.policies.as_deref(), settings)?;
    let program = rule_book.program();
    let flow = program.flows.iter().find(|found| found.id == flow).ok_or_else(|| CliError::UnknownFlow {
        flow: flow.clone(),
        known: program.flows.iter().map(|flow| flow.id.clone()).collect(),
    })?;
    let qvi = match args.qvi {
        Some(qvi) => qvi,
        None => load::trust(args.trust.as_deref(), settings)?.qvi_aid,
    };
    let named = args.case.file_name().map(|name| name.to_string_lossy().into_owned());
    let id = args.id.or(named).ok_or(CliError::NoCaseId)?;
    let created_at = clock::now()?;
    let retention_until = args.retention_until.or_else(|| created_at.checked_add_months(12 * RETENTION_YEARS));
    let needs: Vec<(String, String)> = flow
        .needs
        .iter()
        .map(|(kind, stage)| (program.schema.kind(*kind).name.clone(), stage.as_str().to_owned()))
        .collect();
    let new = NewCase {
        bundle_id: &id,
        flow: &flow.id,
        lei: &lei,
        qvi_aid: &qvi,
        created_at,
        retention_until: retention_until.ok_or(CliError::Clock)?,
        needs: &needs,
    };
    let written = author::new_case(&args.case, &new, &program.schema)?;
    let mut text = String::new();
    for path in written {
        text.push_str(&format!("wrote {}\n", path.display()));
    }
    text.push_str(&format!("next: countersign bundle show {}\n", args.case.display()));
    terminal.print(&text)?;
    Ok(0)
}
