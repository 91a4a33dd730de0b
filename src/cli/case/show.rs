//! `countersign case show`.

use std::path::PathBuf;

use super::super::Outcome;
use super::super::config::Settings;
use super::super::terminal::{Terminal, columns_of, print_note};
use super::Sitting;
use crate::bundle::place::printable;
use crate::case::{Progress, Role};

/// Show who must do what next
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Show where a case stands, who must do what next, and with which command. The rules of the stage that \
        is due are run now, so that what they still ask for is in the list. Nothing is written.",
    after_help = "Example:\n  countersign case show cases/acme"
)]
pub(in super::super) struct Args {
    /// Folder of the case
    #[arg(value_name = "CASE")]
    case: PathBuf,
}

pub(in super::super) fn run(args: Args, settings: &Settings, terminal: &Terminal) -> Outcome {
    let sitting = Sitting::read(&args.case, &[], settings)?;
    let now = sitting.now;
    let progress = Progress::of(&sitting.snapshot, &sitting.rule_book.program().schema, &sitting.known)?;
    let phase = progress.phase(now);
    let report = sitting.check(&sitting.snapshot, phase.stage())?;
    let qar = |role: Role| match progress.qar(role, now) {
        Some(held) => format!("{}, {}", printable(&held.person), held.aid),
        None => "nobody".to_owned(),
    };
    let sealed = progress.sealed.map_or("not sealed and signed".to_owned(), |digest| digest.to_string());
    let verdict = report.content().verdict.as_str();
    let mut rows = vec![
        ["case".to_owned(), printable(&progress.case_id)],
        ["phase".to_owned(), phase.as_str().to_owned()],
        ["bundle".to_owned(), sealed],
        ["QAR1".to_owned(), qar(Role::Qar1)],
        ["QAR2".to_owned(), qar(Role::Qar2)],
        ["run".to_owned(), format!("{verdict} at stage {} as of {now}", phase.stage().as_str())],
    ];
    if let Some(decision) = progress.decision() {
        let text = format!(
            "{} by {} at {}, report {}",
            decision.decision.as_str(),
            printable(&decision.person),
            decision.at,
            decision.report
        );
        rows.push(["decision".to_owned(), text]);
    }
    let mut text = columns_of(&rows);
    let steps = progress.next(&args.case.display().to_string(), now, Some(report.content()));
    text.push_str(if steps.is_empty() { "\nNothing is left to do.\n" } else { "\nNext:\n" });
    for (number, step) in steps.iter().enumerate() {
        text.push_str(&terminal.wrap(&format!("{}. {}: {}", number + 1, step.who, step.what), 2, 5));
        if let Some(command) = &step.command {
            text.push_str(&format!("     {command}\n"));
        }
    }
    terminal.print(&text)?;
    if args.case.join(".act").exists() {
        print_note("an act was interrupted; the next one finishes it");
    }
    Ok(0)
}
