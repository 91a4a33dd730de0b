//! The bounds of SECURITY.md: each is the one of the sources, has its test, and no other is kept quiet; and those of the
//! files that commands are given.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use countersign::fetch::Response;
use countersign::gleif::{self, GleifError};
use countersign::state::Recovery;
use miette::Diagnostic;
use serde_json::json;

use crate::fixture::{body_of_test, fixtures};
use crate::lei::{LEI, body};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A row of a table: its cells, without white space around them.
type Row = Vec<String>;

/// The section on limits: the rows of its tables, and the lines of its list.
fn section() -> (Vec<Row>, Vec<String>) {
    let page = fs::read_to_string(root().join("SECURITY.md")).unwrap();
    let (_, section) = page.split_once("\n## Limits\n").expect("SECURITY.md has no section on limits");
    let section = section.split("\n## ").next().unwrap();
    let cells = |line: &str| line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect();
    let rows = section.lines().filter(|line| line.starts_with("| ") && line.contains('`')).map(cells).collect();
    let listed = section.lines().filter_map(|line| line.strip_prefix("- ")).map(str::to_owned).collect();
    (rows, listed)
}

/// The texts in backticks.
fn quoted(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

/// Every file below `src`, by its path there.
fn sources() -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root().join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(root().join("src")).unwrap().to_str().unwrap().to_owned();
                found.insert(name, fs::read_to_string(path).unwrap());
            }
        }
    }
    found
}

/// The names of the constants that a line of source declares and that sound like a bound.
fn bounds_of(text: &str) -> Vec<String> {
    const WORDS: [&str; 7] = ["MAX", "LIMIT", "DEPTH", "BYTES", "BUDGET", "DEADLINE", "TIMEOUT"];
    let name = |line: &str| {
        let (_, rest) = line.split_once("const ")?;
        let (name, _) = rest.split_once(':')?;
        let is_constant = name.chars().all(|letter| letter.is_ascii_uppercase() || letter == '_');
        (is_constant && WORDS.iter().any(|word| name.contains(word))).then(|| name.to_owned())
    };
    text.lines().filter(|line| !line.trim_start().starts_with("//")).filter_map(name).collect()
}

/// What a constant, or a member of one (`STANDARD.files`), is set to.
fn set_to<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let (constant, member) = name.split_once('.').map_or((name, None), |(name, member)| (name, Some(member)));
    let (_, rest) = text.split_once(&format!("const {constant}: "))?;
    match member {
        None => rest.split_once(';')?.0.split_once(" = ").map(|(_, value)| value),
        Some(member) => {
            let (_, rest) = rest.split_once("};")?.0.split_once(&format!(" {member}: "))?;
            rest.split_once(',').map(|(value, _)| value)
        }
    }
}

/// The members that a constant sets (`json_bytes: 16 << 20`).
fn members<'t>(text: &'t str, constant: &str) -> Vec<&'t str> {
    let value = text.split_once(&format!("const {constant}: ")).and_then(|(_, rest)| rest.split_once("};"));
    let inside = value.and_then(|(value, _)| value.split_once('{')).map_or("", |(_, inside)| inside);
    inside.split(',').filter_map(|member| member.split_once(": ")).map(|(name, _)| name.trim()).collect()
}

/// The number that an expression of the sources stands for.
fn number(expression: &str) -> Option<u64> {
    let expression = expression.trim();
    if let Some(seconds) = expression.strip_prefix("Duration::from_secs(") {
        return number(seconds.strip_suffix(')')?);
    }
    if let Some((inner, less)) = expression.strip_prefix('(').and_then(|rest| rest.split_once(") - ")) {
        return Some(number(inner)? - number(less)?);
    }
    if let Some((left, right)) = expression.split_once(" << ") {
        return Some(number(left)? << number(right)?);
    }
    expression.split(" * ").map(|factor| factor.replace('_', "").parse::<u64>().ok()).product()
}

/// `16 MiB`, `10,000 files`: a number, and bytes where the unit is one of bytes.
fn said(limit: &str) -> Option<u64> {
    let (number, unit) = limit.split_once(' ')?;
    let number: u64 = number.replace(',', "").parse().ok()?;
    let unit = match unit {
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => 1,
    };
    Some(number * unit)
}

