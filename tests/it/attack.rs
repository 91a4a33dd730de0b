//! Attacks on the reference case: evidence that violates a clause and would like to pass.
//!
//! Each begins with the case as it is, which is clean. What single rules say of single violations stands in the
//! cases beside the policies; here is what reaches across them: bytes, files, and papers of two cases mixed.

mod bytes;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use assert_cmd::Command;
use countersign::bundle::{Limits, Snapshot};
use countersign::check::{self, Options, cases};
use countersign::compile::program::{Program, Stage};
use countersign::compile::shipped;
use countersign::evaluate::outcome::Verdict;
use countersign::keri::remake::Keys;
use countersign::keri::signature::Memory;
use countersign::policy::cases::patch_file;
use countersign::report::ReportDocument;
use countersign::source::Source;
use countersign::trust::Trust;

use crate::fixture::options;

type Files = BTreeMap<String, Vec<u8>>;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The reference case and what judges it.
struct Target {
    program: &'static Program,
    trust: Trust,
    snapshot: Snapshot,
    keys: Keys,
    /// Signatures that held in an earlier attack: most attacks leave most of them as they are.
    memory: Arc<Memory>,
}

impl Target {
    fn new() -> Self {
        let fixtures = root().join("fixtures");
        let snapshot = Snapshot::read(&fixtures.join("cases/b0"), &Limits::STANDARD).unwrap();
        let trust = Trust::parse(&std::fs::read(fixtures.join("trust.json")).unwrap()).unwrap();
        let keys = Keys::parse(&std::fs::read(fixtures.join("keri/b0/keys.json")).unwrap()).unwrap();
        let target = Self { program: shipped().unwrap(), trust, snapshot, keys, memory: Arc::default() };
        for stage in [Stage::Evidence, Stage::Proposal, Stage::Approval, Stage::Closing] {
            assert_eq!(target.judge(&target.snapshot, stage).verdict, Verdict::Clean, "{stage:?}");
        }
        target
    }

    fn judge(&self, snapshot: &Snapshot, stage: Stage) -> ReportDocument {
        let as_of = if stage < Stage::Closing { "2026-03-20T15:00:00Z" } else { "2026-03-20T15:05:00Z" };
        let options = Options { memory: Some(self.memory.clone()), ..options(as_of, stage) };
        check::content(self.program, snapshot, &self.trust, None, &options).unwrap()
    }

    fn patched(&self, steps: &str) -> Snapshot {
        let text = format!("name: attack\nfixture: b0\nas_of: 2026-03-20T15:00:00Z\npatch:\n{steps}");
        let file = patch_file(&Source::new("attack.yaml", text)).unwrap_or_else(|problems| panic!("{problems:?}"));
        cases::patched(&self.snapshot, &file.steps, &self.program.schema, &self.keys).unwrap().snapshot
    }
}

/// A small generator with a seed: the same attacks in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound
    }
}

/// Changes one byte to another.
fn flip(files: &mut Files, path: &str, dice: &mut Dice) -> usize {
    let bytes = files.get_mut(path).unwrap();
    let at = dice.below(bytes.len());
    bytes[at] ^= (1 + dice.below(255)) as u8;
    at
}

const MANIFEST: &str = "bundle/manifest.json";

#[test]
fn no_listed_file_can_lose_a_byte_unnoticed() {
    let target = Target::new();
    let mut files = target.snapshot.to_files();
    // A manifest lists neither itself nor what signs it; `bytes` changes these too.
    let unlisted = [MANIFEST, "bundle/manifest.sig.cesr"];
    let is_listed = |path: &&String| path.starts_with("bundle/") && !unlisted.contains(&path.as_str());
    let listed: Vec<String> = files.keys().filter(is_listed).cloned().collect();
    assert!(listed.len() > 35, "{}", listed.len());
    let mut dice = Dice(3);
    for round in 0..1_000 {
        let path = &listed[round % listed.len()];
        let whole = files[path].clone();
        let at = flip(&mut files, path, &mut dice);
        let snapshot = Snapshot::from_files(files.clone(), &Limits::STANDARD);
        let noticed = snapshot.problems().iter().any(|problem| &problem.path == path);
        assert!(noticed, "byte {at} of {path}");
        files.insert(path.clone(), whole);
    }
}

/// Members of the manifest that no rule compares with anything: its signatures alone protect them.
const SIGNED_ONLY: [&str; 8] = [
    "created_at",
    "sealed_by",
    "policy_profile",
    "retention_until",
    "captured_at",
    "captured_by",
    "media_type",
    "source",
];

#[test]
fn what_only_the_seal_protects_cannot_be_changed() {
    let target = Target::new();
    let files = target.snapshot.to_files();
    let text = String::from_utf8(files[MANIFEST].clone()).unwrap();
    for name in SIGNED_ONLY {
        // A digit or letter in the value becomes its neighbour, so that the manifest stays as its schema wants it.
        let start = text.find(&format!("\"{name}\":\"")).unwrap_or_else(|| panic!("no {name}")) + name.len() + 4;
        let mut changed = files.clone();
        let bytes = changed.get_mut(MANIFEST).unwrap();
        bytes[start + 3] ^= 1;
        let snapshot = Snapshot::from_files(changed, &Limits::STANDARD);
        let document = target.judge(&snapshot, Stage::Evidence);
        assert_eq!(document.verdict, Verdict::NotClean, "{name}");
        let first = &document.results[0].findings[0].message;
        assert!(first.contains(MANIFEST), "{name}: {first}");
    }
}

