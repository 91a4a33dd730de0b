//! The reference case with one file replaced: never clean, never a panic.
//!
//! An input is a flag byte, the path of the file in the case, a newline, and what is to be the file. With an odd flag
//! the manifest lists what the file is now, so that what is in it is looked at.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use countersign::bundle::{Limits, Snapshot};
use countersign::check;
use countersign::compile::program::{Program, Stage};
use countersign::compile::shipped;
use countersign::evaluate::outcome::Verdict;
use countersign::keri::signature::Memory;
use countersign::primitives::Sha256;
use countersign::trust::Trust;

use super::judge;

pub struct Target {
    program: &'static Program,
    files: BTreeMap<String, Vec<u8>>,
    trust: Trust,
    /// Most inputs leave most signatures as they are.
    memory: Arc<Memory>,
}

/// Every file that decides, as it is.
pub fn seeds(root: &Path) -> Vec<Vec<u8>> {
    let files = judge::case(root).to_files();
    let decides = files.iter().filter(|(path, _)| !path.starts_with("reports/"));
    decides
        .flat_map(|(path, bytes)| [0, 1].map(|flag| [&[flag], path.as_bytes(), b"\n", bytes.as_slice()].concat()))
        .collect()
}

impl Target {
    pub fn new(root: &Path) -> Self {
        let trust = judge::trust(root);
        let files = judge::case(root).to_files();
        let target = Self { program: shipped().unwrap(), files, trust, memory: Arc::default() };
        assert_eq!(target.judge(target.files.clone()), Verdict::Clean);
        target
    }

    pub fn run(&self, data: &[u8]) {
        let Some((&flag, rest)) = data.split_first() else { return };
        let Some(end) = rest.iter().position(|byte| *byte == b'\n') else { return };
        let Ok(path) = std::str::from_utf8(&rest[..end]) else { return };
        let content = &rest[end + 1..];
        // Reports that people saved decide nothing, and what has no folder is no part of a case.
        let decides = ["bundle/", "decision/", "post/"].iter().any(|folder| path.starts_with(folder));
        if !decides || path.contains('\0') {
            return;
        }
        let before = self.files.get(path);
        if before.is_some_and(|before| before == content) {
            return;
        }
        let mut files = self.files.clone();
        files.insert(path.to_owned(), content.to_vec());
        if flag % 2 == 1 {
            list(&mut files, path);
        }
        assert_ne!(self.judge(files), Verdict::Clean, "{path}");
    }

    fn judge(&self, files: BTreeMap<String, Vec<u8>>) -> Verdict {
        let snapshot = Snapshot::from_files(files, &Limits::STANDARD);
        let options = judge::options("2026-03-20T15:05:00Z", Stage::Closing, Some(self.memory.clone()));
        match check::check(self.program, &snapshot, &self.trust, None, &options) {
            Ok(report) => report.content().verdict,
            // A flow that is not known, for example: there is no report that could be clean.
            Err(_) => Verdict::NotClean,
        }
    }
}

/// Makes the manifest of the file's folder list it as it is.
fn list(files: &mut BTreeMap<String, Vec<u8>>, path: &str) {
    let Some((folder, inner)) = path.split_once('/') else { return };
    let name = format!("{folder}/manifest.json");
    let (Some(content), Some(manifest)) = (files.get(path), files.get(&name)) else { return };
    let Ok(mut manifest) = serde_json::from_slice::<serde_json::Value>(manifest) else { return };
    let entries = manifest["entries"].as_array_mut().into_iter().flatten();
    for entry in entries.filter(|entry| entry["path"] == inner) {
        entry["sha256"] = Sha256::of(content).to_string().into();
        entry["size"] = content.len().into();
    }
    files.insert(name, manifest.to_string().into_bytes());
}
