//! The whole line from a credential to the report on which it was signed, link by link.
//!
//! In: a decision in its envelope, key event logs, the report's bytes, what the ledger has. Out: each link with what
//! shows it, what is missing to show it, or why it does not hold.

use serde_json::{Value, json};

use super::envelope::Envelope;
use crate::bundle::json::{Numbers, Tree};
use crate::keri::cesr;
use crate::keri::json::{self, Node};
use crate::keri::pool::{self, PooledLog, Question, Stream};
use crate::primitives::{Instant, Said, Sha256};

/// How a link stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Shown, by this.
    Holds(String),
    /// What would show it was not given.
    NotShown(String),
    /// What was given contradicts it.
    Broken(String),
}

/// A link of the line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// From what to what.
    pub what: &'static str,
    /// The value at its end.
    pub value: String,
    /// How it stands.
    pub standing: Standing,
}

/// What a line is drawn from.
#[derive(Debug, Clone, Copy)]
pub struct Given<'g> {
    /// The decision in its envelope.
    pub decision: &'g str,
    /// Key event logs: of the group, its delegators, and QAR2.
    pub logs: &'g [&'g [u8]],
    /// The gate's report.
    pub report: Option<&'g [u8]>,
    /// The row of the ledger about the decision.
    pub row: Option<u64>,
    /// The moment that is asked about.
    pub as_of: Instant,
}

impl Link {
    /// As programs read it.
    pub fn json(&self) -> Value {
        let (standing, by) = match &self.standing {
            Standing::Holds(by) => ("holds", by),
            Standing::NotShown(by) => ("not-shown", by),
            Standing::Broken(by) => ("broken", by),
        };
        json!({ "link": self.what, "value": self.value, "standing": standing, "by": by })
    }
}

/// What a decision says, as far as the line needs it.
struct Claims {
    credential: String,
    issuance: String,
    event: String,
    event_digest: String,
    group: String,
    sn: String,
    report: String,
    signer: String,
    signer_sn: String,
}

/// Draws the line; `None` if the text is no decision in an envelope.
pub fn line(given: &Given<'_>) -> Option<Vec<Link>> {
    let statement = Envelope::unverified(given.decision)?;
    let claims = Claims::read(given.decision, &statement)?;
    let streams: Vec<Stream<'_>> = given.logs.iter().zip(0u32..).map(|(bytes, id)| Stream { id, bytes }).collect();
    let question =
        Question { streams: &streams, drafts: &[], detached: &[], as_of: given.as_of, schemas: None, memory: None };
    let pooled = pool::verify(&question);
    let log = |aid: &str| pooled.logs.iter().find(|log| log.aid.as_str() == aid);
    Some(vec![
        issued(&claims, log(&claims.group)),
        bytes(&claims, given.logs, log(&claims.group)),
        signed(&claims, given.decision, log(&claims.signer)),
        entered(given),
        reported(&claims, given.report),
        sealed(&claims, given, log(&claims.signer)),
    ])
}

impl Claims {
    fn read(decision: &str, statement: &str) -> Option<Self> {
        let tree = Tree::parse(statement.as_bytes(), Numbers::Integers).ok()?;
        let predicate = tree.get("predicate")?;
        let event = predicate.get("event")?;
        let text = |tree: &Tree<'_>, name: &str| Some(tree.get(name)?.text()?.to_owned());
        let anchor = tree.get("subject")?.items()?.iter();
        let anchor = anchor.into_iter().find(|of| of.get("name").and_then(Tree::text) == Some("anchor-event"))?;
        let envelope = Tree::parse(decision.as_bytes(), Numbers::Integers).ok()?;
        let [signature] = envelope.get("signatures")?.items()? else { return None };
        let (signer, signer_sn) = signature.get("keyid")?.text()?.split_once('#')?;
        Some(Self {
            credential: text(event, "acdc")?,
            issuance: text(event, "iss")?,
            event: text(event, "said")?,
            event_digest: text(anchor.get("digest")?, "sha256")?,
            group: text(event, "group")?,
            sn: text(event, "sn")?,
            report: text(predicate, "report")?.strip_prefix("sha256:")?.to_owned(),
            signer: signer.to_owned(),
            signer_sn: signer_sn.to_owned(),
        })
    }
}

