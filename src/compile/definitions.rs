//! Definitions: declared, put in order, checked once each on their own.
//!
//! In: the definitions of all files. Out: [`Names`] in which each has its type, or problems. A
//! definition with a problem is never put in anywhere, so a problem is reported where it stands.

use std::collections::HashMap;

use super::check::Checker;
use super::codes::Code;
use super::emit::Arena;
use super::names::{Definition, DefinitionParameter, DefinitionState, Here, Names};
use super::problem::{Place, Problem};
use super::types;
use super::walk::mentions;
use crate::expr::ast::{Expr, Signature, TypeName, TypeNameKind};
use crate::facts::schema::{FactSchema, Type};

/// A definition as it was parsed.
pub(super) struct Source<'a> {
    pub(super) signature: &'a Signature,
    pub(super) head: Here<'a>,
    pub(super) body: &'a Expr,
    pub(super) here: Here<'a>,
    /// Whether every file sees it.
    pub(super) global: bool,
}

/// Adds the definitions to the names, and checks each.
pub(super) fn declare<'a>(
    names: &mut Names<'a>,
    sources: &[Source<'a>],
    arena: &mut Arena,
    problems: &mut Vec<Problem>,
) {
    for source in sources {
        let definition = definition(names, source, problems);
        names.definitions.push(definition);
    }
    for (index, source) in sources.iter().enumerate() {
        taken(names, index, source, problems);
    }
    for index in in_order(names, problems) {
        let mark = arena.mark();
        let source = &sources[index];
        let before = problems.len();
        let mut checker = Checker::new(names, arena, problems, source.head);
        checker.bind_parameters(index, &source.signature.parameters);
        checker.turn_to(source.here);
        let value = checker.value(source.body, None);
        arena.back_to(mark);
        // A problem may leave a value behind, which nobody should build on.
        if let Some(value) = value.filter(|_| problems.len() == before) {
            names.definitions[index].state = DefinitionState::Typed { type_: value.type_, tags: value.tags };
        }
    }
}

fn definition<'a>(names: &Names<'a>, source: &Source<'a>, problems: &mut Vec<Problem>) -> Definition<'a> {
    let mut mentioned = Vec::new();
    mentions(source.body, &mut |name| mentioned.push(name));
    let parameters = source.signature.parameters.iter().map(|(name, type_name)| DefinitionParameter {
        name: &name.text,
        type_: type_of(names.schema, type_name, source.head, problems),
        used: mentioned.contains(&name.text.as_str()),
    });
    Definition {
        name: &source.signature.name.text,
        here: source.here,
        global: source.global,
        parameters: parameters.collect(),
        body: source.body,
        at: place(source.head, source.signature.name.span),
        state: DefinitionState::Broken,
    }
}

/// Reports a definition whose name means something already.
fn taken(names: &Names<'_>, index: usize, source: &Source<'_>, problems: &mut Vec<Problem>) {
    let definition = &names.definitions[index];
    let name = definition.name;
    let twin = names.definitions[..index].iter().find(|other| {
        // The same name twice in one file is reported where files are read.
        other.name == name && other.here.document != source.here.document && (other.global || definition.global)
    });
    if let Some(twin) = twin {
        let problem = Problem::new(
            Code::DuplicateDefinition,
            definition.at,
            format!("`{name}` is defined twice"),
            "defined again",
        );
        problems.push(problem.also(twin.at, "first defined here").help("give one of the two another name"));
        return;
    }
    // What the name would mean if it were not defined.
    let without = Names { schema: names.schema, parameters: Vec::new(), definitions: Vec::new() };
    let parameter = names.parameters.iter().any(|parameter| parameter.name == name);
    let meaning =
        if parameter { Some("a parameter") } else { without.meaning(source.here.document, name).map(|m| m.describe()) };
    if let Some(meaning) = meaning {
        let problem = Problem::new(
            Code::ShadowedName,
            definition.at,
            format!("`{name}` is {meaning} already"),
            "defined again here",
        );
        problems.push(problem.help("nothing may shadow anything; take another name"));
    }
}

/// Each definition after those it uses; those in a circle are reported and left out.
fn in_order(names: &Names<'_>, problems: &mut Vec<Problem>) -> Vec<usize> {
    #[derive(Clone, Copy, PartialEq)]
    enum Mark {
        New,
        Open,
        Done,
    }
    let uses: Vec<Vec<usize>> = (0..names.definitions.len()).map(|index| used_by(names, index)).collect();
    let mut marks = vec![Mark::New; uses.len()];
    let mut order = Vec::with_capacity(uses.len());
    let mut circles: HashMap<usize, ()> = HashMap::new();
    for start in 0..uses.len() {
        // A path with, for each step, how many of its uses were followed.
        let mut path = vec![(start, 0)];
        while let Some((at, next)) = path.last_mut() {
            let at = *at;
            if *next == 0 && marks[at] != Mark::New {
                path.pop();
                continue;
            }
            marks[at] = Mark::Open;
            match uses[at].get(*next) {
                Some(&used) => {
                    *next += 1;
                    if marks[used] == Mark::Open {
                        let from = path.iter().position(|(step, _)| *step == used).unwrap_or(0);
                        let circle: Vec<usize> = path[from..].iter().map(|(step, _)| *step).collect();
                        report_circle(names, &circle, problems);
                        circles.extend(circle.into_iter().map(|step| (step, ())));
                    } else {
                        path.push((used, 0));
                    }
                }
                None => {
                    marks[at] = Mark::Done;
                    order.push(at);
                    path.pop();
                }
            }
        }
    }
    order.retain(|index| !circles.contains_key(index));
    order
}

