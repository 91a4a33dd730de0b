//! The logs of the LEI watch: evidence as `schemas/evidence/lei-monitoring-log.json` has it, each naming the one before.
//!
//! In: looks. Out: files that a QAR puts into the case of the day as they are, and that the rules on the watch judge.
//! What a run has looked at before it was killed lies in a spool, and is not asked for again.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::error::MonitorError;
use super::journal::{Event, Journal, sync_folder};
use super::look::Look;
use crate::primitives::{Duration, Instant, Sha256};
use crate::rehearsal;

/// Most bytes of a log: what a case takes as a record.
const BYTES_MAX: u64 = 16 << 20;
/// Most looks of one log, so that the longest are no more bytes than that.
const LOOKS_MAX: usize = 10_000;
/// An LEI that a run saw before it was killed is not asked for again within so many seconds.
const ASKED_S: i64 = 3600;

/// Who keeps a log, and of which case it is a record.
#[derive(Debug, Clone)]
pub struct Keeper {
    /// Person id of who answers for the tool.
    pub performed_by: String,
    /// The id of the case.
    pub case: String,
}

/// The record.
#[derive(Debug, Serialize, Deserialize)]
struct Record {
    kind: String,
    id: String,
    schema_version: u8,
    producer: String,
    performed_by: String,
    performed_at: Instant,
    recorded_at: Instant,
    subject_case: String,
    start: Instant,
    end: Instant,
    tool_id: String,
    prior_log_sha256: Option<Sha256>,
    entries: Vec<Look>,
}

/// Takes a log: its name, its bytes, its looks.
pub type Take<'t> = dyn FnMut(&str, &[u8], Vec<Look>) + 't;

/// The folder of the logs.
#[derive(Debug)]
pub struct LeiLogs {
    folder: PathBuf,
}

impl LeiLogs {
    /// The logs in a folder, which is made if it is not there.
    ///
    /// # Errors
    /// `write`.
    pub fn at(folder: &Path) -> Result<Self, MonitorError> {
        fs::create_dir_all(folder).map_err(|source| MonitorError::Write { path: folder.to_owned(), source })?;
        Ok(Self { folder: folder.to_owned() })
    }

    /// The logs in a folder that is only read.
    pub fn in_folder(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn spool(&self) -> PathBuf {
        self.folder.join("looks.part")
    }

    /// Takes up a log that a run wrote and was killed before it said so.
    ///
    /// # Errors
    /// `unreadable`, `write`, `lei_log`.
    pub fn adopt(&self, journal: &mut Journal, now: Instant) -> Result<(), MonitorError> {
        let name = next_name(journal);
        let path = self.path(&name);
        if !path.exists() {
            return Ok(());
        }
        let bytes = read(&path)?;
        let (looks, _) = parse(&path, &bytes, journal.state().head.map_or(0, |(seq, _)| seq + 1))?;
        self.say(journal, now, name, &bytes, looks.len())
    }

    /// The looks of a run that was killed; what it wrote by half does not count.
    ///
    /// # Errors
    /// `unreadable`.
    pub fn left(&self, now: Instant) -> Result<Vec<Look>, MonitorError> {
        let path = self.spool();
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(source) => return Err(MonitorError::Unreadable { path, source }),
        };
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let lines = bytes.get(..whole).unwrap_or_default().split(|byte| *byte == b'\n');
        let looks = lines.filter_map(|line| serde_json::from_slice::<Look>(line).ok());
        Ok(looks.filter(|look| look.checked_at <= now).collect())
    }

    /// Whether an LEI that was looked at then need not be asked for now.
    pub fn is_recent(look: &Look, now: Instant) -> bool {
        now.since(look.checked_at) <= Duration::from_seconds(ASKED_S)
    }

