//! An installation at the moment at which QAR2 signs the reference case: case, trust, lock, live state, store,
//! ledger and keys, each of which a test may spoil.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::OnceLock;

use countersign::bundle::{Limits, Snapshot};
use countersign::check::fresh::{Around, Live, Terms as RunTerms};
use countersign::check::{self, Fresh};
use countersign::compile;
use countersign::compile::program::{Program, Stage};
use countersign::gate::{self, Clearance, Code, LedgerView, Question, Refusal, StoreView};
use countersign::keri::remake::Keys as Seeds;
use countersign::keystore::{Cost, Embedded, Imported, KeyName, Keystore, Passphrase, Seed};
use countersign::ledger::{Entry, Kind, Ledger};
use countersign::lock::{SignedLock, Terms};
use countersign::policy::cases::patch_file;
use countersign::primitives::{Aid, Duration, Instant, Sha256};
use countersign::report::{Report, json};
use countersign::sign::{self, Bench, Point, SignError, Signed};
use countersign::source::Source;
use countersign::store::Store;
use countersign::trust::Trust;
use serde_json::Value;

use super::flow::{FLOWS, Flow};
use super::run::{Keys, Ran};
use crate::fixture::options;
use crate::proposal::fixtures;

pub type Files = BTreeMap<String, Vec<u8>>;

/// When QAR2 signs.
pub const NOW: &str = "2026-03-20T15:00:00Z";
/// When the report was made that QAR2 approved.
const REPORTED: &str = "2026-03-20T14:50:00Z";
/// The report that QAR2 approved.
const REPORT: &str = "decision/report-1.json";
/// Those under which the QVI issues.
const SCHEMAS: [&str; 3] = [
    "ENPXp1vQzRF6JwIuS-mp2U8Uf1MoADoP_GqQ62VsDZWY",
    "EBNaNu-M9P5cgrnfl2Fvymy4E_jvxxyjb70PRtiANlJy",
    "EEy9PkikFcANV1l7EHukCeXqrzT1hNZjGlUk7wuMO5jw",
];
pub const PASSPHRASE: &str = "correct horse battery";

pub fn at(text: &str) -> Instant {
    text.parse().unwrap()
}

pub fn program() -> &'static Program {
    compile::shipped().unwrap()
}

fn keys_json() -> &'static Value {
    static KEYS: OnceLock<Value> = OnceLock::new();
    KEYS.get_or_init(|| serde_json::from_slice(&fs::read(fixtures().join("keri/b0/keys.json")).unwrap()).unwrap())
}

pub fn stream(name: &str) -> Vec<u8> {
    fs::read(fixtures().join("keri/b0").join(name)).unwrap()
}

/// The streams of the fixture that make a whole live state.
pub fn live_streams() -> Vec<Vec<u8>> {
    ["kel-root", "kel-geda", "kel-qvi", "registry", "tel-qvi", "credential-qvi"]
        .map(|name| stream(&format!("{name}.cesr")))
        .to_vec()
}

/// Changes files as the patch of a case does; what changed is signed again.
pub fn patched(files: &Files, steps: &str) -> Files {
    patched_by("b0", files, steps)
}

/// The same, with the keys of the people of a case.
pub fn patched_by(case: &str, files: &Files, steps: &str) -> Files {
    if steps.is_empty() {
        return files.clone();
    }
    let source = Source::new("patch.yaml", format!("patch:\n{steps}"));
    let file = patch_file(&source).unwrap_or_else(|problems| panic!("{problems:?}"));
    let keys = Seeds::parse(&fs::read(fixtures().join(format!("keri/{case}/keys.json"))).unwrap()).unwrap();
    // The report is a document of the past: nothing in it is made to agree with what changes.
    let mut files = files.clone();
    let report = files.remove_entry(REPORT);
    let snapshot = Snapshot::from_files(files, &Limits::STANDARD);
    let patched = check::cases::patched(&snapshot, &file.steps, &program().schema, &keys).unwrap();
    assert_eq!(patched.stale, Vec::<String>::new());
    let mut files = patched.snapshot.to_files();
    files.extend(report);
    files
}

