//! `countersign trust update`: the next trust file.

use std::path::PathBuf;

use super::super::config::Settings;
use super::super::terminal::Terminal;
use super::super::write::{self, Existing};
use super::super::{Outcome, clock, load};
use super::init;
use crate::primitives::{Aid, Instant, Said};
use crate::trust::{CredentialType, KeysChange, TrustChange};

/// Make the next trust file from the one in force
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Make a trust file that differs from the one in force as said, with the next serial and nobody's \
        signature. The officers of the one in force sign it with `trust sign`; `trust replace` puts it in force.\n\n\
        The key event logs of officers and policy keys stand in the file, for their signatures: give each that is \
        not there yet, or that has grown.",
    after_help = "Example:\n  countersign trust update next.json --trust trust.json --add-officer EExz... \\\n    \
        --remove-officer EC4M... --log kel-officer-1.cesr --log kel-officer-2.cesr"
)]
pub(in super::super) struct Args {
    /// File to write; nothing is replaced
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The trust file in force; default: the settings'
    #[arg(long, value_name = "FILE")]
    trust: Option<PathBuf>,
    /// Another AID of this QVI's group
    #[arg(long, value_name = "AID", value_parser = |text: &str| text.parse::<Aid>())]
    qvi: Option<Aid>,
    /// A new officer; repeat for each
    #[arg(long, value_name = "AID", value_parser = |text: &str| text.parse::<Aid>())]
    add_officer: Vec<Aid>,
    /// An officer who leaves; repeat for each
    #[arg(long, value_name = "AID", value_parser = |text: &str| text.parse::<Aid>())]
    remove_officer: Vec<Aid>,
    /// How many officers must sign from then on
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..=0xffff))]
    officer_threshold: Option<u32>,
    /// A new AID that signs policy locks; repeat for each
    #[arg(long, value_name = "AID", value_parser = |text: &str| text.parse::<Aid>())]
    add_policy_key: Vec<Aid>,
    /// An AID that signs policy locks no more; repeat for each
    #[arg(long, value_name = "AID", value_parser = |text: &str| text.parse::<Aid>())]
    remove_policy_key: Vec<Aid>,
    /// How many of them must sign from then on
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..=0xffff))]
    policy_threshold: Option<u32>,
    /// A new agent that issuances are reported to; repeat for each
    #[arg(long, value_name = "AID", value_parser = |text: &str| text.parse::<Aid>())]
    add_reporting_agent: Vec<Aid>,
    /// An agent that is reported to no more; repeat for each
    #[arg(long, value_name = "AID", value_parser = |text: &str| text.parse::<Aid>())]
    remove_reporting_agent: Vec<Aid>,
    /// A credential schema to pin; repeat for each
    #[arg(long, value_name = "TYPE=SAID", value_parser = init::schema)]
    add_schema: Vec<(CredentialType, Said)>,
    /// A schema whose pin ends; repeat for each
    #[arg(long, value_name = "SAID", value_parser = |text: &str| text.parse::<Said>())]
    end_schema: Vec<Said>,
    /// A key event log of an officer or policy key; repeat for each
    #[arg(long, value_name = "FILE")]
    log: Vec<PathBuf>,
    /// From when it holds; default: now
    #[arg(long, value_name = "INSTANT", value_parser = |text: &str| text.parse::<Instant>())]
    valid_from: Option<Instant>,
}

pub(in super::super) fn run(args: Args, settings: &Settings, terminal: &Terminal) -> Outcome {
    let trust = load::trust(args.trust.as_deref(), settings)?;
    let change = TrustChange {
        qvi_aid: args.qvi,
        officers: KeysChange {
            added: args.add_officer,
            removed: args.remove_officer,
            threshold: args.officer_threshold,
        },
        policy_keys: KeysChange {
            added: args.add_policy_key,
            removed: args.remove_policy_key,
            threshold: args.policy_threshold,
        },
        reporting_agents_added: args.add_reporting_agent,
        reporting_agents_removed: args.remove_reporting_agent,
        schemas_added: args.add_schema,
        schemas_ended: args.end_schema,
        logs: load::logs(&args.log)?,
        ..TrustChange::none(args.valid_from.map_or_else(clock::now, Ok)?)
    };
    let (bytes, next) = trust.changed(&change)?;
    write::atomically(&args.file, &bytes, Existing::Keep)?;
    terminal.print(&super::made(&args.file, &next))?;
    Ok(0)
}
