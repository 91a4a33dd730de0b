//! What a key signs, and nothing else.
//!
//! In: an event that `gate` has cleared, a case record, a decision, a ledger's checkpoint. Out: the exact bytes to
//! be signed. Whoever makes one is named in ARCHITECTURE.md, and a test holds that table; outside this crate nobody
//! can make any. The shape of an event is looked at once more: the key refuses what its act cannot be.

use std::fmt;

use miette::Diagnostic;
use thiserror::Error;

use crate::bundle::json::canonical::canonical;
use crate::bundle::json::{Numbers, Tree};
use crate::keri::cesr;
use crate::keri::json;
use crate::keri::message::{self, Body, Exchange, KeyEvent};
use crate::primitives::Said;

/// Why an event is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Act {
    /// An interaction event that seals a credential's issuance.
    Issue,
    /// An interaction event that seals a credential's revocation.
    Revoke,
    /// An interaction event that seals the inception of a registry.
    Registry,
    /// A message that hands over a credential.
    Grant,
    /// A message that takes a credential.
    Admit,
    /// A rotation.
    Rotate,
    /// A message that answers a challenge.
    Challenge,
    /// An interaction event in the signer's own log that seals a decision.
    AnchorDecision,
}

impl Act {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Issue,
        Self::Revoke,
        Self::Registry,
        Self::Grant,
        Self::Admit,
        Self::Rotate,
        Self::Challenge,
        Self::AnchorDecision,
    ];

    /// As protocols and records write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Issue => "issue",
            Self::Revoke => "revoke",
            Self::Registry => "registry",
            Self::Grant => "grant",
            Self::Admit => "admit",
            Self::Rotate => "rotate",
            Self::Challenge => "challenge",
            Self::AnchorDecision => "anchor-decision",
        }
    }

    /// Whether a report must stand behind it.
    fn needs_report(self) -> bool {
        match self {
            Self::Issue | Self::Revoke => true,
            Self::Registry | Self::Grant | Self::Admit | Self::Rotate | Self::Challenge | Self::AnchorDecision => false,
        }
    }
}

impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What can be signed.
#[derive(Debug, Clone, Copy)]
pub enum Signable<'s> {
    /// A cleared event or message.
    Event(&'s EventToSign),
    /// A record, manifest, trust file or policy lock.
    Record(&'s RecordToSign),
    /// A decision of the gate.
    Decision(&'s DecisionToSign),
    /// A checkpoint of the ledger.
    Checkpoint(&'s CheckpointToSign),
}

impl Signable<'_> {
    /// The bytes that the signature is over.
    pub(super) fn message(&self) -> &str {
        match self {
            Self::Event(event) => &event.event,
            Self::Record(record) => &record.message,
            Self::Decision(decision) => &decision.message,
            Self::Checkpoint(checkpoint) => &checkpoint.text,
        }
    }

    /// What it is, as the protocol of external signers names it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Event(_) => "event",
            Self::Record(_) => "record",
            Self::Decision(_) => "decision",
            Self::Checkpoint(_) => "checkpoint",
        }
    }
}

/// Something that is not signed.
#[derive(Debug, Clone, PartialEq, Eq, Error, Diagnostic)]
pub enum NotSignable {
    /// An event that is not what its act signs.
    #[error("this is no event that `{act}` signs: {reason}")]
    #[diagnostic(
        code(countersign::keystore::not_signable),
        help("nothing was signed; make the proposal again from the case, and compare the events")
    )]
    Event {
        /// The act.
        act: Act,
        /// What is wrong.
        reason: String,
    },
    /// A record that could be taken for something else.
    #[error("this is no {what} that can be signed: {reason}")]
    #[diagnostic(
        code(countersign::keystore::not_a_record),
        help("nothing was signed; a key signs records of countersign only, never a message of KERI dressed as one")
    )]
    Record {
        /// What it should be.
        what: &'static str,
        /// What is wrong.
        reason: String,
    },
}

/// An event or message that was cleared, with what stands behind it.
///
/// Only this crate's `gate` makes one:
///
/// ```compile_fail,E0624
/// use countersign::keystore::{Act, EventToSign};
/// let event = EventToSign::cleared(Act::Issue, "{}", "{}", None);
/// let act = |event: &EventToSign| event.act() == Act::Issue;
/// ```
///
/// The same without that line compiles:
///
/// ```
/// use countersign::keystore::{Act, EventToSign};
/// let act = |event: &EventToSign| event.act() == Act::Issue;
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventToSign {
    act: Act,
    event: String,
    said: Said,
    decision: String,
    report: Option<String>,
}

