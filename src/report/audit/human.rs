//! The audit for a terminal.
//!
//! In: the document, its cases and how wide the terminal is. Out: plain text: the verdict, what registries and cases say
//! together, the cases that are not clean, the service levels, and what the year did not put to the test.

use std::io;

use super::super::text::{count, escape};
use super::{AuditDocument, AuditFinding, CaseEntry, Cases, Cost, Processor, Weight};
use crate::evaluate::outcome::Verdict;

/// Findings over many cases that are shown in full, per code.
const PER_CODE: usize = 5;
/// Cases that are listed; the others are counted.
const CASES_MAX: usize = 30;
/// Issuers that are named; the others are counted.
const ISSUERS: usize = 3;
/// Findings that are shown of a case.
const PER_CASE: usize = 3;

/// How to lay it out.
#[derive(Debug, Clone, Copy)]
pub struct Layout {
    /// Columns; kept between 40 and 120.
    pub width: usize,
    /// Whether the terminal shows UTF-8.
    pub unicode: bool,
    /// Whether to show everything.
    pub all: bool,
}

/// The verdict in a few words.
pub fn word(verdict: Verdict) -> &'static str {
    super::super::human::word(verdict, false)
}

/// The whole text, ending in a newline.
///
/// # Errors
/// Of reading the cases.
pub fn render(document: &AuditDocument, cases: &dyn Cases, layout: Layout) -> io::Result<String> {
    let mut page = Page { text: String::new(), layout };
    head(&mut page, document);
    findings(&mut page, document);
    failing(&mut page, document, cases)?;
    metrics(&mut page, document);
    waivers(&mut page, document);
    coverage(&mut page, document);
    sample(&mut page, document);
    cost(&mut page, document);
    Ok(page.text)
}

/// What a run cost, in one line.
pub fn cost_line(cost: &Cost) -> String {
    let Processor { all, read, hash, parse, keri, evaluate, other } = &cost.processor_ms;
    let percent = |part: &u64| (part * 100 + all / 2) / (*all).max(1);
    let kinds =
        [("read", read), ("hash", hash), ("parse", parse), ("KERI", keri), ("evaluate", evaluate), ("other", other)];
    let kinds: Vec<String> = kinds.iter().map(|(kind, part)| format!("{kind} {} %", percent(part))).collect();
    let tenths = |number: u64| format!("{}.{}", number / 10, number % 10);
    let memory =
        cost.peak_bytes.map_or_else(String::new, |bytes| format!(", peak memory {} MiB", bytes.div_ceil(1 << 20)));
    format!(
        "{} in {} s, {} a second{memory}; processor {} s: {}",
        count(cost.cases as usize, "case", "cases"),
        tenths(cost.wall_ms / 100),
        tenths(cost.cases.saturating_mul(10_000) / cost.wall_ms.max(1)),
        tenths(all / 100),
        kinds.join(", ")
    )
}

/// What the verdict is and why, in one paragraph.
pub fn headline(document: &AuditDocument, layout: Layout) -> String {
    let mut page = Page { text: String::new(), layout };
    head(&mut page, document);
    page.text
}

struct Page {
    text: String,
    layout: Layout,
}

impl Page {
    /// A paragraph, wrapped at spaces; nothing in it steers the terminal.
    fn wrap(&mut self, text: &str, first: usize, rest: usize) {
        let width = self.layout.width.clamp(40, 120);
        let text = escape(text, self.layout.unicode);
        let mut column = first;
        self.text.push_str(&" ".repeat(first));
        let mut fresh = true;
        for word in text.split_whitespace() {
            let mut word = word;
            let length = word.chars().count();
            if !fresh && column + 1 + length > width {
                self.text.push('\n');
                self.text.push_str(&" ".repeat(rest));
                (column, fresh) = (rest, true);
            }
            if !fresh {
                self.text.push(' ');
                column += 1;
            }
            // A digest that is longer than the line is cut where the line ends.
            while column + word.chars().count() > width {
                let room = width.saturating_sub(column).max(1);
                let at = word.char_indices().nth(room).map_or(word.len(), |(at, _)| at);
                self.text.push_str(&word[..at]);
                self.text.push('\n');
                self.text.push_str(&" ".repeat(rest));
                (word, column) = (&word[at..], rest);
            }
            self.text.push_str(word);
            column += word.chars().count();
            fresh = false;
        }
        self.text.push('\n');
    }

    fn title(&mut self, text: &str) {
        self.text.push('\n');
        self.wrap(text, 0, 0);
    }
}

