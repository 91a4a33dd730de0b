//! What registries and logs say of every credential, and what the log of the QVI seals.
//!
//! In: CESR streams as they were fetched, texts of credentials from cases. Out: [`Registries`]. A registry event counts
//! where the accepted log of the registry's owner seals it; what a stream withholds and the log seals counts as well.
//! Texts of credentials prove themselves by their digest; nothing is believed for where it came from.

use std::collections::{BTreeMap, BTreeSet};

use crate::keri::cesr::{self, Message};
use crate::keri::evidence::Evidence;
use crate::keri::log::Logs;
use crate::keri::message::RegistryEventKind;
use crate::keri::schema::credential_type;
use crate::keri::signature::Signatures;
use crate::keri::{CredentialType, message};
use crate::primitives::{Aid, Instant, Sha256};

/// A stream and when it was fetched.
#[derive(Debug, Clone)]
pub struct Stream {
    /// What the reader calls it: a file name.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// When.
    pub fetched_at: Instant,
}

/// What a credential says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialText {
    /// Its digest.
    pub said: String,
    /// Its type, by its schema.
    pub kind: Option<CredentialType>,
    /// Who issued it.
    pub issuer: String,
    /// The registry.
    pub registry: String,
    /// To whom.
    pub issuee: Option<String>,
    /// The LEI it is about.
    pub lei: Option<String>,
    /// Days of grace that a QVI credential grants.
    pub grace_days: Option<i64>,
    /// What it rests on: label and digest.
    pub edges: Vec<(String, String)>,
}

/// A registry event that its owner's log seals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// Its digest.
    pub said: String,
    /// When, by the issuer's word; none: the event was not presented, or says nothing that is an instant.
    pub dated: Option<Instant>,
    /// Place of the sealing event in the log.
    pub sn: u64,
}

/// A credential as its registry has it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entry {
    /// Whose registry it is; none: the registry was not presented.
    pub owner: Option<String>,
    /// The registry.
    pub registry: Option<String>,
    /// The issuance.
    pub issued: Option<Sealed>,
    /// The revocation.
    pub revoked: Option<Sealed>,
}

/// A seal in the log of the QVI.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QviSeal {
    /// Place of the sealing event.
    pub sn: u64,
    /// What it is about: a registry, a credential, an identifier.
    pub subject: String,
    /// Which event of it.
    pub subject_sn: u64,
    /// The digest of the sealed event.
    pub said: String,
    /// What the sealed event is, as far as it was presented.
    pub what: Option<What>,
}

/// What a sealed event is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// A registry begins.
    Registry,
    /// An issuance.
    Issuance,
    /// A revocation.
    Revocation,
}

/// What the streams prove.
#[derive(Debug, Default)]
pub struct Registries {
    /// Every credential with a registry event, by digest.
    pub entries: BTreeMap<String, Entry>,
    /// Every text of a credential, by digest.
    pub texts: BTreeMap<String, CredentialText>,
    /// How many texts of credentials the streams hold.
    pub in_streams: usize,
    /// What the accepted log of the QVI seals, in order.
    pub seals: Vec<QviSeal>,
    /// Whether the log of the QVI is among the streams.
    pub has_qvi_log: bool,
    /// Places of logs with two signed events: identifier, place, digests.
    pub forks: Vec<(String, u64, Vec<String>)>,
    /// Events of the QVI's log that it does not accept: digest and place.
    pub refused: Vec<(String, u64)>,
    /// Streams that cannot be read: name and why.
    pub unreadable: Vec<(String, String)>,
    /// Which stream holds the log of an identifier, and which the events of a credential, newest first.
    pub places: Places,
}

/// Where things stand, by number of the stream.
#[derive(Debug, Default)]
pub struct Places {
    /// Logs.
    pub logs: BTreeMap<String, usize>,
    /// Credentials, by their issuance.
    pub issuances: BTreeMap<String, usize>,
}

