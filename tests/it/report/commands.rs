//! `--report` and `countersign report`, as a user runs them.

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use countersign::report::{Format, ReportDocument, diff::diff, json};
use serde_json::Value;

const AS_OF: &str = "2026-03-20T15:00:00Z";
const CASE: &str = "fixtures/cases/b0";
const LAPSED: &[&str] = &["--patch", "fixtures/variants/lapsed-renewal.yaml"];

struct Run {
    status: Option<i32>,
    stdout: String,
    stderr: String,
}

fn run(arguments: &[&str]) -> Run {
    let mut command = Command::cargo_bin("countersign").unwrap();
    let output =
        command.current_dir(env!("CARGO_MANIFEST_DIR")).env("LC_ALL", "C.UTF-8").args(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Run { status: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

fn check(more: &[&[&str]]) -> Run {
    let base: &[&str] = &["check", CASE, "--as-of", AS_OF, "--trust", "fixtures/trust.json"];
    run(&[base, &more.concat()].concat())
}

fn target(folder: &Path, format: &str, name: &str) -> String {
    format!("{format}={}", folder.join(name).display())
}

/// A saved report of the reference case.
fn saved(folder: &Path, name: &str, more: &[&str]) -> String {
    let path = folder.join(name);
    let ran = check(&[more, &["--report", &target(folder, "json", name)]]);
    assert!(ran.status.is_some_and(|status| status != 2), "{}", ran.stderr);
    path.to_str().unwrap().to_owned()
}

fn read(path: &str) -> ReportDocument {
    json::read(&fs::read(path).unwrap()).unwrap()
}

#[test]
fn one_run_writes_every_format_and_the_same_bytes_each_time() {
    let folder = tempfile::tempdir().unwrap();
    let targets: Vec<String> =
        Format::ALL.iter().map(|format| target(folder.path(), format.as_str(), &format!("r.{format}"))).collect();
    let arguments: Vec<&str> = targets.iter().flat_map(|target| ["--report", target]).collect();
    let bytes = || -> Vec<Vec<u8>> {
        let ran = check(&[LAPSED, &arguments]);
        assert_eq!(ran.status, Some(1), "{}", ran.stderr);
        assert!(ran.stdout.starts_with("not clean"), "{}", ran.stdout);
        Format::ALL.iter().map(|format| fs::read(folder.path().join(format!("r.{format}"))).unwrap()).collect()
    };
    let first = bytes();
    assert_eq!(first, bytes());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), Format::ALL.len(), "no draft is left");
    let rows = super::readers::json(&first[0]);
    assert_eq!(super::readers::sarif(&first[1]), rows);
    for bytes in first {
        let text = String::from_utf8(bytes).unwrap();
        assert!(!text.contains(env!("CARGO_MANIFEST_DIR")), "no absolute path");
    }
}

#[test]
fn annotations_can_be_printed_and_nothing_else() {
    let printed = check(&[LAPSED, &["--report", "github=-"]]);
    assert_eq!(printed.status, Some(1));
    assert!(
        printed.stdout.lines().any(|line| line.starts_with("::error file=fixtures/cases/b0/bundle/")),
        "{}",
        printed.stdout
    );
    for (argument, expected) in [
        ("html=-", "only `github` can be printed"),
        ("pdf=x.pdf", "there is no format `pdf`; formats: json, sarif"),
        ("html", "is not `FORMAT=FILE`"),
        ("html=", "names no file"),
    ] {
        let refused = check(&[&["--report", argument]]);
        assert_eq!(refused.status, Some(2), "{argument}");
        assert!(refused.stderr.contains(expected), "{argument}: {}", refused.stderr);
    }
}

#[test]
fn a_report_lies_outside_the_case_in_a_file_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let once = target(folder.path(), "html", "a");
    let again = target(folder.path(), "sarif", "./a");
    for (targets, code) in [
        (vec!["html=fixtures/cases/b0/bundle/report.html"], "countersign::cli::output_in_case"),
        (vec![once.as_str(), again.as_str()], "countersign::cli::report_twice"),
    ] {
        let arguments: Vec<&str> = targets.iter().flat_map(|target| ["--report", *target]).collect();
        let refused = check(&[&arguments]);
        assert_eq!(refused.status, Some(2), "{targets:?}");
        assert!(refused.stderr.contains(code), "{}", refused.stderr);
        assert!(refused.stdout.is_empty(), "{}", refused.stdout);
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    // A tar file is a case as well.
    let tar = folder.path().join("case.tar");
    fs::write(&tar, "kept").unwrap();
    let tar = tar.to_str().unwrap();
    let refused = run(&["check", tar, "--trust", "fixtures/trust.json", "--report", &format!("json={tar}")]);
    assert_eq!((refused.status, fs::read_to_string(tar).unwrap().as_str()), (Some(2), "kept"));
}

#[test]
fn a_saved_report_is_shown_in_every_format() {
    let folder = tempfile::tempdir().unwrap();
    let path = saved(folder.path(), "report.json", LAPSED);
    let direct = check(&[LAPSED, &["--all"]]);
    let shown = run(&["report", "show", &path, "--case", CASE, "--all"]);
    assert_eq!((shown.status, &shown.stdout), (Some(0), &direct.stdout), "{}", shown.stderr);
    for format in Format::ALL {
        let name = format!("r.{format}");
        check(&[LAPSED, &["--report", &target(folder.path(), format.as_str(), &name)]]);
        let shown = run(&["report", "show", &path, "--case", CASE, "--format", format.as_str()]);
        assert_eq!(shown.stdout.as_bytes(), fs::read(folder.path().join(&name)).unwrap(), "{format}");
        let written = format!("{name}.again");
        run(&["report", "show", &path, "--case", CASE, "--report", &target(folder.path(), format.as_str(), &written)]);
        assert_eq!(
            fs::read(folder.path().join(&name)).unwrap(),
            fs::read(folder.path().join(written)).unwrap(),
            "{format}"
        );
    }
}

#[test]
fn what_was_changed_after_it_was_written_is_no_report() {
    let folder = tempfile::tempdir().unwrap();
    let path = saved(folder.path(), "report.json", LAPSED);
    let forged = fs::read_to_string(&path).unwrap().replace("\"verdict\":\"not-clean\"", "\"verdict\":\"clean\"");
    fs::write(&path, forged).unwrap();
    for arguments in [
        vec!["report", "show", &path],
        vec!["report", "diff", &path, &path],
        vec!["report", "verify", &path, "--case", CASE, "--trust", "fixtures/trust.json"],
    ] {
        let refused = run(&arguments);
        assert_eq!(refused.status, Some(2), "{arguments:?}");
        assert!(refused.stderr.contains("countersign::cli::not_a_report"), "{}", refused.stderr);
    }
}

#[test]
fn the_same_run_gives_the_same_bytes_and_another_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let verify = |path: &str| run(&["report", "verify", path, "--case", CASE, "--trust", "fixtures/trust.json"]);
    for more in [
        &[][..],
        &["--stage", "approval", "--profile", "egf-strict", "--set", "lei_record_max_age=24h", "--fail-on", "block"],
    ] {
        let path = saved(folder.path(), "report.json", more);
        let same = verify(&path);
        assert_eq!(same.status, Some(0), "{}{}", same.stdout, same.stderr);
        assert!(same.stdout.starts_with("the same: E"), "{}", same.stdout);
    }
    // A report of what would be, were the case another one.
    let path = saved(folder.path(), "what-if.json", LAPSED);
    let other = verify(&path);
    assert_eq!(other.status, Some(1), "{}", other.stderr);
    assert!(other.stdout.starts_with("not the same: "), "{}", other.stdout);
    for expected in ["bundle: ", "fixed (", "LE-6.3.1.b.2", "evidence that changed (", "bundle/raw/lei-record-r1.json"]
    {
        assert!(other.stdout.contains(expected), "{expected}\n{}", other.stdout);
    }
}

