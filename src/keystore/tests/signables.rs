use super::*;
use crate::bundle::json::{Numbers, Tree};

const DECISION: &str = r#"{"_type":"https://in-toto.io/Statement/v1","subject":[],"predicateType":"urn:countersign:gate-decision:v1","predicate":{}}"#;

fn cleared(act: Act, event: &str) -> Result<EventToSign, NotSignable> {
    EventToSign::cleared(act, event, DECISION, Some("{}"))
}

/// An event that seals something else, with its digest made again.
fn sealing(seals: &str) -> String {
    let anchor = body(PROPOSAL, "\"t\":\"ixn\"");
    let (head, _) = anchor.split_once("\"a\":[").unwrap();
    digested(&format!("{head}\"a\":[{seals}]}}"))
}

fn digested(event: &str) -> String {
    let said = event.split("\"d\":\"").nth(1).unwrap()[..44].to_owned();
    let sized = format!("KERI10JSON{:06x}_", event.len());
    let dummy = event.replace(&event[6..23], &sized).replacen(&said, &"#".repeat(44), 1);
    let new = Said::of(dummy.as_bytes());
    dummy.replacen(&"#".repeat(44), new.as_str(), 1)
}

#[test]
fn each_act_signs_its_own_events_only() {
    let issuance = body(PROPOSAL, "\"t\":\"ixn\"").to_owned();
    let said = "EBfdlu8R27Fbx-ehrqwImnK-8Cm79sqbAQ4MmvEAYqao";
    let other = "ENPXp1vQzRF6JwIuS-mp2U8Uf1MoADoP_GqQ62VsDZWY";
    let seal = |i: &str, s: &str, d: &str| format!("{{\"i\":\"{i}\",\"s\":\"{s}\",\"d\":\"{d}\"}}");
    let rotation = KEL.contains("\"t\":\"drt\"").then(|| body(KEL, "\"t\":\"drt\"").to_owned());
    let events = [
        (Some(Act::Issue), issuance.clone()),
        (Some(Act::Issue), sealing(&seal(said, "0", other))),
        (Some(Act::Revoke), sealing(&seal(said, "1", other))),
        (Some(Act::Registry), sealing(&seal(said, "0", said))),
        (Some(Act::AnchorDecision), sealing(&format!("{{\"d\":\"{said}\"}}"))),
        (Some(Act::Grant), body(DELIVERY, "/ipex/grant").to_owned()),
        (Some(Act::Rotate), rotation.unwrap_or_else(own_rotation)),
        (None, sealing(&format!("{},{}", seal(said, "0", other), seal(other, "0", said)))),
        (None, sealing(&format!("{},{{\"d\":\"{said}\"}}", seal(said, "0", other)))),
        (None, sealing("")),
        (None, sealing("{\"d\":\"x\"}")),
        (None, sealing(&format!("{{\"rd\":\"{said}\"}}"))),
        (None, sealing(&format!("{{\"d\":\"{said}\"}},{{\"d\":\"{other}\"}}"))),
        (None, sealing(&seal(said, "2", other))),
        (None, own_rotation().replace("\"a\":[]", "\"a\":[]x")),
        (None, digested(&own_rotation().replace("\"a\":[]", &format!("\"a\":[{}]", seal(said, "0", other))))),
        (None, body(PROPOSAL, "\"t\":\"iss\"").to_owned()),
        (None, format!("{issuance}{issuance}")),
        (None, format!("{issuance}\n")),
        (None, issuance.replacen("\"s\":\"", "\"s\":\"1", 1)),
        (None, String::new()),
        (None, "some bytes".to_owned()),
    ];
    for (meant, event) in events {
        for act in Act::ALL {
            let outcome = cleared(act, &event);
            assert_eq!(outcome.is_ok(), meant == Some(act), "{act}: {event}\n{outcome:?}");
        }
    }
}

/// A rotation of a single key, with its digest.
fn own_rotation() -> String {
    let (key, next) = (Seed::from_raw(&[2; 32]).public(), Seed::from_raw(&[3; 32]).public().digest());
    let said = Said::of(b"of the event before");
    digested(&format!(
        "{{\"v\":\"KERI10JSON000000_\",\"t\":\"rot\",\"d\":\"{said}\",\"i\":\"{0}\",\"s\":\"1\",\"p\":\"{0}\",\"kt\":\"1\",\
         \"k\":[\"{key}\"],\"nt\":\"1\",\"n\":[\"{next}\"],\"bt\":\"0\",\"br\":[],\"ba\":[],\"a\":[]}}",
        Said::of(b"inception")
    ))
}

