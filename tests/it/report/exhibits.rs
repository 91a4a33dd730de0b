//! What reports show beside their findings: made up for renderings, and as `check` reads it from the cases.

use countersign::bundle::{Limits, Snapshot};
use countersign::check;
use countersign::compile::shipped;
use countersign::trust::Trust;

use super::*;
use crate::fixture;

const QVI: &str = "ECUxeizfTn669ZtV6hk8qJyk-59G8S7RCp4N_xPiQJme";
const LE: &str = "EDJJ2SAzuBNdvMwNsxfvrLbgHQtPbqDW1RddezZkuQE9";

fn party(aid: &str, name: &str) -> Party {
    Party { aid: aid.to_owned(), name: Some(name.to_owned()) }
}

fn credential(said: &str, kind: &str, issuer: Party, issuee: Party, state: RegistryState) -> CredentialEntry {
    CredentialEntry {
        said: said.to_owned(),
        credential_type: Some(kind.to_owned()),
        path: format!("bundle/streams/{}.cesr", kind.to_lowercase()),
        issuer,
        issuee: Some(issuee),
        lei: Some("254900OPPU84GM83MG36".to_owned()),
        person: None,
        role: None,
        registry: Some("EBfEfRRNtV-bYhJ1W8uMzJF3mQ0OoEj2xAc6ezG_LdWi".to_owned()),
        state: Some(state),
        issued_at: Some("2025-09-15T11:30:00Z".parse().unwrap()),
        revoked_at: None,
        standing: Some(ChainState::Valid),
        edges: Vec::new(),
    }
}

fn edge(label: &str, node: &str, state: EdgeState) -> EdgeEntry {
    EdgeEntry { label: label.to_owned(), node: node.to_owned(), state: Some(state) }
}

fn step(role: QarRole, step: Step, person: &str, at: &str) -> StepEntry {
    StepEntry {
        step,
        role,
        person: Some(person.to_owned()),
        aid: Some("EJC6mvmEK_i-S0kQkRZh781RupPQ1pjHNSZLi0dxPhKk".to_owned()),
        at: Some(at.parse().unwrap()),
        ended_at: None,
        path: Some(format!("decision/{person}.json")),
        signed: Some(true),
        remarks: Vec::new(),
    }
}

fn open(role: QarRole, what: Step) -> StepEntry {
    let mut open = step(role, what, "", "2026-03-17T09:00:00Z");
    (open.person, open.aid, open.at, open.path, open.signed) = (None, None, None, None, None);
    open
}

fn field(part: &str, name: &str, proposed: &str, evidence: Comparison) -> FieldEntry {
    FieldEntry {
        part: part.to_owned(),
        field: name.to_owned(),
        proposed: Some(proposed.to_owned()),
        proven: Some(proposed.to_owned()),
        by: Some("`bundle/records/request-1.json`, `lei`".to_owned()),
        evidence,
        gleif_value: None,
        gleif_agrees: None,
    }
}

fn proposal(fields: Vec<FieldEntry>) -> ProposalEntry {
    ProposalEntry {
        path: "decision/03-proposal.json".to_owned(),
        not_compared: None,
        gleif: Some(GleifEntry {
            path: "bundle/raw/lei-record-r2.json".to_owned(),
            lei: "254900OPPU84GM83MG36".to_owned(),
            legal_name: Some("ACME AG".to_owned()),
            entity_status: Some("ACTIVE".to_owned()),
            registration_status: Some("ISSUED".to_owned()),
            next_renewal: Some("2026-05-01T00:00:00Z".to_owned()),
        }),
        fields,
    }
}