/// The installation.
pub struct World {
    /// The case as it was before anything was done to it; none: the reference case.
    pub flow: Option<&'static Flow>,
    pub folder: tempfile::TempDir,
    pub files: Files,
    pub trust: Trust,
    pub lock: Option<SignedLock>,
    pub live: Option<Live>,
    pub now: Instant,
    /// Whose keys are used.
    pub signer: &'static str,
    pub store_path: PathBuf,
    pub ledger_path: PathBuf,
}

/// What became of an attempt.
pub struct Attempt {
    pub outcome: Result<Signed, Refusal>,
    /// Whether the key was opened.
    pub opened: bool,
    /// Rows that the attempt wrote.
    pub rows: Vec<Kind>,
}

impl World {
    /// The reference case, approved.
    pub fn reference() -> Self {
        Self::with("", "")
    }

    /// The case with a patch from the beginning on, and one after its approval.
    pub fn with(before: &str, after: &str) -> Self {
        Self::installed(true, |trust| {
            let files = match (before, after) {
                // The report is the same whenever nothing was changed before it.
                ("", after) => patched(approved(trust), after),
                (before, after) => patched(&approve(&patched(&undecided(), before), trust), after),
            };
            let live = Live { streams: live_streams(), fetched_at: at("2026-03-20T14:59:00Z") };
            (None, files, live, at(NOW))
        })
    }

    /// The case of another flow, with a patch from the beginning on, and one after its approval.
    pub fn of(flow: &'static Flow, before: &str, after: &str) -> Self {
        Self::installed(true, |trust| {
            let files = flow.approve(&patched_by(flow.case, &flow.undecided(), before), trust);
            let live = Live { streams: flow.live_streams(), fetched_at: at(&flow.at("59")) };
            (Some(flow), patched_by(flow.case, &files, after), live, at(flow.now))
        })
    }

    /// The reference case in an installation that is not for practice: there the official schema is asked for, which
    /// is not part of this repository.
    pub fn real() -> Self {
        Self::installed(false, |trust| {
            let live = Live { streams: live_streams(), fetched_at: at("2026-03-20T14:59:00Z") };
            (None, approve(&undecided(), trust), live, at(NOW))
        })
    }

