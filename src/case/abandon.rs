//! A QAR gives the proposed event up. Both must, and what becomes of its place in the log is for the gate to say.

use std::fmt;
use std::str::FromStr;

use serde_json::json;

use crate::bundle::json::{Numbers, Tree};
use crate::bundle::place::printable;
use crate::primitives::{Aid, Said};

use super::act::{Desk, TEXT_MAX, text};
use super::draft::{Actor, Draft, Header};
use super::error::CaseError;
use super::progress::Role;

/// Why an event is given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cause {
    /// Nobody wants it any more.
    Withdrawn,
    /// It should never have been proposed.
    Mistake,
    /// What it rests on is not so any more.
    EvidenceChanged,
    /// The log went on without it.
    Overtaken,
    /// A key that it needs is gone.
    KeyLost,
}

impl Cause {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Withdrawn, Self::Mistake, Self::EvidenceChanged, Self::Overtaken, Self::KeyLost];

    /// As records write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Withdrawn => "withdrawn",
            Self::Mistake => "mistake",
            Self::EvidenceChanged => "evidence-changed",
            Self::Overtaken => "overtaken",
            Self::KeyLost => "key-lost",
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Cause {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = Self::ALL.into_iter().find(|cause| cause.as_str() == text);
        let names = || Self::ALL.map(Self::as_str).join(", ");
        known.ok_or_else(|| format!("`{}` is no cause; causes: {}", printable(text), names()))
    }
}

/// Why a QAR gives an event up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GiveUp<'s> {
    /// In a word.
    pub cause: Cause,
    /// In their own words.
    pub reason: &'s str,
}

/// QAR1 or QAR2 gives the proposed event up.
///
/// # Errors
/// `not_assigned`, `not_the_qar`, `other_aid`, `unsealed`, `nothing_proposed`, `given_up`, `no_text`.
pub fn abandon(desk: &Desk<'_>, actor: &Actor, said: &GiveUp<'_>) -> Result<Draft, CaseError> {
    let role = match desk.progress().qar(Role::Qar1, desk.now()) {
        Some(qar1) if qar1.person == actor.person => Role::Qar1,
        Some(_) | None => Role::Qar2,
    };
    desk.acts_as(role, actor)?;
    let bundle = desk.sealed()?;
    let (group, sn, event) = proposed(desk)?;
    if let Some(path) = desk.progress().given_up_by(&actor.aid) {
        return Err(CaseError::GivenUp { person: printable(&actor.person), path: path.to_owned() });
    }
    let reason = text(said.reason, "reason", "--reason", TEXT_MAX)?;
    let mut writer = desk.write(actor)?;
    writer.tell("event", format!("{event}, number {sn} of {group}"));
    writer.tell("cause", said.cause);
    writer.tell("reason", &reason);
    let id = format!("abandonment-{}", writer.nth("abandonment"));
    writer.record(
        Header { kind: "abandonment", id: &id, file: "abandonment", producer: "qvi", bundle: Some(bundle) },
        [
            ("group_aid", json!(group.as_str())),
            ("event_sn", json!(sn)),
            ("event_said", json!(event.as_str())),
            ("cause", json!(said.cause.as_str())),
            ("reason", json!(reason)),
            ("abandoned_by", json!(actor.person)),
            ("abandoned_by_aid", json!(actor.aid.as_str())),
            ("abandoned_at", json!(desk.now().to_string())),
        ],
        None,
    );
    Ok(writer.finish())
}

/// The event that the proposal names: group, place, digest.
fn proposed(desk: &Desk<'_>) -> Result<(Aid, u64, Said), CaseError> {
    let proposal = desk.progress().proposal().ok_or(CaseError::NothingProposed)?;
    let unreadable = || CaseError::Unreadable { path: proposal.path.clone(), field: "anchor".to_owned() };
    let file = desk.snapshot().find(&proposal.path).and_then(|id| desk.snapshot().file(id).bytes());
    let tree = file.and_then(|bytes| Tree::parse(bytes, Numbers::Integers).ok()).ok_or_else(unreadable)?;
    let field = |name: &str| tree.get("anchor")?.get(name);
    let text = |name: &str| field(name).and_then(Tree::text);
    let sn = field("sn").and_then(Tree::integer).and_then(|sn| u64::try_from(sn).ok());
    let found = (text("aid").and_then(|aid| aid.parse().ok()), sn, text("said").and_then(|said| said.parse().ok()));
    match found {
        (Some(group), Some(sn), Some(said)) => Ok((group, sn, said)),
        (None, _, _) | (_, None, _) | (_, _, None) => Err(unreadable()),
    }
}
