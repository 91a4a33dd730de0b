//! What lies in the root: streams, cases, saved records. Nothing is written here.

use std::fs;
use std::path::{Path, PathBuf};

use super::super::error::CliError;
use super::super::{clock, load};
use crate::bundle::{Limits, Snapshot};
use crate::check::on_all_cores;
use crate::keri::cesr::STREAM_MAX;
use crate::monitor::MonitorError;
use crate::monitor::cases::{self, CaseFacts};
use crate::monitor::registry::Stream;
use crate::primitives::Instant;

/// Deepest folder of cases.
const DEPTH_MAX: usize = 6;
/// Most streams.
const STREAMS_MAX: usize = 100_000;
/// Most bytes of all streams: they are in memory together.
const STREAMS_BYTES_MAX: u64 = 1 << 30;

/// The streams: those that are named, else those of the folder. Each is as old as its file.
///
/// # Errors
/// One cannot be read, or there is none.
pub(super) fn streams(root: &Path, named: &[PathBuf], now: Instant) -> Result<Vec<Stream>, CliError> {
    let folder = root.join("registries");
    let mut paths = named.to_vec();
    if paths.is_empty() && folder.is_dir() {
        paths = files(&folder, &["cesr"])?;
    }
    if paths.is_empty() {
        return Err(MonitorError::NoStream { path: folder }.into());
    }
    let too_large = |path: &Path, limit, what| MonitorError::TooLarge { path: path.to_owned(), limit, what };
    if let Some(path) = paths.get(STREAMS_MAX) {
        return Err(too_large(path, STREAMS_MAX as u64, "streams").into());
    }
    let mut total = 0;
    for path in &paths {
        total += fs::metadata(path).map_or(0, |metadata| metadata.len());
        if total > STREAMS_BYTES_MAX {
            return Err(too_large(path, STREAMS_BYTES_MAX, "bytes in all streams").into());
        }
    }
    let stream = |path: &PathBuf| {
        let name = path.strip_prefix(root).unwrap_or(path).display().to_string();
        let fetched_at = changed_at(path)?.min(now);
        Ok(Stream { name, bytes: load::bytes(path, STREAM_MAX as u64)?, fetched_at })
    };
    paths.iter().map(stream).collect()
}

/// When a file was last written.
///
/// # Errors
/// It cannot be looked at.
pub(super) fn changed_at(path: &Path) -> Result<Instant, CliError> {
    let unreadable = |source| CliError::Unreadable { path: path.to_owned(), source };
    clock::instant(fs::metadata(path).and_then(|metadata| metadata.modified()).map_err(unreadable)?)
}

/// The files of a folder with one of these endings, in order of name.
///
/// # Errors
/// The folder cannot be read.
pub(super) fn files(folder: &Path, endings: &[&str]) -> Result<Vec<PathBuf>, CliError> {
    let unreadable = |source| CliError::Unreadable { path: folder.to_owned(), source };
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|ending| endings.iter().any(|wanted| ending == *wanted)) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// A case, or why it cannot be read: its path and the reason.
pub(super) type Read = Result<CaseFacts, (PathBuf, String)>;

/// The cases of the root, each read once.
///
/// # Errors
/// A folder cannot be read.
pub(super) fn cases(root: &Path) -> Result<Vec<Read>, CliError> {
    let folder = root.join("cases");
    let mut paths = Vec::new();
    if folder.is_dir() {
        find(&folder, 0, &mut paths)?;
    }
    paths.sort();
    Ok(on_all_cores(&paths, |(): &mut (), path| match Snapshot::read(path, &Limits::STANDARD) {
        Ok(snapshot) => Ok(cases::read(path.clone(), &snapshot)),
        Err(error) => Err((path.clone(), error.to_string())),
    }))
}

fn find(folder: &Path, depth: usize, paths: &mut Vec<PathBuf>) -> Result<(), CliError> {
    let unreadable = |source| CliError::Unreadable { path: folder.to_owned(), source };
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let path = entry.path();
        let kind = entry.file_type().map_err(unreadable)?;
        if kind.is_dir() {
            if path.join("bundle").is_dir() {
                paths.push(path);
            } else if depth < DEPTH_MAX {
                find(&path, depth + 1, paths)?;
            } else {
                let limit = DEPTH_MAX as u64;
                return Err(MonitorError::TooLarge { path, limit, what: "folders, one in the other" }.into());
            }
        } else if kind.is_file() && path.extension().is_some_and(|ending| ending == "tar") {
            paths.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(error: CliError) -> String {
        miette::Diagnostic::code(&error).unwrap().to_string()
    }

    /// One file, named as often as there may be streams, and once more.
    #[test]
    fn there_are_so_many_streams() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tel.cesr");
        fs::write(&path, "").unwrap();
        let now = "2026-04-29T06:30:00Z".parse().unwrap();
        let read = |count: usize| streams(folder.path(), &vec![path.clone(); count], now).map(|streams| streams.len());
        assert_eq!(read(STREAMS_MAX).unwrap(), STREAMS_MAX);
        assert_eq!(code(read(STREAMS_MAX + 1).unwrap_err()), "countersign::monitor::too_large");
    }

    /// Nothing of these files is on the disk, and none of them is read where all are too much.
    #[test]
    fn all_streams_have_so_many_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let now = "2026-04-29T06:30:00Z".parse().unwrap();
        let path = folder.path().join("tel.cesr");
        fs::File::create(&path).unwrap().set_len(STREAM_MAX as u64).unwrap();
        let read = |count: usize| streams(folder.path(), &vec![path.clone(); count], now);
        let most = (STREAMS_BYTES_MAX / STREAM_MAX as u64) as usize;
        assert_eq!(read(2).unwrap().len(), 2);
        assert_eq!(code(read(most + 1).unwrap_err()), "countersign::monitor::too_large");
    }

    /// What nobody looked at is no folder without cases.
    #[test]
    fn cases_lie_so_many_folders_deep() {
        let root = tempfile::tempdir().unwrap();
        let find = |folder: &str| {
            fs::create_dir_all(root.path().join("cases").join(folder)).unwrap();
            let mut paths = Vec::new();
            super::find(&root.path().join("cases"), 0, &mut paths).map(|()| paths.len())
        };
        assert_eq!(find("1/2/3/4/5/6/case/bundle").unwrap(), 1);
        assert_eq!(code(find("1/2/3/4/5/6/7").unwrap_err()), "countersign::monitor::too_large");
    }
}
