//! Where a case stands: what was done, in order, by whom, and what is next.
//!
//! In: the records of `decision/`, the roster of the bundle, and who signed what. Out: [`Progress`]. It says what the
//! records say; whether that is enough, rules decide.

use std::collections::BTreeMap;
use std::fmt;

use crate::bundle::json::{Numbers, Tree};
use crate::bundle::place::printable_path;
use crate::bundle::{Area, FileState, Problem, Snapshot};
use crate::facts::FileId;
use crate::facts::schema::FactSchema;
use crate::keystore::PublicKey;
use crate::primitives::{Aid, Instant, Said, Sha256};

use super::error::CaseError;
use super::{check_chain, link, sort_files};

/// A QAR of the case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Does the work and submits it.
    Qar1,
    /// Approves and signs second.
    Qar2,
}

impl Role {
    /// As records write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Qar1 => "QAR1",
            Self::Qar2 => "QAR2",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What QAR1 recommends, and QAR2 decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Decision {
    /// Issue.
    Approve,
    /// Do not.
    Reject,
}

impl Decision {
    /// As records write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Reject => "reject",
        }
    }
}

/// With which keys somebody signs, by their log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyState {
    /// Whose.
    pub aid: Aid,
    /// Place of the latest establishment event.
    pub sn: u64,
    /// That event.
    pub said: Said,
    /// The keys in force, by index.
    pub keys: Vec<String>,
}

impl KeyState {
    /// The place of a key among those in force, so that no wrong key is opened.
    ///
    /// # Errors
    /// `other_key`: it is not among them, or is somebody else's.
    pub fn index_of(&self, aid: &Aid, key: &PublicKey) -> Result<u32, CaseError> {
        let key = key.to_string();
        let index = self.keys.iter().position(|known| *aid == self.aid && *known == key);
        let other = || CaseError::OtherKey { aid: self.aid.clone(), key, known: self.keys.join(", ") };
        index.and_then(|at| u32::try_from(at).ok()).ok_or_else(other)
    }
}

/// What the logs of a case tell about signatures; `check` makes it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Known {
    /// The latest key state of each identifier with a sound log.
    pub states: BTreeMap<Aid, KeyState>,
    /// Whose signatures beside a record verify, by the record's path.
    pub signers: BTreeMap<String, Vec<Aid>>,
}

/// A member of the roster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Who.
    pub person: String,
    /// Their name.
    pub legal_name: String,
    /// With which identifier.
    pub aid: Aid,
    /// From when.
    pub from: Instant,
    /// Until when: the first instant at which they no longer count.
    pub to: Option<Instant>,
}

impl Member {
    fn holds(&self, at: Instant) -> bool {
        self.from <= at && self.to.is_none_or(|to| at < to)
    }
}

/// An assignment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// As what.
    pub role: Role,
    /// Who.
    pub person: String,
    /// With which identifier.
    pub aid: Aid,
    /// When.
    pub at: Instant,
    /// When it ended.
    pub ended: Option<Instant>,
    /// The record.
    pub path: String,
}

/// The evidence, handed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submission {
    /// The digest of the manifest.
    pub manifest: Sha256,
    /// What QAR1 recommends.
    pub recommendation: Decision,
    /// QAR1.
    pub by: String,
    /// QAR2.
    pub to: String,
    /// When.
    pub at: Instant,
    /// The record.
    pub path: String,
}

/// A report that a record names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reported {
    /// The stage.
    pub stage: String,
    /// The instant it is for.
    pub as_of: Instant,
    /// Its digest: SHA-256 of its canonical bytes.
    pub report: Sha256,
    /// Where it lies in the case.
    pub report_path: String,
    /// The record.
    pub path: String,
}

/// What QAR2 decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// The decision.
    pub decision: Decision,
    /// The digest of the manifest.
    pub manifest: Sha256,
    /// The digest of the report.
    pub report: Sha256,
    /// Who.
    pub person: String,
    /// With which identifier.
    pub aid: Aid,
    /// When.
    pub at: Instant,
    /// Why.
    pub reasons: Vec<String>,
    /// The record.
    pub path: String,
}

/// A waiver that somebody asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Its id.
    pub id: String,
    /// The rule.
    pub rule: String,
    /// Its digest.
    pub rule_digest: Sha256,
    /// The element; none where the rule has none.
    pub element: Option<String>,
    /// Why.
    pub reason: String,
    /// What is done instead.
    pub control: Option<String>,
    /// Who asks.
    pub by: String,
    /// Until when.
    pub expires: Instant,
    /// Whether a waiver grants it.
    pub granted: bool,
}

