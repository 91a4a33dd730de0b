//! Why a ledger cannot be used, and what was done to it.

use std::io;
use std::path::PathBuf;

use miette::Diagnostic;
use thiserror::Error;

use crate::keystore::NotSignable;

/// A ledger that cannot be used.
#[derive(Debug, Error, Diagnostic)]
pub enum LedgerError {
    /// No ledger where one should be.
    #[error("there is no ledger at `{}`", path.display())]
    #[diagnostic(
        code(countersign::ledger::missing),
        help(
            "a ledger that was there is never made again by itself; restore it, or have the officers sign a recovery"
        )
    )]
    Missing {
        /// The path.
        path: PathBuf,
    },
    /// Something is there.
    #[error("`{}` is there already", path.display())]
    #[diagnostic(code(countersign::ledger::exists), help("a ledger begins once; look at what is there"))]
    Exists {
        /// The path.
        path: PathBuf,
    },
    /// A row that is none.
    #[error("line {line} of the ledger `{}` is no row: {reason}", path.display())]
    #[diagnostic(
        code(countersign::ledger::not_a_row),
        help("the ledger was changed; compare it with a copy, and find out who could write it")
    )]
    NotARow {
        /// The ledger.
        path: PathBuf,
        /// The line.
        line: usize,
        /// What is wrong.
        reason: String,
    },
    /// A row that is not the next.
    #[error("line {line} of the ledger `{}` has number {found} where {expected} follows", path.display())]
    #[diagnostic(
        code(countersign::ledger::out_of_order),
        help("rows were taken out, put in or moved; compare the ledger with a copy, and find out who could write it")
    )]
    OutOfOrder {
        /// The ledger.
        path: PathBuf,
        /// The line.
        line: usize,
        /// Its number.
        found: u64,
        /// The next number.
        expected: u64,
    },
    /// A row that names another one before it.
    #[error("line {line} of the ledger `{}` does not follow the line before it", path.display())]
    #[diagnostic(
        code(countersign::ledger::broken_chain),
        help(
            "this line or the one before was changed, or rows were exchanged; compare the ledger with a copy, and find \
             out who could write it"
        )
    )]
    BrokenChain {
        /// The ledger.
        path: PathBuf,
        /// The line.
        line: usize,
    },
    /// Another ledger than the trusted one.
    #[error("the ledger `{}` begins with row {found}, and {expected} is trusted", path.display())]
    #[diagnostic(
        code(countersign::ledger::another_genesis),
        help("this is the ledger of another installation, or it was made anew; look at the settings")
    )]
    AnotherGenesis {
        /// The ledger.
        path: PathBuf,
        /// Hash of its first row.
        found: String,
        /// The one that is trusted.
        expected: String,
    },
    /// Fewer rows than a checkpoint saw.
    #[error("the ledger `{}` has {rows} rows, and the checkpoint was made over {size}", path.display())]
    #[diagnostic(
        code(countersign::ledger::truncated),
        help("rows at the end were taken away; restore them from a copy, and find out who could write the ledger")
    )]
    Truncated {
        /// The ledger.
        path: PathBuf,
        /// Its rows.
        rows: u64,
        /// The checkpoint's.
        size: u64,
    },
    /// Other rows than a checkpoint saw.
    #[error("the first {size} rows of the ledger `{}` are not those of the checkpoint", path.display())]
    #[diagnostic(
        code(countersign::ledger::rewritten),
        help("the ledger was written anew; compare it with a copy, and find out who could write it")
    )]
    Rewritten {
        /// The ledger.
        path: PathBuf,
        /// The checkpoint's rows.
        size: u64,
    },
    /// A row that ends early.
    #[error("the last row of the ledger `{}` ends early, after {bytes} bytes", path.display())]
    #[diagnostic(
        code(countersign::ledger::torn),
        help(
            "a crash while it was written does this, and the row never counted; the next entry takes its place. If \
             there was no crash, verify the ledger against a checkpoint"
        )
    )]
    Torn {
        /// The ledger.
        path: PathBuf,
        /// How much of it is there.
        bytes: usize,
    },
    /// A row that is not there.
    #[error("the ledger `{}` has no row {seq}: it has {rows}", path.display())]
    #[diagnostic(
        code(countersign::ledger::no_row),
        help("rows are numbered from 0; `countersign ledger show` lists them")
    )]
    NoRow {
        /// The ledger.
        path: PathBuf,
        /// What was asked for.
        seq: u64,
        /// Its rows.
        rows: u64,
    },
    /// A payload that no row names.
    #[error("no row of the ledger `{}` is about {payload}", path.display())]
    #[diagnostic(
        code(countersign::ledger::no_payload),
        help("the digest is the SHA-256 of the file that was decided or recorded")
    )]
    NoPayload {
        /// The ledger.
        path: PathBuf,
        /// What was asked for.
        payload: String,
    },
    /// A text that is no checkpoint.
    #[error("this is no checkpoint: {reason}")]
    #[diagnostic(
        code(countersign::ledger::not_a_checkpoint),
        help("a checkpoint is a signed note as `countersign ledger checkpoint` writes it")
    )]
    NotACheckpoint {
        /// What is wrong.
        reason: String,
    },
    /// A checkpoint of another ledger.
    #[error("the checkpoint is of the ledger `{found}`, and this one is `{expected}`")]
    #[diagnostic(code(countersign::ledger::another_ledger), help("take the checkpoint of this ledger"))]
    AnotherLedger {
        /// The checkpoint's.
        found: String,
        /// Ours.
        expected: String,
    },
    /// A checkpoint without a good signature by the expected key.
    #[error("the checkpoint has no signature by `{name}` with key `{key}` that holds")]
    #[diagnostic(
        code(countersign::ledger::checkpoint_signature),
        help("take the checkpoint from who made it, and the key from their key event log")
    )]
    CheckpointSignature {
        /// Whose.
        name: String,
        /// The key.
        key: String,
    },
    /// A checkpoint that no key signs.
    #[error(transparent)]
    #[diagnostic(transparent)]
    NotSignable(#[from] NotSignable),
    /// Larger than is read.
    #[error("the ledger `{}` has more than {limit} bytes", path.display())]
    #[diagnostic(code(countersign::ledger::too_large), help("begin a new ledger, with a recovery that names this one"))]
    TooLarge {
        /// The ledger.
        path: PathBuf,
        /// Most bytes.
        limit: u64,
    },
    /// A file that cannot be read.
    #[error("the ledger `{}` cannot be read", path.display())]
    #[diagnostic(code(countersign::ledger::unreadable), help("look at the path and at who may read it"))]
    Unreadable {
        /// The path.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// A file that cannot be written.
    #[error("the ledger `{}` cannot be written", path.display())]
    #[diagnostic(
        code(countersign::ledger::write),
        help("the row does not count; look at the folder, its free space and who may write there, then try again")
    )]
    Write {
        /// The path.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
}
