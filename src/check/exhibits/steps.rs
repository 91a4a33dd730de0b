//! Who did what, and when: the two QARs side by side.
//!
//! In: the case records as they stand, and whether their signatures hold. Out: a step for each, in order of time, with
//! what is not as two people in the right order would leave it; and the steps that are still to be done.

use std::collections::BTreeSet;

use crate::bundle::json::Tree;
use crate::bundle::place::printable_path;
use crate::facts::FileId;
use crate::primitives::Instant;
use crate::report::document::{QarRole, Step, StepEntry};

use super::{Read, case_records, kept, text_at};

/// What makes a case whole, in order.
const PATH: [(QarRole, Step); 7] = [
    (QarRole::First, Step::Assigned),
    (QarRole::Second, Step::Assigned),
    (QarRole::First, Step::Proposed),
    (QarRole::First, Step::Submitted),
    (QarRole::Second, Step::Reported),
    (QarRole::Second, Step::Approved),
    (QarRole::Second, Step::Signed),
];

/// What must not come before what.
const ORDER: [(QarRole, Step, QarRole, Step, &str); 6] = [
    (QarRole::First, Step::Assigned, QarRole::First, Step::Proposed, "before the assignment of QAR1"),
    (QarRole::First, Step::Assigned, QarRole::First, Step::Submitted, "before the assignment of QAR1"),
    (QarRole::Second, Step::Assigned, QarRole::Second, Step::Approved, "before the assignment of QAR2"),
    (QarRole::First, Step::Submitted, QarRole::Second, Step::Approved, "before the submission"),
    (QarRole::Second, Step::Reported, QarRole::Second, Step::Approved, "before the report"),
    (QarRole::Second, Step::Approved, QarRole::Second, Step::Signed, "before the approval"),
];

/// The steps of a case; `signs`: it ends with an event of the group.
pub(super) fn steps(read: Read<'_, '_>, signs: bool) -> Vec<StepEntry> {
    let mut steps = Vec::new();
    for (file, path, tree) in case_records(read.snapshot) {
        steps.extend(step(read, file, path, &tree));
    }
    if steps.is_empty() {
        return steps;
    }
    give_roles(&mut steps);
    steps.sort_by(|a, b| (a.at.is_none(), a.at, &a.path).cmp(&(b.at.is_none(), b.at, &b.path)));
    remark(&mut steps);
    let open: Vec<StepEntry> = PATH
        .into_iter()
        .filter(|(_, step)| signs || !signing(*step))
        .filter_map(|(role, what)| {
            let is_done = |step: &StepEntry| {
                step.role == role && (step.step == what || (what == Step::Approved && step.step == Step::Rejected))
            };
            (!steps.iter().any(is_done)).then(|| StepEntry {
                step: what,
                role,
                person: None,
                aid: None,
                at: None,
                ended_at: None,
                path: None,
                signed: None,
                remarks: Vec::new(),
            })
        })
        .collect();
    steps.extend(open);
    steps
}

fn signing(step: Step) -> bool {
    match step {
        Step::Proposed | Step::Signed => true,
        Step::Assigned | Step::Submitted | Step::Reported | Step::Approved | Step::Rejected => false,
    }
}

/// What a case record says was done; none: it is of another kind.
fn step(read: Read<'_, '_>, file: FileId, path: &str, tree: &Tree<'_>) -> Option<StepEntry> {
    let second = text_at(tree, &["role"]) == Some("QAR2");
    let assigned = if second { QarRole::Second } else { QarRole::First };
    let approved = if text_at(tree, &["decision"]) == Some("approve") { Step::Approved } else { Step::Rejected };
    let (what, role, person, aid, at): (_, _, _, &[&str], &[&str]) = match text_at(tree, &["kind"])? {
        "qar-assignment" => (Step::Assigned, assigned, "person_id", &["aid"], &["assigned_at"]),
        "proposal" => (
            Step::Proposed,
            QarRole::First,
            "performed_by",
            &["qar1_signature", "signer_aid"],
            &["qar1_signature", "signed_at"],
        ),
        "evidence-submission" => (Step::Submitted, QarRole::First, "submitted_by", &[], &["submitted_at"]),
        "policy-report" => (Step::Reported, QarRole::Second, "performed_by", &[], &["evaluated_at"]),
        "approval" => (approved, QarRole::Second, "approver_person_id", &["approver_aid"], &["decided_at"]),
        "partial-signature" => (Step::Signed, QarRole::Second, "performed_by", &["signer_aid"], &["signed_at"]),
        _ => return None,
    };
    let aid = if aid.is_empty() { None } else { text_at(tree, aid) };
    let ended = text_at(tree, &["superseded_at"]).filter(|_| what == Step::Assigned);
    Some(StepEntry {
        step: what,
        role,
        person: text_at(tree, &[person]).map(kept),
        aid: aid.map(kept),
        at: text_at(tree, at).and_then(|at| at.parse().ok()),
        ended_at: ended.and_then(|at| at.parse().ok()),
        path: Some(printable_path(path)),
        signed: read.signed(file),
        remarks: Vec::new(),
    })
}

