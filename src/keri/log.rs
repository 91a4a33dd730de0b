//! Key event logs: which of the presented events their logs accept, whatever order they came in.
//!
//! In: the key events of a stream with everything attached to any copy of them. Out: for each
//! identifier a [`Log`]: the accepted events in order with the key state after each, what was
//! superseded, what is duplicitous, and why the rest is refused. The semantics of an event (sequence,
//! key lists, commitments to next keys, thresholds, witness lists) are keri-core's; digests over the
//! received bytes, the choice between branches and delegation are decided here.
//!
//! No first-seen order is trusted: the same events give the same log in any order.

mod replay;
mod state;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::rc::Rc;

use state::WITNESSES_MAX;

pub use state::KeyState;

use super::cesr::{Group, Indexed, Message, ReceiptCouple};
use super::message::{KeyEvent, Receipt, Seal};
use super::signature::{Signatures, Triple};

/// Longest chain of delegators.
const DELEGATION_MAX: usize = 16;

/// A key event with everything that any copy of it carried.
#[derive(Debug, Clone)]
pub struct Entry<'a> {
    /// What it says.
    pub event: KeyEvent<'a>,
    /// Its bytes.
    pub body: &'a str,
    /// Where its first copy stands.
    pub offset: usize,
    /// Signatures by the controller's keys.
    pub signatures: Vec<Indexed<'a>>,
    /// Signatures by witnesses, by index.
    pub witness_signatures: Vec<Indexed<'a>>,
    /// Receipts by witnesses, by key.
    pub receipts: Vec<ReceiptCouple<'a>>,
    /// Delegator's events that are said to approve it.
    pub sources: BTreeSet<(u64, &'a str)>,
    /// What is attached already: copies may repeat it any number of times.
    attached: HashSet<(u8, &'a str, &'a str)>,
}

/// The key events of a stream, each once.
#[derive(Debug, Default, Clone)]
pub struct Events<'a> {
    entries: Vec<Entry<'a>>,
    by_said: HashMap<&'a str, usize>,
    by_prefix: BTreeMap<&'a str, Vec<usize>>,
}

/// An accepted event.
#[derive(Debug, Clone)]
pub struct Accepted<'a> {
    /// Which one: index into the entries.
    pub entry: usize,
    /// The key state from it on.
    pub state: Rc<KeyState<'a>>,
    /// The keys that signed it, by index.
    pub signers: BTreeSet<u32>,
    /// The witnesses that receipted it, by index.
    pub witnesses: BTreeSet<u32>,
}

/// The log of one identifier as far as the evidence goes.
#[derive(Debug)]
pub struct Log<'a> {
    /// Whose.
    pub prefix: &'a str,
    /// The accepted events; the place in the list is the sequence number.
    pub accepted: Vec<Accepted<'a>>,
    /// Events that were valid and are no longer part of the log: a rotation recovered from them.
    pub superseded: Vec<usize>,
    /// Different events at one place, both signed.
    pub duplicity: Vec<Duplicity<'a>>,
    /// Everything else that was presented, with the reason.
    pub refused: Vec<(usize, Refusal<'a>)>,
    /// The seals of the accepted events by what they are about, in order.
    sealed: HashMap<&'a str, Vec<Sealed<'a>>>,
    /// What superseded events sealed.
    was_sealed: HashSet<(&'a str, u64, &'a str)>,
    /// Where in the list the refusal of an event stands.
    refused_at: HashMap<usize, usize>,
}

/// Two events where a log can hold one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Duplicity<'a> {
    /// The place.
    pub sn: u64,
    /// The digests, in alphabetical order.
    pub saids: Vec<&'a str>,
    /// Where the last of these stands.
    pub offset: usize,
}

/// Why an event is not accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal<'a> {
    /// The event before it was not presented.
    PriorMissing,
    /// The event before it is not accepted.
    PriorRefused,
    /// Its prior digest is not the digest of the event before it.
    PriorDiffers,
    /// It follows an event that was superseded or is duplicitous.
    OffTheLog,
    /// Signatures that do not verify leave it below the threshold.
    BadSignature {
        /// How many do not verify.
        bad: usize,
        /// How many do.
        good: usize,
    },
    /// Too few keys signed.
    ThresholdUnmet {
        /// How many did.
        good: usize,
    },
    /// Too few of the keys that the last establishment event committed to signed.
    NextThresholdUnmet,
    /// Too few witnesses receipted.
    ReceiptsShort {
        /// How many did.
        good: usize,
        /// How many receipts do not verify.
        bad: usize,
        /// How many are needed.
        needed: u32,
    },
    /// The delegator's log was not presented.
    DelegatorMissing {
        /// Whose.
        delegator: &'a str,
    },
    /// The delegator's event that is said to approve it was not presented.
    ApprovalMissing {
        /// Whose.
        delegator: &'a str,
        /// Its place.
        sn: u64,
    },
    /// The delegator's event that approves it is not accepted.
    ApprovalRefused {
        /// Whose.
        delegator: &'a str,
        /// Its place.
        sn: u64,
    },
    /// No accepted event of the delegator seals it.
    NotApproved {
        /// Whose.
        delegator: &'a str,
    },
    /// A configuration trait forbids it.
    Trait {
        /// Which.
        name: &'static str,
    },
    /// The event contradicts the log's state.
    Semantic {
        /// What keri-core says.
        why: String,
    },
}

