//! The file: verified whole when it is opened, and on the disk before a row counts.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::error::LedgerError;
use super::note::Checkpoint;
use super::row::{Entry, Kind, Row};
use super::tree;
use crate::primitives::{Instant, Sha256};
use crate::rehearsal;

/// Most bytes of a ledger: about a million rows.
const BYTES_MAX: u64 = 256 << 20;
/// Longest row: its members are of bounded length.
const ROW_MAX: usize = 1 << 10;
/// How every row begins.
const BEGINS: &[u8] = b"{\"actor\":\"";

/// A ledger whose rows were read and follow each other.
#[derive(Debug)]
pub struct Ledger {
    path: PathBuf,
    rows: Vec<Row>,
    leaves: Vec<Sha256>,
    /// Bytes of the rows, line ends included.
    end: u64,
    torn: Option<Torn>,
}

/// A last row that ends early: a crash while it was written. It was never acknowledged, so it does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Torn {
    /// How much of it is there.
    pub bytes: usize,
}

/// A row that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appended {
    /// The row.
    pub row: Row,
    /// What a crash had left at the end, and was cut off.
    pub cut: Option<Torn>,
}

impl Ledger {
    /// Begins a ledger where there is none.
    ///
    /// # Errors
    /// `exists`, `write`.
    pub fn begin(path: &Path, genesis: Entry) -> Result<Self, LedgerError> {
        let failed = |source| LedgerError::Write { path: path.to_owned(), source };
        let row = Row::new(0, None, genesis);
        let mut options = OpenOptions::new();
        let mut file = match options.write(true).create_new(true).open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                return Err(LedgerError::Exists { path: path.to_owned() });
            }
            Err(error) => return Err(failed(error)),
        };
        let written = file.write_all(format!("{}\n", row.line()).as_bytes()).and_then(|()| file.sync_all());
        written.and_then(|()| sync_folder(path)).map_err(|source| {
            // Nobody has seen it; half a first row would stand in the way of the next try.
            let _ = fs::remove_file(path);
            failed(source)
        })?;
        Self::open(path)
    }

    /// Opens a ledger, and reads something else while nobody can write a row: both are of one moment.
    ///
    /// # Errors
    /// As [`Ledger::open`].
    pub fn open_beside<T>(path: &Path, read: impl FnOnce() -> T) -> Result<(Self, T), LedgerError> {
        let file = opened(path, OpenOptions::new().read(true))?;
        // Whoever writes a row waits; released when the file is closed.
        file.lock_shared().map_err(|source| LedgerError::Unreadable { path: path.to_owned(), source })?;
        let ledger = Self::of_file(path, &file)?;
        Ok((ledger, read()))
    }

    /// Opens a ledger and verifies that its rows follow each other.
    ///
    /// # Errors
    /// `missing`: it is never made again; the first line that is not what the line before it demands.
    pub fn open(path: &Path) -> Result<Self, LedgerError> {
        let file = opened(path, OpenOptions::new().read(true))?;
        Self::of_file(path, &file)
    }

    /// Writes a row: on the disk when this returns. Rows that another process wrote meanwhile are read first.
    ///
    /// # Errors
    /// `write`: the row does not count, and nothing of it stays; or what was written meanwhile does not follow.
    pub fn append(&mut self, entry: Entry) -> Result<Appended, LedgerError> {
        self.write(entry, false)
    }

    /// As [`Ledger::append`], unless a row of the kind is about the payload: then that one. Two processes that write
    /// the same leave one row.
    ///
    /// # Errors
    /// As [`Ledger::append`].
    pub fn append_once(&mut self, entry: Entry) -> Result<Row, LedgerError> {
        Ok(self.write(entry, true)?.row)
    }

    fn write(&mut self, entry: Entry, once: bool) -> Result<Appended, LedgerError> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| LedgerError::Write { path, source }
        };
        let mut file = opened(&self.path, OpenOptions::new().read(true).write(true))?;
        // Released when the file is closed, also by a crash.
        file.lock().map_err(failed(&self.path))?;
        let known = self.rows.last().map(|row| (row.seq, row.hash()));
        let now = Self::of_file(&self.path, &file)?;
        // The hash of a row stands for all before it.
        let kept = known.is_none_or(|(seq, hash)| {
            usize::try_from(seq).ok().and_then(|at| now.rows.get(at)).is_some_and(|row| row.hash() == hash)
        });
        if !kept {
            let (path, size) = (self.path.clone(), self.size());
            return Err(match now.size() < size {
                true => LedgerError::Truncated { path, rows: now.size(), size },
                false => LedgerError::Rewritten { path, size },
            });
        }
        *self = now;
        let same = |row: &&Row| row.entry.kind == entry.kind && row.entry.payload == entry.payload;
        if let Some(row) = self.rows.iter().find(same).filter(|_| once) {
            return Ok(Appended { row: row.clone(), cut: None });
        }
        let row = Row::new(self.size(), self.rows.last().map(Row::hash), entry);
        let cut = self.torn;
        let end = self.end;
        let line = format!("{}\n", row.line());
        // A row that nobody could read again would lock everybody out.
        bounded(&self.path, end + line.len() as u64)?;
        let written = rehearsal::reach("ledger/locked")
            .and_then(|()| file.set_len(end))
            .and_then(|()| file.seek(SeekFrom::Start(end)))
            .and_then(|_| file.write_all(line.as_bytes()))
            .and_then(|()| rehearsal::reach("ledger/written"))
            .and_then(|()| file.sync_all());
        if let Err(source) = written {
            // On a full disk a piece may be there; it would be told as torn, but need not be left.
            let _ = file.set_len(end).and_then(|()| file.sync_all());
            return Err(failed(&self.path)(source));
        }
        self.torn = None;
        self.end = end + line.len() as u64;
        self.take(row.clone());
        Ok(Appended { row, cut })
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its rows.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// How many rows it has.
    pub fn size(&self) -> u64 {
        self.rows.len() as u64
    }

    /// A last row that ends early.
    pub fn torn(&self) -> Option<Torn> {
        self.torn
    }

    /// Hash of the first row, which the trust file names.
    pub fn genesis(&self) -> Sha256 {
        self.rows.first().map_or_else(|| Sha256::of(b""), Row::hash)
    }

    /// The latest instant of any row: the clock must not be before it.
    pub fn latest(&self) -> Option<Instant> {
        self.rows.iter().map(|row| row.entry.at).max()
    }

    /// The last row: its number, and its hash, which stands for all rows before it.
    pub fn head(&self) -> Option<(u64, Sha256)> {
        self.rows.last().map(|row| (row.seq, row.hash()))
    }

    /// The trust file that was last put in force here; none: the ledger began with a recovery.
    pub fn trust(&self) -> Option<Sha256> {
        let about_trust = self.rows.iter().rev().find(|row| matches!(row.entry.kind, Kind::Genesis | Kind::Trust));
        about_trust.map(|row| row.entry.payload)
    }

    /// The decisions that the store must know, with their rows: those since officers last made it again.
    pub fn decisions(&self) -> Vec<(u64, Sha256)> {
        let since = self.rows.iter().rposition(|row| row.entry.kind == Kind::Recovery).unwrap_or_default();
        let decisions = self.rows.iter().skip(since).filter(|row| row.entry.kind == Kind::Decision);
        decisions.map(|row| (row.seq, row.entry.payload)).collect()
    }

    /// The root of the tree over all rows.
    pub fn root(&self) -> Sha256 {
        tree::root(&self.leaves)
    }

    /// The root of the tree over the first `size` rows.
    ///
    /// # Errors
    /// `no_row`.
    pub fn root_of(&self, size: u64) -> Result<Sha256, LedgerError> {
        self.first(size).map(tree::root).ok_or_else(|| self.no_row(size))
    }

    /// A row by its number.
    ///
    /// # Errors
    /// `no_row`.
    pub fn row(&self, seq: u64) -> Result<&Row, LedgerError> {
        usize::try_from(seq).ok().and_then(|at| self.rows.get(at)).ok_or_else(|| self.no_row(seq))
    }

    /// The first row about a payload.
    ///
    /// # Errors
    /// `no_payload`.
    pub fn find(&self, payload: &Sha256) -> Result<&Row, LedgerError> {
        let found = self.rows.iter().find(|row| row.entry.payload == *payload);
        found.ok_or_else(|| LedgerError::NoPayload { path: self.path.clone(), payload: payload.to_string() })
    }

    /// The hashes that prove that a row is in the tree of the first `size` rows.
    ///
    /// # Errors
    /// `no_row`.
    pub fn inclusion(&self, seq: u64, size: u64) -> Result<Vec<Sha256>, LedgerError> {
        let proof =
            self.first(size).zip(usize::try_from(seq).ok()).and_then(|(leaves, at)| tree::inclusion(leaves, at));
        proof.ok_or_else(|| self.no_row(if size > self.size() { size } else { seq }))
    }

    /// The hashes that prove that the tree of the first `from` rows grew into that of the first `size`.
    ///
    /// # Errors
    /// `no_row`.
    pub fn consistency(&self, from: u64, size: u64) -> Result<Vec<Sha256>, LedgerError> {
        let proof =
            self.first(size).zip(usize::try_from(from).ok()).and_then(|(leaves, at)| tree::consistency(leaves, at));
        proof.ok_or_else(|| self.no_row(size.max(from)))
    }

    /// The ledger begins as the trust file says.
    ///
    /// # Errors
    /// `another_genesis`.
    pub fn begins_with(&self, genesis: &Sha256) -> Result<(), LedgerError> {
        begins_with(&self.path, self.genesis(), *genesis)
    }

    /// The ledger still has every row that a checkpoint saw.
    ///
    /// # Errors
    /// `another_ledger`, `truncated`, `rewritten`.
    pub fn extends(&self, checkpoint: &Checkpoint) -> Result<(), LedgerError> {
        let expected = Checkpoint::origin(&self.genesis());
        let size = checkpoint.size;
        // Another first row is a rewriting, if this is the file that the checkpoint was made of; the origin tells.
        if checkpoint.origin != expected {
            return Err(LedgerError::AnotherLedger { found: checkpoint.origin.clone(), expected });
        }
        match self.first(size) {
            None => Err(LedgerError::Truncated { path: self.path.clone(), rows: self.size(), size }),
            Some(leaves) if tree::root(leaves) != checkpoint.root => {
                Err(LedgerError::Rewritten { path: self.path.clone(), size })
            }
            Some(_) => Ok(()),
        }
    }

    fn first(&self, size: u64) -> Option<&[Sha256]> {
        self.leaves.get(..usize::try_from(size).ok()?)
    }

    fn no_row(&self, seq: u64) -> LedgerError {
        LedgerError::NoRow { path: self.path.clone(), seq, rows: self.size() }
    }

    fn take(&mut self, row: Row) {
        self.leaves.push(tree::leaf(row.line().as_bytes()));
        self.rows.push(row);
    }

    /// Reads and verifies the rows of a file.
    fn of_file(path: &Path, file: &File) -> Result<Self, LedgerError> {
        let mut ledger = Self { path: path.to_owned(), rows: Vec::new(), leaves: Vec::new(), end: 0, torn: None };
        let mut bytes = Vec::new();
        let unreadable = |source| LedgerError::Unreadable { path: path.to_owned(), source };
        bounded(path, file.metadata().map_err(unreadable)?.len())?;
        // A device says that it has no bytes and has no end.
        file.take(BYTES_MAX + 1).read_to_end(&mut bytes).map_err(unreadable)?;
        bounded(path, bytes.len() as u64)?;
        let mut chain = Chain::new(path);
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            match line.strip_suffix(b"\n") {
                Some(text) => {
                    let row = chain.next(text)?;
                    ledger.end += line.len() as u64;
                    ledger.take(row);
                }
                None => ledger.torn = Some(chain.fragment(line)?),
            }
        }
        chain.is_begun()?;
        Ok(ledger)
    }
}

