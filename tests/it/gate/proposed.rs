//! Proposals that differ from the evidence by one thing, each made whole again and signed by QAR1.

use countersign::gate::Code;
use countersign::keri::build;
use countersign::keri::build::attach::{self, IndexedSignature};

use super::world::World;

const ANCHOR_SAID: &str = "EK8TRAMSOUZ6PpZ2xSsM2BuVSBJ91dkVtJyvEUOV0vAI";

fn said(text: &str) -> String {
    let value: serde_json::Value = serde_json::from_str(text).unwrap();
    value["d"].as_str().unwrap().to_owned()
}

/// The case with this proposal in the place of the right one: the record says nothing but the stream.
pub fn proposing(credential: &str, event: &str, anchor: &str) -> World {
    let mut world = World::reference();
    let signature: IndexedSignature = crate::proposal::sign("Q1", 0, anchor);
    let mut stream = credential.as_bytes().to_vec();
    stream.extend(event.as_bytes());
    stream.extend(attach::event_bare(anchor, &[signature], &[]).unwrap());
    world.files.insert("decision/03-proposal.cesr".to_owned(), stream);
    let record = String::from_utf8(world.files["decision/03-proposal.json"].clone()).unwrap();
    let mut record: serde_json::Value = serde_json::from_str(&record).unwrap();
    record["draft_credential"] = serde_json::from_str(credential).unwrap();
    for name in ["issuance", "anchor"] {
        record.as_object_mut().unwrap().remove(name);
    }
    // Members keep the order that the credential has.
    let text = record.to_string();
    let own = serde_json::to_string(&record["draft_credential"]).unwrap();
    world.files.insert("decision/03-proposal.json".to_owned(), text.replace(&own, credential).into_bytes());
    world
}

/// Credential, registry event and anchor, with a change in one of them and everything that follows.
fn changed(part: usize, from: &str, to: &str) -> World {
    let mut bodies = crate::proposal::bodies();
    assert!(bodies[part].contains(from), "{}", bodies[part]);
    bodies[part] = build::consistent(&bodies[part].replacen(from, to, 1)).unwrap();
    let [credential, event, anchor] = bodies;
    let [credential, event, anchor] = crate::proposal::one_off::resealed(&credential, &event, &anchor);
    proposing(&credential, &event, &anchor)
}

#[test]
fn a_proposal_written_so_would_sign() {
    let [credential, event, anchor] = crate::proposal::bodies();
    let world = proposing(&credential, &event, &anchor);
    // The record was not signed again, so rules object; the event itself is the right one.
    let refusal = world.clear().unwrap_err();
    let of_event = refusal.reasons().iter().filter(|reason| reason.code.step() == countersign::gate::Step::Event);
    assert_eq!(of_event.count(), 0, "{:#?}", refusal.reasons());
}

#[test]
fn the_lei_is_another() {
    changed(0, "254900OPPU84GM83MG36", "5493000IBP32UQZ0KL24").refused(Code::CredentialDiffers);
}

#[test]
fn the_issuee_is_another() {
    let issuee = "EDJJ2SAzuBNdvMwNsxfvrLbgHQtPbqDW1RddezZkuQE9";
    changed(0, issuee, "EJC6mvmEK_i-S0kQkRZh781RupPQ1pjHNSZLi0dxPhKk").refused(Code::CredentialDiffers);
}

#[test]
fn the_schema_is_another() {
    let schema = "ENPXp1vQzRF6JwIuS-mp2U8Uf1MoADoP_GqQ62VsDZWY";
    changed(0, schema, "EBNaNu-M9P5cgrnfl2Fvymy4E_jvxxyjb70PRtiANlJy").refused(Code::CredentialDiffers);
}

#[test]
fn the_registry_is_another() {
    let registry = "ECO81HTd005c3SCcO3bv7CGX94Iccl_NE_4gCbKJOPMl";
    changed(0, registry, "EBfEfRRNtV-bYhJ1W8uMzJF3mQ0OoEj2xAc6ezG_LdWi").refused(Code::CredentialDiffers);
}

#[test]
fn the_registry_of_the_event_is_another() {
    let registry = "ECO81HTd005c3SCcO3bv7CGX94Iccl_NE_4gCbKJOPMl";
    changed(1, registry, "EBfEfRRNtV-bYhJ1W8uMzJF3mQ0OoEj2xAc6ezG_LdWi").refused(Code::RegistryEventDiffers);
}

