//! The command line: arguments, files and the clock on one side, the library on the other.
//!
//! In: argv. Out: an exit status, and text on stdout (results) and stderr (errors). One file per
//! command. This is the only module that reads the clock, and with `fetch` the only one that reaches
//! beyond the values it is given.

mod audit;
mod bundle;
mod case;
mod check;
mod clock;
#[cfg(test)]
mod commands;
mod completions;
mod config;
mod credential;
mod doctor;
mod error;
mod explain;
mod fixtures;
mod gate;
mod kel;
mod keys;
mod ledger;
mod lei;
mod live;
mod load;
mod lock;
mod man;
mod monitor;
mod passphrase;
mod policy;
mod propose;
mod report;
mod schema;
mod several;
mod sign;
mod signers;
mod state;
mod terminal;
mod trust;
mod write;

use std::ffi::OsString;
use std::panic::resume_unwind;
use std::path::PathBuf;
use std::thread;

use clap::{Parser, Subcommand};

use crate::evaluate::outcome::EXIT_ERROR;
use error::CliError;
use terminal::Terminal;

/// What a command ends with: an exit status, or why it could not run.
type Outcome = Result<u8, CliError>;

/// Checks vLEI evidence against the governance framework.
#[derive(Debug, Parser)]
#[command(
    name = "countersign",
    version,
    about = "Checks an evidence bundle of a vLEI case against the governance framework",
    long_about = "Checks an evidence bundle of a vLEI case against the governance framework.\n\n\
        Rules are policies with a small expression language; a report names for each failure the clause, \
        what was expected and found, and the line in the evidence.",
    after_help = "Example:\n  countersign check cases/acme --trust trust.json\n\n\
        Exit status: 0 clean, 1 not clean, 2 the command could not run, 3 not decidable on this evidence.",
    propagate_version = true,
    arg_required_else_help = true
)]
pub struct Arguments {
    /// Settings file; default: `countersign.toml` in the current folder, if there is one
    #[arg(long, global = true, value_name = "FILE", help_heading = "Everywhere")]
    config: Option<PathBuf>,
    /// When to use colour; `auto` also honours NO_COLOR and CLICOLOR_FORCE
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", help_heading = "Everywhere")]
    color: terminal::When,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check a case or a bundle and say what holds, what does not, and why
    Check(check::Args),
    /// Judge a year of cases, against what the registries' logs prove
    Audit(Box<audit::Args>),
    /// Explain a rule or an error code
    Explain(explain::Args),
    /// Begin, check, format, test and list policies
    #[command(subcommand)]
    Policy(policy::Command),
    /// Lay out, fill, seal and look at evidence bundles
    #[command(subcommand)]
    Bundle(bundle::Command),
    /// Fetch LEI records from GLEIF
    #[command(subcommand)]
    Lei(lei::Command),
    /// Make, change and look at the installation's trust file
    #[command(subcommand)]
    Trust(trust::Command),
    /// Verify and show credentials
    #[command(subcommand)]
    Credential(credential::Command),
    /// Verify key event logs
    #[command(subcommand)]
    Kel(kel::Command),
    /// Fetch, list and check official credential schemas
    #[command(subcommand)]
    Schema(schema::Command),
    /// Make, import, rotate and show signing keys
    #[command(subcommand)]
    Keys(keys::Command),
    /// Show, verify and prove what was decided
    #[command(subcommand)]
    Ledger(ledger::Command),
    /// Make, sign and show the policy lock that the gate decides by
    #[command(subcommand)]
    Lock(lock::Command),
    /// Make store and ledger once, look at them, and recover them with the officers
    #[command(subcommand)]
    State(state::Command),
    /// Assign, submit, attest, waive, approve or reject, and see where a case stands
    #[command(subcommand)]
    Case(case::Command),
    /// Build the credential and the events that the evidence proves, or compare a proposal with them
    Propose(Box<propose::Args>),
    /// Say whether QAR2 may sign the event of a case, and why not; nothing is signed or written
    Gate(gate::Args),
    /// Sign the event of a case with the key of QAR2, if the gate says yes
    Sign(sign::Args),
    /// Watch what the QVI has issued: registries, LEIs and the clocks that run
    Monitor(Box<monitor::Args>),
    /// Show, compare and verify saved reports
    #[command(subcommand)]
    Report(report::Command),
    /// Make cases to practise and to measure with
    #[command(subcommand)]
    Fixtures(fixtures::Command),
    /// Show each setting, where it comes from, and its digest
    Doctor(doctor::Args),
    /// Print a completion script for a shell
    Completions(completions::Args),
    /// Print the manual page
    Man(man::Args),
}

