//! What will be signed, field by field, beside what the evidence and GLEIF say.
//!
//! In: the proposal of a document. Out: a section of the page: first what the credential says and whatever differs, then
//! the other fields, folded.

use super::super::document::{Comparison, FieldEntry, GleifEntry, ProposalEntry, ReportDocument};
use super::super::text::count;
use super::text::{shown, with_code};

/// From here on a value that is equal is not shown twice.
const LONG: usize = 120;

/// Fields of a credential that a person reads, with what they are.
const READ: [(&str, &str); 12] = [
    ("i", "issuer"),
    ("ri", "registry"),
    ("s", "schema"),
    ("a.i", "issued to"),
    ("a.dt", "dated"),
    ("a.LEI", "LEI"),
    ("a.AID", "person's AID"),
    ("a.personLegalName", "person's name"),
    ("a.officialRole", "official role"),
    ("a.engagementContextRole", "engagement role"),
    ("e.qvi.n", "rests on QVI credential"),
    ("e.auth.n", "rests on authorization"),
];

/// Writes the section; none without a proposal.
pub(super) fn section(page: &mut String, document: &ReportDocument) {
    let Some(proposal) = &document.proposal else { return };
    page.push_str("<section id=\"signing\">\n<h2>What will be signed</h2>\n");
    page.push_str(&format!("<p class=\"sum\">{}</p>\n", summary(proposal)));
    if let Some(why) = &proposal.not_compared {
        page.push_str(&format!("<p class=\"message\">{}</p>\n", with_code(why)));
    }
    if let Some(gleif) = &proposal.gleif {
        page.push_str(&format!("<p class=\"clause\">{}</p>\n", about(gleif)));
    }
    let (first, others): (Vec<&FieldEntry>, Vec<&FieldEntry>) =
        proposal.fields.iter().partition(|field| is_wrong(field) || title(field).is_some());
    table(page, &first);
    if !others.is_empty() {
        let name = if first.is_empty() { "field" } else { "more field" };
        page.push_str(&format!(
            "<details>\n<summary>{}: digests, versions, prescribed texts and the events</summary>\n",
            count(others.len(), name, &format!("{name}s"))
        ));
        table(page, &others);
        page.push_str("</details>\n");
    }
    page.push_str("</section>\n");
}

/// The whole comparison in a sentence.
fn summary(proposal: &ProposalEntry) -> String {
    let of = |comparison: Comparison| proposal.fields.iter().filter(|field| field.evidence == comparison).count();
    let all = count(proposal.fields.len(), "field", "fields");
    let foreign = proposal.fields.iter().filter(|field| field.gleif_agrees == Some(false)).count();
    let gleif = match foreign {
        0 => String::new(),
        more => format!(", and {} from GLEIF's record", count(more, "differs", "differ")),
    };
    let wrong = of(Comparison::Differs) + of(Comparison::Follows);
    if proposal.not_compared.is_some() {
        return format!(
            "<strong class=\"unlike\">Not compared:</strong> {all} in <code>{}</code>; what should stand there cannot be told{gleif}",
            shown(&proposal.path)
        );
    }
    match wrong {
        0 => format!(
            "<strong class=\"alike\">As the evidence proves:</strong> {all} in <code>{}</code>, {} and {} within the range that is allowed{gleif}",
            shown(&proposal.path),
            count(of(Comparison::Equal), "equal", "equal"),
            of(Comparison::InRange)
        ),
        wrong => format!(
            "<strong class=\"unlike\">Not as the evidence proves:</strong> {wrong} of {all} in <code>{}</code> {}{gleif}",
            shown(&proposal.path),
            if wrong == 1 { "differs" } else { "differ" }
        ),
    }
}

/// What GLEIF says of the entity.
fn about(gleif: &GleifEntry) -> String {
    let mut text = format!("GLEIF of {}", gleif.lei);
    for (what, value) in [
        ("", &gleif.legal_name),
        ("entity ", &gleif.entity_status),
        ("registration ", &gleif.registration_status),
        ("renewal due ", &gleif.next_renewal),
    ] {
        if let Some(value) = value {
            text.push_str(&format!("; {what}{value}"));
        }
    }
    format!("{} <code>{}</code>", shown(&text), shown(&gleif.path))
}

