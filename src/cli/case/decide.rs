//! `countersign case approve` and `countersign case reject`.

use super::super::Outcome;
use super::super::clock;
use super::super::config::Settings;
use super::super::error::CliError;
use super::super::terminal::{self, Terminal};
use super::{Sitting, Who, asked};
use crate::case::{self, Decision, Verdict};
use crate::check;
use crate::compile::program::Stage;
use crate::report::human::{self, Layout};

/// Approve one exact report
#[derive(Debug, clap::Args)]
#[command(
    long_about = "QAR2 approves one exact report. The rules of stage `proposal` are run now, and must be clean or \
        clean with waivers; the report is shown, kept in the case, and named by its digest in what is signed, with \
        the reason. `countersign sign` must follow while the report is fresh.",
    after_help = "Example:\n  countersign case approve cases/acme --by Q2 \\\n    \
        --reason 'I read the evidence and the report. The proposal is what the evidence proves.'"
)]
pub(in super::super) struct Approve {
    #[command(flatten)]
    words: Words,
}

/// Reject the issuance
#[derive(Debug, clap::Args)]
#[command(
    long_about = "QAR2 rejects the issuance. The rules of stage `proposal` are run now, whatever they say; the report \
        is kept in the case and named in what is signed, with the reason. A case that was rejected ends.",
    after_help = "Example:\n  countersign case reject cases/acme --by Q2 --reason 'The recording shows another person.'"
)]
pub(in super::super) struct Reject {
    #[command(flatten)]
    words: Words,
}

/// Who decides, and how it is said.
#[derive(Debug, clap::Args)]
struct Words {
    #[command(flatten)]
    who: Who,
    /// Why, in your own words; default: a prompt
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Do not ask after showing what will be signed
    #[arg(long)]
    yes: bool,
}

pub(in super::super) fn approve(args: Approve, settings: &Settings, terminal: &Terminal) -> Outcome {
    decide(Decision::Approve, args.words, settings, terminal)
}

pub(in super::super) fn reject(args: Reject, settings: &Settings, terminal: &Terminal) -> Outcome {
    decide(Decision::Reject, args.words, settings, terminal)
}

/// What a person types to sign.
const YES: &str = "yes";

fn decide(decision: Decision, words: Words, settings: &Settings, terminal: &Terminal) -> Outcome {
    let Words { who, reason, yes } = words;
    let sitting = Sitting::of(&who, settings)?;
    let desk = sitting.desk(sitting.now)?;
    let (actor, keys) = sitting.actor(&who, &desk)?;
    let report = sitting.check(&sitting.snapshot, Stage::Proposal)?;
    let packs = check::pack_digests(sitting.rule_book.program(), &report);
    let layout = Layout {
        width: terminal.width,
        unicode: terminal.unicode,
        all: false,
        case_path: who.case.display().to_string(),
    };
    terminal.print(&human::render(report.content(), &layout))?;
    let reason = match reason {
        Some(reason) => reason,
        None => asked("reason, in your own words: ", "--reason TEXT")?,
    };
    let verdict = Verdict { decision, reason: &reason, report: &report, packs: &packs };
    let shown = case::decide(&desk, &actor, &verdict)?;
    terminal.print(&format!("\n{}", terminal::columns_of(shown.summary())))?;
    if !yes && asked(&format!("type `{YES}` to sign this: "), "--yes")? != YES {
        return Err(CliError::NotConfirmed);
    }
    // Reading took its time: what is signed says when it was decided, and the clock must not have gone back.
    let desk = sitting.desk(clock::now()?)?;
    let act = case::decide(&desk, &actor, &verdict)?;
    sitting.sign(&who, &act, keys, terminal)
}
