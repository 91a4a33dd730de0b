//! Case records: who did what with the evidence, and when.
//!
//! In: the files of `CASE/decision/`. Out: which of them are case records, whether they form one
//! chain (each names the digest of the one before it), the waivers among them, where the case stands, and
//! what may be done next: an act is made here, or refused. Signatures over case records are not verified
//! here; `check` says whose hold. Whether records name the right bundle is for rules to say.
//! This module must not know rules or formats.

mod abandon;
mod act;
mod draft;
pub mod error;
mod next;
mod progress;
mod vouch;

use std::collections::BTreeMap;

use bumpalo::Bump;

use crate::bundle::json::{Kind, Numbers, Read, Scanner, Tree};
use crate::bundle::place::{printable, printable_path};
use crate::bundle::reader::{Input, Reader, closest, json_problem};
use crate::bundle::{Area, Code, FileState, Problem, Snapshot};
use crate::evaluate::finding::Waiver;
use crate::facts::schema::{FactSchema, KindClass, KindId};
use crate::facts::table::Layout;
use crate::facts::{Facts, FileId};
use crate::primitives::{Instant, Sha256};
use crate::source::Span;

pub use abandon::{Cause, GiveUp, abandon};
pub use act::{
    Desk, PartialSignature, Plea, Statement, Verdict, assign, attest, decide, grant_waiver, record_signature,
    request_waiver, submit,
};
pub use draft::{Actor, Draft, Signed};
pub use error::CaseError;
pub use next::{Phase, Step};
pub use progress::{
    Approval, Assignment, Decision, Done, KeyState, Known, Member, Progress, Reported, Request, Role, Submission, What,
};
pub use vouch::{Vouched, vouch};

/// The files of `decision/`, sorted by what they are.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sorted {
    /// Case records, each with its kind, in order of path.
    pub records: Vec<(FileId, KindId)>,
    /// Files that should be case records and cannot be read.
    pub unreadable: Vec<FileId>,
    /// What is wrong with files that are neither records nor named by one.
    pub problems: Vec<Problem>,
}

/// How a case record stands in the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    file: FileId,
    digest: Sha256,
    predecessor: Option<Sha256>,
    span: Span,
}

/// Fields of case records that name another file of the case.
const NAMES_A_FILE: [&str; 2] = ["report_path", "cesr_path"];

/// How the name of the gate's decision in its envelope ends, and what the envelope says that it holds.
const DECISION: (&str, &str) = (".dsse.json", "application/vnd.in-toto+json");

/// Sorts the files of `decision/`. A JSON file is a case record unless a record names it (a report) or it is the gate's
/// decision in its envelope, which has a signature of its own and which the audit reads; any other file must be a stream
/// (`.cesr`) or be named by a record.
pub fn sort_files(snapshot: &Snapshot, schema: &FactSchema) -> Sorted {
    let mut sorted = Sorted::default();
    let mut others = Vec::new();
    let mut named = Vec::new();
    for (id, file) in snapshot.iter().filter(|(_, file)| file.area == Area::Decision) {
        let Some(bytes) = file.bytes().filter(|_| file.state == FileState::Good) else {
            // Refused when it was read, with a problem. It could have been a record.
            sorted.unreadable.push(id);
            continue;
        };
        if !file.path.ends_with(".json") {
            if !file.path.ends_with(".cesr") {
                others.push((id, None));
            }
            continue;
        }
        match top_texts(bytes) {
            Err(error) => {
                sorted.problems.push(json_problem(&error, &file.path, id));
                sorted.unreadable.push(id);
            }
            Ok(texts) if is_decision(&file.path, &texts) => {}
            Ok(texts) => {
                let kind = texts.get("kind").and_then(|text| schema.kind_named(text));
                match kind.filter(|kind| schema.kind(*kind).class == KindClass::Case) {
                    Some(kind) => {
                        named.extend(NAMES_A_FILE.iter().filter_map(|field| texts.get(*field).cloned()));
                        sorted.records.push((id, kind));
                    }
                    None => others.push((id, Some(texts.get("kind").cloned()))),
                }
            }
        }
    }
    for (id, kind) in others {
        let file = snapshot.file(id);
        if named.iter().any(|name| *name == file.path || *name == file.inner_path()) {
            continue;
        }
        sorted.problems.push(not_a_case_record(schema, &file.path, id, kind));
        if file.path.ends_with(".json") {
            sorted.unreadable.push(id);
        }
    }
    sorted
}

fn is_decision(path: &str, texts: &BTreeMap<String, String>) -> bool {
    let holds = texts.get("payloadType").is_some_and(|holds| holds == DECISION.1);
    path.ends_with(DECISION.0) && holds && texts.contains_key("payload") && !texts.contains_key("kind")
}

fn not_a_case_record(schema: &FactSchema, path: &str, id: FileId, kind: Option<Option<String>>) -> Problem {
    let kinds = || schema.kinds().iter().filter(|kind| kind.class == KindClass::Case).map(|kind| kind.name.as_str());
    let (message, help) = match kind {
        Some(Some(kind)) => {
            let help = match closest(&kind, kinds()) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("case records are of kind {}", kinds().collect::<Vec<_>>().join(", ")),
            };
            (format!("`{}` is no kind of case record", printable(&kind)), help)
        }
        Some(None) => (
            "the file has no `kind`, so it is no case record".to_owned(),
            "take it out, or name it in a record".to_owned(),
        ),
        None => {
            let message = "the file is no case record and no record names it".to_owned();
            (message, "evidence belongs into `bundle/`".to_owned())
        }
    };
    Problem {
        code: Code::NotACaseRecord,
        path: printable_path(path),
        file: Some(id),
        span: None,
        pointer: None,
        message,
        help,
    }
}

