//! What stands around the rules: parameters, tables, flows, profiles, pending and external requirements.
//!
//! In: their parsed forms. Out: the same parts of a [`Program`](super::program::Program), or problems.

use std::collections::BTreeSet;

use super::codes::Code;
use super::definitions::type_of;
use super::names::{DeclaredParameter, Here, is_function};
use super::problem::{Place, Problem};
use super::program::{
    DocumentIndex, External, Flow, Level, Parameter, ParameterId, ParameterValue, Pending, Profile, Rule, RuleIndex,
    Stage, Strength, Table,
};
use super::rules::{Written, unknown_rule};
use super::types;
use super::values::{self, is_writable};
use crate::facts::schema::{
    FactSchema, Field, FieldOrigin, InstantRole, Kind, KindClass, KindId, Shape, StructId, StructType, Type,
};
use crate::policy::flows::ParsedProfile;
use crate::policy::{ParsedParameter, ParsedPolicy, ParsedTable, PolicySet, Value};
use crate::source::Fragment;

/// Adds the kinds of the tables to the schema, and reads their rows.
pub(super) fn tables(
    schema: &mut FactSchema,
    tables: &[ParsedTable],
    first_file: usize,
    problems: &mut Vec<Problem>,
) -> Vec<Table> {
    let mut made = Vec::with_capacity(tables.len());
    for (at, table) in tables.iter().enumerate() {
        let file = first_file + at;
        let columns = columns(schema, table, file, problems);
        let singular = table.table.text.replace('-', "_");
        let plural = format!("{singular}s");
        for name in [&singular, &plural] {
            let taken = schema.kind_of_singular(name).or_else(|| schema.kind_of_plural(name)).is_some();
            if taken || is_function(name) {
                let at = Place { file, span: table.table.whole };
                let problem =
                    Problem::new(Code::ShadowedName, at, format!("`{name}` is a fact already"), "gives the same name");
                problems.push(problem.help("give the table another name"));
            }
        }
        let kind = push_kind(schema, table, &columns, singular, plural);
        let rows = table.rows.iter().map(|row| {
            let cell = |(name, type_): &(&Fragment, Option<Type>)| {
                let (_, value) = row.cells.iter().find(|(column, _)| column.text == name.text)?;
                typed_value(schema, value, type_.as_ref()?, file, problems)
            };
            columns.iter().map(cell).collect()
        });
        made.push(Table { kind, rows: rows.collect() });
    }
    made
}

fn columns<'t>(
    schema: &FactSchema,
    table: &'t ParsedTable,
    file: usize,
    problems: &mut Vec<Problem>,
) -> Vec<(&'t Fragment, Option<Type>)> {
    let columns = table.columns.iter().map(|(name, type_name)| {
        let here = Here { document: DocumentIndex(file as u32), fragment: &type_name.text };
        let type_ = type_name.tree.as_ref().and_then(|tree| type_of(schema, tree, here, problems));
        (name, type_.and_then(|type_| writable(schema, type_, here, problems)))
    });
    columns.collect()
}

fn push_kind(
    schema: &mut FactSchema,
    table: &ParsedTable,
    columns: &[(&Fragment, Option<Type>)],
    singular: String,
    plural: String,
) -> KindId {
    let fields = columns.iter().map(|(name, type_)| Field {
        name: name.text.clone(),
        description: String::new(),
        // A column whose type has a problem keeps its place; the set is not run.
        shape: Shape::of(type_.clone().unwrap_or(Type::Text)),
        required: false,
        nullable: false,
        null_fails: false,
        // What a table says holds; it does not happen.
        role: InstantRole::Validity,
        origin: FieldOrigin::Member,
    });
    let fields = fields.collect();
    schema.structs.push(StructType { name: singular.clone(), fields, closed: true, variants: None });
    schema.kinds.push(Kind {
        name: table.table.text.clone(),
        singular,
        plural: Some(plural),
        class: KindClass::Table,
        record: StructId((schema.structs.len() - 1) as u32),
        clauses: Vec::new(),
        signed: false,
        attached: Vec::new(),
        title: table.title.text.clone(),
        description: table.cited.text.clone(),
    });
    KindId((schema.kinds.len() - 1) as u32)
}

