//! The verdict on a credential as a report, for whoever reads reports.
//!
//! In: what was asked, and what cryptography examined. Out: a [`Report`] with the rules on chains, as a case would have
//! them, and one result more, [`VERIFIED`], for what cryptography says. A rule that needs records is listed as not yet due.

use crate::bundle::place::{place, printable};
use crate::compile::program::{Level, Program, RuleBody, Stage};
use crate::evaluate::finding::{Evaluation, Finding};
use crate::evaluate::outcome::{FailOn, Outcome, Verdict};
use crate::evaluate::verdict;
use crate::keri::{self, Answer, Examined, Trusted, Weight};
use crate::primitives::{Instant, Sha256};
use crate::report::document::{
    DecidingEntry, EvidencePlace, Exhibits, FindingEntry, PolicyPlace, ReportDocument, ResultEntry, Run,
};
use crate::report::{CREDENTIAL_VERIFIED as VERIFIED, Parts, Report, assemble, with_result};
use crate::source::Span;

use super::{CheckError, PACKS, STREAM, judged, rests_on_a_case};
use crate::check::exhibits::{Known, Read, credentials};
use crate::check::parameter;

/// Where that is decided: in no policy file.
const BUILTIN: &str = "(countersign)";

/// What is asked about a credential.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// What the owner of the stream calls it, without folders.
    pub name: &'a str,
    /// The stream.
    pub stream: &'a [u8],
    /// What is trusted.
    pub trusted: &'a Trusted,
    /// The digest of the trust file, or of what is trusted instead.
    pub trust: Sha256,
    /// The moment that is asked about.
    pub as_of: Instant,
}

/// The report. Its verdict is the worse of what the rules and what cryptography says, and ends as `credential verify`
/// does, where a rule that warns is a note.
///
/// # Errors
/// The rule book lacks a pack.
pub fn report(program: &Program, asked: &Asked<'_>, examined: &Examined) -> Result<Report, CheckError> {
    let Asked { name, stream, trusted, trust, as_of } = *asked;
    judged(program, (name, stream), &examined.chain, trusted, as_of, |judged| {
        let evaluation = without_cases(program, judged.evaluation);
        let credential = examined.verdict.verified.target.as_ref().map(ToString::to_string);
        let run = Run {
            engine: env!("CARGO_PKG_VERSION").to_owned(),
            as_of,
            signed_at: None,
            stage: Stage::Closing,
            flows: Vec::new(),
            profile: judged.profile.id.clone(),
            packs: PACKS.map(str::to_owned).to_vec(),
            // There is no case in which a waiver could stand.
            fail_on: FailOn::Block,
            bundle_id: credential.unwrap_or_default(),
            bundle: None,
            lei: None,
            policy: program.digest,
            trust,
            parameters: parameter::entries(program, judged.profile, &[]),
        };
        let parts = Parts {
            program,
            evaluation: &evaluation,
            facts: judged.facts,
            snapshot: judged.snapshot,
            waivers: &[],
            needs: &[],
        };
        let verified = verified(stream, &examined.verdict);
        let mut document = with_result(assemble(parts, run), verified);
        document.verdict = document.verdict.min(by_cryptography(examined.verdict.answer));
        let read = Read { program, facts: judged.facts, snapshot: judged.snapshot };
        let known = Known { root: &trusted.root, geda: trusted.geda.as_ref(), qvi: None };
        document.chain = credentials(read, &known);
        rename(&mut document, name);
        let chain = std::mem::take(&mut document.chain);
        Report::seal(document, Exhibits { chain, ..Exhibits::default() })
    })
}

/// Without what cannot be known of a chain alone: those rules are not yet due.
fn without_cases(program: &Program, mut evaluation: Evaluation) -> Evaluation {
    let mut kept = Vec::new();
    for mut result in evaluation.results {
        let before = result.findings.len();
        result.findings.retain(|finding| !rests_on_a_case(finding));
        let composite = matches!(program.rules[result.rule.0 as usize].body, RuleBody::AllOf(_));
        let rested = result.findings.len() < before;
        // What a composite is worth follows from its parts, and one of them may have rested on a case.
        let open = composite && matches!(result.outcome, Outcome::Indeterminate | Outcome::Review);
        if open || (rested && result.findings.is_empty()) {
            evaluation.not_yet_due.push(result.rule);
            continue;
        }
        if rested {
            result.outcome =
                result.findings.iter().map(|finding: &Finding| finding.outcome).max().unwrap_or(result.outcome);
        }
        kept.push(result);
    }
    evaluation.not_yet_due.sort();
    evaluation.verdict = verdict(&kept, &evaluation.waivers);
    evaluation.results = kept;
    evaluation
}

