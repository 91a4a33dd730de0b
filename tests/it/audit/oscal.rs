//! The audit as OSCAL, by readers that are not ours: the `oscal` crate, and compliance-trestle where it is.

use std::fs;

use serde_json::Value;

use super::Year;
use crate::report::readers::{Props, oscal_props, trestle_props};

/// What the report of the audit says, as its observations should.
fn expected(document: &Value) -> Vec<Props> {
    // OSCAL has no empty strings, and what turns text around is written out.
    let text = |value: &Value| match value.as_str().unwrap() {
        "" => "(empty)".to_owned(),
        text => text.replace('\u{202e}', "\\u{202e}"),
    };
    let findings = document["findings"].as_array().unwrap().iter().map(|finding| {
        let named = [("code", "code"), ("level", "weight"), ("subject", "subject")];
        let cases = finding["cases"].as_array().into_iter().flatten().map(|case| ("case".to_owned(), text(case)));
        named.map(|(prop, member)| (prop.to_owned(), text(&finding[member]))).into_iter().chain(cases).collect()
    });
    let count = |rule: &Value, member: &str| rule[member].as_u64().unwrap();
    let tested = document["coverage"].as_array().unwrap().iter().filter(|rule| {
        let members = ["pass", "fail", "waived", "indeterminate", "review"];
        members.iter().any(|member| count(rule, member) > 0)
    });
    findings.chain(tested.map(|rule| vec![("rule".to_owned(), text(&rule["rule"]))])).collect()
}

fn read_back(year: &Year) -> Vec<Props> {
    let run = year.audit(&["--report", "json=audit.json", "--report", "oscal=audit.oscal.json"]);
    assert_ne!(run.status, 2, "{}", run.stderr);
    let read = |name: &str| fs::read(year.root().join(name)).unwrap();
    let document: Value = serde_json::from_slice(&read("audit.json")).unwrap();
    let (bytes, expected) = (read("audit.oscal.json"), expected(&document));
    assert_eq!(oscal_props(&bytes), expected);
    if let Some(found) = trestle_props(&bytes) {
        assert_eq!(found, expected);
    }
    expected
}

#[test]
fn other_readers_find_what_the_report_says() {
    let year = Year::good();
    assert!(read_back(&year).len() > 100, "rules that were put to the test");
    fs::remove_dir_all(year.case("oor")).unwrap();
    // A name that a reader of identifiers, of links or of markup would trip over.
    fs::write(year.case("a \u{202e}<b>&`*] .txt"), "").unwrap();
    let record = year.case("b0/bundle/records/issuance-plan.json");
    fs::write(&record, fs::read_to_string(&record).unwrap() + "\n").unwrap();
    let found = read_back(&year);
    let codes: Vec<&str> = found.iter().filter(|props| props[0].0 == "code").map(|props| props[0].1.as_str()).collect();
    for code in ["issuance_without_case", "not_a_case"] {
        assert!(codes.contains(&code), "{codes:?}");
    }
}
