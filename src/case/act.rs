//! What people do with a case: each act is allowed, or refused with the reason.
//!
//! In: where the case stands, who acts, the clock, and a report that `check` made now. Out: a [`Draft`] to be
//! signed. Acts follow the records; that the records are right is what the runs say on which they rest.

use serde_json::{Value, json};

use crate::bundle::Snapshot;
use crate::bundle::place::printable;
use crate::evaluate::outcome::{FailOn, Outcome};
use crate::facts::schema::FactSchema;
use crate::primitives::{Aid, Instant, Said, Sha256};
use crate::report::document::{FindingEntry, ResultEntry, Run};
use crate::report::{Report, json as report_json};
use crate::terms::{Level, Stage};
use crate::trust::Trust;

use super::draft::{Actor, Draft, Header, Writer};
use super::error::CaseError;
use super::progress::{Decision, KeyState, Known, Member, Progress, Request, Role};

/// Most characters of a reason or a statement, as the schemas bound them.
pub(super) const TEXT_MAX: usize = 2048;
const STATEMENT_MAX: usize = 8192;

/// A case at which somebody sits down to act.
#[derive(Debug)]
pub struct Desk<'c> {
    snapshot: &'c Snapshot,
    trust: &'c Trust,
    known: &'c Known,
    now: Instant,
    progress: Progress,
}

impl<'c> Desk<'c> {
    /// A case whose records hold together, are signed, and lie in the past.
    ///
    /// # Errors
    /// `broken`, `unreadable`, `unsigned_record`, `too_early`, `no_roster`.
    pub fn open(
        snapshot: &'c Snapshot,
        schema: &FactSchema,
        trust: &'c Trust,
        known: &'c Known,
        now: Instant,
    ) -> Result<Self, CaseError> {
        let progress = Progress::of(snapshot, schema, known)?;
        if let Some(first) = progress.problems.first() {
            return Err(CaseError::Broken { first: format!("{}: {}", first.path, first.message) });
        }
        if progress.roster.is_none() {
            return Err(CaseError::NoRoster);
        }
        let desk = Self { snapshot, trust, known, now, progress };
        let waits = desk.unsigned_proposal().map(|(path, _)| path.to_owned());
        for done in &desk.progress.done {
            if done.at > now {
                return Err(CaseError::TooEarly { now, path: done.path.clone(), at: done.at });
            }
            let person = || printable(&done.person);
            if waits.as_ref() != Some(&done.path)
                && !done.signed_by.iter().any(|aid| desk.speaks_for(&done.person, aid, done.at))
            {
                return Err(CaseError::UnsignedRecord { path: done.path.clone(), person: person() });
            }
        }
        Ok(desk)
    }

    /// Where the case stands.
    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// The case.
    pub(super) fn snapshot(&self) -> &Snapshot {
        self.snapshot
    }

    /// The clock.
    pub fn now(&self) -> Instant {
        self.now
    }

    /// Identifiers with which a person may act now: that of the roster, or else any officer's.
    pub fn aids_of(&self, person: &str) -> Vec<Aid> {
        let rostered: Vec<Aid> = self.progress.members(person, self.now).map(|member| member.aid.clone()).collect();
        if rostered.is_empty() { self.trust.officers.aids.clone() } else { rostered }
    }

    /// The case without a proposal that QAR1 has not signed as a record, so that evidence can be judged before.
    pub fn without_unsigned_proposal(&self) -> Option<Snapshot> {
        let (path, _) = self.unsigned_proposal()?;
        let stem = path.strip_suffix(".json").unwrap_or(path);
        let mut files = self.snapshot.to_files();
        files.remove(path);
        files.remove(&format!("{stem}.cesr"));
        Some(Snapshot::from_files(files, &crate::bundle::Limits::STANDARD))
    }

