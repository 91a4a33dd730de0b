//! The facts of a case as JSON, and ways to change the case.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::OnceLock;

use bumpalo::Bump;
use countersign::bundle::{Form, Limits, Problem, Snapshot};
use countersign::collect::{Keri, RunFacts, collect};
use countersign::facts::schema::FactSchema;
use countersign::facts::table::Layout;
use countersign::facts::{CellValue, Facts, NodeId};
use countersign::keri::schema::Library;
use countersign::primitives::Sha256;
use countersign::trust::Trust;
use serde_json::{Map, Value, json};

pub type Files = BTreeMap<String, Vec<u8>>;

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub fn schema() -> &'static FactSchema {
    static SCHEMA: OnceLock<FactSchema> = OnceLock::new();
    SCHEMA.get_or_init(FactSchema::embedded)
}

/// The files of the reference case.
pub fn b0() -> Files {
    static SNAPSHOT: OnceLock<Snapshot> = OnceLock::new();
    let read = || Snapshot::read(&root().join("fixtures/cases/b0"), &Limits::STANDARD).unwrap();
    SNAPSHOT.get_or_init(read).to_files()
}

/// The AIDs and other names of the reference case.
pub fn names() -> &'static Value {
    static NAMES: OnceLock<Value> = OnceLock::new();
    NAMES.get_or_init(|| {
        serde_json::from_slice(&std::fs::read(root().join("fixtures/keri/b0/identities.json")).unwrap()).unwrap()
    })
}

pub fn aid(name: &str) -> &'static str {
    names()["aids"][name].as_str().unwrap_or_else(|| panic!("no AID of `{name}`"))
}

/// Facts with every field stored, and the problems of the files.
pub struct Collected {
    pub facts: Value,
    pub problems: Vec<Problem>,
}

/// The facts of a case without `post/`, as before closing.
pub fn before_closing(mut files: Files) -> Collected {
    files.retain(|path, _| !path.starts_with("post/"));
    collected(files, Form::Case, None)
}

pub fn collected(files: Files, form: Form, schemas: Option<&Library>) -> Collected {
    let snapshot = Snapshot::from_files(files, &Limits::STANDARD);
    let snapshot = if form == Form::Bundle { snapshot.as_bundle() } else { snapshot };
    let trust = Trust::parse(&std::fs::read(root().join("fixtures/trust.json")).unwrap()).unwrap();
    let (arena, layout) = (Bump::new(), Layout::full(schema()));
    let keri = Keri { as_of: "2026-03-20T15:05:00Z".parse().unwrap(), schemas, memory: None };
    let run = RunFacts { stage: "evidence", flow: "le-unsolicited", profile: "house", keri: Some(keri) };
    let (facts, problems) = collect(&snapshot, &arena, schema(), &layout, &trust, &run, None);
    let mut all = Map::new();
    for (at, kind) in schema().kinds().iter().enumerate() {
        let population = facts.population(countersign::facts::schema::KindId(at as u32));
        let members: Vec<Value> = population.members.iter().map(|node| object(&facts, &layout, *node)).collect();
        let unreadable = population.unreadable.len();
        let unknown = population.unknown.map(|cause| json!(cause));
        all.insert(kind.name.clone(), json!({ "members": members, "unreadable": unreadable, "unknown": unknown }));
    }
    let files = snapshot.iter().map(|(_, file)| json!(file.path));
    all.insert("files".to_owned(), files.collect());
    Collected { facts: Value::Object(all), problems }
}

fn object(facts: &Facts<'_>, layout: &Layout, node: NodeId) -> Value {
    let of = facts.node(node);
    let type_ = schema().struct_type(of.type_id);
    let mut object = Map::new();
    for (at, field) in type_.fields.iter().enumerate() {
        let cell = facts.cell(node, layout.slot(of.type_id, at as u16).unwrap());
        if let Some(value) = value(facts, layout, cell.value) {
            object.insert(field.name.clone(), value);
        }
    }
    object.insert("@".to_owned(), json!([of.file.map(|file| file.0), of.span.start, of.span.end]));
    Value::Object(object)
}

