//! The folder of a year: where its cases, streams and ledger are.
//!
//! In: the folder. Out: the cases in order of path, what is there and is none, and the streams. No link is followed.

use std::borrow::Cow;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use super::error::AuditError;
use crate::bundle::place::printable_path;
use crate::bundle::snapshot::AREAS;
use crate::meter::{Work, during};
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
    pub cases: Names,
    /// What is neither a case nor a folder of cases.
    pub strays: Vec<String>,
}

/// Names, one after the other in one text: there may be very many.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Names {
    text: String,
    ends: Vec<usize>,
}

impl Names {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// One of them.
    pub fn get(&self, at: usize) -> Option<&str> {
        let begin = at.checked_sub(1).map_or(Some(0), |before| self.ends.get(before).copied())?;
        // Behind each stands what no name has.
        self.text.get(begin..self.ends.get(at)?.checked_sub(1)?)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).filter_map(|at| self.get(at))
    }

    /// What stands for all of them, in this order.
    pub fn digest(&self) -> Sha256 {
        Sha256::of(self.text.as_bytes())
    }

    fn push(&mut self, name: &str) {
        self.text.push_str(name);
        self.text.push('\0');
        self.ends.push(self.text.len());
    }

    fn sorted(&self) -> Self {
        let mut order: Vec<&str> = self.iter().collect();
        order.sort_unstable();
        let (text, ends) = (String::with_capacity(self.text.len()), Vec::with_capacity(self.len()));
        let mut sorted = Self { text, ends };
        order.into_iter().for_each(|name| sorted.push(name));
        sorted
    }
}

/// Streams, each looked at by itself.
pub trait Streams: Sync {
    /// How many there are.
    fn count(&self) -> usize;

    /// The file name of one.
    fn name(&self, at: usize) -> String;

    /// Its bytes.
    ///
    /// # Errors
    /// `unreadable`, `too_large`.
    fn bytes(&self, at: usize) -> Result<Cow<'_, [u8]>, AuditError>;

    /// The error for one that is not what it was.
    fn changed(&self) -> AuditError;
}

/// Streams in files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Files {
    folder: PathBuf,
    paths: Vec<PathBuf>,
}

impl Streams for Files {
    fn count(&self) -> usize {
        self.paths.len()
    }

    fn name(&self, at: usize) -> String {
        let name = self.paths.get(at).and_then(|path| path.file_name());
        name.unwrap_or_default().to_string_lossy().into_owned()
    }

    fn bytes(&self, at: usize) -> Result<Cow<'_, [u8]>, AuditError> {
        let Some(path) = self.paths.get(at) else { return Err(self.changed()) };
        let read = || {
            let mut bytes = Vec::new();
            File::open(path)?.take(STREAM_BYTES_MAX + 1).read_to_end(&mut bytes).map(|_| bytes)
        };
        let bytes = during(Work::Read, read).map_err(AuditError::unreadable(path))?;
        // A file may have grown, and some say nothing of their size.
        fits(path, bytes.len() as u64, &mut 0)?;
        Ok(Cow::Owned(bytes))
    }

    fn changed(&self) -> AuditError {
        AuditError::Changed { path: self.folder.clone() }
    }
}

/// A stream in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stream {
    /// Its file name.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl Streams for [Stream] {
    fn count(&self) -> usize {
        self.len()
    }

    fn name(&self, at: usize) -> String {
        self.get(at).map_or_else(String::new, |stream| stream.name.clone())
    }

    fn bytes(&self, at: usize) -> Result<Cow<'_, [u8]>, AuditError> {
        self.get(at).map(|stream| Cow::Borrowed(stream.bytes.as_slice())).ok_or_else(|| self.changed())
    }

    fn changed(&self) -> AuditError {
        AuditError::Changed { path: PathBuf::new() }
    }
}

/// Looks for cases.
///
/// # Errors
/// `unreadable`, `no_case`, `too_large`.
pub fn cases(folder: &Path) -> Result<Year, AuditError> {
    let mut year = Year::default();
    walk(folder, "", 0, CASES_MAX, &mut year)?;
    if year.cases.is_empty() {
        return Err(AuditError::NoCase { path: folder.to_owned() });
    }
    year.cases = year.cases.sorted();
    year.strays.sort();
    Ok(year)
}

