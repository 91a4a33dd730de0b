//! The messages of a stream by kind, each once, whatever order and however often they came.
//!
//! In: framed messages. Out: [`Evidence`], and a finding for every message that is not used.

use std::collections::{BTreeMap, BTreeSet};

use super::cesr::{Anchor, Group, Message, Protocol};
use super::json::Node;
use super::log::Events;
use super::message::{self, Body, BodyError, Credential, Exchange, Receipt, RegistryEvent};
use super::verdict::{Code, Finding};

/// A registry event with what any copy of it carried.
#[derive(Debug, Clone)]
pub struct RegistryEntry<'a> {
    /// What it says.
    pub event: RegistryEvent<'a>,
    /// Where its first copy stands.
    pub offset: usize,
    /// Events of the issuer's log that are said to seal it.
    pub sources: BTreeSet<(u64, &'a str)>,
}

/// A credential with what any copy of it carried.
#[derive(Debug, Clone)]
pub struct CredentialEntry<'a> {
    /// What it says.
    pub credential: Credential<'a>,
    /// Its bytes.
    pub body: &'a str,
    /// Where its first copy stands.
    pub offset: usize,
    /// Registry events that are said to be its issuance.
    pub sources: BTreeSet<Anchor<'a>>,
}

/// An exchange message with its attachments.
#[derive(Debug, Clone)]
pub struct ExchangeEntry<'a> {
    /// What it says.
    pub exchange: Exchange<'a>,
    /// The framed message.
    pub message: Message<'a>,
}

/// A message as it stands, and what it was taken as.
#[derive(Debug, Clone)]
pub struct Kept<'a> {
    /// What it is.
    pub what: What<'a>,
    /// The framed message.
    pub message: Message<'a>,
}

