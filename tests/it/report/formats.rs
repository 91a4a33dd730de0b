//! Every format, of every run: read back by others, compared with the JSON, and kept as snapshots.

use std::collections::BTreeSet;

use countersign::report::format::Layout;
use countersign::report::text::safe;
use countersign::report::{Format, render};
use html5gum::{Token, Tokenizer};

use super::readers::{self, Row};
use super::*;

pub fn sealed(mut document: ReportDocument) -> ReportDocument {
    document.judgement = report::judgement(&document);
    document.said = report::said(&document);
    document
}

/// The four that are kept as snapshots, and those that are hard to say.
fn every_run() -> Vec<(&'static str, ReportDocument)> {
    let more =
        [("hostile", hostile()), ("markup", markup()), ("composed", composed()), ("broken-waiver", broken_waiver())];
    runs().into_iter().chain(more).map(|(name, document)| (name, sealed(document))).collect()
}

/// What a format could read as its own: tags, entities, commands, tables, links, CDATA, spaces at the ends.
pub fn markup() -> ReportDocument {
    let mut document = blocked();
    let texts = [
        "</script><script>alert(1)</script>",
        "<img src=x onerror=alert(1)>\" onclick='alert(1)'",
        "]]>&lt;!--<![CDATA[ &amp; &#60;b&#62;",
        "a | b \\| c ` d `` e ``` f",
        "![x](https://evil.example/a.png) [y](javascript:alert(1)) @someone #1 www.evil.example",
        "::error file=x,line=1::owned%0A::set-output name=a::b\r\n::error::c",
        "$x^2$ ~~gone~~ **bold** _it_ {{x}} <!-- -->",
        "  spaces at both ends  ",
        " ",
        "\u{fffe}\u{0}\u{85}\u{2028}é\u{1f600}",
    ];
    for (at, text) in texts.into_iter().enumerate() {
        let mut finding = failing(Level::Block, Some(text));
        finding.message = text.to_owned();
        finding.deciding[0].actual = text.to_owned();
        finding.deciding[0].evidence[0].excerpt = text.to_owned();
        finding.deciding[0].evidence[0].mark = (1, 4);
        finding.deciding[0].evidence[0].path = format!("bundle/{text}.json");
        document.results.push(result(&format!("LE-{at}"), text, Outcome::Fail, vec![finding]));
    }
    document.run.bundle_id = texts[0].to_owned();
    document.files[0].path = texts[1].to_owned();
    document
}

/// A rule that is made of others.
fn composed() -> ReportDocument {
    let mut document = waived();
    let mut whole = result("LE-6.3", "the whole gate", Outcome::Fail, Vec::new());
    whole.all_of = vec!["LE-6.3.2.c.v.2".to_owned()];
    document.results.push(whole);
    document.results.push(result("LE-6.9", "not of concern", Outcome::NotApplicable, Vec::new()));
    document
}

/// A waiver that would be needed and has expired.
fn broken_waiver() -> ReportDocument {
    let mut document = waived();
    document.verdict = Verdict::NotClean;
    document.results[0].findings[0].waiver = None;
    document.waivers[0].state = "expired".to_owned();
    document.waivers[0].level = Level::Block;
    document
}

fn case() -> Layout {
    Layout { case_path: "cases/b0".to_owned() }
}

/// A row as a format has it that cannot hold every character.
fn shown(rows: Vec<Row>) -> Vec<Row> {
    let text = |text: Option<String>| text.map(|text| safe(&text));
    rows.into_iter()
        .map(|(rule, outcome, level, element, waiver)| (safe(&rule), outcome, level, text(element), text(waiver)))
        .collect()
}

fn sorted(mut rows: Vec<Row>) -> Vec<Row> {
    rows.sort();
    rows
}

