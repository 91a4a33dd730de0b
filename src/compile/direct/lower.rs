//! From operations to the direct form.

use std::collections::HashMap;

use super::{Decision, Direct, Form, Given, Kept, List, Object, Path, Place, Term, Test, Walk};
use crate::compile::program::{
    Const, FieldRef, Function, Op, OpId, Over, Program, RuleBody, RuleExpressions, RuleIndex,
};
use crate::expr::ast::{Comparison, Quantifier};
use crate::facts::schema::Type;

/// Deepest nesting of operations in a direct form: far less than the operations themselves may have, so that whoever
/// runs it never gets deeper than they would.
const DEPTH_MAX: u32 = 100;

/// Most operations of one rule: definitions are put in at each use here, while operations are shared.
const OPS_MAX: u32 = 10_000;

impl Direct {
    /// The direct form of a program.
    pub fn of(program: &Program) -> Self {
        // What is asked for once is not worth remembering. How often it is, the first form tells.
        let (_, asked) = lowered(program, None);
        lowered(program, Some(asked)).0
    }
}

/// The direct form of a program, and how often each operation worth remembering is asked for.
fn lowered(program: &Program, known: Option<HashMap<OpId, u32>>) -> (Direct, HashMap<OpId, u32>) {
    let mut lower = Lower {
        program,
        objects: Vec::new(),
        object_index: HashMap::new(),
        givens: Vec::new(),
        given_index: HashMap::new(),
        kept: Vec::new(),
        kept_index: HashMap::new(),
        known,
        asked: HashMap::new(),
        walks: 0,
        depth: 0,
        deepest: 0,
        ops: 0,
    };
    let (mut rules, mut decisions, mut locals) = (Vec::with_capacity(program.rules.len()), Vec::new(), 0);
    for rule in program.rules.iter() {
        locals = locals.max(rule.locals);
        let decision = match &rule.body {
            RuleBody::Expressions(expressions) => lower.decision(expressions),
            RuleBody::SameAs(_) | RuleBody::AllOf(_) => None,
        };
        rules.push(decision.map(|decision| {
            decisions.push(decision);
            decisions.len() as u32 - 1
        }));
    }
    for index in 0..rules.len() {
        let decides = program.decided_by_rule(RuleIndex(index as u32));
        rules[index] = rules[decides.0 as usize];
    }
    let Lower { objects, givens, kept, asked, .. } = lower;
    (Direct { rules, decisions, objects, givens, kept, locals }, asked)
}

/// The growing form. Every function gives nothing where an operation has no counterpart: none that is not named here,
/// so that one which the language gains is left to the operations until somebody says what it is.
struct Lower<'p> {
    program: &'p Program,
    objects: Vec<Object>,
    object_index: HashMap<Object, u32>,
    givens: Vec<Given>,
    given_index: HashMap<Given, u32>,
    kept: Vec<Kept>,
    /// Per operation that was tried: where it is kept, and how deep it is, if it has a direct form.
    kept_index: HashMap<OpId, Option<(u32, u32)>>,
    /// How often an operation is asked for, where that is known.
    known: Option<HashMap<OpId, u32>>,
    /// How often an operation has been asked for; in a walk more than once.
    asked: HashMap<OpId, u32>,
    /// How many walks are around.
    walks: u32,
    depth: u32,
    /// The greatest depth since it was last set back.
    deepest: u32,
    /// Operations of the rule so far.
    ops: u32,
}

impl<'p> Lower<'p> {
    fn decision(&mut self, expressions: &RuleExpressions) -> Option<Decision> {
        self.ops = 0;
        // A rule that requires nothing proves nothing; its operations say so.
        expressions.require.or(expressions.attested)?;
        let (applies, require, attested) = (expressions.applies, expressions.require, expressions.attested);
        let (for_each, (applies, require, attested)) = match &expressions.for_each {
            None => (None, self.parts(applies, require, attested)?),
            Some(over) => {
                let (walk, parts) = self.walk(over, |lower| lower.parts(applies, require, attested))?;
                (Some(walk), parts)
            }
        };
        Some(Decision { for_each, applies, require, attested, weight: self.ops })
    }

    fn parts(
        &mut self,
        applies: Option<OpId>,
        require: Option<OpId>,
        attested: Option<OpId>,
    ) -> Option<(Option<Test>, Option<Test>, Option<Test>)> {
        Some((self.test_if(applies)?, self.test_if(require)?, self.test_if(attested)?))
    }