/// What an act was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// Somebody was made QAR.
    Assigned(Assignment),
    /// QAR1 proposed the event; the identifier who made it.
    Proposed(Aid),
    /// QAR1 handed over the evidence.
    Submitted(Submission),
    /// Somebody answers for a rule.
    Attested {
        /// The rule.
        rule: String,
        /// The element.
        element: Option<String>,
    },
    /// Somebody asks for a waiver.
    Requested(Request),
    /// An officer granted one.
    Waived {
        /// The rule.
        rule: String,
        /// The element.
        element: Option<String>,
        /// The request.
        request: Option<String>,
    },
    /// A report was made.
    Reported(Reported),
    /// QAR2 decided.
    Decided(Approval),
    /// A QAR signed the event.
    Signed(Aid),
    /// A QAR gave the event up.
    Abandoned(Aid),
    /// A record of another kind.
    Other,
}

/// A record of the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// Its path.
    pub path: String,
    /// SHA-256 of the file.
    pub digest: Sha256,
    /// Its kind.
    pub kind: String,
    /// Its id.
    pub id: String,
    /// Who made it.
    pub person: String,
    /// When.
    pub at: Instant,
    /// Identifiers whose signature beside it verifies.
    pub signed_by: Vec<Aid>,
    /// What it was.
    pub what: What,
}

/// Where a case stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Progress {
    /// Its id.
    pub case_id: String,
    /// The digest of the bundle, if it is sealed and signed.
    pub sealed: Option<Sha256>,
    /// The roster; none if there is none, or several.
    pub roster: Option<Vec<Member>>,
    /// What was done, each after its predecessor.
    pub done: Vec<Done>,
    /// What is wrong with the records; nothing may be added then.
    pub problems: Vec<Problem>,
    /// Whether something was sealed after the signature.
    pub closed: bool,
    /// The highest number with which a file of `decision/` begins.
    pub(super) number: u32,
}

impl Progress {
    /// Where a case stands.
    ///
    /// # Errors
    /// `unreadable`: a record that does not say what its kind says.
    pub fn of(snapshot: &Snapshot, schema: &FactSchema, known: &Known) -> Result<Self, CaseError> {
        let sorted = sort_files(snapshot, schema);
        let mut problems = sorted.problems;
        let files: Vec<FileId> = sorted.records.iter().map(|(file, _)| *file).collect();
        let links: Vec<_> = files.iter().filter_map(|file| link(snapshot, *file)).collect();
        check_chain(snapshot, &links, &mut problems);
        let unread = sorted.unreadable.iter().chain(files.iter().filter(|file| links.iter().all(|l| l.file != **file)));
        if let Some(file) = unread.clone().next().filter(|_| problems.is_empty()) {
            let path = printable_path(&snapshot.file(*file).path);
            return Err(CaseError::Unreadable { path, field: "predecessor_sha256".to_owned() });
        }
        // From the first on, each after the one it names; a record that the chain does not reach has its problem.
        let mut done = Vec::new();
        let mut last = None;
        while let Some(next) = links.iter().find(|link| link.predecessor == last).filter(|_| done.len() < links.len()) {
            done.push(read(snapshot, next.file, next.digest, known)?);
            last = Some(next.digest);
        }
        if done.len() < links.len() && problems.is_empty() {
            return Err(CaseError::Broken { first: "they follow each other in a circle".to_owned() });
        }
        grant(&mut done);
        let manifest = snapshot.manifest(Area::Bundle).filter(|manifest| manifest.complete);
        let is_signed = snapshot.find("bundle/manifest.sig.cesr").is_some();
        let numbers = snapshot.iter().filter(|(_, file)| file.area == Area::Decision).map(|(_, file)| {
            file.inner_path().chars().take_while(char::is_ascii_digit).collect::<String>().parse::<u32>().unwrap_or(0)
        });
        Ok(Self {
            case_id: manifest.and_then(|manifest| manifest.text("bundle_id")).unwrap_or_default().to_owned(),
            sealed: manifest.filter(|_| is_signed).map(|manifest| manifest.digest),
            roster: roster(snapshot)?,
            done,
            problems,
            closed: snapshot.find("post/manifest.sig.cesr").is_some(),
            number: numbers.max().unwrap_or(0),
        })
    }

    /// The last record.
    pub fn last(&self) -> Option<&Done> {
        self.done.last()
    }