    /// A proposal at the end of the records, without any signature beside it: `propose` leaves it so.
    fn unsigned_proposal(&self) -> Option<(&str, &[u8])> {
        let last = self.progress.last()?;
        let stem = last.path.strip_suffix(".json")?;
        let beside = self.snapshot.find(&format!("{stem}{}", crate::bundle::signed::ENDING));
        let waits = last.kind == "proposal" && beside.is_none();
        let file = self.snapshot.file(self.snapshot.find(&last.path).filter(|_| waits)?);
        Some((&last.path, file.bytes()?))
    }

    /// Whether an identifier is that of a person of the roster or, for who is not on it, of an officer.
    fn speaks_for(&self, person: &str, aid: &Aid, at: Instant) -> bool {
        let mut members = self.progress.members(person, at).peekable();
        match members.peek() {
            Some(_) => members.any(|member| member.aid == *aid),
            None => !self.is_rostered(person) && self.trust.officers.aids.contains(aid),
        }
    }

    fn is_rostered(&self, person: &str) -> bool {
        self.progress.roster.iter().flatten().any(|member| member.person == person)
    }

    fn roster_lists(&self, aid: &Aid) -> bool {
        self.progress.roster.iter().flatten().any(|member| member.aid == *aid)
    }

    /// The one member that a person is now.
    fn member(&self, person: &str) -> Result<&Member, CaseError> {
        let at = self.now;
        let members: Vec<&Member> = self.progress.members(person, at).collect();
        match members.as_slice() {
            [member] => Ok(member),
            [] => Err(CaseError::NotOnRoster { person: printable(person), at }),
            several => {
                let aids = several.iter().map(|member| member.aid.to_string()).collect::<Vec<_>>().join(", ");
                Err(CaseError::SeveralAids { person: printable(person), at, aids })
            }
        }
    }

    /// Somebody of the roster who acts under the identifier that it gives them.
    fn rostered(&self, actor: &Actor) -> Result<&Member, CaseError> {
        let member = self.member(&actor.person)?;
        if member.aid == actor.aid {
            return Ok(member);
        }
        let expected = member.aid.to_string();
        Err(CaseError::NotTheirAid { person: printable(&actor.person), aid: actor.aid.clone(), expected })
    }

    /// An officer, who may be on the roster as well.
    fn officer(&self, actor: &Actor) -> Result<(), CaseError> {
        if self.is_rostered(&actor.person) {
            self.rostered(actor)?;
        }
        // Whoever the roster names must act by that name.
        let is_officer = self.trust.officers.aids.contains(&actor.aid);
        if is_officer && (self.is_rostered(&actor.person) || !self.roster_lists(&actor.aid)) {
            return Ok(());
        }
        Err(CaseError::NotAnOfficer { person: printable(&actor.person), aid: actor.aid.clone() })
    }

    fn state(&self, aid: &Aid) -> Result<KeyState, CaseError> {
        self.known.states.get(aid).cloned().ok_or_else(|| CaseError::NoLog { aid: aid.clone() })
    }

    pub(super) fn sealed(&self) -> Result<Sha256, CaseError> {
        self.progress.sealed.ok_or(CaseError::Unsealed)
    }

    fn qar(&self, role: Role) -> Result<&super::progress::Assignment, CaseError> {
        self.progress.qar(role, self.now).ok_or(CaseError::NotAssigned { role })
    }

    /// That who acts is the QAR of a role, under the identifier of the roster and of the assignment.
    pub(super) fn acts_as(&self, role: Role, actor: &Actor) -> Result<(), CaseError> {
        let assigned = self.qar(role)?;
        if assigned.person != actor.person {
            let (person, assigned) = (printable(&actor.person), printable(&assigned.person));
            return Err(CaseError::NotTheQar { person, role, assigned });
        }
        let member = self.rostered(actor)?;
        if member.aid != assigned.aid {
            let (assigned, aid) = (assigned.aid.clone(), member.aid.clone());
            return Err(CaseError::OtherAid { role, person: printable(&actor.person), assigned, aid });
        }
        Ok(())
    }

