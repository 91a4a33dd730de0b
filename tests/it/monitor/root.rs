//! A root to watch, made of fixtures, and the command over it at an instant.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use countersign::primitives::Instant;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::fixture::{copy_folder, fixtures};

pub const ACME: &str = "254900OPPU84GM83MG36";
/// The morning of the fixture `monitoring`.
pub const MORNING: &str = "2026-04-29T06:30:00Z";

pub struct Root {
    folder: TempDir,
}

/// What a run did.
#[derive(Debug)]
pub struct Run {
    pub status: Option<i32>,
    pub lines: Vec<Value>,
    pub stderr: String,
}

impl Run {
    /// Event, kind and subject of each finding, in the order told.
    pub fn told(&self) -> Vec<(String, String, String)> {
        let findings = self.lines.iter().filter(|line| line.get("finding").is_some());
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        findings
            .map(|line| (text(&line["event"]), text(&line["finding"]["kind"]), text(&line["finding"]["subject"])))
            .collect()
    }

    /// The lines about a kind.
    pub fn of(&self, kind: &str) -> Vec<&Value> {
        self.lines.iter().filter(|line| line["finding"]["kind"] == kind).collect()
    }

    /// What is open, by kind.
    pub fn kinds(&self) -> Vec<String> {
        let open = self.told().into_iter().filter(|(event, ..)| event != "resolved");
        open.map(|(_, kind, _)| kind).collect()
    }

    pub fn summary(&self) -> &Value {
        self.lines.iter().find(|line| line["event"] == "run").unwrap_or_else(|| panic!("{self:?}"))
    }
}

impl Root {
    pub fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["cases", "registries", "lei"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        Self { folder }
    }

    /// The registries and logs of the watch, its sealed case, and what GLEIF says that morning.
    pub fn quiet() -> Self {
        let root = Self::empty();
        for name in ["monitoring", "b0", "oor", "ecr"] {
            root.case(name);
        }
        root.streams("watch", &["kel-", "tel-"], "2026-04-29T05:15:00Z");
        root.says(ACME, "ISSUED", "2027-05-01T00:00:00Z", "2026-04-29T00:00:00Z", "2026-04-29T06:10:00Z");
        root
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn case(&self, name: &str) -> PathBuf {
        let path = self.path().join("cases").join(name);
        copy_folder(&fixtures().join("cases").join(name), &path);
        path
    }

    /// The streams of a fixture whose names begin so, as fetched at an instant.
    pub fn streams(&self, fixture: &str, begins: &[&str], fetched_at: &str) {
        for entry in fs::read_dir(fixtures().join("keri").join(fixture)).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            if name.ends_with(".cesr") && begins.iter().any(|begin| name.starts_with(begin)) {
                self.stream(&path, &name, fetched_at);
            }
        }
    }

    pub fn stream(&self, from: &Path, name: &str, fetched_at: &str) {
        let target = self.path().join("registries").join(name);
        fs::copy(from, &target).unwrap();
        touch(&target, fetched_at);
    }

    /// Every stream is as if fetched at an instant.
    pub fn fetched(&self, at: &str) {
        for entry in fs::read_dir(self.path().join("registries")).unwrap() {
            touch(&entry.unwrap().path(), at);
        }
    }

    /// GLEIF's record of an LEI, saved at an instant.
    pub fn says(&self, lei: &str, status: &str, renewal: &str, published: &str, saved: &str) {
        let path = self.path().join("lei").join(format!("{lei}.json"));
        fs::write(&path, record(lei, status, renewal, published)).unwrap();
        touch(&path, saved);
    }

    pub fn log(&self) -> PathBuf {
        self.path().join("monitor/log.ndjson")
    }

    pub fn rows(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.log()).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The command, at an instant.
    pub fn command(&self, now: &str, more: &[&str]) -> Command {
        let mut command = Command::new(assert_cmd::cargo::cargo_bin("countersign"));
        command.current_dir(env!("CARGO_MANIFEST_DIR")).arg("monitor").arg(self.path());
        command.args(["--trust", "fixtures/trust.json"]).args(more);
        command.env("COUNTERSIGN_REHEARSE_NOW", now).env("LC_ALL", "C.UTF-8").env_remove("NO_COLOR");
        command
    }

    pub fn run(&self, now: &str, more: &[&str]) -> Run {
        finish(self.command(now, more))
    }

    pub fn verify(&self, more: &[&str]) -> (Option<i32>, String) {
        let mut command = Command::new(assert_cmd::cargo::cargo_bin("countersign"));
        let output = command.args(["monitor", "verify"]).arg(self.path()).args(more).output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(text).unwrap())
    }
}

pub fn finish(mut command: Command) -> Run {
    let output = command.output().unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    Run {
        status: output.status.code(),
        lines: stdout.lines().filter_map(|line| serde_json::from_str(line).ok()).collect(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

pub fn record(lei: &str, status: &str, renewal: &str, published: &str) -> Vec<u8> {
    let body = json!({
        "meta": { "goldenCopy": { "publishDate": published } },
        "data": { "type": "lei-records", "id": lei, "attributes": {
            "lei": lei,
            "entity": { "status": "ACTIVE" },
            "registration": { "status": status, "nextRenewalDate": renewal },
        } },
    });
    body.to_string().into_bytes()
}

pub fn touch(path: &Path, at: &str) {
    let at: Instant = at.parse().unwrap();
    let seconds = u64::try_from(at.nanoseconds() / 1_000_000_000).unwrap();
    let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
    File::options().write(true).open(path).unwrap().set_modified(time).unwrap();
}
