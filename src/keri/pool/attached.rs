//! Everything attached to a message of a pool must hold, also where nothing rests on it.
//!
//! A log accepts an event when enough signatures and receipts hold; one that does not hold beside them
//! is no part of that. As evidence of a case it is a flaw: somebody attached what is not true.

use std::collections::HashMap;
use std::rc::Rc;

use super::{anchor, exchange};
use crate::keri::cesr::{Anchor, Attachment, Group, Indexed, Message};
use crate::keri::evidence::{Evidence, Kept, What};
use crate::keri::log::{KeyState, Logs};
use crate::keri::message::{RegistryEvent, RegistryEventKind};
use crate::keri::signature::Triple;
use crate::keri::signed::{self, NotSigned};
use crate::keri::verdict::{Code, Finding};

/// Checks every copy of every message in `checked`: the evidence itself, or drafts on top of it.
pub(super) fn check<'a>(evidence: &Evidence<'a>, checked: &Evidence<'a>, logs: &Logs<'_, 'a>) -> Vec<Finding> {
    let states = states(checked, logs);
    let mut check = Check { evidence, checked, logs, states, findings: Vec::new() };
    check.proposed();
    for kept in checked.kept.iter().flatten() {
        check.message(kept);
    }
    check.findings
}

/// The key state at every event that is or was part of its log, or would follow it.
fn states<'a>(checked: &Evidence<'a>, logs: &Logs<'_, 'a>) -> HashMap<&'a str, Rc<KeyState<'a>>> {
    let mut states: HashMap<&str, Rc<KeyState<'a>>> = HashMap::new();
    for prefix in checked.events.prefixes() {
        let Some(log) = logs.log(prefix) else { continue };
        for accepted in &log.accepted {
            if let Some(entry) = logs.events().entry(accepted.entry) {
                states.insert(entry.event.said, accepted.state.clone());
            }
        }
        let mut superseded: Vec<_> = log.superseded.iter().filter_map(|at| logs.events().entry(*at)).collect();
        superseded.sort_by_key(|entry| entry.event.sn);
        for entry in superseded {
            let before = entry.event.prior.and_then(|prior| states.get(prior)).cloned();
            let before = before.as_ref().map(|state| (state, entry.event.sn.saturating_sub(1)));
            if let Ok(state) = KeyState::after(before, &entry.event) {
                states.insert(entry.event.said, state);
            }
        }
    }
    for entry in (0..).map_while(|at| checked.events.entry(at)) {
        // What a log refuses has its finding; what only a draft holds is judged as what would follow.
        if !states.contains_key(entry.event.said) && logs.events().find(entry.event.said).is_none() {
            states.extend(anchor::state(logs, entry).map(|state| (entry.event.said, state)));
        }
    }
    states
}

struct Check<'q, 'e, 'a> {
    /// What is settled.
    evidence: &'q Evidence<'a>,
    /// What is checked.
    checked: &'q Evidence<'a>,
    logs: &'q Logs<'e, 'a>,
    states: HashMap<&'a str, Rc<KeyState<'a>>>,
    findings: Vec<Finding>,
}

impl<'q, 'e, 'a> Check<'q, 'e, 'a> {
    fn message(&mut self, kept: &Kept<'a>) {
        let message = &kept.message;
        match &kept.what {
            What::Key(said) => self.key_event(said, message),
            What::Receipt(receipt) => {
                let found = self.checked.events.find(receipt.said).or(self.evidence.events.find(receipt.said));
                match found.filter(|entry| entry.event.prefix == receipt.prefix && entry.event.sn == receipt.sn) {
                    Some(_) => self.key_event(receipt.said, message),
                    None => {
                        let text = format!(
                            "a receipt is for event `{}` (sn {}) of `{}`, which was not presented",
                            receipt.said, receipt.sn, receipt.prefix
                        );
                        self.tell(Code::EventMissing, message.offset, receipt.said, text);
                    }
                }
            }
            What::Registry(said) => self.registry_event(said, message),
            What::Credential(said) => self.credential(said, message),
            What::Exchange { said, embedded } => {
                self.claims(message.body, &exchange::own(&message.attachments), said, "message");
                for attachment in &message.attachments {
                    if let Group::Pathed { path, .. } = &attachment.group
                        && !embedded.iter().any(|known| known == path)
                    {
                        let text = format!(
                            "signatures are attached to `{path}` of message `{said}`, which carries no such message"
                        );
                        self.tell(Code::SourceMismatch, attachment.offset, said, text);
                    }
                }
            }
            What::Other { kind } => self.claims(message.body, &message.attachments, "", &format!("`{kind}` message")),
        }
    }

