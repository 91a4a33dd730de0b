//! Rules in a form that is run only as long as everything is known.
//!
//! In: the operations of a program. Out: per rule a tree of tests over typed places, with paths resolved to an object
//! and the fields from there. It has no words for what is not known: where a value is missing, doubtful or unreadable,
//! who runs it gives up, and the operations themselves are run instead, which also say why. A rule that uses an
//! operation without a counterpart here has no direct form, and is always decided by its operations.

mod lower;

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use super::program::{Clock, Const, FieldRef, Local, ParameterId, Program, RuleIndex};
use crate::expr::ast::{Arithmetic, Comparison, Quantifier, SetRelation};
use crate::facts::schema::KindId;

/// In which run of a process the direct form is made: making it takes about as long as running the operations a few
/// times, and a command that decides one case would wait for it in vain.
const MADE_IN_RUN: u32 = 4;

/// The direct form of a program, made once it pays.
#[derive(Debug, Default)]
pub struct Later {
    runs: AtomicU32,
    made: OnceLock<Direct>,
}

impl Later {
    /// Counts a run; the direct form, where it is made by now. What a run decides does not depend on it.
    pub fn of<'p>(&'p self, program: &Program) -> Option<&'p Direct> {
        if let Some(made) = self.made.get() {
            return Some(made);
        }
        let run = self.runs.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        (run >= MADE_IN_RUN).then(|| self.made.get_or_init(|| Direct::of(program)))
    }
}

/// The direct form of a rule book.
#[derive(Debug)]
pub struct Direct {
    /// Per rule: the form of the one that decides it, where that has one.
    rules: Vec<Option<u32>>,
    decisions: Vec<Decision>,
    /// Objects that are the same wherever they are asked for, each after the one that it is a field of.
    pub objects: Vec<Object>,
    /// Values that no evidence changes.
    pub givens: Vec<Given>,
    /// Values and lists that are the same wherever they are asked for.
    pub kept: Vec<Kept>,
    /// How many locals a rule uses at most.
    pub locals: u16,
}

impl Direct {
    /// The form of a rule: of one that repeats another, that of the other.
    #[inline]
    pub fn rule(&self, rule: RuleIndex) -> Option<&Decision> {
        let place = (*self.rules.get(rule.0 as usize)?)?;
        self.decisions.get(place as usize)
    }
}

/// A rule.
#[derive(Debug)]
pub struct Decision {
    /// One answer per element.
    pub for_each: Option<Walk>,
    /// Whether it applies.
    pub applies: Option<Test>,
    /// What must be true.
    pub require: Option<Test>,
    /// The signed human statement it needs.
    pub attested: Option<Test>,
    /// Operations that it stands for, loops counted once.
    pub weight: u32,
}

/// An object that no local leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Object {
    /// The one member of a kind.
    One(KindId),
    /// A field of another one.
    Field {
        /// Which.
        of: u32,
        /// The field.
        field: FieldRef,
    },
}

/// A value that no evidence changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Given {
    /// A constant.
    Const(Const),
    /// A parameter.
    Parameter(ParameterId),
}

/// What is computed once a run, when it is first asked for.
#[derive(Debug)]
pub struct Kept {
    /// What it is.
    pub form: Form,
    /// Operations that it stands for, loops counted once.
    pub weight: u32,
}

/// A value, an answer or a list.
#[derive(Debug)]
pub enum Form {
    /// A value.
    Term(Term),
    /// An answer.
    Test(Test),
    /// A list.
    List(List),
}

/// Where a path begins.
#[derive(Debug)]
#[repr(u8)] // A tag of its own is read at once.
pub enum Place {
    /// At an object of [`Direct::objects`].
    Object(u32),
    /// At the object that a local holds.
    Local(Local),
    /// At an object that is looked for.
    Term(Box<Term>),
}

/// A path to a field.
#[derive(Debug)]
pub struct Path {
    /// Its beginning.
    pub from: Place,
    /// The objects on the way.
    pub through: Box<[FieldRef]>,
    /// Its end.
    pub field: FieldRef,
}

/// A value.
#[derive(Debug)]
#[repr(u8)] // A tag of its own is read at once.
pub enum Term {
    /// A value of [`Direct::givens`].
    Given(u32),
    /// What a local holds.
    Local(Local),
    /// An object of [`Direct::objects`].
    Object(u32),
    /// A field.
    Field(Path),
    /// A field, or another value where it is absent.
    Coalesce(Path, Box<Term>),
    /// A sum, a difference, a product.
    Sum(Arithmetic, Box<(Term, Term)>),
    /// How many elements there are.
    Count(Box<Walk>),
    /// The one element.
    The(Box<Walk>),
    /// The element with the greatest or the least key.
    Extreme {
        /// The elements, each with its key.
        walk: Box<(Walk, Term)>,
        /// Whether the greatest is meant.
        latest: bool,
    },
    /// The UTC date of an instant.
    Date(Box<Term>),
    /// A value with another one bound.
    Let(Local, Box<(Term, Term)>),
    /// An answer as a value.
    Test(Box<Test>),
    /// A value of [`Direct::kept`].
    Kept(u32),
}

