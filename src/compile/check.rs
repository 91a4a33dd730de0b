//! Expressions, typed and lowered in one walk.
//!
//! In: a syntax tree and the names that are visible. Out: operations in the arena, or problems, each
//! at the characters it is about. A part that has a problem has no value (`None`); what depends on
//! it stays silent, and everything else is still checked, so that all problems come at once.

mod calls;
mod clocks;
mod collections;
mod narrow;
mod operators;
mod patterns;

pub(super) use narrow::Tags;

use super::codes::Code;
use super::emit::Arena;
use super::names::{Here, Meaning, Names};
use super::problem::{Place, Problem};
use super::program::{Const, FieldRef, Local, Op, OpId, Origin};
use super::types;
use crate::expr::ast::{Expr, ExprKind, Literal, Name};
use crate::facts::schema::{StructId, Type};
use crate::primitives::{Aid, Lei, Said, Sha256};
use crate::source::Span;

/// Most operations of one expression after definitions are put in.
pub(super) const MAX_NODES: u32 = 20_000;
/// Most levels of one expression after definitions are put in; the parser allows as many in a text.
pub(super) const MAX_HEIGHT: u32 = 256;

/// An expression that was lowered.
#[derive(Debug, Clone)]
pub(super) struct Value {
    pub(super) op: OpId,
    pub(super) type_: Type,
    /// Of an object with variants, or a list of such: the tags it can have; none if any.
    pub(super) tags: Option<Tags>,
}

/// A bound variable or an argument of a definition.
struct Variable<'a> {
    name: &'a str,
    /// The operation that reads it; none if what it is bound to has a problem.
    value: Option<Value>,
}

/// Checks the expressions of one rule or definition.
pub(super) struct Checker<'a, 'n> {
    names: &'n Names<'a>,
    arena: &'n mut Arena,
    problems: &'n mut Vec<Problem>,
    here: Here<'a>,
    variables: Vec<Variable<'a>>,
    /// Where the variables of the definition being put in begin; those below are not visible in it.
    floor: usize,
    /// Slots are never used twice in a rule, so that an operation may be shared.
    next_local: u16,
    height: u32,
    nodes: u32,
    /// A bound was exceeded: nothing more is lowered.
    stopped: bool,
    /// The expression that the bounds are about.
    root: Place,
}

impl<'a, 'n> Checker<'a, 'n> {
    pub(super) fn new(
        names: &'n Names<'a>,
        arena: &'n mut Arena,
        problems: &'n mut Vec<Problem>,
        here: Here<'a>,
    ) -> Self {
        let root = Place { file: here.document.0 as usize, span: here.fragment.whole };
        Self {
            names,
            arena,
            problems,
            here,
            variables: Vec::new(),
            floor: 0,
            next_local: 0,
            height: 0,
            nodes: 0,
            stopped: false,
            root,
        }
    }

    /// Goes on with another scalar of the same rule; bounds count anew.
    pub(super) fn turn_to(&mut self, here: Here<'a>) {
        self.here = here;
        self.root = Place { file: here.document.0 as usize, span: here.fragment.whole };
        self.nodes = 0;
        self.stopped = false;
    }

    /// Number of slots in use.
    pub(super) fn locals(&self) -> u16 {
        self.next_local
    }

    pub(super) fn arena(&self) -> &Arena {
        self.arena
    }

    /// A condition: an expression of type bool.
    pub(super) fn condition(&mut self, expr: &'a Expr) -> Option<OpId> {
        let value = self.operand(expr, None)?;
        if value.type_ != Type::Bool {
            return self.refuse(self.wrong_type(expr, &value.type_, "a condition (bool)"));
        }
        Some(value.op)
    }

    /// An expression whose value must be a plain one: not a count, which is an interval.
    pub(super) fn operand(&mut self, expr: &'a Expr, hint: Option<&Type>) -> Option<Value> {
        let value = self.value(expr, hint)?;
        if self.is_count(value.op) {
            let problem = self.problem(
                Code::CountNotCompared,
                expr.span,
                "a count can only be compared",
                "an interval where elements are unknown",
            );
            return self.refuse(problem.help("compare it: `count(…) >= 2`; or print it in a message"));
        }
        Some(value)
    }

