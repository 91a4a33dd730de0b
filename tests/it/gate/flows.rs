//! Every flow that ends with an event of the QVI's group signs when it is clean.

use countersign::bundle::{Limits, Snapshot};
use countersign::check::fresh::Live;
use countersign::gate::{Code, Refusal};
use countersign::keri::build;
use countersign::keri::build::attach;
use countersign::keystore::Signer;
use countersign::proposal::{Act, Given};
use countersign::sign::Envelope;
use serde_json::Value;

use super::flow::{ECR, FLOWS, Flow, INVOLUNTARY, LE_REVOCATION, OOR, OOR_REVOCATION, bodies};
use super::world::{World, at, patched, program};
use crate::proposal::{fixtures, sign};

const LE_CREDENTIAL: &str = "EN0J20c4cxM42FLjf4mtts0q20dSreqXjgeGRcia0Mfa";
const OOR_CREDENTIAL: &str = "ENk9yyyGGB1tHeKx-ymV8jSyLUlOn-SXaerGCOoozeLO";
const OOR_AUTH: &str = "EMpNBAQvVkczEKvBiD0iy6QW0h68EEYa-2JdoaWw94Q4";
const REGISTRY: &str = "ECO81HTd005c3SCcO3bv7CGX94Iccl_NE_4gCbKJOPMl";
/// Of something else.
const OTHER: &str = "EBfEfRRNtV-bYhJ1W8uMzJF3mQ0OoEj2xAc6ezG_LdWi";

fn said(text: &str) -> String {
    let value: Value = serde_json::from_str(text).unwrap();
    value["d"].as_str().unwrap().to_owned()
}

/// The case with this proposal in the place of the right one, signed by QAR1: the record says nothing but the stream.
fn proposing(flow: &'static Flow, [credential, event, anchor]: [&str; 3]) -> World {
    let mut world = World::of(flow, "", "");
    let mut stream = [credential.as_bytes(), event.as_bytes()].concat();
    stream.extend(attach::event_bare(anchor, &[sign("Q1", 0, anchor)], &[]).unwrap());
    world.files.insert("decision/03-proposal.cesr".to_owned(), stream);
    let record = String::from_utf8(world.files["decision/03-proposal.json"].clone()).unwrap();
    let mut record: Value = serde_json::from_str(&record).unwrap();
    record["draft_credential"] = serde_json::from_str(credential).unwrap();
    for name in ["issuance", "revocation", "anchor"] {
        record.as_object_mut().unwrap().remove(name);
    }
    // Members keep the order that the credential has.
    let own = serde_json::to_string(&record["draft_credential"]).unwrap();
    world
        .files
        .insert("decision/03-proposal.json".to_owned(), record.to_string().replace(&own, credential).into_bytes());
    world
}

/// The proposal of a flow with a change in one part, and everything that follows from it.
fn changed(flow: &'static Flow, part: usize, from: &str, to: &str) -> World {
    let old = bodies(&flow.undecided());
    let mut new = old.clone();
    assert!(new[part].contains(from), "{}", new[part]);
    new[part] = build::consistent(&new[part].replacen(from, to, 1)).unwrap();
    if part < 1 {
        new[1] = build::consistent(&new[1].replace(&said(&old[0]), &said(&new[0]))).unwrap();
    }
    if part < 2 {
        let sealing = new[2].replace(&said(&old[0]), &said(&new[0])).replace(&said(&old[1]), &said(&new[1]));
        new[2] = build::consistent(&sealing).unwrap();
    }
    let [credential, event, anchor] = &new;
    proposing(flow, [credential, event, anchor])
}

/// The text of the first reason of a code.
fn told(refusal: &Refusal, code: Code) -> String {
    refusal.reasons().iter().find(|reason| reason.code == code).unwrap().message.clone()
}

#[test]
fn each_flow_signs() {
    for flow in &FLOWS {
        let world = World::of(flow, "", "");
        let clearance = world.clear().unwrap_or_else(|refusal| panic!("{}: {:#?}", flow.case, refusal.reasons()));
        assert_eq!(clearance.event().act(), flow.act, "{}", flow.case);
        let attempt = world.attempt();
        let signed = attempt.outcome.unwrap();
        assert_eq!(signed.event.signers, [0, 1].into());
        assert!(signed.event.satisfied);
        let [credential, event, anchor] = bodies(&world.files);
        assert!(signed.event.stream.starts_with(anchor.as_bytes()));

        let key = world.embedded("Q2").key();
        let statement: Value = serde_json::from_str(&Envelope::verified(&signed.decision, key).unwrap()).unwrap();
        let told = &statement["predicate"]["event"];
        assert_eq!(statement["predicate"]["action"], flow.action);
        let [credential, event] = [credential, event].map(|text| serde_json::from_str::<Value>(&text).unwrap());
        assert_eq!(told["acdc"], credential["d"]);
        assert_eq!(told[event["t"].as_str().unwrap()], event["d"]);
        assert_eq!(told["issuee"], credential["a"]["i"]);
        assert_eq!(told["LEI"], "254900OPPU84GM83MG36");
    }
}

