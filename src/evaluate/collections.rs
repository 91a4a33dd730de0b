//! Quantifiers, counts, choices among elements, projections.
//!
//! An element may be doubtful: its filter is unknown, or its record could not be read. It then
//! decides only what it decides either way.

use std::cmp::Ordering;

use crate::compile::program::{Op, OpId, Over};
use crate::expr::ast::{Comparison, Quantifier};
use crate::facts::Cause;

use super::compare::{holds, order};
use super::machine::Machine;
use super::value::{Element, Known, ListRef, Truth, Unknown, Value, blame, both};

/// Most elements that are compared each with each: a sort of so few takes longer.
pub(super) const PAIRS_MAX: usize = 24;

/// A number that is known to lie between two ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Interval {
    pub low: i64,
    pub high: i64,
    /// Why the ends differ.
    pub why: Option<Unknown>,
}

impl<'a> Machine<'a> {
    /// The next element that the filter does not refuse, bound to the local; `at` is where to go on.
    pub(super) fn next(&mut self, over: &Over, list: ListRef, at: &mut usize) -> Option<Element<'a>> {
        while *at < self.length(list) && self.step() {
            let mut element = self.element(list, *at, over.list);
            *at += 1;
            self.bind(over.local, element.value, element.at);
            let Some(filter) = over.filter else { return Some(element) };
            let mark = self.mark();
            let selected = self.truth(filter);
            self.release(mark);
            match selected {
                Ok(true) => return Some(element),
                Ok(false) => {}
                Err(unknown) => {
                    blame(&mut element.doubt, unknown.plain());
                    return Some(element);
                }
            }
        }
        None
    }

    pub(super) fn quantified(
        &mut self,
        op: OpId,
        quantifier: Quantifier,
        over: &Over,
        or_none: bool,
        satisfies: Option<OpId>,
    ) -> Truth {
        let mark = self.mark();
        let answer = match self.list(over.list) {
            Err(unknown) => Err(unknown),
            Ok(list) => match quantifier {
                Quantifier::Every => self.all(op, over, list, or_none, satisfies, true),
                Quantifier::No => self.all(op, over, list, or_none, satisfies, false),
                Quantifier::Some | Quantifier::Exists => self.any(over, list, satisfies),
                Quantifier::ExactlyOne => self.exactly_one(over, list, satisfies),
            },
        };
        self.release(mark);
        answer
    }

    fn satisfied_by_element(&mut self, satisfies: Option<OpId>) -> Truth {
        let mark = self.mark();
        let answer = satisfies.map_or(Ok(true), |condition| self.truth(condition));
        self.release(mark);
        answer
    }

    /// `every` (goal true) and `no` (goal false).
    fn all(
        &mut self,
        op: OpId,
        over: &Over,
        list: ListRef,
        or_none: bool,
        satisfies: Option<OpId>,
        goal: bool,
    ) -> Truth {
        let (mut at, mut certain) = (0, false);
        let (mut blamed, mut doubt) = (None, None);
        while let Some(element) = self.next(over, list, &mut at) {
            certain |= element.doubt.is_none();
            doubt = doubt.or(element.doubt);
            match (self.satisfied_by_element(satisfies), element.doubt) {
                (Ok(answer), None) if answer != goal => return Ok(false),
                (Ok(answer), Some(doubt)) if answer != goal => blame(&mut blamed, doubt),
                (Ok(_), _) => {}
                (Err(unknown), doubt) => blame(&mut blamed, doubted(unknown, doubt)),
            }
        }
        match (blamed, certain || or_none, doubt) {
            (Some(unknown), _, _) => Err(unknown),
            (None, true, _) => Ok(true),
            (None, false, Some(doubt)) => Err(doubt),
            (None, false, None) => Err(Unknown::new(Cause::Empty, op)),
        }
    }

    /// `some` and `exists`.
    fn any(&mut self, over: &Over, list: ListRef, satisfies: Option<OpId>) -> Truth {
        let (mut at, mut blamed) = (0, None);
        while let Some(element) = self.next(over, list, &mut at) {
            match (self.satisfied_by_element(satisfies), element.doubt) {
                (Ok(true), None) => return Ok(true),
                (Ok(true), Some(doubt)) => blame(&mut blamed, doubt),
                (Ok(false), _) => {}
                (Err(unknown), doubt) => blame(&mut blamed, doubted(unknown, doubt)),
            }
        }
        blamed.map_or(Ok(false), Err)
    }

    fn exactly_one(&mut self, over: &Over, list: ListRef, satisfies: Option<OpId>) -> Truth {
        let (mut at, mut low, mut high, mut blamed) = (0, 0, 0, None);
        while let Some(element) = self.next(over, list, &mut at) {
            match (self.satisfied_by_element(satisfies), element.doubt) {
                (Ok(false), _) => continue,
                (Ok(true), None) => low += 1,
                (Ok(true), Some(doubt)) => blame(&mut blamed, doubt),
                (Err(unknown), doubt) => blame(&mut blamed, doubted(unknown, doubt)),
            }
            high += 1;
            if low > 1 {
                return Ok(false);
            }
        }
        match (low, high, blamed) {
            (1, 1, _) => Ok(true),
            (_, 0, _) => Ok(false),
            (_, _, Some(unknown)) => Err(unknown),
            (_, _, None) => Ok(false),
        }
    }

    /// The ends between which the value of an operation lies: a count, or any integer.
    pub(super) fn interval(&mut self, op: OpId) -> Result<Interval, Unknown> {
        let Op::Count { over, distinct_by } = self.op(op) else {
            return match self.eval(op)? {
                Value::Int(value) => Ok(Interval { low: value, high: value, why: None }),
                _ => Err(Unknown::new(Cause::Invalid, op)),
            };
        };
        let mark = self.mark();
        let interval = self.list(over.list).and_then(|list| match distinct_by {
            None => Ok(self.count_elements(over, list)),
            Some(key) => self.count_keys(over, list, *key),
        });
        self.release(mark);
        // A count that was cut short is no count.
        if self.steps == 0 { Err(Unknown::new(Cause::Overflow, op)) } else { interval }
    }

    fn count_elements(&mut self, over: &Over, list: ListRef) -> Interval {
        let mut interval = Interval { low: 0, high: 0, why: None };
        let mut at = 0;
        while let Some(element) = self.next(over, list, &mut at) {
            interval.high += 1;
            match element.doubt {
                None => interval.low += 1,
                Some(doubt) => blame(&mut interval.why, doubt),
            }
        }
        interval
    }

    /// The number of different keys. An unknown key may be a new one or one that is known already.
    fn count_keys(&mut self, over: &Over, list: ListRef, key: OpId) -> Result<Interval, Unknown> {
        let from = self.pending.len();
        let (mut certain, mut unknown_keys, mut why) = (false, 0, None);
        let mut at = 0;
        while let Some(element) = self.next(over, list, &mut at) {
            certain |= element.doubt.is_none();
            let value = self.key(key);
            match value {
                Ok(_) => self.pending.push(Element { value, ..element }),
                Err(unknown) => {
                    unknown_keys += 1;
                    blame(&mut why, unknown);
                }
            }
            if let Some(doubt) = element.doubt {
                blame(&mut why, doubt);
            }
        }
        self.sort_pending(from);
        let (mut known, mut all) = (0, 0);
        let mut first = from;
        while first < self.pending.len() {
            let end = self.run_end(first);
            all += 1;
            known += i64::from(self.pending[first..end].iter().any(|element| element.doubt.is_none()));
            first = end;
        }
        self.pending.truncate(from);
        let low = known.max(i64::from(certain));
        let high = all + unknown_keys;
        Ok(Interval { low, high, why: why.filter(|_| low != high) })
    }

    /// The value of a key. A key that is a list would be cut off with the scratch stack: it has no
    /// order and no use here, so it is invalid.
    fn key(&mut self, key: OpId) -> Known<'a> {
        let mark = self.mark();
        let value = self.eval(key);
        self.release(mark);
        match value {
            Ok(Value::List(_)) => Err(Unknown::new(Cause::Invalid, key)),
            value => value,
        }
    }

    /// Whether two of the pending elements, all of them certain, are equal.
    fn has_equal_pair(&self, from: usize) -> bool {
        let elements = &self.pending[from..];
        elements.iter().enumerate().any(|(at, element)| {
            elements[..at].iter().any(|other| match (element.value, other.value) {
                (Ok(Value::Text(a)), Ok(Value::Text(b))) => a == b,
                (Ok(Value::Malformed(_)), _) | (_, Ok(Value::Malformed(_))) => false,
                (a, b) => order_of_known(a, b).is_eq(),
            })
        })
    }

    /// Sorts the pending elements by value, certain ones first among equals.
    fn sort_pending(&mut self, from: usize) {
        self.pending[from..]
            .sort_unstable_by(|a, b| order_of_known(a.value, b.value).then(a.doubt.is_some().cmp(&b.doubt.is_some())));
    }

    /// The end of the run of pending elements that equal the one at `first`. A malformed value is
    /// equal to nothing, so it is a run of its own.
    fn run_end(&self, first: usize) -> usize {
        let value = self.pending[first].value;
        if matches!(value, Ok(Value::Malformed(_))) {
            return first + 1;
        }
        let same = self.pending[first..].iter().take_while(|other| order_of_known(other.value, value).is_eq()).count();
        first + same
    }

    /// A count where it is no side of a comparison: known if its ends agree.
    pub(super) fn count(&mut self, op: OpId) -> Known<'a> {
        let interval = self.interval(op)?;
        match interval.why {
            Some(unknown) if interval.low != interval.high => Err(unknown),
            _ => Ok(Value::Int(interval.high)),
        }
    }

    pub(super) fn compare_count(&mut self, comparison: Comparison, count: OpId, other: OpId) -> Truth {
        let (a, b) = both(self.interval(count), self.interval(other))?;
        // The answer is known if all four pairs of ends give it, and, for equality, if no number in
        // between could give another one.
        let answers = [(a.low, b.low), (a.low, b.high), (a.high, b.low), (a.high, b.high)]
            .map(|(left, right)| holds(comparison, left.cmp(&right)));
        let overlap = a.low <= b.high && b.low <= a.high;
        let single = a.low == a.high && b.low == b.high;
        let known = match comparison {
            Comparison::Equal | Comparison::NotEqual => single || !overlap,
            Comparison::Less
            | Comparison::LessOrEqual
            | Comparison::Greater
            | Comparison::GreaterOrEqual
            | Comparison::Before
            | Comparison::After => answers.iter().all(|answer| *answer == answers[0]),
        };
        match (known, a.why, b.why) {
            (true, _, _) => Ok(answers[0]),
            (false, Some(a), Some(b)) => Err(a.and(b)),
            (false, Some(unknown), None) | (false, None, Some(unknown)) => Err(unknown),
            (false, None, None) => Err(Unknown::new(Cause::Invalid, count)),
        }
    }

    pub(super) fn distinct(&mut self, op: OpId, over: &Over, by: Option<OpId>, or_none: bool) -> Truth {
        let mark = self.mark();
        let from = self.pending.len();
        let answer = self.list(over.list).and_then(|list| {
            let (mut at, mut certain) = (0, false);
            let (mut blamed, mut doubt) = (None, None);
            while let Some(element) = self.next(over, list, &mut at) {
                certain |= element.doubt.is_none();
                doubt = doubt.or(element.doubt);
                let value = by.map_or(element.value, |key| self.key(key));
                match value {
                    Ok(_) => self.pending.push(Element { value, ..element }),
                    Err(unknown) => blame(&mut blamed, unknown),
                }
            }
            if doubt.is_none() && self.pending.len() - from <= PAIRS_MAX {
                if self.has_equal_pair(from) {
                    return Ok(false);
                }
                self.pending.truncate(from);
            }
            self.sort_pending(from);
            let mut first = from;
            while first < self.pending.len() {
                let end = self.run_end(first);
                if let [_, second, ..] = &self.pending[first..end] {
                    match second.doubt {
                        None => return Ok(false),
                        Some(doubt) => blame(&mut blamed, doubt),
                    }
                }
                first = end;
            }
            match (blamed, certain || or_none, doubt) {
                (Some(unknown), _, _) => Err(unknown),
                (None, true, _) => Ok(true),
                (None, false, Some(doubt)) => Err(doubt),
                (None, false, None) => Err(Unknown::new(Cause::Empty, op)),
            }
        });
        self.pending.truncate(from);
        self.release(mark);
        answer
    }

    /// The one element that matches.
    pub(super) fn the(&mut self, op: OpId, over: &Over) -> Known<'a> {
        let list = self.list(over.list)?;
        let (mut at, mut found, mut doubt) = (0, None, None);
        while let Some(element) = self.next(over, list, &mut at) {
            match (element.doubt, found) {
                (Some(unknown), _) => blame(&mut doubt, unknown),
                (None, None) => found = Some(element),
                (None, Some(_)) => return Err(Unknown::at(Cause::Several, op, element.at)),
            }
        }
        match (doubt, found) {
            (Some(unknown), _) => Err(unknown),
            (None, Some(element)) => element.value,
            (None, None) => Err(Unknown::new(Cause::None, op)),
        }
    }

    /// The element with the greatest or the least key.
    pub(super) fn extreme(&mut self, op: OpId, over: &Over, by: OpId, latest: bool) -> Known<'a> {
        let list = self.list(over.list)?;
        let mut best: Option<(Value<'a>, Element<'a>)> = None;
        let (mut at, mut tied, mut blamed) = (0, None, None);
        while let Some(element) = self.next(over, list, &mut at) {
            if let Some(doubt) = element.doubt {
                blame(&mut blamed, doubt);
            }
            let key = match self.key(by) {
                Ok(key) => key,
                Err(unknown) => {
                    blame(&mut blamed, unknown);
                    continue;
                }
            };
            let ordering = match best {
                None => Some(Ordering::Greater),
                Some((greatest, _)) if latest => order(key, greatest),
                Some((least, _)) => order(least, key),
            };
            match ordering {
                Some(Ordering::Greater) => (best, tied) = (Some((key, element)), None),
                Some(Ordering::Equal) => tied = Some(element.at),
                Some(Ordering::Less) => {}
                None => blame(&mut blamed, Unknown::at(Cause::Invalid, by, element.at)),
            }
        }
        match (blamed, tied, best) {
            (Some(unknown), _, _) => Err(unknown),
            (None, Some(at), _) => Err(Unknown::at(Cause::Tied, op, at)),
            (None, None, Some((_, element))) => element.value,
            (None, None, None) => Err(Unknown::new(Cause::None, op)),
        }
    }

    /// The greatest or the least element.
    pub(super) fn bound(&mut self, op: OpId, list: OpId, greatest: bool) -> Known<'a> {
        let elements = self.list(list)?;
        let (mut best, mut blamed) = (None, None);
        for index in 0..self.length(elements) {
            let element = self.element(elements, index, list);
            if let Some(doubt) = element.doubt {
                blame(&mut blamed, doubt);
            }
            let better = match (element.value, best) {
                (Err(unknown), _) => {
                    blame(&mut blamed, unknown);
                    continue;
                }
                (Ok(value), None) => order(value, value).map(|_| value),
                (Ok(value), Some(best)) => order(value, best).map(|ordering| match (ordering, greatest) {
                    (Ordering::Greater, true) | (Ordering::Less, false) => value,
                    (Ordering::Greater, false) | (Ordering::Less, true) | (Ordering::Equal, _) => best,
                }),
            };
            match better {
                Some(value) => best = Some(value),
                None => blame(&mut blamed, Unknown::at(Cause::Invalid, op, element.at)),
            }
        }
        match (blamed, best) {
            (Some(unknown), _) => Err(unknown),
            (None, Some(value)) => Ok(value),
            (None, None) => Err(Unknown::new(Cause::Empty, op)),
        }
    }

    /// The largest distance between neighbouring instants from `from` to `to`, both included.
    /// Instants outside are no neighbours of anything inside.
    pub(super) fn max_gap(&mut self, op: OpId, over: &Over, by: OpId, from: OpId, to: OpId) -> Known<'a> {
        let mark = self.mark();
        let pending = self.pending.len();
        let ends = (self.eval(from), self.eval(to));
        let gap = both(both(ends.0, ends.1), self.list(over.list)).and_then(|((from, to), list)| {
            let (Value::Instant(from), Value::Instant(to)) = (from, to) else {
                return Err(Unknown::new(Cause::Invalid, op));
            };
            if to < from {
                return Err(Unknown::new(Cause::Invalid, op));
            }
            let (mut at, mut blamed) = (0, None);
            while let Some(element) = self.next(over, list, &mut at) {
                if let Some(doubt) = element.doubt {
                    blame(&mut blamed, doubt);
                }
                match self.key(by) {
                    Ok(value @ Value::Instant(key)) if from <= key && key <= to => {
                        self.pending.push(Element { value: Ok(value), ..element });
                    }
                    Ok(Value::Instant(_)) => {}
                    Ok(_) => blame(&mut blamed, Unknown::at(Cause::Invalid, by, element.at)),
                    Err(unknown) => blame(&mut blamed, unknown),
                }
            }
            if let Some(unknown) = blamed {
                return Err(unknown);
            }
            self.sort_pending(pending);
            let (mut last, mut longest) = (from, from.since(from));
            for element in &self.pending[pending..] {
                if let Ok(Value::Instant(key)) = element.value {
                    longest = longest.max(key.since(last));
                    last = key;
                }
            }
            Ok(Value::Duration(longest.max(to.since(last))))
        });
        self.pending.truncate(pending);
        self.release(mark);
        gap
    }

    /// `[element for x in list where filter]`: unknown if it is doubtful what belongs to it. An unknown
    /// element is an element.
    pub(super) fn project(&mut self, element: OpId, over: &Over) -> Known<'a> {
        let list = self.list(over.list)?;
        let from = self.pending.len();
        let (mut at, mut blamed) = (0, None);
        while let Some(source) = self.next(over, list, &mut at) {
            if let Some(doubt) = source.doubt {
                blame(&mut blamed, doubt);
                continue;
            }
            let (value, at) = self.eval_located(element);
            self.pending.push(Element { value, at, doubt: None });
        }
        match blamed {
            None => Ok(self.finish_list(from)),
            Some(unknown) => {
                self.pending.truncate(from);
                Err(unknown)
            }
        }
    }
}