fn walk(folder: &Path, below: &str, depth: usize, most: usize, year: &mut Year) -> Result<(), AuditError> {
    for entry in fs::read_dir(folder).map_err(AuditError::unreadable(folder))? {
        let entry = entry.map_err(AuditError::unreadable(folder))?;
        let path = entry.path();
        let kind = entry.file_type().map_err(AuditError::unreadable(&path))?;
        let Ok(name) = entry.file_name().into_string() else {
            year.strays.push(format!("{below}{}", printable_path(&entry.file_name().to_string_lossy())));
            continue;
        };
        let inside = format!("{below}{name}");
        let is_case = || AREAS.iter().any(|area| fs::symlink_metadata(path.join(area)).is_ok());
        match kind {
            kind if kind.is_dir() && is_case() => year.cases.push(&inside),
            kind if kind.is_dir() && depth < DEPTH_MAX => {
                walk(&path, &format!("{inside}/"), depth + 1, most, year)?;
            }
            kind if kind.is_file() && name.ends_with(".tar") => year.cases.push(&inside),
            _ => year.strays.push(inside),
        }
        if year.cases.len() > most {
            return Err(AuditError::TooLarge { path: folder.to_owned(), limit: most as u64, what: "cases" });
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

/// Looks for streams: those that are named, else every `.cesr` file of the folder, in order of name.
///
/// # Errors
/// `unreadable`, `no_registries`, `too_large`.
pub fn streams(folder: &Path, named: &[PathBuf]) -> Result<Files, AuditError> {
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
    // Their sizes first: what is too much is not read in part.
    let mut total = 0;
    for path in &paths {
        fits(path, fs::metadata(path).map_err(AuditError::unreadable(path))?.len(), &mut total)?;
    }
    Ok(Files { folder: folder.to_owned(), paths })
}

/// That a stream of this size, and all with it, are not too much.
fn fits(path: &Path, size: u64, total: &mut u64) -> Result<(), AuditError> {
    *total += size;
    let too_large = |limit, what| Err(AuditError::TooLarge { path: path.to_owned(), limit, what });
    if size > STREAM_BYTES_MAX {
        return too_large(STREAM_BYTES_MAX, "bytes");
    }
    if *total > STREAMS_BYTES_MAX { too_large(STREAMS_BYTES_MAX, "bytes in all streams") } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_kept_as_they_are_and_in_order() {
        let mut names = Names::default();
        assert_eq!((names.is_empty(), names.get(0)), (true, None));
        let given = ["b/2", "", "a\nb", "b/10", "ä"];
        given.iter().for_each(|name| names.push(name));
        assert_eq!(names.iter().collect::<Vec<_>>(), given);
        let sorted = names.sorted();
        assert_eq!(sorted.iter().collect::<Vec<_>>(), ["", "a\nb", "b/10", "b/2", "ä"]);
        assert_eq!((sorted.len(), sorted.get(3), sorted.get(5)), (5, Some("b/2"), None));
        assert_ne!(sorted.digest(), names.digest());
    }

    /// The bound is a parameter: nobody makes ten million folders for a test.
    #[test]
    fn a_year_has_so_many_cases() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a.tar", "b.tar", "some/c.tar", "note.txt"] {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let found = |most| {
            let mut year = Year::default();
            walk(folder.path(), "", 0, most, &mut year).map(|()| (year.cases.len(), year.strays.len()))
        };
        assert_eq!(found(3).unwrap(), (3, 1));
        let refused = found(2).unwrap_err();
        assert!(matches!(refused, AuditError::TooLarge { limit: 2, what: "cases", .. }), "{refused}");
        assert_eq!(cases(folder.path()).unwrap().cases.len(), 3);
    }

    /// A case below the deepest folder is told of: the folder that was not looked into is no case.
    #[test]
    fn cases_lie_so_many_folders_deep() {
        let folder = tempfile::tempdir().unwrap();
        let deep = |folders: usize| "f/".repeat(folders);
        for folders in [DEPTH_MAX, DEPTH_MAX + 1] {
            fs::create_dir_all(folder.path().join(deep(folders)).join("case/bundle")).unwrap();
        }
        let year = cases(folder.path()).unwrap();
        assert_eq!(year.cases.iter().collect::<Vec<_>>(), [deep(DEPTH_MAX) + "case"]);
        assert_eq!(year.strays, [deep(DEPTH_MAX) + "f"]);
    }

    /// Nothing of these files is on the disk, and nothing of them is read where all are too much.
    #[test]
    fn streams_have_so_many_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let of_size = |name: &str, size: u64| {
            let path = folder.path().join(name);
            File::create(&path).unwrap().set_len(size).unwrap();
            path
        };
        let (largest, larger) = (of_size("a.cesr", STREAM_BYTES_MAX), of_size("b.cesr", STREAM_BYTES_MAX + 1));
        let read = |paths: &[PathBuf]| streams(folder.path(), paths).map(|streams| streams.count());
        assert_eq!(read(std::slice::from_ref(&largest)).unwrap(), 1);
        let refused = read(&[larger]).unwrap_err();
        assert!(matches!(refused, AuditError::TooLarge { limit: STREAM_BYTES_MAX, .. }), "{refused}");
        let many = vec![largest; (STREAMS_BYTES_MAX / STREAM_BYTES_MAX) as usize + 1];
        let refused = read(&many).unwrap_err();
        assert!(matches!(refused, AuditError::TooLarge { limit: STREAMS_BYTES_MAX, .. }), "{refused}");
        let mut total = STREAMS_BYTES_MAX - 1;
        fits(folder.path(), 1, &mut total).unwrap();
        assert!(fits(folder.path(), 1, &mut total).is_err());
    }

    /// It says that it is empty, and never ends.
    #[cfg(unix)]
    #[test]
    fn a_stream_without_end_is_not_read_to_its_end() {
        let streams = streams(Path::new("nowhere"), &["/dev/zero".into()]).unwrap();
        let refused = streams.bytes(0).unwrap_err();
        assert!(matches!(refused, AuditError::TooLarge { limit: STREAM_BYTES_MAX, .. }), "{refused}");
    }
}
