//! What has to be compared across the year, sorted on the disk.
//!
//! In: records of one length, in any order. Out: the same in order, by way of sorted runs in files: in memory there is
//! one run, however many records there are. Many runs become one before there are too many files to have open.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::primitives::Sha256;

/// Records of a run: 3.4 MiB.
const RUN: usize = 64 << 10;
/// Runs of one size; so many become one of the next.
const RUNS: usize = 32;
/// Bytes of a record.
const BYTES: usize = 1 + 32 + 8 + 8 + 4 + 1;

type Bytes = [u8; BYTES];

/// Something that is the same in two cases, or is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Record {
    /// What kind of thing.
    pub topic: u8,
    /// Its digest.
    pub key: Sha256,
    /// An instant in seconds, or a number.
    pub at: i64,
    /// Another number.
    pub also: i64,
    /// The place of the case among all, or of the event.
    pub who: u32,
    /// What else is known.
    pub note: u8,
}

impl Record {
    fn bytes(&self) -> Bytes {
        // The order of bytes is that of numbers, negative ones first.
        let ordered = |number: i64| ((number as u64) ^ (1 << 63)).to_be_bytes();
        let mut bytes = [0; BYTES];
        bytes[0] = self.topic;
        bytes[1..33].copy_from_slice(self.key.as_bytes());
        bytes[33..41].copy_from_slice(&ordered(self.at));
        bytes[41..49].copy_from_slice(&ordered(self.also));
        bytes[49..53].copy_from_slice(&self.who.to_be_bytes());
        bytes[53] = self.note;
        bytes
    }

    fn of(bytes: &Bytes) -> Self {
        let number = |from: usize| {
            let mut number = [0; 8];
            number.copy_from_slice(&bytes[from..from + 8]);
            (u64::from_be_bytes(number) ^ (1 << 63)) as i64
        };
        let (mut key, mut who) = ([0; 32], [0; 4]);
        key.copy_from_slice(&bytes[1..33]);
        who.copy_from_slice(&bytes[49..53]);
        Self {
            topic: bytes[0],
            key: Sha256::from(key),
            at: number(33),
            also: number(41),
            who: u32::from_be_bytes(who),
            note: bytes[53],
        }
    }
}

/// Records on their way.
pub(super) struct Sorter {
    /// Where runs lie; none: everything stays in memory.
    folder: Option<PathBuf>,
    /// What the files of this sorter begin with.
    name: &'static str,
    run: Vec<Bytes>,
    limit: usize,
    /// Runs in files, by how often runs became one.
    levels: Vec<Vec<PathBuf>>,
    written: usize,
}

impl Sorter {
    /// `name`: no two sorters of a folder at one time have the same.
    pub(super) fn new(folder: Option<&Path>, name: &'static str) -> Self {
        let limit = if folder.is_some() { RUN } else { usize::MAX };
        Self { folder: folder.map(Path::to_owned), name, run: Vec::new(), limit, levels: Vec::new(), written: 0 }
    }

    pub(super) fn push(&mut self, record: &Record) -> io::Result<()> {
        self.run.push(record.bytes());
        if self.run.len() >= self.limit { self.spill() } else { Ok(()) }
    }

    fn spill(&mut self) -> io::Result<()> {
        self.run.sort_unstable();
        self.run.dedup();
        let path = self.path();
        let mut run = std::mem::take(&mut self.run);
        self.put(path, 0, |out| run.drain(..).try_for_each(|record| out.write_all(&record)))?;
        self.run = run;
        let mut level = 0;
        while let Some(paths) = self.levels.get(level).filter(|paths| paths.len() >= RUNS).cloned() {
            let path = self.path();
            self.put(path, level + 1, |out| merged(&paths, Vec::new(), |bytes| out.write_all(bytes)))?;
            self.levels[level].clear();
            paths.iter().try_for_each(fs::remove_file)?;
            level += 1;
        }
        Ok(())
    }

    fn path(&mut self) -> PathBuf {
        self.written += 1;
        let name = format!("{}-{}{SORTED}", self.name, self.written);
        self.folder.as_deref().unwrap_or(Path::new("")).join(name)
    }

