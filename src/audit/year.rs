//! The folder of a year: where its cases, streams and ledger are.
//!
//! In: the folder. Out: the cases in order of path, what is there and is none, and the streams. No link is followed.

use std::fs;
use std::path::{Path, PathBuf};

use super::error::AuditError;
use crate::bundle::place::printable_path;
use crate::bundle::snapshot::AREAS;
use crate::primitives::Sha256;

/// Most cases of a year.
const CASES_MAX: usize = 10_000_000;
/// Deepest folder of cases.
const DEPTH_MAX: usize = 16;
/// Most bytes of a stream: what one stream may have is read at once.
const STREAM_BYTES_MAX: u64 = 16 << 20;
/// Most bytes of all streams.
const STREAMS_BYTES_MAX: u64 = 1 << 30;

/// What lies in the folder of cases.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Year {
    /// Cases, relative to the folder of cases, in order.
    pub cases: Vec<String>,
    /// What is neither a case nor a folder of cases.
    pub strays: Vec<String>,
}

/// A stream that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stream {
    /// Its file name.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// Looks for cases.
///
/// # Errors
/// `unreadable`, `no_case`, `too_large`.
pub fn cases(folder: &Path) -> Result<Year, AuditError> {
    let mut year = Year::default();
    walk(folder, "", 0, &mut year)?;
    if year.cases.is_empty() {
        return Err(AuditError::NoCase { path: folder.to_owned() });
    }
    year.cases.sort();
    year.strays.sort();
    Ok(year)
}

fn walk(folder: &Path, below: &str, depth: usize, year: &mut Year) -> Result<(), AuditError> {
    for entry in fs::read_dir(folder).map_err(AuditError::unreadable(folder))? {
        let entry = entry.map_err(AuditError::unreadable(folder))?;
        let path = entry.path();
        let kind = entry.file_type().map_err(AuditError::unreadable(&path))?;
        let Ok(name) = entry.file_name().into_string() else {
            year.strays.push(format!("{below}{}", printable_path(&entry.file_name().to_string_lossy())));
            continue;
        };
        let inside = format!("{below}{name}");
        if year.cases.len() >= CASES_MAX {
            return Err(AuditError::TooLarge { path: folder.to_owned(), limit: CASES_MAX as u64, what: "cases" });
        }
        let is_case = || AREAS.iter().any(|area| fs::symlink_metadata(path.join(area)).is_ok());
        match kind {
            kind if kind.is_dir() && is_case() => year.cases.push(inside),
            kind if kind.is_dir() && depth < DEPTH_MAX => {
                walk(&path, &format!("{inside}/"), depth + 1, year)?;
            }
            kind if kind.is_file() && name.ends_with(".tar") => year.cases.push(inside),
            _ => year.strays.push(inside),
        }
    }
    Ok(())
}

/// Digest of what a case's files look like from outside: where it stays the same, a case need not be judged again.
///
/// # Errors
/// Of the file system.
pub fn stamp(path: &Path) -> std::io::Result<Sha256> {
    let mut lines = Vec::new();
    look(path, "", 0, &mut lines)?;
    lines.sort();
    Ok(Sha256::of(lines.concat().as_bytes()))
}

fn look(path: &Path, inside: &str, depth: usize, lines: &mut Vec<String>) -> std::io::Result<()> {
    let metadata = fs::symlink_metadata(path)?;
    if metadata.is_dir() && depth <= DEPTH_MAX {
        for entry in fs::read_dir(path)? {
            let entry = entry?;
            let name = format!("{inside}/{}", entry.file_name().to_string_lossy());
            look(&entry.path(), &name, depth + 1, lines)?;
        }
        return Ok(());
    }
    let changed = metadata.modified().ok().and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
    lines.push(format!("{inside} {} {}\n", metadata.len(), changed.map_or(0, |at| at.as_nanos())));
    Ok(())
}

/// Reads streams: those that are named, else every `.cesr` file of the folder, in order of name.
///
/// # Errors
/// `unreadable`, `no_registries`, `too_large`.
pub fn streams(folder: &Path, named: &[PathBuf]) -> Result<Vec<Stream>, AuditError> {
    let mut paths: Vec<PathBuf> = named.to_vec();
    if named.is_empty() {
        let found = fs::read_dir(folder).map_err(AuditError::unreadable(folder))?;
        for entry in found {
            let path = entry.map_err(AuditError::unreadable(folder))?.path();
            if path.extension().is_some_and(|extension| extension == "cesr") {
                paths.push(path);
            }
        }
        paths.sort();
    }
    if paths.is_empty() {
        return Err(AuditError::NoRegistries { path: folder.to_owned() });
    }
    let mut total = 0;
    let mut streams = Vec::new();
    for path in paths {
        let size = fs::metadata(&path).map_err(AuditError::unreadable(&path))?.len();
        total += size;
        if size > STREAM_BYTES_MAX {
            return Err(AuditError::TooLarge { path, limit: STREAM_BYTES_MAX, what: "bytes" });
        }
        if total > STREAMS_BYTES_MAX {
            return Err(AuditError::TooLarge { path, limit: STREAMS_BYTES_MAX, what: "bytes in all streams" });
        }
        let bytes = fs::read(&path).map_err(AuditError::unreadable(&path))?;
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        streams.push(Stream { name, bytes });
    }
    Ok(streams)
}
