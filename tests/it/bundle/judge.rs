//! An independent judge: the `jsonschema` crate says of generated documents what our readers say.
//!
//! What JSON Schema does not know is written in its own words first: an `x-type` becomes a pattern,
//! an open enum any text, `x-variants` a condition per tag.

use std::collections::BTreeMap;
use std::path::Path;

use bumpalo::Bump;
use countersign::bundle::json::Numbers;
use countersign::bundle::manifest::Manifest;
use countersign::bundle::reader::{Input, Reader};
use countersign::bundle::{Code, Limits, Snapshot};
use countersign::facts::schema::{KindClass, StructId, Type};
use countersign::facts::table::Layout;
use countersign::facts::{Facts, FileId};
use countersign::primitives::Sha256;
use countersign::trust::Trust;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::sample::{AID, LEI, empty_manifest, schema, trust_json};

const INSTANT: &str =
    "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})$";
const EMAIL: &str = "^[^@]+@[^@]+$";
const URI: &str = "^[A-Za-z][A-Za-z0-9+.-]*://[^/?#\\s]+[^\\s]*$";

fn file(path: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas").join(path);
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// A schema in JSON Schema's own words, without references.
fn translated(path: &str) -> Value {
    let mut document = file(path);
    if document["$ref"] == "../record.json" {
        let header = file("record.json");
        let mut properties = header["properties"].as_object().unwrap().clone();
        properties.extend(document["properties"].as_object().unwrap().clone());
        let mut required = header["required"].as_array().unwrap().clone();
        required.extend(document["required"].as_array().unwrap().clone());
        let object = document.as_object_mut().unwrap();
        object.remove("$ref");
        object.remove("unevaluatedProperties");
        object.insert("properties".into(), properties.into());
        object.insert("required".into(), required.into());
        object.insert("additionalProperties".into(), false.into());
    }
    document.as_object_mut().unwrap().remove("$id");
    translate(&document)
}

fn translate(node: &Value) -> Value {
    let Some(object) = node.as_object() else { return node.clone() };
    if let Some(target) = object.get("$ref") {
        let name = target.as_str().unwrap().rsplit('/').next().unwrap();
        return translate(&file("types.json")["$defs"][name]);
    }
    let mut out = Map::new();
    for (key, value) in object {
        match key.as_str() {
            "properties" => {
                let properties = value.as_object().unwrap().iter().map(|(name, node)| (name.clone(), translate(node)));
                out.insert(key.clone(), Value::Object(properties.collect()));
            }
            "items" => drop(out.insert(key.clone(), translate(value))),
            "anyOf" => {
                out.insert(key.clone(), value.as_array().unwrap().iter().map(translate).collect());
            }
            "x-type" => {
                let pattern = match value.as_str().unwrap() {
                    "instant" => Some(INSTANT),
                    "date" => Some("^[0-9]{4}-[0-9]{2}-[0-9]{2}$"),
                    "sha256" => Some("^[0-9a-f]{64}$"),
                    "lei" | "aid" | "said" | "person" | "threshold" => None,
                    other => panic!("{other}"),
                };
                out.extend(pattern.map(|pattern| ("pattern".to_owned(), pattern.into())));
            }
            "format" => {
                let pattern = match value.as_str().unwrap() {
                    "email" => EMAIL,
                    "uri" => URI,
                    "date-time" => INSTANT,
                    other => panic!("{other}"),
                };
                out.insert("pattern".into(), pattern.into());
            }
            "enum" if object.contains_key("x-open") => {}
            "x-variants" => {
                let all = object["properties"].as_object().unwrap();
                out.insert("allOf".into(), variants(value, all));
            }
            "x-unit" | "x-role" | "x-null" | "x-open" | "x-plural" | "x-clauses" | "x-signed" | "x-attached"
            | "x-population" | "description" | "title" | "$schema" => {}
            "type"
            | "required"
            | "additionalProperties"
            | "enum"
            | "const"
            | "pattern"
            | "minLength"
            | "maxLength"
            | "minimum"
            | "maximum"
            | "minItems"
            | "maxItems"
            | "uniqueItems" => {
                out.insert(key.clone(), value.clone());
            }
            other => panic!("keyword {other}"),
        }
    }
    Value::Object(out)
}

fn variants(declared: &Value, all: &Map<String, Value>) -> Value {
    let tag = declared["tag"].as_str().unwrap();
    let common = declared["common"].as_array().unwrap();
    let by_tag = declared["fields"].as_object().unwrap();
    let condition = by_tag.iter().map(|(value, own)| {
        let own = own.as_array().unwrap();
        let foreign = all.keys().filter(|name| !common.contains(&json!(name)) && !own.contains(&json!(name)));
        let foreign: Map<_, _> = foreign.map(|name| (name.clone(), false.into())).collect();
        let required = own.iter().filter(|name| !all[name.as_str().unwrap()]["type"].is_array());
        let required: Vec<_> = required.cloned().collect();
        json!({
            "if": {"properties": {tag: {"const": value}}, "required": [tag]},
            "then": {"properties": foreign, "required": required},
        })
    });
    condition.collect()
}

/// The judge of one of countersign's own documents.
pub fn document(path: &str) -> jsonschema::Validator {
    jsonschema::validator_for(&translated(path)).unwrap()
}

/// A small generator of our own: the shape of a document comes from its schema, the choices from a seed.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        // splitmix64
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, count: usize) -> usize {
        (self.next() % count.max(1) as u64) as usize
    }
}

