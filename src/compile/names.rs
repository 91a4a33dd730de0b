//! The names that are visible in every expression of a file: facts, parameters, definitions.
//!
//! In: the fact schema, declared parameters and definitions. Out: what a name means in a file.
//! Bound variables are the business of `check`.

use super::check::Tags;
use super::problem::Place;
use super::program::{DocumentIndex, Function, ParameterId};
use crate::expr::ast::Expr;
use crate::facts::schema::{FactSchema, KindId, Type};
use crate::source::Fragment;

/// Where an expression is written.
#[derive(Clone, Copy)]
pub(super) struct Here<'a> {
    pub(super) document: DocumentIndex,
    pub(super) fragment: &'a Fragment,
}

/// Everything that has a name, and the fact schema.
pub(super) struct Names<'a> {
    pub(super) schema: &'a FactSchema,
    /// In order of [`ParameterId`].
    pub(super) parameters: Vec<DeclaredParameter>,
    pub(super) definitions: Vec<Definition<'a>>,
}

/// A declared parameter.
pub(super) struct DeclaredParameter {
    pub(super) name: String,
    /// None if its declared type is none; that is reported where it is declared.
    pub(super) type_: Option<Type>,
}

/// A definition.
pub(super) struct Definition<'a> {
    pub(super) name: &'a str,
    pub(super) here: Here<'a>,
    /// Whether every file sees it.
    pub(super) global: bool,
    pub(super) parameters: Vec<DefinitionParameter<'a>>,
    pub(super) body: &'a Expr,
    pub(super) at: Place,
    pub(super) state: DefinitionState,
}

/// `p: person`
pub(super) struct DefinitionParameter<'a> {
    pub(super) name: &'a str,
    pub(super) type_: Option<Type>,
    /// Whether the body mentions it; an argument that nothing reads is not bound.
    pub(super) used: bool,
}

/// What is known of a definition.
pub(super) enum DefinitionState {
    /// Not checked yet, or not usable; its problems are reported where it stands.
    Broken,
    /// Its value is of this type.
    Typed { type_: Type, tags: Option<Tags> },
}

/// What a name means.
pub(super) enum Meaning {
    Definition(usize),
    Parameter(ParameterId),
    /// The one record of a kind.
    One(KindId),
    /// All records of a kind.
    All(KindId),
    /// The singular of a kind that has only a list.
    ListOnly(KindId),
    Clock,
    Function,
}

impl<'a> Names<'a> {
    /// What a name means in a document, bound variables aside.
    pub(super) fn meaning(&self, document: DocumentIndex, name: &str) -> Option<Meaning> {
        if name == "as_of" || name == "t_sign" {
            return Some(Meaning::Clock);
        }
        if let Some(at) = self.definition(document, name) {
            return Some(Meaning::Definition(at));
        }
        if let Some(at) = self.parameters.iter().position(|parameter| parameter.name == name) {
            return Some(Meaning::Parameter(ParameterId(at as u32)));
        }
        if let Some(kind) = self.schema.kind_of_plural(name) {
            return Some(Meaning::All(kind));
        }
        if let Some(kind) = self.schema.kind_of_singular(name) {
            let single = self.schema.kind(kind).has_singleton();
            return Some(if single { Meaning::One(kind) } else { Meaning::ListOnly(kind) });
        }
        is_function(name).then_some(Meaning::Function)
    }

    /// The definition that a name means in a document.
    pub(super) fn definition(&self, document: DocumentIndex, name: &str) -> Option<usize> {
        self.definitions.iter().position(|definition| {
            definition.name == name && (definition.global || definition.here.document == document)
        })
    }

    /// Every name that can be written in a document, for "did you mean".
    pub(super) fn all(&self, document: DocumentIndex) -> Vec<&str> {
        let definitions = self.definitions.iter().filter(|d| d.global || d.here.document == document).map(|d| d.name);
        let parameters = self.parameters.iter().map(|parameter| parameter.name.as_str());
        let kinds = self.schema.kinds().iter().flat_map(|kind| {
            kind.has_singleton().then_some(kind.singular.as_str()).into_iter().chain(kind.plural.as_deref())
        });
        definitions.chain(parameters).chain(kinds).collect()
    }
}

impl Meaning {
    /// How a message says what a name means already.
    pub(super) fn describe(&self) -> &'static str {
        match self {
            Meaning::Definition(_) => "a definition",
            Meaning::Parameter(_) => "a parameter",
            Meaning::One(_) | Meaning::All(_) | Meaning::ListOnly(_) => "a fact",
            Meaning::Clock => "a clock",
            Meaning::Function => "a function",
        }
    }
}

/// What a builtin function takes.
#[derive(Clone, Copy)]
pub(super) enum Takes {
    Instant,
    Text,
    Threshold,
    Integers,
    Identifier,
    /// A text or an identifier.
    Segment,
}

/// The signature of a builtin function: a row here is what `compile` needs of a new one.
pub(super) struct Builtin {
    pub(super) name: &'static str,
    pub(super) function: Function,
    pub(super) takes: &'static [Takes],
    pub(super) gives: Type,
}

pub(super) const BUILTINS: &[Builtin] = &[
    builtin("date", Function::Date, &[Takes::Instant], Type::Date),
    builtin("well_formed", Function::WellFormed, &[Takes::Identifier], Type::Bool),
    builtin("lei_of", Function::LeiOf, &[Takes::Text], Type::Lei),
    builtin("same_name", Function::SameName, &[Takes::Text, Takes::Text], Type::Bool),
    builtin("min_signers", Function::MinSigners, &[Takes::Threshold], Type::Int),
    builtin("satisfied", Function::Satisfied, &[Takes::Threshold, Takes::Integers], Type::Bool),
    builtin("url_host", Function::UrlHost, &[Takes::Text], Type::Text),
    builtin("url_has_segment", Function::UrlHasSegment, &[Takes::Text, Takes::Segment], Type::Bool),
    builtin("length", Function::Length, &[Takes::Text], Type::Int),
    builtin("starts_with", Function::StartsWith, &[Takes::Text, Takes::Text], Type::Bool),
    builtin("unproven", Function::Unproven, &[], Type::Bool),
];

/// Functions whose arguments may be clocks.
pub(super) const CLOCK_FUNCTIONS: &[&str] = &["days_between", "within"];

/// The names of all functions.
pub fn functions() -> impl Iterator<Item = &'static str> {
    BUILTINS.iter().map(|builtin| builtin.name).chain(CLOCK_FUNCTIONS.iter().copied())
}

const fn builtin(name: &'static str, function: Function, takes: &'static [Takes], gives: Type) -> Builtin {
    Builtin { name, function, takes, gives }
}

pub(super) fn is_function(name: &str) -> bool {
    CLOCK_FUNCTIONS.contains(&name) || BUILTINS.iter().any(|builtin| builtin.name == name)
}
