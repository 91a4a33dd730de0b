//! What is attached to a message, written as keripy 1.x does: signatures, receipts, sources.
//!
//! In: a message and indexed signatures. Out: the message as a stream. Signatures stand in order of index,
//! so that it does not matter in which order members signed.

use std::collections::BTreeMap;

use thiserror::Error;

use crate::keri::cesr::{Algorithm, Anchor, Group, Indexed, IndexedCode, StreamWriter, read_attachments};
use crate::keri::signature::{Signatures, Triple};
use crate::primitives::Said;

/// A signature by the key at an index, on its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexedSignature {
    text: String,
    index: u32,
    prior: Option<u32>,
}

/// Why a text is no indexed signature, or why two do not go together.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SignatureError {
    /// No CESR.
    #[error("it cannot be read: {0}")]
    Malformed(String),
    /// Other groups, or not one signature.
    #[error("it holds {0} indexed signatures, and one is expected")]
    Count(usize),
    /// Not Ed25519.
    #[error("its algorithm is not Ed25519")]
    Algorithm,
    /// Two signatures by one key that differ.
    #[error("there are two different signatures at index {0}")]
    Twice(u32),
}

impl IndexedSignature {
    /// Of a key and its signature.
    pub fn new(code: IndexedCode, raw: &[u8; 64]) -> Option<Self> {
        let (index, prior) = match code {
            IndexedCode::Both(index) => (index, Some(index)),
            IndexedCode::Different { current, prior } => (current, Some(prior)),
            IndexedCode::CurrentOnly(index) => (index, None),
        };
        Some(Self { text: code.signature(raw)?, index, prior })
    }

    /// Reads one: with its count code (`-AAB…`) or bare, ended by a line feed or not.
    ///
    /// # Errors
    /// Why the text is none.
    pub fn parse(text: &str) -> Result<Self, SignatureError> {
        let text = text.trim_end_matches(['\r', '\n']);
        let counted = if text.starts_with('-') { text.to_owned() } else { format!("-AAB{text}") };
        let mut all = Self::parse_all(&counted)?;
        match (all.pop(), all.len()) {
            (Some(one), 0) => Ok(one),
            (_, others) => Err(SignatureError::Count(others + 1)),
        }
    }

    /// Reads the signatures of the controller's keys among attached groups.
    ///
    /// # Errors
    /// Why the text is no attached group, or holds none of them.
    pub fn parse_all(text: &str) -> Result<Vec<Self>, SignatureError> {
        let attached =
            read_attachments(text.as_bytes()).map_err(|error| SignatureError::Malformed(error.to_string()))?;
        let mut found = Vec::new();
        for attachment in &attached {
            if let Group::ControllerSignatures(items) = &attachment.group {
                for item in items {
                    found.push(Self::of(item).ok_or(SignatureError::Algorithm)?);
                }
            }
        }
        if found.is_empty() { Err(SignatureError::Count(0)) } else { Ok(found) }
    }

    /// One that was read; `None` if it is not Ed25519.
    pub fn of(item: &Indexed<'_>) -> Option<Self> {
        item.bytes().map(|_| Self { text: item.text.to_owned(), index: item.index, prior: item.prior })
    }

    /// As CESR text, code included.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Which key of the current list.
    pub fn index(&self) -> u32 {
        self.index
    }

    /// Whether a key made it over these bytes, by the strict rules.
    pub fn holds(&self, key: &str, message: &str) -> bool {
        let signature = self.item().bytes();
        signature.is_some_and(|signature| Signatures::default().hold(&Triple { key, message, signature }))
    }

    fn item(&self) -> Indexed<'_> {
        Indexed { offset: 0, index: self.index, prior: self.prior, algorithm: Algorithm::Ed25519, text: &self.text }
    }
}

/// The signatures of several members in order of index, each key once.
///
/// # Errors
/// Two that differ at one index: Ed25519 is deterministic, so one of them is not what it should be.
pub fn merge<'s>(
    signatures: impl IntoIterator<Item = &'s IndexedSignature>,
) -> Result<Vec<IndexedSignature>, SignatureError> {
    let mut merged: BTreeMap<u32, &IndexedSignature> = BTreeMap::new();
    for signature in signatures {
        let known = *merged.entry(signature.index).or_insert(signature);
        // The letter says in which lists the index counts; it is not signed.
        if known.item().bytes() != signature.item().bytes() {
            return Err(SignatureError::Twice(signature.index));
        }
    }
    Ok(merged.into_values().cloned().collect())
}

/// A key event with signatures (`-A`) and witness receipts (`-B`), wrapped (`-V`) as what is sent.
/// `None` if there are more than a count code can say.
pub fn event(text: &str, signatures: &[IndexedSignature], receipts: &[IndexedSignature]) -> Option<Vec<u8>> {
    write(text, &groups(signatures, receipts), true)
}

/// The same without the wrapping, as files hold it.
pub fn event_bare(text: &str, signatures: &[IndexedSignature], receipts: &[IndexedSignature]) -> Option<Vec<u8>> {
    write(text, &groups(signatures, receipts), false)
}

/// A registry event with the event of the issuer's log that seals it (`-G`).
pub fn registry_event(text: &str, sn: u64, sealing: &Said) -> Option<Vec<u8>> {
    write(text, &[Group::SealCouples(vec![(sn, sealing.as_str())])], true)
}

/// A credential with its issuance event (`-I`).
pub fn credential(text: &str, credential: &Said, issuance: &Said) -> Option<Vec<u8>> {
    let anchor = Anchor { prefix: credential.as_str(), sn: 0, said: issuance.as_str() };
    write(text, &[Group::SealTriples(vec![anchor])], false)
}

fn groups<'s>(signatures: &'s [IndexedSignature], receipts: &'s [IndexedSignature]) -> Vec<Group<'s>> {
    let items = |signatures: &'s [IndexedSignature]| -> Vec<Indexed<'s>> {
        let mut items: Vec<Indexed<'_>> = signatures.iter().map(IndexedSignature::item).collect();
        items.sort_by_key(|item| item.index);
        items
    };
    let mut groups = Vec::new();
    if !signatures.is_empty() {
        groups.push(Group::ControllerSignatures(items(signatures)));
    }
    if !receipts.is_empty() {
        groups.push(Group::WitnessSignatures(items(receipts)));
    }
    groups
}

fn write(text: &str, groups: &[Group<'_>], wrapped: bool) -> Option<Vec<u8>> {
    let mut writer = StreamWriter::new();
    writer.message(text.as_bytes(), groups, wrapped)?;
    Some(writer.finish())
}
