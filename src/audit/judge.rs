//! One case of the year: read, judged for the moment at which it was closed, and what it leaves.
//!
//! In: a case and what all are judged with. Out: a [`Row`]; a case that cannot be read or checked is a row like any
//! other. The signing time is what the ledger or a watcher proves; what only the case says is marked.

use std::collections::BTreeMap;
use std::path::Path;

use miette::Diagnostic;

use super::error::AuditError;
use super::journal::Row;
use super::population::{self, word};
use super::traces::{Traces, Waived, traces};
use super::{Question, year};
use crate::bundle::{Area, Limits, Snapshot};
use crate::check::{self, Options};
use crate::compile::program::Program;
use crate::meter::{Work, during};
use crate::primitives::{Instant, Sha256};
use crate::report::audit::{CaseEntry, CaseError, CaseFinding, ProvenBy, letter};
use crate::report::{self, ReportDocument};

/// The bounds of a case among many: each thread holds one in memory.
const LIMITS: Limits = Limits { total_bytes: 96 << 20, ..Limits::STANDARD };

/// The pack of every flow at whose end two QARs sign.
const SIGNED_BY_TWO: &str = "two-qar";

/// Judges the case at a place among all. `stamp`: what its files look like from outside, looked at before they are read.
///
/// # Errors
/// Of the audit's own tables. What is wrong with the case is in the row.
pub fn judge(question: &Question<'_>, at: u32, name: &str, stamp: Sha256) -> Result<Row, AuditError> {
    let path = question.cases.join(name);
    match Snapshot::read(&path, &LIMITS) {
        Ok(snapshot) => judged(question, at, name, stamp, &snapshot),
        Err(error) => Ok(Row {
            at,
            stamp,
            inside: true,
            entry: CaseEntry { error: Some(told(&error)), ..CaseEntry::bare(name.to_owned()) },
            traces: Traces::default(),
        }),
    }
}

/// What a case's files look like from outside; what cannot be looked at is judged, and told of then.
pub fn stamp(cases: &Path, name: &str) -> Sha256 {
    let stamp = during(Work::Read, || year::stamp(&cases.join(name)));
    stamp.unwrap_or_else(|error| Sha256::of(error.to_string().as_bytes()))
}

fn judged(question: &Question<'_>, at: u32, name: &str, stamp: Sha256, snapshot: &Snapshot) -> Result<Row, AuditError> {
    let mut traces = during(Work::Parse, || traces(snapshot));
    let top = |field| snapshot.manifest(Area::Bundle).and_then(|manifest| manifest.text(field)).unwrap_or_default();
    if !acts_on_registries(question.program, top("flow")) {
        // What such a case tells of registries it saw; others did it.
        traces.acts.clear();
    }
    let (signed_at, proven_by) = signing_time(question, &mut traces)?;
    let as_of = moment(question.as_of, signed_at, traces.closed_at);
    let mut entry = CaseEntry {
        bundle_id: top("bundle_id").to_owned(),
        bundle: snapshot.digest(),
        flow: top("flow").to_owned(),
        lei: top("lei").to_owned(),
        as_of: Some(as_of),
        signed_at,
        proven_by,
        acts: traces.acts.clone(),
        ..CaseEntry::bare(name.to_owned())
    };
    // A case that nobody can place in time belongs to every period.
    let inside = signed_at.or(traces.closed_at).is_none_or(|at| question.period.holds(at));
    if inside {
        let options = Options { as_of, memory: Some(question.memory.clone()), ..question.options.clone() };
        let (program, cases) = (question.program, Some(question.cases));
        let trust = &*check::trust_for(snapshot, question.trust);
        let found = match signed_at {
            Some(signed_at) => check::content_signed(program, snapshot, trust, cases, &options, signed_at),
            None => check::content(program, snapshot, trust, cases, &options),
        };
        match found {
            Ok(document) => {
                let document = &document;
                entry.verdict = Some(document.verdict);
                let text = during(Work::Evaluate, || report::judgement_text(document));
                entry.judgement = Some(during(Work::Hash, || Sha256::of(&text)));
                entry.outcomes = outcomes(program, document);
                entry.findings = CaseFinding::of(document);
                traces.waivers = waivers(document);
                traces.judgement = question.keep_judgements.then(|| String::from_utf8_lossy(&text).into_owned());
            }
            Err(error) => entry.error = Some(told(&error)),
        }
    }
    Ok(Row { at, stamp, inside, entry, traces })
}