/// Rows that follow each other, as far as they were read.
struct Chain<'p> {
    path: &'p Path,
    size: u64,
    last: Option<Sha256>,
}

impl<'p> Chain<'p> {
    fn new(path: &'p Path) -> Self {
        Self { path, size: 0, last: None }
    }

    /// The next row, from a line without its end.
    fn next(&mut self, text: &[u8]) -> Result<Row, LedgerError> {
        let (path, line) = (self.path.to_owned(), self.line());
        let row = Row::read(text).map_err(|reason| LedgerError::NotARow { path: path.clone(), line, reason })?;
        if row.seq != self.size {
            return Err(LedgerError::OutOfOrder { path, line, found: row.seq, expected: self.size });
        }
        if row.prev != self.last {
            return Err(LedgerError::BrokenChain { path, line });
        }
        self.size += 1;
        self.last = Some(row.hash());
        Ok(row)
    }

    /// What has no line end: the beginning of a row, or blocks that the file system had reserved and not filled.
    fn fragment(&self, bytes: &[u8]) -> Result<Torn, LedgerError> {
        let written = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
        let zeros = bytes[written.len()..].iter().all(|byte| *byte == 0);
        let shared = written.len().min(BEGINS.len());
        if bytes.len() <= ROW_MAX && zeros && written[..shared] == BEGINS[..shared] {
            return Ok(Torn { bytes: bytes.len() });
        }
        let reason = "it has no line end, and a row does not begin so".to_owned();
        Err(LedgerError::NotARow { path: self.path.to_owned(), line: self.line(), reason })
    }

