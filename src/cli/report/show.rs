//! `countersign report show FILE`.

use std::path::{Path, PathBuf};

use super::super::Outcome;
use super::super::terminal::Terminal;
use super::saved;
use super::target::{Reports, from_here};
use crate::report::Format;
use crate::report::format::Layout;
use crate::report::human;
use crate::report::render;

/// Show a saved report in any format
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Show a saved report in any format. The file is the JSON that `check --format json --output FILE` or \
        `check --report json=FILE` wrote. Its digests are verified, which says that it was not damaged; that it is true \
        is what `countersign report verify` says.",
    after_help = "Examples:\n  countersign report show report.json --all\n  \
        countersign report show report.json --report html=report.html --report sarif=report.sarif\n\n\
        Exit status: 0 shown, 2 the file is no report."
)]
pub(in crate::cli) struct Args {
    /// The report
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// How to print it: human, or a format of `--report`
    #[arg(long, value_name = "FORMAT", default_value = "human", value_parser = printed)]
    format: Printed,
    /// The case, as paths in the report begin with it; default: paths within the case
    #[arg(long, value_name = "CASE")]
    case: Option<PathBuf>,
    /// Show every finding in full, and what passes
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    reports: Reports,
}

/// How to print.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Printed {
    /// For people.
    Human,
    /// As it would be written.
    Format(Format),
}

fn printed(text: &str) -> Result<Printed, String> {
    match text {
        "human" => Ok(Printed::Human),
        other => other.parse().map(Printed::Format).map_err(|error| format!("{error}, human")),
    }
}

pub(super) fn run(args: Args, terminal: &Terminal) -> Outcome {
    let document = saved(&args.file)?;
    let case = args.case.as_deref().unwrap_or(Path::new(""));
    args.reports.refuse(case, Some(&args.file))?;
    let case_path = from_here(case);
    match args.format {
        Printed::Human => {
            let layout = human::Layout { width: terminal.width, unicode: terminal.unicode, all: args.all, case_path };
            // What is written is the result; the verdict is enough beside it.
            match args.reports.is_empty() {
                true => terminal.print(&human::render(&document, &layout))?,
                false => terminal.print(&human::verdict_line(&document, &layout))?,
            }
        }
        Printed::Format(format) => {
            let bytes = render(format, &document, &Layout { case_path });
            terminal.print(&String::from_utf8_lossy(&bytes))?;
        }
    }
    args.reports.write(&document, case, terminal)?;
    Ok(0)
}