#[test]
fn every_format_says_the_same_of_the_same_finding() {
    for (name, document) in every_run() {
        let bytes = |format| render(format, &document, &case());
        let rows = readers::json(&bytes(Format::Json));
        for format in Format::ALL {
            match format {
                Format::Json => assert!(json::read(&bytes(Format::Json)).is_ok_and(|read| read == document), "{name}"),
                Format::Sarif => assert_eq!(readers::sarif(&bytes(Format::Sarif)), rows, "{name}"),
                Format::SarifGithub => {
                    assert_eq!(readers::sarif(&bytes(Format::SarifGithub)), needing(&rows), "{name}")
                }
                // Tests are grouped by document.
                Format::Junit => {
                    let read = readers::junit(&bytes(Format::Junit));
                    assert_eq!(sorted(read), sorted(shown(rows.clone())), "{name}");
                }
                Format::Oscal => {
                    let spaced = |text: &str| {
                        let text = safe(text);
                        let inner = text.trim();
                        let (start, end) = (text.len() - text.trim_start().len(), text.len() - text.trim_end().len());
                        match inner.is_empty() {
                            true => "\\u{20}".repeat(text.len()),
                            false => format!("{}{inner}{}", "\\u{20}".repeat(start), "\\u{20}".repeat(end)),
                        }
                    };
                    let mut expected = rows.clone();
                    expected.iter_mut().for_each(|row| row.3 = row.3.as_deref().map(spaced));
                    assert_eq!(readers::oscal(&bytes(Format::Oscal)), expected, "{name}");
                    if let Some(read) = readers::trestle(&bytes(Format::Oscal)) {
                        assert_eq!(read, expected, "{name}");
                    }
                }
                // What was found stands first, then what passes, then what does not concern the case.
                Format::Markdown => {
                    let read = readers::markdown(&bytes(Format::Markdown));
                    assert_eq!(sorted(read), sorted(shown(rows.clone())), "{name}");
                }
                Format::Github => annotations(name, &bytes(Format::Github), &rows),
                Format::Vsa => assert_eq!(readers::vsa(&bytes(Format::Vsa)), rows, "{name}"),
                Format::Html => {
                    let read = readers::html(&bytes(Format::Html));
                    assert_eq!(sorted(read), sorted(shown(rows.clone())), "{name}");
                }
            }
        }
    }
}

/// What needs somebody: neither waived nor made of others.
fn needing(rows: &[Row]) -> Vec<Row> {
    let needs =
        |row: &&Row| !matches!(row.1.as_str(), "pass" | "not-applicable") && row.4.is_none() && row.0 != "LE-6.3";
    rows.iter().filter(needs).cloned().collect()
}

/// Ten of a kind at most; each that is shown is one of the report, and none is lost without a word.
fn annotations(name: &str, bytes: &[u8], rows: &[Row]) {
    let found: Vec<Row> = rows
        .iter()
        .filter(|row| !matches!(row.1.as_str(), "pass" | "not-applicable") && row.0 != "LE-6.3")
        .cloned()
        .collect();
    let title = |row: &Row| {
        let element = row.3.as_ref().map(|element| format!(" [{element}]")).unwrap_or_default();
        let waiver = row.4.as_ref().map(|waiver| format!(", waived by {waiver}")).unwrap_or_default();
        let title = safe(&format!("{}{element} ({}, {}{waiver})", row.0, row.1, row.2));
        let cut: String = title.chars().take(1_000).collect();
        if cut == title { title } else { cut + "…" }
    };
    let titles: BTreeSet<String> = found.iter().map(title).collect();
    let commands = readers::github(bytes);
    let mut counted = 0;
    for kind in ["error", "warning", "notice"] {
        let of_kind: Vec<_> = commands.iter().filter(|(name, _, _)| name == kind).collect();
        assert!(of_kind.len() <= 10, "{name}");
        for (_, properties, data) in of_kind {
            let of = |key: &str| properties.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str());
            let known: BTreeSet<&str> = ["file", "line", "col", "title"].into();
            assert!(properties.iter().all(|(key, _)| known.contains(key.as_str())), "{name}: {properties:?}");
            if of("title") == Some("countersign") {
                counted += data.split(' ').next().unwrap().parse::<usize>().unwrap();
            } else if data.contains("does not hold") {
                continue;
            } else {
                assert!(titles.contains(of("title").unwrap()), "{name}: {properties:?}");
                counted += 1;
            }
        }
    }
    assert_eq!(counted, found.len(), "{name}");
}

#[test]
fn the_same_report_gives_the_same_bytes() {
    for (name, document) in every_run() {
        for &format in Format::ALL {
            assert_eq!(
                render(format, &document, &case()),
                render(format, &document.clone(), &case()),
                "{name} {format}"
            );
        }
    }
}

#[test]
fn four_runs_in_every_format() {
    for (name, document) in runs() {
        if !["clean", "failing", "indeterminate", "waived"].contains(&name) {
            continue;
        }
        let document = sealed(document);
        for &format in Format::ALL {
            let text = String::from_utf8(render(format, &document, &case())).unwrap();
            insta::assert_snapshot!(format!("format_{format}_{name}"), without_assets(&text));
        }
    }
}

/// The style sheet and the script have files of their own.
fn without_assets(text: &str) -> String {
    let mut text = text.to_owned();
    for (start, end) in [("<style>", "</style>"), ("<script>", "</script>")] {
        if let (Some(from), Some(to)) = (text.find(start), text.find(end)) {
            text.replace_range(from + start.len()..to, "…");
        }
    }
    if let (Some(from), Some(to)) = (text.find("Security-Policy\" content=\""), text.find("; base-uri")) {
        text.replace_range(from..to, "Security-Policy\" content=\"…");
    }
    text
}

