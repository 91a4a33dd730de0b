//! Signatures of people over evidence and manifests, each in a file beside what is signed.
//!
//! In: a record or a manifest, what lies beside it, the key state of who signs. Out: the file beside it, with one
//! signature more. Who must sign what, rules say.

use crate::keri::cesr::{self, Algorithm, Anchor, Group, Indexed, StreamWriter};
use crate::keystore::{Domain, RecordToSign, Signable, Signer};

use super::error::CaseError;
use super::progress::KeyState;

/// What is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vouched {
    /// A record of evidence.
    Record,
    /// The manifest of a bundle.
    Manifest,
}

/// The signatures beside a document, with one more.
///
/// # Errors
/// `other_key`, `not_their_aid`: before the keys are opened; `vouched`: they signed it before; `sidecar`: what lies
/// there is no file of signatures; the signer's own.
pub fn vouch(
    what: Vouched,
    document: &[u8],
    beside: Option<&[u8]>,
    state: &KeyState,
    signer: &dyn Signer,
) -> Result<Vec<u8>, CaseError> {
    let index = state.index_of(signer.aid(), &signer.key())?;
    let attachments = beside.map(cesr::read_attachments).transpose().map_err(|_| CaseError::Sidecar)?;
    let mut signed = match attachments.as_deref() {
        None => Vec::new(),
        Some([one]) => match &one.group {
            Group::TransferableSignatures(signed) => signed.clone(),
            _ => return Err(CaseError::Sidecar),
        },
        Some(_) => return Err(CaseError::Sidecar),
    };
    if signed.iter().any(|(anchor, _)| anchor.prefix == state.aid.as_str()) {
        return Err(CaseError::Vouched { aid: state.aid.clone() });
    }
    let domain = match what {
        Vouched::Record => Domain::Record,
        Vouched::Manifest => Domain::Manifest,
    };
    let signature = signer.sign(&Signable::Record(&RecordToSign::new(domain, document)?))?;
    // INVARIANT: the index is a place in a list of keys, which a count code can say.
    let text = signature.indexed(index).unwrap_or_default();
    let item = Indexed { offset: 0, index, prior: Some(index), algorithm: Algorithm::Ed25519, text: &text };
    let anchor = Anchor { prefix: state.aid.as_str(), sn: state.sn, said: state.said.as_str() };
    signed.push((anchor, vec![item]));
    let mut writer = StreamWriter::new();
    writer.message(b"", &[Group::TransferableSignatures(signed)], false).ok_or(CaseError::Sidecar)?;
    Ok(writer.finish())
}