    /// Writes a run. Its name is known before its first byte is there, so that nothing of it stays.
    fn put(
        &mut self,
        path: PathBuf,
        level: usize,
        content: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut out = BufWriter::new(File::create(&path)?);
        if self.levels.len() <= level {
            self.levels.resize_with(level + 1, Vec::new);
        }
        self.levels[level].push(path);
        content(&mut out)?;
        out.flush()
    }

    /// Calls `each` with every group of records that have topic and key in common, in order.
    pub(super) fn groups(mut self, mut each: impl FnMut(&[Record]) -> io::Result<()>) -> io::Result<()> {
        self.run.sort_unstable();
        self.run.dedup();
        let rest = std::mem::take(&mut self.run);
        let paths: Vec<PathBuf> = self.levels.iter().flatten().cloned().collect();
        let mut group: Vec<Record> = Vec::new();
        merged(&paths, rest, |bytes| {
            let record = Record::of(bytes);
            if group.first().is_some_and(|first| (first.topic, first.key) != (record.topic, record.key)) {
                each(&group)?;
                group.clear();
            }
            group.push(record);
            Ok(())
        })?;
        if group.is_empty() { Ok(()) } else { each(&group) }
    }
}

impl Drop for Sorter {
    fn drop(&mut self) {
        for path in self.levels.iter().flatten() {
            // What stays of a run is taken away by the next one.
            let _ = fs::remove_file(path);
        }
    }
}

/// How the files of runs end.
pub(super) const SORTED: &str = ".sorted";

/// Calls `each` with every record of sorted runs, in order and once.
fn merged(paths: &[PathBuf], rest: Vec<Bytes>, mut each: impl FnMut(&Bytes) -> io::Result<()>) -> io::Result<()> {
    let mut readers = Vec::new();
    for path in paths {
        readers.push(BufReader::new(File::open(path)?));
    }
    let mut heap = BinaryHeap::new();
    for (at, reader) in readers.iter_mut().enumerate() {
        heap.extend(next(reader)?.map(|record| Reverse((record, at))));
    }
    let mut rest = rest.into_iter();
    let memory = readers.len();
    heap.extend(rest.next().map(|record| Reverse((record, memory))));
    let mut last: Option<Bytes> = None;
    while let Some(Reverse((bytes, from))) = heap.pop() {
        let follows = match readers.get_mut(from) {
            Some(reader) => next(reader)?,
            None => rest.next(),
        };
        heap.extend(follows.map(|record| Reverse((record, from))));
        if last != Some(bytes) {
            last = Some(bytes);
            each(&bytes)?;
        }
    }
    Ok(())
}

/// The next record; a file that ends within one is an error.
fn next(reader: &mut impl BufRead) -> io::Result<Option<Bytes>> {
    if reader.fill_buf()?.is_empty() {
        return Ok(None);
    }
    let mut bytes = [0; BYTES];
    reader.read_exact(&mut bytes)?;
    Ok(Some(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(topic: u8, key: &str, at: i64, who: u32) -> Record {
        Record { topic, key: Sha256::of(key.as_bytes()), at, also: -at, who, note: 3 }
    }

    #[test]
    fn groups_are_the_same_however_many_runs_there_are() {
        let records: Vec<Record> =
            (0..1000u32).map(|n| record((n % 3) as u8, &format!("{}", n % 7), i64::from(n) - 500, n)).collect();
        let grouped = |limit| {
            let folder = tempfile::tempdir().expect("a scratch folder");
            let mut sorter = Sorter::new(Some(folder.path()), "run");
            sorter.limit = limit;
            for record in &records {
                sorter.push(record).expect("it can be written");
                sorter.push(record).expect("twice is once");
            }
            let mut groups = Vec::new();
            sorter
                .groups(|group| {
                    groups.push(group.to_vec());
                    Ok(())
                })
                .expect("it can be read");
            assert_eq!(fs::read_dir(folder.path()).expect("it is there").count(), 0, "nothing of it stays");
            groups
        };
        let whole = grouped(RUN);
        assert_eq!(whole.len(), 21);
        assert_eq!(whole.iter().map(Vec::len).sum::<usize>(), records.len());
        assert!(whole.iter().all(|group| group.is_sorted_by_key(|record| record.at)));
        for limit in [1, 7, 999, 1000, 2000] {
            assert_eq!(grouped(limit), whole, "runs of {limit}");
        }
    }
}
