//! CEL, by the crate of that name.

use std::any::Any;
use std::sync::Arc;

use cel::{Context, Env, Program, Value};

use crate::contender::{Contender, Engine, bit};

const RULES: &str = include_str!("../rules/issuance.cel");

pub struct Cel;

impl Contender for Cel {
    fn name(&self) -> String {
        "cel 0.15.0 (CEL)".to_owned()
    }

    fn load(&self) -> Box<dyn Engine> {
        let env = Arc::new(Env::stdlib());
        let lines = RULES.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
        let rules = lines.map(|line| {
            let (id, expression) = line.split_once('\t').unwrap();
            (bit(id), env.compile(expression).unwrap_or_else(|error| panic!("{id}: {error}")))
        });
        Box::new(Loaded { rules: rules.collect(), env: env.clone() })
    }
}

struct Loaded {
    env: Arc<Env>,
    rules: Vec<(u32, Program)>,
}

impl Engine for Loaded {
    fn parse(&mut self, text: &'static str) -> Box<dyn Any> {
        let value: serde_json::Value = serde_json::from_str(text).unwrap();
        let mut context = Context::with_env(self.env.clone());
        for (name, member) in value.as_object().unwrap() {
            context.add_variable_from_value(name.as_str(), cel::to_value(member).unwrap());
        }
        Box::new(context)
    }

    fn eval(&mut self, document: &mut dyn Any) -> u32 {
        let context = document.downcast_ref::<Context<'static, 'static>>().unwrap();
        let failed = |program: &Program| !matches!(program.execute(context), Ok(Value::Bool(true)));
        self.rules.iter().filter(|(_, program)| failed(program)).fold(0, |mask, (bit, _)| mask | bit)
    }
}
