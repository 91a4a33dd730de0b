//! Why an answer of the lei-records API is no evidence.

use miette::Diagnostic;
use thiserror::Error;

/// An answer that is not saved.
#[derive(Debug, Error, Diagnostic)]
pub enum GleifError {
    /// There is no such LEI.
    #[error("GLEIF has no record of LEI `{lei}`: `{url}` answered 404")]
    #[diagnostic(code(countersign::gleif::not_found), help("compare the LEI with the request, character by character"))]
    NotFound {
        /// The LEI.
        lei: String,
        /// The address.
        url: String,
    },
    /// Another status than 200.
    #[error("`{url}` answered {status} where 200 is expected")]
    #[diagnostic(
        code(countersign::gleif::status),
        help("only an answer with status 200 is evidence; nothing was saved")
    )]
    Status {
        /// The address.
        url: String,
        /// The status.
        status: u16,
    },
    /// Headers beyond what a record keeps.
    #[error("`{url}` sent {reason}")]
    #[diagnostic(
        code(countersign::gleif::headers),
        help("a proxy may have added them; ask the API directly, as the record keeps every header or is not made")
    )]
    Headers {
        /// The address.
        url: String,
        /// Which.
        reason: String,
    },
    /// HTML, nothing, or JSON that breaks off.
    #[error("`{url}` sent {media_type} that is not JSON: {reason}")]
    #[diagnostic(
        code(countersign::gleif::not_json),
        help("a proxy or a maintenance page may have answered instead of the API; nothing was saved")
    )]
    NotJson {
        /// The address.
        url: String,
        /// What the server calls it.
        media_type: String,
        /// What the parser says.
        reason: String,
    },
    /// JSON of another shape.
    #[error("`{url}` sent JSON that is not a LEI record: {reason}")]
    #[diagnostic(
        code(countersign::gleif::shape),
        help("one object `data` with `id` and `attributes.lei` is expected; nothing was saved")
    )]
    Shape {
        /// The address.
        url: String,
        /// What the parser says.
        reason: String,
    },
    /// A search result.
    #[error("`{url}` sent a list of {records} records where one record is expected")]
    #[diagnostic(
        code(countersign::gleif::list),
        help("the address must name the LEI: `/lei-records/LEI`, without a filter; nothing was saved")
    )]
    List {
        /// The address.
        url: String,
        /// How many.
        records: usize,
    },
    /// The record of somebody else.
    #[error("asked for LEI `{asked}`, got the record of `{found}`")]
    #[diagnostic(code(countersign::gleif::other_lei), help("nothing was saved; tell GLEIF, or mend `--base-url`"))]
    OtherLei {
        /// The LEI asked for.
        asked: String,
        /// The LEI in the body.
        found: String,
    },
}
