//! Whether the place of an event in the group's log may be given up.
//!
//! Both QARs must have said so, each in a record that they signed, and the live log must not have the event. What was
//! signed once keeps its place for ever: the signature may be with anybody, and two different events at one place are
//! what must never be. Such a place is left behind when the group's log goes on.

use serde_json::json;

use super::clear::{Asked, Found, Question, live, locked, record};
use super::code::Code;
use super::persons::{self, Qars};
use super::refusal::Refusal;
use super::statement::canonical;
use crate::check::fresh::Abandonment;
use crate::primitives::{Aid, Instant, Said, Sha256};
use crate::store::{Abandoned, State};

/// A yes to giving one event up. Only this module makes one.
///
/// ```compile_fail
/// use countersign::gate::GivenUp;
/// let given_up: GivenUp = Default::default();
/// let text = |given_up: &GivenUp| given_up.text().len();
/// ```
///
/// The same without that line compiles:
///
/// ```
/// use countersign::gate::GivenUp;
/// let text = |given_up: &GivenUp| given_up.text().len();
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenUp {
    group: Aid,
    sn: u64,
    said: Said,
    records: [Sha256; 2],
    state: State,
    qar2: Aid,
    at: Instant,
    text: String,
}

impl GivenUp {
    /// The group, the place in its log, and the event.
    pub fn place(&self) -> (&Aid, u64, &Said) {
        (&self.group, self.sn, &self.said)
    }

    /// The records of QAR1 and QAR2.
    pub fn records(&self) -> [Sha256; 2] {
        self.records
    }

    /// What the store is told.
    pub fn abandoned(&self) -> Abandoned<'_> {
        let Self { group, sn, said, records, .. } = self;
        Abandoned { group, sn: *sn, said, records: *records, is_signed: !self.frees_place() }
    }

    /// How far the signature of QAR2 had come.
    pub fn state(&self) -> State {
        self.state
    }

    /// Whether another event may have the place: QAR2 never signed there, and nobody else signs without the other.
    pub fn frees_place(&self) -> bool {
        frees(self.state)
    }

    /// Who signs for it in the ledger.
    pub fn qar2(&self) -> &Aid {
        &self.qar2
    }

    /// When.
    pub fn at(&self) -> Instant {
        self.at
    }

    /// The document in RFC 8785 form: what the ledger's row has the digest of.
    pub fn text(&self) -> &str {
        &self.text
    }
}

fn frees(state: State) -> bool {
    match state {
        State::Reserved => true,
        State::Signed | State::Decided | State::Logged | State::Released | State::Abandoned => false,
    }
}

/// Decides.
///
/// # Errors
/// Every reason why not, in the order of the steps.
pub fn give_up(question: &Question<'_>) -> Result<GivenUp, Refusal> {
    let mut found = Found::default();
    let asked = locked(question, &mut found);
    let qars = Qars::of(&asked);
    live(&asked, &mut found);
    persons::check(&asked, &qars, None, &mut found);
    let both = both(&asked, &qars, &mut found);
    let held = both.as_ref().and_then(|both| held(&asked, both, &mut found));
    record(&asked, &mut found);
    found.reasons.retain(|reason| !of_signing_only(reason.code));
    let refused = |found: Found| {
        Refusal::new(asked.fresh.case_id(), asked.fresh.snapshot().digest(), asked.fresh.now(), None, found.reasons)
    };
    match (both, held, qars.qar2) {
        (Some(both), Some(held), Some(qar2)) if found.reasons.is_empty() => Ok(made(&asked, both, held, qar2.aid)),
        (_, _, _) => {
            if found.reasons.is_empty() {
                found.push(Code::NotGivenUp, "it is not known who gave what up".to_owned());
            }
            Err(refused(found))
        }
    }
}

