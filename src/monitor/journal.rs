//! The log of the watch: one row a line, each with the hash of the row before it.
//!
//! In: the file, and what a run found. Out: rows on the disk before they count; what is open, since when, and what a
//! receiver has not been told. The log is the state: whatever a crash leaves undone follows from its rows again.
//!
//! The ledger's chain is not reused: its rows are six members about decisions, each by an actor with an AID, and its
//! kinds are closed. The watch has no actor and no decision, and a ledger that every morning grows by what GLEIF said
//! would bury what it is for.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::error::MonitorError;
use super::finding::{Class, Finding};
use crate::primitives::{Duration, Instant, Sha256};
use crate::rehearsal;

/// Longest row: a finding with its message.
const ROW_MAX: usize = 256 << 10;

/// Furthest that a clock that is set right may go back between two runs.
const CLOCK_STEP_MAX_S: i64 = 120;

/// What a row says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Event {
    /// The log begins.
    Began {
        /// The QVI that is watched.
        qvi: String,
    },
    /// A log of the LEI watch was written.
    Looked {
        /// Its file name.
        file: String,
        /// Its digest.
        sha256: Sha256,
        /// How many looks it holds.
        looks: u64,
    },
    /// Something was found.
    Opened {
        /// What.
        finding: Box<Finding>,
    },
    /// Something open got worse or better, or its time is over.
    Changed {
        /// What it is now.
        finding: Box<Finding>,
    },
    /// Something is no longer so.
    Resolved {
        /// What it was.
        finding: Box<Finding>,
    },
    /// A run is done: what is open was seen in it.
    Ran {
        /// How many findings are open.
        open: u64,
        /// How many of them block.
        blocking: u64,
        /// Digest of the rule book.
        policy: Sha256,
        /// Digest of the trust file.
        trust: Sha256,
    },
    /// A receiver is told from here on, and of what is open now.
    Joined {
        /// Digest of its address.
        hook: Sha256,
    },
    /// A receiver took every event up to a row.
    Delivered {
        /// Digest of its address.
        hook: Sha256,
        /// The number of the row.
        through: u64,
    },
}

/// A row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its number, from 0.
    pub seq: u64,
    /// When.
    pub at: Instant,
    /// What it says.
    pub event: Event,
    /// Its hash: the next row names it, and a receiver knows a repetition by it.
    pub hash: Sha256,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    at: Instant,
    prev: Option<Sha256>,
    row: Event,
    seq: u64,
}

/// Something open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Open {
    /// What it is.
    pub finding: Finding,
    /// When it was first seen.
    pub first_seen: Instant,
}

/// The log, held by one run.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: File,
    end: u64,
    state: State,
}

/// What follows from the rows.
#[derive(Debug, Default, Clone)]
pub struct State {
    /// The last row: its number and its hash.
    pub head: Option<(u64, Sha256)>,
    /// What is open, by identity.
    pub open: BTreeMap<String, Open>,
    /// How far each receiver is.
    pub hooks: BTreeMap<Sha256, Progress>,
    /// Logs of the LEI watch: row, file name, digest.
    pub lei_logs: Vec<(u64, String, Sha256)>,
    /// When the last run was done.
    pub ran_at: Option<Instant>,
    /// The latest instant of any row.
    pub latest: Option<Instant>,
    /// Bytes of a last row that ends early: a crash while it was written. It does not count.
    pub torn: usize,
}

/// How far a receiver is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// The row with which it joined.
    pub joined: u64,
    /// The last row that it took; none: it took nothing yet.
    pub through: Option<u64>,
}

/// How a finding stands after a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum News {
    /// It was not open before.
    Opened,
    /// It was open, and differs.
    Changed,
    /// It was open as it is.
    Open,
    /// It is no longer so.
    Resolved,
}

impl News {
    /// As lines write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Changed => "changed",
            Self::Open => "open",
            Self::Resolved => "resolved",
        }
    }
}

