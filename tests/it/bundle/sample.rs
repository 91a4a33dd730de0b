//! A small case, and ways to spoil it.

use std::collections::BTreeMap;

use bumpalo::Bump;
use countersign::bundle::author::{EntryDraft, ManifestDraft};
use countersign::bundle::{Code, Limits, Problem, Snapshot};
use countersign::collect::{RunFacts, collect, problems};
use countersign::facts::schema::FactSchema;
use countersign::facts::table::Layout;
use countersign::facts::{CellValue, Facts, NodeId};
use countersign::primitives::Sha256;
use countersign::trust::Trust;
use serde_json::{Value, json};

pub const LEI: &str = "254900OPPU84GM83MG36";
pub const AID: &str = "EAbcdefghijklmnopqrstuvwxyz0123456789ABCDEFG";

/// Files of a case, and the kinds under which a manifest lists them.
#[derive(Clone)]
pub struct Sample {
    pub files: BTreeMap<String, Vec<u8>>,
    pub kinds: BTreeMap<String, String>,
}

pub fn schema() -> &'static FactSchema {
    static SCHEMA: std::sync::OnceLock<FactSchema> = std::sync::OnceLock::new();
    SCHEMA.get_or_init(FactSchema::embedded)
}

pub fn header(kind: &str, id: &str) -> Value {
    json!({
        "kind": kind, "id": id, "schema_version": 1, "producer": "qvi", "performed_by": "Q1",
        "performed_at": "2026-03-02T08:00:00Z", "recorded_at": "2026-03-02T08:05:00Z", "subject_case": "B0",
    })
}

pub fn record(kind: &str, id: &str, fields: Value) -> Value {
    let mut record = header(kind, id);
    let object = record.as_object_mut().unwrap();
    object.extend(fields.as_object().unwrap().clone());
    record
}

pub fn issuance_plan(id: &str) -> Value {
    record(
        "issuance-plan",
        id,
        json!({
            "likely_issuance_date": "2026-03-20", "set_by": "Q1", "set_at": "2026-03-17T09:00:00Z",
        }),
    )
}

pub fn lei_record(id: &str) -> Value {
    record(
        "lei-record",
        id,
        json!({
            "purpose": "onboarding", "requested_lei": LEI, "request_url": "https://api.gleif.org/api/v1/lei-records/x",
            "http_status": 200, "fetched_at": "2026-03-03T09:00:00Z", "body_path": "raw/body.json",
            "body_sha256": "0".repeat(64),
        }),
    )
}

pub fn assignment(id: &str, predecessor: Option<Sha256>, bundle: Option<Sha256>) -> Value {
    let mut record = record(
        "qar-assignment",
        id,
        json!({
            "predecessor_sha256": predecessor, "role": "QAR1", "person_id": "Q1", "aid": AID, "assigned_by": "Q3",
            "assigned_at": "2026-03-17T09:00:00Z",
        }),
    );
    if let Some(bundle) = bundle {
        record["bundle_digest"] = json!(bundle);
    }
    record
}

pub const BODY: &str = r#"{
  "meta": {"goldenCopy": {"publishDate": "2026-03-03T08:00:00Z"}, "size": 1.50},
  "data": {
    "type": "lei-records", "id": "254900OPPU84GM83MG36",
    "attributes": {
      "lei": "254900OPPU84GM83MG36",
      "entity": {"legalName": {"name": "ACME \u0041G", "language": "en"}, "status": "ACTIVE", "category": "MADE_UP"},
      "registration": {"status": null, "nextRenewalDate": "2026-05-01T00:00:00Z"}
    }
  }
}"#;

impl Sample {
    /// Two records and a body, all as it should be.
    pub fn new() -> Self {
        let mut sample = Self { files: BTreeMap::new(), kinds: BTreeMap::new() };
        sample.put("records/plan.json", "issuance-plan", &issuance_plan("plan"));
        sample.put("records/lei.json", "lei-record", &lei_record("lei"));
        sample.put_bytes("raw/body.json", "lei-record-body", BODY.as_bytes());
        sample
    }

    pub fn put(&mut self, path: &str, kind: &str, record: &Value) {
        self.put_bytes(path, kind, format!("{record:#}\n").as_bytes());
    }

    pub fn put_bytes(&mut self, path: &str, kind: &str, bytes: &[u8]) {
        self.files.insert(format!("bundle/{path}"), bytes.to_vec());
        self.kinds.insert(path.to_owned(), kind.to_owned());
    }

