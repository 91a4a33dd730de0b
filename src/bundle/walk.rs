//! A folder into an intake: one walk that follows no link and opens nothing but regular files.

use std::fs::{self, DirEntry, File, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::intake::Intake;
use super::problem::Code;

/// What must be the same before and after a file is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    length: u64,
    modified: Option<SystemTime>,
    identity: (u64, u64, i64, i64),
}

/// Why a file gave no bytes.
#[derive(Debug)]
enum Failure {
    Changed,
    Io(io::Error),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Reads every file below `folder`; their paths begin with `prefix/`.
pub(super) fn walk(intake: &mut Intake, folder: &Path, prefix: &str) {
    // A stack of our own, so that a deep folder cannot overflow the program's.
    let mut folders: Vec<(PathBuf, String)> = vec![(folder.to_owned(), prefix.to_owned())];
    while let Some((folder, prefix)) = folders.pop() {
        if intake.is_full() {
            return;
        }
        let entries = match fs::read_dir(&folder).and_then(|entries| entries.collect::<io::Result<Vec<_>>>()) {
            Ok(entries) => entries,
            Err(error) => {
                let message = format!("the folder cannot be read: {error}");
                intake.problem(&prefix, Code::FileUnreadable, &message, "give the reader access to the folder");
                continue;
            }
        };
        for entry in entries {
            if let Some(folder) = visit(intake, &entry, &prefix) {
                folders.push(folder);
            }
            if intake.is_full() {
                return;
            }
        }
    }
}

/// Reads one entry of a folder; gives it back if it is a folder.
fn visit(intake: &mut Intake, entry: &DirEntry, prefix: &str) -> Option<(PathBuf, String)> {
    let name = entry.file_name();
    let Some(name) = name.to_str() else {
        let path = format!("{prefix}/{}", name.to_string_lossy());
        intake.refuse(&path, Code::NameNotUtf8, "the name of the file is not UTF-8", "rename the file");
        return None;
    };
    let path = format!("{prefix}/{name}");
    // The metadata of the entry itself: a link is not followed.
    let metadata = match fs::symlink_metadata(entry.path()) {
        Ok(metadata) => metadata,
        Err(error) => {
            refuse_io(intake, &path, &error);
            return None;
        }
    };
    if metadata.file_type().is_symlink() {
        let help = "copy the file itself into the bundle";
        intake.refuse(&path, Code::Symlink, "it is a symbolic link, which is not followed", help);
        return None;
    }
    if metadata.is_dir() {
        return match super::intake::refused_name(&path, &intake.limits) {
            None => Some((entry.path(), path)),
            Some((code, message)) => {
                intake.refuse(&path, code, &message, "rename the folder; nothing below it is read");
                None
            }
        };
    }
    if !metadata.is_file() {
        intake.refuse(&path, Code::NotAFile, "it is a device, a pipe or a socket, which is not opened", "remove it");
        return None;
    }
    if intake.admit(&path, metadata.len()) {
        match read(&entry.path(), &metadata) {
            Ok(bytes) => intake.take(&path, bytes),
            Err(Failure::Changed) => {
                let help = "run again when nobody writes to the bundle";
                intake.refuse(&path, Code::FileChanged, "the file changed while it was read", help);
            }
            Err(Failure::Io(error)) => refuse_io(intake, &path, &error),
        }
    }
    None
}

fn refuse_io(intake: &mut Intake, path: &str, error: &io::Error) {
    let message = format!("the file cannot be read: {error}");
    intake.refuse(path, Code::FileUnreadable, &message, "give the reader access to the file");
}

/// Reads a file that `before` describes, and makes sure that it is that file and stays the same.
fn read(path: &Path, before: &Metadata) -> Result<Vec<u8>, Failure> {
    let mut file = File::open(path)?;
    let opened = Stamp::of(&file.metadata()?);
    if opened != Stamp::of(before) {
        return Err(Failure::Changed);
    }
    read_unchanged(&mut file, opened, |file| file.metadata().map(|metadata| Stamp::of(&metadata)))
}

/// Reads exactly the stamped length; anything else, or another stamp afterwards, is a change.
fn read_unchanged<R: Read>(
    file: &mut R,
    before: Stamp,
    stamp: impl FnOnce(&R) -> io::Result<Stamp>,
) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::with_capacity(before.length as usize);
    // One byte more than it should have shows that it grew, without reading what never ends.
    file.by_ref().take(before.length.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 != before.length || stamp(file)? != before {
        return Err(Failure::Changed);
    }
    Ok(bytes)
}

impl Stamp {
    #[cfg(unix)]
    fn of(metadata: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        let identity = (metadata.dev(), metadata.ino(), metadata.ctime(), metadata.ctime_nsec());
        Self { length: metadata.len(), modified: metadata.modified().ok(), identity }
    }

    #[cfg(not(unix))]
    fn of(metadata: &Metadata) -> Self {
        Self { length: metadata.len(), modified: metadata.modified().ok(), identity: (0, 0, 0, 0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(length: u64) -> Stamp {
        Stamp { length, modified: None, identity: (1, 2, 3, 4) }
    }

    #[test]
    fn a_file_that_changes_while_it_is_read_gives_nothing() {
        let read = |bytes: &[u8], before, after| read_unchanged(&mut &bytes[..], before, |_| Ok(after));
        assert_eq!(read(b"abc", stamp(3), stamp(3)).unwrap(), b"abc");
        // It grew, it shrank, it was written to in place.
        assert!(matches!(read(b"abcd", stamp(3), stamp(3)), Err(Failure::Changed)));
        assert!(matches!(read(b"ab", stamp(3), stamp(3)), Err(Failure::Changed)));
        let touched = Stamp { identity: (1, 2, 3, 5), ..stamp(3) };
        assert!(matches!(read(b"abc", stamp(3), touched), Err(Failure::Changed)));
    }

    #[test]
    fn another_file_under_the_same_name_gives_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        fs::write(&path, "one").unwrap();
        let before = fs::symlink_metadata(&path).unwrap();
        fs::remove_file(&path).unwrap();
        fs::write(folder.path().join("b"), "zzz").unwrap();
        fs::write(&path, "two").unwrap();
        assert!(matches!(read(&path, &before), Err(Failure::Changed)));
    }
}
