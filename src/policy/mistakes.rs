//! Typical mistakes, as their reader sees them.

use crate::source::Source;

use super::{Drawing, load, render};

fn shown(name: &str, text: &str) -> String {
    let (_, problems) = load(vec![Source::new(name, text)]);
    render(&problems, 80, Drawing::Ascii)
}

#[test]
fn a_single_equals_sign() {
    let file = r#"document: d
title: t
precedence: house
rules:
  - id: R-1
    title: holds
    source: { section: "1" }
    strength: MUST
    level: block
    packs: [p]
    stage: evidence
    require: lei_record.status = "ISSUED"
    message: "it does not hold"
    help: do it
"#;
    insta::assert_snapshot!(shown("d.yaml", file), @r#"countersign::expr::foreign_operator

  x `=` is not an operator
    ,-[d.yaml:12:32]
 11 |     stage: evidence
 12 |     require: lei_record.status = "ISSUED"
    :                                |
    :                                `-- not an operator
 13 |     message: "it does not hold"
    `----
  help: `==` compares two values

1 problem
"#);
}

#[test]
fn an_operator_of_another_language_in_a_folded_block() {
    let file = r#"document: d
title: t
precedence: house
rules:
  - id: R-1
    title: holds
    source: { section: "1" }
    strength: MUST
    level: block
    packs: [p]
    stage: evidence
    require: >-
      every r in lei_records
      satisfies r.größe > 1 && r.b
    message: "it does not hold"
    help: do it
"#;
    insta::assert_snapshot!(shown("d.yaml", file), @r#"countersign::expr::unexpected_character

  x `größe` holds letters other than a to z
    ,-[d.yaml:14:19]
 13 |       every r in lei_records
 14 |       satisfies r.größe > 1 && r.b
    :                   ^^|^^
    :                     `-- not a name
 15 |     message: "it does not hold"
    `----
  help: names are written in a to z, digits and underscores; a text stands in
        quotes

countersign::expr::foreign_operator

  x `&&` is not an operator
    ,-[d.yaml:14:31]
 13 |       every r in lei_records
 14 |       satisfies r.größe > 1 && r.b
    :                             ^|
    :                              `-- not an operator
 15 |     message: "it does not hold"
    `----
  help: write `and`

2 problems
"#);
}

#[test]
fn a_bare_enum_word_in_a_list() {
    let file = r#"document: d
title: t
precedence: house
rules:
  - id: R-1
    title: holds
    source: { section: "1" }
    strength: MUST
    level: block
    packs: [p]
    stage: evidence
    require: r.status in ["ISSUED", LAPSED]
    message: "it does not hold"
    help: do it
"#;
    insta::assert_snapshot!(shown("d.yaml", file), @r#"countersign::expr::bare_text

  x `LAPSED` is not a name
    ,-[d.yaml:12:37]
 11 |     stage: evidence
 12 |     require: r.status in ["ISSUED", LAPSED]
    :                                     ^^^|^^
    :                                        `-- names are lower case
 13 |     message: "it does not hold"
    `----
  help: if it is a text, quote it: `"LAPSED"`

1 problem
"#);
}

#[test]
fn comparisons_that_chain() {
    let file = r#"document: d
title: t
precedence: house
rules:
  - id: R-1
    title: holds
    source: { section: "1" }
    strength: MUST
    level: block
    packs: [p]
    stage: evidence
    require: a.start <= t.at < a.end
    message: "it does not hold"
    help: do it
"#;
    insta::assert_snapshot!(shown("d.yaml", file), @r#"countersign::expr::chained_comparison

  x `<` after another comparison
    ,-[d.yaml:12:30]
 11 |     stage: evidence
 12 |     require: a.start <= t.at < a.end
    :                              |
    :                              `-- the second comparison
 13 |     message: "it does not hold"
    `----
  help: comparisons do not chain: write `a < b and b < c`

1 problem
"#);
}

#[test]
fn an_instant_without_an_offset() {
    let file = r#"document: d
title: t
precedence: house
rules:
  - id: R-1
    title: holds
    source: { section: "1" }
    strength: MUST
    level: block
    packs: [p]
    stage: evidence
    require: a.at before 2026-03-20T15:00:00
    message: "it does not hold"
    help: do it
"#;
    insta::assert_snapshot!(shown("d.yaml", file), @r#"countersign::expr::naive_instant

  x `2026-03-20T15:00:00` has no offset
    ,-[d.yaml:12:26]
 11 |     stage: evidence
 12 |     require: a.at before 2026-03-20T15:00:00
    :                          ^^^^^^^^^|^^^^^^^^^
    :                                   `-- in which time zone?
 13 |     message: "it does not hold"
    `----
  help: write `2026-03-20T15:00:00Z` for UTC, or add an offset such as
        `+01:00`

1 problem
"#);
}

#[test]
fn an_unknown_unit() {
    let file = r#"document: d
title: t
precedence: house
rules:
  - id: R-1
    title: holds
    source: { section: "1" }
    strength: MUST
    level: block
    packs: [p]
    stage: evidence
    require: a.at + 2d after as_of
    message: "it does not hold"
    help: do it
"#;
    insta::assert_snapshot!(shown("d.yaml", file), @r#"countersign::expr::unknown_unit

  x `d` is not a unit
    ,-[d.yaml:12:22]
 11 |     stage: evidence
 12 |     require: a.at + 2d after as_of
    :                      |
    :                      `-- not a unit
 13 |     message: "it does not hold"
    `----
  help: write `2 days`

1 problem
"#);
}

#[test]
fn a_quote_that_is_never_closed() {
    let file = r#"document: d
title: t
precedence: house
rules:
  - id: R-1
    title: holds
    source: { section: "1" }
    strength: MUST
    level: block
    packs: [p]
    stage: evidence
    require: 'a.b == "x'
    message: "it does not hold"
    help: do it
"#;
    insta::assert_snapshot!(shown("d.yaml", file), @r#"countersign::expr::unclosed_text

  x a text that opens with `"` is never closed
    ,-[d.yaml:12:22]
 11 |     stage: evidence
 12 |     require: 'a.b == "x'
    :                      ^|
    :                       `-- opens here
 13 |     message: "it does not hold"
    `----
  help: a text ends on its own line: close it with `"`

1 problem
"#);
}

#[test]
fn a_parenthesis_that_is_never_closed() {
    let file = r#"document: d
title: t
precedence: house
rules:
  - id: R-1
    title: holds
    source: { section: "1" }
    strength: MUST
    level: block
    packs: [p]
    stage: evidence
    require: not (a.b or a.c
    message: "it does not hold"
    help: do it
"#;
    insta::assert_snapshot!(shown("d.yaml", file), @r#"countersign::expr::unclosed_bracket

  x `(` is never closed
    ,-[d.yaml:12:18]
 11 |     stage: evidence
 12 |     require: not (a.b or a.c
    :                  |
    :                  `-- opens here
 13 |     message: "it does not hold"
    `----
  help: add the missing `)`

1 problem
"#);
}

#[test]
fn a_null() {
    let file = r#"document: d
title: t
precedence: house
rules:
  - id: R-1
    title: holds
    source: { section: "1" }
    strength: MUST
    level: block
    packs: [p]
    stage: evidence
    require: a.b == null
    message: "it does not hold"
    help: do it
"#;
    insta::assert_snapshot!(shown("d.yaml", file), @r#"countersign::expr::foreign_word

  x `null` is not a value here
    ,-[d.yaml:12:21]
 11 |     stage: evidence
 12 |     require: a.b == null
    :                     ^^|^
    :                       `-- there is no null
 13 |     message: "it does not hold"
    `----
  help: ask with `has PATH` whether a field is there, or give a value for an
        absent one with `PATH ?? value`

1 problem
"#);
}

#[test]
fn a_quantifier_without_satisfies() {
    let file = r#"document: d
title: t
precedence: house
rules:
  - id: R-1
    title: holds
    source: { section: "1" }
    strength: MUST
    level: block
    packs: [p]
    stage: evidence
    require: every m in roster.members where m.active
    message: "it does not hold"
    help: do it
"#;
    insta::assert_snapshot!(shown("d.yaml", file), @r#"countersign::expr::form

  x `every` without `satisfies`
    ,-[d.yaml:12:14]
 11 |     stage: evidence
 12 |     require: every m in roster.members where m.active
    :              ^^|^^
    :                `-- what must its elements satisfy?
 13 |     message: "it does not hold"
    `----
  help: write `every x in C where F satisfies P`

1 problem
"#);
}

#[test]
fn a_word_that_is_no_operator() {
    let file = r#"document: d
title: t
precedence: house
rules:
  - id: R-1
    title: holds
    source: { section: "1" }
    strength: MUST
    level: block
    packs: [p]
    stage: evidence
    require: a.name contains "AG"
    message: "it does not hold"
    help: do it
"#;
    insta::assert_snapshot!(shown("d.yaml", file), @r#"countersign::expr::unexpected

  x unexpected `contains`: an operator or the end is expected
    ,-[d.yaml:12:21]
 11 |     stage: evidence
 12 |     require: a.name contains "AG"
    :                     ^^^^|^^^
    :                         `-- not expected here
 13 |     message: "it does not hold"
    `----
  help: write `x in LIST`; for texts, `matches /…/`

1 problem
"#);
}

#[test]
fn an_error_in_a_message_with_escapes() {
    let file = r#"document: d
title: t
precedence: house
rules:
  - id: R-1
    title: holds
    source: { section: "1" }
    strength: MUST
    level: block
    packs: [p]
    stage: evidence
    require: a.b == 1
    message: "\"{a.b}\" – größer als {a.c +}"
    help: do it
"#;
    insta::assert_snapshot!(shown("d.yaml", file), @r#"countersign::expr::unexpected_end

  x an expression ends too early: a value is expected
    ,-[d.yaml:13:47]
 12 |     require: a.b == 1
 13 |     message: "\"{a.b}\" – größer als {a.c +}"
    :                                           |
    :                                           `-- ends here
 14 |     help: do it
    `----

1 problem
"#);
}

#[test]
fn an_unknown_key() {
    let file = r#"document: d
title: t
precedence: house
rules:
  - id: R-1
    title: holds
    source: { section: "1" }
    strength: MUST
    level: block
    packs: [p]
    stage: evidence
    requires: a.b == 1
    message: "it does not hold"
    help: do it
"#;
    insta::assert_snapshot!(shown("d.yaml", file), @r#"countersign::policy::unknown_key

  x unknown key `requires` in a rule
    ,-[d.yaml:12:5]
 11 |     stage: evidence
 12 |     requires: a.b == 1
    :     ^^^^|^^^
    :         `-- not a key
 13 |     message: "it does not hold"
    `----
  help: did you mean `require`?

1 problem
"#);
}

#[test]
fn a_missing_key() {
    let file = r#"document: d
title: t
precedence: house
rules:
  - id: R-1
    title: holds
    source: { section: "1" }
    strength: MUST
    level: block
    packs: [p]
    require: a.b == 1
    message: "it does not hold"
    help: do it
"#;
    insta::assert_snapshot!(shown("d.yaml", file), @r#"countersign::policy::missing_key

  x a rule without `stage`
   ,-[d.yaml:5:5]
 4 | rules:
 5 |   - id: R-1
   :     ^^^|^^^
   :        `-- has no `stage`
 6 |     title: holds
   `----
  help: add `stage`

1 problem
"#);
}

#[test]
fn an_unknown_level() {
    let file = r#"document: d
title: t
precedence: house
rules:
  - id: R-1
    title: holds
    source: { section: "1" }
    strength: MUST
    level: blocks
    packs: [p]
    stage: evidence
    require: a.b == 1
    message: "it does not hold"
    help: do it
"#;
    insta::assert_snapshot!(shown("d.yaml", file), @r#"countersign::policy::unknown_word

  x unknown level `blocks`
    ,-[d.yaml:9:12]
  8 |     strength: MUST
  9 |     level: blocks
    :            ^^^|^^
    :               `-- not known
 10 |     packs: [p]
    `----
  help: did you mean `block`?

1 problem
"#);
}

#[test]
fn the_same_key_twice() {
    let file = r#"document: d
title: t
precedence: house
rules:
  - id: R-1
    title: holds
    source: { section: "1" }
    strength: MUST
    level: block
    packs: [p]
    stage: evidence
    require: a.b == 1
    message: "it does not hold"
    help: do it
    level: warn
"#;
    insta::assert_snapshot!(shown("d.yaml", file), @r#"countersign::policy::duplicate_key

  x `level` is given twice
    ,-[d.yaml:15:5]
  8 |     strength: MUST
  9 |     level: block
    :     ^^|^^
    :       `-- first given here
 10 |     packs: [p]
 11 |     stage: evidence
 12 |     require: a.b == 1
 13 |     message: "it does not hold"
 14 |     help: do it
 15 |     level: warn
    :     ^^|^^
    :       `-- given again
    `----
  help: keep one of the two

1 problem
"#);
}

#[test]
fn require_beside_same_as() {
    let file = r#"document: d
title: t
precedence: house
rules:
  - id: R-1
    title: holds
    source: { section: "1" }
    strength: MUST
    level: block
    packs: [p]
    stage: evidence
    require: a.b == 1
    message: "it does not hold"
    help: do it
    same_as: R-2
"#;
    insta::assert_snapshot!(shown("d.yaml", file), @r#"countersign::policy::conflicting_keys

  x `same_as` and `require` in one rule
    ,-[d.yaml:12:5]
 11 |     stage: evidence
 12 |     require: a.b == 1
    :     ^^^|^^^
    :        `-- excluded
 13 |     message: "it does not hold"
 14 |     help: do it
 15 |     same_as: R-2
    :     ^^^|^^^
    :        `-- by `same_as`
    `----
  help: a rule that is the same as another has no expressions of its own: keep
        one of the two

1 problem
"#);
}

#[test]
fn an_anchor_and_an_alias() {
    let file = r#"document: d
title: &t t
precedence: house
rules:
  - id: R-1
    title: *t
    source: { section: "1" }
    strength: MUST
    level: block
    packs: [p]
    stage: evidence
    require: a.b == 1
    message: "it does not hold"
    help: do it
"#;
    insta::assert_snapshot!(shown("d.yaml", file), @r#"countersign::policy::anchor_or_tag

  x anchor `&t`: policy files share no values
   ,-[d.yaml:2:8]
 1 | document: d
 2 | title: &t t
   :        ^|
   :         `-- not accepted
 3 | precedence: house
   `----
  help: write the value out in each place, or give it a name under
        `parameters` or `definitions`

countersign::policy::anchor_or_tag

  x an alias: policy files share no values
   ,-[d.yaml:6:12]
 5 |   - id: R-1
 6 |     title: *t
   :            ^|
   :             `-- not accepted
 7 |     source: { section: "1" }
   `----
  help: write the value out in each place, or give it a name under
        `parameters` or `definitions`

2 problems
"#);
}

#[test]
fn a_tab_in_the_indentation() {
    let file = r#"document: d
title: t
precedence: house
rules:
  - id: R-1
	title: holds
    source: { section: "1" }
    strength: MUST
    level: block
    packs: [p]
    stage: evidence
    require: a.b == 1
    message: "it does not hold"
    help: do it
"#;
    insta::assert_snapshot!(shown("d.yaml", file), @r#"countersign::policy::yaml

  x a tab here or in the next line
   ,-[d.yaml:5:9]
 4 | rules:
 5 |   - id: R-1
   :         |
   :         `-- here
 6 |     title: holds
   `----
  help: indent with spaces

1 problem
"#);
}

#[test]
fn a_text_with_a_colon() {
    let file = r#"document: d
title: t
precedence: house
rules:
  - id: R-1
    title: holds
    source: { section: "1" }
    strength: MUST
    level: block
    packs: [p]
    stage: evidence
    require: a.b == 1
    message: "it does not hold"
    help: do it: now
"#;
    insta::assert_snapshot!(shown("d.yaml", file), @r#"countersign::policy::yaml

  x `:` where no key can stand
    ,-[d.yaml:14:16]
 13 |     message: "it does not hold"
 14 |     help: do it: now
    :                |
    :                `-- here
    `----
  help: quote a text that holds `: `, or check the indentation

1 problem
"#);
}

#[test]
fn a_document_that_is_called_differently() {
    let file = r#"document: d
title: t
precedence: house
rules:
  - id: R-1
    title: holds
    source: { section: "1" }
    strength: MUST
    level: block
    packs: [p]
    stage: evidence
    require: a.b == 1
    message: "it does not hold"
    help: do it
"#;
    insta::assert_snapshot!(shown("e.yaml", file), @r#"countersign::policy::file_name

  x document `d` stands in a file called `e`
   ,-[e.yaml:1:11]
 1 | document: d
   :           |
   :           `-- differs from the file's name
 2 | title: t
   `----
  help: rename the file to `d.yaml`, or the document to `e`

1 problem
"#);
}

#[test]
fn an_ambiguous_value_in_a_patch() {
    let file = r#"document: d
cases:
  - name: n
    fixture: b0
    patch:
      - set: lei-record.json#/entity/country
        to: NO
      - sett: x
    expect: { R-1: passes }
"#;
    insta::assert_snapshot!(shown("d.cases.yaml", file), @r#"countersign::policy::unknown_reference

  x there is no document `d`
   ,-[d.cases.yaml:1:11]
 1 | document: d
   :           |
   :           `-- not found
 2 | cases:
   `----

countersign::policy::ambiguous_scalar

  x `NO` may be a text or something else
   ,-[d.cases.yaml:7:13]
 6 |       - set: lei-record.json#/entity/country
 7 |         to: NO
   :             ^|
   :              `-- text or not?
 8 |       - sett: x
   `----
  help: quote it (`"NO"`) if it is a text; else write `true`, `false`, `null`
        or a decimal number

countersign::policy::unknown_key

  x unknown key `sett` in a patch step
   ,-[d.cases.yaml:8:9]
 7 |         to: NO
 8 |       - sett: x
   :         ^^|^
   :           `-- not a key
 9 |     expect: { R-1: passes }
   `----
  help: did you mean `set`?

countersign::policy::unknown_word

  x unknown outcome `passes`
   ,-[d.cases.yaml:9:20]
 8 |       - sett: x
 9 |     expect: { R-1: passes }
   :                    ^^^|^^
   :                       `-- not known
   `----
  help: did you mean `pass`?

4 problems
"#);
}

#[test]
fn an_external_requirement_without_much_of_a_reason() {
    let file = "external:
  - id: LE-7
    document: le-framework
    section: \"7\"
    pack: info
    strength: INFORMATIVE
    why: nobody can check this
  - id: LE-8
    document: le-framework
    pack: info
    strength: INFO
    stage: evidence
    why:
";
    insta::assert_snapshot!(shown("external.yaml", file), @r#"countersign::policy::unknown_word

  x unknown strength `INFORMATIVE`
   ,-[external.yaml:6:15]
 5 |     pack: info
 6 |     strength: INFORMATIVE
   :               ^^^^^|^^^^^
   :                    `-- not known
 7 |     why: nobody can check this
   `----
  help: one of: MUST, MUST-NOT, SHALL, SHOULD, MAY, PROC, CLAIM, INFO

countersign::policy::reason_too_short

  x the reason has 4 of at least 20 words
   ,-[external.yaml:7:10]
 6 |     strength: INFORMATIVE
 7 |     why: nobody can check this
   :          ^^^^^^^^^^|^^^^^^^^^^
   :                    `-- too short for a reason
 8 |   - id: LE-8
   `----
  help: say what would decide the requirement, who holds that, and why no
        evidence of a case does

countersign::policy::missing_key

  x an external requirement without `section`
   ,-[external.yaml:8:5]
 7 |     why: nobody can check this
 8 |   - id: LE-8
   :     ^^^^|^^^
   :         `-- has no `section`
 9 |     document: le-framework
   `----
  help: add `section`

countersign::policy::unknown_key

  x unknown key `stage` in an external requirement
    ,-[external.yaml:12:5]
 11 |     strength: INFO
 12 |     stage: evidence
    :     ^^|^^
    :       `-- not a key
 13 |     why:
    `----
  help: keys: id, document, section, pack, strength, gate, why

countersign::policy::empty

  x `why` is empty
    ,-[external.yaml:13:7]
 12 |     stage: evidence
 13 |     why:
    :       |
    :       `-- nothing here
    `----
  help: write it, or remove the key

5 problems
"#);
}