    fn undecided(&self) -> Result<(), CaseError> {
        match self.progress.decision() {
            Some(decision) => Err(CaseError::Decided { path: decision.path.clone() }),
            None => Ok(()),
        }
    }

    /// That QAR2 may decide: an approval on which nobody has signed may be made anew, as a report grows old.
    fn decidable(&self, qar2: &Aid) -> Result<(), CaseError> {
        match self.progress.decision() {
            Some(decision) if decision.decision == Decision::Reject || self.progress.has_signed(qar2) => {
                Err(CaseError::Decided { path: decision.path.clone() })
            }
            Some(_) | None => Ok(()),
        }
    }

    /// The submission of the evidence as it is.
    fn submitted(&self) -> Result<&super::progress::Submission, CaseError> {
        let bundle = self.sealed()?;
        let submission = self.progress.submission().ok_or(CaseError::NotSubmitted)?;
        if submission.manifest != bundle {
            let (path, submitted) = (submission.path.clone(), submission.manifest);
            return Err(CaseError::OtherBundle { path, submitted, bundle });
        }
        Ok(submission)
    }

    /// That a report is about this case, of a stage, and not from the future.
    fn about<'r>(&self, report: &'r Report, stage: Stage) -> Result<&'r Run, CaseError> {
        let run = &report.content().run;
        let other = |what: String| Err(CaseError::OtherReport { what });
        if run.bundle != self.snapshot.digest() {
            return other("it is over another bundle".to_owned());
        }
        if run.stage != stage {
            return other(format!("its stage is {}, not {}", run.stage.as_str(), stage.as_str()));
        }
        if run.trust != self.trust.digest {
            return other("it was made with another trust file".to_owned());
        }
        if run.as_of > self.now {
            return other(format!("it is for {}, and it is {}", run.as_of, self.now));
        }
        Ok(run)
    }

    fn clean<'r>(&self, report: &'r Report, stage: Stage) -> Result<&'r Run, CaseError> {
        let run = self.about(report, stage)?;
        let verdict = report.content().verdict;
        if verdict.exit_status(FailOn::Warn) != 0 {
            let (stage, verdict) = (stage.as_str(), verdict.as_str());
            return Err(CaseError::NotClean { stage, verdict, as_of: run.as_of });
        }
        Ok(run)
    }

    /// Records that follow the last one, which must be signed before another names it.
    pub(super) fn write<'p>(&'p self, actor: &'p Actor) -> Result<Writer<'p>, CaseError> {
        if let Some((path, _)) = self.unsigned_proposal() {
            let person = self.progress.last().map(|last| printable(&last.person)).unwrap_or_default();
            return Err(CaseError::UnsignedRecord { path: path.to_owned(), person });
        }
        self.write_signing(actor)
    }

    /// As [`Desk::write`], by who signs the last one as well.
    fn write_signing<'p>(&'p self, actor: &'p Actor) -> Result<Writer<'p>, CaseError> {
        Ok(Writer::new(&self.progress, self.state(&actor.aid)?, actor, self.now))
    }
}

