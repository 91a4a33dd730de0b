//! Rego, by regorus: its bytecode machine and its interpreter.

use std::any::Any;

use regorus::languages::rego::compiler::Compiler;
use regorus::rvm::vm::RegoVM;
use regorus::{Engine as Regorus, Value};

use crate::contender::{ALL, Contender, Engine, bit};

const RULES: &str = include_str!("../rules/issuance.rego");
const FAILED: &str = "data.vlei.failed";

pub struct Bytecode;

impl Contender for Bytecode {
    fn name(&self) -> String {
        "regorus 0.14.1 bytecode (Rego)".to_owned()
    }

    fn load(&self) -> Box<dyn Engine> {
        let mut engine = Regorus::new();
        engine.add_policy("issuance.rego".into(), RULES.to_owned()).unwrap();
        let policy = engine.compile_with_entrypoint(&FAILED.into()).unwrap();
        let program = Compiler::compile_from_policy(&policy, &[FAILED]).unwrap();
        let mut machine = RegoVM::new();
        machine.load_program(program);
        machine.set_max_instructions(usize::MAX);
        Box::new(Machine(machine))
    }
}

struct Machine(RegoVM);

impl Engine for Machine {
    fn parse(&mut self, text: &'static str) -> Box<dyn Any> {
        Box::new(Value::from_json_str(text).unwrap())
    }

    fn eval(&mut self, document: &mut dyn Any) -> u32 {
        self.0.set_input(document.downcast_ref::<Value>().unwrap().clone());
        mask(&self.0.execute().unwrap())
    }
}

pub struct Interpreter;

impl Contender for Interpreter {
    fn name(&self) -> String {
        "regorus 0.14.1 interpreter (Rego)".to_owned()
    }

    fn load(&self) -> Box<dyn Engine> {
        let mut engine = Regorus::new();
        engine.add_policy("issuance.rego".into(), RULES.to_owned()).unwrap();
        // The first evaluation analyses and schedules the rules.
        engine.eval_rule(FAILED.into()).unwrap();
        Box::new(Interpreting(engine))
    }
}

struct Interpreting(Regorus);

impl Engine for Interpreting {
    fn parse(&mut self, text: &'static str) -> Box<dyn Any> {
        Box::new(Value::from_json_str(text).unwrap())
    }

    fn eval(&mut self, document: &mut dyn Any) -> u32 {
        self.0.set_input(document.downcast_ref::<Value>().unwrap().clone());
        mask(&self.0.eval_rule(FAILED.into()).unwrap())
    }
}

fn mask(failed: &Value) -> u32 {
    match failed {
        Value::Set(ids) => ids.iter().filter_map(|id| id.as_string().ok().map(|id| bit(id))).fold(0, |a, b| a | b),
        Value::Undefined => ALL,
        other => panic!("not a set of rules: {other}"),
    }
}
