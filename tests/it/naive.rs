//! A second evaluator, written from docs/language.md alone: it walks the syntax tree over JSON, knows
//! no slots, no types and no speed, and is only compared with the real one.
//!
//! It says *that* a value is unknown, not why.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use countersign::expr::ast::{
    Aggregate, Arithmetic, Binding, Comparison, Expr, ExprKind, Literal, Quantifier, SetOperation, SetRelation,
};
use countersign::facts::schema::{FactSchema, Shape, StructId, Type};
use countersign::facts::threshold::{Threshold, Weight};
use countersign::primitives::{Aid, Date, Duration, Instant, Lei, Said, Sha256};
use serde_json::Value as Json;
use unicode_normalization::UnicodeNormalization;

/// What the expressions read.
pub struct World<'s> {
    pub schema: &'s FactSchema,
    /// Records by kind.
    pub records: BTreeMap<String, Vec<Json>>,
    /// How many listed records of a kind cannot be read.
    pub unreadable: BTreeMap<String, usize>,
    pub parameters: BTreeMap<String, V>,
    pub definitions: BTreeMap<String, (Vec<String>, Expr)>,
    pub as_of: Instant,
}

/// A value.
#[derive(Debug, Clone)]
pub enum V {
    Unknown,
    /// Absent from an object that was read: unknown to everything but `has` and `??`.
    Absent,
    Malformed,
    Bool(bool),
    Int(i64),
    Text(String),
    Instant(Instant),
    Date(Date),
    Duration(Duration),
    Days(i64),
    Months(i64),
    Threshold(Threshold),
    List(Rc<Vec<Element>>),
    Record(Rc<Json>, StructId),
    /// A record that is listed and cannot be read.
    Unreadable,
    /// Between so many and so many.
    Count(u64, u64),
}

/// An element of a list, and whether it is certain to belong to it.
#[derive(Debug, Clone)]
pub struct Element {
    pub value: V,
    pub certain: bool,
}

type Scope = Vec<(String, V)>;