/// Makes somebody of the roster a QAR of the case; somebody of the roster or an officer does.
///
/// # Errors
/// `decided`, `already_assigned`, `not_on_roster`, `several_aids`, `same_person`, `not_their_aid`, `no_log`.
pub fn assign(desk: &Desk<'_>, actor: &Actor, roles: &[(Role, &str)]) -> Result<Draft, CaseError> {
    desk.undecided()?;
    match desk.is_rostered(&actor.person) {
        true => drop(desk.rostered(actor)?),
        false => desk.officer(actor)?,
    }
    let mut writer = desk.write(actor)?;
    let mut given: Vec<(Role, Member)> = Vec::new();
    for role in [Role::Qar1, Role::Qar2] {
        // Whoever has the other role: a roster that has changed since hides nobody.
        if let Some(held) = desk.progress.qar(role, desk.now) {
            let legal_name =
                desk.progress.members(&held.person, desk.now).next().map(|member| member.legal_name.clone());
            let legal_name = legal_name.unwrap_or_default();
            let (person, aid) = (held.person.clone(), held.aid.clone());
            given.push((role, Member { person, legal_name, aid, from: held.at, to: None }));
        }
    }
    for &(role, person) in roles {
        if let Some(held) = desk.progress.qar(role, desk.now) {
            let (person, path) = (printable(&held.person), held.path.clone());
            return Err(CaseError::AlreadyAssigned { role, person, path });
        }
        // One person for both, whatever else is wrong with them.
        if given.iter().any(|(_, other)| other.person == person) {
            let why = "the other QAR of the case is the same person".to_owned();
            return Err(CaseError::SamePerson { person: printable(person), role, why });
        }
        let member = desk.member(person)?;
        if let Some(why) = given.iter().find_map(|(_, other)| same(member, other)) {
            return Err(CaseError::SamePerson { person: printable(person), role, why });
        }
        given.push((role, member.clone()));
        let id = format!("assignment-{}", role.as_str().to_lowercase());
        let at = desk.now.to_string();
        writer.tell(role.as_str(), format!("{person} ({}), {}", member.legal_name, member.aid));
        writer.record(
            Header { kind: "qar-assignment", id: &id, file: &id, producer: "qvi", bundle: None },
            [
                ("role", json!(role.as_str())),
                ("person_id", json!(person)),
                ("aid", json!(member.aid.as_str())),
                ("assigned_by", json!(actor.person)),
                ("assigned_at", json!(at)),
                ("superseded_at", Value::Null),
            ],
            None,
        );
    }
    Ok(writer.finish())
}

/// What shows that two members of the roster are one person.
fn same(one: &Member, other: &Member) -> Option<String> {
    let folded = |name: &str| name.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    if one.aid == other.aid {
        return Some(format!("`{}` has the same identifier, {}", printable(&other.person), other.aid));
    }
    let same_name = !other.legal_name.is_empty() && folded(&one.legal_name) == folded(&other.legal_name);
    same_name.then(|| format!("`{}` has the same name, {}", printable(&other.person), printable(&one.legal_name)))
}

/// QAR1 hands the evidence to QAR2, with the proposal that QAR1 signed. `report` is the `evidence` run of now, over
/// the case as it is or without a proposal whose record waits for QAR1's signature.
///
/// # Errors
/// `not_assigned`, `not_the_qar`, `other_aid`, `unsealed`, `already_submitted`, `decided`, `not_clean`, `other_report`,
/// `other_proposer`.
pub fn submit(desk: &Desk<'_>, actor: &Actor, report: &Report, recommendation: Decision) -> Result<Draft, CaseError> {
    let qar2 = desk.qar(Role::Qar2)?;
    desk.acts_as(Role::Qar1, actor)?;
    desk.undecided()?;
    let bundle = desk.sealed()?;
    if let Some(submission) = desk.progress.submission() {
        return Err(CaseError::AlreadySubmitted { path: submission.path.clone() });
    }
    desk.clean(report, Stage::Evidence)?;
    let mut writer = desk.write_signing(actor)?;
    writer.tell("bundle", bundle);
    writer.tell("recommendation", recommendation.as_str());
    writer.tell("to", &qar2.person);
    if let Some((path, bytes)) = desk.unsigned_proposal() {
        let proposer = desk.progress.last().map(|last| (last.person.clone(), last.what.clone()));
        if proposer != Some((actor.person.clone(), super::progress::What::Proposed(actor.aid.clone()))) {
            let path = path.to_owned();
            return Err(CaseError::OtherProposer { path, person: printable(&actor.person) });
        }
        writer.tell("proposal", path);
        writer.sign_present(path, bytes);
    }
    let id = format!("submission-{}", writer.nth("evidence-submission"));
    writer.record(
        Header { kind: "evidence-submission", id: &id, file: "submission", producer: "qvi", bundle: Some(bundle) },
        [
            ("manifest_sha256", json!(bundle.to_string())),
            ("recommendation", json!(recommendation.as_str())),
            ("submitted_by", json!(actor.person)),
            ("submitted_to", json!(qar2.person)),
            ("submitted_at", json!(desk.now.to_string())),
        ],
        None,
    );
    Ok(writer.finish())
}

