//! `countersign case abandon`.

use super::super::Outcome;
use super::super::config::Settings;
use super::super::terminal::Terminal;
use super::{Sitting, Who};
use crate::case::{self, Cause, GiveUp};

/// Give the proposed event up
#[derive(Debug, clap::Args)]
#[command(
    long_about = "QAR1 or QAR2 says that the proposed event will not be used, and why. From then on nothing of this \
        case is signed. When both have said so, `countersign sign CASE --abandon` gives its place in the group's log \
        up.\n\nCauses: withdrawn, nobody wants it any more; mistake, it should never have been proposed; \
        evidence-changed, what it rests on is not so any more; overtaken, the log went on without it; key-lost, a key \
        that it needs is gone.",
    after_help = "Example:\n  countersign case abandon cases/acme --by Q1 --cause withdrawn \\\n    \
        --reason 'ACME AG merged before the credential was delivered.'"
)]
pub(in super::super) struct Args {
    #[command(flatten)]
    who: Who,
    /// Why, in a word: withdrawn, mistake, evidence-changed, overtaken or key-lost
    #[arg(long, value_name = "CAUSE", value_parser = |text: &str| text.parse::<Cause>())]
    cause: Cause,
    /// Why, in your own words
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

pub(in super::super) fn run(args: Args, settings: &Settings, terminal: &Terminal) -> Outcome {
    let sitting = Sitting::of(&args.who, settings)?;
    let desk = sitting.desk(sitting.now)?;
    let (actor, keys) = sitting.actor(&args.who, &desk)?;
    let act = case::abandon(&desk, &actor, &GiveUp { cause: args.cause, reason: &args.reason })?;
    sitting.act(&args.who, &act, keys, terminal)
}