    /// Keeps a look at once.
    ///
    /// # Errors
    /// `write`.
    pub fn keep(&self, look: &Look) -> Result<(), MonitorError> {
        let path = self.spool();
        let line = serde_json::to_string(look).unwrap_or_default() + "\n";
        let written = OpenOptions::new().create(true).append(true).open(&path).and_then(|mut file| {
            file.write_all(line.as_bytes())?;
            file.sync_data()
        });
        written.map_err(|source| MonitorError::Write { path, source })?;
        rehearsal::reach("monitor/looked").map_err(|source| MonitorError::Write { path: self.spool(), source })
    }

    /// Writes the looks of a run as the next log, and says so in the journal. No look, no log.
    ///
    /// # Errors
    /// `write`.
    pub fn write(
        &self,
        journal: &mut Journal,
        keeper: &Keeper,
        before: Option<Sha256>,
        looks: &[Look],
        now: Instant,
    ) -> Result<(), MonitorError> {
        for looks in looks.chunks(LOOKS_MAX) {
            let name = next_name(journal);
            let start = looks.iter().map(|look| look.checked_at).min().unwrap_or(now);
            let last = looks.iter().map(|look| look.checked_at).max().unwrap_or(now);
            let id = name.trim_end_matches(".json").to_owned();
            let prior = journal.state().lei_logs.last().map(|(_, _, digest)| *digest).or(before);
            let record = Record {
                kind: "lei-monitoring-log".to_owned(),
                id,
                schema_version: 1,
                producer: "tool".to_owned(),
                performed_by: keeper.performed_by.clone(),
                performed_at: start,
                recorded_at: now.max(last),
                subject_case: keeper.case.clone(),
                start,
                end: last,
                tool_id: concat!("countersign/", env!("CARGO_PKG_VERSION")).to_owned(),
                prior_log_sha256: prior,
                entries: looks.to_vec(),
            };
            let path = self.path(&name);
            let failed = |source| MonitorError::Write { path: path.clone(), source };
            let text = serde_json::to_string_pretty(&record).map_err(|error| failed(error.into()))? + "\n";
            let draft = self.folder.join(".log.part");
            let written = File::create(&draft).and_then(|mut file| {
                file.write_all(text.as_bytes())?;
                file.sync_all()
            });
            written
                .and_then(|()| rehearsal::reach("monitor/draft"))
                .and_then(|()| fs::rename(&draft, &path))
                .and_then(|()| sync_folder(&self.folder))
                .and_then(|()| rehearsal::reach("monitor/log"))
                .map_err(failed)?;
            self.say(journal, now, name, text.as_bytes(), looks.len())?;
        }
        match fs::remove_file(self.spool()) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                Err(MonitorError::Write { path: self.spool(), source })
            }
            Ok(()) | Err(_) => Ok(()),
        }
    }

    fn say(
        &self,
        journal: &mut Journal,
        now: Instant,
        file: String,
        bytes: &[u8],
        looks: usize,
    ) -> Result<(), MonitorError> {
        journal.append(now, vec![Event::Looked { file, sha256: Sha256::of(bytes), looks: looks as u64 }])
    }

    /// Every log that the journal names, oldest first: its name and its bytes, which have the digest of the journal and
    /// name the log before.
    ///
    /// # Errors
    /// `unreadable`, `lei_log`.
    pub fn each(&self, logs: &[(u64, String, Sha256)], take: &mut Take<'_>) -> Result<(), MonitorError> {
        let mut prior = None;
        for (at, (row, name, digest)) in logs.iter().enumerate() {
            let path = self.path(name);
            let refused = |reason: &str| {
                let (path, reason) = (path.clone(), reason.to_owned());
                MonitorError::LeiLog { path, row: *row, reason }
            };
            // A name in the journal leads nowhere else.
            if name.contains(['/', '\\']) || name.starts_with('.') {
                return Err(refused("its name is no name of a log"));
            }
            let bytes = match read(&path) {
                Err(MonitorError::Unreadable { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                    return Err(refused("it is not there"));
                }
                read => read?,
            };
            let found = Sha256::of(&bytes);
            if found != *digest {
                return Err(refused(&format!("its digest is {found}, and the row has {digest}")));
            }
            let (looks, record) = parse(&path, &bytes, *row)?;
            if at > 0 && record.prior_log_sha256 != prior {
                return Err(refused("it does not name the log before it"));
            }
            prior = Some(*digest);
            take(name, &bytes, looks);
        }
        Ok(())
    }
}