#[test]
fn a_root_is_for_reports_of_credentials() {
    let folder = tempfile::tempdir().unwrap();
    let path = saved(folder.path(), "report.json", &[]);
    let root = "EJC6mvmEK_i-S0kQkRZh781RupPQ1pjHNSZLi0dxPhKk";
    let refused = run(&["report", "verify", &path, "--case", CASE, "--root", root]);
    assert_eq!(refused.status, Some(2));
    assert!(refused.stderr.contains("countersign::cli::for_a_credential"), "{}", refused.stderr);
}

#[test]
fn two_reports_say_what_is_new_and_what_is_fixed() {
    let folder = tempfile::tempdir().unwrap();
    let clean = saved(folder.path(), "clean.json", &[]);
    let lapsed = saved(folder.path(), "lapsed.json", LAPSED);
    let worse = run(&["report", "diff", &clean, &lapsed]);
    assert_eq!(worse.status, Some(1), "{}", worse.stderr);
    assert!(worse.stdout.starts_with("verdict: not-clean, was clean\n"), "{}", worse.stdout);
    assert!(worse.stdout.contains("\nnew (") && !worse.stdout.contains("\nfixed ("), "{}", worse.stdout);
    let better = run(&["report", "diff", &lapsed, &clean]);
    assert_eq!(better.status, Some(0), "{}", better.stderr);
    assert!(better.stdout.contains("\nfixed (") && !better.stdout.contains("\nnew ("), "{}", better.stdout);
    let same = run(&["report", "diff", &lapsed, &lapsed, "--format", "json"]);
    let value: Value = serde_json::from_str(&same.stdout).unwrap();
    assert_eq!(same.status, Some(0));
    assert_eq!(value["unchanged"].as_array().unwrap().len(), diff(&read(&clean), &read(&lapsed)).new.len());
    for empty in ["new", "fixed", "changed", "not_decided", "run", "files"] {
        assert_eq!(value[empty], serde_json::json!([]), "{empty}");
    }
}

