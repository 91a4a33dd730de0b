//! Two reports on the same case, side by side.
//!
//! In: an old and a new document. Out: what is fixed, new, otherwise or the same, what can no longer be compared, and
//! what the two rest on. Nothing is judged: a finding is fixed where its rule was decided again and did not report it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::document::{ReportDocument, ResultEntry};
use super::rows::{Row, Standing, rows};
use crate::evaluate::outcome::{Outcome, Verdict};
use crate::primitives::Sha256;

/// What became of the findings of an old report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diff {
    /// Verdict of the old report.
    pub old_verdict: Verdict,
    /// Verdict of the new one.
    pub new_verdict: Verdict,
    /// What the two rest on, where it differs.
    pub run: Vec<RunChange>,
    /// Found before, decided again, and no longer found.
    pub fixed: Vec<Found>,
    /// Not found before.
    pub new: Vec<Found>,
    /// Found both times, with another outcome, level or waiver.
    pub changed: Vec<Changed>,
    /// Found both times alike.
    pub unchanged: Vec<Found>,
    /// Found before; the rule was not decided again for this element, so nobody knows.
    pub not_decided: Vec<Found>,
    /// Evidence that came, went or changed.
    pub files: Vec<FileChange>,
}

/// A finding, as the reports name it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Found {
    /// The rule.
    pub rule: String,
    /// The element.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub element: Option<String>,
    /// The outcome.
    pub outcome: &'static str,
    /// The level.
    pub level: &'static str,
    /// The waiver.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waiver: Option<String>,
    /// What was found.
    pub message: String,
}

/// A finding that is otherwise than it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Changed {
    /// Before.
    pub old: Found,
    /// Now.
    pub new: Found,
    /// Whether it is now worse for its reader.
    pub worse: bool,
}

/// Something that both reports rest on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RunChange {
    /// What.
    pub what: &'static str,
    /// Before.
    pub old: String,
    /// Now.
    pub new: String,
}

/// A file that is otherwise than it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileChange {
    /// Its path.
    pub path: String,
    /// Its digest before; none: it was not there, or not read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub old: Option<Sha256>,
    /// Its digest now; none: it is not there, or not read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new: Option<Sha256>,
}

impl Diff {
    /// Whether something is found that was not, or is worse than it was, or is no longer known.
    pub fn is_worse(&self) -> bool {
        !self.new.is_empty()
            || !self.not_decided.is_empty()
            || self.changed.iter().any(|changed| changed.worse)
            || self.new_verdict < self.old_verdict
    }
}

/// A finding's rule, its element, and which of several with the same two.
type Key<'a> = (&'a str, Option<&'a str>, usize);

/// Compares.
pub fn diff(old: &ReportDocument, new: &ReportDocument) -> Diff {
    let (before, now) = (findings(old), findings(new));
    let mut diff = Diff {
        old_verdict: old.verdict,
        new_verdict: new.verdict,
        run: run_changes(old, new),
        fixed: Vec::new(),
        new: Vec::new(),
        changed: Vec::new(),
        unchanged: Vec::new(),
        not_decided: Vec::new(),
        files: file_changes(old, new),
    };
    for (key, row) in &before {
        match now.iter().find(|(other, _)| other == key) {
            Some((_, other)) if found(row) == found(other) || same_meaning(row, other) => {
                diff.unchanged.push(found(other));
            }
            Some((_, other)) => {
                let worse = other.standing() < row.standing();
                diff.changed.push(Changed { old: found(row), new: found(other), worse });
            }
            None if decided_again(new, row) => diff.fixed.push(found(row)),
            None => diff.not_decided.push(found(row)),
        }
    }
    let known: BTreeSet<&Key<'_>> = before.iter().map(|(key, _)| key).collect();
    diff.new.extend(now.iter().filter(|(key, _)| !known.contains(key)).map(|(_, row)| found(row)));
    diff
}

fn findings(document: &ReportDocument) -> Vec<(Key<'_>, Row<'_>)> {
    let mut seen: BTreeMap<(&str, Option<&str>), usize> = BTreeMap::new();
    rows(document)
        .filter(|row| matches!(row.standing(), Standing::Found(_)))
        .map(|row| {
            let pair = (row.result.rule.as_str(), row.element());
            let number = seen.entry(pair).or_default();
            *number += 1;
            ((pair.0, pair.1, *number), row)
        })
        .collect()
}

/// The words may differ, as they name an instant or a file; what it means does not.
fn same_meaning(old: &Row<'_>, new: &Row<'_>) -> bool {
    old.outcome() == new.outcome() && old.level() == new.level() && old.waiver() == new.waiver()
}

/// Whether the new report decided the rule in such a way that this finding would be in it.
fn decided_again(new: &ReportDocument, row: &Row<'_>) -> bool {
    let names = |result: &&ResultEntry| result.rule == row.result.rule || result.same_as.contains(&row.result.rule);
    let Some(result) = new.results.iter().find(names) else { return false };
    match result.outcome {
        Outcome::Pass | Outcome::NotApplicable => true,
        // Without an element, the rule could not tell its elements.
        Outcome::Fail | Outcome::Indeterminate | Outcome::Review => {
            result.rule == row.result.rule && result.findings.iter().all(|finding| finding.element.is_some())
        }
    }
}

fn found(row: &Row<'_>) -> Found {
    Found {
        rule: row.result.rule.clone(),
        element: row.element().map(str::to_owned),
        outcome: row.outcome().as_str(),
        level: row.level().as_str(),
        waiver: row.waiver().map(str::to_owned),
        message: row.message(),
    }
}

fn run_changes(old: &ReportDocument, new: &ReportDocument) -> Vec<RunChange> {
    let digest = |digest: Option<Sha256>| digest.map_or("none".to_owned(), |digest| digest.to_string());
    let set = |document: &ReportDocument| {
        let entries = document.run.parameters.iter().map(|entry| format!("{}={}", entry.name, entry.value));
        entries.collect::<Vec<_>>().join(" ")
    };
    let of = |document: &ReportDocument| {
        let run = &document.run;
        [
            ("case", run.bundle_id.clone()),
            ("LEI", run.lei.clone().unwrap_or_default()),
            ("bundle", digest(run.bundle)),
            ("policy", run.policy.to_string()),
            ("trust", run.trust.to_string()),
            ("countersign", run.engine.clone()),
            ("stage", run.stage.as_str().to_owned()),
            ("flow", run.flows.join(", ")),
            ("profile", run.profile.clone()),
            ("parameters", set(document)),
            ("as of", run.as_of.to_string()),
        ]
    };
    let both = of(old).into_iter().zip(of(new));
    both.filter(|((_, old), (_, new))| old != new).map(|((what, old), (_, new))| RunChange { what, old, new }).collect()
}

fn file_changes(old: &ReportDocument, new: &ReportDocument) -> Vec<FileChange> {
    let of = |document: &ReportDocument| -> BTreeMap<String, Option<Sha256>> {
        document.files.iter().map(|file| (file.path.clone(), file.sha256)).collect()
    };
    let (before, now) = (of(old), of(new));
    let paths: BTreeSet<&String> = before.keys().chain(now.keys()).collect();
    let change = |path: &String| {
        let (old, new) = (before.get(path), now.get(path));
        (old != new).then(|| FileChange {
            path: path.clone(),
            old: old.copied().flatten(),
            new: new.copied().flatten(),
        })
    };
    paths.into_iter().filter_map(change).collect()
}
