//! `countersign case log`.

use std::path::PathBuf;

use serde_json::json;

use super::super::Outcome;
use super::super::config::Settings;
use super::super::credential::Format;
use super::super::terminal::{Terminal, columns_of, print_note};
use super::Sitting;
use crate::bundle::place::printable;
use crate::case::{Done, Progress, What};

/// List what was done, by whom and when
#[derive(Debug, clap::Args)]
#[command(
    long_about = "List the records of a case in the order in which each names the one before it: when, who, what, \
        whose signature holds, and the SHA-256 of the record's file.",
    after_help = "Example:\n  countersign case log cases/acme --format json\n\n\
        Exit status: 0 the records hold together and are signed, 1 not."
)]
pub(in super::super) struct Args {
    /// Folder of the case
    #[arg(value_name = "CASE")]
    case: PathBuf,
    /// How to print it; `json` is a record a line
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    format: Format,
}

/// Exit status where the records do not hold together.
const EXIT_BROKEN: u8 = 1;

pub(in super::super) fn run(args: Args, settings: &Settings, terminal: &Terminal) -> Outcome {
    let sitting = Sitting::read(&args.case, &[], settings)?;
    let progress = Progress::of(&sitting.snapshot, &sitting.rule_book.program().schema, &sitting.known)?;
    let text = match args.format {
        Format::Human => {
            let head = ["at", "person", "act", "signature", "sha256"].map(str::to_owned);
            let rows: Vec<[String; 5]> = std::iter::once(head).chain(progress.done.iter().map(row)).collect();
            columns_of(&rows)
        }
        Format::Json => progress.done.iter().map(line).collect(),
    };
    terminal.print(&text)?;
    for problem in &progress.problems {
        print_note(&format!("{}: {}", problem.path, problem.message));
    }
    let unsigned = progress.done.iter().any(|done| done.signed_by.is_empty());
    Ok(if progress.problems.is_empty() && !unsigned { 0 } else { EXIT_BROKEN })
}

fn row(done: &Done) -> [String; 5] {
    let signature = if done.signed_by.is_empty() { "none" } else { "good" };
    let (at, person) = (done.at.to_string(), printable(&done.person));
    [at, person, act(done), signature.to_owned(), done.digest.to_string()]
}

fn line(done: &Done) -> String {
    let signed_by: Vec<&str> = done.signed_by.iter().map(crate::primitives::Aid::as_str).collect();
    let row = json!({
        "at": done.at.to_string(),
        "person": done.person,
        "kind": done.kind,
        "id": done.id,
        "act": act(done),
        "signed_by": signed_by,
        "path": done.path,
        "sha256": done.digest.to_string(),
    });
    format!("{row}\n")
}

/// What was done, in a few words.
fn act(done: &Done) -> String {
    let of = |rule: &str, element: &Option<String>| match element {
        Some(element) => format!("{} about {}", printable(rule), printable(element)),
        None => printable(rule),
    };
    match &done.what {
        What::Assigned(held) => format!("made {} {}", printable(&held.person), held.role),
        What::Proposed(_) => "proposed the event".to_owned(),
        What::Submitted(submission) => format!("submitted to {}", printable(&submission.to)),
        What::Attested { rule, element } => format!("attested {}", of(rule, element)),
        What::Requested(request) => format!("asked to waive {}", of(&request.rule, &request.element)),
        What::Waived { rule, element, .. } => format!("waived {}", of(rule, element)),
        What::Reported(reported) => format!("report of stage {}", printable(&reported.stage)),
        What::Decided(approval) => match approval.decision {
            crate::case::Decision::Approve => "approved".to_owned(),
            crate::case::Decision::Reject => "rejected".to_owned(),
        },
        What::Signed(_) => "signed the event".to_owned(),
        What::Abandoned(_) => "gave the event up".to_owned(),
        What::Other => printable(&done.kind),
    }
}