/// What a message was taken as.
#[derive(Debug, Clone)]
pub enum What<'a> {
    /// A key event, by digest.
    Key(&'a str),
    /// A receipt.
    Receipt(Receipt<'a>),
    /// A registry event, by digest.
    Registry(&'a str),
    /// A credential, by digest.
    Credential(&'a str),
    /// An exchange message.
    Exchange {
        /// By digest.
        said: &'a str,
        /// The paths of the messages embedded in it.
        embedded: Vec<String>,
    },
    /// A reply or another message that is no evidence by itself.
    Other {
        /// Its type.
        kind: &'a str,
    },
}

/// The messages of a stream.
#[derive(Debug, Default, Clone)]
pub struct Evidence<'a> {
    /// Number of messages.
    pub messages: usize,
    /// Key events with their receipts.
    pub events: Events<'a>,
    /// Registry events by digest.
    pub registry: BTreeMap<&'a str, RegistryEntry<'a>>,
    /// Credentials by digest.
    pub credentials: BTreeMap<&'a str, CredentialEntry<'a>>,
    /// Exchange messages.
    pub exchanges: Vec<ExchangeEntry<'a>>,
    /// Digests that unusable messages claim.
    pub claimed: BTreeSet<String>,
    /// A finding for every message that is not used.
    pub findings: Vec<Finding>,
    /// Every message that is used, embedded ones included, where they are kept.
    pub kept: Option<Vec<Kept<'a>>>,
    /// Digests of registry events by registry or credential: a stream may hold very many of either.
    subjects: BTreeMap<&'a str, BTreeSet<&'a str>>,
}

impl<'a> Evidence<'a> {
    /// Sorts messages by kind.
    pub fn collect(messages: &[Message<'a>]) -> Self {
        let mut evidence = Self::default();
        evidence.extend(messages);
        evidence
    }

    /// As [`Evidence::collect`], keeping every message, so that what is attached to each copy can be checked.
    pub fn keep(messages: &[Message<'a>]) -> Self {
        let mut evidence = Self { kept: Some(Vec::new()), ..Self::default() };
        evidence.extend(messages);
        evidence
    }

    /// Takes more messages.
    pub fn extend(&mut self, messages: &[Message<'a>]) {
        self.messages += messages.len();
        let mut receipts = Vec::new();
        for message in messages {
            let embedded = self.sort(message, &mut receipts);
            // What a grant carries proves itself like any other message; what it carries in turn does not.
            for (_, message) in embedded {
                self.sort(&message, &mut receipts);
            }
        }
        // Receipts may come before the event they are for.
        for (receipt, message) in receipts {
            if !self.events.add_receipt(&receipt, &message) {
                let text = format!(
                    "a receipt is for event `{}` of `{}`, which is not in the stream",
                    receipt.said, receipt.prefix
                );
                self.findings.push(Finding::new(Code::NotUsed, text).at(message.offset).about(receipt.said));
            }
        }
    }

    /// Takes one message; the messages embedded in it, each with its path.
    fn sort(
        &mut self,
        message: &Message<'a>,
        receipts: &mut Vec<(Receipt<'a>, Message<'a>)>,
    ) -> Vec<(String, Message<'a>)> {
        let mut inside = Vec::new();
        let what = match message::read(message) {
            Err(error) => {
                self.refuse(message, &error);
                return inside;
            }
            Ok(Body::Key(event)) => {
                let what = What::Key(event.said);
                self.events.add(*event, message);
                what
            }
            Ok(Body::Receipt(receipt)) => {
                receipts.push((receipt, message.clone()));
                What::Receipt(receipt)
            }
            Ok(Body::Registry(event)) => {
                self.registry_event(event, message);
                What::Registry(event.said)
            }
            Ok(Body::Credential(credential)) => {
                let what = What::Credential(credential.said);
                self.credential(*credential, message);
                what
            }
            Ok(Body::Exchange(exchange)) => {
                inside = embedded(&exchange, message);
                let said = exchange.said;
                self.exchanges.push(ExchangeEntry { exchange, message: message.clone() });
                What::Exchange { said, embedded: inside.iter().map(|(path, _)| path.clone()).collect() }
            }
            Ok(Body::Other { kind }) => What::Other { kind },
        };
        if let Some(kept) = &mut self.kept {
            kept.push(Kept { what, message: message.clone() });
        }
        inside
    }

    fn refuse(&mut self, message: &Message<'a>, error: &BodyError) {
        let claimed = super::json::parse(message.body).ok();
        let claimed = claimed.as_ref().and_then(|node| node.get("d")).and_then(super::json::Node::text);
        let code = match error {
            BodyError::NotStrict { .. } | BodyError::Field { .. } => Code::MessageMalformed,
            BodyError::Digest { .. } => Code::SaidMismatch,
            BodyError::SectionDigest { .. } => Code::SectionSaidMismatch,
            BodyError::Prefix { .. } => Code::PrefixMismatch,
            BodyError::Unsupported { .. } => Code::Unsupported,
        };
        let finding = Finding::new(code, error.to_string()).at(message.offset + error.at());
        self.findings.push(match claimed {
            Some(claimed) => finding.about(claimed),
            None => finding,
        });
        self.claimed.extend(claimed.map(str::to_owned));
    }

    fn registry_event(&mut self, event: RegistryEvent<'a>, message: &Message<'a>) {
        let entry = RegistryEntry { event, offset: message.offset, sources: BTreeSet::new() };
        self.subjects.entry(event.subject).or_default().insert(event.said);
        let entry = self.registry.entry(event.said).or_insert(entry);
        for attachment in &message.attachments {
            if let Group::SealCouples(couples) = &attachment.group {
                entry.sources.extend(couples.iter().copied());
            }
        }
    }

    fn credential(&mut self, credential: Credential<'a>, message: &Message<'a>) {
        let said = credential.said;
        let entry = self.credentials.entry(said).or_insert_with(|| CredentialEntry {
            credential,
            body: message.body,
            offset: message.offset,
            sources: BTreeSet::new(),
        });
        for attachment in &message.attachments {
            if let Group::SealTriples(triples) = &attachment.group {
                entry.sources.extend(triples.iter().copied());
            }
        }
    }

    /// Registry events about a registry or a credential.
    pub fn about<'s>(&'s self, subject: &'s str) -> impl Iterator<Item = &'s RegistryEntry<'a>> + 's {
        let saids = self.subjects.get(subject).into_iter().flatten();
        saids.filter_map(|said| self.registry.get(said))
    }
}

/// The messages in the `e` section of an exchange message, each with its path and the attachments whose
/// path names it.
fn embedded<'a>(exchange: &Exchange<'a>, message: &Message<'a>) -> Vec<(String, Message<'a>)> {
    let fields = exchange.node.get("e").and_then(Node::fields).unwrap_or_default();
    fields
        .iter()
        .filter_map(|(label, node)| {
            let version = node.get("v")?.plain()?;
            let protocol = match version.get(..10)? {
                "KERI10JSON" => Protocol::Keri,
                "ACDC10JSON" => Protocol::Acdc,
                _ => return None,
            };
            let sized = usize::from_str_radix(version.get(10..16)?, 16).is_ok_and(|size| size == node.raw.len());
            let path = format!("-e-{label}");
            let attachments = message.attachments.iter().filter_map(|attachment| match &attachment.group {
                Group::Pathed { path: found, attachments } if *found == path => Some(attachments.clone()),
                Group::Pathed { .. }
                | Group::ControllerSignatures(_)
                | Group::WitnessSignatures(_)
                | Group::ReceiptCouples(_)
                | Group::ReceiptQuadruples(_)
                | Group::FirstSeen(_)
                | Group::TransferableSignatures(_)
                | Group::SealCouples(_)
                | Group::LatestSignatures(_)
                | Group::SealTriples(_) => None,
            });
            let attachments = attachments.flatten().collect();
            let (offset, end) = (message.offset + node.at, message.offset + node.at + node.raw.len());
            sized.then_some((path, Message { offset, protocol, body: node.raw, attachments, end }))
        })
        .collect()
}