impl World<'_> {
    pub fn evaluate(&self, expr: &Expr) -> V {
        match self.eval(expr, &mut Vec::new()) {
            V::Absent => V::Unknown,
            value => value,
        }
    }

    fn eval(&self, expr: &Expr, scope: &mut Scope) -> V {
        match &expr.kind {
            ExprKind::Literal(literal) => self.literal(literal),
            ExprKind::Name(name) => self.name(name, scope),
            ExprKind::Field(base, name) => self.field(&self.known(base, scope), &name.text),
            ExprKind::Has(path) => match self.eval(path, scope) {
                V::Absent => V::Bool(false),
                V::Unknown | V::Unreadable => V::Unknown,
                _ => V::Bool(true),
            },
            ExprKind::Coalesce(path, otherwise) => match self.eval(path, scope) {
                V::Absent => self.known(otherwise, scope),
                value => value,
            },
            ExprKind::Not(operand) => negate(self.known(operand, scope)),
            ExprKind::And(left, right) => {
                let left = self.known(left, scope);
                if let V::Bool(false) = left {
                    return left;
                }
                and(left, self.known(right, scope))
            }
            ExprKind::Or(left, right) => {
                let left = self.known(left, scope);
                if let V::Bool(true) = left {
                    return left;
                }
                negate(and(negate(left), negate(self.known(right, scope))))
            }
            ExprKind::Compare(comparison, left, right) => {
                let (left_value, right_value) = (self.known(left, scope), self.known(right, scope));
                // `as_of - t cmp d` is decided as `as_of cmp t + d`, which may be beyond the last instant.
                for (side, other) in [(left, &right_value), (right, &left_value)] {
                    if let ExprKind::Arithmetic(Arithmetic::Subtract, clock, from) = &side.kind
                        && matches!(&clock.kind, ExprKind::Name(name) if name == "as_of" || name == "t_sign")
                        && let from @ V::Instant(_) = self.known(from, scope)
                        && !is_known(&calculate(Arithmetic::Add, from, other.clone()))
                    {
                        return V::Unknown;
                    }
                }
                compare(*comparison, &left_value, &right_value)
            }
            ExprKind::In { item, list, negated } => {
                let found = contains(&self.known(list, scope), &self.known(item, scope));
                if *negated { negate(found) } else { found }
            }
            ExprKind::InRange { item, low, low_exclusive, high, high_exclusive, negated } => {
                let item = self.known(item, scope);
                let above = if *low_exclusive { Comparison::Greater } else { Comparison::GreaterOrEqual };
                let below = if *high_exclusive { Comparison::Less } else { Comparison::LessOrEqual };
                let low = compare(above, &item, &self.known(low, scope));
                let high = compare(below, &item, &self.known(high, scope));
                let inside = and(low, high);
                if *negated { negate(inside) } else { inside }
            }
            ExprKind::Matches { text, pattern, .. } => match self.known(text, scope) {
                V::Text(text) => {
                    let whole = regex::Regex::new(&format!("^(?:{})$", pattern.replace("\\/", "/")))
                        .or_else(|_| regex::Regex::new(&format!("^(?:{pattern})$")));
                    V::Bool(whole.unwrap().find(&text).is_some_and(|found| found.len() == text.len()))
                }
                _ => V::Unknown,
            },
            ExprKind::SetRelation { relation, left, right, or_none } => {
                set_relation(*relation, &self.known(left, scope), &self.known(right, scope), *or_none)
            }
            ExprKind::SetOperation(operation, left, right) => {
                set_operation(*operation, &self.known(left, scope), &self.known(right, scope))
            }
            ExprKind::Arithmetic(arithmetic, left, right) => {
                calculate(*arithmetic, self.known(left, scope), self.known(right, scope))
            }
            ExprKind::List(items) => {
                let items = items.iter().map(|item| Element { value: self.known(item, scope), certain: true });
                V::List(Rc::new(items.collect()))
            }
            ExprKind::Project { element, binding } => {
                let Some(elements) = self.selected(binding, scope) else { return V::Unknown };
                if elements.iter().any(|found| !found.certain) {
                    return V::Unknown;
                }
                let each = elements.into_iter().map(|found| Element {
                    value: self.with(binding, found.value, scope, |world, scope| world.known(element, scope)),
                    certain: true,
                });
                V::List(Rc::new(each.collect()))
            }
            ExprKind::Quantified { quantifier, binding, or_none, satisfies } => {
                self.quantified(*quantifier, binding, *or_none, satisfies.as_deref(), scope)
            }
            ExprKind::Aggregate { aggregate, binding, by, or_none } => {
                self.aggregate(*aggregate, binding, by.as_deref(), *or_none, scope)
            }
            ExprKind::AggregateList { aggregate, list, or_none } => {
                let V::List(list) = self.known(list, scope) else { return V::Unknown };
                aggregate_list(*aggregate, &list, *or_none)
            }
            ExprKind::MaxGap { binding, by, from, to } => {
                let Some(elements) = self.selected(binding, scope) else { return V::Unknown };
                let ends = (self.known(from, scope), self.known(to, scope));
                let (V::Instant(from), V::Instant(to)) = ends else { return V::Unknown };
                if to < from {
                    return V::Unknown;
                }
                let mut times = vec![from, to];
                for found in elements {
                    if !found.certain {
                        return V::Unknown;
                    }
                    match self.with(binding, found.value, scope, |world, scope| world.known(by, scope)) {
                        V::Instant(time) if from <= time && time <= to => times.push(time),
                        V::Instant(_) => {}
                        _ => return V::Unknown,
                    }
                }
                times.sort();
                V::Duration(times.windows(2).map(|pair| pair[1].since(pair[0])).max().unwrap())
            }
            ExprKind::Recorded(kind) => {
                let name = kind.text.replace('_', "-");
                let listed = self.records.get(&name).map_or(0, Vec::len) + self.unreadable.get(&name).unwrap_or(&0);
                V::Bool(listed > 0)
            }
            ExprKind::Call { name, arguments } => self.call(&name.text, arguments, scope),
        }
    }

    /// The value, where absence is no different from any other unknown.
    fn known(&self, expr: &Expr, scope: &mut Scope) -> V {
        match self.eval(expr, scope) {
            V::Absent => V::Unknown,
            value => value,
        }
    }

    fn literal(&self, literal: &Literal) -> V {
        match literal {
            Literal::Bool(value) => V::Bool(*value),
            Literal::Int(value) => V::Int(*value),
            Literal::Text(value) => V::Text(value.clone()),
            Literal::Instant(value) => V::Instant(*value),
            Literal::Date(value) => V::Date(*value),
            Literal::Duration(value) => V::Duration(*value),
            Literal::Days(value) => V::Days(*value),
            Literal::Months(value) => V::Months(*value),
        }
    }

    fn name(&self, name: &str, scope: &mut Scope) -> V {
        if let Some((_, value)) = scope.iter().rev().find(|(bound, _)| bound == name) {
            return value.clone();
        }
        if name == "as_of" || name == "t_sign" {
            return V::Instant(self.as_of);
        }
        if let Some(value) = self.parameters.get(name) {
            return value.clone();
        }
        if let Some((_, body)) = self.definitions.get(name) {
            return self.known(body, &mut Vec::new());
        }
        for kind in self.schema.kinds() {
            let members = || {
                let records = self.records.get(&kind.name).cloned().unwrap_or_default();
                let readable = records.into_iter().map(|record| V::Record(Rc::new(record), kind.record));
                let readable = readable.map(|value| Element { value, certain: true });
                let unreadable = *self.unreadable.get(&kind.name).unwrap_or(&0);
                let unreadable = (0..unreadable).map(|_| Element { value: V::Unreadable, certain: false });
                readable.chain(unreadable).collect::<Vec<_>>()
            };
            if kind.singular == name {
                return match members().as_slice() {
                    [only] if only.certain => only.value.clone(),
                    _ => V::Unknown,
                };
            }
            if kind.plural.as_deref() == Some(name) {
                return V::List(Rc::new(members()));
            }
        }
        panic!("the compiler let an unknown name through: {name}")
    }

    fn field(&self, base: &V, name: &str) -> V {
        let V::Record(object, type_id) = base else { return V::Unknown };
        let type_ = self.schema.struct_type(*type_id);
        let field = &type_.fields[type_.field(name).expect("the compiler checked the field") as usize];
        // A tag decides which of the other fields must be there.
        let own = type_.variants.as_ref().and_then(|variants| {
            let tag = object.get(&type_.fields[usize::from(variants.tag)].name)?.as_str()?;
            variants.by_tag.iter().find(|(name, _)| name == tag).map(|(_, own)| own)
        });
        let needed = own.is_some_and(|own| own.iter().any(|at| type_.fields[usize::from(*at)].name == name));
        match object.get(name) {
            None if field.required || (needed && !field.nullable) => V::Unknown,
            None => V::Absent,
            Some(Json::Null) if field.nullable && !field.null_fails => V::Absent,
            Some(Json::Null) => V::Unknown,
            Some(value) => self.value(value, &field.shape),
        }
    }

    fn value(&self, json: &Json, shape: &Shape) -> V {
        match (&shape.type_, json) {
            (Type::Bool, Json::Bool(value)) => V::Bool(*value),
            (Type::Int, Json::Number(number)) => number.as_i64().map_or(V::Unknown, V::Int),
            (Type::Days, Json::Number(number)) => number.as_i64().map_or(V::Unknown, V::Days),
            (Type::Duration, Json::Number(number)) => {
                let seconds = number.as_i64().map(|units| i128::from(units) * i128::from(shape.unit_s.unwrap()));
                let duration = seconds.and_then(|seconds| Duration::from_nanoseconds(seconds * 1_000_000_000));
                duration.map_or(V::Unknown, V::Duration)
            }
            (Type::Text | Type::Person | Type::Decimal, Json::String(text)) => V::Text(text.clone()),
            (Type::Decimal, Json::Number(number)) => V::Text(number.to_string()),
            (Type::Sha256, Json::String(text)) => {
                text.parse::<Sha256>().map_or(V::Unknown, |digest| V::Text(digest.to_string()))
            }
            (Type::Enum(id), Json::String(text)) if self.schema.enum_type(*id).values.contains(text) => {
                V::Text(text.clone())
            }
            (Type::Instant, Json::String(text)) => text.parse().map_or(V::Unknown, V::Instant),
            (Type::Date, Json::String(text)) => text.parse().map_or(V::Unknown, V::Date),
            (Type::Lei, Json::String(text)) => text.parse::<Lei>().map_or(V::Malformed, |lei| V::Text(lei.to_string())),
            (Type::Aid, Json::String(text)) => text.parse::<Aid>().map_or(V::Malformed, |aid| V::Text(aid.to_string())),
            (Type::Said, Json::String(text)) => {
                text.parse::<Said>().map_or(V::Malformed, |said| V::Text(said.to_string()))
            }
            (Type::Threshold, json) => threshold(json).map_or(V::Unknown, V::Threshold),
            (Type::List(_), Json::Array(elements)) => {
                let items = shape.items.as_deref().expect("a list has the shape of its elements");
                let elements = elements.iter().map(|item| Element { value: self.value(item, items), certain: true });
                V::List(Rc::new(elements.collect()))
            }
            (Type::Record(id), Json::Object(_)) => V::Record(Rc::new(json.clone()), *id),
            // Of another type than its schema says.
            (_, _) => V::Unknown,
        }
    }

    /// The elements that the filter takes, with whether it certainly does; `None` if the collection is unknown.
    fn selected(&self, binding: &Binding, scope: &mut Scope) -> Option<Vec<Element>> {
        let V::List(elements) = self.known(&binding.over, scope) else { return None };
        let mut taken = Vec::new();
        for element in elements.iter() {
            let verdict = match &binding.filter {
                None => V::Bool(true),
                Some(filter) => {
                    self.with(binding, element.value.clone(), scope, |world, scope| world.known(filter, scope))
                }
            };
            match verdict {
                V::Bool(false) => {}
                V::Bool(true) => taken.push(element.clone()),
                _ => taken.push(Element { value: element.value.clone(), certain: false }),
            }
        }
        Some(taken)
    }

    fn with<T>(&self, binding: &Binding, value: V, scope: &mut Scope, run: impl Fn(&Self, &mut Scope) -> T) -> T {
        scope.push((binding.name.text.clone(), value));
        let result = run(self, scope);
        scope.pop();
        result
    }

    fn quantified(
        &self,
        quantifier: Quantifier,
        binding: &Binding,
        or_none: bool,
        satisfies: Option<&Expr>,
        scope: &mut Scope,
    ) -> V {
        let Some(elements) = self.selected(binding, scope) else { return V::Unknown };
        // For each element: certain to belong, and what `satisfies` says of it.
        let judged: Vec<(bool, V)> = elements
            .into_iter()
            .map(|element| {
                let verdict = match satisfies {
                    None => V::Bool(true),
                    Some(body) => self.with(binding, element.value, scope, |world, scope| world.known(body, scope)),
                };
                (element.certain, verdict)
            })
            .collect();
        let certainly = |wanted: bool| judged.iter().filter(|(certain, v)| *certain && is(v, wanted)).count();
        let possibly = |wanted: bool| judged.iter().filter(|(_, v)| !is(v, !wanted)).count();
        let all = |wanted: bool| match (certainly(!wanted), possibly(!wanted)) {
            (1.., _) => V::Bool(false),
            (0, _) if judged.is_empty() => {
                if or_none {
                    V::Bool(true)
                } else {
                    V::Unknown
                }
            }
            // If every element may be absent, there may be nothing to speak of.
            (0, 0) if !or_none && judged.iter().all(|(certain, _)| !certain) => V::Unknown,
            (0, 0) => V::Bool(true),
            (0, _) => V::Unknown,
        };
        let any = || match (certainly(true), possibly(true)) {
            (1.., _) => V::Bool(true),
            (0, 0) => V::Bool(false),
            (0, _) => V::Unknown,
        };
        match quantifier {
            Quantifier::Every => all(true),
            Quantifier::No => all(false),
            Quantifier::Some | Quantifier::Exists => any(),
            Quantifier::ExactlyOne => match (certainly(true), possibly(true)) {
                (1, 1) => V::Bool(true),
                (2.., _) | (_, 0) => V::Bool(false),
                _ => V::Unknown,
            },
        }
    }

    fn aggregate(
        &self,
        aggregate: Aggregate,
        binding: &Binding,
        by: Option<&Expr>,
        or_none: bool,
        scope: &mut Scope,
    ) -> V {
        let Some(elements) = self.selected(binding, scope) else { return V::Unknown };
        let uncertain = elements.iter().any(|element| !element.certain);
        let mut keyed = Vec::new();
        for element in &elements {
            let key = match by {
                None => element.value.clone(),
                Some(by) => self.with(binding, element.value.clone(), scope, |world, scope| world.known(by, scope)),
            };
            keyed.push((key, element.clone()));
        }
        match aggregate {
            Aggregate::Count => {
                let certain = elements.iter().filter(|element| element.certain).count();
                V::Count(certain as u64, elements.len() as u64)
            }
            Aggregate::CountDistinct => {
                let known = |certain: bool| {
                    let keys = keyed.iter().enumerate();
                    let keys = keys.filter(|(_, (key, element))| (element.certain || !certain) && is_known(key));
                    keys.map(|(at, (key, _))| identity(key, at)).collect::<BTreeSet<_>>()
                };
                let unknown = |certain: bool| {
                    keyed.iter().filter(|(key, element)| (element.certain || !certain) && !is_known(key)).count()
                };
                let least = known(true).len().max(usize::from(unknown(true) > 0));
                V::Count(least as u64, (known(false).len() + unknown(false)) as u64)
            }
            Aggregate::Distinct => {
                let keys: Vec<Element> =
                    keyed.into_iter().map(|(value, element)| Element { value, certain: element.certain }).collect();
                aggregate_list(Aggregate::Distinct, &keys, or_none)
            }
            Aggregate::The => match elements.as_slice() {
                [only] if only.certain => only.value.clone(),
                _ => V::Unknown,
            },
            Aggregate::Latest | Aggregate::Earliest => {
                if uncertain || keyed.is_empty() || keyed.iter().any(|(key, _)| !is_known(key)) {
                    return V::Unknown;
                }
                let better = if aggregate == Aggregate::Latest { Comparison::Greater } else { Comparison::Less };
                let best = (0..keyed.len()).filter(|&at| {
                    (0..keyed.len())
                        .all(|other| other == at || is(&compare(better, &keyed[at].0, &keyed[other].0), true))
                });
                match best.collect::<Vec<_>>().as_slice() {
                    [at] => keyed[*at].1.value.clone(),
                    _ => V::Unknown,
                }
            }
            Aggregate::Min | Aggregate::Max => panic!("min and max take a list"),
        }
    }

    fn call(&self, name: &str, arguments: &[Expr], scope: &mut Scope) -> V {
        if let Some((parameters, body)) = self.definitions.get(name) {
            let values: Vec<V> = arguments.iter().map(|argument| self.known(argument, scope)).collect();
            let mut inner = parameters.iter().cloned().zip(values).collect();
            return self.known(body, &mut inner);
        }
        // `within` distinguishes an absent end from an unknown one.
        if name == "within" {
            let end = match self.eval(&arguments[1], scope) {
                V::Absent => V::Instant(self.as_of),
                value => value,
            };
            let limit = calculate(Arithmetic::Add, self.known(&arguments[0], scope), self.known(&arguments[2], scope));
            return compare(Comparison::LessOrEqual, &end, &limit);
        }
        let values: Vec<V> = arguments.iter().map(|argument| self.known(argument, scope)).collect();
        match (name, values.as_slice()) {
            ("well_formed", [V::Malformed]) => V::Bool(false),
            ("unproven", []) => V::Unknown,
            (_, values) if values.iter().any(|value| !is_known(value)) => V::Unknown,
            ("well_formed", _) => V::Bool(true),
            ("days_between", [from, to]) => {
                let date = |value: &V| match value {
                    V::Date(date) => *date,
                    V::Instant(instant) => instant.date(),
                    other => panic!("{other:?} is no time"),
                };
                V::Days(date(from).days_until(date(to)))
            }
            ("date", [V::Instant(instant)]) => V::Date(instant.date()),
            ("lei_of", [V::Text(text)]) => text.parse::<Lei>().map_or(V::Malformed, |lei| V::Text(lei.to_string())),
            ("same_name", [V::Text(a), V::Text(b)]) => V::Bool(folded(a) == folded(b)),
            ("min_signers", [V::Threshold(kt)]) => kt.min_signers().map_or(V::Unknown, |n| V::Int(n as i64)),
            ("satisfied", [V::Threshold(kt), V::List(indices)]) => {
                let index = |element: &Element| match element.value {
                    V::Int(index) if index >= 0 => u32::try_from(index).ok(),
                    _ => None,
                };
                // An unknown index may be any key: one that is known already, or the one that was wanting.
                let known = kt.satisfied(&indices.iter().filter_map(index).collect());
                match indices.iter().any(|element| !is_known(&element.value)) {
                    true if !known => V::Unknown,
                    true | false => V::Bool(known),
                }
            }
            ("url_host", [V::Text(text)]) => {
                let host = url::Url::parse(text).ok().and_then(|url| url.host_str().map(str::to_lowercase));
                host.map_or(V::Unknown, V::Text)
            }
            ("url_has_segment", [V::Text(text), V::Text(segment)]) => match url::Url::parse(text) {
                Ok(url) if url.has_host() => V::Bool(
                    !segment.is_empty()
                        && url.path_segments().is_some_and(|mut parts| parts.any(|part| part == segment)),
                ),
                _ => V::Unknown,
            },
            // What is malformed equals no segment of any URL.
            ("url_has_segment", [V::Text(text), V::Malformed]) => match url::Url::parse(text) {
                Ok(url) if url.has_host() => V::Bool(false),
                _ => V::Unknown,
            },
            ("length", [V::Text(text)]) => V::Int(text.chars().count() as i64),
            ("starts_with", [V::Text(text), V::Text(prefix)]) => V::Bool(text.starts_with(prefix.as_str())),
            (name, values) => panic!("no function {name} of {values:?}"),
        }
    }
}