impl Journal {
    /// Opens the log, or begins it, and holds it until it is dropped: two runs never write one log.
    ///
    /// # Errors
    /// `busy`, `not_a_row`, `broken_chain`, `unreadable`, `write`.
    pub fn hold(path: &Path, qvi: &str, now: Instant) -> Result<Self, MonitorError> {
        let failed = |source| MonitorError::Write { path: path.to_owned(), source };
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(failed)?;
        }
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create(true).truncate(false).open(path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(MonitorError::Busy { path: path.to_owned() }),
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        let (state, end) = replay(path, &file, &mut |_| {})?;
        let ahead = |latest: &Instant| latest.since(now) > Duration::from_seconds(CLOCK_STEP_MAX_S);
        if let Some(latest) = state.latest.filter(ahead) {
            let (latest, now) = (latest.to_string(), now.to_string());
            return Err(MonitorError::ClockBehind { path: path.to_owned(), latest, now });
        }
        let mut journal = Self { path: path.to_owned(), file, end, state };
        if journal.state.head.is_none() {
            journal.append(now, vec![Event::Began { qvi: qvi.to_owned() }])?;
            if let Some(folder) = path.parent() {
                sync_folder(folder).map_err(failed)?;
            }
        }
        Ok(journal)
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What follows from its rows.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Writes rows: on the disk when this returns.
    ///
    /// # Errors
    /// `write`: rows that were written in full count, and the next run goes on from there.
    pub fn append(&mut self, at: Instant, events: Vec<Event>) -> Result<(), MonitorError> {
        let mut text = String::new();
        let mut head = self.state.head;
        let mut rows = Vec::with_capacity(events.len());
        for event in events {
            let seq = head.map_or(0, |(seq, _)| seq + 1);
            let line = Line { at, prev: head.map(|(_, hash)| hash), row: event, seq };
            let bytes = canonical(&line);
            if bytes.is_empty() || bytes.len() > ROW_MAX {
                let (path, bytes) = (self.path.clone(), bytes.len());
                return Err(MonitorError::RowTooLong { path, bytes, limit: ROW_MAX });
            }
            let hash = Sha256::of(bytes.as_bytes());
            head = Some((seq, hash));
            rows.push(Row { seq, at, event: line.row, hash });
            text.push_str(&bytes);
            text.push('\n');
        }
        let end = self.end;
        let written = (self.file.set_len(end))
            .and_then(|()| self.file.seek(SeekFrom::Start(end)))
            .and_then(|_| {
                // A crash may leave any part of it: in rehearsals a half.
                let half = text.len() / 2;
                let (first, second) = text.as_bytes().split_at(half);
                self.file.write_all(first)?;
                rehearsal::reach("monitor/half")?;
                self.file.write_all(second)
            })
            .and_then(|()| self.file.sync_all());
        written.map_err(|source| MonitorError::Write { path: self.path.clone(), source })?;
        self.end = end + text.len() as u64;
        self.state.torn = 0;
        rows.iter().for_each(|row| self.state.take(row));
        Ok(())
    }

    /// Compares what a run found with what is open, and writes what is new. The same findings twice write nothing but
    /// that a run was done.
    ///
    /// # Errors
    /// As [`Journal::append`].
    pub fn record(&mut self, at: Instant, findings: &[Finding], ran: Event) -> Result<Vec<(News, Open)>, MonitorError> {
        let mut events = Vec::new();
        let mut news = Vec::new();
        for finding in findings {
            let boxed = || Box::new(finding.clone());
            let (word, first_seen) = match self.state.open.get(&finding.id) {
                None => {
                    events.push(Event::Opened { finding: boxed() });
                    (News::Opened, at)
                }
                Some(open) if finding.differs_from(&open.finding) => {
                    events.push(Event::Changed { finding: boxed() });
                    (News::Changed, open.first_seen)
                }
                Some(open) => (News::Open, open.first_seen),
            };
            news.push((word, Open { finding: finding.clone(), first_seen }));
        }
        let now: BTreeSet<&str> = findings.iter().map(|finding| finding.id.as_str()).collect();
        let gone = self.state.open.iter().filter(|(id, _)| !now.contains(id.as_str()));
        let gone: Vec<Open> = gone.map(|(_, open)| open.clone()).collect();
        for open in gone {
            events.push(Event::Resolved { finding: Box::new(open.finding.clone()) });
            news.push((News::Resolved, open));
        }
        events.push(ran);
        self.append(at, events)?;
        Ok(news)
    }

    /// Makes a receiver known, if it is not: from here on no event is lost to it, whether or not it is there.
    ///
    /// # Errors
    /// As [`Journal::append`].
    pub fn join(&mut self, at: Instant, hook: Sha256) -> Result<(), MonitorError> {
        match self.state.hooks.contains_key(&hook) {
            true => Ok(()),
            false => self.append(at, vec![Event::Joined { hook }]),
        }
    }

    /// The rows that a receiver has not taken, oldest first: those about what was open when it joined, and every event
    /// since. One that never joined has none.
    ///
    /// # Errors
    /// As [`Journal::hold`].
    pub fn due(&self, hook: &Sha256) -> Result<Vec<Row>, MonitorError> {
        let Some(progress) = self.state.hooks.get(hook) else { return Ok(Vec::new()) };
        let mut open: BTreeMap<String, Vec<Row>> = BTreeMap::new();
        let mut since = Vec::new();
        replay(&self.path, &self.file, &mut |row| match &row.event {
            Event::Opened { .. } | Event::Changed { .. } | Event::Resolved { .. } if row.seq > progress.joined => {
                since.push(row.clone());
            }
            Event::Opened { finding } | Event::Changed { finding } => {
                open.entry(finding.id.clone()).or_default().push(row.clone());
            }
            Event::Resolved { finding } => {
                open.remove(&finding.id);
            }
            Event::Began { .. }
            | Event::Looked { .. }
            | Event::Ran { .. }
            | Event::Joined { .. }
            | Event::Delivered { .. } => {}
        })?;
        let mut due: Vec<Row> = open.into_values().flatten().chain(since).collect();
        due.retain(|row| progress.through.is_none_or(|through| row.seq > through));
        due.sort_by_key(|row| row.seq);
        Ok(due)
    }
}

/// Verifies a log that nobody need hold, row by row.
///
/// # Errors
/// `no_log`, `not_a_row`, `broken_chain`, `unreadable`.
pub fn verify(path: &Path, row: &mut dyn FnMut(&Row)) -> Result<State, MonitorError> {
    let file = File::open(path).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => MonitorError::NoLog { path: path.to_owned() },
        _ => MonitorError::Unreadable { path: path.to_owned(), source },
    })?;
    replay(path, &file, row).map(|(state, _)| state)
}

