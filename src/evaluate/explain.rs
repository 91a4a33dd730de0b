//! Why a condition is not what it should be: the leaves that decided, and the unknowns.
//!
//! The verdict pass records nothing. For a rule that did not pass, this walks the condition from the
//! top, runs the operands again, and goes on into those that decided: the false operands of a false
//! `and`, all operands of a false `or`, the failing elements of `every`, and so on through negations.

use crate::compile::program::{Op, OpId, Over, TimeOperand};
use crate::expr::ast::Quantifier;
use crate::facts::{Cause, List};

use super::finding::{Deciding, Missing, Place};
use super::machine::Machine;
use super::value::{At, ListRef, Truth, Unknown, Value};

/// Most elements of a quantifier that are explained.
const ELEMENTS_MAX: usize = 5;

/// Most candidates of `exists` that are explained.
const NEAREST_MAX: usize = 3;

/// Most conditions of a filter that candidates are compared by.
const CONDITIONS_MAX: usize = 32;

/// Most leaves, and most unknowns, of one finding.
const LEAVES_MAX: usize = 20;

/// Most places of one leaf.
const PLACES_MAX: usize = 6;

/// Deepest walk: definitions and operands of a condition, nested.
const DEPTH_MAX: u32 = 100;

/// What decided.
#[derive(Debug, Default)]
pub(super) struct Why {
    pub deciding: Vec<Deciding>,
    pub unknowns: Vec<Missing>,
}

impl Why {
    fn full(&self) -> bool {
        self.deciding.len() >= LEAVES_MAX || self.unknowns.len() >= LEAVES_MAX
    }

    pub(super) fn unknown(&mut self, missing: Missing) {
        if !self.full() && !self.unknowns.contains(&missing) {
            self.unknowns.push(missing);
        }
    }

    fn leaf(&mut self, deciding: Deciding) {
        if !self.full() && !self.deciding.contains(&deciding) {
            self.deciding.push(deciding);
        }
    }
}

impl<'a> Machine<'a> {
    /// Says why the condition `op` is not `want`.
    pub(super) fn explain(&mut self, op: OpId, want: bool, why: &mut Why) {
        if why.full() || self.depth >= DEPTH_MAX {
            return;
        }
        let mark = self.mark();
        self.depth += 1;
        let truth = self.truth(op);
        if truth != Ok(want) && self.steps > 0 {
            self.explain_as(op, want, truth, why);
        }
        self.depth -= 1;
        self.release(mark);
    }

    fn explain_as(&mut self, op: OpId, want: bool, truth: Truth, why: &mut Why) {
        match self.op(op) {
            Op::Not(operand) => self.explain(*operand, !want, why),
            Op::And(left, right) | Op::Or(left, right) => {
                for side in [*left, *right] {
                    let mark = self.mark();
                    let answer = self.truth(side);
                    self.release(mark);
                    // The sides that share the answer of the whole are those that decided it.
                    if answer.ok() == truth.ok() {
                        self.explain(side, want, why);
                    }
                }
            }
            Op::Let { local, value, body } => {
                let (value, at) = self.eval_located(*value);
                self.bind(*local, value, at);
                self.explain(*body, want, why);
            }
            Op::Quantified { quantifier, over, satisfies, .. } => {
                self.explain_quantified(op, *quantifier, over, *satisfies, want, truth, why);
            }
            _ => self.explain_leaf(op, want, truth, why),
        }
    }