/// The value as the conformance cases write it; `None` if it is unknown.
pub fn written(value: &V) -> Option<Json> {
    let counted = |amount: i64, unit: &str| format!("{amount} {unit}{}", if amount == 1 { "" } else { "s" });
    Some(match value {
        V::Unknown | V::Absent | V::Unreadable => return None,
        V::Malformed => Json::from("(malformed)"),
        V::Bool(value) => Json::from(*value),
        V::Int(value) => Json::from(*value),
        V::Text(value) => Json::from(value.as_str()),
        V::Instant(value) => Json::from(value.to_string()),
        V::Date(value) => Json::from(value.to_string()),
        V::Duration(value) => Json::from(value.to_string()),
        V::Days(value) => Json::from(counted(*value, "day")),
        V::Months(value) => Json::from(counted(*value, "month")),
        V::Threshold(Threshold::Count(count)) => Json::from(format!("{count:x}")),
        V::Threshold(Threshold::Weighted(_)) => Json::from("(weights)"),
        V::List(elements) => elements.iter().map(|element| written(&element.value).unwrap_or(Json::Null)).collect(),
        V::Record(object, _) => object.get("id").or_else(|| object.get("name")).cloned().unwrap_or(Json::Null),
        V::Count(low, high) if low == high => Json::from(*low),
        V::Count(..) => return None,
    })
}