    /// Any expression. A `hint` is the type that a text literal takes.
    pub(super) fn value(&mut self, expr: &'a Expr, hint: Option<&Type>) -> Option<Value> {
        if self.stopped {
            return None;
        }
        if self.height >= MAX_HEIGHT {
            return self.stop(Code::TooDeep, format!("more than {MAX_HEIGHT} levels after definitions are put in"));
        }
        self.height += 1;
        let value = self.kind(expr, hint);
        self.height -= 1;
        value
    }

    fn kind(&mut self, expr: &'a Expr, hint: Option<&Type>) -> Option<Value> {
        let span = expr.span;
        match &expr.kind {
            ExprKind::Literal(literal) => self.literal(literal, span, hint),
            ExprKind::Name(name) => self.name(name, span),
            ExprKind::Field(base, field) => self.field(base, field, span),
            ExprKind::Has(path) => self.has(path, span),
            ExprKind::Coalesce(path, otherwise) => self.coalesce(path, otherwise, span),
            ExprKind::Not(inner) => self.not(inner, span),
            ExprKind::And(left, right) => self.and(left, right, span),
            ExprKind::Or(left, right) => self.or(left, right, span),
            ExprKind::Compare(comparison, left, right) => self.compare(*comparison, left, right, span),
            ExprKind::In { item, list, negated } => self.is_in(item, list, *negated, span),
            ExprKind::InRange { item, low, low_exclusive, high, high_exclusive, negated } => {
                let range =
                    operators::Range { low, low_exclusive: *low_exclusive, high, high_exclusive: *high_exclusive };
                self.in_range(item, &range, *negated, span)
            }
            ExprKind::Matches { text, pattern, pattern_span } => self.matches(text, pattern, *pattern_span, span),
            ExprKind::SetRelation { relation, left, right, or_none } => {
                self.set_relation(*relation, left, right, *or_none, span)
            }
            ExprKind::SetOperation(operation, left, right) => self.set_operation(*operation, left, right, span),
            ExprKind::Arithmetic(operator, left, right) => self.arithmetic(*operator, left, right, span),
            ExprKind::List(elements) => self.list_literal(elements, span, hint),
            ExprKind::Project { element, binding } => self.project(element, binding, span),
            ExprKind::Quantified { quantifier, binding, or_none, satisfies } => {
                self.quantified(*quantifier, binding, *or_none, satisfies.as_deref(), span)
            }
            ExprKind::Aggregate { aggregate, binding, by, or_none } => {
                self.aggregate(*aggregate, binding, by.as_deref(), *or_none, span)
            }
            ExprKind::AggregateList { aggregate, list, or_none } => {
                self.aggregate_list(*aggregate, list, *or_none, span)
            }
            ExprKind::MaxGap { binding, by, from, to } => self.max_gap(binding, by, from, to, span),
            ExprKind::Recorded(kind) => self.recorded(kind, span),
            ExprKind::Call { name, arguments } => self.call(name, arguments, span),
        }
    }

    fn literal(&mut self, literal: &Literal, span: Span, hint: Option<&Type>) -> Option<Value> {
        let (constant, type_) = match literal {
            Literal::Bool(value) => (Const::Bool(*value), Type::Bool),
            Literal::Int(value) => (Const::Int(*value), Type::Int),
            Literal::Instant(value) => (Const::Instant(*value), Type::Instant),
            Literal::Date(value) => (Const::Date(*value), Type::Date),
            Literal::Duration(value) => (Const::Duration(*value), Type::Duration),
            Literal::Days(value) => (Const::Days(*value), Type::Days),
            Literal::Months(value) => (Const::Months(*value), Type::Months),
            Literal::Text(text) => {
                let type_ = match hint {
                    Some(hint) if types::is_textual(hint) && !matches!(hint, Type::List(_)) => hint.clone(),
                    Some(_) | None => Type::Text,
                };
                self.text_literal(text, span, &type_)?;
                (self.arena.text(text), type_)
            }
        };
        Some(self.emit(Op::Const(constant), span, type_))
    }

