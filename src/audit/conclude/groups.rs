//! What belongs together across the year, group by group as it comes from the disk.
//!
//! In: sorted records, and the journal to look a case up that a finding names. Out: findings, and how the LEIs were
//! watched.

use std::collections::BTreeSet;

use super::super::error::AuditError;
use super::super::journal::{Journal, Row};
use super::super::judge::what;
use super::super::people::Rosters;
use super::super::sorter::{Record, Sorter};
use super::super::traces::{Side, Topic, seconds};
use super::super::{Code, Question};
use super::{Findings, NAMED_MAX, note, part, topic};
use crate::keri::population::{Action, Sealed};
use crate::primitives::Sha256;

/// A look at an LEI, the issuance and the end of its credential: the note of the record.
pub(super) const LOOKED: u8 = 0;
pub(super) const MANAGED: u8 = 1;
pub(super) const ENDED: u8 = 2;

/// Longest time between two looks.
const GAP_MAX_S: i64 = 24 * 3600;

/// How the LEIs were watched.
#[derive(Default)]
pub(super) struct Watch {
    pub leis: u64,
    pub longest: Option<i64>,
    /// The cases of entities with a credential that nobody watched.
    unwatched: Vec<u32>,
}

/// Reads all groups.
pub(super) fn read(
    question: &Question<'_>,
    journal: &Journal,
    sorter: Sorter,
    rosters: &mut Rosters,
    findings: &mut Findings<'_>,
) -> Result<Watch, AuditError> {
    let mut watch = Watch::default();
    let mut failed = None;
    let reader = Reader { question, journal };
    let read = sorter.groups(|group| {
        let Some(first) = group.first() else { return Ok(()) };
        let done = match first.topic {
            topic::EVENT => reader.event(group, findings),
            topic::LEI => reader.lei(group, &mut watch, findings),
            topic::PERSON => reader.person(group, findings),
            topic::ROSTER => rosters.group(question, journal, group, findings),
            claim => reader.claim(claim - topic::CLAIM, group, findings),
        };
        done.map_err(|error| {
            failed = Some(error);
            std::io::Error::other("the journal")
        })
    });
    match (read, failed) {
        (_, Some(error)) => return Err(error),
        (Err(error), None) => return Err(AuditError::unreadable(journal.folder())(error)),
        (Ok(()), None) => {}
    }
    reader.unwatched(&watch, findings)?;
    Ok(watch)
}

struct Reader<'r, 'q> {
    question: &'r Question<'q>,
    journal: &'r Journal,
}

impl Reader<'_, '_> {
    /// The cases of records, in order of place; one finding names some of them.
    fn cases(&self, records: impl Iterator<Item = u32>) -> Result<Vec<Row>, AuditError> {
        let places: BTreeSet<u32> = records.collect();
        let mut rows = Vec::new();
        for at in places.into_iter().take(NAMED_MAX) {
            rows.extend(self.journal.row(at as usize)?);
        }
        Ok(rows)
    }

    fn names(rows: &[Row]) -> Vec<String> {
        rows.iter().map(|row| row.entry.case.clone()).collect()
    }

    fn event(&self, group: &[Record], findings: &mut Findings<'_>) -> Result<(), AuditError> {
        let of = |part: i64| group.iter().filter(move |record| record.at == part);
        let cases: Vec<&Record> = of(part::CASE).collect();
        let Some(event) = of(part::EVENT).next() else { return self.nothing_happened(&cases, findings) };
        if event.note & note::OUTSIDE != 0 {
            return Ok(());
        }
        let gone = || AuditError::unreadable(self.journal.folder())(std::io::Error::other("an event is gone"));
        let sealed = self.question.registries.find_by(&event.key)?.ok_or_else(gone)?;
        self.happened(&sealed, &cases, of(part::RECEIPT).next().is_some(), findings)
    }

