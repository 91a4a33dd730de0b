//! A pack, checked by whoever got it: no network, no case, nothing of the installation but its trust file.
//!
//! In: the archive's files, the trust file, an instant; the key of who signed the checkpoint. Out: what holds, what is
//! not shown, and what does not hold, each named. Nothing that the pack says of itself is believed where it can be
//! computed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use super::conclude::{self, flaws_of};
use super::error::AuditError;
use super::pack::{self, CHECKPOINT, LIST, LOCK, List, NOTE, PROOFS, Proof, REPORT, TRUST};
use super::population::{self, Registries};
use super::sample::{Draw, Drawing};
use super::year::Stream;
use super::{Code, Period};
use crate::bundle::pack::unpacked;
use crate::evaluate::outcome::Verdict;
use crate::keri::population::Action;
use crate::keri::signature::Memory;
use crate::keystore::PublicKey;
use crate::ledger::{Checkpoint, Kind, SignedCheckpoint, tree};
use crate::lock::SignedLock;
use crate::primitives::{Aid, Instant, Sha256};
use crate::report::audit::{AuditDocument, AuditSummary, CaseEntry, Coverage};
use crate::sign::line::{self, Given, Standing};
use crate::trust::Trust;

/// How a part of a pack stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Checked {
    /// It holds; how much was checked.
    Holds(String),
    /// What would show it is not there.
    NotShown(String),
    /// It does not hold.
    Broken(String),
}

/// A part of a pack and how it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Which.
    pub what: &'static str,
    /// How it stands.
    pub checked: Checked,
}

/// What a pack is checked with.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'g> {
    /// The trust file of whoever checks.
    pub trust: &'g Trust,
    /// Who signed the checkpoint, and the key.
    pub signer: Option<(&'g Aid, PublicKey)>,
    /// The moment of checking.
    pub as_of: Instant,
}

/// The report as it stands in a pack.
#[derive(Debug, Deserialize)]
struct Whole {
    cases: Vec<CaseEntry>,
    #[serde(flatten)]
    document: AuditDocument,
}

/// Most parts that do not hold that are named one by one.
const NAMED_MAX: usize = 50;

/// Checks a pack.
///
/// # Errors
/// `not_a_pack`: it cannot be read as one.
pub fn verify(path: &Path, given: &Asked<'_>) -> Result<Vec<Part>, AuditError> {
    let refused = |reason: String| AuditError::NotAPack { path: path.to_owned(), reason };
    let files = unpacked(path).map_err(|error| refused(error.to_string()))?;
    let list = files.get(LIST).ok_or_else(|| refused(format!("it has no `{LIST}`")))?;
    let list: List = serde_json::from_slice(list).map_err(|error| refused(format!("`{LIST}`: {error}")))?;
    if list.format != pack::FORMAT {
        return Err(refused(format!("its format is not `{}`", pack::FORMAT)));
    }
    let report = files.get(REPORT).ok_or_else(|| refused(format!("it has no `{REPORT}`")))?;
    let whole: Whole = serde_json::from_slice(report).map_err(|error| refused(format!("`{REPORT}`: {error}")))?;

    let mut parts = Parts::default();
    listed(&files, &list, &mut parts);
    trusted(&files, &whole, given, &mut parts);
    locked(&files, &whole, given, &mut parts);
    judgements(&files, &whole, &mut parts);
    counted(&whole, &mut parts);
    population(&files, &whole, given, &mut parts)?;
    ledger(&files, &whole, given, &mut parts);
    decisions(&files, &whole, given, &mut parts);
    Ok(parts.0)
}

#[derive(Default)]
struct Parts(Vec<Part>);

impl Parts {
    fn holds(&mut self, what: &'static str, says: impl Into<String>) {
        self.0.push(Part { what, checked: Checked::Holds(says.into()) });
    }

    fn not_shown(&mut self, what: &'static str, says: impl Into<String>) {
        self.0.push(Part { what, checked: Checked::NotShown(says.into()) });
    }

    /// What does not hold, or that all of it does.
    fn all(&mut self, what: &'static str, broken: Vec<String>, says: impl Into<String>) {
        if broken.is_empty() {
            return self.holds(what, says);
        }
        let more = broken.len().saturating_sub(NAMED_MAX);
        for says in broken.into_iter().take(NAMED_MAX) {
            self.0.push(Part { what, checked: Checked::Broken(says) });
        }
        if more > 0 {
            self.0.push(Part { what, checked: Checked::Broken(format!("and {more} more")) });
        }
    }
}

