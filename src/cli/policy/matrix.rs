//! `countersign policy matrix`: every requirement, and what decides it.

mod csv;
mod html;
mod human;
mod rows;

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::ValueEnum;

use super::super::config::Settings;
use super::super::error::CliError;
use super::super::terminal::{Terminal, print_note};
use super::super::{Outcome, load};
use crate::compile::program::Program;

/// List every requirement: what decides it and in how many cases, or why nothing does
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  countersign policy matrix\n  countersign policy matrix --pack two-qar --policies policies\n  \
        countersign policy matrix --format html > matrix.html"
)]
pub(in super::super) struct Args {
    /// Policies to list instead of the embedded ones
    #[arg(long, value_name = "DIR")]
    policies: Option<PathBuf>,
    /// Only requirements of this pack
    #[arg(long)]
    pack: Option<String>,
    /// How to print it
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Human,
    /// One object: counts and requirements
    Json,
    /// One page that needs nothing else
    Html,
    /// A table with a heading; the counts go to standard error
    Csv,
}

pub(in super::super) fn run(args: Args, settings: &Settings, terminal: &Terminal) -> Outcome {
    let rule_book = load::rule_book_and_cases(args.policies.as_deref(), settings)?;
    let program = rule_book.program();
    if let Some(pack) = &args.pack {
        known_pack(pack, program)?;
    }
    let matrix = rows::of(program, &load::cases(&rule_book), args.pack.as_deref());
    let text = match args.format {
        Format::Human => human::render(&matrix, terminal),
        // A matrix is plain data, which always has a form.
        Format::Json => serde_json::to_string_pretty(&matrix).unwrap_or_default() + "\n",
        Format::Html => html::render(&matrix),
        Format::Csv => {
            print_note(&matrix.counts.in_words());
            csv::render(&matrix)
        }
    };
    terminal.print(&text)?;
    Ok(0)
}

/// A pack that nothing is in would give an empty list, which reads as if nothing were required.
fn known_pack(pack: &str, program: &Program) -> Result<(), CliError> {
    let of_rules = program.rules.iter().flat_map(|rule| rule.packs.iter());
    let of_pending = program.pending.iter().map(|pending| &pending.pack);
    let of_external = program.external.iter().map(|external| &external.pack);
    let known: BTreeSet<&String> = of_rules.chain(of_pending).chain(of_external).collect();
    if known.iter().any(|known| *known == pack) {
        return Ok(());
    }
    Err(CliError::UnknownPack { pack: pack.to_owned(), known: known.into_iter().cloned().collect() })
}
