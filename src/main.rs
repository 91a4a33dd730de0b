//! The command `countersign`: arguments in, exit status out. Everything else is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(countersign::cli::run(std::env::args_os()))
}