    #[allow(clippy::too_many_arguments)] // the operands of one operation
    fn explain_quantified(
        &mut self,
        op: OpId,
        quantifier: Quantifier,
        over: &Over,
        satisfies: Option<OpId>,
        want: bool,
        truth: Truth,
        why: &mut Why,
    ) {
        let list = match (self.list(over.list), truth) {
            (Ok(list), _) => list,
            (Err(unknown), _) => return why.unknown(self.missing(unknown)),
        };
        if let Err(unknown) = truth
            && unknown.cause == Cause::Empty
            && unknown.op == op
        {
            return why.unknown(self.missing(Unknown { op: over.list, ..unknown }));
        }
        // What the predicate of an element should have been.
        let goal = match quantifier {
            Quantifier::Every | Quantifier::Some => want,
            Quantifier::No => !want,
            Quantifier::Exists | Quantifier::ExactlyOne => true,
        };
        // Of the candidates that a failing `some` has, only those that come nearest say something.
        if let (Ok(false), true, Quantifier::Some, Some(condition)) = (truth, want, quantifier, satisfies)
            && self.explain_nearest(over, list, over.filter, condition, why)
        {
            return;
        }
        let (mut at, mut elements, mut explained) = (0, 0, 0);
        while let Some(element) = self.next(over, list, &mut at) {
            elements += 1;
            if explained == ELEMENTS_MAX {
                continue;
            }
            let mark = self.mark();
            let answer = satisfies.map_or(Ok(true), |condition| self.truth(condition));
            let decides = match (truth, quantifier) {
                // A failing element of `every` decides only if it is one; of `some`, all fail.
                (Ok(_), Quantifier::Every | Quantifier::No) => answer == Ok(!goal) && element.doubt.is_none(),
                (Ok(_), Quantifier::Some) => answer == Ok(!goal),
                (Ok(_), Quantifier::Exists | Quantifier::ExactlyOne) => false,
                // An unknown comes from elements that could still change it.
                (Err(_), Quantifier::Every | Quantifier::No) => {
                    answer.is_err() || (element.doubt.is_some() && answer == Ok(!goal))
                }
                (Err(_), Quantifier::Some | Quantifier::Exists | Quantifier::ExactlyOne) => {
                    answer.is_err() || (element.doubt.is_some() && answer == Ok(true))
                }
            };
            if decides {
                explained += 1;
                if let Some(doubt) = element.doubt {
                    why.unknown(self.missing(doubt));
                }
                if let Some(condition) = satisfies.filter(|_| answer.is_err() || truth.is_ok()) {
                    self.explain(condition, goal, why);
                }
            }
            self.release(mark);
        }
        if explained == 0 {
            if let (Ok(false), true, Some(filter)) = (truth, want, over.filter)
                && self.explain_nearest(over, list, None, filter, why)
            {
                return;
            }
            let actual = self.counted_elements(over, satisfies, elements);
            let (expected, places) = (self.expected(op, want), self.places(op));
            match truth {
                Ok(_) => why.leaf(Deciding { op, expected, actual, places }),
                Err(unknown) => why.unknown(self.missing(unknown)),
            }
        }
    }

    /// Of the few candidates that come nearest to what is looked for, it is said what they lack: those
    /// for which the most parts of the condition hold, or the only one there is. False if no
    /// candidate stands out.
    fn explain_nearest(
        &mut self,
        over: &Over,
        list: ListRef,
        selected_by: Option<OpId>,
        condition: OpId,
        why: &mut Why,
    ) -> bool {
        let conditions = self.conjuncts(condition);
        let mut nearest: Vec<usize> = Vec::new();
        let mut most = usize::from(self.length(list) > 1);
        for index in 0..self.length(list) {
            let candidate = self.element(list, index, over.list);
            self.bind(over.local, candidate.value, candidate.at);
            let mark = self.mark();
            let selected = selected_by.is_none_or(|filter| self.truth(filter) == Ok(true));
            let holding = conditions.iter().filter(|condition| self.truth(**condition) == Ok(true)).count();
            self.release(mark);
            if !selected {
                continue;
            }
            if holding > most {
                nearest.clear();
                most = holding;
            }
            if holding == most {
                nearest.push(index);
            }
        }
        // Many candidates that lack the same say less than the count of them.
        if nearest.is_empty() || nearest.len() > NEAREST_MAX {
            return false;
        }
        for index in nearest {
            let candidate = self.element(list, index, over.list);
            self.bind(over.local, candidate.value, candidate.at);
            self.explain(condition, true, why);
        }
        true
    }

