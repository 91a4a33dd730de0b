//! JSONLogic, by datalogic-rs, with two operators that it lacks.

use std::any::Any;
use std::collections::HashMap;
use std::sync::Mutex;

use bumpalo::Bump;
use chrono::DateTime;
use datalogic_rs::operator::EvalContext;
use datalogic_rs::{CustomOperator, DataValue, Engine as DataLogic, Logic, ParsedData, Result};
use regex::Regex;

use crate::contender::{Contender, Engine, bit};

/// Written by `rules/jsonlogic.py`.
const RULES: &str = include_str!("../rules/issuance.jsonlogic.json");

pub struct JsonLogic;

impl Contender for JsonLogic {
    fn name(&self) -> String {
        "datalogic-rs 5.4.0 (JSONLogic)".to_owned()
    }

    fn load(&self) -> Box<dyn Engine> {
        let engine =
            DataLogic::builder().add_operator("matches", Matches::default()).add_operator("secs", Seconds).build();
        let rules: serde_json::Value = serde_json::from_str(RULES).unwrap();
        let compiled = |(id, rule): (&String, &serde_json::Value)| {
            (bit(id), engine.compile(rule).unwrap_or_else(|error| panic!("{id}: {error}")))
        };
        let rules = rules.as_object().unwrap().iter().map(compiled).collect();
        Box::new(Loaded { engine, rules, arena: Bump::new() })
    }
}

struct Loaded {
    engine: DataLogic,
    rules: Vec<(u32, Logic)>,
    arena: Bump,
}

impl Engine for Loaded {
    fn parse(&mut self, text: &'static str) -> Box<dyn Any> {
        Box::new(ParsedData::from_json(text).unwrap())
    }

    fn eval(&mut self, document: &mut dyn Any) -> u32 {
        let data = document.downcast_ref::<ParsedData>().unwrap();
        let mut mask = 0;
        for (bit, rule) in &self.rules {
            match self.engine.evaluate(rule, data.value(), &self.arena) {
                Ok(answer) if answer.as_bool() == Some(true) => {}
                Ok(_) | Err(_) => mask |= bit,
            }
        }
        self.arena.reset();
        mask
    }
}

/// `matches(text, pattern)`; each pattern is compiled once.
#[derive(Default)]
struct Matches(Mutex<HashMap<String, Regex>>);

impl CustomOperator for Matches {
    fn evaluate<'a>(
        &self,
        arguments: &[&'a DataValue<'a>],
        _: &mut EvalContext<'_, 'a>,
        arena: &'a Bump,
    ) -> Result<&'a DataValue<'a>> {
        let (text, pattern) = (arguments[0].as_str().unwrap_or("\0"), arguments[1].as_str().unwrap());
        let mut compiled = self.0.lock().unwrap();
        if !compiled.contains_key(pattern) {
            compiled.insert(pattern.to_owned(), Regex::new(pattern).unwrap());
        }
        Ok(arena.alloc(DataValue::Bool(compiled[pattern].is_match(text))))
    }
}

/// `secs(a, b)`: seconds from b to a, or null.
struct Seconds;

impl CustomOperator for Seconds {
    fn evaluate<'a>(
        &self,
        arguments: &[&'a DataValue<'a>],
        _: &mut EvalContext<'_, 'a>,
        arena: &'a Bump,
    ) -> Result<&'a DataValue<'a>> {
        let epoch = |value: &DataValue<'a>| {
            let parsed = value.as_str().and_then(|text| DateTime::parse_from_rfc3339(text).ok());
            parsed.map(|instant| instant.timestamp())
        };
        Ok(arena.alloc(match (epoch(arguments[0]), epoch(arguments[1])) {
            (Some(later), Some(earlier)) => DataValue::from_f64((later - earlier) as f64),
            _ => DataValue::Null,
        }))
    }
}
