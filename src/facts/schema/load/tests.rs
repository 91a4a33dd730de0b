//! What loads, and what is refused.

use super::*;
use crate::facts::schema::{Format, StructId};

const HEADER: &str = r#"{ "type": "object", "properties": { "id": { "type": "string" } }, "required": ["id"] }"#;
const TYPES: &str = r#"{ "$defs": {
    "threshold": { "x-type": "threshold", "anyOf": [{ "type": "string" }] },
    "key_state": { "type": "object", "properties": { "aid": { "type": "string", "x-type": "aid" } },
                   "required": ["aid"], "additionalProperties": false } } }"#;

fn files(more: &[(&str, &str)]) -> Vec<SchemaFile> {
    let all = [("record.json", HEADER), ("types.json", TYPES)];
    let all = all.iter().chain(more);
    all.map(|(path, text)| SchemaFile { path: (*path).to_owned(), text: (*text).to_owned() }).collect()
}

/// A record kind `thing` with these properties and further keywords at its top.
fn thing(top: &str, properties: &str) -> String {
    format!(
        r#"{{ "$ref": "../record.json", {top} "type": "object", "properties": {{ {properties} }},
             "unevaluatedProperties": false }}"#
    )
}

fn problems(more: &[(&str, &str)]) -> Vec<String> {
    match FactSchema::load(&files(more)) {
        Ok(_) => Vec::new(),
        Err(errors) => errors.iter().map(ToString::to_string).collect(),
    }
}

/// The problems of one field, without the name of the file.
fn field_problems(field: &str) -> String {
    let text = thing("", &format!("\"x\": {field}"));
    let all = problems(&[("evidence/thing.json", &text)]);
    let all: Vec<&str> = all.iter().map(|problem| problem.trim_start_matches("`evidence/thing.json` at ")).collect();
    all.join("\n")
}

fn names(schema: &FactSchema, type_: StructId) -> Vec<&str> {
    schema.struct_type(type_).fields.iter().map(|field| field.name.as_str()).collect()
}

#[test]
fn the_shipped_schemas_load() {
    let schema = FactSchema::embedded();
    let lei_record = schema.kind(schema.kind_named("lei-record").unwrap());
    assert_eq!((lei_record.singular.as_str(), lei_record.plural.as_deref()), ("lei_record", Some("lei_records")));
    assert!(lei_record.signed && lei_record.clauses.iter().any(|clause| clause == "LE-6.3.1.b.2"));
    let fields = names(&schema, lei_record.record);
    assert_eq!(fields[..3], ["kind", "id", "schema_version"]);
    assert_eq!(fields[fields.len() - 6..], ["path", "digest_ok", "clauses", "signers", "signed_fully", "body"]);
    let body = &lei_record.attached[0];
    let record = schema.struct_type(lei_record.record);
    assert_eq!(record.fields[body.from as usize].name, "body_path");
    assert_eq!(record.fields[body.field as usize].origin, FieldOrigin::Attached);
    assert!(!schema.struct_type(schema.struct_named("lei_record.body.data").unwrap()).closed);
    let status = &schema.struct_type(schema.struct_named("lei_record.body.data.attributes.registration").unwrap());
    let status = &status.fields[status.field("status").unwrap() as usize];
    assert!(status.shape.open && status.null_fails && status.nullable);

    let events = schema.struct_type(schema.struct_named("item of oobi_session.events").unwrap());
    assert_eq!(events.variants.as_ref().unwrap().by_tag.len(), 14);
    assert!(schema.struct_named("item of lar_designation.lars").is_some());
    assert!(schema.struct_named("key_state").is_some());
    let statuses = schema.kind(schema.kind_of_plural("qualification_statuses").unwrap());
    assert_eq!(statuses.singular, "qualification_status");
    let records = schema.kind(schema.kind_of_plural("records").unwrap());
    assert!(records.class == KindClass::Derived && !records.has_singleton());
    assert!(names(&schema, records.record).contains(&"performed_by"));
    assert!(schema.kind(schema.kind_named("run").unwrap()).plural.is_none());
}

