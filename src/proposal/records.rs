//! The few records that say what is to be issued, read from the sealed bundle as they stand.
//!
//! Only what is listed with this digest is read. What a record means, and whether it is signed by whom it should
//! be, rules have decided before; here its values are taken.

use crate::bundle::json::{Numbers, Tree};
use crate::bundle::place::printable_path;
use crate::bundle::{Area, FileState, Snapshot};
use crate::primitives::{Aid, Instant, Sha256};

use super::error::Unproven;

/// A file of the bundle, and what it says.
pub(super) struct Document<'s> {
    pub path: &'s str,
    pub tree: Tree<'s>,
}

/// A QAR of the case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assigned {
    /// Who.
    pub person_id: String,
    /// With which identifier.
    pub aid: Aid,
    /// The record that says so.
    pub path: String,
}

/// The records of a kind, in order of path; at least one.
pub(super) fn of_kind<'s>(snapshot: &'s Snapshot, kind: &'static str) -> Result<Vec<Document<'s>>, Unproven> {
    let manifest = snapshot.manifest(Area::Bundle).filter(|manifest| manifest.complete).ok_or(Unproven::Unsealed)?;
    let mut found = Vec::new();
    for entry in manifest.entries.iter().filter(|entry| entry.kind == kind) {
        found.push(document(snapshot, &entry.path, Numbers::Integers)?);
    }
    found.sort_by(|a, b| a.path.cmp(b.path));
    if found.is_empty() { Err(Unproven::NoRecord { kind }) } else { Ok(found) }
}

/// A listed file of the bundle, by its path in it.
pub(super) fn document<'s>(snapshot: &'s Snapshot, path: &str, numbers: Numbers) -> Result<Document<'s>, Unproven> {
    let unreadable = || Unproven::Unreadable { path: printable_path(&format!("bundle/{path}")) };
    let id = snapshot.find(&format!("bundle/{path}")).ok_or_else(unreadable)?;
    let file = snapshot.file(id);
    let bytes = file.bytes().filter(|_| file.state == FileState::Good && file.is_listed()).ok_or_else(unreadable)?;
    let tree = Tree::parse(bytes, numbers).map_err(|_| unreadable())?;
    Ok(Document { path: &file.path, tree })
}

impl Document<'_> {
    /// The text at a path of members.
    pub fn text(&self, steps: &[&str]) -> Result<&str, Unproven> {
        let found = steps.iter().try_fold(&self.tree, |tree, step| tree.get(step)).and_then(Tree::text);
        found.ok_or_else(|| Unproven::NoField { path: printable_path(self.path), field: steps.join(".") })
    }

    /// A value at a path of members.
    pub fn value<T: std::str::FromStr>(&self, steps: &[&str]) -> Result<T, Unproven> {
        let text = self.text(steps)?;
        text.parse().map_err(|_| Unproven::NoField { path: printable_path(self.path), field: steps.join(".") })
    }

    /// What proves the value there.
    pub fn by(&self, steps: &[&str]) -> String {
        format!("`{}`, `{}`", printable_path(self.path), steps.join("."))
    }
}

impl Assigned {
    /// The QAR of a role, by the case records: the last assignment that nothing has ended.
    pub fn find(snapshot: &Snapshot, role: &str, as_of: Instant) -> Option<Self> {
        let mut found: Option<(Instant, Self)> = None;
        for (_, file) in snapshot.iter().filter(|(_, file)| file.area == Area::Decision && file.path.ends_with(".json"))
        {
            let Some(tree) = file.bytes().and_then(|bytes| Tree::parse(bytes, Numbers::Integers).ok()) else {
                continue;
            };
            let text = |name: &str| tree.get(name).and_then(Tree::text);
            if text("kind") != Some("qar-assignment") || text("role") != Some(role) {
                continue;
            }
            let ended = text("superseded_at").and_then(|at| at.parse::<Instant>().ok()).is_some_and(|at| at <= as_of);
            let (Some(at), Some(person), Some(aid)) = (
                text("assigned_at").and_then(|at| at.parse::<Instant>().ok()),
                text("person_id"),
                text("aid").and_then(|aid| aid.parse::<Aid>().ok()),
            ) else {
                continue;
            };
            if !ended && at <= as_of && found.as_ref().is_none_or(|(before, _)| *before <= at) {
                let assigned = Self { person_id: person.to_owned(), aid, path: file.path.clone() };
                found = Some((at, assigned));
            }
        }
        found.map(|(_, assigned)| assigned)
    }
}

/// The case record that no other follows: its digest, and the number that its file name begins with.
pub(super) fn last_record(snapshot: &Snapshot) -> (Option<Sha256>, u32) {
    let mut digests: Vec<(Sha256, Option<Sha256>)> = Vec::new();
    let mut number = 0;
    for (_, file) in snapshot.iter().filter(|(_, file)| file.area == Area::Decision) {
        let digits: String = file.inner_path().chars().take_while(char::is_ascii_digit).collect();
        number = number.max(digits.parse().unwrap_or(0));
        let (Some(bytes), Some(digest)) = (file.bytes(), file.sha256()) else { continue };
        let Some(tree) = file.path.ends_with(".json").then(|| Tree::parse(bytes, Numbers::Integers).ok()).flatten()
        else {
            continue;
        };
        let predecessor = tree.get("predecessor_sha256");
        if tree.get("kind").is_some() && predecessor.is_some() {
            digests.push((digest, predecessor.and_then(Tree::text).and_then(|text| text.parse().ok())));
        }
    }
    let last = digests.iter().find(|(digest, _)| !digests.iter().any(|(_, before)| before.as_ref() == Some(digest)));
    (last.map(|(digest, _)| *digest), number)
}
