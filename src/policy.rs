//! Policy files, read but not yet typed.
//!
//! In: the text of the files of a policies folder. Out: a [`PolicySet`] whose every text knows its
//! place, and every problem of every file at once. What expressions mean is not known here: they are
//! parsed, and `compile` does the rest. `docs/language.md` describes the files.

pub mod cases;
pub mod document;
pub mod equivalents;
pub mod flows;
pub mod format;
pub mod problem;
mod read;
pub mod rule;
pub mod skeleton;
pub mod table;
pub mod vocabulary;
pub mod yaml;

use std::collections::HashMap;

use crate::source::{Fragment, Source, Span};

pub use cases::ParsedCases;
pub use document::{ParsedDefinition, ParsedParameter, ParsedPolicy};
pub use equivalents::ParsedEquivalents;
pub use flows::{ParsedExternal, ParsedFlows, ParsedPending, ParsedProfiles};
pub use problem::{Drawing, PolicyProblem, render};
pub use rule::{ParsedBody, ParsedRule};
pub use table::ParsedTable;
pub use yaml::Value;

use problem::Code;

/// A value and where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub span: Span,
}

/// A text of the expression language.
#[derive(Debug, Clone)]
pub struct Parsed<T> {
    /// As written. Spans of the tree are offsets in it.
    pub text: Fragment,
    /// Its tree; none if it has syntax errors, which have been reported.
    pub tree: Option<T>,
}

/// Everything a policies folder says. Where a problem was reported a stand-in may be in its place, so
/// a set with problems must not be run.
#[derive(Debug, Clone, Default)]
pub struct PolicySet {
    /// The policy files, in order of document id; `definitions.yaml` among them.
    pub policies: Vec<ParsedPolicy>,
    /// `flows.yaml`
    pub flows: Vec<ParsedFlows>,
    /// `profiles.yaml`
    pub profiles: Vec<ParsedProfiles>,
    /// `pending.yaml`
    pub pending: Vec<ParsedPending>,
    /// `external.yaml`
    pub external: Vec<ParsedExternal>,
    /// `tables/*.yaml`, in order of table id.
    pub tables: Vec<ParsedTable>,
    /// `*.cases.yaml`, in order of document id.
    pub cases: Vec<ParsedCases>,
    /// `equivalent-mutants.yaml`
    pub equivalents: Vec<ParsedEquivalents>,
}

/// What a file holds, told by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// Rules of a governance document, or the shared definitions.
    Policy,
    /// `*.cases.yaml`
    Cases,
    /// `flows.yaml`
    Flows,
    /// `profiles.yaml`
    Profiles,
    /// `pending.yaml`, or one of several `pending-*.yaml`
    Pending,
    /// `external.yaml`
    External,
    /// `tables/*.yaml`
    Table,
    /// `equivalent-mutants.yaml`
    Equivalents,
}

impl FileKind {
    /// Whether it tests the rules, and decides nothing.
    pub fn tests(self) -> bool {
        match self {
            Self::Cases | Self::Equivalents => true,
            Self::Policy | Self::Flows | Self::Profiles | Self::Pending | Self::External | Self::Table => false,
        }
    }
}

/// What a file of this name holds.
pub fn file_kind(name: &str) -> FileKind {
    let mut steps = name.rsplit(['/', '\\']);
    let file = steps.next().unwrap_or_default();
    match file {
        _ if file.ends_with(".cases.yaml") => FileKind::Cases,
        "flows.yaml" => FileKind::Flows,
        "profiles.yaml" => FileKind::Profiles,
        "pending.yaml" => FileKind::Pending,
        _ if file.starts_with("pending-") => FileKind::Pending,
        "external.yaml" => FileKind::External,
        "equivalent-mutants.yaml" => FileKind::Equivalents,
        _ if steps.next() == Some("tables") => FileKind::Table,
        _ => FileKind::Policy,
    }
}

/// The name of a file without folders and without its endings.
fn stem(name: &str) -> &str {
    let file = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let file = file.strip_suffix(".yaml").unwrap_or(file);
    file.strip_suffix(".cases").unwrap_or(file)
}