/// Reads every row. A last line without its end does not count.
fn replay(path: &Path, file: &File, row: &mut dyn FnMut(&Row)) -> Result<(State, u64), MonitorError> {
    let unreadable = |source| MonitorError::Unreadable { path: path.to_owned(), source };
    let mut reader = BufReader::new(file);
    reader.seek(SeekFrom::Start(0)).map_err(unreadable)?;
    let mut state = State::default();
    let mut end = 0;
    for number in 1.. {
        let mut line = Vec::new();
        let read = reader.by_ref().take(ROW_MAX as u64 + 1).read_until(b'\n', &mut line).map_err(unreadable)?;
        let not_a_row = |reason: &str| {
            let (path, reason) = (path.to_owned(), reason.to_owned());
            MonitorError::NotARow { path, line: number, reason }
        };
        if read == 0 {
            break;
        }
        let Some((b'\n', bytes)) = line.split_last() else {
            if line.len() > ROW_MAX {
                return Err(not_a_row("it is longer than a row may be"));
            }
            state.torn = line.len();
            break;
        };
        let text = std::str::from_utf8(bytes).map_err(|_| not_a_row("it is not UTF-8"))?;
        let parsed: Line = serde_json::from_str(text).map_err(|error| not_a_row(&error.to_string()))?;
        if canonical(&parsed) != text {
            return Err(not_a_row("it is not in canonical form"));
        }
        let expected = state.head.map_or(0, |(seq, _)| seq + 1);
        if parsed.seq != expected || parsed.prev != state.head.map(|(_, hash)| hash) {
            return Err(MonitorError::BrokenChain { path: path.to_owned(), line: number });
        }
        let found = Row { seq: parsed.seq, at: parsed.at, event: parsed.row, hash: Sha256::of(bytes) };
        state.take(&found);
        row(&found);
        end += line.len() as u64;
    }
    Ok((state, end))
}

