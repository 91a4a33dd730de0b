//! The tests of a policy: each case is a fixture, changed in memory, and what the rules must say of it.
//!
//! In: a program, the cases beside its policies, and fixtures as values. Out: what went wrong in each
//! case, which rules lack a case, and which conditions were never true or never false. Reading files
//! is not its business: fixtures come in through a function.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use crate::bundle::patch::TRUST;
use crate::bundle::{Form, Limits, Snapshot};
use crate::compile::program::{Program, RuleBody};
use crate::compile::read_text;
use crate::evaluate::outcome::{FailOn, Outcome};
use crate::evaluate::{Coverage, Row};
use crate::facts::schema::{FactSchema, KindId};
use crate::keri::remake::{Keys, World};
use crate::keri::signature::Memory;
use crate::policy::cases::{ParsedCase, PatchStep};
use crate::policy::yaml::{self, Value, ValueKind};
use crate::policy::{ParsedCases, PolicyProblem};
use crate::primitives::{Instant, PrimitiveError};
use crate::report::ReportDocument;
use crate::report::document::ResultEntry;
use crate::source::{Fragment, Source};
use crate::trust::Trust;

use super::patch;
use super::{Beside, DEFAULT_PROFILE, Options, Ready, content_of, on_all_cores, prepared};

/// A case of `fixtures/cases`, as files.
#[derive(Debug, Clone)]
pub struct Fixture {
    /// Its files, by path relative to the case, and the trust file that judges it as `trust`.
    pub files: BTreeMap<String, Vec<u8>>,
    /// The instant it is judged for unless a case names another.
    pub as_of: Option<Instant>,
    /// The keys that a patched case is signed with again.
    pub keys: Keys,
    /// Folder of earlier cases, in which references are looked up.
    pub earlier: Option<PathBuf>,
}

/// What became of one case.
#[derive(Debug, Clone)]
pub struct CaseResult {
    /// The file.
    pub file: String,
    /// Its line.
    pub line: usize,
    /// Its name.
    pub name: String,
    /// What is not as expected; empty if all is.
    pub problems: Vec<String>,
}