/// Nothing to remark upon.
pub fn in_order(document: &mut ReportDocument) {
    let qvi =
        credential("EHExaqxkfCRN0RaS", "QVI", party("EMfa9VEt3h", "GEDA"), party(QVI, "QVI"), RegistryState::Issued);
    let mut le =
        credential("EN0J20c4cxM42FLj", "LE", party(QVI, "QVI"), party(LE, "legal entity"), RegistryState::Draft);
    le.issued_at = None;
    le.edges = vec![edge("qvi", &qvi.said, EdgeState::Holds)];
    document.chain = vec![qvi, le];
    document.steps = vec![
        step(QarRole::First, Step::Assigned, "Q1", "2026-03-17T09:00:00Z"),
        step(QarRole::Second, Step::Assigned, "Q2", "2026-03-17T09:05:00Z"),
        step(QarRole::First, Step::Proposed, "Q1", "2026-03-19T10:00:00Z"),
        step(QarRole::First, Step::Submitted, "Q1", "2026-03-19T10:00:00Z"),
        step(QarRole::Second, Step::Reported, "Q2", "2026-03-20T14:50:00Z"),
        open(QarRole::Second, Step::Approved),
        open(QarRole::Second, Step::Signed),
    ];
    let mut lei = field("credential", "a.LEI", "254900OPPU84GM83MG36", Comparison::Equal);
    lei.gleif_value.clone_from(&lei.proposed);
    lei.gleif_agrees = Some(true);
    document.proposal = Some(proposal(vec![
        field("credential", "v", "ACDC10JSON0005c8_", Comparison::Equal),
        field("credential", "i", QVI, Comparison::Equal),
        field("credential", "a.dt", "2026-03-19T09:50:00.000000+00:00", Comparison::InRange),
        lei,
        field("credential", "r.usageDisclaimer.l", &"prescribed ".repeat(40), Comparison::Equal),
        field("anchoring event", "s", "2", Comparison::Equal),
    ]));
}

/// What the drawings, their words and their tables say of it.
pub fn words_in_order() -> serde_json::Value {
    serde_json::json!({
        "chain": ["QVI credential", "LE credential", "GEDA", "issued 2025-09-15T11:30:00Z", "proposed, in no registry yet"],
        "people": ["assigned", "submission", "2026-03-20T14:50:00Z", "still to be done"],
    })
}

/// Everything that can be marked.
pub fn in_trouble(document: &mut ReportDocument) {
    let qvi = credential("EHExaqxkfCRN0RaS", "QVI", party("EOther", "QVI"), party(QVI, "QVI"), RegistryState::Revoked);
    let mut le =
        credential("EN0J20c4cxM42FLj", "LE", party(QVI, "QVI"), party(LE, "legal entity"), RegistryState::Issued);
    le.edges = vec![edge("qvi", &qvi.said, EdgeState::Holds)];
    le.standing = Some(ChainState::Revoked);
    let person = party("EGnsh4gv_sAB_VDkWERst-RhqDUuuEK69XLTlM9Xj3yF", "person");
    let mut auth = credential(
        "EDAuthAuthAuthAu",
        "OOR_AUTH",
        party(LE, "legal entity"),
        party(QVI, "QVI"),
        RegistryState::Unproven,
    );
    auth.edges =
        vec![edge("le", "EGoneGoneGoneGoneGone", EdgeState::NotPresented), edge("qvi", &qvi.said, EdgeState::Broken)];
    auth.standing = Some(ChainState::Incomplete);
    let mut oor = credential("ECOorOorOorOorOo", "OOR", party(QVI, "QVI"), person, RegistryState::Draft);
    oor.person = Some("Erika Beispiel von der langen Straße zu Hohenneuendorf".to_owned());
    oor.role = Some("Chief Financial Officer (X7CFO1)".to_owned());
    oor.edges = vec![edge("auth", &auth.said, EdgeState::Holds)];
    oor.standing = Some(ChainState::Invalid);
    let mut qvi = qvi;
    qvi.revoked_at = Some("2026-03-01T00:00:00Z".parse().unwrap());
    document.chain = vec![qvi, le, auth, oor];
    let mut replaced = step(QarRole::First, Step::Assigned, "Q3", "2026-03-16T09:00:00Z");
    replaced.ended_at = Some("2026-03-17T08:00:00Z".parse().unwrap());
    let mut early = step(QarRole::Second, Step::Approved, "Q1", "2026-03-18T10:00:00Z");
    early.remarks = vec![
        "the same person as QAR1".to_owned(),
        "not who is assigned as QAR2".to_owned(),
        "before the submission".to_owned(),
    ];
    let mut unsigned = step(QarRole::First, Step::Submitted, "Q1", "2026-03-19T10:00:00Z");
    unsigned.signed = Some(false);
    unsigned.remarks = vec!["its signatures do not hold".to_owned()];
    document.steps = vec![
        replaced,
        step(QarRole::First, Step::Assigned, "Q1", "2026-03-17T09:00:00Z"),
        step(QarRole::Second, Step::Assigned, "Q2", "2026-03-17T09:05:00Z"),
        early,
        unsigned,
        open(QarRole::First, Step::Proposed),
        open(QarRole::Second, Step::Reported),
        open(QarRole::Second, Step::Signed),
    ];
    let mut lei = field("credential", "a.LEI", "984500EXAMPLEQVI0041", Comparison::Differs);
    lei.proven = Some("254900OPPU84GM83MG36".to_owned());
    lei.gleif_value = Some("254900OPPU84GM83MG36".to_owned());
    lei.gleif_agrees = Some(false);
    let mut alone = field("registry event", "x", "1", Comparison::Differs);
    alone.proven = None;
    let mut whole = field("anchoring event", "", "its fields in another order", Comparison::Follows);
    whole.by = None;
    let mut shown = proposal(vec![lei, field("credential", "d", "EN0J", Comparison::Follows), alone, whole]);
    shown.fields.push(field("credential", "s", "ENPX", Comparison::NotCompared));
    shown.not_compared = Some("there is no verified key event log of the QVI".to_owned());
    document.proposal = Some(shown);
}