/// A list.
#[derive(Debug)]
#[repr(u8)] // A tag of its own is read at once.
pub enum List {
    /// All members of a kind.
    Members(KindId),
    /// A value that is a list.
    Term(Term),
    /// Values as they are written.
    Written(Box<[Term]>),
    /// A value per element of another list.
    Project(Box<(Walk, Term)>),
    /// A list of [`Direct::kept`].
    Kept(u32),
}

/// The elements of a list that a filter lets through.
#[derive(Debug)]
pub struct Walk {
    /// Where each is put.
    pub local: Local,
    /// The list.
    pub list: List,
    /// The filter.
    pub filter: Option<Test>,
    /// Operations that one turn stands for at most, loops inside it counted once.
    pub weight: u32,
}

/// A question that has an answer where everything is known.
#[derive(Debug)]
#[repr(u8)] // A tag of its own is read at once.
pub enum Test {
    /// A value that is an answer.
    Is(Term),
    /// Whether an object has a field.
    Has(Path),
    /// Whether a record of a kind is listed.
    Recorded(KindId),
    /// The other answer.
    Not(Box<Test>),
    /// Whether all are true, asked in order until one is not.
    All(Box<[Test]>),
    /// Whether any is true, asked in order until one is.
    Any(Box<[Test]>),
    /// Whether two values are equal, or, if `differ`, whether they are not.
    Equal {
        /// The values.
        sides: Box<(Term, Term)>,
        /// Whether the other answer is meant.
        differ: bool,
    },
    /// The order of two values.
    Order(Comparison, Box<(Term, Term)>),
    /// A clock, moved by a distance, beside an instant.
    Clock {
        /// How they are compared, the clock on the left.
        comparison: Comparison,
        /// Which clock.
        clock: Clock,
        /// What is added to it.
        plus: Option<Box<Term>>,
        /// What is taken from it.
        minus: Option<Box<Term>>,
        /// The instant.
        other: Box<Term>,
    },
    /// Whether a value is one of those that are written.
    OneOf(Box<(Term, Box<[Term]>)>),
    /// Whether a value is in a list.
    In(Box<(Term, List)>),
    /// Whether a text matches a pattern.
    Matches(Term, u32),
    /// How two lists stand to each other as sets.
    Relation {
        /// How.
        relation: SetRelation,
        /// The lists.
        sides: Box<(List, List)>,
        /// Whether it may be said of nothing.
        or_none: bool,
    },
    /// A statement about elements.
    Quantified {
        /// About how many.
        quantifier: Quantifier,
        /// The elements.
        walk: Box<Walk>,
        /// Whether it may be said of none.
        or_none: bool,
        /// What is said of each.
        satisfies: Option<Box<Test>>,
    },
    /// Whether no two elements, or no two keys of elements, are equal.
    Distinct {
        /// The elements.
        walk: Box<Walk>,
        /// The key.
        by: Option<Term>,
        /// Whether it may be said of none.
        or_none: bool,
    },
    /// Whether a value is well-formed.
    WellFormed(Term),
    /// An answer with a value bound.
    Let(Local, Box<(Term, Test)>),
    /// An answer of [`Direct::kept`].
    Kept(u32),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compile::compile_shipped;
    use crate::compile::program::RuleBody;

    #[test]
    fn the_form_is_made_where_it_pays() {
        let program = compile_shipped().unwrap();
        for run in 1..=MADE_IN_RUN + 1 {
            assert_eq!(program.direct.of(&program).is_some(), run >= MADE_IN_RUN, "in run {run}");
        }
        let direct = program.direct.of(&program).unwrap();
        let own = program.rules.iter().filter(|rule| matches!(rule.body, RuleBody::Expressions(_))).count();
        assert!(direct.decisions.len() * 2 > own, "{} of {own}", direct.decisions.len());
    }

    #[test]
    fn operations_that_change_make_it_anew() {
        let mut program = compile_shipped().unwrap();
        while program.direct.of(&program).is_none() {}
        assert!(program.ops_to_change().is_some());
        assert!(program.direct.of(&program).is_none());
    }
}