/// Reads the files of a policies folder.
///
/// The order of the files does not matter. The problems are in order of file and place.
pub fn load(files: Vec<Source>) -> (PolicySet, Vec<PolicyProblem>) {
    let mut set = PolicySet::default();
    let mut problems = Vec::new();
    for source in &files {
        let tree = match yaml::read(source) {
            Ok(tree) => tree,
            Err(found) => {
                problems.extend(found);
                continue;
            }
        };
        let mut reader = read::Reader::new(source);
        match file_kind(source.name()) {
            FileKind::Policy => set.policies.extend(reader.policy(&tree.root)),
            FileKind::Cases => set.cases.extend(reader.cases(&tree.root)),
            FileKind::Flows => set.flows.extend(reader.flows(&tree.root)),
            FileKind::Profiles => set.profiles.extend(reader.profiles(&tree.root)),
            FileKind::Pending => set.pending.extend(reader.pending(&tree.root)),
            FileKind::External => set.external.extend(reader.external(&tree.root)),
            FileKind::Table => set.tables.extend(reader.table(&tree.root)),
            FileKind::Equivalents => set.equivalents.extend(reader.equivalents(&tree.root)),
        }
        problems.extend(reader.problems);
    }
    set.policies.sort_by(|a, b| a.document.text.cmp(&b.document.text));
    set.tables.sort_by(|a, b| a.table.text.cmp(&b.table.text));
    set.cases.sort_by(|a, b| a.document.text.cmp(&b.document.text));
    set.pending.sort_by(|a, b| a.source.name().cmp(b.source.name()));
    problems.extend(across_files(&set));
    problem::sort(&mut problems);
    (set, problems)
}

/// Ids that two files give.
fn across_files(set: &PolicySet) -> Vec<PolicyProblem> {
    let mut problems = Vec::new();
    let policies = set.policies.iter();
    duplicates(&mut problems, "document", policies.clone().map(|policy| (&policy.source, &policy.document)));
    duplicates(
        &mut problems,
        "rule",
        policies
            .clone()
            .flat_map(|policy| policy.rules.iter().map(|rule| (&policy.source, &rule.id)))
            .chain(set.pending.iter().flat_map(|file| file.pending.iter().map(|pending| (&file.source, &pending.id))))
            .chain(set.external.iter().flat_map(|file| file.external.iter().map(|entry| (&file.source, &entry.id)))),
    );
    duplicates(
        &mut problems,
        "parameter",
        policies.flat_map(|policy| policy.parameters.iter().map(|parameter| (&policy.source, &parameter.name))),
    );
    duplicates(&mut problems, "table", set.tables.iter().map(|table| (&table.source, &table.table)));
    duplicates(
        &mut problems,
        "flow",
        set.flows.iter().flat_map(|file| file.flows.iter().map(|flow| (&file.source, &flow.id))),
    );
    duplicates(
        &mut problems,
        "profile",
        set.profiles.iter().flat_map(|file| file.profiles.iter().map(|profile| (&file.source, &profile.id))),
    );
    cases::unknown_references(set, &mut problems);
    problems
}

fn duplicates<'s>(
    problems: &mut Vec<PolicyProblem>,
    what: &str,
    ids: impl Iterator<Item = (&'s Source, &'s Fragment)>,
) {
    let mut seen: HashMap<&str, (&Source, Span)> = HashMap::new();
    for (source, id) in ids.filter(|(_, id)| !id.text.is_empty()) {
        let Some((first_source, first)) = seen.insert(&id.text, (source, id.whole)) else { continue };
        let message = format!("{what} `{}` is given twice", id.text);
        let (line, column) = first_source.line_column(first.start as usize);
        let mut labels = vec![(id.whole, "given again".to_owned())];
        let help = if first_source.name() == source.name() {
            labels.push((first, "first given here".to_owned()));
            "rename or remove one of the two".to_owned()
        } else {
            format!("it is also given in {}:{line}:{column}; rename or remove one of the two", first_source.name())
        };
        problems.push(PolicyProblem::new(Code::DuplicateId.as_str(), message, Some(help), source, labels));
    }
}

#[cfg(test)]
mod mistakes;
#[cfg(test)]
mod tests;
