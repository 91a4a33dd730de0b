//! A small rule book about `thing`s, and the facts of a case about them.

use crate::compile::direct::Later;
use crate::compile::once::Once;
use crate::compile::program::*;
use crate::evaluate::machine::Machine;
use crate::evaluate::value::{Known, Truth, Value};
use crate::evaluate::{Inputs, Selection, Signing, evaluate, finding::Evaluation, finding::Waiver};
use crate::expr::ast::{Comparison, Quantifier};
use crate::facts::schema::*;
use crate::facts::table::Layout;
use crate::facts::{Cause, Cell, CellValue, Facts, FileId, NodeId};
use crate::primitives::{Date, Instant, Sha256};
use crate::source::Span;

pub const THING: KindId = KindId(0);
pub const OTHER: KindId = KindId(1);
pub const STATUS: EnumId = EnumId(0);

/// Fields of a thing: name and type.
fn fields() -> Vec<(&'static str, Type)> {
    vec![
        ("id", Type::Text),
        ("path", Type::Text),
        ("status", Type::Enum(STATUS)),
        ("ok", Type::Bool),
        ("n", Type::Int),
        ("at", Type::Instant),
        ("end", Type::Instant),
        ("on", Type::Date),
        ("aid", Type::Aid),
        ("name", Type::Text),
        ("names", Type::List(Box::new(Type::Text))),
        ("numbers", Type::List(Box::new(Type::Int))),
        ("kt", Type::Threshold),
        ("part", Type::Record(StructId(0))),
    ]
}

pub struct Book {
    pub program: Program,
    locals: u16,
}

pub fn instant(text: &str) -> Instant {
    text.parse().unwrap()
}

pub fn date(text: &str) -> Date {
    text.parse().unwrap()
}

pub const AS_OF: &str = "2026-03-20T15:00:00Z";

impl Book {
    pub fn new() -> Self {
        let field = |(name, type_): (&str, Type)| Field {
            name: name.into(),
            description: String::new(),
            shape: Shape {
                type_,
                open: false,
                pattern: None,
                length: (None, None),
                range: (None, None),
                unit_s: None,
                format: None,
                items: None,
            },
            required: false,
            nullable: false,
            null_fails: false,
            role: InstantRole::Event,
            origin: FieldOrigin::Member,
        };
        let thing = StructType {
            name: "thing".into(),
            fields: fields().into_iter().map(field).collect(),
            closed: true,
            variants: None,
        };
        let kind = |name: &str| Kind {
            name: name.into(),
            singular: name.into(),
            plural: Some(format!("{name}s")),
            class: KindClass::Evidence,
            record: StructId(0),
            clauses: Vec::new(),
            signed: false,
            attached: Vec::new(),
            title: String::new(),
            description: String::new(),
        };
        let schema = FactSchema {
            structs: vec![thing],
            enums: vec![EnumType { name: "status".into(), values: vec!["ISSUED".into(), "LAPSED".into()] }],
            kinds: vec![kind("thing"), kind("other")],
        };
        let layout = Layout::full(&schema);
        let document = |id: &str| Document {
            id: id.into(),
            title: id.into(),
            precedence: Precedence::Framework,
            versions: Vec::new(),
            path: format!("{id}.yaml"),
            text: String::new().into(),
        };
        let program = Program {
            schema,
            layout,
            ops: Vec::new().into(),
            origins: Vec::new().into(),
            once: Once::default(),
            operands: Vec::new(),
            texts: Vec::new(),
            patterns: Vec::new(),
            parameters: Vec::new(),
            documents: vec![document("framework"), document("house")],
            rules: Vec::new().into(),
            flows: vec![Flow {
                id: "flow".into(),
                title: String::new(),
                packs: vec!["pack".into()],
                needs: Vec::new(),
            }],
            profiles: Vec::new(),
            pending: Vec::new(),
            external: Vec::new(),
            tables: Vec::new(),
            digest: Sha256::of(b"program"),
            direct: Later::default(),
        };
        Self { program, locals: 0 }
    }

    pub fn op(&mut self, op: Op, type_: Type) -> OpId {
        self.program.ops_to_change().unwrap().push(op);
        self.program.once = Once::of(self.program.ops.as_slice(), &self.program.operands);
        self.program.origins.whole().unwrap().push(Origin { document: DocumentIndex(0), span: Span::default(), type_ });
        OpId(self.program.ops.len() as u32 - 1)
    }

