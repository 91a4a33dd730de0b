//! The installation on disk, and the real command in it at the moment of the fixture.
//!
//! The command that tests run hears a clock from them; see `src/rehearsal.rs`.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant as Moment, SystemTime};

use countersign::gate::{Code, Refusal};
use countersign::ledger::{Kind, Ledger};
use countersign::primitives::{Instant, Sha256};
use serde_json::Value;

use super::world::{PASSPHRASE, World, at};

/// Which keys a command finds, and whether it can open them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keys {
    /// A folder that is not there: whoever looks into it fails.
    Absent,
    /// No passphrase is to be had: whoever asks for one fails.
    Locked,
    /// With their passphrase.
    Open,
}

/// What a command did.
#[derive(Debug, PartialEq, Eq)]
pub struct Ran {
    pub status: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    pub fn of(output: Output) -> Self {
        Self {
            status: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// The codes of a refusal, in order.
    #[track_caller]
    pub fn codes(&self) -> Vec<String> {
        let refusal: Value = serde_json::from_str(&self.stdout).unwrap_or_else(|_| panic!("{self:?}"));
        let reasons = refusal["reasons"].as_array().unwrap_or_else(|| panic!("{self:?}"));
        reasons.iter().map(|reason| reason["code"].as_str().unwrap().to_owned()).collect()
    }
}

impl World {
    /// Writes everything but store and ledger, which are there; a case is written anew.
    pub fn lay_out(&self) {
        let folder = self.folder.path();
        let _ = fs::remove_dir_all(folder.join("case"));
        for (path, bytes) in &self.files {
            let path = folder.join("case").join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        let mut settings = format!(
            "trust = \"trust.json\"\nkeys = \"keys\"\ncases = {:?}\nstore = {:?}\nledger = {:?}\n",
            crate::proposal::fixtures().join("cases").to_str().unwrap(),
            self.store_path.to_str().unwrap(),
            self.ledger_path.to_str().unwrap()
        );
        if let Some(lock) = &self.lock {
            fs::write(folder.join("lock.json"), lock.write()).unwrap();
            settings.push_str("lock = \"lock.json\"\n");
        }
        fs::write(folder.join("countersign.toml"), settings).unwrap();
        let trust = self.trust_bytes();
        assert_eq!(Sha256::of(&trust), self.trust.digest, "the trust file on disk is the one of the test");
        fs::write(folder.join("trust.json"), trust).unwrap();
        for (name, bytes) in self.live_files() {
            fs::write(folder.join(&name), bytes).unwrap();
            let fetched_at = self.live.as_ref().unwrap().fetched_at;
            File::options().write(true).open(folder.join(name)).unwrap().set_modified(system(fetched_at)).unwrap();
        }
        self.embedded(self.signer);
    }

    fn live_files(&self) -> Vec<(String, &[u8])> {
        let streams = self.live.iter().flat_map(|live| &live.streams).enumerate();
        streams.map(|(at, bytes)| (format!("live-{at}.cesr"), bytes.as_slice())).collect()
    }

    pub fn out(&self, name: &str) -> PathBuf {
        self.folder.path().join("out").join(name)
    }

    /// `gate` or `sign`, to be run where the installation lies.
    pub fn command(&self, verb: &str, keys: Keys) -> Command {
        self.command_as(verb, keys, "json")
    }

    pub fn command_as(&self, verb: &str, keys: Keys, format: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
        command.current_dir(self.folder.path()).args([verb, "case", "--format", format]);
        for (name, _) in self.live_files() {
            command.args(["--live", &name]);
        }
        if verb == "sign" {
            let folder = if keys == Keys::Absent { "no-keys" } else { "keys" };
            command.args(["--out", "out", "--keys", folder]);
        }
        command.env_remove("COUNTERSIGN_PASSPHRASE").env("LC_ALL", "C.UTF-8").env("COLUMNS", "100");
        match (verb, keys) {
            ("sign", Keys::Open) => drop(command.env("COUNTERSIGN_PASSPHRASE", PASSPHRASE)),
            // Nothing is open there, and nobody is asked at a terminal.
            ("sign", Keys::Absent | Keys::Locked) => drop(command.args(["--passphrase-fd", "999"])),
            (_, _) => {}
        }
        command.env("COUNTERSIGN_REHEARSE_NOW", self.now.to_string());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Lays everything out and signs with the real command.
    pub fn signed_by_command(&self) -> Ran {
        self.lay_out();
        Ran::of(self.command("sign", Keys::Open).output().unwrap())
    }

    /// The real command gives the very refusal that the gate gave, without having looked at any key.
    #[track_caller]
    pub fn refused_by_command(&self, code: Code, refusal: &Refusal) {
        self.lay_out();
        let there = [&self.store_path, &self.ledger_path].map(|path| path.exists());
        let rows = self.rows();
        let keys = if code == Code::OtherKey { Keys::Locked } else { Keys::Absent };
        let ran = Ran::of(self.command("sign", keys).output().unwrap());
        assert_eq!(ran.status, Some(4), "{ran:#?}");
        assert_eq!(ran.stdout.trim_end(), refusal.text());
        assert!(ran.codes().contains(&code.to_string()));
        assert!(!self.out("event.cesr").exists() && !self.out("decision.dsse.json").exists());
        assert_eq!(fs::read_to_string(self.out("refusal.json")).unwrap(), refusal.text());

        // The ledger says so, where there is one to say it; and nothing that was gone is there again.
        assert_eq!([&self.store_path, &self.ledger_path].map(|path| path.exists()), there, "it was made again");
        let written = &self.rows()[rows.len()..];
        let expected = (Kind::Refusal, Sha256::of(refusal.text().as_bytes()));
        let expected: Vec<_> = refusal.can_be_recorded().then_some(expected).into_iter().collect();
        assert_eq!(written, expected);
    }

    /// The rows of the ledger, if it can be read.
    pub fn rows(&self) -> Vec<(Kind, Sha256)> {
        let ledger = Ledger::open(&self.ledger_path).map(|ledger| ledger.rows().to_vec()).unwrap_or_default();
        ledger.into_iter().map(|row| (row.entry.kind, row.entry.payload)).collect()
    }

    /// Starts a command and waits until it has come to a place for the given time; it stays there until `go_on`.
    pub fn held(&self, command: &mut Command, place: &str, visit: usize) -> Held {
        let file = self.folder.path().join("held");
        command.env("COUNTERSIGN_REHEARSE_STOP", format!("{place} {visit} hold {}", file.display()));
        let mut child = command.spawn().unwrap();
        let begun = Moment::now();
        while !file.exists() {
            if let Some(status) = child.try_wait().unwrap() {
                let ran = Ran::of(child.wait_with_output().unwrap());
                panic!("{place} {visit} was not reached: {status} {ran:#?}");
            }
            assert!(begun.elapsed() < Duration::from_secs(120), "{place} {visit} was not reached");
            std::thread::sleep(Duration::from_millis(2));
        }
        Held { child, file }
    }
}

/// A command that waits.
pub struct Held {
    child: Child,
    file: PathBuf,
}

impl Held {
    /// `kill -9`.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        let status = self.child.wait().unwrap();
        assert!(!status.success());
        #[cfg(unix)]
        assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(9));
        fs::remove_file(&self.file).unwrap();
    }

    pub fn go_on(self) -> Ran {
        fs::remove_file(&self.file).unwrap();
        Ran::of(self.child.wait_with_output().unwrap())
    }
}

fn system(instant: Instant) -> SystemTime {
    let since = instant.since(at("1970-01-01T00:00:00Z")).nanoseconds();
    SystemTime::UNIX_EPOCH + Duration::from_nanos(u64::try_from(since).unwrap())
}

/// Every file below a folder, by path.
pub fn files_in(folder: &Path) -> std::collections::BTreeMap<PathBuf, Vec<u8>> {
    let mut found = std::collections::BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(files_in(&path)),
            false => drop(found.insert(path.clone(), fs::read(&path).unwrap())),
        }
    }
    found
}
