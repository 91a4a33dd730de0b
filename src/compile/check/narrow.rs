//! Which tags an element can still have, given the conditions to its left.
//!
//! `where e.type == "verified"` makes the fields of that tag readable; so do `in [..]`, `!=`, and
//! conjunctions. Only what a condition says about a bound variable is followed.

use super::{Checker, Value};
use crate::expr::ast::{Comparison, Expr, ExprKind, Literal};
use crate::facts::schema::{Type, Variants};

/// A set of tags: bit n is the n-th tag of the schema's `x-variants`, which has at most 128.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::compile) struct Tags(u128);

impl Tags {
    pub(super) fn all(variants: &Variants) -> Self {
        Self::of(variants, |_| true)
    }

    /// The tags whose objects have the field.
    pub(super) fn having(variants: &Variants, field: u16) -> Self {
        let common = variants.common.contains(&field);
        Self::of(variants, |(_, fields)| common || fields.contains(&field))
    }

    fn of(variants: &Variants, mut is_in: impl FnMut(&(String, Vec<u16>)) -> bool) -> Self {
        let bits =
            variants.by_tag.iter().enumerate().filter(|(_, tag)| is_in(tag)).fold(0, |bits, (at, _)| bits | 1 << at);
        Self(bits)
    }

    pub(super) fn within(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }

    pub(super) fn names(self, variants: &Variants) -> Vec<&str> {
        let tags = variants.by_tag.iter().enumerate().filter(|(at, _)| self.0 >> at & 1 == 1);
        tags.map(|(_, (name, _))| name.as_str()).collect()
    }
}

/// A variable, by its index, and the tags it can have.
pub(super) type Narrowing = Vec<(usize, Tags)>;

impl<'a> Checker<'a, '_> {
    /// Runs a check with what a condition says about the tags of variables.
    pub(super) fn narrowed<T>(&mut self, narrowing: &Narrowing, check: impl FnOnce(&mut Self) -> T) -> T {
        let mut before = Vec::with_capacity(narrowing.len());
        for (at, tags) in narrowing {
            let Some(value) = &mut self.variables[*at].value else { continue };
            before.push((*at, value.tags));
            value.tags = Some(value.tags.map_or(*tags, |known| Tags(known.0 & tags.0)));
        }
        let result = check(self);
        for (at, tags) in before.into_iter().rev() {
            if let Some(value) = &mut self.variables[at].value {
                value.tags = tags;
            }
        }
        result
    }

    /// Keeps what a condition says for the rest of the scope.
    pub(in crate::compile) fn assume(&mut self, condition: &Expr) {
        for (at, tags) in self.implied(condition, true) {
            if let Some(value) = &mut self.variables[at].value {
                value.tags = Some(value.tags.map_or(tags, |known| Tags(known.0 & tags.0)));
            }
        }
    }

    /// What a condition says about tags if it is true, or if it is false.
    pub(super) fn implied(&self, condition: &Expr, truth: bool) -> Narrowing {
        match &condition.kind {
            ExprKind::Not(inner) => self.implied(inner, !truth),
            ExprKind::And(left, right) if truth => self.both(left, right, truth),
            ExprKind::Or(left, right) if !truth => self.both(left, right, truth),
            ExprKind::And(left, right) | ExprKind::Or(left, right) => self.either(left, right, truth),
            ExprKind::Compare(Comparison::Equal, left, right) => self.tag_test(left, right, truth),
            ExprKind::Compare(Comparison::NotEqual, left, right) => self.tag_test(left, right, !truth),
            ExprKind::In { item, list, negated } => match &list.kind {
                ExprKind::List(values) => self.tag_is_one_of(item, values, truth != *negated),
                _ => Vec::new(),
            },
            _ => Vec::new(),
        }
    }

    fn both(&self, left: &Expr, right: &Expr, truth: bool) -> Narrowing {
        let mut all = self.implied(left, truth);
        for (at, tags) in self.implied(right, truth) {
            match all.iter_mut().find(|(known, _)| *known == at) {
                Some((_, known)) => *known = Tags(known.0 & tags.0),
                None => all.push((at, tags)),
            }
        }
        all
    }

    fn either(&self, left: &Expr, right: &Expr, truth: bool) -> Narrowing {
        let right = self.implied(right, truth);
        let left = self.implied(left, truth).into_iter();
        let shared = left.filter_map(|(at, tags)| {
            right.iter().find(|(other, _)| *other == at).map(|(_, other)| (at, Tags(tags.0 | other.0)))
        });
        shared.collect()
    }

    fn tag_test(&self, left: &Expr, right: &Expr, equal: bool) -> Narrowing {
        let (item, value) = if matches!(left.kind, ExprKind::Literal(_)) { (right, left) } else { (left, right) };
        self.tag_is_one_of(item, std::slice::from_ref(value), equal)
    }

    fn tag_is_one_of(&self, item: &Expr, values: &[Expr], inside: bool) -> Narrowing {
        let ExprKind::Field(base, field) = &item.kind else { return Vec::new() };
        let ExprKind::Name(name) = &base.kind else { return Vec::new() };
        let position = self.variables[self.floor..].iter().rposition(|variable| variable.name == name);
        let Some(at) = position.map(|position| position + self.floor) else { return Vec::new() };
        let Some(Value { type_: Type::Record(id), .. }) = &self.variables[at].value else { return Vec::new() };
        let type_ = self.names.schema.struct_type(*id);
        let Some(variants) = &type_.variants else { return Vec::new() };
        if type_.field(&field.text) != Some(variants.tag) {
            return Vec::new();
        }
        let mut texts = Vec::with_capacity(values.len());
        for value in values {
            match &value.kind {
                ExprKind::Literal(Literal::Text(text)) => texts.push(text.as_str()),
                _ => return Vec::new(),
            }
        }
        vec![(at, Tags::of(variants, |(tag, _)| texts.contains(&tag.as_str()) == inside))]
    }
}
