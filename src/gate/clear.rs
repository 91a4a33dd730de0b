//! The eight steps in order, and what comes of them.

use super::code::Code;
use super::event;
use super::persons::{self, Qars};
use super::refusal::{Reason, Refusal};
use super::report::{self, Viewed};
use super::statement::{self, Basis};
use super::view::{LedgerView, StoreView};
use crate::check::Fresh;
use crate::check::fresh::LiveProblem;
use crate::keystore::{Act, EventToSign, PublicKey};
use crate::lock::{LockError, PolicyLock, SignedLock};
use crate::primitives::{Aid, Duration, Instant, Sha256};
use crate::proposal::{self, Assigned, Matched, Proven};
use crate::rehearsal;
use crate::report::json;
use crate::store::{Memory, Reservation};
use crate::trust::{NotSigned, Trust};

/// Said where neither a file nor an address is named.
pub const NO_LIVE: &str = "no live state is given";

/// What the gate is asked. Nothing in it is an option: the lock says with which rules, trust whom to believe.
#[derive(Debug, Clone, Copy)]
pub struct Question<'q> {
    /// The case as it stands now.
    pub fresh: &'q Fresh,
    /// The installation's trust.
    pub trust: &'q Trust,
    /// The policy lock, not verified; none: there is none.
    pub lock: Result<Option<&'q SignedLock>, &'q LockError>,
    /// The store, or why it cannot be used.
    pub store: Result<&'q StoreView, &'q str>,
    /// The ledger, or why it cannot be used.
    pub ledger: Result<&'q LedgerView, &'q str>,
}

/// The question, with the lock once it is in force.
pub(super) struct Asked<'q> {
    pub fresh: &'q Fresh,
    pub trust: &'q Trust,
    pub lock: Option<PolicyLock>,
    pub store: Result<&'q StoreView, &'q str>,
    pub ledger: Result<&'q LedgerView, &'q str>,
}

/// What holds where no lock says otherwise; nothing is signed then, and the reasons are told all the same.
const AGE_MAX_S: i64 = 900;

impl Asked<'_> {
    /// How old live state may be.
    fn live_max_age(&self) -> Duration {
        self.lock.as_ref().map_or(Duration::from_seconds(AGE_MAX_S), |lock| lock.live_max_age)
    }

    /// How old the approved report may be.
    pub fn report_max_age(&self) -> Duration {
        self.lock.as_ref().map_or(Duration::from_seconds(AGE_MAX_S), |lock| lock.report_max_age)
    }

    /// How far the clock may run behind.
    pub fn skew(&self) -> Duration {
        self.lock.as_ref().map_or(Duration::from_seconds(0), |lock| lock.skew)
    }
}

/// Reasons in the making.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub reasons: Vec<Reason>,
}

impl Found {
    pub fn push(&mut self, code: Code, message: String) {
        // A test that leaves a step out shows by what the attack on it is held; no user's gate can.
        if !rehearsal::leaves_out(code.step().as_str()) {
            self.reasons.push(Reason { code, message });
        }
    }
}

/// A yes about one event of one case. Only this module makes one, and `sign` takes nothing else.
///
/// ```compile_fail,E0451
/// use countersign::gate::Clearance;
/// let longer = |clearance: Clearance| Clearance { expires: "2099-01-01T00:00:00Z".parse().unwrap(), ..clearance };
/// let index = |clearance: &Clearance| clearance.index();
/// ```
///
/// The same without that line compiles:
///
/// ```
/// use countersign::gate::Clearance;
/// let index = |clearance: &Clearance| clearance.index();
/// ```
#[derive(Debug, Clone)]
pub struct Clearance {
    event: EventToSign,
    matched: Matched,
    case_id: String,
    bundle: Option<Sha256>,
    at: Instant,
    expires: Instant,
    index: u32,
    qar2: Aid,
    key_state: u64,
    key: PublicKey,
    memory: Memory,
    skew: Duration,
    report: String,
}

impl Clearance {
    /// The event, for the signer.
    pub fn event(&self) -> &EventToSign {
        &self.event
    }

    /// The proposal with QAR1's signature, to be merged with.
    pub fn matched(&self) -> &Matched {
        &self.matched
    }

    /// The decision as it will be signed.
    pub fn statement(&self) -> &str {
        self.event.decision()
    }

    /// What is to be reserved.
    pub fn reservation(&self) -> Reservation {
        let group = self.matched.group();
        Reservation {
            group: group.aid.clone(),
            sn: group.sn,
            said: self.event.said().clone(),
            signer: self.qar2.clone(),
            case_id: self.case_id.clone(),
            draft: self.statement().to_owned(),
            report: self.report.clone(),
            at: self.at,
        }
    }

