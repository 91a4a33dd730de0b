//! Every format read by somebody else's parser, as rows.

use std::io::Write;
use std::process::{Command, Stdio};

use html5gum::{Token, Tokenizer};
use oscal::generated::types::{AssessmentResults, Observation};
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use serde_json::Value;

/// Rule, outcome, level, element, waiver.
pub type Row = (String, String, String, Option<String>, Option<String>);

/// Names and values, in order.
pub type Props = Vec<(String, String)>;

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

/// The report itself, as its schema describes it.
pub fn json(bytes: &[u8]) -> Vec<Row> {
    let document: Value = serde_json::from_slice(bytes).unwrap();
    let mut rows = Vec::new();
    for result in document["results"].as_array().unwrap() {
        let rule = text(&result["rule"]).unwrap();
        let findings = result["findings"].as_array().unwrap();
        let of = |value: &Value| {
            let (outcome, level) = (text(&value["outcome"]).unwrap(), text(&value["level"]).unwrap());
            (rule.clone(), outcome, level, text(&value["element"]), text(&value["waiver"]))
        };
        if findings.is_empty() {
            rows.push(of(result));
        }
        rows.extend(findings.iter().map(of));
    }
    rows
}

/// SARIF by the types of serde-sarif; what they do not know would be lost in between.
pub fn sarif(bytes: &[u8]) -> Vec<Row> {
    let written: Value = serde_json::from_slice(bytes).unwrap();
    let log: serde_sarif::sarif::Sarif = serde_json::from_slice(bytes).unwrap();
    assert_eq!(serde_json::to_value(&log).unwrap(), written, "a member that SARIF does not have");
    let run = &log.runs[0];
    let rules = run.tool.driver.rules.as_ref().unwrap();
    let results = run.results.as_ref().unwrap().iter();
    let results = results.filter(|result| result.rule_id.as_deref() != Some("countersign.waiver"));
    results
        .map(|result| {
            let bag = &result.properties.as_ref().unwrap().additional_properties;
            let of = |name: &str| bag.get(name).and_then(text);
            let rule = result.rule_id.clone().unwrap();
            assert_eq!(rules[result.rule_index.unwrap() as usize].id, rule);
            (rule, of("outcome").unwrap(), of("level").unwrap(), of("element"), of("waiver"))
        })
        .collect()
}

/// JUnit by junit-parser, which also sees how each test case ended.
pub fn junit(bytes: &[u8]) -> Vec<Row> {
    let suites = junit_parser::from_reader(bytes).unwrap();
    let cases = || suites.suites.iter().flat_map(|suite| &suite.cases);
    assert_eq!(suites.tests as usize, cases().count());
    assert_eq!(suites.failures as usize, cases().filter(|case| case.status.is_failure()).count());
    assert_eq!(suites.errors as usize, cases().filter(|case| case.status.is_error()).count());
    assert_eq!(suites.skipped as usize, cases().filter(|case| case.status.is_skipped()).count());
    let rows = suites.suites.iter().filter(|suite| suite.name != "waivers").flat_map(|suite| &suite.cases);
    rows.map(|case| {
        let of = |name: &str| case.properties.hashmap.get(name).cloned();
        let row = (of("rule").unwrap(), of("outcome").unwrap(), of("level").unwrap(), of("element"), of("waiver"));
        let passed = case.status.is_success();
        assert_eq!(passed, row.1 == "pass", "{row:?}");
        row
    })
    .collect()
}

/// OSCAL by its observations, as the `oscal` crate reads them: name and value of each property.
pub fn oscal_props(bytes: &[u8]) -> Vec<Props> {
    let document: Value = serde_json::from_slice(bytes).unwrap();
    let read: AssessmentResults = serde_json::from_value(document["assessment-results"].clone()).unwrap();
    let props = |observation: &Observation| {
        observation.props.iter().map(|prop| (prop.name.clone(), prop.value.clone())).collect()
    };
    read.results[0].observations.iter().map(props).collect()
}

/// The same as rows.
pub fn oscal(bytes: &[u8]) -> Vec<Row> {
    oscal_props(bytes).iter().map(row).collect()
}

fn row(props: &Props) -> Row {
    let of = |name: &str| props.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
    (of("rule").unwrap(), of("outcome").unwrap(), of("level").unwrap(), of("element"), of("waiver"))
}

/// OSCAL by compliance-trestle, as rows.
pub fn trestle(bytes: &[u8]) -> Option<Vec<Row>> {
    trestle_props(bytes).map(|observations| observations.iter().map(row).collect())
}