    /// There is a first row.
    fn is_begun(&self) -> Result<(), LedgerError> {
        match self.size {
            0 => {
                let reason = "there is no row at all".to_owned();
                Err(LedgerError::NotARow { path: self.path.to_owned(), line: 1, reason })
            }
            _ => Ok(()),
        }
    }

    fn line(&self) -> usize {
        usize::try_from(self.size).map_or(usize::MAX, |size| size + 1)
    }
}

/// A ledger that was read row by row, and is not in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scanned {
    /// Where it lies.
    pub path: PathBuf,
    /// Hash of the first row, which the trust file names.
    pub genesis: Sha256,
    /// How many rows it has.
    pub size: u64,
    /// The root of the tree over all rows.
    pub root: Sha256,
}

impl Scanned {
    /// The ledger begins as the trust file says.
    ///
    /// # Errors
    /// `another_genesis`.
    pub fn begins_with(&self, genesis: &Sha256) -> Result<(), LedgerError> {
        begins_with(&self.path, self.genesis, *genesis)
    }
}

/// Reads a ledger and verifies that its rows follow each other, as [`Ledger::open`]; hands each row on and keeps none.
///
/// # Errors
/// As [`Ledger::open`], or what `each` says.
pub fn scan<E: From<LedgerError>>(path: &Path, mut each: impl FnMut(Row) -> Result<(), E>) -> Result<Scanned, E> {
    let unreadable = |source| LedgerError::Unreadable { path: path.to_owned(), source };
    let file = opened(path, OpenOptions::new().read(true))?;
    bounded(path, file.metadata().map_err(unreadable)?.len())?;
    let mut reader = BufReader::new(file.take(BYTES_MAX + 1));
    let (mut chain, mut tree, mut genesis, mut bytes) = (Chain::new(path), tree::Growing::default(), None, 0);
    let mut line = Vec::new();
    loop {
        line.clear();
        // One byte more than a row has with its end.
        let read = reader.by_ref().take(ROW_MAX as u64 + 2).read_until(b'\n', &mut line).map_err(unreadable)?;
        bytes += read as u64;
        bounded(path, bytes)?;
        match line.strip_suffix(b"\n") {
            Some(text) => {
                let row = chain.next(text)?;
                tree.push(tree::leaf(text));
                genesis.get_or_insert_with(|| row.hash());
                each(row)?;
            }
            None => {
                if !line.is_empty() {
                    chain.fragment(&line)?;
                }
                chain.is_begun()?;
                let genesis = genesis.unwrap_or_else(|| Sha256::of(b""));
                return Ok(Scanned { path: path.to_owned(), genesis, size: chain.size, root: tree.root() });
            }
        }
    }
}

