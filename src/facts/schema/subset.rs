//! One subschema of the closed subset of JSON Schema: its type and its constraints.
//!
//! In: a node of a schema file. Out: a [`Shape`], with the object types and enumerations inside it
//! added to the [`FactSchema`]. What is outside the subset of `schemas/README.md` is an error;
//! nothing is passed over. Which file is which kind is not known here.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::json::Json;
use super::{EnumId, EnumType, FactSchema, Field, FieldOrigin, Format, InstantRole, Shape, StructId, StructType};
use super::{Type, Variants};
use crate::facts::error::SchemaError;
use crate::primitives::Pattern;

/// Keywords that say nothing to a machine.
const DOCUMENTATION: &[&str] = &["$schema", "$id", "title", "description", "$comment", "examples"];
/// Keywords of an object that hold its fields.
const OBJECT: &[&str] = &["type", "properties", "required", "additionalProperties", "x-variants"];
const ARRAY: &[&str] = &["type", "items", "minItems", "maxItems"];
const STRING: &[&str] = &["type", "enum", "pattern", "minLength", "maxLength", "format", "x-open", "x-null"];
const TYPED_STRING: &[&str] = &["type", "x-type", "x-role", "x-null"];
const INTEGER: &[&str] = &["type", "minimum", "maximum", "x-unit", "x-null"];
const BOOLEAN: &[&str] = &["type", "x-null"];
const THRESHOLD: &[&str] = &["x-type", "anyOf"];
const REFERENCE: &[&str] = &["$ref", "x-role"];
/// Keywords that only the top of a schema may carry.
const TOP: &[&str] =
    &["x-plural", "x-clauses", "x-signed", "x-attached", "x-population", "unevaluatedProperties", "$defs"];

/// The object types that are being built, and every problem found.
pub(super) struct Builder<'a> {
    pub(super) schema: FactSchema,
    pub(super) errors: Vec<SchemaError>,
    /// The `$defs` of `types.json`.
    definitions: BTreeMap<&'a str, &'a Json>,
    /// Shapes of `$defs` that were used: every use of one is the same type.
    shared: BTreeMap<&'a str, Shape>,
}

/// Where a subschema stands.
#[derive(Clone)]
pub(super) struct Place {
    /// The file.
    pub(super) file: Rc<str>,
    /// JSON pointer in it.
    pub(super) pointer: String,
    /// The path an expression would write: `lar_designation.lars`.
    pub(super) path: String,
    /// Whether it is the element of a list.
    pub(super) item: bool,
    /// Whether it stands in a body made by others, which may have members that we do not know.
    pub(super) foreign: bool,
}

/// What a subschema says of a field.
struct Sub {
    shape: Shape,
    nullable: bool,
    null_fails: bool,
    role: InstantRole,
}

impl Place {
    /// A member of this subschema.
    pub(super) fn at(&self, key: &str) -> Place {
        let pointer = match key.contains(['~', '/']) {
            true => [&self.pointer, "/", &key.replace('~', "~0").replace('/', "~1")].concat(),
            false => [&self.pointer, "/", key].concat(),
        };
        Place { file: Rc::clone(&self.file), pointer, path: self.path.clone(), item: self.item, foreign: self.foreign }
    }

    /// How messages call an object that stands here.
    fn name(&self) -> String {
        if self.item { format!("item of {}", self.path) } else { self.path.clone() }
    }
}

impl<'a> Builder<'a> {
    /// A builder with the shared shapes of `types.json`.
    pub(super) fn new(definitions: BTreeMap<&'a str, &'a Json>) -> Self {
        let schema = FactSchema { structs: Vec::new(), enums: Vec::new(), kinds: Vec::new() };
        Self { schema, errors: Vec::new(), definitions, shared: BTreeMap::new() }
    }

