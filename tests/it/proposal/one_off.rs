//! A proposal that differs in one field: the field is named, with what is proven, what stands there, and the proof.
//!
//! The proposer makes sizes and digests again, so that nothing is wrong but the one thing.

use countersign::keri::build;
use countersign::proposal::{Part, Received};

use super::*;

/// Puts new digests for old ones through all three parts.
pub fn resealed(credential: &str, event: &str, anchor: &str) -> [String; 3] {
    let digest = |text: &str| {
        let value: serde_json::Value = serde_json::from_str(text).unwrap();
        value["d"].as_str().unwrap().to_owned()
    };
    let [old_credential, old_event, _] = bodies();
    let credential = build::consistent(credential).unwrap();
    let event = event.replace(&digest(&old_credential), &digest(&credential));
    let event = build::consistent(&event).unwrap();
    let anchor = anchor.replace(&digest(&old_credential), &digest(&credential));
    let anchor = anchor.replace(&digest(&old_event), &digest(&event));
    [credential, event, build::consistent(&anchor).unwrap()]
}

/// The differences that are reasons: part, field, found.
fn reasons(parts: &[String; 3]) -> Vec<(Part, String, Option<String>)> {
    let received = Received::read(parts.iter().map(|part| part.as_bytes())).unwrap();
    let comparison = proven().compare(&received).unwrap();
    let reasons = comparison.differences.iter().filter(|difference| !difference.follows);
    reasons.map(|found| (found.part, found.field.clone(), found.found.clone())).collect()
}

#[track_caller]
fn named(parts: &[String; 3], part: Part, field: &str, proof: &str) {
    let received = Received::read(parts.iter().map(|part| part.as_bytes())).unwrap();
    let comparison = proven().compare(&received).unwrap();
    let first = comparison.differences.first().unwrap();
    assert_eq!((first.part, first.field.as_str()), (part, field), "{:#?}", comparison.differences);
    assert!(first.by.contains(proof), "{first}");
    assert_eq!(reasons(parts).len(), 1, "{:#?}", comparison.differences);
    let text = first.to_string();
    assert!(!text.contains('\n') && !text.ends_with('.'), "{text}");
    // What differs cannot be accepted, whoever signed it.
    let error = proven().accept(&comparison, &received, &aid(Q1)).unwrap_err();
    assert!(error.to_string().contains("differs from what the evidence proves"), "{error}");
}

/// A change of the credential.
#[track_caller]
fn credential_off(from: &str, to: &str, field: &str, proof: &str) {
    let [credential, event, anchor] = bodies();
    assert!(credential.contains(from), "{from}");
    named(&resealed(&credential.replacen(from, to, 1), &event, &anchor), Part::Credential, field, proof);
}

#[track_caller]
fn anchor_off(from: &str, to: &str, field: &str, proof: &str) {
    let [credential, event, anchor] = bodies();
    assert!(anchor.contains(from), "{from}");
    named(&resealed(&credential, &event, &anchor.replacen(from, to, 1)), Part::Anchor, field, proof);
}

const OTHER: &str = "EGpDLgK6XPZ93v-MH6CnIEa4rfC3eYVS8o4JGn6RtSDQ";

#[test]
fn nothing_differs_in_what_was_proposed() {
    let parts = bodies();
    assert_eq!(resealed(&parts[0], &parts[1], &parts[2]), parts);
    assert_eq!(reasons(&parts), []);
}

#[test]
fn the_lei() {
    credential_off("254900OPPU84GM83MG36", "5493000IBP32UQZ0KL24", "a.LEI", "bundle/raw/lei-record-");
}

#[test]
fn the_issuee() {
    let issuee = "EDJJ2SAzuBNdvMwNsxfvrLbgHQtPbqDW1RddezZkuQE9";
    credential_off(issuee, OTHER, "a.i", "bundle/records/request-1.json");
}

#[test]
fn the_issuer() {
    credential_off(QVI, OTHER, "i", "trust file");
}

#[test]
fn the_schema() {
    credential_off("ENPXp1vQzRF6JwIuS-mp2U8Uf1MoADoP_GqQ62VsDZWY", OTHER, "s", "trust file");
}