/// The RFC 8785 form.
fn canonical(line: &Line) -> String {
    // A row holds text, whole numbers and lists of them: there is nothing that has no such form.
    serde_json_canonicalizer::to_string(line).unwrap_or_default()
}

impl State {
    fn take(&mut self, row: &Row) {
        match &row.event {
            Event::Opened { finding } => {
                let open = Open { finding: (**finding).clone(), first_seen: row.at };
                self.open.insert(finding.id.clone(), open);
            }
            Event::Changed { finding } => {
                let first_seen = self.open.get(&finding.id).map_or(row.at, |open| open.first_seen);
                self.open.insert(finding.id.clone(), Open { finding: (**finding).clone(), first_seen });
            }
            Event::Resolved { finding } => {
                self.open.remove(&finding.id);
            }
            Event::Looked { file, sha256, .. } => self.lei_logs.push((row.seq, file.clone(), *sha256)),
            Event::Ran { .. } => self.ran_at = Some(row.at),
            Event::Joined { hook } => {
                self.hooks.insert(*hook, Progress { joined: row.seq, through: None });
            }
            Event::Delivered { hook, through } => {
                if let Some(progress) = self.hooks.get_mut(hook) {
                    progress.through = Some(*through);
                }
            }
            Event::Began { .. } => {}
        }
        self.head = Some((row.seq, row.hash));
        self.latest = self.latest.max(Some(row.at));
    }

    /// How many open findings block.
    pub fn blocking(&self) -> usize {
        self.open.values().filter(|open| open.finding.class == Class::Block).count()
    }
}

/// Makes a new name in a folder last.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder).and_then(|folder| folder.sync_all()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::monitor::finding::Kind;

    const NOW: &str = "2026-04-29T06:30:00Z";

    /// A row with the longest text that fits is written and read again, and one with a letter more is not written.
    #[test]
    fn a_row_has_so_many_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.ndjson");
        let now: Instant = NOW.parse().unwrap();
        let mut journal = Journal::hold(&path, "qvi", now).unwrap();
        let event = |length: usize| Event::Opened {
            finding: Box::new(Finding::new(Kind::Rule, Class::Warn, "rule", "x".repeat(length), "help")),
        };
        let begun = journal.end;
        journal.append(now, vec![event(0)]).unwrap();
        // With the end of its line.
        let room = ROW_MAX + 1 - (journal.end - begun) as usize;
        journal.append(now, vec![event(room)]).unwrap();
        let before = fs::read(&path).unwrap();
        let refused = journal.append(now, vec![event(room + 1)]).unwrap_err();
        assert!(matches!(refused, MonitorError::RowTooLong { bytes, limit: ROW_MAX, .. } if bytes == ROW_MAX + 1));
        assert_eq!(fs::read(&path).unwrap(), before, "nothing of it is written");
        drop(journal);
        let mut rows = 0;
        assert_eq!(verify(&path, &mut |_| rows += 1).unwrap().head.map(|(seq, _)| seq), Some(2));
        assert_eq!(rows, 3);

        // Nor is one read that somebody else wrote, whether or not its line ends.
        let longer = vec![b'x'; ROW_MAX + 1];
        for end in ["", "\n"] {
            fs::write(&path, [&before[..], &longer, end.as_bytes()].concat()).unwrap();
            let refused = verify(&path, &mut |_| {}).unwrap_err();
            let MonitorError::NotARow { line: 4, reason, .. } = refused else { panic!("{refused}") };
            assert!(reason.contains("longer than a row"), "{reason}");
        }
        fs::write(&path, [&before[..], &longer[1..]].concat()).unwrap();
        assert_eq!(verify(&path, &mut |_| {}).unwrap().torn, ROW_MAX, "what a crash leaves is no row");
    }
}
