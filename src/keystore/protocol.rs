//! The protocol of external signers: one JSON object in, one JSON object out. docs/signer-protocol.md describes it.

use serde::{Deserialize, Serialize};

use super::PublicKey;
use super::signable::Signable;
use crate::keri::cesr;
use crate::primitives::{Aid, Sha256};

/// What each object says first.
const PROTOCOL: &str = "countersign/signer";
/// The version of both.
const VERSION: u64 = 1;
/// Characters of a signature: `0B` and 86.
const SIGNATURE: usize = 88;
/// Most characters of a signer's own words that are repeated.
const WORDS_MAX: usize = 200;

#[derive(Serialize)]
struct Request<'r> {
    protocol: &'static str,
    version: u64,
    id: String,
    kind: &'static str,
    act: Option<&'static str>,
    aid: &'r str,
    key: String,
    message: &'r str,
    decision: Option<&'r str>,
    report: Option<&'r str>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    protocol: String,
    version: u64,
    id: String,
    signature: Option<String>,
    refused: Option<String>,
}

/// What an answer says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Said {
    Signed([u8; 64]),
    Refused(String),
}

/// The request for a signature, on one line.
pub(super) fn request(signable: &Signable<'_>, aid: &Aid, key: PublicKey) -> Result<String, String> {
    let message = signable.message();
    let event = match signable {
        Signable::Event(event) => Some(event),
        Signable::Record(_) | Signable::Decision(_) | Signable::Checkpoint(_) => None,
    };
    let request = Request {
        protocol: PROTOCOL,
        version: VERSION,
        id: id(signable),
        kind: signable.kind(),
        act: event.map(|event| event.act().as_str()),
        aid: aid.as_str(),
        key: key.to_string(),
        message,
        decision: event.map(|event| event.decision()),
        report: event.and_then(|event| event.report()),
    };
    let mut text = serde_json::to_string(&request).map_err(|error| error.to_string())?;
    text.push('\n');
    Ok(text)
}

/// What ties an answer to its request.
fn id(signable: &Signable<'_>) -> String {
    Sha256::of(signable.message().as_bytes()).to_string()
}

/// Reads an answer to the request for `signable`.
pub(super) fn answer(signable: &Signable<'_>, bytes: &[u8]) -> Result<Said, String> {
    let answer: Answer = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    if answer.protocol != PROTOCOL || answer.version != VERSION {
        return Err(format!("it is not of `{PROTOCOL}`, version {VERSION}"));
    }
    if answer.id != id(signable) {
        return Err("its `id` is that of another request".to_owned());
    }
    match (answer.signature, answer.refused) {
        (Some(signature), None) => raw(&signature).map(Said::Signed),
        (None, Some(reason)) => Ok(Said::Refused(words(&reason))),
        (Some(_), Some(_)) | (None, None) => Err("it has not exactly one of `signature` and `refused`".to_owned()),
    }
}

fn raw(text: &str) -> Result<[u8; 64], String> {
    let couple = cesr::ReceiptCouple { offset: 0, prefix: "", text };
    let is_signature = text.len() == SIGNATURE && text.starts_with("0B");
    couple.bytes().filter(|_| is_signature).ok_or_else(|| "its `signature` is not `0B` and 86 characters".to_owned())
}

/// A signer's own words as part of a message: one line, bounded, nothing that steers a terminal.
pub(super) fn words(text: &str) -> String {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    line.chars().filter(|c| !c.is_control() && *c != '`').take(WORDS_MAX).collect()
}

/// A signature as the embedded keys would answer, for tests of the protocol.
#[cfg(test)]
pub(super) fn written(signable: &Signable<'_>, signature: &super::Signature) -> String {
    let (id, signature) = (id(signable), signature.qualified());
    format!("{{\"protocol\":\"{PROTOCOL}\",\"version\":{VERSION},\"id\":\"{id}\",\"signature\":\"{signature}\"}}")
}