#[test]
fn the_registry() {
    credential_off(REGISTRY, OTHER, "ri", "sealed by event number 1 of the QVI");
    let [credential, event, anchor] = bodies();
    let parts = resealed(&credential, &event.replace(REGISTRY, OTHER), &anchor);
    named(&parts, Part::Event, "ri", "sealed by event number 1 of the QVI");
}

#[test]
fn the_edge() {
    credential_off("EHExaqxkfCRN0RaSdkYM08AQsiBsvfuUejdYmROYbP6Y", OTHER, "e.qvi.n", "credential-qvi.cesr");
    credential_off("EBfdlu8R27Fbx-ehrqwImnK-8Cm79sqbAQ4MmvEAYqao", OTHER, "e.qvi.s", "credential-qvi.cesr");
}

#[test]
fn the_rules() {
    credential_off("does not assert", "does assert", "r.usageDisclaimer.l", "governance framework");
}

#[test]
fn something_more_in_the_credential() {
    let more = "\"LEI\":\"254900OPPU84GM83MG36\",\"note\":\"x\"";
    credential_off("\"LEI\":\"254900OPPU84GM83MG36\"", more, "a.note", "form of the credential");
    credential_off("{\"n\":", "{\"o\":\"NI2I\",\"n\":", "e.qvi.o", "credential-qvi.cesr");
}

#[test]
fn fields_in_another_order() {
    let issuee = "\"i\":\"EDJJ2SAzuBNdvMwNsxfvrLbgHQtPbqDW1RddezZkuQE9\"";
    let dated = "\"dt\":\"2026-03-19T09:50:00.000000+00:00\"";
    let [credential, event, anchor] = bodies();
    let swapped = credential.replacen(&format!("{issuee},{dated}"), &format!("{dated},{issuee}"), 1);
    assert_ne!(swapped, credential);
    assert!(!reasons(&resealed(&swapped, &event, &anchor)).is_empty());
}

#[test]
fn dates_out_of_range() {
    let dated = "2026-03-19T09:50:00.000000+00:00";
    for other in ["2026-03-19T09:29:59.000000+00:00", "2026-03-19T10:00:01.000000+00:00", "2026-03-19T09:50:00Z"] {
        credential_off(dated, other, "a.dt", "when the bundle was sealed");
        let [credential, event, anchor] = bodies();
        named(&resealed(&credential, &event.replace(dated, other), &anchor), Part::Event, "dt", "sealed");
    }
    // Within the range it is the proposer's.
    let [credential, event, anchor] = bodies();
    let parts = resealed(&credential.replace(dated, "2026-03-19T09:51:00.000000+00:00"), &event, &anchor);
    assert_eq!(reasons(&parts), []);
}

#[test]
fn the_place_and_the_prior_event() {
    anchor_off("\"s\":\"2\"", "\"s\":\"3\"", "s", "whose last event is number 1");
    anchor_off("EAbTpgqkCGRK4OcWb1-xvHipAYTbwXh7t4nXSgvakhZg", OTHER, "p", "whose last event is number 1");
    anchor_off(QVI, OTHER, "i", "trust file");
}

#[test]
fn another_seal_and_a_second_one() {
    anchor_off("\"s\":\"0\"", "\"s\":\"1\"", "a[0].s", "exactly one seal");
    let more = format!("}},{{\"i\":\"{OTHER}\",\"s\":\"0\",\"d\":\"{OTHER}\"}}]");
    anchor_off("}]", &more, "a[1]", "exactly one seal");
    anchor_off("}]", &format!("}},{{\"d\":\"{OTHER}\"}}]"), "a[1]", "exactly one seal");
    let [credential, event, anchor] = bodies();
    let seal = anchor[anchor.find("[{").unwrap()..anchor.find("}]").unwrap() + 2].to_owned();
    named(&resealed(&credential, &event, &anchor.replace(&seal, "[]")), Part::Anchor, "a[0]", "exactly one seal");
    // The seal of another credential, by somebody who leaves the registry event as it is.
    let value: serde_json::Value = serde_json::from_str(&credential).unwrap();
    let other = anchor.replace(value["d"].as_str().unwrap(), OTHER);
    named(&[credential, event, build::consistent(&other).unwrap()], Part::Anchor, "a[0].i", "exactly one seal");
}

