//! Judged cases on the disk: what a run has finished stays finished.
//!
//! In: rows in the order in which threads finish them. Out: the same by the place of the case among all. A row counts
//! when its line has an end; a torn last line is a crash, and its case is judged again.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::error::AuditError;
use super::lookup::TABLE;
use super::sorter::SORTED;
use super::traces::Traces;
use crate::primitives::{Instant, Sha256};
use crate::report::audit::{CaseEntry, CaseError, Cases};

/// Name of the file.
const NAME: &str = "cases.ndjson";
/// Longest line: a case with all its findings and traces.
const LINE_MAX: u64 = 64 << 20;

/// What is known of a case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Its place among all.
    pub at: u32,
    /// What its files looked like from outside.
    pub stamp: Sha256,
    /// Whether it belongs to the period.
    pub inside: bool,
    /// For reports.
    pub entry: CaseEntry,
    /// For comparing it with others.
    pub traces: Traces,
}

#[derive(Debug, Serialize, Deserialize, PartialEq, Eq)]
struct Head {
    format: String,
    inputs: Sha256,
    as_of: Instant,
}

/// The format of the file.
const FORMAT: &str = "countersign/audit-journal/v1";

/// Rows on the disk, and where each of them begins.
#[derive(Debug)]
pub struct Journal {
    folder: PathBuf,
    path: PathBuf,
    as_of: Instant,
    places: Mutex<Places>,
}

#[derive(Debug)]
struct Places {
    file: File,
    end: u64,
    /// Begin of each case's row, by its place among all; `u64::MAX`: not judged yet.
    begins: Vec<u64>,
}

/// A state folder in which nobody else works.
#[derive(Debug)]
pub struct Claimed {
    folder: PathBuf,
    path: PathBuf,
    file: Option<File>,
    /// Whether the folder is ours as well.
    made: bool,
}

impl Claimed {
    /// Claims a folder, which is made where there is none, and takes away what an interrupted run left half done.
    ///
    /// # Errors
    /// `write`, `in_use`.
    pub fn new(folder: &Path) -> Result<Self, AuditError> {
        let made = fs::symlink_metadata(folder).is_err();
        fs::create_dir_all(folder).map_err(AuditError::write(folder))?;
        let path = folder.join(NAME);
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create(true).truncate(false).open(&path);
        let file = file.map_err(AuditError::write(&path))?;
        // Released when the file is closed, also by a crash.
        match file.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => return Err(AuditError::InUse { path }),
            Err(fs::TryLockError::Error(source)) => return Err(AuditError::Write { path, source }),
        }
        for entry in fs::read_dir(folder).map_err(AuditError::write(folder))? {
            let left = entry.map_err(AuditError::write(folder))?.path();
            if left.to_str().is_some_and(|left| left.ends_with(SORTED) || left.ends_with(TABLE)) {
                fs::remove_file(&left).map_err(AuditError::write(&left))?;
            }
        }
        Ok(Self { folder: folder.to_owned(), path, file: Some(file), made })
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

impl Drop for Claimed {
    fn drop(&mut self) {
        // A run that ended before its first row leaves nothing.
        if self.file.take().and_then(|file| file.metadata().ok()).is_some_and(|metadata| metadata.len() == 0) {
            let _ = fs::remove_file(&self.path);
            if self.made {
                let _ = fs::remove_dir(&self.folder);
            }
        }
    }
}

impl Journal {
    /// Opens or begins a journal for so many cases. `inputs` stands for everything that decides what rows say; the
    /// moment of the audit is that of the run that began it.
    ///
    /// # Errors
    /// `write`, `unreadable`, `other_state`.
    pub fn open(mut claimed: Claimed, inputs: Sha256, as_of: Instant, cases: usize) -> Result<Self, AuditError> {
        let (folder, path) = (claimed.folder.clone(), claimed.path.clone());
        let closed = || AuditError::unreadable(&path)(io::Error::other("it is closed"));
        let mut file = claimed.file.take().ok_or_else(closed)?;
        let mut begins = vec![u64::MAX; cases];
        let (head, end) = read(&file, &mut begins).map_err(AuditError::unreadable(&path))?;
        let as_of = match head {
            Some(head) if head.format == FORMAT && head.inputs == inputs => head.as_of,
            Some(_) => return Err(AuditError::OtherState { path }),
            None => as_of,
        };
        let mut end = end;
        file.set_len(end).map_err(AuditError::write(&path))?;
        file.seek(SeekFrom::Start(end)).map_err(AuditError::write(&path))?;
        if end == 0 {
            let line = line(&Head { format: FORMAT.to_owned(), inputs, as_of });
            file.write_all(&line).map_err(AuditError::write(&path))?;
            end = line.len() as u64;
        }
        let places = Mutex::new(Places { file, end, begins });
        Ok(Self { folder, path, as_of, places })
    }

    /// The moment of the audit.
    pub fn as_of(&self) -> Instant {
        self.as_of
    }

    /// Its folder, where what is sorted lies as well.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Keeps a row. Of one that is longer than any may be, that it is: a case with too much in it is one finding.
    ///
    /// # Errors
    /// `write`.
    pub fn keep(&self, row: &Row) -> Result<(), AuditError> {
        let mut line = line(row);
        if line.len() as u64 > LINE_MAX {
            line = self::line(&too_long(row, line.len()));
        }
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        let end = places.end;
        places.file.seek(SeekFrom::Start(end)).map_err(AuditError::write(&self.path))?;
        places.file.write_all(&line).map_err(AuditError::write(&self.path))?;
        places.end += line.len() as u64;
        if let Some(begin) = places.begins.get_mut(row.at as usize) {
            *begin = end;
        }
        Ok(())
    }