    /// Gives an operation the text it was written as.
    pub fn written(&mut self, op: OpId, text: &str) -> OpId {
        let document = self.program.documents[0].text.to_mut();
        let start = document.len();
        document.push_str(text);
        self.program.origins.whole().unwrap()[op.0 as usize].span = Span::new(start, document.len());
        op
    }

    pub fn local(&mut self) -> Local {
        self.locals += 1;
        Local(self.locals - 1)
    }

    pub fn bool(&mut self, value: bool) -> OpId {
        self.op(Op::Const(Const::Bool(value)), Type::Bool)
    }

    pub fn int(&mut self, value: i64) -> OpId {
        self.op(Op::Const(Const::Int(value)), Type::Int)
    }

    pub fn text(&mut self, value: &str) -> OpId {
        self.program.texts.push(value.into());
        self.op(Op::Const(Const::Text(self.program.texts.len() as u32 - 1)), Type::Text)
    }

    pub fn instant(&mut self, value: &str) -> OpId {
        self.op(Op::Const(Const::Instant(instant(value))), Type::Instant)
    }

    pub fn date(&mut self, value: &str) -> OpId {
        self.op(Op::Const(Const::Date(date(value))), Type::Date)
    }

    pub fn hours(&mut self, value: i64) -> OpId {
        let duration = crate::primitives::Duration::from_seconds(value * 3600);
        self.op(Op::Const(Const::Duration(duration)), Type::Duration)
    }

    pub fn days(&mut self, value: i64) -> OpId {
        self.op(Op::Const(Const::Days(value)), Type::Days)
    }

    pub fn months(&mut self, value: i64) -> OpId {
        self.op(Op::Const(Const::Months(value)), Type::Months)
    }

    /// A value that is not known for this cause.
    pub fn unknown(&mut self, cause: Cause) -> OpId {
        let one = self.one(OTHER);
        let field = match cause {
            Cause::Unrecognised => "status",
            Cause::Missing => "ok",
            Cause::Invalid => "n",
            _ => panic!("no field has the cause {cause:?}"),
        };
        self.field(one, field)
    }

    pub fn operands(&mut self, operands: &[OpId]) -> Operands {
        let start = self.program.operands.len() as u32;
        self.program.operands.extend_from_slice(operands);
        Operands { start, length: operands.len() as u32 }
    }

    pub fn list(&mut self, operands: &[OpId]) -> OpId {
        let operands = self.operands(operands);
        self.op(Op::List(operands), Type::List(Box::new(Type::Text)))
    }

    pub fn ints(&mut self, values: &[i64]) -> OpId {
        let operands: Vec<OpId> = values.iter().map(|value| self.int(*value)).collect();
        self.list(&operands)
    }

    pub fn one(&mut self, kind: KindId) -> OpId {
        self.op(Op::One(kind), Type::Record(StructId(0)))
    }

    pub fn all(&mut self, kind: KindId) -> OpId {
        self.op(Op::All(kind), Type::List(Box::new(Type::Record(StructId(0)))))
    }

    pub fn get(&mut self, local: Local) -> OpId {
        self.op(Op::Local(local), Type::Record(StructId(0)))
    }

    pub fn field_ref(&self, name: &str) -> FieldRef {
        let field = self.program.schema.structs[0].field(name).unwrap();
        FieldRef { type_id: StructId(0), field, slot: self.program.layout.slot(StructId(0), field).unwrap() }
    }

    pub fn field(&mut self, base: OpId, name: &str) -> OpId {
        let field = self.field_ref(name);
        let type_ = self.program.schema.structs[0].fields[usize::from(field.field)].shape.type_.clone();
        self.op(Op::Field { base, field }, type_)
    }

    pub fn has(&mut self, base: OpId, name: &str) -> OpId {
        let field = self.field_ref(name);
        self.op(Op::Has { base, field }, Type::Bool)
    }

    /// `thing.name`
    pub fn thing(&mut self, name: &str) -> OpId {
        let one = self.one(THING);
        self.field(one, name)
    }

    pub fn not(&mut self, a: OpId) -> OpId {
        self.op(Op::Not(a), Type::Bool)
    }

    pub fn and(&mut self, a: OpId, b: OpId) -> OpId {
        self.op(Op::And(a, b), Type::Bool)
    }