/// What the drawings, their words and their tables say of it.
pub fn words_in_trouble() -> serde_json::Value {
    serde_json::json!({
        "chain": ["revoked 2026-03-01T00:00:00Z", "it rests on what is revoked", "no sealed event proves it", "it does not verify"],
        "people": ["the same person", "Q3", "2026-03-17T08:00:00Z", "approval", "still to be done"],
    })
}

/// What is shown of a case of the fixture, some of whose files say something else.
fn of_case(name: &str, as_of: &str, changes: &[(&str, &str, &str)]) -> ReportDocument {
    let fixtures = fixture::fixtures();
    let snapshot = Snapshot::read(&fixtures.join("cases").join(name), &Limits::STANDARD).unwrap();
    let mut files = snapshot.to_files();
    for (path, from, to) in changes {
        let text = String::from_utf8(files[*path].clone()).unwrap();
        assert!(text.contains(from), "{path}: {from}");
        files.insert((*path).to_owned(), text.replace(from, to).into_bytes());
    }
    let snapshot = Snapshot::from_files(files, &Limits::STANDARD);
    let trust = Trust::parse(&std::fs::read(fixtures.join("trust.json")).unwrap()).unwrap();
    let options = fixture::options(as_of, Stage::Signature);
    let report = check::check(shipped().unwrap(), &snapshot, &trust, None, &options).unwrap();
    // What is only read as text is the same without exhibits.
    let content = check::content(shipped().unwrap(), &snapshot, &trust, None, &options).unwrap();
    let bare = ReportDocument { chain: Vec::new(), steps: Vec::new(), proposal: None, ..report.document().clone() };
    let open = ReportDocument { said: content.said.clone(), judgement: content.judgement, ..bare };
    assert_eq!(ReportDocument { format: open.format.clone(), ..content }, open);
    report.into_document()
}

const AS_OF: &str = "2026-03-20T15:00:00Z";

#[test]
fn the_reference_case_is_shown_whole() {
    let shown = of_case("b0", AS_OF, &[]);
    let states: Vec<_> =
        shown.chain.iter().map(|entry| (entry.credential_type.as_deref().unwrap(), entry.state)).collect();
    assert_eq!(states, [("QVI", Some(RegistryState::Issued)), ("LE", Some(RegistryState::Draft))]);
    let names = |party: &Party| party.name.clone().unwrap();
    assert_eq!(names(&shown.chain[0].issuer), "GEDA");
    assert_eq!(names(&shown.chain[1].issuer), "QVI");
    assert_eq!(names(shown.chain[1].issuee.as_ref().unwrap()), "legal entity");
    assert_eq!(shown.chain[1].edges[0].state, Some(EdgeState::Holds));
    let steps: Vec<_> = shown.steps.iter().map(|step| (step.role, step.step)).collect();
    assert_eq!(
        steps,
        [
            (QarRole::First, Step::Assigned),
            (QarRole::Second, Step::Assigned),
            (QarRole::First, Step::Proposed),
            (QarRole::First, Step::Submitted),
            (QarRole::Second, Step::Reported),
            (QarRole::Second, Step::Approved),
            (QarRole::Second, Step::Signed),
        ]
    );
    assert!(shown.steps.iter().all(|step| step.remarks.is_empty() && step.signed == Some(true)), "{:#?}", shown.steps);
    let proposal = shown.proposal.unwrap();
    assert_eq!(proposal.not_compared, None);
    let chosen: Vec<_> = proposal.fields.iter().filter(|field| field.evidence != Comparison::Equal).collect();
    assert!(chosen.iter().all(|field| field.evidence == Comparison::InRange), "{chosen:#?}");
    assert_eq!(chosen.iter().map(|field| field.field.as_str()).collect::<Vec<_>>(), ["a.dt", "dt"]);
    let lei = proposal.fields.iter().find(|field| field.field == "a.LEI").unwrap();
    assert_eq!((lei.gleif_value.as_deref(), lei.gleif_agrees), (Some("254900OPPU84GM83MG36"), Some(true)));
    assert_eq!(proposal.gleif.unwrap().legal_name.as_deref(), Some("ACME AG"));
}

