//! `countersign report diff OLD NEW`.

use std::path::PathBuf;

use clap::ValueEnum;

use super::super::Outcome;
use super::super::terminal::Terminal;
use super::saved;
use crate::report::diff::{Diff, FileChange, Found, diff};
use crate::report::text::safe;

/// Exit status where nothing is worse.
const EXIT_NOT_WORSE: u8 = 0;
/// Exit status where something is new, worse, or no longer known.
const EXIT_WORSE: u8 = 1;

/// Say what is fixed, new and unchanged between two reports, and which evidence changed
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Say what is fixed, new and unchanged between two reports, and which evidence changed. A finding is \
        fixed where its rule was decided again and did not report it; one whose rule was not decided again is listed \
        apart.",
    after_help = "Example:\n  countersign report diff yesterday.json today.json\n\n\
        Exit status: 0 nothing is worse, 1 something is new, worse or no longer decided, 2 a file is no report."
)]
pub(in crate::cli) struct Args {
    /// The earlier report
    #[arg(value_name = "OLD")]
    old: PathBuf,
    /// The later report
    #[arg(value_name = "NEW")]
    new: PathBuf,
    /// How to print it
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    format: Format,
}

/// How to print.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Human,
    /// For programs
    Json,
}

pub(super) fn run(args: Args, terminal: &Terminal) -> Outcome {
    let (old, new) = (saved(&args.old)?, saved(&args.new)?);
    let diff = diff(&old, &new);
    match args.format {
        Format::Human => terminal.print(&text(&diff, terminal))?,
        Format::Json => {
            let bytes = crate::report::json::canonical(&diff);
            terminal.print(&format!("{}\n", String::from_utf8_lossy(&bytes)))?;
        }
    }
    Ok(if diff.is_worse() { EXIT_WORSE } else { EXIT_NOT_WORSE })
}

/// The differences as text; also what `verify` shows.
pub(super) fn text(diff: &Diff, terminal: &Terminal) -> String {
    let verdict = match diff.old_verdict == diff.new_verdict {
        true => format!("verdict: {} both times", diff.new_verdict.as_str()),
        false => format!("verdict: {}, was {}", diff.new_verdict.as_str(), diff.old_verdict.as_str()),
    };
    let mut out = format!("{verdict}\n");
    for change in &diff.run {
        out.push_str(&terminal.wrap(&safe(&format!("{}: {}, was {}", change.what, change.new, change.old)), 0, 4));
    }
    for (title, found) in [
        ("new", &diff.new),
        ("no longer decided", &diff.not_decided),
        ("fixed", &diff.fixed),
        ("unchanged", &diff.unchanged),
    ] {
        section(&mut out, title, found.len());
        for found in found {
            out.push_str(&terminal.wrap(&line(found), 2, 4));
        }
    }
    section(&mut out, "changed", diff.changed.len());
    for changed in &diff.changed {
        let waiver = changed.old.waiver.as_deref().map(|id| format!(", waived by {id}")).unwrap_or_default();
        let was = format!("was {} {}{waiver}", changed.old.outcome, changed.old.level);
        out.push_str(&terminal.wrap(&format!("{}; {}", line(&changed.new), safe(&was)), 2, 4));
    }
    section(&mut out, "evidence that changed", diff.files.len());
    for file in &diff.files {
        out.push_str(&terminal.wrap(&file_line(file), 2, 4));
    }
    out
}

fn section(out: &mut String, title: &str, count: usize) {
    if count > 0 {
        out.push_str(&format!("\n{title} ({count})\n"));
    }
}

fn line(found: &Found) -> String {
    let element = found.element.as_deref().map(|element| format!(" [{element}]")).unwrap_or_default();
    let waiver = found.waiver.as_deref().map(|id| format!(", waived by {id}")).unwrap_or_default();
    safe(&format!("{}{element} {} {}{waiver}: {}", found.rule, found.outcome, found.level, found.message))
}

fn file_line(file: &FileChange) -> String {
    let what = match (file.old, file.new) {
        (None, Some(new)) => format!("came or is readable now, sha256 {new}"),
        (Some(old), None) => format!("went or cannot be read, sha256 was {old}"),
        (Some(old), Some(new)) => format!("sha256 {new}, was {old}"),
        (None, None) => "came or went, and was not read".to_owned(),
    };
    safe(&format!("{}: {what}", file.path))
}
