//! What is signed of a record and of a manifest.
//!
//! In: what was read of a file. Out: the bytes that its detached signatures are over: words that say
//! what kind of thing it is, so that a signature over one kind is none over another, and the content.

use super::json::Tree;
use super::json::canonical::canonical;

/// How the name of a file of detached signatures ends: `.sig.cesr` for `.json`.
pub const ENDING: &str = ".sig.cesr";

const RECORD_DOMAIN: &[u8] = b"countersign/record/v1\n";
const MANIFEST_DOMAIN: &[u8] = b"countersign/manifest/v1\n";

/// The bytes that the signatures of a record are over; `None` if it has no canonical form.
pub fn record(tree: &Tree<'_>) -> Option<Vec<u8>> {
    Some([RECORD_DOMAIN, &canonical(tree)?].concat())
}

/// The bytes that the signatures of a manifest are over.
pub fn manifest(bytes: &[u8]) -> Vec<u8> {
    [MANIFEST_DOMAIN, bytes].concat()
}
