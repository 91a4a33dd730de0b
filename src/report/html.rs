//! The report as a page: one file that loads nothing.
//!
//! In: a document and where its case is. Out: HTML whose policy allows the one style sheet and the one script that are
//! in it, by digest, and no request at all. Every text is escaped, cut where nobody would read it, and stands between
//! tags or in quotes; the script only hides, shows and copies. Without it, everything is there to be read and printed.

pub mod audit;
mod chain;
mod drawing;
mod evidence;
mod finding;
mod signing;
mod tables;
mod text;
mod timeline;

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::document::ReportDocument;
use super::format::Layout;
use super::rows::{Class, Row, Standing, how_to_add, rows};
use super::text::count;
use super::{command, human};
use crate::evaluate::outcome::Verdict;
use crate::primitives::Sha256;
use text::{attribute, shown};

const STYLE: &str = include_str!("html/report.css");
const SCRIPT: &str = include_str!("html/report.js");

/// The parts of what was found, in the order in which a reader needs them.
const PARTS: [(Class, &str, &str); 6] = [
    (Class::Block, "block", "Blocks: nothing is signed while it fails"),
    (Class::Unknown, "unknown", "Cannot be judged on this evidence"),
    (Class::Review, "review", "Waits for a signed statement"),
    (Class::Warn, "warn", "Fails, and may be waived"),
    (Class::Waived, "waived", "Fails, and is waived"),
    (Class::Info, "info", "For information"),
];

/// The whole page.
pub fn render(document: &ReportDocument, layout: &Layout) -> String {
    let rows: Vec<Row<'_>> = rows(document).collect();
    let anchors = anchors(&rows);
    let mut page = String::new();
    head(&mut page, document);
    banner(&mut page, document, &rows);
    page.push_str("<main id=\"content\">\n");
    missing(&mut page, document, layout);
    signing::section(&mut page, document);
    filter(&mut page, &rows);
    for (class, name, title) in PARTS {
        let found: Vec<(&Row<'_>, &String)> =
            rows.iter().zip(&anchors).filter(|(row, _)| row.standing() == Standing::Found(class)).collect();
        if found.is_empty() {
            continue;
        }
        page.push_str(&format!(
            "<section id=\"{name}\" class=\"found {name}\">\n<h2>{title} <span class=\"count\">({})</span></h2>\n",
            found.len()
        ));
        for (row, anchor) in found {
            finding::render(&mut page, document, row, anchor, layout);
        }
        page.push_str("</section>\n");
    }
    tables::waivers(&mut page, document);
    page.push_str("<div class=\"exhibits\">\n");
    chain::section(&mut page, document);
    timeline::section(&mut page, document);
    page.push_str("</div>\n");
    let others = [
        (Standing::ByParts, "by-parts", "made of other rules"),
        (Standing::Pass, "pass", "passing"),
        (Standing::NotApplicable, "not-applicable", "not of concern to this case"),
    ];
    for (standing, name, title) in others {
        let of: Vec<(&Row<'_>, &String)> =
            rows.iter().zip(&anchors).filter(|(row, _)| row.standing() == standing).collect();
        tables::folded(&mut page, name, title, &of);
    }
    tables::besides(&mut page, document);
    tables::files(&mut page, document);
    page.push_str("</main>\n");
    tables::footer(&mut page, document, &command::made_again(document, &layout.case_path));
    page.push_str(&format!("<script>{SCRIPT}</script>\n</body>\n</html>\n"));
    page
}

/// A place to link to for each row: the rule's id, and a number where it has several findings.
fn anchors(rows: &[Row<'_>]) -> Vec<String> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_') { c } else { '-' };
    let anchor = |row: &Row<'_>| {
        let rule: String = row.result.rule.chars().take(100).map(plain).collect();
        let number = seen.entry(rule.clone()).or_default();
        *number += 1;
        // A tilde is in no rule's part, so that no two are the same.
        if *number == 1 { format!("rule-{rule}") } else { format!("rule-{rule}~{number}") }
    };
    rows.iter().map(anchor).collect()
}

/// What a policy of content allows by the digest of its text.
fn allowed(text: &str) -> String {
    format!("'sha256-{}'", STANDARD.encode(Sha256::of(text.as_bytes()).as_bytes()))
}

fn head(page: &mut String, document: &ReportDocument) {
    let policy = format!(
        "default-src 'none'; style-src {}; script-src {}; base-uri 'none'; form-action 'none'",
        allowed(STYLE),
        allowed(SCRIPT)
    );
    let word = human::word(document.verdict, false);
    begin(page, &policy, &format!("{}: {word}", shown(&document.run.bundle_id)));
}

/// What every page begins with, up to its own banner; the title is escaped.
fn begin(page: &mut String, policy: &str, title: &str) {
    page.push_str("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    page.push_str(&format!("<meta http-equiv=\"Content-Security-Policy\" content=\"{}\">\n", attribute(policy)));
    page.push_str("<meta name=\"referrer\" content=\"no-referrer\">\n");
    page.push_str("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    page.push_str("<meta name=\"color-scheme\" content=\"light dark\">\n");
    page.push_str(&format!("<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"));
    page.push_str("<a class=\"skip\" href=\"#content\">to the findings</a>\n");
}