/// An unknown about an element. If it is doubtful whether the element counts at all, an unrecognised
/// value in it is no worse than a false answer would be.
fn doubted(unknown: Unknown, doubt: Option<Unknown>) -> Unknown {
    doubt.map_or(unknown, |doubt| doubt.and(unknown.plain()))
}

/// As [`total_order`], with the unknown ones first.
fn order_of_known(a: Known<'_>, b: Known<'_>) -> Ordering {
    match (a, b) {
        (Ok(a), Ok(b)) => total_order(a, b),
        (a, b) => a.is_ok().cmp(&b.is_ok()),
    }
}

/// An order of values that puts equal ones side by side. Values of one type are compared;
/// unordered types are ordered by what they are made of.
pub(super) fn total_order(a: Value<'_>, b: Value<'_>) -> Ordering {
    order(a, b).unwrap_or_else(|| match (a, b) {
        (Value::Text(a), Value::Text(b)) | (Value::Malformed(a), Value::Malformed(b)) => a.cmp(b),
        (Value::Bool(a), Value::Bool(b)) => a.cmp(&b),
        (Value::Months(a), Value::Months(b)) => a.cmp(&b),
        (Value::Record(a), Value::Record(b)) => a.cmp(&b),
        (Value::Threshold(a), Value::Threshold(b)) => format!("{a:?}").cmp(&format!("{b:?}")),
        (a, b) => rank(a).cmp(&rank(b)),
    })
}

fn rank(value: Value<'_>) -> u8 {
    match value {
        Value::Bool(_) => 0,
        Value::Int(_) => 1,
        Value::Text(_) => 2,
        Value::Malformed(_) => 3,
        Value::Instant(_) => 4,
        Value::Date(_) => 5,
        Value::Duration(_) => 6,
        Value::Days(_) => 7,
        Value::Months(_) => 8,
        Value::Threshold(_) => 9,
        Value::List(_) => 10,
        Value::Record(_) => 11,
    }
}
