//! The typed program: what `compile` makes and `evaluate` runs.
//!
//! Expressions are an arena of [`Op`]s that name their operands by index; every name is resolved,
//! every field has its slot, every definition is put in. A program is plain data, so the shipped rule
//! book is embedded as a serialised image.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::blocks::Blocks;
use super::by_pack::Rules;
use super::direct::Later;
use super::once::Once;
use crate::expr::ast::{Arithmetic, Comparison, Quantifier, SetOperation, SetRelation};
use crate::facts::schema::{FactSchema, KindId, StructId, Type};
use crate::facts::table::Layout;
pub use crate::primitives::Pattern;
use crate::primitives::{Date, Duration, Instant, Sha256};
use crate::source::Span;
pub use crate::terms::{Level, Precedence, Stage, Strength};

/// Index of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct OpId(pub u32);

/// Index of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RuleIndex(pub u32);

/// Index of a policy file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct DocumentIndex(pub u32);

/// Index of a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ParameterId(pub u32);

/// Slot of a bound variable in the frame of the expression being evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Local(pub u16);

/// A run of operands in [`Program::operands`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Operands {
    /// First index.
    pub start: u32,
    /// Number of operands.
    pub length: u32,
}

/// A field of an object type, and its slot in this program's layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct FieldRef {
    /// The object type.
    pub type_id: StructId,
    /// The field.
    pub field: u16,
    /// Its slot.
    pub slot: u16,
}

/// A compiled rule book.
#[derive(Debug, Serialize, Deserialize)]
pub struct Program {
    /// The facts it may read.
    pub schema: FactSchema,
    /// Which fields it reads, and where they are.
    pub layout: Layout,
    /// The operations.
    #[serde(skip)]
    pub ops: Blocks<Op>,
    /// Per operation: where it stands, and its type.
    #[serde(skip)]
    pub origins: Blocks<Origin>,
    /// Which of them give one value a run.
    pub once: Once,
    /// Operands of lists and calls.
    pub operands: Vec<OpId>,
    /// Text constants.
    pub texts: Vec<String>,
    /// Patterns of `matches`.
    pub patterns: Vec<Pattern>,
    /// Parameters, with the value in force (overrides applied when the run starts).
    pub parameters: Vec<Parameter>,
    /// Policy files, in order of document id.
    pub documents: Vec<Document>,
    /// Rules, in order of document, then as written.
    pub rules: Rules,
    /// Flows and the packs that decide them.
    pub flows: Vec<Flow>,
    /// Profiles.
    pub profiles: Vec<Profile>,
    /// Requirements that have no rule yet, each with what it waits for.
    pub pending: Vec<Pending>,
    /// Requirements that no evidence of a case decides, each with the reason.
    pub external: Vec<External>,
    /// Data tables (`policies/tables/`), read like kinds.
    pub tables: Vec<Table>,
    /// Digest over all sources it was compiled from.
    pub digest: Sha256,
    /// The form in which rules are decided where everything is known, once it is made.
    #[serde(skip)]
    pub direct: Later,
}

/// Where an operation stands and of which type its value is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Origin {
    /// The policy file.
    pub document: DocumentIndex,
    /// The bytes in it.
    pub span: Span,
    /// The type of the value.
    pub type_: Type,
}