#[test]
fn every_schema_file_is_shipped() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas");
    for folder in ["evidence", "evidence/bodies", "case", "facts"] {
        for entry in std::fs::read_dir(root.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "json") {
                let name = format!("{folder}/{}", path.file_name().unwrap().to_string_lossy());
                let text = std::fs::read_to_string(&path).unwrap();
                assert!(embedded::FILES.contains(&(name.as_str(), text.as_str())), "{name}");
            }
        }
    }
}

#[test]
fn constraints_are_kept() {
    let text = thing(
        r#""x-signed": true, "x-clauses": ["A-1"], "x-plural": "thingies","#,
        r#""mail": { "type": ["string", "null"], "format": "email", "maxLength": 320 },
           "age_h": { "type": "integer", "x-unit": "h", "minimum": 0 },
           "ends": { "type": "string", "x-type": "instant", "x-role": "plan" },
           "kt": { "$ref": "../types.json#/$defs/threshold", "description": "of the group" },
           "state": { "$ref": "../types.json#/$defs/key_state" },
           "parts": { "type": "array", "minItems": 1, "items": { "type": "object",
               "properties": { "a": { "type": "string", "enum": ["x", "y"] } }, "additionalProperties": false } }"#,
    );
    let schema = FactSchema::load(&files(&[("evidence/thing.json", &text)])).unwrap();
    let kind = schema.kind(schema.kind_of_plural("thingies").unwrap());
    let type_ = schema.struct_type(kind.record);
    let field = |name: &str| &type_.fields[type_.field(name).unwrap() as usize];
    assert_eq!((field("mail").shape.format, field("mail").shape.length), (Some(Format::Email), (None, Some(320))));
    assert!(field("mail").nullable && !field("mail").required && field("id").required);
    assert_eq!((&field("age_h").shape.type_, field("age_h").shape.unit_s), (&Type::Duration, Some(3600)));
    assert_eq!(field("age_h").shape.range, (Some(0), None));
    assert_eq!(field("ends").role, InstantRole::Plan);
    assert_eq!(field("kt").shape.type_, Type::Threshold);
    assert_eq!(field("parts").shape.length, (Some(1), None));
    assert_eq!(schema.describe(&field("parts").shape.type_), "list of item of thing.parts");
    assert_eq!(schema.describe(&field("state").shape.type_), "key_state");
    assert_eq!(schema.enums[0].name, "a of item of thing.parts");
}