/// Where a seal stands in a log.
#[derive(Debug, Clone, Copy)]
pub struct Sealed<'a> {
    /// The seal.
    pub seal: Seal<'a>,
    /// The sealing event's entry.
    pub entry: usize,
    /// Its place in the log.
    pub sn: u64,
    /// The seal's place in the event.
    pub index: usize,
}

impl<'a> Events<'a> {
    /// Takes one copy of an event.
    pub fn add(&mut self, event: KeyEvent<'a>, message: &Message<'a>) {
        let at = match self.by_said.get(event.said) {
            Some(at) => *at,
            None => {
                let at = self.entries.len();
                self.by_said.insert(event.said, at);
                self.by_prefix.entry(event.prefix).or_default().push(at);
                self.entries.push(Entry {
                    event,
                    body: message.body,
                    offset: message.offset,
                    signatures: Vec::new(),
                    witness_signatures: Vec::new(),
                    receipts: Vec::new(),
                    sources: BTreeSet::new(),
                    attached: HashSet::new(),
                });
                at
            }
        };
        if let Some(entry) = self.entries.get_mut(at) {
            entry.attach(message, true);
        }
    }

    /// Takes a receipt message; one for an event that is not there says nothing.
    pub fn add_receipt(&mut self, receipt: &Receipt<'a>, message: &Message<'a>) -> bool {
        let entry = self.by_said.get(receipt.said).and_then(|at| self.entries.get_mut(*at));
        match entry {
            Some(entry) if entry.event.prefix == receipt.prefix && entry.event.sn == receipt.sn => {
                entry.attach(message, false);
                true
            }
            Some(_) | None => false,
        }
    }

    /// An event by its index.
    pub fn entry(&self, at: usize) -> Option<&Entry<'a>> {
        self.entries.get(at)
    }

    /// The index of an event.
    pub fn index(&self, said: &str) -> Option<usize> {
        self.by_said.get(said).copied()
    }

    /// An event by its digest.
    pub fn find(&self, said: &str) -> Option<&Entry<'a>> {
        self.by_said.get(said).and_then(|at| self.entries.get(*at))
    }

    /// The identifiers that have events.
    pub fn prefixes(&self) -> impl Iterator<Item = &'a str> + '_ {
        self.by_prefix.keys().copied()
    }

    /// Every signature that a replay may ask about. Which keys and witnesses are in force at an event is
    /// read from the events it follows, accepted or not: the replay decides that.
    pub fn triples(&self) -> Vec<Triple<'a>> {
        let mut triples = Vec::new();
        let mut in_force: HashMap<usize, Rc<InForce<'a>>> = HashMap::new();
        let mut order: Vec<usize> = (0..self.entries.len()).collect();
        order.sort_by_key(|at| self.entries[*at].event.sn);
        for at in order {
            let entry = &self.entries[at];
            let before = entry.event.prior.and_then(|prior| self.by_said.get(prior)).and_then(|at| in_force.get(at));
            let now = match &entry.event.keys {
                None => match before {
                    Some(before) => before.clone(),
                    None => continue,
                },
                Some(keys) => {
                    let before = before.map(|before| before.witnesses.as_slice()).unwrap_or_default();
                    let kept = before.iter().copied().filter(|witness| !keys.cut.contains(witness));
                    let added = keys.witnesses.iter().copied();
                    // Nothing is checked yet: a list beyond the bound is refused later.
                    let witnesses = kept.chain(added).take(WITNESSES_MAX).collect();
                    Rc::new(InForce { keys: keys.keys.clone(), witnesses })
                }
            };
            for (list, signatures) in [(&now.keys, &entry.signatures), (&now.witnesses, &entry.witness_signatures)] {
                for signature in signatures {
                    if let (Some(key), Some(bytes)) = (list.get(signature.index as usize), signature.bytes()) {
                        triples.push(Triple { key, message: entry.body, signature: bytes });
                    }
                }
            }
            for receipt in &entry.receipts {
                if let (true, Some(bytes)) = (now.witnesses.contains(&receipt.prefix), receipt.bytes()) {
                    triples.push(Triple { key: receipt.prefix, message: entry.body, signature: bytes });
                }
            }
            in_force.insert(at, now);
        }
        triples
    }
}

struct InForce<'a> {
    keys: Vec<&'a str>,
    witnesses: Vec<&'a str>,
}