    /// An event that only a draft holds must follow the log as it is.
    fn proposed(&mut self) {
        let checked = self.checked;
        for entry in (0..).map_while(|at| checked.events.entry(at)) {
            let event = &entry.event;
            if self.logs.events().find(event.said).is_some() {
                continue;
            }
            let name = format!("event `{}` (sn {}) of `{}`", event.said, event.sn, event.prefix);
            let log = self.logs.log(event.prefix);
            let held = log.as_ref().and_then(|log| self.logs.events().entry(log.at(event.sn)?.entry));
            if let Some(held) = held {
                let text = format!("{name} is proposed, and its log holds event `{}` at that place", held.event.said);
                self.tell(Code::Duplicity, entry.offset, event.said, text);
            } else if !self.states.contains_key(event.said) {
                let text = format!("{name} is proposed, and does not follow the accepted log of its identifier");
                self.tell(Code::EventInvalid, entry.offset, event.said, text);
            }
        }
    }

    fn tell(&mut self, code: Code, offset: usize, about: &str, text: String) {
        let finding = Finding::new(code, text).at(offset);
        self.findings.push(if about.is_empty() { finding } else { finding.about(about) });
    }

    fn key_event(&mut self, said: &'a str, message: &Message<'a>) {
        // One that its log refuses has its finding: what is attached to it was weighed there.
        let Some(state) = self.states.get(said).cloned() else { return };
        let Some(entry) = self.checked.events.find(said).or(self.evidence.events.find(said)) else { return };
        let (event, body) = (&entry.event, entry.body);
        let name = format!("event `{said}` (sn {}) of `{}`", event.sn, event.prefix);
        let logs = self.logs;
        let holds = |key: Option<&&str>, signature: Option<[u8; 64]>| {
            let both = key.zip(signature);
            both.is_some_and(|(key, signature)| logs.signatures().hold(&Triple { key, message: body, signature }))
        };
        for attachment in &message.attachments {
            match &attachment.group {
                Group::ControllerSignatures(items) => {
                    let single = state.keys.len() == 1 && !event.kind.rotates();
                    if single {
                        self.current_only(items, "key", &name, said);
                    }
                    for item in items.iter().filter(|item| !holds(state.keys.get(item.index as usize), item.bytes())) {
                        let text = format!("the signature by key {} on {name} does not verify", item.index);
                        self.tell(Code::SignatureInvalid, item.offset, said, text);
                    }
                }
                Group::WitnessSignatures(items) => {
                    self.current_only(items, "witness", &name, said);
                    for item in
                        items.iter().filter(|item| !holds(state.witnesses.get(item.index as usize), item.bytes()))
                    {
                        let text = format!("the receipt by witness {} for {name} does not verify", item.index);
                        self.tell(Code::SignatureInvalid, item.offset, said, text);
                    }
                }
                Group::ReceiptCouples(items) => {
                    for item in items.iter().filter(|item| !holds(Some(&item.prefix), item.bytes())) {
                        let text = format!("the receipt by `{}` for {name} does not verify", item.prefix);
                        self.tell(Code::SignatureInvalid, item.offset, said, text);
                    }
                }
                Group::SealCouples(couples) => {
                    let above = if event.kind.delegated() { state.delegator } else { None };
                    for (sn, source) in couples {
                        self.source(above, (*sn, source), (event.prefix, event.sn, said), attachment.offset, &name);
                    }
                }
                Group::SealTriples(triples) => {
                    for Anchor { prefix, sn, said: source } in triples {
                        let sealed = (event.prefix, event.sn, said);
                        self.source(Some(prefix), (*sn, source), sealed, attachment.offset, &name);
                    }
                }
                Group::Pathed { path, .. } => {
                    let text = format!("signatures are attached to `{path}` of {name}, which carries no message");
                    self.tell(Code::SourceMismatch, attachment.offset, said, text);
                }
                Group::TransferableSignatures(_) | Group::LatestSignatures(_) | Group::ReceiptQuadruples(_) => {
                    self.claims(body, std::slice::from_ref(attachment), said, "event");
                }
                // Nobody signs when an event was first seen.
                Group::FirstSeen(_) => {}
            }
        }
    }