    /// The row of a case; none: it is not judged yet.
    ///
    /// # Errors
    /// `unreadable`.
    pub fn row(&self, at: usize) -> Result<Option<Row>, AuditError> {
        self.read_row(at).map_err(AuditError::unreadable(&self.path))
    }

    fn read_row(&self, at: usize) -> io::Result<Option<Row>> {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        let begin = places.begins.get(at).copied().unwrap_or(u64::MAX);
        if begin == u64::MAX {
            return Ok(None);
        }
        places.file.seek(SeekFrom::Start(begin))?;
        let mut line = Vec::new();
        BufReader::new((&places.file).take(LINE_MAX)).read_until(b'\n', &mut line)?;
        Ok(Some(serde_json::from_slice(&line)?))
    }

    /// Calls `each` with every row, in the order of cases.
    ///
    /// # Errors
    /// `unreadable`, or that of `each`.
    pub fn each(&self, mut each: impl FnMut(Row) -> Result<(), AuditError>) -> Result<(), AuditError> {
        let cases = self.places.lock().unwrap_or_else(PoisonError::into_inner).begins.len();
        for at in 0..cases {
            if let Some(row) = self.row(at)? {
                each(row)?;
            }
        }
        Ok(())
    }
}

impl Cases for Journal {
    fn each(&self, each: &mut dyn FnMut(CaseEntry) -> io::Result<()>) -> io::Result<()> {
        let cases = self.places.lock().unwrap_or_else(PoisonError::into_inner).begins.len();
        for at in 0..cases {
            if let Some(row) = self.read_row(at)?.filter(|row| row.inside) {
                each(row.entry)?;
            }
        }
        Ok(())
    }
}

/// That a case could not be kept as it was judged.
fn too_long(row: &Row, bytes: usize) -> Row {
    let error = CaseError {
        code: "countersign::audit::too_large".to_owned(),
        message: format!("what was found in it takes {bytes} bytes, and at most {LINE_MAX} are kept of a case"),
        help: "look at the case by itself: countersign check CASE".to_owned(),
    };
    let entry = CaseEntry { error: Some(error), ..CaseEntry::bare(row.entry.case.clone()) };
    Row { at: row.at, stamp: row.stamp, inside: true, entry, traces: Traces::default() }
}

fn line(value: &impl Serialize) -> Vec<u8> {
    let mut line = serde_json::to_vec(value).expect("these types have text keys and no floats");
    line.push(b'\n');
    line
}

/// The head and the end of the last whole line; the later of two rows of a case counts.
fn read(file: &File, begins: &mut [u64]) -> io::Result<(Option<Head>, u64)> {
    #[derive(Deserialize)]
    struct Place {
        at: u32,
    }
    let mut reader = BufReader::new(file);
    let (mut head, mut end) = (None, 0);
    loop {
        let mut line = Vec::new();
        let length = reader.by_ref().take(LINE_MAX).read_until(b'\n', &mut line)? as u64;
        if line.last() != Some(&b'\n') {
            return Ok((head, end));
        }
        if end == 0 {
            match serde_json::from_slice(&line) {
                Ok(read) => head = Some(read),
                // Something else is there: it is not ours to overwrite.
                Err(_) => return Err(io::Error::other("its first line is not that of a journal")),
            }
        } else {
            match serde_json::from_slice::<Place>(&line) {
                Ok(place) => {
                    if let Some(begin) = begins.get_mut(place.at as usize) {
                        *begin = end;
                    }
                }
                // From here on nothing counts.
                Err(_) => return Ok((head, end)),
            }
        }
        end += length;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bound counts the line with its end; what is longer is told of, and what follows stays readable.
    #[test]
    fn a_case_with_more_than_a_row_holds_is_a_finding() {
        let folder = tempfile::tempdir().unwrap();
        let (inputs, as_of) = (Sha256::of(b"inputs"), "2026-12-31T00:00:00Z".parse().unwrap());
        let row = |at: u32, flow: usize| Row {
            at,
            stamp: inputs,
            inside: true,
            entry: CaseEntry { flow: "x".repeat(flow), ..CaseEntry::bare("case".to_owned()) },
            traces: Traces::default(),
        };
        let room = LINE_MAX as usize - line(&row(0, 0)).len();
        let journal = Journal::open(Claimed::new(folder.path()).unwrap(), inputs, as_of, 3).unwrap();
        for row in [row(0, room), row(1, room + 1), row(2, 0)] {
            journal.keep(&row).unwrap();
        }
        let check = |journal: &Journal| {
            let kept = |at| journal.row(at).unwrap().unwrap();
            assert_eq!((kept(0).entry.flow.len(), kept(0).entry.error), (room, None));
            let error = kept(1).entry.error.unwrap();
            assert_eq!(error.code, "countersign::audit::too_large");
            assert!(error.message.contains(&format!("takes {} bytes", LINE_MAX + 1)), "{}", error.message);
            assert_eq!(kept(2), row(2, 0));
        };
        check(&journal);
        drop(journal);
        check(&Journal::open(Claimed::new(folder.path()).unwrap(), inputs, as_of, 3).unwrap());
    }
}
