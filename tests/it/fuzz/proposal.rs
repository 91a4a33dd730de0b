//! Any bytes as a proposal: equal to what is proven only with the very same events.

use std::path::Path;

use countersign::keri::cesr;
use countersign::proposal::{Act, Part, Proven, Received, Sources, prove};

use super::judge;

pub struct Target {
    proven: Proven,
}

fn stream(root: &Path) -> Vec<u8> {
    std::fs::read(root.join("fixtures/cases/b0/decision/03-proposal.cesr")).unwrap()
}

fn bodies(root: &Path) -> [String; 3] {
    let stream = stream(root);
    let messages = cesr::read(&stream).unwrap();
    [0, 1, 2].map(|at| messages[at].body.to_owned())
}

/// The forms in which a proposal comes.
pub fn seeds(root: &Path) -> Vec<Vec<u8>> {
    let [credential, event, anchor] = bodies(root);
    let record = std::fs::read(root.join("fixtures/cases/b0/decision/03-proposal.json")).unwrap();
    let request = format!(
        r#"{{"exn":{{"v":"KERI10JSON000000_","t":"exn","d":"","i":"","r":"/multisig/iss","a":{{"gid":""}},"e":{{"acdc":{credential},"iss":{event},"anc":{anchor},"d":""}}}},"paths":{{"anc":""}}}}"#
    );
    vec![
        stream(root),
        record,
        request.clone().into_bytes(),
        format!("[{request}]").into_bytes(),
        format!("{credential}{event}{anchor}").into_bytes(),
        credential.into_bytes(),
        event.into_bytes(),
        anchor.into_bytes(),
    ]
}

impl Target {
    pub fn new(root: &Path) -> Self {
        let snapshot = judge::case(root);
        let trust = judge::trust(root);
        let as_of = "2026-03-19T10:00:00Z".parse().unwrap();
        let sources = Sources { snapshot: &snapshot, trust: &trust, as_of, live: &[], schemas: None, memory: None };
        let proven = prove(&Act::Issue, &sources).unwrap();
        let target = Self { proven };
        // What is equal must be found equal, or nothing is shown below.
        assert!(target.is_equal(&stream(root)));
        target
    }

    pub fn run(&self, data: &[u8]) {
        let _ = self.is_equal(data);
    }

    /// Whether nothing differs; then each part is, byte for byte, what the evidence proves with the instants that the
    /// proposer chose.
    fn is_equal(&self, data: &[u8]) -> bool {
        let Ok(received) = Received::read([data]) else { return false };
        let Ok(comparison) = self.proven.compare(&received) else { return false };
        let draft = &comparison.draft;
        let parts = [(Part::Credential, &draft.credential), (Part::Event, &draft.event), (Part::Anchor, &draft.anchor)];
        let alike = parts.iter().all(|(part, proven)| received.part(*part) == Some(proven.text.as_str()));
        if comparison.differences.is_empty() {
            assert!(alike, "{}", String::from_utf8_lossy(data));
        }
        comparison.differences.is_empty()
    }
}
