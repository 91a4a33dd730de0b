//! One finding, open to be read.
//!
//! In: a row that was found. Out: an article with the clause, what was expected and found, where, and what to do.

use super::super::document::{DecidingEntry, ReportDocument, UnknownEntry};
use super::super::format::Layout;
use super::super::rows::{Class, Row, Standing, clause};
use super::evidence;
use super::text::{attribute, shown};

/// Writes the article.
pub(super) fn render(page: &mut String, document: &ReportDocument, row: &Row<'_>, anchor: &str, layout: &Layout) {
    let (result, word) = (row.result, row.standing().word());
    page.push_str(&format!(
        "<article id=\"{}\" data-class=\"{word}\"{}>\n<details open>\n",
        attribute(anchor),
        data(row)
    ));
    let element = row.element().map(|element| format!(" <span class=\"element\">{}</span>", shown(element)));
    page.push_str(&format!(
        "<summary><span class=\"word\">{word}</span> <span class=\"rule\">{}</span>{} <span class=\"title\">{}</span></summary>\n",
        shown(&result.rule),
        element.unwrap_or_default(),
        shown(&result.title)
    ));
    page.push_str(&format!("<p class=\"message\">{}</p>\n", shown(&row.message())));
    page.push_str(&format!(
        "<p class=\"clause\">{} <a class=\"anchor\" href=\"#{}\">link to this finding</a></p>\n",
        shown(&clause(result)),
        attribute(anchor)
    ));
    if let Some(finding) = row.finding {
        if finding.lowered {
            page.push_str("<p>Lowered from block to warn by the rule's own condition.</p>\n");
        }
        if let Some(rule) = &finding.root_cause {
            page.push_str(&format!("<p>It follows from what <strong>{}</strong> reports.</p>\n", shown(rule)));
        }
        waiver(page, document, finding.waiver.as_deref());
        for deciding in &finding.deciding {
            condition(page, deciding, layout);
        }
        for unknown in &finding.unknowns {
            not_known(page, unknown, layout);
        }
    }
    let advice = row.advice(document, &layout.case_path);
    let needed = !matches!(row.standing(), Standing::Found(Class::Waived | Class::Info));
    if needed && !advice.is_empty() {
        page.push_str(&format!("<p class=\"advice\"><strong>What to do:</strong> {}</p>\n", shown(&advice)));
    }
    page.push_str("</details>\n</article>\n");
}

/// What a program reads of a row.
pub(super) fn data(row: &Row<'_>) -> String {
    let mut data = format!(
        " data-rule=\"{}\" data-outcome=\"{}\" data-level=\"{}\"",
        attribute(&row.result.rule),
        row.outcome().as_str(),
        row.level().as_str()
    );
    for (name, value) in [("element", row.element()), ("waiver", row.waiver())] {
        if let Some(value) = value {
            data.push_str(&format!(" data-{name}=\"{}\"", attribute(value)));
        }
    }
    data
}

fn waiver(page: &mut String, document: &ReportDocument, id: Option<&str>) {
    let Some(id) = id else { return };
    let waiver = document.waivers.iter().find(|waiver| waiver.id == id);
    let terms = waiver.map(|waiver| {
        let approved = waiver.approved_by.join(", ");
        format!(", approved by {}, until {}: {}", shown(&approved), waiver.expires, shown(&waiver.reason))
    });
    page.push_str(&format!("<p>Waived by <strong>{}</strong>{}</p>\n", shown(id), terms.unwrap_or_default()));
}

fn condition(page: &mut String, deciding: &DecidingEntry, layout: &Layout) {
    let policy = format!("{}:{}:{}", deciding.policy.path, deciding.policy.line, deciding.policy.column);
    page.push_str(&format!(
        "<dl class=\"condition\">\n<div><dt>expected</dt><dd>{}</dd></div>\n<div><dt>found</dt><dd>{}</dd></div>\n\
         <div><dt>rule</dt><dd><code>{}</code> <span class=\"policy\">{}</span></dd></div>\n</dl>\n",
        shown(&deciding.expected),
        shown(&deciding.actual),
        shown(&deciding.expression),
        shown(&policy)
    ));
    for place in &deciding.evidence {
        evidence::render(page, place, &layout.case_path);
    }
}

fn not_known(page: &mut String, unknown: &UnknownEntry, layout: &Layout) {
    page.push_str(&format!(
        "<dl class=\"condition\">\n<div><dt>not known</dt><dd><code>{}</code>: {}</dd></div>\n</dl>\n",
        shown(&unknown.wanted),
        shown(&unknown.explanation)
    ));
    for place in &unknown.evidence {
        evidence::render(page, place, &layout.case_path);
    }
}