    /// What the store is to remember, and how far the clock may run behind.
    pub fn memory(&self) -> (Memory, Duration) {
        (self.memory, self.skew)
    }

    /// When it was given.
    pub fn at(&self) -> Instant {
        self.at
    }

    /// The last instant at which it counts.
    pub fn expires(&self) -> Instant {
        self.expires
    }

    /// Where QAR2's key stands in the group.
    pub fn index(&self) -> u32 {
        self.index
    }

    /// QAR2, and the place of the event that established their key.
    pub fn qar2(&self) -> (&Aid, u64) {
        (&self.qar2, self.key_state)
    }

    /// The report of the gate's own run, in canonical JSON.
    pub fn report(&self) -> &str {
        &self.report
    }

    /// Whether it holds at an instant. Passphrases take time, and what is known grows old meanwhile.
    ///
    /// # Errors
    /// `clearance_over`.
    pub fn holds(&self, now: Instant) -> Result<(), Refusal> {
        if (self.at..=self.expires).contains(&now) {
            return Ok(());
        }
        let message = format!("the clearance of {} held until {}, and it is {now}", self.at, self.expires);
        Err(self.not_after_all(Code::ClearanceOver, message, now))
    }

    /// Whether this key may sign: it is QAR2's, the one that stands in the group. Nothing is opened for it.
    ///
    /// # Errors
    /// `other_key`.
    pub fn admits(&self, aid: &Aid, key: PublicKey) -> Result<(), Refusal> {
        if *aid == self.qar2 && key == self.key {
            return Ok(());
        }
        let message = format!(
            "the key is `{key}` of `{aid}`; at index {} of the group stands `{}` of QAR2, `{}`",
            self.index, self.key, self.qar2
        );
        Err(self.not_after_all(Code::OtherKey, message, self.at))
    }

    /// Whether a decision that was kept is about this event on this evidence, and rests on the report beside it.
    pub fn agrees_with(&self, draft: &str, report: &str) -> bool {
        statement::same_but_for_the_moment(self.statement(), draft, report)
    }

    /// A no that came after the yes: another process took the place meanwhile.
    pub fn overtaken(&self, why: String) -> Refusal {
        self.not_after_all(Code::PlaceTaken, why, self.at)
    }

    /// A no that came after the yes: the event was given up meanwhile.
    pub fn given_up(&self, why: String) -> Refusal {
        self.not_after_all(Code::EventGivenUp, why, self.at)
    }

    /// A no that came after the yes: the case is not as it was looked at.
    pub fn moved(&self, why: String) -> Refusal {
        self.not_after_all(Code::EvidenceChanged, why, self.at)
    }

    fn not_after_all(&self, code: Code, message: String, at: Instant) -> Refusal {
        Refusal::new(Some(&self.case_id), self.bundle, at, None, vec![Reason { code, message }])
    }
}

/// Decides.
///
/// # Errors
/// Every reason why not, in the order of the steps.
pub fn clear(question: &Question<'_>) -> Result<Clearance, Refusal> {
    let mut found = Found::default();
    let asked = locked(question, &mut found);
    let qars = Qars::of(&asked);
    snapshot(&asked, &qars, &mut found);
    live(&asked, &mut found);
    let viewed = report::check(&asked, &mut found);
    let proven = event::prove(&asked, &mut found);
    let matched = proven.as_ref().and_then(|proven| event::check(&asked, proven, &qars, &mut found));
    persons::check(&asked, &qars, proven.as_ref(), &mut found);
    report::used_elsewhere(&asked, matched.as_ref(), &mut found);
    let place = proven.as_ref().zip(matched.as_ref());
    reserve(&asked, place, &qars, &mut found);
    record(&asked, &mut found);

    let verdict = asked.fresh.report().ok().map(|report| report.content().verdict.as_str());
    let refused = |reasons: Vec<Reason>| {
        Refusal::new(asked.fresh.case_id(), asked.fresh.snapshot().digest(), asked.fresh.now(), verdict, reasons)
    };
    if !found.reasons.is_empty() {
        return Err(refused(found.reasons));
    }
    let whole = whole(&asked, viewed, proven, matched, qars);
    whole.map_err(|message| refused(vec![Reason { code: Code::NotSignable, message }]))
}

