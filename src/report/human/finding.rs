//! One entry: in full, or in one line.
//!
//! In: an entry. Out: lines on the page: rule, clause, what was expected and found, where, what to do.

use super::super::document::{DecidingEntry, ReportDocument, ResultEntry, UnknownEntry};
use super::super::rows;
use super::entries::{Entry, Item};
use super::page::{BOLD, DIM, HELP, PLAIN, Page};
use super::style::{Class, count, how_to_add};
use super::{Layout, evidence};

/// Elements of one rule that are shown in full.
const ELEMENTS_IN_FULL: usize = 3;
/// Elements of one rule that are named.
const ELEMENTS_NAMED: usize = 12;
/// Conditions, and places of one, that are shown.
const CONDITIONS: usize = 2;
const PLACES: usize = 2;
/// Ids that are named in one line.
const IDS_NAMED: usize = 15;

/// An entry in full.
pub(super) fn in_full(page: &mut Page, document: &ReportDocument, entry: &Entry<'_>, layout: &Layout) {
    match entry {
        Entry::Finding { class, items, same_place } => finding(page, document, *class, items, same_place, layout),
        Entry::MissingKind { kind, rules } => missing_kind(page, document, kind, rules, layout),
        Entry::RootCause { rule, paths, rules } => root_cause(page, rule, paths, rules, layout),
    }
}

/// An entry in one line (of the terminal, or of as many as it takes).
pub(super) fn one_line(page: &mut Page, document: &ReportDocument, entry: &Entry<'_>) {
    let class = entry.class();
    let (id, text) = match entry {
        Entry::Finding { items, same_place, .. } => {
            let Item { result, finding } = items[0];
            let mut text = if finding.message.is_empty() { result.title.clone() } else { finding.message.clone() };
            if items.len() > 1 {
                text.push_str(&format!(" (and {} more)", items.len() - 1));
            }
            if !same_place.is_empty() {
                text.push_str(&format!("; also {}", same_place.join(", ")));
            }
            if let Some(id) = &finding.waiver {
                let until = document.waivers.iter().find(|waiver| waiver.id == *id).map(|waiver| waiver.expires);
                text.push_str(&format!(" ({id}{})", until.map_or(String::new(), |until| format!(" until {until}"))));
            }
            (result.rule.as_str(), text)
        }
        Entry::MissingKind { kind, rules } => (*kind, format!("{} it", waits(rules.len()))),
        Entry::RootCause { rule, rules, .. } => (*rule, format!("{} what it reports", waits(rules.len()))),
    };
    let (id, text) = (page.safe(id), page.safe_short(&text));
    page.paragraph(2, 4, &[(class.style(), class.word()), (PLAIN, "  "), (BOLD, &id), (PLAIN, "  "), (PLAIN, &text)]);
}