#[test]
fn keywords_outside_the_subset_are_refused() {
    for keyword in [
        "oneOf",
        "allOf",
        "not",
        "if",
        "then",
        "else",
        "const",
        "default",
        "patternProperties",
        "propertyNames",
        "dependentRequired",
        "contains",
        "prefixItems",
        "uniqueItems",
        "multipleOf",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "minProperties",
        "$anchor",
        "$dynamicRef",
        "x-unknown",
    ] {
        let said = field_problems(&format!(r#"{{ "type": "string", "{keyword}": true }}"#));
        assert_eq!(said, format!("`/properties/x`: `{keyword}` is not a keyword of the subset"));
    }
    for (keyword, value) in [
        ("minimum", "1"),
        ("items", "{}"),
        ("properties", "{}"),
        ("$defs", "{}"),
        ("anyOf", "[]"),
        ("x-unit", "\"s\""),
        ("x-variants", "{}"),
        ("x-population", "\"list\""),
        ("x-signed", "true"),
        ("unevaluatedProperties", "false"),
    ] {
        let said = field_problems(&format!(r#"{{ "type": "string", "{keyword}": {value} }}"#));
        assert_eq!(said, format!("`/properties/x`: `{keyword}` does not go with a string"));
    }
}

#[test]
fn fields_outside_the_subset_are_refused() {
    for (field, said) in [
        (r#"true"#, "`/properties/x`: a schema is an object"),
        (
            r#"{ "type": "number" }"#,
            "`/properties/x/type`: the type `number` is none of object, array, string, integer, boolean",
        ),
        (
            r#"{ "type": ["string", "integer"] }"#,
            "`/properties/x/type`: a type is one name, or `[T, \"null\"]` where null is allowed",
        ),
        (r#"{ "description": "?" }"#, "`/properties/x`: `type` is missing"),
        (r#"{ "type": "string", "x-type": "uuid" }"#, "`/properties/x/x-type`: `uuid` is not an `x-type`"),
        (
            r#"{ "type": "string", "x-type": "lei", "pattern": "^A$" }"#,
            "`/properties/x`: `pattern` does not go with a string with an `x-type`",
        ),
        (
            r#"{ "type": "string", "x-type": "date", "x-role": "plan" }"#,
            "`/properties/x`: `x-role` goes with an instant",
        ),
        (
            r#"{ "type": "string", "x-type": "instant", "x-role": "past" }"#,
            "`/properties/x/x-role`: `x-role` is `event`, `validity` or `plan`",
        ),
        (r#"{ "type": "string", "pattern": "A" }"#, "`/properties/x/pattern`: `A` is to be written with `^` and `$`"),
        (r#"{ "type": "string", "pattern": "^(A$" }"#, "`/properties/x/pattern`: `^(A$` is not a regular expression"),
        (r#"{ "type": "string", "format": "date-time" }"#, "`/properties/x/format`: `format` is `email` or `uri`"),
        (r#"{ "type": "string", "enum": [] }"#, "`/properties/x/enum`: an `enum` has at least one value"),
        (r#"{ "type": "string", "enum": ["a", "a"] }"#, "`/properties/x/enum`: `a` stands twice"),
        (
            r#"{ "type": "string", "enum": ["a", 1] }"#,
            "`/properties/x/enum`: `enum` is a list of texts\n`/properties/x/enum`: an `enum` has at least one value",
        ),
        (
            r#"{ "type": ["string", "null"], "enum": ["a"] }"#,
            "`/properties/x`: a closed enum is never null; leave the field out instead",
        ),
        (r#"{ "type": "string", "x-open": true }"#, "`/properties/x`: `x-open: true` stands beside an `enum`"),
        (
            r#"{ "type": "string", "x-null": "fails" }"#,
            "`/properties/x`: `x-null` says what null means, and null is not allowed here",
        ),
        (
            r#"{ "type": ["string", "null"], "x-null": "passes" }"#,
            "`/properties/x/x-null`: `x-null` can only be `fails`",
        ),
        (r#"{ "type": "integer", "x-unit": "min" }"#, "`/properties/x/x-unit`: `x-unit` is `s`, `h` or `d`"),
        (r#"{ "type": "integer", "minimum": 2, "maximum": 1 }"#, "`/properties/x`: `minimum` is above `maximum`"),
        (r#"{ "type": "string", "minLength": -1 }"#, "`/properties/x/minLength`: `minLength` is a number, not below 0"),
        (r#"{ "type": "array" }"#, "`/properties/x`: a list says by `items` what it holds"),
        (
            r#"{ "type": "array", "items": { "type": ["string", "null"] } }"#,
            "`/properties/x/items`: an element of a list is never null",
        ),
        (r#"{ "type": "object" }"#, "`/properties/x`: an object says `additionalProperties: false`"),
        (
            r#"{ "type": "object", "additionalProperties": true }"#,
            "`/properties/x`: `additionalProperties` is true only in bodies that others made",
        ),
        (
            r#"{ "type": "object", "additionalProperties": false, "required": ["a"] }"#,
            "`/properties/x/required/0`: `a` is required and not among the properties",
        ),
        (r##"{ "$ref": "#/$defs/a" }"##, "`/properties/x/$ref`: `#/$defs/a` is not a shape of types.json"),
        (
            r#"{ "$ref": "../types.json#/$defs/nothing" }"#,
            "`/properties/x/$ref`: `../types.json#/$defs/nothing` is not a shape of types.json",
        ),
        (
            r#"{ "$ref": "../types.json#/$defs/key_state", "type": "object" }"#,
            "`/properties/x`: `type` does not go with a `$ref`",
        ),
        (r#"{ "x-type": "threshold" }"#, "`/properties/x`: a threshold says by `anyOf` how it is written"),
    ] {
        assert_eq!(field_problems(field), said);
    }
}

#[test]
fn variants_name_every_tag_and_every_field() {
    let variants = |declared: &str| {
        field_problems(&format!(
            r#"{{ "type": "array", "items": {{ "type": "object", "x-variants": {declared}, "additionalProperties": false,
                "properties": {{ "t": {{ "type": "string", "enum": ["a", "b"] }}, "u": {{ "type": "string" }} }} }} }}"#
        ))
        .replace("`/properties/x/items/x-variants", "`…")
    };
    assert_eq!(variants(r#"{ "tag": "t", "common": ["t"], "fields": { "a": ["u"], "b": [] } }"#), "");
    assert_eq!(variants(r#"{ "tag": "u", "common": [], "fields": {} }"#), "`…/tag`: the tag is a field with an `enum`");
    assert_eq!(
        variants(r#"{ "tag": "t", "common": [], "fields": { "a": ["v"], "c": [] } }"#),
        "`…/common`: the tag `t` is common to all\n`…/fields/a`: `v` is not a field\n\
         `…/fields`: `c` is not a value of `t`\n`…/fields`: the fields of `b` are missing\n\
         `…`: `t` belongs to no tag\n`…`: `u` belongs to no tag"
    );
    let single = r#"{ "type": "object", "additionalProperties": false, "x-variants": { "tag": "t", "common": ["t"],
        "fields": { "a": [] } }, "properties": { "t": { "type": "string", "enum": ["a"] } } }"#;
    assert_eq!(
        field_problems(single),
        "`/properties/x/x-variants`: `x-variants` stands on an object that is an item of a list"
    );
}

#[test]
fn the_top_of_a_schema_is_closed_too() {
    let all = |path: &str, text: &str| problems(&[(path, text)]).join("\n");
    assert_eq!(
        all("evidence/thing.json", &thing(r#""x-population": "list", "minItems": 1,"#, "")),
        "`evidence/thing.json` at `/`: `x-population` does not go with the top of this schema\n\
         `evidence/thing.json` at `/`: `minItems` does not go with the top of this schema"
    );
    assert_eq!(
        all("evidence/thing.json", r#"{ "type": "object", "unevaluatedProperties": false }"#),
        "`evidence/thing.json` at `/`: this schema says `additionalProperties: false`, and not `unevaluatedProperties`"
    );
    assert_eq!(
        all("facts/thing.json", r#"{ "type": "object", "additionalProperties": false }"#),
        "`facts/thing.json` at `/`: `x-population` is `singleton` or `list`"
    );
    assert_eq!(
        all("evidence/thing.json", &thing("", r#""id": { "type": "string" }, "path": { "type": "string" }"#)),
        "`evidence/thing.json` at `/properties/id`: the header has the field `id` already\n\
         `evidence/thing.json` at `/properties/path`: every record has a derived field `path` already"
    );
    assert_eq!(
        all(
            "evidence/thing.json",
            &thing(r#""x-attached": { "body": { "from": "nothing", "schema": "b.json" } },"#, "")
        ),
        "`evidence/thing.json` at `/x-attached/body`: `from` is a text field of the record"
    );
    assert_eq!(
        all("evidence/thing.json", &thing(r#""x-attached": { "body": { "from": "id", "schema": "b.json" } },"#, "")),
        "`evidence/thing.json` at `/x-attached/body`: there is no schema `b.json`"
    );
    assert_eq!(
        all("other/thing.json", "{}"),
        "`other/thing.json` at `/`: a schema stands in evidence, evidence/bodies, case or facts"
    );
    assert_eq!(
        all("evidence/a b.json", &thing("", "")),
        "`evidence/a b.json` at `/`: the file name `a b` cannot be written in an expression\n`evidence/a b.json` at `/x-plural`: `a bs` cannot be written in an expression"
    );
    assert_eq!(all("evidence/x.json", "{"), "`evidence/x.json` is not JSON: EOF while parsing an object");
}

#[test]
fn a_name_belongs_to_one_file() {
    let plain = thing("", "");
    assert_eq!(
        problems(&[("evidence/thing.json", &plain), ("case/thing.json", &plain)]),
        [
            "`evidence/thing.json` and `case/thing.json` both give rules the name `thing`",
            "`evidence/thing.json` and `case/thing.json` both give rules the name `things`"
        ]
    );
    let plural = thing(r#""x-plural": "count","#, "");
    assert_eq!(
        problems(&[("evidence/thing.json", &plural)]),
        ["`evidence/thing.json` and `the expression language` both give rules the name `count`"]
    );
}
