//! The cases of the other flows, each as it stands when QAR2 signs, and what is proposed in it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::{Mutex, OnceLock};

use countersign::bundle::{Limits, Snapshot};
use countersign::compile::program::Stage;
use countersign::keystore::Act;
use countersign::primitives::{Instant, Sha256};
use countersign::proposal::{self, Assigned, Given, Proven, Sources};
use countersign::trust::Trust;

use super::world::{self, Files, World, at, decided, is_decided, patched_by, report};
use crate::proposal::{fixtures, sign};

/// A flow, by the fixture of its case.
pub struct Flow {
    /// The fixture, named as the flow.
    pub case: &'static str,
    /// When QAR2 signs.
    pub now: &'static str,
    /// When QAR1 proposed.
    pub proposed: &'static str,
    /// What is signed.
    pub act: Act,
    /// What the decision says of it.
    pub action: &'static str,
    /// The log of the QVI at that time.
    qvi: &'static str,
}

pub const OOR: &Flow = &FLOWS[0];
pub const ECR: &Flow = &FLOWS[1];
pub const LE_REVOCATION: &Flow = &FLOWS[2];
pub const INVOLUNTARY: &Flow = &FLOWS[3];
pub const OOR_REVOCATION: &Flow = &FLOWS[4];

pub static FLOWS: [Flow; 6] = [
    Flow {
        case: "oor",
        now: "2026-03-31T15:00:00Z",
        proposed: "2026-03-30T10:00:00Z",
        act: Act::Issue,
        action: "vlei.oor.issue",
        qvi: "roles/kel-qvi-oor",
    },
    Flow {
        case: "ecr",
        now: "2026-04-02T15:00:00Z",
        proposed: "2026-04-01T10:00:00Z",
        act: Act::Issue,
        action: "vlei.ecr.issue",
        qvi: "roles/kel-qvi-ecr",
    },
    Flow {
        case: "le-revocation",
        now: "2026-05-06T14:00:00Z",
        proposed: "2026-05-06T10:50:00Z",
        act: Act::Revoke,
        action: "vlei.le.revoke",
        qvi: "revocations/kel-qvi-before-le-revocation",
    },
    Flow {
        case: "le-revocation-involuntary",
        now: "2026-05-04T14:00:00Z",
        proposed: "2026-05-04T10:50:00Z",
        act: Act::Revoke,
        action: "vlei.le.revoke",
        qvi: "revocations/kel-qvi-before-le-revocation-involuntary",
    },
    Flow {
        case: "oor-revocation",
        now: "2026-04-20T14:00:00Z",
        proposed: "2026-04-20T10:50:00Z",
        act: Act::Revoke,
        action: "vlei.oor.revoke",
        qvi: "revocations/kel-qvi-before-oor-revocation",
    },
    Flow {
        case: "ecr-revocation",
        now: "2026-04-22T14:00:00Z",
        proposed: "2026-04-22T10:50:00Z",
        act: Act::Revoke,
        action: "vlei.ecr.revoke",
        qvi: "revocations/kel-qvi-before-ecr-revocation",
    },
];

impl Flow {
    /// An instant in the hour before the signing.
    pub fn at(&self, minute: &str) -> String {
        let (day, hour) = self.now.split_once('T').unwrap();
        let hour: u32 = hour[..2].parse().unwrap();
        format!("{day}T{}:{minute}:00Z", hour - 1)
    }

    /// What is fetched for the decision.
    pub fn live_streams(&self) -> Vec<Vec<u8>> {
        let mut streams = world::live_streams();
        streams[2] = fs::read(fixtures().join(format!("keri/{}.cesr", self.qvi))).unwrap();
        streams
    }

    /// The fixture, its case records numbered as if a proposal came before the submission.
    fn fixture(&self) -> Files {
        let folder = fixtures().join("cases").join(self.case);
        let files = Snapshot::read(&folder, &Limits::STANDARD).unwrap().to_files();
        if files.contains_key("decision/03-proposal.json") {
            return files;
        }
        let renamed = |path: String| {
            let moved =
                [("03-submission", "04-submission"), ("04-report", "05-report"), ("05-approval", "06-approval")];
            let moved = moved.iter().find(|(from, _)| path.starts_with(&format!("decision/{from}")));
            moved.map_or(path.clone(), |(from, to)| path.replace(from, to))
        };
        files.into_iter().map(|(path, bytes)| (renamed(path), bytes)).collect()
    }

