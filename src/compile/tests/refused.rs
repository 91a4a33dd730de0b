//! Typical mistakes, as their reader sees them, in scalars of every style.

use super::*;

#[test]
fn a_misspelt_field_in_a_plain_scalar() {
    insta::assert_snapshot!(problems_of_rule("for each: r in lei_records\nrequire: r.body.data.attributes.registraton.status == \"ISSUED\""), @r#"
    countersign::compile::unknown_field

      x `lei_record.body.data.attributes` has no field `registraton`
        ,-[doc.yaml:13:37]
     12 |     for each: r in lei_records
     13 |     require: r.body.data.attributes.registraton.status == "ISSUED"
        :                                     ^^^^^|^^^^^
        :                                          `-- not a field
     14 |     message: m
        `----
      help: did you mean `registration`?

    1 problem
    "#);
}

#[test]
fn a_misspelt_fact_in_a_double_quoted_scalar() {
    insta::assert_snapshot!(problems_of_rule("require: \"every l in lar_designaton.lars satisfies l.legal_name != \\\"\u{c4}pfel\\\"\""), @r#"
    countersign::compile::unknown_name

      x unknown name `lar_designaton`
        ,-[doc.yaml:12:26]
     11 |     stage: evidence
     12 |     require: "every l in lar_designaton.lars satisfies l.legal_name != \"Äpfel\""
        :                          ^^^^^^^|^^^^^^
        :                                 `-- not defined here
     13 |     message: m
        `----
      help: did you mean `lar_designation`?

    1 problem
    "#);
}

#[test]
fn a_value_outside_an_enum_in_a_single_quoted_scalar() {
    insta::assert_snapshot!(problems_of_rule("require: 'lei_record.body.data.attributes.entity.status == \"ACTIV\"'"), @r#"
    countersign::compile::not_in_enum

      x `ACTIV` is not a value of `status of
      | lei_record.body.data.attributes.entity`
        ,-[doc.yaml:12:64]
     11 |     stage: evidence
     12 |     require: 'lei_record.body.data.attributes.entity.status == "ACTIV"'
        :                                                                ^^^|^^^
        :                                                                   `-- not one of its values
     13 |     message: m
        `----
      help: did you mean `ACTIVE`?

    1 problem
    "#);
}

#[test]
fn two_problems_in_a_literal_block() {
    insta::assert_snapshot!(problems_of_rule("require: |\n  lei_record.http_status == \"200\"\n  and lei_record.fetched_at <= 2026-03-20"), @r#"
    countersign::compile::type_mismatch

      x an int is compared with text
        ,-[doc.yaml:13:33]
     12 |     require: |
     13 |       lei_record.http_status == "200"
        :       ^^^^^^^^^^^|^^^^^^^^^^    ^^|^^
        :                  |                `-- text
        :                  `-- an int
     14 |       and lei_record.fetched_at <= 2026-03-20
        `----
      help: write the value without quotes

    countersign::compile::type_mismatch

      x an instant is compared with a date
        ,-[doc.yaml:14:36]
     13 |       lei_record.http_status == "200"
     14 |       and lei_record.fetched_at <= 2026-03-20
        :           ^^^^^^^^^^|^^^^^^^^^^    ^^^^^|^^^^
        :                     |                   `-- a date
        :                     `-- an instant
     15 |     message: m
        `----
      help: take the date of the instant: `date(t)`

    2 problems
    "#);
}

#[test]
fn problems_in_a_folded_block_with_foreign_letters() {
    insta::assert_snapshot!(problems_of_rule("require: >-\n  le_profile.legal_name == \"Gr\u{fc}\u{df}e \u{1f44b}\"\n  and le_profile.lei == \"254900OPPU84GM83MG63\""), @r#"
    countersign::compile::malformed_literal

      x `254900OPPU84GM83MG63` is not a LEI: its check digits do not hold (ISO
      | 7064 MOD 97-10)
        ,-[doc.yaml:14:29]
     13 |       le_profile.legal_name == "Grüße 👋"
     14 |       and le_profile.lei == "254900OPPU84GM83MG63"
        :                             ^^^^^^^^^^^|^^^^^^^^^^
        :                                        `-- compared with a LEI
     15 |     message: m
        `----
      help: a literal that is not well-formed is equal to nothing; mend it

    1 problem
    "#);
}

#[test]
fn a_clock_outside_a_comparison() {
    insta::assert_snapshot!(problems_of_rule("require: date(as_of) == lar_designation.recorded_at"), @r#"
    countersign::compile::clock_not_compared

      x `as_of` cannot stand here
        ,-[doc.yaml:12:19]
     11 |     stage: evidence
     12 |     require: date(as_of) == lar_designation.recorded_at
        :                   ^^|^^
        :                     `-- not a side of a comparison
     13 |     message: m
        `----
      help: compare it: `as_of <= t + 168h`; or count days: `days_between(t,
            as_of)`

    1 problem
    "#);
}

#[test]
fn a_clock_compared_with_a_clock_and_with_months() {
    insta::assert_snapshot!(problems_of_rule("require: as_of <= t_sign or as_of - 3 months <= le_profile.attested_at"), @r#"
    countersign::compile::clock_not_compared

      x a comparison of clocks
        ,-[doc.yaml:12:14]
     11 |     stage: evidence
     12 |     require: as_of <= t_sign or as_of - 3 months <= le_profile.attested_at
        :              ^^^^^^^|^^^^^^^
        :                     `-- both sides depend on the run alone
     13 |     message: m
        `----
      help: compare one clock with an instant of the case

    countersign::compile::clock_not_compared

      x a clock stands alone, plus or minus a duration or days, or minus an
      | instant
        ,-[doc.yaml:12:33]
     11 |     stage: evidence
     12 |     require: as_of <= t_sign or as_of - 3 months <= le_profile.attested_at
        :                                 ^^^^^^^^|^^^^^^^
        :                                         `-- not such a sum
     13 |     message: m
        `----
      help: move the rest to the other side: `as_of <= t + 3 months`

    2 problems
    "#);
}

#[test]
fn a_count_in_a_sum() {
    insta::assert_snapshot!(problems_of_rule("require: count(lei_records) + 1 >= 2"), @r#"
    countersign::compile::count_not_compared

      x a count can only be compared
        ,-[doc.yaml:12:14]
     11 |     stage: evidence
     12 |     require: count(lei_records) + 1 >= 2
        :              ^^^^^^^^^|^^^^^^^^
        :                       `-- an interval where elements are unknown
     13 |     message: m
        `----
      help: compare it: `count(…) >= 2`; or print it in a message

    1 problem
    "#);
}

#[test]
fn a_field_that_needs_its_tag() {
    insta::assert_snapshot!(problems_of_rule("require: some e in oobi_session.events satisfies e.challenge_id == \"c\""), @r#"
    countersign::compile::needs_tag

      x not every `item of oobi_session.events` has the field `challenge_id`
        ,-[doc.yaml:12:56]
     11 |     stage: evidence
     12 |     require: some e in oobi_session.events satisfies e.challenge_id == "c"
        :                                                        ^^^^^^|^^^^^
        :                                                              `-- depends on `type`
     13 |     message: m
        `----
      help: read it only where the tag is known: `where x.type in ["challenge-
            sent", "response-received", "lar-ack", "verified"]`

    1 problem
    "#);
}

#[test]
fn a_field_of_a_list() {
    insta::assert_snapshot!(problems_of_rule("require: lar_designation.lars.aid == le_profile.lei"), @r#"
    countersign::compile::not_a_record

      x a list of item of lar_designation.lars has no field `aid`
        ,-[doc.yaml:12:35]
     11 |     stage: evidence
     12 |     require: lar_designation.lars.aid == le_profile.lei
        :              ^^^^^^^^^^|^^^^^^^^^ ^|^
        :                        |           `-- not a field
        :                        `-- this is a list of item of lar_designation.lars
     13 |     message: m
        `----
      help: name an element first: `every x in … satisfies x.aid …`, or `[x.aid
            for x in …]`

    1 problem
    "#);
}

#[test]
fn enumerations_without_a_common_value() {
    insta::assert_snapshot!(problems_of_rule("require: oobi_session.mode == lei_record.purpose"), @r#"
    countersign::compile::disjoint_enums

      x one of live-av, live-audio, in-person is compared with one of onboarding,
      | session, refresh, … (5 values): no value is in both
        ,-[doc.yaml:12:35]
     11 |     stage: evidence
     12 |     require: oobi_session.mode == lei_record.purpose
        :              ^^^^^^^^|^^^^^^^^    ^^^^^^^^^|^^^^^^^^
        :                      |                     `-- one of onboarding, session, refresh, … (5 values)
        :                      `-- one of live-av, live-audio, in-person
     13 |     message: m
        `----
      help: one of the two is another field than was meant

    1 problem
    "#);
}

#[test]
fn a_condition_that_is_no_condition() {
    insta::assert_snapshot!(problems_of_rule("applies: lei_record.http_status\nrequire: not le_profile.legal_name"), @r#"
    countersign::compile::type_mismatch

      x a condition (bool) is needed here, and this is an int
        ,-[doc.yaml:12:14]
     11 |     stage: evidence
     12 |     applies: lei_record.http_status
        :              ^^^^^^^^^^^|^^^^^^^^^^
        :                         `-- an int
     13 |     require: not le_profile.legal_name
        `----
      help: compare it with something, or ask whether it is there: `has …`

    countersign::compile::type_mismatch

      x a condition (bool) is needed here, and this is text
        ,-[doc.yaml:13:18]
     12 |     applies: lei_record.http_status
     13 |     require: not le_profile.legal_name
        :                  ^^^^^^^^^^|^^^^^^^^^^
        :                            `-- text
     14 |     message: m
        `----
      help: compare it with something, or ask whether it is there: `has …`

    2 problems
    "#);
}

#[test]
fn a_rule_that_reads_no_fact() {
    insta::assert_snapshot!(problems_of_rule("require: as_of after 2026-01-01T00:00:00Z"), @r#"
    countersign::compile::no_fact

      x `require` reads no fact
        ,-[doc.yaml:12:14]
     11 |     stage: evidence
     12 |     require: as_of after 2026-01-01T00:00:00Z
        :              ^^^^^^^^^^^^^^^^|^^^^^^^^^^^^^^^
        :                              `-- the same for every case
     13 |     message: m
        `----
      help: read a fact of the case

    1 problem
    "#);
}

#[test]
fn an_element_of_constants_is_no_fact() {
    insta::assert_snapshot!(problems_of_rule("for each: k in [\"kel\", \"tel\"]\nrequire: k != \"cesr\""), @r#"
    countersign::compile::no_fact

      x `require` reads no fact
        ,-[doc.yaml:13:14]
     12 |     for each: k in ["kel", "tel"]
     13 |     require: k != "cesr"
        :              ^^^^^|^^^^^
        :                   `-- the same for every case
     14 |     message: m
        `----
      help: read a fact of the case

    1 problem
    "#);
}

#[test]
fn a_shadowed_name() {
    insta::assert_snapshot!(problems_of_rule("require: every run in lei_records where (exists date in lei_records) satisfies run.http_status == 200"), @r#"
    countersign::compile::shadowed_name

      x `run` is a fact already
        ,-[doc.yaml:12:20]
     11 |     stage: evidence
     12 |     require: every run in lei_records where (exists date in lei_records) satisfies run.http_status == 200
        :                    ^|^
        :                     `-- bound again here
     13 |     message: m
        `----
      help: nothing may shadow anything; take another name

    countersign::compile::shadowed_name

      x `date` is a function already
        ,-[doc.yaml:12:53]
     11 |     stage: evidence
     12 |     require: every run in lei_records where (exists date in lei_records) satisfies run.http_status == 200
        :                                                     ^^|^
        :                                                       `-- bound again here
     13 |     message: m
        `----
      help: nothing may shadow anything; take another name

    2 problems
    "#);
}

#[test]
fn a_list_where_the_singular_was_meant() {
    insta::assert_snapshot!(problems_of_rule("require: count(lei_record) == 1 and file_check.ok"), @r#"
    countersign::compile::not_a_list

      x an object `lei_record` is no list
        ,-[doc.yaml:12:20]
     11 |     stage: evidence
     12 |     require: count(lei_record) == 1 and file_check.ok
        :                    ^^^^^|^^^^
        :                         `-- an object `lei_record`
     13 |     message: m
        `----
      help: all of them are `lei_records`

    countersign::compile::list_only

      x there is no single `file_check`
        ,-[doc.yaml:12:41]
     11 |     stage: evidence
     12 |     require: count(lei_record) == 1 and file_check.ok
        :                                         ^^^^^|^^^^
        :                                              `-- read as a list
     13 |     message: m
        `----
      help: say which one: `the(x in file_checks where …)`

    2 problems
    "#);
}

#[test]
fn kinds_and_functions_that_are_not_there() {
    insta::assert_snapshot!(problems_of_rule("require: recorded(lei_record) and recorded(listed_file) and lenght(le_profile.legal_name) > 1"), @r#"
    countersign::compile::unknown_kind

      x unknown kind of record `lei_record`
        ,-[doc.yaml:12:23]
     11 |     stage: evidence
     12 |     require: recorded(lei_record) and recorded(listed_file) and lenght(le_profile.legal_name) > 1
        :                       ^^^^^|^^^^
        :                            `-- not a kind
     13 |     message: m
        `----
      help: did you mean `lei-record`?

    countersign::compile::unknown_kind

      x unknown kind of record `listed_file`
        ,-[doc.yaml:12:48]
     11 |     stage: evidence
     12 |     require: recorded(lei_record) and recorded(listed_file) and lenght(le_profile.legal_name) > 1
        :                                                ^^^^^|^^^^^
        :                                                     `-- not a kind
     13 |     message: m
        `----
      help: kinds are the files of schemas/evidence and schemas/case

    countersign::compile::unknown_function

      x unknown function `lenght`
        ,-[doc.yaml:12:65]
     11 |     stage: evidence
     12 |     require: recorded(lei_record) and recorded(listed_file) and lenght(le_profile.legal_name) > 1
        :                                                                 ^^^|^^
        :                                                                    `-- not defined
     13 |     message: m
        `----
      help: did you mean `length`?

    3 problems
    "#);
}

#[test]
fn calls_with_wrong_arguments() {
    insta::assert_snapshot!(problems_of_rule("require: starts_with(le_profile.legal_name) and min_signers(le_profile.lei) == 2"), @r#"
    countersign::compile::wrong_number_of_arguments

      x `starts_with` takes 2 arguments, and 1 is given
        ,-[doc.yaml:12:14]
     11 |     stage: evidence
     12 |     require: starts_with(le_profile.legal_name) and min_signers(le_profile.lei) == 2
        :              ^^^^^|^^^^^
        :                   `-- takes 2 arguments
     13 |     message: m
        `----
      help: write `starts_with(text, text)`

    countersign::compile::type_mismatch

      x a threshold is needed here, and this is a LEI
        ,-[doc.yaml:12:65]
     11 |     stage: evidence
     12 |     require: starts_with(le_profile.legal_name) and min_signers(le_profile.lei) == 2
        :                                                                 ^^^^^^^|^^^^^^
        :                                                                        `-- a LEI
     13 |     message: m
        `----
      help: there are no conversions; give a value of that type

    2 problems
    "#);
}

#[test]
fn a_pattern_that_is_none() {
    insta::assert_snapshot!(problems_of_rule("require: le_profile.legal_name matches /(ACME/"), @r#"
    countersign::compile::bad_pattern

      x `(ACME` is not a regular expression: unclosed group
        ,-[doc.yaml:12:45]
     11 |     stage: evidence
     12 |     require: le_profile.legal_name matches /(ACME/
        :                                             |
        :                                             `-- cannot be compiled
     13 |     message: m
        `----
      help: the pattern is matched against the whole text; a backslash takes the
            meaning from the next character

    1 problem
    "#);
}

#[test]
fn the_part_of_a_pattern_that_is_wrong_is_underlined() {
    // The first group is no mistake, and `\/` is one character of the pattern written with two.
    let rule = r#"require: le_profile.legal_name matches /\/\/Grüß\/(?P<a>x)(?P<a>y)/"#;
    insta::assert_snapshot!(problems_of_rule(rule), @r#"
    countersign::compile::bad_pattern

      x `//Grüß/(?P<a>x)(?P<a>y)` is not a regular expression: duplicate capture
      | group name
        ,-[doc.yaml:12:69]
     11 |     stage: evidence
     12 |     require: le_profile.legal_name matches /\/\/Grüß\/(?P<a>x)(?P<a>y)/
        :                                                                   |
        :                                                                   `-- cannot be compiled
     13 |     message: m
        `----
      help: the pattern is matched against the whole text; a backslash takes the
            meaning from the next character

    1 problem
    "#);
    let rule = "require: 'le_profile.legal_name matches /Äpfel{2,1}/ or le_profile.legal_name matches /a)(b/'";
    insta::assert_snapshot!(problems_of_rule(rule), @r#"
    countersign::compile::bad_pattern

      x `Äpfel{2,1}` is not a regular expression: invalid repetition count range,
      | the start must be <= the end
        ,-[doc.yaml:12:52]
     11 |     stage: evidence
     12 |     require: 'le_profile.legal_name matches /Äpfel{2,1}/ or le_profile.legal_name matches /a)(b/'
        :                                                   ^^|^^
        :                                                     `-- cannot be compiled
     13 |     message: m
        `----
      help: the pattern is matched against the whole text; a backslash takes the
            meaning from the next character

    countersign::compile::bad_pattern

      x `a)(b` is not a regular expression: unopened group
        ,-[doc.yaml:12:94]
     11 |     stage: evidence
     12 |     require: 'le_profile.legal_name matches /Äpfel{2,1}/ or le_profile.legal_name matches /a)(b/'
        :                                                                                             |
        :                                                                                             `-- cannot be compiled
     13 |     message: m
        `----
      help: the pattern is matched against the whole text; a backslash takes the
            meaning from the next character

    2 problems
    "#);
}

#[test]
fn an_external_requirement_of_no_document() {
    let external = format!(
        "external:\n  - {{ id: R-2, document: doç, section: \"2\", pack: p, strength: MAY, why: {} }}\n",
        ["word"; 20].join(" ")
    );
    let flows = "flows:\n  - { flow: f, title: t, packs: [p] }\n";
    let rule = rule("for each: r in lei_records\nrequire: r.http_status == 200");
    let files = [("doc.yaml", rule.as_str()), ("external.yaml", &external), ("flows.yaml", flows)];
    insta::assert_snapshot!(problems_of(&files), @r#"
    countersign::compile::unknown_document

      x unknown document `doç`
       ,-[external.yaml:2:26]
     1 | external:
     2 |   - { id: R-2, document: doç, section: "2", pack: p, strength: MAY, why: word word word word word word word word word word word word word word word word word word word word }
       :                          ^|^
       :                           `-- not a document
       `----
      help: did you mean `doc`?

    1 problem
    "#);
}

#[test]
fn a_flow_that_runs_a_pack_without_rules() {
    let flows =
        "flows:\n  - { flow: f, title: t, packs: [p, pp] }\n  - { flow: g, title: t, packs: [later, \"nöwhere\"] }\n";
    let pending = "pending:\n  - { id: R-2, document: doc, section: \"2\", pack: later, stage: evidence, \
                   waits_for: keri, why: it does }\n";
    let rule = rule("for each: r in lei_records\nrequire: r.http_status == 200");
    let files = [("doc.yaml", rule.as_str()), ("flows.yaml", flows), ("pending.yaml", pending)];
    insta::assert_snapshot!(problems_of(&files), @r#"
    countersign::compile::unknown_pack

      x no rule and no pending requirement is in the pack `pp`
       ,-[flows.yaml:2:37]
     1 | flows:
     2 |   - { flow: f, title: t, packs: [p, pp] }
       :                                     ^|
       :                                      `-- nothing is in it
     3 |   - { flow: g, title: t, packs: [later, "nöwhere"] }
       `----
      help: did you mean `p`?

    countersign::compile::unknown_pack

      x no rule and no pending requirement is in the pack `nöwhere`
       ,-[flows.yaml:3:41]
     2 |   - { flow: f, title: t, packs: [p, pp] }
     3 |   - { flow: g, title: t, packs: [later, "nöwhere"] }
       :                                         ^^^^|^^^^
       :                                             `-- nothing is in it
       `----
      help: take it out, or name a pack that rules are in

    2 problems
    "#);
}

#[test]
fn instants_added_to_a_clock_without_brackets() {
    let rule = "for each: r in lei_records\nrequire: as_of + r.performed_at - r.recorded_at <= r.performed_at";
    insta::assert_snapshot!(problems_of_rule(rule), @r#"
    countersign::compile::clock_not_compared

      x a clock stands alone, plus or minus a duration or days, or minus an
      | instant
        ,-[doc.yaml:13:14]
     12 |     for each: r in lei_records
     13 |     require: as_of + r.performed_at - r.recorded_at <= r.performed_at
        :              ^^^^^^^^^^^^^^^^^^^|^^^^^^^^^^^^^^^^^^
        :                                 `-- not such a sum
     14 |     message: m
        `----
      help: put two instants into brackets: `as_of + (a - b) <= t`

    1 problem
    "#);
}

#[test]
fn objects_and_clocks_in_a_message() {
    let file = rule("for each: r in lei_records\nrequire: r.http_status == 200")
        .replace("message: m", "message: \"{r}: {as_of}, {r.stauts}, {count(lei_records)}\"");
    insta::assert_snapshot!(problems_of(&[("doc.yaml", &file)]), @r#"
    countersign::compile::not_printable

      x an object cannot be printed
        ,-[doc.yaml:14:16]
     13 |     require: r.http_status == 200
     14 |     message: "{r}: {as_of}, {r.stauts}, {count(lei_records)}"
        :                |
        :                `-- not a single value
     15 |     help: h
        `----
      help: name a field of it, such as its `path`

    countersign::compile::clock_not_compared

      x `as_of` cannot stand here
        ,-[doc.yaml:14:21]
     13 |     require: r.http_status == 200
     14 |     message: "{r}: {as_of}, {r.stauts}, {count(lei_records)}"
        :                     ^^|^^
        :                       `-- not a side of a comparison
     15 |     help: h
        `----
      help: compare it: `as_of <= t + 168h`; or count days: `days_between(t,
            as_of)`

    countersign::compile::unknown_field

      x `lei_record` has no field `stauts`
        ,-[doc.yaml:14:32]
     13 |     require: r.http_status == 200
     14 |     message: "{r}: {as_of}, {r.stauts}, {count(lei_records)}"
        :                                ^^^|^^
        :                                   `-- not a field
     15 |     help: h
        `----
      help: its fields are kind, id, schema_version, producer, performed_by,
            performed_at, recorded_at, subject_case, purpose, requested_lei,
            request_url, http_status, fetched_at, response_headers, body_path,
            body_sha256, tool_id, path, digest_ok, clauses, signers, signed_fully,
            body

    3 problems
    "#);
}

#[test]
fn an_order_that_is_not_defined() {
    insta::assert_snapshot!(problems_of_rule("require: le_profile.legal_name < \"B\" and (exists r in [latest(x in lei_records by x.id)])"), @r#"
    countersign::compile::not_ordered

      x `<` is not defined on text
        ,-[doc.yaml:12:14]
     11 |     stage: evidence
     12 |     require: le_profile.legal_name < "B" and (exists r in [latest(x in lei_records by x.id)])
        :              ^^^^^^^^^^^^^|^^^^^^^^^^^^^
        :                           `-- cannot be decided
     13 |     message: m
        `----
      help: int, instant, date, duration and days have an order

    countersign::compile::not_ordered

      x text has no order
        ,-[doc.yaml:12:87]
     11 |     stage: evidence
     12 |     require: le_profile.legal_name < "B" and (exists r in [latest(x in lei_records by x.id)])
        :                                                                                       ^^|^
        :                                                                                         `-- text
     13 |     message: m
        `----
      help: int, instant, date, duration and days have an order

    2 problems
    "#);
}

const SHARED: &str = "document: definitions\ntitle: t\nprecedence: gate\n";

#[test]
fn definitions_that_go_round() {
    let shared = format!(
        "{SHARED}definitions:\n  - {{ define: \"a(n: int)\", as: b(n) }}\n  - {{ define: \"b(n: int)\", as: n > 1 and c }}\n  \
         - {{ define: c, as: a(2) }}\n  - {{ define: d, as: d }}\n"
    );
    insta::assert_snapshot!(problems_of(&[("definitions.yaml", &shared), ("doc.yaml", &rule("require: a(3)"))]), @r#"
    countersign::compile::cyclic_definition

      x `a` is defined by itself: a -> b -> c -> a
       ,-[definitions.yaml:5:16]
     4 | definitions:
     5 |   - { define: "a(n: int)", as: b(n) }
       :                |
       :                `-- part of a circle
     6 |   - { define: "b(n: int)", as: n > 1 and c }
       `----
      help: definitions are put in where they are used; cut the circle

    countersign::compile::cyclic_definition

      x `d` is defined by itself: d -> d
       ,-[definitions.yaml:8:15]
     7 |   - { define: c, as: a(2) }
     8 |   - { define: d, as: d }
       :               |
       :               `-- part of a circle
       `----
      help: definitions are put in where they are used; cut the circle

    2 problems
    "#);
}

#[test]
fn definitions_and_parameters_whose_names_and_types_are_taken_or_unknown() {
    let shared = format!(
        "{SHARED}parameters:\n  run: {{ type: int, default: 1, description: d }}\n  age: {{ type: duration, default: 7 days, description: d }}\n  \
         names: {{ type: list of string, description: d }}\n  who: {{ type: lei_record, description: d }}\n\
         definitions:\n  - {{ define: \"lei_records(x: lar_designatio)\", as: x.id == \"1\" }}\n  \
         - {{ define: \"ok(m: item of qar_roster.membrs, age: int)\", as: m.person_id == age }}\n"
    );
    let own = rule("require: mine")
        .replace("rules:", "definitions:\n  - { define: ok, as: recorded(kel) }\n  - { define: mine, as: ok }\nrules:");
    insta::assert_snapshot!(problems_of(&[("definitions.yaml", &shared), ("doc.yaml", &own)]), @r#"
    countersign::compile::shadowed_name

      x `run` is a fact already
       ,-[definitions.yaml:5:3]
     4 | parameters:
     5 |   run: { type: int, default: 1, description: d }
       :   ^|^
       :    `-- declared again here
     6 |   age: { type: duration, default: 7 days, description: d }
       `----
      help: nothing may shadow anything; take another name

    countersign::compile::invalid_value

      x `7 days` is not a duration
       ,-[definitions.yaml:6:35]
     5 |   run: { type: int, default: 1, description: d }
     6 |   age: { type: duration, default: 7 days, description: d }
       :                                   ^^^|^^
       :                                      `-- not a duration
     7 |   names: { type: list of string, description: d }
       `----
      help: write `168h`, `90s`, `7h30min`

    countersign::compile::unknown_type

      x unknown type `string`
       ,-[definitions.yaml:7:18]
     6 |   age: { type: duration, default: 7 days, description: d }
     7 |   names: { type: list of string, description: d }
       :                  ^^^^^^^|^^^^^^
       :                         `-- not a type
     8 |   who: { type: lei_record, description: d }
       `----
      help: did you mean `text`?

    countersign::compile::unknown_type

      x an object `lei_record` cannot be written in a policy file
       ,-[definitions.yaml:8:16]
     7 |   names: { type: list of string, description: d }
     8 |   who: { type: lei_record, description: d }
       :                ^^^^^|^^^^
       :                     `-- not a type of values
     9 | definitions:
       `----
      help: parameters and columns hold single values and lists of them

    countersign::compile::shadowed_name

      x `lei_records` is a fact already
        ,-[definitions.yaml:10:16]
      9 | definitions:
     10 |   - { define: "lei_records(x: lar_designatio)", as: x.id == "1" }
        :                ^^^^^|^^^^^
        :                     `-- defined again here
     11 |   - { define: "ok(m: item of qar_roster.membrs, age: int)", as: m.person_id == age }
        `----
      help: nothing may shadow anything; take another name

    countersign::compile::unknown_type

      x unknown type `lar_designatio`
        ,-[definitions.yaml:10:31]
      9 | definitions:
     10 |   - { define: "lei_records(x: lar_designatio)", as: x.id == "1" }
        :                               ^^^^^^^|^^^^^^
        :                                      `-- not a type
     11 |   - { define: "ok(m: item of qar_roster.membrs, age: int)", as: m.person_id == age }
        `----
      help: did you mean `lar_designation`?

    countersign::compile::unknown_type

      x `qar_roster` has no field `membrs`
        ,-[definitions.yaml:11:22]
     10 |   - { define: "lei_records(x: lar_designatio)", as: x.id == "1" }
     11 |   - { define: "ok(m: item of qar_roster.membrs, age: int)", as: m.person_id == age }
        :                      ^^^^^^^^^^^^|^^^^^^^^^^^^
        :                                  `-- not a type
        `----
      help: did you mean `members`?

    countersign::compile::shadowed_name

      x `age` is a parameter already
        ,-[definitions.yaml:11:49]
     10 |   - { define: "lei_records(x: lar_designatio)", as: x.id == "1" }
     11 |   - { define: "ok(m: item of qar_roster.membrs, age: int)", as: m.person_id == age }
        :                                                 ^|^
        :                                                  `-- bound again here
        `----
      help: nothing may shadow anything; take another name

    countersign::compile::duplicate_definition

      x `ok` is defined twice
       ,-[doc.yaml:5:15]
     4 | definitions:
     5 |   - { define: ok, as: recorded(kel) }
       :               ^|
       :                `-- defined again
     6 |   - { define: mine, as: ok }
       `----
      help: give one of the two another name

    countersign::compile::wrong_number_of_arguments

      x `ok` takes 2 arguments, and none is given
       ,-[doc.yaml:6:25]
     5 |   - { define: ok, as: recorded(kel) }
     6 |   - { define: mine, as: ok }
       :                         ^|
       :                          `-- takes 2 arguments
     7 | rules:
       `----
      help: write `ok(m, age: int)`

    10 problems
    "#);
}

#[test]
fn references_that_lead_nowhere() {
    let head = |id: &str, body: &str| {
        format!(
            "  - {{ id: {id}, title: t, source: {{ section: \"1\" }}, strength: MUST, level: warn, packs: [q], stage: closing, {body} }}\n"
        )
    };
    let file = format!(
        "document: doc\ntitle: t\nprecedence: gate\nrules:\n{}{}{}{}",
        head("A-1", "same_as: A-2"),
        head("A-2", "same_as: A-3"),
        head("A-3", "all_of: [A-1, A-4]"),
        head("A-5", "same_as: A-44")
    );
    let profiles = "profiles:\n  - profile: house\n    title: t\n    without: [dox]\n    levels: { A-6: warn }\n    \
                    parameters: { age: 3 }\n    warn_when: true\n";
    let flows = "flows:\n  - { flow: f, title: t, packs: [p], needs: { evidence: [lei_record, manifest] } }\n";
    insta::assert_snapshot!(problems_of(&[("doc.yaml", &file), ("profiles.yaml", profiles), ("flows.yaml", flows)]), @r#"
    countersign::compile::cyclic_rule

      x rule `A-1` refers to itself: A-1 -> A-2 -> A-3 -> A-1
       ,-[doc.yaml:5:11]
     4 | rules:
     5 |   - { id: A-1, title: t, source: { section: "1" }, strength: MUST, level: warn, packs: [q], stage: closing, same_as: A-2 }
       :           ^|^
       :            `-- part of a circle
     6 |   - { id: A-2, title: t, source: { section: "1" }, strength: MUST, level: warn, packs: [q], stage: closing, same_as: A-3 }
       `----
      help: `same_as` and `all_of` lead to rules with expressions; cut the circle

    countersign::compile::pack_without_flow

      x no flow runs the pack `q`
       ,-[doc.yaml:5:89]
     4 | rules:
     5 |   - { id: A-1, title: t, source: { section: "1" }, strength: MUST, level: warn, packs: [q], stage: closing, same_as: A-2 }
       :                                                                                         |
       :                                                                                         `-- named by no flow
     6 |   - { id: A-2, title: t, source: { section: "1" }, strength: MUST, level: warn, packs: [q], stage: closing, same_as: A-3 }
       `----
      help: add the pack to a flow of flows.yaml

    countersign::compile::pack_without_flow

      x no flow runs the pack `q`
       ,-[doc.yaml:6:89]
     5 |   - { id: A-1, title: t, source: { section: "1" }, strength: MUST, level: warn, packs: [q], stage: closing, same_as: A-2 }
     6 |   - { id: A-2, title: t, source: { section: "1" }, strength: MUST, level: warn, packs: [q], stage: closing, same_as: A-3 }
       :                                                                                         |
       :                                                                                         `-- named by no flow
     7 |   - { id: A-3, title: t, source: { section: "1" }, strength: MUST, level: warn, packs: [q], stage: closing, all_of: [A-1, A-4] }
       `----
      help: add the pack to a flow of flows.yaml

    countersign::compile::pack_without_flow

      x no flow runs the pack `q`
       ,-[doc.yaml:7:89]
     6 |   - { id: A-2, title: t, source: { section: "1" }, strength: MUST, level: warn, packs: [q], stage: closing, same_as: A-3 }
     7 |   - { id: A-3, title: t, source: { section: "1" }, strength: MUST, level: warn, packs: [q], stage: closing, all_of: [A-1, A-4] }
       :                                                                                         |
       :                                                                                         `-- named by no flow
     8 |   - { id: A-5, title: t, source: { section: "1" }, strength: MUST, level: warn, packs: [q], stage: closing, same_as: A-44 }
       `----
      help: add the pack to a flow of flows.yaml

    countersign::compile::unknown_rule

      x unknown rule `A-4`
       ,-[doc.yaml:7:123]
     6 |   - { id: A-2, title: t, source: { section: "1" }, strength: MUST, level: warn, packs: [q], stage: closing, same_as: A-3 }
     7 |   - { id: A-3, title: t, source: { section: "1" }, strength: MUST, level: warn, packs: [q], stage: closing, all_of: [A-1, A-4] }
       :                                                                                                                           ^|^
       :                                                                                                                            `-- not a rule
     8 |   - { id: A-5, title: t, source: { section: "1" }, strength: MUST, level: warn, packs: [q], stage: closing, same_as: A-44 }
       `----
      help: did you mean `A-1`?

    countersign::compile::pack_without_flow

      x no flow runs the pack `q`
       ,-[doc.yaml:8:89]
     7 |   - { id: A-3, title: t, source: { section: "1" }, strength: MUST, level: warn, packs: [q], stage: closing, all_of: [A-1, A-4] }
     8 |   - { id: A-5, title: t, source: { section: "1" }, strength: MUST, level: warn, packs: [q], stage: closing, same_as: A-44 }
       :                                                                                         |
       :                                                                                         `-- named by no flow
       `----
      help: add the pack to a flow of flows.yaml

    countersign::compile::unknown_rule

      x unknown rule `A-44`
       ,-[doc.yaml:8:118]
     7 |   - { id: A-3, title: t, source: { section: "1" }, strength: MUST, level: warn, packs: [q], stage: closing, all_of: [A-1, A-4] }
     8 |   - { id: A-5, title: t, source: { section: "1" }, strength: MUST, level: warn, packs: [q], stage: closing, same_as: A-44 }
       :                                                                                                                      ^^|^
       :                                                                                                                        `-- not a rule
       `----
      help: did you mean `A-1`?

    countersign::compile::unknown_pack

      x no rule and no pending requirement is in the pack `p`
       ,-[flows.yaml:2:34]
     1 | flows:
     2 |   - { flow: f, title: t, packs: [p], needs: { evidence: [lei_record, manifest] } }
       :                                  |
       :                                  `-- nothing is in it
       `----
      help: take it out, or name a pack that rules are in

    countersign::compile::unknown_kind

      x unknown kind of record `lei_record`
       ,-[flows.yaml:2:58]
     1 | flows:
     2 |   - { flow: f, title: t, packs: [p], needs: { evidence: [lei_record, manifest] } }
       :                                                          ^^^^^|^^^^
       :                                                               `-- not a kind
       `----
      help: did you mean `lei-record`?

    countersign::compile::unknown_kind

      x unknown kind of record `manifest`
       ,-[flows.yaml:2:70]
     1 | flows:
     2 |   - { flow: f, title: t, packs: [p], needs: { evidence: [lei_record, manifest] } }
       :                                                                      ^^^^|^^^
       :                                                                          `-- not a kind
       `----
      help: kinds are the files of schemas/evidence and schemas/case

    countersign::compile::unknown_document

      x unknown document `dox`
       ,-[profiles.yaml:4:15]
     3 |     title: t
     4 |     without: [dox]
       :               ^|^
       :                `-- not a document
     5 |     levels: { A-6: warn }
       `----
      help: did you mean `doc`?

    countersign::compile::unknown_rule

      x unknown rule `A-6`
       ,-[profiles.yaml:5:15]
     4 |     without: [dox]
     5 |     levels: { A-6: warn }
       :               ^|^
       :                `-- not a rule
     6 |     parameters: { age: 3 }
       `----
      help: did you mean `A-1`?

    countersign::compile::unknown_parameter

      x unknown parameter `age`
       ,-[profiles.yaml:6:19]
     5 |     levels: { A-6: warn }
     6 |     parameters: { age: 3 }
       :                   ^|^
       :                    `-- not declared
     7 |     warn_when: true
       `----
      help: parameters are declared in policy files, under `parameters`

    13 problems
    "#);
}

#[test]
fn tables_and_profiles_with_wrong_values() {
    let table = "table: eid-scheme\ntitle: t\nsource: s\ncolumns: { scheme: text, from: date, kt: threshold }\nrows:\n  \
                 - { scheme: e-CPF, from: 2025-16-04 }\n";
    let shared = format!("{SHARED}parameters:\n  age: {{ type: duration, default: 168h, description: d }}\n");
    let profiles = "profiles:\n  - { profile: p, title: t, parameters: { age: 7 days }, warn_when: false }\n";
    let files = [
        ("definitions.yaml", shared.as_str()),
        ("doc.yaml", &rule("require: exists e in eid_schemes where e.form == 2025-04-16")),
        ("profiles.yaml", profiles),
        ("tables/eid-schemes.yaml", table),
    ];
    insta::assert_snapshot!(problems_of(&files), @r#"
    countersign::compile::unknown_field

      x `eid_scheme` has no field `form`
        ,-[doc.yaml:12:46]
     11 |     stage: evidence
     12 |     require: exists e in eid_schemes where e.form == 2025-04-16
        :                                              ^^|^
        :                                                `-- not a field
     13 |     message: m
        `----
      help: did you mean `from`?

    countersign::compile::invalid_value

      x `7 days` is not a duration
       ,-[profiles.yaml:2:48]
     1 | profiles:
     2 |   - { profile: p, title: t, parameters: { age: 7 days }, warn_when: false }
       :                                                ^^^|^^
       :                                                   `-- not a duration
       `----
      help: write `168h`, `90s`, `7h30min`

    countersign::compile::unknown_type

      x a threshold cannot be written in a policy file
       ,-[tables/eid-schemes.yaml:4:42]
     3 | source: s
     4 | columns: { scheme: text, from: date, kt: threshold }
       :                                          ^^^^|^^^^
       :                                              `-- not a type of values
     5 | rows:
       `----
      help: parameters and columns hold single values and lists of them

    countersign::compile::invalid_value

      x `2025-16-04` is not a date
       ,-[tables/eid-schemes.yaml:6:28]
     5 | rows:
     6 |   - { scheme: e-CPF, from: 2025-16-04 }
       :                            ^^^^^|^^^^
       :                                 `-- not a date
       `----
      help: write `2026-03-20`

    4 problems
    "#);
}

#[test]
fn expressions_beyond_the_bounds() {
    let mut shared = format!("{SHARED}definitions:\n  - {{ define: d0, as: recorded(kel) }}\n");
    for level in 1..=20 {
        let below = level - 1;
        shared.push_str(&format!("  - {{ define: d{level}, as: d{below} and d{below} }}\n"));
    }
    let text = problems_of(&[("definitions.yaml", &shared), ("doc.yaml", &rule("require: d20"))]);
    assert!(text.contains("too_large") && text.contains("1 problem\n"), "{text}");

    let mut shared = format!("{SHARED}definitions:\n  - {{ define: d0, as: recorded(kel) }}\n");
    for level in 1..=300 {
        shared.push_str(&format!("  - {{ define: d{level}, as: not d{} }}\n", level - 1));
    }
    let text = problems_of(&[("definitions.yaml", &shared), ("doc.yaml", &rule("require: d300"))]);
    assert!(text.contains("too_deep") && text.contains("1 problem\n"), "{text}");
}

#[test]
fn every_code_of_expressions_is_reached() {
    for (expression, codes) in [
        ("[] == []", "empty_list empty_list"),
        ("exists x in [] union []", "empty_list empty_list"),
        ("lei_record.id in [\"a\", 1]", "mixed_list"),
        ("lei_records == lei_records", "type_mismatch"),
        ("within(le_profile.attested_at, min([le_profile.attested_at]), 1h)", "not_a_path"),
        ("le_profile.attested_by == le_profile.legal_name", "type_mismatch"),
        ("nothing(lei_record.idd)", "unknown_function unknown_field"),
        ("length == 3", "unknown_name"),
        ("run.stage == run.flow", ""),
        ("run.flow == \"x\" and run.stage in [run.flow]", ""),
        ("t_sign - le_profile.attested_at", "clock_not_compared"),
        ("le_profile.attested_at in t_sign - 1h .. as_of", ""),
        ("[e.challenge_id for e in oobi_session.events where e.type == \"verified\"] == [\"a\"]", "type_mismatch"),
        ("exists e in oobi_session.events where e.type in [\"verified\", \"lar-ack\"] and e.challenge_id == \"a\"", ""),
        ("exists e in oobi_session.events where e.type != \"verified\" or e.challenge_id == \"a\"", ""),
        ("exists e in oobi_session.events where not (e.type != \"verified\") and e.challenge_id == \"a\"", ""),
        (
            "exists e in oobi_session.events where (e.type == \"verified\" or e.type == \"aborted\") and e.challenge_id == \"a\"",
            "needs_tag",
        ),
        ("the(e in oobi_session.events where e.type == \"api-call\").lei_record_id == \"a\"", ""),
        (
            "every x in [e for e in oobi_session.events where e.type == \"api-call\"] satisfies x.lei_record_id == \"a\"",
            "",
        ),
        ("latest(e in oobi_session.events where e.type == \"aborted\" by e.at).reason == \"a\"", ""),
        (
            "(exists e in oobi_session.events where e.type == \"aborted\") and exists e in oobi_session.events where e.reason == \"a\"",
            "needs_tag",
        ),
    ] {
        assert_eq!(codes_of(expression), codes, "{expression}");
    }
}
