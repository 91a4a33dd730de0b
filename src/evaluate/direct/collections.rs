//! Lists, and what is said of their elements.

use std::ops::ControlFlow;

use crate::compile::direct::{List, Term, Test, Walk};
use crate::expr::ast::{Quantifier, SetRelation};
use crate::facts::CellValue;

use super::value::{is_same, known, ordering, plain};
use super::{Direction, Elements, Known};
use crate::evaluate::collections::{PAIRS_MAX, total_order};

impl<'a> Direction<'a> {
    /// A list; what is computed is on the scratch stack.
    pub(super) fn list(&mut self, list: &'a List) -> Option<Elements> {
        match list {
            List::Term(term) => match self.term(term)? {
                CellValue::List(list) => Some(Elements::Cells(list)),
                _ => None,
            },
            List::Members(kind) => {
                let population = self.facts.population(*kind);
                let is_known = population.unknown.is_none() && population.unreadable.is_empty();
                is_known.then_some(Elements::Members(*kind))
            }
            List::Kept(place) => match self.kept(*place)? {
                Known::List(list) => Some(list),
                Known::Value(_) => None,
            },
            List::Written(terms) => {
                let start = self.scratch.len();
                for term in terms {
                    let value = self.term(term)?;
                    self.scratch.push(value);
                }
                Some(Elements::Scratch(start, self.scratch.len()))
            }
            List::Project(parts) => {
                let (walk, element) = &**parts;
                let source = self.list(&walk.list)?;
                let start = self.scratch.len();
                for index in 0..self.length(source) {
                    if self.take(walk, source, index)? {
                        let value = self.term(element)?;
                        self.scratch.push(value);
                    }
                }
                Some(Elements::Scratch(start, self.scratch.len()))
            }
        }
    }

    #[inline]
    pub(super) fn length(&self, list: Elements) -> usize {
        match list {
            Elements::Cells(list) => list.length as usize,
            Elements::Members(kind) => self.facts.population(kind).members.len(),
            Elements::Scratch(start, end) | Elements::Kept(start, end) => end - start,
        }
    }

