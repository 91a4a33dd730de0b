//! Replays the events of one identifier.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::rc::Rc;

use super::state::KeyState;
use super::{Accepted, Duplicity, Entry, Log, Logs, Refusal, Sealed};
use crate::keri::message::KeyEventKind;
use crate::keri::signature::Triple;

/// An event that is valid where it stands, on whatever branch.
struct Valid<'a> {
    accepted: Accepted<'a>,
    /// Where its delegator approved it.
    approval: Option<(u64, usize)>,
    /// Valid events that follow it.
    children: Vec<usize>,
    /// Whether it or an event that follows it establishes keys.
    establishes: bool,
}

/// Replays `entries`, the events of `prefix` in the order presented.
pub fn replay<'a>(logs: &Logs<'_, 'a>, prefix: &'a str, entries: &[usize], below: &mut Vec<&'a str>) -> Log<'a> {
    let tree = Tree::grow(logs, prefix, entries, below);
    tree.log(logs, prefix, entries)
}

struct Tree<'a> {
    valid: HashMap<usize, Valid<'a>>,
    refused: HashMap<usize, Refusal<'a>>,
    roots: Vec<usize>,
}

impl<'a> Tree<'a> {
    /// Judges every event once, after the event that its prior digest names.
    fn grow(logs: &Logs<'_, 'a>, prefix: &'a str, entries: &[usize], below: &mut Vec<&'a str>) -> Self {
        let mut tree = Self { valid: HashMap::new(), refused: HashMap::new(), roots: Vec::new() };
        let mut followers: HashMap<&str, Vec<usize>> = HashMap::new();
        let mut queue = VecDeque::new();
        for at in entries {
            let Some(entry) = logs.events().entry(*at) else { continue };
            match entry.event.prior {
                None => queue.push_back((*at, None)),
                Some(prior) => followers.entry(prior).or_default().push(*at),
            }
        }
        while let Some((at, parent)) = queue.pop_front() {
            let Some(entry) = logs.events().entry(at) else { continue };
            let before = parent.and_then(|parent| {
                let sn = logs.events().entry(parent)?.event.sn;
                Some((tree.valid.get(&parent)?.accepted.state.clone(), sn))
            });
            match judge(logs, at, entry, before.as_ref().map(|(state, sn)| (state, *sn)), below) {
                Err(refusal) => {
                    tree.refused.insert(at, refusal);
                }
                Ok((accepted, approval)) => {
                    let establishes = entry.event.kind.establishes();
                    tree.valid.insert(at, Valid { accepted, approval, children: Vec::new(), establishes });
                    match parent.and_then(|parent| tree.valid.get_mut(&parent)) {
                        Some(parent) => parent.children.push(at),
                        None => tree.roots.push(at),
                    }
                    let next = followers.remove(entry.event.said).unwrap_or_default();
                    queue.extend(next.into_iter().map(|follower| (follower, Some(at))));
                }
            }
        }
        // What was never reached follows something that is not there or not valid.
        for at in followers.into_values().flatten() {
            let Some(entry) = logs.events().entry(at) else { continue };
            let prior = entry.event.prior.and_then(|prior| logs.events().find(prior));
            let refusal = match prior {
                Some(prior) if prior.event.prefix == prefix => Refusal::PriorRefused,
                Some(_) => Refusal::PriorDiffers,
                None => Refusal::PriorMissing,
            };
            tree.refused.insert(at, refusal);
        }
        tree
    }

