//! Streams, logs and verdicts for people, and verdicts as JSON.
//!
//! In: bytes or a verdict. Out: text. Showing decides nothing: `describe` prints what a stream claims,
//! and says so.

mod stream;

use std::collections::BTreeSet;
use std::fmt::Write;

use serde_json::{Value, json};

use super::evidence::Evidence;
use super::log::Logs;
use super::signature::Signatures;
use super::verdict::{Answer, Finding, Verdict, Weight};
use super::verified::{CredentialFact, LogFact, StateFact, Status, Verified};
use super::{cesr, chain};
use crate::facts::threshold::Threshold;
use crate::primitives::{Aid, Said};

pub use stream::describe;

/// A verdict as a document.
pub fn verdict_json(verdict: &Verdict) -> Value {
    let chain: Vec<_> = verdict.verified.chain.iter().map(|credential| json!(credential)).collect();
    json!({
        "verdict": verdict.answer,
        "findings": verdict.findings,
        "credential": chain.first().cloned().unwrap_or(Value::Null),
        "chain": chain,
    })
}

/// A verdict for a terminal.
pub fn verdict_text(verdict: &Verdict) -> String {
    let mut text = String::new();
    let verified = &verdict.verified;
    let what = match verified.chain.first() {
        Some(credential) => format!("{} credential {}", kind(credential), credential.said),
        None => verified.target.as_ref().map_or("stream".to_owned(), |target| format!("credential {target}")),
    };
    line(&mut text, &format!("{what}: {}", verdict.answer));
    if let Some(credential) = verified.chain.first() {
        line(&mut text, "");
        tree(verified, credential, "", 0, &mut BTreeSet::new(), &mut text);
    }
    if !verdict.findings.is_empty() {
        line(&mut text, "");
        for finding in &verdict.findings {
            line(&mut text, &finding_line(finding));
        }
    }
    line(&mut text, "");
    line(&mut text, &format!("{} messages, {} distinct signatures verified", verified.messages, verified.signatures));
    text
}

/// Adds a line. What a stream says may hold characters that steer a terminal or turn its writing
/// direction: they are shown as escapes.
fn line(text: &mut String, content: &str) {
    for c in content.chars() {
        match c {
            '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                text.extend(c.escape_unicode())
            }
            c if c.is_control() => text.extend(c.escape_unicode()),
            c => text.push(c),
        }
    }
    text.push('\n');
}

fn finding_line(finding: &Finding) -> String {
    let weight = match finding.code.weight() {
        Weight::Note => "note",
        Weight::Incomplete => "incomplete",
        Weight::Revoked => "revoked",
        Weight::Invalid => "invalid",
    };
    let mut text = format!("{weight}[{}]: {}", finding.code, finding.message);
    let place = finding.offset.map(|offset| format!("byte {offset}"));
    let rule = finding.rule.map(|rule| format!("rule {rule}"));
    let about: Vec<String> = place.into_iter().chain(rule).collect();
    if !about.is_empty() {
        // Writing to a String does not fail.
        let _ = write!(text, " ({})", about.join(", "));
    }
    text
}

fn kind(credential: &CredentialFact) -> &'static str {
    credential.kind.map_or("unknown", |kind| kind.as_str())
}

/// Each credential is drawn once, however many edges lead to it.
fn tree<'v>(
    verified: &'v Verified,
    credential: &'v CredentialFact,
    label: &str,
    depth: usize,
    shown: &mut BTreeSet<&'v Said>,
    text: &mut String,
) {
    let indent = "   ".repeat(depth);
    let status = match credential.status {
        Status::Issued => "issued",
        Status::Revoked => "revoked",
        Status::Unproven => "not proven",
    };
    let arrow = if label.is_empty() { String::new() } else { format!("{label} -> ") };
    let first = shown.insert(&credential.said);
    let above = if first { "" } else { ", see above" };
    line(text, &format!("{indent}{arrow}{} {}: {status}{above}", kind(credential), credential.said));
    if !first {
        return;
    }
    line(text, &format!("{indent}   issuer {}", credential.issuer));
    if let Some(issuee) = &credential.issuee {
        line(text, &format!("{indent}   issuee {issuee}"));
    }
    for (name, value) in &credential.attributes {
        if !matches!(name.as_str(), "d" | "i" | "u") {
            line(text, &format!("{indent}   {name} {value}"));
        }
    }
    for (what, fact) in [("issued", &credential.issued), ("revoked", &credential.revoked)] {
        if let Some(fact) = fact {
            line(
                text,
                &format!("{indent}   {what} {}, sealed at sn {} of the issuer's log", fact.dated, fact.sealed.sn),
            );
        }
    }
    for edge in &credential.edges {
        match verified.credential(&edge.node) {
            Some(far) => tree(verified, far, &edge.label, depth + 1, shown, text),
            None => line(text, &format!("{indent}   {} -> {}: not in the stream", edge.label, edge.node)),
        }
    }
}

