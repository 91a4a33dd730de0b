//! The conformance cases of `tests/conformance/expr`: the definition of the expression language.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use countersign::expr;
use serde::Deserialize;

/// A file of cases.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Section {
    pub section: String,
    pub cases: Vec<Case>,
}

/// One case; `tests/conformance/README.md` says what the keys mean.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    pub expr: String,
    pub value: Option<serde_json::Value>,
    pub unknown: Option<String>,
    #[serde(rename = "type")]
    pub type_: Option<String>,
    pub error: Option<String>,
    pub prints: Option<String>,
    pub as_of: Option<String>,
    pub valid_until: Option<String>,
    #[serde(default)]
    pub define: Vec<Define>,
    pub why: Option<String>,
}

/// A definition in scope.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Define {
    pub define: String,
    #[serde(rename = "as")]
    pub body: String,
}

pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance")
}

/// Every section, in order of file name.
pub fn sections() -> Vec<Section> {
    let mut paths: Vec<_> = fs::read_dir(folder().join("expr")).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty(), "no conformance cases were found");
    let read = |path: &PathBuf| {
        let text = fs::read_to_string(path).unwrap();
        serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    paths.iter().map(read).collect()
}

#[test]
fn there_are_enough_cases() {
    let sections = sections();
    let count: usize = sections.iter().map(|section| section.cases.len()).sum();
    assert!(count >= 300, "{count} cases");
    for section in &sections {
        assert!(section.cases.len() >= 5, "section {} has {} cases", section.section, section.cases.len());
        for case in &section.cases {
            let says = [
                case.value.is_some(),
                case.unknown.is_some(),
                case.type_.is_some(),
                case.error.is_some(),
                case.prints.is_some(),
            ];
            assert!(says.contains(&true), "`{}` expects nothing", case.expr);
        }
    }
}

#[test]
fn expressions_parse_and_print_or_are_refused() {
    let syntax: Vec<&str> =
        expr::error::Code::ALL.iter().map(|code| code.as_str().rsplit("::").next().unwrap()).collect();
    let mut problems = Vec::new();
    for case in sections().iter().flat_map(|section| &section.cases) {
        let parsed = expr::parse(&case.expr);
        let refused = case.error.as_deref().filter(|code| syntax.contains(code));
        match (parsed, refused) {
            (Ok(tree), None) => {
                let printed = expr::print(&tree);
                if case.prints.as_ref().is_some_and(|prints| *prints != printed) {
                    problems.push(format!("`{}` prints `{printed}`", case.expr));
                }
                let again = expr::parse(&printed).map(|tree| expr::print(&tree));
                if again != Ok(printed.clone()) {
                    problems.push(format!("`{}` prints `{printed}`, which reads as {again:?}", case.expr));
                }
            }
            (Err(errors), Some(code)) => {
                if !errors.iter().any(|error| error.code.ends_with(&format!("::{code}"))) {
                    problems.push(format!("`{}`: {code} expected, found {errors:?}", case.expr));
                }
            }
            (Ok(_), Some(code)) => problems.push(format!("`{}` parses, {code} expected", case.expr)),
            (Err(errors), None) => problems.push(format!("`{}` does not parse: {errors:?}", case.expr)),
        }
    }
    assert!(problems.is_empty(), "{} problems\n{}", problems.len(), problems.join("\n"));
}

/// Cases by the text of their expression, for a reader who looks one up.
#[test]
fn no_case_is_written_twice() {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for case in sections().iter().flat_map(|section| &section.cases) {
        *seen.entry(format!("{} {:?} {:?}", case.expr, case.define, case.as_of)).or_default() += 1;
    }
    let twice: Vec<_> = seen.iter().filter(|(_, count)| **count > 1).collect();
    assert!(twice.is_empty(), "{twice:?}");
}