fn used_by(names: &Names<'_>, index: usize) -> Vec<usize> {
    let definition = &names.definitions[index];
    let mut used = Vec::new();
    mentions(definition.body, &mut |name| {
        if let Some(other) = names.definition(definition.here.document, name)
            && !used.contains(&other)
        {
            used.push(other);
        }
    });
    used
}

fn report_circle(names: &Names<'_>, circle: &[usize], problems: &mut Vec<Problem>) {
    let Some(&first) = circle.first() else { return };
    let definition = &names.definitions[first];
    let steps: Vec<&str> = circle.iter().chain([&first]).map(|step| names.definitions[*step].name).collect();
    let message = format!("`{}` is defined by itself: {}", definition.name, steps.join(" -> "));
    let problem = Problem::new(Code::CyclicDefinition, definition.at, message, "part of a circle");
    problems.push(problem.help("definitions are put in where they are used; cut the circle"));
}

/// The type that a type name means.
pub(super) fn type_of(
    schema: &FactSchema,
    name: &TypeName,
    here: Here<'_>,
    problems: &mut Vec<Problem>,
) -> Option<Type> {
    match named_type(schema, &name.kind) {
        Ok(type_) => Some(type_),
        Err((message, help)) => {
            let at = place(here, name.span);
            problems.push(Problem::new(Code::UnknownType, at, message, "not a type").help(help));
            None
        }
    }
}

const NAMED: &[(&str, Type)] = &[
    ("bool", Type::Bool),
    ("int", Type::Int),
    ("text", Type::Text),
    ("instant", Type::Instant),
    ("date", Type::Date),
    ("duration", Type::Duration),
    ("days", Type::Days),
    ("months", Type::Months),
    ("lei", Type::Lei),
    ("aid", Type::Aid),
    ("said", Type::Said),
    ("sha256", Type::Sha256),
    ("person", Type::Person),
    ("threshold", Type::Threshold),
    ("decimal", Type::Decimal),
];

fn named_type(schema: &FactSchema, name: &TypeNameKind) -> Result<Type, (String, String)> {
    match name {
        TypeNameKind::ListOf(item) => named_type(schema, &item.kind).map(|item| Type::List(Box::new(item))),
        TypeNameKind::ItemOf(path) => item_of(schema, path),
        TypeNameKind::Named(name) => {
            if let Some((_, type_)) = NAMED.iter().find(|(known, _)| known == name) {
                return Ok(type_.clone());
            }
            if let Some(kind) = schema.kind_of_singular(name) {
                return Ok(Type::Record(schema.kind(kind).record));
            }
            // A shared shape of types.json.
            if let Some(id) = schema.struct_named(name) {
                return Ok(Type::Record(id));
            }
            let message = format!("unknown type `{name}`");
            if name == "string" || name == "boolean" || name == "integer" {
                let ours = if name == "string" { "text" } else { &name[..if name == "boolean" { 4 } else { 3 }] };
                return Err((message, format!("did you mean `{ours}`?")));
            }
            if let Some(kind) = schema.kind_of_plural(name) {
                return Err((message, format!("did you mean `list of {}`?", schema.kind(kind).singular)));
            }
            let known = NAMED.iter().map(|(name, _)| *name);
            let known = known.chain(schema.kinds().iter().map(|kind| kind.singular.as_str()));
            let help = match types::closest(name, known) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => "types are those of docs/language.md, singular names of kinds, and `item of PATH`".to_owned(),
            };
            Err((message, help))
        }
    }
}

/// The element type of the list that a path leads to; lists on the way are stepped into.
fn item_of(schema: &FactSchema, path: &[String]) -> Result<Type, (String, String)> {
    let written = path.join(".");
    let Some((first, steps)) = path.split_first() else {
        return Err(("`item of` nothing".to_owned(), "name a list: `item of lar_designation.lars`".to_owned()));
    };
    let Some(kind) = schema.kind_of_singular(first) else {
        let known = schema.kinds().iter().map(|kind| kind.singular.as_str());
        let help = match types::closest(first, known) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => "a path begins with the singular name of a kind, such as `lar_designation`".to_owned(),
        };
        return Err((format!("unknown kind `{first}` in `item of {written}`"), help));
    };
    let mut type_ = Type::Record(schema.kind(kind).record);
    for step in steps {
        if let Type::List(item) = type_ {
            type_ = *item;
        }
        let Type::Record(id) = type_ else {
            return Err((
                format!("`{step}` in `item of {written}` is not a field"),
                "only objects have fields".to_owned(),
            ));
        };
        let object = schema.struct_type(id);
        let Some(field) = object.field(step) else {
            let names = object.fields.iter().map(|field| field.name.as_str());
            let help = match types::closest(step, names.clone()) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("its fields are {}", names.collect::<Vec<_>>().join(", ")),
            };
            return Err((format!("`{}` has no field `{step}`", object.name), help));
        };
        type_ = object.fields[field as usize].shape.type_.clone();
    }
    match type_ {
        Type::List(item) => Ok(*item),
        other => {
            let found = types::a(schema, &other);
            Err((format!("`{written}` is {found}, not a list"), "`item of` names the elements of a list".to_owned()))
        }
    }
}

pub(super) fn place(here: Here<'_>, span: crate::source::Span) -> Place {
    Place { file: here.document.0 as usize, span: here.fragment.locate(span) }
}
