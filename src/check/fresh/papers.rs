//! The few case records that the gate reads itself, each with who signed it.
//!
//! Rules judge these records too. The gate reads them once more, so that no rule book can open it alone.

use std::collections::BTreeSet;

use crate::bundle::json::{Numbers, Tree};
use crate::bundle::{Area, FileState, Snapshot};
use crate::primitives::{Aid, Instant, Said, Sha256};

use super::live::Signatures;

/// The records, each list in order of path.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Papers {
    /// What QAR1 submitted.
    pub submissions: Vec<Submission>,
    /// What QAR2 decided.
    pub approvals: Vec<Approval>,
    /// Which reports were approved.
    pub reports: Vec<Named>,
    /// Findings that officers accepted.
    pub waivers: Vec<WaiverPaper>,
    /// Who gave the event up.
    pub abandonments: Vec<Abandonment>,
    /// Who the QARs are.
    pub rosters: Vec<Roster>,
    /// Who sealed the bundle.
    pub preparers: BTreeSet<Aid>,
    /// Digests of what no other case may use: nonces, sessions, recordings, requests.
    pub uses: BTreeSet<Sha256>,
}

/// A submission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submission {
    /// Whose signatures hold.
    pub signers: BTreeSet<Aid>,
    /// The bundle.
    pub bundle: Option<Sha256>,
}

/// An approval, or a rejection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// Where it lies.
    pub path: String,
    /// Whose signatures hold.
    pub signers: BTreeSet<Aid>,
    /// `approve` or `reject`.
    pub decision: String,
    /// The bundle.
    pub bundle: Option<Sha256>,
    /// The report that was read.
    pub report: Option<Sha256>,
    /// When.
    pub decided_at: Option<Instant>,
    /// Why.
    pub reasons: Vec<String>,
}

/// A report that a record names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// Its digest, as the record says.
    pub digest: Option<Sha256>,
    /// The file, if it is in the case and has this digest.
    pub bytes: Option<Vec<u8>>,
}

/// A waiver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaiverPaper {
    /// Its id.
    pub id: String,
    /// Whose signatures hold.
    pub signers: BTreeSet<Aid>,
    /// Who asked for it.
    pub requested_by: String,
    /// Who approved it: person and identifier.
    pub approved_by: Vec<(String, Option<Aid>)>,
}

/// A QAR's word that an event will not be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Abandonment {
    /// Where it lies.
    pub path: String,
    /// The digest of the record.
    pub digest: Option<Sha256>,
    /// Whose signatures hold.
    pub signers: BTreeSet<Aid>,
    /// The group, and the place in its log.
    pub place: Option<(Aid, u64)>,
    /// The event.
    pub said: Option<Said>,
    /// Why, in a word.
    pub cause: String,
}

/// A roster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roster {
    /// Whose signatures hold.
    pub signers: BTreeSet<Aid>,
    /// The QARs.
    pub members: Vec<Member>,
}

/// A QAR of a roster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Who.
    pub person_id: String,
    /// With which identifier.
    pub aid: Aid,
    /// Where their key stands in the group.
    pub index: Option<u32>,
    /// First moment.
    pub from: Option<Instant>,
    /// First moment after it; none: it holds on.
    pub to: Option<Instant>,
}

impl Member {
    /// Whether they are a QAR at an instant. A date that cannot be read is no date.
    pub fn holds(&self, at: Instant) -> bool {
        self.from.is_some_and(|from| from <= at) && self.to.is_none_or(|to| at < to)
    }
}

impl Papers {
    pub(super) fn read(snapshot: &Snapshot, signatures: &Signatures) -> Self {
        let mut papers = Self { preparers: signers(signatures, "bundle/manifest.json"), ..Self::default() };
        for (_, file) in snapshot.iter().filter(|(_, file)| file.path.ends_with(".json") && file.area != Area::Post) {
            let good = file.bytes().filter(|_| file.state == FileState::Good);
            let Some(tree) = good.and_then(|bytes| Tree::parse(bytes, Numbers::Integers).ok()) else { continue };
            let kind = tree.get("kind").and_then(Tree::text).unwrap_or_default();
            let signers = signers(signatures, &file.path);
            match (file.area, kind) {
                (Area::Decision, "evidence-submission") => papers
                    .submissions
                    .push(Submission { signers, bundle: same(&tree, ["manifest_sha256", "bundle_digest"]) }),
                (Area::Decision, "approval") => papers.approvals.push(approval(&file.path, &tree, signers)),
                (Area::Decision, "policy-report") => papers.reports.push(named(snapshot, &tree)),
                (Area::Decision, "abandonment") => {
                    papers.abandonments.push(abandonment(&file.path, file.sha256(), &tree, signers));
                }
                (Area::Decision, "waiver") => papers.waivers.push(waiver(&tree, signers)),
                (Area::Bundle, "qar-roster") if file.is_listed() => {
                    papers.rosters.push(Roster { signers, members: members(&tree) });
                }
                (Area::Bundle, kind) if file.is_listed() => papers.uses.extend(used(kind, &tree)),
                (Area::Bundle | Area::Decision | Area::Post, _) => {}
            }
        }
        papers
    }

