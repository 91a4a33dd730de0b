//! Every credential of a pool: what it says, what its registry says, and its chain.

use std::collections::BTreeSet;

use super::anchor::{self, AnchorFact};
use super::frame::{Frame, Spot};
use super::{Told, Weight};
use crate::keri::cesr::Message;
use crate::keri::chain as examination;
use crate::keri::evidence::{CredentialEntry, Evidence};
use crate::keri::json::Node;
use crate::keri::log::Logs;
use crate::keri::message::Section;
use crate::keri::schema::Library;
use crate::keri::verdict::{Answer, Code, Finding, Verdict};
use crate::keri::verified::{CredentialFact, Status, Verified};
use crate::primitives::Instant;

/// A credential of a pool.
#[derive(Debug)]
pub struct PooledCredential {
    /// What it says, and what its registry says.
    pub fact: CredentialFact,
    /// Its version string.
    pub version: String,
    /// The names of its attributes, in order.
    pub attributes: Vec<String>,
    /// Whether it has a nonce at its top.
    pub salted: bool,
    /// Whether a section is given by its digest only.
    pub compact: bool,
    /// Whether that is so of the attributes.
    pub attributes_hidden: bool,
    /// Whether that is so of the edges.
    pub edges_hidden: bool,
    /// Whether it is drafted, not issued.
    pub draft: bool,
    /// The event that seals its issuance.
    pub anchor: Option<AnchorFact>,
    /// What its chain is worth.
    pub standing: Standing,
    /// It and everything that it points to, as far as presented.
    pub chain: Vec<String>,
    /// The issuer of the credential at the top of its chain; none: there is no such one, or several.
    pub top_issuer: Option<String>,
    /// Whether no other credential points to it.
    pub tip: bool,
    /// Where it stands.
    pub spot: Option<Spot>,
}

/// What a chain is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Issued, and so is everything that it rests on.
    Valid,
    /// Revoked, or something that it rests on is.
    Revoked,
    /// The QVI's credential is revoked, and the grace period runs.
    Ghost,
    /// Something is missing.
    Incomplete,
    /// Something contradicts it.
    Invalid,
}

/// What credentials are examined with.
pub(super) struct Ask<'q, 'e, 'a> {
    pub frame: &'q Frame,
    pub logs: &'q Logs<'e, 'a>,
    pub library: Option<&'q Library>,
    pub as_of: Instant,
}

/// The credentials of the streams. The findings of each chain are told once, for its tip.
pub(super) fn facts<'a>(
    ask: &Ask<'_, '_, 'a>,
    evidence: &Evidence<'a>,
    into: &mut Vec<PooledCredential>,
    told: &mut Told,
) {
    let pointed = pointed(evidence);
    for (said, entry) in &evidence.credentials {
        let (verified, findings) = examination::examine(evidence, ask.logs, ask.library, said, ask.as_of);
        let tip = !pointed.contains(*said);
        let pooled = fact(ask, evidence, entry, &verified, &findings, (tip, false));
        if tip {
            told.all(findings, ask.frame, Some(said), false);
        }
        into.extend(pooled);
    }
}

/// An examined credential and those it points to, and the issued ones that rest on the same authorization.
///
/// Whether something is revoked, missing or wrong is the verdict's to say, once: what rules are given here
/// is the chain as it was issued, so that they judge what they alone can.
pub(super) fn chain<'a>(ask: &Ask<'_, '_, 'a>, evidence: &Evidence<'a>, verdict: &Verdict) -> Vec<PooledCredential> {
    let Some(target) = verdict.verified.chain.first() else { return Vec::new() };
    let said = |fact: &CredentialFact| fact.said.to_string();
    let mut members: Vec<PooledCredential> = Vec::new();
    for fact_of in &verdict.verified.chain {
        let Some(entry) = evidence.credentials.get(fact_of.said.as_str()) else { continue };
        let tip = fact_of.said == target.said;
        members.extend(fact(ask, evidence, entry, &verdict.verified, &[], (tip, false)));
    }
    let auth = target.edges.iter().find(|edge| edge.label == "auth").map(|edge| edge.node.as_str());
    for (other, entry) in &evidence.credentials {
        let mut edges = entry.credential.edges().iter();
        let rests = edges.any(|(label, edge)| label == "auth" && edge.get("n").and_then(Node::text) == auth);
        let known = verdict.verified.chain.iter().any(|fact| said(fact) == *other);
        if auth.is_none() || !rests || known || !examination::issued(evidence, ask.logs, other) {
            continue;
        }
        let (verified, _) = examination::examine(evidence, ask.logs, ask.library, other, ask.as_of);
        members.extend(fact(ask, evidence, entry, &verified, &[], (true, false)));
    }
    // What was not presented leaves open what rests on it.
    let standing = if verdict.answer == Answer::Incomplete { Standing::Incomplete } else { Standing::Valid };
    for member in &mut members {
        member.standing = standing;
        member.anchor = member.anchor.take().filter(|anchor| anchor.accepted);
        if member.fact.issued.is_some() {
            member.fact.status = Status::Issued;
            member.fact.revoked = None;
        }
    }
    members
}

