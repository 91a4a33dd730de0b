//! A document row by row: what every format says of a rule, and of each of its findings.
//!
//! In: a document. Out: one row per finding, one for a result that has none, in the document's order. What a row means
//! to its reader is decided here once, so that no two formats can say different things of the same finding.

use serde::Serialize;

use super::document::{EvidencePlace, FindingEntry, ReportDocument, ResultEntry, WaiverEntry};
use super::text::quoted;
use crate::compile::program::Level;
use crate::evaluate::outcome::Outcome;
use crate::facts::Cause;
use crate::primitives::{Lei, Sha256};

/// What a finding means to its reader, worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Class {
    /// It fails, and nothing lets it pass.
    Block,
    /// It could not be judged.
    Unknown,
    /// It waits for a signed statement.
    Review,
    /// It fails and may be waived.
    Warn,
    /// It fails and is waived.
    Waived,
    /// It is only reported.
    Info,
}

impl Class {
    /// The class of a finding.
    pub(super) fn of(finding: &FindingEntry) -> Self {
        match (finding.outcome, finding.level) {
            (Outcome::Fail, _) if finding.waiver.is_some() => Self::Waived,
            (_, Level::Info) => Self::Info,
            (Outcome::Fail, Level::Block) => Self::Block,
            (Outcome::Fail, Level::Warn) => Self::Warn,
            (Outcome::Indeterminate, _) => Self::Unknown,
            (Outcome::Review, _) => Self::Review,
            // No finding is made of these; were there one, it would be only reported.
            (Outcome::Pass | Outcome::NotApplicable, _) => Self::Info,
        }
    }

    /// The word in front of a finding.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Block => "block",
            Self::Unknown => "unknown",
            Self::Review => "review",
            Self::Warn => "warn",
            Self::Waived => "waived",
            Self::Info => "info",
        }
    }
}

/// What a row means to its reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Standing {
    /// Something was found.
    Found(Class),
    /// The rule is made of others, whose findings stand under them.
    ByParts,
    /// It holds.
    Pass,
    /// It does not concern the case.
    NotApplicable,
}

impl Standing {
    /// The word in front of a row.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Found(class) => class.word(),
            Self::ByParts => "by its parts",
            Self::Pass => "pass",
            Self::NotApplicable => "not applicable",
        }
    }
}

/// A finding, or a result without one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row<'a> {
    /// The rule.
    pub result: &'a ResultEntry,
    /// What was found.
    pub finding: Option<&'a FindingEntry>,
}

/// Every row of a document, in its order.
pub(super) fn rows(document: &ReportDocument) -> impl Iterator<Item = Row<'_>> {
    document.results.iter().flat_map(|result| {
        let bare = result.findings.is_empty().then_some(Row { result, finding: None });
        let findings = result.findings.iter().map(move |finding| Row { result, finding: Some(finding) });
        bare.into_iter().chain(findings)
    })
}

/// Waivers that would have been needed and do not hold: the verdict is not clean for them.
pub(super) fn broken_waivers(document: &ReportDocument) -> impl Iterator<Item = &WaiverEntry> {
    document.waivers.iter().filter(|waiver| waiver.level == Level::Block)
}

impl<'a> Row<'a> {
    /// The outcome.
    pub(super) fn outcome(&self) -> Outcome {
        self.finding.map_or(self.result.outcome, |finding| finding.outcome)
    }

    /// The level in force.
    pub(super) fn level(&self) -> Level {
        self.finding.map_or(self.result.level, |finding| finding.level)
    }

