//! Findings grouped by what a reader has to mend.
//!
//! In: a document. Out: entries, worst first. Findings that fail at the same place in the evidence
//! are one entry; so are those that cannot be judged for one and the same reason. Every finding is in
//! exactly one entry.

use std::collections::{BTreeSet, HashMap};

use super::super::document::{EvidencePlace, FindingEntry, ReportDocument, ResultEntry};
use super::style::Class;

/// A finding and the rule it is of.
#[derive(Debug, Clone, Copy)]
pub(super) struct Item<'a> {
    pub result: &'a ResultEntry,
    pub finding: &'a FindingEntry,
}

/// Something to mend.
#[derive(Debug)]
pub(super) enum Entry<'a> {
    /// A rule and the elements it fails for; other rules that fail at the same places.
    Finding { class: Class, items: Vec<Item<'a>>, same_place: Vec<&'a str> },
    /// Rules that cannot be judged for want of a record.
    MissingKind { kind: &'a str, rules: Vec<&'a str> },
    /// Rules that cannot be judged because of what another finding reports.
    RootCause { rule: &'a str, paths: Vec<&'a str>, rules: Vec<&'a str> },
}

impl Entry<'_> {
    /// How bad it is.
    pub(super) fn class(&self) -> Class {
        match self {
            Self::Finding { class, .. } => *class,
            Self::MissingKind { .. } | Self::RootCause { .. } => Class::Unknown,
        }
    }

    /// Whether all of its rules are among these.
    pub(super) fn is_only_about(&self, rules: &BTreeSet<&str>) -> bool {
        match self {
            Self::Finding { items, same_place, .. } => {
                rules.contains(items[0].result.rule.as_str()) && same_place.iter().all(|rule| rules.contains(rule))
            }
            Self::MissingKind { rules: own, .. } | Self::RootCause { rules: own, .. } => {
                own.iter().all(|rule| rules.contains(rule))
            }
        }
    }

    /// The rules it is about.
    pub(super) fn rules(&self) -> usize {
        match self {
            Self::Finding { same_place, .. } => 1 + same_place.len(),
            Self::MissingKind { rules, .. } | Self::RootCause { rules, .. } => rules.len(),
        }
    }
}

/// What makes two findings one entry.
#[derive(Debug, PartialEq, Eq, Hash)]
enum Key<'a> {
    /// The same rule, as bad.
    Rule(Class, &'a str),
    /// The same value at the same place, as bad.
    Place { class: Class, path: &'a str, pointer: &'a str, actual: &'a str },
    /// The same kind of record is wanting.
    Kind(&'a str),
    /// The same rule's finding is the cause.
    Cause(&'a str),
}

/// Groups all findings of a document. With `folded`, rules that fail at the same place share an entry.
pub(super) fn of(document: &ReportDocument, folded: bool) -> Vec<Entry<'_>> {
    let mut items: Vec<Item<'_>> = document
        .results
        .iter()
        .flat_map(|result| result.findings.iter().map(move |finding| Item { result, finding }))
        .collect();
    items.sort_by_key(|item| Class::of(item.finding));

    let mut entries: Vec<Entry<'_>> = Vec::new();
    let mut index: HashMap<Key<'_>, usize> = HashMap::new();
    for item in items {
        let reason = shared_reason(item);
        let rule = Key::Rule(Class::of(item.finding), &item.result.rule);
        let place = if folded { decided_at(item.finding) } else { None };
        let found = match &reason {
            Some(reason) => index.get(reason),
            None => index.get(&rule).or_else(|| place.as_ref().and_then(|place| index.get(place))),
        };
        match found.and_then(|&at| entries.get_mut(at)) {
            Some(entry) => join(entry, item),
            None => {
                index.insert(reason.unwrap_or(rule), entries.len());
                entries.push(begin(item));
            }
        }
        // A place belongs to the rule that is shown for it; another rule's other findings begin anew.
        if let Some((at, place)) = leads(&entries, item).zip(place) {
            index.entry(place).or_insert(at);
        }
    }
    // Stable: entries that are equally bad stay in the order of their rules.
    entries.sort_by_key(Entry::class);
    entries
}

/// The entry that shows this finding's rule, latest first.
fn leads(entries: &[Entry<'_>], item: Item<'_>) -> Option<usize> {
    entries.iter().rposition(|entry| match entry {
        Entry::Finding { class, items, .. } => {
            *class == Class::of(item.finding) && items[0].result.rule == item.result.rule
        }
        Entry::MissingKind { .. } | Entry::RootCause { .. } => false,
    })
}

/// The reason it cannot be judged, where another entry is about that.
fn shared_reason(item: Item<'_>) -> Option<Key<'_>> {
    if Class::of(item.finding) != Class::Unknown {
        return None;
    }
    if let Some(rule) = &item.finding.root_cause {
        return Some(Key::Cause(rule));
    }
    let mut kinds = item.finding.unknowns.iter().map(|unknown| unknown.kind.as_deref());
    let first = kinds.next()??;
    kinds.all(|kind| kind == Some(first)).then_some(Key::Kind(first))
}

/// The value that decided most, where it stands in a file; of what cannot be judged, the one value that is wanting.
fn decided_at(finding: &FindingEntry) -> Option<Key<'_>> {
    let class = Class::of(finding);
    if class == Class::Unknown {
        let mut places = finding.unknowns.iter().map(|unknown| unknown.evidence.first());
        let first = places.next()??;
        let is_first = |place: Option<&EvidencePlace>| {
            place.is_some_and(|place| place.path == first.path && place.pointer == first.pointer)
        };
        let place = Key::Place { class, path: &first.path, pointer: &first.pointer, actual: "" };
        return places.all(is_first).then_some(place);
    }
    let deciding = finding.deciding.first()?;
    let place = deciding.evidence.first().filter(|place| !place.pointer.is_empty())?;
    Some(Key::Place { class, path: &place.path, pointer: &place.pointer, actual: &deciding.actual })
}

fn begin(item: Item<'_>) -> Entry<'_> {
    match shared_reason(item) {
        Some(Key::Kind(kind)) => Entry::MissingKind { kind, rules: vec![&item.result.rule] },
        Some(Key::Cause(rule)) => Entry::RootCause { rule, paths: paths(item), rules: vec![&item.result.rule] },
        Some(Key::Rule(..) | Key::Place { .. }) | None => {
            Entry::Finding { class: Class::of(item.finding), items: vec![item], same_place: Vec::new() }
        }
    }
}

fn join<'a>(entry: &mut Entry<'a>, item: Item<'a>) {
    let rule = item.result.rule.as_str();
    match entry {
        Entry::Finding { items, .. } if items[0].result.rule == rule => items.push(item),
        Entry::Finding { same_place, .. } => push_once(same_place, rule),
        Entry::MissingKind { rules, .. } => push_once(rules, rule),
        Entry::RootCause { rules, paths: known, .. } => {
            push_once(rules, rule);
            for path in paths(item) {
                push_once(known, path);
            }
        }
    }
}

fn paths(item: Item<'_>) -> Vec<&str> {
    let mut paths = Vec::new();
    for place in item.finding.unknowns.iter().flat_map(|unknown| &unknown.evidence) {
        push_once(&mut paths, place.path.as_str());
    }
    paths
}

fn push_once<'a>(list: &mut Vec<&'a str>, text: &'a str) {
    if !list.contains(&text) {
        list.push(text);
    }
}