    /// A text literal takes a type only if it can be a value of it.
    fn text_literal(&mut self, text: &str, span: Span, type_: &Type) -> Option<()> {
        let reason = match type_ {
            Type::Enum(id) => {
                let values = &self.names.schema.enum_type(*id).values;
                if values.iter().any(|value| value == text) {
                    return Some(());
                }
                let message = format!("`{text}` is not a value of `{}`", self.names.schema.enum_type(*id).name);
                let meant = types::closest(text, values.iter().map(String::as_str));
                let problem = self.problem(Code::NotInEnum, span, message, "not one of its values");
                return self.refuse(problem.meant(meant, || format!("its values are {}", values.join(", "))));
            }
            Type::Lei => text.parse::<Lei>().err(),
            Type::Aid => text.parse::<Aid>().err(),
            Type::Said => text.parse::<Said>().err(),
            Type::Sha256 => text.parse::<Sha256>().err(),
            _ => None,
        };
        match reason {
            None => Some(()),
            Some(reason) => {
                let label = format!("compared with {}", types::a(self.names.schema, type_));
                let problem = self.problem(Code::MalformedLiteral, span, reason.to_string(), label);
                self.refuse(problem.help("a literal that is not well-formed is equal to nothing; mend it"))
            }
        }
    }

    fn name(&mut self, name: &str, span: Span) -> Option<Value> {
        if let Some(variable) = self.variable(name) {
            return variable.value.clone();
        }
        let schema = self.names.schema;
        match self.names.meaning(self.here.document, name) {
            Some(Meaning::Definition(index)) => self.put_in(index, &[], span, span),
            Some(Meaning::Parameter(id)) => {
                let type_ = self.names.parameters[id.0 as usize].type_.clone()?;
                Some(self.emit(Op::Parameter(id), span, type_))
            }
            Some(Meaning::One(kind)) => Some(self.emit(Op::One(kind), span, Type::Record(schema.kind(kind).record))),
            Some(Meaning::All(kind)) => {
                let type_ = Type::List(Box::new(Type::Record(schema.kind(kind).record)));
                Some(self.emit(Op::All(kind), span, type_))
            }
            Some(Meaning::ListOnly(kind)) => {
                let list = schema.kind(kind).plural.as_deref().unwrap_or_default();
                let problem =
                    self.problem(Code::ListOnly, span, format!("there is no single `{name}`"), "read as a list");
                self.refuse(problem.help(format!("say which one: `the(x in {list} where …)`")))
            }
            Some(Meaning::Clock) => {
                let problem = self.problem(
                    Code::ClockNotCompared,
                    span,
                    format!("`{name}` cannot stand here"),
                    "not a side of a comparison",
                );
                self.refuse(
                    problem.help(format!("compare it: `{name} <= t + 168h`; or count days: `days_between(t, {name})`")),
                )
            }
            Some(Meaning::Function) => {
                let problem = self.problem(
                    Code::UnknownName,
                    span,
                    format!("`{name}` is a function"),
                    "called without arguments",
                );
                self.refuse(problem.help(format!("call it: `{name}(…)`")))
            }
            None => {
                let problem =
                    self.problem(Code::UnknownName, span, format!("unknown name `{name}`"), "not defined here");
                let problem = self.suggest(problem, name);
                self.refuse(problem)
            }
        }
    }

    /// "did you mean" for a name, or where it is defined instead.
    fn suggest(&self, problem: Problem, name: &str) -> Problem {
        if self.names.definitions.iter().any(|definition| definition.name == name) {
            return problem.help(format!(
                "`{name}` is defined in another file and visible there only; move it to definitions.yaml"
            ));
        }
        let bound = self.variables[self.floor..].iter().map(|variable| variable.name);
        let meant = types::closest(name, self.names.all(self.here.document).into_iter().chain(bound));
        problem.meant(meant, || "facts are named after the files in schemas/; `countersign explain` lists them".into())
    }