    /// The conditions that `and` joins.
    fn conjuncts(&self, op: OpId) -> Vec<OpId> {
        let (mut conditions, mut rest) = (Vec::new(), vec![op]);
        while let Some(op) = rest.pop() {
            match self.op(op) {
                Op::And(left, right) if conditions.len() + rest.len() < CONDITIONS_MAX => {
                    rest.extend([*right, *left]);
                }
                _ => conditions.push(op),
            }
        }
        conditions
    }

    /// `none of the 3 in lei_records`, `2 of the 3 in lei_records`
    fn counted_elements(&mut self, over: &Over, satisfies: Option<OpId>, selected: usize) -> String {
        let Ok(list) = self.list(over.list) else { return "(missing)".to_owned() };
        let (mut at, mut matching) = (0, 0);
        while self.next(over, list, &mut at).is_some() {
            matching += usize::from(satisfies.is_none_or(|condition| self.truth(condition) == Ok(true)));
        }
        let name = self.wanted(over.list);
        let all = if satisfies.is_some() { selected } else { self.length(list) };
        match (all, matching) {
            (0, _) if over.filter.is_some() && self.length(list) > 0 => format!("nothing selected from {name}"),
            (0, _) => format!("{name} is empty"),
            (all, 0) => format!("none of the {all} in {name}"),
            (all, matching) => format!("{matching} of the {all} in {name}"),
        }
    }

    fn explain_leaf(&mut self, op: OpId, want: bool, truth: Truth, why: &mut Why) {
        if let Err(unknown) = truth {
            let mut found = false;
            for operand in self.value_operands(op) {
                let mark = self.mark();
                if let Err(unknown) = self.eval(operand) {
                    found = true;
                    why.unknown(self.missing(unknown));
                }
                self.release(mark);
            }
            if !found {
                why.unknown(self.missing(unknown));
            }
            // A code that is not known fails the rule: say what was expected of it.
            if !unknown.unrecognised {
                return;
            }
        }
        let deciding =
            Deciding { op, expected: self.expected(op, want), actual: self.actual(op), places: self.places(op) };
        why.leaf(deciding);
    }

    /// The operands of a leaf whose values it needs.
    pub(super) fn value_operands(&self, op: OpId) -> Vec<OpId> {
        let time = |operand: &TimeOperand| match operand {
            TimeOperand::Op(op) => Some(*op),
            TimeOperand::Clock(_) => None,
        };
        match self.op(op) {
            Op::Compare { left, right, .. }
            | Op::SetRelation { left, right, .. }
            | Op::SetOperation { left, right, .. }
            | Op::Arithmetic { left, right, .. } => vec![*left, *right],
            Op::CompareClock { plus, minus, other, .. } => {
                [Some(*other), *plus, *minus].into_iter().flatten().collect()
            }
            Op::In { item, list } => vec![*item, *list],
            Op::Matches { text, .. } => vec![*text],
            Op::CompareCount { other, .. } => vec![*other],
            Op::Within { start, limit, .. } => vec![*start, *limit],
            Op::DaysBetween { from, to } => [time(from), time(to)].into_iter().flatten().collect(),
            Op::Call { arguments, .. } => self.program.operands_of(*arguments).to_vec(),
            Op::Distinct { over, .. } => vec![over.list],
            _ => Vec::new(),
        }
    }

    /// An unknown as a report shows it.
    pub(super) fn missing(&self, unknown: Unknown) -> Missing {
        Missing {
            op: unknown.op,
            cause: unknown.cause,
            wanted: self.wanted(unknown.op),
            places: self.place(unknown.at).into_iter().collect(),
        }
    }

    /// A place of the fact table in the evidence; what is absent is shown by the object it is absent from.
    pub(super) fn place(&self, at: At) -> Option<Place> {
        let (node, span) = match at {
            At::Nowhere => return None,
            At::Node(node) => (node, None),
            At::Cell(node, slot) => (node, Some(self.facts.cell(node, slot).span)),
            At::Element(node, index) => (node, Some(self.facts.elements(List { start: index, length: 1 })[0].span)),
        };
        let node = self.facts.node(node);
        let span = span.filter(|span| span.end > span.start).unwrap_or(node.span);
        node.file.map(|file| Place { file, span })
    }