fn is(value: &V, wanted: bool) -> bool {
    matches!(value, V::Bool(value) if *value == wanted)
}

pub fn is_known(value: &V) -> bool {
    !matches!(value, V::Unknown | V::Absent | V::Unreadable)
}

fn negate(value: V) -> V {
    match value {
        V::Bool(value) => V::Bool(!value),
        _ => V::Unknown,
    }
}

fn and(left: V, right: V) -> V {
    match (left, right) {
        (V::Bool(false), _) | (_, V::Bool(false)) => V::Bool(false),
        (V::Bool(true), V::Bool(true)) => V::Bool(true),
        _ => V::Unknown,
    }
}

fn compare(comparison: Comparison, left: &V, right: &V) -> V {
    match (comparison, left, right) {
        (Comparison::Equal, V::Malformed, _) | (Comparison::Equal, _, V::Malformed) => return V::Bool(false),
        (Comparison::NotEqual, V::Malformed, _) | (Comparison::NotEqual, _, V::Malformed) => return V::Bool(true),
        _ => {}
    }
    if let (V::Count(low, high), other) = (left, right) {
        let V::Int(other) = other else { return V::Unknown };
        let within = (*low as i64..=*high as i64).map(|n| compare(comparison, &V::Int(n), &V::Int(*other)));
        let mut within = within.map(|v| is(&v, true));
        let first = within.next().unwrap();
        return if within.all(|next| next == first) { V::Bool(first) } else { V::Unknown };
    }
    if let V::Count(..) = right {
        let flipped = match comparison {
            Comparison::Less => Comparison::Greater,
            Comparison::LessOrEqual => Comparison::GreaterOrEqual,
            Comparison::Greater => Comparison::Less,
            Comparison::GreaterOrEqual => Comparison::LessOrEqual,
            same => same,
        };
        return compare(flipped, right, left);
    }
    let order = match (left, right) {
        (V::Bool(a), V::Bool(b)) => a.cmp(b),
        (V::Int(a), V::Int(b)) => a.cmp(b),
        (V::Text(a), V::Text(b)) => a.cmp(b),
        (V::Instant(a), V::Instant(b)) => a.cmp(b),
        (V::Date(a), V::Date(b)) => a.cmp(b),
        (V::Duration(a), V::Duration(b)) => a.cmp(b),
        (V::Days(a), V::Days(b)) | (V::Months(a), V::Months(b)) => a.cmp(b),
        (V::Threshold(a), V::Threshold(b)) => {
            return V::Bool((a == b) == (comparison == Comparison::Equal));
        }
        _ => return V::Unknown,
    };
    V::Bool(match comparison {
        Comparison::Equal => order.is_eq(),
        Comparison::NotEqual => order.is_ne(),
        Comparison::Less | Comparison::Before => order.is_lt(),
        Comparison::LessOrEqual => order.is_le(),
        Comparison::Greater | Comparison::After => order.is_gt(),
        Comparison::GreaterOrEqual => order.is_ge(),
    })
}