    /// Who has a role at an instant, by the last assignment that nothing has ended.
    pub fn qar(&self, role: Role, at: Instant) -> Option<&Assignment> {
        let assignments = self.done.iter().rev().filter_map(|done| match &done.what {
            What::Assigned(assignment) => Some(assignment),
            _ => None,
        });
        assignments.into_iter().find(|held| held.role == role && held.ended.is_none_or(|ended| at < ended))
    }

    /// The proposal, if there is one.
    pub fn proposal(&self) -> Option<&Done> {
        self.done.iter().rev().find(|done| matches!(done.what, What::Proposed(_)))
    }

    /// The last submission.
    pub fn submission(&self) -> Option<&Submission> {
        self.done.iter().rev().find_map(|done| match &done.what {
            What::Submitted(submission) => Some(submission),
            _ => None,
        })
    }

    /// The last decision of QAR2.
    pub fn decision(&self) -> Option<&Approval> {
        self.done.iter().rev().find_map(|done| match &done.what {
            What::Decided(approval) => Some(approval),
            _ => None,
        })
    }

    /// The report that a decision is about.
    pub fn report_of(&self, approval: &Approval) -> Option<&Reported> {
        self.done.iter().rev().find_map(|done| match &done.what {
            What::Reported(reported) if reported.report == approval.report => Some(reported),
            _ => None,
        })
    }

    /// Waivers that were asked for and not granted.
    pub fn open_requests(&self) -> impl Iterator<Item = &Request> {
        self.done.iter().filter_map(|done| match &done.what {
            What::Requested(request) if !request.granted => Some(request),
            _ => None,
        })
    }

    /// Whether somebody with this identifier signed the event.
    pub fn has_signed(&self, aid: &Aid) -> bool {
        self.done.iter().any(|done| matches!(&done.what, What::Signed(by) if by == aid))
    }

    /// The record by which somebody with this identifier gave the event up.
    pub fn given_up_by(&self, aid: &Aid) -> Option<&str> {
        let given_up = |done: &&Done| matches!(&done.what, What::Abandoned(by) if by == aid);
        self.done.iter().find(given_up).map(|done| done.path.as_str())
    }

    /// Whether anybody gave the event up.
    pub fn is_given_up(&self) -> bool {
        self.done.iter().any(|done| matches!(done.what, What::Abandoned(_)))
    }

    /// The members of the roster who are this person at an instant.
    pub fn members(&self, person: &str, at: Instant) -> impl Iterator<Item = &Member> {
        let roster = self.roster.iter().flatten();
        roster.filter(move |member| member.person == person && member.holds(at))
    }

    /// How many records there are of a kind.
    pub(super) fn count(&self, kind: &str) -> usize {
        self.done.iter().filter(|done| done.kind == kind).count()
    }
}

/// Marks the requests that a waiver names.
fn grant(done: &mut [Done]) {
    let granted: Vec<String> = done
        .iter()
        .filter_map(|done| match &done.what {
            What::Waived { request, .. } => request.clone(),
            _ => None,
        })
        .collect();
    for done in done {
        if let What::Requested(request) = &mut done.what {
            request.granted = granted.contains(&request.id);
        }
    }
}

/// The members of the one roster that the bundle lists.
fn roster(snapshot: &Snapshot) -> Result<Option<Vec<Member>>, CaseError> {
    let mut rosters = snapshot.iter().filter(|(id, file)| {
        file.area == Area::Bundle
            && file.state == FileState::Good
            && snapshot.entry(*id).is_some_and(|entry| entry.kind == "qar-roster")
    });
    let (Some((_, file)), None) = (rosters.next(), rosters.next()) else { return Ok(None) };
    let path = printable_path(&file.path);
    let unreadable = |field: &str| CaseError::Unreadable { path: path.clone(), field: field.to_owned() };
    let tree = file.bytes().and_then(|bytes| Tree::parse(bytes, Numbers::Integers).ok());
    let tree = tree.ok_or_else(|| unreadable("members"))?;
    let members = tree.get("members").and_then(Tree::items).ok_or_else(|| unreadable("members"))?;
    let mut found = Vec::new();
    for member in members {
        let fields = Fields { path: &path, tree: member };
        found.push(Member {
            person: fields.text("person_id")?,
            legal_name: fields.text("legal_name")?,
            aid: fields.value("aid")?,
            from: fields.value("valid_from")?,
            to: fields.maybe("valid_to")?,
        });
    }
    Ok(Some(found))
}

/// A record and its fields.
struct Fields<'t, 'b> {
    path: &'t str,
    tree: &'t Tree<'b>,
}

impl Fields<'_, '_> {
    fn text(&self, name: &str) -> Result<String, CaseError> {
        let text = self.tree.get(name).and_then(Tree::text);
        text.map(str::to_owned).ok_or_else(|| self.unreadable(name))
    }

