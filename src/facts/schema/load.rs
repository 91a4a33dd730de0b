//! Schema files to a [`FactSchema`]: which file is which kind, its header, its names.
//!
//! In: the files of `schemas/` (`schemas/README.md` is the reference). Out: a [`FactSchema`], or
//! every problem of every file. What stands inside an object is the business of `subset`.

use std::collections::BTreeMap;

use super::json::{self, Json};
use super::subset::{Builder, Place, is_identifier, resolve};
use super::{Attached, FactSchema, Field, FieldOrigin, InstantRole, Kind, KindClass, Shape, StructType, Type};
use crate::facts::error::SchemaError;

/// The shipped schema files, `(path, text)`, sorted by path.
mod embedded {
    include!(concat!(env!("OUT_DIR"), "/schemas.rs"));
}

/// A schema file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaFile {
    /// Its path in the folder of schemas: `evidence/ida-record.json`.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// Words of the expression language, its clocks and its types: a kind of that name could not be read.
#[rustfmt::skip]
const RESERVED: &[&str] = &[
    "after", "aid", "and", "as_of", "before", "bool", "by", "count", "date", "days", "decimal", "disjoint",
    "distinct", "duration", "earliest", "every", "exactly", "exists", "false", "for", "has", "in", "instant",
    "int", "intersect", "latest", "lei", "matches", "max", "max_gap", "min", "minus", "months", "no", "not",
    "null", "or", "person", "recorded", "said", "same", "satisfies", "sha256", "some", "subset", "t_sign",
    "text", "the", "threshold", "true", "union", "where",
];

impl FactSchema {
    /// Reads the files of a folder of schemas.
    ///
    /// # Errors
    /// Every problem of every file: `schema_not_json`, `schema_unsupported`, `schema_collision`.
    pub fn load(files: &[SchemaFile]) -> Result<Self, Vec<SchemaError>> {
        let mut errors = Vec::new();
        let mut parsed = BTreeMap::new();
        for file in files {
            match json::parse(&file.path, &file.text) {
                Ok(json) => drop(parsed.insert(file.path.as_str(), json)),
                Err(error) => errors.push(*error),
            }
        }
        let definitions = shared_shapes(&parsed);
        let mut builder = Builder::new(definitions);
        builder.errors = errors;
        check_shared(&mut builder, &parsed);
        let header = header(&mut builder, &parsed);
        let mut sources = Vec::new();
        for (path, json) in &parsed {
            match role(path) {
                FileRole::Kind(class, name) => {
                    if let Some(kind) = kind(&mut builder, &parsed, &header, path, json, class, name) {
                        builder.schema.kinds.push(kind);
                        sources.push(*path);
                    }
                }
                FileRole::Header | FileRole::Shared | FileRole::Body | FileRole::Document => {}
                FileRole::Unknown => {
                    builder.refuse(&top(path, ""), "a schema stands in evidence, evidence/bodies, case or facts");
                }
            }
        }
        collisions(&mut builder, &sources);
        if builder.errors.is_empty() { Ok(builder.schema) } else { Err(builder.errors) }
    }

    /// The shipped schemas.
    pub fn embedded() -> Self {
        let files: Vec<SchemaFile> = embedded::FILES
            .iter()
            .map(|(path, text)| SchemaFile { path: (*path).to_owned(), text: (*text).to_owned() })
            .collect();
        Self::load(&files).expect("the shipped schemas are loaded by a test")
    }

    /// The object type that a definition's parameter or a message calls so.
    pub fn struct_named(&self, name: &str) -> Option<super::StructId> {
        self.structs.iter().position(|type_| type_.name == name).map(|at| super::StructId(at as u32))
    }

    /// The kind whose single record is called so (`lei_record`); of a derived list, the name of its type only.
    pub fn kind_of_singular(&self, name: &str) -> Option<super::KindId> {
        self.kinds.iter().position(|kind| kind.singular == name).map(|at| super::KindId(at as u32))
    }

