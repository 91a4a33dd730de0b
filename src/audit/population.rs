//! What the registries' logs prove, in the form in which cases ask about it.
//!
//! In: streams and whom the trust file names. Out: [`Registries`]: the events of a credential, in a table on the disk.
//! The logs of one issuer are in memory while they are verified, on each core those of one.

use std::collections::{BTreeSet, HashMap};
use std::iter;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::error::AuditError;
use super::lookup::{Builder, Lookup};
use super::year::Streams;
use crate::check::on_all_cores;
use crate::keri::population::{self, Action, Establishment, Flaw, Population, Sealed};
use crate::keri::signature::Memory;
use crate::meter::{Work, during};
use crate::primitives::{Aid, Instant, Said, Sha256};
use crate::report::audit::StreamEntry;
use crate::trust::Trust;

/// Issuers whose events are in memory before they are in the table.
const ISSUERS: usize = 64;

/// The registries of the issuers, by what was fetched for the audit.
#[derive(Debug)]
pub struct Registries {
    /// Establishment events of the group.
    pub establishments: Vec<Establishment>,
    /// What does not hold.
    pub flaws: Vec<Flaw>,
    /// The streams.
    pub streams: Vec<StreamEntry>,
    /// Issuances and revocations, in the order of each issuer's log, by action and credential.
    events: Lookup,
}

/// A registry event as it lies on the disk.
#[derive(Serialize, Deserialize)]
struct Line {
    action: String,
    credential: Said,
    said: Said,
    dated: Option<Instant>,
    sn: u64,
    anchor: Said,
    first_seen: Option<Instant>,
}

impl Registries {
    /// Reads the streams, for every QVI that the trust file names. `folder`: where the table is made; none: in memory.
    ///
    /// # Errors
    /// Of the streams and of the folder.
    pub fn read(
        streams: &(impl Streams + ?Sized),
        trust: &Trust,
        memory: &Memory,
        folder: Option<&Path>,
    ) -> Result<Self, AuditError> {
        let asked = Asked::of(trust);
        let (entries, of_issuer) = sorted(streams, &asked)?;
        let issuers: Vec<(&Aid, &[usize])> =
            asked.iter().map(|asked| asked.qvi).zip(of_issuer.iter().map(Vec::as_slice)).collect();
        let unwritten = |error| AuditError::write(folder.unwrap_or(Path::new("")))(error);
        let mut table = Builder::new(folder, "events").map_err(unwritten)?;
        let (mut establishments, mut flaws) = (Vec::new(), Vec::new());
        for some in issuers.chunks(ISSUERS) {
            let found =
                on_all_cores(some, |(): &mut (), (issuer, chosen)| of_one(streams, &entries, issuer, chosen, memory));
            for (found, (_, chosen)) in found.into_iter().zip(some) {
                let found = found?;
                for event in &found.events {
                    let key = key(event.action, event.credential.as_str());
                    table.push(key, &Line::of(event).bytes()).map_err(unwritten)?;
                }
                establishments.extend(found.establishments);
                // It named a stream by its place among the chosen.
                let placed = |flaw: Flaw| Flaw { stream: flaw.stream.and_then(|at| chosen.get(at).copied()), ..flaw };
                flaws.extend(found.flaws.into_iter().map(placed));
            }
        }
        Ok(Self { establishments, flaws, streams: entries, events: table.finish().map_err(unwritten)? })
    }

    /// The event that does this to a credential.
    ///
    /// # Errors
    /// `unreadable`: the table.
    pub fn find(&self, action: Action, credential: &str) -> Result<Option<Sealed>, AuditError> {
        self.find_by(&key(action, credential))
    }

    /// As [`Registries::find`], by what stands for it in what is sorted.
    ///
    /// # Errors
    /// As [`Registries::find`].
    pub fn find_by(&self, key: &Sha256) -> Result<Option<Sealed>, AuditError> {
        let line = self.events.find(key).map_err(unreadable)?;
        line.map(|line| Line::read(&line)).transpose()
    }

    /// Calls `each` with every issuance and revocation, in the order of each issuer's log.
    ///
    /// # Errors
    /// `unreadable`: the table; or what `each` says.
    pub fn each(&self, mut each: impl FnMut(Sealed) -> Result<(), AuditError>) -> Result<(), AuditError> {
        self.events.each(unreadable, |line| each(Line::read(line)?))
    }
}

/// What the chosen streams prove of one issuer.
fn of_one(
    streams: &(impl Streams + ?Sized),
    entries: &[StreamEntry],
    issuer: &Aid,
    chosen: &[usize],
    memory: &Memory,
) -> Result<Population, AuditError> {
    let mut read = Vec::new();
    for at in chosen {
        let bytes = streams.bytes(*at)?;
        let digest = during(Work::Hash, || Sha256::of(&bytes));
        // What was looked through before must be what is verified.
        if entries.get(*at).is_none_or(|entry| entry.sha256 != digest) {
            return Err(streams.changed());
        }
        read.push(bytes);
    }
    let bytes: Vec<&[u8]> = read.iter().map(AsRef::as_ref).collect();
    Ok(during(Work::Keri, || population::population(&bytes, issuer, Some(memory))))
}