fn table(page: &mut String, fields: &[&FieldEntry]) {
    if fields.is_empty() {
        return;
    }
    page.push_str("<table class=\"stack fields\">\n<thead><tr>");
    for head in ["field", "will be signed", "the evidence proves", "GLEIF says", "compared"] {
        page.push_str(&format!("<th scope=\"col\">{head}</th>"));
    }
    page.push_str("</tr></thead>\n<tbody>\n");
    for field in fields {
        row(page, field);
    }
    page.push_str("</tbody>\n</table>\n");
}

fn row(page: &mut String, field: &FieldEntry) {
    let value = |value: &Option<String>| match value {
        Some(value) => format!("<span class=\"evidence\">{}</span>", shown(value)),
        None => "nothing".to_owned(),
    };
    let name = match (title(field), field.field.as_str()) {
        (Some(title), name) => format!("{title} <code>{}</code>", shown(name)),
        (None, "") => format!("{}, the whole", shown(&field.part)),
        (None, name) => format!("<span class=\"count\">{}</span> <code>{}</code>", shown(&field.part), shown(name)),
    };
    let long = field.proposed.as_ref().is_some_and(|proposed| proposed.chars().count() > LONG);
    let mut proven = match field.evidence {
        Comparison::Equal if long => "the same text".to_owned(),
        Comparison::Equal | Comparison::InRange | Comparison::Differs | Comparison::Follows => value(&field.proven),
        Comparison::NotCompared => "not told".to_owned(),
    };
    if let Some(by) = &field.by {
        proven.push_str(&format!("<br><span class=\"by\">{}</span>", with_code(by)));
    }
    let (gleif, none) = match &field.gleif_value {
        Some(value) => (format!("<span class=\"evidence\">{}</span>", shown(value)), ""),
        None => ("<span class=\"count\">no such value</span>".to_owned(), " class=\"none\""),
    };
    let mut words = vec![word(field.evidence).to_owned()];
    match field.gleif_agrees {
        Some(true) => words.push("equal to GLEIF's".to_owned()),
        Some(false) => words.push("differs from GLEIF's".to_owned()),
        None => {}
    }
    let class = match (is_wrong(field), field.evidence) {
        (true, _) => "unlike",
        (false, Comparison::NotCompared) => "untold",
        (false, _) => "alike",
    };
    let mark = if is_wrong(field) { " class=\"marked\"" } else { "" };
    page.push_str(&format!(
        "<tr{mark}><th scope=\"row\" data-head=\"field\">{name}</th><td data-head=\"will be signed\"><div>{}</div></td>\
         <td data-head=\"the evidence proves\"><div>{proven}</div></td><td{none} data-head=\"GLEIF says\"><div>{gleif}</div></td>\
         <td data-head=\"compared\"><div><strong class=\"{class}\">{}</strong></div></td></tr>\n",
        value(&field.proposed),
        words.join("; ")
    ));
}

fn is_wrong(field: &FieldEntry) -> bool {
    let evidence = match field.evidence {
        Comparison::Differs | Comparison::Follows => true,
        Comparison::Equal | Comparison::InRange | Comparison::NotCompared => false,
    };
    evidence || field.gleif_agrees == Some(false)
}

fn title(field: &FieldEntry) -> Option<&'static str> {
    let read = READ.iter().find(|(name, _)| field.part == "credential" && *name == field.field);
    read.map(|(_, title)| *title)
}

fn word(comparison: Comparison) -> &'static str {
    match comparison {
        Comparison::Equal => "equal",
        Comparison::InRange => "within its range",
        Comparison::Differs => "differs",
        Comparison::Follows => "differs, because another field does",
        Comparison::NotCompared => "not compared",
    }
}
