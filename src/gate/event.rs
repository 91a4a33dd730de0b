//! Step 5: the proposed event against what evidence and live state prove, byte for byte.

use super::clear::{Asked, Found};
use super::code::Code;
use super::persons::Qars;
use crate::bundle::json::{Numbers, Tree};
use crate::bundle::place::printable;
use crate::primitives::Said;
use crate::proposal::{self, Act, Comparison, Difference, Matched, Part, Proven, Received, Sources};

/// What the evidence proves is to be signed, whatever was proposed.
pub(super) fn prove(asked: &Asked<'_>, found: &mut Found) -> Option<Proven> {
    let live = asked.fresh.live();
    let sources = Sources {
        snapshot: asked.fresh.snapshot(),
        trust: asked.trust,
        as_of: asked.fresh.now(),
        live: &live,
        schemas: asked.fresh.schemas(),
        memory: None,
    };
    let flow = asked.fresh.flow().unwrap_or_default();
    let Some(act) = Act::of_flow(flow) else {
        found
            .push(Code::NothingToSign, format!("the flow `{}` ends with no event of the QVI's group", printable(flow)));
        return None;
    };
    match proposal::prove(&act, &sources) {
        Ok(proven) => Some(proven),
        Err(error) => {
            found.push(Code::NotProven, error.to_string());
            None
        }
    }
}

/// Every reason of the step, and the proposal if there is none.
pub(super) fn check(asked: &Asked<'_>, proven: &Proven, qars: &Qars, found: &mut Found) -> Option<Matched> {
    let received = match Received::of_case(asked.fresh.snapshot()) {
        Ok(Some((received, _))) => received,
        Ok(None) => {
            found.push(Code::NoProposal, "the case has no proposal".to_owned());
            return None;
        }
        Err(error) => {
            found.push(Code::ProposalUnusable, error.to_string());
            return None;
        }
    };
    let comparison = match proven.compare(&received) {
        Ok(comparison) => comparison,
        Err(error) => {
            found.push(Code::ProposalUnusable, error.to_string());
            return None;
        }
    };
    for difference in comparison.differences.iter().filter(|difference| !difference.follows) {
        found.push(code(difference), difference.to_string());
    }
    match proven.act() {
        Act::Issue => schema(asked, &comparison, found),
        // What is revoked was issued under the schema of its time.
        Act::Revoke(_) => {}
    }
    let qar1 = qars.qar1.as_ref().filter(|_| comparison.differences.is_empty())?;
    match proven.accept(&comparison, &received, &qar1.aid) {
        Ok(matched) => Some(matched),
        Err(error) => {
            found.push(Code::Qar1Signature, error.to_string());
            None
        }
    }
}

fn code(difference: &Difference) -> Code {
    match difference.part {
        Part::Credential => Code::CredentialDiffers,
        Part::Event => Code::RegistryEventDiffers,
        Part::Proposal => Code::ProposalDiffers,
        Part::Anchor => match difference.field.as_str() {
            "s" | "p" => Code::EventPlace,
            "t" => Code::EventKind,
            field if field.starts_with('a') => Code::EventSeals,
            _ => Code::EventDiffers,
        },
    }
}

fn schema(asked: &Asked<'_>, comparison: &Comparison, found: &mut Found) {
    let tree = Tree::parse(comparison.draft.credential.text.as_bytes(), Numbers::Text).ok();
    let said =
        tree.as_ref().and_then(|tree| tree.get("s")).and_then(Tree::text).and_then(|said| said.parse::<Said>().ok());
    let locked = |said: &Said| asked.lock.as_ref().is_none_or(|lock| lock.schemas.contains(said));
    match said {
        Some(said) if !locked(&said) => {
            found.push(Code::SchemaNotLocked, format!("the policy lock does not list the schema `{said}`"));
        }
        // Where people practise with keys that everybody knows, nothing is issued; who has schemas there has this one.
        Some(said) if !asked.fresh.has_schema(&said) && (!asked.trust.practice || asked.fresh.schemas().is_some()) => {
            found.push(Code::SchemaMissing, format!("the official schema `{said}` is not at hand"));
        }
        Some(_) => {}
        None => found.push(Code::SchemaNotLocked, "the credential names no schema".to_owned()),
    }
}