    fn test_if(&mut self, op: Option<OpId>) -> Option<Option<Test>> {
        match op {
            None => Some(None),
            Some(op) => self.test(op).map(Some),
        }
    }

    fn term_if(&mut self, op: Option<OpId>) -> Option<Option<Box<Term>>> {
        match op {
            None => Some(None),
            Some(op) => self.term(op).map(|term| Some(Box::new(term))),
        }
    }

    /// Counts an operation, and looks at it.
    fn op(&mut self, op: OpId) -> Option<&'p Op> {
        self.ops += 1;
        (self.ops <= OPS_MAX).then(|| &self.program.ops[op.0 as usize])
    }

    /// One level deeper.
    fn nested<T>(&mut self, make: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        if self.depth >= DEPTH_MAX {
            return None;
        }
        self.depth += 1;
        self.deepest = self.deepest.max(self.depth);
        let made = make(self);
        self.depth -= 1;
        made
    }

    fn is_condition(&self, op: OpId) -> bool {
        self.program.origins[op.0 as usize].type_ == Type::Bool
    }

    /// What is computed once a run.
    fn kept(&mut self, op: OpId, make: impl FnOnce(&mut Self) -> Option<Form>) -> Option<u32> {
        self.ops += 1;
        *self.asked.entry(op).or_default() += if self.walks > 0 { 2 } else { 1 };
        let known = match self.kept_index.get(&op) {
            Some(known) => *known,
            None => {
                // It counts for itself where it is computed, as a rule does.
                let outside = (std::mem::take(&mut self.ops), std::mem::replace(&mut self.deepest, self.depth));
                let walks = std::mem::take(&mut self.walks);
                let form = self.nested(make);
                let (weight, height) = (self.ops, self.deepest - self.depth);
                (self.ops, self.deepest) = (outside.0, outside.1.max(self.deepest));
                self.walks = walks;
                let place = form.map(|form| {
                    self.kept.push(Kept { form, weight });
                    (self.kept.len() as u32 - 1, height)
                });
                self.kept_index.insert(op, place);
                place
            }
        };
        let (place, height) = known?;
        // Where it is asked for at a greater depth, it reaches deeper than where it was made.
        self.deepest = self.deepest.max(self.depth + height);
        (self.depth + height <= DEPTH_MAX).then_some(place)
    }

    fn is_kept(&self, op: OpId) -> bool {
        let again = |known: &HashMap<OpId, u32>| known.get(&op).is_some_and(|times| *times > 1);
        self.program.once.place(op).is_some() && self.known.as_ref().is_none_or(again)
    }

    fn test(&mut self, op: OpId) -> Option<Test> {
        if self.is_kept(op) {
            return self.kept(op, |lower| lower.test_made(op).map(Form::Test)).map(Test::Kept);
        }
        self.nested(|lower| lower.test_made(op))
    }

    fn test_made(&mut self, id: OpId) -> Option<Test> {
        Some(match self.op(id)? {
            Op::Has { base, field } => Test::Has(self.path(*base, *field)?),
            Op::Recorded(kind) => Test::Recorded(*kind),
            Op::Not(a) => Test::Not(Box::new(self.test(*a)?)),
            Op::And(..) => {
                let mut parts = Vec::new();
                self.side_by_side(id, &mut parts, |op| match op {
                    Op::And(a, b) => Some((*a, *b)),
                    _ => None,
                })?;
                Test::All(parts.into())
            }
            Op::Or(..) => {
                let mut parts = Vec::new();
                self.side_by_side(id, &mut parts, |op| match op {
                    Op::Or(a, b) => Some((*a, *b)),
                    _ => None,
                })?;
                Test::Any(parts.into())
            }
            Op::Compare { comparison, left, right } => self.comparison(*comparison, *left, *right)?,
            Op::CompareCount { comparison, count, other } => self.comparison(*comparison, *count, *other)?,
            Op::CompareClock { comparison, clock, plus, minus, other } => Test::Clock {
                comparison: *comparison,
                clock: *clock,
                plus: self.term_if(*plus)?,
                minus: self.term_if(*minus)?,
                other: Box::new(self.term(*other)?),
            },
            Op::In { item, list } => {
                let item = self.term(*item)?;
                match self.list(*list)? {
                    List::Written(of) => Test::OneOf(Box::new((item, of))),
                    list => Test::In(Box::new((item, list))),
                }
            }
            Op::Matches { text, pattern } => Test::Matches(self.term(*text)?, *pattern),
            Op::SetRelation { relation, left, right, or_none } => {
                let sides = Box::new((self.list(*left)?, self.list(*right)?));
                Test::Relation { relation: *relation, sides, or_none: *or_none }
            }
            Op::Quantified { quantifier, over, or_none, satisfies } => {
                let (walk, satisfies) = self.walk(over, |lower| lower.test_if(*satisfies))?;
                let said = match quantifier {
                    Quantifier::Every | Quantifier::No => satisfies.is_some(),
                    Quantifier::Some | Quantifier::Exists | Quantifier::ExactlyOne => true,
                };
                let satisfies = satisfies.map(Box::new);
                said.then(|| Test::Quantified {
                    quantifier: *quantifier,
                    walk: Box::new(walk),
                    or_none: *or_none,
                    satisfies,
                })?
            }
            Op::Distinct { over, by, or_none } => {
                let (walk, by) = self.walk(over, |lower| match by {
                    None => Some(None),
                    Some(by) => lower.term(*by).map(Some),
                })?;
                Test::Distinct { walk: Box::new(walk), by, or_none: *or_none }
            }
            Op::Let { local, value, body } => {
                let value = self.term(*value)?;
                Test::Let(*local, Box::new((value, self.test(*body)?)))
            }
            Op::Call { function: Function::WellFormed, arguments } => match self.program.operands_of(*arguments) {
                [identifier] => Test::WellFormed(self.term(*identifier)?),
                _ => return None,
            },
            Op::Const(_)
            | Op::Parameter(_)
            | Op::Local(_)
            | Op::One(_)
            | Op::Field { .. }
            | Op::Coalesce { .. }
            | Op::The { .. }
            | Op::Extreme { .. } => Test::Is(self.term_made(id)?),
            _ => return None,
        })
    }

    /// `a and (b and c)`, `(a and b) and c`: one after the other.
    fn side_by_side(&mut self, id: OpId, parts: &mut Vec<Test>, sides: fn(&Op) -> Option<(OpId, OpId)>) -> Option<()> {
        match sides(self.op(id)?) {
            Some((a, b)) => self.nested(|lower| {
                lower.side_by_side(a, parts, sides)?;
                lower.side_by_side(b, parts, sides)
            }),
            None => {
                parts.push(self.test(id)?);
                Some(())
            }
        }
    }

    fn comparison(&mut self, comparison: Comparison, left: OpId, right: OpId) -> Option<Test> {
        let sides = Box::new((self.term(left)?, self.term(right)?));
        Some(match comparison {
            Comparison::Equal => Test::Equal { sides, differ: false },
            Comparison::NotEqual => Test::Equal { sides, differ: true },
            Comparison::Less
            | Comparison::LessOrEqual
            | Comparison::Greater
            | Comparison::GreaterOrEqual
            | Comparison::Before
            | Comparison::After => Test::Order(comparison, sides),
        })
    }

    fn term(&mut self, op: OpId) -> Option<Term> {
        if self.is_condition(op) {
            return self.test(op).map(|test| match test {
                Test::Is(term) => term,
                test => Term::Test(Box::new(test)),
            });
        }
        if self.is_kept(op) {
            return self.kept(op, |lower| lower.term_made(op).map(Form::Term)).map(Term::Kept);
        }
        self.nested(|lower| lower.term_made(op))
    }

    fn term_made(&mut self, id: OpId) -> Option<Term> {
        Some(match self.op(id)? {
            // Only sums know months, which are rare.
            Op::Const(Const::Months(_)) => return None,
            Op::Const(constant) => Term::Given(self.given(Given::Const(*constant))),
            Op::Parameter(id) => Term::Given(self.given(Given::Parameter(*id))),
            Op::Local(local) => Term::Local(*local),
            Op::One(kind) => Term::Object(self.object(Object::One(*kind))),
            Op::Field { base, field } => Term::Field(self.path(*base, *field)?),
            Op::Coalesce { base, field, otherwise } => {
                let path = self.path(*base, *field)?;
                Term::Coalesce(path, Box::new(self.term(*otherwise)?))
            }
            Op::Arithmetic { arithmetic, left, right } => {
                Term::Sum(*arithmetic, Box::new((self.term(*left)?, self.term(*right)?)))
            }
            Op::Count { over, distinct_by: None } => Term::Count(Box::new(self.walk(over, |_| Some(()))?.0)),
            Op::The { over } => Term::The(Box::new(self.walk(over, |_| Some(()))?.0)),
            Op::Extreme { over, by, latest } => {
                let walk = Box::new(self.walk(over, |lower| lower.term(*by))?);
                Term::Extreme { walk, latest: *latest }
            }
            Op::Let { local, value, body } => {
                let value = self.term(*value)?;
                Term::Let(*local, Box::new((value, self.term(*body)?)))
            }
            Op::Call { function: Function::Date, arguments } => match self.program.operands_of(*arguments) {
                [instant] => Term::Date(Box::new(self.term(*instant)?)),
                _ => return None,
            },
            _ => return None,
        })
    }

    fn list(&mut self, op: OpId) -> Option<List> {
        if self.is_kept(op) {
            return self.kept(op, |lower| lower.list_made(op).map(Form::List)).map(List::Kept);
        }
        self.nested(|lower| lower.list_made(op))
    }

    fn list_made(&mut self, id: OpId) -> Option<List> {
        Some(match self.op(id)? {
            Op::All(kind) => List::Members(*kind),
            Op::List(operands) => {
                let terms = self.program.operands_of(*operands).iter().map(|operand| self.term(*operand));
                List::Written(terms.collect::<Option<_>>()?)
            }
            Op::Project { element, over } => List::Project(Box::new(self.walk(over, |lower| lower.term(*element))?)),
            Op::Local(_) | Op::Field { .. } | Op::Coalesce { .. } => List::Term(self.term_made(id)?),
            _ => return None,
        })
    }

    /// A walk, and what is asked of each element.
    fn walk<T>(&mut self, over: &Over, each: impl FnOnce(&mut Self) -> Option<T>) -> Option<(Walk, T)> {
        let list = self.list(over.list)?;
        let before = self.ops;
        self.walks += 1;
        let filter = self.test_if(over.filter);
        let each = each(self);
        self.walks -= 1;
        let weight = self.ops - before + 1;
        Some((Walk { local: over.local, list, filter: filter?, weight }, each?))
    }

    fn path(&mut self, base: OpId, field: FieldRef) -> Option<Path> {
        let (mut through, mut at) = (Vec::new(), base);
        loop {
            if let Some(object) = self.known_object(at) {
                return Some(self.path_from(Place::Object(object), through, field));
            }
            match self.op(at)? {
                Op::Field { base, field } => {
                    through.push(*field);
                    at = *base;
                }
                Op::Local(local) => return Some(self.path_from(Place::Local(*local), through, field)),
                _ => {
                    let from = Place::Term(Box::new(self.term(at)?));
                    return Some(self.path_from(from, through, field));
                }
            }
        }
    }

    fn path_from(&self, from: Place, mut through: Vec<FieldRef>, field: FieldRef) -> Path {
        through.reverse();
        Path { from, through: through.into(), field }
    }

    /// An object that no local leads to.
    fn known_object(&mut self, op: OpId) -> Option<u32> {
        let (mut fields, mut at) = (Vec::new(), op);
        let kind = loop {
            match &self.program.ops[at.0 as usize] {
                Op::One(kind) => break *kind,
                Op::Field { base, field } => {
                    fields.push(*field);
                    at = *base;
                }
                _ => return None,
            }
        };
        // Each of them is an operation that is run.
        self.ops = self.ops.saturating_add(fields.len() as u32 + 1);
        let mut object = self.object(Object::One(kind));
        for field in fields.iter().rev() {
            object = self.object(Object::Field { of: object, field: *field });
        }
        Some(object)
    }

    fn given(&mut self, given: Given) -> u32 {
        *self.given_index.entry(given).or_insert_with(|| {
            self.givens.push(given);
            self.givens.len() as u32 - 1
        })
    }

    fn object(&mut self, object: Object) -> u32 {
        *self.object_index.entry(object).or_insert_with(|| {
            self.objects.push(object);
            self.objects.len() as u32 - 1
        })
    }
}
