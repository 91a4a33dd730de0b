use proptest::prelude::*;

use super::cases::{Change, Shift};
use super::yaml::{Meaning, ValueKind};
use super::*;

fn codes(problems: &[PolicyProblem]) -> Vec<&str> {
    problems.iter().map(|problem| problem.code().rsplit("::").next().unwrap()).collect()
}

fn load_one(name: &str, text: &str) -> (PolicySet, Vec<PolicyProblem>) {
    load(vec![Source::new(name, text)])
}

fn policy(document: &str, rules: &str) -> Source {
    let name = format!("policies/vlei-egf/{document}.yaml");
    Source::new(name, format!("document: {document}\ntitle: t\nprecedence: house\nrules:\n{rules}"))
}

fn rule(id: &str, body: &str) -> String {
    format!(
        "  - id: {id}\n    title: t\n    source: {{ section: 1.2 }}\n    strength: MUST-NOT\n    level: warn\n    packs: [p, q]\n    stage: closing\n    message: m\n    help: h\n{body}\n"
    )
}

#[test]
fn every_code_is_listed_once() {
    let codes: Vec<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
    let mut sorted = codes.clone();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(codes, sorted);
}

#[test]
fn files_are_told_apart_by_their_names() {
    for (name, kind) in [
        ("policies/vlei-egf/le-framework.yaml", FileKind::Policy),
        ("definitions.yaml", FileKind::Policy),
        ("policies\\vlei-egf\\le-framework.cases.yaml", FileKind::Cases),
        ("policies/flows.yaml", FileKind::Flows),
        ("profiles.yaml", FileKind::Profiles),
        ("policies/pending.yaml", FileKind::Pending),
        ("policies/pending-le.yaml", FileKind::Pending),
        ("policies/external.yaml", FileKind::External),
        ("policies/equivalent-mutants.yaml", FileKind::Equivalents),
        ("policies\\tables\\eid-schemes.yaml", FileKind::Table),
    ] {
        assert_eq!(file_kind(name), kind, "{name}");
    }
}

#[test]
fn a_rule_is_read_with_all_its_keys() {
    let body = "    in_force: { from: 2025-04-16 }\n    for each: r in rs\n    applies: r.a\n    require: r.b\n    attested: r.c\n    warn_when: r.d\n    conflict: [C01]\n    notes: n";
    let (set, problems) = load(vec![policy("d", &rule("R-1", body))]);
    assert!(problems.is_empty(), "{}", render(&problems, 80, Drawing::Ascii));
    let rule = &set.policies[0].rules[0];
    assert_eq!((rule.id.text.as_str(), rule.section.text.as_str()), ("R-1", "1.2"));
    assert_eq!(rule.in_force.0.unwrap().to_string(), "2025-04-16");
    let ParsedBody::Expressions(own) = &rule.body else { panic!() };
    assert!(own.for_each.as_ref().unwrap().tree.is_some());
    for expression in [&own.applies, &own.require, &own.attested, &own.warn_when] {
        assert!(expression.as_ref().unwrap().tree.is_some());
    }
}

#[test]
fn an_expression_points_into_its_file() {
    let (set, problems) =
        load(vec![policy("d", &rule("R-1", "    require: >-\n      \"größe\" == r.b\n      and \"ü\" == r.c"))]);
    assert!(problems.is_empty());
    let policy = &set.policies[0];
    let ParsedBody::Expressions(own) = &policy.rules[0].body else { panic!() };
    let require = own.require.as_ref().unwrap();
    let crate::expr::ast::ExprKind::And(_, right) = &require.tree.as_ref().unwrap().kind else { panic!() };
    let place = require.text.locate(right.span);
    assert_eq!(&policy.source.text()[place.start as usize..place.end as usize], "\"ü\" == r.c");
}

