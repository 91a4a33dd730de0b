//! Edits of a JSON text that leave the rest of it as it is.

use std::ops::Range;

use serde_json::Value;

use crate::bundle::json::canonical::write_text;
use crate::bundle::json::pointer::decode_step;
use crate::bundle::json::{self, Kind, Numbers, Scanner, Tree};

use super::error::PatchError;
use super::short;

/// Sets the value at a pointer.
pub(super) fn set(bytes: &[u8], path: &str, pointer: &str, to: &Value) -> Result<Vec<u8>, PatchError> {
    let tree = parse(bytes, path)?;
    let failed = |reason| no_match(path, pointer, reason);
    let steps = split(pointer).map_err(failed)?;
    let Some((last, parents)) = steps.split_last() else {
        return Ok(splice(bytes, range(&tree), &to.to_string()));
    };
    let parent = descend(&tree, parents).map_err(failed)?;
    match find(parent, last) {
        Ok(at) => Ok(splice(bytes, range(at), &to.to_string())),
        Err(Miss::Member(name)) => {
            let mut text = String::new();
            write_text(&mut text, &name);
            Ok(insert(bytes, parent, &format!("{text}: {to}")))
        }
        Err(Miss::End) => Ok(insert(bytes, parent, &to.to_string())),
        Err(Miss::Nothing(reason)) => Err(failed(reason)),
    }
}

/// Removes the member or element at a pointer.
pub(super) fn remove(bytes: &[u8], path: &str, pointer: &str) -> Result<Vec<u8>, PatchError> {
    let tree = parse(bytes, path)?;
    let failed = |reason| no_match(path, pointer, reason);
    let steps = split(pointer).map_err(failed)?;
    let Some((last, parents)) = steps.split_last() else {
        return Err(failed("the whole document cannot be removed; remove the file".to_owned()));
    };
    let parent = descend(&tree, parents).map_err(failed)?;
    let target = match find(parent, last) {
        Ok(at) => range(at),
        Err(Miss::Member(name)) => return Err(failed(format!("there is no member `{name}`"))),
        Err(Miss::End) => return Err(failed("`-` is the place after the last element".to_owned())),
        Err(Miss::Nothing(reason)) => return Err(failed(reason)),
    };
    // Each part with its key; the comma goes with the part that follows, or else with the one before.
    let parts: Vec<Range<usize>> = match (parent.members(), parent.items()) {
        (Some(members), _) => {
            members.iter().map(|member| member.key_span.start as usize..member.tree.span.end as usize).collect()
        }
        (None, items) => items.unwrap_or_default().iter().map(range).collect(),
    };
    let at =
        parts.iter().position(|part| part.end == target.end).ok_or_else(|| failed("it is not there".to_owned()))?;
    let gone = match (parts.get(at + 1), at.checked_sub(1).and_then(|before| parts.get(before))) {
        (Some(next), _) => parts[at].start..next.start,
        (None, Some(before)) => before.end..parts[at].end,
        (None, None) => parts[at].clone(),
    };
    Ok(splice(bytes, gone, ""))
}

/// Rewrites the text values for which `rewrite` gives another; `None` if there is none, or if the file is
/// not JSON.
pub(super) fn rewrite_texts(
    bytes: &[u8],
    rewrite: impl Fn(&str) -> Option<Result<String, PatchError>>,
) -> Result<Option<Vec<u8>>, PatchError> {
    let mut found: Vec<(Range<usize>, String)> = Vec::new();
    let mut failed = None;
    let mut visit = |text: &str, at: Range<usize>| match rewrite(text) {
        None => {}
        Some(Ok(new)) => found.push((at, new)),
        Some(Err(error)) => failed = failed.take().or(Some(error)),
    };
    let read = Scanner::new(bytes, Numbers::Text).and_then(|mut scanner| {
        each_text(&mut scanner, &mut visit)?;
        scanner.end()
    });
    if let Some(error) = failed {
        return Err(error);
    }
    if read.is_err() || found.is_empty() {
        return Ok(None);
    }
    let mut out = bytes.to_vec();
    for (at, new) in found.into_iter().rev() {
        let mut text = String::new();
        write_text(&mut text, &new);
        out.splice(at, text.into_bytes());
    }
    Ok(Some(out))
}

