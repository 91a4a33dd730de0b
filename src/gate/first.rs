//! The first signature: what QAR1 signs is what the evidence proves, byte for byte, and the evidence is clean now.
//!
//! In: a sealed case, the run of stage `evidence` of this moment, what is proven, and the proposal. Out: the event for
//! QAR1's key, or why not. QAR2's signature is another matter: for that there is [`clear`](super::clear()).

use miette::Diagnostic;
use serde_json::json;
use thiserror::Error;

use super::statement::canonical;
use crate::bundle::{Area, Snapshot};
use crate::compile::program::Stage;
use crate::evaluate::outcome::FailOn;
use crate::keystore::{self, EventToSign, PublicKey};
use crate::primitives::{Aid, Instant, Sha256};
use crate::proposal::{Act, Assigned, Draft, Proven, Received};
use crate::report::{Report, json as report_json};
use crate::store::Proposal;
use crate::trust::Trust;

/// What QAR1 asks.
#[derive(Debug, Clone, Copy)]
pub struct Proposing<'p> {
    /// The case.
    pub snapshot: &'p Snapshot,
    /// The installation's trust.
    pub trust: &'p Trust,
    /// The run of stage `evidence`.
    pub report: &'p Report,
    /// What the evidence proves.
    pub proven: &'p Proven,
    /// What is proposed.
    pub received: &'p Received,
    /// QAR1 of the case.
    pub qar1: &'p Assigned,
    /// The clock.
    pub now: Instant,
}

/// Why QAR1 may not sign.
#[derive(Debug, Clone, PartialEq, Eq, Error, Diagnostic)]
#[error("QAR1 may not sign this event: {reason}")]
#[diagnostic(
    code(countersign::gate::not_to_propose),
    help("nothing was signed; `countersign check CASE --stage evidence` shows what the evidence lacks")
)]
pub struct NotToPropose {
    /// Why.
    reason: String,
}

/// A yes about the event that QAR1 proposes.
#[derive(Debug, Clone)]
pub struct FirstClearance {
    event: EventToSign,
    index: u32,
    aid: Aid,
    key: PublicKey,
    proposal: Proposal,
}

impl FirstClearance {
    /// The event, for the signer.
    pub fn event(&self) -> &EventToSign {
        &self.event
    }

    /// What is to be reserved before the key is opened.
    pub fn proposal(&self) -> &Proposal {
        &self.proposal
    }

    /// Where QAR1's key stands in the group.
    pub fn index(&self) -> u32 {
        self.index
    }

    /// Whether this key may sign: it is QAR1's, the one that stands in the group. Nothing is opened for it.
    ///
    /// # Errors
    /// It is not.
    pub fn admits(&self, aid: &Aid, key: PublicKey) -> Result<(), NotToPropose> {
        if *aid == self.aid && key == self.key {
            return Ok(());
        }
        let Self { index, aid: qar1, key: stands, event: _, proposal: _ } = self;
        refused(format!("the key is `{key}` of `{aid}`; at index {index} stands `{stands}` of QAR1, `{qar1}`"))
    }
}

/// Decides.
///
/// # Errors
/// The first reason why not.
pub fn first(asked: &Proposing<'_>) -> Result<FirstClearance, NotToPropose> {
    let Proposing { snapshot, trust, report, proven, received, qar1, now } = *asked;
    let (run, verdict) = (&report.content().run, report.content().verdict);
    if run.stage != Stage::Evidence || run.as_of != now || run.trust != trust.digest {
        return refused("the report is not one of stage evidence, of this moment and this installation".to_owned());
    }
    if run.bundle.is_none() || run.bundle != snapshot.digest() {
        return refused("the report is about another bundle".to_owned());
    }
    if verdict.exit_status(FailOn::Warn) != 0 {
        return refused(format!("the evidence is {} as of {now}", verdict.as_str()));
    }
    let comparison = proven.compare(received).map_err(|error| NotToPropose { reason: error.to_string() })?;
    if let Some(difference) = comparison.differences.first() {
        return refused(format!("it is not what the evidence proves: {difference}"));
    }
    let group = proven.group();
    let no_place = || NotToPropose { reason: format!("`{}` has no key in the group `{}`", qar1.aid, group.aid) };
    let index = proven.member_index(&qar1.aid).ok_or_else(no_place)?;
    let key = group.keys.get(index as usize).and_then(|key| key.parse().ok()).ok_or_else(no_place)?;
    let draft = &comparison.draft;
    let bytes = report_json::render(report);
    let act = match proven.act() {
        Act::Issue => keystore::Act::Issue,
        Act::Revoke(_) => keystore::Act::Revoke,
    };
    let statement = json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{
            "name": "anchor-event",
            "uri": format!("keri:{}", draft.anchor.said),
            "digest": { "sha256": Sha256::of(draft.anchor.text.as_bytes()).to_string() },
        }],
        "predicateType": "urn:countersign:proposal:v1",
        "predicate": {
            "action": act.as_str(),
            "bundle": run.bundle.map(|bundle| bundle.to_string()),
            "credential": draft.credential.said.to_string(),
            "event": {
                "group": group.aid.to_string(),
                "sn": group.sn.to_string(),
                "prior": group.prior.to_string(),
                "said": draft.anchor.said.to_string(),
            },
            "proposer": qar1.aid.to_string(),
            "report": format!("sha256:{}", Sha256::of(&bytes)),
            "proposed_at": now.to_string(),
        },
    });
    let text = std::str::from_utf8(&bytes).map_err(|error| NotToPropose { reason: error.to_string() })?;
    let event = EventToSign::cleared(act, &draft.anchor.text, &canonical(&statement), Some(text));
    let event = event.map_err(|error| NotToPropose { reason: error.to_string() })?;
    let proposal = proposal(asked, draft)?;
    Ok(FirstClearance { event, index, aid: qar1.aid.clone(), key, proposal })
}

/// What is kept of a proposal.
///
/// # Errors
/// The case has no id.
pub fn proposal(asked: &Proposing<'_>, draft: &Draft) -> Result<Proposal, NotToPropose> {
    let group = asked.proven.group();
    let id = asked.snapshot.manifest(Area::Bundle).and_then(|manifest| manifest.text("bundle_id"));
    let no_id = || NotToPropose { reason: "the manifest gives the case no id".to_owned() };
    let stream = draft.stream(group.sn, None);
    Ok(Proposal {
        group: group.aid.clone(),
        sn: group.sn,
        said: draft.anchor.said.clone(),
        signer: asked.qar1.aid.clone(),
        case_id: id.ok_or_else(no_id)?.to_owned(),
        stream: String::from_utf8(stream).map_err(|error| NotToPropose { reason: error.to_string() })?,
        at: asked.now,
    })
}

fn refused<T>(reason: String) -> Result<T, NotToPropose> {
    Err(NotToPropose { reason })
}