    /// Only members of a group and keys of a rotation can stand outside the prior list; anybody else who writes so
    /// is not who signed.
    fn current_only(&mut self, items: &[Indexed<'a>], whose: &str, name: &str, said: &str) {
        for item in items.iter().filter(|item| item.prior.is_none()) {
            let index = item.index;
            let text = format!("the signature by {whose} {index} on {name} has the code of a member of a group");
            self.tell(Code::SignatureInvalid, item.offset, said, text);
        }
    }

    /// An attached source must be an event that seals what it is attached to.
    fn source(
        &mut self,
        above: Option<&str>,
        (sn, source): (u64, &str),
        (prefix, sealed_sn, said): (&str, u64, &str),
        offset: usize,
        name: &str,
    ) {
        let Some(above) = above else {
            let text = format!("a source is attached to {name}, which no other log seals");
            return self.tell(Code::SourceMismatch, offset, said, text);
        };
        let Some(log) = self.logs.log(above) else {
            let text = format!("the key event log of `{above}`, which is said to seal {name}, is not in the evidence");
            return self.tell(Code::LogMissing, offset, said, text);
        };
        let seals = |events: &crate::keri::log::Events<'a>| {
            events.find(source).is_some_and(|entry| {
                entry.event.prefix == above
                    && entry.event.sn == sn
                    && entry
                        .event
                        .seals
                        .iter()
                        .any(|seal| (seal.prefix, seal.sn, seal.said) == (prefix, sealed_sn, said))
            })
        };
        let accepted = log.at(sn).and_then(|accepted| self.logs.events().entry(accepted.entry));
        let in_log = accepted.is_some_and(|entry| entry.event.said == source) && seals(self.logs.events());
        // A draft's source is the event that is proposed.
        if in_log || seals(&self.checked.events) && self.logs.events().find(source).is_none() {
            return;
        }
        let (code, text) = if seals(self.logs.events()) {
            let superseded = log.superseded.iter().filter_map(|at| self.logs.events().entry(*at));
            if superseded.into_iter().any(|entry| entry.event.said == source) {
                (
                    Code::SealSuperseded,
                    format!("{name} is sealed in event `{source}` (sn {sn}), which `{above}` superseded"),
                )
            } else {
                // The log says why it does not accept that event.
                (
                    Code::NotUsed,
                    format!("{name} is sealed in event `{source}` (sn {sn}) of `{above}`, which is not accepted"),
                )
            }
        } else if accepted.is_none() && self.logs.events().find(source).is_none() {
            let text =
                format!("event `{source}` (sn {sn}) of `{above}`, which is said to seal {name}, was not presented");
            (Code::EventMissing, text)
        } else {
            let text = format!(
                "the source attached to {name} names event `{source}` (sn {sn}) of `{above}`, which does not seal it"
            );
            (Code::SourceMismatch, text)
        };
        self.tell(code, offset, said, text);
    }

