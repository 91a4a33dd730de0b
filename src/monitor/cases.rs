//! What the cases of a year say of the events that the QVI signed.
//!
//! In: one snapshot after the other. Out: [`Cases`]: which events have a case, which of those were approved, contracts,
//! texts of credentials, registers, and the newest case of the daily watch. Nothing is judged here and no signature is
//! verified: the audit judges cases, the watch asks whether there is one.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::registry::{self, CredentialText};
use crate::bundle::json::{Numbers, Tree};
use crate::bundle::{Area, FileState, Snapshot};
use crate::keri::CredentialType;
use crate::primitives::{Instant, Sha256};

/// The flow of a case of the daily watch.
pub const WATCH_FLOW: &str = "monitoring";

/// What one case says.
#[derive(Debug, Clone, Default)]
pub struct CaseFacts {
    /// Where it lies.
    pub path: PathBuf,
    /// Its id.
    pub id: String,
    /// The flow that it claims.
    pub flow: String,
    /// Whether QAR2 approved it.
    pub approved: bool,
    /// Registry events that it brings about: of issuances by the proposal, of revocations by the records about them.
    pub events: BTreeSet<String>,
    /// Credentials that it revokes, where no event is named yet.
    pub revokes: BTreeSet<String>,
    /// The registry of its credential.
    pub registries: BTreeSet<String>,
    /// Texts of the credentials in it.
    pub texts: Vec<CredentialText>,
    /// Contracts: LEI, and when they end.
    pub contracts: Vec<Contract>,
    /// Events that a register says were approved, with the case.
    pub registered: BTreeMap<String, String>,
    /// When its evidence was put together; of a case of the watch, for the newest of them.
    pub created_at: Option<Instant>,
    /// Logs of the LEI watch in it: digest, and the end of the time that each covers.
    pub lei_logs: Vec<LeiLog>,
}

/// A contract with an entity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contract {
    /// The LEI.
    pub lei: String,
    /// When it ends or ended.
    pub ends_at: Option<Instant>,
    /// Hours within which an engagement role is revoked.
    pub ecr_hours: Option<i64>,
}