#[test]
fn sarif_fits_its_schema() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let schema = std::fs::read_to_string(root.join("tests/standards/sarif-2.1.0.schema.json")).unwrap();
    let mut schema: serde_json::Value = serde_json::from_str(&schema).unwrap();
    // Its pattern for languages is no regular expression; we name no language.
    let patched = ["run", "toolComponent"]
        .map(|name| schema["definitions"][name]["properties"]["language"].as_object_mut().unwrap().remove("pattern"));
    assert!(patched.iter().all(Option::is_some));
    let validator = jsonschema::validator_for(&schema).unwrap();
    for (name, document) in every_run() {
        for format in [Format::Sarif, Format::SarifGithub] {
            for case_path in ["", "cases/b0", "/home/q/cases/b0", "../my case"] {
                let layout = Layout { case_path: case_path.to_owned() };
                let value = serde_json::from_slice(&render(format, &document, &layout)).unwrap();
                let problems: Vec<String> =
                    validator.iter_errors(&value).map(|e| format!("{}: {e}", e.instance_path())).collect();
                assert!(problems.is_empty(), "{name} {format}: {problems:#?}");
            }
        }
    }
}

/// Source: SARIF 2.1.0, 3.27.10: a result that is no failure has the level `none`.
#[test]
fn sarif_calls_nothing_a_failure_that_is_none() {
    for (name, document) in every_run() {
        let log: serde_json::Value = serde_json::from_slice(&render(Format::Sarif, &document, &case())).unwrap();
        for result in log["runs"][0]["results"].as_array().unwrap() {
            let failure = result["kind"] == "fail";
            assert_eq!(failure, result["level"] != "none", "{name}: {result}");
            let waived = !result["properties"]["waiver"].is_null();
            assert_eq!(waived, !result["suppressions"].is_null(), "{name}: {result}");
        }
    }
}

/// Whoever reads only whether tests fail or a summary passes must see what `check` says.
#[test]
fn what_is_not_clean_passes_nowhere() {
    for (name, document) in every_run() {
        let clean = matches!(document.verdict, Verdict::Clean | Verdict::CleanWithWaivers);
        let suites = junit_parser::from_reader(render(Format::Junit, &document, &case()).as_slice()).unwrap();
        assert_eq!(suites.failures + suites.errors == 0, clean, "{name}");
        let statement: serde_json::Value = serde_json::from_slice(&render(Format::Vsa, &document, &case())).unwrap();
        let predicate = &statement["predicate"];
        assert_eq!(predicate["verificationResult"] == "PASSED", clean, "{name}");
        let level = predicate["verifiedLevels"][0].as_str().unwrap();
        assert!(!level.starts_with("SLSA_"), "{level}");
        assert_eq!(level.contains("PARTIAL"), clean && document.partial, "{name}: {level}");
        assert_eq!(level == "FAILED", !clean, "{name}: {level}");
        let github = render(Format::SarifGithub, &document, &case());
        let log: serde_json::Value = serde_json::from_slice(&github).unwrap();
        let shown = log["runs"][0]["results"].as_array().unwrap();
        assert_eq!(shown.iter().any(|result| result["level"] != "note"), !clean, "{name}");
    }
}

#[test]
fn a_statement_without_a_manifest_is_about_the_report() {
    let mut document = blocked();
    document.run.bundle = None;
    let document = sealed(document);
    let statement: serde_json::Value = serde_json::from_slice(&render(Format::Vsa, &document, &case())).unwrap();
    assert_eq!(statement["subject"][0]["name"], "report");
    assert_eq!(statement["subject"][0]["digest"]["sha256"], digest_of(&document).to_string());
    let mut unread = document.clone();
    unread.files.push(FileEntry { sha256: None, ..unread.files[0].clone() });
    let statement: serde_json::Value = serde_json::from_slice(&render(Format::Vsa, &unread, &case())).unwrap();
    assert!(statement["predicate"]["inputAttestations"].is_null(), "a list of inputs has all of them or is not there");
}

fn digest_of(document: &ReportDocument) -> Sha256 {
    Sha256::of(&json::canonical(document))
}

