//! The report: findings as a document, and its renderings.
//!
//! In: an evaluation, the program it ran, and the bytes it ran over. Out: [`Report`], whose canonical
//! JSON is what is stored, signed and compared; and the renderings, one file each, that read only the
//! [`ReportDocument`]. Nothing here judges.

mod assemble;
pub mod document;
pub mod human;
pub mod json;

use serde::Serialize;

use crate::primitives::{Said, Sha256};

pub(crate) use assemble::assemble;
pub use assemble::{Parts, strength_text};
pub use document::ReportDocument;

/// Format name of the report document; a change of its schema changes it.
pub const FORMAT: &str = "countersign/report/v1";

/// Stands for the SAID while the SAID is computed, as in ACDC.
const SAID_PLACEHOLDER: &str = "############################################";

/// A finished report. Only `check` makes one, so whoever holds it knows that every due rule ran.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    document: ReportDocument,
}

impl Report {
    /// Computes both digests of a document and closes it. The architecture test allows `check` alone to call it.
    pub(crate) fn seal(mut document: ReportDocument) -> Self {
        document.format = FORMAT.to_owned();
        document.judgement = judgement(&document);
        document.said = SAID_PLACEHOLDER.to_owned();
        document.said = Said::of(&json::canonical(&document)).to_string();
        Self { document }
    }

    /// What it says.
    pub fn document(&self) -> &ReportDocument {
        &self.document
    }
}

/// BLAKE3-256 SAID of the canonical JSON of a document with 44 `#` in place of its SAID.
pub fn said(document: &ReportDocument) -> String {
    let mut blank = document.clone();
    blank.said = SAID_PLACEHOLDER.to_owned();
    Said::of(&json::canonical(&blank)).to_string()
}

/// sha256 over what must stay equal for a judgement to be the same one at another time: bundle, policy,
/// parameters, trust, waivers and the outcome per rule, without the instant.
pub fn judgement(document: &ReportDocument) -> Sha256 {
    #[derive(Serialize)]
    struct Judgement<'a> {
        bundle: Option<Sha256>,
        policy: Sha256,
        profile: &'a str,
        parameters: &'a [document::ParameterEntry],
        trust: Sha256,
        waivers: &'a [document::WaiverEntry],
        outcomes: std::collections::BTreeMap<&'a str, &'static str>,
    }
    let outcomes = document.results.iter().map(|result| (result.rule.as_str(), result.outcome.as_str()));
    Sha256::of(&json::canonical(&Judgement {
        bundle: document.run.bundle,
        policy: document.run.policy,
        profile: &document.run.profile,
        parameters: &document.run.parameters,
        trust: document.run.trust,
        waivers: &document.waivers,
        outcomes: outcomes.collect(),
    }))
}