impl Line {
    fn of(event: &Sealed) -> Self {
        Self {
            action: word(event.action).to_owned(),
            credential: event.credential.clone(),
            said: event.said.clone(),
            dated: event.dated,
            sn: event.sn,
            anchor: event.anchor.clone(),
            first_seen: event.first_seen,
        }
    }

    fn bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("an event has text keys and no floats")
    }

    fn read(line: &[u8]) -> Result<Sealed, AuditError> {
        let line: Self = serde_json::from_slice(line).map_err(|error| unreadable(error.into()))?;
        let action = action(&line.action).ok_or_else(|| unreadable(std::io::Error::other("it is no event")))?;
        let Self { credential, said, dated, sn, anchor, first_seen, .. } = line;
        Ok(Sealed { action, credential, said, dated, sn, anchor, first_seen })
    }
}

/// The audit's own table is not as it was written.
fn unreadable(source: std::io::Error) -> AuditError {
    AuditError::unreadable(Path::new("events"))(source)
}

/// The issuers beside the installation's own, in the order of the trust file.
pub fn others(trust: &Trust) -> Vec<String> {
    Asked::of(trust).iter().skip(1).map(|asked| asked.qvi.to_string()).collect()
}

/// Whose registries are asked about, and whose logs prove them.
struct Asked<'t> {
    qvi: &'t Aid,
    geda: &'t Aid,
    root: &'t Aid,
}

impl<'t> Asked<'t> {
    fn of(trust: &'t Trust) -> Vec<Self> {
        let own = Self { qvi: &trust.qvi_aid, geda: &trust.geda_aid, root: &trust.root_aid };
        let others = trust.audited.iter().filter(|audited| audited.qvi_aid != trust.qvi_aid);
        let others = others.map(|other| Self { qvi: &other.qvi_aid, geda: &other.geda_aid, root: &other.root_aid });
        iter::once(own).chain(others).collect()
    }
}

/// The streams with their digests, and the places of those that each issuer is asked with. What nobody's log stands in
/// is read with the first, so that it is told of; what only one issuer's logs stand in, with no other, so that many
/// issuers cost no more than their streams.
fn sorted(
    streams: &(impl Streams + ?Sized),
    asked: &[Asked<'_>],
) -> Result<(Vec<StreamEntry>, Vec<Vec<usize>>), AuditError> {
    let mut of: HashMap<&str, Vec<usize>> = HashMap::new();
    for (place, issuer) in asked.iter().enumerate() {
        for aid in [issuer.qvi, issuer.geda, issuer.root] {
            of.entry(aid.as_str()).or_default().push(place);
        }
    }
    let all: Vec<usize> = (0..streams.count()).collect();
    let looked = on_all_cores(&all, |(): &mut (), at| {
        let bytes = streams.bytes(*at)?;
        let sha256 = during(Work::Hash, || Sha256::of(&bytes));
        let mut places: BTreeSet<usize> = BTreeSet::new();
        if asked.len() > 1 {
            let holders = during(Work::Keri, || population::holders(&bytes));
            places.extend(holders.iter().filter_map(|aid| of.get(aid.as_str())).flatten().copied());
        }
        if places.is_empty() {
            places.insert(0);
        }
        Ok::<_, AuditError>((StreamEntry { name: streams.name(*at), sha256 }, places))
    });
    let mut entries = Vec::new();
    let mut sorted = vec![Vec::new(); asked.len()];
    for (at, looked) in looked.into_iter().enumerate() {
        let (entry, places) = looked?;
        entries.push(entry);
        places.into_iter().for_each(|place| sorted[place].push(at));
    }
    Ok((entries, sorted))
}

/// As reports write an action.
pub fn word(action: Action) -> &'static str {
    match action {
        Action::Issued => "iss",
        Action::Revoked => "rev",
    }
}

/// The action of a word; another word is none.
pub fn action(word: &str) -> Option<Action> {
    match word {
        "iss" => Some(Action::Issued),
        "rev" => Some(Action::Revoked),
        _ => None,
    }
}

/// What stands for an event in what is sorted.
pub fn key(action: Action, credential: &str) -> Sha256 {
    Sha256::of(format!("{} {credential}", word(action)).as_bytes())
}

/// When an event happened, as well as anybody knows: what a watcher saw, else the issuer's word.
pub fn time(event: &Sealed) -> Option<Instant> {
    event.first_seen.or(event.dated)
}