/// The clearance of a question that has no reason against it.
fn whole(
    asked: &Asked<'_>,
    viewed: Option<Viewed>,
    proven: Option<Proven>,
    matched: Option<Matched>,
    qars: Qars,
) -> Result<Clearance, String> {
    let missing = |what: &str| format!("{what} is missing");
    let proven = proven.ok_or_else(|| missing("what is proven"))?;
    let matched = matched.ok_or_else(|| missing("the proposal"))?;
    let qar1 = qars.qar1.ok_or_else(|| missing("QAR1"))?;
    let qar2: Assigned = qars.qar2.ok_or_else(|| missing("QAR2"))?;
    let viewed = viewed.ok_or_else(|| missing("the approved report"))?;
    let lock = asked.lock.as_ref().ok_or_else(|| missing("the policy lock"))?;
    let report = asked.fresh.report()?;
    let document = report.document();
    let bytes = json::render(report);
    let index = proven.member_index(&qar2.aid).ok_or_else(|| missing("QAR2's place in the group"))?;
    let key = proven.group().keys.get(index as usize).and_then(|key| key.parse().ok());
    let key: PublicKey = key.ok_or_else(|| missing("QAR2's key in the group"))?;
    let state = asked.fresh.state().states.get(&qar2.aid).ok_or_else(|| missing("QAR2's key state"))?;
    let case_id = asked.fresh.case_id().ok_or_else(|| missing("the case's id"))?.to_owned();
    // Until whatever it rests on is too old first.
    let fetched_at = asked.fresh.fetched_at().ok_or_else(|| missing("the live state"))?;
    let limits = [fetched_at.checked_add(lock.live_max_age), viewed.as_of.checked_add(lock.report_max_age)];
    let limits = limits.into_iter().flatten().chain(document.valid_until);
    let expires = limits.fold(lock.expires, Instant::min);
    let basis = Basis {
        matched: &matched,
        report: document,
        report_digest: Sha256::of(&bytes),
        viewed: viewed.digest,
        qar1: &qar1,
        qar2: &qar2,
        expires,
    };
    let statement = statement::write(asked, &basis);
    let report = String::from_utf8(bytes).map_err(|error| error.to_string())?;
    let act = match matched.act() {
        proposal::Act::Issue => Act::Issue,
        proposal::Act::Revoke(_) => Act::Revoke,
    };
    let event = EventToSign::cleared(act, matched.event(), &statement, Some(&report));
    let memory = Memory {
        lock_serial: Some(lock.serial),
        trust_serial: Some(asked.trust.serial),
        latest: Some(asked.fresh.now()),
    };
    Ok(Clearance {
        event: event.map_err(|error| error.to_string())?,
        case_id,
        bundle: asked.fresh.snapshot().digest(),
        at: asked.fresh.now(),
        expires,
        index,
        key_state: state.sn,
        qar2: qar2.aid,
        key,
        memory,
        skew: lock.skew,
        report,
        matched,
    })
}

/// Step 1.
fn snapshot(asked: &Asked<'_>, qars: &Qars, found: &mut Found) {
    let snapshot = asked.fresh.snapshot();
    let problems = snapshot.problems();
    if let Some(first) = problems.first() {
        let more = match problems.len() - 1 {
            0 => String::new(),
            more => format!(", and {more} more"),
        };
        found.push(Code::EvidenceChanged, format!("`{}`: {}{more}", first.path, first.message));
    }
    let Some(digest) = snapshot.digest() else {
        return found.push(Code::EvidenceChanged, "the bundle has no manifest that can be read".to_owned());
    };
    let shown = |bundle: Option<Sha256>| bundle.map_or_else(|| "no bundle".to_owned(), |digest| digest.to_string());
    let papers = asked.fresh.papers();
    match papers.submissions.as_slice() {
        [one] => {
            if qars.qar1.as_ref().is_none_or(|qar1| !one.signers.contains(&qar1.aid)) {
                found.push(Code::NotSubmitted, "no signature of QAR1 on the submission holds".to_owned());
            }
            if one.bundle != Some(digest) {
                let message = format!("bundle {} was submitted, and this is {digest}", shown(one.bundle));
                found.push(Code::OtherSubmitted, message);
            }
        }
        several => found.push(Code::NotSubmitted, format!("there are {} submissions", several.len())),
    }
    match papers.decision() {
        Some(approval) => {
            if approval.decision != "approve" {
                let message = format!("`{}` says `{}`", approval.path, approval.decision);
                found.push(Code::NotApproved, message);
            }
            if qars.qar2.as_ref().is_none_or(|qar2| !approval.signers.contains(&qar2.aid)) {
                found.push(Code::NotApproved, format!("no signature of QAR2 on `{}` holds", approval.path));
            }
            if approval.bundle != Some(digest) {
                let message = format!("bundle {} was approved, and this is {digest}", shown(approval.bundle));
                found.push(Code::OtherApproved, message);
            }
            if approval.report.is_none() {
                found.push(Code::NotApproved, format!("`{}` names no report", approval.path));
            }
        }
        None => found.push(Code::NotApproved, "there is no approval that is the last one".to_owned()),
    }
    for given_up in &papers.abandonments {
        found.push(Code::EventGivenUp, format!("`{}` gives the event up: {}", given_up.path, given_up.cause));
    }
}