impl<'a> Entry<'a> {
    /// Adds what a copy or a receipt carries, each item once.
    fn attach(&mut self, message: &Message<'a>, own: bool) {
        for attachment in &message.attachments {
            match &attachment.group {
                Group::ControllerSignatures(items) if own => {
                    let fresh = items.iter().filter(|item| self.attached.insert((b'A', "", item.text)));
                    self.signatures.extend(fresh);
                }
                Group::WitnessSignatures(items) => {
                    let fresh = items.iter().filter(|item| self.attached.insert((b'B', "", item.text)));
                    self.witness_signatures.extend(fresh);
                }
                Group::ReceiptCouples(items) => {
                    let fresh = items.iter().filter(|item| self.attached.insert((b'C', item.prefix, item.text)));
                    self.receipts.extend(fresh);
                }
                Group::SealCouples(items) if own => {
                    self.sources.extend(items.iter().copied());
                }
                Group::ControllerSignatures(_)
                | Group::SealCouples(_)
                | Group::ReceiptQuadruples(_)
                | Group::FirstSeen(_)
                | Group::TransferableSignatures(_)
                | Group::LatestSignatures(_)
                | Group::SealTriples(_)
                | Group::Pathed { .. } => {}
            }
        }
    }
}

/// Replays logs when they are asked for, delegators first.
pub struct Logs<'e, 'a> {
    events: &'e Events<'a>,
    signatures: &'e Signatures<'a>,
    replayed: RefCell<HashMap<&'a str, Rc<Log<'a>>>>,
}

impl<'e, 'a> Logs<'e, 'a> {
    /// Nothing replayed yet.
    pub fn new(events: &'e Events<'a>, signatures: &'e Signatures<'a>) -> Self {
        Self { events, signatures, replayed: RefCell::default() }
    }

    /// The events.
    pub fn events(&self) -> &'e Events<'a> {
        self.events
    }

    /// The signatures.
    pub fn signatures(&self) -> &'e Signatures<'a> {
        self.signatures
    }

    /// The log of an identifier; `None` if the stream has no event of it.
    pub fn log(&self, prefix: &str) -> Option<Rc<Log<'a>>> {
        self.log_below(prefix, &mut Vec::new())
    }

    /// `below`: the delegates whose replay waits for this log.
    fn log_below(&self, prefix: &str, below: &mut Vec<&'a str>) -> Option<Rc<Log<'a>>> {
        if let Some(log) = self.replayed.borrow().get(prefix) {
            return Some(log.clone());
        }
        let (prefix, entries) = self.events.by_prefix.get_key_value(prefix)?;
        if below.contains(prefix) || below.len() >= DELEGATION_MAX {
            return None;
        }
        below.push(prefix);
        let log = Rc::new(replay::replay(self, prefix, entries, below));
        below.pop();
        self.replayed.borrow_mut().insert(prefix, log.clone());
        Some(log)
    }
}

impl<'a> Log<'a> {
    /// The key state after the last accepted event.
    pub fn state(&self) -> Option<&Rc<KeyState<'a>>> {
        self.accepted.last().map(|accepted| &accepted.state)
    }

    /// The accepted event at a place.
    pub fn at(&self, sn: u64) -> Option<&Accepted<'a>> {
        self.accepted.get(usize::try_from(sn).ok()?)
    }

    /// Every seal about this subject in the accepted log, in order.
    pub fn seals(&self, subject: &str) -> impl Iterator<Item = Sealed<'a>> + '_ {
        self.sealed.get(subject).into_iter().flatten().copied()
    }

    /// Where the accepted log seals exactly this event.
    pub fn sealed(&self, prefix: &str, sn: u64, said: &str) -> Option<Sealed<'a>> {
        self.seals(prefix).find(|sealed| sealed.seal.sn == sn && sealed.seal.said == said)
    }

    /// Whether exactly this event was sealed in one that is superseded.
    pub fn was_sealed(&self, prefix: &'a str, sn: u64, said: &'a str) -> bool {
        self.was_sealed.contains(&(prefix, sn, said))
    }

    /// A stream may hold so many seals and events that nobody may look through all of them for each.
    fn index(&mut self, events: &Events<'a>) {
        for accepted in &self.accepted {
            let Some(entry) = events.entry(accepted.entry) else { continue };
            for (index, seal) in entry.event.seals.iter().enumerate() {
                let sealed = Sealed { seal: *seal, entry: accepted.entry, sn: entry.event.sn, index };
                self.sealed.entry(seal.prefix).or_default().push(sealed);
            }
        }
        let superseded = self.superseded.iter().filter_map(|at| events.entry(*at));
        let seals = superseded.flat_map(|entry| &entry.event.seals);
        self.was_sealed.extend(seals.map(|seal| (seal.prefix, seal.sn, seal.said)));
        self.refused_at.extend(self.refused.iter().enumerate().map(|(place, (at, _))| (*at, place)));
    }

    /// Why an event is not accepted.
    pub fn refusal(&self, entry: usize) -> Option<&Refusal<'a>> {
        self.refused_at.get(&entry).and_then(|place| self.refused.get(*place)).map(|(_, refusal)| refusal)
    }
}