fn each_text(scanner: &mut Scanner<'_>, visit: &mut impl FnMut(&str, Range<usize>)) -> json::Read<()> {
    match scanner.peek()? {
        Kind::Object => scanner.object(|scanner, _, _| each_text(scanner, visit)).map(drop),
        Kind::Array => scanner.array(|scanner, _| each_text(scanner, visit)).map(drop),
        Kind::String => {
            let (text, span) = scanner.string()?;
            visit(&text, span.start as usize..span.end as usize);
            Ok(())
        }
        Kind::Number | Kind::Bool | Kind::Null => scanner.skip().map(drop),
    }
}

/// A step of a pointer.
enum Step {
    Name(String),
    /// `[person_id=LAR-C]`
    Selector(String, String),
}

/// Why a step finds nothing.
enum Miss {
    /// The object has no such member.
    Member(String),
    /// The place after the last element of a list.
    End,
    Nothing(String),
}

fn split(pointer: &str) -> Result<Vec<Step>, String> {
    let mut steps = Vec::new();
    let mut rest = pointer;
    while !rest.is_empty() {
        rest = rest.strip_prefix('/').ok_or("a pointer is empty or begins with `/`")?;
        // A selector ends with `]`, so that its value may hold `/`.
        let end = match rest.strip_prefix('[').and_then(|inner| inner.find(']')) {
            Some(at) => at + 2,
            None => rest.find('/').unwrap_or(rest.len()),
        };
        let (step, after) = rest.split_at(end);
        steps.push(match step.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')) {
            Some(inner) => {
                let (name, value) = inner.split_once('=').ok_or_else(|| format!("`{step}` has no `=`"))?;
                Step::Selector(name.to_owned(), value.to_owned())
            }
            None => Step::Name(decode_step(step).ok_or_else(|| format!("`{step}` has a bad escape"))?),
        });
        rest = after;
    }
    Ok(steps)
}

fn descend<'t, 'b>(tree: &'t Tree<'b>, steps: &[Step]) -> Result<&'t Tree<'b>, String> {
    let mut at = tree;
    for step in steps {
        at = find(at, step).map_err(|miss| match miss {
            Miss::Member(name) => format!("there is no member `{name}`"),
            Miss::End => "`-` is the place after the last element".to_owned(),
            Miss::Nothing(reason) => reason,
        })?;
    }
    Ok(at)
}

fn find<'t, 'b>(parent: &'t Tree<'b>, step: &Step) -> Result<&'t Tree<'b>, Miss> {
    match (step, parent.members(), parent.items()) {
        (Step::Name(name), Some(_), _) => parent.get(name).ok_or_else(|| Miss::Member(name.clone())),
        (Step::Name(name), None, Some(_)) if name == "-" => Err(Miss::End),
        (Step::Name(name), None, Some(items)) => {
            let index = name.parse::<usize>().ok().filter(|index| index.to_string() == *name);
            let index = index.ok_or_else(|| Miss::Nothing(format!("`{name}` is no index of a list")))?;
            items.get(index).ok_or_else(|| Miss::Nothing(format!("the list has {} elements", items.len())))
        }
        (Step::Selector(name, value), _, Some(items)) => {
            let is_meant = |item: &&Tree<'_>| {
                item.get(name).is_some_and(|member| match &member.value {
                    json::Value::Text(text) => text == value.as_str(),
                    json::Value::Number(number) => number == value,
                    json::Value::Bool(flag) => flag.to_string() == *value,
                    json::Value::Null | json::Value::List(_) | json::Value::Object(_) => false,
                })
            };
            let mut meant = items.iter().filter(is_meant);
            match (meant.next(), meant.next()) {
                (Some(item), None) => Ok(item),
                (None, _) => Err(Miss::Nothing(format!("no element has `{name}` `{value}`"))),
                (Some(_), Some(_)) => Err(Miss::Nothing(format!("several elements have `{name}` `{value}`"))),
            }
        }
        (Step::Selector(..), _, None) => Err(Miss::Nothing("a selector needs a list".to_owned())),
        (Step::Name(name), None, None) => {
            Err(Miss::Nothing(format!("`{name}` is looked for in {}", parent.kind().describe())))
        }
    }
}