    fn value<T: std::str::FromStr>(&self, name: &str) -> Result<T, CaseError> {
        self.text(name)?.parse().map_err(|_| self.unreadable(name))
    }

    /// A field that may be null or left out.
    fn maybe<T: std::str::FromStr>(&self, name: &str) -> Result<Option<T>, CaseError> {
        match self.tree.get(name) {
            None => Ok(None),
            Some(tree) if tree.value == crate::bundle::json::Value::Null => Ok(None),
            Some(_) => self.value(name).map(Some),
        }
    }

    fn decision(&self, name: &str) -> Result<Decision, CaseError> {
        let text = self.text(name)?;
        let known = [Decision::Approve, Decision::Reject].into_iter().find(|known| known.as_str() == text);
        known.ok_or_else(|| self.unreadable(name))
    }

    fn unreadable(&self, name: &str) -> CaseError {
        CaseError::Unreadable { path: self.path.to_owned(), field: name.to_owned() }
    }
}

fn read(snapshot: &Snapshot, file: FileId, digest: Sha256, known: &Known) -> Result<Done, CaseError> {
    let file = snapshot.file(file);
    let path = printable_path(&file.path);
    let tree = file.bytes().and_then(|bytes| Tree::parse(bytes, Numbers::Integers).ok());
    let tree = tree.ok_or_else(|| CaseError::Unreadable { path: path.clone(), field: "kind".to_owned() })?;
    let fields = Fields { path: &path, tree: &tree };
    let kind = fields.text("kind")?;
    let what = match kind.as_str() {
        "qar-assignment" => {
            let role = fields.text("role")?;
            let known = [Role::Qar1, Role::Qar2].into_iter().find(|known| known.as_str() == role);
            What::Assigned(Assignment {
                role: known.ok_or_else(|| fields.unreadable("role"))?,
                person: fields.text("person_id")?,
                aid: fields.value("aid")?,
                at: fields.value("assigned_at")?,
                ended: fields.maybe("superseded_at")?,
                path: path.clone(),
            })
        }
        "proposal" => What::Proposed(fields.value("created_by_aid")?),
        "evidence-submission" => What::Submitted(Submission {
            manifest: fields.value("manifest_sha256")?,
            recommendation: fields.decision("recommendation")?,
            by: fields.text("submitted_by")?,
            to: fields.text("submitted_to")?,
            at: fields.value("submitted_at")?,
            path: path.clone(),
        }),
        "case-attestation" => What::Attested { rule: fields.text("rule_id")?, element: fields.maybe("element")? },
        "waiver-request" => What::Requested(Request {
            id: fields.text("id")?,
            rule: fields.text("rule")?,
            rule_digest: fields.value("rule_digest")?,
            element: fields.maybe("element")?,
            reason: fields.text("reason")?,
            control: fields.maybe("compensating_control")?,
            by: fields.text("requested_by")?,
            expires: fields.value("expires")?,
            granted: false,
        }),
        "waiver" => What::Waived {
            rule: fields.text("rule")?,
            element: fields.maybe("element")?,
            request: fields.maybe("request_id")?,
        },
        "policy-report" => What::Reported(Reported {
            stage: fields.text("stage")?,
            as_of: fields.value("evaluated_at")?,
            report: fields.value("report_sha256")?,
            report_path: fields.text("report_path")?,
            path: path.clone(),
        }),
        "approval" => {
            let reasons = tree.get("reasons").and_then(Tree::items).unwrap_or_default();
            What::Decided(Approval {
                decision: fields.decision("decision")?,
                manifest: fields.value("reviewed_manifest_sha256")?,
                report: fields.value("report_sha256")?,
                person: fields.text("approver_person_id")?,
                aid: fields.value("approver_aid")?,
                at: fields.value("decided_at")?,
                reasons: reasons.iter().filter_map(|reason| reason.text().map(str::to_owned)).collect(),
                path: path.clone(),
            })
        }
        "partial-signature" => What::Signed(fields.value("signer_aid")?),
        "abandonment" => What::Abandoned(fields.value("abandoned_by_aid")?),
        // A kind that came with a later schema: it counts in the chain.
        _ => What::Other,
    };
    Ok(Done {
        digest,
        id: fields.text("id")?,
        person: fields.text("performed_by")?,
        at: fields.value("recorded_at")?,
        signed_by: known.signers.get(&file.path).cloned().unwrap_or_default(),
        what,
        kind,
        path,
    })
}