/// Step 2.
pub(super) fn locked<'q>(question: &Question<'q>, found: &mut Found) -> Asked<'q> {
    let Question { fresh, trust, lock, store, ledger } = *question;
    let memory = store.map(|store| store.memory).unwrap_or_default();
    if let Some(held) = memory.trust_serial.filter(|held| trust.serial < *held) {
        let message = format!("the trust file has serial {}, and serial {held} was in force here", trust.serial);
        found.push(Code::TrustRolledBack, message);
    }
    // Whoever writes a trust file of their own would name their own officers and policy keys in it.
    if let Some(known) = ledger.ok().map(|ledger| ledger.trust).filter(|known| *known != Some(trust.digest)) {
        let known = known.map_or_else(|| "none".to_owned(), |digest| digest.to_string());
        let message = format!("the trust file is {}, and the ledger knows {known} as the last one", trust.digest);
        found.push(Code::TrustNotInForce, message);
    }
    let lock = match lock {
        Ok(None) => {
            found.push(Code::NoLock, "no policy lock is given".to_owned());
            None
        }
        Err(error) => {
            found.push(lock_code(error), error.to_string());
            None
        }
        Ok(Some(signed)) => match signed.verified(trust, fresh.now(), memory.lock_serial) {
            Ok(lock) => Some(lock),
            Err(error) => {
                found.push(lock_code(&error), error.to_string());
                None
            }
        },
    };
    if let Some(lock) = &lock {
        if let Err(error) = lock.pins(&fresh.policy()) {
            found.push(lock_code(&error), error.to_string());
        }
        let made_with = fresh.terms().is_some_and(|terms| {
            let same = |(name, value): &(String, String)| lock.parameters.get(name) == Some(value);
            terms.profile == lock.profile
                && terms.parameters.len() == lock.parameters.len()
                && terms.parameters.iter().all(same)
        });
        if !made_with {
            found.push(Code::NotJudged, "the report was not made with the locked profile and parameters".to_owned());
        }
        let flow = fresh.flow().unwrap_or_default();
        if !lock.flows.contains(flow) {
            found.push(Code::FlowNotLocked, format!("the policy lock does not list the flow `{flow}`"));
        }
    }
    Asked { fresh, trust, lock, store, ledger }
}

fn lock_code(error: &LockError) -> Code {
    match error {
        LockError::NotJson { .. } | LockError::Invalid { .. } => Code::LockUnusable,
        LockError::OtherTrust { .. } => Code::LockOtherTrust,
        LockError::NotSigned(why) => match why {
            NotSigned::Unsigned { .. }
            | NotSigned::BelowThreshold { .. }
            | NotSigned::Foreign { .. }
            | NotSigned::Twice { .. }
            | NotSigned::LogMissing { .. }
            | NotSigned::Duplicity { .. }
            | NotSigned::OtherState { .. }
            | NotSigned::Superseded { .. }
            | NotSigned::Bad { .. }
            | NotSigned::NotInForce { .. }
            | NotSigned::Signer(_) => Code::LockUnsigned,
        },
        LockError::NotYet { .. } => Code::LockNotYet,
        LockError::Expired { .. } => Code::LockExpired,
        LockError::RolledBack { .. } => Code::LockRolledBack,
        LockError::EngineTooOld { .. } => Code::LockEngine,
        LockError::OtherPolicies { .. } => Code::OtherPolicies,
    }
}

