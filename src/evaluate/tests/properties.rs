//! Properties of every program: knowing more never changes a known answer, an answer holds as long as
//! it says, and explaining never fails.

use proptest::prelude::*;

use super::build::*;
use crate::compile::program::{Clock, Function, Local, Op, OpId, Over};
use crate::evaluate::Signing;
use crate::evaluate::machine::Machine;
use crate::expr::ast::{Arithmetic, Comparison, Quantifier, SetOperation, SetRelation};
use crate::facts::schema::{StructId, Type};
use crate::facts::{Cause, CellValue};
use crate::primitives::Instant;

/// Choices that a generated value is made from; at its end every choice is the first one.
pub(super) struct Tape<'t> {
    bytes: &'t [u8],
    at: usize,
}

impl Tape<'_> {
    fn choose(&mut self, choices: u8) -> u8 {
        let byte = self.bytes.get(self.at).copied().unwrap_or(0);
        self.at += 1;
        byte % choices
    }

    fn of<T: Copy>(&mut self, values: &[T]) -> T {
        values[usize::from(self.choose(values.len() as u8))]
    }
}

const TIMES: [&str; 5] = [
    "2026-03-20T14:00:00Z",
    "2026-03-20T15:00:00Z",
    "2026-03-20T15:30:00Z",
    "2026-03-21T00:00:00Z",
    "2026-03-22T12:00:00Z",
];

const AIDS: [&str; 2] = ["A", "B"];

const COMPARISONS: [Comparison; 6] = [
    Comparison::Equal,
    Comparison::NotEqual,
    Comparison::Less,
    Comparison::LessOrEqual,
    Comparison::Greater,
    Comparison::GreaterOrEqual,
];

/// Makes expressions over things, of a type that is asked for.
struct Maker<'m, 't> {
    book: &'m mut Book,
    tape: Tape<'t>,
    scope: Vec<Local>,
}

impl Maker<'_, '_> {
    fn condition(&mut self, depth: u32) -> OpId {
        let choices = if depth == 0 { 3 } else { 18 };
        match self.tape.choose(choices) {
            0 => {
                let record = self.record(depth.saturating_sub(1));
                self.book.field(record, "ok")
            }
            1 => {
                let record = self.record(depth.saturating_sub(1));
                self.book.has(record, "n")
            }
            2 => {
                let value = self.tape.choose(2) == 1;
                self.book.bool(value)
            }
            3 => {
                let a = self.condition(depth - 1);
                self.book.not(a)
            }
            4 | 5 => {
                let (a, b) = (self.condition(depth - 1), self.condition(depth - 1));
                self.book.and(a, b)
            }
            6 => {
                let (a, b) = (self.condition(depth - 1), self.condition(depth - 1));
                self.book.or(a, b)
            }
            7 => {
                let (a, b) = (self.int(depth - 1), self.int(depth - 1));
                let comparison = self.tape.of(&COMPARISONS);
                self.book.compare(a, comparison, b)
            }
            8 => {
                let (a, b) = (self.instant(depth - 1), self.instant(depth - 1));
                let comparison = self.tape.of(&COMPARISONS);
                self.book.compare(a, comparison, b)
            }
            9 => {
                let (a, b) = (self.record(depth - 1), self.record(depth - 1));
                let (a, b) = (self.book.field(a, "aid"), self.book.field(b, "aid"));
                let comparison = self.tape.of(&[Comparison::Equal, Comparison::NotEqual]);
                self.book.compare(a, comparison, b)
            }
            10 => {
                let (item, list) = (self.int(depth - 1), self.list(depth - 1));
                self.book.is_in(item, list)
            }
            11 => {
                let (left, right) = (self.list(depth - 1), self.list(depth - 1));
                let relation = self.tape.of(&[SetRelation::Subset, SetRelation::Disjoint, SetRelation::Same]);
                let or_none = self.tape.choose(2) == 1;
                self.book.op(Op::SetRelation { relation, left, right, or_none }, Type::Bool)
            }
            12 => self.quantified(depth - 1),
            13 => {
                let (over, by) = self.over_by(depth - 1, "n");
                let distinct_by = (self.tape.choose(2) == 1).then_some(by);
                let count = self.book.op(Op::Count { over, distinct_by }, Type::Int);
                let other = self.int(depth - 1);
                let comparison = self.tape.of(&COMPARISONS);
                self.book.op(Op::CompareCount { comparison, count, other }, Type::Bool)
            }
            14 => {
                let field = self.tape.of(&["n", "aid", "at"]);
                let (over, by) = self.over_by(depth - 1, field);
                let or_none = self.tape.choose(2) == 1;
                self.book.op(Op::Distinct { over, by: Some(by), or_none }, Type::Bool)
            }
            15 => {
                let other = self.instant(depth - 1);
                let (plus, minus) = match self.tape.choose(3) {
                    0 => (None, None),
                    1 => (Some(self.book.hours(9)), None),
                    _ => (None, Some(self.book.hours(1))),
                };
                let comparison = self.tape.of(&COMPARISONS);
                self.book.op(Op::CompareClock { comparison, clock: Clock::AsOf, plus, minus, other }, Type::Bool)
            }
            16 => {
                let (start, record) = (self.instant(depth - 1), self.record(depth - 1));
                let (end, limit) = (self.book.field(record, "end"), self.book.hours(24));
                self.book.op(Op::Within { start, end, limit }, Type::Bool)
            }
            _ => {
                let record = self.record(depth - 1);
                let aid = self.book.field(record, "aid");
                self.book.call(Function::WellFormed, &[aid], Type::Bool)
            }
        }
    }