    fn field(&mut self, base: &'a Expr, field: &Name, span: Span) -> Option<Value> {
        let (base, reference, type_) = self.field_of(base, field)?;
        Some(self.emit(Op::Field { base: base.op, field: reference }, span, type_))
    }

    fn has(&mut self, path: &'a Expr, span: Span) -> Option<Value> {
        let ExprKind::Field(base, field) = &path.kind else {
            let problem =
                self.problem(Code::NotAPath, path.span, "`has` asks for the last step of a path", "not a field");
            return self.refuse(problem.help("write `has record.field`"));
        };
        let (base, reference, _) = self.field_of(base, field)?;
        Some(self.emit(Op::Has { base: base.op, field: reference }, span, Type::Bool))
    }

    fn coalesce(&mut self, path: &'a Expr, otherwise: &'a Expr, span: Span) -> Option<Value> {
        let ExprKind::Field(base, field) = &path.kind else {
            let problem =
                self.problem(Code::NotAPath, path.span, "`??` asks for the last step of a path", "not a field");
            let found = self.refuse(problem.help("write `record.field ?? otherwise`"));
            self.operand(otherwise, None);
            return found;
        };
        let found = self.field_of(base, field);
        let hint = found.as_ref().map(|(_, _, type_)| type_.clone());
        let other = self.operand(otherwise, hint.as_ref());
        let ((base, reference, type_), other) = (found?, other?);
        if types::comparable(self.names.schema, &type_, &other.type_).is_err() {
            let problem = self.apart(Code::TypeMismatch, (path, &type_), (otherwise, &other.type_), "is replaced by");
            return self.refuse(problem);
        }
        let type_ = types::common(&type_, &other.type_);
        let op = Op::Coalesce { base: base.op, field: reference, otherwise: other.op };
        Some(self.emit(op, span, type_))
    }

    /// The object that a path reads, and the field of it that the last step names.
    fn field_of(&mut self, base: &'a Expr, field: &Name) -> Option<(Value, FieldRef, Type)> {
        let value = self.operand(base, None)?;
        let schema = self.names.schema;
        let Type::Record(id) = value.type_ else {
            let message = format!("{} has no field `{}`", types::a(schema, &value.type_), field.text);
            let mut problem = self.problem(Code::NotARecord, field.span, message, "not a field");
            problem = problem.also(self.place(base.span), format!("this is {}", types::a(schema, &value.type_)));
            return self.refuse(match value.type_ {
                Type::List(_) => problem.help(format!(
                    "name an element first: `every x in … satisfies x.{0} …`, or `[x.{0} for x in …]`",
                    field.text
                )),
                _ => problem.help("only objects have fields"),
            });
        };
        let type_ = schema.struct_type(id);
        let Some(position) = type_.field(&field.text) else {
            let message = format!("`{}` has no field `{}`", type_.name, field.text);
            let names = type_.fields.iter().map(|field| field.name.as_str());
            let meant = types::closest(&field.text, names.clone());
            let problem = self.problem(Code::UnknownField, field.span, message, "not a field");
            let problem = problem.meant(meant, || format!("its fields are {}", names.collect::<Vec<_>>().join(", ")));
            return self.refuse(problem);
        };
        self.tag_allows(id, position, value.tags, field)?;
        let reference = FieldRef { type_id: id, field: position, slot: 0 };
        Some((value, reference, type_.fields[position as usize].shape.type_.clone()))
    }

