//! A generated year: the same bytes for the same order, clean where nothing is wrong, and wrong where something is.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::path::Path;

use countersign::bundle::{Limits, Snapshot};
use countersign::check::{self, Options};
use countersign::compile::program::Stage;
use countersign::evaluate::outcome::{FailOn, Outcome, Verdict};
use countersign::facts::schema::FactSchema;
use countersign::ledger::Ledger;
use countersign::trust::Trust;
use countersign::year::{Made, Order, VIOLATIONS, Wrong, Year, YearFile};
use serde_json::Value;

use crate::keri::interop::{accepted, keripy};

/// A year in memory.
struct Generated {
    files: BTreeMap<String, Vec<u8>>,
    made: Vec<Made>,
    trust: Trust,
}

fn generated(order: Order) -> Generated {
    let year = Year::new(order).unwrap();
    let mut worker = year.worker();
    let mut files = BTreeMap::new();
    let mut made = Vec::new();
    for qvi in 1..=year.qvis() {
        let one = year.qvi(&mut worker, qvi, &mut |file: YearFile| {
            assert!(files.insert(file.path.clone(), file.bytes).is_none(), "{} is made twice", file.path);
            Ok::<(), Infallible>(())
        });
        made.push(one.unwrap());
    }
    let trust = year.trust(&made).unwrap();
    let parsed = Trust::parse(&trust).unwrap();
    let ledger: String = year.ledger(&made, &trust).unwrap().collect();
    files.insert("ledger".to_owned(), ledger.into_bytes());
    files.insert("trust.json".to_owned(), trust);
    Generated { files, made, trust: parsed }
}

fn order(cases: u32, wrong_ppm: u32, seed: u64) -> Order {
    Order { cases, wrong_ppm, seed, year: 2026 }
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The verdict on a case, and the rules that do not pass.
fn checked(root: &Path, case: &Value, trust: &Trust, profile: &str, stage: Stage) -> (Verdict, BTreeSet<String>) {
    let program = countersign::compile::shipped().unwrap();
    let snapshot = Snapshot::read(&root.join(case["path"].as_str().unwrap()), &Limits::STANDARD).unwrap();
    let options = Options {
        as_of: case["as_of"].as_str().unwrap().parse().unwrap(),
        stage,
        flows: Vec::new(),
        profile: profile.to_owned(),
        set: Vec::new(),
        fail_on: FailOn::Warn,
        schemas: None,
        memory: None,
    };
    let trust = check::trust_for(&snapshot, trust);
    let document = check::content(program, &snapshot, &trust, None, &options).unwrap();
    let results = document.results.iter();
    let wrong = results.filter(|result| !matches!(result.outcome, Outcome::Pass | Outcome::NotApplicable));
    (document.verdict, wrong.map(|result| result.rule.clone()).collect())
}

fn written(year: &Generated) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, bytes) in &year.files {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    folder
}

#[test]
fn the_same_order_gives_the_same_bytes_and_another_seed_others() {
    let (one, two) = (generated(order(34, 200_000, 7)), generated(order(34, 200_000, 7)));
    assert!(one.files == two.files && one.made == two.made);
    assert_eq!(one.files.keys().filter(|path| path.starts_with("registries/")).count(), 2);
    let other = generated(order(34, 200_000, 8));
    let shared = one.files.iter().filter(|(path, bytes)| other.files.get(*path) == Some(*bytes)).count();
    assert_eq!(shared, 0);
}

#[test]
fn a_case_does_not_depend_on_how_many_follow() {
    let (few, many) = (generated(order(3, 0, 7)), generated(order(5, 0, 7)));
    for (path, bytes) in few.files.iter().filter(|(path, _)| path.starts_with("cases/")) {
        assert!(many.files.get(path) == Some(bytes), "{path}");
    }
}