#[test]
fn digests_that_are_swapped() {
    let [credential, event, anchor] = bodies();
    let said = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap()["d"].as_str().unwrap().to_owned();
    let (iss, ixn) = (said(&event), said(&anchor));
    let swapped = [credential.clone(), event.replace(&iss, &ixn), anchor.replacen(&ixn, &iss, 1)];
    let found = reasons(&swapped);
    assert!(found.contains(&(Part::Event, "d".to_owned(), Some(ixn.clone()))), "{found:?}");
    assert!(found.contains(&(Part::Anchor, "d".to_owned(), Some(iss.clone()))), "{found:?}");
    // Swapped in the seal alone.
    let acdc = said(&credential);
    let sealed = anchor.replace(&acdc, "#").replace(&iss, &acdc).replace('#', &iss);
    let found = reasons(&[credential, event, build::consistent(&sealed).unwrap()]);
    let fields: Vec<&str> = found.iter().map(|(_, field, _)| field.as_str()).collect();
    assert_eq!(fields, ["a[0].i", "a[0].d"]);
}

#[test]
fn a_rotation_dressed_as_an_interaction() {
    let [credential, event, anchor] = bodies();
    let key = "DNmwBrdEkeN6TrpTk5pVOLKnzUGJzqhbVFYJIJTsSLYJ";
    let keys = format!(
        "\"kt\":\"1\",\"k\":[\"{key}\"],\"nt\":\"1\",\"n\":[\"{OTHER}\"],\"bt\":\"0\",\"br\":[],\"ba\":[],\"a\":"
    );
    for kind in ["ixn", "rot", "drt"] {
        let dressed = anchor.replacen("\"a\":", &keys, 1).replacen("\"ixn\"", &format!("\"{kind}\""), 1);
        let parts = resealed(&credential, &event, &dressed);
        let found = reasons(&parts);
        let fields: Vec<&str> = found.iter().map(|(_, field, _)| field.as_str()).collect();
        let expected: &[&str] = &["kt", "k", "nt", "n", "bt", "br", "ba"];
        assert!(expected.iter().all(|field| fields.contains(field)), "{kind}: {fields:?}");
        assert_eq!(fields.contains(&"t"), kind != "ixn", "{fields:?}");
    }
}

#[test]
fn the_threshold_and_the_state_of_the_group() {
    let record = std::fs::read_to_string(fixtures().join("cases/b0/decision/03-proposal.json")).unwrap();
    let state =
        |state: &str| record.replacen("\"anchor\": {", &format!("\"group_state\": {state},\n\"anchor\": {{"), 1);
    let stated = |aid: &str, sn: u64, said: &str, threshold: &str| {
        let text =
            state(&format!("{{\"aid\": \"{aid}\", \"sn\": {sn}, \"said\": \"{said}\", \"threshold\": {threshold}}}"));
        let comparison = proven().compare(&read(&[&text])).unwrap();
        comparison.differences.iter().map(|difference| difference.field.clone()).collect::<Vec<_>>()
    };
    assert_eq!(stated(QVI, 0, QVI, "\"2\""), Vec::<String>::new());
    for threshold in ["\"1\"", "\"3\"", "[\"1/2\", \"1/2\", \"1/2\"]", "[]"] {
        assert_eq!(stated(QVI, 0, QVI, threshold), ["the threshold of the group"], "{threshold}");
    }
    assert_eq!(stated(OTHER, 0, QVI, "\"2\""), ["the group"]);
    assert_eq!(stated(QVI, 1, QVI, "\"2\""), ["the establishment event of the group"]);
    assert_eq!(stated(QVI, 0, OTHER, "\"2\""), ["the establishment event of the group"]);
    let other = record.replace("\"credential_type\": \"LE\"", "\"credential_type\": \"OOR\"");
    let comparison = proven().compare(&read(&[&other])).unwrap();
    assert_eq!(comparison.differences.len(), 1);
}
