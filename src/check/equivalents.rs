//! Which of the mutants that no case noticed are proven to make no difference.
//!
//! In: what became of all mutants, and `equivalent-mutants.yaml`. Out: how many are proven, which are not, and which
//! entries of the file are wrong: a proof must stand for a change that no case notices, or it hides something.

use std::collections::{BTreeMap, BTreeSet};

use crate::compile::mutants::Mutant;
use crate::compile::program::Program;
use crate::policy::{ParsedPolicy, PolicySet};
use crate::source::Span;

use super::mutants::{Fate, Mutation};

/// Mutants, counted, and held against their proofs.
#[derive(Debug, Default)]
pub struct Settled {
    /// How many a case noticed.
    pub noticed: usize,
    /// How many are proven equivalent.
    pub equivalent: usize,
    /// Those that neither a case noticed nor a proof names, in order of place.
    pub surviving: Vec<Survivor>,
    /// Entries that stand for nothing.
    pub wrong: Vec<Wrong>,
}

/// A mutant that lacks a case or a proof.
#[derive(Debug, PartialEq, Eq)]
pub struct Survivor {
    /// The policy file.
    pub file: String,
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
    /// The rule, or the name of the definition.
    pub within: String,
    /// The change.
    pub change: String,
    /// What is changed.
    pub of: String,
}

/// An entry that stands for nothing.
#[derive(Debug, PartialEq, Eq)]
pub struct Wrong {
    /// The file of entries.
    pub file: String,
    /// The line of the change.
    pub line: usize,
    /// What is wrong with it, and what to do.
    pub problem: String,
}

/// By what an entry names a change: file, rule or definition, change, and the expression in one line.
type Name = (String, String, String, String);

/// Holds mutants against the proofs of a set. Mutants that concern no rule of the cases that ran count for nothing.
pub fn settle(program: &Program, set: &PolicySet, mutation: &Mutation) -> Settled {
    let names: Vec<Name> = mutation.all.iter().map(|(mutant, _)| name(program, set, mutant)).collect();
    let mut settled = Settled::default();
    let proven = proven(set, mutation, &names, &mut settled.wrong);
    for (at, ((mutant, fate), (file, within, change, of))) in mutation.all.iter().zip(names).enumerate() {
        match fate {
            Fate::Elsewhere => {}
            Fate::Noticed => settled.noticed += 1,
            Fate::Unnoticed if proven.contains(&at) => settled.equivalent += 1,
            Fate::Unnoticed => {
                let text = &program.documents[mutant.document.0 as usize].text;
                let (line, column) = crate::source::line_column(text.as_bytes(), mutant.span.start as usize);
                settled.surviving.push(Survivor { file, line, column, within, change, of });
            }
        }
    }
    settled
}

/// The mutants that an entry stands for, each by one; what is wrong with the other entries goes to `wrong`.
fn proven(set: &PolicySet, mutation: &Mutation, names: &[Name], wrong: &mut Vec<Wrong>) -> BTreeSet<usize> {
    let mut by_name: BTreeMap<&Name, Vec<usize>> = BTreeMap::new();
    for (at, name) in names.iter().enumerate() {
        by_name.entry(name).or_default().push(at);
    }
    let mut proven = BTreeSet::new();
    let entries = set.equivalents.iter().flat_map(|file| file.entries.iter().map(move |entry| (&file.source, entry)));
    for (source, entry) in entries {
        for change in &entry.changes {
            let [file, within, made] = [&entry.file, &entry.within, &change.change].map(|text| text.text.clone());
            let of = one_line(&change.of.text);
            let here = format!("`{of}` in {within}");
            let name = (file, within, made, of);
            let alike = by_name.get(&name).map(Vec::as_slice).unwrap_or_default();
            let problem = match alike.get(change.nth - 1) {
                None if alike.is_empty() => {
                    format!("{here} is nowhere changed so ({}): correct the entry, or take it out", name.2)
                }
                None => format!("there are {} such changes of {here}: correct `nth`", alike.len()),
                Some(at) if mutation.all[*at].1 == Fate::Noticed => {
                    format!("a case notices {here} ({}): it is not equivalent, so take the entry out", name.2)
                }
                Some(at) if !proven.insert(*at) => format!("{here} ({}) is listed twice", name.2),
                Some(_) => continue,
            };
            let (line, _) = source.line_column(change.of.whole.start as usize);
            wrong.push(Wrong { file: source.name().to_owned(), line, problem });
        }
    }
    proven
}

fn name(program: &Program, set: &PolicySet, mutant: &Mutant) -> Name {
    let document = &program.documents[mutant.document.0 as usize];
    let of = document.text.get(mutant.span.start as usize..mutant.span.end as usize).unwrap_or_default();
    let policy = set.policies.iter().find(|policy| policy.source.name() == document.path);
    let within = policy.and_then(|policy| within(policy, mutant.span)).unwrap_or_default();
    (document.path.clone(), within.to_owned(), mutant.change.clone(), one_line(of))
}

/// The rule or definition that a place is in: the last one that begins before it.
fn within(policy: &ParsedPolicy, span: Span) -> Option<&str> {
    let rules = policy.rules.iter().map(|rule| (rule.id.whole.start, rule.id.text.as_str()));
    let definitions = policy.definitions.iter().filter_map(|definition| {
        let head = definition.head.tree.as_ref()?;
        Some((definition.head.text.whole.start, head.name.text.as_str()))
    });
    let before = rules.chain(definitions).filter(|(start, _)| *start <= span.start);
    before.max_by_key(|(start, _)| *start).map(|(_, name)| name)
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
