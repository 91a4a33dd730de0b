//! `countersign kel`: key event logs from a CESR stream.

use std::path::PathBuf;

use super::Outcome;
use super::credential::{Format, status, stream};
use super::terminal::Terminal;
use crate::keri::show;
use crate::primitives::Aid;

/// Verify key event logs
#[derive(Debug, clap::Subcommand)]
#[command(after_help = "Example:\n  countersign kel verify le.cesr")]
pub(super) enum Command {
    /// Say of each log up to where it is accepted, and why the rest is not
    Verify(VerifyArgs),
}

/// Say of each log up to where it is accepted, and why the rest is not
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Replay the key event logs of a stream: signatures, thresholds, witness receipts, delegation, \
        rotations and recoveries. For each identifier: up to which event its log is accepted, the key state there, \
        its delegator, and why any other event is not accepted.\n\nA log proves itself and not who its identifier \
        belongs to.",
    after_help = "Example:\n  countersign kel verify le.cesr --aid EDP1vHcw_wc4M__Fj53-cJaBnZZASd-aMTaSyWEQ-PC2\n\n\
        Exit status: 0 everything presented is accepted, 1 something contradicts its log, 2 the command could not \
        run, 3 something is missing."
)]
pub(super) struct VerifyArgs {
    /// CESR stream
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The identifier; default: every one that has events
    #[arg(long, value_name = "AID", value_parser = |text: &str| text.parse::<Aid>())]
    aid: Option<Aid>,
    /// How to print the logs
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    format: Format,
}

pub(super) fn run(command: Command, terminal: &Terminal) -> Outcome {
    match command {
        Command::Verify(args) => {
            let report = show::logs(&stream(&args.file)?, args.aid.as_ref());
            match args.format {
                Format::Human => terminal.print(&show::logs_text(&report))?,
                Format::Json => terminal.print(&format!("{:#}\n", show::logs_json(&report)))?,
            }
            Ok(status(report.answer))
        }
    }
}
