//! Why an audit could not be run, or a pack not be read. What is wrong with the year is in the report.

use std::io;
use std::path::{Path, PathBuf};

use miette::Diagnostic;
use thiserror::Error;

use crate::ledger::LedgerError;

/// An audit that could not be run.
#[derive(Debug, Error, Diagnostic)]
pub enum AuditError {
    /// A file or folder of the year.
    #[error("`{}` cannot be read", path.display())]
    #[diagnostic(code(countersign::audit::unreadable), help("the folder of a year holds `cases/` and `registries/`"))]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// A file of the audit's own.
    #[error("`{}` cannot be written", path.display())]
    #[diagnostic(code(countersign::audit::write), help("look at the disk and at who may write there"))]
    Write {
        /// Which.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// There is no case.
    #[error("there is no case in `{}`", path.display())]
    #[diagnostic(
        code(countersign::audit::no_case),
        help("the folder of a year has its cases in `cases/`: folders with `bundle/`, or tar files")
    )]
    NoCase {
        /// The folder.
        path: PathBuf,
    },
    /// There is no stream.
    #[error("there is no stream of registries in `{}`", path.display())]
    #[diagnostic(
        code(countersign::audit::no_registries),
        help(
            "fetch the group's log and its registries from witnesses and watchers into `registries/`, or name them with `--tel`"
        )
    )]
    NoRegistries {
        /// The folder.
        path: PathBuf,
    },
    /// More than is read.
    #[error("`{}` is beyond the bound of {limit} {what}", path.display())]
    #[diagnostic(code(countersign::audit::too_large), help("split the year, or the streams"))]
    TooLarge {
        /// The file or folder.
        path: PathBuf,
        /// Bound.
        limit: u64,
        /// Of what.
        what: &'static str,
    },
    /// Something was written while it was read.
    #[error("`{}` changed while the audit ran", path.display())]
    #[diagnostic(code(countersign::audit::changed), help("run it again once nothing writes there any more"))]
    Changed {
        /// The ledger, or the folder of streams.
        path: PathBuf,
    },
    /// A state folder of something else.
    #[error("the state in `{}` is of another audit", path.display())]
    #[diagnostic(
        code(countersign::audit::other_state),
        help("give the same folder, period, rule book, trust file, streams and ledger as then, or another `--state`")
    )]
    OtherState {
        /// The journal.
        path: PathBuf,
    },
    /// Two runs with one state.
    #[error("another audit is working with the state in `{}`", path.display())]
    #[diagnostic(code(countersign::audit::in_use), help("wait for it, or name another folder with `--state`"))]
    InUse {
        /// The journal.
        path: PathBuf,
    },
    /// The ledger.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Ledger(#[from] LedgerError),
    /// A pack that cannot be read as one.
    #[error("`{}` is no audit pack: {reason}", path.display())]
    #[diagnostic(code(countersign::audit::not_a_pack), help("give the file that `countersign audit pack` wrote"))]
    NotAPack {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}

impl AuditError {
    pub(super) fn unreadable(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Unreadable { path, source }
    }

    pub(super) fn write(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Write { path, source }
    }
}
