//! The reference case as it is.

use countersign::bundle::Form;
use serde_json::{Value, json};

use super::facts::*;

/// The holders whose logs the sealed evidence has.
const HOLDERS: [&str; 15] = [
    "ROOT",
    "GEDA",
    "QVI",
    "Q1",
    "Q2",
    "Q3",
    "OFFICER-1",
    "OFFICER-2",
    "OFFICER-3",
    "REPORTING-AGENT",
    "DAR-D",
    "LAR-A",
    "LAR-B",
    "LAR-C",
    "LE",
];

#[test]
fn nothing_in_it_does_not_hold() {
    for case in [before_closing(b0()), collected(b0(), Form::Case, None)] {
        assert_eq!(case.findings(), Vec::<String>::new());
        assert!(case.problems.is_empty(), "{:?}", case.problems);
        for kind in ["key_state", "acdc", "exn", "signature_group", "keri_finding"] {
            assert_eq!(*case.unknown(kind), Value::Null, "{kind}");
            assert_eq!(case.facts[kind]["unreadable"], 0, "{kind}");
        }
    }
}

#[test]
fn every_log_is_sound() {
    let case = before_closing(b0());
    let mut expected: Vec<&str> = HOLDERS.iter().map(|name| aid(name)).collect();
    expected.sort_unstable();
    let found: Vec<&str> = case.all("key_state").iter().map(|state| state["aid"].as_str().unwrap()).collect();
    assert_eq!(found, expected);
    for state in case.all("key_state") {
        assert_eq!(
            (&state["accepted"], &state["sound"], &state["duplicitous"]),
            (&json!(true), &json!(true), &json!(false))
        );
        assert_eq!((&state["transferable"], &state["problem"]), (&json!(true), &Value::Null));
        assert_eq!(state["established_sn"], 0);
        assert_eq!(state["inception"]["receipts"], 5);
        assert_eq!(case.file(state), state["path"]);
    }
}