fn contains(list: &V, item: &V) -> V {
    let V::List(elements) = list else { return V::Unknown };
    let mut answer = V::Bool(false);
    for element in elements.iter() {
        match (element.certain, compare(Comparison::Equal, &element.value, item)) {
            (true, V::Bool(true)) => return V::Bool(true),
            (_, V::Bool(false)) => {}
            _ => answer = V::Unknown,
        }
    }
    answer
}

fn set_relation(relation: SetRelation, left: &V, right: &V, or_none: bool) -> V {
    let (V::List(a), V::List(b)) = (left, right) else { return V::Unknown };
    let empty = match relation {
        SetRelation::Subset => a.is_empty(),
        SetRelation::Disjoint | SetRelation::Same => a.is_empty() || b.is_empty(),
    };
    if empty && !or_none {
        return V::Unknown;
    }
    let every = |xs: &[Element], judge: &dyn Fn(&V) -> V| {
        xs.iter().fold(V::Bool(true), |all, element| and(all, judge(&element.value)))
    };
    match relation {
        SetRelation::Subset => every(a, &|item| contains(right, item)),
        SetRelation::Disjoint => every(a, &|item| negate(contains(right, item))),
        SetRelation::Same => and(every(a, &|item| contains(right, item)), every(b, &|item| contains(left, item))),
    }
}