/// The logs of a stream.
#[derive(Debug)]
pub struct LogReport {
    /// Whether every log that was asked for is accepted as presented.
    pub answer: Answer,
    /// By identifier, in alphabetical order.
    pub logs: Vec<(Aid, LogFact)>,
    /// What is wrong with them, and with messages that are not used.
    pub findings: Vec<Finding>,
}

/// Replays the logs of a stream; of one identifier if it is named.
pub fn logs(stream: &[u8], aid: Option<&Aid>) -> LogReport {
    let messages = match cesr::read(stream) {
        Ok(messages) => messages,
        Err(error) => {
            let findings = vec![super::framing(&error)];
            return LogReport { answer: Answer::Invalid, logs: Vec::new(), findings };
        }
    };
    let mut evidence = Evidence::collect(&messages);
    let mut findings = std::mem::take(&mut evidence.findings);
    let signatures = Signatures::verify(evidence.events.triples());
    let logs = Logs::new(&evidence.events, &signatures);
    let named = aid.map(|aid| vec![aid.as_str()]);
    let prefixes = named.unwrap_or_else(|| evidence.events.prefixes().collect());
    let (facts, found) = chain::logs(&evidence, &logs, &prefixes);
    findings.extend(found);
    let verdict = Verdict::of(findings, Verified::default());
    LogReport {
        answer: verdict.answer,
        logs: facts.into_iter().filter(|(prefix, _)| aid.is_none_or(|aid| aid == prefix)).collect(),
        findings: verdict.findings,
    }
}

/// Logs as a document.
pub fn logs_json(report: &LogReport) -> Value {
    let logs: serde_json::Map<String, Value> =
        report.logs.iter().map(|(aid, log)| (aid.to_string(), json!(log))).collect();
    json!({ "verdict": report.answer, "findings": report.findings, "logs": logs })
}

/// Logs for a terminal.
pub fn logs_text(report: &LogReport) -> String {
    let mut text = String::new();
    for (aid, log) in &report.logs {
        let accepted = match log.events.len() {
            0 => "nothing accepted".to_owned(),
            count => format!("accepted up to sn {}", count - 1),
        };
        line(&mut text, &format!("{aid}: {accepted}"));
        if let Some(state) = log.states.last() {
            state_lines(state, &mut text);
        }
        if let Some(delegator) = &log.delegator {
            let place = log
                .delegated_at
                .as_ref()
                .map_or("not approved".to_owned(), |place| format!("approved at its sn {}", place.sn));
            line(&mut text, &format!("   delegator {delegator}, {place}"));
        }
        for (sn, event) in log.events.iter().enumerate() {
            line(
                &mut text,
                &format!(
                    "   {sn} {} {}: signed by {}, receipts of {}, {} seals (byte {})",
                    event.kind,
                    event.said,
                    numbers(&event.signers),
                    numbers(&event.witnesses),
                    event.seals,
                    event.offset
                ),
            );
        }
        let superseded: Vec<&str> = log.superseded.iter().map(Said::as_str).collect();
        if !superseded.is_empty() {
            line(&mut text, &format!("   superseded {}", superseded.join(", ")));
        }
        for refused in &log.refused {
            line(
                &mut text,
                &format!(
                    "   {} {} is not accepted: {} (byte {})",
                    refused.sn, refused.said, refused.why, refused.offset
                ),
            );
        }
        line(&mut text, "");
    }
    for finding in &report.findings {
        line(&mut text, &finding_line(finding));
    }
    text
}

fn numbers(indices: &[u32]) -> String {
    if indices.is_empty() {
        return "none".to_owned();
    }
    indices.iter().map(u32::to_string).collect::<Vec<_>>().join(",")
}

fn state_lines(state: &StateFact, text: &mut String) {
    let threshold = threshold_text(&state.threshold);
    line(text, &format!("   {} keys, threshold {threshold}, since sn {}", state.keys.len(), state.established.0));
    let next = state.next_threshold.as_ref().map_or("none".to_owned(), threshold_text);
    line(text, &format!("   {} next keys, threshold {next}", state.next_keys));
    line(text, &format!("   {} witnesses, {} must receipt", state.witnesses.len(), state.witness_threshold));
}

/// A threshold as a person writes it: `2`, `1/2,1/2,1/2`, `1/2,1/2 and 1,1`.
pub fn threshold_text(threshold: &Threshold) -> String {
    match threshold {
        Threshold::Count(count) => count.to_string(),
        Threshold::Weighted(groups) => {
            let group = |group: &Vec<crate::facts::threshold::Weight>| {
                let weight = |weight: &crate::facts::threshold::Weight| match weight.denominator {
                    1 => weight.numerator.to_string(),
                    denominator => format!("{}/{denominator}", weight.numerator),
                };
                group.iter().map(weight).collect::<Vec<_>>().join(",")
            };
            groups.iter().map(group).collect::<Vec<_>>().join(" and ")
        }
    }
}
