//! Every exchange message of a pool: what it says, and who signed it.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::frame::{Frame, Spot};
use crate::facts::threshold::Threshold;
use crate::keri::cesr::{Attachment, Group};
use crate::keri::evidence::{Evidence, ExchangeEntry};
use crate::keri::json::Node;
use crate::keri::log::{KeyState, Logs};
use crate::keri::signed::{self, Claim};

/// An exchange message, whatever number of copies there are.
#[derive(Debug)]
pub struct PooledExchange {
    /// Its digest.
    pub said: String,
    /// What it is.
    pub route: String,
    /// Who sends it.
    pub sender: String,
    /// To whom; none: to nobody in particular.
    pub recipient: Option<String>,
    /// When, by the sender's word.
    pub dated: String,
    /// The message it answers.
    pub prior: Option<String>,
    /// The words of a challenge response.
    pub words: Vec<String>,
    /// The schema that an apply asks for.
    pub schema: Option<String>,
    /// The LEI that an apply names.
    pub lei: Option<String>,
    /// The legal name that an apply names.
    pub legal_name: Option<String>,
    /// What it carries and holds.
    pub carried: Vec<String>,
    /// Every group of signatures of any copy, each with its place.
    pub groups: Vec<(Claim, Option<Spot>)>,
    /// What the sender's signatures are worth, all copies together; none: the sender did not sign.
    pub signed: Option<SenderFact>,
    /// Where its first copy stands.
    pub spot: Option<Spot>,
}

/// The sender's signatures under one key state.
#[derive(Debug, Clone, PartialEq)]
pub struct SenderFact {
    /// The establishment event.
    pub established: (u64, String),
    /// The keys in force there.
    pub keys: Vec<String>,
    /// How many of them must sign.
    pub threshold: Threshold,
    /// Those whose signatures verify.
    pub indices: BTreeSet<u32>,
    /// Whether they are enough.
    pub satisfied: bool,
    /// Whether a later establishment event was presented.
    pub superseded: bool,
}

impl PooledExchange {
    /// Identifiers that signed it, and meet their threshold.
    pub fn signers(&self) -> Vec<&str> {
        let mut signers: Vec<&str> = Vec::new();
        if self.signed.as_ref().is_some_and(|signed| signed.satisfied) && !self.is_spoiled(&self.sender) {
            signers.push(&self.sender);
        }
        for aid in self.groups.iter().filter(|(claim, _)| claim.speaks()).filter_map(|(claim, _)| claim.aid.as_deref())
        {
            if !signers.contains(&aid) && !self.is_spoiled(aid) {
                signers.push(aid);
            }
        }
        signers
    }

    /// Whether the sender's signatures are enough, and no signature is bad.
    pub fn signed_fully(&self) -> bool {
        self.signed.as_ref().is_some_and(|signed| signed.satisfied)
            && self.groups.iter().all(|(claim, _)| claim.verified())
    }

    /// Whether a group names a key state that a later one replaces.
    pub fn superseded(&self) -> bool {
        self.groups.iter().any(|(claim, _)| claim.superseded())
    }

    fn is_spoiled(&self, aid: &str) -> bool {
        self.groups.iter().any(|(claim, _)| claim.aid.as_deref() == Some(aid) && !claim.verified())
    }
}

/// Every exchange message, in order of first copy.
pub(super) fn facts<'a>(evidence: &Evidence<'a>, logs: &Logs<'_, 'a>, frame: &Frame) -> Vec<PooledExchange> {
    let mut copies: BTreeMap<&str, Vec<&ExchangeEntry<'a>>> = BTreeMap::new();
    let mut order: Vec<&str> = Vec::new();
    for entry in &evidence.exchanges {
        let said = entry.exchange.said;
        let known = copies.entry(said).or_default();
        if known.is_empty() {
            order.push(said);
        }
        known.push(entry);
    }
    let carries = |said: &str| {
        evidence.credentials.contains_key(said)
            || evidence.registry.contains_key(said)
            || evidence.events.find(said).is_some()
            || copies.contains_key(said)
    };
    order.iter().filter_map(|said| fact(&carries, logs, frame, copies.get(said)?)).collect()
}

