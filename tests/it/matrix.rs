//! The matrix: every requirement has a row, with a rule that ran in some case or a reason, and every rule is asked for.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::OnceLock;

use assert_cmd::Command;
use countersign::gate::Code;
use serde::Deserialize;
use serde_json::Value;

use crate::keri::shared;

/// Requirements that the signing gate decides, each with the reason for which it refuses.
const BY_THE_GATE: [(&str, Code); 2] = [("GATE-4", Code::OtherPolicies), ("GATE-6", Code::UsedElsewhere)];

/// The fewest words of a reason.
const REASON_WORDS: usize = 20;

#[derive(Deserialize)]
struct Written {
    requirements: Vec<Entry>,
}

/// What is read of a requirement.
#[derive(Deserialize)]
struct Entry {
    id: String,
    pack: String,
    section: String,
    strength: String,
    checkability: String,
}

fn matrix(arguments: &[&str]) -> (String, String) {
    let output = Command::cargo_bin("countersign")
        .unwrap()
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")))
        .env("LC_ALL", "C.UTF-8")
        .env_remove("COLUMNS")
        .args(["policy", "matrix", "--policies", "policies"])
        .args(arguments)
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    (text(&output.stdout), text(&output.stderr))
}

/// The rows as JSON, read once.
fn rows() -> &'static [Value] {
    static MATRIX: OnceLock<Value> = OnceLock::new();
    let matrix = MATRIX.get_or_init(|| serde_json::from_str(&matrix(&["--format", "json"]).0).unwrap());
    matrix["requirements"].as_array().unwrap()
}

fn text<'v>(row: &'v Value, field: &str) -> &'v str {
    row[field].as_str().unwrap_or_default()
}

/// The requirements of the governance analysis; none where it is absent, which is said.
fn entries() -> Option<Vec<Entry>> {
    let folder = shared("governance")?;
    let files = ["requirements.yaml", "requirements-egf3-extension.yaml"];
    let read =
        |file| -> Written { serde_saphyr::from_str(&std::fs::read_to_string(folder.join(file)).unwrap()).unwrap() };
    Some(files.into_iter().flat_map(|file| read(file).requirements).collect())
}

#[test]
fn every_row_has_a_rule_that_ran_or_a_reason() {
    let rows = rows();
    assert!(rows.len() > 300, "only {} rows", rows.len());
    let ids: BTreeSet<&str> = rows.iter().map(|row| text(row, "id")).collect();
    assert_eq!(ids.len(), rows.len(), "a requirement has two rows");
    for row in rows {
        let id = text(row, "id");
        match text(row, "checkability") {
            "automatic" | "attested" => {
                assert!(
                    ids.contains(text(row, "rule")),
                    "{id} is decided by `{}`, which has no row",
                    text(row, "rule")
                );
                assert!(row["cases"].as_u64().unwrap() > 0, "{id}: no case shows its rule");
            }
            "external" => {
                let words = text(row, "why").split_whitespace().count();
                assert!(words >= REASON_WORDS, "{id}: its reason has {words} words");
                assert_eq!(row["rule"], Value::Null);
            }
            "gate" => {
                let known = BY_THE_GATE.iter().find(|(requirement, _)| *requirement == id);
                let (_, code) = known.unwrap_or_else(|| panic!("{id} is decided by no step of the gate"));
                assert!(text(row, "why").starts_with(&format!("refused as `{code}`: ")), "{id}: {}", text(row, "why"));
            }
            // Nothing waits for its rule.
            "pending" => panic!("{id} has no rule yet"),
            other => panic!("{id}: {other}"),
        }
    }
    for (id, _) in BY_THE_GATE {
        let row = rows.iter().find(|row| text(row, "id") == id);
        assert_eq!(row.map(|row| text(row, "checkability")), Some("gate"), "{id}");
    }
}