/// The result of a rule in a report, by its own id or that of a requirement it stands for.
fn result<'r>(report: &'r Report, rule: &str) -> Option<&'r ResultEntry> {
    let results = &report.content().results;
    let own = results.iter().find(|result| result.rule == rule);
    own.or_else(|| results.iter().find(|result| result.same_as.iter().any(|same| same == rule)))
}

/// The findings of a rule about an element.
fn findings<'r>(report: &'r Report, rule: &str, element: Option<&'r str>) -> Vec<(&'r ResultEntry, &'r FindingEntry)> {
    let result = result(report, rule);
    let of = result.iter().flat_map(|result| result.findings.iter().map(|finding| (*result, finding)));
    of.filter(|(_, finding)| finding.element.as_deref() == element).collect()
}

fn about(element: Option<&str>) -> String {
    element.map(|element| format!(" about `{}`", printable(element))).unwrap_or_default()
}

/// A text that people give.
pub(super) fn text(text: &str, what: &'static str, option: &'static str, most: usize) -> Result<String, CaseError> {
    let text = text.trim();
    let holds = !text.is_empty() && text.chars().count() <= most;
    if holds { Ok(text.to_owned()) } else { Err(CaseError::NoText { what, option, most }) }
}

/// What a person answers for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Statement<'s> {
    /// The rule that waits for it.
    pub rule: &'s str,
    /// The element, for a rule judged one by one.
    pub element: Option<&'s str>,
    /// What it is about.
    pub topic: &'s str,
    /// What the person says.
    pub statement: &'s str,
}

/// Somebody of the roster answers for what no document can show. `report` is a run of now.
///
/// # Errors
/// `unsealed`, `decided`, `not_on_roster`, `not_their_aid`, `nothing_to_attest`, `no_text`, `other_report`.
pub fn attest(desk: &Desk<'_>, actor: &Actor, report: &Report, said: &Statement<'_>) -> Result<Draft, CaseError> {
    desk.undecided()?;
    desk.rostered(actor)?;
    let bundle = desk.sealed()?;
    desk.about(report, report.content().run.stage)?;
    let statement = text(said.statement, "statement", "--statement", STATEMENT_MAX)?;
    let topic = text(said.topic, "topic", "--topic", 128)?;
    let found = findings(report, said.rule, said.element);
    let waits = found.iter().find(|(_, finding)| finding.outcome == Outcome::Review);
    let Some((result, _)) = waits else {
        let (rule, element) = (printable(said.rule), about(said.element));
        return Err(CaseError::NothingToAttest { rule, element });
    };
    let mut writer = desk.write(actor)?;
    writer.tell("rule", format!("{}, {}", result.rule, result.title));
    writer.tell("statement", &statement);
    let id = format!("attestation-{}", writer.nth("case-attestation"));
    writer.record(
        Header { kind: "case-attestation", id: &id, file: "attestation", producer: "qvi", bundle: Some(bundle) },
        [
            ("rule_id", json!(result.rule)),
            ("element", json!(said.element)),
            ("topic", json!(topic)),
            ("statement", json!(statement)),
            ("signed_by", json!(actor.person)),
            ("signed_at", json!(desk.now.to_string())),
        ],
        None,
    );
    Ok(writer.finish())
}

/// What a waiver is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plea<'s> {
    /// The rule.
    pub rule: &'s str,
    /// The element of the finding.
    pub element: Option<&'s str>,
    /// Why.
    pub reason: &'s str,
    /// What is done instead.
    pub control: Option<&'s str>,
    /// Until when.
    pub expires: Instant,
}

