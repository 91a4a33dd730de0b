//! Why a patch cannot be applied.

use miette::Diagnostic;
use thiserror::Error;

/// A step of a patch that cannot be done.
#[derive(Debug, Clone, PartialEq, Eq, Error, Diagnostic)]
pub enum PatchError {
    /// No file of this path, or none that matches.
    #[error("the fixture has no file `{path}`")]
    #[diagnostic(
        code(countersign::bundle::patch_no_file),
        help("paths are relative to `bundle/`; `decision/…`, `post/…` and `trust` name the other parts")
    )]
    NoFile {
        /// As written.
        path: String,
    },
    /// The file is there already.
    #[error("the fixture has a file `{path}` already")]
    #[diagnostic(
        code(countersign::bundle::patch_file_exists),
        help("change it with `set`, or give the new one another name")
    )]
    FileExists {
        /// As written.
        path: String,
    },
    /// The file is not JSON.
    #[error("`{path}` is not JSON: {reason}")]
    #[diagnostic(code(countersign::bundle::patch_not_json), help("change other files with `replace`"))]
    NotJson {
        /// The file.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A step of a pointer that finds nothing.
    #[error("`{pointer}` finds nothing in `{path}`: {reason}")]
    #[diagnostic(
        code(countersign::bundle::patch_no_match),
        help("a pointer's parents must exist; `-` appends to a list")
    )]
    NoMatch {
        /// The file.
        path: String,
        /// As written.
        pointer: String,
        /// Where it ends.
        reason: String,
    },
    /// What cannot be made to agree with the patch.
    #[error("the case cannot be made whole again after the patch: {reason}")]
    #[diagnostic(
        code(countersign::bundle::patch_unsettled),
        help("`sign: false` leaves what a step touches unsigned, `relist: false` leaves it as it is")
    )]
    Unsettled {
        /// What stands in the way.
        reason: String,
    },
    /// A text that is nowhere.
    #[error("`{text}` is in none of the files `{within}`")]
    #[diagnostic(code(countersign::bundle::patch_no_text), help("texts are compared byte by byte"))]
    NoText {
        /// What was to be replaced.
        text: String,
        /// Where.
        within: String,
    },
    /// Nothing to shift.
    #[error("no file `{within}` has an instant or a date")]
    #[diagnostic(code(countersign::bundle::patch_no_instant), help("only JSON files are shifted"))]
    NoInstant {
        /// Where.
        within: String,
    },
    /// A shift beyond the end of time.
    #[error("`{text}` cannot be moved so far")]
    #[diagnostic(code(countersign::bundle::patch_too_far), help("years go from 0000 to 9999"))]
    TooFar {
        /// The instant or date.
        text: String,
    },
}
