//! Why there is nothing to read at all. What is wrong *inside* a bundle is a
//! [`Problem`](super::problem::Problem).

use std::io;
use std::path::PathBuf;

use miette::Diagnostic;
use thiserror::Error;

/// A path that is no bundle and no case.
#[derive(Debug, Error, Diagnostic)]
pub enum BundleError {
    /// Not there, or not to be opened.
    #[error("`{}` cannot be read", path.display())]
    #[diagnostic(code(countersign::bundle::cannot_read), help("give the folder of a case, of a bundle, or a tar file"))]
    CannotRead {
        /// The path as given.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// A compressed archive.
    #[error("`{}` is compressed ({format})", path.display())]
    #[diagnostic(
        code(countersign::bundle::compressed),
        help("unpack it first: a compressed archive has no bound on what comes out of it")
    )]
    Compressed {
        /// The path as given.
        path: PathBuf,
        /// What it is compressed with.
        format: &'static str,
    },
    /// Neither a folder nor a tar file.
    #[error("`{}` is neither a folder nor a tar file", path.display())]
    #[diagnostic(
        code(countersign::bundle::not_a_bundle),
        help("give the folder of a case, of a bundle, or a tar file")
    )]
    NotABundle {
        /// The path as given.
        path: PathBuf,
    },
    /// Both a bundle and a case.
    #[error("`{}` has a `manifest.json` and a folder `{area}`: it could be a bundle or a case", path.display())]
    #[diagnostic(
        code(countersign::bundle::ambiguous),
        help("a case has `bundle/manifest.json`; a bundle has no folder `bundle`, `decision` or `post`")
    )]
    Ambiguous {
        /// The path as given.
        path: PathBuf,
        /// The folder.
        area: &'static str,
    },
    /// A tar file that is larger than all files of a case may be.
    #[error("`{}` has {bytes} bytes; at most {limit} are read", path.display())]
    #[diagnostic(code(countersign::bundle::archive_too_big), help("keep media in a vault and list their digest"))]
    ArchiveTooBig {
        /// The path as given.
        path: PathBuf,
        /// Its size.
        bytes: u64,
        /// The limit.
        limit: u64,
    },
}
