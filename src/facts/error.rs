//! Why a schema cannot be used.

use miette::{Diagnostic, NamedSource, SourceSpan};
use std::sync::Arc;
use thiserror::Error;

/// A schema file that is not in the subset of `schemas/README.md`.
#[derive(Debug, Error, Diagnostic)]
pub enum SchemaError {
    /// Not JSON.
    #[error("`{name}` is not JSON: {reason}")]
    #[diagnostic(code(countersign::facts::schema_not_json), help("mend the file; schemas are strict JSON"))]
    NotJson {
        /// The file.
        name: String,
        /// What the parser says.
        reason: String,
        /// Where.
        #[label("here")]
        at: SourceSpan,
        /// The text.
        #[source_code]
        text: NamedSource<Arc<str>>,
    },
    /// A keyword, type or combination outside the subset.
    #[error("`{name}` at `{pointer}`: {problem}")]
    #[diagnostic(
        code(countersign::facts::schema_unsupported),
        help("schemas/README.md lists the keywords that may be used")
    )]
    Unsupported {
        /// The file.
        name: String,
        /// JSON pointer of the offending subschema.
        pointer: String,
        /// What is wrong.
        problem: String,
    },
    /// Two schemas give the same name to rules.
    #[error("`{name}` and `{other}` both give rules the name `{identifier}`")]
    #[diagnostic(code(countersign::facts::schema_collision), help("rename one kind, or give it another `x-plural`"))]
    Collision {
        /// One file.
        name: String,
        /// The other.
        other: String,
        /// The name both claim.
        identifier: String,
    },
}