/// The class of a verdict's banner.
fn tone(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::NotClean => "bad",
        Verdict::Indeterminate => "open",
        Verdict::NeedsWaiver => "warned",
        Verdict::CleanWithWaivers | Verdict::Clean => "good",
    }
}

fn banner(page: &mut String, document: &ReportDocument, rows: &[Row<'_>]) {
    let run = &document.run;
    let tone = tone(document.verdict);
    page.push_str(&format!(
        "<header class=\"banner {tone}\" data-verdict=\"{}\" data-said=\"{}\">\n",
        document.verdict.as_str(),
        attribute(&document.said)
    ));
    page.push_str(&format!("<h1>{}</h1>\n", shown(&human::headline(document))));
    if document.partial {
        let pending = count(document.pending.len(), "requirement has", "requirements have");
        page.push_str(&format!(
            "<p><strong>Partial:</strong> {pending} no rule yet, and the gate refuses a partial report.</p>\n"
        ));
    }
    page.push_str("<dl class=\"about\">\n");
    let until = document.valid_until.map_or("no date follows from the evidence".to_owned(), |until| until.to_string());
    let flows = if run.flows.is_empty() { "none".to_owned() } else { run.flows.join(", ") };
    let of_credential = super::is_of_credential(document);
    let about: &[(&str, &str)] = match of_credential {
        true => &[("credential", run.bundle_id.as_str())],
        false => {
            &[("case", run.bundle_id.as_str()), ("LEI", run.lei.as_deref().unwrap_or("none")), ("flow", flows.as_str())]
        }
    };
    let as_of = run.as_of.to_string();
    for &(what, value) in about.iter().chain(&[
        ("stage", run.stage.as_str()),
        ("profile", run.profile.as_str()),
        ("as of", as_of.as_str()),
        ("holds until", until.as_str()),
    ]) {
        page.push_str(&format!("<div><dt>{what}</dt><dd>{}</dd></div>\n", shown(value)));
    }
    page.push_str("</dl>\n");
    contents(page, document, rows);
    page.push_str("</header>\n");
}

/// Where to go from the top.
fn contents(page: &mut String, document: &ReportDocument, rows: &[Row<'_>]) {
    let found = |class| rows.iter().filter(|row| row.standing() == Standing::Found(class)).count();
    let mut places: Vec<(&str, String)> = Vec::new();
    if document.proposal.is_some() {
        places.push(("signing", "what will be signed".to_owned()));
    }
    for (class, name, _) in PARTS {
        if found(class) > 0 {
            places.push((name, format!("{} ({})", class.word(), found(class))));
        }
    }
    if !document.chain.is_empty() {
        places.push(("chain", "chain of credentials".to_owned()));
    }
    if !document.steps.is_empty() {
        places.push(("people", "who did what".to_owned()));
    }
    if !document.files.is_empty() {
        places.push(("files", "files".to_owned()));
    }
    places.push(("rests-on", "what this rests on".to_owned()));
    page.push_str("<nav aria-label=\"Parts of the report\"><ul>\n");
    for (id, text) in places {
        page.push_str(&format!("<li><a href=\"#{id}\">{text}</a></li>\n"));
    }
    page.push_str("</ul></nav>\n");
}

/// What the case lacks, and how it comes into it.
fn missing(page: &mut String, document: &ReportDocument, layout: &Layout) {
    let wanting: Vec<_> = document.kinds.iter().filter(|kind| kind.listed == 0 && !kind.waiting.is_empty()).collect();
    if wanting.is_empty() {
        return;
    }
    page.push_str("<section id=\"missing\">\n<h2>What the case lacks</h2>\n<ul class=\"missing\">\n");
    for kind in wanting {
        let command = how_to_add(&kind.kind, &kind.area, document.run.lei.as_deref(), &layout.case_path);
        page.push_str(&format!(
            "<li><strong>{}</strong>: {}; {}<br><code>{}</code></li>\n",
            shown(&kind.kind),
            shown(&kind.title),
            count(kind.waiting.len(), "rule waits for it", "rules wait for it"),
            shown(&command)
        ));
    }
    page.push_str("</ul>\n</section>\n");
}

/// Hidden until the script, which it needs, shows it.
fn filter(page: &mut String, rows: &[Row<'_>]) {
    let present: Vec<_> =
        PARTS.iter().filter(|(class, _, _)| rows.iter().any(|row| row.standing() == Standing::Found(*class))).collect();
    if present.is_empty() {
        return;
    }
    page.push_str("<form id=\"filter\" hidden>\n<fieldset>\n<legend>Show</legend>\n");
    for (class, name, _) in present {
        page.push_str(&format!("<label><input type=\"checkbox\" value=\"{name}\" checked> {}</label>\n", class.word()));
    }
    page.push_str(
        "</fieldset>\n<label>with the text <input type=\"search\" id=\"text\" autocomplete=\"off\"></label>\n\
         <button type=\"button\" id=\"fold\">fold all</button>\n\
         <output id=\"shown\" aria-live=\"polite\"></output>\n</form>\n",
    );
}
