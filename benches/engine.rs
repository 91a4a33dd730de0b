//! Where the time of a verdict goes, on the reference case: `cargo bench`.
//!
//! Each step takes what the one before it gives, so that the table adds up to the last row.

#![allow(clippy::unwrap_used, missing_docs)]

use std::fs;
use std::path::{Path, PathBuf};

use bumpalo::Bump;
use countersign::bundle::{Limits, Snapshot};
use countersign::check::{self, Options};
use countersign::collect::{RunFacts, collect};
use countersign::compile::program::{Program, Stage};
use countersign::compile::{self, compile};
use countersign::evaluate::outcome::{FailOn, Verdict};
use countersign::evaluate::{Inputs, Question, Signing, evaluate, push_tables, select};
use countersign::facts::Facts;
use countersign::facts::schema::FactSchema;
use countersign::policy;
use countersign::report::human::{self, Layout};
use countersign::report::json;
use countersign::source::Source;
use countersign::trust::Trust;
use divan::{Bencher, black_box};

const AS_OF: &str = "2026-03-20T15:00:00Z";
const FLOW: &str = "le-unsolicited";

fn main() {
    divan::main();
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn trust() -> Trust {
    Trust::parse(&fs::read(root().join("fixtures/trust.json")).unwrap()).unwrap()
}

/// The reference case; every rule of its stage passes.
fn clean() -> Snapshot {
    Snapshot::read(&root().join("fixtures/cases/b0"), &Limits::STANDARD).unwrap()
}

/// The reference case with a lapsed registration: what fails is explained.
fn failing() -> Snapshot {
    let path = root().join("fixtures/variants/lapsed-renewal.yaml");
    let steps = policy::cases::patch_file(&Source::new("patch.yaml", fs::read_to_string(path).unwrap())).unwrap();
    check::cases::patched(&clean(), &steps).unwrap()
}

fn facts<'a>(program: &'a Program, snapshot: &'a Snapshot, arena: &'a Bump, trust: &'a Trust) -> Facts<'a> {
    let run = RunFacts { stage: "evidence", flow: FLOW, profile: "house" };
    let (mut facts, _) = collect(snapshot, arena, &program.schema, &program.layout, trust, &run, None);
    push_tables(program, &mut facts);
    facts
}

fn options() -> Options {
    Options {
        as_of: AS_OF.parse().unwrap(),
        stage: Stage::Evidence,
        flows: Vec::new(),
        profile: "house".to_owned(),
        set: Vec::new(),
        fail_on: FailOn::Warn,
    }
}

/// What is done before any evidence is read.
mod load {
    use super::*;

    /// `--policies DIR`: every YAML file read, parsed, typed and laid out.
    #[divan::bench(sample_count = 20)]
    fn folder_of_policies() -> Program {
        let mut files = Vec::new();
        read(&root().join("policies"), &mut files);
        let (set, problems) = policy::load(files);
        assert!(problems.is_empty());
        compile(&set, FactSchema::embedded()).unwrap()
    }

    fn read(folder: &Path, files: &mut Vec<Source>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                read(&path, files);
            } else if path.extension().is_some_and(|extension| extension == "yaml")
                && !path.to_string_lossy().ends_with(".cases.yaml")
            {
                let name = path.strip_prefix(root().join("policies")).unwrap().display().to_string();
                files.push(Source::new(name, fs::read_to_string(&path).unwrap()));
            }
        }
        files.sort_by(|a, b| a.name().cmp(b.name()));
    }

    /// The embedded rule book, as every command without `--policies` takes it.
    #[divan::bench]
    fn embedded_image() -> Program {
        compile::shipped_image().unwrap()
    }

    /// The schema files; the image holds what they give.
    #[divan::bench]
    fn schemas() -> FactSchema {
        FactSchema::embedded()
    }

    #[divan::bench]
    fn trust_file() -> Trust {
        trust()
    }
}

/// From the bytes of a case to findings.
mod verdict {
    use super::*;

    /// Walk, read, hash, compare with the manifest.
    #[divan::bench]
    fn snapshot() -> Snapshot {
        clean()
    }

    /// Read every record once, check every field, store those that rules read.
    #[divan::bench]
    fn facts(bencher: Bencher<'_, '_>) {
        let (program, snapshot, trust) = (compile::shipped_image().unwrap(), clean(), trust());
        bencher.bench_local(|| {
            let arena = Bump::new();
            black_box(super::facts(&program, &snapshot, &arena, &trust));
        });
    }

    /// Every rule of the stage passes: nothing is explained.
    #[divan::bench]
    fn evaluate_clean(bencher: Bencher<'_, '_>) {
        judge(bencher, &clean(), Verdict::Clean);
    }

    /// Rules fail, and each failure is run again to say why.
    #[divan::bench]
    fn evaluate_failing(bencher: Bencher<'_, '_>) {
        judge(bencher, &failing(), Verdict::NotClean);
    }

    fn judge(bencher: Bencher<'_, '_>, snapshot: &Snapshot, expected: Verdict) {
        let (program, trust, arena) = (compile::shipped_image().unwrap(), trust(), Bump::new());
        let facts = super::facts(&program, snapshot, &arena, &trust);
        let (flows, as_of) = ([FLOW.to_owned()], AS_OF.parse().unwrap());
        let profile = program.profiles.iter().find(|profile| profile.id == "house").unwrap();
        bencher.bench_local(|| {
            let (stage, signing) = (Stage::Evidence, Signing::NotYet);
            let selection = select(&program, &Question { flows: &flows, packs: &[], profile, stage, as_of, signing });
            let bundle = snapshot.digest();
            let inputs =
                Inputs { as_of, signing, selection: &selection, profile, parameters: &[], waivers: &[], bundle };
            let evaluation = evaluate(&program, &facts, &inputs);
            assert_eq!(evaluation.verdict, expected);
            evaluation
        });
    }
}

/// The whole way, in one process.
mod end_to_end {
    use super::*;

    fn run(snapshot: impl Fn() -> Snapshot, print: impl Fn(&countersign::report::Report) -> usize) -> usize {
        let program = compile::shipped_image().unwrap();
        let report = check::check(&program, &snapshot(), &trust(), None, &options()).unwrap();
        print(&report)
    }

    #[divan::bench]
    fn clean_for_people() -> usize {
        let layout = Layout { width: 100, unicode: true, all: false, case_path: "b0".to_owned() };
        run(clean, |report| human::render(report.content(), &layout).len())
    }

    #[divan::bench]
    fn clean_as_json() -> usize {
        run(clean, |report| json::render(report).len())
    }

    #[divan::bench]
    fn failing_for_people(bencher: Bencher<'_, '_>) {
        let layout = Layout { width: 100, unicode: true, all: false, case_path: "b0".to_owned() };
        let snapshot = failing();
        bencher.bench_local(|| run(|| snapshot.clone(), |report| human::render(report.content(), &layout).len()));
    }
}
