//! QAR1's signature, and the second one.

use std::collections::BTreeSet;

use countersign::keri::cesr::{self, Group, IndexedCode};
use countersign::proposal::{Countersigned, Matched, SignatureRefused};

use super::*;

fn accepted(received: &Received, qar1: &str) -> Result<Matched, SignatureRefused> {
    let comparison = proven().compare(received).unwrap();
    assert_eq!(comparison.differences, []);
    proven().accept(&comparison, received, &aid(qar1))
}

fn unsigned() -> Received {
    let parts = bodies();
    read(&[&parts[0], &parts[1], &parts[2]])
}

fn matched() -> Matched {
    accepted(&Received::read([stream().as_slice()]).unwrap(), Q1).unwrap()
}

#[test]
fn the_signature_of_qar1_is_verified_with_the_key_at_its_index() {
    assert_eq!(matched().qar1(), 0);
    let (case, path) = Received::of_case(snapshot()).unwrap().unwrap();
    assert_eq!(path, "decision/03-proposal.json");
    accepted(&case, Q1).unwrap();
    let code = |error: SignatureRefused| miette::Diagnostic::code(&error).unwrap().to_string();
    let of = |signature| {
        let mut received = unsigned();
        received.sign(None, signature);
        accepted(&received, Q1)
    };
    let event = draft().anchor.text;
    assert!(of(sign("Q1", 0, &event)).is_ok());
    for (signature, expected) in [
        // Another's key, another index, other bytes, an index that is none.
        (sign("Q2", 0, &event), "bad_signature"),
        (sign("Q1", 1, &event), "bad_signature"),
        (sign("Q1", 0, &draft().event.text), "bad_signature"),
        (sign("Q1", 3, &event), "no_such_index"),
        (sign("Q2", 1, &event), "not_by_qar1"),
    ] {
        assert_eq!(code(of(signature).unwrap_err()), format!("countersign::proposal::{expected}"));
    }
    assert_eq!(code(accepted(&unsigned(), Q1).unwrap_err()), "countersign::proposal::not_by_qar1");
    let lar = "EA29zpF1D3KkvoMxPlTMhS977Rv3rbYtztAbfnylEZQ8";
    assert_eq!(code(accepted(&case, lar).unwrap_err()), "countersign::proposal::not_a_member");
    assert_eq!(code(accepted(&case, Q2).unwrap_err()), "countersign::proposal::not_by_qar1");
    // Somebody says that somebody else signed.
    let mut received = unsigned();
    received.sign(Some(aid(Q2)), sign("Q1", 0, &event));
    assert_eq!(code(accepted(&received, Q1).unwrap_err()), "countersign::proposal::other_index");
    let record = std::fs::read_to_string(fixtures().join("cases/b0/decision/03-proposal.json")).unwrap();
    let stream = String::from_utf8(stream()).unwrap();
    for (from, to, expected) in [
        ("\"index\": 0", "\"index\": 1", "other_index"),
        (&format!("\"signer_aid\": \"{Q1}\""), &format!("\"signer_aid\": \"{Q2}\""), "other_signer"),
    ] {
        let changed = record.replace(from, to);
        assert_ne!(changed, record);
        let error = accepted(&read(&[&changed, &stream]), Q1).unwrap_err();
        assert_eq!(code(error), format!("countersign::proposal::{expected}"));
    }
}

#[test]
fn two_members_meet_the_threshold_of_two() {
    let matched = matched();
    let second = sign("Q2", 1, matched.event());
    let Countersigned { stream, said, signers, satisfied, unsigned, receipts, witnesses } =
        matched.merge(&second).unwrap();
    assert_eq!(said, matched.draft().anchor.said);
    assert_eq!((signers, unsigned), (BTreeSet::from([0, 1]), BTreeSet::from([2])));
    assert!(satisfied);
    assert!(receipts > 0 && witnesses.len() >= receipts as usize);
    let messages = cesr::read(&stream).unwrap();
    assert_eq!(messages[0].body, matched.event());
    let Group::ControllerSignatures(items) = &messages[0].attachments[0].group else { panic!() };
    assert_eq!(items.iter().map(|item| item.index).collect::<Vec<_>>(), [0, 1]);
    // The same signature again gives the same bytes: Ed25519 is deterministic.
    assert_eq!(matched.merge(&sign("Q2", 1, matched.event())).unwrap().stream, stream);
    // It is the signature that the fixture's Q2 made.
    let partial = std::fs::read_to_string(fixtures().join("cases/b0/decision/07-partial-signature.json")).unwrap();
    assert!(partial.contains(second.as_str()));
}

#[test]
fn one_person_does_not_sign_twice() {
    let matched = matched();
    let again = matched.merge(&sign("Q1", 0, matched.event())).unwrap_err();
    assert_eq!(again, SignatureRefused::SameSigner { index: 0 });
    let lettered = countersign::keri::build::attach::IndexedSignature::new(IndexedCode::CurrentOnly(0), &[1; 64]);
    assert_eq!(matched.merge(&lettered.unwrap()).unwrap_err(), SignatureRefused::Bad { index: 0 });
    assert_eq!(matched.merge(&sign("Q1", 1, matched.event())).unwrap_err(), SignatureRefused::Bad { index: 1 });
}
