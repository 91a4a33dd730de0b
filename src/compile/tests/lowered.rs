//! What expressions and rules are lowered to, and what their digests cover.

use super::*;
use crate::compile::emit::Arena;
use crate::compile::meaning::Canonical;
use crate::compile::program::{MessagePiece, Op, ParameterValue, RuleBody, RuleExpressions, RuleIndex};

/// The canonical text of what a rule requires.
fn lowered(lines: &str) -> String {
    text_of(compile_rule(lines), 0)
}

fn text_of(program: Program, rule: usize) -> String {
    let expressions = expressions(&program, rule);
    let names: Vec<String> = program.parameters.iter().map(|parameter| parameter.name.clone()).collect();
    let arena = Arena {
        ops: program.ops.iter().cloned().collect(),
        operands: program.operands,
        texts: program.texts,
        patterns: program.patterns,
        ..Arena::default()
    };
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
    insta::assert_snapshot!(text, @r#"
    (%0 in (all lei-record) where (== (field "lei_record".http_status %0) 200))
    (!= (field "lei_record".purpose %0) "monitor")
    (in (field "lei_record.body.data.attributes.registration".status (field "lei_record.body.data.attributes".registration (field "lei_record.body.data".attributes (field "lei_record.body".data (field "lei_record".body %0))))) (list "ISSUED" "PENDING_TRANSFER"))
    (has "lei_record".tool_id %0)
    "#);
}

#[test]
fn clocks_stand_on_the_left() {
    let signed = "(field \"le_profile\".attested_at (one le-profile))";
    for (written, expected) in [
        ("le_profile.attested_at <= as_of", "(clock >= as_of T)"),
        ("as_of - 168h <= le_profile.attested_at", "(clock <= as_of -168h T)"),
        ("as_of - le_profile.attested_at <= 168h", "(clock <= as_of (+ T 168h))"),
        ("168h >= t_sign - le_profile.attested_at", "(clock <= t_sign (+ T 168h))"),
        ("le_profile.attested_at - as_of <= 1h", "(clock >= as_of (- T 1h))"),
        ("le_profile.attested_at - as_of + 2h <= 1h", "(clock >= as_of (+ (- T 1h) 2h))"),
        ("as_of - le_profile.attested_at - 2h <= 1h", "(clock <= as_of (+ (+ T 1h) 2h))"),
        ("as_of + 30 days before le_profile.attested_at", "(clock before as_of (- T 30days))"),
        ("as_of + 1h + 2h - 30s after le_profile.attested_at", "(clock after as_of +(+ 1h 2h) -30s T)"),
        ("1h + as_of == le_profile.attested_at", "(clock == as_of +1h T)"),
        (
            "as_of in le_profile.attested_at .. before 2027-01-01T00:00:00Z",
            "(and (clock >= as_of T) (clock < as_of 2027-01-01T00:00:00Z))",
        ),
        (
            "le_profile.attested_at not in after as_of - 1h .. as_of",
            "(not (and (clock < as_of -1h T) (clock >= as_of T)))",
        ),
        ("within(le_profile.attested_at, as_of, 3 months)", "(clock <= as_of (+ T 3months))"),
        ("days_between(le_profile.attested_at, t_sign) <= 30 days", "(<= (days-between T t_sign) 30days)"),
    ] {
        assert_eq!(require(written).replace(signed, "T"), expected, "{written}");
    }
}

const SHARED: &str = "document: definitions\ntitle: t\nprecedence: gate\nparameters:\n  \
                      codes: { type: list of int, default: [200, 304], description: d }\n  unset: { type: lei, description: d }\n\
                      definitions:\n  - { define: \"good(r: lei_record)\", as: r.http_status in codes }\n  \
                      - { define: newest, as: latest(r in lei_records by r.fetched_at) }\n  \
                      - { define: \"recent(t: instant, spare: int)\", as: t in as_of - 1h .. as_of }\n  \
                      - { define: \"passed(of: person)\", as: count(i in ida_records where i.subject_person_id == of) }\n";

fn with_shared(lines: &str) -> Program {
    compile_files(&[("definitions.yaml", SHARED), ("doc.yaml", &rule(lines))])
        .unwrap_or_else(|problems| panic!("{}", policy::render(&problems, 100, Drawing::Ascii)))
}

#[test]
fn definitions_are_put_in_and_their_arguments_bound_once() {
    for (written, expected) in [
        // A variable is not bound again.
        (
            "every r in lei_records satisfies good(r)",
            "(every (%0 in (all lei-record)) (in (field \"lei_record\".http_status %0) (parameter codes)))",
        ),
        (
            "good(newest)",
            "(let %1 (latest (%0 in (all lei-record)) (field \"lei_record\".fetched_at %0)) (in (field \"lei_record\".http_status %1) (parameter codes)))",
        ),
        // An argument that nothing reads is not bound.
        (
            "recent(newest.fetched_at, 1 + 1)",
            "(let %1 (field \"lei_record\".fetched_at (latest (%0 in (all lei-record)) (field \"lei_record\".fetched_at %0))) \
             (and (clock <= as_of -1h %1) (clock >= as_of %1)))",
        ),
        // The comparison goes to the count, inside what binds its argument.
        (
            "2 <= passed(le_profile.attested_by)",
            "(let %0 (field \"le_profile\".attested_by (one le-profile)) (count >= (count (%1 in (all ida-record) where \
             (== (field \"ida_record\".subject_person_id %1) %0))) 2))",
        ),
    ] {
        assert_eq!(text_of(with_shared(&format!("require: {written}")), 0), expected, "{written}");
    }
}

#[test]
fn a_range_reads_its_item_once() {
    assert_eq!(
        require("max([r.http_status for r in lei_records]) in 200 .. before 300"),
        "(let %1 (max (project (%0 in (all lei-record)) (field \"lei_record\".http_status %0))) (and (>= %1 200) (< %1 300)))"
    );
}

#[test]
fn only_what_is_read_has_a_slot() {
    let program = compile_rule("require: le_profile.sole_employee and has le_profile.lei");
    let kind = program.schema.kind(program.schema.kind_named("le-profile").unwrap());
    let type_ = program.schema.struct_type(kind.record);
    let slot = |name: &str| program.layout.slot(kind.record, type_.field(name).unwrap());
    assert!(slot("sole_employee").is_some() && slot("lei").is_some() && slot("legal_name").is_none());
    let read: Vec<_> = program
        .ops
        .iter()
        .filter_map(|op| match op {
            Op::Field { field, .. } | Op::Has { field, .. } => Some(field),
            _ => None,
        })
        .collect();
    assert_eq!(read.len(), 2);
    assert!(read.iter().all(|field| program.layout.slot(field.type_id, field.field) == Some(field.slot)));
    assert_eq!(program.rules[0].reads.len(), 1);
}

#[test]
fn parameters_and_tables_have_typed_values() {
    let table = "table: eid-scheme\ntitle: t\nsource: s\ncolumns: { scheme: text, from: date, to: date }\nrows:\n  \
                 - { scheme: NO, from: 2025-04-16 }\n";
    let program = compile_files(&[
        ("definitions.yaml", SHARED),
        ("doc.yaml", &rule("require: exists e in eid_schemes where e.scheme == lei_record.id and not has e.to")),
        ("tables/eid-schemes.yaml", table),
    ]);
    let program = program.unwrap_or_else(|problems| panic!("{}", policy::render(&problems, 100, Drawing::Ascii)));
    let values: Vec<_> = program.parameters.iter().map(|parameter| &parameter.default).collect();
    assert_eq!(values[0], &ParameterValue::List(vec![ParameterValue::Int(200), ParameterValue::Int(304)]));
    assert_eq!(values[1], &ParameterValue::Unset);
    let from = ParameterValue::Date("2025-04-16".parse().unwrap());
    assert_eq!(program.tables[0].rows, [[Some(ParameterValue::Text("NO".into())), Some(from), None]]);
    assert_eq!(program.schema.kind(program.tables[0].kind).plural.as_deref(), Some("eid_schemes"));
}

#[test]
fn a_value_from_the_command_line_is_typed() {
    use crate::compile::read_text;
    use crate::facts::schema::Type;
    let schema = FactSchema::embedded();
    assert_eq!(read_text(&schema, "7", &Type::Int), Ok(ParameterValue::Int(7)));
    assert_eq!(
        read_text(&schema, "a, b", &Type::List(Box::new(Type::Text))).unwrap(),
        ParameterValue::List(vec![ParameterValue::Text("a".into()), ParameterValue::Text("b".into()),])
    );
    assert_eq!(read_text(&schema, "7 days", &Type::Duration).unwrap_err(), "`7 days` is not a duration");
}

const HEAD: &str = "title: t\n    source: { section: \"1\" }\n    strength: MUST\n    level: block\n    packs: [p]\n    stage: evidence\n";

/// Rules `(id, lines)` in one document.
fn rules(rules: &[(&str, &str)]) -> Program {
    let mut text = "document: doc\ntitle: t\nprecedence: gate\nrules:\n".to_owned();
    for (id, lines) in rules {
        text.push_str(&format!("  - id: {id}\n    {HEAD}"));
        lines.lines().for_each(|line| text.push_str(&format!("    {line}\n")));
    }
    compile_files(&[("doc.yaml", &text)])
        .unwrap_or_else(|problems| panic!("{}", policy::render(&problems, 100, Drawing::Ascii)))
}

#[test]
fn same_as_leads_to_expressions_and_speaks_in_their_scope() {
    let program = rules(&[
        ("A-1", "same_as: A-2"),
        ("A-2", "same_as: A-3\nmessage: \"{r.path} again\""),
        ("A-3", "for each: r in lei_records\nrequire: r.http_status == 200\nmessage: \"{r.id}\"\nhelp: do it"),
        ("A-4", "all_of: [A-1, A-3]"),
    ]);
    assert_eq!(program.rules[0].body, RuleBody::SameAs(RuleIndex(2)));
    assert_eq!(program.rules[1].body, RuleBody::SameAs(RuleIndex(2)));
    assert_eq!(program.rules[3].body, RuleBody::AllOf(vec![RuleIndex(0), RuleIndex(2)]));
    assert_eq!((program.rules[0].help.as_str(), &program.rules[0].message), ("do it", &program.rules[2].message));
    let MessagePiece::Value(path) = program.rules[1].message[0] else { panic!("an expression comes first") };
    let Op::Field { base, .. } = program.ops[path.0 as usize] else { panic!("a field is printed") };
    let bound = expressions(&program, 2).for_each.unwrap().local;
    assert_eq!(program.ops[base.0 as usize], Op::Local(bound));
    assert!(program.rules.iter().all(|rule| rule.reads.len() == 1 && rule.locals == 1 || rule.id == "A-4"));
    assert_eq!(program.rules[3].reads, program.rules[2].reads);
}

#[test]
fn a_digest_covers_what_decides_and_nothing_else() {
    let digest = |rule: &str| rules(&[("A-1", rule)]).rules[0].digest;
    let base = digest("require: lei_record.http_status == 200\nmessage: m\nhelp: h");
    assert_eq!(base, digest("require: >-\n  lei_record.http_status\n  == (200)\nmessage: other\nhelp: else\nnotes: n"));
    assert_ne!(base, digest("require: lei_record.http_status == 201\nmessage: m\nhelp: h"));
    assert_ne!(
        base,
        digest("require: lei_record.http_status == 200\nin_force: { from: 2026-01-01 }\nmessage: m\nhelp: h")
    );
    assert_ne!(base, digest("applies: recorded(kel)\nrequire: lei_record.http_status == 200\nmessage: m\nhelp: h"));
    let with_default = |codes: &str| {
        let shared = SHARED.replace("[200, 304]", codes);
        let files = [("definitions.yaml", shared.as_str()), ("doc.yaml", &rule("require: good(newest)"))];
        compile_files(&files).map(|program| (program.rules[0].digest, program.digest)).unwrap()
    };
    assert_ne!(with_default("[200]").0, with_default("[200, 304]").0);
    assert_ne!(with_default("[200]").1, with_default("[200, 304]").1);
    assert_eq!(with_default("[200]"), with_default("[200]"));
    // What a rule repeats is part of it.
    let alias = |status: u32| {
        let target = format!("require: lei_record.http_status == {status}\nmessage: m\nhelp: h");
        rules(&[("A-1", "same_as: A-2"), ("A-2", &target)]).rules[0].digest
    };
    assert_ne!(alias(200), alias(201));
}