/// The finding that a waiver would cover.
fn waivable<'r>(report: &'r Report, rule: &str, element: Option<&'r str>) -> Result<&'r ResultEntry, CaseError> {
    let failing: Vec<_> = findings(report, rule, element)
        .into_iter()
        .filter(|(_, finding)| {
            finding.outcome == Outcome::Fail && finding.level != Level::Info && finding.waiver.is_none()
        })
        .collect();
    let (rule, named) = (printable(rule), about(element));
    if failing.iter().any(|(_, finding)| finding.level == Level::Block) {
        return Err(CaseError::NotWaivable { rule, element: named, level: "block" });
    }
    match failing.first() {
        Some((result, _)) => Ok(result),
        None => Err(CaseError::NothingToWaive { rule, element: named }),
    }
}

/// Somebody of the roster asks that a finding at level warn be accepted for a time. `report` is a run of now.
///
/// # Errors
/// `unsealed`, `decided`, `not_on_roster`, `not_their_aid`, `nothing_to_waive`, `not_waivable`, `expired`, `no_text`.
pub fn request_waiver(desk: &Desk<'_>, actor: &Actor, report: &Report, plea: &Plea<'_>) -> Result<Draft, CaseError> {
    desk.undecided()?;
    desk.rostered(actor)?;
    let bundle = desk.sealed()?;
    desk.about(report, report.content().run.stage)?;
    let reason = text(plea.reason, "reason", "--reason", STATEMENT_MAX)?;
    let control = plea.control.map(|control| text(control, "compensating control", "--control", STATEMENT_MAX));
    let control = control.transpose()?;
    if plea.expires <= desk.now {
        return Err(CaseError::Expired { expires: plea.expires, now: desk.now });
    }
    let result = waivable(report, plea.rule, plea.element)?;
    let mut writer = desk.write(actor)?;
    writer.tell("rule", format!("{}, {}", result.rule, result.title));
    writer.tell("reason", &reason);
    writer.tell("expires", plea.expires);
    let id = format!("waiver-request-{}", writer.nth("waiver-request"));
    writer.record(
        Header { kind: "waiver-request", id: &id, file: &id, producer: "qvi", bundle: Some(bundle) },
        [
            ("rule", json!(result.rule)),
            ("rule_digest", json!(result.rule_digest.to_string())),
            ("element", json!(plea.element)),
            ("reason", json!(reason)),
            ("compensating_control", json!(control)),
            ("requested_by", json!(actor.person)),
            ("requested_at", json!(desk.now.to_string())),
            ("expires", json!(plea.expires.to_string())),
        ],
        None,
    );
    Ok(writer.finish())
}