/// A flow that is added to the rule book signs nothing until somebody says what.
#[test]
fn each_flow_of_the_rule_book_ends_with_an_event_or_is_known_not_to() {
    let none = ["oor-auth", "ecr-auth", "qvi-operations", "qvi-qualification", "qvi-requal", "monitoring"];
    for flow in &program().flows {
        assert_ne!(Act::of_flow(&flow.id).is_some(), none.contains(&flow.id.as_str()), "{}", flow.id);
    }
    assert_eq!(Act::of_flow("le-unsolicited "), None);
}

#[test]
fn a_proposal_written_so_would_sign() {
    for flow in [OOR, OOR_REVOCATION] {
        let [credential, event, anchor] = bodies(&flow.undecided());
        let refusal = proposing(flow, [&credential, &event, &anchor]).clear().unwrap_err();
        // The record was not signed again, so rules object; the event itself is the right one.
        let of_event = refusal.reasons().iter().filter(|reason| reason.code.step() == countersign::gate::Step::Event);
        assert_eq!(of_event.count(), 0, "{:#?}", refusal.reasons());
    }
}

// Revocations.

#[test]
fn another_credential_is_revoked() {
    let refusal = changed(OOR_REVOCATION, 1, OOR_CREDENTIAL, LE_CREDENTIAL).refused(Code::RegistryEventDiffers);
    let told = told(&refusal, Code::RegistryEventDiffers);
    assert!(told.contains(LE_CREDENTIAL) && told.contains("credential-role.cesr"), "{told}");
}

/// Not even where the draft shows the credential that the event names.
#[test]
fn another_credential_is_shown_and_revoked() {
    let [_, event, anchor] = bodies(&OOR_REVOCATION.undecided());
    let [credential, ..] = bodies(&LE_REVOCATION.undecided());
    let event = build::consistent(&event.replace(OOR_CREDENTIAL, LE_CREDENTIAL)).unwrap();
    let [_, right, _] = bodies(&OOR_REVOCATION.undecided());
    let anchor = anchor.replace(OOR_CREDENTIAL, LE_CREDENTIAL).replace(&said(&right), &said(&event));
    let anchor = build::consistent(&anchor).unwrap();
    proposing(OOR_REVOCATION, [&credential, &event, &anchor]).refused(Code::CredentialDiffers);
}

#[test]
fn the_registry_of_a_revocation_is_another() {
    changed(OOR_REVOCATION, 1, REGISTRY, OTHER).refused(Code::RegistryEventDiffers);
}

#[test]
fn a_revocation_follows_another_issuance() {
    let [_, event, _] = bodies(&OOR_REVOCATION.undecided());
    let prior: Value = serde_json::from_str(&event).unwrap();
    changed(OOR_REVOCATION, 1, prior["p"].as_str().unwrap(), OTHER).refused(Code::RegistryEventDiffers);
}

#[test]
fn an_issuance_is_proposed_where_a_revocation_is_due() {
    changed(OOR_REVOCATION, 1, "\"t\":\"rev\"", "\"t\":\"iss\"").refused(Code::RegistryEventDiffers);
}

#[test]
fn a_second_seal_stands_beside_that_of_a_revocation() {
    let second = format!("}},{{\"d\":\"{OTHER}\"}}]}}");
    changed(OOR_REVOCATION, 2, "}]}", &second).refused(Code::EventSeals);
}

#[test]
fn a_revocation_is_sealed_by_a_rotation() {
    let rotation = "\"kt\":\"1\",\"k\":[\"DHgZa-u7veNZkqk2AxnnxrINGKfQ0bRiaf9FdA_-_49f\"],\"nt\":\"0\",\"n\":[],\
                    \"bt\":\"0\",\"br\":[],\"ba\":[],\"a\":";
    let [credential, event, anchor] = bodies(&OOR_REVOCATION.undecided());
    let anchor = anchor.replacen("\"t\":\"ixn\"", "\"t\":\"rot\"", 1).replacen("\"a\":", rotation, 1);
    proposing(OOR_REVOCATION, [&credential, &event, &build::consistent(&anchor).unwrap()]).refused(Code::EventKind);
}

