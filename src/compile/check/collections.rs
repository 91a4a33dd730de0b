//! Lists: literals, bindings, quantifiers, aggregates, set operators.

use super::operators::takes_a_type;
use super::{Checker, Value};
use crate::compile::codes::Code;
use crate::compile::problem::Problem;
use crate::compile::program::{Op, Over};
use crate::compile::types;
use crate::expr::ast::{Aggregate, Binding, Comparison, Expr, ExprKind, Name, Quantifier, SetOperation, SetRelation};
use crate::facts::schema::{KindClass, Type};
use crate::source::Span;

impl<'a> Checker<'a, '_> {
    /// An expression that is a list, and the type of its elements.
    pub(super) fn list(&mut self, expr: &'a Expr, hint: Option<&Type>) -> Option<(Value, Type)> {
        let value = self.operand(expr, hint)?;
        let Type::List(item) = &value.type_ else {
            let found = types::a(self.names.schema, &value.type_);
            let problem = self.problem(Code::NotAList, expr.span, format!("{found} is no list"), found);
            let list = match &expr.kind {
                ExprKind::Name(name) => self.names.schema.kind_of_singular(name),
                _ => None,
            };
            let list = list.and_then(|kind| self.names.schema.kind(kind).plural.as_deref());
            return self.refuse(match list {
                Some(list) => problem.help(format!("all of them are `{list}`")),
                None => problem.help("a collection is a list of records, a list field, or `[… for x in …]`"),
            });
        };
        let item = (**item).clone();
        Some((value, item))
    }

    /// `x in xs where f`: binds the element, and runs what is said about it.
    pub(super) fn over<T>(
        &mut self,
        binding: &'a Binding,
        check: impl FnOnce(&mut Self, Option<&Value>) -> Option<T>,
    ) -> Option<(Over, T)> {
        // What the filter says about tags holds for the elements that it lets through only.
        let before: Vec<_> = self.variables.iter().map(|variable| variable.value.clone()).collect();
        let opened = self.open(binding);
        let element = self.variables.last().and_then(|variable| variable.value.clone());
        let result = check(self, element.as_ref());
        self.unbind();
        for (variable, value) in self.variables.iter_mut().zip(before) {
            variable.value = value;
        }
        Some((opened?, result?))
    }

    /// Binds the element of a collection for what follows.
    pub(in crate::compile) fn open(&mut self, binding: &'a Binding) -> Option<Over> {
        let list = self.list(&binding.over, None);
        let element = match &list {
            Some((list, item)) => {
                let local = self.local()?;
                let value = self.emit(Op::Local(local), binding.name.span, item.clone());
                Some((local, Value { tags: list.tags, ..value }))
            }
            None => None,
        };
        let (local, value) = element.unzip();
        self.bind(&binding.name, value);
        let filter = match &binding.filter {
            Some(filter) => {
                let condition = self.condition(filter);
                self.assume(filter);
                Some(condition)
            }
            None => None,
        };
        let (list, local) = (list?.0, local?);
        let filter = match filter {
            Some(condition) => Some(condition?),
            None => None,
        };
        Some(Over { local, list: list.op, filter })
    }

    pub(super) fn list_literal(&mut self, elements: &'a [Expr], span: Span, hint: Option<&Type>) -> Option<Value> {
        let mut item = match hint {
            Some(Type::List(item)) => Some((**item).clone()),
            Some(_) | None => None,
        };
        // The first element that has a type of its own gives it to the texts around it.
        let leader = elements.iter().position(|element| !takes_a_type(element));
        let mut values: Vec<Option<Value>> = vec![None; elements.len()];
        if let Some(at) = leader {
            values[at] = self.operand(&elements[at], item.as_ref());
            item = item.or_else(|| values[at].as_ref().map(|value| value.type_.clone()));
        }
        for (at, element) in elements.iter().enumerate().filter(|(at, _)| Some(*at) != leader) {
            values[at] = self.operand(element, item.as_ref());
            item = item.or_else(|| values[at].as_ref().map(|value| value.type_.clone()));
        }
        let Some(mut item) = item else {
            if elements.is_empty() {
                let problem =
                    self.problem(Code::EmptyList, span, "the type of this empty list is not known", "a list of what?");
                return self.refuse(problem.help("compare it with a list, or leave it out"));
            }
            return None;
        };
        let values: Vec<Value> = values.into_iter().collect::<Option<_>>()?;
        for (at, value) in values.iter().enumerate() {
            if types::comparable(self.names.schema, &item, &value.type_).is_err() {
                let (first, found) = (types::a(self.names.schema, &item), types::a(self.names.schema, &value.type_));
                let message = format!("{found} in a list of {}", types::name(self.names.schema, &item));
                let problem = self.problem(Code::MixedList, elements[at].span, message, found);
                return self.refuse(problem.help(format!("all elements of this list are {first}")));
            }
            item = types::common(&item, &value.type_);
        }
        let ops: Vec<_> = values.iter().map(|value| value.op).collect();
        let operands = self.arena.operands(&ops);
        Some(self.emit(Op::List(operands), span, Type::List(Box::new(item))))
    }

    pub(super) fn project(&mut self, element: &'a Expr, binding: &'a Binding, span: Span) -> Option<Value> {
        let (over, element) = self.over(binding, |checker, _| checker.operand(element, None))?;
        let value = self.emit(Op::Project { element: element.op, over }, span, Type::List(Box::new(element.type_)));
        Some(Value { tags: element.tags, ..value })
    }

    pub(super) fn quantified(
        &mut self,
        quantifier: Quantifier,
        binding: &'a Binding,
        or_none: bool,
        satisfies: Option<&'a Expr>,
        span: Span,
    ) -> Option<Value> {
        let (over, satisfies) = self.over(binding, |checker, _| match satisfies {
            Some(condition) => checker.condition(condition).map(Some),
            None => Some(None),
        })?;
        Some(self.emit(Op::Quantified { quantifier, over, or_none, satisfies }, span, Type::Bool))
    }

    pub(super) fn aggregate(
        &mut self,
        aggregate: Aggregate,
        binding: &'a Binding,
        by: Option<&'a Expr>,
        or_none: bool,
        span: Span,
    ) -> Option<Value> {
        let (over, (element, key)) = self.over(binding, |checker, element| {
            let key = match by {
                Some(key) => Some((key, checker.operand(key, None)?)),
                None => None,
            };
            Some((element?.clone(), key))
        })?;
        let element = Value { tags: element.tags, ..element };
        match (aggregate, key) {
            (Aggregate::Count, None) => Some(self.emit(Op::Count { over, distinct_by: None }, span, Type::Int)),
            (Aggregate::CountDistinct, Some((expr, key))) => {
                self.key_has(expr, &key.type_, false)?;
                Some(self.emit(Op::Count { over, distinct_by: Some(key.op) }, span, Type::Int))
            }
            (Aggregate::Distinct, Some((expr, key))) => {
                self.key_has(expr, &key.type_, false)?;
                Some(self.emit(Op::Distinct { over, by: Some(key.op), or_none }, span, Type::Bool))
            }
            (Aggregate::The, None) => {
                let value = self.emit(Op::The { over }, span, element.type_);
                Some(Value { tags: element.tags, ..value })
            }
            (Aggregate::Latest | Aggregate::Earliest, Some((expr, key))) => {
                self.key_has(expr, &key.type_, true)?;
                let latest = aggregate == Aggregate::Latest;
                let value = self.emit(Op::Extreme { over, by: key.op, latest }, span, element.type_);
                Some(Value { tags: element.tags, ..value })
            }
            (Aggregate::Count | Aggregate::The, Some(_)) => self.form(span, "takes no `by`"),
            (Aggregate::CountDistinct | Aggregate::Distinct | Aggregate::Latest | Aggregate::Earliest, None) => {
                self.form(span, "needs a key: `by KEY`")
            }
            (Aggregate::Min | Aggregate::Max, _) => self.form(span, "takes a list: `max([x.at for x in …])`"),
        }
    }

    pub(super) fn aggregate_list(
        &mut self,
        aggregate: Aggregate,
        list: &'a Expr,
        or_none: bool,
        span: Span,
    ) -> Option<Value> {
        let (value, item) = self.list(list, None)?;
        match aggregate {
            Aggregate::Min | Aggregate::Max => {
                if !types::has_order(&item) {
                    return self.refuse(self.no_order(list, &value.type_));
                }
                let op = Op::Bound { list: value.op, greatest: aggregate == Aggregate::Max };
                Some(self.emit(op, span, item))
            }
            Aggregate::Count | Aggregate::Distinct => {
                let local = self.local()?;
                let over = Over { local, list: value.op, filter: None };
                if aggregate == Aggregate::Count {
                    return Some(self.emit(Op::Count { over, distinct_by: None }, span, Type::Int));
                }
                if !types::has_equality(&item) {
                    return self.refuse(self.wrong_type(
                        list,
                        &value.type_,
                        "a list of single values, or a key (`x in … by KEY`),",
                    ));
                }
                Some(self.emit(Op::Distinct { over, by: None, or_none }, span, Type::Bool))
            }
            Aggregate::The => self.form(span, "names its elements: `the(x in … where …)`"),
            Aggregate::CountDistinct | Aggregate::Latest | Aggregate::Earliest => {
                self.form(span, "names its elements: `(x in … by KEY)`")
            }
        }
    }

    /// A form that the parser lets through and that has no meaning.
    fn form(&mut self, span: Span, what: &str) -> Option<Value> {
        let problem = self.problem(Code::WrongNumberOfArguments, span, format!("this form {what}"), "cannot be read");
        self.refuse(problem.help("docs/language.md lists the forms"))
    }

    /// Whether a key can be told apart, or put in order.
    fn key_has(&mut self, expr: &Expr, type_: &Type, order: bool) -> Option<()> {
        match order {
            true if !types::has_order(type_) => self.refuse(self.no_order(expr, type_)),
            false if !types::has_equality(type_) => {
                self.refuse(self.wrong_type(expr, type_, "a key that is a single value"))
            }
            true | false => Some(()),
        }
    }

    fn no_order(&self, expr: &Expr, type_: &Type) -> Problem {
        let found = types::a(self.names.schema, type_);
        let problem = self.problem(Code::NotOrdered, expr.span, format!("{found} has no order"), found);
        problem.help("int, instant, date, duration and days have an order")
    }

    pub(super) fn max_gap(
        &mut self,
        binding: &'a Binding,
        by: &'a Expr,
        from: &'a Expr,
        to: &'a Expr,
        span: Span,
    ) -> Option<Value> {
        let over = self.over(binding, |checker, _| checker.instant(by));
        let (from, to) = (self.instant(from), self.instant(to));
        let ((over, by), from, to) = (over?, from?, to?);
        let op = Op::MaxGap { over, by: by.op, from: from.op, to: to.op };
        Some(self.emit(op, span, Type::Duration))
    }

    fn instant(&mut self, expr: &'a Expr) -> Option<Value> {
        let value = self.operand(expr, None)?;
        if value.type_ != Type::Instant {
            return self.refuse(self.wrong_type(expr, &value.type_, "an instant"));
        }
        Some(value)
    }

    pub(super) fn set_relation(
        &mut self,
        relation: SetRelation,
        left: &'a Expr,
        right: &'a Expr,
        or_none: bool,
        span: Span,
    ) -> Option<Value> {
        let (first, second) = self.lists(left, right)?;
        let op = Op::SetRelation { relation, left: first.op, right: second.op, or_none };
        Some(self.emit(op, span, Type::Bool))
    }

    pub(super) fn set_operation(
        &mut self,
        operation: SetOperation,
        left: &'a Expr,
        right: &'a Expr,
        span: Span,
    ) -> Option<Value> {
        let (first, second) = self.lists(left, right)?;
        let type_ = match operation {
            // What is taken away does not widen the type.
            SetOperation::Minus => first.type_.clone(),
            SetOperation::Union | SetOperation::Intersect => types::common(&first.type_, &second.type_),
        };
        Some(self.emit(Op::SetOperation { operation, left: first.op, right: second.op }, span, type_))
    }

    /// Two lists whose elements can be equal.
    fn lists(&mut self, left: &'a Expr, right: &'a Expr) -> Option<(Value, Value)> {
        let (first, second) = if takes_a_type(left) && !takes_a_type(right) {
            let second = self.list(right, None);
            let hint = second.as_ref().map(|(value, _)| value.type_.clone());
            (self.list(left, hint.as_ref()), second)
        } else {
            let first = self.list(left, None);
            let hint = first.as_ref().map(|(value, _)| value.type_.clone());
            let second = self.list(right, hint.as_ref());
            (first, second)
        };
        let ((first, a), (second, b)) = (first?, second?);
        self.comparable(Comparison::Equal, (left, &a), (right, &b))?;
        Some((first, second))
    }

    pub(super) fn recorded(&mut self, kind: &Name, span: Span) -> Option<Value> {
        let schema = self.names.schema;
        let is_record = |class: KindClass| matches!(class, KindClass::Evidence | KindClass::Case);
        let found = schema.kind_named(&kind.text).filter(|id| is_record(schema.kind(*id).class));
        let Some(id) = found else {
            let records = schema.kinds().iter().filter(|kind| is_record(kind.class)).map(|kind| kind.name.as_str());
            // `recorded(lei_records)` means the kind of that list.
            let list = schema.kind_of_plural(&kind.text).map(|id| schema.kind(id).name.clone());
            let meant = list.or_else(|| {
                let hyphens = kind.text.replace('_', "-");
                records
                    .clone()
                    .find(|name| *name == hyphens)
                    .map(str::to_owned)
                    .or_else(|| types::closest(&kind.text, records))
            });
            let problem = self.problem(
                Code::UnknownKind,
                kind.span,
                format!("unknown kind of record `{}`", kind.text),
                "not a kind",
            );
            return self
                .refuse(problem.meant(meant, || "kinds are the files of schemas/evidence and schemas/case".into()));
        };
        Some(self.emit(Op::Recorded(id), span, Type::Bool))
    }
}
