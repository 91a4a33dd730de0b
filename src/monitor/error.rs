//! Why the watch cannot run, and what was done to its log.

use std::io;
use std::path::PathBuf;

use miette::Diagnostic;
use thiserror::Error;

/// A watch that cannot run.
#[derive(Debug, Error, Diagnostic)]
pub enum MonitorError {
    /// No folder to watch.
    #[error("`{}` holds no `cases` and no `registries`", path.display())]
    #[diagnostic(
        code(countersign::monitor::no_root),
        help("name the folder that holds `cases/`, and `registries/` with the streams fetched from the witnesses")
    )]
    NoRoot {
        /// The folder.
        path: PathBuf,
    },
    /// No stream at all.
    #[error("there is no stream of a registry in `{}`", path.display())]
    #[diagnostic(
        code(countersign::monitor::no_stream),
        help(
            "fetch the log of the QVI and its registries from the witnesses into that folder, or name files with `--tel`"
        )
    )]
    NoStream {
        /// The folder.
        path: PathBuf,
    },
    /// The log of the QVI is not there.
    #[error("the log of the QVI `{qvi}` is in none of {streams} streams")]
    #[diagnostic(
        code(countersign::monitor::no_qvi_log),
        help("fetch it from the QVI's witnesses: without it no issuance is known, and nothing is watched")
    )]
    NoQviLog {
        /// The QVI.
        qvi: String,
        /// How many streams there are.
        streams: usize,
    },
    /// Another run holds the log.
    #[error("another run watches `{}`", path.display())]
    #[diagnostic(code(countersign::monitor::busy), help("wait until it is done, or stop it"))]
    Busy {
        /// The log.
        path: PathBuf,
    },
    /// The watch has no log yet.
    #[error("there is no log of a watch at `{}`", path.display())]
    #[diagnostic(code(countersign::monitor::no_log), help("`countersign monitor ROOT` begins one"))]
    NoLog {
        /// The log.
        path: PathBuf,
    },
    /// A file of the watch cannot be read.
    #[error("`{}` cannot be read", path.display())]
    #[diagnostic(code(countersign::monitor::unreadable), help("look at the path and at who may read it"))]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// A file of the watch cannot be written.
    #[error("`{}` cannot be written", path.display())]
    #[diagnostic(
        code(countersign::monitor::write),
        help("look at the disk and at who may write there; the next run goes on")
    )]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// A row that is none.
    #[error("line {line} of the log `{}` is no row: {reason}", path.display())]
    #[diagnostic(
        code(countersign::monitor::not_a_row),
        help("the log was changed; compare it with a copy, and find out who could write it")
    )]
    NotARow {
        /// The log.
        path: PathBuf,
        /// The line.
        line: usize,
        /// What is wrong.
        reason: String,
    },
    /// A row that does not follow.
    #[error("line {line} of the log `{}` does not follow the line before it", path.display())]
    #[diagnostic(
        code(countersign::monitor::broken_chain),
        help("a row was changed, put in or taken out; compare the log with a copy, and find out who could write it")
    )]
    BrokenChain {
        /// The log.
        path: PathBuf,
        /// The line.
        line: usize,
    },
    /// A row that somebody kept is not there.
    #[error("no row of the log `{}` has the hash {head}", path.display())]
    #[diagnostic(
        code(countersign::monitor::rewritten),
        help("rows at the end were taken away, or the log was written anew; compare it with a copy")
    )]
    Rewritten {
        /// The log.
        path: PathBuf,
        /// The hash that was kept.
        head: String,
    },
    /// A log of the LEI watch that is not what the log says.
    #[error("`{}` is not the log of the LEI watch that row {row} names: {reason}", path.display())]
    #[diagnostic(
        code(countersign::monitor::lei_log),
        help("it was changed or taken away; put it back from a copy, and find out who could write it")
    )]
    LeiLog {
        /// The file.
        path: PathBuf,
        /// The row.
        row: u64,
        /// What is wrong.
        reason: String,
    },
    /// A run before this one is later.
    #[error("the log `{}` goes to {latest}, and the clock says {now}", path.display())]
    #[diagnostic(
        code(countersign::monitor::clock_behind),
        help("set the clock of this machine: clocks of revocations are counted by it")
    )]
    ClockBehind {
        /// The log.
        path: PathBuf,
        /// Its latest row.
        latest: String,
        /// The clock.
        now: String,
    },
    /// More than is read.
    #[error("`{}` is beyond the bound of {limit} {what}", path.display())]
    #[diagnostic(
        code(countersign::monitor::too_large),
        help(
            "put into `cases/` and `registries/` what is watched and nothing else; the watch reads all of it or none"
        )
    )]
    TooLarge {
        /// The file or folder.
        path: PathBuf,
        /// The bound.
        limit: u64,
        /// Of what.
        what: &'static str,
    },
    /// Text of a row beyond its bound.
    #[error("a row of the log `{}` would have {bytes} bytes; at most {limit} are written", path.display())]
    #[diagnostic(code(countersign::monitor::row_too_long), help("this is a defect of countersign; please report it"))]
    RowTooLong {
        /// The log.
        path: PathBuf,
        /// Its size.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// A receiver that does not take what it is sent.
    #[error("the webhook did not take {waiting} of {due} events: {reason}")]
    #[diagnostic(
        code(countersign::monitor::webhook),
        help(
            "the events stay in the log and are delivered by the next run with the same `--webhook`; mend the receiver"
        )
    )]
    Webhook {
        /// How many wait.
        waiting: usize,
        /// How many there were.
        due: usize,
        /// Why.
        reason: String,
    },
}