impl EventToSign {
    /// What was cleared, for `gate` alone. `decision` and `report` go to an external signer with the event.
    ///
    /// # Errors
    /// The event is not one message of KERI whose digest is its own, or not one that the act signs.
    pub(crate) fn cleared(act: Act, event: &str, decision: &str, report: Option<&str>) -> Result<Self, NotSignable> {
        let refused = |reason: String| NotSignable::Event { act, reason };
        let messages = cesr::read(event.as_bytes()).map_err(|error| refused(error.to_string()))?;
        let [message] = messages.as_slice() else {
            return Err(refused(format!("there are {} messages where one is signed", messages.len())));
        };
        if message.body.len() != event.len() {
            return Err(refused("something follows the message".to_owned()));
        }
        let body = message::read(message).map_err(|error| refused(error.to_string()))?;
        let said = shape(act, &body, message.body).map_err(|reason| refused(reason.to_owned()))?;
        let said = said.parse().map_err(|_| refused(format!("`{said}` is no digest")))?;
        if decision.is_empty() || (act.needs_report() && report.is_none_or(str::is_empty)) {
            return Err(refused("no decision or no report stands behind it".to_owned()));
        }
        Ok(Self {
            act,
            event: event.to_owned(),
            said,
            decision: decision.to_owned(),
            report: report.map(str::to_owned),
        })
    }

    /// Why it is signed.
    pub fn act(&self) -> Act {
        self.act
    }

    /// The bytes.
    pub fn event(&self) -> &str {
        &self.event
    }

    /// Its digest.
    pub fn said(&self) -> &Said {
        &self.said
    }

    /// The decision behind it.
    pub fn decision(&self) -> &str {
        &self.decision
    }

    /// The report behind it.
    pub fn report(&self) -> Option<&str> {
        self.report.as_deref()
    }
}

/// The digest of a message that is what an act signs.
fn shape<'b>(act: Act, body: &Body<'b>, text: &str) -> Result<&'b str, &'static str> {
    match (act, body) {
        (Act::Issue, Body::Key(event)) => interaction(event, |subject, sn, said| sn == 0 && subject != said),
        (Act::Revoke, Body::Key(event)) => interaction(event, |subject, sn, said| sn == 1 && subject != said),
        (Act::Registry, Body::Key(event)) => interaction(event, |subject, sn, said| sn == 0 && subject == said),
        (Act::AnchorDecision, Body::Key(event)) => decision_anchor(event, text),
        (Act::Rotate, Body::Key(event)) => rotation(event),
        (Act::Grant, Body::Exchange(exchange)) => exchange_on(exchange, "/ipex/grant"),
        (Act::Admit, Body::Exchange(exchange)) => exchange_on(exchange, "/ipex/admit"),
        (Act::Challenge, Body::Exchange(exchange)) => exchange_on(exchange, "/challenge/response"),
        (
            Act::Issue | Act::Revoke | Act::Registry | Act::AnchorDecision | Act::Rotate,
            Body::Receipt(_) | Body::Registry(_) | Body::Credential(_) | Body::Exchange(_) | Body::Other { .. },
        ) => Err("it is no key event"),
        (
            Act::Grant | Act::Admit | Act::Challenge,
            Body::Key(_) | Body::Receipt(_) | Body::Registry(_) | Body::Credential(_) | Body::Other { .. },
        ) => Err("it is no `exn` message"),
    }
}

/// An interaction with exactly one seal, which is an event seal of the expected form.
fn interaction<'b>(event: &KeyEvent<'b>, is_meant: impl Fn(&str, u64, &str) -> bool) -> Result<&'b str, &'static str> {
    if event.kind != message::KeyEventKind::Ixn {
        return Err("it is no interaction event");
    }
    match event.seals.as_slice() {
        [seal] if event.sealed == 1 => match is_meant(seal.prefix, seal.sn, seal.said) {
            true => Ok(event.said),
            false => Err("its seal is of another kind of event"),
        },
        // keripy takes a registry anchor only from an event with exactly one seal.
        _ => Err("it does not have exactly one event seal"),
    }
}

/// An interaction with exactly one seal, which is a digest alone: it says of no event that it happened.
fn decision_anchor<'b>(event: &KeyEvent<'b>, text: &str) -> Result<&'b str, &'static str> {
    if event.kind != message::KeyEventKind::Ixn {
        return Err("it is no interaction event");
    }
    let node = json::parse(text).map_err(|refused| refused.why)?;
    let seals = node.get("a").and_then(json::Node::items).unwrap_or_default();
    match seals.iter().map(|seal| seal.fields().unwrap_or_default()).collect::<Vec<_>>().as_slice() {
        [[(name, digest)]] if name == "d" && digest.plain().is_some_and(Said::is_well_formed) => Ok(event.said),
        _ => Err("it does not have exactly one digest seal"),
    }
}

/// A rotation that seals nothing: an issuance can hide in one that does.
fn rotation<'b>(event: &KeyEvent<'b>) -> Result<&'b str, &'static str> {
    match (event.kind.rotates(), event.sealed) {
        (true, 0) => Ok(event.said),
        (true, _) => Err("it is a rotation that seals something as well"),
        (false, _) => Err("it is no rotation"),
    }
}