    /// Records a problem.
    pub(super) fn refuse(&mut self, place: &Place, problem: impl Into<String>) {
        let pointer = if place.pointer.is_empty() { "/".to_owned() } else { place.pointer.clone() };
        self.errors.push(SchemaError::Unsupported { name: place.file.to_string(), pointer, problem: problem.into() });
    }

    /// Adds an object type.
    pub(super) fn push_struct(&mut self, type_: StructType) -> StructId {
        self.schema.structs.push(type_);
        StructId((self.schema.structs.len() - 1) as u32)
    }

    /// Reports each keyword that is not one of these.
    pub(super) fn allow(&mut self, place: &Place, json: &Json, what: &str, lists: &[&[&str]]) {
        for (key, _) in json.members().unwrap_or_default() {
            let allowed =
                DOCUMENTATION.contains(&key.as_str()) || lists.iter().any(|list| list.contains(&key.as_str()));
            if !allowed && is_known(key) {
                self.refuse(place, format!("`{key}` does not go with {what}"));
            } else if !allowed {
                self.refuse(place, format!("`{key}` is not a keyword of the subset"));
            }
        }
    }

    /// The fields that `properties` and `required` declare, appended to `fields`.
    pub(super) fn fields(&mut self, place: &Place, json: &Json, fields: &mut Vec<Field>) {
        let inherited = fields.len();
        let properties = match json.get("properties") {
            Some(Json::Object(members)) => members.as_slice(),
            None => &[],
            Some(_) => return self.refuse(&place.at("properties"), "`properties` is an object of fields"),
        };
        let below = place.at("properties");
        for (name, property) in properties {
            let at = below.at(name);
            if !is_identifier(name) {
                self.refuse(&at, format!("`{name}` cannot be written in an expression"));
            }
            if fields[..inherited].iter().any(|field| field.name == *name) {
                self.refuse(&at, format!("the header has the field `{name}` already"));
            }
            let at = Place { path: format!("{}.{name}", place.path), item: false, ..at };
            let enum_name = format!("{name} of {}", place.name());
            let Some(sub) = self.subschema(&at, property, &enum_name) else { continue };
            fields.push(Field {
                name: name.clone(),
                description: property.get("description").and_then(Json::text).unwrap_or_default().to_owned(),
                shape: sub.shape,
                required: false,
                nullable: sub.nullable,
                null_fails: sub.null_fails,
                role: sub.role,
                origin: FieldOrigin::Member,
            });
        }
        for (index, name) in self.texts(place, json, "required").iter().enumerate() {
            match fields[inherited..].iter_mut().find(|field| field.name == *name) {
                Some(field) if !field.required => field.required = true,
                Some(_) => self.refuse(&place.at("required"), format!("`{name}` stands twice")),
                // A field that was refused above is not reported again.
                None if properties.iter().any(|(property, _)| property == name) => {}
                None => {
                    let at = place.at("required").at(&index.to_string());
                    self.refuse(&at, format!("`{name}` is required and not among the properties"));
                }
            }
        }
    }

    /// A list of texts, empty if the keyword is not there.
    pub(super) fn texts(&mut self, place: &Place, json: &Json, key: &str) -> Vec<String> {
        let Some(value) = json.get(key) else { return Vec::new() };
        let texts: Option<Vec<String>> =
            value.elements().and_then(|all| all.iter().map(|text| text.text().map(str::to_owned)).collect());
        texts.unwrap_or_else(|| {
            self.refuse(&place.at(key), format!("`{key}` is a list of texts"));
            Vec::new()
        })
    }

    /// An object type in a body of the bundle, as `x-attached` names it.
    pub(super) fn body(&mut self, place: &Place, json: &Json) -> Option<Shape> {
        self.subschema(place, json, "").map(|sub| sub.shape)
    }

