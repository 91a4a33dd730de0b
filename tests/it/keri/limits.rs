//! Bounds of streams, logs, chains and pools, at them and just beyond.

use countersign::keri::cesr::{self, CesrError};
use countersign::keri::pool::{self, Question, Stream};
use countersign::keri::{Answer, Code, Options};
use countersign::primitives::Said;

use super::forge::*;

/// The shortest message.
const TINY: &str = r#"{"v":"KERI10JSON00001a_",}"#;

/// A message of so many bytes.
fn sized(bytes: usize) -> String {
    let head = format!(r#"{{"v":"KERI10JSON{bytes:06x}_","x":""#);
    let filled = "a".repeat(bytes - head.len() - 2);
    format!("{head}{filled}\"}}")
}

fn refused(stream: &str) -> &'static str {
    let error = cesr::read(stream.as_bytes()).unwrap_err();
    assert!(matches!(error, CesrError::TooLarge { .. } | CesrError::Nesting { .. }), "{error}");
    error.code()
}

#[test]
fn a_stream_has_so_many_bytes() {
    let whole = sized(cesr::BODY_MAX).repeat(cesr::STREAM_MAX / cesr::BODY_MAX);
    assert_eq!(cesr::read(whole.as_bytes()).unwrap().len(), 16);
    assert_eq!(refused(&(whole + "\n")), "stream_too_large");
}

#[test]
fn a_message_and_its_attachments_have_so_many_bytes() {
    assert_eq!(cesr::read(sized(cesr::BODY_MAX).as_bytes()).unwrap().len(), 1);
    assert_eq!(refused(&sized(cesr::BODY_MAX + 1)), "stream_too_large");
    // As many groups as fill it, which are too many; and more, which are not even looked at.
    let attached = |bytes: usize| cesr::read_attachments("-VAA".repeat(bytes / 4).as_bytes()).map(|found| found.len());
    assert!(!matches!(attached(cesr::BODY_MAX), Err(CesrError::TooLarge { .. })));
    assert!(matches!(attached(cesr::BODY_MAX + 4), Err(CesrError::TooLarge { .. })));
}

#[test]
fn a_stream_has_so_many_messages() {
    let whole = TINY.repeat(cesr::MESSAGES_MAX);
    assert_eq!(cesr::read(whole.as_bytes()).unwrap().len(), cesr::MESSAGES_MAX);
    assert_eq!(refused(&(whole + TINY)), "stream_too_large");
}

#[test]
fn groups_are_nested_so_deep() {
    let nested = |levels: usize| {
        let mut inner = "-LAB4AAA".to_owned();
        for _ in 0..levels {
            inner = format!("{}{inner}", count('V', inner.len() / 4));
        }
        format!("{TINY}{inner}")
    };
    assert!(cesr::read(nested(cesr::NESTING_MAX).as_bytes()).is_ok());
    assert_eq!(refused(&nested(cesr::NESTING_MAX + 1)), "stream_too_large");
}

#[test]
fn a_threshold_has_so_many_weights() {
    let read = |members: usize| {
        let list = |item: &dyn Fn(usize) -> String| (0..members).map(item).collect::<Vec<_>>().join(",");
        let keys = list(&|at| format!("\"{}\"", cesr::qualified("D", &[at as u8; 32]).unwrap()));
        let weights = list(&|_| "\"1/2\"".to_owned());
        let (body, _) = finish(format!(
            r#"{{"v":"KERI10JSON000000_","t":"icp","d":"{DUMMY}","i":"{DUMMY}","s":"0","kt":[{weights}],"k":[{keys}],"nt":"0","n":[],"bt":"0","b":[],"c":[],"a":[]}}"#
        ));
        let messages = cesr::read(body.as_bytes()).unwrap();
        countersign::keri::message::read(&messages[0]).map(|_| ()).map_err(|error| format!("{error:?}"))
    };
    assert_eq!(read(256), Ok(()));
    assert!(read(257).is_err());
}