/// Reasons that speak against signing, and not against giving up: who has lost the authority, the key or the report
/// gives up as well.
fn of_signing_only(code: Code) -> bool {
    [
        Code::AuthorityRevoked,
        Code::NotJudged,
        Code::FlowNotLocked,
        Code::KeyNotInPlace,
        Code::PreparerSigns,
        Code::NoPreparer,
        Code::WaiverByParty,
    ]
    .contains(&code)
}

/// What both QARs gave up.
struct Both {
    group: Aid,
    sn: u64,
    said: Said,
    records: [Sha256; 2],
    causes: [String; 2],
}

fn both(asked: &Asked<'_>, qars: &Qars, found: &mut Found) -> Option<Both> {
    let papers = &asked.fresh.papers().abandonments;
    let mut by = |role: &str, aid: Option<&Aid>| -> Option<&Abandonment> {
        let own = aid.and_then(|aid| papers.iter().find(|paper| paper.signers.contains(aid)));
        if own.is_none() {
            found.push(Code::NotGivenUp, format!("no record that {role} signed gives the event up"));
        }
        own
    };
    let one = by("QAR1", qars.qar1.as_ref().map(|qar| &qar.aid));
    let other = by("QAR2", qars.qar2.as_ref().map(|qar| &qar.aid));
    let (one, other) = one.zip(other)?;
    let ((group, sn), said) = one.place.clone().zip(one.said.clone())?;
    if one.path == other.path
        || other.place.as_ref() != Some(&(group.clone(), sn))
        || other.said.as_ref() != Some(&said)
    {
        let message = format!("`{}` and `{}` are not two records about one event", one.path, other.path);
        found.push(Code::NotGivenUp, message);
        return None;
    }
    let records = [one.digest?, other.digest?];
    Some(Both { group, sn, said, records, causes: [one.cause.clone(), other.cause.clone()] })
}

/// What the store holds for the event, if it may be given up.
fn held(asked: &Asked<'_>, both: &Both, found: &mut Found) -> Option<State> {
    let store = match asked.store {
        Ok(store) => store,
        Err(why) => {
            found.push(Code::NoStore, why.to_owned());
            return None;
        }
    };
    let Both { group, sn, said, .. } = both;
    let case = asked.fresh.case_id().unwrap_or_default();
    let held = store.history.iter().rev().find(|held| {
        let reserved = &held.reservation;
        reserved.group == *group && reserved.sn == *sn && reserved.said == *said && reserved.case_id == case
    });
    let proposed = store.proposals.iter().rev().any(|held| {
        let of = &held.proposal;
        of.group == *group && of.sn == *sn && of.said == *said && of.case_id == case
    });
    // What was given up before says so with the same words.
    let held = held.map(|held| match (held.state, &held.signature) {
        (State::Abandoned, None) => State::Reserved,
        (State::Abandoned, Some(_)) => State::Signed,
        (state, _) => state,
    });
    let held = held.or(proposed.then_some(State::Reserved));
    if held.is_none() {
        found.push(Code::NothingReserved, format!("no place is held for event `{said}`, number {sn} of `{group}`"));
    }
    let at = usize::try_from(*sn).ok().and_then(|sn| asked.fresh.state().group.get(sn));
    if at == Some(said) {
        found.push(Code::EventInLog, format!("event `{said}` is number {sn} in the live log of `{group}`"));
    }
    held
}

fn made(asked: &Asked<'_>, both: Both, state: State, qar2: Aid) -> GivenUp {
    let Both { group, sn, said, records, causes } = both;
    let digests = records.map(|digest| format!("sha256:{digest}"));
    let text = canonical(&json!({
        "format": "countersign/abandonment/v1",
        "case": asked.fresh.case_id(),
        "event": { "group": group.to_string(), "sn": sn.to_string(), "said": said.to_string() },
        "causes": causes,
        "records": digests,
        "signed": if frees(state) { "no" } else { "yes" },
        "place": if frees(state) { "free" } else { "held" },
    }));
    GivenUp { group, sn, said, records, state, qar2, at: asked.fresh.now(), text }
}