fn listed(files: &BTreeMap<String, Vec<u8>>, list: &List, parts: &mut Parts) {
    let mut broken = Vec::new();
    for (name, digest) in &list.files {
        match files.get(name) {
            None => broken.push(format!("`{name}` is listed and not there")),
            Some(bytes) if Sha256::of(bytes) != *digest => broken.push(format!("`{name}` is not as listed")),
            Some(_) => {}
        }
    }
    let unlisted = files.keys().filter(|name| *name != LIST && !list.files.contains_key(*name));
    broken.extend(unlisted.map(|name| format!("`{name}` is not listed")));
    parts.all("files", broken, format!("{} files are as listed", list.files.len()));
}

fn trusted(files: &BTreeMap<String, Vec<u8>>, whole: &Whole, given: &Asked<'_>, parts: &mut Parts) {
    let mut broken = Vec::new();
    let packed = files.get(TRUST).map(|bytes| Sha256::of(bytes));
    if packed != Some(given.trust.digest) {
        broken.push(format!("`{TRUST}` is not the trust file that was given (`{}`)", given.trust.digest));
    }
    if whole.document.run.trust != given.trust.digest {
        broken.push(format!("the audit was made with trust file `{}`", whole.document.run.trust));
    }
    if whole.document.run.issuer != given.trust.qvi_aid.as_str() {
        broken.push(format!(
            "the audit is about `{}`, which is not the QVI of the trust file",
            whole.document.run.issuer
        ));
    }
    if whole.document.run.other_issuers != population::others(given.trust) {
        broken.push("the audit is not about the QVIs that the trust file names beside its own".to_owned());
    }
    parts.all("trust file", broken, "it is the one that was given");
}

fn locked(files: &BTreeMap<String, Vec<u8>>, whole: &Whole, given: &Asked<'_>, parts: &mut Parts) {
    let Some(bytes) = files.get(LOCK) else {
        return parts
            .not_shown("policy lock", "there is none in the pack: who put the rule book in force is not shown");
    };
    let broken = match SignedLock::read(bytes).and_then(|lock| lock.signed(given.trust).map(|_| lock)) {
        Err(error) => vec![format!("the lock is not signed by the policy keys: {error}")],
        Ok(lock) if lock.terms().policy_digest != whole.document.run.policy => {
            vec![format!(
                "the lock pins rule book `{}`, and the audit ran `{}`",
                lock.terms().policy_digest,
                whole.document.run.policy
            )]
        }
        Ok(_) => Vec::new(),
    };
    parts.all("policy lock", broken, "the policy keys signed it, and it pins the rule book");
}

/// Each case's judgement: digest, bundle, rule book, and a letter per rule.
fn judgements(files: &BTreeMap<String, Vec<u8>>, whole: &Whole, parts: &mut Parts) {
    let mut broken = Vec::new();
    let mut checked = 0;
    let run = &whole.document.run;
    for case in &whole.cases {
        let Some(digest) = &case.judgement else { continue };
        checked += 1;
        let name = pack::judgement_path(digest);
        let judged = files.get(&name).filter(|bytes| Sha256::of(bytes) == *digest);
        let judged: Option<Value> = judged.and_then(|bytes| serde_json::from_slice(bytes).ok());
        let Some(judged) = judged else {
            broken.push(format!("`{}`: the judgement `{digest}` is not in the pack", case.case));
            continue;
        };
        let text = |name: &str| judged.get(name).and_then(Value::as_str).map(str::to_owned);
        let bundle = case.bundle.map(|bundle| bundle.to_string());
        for (what, found, expected) in [
            ("bundle", text("bundle"), bundle),
            ("rule book", text("policy"), Some(run.policy.to_string())),
            ("trust file", text("trust"), Some(run.trust.to_string())),
            ("profile", text("profile"), Some(run.profile.clone())),
        ] {
            if found != expected {
                broken.push(format!("`{}`: the judgement is of another {what}", case.case));
            }
        }
        let Some(outcomes) = judged.get("outcomes").and_then(Value::as_object) else {
            broken.push(format!("`{}`: the judgement has no outcomes", case.case));
            continue;
        };
        if let Some(rule) = differing(whole, case, outcomes) {
            broken.push(format!("`{}`: the outcome of {rule} is not that of the judgement", case.case));
        }
        let fails = outcomes.values().any(|outcome| outcome.as_str() == Some("fail"));
        if !fails && case.verdict == Some(Verdict::NotClean) && !has_broken_waiver(&judged) {
            broken.push(format!("`{}`: nothing fails, and it is called not clean", case.case));
        }
    }
    parts.all("judgements", broken, format!("{checked} cases are judged as their outcomes say"));
}

