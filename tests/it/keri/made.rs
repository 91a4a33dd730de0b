//! Messages made from values are the bytes that keripy made, and keripy takes what is attached to them.

use std::path::{Path, PathBuf};

use countersign::keri::build::attach::{self, IndexedSignature, SignatureError, merge};
use countersign::keri::build::{self, Credential, Edge, Interaction, Issuance, Revocation, Seal};
use countersign::keri::cesr::{self, Group, IndexedCode, Message};
use countersign::primitives::{Aid, Said};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

fn stream(path: &str) -> Vec<u8> {
    std::fs::read(fixtures().join(path)).unwrap()
}

fn said(text: &serde_json::Value) -> Said {
    text.as_str().unwrap().parse().unwrap()
}

fn aid(text: &serde_json::Value) -> Aid {
    text.as_str().unwrap().parse().unwrap()
}

fn text(text: &serde_json::Value) -> String {
    text.as_str().unwrap().to_owned()
}

/// The values of a credential, read from its bytes.
fn values(body: &serde_json::Value) -> Credential {
    let others = |section: &str, known: &[&str]| -> Vec<(String, serde_json::Value)> {
        let fields = body[section].as_object().unwrap().iter();
        fields.filter(|(name, _)| !known.contains(&name.as_str())).map(|(n, v)| (n.clone(), v.clone())).collect()
    };
    let edges = if body.get("e").is_some() { others("e", &["d"]) } else { Vec::new() };
    Credential {
        nonce: body.get("u").map(text),
        issuer: aid(&body["i"]),
        registry: said(&body["ri"]),
        schema: said(&body["s"]),
        attributes_nonce: body["a"].get("u").map(text),
        issuee: aid(&body["a"]["i"]),
        dated: text(&body["a"]["dt"]),
        attributes: others("a", &["d", "u", "i", "dt"])
            .iter()
            .map(|(name, value)| (name.clone(), text(value)))
            .collect(),
        edges: edges
            .iter()
            .map(|(label, edge)| Edge {
                label: label.clone(),
                node: said(&edge["n"]),
                schema: said(&edge["s"]),
                operator: edge.get("o").map(text),
            })
            .collect(),
        rules: others("r", &["d"]).iter().map(|(label, rule)| (label.clone(), text(&rule["l"]))).collect(),
    }
}

/// Every credential, registry event and interaction of these streams, made again from its values.
fn remade(path: &str) -> [usize; 4] {
    let stream = stream(path);
    let mut counts = [0; 4];
    for message in cesr::read(&stream).unwrap() {
        let body: serde_json::Value = serde_json::from_str(message.body).unwrap();
        let kind = body["t"].as_str().unwrap_or("acdc").to_owned();
        let (at, made) = match kind.as_str() {
            // Numbers are no attributes of what a QVI issues.
            "acdc" if body["a"].get("gracePeriod").is_none() => (0, values(&body).make()),
            "iss" => {
                let values =
                    Issuance { credential: said(&body["i"]), registry: said(&body["ri"]), dated: text(&body["dt"]) };
                (1, values.make())
            }
            "rev" => {
                let values = Revocation {
                    credential: said(&body["i"]),
                    registry: said(&body["ri"]),
                    prior: said(&body["p"]),
                    dated: text(&body["dt"]),
                };
                (2, values.make())
            }
            "ixn" => {
                let seal = |seal: &serde_json::Value| Seal::Event {
                    subject: text(&seal["i"]),
                    sn: u64::from_str_radix(seal["s"].as_str().unwrap(), 16).unwrap(),
                    said: said(&seal["d"]),
                };
                let values = Interaction {
                    prefix: aid(&body["i"]),
                    sn: u64::from_str_radix(body["s"].as_str().unwrap(), 16).unwrap(),
                    prior: said(&body["p"]),
                    seals: body["a"].as_array().unwrap().iter().map(seal).collect(),
                };
                (3, values.make())
            }
            _ => continue,
        };
        counts[at] += 1;
        assert_eq!(made.text, message.body, "{path}: {kind}");
        assert_eq!(made.said, said(&body["d"]), "{path}: {kind}");
        assert_eq!(build::check(&made.text), Ok(()));
        assert_eq!(build::consistent(&made.text).unwrap(), made.text);
    }
    counts
}

#[test]
fn what_is_made_from_values_is_what_keripy_made() {
    assert_eq!(remade("cases/b0/decision/03-proposal.cesr"), [1, 1, 0, 1]);
    let mut all = [0; 4];
    for path in ["keri/b0/credential-le.cesr", "keri/b0/kel-qvi-issued.cesr"] {
        for (sum, count) in all.iter_mut().zip(remade(path)) {
            *sum += count;
        }
    }
    for entry in std::fs::read_dir(fixtures().join("keri/roles")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "cesr") {
            let path = path.strip_prefix(fixtures()).unwrap().to_str().unwrap().to_owned();
            for (sum, count) in all.iter_mut().zip(remade(&path)) {
                *sum += count;
            }
        }
    }
    assert!(all.iter().all(|count| *count > 0), "{all:?}");
}

#[test]
fn an_instant_is_written_as_keripy_writes_it() {
    for (instant, expected) in [
        ("2026-03-19T09:50:00Z", "2026-03-19T09:50:00.000000+00:00"),
        ("2026-03-19T10:50:00.5+01:00", "2026-03-19T09:50:00.500000+00:00"),
        ("2026-03-19T09:50:00.123456789Z", "2026-03-19T09:50:00.123456+00:00"),
    ] {
        assert_eq!(build::dated(instant.parse().unwrap()), expected);
    }
}

