//! The report for a terminal.
//!
//! In: a document and how wide the terminal is. Out: text with ANSI colours (the caller strips them
//! where they are not wanted). First the verdict, then what blocks, worst first, then what needs a
//! waiver, then how much there is besides. What is the same problem is shown once; what is too much
//! to read is counted, and `all` shows it.

mod entries;
mod evidence;
mod finding;
mod page;
mod style;
mod todo;

use std::collections::{BTreeMap, BTreeSet};

use crate::evaluate::outcome::{Outcome, Verdict};
use crate::primitives::Instant;

use super::document::ReportDocument;
use entries::Entry;
use page::{BOLD, DIM, HELP, PLAIN, Page};
use style::{Class, count};

/// Entries that are shown in full; the others get a line each.
const IN_FULL: usize = 10;
/// Entries that get a line each; the others are counted.
const LISTED: usize = 30;

/// How to lay it out.
#[derive(Debug, Clone)]
pub struct Layout {
    /// Columns of the terminal; kept between 40 and 120.
    pub width: usize,
    /// Whether the terminal shows UTF-8.
    pub unicode: bool,
    /// Whether to show every finding in full, and what passes.
    pub all: bool,
    /// The case as its path was given, for places that can be opened and commands that can be copied.
    pub case_path: String,
}

/// The whole text, ending in a newline.
pub fn render(document: &ReportDocument, layout: &Layout) -> String {
    let mut page = Page::new(layout.width.clamp(40, 120), layout.unicode);
    let entries = entries::of(document, !layout.all);
    let unfinished = todo::is_unfinished(document);
    head(&mut page, document, unfinished);
    let entries = if unfinished {
        todo::render(&mut page, document, layout);
        // What the list already says is not said again.
        let waiting = todo::waiting(document);
        entries.into_iter().filter(|entry| layout.all || !entry.is_only_about(&waiting)).collect()
    } else {
        entries
    };
    body(&mut page, document, &entries, layout);
    tail(&mut page, document, layout);
    page.finish()
}

/// The verdict in one paragraph: what, why, until when.
pub fn verdict_line(document: &ReportDocument, layout: &Layout) -> String {
    let mut page = Page::new(layout.width.clamp(40, 120), layout.unicode);
    verdict(&mut page, document, todo::is_unfinished(document));
    page.finish()
}

/// The verdict in a few words.
pub(super) fn word(verdict: Verdict, unfinished: bool) -> &'static str {
    match verdict {
        Verdict::NotClean if unfinished => "not clean, not finished",
        Verdict::NotClean => "not clean",
        Verdict::Indeterminate if unfinished => "not finished",
        Verdict::Indeterminate => "cannot be judged yet",
        Verdict::NeedsWaiver => "needs a waiver",
        Verdict::CleanWithWaivers => "clean, with waivers",
        Verdict::Clean => "clean",
    }
}

/// The verdict and why, in one sentence.
pub(super) fn headline(document: &ReportDocument) -> String {
    let unfinished = todo::is_unfinished(document);
    format!("{}{}", word(document.verdict, unfinished), why(document, unfinished))
}

/// What follows the word of the verdict.
fn why(document: &ReportDocument, unfinished: bool) -> String {
    let mut why = match (unfinished, reason(document, unfinished)) {
        (true, None) => format!(": {}", todo::missing(document)),
        (true, Some(reason)) => format!(": {}; besides, {reason}", todo::missing(document)),
        (false, Some(reason)) => format!(": {reason}"),
        (false, None) => {
            format!(": {} and none fails", count(document.summary.pass as usize, "rule passes", "rules pass"))
        }
    };
    if let Some(until) = document.valid_until {
        why.push_str(&format!("; holds until {}", to_the_second(until)));
    }
    why
}

fn verdict(page: &mut Page, document: &ReportDocument, unfinished: bool) {
    let style = style::verdict(document.verdict);
    page.paragraph(0, 2, &[(style, word(document.verdict, unfinished)), (PLAIN, &why(document, unfinished))]);
}

/// An instant without its fraction of a second: a reader needs no more, and it is never too late.
fn to_the_second(instant: Instant) -> String {
    let text = instant.to_string();
    match text.split_once('.') {
        Some((seconds, _)) => format!("{seconds}Z"),
        None => text,
    }
}

/// Verdict, what it is about, until when.
fn head(page: &mut Page, document: &ReportDocument, unfinished: bool) {
    verdict(page, document, unfinished);
    let run = &document.run;
    let bundle = page.safe_short(if run.bundle_id.is_empty() { "(no bundle id)" } else { &run.bundle_id });
    let lei = page.safe_short(run.lei.as_deref().unwrap_or("(no LEI)"));
    let flows = page.safe_short(&if run.flows.is_empty() { "(none)".to_owned() } else { run.flows.join(", ") });
    let profile = page.safe(&run.profile);
    let about = format!(
        "case {bundle}, LEI {lei}, flow {flows}, stage {}, profile {profile}, as of {}",
        run.stage.as_str(),
        run.as_of
    );
    page.paragraph(0, 2, &[(DIM, &about)]);
    let overrides = run.parameters.iter().filter(|parameter| parameter.set_by != "default");
    for parameter in overrides {
        let text = format!(
            "parameter {} = {} (set by {}; default {})",
            parameter.name,
            parameter.value,
            parameter.set_by,
            parameter.default.as_deref().unwrap_or("none")
        );
        let text = page.safe_short(&text);
        page.paragraph(0, 2, &[(DIM, &text)]);
    }
}