#[test]
fn cases_without_a_violation_are_clean() {
    let year = generated(order(40, 0, 1));
    let folder = written(&year);
    let cases: Vec<Value> = year.made.iter().flat_map(|made| lines(&made.lines.cases)).collect();
    assert_eq!(cases.len(), 40);
    // All are judged for the audit, every fifth one as the officers of the QVI would.
    for (index, case) in cases.iter().enumerate() {
        let mut asked = vec![("audit", Stage::Closing)];
        if index % 5 == 0 {
            asked.push(("house", Stage::Signature));
        }
        for (profile, stage) in asked {
            let found = checked(folder.path(), case, &year.trust, profile, stage);
            assert_eq!(found, (Verdict::Clean, BTreeSet::new()), "{case} by {profile}");
        }
        let size = year.files[case["path"].as_str().unwrap()].len();
        assert!(size < 260_000, "{case} has {size} bytes");
    }
    assert!(year.made.iter().all(|made| made.lines.expected.is_empty()));
}

#[test]
fn each_violation_makes_its_rules_fail_and_no_others() {
    // One case more than there are violations, so that each is drawn.
    let year = generated(order(u32::try_from(VIOLATIONS.len()).unwrap(), 1_000_000, 3));
    let folder = written(&year);
    let cases: BTreeMap<String, Value> = year
        .made
        .iter()
        .flat_map(|made| lines(&made.lines.cases))
        .map(|case| (case["case"].as_str().unwrap().to_owned(), case))
        .collect();
    let expected: Vec<Value> = year.made.iter().flat_map(|made| lines(&made.lines.expected)).collect();
    let drawn: BTreeSet<&str> = expected.iter().map(|line| line["violation"].as_str().unwrap()).collect();
    assert_eq!(drawn, VIOLATIONS.iter().map(|violation| violation.name).collect());
    let mut problems = Vec::new();
    for line in &expected {
        let name = line["violation"].as_str().unwrap();
        let violation = VIOLATIONS.iter().find(|violation| violation.name == name).unwrap();
        let Some(case) = cases.get(line["case"].as_str().unwrap()) else {
            assert_eq!(violation.wrong, Wrong::Unfiled, "{line} has no case");
            continue;
        };
        let (_, found) = checked(folder.path(), case, &year.trust, "audit", Stage::Closing);
        let wanted: BTreeSet<String> = serde_json::from_value(line["rules"].clone()).unwrap();
        if found != wanted {
            problems.push(format!("{name}: expected {wanted:?}, found {found:?}"));
        }
        if wanted.is_empty() && violation.population.is_empty() {
            problems.push(format!("{name}: nobody notices it"));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn a_case_of_a_qvi_that_the_trust_file_does_not_name_is_not_clean() {
    let (year, other) = (generated(order(1, 0, 1)), generated(order(1, 0, 2)));
    let folder = written(&year);
    let case = &lines(&year.made[0].lines.cases)[0];
    let (verdict, rules) = checked(folder.path(), case, &other.trust, "audit", Stage::Closing);
    assert_eq!(verdict, Verdict::NotClean);
    // The rule that holds the case against the trust file.
    assert!(rules.contains("GATE-10"), "{rules:?}");
}

#[test]
fn what_is_wrong_is_said_of_cases_of_any_place() {
    let year = generated(order(60, 1_000_000, 11));
    let folder = written(&year);
    let expected: BTreeMap<String, Value> = year
        .made
        .iter()
        .flat_map(|made| lines(&made.lines.expected))
        .map(|line| (line["case"].as_str().unwrap().to_owned(), line))
        .collect();
    let cases: Vec<Value> = year.made.iter().flat_map(|made| lines(&made.lines.cases)).collect();
    for case in cases.iter().skip(1).step_by(7) {
        let line = &expected[case["case"].as_str().unwrap()];
        let (_, found) = checked(folder.path(), case, &year.trust, "audit", Stage::Closing);
        let wanted: BTreeSet<String> = serde_json::from_value(line["rules"].clone()).unwrap();
        assert_eq!(found, wanted, "{line}");
    }
}

#[test]
fn the_ledger_has_a_row_for_each_signature() {
    let year = generated(order(35, 0, 5));
    let folder = written(&year);
    let ledger = Ledger::open(&folder.path().join("ledger")).unwrap();
    assert_eq!((ledger.size(), ledger.trust()), (36, Some(year.trust.digest)));
    assert!(ledger.torn().is_none());
    for case in lines(&year.made[1].lines.cases) {
        let path = folder.path().join(case["path"].as_str().unwrap());
        let snapshot = Snapshot::read(&path, &Limits::STANDARD).unwrap();
        let record = snapshot.file(snapshot.find("decision/07-partial-signature.json").unwrap());
        let row = ledger.find(&record.sha256().unwrap()).unwrap();
        let record: Value = serde_json::from_slice(record.bytes().unwrap()).unwrap();
        assert_eq!(row.entry.at.to_string(), record["signed_at"].as_str().unwrap());
        assert_eq!(row.entry.actor.to_string(), record["signer_aid"].as_str().unwrap());
    }
}

#[test]
fn records_fit_their_schemas() {
    let year = generated(order(2, 0, 5));
    let folder = written(&year);
    for case in lines(&year.made[0].lines.cases) {
        let path = folder.path().join(case["path"].as_str().unwrap());
        let snapshot = Snapshot::read(&path, &Limits::STANDARD).unwrap();
        assert!(check::problems(&snapshot, &FactSchema::embedded()).is_empty());
    }
}

#[test]
fn keripy_accepts_the_log_of_a_qvi() {
    let Some(python) = keripy() else { return };
    let year = generated(order(4, 0, 9));
    let stream = &year.files["registries/qvi-00001.cesr"];
    let found = accepted(&python, stream);
    assert_eq!(found["left"], 0, "{found}");
    let logs: BTreeMap<String, (u64, String)> = serde_json::from_value(found["logs"].clone()).unwrap();
    let qvi = lines(&year.made[0].lines.cases)[0]["qvi"].as_str().unwrap().to_owned();
    // Its inception, its registry, and four credentials.
    assert_eq!(logs[&qvi].0, 5);
}

/// The audit of a whole year, of two QVIs, finds what was put into it and nothing else.
#[test]
fn an_audit_finds_what_is_wrong_with_a_year() {
    // Enough that every kind is in it.
    let year = generated(order(64, 800_000, 5));
    let folder = written(&year);
    // Who practises may set the clock.
    let desk = tempfile::tempdir().unwrap();
    let settings = format!("trust = {:?}\n", folder.path().join("trust.json"));
    std::fs::write(desk.path().join("countersign.toml"), settings).unwrap();
    let mut audit = assert_cmd::Command::cargo_bin("countersign").unwrap();
    audit.current_dir(desk.path()).env("COUNTERSIGN_NOW", "2027-02-01T00:00:00Z");
    audit.arg("audit").arg(folder.path());
    audit.args(["--period", "2026-01-01..2027-01-01", "--format", "json"]);
    let output = audit.output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();

    let expected: Vec<Value> = year.made.iter().flat_map(|made| lines(&made.lines.expected)).collect();
    let texts = |value: &Value| -> BTreeSet<String> {
        value.as_array().into_iter().flatten().map(|text| text.as_str().unwrap().to_owned()).collect()
    };
    let rules: BTreeMap<String, BTreeSet<String>> =
        expected.iter().map(|line| (line["case"].as_str().unwrap().to_owned(), texts(&line["rules"]))).collect();
    assert!(rules.len() >= VIOLATIONS.len(), "{}", rules.len());
    let mut wrong = 0;
    for case in document["cases"].as_array().unwrap() {
        let name = case["bundle_id"].as_str().unwrap();
        let told: BTreeSet<String> = case["findings"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|finding| finding["rule"].as_str().unwrap().to_owned())
            .collect();
        let put = rules.get(name).cloned().unwrap_or_default();
        assert!(told.is_subset(&put), "{name}: {told:?}, and {put:?} was put in");
        // A case may be clean in which something fails that is for information only.
        let clean = case["verdict"] == "clean";
        assert!(clean || !told.is_empty(), "{name}");
        wrong += usize::from(!clean);
    }
    assert!(wrong >= 40, "{wrong}");

    let found: BTreeSet<String> = document["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| finding["code"].as_str().unwrap().to_owned())
        .collect();
    let mut put: BTreeSet<String> = expected.iter().flat_map(|line| texts(&line["population"])).collect();
    // Those follow from cases that are not clean, and from a year without a watch.
    put.extend(["issuance_not_compliant", "monitoring_missing"].map(str::to_owned));
    assert_eq!(found, put);
}