/// The body of a test: of an integration test by its module, of a unit test by its module in the crate.
fn test_body(test: &str, sources: &BTreeMap<String, String>) -> Option<String> {
    let (module, name) = test.rsplit_once("::")?;
    let path = module.replace("::", "/");
    let beside = path.strip_suffix("/tests").unwrap_or(&path);
    let integration = fs::read_to_string(root().join(format!("tests/it/{path}.rs"))).ok();
    let unit = [&path, beside].map(|path| sources.get(&format!("{path}.rs")).cloned());
    integration.into_iter().chain(unit.into_iter().flatten()).find_map(|text| body_of_test(&text, name))
}

#[test]
fn the_tables_say_what_the_sources_do_and_which_test_holds_it() {
    let (rows, listed) = section();
    assert!(rows.len() > 60 && !listed.is_empty(), "the tables were not read");
    let sources = sources();
    let errors = fs::read_to_string(root().join("docs/errors.md")).unwrap();
    let mut told: BTreeSet<(String, String)> = BTreeSet::new();
    let mut wrong = Vec::new();
    for row in &rows {
        let [_, limit, place, beyond, tests] = row.as_slice() else { panic!("five cells: {row:?}") };
        let [place] = quoted(place)[..] else { panic!("one place: {row:?}") };
        let (file, name) = place.split_once(": ").unwrap_or_else(|| panic!("`file.rs: CONSTANT`: {row:?}"));
        told.insert((file.to_owned(), name.to_owned()));
        let value = sources.get(file).and_then(|text| set_to(text, name)).and_then(number);
        // This one counts what the limit is said in.
        let unit = if name.contains("_KIB_") { 1 << 10 } else { 1 };
        if value.map(|value| value * unit) != said(limit) || value.is_none() {
            wrong.push(format!("`{place}` is {value:?} in the sources, and {limit} in SECURITY.md"));
        }
        for code in quoted(beyond) {
            let is_error = errors.contains(&format!("## `countersign::{code}`\n"));
            let is_finding = sources.values().any(|text| text.contains(&format!("\"{code}\"")));
            if !is_error && !is_finding {
                wrong.push(format!("`{place}`: there is no code `{code}`"));
            }
        }
        if quoted(beyond).is_empty() || quoted(tests).is_empty() {
            wrong.push(format!("`{place}` has no code or no test"));
        }
        for test in quoted(tests) {
            match test_body(test, &sources) {
                None => wrong.push(format!("`{place}`: there is no test `{test}`")),
                Some(body) if !body.contains("assert") && !body.contains("check(") && !body.contains("refused(") => {
                    wrong.push(format!("`{test}` asserts nothing"));
                }
                Some(_) => {}
            }
        }
    }
    for line in &listed {
        for place in quoted(line) {
            let (file, name) = place.split_once(": ").unwrap_or_else(|| panic!("`file.rs: CONSTANT`: {line}"));
            if sources.get(file).and_then(|text| set_to(text, name)).is_none() {
                wrong.push(format!("`{place}` is not in the sources"));
            }
            if !told.insert((file.to_owned(), name.to_owned())) {
                wrong.push(format!("`{place}` is told twice"));
            }
        }
    }
    for (file, name) in told.clone() {
        let Some((constant, _)) = name.split_once('.') else { continue };
        for member in sources.get(&file).map_or_else(Vec::new, |text| members(text, constant)) {
            if !told.contains(&(file.clone(), format!("{constant}.{member}"))) {
                wrong.push(format!("`{file}: {constant}.{member}` is not in SECURITY.md"));
            }
        }
        told.insert((file, constant.to_owned()));
    }
    for (file, text) in &sources {
        for name in bounds_of(text) {
            if !told.contains(&(file.clone(), name.clone())) {
                wrong.push(format!("`{file}: {name}` is not in SECURITY.md"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What reads the page is told from what overlooks it.
#[test]
fn the_tables_are_read_as_they_are_meant() {
    let text =
        "pub const A_MAX: usize = 2 * 1024;\npub const API: Self = Self {\n    total: Duration::from_secs(20),\n};\n";
    assert_eq!(bounds_of(text), ["A_MAX"]);
    assert_eq!(set_to(text, "A_MAX").and_then(number), Some(2048));
    assert_eq!(set_to(text, "API.total").and_then(number), Some(20));
    assert_eq!(members(text, "API"), ["total"]);
    let line = "const LIMITS: Limits = Limits { total_bytes: 96 << 20, ..Limits::STANDARD };";
    assert_eq!(set_to(line, "LIMITS.total_bytes").and_then(number), Some(96 << 20));
    assert_eq!(members(line, "LIMITS"), ["total_bytes"]);
    assert_eq!(set_to(text, "API.other"), None);
    assert_eq!(set_to(text, "B_MAX"), None);
    assert_eq!((number("(1 << 53) - 1"), number("10_000"), number("x")), (Some((1 << 53) - 1), Some(10_000), None));
    assert_eq!((said("2 KiB"), said("10,000 files"), said("many")), (Some(2048), Some(10_000), None));
    assert_eq!(bounds_of("// const B_MAX: u8 = 1;\nlet x = 1;\nconst OTHER: u8 = 1;"), Vec::<String>::new());
    assert!(test_body("limits::the_tables_are_read_as_they_are_meant", &BTreeMap::new()).is_some());
    assert!(test_body("limits::said", &BTreeMap::new()).is_none());
}

struct Run {
    status: Option<i32>,
    stderr: String,
}

/// Runs a command in a folder of its own, with this on its standard input.
fn run(folder: &Path, stdin: &[u8], arguments: &[String]) -> Run {
    let mut command = Command::cargo_bin("countersign").unwrap();
    command.current_dir(folder).env("LC_ALL", "C.UTF-8").env("COLUMNS", "400").env_remove("COUNTERSIGN_PASSPHRASE");
    let output = command.args(arguments).write_stdin(stdin).output().unwrap();
    Run { status: output.status.code(), stderr: String::from_utf8(output.stderr).unwrap() }
}

/// Every file that a command is given, as large as it may be, and one byte larger. Nothing of them is on the disk.
#[test]
fn a_file_that_is_too_large_is_not_read() {
    let trust = fixtures().join("trust.json").to_str().unwrap().to_owned();
    let aid = "EHowwGuu5lztml5EN_RGXAdDYdFCTAh6zPLvpqmXn7PU";
    let key = "DHowwGuu5lztml5EN_RGXAdDYdFCTAh6zPLvpqmXn7PU";
    let (kib, mib) = (1u64 << 10, 1u64 << 20);
    let scratch = tempfile::tempdir().unwrap();
    let folder = scratch.path();
    fs::write(folder.join("decision.json"), "{}").unwrap();
    fs::create_dir(folder.join("policies")).unwrap();
    let entry = countersign::ledger::Entry {
        at: "2026-03-20T15:00:00Z".parse().unwrap(),
        actor: aid.parse().unwrap(),
        kind: countersign::ledger::Kind::Genesis,
        payload: countersign::primitives::Sha256::of(b"trust"),
    };
    countersign::ledger::Ledger::begin(&folder.join("ledger"), entry).unwrap();
    let pack = "audit pack . --period 2026-01-01..2026-12-31 --output pack.tar";
    let commands: [(&str, u64, String); 15] = [
        ("x.toml", 64 * kib, "--config x.toml doctor".to_owned()),
        ("policies/x.yaml", 4 * mib, "policy check policies".to_owned()),
        ("trust.json", mib, "trust show --trust trust.json".to_owned()),
        ("schema.json", mib, "schema check schema.json".to_owned()),
        ("lock.json", 4 * mib, format!("lock show lock.json --trust {trust}")),
        ("recovery.json", 4 * mib, format!("state recover recovery.json --trust {trust}")),
        (
            "draft.note",
            16 * kib,
            format!("state draft out --reason x --checkpoint draft.note --trust {trust} --store no --ledger no"),
        ),
        ("report.json", 64 * mib, "report show report.json".to_owned()),
        (
            "check.note",
            16 * kib,
            format!("ledger verify --ledger ledger --checkpoint check.note --by {aid} --key {key}"),
        ),
        ("decision", mib, "ledger prove --ledger ledger --decision decision".to_owned()),
        (
            "proven.json",
            64 * mib,
            "ledger prove --ledger ledger --decision decision.json --report proven.json".to_owned(),
        ),
        ("kel.cesr", 16 * mib, "kel verify kel.cesr".to_owned()),
        ("packed.json", 4 * mib, format!("{pack} --trust {trust} --lock packed.json")),
        ("packed.note", 4 * mib, format!("{pack} --trust {trust} --checkpoint packed.note")),
        ("seeds", 4 * kib, "keys import q --keys keys --seeds seeds".to_owned()),
    ];
    for (name, most, line) in commands {
        let arguments: Vec<String> = line.split(' ').map(str::to_owned).collect();
        let file = File::create(folder.join(name)).unwrap();
        file.set_len(most).unwrap();
        let ran = run(folder, b"", &arguments);
        assert!(!ran.stderr.contains("countersign::cli::too_large"), "{line}: {}", ran.stderr);
        file.set_len(most + 1).unwrap();
        let ran = run(folder, b"", &arguments);
        assert_eq!(ran.status, Some(2), "{line}: {}", ran.stderr);
        assert!(ran.stderr.contains("countersign::cli::too_large"), "{line}: {}", ran.stderr);
        assert!(ran.stderr.contains(&format!("at most {most} are read")), "{line}: {}", ran.stderr);
    }
}

#[test]
fn a_passphrase_is_bounded() {
    let scratch = tempfile::tempdir().unwrap();
    let arguments = ["keys", "new", "q", "--keys", "keys", "--passphrase-fd", "0"].map(str::to_owned);
    let refused = run(scratch.path(), &[b'x'; 4097], &arguments);
    assert_eq!(refused.status, Some(2), "{}", refused.stderr);
    assert!(refused.stderr.contains("more than 4096 bytes"), "{}", refused.stderr);
    let taken = run(scratch.path(), &[b'x'; 4096], &arguments);
    assert_eq!(taken.status, Some(0), "{}", taken.stderr);
}

#[test]
fn a_folder_of_policies_has_so_many_files() {
    let scratch = tempfile::tempdir().unwrap();
    let add = |at: usize| fs::write(scratch.path().join(format!("d{at}.yaml")), "").unwrap();
    let check = || run(scratch.path(), b"", &["policy", "check", "."].map(str::to_owned));
    (0..1_000).for_each(add);
    let ran = check();
    assert!(!ran.stderr.contains("countersign::cli::too_many_files"), "{}", ran.stderr);
    add(1_000);
    let ran = check();
    assert_eq!(ran.status, Some(2));
    assert!(ran.stderr.contains("countersign::cli::too_many_files"), "{}", ran.stderr);
}

/// A policy that nobody read is one that nobody checked.
#[test]
fn a_policy_below_the_deepest_folder_is_no_policy_that_is_left_out() {
    let scratch = tempfile::tempdir().unwrap();
    let check = |folder: &str| {
        let path: PathBuf = scratch.path().join(folder);
        fs::create_dir_all(&path).unwrap();
        fs::write(path.join("doc.yaml"), "").unwrap();
        run(scratch.path(), b"", &["policy", "check", "."].map(str::to_owned)).stderr
    };
    let read = check("1/2/3/4");
    assert!(!read.contains("countersign::cli::folder_too_deep"), "{read}");
    let refused = check("1/2/3/4/5");
    assert!(refused.contains("countersign::cli::folder_too_deep") && refused.contains("1/2/3/4/5"), "{refused}");
}

/// What a record would have to leave out is not taken.
#[test]
fn an_answer_with_headers_that_no_record_keeps_is_no_evidence() {
    let lei = LEI.parse().unwrap();
    let accepted = |count: usize, length: usize| {
        let headers = (0..count).map(|at| (format!("x-{at}"), "v".repeat(length))).collect();
        let url = "https://api.gleif.org".to_owned();
        gleif::accept(&lei, &Response { url, status: 200, headers, body: body(LEI) })
    };
    assert!(accepted(200, 8192).is_ok());
    for refused in [accepted(201, 1), accepted(1, 8193)] {
        assert!(matches!(refused, Err(GleifError::Headers { .. })), "{refused:?}");
    }
}

#[test]
fn the_reason_of_a_recovery_is_bounded() {
    let digest = "0".repeat(64);
    let read = |characters: usize| {
        let record = json!({
            "version": 1, "made_at": "2026-03-20T15:00:00Z", "reason": "é".repeat(characters), "trust": digest,
            "lost": ["store"], "ledger": { "genesis": digest, "rows": 1, "root": digest },
            "remembered": { "lock_serial": null, "trust_serial": 1, "latest": "2026-03-20T15:00:00Z" },
            "signatures": [], "logs": "",
        });
        Recovery::read(&serde_json::to_vec(&record).unwrap())
    };
    assert!(read(2_000).is_ok(), "{:?}", read(2_000));
    let refused = read(2_001).unwrap_err();
    assert_eq!(refused.code().unwrap().to_string(), "countersign::state::not_a_recovery");
    assert!(refused.to_string().contains("2000 characters"), "{refused}");
}
