//! Calls: builtin functions, and definitions, which are put in where they are called.

use super::{Checker, Value};
use crate::compile::codes::Code;
use crate::compile::names::{BUILTINS, Builtin, CLOCK_FUNCTIONS, DefinitionState, Takes};
use crate::compile::program::{Op, OpId};
use crate::compile::types;
use crate::expr::ast::{Expr, Name};
use crate::facts::schema::Type;
use crate::source::Span;

use super::Variable;

impl<'a> Checker<'a, '_> {
    pub(super) fn call(&mut self, name: &'a Name, arguments: &'a [Expr], span: Span) -> Option<Value> {
        match name.text.as_str() {
            "within" => return self.within(name, arguments, span),
            "days_between" => return self.days_between(name, arguments, span),
            _ => {}
        }
        if let Some(builtin) = BUILTINS.iter().find(|builtin| builtin.name == name.text) {
            return self.builtin(builtin, name, arguments, span);
        }
        if let Some(index) = self.names.definition(self.here.document, &name.text) {
            return self.put_in(index, arguments, name.span, span);
        }
        for argument in arguments {
            self.value(argument, None);
        }
        let message = format!("unknown function `{}`", name.text);
        let problem = self.problem(Code::UnknownFunction, name.span, message, "not defined");
        if self.names.meaning(self.here.document, &name.text).is_some() {
            return self.refuse(problem.help(format!("`{}` is a name; write it without parentheses", name.text)));
        }
        let builtins = BUILTINS.iter().map(|builtin| builtin.name).chain(CLOCK_FUNCTIONS.iter().copied());
        let visible = self.names.definitions.iter().filter(|d| d.global || d.here.document == self.here.document);
        let meant = types::closest(&name.text, builtins.chain(visible.map(|definition| definition.name)));
        if meant.is_none() {
            let problem = self.suggest(problem, &name.text);
            return self.refuse(problem);
        }
        self.refuse(problem.meant(meant, String::new))
    }

    fn builtin(&mut self, builtin: &Builtin, name: &Name, arguments: &'a [Expr], span: Span) -> Option<Value> {
        let signature = || {
            let takes: Vec<&str> = builtin.takes.iter().map(|takes| needed(*takes)).collect();
            format!("{}({})", builtin.name, takes.join(", "))
        };
        self.arity(name, arguments, builtin.takes.len(), &signature())?;
        let values: Vec<Option<OpId>> =
            arguments.iter().zip(builtin.takes).map(|(argument, takes)| self.taken(argument, *takes)).collect();
        let ops: Vec<OpId> = values.into_iter().collect::<Option<_>>()?;
        let operands = self.arena.operands(&ops);
        Some(self.emit(Op::Call { function: builtin.function, arguments: operands }, span, builtin.gives.clone()))
    }

    fn taken(&mut self, argument: &'a Expr, takes: Takes) -> Option<OpId> {
        let value = self.operand(argument, None)?;
        let fits = match (takes, &value.type_) {
            (Takes::Instant, type_) => *type_ == Type::Instant,
            (Takes::Text, type_) => types::stands_for(type_, &Type::Text),
            (Takes::Threshold, type_) => *type_ == Type::Threshold,
            (Takes::Integers, type_) => *type_ == Type::List(Box::new(Type::Int)),
            (Takes::Identifier, type_) => matches!(type_, Type::Lei | Type::Aid | Type::Said),
            (Takes::Segment, type_) => {
                types::stands_for(type_, &Type::Text) || matches!(type_, Type::Lei | Type::Aid | Type::Said)
            }
        };
        if !fits {
            return self.refuse(self.wrong_type(argument, &value.type_, needed(takes)));
        }
        Some(value.op)
    }

    pub(super) fn arity(&mut self, name: &Name, arguments: &'a [Expr], takes: usize, signature: &str) -> Option<()> {
        if arguments.len() == takes {
            return Some(());
        }
        let plural = if takes == 1 { "" } else { "s" };
        let given = match arguments.len() {
            0 => "none is given".to_owned(),
            1 => "1 is given".to_owned(),
            many => format!("{many} are given"),
        };
        let message = format!("`{}` takes {takes} argument{plural}, and {given}", name.text);
        let label = format!("takes {takes} argument{plural}");
        let problem = self.problem(Code::WrongNumberOfArguments, name.span, message, label);
        self.refuse(problem.help(format!("write `{signature}`")))
    }

    /// Puts a definition in: its arguments are bound once, its body is lowered here.
    pub(super) fn put_in(&mut self, index: usize, arguments: &'a [Expr], name: Span, span: Span) -> Option<Value> {
        let names = self.names;
        let definition = &names.definitions[index];
        let signature = || {
            let parameters = definition.parameters.iter().map(|parameter| match &parameter.type_ {
                Some(type_) => format!("{}: {}", parameter.name, types::name(names.schema, type_)),
                None => parameter.name.to_owned(),
            });
            format!("{}({})", definition.name, parameters.collect::<Vec<_>>().join(", "))
        };
        let name = Name { text: definition.name.to_owned(), span: name };
        self.arity(&name, arguments, definition.parameters.len(), &signature())?;
        let mut values = Vec::with_capacity(arguments.len());
        for (argument, parameter) in arguments.iter().zip(&definition.parameters) {
            values.push(self.argument(argument, parameter.type_.as_ref()));
        }
        let DefinitionState::Typed { type_, tags } = &definition.state else { return None };
        let values: Vec<Value> = values.into_iter().collect::<Option<_>>()?;

        let (here, floor) = (self.here, self.floor);
        let mut bound = Vec::new();
        let base = self.variables.len();
        for (value, parameter) in values.into_iter().zip(&definition.parameters) {
            // What costs nothing to read again is not bound: it keeps its place and its tags.
            let shared = matches!(
                self.arena.get(value.op),
                Op::Local(_) | Op::Const(_) | Op::Parameter(_) | Op::One(_) | Op::All(_)
            );
            let value = if shared || !parameter.used {
                value
            } else {
                let local = self.local()?;
                bound.push((local, value.op));
                let read = self.emit(Op::Local(local), span, value.type_);
                Value { tags: value.tags, ..read }
            };
            self.variables.push(Variable { name: parameter.name, value: Some(value) });
        }
        (self.here, self.floor) = (definition.here, base);
        let body = self.value(definition.body, None);
        (self.here, self.floor) = (here, floor);
        self.variables.truncate(base);

        let mut value = body?;
        for (local, argument) in bound.into_iter().rev() {
            value = self.emit(Op::Let { local, value: argument, body: value.op }, span, type_.clone());
        }
        Some(Value { op: value.op, type_: type_.clone(), tags: value.tags.or(*tags) })
    }

    fn argument(&mut self, argument: &'a Expr, needed: Option<&Type>) -> Option<Value> {
        let value = self.operand(argument, needed)?;
        let needed = needed?;
        if types::stands_for(&value.type_, needed) {
            return Some(value);
        }
        let needed = types::a(self.names.schema, needed);
        self.refuse(self.wrong_type(argument, &value.type_, &needed))
    }

    /// Binds the parameters of a definition that is checked on its own.
    pub(in crate::compile) fn bind_parameters(
        &mut self,
        index: usize,
        names: &'a [(Name, crate::expr::ast::TypeName)],
    ) {
        let definition = &self.names.definitions[index];
        for (parameter, (name, _)) in definition.parameters.iter().zip(names) {
            let value = match &parameter.type_ {
                Some(type_) => {
                    let Some(local) = self.local() else { return };
                    Some(self.emit(Op::Local(local), name.span, type_.clone()))
                }
                None => None,
            };
            self.bind(name, value);
        }
    }
}

fn needed(takes: Takes) -> &'static str {
    match takes {
        Takes::Instant => "an instant",
        Takes::Text => "text",
        Takes::Threshold => "a threshold",
        Takes::Integers => "a list of int",
        Takes::Identifier => "a LEI, an AID or a SAID",
        Takes::Segment => "text, a LEI, an AID or a SAID",
    }
}
