//! A table on the disk: of each key the first line that was pushed with it, and all lines in the order of pushing.
//!
//! In: keys and lines. Out: [`Lookup`]; in memory there is one key in [`BLOCK`], and a line is found by one read of the
//! keys and one of the line. Where no folder is given, all of it is in memory.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Cursor, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::sorter::{Record, Sorter};
use crate::primitives::Sha256;

/// Keys of which one is in memory.
const BLOCK: usize = 64;
/// Bytes of a key with the place of its line.
const ENTRY: usize = 32 + 8;
/// Longest line: an event, or the row of a ledger.
const LINE_MAX: u64 = 4 << 10;

/// How the files of tables end.
pub(super) const TABLE: &str = ".table";

/// A table in the making.
pub(super) struct Builder {
    lines: Medium,
    keys: Medium,
    sorter: Sorter,
    /// Lines that are not on the disk yet.
    pending: Vec<u8>,
    end: u64,
}

/// A table.
#[derive(Debug)]
pub(super) struct Lookup {
    lines: Mutex<Medium>,
    keys: Mutex<Medium>,
    /// How many keys there are.
    count: usize,
    /// The first key of each block.
    firsts: Vec<Sha256>,
}

impl Builder {
    /// `name`: no two tables of a folder at one time have the same.
    pub(super) fn new(folder: Option<&Path>, name: &'static str) -> io::Result<Self> {
        Ok(Self {
            lines: Medium::new(folder, name, "lines")?,
            keys: Medium::new(folder, name, "keys")?,
            sorter: Sorter::new(folder, name),
            pending: Vec::new(),
            end: 0,
        })
    }

    /// Adds a line, which has no line feed in it.
    pub(super) fn push(&mut self, key: Sha256, line: &[u8]) -> io::Result<()> {
        if line.len() as u64 >= LINE_MAX || line.contains(&b'\n') {
            return Err(io::Error::other("a line of a table is too long, or two lines"));
        }
        // A place in a file is no larger than an i64 can be.
        let at = i64::try_from(self.end).map_err(io::Error::other)?;
        self.sorter.push(&Record { topic: 0, key, at, also: 0, who: 0, note: 0 })?;
        self.pending.extend_from_slice(line);
        self.pending.push(b'\n');
        self.end += line.len() as u64 + 1;
        if self.pending.len() >= PENDING { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.lines.write_all(&self.pending)?;
        self.pending.clear();
        Ok(())
    }

    /// The table of what was pushed.
    pub(super) fn finish(mut self) -> io::Result<Lookup> {
        self.flush()?;
        let Self { lines, mut keys, sorter, .. } = self;
        let (mut count, mut firsts, mut pending) = (0, Vec::new(), Vec::new());
        sorter.groups(|group| {
            let Some(first) = group.first() else { return Ok(()) };
            if count % BLOCK == 0 {
                firsts.push(first.key);
            }
            count += 1;
            pending.extend_from_slice(first.key.as_bytes());
            pending.extend_from_slice(&first.at.to_be_bytes());
            if pending.len() >= PENDING {
                keys.write_all(&pending)?;
                pending.clear();
            }
            Ok(())
        })?;
        keys.write_all(&pending)?;
        Ok(Lookup { lines: Mutex::new(lines), keys: Mutex::new(keys), count, firsts })
    }
}

/// Bytes that are written at once.
const PENDING: usize = 64 << 10;

impl Lookup {
    /// The first line that was pushed with a key.
    pub(super) fn find(&self, key: &Sha256) -> io::Result<Option<Vec<u8>>> {
        let Some(block) = self.firsts.partition_point(|first| first <= key).checked_sub(1) else { return Ok(None) };
        let from = block * BLOCK;
        let mut entries = vec![0; (self.count - from).min(BLOCK) * ENTRY];
        {
            let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
            keys.seek(SeekFrom::Start((from * ENTRY) as u64))?;
            keys.read_exact(&mut entries)?;
        }
        let found = entries.chunks_exact(ENTRY).find(|entry| entry[..32] == key.as_bytes()[..]);
        let Some(found) = found else { return Ok(None) };
        let mut at = [0; 8];
        at.copy_from_slice(&found[32..]);
        self.line(u64::from_be_bytes(at)).map(Some)
    }

    fn line(&self, at: u64) -> io::Result<Vec<u8>> {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.seek(SeekFrom::Start(at))?;
        let mut line = Vec::new();
        BufReader::with_capacity(512, (&mut *lines).take(LINE_MAX)).read_until(b'\n', &mut line)?;
        match line.pop() {
            Some(b'\n') => Ok(line),
            Some(_) | None => Err(io::Error::other("a table ends within a line")),
        }
    }