/// Logs of which each is delegated by the one before; the last is asked for.
#[test]
fn delegators_stand_above_each_other_so_high() {
    let answer = |delegators: usize| {
        let mut world = World::default();
        world.incept("d0", &single(), None);
        for at in 1..=delegators {
            world.incept(&format!("d{at}"), &single(), Some(&format!("d{}", at - 1)));
        }
        let last = world.prefix(&format!("d{delegators}")).parse().unwrap();
        countersign::keri::show::logs(&world.stream(Manner::Wrapped), Some(&last)).answer
    };
    assert_eq!(answer(15), Answer::Valid);
    assert_ne!(answer(16), Answer::Valid);
}

/// A credential that points to others, and its digest.
fn pointing(level: usize, to: Option<&str>) -> (String, String) {
    let edge = to.map_or_else(String::new, |to| format!(r#","far":{{"n":"{to}","o":"NI2I"}}"#));
    let edges = section(format!(r#"{{"d":"{DUMMY}","x":"{level}"{edge}}}"#));
    let somebody = Said::of(b"somebody");
    finish(format!(
        r#"{{"v":"ACDC10JSON000000_","d":"{DUMMY}","i":"{somebody}","ri":"{somebody}","s":"{LE}","a":{{"dt":""}},"e":{edges}}}"#
    ))
}

#[test]
fn a_chain_has_so_many_links() {
    let trusted = base().world.trusted();
    let (mut stream, mut far) = (String::new(), None);
    let mut longer = |level: usize| {
        let (body, said) = pointing(level, far.as_deref());
        stream.push_str(&body);
        far = Some(said.clone());
        let target: Said = said.parse().unwrap();
        let options = Options { as_of: super::as_of(), schemas: None, credential: Some(&target) };
        let verdict = verify(stream.as_bytes(), &trusted, &options).unwrap();
        let told = verdict.findings.iter().any(|finding| {
            finding.code == Code::Unsupported && finding.message.contains("chain of credentials is longer than 16")
        });
        (verdict.verified.chain.len(), told)
    };
    for level in 0..16 {
        assert_eq!(longer(level), (level + 1, false));
    }
    assert_eq!(longer(16), (16, true));
}

fn pooled(stream: &str) -> pool::Pooled {
    let streams = [Stream { id: 0, bytes: stream.as_bytes() }];
    let as_of = super::as_of();
    pool::verify(&Question { streams: &streams, drafts: &[], detached: &[], as_of, schemas: None, memory: None })
}

#[test]
fn a_pool_has_so_many_credentials() {
    let stream: String = (0..256).map(|at| pointing(at, None).0).collect();
    let told = |stream: &str| {
        let pooled = pooled(stream);
        let too_large = pooled.findings.iter().any(|found| found.finding.code == Code::StreamTooLarge);
        (pooled.credentials.len(), too_large)
    };
    assert_eq!(told(&stream).0, 256);
    assert!(!pooled(&stream).findings.iter().any(|found| found.finding.message.contains("more than 256 credentials")));
    assert_eq!(told(&(stream + &pointing(256, None).0)), (0, true));
}

/// A flaw in each of very many messages: what is told is bounded, and says so.
#[test]
fn a_pool_tells_of_so_many_flaws() {
    let stream = |messages: usize| -> String {
        (0..messages).map(|at| finish(format!(r#"{{"v":"KERI10JSON000000_","d":"{DUMMY}","x":"{at}"}}"#)).0).collect()
    };
    let few = pooled(&stream(300));
    assert!(few.findings.len() >= 300 && few.findings.len() <= 1_000, "{}", few.findings.len());
    let many = pooled(&stream(20_000));
    assert_eq!(many.findings.len(), 1_001);
    assert_eq!(many.findings[1_000].finding.code, Code::StreamTooLarge);
}
