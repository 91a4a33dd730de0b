//! Any bytes: no panic, no hang, no partial acceptance.

use countersign::keri::cesr::{self, CesrError, Group, StreamWriter};
use countersign::keri::{Answer, Options};
use countersign::primitives::Said;
use proptest::prelude::*;

use super::forge::*;

fn valid() -> (World, Said, Vec<u8>) {
    let mut base = base();
    let le = base.issue_le();
    let stream = base.world.stream(Manner::Wrapped);
    (base.world, le.parse().unwrap(), stream)
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = cesr::read(&bytes);
    }

    #[test]
    fn any_attachments_are_read_or_refused(text in "[-A-Z0-9a-z_]{0,200}") {
        let stream = format!(r#"{{"v":"KERI10JSON00001a_",}}{text}"#);
        let _ = cesr::read(stream.as_bytes());
    }

    #[test]
    fn any_body_is_read_or_refused(text in r#"[{}\[\]":,a-z0-9\\ ]{0,120}"#) {
        let body = format!(r#"{{"v":"KERI10JSON000000_",{text}}}"#);
        let body = body.replacen("000000", &format!("{:06x}", body.len()), 1);
        if let Ok(messages) = cesr::read(body.as_bytes()) {
            let _ = countersign::keri::message::read(&messages[0]);
        }
    }
}

#[test]
fn a_changed_byte_is_never_overlooked() {
    let (world, target, stream) = valid();
    let messages = cesr::read(&stream).unwrap();
    let in_body = |at: usize| messages.iter().any(|sent| (sent.offset..sent.offset + sent.body.len()).contains(&at));
    let options = Options { as_of: super::as_of(), schemas: None, credential: Some(&target) };
    let trusted = world.trusted();
    let mut seed = 11u64;
    let mut next = |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % below
    };
    let mut valid_still = 0;
    for _ in 0..300 {
        let mut changed = stream.clone();
        let at = next(changed.len());
        changed[at] ^= 1 << next(8);
        // The credential is named, so that there is always a verdict.
        let verdict = verify(&changed, &trusted, &options).unwrap();
        if verdict.answer == Answer::Valid {
            // A surplus receipt may be spoiled; a body may not.
            assert!(!in_body(at), "byte {at}");
            valid_still += 1;
        }
    }
    assert!(valid_still < 150, "{valid_still}");
}

#[test]
fn a_cut_stream_is_truncated_or_incomplete() {
    let (world, target, stream) = valid();
    let options = Options { as_of: super::as_of(), schemas: None, credential: Some(&target) };
    for at in (0..stream.len()).step_by(41) {
        let verdict = verify(&stream[..at], &world.trusted(), &options).unwrap();
        assert_ne!(verdict.answer, Answer::Valid, "{at}");
    }
}

#[test]
fn what_was_read_is_written_alike() {
    let (world, ..) = valid();
    for manner in [Manner::Wrapped, Manner::Bare, Manner::ReceiptMessages] {
        let stream = world.stream(manner);
        let mut writer = StreamWriter::new();
        for message in cesr::read(&stream).unwrap() {
            writer.copy(&message).unwrap();
        }
        assert!(writer.finish() == stream, "{manner:?}");
    }
    let Some(folder) = super::shared("keri") else { return };
    for path in [
        "ecosystem/valid/OOR.valid.cesr",
        "ecosystem/ipex/OOR.grant.cesr",
        "keria/le.holder.cesr",
        "keria/decide.group-kel.cesr",
    ] {
        let stream = std::fs::read(folder.join(path)).unwrap();
        let mut writer = StreamWriter::new();
        for message in cesr::read(&stream).unwrap() {
            writer.copy(&message).unwrap();
        }
        assert!(writer.finish() == stream, "{path}");
    }
}