    fn installed(practice: bool, case: impl FnOnce(&Trust) -> (Option<&'static Flow>, Files, Live, Instant)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let [store_path, ledger_path] = ["store.sqlite", "ledger.jsonl"].map(|name| folder.path().join(name));
        Store::init(&store_path).unwrap();
        let actor: Aid = crate::proposal::aid(crate::proposal::Q2);
        let genesis = Entry { at: at("2026-01-01T00:00:00Z"), actor, kind: Kind::Genesis, payload: Sha256::of(b"x") };
        let mut ledger = Ledger::begin(&ledger_path, genesis).unwrap();
        let trust = trust(|trust| initialised(trust, &ledger.genesis().to_string(), practice));
        put_in_force(&trust, &mut ledger);
        let (flow, files, live, now) = case(&trust);
        let lock = Some(lock(&trust, |_| {}));
        Self { flow, folder, files, trust, lock, live: Some(live), now, signer: "Q2", store_path, ledger_path }
    }

    /// The trust file.
    pub fn trust_bytes(&self) -> Vec<u8> {
        // A test may have put one of its own there.
        if let Ok(own) = fs::read(self.folder.path().join("own-trust.json")) {
            return own;
        }
        trust_file(|trust| initialised(trust, &self.trust.ledger_genesis.unwrap().to_string(), self.trust.practice))
    }

    pub fn snapshot(&self) -> Snapshot {
        Snapshot::from_files(self.files.clone(), &Limits::STANDARD)
    }

    /// Makes the lock again, with other terms.
    pub fn relock(&mut self, change: impl FnOnce(&mut Terms)) {
        self.lock = Some(lock(&self.trust, change));
    }

    pub fn fresh(&self) -> Fresh {
        let highest = Store::open(&self.store_path, true).ok().and_then(|store| store.memory().unwrap().lock_serial);
        let verified = self.lock.as_ref().and_then(|lock| lock.verified(&self.trust, self.now, highest).ok());
        let terms = verified.map(|lock| RunTerms {
            profile: lock.profile.clone(),
            parameters: lock.parameters.clone().into_iter().collect(),
        });
        let earlier = fixtures().join("cases");
        let around = Around { program: program(), trust: &self.trust, cases: Some(&earlier), schemas: None, terms };
        Fresh::take(&around, &self.snapshot(), self.live.clone(), self.now)
    }

    pub fn clear(&self) -> Result<Clearance, Refusal> {
        self.ask(gate::clear)
    }

    pub fn ask<T>(&self, answer: fn(&Question<'_>) -> Result<T, Refusal>) -> Result<T, Refusal> {
        let fresh = self.fresh();
        let view = || {
            let store = Store::open(&self.store_path, self.trust.store_initialised);
            store.and_then(|store| StoreView::of(&store)).map_err(|error| error.to_string())
        };
        let (store, ledger) = match Ledger::open_beside(&self.ledger_path, view) {
            Ok((ledger, store)) => (store, Ok(LedgerView::of(&ledger))),
            Err(error) => (view(), Err(error.to_string())),
        };
        answer(&Question {
            fresh: &fresh,
            trust: &self.trust,
            lock: Ok(self.lock.as_ref()),
            store: store.as_ref().map_err(String::as_str),
            ledger: ledger.as_ref().map_err(String::as_str),
        })
    }

    pub fn embedded(&self, holder: &str) -> Embedded<'static> {
        embedded(&self.folder.path().join("keys"), holder)
    }

    /// Signs as the command does: gate, signature, or a refusal in the ledger.
    pub fn attempt(&self) -> Attempt {
        let signer = self.embedded(self.signer);
        let before = Ledger::open(&self.ledger_path).map(|ledger| ledger.size()).unwrap_or_default();
        let outcome = self.clear().and_then(|clearance| match self.sign(&clearance, &signer, &mut |_| Ok(())) {
            Ok(signed) => Ok(signed),
            Err(SignError::Refused(refusal)) => Err(*refusal),
            Err(error) => panic!("{error}"),
        });
        if let (Err(refusal), Ok(mut ledger)) = (&outcome, Ledger::open(&self.ledger_path)) {
            sign::record(refusal, &crate::proposal::aid(crate::proposal::Q2), &mut ledger).unwrap();
        }
        let rows = Ledger::open(&self.ledger_path).map(|ledger| ledger.rows().to_vec()).unwrap_or_default();
        let rows = rows.iter().skip(before as usize).map(|row| row.entry.kind).collect();
        Attempt { outcome, opened: signer.is_open(), rows }
    }

    pub fn sign(
        &self,
        clearance: &Clearance,
        signer: &Embedded<'_>,
        reached: &mut dyn FnMut(Point) -> io::Result<()>,
    ) -> Result<Signed, SignError> {
        let mut store = Store::open(&self.store_path, true).unwrap();
        let mut ledger = Ledger::open(&self.ledger_path).unwrap();
        let out = self.folder.path().join("event.cesr");
        let mut release = |signed: &Signed| fs::write(&out, &signed.event.stream);
        let mut bench = Bench { signer, store: &mut store, ledger: &mut ledger, release: &mut release, reached };
        sign::sign(clearance, self.now, &mut bench)
    }

    /// Nothing is signed, for this reason: no key was opened, and the ledger says so.
    #[track_caller]
    pub fn refused(&self, code: Code) -> Refusal {
        let attempt = self.refused_unrecorded(code);
        assert_eq!(attempt.rows, [Kind::Refusal], "the ledger has no row of it");
        attempt.outcome.unwrap_err()
    }

    #[track_caller]
    pub fn refused_unrecorded(&self, code: Code) -> Attempt {
        match self.flow {
            None => unmutated(),
            Some(flow) => flow.signs(),
        }
        let attempt = self.attempt();
        assert!(!attempt.opened, "a key was opened");
        let Err(refusal) = &attempt.outcome else { panic!("it was signed; expected {code}") };
        assert!(refusal.is_for(code), "expected {code}: {:#?}", refusal.reasons());
        assert!(!self.folder.path().join("event.cesr").exists());
        self.refused_by_command(code, refusal);
        attempt
    }
}

/// The reference case signs: what an attack changes is what refuses it.
pub fn unmutated() {
    static SIGNED: OnceLock<()> = OnceLock::new();
    SIGNED.get_or_init(|| {
        let attempt = World::reference().attempt();
        let signed = attempt.outcome.unwrap_or_else(|refusal| panic!("{:#?}", refusal.reasons()));
        assert!(signed.event.satisfied && attempt.opened);
        // And so it does by the command, which does not without its keys.
        let world = World::reference();
        world.lay_out();
        for keys in [Keys::Absent, Keys::Locked] {
            let ran = Ran::of(world.command("sign", keys).output().unwrap());
            assert_eq!(ran.status, Some(2), "{keys:?} {ran:#?}");
        }
        let ran = world.signed_by_command();
        assert_eq!(ran.status, Some(0), "{ran:#?}");
        assert_eq!(fs::read(world.out("event.cesr")).unwrap(), signed.event.stream);
    });
}

/// The ledger's row about a trust file, as `trust replace` writes it.
pub fn put_in_force(trust: &Trust, ledger: &mut Ledger) {
    let (at, actor) = (at("2026-01-01T00:00:01Z"), crate::proposal::aid(crate::proposal::Q2));
    ledger.append(Entry { at, actor, kind: Kind::Trust, payload: trust.digest }).unwrap();
}

pub fn trust(change: impl FnOnce(&mut Value)) -> Trust {
    Trust::parse(&trust_file(change)).unwrap()
}

pub fn trust_file(change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let mut trust: Value = serde_json::from_slice(&fs::read(fixtures().join("trust.json")).unwrap()).unwrap();
    change(&mut trust);
    serde_json::to_vec(&trust).unwrap()
}

/// The trust file names the ledger, and says that there is a store, and whether all of it is practice.
pub fn initialised(trust: &mut Value, genesis: &str, practice: bool) {
    trust["practice"] = Value::from(practice);
    trust["ledger_genesis"] = Value::from(genesis);
    trust["store_initialised"] = Value::from(true);
}

fn seed(holder: &str, which: &str) -> Seed {
    Seed::parse(keys_json()["holders"][holder][which].as_str().unwrap()).unwrap()
}

/// Keys of the fixture in a keystore of their own.
fn embedded(folder: &std::path::Path, holder: &str) -> Embedded<'static> {
    let cost = Cost { memory_kib: 64, passes: 1, lanes: 1 };
    let keystore = Keystore::new(folder).with_cost(cost);
    let name: KeyName = holder.to_lowercase().parse().unwrap();
    let passphrase = || Passphrase::new(PASSPHRASE.to_owned());
    let file = keystore.read(&name).or_else(|_| {
        let aid = keys_json()["holders"][holder]["aid"].as_str().unwrap().parse().unwrap();
        let (current, next) = (seed(holder, "current"), Some(seed(holder, "next")));
        keystore.import(&name, Imported { aid, current, next }, &passphrase())
    });
    Embedded::locked(file.unwrap(), move || Ok(passphrase()))
}