#[test]
fn one_person_in_both_roles_and_a_wrong_order_are_remarked_upon() {
    let approval = "decision/06-approval.json";
    let changes = [
        (approval, "\"approver_person_id\": \"Q2\"", "\"approver_person_id\": \"Q1\""),
        (approval, "\"decided_at\": \"2026-03-20T14:55:00Z\"", "\"decided_at\": \"2026-03-18T14:55:00Z\""),
    ];
    let shown = of_case("b0", AS_OF, &changes);
    let step = shown.steps.iter().find(|step| step.step == Step::Approved).unwrap();
    assert_eq!(
        step.remarks,
        [
            "the same person as QAR1",
            "not who is assigned as QAR2",
            "before the submission",
            "before the report",
            "its signatures do not hold",
        ]
    );
    assert_eq!(step.signed, Some(false));
    let others = shown.steps.iter().filter(|step| step.step != Step::Approved);
    assert!(others.clone().all(|step| step.remarks.is_empty()), "{:#?}", others.collect::<Vec<_>>());
}

#[test]
fn what_is_still_to_be_done_stands_at_the_end() {
    let changes = [("decision/07-partial-signature.json", "\"partial-signature\"", "\"note\"")];
    let shown = of_case("b0", AS_OF, &changes);
    let last = shown.steps.last().unwrap();
    assert_eq!((last.step, last.role, last.at, &last.path), (Step::Signed, QarRole::Second, None, &None));
}

#[test]
fn another_lei_differs_from_the_evidence_and_from_gleif() {
    let (ours, other) = ("254900OPPU84GM83MG36", "984500EXAMPLEQVI0041");
    let changes = [("decision/03-proposal.json", ours, other), ("decision/03-proposal.cesr", ours, other)];
    let proposal = of_case("b0", AS_OF, &changes).proposal.unwrap();
    assert_eq!(proposal.not_compared, None);
    let lei = proposal.fields.iter().find(|field| field.field == "a.LEI").unwrap();
    assert_eq!((lei.evidence, lei.gleif_agrees), (Comparison::Differs, Some(false)), "{lei:#?}");
    assert_eq!((lei.proposed.as_deref(), lei.proven.as_deref()), (Some(other), Some(ours)));
    let equal = proposal.fields.iter().find(|field| field.field == "a.i").unwrap();
    assert_eq!(equal.evidence, Comparison::Equal);
}

#[test]
fn a_proposal_that_cannot_be_compared_stands_alone_and_says_why() {
    let changes = [("decision/03-proposal.cesr", "\"t\":\"iss\"", "\"t\":\"isx\"")];
    let proposal = of_case("b0", AS_OF, &changes).proposal.unwrap();
    assert!(proposal.not_compared.is_some(), "{proposal:#?}");
    assert!(proposal.fields.iter().all(|field| field.evidence == Comparison::NotCompared));
    // Evidence that does not prove what is to be signed: the fields are there.
    let changes = [("bundle/manifest.json", "\"flow\":\"le-unsolicited\"", "\"flow\":\"le-solicited\"")];
    let proposal = of_case("b0", AS_OF, &changes).proposal.unwrap();
    assert_eq!(proposal.fields.len(), 31);
}

#[test]
fn a_revoked_chain_is_shown_down_to_the_role() {
    let shown = of_case("oor-revoked", "2026-05-01T00:00:00Z", &[]);
    let states: Vec<_> =
        shown.chain.iter().map(|entry| (entry.credential_type.as_deref().unwrap(), entry.state)).collect();
    let (issued, revoked) = (Some(RegistryState::Issued), Some(RegistryState::Revoked));
    assert_eq!(states, [("QVI", issued), ("LE", issued), ("OOR_AUTH", revoked), ("OOR", revoked)]);
    assert!(shown.chain[3].person.is_some() && shown.chain[3].role.is_some() && shown.chain[3].revoked_at.is_some());
}

#[test]
fn a_flow_that_signs_nothing_has_no_proposal() {
    let shown = of_case("monitoring", "2026-06-01T00:00:00Z", &[]);
    assert!(shown.proposal.is_none());
    assert!(shown.steps.is_empty(), "{:#?}", shown.steps);
}
