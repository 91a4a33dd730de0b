//! `countersign audit pack`.

use std::io::BufWriter;
use std::path::PathBuf;

use super::super::Outcome;
use super::super::config::Settings;
use super::super::error::CliError;
use super::super::report::target::refuse_inside;
use super::super::terminal::Terminal;
use super::super::write::{self, Existing};
use super::super::{load, terminal};
use super::{YearArgs, inputs, status};
use crate::audit::AuditError;
use crate::audit::pack::{self, Beside};
use crate::ledger::Ledger;
use crate::report::audit::human::{self, Layout};

/// Most bytes of a trust file, a lock and a checkpoint.
const BYTES_MAX: u64 = 4 << 20;

/// Write one archive for the auditor, with digests in place of evidence
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Audit a year and write one archive: the report without what evidence says, each case's judgement, \
        decisions in their envelopes, proofs from the ledger, the registries' streams, the trust file and the lock. No \
        record of any case is in it: digests stand for them. `countersign audit verify` checks it offline.",
    after_help = "Example:\n  countersign audit pack 2026 --period 2026-01-01..2026-12-31 --trust trust.json \\\n    \
        --ledger ledger.jsonl --checkpoint december.note --lock lock.json --output audit-2026.tar\n\n\
        Exit status: that of `countersign audit`."
)]
pub(super) struct Args {
    #[command(flatten)]
    year: YearArgs,
    /// The policy lock to put in; default: the settings'
    #[arg(long, value_name = "FILE")]
    lock: Option<PathBuf>,
    /// A signed checkpoint of the ledger to put in
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
    /// The archive to write
    #[arg(long, value_name = "FILE.tar")]
    output: PathBuf,
}

pub(super) fn run(args: Args, settings: &Settings, terminal: &Terminal) -> Outcome {
    refuse_inside(&args.output, &args.year.root.join("cases"))?;
    let trust = args.year.trust.as_deref().or(settings.trust.as_deref()).ok_or(CliError::NoTrust)?;
    let trust = load::bytes(trust, BYTES_MAX)?;
    let lock = args.lock.as_deref().or(settings.lock.as_deref());
    let lock = lock.map(|path| load::bytes(path, BYTES_MAX)).transpose()?;
    let note = args.checkpoint.as_deref().map(|path| load::bytes(path, BYTES_MAX)).transpose()?;
    let mut ready = inputs::read(&args.year, settings, Some(&args.output))?;
    let done = ready.judge(true)?;
    // Proofs need the whole tree.
    let ledger = ready.ledger.as_deref().map(Ledger::open).transpose()?;
    if let (Some(ledger), Some(audited)) = (&ledger, &done.document.run.ledger)
        && (ledger.size(), ledger.root()) != (audited.size, audited.root)
    {
        return Err(AuditError::Changed { path: ledger.path().to_owned() }.into());
    }
    let beside = Beside {
        streams: &ready.streams,
        trust: &trust,
        lock: lock.as_deref(),
        ledger: ledger.as_ref(),
        note: note.as_deref(),
    };
    let mut failed = None;
    let written = write::streamed(&args.output, Existing::Replace, |file| {
        let mut out = BufWriter::new(file);
        pack::write(&done.document, &done.journal, &beside, &mut out).map_err(|error| {
            let text = error.to_string();
            failed = Some(error);
            std::io::Error::other(text)
        })
    });
    match failed {
        Some(error) => return Err(error.into()),
        None => written?,
    }
    if lock.is_none() {
        terminal::print_note("no lock is in the pack: who put the rule book in force will not be shown");
    }
    let layout = Layout { width: terminal.width, unicode: terminal.unicode, all: false };
    terminal.print(&human::headline(&done.document, layout))?;
    let status = status(&done.document);
    drop(ready);
    done.tidy();
    Ok(status)
}