    /// Where the facts that a leaf reads stand.
    pub(super) fn places(&mut self, op: OpId) -> Vec<Place> {
        let mut places = Vec::new();
        self.collect_places(op, 0, &mut places);
        places.truncate(PLACES_MAX);
        places
    }

    fn collect_places(&mut self, op: OpId, depth: u32, places: &mut Vec<Place>) {
        if places.len() >= PLACES_MAX || depth > DEPTH_MAX || self.steps == 0 {
            return;
        }
        let mark = self.mark();
        match self.op(op) {
            Op::Field { .. } | Op::Local(_) | Op::One(_) => {
                let (value, at) = self.eval_located(op);
                let at = match value {
                    Ok(Value::Record(node)) => At::Node(node),
                    Ok(_) => at,
                    Err(unknown) => unknown.at,
                };
                self.add_place(at, places);
            }
            Op::Has { base, field } | Op::Coalesce { base, field, .. } => match self.cell(op, *base, *field) {
                Ok((at, _)) => self.add_place(at, places),
                Err(unknown) => self.add_place(unknown.at, places),
            },
            Op::Quantified { over, .. }
            | Op::Count { over, .. }
            | Op::Distinct { over, .. }
            | Op::The { over }
            | Op::Extreme { over, .. }
            | Op::MaxGap { over, .. }
            | Op::Project { over, .. } => {
                if let Ok(list) = self.list(over.list) {
                    let mut at = 0;
                    while places.len() < PLACES_MAX
                        && let Some(element) = self.next(over, list, &mut at)
                    {
                        self.add_place(element.at, places);
                    }
                }
                // Where nothing is found, what it was looked for by is at least somewhere.
                if let (true, Some(filter)) = (places.is_empty(), over.filter) {
                    let nothing = Err(Unknown::new(Cause::None, over.list));
                    self.bind(over.local, nothing, At::Nowhere);
                    self.collect_places(filter, depth + 1, places);
                }
            }
            Op::Let { local, value, body } => {
                let (value, at) = self.eval_located(*value);
                self.bind(*local, value, at);
                self.collect_places(*body, depth + 1, places);
            }
            Op::Within { start, end, .. } => {
                self.collect_places(*end, depth + 1, places);
                self.collect_places(*start, depth + 1, places);
            }
            Op::CompareCount { count, other, .. } => {
                self.collect_places(*count, depth + 1, places);
                self.collect_places(*other, depth + 1, places);
            }
            Op::Bound { list, .. } => self.collect_places(*list, depth + 1, places),
            Op::List(operands) => {
                for operand in self.program.operands_of(*operands) {
                    self.collect_places(*operand, depth + 1, places);
                }
            }
            Op::Not(operand) => self.collect_places(*operand, depth + 1, places),
            Op::And(left, right) | Op::Or(left, right) => {
                self.collect_places(*left, depth + 1, places);
                self.collect_places(*right, depth + 1, places);
            }
            Op::Compare { .. }
            | Op::CompareClock { .. }
            | Op::In { .. }
            | Op::Matches { .. }
            | Op::SetRelation { .. }
            | Op::SetOperation { .. }
            | Op::Arithmetic { .. }
            | Op::DaysBetween { .. }
            | Op::Call { .. } => {
                for operand in self.value_operands(op) {
                    self.collect_places(operand, depth + 1, places);
                }
            }
            Op::Const(_) | Op::Parameter(_) | Op::All(_) | Op::Recorded(_) => {}
        }
        self.release(mark);
    }

    fn add_place(&self, at: At, places: &mut Vec<Place>) {
        if let Some(place) = self.place(at)
            && !places.contains(&place)
        {
            places.push(place);
        }
    }
}