/// One operation.
#[allow(missing_docs)] // the line above a variant names its operands
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Op {
    /// A constant.
    Const(Const),
    /// A parameter.
    Parameter(ParameterId),
    /// A bound variable: an element of a collection, or an argument of a definition.
    Local(Local),
    /// The one member of a kind: unknown unless there is exactly one.
    One(KindId),
    /// All members of a kind.
    All(KindId),
    /// Whether a member of the kind is listed.
    Recorded(KindId),
    /// A field of an object.
    Field { base: OpId, field: FieldRef },
    /// Whether an object has a field.
    Has { base: OpId, field: FieldRef },
    /// A field of an object, or another value where it is absent.
    Coalesce { base: OpId, field: FieldRef, otherwise: OpId },
    /// `not a`
    Not(OpId),
    /// `a and b`; evaluated left to right, the right not if the left is false
    And(OpId, OpId),
    /// `a or b`; evaluated left to right, the right not if the left is true
    Or(OpId, OpId),
    /// A comparison that no clock takes part in.
    Compare { comparison: Comparison, left: OpId, right: OpId },
    /// `clock ± offset cmp other`, the clock always on the left: feeds `valid_until`.
    CompareClock { comparison: Comparison, clock: Clock, plus: Option<OpId>, minus: Option<OpId>, other: OpId },
    /// `item in list`
    In { item: OpId, list: OpId },
    /// `text matches /pattern/`
    Matches { text: OpId, pattern: u32 },
    /// `A subset of B` and its siblings
    SetRelation { relation: SetRelation, left: OpId, right: OpId, or_none: bool },
    /// `A union B` and its siblings
    SetOperation { operation: SetOperation, left: OpId, right: OpId },
    /// Arithmetic; the operand types decide which.
    Arithmetic { arithmetic: Arithmetic, left: OpId, right: OpId },
    /// `[a, b]`
    List(Operands),
    /// `[e for x in xs where f]`
    Project { element: OpId, over: Over },
    /// A quantifier; `satisfies` is absent for `exists` and `exactly one`.
    Quantified { quantifier: Quantifier, over: Over, or_none: bool, satisfies: Option<OpId> },
    /// `count(…)`; an interval, only ever a side of a comparison
    Count { over: Over, distinct_by: Option<OpId> },
    /// A comparison of a count with an integer.
    CompareCount { comparison: Comparison, count: OpId, other: OpId },
    /// `distinct(… by k)`; without `by`, the elements themselves
    Distinct { over: Over, by: Option<OpId>, or_none: bool },
    /// `the(…)`
    The { over: Over },
    /// `latest(… by k)`, `earliest(… by k)`
    Extreme { over: Over, by: OpId, latest: bool },
    /// `min(list)`, `max(list)`
    Bound { list: OpId, greatest: bool },
    /// `max_gap(… by k, from, to)`
    MaxGap { over: Over, by: OpId, from: OpId, to: OpId },
    /// A definition's argument, bound once.
    Let { local: Local, value: OpId, body: OpId },
    /// `within(start, end, limit)`: feeds `valid_until`
    Within { start: OpId, end: OpId, limit: OpId },
    /// `days_between(from, to)`; a clock feeds `valid_until`
    DaysBetween { from: TimeOperand, to: TimeOperand },
    /// A builtin function.
    Call { function: Function, arguments: Operands },
}

/// `x in xs where f`; without a filter every element is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Over {
    /// The slot the element is bound to.
    pub local: Local,
    /// The collection.
    pub list: OpId,
    /// The filter.
    pub filter: Option<OpId>,
}

/// A side of `days_between`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum TimeOperand {
    /// A date or an instant.
    Op(OpId),
    /// A clock.
    Clock(Clock),
}

/// The two clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Clock {
    /// The instant the run judges for.
    AsOf,
    /// The time of signing: `as_of` until the signing, then the audited time.
    TSign,
}

/// A constant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Const {
    /// `bool`
    Bool(bool),
    /// `int`
    Int(i64),
    /// `text` and everything that is written as one; an index of [`Program::texts`]
    Text(u32),
    /// `instant`
    Instant(Instant),
    /// `date`
    Date(Date),
    /// `duration`
    Duration(Duration),
    /// `days`
    Days(i64),
    /// `months`
    Months(i64),
}

/// The builtin functions. A row here, a row in `compile`'s signature table and one arm in `evaluate`
/// is all that a new one takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Function {
    /// `date(instant)`
    Date,
    /// `well_formed(x)`
    WellFormed,
    /// `lei_of(text)`
    LeiOf,
    /// `same_name(a, b)`
    SameName,
    /// `min_signers(kt)`
    MinSigners,
    /// `satisfied(kt, indices)`
    Satisfied,
    /// `url_host(text)`
    UrlHost,
    /// `url_has_segment(text, segment)`
    UrlHasSegment,
    /// `length(text)`
    Length,
    /// `starts_with(text, prefix)`
    StartsWith,
    /// `unproven()`
    Unproven,
}

/// A parameter of the rule book.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Its type.
    pub type_: Type,
    /// What it is for.
    pub description: String,
    /// The value it has unless overridden.
    pub default: ParameterValue,
    /// The document that declares it.
    pub document: DocumentIndex,
}

/// The value of a parameter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum ParameterValue {
    /// `bool`
    Bool(bool),
    /// `int`
    Int(i64),
    /// `text` and everything written as one
    Text(String),
    /// `instant`
    Instant(Instant),
    /// `date`
    Date(Date),
    /// `duration`
    Duration(Duration),
    /// `days`
    Days(i64),
    /// `months`
    Months(i64),
    /// `list of T`
    List(Vec<ParameterValue>),
    /// Declared without a default, and not set: unknown (`missing`).
    Unset,
}

