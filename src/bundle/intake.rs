//! Files on their way into a snapshot: each is admitted by name and size, and hashed, or refused
//! with a problem. Folder and archive are read through the same door.

use std::collections::BTreeMap;

use unicode_normalization::UnicodeNormalization;

use crate::meter::{Work, during};
use crate::primitives::Sha256;

use super::limits::Limits;
use super::place::{printable, printable_path};
use super::problem::{Code, Problem};

/// Everything that was found, by path relative to the case.
#[derive(Debug)]
pub struct Intake {
    pub(super) limits: Limits,
    pub(super) files: BTreeMap<String, Content>,
    pub(super) problems: Vec<Problem>,
    total: u64,
    folders: usize,
}

/// The content of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// Read and hashed.
    Read {
        /// All of it.
        bytes: Vec<u8>,
        /// Digest of these bytes.
        sha256: Sha256,
    },
    /// There, and not read; a problem says why.
    Refused,
}

impl Intake {
    pub(super) fn new(limits: Limits) -> Self {
        Self { limits, files: BTreeMap::new(), problems: Vec::new(), total: 0, folders: 0 }
    }

    /// Whether a file of this path and size may be read. Says why not.
    pub(super) fn admit(&mut self, path: &str, size: u64) -> bool {
        if self.files.contains_key(path) {
            self.refuse(path, Code::DuplicatePath, "the archive holds this path twice", "pack every file once");
            return false;
        }
        if let Some((code, message)) = refused_name(path, &self.limits) {
            self.refuse(path, code, &message, "rename it: relative, `/` between names, no `.` or `..`");
            return false;
        }
        let limit = self.limits.bytes_for(path);
        if size > limit {
            let message = format!("the file has {size} bytes; at most {limit} are read");
            self.refuse(path, Code::FileTooBig, &message, "keep media in a vault and list their digest");
            return false;
        }
        if !self.has_room(path) {
            return false;
        }
        if self.total.saturating_add(size) > self.limits.total_bytes {
            let message = format!("the files have more than {} bytes together", self.limits.total_bytes);
            self.refuse(path, Code::CaseTooBig, &message, "keep media in a vault and list their digest");
            return false;
        }
        true
    }

    /// Takes an admitted file in.
    pub(super) fn take(&mut self, path: &str, bytes: Vec<u8>) {
        self.total = self.total.saturating_add(bytes.len() as u64);
        let sha256 = during(Work::Hash, || Sha256::of(&bytes));
        self.files.insert(path.to_owned(), Content::Read { bytes, sha256 });
    }

    /// A file that is there and is not read.
    pub(super) fn refuse(&mut self, path: &str, code: Code, message: &str, help: &str) {
        if self.has_room(path) {
            // Also a path seen before is given up: which of the two contents is meant is not known.
            self.files.insert(path.to_owned(), Content::Refused);
            self.problem(path, code, message, help);
        }
    }

    /// Whether one more file may be remembered; the first one beyond is a problem.
    fn has_room(&mut self, path: &str) -> bool {
        let room = self.files.len() < self.limits.files;
        if !room && !self.is_full() {
            let message = format!("the case holds more than {} files", self.limits.files);
            self.problem(
                path,
                Code::TooManyFiles,
                &message,
                "one case is one issuance; take out what is not part of it",
            );
        }
        room
    }

    /// Whether one more folder may be looked through; the first one beyond is a problem. Folders without a file are
    /// no evidence, and could be without end.
    pub(super) fn enter(&mut self, path: &str) -> bool {
        self.folders += 1;
        let room = self.folders <= self.limits.files;
        if !room && !self.is_full() {
            let message = format!("the case holds more than {} folders", self.limits.files);
            self.problem(path, Code::TooManyFiles, &message, "take out the folders that are not part of the case");
        }
        room
    }

    /// A problem with a path.
    pub(super) fn problem(&mut self, path: &str, code: Code, message: &str, help: &str) {
        self.problems.push(Problem {
            code,
            path: printable_path(path),
            file: None,
            span: None,
            pointer: None,
            message: message.to_owned(),
            help: help.to_owned(),
        });
    }

    /// Whether the limit on the number of files is reached, so that walking on is of no use.
    pub(super) fn is_full(&self) -> bool {
        self.problems.iter().any(|problem| problem.code == Code::TooManyFiles)
    }

    /// Finds paths that one file system keeps apart and another takes for one.
    pub(super) fn find_collisions(&mut self) {
        let mut seen: BTreeMap<String, &str> = BTreeMap::new();
        let mut collisions = Vec::new();
        for path in self.files.keys() {
            let folded = folded(path);
            match seen.get(&folded) {
                Some(other) => collisions.push((path.clone(), (*other).to_owned())),
                None => drop(seen.insert(folded, path)),
            }
        }
        for (path, other) in collisions {
            let message = format!("`{}` and `{}` are one file on some systems", printable(&path), printable(&other));
            self.problem(&path, Code::CaseCollision, &message, "rename one of the two");
        }
    }
}

/// A path without what some file systems do not tell apart.
fn folded(path: &str) -> String {
    if path.is_ascii() {
        return path.to_ascii_lowercase();
    }
    path.nfc().flat_map(char::to_lowercase).nfc().collect()
}

/// Why a path cannot be one of a case; `None` if it can.
pub(super) fn refused_name(path: &str, limits: &Limits) -> Option<(Code, String)> {
    if path.len() > limits.path_bytes {
        return Some((
            Code::PathTooLong,
            format!("the path has {} bytes; at most {} are read", path.len(), limits.path_bytes),
        ));
    }
    let why = if path.is_empty() || path.starts_with('/') {
        "it is not relative"
    } else if path.contains('\\') {
        "it has a backslash, which some systems take for `/`"
    } else if path.chars().any(char::is_control) {
        "it has a control character"
    } else if path.split('/').any(|name| matches!(name, "" | "." | "..")) {
        "a name in it is empty, `.` or `..`"
    } else if path.split('/').count() > limits.depth {
        let message = format!("`{}` is nested more than {} folders deep", printable(path), limits.depth);
        return Some((Code::FolderTooDeep, message));
    } else {
        return None;
    };
    Some((Code::PathRefused, format!("the path `{}` is refused: {why}", printable(path))))
}
