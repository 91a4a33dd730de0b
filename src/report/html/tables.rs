//! Tables: waivers, what passes, what is not decided yet, files; and what the report rests on.
//!
//! In: a document and its rows. Out: sections of the page.

use super::super::document::ReportDocument;
use super::super::rows::{Row, clause};
use super::super::text::count;
use super::finding::data;
use super::text::{attribute, shown};

/// Waivers, and what became of them.
pub(super) fn waivers(page: &mut String, document: &ReportDocument) {
    if document.waivers.is_empty() {
        return;
    }
    page.push_str("<section id=\"waivers\">\n<h2>Waivers</h2>\n<table class=\"stack\">\n<thead><tr>");
    for head in ["waiver", "state", "rule", "element", "reason", "approved by", "expires"] {
        page.push_str(&format!("<th scope=\"col\">{head}</th>"));
    }
    page.push_str("</tr></thead>\n<tbody>\n");
    for waiver in &document.waivers {
        let approved = waiver.approved_by.join(", ");
        let expires = waiver.expires.to_string();
        page.push_str(&format!(
            "<tr class=\"waiver-{}\"><th scope=\"row\" data-head=\"waiver\">{}</th>",
            waiver.level.as_str(),
            shown(&waiver.id)
        ));
        for (head, cell) in [
            ("state", &waiver.state),
            ("rule", &waiver.rule),
            ("element", &waiver.element),
            ("reason", &waiver.reason),
            ("approved by", &approved),
            ("expires", &expires),
        ] {
            page.push_str(&format!("<td data-head=\"{head}\"><div>{}</div></td>", shown(cell)));
        }
        page.push_str("</tr>\n");
    }
    page.push_str("</tbody>\n</table>\n</section>\n");
}

/// Rules that need nobody, counted, and folded.
pub(super) fn folded(page: &mut String, name: &str, title: &str, rows: &[(&Row<'_>, &String)]) {
    if rows.is_empty() {
        return;
    }
    page.push_str(&format!(
        "<section id=\"{name}\">\n<details>\n<summary><h2>{} {title}</h2></summary>\n<div class=\"wide\" role=\"region\" tabindex=\"0\" aria-label=\"table\"><table>\n\
         <thead><tr><th scope=\"col\">rule</th><th scope=\"col\">title</th><th scope=\"col\">clause</th></tr></thead>\n<tbody>\n",
        count(rows.len(), "rule", "rules")
    ));
    for (row, anchor) in rows {
        page.push_str(&format!(
            "<tr id=\"{}\"{}><td>{}</td><td>{}</td><td>{}</td></tr>\n",
            attribute(anchor),
            data(row),
            shown(&row.result.rule),
            shown(&row.message()),
            shown(&clause(row.result))
        ));
    }
    page.push_str("</tbody>\n</table></div>\n</details>\n</section>\n");
}

/// What is not decided: later stages, and requirements without a rule.
pub(super) fn besides(page: &mut String, document: &ReportDocument) {
    if !document.not_yet_due.is_empty() {
        page.push_str(&format!(
            "<section id=\"not-yet-due\">\n<details>\n<summary><h2>{} not yet due</h2></summary>\n<p>{}</p>\n</details>\n</section>\n",
            count(document.not_yet_due.len(), "rule", "rules"),
            shown(&document.not_yet_due.join(", "))
        ));
    }
    if !document.pending.is_empty() {
        page.push_str(&format!(
            "<section id=\"pending\">\n<details>\n<summary><h2>{} without a rule yet</h2></summary>\n<ul>\n",
            count(document.pending.len(), "requirement", "requirements")
        ));
        for pending in &document.pending {
            let waits = format!("{} (pack {}), waits for {}", pending.requirement, pending.pack, pending.waits_for);
            page.push_str(&format!("<li>{}</li>\n", shown(&waits)));
        }
        page.push_str("</ul>\n</details>\n</section>\n");
    }
}

/// The evidence, with digests and the rules that read it.
pub(super) fn files(page: &mut String, document: &ReportDocument) {
    if document.files.is_empty() {
        return;
    }
    let unused = document.files.iter().filter(|file| file.used_by.is_empty()).count();
    let unused = if unused == 0 { String::new() } else { format!(", {unused} read by no rule") };
    page.push_str(&format!(
        "<section id=\"files\">\n<details>\n<summary><h2>{}{unused}</h2></summary>\n<div class=\"wide\" role=\"region\" tabindex=\"0\" aria-label=\"table\"><table>\n<thead><tr>",
        count(document.files.len(), "file", "files")
    ));
    for head in ["file", "kind", "bytes", "rules", "sha256"] {
        page.push_str(&format!("<th scope=\"col\">{head}</th>"));
    }
    page.push_str("</tr></thead>\n<tbody>\n");
    for file in &document.files {
        let digest = file.sha256.map_or("not read".to_owned(), |digest| digest.to_string());
        page.push_str(&format!(
            "<tr><td><code>{}</code></td><td>{}</td><td>{}</td><td>{}</td><td><code class=\"digest\">{digest}</code></td></tr>\n",
            shown(&file.path),
            shown(&file.kind),
            file.size,
            file.used_by.len()
        ));
    }
    page.push_str("</tbody>\n</table></div>\n</details>\n</section>\n");
}

/// Everything that must be equal for the same bytes to come out.
pub(super) fn footer(page: &mut String, document: &ReportDocument, command: &str) {
    let run = &document.run;
    page.push_str("<footer id=\"rests-on\">\n<h2>What this rests on</h2>\n<dl class=\"digests\">\n");
    let bundle = run.bundle.map_or("no manifest".to_owned(), |digest| digest.to_string());
    for (what, value) in [
        ("report", document.said.as_str()),
        ("judgement", &document.judgement.to_string()),
        ("bundle", &bundle),
        ("policy", &run.policy.to_string()),
        ("trust", &run.trust.to_string()),
        ("countersign", &run.engine),
        ("packs", &run.packs.join(", ")),
    ] {
        page.push_str(&format!("<div><dt>{what}</dt><dd><code>{}</code></dd></div>\n", shown(value)));
    }
    page.push_str("</dl>\n");
    let set: Vec<_> = run.parameters.iter().filter(|parameter| parameter.set_by != "default").collect();
    if !set.is_empty() {
        page.push_str("<h3>Parameters that differ from their default</h3>\n<ul>\n");
        for parameter in set {
            let default = parameter.default.as_deref().unwrap_or("none");
            let text =
                format!("{} = {}, set by {}; default {default}", parameter.name, parameter.value, parameter.set_by);
            page.push_str(&format!("<li>{}</li>\n", shown(&text)));
        }
        page.push_str("</ul>\n");
    }
    page.push_str(&format!(
        "<p>Made again by:</p>\n<pre dir=\"ltr\" id=\"command\">{}</pre>\n\
         <button type=\"button\" id=\"copy\" hidden>copy the command</button> <output id=\"copied\"></output>\n</footer>\n",
        shown(command)
    ));
}
