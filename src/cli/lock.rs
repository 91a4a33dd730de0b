//! `countersign lock`: the policy lock that the gate decides by.

mod new;
mod show;
mod sign;

use std::collections::BTreeMap;

use super::Outcome;
use super::config::Settings;
use super::load::RuleBook;
use super::terminal::Terminal;
use crate::compile;
use crate::policy::file_kind;
use crate::primitives::Sha256;
use crate::source::Source;

/// Make, sign and show the policy lock that the gate decides by
#[derive(Debug, clap::Subcommand)]
#[command(after_help = "Example:\n  countersign lock show lock.json --trust trust.json")]
pub(super) enum Command {
    /// Write a lock for a rule book, a profile and a trust file
    New(new::Args),
    /// Add a policy key's signature to a lock
    Sign(sign::Args),
    /// Show what a lock says, who signed it, and whether it is in force
    Show(show::Args),
}

pub(super) fn run(command: Command, settings: &Settings, terminal: &Terminal) -> Outcome {
    match command {
        Command::New(args) => new::run(args, settings, terminal),
        Command::Sign(args) => sign::run(args, settings, terminal),
        Command::Show(args) => show::run(args, settings, terminal),
    }
}

/// The files of a rule book with their digests; what tests it decides nothing.
fn files(rule_book: &RuleBook) -> BTreeMap<String, Sha256> {
    let digest = |file: &Source| (file.name().to_owned(), Sha256::of(file.text().as_bytes()));
    let decides = |file: &&Source| !file_kind(file.name()).tests();
    match rule_book {
        RuleBook::Embedded(_) => compile::shipped_files().iter().filter(decides).map(digest).collect(),
        RuleBook::Folder(loaded) => compile::sources(&loaded.set).map(digest).collect(),
    }
}