fn set_operation(operation: SetOperation, left: &V, right: &V) -> V {
    let list = |value: &V| match value {
        V::List(elements) => Some(Rc::clone(elements)),
        _ => None,
    };
    let (a, b) = (list(left), list(right));
    // Nothing has nothing in common with anything, and nothing can be taken from it.
    if a.as_ref().is_some_and(|a| a.is_empty()) && operation != SetOperation::Union {
        return V::List(Rc::default());
    }
    if b.as_ref().is_some_and(|b| b.is_empty()) && operation == SetOperation::Intersect {
        return V::List(Rc::default());
    }
    let (Some(a), Some(b)) = (a, b) else { return V::Unknown };
    let unknown = |elements: &[Element]| elements.iter().any(|element| !is_known(&element.value));
    let (wild_a, wild_b) = (unknown(&a), unknown(&b));
    // An unknown element may be anything: nobody knows what it adds.
    let hopeless = match operation {
        SetOperation::Union => wild_a || wild_b,
        SetOperation::Intersect => wild_a && wild_b,
        SetOperation::Minus => wild_a,
    };
    if hopeless {
        return V::Unknown;
    }
    let within = |list: &[Element], own: bool, item: &Element| {
        if own { V::Bool(true) } else { contains(&V::List(Rc::new(list.to_vec())), &item.value) }
    };
    let mut result: Vec<Element> = Vec::new();
    let candidates = a.iter().map(|item| (item, true)).chain(b.iter().map(|item| (item, false)));
    for (item, left) in candidates.filter(|(item, _)| is_known(&item.value)) {
        let (in_a, in_b) = (within(&a, left, item), within(&b, !left, item));
        let member = match operation {
            SetOperation::Union => V::Bool(true),
            SetOperation::Intersect => and(in_a, in_b),
            SetOperation::Minus => and(in_a, negate(in_b)),
        };
        match member {
            V::Bool(true) => {
                if !result.iter().any(|seen| is(&compare(Comparison::Equal, &seen.value, &item.value), true)) {
                    result.push(item.clone());
                }
            }
            V::Bool(false) => {}
            _ => return V::Unknown,
        }
    }
    V::List(Rc::new(result))
}

