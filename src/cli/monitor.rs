//! `countersign monitor ROOT`: the daily watch over everything that the QVI has issued.

mod deliver;
mod files;
mod looks;
mod run;
mod show;
mod stop;
mod verify;

use std::path::PathBuf;
use std::time::Duration;

use clap::ValueEnum;

use super::Outcome;
use super::check::assignment;
use super::config::Settings;
use super::error::CliError;
use super::terminal::Terminal;
use crate::evaluate::outcome::FailOn;

/// Watch what the QVI has issued: registries, LEIs and the clocks that run
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Watch what the QVI has issued.\n\nReads ROOT/registries (logs and registries as they were fetched from \
        the witnesses) and ROOT/cases, looks at the LEI of every credential that stands, and tells what is due: an \
        event that no case explains, an LEI out of good standing, a role whose authorization is gone, the grace period \
        of the QVI. Where a case of flow `monitoring` was sealed, the rules on the watch judge it with what was seen \
        since.\n\nThe same thing is found once, and stays open until it is no longer so. ROOT/monitor holds the log, in \
        which each row names the one before, and the logs of the LEI watch, which are evidence. A run that was killed \
        is taken up by the next.\n\nLEIs are looked at in the Golden Copy file that is named, else in the saved records \
        of ROOT/lei, else on GLEIF's API.",
    after_help = "Examples:\n  countersign monitor year --trust trust.json\n  \
        countersign monitor year --every 8h --webhook https://hooks.example.com/vlei --webhook-secret-env HOOK_SECRET\n  \
        countersign monitor year --golden-copy 20260429-0800-gleif-goldencopy-lei2-golden-copy.csv --format ndjson\n  \
        countersign monitor verify year\n\n\
        Exit status: 0 nothing is open that blocks, 1 something blocks (with `--fail-on warn` also what warns),\n\
        2 the watch could not run or the webhook did not take everything, 3 something cannot be told. With `--every`,\n\
        that of the last run.",
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true
)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    watch: Watch,
}

/// What is done with the log.
#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Verify that no row of the log and no log of the LEI watch was changed or taken away
    Verify(verify::Args),
}

/// What is watched, and who is told
#[derive(Debug, clap::Args)]
pub(super) struct Watch {
    /// Folder with `cases/` and `registries/`
    #[arg(value_name = "ROOT", required = true)]
    root: Option<PathBuf>,
    /// Run once; this is what happens where nothing is said
    #[arg(long, conflicts_with = "every")]
    once: bool,
    /// Run again and again until Ctrl-C or SIGTERM, so often: `8h`, `24h`, `30min`; a run begins a hundredth early, so
    /// that no LEI goes unseen for longer
    #[arg(long, value_name = "TIME", value_parser = interval)]
    every: Option<Duration>,
    /// Streams of logs and registries; may be repeated; default: ROOT/registries/*.cesr. Each is as old as its file
    #[arg(long, value_name = "FILE")]
    tel: Vec<PathBuf>,
    /// The installation's trust file; default: the settings'
    #[arg(long, value_name = "FILE")]
    trust: Option<PathBuf>,
    /// Policies to use instead of the embedded ones
    #[arg(long, value_name = "DIR")]
    policies: Option<PathBuf>,
    /// Which levels and parameters are in force; default: the settings', else `house`
    #[arg(long)]
    profile: Option<String>,
    /// Set a parameter of the rule book; may be repeated
    #[arg(long = "set", value_name = "PARAM=VALUE", value_parser = assignment)]
    set: Vec<(String, String)>,
    /// Look at LEIs in a Golden Copy file of GLEIF, unpacked, JSON or CSV, under the name that GLEIF gave it
    #[arg(long, value_name = "FILE", conflicts_with = "base_url")]
    golden_copy: Option<PathBuf>,
    /// Address of GLEIF's API; it is asked then even if there is ROOT/lei
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,
    /// Most requests to the API in a minute
    #[arg(long, value_name = "N", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=600))]
    per_minute: u32,
    /// Person id of who answers for the watch in its logs; default: `person` of countersign.toml, else AUTOMATION
    #[arg(long, value_name = "PERSON")]
    by: Option<String>,
    /// Id of the case whose record the logs of the LEI watch are
    #[arg(long, value_name = "ID", default_value = "WATCH")]
    case: String,
    /// Send each finding that opens, changes or is resolved to this address; https, or this machine
    #[arg(long, value_name = "URL")]
    webhook: Option<String>,
    /// Variable with the secret that signs what is sent
    #[arg(long, value_name = "VARIABLE", requires = "webhook", conflicts_with = "webhook_secret_fd")]
    webhook_secret_env: Option<String>,
    /// Number of an open file descriptor with that secret
    #[arg(long, value_name = "N", requires = "webhook")]
    webhook_secret_fd: Option<u32>,
    /// How to print findings; default: `human` on a terminal, else `ndjson`
    #[arg(long)]
    format: Option<Format>,
    /// Which open findings end with exit status 1
    #[arg(long, default_value = "block")]
    fail_on: FailOn,
}

/// How findings are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// One JSON object a line.
    Ndjson,
    /// For people.
    Human,
}

pub(super) fn run(args: Args, settings: &Settings, terminal: &Terminal) -> Outcome {
    match args.command {
        Some(Command::Verify(args)) => verify::run(args, terminal),
        None => run::run(args.watch, settings, terminal),
    }
}

/// `24h`, `90min`, `1d`: between a minute and 31 days.
fn interval(text: &str) -> Result<Duration, String> {
    let at = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(at);
    let seconds = match unit {
        "s" => 1,
        "m" | "min" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return Err(format!("`{text}` is no time like `24h`, `30min` or `1d`")),
    };
    let number: u64 = number.parse().map_err(|_| format!("`{text}` is no time like `24h`, `30min` or `1d`"))?;
    let interval = Duration::from_secs(number.saturating_mul(seconds));
    // A rehearsal of a day in seconds is for tests; a watch that never sleeps is for nobody.
    if (Duration::from_secs(1)..=Duration::from_secs(31 * 86_400)).contains(&interval) {
        Ok(interval)
    } else {
        Err(format!("`{text}` is not between one second and 31 days"))
    }
}

/// Where the watch keeps what it writes.
fn folder(root: &std::path::Path) -> PathBuf {
    root.join("monitor")
}

/// The log.
fn log(root: &std::path::Path) -> PathBuf {
    folder(root).join("log.ndjson")
}

/// The logs of the LEI watch.
fn lei_logs(root: &std::path::Path) -> PathBuf {
    folder(root).join("lei")
}

/// The root of a watch; clap demands it.
fn root(watch: &Watch) -> Result<PathBuf, CliError> {
    watch.root.clone().ok_or(CliError::Internal { what: "the root" })
}