    /// The kind whose list is called so (`lei_records`).
    pub fn kind_of_plural(&self, name: &str) -> Option<super::KindId> {
        self.kinds.iter().position(|kind| kind.plural.as_deref() == Some(name)).map(|at| super::KindId(at as u32))
    }
}

impl Kind {
    /// Whether `lei_record` may be read: a derived list and a table have their list only.
    pub fn has_singleton(&self) -> bool {
        match self.class {
            KindClass::Evidence | KindClass::Case => true,
            KindClass::Derived => self.plural.is_none(),
            KindClass::Table => false,
        }
    }
}

/// What a file of the folder is for.
enum FileRole<'a> {
    Kind(KindClass, &'a str),
    Header,
    Shared,
    Body,
    /// A schema of countersign's own documents; rules do not read them.
    Document,
    Unknown,
}

fn role(path: &str) -> FileRole<'_> {
    match path {
        "record.json" => return FileRole::Header,
        "types.json" => return FileRole::Shared,
        _ => {}
    }
    let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
    let Some(name) = file.strip_suffix(".json") else { return FileRole::Unknown };
    match folder {
        "" if name.ends_with(".schema") => FileRole::Document,
        "evidence" => FileRole::Kind(KindClass::Evidence, name),
        "evidence/bodies" => FileRole::Body,
        "case" => FileRole::Kind(KindClass::Case, name),
        "facts" => FileRole::Kind(KindClass::Derived, name),
        _ => FileRole::Unknown,
    }
}

fn top(file: &str, path: &str) -> Place {
    Place { file: file.into(), pointer: String::new(), path: path.to_owned(), item: false, foreign: false }
}

fn shared_shapes<'a>(parsed: &'a BTreeMap<&str, Json>) -> BTreeMap<&'a str, &'a Json> {
    let shapes = parsed.get("types.json").and_then(|json| json.get("$defs")).and_then(Json::members);
    shapes.unwrap_or_default().iter().map(|(name, json)| (name.as_str(), json)).collect()
}

fn check_shared(builder: &mut Builder<'_>, parsed: &BTreeMap<&str, Json>) {
    if let Some(json) = parsed.get("types.json") {
        builder.allow(&top("types.json", ""), json, "the file of shared shapes", &[&["$defs"]]);
        if json.get("$defs").and_then(Json::members).is_none() {
            builder.refuse(&top("types.json", ""), "`$defs` holds the shared shapes");
        }
    }
}

/// The fields every record carries.
fn header(builder: &mut Builder<'_>, parsed: &BTreeMap<&str, Json>) -> Vec<Field> {
    let mut fields = Vec::new();
    if let Some(json) = parsed.get("record.json") {
        let place = top("record.json", "record");
        builder.allow(&place, json, "the header", &[&["type", "properties", "required"]]);
        builder.fields(&place, json, &mut fields);
    }
    fields
}

/// One record kind or derived fact.
fn kind(
    builder: &mut Builder<'_>,
    parsed: &BTreeMap<&str, Json>,
    header: &[Field],
    path: &str,
    json: &Json,
    class: KindClass,
    name: &str,
) -> Option<Kind> {
    let singular = name.replace('-', "_");
    let place = top(path, &singular);
    if !is_identifier(&singular) {
        builder.refuse(&place, format!("the file name `{name}` cannot be written in an expression"));
    }
    let keywords: &[&str] = match class {
        KindClass::Derived => &["x-population", "x-plural"],
        KindClass::Evidence | KindClass::Case | KindClass::Table => {
            &["x-plural", "x-clauses", "x-signed", "x-attached"]
        }
    };
    let body = ["$ref", "type", "properties", "required", "additionalProperties", "unevaluatedProperties"];
    builder.allow(&place, json, "the top of this schema", &[keywords, &body]);
    if json.get("type").and_then(Json::text) != Some("object") {
        builder.refuse(&place, "a record is `type: object`");
        return None;
    }
    let mut fields = with_header(builder, parsed, header, &place, json);
    builder.fields(&place, json, &mut fields);
    let signed = flag(builder, &place, json, "x-signed");
    let is_record = class != KindClass::Derived;
    if is_record {
        derived_fields(builder, &place, signed, &mut fields);
    }
    let attached = attached(builder, parsed, &place, json, &mut fields);
    let clauses = builder.texts(&place, json, "x-clauses");
    let plural = plural(builder, &place, json, class, &singular);
    let text = |key: &str| json.get(key).and_then(Json::text).unwrap_or_default().to_owned();
    let (title, description) = (text("title"), text("description"));
    let record = builder.push_struct(StructType { name: singular.clone(), fields, closed: true, variants: None });
    Some(Kind { name: name.to_owned(), singular, plural, class, record, clauses, signed, attached, title, description })
}

