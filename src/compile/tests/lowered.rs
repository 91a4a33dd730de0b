use super::*;
use crate::compile::meaning::Canonical;
use crate::compile::emit::Arena;
use crate::compile::program::{RuleBody, RuleExpressions};

/// The canonical text of what a rule requires.
fn lowered(lines: &str) -> String {
    text_of(compile_rule(lines))
}

fn text_of(program: Program) -> String {
    let expressions = expressions(&program, 0);
    let names: Vec<String> = program.parameters.iter().map(|parameter| parameter.name.clone()).collect();
    let arena = Arena { ops: program.ops, operands: program.operands, texts: program.texts, patterns: program.patterns, ..Arena::default() };
    let canonical = Canonical { schema: &program.schema, arena: &arena, parameters: &names };
    let parts = [expressions.applies, expressions.require, expressions.attested, expressions.warn_when];
    let over = expressions.for_each.map(|over| canonical.over(&over));
    over.into_iter().chain(parts.into_iter().flatten().map(|op| canonical.text(op))).collect::<Vec<_>>().join("\n")
}

fn expressions(program: &Program, rule: usize) -> RuleExpressions {
    match &program.rules[rule].body {
        RuleBody::Expressions(expressions) => *expressions,
        RuleBody::SameAs(_) | RuleBody::AllOf(_) => panic!("not a rule with expressions"),
    }
}

fn require(expression: &str) -> String {
    lowered(&format!("require: {}", serde_json::to_string(expression).unwrap()))
}

#[test]
fn the_rule_of_the_language_page() {
    let text = lowered(
        "for each: r in lei_records where r.http_status == 200\n\
         applies: r.purpose != \"monitor\"\n\
         require: r.body.data.attributes.registration.status in [\"ISSUED\", \"PENDING_TRANSFER\"]\n\
         warn_when: has r.tool_id",
    );
    insta::assert_snapshot!(text, @"");
}

#[test]
fn clocks_stand_on_the_left() {
    for (written, expected) in [
        ("le_profile.attested_at <= as_of", ""),
        ("as_of - 168h <= le_profile.attested_at", ""),
        ("as_of - le_profile.attested_at <= 168h", ""),
        ("168h >= t_sign - le_profile.attested_at", ""),
        ("le_profile.attested_at - as_of <= 1h", ""),
        ("le_profile.attested_at - as_of + 2h <= 1h", ""),
        ("as_of + 30 days before le_profile.attested_at", ""),
        ("as_of + 1h + 2h - 30s after le_profile.attested_at", ""),
        ("1h + as_of == le_profile.attested_at", ""),
        ("as_of in le_profile.attested_at .. before 2027-01-01T00:00:00Z", ""),
        ("le_profile.attested_at not in after as_of - 1h .. as_of", ""),
        ("within(le_profile.attested_at, delivery.recorded_at, 24h)", ""),
        ("within(le_profile.attested_at, as_of, 3 months)", ""),
        ("days_between(le_profile.attested_at, t_sign) <= 30 days", ""),
    ] {
        println!("        ({written:?}, {:?}),", require(written));
        let _ = expected;
    }
}
