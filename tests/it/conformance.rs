//! The conformance cases of `tests/conformance/expr`: the definition of the expression language.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use std::sync::OnceLock;

use bumpalo::Bump;
use countersign::bundle::{Limits, Snapshot};
use countersign::collect::{RunFacts, collect};
use countersign::compile::program::Program;
use countersign::compile::{self, CompiledExpression};
use countersign::evaluate::{Answer, Shown, Signing, push_tables, value_of};
use countersign::expr;
use countersign::facts::Cause;
use countersign::facts::schema::{FactSchema, SchemaFile};
use countersign::policy::{self, Parsed, PolicyProblem};
use countersign::primitives::{Instant, Sha256};
use countersign::source::{Fragment, Source};
use countersign::trust::Trust;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::naive;

/// A file of cases.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Section {
    pub section: String,
    pub cases: Vec<Case>,
}

/// One case; `tests/conformance/README.md` says what the keys mean.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    pub expr: String,
    pub value: Option<serde_json::Value>,
    pub unknown: Option<String>,
    #[serde(rename = "type")]
    pub type_: Option<String>,
    pub error: Option<String>,
    pub prints: Option<String>,
    pub as_of: Option<String>,
    pub valid_until: Option<String>,
    #[serde(default)]
    pub define: Vec<Define>,
    pub why: Option<String>,
}

impl Case {
    /// An expression alone.
    pub fn of(expr: &str) -> Self {
        Self {
            expr: expr.to_owned(),
            value: None,
            unknown: None,
            type_: None,
            error: None,
            prints: None,
            as_of: None,
            valid_until: None,
            define: Vec::new(),
            why: None,
        }
    }
}

/// A definition in scope.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Define {
    pub define: String,
    #[serde(rename = "as")]
    pub body: String,
}

/// What the expressions read; see `world.yaml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct World {
    pub as_of: String,
    pub records: BTreeMap<String, Vec<Json>>,
    pub unreadable: BTreeMap<String, usize>,
    parameters: Vec<WorldParameter>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct WorldParameter {
    name: String,
    #[serde(rename = "type")]
    type_: String,
    value: Option<Json>,
}

pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance")
}

/// Every section, in order of file name.
pub fn sections() -> Vec<Section> {
    let mut paths: Vec<_> = fs::read_dir(folder().join("expr")).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty(), "no conformance cases were found");
    let read = |path: &PathBuf| {
        let text = fs::read_to_string(path).unwrap();
        serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    paths.iter().map(read).collect()
}

#[test]
fn there_are_enough_cases() {
    let sections = sections();
    let count: usize = sections.iter().map(|section| section.cases.len()).sum();
    assert!(count >= 300, "{count} cases");
    for section in &sections {
        assert!(section.cases.len() >= 5, "section {} has {} cases", section.section, section.cases.len());
        for case in &section.cases {
            let says = [
                case.value.is_some(),
                case.unknown.is_some(),
                case.type_.is_some(),
                case.error.is_some(),
                case.prints.is_some(),
            ];
            assert!(case.why.as_ref().is_none_or(|why| !why.is_empty()), "`{}` says why with nothing", case.expr);
            assert!(says.contains(&true), "`{}` expects nothing", case.expr);
        }
    }
}

#[test]
fn expressions_parse_and_print_or_are_refused() {
    let syntax: Vec<&str> =
        expr::error::Code::ALL.iter().map(|code| code.as_str().rsplit("::").next().unwrap()).collect();
    let mut problems = Vec::new();
    for case in sections().iter().flat_map(|section| &section.cases) {
        let parsed = expr::parse(&case.expr);
        let refused = case.error.as_deref().filter(|code| syntax.contains(code));
        match (parsed, refused) {
            (Ok(tree), None) => {
                let printed = expr::print(&tree);
                if case.prints.as_ref().is_some_and(|prints| *prints != printed) {
                    problems.push(format!("`{}` prints `{printed}`", case.expr));
                }
                let again = expr::parse(&printed).map(|tree| expr::print(&tree));
                if again != Ok(printed.clone()) {
                    problems.push(format!("`{}` prints `{printed}`, which reads as {again:?}", case.expr));
                }
            }
            (Err(errors), Some(code)) => {
                if !errors.iter().any(|error| error.code.ends_with(&format!("::{code}"))) {
                    problems.push(format!("`{}`: {code} expected, found {errors:?}", case.expr));
                }
            }
            (Ok(_), Some(code)) => problems.push(format!("`{}` parses, {code} expected", case.expr)),
            (Err(errors), None) => problems.push(format!("`{}` does not parse: {errors:?}", case.expr)),
        }
    }
    assert!(problems.is_empty(), "{} problems\n{}", problems.len(), problems.join("\n"));
}