/// The credentials of the drafts, on top of the evidence.
pub(super) fn drafts<'a>(
    ask: &Ask<'_, '_, 'a>,
    evidence: &Evidence<'a>,
    (draft, messages): (&Evidence<'a>, &[Message<'a>]),
    into: &mut Vec<PooledCredential>,
    told: &mut Told,
) {
    if draft.credentials.is_empty() {
        return;
    }
    let pointed = pointed(draft);
    let mut both = evidence.clone();
    both.extend(messages);
    for (said, entry) in &draft.credentials {
        let (verified, findings) = examination::examine_draft(&both, ask.logs, ask.library, said, ask.as_of);
        let tip = !pointed.contains(*said);
        into.extend(fact(ask, draft, entry, &verified, &findings, (tip, true)));
        if tip {
            told.all(findings, ask.frame, Some(said), true);
        }
    }
}

fn pointed<'e>(evidence: &'e Evidence<'_>) -> BTreeSet<&'e str> {
    evidence.credentials.values().flat_map(|entry| crate::keri::nodes(&entry.credential)).collect()
}

fn fact<'a>(
    ask: &Ask<'_, '_, 'a>,
    evidence: &Evidence<'a>,
    entry: &CredentialEntry<'a>,
    verified: &Verified,
    findings: &[Finding],
    (tip, draft): (bool, bool),
) -> Option<PooledCredential> {
    let credential = &entry.credential;
    let fact = verified.chain.iter().find(|fact| fact.said.as_str() == credential.said)?.clone();
    let tops: Vec<&CredentialFact> = verified.chain.iter().filter(|fact| fact.edges.is_empty()).collect();
    let whole = verified.chain.iter().flat_map(|fact| &fact.edges).all(|edge| edge.holds.is_some());
    let top = match tops.as_slice() {
        [top] if whole => Some(top.issuer.to_string()),
        [] | [_, ..] => None,
    };
    let proven = verified
        .chain
        .iter()
        .all(|fact| fact.status == Status::Issued || draft && fact.said.as_str() == credential.said);
    let (said, registry, issuer) = (credential.said, credential.registry, credential.issuer);
    let hidden = |name: &str| matches!(credential.section(name), Section::Compact(_));
    Some(PooledCredential {
        version: credential.node.get("v").and_then(Node::text).unwrap_or_default().to_owned(),
        attributes: credential.attributes().iter().map(|(name, _)| name.to_string()).collect(),
        salted: credential.node.get("u").is_some(),
        compact: ["a", "e", "r"].iter().any(|name| hidden(name)),
        attributes_hidden: hidden("a"),
        edges_hidden: hidden("e"),
        draft,
        anchor: anchor::of_issuance(evidence, ask.logs, ask.frame, said, registry, issuer, draft),
        standing: standing(findings, proven && whole),
        chain: verified.chain.iter().map(|fact| fact.said.to_string()).collect(),
        top_issuer: top,
        tip,
        spot: ask.frame.range(entry.offset, entry.offset + entry.body.len()),
        fact,
    })
}

/// Valid is what was proven, not what nobody complained about.
fn standing(findings: &[Finding], proven: bool) -> Standing {
    match findings.iter().map(|finding| finding.code.weight()).max() {
        Some(Weight::Invalid) => Standing::Invalid,
        Some(Weight::Revoked) => {
            let mut revoked = findings.iter().filter(|finding| finding.code.weight() == Weight::Revoked);
            if revoked.all(|finding| finding.code == Code::Ghost) { Standing::Ghost } else { Standing::Revoked }
        }
        Some(Weight::Incomplete) => Standing::Incomplete,
        Some(Weight::Note) | None if proven => Standing::Valid,
        Some(Weight::Note) | None => Standing::Incomplete,
    }
}
