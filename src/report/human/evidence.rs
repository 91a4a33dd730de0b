//! A place in a file: `path:line:column`, the line, and carets under what decided.
//!
//! In: an evidence place. Out: lines on the page.

use super::super::document::EvidencePlace;
use super::page::{BLOCK, DIM, PLAIN, Page, columns};
use super::style;

/// Column of the arrow.
const INDENT: usize = 2;

/// Writes the place, its line, and the carets.
pub(super) fn place(page: &mut Page, case_path: &str, place: &EvidencePlace) {
    let path = page.safe(&style::evidence_path(case_path, &place.path));
    let at = format!("{path}:{}:{}", place.line, place.column);
    page.paragraph(INDENT, INDENT + 4, &[(DIM, "--> "), (PLAIN, &at)]);
    // The opening bracket of a record, whose value goes on below, tells a reader nothing.
    if matches!(place.excerpt.trim(), "" | "{" | "[") {
        return;
    }
    let number = place.line.to_string();
    let gutter = INDENT + number.len() + 3;
    let view = view(page, place, page.width().saturating_sub(gutter).max(12));
    let line = format!("{number} | ");
    page.paragraph(INDENT, gutter, &[(DIM, &line), (PLAIN, &view.before), (BLOCK, &view.marked), (PLAIN, &view.after)]);
    // Carets under a whole line, as under a message of a stream, say nothing.
    let whole_line = view.before.is_empty() && view.cut;
    if !view.marked.is_empty() && !whole_line {
        let bar = format!("{} | ", " ".repeat(number.len()));
        let blanks = " ".repeat(columns(&view.before));
        let carets = "^".repeat(columns(&view.marked).max(1));
        page.paragraph(INDENT, gutter, &[(DIM, &bar), (PLAIN, &blanks), (BLOCK, &carets)]);
    }
}

/// What of a line fits, in three parts.
struct View {
    before: String,
    marked: String,
    after: String,
    /// Whether the marked part goes on beyond what is shown.
    cut: bool,
}

/// Cuts the excerpt to the columns there are, keeping the marked part and what stands around it.
fn view(page: &Page, place: &EvidencePlace, room: usize) -> View {
    let (from, length) = (place.mark.0 as usize, place.mark.1 as usize);
    let characters = || place.excerpt.chars();
    // Indentation says nothing here, and would cost the columns that the value needs.
    let indentation = characters().take(from).take_while(|c| c.is_whitespace()).count();
    let before: String = characters().take(from).skip(indentation).collect();
    let marked: String = characters().skip(from).take(length).collect();
    let after: String = characters().skip(from + length).collect();
    let ellipsis = page.ellipsis();
    let dots = columns(ellipsis);

    let whole = page.safe(&marked);
    let marked = fit_start(&whole, room, ellipsis);
    let cut = marked != whole;
    let rest = room.saturating_sub(columns(&marked));
    let after = page.safe(after.trim_end());
    let before = page.safe(&before);
    // Two thirds of what is left go to what stands before (the member's name), if it needs them.
    let for_before = (rest * 2 / 3).max(rest.saturating_sub(columns(&after)));
    let before = fit_end(&before, for_before, ellipsis, dots);
    let after = fit_start(&after, rest.saturating_sub(columns(&before)), ellipsis);
    View { before, marked, after, cut }
}

/// The beginning of a text, and an ellipsis if it is cut; nothing if not even that fits.
fn fit_start(text: &str, room: usize, ellipsis: &str) -> String {
    if columns(text) <= room {
        return text.to_owned();
    }
    let Some(room) = room.checked_sub(columns(ellipsis)) else { return String::new() };
    let mut kept = String::new();
    for c in text.chars() {
        kept.push(c);
        if columns(&kept) > room {
            kept.pop();
            break;
        }
    }
    kept + ellipsis
}

/// The end of a text, with an ellipsis before it if it is cut.
fn fit_end(text: &str, room: usize, ellipsis: &str, dots: usize) -> String {
    if columns(text) <= room {
        return text.to_owned();
    }
    let Some(room) = room.checked_sub(dots) else { return String::new() };
    let mut start = text.len();
    for (at, _) in text.char_indices().rev() {
        if columns(&text[at..]) > room {
            break;
        }
        start = at;
    }
    format!("{ellipsis}{}", &text[start..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(excerpt: &str, mark: (u32, u32), width: usize) -> String {
        let mut page = Page::new(width, true);
        let at = EvidencePlace {
            path: "bundle/raw/r1.json".to_owned(),
            sha256: None,
            pointer: String::new(),
            line: 12,
            column: 7,
            excerpt: excerpt.to_owned(),
            mark,
        };
        place(&mut page, "", &at);
        anstream::adapter::strip_str(&page.finish()).to_string()
    }

    #[test]
    fn carets_stand_under_what_decided() {
        let text = rendered("    \"name\": \"株式会社\",", (12, 6), 60);
        assert_eq!(text, "  --> bundle/raw/r1.json:12:7\n  12 | \"name\": \"株式会社\",\n     |         ^^^^^^^^^^\n");
    }

    #[test]
    fn a_long_line_is_cut_around_the_mark() {
        let excerpt = format!("{}\"status\":\"LAPSED\"{}", "a".repeat(100), "b".repeat(100));
        let text = rendered(&excerpt, (109, 8), 50);
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines.iter().all(|line| columns(line) <= 50), "{text}");
        let caret = lines[2].find('^').unwrap();
        let shown: String = lines[1].chars().skip(caret).take(8).collect();
        assert_eq!(shown, "\"LAPSED\"");
    }

    #[test]
    fn a_message_of_a_stream_is_shown_in_part_and_without_carets() {
        let excerpt = format!("{{\"v\":\"KERI10JSON0001bb_\",\"k\":[\"{}\"]}}", "D".repeat(220));
        let text = rendered(&excerpt, (0, 240), 50);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 2, "{text}");
        assert!(columns(lines[1]) == 50 && lines[1].ends_with('…'), "{text}");
    }

    #[test]
    fn hostile_text_moves_no_caret() {
        let text = rendered("\"a\u{202e}b\": \"\u{1b}[2J\"", (7, 6), 60);
        assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}'), "{text}");
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[1].find("\"\\u{1b}"), lines[2].find('^'));
    }
}
