//! Records to be signed, and the files that they become.
//!
//! In: what an act says, the record before it, and a signer. Out: the record as it will stand in `decision/`, with
//! the signature of who acts beside it. Only records of cases are signed here.

use serde_json::{Map, Value, json};

use crate::bundle::signed::ENDING;
use crate::keri::cesr;
use crate::keystore::{Domain, PublicKey, RecordToSign, Signable, Signer};
use crate::primitives::{Aid, Instant, Sha256};

use super::error::CaseError;
use super::progress::{KeyState, Progress};

/// Who acts, and with which keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// Their id.
    pub person: String,
    /// Whose keys sign.
    pub aid: Aid,
}

/// One file that is to be signed.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Unsigned {
    /// Its path, `.json` included.
    path: String,
    bytes: Vec<u8>,
    /// Whether it is in the case already and lacks the signature only.
    there: bool,
    /// A file that it names.
    names: Option<(String, Vec<u8>)>,
}

/// An act that is allowed and not signed yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    person: String,
    state: KeyState,
    records: Vec<Unsigned>,
    summary: Vec<[String; 2]>,
}

/// An act that was signed: its files, in the order in which they may appear.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    files: Vec<(String, Vec<u8>)>,
    records: Vec<String>,
}

impl Signed {
    /// The files, by path in the case.
    pub fn files(&self) -> &[(String, Vec<u8>)] {
        &self.files
    }

    /// The paths of the records among them.
    pub fn records(&self) -> &[String] {
        &self.records
    }
}

impl Draft {
    /// What will be signed, for people: names and values.
    pub fn summary(&self) -> &[[String; 2]] {
        &self.summary
    }

    /// The records that will be signed: path and text.
    pub fn records(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.records.iter().map(|record| (record.path.as_str(), record.bytes.as_slice()))
    }

    /// The place of a key among those in force of who acts, so that no wrong key is opened.
    ///
    /// # Errors
    /// `not_their_aid`, `other_key`.
    pub fn fits(&self, aid: &Aid, key: &PublicKey) -> Result<u32, CaseError> {
        let state = &self.state;
        if *aid != state.aid {
            let (person, expected) = (self.person.clone(), state.aid.to_string());
            return Err(CaseError::NotTheirAid { person, aid: aid.clone(), expected });
        }
        state.index_of(aid, key)
    }

    /// Signs every record.
    ///
    /// # Errors
    /// `not_their_aid`, `other_key`: asked before the keys are opened; the signer's own.
    pub fn sign(&self, signer: &dyn Signer) -> Result<Signed, CaseError> {
        let state = &self.state;
        let index = self.fits(signer.aid(), &signer.key())?;
        let to_sign: Result<Vec<RecordToSign>, _> =
            self.records.iter().map(|record| RecordToSign::new(Domain::Record, &record.bytes)).collect();
        let mut signed = Signed { files: Vec::new(), records: Vec::new() };
        for (record, to_sign) in self.records.iter().zip(&to_sign?) {
            let signature = signer.sign(&Signable::Record(to_sign))?;
            // INVARIANT: the index is a place in a list of keys, which a count code can say.
            let indexed = signature.indexed(index).unwrap_or_default();
            let number = cesr::qualified_number(state.sn);
            let groups = format!("-FAB{}{number}{}-AAB{indexed}", state.aid, state.said);
            let stem = record.path.strip_suffix(".json").unwrap_or(&record.path);
            signed.files.extend(record.names.clone());
            signed.files.push((format!("{stem}{ENDING}"), groups.into_bytes()));
            if !record.there {
                signed.files.push((record.path.clone(), record.bytes.clone()));
            }
            signed.records.push(record.path.clone());
        }
        Ok(signed)
    }
}

/// A draft in the making: each record names the one before it.
pub(super) struct Writer<'p> {
    progress: &'p Progress,
    actor: &'p Actor,
    now: Instant,
    predecessor: Option<Sha256>,
    number: u32,
    draft: Draft,
}

impl<'p> Writer<'p> {
    pub fn new(progress: &'p Progress, state: KeyState, actor: &'p Actor, now: Instant) -> Self {
        let draft = Draft { person: actor.person.clone(), state, records: Vec::new(), summary: Vec::new() };
        let predecessor = progress.last().map(|last| last.digest);
        Self { progress, actor, now, predecessor, number: progress.number, draft }
    }

    /// A line of what is shown before it is signed.
    pub fn tell(&mut self, name: &str, value: impl ToString) {
        self.draft.summary.push([name.to_owned(), value.to_string()]);
    }

    /// A record that is in the case and lacks its signature.
    pub fn sign_present(&mut self, path: &str, bytes: &[u8]) {
        let record = Unsigned { path: path.to_owned(), bytes: bytes.to_vec(), there: true, names: None };
        self.draft.records.push(record);
    }

    /// The number that the next file begins with.
    pub fn next_number(&self) -> u32 {
        self.number + 1
    }

    /// How many records of a kind there are, with the next one.
    pub fn nth(&self, kind: &str) -> usize {
        self.progress.count(kind) + 1
    }

    /// A record of a kind, with what it says after what every record says. Its file is `decision/NN-name.json`.
    pub fn record(
        &mut self,
        header: Header<'_>,
        body: impl IntoIterator<Item = (&'static str, Value)>,
        names: Option<(String, Vec<u8>)>,
    ) {
        let at = self.now.to_string();
        let mut record = Map::new();
        let mut put = |name: &str, value: Value| record.insert(name.to_owned(), value);
        put("kind", json!(header.kind));
        put("id", json!(header.id));
        put("schema_version", json!(1));
        put("producer", json!(header.producer));
        put("performed_by", json!(self.actor.person));
        put("performed_at", json!(at));
        put("recorded_at", json!(at));
        put("subject_case", json!(self.progress.case_id));
        if let Some(bundle) = header.bundle {
            put("bundle_digest", json!(bundle.to_string()));
        }
        put("predecessor_sha256", json!(self.predecessor.map(|digest| digest.to_string())));
        for (name, value) in body {
            put(name, value);
        }
        // A map of texts and numbers can always be written.
        let mut text = serde_json::to_string_pretty(&record).unwrap_or_default();
        text.push('\n');
        self.number += 1;
        self.predecessor = Some(Sha256::of(text.as_bytes()));
        let path = format!("decision/{:02}-{}.json", self.number, header.file);
        self.draft.records.push(Unsigned { path, bytes: text.into_bytes(), there: false, names });
    }

    pub fn finish(self) -> Draft {
        self.draft
    }
}

/// What every record says, as far as it differs.
pub(super) struct Header<'h> {
    pub kind: &'static str,
    pub id: &'h str,
    /// The name of its file, without number and ending.
    pub file: &'h str,
    pub producer: &'static str,
    /// The bundle that it is about.
    pub bundle: Option<Sha256>,
}