#[test]
fn a_digest_seal_stands_alone() {
    let digest = Said::of(b"decision");
    let prefix: Aid = "EHowwGuu5lztml5EN_RGXAdDYdFCTAh6zPLvpqmXn7PU".parse().unwrap();
    let made = Interaction::sealing(prefix, 17, Said::of(b"prior"), digest.clone()).make();
    assert!(made.text.ends_with(&format!("\"a\":[{{\"d\":\"{digest}\"}}]}}")), "{}", made.text);
    assert!(made.text.contains("\"s\":\"11\""));
    assert_eq!(build::check(&made.text), Ok(()));
}

fn groups<'a>(message: &'a Message<'a>) -> (Vec<IndexedSignature>, Vec<IndexedSignature>) {
    let mut found = (Vec::new(), Vec::new());
    for attachment in &message.attachments {
        match &attachment.group {
            Group::ControllerSignatures(items) => found.0.extend(items.iter().filter_map(IndexedSignature::of)),
            Group::WitnessSignatures(items) => found.1.extend(items.iter().filter_map(IndexedSignature::of)),
            _ => {}
        }
    }
    found
}

#[test]
fn two_members_and_their_witnesses_make_the_message_that_keripy_sends() {
    let stream = stream("keri/b0/kel-qvi-issued.cesr");
    let messages = cesr::read(&stream).unwrap();
    let message = messages.last().unwrap();
    let (signatures, receipts) = groups(message);
    assert_eq!((signatures.len(), receipts.len() >= 3), (2, true));
    let whole = std::str::from_utf8(&stream[message.offset..message.end]).unwrap();
    for order in [[0, 1], [1, 0]] {
        let merged = merge(order.map(|at| &signatures[at])).unwrap();
        let sent = String::from_utf8(attach::event(message.body, &merged, &receipts).unwrap()).unwrap();
        let signed = &sent[message.body.len() + 4..];
        assert!(whole.contains(signed), "{signed}");
        assert_eq!(cesr::read(sent.as_bytes()).unwrap()[0].body, message.body);
    }
    let again = merge([&signatures[0], &signatures[0]]).unwrap();
    assert_eq!(again, signatures[..1]);
    // The same key with another signature: one of them is wrong.
    let other = IndexedSignature::new(IndexedCode::Both(0), &[7; 64]).unwrap();
    assert_eq!(merge([&signatures[0], &other]), Err(SignatureError::Twice(0)));
}

#[test]
fn sources_are_written_as_in_the_streams() {
    let proposal = stream("cases/b0/decision/03-proposal.cesr");
    let messages = cesr::read(&proposal).unwrap();
    let sealing = messages[2].body[messages[2].body.find("\"d\":\"").unwrap() + 5..][..44].parse().unwrap();
    let made = attach::registry_event(messages[1].body, 2, &sealing).unwrap();
    assert_eq!(made, &proposal[messages[1].offset..messages[1].end]);
    let delivered = stream("keri/b0/credential-le.cesr");
    let messages = cesr::read(&delivered).unwrap();
    let credential = messages.iter().rfind(|message| message.body.starts_with("{\"v\":\"ACDC")).unwrap();
    let issuance = messages.iter().rfind(|message| message.body.contains("\"t\":\"iss\"")).unwrap();
    let own = |body: &str| body[body.find("\"d\":\"").unwrap() + 5..][..44].parse::<Said>().unwrap();
    let made = attach::credential(credential.body, &own(credential.body), &own(issuance.body)).unwrap();
    assert_eq!(
        String::from_utf8(made).unwrap(),
        String::from_utf8(delivered[credential.offset..credential.end].to_vec()).unwrap()
    );
}

#[test]
fn signatures_are_read_bare_and_counted() {
    let proposal = stream("cases/b0/decision/03-proposal.cesr");
    let text = String::from_utf8(proposal).unwrap();
    let counted = &text[text.rfind("-AAB").unwrap()..];
    let signature = IndexedSignature::parse(counted).unwrap();
    assert_eq!(signature.index(), 0);
    assert_eq!(IndexedSignature::parse(&format!("{}\n", signature.as_str())).unwrap(), signature);
    let twice = format!("-AAC{0}{0}", signature.as_str());
    assert_eq!(IndexedSignature::parse(&twice), Err(SignatureError::Count(2)));
    for bad in ["", "-AAB", "AAAA", "{}", "-VAA", &signature.as_str()[1..], "é"] {
        assert!(IndexedSignature::parse(bad).is_err(), "{bad}");
    }
}

/// keripy takes an event that was made from values, signed by two members and receipted.
#[test]
fn keripy_accepts_the_issuance_as_it_is_made() {
    let Some(python) = super::interop::keripy() else { return };
    let issued = stream("keri/b0/kel-qvi-issued.cesr");
    let messages = cesr::read(&issued).unwrap();
    let last = messages.last().unwrap();
    let (signatures, receipts) = groups(last);
    let mut whole = stream("keri/b0/kel-root.cesr");
    whole.extend(stream("keri/b0/kel-geda.cesr"));
    whole.extend(&issued[..last.offset]);
    let body: serde_json::Value = serde_json::from_str(last.body).unwrap();
    let seal = &body["a"][0];
    let made = Interaction {
        prefix: aid(&body["i"]),
        sn: 2,
        prior: said(&body["p"]),
        seals: vec![Seal::Event { subject: text(&seal["i"]), sn: 0, said: said(&seal["d"]) }],
    }
    .make();
    let sent = attach::event(&made.text, &merge(&signatures).unwrap(), &receipts).unwrap();
    whole.extend(&sent);
    let found = super::interop::accepted(&python, &whole);
    assert_eq!(found["left"], 0, "{found}");
    assert_eq!(found["logs"][body["i"].as_str().unwrap()], serde_json::json!([2, made.said.as_str()]), "{found}");
}
