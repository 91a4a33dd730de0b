//! `countersign case assign`.

use super::super::Outcome;
use super::super::config::Settings;
use super::super::terminal::Terminal;
use super::{Sitting, Who};
use crate::case::{self, Role};

/// Make somebody of the roster QAR1 or QAR2 of the case
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Make somebody of the roster QAR1 or QAR2 of the case, or both at once. Somebody of the roster does \
        it, or an officer of the trust file. Two persons are needed: neither one person with two identifiers nor two \
        persons with one.",
    after_help = "Example:\n  countersign case assign cases/acme --qar1 Q1 --qar2 Q2 --by Q3"
)]
pub(in super::super) struct Args {
    #[command(flatten)]
    who: Who,
    /// Person id of the first QAR, who does the work
    #[arg(long, value_name = "PERSON", required_unless_present = "qar2")]
    qar1: Option<String>,
    /// Person id of the second QAR, who approves and signs
    #[arg(long, value_name = "PERSON")]
    qar2: Option<String>,
}

pub(in super::super) fn run(args: Args, settings: &Settings, terminal: &Terminal) -> Outcome {
    let sitting = Sitting::of(&args.who, settings)?;
    let desk = sitting.desk(sitting.now)?;
    let (actor, keys) = sitting.actor(&args.who, &desk)?;
    let given = [(Role::Qar1, &args.qar1), (Role::Qar2, &args.qar2)];
    let roles: Vec<(Role, &str)> = given.iter().filter_map(|(role, who)| Some((*role, who.as_deref()?))).collect();
    let act = case::assign(&desk, &actor, &roles)?;
    sitting.act(&args.who, &act, keys, terminal)
}