    /// An event of the period: one case, decided, in the ledger where there is one, and reported.
    fn happened(
        &self,
        sealed: &Sealed,
        cases: &[&Record],
        reported: bool,
        findings: &mut Findings<'_>,
    ) -> Result<(), AuditError> {
        let (event, credential) = (what(sealed.action), &sealed.credential);
        let at = sealed.first_seen.or(sealed.dated).map_or_else(String::new, |at| format!(" of {at}"));
        let rows = self.cases(cases.iter().map(|record| record.who))?;
        let names = Self::names(&rows);
        if cases.is_empty() {
            let code = match sealed.action {
                Action::Issued => Code::IssuanceWithoutCase,
                Action::Revoked => Code::RevocationWithoutCase,
            };
            let message =
                format!("the {event} of credential `{credential}`{at} (event {} of the group) has no case", sealed.sn);
            findings.add(code, credential.as_str(), Vec::new(), message);
            return Ok(());
        }
        if cases.len() > 1 {
            let message = format!("{} cases are about the {event} of credential `{credential}`", cases.len());
            findings.add(Code::SeveralCases, credential.as_str(), names.clone(), message);
        }
        let all = cases.iter().fold(0, |all, record| all | record.note);
        if all & note::APPROVED == 0 {
            let message = format!(
                "the group signed the {event} of credential `{credential}`{at}, and no decision of QAR2 is in the case"
            );
            findings.add(Code::SignatureWithoutDecision, credential.as_str(), names.clone(), message);
        } else if self.question.ledger.is_some() && all & note::LEDGER == 0 {
            let message =
                format!("no row of the ledger is about the decision on the {event} of credential `{credential}`");
            findings.add(Code::DecisionNotInLedger, credential.as_str(), names.clone(), message);
        }
        if all & note::REPORTED != 0 && !reported {
            let message = format!("no receipt says that the {event} of credential `{credential}`{at} was reported");
            findings.add(Code::ReceiptMissing, credential.as_str(), names, message);
        }
        Ok(())
    }

    /// Cases about an event that the registries do not have; an open one, or one that was given up, needs none.
    fn nothing_happened(&self, cases: &[&Record], findings: &mut Findings<'_>) -> Result<(), AuditError> {
        let decided = cases
            .iter()
            .filter(|record| record.note & note::APPROVED != 0 && record.note & (note::GIVEN_UP | note::OUTSIDE) == 0);
        for row in self.cases(decided.map(|record| record.who))? {
            for act in &row.entry.acts {
                let Some(action) = super::population::action(&act.action) else { continue };
                if self.question.registries.find(action, &act.credential)?.is_some() {
                    continue;
                }
                let message = format!(
                    "`{}` decided on the {} of credential `{}`, which the registries do not have",
                    row.entry.case,
                    what(action),
                    act.credential
                );
                findings.add(Code::CaseWithoutIssuance, act.credential.clone(), vec![row.entry.case.clone()], message);
            }
        }
        Ok(())
    }

    /// Something that must be used once.
    fn claim(&self, kind: u8, group: &[Record], findings: &mut Findings<'_>) -> Result<(), AuditError> {
        let owners: BTreeSet<i64> = group.iter().map(|record| record.at).collect();
        if owners.len() < 2 {
            return Ok(());
        }
        let rows = self.cases(group.iter().map(|record| record.who))?;
        let Some(key) = group.first().map(|record| record.key) else { return Ok(()) };
        let claims = rows.iter().flat_map(|row| row.traces.claims.iter().filter(|claim| claim.key == key));
        let of_kind: Vec<_> = claims.filter(|claim| claim.topic as u8 == kind).collect();
        let Some(topic) = of_kind.first().map(|claim| claim.topic) else { return Ok(()) };
        let shown: BTreeSet<&str> = of_kind.iter().map(|claim| claim.shown.as_str()).collect();
        let shown = shown.into_iter().take(3).collect::<Vec<_>>().join(", ");
        let (code, what) = match topic {
            Topic::Nonce => (Code::NonceReused, "one nonce stands in the challenges of"),
            Topic::Session => {
                (Code::SessionReused, "one session, at the same time and with the same people, stands in")
            }
            Topic::Recording => (Code::RecordingReused, "one recording stands for the sessions of"),
            Topic::Authorization => (Code::AuthorizationReused, "one authorization carries the credentials of"),
            Topic::Message => (Code::MessageReused, "one message stands in"),
        };
        let message = format!("{what} {} cases: {shown}", rows.len());
        findings.add(code, key.to_string(), Self::names(&rows), message);
        Ok(())
    }

    /// One AID: one person, and on one side.
    fn person(&self, group: &[Record], findings: &mut Findings<'_>) -> Result<(), AuditError> {
        let persons: BTreeSet<i64> = group.iter().map(|record| record.at).collect();
        let sides = group.iter().fold(0, |sides, record| sides | record.note);
        let (two, both, waives) = (persons.len() > 1, sides & 3 == 3, sides & 5 == 5);
        if !(two || both || waives) {
            return Ok(());
        }
        // A case of each person and of each side, so that the finding shows what contradicts what.
        let mut seen = BTreeSet::new();
        let telling = group.iter().filter(|record| seen.insert((record.at, record.note)));
        let rows = self.cases(telling.map(|record| record.who))?;
        let Some(key) = group.first().map(|record| record.key) else { return Ok(()) };
        let people: Vec<_> = rows
            .iter()
            .flat_map(|row| row.traces.people.iter())
            .filter(|person| Sha256::of(person.aid.as_bytes()) == key)
            .collect();
        let Some(aid) = people.first().map(|person| person.aid.clone()) else { return Ok(()) };
        let names: BTreeSet<&str> = people.iter().map(|person| person.person.as_str()).collect();
        let names = names.into_iter().collect::<Vec<_>>().join(", ");
        if two {
            let message = format!("`{aid}` is the AID of several people: {names}");
            findings.add(Code::AidOfTwoPersons, aid.clone(), Self::names(&rows), message);
        }
        if both {
            let message = format!("{names} (`{aid}`) acts as QAR and stands on the entity's side");
            findings.add(Code::QarOnBothSides, aid.clone(), Self::names(&rows), message);
        }
        if waives {
            let acts = |side| people.iter().any(|person| person.side == side);
            if acts(Side::Waiver) {
                let message = format!("{names} (`{aid}`) approves waivers and acts as QAR");
                findings.add(Code::WaiverByQar, aid, Self::names(&rows), message);
            }
        }
        Ok(())
    }

