//! `countersign policy export`.

use std::fs;
use std::path::PathBuf;

use super::super::Outcome;
use super::super::error::CliError;
use super::super::terminal::Terminal;
use super::super::write::{self, Existing};
use crate::compile;

/// Write the embedded rule book into a new folder, to add to it
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Write the embedded rule book, with its cases, into a folder that is not there yet. \
        `countersign check --policies DIR` decides by it, and so does everything else where countersign.toml names it \
        as `policies`. The fixtures that the cases are about are part of the repository, not of the program.",
    after_help = "Example:\n  countersign policy export policies\n  countersign policy check policies"
)]
pub(in super::super) struct Args {
    /// The folder to make
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

pub(in super::super) fn run(args: &Args, terminal: &Terminal) -> Outcome {
    let folder = &args.folder;
    // A folder with something in it may be somebody's rule book.
    if fs::symlink_metadata(folder).is_ok() {
        return Err(CliError::Exists { path: folder.clone() });
    }
    let files = compile::shipped_files();
    for file in &files {
        let path = folder.join(file.name());
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(|source| CliError::Write { path: parent.to_owned(), source })?;
        }
        write::atomically(&path, file.text().as_bytes(), Existing::Keep)?;
    }
    terminal.print(&format!("{}: {} files of the embedded rule book\n", folder.display(), files.len()))?;
    Ok(0)
}