/// The texts of credentials in a stream; those whose digest does not hold are none.
pub fn texts(stream: &[u8]) -> Vec<CredentialText> {
    let Ok(messages) = cesr::read(stream) else { return Vec::new() };
    Evidence::collect(&messages).credentials.values().map(|entry| text(&entry.credential)).collect()
}

fn text(credential: &message::Credential<'_>) -> CredentialText {
    let attribute = |name: &str| {
        let found = credential.attributes().iter().find(|(key, _)| key == name);
        found.and_then(|(_, node)| node.text()).map(str::to_owned)
    };
    let grace = credential.attributes().iter().find(|(key, _)| key == "gracePeriod");
    CredentialText {
        said: credential.said.to_owned(),
        kind: credential_type(credential.schema),
        issuer: credential.issuer.to_owned(),
        registry: credential.registry.to_owned(),
        issuee: credential.issuee().and_then(|node| node.text()).map(str::to_owned),
        lei: attribute("LEI"),
        grace_days: grace.and_then(|(_, node)| node.raw.parse().ok()),
        edges: credential
            .edges()
            .iter()
            .filter_map(|(label, node)| Some((label.to_string(), node.get("n")?.text()?.to_owned())))
            .collect(),
    }
}

/// Reads the streams as one.
pub fn read(streams: &[Stream], texts: impl IntoIterator<Item = CredentialText>, qvi: &Aid) -> Registries {
    let mut found = Registries {
        texts: texts.into_iter().map(|text| (text.said.clone(), text)).collect(),
        ..Registries::default()
    };
    let mut evidence = Evidence::default();
    let mut seen: BTreeSet<Sha256> = BTreeSet::new();
    for (at, stream) in streams.iter().enumerate() {
        match cesr::read(&stream.bytes) {
            // The same bytes twice say nothing more.
            Ok(messages) if seen.insert(Sha256::of(&stream.bytes)) => {
                place(&messages, at, streams, &mut found.places);
                evidence.extend(&messages);
            }
            Ok(messages) => place(&messages, at, streams, &mut found.places),
            Err(error) => found.unreadable.push((stream.name.clone(), error.to_string())),
        }
    }
    for entry in evidence.credentials.values() {
        let text = text(&entry.credential);
        found.texts.insert(text.said.clone(), text);
    }
    found.in_streams = evidence.credentials.len();
    let signatures = Signatures::verify(evidence.events.triples());
    let logs = Logs::new(&evidence.events, &signatures);
    found.entries = entries(&evidence, &logs, &found.texts);
    for prefix in evidence.events.prefixes() {
        let Some(log) = logs.log(prefix) else { continue };
        let forks = log.duplicity.iter();
        found.forks.extend(
            forks.map(|fork| (prefix.to_owned(), fork.sn, fork.saids.iter().map(|said| (*said).to_owned()).collect())),
        );
        if prefix == qvi.as_str() {
            found.has_qvi_log = !log.accepted.is_empty();
            let refused = log.refused.iter().filter_map(|(at, _)| evidence.events.entry(*at));
            found.refused = refused.map(|entry| (entry.event.said.to_owned(), entry.event.sn)).collect();
            found.seals = qvi_seals(&evidence, &logs, qvi);
        }
    }
    found
}

