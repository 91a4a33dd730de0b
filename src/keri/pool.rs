//! Several streams as one: everything that a case proves by KERI and ACDC, and everything that does not hold.
//!
//! In: streams, each with an id of the caller's; further streams with drafts on top of them; detached
//! groups of signatures with the bytes they are for. Out: [`Pooled`], values that say from which stream
//! and which bytes they come. Order and repetition of streams and messages do not matter.
//! What nothing rests on is examined as well: evidence that holds in part does not hold.

mod anchor;
mod attached;
mod credential;
mod exchange;
mod frame;
mod registry;

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::cesr::{Attachment, Message};
use super::evidence::Evidence;
use super::log::Logs;
use super::message::RegistryEventKind;
use super::schema::Library;
use super::signature::{Memory, Signatures};
use super::signed::{self, Claim};
use super::verdict::{Answer, Code, Finding, Verdict, Weight};
use super::verified::LogFact;
use super::{Options, chain as examination};
use crate::primitives::{Aid, Instant};

pub use anchor::AnchorFact;
pub use credential::{PooledCredential, Standing};
pub use exchange::PooledExchange;
pub use frame::{Spot, Stream};
pub use registry::PooledRegistry;

use frame::Frame;

/// Most credentials of a pool: a case has the chain of one, of at most four.
const CREDENTIALS_MAX: usize = 256;

/// Most findings that are kept: nobody reads more, and a stream may hold a flaw in every message.
const FINDINGS_MAX: usize = 1000;

/// Signatures that stand apart from what they are for.
#[derive(Debug, Clone, Copy)]
pub struct Detached<'q> {
    /// The groups, as `cesr::read_attachments` gives them.
    pub attachments: &'q [Attachment<'q>],
    /// The signed bytes.
    pub text: &'q str,
}

/// What is asked of a pool.
#[derive(Debug, Clone, Copy)]
pub struct Question<'q> {
    /// The streams.
    pub streams: &'q [Stream<'q>],
    /// Streams of what is proposed: they add drafted credentials and nothing else.
    pub drafts: &'q [Stream<'q>],
    /// Signatures apart from streams.
    pub detached: &'q [Detached<'q>],
    /// The moment that is asked about.
    pub as_of: Instant,
    /// Official schemas, where they are at hand.
    pub schemas: Option<&'q Library>,
    /// Signatures that held in other pools of the same run.
    pub memory: Option<&'q Memory>,
}

/// What a pool proves.
#[derive(Debug, Default)]
pub struct Pooled {
    /// A log for every identifier with events, in order of identifier.
    pub logs: Vec<PooledLog>,
    /// Every registry that its owner's log seals.
    pub registries: Vec<PooledRegistry>,
    /// Every credential, drafts last.
    pub credentials: Vec<PooledCredential>,
    /// Every exchange message, in order of first copy.
    pub exchanges: Vec<PooledExchange>,
    /// The groups of each detached file, in the order of the question.
    pub detached: Vec<Vec<Claim>>,
    /// Everything that does not hold.
    pub findings: Vec<PooledFinding>,
    /// Streams that cannot be framed: nothing of them is used.
    pub unreadable: Vec<u32>,
}

/// A log and where it begins.
#[derive(Debug)]
pub struct PooledLog {
    /// Whose.
    pub aid: Aid,
    /// Its first event.
    pub spot: Option<Spot>,
    /// The log as far as it is accepted.
    pub fact: LogFact,
    /// The event seals of its accepted events, in order.
    pub seals: Vec<SealFact>,
}

/// An event seal of an accepted event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealFact {
    /// Place of the sealing event.
    pub sn: u64,
    /// What it is about.
    pub subject: String,
    /// What the subject is, by what was presented.
    pub kind: SubjectKind,
    /// Place of the sealed event.
    pub subject_sn: u64,
    /// The sealed event.
    pub said: String,
}

/// What a seal is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SubjectKind {
    /// A log.
    Identifier,
    /// A registry.
    Registry,
    /// A credential.
    Credential,
    /// Nothing presented tells.
    Unknown,
}

