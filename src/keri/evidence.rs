//! The messages of a stream by kind, each once, whatever order and however often they came.
//!
//! In: framed messages. Out: [`Evidence`], and a finding for every message that is not used.

use std::collections::BTreeMap;

use super::cesr::{Anchor, Group, Message};
use super::log::Events;
use super::message::{self, Body, BodyError, Credential, Exchange, RegistryEvent};
use super::verdict::{Code, Finding};

/// A registry event with what any copy of it carried.
#[derive(Debug, Clone)]
pub struct RegistryEntry<'a> {
    /// What it says.
    pub event: RegistryEvent<'a>,
    /// Where its first copy stands.
    pub offset: usize,
    /// Events of the issuer's log that are said to seal it.
    pub sources: Vec<(u64, &'a str)>,
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
    pub sources: Vec<Anchor<'a>>,
}

/// An exchange message with its attachments.
#[derive(Debug, Clone)]
pub struct ExchangeEntry<'a> {
    /// What it says.
    pub exchange: Exchange<'a>,
    /// The framed message.
    pub message: Message<'a>,
}

/// The messages of a stream.
#[derive(Debug, Default)]
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
    pub claimed: Vec<String>,
    /// A finding for every message that is not used.
    pub findings: Vec<Finding>,
}

impl<'a> Evidence<'a> {
    /// Sorts messages by kind.
    pub fn collect(messages: &[Message<'a>]) -> Self {
        let mut evidence = Self { messages: messages.len(), ..Self::default() };
        let mut receipts = Vec::new();
        for message in messages {
            match message::read(message) {
                Err(error) => evidence.refuse(message, &error),
                Ok(Body::Key(event)) => evidence.events.add(*event, message),
                Ok(Body::Receipt(receipt)) => receipts.push((receipt, message)),
                Ok(Body::Registry(event)) => evidence.registry_event(event, message),
                Ok(Body::Credential(credential)) => evidence.credential(*credential, message),
                Ok(Body::Exchange(exchange)) => {
                    evidence.exchanges.push(ExchangeEntry { exchange, message: message.clone() });
                }
                Ok(Body::Other { .. }) => {}
            }
        }
        // Receipts may come before the event they are for.
        for (receipt, message) in receipts {
            if !evidence.events.add_receipt(&receipt, message) {
                let text = format!(
                    "a receipt is for event `{}` of `{}`, which is not in the stream",
                    receipt.said, receipt.prefix
                );
                evidence.findings.push(Finding::new(Code::NotUsed, text).at(message.offset).about(receipt.said));
            }
        }
        evidence
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
        let entry = RegistryEntry { event, offset: message.offset, sources: Vec::new() };
        let entry = self.registry.entry(event.said).or_insert(entry);
        for attachment in &message.attachments {
            if let Group::SealCouples(couples) = &attachment.group {
                for couple in couples {
                    if !entry.sources.contains(couple) {
                        entry.sources.push(*couple);
                    }
                }
            }
        }
    }

    fn credential(&mut self, credential: Credential<'a>, message: &Message<'a>) {
        let said = credential.said;
        let entry = self.credentials.entry(said).or_insert_with(|| CredentialEntry {
            credential,
            body: message.body,
            offset: message.offset,
            sources: Vec::new(),
        });
        for attachment in &message.attachments {
            if let Group::SealTriples(triples) = &attachment.group {
                for triple in triples {
                    if !entry.sources.contains(triple) {
                        entry.sources.push(*triple);
                    }
                }
            }
        }
    }

    /// Registry events about a registry or a credential.
    pub fn about<'s>(&'s self, subject: &'s str) -> impl Iterator<Item = &'s RegistryEntry<'a>> + 's {
        self.registry.values().filter(move |entry| entry.event.subject == subject)
    }
}