/// Texts for each pattern of the schemas; a pattern without one fails the test.
fn text_for(schema: &Value, chance: &mut Chance) -> String {
    let samples: &[&str] = match schema.get("pattern").and_then(Value::as_str) {
        None => &["a", "Zürich \"\\\u{1f600}", "LAR-A", LEI, AID],
        Some(INSTANT) => &["2026-03-20T15:00:00Z", "2026-03-20T16:00:00.5+01:00"],
        Some(EMAIL) => &["a@b", "lar.a@acme.example"],
        Some(URI) => &["https://api.gleif.org/api/v1", "http://a"],
        Some("^[0-9]{4}-[0-9]{2}-[0-9]{2}$") => &["2026-03-20", "2024-02-29"],
        Some("^[0-9a-f]{64}$") => &["00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"],
        Some("^[a-z][a-z0-9-]*$") => &["lei-record", "a0"],
        Some("^[A-Z]{2}$") => &["DE", "CH"],
        Some("^[A-Z]{3}$") => &["EUR"],
        Some("^[0-9a-f]{1,32}$") => &["0", "1f"],
        Some("^[A-Z0-9]{18}[0-9]{2}$") => &[LEI],
        Some("^[A-Za-z0-9_-]{44}$") => &[AID],
        Some("^[A-Za-z0-9_-]{88}$") => {
            &["AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"]
        }
        Some("^[0-9a-f]{1,4}$") => &["1", "a"],
        Some("^[0-9a-f]{40}$") => &["00112233445566778899aabbccddeeff00112233"],
        Some("^(0|1|[0-9]{1,4}/[0-9]{1,4})$") => &["0", "1", "1/2"],
        Some(other) => panic!("no sample for the pattern {other}"),
    };
    let most = schema.get("maxLength").and_then(Value::as_u64).unwrap_or(u64::MAX);
    let fitting: Vec<_> = samples.iter().filter(|sample| sample.chars().count() as u64 <= most).collect();
    fitting[chance.below(fitting.len())].to_string()
}

fn generate(schema: &Value, chance: &mut Chance) -> Value {
    if let Some(value) = schema.get("const") {
        return value.clone();
    }
    if let Some(values) = schema.get("enum").and_then(Value::as_array) {
        return values[chance.below(values.len())].clone();
    }
    if let Some(shapes) = schema.get("anyOf").and_then(Value::as_array) {
        return generate(&shapes[0], chance);
    }
    let (name, nullable) = match &schema["type"] {
        Value::String(name) => (name.as_str(), false),
        Value::Array(names) => (names[0].as_str().unwrap(), true),
        other => panic!("type {other} in {schema}"),
    };
    if nullable && chance.below(4) == 0 {
        return Value::Null;
    }
    match name {
        "object" => object(schema, chance),
        "array" => {
            let least = schema.get("minItems").and_then(Value::as_u64).unwrap_or(0) as usize;
            let count = least + chance.below(3);
            let items: Vec<_> = (0..count).map(|_| generate(&schema["items"], chance)).collect();
            items.into()
        }
        "string" => text_for(schema, chance).into(),
        "integer" => {
            let least = schema.get("minimum").and_then(Value::as_i64).unwrap_or(-5);
            let most = schema.get("maximum").and_then(Value::as_i64).unwrap_or(1_000_000).max(least);
            (least + (chance.next() % (most - least + 1).unsigned_abs()) as i64).into()
        }
        "boolean" => (chance.below(2) == 0).into(),
        other => panic!("type {other}"),
    }
}

