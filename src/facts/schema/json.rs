//! Strict JSON for schema files: no duplicate keys, no floats, nothing lost on the way.
//!
//! In: text. Out: [`Json`], or where and why it is not strict JSON. What schemas mean is not known here.

use std::fmt;
use std::sync::Arc;

use miette::NamedSource;
use serde::de::{Error as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::facts::error::SchemaError;
use crate::source::Span;

/// A JSON value whose objects keep their order and have no key twice.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Json {
    Null,
    Bool(bool),
    Integer(i64),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

/// Reads a schema file.
pub(super) fn parse(name: &str, text: &str) -> Result<Json, Box<SchemaError>> {
    serde_json::from_str(text).map_err(|error| {
        let at = offset(text, error.line(), error.column());
        Box::new(SchemaError::NotJson {
            name: name.to_owned(),
            reason: reason(&error),
            at: Span::new(at, at + 1).label(),
            text: NamedSource::new(name, Arc::from(text)),
        })
    })
}

impl Json {
    /// The member of an object.
    pub(super) fn get(&self, key: &str) -> Option<&Json> {
        match self {
            Json::Object(members) => members.iter().find(|(name, _)| name == key).map(|(_, value)| value),
            Json::Null | Json::Bool(_) | Json::Integer(_) | Json::Text(_) | Json::List(_) => None,
        }
    }

    /// The members of an object, in order.
    pub(super) fn members(&self) -> Option<&[(String, Json)]> {
        match self {
            Json::Object(members) => Some(members),
            Json::Null | Json::Bool(_) | Json::Integer(_) | Json::Text(_) | Json::List(_) => None,
        }
    }

    /// The elements of a list.
    pub(super) fn elements(&self) -> Option<&[Json]> {
        match self {
            Json::List(elements) => Some(elements),
            Json::Null | Json::Bool(_) | Json::Integer(_) | Json::Text(_) | Json::Object(_) => None,
        }
    }

    /// A text.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Json::Text(text) => Some(text),
            Json::Null | Json::Bool(_) | Json::Integer(_) | Json::List(_) | Json::Object(_) => None,
        }
    }
}

/// serde_json ends its messages with the place, which the label shows.
fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rfind(" at line ") {
        Some(at) => text[..at].to_owned(),
        None => text,
    }
}

/// The byte offset of a line and a column, both from 1, the column in bytes.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let line_start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    (line_start + column.saturating_sub(1)).min(text.len().saturating_sub(1))
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(JsonVisitor)
    }
}

struct JsonVisitor;

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON without floats")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Integer(value))
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Json, E> {
        i64::try_from(value).map(Json::Integer).map_err(|_| E::custom(format!("the number {value} is too large")))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Json, E> {
        Err(E::custom(format!("{value} is not an integer")))
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(Json::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Json, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = seq.next_element()? {
            elements.push(element);
        }
        Ok(Json::List(elements))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json, A::Error> {
        let mut members: Vec<(String, Json)> = Vec::new();
        while let Some(key) = map.next_key::<String>()? {
            if members.iter().any(|(name, _)| *name == key) {
                return Err(A::Error::custom(format!("the key `{key}` stands twice")));
            }
            members.push((key, map.next_value()?));
        }
        Ok(Json::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_strict_is_refused_where_it_stands() {
        let refused = |text: &str| match *parse("x.json", text).unwrap_err() {
            SchemaError::NotJson { reason, at, .. } => (reason, at.offset()),
            other => panic!("{text}: {other:?}"),
        };
        assert_eq!(refused("{\n \"a\": 1,\n \"a\": 2}").0, "the key `a` stands twice");
        assert_eq!(refused("{\"a\": 1.5}").0, "1.5 is not an integer");
        assert_eq!(refused("{\n  oops}"), ("key must be a string".into(), 4));
        assert_eq!(refused("").1, 0);
        assert!(refused(&"[".repeat(10_000)).0.contains("recursion limit"));
        assert_eq!(
            parse("x.json", "{\"a\": [true, null, -1]}").unwrap().get("a").unwrap().elements().unwrap().len(),
            3
        );
    }
}
