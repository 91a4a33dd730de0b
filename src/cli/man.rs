//! `countersign man`: the manual page, and one for each command.

use clap::CommandFactory;

use super::error::CliError;
use super::{Arguments, Outcome, terminal::Terminal};

/// Print the manual page
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  countersign man > countersign.1\n  countersign man check | man -l -")]
pub(super) struct Args {
    /// A command, such as `check` or `bundle add`; without one, the page of countersign itself
    command: Vec<String>,
}

pub(super) fn run(args: Args) -> Outcome {
    let mut command = Arguments::command();
    command.build();
    let mut found = &command;
    for name in &args.command {
        found = found.find_subcommand(name).ok_or_else(|| CliError::NoSuchCommand { name: args.command.join(" ") })?;
    }
    let mut page = Vec::new();
    clap_mangen::Man::new(found.clone()).render(&mut page).map_err(|source| CliError::Print { source })?;
    let page = String::from_utf8(page).map_err(|_| CliError::Internal { what: "the manual page" })?;
    Terminal::of_stdout().print(&page)?;
    Ok(0)
}