    fn quantified(&mut self, depth: u32) -> OpId {
        let quantifier = self.tape.of(&[
            Quantifier::Every,
            Quantifier::No,
            Quantifier::Some,
            Quantifier::Exists,
            Quantifier::ExactlyOne,
        ]);
        let over = self.over(depth);
        self.scope.push(over.local);
        let satisfies = self.condition(depth);
        self.scope.pop();
        let satisfies = match quantifier {
            Quantifier::Every | Quantifier::No | Quantifier::Some => Some(satisfies),
            Quantifier::Exists | Quantifier::ExactlyOne => None,
        };
        let or_none = self.tape.choose(2) == 1;
        self.book.op(Op::Quantified { quantifier, over, or_none, satisfies }, Type::Bool)
    }

    /// `x in things [where F]`
    fn over(&mut self, depth: u32) -> Over {
        let (list, local) = (self.book.all(THING), self.book.local());
        self.scope.push(local);
        let filter = (self.tape.choose(2) == 1).then(|| self.condition(depth));
        self.scope.pop();
        Over { local, list, filter }
    }

    fn over_by(&mut self, depth: u32, field: &str) -> (Over, OpId) {
        let over = self.over(depth);
        let element = self.book.get(over.local);
        (over, self.book.field(element, field))
    }

    fn record(&mut self, depth: u32) -> OpId {
        let type_ = Type::Record(StructId(0));
        match self.tape.choose(if depth == 0 { 2 } else { 4 }) {
            0 => match self.scope.is_empty() {
                true => self.book.one(THING),
                false => {
                    let local = self.tape.choose(self.scope.len() as u8);
                    self.book.get(self.scope[usize::from(local)])
                }
            },
            1 => self.book.one(THING),
            2 => {
                let over = self.over(depth - 1);
                self.book.op(Op::The { over }, type_)
            }
            _ => {
                let (over, by) = self.over_by(depth - 1, "at");
                let latest = self.tape.choose(2) == 1;
                self.book.op(Op::Extreme { over, by, latest }, type_)
            }
        }
    }

    fn int(&mut self, depth: u32) -> OpId {
        match self.tape.choose(if depth == 0 { 2 } else { 5 }) {
            0 => {
                let record = self.record(depth.saturating_sub(1));
                self.book.field(record, "n")
            }
            1 => {
                let value = self.tape.choose(4);
                self.book.int(i64::from(value))
            }
            2 => {
                let (base, otherwise) = (self.record(depth - 1), self.int(depth - 1));
                let field = self.book.field_ref("n");
                self.book.op(Op::Coalesce { base, field, otherwise }, Type::Int)
            }
            3 => {
                let (left, right) = (self.int(depth - 1), self.int(depth - 1));
                let arithmetic = self.tape.of(&[Arithmetic::Add, Arithmetic::Subtract, Arithmetic::Multiply]);
                self.book.op(Op::Arithmetic { arithmetic, left, right }, Type::Int)
            }
            _ => {
                let list = self.list(depth - 1);
                let greatest = self.tape.choose(2) == 1;
                self.book.op(Op::Bound { list, greatest }, Type::Int)
            }
        }
    }

