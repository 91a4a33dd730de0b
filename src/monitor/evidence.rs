//! The evidence of the day as a case of the daily watch, and what the rules on the watch say of it.
//!
//! In: the newest case of the watch that a QAR sealed, the streams as they were fetched since, the logs of the LEI
//! watch. Out: a case that holds all of them, made in memory; and of its report the findings of the pack `monitoring`.
//! Registers, rosters and notices are statements of people, so they come from the sealed case and from nowhere else.
//! The case is a draft that nobody signed: rules of other packs say so, and are not heard.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::cases::Cases;
use super::finding::{Class, Finding, Kind};
use super::lei_log::Keeper;
use super::registry::{Registries, Stream};
use crate::bundle::place::printable;
use crate::bundle::{Limits, Snapshot};
use crate::compile::program::{Level, Program};
use crate::evaluate::outcome::Outcome;
use crate::primitives::{Instant, Sha256};
use crate::report::document::{FindingEntry, ReportDocument, ResultEntry};

/// The pack whose rules are heard.
pub const PACK: &str = "monitoring";

/// Most texts of credentials in the streams and the sealed case that are judged by rules at once: the pool of a case
/// holds few more.
pub const CREDENTIALS_MAX: usize = 250;

/// The rule that compares the log of the QVI with the register of the sealed case.
const REGISTER_RULE: &str = "EGF3-TR1-6.7.1";

const MANIFEST: &str = "bundle/manifest.json";

/// What the draft is made of.
#[derive(Debug, Clone, Copy)]
pub struct Sources<'s> {
    /// The newest sealed case of the watch.
    pub base: &'s Snapshot,
    /// Its id.
    pub case: &'s str,
    /// Streams fetched since.
    pub streams: &'s [Stream],
    /// What they prove.
    pub registries: &'s Registries,
    /// Logs of the LEI watch: name and bytes.
    pub logs: &'s [(String, Vec<u8>)],
    /// Who keeps the watch.
    pub keeper: &'s Keeper,
    /// Now.
    pub as_of: Instant,
}

/// The draft of the day's case; none: the base has no manifest that can be read, which its own check tells.
pub fn draft(sources: &Sources<'_>) -> Option<Snapshot> {
    let mut files = sources.base.to_files();
    files.retain(|path, _| path.starts_with("bundle/"));
    let mut manifest: Map<String, Value> = serde_json::from_slice(files.get(MANIFEST)?).ok()?;
    let mut entries: BTreeMap<String, Value> = BTreeMap::new();
    let listed = manifest.get("entries").and_then(Value::as_array).into_iter().flatten();
    for entry in listed {
        entries.insert(entry.get("path")?.as_str()?.to_owned(), entry.clone());
    }
    let known: Vec<Value> = entries.values().filter_map(|entry| entry.get("sha256").cloned()).collect();
    let mut add = |path: String, kind: &str, media_type: &str, bytes: Vec<u8>, at: Instant| {
        let digest = Sha256::of(&bytes).to_string();
        // What the sealed case holds already is not added to it.
        if known.contains(&Value::from(digest.as_str())) {
            return;
        }
        let entry = json!({
            "captured_at": at.to_string(), "captured_by": sources.keeper.performed_by, "kind": kind,
            "media_type": media_type, "path": path, "sha256": digest, "size": bytes.len(), "source": "daily watch",
        });
        files.insert(format!("bundle/{path}"), bytes);
        entries.insert(path, entry);
    };
    for (at, stream) in sources.streams.iter().enumerate() {
        add(stream_path(at), "cesr", "application/json+cesr", stream.bytes.clone(), stream.fetched_at);
    }
    for about in records(sources) {
        // INVARIANT: places are numbers of these streams.
        let Some(stream) = sources.streams.get(about.at) else { continue };
        let text = record(sources, &about, stream);
        let path = format!("records/{}.json", about.id);
        add(path, about.kind, "application/json", text.into_bytes(), sources.as_of);
    }
    for (name, bytes) in sources.logs {
        add(format!("records/{name}"), "lei-monitoring-log", "application/json", bytes.clone(), sources.as_of);
    }
    manifest.insert("created_at".to_owned(), Value::from(sources.as_of.to_string()));
    manifest.insert("entries".to_owned(), Value::from_iter(entries.into_values()));
    files.insert(MANIFEST.to_owned(), Value::Object(manifest).to_string().into_bytes());
    Some(Snapshot::from_files(files, &Limits::STANDARD))
}

fn stream_path(at: usize) -> String {
    format!("streams/watch-{at:04}.cesr")
}

/// A record about a stream.
struct About<'s> {
    kind: &'static str,
    id: String,
    /// Number of the stream.
    at: usize,
    /// What its kind has beside the fields of every such record.
    fields: Vec<(&'static str, &'s str)>,
}

/// A record for each log and each credential of the streams.
fn records<'s>(sources: &Sources<'s>) -> Vec<About<'s>> {
    let places = &sources.registries.places;
    let logs = places.logs.iter().enumerate();
    let logs = logs.map(|(number, (aid, at))| {
        let (id, fields) = (format!("watch-kel-{number}"), vec![("aid", aid.as_str())]);
        About { kind: "kel", id, at: *at, fields }
    });
    let tels = places.issuances.iter().enumerate().filter_map(|(number, (said, at))| {
        let registry = sources.registries.entries.get(said)?.registry.as_deref()?;
        let fields = vec![("registry_said", registry), ("credential_said", said.as_str())];
        Some(About { kind: "tel", id: format!("watch-tel-{number}"), at: *at, fields })
    });
    logs.chain(tels).collect()
}

