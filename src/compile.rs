//! Policies and fact types, met: a typed program.
//!
//! In: parsed policies (`policy`) and the fact schema. Out: a [`program::Program`], or every problem
//! of every file at once. What it takes no part in: bundles, KERI, evidence, clocks.

mod blocks;
mod book;
mod by_pack;
mod check;
mod codes;
mod definitions;
mod digest;
pub mod direct;
mod emit;
mod meaning;
pub mod mutants;
mod names;
pub(crate) mod once;
mod operands;
mod problem;
pub mod program;
mod rules;
mod shipped;
mod types;
mod values;
mod walk;

pub use codes::{CodeRow, codes};
pub use digest::sources;
pub use names::functions;
pub use shipped::{compile_shipped, image, shipped, shipped_files, shipped_image};
pub use values::read_text;

use crate::expr::ast::Expr;
use crate::facts::schema::{FactSchema, Type};
use crate::facts::table::Layout;
use crate::policy::{Parsed, ParsedPolicy, PolicyProblem, PolicySet, problem::sort};
use crate::source::Source;

use book::Book;
use check::Checker;
use emit::Arena;
use names::{Here, Names};
use once::Once;
use problem::Problem;
use program::{Document, DocumentIndex, OpId, Program};
use rules::{Lowering, Written};

/// Compiles a set of policies against a fact schema.
///
/// # Errors
/// Every problem of every file, in order of file and place; [`codes()`] lists the codes.
pub fn compile(set: &PolicySet, schema: FactSchema) -> Result<Program, Vec<PolicyProblem>> {
    compiled(set, schema, None).map(|(program, _)| program)
}

/// An expression that was compiled beside a program, for whoever asks for one value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompiledExpression {
    /// The operation that gives its value.
    pub op: OpId,
    /// The type of the value.
    pub type_: Type,
    /// Number of local slots it uses.
    pub locals: u16,
}

/// Compiles a set of policies and one more expression, which sees what `definitions.yaml` sees.
///
/// # Errors
/// As [`compile`]; problems of the expression point into `source`.
pub fn compile_with_expression(
    set: &PolicySet,
    schema: FactSchema,
    expression: &Parsed<Expr>,
    source: &Source,
) -> Result<(Program, CompiledExpression), Vec<PolicyProblem>> {
    let (program, compiled) = compiled(set, schema, Some((expression, source)))?;
    match compiled {
        Some(compiled) => Ok((program, compiled)),
        // Without a tree there is a syntax error, which was reported when it was parsed.
        None => Err(Vec::new()),
    }
}

fn compiled(
    set: &PolicySet,
    mut schema: FactSchema,
    expression: Option<(&Parsed<Expr>, &Source)>,
) -> Result<(Program, Option<CompiledExpression>), Vec<PolicyProblem>> {
    let mut problems = Vec::new();
    let files = Files::of(set);
    let tables = book::tables(&mut schema, &set.tables, files.tables, &mut problems);
    let (declared, parameters) = book::parameters(&schema, &set.policies, &mut problems);
    let mut names = Names { schema: &schema, parameters: declared, definitions: Vec::new() };
    let mut arena = Arena::default();
    definitions::declare(&mut names, &definition_sources(set), &mut arena, &mut problems);

    let written: Vec<Written<'_>> = written(set);
    let mut lowering = Lowering { names: &names, arena: &mut arena, problems: &mut problems };
    let mut rules = rules::lower(&mut lowering, &written);
    let compiled = expression.and_then(|(expression, _)| {
        let here = Here { document: DocumentIndex(files.count as u32), fragment: &expression.text };
        let mut checker = Checker::new(&names, &mut arena, &mut problems, here);
        let value = checker.value(expression.tree.as_ref()?, None)?;
        Some(CompiledExpression { op: value.op, type_: value.type_, locals: checker.locals() })
    });

    let book = Book { schema: &schema, set, written: &written, rules: &rules, parameters: &parameters };
    let flows = book.flows(files.flows, files.pending, &mut problems);
    let profiles = book.profiles(files.profiles, &mut problems);
    let pending = book.pending();
    let external = book.external(files.external, &mut problems);
    if !problems.is_empty() {
        return Err(with_files(problems, set, expression.map(|(_, source)| source)));
    }

    digest::take(&schema, &arena, &parameters, &mut rules);
    let digest = digest::of_sources(set, &schema);
    let documents = set.policies.iter().map(document).collect();
    let layout = lay_out(&schema, &mut arena);
    let Arena { ops, origins, operands, texts, patterns, .. } = arena;
    let program = Program {
        schema,
        layout,
        once: Once::of(&ops, &operands),
        ops: ops.into(),
        origins: origins.into(),
        operands,
        texts,
        patterns,
        parameters,
        documents,
        rules: rules.into(),
        flows,
        profiles,
        pending,
        external,
        tables,
        digest,
        direct: direct::Later::default(),
    };
    Ok((program, compiled))
}

