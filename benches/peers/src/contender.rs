//! What every contender can do, and the list of them.

use std::any::Any;

use crate::countersign::Reasons;
use crate::{cedar, cel, countersign, guard, jsonlogic, plain, rego};

/// How many rules there are.
pub const RULES: u32 = 25;
/// A bit per rule: the first one is R01.
pub const ALL: u32 = (1 << RULES) - 1;

/// A way to decide the rules. A further one implements both traits and stands in [`contenders`]; `check` then holds
/// it to the same verdicts.
pub trait Contender: Sync {
    /// Its name and version.
    fn name(&self) -> String;

    /// Which rules its language can say.
    fn supported(&self) -> u32 {
        ALL
    }

    /// Compiles the rules from their text.
    fn load(&self) -> Box<dyn Engine>;

    /// Whether one evaluation takes milliseconds.
    fn slow(&self) -> bool {
        false
    }
}

/// Rules, ready to decide documents.
pub trait Engine {
    /// A text to the engine's own form of a document.
    fn parse(&mut self, text: &'static str) -> Box<dyn Any>;

    /// Every rule on a document: which failed.
    fn eval(&mut self, document: &mut dyn Any) -> u32;

    /// A text to which rules failed.
    fn verdict(&mut self, text: &'static str) -> u32 {
        let mut document = self.parse(text);
        self.eval(&mut *document)
    }
}

/// Every contender, the floor first.
pub fn contenders() -> Vec<Box<dyn Contender>> {
    vec![
        Box::new(plain::Typed),
        Box::new(countersign::Countersign::shipped(Reasons::Given)),
        Box::new(countersign::Countersign::shipped(Reasons::LeftOut)),
        Box::new(jsonlogic::JsonLogic),
        Box::new(plain::Dynamic),
        Box::new(cedar::Cedar),
        Box::new(rego::Bytecode),
        Box::new(rego::Interpreter),
        Box::new(cel::Cel),
        Box::new(guard::Guard),
    ]
}

/// The bit of a rule by its id: `R01`.
pub fn bit(id: &str) -> u32 {
    let number = id.get(1..).and_then(|digits| digits.parse::<u32>().ok());
    number.filter(|number| (1..=RULES).contains(number)).map_or(0, |number| 1 << (number - 1))
}

/// The bits of rules by their numbers.
pub fn only(numbers: &[u32]) -> u32 {
    numbers.iter().fold(0, |mask, number| mask | 1 << (number - 1))
}

/// The ids of a mask.
pub fn ids(mask: u32) -> Vec<String> {
    (0..RULES).filter(|at| mask >> at & 1 == 1).map(|at| format!("R{:02}", at + 1)).collect()
}
