//! The commands, as a user runs them.

use std::path::Path;

use assert_cmd::Command;
use countersign::primitives::Said;
use tempfile::TempDir;

use super::forge::*;
use crate::lei::{Answer, Server};

fn countersign(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    let mut command = Command::cargo_bin("countersign").unwrap();
    let output = command.current_dir(folder).args(arguments).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn written(change: impl Fn(&mut Base)) -> (TempDir, World, String) {
    let mut base = base();
    let le = base.issue_le();
    change(&mut base);
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("le.cesr"), base.world.stream(Manner::Wrapped)).unwrap();
    (folder, base.world, le)
}

const AS_OF: &str = "2026-06-01T00:00:00Z";

#[test]
fn verify_ends_with_the_verdict() {
    let (folder, world, le) = written(|_| {});
    let root = world.prefix("root");
    let verify = |more: &[&str]| {
        let mut arguments = vec!["credential", "verify", "le.cesr", "--root", &root, "--as-of", AS_OF];
        arguments.extend(more);
        countersign(folder.path(), &arguments)
    };
    let (status, out, _) = verify(&[]);
    assert_eq!(status, 0, "{out}");
    assert!(out.starts_with(&format!("LE credential {le}: valid\n")), "{out}");
    let (status, out, _) = verify(&["--format", "json"]);
    let document: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((status, document["verdict"].as_str()), (0, Some("valid")));
    assert_eq!(document["credential"]["said"], le.as_str());
    let (status, out, _) = verify(&["--geda", &world.prefix("le")]);
    assert_eq!(status, 1, "{out}");
    assert!(out.contains("invalid[QVIW-18]"), "{out}");
    let absent = Said::of(b"absent").to_string();
    let (status, out, _) = verify(&["--credential", &absent]);
    assert_eq!(status, 3, "{out}");
    assert!(out.contains("incomplete[credential_missing]"), "{out}");
}

#[test]
fn without_a_root_there_is_no_verdict() {
    let (folder, ..) = written(|_| {});
    let (status, out, error) = countersign(folder.path(), &["credential", "verify", "le.cesr"]);
    assert_eq!((status, out.as_str()), (2, ""));
    assert!(error.contains("no trust file is given"), "{error}");
}

#[test]
fn several_credentials_are_a_question() {
    let (folder, world, le) = written(|base| {
        let mut draft = base.le_draft();
        draft.dated = "2026-03-03T08:00:00Z".into();
        base.world.issue(&draft, "qvi");
    });
    let root = world.prefix("root");
    let (status, _, error) = countersign(folder.path(), &["credential", "verify", "le.cesr", "--root", &root]);
    assert_eq!(status, 2, "{error}");
    assert!(error.replace([' ', '\n', '|', '│'], "").contains(&le), "{error}");
}

#[test]
fn streams_and_logs_are_shown() {
    let (folder, world, _) = written(|base| base.world.drop("geda.ixn1"));
    let (status, out, _) = countersign(folder.path(), &["credential", "show", "le.cesr"]);
    assert_eq!(status, 0);
    assert!(out.contains("nothing of this is verified"), "{out}");
    let (status, out, _) = countersign(folder.path(), &["kel", "verify", "le.cesr"]);
    assert_eq!(status, 3, "{out}");
    assert!(out.contains("incomplete[event_missing]"), "{out}");
    let root = world.prefix("root");
    let (status, out, _) =
        countersign(folder.path(), &["kel", "verify", "le.cesr", "--aid", &root, "--format", "json"]);
    let document: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((status, document["verdict"].as_str()), (0, Some("valid")));
    std::fs::write(folder.path().join("text"), "hello").unwrap();
    let (status, _, error) = countersign(folder.path(), &["credential", "show", "text"]);
    assert_eq!(status, 2);
    assert!(error.contains("byte 0"), "{error}");
    let (status, out, _) = countersign(folder.path(), &["kel", "verify", "text"]);
    assert_eq!(status, 1);
    assert!(out.contains("stream_garbage"), "{out}");
}

fn a_schema(title: &str) -> (Said, Vec<u8>) {
    let with = |id: &str| format!(r#"{{"$id":"{id}","title":"{title}","type":"object"}}"#);
    let said = Said::of(with(DUMMY).as_bytes());
    let text = with(said.as_str()).into_bytes();
    (said, text)
}

#[test]
fn a_schema_is_kept_only_if_its_digest_holds() {
    let folder = tempfile::tempdir().unwrap();
    let (said, text) = a_schema("one");
    let (other, other_text) = a_schema("two");
    let pull = |answer: Answer, saids: &[&Said]| {
        let server = Server::new(vec![answer]);
        let mut arguments = vec!["schema", "pull", "--from", &server.url, "--schemas", "kept"];
        arguments.extend(saids.iter().map(|said| said.as_str()));
        countersign(folder.path(), &arguments)
    };
    let kept = folder.path().join("kept").join(format!("{said}.json"));
    let send = |text: &[u8]| Answer::Send("200 OK", vec![], text.to_vec());

    // It lies about a word, gives another schema, gives none, gives half.
    let lie = String::from_utf8(text.clone()).unwrap().replace("one", "uno");
    for (answer, code) in [
        (send(lie.as_bytes()), "not_a_schema"),
        (send(&other_text), "another_schema"),
        (send(b"<html>"), "not_a_schema"),
        (Answer::Send("404 Not Found", vec![], text.clone()), "schema_status"),
    ] {
        let (status, _, error) = pull(answer, &[&said]);
        assert_eq!(status, 2, "{error}");
        assert!(error.contains(code), "{error}");
        assert!(!kept.exists());
    }
    let (status, out, error) = pull(send(&text), &[&said]);
    assert_eq!(status, 0, "{error}");
    assert!(out.starts_with("kept "), "{out}");
    assert_eq!(std::fs::read(&kept).unwrap(), text);
    assert!(!folder.path().join("kept").join(format!("{other}.json")).exists());

    let (status, out, _) = countersign(folder.path(), &["schema", "check", kept.to_str().unwrap()]);
    assert_eq!((status, out), (0, format!("schema {said}: its digest holds\n")));
    std::fs::write(folder.path().join("bad.json"), lie).unwrap();
    assert_eq!(countersign(folder.path(), &["schema", "check", "bad.json"]).0, 2);
    let (status, out, _) = countersign(folder.path(), &["schema", "list", "--schemas", "kept"]);
    assert_eq!(status, 0);
    assert_eq!(out.matches("not at hand").count(), 6, "{out}");
}
