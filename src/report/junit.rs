//! The report as JUnit XML, for what shows tests.
//!
//! In: a document. Out: one suite per governance document and one for waivers that do not hold, one test case per row.
//! What fails is a failure, what cannot be judged or waits an error, so that neither looks like a pass; what is waived,
//! does not concern the case or is only reported is skipped, with the reason.

use std::fmt::Write as _;

use super::document::{ReportDocument, ResultEntry, WaiverEntry};
use super::human;
use super::rows::{Class, Row, Standing, broken_waivers, clause, rows};
use super::text::safe;

/// The whole text.
pub fn render(document: &ReportDocument) -> String {
    let mut suites: Vec<Suite<'_>> = Vec::new();
    for row in rows(document) {
        let at = suites.iter().position(|suite| suite.name == row.result.document).unwrap_or_else(|| {
            suites.push(Suite { name: &row.result.document, cases: Vec::new() });
            suites.len() - 1
        });
        suites[at].cases.push(Case::of(document, row));
    }
    let broken: Vec<Case> = broken_waivers(document).map(Case::broken).collect();
    if !broken.is_empty() {
        suites.push(Suite { name: "waivers", cases: broken });
    }
    let all = || suites.iter().flat_map(|suite| &suite.cases);
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    open(
        &mut xml,
        0,
        "testsuites",
        &[("name", &human::headline(document)), ("time", "0")],
        &counts(all()),
        Close::Later,
    );
    for suite in &suites {
        render_suite(&mut xml, document, suite);
    }
    xml.push_str("</testsuites>\n");
    xml
}

struct Suite<'a> {
    name: &'a str,
    cases: Vec<Case>,
}

