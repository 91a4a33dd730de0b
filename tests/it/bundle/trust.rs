//! The trust file.

use countersign::facts::threshold::Threshold;
use countersign::trust::{CredentialType, Trust, TrustDraft, TrustError};
use serde_json::{Value, json};

use super::sample::*;

fn problems(change: impl FnOnce(&mut Value)) -> Vec<String> {
    let mut json = trust_json();
    json["policy_keys"]["threshold"] = json!("1");
    change(&mut json);
    match Trust::parse(json.to_string().as_bytes()) {
        Ok(_) => Vec::new(),
        Err(TrustError::Invalid { problems }) => problems.iter().map(ToString::to_string).collect(),
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn a_good_file_is_read() {
    let trust = trust();
    assert_eq!((trust.serial, trust.qvi_aid.as_str()), (1, AID));
    assert_eq!(trust.officers.threshold, Threshold::Count(1));
    assert_eq!(problems(|_| ()), Vec::<String>::new());
}

#[test]
fn every_problem_is_shown_at_once() {
    let found = problems(|json| {
        json["serial"] = json!(0);
        json["root_aid"] = json!("x");
        json["officers"]["aids"] = json!([]);
        json["surprise"] = json!(1);
        json.as_object_mut().unwrap().remove("schemas");
    });
    assert_eq!(found.len(), 5, "{found:#?}");
}

#[test]
fn a_member_that_is_not_as_it_should_be() {
    let changes: &[fn(&mut Value)] = &[
        |j| j["version"] = json!(2),
        |j| j["valid_from"] = json!("2026-01-01T00:00:00"),
        |j| j["officers"]["threshold"] = json!("2"),
        |j| j["officers"]["threshold"] = json!(1),
        |j| j["policy_keys"]["threshold"] = json!(["1/3"]),
        |j| j["officers"]["aids"] = json!([AID, AID]),
        |j| j["reporting_agents"] = json!("x"),
        |j| j["schemas"] = json!([{"credential_type": "XX", "said": AID, "valid_from": "2026-01-01T00:00:00Z"}]),
        |j| j["ledger_genesis"] = json!("x"),
        |j| j["store_initialised"] = json!(null),
        |j| j["signatures"] = json!([{"key_state": {"aid": AID, "sn": 0, "said": AID}, "signature": "x"}]),
    ];
    for (index, change) in changes.iter().enumerate() {
        assert_eq!(problems(change).len(), 1, "{index}: {:?}", problems(change));
    }
    assert!(matches!(Trust::parse(b"{\"a\":1,\"a\":1}"), Err(TrustError::NotJson { .. })));
    assert!(matches!(Trust::parse(b"[]"), Err(TrustError::Invalid { .. })));
}

#[test]
fn a_draft_reads_back() {
    let aid = || AID.parse().unwrap();
    let draft = TrustDraft {
        practice: false,
        valid_from: "2026-01-01T00:00:00Z".parse().unwrap(),
        root_aid: aid(),
        geda_aid: aid(),
        qvi_aid: aid(),
        officers: vec![aid()],
        officer_threshold: "1".into(),
        policy_keys: vec![aid()],
        policy_threshold: "1".into(),
        reporting_agents: vec![],
        schemas: vec![(CredentialType::Le, AID.parse().unwrap())],
    };
    let (bytes, trust) = draft.build().unwrap();
    assert_eq!(Trust::parse(&bytes).unwrap(), trust);
    assert_eq!((trust.serial, trust.signatures.len(), trust.schemas.len()), (1, 0, 1));
    assert!(trust.lines().contains(&("signatures", "none".to_owned())));
    assert!(TrustDraft { officer_threshold: "2".into(), ..draft }.build().is_err());
    let judge = jsonschema_of("trust.schema.json");
    assert!(judge.is_valid(&serde_json::from_slice(&bytes).unwrap()));
}

fn jsonschema_of(name: &str) -> jsonschema::Validator {
    super::judge::document(name)
}