/// A type whose values can be written in a policy file.
fn writable(schema: &FactSchema, type_: Type, here: Here<'_>, problems: &mut Vec<Problem>) -> Option<Type> {
    if is_writable(&type_) {
        return Some(type_);
    }
    let at = Place { file: here.document.0 as usize, span: here.fragment.whole };
    let message = format!("{} cannot be written in a policy file", types::a(schema, &type_));
    let problem = Problem::new(Code::UnknownType, at, message, "not a type of values");
    problems.push(problem.help("parameters and columns hold single values and lists of them"));
    None
}

fn typed_value(
    schema: &FactSchema,
    value: &Value,
    type_: &Type,
    file: usize,
    problems: &mut Vec<Problem>,
) -> Option<ParameterValue> {
    match values::read(schema, value, type_) {
        Ok(value) => Some(value),
        Err(misfit) => {
            let at = Place { file, span: misfit.span };
            let label = format!("not {}", types::a(schema, type_));
            problems.push(Problem::new(Code::InvalidValue, at, misfit.message, label).help(misfit.help));
            None
        }
    }
}

/// The parameters of all files, in order.
pub(super) fn parameters(
    schema: &FactSchema,
    policies: &[ParsedPolicy],
    problems: &mut Vec<Problem>,
) -> (Vec<DeclaredParameter>, Vec<Parameter>) {
    let mut declared = Vec::new();
    let mut made = Vec::new();
    for (file, policy) in policies.iter().enumerate() {
        for parameter in &policy.parameters {
            let document = DocumentIndex(file as u32);
            let type_ = parameter_type(schema, parameter, document, problems);
            declared.push(DeclaredParameter { name: parameter.name.text.clone(), type_: type_.clone() });
            let name = &parameter.name.text;
            let fact = schema.kind_of_singular(name).or_else(|| schema.kind_of_plural(name)).is_some();
            if fact || is_function(name) || name == "as_of" || name == "t_sign" {
                let at = Place { file, span: parameter.name.whole };
                let what = if fact { "a fact" } else { "a word of the language" };
                let problem =
                    Problem::new(Code::ShadowedName, at, format!("`{name}` is {what} already"), "declared again here");
                problems.push(problem.help("nothing may shadow anything; take another name"));
            }
            let default = match (&parameter.default, &type_) {
                (Some(value), Some(type_)) => typed_value(schema, value, type_, file, problems),
                (None, _) | (_, None) => None,
            };
            made.push(Parameter {
                name: name.clone(),
                type_: type_.unwrap_or(Type::Text),
                description: parameter.description.text.clone(),
                default: default.unwrap_or(ParameterValue::Unset),
                document,
            });
        }
    }
    (declared, made)
}

fn parameter_type(
    schema: &FactSchema,
    parameter: &ParsedParameter,
    document: DocumentIndex,
    problems: &mut Vec<Problem>,
) -> Option<Type> {
    let here = Here { document, fragment: &parameter.type_.text };
    let type_ = type_of(schema, parameter.type_.tree.as_ref()?, here, problems)?;
    writable(schema, type_, here, problems)
}

/// What flows, profiles and pending requirements refer to.
pub(super) struct Book<'a> {
    pub(super) schema: &'a FactSchema,
    pub(super) set: &'a PolicySet,
    pub(super) written: &'a [Written<'a>],
    pub(super) rules: &'a [Rule],
    pub(super) parameters: &'a [Parameter],
}