    pub fn or(&mut self, a: OpId, b: OpId) -> OpId {
        self.op(Op::Or(a, b), Type::Bool)
    }

    pub fn compare(&mut self, left: OpId, comparison: Comparison, right: OpId) -> OpId {
        self.op(Op::Compare { comparison, left, right }, Type::Bool)
    }

    pub fn equal(&mut self, left: OpId, right: OpId) -> OpId {
        self.compare(left, Comparison::Equal, right)
    }

    pub fn is_in(&mut self, item: OpId, list: OpId) -> OpId {
        self.op(Op::In { item, list }, Type::Bool)
    }

    pub fn call(&mut self, function: Function, arguments: &[OpId], type_: Type) -> OpId {
        let arguments = self.operands(arguments);
        self.op(Op::Call { function, arguments }, type_)
    }

    /// `x in things where FILTER`; the filter is made from the element.
    pub fn over(&mut self, list: OpId, filter: impl FnOnce(&mut Self, OpId) -> Option<OpId>) -> (Over, OpId) {
        let local = self.local();
        let element = self.get(local);
        let filter = filter(self, element);
        (Over { local, list, filter }, element)
    }

    pub fn things(&mut self) -> (Over, OpId) {
        let all = self.all(THING);
        self.over(all, |_, _| None)
    }

    /// `x in things where x.ok`
    pub fn ok_things(&mut self) -> (Over, OpId) {
        let all = self.all(THING);
        self.over(all, |book, x| Some(book.field(x, "ok")))
    }

    pub fn quantified(&mut self, quantifier: Quantifier, over: Over, satisfies: Option<OpId>) -> OpId {
        self.op(Op::Quantified { quantifier, over, or_none: false, satisfies }, Type::Bool)
    }

    pub fn quantified_or_none(&mut self, quantifier: Quantifier, over: Over, satisfies: Option<OpId>) -> OpId {
        self.op(Op::Quantified { quantifier, over, or_none: true, satisfies }, Type::Bool)
    }

    pub fn parameter(&mut self, name: &str, type_: Type, default: ParameterValue) -> OpId {
        let id = ParameterId(self.program.parameters.len() as u32);
        self.program.parameters.push(Parameter {
            name: name.into(),
            type_: type_.clone(),
            description: String::new(),
            default,
            document: DocumentIndex(0),
        });
        self.op(Op::Parameter(id), type_)
    }

    /// A rule of pack `pack` that requires a condition.
    pub fn rule(&mut self, id: &str, require: OpId) -> &mut Rule {
        self.expressions(
            id,
            RuleExpressions { for_each: None, applies: None, require: Some(require), attested: None, warn_when: None },
        )
    }

    /// Puts every rule under its packs, which tests change after the rule was made.
    pub fn sort_into_packs(&mut self) {
        self.program.rules = std::mem::take(self.program.rules.whole()).into();
    }

    pub fn expressions(&mut self, id: &str, expressions: RuleExpressions) -> &mut Rule {
        self.body(id, RuleBody::Expressions(expressions))
    }

    pub fn body(&mut self, id: &str, body: RuleBody) -> &mut Rule {
        let locals = self.locals;
        let rules = self.program.rules.whole();
        rules.push(Rule {
            id: id.into(),
            title: format!("{id} holds"),
            document: DocumentIndex(0),
            section: "1".into(),
            in_force_section: None,
            strength: Strength::Must,
            level: Level::Block,
            packs: vec!["pack".into()],
            stage: Stage::Evidence,
            in_force: (None, None),
            body,
            message: Vec::new(),
            help: String::new(),
            conflict: Vec::new(),
            notes: String::new(),
            reads: Vec::new(),
            digest: Sha256::of(id.as_bytes()),
            span: Span::default(),
            locals,
        });
        rules.last_mut().unwrap()
    }

    pub fn facts(&self) -> Case<'_> {
        Case { facts: Facts::new(&self.program.schema), book: self }
    }
}

pub fn house() -> Profile {
    Profile {
        id: "house".into(),
        title: String::new(),
        without_documents: Vec::new(),
        levels: Vec::new(),
        parameters: Vec::new(),
        warn_when: true,
        stage: Stage::Evidence,
    }
}

pub struct Case<'b> {
    pub facts: Facts<'b>,
    book: &'b Book,
}