    fn instant(&mut self, depth: u32) -> OpId {
        match self.tape.choose(3) {
            0 => {
                let record = self.record(depth.saturating_sub(1));
                let field = self.tape.of(&["at", "end"]);
                self.book.field(record, field)
            }
            1 => {
                let text = self.tape.of(&TIMES);
                self.book.instant(text)
            }
            _ => {
                let text = self.tape.of(&TIMES);
                let (left, right) = (self.book.instant(text), self.book.hours(1));
                self.book.op(Op::Arithmetic { arithmetic: Arithmetic::Add, left, right }, Type::Instant)
            }
        }
    }

    fn list(&mut self, depth: u32) -> OpId {
        let type_ = Type::List(Box::new(Type::Int));
        match self.tape.choose(if depth == 0 { 2 } else { 4 }) {
            0 => {
                let record = self.record(depth.saturating_sub(1));
                self.book.field(record, "numbers")
            }
            1 => {
                let values: Vec<OpId> = (0..self.tape.choose(3)).map(|_| self.int(0)).collect();
                self.book.list(&values)
            }
            2 => {
                let (over, element) = self.over_by(depth - 1, "n");
                self.book.op(Op::Project { element, over }, type_)
            }
            _ => {
                let (left, right) = (self.list(depth - 1), self.list(depth - 1));
                let operation = self.tape.of(&[SetOperation::Union, SetOperation::Intersect, SetOperation::Minus]);
                self.book.op(Op::SetOperation { operation, left, right }, type_)
            }
        }
    }
}

/// What is known of a cell, and what it may turn out to be.
#[derive(Clone, Copy)]
struct Twin {
    now: CellValue<'static>,
    later: CellValue<'static>,
}

/// A cell: absent, known, malformed, or unknown now and known later.
fn twin(tape: &mut Tape<'_>, known: impl Fn(&mut Tape<'_>) -> CellValue<'static>) -> Twin {
    let value = known(tape);
    match tape.choose(6) {
        0 => Twin { now: CellValue::Absent, later: CellValue::Absent },
        1 => Twin { now: CellValue::Unknown(Cause::Invalid), later: value },
        2 => Twin { now: CellValue::Unknown(Cause::Unrecognised), later: value },
        _ => Twin { now: value, later: value },
    }
}

fn int(tape: &mut Tape<'_>) -> CellValue<'static> {
    CellValue::Int(i64::from(tape.choose(4)))
}

fn time(tape: &mut Tape<'_>) -> CellValue<'static> {
    CellValue::Instant(instant(tape.of(&TIMES)))
}

/// A tape of these bytes.
pub(super) fn tape(bytes: &[u8]) -> Tape<'_> {
    Tape { bytes, at: 0 }
}

/// Fills two cases: what is known now, and what may be known later.
pub(super) fn fill<'b>(tape: &mut Tape<'_>, now: &mut Case<'b>, later: &mut Case<'b>) {
    for _ in 0..tape.choose(4) {
        let cells = [
            ("ok", twin(tape, |tape| CellValue::Bool(tape.choose(2) == 1))),
            ("n", twin(tape, int)),
            ("at", twin(tape, time)),
            ("end", twin(tape, time)),
            (
                "aid",
                twin(tape, |tape| match tape.choose(3) {
                    0 => CellValue::Malformed("bad"),
                    _ => CellValue::Text(tape.of(&AIDS)),
                }),
            ),
        ];
        let numbers: Vec<Twin> = (0..tape.choose(3)).map(|_| twin(tape, int)).collect();
        let (list_now, list_later) = (
            now.list(&numbers.iter().map(|twin| twin.now).collect::<Vec<_>>()),
            later.list(&numbers.iter().map(|twin| twin.later).collect::<Vec<_>>()),
        );
        let numbers = twin(tape, |_| CellValue::Absent);
        let (numbers_now, numbers_later) = match numbers.now {
            CellValue::Unknown(cause) => (CellValue::Unknown(cause), list_later),
            _ => (list_now, list_later),
        };
        let with = |list, pick: fn(&Twin) -> CellValue<'static>| {
            let mut cells: Vec<(&str, CellValue<'b>)> = cells.iter().map(|(name, twin)| (*name, pick(twin))).collect();
            cells.push(("numbers", list));
            cells
        };
        // A record that cannot be read may turn out to be none, or any record.
        match tape.choose(6) {
            0 => {
                now.unreadable();
            }
            1 => {
                now.unreadable();
                later.thing(&with(numbers_later, |twin| twin.later));
            }
            _ => {
                now.thing(&with(numbers_now, |twin| twin.now));
                later.thing(&with(numbers_later, |twin| twin.later));
            }
        }
    }
}