    fn registry_event(&mut self, said: &'a str, message: &Message<'a>) {
        let entry = self.checked.registry.get(said);
        let Some(RegistryEvent { kind, subject, .. }) = entry.map(|entry| entry.event) else { return };
        let (issuer, sn, what) = match kind {
            RegistryEventKind::Inception { issuer } => (Some(issuer), 0, "the inception of registry"),
            RegistryEventKind::Issuance { registry } => (self.owner(registry), 0, "the issuance of credential"),
            RegistryEventKind::Revocation { registry, .. } => (self.owner(registry), 1, "the revocation of credential"),
        };
        let name = format!("{what} `{subject}`");
        let Some(issuer) = issuer else {
            let text = format!("{name} stands in a registry whose inception was not presented");
            return self.tell(Code::RegistryMissing, message.offset, said, text);
        };
        if entry.is_some_and(|entry| entry.sources.is_empty()) {
            let text = format!("{name} has no source attached: the event that seals it is not named");
            self.tell(Code::SourceMissing, message.offset, said, text);
        }
        for attachment in &message.attachments {
            match &attachment.group {
                Group::SealCouples(couples) => {
                    for (at, source) in couples {
                        self.source(Some(issuer), (*at, source), (subject, sn, said), attachment.offset, &name);
                    }
                }
                Group::SealTriples(triples) => {
                    for Anchor { prefix, sn: at, said: source } in triples {
                        self.source(Some(prefix), (*at, source), (subject, sn, said), attachment.offset, &name);
                    }
                }
                Group::TransferableSignatures(_)
                | Group::LatestSignatures(_)
                | Group::ReceiptQuadruples(_)
                | Group::ReceiptCouples(_)
                | Group::ControllerSignatures(_)
                | Group::WitnessSignatures(_)
                | Group::Pathed { .. } => {
                    self.claims(message.body, std::slice::from_ref(attachment), said, "registry event")
                }
                Group::FirstSeen(_) => {}
            }
        }
    }

    /// Whose a registry is.
    fn owner(&self, registry: &str) -> Option<&'a str> {
        let inception = |evidence: &Evidence<'a>| {
            evidence.about(registry).find_map(|entry| match entry.event.kind {
                RegistryEventKind::Inception { issuer } => Some(issuer),
                RegistryEventKind::Issuance { .. } | RegistryEventKind::Revocation { .. } => None,
            })
        };
        inception(self.evidence).or_else(|| inception(self.checked))
    }

    fn credential(&mut self, said: &'a str, message: &Message<'a>) {
        for attachment in &message.attachments {
            match &attachment.group {
                Group::SealTriples(triples) => {
                    for Anchor { prefix, sn, said: source } in triples {
                        let found = self.checked.registry.get(source).or(self.evidence.registry.get(source));
                        let issues = found.is_some_and(|entry| {
                            entry.event.subject == said
                                && matches!(entry.event.kind, RegistryEventKind::Issuance { .. })
                        });
                        if *prefix != said || *sn != 0 || found.is_some() && !issues {
                            let text = format!(
                                "the source attached to credential `{said}` names event `{source}`, which is not its issuance"
                            );
                            self.tell(Code::SourceMismatch, attachment.offset, said, text);
                        }
                    }
                }
                Group::TransferableSignatures(_)
                | Group::LatestSignatures(_)
                | Group::ReceiptQuadruples(_)
                | Group::ReceiptCouples(_)
                | Group::ControllerSignatures(_)
                | Group::WitnessSignatures(_)
                | Group::SealCouples(_)
                | Group::Pathed { .. } => {
                    self.claims(message.body, std::slice::from_ref(attachment), said, "credential")
                }
                Group::FirstSeen(_) => {}
            }
        }
    }

    /// Signatures that name whose they are.
    fn claims(&mut self, body: &'a str, attachments: &[Attachment<'a>], said: &str, what: &str) {
        let name = if said.is_empty() { what.to_owned() } else { format!("{what} `{said}`") };
        for claim in signed::claims(self.logs, body, attachments) {
            let Some(why) = claim.why() else { continue };
            let presented = |said: &str| self.logs.events().find(said).is_some();
            let code = match &claim.outcome {
                Err(NotSigned::LogMissing { .. }) => Code::LogMissing,
                Err(NotSigned::NotEstablished { said, .. }) if !presented(said) => Code::EventMissing,
                Err(NotSigned::NotEstablished { .. } | NotSigned::Bad { .. } | NotSigned::Nameless { .. }) | Ok(_) => {
                    Code::SignatureInvalid
                }
            };
            let text = format!("signatures on {name} do not hold: {why}");
            let finding = Finding::new(code, text).at(claim.start).following(!claim.contradicted());
            self.findings.push(if said.is_empty() { finding } else { finding.about(said) });
        }
    }
}
