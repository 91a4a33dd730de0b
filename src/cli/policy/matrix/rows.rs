//! The rows of the matrix.
//!
//! In: a program and the cases beside its policies. Out: a [`Matrix`] with one row for each requirement, by
//! document and then as written. How it is printed is not known here.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::compile::program::{Program, Rule, RuleBody};
use crate::policy::ParsedCases;
use crate::report::strength_text;

/// Every requirement, and what decides it.
#[derive(Debug, Serialize)]
pub(super) struct Matrix {
    pub counts: Counts,
    pub requirements: Vec<Requirement>,
}

/// How many there are of each sort.
#[derive(Debug, Default, Serialize)]
pub(super) struct Counts {
    pub requirements: usize,
    /// With a rule.
    pub rules: usize,
    /// Of these, decided by records, streams and tables alone.
    pub automatic: usize,
    /// Of these, with a part that is somebody's signed word.
    pub attested: usize,
    /// Without a rule yet.
    pub pending: usize,
    /// Which the signing gate decides.
    pub gate: usize,
    /// Which no evidence decides.
    pub external: usize,
    /// Cases that show a rule of the list.
    pub cases: usize,
}

impl Counts {
    /// The same, on one line.
    pub(super) fn in_words(&self) -> String {
        let sorts = [
            Some((self.automatic, "automatic")),
            Some((self.attested, "attested")),
            Some((self.gate, "gate")).filter(|(count, _)| *count > 0),
            Some((self.pending, "pending")).filter(|(count, _)| *count > 0),
            Some((self.external, "external")),
        ];
        let sorts: Vec<String> = sorts.into_iter().flatten().map(|(count, sort)| format!("{count} {sort}")).collect();
        format!("{} requirements: {}; {} cases", self.requirements, sorts.join(", "), self.cases)
    }
}

/// A row.
#[derive(Debug, Serialize)]
pub(super) struct Requirement {
    pub id: String,
    pub document: String,
    pub document_title: String,
    /// In the source.
    pub section: String,
    /// In the version in force, where it differs.
    pub in_force_section: Option<String>,
    pub strength: Option<&'static str>,
    pub level: Option<&'static str>,
    pub stage: Option<&'static str>,
    pub packs: Vec<String>,
    pub checkability: Checkability,
    /// What holds when it passes; of a requirement without a rule nothing.
    pub title: Option<String>,
    /// The rule whose expressions decide it: its own, or the one that it is the same as.
    pub rule: Option<String>,
    /// The rules that it is made of.
    pub parts: Vec<String>,
    /// Cases that name it, the rule it is the same as, or another that is the same.
    pub cases: usize,
    /// Why no rule decides it.
    pub why: Option<String>,
}

/// How a requirement is decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Checkability {
    /// By evidence alone.
    Automatic,
    /// With somebody's signed word.
    Attested,
    /// By no rule yet.
    Pending,
    /// By the signing gate, which knows more than the case.
    Gate,
    /// By nothing that a case can hold.
    External,
}

impl Checkability {
    /// As it is printed.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Automatic => "automatic",
            Self::Attested => "attested",
            Self::Pending => "pending",
            Self::Gate => "gate",
            Self::External => "external",
        }
    }
}

/// The matrix of a program, or of one of its packs.
pub(super) fn of(program: &Program, cases: &[ParsedCases], pack: Option<&str>) -> Matrix {
    let is_wanted = |of: &str| pack.is_none_or(|wanted| wanted == of);
    let shown = Shown::by(cases);
    let mut requirements = Vec::new();
    let mut counted = BTreeSet::new();
    for rule in program.rules.iter().filter(|rule| rule.packs.iter().any(|pack| is_wanted(pack))) {
        let of_rule = shown.of(&family(program, rule));
        requirements.push(row(program, rule, of_rule.len()));
        counted.extend(of_rule);
    }
    for pending in program.pending.iter().filter(|pending| is_wanted(&pending.pack)) {
        requirements.push(Requirement {
            id: pending.id.clone(),
            document: pending.document.clone(),
            document_title: title_of(program, &pending.document),
            section: pending.section.clone(),
            in_force_section: None,
            strength: None,
            level: None,
            stage: Some(pending.stage.as_str()),
            packs: vec![pending.pack.clone()],
            checkability: Checkability::Pending,
            title: None,
            rule: None,
            parts: Vec::new(),
            cases: 0,
            why: Some(format!("waits for {}: {}", pending.waits_for, pending.why)),
        });
    }
    for external in program.external.iter().filter(|external| is_wanted(&external.pack)) {
        let document = &program.documents[external.document.0 as usize];
        requirements.push(Requirement {
            id: external.id.clone(),
            document: document.id.clone(),
            document_title: document.title.clone(),
            section: external.section.clone(),
            in_force_section: None,
            strength: Some(strength_text(external.strength)),
            level: None,
            stage: None,
            packs: vec![external.pack.clone()],
            checkability: if external.gate.is_some() { Checkability::Gate } else { Checkability::External },
            title: None,
            rule: None,
            parts: Vec::new(),
            cases: 0,
            why: Some(match &external.gate {
                Some(code) => format!("refused as `countersign::gate::{code}`: {}", external.why),
                None => external.why.clone(),
            }),
        });
    }
    // Stable: within a document the rules stay as written, and what has none follows.
    requirements.sort_by(|a, b| a.document.cmp(&b.document));
    Matrix { counts: count(&requirements, counted.len()), requirements }
}

