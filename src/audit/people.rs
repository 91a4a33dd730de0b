//! Who held the group's keys when: statements of the officers against rotations of the log.
//!
//! In: the roster of each case, and the establishment events of its group. Out: what changed, in order of time, and
//! findings where one changed without the other.

use std::collections::HashMap;

use super::Question;
use super::code::Code;
use super::conclude::{Findings, number, topic};
use super::error::AuditError;
use super::journal::Journal;
use super::sorter::Record;
use super::traces::{Roster, seconds};
use crate::keri::population::Establishment;
use crate::primitives::{Instant, Sha256};
use crate::report::audit::RosterEntry;

/// What changed, in the making.
#[derive(Default)]
pub(super) struct Rosters {
    entries: Vec<RosterEntry>,
    /// The last statement about each group, by what stands for the group.
    last_stated: HashMap<Sha256, i64>,
}

/// A statement as it is sorted: by group, in order of time.
pub(super) fn record(roster: &Roster, who: u32) -> Record {
    let members: Vec<String> = members(roster).collect();
    let key = Sha256::of(roster.qvi.as_bytes());
    let (at, also) = (seconds(roster.stated_at), number(&members.join("\n")));
    Record { topic: topic::ROSTER, key, at, also, who, note: 0 }
}

impl Rosters {
    /// Takes all statements about one group.
    pub(super) fn group(
        &mut self,
        question: &Question<'_>,
        journal: &Journal,
        group: &[Record],
        findings: &mut Findings<'_>,
    ) -> Result<(), AuditError> {
        let mut before: Option<(&Record, String)> = None;
        for record in group {
            // Only where something changed; what stayed as it was is the same statement again.
            if before.as_ref().is_some_and(|(before, _)| before.also == record.also) {
                continue;
            }
            let Some(row) = journal.row(record.who as usize)? else { continue };
            let Some(roster) = &row.traces.roster else { continue };
            let case = &row.entry.case;
            let changed = before.filter(|(before, _)| !may_have_rotated(question, roster, before.at));
            if let Some((before, of)) = changed {
                let since = Instant::from_nanoseconds(i128::from(before.at) * 1_000_000_000);
                let message = format!(
                    "the roster of {} differs from that of {}, and the keys of the group did not change between them",
                    roster.stated_at,
                    since.map_or_else(|| of.clone(), |since| since.to_string())
                );
                findings.add(
                    Code::RosterWithoutRotation,
                    roster.stated_at.to_string(),
                    vec![of, case.clone()],
                    message,
                );
            }
            size(question, roster, case, findings);
            self.entries.push(RosterEntry {
                at: Some(roster.stated_at),
                what: "roster".to_owned(),
                members: members(roster).collect(),
                source: case.clone(),
            });
            before = Some((record, case.clone()));
        }
        self.last_stated.extend(group.last().map(|last| (last.key, last.at)));
        Ok(())
    }

    pub(super) fn finish(mut self, question: &Question<'_>, findings: &mut Findings<'_>) -> Vec<RosterEntry> {
        for event in &question.registries.establishments {
            let rotated = event.first_seen.filter(|at| event.sn > 0 && question.period.holds(*at));
            if let (Some(at), Some(last)) =
                (rotated, self.last_stated.get(&Sha256::of(event.issuer.as_str().as_bytes())))
                && *last < seconds(at)
            {
                let message = format!(
                    "the keys of the group were rotated at {at} (event {}), and no roster of the year is later",
                    event.sn
                );
                findings.add(Code::RotationWithoutRoster, event.said.as_str(), Vec::new(), message);
            }
            self.entries.push(RosterEntry {
                at: event.first_seen,
                what: "keys".to_owned(),
                members: event.keys.clone(),
                source: format!("event {} `{}`", event.sn, event.said),
            });
        }
        // What nobody dates comes first: the inception, as a rule.
        self.entries.sort_by(|a, b| (a.at, &a.what, &a.source).cmp(&(b.at, &b.what, &b.source)));
        self.entries
    }
}

fn members(roster: &Roster) -> impl Iterator<Item = String> {
    roster.members.iter().map(|(index, person, aid)| format!("{index} {person} {aid}"))
}

/// The establishment events of a roster's group.
fn of_group<'q>(question: &Question<'q>, roster: &Roster) -> Vec<&'q Establishment> {
    question.registries.establishments.iter().filter(|event| event.issuer.as_str() == roster.qvi).collect()
}

/// Whether a rotation may lie between a moment and a statement: one that nobody dates may lie anywhere.
fn may_have_rotated(question: &Question<'_>, roster: &Roster, since: i64) -> bool {
    of_group(question, roster).iter().filter(|event| event.sn > 0).any(|event| match event.first_seen {
        None => true,
        Some(at) => (since..=seconds(roster.stated_at)).contains(&seconds(at)),
    })
}

/// As many people as keys, at the moment of the statement; not told where that moment's keys are not known.
fn size(question: &Question<'_>, roster: &Roster, case: &str, findings: &mut Findings<'_>) {
    let establishments = of_group(question, roster);
    let undated = establishments.iter().any(|event| event.sn > 0 && event.first_seen.is_none());
    let in_force =
        establishments.iter().rfind(|event| event.sn == 0 || event.first_seen.is_some_and(|at| at <= roster.stated_at));
    let Some(event) = in_force.filter(|_| !undated) else { return };
    if event.keys.len() != roster.members.len() {
        let message = format!(
            "the roster of {} has {} people, and the group {} keys (event {})",
            roster.stated_at,
            roster.members.len(),
            event.keys.len(),
            event.sn
        );
        findings.add(Code::RosterSize, roster.stated_at.to_string(), vec![case.to_owned()], message);
    }
}