/// What a test case ends with.
enum End {
    Passed,
    Skipped,
    Failed { type_: &'static str },
    Errored { type_: &'static str },
}

struct Case {
    class: String,
    name: String,
    properties: Vec<(&'static str, String)>,
    end: End,
    message: String,
    text: String,
}

impl Case {
    fn of(document: &ReportDocument, row: Row<'_>) -> Self {
        let ResultEntry { rule, title, document: policy, .. } = row.result;
        let name = match row.element() {
            Some(element) => format!("{rule} [{element}] {title}"),
            None => format!("{rule} {title}"),
        };
        let mut properties = vec![
            ("rule", rule.clone()),
            ("outcome", row.outcome().as_str().to_owned()),
            ("level", row.level().as_str().to_owned()),
        ];
        properties.extend(row.element().map(|element| ("element", element.to_owned())));
        properties.extend(row.waiver().map(|waiver| ("waiver", waiver.to_owned())));
        let (end, message) = match row.standing() {
            Standing::Found(Class::Block) => (End::Failed { type_: "block" }, row.message()),
            Standing::Found(Class::Warn) => (End::Failed { type_: "warn" }, row.message()),
            Standing::Found(Class::Unknown) => (End::Errored { type_: "indeterminate" }, row.message()),
            Standing::Found(Class::Review) => (End::Errored { type_: "review" }, row.message()),
            Standing::Found(Class::Waived) => (End::Skipped, format!("waived: {}", waived(document, row))),
            Standing::Found(Class::Info) => (End::Skipped, format!("for information: {}", row.message())),
            Standing::ByParts => (End::Skipped, row.message()),
            Standing::Pass => (End::Passed, String::new()),
            Standing::NotApplicable => (End::Skipped, "does not concern this case".to_owned()),
        };
        Self { class: policy.clone(), name, properties, end, message, text: text(document, row) }
    }

    fn broken(waiver: &WaiverEntry) -> Self {
        Self {
            class: "waivers".to_owned(),
            name: format!("{} for {} {}", waiver.id, waiver.rule, waiver.element),
            properties: Vec::new(),
            end: End::Failed { type_: "block" },
            message: format!("waiver {} does not hold: {}", waiver.id, waiver.state),
            text: format!("reason given: {}", waiver.reason),
        }
    }
}

fn waived(document: &ReportDocument, row: Row<'_>) -> String {
    let waiver = document.waivers.iter().find(|waiver| Some(waiver.id.as_str()) == row.waiver());
    let terms = waiver.map(|waiver| {
        format!("{} by {} until {}: {}", waiver.id, waiver.approved_by.join(", "), waiver.expires, waiver.reason)
    });
    terms.unwrap_or_default()
}

/// The clause, conditions, places and advice, a line each.
fn text(document: &ReportDocument, row: Row<'_>) -> String {
    let mut lines = vec![clause(row.result)];
    if let Some(finding) = row.finding {
        for deciding in &finding.deciding {
            lines.push(format!("expected {}, found {}", deciding.expected, deciding.actual));
        }
        lines.extend(finding.unknowns.iter().map(|unknown| format!("not known: {}", unknown.explanation)));
    }
    for place in row.places() {
        lines.push(format!("{}:{}:{}", place.path, place.line, place.column));
        if !place.excerpt.trim().is_empty() {
            lines.push(format!("    {}", place.excerpt.trim()));
        }
    }
    let advice = row.advice(document, "");
    if !advice.is_empty() {
        lines.push(format!("what to do: {advice}"));
    }
    lines.iter().map(|line| safe(line)).collect::<Vec<_>>().join("\n")
}

fn counts<'c>(cases: impl Iterator<Item = &'c Case>) -> Vec<(&'static str, usize)> {
    let (mut tests, mut failures, mut errors, mut skipped) = (0, 0, 0, 0);
    for case in cases {
        tests += 1;
        match case.end {
            End::Passed => {}
            End::Skipped => skipped += 1,
            End::Failed { .. } => failures += 1,
            End::Errored { .. } => errors += 1,
        }
    }
    vec![("tests", tests), ("failures", failures), ("errors", errors), ("skipped", skipped)]
}

fn render_suite(xml: &mut String, document: &ReportDocument, suite: &Suite<'_>) {
    let run = &document.run;
    let instant = run.as_of.to_string();
    let attributes = [("name", suite.name), ("timestamp", instant.as_str()), ("time", "0")];
    open(xml, 2, "testsuite", &attributes, &counts(suite.cases.iter()), Close::Later);
    let mut about = vec![
        ("verdict", document.verdict.as_str().to_owned()),
        ("report", document.said.clone()),
        ("judgement", document.judgement.to_string()),
        ("policy", run.policy.to_string()),
        ("trust", run.trust.to_string()),
        ("countersign", run.engine.clone()),
        ("case", run.bundle_id.clone()),
        ("stage", run.stage.as_str().to_owned()),
        ("profile", run.profile.clone()),
        ("partial", document.partial.to_string()),
    ];
    about.extend(run.bundle.map(|digest| ("bundle", digest.to_string())));
    about.extend(document.valid_until.map(|until| ("valid_until", until.to_string())));
    properties(xml, 4, &about);
    for case in &suite.cases {
        render_case(xml, case);
    }
    xml.push_str("  </testsuite>\n");
}

fn render_case(xml: &mut String, case: &Case) {
    open(xml, 4, "testcase", &[("classname", &case.class), ("name", &case.name), ("time", "0")], &[], Close::Later);
    properties(xml, 6, &case.properties);
    let message = ("message", case.message.as_str());
    let (element, attributes) = match case.end {
        End::Passed => (None, vec![]),
        End::Skipped => (Some("skipped"), vec![message]),
        End::Failed { type_ } => (Some("failure"), vec![("type", type_), message]),
        End::Errored { type_ } => (Some("error"), vec![("type", type_), message]),
    };
    if let Some(element) = element {
        match case.end {
            // A skipped test has no text in the schema that most readers go by.
            End::Passed | End::Skipped => open(xml, 6, element, &attributes, &[], Close::Now),
            End::Failed { .. } | End::Errored { .. } => {
                open(xml, 6, element, &attributes, &[], Close::Later);
                // The text begins on the line of its tag: a line end would be part of it.
                xml.pop();
                xml.push_str(&escaped(&case.text));
                // Writing to a `String` cannot fail.
                let _ = writeln!(xml, "</{element}>");
            }
        }
    }
    xml.push_str("    </testcase>\n");
}

fn properties(xml: &mut String, indent: usize, properties: &[(&str, String)]) {
    if properties.is_empty() {
        return;
    }
    open(xml, indent, "properties", &[], &[], Close::Later);
    for (name, value) in properties {
        open(xml, indent + 2, "property", &[("name", name), ("value", value)], &[], Close::Now);
    }
    xml.extend(std::iter::repeat_n(' ', indent));
    xml.push_str("</properties>\n");
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Close {
    Now,
    Later,
}

fn open(xml: &mut String, indent: usize, name: &str, texts: &[(&str, &str)], numbers: &[(&str, usize)], close: Close) {
    xml.extend(std::iter::repeat_n(' ', indent));
    // Writing to a `String` cannot fail.
    let _ = write!(xml, "<{name}");
    for (name, value) in texts {
        let _ = write!(xml, " {name}=\"{}\"", escaped(&safe(value)));
    }
    for (name, value) in numbers {
        let _ = write!(xml, " {name}=\"{value}\"");
    }
    xml.push_str(if close == Close::Now { "/>\n" } else { ">\n" });
}

/// As text and as the value of an attribute.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            _ => out.push(c),
        }
    }
    out
}
