//! The audit as a page: one file that loads nothing, as the page of a case.
//!
//! In: the document and its cases. Out: HTML to a writer, with the style sheet and the policy of the other page. It
//! needs no script, and there is none.

use std::io::{self, Write};

use super::super::audit::human::word;
use super::super::audit::{AuditDocument, CaseEntry, Cases};
use super::super::text::count;
use super::text::{attribute, shown};
use super::{STYLE, allowed, begin, tone};
use crate::evaluate::outcome::Verdict;

/// Most cases that are shown; the JSON report has them all.
const CASES_MAX: usize = 500;

/// Writes the whole page.
///
/// # Errors
/// Of reading the cases or writing.
pub fn write(document: &AuditDocument, cases: &dyn Cases, out: &mut dyn Write) -> io::Result<()> {
    let mut page = String::new();
    head(&mut page, document);
    page.push_str("<main id=\"content\">\n");
    findings(&mut page, document);
    failing(&mut page, document, cases)?;
    metrics(&mut page, document);
    table(
        &mut page,
        ("waivers", &count(document.waivers.len(), "waiver", "waivers")),
        &["waiver", "case", "rule", "state", "approved by", "days old", "expires"],
        document.waivers.iter().map(|waiver| {
            let approved = waiver.approved_by.join(", ");
            vec![
                waiver.id.clone(),
                waiver.case.clone(),
                waiver.rule.clone(),
                waiver.state.clone(),
                approved,
                waiver.age_days.to_string(),
                waiver.expires.to_string(),
            ]
        }),
    );
    table(
        &mut page,
        ("roster", "Roster and keys"),
        &["when", "what", "members or keys", "source"],
        document.roster.iter().map(|entry| {
            let at = entry.at.map_or("nobody says".to_owned(), |at| at.to_string());
            vec![at, entry.what.clone(), entry.members.join(", "), entry.source.clone()]
        }),
    );
    if let Some(sample) = &document.sample {
        table(
            &mut page,
            ("sample", &format!("Sample of {}, seed {}", sample.drawn.len(), sample.seed)),
            &["case", "flow", "rank", "of", "sha256 of seed:case"],
            sample.drawn.iter().map(|drawn| {
                let (rank, of) = (drawn.rank.to_string(), drawn.of.to_string());
                vec![drawn.case.clone(), drawn.flow.clone(), rank, of, drawn.hash.to_string()]
            }),
        );
        page.push_str(&format!("<p>{}</p>\n", shown(&sample.method)));
    }
    table(
        &mut page,
        ("coverage", &format!("Rules and cases: {} not put to the test", document.summary.untested)),
        &["rule", "clause", "pass", "fail", "waived", "unknown", "review", "not applicable"],
        document.coverage.iter().map(|rule| {
            let numbers = [rule.pass, rule.fail, rule.waived, rule.indeterminate, rule.review, rule.not_applicable];
            let mut cells = vec![rule.rule.clone(), rule.clause.clone()];
            cells.extend(numbers.map(|number| number.to_string()));
            cells
        }),
    );
    page.push_str("</main>\n");
    footer(&mut page, document);
    page.push_str("</body>\n</html>\n");
    out.write_all(page.as_bytes())
}

fn head(page: &mut String, document: &AuditDocument) {
    let policy = format!("default-src 'none'; style-src {}; base-uri 'none'; form-action 'none'", allowed(STYLE));
    let run = &document.run;
    let tone = tone(document.verdict);
    let title = format!("Audit of {} to {}: {}", run.from, run.to, word(document.verdict));
    begin(page, &policy, &shown(&title));
    page.push_str(&format!(
        "<header class=\"banner {tone}\" data-verdict=\"{}\">\n<h1>{}</h1>\n<dl class=\"about\">\n",
        document.verdict.as_str(),
        shown(&title)
    ));
    let summary = &document.summary;
    for (what, value) in [
        ("cases", summary.cases.to_string()),
        ("clean", (summary.clean + summary.clean_with_waivers).to_string()),
        ("could not be checked", summary.unreadable.to_string()),
        ("outside the period", summary.outside.to_string()),
        ("issuances", summary.issued.to_string()),
        ("revocations", summary.revoked.to_string()),
        (
            "issuer",
            match run.other_issuers.len() {
                0 => run.issuer.clone(),
                others => format!("{} and {}", run.issuer, count(others, "other", "others")),
            },
        ),
        ("profile", run.profile.clone()),
        ("as of", run.as_of.to_string()),
    ] {
        page.push_str(&format!("<div><dt>{what}</dt><dd>{}</dd></div>\n", shown(&value)));
    }
    page.push_str("</dl>\n</header>\n");
}

fn findings(page: &mut String, document: &AuditDocument) {
    page.push_str("<section id=\"population\">\n<h2>What registries and cases say together</h2>\n");
    if document.findings.is_empty() {
        page.push_str("<p>They agree, and nothing is used twice.</p>\n");
    }
    for finding in &document.findings {
        let weight = finding.weight.as_str();
        page.push_str(&format!(
            "<div class=\"found {weight}\"><article data-code=\"{}\">\n<p><span class=\"word\">{weight}</span> \
             <span class=\"rule\">{}</span></p>\n<p class=\"message\">{}</p>\n",
            attribute(&finding.code),
            shown(&finding.code),
            shown(&finding.message)
        ));
        if !finding.cases.is_empty() {
            page.push_str(&format!("<p>in <code>{}</code></p>\n", shown(&finding.cases.join(", "))));
        }
        page.push_str(&format!(
            "<p class=\"clause\">{} {}</p>\n<p class=\"advice\">{}</p>\n</article></div>\n",
            shown(&finding.clause.requirement),
            shown(&finding.clause.text),
            shown(&finding.help)
        ));
    }
    page.push_str("</section>\n");
}