#[test]
fn nothing_is_signed_without_what_stands_behind_it() {
    let issuance = body(PROPOSAL, "\"t\":\"ixn\"");
    assert!(EventToSign::cleared(Act::Issue, issuance, DECISION, None).is_err());
    assert!(EventToSign::cleared(Act::Issue, issuance, DECISION, Some("")).is_err());
    assert!(EventToSign::cleared(Act::Issue, issuance, "", Some("{}")).is_err());
}

#[test]
fn a_record_is_signed_as_records_are_verified() {
    let document = b"{\n  \"kind\": \"approval\", \"b\": [1, \"\\u00e9\"], \"a\": null }";
    let record = RecordToSign::new(Domain::Record, document).unwrap();
    let tree = Tree::parse(document, Numbers::Integers).unwrap();
    let expected = crate::bundle::signed::record(&tree).unwrap();
    assert_eq!(Signable::Record(&record).message().as_bytes(), expected);
    let canonical = br#"{"a":1}"#;
    let manifest = RecordToSign::new(Domain::Manifest, canonical).unwrap();
    assert_eq!(Signable::Record(&manifest).message().as_bytes(), crate::bundle::signed::manifest(canonical));
}

#[test]
fn a_message_dressed_as_a_record_is_refused() {
    for document in [
        body(PROPOSAL, "\"t\":\"ixn\""),
        body(PROPOSAL, "ACDC10JSON"),
        r#"{"kind":"approval","v":"KERI10JSON000123_"}"#,
        r#"{"v":"ACDC10JSON000123_"}"#,
        "[]",
        "\"text\"",
        "{\"a\":1.5}",
        "{\"a\":1,\"a\":1}",
        "",
    ] {
        for domain in [Domain::Record, Domain::Manifest, Domain::Trust, Domain::Lock, Domain::Recovery] {
            assert!(RecordToSign::new(domain, document.as_bytes()).is_err(), "{document}");
        }
        assert!(DecisionToSign::new(document).is_err());
        assert!(CheckpointToSign::new(document).is_err());
    }
}

#[test]
fn a_decision_is_signed_in_its_envelope() {
    let decision = DecisionToSign::new(DECISION).unwrap();
    let expected = format!("DSSEv1 28 application/vnd.in-toto+json {} {DECISION}", DECISION.len());
    assert_eq!(Signable::Decision(&decision).message(), expected);
    assert!(DecisionToSign::new(&DECISION.replace("gate-decision", "other")).is_err());
    assert!(DecisionToSign::new(&DECISION.replace("Statement/v1", "Statement/v0")).is_err());
}

#[test]
fn a_signature_is_by_the_key_and_keys_open_when_they_are_needed() {
    let scratch = tempfile::tempdir().unwrap();
    let signer = embedded(scratch.path());
    assert!(!signer.is_open());
    let record = RecordToSign::new(Domain::Record, b"{\"a\":1}").unwrap();
    let one = signer.sign(&Signable::Record(&record)).unwrap();
    assert!(signer.is_open());
    assert!(signer.key().verifies(Signable::Record(&record).message().as_bytes(), one.raw()));
    assert!(!signer.key().verifies(b"{\"a\":1}", one.raw()));
    assert_eq!(signer.sign(&Signable::Record(&record)).unwrap(), one);
    assert!(one.indexed(1).unwrap().starts_with("AB") && one.qualified().starts_with("0B"));
    let failing = Embedded::locked(signer_file(scratch.path()), || Ok(Passphrase::new("wrong passphrase".to_owned())));
    let error = failing.sign(&Signable::Record(&record)).unwrap_err();
    assert!(matches!(error, SignerError::Keys(KeystoreError::WrongPassphrase { .. })));
    assert!(!failing.is_open());
}

fn signer_file(folder: &Path) -> KeyFile {
    store(folder).read(&name("q2")).unwrap()
}
