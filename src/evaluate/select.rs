//! Which rules a run decides.
//!
//! A rule is selected if one of its packs decides a flow of the case, if its document is not left out
//! by the profile, and if it is in force on the day of signing. A selected rule is due if its stage is
//! that of the run or an earlier one; the others are listed as not yet due.

use std::collections::{BTreeMap, BTreeSet};

use crate::compile::program::{Level, Profile, Program, RuleIndex, Stage};
use crate::primitives::Instant;

use super::Signing;
use super::time::{first_of_day, last_before, last_of_day};

/// What a run is asked to decide.
#[derive(Debug, Clone, Copy)]
pub struct Question<'q> {
    /// Ids of the flows: the one the manifest claims, and those added.
    pub flows: &'q [String],
    /// Packs beyond those of the flows.
    pub packs: &'q [String],
    /// The profile.
    pub profile: &'q Profile,
    /// The stage.
    pub stage: Stage,
    /// The instant judged for.
    pub as_of: Instant,
    /// What is known of the signing.
    pub signing: Signing,
}

/// The rules of a run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Selection {
    /// Rules to decide, in program order.
    pub due: Vec<RuleIndex>,
    /// Rules of a later stage, in program order.
    pub not_yet_due: Vec<RuleIndex>,
    /// The packs that were selected, sorted.
    pub packs: Vec<String>,
    /// Flows and packs that the rule book does not know, sorted.
    pub unknown: Vec<String>,
    /// Last instant with the same selection, where a rule comes into force or ceases later.
    pub until: Option<Instant>,
}

/// Selects the rules of a run.
pub fn select(program: &Program, question: &Question<'_>) -> Selection {
    let mut packs: BTreeSet<&str> = BTreeSet::new();
    let mut unknown = BTreeSet::new();
    for wanted in question.flows {
        match program.flows.iter().find(|flow| flow.id == *wanted) {
            Some(flow) => packs.extend(flow.packs.iter().map(String::as_str)),
            None => {
                unknown.insert(wanted.clone());
            }
        }
    }
    for wanted in question.packs {
        let known = program.rules.has_pack(wanted) || program.flows.iter().any(|flow| flow.packs.contains(wanted));
        if known {
            packs.insert(wanted);
        } else {
            unknown.insert(wanted.clone());
        }
    }
    let (today, moves) = match question.signing {
        Signing::At(instant) => (instant.date(), false),
        Signing::NotYet | Signing::Unknown => (question.as_of.date(), true),
    };
    let mut selection = Selection { unknown: unknown.into_iter().collect(), ..Selection::default() };
    for index in program.rules.of_packs(packs.iter().copied()) {
        let rule = &program.rules[index];
        if question.profile.without_documents.contains(&rule.document) {
            continue;
        }
        let (from, to) = rule.in_force;
        let not_yet = from.filter(|from| today < *from);
        let ceased = to.is_some_and(|to| to < today);
        let change = match not_yet {
            Some(from) => last_before(first_of_day(from)),
            None => to.filter(|_| !ceased).and_then(last_of_day),
        };
        if let Some(change) = change.filter(|_| moves) {
            selection.until = Some(selection.until.map_or(change, |until| until.min(change)));
        }
        if not_yet.is_some() || ceased {
            continue;
        }
        if rule.stage <= question.stage { selection.due.push(index) } else { selection.not_yet_due.push(index) }
    }
    selection.packs = packs.into_iter().map(str::to_owned).collect();
    selection
}

/// The level of a rule in a profile.
pub fn level(program: &Program, profile: &Profile, rule: RuleIndex) -> Level {
    let own = program.rules[rule.0 as usize].level;
    profile.levels.iter().find(|(other, _)| *other == rule).map_or(own, |(_, level)| *level)
}

/// For each due rule that only repeats another due one: that other.
pub(super) fn aliases(program: &Program, due: &[RuleIndex]) -> BTreeMap<RuleIndex, RuleIndex> {
    let mut aliases = BTreeMap::new();
    for rule in due {
        // The last due rule of the chain has the result.
        let repeated = program.repeated(*rule).filter(|target| due.contains(target)).last();
        if let Some(target) = repeated.filter(|target| target != rule) {
            aliases.insert(*rule, target);
        }
    }
    aliases
}