fn head(page: &mut Page, document: &AuditDocument) {
    let (run, summary) = (&document.run, &document.summary);
    let mut parts = Vec::new();
    for (number, one, many) in [
        (summary.block, "finding blocks", "findings block"),
        (summary.unknown, "finding cannot be judged", "findings cannot be judged"),
        (summary.warn, "warning", "warnings"),
    ] {
        if number > 0 {
            parts.push(count(number as usize, one, many));
        }
    }
    let why = if parts.is_empty() { String::new() } else { format!(": {}", parts.join(", ")) };
    page.wrap(&format!("{}{why}", word(document.verdict)), 0, 2);
    let cases: Vec<String> = [
        (summary.unreadable, "could not be checked"),
        (summary.not_clean, "not clean"),
        (summary.needs_waiver, "in need of a waiver"),
        (summary.indeterminate, "cannot be judged yet"),
        (summary.clean_with_waivers, "clean with waivers"),
        (summary.clean, "clean"),
    ]
    .into_iter()
    .filter(|(number, _)| *number > 0)
    .map(|(number, word)| format!("{number} {word}"))
    .collect();
    let cases = if cases.is_empty() { "none".to_owned() } else { cases.join(", ") };
    page.wrap(
        &format!("{} of {} to {}: {cases}", count(summary.cases as usize, "case", "cases"), run.from, run.to),
        0,
        2,
    );
    if summary.outside > 0 {
        page.wrap(
            &format!("{} outside the period, not judged", count(summary.outside as usize, "case", "cases")),
            0,
            2,
        );
    }
    let issuers: Vec<&str> = [&run.issuer].into_iter().chain(&run.other_issuers).map(String::as_str).collect();
    let shown = if page.layout.all { issuers.len() } else { issuers.len().min(ISSUERS) };
    let more = match issuers.len() - shown {
        0 => String::new(),
        more => format!(" and {more} more (`--all` lists them)"),
    };
    page.wrap(
        &format!(
            "registries of {}{more}: {}, {}",
            issuers[..shown].join(", "),
            count(summary.issued as usize, "issuance", "issuances"),
            count(summary.revoked as usize, "revocation", "revocations")
        ),
        0,
        2,
    );
}

fn findings(page: &mut Page, document: &AuditDocument) {
    if document.findings.is_empty() {
        page.title("Registries and cases agree; nothing is used twice.");
        return;
    }
    page.title("What registries and cases say together:");
    let mut at = 0;
    while let Some(first) = document.findings.get(at) {
        let same = document.findings[at..].iter().take_while(|finding| finding.code == first.code).count();
        let of_code = &document.findings[at..at + same];
        page.title(&format!("{} {} ({})", first.weight.as_str(), first.code, same));
        let shown = if page.layout.all { same } else { same.min(PER_CODE) };
        for finding in &of_code[..shown] {
            one(page, finding);
        }
        if shown < same {
            page.wrap(&format!("and {} more; `--all` lists them", same - shown), 2, 4);
        }
        page.wrap(&format!("to do: {}", first.help), 2, 4);
        let clause = [first.clause.requirement.as_str(), first.clause.text.as_str()];
        let clause: Vec<&str> = clause.into_iter().filter(|text| !text.is_empty()).collect();
        page.wrap(&format!("clause: {}", clause.join(", ")), 2, 4);
        at += same;
    }
}

fn one(page: &mut Page, finding: &AuditFinding) {
    page.wrap(&finding.message, 2, 4);
    if !finding.cases.is_empty() {
        page.wrap(&format!("in {}", finding.cases.join(", ")), 4, 6);
    }
}

fn failing(page: &mut Page, document: &AuditDocument, cases: &dyn Cases) -> io::Result<()> {
    let summary = &document.summary;
    let failing = summary.cases - summary.clean - summary.clean_with_waivers;
    if failing == 0 {
        page.title("Every case is clean.");
        return Ok(());
    }
    page.title(&format!("{} not clean:", count(failing as usize, "case is", "cases are")));
    let mut shown = 0;
    let limit = if page.layout.all { usize::MAX } else { CASES_MAX };
    cases.each(&mut |case| {
        if !case.is_clean() && shown < limit {
            shown += 1;
            of_case(page, &case);
        }
        Ok(())
    })?;
    if (shown as u64) < failing {
        page.wrap(&format!("and {} more; `--all` lists them", failing - shown as u64), 2, 4);
    }
    Ok(())
}