fn begins_with(path: &Path, found: Sha256, expected: Sha256) -> Result<(), LedgerError> {
    if found == expected {
        return Ok(());
    }
    let (found, expected) = (found.to_string(), expected.to_string());
    Err(LedgerError::AnotherGenesis { path: path.to_owned(), found, expected })
}

/// Whether a ledger of so many bytes can be read.
fn bounded(path: &Path, bytes: u64) -> Result<(), LedgerError> {
    match bytes <= BYTES_MAX {
        true => Ok(()),
        false => Err(LedgerError::TooLarge { path: path.to_owned(), limit: BYTES_MAX }),
    }
}

fn opened(path: &Path, options: &mut OpenOptions) -> Result<File, LedgerError> {
    options.open(path).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => LedgerError::Missing { path: path.to_owned() },
        _ => LedgerError::Unreadable { path: path.to_owned(), source },
    })
}

/// A new file is there after a crash only if its folder's entry is on the disk.
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::primitives::Aid;

    fn begun(folder: &Path) -> Ledger {
        let actor: Aid = "EHowwGuu5lztml5EN_RGXAdDYdFCTAh6zPLvpqmXn7PU".parse().unwrap();
        let at = "2026-03-20T15:00:00Z".parse().unwrap();
        let genesis = Entry { at, actor, kind: Kind::Genesis, payload: Sha256::of(b"trust") };
        Ledger::begin(&folder.join("ledger"), genesis).unwrap()
    }

    #[test]
    fn a_ledger_beyond_its_bound_is_not_read() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("ledger");
        begun(scratch.path());
        let file = OpenOptions::new().write(true).open(&path).unwrap();
        // Nothing of it is on the disk.
        file.set_len(BYTES_MAX + 1).unwrap();
        assert!(matches!(Ledger::open(&path), Err(LedgerError::TooLarge { limit: BYTES_MAX, .. })));
        assert!(bounded(&path, BYTES_MAX).is_ok());
        assert!(matches!(bounded(&path, BYTES_MAX + 1), Err(LedgerError::TooLarge { .. })));
    }

    /// Row by row it is the same ledger, or the same error.
    #[test]
    fn a_scan_finds_what_opening_finds() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("ledger");
        let mut ledger = begun(scratch.path());
        for at in 0..40u8 {
            let same = |scanned: &Scanned| (scanned.genesis, scanned.size, scanned.root);
            let mut rows = Vec::new();
            let scanned = scan(&path, |row| {
                rows.push(row);
                Ok::<(), LedgerError>(())
            });
            assert_eq!(same(&scanned.unwrap()), (ledger.genesis(), ledger.size(), ledger.root()));
            assert_eq!(rows, ledger.rows());
            let actor = ledger.rows()[0].entry.actor.clone();
            let entry = Entry { at: ledger.latest().unwrap(), actor, kind: Kind::Decision, payload: Sha256::of(&[at]) };
            ledger.append(entry).unwrap();
        }
        let whole = fs::read(&path).unwrap();
        let lines: Vec<&[u8]> = whole.split_inclusive(|byte| *byte == b'\n').collect();
        let swapped = [lines[0], lines[2], lines[1]].concat();
        let without = [lines[0], lines[2]].concat();
        let altered = whole.iter().map(|byte| if *byte == b'7' { b'8' } else { *byte }).collect();
        let long = [lines[0], &[b' '; 4096], lines[1]].concat();
        for bytes in [Vec::new(), swapped, without, altered, long, whole[..whole.len() - 9].to_vec(), b"x".to_vec()] {
            fs::write(&path, &bytes).unwrap();
            let code = |error: LedgerError| miette::Diagnostic::code(&error).map(|code| code.to_string());
            let scanned = scan(&path, |_| Ok::<(), LedgerError>(())).map(|scanned| scanned.size);
            let opened = Ledger::open(&path).map(|ledger| ledger.size());
            assert_eq!(scanned.map_err(code), opened.map_err(code), "{}", String::from_utf8_lossy(&bytes));
        }
    }

    #[test]
    fn what_is_longer_than_a_row_is_not_torn() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("ledger");
        let end = begun(scratch.path()).end;
        let file = OpenOptions::new().write(true).open(&path).unwrap();
        file.set_len(end + ROW_MAX as u64).unwrap();
        assert_eq!(Ledger::open(&path).unwrap().torn(), Some(Torn { bytes: ROW_MAX }));
        file.set_len(end + ROW_MAX as u64 + 1).unwrap();
        assert!(matches!(Ledger::open(&path), Err(LedgerError::NotARow { line: 2, .. })));
    }
}