    /// Chooses the log among the branches.
    fn log(mut self, logs: &Logs<'_, 'a>, prefix: &'a str, entries: &[usize]) -> Log<'a> {
        self.mark_establishing(logs);
        let mut log = Log {
            prefix,
            accepted: Vec::new(),
            superseded: Vec::new(),
            duplicity: Vec::new(),
            refused: Vec::new(),
            sealed: HashMap::new(),
            was_sealed: HashSet::new(),
            refused_at: HashMap::new(),
        };
        let mut kept = BTreeSet::new();
        let mut superseded = BTreeSet::new();
        let mut branches = self.roots.clone();
        while !branches.is_empty() {
            let (winner, recovered, duplicitous) = self.choose(logs, &branches);
            if duplicitous.len() > 1 {
                log.duplicity.extend(duplicity(logs, &duplicitous));
            }
            for loser in recovered {
                self.collect(loser, &mut superseded);
            }
            let Some(valid) = self.valid.get(&winner) else { break };
            kept.insert(winner);
            log.accepted.push(valid.accepted.clone());
            branches = valid.children.clone();
        }
        for at in entries {
            if superseded.contains(at) {
                log.superseded.push(*at);
            } else if let Some(refusal) = self.refused.remove(at) {
                log.refused.push((*at, refusal));
            } else if !kept.contains(at) {
                log.refused.push((*at, Refusal::OffTheLog));
            }
        }
        // An event whose prior is unknown, at a place the log already passed, is not a gap.
        let next = log.accepted.len() as u64;
        for (at, refusal) in &mut log.refused {
            let sn = logs.events().entry(*at).map_or(0, |entry| entry.event.sn);
            if *refusal == Refusal::PriorMissing && sn <= next {
                *refusal = Refusal::PriorDiffers;
            }
        }
        let unreceipted = self.signed_elsewhere(logs, &log);
        log.duplicity.extend(unreceipted);
        log.duplicity.sort_by_key(|duplicity| duplicity.sn);
        log.index(logs.events());
        log
    }

    /// Whether an event or one that follows it establishes keys, from the tips down.
    fn mark_establishing(&mut self, logs: &Logs<'_, 'a>) {
        let mut order: Vec<usize> = self.valid.keys().copied().collect();
        order.sort_by_key(|at| std::cmp::Reverse(logs.events().entry(*at).map_or(0, |entry| entry.event.sn)));
        for at in order {
            let establishes = self.valid.get(&at).is_some_and(|valid| {
                valid.children.iter().any(|child| self.valid.get(child).is_some_and(|child| child.establishes))
            });
            if let Some(valid) = self.valid.get_mut(&at) {
                valid.establishes |= establishes;
            }
        }
    }

    /// Of the valid events at one place: the one that stands, those it superseded, and those that
    /// contradict each other (with the one that stands among them).
    ///
    /// A rotation supersedes interactions that no rotation follows; a delegated rotation supersedes
    /// another that its delegator approved earlier. Source: KERI specification, "Superseding recovery".
    fn choose(&self, logs: &Logs<'_, 'a>, branches: &[usize]) -> (usize, Vec<usize>, Vec<usize>) {
        // Of contradicting events one is taken, so that the rest can be told about; which one is not left
        // to whoever ordered the stream.
        let said = |at: &usize| logs.events().entry(*at).map(|entry| entry.event.said);
        let first = branches.iter().copied().min_by_key(said).unwrap_or_default();
        if branches.len() < 2 {
            return (first, Vec::new(), Vec::new());
        }
        let kind = |at: &usize| logs.events().entry(*at).map(|entry| entry.event.kind);
        let (rotations, interactions): (Vec<usize>, Vec<usize>) =
            branches.iter().copied().partition(|at| kind(at).is_some_and(KeyEventKind::establishes));
        let settled = |at: &usize| {
            self.valid.get(at).is_some_and(|valid| {
                valid.children.iter().any(|child| self.valid.get(child).is_some_and(|child| child.establishes))
            })
        };
        let approval = |at: &usize| self.valid.get(at).and_then(|valid| valid.approval);
        let latest = rotations.iter().copied().max_by_key(|at| approval(at));
        let recovers = latest.is_some_and(|latest| {
            rotations.iter().filter(|at| **at != latest).all(|other| {
                kind(other) == Some(KeyEventKind::Drt)
                    && approval(other).is_some()
                    && approval(other) < approval(&latest)
                    && !settled(other)
            }) && interactions.iter().all(|interaction| !settled(interaction))
        });
        match latest {
            Some(latest) if recovers => {
                let recovered = branches.iter().copied().filter(|at| *at != latest).collect();
                // Two interactions at one place stay a contradiction, also after the recovery from them.
                let duplicitous = if interactions.len() > 1 { interactions } else { Vec::new() };
                (latest, recovered, duplicitous)
            }
            Some(_) | None => (first, Vec::new(), branches.to_vec()),
        }
    }

    /// An event and all that follow it.
    fn collect(&self, at: usize, into: &mut BTreeSet<usize>) {
        let mut stack = vec![at];
        while let Some(at) = stack.pop() {
            into.insert(at);
            stack.extend(self.valid.get(&at).into_iter().flat_map(|valid| valid.children.iter().copied()));
        }
    }

    /// Events that the controller signed at a place where the log holds another: too few receipts do
    /// not unsign them.
    fn signed_elsewhere(&self, logs: &Logs<'_, 'a>, log: &Log<'a>) -> Vec<Duplicity<'a>> {
        let mut found = Vec::new();
        for (at, refusal) in &log.refused {
            let Refusal::ReceiptsShort { .. } = refusal else { continue };
            let Some(entry) = logs.events().entry(*at) else { continue };
            let Some(holds) = log.at(entry.event.sn).map(|accepted| accepted.entry) else { continue };
            let recovers = entry.event.kind.establishes()
                && logs.events().entry(holds).is_some_and(|holds| holds.event.kind == KeyEventKind::Ixn);
            if !recovers && !log.duplicity.iter().any(|known| known.saids.contains(&entry.event.said)) {
                found.extend(duplicity(logs, &[holds, *at]));
            }
        }
        found
    }
}

fn duplicity<'a>(logs: &Logs<'_, 'a>, entries: &[usize]) -> Option<Duplicity<'a>> {
    let mut entries: Vec<&Entry<'a>> = entries.iter().filter_map(|at| logs.events().entry(*at)).collect();
    entries.sort_unstable_by_key(|entry| entry.event.said);
    let last = entries.last()?;
    let saids = entries.iter().map(|entry| entry.event.said).collect();
    Some(Duplicity { sn: last.event.sn, saids, offset: last.offset })
}

type Judged<'a> = (Accepted<'a>, Option<(u64, usize)>);

/// Whether an event is valid after a state.
fn judge<'a>(
    logs: &Logs<'_, 'a>,
    at: usize,
    entry: &Entry<'a>,
    before: Option<(&Rc<KeyState<'a>>, u64)>,
    below: &mut Vec<&'a str>,
) -> Result<Judged<'a>, Refusal<'a>> {
    let event = &entry.event;
    let semantic = |why: &str| Refusal::Semantic { why: why.to_owned() };
    if let Some((before, _)) = before {
        match event.kind {
            KeyEventKind::Ixn if before.traits.contains(&"EO") => return Err(Refusal::Trait { name: "EO" }),
            KeyEventKind::Rot if before.delegator.is_some() => {
                return Err(semantic("a delegated identifier rotates with `drt`, so that its delegator approves"));
            }
            KeyEventKind::Drt if before.delegator.is_none() => {
                return Err(semantic("an identifier without delegator rotates with `rot`"));
            }
            KeyEventKind::Icp | KeyEventKind::Dip | KeyEventKind::Rot | KeyEventKind::Drt | KeyEventKind::Ixn => {}
        }
    }
    let state = KeyState::after(before, event).map_err(|why| Refusal::Semantic { why })?;

    let mut bad = 0;
    let mut signed = Vec::new();
    for signature in &entry.signatures {
        let key = state.keys.get(signature.index as usize);
        let holds = key
            .zip(signature.bytes())
            .is_some_and(|(key, bytes)| logs.signatures().hold(&Triple { key, message: entry.body, signature: bytes }));
        if holds {
            signed.push((signature.index, signature.prior));
        } else {
            bad += 1;
        }
    }
    let signers: BTreeSet<u32> = signed.iter().map(|(index, _)| *index).collect();
    let short = |refusal| if bad > 0 { Refusal::BadSignature { bad, good: signers.len() } } else { refusal };
    if !state.satisfied(signers.iter().copied()) {
        return Err(short(Refusal::ThresholdUnmet { good: signers.len() }));
    }
    let rotated = before.filter(|_| event.kind.establishes());
    if rotated.is_some_and(|(before, _)| !before.next_satisfied(&state, &signed)) {
        return Err(short(Refusal::NextThresholdUnmet));
    }

    let delegator = if event.kind.delegated() { state.delegator } else { None };
    let approval = delegator.map(|delegator| approval(logs, entry, delegator, below)).transpose()?;

    let (witnesses, bad) = witnesses(logs, entry, &state);
    if (witnesses.len() as u64) < u64::from(state.witness_threshold) {
        let needed = state.witness_threshold;
        return Err(Refusal::ReceiptsShort { good: witnesses.len(), bad, needed });
    }
    let accepted = Accepted { entry: at, state, signers, witnesses };
    Ok((accepted, approval.map(|sealed| (sealed.sn, sealed.index))))
}

/// The witnesses whose receipt of the event verifies, and how many receipts do not.
fn witnesses<'a>(logs: &Logs<'_, 'a>, entry: &Entry<'a>, state: &KeyState<'a>) -> (BTreeSet<u32>, usize) {
    let indexed = entry.witness_signatures.iter().map(|signature| {
        let key = state.witnesses.get(signature.index as usize).copied();
        (signature.index, key, signature.bytes())
    });
    let couples = entry.receipts.iter().filter_map(|receipt| {
        // A receipt by somebody who is no witness is no receipt, and no offence.
        let index = state.witnesses.iter().position(|witness| *witness == receipt.prefix)?;
        Some((index as u32, Some(receipt.prefix), receipt.bytes()))
    });
    let mut good = BTreeSet::new();
    let mut bad = 0;
    for (index, key, bytes) in indexed.chain(couples) {
        let holds = key
            .zip(bytes)
            .is_some_and(|(key, signature)| logs.signatures().hold(&Triple { key, message: entry.body, signature }));
        if holds {
            good.insert(index);
        } else {
            bad += 1;
        }
    }
    (good, bad)
}