#[test]
fn framing_errors_name_the_byte() {
    let (.., stream) = valid();
    let first = cesr::read(&stream).unwrap()[0].clone();
    let body = first.body.len();
    let with = |at: usize, bytes: &[u8]| {
        let mut changed = stream.clone();
        changed[at..at + bytes.len()].copy_from_slice(bytes);
        cesr::read(&changed).unwrap_err()
    };
    assert_eq!(cesr::read(b""), Err(CesrError::Empty));
    assert!(matches!(with(0, b"x"), CesrError::Garbage { offset: 0, .. }));
    assert!(matches!(with(6, b"KERI20"), CesrError::Version { offset: 6, .. }));
    assert!(matches!(with(6, b"KERI10CBOR"), CesrError::Version { offset: 6, .. }));
    assert!(matches!(with(16, b"ffffff"), CesrError::TooLarge { offset: 0, .. }));
    assert!(matches!(with(16, b"000100"), CesrError::WrongSize { offset: 0, size: 256, .. }));
    assert!(matches!(with(body, b"-X"), CesrError::UnknownCode { .. }));
    assert!(matches!(with(body, b"-Z"), CesrError::Unsupported { .. }));
    assert!(matches!(with(body + 4, b"-K"), CesrError::Unsupported { .. }));
    assert!(matches!(
        with(body + 2, b"AB"),
        CesrError::Overrun { .. } | CesrError::Truncated { .. } | CesrError::Garbage { .. }
    ));
    assert_eq!(with(body + 8, b"Z").offset(), body + 8);
    assert!(matches!(cesr::read(&stream[..stream.len() - 1]), Err(CesrError::Truncated { .. })));
    let mut more = stream.clone();
    more.extend_from_slice(b"\n");
    assert!(cesr::read(&more).is_ok());
    more.extend_from_slice(b"\n");
    assert!(cesr::read(&more).is_err());
    let genus = [b"-_AAABAA".as_slice(), &stream].concat();
    assert_eq!(cesr::read(&genus).unwrap().len(), cesr::read(&stream).unwrap().len());
    assert!(cesr::read(&[b"-_AAACAA".as_slice(), &stream].concat()).is_err());
    assert!(matches!(cesr::read(&[0xf9, 0, 1]), Err(CesrError::Unsupported { .. })));
}

