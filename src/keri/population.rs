//! Everything that one issuer issued and revoked, by the logs that prove it: what no folder of cases can hide.
//!
//! In: streams, in any order, and whose registries are asked about. Out: every issuance and revocation that the
//! issuer's accepted log seals, the establishment events of that log, and what does not hold: two events at one place,
//! an event that no log seals, a seal whose event was not presented.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::cesr::{self, Group};
use super::evidence::Evidence;
use super::log::{Log, Logs};
use super::message::{self, Body, RegistryEventKind};
use super::signature::{Memory, Signatures};
use super::verdict::Code;
use super::{chain as examination, framing};
use crate::primitives::{Aid, Instant, Said};

/// What a registry event does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// `iss`
    Issued,
    /// `rev`
    Revoked,
}

/// A registry event that the issuer's log seals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// What it does.
    pub action: Action,
    /// To which credential.
    pub credential: Said,
    /// Its digest.
    pub said: Said,
    /// When, by the issuer's word.
    pub dated: Option<Instant>,
    /// Place of the event that seals it.
    pub sn: u64,
    /// The event that seals it.
    pub anchor: Said,
    /// When a watcher first saw that event; unsigned, so it counts as far as the fetcher of the stream does.
    pub first_seen: Option<Instant>,
}

/// An establishment event of the issuer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Establishment {
    /// Whose keys.
    pub issuer: Aid,
    /// Its place.
    pub sn: u64,
    /// Its digest.
    pub said: Said,
    /// The keys in force from it on.
    pub keys: Vec<String>,
    /// When a watcher first saw it.
    pub first_seen: Option<Instant>,
}

/// What does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaw {
    /// What it is.
    pub code: Code,
    /// One line for a person.
    pub message: String,
    /// The identifier, event or credential that it is about.
    pub about: String,
    /// Which stream, by its place in the question.
    pub stream: Option<usize>,
}

/// What streams prove of one issuer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Population {
    /// Issuances and revocations, in the order of the log.
    pub events: Vec<Sealed>,
    /// Establishment events, in the order of the log.
    pub establishments: Vec<Establishment>,
    /// Registries of the issuer.
    pub registries: Vec<Said>,
    /// Registry events of other issuers, which are not asked about.
    pub of_others: usize,
    /// What does not hold.
    pub flaws: Vec<Flaw>,
}

/// Reads what was issued and revoked in the registries of `issuer`.
pub fn population(streams: &[&[u8]], issuer: &Aid, memory: Option<&Memory>) -> Population {
    let mut found = Population::default();
    let mut evidence = Evidence::default();
    let mut seen: HashMap<&str, Instant> = HashMap::new();
    for (at, stream) in streams.iter().enumerate() {
        match cesr::read(stream) {
            Ok(messages) => {
                for message in &messages {
                    first_seen(message, &mut seen);
                }
                evidence.extend(&messages);
            }
            Err(error) => {
                let finding = framing(&error);
                let flaw =
                    Flaw { code: finding.code, message: finding.message, about: String::new(), stream: Some(at) };
                found.flaws.push(flaw);
            }
        }
    }
    let triples = evidence.events.triples();
    let signatures = match memory {
        Some(memory) => Signatures::recalling(triples, memory),
        None => Signatures::verify(triples),
    };
    let logs = Logs::new(&evidence.events, &signatures);
    let (_, told) = examination::logs(&evidence, &logs, &[issuer.as_str()]);
    let unused = evidence.findings.iter().filter(|finding| finding.code != Code::NotUsed).cloned();
    found.flaws.extend(unused.chain(told).map(|finding| Flaw {
        code: finding.code,
        message: finding.message,
        about: finding.said.unwrap_or_default(),
        stream: None,
    }));
    let Some(log) = logs.log(issuer.as_str()) else {
        let message =
            format!("the key event log of `{issuer}`, whose registries are asked about, is not in the streams");
        found.flaws.push(Flaw { code: Code::LogMissing, message, about: issuer.to_string(), stream: None });
        return found;
    };
    establishments(&evidence, &log, issuer, &seen, &mut found);
    registries(&evidence, &log, issuer, &mut found);
    events(&evidence, &log, &seen, &mut found);
    withheld(&evidence, &log, &mut found);
    found.events.sort_by(|a, b| (a.sn, &a.said).cmp(&(b.sn, &b.said)));
    found
}

/// Whose key events and registries stand in a stream; of one that cannot be framed, nobody's.
pub fn holders(stream: &[u8]) -> BTreeSet<String> {
    let messages = cesr::read(stream).unwrap_or_default();
    let holder = |message: &cesr::Message<'_>| match message::read(message) {
        Ok(Body::Key(event)) => Some(event.prefix.to_owned()),
        Ok(Body::Registry(event)) => match event.kind {
            RegistryEventKind::Inception { issuer } => Some(issuer.to_owned()),
            RegistryEventKind::Issuance { .. } | RegistryEventKind::Revocation { .. } => None,
        },
        Ok(Body::Receipt(_) | Body::Credential(_) | Body::Exchange(_) | Body::Other { .. }) | Err(_) => None,
    };
    messages.iter().filter_map(holder).collect()
}

/// The earliest moment at which somebody says that they saw an event.
fn first_seen<'a>(message: &cesr::Message<'a>, seen: &mut HashMap<&'a str, Instant>) {
    let dates = message.attachments.iter().filter_map(|attachment| match &attachment.group {
        Group::FirstSeen(items) => Some(items),
        Group::ControllerSignatures(_)
        | Group::WitnessSignatures(_)
        | Group::ReceiptCouples(_)
        | Group::ReceiptQuadruples(_)
        | Group::TransferableSignatures(_)
        | Group::SealCouples(_)
        | Group::LatestSignatures(_)
        | Group::SealTriples(_)
        | Group::Pathed { .. } => None,
    });
    let Some(earliest) = dates.flatten().filter_map(|(_, date)| instant(date)).min() else { return };
    if let Ok(Body::Key(event)) = message::read(message) {
        let known = seen.entry(event.said).or_insert(earliest);
        *known = earliest.min(*known);
    }
}

