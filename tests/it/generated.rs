//! Generated expressions over generated worlds: the engine and the naive evaluator must agree.
//!
//! `COUNTERSIGN_SEED` picks other expressions and worlds than the suite's, `COUNTERSIGN_CASES` more of them.

mod expression;
mod world;

use std::collections::BTreeMap;
use std::env;
use std::fmt::Write;
use std::sync::OnceLock;

use countersign::expr;
use countersign::facts::schema::FactSchema;
use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestError, TestRng, TestRunner};
use serde_json::Value as Json;

use super::conformance::{self, Case};
use super::naive;
use expression::Maker;

/// Choices that a generated value is made from; at its end every choice is the first one.
pub struct Tape<'t> {
    bytes: &'t [u8],
    at: usize,
}

impl<'t> Tape<'t> {
    pub fn new(bytes: &'t [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    pub fn choose(&mut self, choices: usize) -> usize {
        let byte = self.bytes.get(self.at).copied().unwrap_or(0);
        self.at += 1;
        usize::from(byte) % choices
    }

    pub fn of<T: Clone>(&mut self, values: &[T]) -> T {
        values[self.choose(values.len())].clone()
    }

    /// One time in `n`; never at the end of the tape.
    pub fn rarely(&mut self, n: usize) -> bool {
        self.choose(n) == n - 1
    }
}

fn schema() -> &'static FactSchema {
    static SCHEMA: OnceLock<FactSchema> = OnceLock::new();
    SCHEMA.get_or_init(conformance::schema)
}

fn number(variable: &str, otherwise: u64) -> u64 {
    env::var(variable).ok().map_or(otherwise, |text| text.parse().expect("a number"))
}

/// Worlds that each expression is judged in.
const WORLDS: usize = 3;

#[test]
fn the_engine_and_the_naive_evaluator_agree() {
    let (seed, cases) = (number("COUNTERSIGN_SEED", 0), number("COUNTERSIGN_CASES", 800) as u32);
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let config = ProptestConfig { cases, failure_persistence: None, max_shrink_iters: 4_000, ..Default::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
    let tape = |length: usize| prop::collection::vec(any::<u8>(), 0..length);
    let strategy = (tape(200), prop::collection::vec(tape(500), WORLDS));
    let known = std::cell::Cell::new(0u32);
    let result = runner.run(&strategy, |(program, worlds)| {
        let expression = Maker::new(schema(), Tape::new(&program)).any();
        disagreement(&expression, &worlds, &known).map_or(Ok(()), |found| Err(TestCaseError::fail(found)))
    });
    match result {
        Ok(()) => {}
        Err(TestError::Fail(reason, _)) => panic!("seed {seed}: {reason}"),
        Err(error) => panic!("seed {seed}: {error}"),
    }
    // A property of unknowns alone would be easy to keep.
    let share = f64::from(known.get()) / f64::from(cases * WORLDS as u32);
    println!("{cases} expressions in {WORLDS} worlds each, {:.0} % of the values known", share * 100.0);
    assert!((0.3..0.95).contains(&share), "{share}");
}

/// What the two say, where they say different things.
fn disagreement(text: &str, tapes: &[Vec<u8>], known: &std::cell::Cell<u32>) -> Option<String> {
    let case = Case::of(text);
    let (program, compiled) = match conformance::compiled(&case, schema()) {
        Ok(compiled) => compiled,
        Err(codes) => return Some(format!("`{text}` does not compile: {codes:?}")),
    };
    let tree = expr::parse(text).unwrap();
    for tape in tapes {
        let world = world::generate(schema(), &mut Tape::new(tape));
        let as_of = world.as_of.parse().unwrap();
        let answer = conformance::evaluated_in(&conformance::snapshot(&world), as_of, &program, &compiled);
        let fast = answer.value.as_ref().ok().map(conformance::written);
        let slow = naive::written(&conformance::naive_world(&world, schema(), &case).evaluate(&tree));
        known.set(known.get() + u32::from(fast.is_some()));
        if fast != slow {
            let said = answer.value.as_ref().err();
            return Some(format!(
                "`{text}`\nthe engine says {} {}\nthe naive evaluator says {}\nas of {}\n{}",
                shown(&fast),
                said.map_or(String::new(), |cause| format!("({cause:?})")),
                shown(&slow),
                world.as_of,
                records(&world.records, &world.unreadable),
            ));
        }
    }
    None
}

fn shown(value: &Option<Json>) -> String {
    value.as_ref().map_or("unknown".to_owned(), Json::to_string)
}

fn records(records: &BTreeMap<String, Vec<Json>>, unreadable: &BTreeMap<String, usize>) -> String {
    let mut text = String::new();
    for (kind, members) in records {
        for member in members {
            let _ = writeln!(text, "  {kind}: {member}");
        }
    }
    let _ = writeln!(text, "  unreadable: {unreadable:?}");
    text
}