#[test]
fn nested_groups_are_bounded() {
    let body = r#"{"v":"KERI10JSON00001a_",}"#;
    let mut inner = String::new();
    for _ in 0..40 {
        let quadlets = inner.len() / 4;
        let digit =
            |value: usize| char::from(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"[value]);
        inner = format!("-V{}{}{inner}", digit(quadlets / 64), digit(quadlets % 64));
    }
    assert!(matches!(cesr::read(format!("{body}{inner}").as_bytes()), Err(CesrError::Nesting { .. })));
}

#[test]
fn groups_are_counted_and_hold_something() {
    let body = r#"{"v":"KERI10JSON00001a_",}"#;
    let read = |attached: &str| cesr::read(format!("{body}{attached}").as_bytes()).map(|messages| messages.len());
    assert!(matches!(read("-AAA"), Err(CesrError::Malformed { offset: 30, .. })));
    assert!(matches!(read("-VAB-CAA"), Err(CesrError::Malformed { .. })));
    assert_eq!(read(&"-LAB4AAA".repeat(cesr::ITEMS_MAX)), Ok(1));
    assert!(matches!(read(&"-LAB4AAA".repeat(cesr::ITEMS_MAX + 1)), Err(CesrError::TooLarge { .. })));
}

#[test]
fn a_count_code_beyond_ascii_is_malformed() {
    let body = r#"{"v":"KERI10JSON00001a_",}"#;
    for attached in ["-0éAAAA", "-0\u{7ff}ABCD", "-é A", "-LAB4Aé", "-AABAé", "-AAB2Aéé"] {
        let stream = format!("{body}{attached}{}", "A".repeat(100));
        assert!(cesr::read(stream.as_bytes()).is_err(), "{attached}");
        let _ = cesr::read_attachments(&stream.as_bytes()[body.len()..]);
    }
}

/// More delegators above each other than a stack has room for; nothing needs a signature for that.
#[test]
fn delegators_without_end_are_told_about() {
    let signer = public(&key("somebody", 0), "D");
    let mut above = Said::of(b"nobody").to_string();
    let mut stream = String::new();
    for _ in 0..10_000 {
        let (body, said) = finish(format!(
            r#"{{"v":"KERI10JSON000000_","t":"dip","d":"{DUMMY}","i":"{DUMMY}","s":"0","kt":"1","k":["{signer}"],"nt":"0","n":[],"bt":"0","b":[],"c":[],"a":[],"di":"{above}"}}"#
        ));
        stream.push_str(&body);
        above = said;
    }
    let last = above.parse().unwrap();
    let report = countersign::keri::show::logs(stream.as_bytes(), Some(&last));
    assert_eq!(report.answer, Answer::Invalid);
    assert_eq!(report.logs.len(), 1);
    // The one that nobody presented, and all that wait for it, from the top down.
    assert_eq!(report.findings.len(), 10_001);
}

/// Key states carry traits and witnesses from event to event: what is large would be multiplied.
#[test]
fn what_every_key_state_carries_is_bounded() {
    let signer = key("somebody", 0);
    let incept = |traits: usize, witnesses: usize| {
        let traits = vec![r#""EO""#; traits].join(",");
        let pool: Vec<String> = (0..witnesses).map(|at| format!("\"{}\"", public(&key("pool", at), "B"))).collect();
        let (body, _) = finish(format!(
            r#"{{"v":"KERI10JSON000000_","t":"icp","d":"{DUMMY}","i":"{DUMMY}","s":"0","kt":"1","k":["{}"],"nt":"0","n":[],"bt":"0","b":[{}],"c":[{traits}],"a":[]}}"#,
            public(&signer, "D"),
            pool.join(",")
        ));
        let signature = ed25519_dalek::Signer::sign(&signer, body.as_bytes()).to_bytes();
        let signature = countersign::keri::cesr::IndexedCode::Both(0).signature(&signature).unwrap();
        countersign::keri::show::logs(format!("{body}-AAB{signature}").as_bytes(), None)
    };
    let accepted = incept(10_000, 64);
    assert_eq!(accepted.answer, Answer::Valid, "{:#?}", accepted.findings);
    let (_, log) = &accepted.logs[0];
    assert_eq!((log.states[0].traits.len(), log.states[0].witnesses.len()), (1, 64));
    let refused = incept(1, 65);
    assert_eq!(refused.answer, Answer::Invalid);
    assert!(refused.findings[0].message.contains("more than 64 witnesses"), "{:#?}", refused.findings);
}

/// A credential that points to others.
fn pointing(level: usize, to: &[String]) -> (String, String) {
    let edges: Vec<String> =
        to.iter().enumerate().map(|(at, to)| format!(r#""e{at}":{{"n":"{to}","o":"NI2I"}}"#)).collect();
    let edge = section(format!(
        r#"{{"d":"{DUMMY}","x":"{level}"{}}}"#,
        if to.is_empty() { "" } else { "," }.to_owned() + &edges.join(",")
    ));
    let somebody = Said::of(b"somebody");
    finish(format!(
        r#"{{"v":"ACDC10JSON000000_","d":"{DUMMY}","i":"{somebody}","ri":"{somebody}","s":"{LE}","a":{{"dt":""}},"e":{edge}}}"#
    ))
}

/// Sixteen levels, each pointing eight times to the next: 8^15 ways from the top to the bottom.
#[test]
fn chains_that_part_and_meet_again_are_shown_once() {
    let (mut stream, mut far) = (String::new(), Vec::new());
    for level in 0..16 {
        let (body, said) = pointing(level, &far);
        stream.push_str(&body);
        far = vec![said; 8];
    }
    let shown = countersign::keri::show::describe(stream.as_bytes()).unwrap();
    assert!(shown.contains("see above") && shown.len() < 8 * stream.len(), "{}", shown.len());
    let target: Said = far[0].parse().unwrap();
    let (world, ..) = valid();
    let options = Options { as_of: super::as_of(), schemas: None, credential: Some(&target) };
    let verdict = verify(stream.as_bytes(), &world.trusted(), &options).unwrap();
    assert_eq!(verdict.verified.chain.len(), 16);
    let shown = countersign::keri::show::verdict_text(&verdict);
    assert!(shown.contains("see above") && shown.len() < 8 * stream.len(), "{}", shown.len());
}

#[test]
fn a_chain_that_is_too_wide_is_refused() {
    let (mut stream, mut far) = (String::new(), Vec::new());
    for level in 0..200 {
        let (body, said) = pointing(level, &[]);
        stream.push_str(&body);
        far.push(said);
    }
    let (body, said) = pointing(200, &far);
    stream.push_str(&body);
    let (world, ..) = valid();
    let target: Said = said.parse().unwrap();
    let options = Options { as_of: super::as_of(), schemas: None, credential: Some(&target) };
    let verdict = verify(stream.as_bytes(), &world.trusted(), &options).unwrap();
    assert_eq!(verdict.verified.chain.len(), 64);
    let told = verdict.findings.iter().filter(|finding| finding.message.contains("more than 64 credentials"));
    assert_eq!(told.count(), 1);
}

#[test]
fn recorded_streams_of_another_writer_are_read() {
    let Some(folder) = super::shared("keri/keria") else { return };
    for file in ["le.holder.cesr", "le.qar2.cesr", "decide.qvi-credential.cesr", "decide.group-kel.cesr"] {
        let stream = std::fs::read(folder.join(file)).unwrap();
        let messages = cesr::read(&stream).unwrap();
        for message in &messages {
            let body = countersign::keri::message::read(message);
            assert!(body.is_ok(), "{file} at {}: {body:?}", message.offset);
        }
        assert!(messages.iter().any(|message| {
            message.attachments.iter().any(|found| matches!(found.group, Group::ControllerSignatures(_)))
        }));
    }
}

/// Mutations that keep the framing more often than not: whole messages moved, repeated, dropped or cut,
/// attachments swapped, bodies changed and given the right digest again, bytes changed.
/// `COUNTERSIGN_SOAK` multiplies the rounds.
#[test]
fn mangled_streams_end_in_a_verdict() {
    let factor: usize = std::env::var("COUNTERSIGN_SOAK").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    let (world, target, stream) = valid();
    let trusted = world.trusted();
    let options = Options { as_of: super::as_of(), schemas: None, credential: Some(&target) };
    let messages = cesr::read(&stream).unwrap();
    let parts: Vec<(String, String)> = messages
        .iter()
        .map(|sent| {
            let attached = String::from_utf8(stream[sent.offset + sent.body.len()..sent.end].to_vec()).unwrap();
            (sent.body.to_owned(), attached)
        })
        .collect();
    let mut seed = 5u64;
    let mut next = move |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % below.max(1)
    };
    for round in 0..60 * factor {
        let mut mangled = parts.clone();
        for _ in 0..=next(4) {
            let (at, other) = (next(mangled.len()), next(mangled.len()));
            match next(8) {
                0 => mangled.swap(at, other),
                1 => {
                    let copy = mangled[at].clone();
                    mangled.insert(other, copy);
                }
                2 if mangled.len() > 1 => drop(mangled.remove(at)),
                3 => mangled[at].1 = mangled[other].1.clone(),
                4 => mangled[at].1.clear(),
                5 => {
                    // A body with one character changed, and its digest right again.
                    let body = mangled[at].0.clone();
                    let digest = body.find(r#""d":""#).map(|start| body[start + 5..start + 49].to_owned()).unwrap();
                    let mut bytes = body.replace(&digest, DUMMY).into_bytes();
                    let place = 24 + next(bytes.len() - 25);
                    bytes[place] = b"0123456789abcEDB-_{}[]\",:"[next(25)];
                    if let Ok(text) = String::from_utf8(bytes) {
                        let said = Said::of(text.as_bytes()).to_string();
                        mangled[at].0 = text.replace(DUMMY, &said);
                    }
                }
                6 => {
                    let mut bytes = mangled[at].1.clone().into_bytes();
                    if !bytes.is_empty() {
                        let place = next(bytes.len());
                        bytes[place] = b"ABCDEFGHIVLZ-_0129"[next(18)];
                        mangled[at].1 = String::from_utf8(bytes).unwrap();
                    }
                }
                _ => {
                    let length = next(mangled[at].1.len());
                    mangled[at].1.truncate(length);
                }
            }
        }
        let mangled: String = mangled.iter().map(|(body, attached)| format!("{body}{attached}")).collect();
        let verdict = verify(mangled.as_bytes(), &trusted, &options).unwrap();
        let _ = countersign::keri::show::verdict_text(&verdict);
        let _ = countersign::keri::show::logs_text(&countersign::keri::show::logs(mangled.as_bytes(), None));
        if verdict.answer == Answer::Valid {
            // Whatever was done to the stream, the chain that is called valid is the one that was issued.
            let chain: Vec<_> = verdict.verified.chain.iter().map(|found| found.said.to_string()).collect();
            assert_eq!(chain.first().map(String::as_str), Some(target.as_str()), "round {round}");
            assert_eq!(chain.len(), 2);
        }
    }
}
