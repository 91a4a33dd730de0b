//! The commands of the README and of the guide, run as they stand there.

use std::path::Path;

use assert_cmd::Command;

/// Blocks of a language, in order.
fn blocks<'t>(text: &'t str, language: &str) -> Vec<&'t str> {
    let open = format!("```{language}\n");
    text.split(&open).skip(1).map(|rest| rest.split("```").next().unwrap()).collect()
}

fn run(arguments: &[&str]) -> (Option<i32>, String) {
    run_in(Path::new(env!("CARGO_MANIFEST_DIR")), arguments)
}

fn run_in(folder: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let output = Command::cargo_bin("countersign")
        .unwrap()
        .current_dir(folder)
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

/// A copy of what the guide works in: the policies, to be changed, and the rest of the repository beside them.
fn workplace() -> tempfile::TempDir {
    let scratch = tempfile::tempdir().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for beside in ["fixtures", "schemas"] {
        std::os::unix::fs::symlink(root.join(beside), scratch.path().join(beside)).unwrap();
    }
    for file in countersign::compile::shipped_files() {
        let path = scratch.path().join("policies").join(file.name());
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, file.text()).unwrap();
    }
    scratch
}

/// The words of a command, quotes around some of them.
fn words(command: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (at, part) in command.split('"').enumerate() {
        if at % 2 == 1 {
            words.push(part.to_owned());
        } else {
            words.extend(part.split_whitespace().map(str::to_owned));
        }
    }
    words
}

/// Whether a line is as shown, where `…` stands for anything.
fn is_as_shown(line: &str, shown: &str) -> bool {
    let mut parts = shown.split('…');
    let first = parts.next().unwrap();
    let Some(mut rest) = line.strip_prefix(first) else { return false };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    true
}

/// Whether lines are as shown, where a line of `…` stands for any number of them.
fn are_as_shown(lines: &[&str], shown: &[&str]) -> bool {
    match (lines, shown) {
        (_, ["…"]) | ([], []) => true,
        ([], _) | (_, []) => false,
        (_, ["…", shown @ ..]) => (0..=lines.len()).any(|at| are_as_shown(&lines[at..], shown)),
        ([line, lines @ ..], [first, shown @ ..]) => is_as_shown(line, first) && are_as_shown(lines, shown),
    }
}

#[test]
fn the_guide_is_followed_as_it_stands() {
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/writing-a-rule.md")).unwrap();
    let scratch = workplace();
    let (mut commands, mut files) = (0, 0);
    for (at, block) in page.split("```").enumerate().filter(|(at, _)| at % 2 == 1) {
        let (opening, body) = block.split_once('\n').unwrap();
        match opening.split_once(' ').unwrap_or((opening, "")) {
            ("yaml", path) => {
                let path = scratch.path().join(path);
                assert!(path.is_file(), "{} is not there when it is to be changed", path.display());
                std::fs::write(path, body).unwrap();
                files += 1;
            }
            ("console", "") => {
                for step in body.split("$ ").skip(1) {
                    let (command, shown) = step.split_once('\n').unwrap();
                    let words = words(command.strip_prefix("countersign ").unwrap());
                    let arguments: Vec<&str> = words.iter().map(String::as_str).collect();
                    let (_, printed) = run_in(scratch.path(), &arguments);
                    let lines: Vec<&str> = printed.trim_end().lines().collect();
                    let shown: Vec<&str> = shown.trim_end().lines().collect();
                    assert!(are_as_shown(&lines, &shown), "the guide shows\n{step}\nand the command prints\n{printed}");
                    commands += 1;
                }
            }
            ("sh", "") => assert_eq!(body, "cargo install --path .\n"),
            // Settings of an editor: their files are there.
            ("json", "") => {
                let settings: serde_json::Value = serde_json::from_str(body).unwrap();
                let schemas = settings["yaml.schemas"].as_object().unwrap();
                assert_eq!(schemas.len(), 7);
                assert!(schemas.keys().all(|path| scratch.path().join(path).is_file()), "{settings}");
            }
            (language, _) => panic!("block {at} is {language}, which no test runs"),
        }
    }
    assert!(commands >= 10 && files >= 4, "{commands} commands, {files} files");
}

#[test]
fn what_differs_from_the_page_is_noticed() {
    assert!(is_as_shown("12 files, 0 differ", "… files, 0 differ"));
    assert!(!is_as_shown("12 files, 1 differ", "… files, 0 differ"));
    assert!(are_as_shown(&["a", "b", "c"], &["a", "…", "c"]));
    assert!(!are_as_shown(&["a", "b", "d"], &["a", "…", "c"]));
    assert!(!are_as_shown(&["a", "b"], &["a"]));
    assert!(!are_as_shown(&["a"], &["a", "b"]));
    assert_eq!(words("check --set \"a=10 days\" x"), ["check", "--set", "a=10 days", "x"]);
}
