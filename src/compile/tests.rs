//! What compiles, into what, and what each refusal looks like.

mod lowered;
mod refused;
mod shipped;

use super::compile;
use super::program::Program;
use crate::facts::schema::FactSchema;
use crate::policy::{self, Drawing, PolicyProblem};
use crate::source::Source;

const FLOWS: &str = "flows:\n  - { flow: f, title: a flow, packs: [p] }\n";

/// Compiles files by name; `flows.yaml` with pack `p` unless it is given.
fn compile_files(files: &[(&str, &str)]) -> Result<Program, Vec<PolicyProblem>> {
    let mut sources: Vec<Source> = files.iter().map(|(name, text)| Source::new(*name, *text)).collect();
    if !files.iter().any(|(name, _)| *name == "flows.yaml") {
        sources.push(Source::new("flows.yaml", FLOWS));
    }
    let (set, problems) = policy::load(sources);
    assert!(problems.is_empty(), "{}", policy::render(&problems, 100, Drawing::Ascii));
    compile(&set, FactSchema::embedded())
}

/// A rule with these lines after its head.
fn rule(lines: &str) -> String {
    let lines: String = lines.lines().map(|line| format!("    {line}\n")).collect();
    format!(
        "document: doc\ntitle: t\nprecedence: gate\nrules:\n  - id: R-1\n    title: t\n    source: {{ section: \"1\" }}\n    \
         strength: MUST\n    level: block\n    packs: [p]\n    stage: evidence\n{lines}    message: m\n    help: h\n"
    )
}

fn compile_rule(lines: &str) -> Program {
    match compile_files(&[("doc.yaml", &rule(lines))]) {
        Ok(program) => program,
        Err(problems) => panic!("{}", policy::render(&problems, 100, Drawing::Ascii)),
    }
}

/// The problems of a rule as a reader sees them.
fn problems_of_rule(lines: &str) -> String {
    problems_of(&[("doc.yaml", &rule(lines))])
}

fn problems_of(files: &[(&str, &str)]) -> String {
    match compile_files(files) {
        Ok(_) => "no problem".to_owned(),
        Err(problems) => policy::render(&problems, 80, Drawing::Ascii),
    }
}

/// The last parts of the codes of the problems of an expression.
fn codes_of(expression: &str) -> String {
    let quoted = serde_json::to_string(expression).unwrap();
    match compile_files(&[("doc.yaml", &rule(&format!("require: {quoted}")))]) {
        Ok(_) => String::new(),
        Err(problems) => {
            let codes: Vec<&str> = problems.iter().map(|problem| problem.code().rsplit("::").next().unwrap()).collect();
            codes.join(" ")
        }
    }
}
