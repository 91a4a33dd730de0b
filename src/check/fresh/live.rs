//! What live streams prove by themselves, and together with the streams of the case.
//!
//! Live state is whole or it is none: the logs of the group and its delegator from their inception, a registry of
//! the group, and the registry events of its credential. Only so does it show that nothing was taken out.

use std::collections::BTreeMap;

use crate::bundle::json::{Numbers, Tree};
use crate::bundle::signed::{self, ENDING};
use crate::bundle::{Area, FileState, Snapshot};
use crate::facts::FileId;
use crate::keri::cesr::{self, Attachment};
use crate::keri::pool::{self, Detached, Pooled, PooledLog, Question, Standing, Stream};
use crate::keri::schema::Library;
use crate::keri::signature::Memory;
use crate::keri::signed::Claim;
use crate::keri::{CredentialType, Status, Weight};
use crate::primitives::{Aid, Instant, Said};
use crate::trust::Trust;

/// The kind that manifests give a stream.
const STREAM_KIND: &str = "cesr";
/// The ids of live streams begin here; those of files are places in the snapshot.
const LIVE: u32 = 1 << 31;

/// What is asked.
pub(super) struct Asked<'a> {
    pub snapshot: &'a Snapshot,
    pub trust: &'a Trust,
    pub live: &'a [&'a [u8]],
    pub now: Instant,
    pub schemas: Option<&'a Library>,
    pub memory: &'a Memory,
}

/// A key state in force: place and digest of the event that established it, and its keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Established {
    /// Place.
    pub sn: u64,
    /// The event.
    pub said: String,
    /// The keys, by index.
    pub keys: Vec<String>,
}

/// What live streams prove.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LiveState {
    /// Everything that is wrong with them; without live streams it is empty.
    pub problems: Vec<LiveProblem>,
    /// The events of the QVI's group, by place; none without live streams.
    pub group: Vec<Said>,
    /// The key states in force, by all streams together.
    pub states: BTreeMap<Aid, Established>,
}

/// Something wrong with live streams.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LiveProblem {
    /// Something in them does not hold.
    Unusable {
        /// What.
        why: String,
    },
    /// Something is not in them.
    Incomplete {
        /// What.
        what: String,
    },
    /// They are older than the evidence.
    Behind {
        /// Whose log.
        aid: Aid,
        /// How many events are live.
        live: usize,
        /// How many the evidence has.
        evidence: usize,
    },
    /// They tell another story than the evidence.
    Contradicts {
        /// Whose log.
        aid: Aid,
        /// From which event on.
        sn: u64,
    },
    /// The credential of the QVI is not valid any more.
    Revoked {
        /// The credential.
        credential: String,
    },
}

/// The signatures beside files of the case: what became of each group, by the path of what is signed.
pub(super) type Signatures = BTreeMap<String, Vec<Claim>>;

/// Verifies the live streams, and the signatures beside the records by all streams together.
pub(super) fn verify(asked: &Asked<'_>) -> (LiveState, Signatures) {
    let evidence = listed(asked.snapshot);
    let live: Vec<Stream<'_>> = asked.live.iter().zip(LIVE..).map(|(bytes, id)| Stream { id, bytes }).collect();
    let all: Vec<Stream<'_>> = evidence.iter().chain(&live).copied().collect();
    let sidecars = sidecars(asked.snapshot);
    let detached: Vec<Detached<'_>> =
        sidecars.iter().map(|of| Detached { attachments: &of.attachments, text: &of.text }).collect();
    let pooled = |streams: &[Stream<'_>], detached: &[Detached<'_>]| {
        pool::verify(&Question {
            streams,
            drafts: &[],
            detached,
            as_of: asked.now,
            schemas: asked.schemas,
            memory: Some(asked.memory),
        })
    };
    let together = pooled(&all, &detached);
    let paths = sidecars.iter().map(|of| of.path.clone());
    let signatures = paths.zip(together.detached.iter().cloned()).collect();
    let mut state = LiveState { problems: Vec::new(), group: Vec::new(), states: states(&together) };
    if !live.is_empty() {
        let live = pooled(&live, &[]);
        let events = log(&live, &asked.trust.qvi_aid).map(|log| log.fact.events.as_slice()).unwrap_or_default();
        state.group = events.iter().map(|event| event.said.clone()).collect();
        state.problems = problems(asked.trust, &pooled(&evidence, &[]), &live, &together);
    }
    (state, signatures)
}

