//! Any bytes as a saved report: refused, or rendered in every format.
//!
//! Digests would stop every change, so they are made right again where a report can still be read.

use std::path::Path;

use countersign::bundle::{Limits, Snapshot};
use countersign::check::{self, Options};
use countersign::compile::program::Stage;
use countersign::compile::shipped;
use countersign::evaluate::outcome::FailOn;
use countersign::report::format::{Format, Layout, render};
use countersign::report::{self, ReportDocument, diff, json};
use countersign::trust::Trust;

pub struct Target;

/// Reports of the reference case as it is, and without two of its files.
pub fn seeds(root: &Path) -> Vec<Vec<u8>> {
    let trust = Trust::parse(&std::fs::read(root.join("fixtures/trust.json")).unwrap()).unwrap();
    let whole = Snapshot::read(&root.join("fixtures/cases/b0"), &Limits::STANDARD).unwrap().to_files();
    let mut less = whole.clone();
    less.retain(|path, _| !path.contains("session-1") && !path.contains("lei-record-r1"));
    let report = |files| {
        let options = Options {
            as_of: "2026-03-20T15:00:00Z".parse().unwrap(),
            stage: Stage::Evidence,
            flows: Vec::new(),
            profile: check::DEFAULT_PROFILE.to_owned(),
            set: Vec::new(),
            fail_on: FailOn::Warn,
            schemas: None,
            memory: None,
        };
        let snapshot = Snapshot::from_files(files, &Limits::STANDARD);
        json::render(&check::check(shipped().unwrap(), &snapshot, &trust, None, &options).unwrap())
    };
    vec![report(whole), report(less)]
}

impl Target {
    pub fn run(&self, data: &[u8]) {
        let _ = json::read(data);
        let Ok(mut document) = serde_json::from_slice::<ReportDocument>(data) else { return };
        document.format = report::FORMAT.to_owned();
        document.judgement = report::judgement(&document);
        document.said = report::said(&document);
        let text = json::canonical(&document);
        let again = json::read(&text).unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&text)));
        assert_eq!(json::canonical(&again), text);
        assert!(!diff::diff(&document, &again).is_worse());
        for format in Format::ALL {
            assert!(!render(*format, &document, &Layout::default()).is_empty(), "{format:?}");
        }
    }
}