fn has_broken_waiver(judged: &Value) -> bool {
    let waivers = judged.get("waivers").and_then(Value::as_array);
    waivers.is_some_and(|waivers| {
        waivers.iter().any(|waiver| waiver.get("level").and_then(Value::as_str) == Some("block"))
    })
}

/// A rule whose letter is not that of the outcome.
fn differing<'w>(whole: &'w Whole, case: &CaseEntry, outcomes: &serde_json::Map<String, Value>) -> Option<&'w str> {
    let rules = whole.document.coverage.iter().map(|rule| rule.rule.as_str());
    let known: BTreeSet<&str> = rules.clone().collect();
    if let Some(unknown) = outcomes.keys().find(|rule| !known.contains(rule.as_str())) {
        let _ = unknown;
        return Some("a rule that the audit does not list");
    }
    let mut letters = case.outcomes.chars();
    for rule in rules {
        let letter = letters.next();
        let fits = match outcomes.get(rule).and_then(Value::as_str) {
            // What another rule stands for has no outcome of its own.
            None => true,
            Some("pass") => letter == Some('p'),
            Some("fail") => matches!(letter, Some('f' | 'w')),
            Some("indeterminate") => letter == Some('i'),
            Some("review") => letter == Some('r'),
            Some("not-applicable") => letter == Some('n'),
            Some(_) => false,
        };
        if !fits {
            return Some(rule);
        }
    }
    None
}

/// Counts, coverage, verdict and sample, computed again from the cases and findings.
fn counted(whole: &Whole, parts: &mut Parts) {
    let document = &whole.document;
    let mut broken = Vec::new();
    let mut summary = AuditSummary { outside: document.summary.outside, ..AuditSummary::default() };
    (summary.issued, summary.revoked) = (document.summary.issued, document.summary.revoked);
    let mut tally = vec![[0; 6]; document.coverage.len()];
    let mut verdict = Verdict::Clean;
    for case in &whole.cases {
        conclude::count(&mut summary, case);
        conclude::tally(&mut tally, &case.outcomes);
        verdict = verdict.min(case.verdict.unwrap_or(Verdict::NotClean));
    }
    for finding in &document.findings {
        conclude::weigh(&mut summary, finding);
        verdict = verdict.min(finding.weight.verdict());
    }
    let counts =
        |rule: &Coverage| [rule.pass, rule.fail, rule.waived, rule.indeterminate, rule.review, rule.not_applicable];
    let differs = document.coverage.iter().zip(&tally).filter(|(rule, tally)| counts(rule) != **tally);
    broken.extend(differs.map(|(rule, _)| format!("the counts of {} are not those of the cases", rule.rule)));
    summary.untested = document.coverage.iter().filter(|rule| !rule.is_tested()).count() as u64;
    if summary != document.summary {
        broken.push("the summary is not that of the cases and findings".to_owned());
    }
    if verdict != document.verdict {
        broken.push(format!(
            "the verdict is {}, and the cases and findings say {}",
            document.verdict.as_str(),
            verdict.as_str()
        ));
    }
    if let Some(sample) = &document.sample {
        let mut drawing = Drawing::new(Draw { size: sample.size, seed: sample.seed.clone() });
        whole.cases.iter().for_each(|case| drawing.take(&case.case, &case.flow));
        if drawing.finish() != *sample {
            broken.push(format!("the sample is not the one that seed `{}` draws", sample.seed));
        }
    }
    parts.all(
        "counts",
        broken,
        format!("summary, coverage, verdict and sample follow from {} cases", whole.cases.len()),
    );
}