    fn subschema(&mut self, place: &Place, json: &Json, enum_name: &str) -> Option<Sub> {
        if json.members().is_none() {
            self.refuse(place, "a schema is an object");
            return None;
        }
        if json.get("$ref").is_some() {
            return self.reference(place, json);
        }
        if json.get("x-type").and_then(Json::text) == Some("threshold") {
            self.allow(place, json, "a threshold", &[THRESHOLD]);
            if json.get("anyOf").and_then(Json::elements).is_none_or(<[Json]>::is_empty) {
                self.refuse(place, "a threshold says by `anyOf` how it is written");
            }
            return Some(Sub::plain(Shape::of(Type::Threshold)));
        }
        let (name, nullable) = self.type_keyword(place, json)?;
        let mut sub = match name.as_str() {
            "object" => self.object(place, json),
            "array" => self.array(place, json, enum_name),
            "string" if json.get("x-type").is_some() => self.typed_string(place, json),
            "string" => self.string(place, json, enum_name, nullable),
            "integer" => self.integer(place, json),
            "boolean" => {
                self.allow(place, json, "a boolean", &[BOOLEAN]);
                Some(Sub::plain(Shape::of(Type::Bool)))
            }
            other => {
                self.refuse(
                    &place.at("type"),
                    format!("the type `{other}` is none of object, array, string, integer, boolean"),
                );
                None
            }
        }?;
        sub.nullable = nullable;
        match json.get("x-null") {
            None => {}
            Some(Json::Text(text)) if text == "fails" && nullable => sub.null_fails = true,
            Some(Json::Text(text)) if text == "fails" => {
                self.refuse(place, "`x-null` says what null means, and null is not allowed here");
            }
            Some(_) => self.refuse(&place.at("x-null"), "`x-null` can only be `fails`"),
        }
        Some(sub)
    }

    fn reference(&mut self, place: &Place, json: &Json) -> Option<Sub> {
        self.allow(place, json, "a `$ref`", &[REFERENCE]);
        let target = json.get("$ref").and_then(Json::text).unwrap_or_default();
        let name =
            resolve(&place.file, target).and_then(|path| path.strip_prefix("types.json#/$defs/").map(str::to_owned));
        let found =
            name.and_then(|name| self.definitions.get_key_value(name.as_str()).map(|(key, json)| (*key, *json)));
        let Some((name, definition)) = found else {
            self.refuse(&place.at("$ref"), format!("`{target}` is not a shape of types.json"));
            return None;
        };
        let shape = match self.shared.get(name) {
            Some(shape) => shape.clone(),
            None => {
                let at = Place {
                    file: "types.json".into(),
                    pointer: format!("/$defs/{name}"),
                    path: name.to_owned(),
                    item: false,
                    foreign: false,
                };
                // One level of sharing: a shape that refers to another could refer to itself.
                if mentions_reference(definition) {
                    self.refuse(&at, "a shared shape does not refer to another");
                    return None;
                }
                let sub = self.subschema(&at, definition, name)?;
                self.shared.insert(name, sub.shape.clone());
                sub.shape
            }
        };
        let role = self.role(place, json, &shape.type_);
        Some(Sub { role, ..Sub::plain(shape) })
    }

    fn type_keyword(&mut self, place: &Place, json: &Json) -> Option<(String, bool)> {
        match json.get("type") {
            Some(Json::Text(name)) => Some((name.clone(), false)),
            Some(Json::List(names)) => match names.as_slice() {
                [Json::Text(name), Json::Text(null)] if null == "null" && name != "null" => Some((name.clone(), true)),
                _ => {
                    self.refuse(&place.at("type"), "a type is one name, or `[T, \"null\"]` where null is allowed");
                    None
                }
            },
            Some(_) | None => {
                // Keywords first: `oneOf` without a type is about `oneOf`.
                self.allow(place, json, "a schema without a type", &[OBJECT, ARRAY, STRING, TYPED_STRING, INTEGER]);
                self.refuse(place, "`type` is missing");
                None
            }
        }
    }

