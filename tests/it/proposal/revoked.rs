//! Revocations, made again as they were made in the story of the roles: the proof is that of the live state.

use countersign::keri::build;
use countersign::proposal::Part;

use super::*;

const OOR: &str = "ENk9yyyGGB1tHeKx-ymV8jSyLUlOn-SXaerGCOoozeLO";

fn revoked() -> Vec<u8> {
    std::fs::read(fixtures().join("keri/roles/revoked-oor.cesr")).unwrap()
}

/// The revocation of the role and the event that seals it, as keripy made them.
fn made() -> [String; 2] {
    let stream = revoked();
    let messages = cesr::read(&stream).unwrap();
    let body = |marks: [&str; 2]| {
        let found = messages.iter().find(|message| marks.iter().all(|mark| message.body.contains(mark)));
        found.unwrap().body.to_owned()
    };
    [
        body(["\"t\":\"rev\"", &format!("\"i\":\"{OOR}\"")]),
        body(["\"t\":\"ixn\"", &format!("{{\"i\":\"{OOR}\",\"s\":\"1\"")]),
    ]
}

/// The chain before anything of it was revoked.
fn before() -> Vec<u8> {
    let stream = revoked();
    let messages = cesr::read(&stream).unwrap();
    let kept = messages.iter().filter(|message| {
        let sealed = message.body.contains("\"t\":\"ixn\"") && message.body.contains("\"s\":\"1\",\"d\"");
        !(message.body.contains("\"t\":\"rev\"") || sealed)
    });
    kept.flat_map(|message| stream[message.offset..message.end].to_vec()).collect()
}

fn prove_revocation(credential: Option<&str>, live: &[u8]) -> Result<Proven, Unproven> {
    let live = [live];
    let sources = Sources {
        snapshot: snapshot(),
        trust: trust(),
        as_of: "2026-04-20T10:00:00Z".parse().unwrap(),
        live: &live,
        schemas: None,
        memory: None,
    };
    prove(&Act::Revoke(credential.map(|said| said.parse().unwrap())), &sources)
}

#[test]
fn a_revocation_is_made_again_byte_for_byte() {
    let proven = prove_revocation(Some(OOR), &before()).unwrap();
    let draft = proven.draft(&Given::at("2026-04-20T09:00:00Z".parse().unwrap())).unwrap();
    assert_eq!([draft.event.text.clone(), draft.anchor.text.clone()], made());
    assert_eq!(draft.credential.said.as_str(), OOR);
    assert_eq!(build::check(&draft.credential.text), Ok(()));
    assert_eq!(proven.act(), Act::Revoke(Some(OOR.parse().unwrap())));
}

#[test]
fn which_credential_is_revoked_must_be_clear() {
    let error = prove_revocation(None, &before()).unwrap_err().to_string();
    assert!(error.contains("more than one credential to revoke") && error.contains(OOR), "{error}");
    let other = "EGpDLgK6XPZ93v-MH6CnIEa4rfC3eYVS8o4JGn6RtSDQ";
    for (credential, live) in [(Some(other), before()), (Some(OOR), revoked()), (None, Vec::new())] {
        // What is revoked is not revoked again, and what nobody issued cannot be.
        let error = prove_revocation(credential, &live).unwrap_err().to_string();
        assert!(error.contains("has not revoked") || error.contains("empty"), "{error}");
    }
}

#[test]
fn a_proposed_revocation_is_compared() {
    let proven = prove_revocation(Some(OOR), &before()).unwrap();
    let [event, anchor] = made();
    let signature = sign("Q1", 0, &anchor);
    let carried = format!("{{\"iss\":{event},\"anc\":{anchor},\"d\":\"\"}}");
    let exn = format!(
        "{{\"v\":\"KERI10JSON000000_\",\"t\":\"exn\",\"d\":\"\",\"i\":\"{Q1}\",\"rp\":\"{Q2}\",\"p\":\"\",\
         \"dt\":\"2026-04-20T09:00:01.000000+00:00\",\"r\":\"/multisig/rev\",\"q\":{{}},\"a\":{{\"i\":\"{Q2}\",\
         \"gid\":\"{QVI}\",\"said\":\"{OOR}\"}},\"e\":{carried}}}"
    );
    let exn = build::consistent(&exn).unwrap();
    let request = format!("[{{\"exn\":{exn},\"paths\":{{\"anc\":\"-AAB{}\"}}}}]", signature.as_str());
    let received = read(&[&request]);
    let comparison = proven.compare(&received).unwrap();
    assert_eq!(comparison.differences, []);
    let matched = proven.accept(&comparison, &received, &aid(Q1)).unwrap();
    assert!(matched.merge(&sign("Q2", 1, &anchor)).unwrap().satisfied);

    let issuance = "EKvMwegpdLxmIPoZXk6a1bfAIsIku8ugDBKFUXnyAeBq";
    for (from, to, field) in [
        (issuance, "EGpDLgK6XPZ93v-MH6CnIEa4rfC3eYVS8o4JGn6RtSDQ", "p"),
        (OOR, "EN0J20c4cxM42FLjf4mtts0q20dSreqXjgeGRcia0Mfa", "i"),
        (REGISTRY, "EAu8SfB7CHxYnZz2_nK61ccDd3zTRPIRhZz734u_J2SM", "ri"),
        ("\"rev\"", "\"iss\"", "t"),
    ] {
        assert!(event.contains(from));
        let off = build::consistent(&event.replacen(from, to, 1)).unwrap();
        let said =
            |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap()["d"].as_str().unwrap().to_owned();
        let sealing = build::consistent(&anchor.replace(&said(&event), &said(&off))).unwrap();
        let comparison = proven.compare(&read(&[&off, &sealing])).unwrap();
        let first = comparison.differences.first().unwrap();
        assert_eq!((first.part, first.field.as_str()), (Part::Event, field), "{:#?}", comparison.differences);
    }
    // An issuance where a revocation is proven.
    let parts = bodies();
    assert!(!proven.compare(&read(&[&parts[0], &parts[1], &parts[2]])).unwrap().differences.is_empty());
}
