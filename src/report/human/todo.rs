//! An unfinished case as a list of what to do.
//!
//! In: a document. Out: whether most of what the flow needs is not there, and then, kind by kind,
//! what is there, what is not, which rules wait for it and which command adds it.

use std::collections::BTreeSet;

use super::super::document::{KindEntry, ReportDocument};
use super::Layout;
use super::page::{BOLD, DIM, GOOD, HELP, PLAIN, Page};
use super::style::{count, how_to_add};

/// Rules that are named as waiting.
const RULES_NAMED: usize = 4;

/// Whether most of the kinds that the flow needs by now are not there.
pub(super) fn is_unfinished(document: &ReportDocument) -> bool {
    let needed = document.kinds.iter().filter(|kind| kind.needed_at.is_some());
    let missing = needed.clone().filter(|kind| kind.listed == 0).count();
    missing * 2 > needed.count()
}

/// How much is not there, in a few words.
pub(super) fn missing(document: &ReportDocument) -> String {
    let needed = document.kinds.iter().filter(|kind| kind.needed_at.is_some());
    let missing = needed.clone().filter(|kind| kind.listed == 0).count();
    let waiting = count(waiting(document).len(), "rule waits", "rules wait");
    format!(
        "{missing} of {} missing, {waiting} for them",
        count(needed.count(), "kind of record is", "kinds of record are")
    )
}

/// Rules that wait for what is not there.
pub(super) fn waiting(document: &ReportDocument) -> BTreeSet<&str> {
    document.kinds.iter().flat_map(|kind| &kind.waiting).map(String::as_str).collect()
}

/// The list.
pub(super) fn render(page: &mut Page, document: &ReportDocument, layout: &Layout) {
    let needed: Vec<&KindEntry> = document.kinds.iter().filter(|kind| kind.needed_at.is_some()).collect();
    page.blank();
    page.paragraph(0, 2, &[(BOLD, "to do")]);
    let mut stages: Vec<_> = needed.iter().filter_map(|kind| kind.needed_at).collect();
    stages.sort_unstable();
    stages.dedup();
    for due in &stages {
        if stages.len() > 1 {
            page.paragraph(2, 4, &[(DIM, "stage "), (DIM, due.as_str())]);
        }
        for kind in needed.iter().filter(|kind| kind.needed_at == Some(*due)) {
            item(page, document, kind, layout);
        }
    }
    let looked_for: Vec<&KindEntry> =
        document.kinds.iter().filter(|kind| kind.needed_at.is_none() && kind.listed == 0).collect();
    if !looked_for.is_empty() {
        page.paragraph(2, 4, &[(DIM, "rules also look for")]);
        for kind in looked_for {
            item(page, document, kind, layout);
        }
    }
}

fn item(page: &mut Page, document: &ReportDocument, kind: &KindEntry, layout: &Layout) {
    let (name, title) = (page.safe(&kind.kind), page.safe_short(&kind.title));
    if kind.listed > 0 {
        page.paragraph(2, 6, &[(GOOD, "[x] "), (DIM, &name), (DIM, "  "), (DIM, &title)]);
        return;
    }
    page.paragraph(2, 6, &[(PLAIN, "[ ] "), (BOLD, &name), (PLAIN, "  "), (PLAIN, &title)]);
    if !kind.waiting.is_empty() {
        let mut text = kind.waiting.iter().take(RULES_NAMED).cloned().collect::<Vec<_>>().join(", ");
        if kind.waiting.len() > RULES_NAMED {
            text.push_str(&format!(" and {} more", kind.waiting.len() - RULES_NAMED));
        }
        let text = page.safe(&text);
        page.paragraph(6, 8, &[(DIM, "waiting: "), (DIM, &text)]);
    }
    let command = page.safe(&how_to_add(&kind.kind, &kind.area, document.run.lei.as_deref(), &layout.case_path));
    page.paragraph(6, 8, &[(HELP, &command)]);
}