/// A partial signature is of the QAR whose identifier it names, and a report of who had it made.
fn give_roles(steps: &mut [StepEntry]) {
    let first: Vec<(Option<String>, Option<String>)> = steps
        .iter()
        .filter(|step| step.step == Step::Assigned && step.role == QarRole::First)
        .map(|step| (step.person.clone(), step.aid.clone()))
        .collect();
    let second: BTreeSet<Option<String>> = steps
        .iter()
        .filter(|step| step.step == Step::Assigned && step.role == QarRole::Second)
        .map(|step| step.person.clone())
        .collect();
    for step in steps.iter_mut() {
        let of_first = match step.step {
            // Where one person has both roles, it stays with the second, and is remarked upon.
            Step::Signed | Step::Reported => {
                !second.contains(&step.person)
                    && first.iter().any(|(person, aid)| {
                        (person.is_some() && *person == step.person) || (aid.is_some() && *aid == step.aid)
                    })
            }
            Step::Assigned | Step::Proposed | Step::Submitted | Step::Approved | Step::Rejected => false,
        };
        if of_first {
            step.role = QarRole::First;
        }
    }
}

/// Writes what is not as it should be beside each step.
fn remark(steps: &mut [StepEntry]) {
    let of = |role: QarRole, what: &dyn Fn(&StepEntry) -> Option<String>| -> BTreeSet<String> {
        steps.iter().filter(|step| step.role == role).filter_map(what).collect()
    };
    let persons = of(QarRole::First, &|step| step.person.clone());
    let aids = of(QarRole::First, &|step| step.aid.clone());
    let assigned = |role: QarRole| -> Vec<String> {
        let of = steps.iter().filter(|step| step.role == role && step.step == Step::Assigned);
        of.filter_map(|step| step.person.clone()).collect()
    };
    let (first, second) = (assigned(QarRole::First), assigned(QarRole::Second));
    let earliest = |role: QarRole, what: Step| -> Option<Instant> {
        steps.iter().filter(|step| step.role == role && step.step == what).filter_map(|step| step.at).min()
    };
    let bounds: Vec<(QarRole, Step, Option<Instant>, &str)> = ORDER
        .into_iter()
        .map(|(before_role, before, role, after, words)| (role, after, earliest(before_role, before), words))
        .collect();
    for step in steps.iter_mut() {
        let same_person = step.person.as_ref().is_some_and(|person| persons.contains(person));
        let same_aid = step.aid.as_ref().is_some_and(|aid| aids.contains(aid));
        if step.role == QarRole::Second && (same_person || same_aid) {
            let what = if same_person { "the same person as QAR1" } else { "the identifier of QAR1" };
            step.remarks.push(what.to_owned());
        }
        let ours = match step.role {
            QarRole::First => &first,
            QarRole::Second => &second,
        };
        let known = step.person.as_ref().is_none_or(|person| ours.is_empty() || ours.contains(person));
        if !known {
            step.remarks.push(format!("not who is assigned as {}", step.role.as_str()));
        }
        for (role, what, bound, words) in &bounds {
            let decided = step.step == Step::Rejected && *what == Step::Approved;
            let early = step.at.zip(*bound).is_some_and(|(at, bound)| at < bound);
            if step.role == *role && (step.step == *what || decided) && early {
                step.remarks.push((*words).to_owned());
            }
        }
        if step.signed == Some(false) {
            step.remarks.push("its signatures do not hold".to_owned());
        }
        if step.at.is_none() {
            step.remarks.push("without an instant that can be read".to_owned());
        }
    }
}
