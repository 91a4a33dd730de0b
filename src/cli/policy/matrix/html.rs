//! The matrix as a page: one file, no script, nothing that is fetched.
//!
//! In: a matrix. Out: HTML in which every text is escaped.

use std::fmt::Write as _;

use super::rows::{Matrix, Requirement};

const HEAD: &str = r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width">
<title>requirements and what decides them</title>
<style>
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 78rem; padding: 0 1rem; color: #1b1b1b; }
h2 { font-size: 1.1rem; margin: 2.2rem 0 .4rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .25rem .8rem .25rem 0; border-bottom: 1px solid #ddd; }
th { font-weight: 600; }
td:nth-child(1), td:nth-child(6) { white-space: nowrap; }
td:last-child, th:last-child { text-align: right; padding-right: 0; }
small { color: #555; display: block; max-width: 48rem; }
tr.pending td:nth-child(5), tr.external td:nth-child(5) { color: #8a4b00; }
:target { background: #fff5cc; }
nav a { margin-right: 1rem; white-space: nowrap; }
</style>
</head>
<body>
"#;

/// The matrix as a page.
pub(super) fn render(matrix: &Matrix) -> String {
    let mut page = HEAD.to_owned();
    // Writing to a `String` cannot fail.
    let _ = writeln!(page, "<p>{}</p>", escaped(&matrix.counts.in_words()));
    let documents: Vec<&[Requirement]> = matrix.requirements.chunk_by(|a, b| a.document == b.document).collect();
    page.push_str("<nav>\n");
    for first in documents.iter().filter_map(|rows| rows.first()) {
        let _ = writeln!(page, "<a href=\"#{0}\">{0}</a>", escaped(&first.document));
    }
    page.push_str("</nav>\n");
    for rows in documents {
        section(&mut page, rows);
    }
    page + "</body>\n</html>\n"
}

fn section(page: &mut String, rows: &[Requirement]) {
    let Some(first) = rows.first() else { return };
    let _ = writeln!(page, "<h2 id=\"{}\">{}</h2>", escaped(&first.document), escaped(&first.document_title));
    page.push_str(
        "<table>\n<tr><th>requirement</th><th>section</th><th>what holds, or why no rule says it</th><th>strength</th>\
         <th>decided</th><th>rule</th><th>cases</th></tr>\n",
    );
    for row in rows {
        let _ = writeln!(
            page,
            "<tr id=\"{id}\" class=\"{class}\"><td>{id}</td><td>{section}</td><td>{text}</td><td>{strength}</td>\
             <td>{class}</td><td>{rule}</td><td>{cases}</td></tr>",
            id = escaped(&row.id),
            class = row.checkability.as_str(),
            section = sections(row),
            text = escaped(row.title.as_deref().or(row.why.as_deref()).unwrap_or_default()),
            strength = escaped(row.strength.unwrap_or("-")),
            rule = rules(row),
            cases = if row.rule.is_some() { row.cases.to_string() } else { "-".to_owned() },
        );
    }
    page.push_str("</table>\n");
}

fn sections(row: &Requirement) -> String {
    let now = row.in_force_section.as_ref().map(|section| format!("<small>now {}</small>", escaped(section)));
    escaped(&row.section) + &now.unwrap_or_default()
}

/// The rule that decides, or the rules it is made of, each leading to its own row.
fn rules(row: &Requirement) -> String {
    let link = |id: &String| format!("<a href=\"#{0}\">{0}</a>", escaped(id));
    match &row.rule {
        None => "-".to_owned(),
        Some(_) if !row.parts.is_empty() => row.parts.iter().map(link).collect::<Vec<_>>().join("<br>"),
        Some(rule) if *rule == row.id => escaped(rule),
        Some(rule) => link(rule),
    }
}

/// Text that says nothing to a browser but what it shows.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}
