//! The pages of docs/: each is found, each link leads somewhere, and the first case goes as it is told.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn page(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The pages for people, by path from the root.
fn pages() -> Vec<String> {
    let mut found: Vec<String> =
        ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md"].map(str::to_owned).into();
    for entry in fs::read_dir(root().join("docs")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if name.ends_with(".md") {
            found.push(format!("docs/{name}"));
        }
    }
    found.sort();
    found
}

/// Where the links of a page lead that stay in the repository, without what stands in blocks.
fn links(text: &str) -> Vec<String> {
    let outside: String = text.split("```").step_by(2).collect();
    let targets = outside.split("](").skip(1).map(|rest| rest.split(')').next().unwrap().to_owned());
    targets.filter(|target| !target.contains("://")).collect()
}

#[test]
fn each_link_leads_somewhere() {
    let mut count = 0;
    for name in pages() {
        let folder = root().join(&name).parent().unwrap().to_owned();
        for target in links(&page(&name)) {
            count += 1;
            let (file, heading) = target.split_once('#').unwrap_or((&target, ""));
            let path = if file.is_empty() { root().join(&name) } else { folder.join(file) };
            assert!(path.exists(), "{name} links to `{target}`, which is not there");
            if !heading.is_empty() {
                let text = fs::read_to_string(&path).unwrap();
                let headings = text.lines().filter_map(|line| line.strip_prefix('#'));
                let mut anchors =
                    headings.map(|line| line.trim_start_matches('#').trim().to_lowercase().replace(' ', "-"));
                assert!(
                    anchors.any(|anchor| anchor == heading),
                    "{name} links to `{target}`, and there is no such heading"
                );
            }
        }
    }
    assert!(count > 80, "{count}");
}

#[test]
fn each_page_is_in_the_index_and_the_index_in_the_readme() {
    let listed: BTreeSet<String> = links(&page("docs/README.md")).into_iter().collect();
    for name in pages() {
        let Some(name) = name.strip_prefix("docs/").filter(|name| *name != "README.md") else { continue };
        assert!(listed.contains(name), "docs/README.md does not say who reads {name}");
    }
    assert!(links(&page("README.md")).contains(&"docs/README.md".to_owned()));
}

/// Each command that a page tells people to type is one that there is.
#[test]
fn each_command_of_the_pages_is_one() {
    let commands = page("docs/commands.md");
    let headings: BTreeSet<&str> = commands.lines().filter_map(|line| line.strip_prefix("## countersign ")).collect();
    assert!(headings.len() > 50, "{headings:?}");
    let groups: BTreeSet<&str> = headings.iter().filter_map(|heading| Some(heading.split_once(' ')?.0)).collect();
    // Some groups do something by themselves; what follows is an argument then, unless it is a command of the group.
    let acts = |group: &str, sub: &str| {
        let itself = commands.contains(&format!("\nUsage: countersign {group} [OPTIONS] <ROOT>\n"));
        sub.starts_with('-') || itself && !headings.contains(format!("{group} {sub}").as_str())
    };
    for name in
        ["docs/README.md", "docs/first-case.md", "docs/gate.md", "docs/errors.md", "docs/installation.md", "README.md"]
    {
        let text = page(name);
        // What stands in blocks, line by line, and what stands between backticks.
        let typed = text.split("```").enumerate().flat_map(|(at, part)| match at % 2 {
            0 => part.split('`').skip(1).step_by(2).collect::<Vec<_>>(),
            _ => part.lines().collect(),
        });
        let typed: Vec<&str> = typed.filter_map(|part| part.trim().strip_prefix("countersign ")).collect();
        assert!(!typed.is_empty(), "{name} names no command");
        for typed in typed {
            let words: Vec<&str> = typed.split([' ', ',', ';']).collect();
            let command = match words.as_slice() {
                [group, sub, ..] if groups.contains(group) && !acts(group, sub) => format!("{group} {sub}"),
                [command, ..] => (*command).to_owned(),
                [] => continue,
            };
            let known = headings.contains(command.as_str()) || command.starts_with("--");
            assert!(known, "{name} tells to type `countersign {typed}`");
        }
    }
}

/// Each code that a page names is explained.
#[test]
fn each_code_of_the_first_case_is_explained() {
    let errors = page("docs/errors.md");
    let text = page("docs/first-case.md");
    let codes: Vec<&str> = text.split('`').filter(|part| part.starts_with("countersign::")).collect();
    assert!(codes.len() > 12, "{codes:?}");
    for code in codes {
        assert!(errors.contains(&format!("\n## `{code}`\n")), "docs/errors.md does not explain `{code}`");
    }
}

/// Each section of docs/errors.md says what is wrong, and more.
#[test]
fn each_code_is_explained_and_says_what_to_do() {
    let errors = page("docs/errors.md");
    for section in errors.split("\n## `").skip(1) {
        let (code, text) = section.split_once("`\n").unwrap();
        let lines = text.lines().filter(|line| !line.is_empty()).count();
        assert!(lines >= 2, "`{code}` does not say what to do");
    }
}

