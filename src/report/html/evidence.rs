//! A place in a file: where, the line, and in it what decided, marked.
//!
//! In: an evidence place. Out: a figure.

use super::super::document::EvidencePlace;
use super::super::rows::evidence_path;
use super::text::shown;

/// Writes the figure.
pub(super) fn render(page: &mut String, place: &EvidencePlace, case_path: &str) {
    let path = evidence_path(case_path, &place.path);
    let at = format!("{path}:{}:{}", place.line, place.column);
    page.push_str(&format!("<figure>\n<figcaption><code>{}</code>", shown(&at)));
    if !place.pointer.is_empty() {
        page.push_str(&format!(" <span class=\"pointer\">{}</span>", shown(&place.pointer)));
    }
    page.push_str("</figcaption>\n");
    if !place.excerpt.trim().is_empty() {
        let (from, length) = (place.mark.0 as usize, place.mark.1 as usize);
        let piece = |from: usize, length: usize| -> String { place.excerpt.chars().skip(from).take(length).collect() };
        let (before, marked) = (piece(0, from), piece(from, length));
        let after = piece(from.saturating_add(length), usize::MAX);
        let marked = if marked.is_empty() { String::new() } else { format!("<mark>{}</mark>", shown(&marked)) };
        page.push_str(&format!(
            "<pre dir=\"ltr\"><span class=\"line\">{}</span>{}{marked}{}</pre>\n",
            place.line,
            shown(&before),
            shown(&after)
        ));
    }
    page.push_str("</figure>\n");
}