/// A log of the LEI watch in a case.
#[derive(Debug, Clone)]
pub struct LeiLog {
    /// Its digest.
    pub digest: Sha256,
    /// The end of the time that it covers.
    pub end: Instant,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// What all cases say.
#[derive(Debug, Default)]
pub struct Cases {
    /// Event to the id of its case.
    pub events: BTreeMap<String, String>,
    /// Events of approved cases.
    pub approved: BTreeSet<String>,
    /// Credentials that an approved case revokes, and the case.
    pub revokes: BTreeMap<String, String>,
    /// Registries that cases or registers know.
    pub registries: BTreeSet<String>,
    /// Contracts by LEI, of the cases that are not of the watch.
    pub contracts: BTreeMap<String, Vec<Contract>>,
    /// The newest case of the watch.
    pub watch: Option<WatchCase>,
    /// How many there are.
    pub count: usize,
}

/// The newest case of the daily watch.
#[derive(Debug)]
pub struct WatchCase {
    /// Where it lies.
    pub path: PathBuf,
    /// When its evidence was put together.
    pub created_at: Option<Instant>,
    /// Its logs of the LEI watch.
    pub lei_logs: Vec<LeiLog>,
    /// Contracts by its register.
    pub contracts: Vec<Contract>,
    /// How many texts of credentials it holds.
    pub texts: usize,
}

/// Reads one case.
pub fn read(path: PathBuf, snapshot: &Snapshot) -> CaseFacts {
    let manifest = snapshot.manifest(Area::Bundle);
    let top = |name: &str| manifest.and_then(|manifest| manifest.text(name)).unwrap_or_default().to_owned();
    let mut facts = CaseFacts {
        path,
        id: top("bundle_id"),
        flow: top("flow"),
        created_at: top("created_at").parse().ok(),
        ..CaseFacts::default()
    };
    for (id, file) in snapshot.iter().filter(|(_, file)| file.state == FileState::Good) {
        let Some(bytes) = file.bytes() else { continue };
        let kind = snapshot.entry(id).map_or("", |entry| entry.kind.as_str());
        if file.path.ends_with(".cesr") {
            // Most streams are logs; only those with a credential are read.
            if !file.path.ends_with(crate::bundle::signed::ENDING) && holds(bytes, b"ACDC10JSON") {
                facts.texts.extend(registry::texts(bytes));
            }
        } else if file.area == Area::Decision && file.path.ends_with(".json") || KINDS.contains(&kind) {
            let Ok(tree) = Tree::parse(bytes, Numbers::Integers) else { continue };
            record(&mut facts, &tree, bytes);
        }
    }
    facts.texts.sort_by(|a, b| a.said.cmp(&b.said));
    facts.texts.dedup_by(|a, b| a.said == b.said);
    facts
}

/// Kinds of evidence that are read.
const KINDS: [&str; 6] = [
    "revocation-record",
    "revocation-request",
    "le-qvi-contract",
    "contract-register",
    "case-register",
    "lei-monitoring-log",
];

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

fn record(facts: &mut CaseFacts, tree: &Tree<'_>, bytes: &[u8]) {
    let text = |tree: &Tree<'_>, name: &str| tree.get(name).and_then(Tree::text).map(str::to_owned);
    let instant = |tree: &Tree<'_>, name: &str| tree.get(name).and_then(Tree::text)?.parse::<Instant>().ok();
    let items = |name: &str| tree.get(name).and_then(Tree::items).unwrap_or_default();
    match tree.get("kind").and_then(Tree::text) {
        Some("approval") => facts.approved |= text(tree, "decision").as_deref() == Some("approve"),
        Some("proposal") => {
            let Some(issuance) = tree.get("issuance") else { return };
            facts.events.extend(text(issuance, "said"));
            facts.registries.extend(text(issuance, "registry_said"));
        }
        Some("revocation-record") => facts.events.extend(text(tree, "rev_event_said")),
        Some("revocation-request") => facts.revokes.extend(text(tree, "credential_said")),
        Some("le-qvi-contract") => {
            let Some(lei) = text(tree, "lei") else { return };
            let ends_at = [instant(tree, "ended_at"), instant(tree, "valid_to")].into_iter().flatten().min();
            let ecr_hours = tree.get("ecr_revocation_h").and_then(Tree::integer);
            facts.contracts.push(Contract { lei, ends_at, ecr_hours });
        }
        Some("contract-register") => {
            facts.contracts.extend(items("entries").iter().filter_map(|entry| {
                Some(Contract {
                    lei: text(entry, "lei")?,
                    ends_at: instant(entry, "valid_to"),
                    ecr_hours: entry.get("ecr_revocation_h").and_then(Tree::integer),
                })
            }));
        }
        Some("case-register") => {
            facts.registries.extend(items("registry_saids").iter().filter_map(Tree::text).map(str::to_owned));
            facts.registered.extend(
                items("entries")
                    .iter()
                    .filter_map(|entry| Some((text(entry, "event_said")?, text(entry, "case_id").unwrap_or_default()))),
            );
        }
        Some("lei-monitoring-log") => {
            if let Some(end) = instant(tree, "end") {
                facts.lei_logs.push(LeiLog { digest: Sha256::of(bytes), end, bytes: bytes.to_vec() });
            }
        }
        Some(_) | None => {}
    }
}

impl Cases {
    /// Takes one more case; gives back the texts of its credentials.
    pub fn take(&mut self, case: CaseFacts) -> Vec<CredentialText> {
        self.count += 1;
        for event in &case.events {
            self.events.entry(event.clone()).or_insert_with(|| case.id.clone());
        }
        if case.approved {
            self.approved.extend(case.events.iter().cloned());
            // With the credential of the entity go its roles, and such a case holds them all.
            let whole_entity = case.flow.starts_with("le-revocation");
            let below = case.texts.iter().filter(|text| whole_entity && text.kind != Some(CredentialType::Qvi));
            let revokes = case.revokes.iter().cloned().chain(below.map(|text| text.said.clone()));
            self.revokes.extend(revokes.map(|said| (said, case.id.clone())));
        }
        // A register is a statement of a QAR about cases that lie elsewhere.
        for (event, id) in case.registered {
            self.approved.insert(event.clone());
            self.events.entry(event).or_insert(id);
        }
        self.registries.extend(case.registries);
        let newer = self.watch.as_ref().is_none_or(|watch| watch.created_at < case.created_at);
        if case.flow == WATCH_FLOW {
            if newer {
                self.watch = Some(WatchCase {
                    path: case.path,
                    created_at: case.created_at,
                    lei_logs: case.lei_logs,
                    contracts: case.contracts,
                    texts: case.texts.len(),
                });
            }
        } else {
            for contract in case.contracts {
                let known = self.contracts.entry(contract.lei.clone()).or_default();
                if !known.contains(&contract) {
                    known.push(contract);
                }
            }
        }
        case.texts
    }

    /// The contracts of an entity: those of the newest register that names it, else those of its cases.
    pub fn contracts_of(&self, lei: &str) -> Vec<&Contract> {
        let registered = self.watch.iter().flat_map(|watch| &watch.contracts);
        let registered: Vec<&Contract> = registered.filter(|contract| contract.lei == lei).collect();
        match registered.is_empty() {
            true => self.contracts.get(lei).into_iter().flatten().collect(),
            false => registered,
        }
    }
}
