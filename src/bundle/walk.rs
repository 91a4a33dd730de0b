//! A folder into an intake: one walk that follows no link and opens nothing but regular files.

use std::fs::{self, DirEntry, File, Metadata, OpenOptions};
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
        let unreadable = |intake: &mut Intake, error: io::Error| {
            let message = format!("the folder cannot be read: {error}");
            intake.problem(&prefix, Code::FileUnreadable, &message, "give the reader access to the folder");
        };
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) => {
                unreadable(intake, error);
                continue;
            }
        };
        // One by one: a folder may have more entries than there is memory for.
        for entry in entries {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    unreadable(intake, error);
                    break;
                }
            };
            if let Some((folder, path)) = visit(intake, &entry, &prefix)
                && intake.enter(&path)
            {
                folders.push((folder, path));
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
    // The type of the entry itself: a link is not followed.
    let kind = match entry.file_type() {
        Ok(kind) => kind,
        Err(error) => {
            refuse_io(intake, &path, &error);
            return None;
        }
    };
    if kind.is_symlink() {
        let help = "copy the file itself into the bundle";
        intake.refuse(&path, Code::Symlink, "it is a symbolic link, which is not followed", help);
        return None;
    }
    if kind.is_dir() {
        return match super::intake::refused_name(&path, &intake.limits) {
            None => Some((entry.path(), path)),
            Some((code, message)) => {
                intake.refuse(&path, code, &message, "rename the folder; nothing below it is read");
                None
            }
        };
    }
    if !kind.is_file() {
        intake.refuse(&path, Code::NotAFile, "it is a device, a pipe or a socket, which is not opened", "remove it");
        return None;
    }
    let read = match open(&entry.path()) {
        Ok((_, stamp)) if !intake.admit(&path, stamp.length) => return None,
        Ok((mut file, stamp)) => read_unchanged(&mut file, stamp, |file| Ok(Stamp::of(&file.metadata()?))),
        Err(failure) => Err(failure),
    };
    match read {
        Ok(bytes) => intake.take(&path, bytes),
        Err(Failure::Changed) => {
            let help = "run again when nobody writes to the bundle";
            intake.refuse(&path, Code::FileChanged, "the file changed while it was read", help);
        }
        Err(Failure::Io(error)) => refuse_io(intake, &path, &error),
    }
    None
}

fn refuse_io(intake: &mut Intake, path: &str, error: &io::Error) {
    let message = format!("the file cannot be read: {error}");
    intake.refuse(path, Code::FileUnreadable, &message, "give the reader access to the file");
}

/// Opens what its folder lists as a regular file. If it is none by now, it has changed: a link is not
/// followed, a pipe is not waited for, and neither is read.
fn open(path: &Path) -> Result<(File, Stamp), Failure> {
    let file = open_itself(path)?;
    let metadata = file.metadata()?;
    if metadata.is_file() { Ok((file, Stamp::of(&metadata))) } else { Err(Failure::Changed) }
}

#[cfg(unix)]
fn open_itself(path: &Path) -> Result<File, Failure> {
    use std::os::unix::fs::OpenOptionsExt;
    let opened = OpenOptions::new().read(true).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK).open(path);
    opened.map_err(|error| match error.raw_os_error() {
        Some(libc::ELOOP) => Failure::Changed,
        Some(_) | None => Failure::Io(error),
    })
}

#[cfg(not(unix))]
fn open_itself(path: &Path) -> Result<File, Failure> {
    if !fs::symlink_metadata(path)?.is_file() {
        return Err(Failure::Changed);
    }
    Ok(OpenOptions::new().read(true).open(path)?)
}

/// Reads exactly the stamped length; anything else, or another stamp afterwards, is a change.
fn read_unchanged<R: Read>(
    file: &mut R,
    before: Stamp,
    stamp: impl FnOnce(&R) -> io::Result<Stamp>,
) -> Result<Vec<u8>, Failure> {
    let length = before.length as usize;
    // Room for one byte more than it should have shows that it grew, without reading what never ends. A
    // read that leaves the room empty has met the end of the file: no other one is needed to know it.
    let mut bytes = vec![0; length.saturating_add(1)];
    let mut filled = 0;
    loop {
        match file.read(&mut bytes[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error.into()),
        }
        if filled >= length {
            break;
        }
    }
    if filled != length || stamp(file)? != before {
        return Err(Failure::Changed);
    }
    bytes.truncate(length);
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
    fn a_file_without_a_length_is_not_taken_for_an_empty_one() {
        assert_eq!(read_unchanged(&mut &b""[..], stamp(0), |_| Ok(stamp(0))).unwrap(), b"");
        assert!(matches!(read_unchanged(&mut &b"a"[..], stamp(0), |_| Ok(stamp(0))), Err(Failure::Changed)));
    }

    /// Gives at most so many bytes at a time, and counts how often it is asked.
    struct Slow<'a> {
        rest: &'a [u8],
        at_once: usize,
        asked: u32,
    }

    impl Read for Slow<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.asked += 1;
            let room = buffer.len().min(self.at_once);
            self.rest.read(&mut buffer[..room])
        }
    }

    /// Most of the time of a cold start is spent in calls like this one, so there is no second.
    #[test]
    fn a_file_that_comes_at_once_is_read_by_one_call() {
        let asked = |at_once| {
            let mut file = Slow { rest: b"abcdef", at_once, asked: 0 };
            assert_eq!(read_unchanged(&mut file, stamp(6), |_| Ok(stamp(6))).unwrap(), b"abcdef");
            file.asked
        };
        assert_eq!((asked(100), asked(6), asked(4), asked(1)), (1, 1, 2, 6));
        // Also in pieces it is seen to grow and to end early.
        for (length, at_once) in [(5, 4), (7, 4), (5, 1), (7, 1)] {
            let mut file = Slow { rest: b"abcdef", at_once, asked: 0 };
            let read = read_unchanged(&mut file, stamp(length), |_| Ok(stamp(length)));
            assert_eq!(matches!(read, Err(Failure::Changed)), (length, at_once) != (5, 1), "{length} {at_once}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn what_is_no_regular_file_any_more_is_not_read() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        fs::write(&path, "one").unwrap();
        assert!(open(&path).is_ok());
        // A link, also to a regular file; a folder; a pipe, which nobody writes to.
        fs::rename(&path, folder.path().join("b")).unwrap();
        symlink(folder.path().join("b"), &path).unwrap();
        assert!(matches!(open(&path), Err(Failure::Changed)));
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        assert!(matches!(open(&path), Err(Failure::Changed)));
        assert!(matches!(open(Path::new("/dev/null")), Err(Failure::Changed)));
        assert!(matches!(open(&folder.path().join("absent")), Err(Failure::Io(_))));
    }
}
