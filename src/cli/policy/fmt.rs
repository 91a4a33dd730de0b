//! tmp
use super::super::config::Settings;
use super::super::terminal::Terminal;
use super::super::Outcome;
/// Write
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  countersign policy fmt policies")]
pub(in super::super) struct Args {}
pub(in super::super) fn run(_: Args, _: &Settings, _: &Terminal) -> Outcome { Ok(0) }
