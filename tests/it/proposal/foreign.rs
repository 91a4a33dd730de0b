//! Proposals as others make them: messages of KERIA, plain files, records; and what is none.

use countersign::keri::build;
use countersign::keri::build::attach::IndexedSignature;
use countersign::keri::cesr;
use countersign::proposal::{NotAProposal, Part};

use super::*;
use crate::keri::shared;

fn error(files: &[&str]) -> NotAProposal {
    Received::read(files.iter().map(|file| file.as_bytes())).unwrap_err()
}

/// An exchange message as KERIA sends it, with what it carries.
fn exn(route: &str, parts: &[(&str, &str)], gid: &str) -> String {
    let carried: Vec<String> = parts.iter().map(|(label, part)| format!("\"{label}\":{part}")).collect();
    let text = format!(
        "{{\"v\":\"KERI10JSON000000_\",\"t\":\"exn\",\"d\":\"\",\"i\":\"{Q1}\",\"rp\":\"{Q2}\",\"p\":\"\",\
         \"dt\":\"2026-03-19T09:50:00.000000+00:00\",\"r\":\"{route}\",\"q\":{{}},\"a\":{{\"i\":\"{Q2}\",\"gid\":\
         \"{gid}\"}},\"e\":{{{},\"d\":\"\"}}}}",
        carried.join(",")
    );
    build::consistent(&text).unwrap()
}

fn indented(text: &str) -> String {
    serde_json::to_string_pretty(&serde_json::from_str::<serde_json::Value>(text).unwrap()).unwrap()
}

#[test]
fn the_same_proposal_in_every_form() {
    let [credential, event, anchor] = bodies();
    let signature = sign("Q1", 0, &anchor);
    let labelled = [("acdc", credential.as_str()), ("iss", event.as_str()), ("anc", anchor.as_str())];
    let exn = exn("/multisig/iss", &labelled, QVI);
    let paths = format!("{{\"acdc\":\"\",\"iss\":\"\",\"anc\":\"-AAB{}\"}}", signature.as_str());
    let request = format!("[{{\"exn\":{exn},\"paths\":{paths},\"groupName\":\"QVI\"}}]");
    let pathed = format!("-LAa5AACAA-e-anc-AAB{}", signature.as_str());
    let stream = String::from_utf8(stream()).unwrap();
    let record = std::fs::read_to_string(fixtures().join("cases/b0/decision/03-proposal.json")).unwrap();
    let signed_anchor = format!("{anchor}-AAB{}", signature.as_str());
    let forms: [&[&str]; 8] = [
        &[&request],
        &[&indented(&request)],
        &[&format!("{{\"tpc\":\"multisig\",\"exn\":{exn},\"sigs\":[],\"atc\":\"{pathed}\"}}")],
        &[&format!("{exn}{pathed}")],
        &[&stream],
        &[&credential, &event, &signed_anchor],
        &[&signed_anchor, &indented(&event), &indented(&credential)],
        &[&record, &stream],
    ];
    for (at, form) in forms.iter().enumerate() {
        let received = read(form);
        let comparison = proven().compare(&received).unwrap();
        assert_eq!(comparison.differences, [], "form {at}");
        proven().accept(&comparison, &received, &aid(Q1)).unwrap_or_else(|error| panic!("form {at}: {error}"));
    }
    // For another group.
    let other = exn_of_group(&labelled);
    let comparison = proven().compare(&read(&[&other])).unwrap();
    assert_eq!(comparison.differences.len(), 1);
    assert_eq!(comparison.differences[0].part, Part::Proposal);
}

fn exn_of_group(parts: &[(&str, &str)]) -> String {
    exn("/multisig/iss", parts, Q1)
}