fn failing(page: &mut String, document: &AuditDocument, cases: &dyn Cases) -> io::Result<()> {
    let summary = &document.summary;
    let failing = summary.cases - summary.clean - summary.clean_with_waivers;
    page.push_str(&format!(
        "<section id=\"cases\">\n<h2>{} not clean</h2>\n",
        count(failing as usize, "case is", "cases are")
    ));
    let mut at = 0;
    cases.each(&mut |case| {
        if !case.is_clean() && at < CASES_MAX {
            at += 1;
            of_case(page, &case);
        }
        Ok(())
    })?;
    if (at as u64) < failing {
        let more = failing - at as u64;
        page.push_str(&format!("<p>{more} more are in the JSON report.</p>\n"));
    }
    page.push_str("</section>\n");
    Ok(())
}

fn of_case(page: &mut String, case: &CaseEntry) {
    let verdict = case.verdict.map_or("could not be checked", word);
    let class = match case.verdict {
        None | Some(Verdict::NotClean) => "block",
        Some(Verdict::Indeterminate) => "unknown",
        Some(Verdict::NeedsWaiver | Verdict::CleanWithWaivers | Verdict::Clean) => "warn",
    };
    page.push_str(&format!(
        "<div class=\"found {class}\"><article data-case=\"{}\">\n<details>\n<summary><span class=\"rule\">{}</span> {} \
         ({})</summary>\n<ul>\n",
        attribute(&case.case),
        shown(&case.case),
        shown(verdict),
        count(case.findings.len(), "finding", "findings")
    ));
    if let Some(error) = &case.error {
        page.push_str(&format!("<li>{}: {}; {}</li>\n", shown(&error.code), shown(&error.message), shown(&error.help)));
    }
    for finding in &case.findings {
        page.push_str(&format!(
            "<li><span class=\"rule\">{}</span> {}: {} <span class=\"clause\">{}</span></li>\n",
            shown(&finding.rule),
            shown(&finding.outcome),
            shown(&finding.message),
            shown(&finding.clause)
        ));
    }
    page.push_str("</ul>\n</details>\n</article></div>\n");
}

fn metrics(page: &mut String, document: &AuditDocument) {
    let metrics = &document.metrics;
    let seconds = |value: Option<i64>| value.map_or("-".to_owned(), |value| format!("{value} s"));
    let days = metrics.challenge_longest_d.map_or("-".to_owned(), |days| days.to_string());
    let rows = [
        ("Legal Entity credentials issued", metrics.issued_le.to_string(), "-"),
        ("of them not compliant", metrics.not_compliant_le.to_string(), "0"),
        ("official roles issued", metrics.issued_oor.to_string(), "-"),
        ("of them not compliant", metrics.not_compliant_oor.to_string(), "0"),
        ("engagement roles issued", metrics.issued_ecr.to_string(), "-"),
        ("revocations", metrics.revocations.to_string(), "-"),
        ("of them over 24 h", metrics.revocations_over_24h.to_string(), "0"),
        ("longest revocation", seconds(metrics.revocation_longest_s), "86400 s"),
        ("challenges of data", metrics.challenges.to_string(), "-"),
        ("of them over 15 days", metrics.challenges_over_15d.to_string(), "0"),
        ("longest challenge, days", days, "15"),
        ("LEIs watched", metrics.watched_leis.to_string(), "-"),
        ("longest gap of the watch", seconds(metrics.monitoring_gap_longest_s), "86400 s"),
    ];
    let rows = rows.into_iter().map(|(what, value, target)| vec![what.to_owned(), value, target.to_owned()]);
    table(page, ("metrics", "Service levels"), &["what", "value", "target"], rows);
}

fn table(page: &mut String, (id, title): (&str, &str), heads: &[&str], rows: impl Iterator<Item = Vec<String>>) {
    page.push_str(&format!(
        "<section id=\"{id}\">\n<details{}>\n<summary><h2>{}</h2></summary>\n<div class=\"wide\"><table>\n<thead><tr>",
        if id == "metrics" { " open" } else { "" },
        shown(title)
    ));
    for head in heads {
        page.push_str(&format!("<th scope=\"col\">{head}</th>"));
    }
    page.push_str("</tr></thead>\n<tbody>\n");
    for row in rows {
        page.push_str("<tr>");
        for cell in row {
            page.push_str(&format!("<td>{}</td>", shown(&cell)));
        }
        page.push_str("</tr>\n");
    }
    page.push_str("</tbody>\n</table></div>\n</details>\n</section>\n");
}

fn footer(page: &mut String, document: &AuditDocument) {
    let run = &document.run;
    page.push_str("<footer>\n<h2>What this rests on</h2>\n<dl class=\"digests\">\n");
    let mut row = |what: &str, value: &str| {
        page.push_str(&format!("<div><dt>{}</dt><dd><code>{}</code></dd></div>\n", shown(what), shown(value)));
    };
    row("policy", &run.policy.to_string());
    row("trust", &run.trust.to_string());
    row("countersign", &run.engine);
    for stream in &run.streams {
        row(&stream.name, &stream.sha256.to_string());
    }
    if let Some(ledger) = &run.ledger {
        row("ledger", &format!("{} rows, root {}", ledger.size, ledger.root));
    }
    page.push_str("</dl>\n</footer>\n");
}
