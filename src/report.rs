//! The report: findings as a document, and its renderings.
//!
//! In: an evaluation, the program it ran, and the bytes it ran over. Out: [`Report`], whose canonical
//! JSON is what is stored, signed and compared; and the renderings, one file each, that read only the
//! [`ReportDocument`]. Nothing here judges.

mod assemble;
pub mod audit;
mod command;
pub mod diff;
pub mod document;
pub mod format;
pub mod github;
pub mod html;
pub mod human;
pub mod json;
pub mod junit;
pub mod markdown;
pub mod oscal;
mod rows;
pub mod sarif;
pub mod text;
pub mod vsa;

use std::sync::OnceLock;

use serde::Serialize;

use crate::primitives::{Said, Sha256};
use document::Exhibits;

pub use assemble::{Parts, strength_text};
pub(crate) use assemble::{assemble, with_result};
pub use document::ReportDocument;
pub use format::{Format, render};

/// Format name of the report document; a change of its schema changes it.
pub const FORMAT: &str = "countersign/report/v1";

/// The result that stands for everything that cryptography decides of a credential: its report has it.
pub const CREDENTIAL_VERIFIED: &str = "keri.verified";

/// Stands for the SAID while the SAID is computed, as in ACDC.
const SAID_PLACEHOLDER: &str = "############################################";

/// A finished report. Only `check` makes one, so whoever holds it knows that every due rule ran.
#[derive(Debug, Clone)]
pub struct Report {
    /// Its digests stand open.
    content: ReportDocument,
    /// The same with its digests, once they were asked for.
    document: OnceLock<ReportDocument>,
}

impl PartialEq for Report {
    fn eq(&self, other: &Self) -> bool {
        // The digests follow from the content.
        self.content == other.content
    }
}

impl Report {
    /// Closes a document: from here on nothing changes it. The architecture test allows `check` alone to call it.
    pub(crate) fn seal(content: ReportDocument, exhibits: Exhibits) -> Self {
        let Exhibits { chain, steps, proposal } = exhibits;
        let mut content = ReportDocument { chain, steps, proposal, ..content };
        content.format = FORMAT.to_owned();
        content.said = SAID_PLACEHOLDER.to_owned();
        content.judgement = Sha256::from([0; 32]);
        Self { content, document: OnceLock::new() }
    }

    /// What it says, with its digests: to be stored, signed or compared.
    pub fn document(&self) -> &ReportDocument {
        self.document.get_or_init(|| {
            let mut document = self.content.clone();
            document.judgement = judgement(&document);
            // The placeholder stands in it already.
            document.said = Said::of(&json::canonical(&document)).to_string();
            document
        })
    }

    /// What it says, with its digests.
    pub fn into_document(self) -> ReportDocument {
        self.document();
        // It was made by the line before.
        self.document.into_inner().unwrap_or(self.content)
    }

    /// What it says, with `#` and zeros for its digests: for renderings that show neither.
    pub fn content(&self) -> &ReportDocument {
        &self.content
    }
}

/// Whether a report is one of a credential in a stream, not of a case.
pub fn is_of_credential(document: &ReportDocument) -> bool {
    document.run.bundle.is_none() && document.results.iter().any(|result| result.rule == CREDENTIAL_VERIFIED)
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
    Sha256::of(&judgement_text(document))
}

/// What [`judgement`] is the digest of: no evidence is in it but the waivers, so that it can be given to others.
pub fn judgement_text(document: &ReportDocument) -> Vec<u8> {
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
    json::canonical(&Judgement {
        bundle: document.run.bundle,
        policy: document.run.policy,
        profile: &document.run.profile,
        parameters: &document.run.parameters,
        trust: document.run.trust,
        waivers: &document.waivers,
        outcomes: outcomes.collect(),
    })
}