impl Book<'_> {
    /// Flows.
    pub(super) fn flows(&self, first_file: usize, first_pending: usize, problems: &mut Vec<Problem>) -> Vec<Flow> {
        let mut flows = Vec::new();
        for (at, file) in self.set.flows.iter().enumerate() {
            for flow in &file.flows {
                let mut needs = Vec::new();
                for (stage, kinds) in &flow.needs {
                    for kind in kinds {
                        let place = Place { file: first_file + at, span: kind.whole };
                        needs.extend(self.record_kind(&kind.text, place, problems).map(|kind| (kind, stage.value)));
                    }
                }
                let packs = flow.packs.iter().map(|pack| pack.text.clone()).collect();
                flows.push(Flow { id: flow.id.text.clone(), title: flow.title.text.clone(), packs, needs });
            }
        }
        self.packs(first_file, first_pending, problems);
        flows
    }

    /// Every pack has rules, or requirements that wait for theirs, and every one is run by a flow: under a
    /// misspelt name rules would be left out, and a report without them would look clean.
    fn packs(&self, first_file: usize, first_pending: usize, problems: &mut Vec<Problem>) {
        let run = self.set.flows.iter().enumerate().flat_map(|(at, file)| {
            file.flows.iter().flat_map(move |flow| flow.packs.iter().map(move |pack| (pack, first_file + at)))
        });
        let of_rules = self
            .written
            .iter()
            .flat_map(|written| written.rule.packs.iter().map(|pack| (pack, written.document.0 as usize)));
        let of_pending = self
            .set
            .pending
            .iter()
            .enumerate()
            .flat_map(|(at, file)| file.pending.iter().map(move |pending| (&pending.pack, first_pending + at)));
        let is_named = |(pack, _): &(&Fragment, usize)| !pack.text.is_empty();
        let run: Vec<(&Fragment, usize)> = run.filter(is_named).collect();
        let filled: Vec<(&Fragment, usize)> = of_rules.chain(of_pending).filter(is_named).collect();
        let names = |packs: &[(&'_ Fragment, usize)]| packs.iter().map(|(pack, _)| pack.text.clone()).collect();
        let (run_names, filled_names): (BTreeSet<String>, BTreeSet<String>) = (names(&run), names(&filled));
        for (pack, file) in filled.into_iter().filter(|(pack, _)| !run_names.contains(&pack.text)) {
            let at = Place { file, span: pack.whole };
            let message = format!("no flow runs the pack `{}`", pack.text);
            let problem = Problem::new(Code::PackWithoutFlow, at, message, "named by no flow");
            let meant = types::closest(&pack.text, run_names.iter().map(String::as_str));
            problems.push(problem.meant(meant, || "add the pack to a flow of flows.yaml".into()));
        }
        for (pack, file) in run.into_iter().filter(|(pack, _)| !filled_names.contains(&pack.text)) {
            let at = Place { file, span: pack.whole };
            let message = format!("no rule and no pending requirement is in the pack `{}`", pack.text);
            let problem = Problem::new(Code::UnknownPack, at, message, "nothing is in it");
            let meant = types::closest(&pack.text, filled_names.iter().map(String::as_str));
            problems.push(problem.meant(meant, || "take it out, or name a pack that rules are in".into()));
        }
    }

    fn record_kind(&self, name: &str, at: Place, problems: &mut Vec<Problem>) -> Option<KindId> {
        let is_record = |kind: &Kind| matches!(kind.class, KindClass::Evidence | KindClass::Case);
        let found = self.schema.kind_named(name).filter(|kind| is_record(self.schema.kind(*kind)));
        if found.is_none() {
            let known = self.schema.kinds().iter().filter(|kind| is_record(kind)).map(|kind| kind.name.as_str());
            let problem = Problem::new(Code::UnknownKind, at, format!("unknown kind of record `{name}`"), "not a kind");
            let meant = types::closest(name, known);
            problems.push(problem.meant(meant, || "kinds are the files of schemas/evidence and schemas/case".into()));
        }
        found
    }

    /// Profiles.
    pub(super) fn profiles(&self, first_file: usize, problems: &mut Vec<Problem>) -> Vec<Profile> {
        let mut profiles = Vec::new();
        for (at, file) in self.set.profiles.iter().enumerate() {
            let place = |fragment: &Fragment| Place { file: first_file + at, span: fragment.whole };
            for profile in &file.profiles {
                let mut without_documents = self.other_precedences(profile);
                for name in &profile.without {
                    without_documents.extend(self.document(name, place(name), problems));
                }
                let mut levels = Vec::new();
                for (rule, level) in &profile.levels {
                    match self.rules.iter().position(|known| known.id == rule.text) {
                        Some(index) => levels.push((RuleIndex(index as u32), level.value)),
                        None => {
                            let known = self.rules.iter().map(|rule| rule.id.as_str());
                            problems.push(unknown_rule(place(rule), &rule.text, known));
                        }
                    }
                }
                levels.extend(self.duties(profile.every_must.map(|level| level.value), &levels));
                let mut parameters = Vec::new();
                for (name, value) in &profile.parameters {
                    parameters.extend(self.parameter(name, value, place(name), problems));
                }
                profiles.push(Profile {
                    id: profile.id.text.clone(),
                    title: profile.title.text.clone(),
                    without_documents,
                    levels,
                    parameters,
                    warn_when: profile.warn_when,
                    stage: profile.stage.map_or(Stage::Evidence, |stage| stage.value),
                });
            }
        }
        profiles
    }

    /// The documents that a profile leaves out by their precedence.
    fn other_precedences(&self, profile: &ParsedProfile) -> Vec<DocumentIndex> {
        let counts = |policy: &ParsedPolicy| {
            profile.only.is_empty() || profile.only.iter().any(|word| word.value == policy.precedence)
        };
        let others = self.set.policies.iter().enumerate().filter(|(_, policy)| !counts(policy));
        others.map(|(index, _)| DocumentIndex(index as u32)).collect()
    }

    /// The level of the duties of a profile, for each rule that has another and is not named.
    fn duties(&self, level: Option<Level>, named: &[(RuleIndex, Level)]) -> Vec<(RuleIndex, Level)> {
        let Some(level) = level else { return Vec::new() };
        let is_duty = |rule: &Rule| match rule.strength {
            Strength::Must | Strength::MustNot | Strength::Shall => true,
            Strength::Should | Strength::May | Strength::Proc | Strength::Claim | Strength::Info => false,
        };
        let rules = self.rules.iter().enumerate().map(|(index, rule)| (RuleIndex(index as u32), rule));
        let differ = rules.filter(|(index, rule)| {
            is_duty(rule) && rule.level != level && named.iter().all(|(other, _)| other != index)
        });
        differ.map(|(index, _)| (index, level)).collect()
    }

    fn document(&self, name: &Fragment, at: Place, problems: &mut Vec<Problem>) -> Option<DocumentIndex> {
        let found = self.set.policies.iter().position(|policy| policy.document.text == name.text);
        if found.is_none() {
            let known = self.set.policies.iter().map(|policy| policy.document.text.as_str());
            let problem =
                Problem::new(Code::UnknownDocument, at, format!("unknown document `{}`", name.text), "not a document");
            let meant = types::closest(&name.text, known.clone());
            problems
                .push(problem.meant(meant, || format!("the documents are {}", known.collect::<Vec<_>>().join(", "))));
        }
        found.map(|index| DocumentIndex(index as u32))
    }

    fn parameter(
        &self,
        name: &Fragment,
        value: &Value,
        at: Place,
        problems: &mut Vec<Problem>,
    ) -> Option<(ParameterId, ParameterValue)> {
        let Some(index) = self.parameters.iter().position(|parameter| parameter.name == name.text) else {
            let known = self.parameters.iter().map(|parameter| parameter.name.as_str());
            let problem =
                Problem::new(Code::UnknownParameter, at, format!("unknown parameter `{}`", name.text), "not declared");
            let meant = types::closest(&name.text, known);
            problems
                .push(problem.meant(meant, || "parameters are declared in policy files, under `parameters`".into()));
            return None;
        };
        let value = typed_value(self.schema, value, &self.parameters[index].type_, at.file, problems)?;
        Some((ParameterId(index as u32), value))
    }

    /// Requirements that have no rule yet.
    pub(super) fn pending(&self) -> Vec<Pending> {
        let all = self.set.pending.iter().flat_map(|file| &file.pending);
        let pending = all.map(|pending| Pending {
            id: pending.id.text.clone(),
            document: pending.document.text.clone(),
            section: pending.section.text.clone(),
            pack: pending.pack.text.clone(),
            stage: pending.stage.value,
            waits_for: pending.waits_for.value.as_str().to_owned(),
            why: pending.why.text.clone(),
        });
        pending.collect()
    }
    /// Requirements that no evidence decides.
    pub(super) fn external(&self, first_file: usize, problems: &mut Vec<Problem>) -> Vec<External> {
        let mut external = Vec::new();
        for (at, file) in self.set.external.iter().enumerate() {
            // What is not there was reported.
            for entry in file.external.iter().filter(|entry| !entry.document.text.is_empty()) {
                let place = Place { file: first_file + at, span: entry.document.whole };
                let Some(document) = self.document(&entry.document, place, problems) else { continue };
                external.push(External {
                    id: entry.id.text.clone(),
                    document,
                    section: entry.section.text.clone(),
                    pack: entry.pack.text.clone(),
                    strength: entry.strength.value,
                    gate: entry.gate.as_ref().map(|gate| gate.text.clone()),
                    why: entry.why.text.clone(),
                });
            }
        }
        external
    }
}
