//! The canonical form of a document of ours.
//!
//! Source: RFC 8785 (JSON Canonicalization Scheme). Documents of ours hold integers only, so the rules
//! for floating-point numbers never apply; a number that is no such integer cannot be written.

use std::cmp::Ordering;
use std::fmt::Write;

use super::scanner::integer;
use super::tree::{Tree, Value};

/// The RFC 8785 form of a tree; `None` if it holds a number that is not an integer up to 2^53-1.
pub fn canonical(tree: &Tree<'_>) -> Option<Vec<u8>> {
    let mut out = String::with_capacity((tree.span.end - tree.span.start) as usize);
    write_value(&mut out, tree)?;
    Some(out.into_bytes())
}

fn write_value(out: &mut String, tree: &Tree<'_>) -> Option<()> {
    match &tree.value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(text) => write_integer(out, integer(text)?),
        Value::Text(text) => write_text(out, text),
        Value::List(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                separate(out, index);
                write_value(out, item)?;
            }
            out.push(']');
        }
        Value::Object(members) => {
            let mut sorted: Vec<_> = members.iter().collect();
            sorted.sort_by(|a, b| by_utf16(&a.key, &b.key));
            out.push('{');
            for (index, member) in sorted.into_iter().enumerate() {
                separate(out, index);
                write_text(out, &member.key);
                out.push(':');
                write_value(out, &member.tree)?;
            }
            out.push('}');
        }
    }
    Some(())
}

/// RFC 8785, 3.2.3: by UTF-16 code units, not by UTF-8 bytes; for ASCII they are the same.
fn by_utf16(a: &str, b: &str) -> Ordering {
    if a.is_ascii() && b.is_ascii() { a.cmp(b) } else { a.encode_utf16().cmp(b.encode_utf16()) }
}

fn separate(out: &mut String, index: usize) {
    if index > 0 {
        out.push(',');
    }
}

fn write_integer(out: &mut String, value: i64) {
    // Writing to a String cannot fail.
    let _ = write!(out, "{value}");
}

/// A text with the escapes of RFC 8785, 3.2.2.2.
pub fn write_text(out: &mut String, text: &str) {
    out.push('"');
    let mut rest = text;
    while let Some(at) = rest.bytes().position(|byte| byte < b' ' || matches!(byte, b'"' | b'\\')) {
        let (plain, escaped) = rest.split_at(at);
        out.push_str(plain);
        match escaped.as_bytes()[0] {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            0x08 => out.push_str("\\b"),
            b'\t' => out.push_str("\\t"),
            b'\n' => out.push_str("\\n"),
            0x0c => out.push_str("\\f"),
            b'\r' => out.push_str("\\r"),
            control => {
                let _ = write!(out, "\\u{control:04x}");
            }
        }
        rest = &escaped[1..];
    }
    out.push_str(rest);
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::json::Numbers;
    use proptest::prelude::*;

    fn document() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(serde_json::Value::from),
            (-(1i64 << 53) + 1..(1i64 << 53)).prop_map(serde_json::Value::from),
            any::<String>().prop_map(serde_json::Value::from),
        ];
        leaf.prop_recursive(4, 64, 8, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..8).prop_map(serde_json::Value::from),
                prop::collection::vec((any::<String>(), inner), 0..8)
                    .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn it_is_what_an_independent_canonicalizer_writes(document in document()) {
            let expected = serde_json_canonicalizer::to_vec(&document).unwrap();
            let pretty = serde_json::to_vec_pretty(&document).unwrap();
            let tree = Tree::parse(&pretty, Numbers::Integers).unwrap();
            prop_assert_eq!(canonical(&tree).unwrap(), expected);
        }
    }

    #[test]
    fn keys_sort_by_utf16() {
        let tree = Tree::parse("{\"\u{e000}\":1,\"\u{1f600}\":2}".as_bytes(), Numbers::Integers).unwrap();
        assert_eq!(canonical(&tree).unwrap(), "{\"\u{1f600}\":2,\"\u{e000}\":1}".as_bytes());
    }
}
