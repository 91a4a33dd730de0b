//! KERI and ACDC verification against an ecosystem of streams whose verdicts are known.
//!
//! The ecosystem is large and lives beside the repository; where it is absent, its tests say so and
//! pass, unless `COUNTERSIGN_REQUIRE` names `shared`.

mod beside;
mod command;
pub mod forge;
mod forgeries;
mod grants;
mod hostile;
pub mod interop;
mod limits;
mod made;
mod mutants;
mod mutate;
mod pooled;
mod shown;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use countersign::keri::{Answer, Options, Trusted, Verdict, Weight, schema::Library};
use countersign::primitives::{Instant, Said};
use forge::verify;

/// The folder of shared evidence, if it is there.
pub fn shared(path: &str) -> Option<PathBuf> {
    let root = std::env::var_os("COUNTERSIGN_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from);
    let folder = root.join(path);
    if folder.exists() {
        return Some(folder);
    }
    let required = std::env::var("COUNTERSIGN_REQUIRE").unwrap_or_default();
    assert!(!required.split(',').any(|name| name == "shared"), "{} is required and absent", folder.display());
    println!("skipped: {} is absent", folder.display());
    None
}

fn as_of() -> Instant {
    "2026-06-01T00:00:00Z".parse().unwrap()
}

pub struct Case {
    pub file: String,
    pub stream: Vec<u8>,
    pub target: Said,
    pub verdict: Answer,
    pub code: String,
}

pub struct Ecosystem {
    pub trusted: Trusted,
    pub cases: Vec<Case>,
}

pub fn ecosystem(folder: &Path) -> Ecosystem {
    let manifest: serde_json::Value = serde_json::from_slice(&fs::read(folder.join("manifest.json")).unwrap()).unwrap();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let trusted = Trusted {
        root: text(&manifest["trust"]["root"]).parse().unwrap(),
        geda: Some(text(&manifest["trust"]["geda"]).parse().unwrap()),
    };
    let cases = manifest["files"].as_array().unwrap().iter().map(|entry| {
        let file = text(&entry["file"]);
        let expect = &entry["expect"];
        let verdict = match (expect["verdict"].as_str().unwrap(), expect["crypto"].as_str().unwrap()) {
            ("accept", _) => Answer::Valid,
            (_, "revoked") => Answer::Revoked,
            (_, "incomplete") => Answer::Incomplete,
            (_, _) => Answer::Invalid,
        };
        let stream = fs::read(folder.join(&file)).unwrap();
        Case { stream, target: text(&entry["target"]).parse().unwrap(), verdict, code: text(&expect["code"]), file }
    });
    let cases: Vec<_> = cases.collect();
    assert!(!cases.is_empty());
    Ecosystem { trusted, cases }
}

fn judge(trusted: &Trusted, case: &Case, schemas: Option<&Library>) -> Verdict {
    let options = Options { as_of: as_of(), schemas, credential: Some(&case.target) };
    verify(&case.stream, trusted, &options).unwrap()
}

fn codes() -> BTreeMap<String, Vec<String>> {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/keri/codes.yaml")).unwrap();
    serde_saphyr::from_str(&text).unwrap()
}

/// What a stream got that it should not have.
fn disagreement(verdict: &Verdict, case: &Case, codes: &BTreeMap<String, Vec<String>>) -> Option<String> {
    let first = verdict.findings.first().map(|finding| finding.name());
    let expected = codes.get(&case.code).unwrap_or_else(|| panic!("no codes for {}", case.code));
    let reason = match verdict.answer {
        Answer::Valid => expected.is_empty(),
        Answer::Invalid | Answer::Revoked | Answer::Incomplete => {
            expected.iter().any(|code| Some(code.as_str()) == first)
        }
    };
    let right = verdict.answer == case.verdict && reason;
    (!right).then(|| {
        let findings: Vec<_> =
            verdict.findings.iter().map(|finding| format!("    {}: {}", finding.name(), finding.message)).collect();
        format!(
            "{}: {} ({:?} expected for {})\n{}",
            case.file,
            verdict.answer,
            case.verdict,
            case.code,
            findings.join("\n")
        )
    })
}

#[test]
fn streams_that_keripy_made_get_their_verdicts() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/streams");
    let streams: BTreeMap<String, BTreeMap<String, String>> =
        serde_json::from_slice(&fs::read(folder.join("streams.json")).unwrap()).unwrap();
    assert!(streams.len() >= 7);
    for (name, told) in streams {
        let trusted = Trusted { root: told["root"].parse().unwrap(), geda: Some(told["geda"].parse().unwrap()) };
        let credential: Said = told["credential"].parse().unwrap();
        let options = Options { as_of: as_of(), schemas: None, credential: Some(&credential) };
        let verdict = verify(&fs::read(folder.join(format!("{name}.cesr"))).unwrap(), &trusted, &options).unwrap();
        let heavy = verdict.findings.iter().find(|finding| finding.code.weight() != Weight::Note);
        let first = heavy.map_or("", |finding| finding.name());
        let found = (verdict.answer.to_string(), first.to_owned());
        assert_eq!(found, (told["verdict"].clone(), told["code"].clone()), "{name}: {:#?}", verdict.findings);
    }
}

#[test]
fn every_stream_of_the_ecosystem_gets_its_verdict_and_its_reason() {
    let Some(folder) = shared("keri/ecosystem") else { return };
    let ecosystem = ecosystem(&folder);
    let codes = codes();
    let wrong: Vec<String> = ecosystem
        .cases
        .iter()
        .filter_map(|case| disagreement(&judge(&ecosystem.trusted, case, None), case, &codes))
        .collect();
    assert!(wrong.is_empty(), "{} of {} streams:\n{}", wrong.len(), ecosystem.cases.len(), wrong.join("\n"));
}