/// Runs a command line and returns its exit status.
pub fn run(arguments: impl IntoIterator<Item = impl Into<OsString> + Clone>) -> u8 {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => return usage(&error),
    };
    arguments.color.apply();
    let terminal = Terminal::of_stdout();
    let outcome = config::Settings::load(arguments.config.as_deref())
        .and_then(|settings| clock::practise(&settings).map(|()| settings))
        .and_then(|settings| dispatch(arguments.command, &settings, &terminal));
    match outcome {
        Ok(status) => status,
        Err(error) => {
            terminal::print_error(&error);
            EXIT_ERROR
        }
    }
}

fn dispatch(command: Command, settings: &config::Settings, terminal: &Terminal) -> Outcome {
    match command {
        Command::Check(args) => check::run(args, settings, terminal),
        Command::Audit(args) => audit::run(*args, settings, terminal),
        Command::Explain(args) => explain::run(args, settings, terminal),
        Command::Policy(command) => policy::run(command, settings, terminal),
        Command::Bundle(command) => bundle::run(command, settings, terminal),
        Command::Lei(command) => lei::run(command, settings, terminal),
        Command::Trust(command) => trust::run(command, settings, terminal),
        Command::Credential(command) => credential::run(command, settings, terminal),
        Command::Kel(command) => kel::run(command, terminal),
        Command::Schema(command) => schema::run(command, settings, terminal),
        Command::Keys(command) => keys::run(command, settings, terminal),
        Command::Ledger(command) => ledger::run(command, settings, terminal),
        Command::Lock(command) => lock::run(command, settings, terminal),
        Command::State(command) => state::run(command, settings, terminal),
        Command::Case(command) => case::run(command, settings, terminal),
        Command::Propose(args) => propose::run(*args, settings, terminal),
        Command::Gate(args) => gate::run(args, settings, terminal),
        Command::Sign(args) => sign::run(args, settings, terminal),
        Command::Monitor(args) => monitor::run(*args, settings, terminal),
        Command::Report(command) => report::run(command, settings, terminal),
        Command::Fixtures(command) => fixtures::run(&command, terminal),
        Command::Doctor(args) => doctor::run(args, settings, terminal),
        Command::Completions(args) => completions::run(args),
        Command::Man(args) => man::run(args),
    }
}

/// Help and version go to stdout with status 0, everything else to stderr with status 2.
/// Does two things of which neither needs the other.
fn side_by_side<A, B: Send>(here: impl FnOnce() -> A, beside: impl Fn() -> B + Sync) -> (A, B) {
    thread::scope(|scope| match thread::Builder::new().spawn_scoped(scope, &beside) {
        Ok(running) => {
            let done = here();
            (done, running.join().unwrap_or_else(|panic| resume_unwind(panic)))
        }
        // There is no second thread to be had: one after the other.
        Err(_) => (here(), beside()),
    })
}

fn usage(error: &clap::Error) -> u8 {
    // There is nowhere to report that the terminal is gone.
    let _ = error.print();
    if error.use_stderr() { EXIT_ERROR } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_arguments_are_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn the_help_of_each_command_has_an_example() {
        fn visit(command: &clap::Command, path: &str) {
            let path = format!("{path} {}", command.get_name());
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(help.contains("Example"), "`{}` has no example", path.trim());
            command.get_subcommands().for_each(|sub| visit(sub, &path));
        }
        visit(&Arguments::command(), "");
    }
}
