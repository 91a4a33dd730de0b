//! The reference case with one thing spoiled: the facts name what.

use countersign::bundle::{Code, Form};
use countersign::keri::cesr::{IndexedCode, qualified_number};
use ed25519_dalek::Signer;
use serde_json::{Value, json};

use super::facts::*;
use crate::fixture::{rotation, seed, signing_key};

const SIDECAR: &str = "bundle/records/ida-dar-d.sig.cesr";
const RECORD: &str = "bundle/records/ida-dar-d.json";
const UNREADABLE: &str = "unreadable";

/// Changes one character near the end of the last signature.
fn break_signature(bytes: &mut [u8]) {
    let at = bytes.len() - 20;
    bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
}

fn codes(case: &Collected) -> Vec<(&str, &str)> {
    case.all("keri_finding").iter().map(|f| (f["path"].as_str().unwrap(), f["code"].as_str().unwrap())).collect()
}

/// A file of signatures by the inception keys of holders.
fn sidecar(holders: &[(&str, &str)], text: &str) -> Vec<u8> {
    let digits = b"ABCDEFGH";
    let mut file = format!("-FA{}", char::from(digits[holders.len()]));
    for (holder, which) in holders {
        let key = signing_key(&seed(holder, which));
        let signature = IndexedCode::Both(0).signature(&key.sign(text.as_bytes()).to_bytes()).unwrap();
        file += &format!("{0}{1}{0}-AAB{signature}", aid(holder), qualified_number(0));
    }
    file.into_bytes()
}

/// What a record's signatures are over.
fn signed_text(files: &Files, path: &str) -> String {
    let record: Value = serde_json::from_slice(&files[path]).unwrap();
    format!("countersign/record/v1\n{}", serde_json_canonicalizer::to_string(&record).unwrap())
}

#[test]
fn a_signature_that_does_not_verify_signs_nothing() {
    let case = before_closing(changed(SIDECAR, |bytes| break_signature(bytes)));
    let record = case.the("ida-record", "path", RECORD);
    assert_eq!((&record["signers"], &record["signed_fully"]), (&json!([]), &json!(false)));
    let header = case.the("record", "path", RECORD);
    assert_eq!((&header["signers"], &header["signed_fully"]), (&json!([]), &json!(false)));
    let group = case.the("signature_group", "path", SIDECAR);
    assert_eq!(group["verified"], false);
    assert!(group["why"].as_str().unwrap().contains(aid("Q1")), "{group}");
    assert_eq!(case.file(group), SIDECAR);
    assert!(case.problems.is_empty() && codes(&case).is_empty());
}

#[test]
fn one_bad_signature_beside_good_ones_spoils_the_group() {
    // Two officers signed the roster.
    let path = "bundle/records/qar-roster.sig.cesr";
    let case = before_closing(changed(path, |bytes| break_signature(bytes)));
    let roster = case.the("qar-roster", "path", "bundle/records/qar-roster.json");
    assert_eq!(roster["signed_fully"], false);
    assert_eq!(roster["signers"].as_array().unwrap().len(), 1);
    let groups: Vec<_> = case.all("signature_group").iter().filter(|group| group["path"] == path).collect();
    assert_eq!(groups.iter().filter(|group| group["verified"] == true).count(), 1);
    assert_eq!(groups.len(), 2);
}

#[test]
fn signatures_that_cannot_be_read_are_a_problem_of_the_file() {
    for spoil in [|bytes: &mut Vec<u8>| bytes.truncate(100), |bytes: &mut Vec<u8>| bytes.push(b'\n')] {
        let case = before_closing(changed(SIDECAR, spoil));
        assert_eq!(case.problems.len(), 1, "{:?}", case.problems);
        assert_eq!((case.problems[0].code, case.problems[0].path.as_str()), (Code::SignatureUnreadable, SIDECAR));
        let record = case.the("ida-record", "path", RECORD);
        assert_eq!(record["signers"], json!({ "?": UNREADABLE }));
        assert_eq!(record["signed_fully"], json!({ "?": UNREADABLE }));
        let check = case.the("file_check", "path", SIDECAR);
        assert_eq!((&check["ok"], &check["rule"]), (&json!(false), &json!("GATE-5")));
        assert_eq!(case.facts["signature_group"]["unreadable"], 1);
    }
}