/// The registries again, against what the report says of them.
fn population(
    files: &BTreeMap<String, Vec<u8>>,
    whole: &Whole,
    given: &Asked<'_>,
    parts: &mut Parts,
) -> Result<(), AuditError> {
    let run = &whole.document.run;
    let mut broken = Vec::new();
    let mut streams = Vec::new();
    for stream in &run.streams {
        match files.get(&format!("registries/{}", stream.name)) {
            Some(bytes) if Sha256::of(bytes) == stream.sha256 => {
                streams.push(Stream { name: stream.name.clone(), bytes: bytes.clone() });
            }
            Some(_) => broken.push(format!("`registries/{}` is not the stream that was audited", stream.name)),
            None => broken.push(format!("`registries/{}` is not in the pack", stream.name)),
        }
    }
    let registries = Registries::read(streams.as_slice(), given.trust, &Memory::default(), None)?;
    let period = Period { from: run.from, to: run.to };
    let acts: BTreeSet<(&str, &str)> = whole
        .cases
        .iter()
        .flat_map(|case| case.acts.iter().map(|act| (act.action.as_str(), act.credential.as_str())))
        .collect();
    let told: BTreeSet<(&str, &str)> =
        whole.document.findings.iter().map(|finding| (finding.code.as_str(), finding.subject.as_str())).collect();
    let (mut issued, mut revoked) = (0, 0);
    registries.each(|event| {
        if population::time(&event).is_some_and(|at| !period.holds(at)) {
            return Ok(());
        }
        let code = match event.action {
            Action::Issued => {
                issued += 1;
                Code::IssuanceWithoutCase
            }
            Action::Revoked => {
                revoked += 1;
                Code::RevocationWithoutCase
            }
        };
        let credential = event.credential.as_str();
        let word = population::word(event.action);
        if !acts.contains(&(word, credential)) && !told.contains(&(code.as_str(), credential)) {
            broken.push(format!(
                "event {} of the group ({word} of `{credential}`) has neither a case nor a finding",
                event.sn
            ));
        }
        Ok(())
    })?;
    let summary = &whole.document.summary;
    if (summary.issued, summary.revoked) != (issued, revoked) {
        broken.push(format!(
            "the registries have {issued} issuances and {revoked} revocations, and the report says {} and {}",
            summary.issued, summary.revoked
        ));
    }
    for flaw in &registries.flaws {
        let code = flaws_of(flaw);
        if !told.contains(&(code.as_str(), flaw.about.as_str())) {
            broken.push(format!("the report does not tell that {}", flaw.message));
        }
    }
    for case in &whole.cases {
        for act in &case.acts {
            let happened = match population::action(&act.action) {
                Some(action) => registries.find(action, &act.credential)?.is_some(),
                None => false,
            };
            let says = (Code::CaseWithoutIssuance.as_str(), act.credential.as_str());
            // A case that is still open has issued nothing; one that was signed has.
            if !happened && case.signed_at.is_some() && !told.contains(&says) {
                broken.push(format!("`{}` is said to be signed, and the registries do not have its event", case.case));
            }
        }
    }
    parts.all(
        "population",
        broken,
        format!("{issued} issuances and {revoked} revocations have a case or a finding each"),
    );
    Ok(())
}

/// The checkpoint, who signed it, and that each decision stands in the ledger.
fn ledger(files: &BTreeMap<String, Vec<u8>>, whole: &Whole, given: &Asked<'_>, parts: &mut Parts) {
    let Some(entry) = &whole.document.run.ledger else {
        return parts.holds("ledger", "the audit had none, and its report says so");
    };
    let mut broken = Vec::new();
    let origin = Checkpoint::origin(&entry.genesis);
    if given.trust.ledger_genesis.is_some_and(|genesis| genesis != entry.genesis) {
        broken.push("the ledger does not begin with the row that the trust file names".to_owned());
    }
    let text = files.get(CHECKPOINT).map(|bytes| String::from_utf8_lossy(bytes).into_owned()).unwrap_or_default();
    let (size, root, extensions) = (entry.size, entry.root, Default::default());
    if !text.starts_with(&Checkpoint { origin, size, root, extensions }.text()) {
        broken.push(format!("`{CHECKPOINT}` is not of the ledger that was audited"));
    }
    let proofs = files.get(PROOFS).map(Vec::as_slice).unwrap_or_default();
    let mut count = 0;
    for line in proofs.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        count += 1;
        let Ok(proof) = serde_json::from_slice::<Proof>(line) else {
            broken.push(format!("line {count} of `{PROOFS}` is no proof"));
            continue;
        };
        if !tree::holds(tree::leaf(proof.row.as_bytes()), proof.seq, entry.size, &proof.hashes, entry.root) {
            broken.push(format!("`{}`: row {} is not proven to stand in the ledger", proof.case, proof.seq));
        }
        let row: Option<Value> = serde_json::from_str(&proof.row).ok();
        let at = row.as_ref().and_then(|row| row.get("at")).and_then(Value::as_str).and_then(|at| at.parse().ok());
        let case = whole.cases.iter().find(|case| case.case == proof.case);
        if case.is_some_and(|case| case.signed_at != at) {
            broken.push(format!("`{}`: the report gives another signing time than row {}", proof.case, proof.seq));
        }
    }
    let proven: BTreeSet<String> = proofs
        .split(|byte| *byte == b'\n')
        .filter_map(|line| serde_json::from_slice::<Proof>(line).ok())
        .map(|proof| proof.case)
        .collect();
    let by_ledger = whole.cases.iter().filter(|case| case.proven_by == crate::report::audit::ProvenBy::Ledger);
    broken.extend(
        by_ledger
            .filter(|case| !proven.contains(&case.case))
            .map(|case| format!("`{}` has no proof that its decision stands in the ledger", case.case)),
    );
    parts.all("ledger", broken, format!("{count} decisions stand in a ledger of {} rows", entry.size));
    match (files.get(NOTE).map(|bytes| SignedCheckpoint::read(bytes)), given.signer) {
        (None, _) => {
            parts.not_shown("checkpoint", "nobody signed it: ask for one with `countersign ledger checkpoint`")
        }
        (Some(Err(error)), _) => parts.all("checkpoint", vec![error.to_string()], ""),
        (Some(Ok(_)), None) => {
            parts.not_shown("checkpoint", "it is signed; `--by` and `--key` say by whom, and it is checked");
        }
        (Some(Ok(note)), Some((aid, key))) => {
            let broken = match note.verified_by(aid, key) {
                Err(error) => vec![error.to_string()],
                Ok(checkpoint) if (checkpoint.size, checkpoint.root) != (entry.size, entry.root) => {
                    vec![format!("`{aid}` signed another state of the ledger, of {} rows", checkpoint.size)]
                }
                Ok(_) => Vec::new(),
            };
            parts.all("checkpoint", broken, format!("`{aid}` signed it"));
        }
    }
}