/// What is attached to a message itself, not to what it carries.
pub(super) fn own<'a>(attachments: &[Attachment<'a>]) -> Vec<Attachment<'a>> {
    let own = attachments.iter().filter(|attachment| !matches!(attachment.group, Group::Pathed { .. }));
    own.cloned().collect()
}

fn fact<'a>(
    carries: &dyn Fn(&str) -> bool,
    logs: &Logs<'_, 'a>,
    frame: &Frame,
    copies: &[&ExchangeEntry<'a>],
) -> Option<PooledExchange> {
    let first = copies.first()?;
    let exchange = &first.exchange;
    let node = &exchange.node;
    let text = |node: Option<&Node<'a>>| node.and_then(Node::text).map(str::to_owned);
    let some = |text: Option<String>| text.filter(|text| !text.is_empty());
    let payload = node.get("a");
    let words = payload.and_then(|a| a.get("words")).and_then(Node::items).unwrap_or_default();
    let named = payload.and_then(|a| a.get("a"));
    let mut groups: Vec<(Claim, Option<Spot>)> = Vec::new();
    let mut known = HashSet::new();
    for copy in copies {
        // The first copy's body: what it is signed over is the same, and verified once.
        for claim in signed::claims(logs, first.message.body, &own(&copy.message.attachments)) {
            if known.insert((claim.aid.clone(), claim.established.clone(), claim.outcome.clone())) {
                let spot = frame.range(claim.start, claim.end);
                groups.push((claim, spot));
            }
        }
    }
    Some(PooledExchange {
        said: exchange.said.to_owned(),
        route: exchange.route.clone(),
        sender: exchange.sender.to_owned(),
        recipient: some(text(node.get("rp"))),
        dated: text(node.get("dt")).unwrap_or_default(),
        prior: some(text(node.get("p"))),
        words: words.iter().filter_map(|word| text(Some(word))).collect(),
        schema: text(payload.and_then(|a| a.get("s"))),
        lei: text(named.and_then(|a| a.get("LEI"))),
        legal_name: text(named.and_then(|a| a.get("legalName"))),
        carried: carried(carries, node),
        signed: sender(logs, exchange.sender, &groups),
        groups,
        spot: frame.range(first.message.offset, first.message.offset + first.message.body.len()),
    })
}

/// What is embedded and holds.
fn carried(carries: &dyn Fn(&str) -> bool, node: &Node<'_>) -> Vec<String> {
    let fields = node.get("e").and_then(Node::fields).unwrap_or_default();
    let saids = fields.iter().filter_map(|(_, node)| node.get("v").and(node.get("d")?.text()));
    saids.filter(|said| carries(said)).map(str::to_owned).collect()
}

/// The sender's groups under the latest key state that one of them names.
fn sender<'a>(logs: &Logs<'_, 'a>, sender: &str, groups: &[(Claim, Option<Spot>)]) -> Option<SenderFact> {
    let own = || {
        let signers = groups.iter().filter_map(|(claim, _)| claim.outcome.as_ref().ok());
        signers.filter(|signer| signer.aid == sender)
    };
    let established = own().filter_map(|signer| signer.established.clone()).max()?;
    let log = logs.log(sender)?;
    let state: &KeyState<'a> = &log.at(established.0)?.state;
    let under = || own().filter(|signer| signer.established.as_ref() == Some(&established));
    let indices: BTreeSet<u32> = under().flat_map(|signer| signer.indices.iter().copied()).collect();
    Some(SenderFact {
        keys: state.keys.iter().map(|key| (*key).to_owned()).collect(),
        threshold: state.threshold.clone(),
        satisfied: state.satisfied(indices.iter().copied()),
        superseded: under().any(|signer| signer.superseded),
        indices,
        established,
    })
}
