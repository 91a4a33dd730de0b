//! `countersign case close`.

use super::super::config::Settings;
use super::super::error::CliError;
use super::super::terminal::Terminal;
use super::super::{Outcome, clock, load};
use super::{Sitting, Who};
use crate::bundle::{Limits, Snapshot, author};
use crate::case::{CaseError, Phase, Vouched, vouch};
use crate::check;
use crate::compile::program::Stage;
use crate::evaluate::outcome::FailOn;
use crate::report::human::{self, Layout};

/// Seal and sign what followed the signature
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Close a case: the bundle in `post/` (delivery, report to GLEIF, notifications) is sealed and signed, \
        if the rules of stage `closing` are clean with it. `countersign bundle new CASE --post` lays it out, \
        `countersign bundle add FILE --kind KIND --into CASE/post` fills it. Nothing is written if it is not clean.",
    after_help = "Example:\n  countersign case close cases/acme --by Q2\n\n\
        Exit status: 0 closed, 1 not clean, 3 not decidable, 2 the command could not run."
)]
pub(in super::super) struct Args {
    #[command(flatten)]
    who: Who,
}

pub(in super::super) fn run(args: Args, settings: &Settings, terminal: &Terminal) -> Outcome {
    let who = &args.who;
    let sitting = Sitting::of(who, settings)?;
    let desk = sitting.desk(sitting.now)?;
    match desk.progress().phase(sitting.now) {
        Phase::Signed => {}
        phase => return Err(CliError::NotToClose { phase: phase.as_str() }),
    }
    let (actor, keys) = sitting.actor(who, &desk)?;
    let state = sitting.known.states.get(&actor.aid);
    let state = state.ok_or_else(|| CaseError::NoLog { aid: actor.aid.clone() })?;
    state.index_of(keys.aid(), &keys.key())?;
    let problems = |snapshot: &Snapshot| check::problems(snapshot, load::fact_schema());
    let sealing = author::sealing(&who.case.join("post"), sitting.now, Some(&actor.person), &problems)?;
    let signature =
        keys.with(&who.passphrase, |signer| Ok(vouch(Vouched::Manifest, sealing.manifest(), None, state, signer)?))?;

    let mut files = sitting.snapshot.to_files();
    files.insert("post/manifest.json".to_owned(), sealing.manifest().to_vec());
    files.insert("post/manifest.sig.cesr".to_owned(), signature.clone());
    let closed = Snapshot::from_files(files, &Limits::STANDARD);
    let report = sitting.check(&closed, Stage::Closing)?;
    let status = report.content().verdict.exit_status(FailOn::Warn);
    if status != 0 {
        let layout = Layout {
            width: terminal.width,
            unicode: terminal.unicode,
            all: false,
            case_path: who.case.display().to_string(),
        };
        terminal.print(&human::render(report.content(), &layout))?;
        return Ok(status);
    }
    let mut store = sitting.store()?;
    let sealed = sealing.write(Some(&signature))?;
    if let Some(store) = &mut store {
        store.put_case(&crate::store::CaseRow {
            id: desk.progress().case_id.clone(),
            folder: who.case.display().to_string(),
            bundle: desk.progress().sealed,
            updated_at: clock::now()?,
        })?;
    }
    terminal
        .print(&format!("closed by {}: {} files follow, bundle {}\n", actor.person, sealed.files, sealed.digest))?;
    Ok(0)
}
