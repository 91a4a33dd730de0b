//! `countersign keys list`.

use super::super::Outcome;
use super::super::config::Settings;
use super::super::error::CliError;
use super::super::terminal::{Terminal, columns_of, print_error};
use crate::evaluate::outcome::EXIT_ERROR;

/// List the keys of the folder
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  countersign keys list --keys keys\n\nExit status: 0 all can be used, 2 not.")]
pub(in super::super) struct Args {
    #[command(flatten)]
    folder: super::Folder,
}

pub(in super::super) fn run(args: Args, settings: &Settings, terminal: &Terminal) -> Outcome {
    let keystore = args.folder.keystore(settings)?;
    let listed = keystore.list()?;
    let mut rows = vec![["name", "aid", "current key"].map(str::to_owned)];
    let mut unusable = Vec::new();
    for entry in listed {
        match entry.file {
            Ok(file) => rows.push([entry.name.to_string(), file.aid().to_string(), file.key().to_string()]),
            Err(error) => {
                rows.push([entry.name.to_string(), "(cannot be used)".to_owned(), String::new()]);
                unusable.push(error);
            }
        }
    }
    match rows.len() {
        1 => terminal.print(&format!("no keys in {}\n", keystore.folder().display()))?,
        _ => terminal.print(&columns_of(&rows))?,
    }
    let status = if unusable.is_empty() { 0 } else { EXIT_ERROR };
    unusable.into_iter().for_each(|error| print_error(&CliError::Keystore(error)));
    Ok(status)
}
