//! Paths as patches write them, and the keys that files of a case have.

use crate::bundle::signed::ENDING;

use super::error::PatchError;
use super::{Files, TRUST};

/// The key of a path: `records/x.json` is `bundle/records/x.json`.
pub(super) fn full(path: &str) -> String {
    if path == TRUST || path.starts_with("decision/") || path.starts_with("post/") {
        path.to_owned()
    } else {
        format!("bundle/{path}")
    }
}

/// A key as patches write it.
pub(super) fn short(path: &str) -> &str {
    path.strip_prefix("bundle/").unwrap_or(path)
}

/// The file of detached signatures beside a record or manifest.
pub(super) fn beside(path: &str) -> Option<String> {
    path.strip_suffix(".json").map(|stem| format!("{stem}{ENDING}"))
}

/// The files whose path matches. A pattern is relative to `bundle/`, as a path is: `**` is every file of
/// the bundle, `decision/**` every case record; the trust file is meant by its own name only.
pub(super) fn matching(files: &Files, within: &str) -> Result<Vec<String>, PatchError> {
    let matches = |path: &&String| if *path == TRUST { within == TRUST } else { glob(&full(within), path) };
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
}