fn object(schema: &Value, chance: &mut Chance) -> Value {
    let required = schema.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
    let mut out = Map::new();
    for (name, node) in schema["properties"].as_object().unwrap() {
        if required.contains(&json!(name)) || chance.below(3) > 0 {
            out.insert(name.clone(), generate(node, chance));
        }
    }
    // Objects with variants: keep what the drawn tag has.
    for condition in schema.get("allOf").and_then(Value::as_array).into_iter().flatten() {
        let (tag, wanted) = condition["if"]["properties"].as_object().unwrap().iter().next().unwrap();
        if out.get(tag) == Some(&wanted["const"]) {
            out.retain(|name, _| condition["then"]["properties"].get(name).is_none());
            for name in condition["then"]["required"].as_array().unwrap() {
                let name = name.as_str().unwrap();
                let value = generate(&schema["properties"][name], chance);
                out.entry(name).or_insert(value);
            }
        }
    }
    out.into()
}

/// Spoils one place: any value may become any other, a member may go or come.
fn spoil(document: &mut Value, chance: &mut Chance) {
    let mut pointers = Vec::new();
    places(document, String::new(), &mut pointers);
    let pointer = pointers[chance.below(pointers.len())].clone();
    let replacements = [
        json!(null),
        json!(true),
        json!(0),
        json!(-1),
        json!(7_000_000),
        json!(""),
        json!("x"),
        json!("X@Y@Z"),
        json!([]),
        json!({}),
        json!("2026-03-20T15:00:00"),
        json!("x".repeat(9000)),
        json!([null]),
        json!(["a", "a"]),
    ];
    let draw = chance.below(replacements.len() + 4);
    let target = document.pointer_mut(&pointer).unwrap();
    match (draw.checked_sub(replacements.len()), target) {
        (None, target) => *target = replacements[draw].clone(),
        (Some(0), Value::Object(members)) => drop(members.insert("surprise".into(), json!(1))),
        (Some(_), Value::Object(members)) if !members.is_empty() => {
            let name = members.keys().nth(chance.below(members.len())).unwrap().clone();
            members.shift_remove(&name);
        }
        (Some(_), Value::Array(items)) => {
            let item = items.first().cloned().unwrap_or(json!("a"));
            items.push(item);
        }
        (Some(_), other) => *other = json!("LAR-B"),
    }
}

fn places(value: &Value, pointer: String, out: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(name, value)| places(value, format!("{pointer}/{name}"), out));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, value)| places(value, format!("{pointer}/{index}"), out));
        }
        _ => {}
    }
    out.push(pointer);
}

/// What our reader says of a document.
fn problems(reader: &Reader<'_>, type_id: StructId, bytes: &[u8], numbers: Numbers) -> Vec<String> {
    let arena = Bump::new();
    let mut facts = Facts::new(schema());
    let input = Input { file: FileId(0), path: "x.json", bytes, type_id, numbers };
    match reader.read(&mut facts, &arena, input) {
        Ok(record) => record.problems.iter().map(|problem| format!("{:?} {}", problem.code, problem.message)).collect(),
        Err(problem) => vec![problem.message],
    }
}