    fn tag_allows(&mut self, id: StructId, field: u16, tags: Option<Tags>, name: &Name) -> Option<()> {
        let type_ = self.names.schema.struct_type(id);
        let Some(variants) = &type_.variants else { return Some(()) };
        let having = Tags::having(variants, field);
        if tags.unwrap_or_else(|| Tags::all(variants)).within(having) {
            return Some(());
        }
        let tag = &type_.fields[variants.tag as usize].name;
        let message = format!("not every `{}` has the field `{}`", type_.name, name.text);
        let problem = self.problem(Code::NeedsTag, name.span, message, format!("depends on `{tag}`"));
        let values: Vec<String> = having.names(variants).iter().map(|value| format!("\"{value}\"")).collect();
        let condition = match values.as_slice() {
            [one] => format!("{tag} == {one}"),
            many => format!("{tag} in [{}]", many.join(", ")),
        };
        self.refuse(problem.help(format!("read it only where the tag is known: `where x.{condition}`")))
    }

    // What follows is for the walks in the files beside this one.

    fn variable(&self, name: &str) -> Option<&Variable<'a>> {
        self.variables[self.floor..].iter().rev().find(|variable| variable.name == name)
    }

    /// Binds a name; reports it if it means something already.
    pub(super) fn bind(&mut self, name: &'a Name, value: Option<Value>) {
        self.free_to_bind(name);
        self.variables.push(Variable { name: &name.text, value });
    }

    fn free_to_bind(&mut self, name: &Name) {
        let taken = match self.names.meaning(self.here.document, &name.text) {
            Some(meaning) => Some(meaning.describe()),
            None => self.variable(&name.text).map(|_| "a variable bound around it"),
        };
        if let Some(taken) = taken {
            let message = format!("`{}` is {taken} already", name.text);
            let problem = self.problem(Code::ShadowedName, name.span, message, "bound again here");
            self.problems.push(problem.help("nothing may shadow anything; take another name"));
        }
    }

    fn unbind(&mut self) {
        self.variables.pop();
    }

    /// A fresh slot.
    fn local(&mut self) -> Option<Local> {
        if self.next_local == u16::MAX {
            return self.stop(Code::TooLarge, "more variables than a rule can hold");
        }
        self.next_local += 1;
        Some(Local(self.next_local - 1))
    }

    fn emit(&mut self, op: Op, span: Span, type_: Type) -> Value {
        self.nodes += 1;
        if self.nodes > MAX_NODES && !self.stopped {
            self.stop::<()>(Code::TooLarge, format!("more than {MAX_NODES} operations after definitions are put in"));
        }
        let origin =
            Origin { document: self.here.document, span: self.here.fragment.locate(span), type_: type_.clone() };
        Value { op: self.arena.op(op, origin), type_, tags: None }
    }

    fn place(&self, span: Span) -> Place {
        Place { file: self.here.document.0 as usize, span: self.here.fragment.locate(span) }
    }

    fn problem(&self, code: Code, span: Span, message: impl Into<String>, label: impl Into<String>) -> Problem {
        Problem::new(code, self.place(span), message, label)
    }

    fn wrong_type(&self, expr: &Expr, found: &Type, needed: &str) -> Problem {
        let found = types::a(self.names.schema, found);
        let help = match needed {
            "a condition (bool)" => "compare it with something, or ask whether it is there: `has …`",
            _ => "there are no conversions; give a value of that type",
        };
        let message = format!("{needed} is needed here, and this is {found}");
        self.problem(Code::TypeMismatch, expr.span, message, found).help(help)
    }

    /// Reports a problem that does not keep the expression from having a value.
    pub(super) fn report(&mut self, code: Code, span: Span, message: &str, label: &str) {
        let help = match code {
            Code::NotPrintable => "name a field of it, such as its `path`",
            _ => "read a fact of the case",
        };
        self.problems.push(self.problem(code, span, message, label).help(help));
    }

    fn refuse<T>(&mut self, problem: Problem) -> Option<T> {
        self.problems.push(problem);
        None
    }

    fn stop<T>(&mut self, code: Code, message: impl Into<String>) -> Option<T> {
        self.stopped = true;
        let help = "split the expression, or bind what is used twice as an argument of a definition";
        self.refuse(Problem::new(code, self.root, message, "this expression").help(help))
    }
}
