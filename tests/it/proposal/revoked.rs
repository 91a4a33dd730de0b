//! Revocations, made again as they were made in the cases of revocations.

use countersign::bundle::Limits;
use countersign::keri::build;
use countersign::proposal::Part;

use super::*;

const LE: &str = "EN0J20c4cxM42FLjf4mtts0q20dSreqXjgeGRcia0Mfa";
const OOR: &str = "ENk9yyyGGB1tHeKx-ymV8jSyLUlOn-SXaerGCOoozeLO";

fn made_by_keripy(name: &str) -> Vec<u8> {
    std::fs::read(fixtures().join(format!("keri/revocations/{name}.cesr"))).unwrap()
}

/// The revocation of the role and the event that seals it, as keripy made them.
fn made() -> [String; 2] {
    let body = |stream: &str, marks: [&str; 2]| {
        let stream = made_by_keripy(stream);
        let messages = cesr::read(&stream).unwrap();
        let found = messages.iter().find(|message| marks.iter().all(|mark| message.body.contains(mark)));
        found.unwrap().body.to_owned()
    };
    [
        body("tel-role-oor-revocation", ["\"t\":\"rev\"", &format!("\"i\":\"{OOR}\"")]),
        body("kel-qvi-after-oor-revocation", ["\"t\":\"ixn\"", &format!("{{\"i\":\"{OOR}\",\"s\":\"1\"")]),
    ]
}

fn prove_case(case: &str, credential: Option<&str>, live: &[&[u8]]) -> Result<Proven, Unproven> {
    let snapshot = Snapshot::read(&fixtures().join("cases").join(case), &Limits::STANDARD).unwrap();
    let as_of = "2026-05-06T14:00:00Z".parse().unwrap();
    let sources = Sources { snapshot: &snapshot, trust: trust(), as_of, live, schemas: None, memory: None };
    prove(&Act::Revoke(credential.map(|said| said.parse().unwrap())), &sources)
}

fn prove_revocation(credential: Option<&str>) -> Result<Proven, Unproven> {
    prove_case("oor-revocation", credential, &[])
}

#[test]
fn a_revocation_is_made_again_byte_for_byte() {
    for asked in [None, Some(OOR)] {
        let proven = prove_revocation(asked).unwrap();
        let draft = proven.draft(&Given::at("2026-04-20T13:59:30Z".parse().unwrap())).unwrap();
        assert_eq!([draft.event.text.clone(), draft.anchor.text.clone()], made());
        assert_eq!(draft.credential.said.as_str(), OOR);
        assert_eq!(build::check(&draft.credential.text), Ok(()));
        assert_eq!(proven.act(), Act::Revoke(Some(OOR.parse().unwrap())));
    }
}

#[test]
fn which_credential_is_revoked_must_be_clear() {
    let error = |case: &str, asked: Option<&str>| prove_case(case, asked, &[]).unwrap_err().to_string();
    let other = "EGpDLgK6XPZ93v-MH6CnIEa4rfC3eYVS8o4JGn6RtSDQ";
    for (case, asked) in [("oor-revocation", Some(other)), ("oor-revocation", Some(LE)), ("le-revocation", Some(other))]
    {
        let error = error(case, asked);
        assert!(error.contains("has not revoked") && error.contains(asked.unwrap()), "{error}");
    }
    // What is revoked meanwhile is not revoked again.
    let after = made_by_keripy("kel-qvi-after-oor-revocation");
    let error_after = prove_case("oor-revocation", None, &[&after]).unwrap_err().to_string();
    assert!(error_after.contains("has not revoked"), "{error_after}");
    // A case that issues revokes nothing.
    let issuing = error("b0", None);
    assert!(issuing.contains("`le-unsolicited`, revokes no credential"), "{issuing}");
}

#[test]
fn what_rests_on_a_credential_may_fall_with_it() {
    for case in ["le-revocation", "le-revocation-involuntary"] {
        let given = |credential: Option<&str>| Given {
            credential: credential.map(|said| said.parse().unwrap()),
            ..Given::at("2026-05-06T13:59:30Z".parse().unwrap())
        };
        let proven = prove_case(case, None, &[]).unwrap();
        assert_eq!(proven.draft(&given(None)).unwrap().credential.said.as_str(), LE, "{case}");
        assert_eq!(proven.draft(&given(Some(OOR))).unwrap().credential.said.as_str(), OOR, "{case}");
        let alone = prove_case(case, Some(OOR), &[]).unwrap();
        assert_eq!(alone.draft(&given(None)).unwrap().credential.said.as_str(), OOR, "{case}");
    }
}

#[test]
fn a_proposed_revocation_is_compared() {
    let proven = prove_revocation(Some(OOR)).unwrap();
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
