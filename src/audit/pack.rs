//! One archive for the auditor: what was judged and on what, with digests in place of evidence.
//!
//! In: a finished audit, the streams, the trust file, the lock, the ledger. Out: a tar with the report without what
//! evidence says, each case's judgement, decisions in their envelopes, proofs from the ledger, and last the list of all
//! of it. No record of any case is in it.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::{Deserialize, Serialize};

use super::error::AuditError;
use super::journal::Journal;
use super::year::Streams;
use crate::bundle::pack::Packer;
use crate::ledger::{Checkpoint, Ledger, LedgerError};
use crate::primitives::Sha256;
use crate::report::audit::{AuditDocument, CaseEntry, json};

/// Format name of a pack.
pub const FORMAT: &str = "countersign/audit-pack/v1";

/// The list of what is in it, the last file.
pub const LIST: &str = "pack.json";
/// The audit's report.
pub const REPORT: &str = "audit.json";
/// The installation's trust file.
pub const TRUST: &str = "trust.json";
/// The policy lock, where there is one.
pub const LOCK: &str = "lock.json";
/// What the ledger was.
pub const CHECKPOINT: &str = "ledger/checkpoint.txt";
/// The same, signed, where somebody gave it.
pub const NOTE: &str = "ledger/checkpoint.note";
/// Proofs that decisions stand in the ledger, a line each.
pub const PROOFS: &str = "ledger/proofs.ndjson";

/// What a pack holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct List {
    /// `countersign/audit-pack/v1`
    pub format: String,
    /// Digest of every other file.
    pub files: BTreeMap<String, Sha256>,
}

/// A decision in the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proof {
    /// The case.
    pub case: String,
    /// The row, as it stands in the ledger.
    pub row: String,
    /// Its number.
    pub seq: u64,
    /// The hashes up to the root of the checkpoint.
    pub hashes: Vec<Sha256>,
}

/// What else goes into a pack.
#[derive(Clone, Copy)]
pub struct Beside<'b> {
    /// The streams that were audited.
    pub streams: &'b dyn Streams,
    /// The trust file's bytes.
    pub trust: &'b [u8],
    /// The lock's bytes.
    pub lock: Option<&'b [u8]>,
    /// The ledger.
    pub ledger: Option<&'b Ledger>,
    /// A signed checkpoint of it.
    pub note: Option<&'b [u8]>,
}

/// The path of a judgement.
pub fn judgement_path(digest: &Sha256) -> String {
    format!("judgements/{digest}.json")
}

/// The path of a decision.
pub fn decision_path(digest: &Sha256) -> String {
    format!("decisions/{digest}.dsse.json")
}

/// Writes a pack.
///
/// # Errors
/// `write`, `unreadable`; `changed`: the streams are not those that were audited.
pub fn write(
    document: &AuditDocument,
    journal: &Journal,
    beside: &Beside<'_>,
    out: &mut dyn Write,
) -> Result<(), AuditError> {
    let mut pack = Files { packer: Packer::new(out), listed: BTreeMap::new() };
    let failed = || AuditError::write(journal.folder());
    let mut report = Vec::new();
    json::write_with(document, journal, &CaseEntry::without_evidence, &mut report).map_err(failed())?;
    pack.add(REPORT, &report).map_err(failed())?;
    drop(report);
    pack.add(TRUST, beside.trust).map_err(failed())?;
    if let Some(lock) = beside.lock {
        pack.add(LOCK, lock).map_err(failed())?;
    }
    let streams = &document.run.streams;
    if streams.len() != beside.streams.count() {
        return Err(beside.streams.changed());
    }
    for (at, audited) in streams.iter().enumerate() {
        let bytes = beside.streams.bytes(at)?;
        if beside.streams.name(at) != audited.name || Sha256::of(&bytes) != audited.sha256 {
            return Err(beside.streams.changed());
        }
        pack.add(&format!("registries/{}", audited.name), &bytes).map_err(failed())?;
    }
    let mut proofs = Vec::new();
    journal.each(|row| {
        if let (Some(text), Some(digest)) = (&row.traces.judgement, &row.entry.judgement) {
            pack.add(&judgement_path(digest), text.as_bytes()).map_err(failed())?;
        }
        if let Some((digest, envelope)) = &row.traces.envelope {
            pack.add(&decision_path(digest), envelope.as_bytes()).map_err(failed())?;
        }
        if let (Some(ledger), Some(seq)) = (beside.ledger, row.traces.row) {
            let proof = proof(ledger, seq, row.entry.case);
            let proof = proof.map_err(|error| failed()(io::Error::other(error.to_string())))?;
            proofs.extend(crate::report::json::canonical(&proof));
            proofs.push(b'\n');
        }
        Ok(())
    })?;
    if let Some(ledger) = beside.ledger {
        pack.add(CHECKPOINT, Checkpoint::of(ledger, None).text().as_bytes()).map_err(failed())?;
        pack.add(PROOFS, &proofs).map_err(failed())?;
    }
    if let Some(note) = beside.note {
        pack.add(NOTE, note).map_err(failed())?;
    }
    pack.finish().map_err(failed())
}

fn proof(ledger: &Ledger, seq: u64, case: String) -> Result<Proof, LedgerError> {
    let row = ledger.row(seq)?.line().to_owned();
    Ok(Proof { case, row, seq, hashes: ledger.inclusion(seq, ledger.size())? })
}

struct Files<W: Write> {
    packer: Packer<W>,
    listed: BTreeMap<String, Sha256>,
}

impl<W: Write> Files<W> {
    /// Adds a file; the same bytes under the same name are one file.
    fn add(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        match self.listed.insert(name.to_owned(), Sha256::of(bytes)) {
            None => self.packer.add(name, bytes),
            Some(known) if known == Sha256::of(bytes) => Ok(()),
            Some(_) => Err(io::Error::other(format!("two files would be `{name}`"))),
        }
    }

    fn finish(mut self) -> io::Result<()> {
        let list = List { format: FORMAT.to_owned(), files: self.listed };
        self.packer.add(LIST, &crate::report::json::canonical(&list))?;
        self.packer.finish()?.flush()
    }
}
