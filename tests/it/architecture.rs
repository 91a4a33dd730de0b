//! Holds the tables of ARCHITECTURE.md: which module may use which, and which module holds a crate.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The rows of the table that follows a heading: first cell (without backticks) to the names in the second.
fn table(heading: &str) -> BTreeMap<String, BTreeSet<String>> {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let section = text.split(heading).nth(1).unwrap_or_else(|| panic!("ARCHITECTURE.md has no `{heading}`"));
    let section = section.split("\n## ").next().unwrap();
    let names = |cell: &str| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<BTreeSet<_>>();
    let rows = section.lines().filter(|line| line.starts_with("| `")).map(|line| {
        let cells: Vec<_> = line.trim_matches('|').split('|').collect();
        (names(cells[0]).into_iter().next().unwrap(), names(cells[1]))
    });
    rows.collect()
}

/// Every Rust file below `src` that is not a test, with the top-level module it belongs to.
fn sources() -> Vec<(String, PathBuf)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let inside = path.strip_prefix(root().join("src")).unwrap();
                let first = inside.components().next().unwrap().as_os_str().to_string_lossy();
                let tests = inside.components().any(|part| {
                    matches!(
                        part.as_os_str().to_string_lossy().trim_end_matches(".rs"),
                        "tests" | "mistakes" | "generate"
                    )
                });
                if !tests {
                    found.push((first.trim_end_matches(".rs").to_owned(), path));
                }
            }
        }
    }
    found.sort();
    found
}

/// The code of a file: no comments, and nothing of its test modules, which may use what they like.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let text = text.split("\n#[cfg(test)]\nmod ").next().unwrap().to_owned();
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// The identifiers that follow `prefix` in a text; of `prefix{a, b::c}` each first one.
fn following(text: &str, prefix: &str) -> BTreeSet<String> {
    let identifier = |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let mut found = BTreeSet::new();
    for (at, _) in text.match_indices(prefix) {
        let rest = &text[at + prefix.len()..];
        match rest.strip_prefix('{') {
            Some(group) => {
                let mut depth = 0;
                let mut fresh = true;
                for (at, c) in group.char_indices() {
                    match c {
                        '{' => depth += 1,
                        '}' if depth == 0 => break,
                        '}' => depth -= 1,
                        ',' if depth == 0 => fresh = true,
                        c if fresh && (c.is_alphanumeric() || c == '_') => {
                            found.insert(identifier(&group[at..]));
                            fresh = false;
                        }
                        _ => {}
                    }
                }
            }
            None => {
                found.insert(identifier(rest));
            }
        }
    }
    found.remove("");
    found
}

#[test]
fn every_edge_between_modules_is_in_the_table() {
    let allowed = table("## Which module may use which");
    let modules: BTreeSet<_> = allowed.keys().cloned().collect();
    let mut problems = Vec::new();
    let mut used: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (module, path) in sources() {
        if module == "lib" {
            continue;
        }
        let Some(may_use) = allowed.get(&module) else {
            problems.push(format!("`{module}` has no row in ARCHITECTURE.md"));
            continue;
        };
        let text = code(&path);
        let prefix = if module == "main" { "countersign::" } else { "crate::" };
        for target in following(&text, prefix).into_iter().filter(|target| modules.contains(target)) {
            if target != module && !may_use.contains(&target) {
                problems.push(format!("{}: `{module}` uses `{target}`", path.display()));
            }
            used.entry(module.clone()).or_default().insert(target);
        }
    }
    for (module, targets) in &allowed {
        let unused = targets.iter().filter(|target| !used.get(module).is_some_and(|used| used.contains(*target)));
        problems
            .extend(unused.map(|target| format!("ARCHITECTURE.md lets `{module}` use `{target}`, and it does not")));
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn a_crate_stays_in_the_module_that_holds_it() {
    let holders = table("## Which module holds which crate");
    assert!(holders.len() > 5, "the table was not read");
    let mut problems = Vec::new();
    for (module, path) in sources() {
        let text = code(&path);
        for (name, modules) in &holders {
            let inside = format!("{name}::");
            let used = text
                .match_indices(&inside)
                .any(|(at, _)| !text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':'));
            if used && !modules.contains(&module) {
                problems.push(format!("{}: `{module}` uses the crate `{name}`", path.display()));
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// A signature begins with one of these makers, so each has its callers, and no others.
#[test]
fn what_is_signed_is_made_where_the_table_says() {
    let makers = table("## Who may make what is signed");
    assert_eq!(makers.len(), 4, "{makers:?}");
    let mut problems = Vec::new();
    for (module, path) in sources() {
        let text = code(&path);
        for (maker, modules) in &makers {
            if text.contains(maker.as_str()) && !modules.contains(&module) {
                problems.push(format!("{}: `{module}` calls `{maker}`", path.display()));
            }
        }
        // A name of its own for one of them would pass the search above.
        let owner = maker_types(&makers);
        for name in owner.iter().filter(|_| module != "keystore") {
            if text.contains(&format!("{name} as ")) || text.contains(&format!("<{name}>::")) {
                problems.push(format!("{}: `{name}` gets another name", path.display()));
            }
        }
    }
    let holder = fs::read_to_string(root().join("src/keystore/signable.rs")).unwrap();
    assert_eq!(holder.matches("pub(crate) fn ").count(), makers.len(), "a maker that the table does not name");
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

fn maker_types(makers: &BTreeMap<String, BTreeSet<String>>) -> BTreeSet<String> {
    makers.keys().map(|maker| maker.split("::").next().unwrap().to_owned()).collect()
}

/// From bytes to findings no document is a tree of maps and strings: records go to cells in one pass.
#[test]
fn no_json_tree_stands_on_the_way_to_a_verdict() {
    let on_the_way = ["bundle", "case", "check", "collect", "evaluate", "facts", "trust"];
    // What changes a case for a test of policies, writes case records and a trust file, and reads schemas.
    let aside = [
        "src/bundle/patch",
        "src/case/abandon.rs",
        "src/case/act.rs",
        "src/case/draft.rs",
        "src/check/patch.rs",
        "src/trust/write.rs",
        "src/facts/schema/json.rs",
    ];
    let mut seen = BTreeSet::new();
    let mut problems = Vec::new();
    for (module, path) in sources().into_iter().filter(|(module, _)| on_the_way.contains(&module.as_str())) {
        let inside = path.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
        if aside.iter().any(|prefix| inside.starts_with(prefix)) {
            continue;
        }
        let text = code(&path);
        if text.contains("serde_json::") {
            problems.push(inside);
        }
        seen.insert(module);
    }
    assert_eq!(seen.len(), on_the_way.len(), "{seen:?}");
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn every_module_says_what_it_is() {
    for (_, path) in sources() {
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("//!"), "{} does not begin with a module doc", path.display());
    }
}