fn finding(
    page: &mut Page,
    document: &ReportDocument,
    class: Class,
    items: &[Item<'_>],
    same_place: &[&str],
    layout: &Layout,
) {
    let result = items[0].result;
    heading(page, class, &result.rule, &result.title);
    clause(page, result);
    let shown = if layout.all { items.len() } else { ELEMENTS_IN_FULL };
    for item in items.iter().take(shown) {
        element(page, document, *item, layout);
    }
    more_elements(page, items.get(shown..).unwrap_or_default());
    if !same_place.is_empty() {
        let label = match class {
            Class::Unknown => "the same leaves undecided",
            Class::Block | Class::Warn | Class::Waived | Class::Review | Class::Info => "the same value also fails",
        };
        ids(page, label, same_place, layout.all);
    }
    let advice = rows::advice(result, items[0].finding);
    if !advice.is_empty() {
        let help = page.safe_short(advice);
        page.paragraph(2, 8, &[(HELP, "help: "), (PLAIN, &help)]);
    }
}

fn heading(page: &mut Page, class: Class, id: &str, title: &str) {
    let (id, title) = (page.safe(id), page.safe_short(title));
    page.paragraph(0, 2, &[(class.style(), class.word()), (PLAIN, "  "), (BOLD, &id), (PLAIN, "  "), (BOLD, &title)]);
}

/// The clause, its strength, the other requirements it stands for, and where the rule is written.
fn clause(page: &mut Page, result: &ResultEntry) {
    let text = page.safe_short(&rows::clause(result));
    page.paragraph(2, 4, &[(DIM, &text)]);
}

fn element(page: &mut Page, document: &ReportDocument, item: Item<'_>, layout: &Layout) {
    let finding = item.finding;
    if !finding.message.is_empty() {
        let message = page.safe_short(&finding.message);
        page.paragraph(2, 4, &[(PLAIN, &message)]);
    }
    if finding.lowered {
        page.paragraph(2, 4, &[(DIM, "lowered from block to warn by the rule's own condition")]);
    }
    if let Some(id) = &finding.waiver {
        let waiver = document.waivers.iter().find(|waiver| waiver.id == *id);
        let terms = waiver.map_or(String::new(), |waiver| {
            format!(" by {} until {}: {}", waiver.approved_by.join(", "), waiver.expires, waiver.reason)
        });
        let text = page.safe_short(&format!("waived ({id}){terms}"));
        page.paragraph(2, 4, &[(DIM, &text)]);
    }
    let conditions = if layout.all { usize::MAX } else { CONDITIONS };
    for deciding in finding.deciding.iter().take(conditions) {
        condition(page, deciding, layout);
    }
    // A condition that reads one value in several places misses it as often; once is enough.
    let mut unknowns: Vec<&UnknownEntry> = Vec::new();
    for unknown in &finding.unknowns {
        if !unknowns.iter().any(|seen| seen.explanation == unknown.explanation && seen.evidence == unknown.evidence) {
            unknowns.push(unknown);
        }
    }
    for unknown in unknowns.iter().take(conditions) {
        unknown_value(page, unknown, layout);
    }
    let unshown = finding.deciding.len().saturating_sub(conditions) + unknowns.len().saturating_sub(conditions);
    if unshown > 0 {
        let text = format!("and {}", count(unshown, "more condition", "more conditions"));
        page.paragraph(2, 4, &[(DIM, &text)]);
    }
}

fn condition(page: &mut Page, deciding: &DecidingEntry, layout: &Layout) {
    let (expected, actual) = (page.safe_short(&deciding.expected), page.safe_short(&deciding.actual));
    // That a yes was a no is what the message and the line of the evidence say better.
    let yes_or_no = matches!((expected.as_str(), actual.as_str()), ("true", "false") | ("false", "true"));
    if !yes_or_no || layout.all {
        page.paragraph(2, 12, &[(DIM, "expected  "), (PLAIN, &expected)]);
        page.paragraph(2, 12, &[(DIM, "found     "), (PLAIN, &actual)]);
    }
    for place in deciding.evidence.iter().take(PLACES) {
        evidence::place(page, &layout.case_path, place);
    }
    if (deciding.evidence.is_empty() && !yes_or_no) || layout.all {
        let at = format!("{}:{}:{}", deciding.policy.path, deciding.policy.line, deciding.policy.column);
        let text = page.safe_short(&format!("{at}: {}", deciding.expression));
        page.paragraph(2, 4, &[(DIM, "rule      "), (DIM, &text)]);
    }
}

fn unknown_value(page: &mut Page, unknown: &UnknownEntry, layout: &Layout) {
    let text = page.safe_short(&unknown.explanation);
    page.paragraph(2, 12, &[(DIM, "unknown   "), (PLAIN, &text)]);
    for place in unknown.evidence.iter().take(PLACES) {
        evidence::place(page, &layout.case_path, place);
    }
}

fn more_elements(page: &mut Page, items: &[Item<'_>]) {
    if items.is_empty() {
        return;
    }
    let named = items.iter().take(ELEMENTS_NAMED).filter_map(|item| item.finding.element.as_deref());
    let mut text = named.collect::<Vec<_>>().join(", ");
    if items.len() > ELEMENTS_NAMED {
        text.push_str(&format!(" and {} more", items.len() - ELEMENTS_NAMED));
    }
    let head = format!("and {}: ", count(items.len(), "more element", "more elements"));
    let text = page.safe_short(&text);
    page.paragraph(2, 4, &[(BOLD, &head), (PLAIN, &text)]);
}

fn missing_kind(page: &mut Page, document: &ReportDocument, kind: &str, rules: &[&str], layout: &Layout) {
    let entry = document.kinds.iter().find(|entry| entry.kind == kind);
    let (title, area) = entry.map_or(("", "bundle"), |entry| (&entry.title, &entry.area));
    let what = format!("{} `{kind}`", waits(rules.len()));
    let (what, title) = (page.safe_short(&what), page.safe_short(title));
    let class = Class::Unknown;
    page.paragraph(0, 2, &[(class.style(), class.word()), (PLAIN, "  "), (BOLD, &what), (PLAIN, "  "), (DIM, &title)]);
    let text = format!("no record of kind `{kind}` is listed in the manifest");
    let text = page.safe_short(&text);
    page.paragraph(2, 4, &[(PLAIN, &text)]);
    ids(page, "waiting", rules, layout.all);
    let command = page.safe(&how_to_add(kind, area, document.run.lei.as_deref(), &layout.case_path));
    page.paragraph(2, 8, &[(HELP, "help: "), (PLAIN, &command)]);
}

fn root_cause(page: &mut Page, rule: &str, paths: &[&str], rules: &[&str], layout: &Layout) {
    let files = match paths {
        [] => String::new(),
        [one] => format!(" `{one}`"),
        [first, rest @ ..] => format!(" `{first}` and {}", count(rest.len(), "more file", "more files")),
    };
    let what = page.safe_short(&format!("{}{files}", waits(rules.len())));
    let class = Class::Unknown;
    page.paragraph(0, 2, &[(class.style(), class.word()), (PLAIN, "  "), (BOLD, &what)]);
    ids(page, "waiting", rules, layout.all);
    let text = page.safe(&format!("mend what {rule} reports; these follow from it"));
    page.paragraph(2, 8, &[(HELP, "help: "), (PLAIN, &text)]);
}

fn ids(page: &mut Page, label: &str, ids: &[&str], all: bool) {
    let named = if all { ids.len() } else { IDS_NAMED };
    let mut text = ids.iter().take(named).copied().collect::<Vec<_>>().join(", ");
    if ids.len() > named {
        text.push_str(&format!(" and {} more", ids.len() - named));
    }
    let head = format!("{label}: ");
    let text = page.safe(&text);
    page.paragraph(2, 4, &[(DIM, &head), (PLAIN, &text)]);
}

fn waits(rules: usize) -> String {
    count(rules, "rule waits for", "rules wait for")
}
