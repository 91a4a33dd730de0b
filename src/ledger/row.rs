//! One row: six members in RFC 8785 form, on one line.

use std::fmt;
use std::str::FromStr;

use crate::bundle::json::canonical::canonical;
use crate::bundle::json::{Numbers, Tree};
use crate::primitives::{Aid, Instant, Sha256};

/// What a row is about. Its payload lies elsewhere; the row holds the payload's digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// The ledger begins; the payload is the trust file.
    Genesis,
    /// The gate said yes, and something was signed; the payload is the decision.
    Decision,
    /// The gate said no; the payload is the refusal.
    Refusal,
    /// A reservation was given up; the payload is the abandonment's records.
    Abandon,
    /// A key event log got a seal of a decision; the payload is the event.
    Anchor,
    /// A case got a record; the payload is the record.
    CaseRecord,
    /// The trust file changed; the payload is the new one.
    Trust,
    /// A policy lock came into force; the payload is the lock.
    Lock,
    /// State was made again; the payload is the officers' recovery record.
    Recovery,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Genesis,
        Self::Decision,
        Self::Refusal,
        Self::Abandon,
        Self::Anchor,
        Self::CaseRecord,
        Self::Trust,
        Self::Lock,
        Self::Recovery,
    ];

    /// As rows write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Genesis => "genesis",
            Self::Decision => "decision",
            Self::Refusal => "refusal",
            Self::Abandon => "abandon",
            Self::Anchor => "anchor",
            Self::CaseRecord => "case-record",
            Self::Trust => "trust",
            Self::Lock => "lock",
            Self::Recovery => "recovery",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Kind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let names = || Self::ALL.map(Self::as_str).join(", ");
        let known = Self::ALL.into_iter().find(|kind| kind.as_str() == text);
        known.ok_or_else(|| format!("`{text}` is no kind of row; kinds: {}", names()))
    }
}

/// What is to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// When.
    pub at: Instant,
    /// By whom.
    pub actor: Aid,
    /// What it is about.
    pub kind: Kind,
    /// SHA-256 of what it is about.
    pub payload: Sha256,
}

/// A row of the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its place, from 0.
    pub seq: u64,
    /// Hash of the row before; none for the first.
    pub prev: Option<Sha256>,
    /// What was written.
    pub entry: Entry,
    line: String,
}

/// The lines of a ledger with these entries and no others: for practice, where nobody has decided anything and no disk
/// has to remember it.
pub fn practised(entries: impl IntoIterator<Item = Entry>) -> impl Iterator<Item = String> {
    let mut prev = None;
    entries.into_iter().zip(0u64..).map(move |(entry, seq)| {
        let row = Row::new(seq, prev, entry);
        prev = Some(row.hash());
        format!("{}\n", row.line())
    })
}

impl Row {
    /// The row of an entry.
    pub(super) fn new(seq: u64, prev: Option<Sha256>, entry: Entry) -> Self {
        let Entry { at, actor, kind, payload } = &entry;
        let prev_text = prev.map_or("null".to_owned(), |prev| format!("\"{prev}\""));
        // The members in the order of RFC 8785; none of the values needs an escape.
        let line = format!(
            "{{\"actor\":\"{actor}\",\"at\":\"{at}\",\"kind\":\"{kind}\",\"payload_digest\":\"{payload}\",\
             \"prev\":{prev_text},\"seq\":{seq}}}"
        );
        Self { seq, prev, entry, line }
    }

    /// Reads a line.
    pub(super) fn read(line: &[u8]) -> Result<Self, String> {
        let tree = Tree::parse(line, Numbers::Integers).map_err(|error| error.to_string())?;
        if canonical(&tree).as_deref() != Some(line) {
            return Err("it is not in canonical form".to_owned());
        }
        let members = tree.members().ok_or("it is no object")?;
        let names: Vec<&str> = members.iter().map(|member| member.key.as_ref()).collect();
        if names != ["actor", "at", "kind", "payload_digest", "prev", "seq"] {
            return Err(format!("its members are {}", names.join(", ").chars().take(200).collect::<String>()));
        }
        let text = |name: &str| tree.get(name).and_then(Tree::text).ok_or_else(|| format!("its `{name}` is no text"));
        let prev = match tree.get("prev").map(|prev| (prev.kind(), prev.text())) {
            Some((crate::bundle::json::Kind::Null, _)) => None,
            Some((_, Some(prev))) => Some(prev.parse::<Sha256>().map_err(|error| error.to_string())?),
            Some((_, None)) | None => return Err("its `prev` is no text".to_owned()),
        };
        let seq = tree.get("seq").and_then(Tree::integer).and_then(|seq| u64::try_from(seq).ok());
        let entry = Entry {
            at: text("at")?.parse().map_err(|error: crate::primitives::PrimitiveError| error.to_string())?,
            actor: text("actor")?.parse().map_err(|error: crate::primitives::PrimitiveError| error.to_string())?,
            kind: text("kind")?.parse()?,
            payload: text("payload_digest")?
                .parse()
                .map_err(|error: crate::primitives::PrimitiveError| error.to_string())?,
        };
        let row = Self::new(seq.ok_or("its `seq` is no row's number")?, prev, entry);
        // An instant can be written in more than one way, and only one of them is ours.
        if row.line.as_bytes() == line { Ok(row) } else { Err("it is not as countersign writes rows".to_owned()) }
    }

    /// Its RFC 8785 form: the line without its end, and the leaf of the tree.
    pub fn line(&self) -> &str {
        &self.line
    }

    /// Its hash, which the next row names.
    pub fn hash(&self) -> Sha256 {
        Sha256::of(self.line.as_bytes())
    }
}
