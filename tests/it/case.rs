//! The acts of a case: the whole walk with the keys of the fixture, and each refusal.

mod command;
mod refused;
mod waived;
mod walk;
mod written;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use countersign::bundle::{Limits, Snapshot};
use countersign::case::{self, Actor, CaseError, Decision, Desk, Draft, Role, Signed, Verdict};
use countersign::check::{self, cases};
use countersign::compile::program::{Program, Stage};
use countersign::keri::remake::Keys;
use countersign::keystore::{Cost, Embedded, Imported, KeyName, Keystore, Passphrase, Seed};
use countersign::policy::cases::patch_file;
use countersign::primitives::{Aid, Instant};
use countersign::report::Report;
use countersign::source::Source;
use countersign::store::folder::{self, Seen};
use countersign::trust::Trust;
use miette::Diagnostic;

use crate::fixture::options;

pub const PASSPHRASE: &str = "correct horse battery";

pub fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

pub fn program() -> &'static Program {
    countersign::compile::shipped().unwrap()
}

pub fn trust() -> Trust {
    Trust::parse(&fs::read(fixtures().join("trust.json")).unwrap()).unwrap()
}

pub fn at(text: &str) -> Instant {
    text.parse().unwrap()
}

/// The public test keys of the fixture.
fn holder(name: &str) -> (Aid, Seed, Seed) {
    let keys: serde_json::Value =
        serde_json::from_slice(&fs::read(fixtures().join("keri/b0/keys.json")).unwrap()).unwrap();
    let text = |member: &str| keys["holders"][name][member].as_str().unwrap().to_owned();
    (text("aid").parse().unwrap(), Seed::parse(&text("current")).unwrap(), Seed::parse(&text("next")).unwrap())
}

pub fn aid(name: &str) -> Aid {
    holder(name).0
}

/// A case in a folder, its people and their keys.
pub struct Case {
    pub scratch: tempfile::TempDir,
    pub trust: Trust,
}

impl Case {
    /// The reference case as it was sealed, before anybody was assigned.
    pub fn sealed() -> Self {
        Self::with(|path| path.starts_with("bundle/"))
    }

    /// The reference case with those of its files that are wanted.
    pub fn with(wanted: impl Fn(&str) -> bool) -> Self {
        let files = Snapshot::read(&fixtures().join("cases/b0"), &Limits::STANDARD).unwrap().to_files();
        Self::of(files.into_iter().filter(|(path, _)| wanted(path)).collect())
    }

    pub fn of(files: BTreeMap<String, Vec<u8>>) -> Self {
        let case = Self { scratch: tempfile::tempdir().unwrap(), trust: trust() };
        for (path, bytes) in files {
            case.put(&path, &bytes);
        }
        case
    }

    /// The sealed reference case with other evidence, signed again by those who signed it.
    pub fn patched(steps: &str) -> Self {
        let snapshot = Self::sealed().snapshot();
        let text = format!("name: other evidence\nfixture: b0\nas_of: 2026-03-20T15:00:00Z\npatch:\n{steps}");
        let file = patch_file(&Source::new("other.yaml", text)).unwrap_or_else(|problems| panic!("{problems:?}"));
        let keys = Keys::parse(&fs::read(fixtures().join("keri/b0/keys.json")).unwrap()).unwrap();
        let patched = cases::patched(&snapshot, &file.steps, &program().schema, &keys).unwrap();
        assert_eq!(patched.stale, Vec::<String>::new());
        Self::of(patched.snapshot.to_files())
    }

    /// Both QARs, at the times of the fixture.
    pub fn with_qars(self) -> Self {
        self.assign("2026-03-17T09:00:00Z", "Q3", Role::Qar1, "Q1").unwrap();
        self.assign("2026-03-17T09:05:00Z", "Q3", Role::Qar2, "Q2").unwrap();
        self
    }

    pub fn put(&self, path: &str, bytes: &[u8]) {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    pub fn path(&self) -> PathBuf {
        self.scratch.path().join("case")
    }

    pub fn keys(&self) -> PathBuf {
        self.scratch.path().join("keys")
    }

    pub fn snapshot(&self) -> Snapshot {
        Snapshot::read(&self.path(), &Limits::STANDARD).unwrap()
    }

    pub fn decided(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.path().join("decision")) else { return Vec::new() };
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    /// The keys of somebody, imported when they are first asked for.
    pub fn signer(&self, name: &str) -> Embedded<'static> {
        let keystore = Keystore::new(&self.keys()).with_cost(Cost { memory_kib: 8, passes: 1, lanes: 1 });
        let key: KeyName = name.to_lowercase().parse().unwrap();
        let passphrase = || Passphrase::new(PASSPHRASE.to_owned());
        let file = keystore.read(&key).unwrap_or_else(|_| {
            let (aid, current, next) = holder(name);
            keystore.import(&key, Imported { aid, current, next: Some(next) }, &passphrase()).unwrap()
        });
        Embedded::locked(file, move || Ok(passphrase()))
    }

