//! Strict JSON, as countersign reads it.
//!
//! In: the bytes of one file. Out: values that borrow from them, each with its bytes, or one
//! [`JsonError`]. Two keys that are equal (also after escapes), a float or an integer beyond 2^53-1 in a
//! document of ours, a lone surrogate, a byte order mark, trailing text: each is refused, because
//! two readers could read two different things. What is refused gives no value at all.
//! This module must not know records, manifests or schemas.

pub mod canonical;
pub mod error;
pub mod pointer;
pub mod scanner;
pub mod tree;

pub use error::{JsonError, JsonErrorKind};
pub use scanner::{Kind, Numbers, Object, Read, Scanner, duplicate_key};
pub use tree::{Tree, Value};
