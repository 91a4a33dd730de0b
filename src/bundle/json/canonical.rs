//! The canonical form of a document of ours.
//!
//! Source: RFC 8785 (JSON Canonicalization Scheme). Documents of ours hold integers only, so the rules
//! for floating-point numbers never apply; a number that is no such integer cannot be written.

use std::fmt::Write;

use super::scanner::integer;
use super::tree::{Tree, Value};

/// The RFC 8785 form of a tree; `None` if it holds a number that is not an integer up to 2^53-1.
pub fn canonical(tree: &Tree<'_>) -> Option<Vec<u8>> {
    let mut out = String::new();
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
            // RFC 8785, 3.2.3: by UTF-16 code units, not by UTF-8 bytes.
            sorted.sort_by(|a, b| a.key.encode_utf16().cmp(b.key.encode_utf16()));
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
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\u{9}' => out.push_str("\\t"),
            '\u{a}' => out.push_str("\\n"),
            '\u{c}' => out.push_str("\\f"),
            '\u{d}' => out.push_str("\\r"),
            control if control < ' ' => {
                let _ = write!(out, "\\u{:04x}", u32::from(control));
            }
            other => out.push(other),
        }
    }
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