impl<'b> Case<'b> {
    /// An object with these cells; each gets a span of its own in file 0.
    pub fn node(&mut self, cells: &[(&str, CellValue<'b>)]) -> NodeId {
        let width = self.book.program.layout.width(StructId(0));
        let node = self.facts.push_node(StructId(0), width, Some(FileId(0)), Span::new(1000, 2000));
        for (name, value) in cells {
            let slot = self.book.field_ref(name).slot;
            let start = usize::from(slot) * 10;
            self.facts.set(node, slot, Cell { value: *value, span: Span::new(start, start + 5) });
        }
        node
    }

    pub fn thing(&mut self, cells: &[(&str, CellValue<'b>)]) -> &mut Self {
        let node = self.node(cells);
        self.facts.population_mut(THING).members.push(node);
        self
    }

    /// The record that `Book::unknown` reads.
    pub fn unknowns(&mut self) -> &mut Self {
        let node = self
            .node(&[("status", CellValue::Unknown(Cause::Unrecognised)), ("n", CellValue::Unknown(Cause::Invalid))]);
        self.facts.population_mut(OTHER).members.push(node);
        self
    }

    /// A listed thing that cannot be read.
    pub fn unreadable(&mut self) -> &mut Self {
        let cells: Vec<_> = fields().iter().map(|(name, _)| (*name, CellValue::Unknown(Cause::Unreadable))).collect();
        let node = self.node(&cells);
        self.facts.population_mut(THING).unreadable.push(node);
        self
    }

    pub fn list(&mut self, values: &[CellValue<'b>]) -> CellValue<'b> {
        let cells: Vec<Cell<'b>> = values
            .iter()
            .enumerate()
            .map(|(at, value)| Cell { value: *value, span: Span::new(500 + at * 10, 505 + at * 10) })
            .collect();
        CellValue::List(self.facts.push_list(&cells))
    }

    pub fn truth(&self, op: OpId) -> Truth {
        self.run(op, |machine, op| machine.truth(op))
    }

    /// A known value, printed, or the cause.
    pub fn value(&self, op: OpId) -> Result<String, Cause> {
        self.run(op, |machine, op| {
            let value: Known<'_> = machine.eval(op);
            value.map(|value: Value<'_>| machine.show(Ok(value))).map_err(|unknown| unknown.cause)
        })
    }

    pub fn until(&self, op: OpId) -> Option<String> {
        self.run(op, |machine, op| {
            let _ = machine.eval(op);
            machine.until.map(|until| until.to_string())
        })
    }

    pub fn run<T>(&self, op: OpId, run: impl FnOnce(&mut Machine<'_>, OpId) -> T) -> T {
        self.run_signed(op, Signing::NotYet, run)
    }

    pub fn run_signed<T>(&self, op: OpId, signing: Signing, run: impl FnOnce(&mut Machine<'_>, OpId) -> T) -> T {
        let arena = bumpalo::Bump::new();
        let parameters: Vec<&ParameterValue> =
            self.book.program.parameters.iter().map(|parameter| &parameter.default).collect();
        let mut machine = Machine::new(&self.book.program, &self.facts, &arena, instant(AS_OF), signing, &parameters);
        machine.frame(self.book.locals);
        run(&mut machine, op)
    }

    /// Runs every rule of the book.
    pub fn evaluate(&self) -> Evaluation {
        self.evaluate_with(&house(), &[])
    }

    pub fn evaluate_with(&self, profile: &Profile, waivers: &[Waiver]) -> Evaluation {
        let due = (0..self.book.program.rules.len() as u32).map(RuleIndex).collect();
        let selection = Selection { due, ..Selection::default() };
        self.evaluate_selected(&selection, profile, waivers)
    }

    pub fn evaluate_selected(&self, selection: &Selection, profile: &Profile, waivers: &[Waiver]) -> Evaluation {
        let inputs = Inputs {
            as_of: instant(AS_OF),
            signing: Signing::NotYet,
            selection,
            profile,
            parameters: &[],
            waivers,
            bundle: Some(Sha256::of(b"bundle")),
        };
        evaluate(&self.book.program, &self.facts, &inputs)
    }
}

/// The answer, or the cause of an unknown.
pub fn answer(truth: Truth) -> Result<bool, Cause> {
    truth.map_err(|unknown| unknown.cause)
}
