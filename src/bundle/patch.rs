//! Small changes of a case in memory: how the cases of a rule differ from their fixture.
//!
//! In: the files of a case by path, and steps. Out: the changed files, with digests listed again: a
//! file's digest is corrected wherever the case names it (manifests, records, the chain of case records), so
//! that a patch changes the one thing it says. A step may say that it is not to be listed again.
//! Files keep their layout: a changed value is spliced into the text.

mod edit;
mod error;
mod relist;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::primitives::{Date, Duration, Instant};

pub use error::PatchError;

/// The name of the trust file among the files of a case.
pub const TRUST: &str = "trust";

/// A change, and whether digests are listed again after it.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Whether digests are listed again.
    pub relist: bool,
    /// What is done.
    pub change: Change,
}

/// What is done. Paths are relative to `bundle/`; `decision/…`, `post/…` and `trust` name other parts.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// Sets a member; its parents must exist, and `-` appends to a list.
    Set {
        /// The file.
        path: String,
        /// RFC 6901, with selectors `[person_id=LAR-C]` as steps.
        pointer: String,
        /// The new value.
        to: Value,
    },
    /// Removes a member.
    Remove {
        /// The file.
        path: String,
        /// The member.
        pointer: String,
    },
    /// Removes a file, and its entry in the manifest.
    RemoveFile {
        /// The file.
        path: String,
    },
    /// Makes a new file like an old one.
    Copy {
        /// The old file.
        path: String,
        /// The new one.
        to: String,
        /// Members that differ.
        change: Vec<(String, Value)>,
    },
    /// Adds a file.
    Add {
        /// The new file.
        path: String,
        /// Its kind; not used for case records.
        kind: String,
        /// What it holds.
        content: Content,
    },
    /// Replaces text in every file whose path matches.
    Replace {
        /// What is replaced.
        text: String,
        /// By what.
        by: String,
        /// A path with `*` (no `/`) and `**`.
        within: String,
    },
    /// Moves every instant and date in the JSON files whose path matches.
    Shift {
        /// How far.
        by: Shift,
        /// A path with `*` (no `/`) and `**`.
        within: String,
    },
}

/// What a new file holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// A JSON document.
    Json(Value),
    /// A text.
    Text(String),
}

/// How far time is moved; negative moves it back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shift {
    /// Calendar days.
    Days(i64),
    /// An exact duration; a date moves as its midnight does.
    Duration(Duration),
}

/// What the steps did, for listing again.
#[derive(Debug, Default)]
struct Done {
    /// Files that a step changed, removed or added without listing again.
    frozen: BTreeSet<String>,
    /// New files, each with its kind or the file it is like.
    added: Vec<Added>,
    /// Files that were removed, with their bytes.
    removed: BTreeMap<String, Vec<u8>>,
}

#[derive(Debug)]
struct Added {
    path: String,
    listing: Listing,
    /// Whether the new case record says its predecessor itself.
    chained: bool,
}

#[derive(Debug)]
enum Listing {
    Kind(String),
    Like(String),
}

/// Applies the steps in order, then lists digests again. The key of the trust file is [`TRUST`].
///
/// # Errors
/// The first step that cannot be done, with its index; then `files` is as far as it got.
pub fn apply(files: &mut BTreeMap<String, Vec<u8>>, steps: &[Step]) -> Result<(), (usize, PatchError)> {
    let before = files.clone();
    let mut done = Done::default();
    for (index, step) in steps.iter().enumerate() {
        let touched = change(files, &step.change, &mut done).map_err(|error| (index, error))?;
        if !step.relist {
            done.frozen.extend(touched);
        }
    }
    relist::relist(files, &before, &done);
    Ok(())
}

/// Does one change; gives the paths it touched.
fn change(files: &mut BTreeMap<String, Vec<u8>>, change: &Change, done: &mut Done) -> Result<Vec<String>, PatchError> {
    match change {
        Change::Set { path, pointer, to } => {
            let path = full(path);
            let bytes = existing(files, &path)?;
            *bytes = edit::set(bytes, &path, pointer, to)?;
            Ok(vec![path])
        }
        Change::Remove { path, pointer } => {
            let path = full(path);
            let bytes = existing(files, &path)?;
            *bytes = edit::remove(bytes, &path, pointer)?;
            Ok(vec![path])
        }
        Change::RemoveFile { path } => {
            let path = full(path);
            let bytes = files.remove(&path).ok_or_else(|| PatchError::NoFile { path: short(&path).to_owned() })?;
            done.added.retain(|added| added.path != path);
            done.removed.insert(path.clone(), bytes);
            Ok(vec![path])
        }
        Change::Copy { path, to, change } => {
            let (path, to) = (full(path), full(to));
            let mut bytes = existing(files, &path)?.clone();
            for (pointer, value) in change {
                bytes = edit::set(&bytes, &path, pointer, value)?;
            }
            let chained = change.iter().any(|(pointer, _)| pointer == "/predecessor_sha256");
            add(files, done, &to, bytes, Listing::Like(path), chained)
        }
        Change::Add { path, kind, content } => {
            let (bytes, chained) = match content {
                Content::Json(value) => {
                    let chained = value.get("predecessor_sha256").is_some_and(|named| !named.is_null());
                    (format!("{value:#}\n").into_bytes(), chained)
                }
                Content::Text(text) => (text.clone().into_bytes(), true),
            };
            add(files, done, &full(path), bytes, Listing::Kind(kind.clone()), chained)
        }
        Change::Replace { text, by, within } => {
            let matching = matching(files, within)?;
            let mut touched = Vec::new();
            for path in matching {
                let bytes = existing(files, &path)?;
                let Ok(old) = std::str::from_utf8(bytes) else { continue };
                if !text.is_empty() && old.contains(text.as_str()) {
                    *bytes = old.replace(text.as_str(), by).into_bytes();
                    touched.push(path);
                }
            }
            if touched.is_empty() {
                return Err(PatchError::NoText { text: text.clone(), within: within.clone() });
            }
            Ok(touched)
        }
        Change::Shift { by, within } => {
            let mut touched = Vec::new();
            for path in matching(files, within)? {
                let bytes = existing(files, &path)?;
                if let Some(shifted) = edit::rewrite_texts(bytes, |text| by.moved(text))? {
                    *bytes = shifted;
                    touched.push(path);
                }
            }
            if touched.is_empty() {
                return Err(PatchError::NoInstant { within: within.clone() });
            }
            Ok(touched)
        }
    }
}

