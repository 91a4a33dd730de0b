//! Digests of rules and of programs.
//!
//! A waiver names the digest of its rule, so it covers what decides: expressions with definitions put
//! in, parameters with their defaults, level, stage, dates. Titles, messages and notes may change.

use serde_json::{Map, Value as Json, json};

use super::emit::Arena;
use super::meaning::{Canonical, Reads};
use super::program::{Level, Parameter, Rule, RuleBody, RuleIndex, Stage};
use crate::facts::schema::FactSchema;
use crate::policy::PolicySet;
use crate::primitives::Sha256;
use crate::source::Source;

/// Takes the digest of each rule; a rule that leads to others has theirs in its own.
pub(super) fn take(schema: &FactSchema, arena: &Arena, parameters: &[Parameter], rules: &mut [Rule]) {
    let names: Vec<String> = parameters.iter().map(|parameter| parameter.name.clone()).collect();
    let canonical = Canonical { schema, arena, parameters: &names };
    // Rules with expressions first; then whatever leads to rules that are done, until none is left.
    let mut waiting: Vec<usize> = (0..rules.len()).collect();
    while !waiting.is_empty() {
        let before = waiting.len();
        let mut still = Vec::new();
        for at in waiting {
            let targets: &[RuleIndex] = match &rules[at].body {
                RuleBody::Expressions(_) => &[],
                RuleBody::SameAs(target) => std::slice::from_ref(target),
                RuleBody::AllOf(parts) => parts,
            };
            let done = |target: &RuleIndex| !is_open(&rules[target.0 as usize]);
            if targets.iter().all(done) {
                rules[at].digest = digest(&canonical, arena, parameters, rules, at);
            } else {
                still.push(at);
            }
        }
        // INVARIANT: circles were refused, so each round finishes one rule at least.
        if still.len() == before {
            return;
        }
        waiting = still;
    }
}

/// A rule whose digest is still to be taken carries the digest of nothing.
fn is_open(rule: &Rule) -> bool {
    rule.digest == Sha256::of(&[])
}

fn digest(canonical: &Canonical<'_>, arena: &Arena, parameters: &[Parameter], rules: &[Rule], at: usize) -> Sha256 {
    let rule = &rules[at];
    let mut meaning = Map::new();
    meaning.insert("level".into(), json!(level(rule.level)));
    meaning.insert("stage".into(), json!(stage(rule.stage)));
    meaning.insert("packs".into(), json!(rule.packs));
    let day = |day: Option<crate::primitives::Date>| day.map_or(Json::Null, |day| json!(day.to_string()));
    meaning.insert("in_force".into(), json!([day(rule.in_force.0), day(rule.in_force.1)]));
    let target = |index: &RuleIndex| {
        let target = &rules[index.0 as usize];
        json!([target.id, target.digest.to_string()])
    };
    match &rule.body {
        RuleBody::SameAs(index) => drop(meaning.insert("same_as".into(), target(index))),
        RuleBody::AllOf(parts) => {
            meaning.insert("all_of".into(), Json::Array(parts.iter().map(target).collect()));
        }
        RuleBody::Expressions(expressions) => {
            let mut reads = Reads::default();
            if let Some(over) = &expressions.for_each {
                meaning.insert("for_each".into(), json!(canonical.over(over)));
                [Some(over.list), over.filter].into_iter().flatten().for_each(|op| reads.add(arena, op));
            }
            for (name, op) in [
                ("applies", expressions.applies),
                ("require", expressions.require),
                ("attested", expressions.attested),
                ("warn_when", expressions.warn_when),
            ] {
                if let Some(op) = op {
                    meaning.insert(name.into(), json!(canonical.text(op)));
                    reads.add(arena, op);
                }
            }
            let defaults = reads.parameters.iter().map(|id| {
                let parameter = &parameters[id.0 as usize];
                (parameter.name.clone(), json!(parameter.default))
            });
            meaning.insert("parameters".into(), Json::Object(defaults.collect()));
        }
    }
    // The map holds texts, lists and 64-bit integers only, which always have a canonical form.
    let bytes = serde_json_canonicalizer::to_vec(&Json::Object(meaning)).unwrap_or_default();
    Sha256::of(&bytes)
}

fn level(level: Level) -> &'static str {
    match level {
        Level::Info => "info",
        Level::Warn => "warn",
        Level::Block => "block",
    }
}

fn stage(stage: Stage) -> &'static str {
    match stage {
        Stage::Evidence => "evidence",
        Stage::Proposal => "proposal",
        Stage::Approval => "approval",
        Stage::Signature => "signature",
        Stage::Closing => "closing",
    }
}

/// The digest over everything a program is compiled from: each file with its name, and the schema.
pub(super) fn of_sources(set: &PolicySet, schema: &FactSchema) -> Sha256 {
    let mut listing: Vec<String> =
        sources(set).map(|source| format!("{} {}\n", Sha256::of(source.text().as_bytes()), source.name())).collect();
    listing.sort_unstable();
    // A schema is plain data, which always has a form.
    let schema = postcard::to_stdvec(schema).unwrap_or_default();
    listing.push(format!("{} schema\n", Sha256::of(&schema)));
    Sha256::of(listing.concat().as_bytes())
}

/// The files of a set, in the order in which problems number them; cases are not compiled.
pub fn sources(set: &PolicySet) -> impl Iterator<Item = &Source> {
    let policies = set.policies.iter().map(|file| &file.source);
    let flows = set.flows.iter().map(|file| &file.source);
    let profiles = set.profiles.iter().map(|file| &file.source);
    let pending = set.pending.iter().map(|file| &file.source);
    let tables = set.tables.iter().map(|file| &file.source);
    policies.chain(flows).chain(profiles).chain(pending).chain(tables)
}