#[test]
fn the_groups_are_two_of_three() {
    let case = before_closing(b0());
    let qvi = case.the("key_state", "aid", aid("QVI"));
    let keys = |holder: &str| case.the("key_state", "aid", aid(holder))["keys"][0].clone();
    assert_eq!(qvi["keys"], json!([keys("Q1"), keys("Q2"), keys("Q3")]));
    assert_eq!((&qvi["threshold"], &qvi["next_keys"]), (&json!("Count(2)"), &json!(3)));
    assert_eq!((&qvi["delegator"], &qvi["delegated"]), (&json!(aid("GEDA")), &json!(true)));
    assert_eq!(qvi["inception"]["kind"], "dip");
    assert_eq!((&qvi["sn"], &qvi["witnesses"].as_array().unwrap().len()), (&json!(1), &5));
    assert_eq!(qvi["witness_threshold"], 4);
    // The seal of its registry.
    assert_eq!(qvi["seals"][0]["subject_kind"], "registry");
    assert_eq!((&qvi["events"][1]["kind"], &qvi["events"][1]["seals"]), (&json!("ixn"), &json!(1)));
    let le = case.the("key_state", "aid", aid("LE"));
    assert_eq!(le["keys"], json!([keys("LAR-A"), keys("LAR-B"), keys("LAR-C")]));
    assert_eq!((&le["threshold"], &le["sn"], &le["delegated"]), (&json!("Count(2)"), &json!(0), &json!(false)));
    let geda = case.the("key_state", "aid", aid("GEDA"));
    assert_eq!(geda["delegator"], aid("ROOT"));
    let kinds: Vec<&str> =
        geda["seals"].as_array().unwrap().iter().map(|seal| seal["subject_kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["identifier", "registry", "credential"]);
}

#[test]
fn the_qvi_credential_has_a_valid_chain() {
    let case = before_closing(b0());
    assert_eq!(case.all("acdc").len(), 2);
    let qvi = case.the("acdc", "type", "QVI");
    assert_eq!(
        (&qvi["origin"], &qvi["chain"], &qvi["status"]),
        (&json!("evidence"), &json!("valid"), &json!("issued"))
    );
    assert_eq!((&qvi["issuer"], &qvi["issuee"]), (&json!(aid("GEDA")), &json!(aid("QVI"))));
    assert_eq!((&qvi["top_issuer"], &qvi["tip"]), (&json!(aid("GEDA")), &json!(true)));
    assert_eq!((&qvi["registry_proven"], &qvi["fits"]), (&json!(true), &json!(true)));
    assert_eq!((&qvi["grace_period"], &qvi["salted"], &qvi["compact"]), (&json!(90), &json!(false), &json!(false)));
    assert_eq!(qvi.get("misfit"), None);
    assert_eq!(qvi["issued_at"], "2025-09-15T11:30:00Z");
    assert_eq!(qvi["chain_saids"], json!([qvi["said"]]));
    let anchor = &qvi["anchor"];
    assert_eq!((&anchor["aid"], &anchor["accepted"]), (&json!(aid("GEDA")), &json!(true)));
    assert_eq!((&anchor["satisfied"], &anchor["seals"]), (&json!(true), &json!(1)));
    assert_eq!(anchor["receipts"], 5);
}

#[test]
fn the_draft_waits_for_the_second_signature() {
    for case in [before_closing(b0()), collected(b0(), Form::Case, None)] {
        let draft = case.the("acdc", "origin", "draft");
        assert_eq!(draft["path"], "decision/03-proposal.cesr");
        assert_eq!(
            (&draft["type"], &draft["status"], &draft["chain"]),
            (&json!("LE"), &json!("unproven"), &json!("valid"))
        );
        assert_eq!((&draft["issuer"], &draft["issuee"]), (&json!(aid("QVI")), &json!(aid("LE"))));
        assert_eq!((&draft["lei"], &draft["tip"]), (&json!("254900OPPU84GM83MG36"), &json!(true)));
        assert_eq!((&draft["registry_proven"], &draft["top_issuer"]), (&json!(true), &json!(aid("GEDA"))));
        assert_eq!(draft["dated"], "2026-03-19T09:50:00Z");
        let edge = &draft["edges"][0];
        assert_eq!((&edge["label"], &edge["found"], &edge["holds"]), (&json!("qvi"), &json!(true), &json!(true)));
        assert_eq!((&edge["operator"], &draft["qvi"]), (&json!("I2I"), &edge["node"]));
        assert_eq!(draft["chain_saids"], json!([draft["said"], draft["qvi"]]));
        let anchor = &draft["anchor"];
        assert_eq!((&anchor["sn"], &anchor["kind"], &anchor["seals"]), (&json!(2), &json!("ixn"), &json!(1)));
        assert_eq!((&anchor["signers"], &anchor["satisfied"]), (&json!([0]), &json!(false)));
        assert_eq!((&anchor["receipts"], &anchor["accepted"]), (&json!(0), &json!(false)));
        let q1 = case.the("key_state", "aid", aid("Q1"));
        assert_eq!(anchor["signer_keys"], q1["keys"]);
        assert_eq!(anchor["prior"], case.the("key_state", "aid", aid("QVI"))["events"][1]["said"]);
        assert_eq!(case.file(draft), "decision/03-proposal.cesr");
    }
}

#[test]
fn closing_has_the_issued_credential() {
    let case = collected(b0(), Form::Case, None);
    assert_eq!(case.all("acdc").len(), 3);
    let issued = case.all("acdc").iter().find(|c| c["type"] == "LE" && c["origin"] == "evidence").unwrap();
    assert_eq!((&issued["chain"], &issued["status"]), (&json!("valid"), &json!("issued")));
    assert_eq!(issued["said"], case.the("acdc", "origin", "draft")["said"]);
    let anchor = &issued["anchor"];
    assert_eq!(
        (&anchor["satisfied"], &anchor["accepted"], &anchor["receipts"]),
        (&json!(true), &json!(true), &json!(5))
    );
    assert_eq!(case.the("key_state", "aid", aid("QVI"))["sn"], 2);
    let grants: Vec<_> = case.all("exn").iter().filter(|exn| exn["route"] == "/ipex/grant").collect();
    assert_eq!(grants.len(), 2);
    for grant in grants {
        assert_eq!((&grant["sender"], &grant["signed_fully"]), (&json!(aid("QVI")), &json!(true)));
        assert_eq!(grant["carried"], json!([issued["said"], anchor_issuance(&case), anchor["said"]]));
    }
    let admit = case.all("exn").iter().filter(|exn| exn["route"] == "/ipex/admit");
    assert!(admit.clone().count() > 0);
    assert!(admit.into_iter().all(|admit| admit["prior"].is_string() && admit["signed_fully"] == true));
}

/// The issuance event that the QVI's log seals.
fn anchor_issuance(case: &Collected) -> Value {
    let seals = case.the("key_state", "aid", aid("QVI"))["seals"].as_array().unwrap();
    seals.iter().find(|seal| seal["subject_kind"] == "credential").unwrap()["said"].clone()
}

#[test]
fn the_messages_are_signed_by_who_sends_them() {
    let case = before_closing(b0());
    let route = |route: &str| case.all("exn").iter().filter(|exn| exn["route"] == route).collect::<Vec<_>>();
    let answers = route("/challenge/response");
    assert_eq!(answers.len(), 3);
    for (answer, holder) in ["a", "b", "c"].iter().zip(["LAR-A", "LAR-B", "LAR-C"]) {
        let answer = case.the("exn", "listed_path", &format!("streams/response-{answer}.cesr"));
        assert_eq!((&answer["sender"], &answer["recipient"]), (&json!(aid(holder)), &json!(aid("Q1"))));
        assert_eq!((&answer["signers"], &answer["signed_fully"]), (&json!([aid(holder)]), &json!(true)));
        assert_eq!(answer["words"].as_array().unwrap().len(), 12);
        assert_eq!(answer["words_text"].as_str().unwrap().split(' ').count(), 12);
        assert_eq!((&answer["superseded"], &answer["key_sn"]), (&json!(false), &json!(0)));
        assert!(answer.get("prior").is_none());
    }
    let requests = route("/ipex/apply");
    assert_eq!(requests.len(), 1);
    let request = requests[0];
    assert_eq!((&request["sender"], &request["signers"]), (&json!(aid("LE")), &json!([aid("LE")])));
    assert_eq!((&request["signer_indices"], &request["signed_fully"]), (&json!([0, 1, 2]), &json!(true)));
    assert_eq!((&request["lei"], &request["legal_name"]), (&json!("254900OPPU84GM83MG36"), &json!("ACME AG")));
    assert_eq!(request["schema"], case.the("acdc", "origin", "draft")["schema"]);
    for coordination in route("/multisig/icp") {
        assert_eq!(coordination["carried"], json!([aid("LE")]));
        assert_eq!(coordination["signed_fully"], true);
        assert!(coordination.get("recipient").is_none());
    }
}

#[test]
fn every_signed_record_is_signed() {
    let case = collected(b0(), Form::Case, None);
    let mut signed = 0;
    for record in case.all("record") {
        if record["signed"] == true {
            signed += 1;
            assert_eq!(record["signed_fully"], true, "{record}");
            assert!(!record["signers"].as_array().unwrap().is_empty(), "{record}");
        } else {
            assert_eq!(record["signers"], json!({ "?": "missing" }), "{record}");
        }
    }
    assert!(signed > 30, "{signed}");
    let assurance = case.the("ida-record", "path", "bundle/records/ida-dar-d.json");
    assert_eq!((&assurance["signers"], &assurance["signed_fully"]), (&json!([aid("Q1")]), &json!(true)));
    assert_eq!(case.the("approval", "path", "decision/06-approval.json")["signers"], json!([aid("Q2")]));
    let manifest = &case.all("manifest")[0];
    assert_eq!((&manifest["signers"], &manifest["signed_fully"]), (&json!([aid("Q1")]), &json!(true)));
    assert!(case.all("signature_group").iter().all(|group| group["verified"] == true && group["satisfied"] == true));
    let group = case.the("signature_group", "signed_path", "bundle/manifest.json");
    assert_eq!((case.file(group), &group["key_sn"]), ("bundle/manifest.sig.cesr", &json!(0)));
}