fn exchange_on<'b>(exchange: &Exchange<'b>, route: &str) -> Result<&'b str, &'static str> {
    if exchange.route == route { Ok(exchange.said) } else { Err("its route is another one") }
}

/// What kind of document a signature is about. Each has words of its own in front, so that a signature over one
/// kind is none over another, and none over a message of KERI.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Domain {
    /// A record of evidence or of a case.
    Record,
    /// The manifest of a bundle.
    Manifest,
    /// The trust file without its signatures.
    Trust,
    /// The policy lock without its signatures and logs.
    Lock,
    /// The officers' record by which state is made again.
    Recovery,
}

impl Domain {
    /// The words in front.
    pub fn prefix(self) -> &'static str {
        match self {
            Self::Record => "countersign/record/v1\n",
            Self::Manifest => "countersign/manifest/v1\n",
            Self::Trust => "countersign/trust/v1\n",
            Self::Lock => "countersign/lock/v1\n",
            Self::Recovery => "countersign/recovery/v1\n",
        }
    }

    /// What it is called.
    pub fn what(self) -> &'static str {
        match self {
            Self::Record => "record",
            Self::Manifest => "manifest",
            Self::Trust => "trust file",
            Self::Lock => "policy lock",
            Self::Recovery => "recovery",
        }
    }
}

/// A document of countersign in canonical form, with the words in front that say what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordToSign {
    domain: Domain,
    message: String,
}

impl RecordToSign {
    /// A document to be signed, for `case`, `trust`, `lock`, `state` and `bundle` alone.
    ///
    /// # Errors
    /// It is no strict JSON object, or it carries the version string of KERI or ACDC.
    pub(crate) fn new(domain: Domain, document: &[u8]) -> Result<Self, NotSignable> {
        let refused = |reason: String| NotSignable::Record { what: domain.what(), reason };
        let tree = Tree::parse(document, Numbers::Integers).map_err(|error| refused(error.to_string()))?;
        if tree.members().is_none() {
            return Err(refused("it is no JSON object".to_owned()));
        }
        let version = tree.get("v").and_then(|v| v.text()).unwrap_or_default();
        if version.starts_with("KERI") || version.starts_with("ACDC") {
            return Err(refused(format!("it carries the version string `{version}`")));
        }
        let canonical = canonical(&tree).and_then(|bytes| String::from_utf8(bytes).ok());
        let canonical = canonical.ok_or_else(|| refused("it has no canonical form".to_owned()))?;
        Ok(Self { domain, message: format!("{}{canonical}", domain.prefix()) })
    }

    /// The bytes that are signed.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What it is.
    pub fn domain(&self) -> Domain {
        self.domain
    }
}

/// The media type of decisions in their envelope.
const DECISION_TYPE: &str = "application/vnd.in-toto+json";

/// A decision of the gate: an in-toto Statement, signed as DSSE says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecisionToSign {
    message: String,
}

impl DecisionToSign {
    /// A decision to be signed, for `sign` alone. Source: DSSE v1, pre-authentication encoding.
    ///
    /// # Errors
    /// It is no Statement of a decision.
    pub(crate) fn new(statement: &str) -> Result<Self, NotSignable> {
        let refused = |reason: &str| NotSignable::Record { what: "decision", reason: reason.to_owned() };
        let tree = Tree::parse(statement.as_bytes(), Numbers::Integers)
            .map_err(|error| NotSignable::Record { what: "decision", reason: error.to_string() })?;
        let text = |name: &str| tree.get(name).and_then(|member| member.text());
        if text("_type") != Some("https://in-toto.io/Statement/v1") {
            return Err(refused("its `_type` is not that of an in-toto Statement"));
        }
        if text("predicateType") != Some("urn:countersign:gate-decision:v1") {
            return Err(refused("its `predicateType` is not that of a decision"));
        }
        let message = format!("DSSEv1 {} {DECISION_TYPE} {} {statement}", DECISION_TYPE.len(), statement.len());
        Ok(Self { message })
    }
}

/// The text of a ledger's checkpoint, as signed notes are signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckpointToSign {
    text: String,
}

impl CheckpointToSign {
    /// A checkpoint to be signed, for `ledger` alone.
    ///
    /// # Errors
    /// It does not begin as checkpoints of countersign do.
    pub(crate) fn new(text: &str) -> Result<Self, NotSignable> {
        if text.starts_with(CHECKPOINT_ORIGIN) && text.ends_with('\n') {
            return Ok(Self { text: text.to_owned() });
        }
        let reason = format!("it does not begin with `{CHECKPOINT_ORIGIN}`");
        Err(NotSignable::Record { what: "checkpoint", reason })
    }
}

/// How the origin of every ledger begins.
pub const CHECKPOINT_ORIGIN: &str = "countersign/ledger/";
