//! Any text as a file of policies.
//!
//! An input is a byte that chooses the kind of file, and its text.

use std::path::Path;

use countersign::compile::compile;
use countersign::facts::schema::FactSchema;
use countersign::policy::format::format;
use countersign::policy::{self, Drawing, render};
use countersign::source::Source;

/// A name for each kind of file.
const NAMES: &[&str] = &[
    "vlei-egf/some.yaml",
    "vlei-egf/some.cases.yaml",
    "flows.yaml",
    "profiles.yaml",
    "pending.yaml",
    "external.yaml",
    "tables/some.yaml",
    "equivalent-mutants.yaml",
    "definitions.yaml",
];

pub struct Target {
    schema: FactSchema,
}

/// The files of the rule book, each cut to what a fuzzer can change with effect.
pub fn seeds(root: &Path) -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    let mut folders = vec![root.join("policies")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            if path.extension().is_none_or(|extension| extension != "yaml") {
                continue;
            }
            let kind = policy::file_kind(&path.to_string_lossy());
            let flag = NAMES.iter().position(|name| policy::file_kind(name) == kind).unwrap() as u8;
            let text = std::fs::read_to_string(&path).unwrap();
            // Whole entries, so that the piece can be read.
            let end = text.match_indices("\n  - ").map(|(at, _)| at).take_while(|at| *at < 6000).last();
            let text = &text[..end.unwrap_or(text.len().min(6000))];
            seeds.push([&[flag], text.as_bytes(), b"\n"].concat());
        }
    }
    seeds.sort();
    seeds
}

impl Target {
    pub fn new() -> Self {
        Self { schema: FactSchema::embedded() }
    }

    pub fn run(&self, data: &[u8]) {
        let Some((&flag, text)) = data.split_first() else { return };
        let Ok(text) = std::str::from_utf8(text) else { return };
        let source = Source::new(NAMES[usize::from(flag) % NAMES.len()], text);
        let (set, mut problems) = policy::load(vec![source.clone()]);
        if problems.is_empty() {
            self.formatted(&source);
            if let Err(found) = compile(&set, self.schema.clone()) {
                assert!(!found.is_empty(), "refused without a reason");
                problems = found;
            }
        }
        for problem in &problems {
            for (span, _) in problem.labels() {
                let end = span.end as usize;
                assert!(span.start as usize <= end && end <= problem.file().text().len(), "{problem:?}");
            }
        }
        assert!(problems.is_empty() || !render(&problems, 80, Drawing::Plain).is_empty());
    }

    /// What is formatted says the same, and is formatted alike.
    fn formatted(&self, source: &Source) {
        let Ok(text) = format(source) else { return };
        let again = Source::new(source.name(), text.clone());
        let (_, problems) = policy::load(vec![again.clone()]);
        assert!(problems.is_empty(), "{problems:?}\n{text}");
        assert_eq!(format(&again).unwrap(), text);
    }
}
