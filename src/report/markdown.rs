//! The report as Markdown, as GitHub and GitLab read it.
//!
//! In: a document and where its case is. Out: the verdict, digests, a table of what was found, each finding with its
//! clause and its place, waivers; what passes is folded. Text of the evidence stands in code, where it can neither
//! format, link, mention nor call.

use std::fmt::Write as _;

use super::document::{EvidencePlace, ReportDocument, ResultEntry};
use super::format::Layout;
use super::rows::{Class, Row, Standing, clause, evidence_path, rows};
use super::text::{count, encoded, safe};
use super::{command, human};

/// The whole text.
pub fn render(document: &ReportDocument, layout: &Layout) -> String {
    let mut page = String::new();
    head(&mut page, document);
    let rows: Vec<Row<'_>> = rows(document).collect();
    let found: Vec<Row<'_>> = of(&rows, |standing| matches!(standing, Standing::Found(_) | Standing::ByParts));
    if !found.is_empty() {
        line(&mut page, "## What was found\n");
        table(&mut page, &found);
        for row in found.iter().filter(|row| row.finding.is_some()) {
            finding(&mut page, document, row, layout);
        }
    }
    waivers(&mut page, document);
    let passing = of(&rows, |standing| standing == Standing::Pass);
    folded(&mut page, &count(passing.len(), "rule passes", "rules pass"), &passing);
    let besides = of(&rows, |standing| standing == Standing::NotApplicable);
    folded(
        &mut page,
        &count(besides.len(), "rule does not concern this case", "rules do not concern this case"),
        &besides,
    );
    tail(&mut page, document, layout);
    page
}

fn of<'a>(rows: &[Row<'a>], wanted: impl Fn(Standing) -> bool) -> Vec<Row<'a>> {
    rows.iter().copied().filter(|row| wanted(row.standing())).collect()
}

fn line(page: &mut String, text: &str) {
    page.push_str(text);
    page.push('\n');
}

fn head(page: &mut String, document: &ReportDocument) {
    let run = &document.run;
    line(page, &format!("# {}\n", inline(&human::headline(document))));
    let flows = if run.flows.is_empty() { "none".to_owned() } else { code(&run.flows.join(", ")) };
    let about = format!(
        "Case {}, LEI {}, flow {flows}, stage {}, profile {}, as of {}.",
        code(&run.bundle_id),
        code(run.lei.as_deref().unwrap_or("none")),
        run.stage.as_str(),
        code(&run.profile),
        run.as_of
    );
    line(page, &about);
    if document.partial {
        let pending = count(document.pending.len(), "requirement has", "requirements have");
        line(page, &format!("Partial: {pending} no rule yet, and the gate refuses a partial report."));
    }
    line(page, "\n| what | digest or version |\n|---|---|");
    let bundle = run.bundle.map_or("no manifest".to_owned(), |digest| digest.to_string());
    for (what, digest) in [
        ("report", document.said.clone()),
        ("judgement", document.judgement.to_string()),
        ("bundle", bundle),
        ("policy", run.policy.to_string()),
        ("trust", run.trust.to_string()),
        ("countersign", run.engine.clone()),
    ] {
        line(page, &format!("| {what} | {} |", code(&digest)));
    }
    for parameter in run.parameters.iter().filter(|parameter| parameter.set_by != "default") {
        let default = parameter.default.as_deref().unwrap_or("none");
        let set = format!("{} = {}", parameter.name, parameter.value);
        line(
            page,
            &format!("\nParameter {}, set by {}; default {}.", code(&set), inline(&parameter.set_by), code(default)),
        );
    }
    page.push('\n');
}

