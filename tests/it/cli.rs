//! The command line as its users run it.

use std::fs;
use std::path::Path;

use assert_cmd::Command;

use crate::lei::{LEI, Server, body, ok, status};

const AS_OF: &str = "2026-03-20T15:00:00Z";
const KEYS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/keri/b0/keys.json");

struct Run {
    status: Option<i32>,
    stdout: String,
    stderr: String,
}

fn command() -> Command {
    let mut command = Command::cargo_bin("countersign").unwrap();
    command.current_dir(env!("CARGO_MANIFEST_DIR")).env("LC_ALL", "C.UTF-8");
    for name in ["NO_COLOR", "CLICOLOR_FORCE", "COLUMNS"] {
        command.env_remove(name);
    }
    command
}

fn finish(mut command: Command) -> Run {
    let output = command.output().unwrap();
    Run {
        status: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

fn run(arguments: &[&str]) -> Run {
    let mut command = command();
    command.args(arguments);
    finish(command)
}

fn run_in(folder: &Path, arguments: &[&str]) -> Run {
    let mut command = command();
    command.current_dir(folder).args(arguments);
    finish(command)
}

fn check_b0(more: &[&str]) -> Run {
    let base = ["check", "fixtures/cases/b0", "--as-of", AS_OF, "--trust", "fixtures/trust.json"];
    run(&[&base, more].concat())
}

fn text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

#[test]
fn the_reference_case_is_clean_and_a_variant_is_not() {
    let clean = check_b0(&[]);
    assert_eq!(clean.status, Some(0), "{}{}", clean.stdout, clean.stderr);
    assert!(clean.stdout.starts_with("clean: "), "{}", clean.stdout);
    let lapsed = check_b0(&["--patch", "fixtures/variants/lapsed-renewal.yaml"]);
    assert_eq!(lapsed.status, Some(1));
    for rule in ["PROV-1.c", "LE-6.3.1.b.2", "PROV-5.a", "LE-6.3.2.c.i", "EGF3-TR1-6.10.1", "PROV-14.b"] {
        assert!(lapsed.stdout.contains(rule), "{rule}\n{}", lapsed.stdout);
    }
}

#[test]
fn the_exit_status_says_what_the_verdict_is() {
    let scratch = tempfile::tempdir().unwrap();
    let patch = |name: &str, steps: &str| {
        let path = scratch.path().join(name);
        fs::write(&path, format!("keys: {KEYS}\npatch:\n{steps}")).unwrap();
        text(&path)
    };
    let missing = patch("missing.yaml", "  - remove: records/issuance-plan.json\n");
    let elsewhere = patch("elsewhere.yaml", "  - set: records/onboarding-request.json#/to\n    to: a@b.example\n");
    let verdict = |patch: &str, fail_on: &str| check_b0(&["--patch", patch, "--fail-on", fail_on]);
    // What cannot be judged is neither a pass nor a failure, whatever is asked.
    for fail_on in ["warn", "block"] {
        let run = verdict(&missing, fail_on);
        assert_eq!(run.status, Some(3), "{}", run.stdout);
        assert!(run.stdout.contains("--kind issuance-plan"), "{}", run.stdout);
    }
    assert_eq!(verdict(&elsewhere, "warn").status, Some(1));
    assert_eq!(verdict(&elsewhere, "block").status, Some(0));
    let nowhere = patch("nowhere.yaml", "  - remove: records/nothing.json\n");
    assert_eq!(verdict(&nowhere, "warn").status, Some(2));
}

#[test]
fn a_bundle_alone_leaves_what_was_decided_not_yet_due() {
    let run = run(&[
        "check",
        "fixtures/cases/b0/bundle",
        "--as-of",
        AS_OF,
        "--trust",
        "fixtures/trust.json",
        "--format",
        "json",
    ]);
    assert_eq!(run.status, Some(0), "{}{}", run.stdout, run.stderr);
    let value: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let not_yet_due: Vec<&str> =
        value["not_yet_due"].as_array().unwrap().iter().map(|id| id.as_str().unwrap()).collect();
    assert!(not_yet_due.contains(&"LE-6.4.2.a"), "{not_yet_due:?}");
}

#[test]
fn the_json_report_fits_its_schema_and_is_the_same_every_time() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let schema: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(root.join("schemas/report.schema.json")).unwrap()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for more in [
        &[][..],
        &["--patch", "fixtures/variants/lapsed-renewal.yaml"],
        &["--stage", "approval", "--profile", "egf-strict", "--set", "lei_record_max_age=24h"],
        &["--stage", "closing", "--profile", "audit"],
    ] {
        let json = || check_b0(&[&["--format", "json"], more].concat()).stdout;
        let first = json();
        assert_eq!(first, json());
        let value: serde_json::Value = serde_json::from_str(&first).unwrap();
        let problems: Vec<String> =
            validator.iter_errors(&value).map(|e| format!("{}: {e}", e.instance_path())).collect();
        assert!(problems.is_empty(), "{problems:#?}");
        let document: countersign::report::ReportDocument = serde_json::from_value(value).unwrap();
        assert_eq!(document.said, countersign::report::said(&document));
        assert_eq!(document.judgement, countersign::report::judgement(&document));
        assert_eq!(first.trim_end().as_bytes(), countersign::report::json::canonical(&document));
        assert!(!first.contains(env!("CARGO_MANIFEST_DIR")), "no absolute path");
    }
}

#[test]
fn an_overridden_parameter_stands_in_the_report() {
    let run = check_b0(&["--set", "lei_record_max_age=24h"]);
    assert!(
        run.stdout.contains("parameter lei_record_max_age = 24h (set by command line; default 168h)"),
        "{}",
        run.stdout
    );
}

#[test]
fn a_run_that_cannot_be_made_ends_with_2_and_says_what_to_do() {
    let cases: &[(&[&str], &str)] = &[
        (&["check", "fixtures/cases/b0"], "countersign trust init"),
        (&["check", "fixtures/cases/b9", "--trust", "fixtures/trust.json"], "cannot be read"),
        (&["check", "fixtures/cases/b0", "--trust", "README.md"], "the trust file is not strict JSON"),
        (&["check", "fixtures/cases/b0", "--trust", "fixtures/trust.json", "--profile", "lax"], "profiles: house"),
        (&["check", "fixtures/cases/b0", "--trust", "fixtures/trust.json", "--flow", "le"], "flows: le-unsolicited"),
        (
            &["check", "fixtures/cases/b0", "--trust", "fixtures/trust.json", "--set", "lei_record_max_aeg=1h"],
            "did you mean `lei_record_max_age`",
        ),
        (&["check", "fixtures/cases/b0", "--trust", "fixtures/trust.json", "--set", "lei_record_max_age=soon"], "168h"),
        (
            &["check", "fixtures/cases/b0", "--trust", "fixtures/trust.json", "--as-of", "2026-03-20T15:00:00"],
            "it has no offset",
        ),
        (&["check", "fixtures/cases/b0", "--trust", "fixtures/trust.json", "--stage", "later"], "possible values"),
        (&["check", "fixtures/cases/b0", "--trust", "fixtures/trust.json", "--policies", "src"], "no policy"),
        (
            &["check", "fixtures/cases/b0", "--trust", "fixtures/trust.json", "--schemas", "schemas"],
            "no official credential schema",
        ),
        (&["policy", "matrix", "--pack", "two-qars"], "packs: acdc-chain, auth-issuance, bundle-integrity, "),
        (&["explain", "LE-6.3.1.b.22"], "did you mean"),
        (&["--config", "no-such.toml", "doctor"], "no-such.toml"),
    ];
    for (arguments, expected) in cases {
        let run = run(arguments);
        assert_eq!(run.status, Some(2), "{arguments:?}\n{}{}", run.stdout, run.stderr);
        let unwrapped = run.stderr.split_whitespace().collect::<Vec<_>>().join(" ").replace("│ ", "");
        assert!(unwrapped.contains(expected), "{arguments:?}: `{expected}` is not in\n{}", run.stderr);
        assert!(run.stdout.is_empty(), "{arguments:?}");
    }
}

#[test]
fn an_output_file_is_written_whole_and_never_into_the_case() {
    let scratch = tempfile::tempdir().unwrap();
    let report = scratch.path().join("report.json");
    for _ in 0..2 {
        let run = check_b0(&["--format", "json", "--output", &text(&report)]);
        assert_eq!(run.status, Some(0), "{}", run.stderr);
        assert!(run.stdout.starts_with("clean"), "{}", run.stdout);
        serde_json::from_str::<serde_json::Value>(&fs::read_to_string(&report).unwrap()).unwrap();
    }
    assert_eq!(fs::read_dir(scratch.path()).unwrap().count(), 1, "no draft is left");
    let inside = check_b0(&["--output", "fixtures/cases/b0/bundle/report.txt"]);
    assert_eq!(inside.status, Some(2));
    assert!(!Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/cases/b0/bundle/report.txt").exists());
}

#[test]
fn colours_only_where_they_are_wanted() {
    assert!(!check_b0(&[]).stdout.contains('\u{1b}'));
    assert!(check_b0(&["--color", "always"]).stdout.contains('\u{1b}'));
    let mut forced = command();
    forced.env("CLICOLOR_FORCE", "1").env("NO_COLOR", "1");
    forced.args(["check", "fixtures/cases/b0", "--as-of", AS_OF, "--trust", "fixtures/trust.json", "--color", "never"]);
    assert!(!finish(forced).stdout.contains('\u{1b}'));
}

#[test]
fn narrow_and_ascii_terminals_get_what_they_can_show() {
    let mut narrow = command();
    narrow.env("COLUMNS", "44").env("LC_ALL", "C");
    narrow.args(["check", "fixtures/cases/b0", "--as-of", AS_OF, "--trust", "fixtures/trust.json"]);
    narrow.args(["--patch", "fixtures/variants/lapsed-renewal.yaml"]);
    let run = finish(narrow);
    assert!(run.stdout.is_ascii());
    assert!(run.stdout.lines().all(|line| line.len() <= 44), "{}", run.stdout);
}

#[test]
fn a_closed_pipe_is_no_error() {
    use std::process::{Command, Stdio};
    let binary = assert_cmd::cargo::cargo_bin("countersign");
    let mut child = Command::new(binary)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["man"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn a_closed_pipe_takes_nothing_from_the_verdict() {
    use std::process::{Command, Stdio};
    let case = ["check", "fixtures/cases/b0", "--as-of", AS_OF, "--trust", "fixtures/trust.json"];
    let mut child = Command::new(assert_cmd::cargo::cargo_bin("countersign"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(case)
        .args(["--patch", "fixtures/variants/lapsed-renewal.yaml"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_file_cannot_speak_to_the_terminal() {
    let scratch = tempfile::tempdir().unwrap();
    let policies = scratch.path().join("policies");
    fs::create_dir(&policies).unwrap();
    fs::write(policies.join("doc.yaml"), "document: doc\n# \u{1b}]0;owned\u{7}\nbogus: 1\n").unwrap();
    let trust = scratch.path().join("trust.json");
    fs::write(&trust, "{ \"version\": 1, \"\u{1b}[2Jx\": 2 }").unwrap();
    for arguments in [["policy", "check", &text(&policies)], ["trust", "show", &format!("--trust={}", text(&trust))]] {
        for colour in ["always", "never"] {
            let run = run(&[&["--color", colour], &arguments[..]].concat());
            assert_eq!(run.status, Some(2), "{}", run.stderr);
            assert!(!run.stderr.contains(['\u{1b}', '\u{7}']), "{}", run.stderr);
            assert!(run.stderr.contains('\u{fffd}'), "{}", run.stderr);
        }
    }
}

#[test]
fn settings_come_from_the_current_folder_and_options_win() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let scratch = tempfile::tempdir().unwrap();
    let trust = text(&root.join("fixtures/trust.json"));
    fs::write(scratch.path().join("countersign.toml"), format!("trust = {trust:?}\nprofile = \"egf-strict\"\n"))
        .unwrap();
    let case = text(&root.join("fixtures/cases/b0"));
    let profile = |more: &[&str]| {
        let run = run_in(scratch.path(), &[&["check", &case, "--as-of", AS_OF, "--format", "json"], more].concat());
        let value: serde_json::Value = serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{}", run.stderr));
        value["run"]["profile"].as_str().unwrap().to_owned()
    };
    assert_eq!(profile(&[]), "egf-strict");
    assert_eq!(profile(&["--profile", "house"]), "house");

    let doctor = run_in(scratch.path(), &["doctor"]);
    assert_eq!(doctor.status, Some(0), "{}", doctor.stdout);
    for expected in
        ["countersign.toml", "egf-strict", "serial 1\n    sha256 ", "(embedded)", "https://api.gleif.org/api/v1"]
    {
        assert!(doctor.stdout.contains(expected), "{expected}\n{}", doctor.stdout);
    }
    fs::write(scratch.path().join("countersign.toml"), "trust = \"none.json\"\n").unwrap();
    assert_eq!(run_in(scratch.path(), &["doctor"]).status, Some(2));
    fs::write(scratch.path().join("countersign.toml"), "tust = \"none.json\"\n").unwrap();
    let misspelt = run_in(scratch.path(), &["doctor"]);
    assert_eq!(misspelt.status, Some(2));
    assert!(misspelt.stderr.contains("tust"), "{}", misspelt.stderr);
}

#[test]
fn the_settings_schema_has_the_settings() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let schema: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(root.join("schemas/config.schema.json")).unwrap()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for (name, property) in schema["properties"].as_object().unwrap() {
        let scratch = tempfile::tempdir().unwrap();
        let config = scratch.path().join("c.toml");
        let signer = serde_json::json!({
            "name": "device", "command": ["sign"], "aid": "EHowwGuu5lztml5EN_RGXAdDYdFCTAh6zPLvpqmXn7PU",
            "key": "DHczsX-yq2PubpXbWF9fYtH_fVtq-APheKZ1ISxxX8IZ", "deadline_s": 60,
        });
        let (value, text_of) = match name.as_str() {
            "signers" => {
                let members = signer.as_object().unwrap().iter().map(|(member, value)| format!("{member} = {value}\n"));
                (serde_json::json!([signer]), format!("[[signers]]\n{}", members.collect::<String>()))
            }
            name => {
                let value = match property["type"].as_str().unwrap() {
                    "array" => serde_json::json!(["x"]),
                    "integer" => serde_json::json!(5),
                    _ => serde_json::json!("x"),
                };
                let text = format!("{name} = {value}\n");
                (value, text)
            }
        };
        fs::write(&config, text_of).unwrap();
        assert!(validator.is_valid(&serde_json::json!({ name: value })));
        // Accepted as a setting, whatever it then says of its value.
        let run = run(&["--config", &text(&config), "completions", "bash"]);
        assert_eq!(run.status, Some(0), "{name}: {}", run.stderr);
    }
    assert!(!validator.is_valid(&serde_json::json!({ "other": "x" })));
}

#[test]
fn explain_tells_of_rules_requirements_and_codes() {
    let rule = run(&["explain", "le-6.3.1.b.2"]);
    assert_eq!(rule.status, Some(0), "{}", rule.stderr);
    for expected in [
        "Legal Entity vLEI Credential Framework",
        "lei-record",
        "require:",
        "passes, for example",
        "fails, for example",
    ] {
        assert!(rule.stdout.contains(expected), "{expected}\n{}", rule.stdout);
    }
    let code = run(&["explain", "duplicate_key"]);
    assert!(code.stdout.contains("countersign::bundle::duplicate_key"), "{}", code.stdout);
    assert!(code.stdout.contains("countersign::policy::duplicate_key"), "{}", code.stdout);
    let full = run(&["explain", "countersign::gleif::list"]);
    assert!(full.stdout.contains("list of one"), "{}", full.stdout);
}

#[test]
fn every_code_of_the_sources_is_explained() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut codes = Vec::new();
    collect_codes(&root.join("src"), &mut codes);
    codes.sort();
    codes.dedup();
    assert!(codes.len() > 100, "{}", codes.len());
    let page = fs::read_to_string(root.join("docs/errors.md")).unwrap();
    let explained: Vec<&str> = page.split("\n## `").skip(1).map(|section| section.split('`').next().unwrap()).collect();
    let compiler: Vec<&str> = countersign::compile::codes().iter().map(|(code, _, _)| *code).collect();
    for code in &codes {
        let known = explained.contains(&code.as_str()) || compiler.contains(&code.as_str());
        assert!(known, "`{code}` has no section in docs/errors.md");
    }
    for code in explained {
        assert!(codes.iter().any(|known| known == code), "docs/errors.md explains `{code}`, which nothing gives");
    }
}

/// Codes as the sources write them: whole in an attribute, or a name in a table under a prefix.
fn collect_codes(folder: &Path, codes: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect_codes(&path, codes);
            continue;
        }
        let source = fs::read_to_string(&path).unwrap();
        for rest in source.split("code(countersign::").skip(1) {
            codes.push(format!("countersign::{}", rest.split(')').next().unwrap()));
        }
        for table in source.split("codes! {").skip(1) {
            let prefix = source.split("\"countersign::").nth(1).unwrap().split('"').next().unwrap();
            for line in table.lines().map(str::trim).take_while(|line| !line.starts_with('}')) {
                let name = line.split_once("=> \"").or_else(|| line.split_once(" = \""));
                if let Some((_, rest)) = name.filter(|_| !line.starts_with("//")) {
                    codes.push(format!("countersign::{prefix}{}", rest.split('"').next().unwrap()));
                }
            }
        }
    }
}

#[test]
fn the_matrix_lists_every_rule_and_every_requirement_that_waits() {
    let all = run(&["policy", "matrix"]);
    assert_eq!(all.status, Some(0), "{}", all.stderr);
    let program = countersign::compile::shipped().unwrap();
    for id in program.rules.iter().map(|rule| &rule.id).chain(program.pending.iter().map(|pending| &pending.id)) {
        assert!(all.stdout.lines().any(|line| line.split_whitespace().next() == Some(id)), "{id}");
    }
    let pack = run(&["policy", "matrix", "--pack", "two-qar"]);
    assert!(pack.stdout.lines().count() < all.stdout.lines().count());
}

#[test]
fn completions_and_manual_are_made_from_the_arguments() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let run = run(&["completions", shell]);
        assert!(run.status == Some(0) && run.stdout.contains("countersign"), "{shell}");
    }
    assert!(run(&["man"]).stdout.contains(".TH"));
    assert!(run(&["man", "bundle", "add"]).stdout.contains("kind"));
    assert_eq!(run(&["man", "nothing"]).status, Some(2));
}

#[test]
fn a_trust_file_is_made_once_and_read_back() {
    let scratch = tempfile::tempdir().unwrap();
    let file = text(&scratch.path().join("trust.json"));
    let aid = |label: &str| countersign::primitives::Said::of(label.as_bytes()).to_string();
    let (root, geda, qvi, officer, key) = (aid("r"), aid("g"), aid("q"), aid("o"), aid("k"));
    let arguments = [
        "trust",
        "init",
        &file,
        "--root",
        &root,
        "--geda",
        &geda,
        "--qvi",
        &qvi,
        "--officer",
        &officer,
        "--officer-threshold",
        "1",
        "--policy-key",
        &key,
        "--policy-threshold",
        "1",
        "--valid-from",
        AS_OF,
    ];
    let made = run(&arguments);
    assert_eq!(made.status, Some(0), "{}", made.stderr);
    let shown = run(&["trust", "show", "--trust", &file]);
    assert!(shown.stdout.contains(&qvi), "{}", shown.stdout);
    let again = run(&arguments);
    assert_eq!(again.status, Some(2));
    assert!(again.stderr.contains("is not replaced"), "{}", again.stderr);

    let other = text(&scratch.path().join("other.json"));
    let beyond: Vec<&str> = arguments
        .iter()
        .map(|&argument| {
            if argument == "1" {
                "2"
            } else if argument == file {
                &other
            } else {
                argument
            }
        })
        .collect();
    assert_eq!(run(&beyond).status, Some(2), "a threshold that cannot be reached");
    assert!(!Path::new(&other).exists());
}

#[test]
fn a_case_is_laid_out_filled_shown_and_sealed() {
    let scratch = tempfile::tempdir().unwrap();
    let case = text(&scratch.path().join("acme"));
    let new =
        run(&["bundle", "new", &case, "--flow", "le-unsolicited", "--lei", LEI, "--trust", "fixtures/trust.json"]);
    assert_eq!(new.status, Some(0), "{}", new.stderr);
    let fixture = "fixtures/cases/b0/bundle/records/issuance-plan.json";
    let add = run(&["bundle", "add", fixture, "--kind", "issuance-plan", "--into", &case]);
    assert_eq!(add.status, Some(0), "{}", add.stderr);
    assert_eq!(run(&["bundle", "add", fixture, "--kind", "issuance-plan", "--into", &case]).status, Some(2), "twice");
    let wrong = run(&["bundle", "add", fixture, "--kind", "lei-record", "--into", &case]);
    assert_eq!(wrong.status, Some(2));
    assert!(wrong.stderr.contains("issuance-plan"), "{}", wrong.stderr);

    let show = run(&["bundle", "show", &case, "--stage", "evidence"]);
    assert!(show.stdout.contains("issuance-plan") && show.stdout.contains("missing:"), "{}", show.stdout);
    let seal = run(&["bundle", "seal", &case, "--by", "Q1"]);
    assert_eq!(seal.status, Some(0), "{}", seal.stderr);
    let verify = run(&["bundle", "verify", &case]);
    assert_eq!(verify.status, Some(0), "{}", verify.stdout);
    assert!(verify.stdout.starts_with("intact"), "{}", verify.stdout);

    let check = run(&["check", &case, "--as-of", AS_OF, "--trust", "fixtures/trust.json"]);
    assert!(check.stdout.contains("to do"), "{}", check.stdout);
    assert!(check.stdout.contains("[x] issuance-plan") && check.stdout.contains("[ ] ida-record"), "{}", check.stdout);
    assert!(check.stdout.contains(&format!("countersign lei fetch {LEI} --into ")), "{}", check.stdout);

    let record = scratch.path().join("acme/bundle/records/issuance-plan.json");
    fs::write(&record, fs::read_to_string(&record).unwrap().replace("2026", "2027")).unwrap();
    let altered = run(&["bundle", "verify", &case]);
    assert_eq!(altered.status, Some(1));
    assert!(altered.stdout.contains("countersign::bundle::digest_mismatch"), "{}", altered.stdout);
}

/// A case to fetch into.
fn empty_case(scratch: &Path) -> String {
    let case = text(&scratch.join("acme"));
    let new =
        run(&["bundle", "new", &case, "--flow", "le-unsolicited", "--lei", LEI, "--trust", "fixtures/trust.json"]);
    assert_eq!(new.status, Some(0), "{}", new.stderr);
    case
}

fn fetch(server: &Server, case: &str, more: &[&str]) -> Run {
    run(&[&["lei", "fetch", LEI, "--into", case, "--base-url", &server.url], more].concat())
}

#[test]
fn a_lei_record_is_saved_as_received() {
    let scratch = tempfile::tempdir().unwrap();
    let case = empty_case(scratch.path());
    let server = Server::new(vec![status("500 Internal Server Error"), ok(body(LEI)), ok(body(LEI))]);
    for _ in 0..2 {
        let run = fetch(&server, &case, &["--by", "Q1", "--purpose", "session"]);
        assert_eq!(run.status, Some(0), "{}", run.stderr);
    }
    let raw = Path::new(&case).join("bundle/raw/lei-record-1.json");
    assert_eq!(fs::read(raw).unwrap(), body(LEI));
    let record = fs::read_to_string(Path::new(&case).join("bundle/records/lei-record-2.json")).unwrap();
    let record: serde_json::Value = serde_json::from_str(&record).unwrap();
    assert_eq!(record["http_status"], 200);
    assert_eq!(record["requested_lei"], LEI);
    assert_eq!(record["request_url"], format!("{}/lei-records/{LEI}", server.url));
    assert_eq!(record["body_path"], "raw/lei-record-2.json");
    assert_eq!(record["purpose"], "session");
    let verify = run(&["bundle", "verify", &case]);
    assert_eq!(verify.status, Some(0), "{}", verify.stdout);
    assert!(server.requests()[2].starts_with(&format!("GET /lei-records/{LEI} HTTP/1.1")));
}

#[test]
fn an_answer_that_is_no_evidence_is_not_saved() {
    let html = ok(b"<html><body>maintenance</body></html>".to_vec());
    let list = ok(format!(r#"{{"data":[{{"id":"{LEI}","attributes":{{"lei":"{LEI}"}}}}]}}"#).into_bytes());
    let answers = [
        (status("404 Not Found"), "countersign::gleif::not_found"),
        (html, "countersign::gleif::not_json"),
        (list, "countersign::gleif::list"),
        (ok(body("506700GE1G29325QX363")), "countersign::gleif::other_lei"),
    ];
    for (answer, code) in answers {
        let scratch = tempfile::tempdir().unwrap();
        let case = empty_case(scratch.path());
        let before = fs::read(Path::new(&case).join("bundle/manifest.json")).unwrap();
        let server = Server::new(vec![answer]);
        let run = fetch(&server, &case, &["--by", "Q1"]);
        assert_eq!(run.status, Some(2), "{code}");
        assert!(run.stderr.contains(code), "{}", run.stderr);
        assert_eq!(fs::read(Path::new(&case).join("bundle/manifest.json")).unwrap(), before);
        assert_eq!(fs::read_dir(Path::new(&case).join("bundle/raw")).unwrap().count(), 0);
    }
    let scratch = tempfile::tempdir().unwrap();
    let case = empty_case(scratch.path());
    let server = Server::new(vec![]);
    assert!(fetch(&server, &case, &[]).stderr.contains("--by"), "nobody answers for it");
}

/// Whatever an instant is for: without an offset nobody knows which moment it is.
#[test]
fn an_instant_without_an_offset_is_never_clean() {
    let scratch = tempfile::tempdir().unwrap();
    let patch = scratch.path().join("naive.yaml");
    for field in [
        "records/le-profile.json#/recorded_at",
        "records/le-qvi-contract.json#/valid_to",
        "records/recording-1.json#/retention_until",
        "records/trust-pins.json#/valid_from",
        "records/schema-pin-le.json#/valid_from",
        "raw/lei-record-r2.json#/data/attributes/registration/nextRenewalDate",
    ] {
        let step =
            format!("name: n\nfixture: b0\nkeys: {KEYS}\npatch:\n  - set: {field}\n    to: 2026-03-01T00:00:00\n");
        fs::write(&patch, step).unwrap();
        let run = check_b0(&["--patch", &text(&patch), "--format", "json"]);
        assert_eq!(run.status, Some(3), "{field}\n{}{}", run.stdout, run.stderr);
        let report: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
        let gate = report["results"].as_array().unwrap().iter().find(|result| result["rule"] == "GATE-7").unwrap();
        assert_eq!(gate["outcome"], "indeterminate", "{field}");
    }
}

#[test]
fn a_check_reads_the_rules_of_a_folder_and_not_the_cases_beside_them() {
    let folder = tempfile::tempdir().unwrap();
    let house = folder.path().join("policies");
    assert_eq!(run(&["policy", "export", house.to_str().unwrap()]).status, Some(0));
    let house = house.to_str().unwrap();
    fs::write(Path::new(house).join("broken.cases.yaml"), "cases: [\n").unwrap();
    let check = ["check", "fixtures/cases/b0", "--trust", "fixtures/trust.json", "--as-of", AS_OF];
    let with_folder = run(&[&check[..], &["--policies", house]].concat());
    assert_eq!((with_folder.status, with_folder.stdout), (Some(0), run(&check).stdout), "{}", with_folder.stderr);
    for arguments in [&["explain", "GATE-1", "--policies", house][..], &["policy", "check", house]] {
        let refused = run(arguments);
        assert_eq!(refused.status, Some(2), "{arguments:?}");
        assert!(refused.stderr.contains("broken.cases.yaml"), "{arguments:?}: {}", refused.stderr);
    }
}