    fn object(&mut self, place: &Place, json: &Json) -> Option<Sub> {
        self.allow(place, json, "an object inside a record", &[OBJECT]);
        let closed = match json.get("additionalProperties") {
            Some(Json::Bool(false)) => true,
            Some(Json::Bool(true)) if place.foreign => false,
            Some(Json::Bool(true)) => {
                self.refuse(place, "`additionalProperties` is true only in bodies that others made");
                true
            }
            Some(_) | None => {
                self.refuse(place, "an object says `additionalProperties: false`");
                true
            }
        };
        let mut fields = Vec::new();
        self.fields(place, json, &mut fields);
        let variants = self.variants(place, json, &fields);
        let id = self.push_struct(StructType { name: place.name(), fields, closed, variants });
        Some(Sub::plain(Shape::of(Type::Record(id))))
    }

    fn array(&mut self, place: &Place, json: &Json, enum_name: &str) -> Option<Sub> {
        self.allow(place, json, "a list", &[ARRAY]);
        let Some(items) = json.get("items") else {
            self.refuse(place, "a list says by `items` what it holds");
            return None;
        };
        let at = Place { item: true, ..place.at("items") };
        let item = self.subschema(&at, items, enum_name)?;
        if item.nullable {
            self.refuse(&at, "an element of a list is never null");
        }
        let length = (self.count(place, json, "minItems"), self.count(place, json, "maxItems"));
        let type_ = Type::List(Box::new(item.shape.type_.clone()));
        let shape = Shape { length, items: Some(Box::new(item.shape)), ..Shape::of(type_) };
        Some(Sub { role: item.role, ..Sub::plain(shape) })
    }

    fn typed_string(&mut self, place: &Place, json: &Json) -> Option<Sub> {
        self.allow(place, json, "a string with an `x-type`", &[TYPED_STRING]);
        let name = json.get("x-type").and_then(Json::text).unwrap_or_default();
        let Some(type_) = string_type(name) else {
            self.refuse(&place.at("x-type"), format!("`{name}` is not an `x-type`"));
            return None;
        };
        let role = self.role(place, json, &type_);
        Some(Sub { role, ..Sub::plain(Shape::of(type_)) })
    }

    fn string(&mut self, place: &Place, json: &Json, enum_name: &str, nullable: bool) -> Option<Sub> {
        self.allow(place, json, "a string", &[STRING]);
        let open = match json.get("x-open") {
            None => false,
            Some(Json::Bool(true)) if json.get("enum").is_some() => true,
            Some(_) => {
                self.refuse(place, "`x-open: true` stands beside an `enum`");
                false
            }
        };
        let mut shape = Shape::of(Type::Text);
        if json.get("enum").is_some() {
            let values = self.texts(place, json, "enum");
            if values.is_empty() {
                self.refuse(&place.at("enum"), "an `enum` has at least one value");
            }
            if let Some(twice) = values.iter().enumerate().find(|(at, value)| values[..*at].contains(value)) {
                self.refuse(&place.at("enum"), format!("`{}` stands twice", twice.1));
            }
            if nullable && !open {
                self.refuse(place, "a closed enum is never null; leave the field out instead");
            }
            self.schema.enums.push(EnumType { name: enum_name.to_owned(), values });
            shape.type_ = Type::Enum(EnumId((self.schema.enums.len() - 1) as u32));
        }
        shape.open = open;
        shape.length = (self.count(place, json, "minLength"), self.count(place, json, "maxLength"));
        shape.pattern = self.pattern(place, json);
        shape.format = match json.get("format").map(Json::text) {
            None => None,
            Some(Some("email")) => Some(Format::Email),
            Some(Some("uri")) => Some(Format::Uri),
            Some(_) => {
                self.refuse(&place.at("format"), "`format` is `email` or `uri`");
                None
            }
        };
        Some(Sub::plain(shape))
    }