fn calculate(arithmetic: Arithmetic, left: V, right: V) -> V {
    let negative = arithmetic == Arithmetic::Subtract;
    let found = match (arithmetic, left, right) {
        (Arithmetic::Add, V::Int(a), V::Int(b)) => a.checked_add(b).map(V::Int),
        (Arithmetic::Subtract, V::Int(a), V::Int(b)) => a.checked_sub(b).map(V::Int),
        (Arithmetic::Multiply, V::Int(a), V::Int(b)) => a.checked_mul(b).map(V::Int),
        (Arithmetic::Subtract, V::Instant(a), V::Instant(b)) => Some(V::Duration(a.since(b))),
        (Arithmetic::Add, V::Instant(a), V::Duration(b)) => a.checked_add(b).map(V::Instant),
        (Arithmetic::Subtract, V::Instant(a), V::Duration(b)) => a.checked_sub(b).map(V::Instant),
        (Arithmetic::Add, V::Duration(a), V::Duration(b)) => a.checked_add(b).map(V::Duration),
        (Arithmetic::Subtract, V::Duration(a), V::Duration(b)) => a.checked_sub(b).map(V::Duration),
        (Arithmetic::Add, V::Days(a), V::Days(b)) => a.checked_add(b).map(V::Days),
        (Arithmetic::Subtract, V::Days(a), V::Days(b)) => a.checked_sub(b).map(V::Days),
        (_, V::Date(a), V::Days(b)) => signed(b, negative).and_then(|b| a.checked_add_days(b)).map(V::Date),
        (_, V::Date(a), V::Months(b)) => signed(b, negative).and_then(|b| a.checked_add_months(b)).map(V::Date),
        (_, V::Instant(a), V::Days(b)) => signed(b, negative).and_then(|b| a.checked_add_days(b)).map(V::Instant),
        (_, V::Instant(a), V::Months(b)) => signed(b, negative).and_then(|b| a.checked_add_months(b)).map(V::Instant),
        _ => None,
    };
    found.unwrap_or(V::Unknown)
}

