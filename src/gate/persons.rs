//! Step 6: two persons, by name and by key, and officers who are neither of them.

use super::clear::{Asked, Found};
use super::code::Code;
use crate::check::fresh::{Member, Roster, WaiverPaper};
use crate::primitives::Aid;
use crate::proposal::{Assigned, Proven};

/// The QARs of a case.
#[derive(Debug, Clone)]
pub(super) struct Qars {
    pub qar1: Option<Assigned>,
    pub qar2: Option<Assigned>,
}

impl Qars {
    pub fn of(asked: &Asked<'_>) -> Self {
        let find = |role| Assigned::find(asked.fresh.snapshot(), role, asked.fresh.now());
        Self { qar1: find("QAR1"), qar2: find("QAR2") }
    }
}

/// Every reason of the step.
pub(super) fn check(asked: &Asked<'_>, qars: &Qars, proven: Option<&Proven>, found: &mut Found) {
    for (role, qar) in [("QAR1", &qars.qar1), ("QAR2", &qars.qar2)] {
        if qar.is_none() {
            found.push(Code::NotAssigned, format!("no {role} is assigned as of {}", asked.fresh.now()));
        }
    }
    let (Some(qar1), Some(qar2)) = (&qars.qar1, &qars.qar2) else { return };
    if qar1.person_id == qar2.person_id || qar1.aid == qar2.aid {
        let [one, other] = [qar1, qar2].map(|qar| format!("`{}` with `{}`", qar.person_id, qar.aid));
        found.push(Code::OnePerson, format!("QAR1 is {one}, and QAR2 is {other}"));
    }
    let papers = asked.fresh.papers();
    let roster = match papers.rosters.as_slice() {
        [one] => Some(one),
        several => {
            found.push(Code::NoRoster, format!("there are {} rosters of QARs in the bundle", several.len()));
            None
        }
    };
    if let Some(roster) = roster {
        rostered(asked, roster, [("QAR1", qar1), ("QAR2", qar2)], proven, found);
    }
    preparer(asked, roster, qar2, found);
    for waiver in &papers.waivers {
        approved_by_others(asked, waiver, [qar1, qar2], found);
    }
}

fn rostered(
    asked: &Asked<'_>,
    roster: &Roster,
    qars: [(&str, &Assigned); 2],
    proven: Option<&Proven>,
    found: &mut Found,
) {
    let officers = &asked.trust.officers.aids;
    if !roster.signers.iter().any(|signer| officers.contains(signer)) {
        found.push(Code::RosterUnsigned, "no officer of the trust file signed the roster of QARs".to_owned());
    }
    let now = asked.fresh.now();
    let in_force: Vec<&Member> = roster.members.iter().filter(|member| member.holds(now)).collect();
    for (role, qar) in qars {
        let Assigned { person_id, aid, .. } = qar;
        // One person under two names, or one key under two persons, is somebody else's entry as well.
        let others = |member: &&&Member| (member.person_id == *person_id) != (member.aid == *aid);
        let own = in_force.iter().find(|member| member.person_id == *person_id && member.aid == *aid);
        let Some(member) = own.filter(|_| in_force.iter().find(others).is_none()) else {
            let message = format!("{role} `{person_id}` with `{aid}` is not on the roster as of {now}");
            found.push(Code::NotRostered, message);
            continue;
        };
        let stands = proven.and_then(|proven| proven.member_index(aid));
        if stands.is_none() || stands != member.index {
            let place = |index: Option<u32>| index.map_or_else(|| "no place".to_owned(), |index| index.to_string());
            let message = format!(
                "the key of {role} `{person_id}` has place {} in the group, and the roster says {}",
                place(stands),
                place(member.index)
            );
            found.push(Code::KeyNotInPlace, message);
        }
    }
}

fn preparer(asked: &Asked<'_>, roster: Option<&Roster>, qar2: &Assigned, found: &mut Found) {
    let preparers = &asked.fresh.papers().preparers;
    if preparers.is_empty() {
        found.push(Code::NoPreparer, "no signature beside the manifest holds".to_owned());
    }
    let members = roster.map(|roster| roster.members.as_slice()).unwrap_or_default();
    let is_qar2 = |aid: &&Aid| {
        **aid == qar2.aid || members.iter().any(|member| member.aid == **aid && member.person_id == qar2.person_id)
    };
    if let Some(aid) = preparers.iter().find(is_qar2) {
        found.push(Code::PreparerSigns, format!("QAR2 `{}` sealed the bundle with `{aid}`", qar2.person_id));
    }
}

fn approved_by_others(asked: &Asked<'_>, waiver: &WaiverPaper, qars: [&Assigned; 2], found: &mut Found) {
    let officers = &asked.trust.officers.aids;
    for (person, aid) in &waiver.approved_by {
        let is_qar = qars.iter().any(|qar| qar.person_id == *person || Some(&qar.aid) == aid.as_ref());
        let is_officer = aid.as_ref().is_some_and(|aid| officers.contains(aid) && waiver.signers.contains(aid));
        let why = match (is_qar, *person == waiver.requested_by, is_officer) {
            (true, _, _) => "is a QAR of the case",
            (false, true, _) => "asked for it",
            (false, false, false) => "did not sign it as an officer of the trust file",
            (false, false, true) => continue,
        };
        found.push(Code::WaiverByParty, format!("waiver `{}` was approved by `{person}`, who {why}", waiver.id));
    }
    if waiver.approved_by.is_empty() {
        found.push(Code::WaiverByParty, format!("waiver `{}` was approved by nobody", waiver.id));
    }
}
