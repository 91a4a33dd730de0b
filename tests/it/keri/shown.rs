//! Verdicts, logs and streams as people and programs read them; credential schemas.

use countersign::keri::schema::{self, Library};
use countersign::keri::{Answer, Code, Options, Weight, cesr, evidence::Evidence, show};
use countersign::primitives::Said;

use super::forge::*;

fn world(change: impl Fn(&mut Base)) -> (World, Said) {
    let mut base = base();
    let le = base.issue_le();
    change(&mut base);
    (base.world, le.parse().unwrap())
}

fn judged(world: &World, target: &Said) -> countersign::keri::Verdict {
    let options = Options { as_of: super::as_of(), schemas: None, credential: Some(target) };
    verify(&world.stream(Manner::Wrapped), &world.trusted(), &options).unwrap()
}

#[test]
fn a_verdict_reads_well() {
    let (valid, target) = world(|_| {});
    insta::assert_snapshot!("valid", show::verdict_text(&judged(&valid, &target)));
    let (weak, target) = world(|base| base.world.sent("qvi.icp").receipts.truncate(3));
    insta::assert_snapshot!("receipts_short", show::verdict_text(&judged(&weak, &target)));
}

#[test]
fn a_verdict_is_a_document() {
    let (world, target) = world(|base| base.world.drop("vcp.qvi"));
    let document = show::verdict_json(&judged(&world, &target));
    assert_eq!(document["verdict"], "incomplete");
    assert_eq!(document["findings"][0]["code"], "registry_missing");
    assert_eq!(document["credential"]["said"], target.as_str());
    assert_eq!(document["credential"]["status"], "unproven");
    assert_eq!(document["chain"][1]["type"], "QVI");
    assert!(document["findings"][0]["offset"].is_u64());
}

#[test]
fn a_stream_and_its_logs_read_well() {
    let (world, _) = world(|base| {
        base.world.rotate("qvi");
        let at = base.world.parties["le"].clone();
        base.world.interact("le", &[]);
        base.world.sent(&format!("le.ixn{}", at.sn + 1)).signatures.truncate(1);
    });
    let stream = world.stream(Manner::Wrapped);
    insta::assert_snapshot!("stream", show::describe(&stream).unwrap());
    let report = show::logs(&stream, None);
    assert_eq!(report.answer, Answer::Invalid);
    insta::assert_snapshot!("logs", show::logs_text(&report));
    let qvi = world.prefix("qvi").parse().unwrap();
    let one = show::logs(&stream, Some(&qvi));
    assert_eq!(one.answer, Answer::Valid);
    assert_eq!(one.logs.len(), 1);
    assert_eq!(show::logs_json(&one)["logs"][qvi.as_str()]["events"][0]["kind"], "dip");
    let absent = public(&key("nobody", 0), "D").parse().unwrap();
    assert_eq!(show::logs(&stream, Some(&absent)).answer, Answer::Incomplete);
}

#[test]
fn codes_are_a_promise() {
    let codes: Vec<String> = Code::ALL
        .iter()
        .map(|code| {
            let weight = match code.weight() {
                Weight::Note => "note",
                Weight::Incomplete => "incomplete",
                Weight::Revoked => "revoked",
                Weight::Invalid => "invalid",
            };
            format!("{weight} {code}")
        })
        .collect();
    insta::assert_snapshot!("codes", codes.join("\n"));
}

#[test]
fn profiles_agree_with_a_judge() {
    // Our reader and jsonschema decide the same credentials, whole and spoiled, alike.
    let (world, _) = world(|_| {});
    let stream = world.stream(Manner::Wrapped);
    let messages = cesr::read(&stream).unwrap();
    let evidence = Evidence::collect(&messages);
    let mut spoiled = 0;
    for entry in evidence.credentials.values() {
        let file = match schema::credential_type(entry.credential.schema).unwrap() {
            countersign::keri::CredentialType::Qvi => "qvi",
            _ => "le",
        };
        let path = format!("{}/schemas/credentials/{file}.json", env!("CARGO_MANIFEST_DIR"));
        let mut profile: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        // The rules of a forged credential are compact.
        profile["properties"]["r"] = serde_json::json!({ "type": "string" });
        let judge = jsonschema::validator_for(&profile).unwrap();
        let whole: serde_json::Value = serde_json::from_str(entry.body).unwrap();
        let fields: Vec<String> = whole["a"].as_object().unwrap().keys().cloned().collect();
        let mut candidates = vec![whole.clone()];
        for field in fields.iter().filter(|field| *field != "d") {
            for change in [None, Some(serde_json::json!("")), Some(serde_json::json!(7)), Some(serde_json::json!({}))] {
                let mut candidate = whole.clone();
                match change {
                    None => drop(candidate["a"].as_object_mut().unwrap().shift_remove(field)),
                    Some(value) => candidate["a"][field] = value,
                }
                candidates.push(candidate);
            }
        }
        let mut extra = whole.clone();
        extra["a"]["levelOfAssurance"] = serde_json::json!("high");
        candidates.push(extra);
        for candidate in candidates {
            let mut sound = candidate.clone();
            sound["a"]["d"] = serde_json::json!(DUMMY);
            let block = section(sound["a"].to_string());
            sound["a"] = serde_json::from_str(&block).unwrap();
            sound["d"] = serde_json::json!(DUMMY);
            sound["v"] = serde_json::json!("ACDC10JSON000000_");
            let (body, _) = finish(sound.to_string());
            let stream = body.clone().into_bytes();
            let messages = cesr::read(&stream).unwrap();
            let evidence = Evidence::collect(&messages);
            let ours = schema::misfit(&evidence.credentials.values().next().unwrap().credential);
            let theirs = judge.is_valid(&serde_json::from_str(&body).unwrap());
            assert_eq!(ours.is_none(), theirs, "{ours:?}\n{body}");
            spoiled += usize::from(!theirs);
        }
    }
    assert!(spoiled > 20, "{spoiled}");
}

#[test]
fn official_schemas_are_verified_and_only_add_a_fail() {
    let Some(folder) = super::shared("keri") else { return };
    let mut library = Library::default();
    for entry in std::fs::read_dir(folder.join("schemas")).unwrap() {
        let path = entry.unwrap().path();
        let said = library.add(&std::fs::read(&path).unwrap()).unwrap();
        assert_eq!(path.file_stem().unwrap().to_str(), Some(said.as_str()));
    }
    assert!(schema::official().all(|(_, said, _)| library.saids().any(|known| known.as_str() == said)));
    let ecosystem = super::ecosystem(&folder.join("ecosystem"));
    let codes = super::codes();
    for case in ecosystem.cases.iter().filter(|case| matches!(case.code.as_str(), "OK" | "SCHEMA_INVALID")) {
        let verdict = super::judge(&ecosystem.trusted, case, Some(&library));
        assert_eq!(super::disagreement(&verdict, case, &codes), None);
        let official = verdict.findings.iter().any(|finding| finding.message.ends_with("(official schema)"));
        assert_eq!(official, case.code == "SCHEMA_INVALID", "{}: {:#?}", case.file, verdict.findings);
    }
    let mut lie = std::fs::read(folder.join("schemas").join(format!("{LE}.json"))).unwrap();
    let at = lie.windows(12).position(|part| part == b"Legal Entity").unwrap();
    lie[at] = b'l';
    assert!(Library::default().add(&lie).is_err());
}
