//! `countersign explain RULE` and `countersign explain CODE`.

mod code;
mod rule;

use std::path::PathBuf;

use super::config::Settings;
use super::error::CliError;
use super::terminal::Terminal;
use super::{Outcome, load};

/// Explain a rule or an error code
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Explain a rule: the clause in our words, its source, the evidence it needs, its expressions, and a \
        case that passes and one that fails. Of a requirement without a rule: why it has none. Or an error code: what \
        it means and what to do.",
    after_help = "Examples:\n  countersign explain LE-6.3.1.b.2\n  countersign explain countersign::bundle::duplicate_key\n  \
        countersign explain duplicate_key"
)]
pub(super) struct Args {
    /// Id of a rule or requirement, or an error code (its last part will do)
    #[arg(value_name = "RULE|CODE")]
    what: String,
    /// Policies to use instead of the embedded ones
    #[arg(long, value_name = "DIR")]
    policies: Option<PathBuf>,
}

pub(super) fn run(args: Args, settings: &Settings, terminal: &Terminal) -> Outcome {
    let rule_book = load::rule_book_and_cases(args.policies.as_deref(), settings)?;
    let program = rule_book.program();
    let explained = rule::explain(&rule_book, &args.what, terminal).or_else(|| code::explain(&args.what, terminal));
    let Some(text) = explained else {
        return Err(CliError::NothingToExplain { what: args.what.clone(), nearest: nearest(program, &args.what) });
    };
    terminal.print(&text)?;
    Ok(0)
}

/// What was probably meant.
fn nearest(program: &crate::compile::program::Program, what: &str) -> Option<String> {
    let rules = program.rules.iter().map(|rule| rule.id.clone());
    let pending = program.pending.iter().map(|pending| pending.id.clone());
    let external = program.external.iter().map(|external| external.id.clone());
    let codes = code::all().into_iter().map(|code| code.code);
    let scored = rules.chain(pending).chain(external).chain(codes).map(|known| {
        let tail = known.rsplit("::").next().unwrap_or(&known).to_lowercase();
        (strsim::jaro_winkler(&tail, &what.to_lowercase()), known)
    });
    let best = scored.max_by(|a, b| a.0.total_cmp(&b.0).then_with(|| b.1.cmp(&a.1)))?;
    (best.0 > 0.8).then_some(best.1)
}