#[test]
fn what_is_no_proposal_is_refused() {
    let [credential, event, anchor] = bodies();
    let parts = [("acdc", credential.as_str()), ("iss", event.as_str()), ("anc", anchor.as_str())];
    for (files, expected) in [
        (vec!["".to_owned()], "neither a CESR stream nor strict JSON"),
        (vec!["[1]".to_owned()], "no part of a proposal"),
        (vec!["{\"kind\":\"waiver\"}".to_owned()], "no part of a proposal"),
        (vec!["{\"exn\":{}}".to_owned()], "neither"),
        (vec![exn("/multisig/rot", &parts, QVI)], "route `/multisig/rot`"),
        (vec![exn("/multisig/iss", &parts, QVI).replace(Q2, Q1)], "neither"),
        (vec![credential.clone(), credential.replace("ACDC10JSON0005c8_", "ACDC10JSON0005c9_")], "two different"),
        (vec![anchor.clone(), anchor.replace("\"2\"", "\"3\"")], "two different ones of the anchoring event"),
        (vec!["{\"v\":\"KERI10JSON000000_\",\"t\":\"qry\"}".to_owned()], "type `qry`"),
        (vec!["{\"v\":1,\"v\":2}".to_owned()], "neither"),
        (vec![format!("{anchor}-AAB")], "neither"),
        (vec![format!("{{\"exn\":{},\"atc\":\"-LAa\"}}", exn("/multisig/iss", &parts, QVI))], "signature"),
    ] {
        let files: Vec<&str> = files.iter().map(String::as_str).collect();
        let found = error(&files).to_string();
        assert!(found.contains(expected), "{files:?}: {found}");
    }
    for missing in 0..3 {
        let parts = bodies();
        let left: Vec<&str> = (0..3).filter(|at| *at != missing).map(|at| parts[at].as_str()).collect();
        let found = proven().compare(&read(&left)).unwrap_err().to_string();
        assert!(found.contains("is missing in the proposal"), "{found}");
    }
}

#[test]
fn no_bytes_make_it_panic() {
    let stream = stream();
    let record = std::fs::read(fixtures().join("cases/b0/decision/03-proposal.json")).unwrap();
    for file in [stream.as_slice(), &record] {
        for at in (0..file.len()).step_by(7) {
            let _ = Received::read([&file[..at]]);
            let mut changed = file.to_vec();
            changed[at] = if changed[at] == b'"' { b'}' } else { b'"' };
            if let Ok(received) = Received::read([changed.as_slice()]) {
                let _ = proven().compare(&received);
            }
        }
    }
}

/// The message that QAR2 of a real group got from KERIA, and those that it sent.
#[test]
fn real_proposals_of_keria_are_read() {
    let Some(folder) = shared("keri/keria") else { return };
    let request = std::fs::read_to_string(folder.join("decide.request.json")).unwrap();
    let received = read(&[&request]);
    let parts = [Part::Credential, Part::Event, Part::Anchor].map(|part| received.part(part).unwrap());
    for part in parts {
        assert_eq!(build::check(part), Ok(()));
        assert_eq!(build::consistent(part).as_deref(), Some(part));
    }
    // Its signature is by the first key of the group's log.
    let log = std::fs::read(folder.join("decide.group-kel.cesr")).unwrap();
    let group = "EF9zR4G4DKbcOJRcV_k2yybqJGxjaMua9fExMRdiELJV";
    let messages = cesr::read(&log).unwrap();
    let dip =
        messages.iter().find(|message| message.body.contains(&format!("\"t\":\"dip\",\"d\":\"{group}\""))).unwrap();
    let dip: serde_json::Value = serde_json::from_str(dip.body).unwrap();
    let keys: Vec<&str> = dip["k"].as_array().unwrap().iter().map(|key| key.as_str().unwrap()).collect();
    let [claim] = received.signatures() else { panic!("{:?}", received.signatures()) };
    assert_eq!(claim.by, Some(aid("ECksnv1BKJKy_2nc1SNxBYYnHjE9qs8YOfpxSm3OlLAX")));
    let holds = |signature: &IndexedSignature, text: &str| {
        (0..).zip(&keys).filter(|(_, key)| signature.holds(key, text)).map(|(at, _)| at).collect::<Vec<u32>>()
    };
    let signed = claim.signature.index();
    assert_eq!(holds(&claim.signature, parts[2]), [signed]);

    // What QAR2 posted: the same event again, and a revocation, with attachments by path.
    let mut posted = [0, 0];
    for line in std::fs::read_to_string(folder.join("qar2.http.jsonl")).unwrap().lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        let Some(body) = line["request"].as_str() else { continue };
        for (at, route) in ["\"/multisig/iss\"", "\"/multisig/rev\""].into_iter().enumerate() {
            if !body.contains(route) {
                continue;
            }
            posted[at] += 1;
            let received = read(&[body]);
            let [claim] = received.signatures() else { panic!("{:?}", received.signatures()) };
            assert_eq!(build::check(received.part(Part::Event).unwrap()), Ok(()));
            assert_eq!(received.part(Part::Credential).is_some(), at == 0);
            if at == 0 {
                assert_eq!(received.part(Part::Anchor), Some(parts[2]));
                assert_ne!(claim.signature.index(), signed);
                assert_eq!(holds(&claim.signature, parts[2]), [claim.signature.index()]);
            }
        }
    }
    assert_eq!(posted.map(|count: usize| count > 0), [true, true], "{posted:?}");
}