fn by_cryptography(answer: Answer) -> Verdict {
    match answer {
        Answer::Valid => Verdict::Clean,
        Answer::Invalid | Answer::Revoked => Verdict::NotClean,
        Answer::Incomplete => Verdict::Indeterminate,
    }
}

/// Digests, signatures, logs, registries, edges and schemas, as one result.
fn verified(stream: &[u8], verdict: &keri::Verdict) -> ResultEntry {
    let findings: Vec<FindingEntry> = verdict.findings.iter().map(|finding| entry(stream, finding)).collect();
    let worst = findings.iter().map(|finding| finding.outcome).max();
    ResultEntry {
        rule: VERIFIED.to_owned(),
        rule_digest: Sha256::of(VERIFIED.as_bytes()),
        title: "digests, signatures, logs, registries, edges and schemas of the chain verify".to_owned(),
        document: "keri".to_owned(),
        document_title: "KERI and ACDC".to_owned(),
        section: "verification of a credential with its chain".to_owned(),
        in_force_section: None,
        strength: "MUST".to_owned(),
        precedence: "gate".to_owned(),
        level: Level::Block,
        stage: Stage::Evidence,
        outcome: worst.unwrap_or(Outcome::Pass),
        passed: u32::from(findings.is_empty()),
        findings,
        same_as: Vec::new(),
        all_of: Vec::new(),
        policy: builtin(),
        help:
            "ask whoever presented the credential for a stream that verifies; `countersign credential show` says what \
               this one claims"
                .to_owned(),
        conflict: Vec::new(),
    }
}

fn builtin() -> PolicyPlace {
    PolicyPlace { path: BUILTIN.to_owned(), line: 1, column: 1 }
}

fn entry(stream: &[u8], finding: &keri::Finding) -> FindingEntry {
    let (outcome, level) = match finding.code.weight() {
        Weight::Invalid | Weight::Revoked => (Outcome::Fail, Level::Block),
        Weight::Incomplete => (Outcome::Indeterminate, Level::Block),
        Weight::Note => (Outcome::Fail, Level::Info),
    };
    let element = match &finding.said {
        Some(said) => format!("{} {said}", finding.name()),
        None => finding.name().to_owned(),
    };
    let evidence = finding.offset.map(|offset| {
        let located = place(stream, Span::new(offset, offset));
        EvidencePlace {
            path: STREAM.to_owned(),
            sha256: Some(Sha256::of(stream)),
            pointer: located.pointer,
            line: located.line,
            column: located.column,
            excerpt: located.excerpt,
            mark: located.mark,
        }
    });
    FindingEntry {
        outcome,
        level,
        lowered: false,
        element: Some(printable(&element)),
        message: finding.message.clone(),
        deciding: vec![DecidingEntry {
            expression: VERIFIED.to_owned(),
            policy: builtin(),
            expected: format!("no finding `{}`", finding.name()),
            actual: "found".to_owned(),
            evidence: evidence.into_iter().collect(),
        }],
        unknowns: Vec::new(),
        waiver: None,
        root_cause: None,
    }
}

/// The stream stands in the report by the name that its owner gave it.
fn rename(document: &mut ReportDocument, name: &str) {
    let name = printable(name);
    let findings = document.results.iter_mut().flat_map(|result| &mut result.findings);
    let places = findings.flat_map(|finding| {
        let deciding = finding.deciding.iter_mut().flat_map(|deciding| &mut deciding.evidence);
        deciding.chain(finding.unknowns.iter_mut().flat_map(|unknown| &mut unknown.evidence))
    });
    places.filter(|place| place.path == STREAM).for_each(|place| place.path.clone_from(&name));
    document.chain.iter_mut().filter(|entry| entry.path == STREAM).for_each(|entry| entry.path.clone_from(&name));
    document.files.iter_mut().filter(|file| file.path == STREAM).for_each(|file| file.path.clone_from(&name));
}