    pub fn manifest(&self) -> ManifestDraft {
        let entry = |(path, kind): (&String, &String)| {
            let bytes = &self.files[&format!("bundle/{path}")];
            EntryDraft {
                path: path.clone(),
                kind: kind.clone(),
                size: bytes.len() as u64,
                sha256: Sha256::of(bytes),
                media_type: "application/json".into(),
                source: "test".into(),
                captured_at: None,
                captured_by: None,
            }
        };
        let mut manifest = empty_manifest();
        manifest.entries = self.kinds.iter().map(entry).collect();
        manifest
    }

    /// The sealed case.
    pub fn sealed(&self) -> BTreeMap<String, Vec<u8>> {
        let mut files = self.files.clone();
        files.insert("bundle/manifest.json".into(), self.manifest().to_bytes());
        files
    }

    pub fn snapshot(&self) -> Snapshot {
        snapshot(self.sealed())
    }
}

pub fn empty_manifest() -> ManifestDraft {
    let manifest = json!({
        "version": 1, "bundle_id": "B0", "flow": "le-unsolicited", "lei": LEI, "qvi_aid": AID,
        "created_at": "2026-03-19T10:00:00Z", "retention_until": "2036-03-19T10:00:00Z", "entries": [],
    });
    draft(&manifest)
}

pub fn draft(manifest: &Value) -> ManifestDraft {
    let bytes = serde_json::to_vec(manifest).unwrap();
    let digest = Sha256::of(&bytes);
    let parsed = countersign::bundle::manifest::Manifest::parse(
        &bytes,
        "bundle/manifest.json",
        countersign::facts::FileId(0),
        digest,
        &mut Vec::new(),
    );
    ManifestDraft::of(&parsed.unwrap()).unwrap()
}

pub fn snapshot(files: BTreeMap<String, Vec<u8>>) -> Snapshot {
    Snapshot::from_files(files, &Limits::STANDARD)
}

/// The problems of a case, as codes.
pub fn codes(snapshot: &Snapshot) -> Vec<Code> {
    problems(snapshot, schema()).into_iter().map(|problem| problem.code).collect()
}

/// The one problem of a case.
pub fn only_problem(snapshot: &Snapshot) -> Problem {
    let mut problems = problems(snapshot, schema());
    assert_eq!(problems.len(), 1, "{problems:#?}");
    problems.remove(0)
}

pub fn trust_json() -> Value {
    json!({
        "version": 1, "serial": 1, "valid_from": "2026-01-01T00:00:00Z", "root_aid": AID, "geda_aid": AID,
        "qvi_aid": AID, "officers": {"aids": [AID], "threshold": "1"},
        "policy_keys": {"aids": [AID], "threshold": ["1/2", "1/2"]}, "reporting_agents": [AID], "schemas": [],
        "ledger_genesis": null, "store_initialised": false, "signatures": [],
    })
}

pub fn trust() -> Trust {
    let mut json = trust_json();
    json["policy_keys"]["threshold"] = json!(["1"]);
    Trust::parse(json.to_string().as_bytes()).unwrap()
}

/// Facts with every field stored.
pub struct Collected<'a> {
    pub facts: Facts<'a>,
    pub problems: Vec<Problem>,
    layout: Layout,
}

pub fn collected<'a>(snapshot: &'a Snapshot, arena: &'a Bump, trust: &'a Trust) -> Collected<'a> {
    let layout = Layout::full(schema());
    let run = RunFacts { stage: "evidence", flow: "le-unsolicited", profile: "house", keri: None };
    let (facts, problems) = collect(snapshot, arena, schema(), &layout, trust, &run, None);
    Collected { facts, problems, layout }
}

impl<'a> Collected<'a> {
    pub fn population(&self, kind: &str) -> &countersign::facts::Population {
        self.facts.population(schema().kind_named(kind).unwrap())
    }

    /// The value of a path of fields: `body.data.id`.
    pub fn value(&self, node: NodeId, path: &str) -> CellValue<'a> {
        let mut value = CellValue::Record(node);
        for name in path.split('.') {
            let CellValue::Record(node) = value else { panic!("`{name}` of {value:?}") };
            let type_id = self.facts.node(node).type_id;
            let field = schema().struct_type(type_id).field(name).unwrap_or_else(|| panic!("no field `{name}`"));
            value = self.facts.cell(node, self.layout.slot(type_id, field).unwrap()).value;
        }
        value
    }

    pub fn one(&self, kind: &str) -> NodeId {
        let members = &self.population(kind).members;
        assert_eq!(members.len(), 1, "{kind}");
        members[0]
    }
}
