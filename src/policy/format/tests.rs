use proptest::prelude::*;

use super::*;
use crate::expr::generate;

fn formatted(text: &str) -> String {
    match format(&Source::new("d.yaml", text)) {
        Ok(text) => text,
        Err(problems) => panic!("{}", crate::policy::render(&problems, 100, crate::policy::Drawing::Ascii)),
    }
}

#[test]
fn a_file_has_one_canonical_form() {
    let text = r#"# A document.
# Of two lines.
rules:
    # The first.
    -   title: 'it holds'
        id: R-1
        level: block
        strength: MUST
        source: {in_force_section: "6.4", section: 6.3.1.b}

        packs: [ one,
          two ]
        stage: evidence
        # Why.
        require: "(a.b == 'x')  and  ((c.d <= 12 months))"
        for each: "r in   lei_records"
        message: 'the {r.path} is {"wrong"}'
        help: >
          say
          so
        notes: |
          First line of the notes.

          - second
    - {id: R-2, title: "true", source: {section: "1"}, strength: MAY, level: info, packs: [p], stage: closing, same_as: R-1}
    # Made of two.
    - id: R-3
      all_of: [R-1, R-2]
      title: "all of it: both"
      in_force: {to: 2027-01-01, from: 2026-01-01}
      source: { section: "007" }
      strength: MUST
      level: warn
      packs: [p]
      stage: proposal
      notes: a note that is so long that it does not fit into one line of one hundred characters, so that it is folded
definitions:
  - as: every m in members where m.is_active and m.kind == "qualified vLEI issuer authorised representative" satisfies m.valid_from <= t and (not has m.valid_to or t before m.valid_to)
    define: "rostered ( p : person,t:instant )"
  # People.
  - { define: solicited, as: run.flow == "le-solicited" }
versions: [{from: 2025-04-16, version: v1.4}]
parameters:
  max_age: {description: how old, default: 168h, type: duration}
  # Words.
  kinds:
    default: [one record, another record, a third record, "5", 5, true, a fourth record, the last record of them all]
    type: list of text
    description: kinds, of which there are many
precedence: framework
title: T
document: d
# The end.
"#;
    let once = formatted(text);
    insta::assert_snapshot!(once, @r###"# A document.
# Of two lines.
document: d
title: T
precedence: framework
versions:
  - { version: v1.4, from: 2025-04-16 }

parameters:
  max_age: { type: duration, default: 168h, description: how old }

  # Words.
  kinds:
    type: list of text
    default:
      - one record
      - another record
      - a third record
      - "5"
      - 5
      - true
      - a fourth record
      - the last record of them all
    description: kinds, of which there are many

definitions:
  - define: "rostered(p: person, t: instant)"
    as: >-
      every m in members where m.is_active
      and m.kind == "qualified vLEI issuer authorised representative"
      satisfies m.valid_from <= t
      and (not has m.valid_to or t before m.valid_to)

  # People.
  - define: solicited
    as: run.flow == "le-solicited"

rules:
  # The first.
  - id: R-1
    title: it holds
    source: { section: 6.3.1.b, in_force_section: "6.4" }
    strength: MUST
    level: block
    packs: [one, two]
    stage: evidence
    for each: r in lei_records
    # Why.
    require: a.b == 'x' and c.d <= 12 months
    message: the {r.path} is {"wrong"}
    help: say so
    notes: |-
      First line of the notes.

      - second

  - id: R-2
    title: "true"
    source: { section: "1" }
    strength: MAY
    level: info
    packs: [p]
    stage: closing
    same_as: R-1

  # Made of two.
  - id: R-3
    title: "all of it: both"
    source: { section: "007" }
    strength: MUST
    level: warn
    packs: [p]
    stage: proposal
    in_force: { from: 2026-01-01, to: 2027-01-01 }
    all_of: [R-1, R-2]
    notes: >-
      a note that is so long that it does not fit into one line of one hundred characters, so that
      it is folded

# The end.
"###);
    assert_eq!(formatted(&once), once);
}

#[test]
fn a_comment_without_a_place_is_refused() {
    let head = "document: d\ntitle: t\nprecedence: gate\n";
    for (body, line) in [
        ("rules: [] # none\n", 4),
        ("rules: []\nversions:\n  - version: v1\n    # here\n    from: 2026-01-01\n", 7),
        ("parameters:\n  a: { type: list of int, default: [1, # one\n     2], description: x }\nrules: []\n", 5),
    ] {
        let text = format!("{head}{body}");
        let problems = format(&Source::new("d.yaml", text.as_str())).unwrap_err();
        assert_eq!(problems.len(), 1);
        assert_eq!(problems[0].code(), "countersign::policy::comment_place");
        assert!(problems[0].message().contains(&format!("line {line} ")), "{}", problems[0].message());
    }
}

#[test]
fn a_file_with_problems_is_left_alone() {
    let problems = format(&Source::new("d.yaml", "document: d\ntitel: t\nprecedence: gate\nrules: []\n")).unwrap_err();
    assert_eq!(problems[0].code(), "countersign::policy::unknown_key");
    assert_eq!(format(&Source::new("flows.yaml", "flows:   []")).unwrap(), "flows:   []");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn formatting_keeps_the_meaning_and_is_done_once(
        require in generate::expr(),
        title in "[ -~äß]{1,130}",
        notes in "[ -~äß\n\u{85}]{1,200}",
        default in "[ -~]{1,20}",
    ) {
        let quote = |text: &str| serde_json::to_string(text).unwrap();
        let file = format!(
            "document: d\ntitle: t\nprecedence: gate\nparameters:\n  p: {{ type: text, default: {}, description: x }}\nrules:\n  - id: R-1\n    title: {}\n    notes: {}\n    require: {}\n    message: \"{{a.b}}\"\n    help: do it\n    source: {{ section: '1' }}\n    strength: MUST\n    level: block\n    packs: [p]\n    stage: evidence\n",
            quote(&default), quote(&title), quote(&notes), quote(&print::print(&require)),
        );
        let Ok(once) = format(&Source::new("d.yaml", file.as_str())) else {
            // Only an empty text is a problem of this file.
            prop_assert!(title.trim().is_empty() || notes.trim().is_empty() || default.trim().is_empty(), "{}", file);
            return Ok(());
        };
        let twice = format(&Source::new("d.yaml", once.as_str())).map_err(|problems| {
            TestCaseError::fail(crate::policy::render(&problems, 100, crate::policy::Drawing::Ascii))
        })?;
        prop_assert_eq!(twice, once);
    }
}
