//! Which facts exist, and of which type: the contract between policies and evidence.
//!
//! In: the schemas of `schemas/` (see `schemas/README.md`). Out: a [`FactSchema`]: kinds, the objects
//! inside them, and for each field its type and its constraints. The same value types expressions
//! (`compile`) and validates records (`bundle`), so there is no second list of fields.

mod json;
mod load;
mod subset;

pub use load::SchemaFile;

use serde::{Deserialize, Serialize};

use crate::primitives::Pattern;

/// Index of an object type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct StructId(pub u32);

/// Index of an enumeration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EnumId(pub u32);

/// Index of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct KindId(pub u32);

/// The type of a fact or of an expression.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Type {
    /// `true` or `false`
    Bool,
    /// 64-bit integer
    Int,
    /// text
    Text,
    /// one of a closed set of texts
    Enum(EnumId),
    /// a moment
    Instant,
    /// a UTC calendar date
    Date,
    /// an exact duration
    Duration,
    /// a number of calendar days
    Days,
    /// a number of calendar months
    Months,
    /// a Legal Entity Identifier
    Lei,
    /// an autonomic identifier
    Aid,
    /// a self-addressing identifier
    Said,
    /// a SHA-256 digest
    Sha256,
    /// a person id
    Person,
    /// a number of a foreign body, as text
    Decimal,
    /// a KERI signing threshold
    Threshold,
    /// a list
    List(Box<Type>),
    /// an object
    Record(StructId),
}

/// Every fact a policy may read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FactSchema {
    pub(crate) structs: Vec<StructType>,
    pub(crate) enums: Vec<EnumType>,
    pub(crate) kinds: Vec<Kind>,
}

/// A kind of record or of derived fact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kind {
    /// As manifests write it: `lei-record`.
    pub name: String,
    /// The name of the one record in expressions: `lei_record`.
    pub singular: String,
    /// The name of the list in expressions: `lei_records`; none for a derived singleton.
    pub plural: Option<String>,
    /// Where its members come from.
    pub class: KindClass,
    /// The object type of a member.
    pub record: StructId,
    /// The clauses a record of this kind is evidence for.
    pub clauses: Vec<String>,
    /// Whether its records carry KERI signatures.
    pub signed: bool,
    /// Fields read from another file of the bundle.
    pub attached: Vec<Attached>,
    /// Title and description, for `explain` and `bundle show`.
    pub title: String,
    /// What it is evidence of.
    pub description: String,
}

/// Where the members of a kind come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum KindClass {
    /// Files of a bundle (`schemas/evidence/`).
    Evidence,
    /// Files of `CASE/decision/` (`schemas/case/`).
    Case,
    /// Computed; a record of this kind in a bundle is refused (`schemas/facts/`).
    Derived,
    /// Rows of a data table of the rule book (`policies/tables/`).
    Table,
}

/// A field whose value is another file of the bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attached {
    /// The field that holds the value: `body`.
    pub field: u16,
    /// The field that names the file: `body_path`.
    pub from: u16,
}

/// An object type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StructType {
    /// How messages call it: `lei_record`, `item of lar_designation.lars`.
    pub name: String,
    /// Its fields, in schema order (header first).
    pub fields: Vec<Field>,
    /// Whether members that are not fields are a violation (false only in foreign bodies).
    pub closed: bool,
    /// Fields that depend on a tag.
    pub variants: Option<Variants>,
}

/// A tagged object: which fields an object with each tag has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variants {
    /// The field that is the tag; its type is an enum.
    pub tag: u16,
    /// Fields that every tag has.
    pub common: Vec<u16>,
    /// Per tag: the further fields it has.
    pub by_tag: Vec<(String, Vec<u16>)>,
}

/// A field of an object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// What it says, for `explain` and editors.
    pub description: String,
    /// Its type and constraints.
    pub shape: Shape,
    /// Whether its absence violates the schema.
    pub required: bool,
    /// Whether null may stand for it.
    pub nullable: bool,
    /// Whether null counts as an unrecognised value rather than as absent (`x-null: fails`).
    pub null_fails: bool,
    /// What an instant means.
    pub role: InstantRole,
    /// Where its value comes from.
    pub origin: FieldOrigin,
}