#[test]
fn what_stands_twice_is_reported_wherever_it_stands() {
    let parameters = "document: c\ntitle: t\nprecedence: gate\nparameters:\n  p: { type: int, default: 1, description: d }\nrules: []\n";
    let definitions = "document: definitions\ntitle: t\nprecedence: gate\nparameters:\n  p: { type: int, description: d }\ndefinitions:\n  - { define: f, as: a.b }\n  - { define: \"f(x: int)\", as: x }\n";
    let pending =
        "pending:\n  - { id: R-2, document: a, section: '1', pack: p, stage: evidence, waits_for: keri, why: w }\n";
    let why = "word ".repeat(20);
    let external = format!(
        "external:\n  - {{ id: R-2, document: a, section: '1', pack: p, strength: MUST, why: {} }}\n",
        why.trim_end()
    );
    let (_, problems) = load(vec![
        policy("a", &(rule("R-1", "    require: a.b") + &rule("R-1", "    require: a.b"))),
        policy("b", &(rule("R-1", "    require: a.b") + &rule("R-2", "    require: a.b"))),
        Source::new("c.yaml", parameters),
        Source::new("definitions.yaml", definitions),
        Source::new("external.yaml", external),
        Source::new("pending.yaml", pending),
    ]);
    let messages: Vec<_> =
        problems.iter().map(|problem| format!("{} {}", problem.file().name(), problem.message())).collect();
    assert_eq!(
        messages,
        [
            "definitions.yaml parameter `p` is given twice",
            "definitions.yaml definition `f` is given twice",
            "external.yaml rule `R-2` is given twice",
            "pending.yaml rule `R-2` is given twice",
            "policies/vlei-egf/a.yaml rule `R-1` is given twice",
            "policies/vlei-egf/b.yaml rule `R-1` is given twice",
        ]
    );
    assert!(problems[5].help().unwrap().contains("policies/vlei-egf/a.yaml:"));
}

#[test]
fn mistakes_in_rules_have_codes() {
    for (body, expected) in [
        ("    same_as: R-2", vec![]),
        ("    all_of: [R-2]", vec![]),
        ("", vec!["missing_key"]),
        ("    all_of: []", vec!["empty"]),
        ("    same_as: R-2\n    all_of: [R-3]", vec!["conflicting_keys"]),
        ("    all_of: [R-2, R-2]", vec!["duplicate_id"]),
        ("    same_as: R-2\n    for each: x in xs\n    applies: x.a", vec!["conflicting_keys", "conflicting_keys"]),
        ("    require:", vec!["empty"]),
        ("    require: [a]", vec!["shape"]),
        ("    require: a.b\n    in_force: { from: 2026-13-01 }", vec!["invalid_time"]),
        ("    require: a.b\n    in_force: { from: 2026-02-01, to: 2026-01-01 }", vec!["conflicting_keys"]),
        ("    require: a.b\n    conflict: C01", vec!["shape"]),
        ("    require: a.b\n    notes: !x y", vec!["anchor_or_tag"]),
        ("    require: a.b\n    <<: x", vec!["yaml"]),
        ("    require: a.b\n    ? [a]\n    : b", vec!["yaml"]),
    ] {
        let (_, problems) = load(vec![policy("d", &rule("R-1", body))]);
        assert_eq!(codes(&problems), expected, "{body}: {}", render(&problems, 80, Drawing::Ascii));
    }
}

#[test]
fn mistakes_in_files_have_codes() {
    for (name, text, expected) in [
        ("d.yaml", "", vec!["not_one_document"]),
        ("d.yaml", "# nothing\n", vec!["not_one_document"]),
        ("d.yaml", "a: b\n---\nc: d\n", vec!["not_one_document"]),
        ("d.yaml", "%YAML 1.2\n---\na: b\n", vec!["yaml"]),
        ("d.yaml", "- a\n", vec!["shape"]),
        ("d.yaml", "a: [b\n", vec!["yaml"]),
        ("d.yaml", "document: d\ntitle: t\nprecedence: gate\n", vec!["missing_key"]),
        ("d.yaml", "document: d\ntitle: |\n  t\n  u\nprecedence: gate\nrules: []\n", vec!["not_one_line"]),
        (
            "d.yaml",
            "document: d\ntitle: t\nprecedence: gate\nrules: []\nparameters:\n  In: { type: int, description: d }\n",
            vec!["unknown_word"],
        ),
        (
            "d.yaml",
            "document: d\ntitle: t\nprecedence: gate\nrules: []\nparameters:\n  p: { type: list of, description: d }\n",
            vec!["unexpected_end"],
        ),
        (
            "definitions.yaml",
            "document: definitions\ntitle: t\nprecedence: gate\nrules: []\n",
            vec!["conflicting_keys"],
        ),
        (
            "flows.yaml",
            "flows:\n  - { flow: f, title: t, packs: [], needs: { later: [k] } }\n",
            vec!["empty", "unknown_word"],
        ),
        ("profiles.yaml", "profiles:\n  - { profile: p, title: t, warn_when: yes }\n", vec!["shape"]),
        (
            "profiles.yaml",
            "profiles:\n  - { profile: p, title: t, levels: { R: bock }, warn_when: true }\n",
            vec!["unknown_word"],
        ),
        (
            "tables/t.yaml",
            "table: t\ntitle: t\nsource: s\ncolumns: { a: text }\nrows: [{ b: c }, { a: }, x]\n",
            vec!["unknown_key", "shape", "shape"],
        ),
        ("d.cases.yaml", "document: scenarios\ncases: []\n", vec!["file_name"]),
    ] {
        let (_, problems) = load_one(name, text);
        assert_eq!(codes(&problems), expected, "{text}: {}", render(&problems, 80, Drawing::Ascii));
    }
}

