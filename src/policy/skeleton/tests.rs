use super::*;

const RULE: NewRule<'static> = NewRule {
    id: "ACME-1.a",
    section: "5.2",
    title: None,
    strength: "MUST",
    level: "block",
    pack: "p",
    stage: "evidence",
};

fn begun() -> Source {
    let new = NewDocument { id: "acme", title: "Acme: the \"procedure\"", precedence: "house" };
    Source::new("acme.yaml", document(&new, "./policy.schema.json").unwrap())
}

fn added(file: &Source, rule: &NewRule<'_>, after: Option<&str>) -> Source {
    Source::new(file.name(), with_rule(file, rule, after).unwrap())
}

fn ids(file: &Source) -> Vec<String> {
    let (set, problems) = super::super::load(vec![file.clone()]);
    assert!(problems.is_empty(), "{problems:?}\n{}", file.text());
    set.policies[0].rules.iter().map(|rule| rule.id.text.clone()).collect()
}

#[test]
fn a_new_document_is_canonical_and_keeps_its_title() {
    let file = begun();
    assert_eq!(format(&file).unwrap(), file.text());
    assert!(file.text().starts_with("# yaml-language-server: $schema=./policy.schema.json\ndocument: acme\n"));
    let (set, problems) = super::super::load(vec![file]);
    assert!(problems.is_empty());
    assert_eq!(set.policies[0].title.text, "Acme: the \"procedure\"");
}

#[test]
fn rules_stand_where_they_are_asked_for() {
    let first = added(&begun(), &RULE, None);
    let last = added(&first, &NewRule { id: "ACME-3", ..RULE }, None);
    let between = added(&last, &NewRule { id: "ACME-2", ..RULE }, Some("ACME-1.a"));
    assert_eq!(ids(&between), ["ACME-1.a", "ACME-2", "ACME-3"]);
    assert_eq!(format(&between).unwrap(), between.text());
    let behind_the_last = added(&between, &NewRule { id: "ACME-4", ..RULE }, Some("ACME-3"));
    assert_eq!(ids(&behind_the_last), ["ACME-1.a", "ACME-2", "ACME-3", "ACME-4"]);
}

#[test]
fn comments_stay_with_their_rules() {
    let two = added(&added(&begun(), &RULE, None), &NewRule { id: "ACME-3", ..RULE }, None);
    let marked = two.text().replacen("  # Not finished", "  # the first\n  # Not finished", 1);
    let at = marked.rfind("  # Not finished").unwrap();
    let marked = format!("{}  # the second\n{}", &marked[..at], &marked[at..]);
    let file = added(&Source::new("acme.yaml", marked), &NewRule { id: "ACME-2", ..RULE }, Some("ACME-1.a"));
    let at = |text: &str| file.text().find(text).unwrap_or_else(|| panic!("{text}\n{}", file.text()));
    assert!(at("# the first") < at("id: ACME-1.a"));
    assert!(at("id: ACME-2") < at("# the second"));
    assert!(at("# the second") < at("id: ACME-3"));
}

#[test]
fn cases_are_added_behind_what_belongs_to_the_last() {
    let empty = Source::new("acme.cases.yaml", cases("acme", "./policy-cases.schema.json"));
    let one = Source::new("acme.cases.yaml", with_cases(&empty, "ACME-1.a", "b0", "evidence").unwrap());
    let two = with_cases(&one, "ACME-2", "b0", "closing").unwrap();
    assert!(two.starts_with(one.text()), "{two}");
    let tree = yaml::read(&Source::new("acme.cases.yaml", two.as_str())).unwrap();
    let ValueKind::List(cases) = &member(&tree.root, "cases").unwrap().kind else { panic!("{two}") };
    assert_eq!(cases.len(), 2);
    // Without the `#` the rest are cases too.
    let comments: Vec<&str> = two.lines().filter(|line| line.starts_with("  #")).collect();
    let bare: String = comments
        .iter()
        .filter(|line| !line.contains("rule has") && !line.contains("A case that"))
        .map(|line| format!("{}\n", line.replacen("# ", "", 1)))
        .collect();
    let whole = Source::new("acme.cases.yaml", format!("document: acme\ncases:\n{bare}"));
    let tree = yaml::read(&whole).unwrap();
    let mut reader = super::super::read::Reader::new(&whole);
    assert_eq!(reader.cases(&tree.root).unwrap().cases.len(), 4);
    assert!(reader.problems.is_empty(), "{:?}\n{}", reader.problems, whole.text());
}

#[test]
fn a_list_in_one_line_is_refused() {
    let text = "document: acme\ncases: [{ name: one, fixture: b0, expect: { ACME-1: pass } }]\n";
    let problems = with_cases(&Source::new("acme.cases.yaml", text), "ACME-2", "b0", "evidence").unwrap_err();
    assert!(problems[0].message().contains("nothing can be added to `cases`"), "{problems:?}");
    let text = "document: acme\ncases: none\n";
    assert!(with_cases(&Source::new("acme.cases.yaml", text), "ACME-2", "b0", "evidence").is_err());
}

#[test]
fn lists_without_indentation_and_without_a_last_line_break_are_added_to() {
    let text = "document: acme\ncases:\n- name: one\n  fixture: b0\n  expect: { ACME-1: pass }";
    let added = with_cases(&Source::new("acme.cases.yaml", text), "ACME-2", "b0", "evidence").unwrap();
    assert!(added.starts_with(text) && added.contains("\n- name: ACME-2"), "{added}");
}