#[test]
fn a_revocation_is_dated_before_the_evidence_was_sealed() {
    changed(OOR_REVOCATION, 1, "2026-04-20T10:50:00", "2026-04-20T09:50:00").refused(Code::RegistryEventDiffers);
}

#[test]
fn the_credential_was_revoked_meanwhile() {
    let mut world = World::of(OOR_REVOCATION, "", "");
    let live = world.live.as_mut().unwrap();
    live.streams[2] = std::fs::read(fixtures().join("keri/revocations/kel-qvi-after-oor-revocation.cesr")).unwrap();
    let refusal = world.refused(Code::NotProven);
    assert!(told(&refusal, Code::NotProven).contains(OOR_CREDENTIAL));
}

#[test]
fn the_entity_asks_for_another_revocation() {
    let asked = format!("  - set: records/revocation-request.json#/credential_said\n    to: {LE_CREDENTIAL}\n");
    World::of(OOR_REVOCATION, &asked, "").refused(Code::NotProven);
}

#[test]
fn the_request_is_of_another_entity() {
    let asked = "  - set: records/revocation-request.json#/lei\n    to: 5493000IBP32UQZ0KL24\n";
    let refusal = World::of(LE_REVOCATION, asked, "").refused(Code::NotProven);
    assert!(told(&refusal, Code::NotProven).contains("the LEI is `254900OPPU84GM83MG36`"), "{refusal:#?}");
}

#[test]
fn nobody_asked_for_the_revocation() {
    World::of(LE_REVOCATION, "  - remove: records/revocation-request.json\n", "").refused(Code::NotProven);
}

/// Without a request the credential follows from the LEI of the case.
#[test]
fn the_credential_of_another_entity_is_not_revoked() {
    let other = "  - set: manifest.json#/lei\n    to: 5493000IBP32UQZ0KL24\n";
    World::of(INVOLUNTARY, other, "").refused(Code::NotProven);
}

/// What the entity's credential carried falls with it, one event after the other.
#[test]
fn a_role_falls_with_the_credential_of_the_entity() {
    let given =
        |_: &_| Given { credential: Some(OOR_CREDENTIAL.parse().unwrap()), ..Given::at(at(LE_REVOCATION.proposed)) };
    let mut world = World::of(LE_REVOCATION, "", "");
    world.files = LE_REVOCATION.approve(&LE_REVOCATION.submitted(given), &world.trust);
    let signed = world.attempt().outcome.unwrap_or_else(|refusal| panic!("{:#?}", refusal.reasons()));
    let statement = Envelope::verified(&signed.decision, world.embedded("Q2").key()).unwrap();
    let statement: Value = serde_json::from_str(&statement).unwrap();
    assert_eq!(statement["predicate"]["action"], "vlei.oor.revoke");
    assert_eq!(statement["predicate"]["event"]["acdc"], OOR_CREDENTIAL);
}

/// A QVI that lost its own credential issues nothing, and takes back what it issued.
#[test]
fn a_qvi_without_a_credential_revokes() {
    let lost = "  - set: streams/kel-geda.cesr#/-\n    to: { t: ixn, a: [{ i: EHExaqxkfCRN0RaSdkYM08AQsiBsvfuUejdYmROYbP6Y, \
                s: \"1\", d: ERevocationOfTheQviCredentialInTheseCases000 }] }\n  - set: \
                streams/credential-qvi.cesr#/-\n    to: { t: rev, d: ERevocationOfTheQviCredentialInTheseCases000, dt: \
                \"2026-03-30T14:55:00.000000+00:00\" }\n";
    let later = patched(&World::reference().files, lost);
    let live = |flow: &Flow| {
        let mut streams = flow.live_streams();
        streams[1] = later["bundle/streams/kel-geda.cesr"].clone();
        streams[5] = later["bundle/streams/credential-qvi.cesr"].clone();
        Some(Live { streams, fetched_at: at(&flow.at("59")) })
    };
    let mut issuing = World::of(OOR, "", "");
    issuing.live = live(OOR);
    issuing.refused(Code::AuthorityRevoked);
    let mut revoking = World::of(OOR_REVOCATION, "", "");
    revoking.live = live(OOR_REVOCATION);
    let refusal = revoking.clear().err();
    assert!(refusal.is_none(), "{:#?}", refusal.unwrap().reasons());
}

// Roles.

