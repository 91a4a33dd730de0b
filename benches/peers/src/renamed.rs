//! The same rules under other names: nothing in the engine knows a field, a rule or a kind of this set.

use std::collections::BTreeMap;

use crate::BROKEN;
use crate::contender::{Contender, Engine};
use crate::countersign::{Countersign, Reasons};
use crate::plain::Typed;
use crate::table::measure;

/// How much slower the other names may make it: they are longer, and measuring is not exact.
const SLACK: f64 = 1.35;

/// What everything is called instead.
struct Names {
    fields: BTreeMap<String, String>,
    /// Kind, rules and definitions.
    others: BTreeMap<String, String>,
}

fn names(book: &Countersign) -> Names {
    let mut names = Names { fields: BTreeMap::new(), others: BTreeMap::new() };
    let add = |names: &mut BTreeMap<String, String>, name: &str, prefix: &str| {
        let next = format!("{prefix}{}", names.len() * 7 + 100);
        names.entry(name.to_owned()).or_insert(next);
    };
    for (_, text) in &book.schemas {
        fields(&serde_json::from_str(text).unwrap(), &mut |name| add(&mut names.fields, name, "field_"));
    }
    add(&mut names.others, &book.kind, "kind_");
    for line in book.policies.iter().flat_map(|(_, text)| text.lines()) {
        if let Some(rule) = line.trim().strip_prefix("- id: ") {
            add(&mut names.others, rule, "RULE-");
        }
        if let Some(definition) = line.trim().strip_prefix("- { define: ") {
            add(&mut names.others, definition.split(',').next().unwrap(), "defined_");
        }
    }
    names
}

/// Each field that a schema declares.
fn fields(schema: &serde_json::Value, add: &mut dyn FnMut(&str)) {
    for (key, value) in schema.as_object().into_iter().flatten() {
        if key == "properties" {
            value.as_object().unwrap().keys().for_each(|name| add(name));
            value.as_object().unwrap().values().for_each(|inner| fields(inner, add));
        } else if key == "items" {
            fields(value, add);
        } else if key == "x-attached" {
            add("body");
        }
    }
}

/// A policy file with other names: a word after a dot is a field.
fn renamed_policy(text: &str, names: &Names) -> String {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let (mut out, mut rest) = (String::new(), text);
    while !rest.is_empty() {
        let (word, after) = rest.split_at(rest.find(|c| !is_word(c)).unwrap_or(rest.len()));
        let is_literal = out.ends_with('"');
        let other = match out.ends_with('.') {
            true => names.fields.get(word),
            false => names.others.get(word).filter(|_| !is_literal),
        };
        out += other.map_or(word, String::as_str);
        let next = after.chars().next().map_or(0, char::len_utf8);
        out += &after[..next];
        rest = &after[next..];
    }
    out
}

fn renamed_schema(schema: &serde_json::Value, names: &Names) -> serde_json::Value {
    let other = |name: &str| names.fields.get(name).cloned().unwrap_or_else(|| name.to_owned());
    match schema {
        serde_json::Value::Object(members) => {
            let renamed = members.iter().map(|(key, value)| {
                let value = match (key.as_str(), value) {
                    ("properties", serde_json::Value::Object(fields)) => {
                        fields.iter().map(|(name, field)| (other(name), renamed_schema(field, names))).collect()
                    }
                    ("required", serde_json::Value::Array(required)) => {
                        required.iter().map(|name| other(name.as_str().unwrap())).collect()
                    }
                    ("x-attached", _) => {
                        let from =
                            serde_json::json!({ "from": other("body_path"), "schema": "bodies/dossier-body.json" });
                        [(other("body"), from)].into_iter().collect()
                    }
                    (_, value) => renamed_schema(value, names),
                };
                (key.clone(), value)
            });
            renamed.collect()
        }
        other => other.clone(),
    }
}

fn renamed_document(document: &serde_json::Value, names: &Names) -> serde_json::Value {
    match document {
        serde_json::Value::Object(members) => {
            let other = |name: &String| names.fields.get(name).unwrap_or(name).clone();
            members.iter().map(|(name, value)| (other(name), renamed_document(value, names))).collect()
        }
        serde_json::Value::Array(items) => items.iter().map(|item| renamed_document(item, names)).collect(),
        scalar => scalar.clone(),
    }
}

fn renamed(book: &Countersign, names: &Names) -> Countersign {
    let policies = book.policies.iter().map(|(path, text)| (path.clone(), renamed_policy(text, names)));
    let schemas = book.schemas.iter().map(|(path, text)| {
        let path = path.replace("dossier.json", &format!("{}.json", names.others["dossier"]));
        (path, renamed_schema(&serde_json::from_str(text).unwrap(), names).to_string())
    });
    Countersign {
        policies: policies.collect(),
        schemas: schemas.collect(),
        kind: names.others[&book.kind].clone(),
        reasons: book.reasons,
    }
}

#[test]
fn other_names_give_the_same_verdicts_as_fast() {
    let book = Countersign::shipped(Reasons::Given);
    let names = names(&book);
    let other = renamed(&book, &names);
    let policy = &other.policies[1].1;
    assert!(!policy.contains("R01") && !policy.contains("dossier") && !policy.contains("issued_at"), "{policy}");

    let corpus = crate::corpus(64, 7, BROKEN);
    let rename = |text: &str| -> &'static str {
        renamed_document(&serde_json::from_str(text).unwrap(), &names).to_string().leak()
    };
    let texts: Vec<&'static str> = corpus.iter().map(|(text, _)| *text).collect();
    let others: Vec<&'static str> = texts.iter().map(|text| rename(text)).collect();
    let (mut engine, mut other_engine) = (book.load(), other.load());
    for ((text, expected), renamed) in corpus.iter().zip(&others) {
        assert_eq!((engine.verdict(text), other_engine.verdict(renamed)), (*expected, *expected));
    }

    // A build without optimisation measures nothing.
    if cfg!(debug_assertions) {
        return;
    }
    let contenders: Vec<Box<dyn Contender>> = vec![Box::new(Typed), Box::new(book), Box::new(other)];
    let mut samples = measure(&contenders, &[&texts, &texts, &others], 15);
    let [floor, book, other] = samples.as_mut_slice() else { panic!("three were measured") };
    let ratios = |name: &str, samples: &mut crate::table::Samples, floor: &mut crate::table::Samples| {
        let ratios = (samples.evaluate() / floor.evaluate(), samples.verdict() / floor.verdict());
        println!("{name}: evaluate {:.2}x, text to verdict {:.2}x", ratios.0, ratios.1);
        ratios
    };
    let (as_shipped, as_renamed) = (ratios("shipped", book, floor), ratios("renamed", other, floor));
    assert!(as_renamed.0 < as_shipped.0 * SLACK && as_renamed.1 < as_shipped.1 * SLACK);
}
