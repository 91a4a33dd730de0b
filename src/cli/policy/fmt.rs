//! `countersign policy fmt`.

use std::path::PathBuf;

use super::super::config::Settings;
use super::super::error::CliError;
use super::super::terminal::Terminal;
use super::super::write::{self, Existing};
use super::super::{Outcome, load};
use crate::policy::format::format;

/// Write expressions and whitespace in their canonical form
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Write policy files in their canonical form: keys in order, expressions with single spaces and only \
        the parentheses they need. What a file means does not change; a file with problems is left alone.",
    after_help = "Example:\n  countersign policy fmt policies\n  countersign policy fmt policies --check\n\n\
        Exit status: 0 formatted, 2 problems, or with `--check` a file that is not in canonical form."
)]
pub(in super::super) struct Args {
    /// Folder of policies; default: the settings', else `policies`
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,
    /// Change nothing; say which files differ
    #[arg(long)]
    check: bool,
}

pub(in super::super) fn run(args: Args, settings: &Settings, terminal: &Terminal) -> Outcome {
    let folder = super::folder(args.folder, settings);
    let mut problems = Vec::new();
    let mut changed = Vec::new();
    let files = load::policy_files(&folder)?;
    for file in &files {
        match format(file) {
            Ok(text) if text == file.text() => {}
            Ok(text) => changed.push((file.name(), text)),
            Err(found) => problems.extend(found),
        }
    }
    if !problems.is_empty() {
        return Err(CliError::Policies { problems });
    }
    let mut lines = String::new();
    for (name, text) in &changed {
        let path = folder.join(name);
        if !args.check {
            write::atomically(&path, text.as_bytes(), Existing::Replace)?;
        }
        let did = if args.check { "would change" } else { "formatted" };
        lines.push_str(&format!("{did} {}\n", path.display()));
    }
    lines.push_str(&format!(
        "{} files, {} {}\n",
        files.len(),
        changed.len(),
        if args.check { "differ" } else { "changed" }
    ));
    terminal.print(&lines)?;
    match (args.check, changed.len()) {
        (true, files @ 1..) => Err(CliError::NotFormatted { files }),
        (true, 0) | (false, _) => Ok(0),
    }
}