/// `2026-03-20T15c00c00d000000p00c00`: CESR has no `:`, `.` and `+`.
fn instant(date: &str) -> Option<Instant> {
    let time = date.get(11..)?.replace('c', ":").replace('d', ".").replace('p', "+");
    format!("{}{time}", date.get(..11)?).parse().ok()
}

fn establishments(
    evidence: &Evidence<'_>,
    log: &Log<'_>,
    issuer: &Aid,
    seen: &HashMap<&str, Instant>,
    found: &mut Population,
) {
    for accepted in &log.accepted {
        let Some(entry) = evidence.events.entry(accepted.entry) else { continue };
        let Some(keys) = &entry.event.keys else { continue };
        if let Ok(said) = entry.event.said.parse() {
            found.establishments.push(Establishment {
                issuer: issuer.clone(),
                sn: entry.event.sn,
                said,
                keys: keys.keys.iter().map(|key| (*key).to_owned()).collect(),
                first_seen: seen.get(entry.event.said).copied(),
            });
        }
    }
}

fn registries(evidence: &Evidence<'_>, log: &Log<'_>, issuer: &Aid, found: &mut Population) {
    for entry in evidence.registry.values() {
        let RegistryEventKind::Inception { issuer: of } = entry.event.kind else { continue };
        if of != issuer.as_str() {
            found.of_others += 1;
            continue;
        }
        match (log.sealed(entry.event.subject, 0, entry.event.said), entry.event.said.parse()) {
            (Some(_), Ok(said)) => found.registries.push(said),
            (Some(_) | None, _) => found.flaws.push(Flaw {
                code: Code::NotSealed,
                message: format!("registry `{}` is not sealed in the log of `{issuer}`", entry.event.said),
                about: entry.event.said.to_owned(),
                stream: None,
            }),
        }
    }
}

fn events(evidence: &Evidence<'_>, log: &Log<'_>, seen: &HashMap<&str, Instant>, found: &mut Population) {
    let own: BTreeSet<&str> = found.registries.iter().map(Said::as_str).collect();
    let mut kept = Vec::new();
    let mut flaws = Vec::new();
    let mut of_others = 0;
    let mut issued: BTreeMap<&str, usize> = BTreeMap::new();
    for entry in evidence.registry.values() {
        let event = &entry.event;
        let (action, place, own) = match event.kind {
            RegistryEventKind::Inception { .. } => continue,
            RegistryEventKind::Issuance { registry, .. } => (Action::Issued, 0, own.contains(registry)),
            RegistryEventKind::Revocation { registry, .. } => (Action::Revoked, 1, own.contains(registry)),
        };
        if !own {
            of_others += 1;
            continue;
        }
        let sealed = log.sealed(event.subject, place, event.said);
        let anchor = sealed.and_then(|sealed| evidence.events.entry(sealed.entry));
        let (Some(sealed), Some(anchor)) = (sealed, anchor) else {
            let what = if action == Action::Issued { "issuance" } else { "revocation" };
            flaws.push(Flaw {
                code: Code::NotSealed,
                message: format!(
                    "the {what} `{}` of credential `{}` is not sealed in the issuer's log",
                    event.said, event.subject
                ),
                about: event.subject.to_owned(),
                stream: None,
            });
            continue;
        };
        if action == Action::Issued {
            *issued.entry(event.subject).or_default() += 1;
        }
        let (Ok(credential), Ok(said), Ok(anchored)) =
            (event.subject.parse(), event.said.parse(), anchor.event.said.parse())
        else {
            continue;
        };
        kept.push(Sealed {
            action,
            credential,
            said,
            dated: event.dated.parse().ok(),
            sn: sealed.sn,
            anchor: anchored,
            first_seen: seen.get(anchor.event.said).copied(),
        });
    }
    for (credential, count) in issued.into_iter().filter(|(_, count)| *count > 1) {
        let message = format!("credential `{credential}` was issued {count} times");
        flaws.push(Flaw { code: Code::RegistryDuplicity, message, about: credential.to_owned(), stream: None });
    }
    found.events.extend(kept);
    found.flaws.extend(flaws);
    found.of_others += of_others;
}

/// Seals of the log whose event was not presented: whoever withholds it hides what was issued.
fn withheld(evidence: &Evidence<'_>, log: &Log<'_>, found: &mut Population) {
    let identifiers: BTreeSet<&str> = evidence.events.prefixes().collect();
    for accepted in &log.accepted {
        let Some(entry) = evidence.events.entry(accepted.entry) else { continue };
        for seal in &entry.event.seals {
            let presented = identifiers.contains(seal.prefix)
                || evidence.registry.contains_key(seal.said)
                || evidence.claimed.contains(seal.said);
            if !presented {
                let message = format!(
                    "event {} of the issuer's log seals `{}` (sn {}, event `{}`), which is not in the streams",
                    entry.event.sn, seal.prefix, seal.sn, seal.said
                );
                let about = seal.prefix.to_owned();
                found.flaws.push(Flaw { code: Code::IssuanceMissing, message, about, stream: None });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_of_a_stream_is_read() {
        assert_eq!(
            instant("2026-03-20T15c00c00d000000p00c00"),
            Some("2026-03-20T15:00:00Z".parse().expect("it is an instant"))
        );
        assert_eq!(instant("2026-03-20"), None);
    }
}