fn value(facts: &Facts<'_>, layout: &Layout, value_: CellValue<'_>) -> Option<Value> {
    Some(match value_ {
        CellValue::Absent => return None,
        CellValue::Unknown(cause) => json!({ "?": cause }),
        CellValue::Malformed(text) => json!({ "malformed": text }),
        CellValue::Bool(value) => json!(value),
        CellValue::Int(value) | CellValue::Days(value) => json!(value),
        CellValue::Text(text) => json!(text),
        CellValue::Instant(instant) => json!(instant.to_string()),
        CellValue::Date(date) => json!(date.to_string()),
        CellValue::Duration(duration) => json!(format!("{duration:?}")),
        CellValue::Threshold(threshold) => json!(format!("{threshold:?}")),
        CellValue::List(list) => {
            facts.elements(list).iter().map(|cell| value(facts, layout, cell.value).unwrap_or(Value::Null)).collect()
        }
        CellValue::Record(node) => object(facts, layout, node),
    })
}

impl Collected {
    pub fn all(&self, kind: &str) -> &[Value] {
        self.facts[kind]["members"].as_array().unwrap()
    }

    /// The one member whose field has this value.
    pub fn the(&self, kind: &str, field: &str, is: &str) -> &Value {
        let mut found = self.all(kind).iter().filter(|member| member[field] == is);
        let first = found.next().unwrap_or_else(|| panic!("no {kind} whose {field} is {is}"));
        assert!(found.next().is_none(), "several {kind} whose {field} is {is}");
        first
    }

    /// Why the members of a kind are not known as a whole.
    pub fn unknown(&self, kind: &str) -> &Value {
        &self.facts[kind]["unknown"]
    }

    /// Findings as `path code message`.
    pub fn findings(&self) -> Vec<String> {
        let text = |finding: &Value, name: &str| finding[name].as_str().unwrap_or_default().to_owned();
        let findings = self.all("keri_finding").iter();
        findings.map(|f| format!("{} {} {}", text(f, "path"), text(f, "code"), text(f, "message"))).collect()
    }

    /// The path of the file that a fact comes from.
    pub fn file(&self, fact: &Value) -> &str {
        let at = fact["@"][0].as_u64().expect("the fact comes from a file");
        self.facts["files"][at as usize].as_str().unwrap()
    }
}

/// Lists a file again under its digest, and signs nothing.
pub fn relist(files: &mut Files, path: &str) {
    let (area, inner) = path.split_once('/').unwrap();
    let name = format!("{area}/manifest.json");
    let mut manifest: Value = serde_json::from_slice(&files[&name]).unwrap();
    let entries = manifest["entries"].as_array_mut().unwrap();
    match files.get(path) {
        None => entries.retain(|entry| entry["path"] != inner),
        Some(bytes) => {
            let entry = entries.iter_mut().find(|entry| entry["path"] == inner).unwrap();
            entry["sha256"] = json!(Sha256::of(bytes).to_string());
            entry["size"] = json!(bytes.len());
        }
    }
    files.insert(name, serde_json_canonicalizer::to_vec(&manifest).unwrap());
}

/// The reference case with one file changed and listed again.
pub fn changed(path: &str, change: impl FnOnce(&mut Vec<u8>)) -> Files {
    let mut files = b0();
    change(files.get_mut(path).unwrap_or_else(|| panic!("no file `{path}`")));
    if !path.starts_with("decision/") && !path.ends_with("/manifest.sig.cesr") {
        relist(&mut files, path);
    }
    files
}

/// Replaces the one place of a text by another of the same length.
pub fn swap(bytes: &mut Vec<u8>, from: &str, to: &str) {
    let text = String::from_utf8(std::mem::take(bytes)).unwrap();
    assert!(text.contains(from), "`{from}` is not there");
    *bytes = text.replacen(from, to, 1).into_bytes();
}