/// What became of all cases.
#[derive(Debug)]
pub struct Outcomes {
    /// One per case, in order of file and place.
    pub results: Vec<CaseResult>,
    /// Rules without a case for each outcome they must show, with the outcomes that are missing.
    pub incomplete: Vec<(String, Vec<&'static str>)>,
    /// Number of rules.
    pub rules: usize,
    /// What each condition answered.
    pub coverage: Coverage,
}

impl Outcomes {
    /// Whether every case is as expected and no rule lacks one.
    pub fn all_good(&self) -> bool {
        !self.results.is_empty() && self.incomplete.is_empty() && self.results.iter().all(|r| r.problems.is_empty())
    }
}

/// A case as a patch would make it.
#[derive(Debug)]
pub struct Patched {
    /// The case.
    pub snapshot: Snapshot,
    /// Records and manifests that changed and were not signed again, for want of keys.
    pub stale: Vec<String>,
}

/// A case with the changes of a patch, made in memory: what if. What changed is signed again with these keys,
/// if there are any. Trust is the installation's and is not patched.
///
/// # Errors
/// The first step that cannot be made.
pub fn patched(snapshot: &Snapshot, steps: &[PatchStep], schema: &FactSchema, keys: &Keys) -> Result<Patched, String> {
    let mut files = snapshot.to_files();
    let world = World::read(&files);
    let applied = patch::apply(steps, &mut files, schema, keys, &world)?;
    let patched = Snapshot::from_files(files, &Limits::STANDARD);
    let snapshot = match snapshot.form() {
        Form::Case => patched,
        Form::Bundle => patched.as_bundle(),
    };
    Ok(Patched { snapshot, stale: applied.stale })
}

/// The instant that `cases.yaml`, a mapping of fixtures to instants, gives a fixture.
///
/// # Errors
/// The file cannot be read, or the instant is none.
pub fn instant_of(source: &Source, fixture: &str) -> Result<Option<Instant>, Vec<PolicyProblem>> {
    let tree = yaml::read(source)?;
    let entries = match &tree.root.kind {
        ValueKind::Map(entries) => entries.as_slice(),
        ValueKind::Scalar(_) | ValueKind::List(_) => &[],
    };
    let Some((_, value)) = entries.iter().find(|(name, _)| name.text == fixture) else { return Ok(None) };
    let text = value.scalar().map_or("", |scalar| scalar.text.text.as_str());
    text.parse().map(Some).map_err(|error: PrimitiveError| {
        let labels = vec![(value.span, "an instant is expected".to_owned())];
        vec![PolicyProblem::new("countersign::policy::invalid_time", error.to_string(), None, source, labels)]
    })
}

/// A fixture by its name.
pub type FixtureOf<'f> = dyn Fn(&str) -> Result<Fixture, String> + Sync + 'f;

/// Runs the cases whose name, rule or scenario contains `filter`, on all cores.
pub fn run(program: &Program, files: &[ParsedCases], filter: Option<&str>, fixture: &FixtureOf<'_>) -> Outcomes {
    run_beside(program, files, filter, fixture, |_: &mut (), _, _| {})
}

/// As [`run`]; each case that is as expected is handed on, with the state of the thread that runs it, while its
/// facts are at hand.
pub(super) fn run_beside<S: Default>(
    program: &Program,
    files: &[ParsedCases],
    filter: Option<&str>,
    fixture: &FixtureOf<'_>,
    beside: impl Fn(&mut S, &ParsedCase, &Ready<'_, '_>) + Sync,
) -> Outcomes {
    let coverage = Coverage::new(program);
    let memory = Arc::new(Memory::new());
    let cases: Vec<(&ParsedCases, &ParsedCase)> = files
        .iter()
        .flat_map(|file| file.cases.iter().map(move |case| (file, case)))
        .filter(|(_, case)| filter.is_none_or(|filter| is_about(case, filter)))
        .collect();
    let problems = on_all_cores(&cases, |(bases, state): &mut (Bases, S), (_, case)| match bases.of(case, fixture) {
        Ok(base) => {
            let beside = |ready: &Ready<'_, '_>| beside(state, case, ready);
            run_case(program, case, base, &coverage, &memory, beside).unwrap_or_else(|problem| vec![problem])
        }
        Err(problem) => vec![problem.clone()],
    });
    let mut shown: BTreeMap<&str, BTreeSet<Outcome>> = BTreeMap::new();
    let mut results = Vec::new();
    for ((file, case), problems) in cases.into_iter().zip(problems) {
        if problems.is_empty() {
            for (rule, outcome) in &case.expect {
                shown.entry(&rule.text).or_default().insert(outcome.value);
            }
        }
        let (line, _) = file.source.line_column(case.span.start as usize);
        results.push(CaseResult { file: file.source.name().to_owned(), line, name: case.name.text.clone(), problems });
    }
    let mut incomplete = incomplete(program, &shown);
    if let Some(filter) = filter {
        // All cases of that rule were run; of the others some were not, nor those of a rule that is the same.
        incomplete.retain(|(rule, _)| rule == filter && stands_alone(program, rule));
    }
    Outcomes { results, incomplete, rules: program.rules.len(), coverage }
}

/// The fixtures that a thread has read.
#[derive(Default)]
struct Bases(BTreeMap<String, Result<(Fixture, World), String>>);

impl Bases {
    /// The fixture of a case, read once.
    fn of(&mut self, case: &ParsedCase, fixture: &FixtureOf<'_>) -> &Result<(Fixture, World), String> {
        let name = case.fixture.text.as_str();
        self.0.entry(name.to_owned()).or_insert_with(|| {
            let fixture = fixture(name)?;
            let world = World::read(&fixture.files);
            Ok((fixture, world))
        })
    }
}

pub(super) fn is_about(case: &ParsedCase, filter: &str) -> bool {
    case.name.text.contains(filter)
        || case.scenario.as_ref().is_some_and(|scenario| scenario.text == filter)
        || case.expect.iter().any(|(rule, _)| rule.text == filter)
}

/// What is not as expected.
fn run_case(
    program: &Program,
    case: &ParsedCase,
    base: &(Fixture, World),
    coverage: &Coverage,
    memory: &Arc<Memory>,
    beside: impl FnOnce(&Ready<'_, '_>),
) -> Result<Vec<String>, String> {
    let Asked { snapshot, trust, options, rows } = asked(program, case, base, memory)?;
    let read = Beside { cases: base.0.earlier.as_deref(), rows: &rows, ..Beside::NONE };
    let problems = prepared(program, &snapshot, &trust, read, &options, |ready| {
        let problems = compare(case, &content_of(program, &trust, &options, &ready, Some(coverage)));
        if problems.is_empty() {
            beside(&ready);
        }
        problems
    });
    problems.map_err(|error| error.to_string())
}

/// The run that a case asks for.
struct Asked {
    snapshot: Snapshot,
    trust: Trust,
    options: Options,
    rows: Vec<(KindId, Row)>,
}

fn asked(
    program: &Program,
    case: &ParsedCase,
    (fixture, world): &(Fixture, World),
    memory: &Arc<Memory>,
) -> Result<Asked, String> {
    let mut files = fixture.files.clone();
    patch::apply(&case.patch, &mut files, &program.schema, &fixture.keys, world)?;
    let trust = files.remove(TRUST).ok_or("the fixture has no trust file")?;
    let snapshot = Snapshot::from_files(files, &Limits::STANDARD);
    let trust = Trust::parse(&trust).map_err(|error| format!("the trust file cannot be used: {error}"))?;
    let as_of = case.as_of.map(|as_of| as_of.value).or(fixture.as_of);
    let as_of = as_of.ok_or("neither the case nor the fixture says `as_of`")?;
    let profile = case.profile.as_ref().map_or(DEFAULT_PROFILE, |profile| &profile.text);
    let stage = super::stage(program, profile, case.stage.map(|stage| stage.value));
    let options = Options {
        as_of,
        stage: stage.map_err(|error| error.to_string())?,
        flows: case.flow.iter().map(|flow| flow.text.clone()).collect(),
        profile: profile.to_owned(),
        set: case.set.iter().map(|(name, value)| (name.text.clone(), patch::as_text(value))).collect(),
        fail_on: FailOn::Warn,
        schemas: None,
        memory: Some(Arc::clone(memory)),
    };
    Ok(Asked { snapshot, trust, options, rows: added_rows(program, case)? })
}

/// The rows that a case adds to tables, each typed as the table declares its columns.
fn added_rows(program: &Program, case: &ParsedCase) -> Result<Vec<(KindId, Row)>, String> {
    let schema = &program.schema;
    let typed = |(table, cells): &(Fragment, Vec<(Fragment, Value)>)| {
        let table = table.text.as_str();
        let mut kinds = program.tables.iter().map(|table| table.kind);
        let kind = kinds.find(|kind| schema.kind(*kind).name == table);
        let kind = kind.ok_or_else(|| format!("there is no table `{table}`"))?;
        let columns = &schema.struct_type(schema.kind(kind).record).fields;
        let mut row: Row = columns.iter().map(|_| None).collect();
        for (name, value) in cells {
            let at = columns.iter().position(|column| column.name == name.text);
            let at = at.ok_or_else(|| format!("table `{table}` has no column `{}`", name.text))?;
            let value = read_text(schema, &patch::as_text(value), &columns[at].shape.type_);
            row[at] = Some(value.map_err(|reason| format!("cell `{}` of table `{table}`: {reason}", name.text))?);
        }
        Ok((kind, row))
    };
    case.rows.iter().map(typed).collect()
}

fn compare(case: &ParsedCase, document: &ReportDocument) -> Vec<String> {
    let mut problems = Vec::new();
    for (rule, expected) in &case.expect {
        let found = document.results.iter().find(|result| is_result_of(result, &rule.text));
        match found {
            Some(result) if result.outcome == expected.value => {}
            Some(result) => problems.push(format!(
                "{} is {}, expected {}{}",
                rule.text,
                result.outcome.as_str(),
                expected.value.as_str(),
                reasons(result)
            )),
            None if document.not_yet_due.contains(&rule.text) => {
                problems.push(format!("{} is not due at stage {}", rule.text, document.run.stage.as_str()));
            }
            None => problems.push(format!("{} is in none of the packs {}", rule.text, document.run.packs.join(", "))),
        }
    }
    if case.others_clean {
        let is_expected = |id: &str| case.expect.iter().any(|(rule, _)| rule.text == id);
        for result in document.results.iter().filter(|result| result.outcome > Outcome::Pass) {
            let named = std::iter::once(&result.rule).chain(&result.same_as).chain(&result.all_of);
            if !named.into_iter().any(|id| is_expected(id)) {
                let outcome = result.outcome.as_str();
                problems.push(format!("{} is {outcome}, and no other rule may be{}", result.rule, reasons(result)));
            }
        }
    }
    if let Some(verdict) = case.verdict.filter(|verdict| verdict.value != document.verdict) {
        let (found, expected) = (document.verdict.as_str(), verdict.value.as_str());
        problems.push(format!("the verdict is {found}, expected {expected}"));
    }
    problems
}

fn is_result_of(result: &ResultEntry, rule: &str) -> bool {
    result.rule == rule || result.same_as.iter().any(|id| id == rule)
}

/// What the first finding says, for a reader of a failing case.
fn reasons(result: &ResultEntry) -> String {
    let Some(finding) = result.findings.first() else { return String::new() };
    let mut text = format!(": {}", finding.message);
    if let Some(deciding) = finding.deciding.first() {
        text.push_str(&format!(" (expected {}, found {})", deciding.expected, deciding.actual));
    }
    if let Some(unknown) = finding.unknowns.first() {
        text.push_str(&format!(" ({})", unknown.explanation));
    }
    text
}

/// Whether a rule neither repeats another nor is repeated: its own cases alone show it.
fn stands_alone(program: &Program, id: &str) -> bool {
    program.rules.iter().all(|rule| match rule.body {
        RuleBody::SameAs(target) => rule.id != id && program.rules[target.0 as usize].id != id,
        RuleBody::Expressions(_) | RuleBody::AllOf(_) => true,
    })
}

/// Rules that are not shown passing, failing and indeterminate. One that repeats another is shown by
/// that one's cases; one that only asks for a statement waits for it instead of failing.
fn incomplete(program: &Program, shown: &BTreeMap<&str, BTreeSet<Outcome>>) -> Vec<(String, Vec<&'static str>)> {
    let mut incomplete = Vec::new();
    for rule in program.rules.iter() {
        let mut seen: BTreeSet<Outcome> = shown.get(rule.id.as_str()).cloned().unwrap_or_default();
        let mut decided = rule;
        while let RuleBody::SameAs(target) = decided.body {
            decided = &program.rules[target.0 as usize];
            seen.extend(shown.get(decided.id.as_str()).into_iter().flatten());
        }
        let repeating = program.rules.iter().filter(|other| match other.body {
            RuleBody::SameAs(target) => program.rules[target.0 as usize].id == rule.id,
            RuleBody::Expressions(_) | RuleBody::AllOf(_) => false,
        });
        for other in repeating {
            seen.extend(shown.get(other.id.as_str()).into_iter().flatten());
        }
        let only_attested = match &decided.body {
            RuleBody::Expressions(expressions) => expressions.require.is_none(),
            RuleBody::SameAs(_) | RuleBody::AllOf(_) => false,
        };
        let fails = if only_attested { Outcome::Review } else { Outcome::Fail };
        let missing: Vec<&'static str> = [Outcome::Pass, fails, Outcome::Indeterminate]
            .into_iter()
            .filter(|outcome| !seen.contains(outcome))
            .map(Outcome::as_str)
            .collect();
        if !missing.is_empty() {
            incomplete.push((rule.id.clone(), missing));
        }
    }
    incomplete
}
