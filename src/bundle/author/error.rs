//! Why a bundle was not changed.

use std::io;
use std::path::PathBuf;

use miette::Diagnostic;
use thiserror::Error;

use crate::bundle::error::BundleError;
use crate::bundle::problem::Problem;

/// A change to a bundle that was not made.
#[derive(Debug, Error, Diagnostic)]
pub enum AuthorError {
    /// A case is laid out in an empty folder only.
    #[error("`{}` is not empty", path.display())]
    #[diagnostic(code(countersign::bundle::not_empty), help("give a folder that does not exist yet"))]
    NotEmpty {
        /// The folder.
        path: PathBuf,
    },
    /// No kind of evidence.
    #[error("`{kind}` is no kind of evidence")]
    #[diagnostic(code(countersign::bundle::kind_not_evidence), help("{help}"))]
    KindNotEvidence {
        /// As written.
        kind: String,
        /// What was probably meant.
        help: String,
    },
    /// A path that a bundle cannot have.
    #[error("`{path}` cannot be a path of a bundle: {why}")]
    #[diagnostic(
        code(countersign::bundle::bad_path),
        help("relative to the bundle, `/` between names, no `.` or `..`")
    )]
    BadPath {
        /// As written.
        path: String,
        /// Why.
        why: String,
    },
    /// Evidence is never overwritten.
    #[error("`{path}` is in the bundle already")]
    #[diagnostic(
        code(countersign::bundle::exists),
        help("give the new file another path; evidence is never overwritten")
    )]
    Exists {
        /// The path in the bundle.
        path: String,
    },
    /// The manifest is signed: a change would make the signatures worthless.
    #[error("`{}` is signed", path.display())]
    #[diagnostic(
        code(countersign::bundle::already_signed),
        help(
            "what comes after the signature belongs into `decision/` or `post/`; or make a new bundle that names this one"
        )
    )]
    AlreadySigned {
        /// The bundle.
        path: PathBuf,
    },
    /// What follows a signature follows a sealed bundle.
    #[error("`{}` is not sealed and signed", path.display())]
    #[diagnostic(
        code(countersign::bundle::not_sealed),
        help("what follows names it by its digest; `countersign bundle seal CASE --by PERSON` seals and signs it")
    )]
    NotSealed {
        /// The bundle.
        path: PathBuf,
    },
    /// A file that a manifest does not list.
    #[error("the manifest does not list `{path}`")]
    #[diagnostic(
        code(countersign::bundle::not_listed),
        help("name it as the manifest does, relative to the bundle: `records/session-1.json`")
    )]
    NotListed {
        /// The path.
        path: String,
    },
    /// A file that differs from its listing.
    #[error("`{path}` is not as the manifest lists it")]
    #[diagnostic(code(countersign::bundle::not_as_listed), help("get the bundle again from whoever made it"))]
    NotAsListed {
        /// The path.
        path: String,
    },
    /// Larger than a file of a bundle may be.
    #[error("`{}` has {bytes} bytes; at most {limit} are read", path.display())]
    #[diagnostic(code(countersign::bundle::source_too_big), help("keep media in a vault and list their digest"))]
    TooBig {
        /// The file.
        path: PathBuf,
        /// Its size.
        bytes: u64,
        /// The limit.
        limit: u64,
    },
    /// What was given, or what is there, has problems.
    #[error("there {} to mend first", if problems.len() == 1 { "is one problem".to_owned() } else { format!("are {} problems", problems.len()) })]
    #[diagnostic(code(countersign::bundle::refused), help("nothing was changed"))]
    Refused {
        /// All of them.
        problems: Vec<Problem>,
    },
    /// A file could not be read.
    #[error("`{}` cannot be read", path.display())]
    #[diagnostic(code(countersign::bundle::read_failed), help("{help}"))]
    ReadFailed {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
        /// What to do.
        help: &'static str,
    },
    /// A file could not be written.
    #[error("`{}` cannot be written", path.display())]
    #[diagnostic(code(countersign::bundle::write_failed), help("the bundle is as it was before"))]
    WriteFailed {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// The bundle could not be read at all.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Bundle(#[from] BundleError),
}