fn of_case(page: &mut Page, case: &CaseEntry) {
    let verdict = case.verdict.map_or("could not be checked", word);
    page.title(&format!("{}: {verdict}", case.case));
    if let Some(error) = &case.error {
        page.wrap(&format!("{}: {}", error.code, error.message), 2, 4);
        page.wrap(&format!("to do: {}", error.help), 2, 4);
    }
    let found: Vec<_> = case.findings.iter().filter(|finding| finding.waiver.is_none()).collect();
    let shown = if page.layout.all { found.len() } else { found.len().min(PER_CASE) };
    for finding in &found[..shown] {
        page.wrap(&format!("{} {}: {}", finding.outcome, finding.rule, finding.message), 2, 4);
    }
    if shown < found.len() {
        page.wrap(&format!("and {} more", found.len() - shown), 2, 4);
    }
}

fn metrics(page: &mut Page, document: &AuditDocument) {
    let metrics = &document.metrics;
    page.title("Service levels");
    let hours = |seconds: Option<i64>| seconds.map_or("-".to_owned(), |s| format!("{}.{} h", s / 3600, s % 3600 / 360));
    let days = metrics.challenge_longest_d.map_or("-".to_owned(), |days| format!("{days} days"));
    for (what, value) in [
        (
            "Legal Entity credentials issued, not compliant",
            format!("{}, {}", metrics.issued_le, metrics.not_compliant_le),
        ),
        ("official roles issued, not compliant", format!("{}, {}", metrics.issued_oor, metrics.not_compliant_oor)),
        ("engagement roles issued", metrics.issued_ecr.to_string()),
        (
            "revocations, over 24 h, longest",
            format!(
                "{}, {}, {}",
                metrics.revocations,
                metrics.revocations_over_24h,
                hours(metrics.revocation_longest_s)
            ),
        ),
        (
            "challenges of data, over 15 days, longest",
            format!("{}, {}, {days}", metrics.challenges, metrics.challenges_over_15d),
        ),
        ("LEIs watched, longest gap", format!("{}, {}", metrics.watched_leis, hours(metrics.monitoring_gap_longest_s))),
    ] {
        page.wrap(&format!("{what}: {value}"), 2, 4);
    }
}

fn waivers(page: &mut Page, document: &AuditDocument) {
    if document.waivers.is_empty() {
        return;
    }
    page.title(&count(document.waivers.len(), "waiver", "waivers"));
    let limit = if page.layout.all { usize::MAX } else { CASES_MAX };
    for waiver in document.waivers.iter().take(limit) {
        let expired = if waiver.expired { ", expired by now" } else { "" };
        page.wrap(
            &format!(
                "{} in {} for {}: {}, {} days old, until {}{expired}",
                waiver.id, waiver.case, waiver.rule, waiver.state, waiver.age_days, waiver.expires
            ),
            2,
            4,
        );
    }
    if document.waivers.len() > limit {
        page.wrap(&format!("and {} more", document.waivers.len() - limit), 2, 4);
    }
}

fn coverage(page: &mut Page, document: &AuditDocument) {
    let untested: Vec<&str> =
        document.coverage.iter().filter(|rule| !rule.is_tested()).map(|rule| rule.rule.as_str()).collect();
    page.title(&format!(
        "{} of {} rules were put to the test",
        document.coverage.len() - untested.len(),
        document.coverage.len()
    ));
    if !untested.is_empty() && page.layout.all {
        page.wrap(&format!("not tested: {}", untested.join(", ")), 2, 4);
    } else if !untested.is_empty() {
        page.wrap("`--all` lists the clauses that no case put to the test", 2, 4);
    }
}

fn sample(page: &mut Page, document: &AuditDocument) {
    let Some(sample) = &document.sample else { return };
    page.title(&format!("{} to be read by people, seed `{}`", count(sample.drawn.len(), "case", "cases"), sample.seed));
    for drawn in &sample.drawn {
        page.wrap(&format!("{} ({}, {} of {})", drawn.case, drawn.flow, drawn.rank, drawn.of), 2, 4);
    }
    page.wrap(&sample.method, 2, 4);
}

fn cost(page: &mut Page, document: &AuditDocument) {
    let Some(cost) = &document.cost else { return };
    page.title("What this run cost");
    page.wrap(&cost_line(cost), 2, 4);
}

impl Weight {
    /// What the weight means to the verdict.
    pub fn verdict(self) -> Verdict {
        match self {
            Self::Block => Verdict::NotClean,
            Self::Unknown => Verdict::Indeterminate,
            Self::Warn => Verdict::NeedsWaiver,
            Self::Info => Verdict::Clean,
        }
    }
}