#[test]
fn a_finding_is_fixed_only_where_its_rule_was_decided_again() {
    use countersign::compile::program::Level;
    use countersign::evaluate::outcome::{Outcome, Verdict};
    let old = super::blocked();
    let rules = |found: &[countersign::report::diff::Found]| -> Vec<String> {
        found.iter().map(|found| found.rule.clone()).collect()
    };
    // Not run at all.
    let mut without = old.clone();
    without.results.retain(|result| result.rule != "LE-6.3.1.b.2");
    let compared = diff(&old, &without);
    assert_eq!((rules(&compared.not_decided), compared.is_worse()), (vec!["LE-6.3.1.b.2".to_owned()], true));
    // Run, and unable to tell its elements.
    let mut open = old.clone();
    open.results[0].outcome = Outcome::Indeterminate;
    open.results[0].findings = vec![super::missing("lei-record")];
    let compared = diff(&old, &open);
    assert_eq!(rules(&compared.not_decided), ["LE-6.3.1.b.2"]);
    assert_eq!(rules(&compared.new), ["LE-6.3.1.b.2"]);
    assert!(compared.fixed.is_empty());
    // Run, and it holds.
    let mut passing = old.clone();
    passing.results[0] = super::passing("LE-6.3.1.b.2");
    let compared = diff(&old, &passing);
    assert_eq!((rules(&compared.fixed), compared.is_worse()), (vec!["LE-6.3.1.b.2".to_owned()], false));
    // A waiver makes it otherwise, and not worse; its end makes it worse.
    let mut covered = old.clone();
    covered.results[2].findings[0].waiver = Some("W-1".to_owned());
    let compared = diff(&old, &covered);
    assert_eq!(compared.changed.len(), 1);
    assert!(!compared.is_worse() && diff(&covered, &old).is_worse());
    // A higher level is worse.
    let mut raised = old.clone();
    raised.results[2].findings[0].level = Level::Block;
    assert!(diff(&old, &raised).is_worse() && !diff(&raised, &old).is_worse());
    // Other words alone are no change.
    let mut reworded = old.clone();
    reworded.results[0].findings[0].message = "in other words".to_owned();
    assert!(diff(&old, &reworded).changed.is_empty());
    let mut indeterminate = old.clone();
    indeterminate.verdict = Verdict::Clean;
    assert!(diff(&indeterminate, &old).is_worse());
}

#[test]
fn a_credential_has_a_report_like_a_case() {
    let folder = tempfile::tempdir().unwrap();
    let streams: Value = serde_json::from_slice(&fs::read("fixtures/streams/streams.json").unwrap()).unwrap();
    let mut verdicts = Vec::new();
    for stream in ["valid", "revoked", "truncated", "no-registry", "withheld"] {
        let file = format!("fixtures/streams/{stream}.cesr");
        let (json, sarif) = (target(folder.path(), "json", "c.json"), target(folder.path(), "sarif", "c.sarif"));
        let root = streams[stream]["root"].as_str().unwrap();
        let ran = run(&[
            "credential",
            "verify",
            &file,
            "--root",
            root,
            "--as-of",
            "2026-06-01T00:00:00Z",
            "--report",
            &json,
            "--report",
            &sarif,
        ]);
        let document = read(folder.path().join("c.json").to_str().unwrap());
        let status = document.verdict.exit_status(document.run.fail_on);
        assert_eq!(Some(i32::from(status)), ran.status, "{stream}: {} {}", document.verdict.as_str(), ran.stdout);
        let cryptography = document.results.iter().find(|result| result.rule == "keri.verified").unwrap();
        assert_eq!(cryptography.findings.is_empty(), cryptography.outcome.as_str() == "pass");
        assert!(document.files.iter().all(|file| file.path == format!("{stream}.cesr")), "{:?}", document.files);
        verdicts.push((stream, ran.status));
        // The same stream gives the same bytes again, whatever it is called; another root, or another stream, does not.
        let (saved, renamed) = (folder.path().join("c.json"), folder.path().join("renamed.cesr"));
        fs::copy(&file, &renamed).unwrap();
        let verify = |case: &str, root: &str| {
            run(&["report", "verify", saved.to_str().unwrap(), "--case", case, "--root", root])
        };
        let same = verify(renamed.to_str().unwrap(), root);
        assert_eq!(same.status, Some(0), "{stream}: {}{}", same.stdout, same.stderr);
        let foreign = verify(&file, "EJC6mvmEK_i-S0kQkRZh781RupPQ1pjHNSZLi0dxPhKk");
        assert_eq!(foreign.status, Some(1), "{stream}: {}{}", foreign.stdout, foreign.stderr);
        assert!(foreign.stdout.contains("trust: "), "{}", foreign.stdout);
        if stream == "valid" {
            let other = verify("fixtures/streams/revoked.cesr", root);
            assert_eq!(other.status, Some(1), "{}{}", other.stdout, other.stderr);
            assert!(!document.chain.is_empty());
        }
        let rows = super::readers::json(&fs::read(folder.path().join("c.json")).unwrap());
        assert_eq!(super::readers::sarif(&fs::read(folder.path().join("c.sarif")).unwrap()), rows, "{stream}");
    }
    assert!(
        verdicts.contains(&("valid", Some(0))) && verdicts.iter().any(|(_, status)| *status == Some(1)),
        "{verdicts:?}"
    );
}