/// Where the delegator's accepted log approves a delegated event. The attached source only tells where
/// to look: what counts is the seal in the log.
fn approval<'a>(
    logs: &Logs<'_, 'a>,
    entry: &Entry<'a>,
    delegator: &'a str,
    below: &mut Vec<&'a str>,
) -> Result<Sealed<'a>, Refusal<'a>> {
    let event = &entry.event;
    let Some(log) = logs.log_below(delegator, below) else {
        return Err(Refusal::DelegatorMissing { delegator });
    };
    let Some(first) = log.accepted.first() else {
        return Err(Refusal::ApprovalRefused { delegator, sn: 0 });
    };
    if first.state.traits.contains(&"DND") {
        return Err(Refusal::Trait { name: "DND" });
    }
    if let Some(sealed) = log.sealed(event.prefix, event.sn, event.said) {
        return Ok(sealed);
    }
    let refused = |said: &str| logs.events().index(said).is_some_and(|at| log.refusal(at).is_some());
    // Nothing in the log seals it: the attached source tells whether that may be for want of evidence.
    for (sn, said) in &entry.sources {
        match logs.events().find(said) {
            None if log.at(*sn).is_none() => return Err(Refusal::ApprovalMissing { delegator, sn: *sn }),
            None => {}
            Some(source) if source.event.prefix != delegator => {}
            Some(_) if refused(said) => return Err(Refusal::ApprovalRefused { delegator, sn: *sn }),
            Some(_) => {}
        }
    }
    Err(Refusal::NotApproved { delegator })
}
