//! `countersign trust init`: whom this installation trusts, written once.

use std::path::PathBuf;

use serde_json::json;

use super::super::error::CliError;
use super::super::terminal::Terminal;
use super::super::write::{self, Existing};
use super::super::{Outcome, clock};
use crate::primitives::{Aid, Instant, Said};

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
    #[arg(long, value_name = "AID", value_parser = aid)]
    root: Aid,
    /// AID of the GLEIF external delegated AID
    #[arg(long, value_name = "AID", value_parser = aid)]
    geda: Aid,
    /// AID of this QVI's group
    #[arg(long, value_name = "AID", value_parser = aid)]
    qvi: Aid,
    /// AID of an officer; repeat for each
    #[arg(long = "officer", value_name = "AID", value_parser = aid, required = true)]
    officers: Vec<Aid>,
    /// How many officers must sign
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    officer_threshold: u32,
    /// AID that signs policy locks; repeat for each
    #[arg(long = "policy-key", value_name = "AID", value_parser = aid, required = true)]
    policy_keys: Vec<Aid>,
    /// How many of them must sign
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    policy_threshold: u32,
    /// AID of an agent that issuances are reported to; repeat for each
    #[arg(long = "reporting-agent", value_name = "AID", value_parser = aid)]
    reporting_agents: Vec<Aid>,
    /// A pinned credential schema, as TYPE=SAID; repeat for each
    #[arg(long = "schema", value_name = "TYPE=SAID", value_parser = schema)]
    schemas: Vec<(CredentialType, Said)>,
    /// From when it holds; default: now
    #[arg(long, value_name = "INSTANT", value_parser = |text: &str| text.parse::<Instant>())]
    valid_from: Option<Instant>,
}

/// The credential types, as trust files write them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct CredentialType(&'static str);

const CREDENTIAL_TYPES: [&str; 6] = ["QVI", "LE", "OOR_AUTH", "OOR", "ECR_AUTH", "ECR"];

pub(in super::super) fn run(args: Args, terminal: &Terminal) -> Outcome {
    check_group("officers", &args.officers, args.officer_threshold)?;
    check_group("policy keys", &args.policy_keys, args.policy_threshold)?;
    let valid_from = args.valid_from.map_or_else(clock::now, Ok)?;
    let schemas: Vec<_> = args
        .schemas
        .iter()
        .map(|(kind, said)| json!({ "credential_type": kind.0, "said": said, "valid_from": valid_from, "valid_to": null }))
        .collect();
    let trust = json!({
        "version": 1,
        "serial": 1,
        "valid_from": valid_from,
        "root_aid": args.root,
        "geda_aid": args.geda,
        "qvi_aid": args.qvi,
        "officers": { "aids": args.officers, "threshold": args.officer_threshold.to_string() },
        "policy_keys": { "aids": args.policy_keys, "threshold": args.policy_threshold.to_string() },
        "reporting_agents": args.reporting_agents,
        "schemas": schemas,
        "ledger_genesis": null,
        "store_initialised": false,
        "signatures": [],
    });
    let mut text = serde_json::to_string_pretty(&trust).map_err(|_| CliError::Internal { what: "the trust file" })?;
    text.push('\n');
    write::atomically(&args.file, text.as_bytes(), Existing::Keep)?;
    let digest = crate::primitives::Sha256::of(text.as_bytes());
    let path = args.file.display();
    terminal.print(&format!(
        "wrote {path}, serial 1, sha256 {digest}\n\
         compare every AID in it with its owner over a second channel, then name it in countersign.toml:\n\
         \x20 trust = {:?}\n",
        path.to_string()
    ))?;
    Ok(0)
}

/// A group that could never sign, or whose members count twice, is refused at once.
fn check_group(name: &'static str, aids: &[Aid], threshold: u32) -> Result<(), CliError> {
    let mut distinct: Vec<&Aid> = aids.iter().collect();
    distinct.sort();
    distinct.dedup();
    if distinct.len() != aids.len() {
        return Err(CliError::AidTwice { group: name });
    }
    if threshold as usize > aids.len() {
        return Err(CliError::ThresholdOutOfReach { group: name, threshold, members: aids.len() });
    }
    Ok(())
}

fn aid(text: &str) -> Result<Aid, String> {
    text.parse::<Aid>().map_err(|error| error.to_string())
}

fn schema(text: &str) -> Result<(CredentialType, Said), String> {
    let (kind, said) = text.split_once('=').ok_or_else(|| format!("`{text}` is not `TYPE=SAID`"))?;
    let known = CREDENTIAL_TYPES.into_iter().find(|known| *known == kind);
    let kind = known.ok_or_else(|| format!("`{kind}` is no credential type; types: {}", CREDENTIAL_TYPES.join(", ")))?;
    let said = said.parse::<Said>().map_err(|error| error.to_string())?;
    Ok((CredentialType(kind), said))
}