/// A finding and where it belongs.
#[derive(Debug)]
pub struct PooledFinding {
    /// What it is.
    pub finding: Finding,
    /// Where; none: it is about something that is not there.
    pub spot: Option<Spot>,
    /// The credential whose chain it breaks.
    pub credential: Option<String>,
    /// Whether it is about a draft.
    pub draft: bool,
}

/// One credential with everything it rests on: what rules judge of a stream without a case.
#[derive(Debug, Default)]
pub struct Chain {
    /// The logs that matter to it, in order of identifier.
    pub logs: Vec<PooledLog>,
    /// The credential, those it points to, and the issued ones that rest on the same authorization.
    pub credentials: Vec<PooledCredential>,
    /// Whether something that it rests on was not presented: what it does not show may still be so.
    pub open: bool,
}

/// The chain of an examined credential.
pub(super) fn chain<'a>(
    messages: &[Message<'a>],
    evidence: &Evidence<'a>,
    logs: &Logs<'_, 'a>,
    verdict: &Verdict,
    options: &Options<'_>,
) -> Chain {
    let frame = Frame::of(messages);
    let subjects = Subjects::of(evidence);
    let first = frame.first_events(evidence);
    // What a log refuses is the verdict's to say, once.
    let pooled = |(aid, fact): (&Aid, &LogFact)| PooledLog {
        aid: aid.clone(),
        spot: first.get(aid.as_str()).copied(),
        fact: LogFact { refused: Vec::new(), duplicitous: Vec::new(), ..fact.clone() },
        seals: seals(logs, aid.as_str(), &subjects),
    };
    let of_events = |(_, fact): &(&Aid, &LogFact)| !(fact.events.is_empty() && fact.refused.is_empty());
    let ask = credential::Ask { frame: &frame, logs, library: options.schemas, as_of: options.as_of };
    Chain {
        logs: verdict.verified.logs.iter().filter(of_events).map(pooled).collect(),
        credentials: credential::chain(&ask, evidence, verdict),
        open: verdict.answer == Answer::Incomplete,
    }
}

/// Verifies a pool.
pub fn verify(question: &Question<'_>) -> Pooled {
    let mut pooled = Pooled::default();
    let mut frame = Frame::default();
    let mut told = Told::default();
    let messages = frame.read(question.streams, &mut |id, finding, spot| {
        pooled.unreadable.push(id);
        told.push(finding, Some(spot), None, false);
    });
    let drafted = frame.read(question.drafts, &mut |id, finding, spot| {
        pooled.unreadable.push(id);
        told.push(finding, Some(spot), None, true);
    });
    let evidence = Evidence::keep(&messages);
    let draft = Evidence::keep(&drafted);

    let mut triples = evidence.events.triples();
    for entry in &evidence.exchanges {
        signed::triples(&evidence.events, entry.message.body, &entry.message.attachments, &mut triples);
    }
    for detached in question.detached {
        signed::triples(&evidence.events, detached.text, detached.attachments, &mut triples);
    }
    let signatures = match question.memory {
        Some(memory) => Signatures::recalling(triples, memory),
        None => Signatures::verify(triples),
    };
    let logs = Logs::new(&evidence.events, &signatures);

    told.all(unused(&evidence), &frame, None, false);
    let prefixes: Vec<&str> = evidence.events.prefixes().collect();
    let (facts, found) = examination::logs(&evidence, &logs, &prefixes);
    told.all(found, &frame, None, false);
    told.all(attached::check(&evidence, &evidence, &logs), &frame, None, false);
    told.all(unused(&draft), &frame, None, true);
    told.all(attached::check(&evidence, &draft, &logs), &frame, None, true);

    let subjects = Subjects::of(&evidence);
    let first = frame.first_events(&evidence);
    pooled.logs = prefixes
        .iter()
        .filter_map(|prefix| {
            let aid: Aid = prefix.parse().ok()?;
            let fact = facts.get(&aid)?.clone();
            let seals = seals(&logs, prefix, &subjects);
            Some(PooledLog { spot: first.get(prefix).copied(), seals, aid, fact })
        })
        .collect();
    pooled.registries = registry::facts(&evidence, &logs, &frame);
    pooled.exchanges = exchange::facts(&evidence, &logs, &frame);
    if evidence.credentials.len() + draft.credentials.len() > CREDENTIALS_MAX {
        let text = format!("the streams hold more than {CREDENTIALS_MAX} credentials; a case has the chain of one");
        told.push(Finding::new(Code::StreamTooLarge, text), None, None, false);
        pooled.unreadable.extend(question.streams.iter().map(|stream| stream.id));
    } else {
        let ask = credential::Ask { frame: &frame, logs: &logs, library: question.schemas, as_of: question.as_of };
        credential::facts(&ask, &evidence, &mut pooled.credentials, &mut told);
        credential::drafts(&ask, &evidence, (&draft, &drafted), &mut pooled.credentials, &mut told);
    }
    pooled.detached =
        question.detached.iter().map(|detached| signed::claims(&logs, detached.text, detached.attachments)).collect();
    pooled.findings = told.findings;
    pooled
}