/// The page loads nothing and runs nothing but its own script, whatever the evidence says.
#[test]
fn evidence_stays_text_in_the_page() {
    let tags: BTreeSet<&str> = BTreeSet::from([
        "html",
        "head",
        "meta",
        "title",
        "style",
        "body",
        "a",
        "header",
        "h1",
        "h2",
        "h3",
        "p",
        "strong",
        "dl",
        "div",
        "dt",
        "dd",
        "main",
        "section",
        "ul",
        "li",
        "br",
        "code",
        "form",
        "fieldset",
        "legend",
        "label",
        "input",
        "button",
        "output",
        "span",
        "article",
        "details",
        "summary",
        "figure",
        "figcaption",
        "pre",
        "mark",
        "table",
        "thead",
        "tr",
        "th",
        "tbody",
        "td",
        "footer",
        "script",
        "nav",
        "svg",
        "desc",
        "rect",
        "text",
        "polyline",
        "polygon",
        "g",
        "circle",
        "path",
    ]);
    for (name, document) in every_run() {
        let page = String::from_utf8(render(Format::Html, &document, &case())).unwrap();
        let (mut scripts, mut open, mut ids) = (0, Vec::new(), BTreeSet::new());
        let mut links = Vec::new();
        for token in Tokenizer::new(&page) {
            let token: Token = token.unwrap();
            match token {
                Token::StartTag(tag) => {
                    let tag_name = String::from_utf8(tag.name.to_vec()).unwrap();
                    assert!(tags.contains(tag_name.as_str()), "{name}: <{tag_name}>");
                    scripts += usize::from(tag_name == "script");
                    for (attribute, value) in &tag.attributes {
                        let (attribute, value) = (attribute.to_vec(), value.to_vec());
                        let attribute = String::from_utf8(attribute).unwrap();
                        let value = String::from_utf8(value).unwrap();
                        assert!(
                            !attribute.starts_with("on") && !["src", "style", "srcset"].contains(&attribute.as_str())
                        );
                        if attribute == "href" {
                            links.push(value.strip_prefix('#').unwrap_or_else(|| panic!("{name}: {value}")).to_owned());
                        } else if attribute == "id" {
                            assert!(
                                !value.contains(char::is_whitespace) && ids.insert(value.clone()),
                                "{name}: {value}"
                            );
                        }
                    }
                    if !tag.self_closing && !["meta", "br", "input"].contains(&tag_name.as_str()) {
                        open.push(tag_name);
                    }
                }
                Token::EndTag(tag) => {
                    assert_eq!(open.pop().unwrap().as_bytes(), &tag.name[..], "{name}");
                }
                Token::Error(error) => panic!("{name}: {error:?}"),
                Token::Comment(_) => panic!("{name}: evidence became a comment"),
                Token::String(_) | Token::Doctype(_) => {}
            }
        }
        assert!(open.is_empty() && scripts == 1, "{name}");
        assert!(links.iter().all(|link| ids.contains(link)), "{name}: {links:?}");
        assert!(!page.chars().any(|c| c != '\n' && (c.is_control() || c == '\u{202e}' || c == '\u{2066}')), "{name}");
        for digest in digests_of_assets(&page) {
            assert!(page.contains(&digest), "the policy allows no {digest}");
        }
        assert!(page.contains("content=\"default-src &#39;none&#39;; "));
    }
}

/// What a browser computes of the style sheet and of the script.
fn digests_of_assets(page: &str) -> Vec<String> {
    use base64::Engine as _;
    let asset = |start: &str, end: &str| {
        let from = page.find(start).unwrap() + start.len();
        let text = &page[from..from + page[from..].find(end).unwrap()];
        base64::engine::general_purpose::STANDARD.encode(Sha256::of(text.as_bytes()).as_bytes())
    };
    vec![
        format!("style-src &#39;sha256-{}&#39;", asset("<style>", "</style>")),
        format!("script-src &#39;sha256-{}&#39;", asset("<script>", "</script>")),
    ]
}

#[test]
fn the_deciding_characters_are_marked() {
    let document = sealed(blocked());
    let page = String::from_utf8(render(Format::Html, &document, &case())).unwrap();
    assert!(page.contains("&quot;status&quot;: <mark>&quot;LAPSED&quot;</mark>,"), "{page}");
    let text = String::from_utf8(render(Format::Markdown, &document, &case())).unwrap();
    assert!(text.contains("        \"status\": \"LAPSED\",\n                  ^^^^^^^^\n"), "{text}");
    assert!(text.contains("(cases/b0/bundle/raw/lei-record-r1.json#L33)"), "{text}");
}

#[test]
fn ten_megabytes_of_evidence_make_no_page_nobody_can_open() {
    let mut document = blocked();
    document.results[0].findings[0].message = "x<".repeat(5 << 20);
    let document = sealed(document);
    let page = render(Format::Html, &document, &case());
    assert!(page.len() < 200_000, "{}", page.len());
    let github = render(Format::Github, &document, &case());
    assert!(github.len() < 20_000, "{}", github.len());
}

#[test]
fn a_name_that_is_no_format_lists_them_all() {
    let error = "pdf".parse::<Format>().unwrap_err().to_string();
    for format in Format::ALL {
        assert!(error.contains(format.as_str()), "{error}");
        assert_eq!(format.as_str().parse::<Format>().as_ref(), Ok(format));
    }
}