    fn integer(&mut self, place: &Place, json: &Json) -> Option<Sub> {
        self.allow(place, json, "an integer", &[INTEGER]);
        let (type_, unit_s) = match json.get("x-unit").map(Json::text) {
            None => (Type::Int, None),
            Some(Some("s")) => (Type::Duration, Some(1)),
            Some(Some("h")) => (Type::Duration, Some(3600)),
            Some(Some("d")) => (Type::Days, None),
            Some(_) => {
                self.refuse(&place.at("x-unit"), "`x-unit` is `s`, `h` or `d`");
                return None;
            }
        };
        let mut range = (None, None);
        for (key, bound) in [("minimum", &mut range.0), ("maximum", &mut range.1)] {
            match json.get(key) {
                None => {}
                Some(Json::Integer(value)) => *bound = Some(*value),
                Some(_) => self.refuse(&place.at(key), format!("`{key}` is an integer")),
            }
        }
        if range.0.zip(range.1).is_some_and(|(least, greatest)| least > greatest) {
            self.refuse(place, "`minimum` is above `maximum`");
        }
        Some(Sub::plain(Shape { range, unit_s, ..Shape::of(type_) }))
    }

    fn role(&mut self, place: &Place, json: &Json, type_: &Type) -> InstantRole {
        let role = match json.get("x-role").map(Json::text) {
            None => return InstantRole::Event,
            Some(Some("event")) => InstantRole::Event,
            Some(Some("validity")) => InstantRole::Validity,
            Some(Some("plan")) => InstantRole::Plan,
            Some(_) => {
                self.refuse(&place.at("x-role"), "`x-role` is `event`, `validity` or `plan`");
                InstantRole::Event
            }
        };
        if !matches!(type_, Type::Instant) {
            self.refuse(place, "`x-role` goes with an instant");
        }
        role
    }

    fn count(&mut self, place: &Place, json: &Json, key: &str) -> Option<u64> {
        match json.get(key) {
            None => None,
            Some(Json::Integer(value)) if *value >= 0 => Some(value.unsigned_abs()),
            Some(_) => {
                self.refuse(&place.at(key), format!("`{key}` is a number, not below 0"));
                None
            }
        }
    }

    fn pattern(&mut self, place: &Place, json: &Json) -> Option<Pattern> {
        let value = json.get("pattern")?;
        let Some(pattern) = value.text() else {
            self.refuse(&place.at("pattern"), "`pattern` is a text");
            return None;
        };
        if !(pattern.starts_with('^') && pattern.ends_with('$')) {
            self.refuse(&place.at("pattern"), format!("`{pattern}` is to be written with `^` and `$`"));
        } else if !Pattern::is_plain(pattern) && regex::Regex::new(pattern).is_err() {
            self.refuse(&place.at("pattern"), format!("`{pattern}` is not a regular expression"));
        }
        Some(Pattern::new(pattern))
    }