/// A policy file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// Its id: `le-framework`.
    pub id: String,
    /// The governance document's name.
    pub title: String,
    /// Which wins where two contradict.
    pub precedence: Precedence,
    /// Version labels with their first day.
    pub versions: Vec<(String, Date)>,
    /// The path of the file, relative to the policies folder.
    pub path: String,
    /// Its text, for the spans of [`Origin`] and [`Rule`]; of a shipped document, the embedded file.
    #[serde(skip)]
    pub text: Cow<'static, str>,
}

/// A compiled rule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    /// The requirement's id.
    pub id: String,
    /// What holds when it passes.
    pub title: String,
    /// The document it stands in.
    pub document: DocumentIndex,
    /// Section in the source.
    pub section: String,
    /// Section in the version in force, where it differs.
    pub in_force_section: Option<String>,
    /// How strongly the source says it.
    pub strength: Strength,
    /// How bad a failure is.
    pub level: Level,
    /// The packs it belongs to.
    pub packs: Vec<String>,
    /// When it is first decided.
    pub stage: Stage,
    /// First and last day in force.
    pub in_force: (Option<Date>, Option<Date>),
    /// What decides it.
    pub body: RuleBody,
    /// The message of a failure.
    pub message: Vec<MessagePiece>,
    /// What to do.
    pub help: String,
    /// Decisions on contradictions that shaped it.
    pub conflict: Vec<String>,
    /// Why it reads as it does.
    pub notes: String,
    /// The kinds of record it reads, for `bundle show` and `explain`.
    pub reads: Vec<KindId>,
    /// Digest over the meaning of the rule: its printed expressions with definitions and parameters
    /// put in, level, stage and dates. Waivers name it.
    pub digest: Sha256,
    /// Where the rule stands in its document.
    pub span: Span,
    /// Number of local slots its expressions use.
    pub locals: u16,
}

/// What decides a rule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum RuleBody {
    /// Expressions of its own.
    Expressions(RuleExpressions),
    /// The expressions of another rule; where that is due in the run, its finding lists this id.
    SameAs(RuleIndex),
    /// The worst outcome of its parts.
    AllOf(Vec<RuleIndex>),
}

/// The expressions of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleExpressions {
    /// One finding per element.
    pub for_each: Option<Over>,
    /// Whether it applies.
    pub applies: Option<OpId>,
    /// What must be true.
    pub require: Option<OpId>,
    /// The signed human statement it needs.
    pub attested: Option<OpId>,
    /// Lowers block to warn.
    pub warn_when: Option<OpId>,
}

/// A piece of a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum MessagePiece {
    /// Text.
    Text(String),
    /// An expression to print.
    Value(OpId),
}

/// A flow and the packs that decide it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flow {
    /// Its id: `le-unsolicited`.
    pub id: String,
    /// Its name.
    pub title: String,
    /// Its packs.
    pub packs: Vec<String>,
    /// The kinds of record a case of this flow needs, each with the stage that needs it.
    pub needs: Vec<(KindId, Stage)>,
}

/// A profile: which documents, levels and parameters are in force.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    /// Its id: `house`.
    pub id: String,
    /// What it is for.
    pub title: String,
    /// Documents whose rules do not run in it.
    pub without_documents: Vec<DocumentIndex>,
    /// Levels that differ.
    pub levels: Vec<(RuleIndex, Level)>,
    /// Parameters that differ.
    pub parameters: Vec<(ParameterId, ParameterValue)>,
    /// Whether `warn_when` lowers.
    pub warn_when: bool,
    /// The stage of a run that names none.
    pub stage: Stage,
}

/// A typed, dated list that rules read like a kind: eID schemes, ISO 5009 roles.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Table {
    /// The kind its rows are members of; class [`KindClass::Table`](crate::facts::schema::KindClass).
    pub kind: KindId,
    /// Rows, as written; per column a value, or none where the row leaves it out.
    pub rows: Vec<Vec<Option<ParameterValue>>>,
}

/// A requirement that has no rule yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    /// The requirement.
    pub id: String,
    /// Its document, as `document` ids are written.
    pub document: String,
    /// Its section.
    pub section: String,
    /// The pack it will be in.
    pub pack: String,
    /// When it will be first decided.
    pub stage: Stage,
    /// What it waits for: `keri`, `gate`, `population`.
    pub waits_for: String,
    /// One sentence: which part of it needs that.
    pub why: String,
}

/// A requirement that no evidence of a case decides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct External {
    /// The requirement.
    pub id: String,
    /// Its document.
    pub document: DocumentIndex,
    /// Its section.
    pub section: String,
    /// The pack it is counted in.
    pub pack: String,
    /// How binding it is.
    pub strength: Strength,
    /// The reason for which the signing gate refuses, where the gate decides it.
    pub gate: Option<String>,
    /// What would decide it, and who could.
    pub why: String,
}