/// The looks of a log that lies elsewhere: of a case of the watch. What is no such log holds none.
pub fn looks_of(bytes: &[u8]) -> Vec<Look> {
    serde_json::from_slice::<Record>(bytes).map(|record| record.entries).unwrap_or_default()
}

fn next_name(journal: &Journal) -> String {
    format!("lei-monitoring-{:06}.json", journal.state().lei_logs.len() + 1)
}

fn read(path: &Path) -> Result<Vec<u8>, MonitorError> {
    let unreadable = |source| MonitorError::Unreadable { path: path.to_owned(), source };
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(BYTES_MAX + 1).read_to_end(&mut bytes));
    read.map_err(unreadable)?;
    match bytes.len() as u64 > BYTES_MAX {
        true => Err(MonitorError::TooLarge { path: path.to_owned(), limit: BYTES_MAX, what: "bytes" }),
        false => Ok(bytes),
    }
}

fn parse(path: &Path, bytes: &[u8], row: u64) -> Result<(Vec<Look>, Record), MonitorError> {
    let mut record: Record = serde_json::from_slice(bytes).map_err(|error| MonitorError::LeiLog {
        path: path.to_owned(),
        row,
        reason: error.to_string(),
    })?;
    let looks = std::mem::take(&mut record.entries);
    Ok((looks, record))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With statuses as long as they are taken over, of letters that take the most room.
    fn longest() -> Look {
        let standing = crate::gleif::Standing {
            published_at: Some("2026-04-29T00:00:00.000000001Z".parse().unwrap()),
            entity_status: Some("\u{1}".repeat(64)),
            registration_status: Some("\u{1}".repeat(64)),
            next_renewal_at: Some("2027-04-29T00:00:00.000000001Z".parse().unwrap()),
        };
        Look::of(
            "254900OPPU84GM83MG36",
            "2026-04-29T06:10:00.000000001Z".parse().unwrap(),
            Sha256::of(b"body"),
            standing,
        )
    }

    /// What does not fit one log goes into the next, which names it. The longest log can be read, and a case takes it.
    #[test]
    fn a_log_has_so_many_looks() {
        let folder = tempfile::tempdir().unwrap();
        let now = "2026-04-29T06:30:00Z".parse().unwrap();
        let logs = LeiLogs::at(&folder.path().join("lei")).unwrap();
        let mut journal = Journal::hold(&folder.path().join("log.ndjson"), "qvi", now).unwrap();
        let keeper = Keeper { performed_by: "AUTOMATION".to_owned(), case: "WATCH".to_owned() };
        logs.write(&mut journal, &keeper, None, &vec![longest(); LOOKS_MAX + 1], now).unwrap();
        let mut found = Vec::new();
        logs.each(&journal.state().lei_logs, &mut |_, bytes, looks| {
            assert!(bytes.len() as u64 <= crate::bundle::Limits::STANDARD.json_bytes);
            found.push(looks.len());
        })
        .unwrap();
        assert_eq!((found, BYTES_MAX), (vec![LOOKS_MAX, 1], crate::bundle::Limits::STANDARD.json_bytes));
    }

    /// Nothing of this file is on the disk.
    #[test]
    fn a_log_has_so_many_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.json");
        let file = File::create(&path).unwrap();
        file.set_len(BYTES_MAX).unwrap();
        assert_eq!(read(&path).unwrap().len() as u64, BYTES_MAX);
        file.set_len(BYTES_MAX + 1).unwrap();
        let refused = read(&path).unwrap_err();
        assert!(matches!(refused, MonitorError::TooLarge { limit: BYTES_MAX, .. }), "{refused}");
    }
}