/// Whether a case of this flow issues or revokes: whatever two QARs sign.
fn acts_on_registries(program: &Program, flow: &str) -> bool {
    program.flows.iter().any(|known| known.id == flow && known.packs.iter().any(|pack| pack == SIGNED_BY_TWO))
}

/// When the case was signed, and what proves it.
fn signing_time(question: &Question<'_>, traces: &mut Traces) -> Result<(Option<Instant>, ProvenBy), AuditError> {
    if let Some(rows) = question.ledger {
        // The envelope is what rows are about; where there is none, any file of the decision.
        let envelope = traces.envelope.as_ref().map(|(digest, _)| digest);
        for digest in envelope.into_iter().chain(&traces.decisions) {
            if let Some(decided) = rows.decision(digest)? {
                traces.row = Some(decided.seq);
                return Ok((Some(decided.at), ProvenBy::Ledger));
            }
        }
    }
    let mut events = Vec::new();
    for act in &traces.acts {
        if let Some(action) = population::action(&act.action) {
            events.extend(question.registries.find(action, &act.credential)?);
        }
    }
    if events.is_empty() {
        return Ok((None, ProvenBy::Unsigned));
    }
    Ok(match events.iter().filter_map(|event| event.first_seen).min() {
        Some(seen) => (Some(seen), ProvenBy::Watcher),
        None => {
            let dated = events.iter().filter_map(|event| event.dated).min();
            (traces.claimed_at.or(dated), ProvenBy::Claim)
        }
    })
}

/// The moment that a case is judged for: when its last part was sealed, never before the signature, never after the
/// audit. A later moment would find everything out of date, an earlier one would take what followed for the future.
fn moment(audit: Instant, signed_at: Option<Instant>, closed_at: Option<Instant>) -> Instant {
    signed_at.max(closed_at).map_or(audit, |at| at.min(audit))
}

/// A letter per rule of the book.
fn outcomes(program: &Program, document: &ReportDocument) -> String {
    let mut letters: BTreeMap<&str, char> = BTreeMap::new();
    for result in &document.results {
        let waived = !result.findings.is_empty() && result.findings.iter().all(|finding| finding.waiver.is_some());
        let letter = letter(result.outcome, waived);
        letters.insert(&result.rule, letter);
        // What a result stands for was put to the test with it.
        for same in &result.same_as {
            letters.entry(same).or_insert(letter);
        }
    }
    for later in &document.not_yet_due {
        letters.entry(later).or_insert('l');
    }
    program.rules.iter().map(|rule| letters.get(rule.id.as_str()).copied().unwrap_or('.')).collect()
}

fn waivers(document: &ReportDocument) -> Vec<Waived> {
    document
        .waivers
        .iter()
        .map(|waiver| Waived {
            id: waiver.id.clone(),
            rule: waiver.rule.clone(),
            state: waiver.state.clone(),
            approved_by: waiver.approved_by.clone(),
            expires: waiver.expires,
        })
        .collect()
}

/// An error as a finding says it.
fn told(error: &(impl Diagnostic + ?Sized)) -> CaseError {
    let mut message = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(source) = cause {
        message.push_str(&format!(": {source}"));
        cause = source.source();
    }
    CaseError {
        code: error.code().map_or("unreadable".to_owned(), |code| code.to_string()),
        message,
        help: error.help().map_or_else(String::new, |help| help.to_string()),
    }
}

/// As reports write what an event does.
pub(super) fn what(action: crate::keri::population::Action) -> &'static str {
    match word(action) {
        "iss" => "issuance",
        _ => "revocation",
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::*;

    /// Nothing of these files is on the disk.
    #[test]
    fn a_case_among_many_has_so_many_bytes() {
        let case = tempfile::tempdir().unwrap();
        let folder = case.path().join("bundle");
        std::fs::create_dir(&folder).unwrap();
        let codes = |more: u64| {
            for (name, size) in
                [("a.bin", LIMITS.other_bytes), ("b.bin", LIMITS.total_bytes - LIMITS.other_bytes + more)]
            {
                File::create(folder.join(name)).unwrap().set_len(size).unwrap();
            }
            let snapshot = Snapshot::read(case.path(), &LIMITS).unwrap();
            snapshot.problems().iter().any(|problem| problem.code == crate::bundle::Code::CaseTooBig)
        };
        assert_eq!((codes(0), codes(1)), (false, true));
        const { assert!(LIMITS.total_bytes < Limits::STANDARD.total_bytes) };
    }
}