    /// The element.
    pub(super) fn element(&self) -> Option<&'a str> {
        self.finding?.element.as_deref()
    }

    /// Id of the waiver.
    pub(super) fn waiver(&self) -> Option<&'a str> {
        self.finding?.waiver.as_deref()
    }

    /// What it means.
    pub(super) fn standing(&self) -> Standing {
        let Some(finding) = self.finding else {
            return match (self.result.outcome, self.result.level) {
                (Outcome::Pass, _) => Standing::Pass,
                (Outcome::NotApplicable, _) => Standing::NotApplicable,
                (Outcome::Fail | Outcome::Indeterminate | Outcome::Review, _) if !self.result.all_of.is_empty() => {
                    Standing::ByParts
                }
                // `check` makes no such result; a document that was written by somebody else fails closed.
                (Outcome::Fail | Outcome::Indeterminate | Outcome::Review, Level::Info) => Standing::Found(Class::Info),
                (Outcome::Fail, Level::Warn) => Standing::Found(Class::Warn),
                (Outcome::Fail, Level::Block) => Standing::Found(Class::Block),
                (Outcome::Indeterminate, Level::Block | Level::Warn) => Standing::Found(Class::Unknown),
                (Outcome::Review, Level::Block | Level::Warn) => Standing::Found(Class::Review),
            };
        };
        Standing::Found(Class::of(finding))
    }

    /// What was found, in a sentence; of a result without finding, what holds.
    pub(super) fn message(&self) -> String {
        let Some(finding) = self.finding else {
            return match self.standing() {
                Standing::ByParts => format!("made of {}", self.result.all_of.join(", ")),
                Standing::Found(_) | Standing::Pass | Standing::NotApplicable => self.result.title.clone(),
            };
        };
        let mut parts: Vec<&str> = Vec::new();
        if !finding.message.is_empty() {
            parts.push(&finding.message);
        }
        for unknown in &finding.unknowns {
            if !parts.contains(&unknown.explanation.as_str()) {
                parts.push(&unknown.explanation);
            }
        }
        if parts.is_empty() { self.result.title.clone() } else { parts.join("; ") }
    }

    /// Every place in the evidence, the one that decided most first, each once.
    pub(super) fn places(&self) -> Vec<&'a EvidencePlace> {
        let mut places: Vec<&EvidencePlace> = Vec::new();
        let Some(finding) = self.finding else { return places };
        let deciding = finding.deciding.iter().flat_map(|deciding| &deciding.evidence);
        let unknown = finding.unknowns.iter().flat_map(|unknown| &unknown.evidence);
        for place in deciding.chain(unknown) {
            if !places.contains(&place) {
                places.push(place);
            }
        }
        places
    }

    /// What to do about it.
    pub(super) fn advice(&self, document: &ReportDocument, case_path: &str) -> String {
        let kind = self.finding.and_then(|finding| finding.unknowns.iter().find_map(|unknown| unknown.kind.as_deref()));
        match (kind, self.finding) {
            (Some(kind), _) => {
                let area = document.kinds.iter().find(|entry| entry.kind == kind).map_or("bundle", |entry| &entry.area);
                how_to_add(kind, area, document.run.lei.as_deref(), case_path)
            }
            (None, Some(finding)) => advice(self.result, finding).to_owned(),
            (None, None) => self.result.help.clone(),
        }
    }

    /// Stays the same from run to run as long as the same rule fails for the same element at the same place.
    pub(super) fn fingerprint(&self) -> Sha256 {
        #[derive(Serialize)]
        struct Identity<'a> {
            rule: &'a str,
            element: Option<&'a str>,
            place: Option<(&'a str, &'a str)>,
        }
        let place = self.places().first().map(|place| (place.path.as_str(), place.pointer.as_str()));
        let identity = Identity { rule: &self.result.rule, element: self.element(), place };
        Sha256::of(&super::json::canonical(&identity))
    }
}

/// What to do about a finding.
pub(super) fn advice<'a>(result: &'a ResultEntry, finding: &FindingEntry) -> &'a str {
    // The rule's own advice is for who has failed it; nobody has failed what cannot be judged.
    let wanting = finding.unknowns.first().filter(|_| Class::of(finding) == Class::Unknown);
    wanting.map_or(result.help.as_str(), |unknown| mend(unknown.cause))
}

/// What to do about a value that is not known.
fn mend(cause: Cause) -> &'static str {
    match cause {
        Cause::Missing => "enter what is missing in the record, or do the step that gives it, and seal again",
        Cause::Unreadable => "mend the file, or put it back as it was sealed",
        Cause::Invalid | Cause::Unrecognised => {
            "correct the value as the schema of its kind describes it, and seal again"
        }
        Cause::Empty => "add what the list should hold; a list with nothing in it proves nothing",
        Cause::None => "add the record that is looked for, or correct the value by which it is found",
        Cause::Several => "keep the one that counts, and take out the others or mark them as replaced",
        Cause::Tied => "correct the instant of one of the two, so that it is clear which is the newer",
        Cause::Overflow => "correct the value: it is beyond what can be computed with",
        Cause::Unproven => "add what proves it; until then it is a claim",
        Cause::NotDue => "check the case as a whole, at the stage it has reached",
    }
}

/// The clause, its strength, and the other requirements that it stands for.
pub(super) fn clause(result: &ResultEntry) -> String {
    let mut text = format!("{}, {}", result.document_title, result.section);
    if let Some(section) = result.in_force_section.as_ref().filter(|section| **section != result.section) {
        text.push_str(&format!(" (now {section})"));
    }
    text.push_str(&format!("; {}", result.strength));
    if !result.same_as.is_empty() {
        text.push_str(&format!("; the same as {}", result.same_as.join(", ")));
    }
    text
}

/// The path of a file as it can be opened from where the command runs.
pub(super) fn evidence_path(case_path: &str, path: &str) -> String {
    match case_path.trim_end_matches(['/', '\\']) {
        "" => path.to_owned(),
        case_path => format!("{case_path}/{path}"),
    }
}

/// How a record of a kind comes into the case: a command fit to be copied into a shell, or where it belongs.
pub(super) fn how_to_add(kind: &str, area: &str, lei: Option<&str>, case_path: &str) -> String {
    let case = if case_path.is_empty() { "CASE" } else { case_path.trim_end_matches(['/', '\\']) };
    match (kind, area) {
        // The LEI is what a manifest claims: only a well-formed one becomes part of a command.
        ("lei-record", _) => {
            let lei = lei.filter(|lei| lei.parse::<Lei>().is_ok()).unwrap_or("LEI");
            format!("countersign lei fetch {lei} --into {}", quoted(case))
        }
        (_, "decision") => format!("save it, signed, in {case}/decision/, as schemas/case/{kind}.json describes it"),
        (_, "post") => {
            format!("countersign bundle add FILE --kind {kind} --into {}", quoted(&format!("{case}/post")))
        }
        _ => format!("countersign bundle add FILE --kind {kind} --into {}", quoted(case)),
    }
}