    /// The last approval or rejection, if one is the last.
    pub fn decision(&self) -> Option<&Approval> {
        let last = self.approvals.iter().map(|approval| approval.decided_at).max()?;
        let mut at_last = self.approvals.iter().filter(|approval| approval.decided_at == last);
        at_last.next().filter(|_| at_last.next().is_none())
    }
}

/// Whose groups hold, meet their threshold and name the key state in force; nobody of whom one does not.
fn signers(signatures: &Signatures, path: &str) -> BTreeSet<Aid> {
    let claims = signatures.get(path).map(Vec::as_slice).unwrap_or_default();
    let spoiled = |aid: &str| claims.iter().any(|claim| claim.aid.as_deref() == Some(aid) && !claim.verified());
    let speaking = claims.iter().filter(|claim| claim.speaks() && !claim.superseded());
    let aids = speaking.filter_map(|claim| claim.aid.as_deref()).filter(|aid| !spoiled(aid));
    aids.filter_map(|aid| aid.parse().ok()).collect()
}

/// A digest that two members must give alike.
fn same(tree: &Tree<'_>, names: [&str; 2]) -> Option<Sha256> {
    let [one, other] = names.map(|name| digest(tree, name));
    one.filter(|one| other == Some(*one))
}

fn digest(tree: &Tree<'_>, name: &str) -> Option<Sha256> {
    tree.get(name)?.text()?.parse().ok()
}

fn instant(tree: &Tree<'_>, name: &str) -> Option<Instant> {
    tree.get(name)?.text()?.parse().ok()
}

fn text(tree: &Tree<'_>, name: &str) -> String {
    tree.get(name).and_then(Tree::text).unwrap_or_default().to_owned()
}

fn approval(path: &str, tree: &Tree<'_>, signers: BTreeSet<Aid>) -> Approval {
    let reasons = tree.get("reasons").and_then(Tree::items).unwrap_or_default();
    Approval {
        path: path.to_owned(),
        signers,
        decision: text(tree, "decision"),
        bundle: same(tree, ["reviewed_manifest_sha256", "bundle_digest"]),
        report: digest(tree, "report_sha256"),
        decided_at: instant(tree, "decided_at"),
        reasons: reasons.iter().filter_map(|reason| reason.text().map(str::to_owned)).collect(),
    }
}

fn named(snapshot: &Snapshot, tree: &Tree<'_>) -> Named {
    let digest = digest(tree, "report_sha256");
    let path = text(tree, "report_path");
    let found = snapshot.find(&path).or_else(|| snapshot.find(&format!("decision/{path}")));
    let file = found.map(|id| snapshot.file(id)).filter(|file| file.area == Area::Decision);
    let bytes = file.filter(|file| file.sha256() == digest).and_then(|file| file.bytes()).map(<[u8]>::to_vec);
    Named { digest, bytes }
}

fn waiver(tree: &Tree<'_>, signers: BTreeSet<Aid>) -> WaiverPaper {
    let approvers = tree.get("approved_by").and_then(Tree::items).unwrap_or_default();
    let aid = |by: &Tree<'_>| by.get("aid").and_then(Tree::text).and_then(|aid| aid.parse().ok());
    let approver = |by: &Tree<'_>| (text(by, "person_id"), aid(by));
    WaiverPaper {
        id: text(tree, "id"),
        signers,
        requested_by: text(tree, "requested_by"),
        approved_by: approvers.iter().map(approver).collect(),
    }
}

fn abandonment(path: &str, digest: Option<Sha256>, tree: &Tree<'_>, signers: BTreeSet<Aid>) -> Abandonment {
    let group = tree.get("group_aid").and_then(Tree::text).and_then(|aid| aid.parse().ok());
    let sn = tree.get("event_sn").and_then(Tree::integer).and_then(|sn| u64::try_from(sn).ok());
    Abandonment {
        path: path.to_owned(),
        digest,
        signers,
        place: group.zip(sn),
        said: tree.get("event_said").and_then(Tree::text).and_then(|said| said.parse().ok()),
        cause: text(tree, "cause"),
    }
}

fn members(tree: &Tree<'_>) -> Vec<Member> {
    let members = tree.get("members").and_then(Tree::items).unwrap_or_default();
    let member = |of: &Tree<'_>| {
        Some(Member {
            person_id: text(of, "person_id"),
            aid: of.get("aid")?.text()?.parse().ok()?,
            index: of.get("group_index").and_then(Tree::integer).and_then(|index| u32::try_from(index).ok()),
            from: instant(of, "valid_from"),
            to: instant(of, "valid_to"),
        })
    };
    members.iter().filter_map(member).collect()
}

/// What of a record may be used once only.
fn used(kind: &str, tree: &Tree<'_>) -> Option<Sha256> {
    let field = match kind {
        "challenge" => "nonce",
        "recording" => "media_sha256",
        "issuance-request" => "body_said",
        // An authorization authorizes one credential; others are shown again and again.
        "credential" if text(tree, "credential_type").ends_with("_AUTH") => "credential_said",
        _ => return None,
    };
    let value = tree.get(field)?.text()?;
    Some(Sha256::of(format!("countersign/use/v1\n{field}\n{value}").as_bytes()))
}