/// Step 3.
pub(super) fn live(asked: &Asked<'_>, found: &mut Found) {
    let Some(age) = asked.fresh.live_age() else {
        let why = asked.fresh.no_live().unwrap_or(NO_LIVE).to_owned();
        return found.push(Code::NoLiveState, why);
    };
    let seconds = age.nanoseconds() / 1_000_000_000;
    if age > asked.live_max_age() {
        let limit = asked.live_max_age().nanoseconds() / 1_000_000_000;
        found.push(Code::LiveStale, format!("the live state is {seconds} s old, and {limit} s are allowed"));
    }
    let ahead = Duration::from_nanoseconds(age.nanoseconds().saturating_neg());
    if ahead.is_none_or(|ahead| ahead > asked.skew()) {
        found.push(Code::LiveStale, format!("the live state is dated {} s from now", -seconds));
    }
    let act = asked.fresh.flow().and_then(proposal::Act::of_flow);
    let revokes = matches!(act, Some(proposal::Act::Revoke(_)));
    for problem in &asked.fresh.state().problems {
        let (code, message) = match problem {
            LiveProblem::Unusable { why } => (Code::LiveUnusable, format!("the live state does not hold: {why}")),
            LiveProblem::Incomplete { what } => (Code::LiveIncomplete, format!("the live state does not hold {what}")),
            LiveProblem::Behind { aid, live, evidence } => {
                let message = format!("the live log of `{aid}` has {live} events, and the bundle has {evidence}");
                (Code::LiveBehind, message)
            }
            LiveProblem::Contradicts { aid, sn } => {
                let message = format!("the live log of `{aid}` has another event {sn} than the bundle");
                (Code::LiveContradicts, message)
            }
            // A QVI that lost its credential must still be able to take back what it issued.
            LiveProblem::Revoked { .. } if revokes => continue,
            LiveProblem::Revoked { credential } => {
                (Code::AuthorityRevoked, format!("the QVI credential `{credential}` is revoked"))
            }
        };
        found.push(code, message);
    }
}

/// Step 7, as far as it is known before the key is compared.
fn reserve(asked: &Asked<'_>, place: Option<(&Proven, &Matched)>, qars: &Qars, found: &mut Found) {
    match asked.store {
        Err(why) => found.push(Code::NoStore, why.to_owned()),
        Ok(store) => {
            if store.read_only {
                found.push(Code::StoreReadOnly, "the store can be read, and not written".to_owned());
            }
            let forgotten = asked.ledger.map(|ledger| ledger.decisions.as_slice()).unwrap_or_default();
            for (row, _) in forgotten.iter().filter(|(_, decision)| !store.has_decision(decision)) {
                let message = format!("row {row} of the ledger is a decision that the store does not know");
                found.push(Code::StoreRolledBack, message);
            }
            let Some((proven, matched)) = place else { return };
            let (group, sn) = (&proven.group().aid, proven.group().sn);
            if store.given_up(group, sn, &matched.draft().anchor.said) {
                let message = format!("both QARs gave event `{}` up", matched.draft().anchor.said);
                found.push(Code::EventGivenUp, message);
            }
            if let Some(held) = store.taken(group, sn, &matched.draft().anchor.said) {
                let reserved = &held.reservation;
                let message = format!(
                    "place {sn} of `{group}` is {} for event `{}` of case `{}` since {}",
                    held.state, reserved.said, reserved.case_id, reserved.at
                );
                found.push(Code::PlaceTaken, message);
            }
            // One key signs one event at a place, in whichever part.
            let qar2 = qars.qar2.as_ref().map(|qar2| &qar2.aid);
            let own = qar2.and_then(|qar2| store.proposed(qar2, group, sn, &matched.draft().anchor.said));
            if let Some(held) = own {
                let of = &held.proposal;
                let message = format!(
                    "QAR2 proposed event `{}` of case `{}` for place {sn} of `{group}` at {}",
                    of.said, of.case_id, of.at
                );
                found.push(Code::PlaceTaken, message);
            }
        }
    }
}

/// Step 8: whether the ledger can take the decision, and still has those that it took.
pub(super) fn record(asked: &Asked<'_>, found: &mut Found) {
    let ledger = match asked.ledger {
        Ok(ledger) => ledger,
        Err(why) => return found.push(Code::NoLedger, why.to_owned()),
    };
    match asked.trust.ledger_genesis {
        Some(genesis) if genesis == ledger.genesis => {}
        Some(genesis) => {
            let message = format!("the ledger begins with {}, and the trust file names {genesis}", ledger.genesis);
            found.push(Code::OtherLedger, message);
        }
        None => found.push(Code::OtherLedger, "the trust file names no ledger".to_owned()),
    }
    if let Some(seen) = asked.store.ok().and_then(|store| store.row).filter(|seen| !ledger.still_has(seen)) {
        let message = format!("row {} of the ledger is gone or changed; it was seen with hash {}", seen.seq, seen.hash);
        found.push(Code::LedgerChanged, message);
    }
    let history = asked.store.map(|store| store.history.as_slice()).unwrap_or_default();
    for held in history {
        let (Some(seq), Some(decision)) = (held.row_seq, &held.decision) else { continue };
        if !ledger.has(seq, &Sha256::of(decision.as_bytes())) {
            let message = format!("row {seq} of the ledger is not the decision about `{}`", held.reservation.said);
            found.push(Code::LedgerChanged, message);
        }
    }
}
