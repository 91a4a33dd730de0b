//! The event of QAR2's own log that seals a decision, once the decision is signed.
//!
//! The group's log is left alone: keripy takes the seal of a registry only from an event that seals nothing else.

use miette::Diagnostic;
use thiserror::Error;

use super::clear::Clearance;
use crate::check::OwnLog;
use crate::keystore::{Act, EventToSign, PublicKey};
use crate::primitives::{Aid, Instant, Said};
use crate::store::Reservation;

/// Why the decision is not sealed.
#[derive(Debug, Clone, PartialEq, Eq, Error, Diagnostic)]
#[error("the decision is not sealed in the log of QAR2: {reason}")]
#[diagnostic(
    code(countersign::gate::not_anchored),
    help("give the whole log of QAR2 with `--live`, as the witnesses have it now; publish an earlier seal first")
)]
pub struct NotAnchored {
    /// Why.
    reason: String,
}

/// A yes about an event of QAR2's own log that seals one decision.
#[derive(Debug, Clone)]
pub struct OwnAnchor {
    event: EventToSign,
    own: OwnLog,
    index: u32,
    case_id: String,
    report: String,
    at: Instant,
}

impl OwnAnchor {
    /// The event, for the signer.
    pub fn event(&self) -> &EventToSign {
        &self.event
    }

    /// The log that it is put to.
    pub fn own(&self) -> &OwnLog {
        &self.own
    }

    /// Where the key stands in the log's own list.
    pub fn index(&self) -> u32 {
        self.index
    }

    /// Whose log it is.
    pub fn aid(&self) -> &Aid {
        &self.own.state.aid
    }

    /// What is to be reserved.
    pub fn reservation(&self) -> Reservation {
        Reservation {
            group: self.aid().clone(),
            sn: self.own.sn,
            said: self.event.said().clone(),
            signer: self.aid().clone(),
            case_id: self.case_id.clone(),
            draft: self.event.decision().to_owned(),
            report: self.report.clone(),
            at: self.at,
        }
    }
}

/// The digest by which a decision in its envelope is sealed.
pub fn digest_of(decision: &str) -> Said {
    Said::of(decision.as_bytes())
}

impl Clearance {
    /// Whether QAR2's own log can take a seal at all; asked before anything is signed.
    ///
    /// # Errors
    /// Why not.
    pub fn can_anchor(&self, own: &OwnLog, key: PublicKey) -> Result<u32, NotAnchored> {
        let refused = |reason: String| NotAnchored { reason };
        let (qar2, _) = self.qar2();
        if own.state.aid != *qar2 {
            return Err(refused(format!("the log is that of `{}`, and QAR2 is `{qar2}`", own.state.aid)));
        }
        if !own.alone {
            return Err(refused(format!("`{qar2}` has several keys, and one signature would not do")));
        }
        own.state.index_of(qar2, &key).map_err(|error| refused(error.to_string()))
    }

    /// The event that seals a decision of this clearance; `None` if the log has one.
    ///
    /// # Errors
    /// Why there is none.
    pub fn anchoring(&self, decision: &str, own: &OwnLog, key: PublicKey) -> Result<Option<OwnAnchor>, NotAnchored> {
        let index = self.can_anchor(own, key)?;
        let digest = digest_of(decision);
        if own.sealed.contains(digest.as_str()) {
            return Ok(None);
        }
        let event = EventToSign::cleared(Act::AnchorDecision, &own.sealing(&digest), self.statement(), None);
        let event = event.map_err(|error| NotAnchored { reason: error.to_string() })?;
        let case_id = self.reservation().case_id;
        let report = self.report().to_owned();
        Ok(Some(OwnAnchor { event, own: own.clone(), index, case_id, report, at: self.at() }))
    }
}
