//! JSON pointers: from a place in a file to the pointer of the value there.
//!
//! Source: RFC 6901.

use std::fmt::Write;

use crate::source::Span;

use super::scanner::{Kind, Numbers, Read, Scanner};

/// A step from a value to one inside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step<K> {
    /// A member of an object.
    Key(K),
    /// An element of a list.
    Index(u32),
}

/// Steps as a pointer: `/data/0/a~1b`.
pub fn join<K: AsRef<str>>(steps: &[Step<K>]) -> String {
    let mut out = String::new();
    for step in steps {
        match step {
            Step::Key(key) => push_key(&mut out, key.as_ref()),
            Step::Index(index) => push_index(&mut out, *index),
        }
    }
    out
}

/// Adds `/key`, escaped.
pub fn push_key(out: &mut String, key: &str) {
    out.push('/');
    for character in key.chars() {
        match character {
            '~' => out.push_str("~0"),
            '/' => out.push_str("~1"),
            other => out.push(other),
        }
    }
}

/// Adds `/index`.
pub fn push_index(out: &mut String, index: u32) {
    // Writing to a String cannot fail.
    let _ = write!(out, "/{index}");
}

/// One step of a pointer as it was written: the name itself. `None` if an escape is not `~0` or `~1`.
pub fn decode_step(step: &str) -> Option<String> {
    let mut out = String::with_capacity(step.len());
    let mut characters = step.chars();
    while let Some(character) = characters.next() {
        match character {
            '~' => match characters.next()? {
                '0' => out.push('~'),
                '1' => out.push('/'),
                _ => return None,
            },
            other => out.push(other),
        }
    }
    Some(out)
}

/// The pointer of the innermost value that holds these bytes. In a file that is not strict JSON: of
/// the innermost value that is open where reading stops. A name stands for its value.
pub fn pointer_at(bytes: &[u8], target: Span) -> String {
    let mut search = Search { target, path: Vec::new(), found: None };
    if let Ok(mut scanner) = Scanner::new(bytes, Numbers::Text) {
        let read = search.value(&mut scanner);
        if read.is_err() && search.found.is_none() {
            search.found = Some(join(&search.path));
        }
    }
    search.found.unwrap_or_default()
}

struct Search {
    target: Span,
    path: Vec<Step<String>>,
    found: Option<String>,
}

impl Search {
    fn value(&mut self, scanner: &mut Scanner<'_>) -> Read<Span> {
        match scanner.peek()? {
            Kind::Object => scanner.object(|scanner, key, key_span| {
                self.path.push(Step::Key(key.into_owned()));
                let span = self.value(scanner)?;
                self.leave(key_span.to(span));
                Ok(())
            }),
            Kind::Array => scanner.array(|scanner, index| {
                self.path.push(Step::Index(index));
                let span = self.value(scanner)?;
                self.leave(span);
                Ok(())
            }),
            Kind::String | Kind::Number | Kind::Bool | Kind::Null => scanner.skip(),
        }
    }

    fn leave(&mut self, span: Span) {
        if self.found.is_none() && span.start <= self.target.start && self.target.end <= span.end {
            self.found = Some(join(&self.path));
        }
        self.path.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_has_a_pointer() {
        let text = br#"{"a": {"b/c": [1, {"d~": "x"}]}, "e": 2}"#;
        let at = |needle: &str| {
            let start = std::str::from_utf8(text).unwrap().find(needle).unwrap();
            pointer_at(text, Span::new(start, start + needle.len()))
        };
        assert_eq!(at("\"x\""), "/a/b~1c/1/d~0");
        assert_eq!(at("\"d~\""), "/a/b~1c/1/d~0");
        assert_eq!(at("1, {"), "/a/b~1c");
        assert_eq!(at("2"), "/e");
        assert_eq!(at("{\"a\""), "");
        assert_eq!(decode_step("b~1c~0"), Some("b/c~".into()));
        assert_eq!(decode_step("~2"), None);
    }

    #[test]
    fn a_broken_file_has_the_pointer_of_where_it_breaks() {
        let text = br#"{"a": {"b": [1, 1.5x]}}"#;
        assert_eq!(pointer_at(text, Span::new(19, 20)), "/a/b");
        assert_eq!(pointer_at(b"\xff", Span::new(0, 1)), "");
    }
}