/// Cases by the text of their expression, for a reader who looks one up.
#[test]
fn no_case_is_written_twice() {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for case in sections().iter().flat_map(|section| &section.cases) {
        *seen.entry(format!("{} {:?} {:?}", case.expr, case.define, case.as_of)).or_default() += 1;
    }
    let twice: Vec<_> = seen.iter().filter(|(_, count)| **count > 1).collect();
    assert!(twice.is_empty(), "{twice:?}");
}

pub fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| serde_saphyr::from_str(&fs::read_to_string(folder().join("world.yaml")).unwrap()).unwrap())
}

/// The project's own facts, and the kinds of `tests/conformance/schemas`.
pub fn schema() -> FactSchema {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    for (folder, prefix) in [
        (root.join("schemas"), ""),
        (root.join("schemas/facts"), "facts/"),
        (folder().join("schemas/evidence"), "evidence/"),
    ] {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let shared = matches!(name.as_str(), "record.json" | "types.json");
            if path.extension().is_some_and(|extension| extension == "json") && (shared || !prefix.is_empty()) {
                files.push(SchemaFile { path: format!("{prefix}{name}"), text: fs::read_to_string(path).unwrap() });
            }
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    FactSchema::load(&files).unwrap_or_else(|errors| panic!("{errors:?}"))
}

/// A record with the header that its kind needs.
fn record(kind: &str, fields: &Json) -> Json {
    let mut record = json!({
        "kind": kind, "schema_version": 1, "producer": "qvi", "performed_by": "Q1",
        "performed_at": "2026-03-16T09:00:00Z", "recorded_at": "2026-03-16T09:00:00Z", "subject_case": "conformance",
    });
    record.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    record
}

/// A world as the files of a sealed bundle.
fn files(world: &World) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut entries = Vec::new();
    let mut put = |path: String, kind: &str, bytes: Vec<u8>| {
        entries.push(json!({
            "path": path, "kind": kind, "size": bytes.len(), "sha256": Sha256::of(&bytes).to_string(),
            "media_type": "application/json", "source": "test",
        }));
        files.insert(format!("bundle/{path}"), bytes);
    };
    for (kind, records) in &world.records {
        for fields in records {
            let path = format!("records/{}.json", fields["id"].as_str().unwrap());
            put(path, kind, serde_json::to_vec_pretty(&record(kind, fields)).unwrap());
        }
    }
    for (kind, count) in &world.unreadable {
        for number in 0..*count {
            put(format!("records/{kind}-{number}.json"), kind, b"{ not JSON".to_vec());
        }
    }
    entries.sort_by_key(|entry| entry["path"].as_str().unwrap().to_owned());
    let manifest = json!({
        "version": 1, "bundle_id": "conformance", "flow": "le-unsolicited", "lei": "254900OPPU84GM83MG36",
        "qvi_aid": "EK8TSbn1-aGmoEBN6jbcyUmbyyWcmtwRK3zJqTyuQfMm", "created_at": "2026-03-19T10:00:00Z",
        "retention_until": "2036-03-19T10:00:00Z", "entries": entries,
    });
    files.insert("bundle/manifest.json".into(), serde_json_canonicalizer::to_vec(&manifest).unwrap());
    files
}