fn table(page: &mut String, rows: &[Row<'_>]) {
    line(page, "| rule | outcome | level | element | waiver | what |\n|---|---|---|---|---|---|");
    for row in rows {
        let cells = [
            code(&row.result.rule),
            row.outcome().as_str().to_owned(),
            row.level().as_str().to_owned(),
            row.element().map(code).unwrap_or_default(),
            row.waiver().map(code).unwrap_or_default(),
            match row.standing() {
                Standing::Found(_) if row.finding.is_some() => code(&row.message()),
                Standing::Found(_) | Standing::ByParts | Standing::Pass | Standing::NotApplicable => {
                    inline(&row.message())
                }
            },
        ];
        line(page, &format!("| {} |", cells.join(" | ")));
    }
    page.push('\n');
}

fn finding(page: &mut String, document: &ReportDocument, row: &Row<'_>, layout: &Layout) {
    let Some(finding) = row.finding else { return };
    let ResultEntry { rule, title, .. } = row.result;
    line(page, &format!("### {}: {} {}\n", row.standing().word(), code(rule), inline(title)));
    line(page, &format!("{}.", inline(&clause(row.result))));
    line(page, &format!("{}\n", code(&row.message())));
    if finding.lowered {
        line(page, "Lowered from block to warn by the rule's own condition.\n");
    }
    if let Some(id) = &finding.waiver {
        line(page, &format!("Waived by {}.\n", code(id)));
    }
    if let Some(cause) = &finding.root_cause {
        line(page, &format!("It follows from what {} reports.\n", code(cause)));
    }
    for deciding in &finding.deciding {
        let policy = format!("{}:{}:{}", deciding.policy.path, deciding.policy.line, deciding.policy.column);
        line(
            page,
            &format!(
                "- expected {}, found {}, by {} in {}",
                code(&deciding.expected),
                code(&deciding.actual),
                code(&deciding.expression),
                code(&policy)
            ),
        );
    }
    for unknown in &finding.unknowns {
        line(page, &format!("- not known: {}, {}", code(&unknown.wanted), code(&unknown.explanation)));
    }
    page.push('\n');
    for place in row.places() {
        evidence(page, place, layout);
    }
    let advice = row.advice(document, &layout.case_path);
    let needed = !matches!(row.standing(), Standing::Found(Class::Waived | Class::Info));
    if !advice.is_empty() && needed {
        line(page, &format!("What to do: {}\n", code(&advice)));
    }
}

fn evidence(page: &mut String, place: &EvidencePlace, layout: &Layout) {
    let path = evidence_path(&layout.case_path, &place.path);
    let at = format!("{path}:{}:{}", place.line, place.column);
    line(page, &format!("[{}]({}#L{})\n", code(&at), encoded(&path), place.line));
    if place.excerpt.trim().is_empty() {
        return;
    }
    let (from, marked) = (place.mark.0 as usize, place.mark.1 as usize);
    let piece = |from: usize, length: usize| safe(&place.excerpt.chars().skip(from).take(length).collect::<String>());
    let (before, at, after) = (piece(0, from), piece(from, marked), piece(from.saturating_add(marked), usize::MAX));
    let text = format!("{before}{at}{after}");
    let fence = "`".repeat(longest_run(&text).max(2) + 1);
    line(page, &format!("{fence}text\n{text}"));
    let columns = |text: &str| unicode_width::UnicodeWidthStr::width(text);
    if !at.is_empty() {
        line(page, &format!("{}{}", " ".repeat(columns(&before)), "^".repeat(columns(&at).max(1))));
    }
    line(page, &format!("{fence}\n"));
}

fn waivers(page: &mut String, document: &ReportDocument) {
    if document.waivers.is_empty() {
        return;
    }
    line(
        page,
        "## Waivers\n\n| waiver | state | rule | element | reason | approved by | expires |\n|---|---|---|---|---|---|---|",
    );
    for waiver in &document.waivers {
        let approved = waiver.approved_by.iter().map(|officer| code(officer)).collect::<Vec<_>>().join(", ");
        let (id, state) = (code(&waiver.id), inline(&waiver.state));
        let (rule, element, reason) = (code(&waiver.rule), code(&waiver.element), code(&waiver.reason));
        line(page, &format!("| {id} | {state} | {rule} | {element} | {reason} | {approved} | {} |", waiver.expires));
    }
    page.push('\n');
}

fn folded(page: &mut String, summary: &str, rows: &[Row<'_>]) {
    if rows.is_empty() {
        return;
    }
    line(page, &format!("<details>\n<summary>{summary}</summary>\n"));
    table(page, rows);
    line(page, "</details>\n");
}

fn tail(page: &mut String, document: &ReportDocument, layout: &Layout) {
    let listed = |ids: Vec<String>| ids.iter().map(|id| code(id)).collect::<Vec<_>>().join(", ");
    if !document.not_yet_due.is_empty() {
        line(page, &format!("Not yet due: {}.\n", listed(document.not_yet_due.clone())));
    }
    if !document.pending.is_empty() {
        let ids = document.pending.iter().map(|pending| pending.requirement.clone()).collect();
        line(page, &format!("No rule yet: {}.\n", listed(ids)));
    }
    if !document.files.is_empty() {
        line(page, &format!("<details>\n<summary>{}</summary>\n", count(document.files.len(), "file", "files")));
        line(page, "| file | kind | sha256 | bytes | rules that read it |\n|---|---|---|---|---|");
        for file in &document.files {
            let digest = file.sha256.map_or("not read".to_owned(), |digest| digest.to_string());
            let (path, kind) = (code(&file.path), code(&file.kind));
            line(page, &format!("| {path} | {kind} | {} | {} | {} |", code(&digest), file.size, file.used_by.len()));
        }
        line(page, "\n</details>\n");
    }
    line(page, &format!("Made again by: {}", code(&command::made_again(document, &layout.case_path))));
}

/// Text that somebody else wrote: nothing in it is read as Markdown.
fn code(text: &str) -> String {
    let text = safe(text);
    let edge = text.starts_with(' ') || text.ends_with(' ') || text.is_empty();
    if !edge && !text.contains(['`', '|']) {
        return format!("`{text}`");
    }
    // No span of backticks says these the same in and outside a table.
    let mut html = String::from("<code>");
    for c in text.chars() {
        if c.is_ascii_punctuation() || c == ' ' {
            // Writing to a `String` cannot fail.
            let _ = write!(html, "&#{};", u32::from(c));
        } else {
            html.push(c);
        }
    }
    html + "</code>"
}

/// Text of the rule book: read as text, also where it has characters that Markdown knows.
pub(super) fn inline(text: &str) -> String {
    let mut out = String::new();
    for c in safe(text).chars() {
        if matches!(
            c,
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '|' | '~' | '&' | '!' | '@' | '$' | '{' | '}'
        ) {
            out.push('\\');
        }
        out.push(c);
    }
    out.replace("://", "\\://").replace("www.", "www\\.")
}

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}