/// The instant at which each command of the page is run, and its exit status.
#[cfg(unix)]
const RUNS: [(&str, i32); 21] = [
    ("2026-03-17T08:00:00Z", 0),
    ("2026-03-17T08:10:00Z", 0),
    ("2026-03-17T08:20:00Z", 0),
    ("2026-03-17T08:20:00Z", 0),
    ("2026-03-17T08:30:00Z", 0),
    ("2026-03-17T09:00:00Z", 0),
    ("2026-03-19T09:30:00Z", 0),
    ("2026-03-19T09:40:00Z", 0),
    ("2026-03-19T09:50:00Z", 0),
    ("2026-03-19T10:00:00Z", 0),
    ("2026-03-20T14:50:00Z", 0),
    ("2026-03-20T15:00:00Z", 0),
    ("2026-03-20T15:00:00Z", 0),
    ("2026-03-20T15:01:00Z", 0),
    ("2026-03-20T15:04:00Z", 0),
    ("2026-03-20T15:04:10Z", 0),
    ("2026-03-20T15:04:10Z", 0),
    ("2026-03-20T15:04:30Z", 0),
    ("2026-03-20T15:05:00Z", 0),
    ("2026-03-20T15:05:00Z", 0),
    ("2026-03-20T15:05:00Z", 0),
];

/// The fixture as people sent it, without what is signed in the walk.
#[cfg(unix)]
fn received(from: &Path, to: &Path, is_own: impl Fn(&str, &[u8]) -> bool) {
    let manifest: serde_json::Value = serde_json::from_slice(&fs::read(from.join("manifest.json")).unwrap()).unwrap();
    let mut listed = manifest.clone();
    let entries = listed["entries"].as_array_mut().unwrap();
    entries.retain(|entry| {
        let path = entry["path"].as_str().unwrap();
        let bytes = fs::read(from.join(path)).unwrap();
        let kept = !is_own(path, &bytes);
        if kept {
            fs::create_dir_all(to.join(path).parent().unwrap()).unwrap();
            fs::write(to.join(path), bytes).unwrap();
        }
        kept
    });
    fs::write(to.join("manifest.json"), listed.to_string()).unwrap();
}

/// The commands of the page, in an installation as the script of the README makes it.
#[cfg(unix)]
#[test]
fn the_first_case_goes_as_it_is_told() {
    use std::process::Command;
    let scratch = tempfile::tempdir().unwrap();
    let folder = scratch.path().join("office");
    let fixtures = root().join("fixtures");
    let program = assert_cmd::cargo::cargo_bin("countersign");
    let script = page("fixtures/walk.sh");
    let (installation, _) = script.split_once("\n# --- A new case").unwrap();
    // It finds the fixtures by its own place.
    let installation = installation.replace("$(cd \"$(dirname \"$0\")\" && pwd)", fixtures.to_str().unwrap());
    let shell = |text: &str, at: &Path, now: Option<&str>| {
        let mut command = Command::new("sh");
        command.arg("-c").arg(text).arg("walk").arg(&folder).current_dir(at).env("COUNTERSIGN", &program);
        let path = std::env::var("PATH").unwrap_or_default();
        command.env("PATH", format!("{}:{path}", program.parent().unwrap().display()));
        command.env("COUNTERSIGN_PASSPHRASE", "correct horse battery").env_remove("COUNTERSIGN_NOW");
        command.env("LC_ALL", "C.UTF-8").env_remove("NO_COLOR");
        if let Some(now) = now {
            command.env("COUNTERSIGN_NOW", now);
        }
        let output = command.output().unwrap();
        let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        (output.status.code(), text)
    };
    let (status, text) = shell(&installation, scratch.path(), None);
    assert_eq!(status, Some(0), "{text}");

    let b0 = fixtures.join("cases/b0");
    let keys: serde_json::Value = serde_json::from_str(&page("fixtures/keri/b0/keys.json")).unwrap();
    let by_q1 = format!("-FAB{}", keys["holders"]["Q1"]["aid"].as_str().unwrap());
    received(&b0.join("bundle"), &folder.join("received"), |path, bytes| {
        path.ends_with(".sig.cesr") && (bytes.starts_with(by_q1.as_bytes()) || path.ends_with("/qar-roster.sig.cesr"))
    });
    received(&b0.join("post"), &folder.join("followed"), |path, _| {
        ["records/delivery-1.sig.cesr", "records/reporting-receipt-1.sig.cesr"].contains(&path)
    });
    let live: Vec<u8> = ["kel-root", "kel-geda", "kel-qvi", "registry", "tel-qvi", "credential-qvi"]
        .iter()
        .flat_map(|name| fs::read(fixtures.join(format!("keri/b0/{name}.cesr"))).unwrap())
        .collect();
    let fetched: PathBuf = folder.join("live.cesr");
    fs::write(&fetched, live).unwrap();
    let fetched_at = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_774_018_500);
    fs::File::options().write(true).open(&fetched).unwrap().set_modified(fetched_at).unwrap();

    let text = page("docs/first-case.md");
    let blocks = text.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let commands: Vec<&str> = blocks.flat_map(str::lines).collect();
    assert_eq!(commands.len(), RUNS.len(), "{commands:#?}");
    for (command, (now, expected)) in commands.iter().zip(RUNS) {
        assert!(command.starts_with("countersign "), "{command}");
        let (status, printed) = shell(command, &folder, Some(now));
        assert_eq!(status, Some(expected), "{command}\n{printed}");
        // What is told beside the commands is so, too.
        if command.starts_with("countersign gate") {
            assert!(printed.contains("yes: QAR2 may sign this event"), "{printed}");
        }
    }
    let event = fs::read(folder.join("signed/event.cesr")).unwrap();
    let issued = fs::read(fixtures.join("keri/b0/kel-qvi-issued.cesr")).unwrap();
    let body = event.iter().position(|byte| *byte == b'}').unwrap();
    assert!(issued.windows(body).any(|part| part == &event[..body]), "another event was signed");
    let (_, shown) = shell("countersign case show acme", &folder, Some("2026-03-20T15:05:00Z"));
    assert!(shown.contains("closed"), "{shown}");
}
