//! What has to be compared across the year, sorted on the disk.
//!
//! In: records of one length, in any order. Out: the same in order, by way of sorted runs in files: in memory there is
//! one run, however many records there are.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use crate::primitives::Sha256;

/// Records of a run: 12 MiB.
const RUN: usize = 256 << 10;
/// Bytes of a record.
const BYTES: usize = 1 + 32 + 8 + 4 + 1;

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
    /// The place of the case among all, or of the event.
    pub who: u32,
    /// What else is known.
    pub note: u8,
}

impl Record {
    fn bytes(&self) -> Bytes {
        let mut bytes = [0; BYTES];
        bytes[0] = self.topic;
        bytes[1..33].copy_from_slice(self.key.as_bytes());
        // The order of bytes is that of numbers, negative ones first.
        bytes[33..41].copy_from_slice(&((self.at as u64) ^ (1 << 63)).to_be_bytes());
        bytes[41..45].copy_from_slice(&self.who.to_be_bytes());
        bytes[45] = self.note;
        bytes
    }

    fn of(bytes: &Bytes) -> Self {
        let (mut key, mut at, mut who) = ([0; 32], [0; 8], [0; 4]);
        key.copy_from_slice(&bytes[1..33]);
        at.copy_from_slice(&bytes[33..41]);
        who.copy_from_slice(&bytes[41..45]);
        Self {
            topic: bytes[0],
            key: Sha256::from(key),
            at: (u64::from_be_bytes(at) ^ (1 << 63)) as i64,
            who: u32::from_be_bytes(who),
            note: bytes[45],
        }
    }
}

/// Records in the making.
#[derive(Debug)]
pub(super) struct Sorter {
    folder: PathBuf,
    run: Vec<Bytes>,
    limit: usize,
    files: Vec<PathBuf>,
}

impl Sorter {
    pub(super) fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), run: Vec::new(), limit: RUN, files: Vec::new() }
    }

    pub(super) fn push(&mut self, record: &Record) -> io::Result<()> {
        self.run.push(record.bytes());
        if self.run.len() >= self.limit { self.spill() } else { Ok(()) }
    }

    fn spill(&mut self) -> io::Result<()> {
        self.run.sort_unstable();
        self.run.dedup();
        let path = self.folder.join(format!("run-{}.sorted", self.files.len()));
        let mut out = BufWriter::new(File::create(&path)?);
        self.files.push(path);
        for record in self.run.drain(..) {
            out.write_all(&record)?;
        }
        out.flush()
    }

    /// Calls `each` with every group of records that have topic and key in common, in order.
    pub(super) fn groups(mut self, mut each: impl FnMut(&[Record]) -> io::Result<()>) -> io::Result<()> {
        if !self.files.is_empty() {
            self.spill()?;
        }
        self.run.sort_unstable();
        self.run.dedup();
        let mut readers = Vec::new();
        for path in &self.files {
            readers.push(BufReader::new(File::open(path)?));
        }
        let mut heap = BinaryHeap::new();
        for (at, reader) in readers.iter_mut().enumerate() {
            if let Some(record) = next(reader)? {
                heap.push(Reverse((record, at)));
            }
        }
        let mut rest = std::mem::take(&mut self.run).into_iter();
        let memory = readers.len();
        heap.extend(rest.next().map(|record| Reverse((record, memory))));
        let mut group: Vec<Record> = Vec::new();
        let mut last: Option<Bytes> = None;
        while let Some(Reverse((bytes, from))) = heap.pop() {
            let follows = match readers.get_mut(from) {
                Some(reader) => next(reader)?,
                None => rest.next(),
            };
            heap.extend(follows.map(|record| Reverse((record, from))));
            if last == Some(bytes) {
                continue;
            }
            last = Some(bytes);
            let record = Record::of(&bytes);
            if group.first().is_some_and(|first| (first.topic, first.key) != (record.topic, record.key)) {
                each(&group)?;
                group.clear();
            }
            group.push(record);
        }
        if !group.is_empty() {
            each(&group)?;
        }
        Ok(())
    }
}

impl Drop for Sorter {
    fn drop(&mut self) {
        for path in &self.files {
            // What stays of a run is made anew by the next one.
            let _ = std::fs::remove_file(path);
        }
    }
}

fn next(reader: &mut impl Read) -> io::Result<Option<Bytes>> {
    let mut bytes = [0; BYTES];
    match reader.read_exact(&mut bytes) {
        Ok(()) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(topic: u8, key: &str, at: i64, who: u32) -> Record {
        Record { topic, key: Sha256::of(key.as_bytes()), at, who, note: 3 }
    }

    #[test]
    fn groups_are_the_same_however_many_runs_there_are() {
        let records: Vec<Record> =
            (0..1000u32).map(|n| record((n % 3) as u8, &format!("{}", n % 7), i64::from(n) - 500, n)).collect();
        let grouped = |limit| {
            let folder = tempfile::tempdir().expect("a scratch folder");
            let mut sorter = Sorter::new(folder.path());
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
