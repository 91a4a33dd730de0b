//! Why a command could not run. Each of these ends with exit status 2.

use std::io;
use std::path::PathBuf;

use miette::{Diagnostic, NamedSource, SourceSpan};
use thiserror::Error;

use crate::bundle::BundleError;
use crate::fetch::FetchError;
use crate::gleif::GleifError;

/// A command that could not run.
#[derive(Debug, Error, Diagnostic)]
pub(super) enum CliError {
    /// stdout is closed or full.
    #[error("the result cannot be printed")]
    #[diagnostic(code(countersign::cli::print), help("look at where the output goes"))]
    Print {
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// The machine's time cannot be used.
    #[error("the clock of this machine is outside the years that can be written")]
    #[diagnostic(code(countersign::cli::clock), help("set the clock, or give the instant with `--as-of`"))]
    Clock,
    /// An output that does not hold what it must.
    #[error("{what} is not text")]
    #[diagnostic(code(countersign::cli::internal), help("this is a defect of countersign; please report it"))]
    Internal {
        /// Which.
        what: &'static str,
    },
    /// A page of a command that does not exist.
    #[error("there is no command `{name}`")]
    #[diagnostic(code(countersign::cli::no_such_command), help("`countersign --help` lists the commands"))]
    NoSuchCommand {
        /// As given.
        name: String,
    },
    /// A settings file that cannot be read.
    #[error("the settings file `{}` cannot be read", path.display())]
    #[diagnostic(
        code(countersign::cli::config_unreadable),
        help("give another one with `--config`, or run without one from another folder")
    )]
    ConfigUnreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// A settings file with something in it that is no setting.
    #[error("the settings cannot be used: {reason}")]
    #[diagnostic(code(countersign::cli::config_invalid), help("schemas/config.schema.json lists the settings"))]
    ConfigInvalid {
        /// What the parser says.
        reason: String,
        /// Where.
        #[label("here")]
        at: SourceSpan,
        /// The file.
        #[source_code]
        text: NamedSource<String>,
    },
    /// A file beyond its bound.
    #[error("`{}` has {bytes} bytes; at most {limit} are read", path.display())]
    #[diagnostic(code(countersign::cli::too_large), help("this is not the file that is expected here"))]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size.
        bytes: u64,
        /// The limit.
        limit: u64,
    },
    /// A file that cannot be read.
    #[error("`{}` cannot be read", path.display())]
    #[diagnostic(code(countersign::cli::unreadable), help("look at the path and at who may read it"))]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// A file that cannot be written.
    #[error("`{}` cannot be written", path.display())]
    #[diagnostic(code(countersign::cli::write), help("look at the folder and at who may write there"))]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// Something is there that is not replaced.
    #[error("`{}` is there already and is not replaced", path.display())]
    #[diagnostic(code(countersign::cli::exists), help("choose another name, or move what is there away"))]
    Exists {
        /// The path.
        path: PathBuf,
    },
    /// A report into the evidence it is about.
    #[error("`{}` lies inside the case", path.display())]
    #[diagnostic(
        code(countersign::cli::output_in_case),
        help("a file that the manifest does not list would make the bundle fail; write the report elsewhere")
    )]
    OutputInCase {
        /// The path.
        path: PathBuf,
    },
    /// No trust file anywhere.
    #[error("no trust file is given")]
    #[diagnostic(
        code(countersign::cli::no_trust),
        help(
            "name it with `--trust FILE` or as `trust` in countersign.toml; `countersign trust init` makes one. \
             It says which root, GEDA, QVI and officers this installation trusts, and is never taken from a bundle"
        )
    )]
    NoTrust,
    /// No such path, or no bundle in it.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Bundle(#[from] BundleError),
    /// No answer.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Fetch(#[from] FetchError),
    /// An answer that is no evidence.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Gleif(#[from] GleifError),
}

impl CliError {
    /// The problems, where it stands for several.
    pub(super) fn several(&self) -> Option<Vec<&dyn Diagnostic>> {
        None
    }
}