pub(super) fn condition(bytes: &[u8]) -> (Book, OpId) {
    let mut book = Book::new();
    let op = Maker { book: &mut book, tape: tape(bytes), scope: Vec::new() }.condition(4);
    (book, op)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn knowing_more_never_changes_a_known_answer(
        program in prop::collection::vec(any::<u8>(), 0..160),
        facts in prop::collection::vec(any::<u8>(), 0..120),
    ) {
        let (book, op) = condition(&program);
        let (mut now, mut later) = (book.facts(), book.facts());
        fill(&mut tape(&facts), &mut now, &mut later);
        if let Ok(answer) = now.truth(op) {
            prop_assert_eq!(later.truth(op), Ok(answer));
        }
    }

    #[test]
    fn an_answer_holds_as_long_as_it_says(
        program in prop::collection::vec(any::<u8>(), 0..160),
        facts in prop::collection::vec(any::<u8>(), 0..120),
        share in 0u32..=1000,
    ) {
        let (book, op) = condition(&program);
        let (mut case, mut unused) = (book.facts(), book.facts());
        fill(&mut tape(&facts), &mut case, &mut unused);
        let at = |as_of: Instant| case.run(op, |machine, op| {
            machine.as_of = as_of;
            (machine.truth(op), machine.until)
        });
        let as_of = instant(AS_OF);
        let (answer, until) = at(as_of);
        let last = until.unwrap_or(instant("2027-01-01T00:00:00Z"));
        prop_assert!(last >= as_of);
        let span = last.nanoseconds() - as_of.nanoseconds();
        let between = Instant::from_nanoseconds(as_of.nanoseconds() + span * i128::from(share) / 1000).unwrap();
        prop_assert_eq!(at(between).0, answer);
        prop_assert_eq!(at(last).0, answer);
    }

    #[test]
    fn what_is_remembered_is_what_would_be_computed(
        program in prop::collection::vec(any::<u8>(), 0..160),
        facts in prop::collection::vec(any::<u8>(), 0..120),
    ) {
        let (book, op) = condition(&program);
        let (mut case, mut unused) = (book.facts(), book.facts());
        fill(&mut tape(&facts), &mut case, &mut unused);
        // Where conditions are counted, nothing is remembered.
        let coverage = crate::evaluate::Coverage::new(&book.program);
        let arena = bumpalo::Bump::new();
        let as_of = instant(AS_OF);
        let mut plain = Machine::new(&book.program, &case.facts, &arena, as_of, Signing::NotYet, &[]);
        plain.coverage = Some(&coverage);
        let computed = (plain.truth(op), plain.until);
        let mut machine = Machine::new(&book.program, &case.facts, &arena, as_of, Signing::NotYet, &[]);
        for _ in 0..2 {
            machine.until = None;
            prop_assert_eq!((machine.truth(op), machine.until), computed);
        }
    }

    #[test]
    fn what_does_not_pass_is_explained(
        program in prop::collection::vec(any::<u8>(), 0..160),
        facts in prop::collection::vec(any::<u8>(), 0..120),
    ) {
        let (mut book, op) = condition(&program);
        book.rule("R", op);
        let (mut case, mut unused) = (book.facts(), book.facts());
        fill(&mut tape(&facts), &mut case, &mut unused);
        let evaluation = case.evaluate();
        for finding in &evaluation.results[0].findings {
            prop_assert!(!finding.deciding.is_empty() || !finding.unknowns.is_empty());
            prop_assert!(finding.message.lines().count() == 1);
        }
        prop_assert_eq!(evaluation, case.evaluate());
    }
}