/// Notes which stream holds what; the stream that was fetched last counts.
fn place(messages: &[Message<'_>], at: usize, streams: &[Stream], places: &mut Places) {
    let newer = |known: usize| match (streams.get(known), streams.get(at)) {
        (Some(known), Some(found)) => found.fetched_at > known.fetched_at,
        (_, _) => false,
    };
    for message in messages {
        let (map, key) = match message::read(message) {
            Ok(message::Body::Key(event)) => (&mut places.logs, event.prefix),
            Ok(message::Body::Registry(event)) => match event.kind {
                RegistryEventKind::Issuance { .. } => (&mut places.issuances, event.subject),
                RegistryEventKind::Inception { .. } | RegistryEventKind::Revocation { .. } => continue,
            },
            // What cannot be read is told of by the evidence.
            Ok(
                message::Body::Receipt(_)
                | message::Body::Credential(_)
                | message::Body::Exchange(_)
                | message::Body::Other { .. },
            )
            | Err(_) => continue,
        };
        let known = map.entry(key.to_owned()).or_insert(at);
        if newer(*known) {
            *known = at;
        }
    }
}

fn entries(
    evidence: &Evidence<'_>,
    logs: &Logs<'_, '_>,
    texts: &BTreeMap<String, CredentialText>,
) -> BTreeMap<String, Entry> {
    let owner = |registry: &str| {
        let mut inceptions = evidence.about(registry);
        inceptions.find_map(|entry| match entry.event.kind {
            RegistryEventKind::Inception { issuer } => {
                let sealed = logs.log(issuer).and_then(|log| log.sealed(registry, 0, entry.event.said));
                sealed.map(|_| issuer.to_owned())
            }
            RegistryEventKind::Issuance { .. } | RegistryEventKind::Revocation { .. } => None,
        })
    };
    let mut owners: BTreeMap<&str, Option<String>> = BTreeMap::new();
    let mut entries: BTreeMap<String, Entry> = BTreeMap::new();
    for registered in evidence.registry.values() {
        let event = &registered.event;
        let (registry, sn) = match event.kind {
            RegistryEventKind::Inception { .. } => continue,
            RegistryEventKind::Issuance { registry } => (registry, 0),
            RegistryEventKind::Revocation { registry, .. } => (registry, 1),
        };
        let owner = owners.entry(registry).or_insert_with(|| owner(registry)).clone();
        let entry = entries.entry(event.subject.to_owned()).or_default();
        let sealed = owner
            .as_deref()
            .and_then(|owner| logs.log(owner))
            .and_then(|log| log.sealed(event.subject, sn, event.said))
            .map(|sealed| Sealed { said: event.said.to_owned(), dated: event.dated.parse().ok(), sn: sealed.sn });
        // Somebody else's registry may name the credential; only its owner's word counts.
        let of_credential = texts.get(event.subject).is_none_or(|text| text.registry == registry);
        if !of_credential {
            continue;
        }
        entry.owner = entry.owner.take().or(owner);
        entry.registry.get_or_insert_with(|| registry.to_owned());
        match sn {
            0 => entry.issued = entry.issued.take().or(sealed),
            _ => entry.revoked = entry.revoked.take().or(sealed),
        }
    }
    // A revocation that the log seals and the stream withholds revokes.
    for (said, entry) in &mut entries {
        let Some(log) = entry.owner.as_deref().and_then(|owner| logs.log(owner)) else { continue };
        if entry.revoked.is_none()
            && let Some(withheld) = log.seals(said).find(|sealed| sealed.seal.sn == 1)
        {
            entry.revoked = Some(Sealed { said: withheld.seal.said.to_owned(), dated: None, sn: withheld.sn });
        }
    }
    entries
}

fn qvi_seals(evidence: &Evidence<'_>, logs: &Logs<'_, '_>, qvi: &Aid) -> Vec<QviSeal> {
    let Some(log) = logs.log(qvi.as_str()) else { return Vec::new() };
    let accepted = log.accepted.iter().filter_map(|accepted| logs.events().entry(accepted.entry));
    let seals = accepted.flat_map(|entry| entry.event.seals.iter().map(move |seal| (entry.event.sn, *seal)));
    let what = |said: &str, subject: &str| {
        let event = evidence.registry.get(said).filter(|entry| entry.event.subject == subject)?;
        Some(match event.event.kind {
            RegistryEventKind::Inception { .. } => What::Registry,
            RegistryEventKind::Issuance { .. } => What::Issuance,
            RegistryEventKind::Revocation { .. } => What::Revocation,
        })
    };
    seals
        .map(|(sn, seal)| QviSeal {
            sn,
            subject: seal.prefix.to_owned(),
            subject_sn: seal.sn,
            said: seal.said.to_owned(),
            what: what(seal.said, seal.prefix),
        })
        .collect()
}
