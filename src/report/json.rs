//! The report as JSON: RFC 8785 canonical bytes, the form that digests and signatures are over.
//!
//! In: a document. Out: bytes, the same for the same document.

use serde::Serialize;

use super::Report;

/// The report as it is stored: canonical JSON, without a newline at its end.
pub fn render(report: &Report) -> Vec<u8> {
    canonical(report.document())
}

/// The RFC 8785 bytes of one of the report's own types.
pub fn canonical(value: &impl Serialize) -> Vec<u8> {
    // INVARIANT: every number in these types is an integer below 2^53, every map key a string; the
    // canonical form has no other reason to refuse.
    serde_json_canonicalizer::to_vec(value).expect("report types hold only strings, flags and small integers")
}