fn problems(trust: &Trust, evidence: &Pooled, live: &Pooled, together: &Pooled) -> Vec<LiveProblem> {
    let broken = live.findings.iter().find(|found| found.finding.code.weight() == Weight::Invalid);
    let mut problems: Vec<LiveProblem> =
        broken.map(|found| LiveProblem::Unusable { why: found.finding.message.clone() }).into_iter().collect();
    for (whose, aid) in [("the QVI's group", &trust.qvi_aid), ("its delegator", &trust.geda_aid)] {
        let Some(now) = log(live, aid) else {
            problems.push(LiveProblem::Incomplete { what: format!("the log of {whose}, `{aid}`") });
            continue;
        };
        let twice = log(together, aid).and_then(|log| log.fact.duplicitous.first().copied());
        let before = log(evidence, aid).map(|log| log.fact.events.as_slice()).unwrap_or_default();
        let differs = before.iter().zip(&now.fact.events).position(|(before, now)| before.said != now.said);
        if let Some(sn) = twice.or(differs.map(|at| at as u64)) {
            problems.push(LiveProblem::Contradicts { aid: aid.clone(), sn });
        } else if now.fact.events.len() < before.len() {
            let (live, evidence) = (now.fact.events.len(), before.len());
            problems.push(LiveProblem::Behind { aid: aid.clone(), live, evidence });
        }
    }
    if !live.registries.iter().any(|registry| registry.issuer == trust.qvi_aid) {
        problems.push(LiveProblem::Incomplete { what: format!("a registry of `{}`", trust.qvi_aid) });
    }
    problems.extend(authority(trust, live));
    problems
}

/// What the live streams say of the QVI's credential; several: one that is valid will do.
fn authority(trust: &Trust, live: &Pooled) -> Option<LiveProblem> {
    let ours: Vec<_> = live
        .credentials
        .iter()
        .filter(|credential| {
            let fact = &credential.fact;
            fact.kind == Some(CredentialType::Qvi)
                && fact.issuer == trust.geda_aid
                && fact.issuee.as_ref() == Some(&trust.qvi_aid)
        })
        .collect();
    let valid = ours
        .iter()
        .any(|credential| credential.standing == Standing::Valid && credential.fact.status == Status::Issued);
    let revoked = ours.iter().find(|credential| credential.fact.status == Status::Revoked);
    match (valid, revoked) {
        (true, _) => None,
        (false, Some(credential)) => Some(LiveProblem::Revoked { credential: credential.fact.said.to_string() }),
        (false, None) => {
            Some(LiveProblem::Incomplete { what: format!("the status of the QVI credential of `{}`", trust.qvi_aid) })
        }
    }
}

fn log<'p>(pooled: &'p Pooled, aid: &Aid) -> Option<&'p PooledLog> {
    pooled.logs.iter().find(|log| log.aid == *aid && !log.fact.events.is_empty())
}

fn states(pooled: &Pooled) -> BTreeMap<Aid, Established> {
    let latest = |log: &PooledLog| {
        let state = log.fact.states.last()?;
        let (sn, said) = state.established.clone();
        Some((log.aid.clone(), Established { sn, said, keys: state.keys.clone() }))
    };
    pooled.logs.iter().filter_map(latest).collect()
}

/// The streams that the manifest of the bundle lists, as far as they are as listed: a report says of the others
/// what is wrong.
fn listed(snapshot: &Snapshot) -> Vec<Stream<'_>> {
    let manifest = snapshot.manifest(Area::Bundle);
    let entries = manifest.into_iter().flat_map(|manifest| &manifest.entries);
    let mut streams: Vec<Stream<'_>> = entries
        .filter(|entry| entry.kind == STREAM_KIND)
        .filter_map(|entry| {
            let id = snapshot.find(&format!("bundle/{}", entry.path))?;
            let file = snapshot.file(id);
            Some(Stream { id: id.0, bytes: file.bytes().filter(|_| file.state == FileState::Good)? })
        })
        .collect();
    streams.sort_by_key(|stream| stream.id);
    streams
}

/// Signatures beside a record or manifest.
struct Sidecar<'a> {
    path: String,
    attachments: Vec<Attachment<'a>>,
    text: String,
}

fn sidecars(snapshot: &Snapshot) -> Vec<Sidecar<'_>> {
    let read = |(_, file): (FileId, &'_ crate::bundle::snapshot::File)| -> Option<(String, FileId)> {
        let stem = file.path.strip_suffix(ENDING).filter(|_| file.state == FileState::Good)?;
        let path = format!("{stem}.json");
        let signs = snapshot.find(&path)?;
        Some((path, signs))
    };
    let with = |(id, file)| read((id, file)).map(|(path, signs)| (id, path, signs));
    snapshot
        .iter()
        .filter_map(with)
        .filter_map(|(id, path, signs)| {
            let attachments = cesr::read_attachments(snapshot.file(id).bytes()?).ok()?;
            let signed = snapshot.file(signs);
            let bytes = signed.bytes().filter(|_| signed.state == FileState::Good)?;
            let manifest = signed.inner_path() == "manifest.json" && signed.area != Area::Decision;
            let text = match manifest {
                true => signed::manifest(bytes),
                false => signed::record(&Tree::parse(bytes, Numbers::Integers).ok()?)?,
            };
            Some(Sidecar { path, attachments, text: String::from_utf8(text).ok()? })
        })
        .collect()
}
