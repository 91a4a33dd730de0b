//! Findings as lines of JSON, and for people.

use serde_json::json;

use super::super::error::CliError;
use super::super::terminal::Terminal;
use crate::monitor::finding::Class;
use crate::monitor::journal::{News, Open, State as Log};
use crate::monitor::judge::Judgement;
use crate::primitives::{Duration, Instant};
use crate::report::text::safe;

/// What a run says.
pub(super) struct Told<'t> {
    pub root: String,
    pub as_of: Instant,
    pub news: &'t [(News, Open)],
    pub judgement: &'t Judgement,
    pub log: &'t Log,
    /// LEIs that are watched.
    pub leis: usize,
    /// How many of the cases could be read.
    pub cases: usize,
}

/// One object a line: each finding, then the run.
pub(super) fn ndjson(told: &Told<'_>) -> String {
    let mut out = String::new();
    for (news, open) in told.news {
        let line = json!({
            "event": news.as_str(),
            "first_seen": open.first_seen,
            "last_seen": match news {
                // It was last seen by the run before this one; when that was, the log says.
                News::Resolved => None,
                News::Opened | News::Changed | News::Open => Some(told.as_of),
            },
            "seconds_left": seconds_left(open, told.as_of).filter(|_| *news != News::Resolved),
            "finding": open.finding,
        });
        out += &format!("{line}\n");
    }
    let states: serde_json::Map<String, serde_json::Value> =
        told.judgement.states.iter().map(|(state, count)| (state.as_str().to_owned(), (*count).into())).collect();
    let head = told.log.head.map(|(seq, hash)| json!({ "seq": seq, "hash": hash }));
    let line = json!({
        "event": "run",
        "as_of": told.as_of,
        "open": told.log.open.len(),
        "blocking": told.log.blocking(),
        "credentials": states,
        "leis": told.leis,
        "cases": told.cases,
        "case_signatures": "not verified",
        "head": head,
    });
    out + &format!("{line}\n")
}

/// How many events the receiver took; what it did not take is an error, and told as one.
pub(super) fn delivered(taken: Option<&usize>) -> String {
    taken.map_or(String::new(), |taken| format!("webhook: {taken} events taken\n"))
}

/// The same as a line.
pub(super) fn delivered_line(delivered: &Result<usize, CliError>) -> String {
    let line = match delivered {
        Ok(taken) => json!({ "event": "webhook", "taken": taken }),
        Err(error) => json!({ "event": "webhook", "error": error.to_string() }),
    };
    format!("{line}\n")
}

fn seconds_left(open: &Open, now: Instant) -> Option<i64> {
    open.finding.left(now).and_then(|left| i64::try_from(left.nanoseconds() / 1_000_000_000).ok())
}

/// For people: counts first, then each finding, worst first.
pub(super) fn human(told: &Told<'_>, terminal: &Terminal) -> String {
    let opened = count_of(told, News::Opened);
    let resolved = count_of(told, News::Resolved);
    let open = told.log.open.len();
    let verdict = match (open, told.log.blocking()) {
        (0, _) => "nothing is open".to_owned(),
        (open, blocking) => format!("{open} open, {blocking} of them block"),
    };
    let mut out = terminal.wrap(
        &format!("{}: {verdict}; {opened} new, {resolved} resolved; as of {}", safe(&told.root), told.as_of),
        0,
        2,
    );
    for (news, open) in told.news {
        let finding = &open.finding;
        let news = match news {
            News::Opened => "new",
            News::Changed => "changed",
            News::Open => "open",
            News::Resolved => "resolved",
        };
        let mut head =
            format!("{} {} {} ({news}", finding.class.as_str(), finding.kind.as_str(), safe(&finding.subject));
        if news == "open" || news == "changed" {
            head += &format!(" since {}", open.first_seen);
        }
        head += ")";
        if let (Some(left), Some(due_at)) = (finding.left(told.as_of), finding.due_at)
            && news != "resolved"
        {
            head += &format!(": {}", clock(left, due_at));
        }
        out += "\n";
        out += &terminal.wrap(&head, 0, 2);
        if news == "resolved" {
            continue;
        }
        out += &terminal.wrap(&safe(&finding.message), 2, 2);
        if let Some(rule) = &finding.rule {
            out += &terminal.wrap(&format!("rule {rule}; `countersign explain {rule}`"), 2, 2);
        }
        if finding.class != Class::Info {
            out += &terminal.wrap(&format!("help: {}", safe(&finding.help)), 2, 4);
        }
    }
    out += "\n";
    let states: Vec<String> =
        told.judgement.states.iter().map(|(state, count)| format!("{count} {}", state.as_str())).collect();
    let states = if states.is_empty() { "none".to_owned() } else { states.join(", ") };
    let read = format!("{} LEIs, {} cases, whose signatures are not verified here", told.leis, told.cases);
    out += &terminal.wrap(&format!("credentials: {states}; {read}"), 0, 2);
    if let Some((seq, hash)) = told.log.head {
        out += &terminal.wrap(&format!("log: row {seq}, {hash}"), 0, 2);
    }
    out
}

fn count_of(told: &Told<'_>, news: News) -> usize {
    told.news.iter().filter(|(found, _)| *found == news).count()
}

/// `21h left, until 2026-…`, `12 days left`, `over since …`.
fn clock(left: Duration, due_at: Instant) -> String {
    let minutes = left.nanoseconds() / 60_000_000_000;
    if left.nanoseconds() < 0 {
        return format!("over since {due_at}");
    }
    let time = match minutes {
        0..60 => format!("{minutes} min"),
        60..2_880 => format!("{} h", minutes / 60),
        _ => format!("{} days", minutes / 1_440),
    };
    format!("{time} left, until {due_at}")
}