/// An officer who is no party to the case grants a waiver that somebody asked for. `report` is a run of now.
///
/// # Errors
/// `no_request`, `not_an_officer`, `not_assigned`, `party`, `expired`, `nothing_to_waive`, `not_waivable`, `decided`.
pub fn grant_waiver(desk: &Desk<'_>, actor: &Actor, report: &Report, id: &str) -> Result<Draft, CaseError> {
    desk.undecided()?;
    let bundle = desk.sealed()?;
    desk.about(report, report.content().run.stage)?;
    let request = request(desk, id)?;
    desk.officer(actor)?;
    for role in [Role::Qar1, Role::Qar2] {
        let qar = desk.qar(role)?;
        if qar.person == actor.person || qar.aid == actor.aid {
            return Err(CaseError::Party { person: printable(&actor.person), why: format!("they are {role} of it") });
        }
    }
    let asked = desk.progress.done.iter().find(|done| done.id == request.id && done.kind == "waiver-request");
    if request.by == actor.person || asked.is_some_and(|done| done.signed_by.contains(&actor.aid)) {
        return Err(CaseError::Party { person: printable(&actor.person), why: "they asked for it".to_owned() });
    }
    if request.expires <= desk.now {
        return Err(CaseError::Expired { expires: request.expires, now: desk.now });
    }
    let result = waivable(report, &request.rule, request.element.as_deref())?;
    if result.rule_digest != request.rule_digest {
        let what = format!("`{}` decides otherwise since the waiver was asked for", result.rule);
        return Err(CaseError::OtherReport { what });
    }
    let mut writer = desk.write(actor)?;
    writer.tell("rule", format!("{}, {}", result.rule, result.title));
    writer.tell("asked by", &request.by);
    writer.tell("reason", &request.reason);
    writer.tell("expires", request.expires);
    let id = format!("waiver-{}", writer.nth("waiver"));
    let at = desk.now.to_string();
    writer.record(
        Header { kind: "waiver", id: &id, file: &id, producer: "qvi", bundle: Some(bundle) },
        [
            ("rule", json!(request.rule)),
            ("rule_digest", json!(request.rule_digest.to_string())),
            ("element", json!(request.element)),
            ("reason", json!(request.reason)),
            ("compensating_control", json!(request.control)),
            ("requested_by", json!(request.by)),
            ("request_id", json!(request.id)),
            ("approved_by", json!([{ "person_id": actor.person, "aid": actor.aid.as_str(), "approved_at": at }])),
            ("not_before", json!(at)),
            ("expires", json!(request.expires.to_string())),
            ("max_uses", json!(1)),
        ],
        None,
    );
    Ok(writer.finish())
}

fn request<'d>(desk: &'d Desk<'_>, id: &str) -> Result<&'d Request, CaseError> {
    desk.progress.open_requests().find(|request| request.id == id).ok_or_else(|| {
        let open: Vec<String> = desk.progress.open_requests().map(|request| printable(&request.id)).collect();
        let open = if open.is_empty() { "none".to_owned() } else { open.join(", ") };
        CaseError::NoRequest { id: printable(id), open }
    })
}

/// Who decides, and on what.
#[derive(Debug, Clone, Copy)]
pub struct Verdict<'s> {
    /// The decision.
    pub decision: Decision,
    /// Why, as QAR2 says it.
    pub reason: &'s str,
    /// The `proposal` run that QAR2 saw.
    pub report: &'s Report,
    /// Its packs, each with its digest.
    pub packs: &'s [(String, Sha256)],
}