fn row(program: &Program, rule: &Rule, cases: usize) -> Requirement {
    let document = &program.documents[rule.document.0 as usize];
    let id_of = |index: u32| program.rules[index as usize].id.clone();
    let (decides, parts) = match &rule.body {
        RuleBody::Expressions(_) => (rule.id.clone(), Vec::new()),
        RuleBody::SameAs(target) => (id_of(target.0), Vec::new()),
        RuleBody::AllOf(parts) => (rule.id.clone(), parts.iter().map(|part| id_of(part.0)).collect()),
    };
    Requirement {
        id: rule.id.clone(),
        document: document.id.clone(),
        document_title: document.title.clone(),
        section: rule.section.clone(),
        in_force_section: rule.in_force_section.clone().filter(|section| *section != rule.section),
        strength: Some(strength_text(rule.strength)),
        level: Some(rule.level.as_str()),
        stage: Some(rule.stage.as_str()),
        packs: rule.packs.clone(),
        checkability: checkability(program, rule),
        title: Some(rule.title.clone()),
        rule: Some(decides),
        parts,
        cases,
        why: None,
    }
}

/// What is the same as something attested, or made of it, is attested.
fn checkability(program: &Program, rule: &Rule) -> Checkability {
    let is_attested = |index: u32| checkability(program, &program.rules[index as usize]) == Checkability::Attested;
    let attested = match &rule.body {
        RuleBody::Expressions(expressions) => expressions.attested.is_some(),
        RuleBody::SameAs(target) => is_attested(target.0),
        RuleBody::AllOf(parts) => parts.iter().any(|part| is_attested(part.0)),
    };
    if attested { Checkability::Attested } else { Checkability::Automatic }
}

/// The rules that a case about one of them shows: a rule, the one it is the same as, and others that are.
fn family<'p>(program: &'p Program, rule: &'p Rule) -> Vec<&'p str> {
    let mut decided = rule;
    while let RuleBody::SameAs(target) = decided.body {
        decided = &program.rules[target.0 as usize];
    }
    let repeats = |other: &&Rule| match other.body {
        RuleBody::SameAs(target) => program.rules[target.0 as usize].id == decided.id,
        RuleBody::Expressions(_) | RuleBody::AllOf(_) => false,
    };
    std::iter::once(decided).chain(program.rules.iter().filter(repeats)).map(|rule| rule.id.as_str()).collect()
}

/// Which cases name which rule.
struct Shown<'c>(BTreeMap<&'c str, BTreeSet<(usize, usize)>>);

impl<'c> Shown<'c> {
    fn by(files: &'c [ParsedCases]) -> Self {
        let mut shown: BTreeMap<&str, BTreeSet<(usize, usize)>> = BTreeMap::new();
        for (file_at, file) in files.iter().enumerate() {
            for (at, case) in file.cases.iter().enumerate() {
                for (rule, _) in &case.expect {
                    shown.entry(&rule.text).or_default().insert((file_at, at));
                }
            }
        }
        Self(shown)
    }

    fn of(&self, rules: &[&str]) -> BTreeSet<(usize, usize)> {
        rules.iter().filter_map(|rule| self.0.get(rule)).flatten().copied().collect()
    }
}

fn title_of(program: &Program, document: &str) -> String {
    let known = program.documents.iter().find(|known| known.id == document);
    known.map_or_else(|| document.to_owned(), |known| known.title.clone())
}

fn count(requirements: &[Requirement], cases: usize) -> Counts {
    let mut counts = Counts { requirements: requirements.len(), cases, ..Counts::default() };
    for requirement in requirements {
        match requirement.checkability {
            Checkability::Automatic => counts.automatic += 1,
            Checkability::Attested => counts.attested += 1,
            Checkability::Pending => counts.pending += 1,
            Checkability::Gate => counts.gate += 1,
            Checkability::External => counts.external += 1,
        }
    }
    counts.rules = counts.automatic + counts.attested;
    counts
}
