//! `countersign case submit`.

use super::super::Outcome;
use super::super::config::Settings;
use super::super::terminal::Terminal;
use super::{Sitting, Who};
use crate::case::{self, Decision};
use crate::compile::program::Stage;

/// Hand the sealed evidence to QAR2
#[derive(Debug, clap::Args)]
#[command(
    long_about = "QAR1 hands the sealed evidence to QAR2. The rules of stage `evidence` are run now, and must be \
        clean or clean with waivers. Signed are the digest of the manifest and, where `propose` left one, the record \
        of the proposal, which carries the event with QAR1's indexed signature.",
    after_help = "Example:\n  countersign case submit cases/acme --by Q1"
)]
pub(in super::super) struct Args {
    #[command(flatten)]
    who: Who,
    /// Recommend to reject
    #[arg(long)]
    reject: bool,
}

pub(in super::super) fn run(args: Args, settings: &Settings, terminal: &Terminal) -> Outcome {
    let sitting = Sitting::of(&args.who, settings)?;
    let desk = sitting.desk(sitting.now)?;
    let (actor, keys) = sitting.actor(&args.who, &desk)?;
    let before = desk.without_unsigned_proposal();
    let report = sitting.check(before.as_ref().unwrap_or(&sitting.snapshot), Stage::Evidence)?;
    let recommendation = if args.reject { Decision::Reject } else { Decision::Approve };
    let act = case::submit(&desk, &actor, &report, recommendation)?;
    sitting.act(&args.who, &act, keys, terminal)
}
