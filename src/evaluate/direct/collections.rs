//! Lists, and what is said of their elements.

use std::ops::ControlFlow;

use crate::compile::direct::{List, Term, Test, Walk};
use crate::expr::ast::{Quantifier, SetRelation};
use crate::facts::CellValue;

use super::value::{is_same, known, ordering, plain};
use super::{Direction, Elements, Fact, Known};
use crate::evaluate::collections::{PAIRS_MAX, total_order};

impl Elements<'_> {
    #[inline]
    pub(super) fn length(&self) -> usize {
        match self {
            Elements::Cells(cells) => cells.len(),
            Elements::Members(nodes) => nodes.len(),
            Elements::Computed(values) => values.len(),
        }
    }
}

impl<'a> Direction<'a> {
    pub(super) fn list(&mut self, list: &'a List) -> Option<Elements<'a>> {
        match list {
            List::Term(term) => match *self.term(term)? {
                CellValue::List(list) => Some(Elements::Cells(self.facts.elements(list))),
                _ => None,
            },
            List::Members(kind) => {
                let population = self.facts.population(*kind);
                let is_known = population.unknown.is_none() && population.unreadable.is_empty();
                is_known.then_some(Elements::Members(&population.members))
            }
            List::Kept(place) => match self.kept(*place)? {
                Known::List(list) => Some(list),
                Known::Value(_) => None,
            },
            List::Written(terms) => {
                let values = self.room(terms.len())?;
                for (value, term) in values.iter_mut().zip(terms) {
                    *value = self.term(term)?;
                }
                Some(Elements::Computed(values))
            }
            List::Project(parts) => {
                let (walk, element) = &**parts;
                Some(Elements::Computed(self.elements(walk, Some(element))?))
            }
        }
    }

    /// The elements that the filter of a walk lets through, or a value for each.
    fn elements(&mut self, walk: &'a Walk, value: Option<&'a Term>) -> Option<&'a mut [Fact<'a>]> {
        let list = self.walked(walk)?;
        let (values, mut length) = (self.room(list.length())?, 0);
        for index in 0..list.length() {
            if let Some(element) = self.take(walk, list, index)? {
                values[length] = match value {
                    None => element,
                    Some(value) => self.term(value)?,
                };
                length += 1;
            }
        }
        Some(&mut values[..length])
    }

    /// Room for so many values.
    fn room(&self, length: usize) -> Option<&'a mut [Fact<'a>]> {
        self.arena.try_alloc_slice_fill_copy::<Fact<'a>>(length, &CellValue::Absent).ok()
    }

    /// The list of a walk, all of whose turns are charged.
    #[inline]
    pub(super) fn walked(&mut self, walk: &'a Walk) -> Option<Elements<'a>> {
        let list = self.list(&walk.list)?;
        self.charge(walk.weight.checked_mul(u32::try_from(list.length()).ok()?)?)?;
        Some(list)
    }

    #[inline(always)]
    fn element(&self, list: Elements<'a>, index: usize) -> Option<Fact<'a>> {
        match list {
            Elements::Cells(cells) => known(&cells.get(index)?.value),
            Elements::Members(nodes) => self.computed(CellValue::Record(*nodes.get(index)?)),
            Elements::Computed(values) => values.get(index).copied(),
        }
    }

    /// Binds an element; none where the filter does not let it through.
    #[inline(always)]
    pub(super) fn take(&mut self, walk: &'a Walk, list: Elements<'a>, index: usize) -> Option<Option<Fact<'a>>> {
        let element = self.element(list, index)?;
        self.bind(walk.local, element);
        match &walk.filter {
            None => Some(Some(element)),
            Some(filter) => Some(self.test(filter)?.then_some(element)),
        }
    }

    /// Each element that the filter lets through, until one is enough.
    pub(super) fn each(
        &mut self,
        walk: &'a Walk,
        mut see: impl FnMut(&mut Self, Fact<'a>) -> Option<ControlFlow<()>>,
    ) -> Option<()> {
        let list = self.walked(walk)?;
        for index in 0..list.length() {
            if let Some(element) = self.take(walk, list, index)?
                && see(self, element)?.is_break()
            {
                break;
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
        let list = self.walked(walk)?;
        let (mut seen, mut count) = (false, 0u32);
        for index in 0..list.length() {
            if self.take(walk, list, index)?.is_none() {
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

    pub(super) fn contains(&mut self, list: Elements<'a>, item: Fact<'a>) -> Option<bool> {
        self.charge(list.length() as u32)?;
        if let Elements::Computed(values) = list {
            return has(values, item);
        }
        for index in 0..list.length() {
            if is_same(item, self.element(list, index)?)? {
                return Some(true);
            }
        }
        Some(false)
    }

    #[inline(never)]
    pub(super) fn relation(
        &mut self,
        relation: SetRelation,
        left: Elements<'a>,
        right: Elements<'a>,
        or_none: bool,
    ) -> Option<bool> {
        if !or_none && (left.length() == 0 || relation != SetRelation::Subset && right.length() == 0) {
            return None;
        }
        match relation {
            SetRelation::Subset => self.all_in(left, right, true),
            SetRelation::Disjoint => self.all_in(left, right, false),
            SetRelation::Same => Some(self.all_in(left, right, true)? && self.all_in(right, left, true)?),
        }
    }

    /// Whether every element of one list is (or, if not `wanted`, is not) in the other.
    fn all_in(&mut self, list: Elements<'a>, other: Elements<'a>, wanted: bool) -> Option<bool> {
        for index in 0..list.length() {
            let element = self.element(list, index)?;
            if self.contains(other, element)? != wanted {
                return Some(false);
            }
        }
        Some(true)
    }

    #[inline(never)]
    pub(super) fn distinct(&mut self, walk: &'a Walk, by: Option<&'a Term>, or_none: bool) -> Option<bool> {
        let keys = self.elements(walk, by)?;
        if keys.iter().any(|key| matches!(key, CellValue::List(_))) {
            return None;
        }
        if keys.is_empty() {
            return or_none.then_some(true);
        }
        if keys.len() > PAIRS_MAX {
            keys.sort_unstable_by(|a, b| match (plain(a), plain(b)) {
                (Some(a), Some(b)) => total_order(a, b),
                (a, b) => a.is_some().cmp(&b.is_some()),
            });
            for pair in keys.windows(2) {
                if is_same(pair[0], pair[1])? {
                    return Some(false);
                }
            }
            return Some(true);
        }
        for (at, key) in keys.iter().enumerate() {
            if has(&keys[..at], key)? {
                return Some(false);
            }
        }
        Some(true)
    }

    /// The element with the greatest or the least key, where no other has it too.
    pub(super) fn extreme(&mut self, walk: &'a Walk, by: &'a Term, latest: bool) -> Option<Fact<'a>> {
        let list = self.walked(walk)?;
        let (mut best, mut is_tied): (Option<(Fact<'a>, Fact<'a>)>, bool) = (None, false);
        for index in 0..list.length() {
            let Some(element) = self.take(walk, list, index)? else { continue };
            let key = self.term(by)?;
            match best {
                None => best = Some((key, element)),
                Some((greatest, _)) => {
                    let ordering = ordering(key, greatest)?;
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

/// Whether one of these values is equal to another.
#[inline]
fn has(values: &[Fact<'_>], item: Fact<'_>) -> Option<bool> {
    for value in values {
        if is_same(item, value)? {
            return Some(true);
        }
    }
    Some(false)
}
