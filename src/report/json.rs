//! The report as JSON: RFC 8785 canonical bytes, the form that digests and signatures are over.
//!
//! In: a document. Out: bytes, the same for the same document.

use serde::Serialize;

use super::{Report, ReportDocument};

/// The report as it is stored: canonical JSON, without a newline at its end.
pub fn render(report: &Report) -> Vec<u8> {
    canonical(report.document())
}

/// A report that was stored, if its bytes are canonical and both digests are its own. It says what was reported then:
/// only `check` makes a [`Report`].
///
/// # Errors
/// Why it is none, in words.
pub fn read(bytes: &[u8]) -> Result<ReportDocument, String> {
    let text = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    let document: ReportDocument = serde_json::from_slice(text).map_err(|error| error.to_string())?;
    if canonical(&document) != text {
        return Err("it is not in canonical form".to_owned());
    }
    if document.format != super::FORMAT {
        return Err(format!("its format is not `{}`", super::FORMAT));
    }
    if super::said(&document) != document.said || super::judgement(&document) != document.judgement {
        return Err("its digests are not those of its content".to_owned());
    }
    Ok(document)
}

/// The RFC 8785 bytes of one of the report's own types.
pub fn canonical(value: &impl Serialize) -> Vec<u8> {
    // INVARIANT: every number in these types is an integer below 2^53, every map key a string; the
    // canonical form has no other reason to refuse.
    serde_json_canonicalizer::to_vec(value).expect("report types hold only strings, flags and small integers")
}
