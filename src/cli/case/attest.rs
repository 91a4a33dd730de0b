//! `countersign case attest`.

use super::super::Outcome;
use super::super::config::Settings;
use super::super::terminal::Terminal;
use super::{Sitting, Who};
use crate::case::{self, Statement};

/// Answer for what no document can show
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Somebody of the roster says what only a person can know, and so settles a finding that is up for \
        review. The rules of the stage that is due are run now; a rule that waits for no statement takes none.",
    after_help = "Example:\n  countersign case attest cases/acme --rule PROV-7 --element LAR-B --by Q1 \\\n    \
        --statement 'I saw the answers of the three verify while they were in the session.'"
)]
pub(in super::super) struct Args {
    #[command(flatten)]
    who: Who,
    /// The rule that waits for it
    #[arg(long, value_name = "RULE")]
    rule: String,
    /// The element of the finding, where the rule is judged one by one
    #[arg(long, value_name = "ELEMENT")]
    element: Option<String>,
    /// What it is about, in a word; default: the rule
    #[arg(long, value_name = "TOPIC")]
    topic: Option<String>,
    /// What you say
    #[arg(long, value_name = "TEXT")]
    statement: String,
}

pub(in super::super) fn run(args: Args, settings: &Settings, terminal: &Terminal) -> Outcome {
    let sitting = Sitting::of(&args.who, settings)?;
    let desk = sitting.desk(sitting.now)?;
    let (actor, keys) = sitting.actor(&args.who, &desk)?;
    let report = sitting.due(&desk)?;
    let said = Statement {
        rule: &args.rule,
        element: args.element.as_deref(),
        topic: args.topic.as_deref().unwrap_or(&args.rule),
        statement: &args.statement,
    };
    let act = case::attest(&desk, &actor, &report, &said)?;
    sitting.act(&args.who, &act, keys, terminal)
}
