//! Guard, by cfn-guard's one public function, which reads rules and document each time.

use std::any::Any;

use cfn_guard::{ValidateInput, run_checks};

use crate::contender::{ALL, Contender, Engine, bit, only};

const RULES: &str = include_str!("../rules/issuance.guard");

pub struct Guard;

impl Contender for Guard {
    fn name(&self) -> String {
        "cfn-guard 3.2.1 (Guard)".to_owned()
    }

    /// There is no arithmetic.
    fn supported(&self) -> u32 {
        ALL & !only(&[5, 11, 15, 19])
    }

    fn load(&self) -> Box<dyn Engine> {
        Box::new(Checks)
    }

    fn slow(&self) -> bool {
        true
    }
}

struct Checks;

impl Engine for Checks {
    fn parse(&mut self, text: &'static str) -> Box<dyn Any> {
        Box::new(text)
    }

    fn eval(&mut self, document: &mut dyn Any) -> u32 {
        let content = *document.downcast_ref::<&'static str>().unwrap();
        let data = ValidateInput { content, file_name: "issuance.json" };
        let rules = ValidateInput { content: RULES, file_name: "issuance.guard" };
        let report: serde_json::Value = serde_json::from_str(&run_checks(data, rules, true).unwrap()).unwrap();
        let checks = report["children"].as_array().unwrap().iter().map(|child| &child["container"]["RuleCheck"]);
        checks
            .filter(|check| check["status"] == "FAIL")
            .fold(0, |mask, check| mask | bit(check["name"].as_str().unwrap()))
    }
}