#[test]
fn the_role_is_issued_to_another_person() {
    let other = "EJC6mvmEK_i-S0kQkRZh781RupPQ1pjHNSZLi0dxPhKk";
    let refusal =
        changed(OOR, 0, "EGnsh4gv_sAB_VDkWERst-RhqDUuuEK69XLTlM9Xj3yF", other).refused(Code::CredentialDiffers);
    let told = told(&refusal, Code::CredentialDiffers);
    assert!(told.contains("`a.AID`"), "{told}");
}

#[test]
fn the_role_says_something_that_the_authorization_does_not() {
    for (from, to) in [
        ("Erika Beispiel", "Erik Beispiel"),
        ("Chief Financial Officer (X7CFO1)", "Chief Executive Officer (QSCK1F)"),
        ("254900OPPU84GM83MG36", "5493000IBP32UQZ0KL24"),
    ] {
        changed(OOR, 0, from, to).refused(Code::CredentialDiffers);
    }
    changed(ECR, 0, "Project Manager", "Managing Director").refused(Code::CredentialDiffers);
}

#[test]
fn the_role_rests_on_another_authorization() {
    changed(OOR, 0, OOR_AUTH, OTHER).refused(Code::CredentialDiffers);
    changed(OOR, 0, "\"o\":\"I2I\"", "\"o\":\"NI2I\"").refused(Code::CredentialDiffers);
    // On that of the engagement role, which is as good in itself.
    let ecr: Value = serde_json::from_str(&bodies(&ECR.undecided())[0]).unwrap();
    changed(OOR, 0, OOR_AUTH, ecr["e"]["auth"]["n"].as_str().unwrap()).refused(Code::CredentialDiffers);
}

#[test]
fn registry_and_schema_of_a_role_are_others() {
    changed(OOR, 0, REGISTRY, OTHER).refused(Code::CredentialDiffers);
    let schemas = ["EBNaNu-M9P5cgrnfl2Fvymy4E_jvxxyjb70PRtiANlJy", "EEy9PkikFcANV1l7EHukCeXqrzT1hNZjGlUk7wuMO5jw"];
    changed(OOR, 0, schemas[0], schemas[1]).refused(Code::CredentialDiffers);
}

#[test]
fn an_engagement_role_has_no_salts() {
    for at in ["", "a"] {
        let [credential, ..] = bodies(&ECR.undecided());
        let value: Value = serde_json::from_str(&credential).unwrap();
        let salt = if at.is_empty() { &value["u"] } else { &value[at]["u"] };
        let salt = format!("\"u\":\"{}\",", salt.as_str().unwrap());
        let refusal = changed(ECR, 0, &salt, "").refused(Code::CredentialDiffers);
        assert!(told(&refusal, Code::CredentialDiffers).contains("salt"), "{refusal:#?}");
    }
}

#[test]
fn a_prescribed_text_is_another() {
    changed(OOR, 0, "does not assert", "does assert").refused(Code::CredentialDiffers);
    // That of an engagement role is at hand in the proposal alone, and counts by its digest.
    changed(ECR, 0, "privacy-preserving manner", "manner").refused(Code::ProposalUnusable);
}

#[test]
fn the_authorization_was_revoked_meanwhile() {
    let mut world = World::of(OOR, "", "");
    let live = world.live.as_mut().unwrap();
    for name in ["kel-le-oor-revocation", "tel-auth-oor-revocation"] {
        live.streams.push(std::fs::read(fixtures().join(format!("keri/revocations/{name}.cesr"))).unwrap());
    }
    let refusal = world.refused(Code::NotProven);
    assert!(told(&refusal, Code::NotProven).contains(&format!("OOR_AUTH `{OOR_AUTH}` is revoked")), "{refusal:#?}");
}

#[test]
fn no_record_names_the_authorization() {
    World::of(OOR, "  - remove: records/credential-auth.json\n", "").refused(Code::NotProven);
}

/// The entity issues an engagement role itself, and takes authorizations of its own: no event of the QVI.
#[test]
fn what_the_entity_issues_is_not_the_qvis_to_sign() {
    for (case, code) in
        [("ecr-direct", Code::NotProven), ("oor-auth", Code::NothingToSign), ("ecr-auth", Code::NothingToSign)]
    {
        let mut world = World::of(ECR, "", "");
        let theirs = Snapshot::read(&fixtures().join("cases").join(case), &Limits::STANDARD).unwrap().to_files();
        world.files.retain(|path, _| path.starts_with("decision/"));
        world.files.extend(theirs.into_iter().filter(|(path, _)| path.starts_with("bundle/")));
        world.refused(code);
    }
}