fn with_header(
    builder: &mut Builder<'_>,
    parsed: &BTreeMap<&str, Json>,
    header: &[Field],
    place: &Place,
    json: &Json,
) -> Vec<Field> {
    let (closing, other) = if json.get("$ref").is_some() {
        ("unevaluatedProperties", "additionalProperties")
    } else {
        ("additionalProperties", "unevaluatedProperties")
    };
    if json.get(closing) != Some(&Json::Bool(false)) || json.get(other).is_some() {
        builder.refuse(place, format!("this schema says `{closing}: false`, and not `{other}`"));
    }
    match json.get("$ref").map(|target| target.text().and_then(|target| resolve(&place.file, target))) {
        None => Vec::new(),
        Some(Some(target)) if target == "record.json" && parsed.contains_key("record.json") => header.to_vec(),
        Some(_) => {
            builder.refuse(&place.at("$ref"), "the `$ref` at the top of a schema is `../record.json`");
            Vec::new()
        }
    }
}

/// What countersign says of every record, and of every signed one.
fn derived_fields(builder: &mut Builder<'_>, place: &Place, signed: bool, fields: &mut Vec<Field>) {
    let list =
        |item: Type| Shape { items: Some(Box::new(Shape::of(item.clone()))), ..Shape::of(Type::List(Box::new(item))) };
    let every = [
        ("path", "path of the file in the case", Shape::of(Type::Text)),
        ("digest_ok", "whether the file has the digest that the manifest lists", Shape::of(Type::Bool)),
        ("clauses", "the clauses that a record of this kind is evidence for", list(Type::Text)),
    ];
    let of_signed = [
        ("signers", "identifiers whose signatures beside it verify and meet their threshold", list(Type::Aid)),
        (
            "signed_fully",
            "whether every signature beside it verifies and none is of a replaced key state",
            Shape::of(Type::Bool),
        ),
    ];
    for (name, description, shape) in every.into_iter().chain(of_signed.into_iter().filter(|_| signed)) {
        if fields.iter().any(|field| field.name == name) {
            builder
                .refuse(&place.at("properties").at(name), format!("every record has a derived field `{name}` already"));
        }
        fields.push(plain_field(name, description, shape, FieldOrigin::Derived));
    }
}