#[test]
fn a_record_without_signatures_has_no_known_signers() {
    let mut files = b0();
    files.remove(SIDECAR);
    let listed = before_closing(files.clone());
    assert_eq!(listed.the("ida-record", "path", RECORD)["signers"], json!({ "?": UNREADABLE }));
    relist(&mut files, SIDECAR);
    let case = before_closing(files);
    assert_eq!(case.the("ida-record", "path", RECORD)["signers"], json!({ "?": "missing" }));
    assert_eq!(case.the("ida-record", "path", RECORD)["signed_fully"], json!({ "?": "missing" }));
}

#[test]
fn signatures_without_a_record_are_a_problem() {
    let mut files = b0();
    files.insert("decision/09-nothing.sig.cesr".to_owned(), files[SIDECAR].clone());
    let case = before_closing(files);
    let found: Vec<_> = case.problems.iter().map(|problem| (problem.code, problem.path.as_str())).collect();
    assert_eq!(found, [(Code::SignatureDangling, "decision/09-nothing.sig.cesr")]);
}

#[test]
fn a_signer_is_known_only_by_a_log_of_the_case() {
    // The log of the first policy key is in no stream; the second signer's is.
    let text = signed_text(&b0(), RECORD);
    let case = before_closing(changed(SIDECAR, |bytes| {
        *bytes = sidecar(&[("POLICY-1", "current"), ("Q1", "current")], &text)
    }));
    let record = case.the("ida-record", "path", RECORD);
    assert_eq!(record["signers"], json!([aid("Q1")]));
    assert_eq!(record["signed_fully"], false);
    let foreign = case.all("signature_group").iter().find(|group| group["aid"] == aid("POLICY-1")).unwrap();
    assert_eq!(foreign["verified"], false);
    assert!(foreign["why"].as_str().unwrap().contains("not at hand"), "{foreign}");
    // A key that is not the one of the log.
    let case = before_closing(changed(SIDECAR, |bytes| *bytes = sidecar(&[("Q1", "next")], &text)));
    assert_eq!(case.the("ida-record", "path", RECORD)["signers"], json!([]));
}

#[test]
fn a_bad_receipt_is_told_of_beside_enough_good_ones() {
    let path = "bundle/streams/kel-le.cesr";
    let case = before_closing(changed(path, |bytes| {
        // The second of five receipts, of which four are needed.
        let text = String::from_utf8(bytes.clone()).unwrap();
        let at = text.find("-BAF").unwrap() + 4 + 88 + 40;
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
    }));
    assert_eq!(codes(&case), [(path, "signature_invalid")]);
    let finding = &case.all("keri_finding")[0];
    assert_eq!((&finding["weight"], &finding["origin"]), (&json!("invalid"), &json!("evidence")));
    assert!(finding["message"].as_str().unwrap().contains("witness 1"), "{finding}");
    assert_eq!(case.file(finding), path);
    let state = case.the("key_state", "aid", aid("LE"));
    assert_eq!((&state["sound"], &state["inception"]["receipts"]), (&json!(true), &json!(4)));
}

#[test]
fn a_stream_that_cannot_be_framed_gives_nothing() {
    let path = "bundle/streams/kel-officer-1.cesr";
    let case = before_closing(changed(path, |bytes| bytes.truncate(bytes.len() - 3)));
    assert_eq!(codes(&case), [(path, "stream_truncated")]);
    for kind in ["key_state", "acdc", "exn"] {
        assert_eq!(*case.unknown(kind), UNREADABLE, "{kind}");
    }
    for kind in ["keri_finding", "signature_group"] {
        assert_eq!(*case.unknown(kind), Value::Null, "{kind}");
    }
    assert!(case.all("key_state").iter().all(|state| state["aid"] != aid("OFFICER-1")));
}

#[test]
fn a_listed_stream_that_is_not_there_leaves_the_rest_unknown() {
    let mut files = b0();
    files.remove("bundle/streams/kel-officer-1.cesr");
    let case = before_closing(files.clone());
    assert_eq!(case.problems.len(), 1);
    assert_eq!(*case.unknown("key_state"), UNREADABLE);
    files.insert("bundle/streams/kel-officer-1.cesr".to_owned(), b"{}".to_vec());
    let case = before_closing(files);
    assert_eq!(*case.unknown("key_state"), UNREADABLE);
}

#[test]
fn sources_must_name_what_seals() {
    for (path, chain) in [("bundle/streams/registry.cesr", aid("QVI")), ("bundle/streams/tel-qvi.cesr", aid("GEDA"))] {
        let case = before_closing(changed(path, |bytes| break_signature(bytes)));
        let first = &case.all("keri_finding")[0];
        assert_eq!((&first["path"], &first["code"]), (&json!(path), &json!("source_mismatch")));
        assert!(first["message"].as_str().unwrap().contains(chain), "{first}");
        let draft = case.the("acdc", "origin", "draft");
        assert_eq!(draft["chain"], "invalid");
    }
}