#[test]
fn patch_steps_are_read() {
    let text = "document: scenarios
cases:
  - name: n
    fixture: b0
    as_of: 2026-03-20T15:00:00Z
    set: { p: 24h }
    tables: { scheme: [{ name: a }, { name: b, to: 2026-01-31 }] }
    patch:
      - { set: 'a.json#/b/0', to: null }
      - { set: 'a.json#/b/-', to: { c: [1, 1.5, true, '1', x] }, relist: false }
      - { remove: 'a.json#/b' }
      - { remove: a.json }
      - { copy: a.json, as: b.json, change: { /id: b } }
      - { add: c.json, kind: k, json: { a: 9007199254740993 } }
      - { add: c.txt, kind: k, text: '' }
      - { replace: x, by: '', in: '*.json' }
      - { shift: -30 days, in: '*.json' }
      - { shift: 2h30min, in: '*.json' }
    expect: {}
    verdict: not-clean
    others_clean: true
";
    let (set, problems) = load_one("scenarios.cases.yaml", text);
    assert!(problems.is_empty(), "{}", render(&problems, 80, Drawing::Ascii));
    let case = &set.cases[0].cases[0];
    assert!(case.others_clean && case.patch.len() == 10);
    assert_eq!((case.rows.len(), case.rows[1].1[1].0.text.as_str()), (2, "to"));
    let Change::Set { at, to } = &case.patch[1].change else { panic!() };
    assert!(!case.patch[1].relist && case.patch[0].relist);
    assert_eq!((at.path.as_str(), at.pointer.as_str()), ("a.json", "/b/-"));
    assert_eq!(to.to_json().to_string(), r#"{"c":[1,1.5,true,"1","x"]}"#);
    let Change::Set { to, .. } = &case.patch[0].change else { panic!() };
    assert!(to.to_json().is_null());
    let Change::AddJson { json, .. } = &case.patch[5].change else { panic!() };
    assert_eq!(json.to_json().to_string(), r#"{"a":9007199254740993}"#);
    assert!(matches!(&case.patch[8].change, Change::Shift { by: Shift::Days(-30), .. }));
    for (step, expected) in [
        ("{ set: a.json, to: 1 }", "shape"),
        ("{ set: 'a.json#b', to: 1 }", "shape"),
        ("{ set: 'a.json#/b' }", "missing_key"),
        ("{ set: 'a.json#/b', to: 0x10 }", "ambiguous_scalar"),
        ("{ add: a.json, kind: k }", "missing_key"),
        ("{ add: a.json, kind: k, json: 1, text: x }", "conflicting_keys"),
        ("{ shift: 2 months, in: x }", "shape"),
        ("{ fixture: x }", "unknown_key"),
    ] {
        let text = format!(
            "document: scenarios\ncases:\n  - name: n\n    fixture: b0\n    patch: [{step}]\n    expect: {{}}\n"
        );
        let (_, problems) = load_one("scenarios.cases.yaml", &text);
        assert!(codes(&problems).contains(&expected), "{step}: {:?}", codes(&problems));
    }
}

#[test]
fn plain_scalars_mean_one_thing() {
    let text = "[null, true, -1, 1.5e3, ISSUED, 2026-03-20, 168h, no, True, 007, 0x1F, .5, +1, 1_000, 'no', \"1\"]";
    let tree = yaml::read(&Source::new("t.yaml", text)).unwrap();
    let ValueKind::List(elements) = &tree.root.kind else { panic!() };
    let meanings: Vec<_> = elements.iter().map(|element| element.scalar().unwrap().meaning()).collect();
    use Meaning::{Ambiguous, Bool, Null, Number, Text};
    assert_eq!(
        meanings,
        [
            Null,
            Bool(true),
            Number("-1"),
            Number("1.5e3"),
            Text("ISSUED"),
            Text("2026-03-20"),
            Text("168h"),
            Ambiguous("no"),
            Ambiguous("True"),
            Ambiguous("007"),
            Ambiguous("0x1F"),
            Ambiguous(".5"),
            Ambiguous("+1"),
            Ambiguous("1_000"),
            Text("no"),
            Text("1"),
        ]
    );
}

#[test]
fn hostile_files_end_quickly_on_a_small_stack() {
    let many = (0..50_000).map(|at| format!("k{at}: v\n")).collect::<String>();
    for (text, expected) in [
        ("[".repeat(100_000), "yaml"),
        ("a:\n".to_owned() + &(1..1000).map(|at| format!("{}a:\n", " ".repeat(at))).collect::<String>(), "yaml"),
        ("- ".repeat(100_000), "yaml"),
        ("a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n".to_owned(), "anchor_or_tag"),
        (" ".repeat(yaml::MAX_FILE_BYTES + 1), "too_large"),
        (many, "unknown_key"),
        ("\u{feff}a: b".to_owned(), "unknown_key"),
        ("a: \0".to_owned(), "yaml"),
        (format!("a: \"{}\"", "\\x41".repeat(200_000)), "unknown_key"),
    ] {
        let thread = std::thread::Builder::new().stack_size(1 << 20);
        let found = thread.spawn(move || load_one("d.yaml", &text).1[0].code().to_owned());
        assert!(found.unwrap().join().unwrap().ends_with(expected), "{expected}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1000) })]

    #[test]
    fn no_file_panics(pieces in prop::collection::vec(prop::sample::select(vec![
        "document: ", "rules:", "\n", "\n  ", "\n    ", "- ", "id: ", "require: ", "message: ", "{a.b", "}", "\"", "'", "é", ">-", "|2", "[", "]", "{", ": ", ", ",
        "#", "&a ", "*a", "!t ", "a", "a.b == 1", "\\", "\t", "\r\n", "---\n", "...\n", "? ", "<<", "%", "cases:", "patch:", "set: ", "x#/y", "to: ",
    ]), 0..40), name in prop::sample::select(vec!["d.yaml", "d.cases.yaml", "flows.yaml", "profiles.yaml", "pending.yaml", "external.yaml", "tables/d.yaml"])) {
        let text = pieces.concat();
        let (_, problems) = load_one(name, &text);
        for problem in &problems {
            prop_assert!(!problem.labels().is_empty());
            for (span, _) in problem.labels() {
                prop_assert!(span.start <= span.end && span.end as usize <= text.len().max(1), "{:?} in {:?}", problem, text);
            }
        }
        let shown = render(&problems, 60, Drawing::Ascii);
        prop_assert!(shown.is_empty() == problems.is_empty());
    }
}

#[test]
fn nesting_and_comments_are_bounded() {
    let problems =
        |text: String| yaml::read(&Source::new("d.yaml", text)).map(|_| ()).map_err(|found| found[0].code().to_owned());
    let refused = Err("countersign::policy::yaml".to_owned());
    let flow = |levels: usize| format!("{}a{}\n", "[".repeat(levels), "]".repeat(levels));
    let block = |levels: usize| (0..levels).map(|at| format!("{}a:\n", " ".repeat(at))).collect::<String>();
    for nested in [flow, block] {
        assert_eq!(problems(nested(yaml::MAX_DEPTH)), Ok(()));
        assert_eq!(problems(nested(yaml::MAX_DEPTH + 1)), refused);
    }
    // Comments wait for the value that they stand before.
    let commented = |lines: usize| format!("a:\n{}  b: c\n", "# x\n".repeat(lines));
    assert_eq!(problems(commented(10_000)), Ok(()));
    assert_eq!(problems(commented(10_001)), refused);
}