/// Adds a part after the last one of an object or list.
fn insert(bytes: &[u8], parent: &Tree<'_>, part: &str) -> Vec<u8> {
    let last = match (parent.members(), parent.items()) {
        (Some(members), _) => members.last().map(|member| member.tree.span.end),
        (None, items) => items.unwrap_or_default().last().map(|item| item.span.end),
    };
    match last {
        Some(end) => splice(bytes, end as usize..end as usize, &format!(", {part}")),
        None => {
            let inside = parent.span.start as usize + 1;
            splice(bytes, inside..inside, part)
        }
    }
}

fn splice(bytes: &[u8], at: Range<usize>, text: &str) -> Vec<u8> {
    let mut out = bytes.to_vec();
    out.splice(at, text.bytes());
    out
}

fn range(tree: &Tree<'_>) -> Range<usize> {
    tree.span.start as usize..tree.span.end as usize
}

fn parse<'b>(bytes: &'b [u8], path: &str) -> Result<Tree<'b>, PatchError> {
    Tree::parse(bytes, Numbers::Text)
        .map_err(|error| PatchError::NotJson { path: short(path).to_owned(), reason: error.to_string() })
}

fn no_match(path: &str, pointer: &str, reason: String) -> PatchError {
    PatchError::NoMatch { path: short(path).to_owned(), pointer: pointer.to_owned(), reason }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const TEXT: &str = "{\n  \"a\": [1, {\"id\": \"x/y\", \"n\": 1.50}],\n  \"b\": {}\n}\n";

    fn with(edit: Result<Vec<u8>, PatchError>) -> String {
        String::from_utf8(edit.unwrap()).unwrap()
    }

    #[test]
    fn a_value_is_spliced_in() {
        let set = |pointer: &str, to: Value| with(set(TEXT.as_bytes(), "bundle/x", pointer, &to));
        assert_eq!(set("/a/0", json!("z")), TEXT.replace("1, {", "\"z\", {"));
        assert_eq!(set("/a/[id=x/y]/id", json!(7)), TEXT.replace("\"x/y\"", "7"));
        assert_eq!(set("/a/1/new", json!([null])), TEXT.replace("1.50", "1.50, \"new\": [null]"));
        assert_eq!(set("/a/-", json!(true)), TEXT.replace("}],", "}, true],"));
        assert_eq!(set("/b/c~1d", json!(0)), TEXT.replace("{}", "{\"c/d\": 0}"));
        assert_eq!(set("", json!(0)), "0\n");
    }

    #[test]
    fn a_part_goes_with_its_comma() {
        let remove = |pointer: &str| with(remove(TEXT.as_bytes(), "bundle/x", pointer));
        assert_eq!(remove("/b"), "{\n  \"a\": [1, {\"id\": \"x/y\", \"n\": 1.50}]\n}\n");
        assert_eq!(remove("/a"), "{\n  \"b\": {}\n}\n");
        assert_eq!(remove("/a/0"), TEXT.replace("1, ", ""));
        assert_eq!(remove("/a/[id=x/y]"), TEXT.replace(", {\"id\": \"x/y\", \"n\": 1.50}", ""));
        let only = super::remove(b"[ 1 ]", "bundle/x", "/0").unwrap();
        assert_eq!(only, b"[  ]");
    }

    #[test]
    fn a_pointer_that_finds_nothing_is_an_error() {
        for pointer in ["/x/y", "/a/2", "/a/01", "/a/[id=z]", "/b/[id=z]", "a", "/a/0/b", "/a/-/b", "/a~2", "/a/[id]"] {
            assert!(
                matches!(set(TEXT.as_bytes(), "bundle/x", pointer, &json!(1)), Err(PatchError::NoMatch { .. })),
                "{pointer}"
            );
        }
        for pointer in ["", "/x", "/a/-", "/a/7"] {
            assert!(remove(TEXT.as_bytes(), "bundle/x", pointer).is_err(), "{pointer}");
        }
        let twice = br#"[{"a": "x"}, {"a": "x"}]"#;
        assert!(set(twice, "bundle/x", "/[a=x]", &json!(1)).is_err());
        assert!(matches!(set(b"{", "bundle/x", "/a", &json!(1)), Err(PatchError::NotJson { .. })));
    }
}
