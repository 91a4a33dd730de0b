//! Which findings only follow from another one.
//!
//! In: the evaluation. Out: for a finding that cannot be judged, the rule whose finding already
//! reports the file it waits for, or the kind of record that is not there.

use std::collections::BTreeMap;

use crate::compile::program::{Op, OpId, Program, RuleBody, RuleIndex};
use crate::evaluate::finding::{Finding, Missing};
use crate::evaluate::outcome::Outcome;
use crate::facts::schema::{KindClass, KindId};
use crate::facts::{Cause, FileId};

use super::Parts;

/// The derived kind, as expressions name it, that tells of every problem with a file.
const FILE_CHECK: &str = "file_check";

/// Files that a finding reports, and the rule it is of.
pub(super) struct Causes {
    reported: BTreeMap<FileId, RuleIndex>,
}

impl Causes {
    /// Collects what rules over file checks report.
    pub(super) fn of(parts: Parts<'_>) -> Self {
        let mut reported = BTreeMap::new();
        for result in parts.evaluation.results.iter().filter(|result| is_over_files(parts.program, result.rule)) {
            for finding in &result.findings {
                for file in files_of(finding) {
                    reported.entry(file).or_insert(result.rule);
                }
            }
        }
        Self { reported }
    }

    /// The rule that reports the cause of a finding, if all of its unknowns have one.
    pub(super) fn of_finding(&self, parts: Parts<'_>, rule: RuleIndex, finding: &Finding) -> Option<RuleIndex> {
        if finding.outcome != Outcome::Indeterminate || is_over_files(parts.program, rule) {
            return None;
        }
        let mut causes = finding.unknowns.iter().map(|unknown| self.of_unknown(parts.program, unknown));
        let first = causes.next()??;
        causes.all(|cause| cause == Some(first)).then_some(first)
    }

    fn of_unknown(&self, program: &Program, unknown: &Missing) -> Option<RuleIndex> {
        let follows = match unknown.cause {
            Cause::Unreadable | Cause::Invalid => true,
            // A field that its schema requires is reported where the record is read.
            Cause::Missing => is_required(program, unknown.op),
            Cause::Unrecognised
            | Cause::Empty
            | Cause::None
            | Cause::Several
            | Cause::Tied
            | Cause::Overflow
            | Cause::Unproven
            | Cause::NotDue => false,
        };
        let mut rules = unknown.places.iter().map(|place| self.reported.get(&place.file).copied());
        let first = rules.next()??;
        (follows && rules.all(|rule| rule == Some(first))).then_some(first)
    }
}

/// The kind of which no record is there, where that is why something is not known.
pub(super) fn missing_kind(parts: Parts<'_>, rule: RuleIndex, unknown: &Missing) -> Option<KindId> {
    match unknown.cause {
        Cause::Missing | Cause::Empty | Cause::None => {}
        Cause::Unreadable
        | Cause::Invalid
        | Cause::Unrecognised
        | Cause::Several
        | Cause::Tied
        | Cause::Overflow
        | Cause::Unproven
        | Cause::NotDue => return None,
    }
    if let Some(kind) = kind_read(parts.program, unknown.op) {
        return is_missing(parts, kind).then_some(kind);
    }
    // What is behind an argument of a definition is not told by the operation; if nothing of the
    // evidence was reached, it is the one kind that the rule reads and that is not there.
    if !unknown.places.is_empty() {
        return None;
    }
    let reads = &parts.program.rules[rule.0 as usize].reads;
    let mut missing = reads.iter().copied().filter(|&kind| is_missing(parts, kind));
    let first = missing.next()?;
    missing.next().is_none().then_some(first)
}

/// Whether a kind of record is known not to be there at all.
fn is_missing(parts: Parts<'_>, kind: KindId) -> bool {
    match parts.program.schema.kind(kind).class {
        KindClass::Evidence | KindClass::Case => {}
        KindClass::Derived | KindClass::Table => return false,
    }
    let population = parts.facts.population(kind);
    population.unknown.is_none() && population.members.is_empty() && population.unreadable.is_empty()
}

/// The kind at the root of what an operation reads.
fn kind_read(program: &Program, op: OpId) -> Option<KindId> {
    let next = match &program.ops[op.0 as usize] {
        Op::One(kind) | Op::All(kind) | Op::Recorded(kind) => return Some(*kind),
        Op::Field { base, .. } | Op::Has { base, .. } | Op::Coalesce { base, .. } => *base,
        Op::Project { over, .. }
        | Op::Quantified { over, .. }
        | Op::Count { over, .. }
        | Op::Distinct { over, .. }
        | Op::The { over }
        | Op::Extreme { over, .. }
        | Op::MaxGap { over, .. } => over.list,
        Op::Bound { list, .. } => *list,
        Op::Const(_)
        | Op::Parameter(_)
        | Op::Local(_)
        | Op::Not(_)
        | Op::And(..)
        | Op::Or(..)
        | Op::Compare { .. }
        | Op::CompareClock { .. }
        | Op::In { .. }
        | Op::Matches { .. }
        | Op::SetRelation { .. }
        | Op::SetOperation { .. }
        | Op::Arithmetic { .. }
        | Op::List(_)
        | Op::CompareCount { .. }
        | Op::Let { .. }
        | Op::Within { .. }
        | Op::DaysBetween { .. }
        | Op::Call { .. } => return None,
    };
    // INVARIANT: an operation stands after its operands, so this ends.
    kind_read(program, next)
}

/// Whether an operation reads a field that must be there.
fn is_required(program: &Program, op: OpId) -> bool {
    let Op::Field { field, .. } = &program.ops[op.0 as usize] else { return false };
    let structs = program.schema.structs();
    structs
        .get(field.type_id.0 as usize)
        .and_then(|type_| type_.fields.get(field.field as usize))
        .is_some_and(|field| field.required)
}

/// Whether a rule has one finding per file check.
fn is_over_files(program: &Program, rule: RuleIndex) -> bool {
    let RuleBody::Expressions(expressions) = &program.rules[rule.0 as usize].body else { return false };
    let Some(over) = expressions.for_each else { return false };
    kind_read(program, over.list).is_some_and(|kind| program.schema.kinds()[kind.0 as usize].singular == FILE_CHECK)
}

fn files_of(finding: &Finding) -> impl Iterator<Item = FileId> {
    let element = finding.element.iter().filter_map(|element| element.place);
    let deciding = finding.deciding.iter().flat_map(|deciding| &deciding.places).copied();
    element.chain(deciding).map(|place| place.file)
}
