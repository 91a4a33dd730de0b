//! What can be wrong with a case of a year, and which rules must say so.

/// Something wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Its name.
    pub name: &'static str,
    /// What is done.
    pub wrong: Wrong,
    /// The rules that must not pass when the case is checked alone, and no others.
    pub rules: &'static [&'static str],
    /// What an audit of the year must find, by code.
    pub population: &'static [&'static str],
}

/// How a case becomes wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wrong {
    /// Its files differ, by a patch of the reference case.
    Files(&'static str),
    /// Its challenge has the words of another case.
    Borrowed,
    /// It is not in the folder.
    Unfiled,
    /// Its event is not in the registry that witnesses show.
    Unregistered,
}

/// Everything that can be wrong.
pub const VIOLATIONS: &[Violation] = &[
    Violation {
        name: "lapsed LEI",
        wrong: Wrong::Files(
            "patch:\n  - set: raw/lei-record-r2.json#/data/attributes/registration/status\n    to: LAPSED\n",
        ),
        rules: &[],
        population: &[],
    },
];