/// The findings of messages that are not used; a receipt for what is not there proves nothing, and is
/// told of with everything else that is attached.
fn unused(evidence: &Evidence<'_>) -> Vec<Finding> {
    evidence.findings.iter().filter(|finding| finding.code.weight() != Weight::Note).cloned().collect()
}

/// Findings in the making, each once.
#[derive(Default)]
pub(super) struct Told {
    findings: Vec<PooledFinding>,
    known: HashSet<(Code, Option<usize>, String)>,
}

impl Told {
    fn all(&mut self, findings: Vec<Finding>, frame: &Frame, credential: Option<&str>, draft: bool) {
        for finding in findings {
            let spot = finding.offset.and_then(|offset| frame.spot(offset));
            self.push(finding, spot, credential, draft);
        }
    }

    fn push(&mut self, mut finding: Finding, spot: Option<Spot>, credential: Option<&str>, draft: bool) {
        let key = (finding.code, finding.offset, finding.message.clone());
        if self.findings.len() < FINDINGS_MAX && self.known.insert(key) {
            // From here on the place is the spot.
            finding.offset = None;
            let credential = credential.map(str::to_owned);
            self.findings.push(PooledFinding { finding, spot, credential, draft });
            if self.findings.len() == FINDINGS_MAX {
                let text = format!("more than {FINDINGS_MAX} things do not hold; the others are not listed");
                let finding = Finding::new(Code::StreamTooLarge, text);
                self.findings.push(PooledFinding { finding, spot: None, credential: None, draft });
            }
        }
    }
}

/// What identifiers stand for, by what was presented.
struct Subjects<'a> {
    identifiers: BTreeSet<&'a str>,
    others: BTreeMap<&'a str, SubjectKind>,
}

impl<'a> Subjects<'a> {
    fn of(evidence: &Evidence<'a>) -> Self {
        let mut others: BTreeMap<&str, SubjectKind> =
            evidence.credentials.keys().map(|said| (*said, SubjectKind::Credential)).collect();
        for entry in evidence.registry.values() {
            let kind = match entry.event.kind {
                RegistryEventKind::Inception { .. } => SubjectKind::Registry,
                RegistryEventKind::Issuance { .. } | RegistryEventKind::Revocation { .. } => SubjectKind::Credential,
            };
            others.insert(entry.event.subject, kind);
        }
        Self { identifiers: evidence.events.prefixes().collect(), others }
    }

    fn kind(&self, subject: &str) -> SubjectKind {
        if self.identifiers.contains(subject) {
            return SubjectKind::Identifier;
        }
        self.others.get(subject).copied().unwrap_or(SubjectKind::Unknown)
    }
}

fn seals<'a>(logs: &Logs<'_, 'a>, prefix: &str, subjects: &Subjects<'a>) -> Vec<SealFact> {
    let Some(log) = logs.log(prefix) else { return Vec::new() };
    let entries = log.accepted.iter().filter_map(|accepted| logs.events().entry(accepted.entry));
    entries
        .flat_map(|entry| entry.event.seals.iter().map(|seal| (entry.event.sn, *seal)))
        .map(|(sn, seal)| SealFact {
            sn,
            subject: seal.prefix.to_owned(),
            kind: subjects.kind(seal.prefix),
            subject_sn: seal.sn,
            said: seal.said.to_owned(),
        })
        .collect()
}