fn signed(amount: i64, negative: bool) -> Option<i64> {
    if negative { amount.checked_neg() } else { Some(amount) }
}

fn aggregate_list(aggregate: Aggregate, list: &[Element], or_none: bool) -> V {
    let known = list.iter().all(|element| element.certain && is_known(&element.value));
    match aggregate {
        Aggregate::Count => {
            let certain = list.iter().filter(|element| element.certain).count();
            V::Count(certain as u64, list.len() as u64)
        }
        Aggregate::Distinct => {
            let (mut answer, mut certain) = (V::Bool(true), or_none);
            for (at, one) in list.iter().enumerate() {
                certain |= one.certain;
                if !is_known(&one.value) {
                    answer = V::Unknown;
                }
                for other in &list[..at] {
                    let same = is(&compare(Comparison::Equal, &one.value, &other.value), true);
                    match (same, one.certain && other.certain) {
                        (true, true) => return V::Bool(false),
                        (true, false) => answer = V::Unknown,
                        (false, _) => {}
                    }
                }
            }
            if certain { answer } else { V::Unknown }
        }
        Aggregate::Min | Aggregate::Max => {
            if list.is_empty() || !known {
                return V::Unknown;
            }
            let better = if aggregate == Aggregate::Max { Comparison::Greater } else { Comparison::Less };
            let best = list
                .iter()
                .map(|element| &element.value)
                .reduce(|best, next| if is(&compare(better, next, best), true) { next } else { best });
            best.cloned().unwrap()
        }
        Aggregate::CountDistinct | Aggregate::The | Aggregate::Latest | Aggregate::Earliest => {
            panic!("{aggregate:?} names its elements")
        }
    }
}

/// A text that is equal for equal values; a malformed one is equal to nothing.
fn identity(value: &V, at: usize) -> String {
    match value {
        V::Malformed => format!("malformed {at}"),
        value => format!("{value:?}"),
    }
}

fn folded(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    // Full case folding, as far as upper and then lower case reach it.
    words.join(" ").nfc().collect::<String>().to_uppercase().to_lowercase().nfc().collect()
}

fn threshold(json: &Json) -> Option<Threshold> {
    let weights = |list: &Json| list.as_array()?.iter().map(|w| Weight::parse(w.as_str()?)).collect::<Option<Vec<_>>>();
    match json {
        Json::String(text) => Threshold::parse_count(text),
        Json::Array(items) if items.first()?.is_array() => {
            items.iter().map(weights).collect::<Option<Vec<_>>>().map(Threshold::Weighted)
        }
        Json::Array(_) => Some(Threshold::Weighted(vec![weights(json)?])),
        _ => None,
    }
}