#[test]
fn every_requirement_has_a_row() {
    let Some(entries) = entries() else { return };
    let rows = rows();
    let by_id: BTreeMap<&str, &Value> = rows.iter().map(|row| (text(row, "id"), row)).collect();
    let mut missing: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for entry in &entries {
        match by_id.get(entry.id.as_str()) {
            None => missing.entry(&entry.pack).or_default().push(&entry.id),
            Some(row) => {
                // What waits for its rule says nothing of its strength yet.
                if let Some(strength) = row["strength"].as_str() {
                    assert_eq!(strength, entry.strength, "strength of {}", entry.id);
                }
                // Some things nobody had thought could be decided are: no more is claimed than that.
                let external = text(row, "checkability") == "external";
                assert!(
                    !external || entry.checkability == "external",
                    "{} can be decided: it is {}",
                    entry.id,
                    entry.checkability
                );
                assert!(!text(row, "section").is_empty(), "{} of section {} names none", entry.id, entry.section);
            }
        }
    }
    assert!(missing.is_empty(), "without a row: {missing:?}");
}

#[test]
fn no_rule_is_without_a_requirement() {
    let Some(entries) = entries() else { return };
    let asked: BTreeSet<&str> = entries.iter().map(|entry| entry.id.as_str()).collect();
    // What the signing gate asks for beside GATE-1 to GATE-7 is its own, and is numbered on from there.
    let own = |row: &Value| text(row, "document") == "gate";
    let surplus: Vec<String> = rows()
        .iter()
        .filter(|row| !own(row) && !asked.contains(text(row, "id")))
        .map(|row| text(row, "id").to_owned())
        .collect();
    assert!(surplus.is_empty(), "nothing asks for {surplus:?}");
}

#[test]
fn a_terminal_shows_it_in_eighty_columns_and_counts_first() {
    let (human, _) = matrix(&[]);
    let first = human.lines().next().unwrap();
    assert!(first.contains(" requirements: ") && first.contains(" automatic, "), "{first}");
    let wide: Vec<&str> = human.lines().filter(|line| line.chars().count() > 80).collect();
    assert!(wide.is_empty(), "{}", wide.join("\n"));
    let rows = rows();
    for row in rows {
        assert!(human.contains(&format!("\n  {} ", text(row, "id"))), "{} has no line", text(row, "id"));
    }
    let counted: usize = first.split(' ').next().unwrap().parse().unwrap();
    assert_eq!(counted, rows.len());
}

#[test]
fn one_pack_alone() {
    let (human, _) = matrix(&["--pack", "info"]);
    assert!(human.starts_with("17 requirements: 1 automatic, 0 attested, 16 external; "), "{human}");
    assert!(human.contains("LE-6.6.2") && !human.contains("GATE-1 "), "{human}");
}

#[test]
fn the_page_asks_nobody_for_anything() {
    let (page, _) = matrix(&["--format", "html"]);
    for request in ["<script", "<link", "<img", "<iframe", "@import", "url(", "src=", "http://", "https://"] {
        assert!(!page.contains(request), "the page has `{request}`");
    }
    let rows = rows();
    assert_eq!(page.matches("<tr id=").count(), rows.len());
    let targets: Vec<&str> = page.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert!(!targets.is_empty());
    for target in targets {
        assert!(page.contains(&format!("id=\"{target}\"")), "nothing is called `{target}`");
    }
}

#[test]
fn a_spreadsheet_gets_one_line_for_each() {
    let (csv, note) = matrix(&["--format", "csv"]);
    assert!(note.contains(" requirements: "), "{note}");
    let lines: Vec<&str> = csv.split("\r\n").collect();
    assert!(lines[0].starts_with("requirement,document,section,"), "{}", lines[0]);
    assert_eq!(lines.last(), Some(&""));
    assert_eq!(lines.len() - 2, rows().len());
    assert!(csv.contains("\r\n\"EGF3-TR1-6.5.1,6\",technical-requirements-1,\"6.5.1, 6.5.6\","), "{csv}");
}