/// Its properties by compliance-trestle; none where it is absent. `COUNTERSIGN_TRESTLE` names the interpreter.
pub fn trestle_props(bytes: &[u8]) -> Option<Vec<Props>> {
    let python = std::env::var("COUNTERSIGN_TRESTLE").unwrap_or_else(|_| "python3".to_owned());
    let found = Command::new(&python).args(["-c", "import trestle.oscal"]).stderr(Stdio::null()).status();
    if !found.is_ok_and(|status| status.success()) {
        let required = std::env::var("COUNTERSIGN_REQUIRE").unwrap_or_default();
        assert!(!required.split(',').any(|name| name == "trestle"), "compliance-trestle is required and absent");
        println!("skipped: {python} has no compliance-trestle");
        return None;
    }
    let script = format!("{}/tests/interop/oscal.py", env!("CARGO_MANIFEST_DIR"));
    let mut child = Command::new(python).arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(bytes).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "compliance-trestle refuses it");
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

/// Markdown by pulldown-cmark: the tables whose first column is headed `rule`.
pub fn markdown(bytes: &[u8]) -> Vec<Row> {
    let source = std::str::from_utf8(bytes).unwrap();
    let mut rows = Vec::new();
    let mut cells: Vec<String> = Vec::new();
    let (mut wanted, mut in_head, mut in_cell) = (false, false, false);
    for event in Parser::new_ext(source, Options::ENABLE_TABLES) {
        match event {
            Event::Start(Tag::TableHead) => in_head = true,
            Event::End(TagEnd::TableHead) => {
                wanted = cells.first().is_some_and(|cell| cell == "rule");
                in_head = false;
                cells.clear();
            }
            Event::Start(Tag::TableCell) => {
                in_cell = true;
                cells.push(String::new());
            }
            Event::End(TagEnd::TableCell) => in_cell = false,
            Event::End(TagEnd::TableRow) => {
                if wanted {
                    let of = |at: usize| Some(cells[at].clone()).filter(|cell| !cell.is_empty());
                    rows.push((cells[0].clone(), cells[1].clone(), cells[2].clone(), of(3), of(4)));
                }
                cells.clear();
            }
            Event::Text(text) | Event::Code(text) if in_cell || in_head => cells.last_mut().unwrap().push_str(&text),
            // Only our own: evidence must not become a tag.
            Event::InlineHtml(tag) => assert!(matches!(&*tag, "<code>" | "</code>"), "{tag}"),
            Event::Html(tag) => {
                let tag = tag.trim();
                let ours = ["<details>", "</details>"].contains(&tag) || tag.starts_with("<summary>");
                assert!(ours && tag.matches('<').count() <= 2, "{tag}");
            }
            Event::Start(Tag::Link { dest_url, .. }) => {
                let safe = |c: char| c.is_ascii_alphanumeric() || "-._~/%#".contains(c);
                assert!(dest_url.chars().all(safe), "{dest_url}");
            }
            Event::Start(Tag::Image { .. }) => panic!("evidence became an image"),
            _ => {}
        }
    }
    rows
}

/// A workflow command: its name, properties and data.
pub type Annotation = (String, Vec<(String, String)>, String);

/// Workflow commands as the runner of GitHub Actions reads them: per line, properties and data unescaped.
pub fn github(bytes: &[u8]) -> Vec<Annotation> {
    let unescape = |text: &str, property: bool| {
        let text = if property { text.replace("%3A", ":").replace("%2C", ",") } else { text.to_owned() };
        text.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")
    };
    let mut commands = Vec::new();
    for line in std::str::from_utf8(bytes).unwrap().lines() {
        let Some(rest) = line.strip_prefix("::") else {
            assert!(line.starts_with("countersign: ") && !line.contains("::"), "{line}");
            continue;
        };
        let (command, data) = rest.split_once("::").unwrap();
        let (name, properties) = command.split_once(' ').unwrap();
        let properties = properties.split(',').map(|property| {
            let (key, value) = property.split_once('=').unwrap();
            (key.to_owned(), unescape(value, true))
        });
        commands.push((name.to_owned(), properties.collect(), unescape(data, false)));
    }
    commands
}

/// The SLSA summary, as plain JSON.
pub fn vsa(bytes: &[u8]) -> Vec<Row> {
    let statement: Value = serde_json::from_slice(bytes).unwrap();
    let findings = statement["predicate"]["countersign_findings"].as_array().unwrap();
    let row = |finding: &Value| {
        let of = |name: &str| text(&finding[name]);
        (of("rule").unwrap(), of("outcome").unwrap(), of("level").unwrap(), of("element"), of("waiver"))
    };
    findings.iter().map(row).collect()
}

/// HTML by html5gum, which reads as browsers do: what carries `data-rule`.
pub fn html(bytes: &[u8]) -> Vec<Row> {
    let mut rows = Vec::new();
    for token in Tokenizer::new(std::str::from_utf8(bytes).unwrap()) {
        let token: Token = token.unwrap();
        if let Token::StartTag(tag) = token {
            let of = |name: &str| {
                tag.attributes.get(name.as_bytes()).map(|value| String::from_utf8(value.to_vec()).unwrap())
            };
            if let Some(rule) = of("data-rule") {
                let (outcome, level) = (of("data-outcome").unwrap(), of("data-level").unwrap());
                rows.push((rule, outcome, level, of("data-element"), of("data-waiver")));
            }
        }
    }
    rows
}
