//! The cases beside the shipped policies, as `countersign policy test` runs them.

use std::path::{Path, PathBuf};

use assert_cmd::Command;

use crate::fixture::copy_folder;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn countersign() -> Command {
    let mut command = Command::cargo_bin("countersign").unwrap();
    command.current_dir(root()).env("LC_ALL", "C.UTF-8").env_remove("NO_COLOR");
    command
}

/// A folder of policies that is a copy of the shipped one, to be spoilt.
fn copy(to: &Path) -> PathBuf {
    let policies = to.join("policies");
    copy_folder(&root().join("policies"), &policies);
    policies
}

#[test]
fn every_case_is_as_expected_and_no_rule_lacks_one() {
    let output = countersign().args(["policy", "test", "policies"]).output().unwrap();
    assert!(output.status.success(), "{}{}", utf8(&output.stdout), utf8(&output.stderr));
}

#[test]
fn shipped_policies_are_in_canonical_form() {
    let output = countersign().args(["policy", "fmt", "policies", "--check"]).output().unwrap();
    assert!(output.status.success(), "{}{}", utf8(&output.stdout), utf8(&output.stderr));
}

#[test]
fn no_cases_are_a_failure() {
    let scratch = tempfile::tempdir().unwrap();
    let policies = copy(scratch.path());
    for entry in std::fs::read_dir(policies.join("vlei-egf")).unwrap() {
        let path = entry.unwrap().path();
        if path.to_string_lossy().ends_with(".cases.yaml") {
            std::fs::remove_file(path).unwrap();
        }
    }
    let fixtures = root().join("fixtures");
    let run = |arguments: &[&str]| {
        countersign()
            .args(["policy", "test"])
            .arg(&policies)
            .arg("--fixtures")
            .arg(&fixtures)
            .args(arguments)
            .output()
            .unwrap()
    };
    let output = run(&[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(utf8(&output.stdout).contains("0 cases"), "{}", utf8(&output.stdout));
    assert!(utf8(&output.stdout).contains("has no case that shows it pass, fail, indeterminate"));
    assert_eq!(run(&["--filter", "nothing is called so"]).status.code(), Some(1));
}

#[test]
fn a_wrong_expectation_names_file_line_and_outcome() {
    let scratch = tempfile::tempdir().unwrap();
    let policies = copy(scratch.path());
    let path = policies.join("vlei-egf/gate.cases.yaml");
    std::fs::write(
        &path,
        "document: gate\ncases:\n  - name: the reference case cannot fail\n    fixture: b0\n    expect: { GATE-5: fail }\n  \
         - name: nobody laid this out\n    fixture: b1\n    expect: { GATE-5: pass }\n",
    )
    .unwrap();
    let output = countersign()
        .args(["policy", "test"])
        .arg(&policies)
        .arg("--fixtures")
        .arg(root().join("fixtures"))
        .args(["--filter", "GATE-5"])
        .output()
        .unwrap();
    let text = utf8(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(
        text.contains("vlei-egf/gate.cases.yaml:3: the reference case cannot fail\n  GATE-5 is pass, expected fail"),
        "{text}"
    );
    assert!(text.contains("there is no fixture `b1`"), "{text}");
}

#[test]
fn a_case_file_that_cannot_be_read_ends_the_run() {
    let scratch = tempfile::tempdir().unwrap();
    let policies = copy(scratch.path());
    std::fs::write(policies.join("vlei-egf/gate.cases.yaml"), "document: gate\ncases: [}\n").unwrap();
    let output = countersign().args(["policy", "test"]).arg(&policies).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(utf8(&output.stderr).contains("gate.cases.yaml"), "{}", utf8(&output.stderr));
}

fn utf8(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}