    /// The case with its proposal, submitted, before the approval.
    pub fn undecided(&self) -> Files {
        static MADE: Mutex<BTreeMap<&str, Files>> = Mutex::new(BTreeMap::new());
        let mut made = MADE.lock().unwrap();
        made.entry(self.case).or_insert_with(|| self.submitted(|_| Given::at(at(self.proposed)))).clone()
    }

    /// The case with the proposal that this gives.
    pub fn submitted(&self, given: impl FnOnce(&Proven) -> Given) -> Files {
        let fixture = self.fixture();
        let mut files = fixture.clone();
        files.retain(|path, _| !path.starts_with("post/") && !path.starts_with("decision/07") && !is_decided(path));
        if files.contains_key("decision/03-proposal.json") {
            return files;
        }
        let before: Files = files
            .iter()
            .filter(|(path, _)| !path.starts_with("decision/04"))
            .map(|(p, b)| (p.clone(), b.clone()))
            .collect();
        let snapshot = Snapshot::from_files(before, &Limits::STANDARD);
        let proposed = at(self.proposed);
        let proven = self.prove(&snapshot, proposed).unwrap_or_else(|why| panic!("{}: {why}", self.case));
        let draft = proven.draft(&given(&proven)).unwrap();
        let qar1 = Assigned::find(&snapshot, "QAR1", proposed).unwrap();
        let signature = sign("Q1", 0, &draft.anchor.text);
        let stored = proven.record(&snapshot, &draft, &qar1, &signature, proposed).unwrap();
        assert_eq!(stored.record_path, "decision/03-proposal.json");
        let digest = Sha256::of(&stored.record);
        files.insert(stored.record_path, stored.record);
        files.insert(stored.stream_path, stored.stream);
        // Any signature will do, to be made again by QAR1 over this record.
        let sidecar = files["decision/04-submission.sig.cesr"].clone();
        files.insert("decision/03-proposal.sig.cesr".to_owned(), sidecar);
        patched_by(
            self.case,
            &files,
            &format!(
                "  - set: decision/03-proposal.sig.cesr#/signers\n    to: [Q1]\n  \
                 - set: decision/04-submission.json#/predecessor_sha256\n    to: {digest}\n"
            ),
        )
    }

    /// What the evidence of a case proves.
    pub fn prove(&self, snapshot: &Snapshot, as_of: Instant) -> Result<Proven, proposal::Unproven> {
        let act = proposal::Act::of_flow(self.case).unwrap();
        let trust = crate::proposal::trust();
        proposal::prove(&act, &Sources { snapshot, trust, as_of, live: &[], schemas: None, memory: None })
    }

    /// Makes the report of stage proposal and approves it.
    pub fn approve(&self, files: &Files, trust: &Trust) -> Files {
        let report = report(files, trust, &self.at("50"), Stage::Proposal);
        decided(self.case, files, &self.fixture(), &report)
    }

    /// The case signs as it is: what an attack changes is what refuses it.
    pub fn signs(&'static self) {
        static SIGNED: OnceLock<Mutex<BTreeSet<&str>>> = OnceLock::new();
        let mut signed = SIGNED.get_or_init(Mutex::default).lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if signed.insert(self.case) {
            let attempt = World::of(self, "", "").attempt();
            let made = attempt.outcome.unwrap_or_else(|refusal| panic!("{}: {:#?}", self.case, refusal.reasons()));
            assert!(made.event.satisfied && attempt.opened);
        }
    }
}

/// Credential, registry event and anchor of the proposal of a case.
pub fn bodies(files: &Files) -> [String; 3] {
    let stream = &files["decision/03-proposal.cesr"];
    let messages = countersign::keri::cesr::read(stream).unwrap();
    [0, 1, 2].map(|at| messages[at].body.to_owned())
}
