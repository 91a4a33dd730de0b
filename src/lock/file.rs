//! `lock.json`, both ways.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use miette::NamedSource;
use serde::{Deserialize, Serialize};

use super::{EngineVersion, LockError, SignedLock, Terms};
use crate::bundle::json::{Numbers, Tree};
use crate::bundle::place::printable;
use crate::keystore::{Domain, RecordToSign};
use crate::primitives::{Aid, Duration, Instant, Said, Sha256};
use crate::trust::{KeySignature, without};

/// Members that the signatures are not over.
const UNSIGNED: [&str; 2] = ["signatures", "logs"];

/// Longest id, name of a profile, flow, rule or parameter.
const NAME_MAX: usize = 128;

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LockFile {
    version: u64,
    id: String,
    serial: u64,
    not_before: Instant,
    expires: Instant,
    minimum_engine: String,
    trust: Sha256,
    policy: Policy,
    profile: String,
    parameters: BTreeMap<String, String>,
    flows: BTreeSet<String>,
    schemas: BTreeSet<Said>,
    report_max_age_seconds: u32,
    live_max_age_seconds: u32,
    skew_seconds: u32,
    signatures: Vec<SignatureEntry>,
    logs: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Policy {
    digest: Sha256,
    documents: BTreeMap<String, Vec<String>>,
    files: BTreeMap<String, Sha256>,
    levels: BTreeMap<String, String>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SignatureEntry {
    key_state: KeyState,
    signature: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyState {
    aid: Aid,
    sn: u64,
    said: Said,
}

pub(super) fn read(bytes: &[u8]) -> Result<SignedLock, LockError> {
    let invalid = |reason: String| LockError::Invalid { reason: printable(&reason) };
    // Strict first: what a laxer reader would take from two equal keys is nobody's word.
    let tree = Tree::parse(bytes, Numbers::Integers).map_err(|error| {
        let shown: Arc<str> = String::from_utf8_lossy(bytes).into();
        let (reason, help, at) = (error.kind.to_string(), error.kind.help(), error.at.label());
        LockError::NotJson { reason, help, at, text: NamedSource::new("policy lock", shown) }
    })?;
    let file: LockFile = serde_json::from_slice(bytes).map_err(|error| invalid(error.to_string()))?;
    let document = without(&tree, &UNSIGNED).ok_or_else(|| invalid("it has no canonical form".to_owned()))?;
    let record = RecordToSign::new(Domain::Lock, &document).map_err(|error| invalid(error.to_string()))?;
    let (terms, signatures, logs) = checked(file).map_err(invalid)?;
    Ok(SignedLock { terms, signatures, logs, record, digest: Sha256::of(bytes) })
}

fn checked(file: LockFile) -> Result<(Terms, Vec<KeySignature>, String), String> {
    if file.version != 1 {
        return Err(format!("`version` is 1, not {}", file.version));
    }
    if file.serial == 0 {
        return Err("`serial` begins with 1".to_owned());
    }
    if file.not_before >= file.expires {
        return Err(format!("it expires at {}, and holds from {}", file.expires, file.not_before));
    }
    let names = [&file.id, &file.profile].into_iter().chain(&file.flows);
    if let Some(name) = names.into_iter().find(|name| name.is_empty() || name.len() > NAME_MAX) {
        return Err(format!("`{name}` is no name: 1 to {NAME_MAX} characters are expected"));
    }
    if file.flows.is_empty() {
        return Err("`flows` is empty, so no case could be signed".to_owned());
    }
    let minimum_engine: EngineVersion =
        file.minimum_engine.parse().map_err(|error: super::engine::NotAVersion| error.to_string())?;
    let seconds = |seconds: u32| Duration::from_seconds(i64::from(seconds));
    let terms = Terms {
        id: file.id,
        serial: file.serial,
        not_before: file.not_before,
        expires: file.expires,
        minimum_engine,
        trust_digest: file.trust,
        policy_digest: file.policy.digest,
        documents: file.policy.documents,
        files: file.policy.files,
        levels: file.policy.levels,
        profile: file.profile,
        parameters: file.parameters,
        flows: file.flows,
        schemas: file.schemas,
        report_max_age: seconds(file.report_max_age_seconds),
        live_max_age: seconds(file.live_max_age_seconds),
        skew: seconds(file.skew_seconds),
    };
    let signatures = file.signatures.into_iter().map(|entry| {
        let KeyState { aid, sn, said } = entry.key_state;
        KeySignature { aid, sn, said, signature: entry.signature }
    });
    Ok((terms, signatures.collect(), file.logs))
}

pub(super) fn write(terms: &Terms, signatures: &[KeySignature], logs: &str) -> Vec<u8> {
    let seconds = |duration: Duration| u32::try_from(duration.nanoseconds() / 1_000_000_000).unwrap_or(u32::MAX);
    let signatures = signatures.iter().map(|signature| SignatureEntry {
        key_state: KeyState { aid: signature.aid.clone(), sn: signature.sn, said: signature.said.clone() },
        signature: signature.signature.clone(),
    });
    let file = LockFile {
        version: 1,
        id: terms.id.clone(),
        serial: terms.serial,
        not_before: terms.not_before,
        expires: terms.expires,
        minimum_engine: terms.minimum_engine.to_string(),
        trust: terms.trust_digest,
        policy: Policy {
            digest: terms.policy_digest,
            documents: terms.documents.clone(),
            files: terms.files.clone(),
            levels: terms.levels.clone(),
        },
        profile: terms.profile.clone(),
        parameters: terms.parameters.clone(),
        flows: terms.flows.clone(),
        schemas: terms.schemas.clone(),
        report_max_age_seconds: seconds(terms.report_max_age),
        live_max_age_seconds: seconds(terms.live_max_age),
        skew_seconds: seconds(terms.skew),
        signatures: signatures.collect(),
        logs: logs.to_owned(),
    };
    // Maps with texts for keys, and numbers that JSON has: nothing of it can fail.
    let mut bytes = serde_json::to_vec_pretty(&file).unwrap_or_default();
    bytes.push(b'\n');
    bytes
}