/// The lock of the installation, signed by two of its policy keys.
pub fn lock(trust: &Trust, change: impl FnOnce(&mut Terms)) -> SignedLock {
    let keys = tempfile::tempdir().unwrap();
    let mut lock = draft(trust, change);
    for (holder, log) in [("POLICY-1", "kel-policy-1.cesr"), ("POLICY-2", "kel-policy-2.cesr")] {
        let log = String::from_utf8(stream(log)).unwrap();
        lock = lock.sign(trust, log.trim_end(), &embedded(keys.path(), holder)).unwrap();
    }
    lock
}

/// A lock that nobody signed.
pub fn draft(trust: &Trust, change: impl FnOnce(&mut Terms)) -> SignedLock {
    let mut terms = Terms {
        id: "house".to_owned(),
        serial: 7,
        not_before: at("2026-01-01T00:00:00Z"),
        expires: at("2026-12-31T00:00:00Z"),
        minimum_engine: "0.1.0".parse().unwrap(),
        trust_digest: trust.digest,
        policy_digest: program().digest,
        documents: BTreeMap::new(),
        files: BTreeMap::new(),
        levels: BTreeMap::new(),
        profile: "house".to_owned(),
        parameters: BTreeMap::new(),
        flows: ["le-unsolicited", "le-solicited"]
            .into_iter()
            .chain(FLOWS.iter().map(|flow| flow.case))
            .map(str::to_owned)
            .collect(),
        schemas: SCHEMAS.map(|said| said.parse().unwrap()).into(),
        report_max_age: Duration::from_seconds(900),
        live_max_age: Duration::from_seconds(900),
        skew: Duration::from_seconds(120),
    };
    change(&mut terms);
    SignedLock::draft(terms).unwrap()
}