#[test]
fn the_edge_is_another() {
    let authority = "EHExaqxkfCRN0RaSdkYM08AQsiBsvfuUejdYmROYbP6Y";
    changed(0, authority, "EBfEfRRNtV-bYhJ1W8uMzJF3mQ0OoEj2xAc6ezG_LdWi").refused(Code::CredentialDiffers);
}

#[test]
fn the_number_is_another() {
    changed(2, "\"s\":\"2\"", "\"s\":\"3\"").refused(Code::EventPlace);
}

#[test]
fn the_prior_event_is_another() {
    let prior = "EAbTpgqkCGRK4OcWb1-xvHipAYTbwXh7t4nXSgvakhZg";
    changed(2, prior, ANCHOR_SAID).refused(Code::EventPlace);
}

#[test]
fn the_group_is_another() {
    let group = "\"i\":\"ECUxeizfTn669ZtV6hk8qJyk-59G8S7RCp4N_xPiQJme\"";
    changed(2, group, "\"i\":\"EJC6mvmEK_i-S0kQkRZh781RupPQ1pjHNSZLi0dxPhKk\"").refused(Code::EventDiffers);
}

#[test]
fn the_threshold_is_another() {
    let group = crate::proposal::QVI;
    let stated = format!(
        "  - set: decision/03-proposal.json#/group_state\n    to: {{ aid: {group}, sn: 0, said: {group}, threshold: \"1\" }}\n"
    );
    World::with("", &stated).refused(Code::ProposalDiffers);
}

#[test]
fn the_seal_is_of_another_event() {
    let [credential, event, anchor] = crate::proposal::bodies();
    let other = build::consistent(&anchor.replacen(&said(&event), ANCHOR_SAID, 1)).unwrap();
    proposing(&credential, &event, &other).refused(Code::EventSeals);
}

#[test]
fn a_second_seal_stands_in_the_anchoring_event() {
    let [credential, event, anchor] = crate::proposal::bodies();
    let second = format!("}},{{\"d\":\"{ANCHOR_SAID}\"}}]}}");
    let other = build::consistent(&anchor.replacen("}]}", &second, 1)).unwrap();
    assert_ne!(other, anchor);
    proposing(&credential, &event, &other).refused(Code::EventSeals);
}

#[test]
fn a_rotation_is_disguised_as_the_event() {
    let [credential, event, anchor] = crate::proposal::bodies();
    let rotation = "\"kt\":\"1\",\"k\":[\"DHgZa-u7veNZkqk2AxnnxrINGKfQ0bRiaf9FdA_-_49f\"],\"nt\":\"0\",\"n\":[],\
                    \"bt\":\"0\",\"br\":[],\"ba\":[],\"a\":";
    let other = anchor.replacen("\"t\":\"ixn\"", "\"t\":\"rot\"", 1).replacen("\"a\":", rotation, 1);
    let other = build::consistent(&other).unwrap();
    proposing(&credential, &event, &other).refused(Code::EventKind);
}

#[test]
fn the_digests_of_both_events_are_swapped() {
    let [credential, event, anchor] = crate::proposal::bodies();
    let (one, other) = (said(&event), said(&anchor));
    let event = event.replacen(&one, &other, 1);
    let anchor = anchor.replacen(&other, &one, 1);
    let refusal = proposing(&credential, &event, &anchor).refused(Code::RegistryEventDiffers);
    assert!(refusal.is_for(Code::EventDiffers) || refusal.is_for(Code::EventSeals));
}

#[test]
fn somebody_else_signed_for_qar1() {
    let mut world = World::reference();
    let [credential, event, anchor] = crate::proposal::bodies();
    let mut stream = [credential.as_bytes(), event.as_bytes()].concat();
    let foreign = crate::proposal::sign("Q2", 0, &anchor);
    stream.extend(attach::event_bare(&anchor, &[foreign], &[]).unwrap());
    world.files.insert("decision/03-proposal.cesr".to_owned(), stream);
    world.refused(Code::Qar1Signature);
}

#[test]
fn there_is_no_proposal() {
    World::with("", "  - remove: decision/03-proposal.json\n").refused(Code::NoProposal);
}

#[test]
fn the_schema_is_not_locked() {
    let mut world = World::reference();
    world.relock(|terms| terms.schemas = ["EBNaNu-M9P5cgrnfl2Fvymy4E_jvxxyjb70PRtiANlJy".parse().unwrap()].into());
    world.refused(Code::SchemaNotLocked);
}