fn attached(
    builder: &mut Builder<'_>,
    parsed: &BTreeMap<&str, Json>,
    place: &Place,
    json: &Json,
    fields: &mut Vec<Field>,
) -> Vec<Attached> {
    let Some(declared) = json.get("x-attached") else { return Vec::new() };
    let at = place.at("x-attached");
    let mut attached = Vec::new();
    for (name, entry) in declared.members().unwrap_or_default() {
        let at = at.at(name);
        let text = |key: &str| entry.get(key).and_then(Json::text).unwrap_or_default();
        let (from, schema) = (text("from"), text("schema"));
        if entry.members().is_none_or(|all| all.iter().any(|(key, _)| key != "from" && key != "schema")) {
            builder.refuse(&at, "an attached field says `from` and `schema`");
        }
        if !is_identifier(name) || fields.iter().any(|field| field.name == *name) {
            builder.refuse(&at, format!("`{name}` cannot be the name of a further field"));
        }
        let from = fields.iter().position(|field| field.name == from && field.shape.type_ == Type::Text);
        let Some(from) = from else {
            builder.refuse(&at, "`from` is a text field of the record");
            continue;
        };
        let target = resolve(&place.file, schema).and_then(|path| parsed.get_key_value(path.as_str()));
        let Some((file, body)) = target else {
            builder.refuse(&at, format!("there is no schema `{schema}`"));
            continue;
        };
        let body_place = Place { foreign: true, ..top(file, &format!("{}.{name}", place.path)) };
        let Some(shape) = builder.body(&body_place, body) else { continue };
        let description = body.get("description").and_then(Json::text).unwrap_or_default();
        fields.push(plain_field(name, description, shape, FieldOrigin::Attached));
        attached.push(Attached { field: (fields.len() - 1) as u16, from: from as u16 });
    }
    attached
}

fn plain_field(name: &str, description: &str, shape: Shape, origin: FieldOrigin) -> Field {
    Field {
        name: name.to_owned(),
        description: description.to_owned(),
        shape,
        // What countersign derives is always there; a body may be missing.
        required: origin == FieldOrigin::Derived,
        nullable: false,
        null_fails: false,
        role: InstantRole::Event,
        origin,
    }
}

fn flag(builder: &mut Builder<'_>, place: &Place, json: &Json, key: &str) -> bool {
    match json.get(key) {
        None => false,
        Some(Json::Bool(value)) => *value,
        Some(_) => {
            builder.refuse(&place.at(key), format!("`{key}` is true or false"));
            false
        }
    }
}

/// The name of the list; a derived singleton has none.
fn plural(builder: &mut Builder<'_>, place: &Place, json: &Json, class: KindClass, singular: &str) -> Option<String> {
    if class == KindClass::Derived {
        match json.get("x-population").and_then(Json::text) {
            Some("list") => {}
            Some("singleton") => return None,
            Some(_) | None => {
                builder.refuse(place, "`x-population` is `singleton` or `list`");
                return None;
            }
        }
    }
    let plural = match json.get("x-plural") {
        None => format!("{singular}s"),
        Some(Json::Text(plural)) => plural.clone(),
        Some(_) => {
            builder.refuse(&place.at("x-plural"), "`x-plural` is a name");
            return None;
        }
    };
    if !is_identifier(&plural) {
        builder.refuse(&place.at("x-plural"), format!("`{plural}` cannot be written in an expression"));
    }
    Some(plural)
}

/// No two files may give rules the same name, and no kind may be in two folders.
fn collisions(builder: &mut Builder<'_>, sources: &[&str]) {
    let mut names: BTreeMap<String, String> =
        RESERVED.iter().map(|word| ((*word).to_owned(), "the expression language".to_owned())).collect();
    let mut claims: Vec<(String, String)> = Vec::new();
    for type_ in &builder.schema.structs {
        // Shared shapes stand first and have one-word names; those of kinds are claimed below.
        let is_kind = builder.schema.kinds.iter().any(|kind| kind.singular == type_.name);
        if is_identifier(&type_.name) && !is_kind {
            claims.push((type_.name.clone(), "types.json".to_owned()));
        }
    }
    for (kind, path) in builder.schema.kinds.iter().zip(sources) {
        claims.push((kind.singular.clone(), (*path).to_owned()));
        claims.extend(kind.plural.iter().map(|plural| (plural.clone(), (*path).to_owned())));
    }
    for (identifier, name) in claims {
        match names.get(&identifier) {
            Some(other) => {
                builder.errors.push(SchemaError::Collision { name, other: other.clone(), identifier });
            }
            None => drop(names.insert(identifier, name)),
        }
    }
}

#[cfg(test)]
mod tests;