/// The case before QAR2 signed, and before the approval.
pub fn undecided() -> Files {
    let mut files = crate::proposal::snapshot().to_files();
    files.retain(|path, _| !path.starts_with("post/") && !path.starts_with("decision/07") && !is_decided(path));
    files
}

fn approved(trust: &Trust) -> &'static Files {
    static APPROVED: OnceLock<Files> = OnceLock::new();
    // The trust file names the first row of the ledger, which is the same in every world.
    APPROVED.get_or_init(|| approve(&undecided(), trust))
}

/// Makes the report of stage proposal and approves it.
pub fn approve(files: &Files, trust: &Trust) -> Files {
    let report = report(files, trust, REPORTED, Stage::Proposal);
    with_report(files, &report)
}

/// The report on a case, as it is stored.
pub fn report(files: &Files, trust: &Trust, as_of: &str, stage: Stage) -> Vec<u8> {
    json::render(&report_by(program(), files, trust, as_of, stage))
}

/// The report on a case by another rule book.
pub fn report_by(program: &Program, files: &Files, trust: &Trust, as_of: &str, stage: Stage) -> Report {
    let options = options(as_of, stage);
    // Nobody had decided then.
    let mut undecided = files.clone();
    undecided.retain(|path, _| !is_decided(path));
    let snapshot = Snapshot::from_files(undecided, &Limits::STANDARD);
    let earlier = fixtures().join("cases");
    check::check(program, &snapshot, trust, Some(&earlier), &options).unwrap()
}

/// The case with this report approved.
pub fn with_report(files: &Files, report: &[u8]) -> Files {
    decided("b0", files, &crate::proposal::snapshot().to_files(), report)
}

/// The case with the report and the decision of the fixture, about this report.
pub fn decided(case: &str, files: &Files, fixture: &Files, report: &[u8]) -> Files {
    let digest = Sha256::of(report);
    let bundle = Sha256::of(&files["bundle/manifest.json"]);
    let last = files.iter().rfind(|(path, _)| path.starts_with("decision/") && path.ends_with(".json"));
    let last = Sha256::of(last.unwrap().1);
    let mut files = files.clone();
    files
        .extend(fixture.iter().filter(|(path, _)| is_decided(path)).map(|(path, bytes)| (path.clone(), bytes.clone())));
    let set = |at: &str, to: &str| format!("  - set: decision/{at}\n    to: {to:?}\n");
    let steps = [
        ("05-report.json#/predecessor_sha256", &last),
        ("05-report.json#/report_sha256", &digest),
        ("05-report.json#/bundle_digest", &bundle),
        ("05-report.json#/manifest_sha256", &bundle),
        ("06-approval.json#/report_sha256", &digest),
        ("06-approval.json#/bundle_digest", &bundle),
        ("06-approval.json#/reviewed_manifest_sha256", &bundle),
    ]
    .map(|(at, to)| set(at, &to.to_string()));
    let more = set("05-report.json#/report_path", REPORT) + &set("05-report.json#/stage", "proposal");
    let mut files = patched_by(case, &files, &(more + &steps.concat()));
    files.insert(REPORT.to_owned(), report.to_vec());
    files
}

pub fn is_decided(path: &str) -> bool {
    path.starts_with("decision/05") || path.starts_with("decision/06")
}
