//! The syntax tree of an expression.
//!
//! Spans are offsets in the text of the expression; a [`Fragment`](crate::source::Fragment) maps
//! them to the file it stands in.

use crate::primitives::{Date, Duration, Instant};
use crate::source::Span;

/// An expression and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Where it stands.
    pub span: Span,
}

/// A name and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// The identifier.
    pub text: String,
    /// Where it stands.
    pub span: Span,
}

/// The kinds of expression.
#[allow(missing_docs)] // the line above a variant names its operands
#[derive(Debug, Clone, PartialEq)]
pub enum ExprKind {
    /// A literal.
    Literal(Literal),
    /// A name: fact, list of facts, parameter, bound variable, `as_of`, `t_sign`.
    Name(String),
    /// `base.field`
    Field(Box<Expr>, Name),
    /// `has path`; the operand is a `Field`.
    Has(Box<Expr>),
    /// `path ?? otherwise`
    Coalesce(Box<Expr>, Box<Expr>),
    /// `not a`
    Not(Box<Expr>),
    /// `a and b`
    And(Box<Expr>, Box<Expr>),
    /// `a or b`
    Or(Box<Expr>, Box<Expr>),
    /// `a == b` and its siblings, `before` and `after` among them
    Compare(Comparison, Box<Expr>, Box<Expr>),
    /// `item in list`; `negated` for `not in`
    In { item: Box<Expr>, list: Box<Expr>, negated: bool },
    /// `item in low .. high`; a bound may be exclusive
    InRange {
        item: Box<Expr>,
        low: Box<Expr>,
        low_exclusive: bool,
        high: Box<Expr>,
        high_exclusive: bool,
        negated: bool,
    },
    /// `text matches /pattern/`
    Matches { text: Box<Expr>, pattern: String, pattern_span: Span },
    /// `A subset of B` and its siblings
    SetRelation { relation: SetRelation, left: Box<Expr>, right: Box<Expr>, or_none: bool },
    /// `A union B` and its siblings
    SetOperation(SetOperation, Box<Expr>, Box<Expr>),
    /// `a + b`, `a - b`, `a * b`
    Arithmetic(Arithmetic, Box<Expr>, Box<Expr>),
    /// `[a, b]`
    List(Vec<Expr>),
    /// `[e for x in xs where f]`
    Project { element: Box<Expr>, binding: Box<Binding> },
    /// `every x in xs where f (or none) satisfies p` and its siblings
    Quantified { quantifier: Quantifier, binding: Box<Binding>, or_none: bool, satisfies: Option<Box<Expr>> },
    /// `count(x in xs where f)`, `count distinct(x in xs by k)`, `latest(x in xs by k)` and siblings
    Aggregate { aggregate: Aggregate, binding: Box<Binding>, by: Option<Box<Expr>>, or_none: bool },
    /// `count(xs)`, `distinct(xs)`: an aggregate of a list without naming its elements
    AggregateList { aggregate: Aggregate, list: Box<Expr>, or_none: bool },
    /// `max_gap(x in xs where f by k, from, to)`
    MaxGap { binding: Box<Binding>, by: Box<Expr>, from: Box<Expr>, to: Box<Expr> },
    /// `recorded(KIND)`
    Recorded(Name),
    /// `name(a, b)`: a builtin function or a definition
    Call { name: Name, arguments: Vec<Expr> },
}

/// `x in xs where f`
#[derive(Debug, Clone, PartialEq)]
pub struct Binding {
    /// The bound name.
    pub name: Name,
    /// The collection.
    pub over: Expr,
    /// The filter.
    pub filter: Option<Expr>,
    /// Where the whole stands.
    pub span: Span,
}

/// A literal.
#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    /// `true`
    Bool(bool),
    /// `42`
    Int(i64),
    /// `"text"`
    Text(String),
    /// `2026-03-20T15:00:00Z`
    Instant(Instant),
    /// `2026-03-20`
    Date(Date),
    /// `168h`
    Duration(Duration),
    /// `30 days`
    Days(i64),
    /// `3 months`, `1 year`
    Months(i64),
}

/// Comparison operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum Comparison {
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `before`: `<` on times
    Before,
    /// `after`: `>` on times
    After,
}

impl Comparison {
    /// The comparison with its sides exchanged.
    pub fn flipped(self) -> Self {
        match self {
            Self::Equal | Self::NotEqual => self,
            Self::Less => Self::Greater,
            Self::LessOrEqual => Self::GreaterOrEqual,
            Self::Greater => Self::Less,
            Self::GreaterOrEqual => Self::LessOrEqual,
            Self::Before => Self::After,
            Self::After => Self::Before,
        }
    }

    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Before => "before",
            Self::After => "after",
        }
    }
}

/// Relations of two lists as sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum SetRelation {
    /// `A subset of B`
    Subset,
    /// `A disjoint from B`
    Disjoint,
    /// `A same set as B`
    Same,
}

/// Operations on two lists as sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum SetOperation {
    /// `A union B`
    Union,
    /// `A intersect B`
    Intersect,
    /// `A minus B`
    Minus,
}

/// Arithmetic operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum Arithmetic {
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
}

/// Quantifiers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum Quantifier {
    /// `every … satisfies`
    Every,
    /// `no … satisfies`
    No,
    /// `some … satisfies`
    Some,
    /// `exists …`
    Exists,
    /// `exactly one …`
    ExactlyOne,
}

/// Aggregates over the elements of a collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum Aggregate {
    /// `count(…)`
    Count,
    /// `count distinct(… by k)`
    CountDistinct,
    /// `distinct(… by k)`
    Distinct,
    /// `the(…)`
    The,
    /// `latest(… by k)`
    Latest,
    /// `earliest(… by k)`
    Earliest,
    /// `min(list)`
    Min,
    /// `max(list)`
    Max,
}

impl Aggregate {
    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::CountDistinct => "count distinct",
            Self::Distinct => "distinct",
            Self::The => "the",
            Self::Latest => "latest",
            Self::Earliest => "earliest",
            Self::Min => "min",
            Self::Max => "max",
        }
    }
}

/// `name(parameter: type, …)` of a definition.
#[derive(Debug, Clone, PartialEq)]
pub struct Signature {
    /// The defined name.
    pub name: Name,
    /// Its parameters.
    pub parameters: Vec<(Name, TypeName)>,
}

/// A type as a definition's parameter or a policy's `parameters` write it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypeName {
    /// What it is.
    pub kind: TypeNameKind,
    /// Where it stands.
    pub span: Span,
}

/// The forms of a type name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TypeNameKind {
    /// `bool`, `instant`, `lei_record`
    Named(String),
    /// `item of lar_designation.lars`
    ItemOf(Vec<String>),
    /// `list of T`
    ListOf(Box<TypeName>),
}

/// A message: text with `{expression}` in it.
#[derive(Debug, Clone, PartialEq)]
pub enum MessagePart {
    /// Text to print as it is.
    Text(String),
    /// An expression whose value is printed.
    Expr(Expr),
}