/// QAR2 decides on one exact report. An approval needs a clean one; to reject, any will do. The last decision counts.
///
/// # Errors
/// `not_assigned`, `not_the_qar`, `other_aid`, `not_submitted`, `other_bundle`, `decided`, `not_clean`, `no_text`.
pub fn decide(desk: &Desk<'_>, actor: &Actor, verdict: &Verdict<'_>) -> Result<Draft, CaseError> {
    let qar1 = desk.qar(Role::Qar1)?;
    desk.acts_as(Role::Qar2, actor)?;
    if qar1.person == actor.person || qar1.aid == actor.aid {
        let why = "QAR1 is the same person".to_owned();
        return Err(CaseError::SamePerson { person: printable(&actor.person), role: Role::Qar2, why });
    }
    desk.decidable(&actor.aid)?;
    let submission = desk.submitted()?;
    let bundle = submission.manifest;
    let run = match verdict.decision {
        Decision::Approve => desk.clean(verdict.report, Stage::Proposal)?,
        Decision::Reject => desk.about(verdict.report, Stage::Proposal)?,
    };
    let reason = text(verdict.reason, "reason", "--reason", TEXT_MAX)?;
    let document = report_json::render(verdict.report);
    let digest = Sha256::of(&document);
    let mut writer = desk.write(actor)?;
    writer.tell("decision", verdict.decision.as_str());
    writer.tell("bundle", bundle);
    if let Some(proposal) = desk.progress.proposal() {
        writer.tell("proposal", format!("{}, {}", proposal.path, proposal.digest));
    }
    let verdict_text = verdict.report.content().verdict.as_str();
    writer.tell("report", format!("{verdict_text} at stage {} as of {}, {digest}", run.stage.as_str(), run.as_of));
    writer.tell("reason", &reason);
    let path = format!("decision/{:02}-report-document.json", writer.next_number());
    let packs: Vec<Value> =
        verdict.packs.iter().map(|(name, digest)| json!({ "name": name, "sha256": digest.to_string() })).collect();
    let id = format!("report-{}", writer.nth("policy-report"));
    writer.record(
        Header { kind: "policy-report", id: &id, file: "report", producer: "tool", bundle: Some(bundle) },
        [
            ("engine_version", json!(run.engine)),
            ("packs", json!(packs)),
            ("manifest_sha256", json!(bundle.to_string())),
            ("stage", json!(run.stage.as_str())),
            ("evaluated_at", json!(run.as_of.to_string())),
            ("report_path", json!(path)),
            ("report_sha256", json!(digest.to_string())),
        ],
        Some((path.clone(), document)),
    );
    let id = format!("approval-{}", writer.nth("approval"));
    let at = desk.now.to_string();
    writer.record(
        Header { kind: "approval", id: &id, file: "approval", producer: "qvi", bundle: Some(bundle) },
        [
            ("decision", json!(verdict.decision.as_str())),
            ("reviewed_manifest_sha256", json!(bundle.to_string())),
            ("report_sha256", json!(digest.to_string())),
            ("reviewed_at", json!(at)),
            ("decided_at", json!(at)),
            ("reasons", json!([reason])),
            ("approver_person_id", json!(actor.person)),
            ("approver_aid", json!(actor.aid.as_str())),
        ],
        None,
    );
    Ok(writer.finish())
}

/// What QAR2 signed, as the case keeps it.
#[derive(Debug, Clone, Copy)]
pub struct PartialSignature<'s> {
    /// The event.
    pub anchor: &'s Said,
    /// Where the key stands in the group.
    pub index: u32,
    /// The group.
    pub group: &'s Aid,
    /// The establishment event that put it there.
    pub established: (u64, &'s Said),
    /// The indexed signature.
    pub signature: &'s str,
}

/// QAR2 records the signature that was made.
///
/// # Errors
/// `not_assigned`, `not_the_qar`, `other_aid`, `not_submitted`, `other_bundle`, `decided`: it was recorded before.
pub fn record_signature(desk: &Desk<'_>, actor: &Actor, made: &PartialSignature<'_>) -> Result<Draft, CaseError> {
    desk.acts_as(Role::Qar2, actor)?;
    desk.decidable(&actor.aid)?;
    let bundle = desk.submitted()?.manifest;
    let mut writer = desk.write(actor)?;
    writer.tell("signature", format!("on {} at index {}", made.anchor, made.index));
    let id = format!("partial-signature-{}", writer.nth("partial-signature"));
    let (sn, said) = made.established;
    writer.record(
        Header { kind: "partial-signature", id: &id, file: "partial-signature", producer: "qvi", bundle: Some(bundle) },
        [
            ("anchor_said", json!(made.anchor.as_str())),
            ("signer_aid", json!(actor.aid.as_str())),
            ("index", json!(made.index)),
            ("key_state", json!({ "aid": made.group.as_str(), "sn": sn, "said": said.as_str() })),
            ("signature", json!(made.signature)),
            ("signed_at", json!(desk.now.to_string())),
        ],
        None,
    );
    Ok(writer.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_somebody_says_is_bounded() {
        for most in [TEXT_MAX, STATEMENT_MAX] {
            let said = |length: usize| text(&"é".repeat(length), "reason", "--reason", most);
            assert_eq!(said(most).unwrap().chars().count(), most);
            assert!(matches!(said(most + 1), Err(CaseError::NoText { .. })));
            assert!(matches!(said(0), Err(CaseError::NoText { .. })));
        }
    }
}