/// From the credential to the event that issues it.
fn issued(claims: &Claims, log: Option<&PooledLog>) -> Link {
    let value = format!("{} by {}", claims.credential, claims.event);
    let standing = match log {
        None => Standing::NotShown(format!("the log of `{}` is not given", claims.group)),
        Some(log) => {
            let seals = log.seals.iter().find(|seal| seal.subject == claims.credential && seal.said == claims.issuance);
            let place = log.fact.events.iter().position(|event| event.said.as_str() == claims.event);
            match (seals, place) {
                (Some(seal), Some(place)) if seal.sn == place as u64 && claims.sn == place.to_string() => {
                    let event = &log.fact.events[place];
                    Standing::Holds(format!(
                        "event {place} of the group, signed at {:?}, receipted by {} witnesses, seals it",
                        event.signers,
                        event.witnesses.len()
                    ))
                }
                (_, None) => Standing::Broken(format!("the log of `{}` does not accept the event", claims.group)),
                (_, Some(_)) => Standing::Broken("the event does not seal the credential's issuance".to_owned()),
            }
        }
    };
    Link { what: "credential to event", value, standing }
}

/// From the event to the decision about its exact bytes.
fn bytes(claims: &Claims, logs: &[&[u8]], log: Option<&PooledLog>) -> Link {
    let standing = match (log, body(logs, &claims.event)) {
        (None, _) | (_, None) => Standing::NotShown(format!("the log of `{}` is not given", claims.group)),
        (Some(_), Some(body)) => match Sha256::of(body.as_bytes()).to_string() == claims.event_digest {
            true => Standing::Holds(format!("the decision is about sha256 {}", claims.event_digest)),
            false => Standing::Broken("the decision is about other bytes".to_owned()),
        },
    };
    Link { what: "event to decision", value: claims.event.clone(), standing }
}

/// From the decision to whoever signed it.
fn signed(claims: &Claims, decision: &str, log: Option<&PooledLog>) -> Link {
    let standing = match log {
        None => Standing::NotShown(format!("the log of `{}` is not given", claims.signer)),
        Some(log) => {
            let state = log.fact.states.iter().find(|state| state.established.0.to_string() == claims.signer_sn);
            let keys = state.map(|state| state.keys.as_slice()).unwrap_or_default();
            let holds = |key: &String| key.parse().is_ok_and(|key| Envelope::verified(decision, key).is_some());
            match keys.iter().find(|key| holds(key)) {
                Some(key) => Standing::Holds(format!("the key `{key}` of its log signed it")),
                None => Standing::Broken("no key of that state signed it".to_owned()),
            }
        }
    };
    Link { what: "decision to QAR2", value: format!("{}#{}", claims.signer, claims.signer_sn), standing }
}

/// From the decision to the ledger.
fn entered(given: &Given<'_>) -> Link {
    let digest = Sha256::of(given.decision.as_bytes());
    let standing = match given.row {
        Some(row) => Standing::Holds(format!("row {row} is about it")),
        None => Standing::Broken("no row of the ledger is about it".to_owned()),
    };
    Link { what: "decision to ledger", value: digest.to_string(), standing }
}

/// From the decision to the report.
fn reported(claims: &Claims, report: Option<&[u8]>) -> Link {
    let standing = match report.map(|report| Sha256::of(report).to_string()) {
        None => Standing::NotShown("the report is not given".to_owned()),
        Some(digest) if digest == claims.report => Standing::Holds("these are the report's bytes".to_owned()),
        Some(digest) => Standing::Broken(format!("the report that is given is {digest}")),
    };
    Link { what: "decision to report", value: claims.report.clone(), standing }
}

/// From the decision to QAR2's own log.
fn sealed(claims: &Claims, given: &Given<'_>, log: Option<&PooledLog>) -> Link {
    let digest = Said::of(given.decision.as_bytes()).to_string();
    let standing = match log {
        None => Standing::NotShown(format!("the log of `{}` is not given", claims.signer)),
        Some(log) => {
            let at = log.fact.events.iter().enumerate().find(|(_, event)| {
                body(given.logs, event.said.as_str()).is_some_and(|body| seals_digest(body, &digest))
            });
            match at {
                Some((place, event)) => Standing::Holds(format!(
                    "event {place} of QAR2's own log, `{}`, receipted by {} witnesses, seals it",
                    event.said,
                    event.witnesses.len()
                )),
                None => Standing::NotShown("the log that is given does not seal it".to_owned()),
            }
        }
    };
    Link { what: "decision to QAR2's own log", value: digest, standing }
}

/// The bytes of a message by its digest.
fn body<'l>(logs: &[&'l [u8]], said: &str) -> Option<&'l str> {
    let messages = logs.iter().filter_map(|log| cesr::read(log).ok()).flatten();
    messages.into_iter().find(|message| message.body.contains(&format!("\"d\":\"{said}\""))).map(|message| message.body)
}

fn seals_digest(body: &str, digest: &str) -> bool {
    let node = json::parse(body).ok();
    let seals = node.as_ref().and_then(|node| node.get("a")).and_then(Node::items).unwrap_or_default();
    seals
        .iter()
        .any(|seal| matches!(seal.fields(), Some([(name, value)]) if name == "d" && value.text() == Some(digest)))
}