    pub fn check_of(&self, snapshot: &Snapshot, stage: Stage, as_of: &str) -> Report {
        let options = options(as_of, stage);
        check::check(program(), snapshot, &self.trust, None, &options).unwrap()
    }

    pub fn check(&self, stage: Stage, as_of: &str) -> Report {
        self.check_of(&self.snapshot(), stage, as_of)
    }

    /// An act as somebody makes it at an instant: nothing is written where it is refused.
    pub fn act(
        &self,
        now: &str,
        person: &str,
        make: impl FnOnce(&Desk<'_>, &Actor) -> Result<Draft, CaseError>,
    ) -> Result<Signed, CaseError> {
        self.act_with(now, person, person, make)
    }

    /// As [`Case::act`], with the keys of somebody.
    pub fn act_with(
        &self,
        now: &str,
        person: &str,
        keys: &str,
        make: impl FnOnce(&Desk<'_>, &Actor) -> Result<Draft, CaseError>,
    ) -> Result<Signed, CaseError> {
        let snapshot = self.snapshot();
        let known = check::known(&snapshot, at(now), &[]);
        let desk = Desk::open(&snapshot, &program().schema, &self.trust, &known, at(now))?;
        let actor = Actor { person: person.to_owned(), aid: aid(keys) };
        let signed = make(&desk, &actor)?.sign(&self.signer(keys))?;
        let seen = Seen::of(snapshot.iter().map(|(_, file)| (file.path.clone(), file.sha256().unwrap())));
        folder::add(&self.path(), &seen, signed.files()).unwrap();
        Ok(signed)
    }

    pub fn assign(&self, now: &str, by: &str, role: Role, person: &str) -> Result<Signed, CaseError> {
        self.act(now, by, |desk, actor| case::assign(desk, actor, &[(role, person)]))
    }

    /// Both QARs, as in the fixture.
    pub fn assigned() -> Self {
        Self::sealed().with_qars()
    }

    /// The proposal as `propose` leaves it: without a signature of its record.
    pub fn proposed(self) -> Self {
        for name in ["03-proposal.json", "03-proposal.cesr"] {
            self.put(&format!("decision/{name}"), &fs::read(fixtures().join("cases/b0/decision").join(name)).unwrap());
        }
        self
    }

    /// A run of a stage, and an act that rests on it.
    pub fn act_on(
        &self,
        stage: Stage,
        now: &str,
        (person, keys): (&str, &str),
        make: impl FnOnce(&Desk<'_>, &Actor, &Report) -> Result<Draft, CaseError>,
    ) -> Result<Signed, CaseError> {
        self.act_with(now, person, keys, |desk, actor| make(desk, actor, &self.check(stage, now)))
    }

    pub fn submit(&self, now: &str, by: &str) -> Result<Signed, CaseError> {
        self.act(now, by, |desk, actor| {
            let before = desk.without_unsigned_proposal().unwrap_or_else(|| self.snapshot());
            let report = self.check_of(&before, Stage::Evidence, now);
            case::submit(desk, actor, &report, Decision::Approve)
        })
    }

    /// Submitted, as in the fixture.
    pub fn submitted() -> Self {
        let case = Self::assigned().proposed();
        case.submit("2026-03-19T10:00:00Z", "Q1").unwrap();
        case
    }

    pub fn decide(&self, as_of: &str, now: &str, by: &str, decision: Decision) -> Result<Signed, CaseError> {
        self.act(now, by, |desk, actor| {
            let report = self.check(Stage::Proposal, as_of);
            let packs = check::pack_digests(program(), &report);
            let reason = "I read the evidence and the report. The proposal is what the evidence proves.";
            case::decide(desk, actor, &Verdict { decision, reason, report: &report, packs: &packs })
        })
    }
}

/// The code of a refusal.
pub fn code(error: &dyn Diagnostic) -> String {
    error.code().unwrap().to_string()
}

#[track_caller]
pub fn refused(outcome: Result<Signed, CaseError>, expected: &str) {
    let error = outcome.map(|signed| signed.records().to_vec()).unwrap_err();
    assert_eq!(code(&error), format!("countersign::case::{expected}"), "{error}");
    assert!(error.help().is_some());
}