/// The texts at the top of a document, if it is an object.
fn top_texts(bytes: &[u8]) -> Read<BTreeMap<String, String>> {
    let mut scanner = Scanner::new(bytes, Numbers::Text)?;
    let mut texts = BTreeMap::new();
    if scanner.peek()? == Kind::Object {
        scanner.object(|scanner, key, _| {
            if scanner.peek()? == Kind::String {
                let (text, _) = scanner.string()?;
                texts.insert(key.into_owned(), text.into_owned());
            } else {
                scanner.skip()?;
            }
            Ok(())
        })?;
    } else {
        scanner.skip()?;
    }
    scanner.end()?;
    Ok(texts)
}

/// How a case record stands in the chain; `None` if it does not say its predecessor well-formedly
/// (which its schema demands).
pub fn link(snapshot: &Snapshot, file: FileId) -> Option<Link> {
    let (bytes, digest) = snapshot.file(file).bytes().zip(snapshot.file(file).sha256())?;
    let tree = Tree::parse(bytes, Numbers::Integers).ok()?;
    let value = tree.get("predecessor_sha256")?;
    let predecessor = match (value.kind(), value.text()) {
        (Kind::Null, _) => None,
        (_, Some(text)) => Some(text.parse().ok()?),
        (_, None) => return None,
    };
    Some(Link { file, digest, predecessor, span: value.span })
}

/// The records of a case form one chain: each but the first names one that is there, and no two name
/// the same.
pub fn check_chain(snapshot: &Snapshot, links: &[Link], problems: &mut Vec<Problem>) {
    let mut followers: BTreeMap<Option<Sha256>, FileId> = BTreeMap::new();
    for link in links {
        let mut report = |code, message: String, help: &str| {
            problems.push(Problem {
                code,
                path: printable_path(&snapshot.file(link.file).path),
                file: Some(link.file),
                span: Some(link.span),
                pointer: Some("/predecessor_sha256".to_owned()),
                message,
                help: help.to_owned(),
            });
        };
        if let Some(predecessor) = link.predecessor
            && !links.iter().any(|other| other.digest == predecessor)
        {
            let message = format!("the case record before this one, {predecessor}, is not there");
            report(Code::ChainGap, message, "put back the record that was taken out or changed");
        }
        match followers.get(&link.predecessor) {
            None => drop(followers.insert(link.predecessor, link.file)),
            Some(other) => {
                let other = printable(&snapshot.file(*other).path);
                let message = match link.predecessor {
                    Some(_) => format!("`{other}` names the same predecessor"),
                    None => format!("`{other}` is the first case record as well"),
                };
                report(Code::ChainFork, message, "case records follow each other one by one; take the other back");
            }
        }
    }
}

/// The waivers of a case. One that violates its schema is a problem of the case and waives nothing.
///
/// Their signatures are not verified here.
pub fn waivers(snapshot: &Snapshot, schema: &FactSchema) -> Vec<Waiver> {
    let Some(kind) = schema.kind_named("waiver") else { return Vec::new() };
    let layout = Layout::new(schema, |_, _| false);
    let reader = Reader::new(schema, &layout);
    let records = sort_files(snapshot, schema).records;
    let of_kind = records.into_iter().filter(|(_, of)| *of == kind).map(|(file, _)| file);
    of_kind.filter_map(|file| waiver(snapshot, schema, &reader, file, kind)).collect()
}

fn waiver(snapshot: &Snapshot, schema: &FactSchema, reader: &Reader<'_>, file: FileId, kind: KindId) -> Option<Waiver> {
    let bytes = snapshot.file(file).bytes()?;
    let arena = Bump::new();
    let input = Input {
        file,
        path: &snapshot.file(file).path,
        bytes,
        type_id: schema.kind(kind).record,
        numbers: Numbers::Integers,
    };
    let mut facts = Facts::new(schema);
    let record = reader.read(&mut facts, &arena, input).ok()?;
    if !record.problems.is_empty() {
        return None;
    }
    let tree = Tree::parse(bytes, Numbers::Integers).ok()?;
    let text = |name: &str| tree.get(name).and_then(Tree::text).map(str::to_owned);
    let instant = |name: &str| text(name).and_then(|text| text.parse::<Instant>().ok());
    let approvers = tree.get("approved_by").and_then(Tree::items).unwrap_or_default();
    Some(Waiver {
        id: text("id")?,
        rule: text("rule")?,
        rule_digest: text("rule_digest")?,
        element: text("element").unwrap_or_default(),
        reason: text("reason")?,
        approved_by: approvers.iter().filter_map(|by| by.get("person_id")?.text().map(str::to_owned)).collect(),
        not_before: instant("not_before"),
        expires: instant("expires")?,
        bundle: text("bundle_digest")?,
    })
}
