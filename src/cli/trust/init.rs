//! `countersign trust init`: whom this installation trusts, written once.

use std::path::PathBuf;

use super::super::terminal::Terminal;
use super::super::write::{self, Existing};
use super::super::{Outcome, clock};
use crate::primitives::{Aid, Instant, Said};
use crate::trust::{CredentialType, TrustDraft};

/// Write a new trust file
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Write a new trust file: root, GEDA and QVI AIDs, the officers and policy keys with their thresholds, \
        reporting agents and pinned credential schemas.\n\nGet the AIDs from the parties themselves, over two \
        channels; countersign believes this file and nothing that a bundle says.",
    after_help = "Example:\n  countersign trust init trust.json --root EKfu... --geda EKYZ... --qvi EBNl... \\\n    \
        --officer EExz... --officer EC4M... --officer-threshold 2 --policy-key EDi8... --policy-threshold 1 \\\n    \
        --schema LE=ENPXp1vQzRF6JwIuS-mp2U8Uf1MoADoP_GqQ62VsDZWY"
)]
pub(in super::super) struct Args {
    /// File to write; nothing is replaced
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// AID of the root of trust
    #[arg(long, value_name = "AID", value_parser = |text: &str| text.parse::<Aid>())]
    root: Aid,
    /// AID of the GLEIF external delegated AID
    #[arg(long, value_name = "AID", value_parser = |text: &str| text.parse::<Aid>())]
    geda: Aid,
    /// AID of this QVI's group
    #[arg(long, value_name = "AID", value_parser = |text: &str| text.parse::<Aid>())]
    qvi: Aid,
    /// AID of an officer; repeat for each
    #[arg(long = "officer", value_name = "AID", value_parser = |text: &str| text.parse::<Aid>(), required = true)]
    officers: Vec<Aid>,
    /// How many officers must sign
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    officer_threshold: u32,
    /// AID that signs policy locks; repeat for each
    #[arg(long = "policy-key", value_name = "AID", value_parser = |text: &str| text.parse::<Aid>(), required = true)]
    policy_keys: Vec<Aid>,
    /// How many of them must sign
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    policy_threshold: u32,
    /// AID of an agent that issuances are reported to; repeat for each
    #[arg(long = "reporting-agent", value_name = "AID", value_parser = |text: &str| text.parse::<Aid>())]
    reporting_agents: Vec<Aid>,
    /// A pinned credential schema; repeat for each
    #[arg(long = "schema", value_name = "TYPE=SAID", value_parser = schema)]
    schemas: Vec<(CredentialType, Said)>,
    /// For practice with example keys: COUNTERSIGN_NOW may set the clock, which no successor can change
    #[arg(long)]
    practice: bool,
    /// From when it holds; default: now
    #[arg(long, value_name = "INSTANT", value_parser = |text: &str| text.parse::<Instant>())]
    valid_from: Option<Instant>,
}

pub(in super::super) fn run(args: Args, terminal: &Terminal) -> Outcome {
    let draft = TrustDraft {
        valid_from: args.valid_from.map_or_else(clock::now, Ok)?,
        root_aid: args.root,
        geda_aid: args.geda,
        qvi_aid: args.qvi,
        officers: args.officers,
        // Thresholds are hexadecimal, as KERI writes them.
        officer_threshold: format!("{:x}", args.officer_threshold),
        policy_keys: args.policy_keys,
        policy_threshold: format!("{:x}", args.policy_threshold),
        reporting_agents: args.reporting_agents,
        schemas: args.schemas,
        practice: args.practice,
    };
    let (bytes, trust) = draft.build()?;
    write::atomically(&args.file, &bytes, Existing::Keep)?;
    let path = args.file.display();
    terminal.print(&format!(
        "wrote {path}, serial {}, sha256 {}\n\
         compare every AID in it with its owner over a second channel, then name the file in countersign.toml:\n\
         \x20 trust = {:?}\n",
        trust.serial,
        trust.digest,
        path.to_string()
    ))?;
    Ok(0)
}

pub(super) fn schema(text: &str) -> Result<(CredentialType, Said), String> {
    let (kind, said) = text.split_once('=').ok_or_else(|| format!("`{text}` is not `TYPE=SAID`"))?;
    let names = CredentialType::ALL.map(CredentialType::as_str).join(", ");
    let known = CredentialType::ALL.into_iter().find(|known| known.as_str() == kind);
    let kind = known.ok_or_else(|| format!("`{kind}` is no credential type; types: {names}"))?;
    let said = said.parse::<Said>().map_err(|error| error.to_string())?;
    Ok((kind, said))
}
