//! A credential of a stream, without a case: cryptography and chain policy together.
//!
//! In: a rule book, a stream, what is trusted. Out: a [`Verdict`]. Cryptography is `keri`'s; what the governance
//! framework asks of a chain are the rules of [`PACKS`], the same that judge a case, run on the chain alone. A rule
//! that needs records is not decided here, and says nothing. [`report`] says the same as a report.

mod reported;

use std::collections::BTreeMap;

use bumpalo::Bump;

use crate::bundle::{Limits, Snapshot};
use crate::collect::{self, RunFacts};
use crate::compile::program::{Level, Profile, Program, Stage};
use crate::evaluate::finding::{Evaluation, Finding, RuleResult};
use crate::evaluate::outcome::{self, Outcome};
use crate::evaluate::{Inputs, Question, Signing, evaluate, push_tables, select};
use crate::facts::{Cause, Facts};
use crate::keri::pool::Chain;
use crate::keri::{self, Code, Options, Trusted, Unclear, Verdict};
use crate::primitives::Instant;

use super::{CheckError, DEFAULT_PROFILE, profile};

pub use reported::{Asked, report};

/// The packs that judge a chain.
pub const PACKS: [&str; 5] = ["acdc-chain", "role-chain", "qvi-authority", "multisig", "auth-issuance"];

/// Where the stream stands in the snapshot that holds nothing else.
const STREAM: &str = "bundle/stream.cesr";

/// Why there is no verdict on a credential.
#[derive(Debug, thiserror::Error)]
pub enum NoVerdict {
    /// Which credential is meant is not clear.
    #[error(transparent)]
    Unclear(#[from] Unclear),
    /// The rule book cannot judge chains.
    #[error(transparent)]
    Check(#[from] CheckError),
}

/// Verifies a credential with its chain.
///
/// # Errors
/// Which credential is meant, if that is not clear; a rule book that lacks one of [`PACKS`].
pub fn verify(
    program: &Program,
    stream: &[u8],
    trusted: &Trusted,
    options: &Options<'_>,
) -> Result<Verdict, NoVerdict> {
    let examined = keri::examine(stream, options)?;
    let findings = judge(program, ("the stream", stream), &examined.chain, trusted, options.as_of)?;
    Ok(examined.verdict.with(findings))
}

/// What the rules say of a chain, in program order. A stream comes with what its owner calls it.
///
/// # Errors
/// The rule book lacks a pack.
pub fn judge(
    program: &Program,
    stream: (&str, &[u8]),
    chain: &Chain,
    trusted: &Trusted,
    as_of: Instant,
) -> Result<Vec<keri::Finding>, CheckError> {
    judged(program, stream, chain, trusted, as_of, |judged| {
        judged.evaluation.results.iter().flat_map(|result| told(program, result)).collect()
    })
}

/// A chain that the rules have judged.
struct Judged<'j, 'f> {
    profile: &'j Profile,
    snapshot: &'j Snapshot,
    facts: &'j Facts<'f>,
    evaluation: Evaluation,
}

fn judged<T>(
    program: &Program,
    (name, stream): (&str, &[u8]),
    chain: &Chain,
    trusted: &Trusted,
    as_of: Instant,
    tell: impl FnOnce(Judged<'_, '_>) -> T,
) -> Result<T, CheckError> {
    let profile = profile(program, DEFAULT_PROFILE)?;
    let signing = Signing::NotYet;
    let packs = PACKS.map(str::to_owned);
    let question = Question { flows: &[], packs: &packs, profile, stage: Stage::Closing, as_of, signing };
    let selection = select(program, &question);
    if let Some(pack) = selection.unknown.first() {
        return Err(CheckError::NoPack { pack: pack.clone() });
    }
    let snapshot =
        Snapshot::from_files(BTreeMap::from([(STREAM.to_owned(), stream.to_vec())]), &Limits::STANDARD).as_bundle();
    let arena = Bump::new();
    let run = RunFacts { stage: Stage::Closing.as_str(), flow: "", profile: &profile.id, keri: None };
    let (schema, layout) = (&program.schema, &program.layout);
    let mut facts = collect::chain(&snapshot, name, &arena, schema, layout, chain, trusted, &run);
    push_tables(program, &mut facts);
    let evaluation = if chain.credentials.is_empty() {
        // There is nothing to judge, and cryptography says why.
        let not_yet_due = selection.due.iter().chain(&selection.not_yet_due).copied().collect();
        Evaluation {
            results: Vec::new(),
            not_yet_due,
            verdict: outcome::Verdict::Indeterminate,
            valid_until: None,
            waivers: Vec::new(),
        }
    } else {
        let inputs =
            Inputs { as_of, signing, selection: &selection, profile, parameters: &[], waivers: &[], bundle: None };
        evaluate(program, &facts, &inputs)
    };
    Ok(tell(Judged { profile, snapshot: &snapshot, facts: &facts, evaluation }))
}

/// The findings of one rule. Of a rule that is made of others, they have told.
fn told<'r>(program: &'r Program, result: &'r RuleResult) -> impl Iterator<Item = keri::Finding> + 'r {
    let rule = &program.rules[result.rule.0 as usize];
    let composite = matches!(rule.body, crate::compile::program::RuleBody::AllOf(_));
    result.findings.iter().filter(move |_| !composite).filter_map(move |finding| {
        let code = match (finding.outcome, finding.level) {
            (_, Level::Info) => return None,
            (Outcome::Fail, Level::Block) => Code::RuleFails,
            (Outcome::Fail, Level::Warn) => Code::RuleWarns,
            (Outcome::Indeterminate | Outcome::Review, _) if rests_on_a_case(finding) => return None,
            (Outcome::Indeterminate | Outcome::Review, Level::Block) => Code::RuleUndecided,
            (Outcome::Indeterminate | Outcome::Review, Level::Warn) => Code::RuleWarns,
            (Outcome::Pass | Outcome::NotApplicable, _) => return None,
        };
        let place = finding.element.as_ref().and_then(|element| element.place);
        let place = place.or_else(|| finding.deciding.iter().flat_map(|deciding| &deciding.places).next().copied());
        let told = keri::Finding::new(code, finding.message.clone()).rule(rule.id.clone());
        Some(match place {
            Some(place) => told.at(place.span.start as usize),
            None => told,
        })
    })
}

/// Whether what is not known is so because there is no case.
fn rests_on_a_case(finding: &Finding) -> bool {
    finding.outcome == Outcome::Review || finding.unknowns.iter().any(|unknown| unknown.cause == Cause::NotDue)
}
