//! A small document as a tree that borrows from its bytes: manifests, trust files, and files that a
//! patch changes. Records are not read through it.

use std::borrow::Cow;

use crate::source::Span;

use super::scanner::{Kind, Numbers, Read, Scanner, integer};

/// A value and its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tree<'b> {
    /// The value.
    pub value: Value<'b>,
    /// Its bytes.
    pub span: Span,
}

/// A JSON value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value<'b> {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, as written.
    Number(&'b str),
    /// A text.
    Text(Cow<'b, str>),
    /// A list.
    List(Vec<Tree<'b>>),
    /// An object, in the order of the file.
    Object(Vec<Member<'b>>),
}

/// A member of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member<'b> {
    /// Its name.
    pub key: Cow<'b, str>,
    /// The bytes of the name.
    pub key_span: Span,
    /// Its value.
    pub tree: Tree<'b>,
}

impl<'b> Tree<'b> {
    /// Reads a whole document.
    ///
    /// # Errors
    /// The first thing that is not strict JSON.
    pub fn parse(bytes: &'b [u8], numbers: Numbers) -> Read<Self> {
        let mut scanner = Scanner::new(bytes, numbers)?;
        let tree = Self::read(&mut scanner)?;
        scanner.end()?;
        Ok(tree)
    }

    fn read(scanner: &mut Scanner<'b>) -> Read<Self> {
        let (value, span) = match scanner.peek()? {
            Kind::Object => {
                let mut members = Vec::new();
                let span = scanner.object(|scanner, key, key_span| {
                    members.push(Member { key, key_span, tree: Self::read(scanner)? });
                    Ok(())
                })?;
                (Value::Object(members), span)
            }
            Kind::Array => {
                let mut items = Vec::new();
                let span = scanner.array(|scanner, _| {
                    items.push(Self::read(scanner)?);
                    Ok(())
                })?;
                (Value::List(items), span)
            }
            Kind::String => scanner.string().map(|(text, span)| (Value::Text(text), span))?,
            Kind::Number => scanner.number().map(|(text, span)| (Value::Number(text), span))?,
            Kind::Bool => scanner.bool().map(|(value, span)| (Value::Bool(value), span))?,
            Kind::Null => (Value::Null, scanner.null()?),
        };
        Ok(Self { value, span })
    }

    /// The members, if it is an object.
    pub fn members(&self) -> Option<&[Member<'b>]> {
        match &self.value {
            Value::Object(members) => Some(members),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::List(_) => None,
        }
    }

    /// The elements, if it is a list.
    pub fn items(&self) -> Option<&[Tree<'b>]> {
        match &self.value {
            Value::List(items) => Some(items),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::Object(_) => None,
        }
    }

    /// The text, if it is one.
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::List(_) | Value::Object(_) => None,
        }
    }

    /// The integer, if it is one of at most 2^53-1.
    pub fn integer(&self) -> Option<i64> {
        match &self.value {
            Value::Number(text) => integer(text),
            Value::Null | Value::Bool(_) | Value::Text(_) | Value::List(_) | Value::Object(_) => None,
        }
    }

    /// A member of an object.
    pub fn get(&self, key: &str) -> Option<&Tree<'b>> {
        self.members()?.iter().find(|member| member.key == key).map(|member| &member.tree)
    }

    /// What it is.
    pub fn kind(&self) -> Kind {
        match &self.value {
            Value::Null => Kind::Null,
            Value::Bool(_) => Kind::Bool,
            Value::Number(_) => Kind::Number,
            Value::Text(_) => Kind::String,
            Value::List(_) => Kind::Array,
            Value::Object(_) => Kind::Object,
        }
    }
}