/// Why the verdict is what it is, in a few words, without what an unfinished case waits for. A rule counts
/// where it is worst.
fn reason(document: &ReportDocument, unfinished: bool) -> Option<String> {
    let waiting = if unfinished { todo::waiting(document) } else { BTreeSet::new() };
    let mut numbers: BTreeMap<Class, usize> = BTreeMap::new();
    for result in document.results.iter().filter(|result| !waiting.contains(result.rule.as_str())) {
        if let Some(worst) = result.findings.iter().map(Class::of).min() {
            *numbers.entry(worst).or_default() += 1;
        }
    }
    let part = |(class, number): (Class, usize)| {
        let (one, many) = match class {
            Class::Block => ("rule blocks", "rules block"),
            Class::Unknown => ("rule lacks evidence", "rules lack evidence"),
            Class::Review => ("rule waits for a signed statement", "rules wait for a signed statement"),
            Class::Warn => ("rule needs a waiver", "rules need a waiver"),
            Class::Waived => ("rule is waived", "rules are waived"),
            Class::Info => return None,
        };
        Some(count(number, one, many))
    };
    let parts: Vec<String> = numbers.into_iter().filter_map(part).collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

fn body(page: &mut Page, document: &ReportDocument, entries: &[Entry<'_>], layout: &Layout) {
    let in_full = if layout.all { entries.len() } else { IN_FULL };
    for (at, entry) in entries.iter().enumerate().take(in_full) {
        // Waived and informative findings do not stop anybody: one line each, unless all is asked for.
        if !layout.all && entry.class() >= Class::Waived {
            if at == 0 || entries[at - 1].class() < Class::Waived {
                page.blank();
            }
            finding::one_line(page, document, entry);
        } else {
            page.blank();
            finding::in_full(page, document, entry, layout);
        }
    }
    let rest = entries.get(in_full..).unwrap_or_default();
    if rest.is_empty() {
        return;
    }
    page.blank();
    let rules: usize = rest.iter().map(Entry::rules).sum();
    let head = format!("{} more in short ({}):", rest.len(), count(rules, "rule", "rules"));
    page.paragraph(0, 2, &[(BOLD, &head)]);
    for entry in rest.iter().take(LISTED) {
        finding::one_line(page, document, entry);
    }
    if let Some(unlisted) = rest.len().checked_sub(LISTED).filter(|&unlisted| unlisted > 0) {
        let text = format!("and {unlisted} more; `--all` shows every one in full");
        page.paragraph(2, 4, &[(HELP, &text)]);
    }
}

/// How much there is besides, and what the report does not say.
fn tail(page: &mut Page, document: &ReportDocument, layout: &Layout) {
    let summary = &document.summary;
    page.blank();
    if layout.all {
        ids(page, document, "passes", Outcome::Pass);
        ids(page, document, "does not concern the case", Outcome::NotApplicable);
        list(page, "not yet due", document.not_yet_due.iter().map(String::as_str));
        list(page, "no rule yet", document.pending.iter().map(|pending| pending.requirement.as_str()));
    }
    let mut counts = vec![format!("{} pass", summary.pass)];
    for (number, words) in [
        (summary.not_applicable, "do not concern this case"),
        (summary.fail_info, "fail for information only"),
        (summary.not_yet_due, "not yet due"),
    ] {
        if number > 0 {
            counts.push(format!("{number} {words}"));
        }
    }
    let text = format!("rules: {}", counts.join(", "));
    page.paragraph(0, 2, &[(PLAIN, &text)]);
    waivers(page, document);
    if document.partial {
        let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
        for pending in &document.pending {
            *reasons.entry(&pending.waits_for).or_default() += 1;
        }
        let reasons: Vec<String> = reasons.iter().map(|(reason, number)| format!("{number} on {reason}")).collect();
        let text = format!(
            "partial: {} of these packs {} no rule yet (waiting: {}); the gate refuses a partial report",
            count(document.pending.len(), "requirement", "requirements"),
            if document.pending.len() == 1 { "has" } else { "have" },
            reasons.join(", ")
        );
        let text = page.safe(&text);
        page.paragraph(0, 2, &[(page::WARN, &text)]);
    }
    if !layout.all && !document.results.is_empty() {
        page.paragraph(0, 2, &[(DIM, "`--all` shows every finding and every rule that passes; `countersign explain RULE` says what a rule wants")]);
    }
}

/// Waivers that covered nothing; those that were used stand beside their findings.
fn waivers(page: &mut Page, document: &ReportDocument) {
    for waiver in document.waivers.iter().filter(|waiver| waiver.state != "used") {
        let text = format!("waiver {} for {} {}: {}", waiver.id, waiver.rule, waiver.element, waiver.state);
        let text = page.safe_short(&text);
        let class = if waiver.level == crate::compile::program::Level::Block { Class::Block } else { Class::Info };
        page.paragraph(0, 2, &[(class.style(), class.word()), (PLAIN, "  "), (PLAIN, &text)]);
    }
}

fn ids(page: &mut Page, document: &ReportDocument, label: &str, outcome: Outcome) {
    let rules = document.results.iter().filter(|result| result.outcome == outcome);
    list(page, label, rules.map(|result| result.rule.as_str()));
}

fn list<'a>(page: &mut Page, label: &str, ids: impl Iterator<Item = &'a str>) {
    let ids: Vec<&str> = ids.collect();
    if ids.is_empty() {
        return;
    }
    let head = format!("{label} ({}): ", ids.len());
    let text = page.safe(&ids.join(", "));
    page.paragraph(0, 2, &[(BOLD, &head), (PLAIN, &text)]);
}