#[test]
fn a_message_with_a_bad_signature_is_not_signed() {
    let path = "bundle/streams/response-a.cesr";
    let case = before_closing(changed(path, |bytes| break_signature(bytes)));
    assert_eq!(codes(&case), [(path, "signature_invalid")]);
    let answer = case.the("exn", "path", path);
    assert_eq!((&answer["signers"], &answer["signed_fully"]), (&json!([]), &json!(false)));
    // Two of three are enough for the group; a bad third is told of.
    let path = "bundle/streams/request-1.cesr";
    let case = before_closing(changed(path, |bytes| break_signature(bytes)));
    assert_eq!(codes(&case), [(path, "signature_invalid")]);
    let request = case.the("exn", "path", path);
    assert_eq!((&request["signers"], &request["signed_fully"]), (&json!([]), &json!(false)));
    assert_eq!(request["signer_indices"], json!([0, 1]));
}

#[test]
fn a_replaced_key_state_proves_no_order() {
    let rotation = rotation("DAR-D");
    let path = "bundle/streams/kel-dar-d.cesr";
    let case = before_closing(changed(path, |bytes| bytes.extend_from_slice(rotation.as_bytes())));
    assert_eq!(case.findings(), Vec::<String>::new());
    let state = case.the("key_state", "aid", aid("DAR-D"));
    assert_eq!((&state["sn"], &state["established_sn"], &state["sound"]), (&json!(1), &json!(1), &json!(true)));
    let by_dar = |record: &&Value| record["path"] == "bundle/records/lar-designation.json";
    let record = case.all("record").iter().find(by_dar).unwrap();
    assert_eq!(record["signers"], json!({ "?": "unproven" }));
    assert_eq!(record["signed_fully"], json!({ "?": "unproven" }));
    let groups = case.all("signature_group").iter().filter(|group| group["aid"] == aid("DAR-D"));
    assert!(groups.clone().count() > 0);
    assert!(groups.into_iter().all(|group| group["superseded"] == true && group["verified"] == true));
}

#[test]
fn a_draft_is_judged_by_what_the_proposal_holds() {
    let path = "decision/03-proposal.cesr";
    let case = before_closing(changed(path, |bytes| break_signature(bytes)));
    assert_eq!(codes(&case), [(path, "signature_invalid")]);
    assert_eq!(case.all("keri_finding")[0]["origin"], "draft");
    assert_eq!(case.the("acdc", "origin", "draft")["anchor"]["signers"], json!([]));

    let case = before_closing(changed(path, |bytes| bytes.truncate(bytes.len() - 1)));
    assert_eq!(codes(&case), [(path, "stream_truncated")]);
    assert_eq!(*case.unknown("acdc"), UNREADABLE);
    assert_eq!(*case.unknown("key_state"), Value::Null);

    let mut files = b0();
    files.remove(path);
    let case = before_closing(files);
    assert_eq!(case.problems.iter().map(|problem| problem.code).collect::<Vec<_>>(), [Code::StreamMissing]);
    assert_eq!(*case.unknown("acdc"), UNREADABLE);

    let mut files = b0();
    files.insert("decision/other.cesr".to_owned(), files[path].clone());
    let case = before_closing(files);
    assert_eq!(case.problems.iter().map(|problem| problem.code).collect::<Vec<_>>(), [Code::StreamUnnamed]);
}

#[test]
fn an_attribute_that_is_changed_gives_no_credential() {
    let path = "bundle/streams/credential-qvi.cesr";
    let case = before_closing(changed(path, |bytes| swap(bytes, r#""gracePeriod":90"#, r#""gracePeriod":91"#)));
    assert_eq!(case.all("keri_finding")[0]["code"], "said_mismatch");
    assert!(case.all("acdc").iter().all(|credential| credential["origin"] == "draft"));
    assert_eq!(case.the("acdc", "origin", "draft")["chain"], "incomplete");
}

#[test]
fn a_bundle_alone_holds_no_draft() {
    let mut files = b0();
    files.retain(|path, _| path.starts_with("bundle/"));
    let case = collected(files, Form::Bundle, None);
    assert!(case.problems.is_empty() && codes(&case).is_empty());
    assert_eq!(case.all("acdc").len(), 1);
}
