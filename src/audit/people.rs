//! Who held the group's keys when: statements of the officers against rotations of the log.
//!
//! In: the roster of each case, and the establishment events of its group. Out: what changed, in order of time, and
//! findings where one changed without the other.

use std::collections::HashMap;

use super::Question;
use super::code::Code;
use super::conclude::{Findings, number};
use super::error::AuditError;
use super::journal::Journal;
use super::traces::{Roster, seconds};
use crate::keri::population::Establishment;
use crate::primitives::Instant;
use crate::report::audit::RosterEntry;

/// Statements in the making: a few bytes a case.
#[derive(Default)]
pub(super) struct Rosters {
    /// A number for the group, when it was stated, a number for its members, and the place of the case.
    stated: Vec<(i64, i64, i64, u32)>,
}

impl Rosters {
    pub(super) fn take(&mut self, roster: &Roster, at: u32) {
        let members: Vec<String> =
            roster.members.iter().map(|(index, person, aid)| format!("{index} {person} {aid}")).collect();
        let members = number(&members.join("\n"));
        self.stated.push((number(&roster.qvi), seconds(roster.stated_at), members, at));
    }

    pub(super) fn finish(
        mut self,
        question: &Question<'_>,
        journal: &Journal,
        findings: &mut Findings<'_>,
    ) -> Result<Vec<RosterEntry>, AuditError> {
        self.stated.sort_unstable();
        // The last of each group.
        let last_stated: HashMap<i64, i64> = self.stated.iter().map(|(group, at, ..)| (*group, *at)).collect();
        // Only where something changed; what stayed as it was is the same statement again.
        self.stated.dedup_by_key(|(group, _, members, _)| (*group, *members));
        let mut entries: Vec<RosterEntry> = Vec::new();
        let mut before: Option<(i64, i64, String)> = None;
        for (group, stated, _, at) in &self.stated {
            let Some(row) = journal.row(*at as usize)? else { continue };
            let Some(roster) = &row.traces.roster else { continue };
            let case = &row.entry.case;
            let members = roster.members.iter().map(|(index, person, aid)| format!("{index} {person} {aid}"));
            let changed = before.filter(|(of, since, _)| of == group && !may_have_rotated(question, roster, *since));
            if let Some((_, since, of)) = changed {
                let since = Instant::from_nanoseconds(i128::from(since) * 1_000_000_000);
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
            entries.push(RosterEntry {
                at: Some(roster.stated_at),
                what: "roster".to_owned(),
                members: members.collect(),
                source: case.clone(),
            });
            before = Some((*group, *stated, case.clone()));
        }
        for event in &question.registries.establishments {
            let rotated = event.first_seen.filter(|at| event.sn > 0 && question.period.holds(*at));
            if let (Some(at), Some(last)) = (rotated, last_stated.get(&number(event.issuer.as_str())))
                && *last < seconds(at)
            {
                let message = format!(
                    "the keys of the group were rotated at {at} (event {}), and no roster of the year is later",
                    event.sn
                );
                findings.add(Code::RotationWithoutRoster, event.said.as_str(), Vec::new(), message);
            }
            entries.push(RosterEntry {
                at: event.first_seen,
                what: "keys".to_owned(),
                members: event.keys.clone(),
                source: format!("event {} `{}`", event.sn, event.said),
            });
        }
        // What nobody dates comes first: the inception, as a rule.
        entries.sort_by(|a, b| (a.at, &a.what, &a.source).cmp(&(b.at, &b.what, &b.source)));
        Ok(entries)
    }
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
