//! The README's commands, run as they stand there.

use std::path::Path;

use assert_cmd::Command;

/// Blocks of a language, in order.
fn blocks<'t>(text: &'t str, language: &str) -> Vec<&'t str> {
    let open = format!("```{language}\n");
    text.split(&open).skip(1).map(|rest| rest.split("```").next().unwrap()).collect()
}

fn run(arguments: &[&str]) -> (Option<i32>, String) {
    let output = Command::cargo_bin("countersign")
        .unwrap()
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("LC_ALL", "C.UTF-8")
        .env_remove("NO_COLOR")
        .env_remove("COLUMNS")
        .args(arguments)
        .output()
        .unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(text).unwrap())
}

fn readme() -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap()
}

#[test]
fn the_screenful_is_what_the_command_prints() {
    let readme = readme();
    let block = blocks(&readme, "console")[0];
    let (command, expected) = block.split_once('\n').unwrap();
    let arguments: Vec<&str> = command.strip_prefix("$ countersign ").unwrap().split(' ').collect();
    let (status, printed) = run(&arguments);
    assert_eq!(status, Some(1), "{printed}");
    let (beginning, rest) = expected.rsplit_once("…\n").unwrap();
    assert!(rest.is_empty());
    assert!(printed.starts_with(beginning), "README.md shows\n{beginning}\nand the command prints\n{printed}");
    assert!(beginning.lines().count() > 15 && beginning.lines().count() < 45, "one screenful");
}

#[test]
fn every_command_runs() {
    let readme = readme();
    let mut statuses = Vec::new();
    for line in blocks(&readme, "sh").into_iter().flat_map(str::lines) {
        let arguments: Vec<&str> = line.split(' ').collect();
        match arguments.as_slice() {
            ["cargo", "run", "--release", "--", arguments @ ..] => statuses.push(run(arguments).0),
            // This is that run.
            ["cargo", "test"] => {}
            ["cargo", "install", "--path", "."] => {}
            // The tests in walk.rs run it.
            ["fixtures/walk.sh", _] => {}
            ["countersign", arguments @ ..] => {
                let (status, printed) = run(arguments);
                assert!(status == Some(0) || status == Some(1), "{line}\n{printed}");
            }
            _ => panic!("README.md has a command that no test runs: {line}"),
        }
    }
    // The reference case, then the failing variant.
    assert_eq!(statuses, [Some(0), Some(1)]);
}

#[test]
fn the_main_job_and_the_tests_are_there() {
    let readme = readme();
    for command in [
        "cargo run --release -- check fixtures/cases/b0 --as-of 2026-03-20T15:00:00Z --trust fixtures/trust.json\n",
        "cargo test\n",
    ] {
        assert!(readme.contains(command), "{command}");
    }
}