/// Each decision: from the credential to QAR2, as far as the logs in the pack go.
fn decisions(files: &BTreeMap<String, Vec<u8>>, whole: &Whole, given: &Asked<'_>, parts: &mut Parts) {
    let logs: Vec<&[u8]> =
        files.iter().filter(|(name, _)| name.starts_with("registries/")).map(|(_, bytes)| bytes.as_slice()).collect();
    let names = files.keys().filter(|name| name.starts_with("decisions/"));
    let rows = rows_by_payload(files);
    let (mut broken, mut open, mut count) = (Vec::new(), 0, 0);
    for name in names {
        count += 1;
        let bytes = files.get(name).map(Vec::as_slice).unwrap_or_default();
        let (text, digest) = (String::from_utf8_lossy(bytes), Sha256::of(bytes));
        if *name != pack::decision_path(&digest) {
            broken.push(format!("`{name}` is not the decision that its name says"));
        }
        // Without a ledger there is no row to be about it, and that is told of already.
        let row = if whole.document.run.ledger.is_some() { rows.get(&digest).copied() } else { Some(0) };
        let given = Given { decision: &text, logs: &logs, report: None, row, as_of: given.as_of };
        let Some(links) = line::line(&given) else {
            broken.push(format!("`{name}` is no decision in an envelope"));
            continue;
        };
        for link in links {
            match link.standing {
                Standing::Holds(_) => {}
                Standing::NotShown(_) if link.what == "decision to QAR2" => open += 1,
                Standing::NotShown(_) => {}
                Standing::Broken(why) => broken.push(format!("`{name}`: {}: {why}", link.what)),
            }
        }
    }
    let without = whole.cases.iter().filter(|case| case.signed_at.is_some()).count();
    parts.all("decisions", broken, format!("{count} in envelopes, of {without} signed cases"));
    if open > 0 {
        parts.not_shown(
            "signatures of decisions",
            format!("the logs of QAR2 are not in the pack for {open} of {count}"),
        );
    }
}

/// The rows about decisions that have proofs, by what they are about; that the proofs hold is told with the ledger.
fn rows_by_payload(files: &BTreeMap<String, Vec<u8>>) -> BTreeMap<Sha256, u64> {
    let proofs = files.get(PROOFS).map(Vec::as_slice).unwrap_or_default();
    let proofs = proofs.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice::<Proof>(line).ok());
    let payload = |row: &str| {
        let row: Value = serde_json::from_str(row).ok()?;
        let is_decision = row.get("kind")?.as_str()? == Kind::Decision.to_string();
        row.get("payload_digest")?.as_str()?.parse().ok().filter(|_| is_decision)
    };
    proofs.filter_map(|proof| Some((payload(&proof.row)?, proof.seq))).collect()
}