/// The definitions and parameters that a case sees, as a policy file.
fn definitions(case: &Case) -> Source {
    let quoted = |text: &str| serde_json::to_string(text).unwrap();
    let mut text = String::from("document: definitions\ntitle: conformance\nprecedence: gate\nparameters:\n");
    for parameter in &world().parameters {
        let default = parameter.value.as_ref().map(|value| format!("default: {value}, ")).unwrap_or_default();
        text += &format!("  {}: {{ type: {}, {default}description: a parameter }}\n", parameter.name, parameter.type_);
    }
    if !case.define.is_empty() {
        text += "definitions:\n";
    }
    for define in &case.define {
        text += &format!("  - define: {}\n    as: {}\n", quoted(&define.define), quoted(&define.body));
    }
    Source::new("definitions.yaml", text)
}

/// Compiles the expression of a case, or gives the codes of what is wrong with it.
pub fn compiled(case: &Case, schema: &FactSchema) -> Result<(Program, CompiledExpression), Vec<String>> {
    let codes = |problems: &[PolicyProblem]| problems.iter().map(|problem| problem.code().to_owned()).collect();
    let (set, problems) = policy::load(vec![definitions(case)]);
    if !problems.is_empty() {
        return Err(codes(&problems));
    }
    let tree = expr::parse(&case.expr)
        .map_err(|errors| errors.iter().map(|error| error.code.to_owned()).collect::<Vec<_>>())?;
    let expression = Parsed { text: Fragment::plain(&case.expr), tree: Some(tree) };
    let source = Source::new("expression", case.expr.as_str());
    compile::compile_with_expression(&set, schema.clone(), &expression, &source).map_err(|problems| codes(&problems))
}

/// Evaluates the expression over the world.
pub fn evaluated(case: &Case, program: &Program, expression: &CompiledExpression) -> Answer {
    static SNAPSHOT: OnceLock<Snapshot> = OnceLock::new();
    evaluated_in(SNAPSHOT.get_or_init(|| snapshot(world())), as_of(case), program, expression)
}

/// A world as `check` would read it.
pub fn snapshot(world: &World) -> Snapshot {
    Snapshot::from_files(files(world), &Limits::STANDARD)
}

/// Evaluates an expression over a snapshot.
pub fn evaluated_in(snapshot: &Snapshot, as_of: Instant, program: &Program, expression: &CompiledExpression) -> Answer {
    static TRUST: OnceLock<Trust> = OnceLock::new();
    let trust = TRUST.get_or_init(|| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/trust.json");
        Trust::parse(&fs::read(path).unwrap()).unwrap()
    });
    let arena = Bump::new();
    let run = RunFacts { stage: "evidence", flow: "le-unsolicited", profile: "house", keri: None };
    let (mut facts, _) = collect(snapshot, &arena, &program.schema, &program.layout, trust, &run, None);
    push_tables(program, &mut facts);
    value_of(program, &facts, as_of, Signing::NotYet, expression.op, expression.locals)
}

fn as_of(case: &Case) -> Instant {
    case.as_of.as_deref().unwrap_or(&world().as_of).parse().unwrap()
}

/// A value as the cases write it.
pub fn written(shown: &Shown) -> Json {
    match shown {
        Shown::Bool(value) => json!(value),
        Shown::Int(value) => json!(value),
        Shown::Text(value) => json!(value),
        Shown::List(elements) => elements.iter().map(|element| element.as_ref().map_or(Json::Null, written)).collect(),
    }
}

fn cause_name(cause: Cause) -> String {
    serde_json::to_value(cause).unwrap().as_str().unwrap().to_owned()
}

