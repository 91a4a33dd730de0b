//! A no: every reason, in the order of the steps.

use serde_json::{Value, json};

use super::code::Code;
use crate::primitives::{Instant, Sha256};

/// One reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// Which.
    pub code: Code,
    /// With its values, on one line.
    pub message: String,
}

/// A no. Only this module makes one, and never without a reason.
///
/// ```compile_fail,E0451
/// use countersign::gate::Refusal;
/// let shorter = |refusal: Refusal| Refusal { reasons: Vec::new(), ..refusal };
/// let reasons = |refusal: &Refusal| refusal.reasons().len();
/// ```
///
/// The same without that line compiles:
///
/// ```
/// use countersign::gate::Refusal;
/// let reasons = |refusal: &Refusal| refusal.reasons().len();
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    case_id: String,
    bundle: Option<Sha256>,
    at: Instant,
    reasons: Vec<Reason>,
    verdict: Option<&'static str>,
}

impl Refusal {
    /// `reasons`: at least one; they are put into the order of the steps.
    pub(super) fn new(
        case_id: Option<&str>,
        bundle: Option<Sha256>,
        at: Instant,
        verdict: Option<&'static str>,
        mut reasons: Vec<Reason>,
    ) -> Self {
        reasons.sort_by_key(|reason| reason.code.step());
        Self { case_id: case_id.unwrap_or_default().to_owned(), bundle, at, reasons, verdict }
    }

    /// Every reason, in the order of the steps.
    pub fn reasons(&self) -> &[Reason] {
        &self.reasons
    }

    /// Whether this is one of the reasons.
    pub fn is_for(&self, code: Code) -> bool {
        self.reasons.iter().any(|reason| reason.code == code)
    }

    /// Whether it may be written into store and ledger: never into one that is gone, another one, or damaged.
    pub fn can_be_recorded(&self) -> bool {
        let lost = [Code::NoStore, Code::NoLedger, Code::OtherLedger, Code::LedgerChanged];
        !self.reasons.iter().any(|reason| lost.contains(&reason.code))
    }

    /// When.
    pub fn at(&self) -> Instant {
        self.at
    }

    /// The document in RFC 8785 form: what the ledger's row has the digest of.
    pub fn text(&self) -> String {
        super::statement::canonical(&self.document())
    }

    /// As a document: what the ledger's row has the digest of.
    pub fn document(&self) -> Value {
        let reasons = self.reasons.iter().map(|reason| {
            json!({
                "step": reason.code.step().number(),
                "name": reason.code.step().as_str(),
                "code": reason.code.as_str(),
                "message": reason.message,
                "help": reason.code.help(),
            })
        });
        json!({
            "format": "countersign/refusal/v1",
            "decision": "refuse",
            "case": self.case_id,
            "bundle": self.bundle.map(|digest| digest.to_string()),
            "at": self.at.to_string(),
            "verdict": self.verdict,
            "reasons": reasons.collect::<Vec<_>>(),
        })
    }
}