#[test]
fn the_last_record_of_a_case_cannot_be_changed_either() {
    let target = Target::new();
    let files = target.snapshot.to_files();
    // Nothing that follows holds its digest.
    let last = files.keys().rfind(|path| path.starts_with("decision/") && path.ends_with(".json")).unwrap();
    let signatures = last.replace(".json", ".sig.cesr");
    let mut dice = Dice(11);
    for round in 0..40 {
        let path = if round % 2 == 0 { last } else { &signatures };
        let mut files = files.clone();
        let at = flip(&mut files, path, &mut dice);
        let snapshot = Snapshot::from_files(files, &Limits::STANDARD);
        assert_eq!(target.judge(&snapshot, Stage::Approval).verdict, Verdict::NotClean, "byte {at} of {path}");
    }
}

/// Papers that each look well and do not belong together.
const MIXED: [(&str, Stage, &str); 9] = [
    (
        "the flow is claimed that asks least",
        Stage::Evidence,
        "  - set: manifest.json#/flow\n    to: le-solicited\n  \
         - set: raw/lei-record-r1.json#/data/attributes/registration/status\n    to: LAPSED\n",
    ),
    (
        "all records are of another case",
        Stage::Evidence,
        "  - replace: '\"subject_case\": \"LE-2026-017\"'\n    by: '\"subject_case\": \"LE-2025-001\"'\n    \
         in: records/*.json\n",
    ),
    (
        "the bundle is renamed after another case",
        Stage::Evidence,
        "  - set: manifest.json#/bundle_id\n    to: LE-2099-001\n",
    ),
    (
        "a rejection lies beside the approval",
        Stage::Approval,
        "  - copy: decision/06-approval.json\n    as: decision/07-approval.json\n    \
         change: { /id: approval-2, /decision: reject, /decided_at: 2026-03-20T14:56:00Z }\n",
    ),
    (
        "a second proposal lies beside the approved one",
        Stage::Approval,
        "  - copy: decision/03-proposal.json\n    as: decision/07-proposal.json\n    change: { /id: proposal-2 }\n",
    ),
    (
        "a second session with the same LARs lies beside the first",
        Stage::Evidence,
        "  - copy: records/session-1.json\n    as: records/session-2.json\n    change: { /id: session-2, /audio: false }\n",
    ),
    (
        "a second roster lies beside the first",
        Stage::Evidence,
        "  - copy: records/qar-roster.json\n    as: records/qar-roster-2.json\n    change: { /id: qar-roster-2 }\n",
    ),
    (
        "QAR2 is QAR1 with a space behind the name",
        Stage::Evidence,
        "  - set: decision/02-assignment-qar2.json#/person_id\n    to: 'Q1 '\n  \
         - set: records/qar-roster.json#/members/1/person_id\n    to: 'Q1 '\n",
    ),
    (
        "evidence of an earlier case is referred to that nobody can see",
        Stage::Evidence,
        "  - set: manifest.json#/references\n    to:\n      \
         - { bundle_digest: 41b476c2b9aa9d00fa4c328c580c6be53a01e1fc7a1c620247853e2e55ef31e6, path: records/x.json, \
         sha256: 41b476c2b9aa9d00fa4c328c580c6be53a01e1fc7a1c620247853e2e55ef31e6, as: oobi-session }\n",
    ),
];

#[test]
fn papers_that_do_not_belong_together_are_not_clean() {
    let target = Target::new();
    for (name, stage, steps) in MIXED {
        let verdict = target.judge(&target.patched(steps), stage).verdict;
        assert!(matches!(verdict, Verdict::NotClean | Verdict::Indeterminate), "{name}: {verdict:?}");
    }
}

fn countersign(arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::cargo_bin("countersign").unwrap();
    let output =
        command.current_dir(root()).args(arguments).timeout(std::time::Duration::from_secs(60)).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(!text.contains("panicked"), "{arguments:?}: {text}");
    (output.status.code(), text)
}

#[test]
fn a_file_without_end_ends_the_command() {
    let case = ["check", "fixtures/cases/b0", "--as-of", "2026-03-20T15:00:00Z"];
    assert_eq!(countersign(&[&case[..], &["--trust", "fixtures/trust.json"]].concat()).0, Some(0));
    if !Path::new("/dev/zero").exists() {
        return;
    }
    let endless: [&[&str]; 4] = [
        &["--trust", "/dev/zero"],
        &["--trust", "fixtures/trust.json", "--patch", "/dev/zero"],
        &["--trust", "fixtures/trust.json", "--config", "/dev/zero"],
        &["--trust", "fixtures/trust.json", "--policies", "/dev/zero"],
    ];
    for more in endless {
        let (status, text) = countersign(&[&case[..], more].concat());
        assert_eq!(status, Some(2), "{more:?}: {text}");
    }
    let (status, text) = countersign(&["check", "/dev/zero", "--trust", "fixtures/trust.json"]);
    assert_eq!(status, Some(2), "{text}");
}
