//! A shell script plays the device. It is not told what to sign: it answers what the test wrote into it.

use std::fs;
use std::time::{Duration, Instant};

use super::*;

struct Scene {
    scratch: tempfile::TempDir,
    signer: Embedded<'static>,
    record: RecordToSign,
}

impl Scene {
    fn new() -> Self {
        let scratch = tempfile::tempdir().unwrap();
        let signer = embedded(scratch.path());
        let record = RecordToSign::new(Domain::Record, br#"{"kind":"approval"}"#).unwrap();
        Self { scratch, signer, record }
    }

    fn signable(&self) -> Signable<'_> {
        Signable::Record(&self.record)
    }

    /// The answer that a good device gives.
    fn good(&self) -> String {
        protocol::written(&self.signable(), &self.signer.sign(&self.signable()).unwrap())
    }

    fn device(&self, script: &str, deadline: Duration) -> Result<Signature, SignerError> {
        let path = self.scratch.path().join("device.sh");
        fs::write(&path, script).unwrap();
        let arguments = vec![path.to_str().unwrap().to_owned()];
        let (aid, key) = (self.signer.aid().clone(), self.signer.key());
        External::new("sh".to_owned(), arguments, aid, key, deadline).sign(&self.signable())
    }

    fn answer(&self, script: &str) -> Result<Signature, SignerError> {
        self.device(script, Duration::from_secs(30))
    }
}

fn says(text: &str) -> String {
    format!("cat > /dev/null\ncat <<'END'\n{text}\nEND\n")
}

#[test]
fn a_device_signs_what_it_is_shown() {
    let scene = Scene::new();
    let seen = scene.scratch.path().join("seen.json");
    let script = says(&scene.good()).replace("/dev/null", seen.to_str().unwrap());
    let signature = scene.answer(&script).unwrap();
    assert_eq!(signature, scene.signer.sign(&scene.signable()).unwrap());
    let request: serde_json::Value = serde_json::from_str(&fs::read_to_string(seen).unwrap()).unwrap();
    assert_eq!(request["message"], scene.signable().message());
    assert_eq!(request["kind"], "record");
    assert_eq!(request["act"], serde_json::Value::Null);
    assert_eq!(request["key"], scene.signer.key().to_string());
}

#[test]
fn an_event_goes_with_its_decision_and_report() {
    let scene = Scene::new();
    let event =
        EventToSign::cleared(Act::Issue, body(PROPOSAL, "\"t\":\"ixn\""), "{\"d\":1}", Some("{\"r\":1}")).unwrap();
    let text = protocol::request(&Signable::Event(&event), scene.signer.aid(), scene.signer.key()).unwrap();
    assert_eq!(text.matches('\n').count(), 1);
    let request: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(request["act"], "issue");
    assert_eq!(request["message"], event.event());
    assert_eq!((&request["decision"], &request["report"]), (&"{\"d\":1}".into(), &"{\"r\":1}".into()));
}

#[test]
fn a_device_that_hangs_is_stopped() {
    let scene = Scene::new();
    for script in ["sleep 60", "cat > /dev/null; sleep 60", "exec sleep 60", "sleep 60 & exit 0"] {
        let started = Instant::now();
        let outcome = scene.device(script, Duration::from_millis(300));
        assert!(matches!(outcome, Err(SignerError::Timeout { .. })), "{script}: {outcome:?}");
        assert!(started.elapsed() < Duration::from_secs(20), "{script}");
    }
    // It answers, and stays.
    let script = format!("{}exec 1>&- 2>&-\nsleep 60\n", says(&scene.good()));
    assert!(matches!(scene.device(&script, Duration::from_millis(500)), Err(SignerError::Timeout { .. })));
}

#[test]
fn what_is_no_answer_is_no_signature() {
    let scene = Scene::new();
    let good = scene.good();
    let (_, signature) = good.split_once("\"signature\":\"").unwrap();
    let signature = &signature[..88];
    for answer in [
        "garbage".to_owned(),
        "{}".to_owned(),
        format!("{good}{good}"),
        good.replace("\"version\":1", "\"version\":2"),
        good.replace("countersign/signer", "other/signer"),
        good.replace("\"id\":\"", "\"id\":\"0"),
        good.replace(signature, &signature[1..]),
        good.replace("0B", "AA"),
        good.replace("\"signature\":", "\"refused\":\"no\",\"signature\":"),
        good.replace("\"signature\":", "\"also\":1,\"signature\":"),
    ] {
        let outcome = scene.answer(&says(&answer));
        assert!(matches!(outcome, Err(SignerError::Answer { .. })), "{answer}: {outcome:?}");
    }
}

#[test]
fn a_wrong_signature_is_thrown_away() {
    let scene = Scene::new();
    let other = RecordToSign::new(Domain::Record, br#"{"kind":"other"}"#).unwrap();
    let elsewhere = scene.signer.sign(&Signable::Record(&other)).unwrap();
    let answer = protocol::written(&scene.signable(), &elsewhere);
    assert!(matches!(scene.answer(&says(&answer)), Err(SignerError::WrongSignature { .. })));
}

#[test]
fn a_device_that_ends_early_says_why() {
    let scene = Scene::new();
    for (script, words) in [
        ("exit 3", ""),
        ("exit 0", ""),
        ("kill -9 $$", ""),
        ("printf 'no `token`\\033[2J in the slot\\nmore\\n' >&2; exit 1", "no token[2J in the slot"),
    ] {
        match scene.answer(script) {
            Err(SignerError::Exit { said, .. }) => assert_eq!(said, words),
            outcome => panic!("{script}: {outcome:?}"),
        }
    }
    // A good answer of a command that failed.
    let outcome = scene.answer(&format!("{}exit 1\n", says(&scene.good())));
    assert!(matches!(outcome, Err(SignerError::Exit { .. })), "{outcome:?}");
    let missing = External::new(
        "no-such-signer".to_owned(),
        Vec::new(),
        scene.signer.aid().clone(),
        scene.signer.key(),
        DEADLINE,
    );
    assert!(matches!(missing.sign(&scene.signable()), Err(SignerError::Start { .. })));
}

#[test]
fn a_device_that_refuses_is_quoted() {
    let scene = Scene::new();
    let refused = serde_json::from_str::<serde_json::Value>(&scene.good()).map(|mut answer| {
        answer.as_object_mut().unwrap().remove("signature");
        answer["refused"] = "not before monday".into();
        answer.to_string()
    });
    match scene.answer(&says(&refused.unwrap())) {
        Err(SignerError::Refused { reason, .. }) => assert_eq!(reason, "not before monday"),
        outcome => panic!("{outcome:?}"),
    }
}

#[test]
fn an_endless_answer_is_cut_off() {
    let scene = Scene::new();
    let started = Instant::now();
    let outcome = scene.answer("while :; do echo '{\"protocol\":\"countersign/signer\",'; done");
    assert!(matches!(outcome, Err(SignerError::Output { .. })), "{outcome:?}");
    assert!(started.elapsed() < Duration::from_secs(20));
}

#[test]
fn a_device_need_not_read_a_long_request() {
    let scene = Scene::new();
    let long = format!("{{\"text\":\"{}\"}}", "x".repeat(1 << 20));
    let record = RecordToSign::new(Domain::Record, long.as_bytes()).unwrap();
    let scene = Scene { record, ..scene };
    let script = says(&scene.good()).replace("cat > /dev/null\n", "");
    scene.answer(&script).unwrap();
}
