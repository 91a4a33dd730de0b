//! `countersign propose` as QAR1 and QAR2 run it.

use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use countersign::bundle::Limits;
use countersign::keri::build;

use super::*;

struct Case {
    folder: tempfile::TempDir,
}

struct Ran {
    status: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Case {
    /// The reference case as it was when both QARs were assigned.
    fn assigned() -> Self {
        Self::of(snapshot())
    }

    /// A case as it was when both QARs were assigned.
    fn of(snapshot: &Snapshot) -> Self {
        let case = Self { folder: tempfile::tempdir().unwrap() };
        for (path, bytes) in snapshot.to_files() {
            let decided = path.starts_with("decision/") && path.as_str() > "decision/03";
            if !decided && !path.starts_with("post/") {
                let path = case.path().join(path);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, bytes).unwrap();
            }
        }
        case
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("case")
    }

    fn beside(&self, name: &str, text: &str) -> String {
        let path = self.folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn propose(&self, more: &[&str]) -> Ran {
        self.propose_at("2026-03-19T10:00:00Z", more)
    }

    fn propose_at(&self, as_of: &str, more: &[&str]) -> Ran {
        let mut command = Command::cargo_bin("countersign").unwrap();
        command.current_dir(env!("CARGO_MANIFEST_DIR")).env("LC_ALL", "C.UTF-8").env("COLUMNS", "120");
        let case = self.path();
        command
            .args(["propose", case.to_str().unwrap(), "--trust", "fixtures/trust.json", "--as-of", as_of])
            .args(more);
        let output = command.output().unwrap();
        Ran {
            status: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    fn decided(&self) -> Vec<String> {
        let names = fs::read_dir(self.path().join("decision")).unwrap();
        let mut names: Vec<String> =
            names.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.retain(|name| name.as_str() > "03");
        names.sort();
        names
    }
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

#[test]
fn the_parts_are_written_signed_elsewhere_and_brought_back() {
    let case = Case::assigned();
    let out = case.folder.path().join("unsigned");
    let made = case.propose(&["--dt", "2026-03-19T09:50:00Z", "--out", out.to_str().unwrap()]);
    assert_eq!(made.status, Some(0), "{}", made.stderr);
    let [credential, event, anchor] = bodies();
    for (name, expected) in [("credential.json", credential), ("registry-event.json", event), ("anchor.json", anchor)] {
        assert_eq!(text(&out.join(name)), expected);
    }
    for expected in ["at least 2 of 3", "Q1, key at index 0", QVI, "--signature FILE"] {
        assert!(made.stdout.contains(expected), "{}", made.stdout);
    }
    assert!(case.decided().is_empty());

    let stream = out.join("proposal.cesr");
    let wrong = case.beside("wrong.cesr", sign("Q2", 1, &text(&out.join("anchor.json"))).as_str());
    let refused = case.propose(&["--from", stream.to_str().unwrap(), "--signature", &wrong]);
    assert_eq!(refused.status, Some(2));
    assert!(refused.stderr.contains("countersign::proposal::other_index"), "{}", refused.stderr);
    assert!(case.decided().is_empty());

    let signature = sign("Q1", 0, &text(&out.join("anchor.json")));
    let signature = case.beside("q1.cesr", &format!("-AAB{}\n", signature.as_str()));
    let stored = case.propose(&["--from", stream.to_str().unwrap(), "--signature", &signature]);
    assert_eq!(stored.status, Some(0), "{}", stored.stderr);
    assert_eq!(case.decided(), ["03-proposal.cesr", "03-proposal.json"]);
    assert_eq!(fs::read(case.path().join("decision/03-proposal.cesr")).unwrap(), super::stream());
    assert!(stored.stderr.contains("03-proposal.sig.cesr"), "{}", stored.stderr);

    // The record is read back as what is proven.
    let after = Snapshot::read(&case.path(), &Limits::STANDARD).unwrap();
    let (received, _) = Received::of_case(&after).unwrap().unwrap();
    let comparison = proven().compare(&received).unwrap();
    assert_eq!(comparison.differences, []);
    proven().accept(&comparison, &received, &aid(Q1)).unwrap();
    let problems = countersign::check::problems(&after, &countersign::facts::schema::FactSchema::embedded());
    assert_eq!(problems, []);
}

#[test]
fn a_foreign_proposal_is_taken_only_as_it_is_proven() {
    let case = Case::assigned();
    let foreign = fixtures().join("cases/b0/decision/03-proposal.cesr");
    let foreign = foreign.to_str().unwrap();
    let compared = case.propose(&["--from", foreign, "--compare"]);
    assert_eq!((compared.status, case.decided().len()), (Some(0), 0), "{}", compared.stderr);
    assert!(compared.stdout.contains("byte for byte"));

    let [credential, event, anchor] = bodies();
    let lei = build::consistent(&credential.replace("254900OPPU84GM83MG36", "5493000IBP32UQZ0KL24")).unwrap();
    let parts = super::one_off::resealed(&lei, &event, &anchor);
    let files = ["a", "i", "x"].iter().zip(&parts).map(|(name, part)| case.beside(name, part)).collect::<Vec<_>>();
    let differs = case.propose(&["--from", &files[0], "--from", &files[1], "--from", &files[2]]);
    assert_eq!((differs.status, case.decided().len()), (Some(1), 0), "{}", differs.stderr);
    let reason = "`a.LEI` of the credential is `5493000IBP32UQZ0KL24`, and `254900OPPU84GM83MG36` is proven: \
                  `bundle/raw/lei-record-r2.json`, `data.attributes.lei`";
    assert!(differs.stdout.contains(reason), "{}", differs.stdout);
    assert!(differs.stdout.contains("fields that follow from these"), "{}", differs.stdout);

    let taken = case.propose(&["--from", foreign]);
    assert_eq!((taken.status, case.decided().len()), (Some(0), 2), "{}", taken.stderr);
}

#[test]
fn what_keeps_it_from_proposing_is_said() {
    let case = Case::assigned();
    let inside = case.path().join("decision");
    let none = case.beside("none.cesr", "nothing");
    let live = fixtures().join("keri/b0/kel-qvi-issued.cesr");
    let foreign = fixtures().join("cases/b0/decision/03-proposal.cesr");
    let foreign = foreign.to_str().unwrap();
    for (arguments, code) in [
        (vec![], "cli::unsigned"),
        (vec!["--dt", "2026-03-19T09:29:59Z", "--out", "x"], "proposal::dated"),
        (vec!["--out", inside.to_str().unwrap()], "cli::output_in_case"),
        (vec!["--signature", &none], "cli::signature"),
        (vec!["--from", &none], "proposal::not_readable"),
        (vec!["--revoke", "--out", "x"], "proposal::other_flow"),
    ] {
        let ran = case.propose(&arguments);
        assert_eq!(ran.status, Some(2), "{arguments:?}: {}", ran.stdout);
        assert!(ran.stderr.contains(&format!("countersign::{code}")), "{arguments:?}: {}", ran.stderr);
    }
    // The log went on since the bundle was sealed.
    let later = case.propose(&["--from", foreign, "--compare", "--live", live.to_str().unwrap()]);
    assert_eq!(later.status, Some(1), "{}", later.stderr);
    assert!(later.stdout.contains("`s` of the anchoring event is `2`, and `3` is proven"), "{}", later.stdout);
    // The LEI record is too old then.
    let stale = case.propose_at("2026-04-19T10:00:00Z", &["--from", foreign]);
    assert_eq!(stale.status, Some(2));
    assert!(stale.stderr.contains("evidence_not_clean"), "{}", stale.stderr);
    assert!(stale.stderr.contains("--stage evidence"), "{}", stale.stderr);
    fs::remove_file(case.path().join("decision/01-assignment-qar1.json")).unwrap();
    fs::remove_file(case.path().join("decision/01-assignment-qar1.sig.cesr")).unwrap();
    assert_eq!(case.propose(&["--from", foreign]).status, Some(2));
    assert!(case.decided().is_empty());
}

/// The flow of a case says what it proposes.
#[test]
fn each_flow_proposes_what_it_is_about() {
    for (name, as_of, expected) in [
        ("oor", "2026-03-30T10:00:00Z", "issuance"),
        ("le-revocation", "2026-05-06T10:50:00Z", "revocation"),
        ("le-revocation-involuntary", "2026-05-04T10:50:00Z", "revocation"),
        ("oor-revocation", "2026-04-20T10:50:00Z", "revocation"),
        ("ecr-revocation", "2026-04-22T10:50:00Z", "revocation"),
    ] {
        let fixture = Snapshot::read(&fixtures().join("cases").join(name), &Limits::STANDARD).unwrap();
        let case = Case::of(&fixture);
        let out = case.folder.path().join("out");
        let out = out.to_str().unwrap();
        let ran = case.propose_at(as_of, &["--out", out]);
        assert_eq!(ran.status, Some(0), "{name}: {}{}", ran.stdout, ran.stderr);
        assert!(ran.stdout.starts_with(expected), "{name}: {}", ran.stdout);
        let stream = format!("{out}/proposal.cesr");
        let same = case.propose_at(as_of, &["--from", &stream, "--compare"]);
        assert_eq!(same.status, Some(0), "{name}: {}{}", same.stdout, same.stderr);
    }
    // The text of an engagement role is in no credential of the case; who has the official schema has it.
    let fixture = Snapshot::read(&fixtures().join("cases/ecr"), &Limits::STANDARD).unwrap();
    let ran = Case::of(&fixture).propose_at("2026-04-01T10:00:00Z", &["--out", "x"]);
    assert!(ran.stderr.contains("countersign::proposal::no_text"), "{}{}", ran.stdout, ran.stderr);
}