    /// One LEI: from its issuance to its end, or the audit, no more than a day between two looks.
    fn lei(&self, group: &[Record], watch: &mut Watch, findings: &mut Findings<'_>) -> Result<(), AuditError> {
        let looks: Vec<i64> = group.iter().filter(|record| record.note == LOOKED).map(|record| record.at).collect();
        let first = |note| group.iter().find(|record| record.note == note);
        let managed = first(MANAGED);
        if looks.is_empty() {
            watch.unwatched.extend(managed.map(|record| record.who));
            return Ok(());
        }
        watch.leis += 1;
        let period = self.question.period;
        let midnight = |date: crate::primitives::Date| date.to_string().parse::<crate::primitives::Date>().ok();
        let day = |date| midnight(date).and_then(|date| format!("{date}T00:00:00Z").parse().ok()).map(seconds);
        let begin = day(period.from).unwrap_or(i64::MIN);
        let end = period.to.checked_add_days(1).and_then(day).unwrap_or(i64::MAX).min(seconds(self.question.as_of));
        let begin = managed.map(|record| record.at.max(begin));
        let end = first(ENDED).map_or(end, |record| record.at.min(end));
        // Who was not issued anything this year is watched from the first look on.
        let begin = begin.unwrap_or_else(|| looks.first().copied().unwrap_or(end));
        let mut points: Vec<i64> = looks.into_iter().filter(|at| (begin..=end).contains(at)).collect();
        points.insert(0, begin);
        points.push(end);
        let gaps = points.windows(2).map(|pair| (pair[1].saturating_sub(pair[0]), pair[0]));
        let Some((longest, since)) = gaps.max_by_key(|(gap, since)| (*gap, std::cmp::Reverse(*since))) else {
            return Ok(());
        };
        watch.longest = watch.longest.max(Some(longest));
        if longest > GAP_MAX_S {
            let rows = self.cases(group.iter().take(1).map(|record| record.who))?;
            let key = group.first().map(|record| record.key);
            let lei = rows.first().and_then(|row| {
                let watched = row.traces.watched.iter().map(|watched| watched.lei.as_str());
                let mut leis = watched.chain([row.entry.lei.as_str()]);
                leis.find(|lei| Some(Sha256::of(lei.as_bytes())) == key).map(str::to_owned)
            });
            let lei = lei.unwrap_or_else(|| key.map_or_else(String::new, |key| key.to_string()));
            let since = crate::primitives::Instant::from_nanoseconds(i128::from(since) * 1_000_000_000);
            let since = since.map_or_else(String::new, |at| format!(" from {at}"));
            let message = format!("LEI {lei} was not looked at for {} hours{since}", longest / 3600);
            findings.add(Code::MonitoringGap, lei, Vec::new(), message);
        }
        Ok(())
    }

    /// Entities with a credential and no look at their LEI: one finding where there is no watch at all.
    fn unwatched(&self, watch: &Watch, findings: &mut Findings<'_>) -> Result<(), AuditError> {
        if watch.leis == 0 {
            if !watch.unwatched.is_empty() {
                let message = format!(
                    "no log of the watch is in the year, and {} got a Legal Entity credential",
                    match watch.unwatched.len() {
                        1 => "one entity".to_owned(),
                        many => format!("{many} entities"),
                    }
                );
                findings.add(Code::MonitoringMissing, "", Vec::new(), message);
            }
            return Ok(());
        }
        for who in &watch.unwatched {
            if let Some(row) = self.journal.row(*who as usize)? {
                let message = format!("LEI {} of a Legal Entity credential was never looked at", row.entry.lei);
                findings.add(Code::MonitoringGap, row.entry.lei.clone(), vec![row.entry.case], message);
            }
        }
        Ok(())
    }
}