/// Where the files of each sort begin in the order of [`digest::sources`].
struct Files {
    flows: usize,
    profiles: usize,
    pending: usize,
    external: usize,
    tables: usize,
    count: usize,
}

impl Files {
    fn of(set: &PolicySet) -> Self {
        let flows = set.policies.len();
        let profiles = flows + set.flows.len();
        let pending = profiles + set.profiles.len();
        let external = pending + set.pending.len();
        let tables = external + set.external.len();
        Self { flows, profiles, pending, external, tables, count: tables + set.tables.len() }
    }
}

fn definition_sources(set: &PolicySet) -> Vec<definitions::Source<'_>> {
    let mut sources = Vec::new();
    for (file, policy) in set.policies.iter().enumerate() {
        let document = DocumentIndex(file as u32);
        for definition in &policy.definitions {
            // What could not be parsed was reported, and is unknown to whoever uses it.
            let (Some(signature), Some(body)) = (&definition.head.tree, &definition.body.tree) else { continue };
            sources.push(definitions::Source {
                signature,
                head: Here { document, fragment: &definition.head.text },
                body,
                here: Here { document, fragment: &definition.body.text },
                global: policy.shared,
            });
        }
    }
    sources
}

fn written(set: &PolicySet) -> Vec<Written<'_>> {
    let documents = set.policies.iter().enumerate();
    let rules = documents.flat_map(|(file, policy)| {
        policy.rules.iter().map(move |rule| Written { document: DocumentIndex(file as u32), rule })
    });
    rules.collect()
}

fn document(policy: &ParsedPolicy) -> Document {
    Document {
        id: policy.document.text.clone(),
        title: policy.title.text.clone(),
        precedence: policy.precedence,
        versions: policy.versions.iter().map(|(label, from)| (label.text.clone(), *from)).collect(),
        path: policy.source.name().to_owned(),
        text: policy.source.text().to_owned().into(),
    }
}

/// Fields by which reports call an object; the first that it has.
pub const LABELS: [&str; 4] = ["id", "path", "person_id", "name"];

/// Gives a slot to each field that is read and to those by which reports call an object, and to each
/// operation the slot of its field.
fn lay_out(schema: &FactSchema, arena: &mut Arena) -> Layout {
    let read = meaning::fields_read(&arena.ops);
    let layout = Layout::new(schema, |id, field| {
        let name = &schema.struct_type(id).fields[field as usize].name;
        read.contains(&(id.0, field)) || LABELS.contains(&name.as_str())
    });
    for field in arena.ops.iter_mut().filter_map(meaning::field_mut) {
        if let Some(slot) = layout.slot(field.type_id, field.field) {
            field.slot = slot;
        }
    }
    layout
}

/// Problems with their files, each once: what is lowered twice is reported once.
fn with_files(mut problems: Vec<Problem>, set: &PolicySet, expression: Option<&Source>) -> Vec<PolicyProblem> {
    problems.sort_by(|a, b| (a.at, a.code, &a.message).cmp(&(b.at, b.code, &b.message)));
    problems.dedup_by(|a, b| a.at == b.at && a.code == b.code && a.message == b.message);
    let sources: Vec<&Source> = digest::sources(set).chain(expression).collect();
    let mut found: Vec<PolicyProblem> = problems
        .into_iter()
        .filter_map(|problem| {
            let source = sources.get(problem.at.file)?;
            let labels = [(problem.at.span, problem.label)].into_iter().chain(problem.also).collect();
            Some(PolicyProblem::new(problem.code.as_str(), problem.message, problem.help, source, labels))
        })
        .collect();
    sort(&mut found);
    found
}

#[cfg(test)]
mod tests;
