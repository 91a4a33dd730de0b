//! The report as workflow commands of GitHub Actions, which annotate lines of files.
//!
//! In: a document and where its case is. Out: at most ten lines per kind of annotation, since more are dropped: where
//! there are more findings, the worst nine and how many follow. Evidence cannot add a command: a line end or a `%` in
//! it is escaped, and so are `:` and `,` in what names a place.
//!
//! Source: GitHub, workflow commands; actions/toolkit, the escaping of its `command.ts`.

use super::document::ReportDocument;
use super::format::Layout;
use super::human;
use super::rows::{Class, Row, Standing, broken_waivers, evidence_path, rows};
use super::text::{count, safe};

/// Annotations of a kind that a step shows.
const SHOWN: usize = 10;
/// Most characters of a message.
const MESSAGE_MAX: usize = 1_000;

/// The kinds, worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Error,
    Warning,
    Notice,
}

impl Kind {
    const ALL: [Self; 3] = [Self::Error, Self::Warning, Self::Notice];

    fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Notice => "notice",
        }
    }
}

/// The commands, a line each.
pub fn render(document: &ReportDocument, layout: &Layout) -> String {
    let mut commands: Vec<(Kind, Class, String)> = rows(document)
        .filter_map(|row| {
            let Standing::Found(class) = row.standing() else { return None };
            let kind = match class {
                Class::Block | Class::Unknown | Class::Review => Kind::Error,
                Class::Warn => Kind::Warning,
                Class::Waived | Class::Info => Kind::Notice,
            };
            Some((kind, class, command(document, layout, row, kind, class)))
        })
        .collect();
    commands.extend(broken_waivers(document).map(|waiver| {
        let text =
            format!("waiver {} for {} {} does not hold: {}", waiver.id, waiver.rule, waiver.element, waiver.state);
        let title = property(&format!("{} (fail, block)", waiver.rule));
        (Kind::Error, Class::Block, format!("::error title={title}::{}", data(&text)))
    }));
    // Stable: what is equally bad stays in the order of the report.
    commands.sort_by_key(|(_, class, _)| *class);
    let mut text = String::new();
    for kind in Kind::ALL {
        let of_kind: Vec<&str> =
            commands.iter().filter(|(own, _, _)| *own == kind).map(|(_, _, line)| line.as_str()).collect();
        let shown = if of_kind.len() > SHOWN { SHOWN - 1 } else { of_kind.len() };
        for line in of_kind.iter().take(shown) {
            text.push_str(line);
            text.push('\n');
        }
        if let Some(more) = of_kind.len().checked_sub(shown).filter(|&more| more > 0) {
            let more = format!(
                "{}; the report has them all",
                count(more, "more finding like these", "more findings like these")
            );
            text.push_str(&format!("::{} title=countersign::{}\n", kind.as_str(), data(&more)));
        }
    }
    // Not a command: a line of the log.
    text.push_str(&format!("countersign: {}\n", safe(&human::headline(document)).replace("::", ": :")));
    text
}

fn command(document: &ReportDocument, layout: &Layout, row: Row<'_>, kind: Kind, class: Class) -> String {
    let element = row.element().map(|element| format!(" [{element}]")).unwrap_or_default();
    let waiver = row.waiver().map(|waiver| format!(", waived by {waiver}")).unwrap_or_default();
    let title = format!("{}{element} ({}, {}{waiver})", row.result.rule, row.outcome().as_str(), row.level().as_str());
    let place = row.places().first().map(|place| {
        let path = evidence_path(&layout.case_path, &place.path);
        format!("file={},line={},col={},", property(&path), place.line, place.column)
    });
    let mut message = row.message();
    let advice = row.advice(document, &layout.case_path);
    if !advice.is_empty() && class < Class::Waived {
        message.push_str("; what to do: ");
        message.push_str(&advice);
    }
    format!("::{} {}title={}::{}", kind.as_str(), place.unwrap_or_default(), property(&title), data(&message))
}

/// The text of a command.
fn data(text: &str) -> String {
    let mut text = safe(text);
    if let Some((end, _)) = text.char_indices().nth(MESSAGE_MAX) {
        text.truncate(end);
        text.push('…');
    }
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a property of a command.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