fn record(sources: &Sources<'_>, about: &About<'_>, stream: &Stream) -> String {
    let fetched_at = stream.fetched_at.to_string();
    let mut record = json!({
        "kind": about.kind, "id": about.id, "schema_version": 1, "producer": "qvi",
        "performed_by": sources.keeper.performed_by, "performed_at": fetched_at, "recorded_at": fetched_at,
        "subject_case": sources.case, "cesr_path": stream_path(about.at), "fetched_from": [], "fetched_at": fetched_at,
    });
    for (name, value) in &about.fields {
        record[*name] = Value::from(*value);
    }
    format!("{record:#}\n")
}

/// What the rules on the watch found. What an own clock says of the same thing, with the time that is left, is said once.
pub fn findings(program: &Program, document: &ReportDocument, clocks: &[Finding], cases: &Cases) -> Vec<Finding> {
    let pack: Vec<&str> = program.rules.of_pack(PACK).map(|rule| program.rules[rule].id.as_str()).collect();
    let mut found = Vec::new();
    for result in document.results.iter().filter(|result| pack.contains(&result.rule.as_str())) {
        let class = match result.outcome {
            Outcome::Pass | Outcome::NotApplicable => continue,
            Outcome::Fail => None,
            Outcome::Indeterminate | Outcome::Review => Some(Class::Unknown),
        };
        // A rule that others stand for is told with them.
        if result.findings.is_empty() && result.all_of.is_empty() {
            let class = class.unwrap_or(level(result.level));
            found.push(finding(result, &result.rule, class, result.title.clone(), result.help.clone()));
        }
        for entry in &result.findings {
            let said_once = |clock: &&Finding| {
                let same = clock.rule.as_deref() == Some(result.rule.as_str());
                let about = |subject: &str| entry.element.as_deref().is_some_and(|element| element.contains(subject));
                let in_message = |subject: &str| entry.message.contains(subject);
                let subjects = [Some(clock.subject.as_str()), clock.lei.as_deref()];
                same && subjects.into_iter().flatten().any(|subject| about(subject) || in_message(subject))
            };
            if entry.outcome != Outcome::Fail || !clocks.iter().any(|clock| said_once(&clock)) {
                let subject = entry.element.as_deref().unwrap_or(&result.rule);
                let mut told = finding(result, subject, class_of(entry), message(result, entry), help(result, entry));
                if entry.outcome == Outcome::Fail && result.rule == REGISTER_RULE {
                    since_the_register(&mut told, cases);
                }
                found.push(told);
            }
        }
    }
    found
}

/// What was approved after the register of the sealed case was written is not in it yet, and the folder of cases has it.
fn since_the_register(finding: &mut Finding, cases: &Cases) {
    let words = finding.message.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_'));
    let approved = words.filter(|word| cases.approved.contains(*word)).find_map(|word| cases.events.get(word));
    if let Some(case) = approved {
        finding.class = finding.class.max(Class::Warn);
        finding.message = format!("{}; case `{}` has it and was approved", finding.message, printable(case));
        finding.help = "a QAR enters it into the case-register of the next case of the daily watch".to_owned();
    }
}

fn finding(result: &ResultEntry, subject: &str, class: Class, message: String, help: String) -> Finding {
    let mut finding = Finding::new(Kind::Rule, class, subject, message, &help);
    finding.id = format!("{}:{}:{subject}", Kind::Rule.as_str(), result.rule);
    finding.rule = Some(result.rule.clone());
    finding
}

fn level(level: Level) -> Class {
    match level {
        Level::Block => Class::Block,
        Level::Warn => Class::Warn,
        Level::Info => Class::Info,
    }
}

fn class_of(entry: &FindingEntry) -> Class {
    match (entry.outcome, entry.level) {
        (_, Level::Info) => Class::Info,
        (Outcome::Fail, level_) => level(level_),
        (Outcome::Indeterminate | Outcome::Review | Outcome::Pass | Outcome::NotApplicable, _) => Class::Unknown,
    }
}

fn message(result: &ResultEntry, entry: &FindingEntry) -> String {
    let mut parts: Vec<&str> = Some(entry.message.as_str()).filter(|text| !text.is_empty()).into_iter().collect();
    for unknown in &entry.unknowns {
        if !parts.contains(&unknown.explanation.as_str()) {
            parts.push(&unknown.explanation);
        }
    }
    if parts.is_empty() { result.title.clone() } else { parts.join("; ") }
}

fn help(result: &ResultEntry, entry: &FindingEntry) -> String {
    match entry.unknowns.first().and_then(|unknown| unknown.kind.as_deref()) {
        Some(kind) => format!("put a {kind} into the case of the daily watch, sealed by a QAR"),
        None => result.help.clone(),
    }
}

/// That no rule is heard, where there is no case of the watch to begin with, or too much for one.
pub fn not_judged(reason: &str) -> Finding {
    let message = format!("the rules of pack `{PACK}` are not judged: {reason}; the clocks are");
    let help =
        "seal a case of flow `monitoring` with registers, roster and notices, and put it into the folder of cases";
    let mut finding = Finding::new(Kind::Rule, Class::Warn, PACK, message, help);
    finding.rule = None;
    finding
}
