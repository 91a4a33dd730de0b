//! Who held the group's keys when: statements of the officers against rotations of the log.
//!
//! In: the roster of each case, and the establishment events of the group. Out: what changed, in order of time, and
//! findings where one changed without the other.

use super::Question;
use super::code::Code;
use super::conclude::{Findings, number};
use super::error::AuditError;
use super::journal::Journal;
use super::traces::{Roster, seconds};
use crate::primitives::Instant;
use crate::report::audit::RosterEntry;

/// Statements in the making: a few bytes a case.
#[derive(Default)]
pub(super) struct Rosters {
    /// When it was stated, a number for its members, and the place of the case.
    stated: Vec<(i64, i64, u32)>,
}

impl Rosters {
    pub(super) fn take(&mut self, roster: &Roster, at: u32) {
        let members: Vec<String> =
            roster.members.iter().map(|(index, person, aid)| format!("{index} {person} {aid}")).collect();
        self.stated.push((seconds(roster.stated_at), number(&members.join("\n")), at));
    }

    pub(super) fn finish(
        mut self,
        question: &Question<'_>,
        journal: &Journal,
        findings: &mut Findings<'_>,
    ) -> Result<Vec<RosterEntry>, AuditError> {
        self.stated.sort_unstable();
        let last_stated = self.stated.last().map(|(at, _, _)| *at);
        // Only where something changed; what stayed as it was is the same statement again.
        self.stated.dedup_by_key(|(_, members, _)| *members);
        let mut entries: Vec<RosterEntry> = Vec::new();
        let mut before: Option<(i64, String)> = None;
        for (stated, _, at) in &self.stated {
            let Some(row) = journal.row(*at as usize)? else { continue };
            let Some(roster) = &row.traces.roster else { continue };
            let case = &row.entry.case;
            let members = roster.members.iter().map(|(index, person, aid)| format!("{index} {person} {aid}"));
            if let Some((since, of)) = before.filter(|(since, _)| !may_have_rotated(question, *since, *stated)) {
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
            before = Some((*stated, case.clone()));
        }
        for event in &question.registries.establishments {
            let rotated = event.first_seen.filter(|at| event.sn > 0 && question.period.holds(*at));
            if let (Some(at), Some(last)) = (rotated, last_stated)
                && last < seconds(at)
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

/// Whether a rotation may lie between two moments: one that nobody dates may lie anywhere.
fn may_have_rotated(question: &Question<'_>, since: i64, until: i64) -> bool {
    question.registries.establishments.iter().filter(|event| event.sn > 0).any(|event| match event.first_seen {
        None => true,
        Some(at) => (since..=until).contains(&seconds(at)),
    })
}

/// As many people as keys, at the moment of the statement; not told where that moment's keys are not known.
fn size(question: &Question<'_>, roster: &Roster, case: &str, findings: &mut Findings<'_>) {
    let establishments = &question.registries.establishments;
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