/// Every record kind and attached body: name, file, type.
fn record_schemas() -> Vec<(String, StructId, Numbers)> {
    let mut all = Vec::new();
    for kind in schema().kinds() {
        let folder = match kind.class {
            KindClass::Evidence => "evidence",
            KindClass::Case => "case",
            KindClass::Derived | KindClass::Table => continue,
        };
        let path = format!("{folder}/{}.json", kind.name);
        for attached in &kind.attached {
            let field = &schema().struct_type(kind.record).fields[attached.field as usize];
            let Type::Record(body) = field.shape.type_ else { panic!("{}", field.name) };
            let declared = file(&path)["x-attached"][&field.name]["schema"].as_str().unwrap().to_owned();
            all.push((format!("{folder}/{declared}"), body, Numbers::Text));
        }
        all.push((path, kind.record, Numbers::Integers));
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_reader_and_the_judge_agree(seed in any::<u64>()) {
        let layouts = [Layout::full(schema()), Layout::new(schema(), |_, _| false)];
        let readers = layouts.each_ref().map(|layout| Reader::new(schema(), layout));
        static JUDGES: std::sync::OnceLock<BTreeMap<String, (Value, jsonschema::Validator)>> = std::sync::OnceLock::new();
        let judges = JUDGES.get_or_init(|| {
            let judge = |path: String| {
                let schema = translated(&path);
                let validator = jsonschema::validator_for(&schema).unwrap();
                (path, (schema, validator))
            };
            record_schemas().into_iter().map(|(path, ..)| judge(path)).collect()
        });
        let mut chance = Chance(seed);
        for (path, type_id, numbers) in record_schemas() {
            let (shape, judge) = &judges[&path];
            for spoils in [0, 0, 1, 1, 1, 1, 2, 3] {
                let mut document = generate(shape, &mut chance);
                if spoils == 0 {
                    prop_assert!(judge.is_valid(&document), "{}: the generator made a bad document: {}", path, document);
                }
                for _ in 0..spoils {
                    spoil(&mut document, &mut chance);
                }
                let bytes = serde_json::to_vec(&document).unwrap();
                // What is stored must not change what is checked.
                let [full, empty] = readers.each_ref().map(|reader| problems(reader, type_id, &bytes, numbers));
                prop_assert_eq!(&full, &empty);
                let judged = judge.is_valid(&document);
                prop_assert_eq!(full.is_empty(), judged, "{}: {:?} {:?} {}", path, full,
                    judge.iter_errors(&document).map(|error| error.to_string()).collect::<Vec<_>>(), document);
            }
        }
    }

    #[test]
    fn manifests_and_trust_files_are_judged_alike(seed in any::<u64>()) {
        let mut chance = Chance(seed);
        let (manifest_judge, trust_judge) = (document("manifest.schema.json"), document("trust.schema.json"));
        for spoils in [0, 1, 1, 1, 1, 1, 1, 2, 2, 2] {
            let mut manifest: Value = serde_json::from_slice(&empty_manifest().to_bytes()).unwrap();
            let digest = "0".repeat(64);
            manifest["entries"] = json!([
                {"path": "a", "kind": "cesr", "size": 1, "sha256": digest, "media_type": "t", "source": "s",
                 "captured_at": "2026-03-02T08:00:00Z"},
                {"path": "b", "kind": "cesr", "size": 1, "sha256": digest, "media_type": "t", "source": "s"},
            ]);
            manifest["references"] = json!([{"bundle_digest": digest, "path": "a", "sha256": digest, "as": "k"}]);
            let mut trust = trust_json();
            trust["policy_keys"] = json!({"aids": [AID], "threshold": ["1"]});
            for _ in 0..spoils {
                spoil(&mut manifest, &mut chance);
                spoil(&mut trust, &mut chance);
            }
            let bytes = serde_json_canonicalizer::to_vec(&manifest).unwrap();
            let mut problems = Vec::new();
            let parsed = Manifest::parse(&bytes, "m", FileId(0), Sha256::of(&bytes), &mut problems);
            // What a schema cannot say: order, and one entry per path.
            problems.retain(|problem| !matches!(problem.code, Code::EntryDuplicate | Code::EntriesUnsorted));
            prop_assert_eq!(parsed.is_some() && problems.is_empty(), manifest_judge.is_valid(&manifest), "{:?} {}", problems, manifest);
            let read = Trust::parse(&serde_json::to_vec(&trust).unwrap());
            // What a schema cannot say: a threshold that its AIDs cannot reach.
            let unreachable = read.as_ref().err().is_some_and(|error| format!("{error:?}").contains("more than its"));
            if !unreachable {
                prop_assert_eq!(read.is_ok(), trust_judge.is_valid(&trust), "{:?} {}", read.err(), trust);
            }
        }
    }

    #[test]
    fn no_bytes_panic(manifest in prop::collection::vec(any::<u8>(), 0..200), record in prop::collection::vec(any::<u8>(), 0..200), cut in any::<u16>()) {
        let mut sample = super::sample::Sample::new();
        sample.put_bytes("records/plan.json", "issuance-plan", &record);
        let sealed = sample.sealed();
        super::sample::codes(&Snapshot::from_files(sealed.clone(), &Limits::STANDARD));
        let mut broken = sealed.clone();
        broken.insert("bundle/manifest.json".into(), manifest.clone());
        broken.insert("decision/x.json".into(), manifest);
        super::sample::codes(&Snapshot::from_files(broken, &Limits::STANDARD));
        // A good file with one byte changed, or cut off.
        let mut changed = sealed.clone();
        let bytes = changed.get_mut("bundle/manifest.json").unwrap();
        let at = cut as usize % bytes.len();
        bytes[at] = bytes[at].wrapping_add(1);
        super::sample::codes(&Snapshot::from_files(changed.clone(), &Limits::STANDARD));
        changed.get_mut("bundle/manifest.json").unwrap().truncate(at);
        let snapshot = Snapshot::from_files(changed, &Limits::STANDARD);
        super::sample::codes(&snapshot);
        for problem in countersign::collect::problems(&snapshot, schema()) {
            if let Some((file, span)) = problem.file.zip(problem.span) {
                let bytes = snapshot.file(file).bytes().unwrap_or_default();
                countersign::bundle::place::place(bytes, span);
            }
        }
    }
}