fn add(
    files: &mut BTreeMap<String, Vec<u8>>,
    done: &mut Done,
    path: &str,
    bytes: Vec<u8>,
    listing: Listing,
    chained: bool,
) -> Result<Vec<String>, PatchError> {
    if files.contains_key(path) {
        return Err(PatchError::FileExists { path: short(path).to_owned() });
    }
    files.insert(path.to_owned(), bytes);
    done.added.push(Added { path: path.to_owned(), listing, chained });
    Ok(vec![path.to_owned()])
}

impl Shift {
    /// A moved instant or date; `None` for any other text.
    fn moved(self, text: &str) -> Option<Result<String, PatchError>> {
        let too_far = || PatchError::TooFar { text: text.to_owned() };
        if let Ok(instant) = text.parse::<Instant>() {
            let moved = match self {
                Self::Days(days) => instant.checked_add_days(days),
                Self::Duration(duration) => instant.checked_add(duration),
            };
            return Some(moved.map(|moved| moved.to_string()).ok_or_else(too_far));
        }
        let date = text.parse::<Date>().ok()?;
        let moved = match self {
            Self::Days(days) => date.checked_add_days(days),
            Self::Duration(duration) => {
                let midnight = format!("{date}T00:00:00Z").parse::<Instant>().ok();
                midnight.and_then(|midnight| midnight.checked_add(duration)).map(Instant::date)
            }
        };
        Some(moved.map(|moved| moved.to_string()).ok_or_else(too_far))
    }
}

/// The key of a path: `records/x.json` is `bundle/records/x.json`.
fn full(path: &str) -> String {
    if path == TRUST || path.starts_with("decision/") || path.starts_with("post/") {
        path.to_owned()
    } else {
        format!("bundle/{path}")
    }
}

/// A key as patches write it.
fn short(path: &str) -> &str {
    path.strip_prefix("bundle/").unwrap_or(path)
}

fn existing<'f>(files: &'f mut BTreeMap<String, Vec<u8>>, path: &str) -> Result<&'f mut Vec<u8>, PatchError> {
    files.get_mut(path).ok_or_else(|| PatchError::NoFile { path: short(path).to_owned() })
}

/// The files whose path matches; the trust file only by its own name.
fn matching(files: &BTreeMap<String, Vec<u8>>, within: &str) -> Result<Vec<String>, PatchError> {
    let matches = |path: &&String| if *path == TRUST { within == TRUST } else { glob(within, short(path)) };
    let found: Vec<String> = files.keys().filter(matches).cloned().collect();
    if found.is_empty() { Err(PatchError::NoFile { path: within.to_owned() }) } else { Ok(found) }
}

/// Whether a path matches: `*` stands for any text without `/`, `**` for any text.
fn glob(pattern: &str, path: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == path,
        Some((literal, rest)) => {
            let Some(tail) = path.strip_prefix(literal) else { return false };
            let (rest, across) = match rest.strip_prefix('*') {
                Some(rest) => (rest, true),
                None => (rest, false),
            };
            let reach = if across { tail.len() } else { tail.find('/').unwrap_or(tail.len()) };
            // Shortest first; patterns are written by hand and have few stars.
            tail.char_indices()
                .map(|(at, _)| at)
                .chain([tail.len()])
                .take_while(|at| *at <= reach)
                .any(|at| glob(rest, &tail[at..]))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_match_within_and_across_folders() {
        for (pattern, path) in [
            ("records/*.json", "records/a.json"),
            ("**", "a/b/c"),
            ("decision/**", "decision/a.json"),
            ("raw/lei-record-r*.json", "raw/lei-record-r1.json"),
            ("a", "a"),
            ("**/x", "a/b/x"),
        ] {
            assert!(glob(pattern, path), "{pattern} {path}");
        }
        for (pattern, path) in
            [("records/*.json", "records/a/b.json"), ("*", "a/b"), ("a*", "b"), ("a", "ab"), ("*.json", "a.jsonx")]
        {
            assert!(!glob(pattern, path), "{pattern} {path}");
        }
    }

    #[test]
    fn time_moves_exactly_or_by_the_calendar() {
        let moved = |shift: Shift, text: &str| shift.moved(text).map(Result::unwrap);
        let day = Shift::Days(30);
        assert_eq!(moved(day, "2026-01-30T10:00:00Z").unwrap(), "2026-03-01T10:00:00Z");
        assert_eq!(moved(day, "2026-01-30").unwrap(), "2026-03-01");
        let hours = Shift::Duration(Duration::from_seconds(-76 * 3600 - 300));
        assert_eq!(moved(hours, "2026-03-20T15:00:00+01:00").unwrap(), "2026-03-17T09:55:00Z");
        assert_eq!(moved(hours, "2026-03-20").unwrap(), "2026-03-16");
        assert_eq!(moved(day, "30 days"), None);
        assert!(Shift::Days(i64::MAX).moved("2026-01-30").unwrap().is_err());
    }
}
