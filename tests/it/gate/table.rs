//! The table of reasons is closed, and told.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use countersign::gate::{Code, Step};

#[test]
fn each_reason_has_a_name_of_its_own_and_belongs_to_a_step() {
    let names: BTreeSet<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(names.len(), Code::ALL.len());
    let steps: Vec<Step> = Code::ALL.iter().map(|code| code.step()).collect();
    assert!(steps.is_sorted());
    assert_eq!(steps.into_iter().collect::<BTreeSet<_>>(), Step::ALL.into());
    for code in Code::ALL {
        let help = code.help();
        assert!(!help.is_empty() && !help.ends_with('.'), "{code}: {help}");
    }
}

#[test]
fn each_reason_is_explained() {
    let errors = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/errors.md")).unwrap();
    for code in Code::ALL {
        let heading = format!("## `{code}`\n");
        let section = errors.split(&heading).nth(1).unwrap_or_else(|| panic!("docs/errors.md has no `{code}`"));
        let step = format!("Step {}, {}.", code.step().number(), code.step().as_str());
        assert!(section.split("\n## ").next().unwrap().contains(&step), "{code} is not said to be of {step}");
    }
}