#[test]
fn expressions_have_their_types_and_values() {
    let schema = schema();
    let mut problems = Vec::new();
    for case in sections().iter().flat_map(|section| &section.cases) {
        let (program, expression) = match (compiled(case, &schema), &case.error) {
            (Ok(compiled), None) => compiled,
            (Err(codes), Some(code)) => {
                if !codes.iter().any(|found| found.ends_with(&format!("::{code}"))) {
                    problems.push(format!("`{}`: {code} expected, found {codes:?}", case.expr));
                }
                continue;
            }
            (Ok(_), Some(code)) => {
                problems.push(format!("`{}` compiles, {code} expected", case.expr));
                continue;
            }
            (Err(codes), None) => {
                problems.push(format!("`{}` does not compile: {codes:?}", case.expr));
                continue;
            }
        };
        let type_ = program.schema.describe(&expression.type_);
        if case.type_.as_ref().is_some_and(|expected| *expected != type_) {
            problems.push(format!("`{}` is of type {type_}", case.expr));
        }
        let answer = evaluated(case, &program, &expression);
        let found = match &answer.value {
            Ok(shown) => written(shown),
            Err(cause) => json!(format!("unknown: {}", cause_name(*cause))),
        };
        let expected = match (&case.value, &case.unknown) {
            (Some(value), _) => value.clone(),
            (None, Some(cause)) => json!(format!("unknown: {cause}")),
            (None, None) => found.clone(),
        };
        if found != expected {
            problems.push(format!("`{}` is {found}, {expected} expected", case.expr));
        }
        if let Some(expected) = &case.valid_until {
            let found = answer.valid_until.map_or("never-changes".to_owned(), |until| until.to_string());
            if found != *expected {
                problems.push(format!("`{}` holds until {found}, {expected} expected", case.expr));
            }
        }
    }
    assert!(problems.is_empty(), "{} problems\n{}", problems.len(), problems.join("\n"));
}

/// A world as the naive evaluator reads it.
pub fn naive_world<'s>(world: &World, schema: &'s FactSchema, case: &Case) -> naive::World<'s> {
    let parameter = |parameter: &WorldParameter| {
        let value = match (&parameter.value, parameter.type_.as_str()) {
            (None, _) => naive::V::Unknown,
            (Some(Json::String(text)), "days") => naive::V::Days(text.split(' ').next().unwrap().parse().unwrap()),
            (Some(Json::Array(items)), "list of text") => {
                let text = |item: &Json| naive::V::Text(item.as_str().unwrap().to_owned());
                let element = |item| naive::Element { value: text(item), certain: true };
                naive::V::List(items.iter().map(element).collect::<Vec<_>>().into())
            }
            other => panic!("a parameter like {other:?} is not read here"),
        };
        (parameter.name.clone(), value)
    };
    let definition = |define: &Define| {
        let signature = expr::parse_definition(&define.define).unwrap();
        let names = signature.parameters.iter().map(|(name, _)| name.text.clone()).collect();
        (signature.name.text, (names, expr::parse(&define.body).unwrap()))
    };
    let mut records: BTreeMap<String, Vec<Json>> = BTreeMap::new();
    for (kind, members) in &world.records {
        for fields in members {
            let mut record = record(kind, fields);
            record["path"] = json!(format!("bundle/records/{}.json", fields["id"].as_str().unwrap()));
            record["digest_ok"] = json!(true);
            records.entry(kind.clone()).or_default().push(record);
        }
    }
    naive::World {
        schema,
        records,
        unreadable: world.unreadable.clone(),
        parameters: world.parameters.iter().map(parameter).collect(),
        definitions: case.define.iter().map(definition).collect(),
        as_of: case.as_of.as_deref().unwrap_or(&world.as_of).parse().unwrap(),
    }
}

#[test]
fn the_naive_evaluator_agrees() {
    let schema = schema();
    let mut problems = Vec::new();
    for case in sections().iter().flat_map(|section| &section.cases) {
        let Ok((program, expression)) = compiled(case, &schema) else { continue };
        let answer = evaluated(case, &program, &expression);
        let naive = naive_world(world(), &schema, case).evaluate(&expr::parse(&case.expr).unwrap());
        let (fast, slow) = (answer.value.as_ref().ok().map(written), naive::written(&naive));
        if fast != slow {
            problems.push(format!("`{}`: {fast:?}, naively {slow:?}", case.expr));
        }
    }
    assert!(problems.is_empty(), "{} problems\n{}", problems.len(), problems.join("\n"));
}
