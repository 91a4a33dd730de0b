//! Worlds: records with every sort of hole. Values come from small pools, so that they meet.

use std::collections::BTreeMap;

use countersign::facts::schema::{FactSchema, Field, FieldOrigin, Shape, StructId, Type};
use serde_json::{Map, Value as Json, json};

use super::Tape;
use crate::conformance::{self, World};

/// The kinds of the conformance schemas, and how many readable records there are most often.
const KINDS: [(&str, &[usize]); 5] = [
    ("broken", &[0, 1, 1]),
    ("ghost", &[0, 0, 0, 1]),
    ("item", &[3, 0, 1, 2, 3, 4]),
    ("pair", &[2, 0, 1, 2, 3]),
    ("sample", &[1, 1, 1, 1, 1, 1, 1, 0, 2]),
];

pub const TEXTS: [&str; 6] = ["A", "B", "C", "acme  AG", "", "https://a.example/x/B?q"];
pub const INSTANTS: [&str; 7] = [
    "2026-03-16T10:00:00Z",
    "2026-03-16T11:00:00Z",
    "2026-03-16T14:30:00Z",
    "2026-03-20T15:00:00Z",
    "2026-03-20T20:00:00+05:00",
    "2026-01-31T23:59:59.5Z",
    "2026-04-18T23:30:00-05:00",
];
pub const DATES: [&str; 4] = ["2026-03-20", "2026-03-21", "2026-01-31", "2024-02-29"];
pub const LEI: &str = "254900OPPU84GM83MG36";
pub const AID: &str = "EK8TSbn1-aGmoEBN6jbcyUmbyyWcmtwRK3zJqTyuQfMm";
const NOT_A_VALUE: &str = "!?";

pub fn generate(schema: &FactSchema, tape: &mut Tape<'_>) -> World {
    let mut world = conformance::world().clone();
    world.records.clear();
    world.unreadable.clear();
    if tape.rarely(4) {
        world.as_of = tape.of(&INSTANTS).to_owned();
    }
    for (kind, counts) in KINDS {
        let id = schema.kind_named(kind).unwrap();
        let count = tape.of(counts);
        let members = (0..count).map(|number| {
            let mut record = object(schema, schema.kind(id).record, tape, true);
            record.insert("id".into(), json!(format!("{kind}-r{number}")));
            Json::Object(record)
        });
        world.records.insert(kind.into(), members.collect());
        let one_in = if kind == "broken" { 2 } else { 8 };
        if tape.rarely(one_in) {
            world.unreadable.insert(kind.into(), 1);
        }
    }
    world
}

/// Whether the harness fills the field in.
fn is_header(field: &Field) -> bool {
    let header = ["kind", "id", "schema_version", "producer", "performed_by", "performed_at", "recorded_at"];
    header.contains(&field.name.as_str()) || field.name == "subject_case"
}

fn object(schema: &FactSchema, id: StructId, tape: &mut Tape<'_>, top: bool) -> Map<String, Json> {
    let type_ = schema.struct_type(id);
    let mut object = Map::new();
    let tag = type_.variants.as_ref().map(|variants| tape.of(&variants.by_tag));
    for (index, field) in type_.fields.iter().enumerate() {
        if field.origin != FieldOrigin::Member || (top && is_header(field)) {
            continue;
        }
        if let (Some(variants), Some((name, own))) = (&type_.variants, &tag) {
            if variants.tag as usize == index {
                object.insert(field.name.clone(), Json::from(if tape.rarely(8) { NOT_A_VALUE } else { name }));
                continue;
            }
            if !variants.common.contains(&(index as u16)) && !own.contains(&(index as u16)) {
                continue;
            }
        }
        match tape.choose(12) {
            9 => {}
            10 => drop(object.insert(field.name.clone(), Json::Null)),
            11 => drop(object.insert(field.name.clone(), broken(&field.shape, tape))),
            _ => drop(object.insert(field.name.clone(), value(schema, &field.shape, tape))),
        }
    }
    object
}

fn value(schema: &FactSchema, shape: &Shape, tape: &mut Tape<'_>) -> Json {
    match &shape.type_ {
        Type::Bool => json!(tape.choose(2) == 0),
        Type::Int | Type::Duration | Type::Days | Type::Months => {
            json!(tape.of(&[1i64, 2, 3, 0, 7, -1, 9_007_199_254_740_991]))
        }
        Type::Text => json!(tape.of(&TEXTS)),
        Type::Person => json!(tape.of(&["LAR-A", "LAR-B"])),
        Type::Decimal => json!(tape.of(&["12.50", "0"])),
        Type::Sha256 => json!("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        Type::Enum(id) => json!(tape.of(&schema.enum_type(*id).values)),
        Type::Instant => json!(tape.of(&INSTANTS)),
        Type::Date => json!(tape.of(&DATES)),
        Type::Lei => json!(tape.of(&[LEI, LEI, "254900oppu84gm83mg36"])),
        Type::Aid | Type::Said => json!(tape.of(&[AID, AID, "not-one"])),
        Type::Threshold => tape.of(&[
            json!("2"),
            json!("1"),
            json!(["1/2", "1/2", "1/2"]),
            json!([["1", "1/2"], ["1/3", "1/3", "1/3"]]),
            json!(["1/4", "1/4"]),
        ]),
        Type::List(_) => {
            let items = shape.items.as_deref().unwrap();
            let element = |tape: &mut Tape<'_>| match tape.choose(12) {
                10 => Json::Null,
                11 => broken(items, tape),
                _ => value(schema, items, tape),
            };
            (0..tape.of(&[2usize, 0, 1, 2, 3, 4])).map(|_| element(tape)).collect()
        }
        Type::Record(id) => Json::Object(object(schema, *id, tape, false)),
    }
}

/// Something that is not of the shape.
fn broken(shape: &Shape, tape: &mut Tape<'_>) -> Json {
    match &shape.type_ {
        Type::Text | Type::Person | Type::Decimal => json!(tape.choose(2) == 0),
        Type::Instant => json!(tape.of(&["2026-03-16T14:00:00", "2016-12-31T23:59:60Z", "yesterday"])),
        Type::Threshold => tape.of(&[json!("0"), json!([]), json!(["1/0"]), json!(7)]),
        Type::Bool
        | Type::Int
        | Type::Duration
        | Type::Days
        | Type::Months
        | Type::Enum(_)
        | Type::Date
        | Type::Lei
        | Type::Aid
        | Type::Said
        | Type::Sha256
        | Type::List(_)
        | Type::Record(_) => tape.of(&[json!(NOT_A_VALUE), json!({})]),
    }
}

/// How many kinds there are; the harness reads them all.
#[test]
fn every_conformance_kind_is_generated() {
    let schemas = conformance::folder().join("schemas/evidence");
    let names: Vec<String> = std::fs::read_dir(schemas)
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    let generated: BTreeMap<&str, _> = KINDS.into_iter().collect();
    assert!(names.iter().all(|name| generated.contains_key(name.as_str())), "{names:?}");
}
