//! The keys and words of policy files, as one table each.
//!
//! In: the lists that the reader reads by. Out: the same lists, named, for what must agree with them:
//! the JSON Schemas of `schemas/policy*.schema.json`, the reference, and the options of `policy new`.

use super::FileKind;
use super::cases::{CASE_KEYS, CASES_FILE_KEYS, OUTCOMES, STEPS, VERDICTS};
use super::document::{DEFINITION_KEYS, FILE_KEYS, PARAMETER_KEYS, PRECEDENCES, VERSION_KEYS};
use super::equivalents::{CHANGE_KEYS, ENTRY_KEYS, EQUIVALENTS_FILE_KEYS};
use super::flows::{
    EXTERNAL_FILE_KEYS, EXTERNAL_KEYS, FLOW_KEYS, FLOWS_FILE_KEYS, PENDING_FILE_KEYS, PENDING_KEYS, PROFILE_KEYS,
    PROFILES_FILE_KEYS, WAITS,
};
use super::rule::{IN_FORCE_KEYS, LEVELS, RULE_KEYS, SOURCE_KEYS, STAGES, STRENGTHS};
use super::table::TABLE_KEYS;

/// A mapping of a policy file.
#[derive(Debug, Clone, Copy)]
pub struct Mapping {
    /// The kind of file it stands in.
    pub file: FileKind,
    /// What it is; nothing for the file itself.
    pub name: &'static str,
    /// Its keys, in the order of the reference.
    pub keys: &'static [&'static str],
}

/// Every mapping whose keys are known.
pub fn mappings() -> Vec<Mapping> {
    let mapping = |file, name, keys| Mapping { file, name, keys };
    let mut mappings = vec![
        mapping(FileKind::Policy, "", FILE_KEYS),
        mapping(FileKind::Policy, "version", VERSION_KEYS),
        mapping(FileKind::Policy, "parameter", PARAMETER_KEYS),
        mapping(FileKind::Policy, "definition", DEFINITION_KEYS),
        mapping(FileKind::Policy, "rule", RULE_KEYS),
        mapping(FileKind::Policy, "source", SOURCE_KEYS),
        mapping(FileKind::Policy, "in_force", IN_FORCE_KEYS),
        mapping(FileKind::Cases, "", CASES_FILE_KEYS),
        mapping(FileKind::Cases, "case", CASE_KEYS),
        mapping(FileKind::Flows, "", FLOWS_FILE_KEYS),
        mapping(FileKind::Flows, "flow", FLOW_KEYS),
        mapping(FileKind::Profiles, "", PROFILES_FILE_KEYS),
        mapping(FileKind::Profiles, "profile", PROFILE_KEYS),
        mapping(FileKind::Pending, "", PENDING_FILE_KEYS),
        mapping(FileKind::Pending, "requirement", PENDING_KEYS),
        mapping(FileKind::External, "", EXTERNAL_FILE_KEYS),
        mapping(FileKind::External, "requirement", EXTERNAL_KEYS),
        mapping(FileKind::Table, "", TABLE_KEYS),
        mapping(FileKind::Equivalents, "", EQUIVALENTS_FILE_KEYS),
        mapping(FileKind::Equivalents, "entry", ENTRY_KEYS),
        mapping(FileKind::Equivalents, "change", CHANGE_KEYS),
    ];
    mappings.extend(STEPS.iter().map(|(form, keys)| mapping(FileKind::Cases, form, keys)));
    mappings
}

/// Every key whose value is one of a closed set of words, and the words.
pub fn words() -> Vec<(&'static str, Vec<&'static str>)> {
    vec![
        ("precedence", spelt(PRECEDENCES)),
        ("level", spelt(LEVELS)),
        ("stage", spelt(STAGES)),
        ("strength", spelt(STRENGTHS)),
        ("waits_for", spelt(WAITS)),
        ("outcome", spelt(OUTCOMES)),
        ("verdict", spelt(VERDICTS)),
    ]
}

/// The words that a key may have; none if any text will do.
pub fn words_of(key: &str) -> Vec<&'static str> {
    words().into_iter().find(|(known, _)| *known == key).map(|(_, words)| words).unwrap_or_default()
}

fn spelt<T>(words: &[(&'static str, T)]) -> Vec<&'static str> {
    words.iter().map(|(word, _)| *word).collect()
}