    /// Calls `each` with every line, in the order of pushing; `broken`: what is said where the table cannot be read.
    pub(super) fn each<E>(
        &self,
        broken: impl Fn(io::Error) -> E,
        mut each: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut at = 0;
        let mut chunk = Vec::new();
        loop {
            let begun = chunk.len();
            self.chunk(at, &mut chunk).map_err(&broken)?;
            let read = chunk.len() - begun;
            at += read as u64;
            let whole = chunk.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
            for line in chunk[..whole].split_inclusive(|byte| *byte == b'\n') {
                each(line.strip_suffix(b"\n").unwrap_or(line))?;
            }
            chunk.drain(..whole);
            if read == 0 {
                return match chunk.is_empty() {
                    true => Ok(()),
                    false => Err(broken(io::Error::other("a table ends within a line"))),
                };
            }
        }
    }

    /// The next bytes from a place on. Whoever asks meanwhile moves the place of reading.
    fn chunk(&self, at: u64, chunk: &mut Vec<u8>) -> io::Result<usize> {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.seek(SeekFrom::Start(at))?;
        (&mut *lines).take(PENDING as u64).read_to_end(chunk)
    }
}

/// Where bytes lie.
#[derive(Debug)]
enum Medium {
    Memory(Cursor<Vec<u8>>),
    File(File, PathBuf),
}

impl Medium {
    fn new(folder: Option<&Path>, name: &str, part: &str) -> io::Result<Self> {
        let Some(folder) = folder else { return Ok(Self::Memory(Cursor::default())) };
        let path = folder.join(format!("{name}-{part}{TABLE}"));
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create(true).truncate(true).open(&path)?;
        Ok(Self::File(file, path))
    }
}

impl Drop for Medium {
    fn drop(&mut self) {
        if let Self::File(_, path) = self {
            // What stays of a table is taken away by the next run.
            let _ = fs::remove_file(path);
        }
    }
}

impl Read for Medium {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Memory(bytes) => bytes.read(buffer),
            Self::File(file, _) => file.read(buffer),
        }
    }
}

impl Write for Medium {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Memory(memory) => memory.write(bytes),
            Self::File(file, _) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Memory(_) => Ok(()),
            Self::File(file, _) => file.flush(),
        }
    }
}

impl Seek for Medium {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        match self {
            Self::Memory(bytes) => bytes.seek(to),
            Self::File(file, _) => file.seek(to),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(at: usize) -> Sha256 {
        Sha256::of(format!("key {at}").as_bytes())
    }

    #[test]
    fn each_key_has_its_first_line_on_the_disk_as_in_memory() {
        let folder = tempfile::tempdir().expect("a scratch folder");
        for place in [None, Some(folder.path())] {
            // None, one block and its neighbours, many.
            for count in [0, 1, BLOCK, BLOCK + 1, 5000] {
                let mut table = Builder::new(place, "test").expect("it can be begun");
                for at in 0..count {
                    table.push(key(at), format!("line {at}").as_bytes()).expect("it can be written");
                    table.push(key(at), b"again").expect("it can be written");
                }
                let table = table.finish().expect("it can be read");
                for at in 0..count {
                    let found = table.find(&key(at)).expect("it can be read");
                    assert_eq!(found, Some(format!("line {at}").into_bytes()), "{at} of {count}");
                }
                for at in count..count + 100 {
                    assert_eq!(table.find(&key(at)).expect("it can be read"), None, "{at} of {count}");
                }
                let mut lines = Vec::new();
                let each = table.each(
                    |error| error,
                    |line| {
                        lines.push(String::from_utf8_lossy(line).into_owned());
                        Ok(())
                    },
                );
                each.expect("it can be read");
                let pushed = (0..count).flat_map(|at| [format!("line {at}"), "again".to_owned()]);
                assert_eq!(lines, pushed.collect::<Vec<_>>());
            }
            assert_eq!(fs::read_dir(folder.path()).expect("it is there").count(), 0, "nothing of it stays");
        }
    }

    #[test]
    fn what_is_no_line_is_refused() {
        let mut table = Builder::new(None, "test").expect("it can be begun");
        assert!(table.push(key(1), b"two\nlines").is_err());
        assert!(table.push(key(1), &[b'x'; LINE_MAX as usize]).is_err());
    }
}