    fn variants(&mut self, place: &Place, json: &Json, fields: &[Field]) -> Option<Variants> {
        let declared = json.get("x-variants")?;
        let at = place.at("x-variants");
        if !place.item {
            self.refuse(&at, "`x-variants` stands on an object that is an item of a list");
        }
        for (key, _) in declared.members().unwrap_or_default() {
            if !["tag", "common", "fields"].contains(&key.as_str()) {
                self.refuse(&at, format!("`{key}` is none of tag, common, fields"));
            }
        }
        let index = |name: &str| fields.iter().position(|field| field.name == name).map(|at| at as u16);
        let tag_name = declared.get("tag").and_then(Json::text).unwrap_or_default();
        let tag = index(tag_name).and_then(|tag| match fields[tag as usize].shape.type_ {
            Type::Enum(id) => Some((tag, id)),
            _ => None,
        });
        let Some((tag, values)) = tag else {
            self.refuse(&at.at("tag"), "the tag is a field with an `enum`");
            return None;
        };
        let values = self.schema.enum_type(values).values.clone();
        let common = self.field_list(&at, declared, "common", fields);
        if !common.contains(&tag) {
            self.refuse(&at.at("common"), format!("the tag `{tag_name}` is common to all"));
        }
        let by_tag_json = declared.get("fields").and_then(Json::members).unwrap_or_default();
        let mut by_tag = Vec::new();
        for (value, _) in by_tag_json {
            if !values.contains(value) {
                self.refuse(&at.at("fields"), format!("`{value}` is not a value of `{tag_name}`"));
            }
            let list = declared.get("fields").map(|lists| self.field_list(&at.at("fields"), lists, value, fields));
            by_tag.push((value.clone(), list.unwrap_or_default()));
        }
        for value in values.iter().filter(|value| !by_tag_json.iter().any(|(tag, _)| tag == *value)) {
            self.refuse(&at.at("fields"), format!("the fields of `{value}` are missing"));
        }
        for (position, field) in fields.iter().enumerate() {
            let position = position as u16;
            if !common.contains(&position) && !by_tag.iter().any(|(_, list)| list.contains(&position)) {
                self.refuse(&at, format!("`{}` belongs to no tag", field.name));
            }
        }
        Some(Variants { tag, common, by_tag })
    }

    fn field_list(&mut self, place: &Place, json: &Json, key: &str, fields: &[Field]) -> Vec<u16> {
        let names = self.texts(place, json, key);
        let mut list = Vec::with_capacity(names.len());
        for name in names {
            match fields.iter().position(|field| field.name == name) {
                Some(position) => list.push(position as u16),
                None => self.refuse(&place.at(key), format!("`{name}` is not a field")),
            }
        }
        list
    }
}

impl Sub {
    fn plain(shape: Shape) -> Self {
        Self { shape, nullable: false, null_fails: false, role: InstantRole::Event }
    }
}

impl Shape {
    /// A type without constraints.
    pub(crate) fn of(type_: Type) -> Self {
        Self {
            type_,
            open: false,
            pattern: None,
            length: (None, None),
            range: (None, None),
            unit_s: None,
            format: None,
            items: None,
        }
    }
}

/// The path that a reference in `file` means, relative to the folder of schemas.
pub(super) fn resolve(file: &str, target: &str) -> Option<String> {
    let mut folders: Vec<&str> = file.split('/').collect();
    folders.pop();
    let (path, fragment) = target.split_once('#').map_or((target, ""), |(path, fragment)| (path, fragment));
    for step in path.split('/') {
        match step {
            ".." => drop(folders.pop()?),
            "." | "" => return None,
            name => folders.push(name),
        }
    }
    let path = folders.join("/");
    Some(if fragment.is_empty() { path } else { format!("{path}#{fragment}") })
}

/// Whether a text can stand as a name in an expression.
pub(super) fn is_identifier(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && chars.all(|rest| rest.is_ascii_alphanumeric() || rest == '_')
}

fn string_type(name: &str) -> Option<Type> {
    Some(match name {
        "instant" => Type::Instant,
        "date" => Type::Date,
        "lei" => Type::Lei,
        "aid" => Type::Aid,
        "said" => Type::Said,
        "sha256" => Type::Sha256,
        "person" => Type::Person,
        "decimal" => Type::Decimal,
        _ => return None,
    })
}

fn is_known(key: &str) -> bool {
    [OBJECT, ARRAY, STRING, TYPED_STRING, INTEGER, THRESHOLD, REFERENCE, TOP].iter().any(|list| list.contains(&key))
}

fn mentions_reference(json: &Json) -> bool {
    match json {
        Json::Object(members) => members.iter().any(|(key, value)| key == "$ref" || mentions_reference(value)),
        Json::List(elements) => elements.iter().any(mentions_reference),
        Json::Null | Json::Bool(_) | Json::Integer(_) | Json::Text(_) => false,
    }
}