    #[inline]
    pub(super) fn element(&self, list: Elements, index: usize) -> Option<CellValue<'a>> {
        match list {
            Elements::Cells(list) => known(&self.facts.element(list.start + index as u32).value),
            Elements::Members(kind) => {
                self.facts.population(kind).members.get(index).map(|node| CellValue::Record(*node))
            }
            Elements::Scratch(start, _) => self.scratch.get(start + index).copied(),
            Elements::Kept(start, _) => self.kept_elements.get(start + index).copied(),
        }
    }

    /// Binds an element; false where the filter does not let it through.
    #[inline]
    pub(super) fn take(&mut self, walk: &'a Walk, list: Elements, index: usize) -> Option<bool> {
        self.charge(walk.weight)?;
        let element = self.element(list, index)?;
        self.bind(walk.local, element);
        match &walk.filter {
            None => Some(true),
            Some(filter) => self.test(filter),
        }
    }

    /// Each element that the filter lets through, until one is enough.
    pub(super) fn each(
        &mut self,
        walk: &'a Walk,
        mut see: impl FnMut(&mut Self, CellValue<'a>) -> Option<ControlFlow<()>>,
    ) -> Option<()> {
        let list = self.list(&walk.list)?;
        for index in 0..self.length(list) {
            if self.take(walk, list, index)? {
                let element = self.locals[usize::from(walk.local.0)];
                if see(self, element)?.is_break() {
                    break;
                }
            }
        }
        Some(())
    }

    #[inline(never)]
    pub(super) fn quantified(
        &mut self,
        quantifier: Quantifier,
        walk: &'a Walk,
        or_none: bool,
        satisfies: Option<&'a Test>,
    ) -> Option<bool> {
        let list = self.list(&walk.list)?;
        let (mut seen, mut count) = (false, 0u32);
        for index in 0..self.length(list) {
            if !self.take(walk, list, index)? {
                continue;
            }
            seen = true;
            let answer = match satisfies {
                None => true,
                Some(satisfies) => self.test(satisfies)?,
            };
            match quantifier {
                Quantifier::Every if !answer => return Some(false),
                Quantifier::No if answer => return Some(false),
                Quantifier::Some | Quantifier::Exists if answer => return Some(true),
                Quantifier::ExactlyOne if answer => {
                    count += 1;
                    if count > 1 {
                        return Some(false);
                    }
                }
                Quantifier::Every | Quantifier::No | Quantifier::Some | Quantifier::Exists | Quantifier::ExactlyOne => {
                }
            }
        }
        match quantifier {
            // A statement about all elements says nothing of none.
            Quantifier::Every | Quantifier::No => (seen || or_none).then_some(true),
            Quantifier::Some | Quantifier::Exists => Some(false),
            Quantifier::ExactlyOne => Some(count == 1),
        }
    }

    pub(super) fn contains(&mut self, list: Elements, item: &CellValue<'a>) -> Option<bool> {
        let length = self.length(list);
        self.charge(length as u32)?;
        let elements = match list {
            Elements::Scratch(start, end) => self.scratch.get(start..end)?,
            Elements::Kept(start, end) => self.kept_elements.get(start..end)?,
            Elements::Members(_) | Elements::Cells(_) => {
                for index in 0..length {
                    if is_same(item, &self.element(list, index)?)? {
                        return Some(true);
                    }
                }
                return Some(false);
            }
        };
        for element in elements {
            if is_same(item, element)? {
                return Some(true);
            }
        }
        Some(false)
    }

    #[inline(never)]
    pub(super) fn relation(
        &mut self,
        relation: SetRelation,
        left: Elements,
        right: Elements,
        or_none: bool,
    ) -> Option<bool> {
        if !or_none && (self.length(left) == 0 || relation != SetRelation::Subset && self.length(right) == 0) {
            return None;
        }
        match relation {
            SetRelation::Subset => self.all_in(left, right, true),
            SetRelation::Disjoint => self.all_in(left, right, false),
            SetRelation::Same => Some(self.all_in(left, right, true)? && self.all_in(right, left, true)?),
        }
    }

    /// Whether every element of one list is (or, if not `wanted`, is not) in the other.
    pub(super) fn all_in(&mut self, list: Elements, other: Elements, wanted: bool) -> Option<bool> {
        for index in 0..self.length(list) {
            let element = self.element(list, index)?;
            if self.contains(other, &element)? != wanted {
                return Some(false);
            }
        }
        Some(true)
    }

    #[inline(never)]
    pub(super) fn distinct(&mut self, walk: &'a Walk, by: Option<&'a Term>, or_none: bool) -> Option<bool> {
        let list = self.list(&walk.list)?;
        let start = self.scratch.len();
        for index in 0..self.length(list) {
            if self.take(walk, list, index)? {
                let key = match by {
                    None => self.locals[usize::from(walk.local.0)],
                    Some(by) => self.term(by)?,
                };
                if let CellValue::List(_) = key {
                    return None;
                }
                self.scratch.push(key);
            }
        }
        let keys = &mut self.scratch[start..];
        if keys.is_empty() {
            return or_none.then_some(true);
        }
        if keys.len() > PAIRS_MAX {
            keys.sort_unstable_by(|a, b| match (plain(a), plain(b)) {
                (Some(a), Some(b)) => total_order(a, b),
                (a, b) => a.is_some().cmp(&b.is_some()),
            });
            for pair in keys.windows(2) {
                if is_same(&pair[0], &pair[1])? {
                    return Some(false);
                }
            }
            return Some(true);
        }
        for (at, key) in keys.iter().enumerate() {
            for other in &keys[..at] {
                if is_same(key, other)? {
                    return Some(false);
                }
            }
        }
        Some(true)
    }

    /// The element with the greatest or the least key, where no other has it too.
    pub(super) fn extreme(&mut self, walk: &'a Walk, by: &'a Term, latest: bool) -> Option<CellValue<'a>> {
        let list = self.list(&walk.list)?;
        let (mut best, mut is_tied): (Option<(CellValue<'a>, CellValue<'a>)>, bool) = (None, false);
        for index in 0..self.length(list) {
            if !self.take(walk, list, index)? {
                continue;
            }
            let element = self.locals[usize::from(walk.local.0)];
            let key = self.term(by)?;
            match best {
                None => best = Some((key, element)),
                Some((greatest, _)) => {
                    let ordering = ordering(&key, &greatest)?;
                    let ordering = if latest { ordering } else { ordering.reverse() };
                    if ordering.is_gt() {
                        (best, is_tied) = (Some((key, element)), false);
                    } else if ordering.is_eq() {
                        is_tied = true;
                    }
                }
            }
        }
        best.filter(|_| !is_tied).map(|(_, element)| element)
    }
}
