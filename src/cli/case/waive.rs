//! `countersign case waive`.

use super::super::Outcome;
use super::super::config::Settings;
use super::super::terminal::Terminal;
use super::{Sitting, Who};
use crate::case::{self, Plea};
use crate::primitives::Instant;

/// Ask for a waiver, or grant one
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Somebody of the roster asks that a finding at level warn be accepted for a time; an officer of the \
        trust file grants it, who is neither QAR of the case nor asked for it. A request by itself waives nothing, and \
        a finding at level block is never waived.",
    after_help = "Examples:\n  countersign case waive cases/acme --rule PROV-1.b --by Q1 --expires \
        2026-03-31T00:00:00Z \\\n    --reason 'The day of issuance moved at the entity\'s request.'\n  \
        countersign case waive cases/acme --grant waiver-request-1 --by OFFICER-1"
)]
pub(in super::super) struct Args {
    #[command(flatten)]
    who: Who,
    /// The rule of the finding
    #[arg(long, value_name = "RULE", required_unless_present = "grant", requires_all = ["reason", "expires"])]
    rule: Option<String>,
    /// The element of the finding, where the rule is judged one by one
    #[arg(long, value_name = "ELEMENT", requires = "rule")]
    element: Option<String>,
    /// Why it may be accepted
    #[arg(long, value_name = "TEXT", requires = "rule")]
    reason: Option<String>,
    /// What is done instead
    #[arg(long, value_name = "TEXT", requires = "rule")]
    control: Option<String>,
    /// Until when
    #[arg(long, value_name = "INSTANT", requires = "rule", value_parser = |text: &str| text.parse::<Instant>())]
    expires: Option<Instant>,
    /// Grant the request of this id
    #[arg(long, value_name = "ID", conflicts_with = "rule")]
    grant: Option<String>,
}

pub(in super::super) fn run(args: Args, settings: &Settings, terminal: &Terminal) -> Outcome {
    let sitting = Sitting::of(&args.who, settings)?;
    let desk = sitting.desk(sitting.now)?;
    let (actor, keys) = sitting.actor(&args.who, &desk)?;
    let report = sitting.due(&desk)?;
    let act = match &args.grant {
        Some(id) => case::grant_waiver(&desk, &actor, &report, id)?,
        None => {
            let plea = Plea {
                rule: args.rule.as_deref().unwrap_or_default(),
                element: args.element.as_deref(),
                reason: args.reason.as_deref().unwrap_or_default(),
                control: args.control.as_deref(),
                expires: args.expires.unwrap_or(sitting.now),
            };
            case::request_waiver(&desk, &actor, &report, &plea)?
        }
    };
    sitting.act(&args.who, &act, keys, terminal)
}
