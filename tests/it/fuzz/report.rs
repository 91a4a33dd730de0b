//! Any bytes as a saved report: refused, or rendered in every format.
//!
//! Digests would stop every change, so they are made right again where a report can still be read.

use std::path::Path;

use countersign::bundle::{Limits, Snapshot};
use countersign::check;
use countersign::compile::program::Stage;
use countersign::compile::shipped;
use countersign::report::format::{Format, Layout, render};
use countersign::report::{self, ReportDocument, diff, json};

use super::judge;

pub struct Target;

/// Reports of the reference case as it is, and without two of its files; and what is left of each with a few results, in
/// which a change finds something sooner.
pub fn seeds(root: &Path) -> Vec<Vec<u8>> {
    let trust = judge::trust(root);
    let whole = judge::case(root).to_files();
    let mut less = whole.clone();
    less.retain(|path, _| !path.contains("session-1") && !path.contains("lei-record-r1"));
    let report = |files| {
        let options = judge::options("2026-03-20T15:00:00Z", Stage::Evidence, None);
        let snapshot = Snapshot::from_files(files, &Limits::STANDARD);
        json::render(&check::check(shipped().unwrap(), &snapshot, &trust, None, &options).unwrap())
    };
    let reports = [report(whole), report(less)];
    let few = reports.each_ref().map(|report| few(report));
    reports.into_iter().chain(few).collect()
}

/// A few of each list, and of the results those first that do not pass.
fn few(report: &[u8]) -> Vec<u8> {
    let mut report: serde_json::Value = serde_json::from_slice(report).unwrap();
    let results = report["results"].as_array_mut().unwrap();
    results.sort_by_key(|result| result["outcome"] == "pass");
    for (list, most) in [("results", 6), ("files", 3), ("kinds", 3)] {
        report[list].as_array_mut().unwrap().truncate(most);
    }
    report.to_string().into_bytes()
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
