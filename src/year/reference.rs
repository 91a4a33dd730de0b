//! The reference case as it is embedded, and who is who in it.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::compile::{Files, Shared};
use super::template::{Template, Texts};
use crate::bundle::{Limits, Snapshot};
use crate::check::cases;
use crate::facts::schema::FactSchema;
use crate::keri::remake::Keys;
use crate::policy::cases::patch_file;
use crate::primitives::{Instant, Sha256};
use crate::source::Source;

mod embedded {
    include!(concat!(env!("OUT_DIR"), "/reference.rs"));
}

/// How many events the log of the QVI has in the bundle of the first case, less one.
pub(super) const PLACE: u64 = 1;

/// What the trust file of the fixtures says.
pub(super) struct Trusted {
    pub root: String,
    pub geda: String,
    pub qvi: String,
    pub officers: Vec<String>,
    pub agents: Vec<String>,
    pub schemas: Vec<(String, String)>,
    pub valid_from: String,
}

/// The reference case by path.
pub(super) fn files() -> Files {
    embedded::FILES.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect()
}

/// Whom the reference case is checked with.
pub(super) fn trusted() -> Trusted {
    let value: Json = serde_json::from_str(embedded::TRUST).unwrap_or_default();
    let text = |value: &Json| value.as_str().unwrap_or_default().to_owned();
    let texts =
        |pointer: &str| value.pointer(pointer).and_then(Json::as_array).into_iter().flatten().map(text).collect();
    let pins = value["schemas"].as_array().into_iter().flatten();
    Trusted {
        root: text(&value["root_aid"]),
        geda: text(&value["geda_aid"]),
        qvi: text(&value["qvi_aid"]),
        officers: texts("/officers/aids"),
        agents: texts("/reporting_agents"),
        schemas: pins.map(|pin| (text(&pin["credential_type"]), text(&pin["said"]))).collect(),
        valid_from: text(&value["valid_from"]),
    }
}

/// When the reference case was closed: the instant it is judged for.
pub(super) fn closed() -> Option<Instant> {
    let text = embedded::FILES.iter().find(|(path, _)| *path == "post/manifest.json").map(|(_, text)| *text)?;
    let manifest: Json = serde_json::from_str(text).ok()?;
    manifest.get("created_at")?.as_str()?.parse().ok()
}

/// The record of what QAR2 signed.
const SIGNED: &str = "decision/07-partial-signature.json";

/// Who signed the event of the reference case last, and when.
pub(super) fn signed() -> Option<(String, Instant)> {
    let text = embedded::FILES.iter().find(|(path, _)| *path == SIGNED).map(|(_, text)| *text)?;
    let record: Json = serde_json::from_str(text).ok()?;
    Some((record.get("signer_aid")?.as_str()?.to_owned(), record.get("signed_at")?.as_str()?.parse().ok()?))
}

/// The digest of the record of what QAR2 signed.
pub(super) fn signed_digest(texts: &Texts, template: &Template) -> Option<Sha256> {
    let file = template.files.iter().find(|file| file.path == SIGNED)?;
    Some(Sha256::of(texts.get(file.text).as_bytes()))
}

/// Who is shared by whom.
///
/// # Errors
/// A record that is not there.
pub(super) fn shared(files: &Files) -> Result<Shared, String> {
    let trusted = trusted();
    let roster = files.get("bundle/records/qar-roster.json").ok_or("it has no roster")?;
    let roster: Json = serde_json::from_slice(roster).map_err(|error| error.to_string())?;
    let members = roster["members"].as_array().into_iter().flatten();
    let qars: BTreeSet<String> = members.filter_map(|member| member["aid"].as_str()).map(str::to_owned).collect();
    Ok(Shared {
        year: trusted.officers.iter().chain(&trusted.agents).cloned().collect(),
        qvi: qars.into_iter().chain([trusted.root, trusted.geda, trusted.qvi.clone()]).collect(),
        issuer: trusted.qvi,
    })
}

/// The reference case with a patch, signed again.
///
/// # Errors
/// What cannot be done.
pub(super) fn patched(name: &str, patch: &str) -> Result<Files, String> {
    let source = Source::new(name.to_owned(), patch.to_owned());
    let patch = patch_file(&source)
        .map_err(|problems| problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))?;
    let keys = Keys::parse(embedded::KEYS.as_bytes()).map_err(|error| error.to_string())?;
    let snapshot = Snapshot::from_files(files(), &Limits::STANDARD);
    let patched = cases::patched(&snapshot, &patch.steps, &FactSchema::embedded(), &keys)?;
    Ok(patched.snapshot.to_files())
}

/// What GLEIF says of the entity of a case, compact.
pub(super) fn lei_record<'t>(texts: &'t Texts, template: &Template) -> &'t str {
    let file = template.files.iter().find(|file| file.path == "bundle/raw/lei-record-r2.json");
    file.map_or("null", |file| texts.get(file.text))
}
