//! `countersign lock new`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::super::check::assignment;
use super::super::config::Settings;
use super::super::error::CliError;
use super::super::terminal::Terminal;
use super::super::write::{self, Existing};
use super::super::{Outcome, clock, load};
use crate::check::{self, DEFAULT_PROFILE};
use crate::compile::program::RuleIndex;
use crate::evaluate;
use crate::lock::{EngineVersion, LockError, SignedLock, Terms};
use crate::primitives::{Duration, Instant};

/// Write a lock for a rule book, a profile and a trust file
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Write a policy lock: the digests of the rule book and the trust file, the profile, parameters, \
        flows and schemas, and until when it holds. The gate takes none of these from anywhere else.\n\nNobody has \
        signed it then: the policy keys of the trust file do, with `countersign lock sign`.",
    after_help = "Example:\n  countersign lock new lock.json --trust trust.json --id example-qvi --days 90"
)]
pub(in super::super) struct Args {
    /// File to write; nothing is replaced
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Name of the lock, the same for all its serials; default: that of the settings' lock
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    /// Its serial; default: one more than that of the settings' lock, else 1
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..1 << 53))]
    serial: Option<u64>,
    /// How many days it holds
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..=366))]
    days: u16,
    /// From when it holds; default: now
    #[arg(long, value_name = "INSTANT", value_parser = |text: &str| text.parse::<Instant>())]
    not_before: Option<Instant>,
    /// The installation's trust file; default: the settings'
    #[arg(long, value_name = "FILE")]
    trust: Option<PathBuf>,
    /// Folder of policies; default: the settings', else the embedded ones
    #[arg(long, value_name = "DIR")]
    policies: Option<PathBuf>,
    /// Profile; default: the settings', else `house`
    #[arg(long, value_name = "ID")]
    profile: Option<String>,
    /// Set a parameter of the rule book; may be repeated
    #[arg(long = "set", value_name = "PARAM=VALUE", value_parser = assignment)]
    set: Vec<(String, String)>,
    /// A flow whose cases may be signed; may be repeated; default: all
    #[arg(long = "flow", value_name = "ID")]
    flows: Vec<String>,
    /// The oldest countersign that may decide by it; default: this one
    #[arg(long, value_name = "VERSION", value_parser = |text: &str| text.parse::<EngineVersion>())]
    minimum_engine: Option<EngineVersion>,
    /// How many seconds old an approved report may be
    #[arg(long, value_name = "SECONDS", default_value = "900")]
    report_max_age: u32,
    /// How many seconds old live state may be
    #[arg(long, value_name = "SECONDS", default_value = "900")]
    live_max_age: u32,
    /// How many seconds the clock may run behind
    #[arg(long, value_name = "SECONDS", default_value = "60")]
    skew: u32,
}

pub(in super::super) fn run(args: Args, settings: &Settings, terminal: &Terminal) -> Outcome {
    let trust = load::trust(args.trust.as_deref(), settings)?;
    let rule_book = load::rule_book(args.policies.as_deref(), settings)?;
    let program = rule_book.program();
    let profile_id = args.profile.as_deref().or(settings.profile.as_deref()).unwrap_or(DEFAULT_PROFILE);
    let profile = check::lockable(program, profile_id, &args.flows, &args.set)?;
    let before = match &settings.lock {
        Some(path) if path.exists() => Some(load::lock(None, settings)?),
        Some(_) | None => None,
    };
    let before = before.as_ref().map(SignedLock::terms);
    let not_before = args.not_before.map_or_else(clock::now, Ok)?;
    let expires = not_before.checked_add_days(i64::from(args.days)).ok_or(CliError::Clock)?;
    let seconds = |seconds: u32| Duration::from_seconds(i64::from(seconds));
    let id = args.id.or_else(|| before.map(|before| before.id.clone()));
    let levels = (0u32..).zip(program.rules.iter()).map(|(index, rule)| {
        (rule.id.clone(), evaluate::level(program, profile, RuleIndex(index)).as_str().to_owned())
    });
    let documents = program
        .documents
        .iter()
        .map(|document| (document.id.clone(), document.versions.iter().map(|(label, _)| label.clone()).collect()));
    let flows = match args.flows.is_empty() {
        true => program.flows.iter().map(|flow| flow.id.clone()).collect(),
        false => args.flows.into_iter().collect(),
    };
    let in_force = |pin: &&crate::trust::SchemaPin| pin.valid_to.is_none_or(|until| until > not_before);
    let lock = SignedLock::draft(Terms {
        id: id.ok_or_else(|| LockError::Invalid { reason: "it has no name; give one with `--id`".to_owned() })?,
        serial: args.serial.unwrap_or_else(|| before.map_or(1, |before| before.serial + 1)),
        not_before,
        expires,
        minimum_engine: args.minimum_engine.unwrap_or_else(EngineVersion::own),
        trust_digest: trust.digest,
        policy_digest: program.digest,
        documents: documents.collect(),
        files: super::files(&rule_book),
        levels: levels.collect(),
        profile: profile.id.clone(),
        parameters: args.set.into_iter().collect::<BTreeMap<_, _>>(),
        flows,
        schemas: trust.schemas.iter().filter(in_force).map(|pin| pin.said.clone()).collect(),
        report_max_age: seconds(args.report_max_age),
        live_max_age: seconds(args.live_max_age),
        skew: seconds(args.skew),
    })?;
    write::atomically(&args.file, &lock.write(), Existing::Keep)?;
    let (path, terms) = (args.file.display(), lock.terms());
    terminal.print(&format!(
        "wrote {path}, lock {} serial {}, valid until {}, not signed yet\n\
         have the policy keys sign it, as many as the trust file asks for:\n\
         \x20 countersign lock sign {path} --sign-with NAME --log FILE\n",
        terms.id, terms.serial, terms.expires
    ))?;
    Ok(0)
}
