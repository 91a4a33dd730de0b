//! `countersign monitor verify ROOT`: the log is whole, and so are the logs of the LEI watch.

use std::path::PathBuf;

use super::super::Outcome;
use super::super::terminal::Terminal;
use super::{lei_logs, log};
use crate::monitor::MonitorError;
use crate::monitor::journal;
use crate::monitor::lei_log::LeiLogs;
use crate::primitives::Sha256;

/// Verify that no row of the log and no log of the LEI watch was changed or taken away
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Verify that each row of the log names the one before, and that each log of the LEI watch is the one that \
        its row names.\n\nRows that are taken away at the end leave a log that is whole: give the hash of a row that was \
        kept elsewhere, as each run prints it and each webhook gets it.",
    after_help = "Example:\n  countersign monitor verify year --head 3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b8559"
)]
pub(super) struct Args {
    /// Folder that is watched
    #[arg(value_name = "ROOT")]
    root: PathBuf,
    /// Hash of a row that must be there
    #[arg(long, value_name = "SHA256", value_parser = |text: &str| text.parse::<Sha256>())]
    head: Option<Sha256>,
}

pub(super) fn run(args: Args, terminal: &Terminal) -> Outcome {
    let path = log(&args.root);
    let mut kept = args.head.is_none();
    let mut rows = 0_u64;
    let state = journal::verify(&path, &mut |row| {
        rows += 1;
        kept |= Some(row.hash) == args.head;
    })?;
    if let Some(head) = args.head.filter(|_| !kept) {
        return Err(MonitorError::Rewritten { path, head: head.to_string() }.into());
    }
    let mut looks = 0;
    LeiLogs::in_folder(&lei_logs(&args.root)).each(&state.lei_logs, &mut |_, _, found| looks += found.len())?;
    let mut text = format!(
        "{rows} rows follow each other; {} logs of the LEI watch with {looks} looks are as the rows name them\n",
        state.lei_logs.len()
    );
    text += &format!("{} findings are open, {} of them block\n", state.open.len(), state.blocking());
    if let Some((seq, hash)) = state.head {
        text += &format!("the last row is {seq}, {hash}\n");
    }
    if state.torn > 0 {
        text += &format!("{} bytes after it were cut off by a crash and do not count\n", state.torn);
    }
    terminal.print(&text)?;
    Ok(0)
}
