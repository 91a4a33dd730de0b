//! The table of reasons is closed, and told; each attack of docs/attacks.md has its test; and nobody else says yes.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use countersign::gate::{Code, Step};

use crate::fixture::body_of_test;

#[test]
fn each_reason_has_a_name_of_its_own_and_belongs_to_a_step() {
    let names: BTreeSet<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(names.len(), Code::ALL.len());
    let steps: Vec<Step> = Code::ALL.iter().map(|code| code.step()).collect();
    assert!(steps.is_sorted());
    assert_eq!(steps.into_iter().collect::<BTreeSet<_>>(), Step::ALL.into());
    for code in Code::ALL {
        let help = code.help();
        assert!(!help.is_empty() && !help.ends_with('.'), "{code}: {help}");
    }
}

#[test]
fn each_reason_is_explained() {
    let errors = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/errors.md")).unwrap();
    for code in Code::ALL {
        let heading = format!("## `{code}`\n");
        let section = errors.split(&heading).nth(1).unwrap_or_else(|| panic!("docs/errors.md has no `{code}`"));
        let step = format!("Step {}, {}.", code.step().number(), code.step().as_str());
        assert!(section.split("\n## ").next().unwrap().contains(&step), "{code} is not said to be of {step}");
    }
}

/// The rows of docs/attacks.md: the reason, and the test that expects it.
#[test]
fn each_attack_has_its_test() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("docs/attacks.md")).unwrap();
    let rows: Vec<Vec<&str>> = page
        .lines()
        .filter(|line| line.starts_with("| ") && line.contains('`'))
        .map(|line| line.split('`').skip(1).step_by(2).collect())
        .collect();
    assert!(rows.len() > 50, "the table was not read");
    for row in rows {
        let [reason, test] = row.as_slice() else { panic!("{row:?}") };
        let code = Code::ALL.iter().find(|code| code.as_str() == format!("countersign::gate::{reason}"));
        let code = code.unwrap_or_else(|| panic!("there is no reason `{reason}`"));
        let (module, name) = test.split_once("::").unwrap();
        let text = fs::read_to_string(root.join(format!("tests/it/gate/{module}.rs"))).unwrap();
        let body = body_of_test(&text, name).unwrap_or_else(|| panic!("there is no test `{test}`"));
        assert!(body.contains(&format!("Code::{code:?}")), "`{test}` does not expect {code:?}");
    }
}

/// The two examples of a maker that is nobody else's: one that must not compile, and the same without one line.
#[test]
fn nobody_else_makes_a_clearance_and_for_the_reason_that_is_said() {
    for (file, code) in
        [("src/gate/clear.rs", "E0451"), ("src/gate/refusal.rs", "E0451"), ("src/keystore/signable.rs", "E0624")]
    {
        let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap();
        let example = |opens: &str, text: &str| -> (Vec<String>, String) {
            let (_, rest) = text.split_once(opens).unwrap_or_else(|| panic!("{file} has no `{opens}`"));
            let (example, rest) = rest.split_once("/// ```\n").unwrap();
            let lines = example.lines().map(|line| line.trim_start_matches("/// ").to_owned());
            (lines.collect(), rest.to_owned())
        };
        let (bad, rest) = example(&format!("/// ```compile_fail,{code}\n"), &text);
        let (good, _) = example("/// ```\n", &rest);
        let line: Vec<&String> = bad.iter().filter(|line| !good.contains(line)).collect();
        assert_eq!(line.len(), 1, "{file}: {line:?}");
        let without: Vec<&String> = bad.iter().filter(|kept| *kept != line[0]).collect();
        assert_eq!(without, good.iter().collect::<Vec<_>>(), "{file}");

        let library = libraries().into_iter().find(|library| compiled(&good, library).status.success());
        let library = library.unwrap_or_else(|| panic!("{file}: the one that must compile does not"));
        let refused = String::from_utf8(compiled(&bad, &library).stderr).unwrap();
        let errors: BTreeSet<&str> = refused.lines().filter(|line| line.starts_with("error")).collect();
        let coded = format!("error[{code}]");
        let known = |line: &&&str| line.starts_with(&coded) || line.starts_with("error: aborting due to");
        assert!(refused.contains(&coded), "{file}: {refused}");
        assert_eq!(errors.iter().filter(known).count(), errors.len(), "{file}: {refused}");
    }
}

/// What was built of this library, the latest first: this test rests on one of them.
fn libraries() -> Vec<PathBuf> {
    let folder = std::env::current_exe().unwrap().parent().unwrap().to_owned();
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let is_ours = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy();
        name.starts_with("libcountersign-") && name.ends_with(".rlib")
    };
    let mut found: Vec<PathBuf> = entries.filter(is_ours).collect();
    found.sort_by_key(|path| std::cmp::Reverse(fs::metadata(path).unwrap().modified().unwrap()));
    found
}

fn compiled(lines: &[String], library: &Path) -> Output {
    let scratch = tempfile::tempdir().unwrap();
    fs::write(scratch.path().join("main.rs"), format!("fn main() {{\n{}\n}}\n", lines.join("\n"))).unwrap();
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let mut command = Command::new(rustc);
    command.current_dir(scratch.path()).args(["--edition=2024", "--emit=metadata", "--crate-type=bin", "main.rs"]);
    command.arg("--extern").arg(format!("countersign={}", library.display()));
    command.arg("-L").arg(format!("dependency={}", library.parent().unwrap().display()));
    command.output().unwrap()
}