/// Where the value of a field comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum FieldOrigin {
    /// A member of the object in its file.
    Member,
    /// Another file (`x-attached`).
    Attached,
    /// Computed for every record: `path`, `digest_ok`, `clauses`; for a signed one `signers`, `signed_fully`.
    Derived,
}

/// What an instant means: only events must not lie in the future.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum InstantRole {
    /// Something happened.
    Event,
    /// Something holds from or until then.
    Validity,
    /// Something is planned or due then.
    Plan,
}

/// The type of a value and what else must hold of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shape {
    /// Its type.
    pub type_: Type,
    /// An enum value outside the set is unrecognised, not a violation (`x-open`).
    pub open: bool,
    /// A pattern the whole text must match.
    pub pattern: Option<Pattern>,
    /// Least and most characters of a text, or elements of a list.
    pub length: (Option<u64>, Option<u64>),
    /// Least and greatest integer (of a duration or of days: in the unit it is written in).
    pub range: (Option<i64>, Option<i64>),
    /// Seconds that one unit of an integer duration stands for (`x-unit` s: 1, h: 3600).
    pub unit_s: Option<i64>,
    /// A loose format.
    pub format: Option<Format>,
    /// The shape of the elements of a list.
    pub items: Option<Box<Shape>>,
}

impl Shape {
    /// Whether every text will do.
    #[inline]
    pub fn takes_any_text(&self) -> bool {
        let Self { type_, pattern, length, format, .. } = self;
        let is_plain = matches!(type_, Type::Text | Type::Person | Type::Decimal);
        is_plain && length.0.is_none() && length.1.is_none() && pattern.is_none() && format.is_none()
    }
}

/// A format that is checked loosely.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Format {
    /// One `@` with text on both sides.
    Email,
    /// A scheme and a host.
    Uri,
}

/// A closed set of texts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnumType {
    /// How messages call it: `status of lei_record.body.data.attributes.registration`.
    pub name: String,
    /// Its values, in schema order.
    pub values: Vec<String>,
}

impl FactSchema {
    /// All object types.
    pub fn structs(&self) -> &[StructType] {
        &self.structs
    }

    /// All kinds.
    pub fn kinds(&self) -> &[Kind] {
        &self.kinds
    }

    /// An object type.
    pub fn struct_type(&self, id: StructId) -> &StructType {
        &self.structs[id.0 as usize]
    }

    /// An enumeration.
    pub fn enum_type(&self, id: EnumId) -> &EnumType {
        &self.enums[id.0 as usize]
    }

    /// A kind.
    pub fn kind(&self, id: KindId) -> &Kind {
        &self.kinds[id.0 as usize]
    }

    /// The kind that a manifest or a schema file calls so (`lei-record`).
    pub fn kind_named(&self, name: &str) -> Option<KindId> {
        self.kinds.iter().position(|kind| kind.name == name).map(|at| KindId(at as u32))
    }

    /// How a type is written in messages and in the signatures of definitions.
    pub fn describe(&self, type_: &Type) -> String {
        match type_ {
            Type::Bool => "bool".into(),
            Type::Int => "int".into(),
            Type::Text => "text".into(),
            Type::Enum(id) => format!("one of {}", self.enum_type(*id).values.join(", ")),
            Type::Instant => "instant".into(),
            Type::Date => "date".into(),
            Type::Duration => "duration".into(),
            Type::Days => "days".into(),
            Type::Months => "months".into(),
            Type::Lei => "lei".into(),
            Type::Aid => "aid".into(),
            Type::Said => "said".into(),
            Type::Sha256 => "sha256".into(),
            Type::Person => "person".into(),
            Type::Decimal => "decimal".into(),
            Type::Threshold => "threshold".into(),
            Type::List(item) => format!("list of {}", self.describe(item)),
            Type::Record(id) => self.struct_type(*id).name.clone(),
        }
    }
}

impl StructType {
    /// The field of this name.
    pub fn field(&self, name: &str) -> Option<u16> {
        self.fields.iter().position(|field| field.name == name).map(|at| at as u16)
    }
    /// The field that a member of a file fills; what countersign derives is never taken from a file.
    pub fn member(&self, name: &str) -> Option<usize> {
        self.fields.iter().position(|field| field.name == name && field.origin == FieldOrigin::Member)
    }
}
